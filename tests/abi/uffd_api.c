// SPDX-License-Identifier: MIT
/*
 * tests/abi/uffd_api.c - userfaultfd: numbers, creation and handshake (docs/contract/userfaultfd.md,
 * sections 1, 2, 3 and 15).
 */
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "lib/inject.h"
#include "lib/maps.h"
#include "lib/task.h"
#include "lib/test.h"
#include "lib/uffd.h"

#define PLAIN (O_CLOEXEC | O_NONBLOCK)

/* Every feature that only tells what a kernel can. */
#define CAPABILITIES                                                                               \
	(UFFD_FEATURE_MISSING_SHMEM | UFFD_FEATURE_MINOR_SHMEM | UFFD_FEATURE_PAGEFAULT_FLAG_WP |  \
	 UFFD_FEATURE_WP_HUGETLBFS_SHMEM)

TEST("ULAY-1", "commands, structures and values are these numbers")
{
	long fd = EXPECT_OK(raw(323, 0x80000 | 0x800));
	uint64_t api[3] = {0xaa, 0, 0}, words[5];
	volatile char *p = map_private(4, RW);
	uint8_t bytes[64];
	char *src = letters("ab");
	struct job *job;

	EXPECT_EQ(raw_ioctl(fd, 0xc018aa3f, api), 0);
	EXPECT_EQ(api[2], 0x8000000000000003);
	memcpy(words, (uint64_t[]){(uint64_t)p, 4 * PAGE, 3, 0, 0}, sizeof(words));
	EXPECT_EQ(raw_ioctl(fd, 0xc020aa00, words), 0); /* REGISTER, MISSING | WP */
	EXPECT_EQ(words[3], 0x5c);

	job = touch(p, WRITE);
	uffd_await_message(fd);
	memset(bytes, 0xff, sizeof(bytes));
	EXPECT_EQ(raw_read(fd, bytes, sizeof(bytes)), 32);
	EXPECT_EQ(bytes[0], 0x12);
	memcpy(words, bytes, 32);
	EXPECT_EQ(words[0], 0x12);
	EXPECT_EQ(words[1], 1);
	EXPECT_EQ(words[2], p);
	EXPECT_EQ(words[3], 0);
	EXPECT_EQ(bytes[32], 0xff);

	memcpy(words, (uint64_t[]){(uint64_t)p, (uint64_t)src, 2 * PAGE, 1, 7}, sizeof(words));
	EXPECT_EQ(raw_ioctl(fd, 0xc028aa03, words), 0); /* COPY, DONTWAKE */
	EXPECT_EQ(words[4], 2 * PAGE);
	memcpy(words, (uint64_t[]){(uint64_t)p + 2 * PAGE, PAGE, 0, 7}, 32);
	EXPECT_EQ(raw_ioctl(fd, 0xc020aa04, words), 0); /* ZEROPAGE */
	EXPECT_EQ(words[3], PAGE);
	memcpy(words, (uint64_t[]){(uint64_t)p + PAGE, PAGE, 1}, 24);
	EXPECT_EQ(raw_ioctl(fd, 0xc018aa06, words), 0); /* WRITEPROTECT, WP */
	EXPECT(pagemap((void *)(p + PAGE)) & PM_UFFD_WP);
	EXPECT_SLEEPS(job);
	EXPECT_EQ(raw_ioctl(fd, 0x8010aa02, words), 0); /* WAKE of the wrong page */
	EXPECT_SLEEPS(job);
	words[0] = (uint64_t)p;
	EXPECT_EQ(raw_ioctl(fd, 0x8010aa02, words), 0);
	EXPECT_TOUCHED(job);
	EXPECT_EQ(raw_ioctl(fd, 0x8010aa01, words), 0); /* UNREGISTER */
	memcpy(words, (uint64_t[]){(uint64_t)p, PAGE, 0, 7}, 32);
	EXPECT_ERR(raw_ioctl(fd, 0xc020aa07, words), ENOENT); /* CONTINUE */
	EXPECT_EQ(words[3], -ENOENT);
}

TEST("NEW-1", "the flags of the call are the flags of the descriptor")
{
	static const int flags[] = {0, O_CLOEXEC, O_NONBLOCK, PLAIN, PLAIN | USER_ONLY};

	for (int i = 0; i < 5; i++) {
		long fd = EXPECT_OK(raw_userfaultfd(flags[i]));

		EXPECT_EQ(raw(SYS_fcntl, fd, F_GETFD) & FD_CLOEXEC, flags[i] & O_CLOEXEC ? 1 : 0);
		EXPECT_EQ(raw(SYS_fcntl, fd, F_GETFL) & O_NONBLOCK, flags[i] & O_NONBLOCK);
		EXPECT_EQ(raw(SYS_fcntl, fd, F_GETFL) & O_ACCMODE, O_RDONLY);
		EXPECT_OK(raw_close(fd));
		EXPECT_EQ(raw_userfaultfd(flags[i]), fd); /* the lowest free number */
	}
}

TEST("NEW-2", "other flags are EINVAL")
{
	for (int bit = 0; bit < 31; bit++)
		if (!(1 << bit & (PLAIN | USER_ONLY)))
			EXPECT_ERR(raw_userfaultfd(1 << bit | O_CLOEXEC), EINVAL);
	EXPECT_ERR(raw_userfaultfd(-1), EINVAL);
}

TEST("NEW-6", "a descriptor serves the memory of its creator, whoever calls")
{
	char *p = map_private(2, RW);
	int fd = uffd_open(0);
	pid_t pid;

	uffd_watch(fd, p, 2, MISSING);
	pid = test_fork();
	if (pid == 0) {
		EXPECT_LETTERS(p, "00"); /* the child's own memory is ordinary */
		memset(p, 'c', PAGE);
		uffd_fill(fd, p, "x");
		EXPECT_LETTERS(p, "c");
		EXPECT_OK(raw_munmap(p, 2 * PAGE));
		uffd_fill(fd, p + PAGE, "y"); /* no mapping of its own is needed */
		_exit(0);
	}
	EXPECT_EXIT(pid, 0);
	EXPECT_LETTERS(p, "xy");
}

TEST("NEW-6", "who creates one in a child watches the child")
{
	char *p = map_private(1, RW);
	volatile int *shared = shared_page();
	pid_t pid = fork_with_files();

	if (pid == 0) {
		shared[0] = uffd_open(0);
		uffd_watch(shared[0], p, 1, MISSING);
		shared[1] = 1;
		EXPECT_LETTERS(p, "x");
		_exit(0);
	}
	await_value(shared + 1, 1);
	EXPECT_LETTERS(p, "0"); /* ours */
	EXPECT_FAULT(shared[0], p, 0);
	uffd_fill(shared[0], p, "x");
	EXPECT_EXIT(pid, 0);
}

TEST("NEW-7", "a full table of descriptors is EMFILE and leaves nothing behind")
{
	long fd = EXPECT_OK(raw_userfaultfd(PLAIN));
	struct usage before;

	EXPECT_OK(raw_close(fd));
	set_limit(RLIMIT_NOFILE, fd);
	EXPECT_ERR(raw_userfaultfd(PLAIN), EMFILE);
	set_limit(RLIMIT_NOFILE, 1024);
	before = usage_now();
	set_limit(RLIMIT_NOFILE, fd);
	for (int i = 0; i < 300; i++)
		EXPECT_ERR(raw_userfaultfd(PLAIN), EMFILE);
	set_limit(RLIMIT_NOFILE, 1024);
	EXPECT_EQ(usage_now().files, before.files);
	EXPECT_EQ(raw_userfaultfd(PLAIN), fd);
}

TEST("NEW-8", "it cannot be written, mapped or read at a place; lseek does nothing")
{
	char bytes[64] = {0};
	int fd = uffd_open(0);

	EXPECT_ERR(raw_write(fd, bytes, sizeof(bytes)), EBADF);
	EXPECT_EQ(raw(SYS_lseek, fd, 100, SEEK_SET), 0);
	EXPECT_EQ(raw(SYS_lseek, fd, 0, SEEK_CUR), 0);
	EXPECT_ERR(raw_pread(fd, bytes, sizeof(bytes), 0), ESPIPE);
	EXPECT_ERR(raw_mmap(0, PAGE, PROT_READ, MAP_PRIVATE, fd, 0), ENODEV);
}

TEST("NEW-11", "O_NONBLOCK may be set and cleared later")
{
	int fd = uffd_open_flags(O_CLOEXEC, 0);

	EXPECT_EQ(uffd_poll(fd), POLLERR);
	EXPECT_OK(raw(SYS_fcntl, fd, F_SETFL, O_NONBLOCK));
	EXPECT_EQ(uffd_poll(fd), 0);
	EXPECT_QUIET(fd);
	EXPECT_OK(raw(SYS_fcntl, fd, F_SETFL, 0));
	EXPECT_EQ(uffd_poll(fd), POLLERR);
}

TEST("API-1", "before the handshake all else is EINVAL and POLLERR")
{
	long fd = EXPECT_OK(raw_userfaultfd(PLAIN));
	char *p = map_private(1, RW), bytes[64];

	EXPECT_ERR(uffd_register(fd, p, PAGE, MISSING), EINVAL);
	EXPECT_ERR(uffd_unregister(fd, p, PAGE), EINVAL);
	EXPECT_ERR(uffd_wake(fd, p, PAGE), EINVAL);
	EXPECT_ERR(uffd_copy(fd, p, p, PAGE, 0), EINVAL);
	EXPECT_ERR(uffd_zeropage(fd, p, PAGE, 0), EINVAL);
	EXPECT_ERR(uffd_writeprotect(fd, p, PAGE, PROTECT), EINVAL);
	EXPECT_ERR(uffd_continue(fd, p, PAGE, 0), EINVAL);
	EXPECT_ERR(raw_ioctl(fd, UFFDIO_REGISTER, NULL), EINVAL); /* before any EFAULT */
	EXPECT_ERR(raw_read(fd, bytes, sizeof(bytes)), EINVAL);
	EXPECT_EQ(uffd_poll(fd), POLLERR);
	EXPECT_EQ(uffd_api(fd, 0, NULL), 0);
	EXPECT_EQ(uffd_poll(fd), 0);
	EXPECT_QUIET(fd);
}

TEST("API-1", "a descriptor that blocks does not wait before the handshake either")
{
	long fd = EXPECT_OK(raw_userfaultfd(O_CLOEXEC));
	char bytes[64];

	EXPECT_ERR(raw_read(fd, bytes, sizeof(bytes)), EINVAL);
	EXPECT_EQ(uffd_poll(fd), POLLERR);
}

TEST("API-2", "the answer tells all features and the calls that a descriptor has")
{
	uint64_t all = FEATURES_KNOWN & ~FEATURES_HUGETLB, asked[] = {0, EVENT_UNMAP, all};
	struct uffdio_api answer;

	for (int i = 0; i < 3; i++) {
		long fd = EXPECT_OK(raw_userfaultfd(PLAIN));

		EXPECT_EQ(uffd_api(fd, asked[i], &answer), 0);
		EXPECT_EQ(answer.api, 0xaa);
		EXPECT_EQ(answer.features & all, all);
		EXPECT_EQ(answer.features & ~FEATURES_KNOWN, 0);
		EXPECT_EQ(answer.ioctls, IOCTLS_HANDSHAKE);
	}
}

TEST("API-2,EVT-1", "only what was asked for is enabled")
{
	char *p = map_private(2, RW);
	int fd = uffd_open(EVENT_UNMAP);
	pid_t pid;

	uffd_watch(fd, p, 2, MISSING);
	EXPECT_OK(raw_madvise(p, PAGE, MADV_DONTNEED)); /* sends nothing: does not wait */
	pid = test_fork();
	if (pid == 0)
		_exit(0);
	EXPECT_EXIT(pid, 0);
	EXPECT_QUIET(fd);
}

TEST("API-3", "another version or an unknown feature is EINVAL, and one may try again")
{
	long fd = EXPECT_OK(raw_userfaultfd(PLAIN));
	uint64_t wrong[] = {0, 0xab, 0xaa00000000000000, -1ULL};
	struct uffdio_api answer;

	for (int i = 0; i < 4; i++) {
		struct uffdio_api api = {wrong[i], 0, UNTOUCHED};

		EXPECT_ERR(raw_ioctl(fd, UFFDIO_API, &api), EINVAL);
		EXPECT_EQ(api.api | api.features | api.ioctls, 0);
	}
	for (int bit = 13; bit < 64; bit++) {
		EXPECT_ERR(uffd_api(fd, 1ULL << bit, &answer), EINVAL);
		EXPECT_EQ(answer.api | answer.features | answer.ioctls, 0);
	}
	EXPECT_EQ(uffd_poll(fd), POLLERR);
	EXPECT_EQ(uffd_api(fd, 0, &answer), 0);
}

TEST("API-5", "a second handshake is EINVAL and changes nothing")
{
	int fd = uffd_open(EVENT_REMOVE);
	struct uffdio_api answer;

	for (int i = 0; i < 2; i++) {
		EXPECT_ERR(uffd_api(fd, i ? EVENT_UNMAP : EVENT_REMOVE, &answer), EINVAL);
		EXPECT_EQ(answer.api | answer.features | answer.ioctls, 0);
	}
	EXPECT_EQ(uffd_poll(fd), 0);
	EXPECT_EQ(uffd_register(fd, map_private(1, RW), PAGE, MISSING), 0);
}

TEST("API-6", "an argument that cannot be read or written is EFAULT, and one may try again")
{
	long fd = EXPECT_OK(raw_userfaultfd(PLAIN));
	struct uffdio_api *api = (void *)map_alone(1, RW);

	EXPECT_ERR(raw_ioctl(fd, UFFDIO_API, NULL), EFAULT);
	EXPECT_ERR(raw_ioctl(fd, UFFDIO_API, -8L), EFAULT);
	EXPECT_ERR(raw_ioctl(fd, UFFDIO_API, (char *)api + PAGE - 8), EFAULT);
	*api = (struct uffdio_api){.api = UFFD_API};
	EXPECT_OK(raw_mprotect(api, PAGE, PROT_READ));
	EXPECT_ERR(raw_ioctl(fd, UFFDIO_API, api), EFAULT);
	EXPECT_EQ(uffd_poll(fd), POLLERR);
	EXPECT_OK(raw_mprotect(api, PAGE, RW));
	EXPECT_EQ(raw_ioctl(fd, UFFDIO_API, api), 0);
}

TEST("API-7", "features that tell of abilities may be asked for and change nothing")
{
	char *p = map_private(2, RW), *s = map_shared(2, RW);
	int fd = uffd_open(CAPABILITIES);
	struct job *job;

	uffd_watch(fd, p, 2, MISSING);
	uffd_watch(fd, s, 2, MISSING);
	job = touch(p, WRITE);
	EXPECT_FAULT(fd, p, FAULT_WRITE);
	uffd_fill(fd, p, "a");
	EXPECT_TOUCHED(job);
	job = touch(s + PAGE, READ);
	EXPECT_FAULT(fd, s + PAGE, 0);
	uffd_fill(fd, s + PAGE, "b");
	EXPECT_TOUCHED(job);
	EXPECT_QUIET(fd);
}

TEST("API-7", "shared memory is served and protected without asking for it")
{
	char *s = map_shared(2, RW);
	int fd = uffd_open(0);

	EXPECT_EQ(uffd_register(fd, s, 2 * PAGE, MISSING | WP | MINOR), 0);
	uffd_fill(fd, s, "a");
	uffd_protect(fd, s, 2);
	EXPECT(pagemap(s) & PM_UFFD_WP);
}

TEST("API-8", "an unknown command is EINVAL")
{
	static const unsigned int commands[] = {
		0,	    0xaa00,	0xc020aa09,	     0xc018aa3e,
		0xc018ab3f, 0x8018aa3f, 0x5401 /* TCGETS */, 0x8010aa03};
	long fd = EXPECT_OK(raw_userfaultfd(PLAIN));
	uint64_t words[8] = {0xaa};

	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < 8; i++) {
			long got = raw_ioctl(fd, commands[i], words);

			EXPECT_ERR(got, EINVAL);
		}
		EXPECT_EQ(uffd_api(fd, 0, NULL), round ? -EINVAL : 0);
	}
}

struct handshake {
	int fd, *ready;
	long result;
};

static void *shake(void *argument)
{
	struct handshake *me = argument;

	__atomic_add_fetch(me->ready, 1, __ATOMIC_SEQ_CST);
	while (__atomic_load_n(me->ready, __ATOMIC_SEQ_CST) < 2)
		raw(SYS_sched_yield);
	me->result = uffd_api(me->fd, 0, NULL);
	return NULL;
}

TEST("API-9", "of two handshakes at once one succeeds")
{
	for (int i = 0; i < 200; i++) {
		long fd = EXPECT_OK(raw_userfaultfd(PLAIN));
		int ready = 0;
		struct handshake other = {fd, &ready, 1}, mine = {fd, &ready, 1};
		struct thread thread = thread_start(shake, &other);

		shake(&mine);
		thread_join(thread);
		EXPECT_EQ(mine.result + other.result, -EINVAL);
		EXPECT_OK(raw_close(fd));
	}
}

TEST("LTR-3", "what came after 6.1 is told by no bit and refused")
{
	uint64_t words[5] = {(uint64_t)map_private(2, RW), (uint64_t)letters("a"), PAGE, 0, 0};
	long probe = EXPECT_OK(raw_userfaultfd(PLAIN));
	struct uffdio_api answer;
	int fd = uffd_open(0);

	EXPECT_EQ(uffd_api(probe, 0, &answer), 0);
	uffd_watch(fd, words[0], 2, MISSING);
	if (!(answer.features & 1UL << 16)) {
		EXPECT_EQ(uffd_done & 1UL << 5, 0);
		EXPECT_ERR(raw_ioctl(fd, 0xc028aa05, words), EINVAL); /* MOVE */
	}
	if (!(answer.features & 1UL << 14)) {
		EXPECT_EQ(uffd_done & 1UL << 8, 0);
		EXPECT_ERR(raw_ioctl(fd, 0xc020aa08, words), EINVAL); /* POISON */
	}
}
