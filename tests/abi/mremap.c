// SPDX-License-Identifier: MIT
/*
 * tests/abi/mremap.c - growing, shrinking and moving mappings (docs/contract/mmap.md, section 14).
 */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "lib/fault.h"
#include "lib/maps.h"
#include "lib/sys.h"
#include "lib/test.h"

#define MAYMOVE	  1
#define FIXED	  2
#define DONTUNMAP 4

/* `pages` private pages at p that hold 'A', 'B', ... */
static char *with_letters(char *p, size_t pages)
{
	EXPECT_EQ(raw_mmap(p, pages * PAGE, RW, PRIVATE | MAP_FIXED, -1, 0), p);
	for (size_t i = 0; i < pages; i++)
		memset(p + i * PAGE, 'A' + i, PAGE);
	return p;
}

static void expect_letters(const char *p, size_t pages, char first)
{
	for (size_t i = 0; i < pages; i++) {
		EXPECT_EQ(p[i * PAGE], first + (int)i);
		EXPECT_EQ(p[i * PAGE + PAGE - 1], first + (int)i);
	}
}

TEST("RMP-1,RMP-8", "bad flags and addresses are EINVAL before anything else")
{
	char *p = map_private(2, RW), *hole = free_range(4);

	EXPECT_ERR(raw_mremap(p, PAGE, PAGE, 8, 0), EINVAL);
	EXPECT_ERR(raw_mremap(p, PAGE, PAGE, -1, 0), EINVAL);
	EXPECT_ERR(raw_mremap(p, PAGE, PAGE, FIXED, hole), EINVAL);
	EXPECT_ERR(raw_mremap(p, PAGE, PAGE, DONTUNMAP, hole), EINVAL);
	EXPECT_ERR(raw_mremap(p, PAGE, 2 * PAGE, DONTUNMAP | MAYMOVE, 0), EINVAL);
	EXPECT_ERR(raw_mremap(p, PAGE, PAGE + 1, DONTUNMAP | MAYMOVE, 0), EINVAL);
	EXPECT_ERR(raw_mremap(p + 1, PAGE, 2 * PAGE, MAYMOVE, 0), EINVAL);
	EXPECT_ERR(raw_mremap(p, PAGE, 0, MAYMOVE, 0), EINVAL);
	EXPECT_ERR(raw_mremap(p, PAGE, -1L, MAYMOVE, 0), EINVAL);
	EXPECT_ERR(raw_mremap(hole + 1, PAGE, PAGE, MAYMOVE, 0), EINVAL);
	EXPECT_AREAS(p, 2, "2 rw-p");
}

TEST("RMP-1", "an old address that is not mapped is EFAULT, and nothing is unmapped")
{
	char *hole = free_range(4), *p;

	EXPECT_ERR(raw_mremap(hole, PAGE, PAGE, 0, 0), EFAULT);
	EXPECT_ERR(raw_mremap(hole, PAGE, 2 * PAGE, MAYMOVE, 0), EFAULT);
	EXPECT_ERR(raw_mremap(hole, 2 * PAGE, PAGE, 0, 0), EFAULT);
	p = with_letters(hole + PAGE, 2);
	EXPECT_ERR(raw_mremap(hole, PAGE, PAGE, MAYMOVE | FIXED, p), EFAULT);
	EXPECT_ERR(raw_mremap(hole, 2 * PAGE, 2 * PAGE, 0, 0), EFAULT);
	expect_letters(p, 2, 'A');
	EXPECT_ERR(raw_mremap(0xffff888000000000, PAGE, 2 * PAGE, MAYMOVE, 0), EFAULT);
}

TEST("RMP-2", "the same length changes nothing")
{
	char *p = with_letters(free_range(3), 3);

	EXPECT_EQ(raw_mremap(p, 3 * PAGE, 3 * PAGE, 0, 0), p);
	EXPECT_EQ(raw_mremap(p + PAGE, PAGE, PAGE, MAYMOVE, 0), p + PAGE);
	EXPECT_EQ(raw_mremap(p, 2 * PAGE + 1, 3 * PAGE - 5, 0, 0), p); /* both round to three */
	expect_letters(p, 3, 'A');
	EXPECT_AREAS(p, 3, "3 rw-p");
}

TEST("RMP-3", "shrinking unmaps the end, across areas and holes")
{
	char *p = with_letters(free_range(8), 8);

	EXPECT_EQ(raw_mremap(p, 8 * PAGE, 7 * PAGE, 0, 0), p);
	EXPECT_AREAS(p, 8, "7 rw-p, 1 hole");
	EXPECT_OK(raw_mprotect(p + 3 * PAGE, PAGE, PROT_READ));
	EXPECT_OK(raw_munmap(p + 4 * PAGE, PAGE));
	EXPECT_EQ(raw_mremap(p, 6 * PAGE, 2 * PAGE, MAYMOVE, 0), p);
	EXPECT_AREAS(p, 8, "2 rw-p, 4 hole, 1 rw-p, 1 hole");
	expect_letters(p, 2, 'A');
	expect_letters(p + 6 * PAGE, 1, 'G');
}

TEST("RMP-4", "what grows must lie in one area")
{
	char *p = with_letters(free_range(6), 4);

	EXPECT_OK(raw_mprotect(p + 2 * PAGE, PAGE, PROT_READ));
	EXPECT_ERR(raw_mremap(p, 4 * PAGE, 5 * PAGE, MAYMOVE, 0), EFAULT);
	EXPECT_ERR(raw_mremap(p + PAGE, 2 * PAGE, 3 * PAGE, MAYMOVE, 0), EFAULT);
	EXPECT_ERR(raw_mremap(p + 3 * PAGE, 2 * PAGE, 3 * PAGE, MAYMOVE, 0), EFAULT);
	EXPECT_AREAS(p, 4, "2 rw-p, 1 r--p, 1 rw-p");
	expect_letters(p, 4, 'A');
}

TEST("RMP-5", "growing in place keeps the contents and adds zeros")
{
	char *p = with_letters(free_range(6), 2);

	EXPECT_EQ(raw_mremap(p, 2 * PAGE, 5 * PAGE, 0, 0), p);
	EXPECT_AREAS(p, 6, "5 rw-p, 1 hole");
	expect_letters(p, 2, 'A');
	for (size_t i = 2 * PAGE; i < 5 * PAGE; i++)
		EXPECT_EQ(p[i], 0);
	/* A part at the end of the area grows as well. */
	EXPECT_EQ(raw_mremap(p + 4 * PAGE, PAGE, 2 * PAGE, 0, 0), p + 4 * PAGE);
	EXPECT_AREAS(p, 6, "6 rw-p");
}

TEST("RMP-5", "an area that grows up to its neighbour merges with it")
{
	char *p = free_range(5);

	EXPECT_OK(raw_mmap(p, PAGE, RW, PRIVATE | MAP_FIXED, -1, 0));
	EXPECT_OK(raw_mmap(p + 3 * PAGE, 2 * PAGE, RW, PRIVATE | MAP_FIXED, -1, 0));
	EXPECT_EQ(raw_mremap(p, PAGE, 3 * PAGE, 0, 0), p);
	EXPECT_AREAS(p, 5, "5 rw-p");
}

TEST("RMP-5,STK-6", "growing in place keeps no distance to a growing area")
{
	char *p = free_range(20);

	with_letters(p, 1);
	EXPECT_OK(raw_mmap(p + 10 * PAGE, PAGE, RW, PRIVATE | MAP_FIXED | MAP_GROWSDOWN, -1, 0));
	EXPECT_EQ(raw_mremap(p, PAGE, 10 * PAGE, 0, 0), p);
}

TEST("RMP-6", "without MAYMOVE what cannot grow in place is ENOMEM")
{
	char *p = with_letters(free_range(4), 3);

	EXPECT_ERR(raw_mremap(p, PAGE, 2 * PAGE, 0, 0), ENOMEM); /* not the end of its area */
	EXPECT_OK(raw_mmap(p + 3 * PAGE, PAGE, PROT_READ, PRIVATE | MAP_FIXED, -1, 0));
	EXPECT_ERR(raw_mremap(p, 3 * PAGE, 4 * PAGE, 0, 0), ENOMEM);
	EXPECT_ERR(raw_mremap(p, 3 * PAGE, TASK_SIZE, 0, 0), ENOMEM);
	expect_letters(p, 3, 'A');
	EXPECT_AREAS(p, 4, "3 rw-p, 1 r--p");
}

TEST("RMP-7", "MAYMOVE moves the same pages and leaves nothing behind")
{
	char *p = with_letters(free_range(4), 3), *q;
	uint64_t frame;

	EXPECT_OK(raw_mmap(p + 3 * PAGE, PAGE, PROT_READ, PRIVATE | MAP_FIXED, -1, 0));
	frame = PM_PFN(pagemap(p + PAGE));
	q = (char *)EXPECT_OK(raw_mremap(p, 3 * PAGE, 6 * PAGE, MAYMOVE, 0));
	EXPECT(q != p);
	expect_letters(q, 3, 'A');
	EXPECT_EQ(q[3 * PAGE] + q[6 * PAGE - 1], 0);
	EXPECT_EQ(PM_PFN(pagemap(q + PAGE)), frame);
	EXPECT_AREAS(p, 4, "3 hole, 1 r--p");
	EXPECT_UNMAPPED(p + PAGE + 1);
	EXPECT_AREAS(q, 6, "6 rw-p");
}

TEST("RMP-7", "memory without access, read-only memory and files move too")
{
	int fd = temp_file(4 * PAGE);
	char *p = with_letters(free_range(3), 2), *q;

	EXPECT_OK(raw_mmap(p + 2 * PAGE, PAGE, PROT_READ, PRIVATE | MAP_FIXED, -1, 0));
	EXPECT_OK(raw_mprotect(p, 2 * PAGE, PROT_NONE));
	q = (char *)EXPECT_OK(raw_mremap(p, 2 * PAGE, 3 * PAGE, MAYMOVE, 0));
	EXPECT_AREAS(q, 3, "3 ---p");
	EXPECT_OK(raw_mprotect(q, 3 * PAGE, PROT_READ));
	expect_letters(q, 2, 'A');
	p = map_private(6, PROT_NONE);
	EXPECT_OK(raw_mmap(p + PAGE, 2 * PAGE, RW, MAP_PRIVATE | MAP_FIXED, fd, PAGE));
	p[PAGE] = 'x';
	q = (char *)EXPECT_OK(raw_mremap(p + PAGE, 2 * PAGE, 3 * PAGE, MAYMOVE, 0));
	EXPECT_EQ(q[0], 'x');
	EXPECT_EQ((unsigned char)q[PAGE + 4], file_byte(2 * PAGE + 4));
	EXPECT_EQ((unsigned char)q[2 * PAGE + 4], file_byte(3 * PAGE + 4));
}

TEST("RMP-8", "the target of FIXED must be aligned, in range and apart from the source")
{
	char *p = with_letters(free_range(12), 3);

	EXPECT_ERR(raw_mremap(p, PAGE, PAGE, MAYMOVE | FIXED, p + 8 * PAGE + 1), EINVAL);
	EXPECT_ERR(raw_mremap(p, PAGE, PAGE, MAYMOVE | FIXED, TASK_SIZE), EINVAL);
	EXPECT_ERR(raw_mremap(p, PAGE, 2 * PAGE, MAYMOVE | FIXED, TASK_SIZE - PAGE), EINVAL);
	EXPECT_ERR(raw_mremap(p, PAGE, TASK_SIZE + PAGE, MAYMOVE | FIXED, p), EINVAL);
	EXPECT_ERR(raw_mremap(p, 3 * PAGE, 3 * PAGE, MAYMOVE | FIXED, p), EINVAL);
	EXPECT_ERR(raw_mremap(p, 3 * PAGE, 3 * PAGE, MAYMOVE | FIXED, p + 2 * PAGE), EINVAL);
	EXPECT_ERR(raw_mremap(p + 2 * PAGE, PAGE, 3 * PAGE, MAYMOVE | FIXED, p), EINVAL);
	expect_letters(p, 3, 'A');
	/* Touching is fine. */
	EXPECT_EQ(raw_mremap(p, 3 * PAGE, 3 * PAGE, MAYMOVE | FIXED, p + 3 * PAGE), p + 3 * PAGE);
	expect_letters(p + 3 * PAGE, 3, 'A');
	EXPECT_AREAS(p, 7, "3 hole, 3 rw-p, 1 hole");
}

TEST("RMP-9", "FIXED replaces what is at the target")
{
	char *p = with_letters(free_range(2), 2), *q = with_letters(free_range(6), 6);

	EXPECT_EQ(raw_mremap(p, 2 * PAGE, 3 * PAGE, MAYMOVE | FIXED, q + PAGE), q + PAGE);
	expect_letters(q, 1, 'A');
	expect_letters(q + PAGE, 2, 'A');
	EXPECT_EQ(q[3 * PAGE], 0); /* the grown page */
	expect_letters(q + 4 * PAGE, 2, 'E');
	EXPECT_AREAS(p, 2, "2 hole");
}

TEST("RMP-10", "FIXED with a smaller length drops the source's end, not the target's")
{
	char *p = with_letters(free_range(4), 4), *q = with_letters(free_range(4), 4);

	EXPECT_EQ(raw_mremap(p, 4 * PAGE, 2 * PAGE, MAYMOVE | FIXED, q), q);
	EXPECT_AREAS(p, 4, "4 hole");
	expect_letters(q, 2, 'A');
	expect_letters(q + 2 * PAGE, 2, 'C');
}

TEST("RMP-11", "a source of two areas is EFAULT after the target was unmapped")
{
	char *p = with_letters(free_range(2), 2), *q = with_letters(free_range(2), 2);

	EXPECT_OK(raw_mprotect(p + PAGE, PAGE, PROT_READ));
	EXPECT_ERR(raw_mremap(p, 2 * PAGE, 2 * PAGE, MAYMOVE | FIXED, q), EFAULT);
	EXPECT_AREAS(q, 2, "2 hole");
	expect_letters(p, 2, 'A');
}

TEST("RMP-12", "old length 0 makes a second mapping of shared memory, not of private")
{
	char *p = map_shared(2, RW), *q;
	char *private = map_private(1, RW);

	p[0] = 'a';
	EXPECT_ERR(raw_mremap(private, 0, PAGE, MAYMOVE, 0), EINVAL);
	EXPECT_ERR(raw_mremap(p, 0, 2 * PAGE, 0, 0), ENOMEM);
	q = (char *)EXPECT_OK(raw_mremap(p, 0, 2 * PAGE, MAYMOVE, 0));
	EXPECT(q != p);
	EXPECT_EQ(q[0], 'a');
	q[PAGE] = 'b';
	EXPECT_EQ(p[PAGE], 'b');
	EXPECT_OK(raw_munmap(p, 2 * PAGE));
	EXPECT_EQ(q[0], 'a');
}

TEST("RMP-13", "DONTUNMAP leaves an empty area behind")
{
	char *p = with_letters(free_range(3), 3), *shared = map_shared(1, RW), *q;

	q = (char *)EXPECT_OK(raw_mremap(p, 3 * PAGE, 3 * PAGE, MAYMOVE | DONTUNMAP, 0));
	expect_letters(q, 3, 'A');
	EXPECT_AREAS(p, 3, "3 rw-p");
	EXPECT_STR(resident(p, 3), "000");
	EXPECT_EQ(p[0] + p[2 * PAGE], 0);
	p[0] = 'x';
	EXPECT_EQ(q[0], 'A');
	shared[0] = 's';
	q = (char *)EXPECT_OK(raw_mremap(shared, PAGE, PAGE, MAYMOVE | DONTUNMAP, 0));
	EXPECT_EQ(shared[0], 's');
	q[1] = 't';
	EXPECT_EQ(shared[1], 't');
}

TEST("RMP-13,RMP-20", "DONTUNMAP clears the lock of the area that stays")
{
	char *p = with_letters(free_range(2), 2), *q;
	long before = status_value("VmLck");

	EXPECT_OK(raw_mlock(p, 2 * PAGE));
	q = (char *)EXPECT_OK(raw_mremap(p, 2 * PAGE, 2 * PAGE, MAYMOVE | DONTUNMAP, 0));
	EXPECT_EQ(status_value("VmLck"), before + 8);
	EXPECT_OK(raw_munmap(p, 2 * PAGE));
	EXPECT_EQ(status_value("VmLck"), before + 8);
	EXPECT_OK(raw_munmap(q, 2 * PAGE));
	EXPECT_EQ(status_value("VmLck"), before);
}

TEST("RMP-13,RMP-20", "DONTUNMAP unlocks the range that it has emptied, and no more")
{
	char *p = map_private(8, PROT_READ);
	long before = status_value("VmLck");

	EXPECT_OK(raw_mlock(p + 3 * PAGE, 4 * PAGE));
	EXPECT_OK(raw_mremap(p + 5 * PAGE, 2 * PAGE, 2 * PAGE, MAYMOVE | DONTUNMAP, 0));
	EXPECT_AREAS(p, 8, "3 r--p, 2 r--p, 2 r--p, 1 r--p");
	EXPECT_EQ(status_value("VmLck"), before + 16);
	EXPECT_OK(raw_munmap(p + 3 * PAGE, 2 * PAGE));
	EXPECT_EQ(status_value("VmLck"), before + 8);
	EXPECT_OK(raw_munmap(p + 5 * PAGE, 2 * PAGE));
	EXPECT_EQ(status_value("VmLck"), before + 8);
}

TEST("RMP-14", "DONTUNMAP checks the hint like a fixed address")
{
	char *p = with_letters(free_range(3), 3), *hole = free_range(3), *q;

	EXPECT_ERR(raw_mremap(p, PAGE, PAGE, MAYMOVE | DONTUNMAP, hole + 1), EINVAL);
	EXPECT_ERR(raw_mremap(p, 2 * PAGE, 2 * PAGE, MAYMOVE | DONTUNMAP, p + PAGE), EINVAL);
	EXPECT_EQ(raw_mremap(p, PAGE, PAGE, MAYMOVE | DONTUNMAP, hole), hole);
	q = (char *)EXPECT_OK(raw_mremap(p + PAGE, PAGE, PAGE, MAYMOVE | DONTUNMAP, hole));
	EXPECT(q != hole); /* only a hint */
	EXPECT_EQ(hole[0], 'A');
	EXPECT_EQ(q[0], 'B');
}

TEST("RMP-15,LIM-1", "DONTUNMAP needs room for a second copy under RLIMIT_AS")
{
	char *p = with_letters(free_range(4), 4);

	set_limit(RLIMIT_AS, status_value("VmSize") * 1024 + 2 * PAGE);
	EXPECT_ERR(raw_mremap(p, 4 * PAGE, 4 * PAGE, MAYMOVE | DONTUNMAP, 0), ENOMEM);
	expect_letters(p, 4, 'A');
	EXPECT_OK(raw_mremap(p, 2 * PAGE, 2 * PAGE, MAYMOVE | DONTUNMAP, 0));
}

TEST("RMP-17", "limits give EAGAIN for locks and ENOMEM for size")
{
	char *p = with_letters(free_range(20), 4);

	set_limits(RLIMIT_MEMLOCK, 6 * PAGE, 6 * PAGE);
	drop_capability(CAP_IPC_LOCK);
	EXPECT_OK(raw_mlock(p, 4 * PAGE));
	EXPECT_ERR(raw_mremap(p, 4 * PAGE, 7 * PAGE, 0, 0), EAGAIN);
	EXPECT_EQ(raw_mremap(p, 4 * PAGE, 6 * PAGE, 0, 0), p);
	EXPECT_OK(raw_munlock(p, 6 * PAGE));
	set_limit(RLIMIT_AS, status_value("VmSize") * 1024 + PAGE);
	EXPECT_ERR(raw_mremap(p, 6 * PAGE, 8 * PAGE, MAYMOVE, 0), ENOMEM);
	EXPECT_EQ(raw_mremap(p, 6 * PAGE, 7 * PAGE, 0, 0), p);
	expect_letters(p, 4, 'A');
}

TEST("RMP-17,LIM-2", "RLIMIT_DATA is ENOMEM")
{
	char *p = with_letters(free_range(20), 4);

	set_limit(RLIMIT_DATA, status_value("VmData") * 1024 + PAGE);
	EXPECT_ERR(raw_mremap(p, 4 * PAGE, 6 * PAGE, MAYMOVE, 0), ENOMEM);
	EXPECT_EQ(raw_mremap(p, 4 * PAGE, 5 * PAGE, MAYMOVE, 0), p);
}

TEST("RMP-20", "a locked area that moves and grows stays locked and is populated")
{
	char *p = with_letters(free_range(3), 2), *q;
	long before = status_value("VmLck");

	EXPECT_OK(raw_mlock(p, 2 * PAGE));
	EXPECT_OK(raw_mmap(p + 2 * PAGE, PAGE, PROT_READ, PRIVATE | MAP_FIXED, -1, 0));
	q = (char *)EXPECT_OK(raw_mremap(p, 2 * PAGE, 5 * PAGE, MAYMOVE, 0));
	EXPECT_EQ(status_value("VmLck"), before + 20);
	EXPECT_STR(resident(q, 5), "11111");
	EXPECT_OK(raw_munlock(q, 5 * PAGE));
	EXPECT_EQ(status_value("VmLck"), before);
}

TEST("RMP-21", "moving the middle of an area leaves both ends")
{
	char *p = with_letters(free_range(5), 5), *q;

	q = (char *)EXPECT_OK(raw_mremap(p + PAGE, 2 * PAGE, 4 * PAGE, MAYMOVE, 0));
	expect_letters(p, 1, 'A');
	expect_letters(q, 2, 'B');
	expect_letters(p + 3 * PAGE, 2, 'D');
	EXPECT_AREAS(p, 5, "1 rw-p, 2 hole, 2 rw-p");
}

TEST("RMP-23", "what fork made copy-on-write stays so after a move")
{
	char *p = with_letters(free_range(3), 2), *q;
	int ends[2], back[2];
	char byte;
	pid_t pid;

	EXPECT_OK(raw(SYS_pipe, ends));
	EXPECT_OK(raw(SYS_pipe, back));
	EXPECT_OK(raw_mmap(p + 2 * PAGE, PAGE, PROT_READ, PRIVATE | MAP_FIXED, -1, 0));
	pid = test_fork();
	if (pid == 0) {
		EXPECT_EQ(raw_read(ends[0], &byte, 1), 1);
		expect_letters(p, 2, 'A'); /* the parent has written meanwhile */
		q = (char *)EXPECT_OK(raw_mremap(p, 2 * PAGE, 4 * PAGE, MAYMOVE, 0));
		q[0] = 'z';
		EXPECT_EQ(raw_write(back[1], "x", 1), 1);
		EXPECT_EQ(raw_read(ends[0], &byte, 1), 1);
		EXPECT_EQ(q[PAGE], 'B');
		_exit(0);
	}
	q = (char *)EXPECT_OK(raw_mremap(p, 2 * PAGE, 4 * PAGE, MAYMOVE, 0));
	q[0] = 'y';
	EXPECT_EQ(raw_write(ends[1], "x", 1), 1);
	EXPECT_EQ(raw_read(back[0], &byte, 1), 1);
	EXPECT_EQ(q[0], 'y');
	q[PAGE] = 'w';
	EXPECT_EQ(raw_write(ends[1], "x", 1), 1);
	EXPECT_EXIT(pid, 0);
}

struct counter {
	long *volatile cell;
	volatile long stores; /* successful increments */
	volatile int stop;
};

static void increment(void *argument)
{
	struct counter *counter = argument;

	for (;;) {
		__atomic_add_fetch(counter->cell, 1, __ATOMIC_SEQ_CST);
		counter->stores++;
		if (counter->stop)
			return;
	}
}

static void *counter_thread(void *argument)
{
	struct counter *counter = argument;

	while (!counter->stop)
		if (try_call(increment, counter).signal)
			raw(SYS_sched_yield);
	return NULL;
}

TEST("RMP-25", "a move loses no store of another thread")
{
	char *a = free_range(2), *b = a + PAGE;
	struct counter counter = {.cell = (long *)a};
	struct thread thread;

	EXPECT_EQ(raw_mmap(a, PAGE, RW, PRIVATE | MAP_FIXED, -1, 0), a);
	thread = thread_start(counter_thread, &counter);
	for (int i = 0; i < 400 || counter.stores < 1000; i++) {
		EXPECT_EQ(raw_mremap(a, PAGE, PAGE, MAYMOVE | FIXED, b), b);
		counter.cell = (long *)b;
		char *swap = a;

		a = b;
		b = swap;
		if (i % 4 == 0)
			raw(SYS_sched_yield);
	}
	counter.stop = 1;
	thread_join(thread);
	EXPECT_EQ(*(long *)a, counter.stores);
}
