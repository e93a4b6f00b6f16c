// SPDX-License-Identifier: MIT
/*
 * tests/abi/tlb.c - no CPU uses a translation that is gone (docs/contract/mmap.md, section 24).
 *
 * With one CPU these tests still run and prove what they can. Nothing waits for time to pass: each step
 * is handed over by a word in memory.
 */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "lib/fault.h"
#include "lib/maps.h"
#include "lib/sys.h"
#include "lib/test.h"

static void wait_until(volatile int *word, int value)
{
	while (__atomic_load_n(word, __ATOMIC_SEQ_CST) != value)
		raw(SYS_sched_yield);
}

static void set(volatile int *word, int value)
{
	__atomic_store_n(word, value, __ATOMIC_SEQ_CST);
}

struct swap {
	char *volatile page;
	volatile int step; /* odd: the reader's turn, even: the mapper's; -1: the end */
	volatile char seen;
};

/* Reads the page at every step; the translation of the step before may be in this CPU's TLB. */
static void *read_steps(void *argument)
{
	struct swap *swap = argument;

	if (cpu_count() > 1)
		pin_to_cpu(1);
	for (;;) {
		int step = __atomic_load_n(&swap->step, __ATOMIC_SEQ_CST);

		if (step < 0)
			return NULL;
		if (step % 2 == 0) {
			raw(SYS_sched_yield);
			continue;
		}
		swap->seen = *(volatile char *)swap->page;
		set(&swap->step, step + 1);
	}
}

static char read_elsewhere(struct swap *swap)
{
	int step = swap->step + 1;

	set(&swap->step, step);
	wait_until(&swap->step, step + 1);
	return swap->seen;
}

TEST("TLB-1,FIX-2", "another CPU reads what is mapped now, not what was there")
{
	int a = temp_file(PAGE), b = temp_file(PAGE);
	struct swap swap = {.page = map_private(1, RW)};
	struct thread thread = thread_start(read_steps, &swap);

	EXPECT_EQ(raw_pwrite(a, "a", 1, 0), 1);
	EXPECT_EQ(raw_pwrite(b, "b", 1, 0), 1);
	for (int i = 0; i < 300; i++) {
		int fd = i % 2 ? a : b;

		EXPECT_EQ(raw_mmap(swap.page, PAGE, PROT_READ, MAP_SHARED | MAP_FIXED, fd, 0),
			  swap.page);
		EXPECT_EQ(read_elsewhere(&swap), i % 2 ? 'a' : 'b');
	}
	set(&swap.step, -1);
	thread_join(thread);
}

TEST("TLB-1,MADV-5", "another CPU reads zero after DONTNEED")
{
	struct swap swap = {.page = map_private(1, RW)};
	struct thread thread = thread_start(read_steps, &swap);

	for (int i = 0; i < 300; i++) {
		swap.page[0] = 'x';
		EXPECT_EQ(read_elsewhere(&swap), 'x');
		EXPECT_OK(raw_madvise(swap.page, PAGE, MADV_DONTNEED));
		EXPECT_EQ(read_elsewhere(&swap), 0);
	}
	set(&swap.step, -1);
	thread_join(thread);
}

TEST("TLB-1,RMP-7", "another CPU reads what was moved there")
{
	char *p = map_alone(3, RW);
	struct swap swap = {.page = p};
	struct thread thread = thread_start(read_steps, &swap);

	for (int i = 0; i < 200; i++) {
		p[0] = 'o';
		EXPECT_EQ(read_elsewhere(&swap), 'o');
		EXPECT_EQ(raw_mmap(p + 2 * PAGE, PAGE, RW, PRIVATE | MAP_FIXED, -1, 0),
			  p + 2 * PAGE);
		p[2 * PAGE] = 'n';
		EXPECT_EQ(raw_mremap(p + 2 * PAGE, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, p),
			  p);
		EXPECT_EQ(read_elsewhere(&swap), 'n');
	}
	set(&swap.step, -1);
	thread_join(thread);
}

TEST("TLB-1,FILE-6", "another CPU gets SIGBUS after truncation, not the old page")
{
	int fd = temp_file(PAGE);
	char *p = (char *)EXPECT_OK(raw_mmap(0, PAGE, RW, MAP_SHARED, fd, 0));
	struct swap swap = {.page = p};
	struct thread thread = thread_start(read_steps, &swap);

	for (int i = 0; i < 200; i++) {
		p[0] = 'f';
		EXPECT_EQ(read_elsewhere(&swap), 'f');
		EXPECT_OK(raw_ftruncate(fd, 0));
		EXPECT_OK(raw_ftruncate(fd, PAGE));
		EXPECT_EQ(read_elsewhere(&swap), 0);
	}
	set(&swap.step, -1);
	thread_join(thread);
}

TEST("TLB-1", "ranges of every length are flushed whole")
{
	static const int lengths[] = {1, 2, 31, 33, 34, 64, 511, 512, 513, 1100};
	struct swap swap = {.page = map_private(1, RW)};
	struct thread thread = thread_start(read_steps, &swap);
	char *p = map_alone(1100, RW);

	raw_madvise(p, 1100 * PAGE, MADV_NOHUGEPAGE);
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		int last = lengths[i] - 1, probes[] = {0, last / 2, last};

		for (int page = 0; page <= last; page++)
			p[page * PAGE] = 'o';
		for (int j = 0; j < 3; j++) { /* into the other CPU's TLB */
			swap.page = p + probes[j] * PAGE;
			EXPECT_EQ(read_elsewhere(&swap), 'o');
		}
		EXPECT_OK(raw_madvise(p, lengths[i] * PAGE, MADV_DONTNEED));
		for (int j = 0; j < 3; j++) {
			swap.page = p + probes[j] * PAGE;
			EXPECT_EQ(read_elsewhere(&swap), 0);
		}
	}
	set(&swap.step, -1);
	thread_join(thread);
}

struct cow {
	volatile char *area;
	volatile int stop;
	volatile long rounds;
};

enum { COW_PAGES = 16 };

/* Writes a rising number to every page and reads it back at once. */
static void *write_and_check(void *argument)
{
	struct cow *cow = argument;

	if (cpu_count() > 1)
		pin_to_cpu(1);
	for (unsigned char value = 1; !cow->stop; value++) {
		for (int i = 0; i < COW_PAGES; i++)
			cow->area[i * PAGE] = value;
		for (int i = 0; i < COW_PAGES; i++)
			if (cow->area[i * PAGE] != (char)value)
				FAIL("a store to page %d was lost", i);
		cow->rounds++;
	}
	return NULL;
}

TEST("TLB-3,TLB-4", "a thread that writes while others fork loses no store, and no child sees one")
{
	char *p = map_alone(COW_PAGES, RW);
	struct cow cow = {.area = p};
	struct thread thread;

	memset(p, 0, COW_PAGES * PAGE);
	thread = thread_start(write_and_check, &cow);
	for (int i = 0; i < 25 || cow.rounds < 25; i++) {
		pid_t pid = raw(SYS_fork);

		EXPECT_OK(pid);
		if (pid == 0) {
			char seen[COW_PAGES];

			for (int page = 0; page < COW_PAGES; page++)
				seen[page] = p[page * PAGE];
			for (int round = 0; round < 20; round++) {
				raw(SYS_sched_yield);
				for (int page = 0; page < COW_PAGES; page++)
					if (p[page * PAGE] != seen[page])
						FAIL("a child saw its parent's later store");
			}
			raw(SYS_exit_group, 0);
		}
		EXPECT_EXIT(pid, 0);
	}
	cow.stop = 1;
	thread_join(thread);
}

TEST("TLB-4,MMAP-12", "what the parent writes after fork does not reach the child")
{
	char *p = map_private(8, RW);
	int ends[2];
	char byte;

	EXPECT_OK(raw(SYS_pipe, ends));
	for (int i = 0; i < 30; i++) {
		pid_t pid;

		memset(p, 'a', 8 * PAGE);
		pid = test_fork();
		if (pid == 0) {
			EXPECT_EQ(raw_read(ends[0], &byte, 1), 1);
			for (int page = 0; page < 8; page++)
				EXPECT_EQ(p[page * PAGE + 100], 'a');
			_exit(0);
		}
		memset(p, 'b', 8 * PAGE);
		EXPECT_EQ(raw_write(ends[1], "x", 1), 1);
		EXPECT_EXIT(pid, 0);
	}
}

TEST("TLB-2,FLT-19", "rights that are added are there for all threads without a signal")
{
	struct swap swap = {.page = map_private(1, RW)};
	struct thread thread = thread_start(read_steps, &swap);

	swap.page[0] = 'r';
	for (int i = 0; i < 200; i++) {
		EXPECT_OK(raw_mprotect(swap.page, PAGE, PROT_NONE));
		EXPECT_OK(raw_mprotect(swap.page, PAGE, i % 2 ? PROT_READ : RW));
		EXPECT_EQ(read_elsewhere(&swap), 'r'); /* a signal would end the test */
	}
	set(&swap.step, -1);
	thread_join(thread);
}

TEST("TLB-5,TLB-6", "address spaces that come and go on all CPUs keep their contents apart")
{
	int cpus = cpu_count();
	volatile char *mark = map_private(1, RW);

	for (int i = 0; i < 20; i++) {
		pid_t pids[4];

		for (int j = 0; j < 4; j++) {
			pids[j] = test_fork();
			if (pids[j] == 0) {
				mark[0] = 'A' + j;
				for (int round = 0; round < 10; round++) {
					pin_to_cpu((j + round) % cpus);
					raw(SYS_sched_yield);
					EXPECT_EQ(mark[0], 'A' + j);
				}
				_exit(0);
			}
		}
		for (int j = 0; j < 4; j++)
			EXPECT_EXIT(pids[j], 0);
		EXPECT_EQ(mark[0], 0);
	}
}
