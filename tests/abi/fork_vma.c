// SPDX-License-Identifier: MIT
/*
 * tests/abi/fork_vma.c - what becomes of each kind of area in the child (docs/contract/fork.md,
 * sections 5 and 9).
 */
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "lib/fault.h"
#include "lib/maps.h"
#include "lib/sys.h"
#include "lib/task.h"
#include "lib/test.h"

#define TEXT_SIZE (8 * PAGE)

TEST("DMP-1,INH-1", "MADV_DONTFORK memory is not in the child, its place is free")
{
	char *p = map_private(8, RW);
	long size, data;

	memset(p, 'x', 8 * PAGE);
	EXPECT_OK(raw_madvise(p + 2 * PAGE, 3 * PAGE, MADV_DONTFORK));
	smaps_flags(p);
	size = status_value("VmSize");
	data = status_value("VmData");
	IN_CHILD({
		EXPECT_EQ(status_value("VmSize"), size - 12);
		EXPECT_EQ(status_value("VmData"), data - 12);
		EXPECT_AREAS(p, 8, "2 rw-p, 3 hole, 3 rw-p");
		EXPECT_UNMAPPED(p + 2 * PAGE);
		EXPECT_UNMAPPED(p + 5 * PAGE - 1);
		EXPECT_EQ(p[2 * PAGE - 1], 'x');
		EXPECT_EQ(p[5 * PAGE], 'x');
		EXPECT_EQ(raw_mmap(p + 3 * PAGE, PAGE, RW, PRIVATE | NOREPLACE, -1, 0),
			  p + 3 * PAGE);
		EXPECT_EQ(p[3 * PAGE], 0);
	});
	EXPECT_EQ(p[3 * PAGE], 'x');
	EXPECT_OK(raw_madvise(p, 8 * PAGE, MADV_DOFORK));
	IN_CHILD({ EXPECT_EQ(p[3 * PAGE], 'x'); });
}

TEST("DMP-2,INH-1", "MADV_WIPEONFORK memory is there and zero in the child")
{
	char *p = map_private(4, RW);

	memset(p, 'x', 4 * PAGE);
	EXPECT_OK(raw_madvise(p + PAGE, 2 * PAGE, MADV_WIPEONFORK));
	IN_CHILD({
		EXPECT_AREAS(p, 4, "1 rw-p, 2 rw-p, 1 rw-p");
		EXPECT_STR(resident(p, 4), "1001");
		EXPECT_EQ(p[PAGE - 1], 'x');
		for (size_t i = PAGE; i < 3 * PAGE; i++)
			EXPECT_EQ(p[i], 0);
		p[PAGE] = 'c';
		EXPECT_EQ(p[3 * PAGE], 'x');
	});
	EXPECT_EQ(p[PAGE], 'x');
	EXPECT_OK(raw_madvise(p, 4 * PAGE, MADV_KEEPONFORK));
	IN_CHILD({ EXPECT_EQ(p[PAGE], 'x'); });
}

TEST("DMP-3,INH-1", "a grandchild is wiped again, and what was left out stays left out")
{
	char *p = map_private(4, RW);

	EXPECT_OK(raw_madvise(p, PAGE, MADV_WIPEONFORK));
	EXPECT_OK(raw_madvise(p + 2 * PAGE, PAGE, MADV_DONTFORK));
	p[0] = 'x';
	IN_CHILD({
		EXPECT(has_flag(p, "wf"));
		p[0] = 'y';
		EXPECT_EQ(raw_mmap(p + 2 * PAGE, PAGE, RW, PRIVATE | MAP_FIXED, -1, 0),
			  p + 2 * PAGE);
		p[2 * PAGE] = 'z';
		IN_CHILD({
			EXPECT_EQ(p[0], 0);
			EXPECT_EQ(p[2 * PAGE], 'z'); /* a new area, without the flag */
		});
	});
}

TEST("DMP-4,INH-1", "locks are not inherited and stay in the parent")
{
	char *p = map_private(4, RW), *q = map_private(4, RW);
	long locked;

	EXPECT_OK(raw_mlock(p, 4 * PAGE));
	EXPECT_OK(raw_mlock2(q, 4 * PAGE, 1));
	locked = status_value("VmLck");
	EXPECT_EQ(locked, 32);
	EXPECT(has_flag(p, "lo") && has_flag(q, "lo"));
	IN_CHILD({
		EXPECT_EQ(status_value("VmLck"), 0);
		EXPECT(!has_flag(p, "lo") && !has_flag(q, "lo"));
		EXPECT_EQ(smaps_value(p, "Locked"), 0);
		EXPECT_OK(raw_munlock(p, 4 * PAGE));
		EXPECT_OK(raw_mlock(p, PAGE));
		EXPECT_EQ(status_value("VmLck"), 4);
		EXPECT_OK(raw_madvise(q, 4 * PAGE, MADV_DONTNEED)); /* EINVAL if it were locked */
	});
	EXPECT_EQ(status_value("VmLck"), locked);
	EXPECT(has_flag(p, "lo") && has_flag(q, "lo"));
}

TEST("DMP-6", "fork asks no limit on address space, data or locked memory")
{
	char *p = map_private(64, RW);

	p[0] = 'x';
	EXPECT_OK(raw_mlock(p, 4 * PAGE));
	set_limit(RLIMIT_AS, 0);
	set_limit(RLIMIT_DATA, 0);
	set_limit(RLIMIT_MEMLOCK, 0);
	IN_CHILD({
		EXPECT_EQ(p[0], 'x');
		EXPECT_ERR(raw_mmap(0, PAGE, RW, PRIVATE, -1, 0), ENOMEM);
	});
}

TEST("DMP-7,INH-1", "advice, reservation and growth are inherited")
{
	char *p = map_private(16, RW);
	char *free = free_range(300), *stack = free + 290 * PAGE;
	static const struct {
		int advice;
		const char *flag;
	} rows[] = {
		{MADV_DONTDUMP, "dd"},
		{MADV_SEQUENTIAL, "sr"},
		{MADV_RANDOM, "rr"},
		{MADV_NOHUGEPAGE, "nh"},
	};

	for (int i = 0; i < 4; i++)
		if (raw_madvise(p + i * PAGE, PAGE, rows[i].advice) == 0)
			EXPECT(has_flag(p + i * PAGE, rows[i].flag));
	EXPECT_EQ(raw_mmap(p + 8 * PAGE, PAGE, RW, PRIVATE | MAP_FIXED | MAP_NORESERVE, -1, 0),
		  p + 8 * PAGE);
	EXPECT_EQ(raw_mmap(stack, PAGE, RW, PRIVATE | MAP_FIXED | MAP_GROWSDOWN, -1, 0), stack);
	IN_CHILD({
		for (int i = 0; i < 3; i++)
			EXPECT(has_flag(p + i * PAGE, rows[i].flag));
		EXPECT(has_flag(p + 10 * PAGE, "ac"));
		EXPECT(has_flag(p + 8 * PAGE, "nr"));
		EXPECT(!has_flag(p + 8 * PAGE, "ac"));
		EXPECT(has_flag(stack, "gd"));
		EXPECT_ACCESS(stack - 1, WRITE);
		EXPECT_AREAS(stack - 2 * PAGE, 3, "1 hole, 2 rw-p");
	});
	EXPECT_AREAS(stack - 2 * PAGE, 3, "2 hole, 1 rw-p");
}

TEST("DMP-7,INH-1", "rights and possible rights are inherited")
{
	int fd = temp_file(2 * PAGE), readonly = file_reopen(fd, O_RDONLY);
	char *p = map_private(4, RW);
	char *file = (char *)EXPECT_OK(raw_mmap(0, PAGE, PROT_READ, MAP_SHARED, readonly, 0));

	EXPECT_OK(raw_mprotect(p, PAGE, PROT_READ));
	EXPECT_OK(raw_mprotect(p + PAGE, PAGE, PROT_NONE));
	EXPECT_OK(raw_mprotect(p + 2 * PAGE, PAGE, RWX));
	IN_CHILD({
		EXPECT_AREAS(p, 4, "1 r--p, 1 ---p, 1 rwxp, 1 rw-p");
		EXPECT_SEGV(p, WRITE, SEGV_ACCERR);
		EXPECT_SEGV(p + PAGE, READ, SEGV_ACCERR);
		EXPECT_ERR(raw_mprotect(file, PAGE, RW), EACCES);
		EXPECT(!has_flag(file, "mw"));
		EXPECT_OK(raw_mprotect(p, 2 * PAGE, RW));
		EXPECT_ACCESS(p, WRITE);
		EXPECT_ACCESS(p + PAGE, WRITE);
	});
	EXPECT_AREAS(p, 4, "1 r--p, 1 ---p, 1 rwxp, 1 rw-p");
}

TEST("DMP-8,INH-1", "the child's list of areas is the parent's, none merged")
{
	int fd = temp_file(4 * PAGE);
	char *text = map_shared(8, RW), *p = map_private(12, RW);
	static char mine[TEXT_SIZE];

	EXPECT_OK(raw_mmap(p, PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED, fd, PAGE));
	EXPECT_OK(raw_mmap(p + PAGE, 2 * PAGE, RW, MAP_SHARED | MAP_FIXED, fd, 2 * PAGE));
	EXPECT_OK(raw_munmap(p + 3 * PAGE, PAGE));
	/* Written apart and given the same rights later: neighbours that cannot merge. */
	p[4 * PAGE] = 1;
	EXPECT_OK(raw_mlock(p + 5 * PAGE, PAGE));
	EXPECT_OK(raw_madvise(p + 7 * PAGE, PAGE, MADV_WIPEONFORK));
	memset(mine, 0, sizeof(mine));
	EXPECT(read_file("/proc/self/maps", text, TEXT_SIZE) < TEXT_SIZE - 1);
	EXPECT(read_file("/proc/self/maps", text, TEXT_SIZE) > 0);
	IN_CHILD({
		EXPECT(read_file("/proc/self/maps", mine, TEXT_SIZE) > 0);
		EXPECT_STR(mine, text);
	});
}

TEST("DMP-8", "an area before and after one that is left out stay apart from each other")
{
	char *text = map_shared(8, RW), *p = map_private(9, RW);
	char *line;

	EXPECT_OK(raw_madvise(p + 3 * PAGE, 3 * PAGE, MADV_DONTFORK));
	EXPECT(read_file("/proc/self/maps", text, TEXT_SIZE) > 0);
	IN_CHILD({
		static char mine[TEXT_SIZE];
		char word[32];
		struct area area;

		snprintf(word, sizeof(word), "%lx-", (unsigned long)p + 3 * PAGE);
		line = strstr(text, word);
		EXPECT(line);
		memmove(line, strchr(line, '\n') + 1, strlen(strchr(line, '\n') + 1) + 1);
		EXPECT(read_file("/proc/self/maps", mine, TEXT_SIZE) > 0);
		EXPECT_STR(mine, text);
		EXPECT(area_at(p, &area));
		EXPECT_EQ(area.end, p + 3 * PAGE);
	});
}

TEST("DMP-11,INH-1", "shared memory is one object for parent and child, and outlives the parent")
{
	char *p = map_shared(4, RW);
	struct gate go = gate_new(), done = gate_new();
	pid_t pid;

	p[0] = 'a';
	pid = test_fork();
	if (pid == 0) {
		pid_t grandchild = test_fork();

		if (grandchild == 0) {
			await_gone(getppid() == 1 ? 0x7fffffff : getppid());
			gate_pass(&go);
			EXPECT_EQ(p[0], 'b');
			p[3 * PAGE] = 'c';
			gate_open(&done);
		}
		_exit(0);
	}
	EXPECT_EXIT(pid, 0);
	p[0] = 'b';
	EXPECT_EQ(p[3 * PAGE], 0);
	gate_open(&go);
	gate_pass(&done);
	EXPECT_EQ(p[3 * PAGE], 'c');
}

TEST("DMP-11", "a shared file mapping in the child reads and writes the file after it is closed")
{
	int fd = temp_file(2 * PAGE), again = file_reopen(fd, O_RDWR);
	char *p = (char *)EXPECT_OK(raw_mmap(0, 2 * PAGE, RW, MAP_SHARED, fd, 0)), byte;

	raw_close(fd);
	IN_CHILD({
		EXPECT_EQ((unsigned char)p[PAGE], file_byte(PAGE));
		p[PAGE] = '!';
	});
	EXPECT_EQ(raw_pread(again, &byte, 1, PAGE), 1);
	EXPECT_EQ(byte, '!');
	EXPECT_EQ(p[PAGE], '!');
}

TEST("DMP-10", "an area of many TiB is forked")
{
	size_t size = 20UL << 40;
	long p = raw_mmap(0, size, RW, PRIVATE | MAP_NORESERVE, -1, 0);

	if (p < 0)
		SKIP("no 20 TiB to be had");
	((char *)p)[size - 1] = 'x';
	IN_CHILD({
		EXPECT_EQ(((char *)p)[size - 1], 'x');
		EXPECT_EQ(((char *)p)[size / 2], 0);
	});
}

TEST("INH-1", "break, personality, vdso and the null page's emptiness are the same")
{
	unsigned long now = raw_brk(0);
	struct area mine, theirs;
	int there = area_named("[vdso]", &mine);

	EXPECT_EQ(raw_brk(now + 2 * PAGE), now + 2 * PAGE);
	EXPECT_OK(raw(SYS_personality, ADDR_NO_RANDOMIZE | READ_IMPLIES_EXEC));
	IN_CHILD({
		EXPECT_EQ(raw_brk(0), now + 2 * PAGE);
		EXPECT_EQ(raw(SYS_personality, 0xffffffff), ADDR_NO_RANDOMIZE | READ_IMPLIES_EXEC);
		EXPECT_EQ(area_named("[vdso]", &theirs), there);
		EXPECT_STR(theirs.line, mine.line);
	});
}

TEST("INH-1", "the name of anonymous memory is inherited")
{
	char *p = map_private(2, RW);
	struct area area;
	long error = raw(SYS_prctl, 0x53564d41 /* PR_SET_VMA */, 0, p, PAGE, "forked");

	if (error == -EINVAL)
		SKIP("no names for anonymous memory");
	EXPECT_OK(error);
	IN_CHILD({
		EXPECT(area_at(p, &area));
		EXPECT_STR(area.name, "[anon:forked]");
		EXPECT(area_at(p + PAGE, &area));
		EXPECT_STR(area.name, "");
	});
}

TEST("INH-1", "the protection key of an area is inherited")
{
	char *p = map_private(2, RW);
	long key;

	if (!has_pkeys())
		SKIP("no protection keys");
	key = EXPECT_OK(raw(SYS_pkey_alloc, 0, 0));
	EXPECT_OK(raw(SYS_pkey_mprotect, p, PAGE, RW, key));
	IN_CHILD({
		EXPECT_EQ(smaps_value(p, "ProtectionKey"), key);
		EXPECT_EQ(raw(SYS_pkey_free, key), 0);
	});
}

TEST("INH-1", "without EVENT_FORK the child's memory is not watched by userfaultfd")
{
	char *p = map_private(2, RW);
	struct uffdio_api api = {.api = UFFD_API};
	struct uffdio_register range = {
		{(unsigned long)p, 2 * PAGE}, UFFDIO_REGISTER_MODE_MISSING, 0};
	long fd = raw(SYS_userfaultfd, O_CLOEXEC);

	if (fd == -ENOSYS)
		SKIP("no userfaultfd");
	EXPECT_OK(fd);
	EXPECT_EQ(ioctl(fd, UFFDIO_API, &api), 0);
	EXPECT_EQ(ioctl(fd, UFFDIO_REGISTER, &range), 0);
	EXPECT(has_flag(p, "um"));
	IN_CHILD({
		EXPECT(!has_flag(p, "um"));
		EXPECT_EQ(p[0], 0);
	});
	EXPECT(has_flag(p, "um"));
}
