// SPDX-License-Identifier: MIT
/*
 * tests/abi/stack.c - areas that grow down, and the gap below them (docs/contract/mmap.md, section 12).
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/fault.h"
#include "lib/maps.h"
#include "lib/sys.h"
#include "lib/test.h"

#define GAP 256 /* pages */

/* A growing area of one page, with `below` free pages under it. */
static char *growing(size_t below)
{
	char *p = free_range(below + 2) + below * PAGE;

	EXPECT_EQ(raw_mmap(p, PAGE, RW, PRIVATE | MAP_FIXED | MAP_GROWSDOWN, -1, 0), p);
	return p;
}

static void put(char *at, int prot, int flags)
{
	EXPECT_EQ(raw_mmap(at, PAGE, prot, PRIVATE | MAP_FIXED | flags, -1, 0), at);
}

TEST("STK-1", "a fault far below extends the area in one step")
{
	char *p = growing(1200);

	EXPECT_ACCESS(p - 1, WRITE);
	EXPECT_AREAS(p - 2 * PAGE, 3, "1 hole, 2 rw-p");
	EXPECT_ACCESS(p - 800 * PAGE + 123, READ);
	EXPECT_AREAS(p - 801 * PAGE, 802, "1 hole, 801 rw-p");
	EXPECT_EQ(p[-1], 0x5a);
	EXPECT_EQ(p[-400 * (long)PAGE], 0);
	p[-700 * (long)PAGE] = 'x';
	EXPECT_EQ(p[-700 * (long)PAGE], 'x');
}

TEST("STK-1,LAY-8", "the initial stack grows far below the stack pointer")
{
	struct area area;
	char *here = (char *)__builtin_frame_address(0), *far = here - (3UL << 20);

	EXPECT(area_at(here, &area));
	EXPECT_STR(area.name, "[stack]");
	EXPECT((unsigned long)far < area.start);
	EXPECT_ACCESS(far, WRITE);
	EXPECT(area_at(here, &area));
	EXPECT_EQ(area.start, (unsigned long)far & -PAGE);
}

TEST("STK-2", "growth stops where 256 pages to the area below would not remain")
{
	char *p = growing(GAP + 20), *below = p - (GAP + 10) * PAGE;

	put(below - PAGE, PROT_READ, 0);     /* ends at `below` */
	EXPECT_ACCESS(p - 10 * PAGE, WRITE); /* exactly 256 pages remain */
	EXPECT_UNMAPPED(p - 10 * PAGE - 1);
	EXPECT_UNMAPPED(below);
	EXPECT_UNMAPPED(below + 100 * PAGE);
	EXPECT_AREAS(below - PAGE, GAP + 12, "1 r--p, 256 hole, 11 rw-p");
}

TEST("STK-2", "any kind of accessible area below keeps the distance")
{
	static const int prots[] = {PROT_READ, PROT_WRITE, PROT_EXEC};

	for (size_t i = 0; i < sizeof(prots) / sizeof(prots[0]); i++) {
		char *p = growing(GAP + 5);

		put(p - GAP * PAGE, prots[i], 0);
		EXPECT_UNMAPPED(p - 1);
	}
}

TEST("STK-2,STK-8", "an area without access below keeps no distance and stays a guard")
{
	char *p = growing(20), *guard = p - 5 * PAGE;

	put(guard, PROT_NONE, 0);
	EXPECT_ACCESS(guard + PAGE, WRITE);
	EXPECT_SEGV(guard + PAGE - 1, WRITE, SEGV_ACCERR);
	EXPECT_UNMAPPED(guard - 1);
	EXPECT_AREAS(guard - PAGE, 7, "1 hole, 1 ---p, 5 rw-p");
}

TEST("STK-2", "another growing area below keeps no distance")
{
	char *p = growing(400), *other = p - 6 * PAGE;

	put(other, RW, MAP_GROWSDOWN);
	EXPECT_ACCESS(other + PAGE, WRITE); /* grows the upper one */
	EXPECT_AREAS(other - PAGE, 8, "1 hole, 1 rw-p, 6 rw-p");
	EXPECT_ACCESS(other - 2 * PAGE, WRITE); /* grows the lower one */
	EXPECT_AREAS(other - 3 * PAGE, 10, "1 hole, 3 rw-p, 6 rw-p");
}

TEST("STK-2,STK-9", "growing areas that meet stay two, whatever is done around them")
{
	char *p = growing(400), *other = p - 6 * PAGE;

	put(other, RW, MAP_GROWSDOWN);
	EXPECT_ACCESS(other + PAGE, WRITE);
	EXPECT_OK(raw_munmap(p, PAGE));
	EXPECT_AREAS(other, 7, "1 rw-p, 5 rw-p, 1 hole");
	EXPECT_OK(raw_mprotect(other + 2 * PAGE, PAGE, PROT_READ));
	EXPECT_AREAS(other, 7, "1 rw-p, 1 rw-p, 1 r--p, 3 rw-p, 1 hole");
}

TEST("STK-3,LIM-3", "growth stops at the soft limit of the stack, each area for itself")
{
	char *p = growing(1000), *q = growing(1000);
	long pages = 64;

	set_limit(RLIMIT_STACK, pages * PAGE);
	EXPECT_ACCESS(p - (pages - 1) * PAGE, WRITE); /* exactly the limit */
	EXPECT_UNMAPPED(p - (pages - 1) * PAGE - 1);
	EXPECT_ACCESS(q - (pages - 1) * PAGE, WRITE);
	EXPECT_UNMAPPED(q - pages * PAGE);
	set_limit(RLIMIT_STACK, (pages + 3) * PAGE + 100); /* not a multiple of a page */
	EXPECT_ACCESS(p - (pages + 2) * PAGE, READ);
	EXPECT_UNMAPPED(p - (pages + 3) * PAGE);
}

TEST("STK-4,LIM-1", "growth obeys RLIMIT_AS")
{
	char *p = growing(400);

	EXPECT_ACCESS(p, WRITE);
	set_limit(RLIMIT_AS, status_value("VmSize") * 1024 + 4 * PAGE);
	EXPECT_ACCESS(p - 4 * PAGE, WRITE);
	EXPECT_UNMAPPED(p - 5 * PAGE);
}

TEST("STK-5", "the kernel's accesses for the task grow the area")
{
	char *p = growing(400), *stack = (char *)__builtin_frame_address(0) - (2UL << 20);
	int fd = temp_file(2 * PAGE);

	EXPECT_EQ(raw_pread(fd, p - PAGE - 20, 40, 0), 40);
	EXPECT_EQ((unsigned char)p[-(long)PAGE], file_byte(20));
	EXPECT_EQ(raw_pwrite(fd, p - 9 * PAGE, 5, 0), 5);
	EXPECT_AREAS(p - 10 * PAGE, 11, "1 hole, 10 rw-p");
	EXPECT_EQ(raw_pread(fd, stack, 10, 7), 10);
	EXPECT_EQ((unsigned char)stack[9], file_byte(16));
}

TEST("STK-5", "calls about memory do not grow it")
{
	char *p = growing(400), vec;

	EXPECT_ERR(raw_madvise(p - PAGE, PAGE, MADV_DONTNEED), ENOMEM);
	EXPECT_ERR(raw_madvise(p - PAGE, PAGE, MADV_WILLNEED), ENOMEM);
	EXPECT_ERR(raw_mlock(p - PAGE, PAGE), ENOMEM);
	EXPECT_ERR(raw_mincore(p - PAGE, PAGE, &vec), ENOMEM);
	EXPECT_ERR(raw_msync(p - PAGE, PAGE, MS_SYNC), ENOMEM);
	EXPECT_ERR(raw_mprotect(p - PAGE, PAGE, PROT_READ), ENOMEM);
	EXPECT_ERR(raw_mremap(p - PAGE, PAGE, 2 * PAGE, MREMAP_MAYMOVE, 0), EFAULT);
	EXPECT_AREAS(p - PAGE, 2, "1 hole, 1 rw-p");
}

TEST("STK-7,ACC-2", "the counters grow with the area")
{
	char *p = growing(400);
	long size = status_value("VmSize"), stack = status_value("VmStk");

	EXPECT_ACCESS(p - 8 * PAGE, WRITE);
	EXPECT_EQ(status_value("VmSize"), size + 32);
	EXPECT_EQ(status_value("VmStk"), stack + 32);
	EXPECT_OK(raw_munmap(p - 8 * PAGE, 9 * PAGE));
	EXPECT_EQ(status_value("VmStk"), stack - 4);
}

TEST("STK-7,STK-4", "a locked area grows locked, up to RLIMIT_MEMLOCK")
{
	char *p = growing(400);
	long locked;

	EXPECT_OK(raw_mlock(p, PAGE));
	locked = status_value("VmLck");
	EXPECT_ACCESS(p - 4 * PAGE, WRITE);
	EXPECT_EQ(status_value("VmLck"), locked + 16);
	EXPECT_STR(resident(p - 4 * PAGE, 1), "1"); /* Linux 6.1 populates no more than this */
	set_limits(RLIMIT_MEMLOCK, 8 * PAGE, 8 * PAGE);
	drop_capability(CAP_IPC_LOCK);
	EXPECT_ACCESS(p - 7 * PAGE, WRITE);
	EXPECT_UNMAPPED(p - 8 * PAGE);
}

TEST("STK-9", "after growth a split part can be removed and put back")
{
	char *p = growing(400);

	EXPECT_ACCESS(p - 10 * PAGE, WRITE);
	p[-5 * (long)PAGE] = 'k';
	EXPECT_OK(raw_mprotect(p - 6 * PAGE, 3 * PAGE, PROT_READ));
	EXPECT_AREAS(p - 10 * PAGE, 11, "4 rw-p, 3 r--p, 4 rw-p");
	EXPECT_EQ(p[-5 * (long)PAGE], 'k');
	for (int i = -10; i <= 0; i++)
		if (i < -6 || i > -4)
			p[i * (long)PAGE] = 1;
	EXPECT_OK(raw_mprotect(p - 6 * PAGE, 3 * PAGE, RW));
	EXPECT_EQ(p[-5 * (long)PAGE], 'k');
	EXPECT(areas_in(p - 10 * PAGE, 11) <= 3);
}

TEST("STK-9", "a forked child grows its own copy")
{
	char *p = growing(400);
	pid_t pid;

	p[0] = 'p';
	pid = test_fork();
	if (pid == 0) {
		EXPECT_ACCESS(p - 3 * PAGE, WRITE);
		EXPECT_EQ(p[0], 'p');
		_exit(0);
	}
	EXPECT_EXIT(pid, 0);
	EXPECT_AREAS(p - 3 * PAGE, 4, "3 hole, 1 rw-p");
}

struct race {
	char *gap;
	volatile int round, done;
	volatile long mapped;
};

static void *map_in_gap(void *argument)
{
	struct race *race = argument;

	for (int round = 1; round <= 100; round++) {
		while (race->round < round)
			raw(SYS_sched_yield);
		race->mapped = raw_mmap(race->gap, PAGE, RW, PRIVATE | NOREPLACE, -1, 0);
		race->done = round;
	}
	return NULL;
}

TEST("STK-11", "growth and a mapping into the gap never overlap")
{
	struct race race = {0};
	struct thread thread = thread_start(map_in_gap, &race);
	char *p = growing(600); /* after the thread, whose own stack needs room */

	race.gap = p - 300 * PAGE;
	for (int round = 1; round <= 100; round++) {
		struct fault fault;

		__atomic_store_n(&race.round, round, __ATOMIC_SEQ_CST);
		fault = try_access(p - 310 * PAGE, WRITE);
		while (__atomic_load_n(&race.done, __ATOMIC_SEQ_CST) < round)
			raw(SYS_sched_yield);
		if (race.mapped == (long)race.gap)
			EXPECT_EQ(fault.signal, SIGSEGV);
		else
			EXPECT_EQ(race.mapped, -EEXIST);
		if (race.mapped == -EEXIST)
			EXPECT_EQ(fault.signal, 0);
		EXPECT_OK(raw_munmap(p - 400 * PAGE, 400 * PAGE));
	}
	thread_join(thread);
}

/* Uses more and more stack. */
static int deep(int level)
{
	volatile char room[16384];

	room[0] = level;
	return level > 1 << 20 ? 0 : deep(level + 1) + room[0];
}

static void overflow(void *argument)
{
	*(volatile int *)argument = deep(0);
}

TEST("STK-12", "an overflowing stack kills, but with a signal stack the handler runs")
{
	volatile int result;
	struct fault fault;
	pid_t pid;

	set_limit(RLIMIT_STACK, 1 << 20);
	pid = test_fork();
	if (pid == 0) {
		overflow((void *)&result);
		_exit(0);
	}
	EXPECT_KILLED(pid, SIGSEGV);
	fault = try_call(overflow, (void *)&result);
	EXPECT_EQ(fault.signal, SIGSEGV);
	EXPECT_EQ(fault.code, SEGV_MAPERR);
}

/* stack_guard_gap=N of the kernel's command line, in pages. */
static long guard_gap(void)
{
	char text[4096], *at;

	EXPECT(read_file("/proc/cmdline", text, sizeof(text)) > 0);
	at = strstr(text, "stack_guard_gap=");
	return at ? strtol(at + 16, NULL, 10) : 256;
}

TEST("STK-10", "the guard gap is that of the command line, or 256 pages")
{
	long gap = guard_gap();
	char *p = free_range(gap + 100), *stack = p + (gap + 50) * PAGE, *below;

	EXPECT_EQ(raw_mmap(stack, PAGE, RW, PRIVATE | MAP_FIXED | MAP_GROWSDOWN, -1, 0), stack);
	below = stack - (gap + 3) * PAGE;
	EXPECT_EQ(raw_mmap(below, PAGE, RW, PRIVATE | MAP_FIXED, -1, 0), below);
	EXPECT_ACCESS(stack - PAGE, WRITE);
	EXPECT_ACCESS(stack - 2 * PAGE, WRITE);
	EXPECT_SEGV(stack - 3 * PAGE, WRITE, SEGV_MAPERR); /* one page less than the gap */
	EXPECT_OK(raw_mprotect(below, PAGE, PROT_NONE));   /* what nobody can use is no neighbour */
	EXPECT_ACCESS(stack - 3 * PAGE, WRITE);
}
