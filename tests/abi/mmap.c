// SPDX-License-Identifier: MIT
/*
 * tests/abi/mmap.c - mmap's arguments and results, but those of files, which are in mmap_file.c
 * (docs/contract/mmap.md, section 2).
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "lib/fault.h"
#include "lib/maps.h"
#include "lib/sys.h"
#include "lib/task.h"
#include "lib/test.h"

/* Bits of flags that no kernel before 6.11 gives a meaning (0x200000 and up, below the size field).
 */
static const unsigned int unknown_flags[] = {0x200, 0x400, 0x200000, 0x400000, 0x800000, 0x1000000};
/* Flags that are part of the legacy set and fit every mapping. */
static const unsigned int legacy_flags[] = {0x40,   0x800,   0x1000,  0x4000,
					    0x8000, 0x10000, 0x20000, 0x4000000};

static bool all_bytes(const char *p, size_t len, char value)
{
	for (size_t i = 0; i < len; i++)
		if (p[i] != value)
			return false;
	return true;
}

TEST("MMAP-1", "the result is aligned and the length rounded up")
{
	static const size_t lengths[] = {1, 100, PAGE - 1, PAGE, PAGE + 1, 5 * PAGE + 17};

	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		size_t pages = (lengths[i] + PAGE - 1) / PAGE;
		char *hole = free_range(pages + 2), want[64];
		char *p = (char *)EXPECT_OK(raw_mmap(hole + PAGE, lengths[i], RW, PRIVATE, -1, 0));

		EXPECT_EQ((long)p % PAGE, 0);
		EXPECT_EQ(p, hole + PAGE);
		snprintf(want, sizeof(want), "1 hole, %zu rw-p, 1 hole", pages);
		EXPECT_AREAS(hole, pages + 2, want);
		EXPECT_ACCESS(p + pages * PAGE - 1, WRITE);
		EXPECT_OK(raw_munmap(p, lengths[i]));
	}
}

TEST("MMAP-2", "length 0 is EINVAL")
{
	int fd = temp_file(PAGE);

	EXPECT_ERR(raw_mmap(0, 0, RW, PRIVATE, -1, 0), EINVAL);
	EXPECT_ERR(raw_mmap(0, 0, RW, SHARED, -1, 0), EINVAL);
	EXPECT_ERR(raw_mmap(0, 0, RW, MAP_SHARED, fd, 0), EINVAL);
	EXPECT_ERR(raw_mmap(free_range(1), 0, RW, PRIVATE | MAP_FIXED, -1, 0), EINVAL);
}

TEST("MMAP-3", "a length that rounds up to 2^64 is ENOMEM")
{
	EXPECT_ERR(raw_mmap(0, -1L, RW, PRIVATE, -1, 0), ENOMEM);
	EXPECT_ERR(raw_mmap(0, -4095L, RW, PRIVATE, -1, 0), ENOMEM);
	EXPECT_ERR(raw_mmap(0, -1L, RW, MAP_SHARED, temp_file(PAGE), 0), ENOMEM);
}

TEST("MMAP-4", "a length above the user range is ENOMEM")
{
	EXPECT_ERR(raw_mmap(0, -PAGE, PROT_NONE, PRIVATE, -1, 0), ENOMEM);
	EXPECT_ERR(raw_mmap(0, TASK_SIZE + PAGE, PROT_NONE, PRIVATE, -1, 0), ENOMEM);
	EXPECT_ERR(raw_mmap(0, TASK_SIZE + 1, PROT_NONE, PRIVATE, -1, 0), ENOMEM);
	EXPECT_ERR(raw_mmap(0, TASK_SIZE, PROT_NONE, PRIVATE, -1, 0), ENOMEM);
}

TEST("MMAP-5", "an unaligned offset is EINVAL, for anonymous memory too")
{
	int fd = temp_file(2 * PAGE);

	EXPECT_ERR(raw_mmap(0, PAGE, RW, MAP_PRIVATE, fd, 1), EINVAL);
	EXPECT_ERR(raw_mmap(0, PAGE, RW, MAP_PRIVATE, fd, PAGE + 512), EINVAL);
	EXPECT_ERR(raw_mmap(0, PAGE, RW, PRIVATE, -1, 1), EINVAL);
	EXPECT_ERR(raw_mmap(0, -1L, RW, PRIVATE, -1, 1), EINVAL);
}

TEST("MMAP-6", "a descriptor that is not open is EBADF, before the length is looked at")
{
	int path = EXPECT_OK(raw_open("/tmp", O_PATH, 0));
	int closed = temp_file(PAGE);

	raw_close(closed);
	EXPECT_ERR(raw_mmap(0, PAGE, PROT_READ, MAP_PRIVATE, -1, 0), EBADF);
	EXPECT_ERR(raw_mmap(0, PAGE, PROT_READ, MAP_SHARED, closed, 0), EBADF);
	EXPECT_ERR(raw_mmap(0, PAGE, PROT_READ, MAP_PRIVATE, path, 0), EBADF);
	EXPECT_ERR(raw_mmap(0, 0, PROT_READ, MAP_PRIVATE, -1, 0), EBADF);
	EXPECT_ERR(raw_mmap(0, -1L, PROT_READ, MAP_PRIVATE, 1 << 20, 0), EBADF);
}

TEST("MMAP-7", "anonymous memory ignores the descriptor")
{
	int fd = temp_file(PAGE);
	static const int fds[] = {-1, 0, 1 << 20, -12345};
	char *p;

	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++) {
		p = (char *)EXPECT_OK(raw_mmap(0, PAGE, RW, PRIVATE, fds[i], 0));
		EXPECT_EQ(p[0], 0);
	}
	p = (char *)EXPECT_OK(raw_mmap(0, PAGE, RW, SHARED, fd, 0));
	EXPECT_EQ(p[0], 0);
}

TEST("MMAP-8", "a type other than shared, private and validate is EINVAL")
{
	int fd = temp_file(PAGE);

	for (int type = 0; type < 16; type++) {
		if (type >= 1 && type <= 3)
			continue;
		EXPECT_ERR(raw_mmap(0, PAGE, RW, type | MAP_ANONYMOUS, -1, 0), EINVAL);
		EXPECT_ERR(raw_mmap(0, PAGE, PROT_READ, type, fd, 0), EINVAL);
	}
	/* The type is looked at after the descriptor and after the address. */
	EXPECT_ERR(raw_mmap(0, PAGE, RW, 0, -1, 0), EBADF);
	EXPECT_ERR(raw_mmap(TASK_SIZE, PAGE, RW, MAP_FIXED | MAP_ANONYMOUS, -1, 0), ENOMEM);
}

TEST("MMAP-8", "shared and private together mean validate")
{
	int fd = temp_file(PAGE), other = file_reopen(fd, O_RDONLY);
	char *p = (char *)EXPECT_OK(raw_mmap(0, PAGE, RW, MAP_SHARED | MAP_PRIVATE, fd, 0));
	char byte;

	p[5] = '!';
	EXPECT_EQ(raw_pread(other, &byte, 1, 5), 1);
	EXPECT_EQ(byte, '!');
}

TEST("MMAP-9", "anonymous validate is EINVAL")
{
	EXPECT_ERR(raw_mmap(0, PAGE, RW, MAP_ANONYMOUS | 3, -1, 0), EINVAL);
	EXPECT_ERR(raw_mmap(0, PAGE, PROT_NONE, MAP_ANONYMOUS | MAP_NORESERVE | 3, -1, 0), EINVAL);
}

TEST("MMAP-10", "anonymous memory is zero although its frames held something else")
{
	static const int flags[] = {PRIVATE, SHARED};
	enum { PAGES = 200 };

	for (int round = 0; round < 6; round++) {
		char *p = (char *)EXPECT_OK(raw_mmap(0, PAGES * PAGE, RW, flags[round % 2], -1, 0));

		EXPECT(all_bytes(p, PAGES * PAGE, 0));
		memset(p, 0xa5, PAGES * PAGE);
		EXPECT_OK(raw_munmap(p, PAGES * PAGE));
	}
}

TEST("MMAP-11", "anonymous memory ignores an aligned offset")
{
	struct area area;
	char *p = (char *)EXPECT_OK(raw_mmap(0, 2 * PAGE, RW, PRIVATE, -1, 7 * PAGE));

	EXPECT(area_at(p, &area));
	EXPECT_EQ(area.offset, 0);
	EXPECT_EQ(area.inode, 0);
	p = (char *)EXPECT_OK(raw_mmap(0, 2 * PAGE, PROT_READ, SHARED, -1, 1UL << 63));
	EXPECT(area_at(p, &area));
	EXPECT_EQ(area.offset, 0);
	EXPECT_ACCESS(p + PAGE, READ);
}

TEST("MMAP-12", "private memory is copied by fork, shared memory is not")
{
	char *private = map_private(2, RW), *shared = map_shared(2, RW);
	pid_t pid;

	private[0] = 1;
	shared[0] = 1;
	pid = test_fork();
	if (pid == 0) {
		EXPECT_EQ(private[0], 1);
		EXPECT_EQ(shared[0], 1);
		private[0] = 2;
		private[PAGE] = 3;
		shared[0] = 4;
		shared[PAGE] = 5;
		EXPECT_EQ(private[0], 2);
		_exit(0);
	}
	EXPECT_EXIT(pid, 0);
	EXPECT_EQ(private[0], 1);
	EXPECT_EQ(private[PAGE], 0);
	EXPECT_EQ(shared[0], 4);
	EXPECT_EQ(shared[PAGE], 5);
}

TEST("MMAP-13", "shared anonymous memory is an object of its own in maps")
{
	char *a = map_shared(1, RW), *b = map_shared(1, RW);
	struct area first, second;

	EXPECT(area_at(a, &first));
	EXPECT(area_at(b, &second));
	EXPECT_STR(first.name, "/dev/zero (deleted)");
	EXPECT_STR(first.perms, "rw-s");
	EXPECT_EQ(first.major, 0);
	EXPECT(first.inode != 0);
	EXPECT(first.inode != second.inode);
	EXPECT_EQ(areas_in(a < b ? a : b, 2), 2);
}

TEST("MMAP-14", "prot bits beyond read, write and exec are ignored")
{
	char *p = (char *)EXPECT_OK(raw_mmap(0, PAGE, PROT_READ | 8, PRIVATE, -1, 0));

	EXPECT_AREAS(p, 1, "1 r--p");
	p = (char *)EXPECT_OK(raw_mmap(0, PAGE, RW | 0xfff0, PRIVATE, -1, 0));
	EXPECT_AREAS(p, 1, "1 rw-p");
	EXPECT_ACCESS(p, WRITE);
	p = (char *)EXPECT_OK(raw_mmap(0, PAGE, 0x7ffffff0, PRIVATE, -1, 0));
	EXPECT_AREAS(p, 1, "1 ---p");
}

TEST("MMAP-15", "private and shared mappings ignore unknown flags, validate does not")
{
	int fd = temp_file(PAGE);

	for (size_t i = 0; i < sizeof(unknown_flags) / sizeof(unknown_flags[0]); i++) {
		unsigned int flag = unknown_flags[i];

		EXPECT_OK(raw_mmap(0, PAGE, RW, PRIVATE | flag, -1, 0));
		EXPECT_OK(raw_mmap(0, PAGE, RW, SHARED | flag, -1, 0));
		EXPECT_OK(raw_mmap(0, PAGE, RW, MAP_PRIVATE | flag, fd, 0));
		EXPECT_OK(raw_mmap(0, PAGE, RW, MAP_SHARED | flag, fd, 0));
		EXPECT_ERR(raw_mmap(0, PAGE, RW, 3 | flag, fd, 0), EOPNOTSUPP);
	}
	for (size_t i = 0; i < sizeof(legacy_flags) / sizeof(legacy_flags[0]); i++)
		EXPECT_OK(raw_mmap(0, PAGE, RW, 3 | legacy_flags[i], fd, 0));
}

TEST("MMAP-16", "validate refuses NOREPLACE and SYNC on an ordinary file")
{
	int fd = temp_file(PAGE);
	char *p = free_range(1);

	EXPECT_ERR(raw_mmap(p, PAGE, RW, 3 | NOREPLACE, fd, 0), EOPNOTSUPP);
	EXPECT_ERR(raw_mmap(0, PAGE, RW, 3 | 0x80000, fd, 0), EOPNOTSUPP);
	EXPECT_EQ(raw_mmap(p, PAGE, RW, MAP_SHARED | NOREPLACE, fd, 0), p);
}

TEST("MMAP-17", "DENYWRITE, EXECUTABLE, STACK and UNINITIALIZED have no effect")
{
	int fd = temp_file(PAGE), other;
	char *p = (char *)EXPECT_OK(
		raw_mmap(0, PAGE, PROT_READ, MAP_PRIVATE | 0x800 | 0x1000 | 0x20000, fd, 0));
	char *hole = free_range(2);

	EXPECT_AREAS(p, 1, "1 r--p");
	other = file_reopen(fd, O_RDWR);
	EXPECT_EQ(raw_pwrite(other, "Z", 1, 0), 1);
	EXPECT_EQ(p[0], 'Z');
	/* Plain and flagged areas have the same flags, so they merge. */
	EXPECT_OK(raw_mmap(hole, PAGE, RW, PRIVATE | MAP_FIXED, -1, 0));
	EXPECT_OK(raw_mmap(hole + PAGE, PAGE, RW, PRIVATE | MAP_FIXED | MAP_STACK | 0x4000000, -1,
			   0));
	EXPECT_AREAS(hole, 2, "2 rw-p");
	EXPECT_EQ(hole[PAGE], 0);
}

TEST("MMAP-26", "GROWSDOWN is for private anonymous memory alone")
{
	int fd = temp_file(PAGE);

	EXPECT_ERR(raw_mmap(0, PAGE, RW, SHARED | MAP_GROWSDOWN, -1, 0), EINVAL);
	EXPECT_ERR(raw_mmap(0, PAGE, RW, MAP_SHARED | MAP_GROWSDOWN, fd, 0), EINVAL);
	EXPECT_ERR(raw_mmap(0, PAGE, RW, MAP_PRIVATE | MAP_GROWSDOWN, fd, 0), EINVAL);
	EXPECT_ERR(raw_mmap(0, PAGE, RW, 3 | MAP_GROWSDOWN, fd, 0), EINVAL);
	EXPECT_OK(raw_mmap(0, PAGE, RW, PRIVATE | MAP_GROWSDOWN, -1, 0));
}

TEST("MMAP-27", "LOCKED counts in VmLck and populates")
{
	long before = status_value("VmLck");
	char *p = (char *)EXPECT_OK(raw_mmap(0, 6 * PAGE, RW, PRIVATE | MAP_LOCKED, -1, 0));

	EXPECT_STR(resident(p, 6), "111111");
	EXPECT_EQ(status_value("VmLck"), before + 24);
	EXPECT_OK(raw_munmap(p, 2 * PAGE));
	EXPECT_EQ(status_value("VmLck"), before + 16);
}

TEST("MMAP-27", "LOCKED memory without access counts although it cannot be populated")
{
	long before = status_value("VmLck");
	char *p = (char *)EXPECT_OK(raw_mmap(0, 3 * PAGE, PROT_NONE, PRIVATE | MAP_LOCKED, -1, 0));

	EXPECT_EQ(status_value("VmLck"), before + 12);
	EXPECT_STR(resident(p, 3), "000");
}

TEST("MMAP-28", "POPULATE makes private writable memory present by writing")
{
	long before = rss_pages("RssAnon");
	char *p = (char *)EXPECT_OK(raw_mmap(0, 8 * PAGE, RW, PRIVATE | MAP_POPULATE, -1, 0));

	EXPECT_STR(resident(p, 8), "11111111");
	EXPECT_EQ(rss_pages("RssAnon"), before + 8);
}

TEST("MMAP-28", "POPULATE reads where it may not write, and does nothing without access")
{
	long before = rss_pages("RssAnon");
	char *p =
		(char *)EXPECT_OK(raw_mmap(0, 4 * PAGE, PROT_READ, PRIVATE | MAP_POPULATE, -1, 0));

	EXPECT_STR(resident(p, 4), "1111");
	EXPECT_EQ(rss_pages("RssAnon"), before); /* the zero page */
	p = (char *)EXPECT_OK(raw_mmap(0, 4 * PAGE, PROT_NONE, PRIVATE | MAP_POPULATE, -1, 0));
	EXPECT_STR(resident(p, 4), "0000");
	p = (char *)EXPECT_OK(
		raw_mmap(0, 4 * PAGE, RW, PRIVATE | MAP_POPULATE | MAP_NONBLOCK, -1, 0));
	EXPECT_STR(resident(p, 4), "0000");
	p = (char *)EXPECT_OK(raw_mmap(0, 4 * PAGE, RW, PRIVATE, -1, 0));
	EXPECT_STR(resident(p, 4), "0000");
}

TEST("MMAP-31", "huge pages of a size that is not there are EINVAL")
{
	EXPECT_ERR(raw_mmap(0, PAGE, RW, MAP_PRIVATE | MAP_HUGETLB, temp_file(PAGE), 0), EINVAL);
	EXPECT_ERR(raw_mmap(0, PAGE, RW, PRIVATE | MAP_HUGETLB | 13 << 26, -1, 0), EINVAL);
}

TEST("MMAP-33", "the type of droppable memory is EINVAL")
{
	EXPECT_ERR(raw_mmap(0, PAGE, RW, 8 | MAP_ANONYMOUS, -1, 0), EINVAL);
}

/* Maps and unmaps so often (0: for ever); NULL if each call did as it should. */
static void *map_on(void *argument)
{
	long rounds = (long)argument;

	for (long i = 0; !rounds || i < rounds; i++) {
		long p = raw_mmap(0, 2 * PAGE, RW, PRIVATE | MAP_POPULATE, -1, 0);

		if (p < 0 || raw_munmap(p, 2 * PAGE) != 0)
			return (void *)p;
	}
	return NULL;
}

TEST("MMAP-34", "signals do not end mmap and munmap, though they wait for the lock")
{
	struct itimerval often = {{0, 1000}, {0, 1000}}, never = {0};
	struct sigaction action = {.sa_handler = count_signal};
	struct thread threads[3];

	EXPECT_EQ(sigaction(SIGALRM, &action, NULL), 0);
	EXPECT_EQ(setitimer(ITIMER_REAL, &often, NULL), 0);
	for (int i = 0; i < 3; i++)
		threads[i] = thread_start(map_on, (void *)300);
	EXPECT_EQ((long)map_on((void *)300), 0);
	for (int i = 0; i < 3; i++)
		EXPECT_EQ((long)thread_join(threads[i]), 0);
	EXPECT_EQ(setitimer(ITIMER_REAL, &never, NULL), 0);
}

TEST("MMAP-34", "a process whose threads wait for the lock can be killed")
{
	int ready[2];
	char byte;
	pid_t pid;

	for (int round = 0; round < 5; round++) {
		EXPECT_EQ(pipe(ready), 0);
		pid = test_fork();
		if (pid == 0) {
			for (int i = 0; i < 3; i++)
				thread_start(map_on, NULL);
			EXPECT_EQ(raw_write(ready[1], "r", 1), 1);
			map_on(NULL);
			_exit(0);
		}
		EXPECT_EQ(raw_read(ready[0], &byte, 1), 1);
		EXPECT_EQ(raw(SYS_kill, pid, SIGKILL), 0);
		EXPECT_KILLED(pid, SIGKILL);
		raw_close(ready[0]);
		raw_close(ready[1]);
	}
}
