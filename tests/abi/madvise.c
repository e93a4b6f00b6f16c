// SPDX-License-Identifier: MIT
/*
 * tests/abi/madvise.c - advice about memory (docs/contract/mmap.md, section 15).
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/fault.h"
#include "lib/maps.h"
#include "lib/sys.h"
#include "lib/test.h"

/* Numbers that not every header has. */
#define COLD		20
#define PAGEOUT		21
#define POPULATE_READ	22
#define POPULATE_WRITE	23
#define DONTNEED_LOCKED 24

static const int harmless[] = {MADV_NORMAL,   MADV_RANDOM,   MADV_SEQUENTIAL, MADV_WILLNEED,
			       MADV_DONTNEED, MADV_DONTFORK, MADV_DOFORK,     MADV_DONTDUMP,
			       MADV_DODUMP,   COLD,	     PAGEOUT};

#define EACH(array, i) for (size_t i = 0; i < sizeof(array) / sizeof(array[0]); i++)

static char *map_fd(int fd, size_t pages, int prot, int flags)
{
	return (char *)EXPECT_OK(raw_mmap(0, pages * PAGE, prot, flags, fd, 0));
}

TEST("MADV-1,MADV-26", "unknown advice is EINVAL even for length 0")
{
	static const int bad[] = {5, 6, 7, 26, 50, 99, 102, 103, 1000, -1, -4, 1 << 30};
	char *p = map_private(1, RW);

	EACH(bad, i)
	{
		EXPECT_ERR(raw_madvise(p, PAGE, bad[i]), EINVAL);
		EXPECT_ERR(raw_madvise(p, 0, bad[i]), EINVAL);
		EXPECT_ERR(raw_madvise(free_range(1), 0, bad[i]), EINVAL);
	}
}

TEST("MADV-1", "known advice for length 0 is success, mapped or not")
{
	char *hole = free_range(1);

	EACH(harmless, i) EXPECT_EQ(raw_madvise(hole, 0, harmless[i]), 0);
	EXPECT_EQ(raw_madvise(0, 0, MADV_DONTNEED), 0);
}

TEST("MADV-1", "an unaligned start and a length that wraps are EINVAL")
{
	char *p = map_private(2, RW);

	p[0] = 'k';
	EXPECT_ERR(raw_madvise(p + 1, PAGE, MADV_DONTNEED), EINVAL);
	EXPECT_ERR(raw_madvise(p + 1, 0, MADV_DONTNEED), EINVAL);
	EXPECT_ERR(raw_madvise(p, -1L, MADV_DONTNEED), EINVAL);
	EXPECT_ERR(raw_madvise(p, -PAGE, MADV_DONTNEED), EINVAL);
	EXPECT_EQ(p[0], 'k');
	EXPECT_EQ(raw_madvise(p, 1, MADV_DONTNEED), 0); /* the length is rounded up */
	EXPECT_EQ(p[0], 0);
}

TEST("MADV-2", "advice is applied around a hole, and the result is ENOMEM")
{
	char *p = map_private(5, RW);

	memset(p, 'x', 5 * PAGE);
	EXPECT_OK(raw_munmap(p + PAGE, PAGE));
	EXPECT_OK(raw_munmap(p + 3 * PAGE, PAGE));
	EXPECT_ERR(raw_madvise(p, 5 * PAGE, MADV_DONTNEED), ENOMEM);
	EXPECT_EQ(p[0] + p[2 * PAGE] + p[4 * PAGE], 0);
	EXPECT_ERR(raw_madvise(p, 5 * PAGE, MADV_DONTFORK), ENOMEM);
	EXPECT_ERR(raw_madvise(p + PAGE, PAGE, MADV_NORMAL), ENOMEM);
	EXPECT_ERR(raw_madvise(p + PAGE, 2 * PAGE, MADV_WILLNEED), ENOMEM);
}

TEST("MADV-3", "an area that refuses stops the walk, those before it are done")
{
	char *p = map_private(6, RW);

	memset(p, 'x', 6 * PAGE);
	EXPECT_OK(raw_mlock(p + 2 * PAGE, PAGE));
	EXPECT_ERR(raw_madvise(p, 4 * PAGE, MADV_DONTNEED), EINVAL);
	EXPECT_EQ(p[PAGE], 0);
	EXPECT_EQ(p[2 * PAGE], 'x');
	EXPECT_EQ(p[3 * PAGE], 'x');
	/* The refusal also wins over a hole that came before. */
	EXPECT_OK(raw_munmap(p, PAGE));
	EXPECT_ERR(raw_madvise(p, 4 * PAGE, MADV_DONTNEED), EINVAL);
}

TEST("MADV-5", "DONTNEED drops private anonymous pages at once")
{
	char *p = map_private(4, RW);
	long before = rss_pages("RssAnon");

	memset(p, 'x', 4 * PAGE);
	EXPECT_EQ(raw_madvise(p + PAGE, 2 * PAGE, MADV_DONTNEED), 0);
	EXPECT_STR(resident(p, 4), "1001");
	EXPECT_EQ(rss_pages("RssAnon"), before + 2);
	EXPECT_EQ(p[0], 'x');
	EXPECT_EQ(p[PAGE], 0);
	EXPECT_EQ(p[3 * PAGE - 1], 0);
	EXPECT_EQ(p[3 * PAGE], 'x');
	p[PAGE] = 'y';
	EXPECT_EQ(p[PAGE], 'y');
}

TEST("MADV-6", "DONTNEED drops private copies of a file's pages")
{
	int fd = temp_file(2 * PAGE);
	char *p = map_fd(fd, 2, RW, MAP_PRIVATE);

	p[0] = p[PAGE] = '!';
	EXPECT_EQ(raw_madvise(p, PAGE, MADV_DONTNEED), 0);
	EXPECT_EQ((unsigned char)p[0], file_byte(0));
	EXPECT_EQ(p[PAGE], '!');
}

TEST("MADV-7", "DONTNEED of shared memory takes only this mapping's entries")
{
	int fd = temp_file(PAGE);
	char *p = map_shared(1, RW), *q = map_fd(fd, 1, RW, MAP_SHARED);

	p[0] = 'a';
	q[0] = 'f';
	EXPECT_EQ(raw_madvise(p, PAGE, MADV_DONTNEED), 0);
	EXPECT_EQ(raw_madvise(q, PAGE, MADV_DONTNEED), 0);
	EXPECT(!(pagemap(p) & PM_PRESENT));
	EXPECT_STR(resident(p, 1), "1"); /* the object has it */
	EXPECT_EQ(p[0], 'a');
	EXPECT_EQ(q[0], 'f');
}

TEST("MADV-8", "DONTNEED works without access rights, not on locked memory")
{
	char *p = map_private(3, RW);

	memset(p, 'x', 3 * PAGE);
	EXPECT_OK(raw_mprotect(p, PAGE, PROT_NONE));
	EXPECT_OK(raw_mprotect(p + PAGE, PAGE, PROT_READ));
	EXPECT_OK(raw_mlock(p + 2 * PAGE, PAGE));
	EXPECT_EQ(raw_madvise(p, 2 * PAGE, MADV_DONTNEED), 0);
	EXPECT_ERR(raw_madvise(p + 2 * PAGE, PAGE, MADV_DONTNEED), EINVAL);
	EXPECT_OK(raw_mprotect(p, PAGE, PROT_READ));
	EXPECT_EQ(p[0] + p[PAGE], 0);
	EXPECT_EQ(p[2 * PAGE], 'x');
}

TEST("MADV-9", "DONTNEED leaves a forked sibling its data")
{
	char *p = map_private(1, RW);
	pid_t pid;

	p[0] = 'x';
	pid = test_fork();
	if (pid == 0) {
		EXPECT_EQ(raw_madvise(p, PAGE, MADV_DONTNEED), 0);
		EXPECT_EQ(p[0], 0);
		p[0] = 'c';
		_exit(0);
	}
	EXPECT_EXIT(pid, 0);
	EXPECT_EQ(p[0], 'x');
}

TEST("MADV-10", "DONTNEED_LOCKED drops locked pages and the lock stays")
{
	char *p = map_private(2, RW);
	long before = status_value("VmLck");

	p[0] = 'x';
	EXPECT_OK(raw_mlock(p, 2 * PAGE));
	EXPECT_EQ(raw_madvise(p, 2 * PAGE, DONTNEED_LOCKED), 0);
	EXPECT_EQ(status_value("VmLck"), before + 8);
	EXPECT_EQ(p[0], 0);
	EXPECT_EQ(raw_madvise(map_private(1, RW), PAGE, DONTNEED_LOCKED), 0);
}

TEST("MADV-11", "FREE is for private anonymous memory that is not locked")
{
	char *p = map_private(3, RW);

	memset(p, 'x', 3 * PAGE);
	EXPECT_EQ(raw_madvise(p, 2 * PAGE, MADV_FREE), 0);
	EXPECT(p[0] == 'x' || p[0] == 0);
	p[0] = 'y';
	EXPECT_EQ(p[0], 'y');
	EXPECT_EQ(p[2 * PAGE], 'x');
	EXPECT_ERR(raw_madvise(map_shared(1, RW), PAGE, MADV_FREE), EINVAL);
	EXPECT_ERR(raw_madvise(map_fd(temp_file(PAGE), 1, RW, MAP_PRIVATE), PAGE, MADV_FREE),
		   EINVAL);
	EXPECT_OK(raw_mlock(p, PAGE));
	EXPECT_ERR(raw_madvise(p, PAGE, MADV_FREE), EINVAL);
}

TEST("MADV-12", "REMOVE punches shared writable objects alone")
{
	int fd = temp_file(2 * PAGE), ro = file_reopen(fd, O_RDONLY);
	char *p = map_fd(fd, 2, RW, MAP_SHARED), *q = map_fd(fd, 2, PROT_READ, MAP_SHARED);
	char *a = map_shared(1, RW);

	EXPECT_ERR(raw_madvise(map_private(1, RW), PAGE, MADV_REMOVE), EINVAL);
	EXPECT_ERR(raw_madvise(map_fd(fd, 1, RW, MAP_PRIVATE), PAGE, MADV_REMOVE), EACCES);
	EXPECT_ERR(raw_madvise(map_fd(ro, 1, PROT_READ, MAP_SHARED), PAGE, MADV_REMOVE), EACCES);
	p[0] = p[PAGE] = 'x';
	EXPECT_EQ(raw_madvise(q, PAGE, MADV_REMOVE), 0); /* a read-only view is enough */
	EXPECT_EQ(p[0], 0);
	EXPECT_EQ(q[1], 0);
	EXPECT_EQ(p[PAGE], 'x');
	a[0] = 'x';
	EXPECT_EQ(raw_madvise(a, PAGE, MADV_REMOVE), 0);
	EXPECT_EQ(a[0], 0);
	EXPECT_OK(raw_mlock(a, PAGE));
	EXPECT_ERR(raw_madvise(a, PAGE, MADV_REMOVE), EINVAL);
}

TEST("MADV-13", "DONTFORK keeps an area from the child, DOFORK gives it back")
{
	char *p = map_private(3, RW);
	pid_t pid;

	memset(p, 'x', 3 * PAGE);
	EXPECT_EQ(raw_madvise(p, 3 * PAGE, MADV_DONTFORK), 0);
	EXPECT_EQ(raw_madvise(p + PAGE, PAGE, MADV_DOFORK), 0);
	pid = test_fork();
	if (pid == 0) {
		EXPECT_AREAS(p, 3, "1 hole, 1 rw-p, 1 hole");
		EXPECT_EQ(p[PAGE], 'x');
		EXPECT_UNMAPPED(p);
		_exit(0);
	}
	EXPECT_EXIT(pid, 0);
	EXPECT_EQ(p[0], 'x');
	EXPECT_EQ(raw_madvise(map_shared(1, RW), PAGE, MADV_DONTFORK), 0);
}

TEST("MADV-14", "WIPEONFORK is for private anonymous memory without a file")
{
	int zero = EXPECT_OK(raw_open("/dev/zero", O_RDWR, 0)), fd = temp_file(PAGE);

	EXPECT_EQ(raw_madvise(map_private(1, RW), PAGE, MADV_WIPEONFORK), 0);
	EXPECT_ERR(raw_madvise(map_shared(1, RW), PAGE, MADV_WIPEONFORK), EINVAL);
	EXPECT_ERR(raw_madvise(map_fd(fd, 1, RW, MAP_PRIVATE), PAGE, MADV_WIPEONFORK), EINVAL);
	EXPECT_ERR(raw_madvise(map_fd(fd, 1, RW, MAP_SHARED), PAGE, MADV_WIPEONFORK), EINVAL);
	EXPECT_ERR(raw_madvise(map_fd(zero, 1, RW, MAP_PRIVATE), PAGE, MADV_WIPEONFORK), EINVAL);
	EXPECT_EQ(raw_madvise(map_shared(1, RW), PAGE, MADV_KEEPONFORK), 0);
	EXPECT_EQ(raw_madvise(map_fd(fd, 1, RW, MAP_SHARED), PAGE, MADV_KEEPONFORK), 0);
}

TEST("MADV-14", "the child of a WIPEONFORK area finds zeros, and so does its child")
{
	char *p = map_private(2, RW);
	pid_t pid;

	p[0] = p[PAGE] = 'x';
	EXPECT_EQ(raw_madvise(p, 2 * PAGE, MADV_WIPEONFORK), 0);
	EXPECT_EQ(raw_madvise(p + PAGE, PAGE, MADV_KEEPONFORK), 0);
	EXPECT_EQ(p[0], 'x');
	pid = test_fork();
	if (pid == 0) {
		EXPECT_EQ(p[0], 0);
		EXPECT_EQ(p[PAGE], 'x');
		p[0] = 'y';
		pid = test_fork();
		if (pid == 0) {
			EXPECT_EQ(p[0], 0);
			_exit(0);
		}
		EXPECT_EXIT(pid, 0);
		_exit(0);
	}
	EXPECT_EXIT(pid, 0);
	EXPECT_EQ(p[0], 'x');
}

TEST("MADV-15,MADV-16,MADV-19", "flags of advice appear in smaps and exclude each other")
{
	static const struct {
		int advice;
		const char *set, *clear;
	} steps[] = {
		{MADV_DONTDUMP, "dd", ""},     {MADV_DODUMP, "", "dd"},
		{MADV_RANDOM, "rr", "sr"},     {MADV_SEQUENTIAL, "sr", "rr"},
		{MADV_NORMAL, "", "sr"},       {MADV_DONTFORK, "dc", ""},
		{MADV_DOFORK, "", "dc"},       {MADV_WIPEONFORK, "wf", ""},
		{MADV_KEEPONFORK, "", "wf"},   {MADV_HUGEPAGE, "hg", "nh"},
		{MADV_NOHUGEPAGE, "nh", "hg"},
	};
	char *p = map_private(1, RW);

	EACH(steps, i)
	{
		const char *flags;

		EXPECT_EQ(raw_madvise(p, PAGE, steps[i].advice), 0);
		flags = smaps_flags(p);
		if (!strstr(flags, steps[i].set) ||
		    (*steps[i].clear && strstr(flags, steps[i].clear)))
			FAIL("after advice %d VmFlags are '%s'", steps[i].advice, flags);
	}
}

TEST("MADV-17", "WILLNEED is success for every kind of memory")
{
	int fd = temp_file(PAGE);

	EXPECT_EQ(raw_madvise(map_private(1, RW), PAGE, MADV_WILLNEED), 0);
	EXPECT_EQ(raw_madvise(map_shared(1, RW), PAGE, MADV_WILLNEED), 0);
	EXPECT_EQ(raw_madvise(map_fd(fd, 1, RW, MAP_PRIVATE), PAGE, MADV_WILLNEED), 0);
	EXPECT_EQ(raw_madvise(map_fd(fd, 1, RW, MAP_SHARED), PAGE, MADV_WILLNEED), 0);
}

TEST("MADV-18", "MERGEABLE is accepted and merges nothing that differs")
{
	char *p = map_private(2, RW);

	memset(p, 'x', 2 * PAGE);
	EXPECT_EQ(raw_madvise(p, 2 * PAGE, MADV_MERGEABLE), 0);
	EXPECT(has_flag(p, "mg"));
	EXPECT_EQ(raw_madvise(p, 2 * PAGE, MADV_UNMERGEABLE), 0);
	EXPECT(!has_flag(p, "mg"));
	p[0] = 'y';
	EXPECT_EQ(p[PAGE], 'x');
	p = map_shared(1, RW);
	EXPECT_EQ(raw_madvise(p, PAGE, MADV_MERGEABLE), 0);
	EXPECT(!has_flag(p, "mg"));
}

TEST("MADV-20", "COLD and PAGEOUT keep the data and refuse locked memory")
{
	char *p = map_private(2, RW);

	memset(p, 'x', 2 * PAGE);
	EXPECT_EQ(raw_madvise(p, 2 * PAGE, COLD), 0);
	EXPECT_EQ(raw_madvise(p, 2 * PAGE, PAGEOUT), 0);
	EXPECT_EQ(p[0], 'x');
	EXPECT_EQ(p[PAGE], 'x');
	EXPECT_OK(raw_mlock(p, PAGE));
	EXPECT_ERR(raw_madvise(p, PAGE, COLD), EINVAL);
	EXPECT_ERR(raw_madvise(p, PAGE, PAGEOUT), EINVAL);
}

TEST("MADV-21", "POPULATE_READ makes every page present")
{
	int fd = temp_file(2 * PAGE);
	char *p = map_private(3, RW), *q = map_fd(fd, 2, PROT_READ, MAP_PRIVATE);
	long before = rss_pages("RssAnon");

	EXPECT_EQ(raw_madvise(p, 3 * PAGE, POPULATE_READ), 0);
	EXPECT_STR(resident(p, 3), "111");
	EXPECT_EQ(rss_pages("RssAnon"), before); /* the zero page */
	EXPECT_EQ(raw_madvise(q, 2 * PAGE, POPULATE_READ), 0);
	EXPECT(pagemap(q) & PM_PRESENT);
	EXPECT(pagemap(q + PAGE) & PM_PRESENT);
}

TEST("MADV-21", "POPULATE_WRITE makes every page present and private")
{
	int fd = temp_file(PAGE);
	char *p = map_private(3, RW), *q = map_fd(fd, 1, RW, MAP_PRIVATE);
	long before = rss_pages("RssAnon");

	EXPECT_EQ(raw_madvise(p, 3 * PAGE, POPULATE_WRITE), 0);
	EXPECT_EQ(rss_pages("RssAnon"), before + 3);
	EXPECT_EQ(raw_madvise(q, PAGE, POPULATE_WRITE), 0);
	EXPECT_EQ(raw_pwrite(fd, "!", 1, 0), 1);
	EXPECT_EQ((unsigned char)q[0], file_byte(0));
}

TEST("MADV-21", "POPULATE fails at holes, beyond the file and without the right")
{
	int fd = temp_file(PAGE);
	char *p = map_private(3, RW), *q = map_fd(fd, 2, RW, MAP_SHARED);

	EXPECT_OK(raw_munmap(p + PAGE, PAGE));
	EXPECT_ERR(raw_madvise(p, 3 * PAGE, POPULATE_WRITE), ENOMEM);
	EXPECT_STR(resident(p, 1), "1");
	EXPECT_ERR(raw_madvise(q, 2 * PAGE, POPULATE_READ), EFAULT);
	EXPECT_ERR(raw_madvise(q, 2 * PAGE, POPULATE_WRITE), EFAULT);
	EXPECT(pagemap(q) & PM_PRESENT);
	EXPECT_ERR(raw_madvise(map_private(1, PROT_READ), PAGE, POPULATE_WRITE), EINVAL);
	EXPECT_ERR(raw_madvise(map_private(1, PROT_NONE), PAGE, POPULATE_READ), EINVAL);
}

TEST("MADV-23,MADV-24,MADV-25", "advice of subsystems that are not there, or not for everybody")
{
	char *p = map_private(1, RW);

	p[0] = 1;
	EXPECT_ERR(raw_madvise(p, PAGE, 25), EINVAL); /* COLLAPSE: no huge page fits */
	EXPECT_ERR(raw_madvise(p, PAGE, 102), EINVAL);
	EXPECT_ERR(raw_madvise(p, PAGE, 103), EINVAL);
	drop_privileges();
	for (int advice = 100; advice <= 101; advice++) {
		long result = raw_madvise(p, PAGE, advice);

		EXPECT(result == -EPERM || result == -EINVAL);
	}
}

TEST("MADV-27", "process_madvise takes little advice, for little of the memory of a process")
{
	struct {
		char *base;
		size_t len;
	} parts[2] = {{map_private(2, RW), PAGE}, {map_private(1, RW), PAGE}};
	long self = EXPECT_OK(raw(SYS_pidfd_open, getpid(), 0));

	parts[0].base[0] = 'x';
	if (raw(SYS_process_madvise, self, parts, 2, COLD, 0) == -ENOSYS)
		SKIP("no process_madvise, as on a kernel built without it");
	EXPECT_ERR(raw(SYS_process_madvise, self, parts, 2, COLD, 1), EINVAL);
	EXPECT_ERR(raw(SYS_process_madvise, self, parts, 2, MADV_DONTNEED, 0), EINVAL);
	EXPECT_ERR(raw(SYS_process_madvise, -1, parts, 2, COLD, 0), EBADF);
	EXPECT_EQ(raw(SYS_process_madvise, self, parts, 2, COLD, 0), 2 * PAGE);
	EXPECT_EQ(parts[0].base[0], 'x');
}
