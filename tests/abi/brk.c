// SPDX-License-Identifier: MIT
/*
 * tests/abi/brk.c - the program break (docs/contract/mmap.md, section 13).
 *
 * Nothing here calls malloc, which would move the break as well.
 */
#include <string.h>
#include <unistd.h>

#include "lib/fault.h"
#include "lib/maps.h"
#include "lib/sys.h"
#include "lib/test.h"

/* The break, moved to the start of a page so that the tests count in pages. */
static unsigned long page_break(void)
{
	unsigned long now = raw_brk(0), up = (now + PAGE - 1) & -PAGE;

	EXPECT_EQ(raw_brk(up), up);
	return up;
}

TEST("BRK-1", "the call returns the break that holds")
{
	unsigned long now = page_break();

	EXPECT_EQ(raw_brk(0), now);
	EXPECT_EQ(raw_brk(now), now);
	EXPECT_EQ(raw_brk(now + 3 * PAGE), now + 3 * PAGE);
	EXPECT_EQ(raw_brk(0), now + 3 * PAGE);
	EXPECT_EQ(raw_brk(TASK_SIZE - PAGE), now + 3 * PAGE);
	EXPECT_EQ(raw_brk(-1L), now + 3 * PAGE);
	EXPECT_EQ(raw_brk(-PAGE), now + 3 * PAGE);
	EXPECT_EQ(raw_brk(1UL << 62), now + 3 * PAGE);
	EXPECT_ACCESS((char *)now + 3 * PAGE - 1, WRITE);
	EXPECT_UNMAPPED((char *)now + 3 * PAGE);
}

TEST("BRK-2", "a value below the start changes nothing")
{
	unsigned long now = page_break();

	EXPECT_EQ(raw_brk(now + PAGE), now + PAGE);
	EXPECT_EQ(raw_brk(1), now + PAGE);
	EXPECT_EQ(raw_brk(PAGE), now + PAGE);
	EXPECT_EQ(raw_brk((unsigned long)page_break & -PAGE), now + PAGE); /* our own code */
	EXPECT_EQ(raw_brk(0), now + PAGE);
}

TEST("BRK-3", "the break is counted in bytes, memory in pages")
{
	unsigned long now = page_break();
	char *p = (char *)now;

	EXPECT_EQ(raw_brk(now + 1), now + 1);
	EXPECT_AREAS(p, 2, "1 rw-p, 1 hole");
	p[PAGE - 1] = 'x';
	EXPECT_EQ(raw_brk(now + 100), now + 100);
	EXPECT_EQ(raw_brk(now + PAGE), now + PAGE);
	EXPECT_EQ(raw_brk(now + 7), now + 7);
	EXPECT_EQ(p[PAGE - 1], 'x');
	EXPECT_EQ(raw_brk(now + PAGE + 1), now + PAGE + 1);
	EXPECT_AREAS(p, 3, "2 rw-p, 1 hole");
}

TEST("BRK-4", "shrinking unmaps whole pages, growing again gives zeros")
{
	unsigned long now = page_break();
	char *p = (char *)now;

	EXPECT_EQ(raw_brk(now + 4 * PAGE), now + 4 * PAGE);
	memset(p, 'x', 4 * PAGE);
	EXPECT_EQ(raw_brk(now + PAGE + 5), now + PAGE + 5);
	EXPECT_AREAS(p, 4, "2 rw-p, 2 hole");
	EXPECT_UNMAPPED(p + 2 * PAGE);
	EXPECT_EQ(p[2 * PAGE - 1], 'x');
	EXPECT_EQ(raw_brk(now + 4 * PAGE), now + 4 * PAGE);
	for (size_t i = 2 * PAGE; i < 4 * PAGE; i++)
		EXPECT_EQ(p[i], 0);
	EXPECT_EQ(raw_brk(now), now);
	EXPECT_AREAS(p, 4, "4 hole");
}

TEST("BRK-5", "one page must stay free above the break")
{
	unsigned long now = page_break();
	char *p = (char *)now;

	EXPECT_EQ(raw_mmap(p + 5 * PAGE, PAGE, PROT_NONE, PRIVATE | NOREPLACE, -1, 0),
		  p + 5 * PAGE);
	EXPECT_EQ(raw_brk(now + 5 * PAGE), now);
	EXPECT_EQ(raw_brk(now + 4 * PAGE + 1), now);
	EXPECT_EQ(raw_brk(now + 6 * PAGE), now);
	EXPECT_EQ(raw_brk(now + 4 * PAGE), now + 4 * PAGE);
	EXPECT_EQ(raw_brk(now + 4 * PAGE + 1), now + 4 * PAGE);
	EXPECT_EQ(raw_brk(now + PAGE), now + PAGE);
	EXPECT_AREAS(p, 6, "1 rw-p, 4 hole, 1 ---p");
}

TEST("BRK-5,STK-6", "256 pages must stay free below a growing area")
{
	unsigned long now = page_break();
	char *p = (char *)now;

	EXPECT_EQ(raw_mmap(p + 300 * PAGE, PAGE, RW, PRIVATE | NOREPLACE | MAP_GROWSDOWN, -1, 0),
		  p + 300 * PAGE);
	EXPECT_EQ(raw_brk(now + 44 * PAGE), now);
	EXPECT_EQ(raw_brk(now + 60 * PAGE), now);
	EXPECT_EQ(raw_brk(now + 43 * PAGE), now + 43 * PAGE);
}

TEST("BRK-6,LIM-2", "RLIMIT_DATA stops growth")
{
	unsigned long now = page_break();

	EXPECT_EQ(raw_brk(now + 2 * PAGE), now + 2 * PAGE);
	set_limit(RLIMIT_DATA, PAGE);
	EXPECT_EQ(raw_brk(now + 3 * PAGE), now + 2 * PAGE);
	set_limit(RLIMIT_DATA, status_value("VmData") * 1024 + 16 * PAGE);
	EXPECT_EQ(raw_brk(now + 4096 * PAGE), now + 2 * PAGE);
	EXPECT_EQ(raw_brk(now + 3 * PAGE), now + 3 * PAGE);
}

TEST("BRK-6,LIM-1", "RLIMIT_AS stops growth")
{
	unsigned long now = page_break();

	EXPECT_EQ(raw_brk(now + PAGE), now + PAGE);
	set_limit(RLIMIT_AS, status_value("VmSize") * 1024 + 2 * PAGE);
	EXPECT_EQ(raw_brk(now + 4 * PAGE), now + PAGE);
	EXPECT_EQ(raw_brk(now + 3 * PAGE), now + 3 * PAGE);
	EXPECT_EQ(raw_brk(now + 4 * PAGE), now + 3 * PAGE);
	EXPECT_EQ(raw_brk(now), now);
}

TEST("BRK-6,MLK-11", "after mlockall for the future RLIMIT_MEMLOCK stops growth")
{
	unsigned long now = page_break();

	set_limits(RLIMIT_MEMLOCK, 4 * PAGE, 4 * PAGE);
	drop_capability(CAP_IPC_LOCK);
	EXPECT_OK(raw_mlockall(MCL_FUTURE));
	EXPECT_EQ(raw_brk(now + 5 * PAGE), now);
	EXPECT_EQ(raw_brk(now + 4 * PAGE), now + 4 * PAGE);
	EXPECT_EQ(raw_brk(now + 5 * PAGE), now + 4 * PAGE);
}

TEST("BRK-7,PROC-3", "the heap is one private area named [heap], which growth extends")
{
	unsigned long now = page_break();
	struct area area;

	EXPECT_EQ(raw_brk(now + PAGE), now + PAGE);
	((char *)now)[0] = 1;
	EXPECT_EQ(raw_brk(now + 5 * PAGE), now + 5 * PAGE);
	EXPECT(area_at((char *)now, &area));
	EXPECT_STR(area.name, "[heap]");
	EXPECT_STR(area.perms, "rw-p");
	EXPECT_EQ(area.offset, 0);
	EXPECT_EQ(area.inode, 0);
	EXPECT_EQ(area.end, now + 5 * PAGE);
	EXPECT_EQ(areas_in((char *)now, 5), 1);
}

TEST("BRK-7", "growth beyond a part with other rights adds an area")
{
	unsigned long now = page_break();
	char *p = (char *)now;

	EXPECT_EQ(raw_brk(now + 2 * PAGE), now + 2 * PAGE);
	EXPECT_OK(raw_mprotect(p + PAGE, PAGE, PROT_READ));
	EXPECT_EQ(raw_brk(now + 4 * PAGE), now + 4 * PAGE);
	EXPECT_AREAS(p, 4, "1 rw-p, 1 r--p, 2 rw-p");
	EXPECT_EQ(raw_brk(now), now); /* shrinking goes across areas */
	EXPECT_AREAS(p, 4, "4 hole");
}

TEST("BRK-8", "shrinking over memory that the program unmapped fails")
{
	unsigned long now = page_break();

	EXPECT_EQ(raw_brk(now + 4 * PAGE), now + 4 * PAGE);
	EXPECT_OK(raw_munmap(now, 4 * PAGE));
	EXPECT_EQ(raw_brk(now + 2 * PAGE), now + 4 * PAGE);
	EXPECT_EQ(raw_brk(0), now + 4 * PAGE);
}

TEST("BRK-9,MLK-11", "after mlockall for the future new pages are locked and present")
{
	unsigned long now = page_break();
	long locked;

	EXPECT_OK(raw_mlockall(MCL_FUTURE));
	locked = status_value("VmLck");
	EXPECT_EQ(raw_brk(now + 3 * PAGE), now + 3 * PAGE);
	EXPECT_STR(resident((char *)now, 3), "111");
	EXPECT_EQ(status_value("VmLck"), locked + 12);
}

static void *grow(void *argument)
{
	unsigned long now = raw_brk(0);

	return (void *)raw_brk(now + (unsigned long)argument);
}

TEST("BRK-10", "all threads see the break that one of them moves")
{
	unsigned long now = page_break();
	void *got = thread_join(thread_start(grow, (void *)(2 * PAGE)));

	EXPECT_EQ(got, now + 2 * PAGE);
	EXPECT_EQ(raw_brk(0), now + 2 * PAGE);
	EXPECT_ACCESS((char *)now + PAGE, WRITE);
}

TEST("BRK-11", "a forked child has a break of its own, at the same place")
{
	unsigned long now = page_break();
	pid_t pid;

	EXPECT_EQ(raw_brk(now + PAGE), now + PAGE);
	((char *)now)[3] = 'h';
	pid = test_fork();
	if (pid == 0) {
		EXPECT_EQ(raw_brk(0), now + PAGE);
		EXPECT_EQ(((char *)now)[3], 'h');
		EXPECT_EQ(raw_brk(now + 9 * PAGE), now + 9 * PAGE);
		EXPECT_EQ(raw_brk(now), now);
		_exit(0);
	}
	EXPECT_EXIT(pid, 0);
	EXPECT_EQ(raw_brk(0), now + PAGE);
	EXPECT_EQ(((char *)now)[3], 'h');
}
