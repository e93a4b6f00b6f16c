// SPDX-License-Identifier: MIT
/*
 * tests/abi/mmap_random.c - long random sequences of calls against a model of the address space.
 *
 * The model keeps, for each page of an arena, its protection and the byte that it must hold. After
 * every call the arena's areas in maps, and after every few calls the contents, must be those of the
 * model. The sequence is the same in every run.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/fault.h"
#include "lib/maps.h"
#include "lib/sys.h"
#include "lib/test.h"

enum { PAGES = 48, NOTHING = -1 };

struct page {
	int prot; /* NOTHING where nothing is mapped */
	char value;
	bool shared; /* anonymous, of an object of its own */
};

static struct page model[PAGES];
static char *arena;
static unsigned long seed;
static bool child_checks; /* shared pages must stay as they are */

static unsigned int random_below(unsigned int n)
{
	seed = seed * 6364136223846793005UL + 1442695040888963407UL;
	return (seed >> 33) % n;
}

static int random_prot(void)
{
	static const int prots[] = {PROT_NONE, PROT_READ, RW, RW, RW, PROT_READ | PROT_EXEC};

	return prots[random_below(sizeof(prots) / sizeof(prots[0]))];
}

static void model_set(int start, int count, struct page page)
{
	for (int i = start; i < start + count; i++)
		model[i] = page;
}

static bool mapped(int start, int count)
{
	for (int i = start; i < start + count; i++)
		if (model[i].prot == NOTHING)
			return false;
	return true;
}

/* Permissions of each page in maps, and that neighbours which agree in the model's eyes are whole. */
static int check_area(const struct area *area, void *context)
{
	bool *seen = context;

	for (unsigned long at = area->start; at < area->end; at += PAGE) {
		long i = ((long)at - (long)arena) / (long)PAGE;
		struct page *page = &model[i];

		if (at < (unsigned long)arena || i >= PAGES)
			continue;
		if (page->prot == NOTHING)
			FAIL("page %ld is mapped", i);
		if ((area->perms[0] == 'r') != !!(page->prot & PROT_READ) ||
		    (area->perms[1] == 'w') != !!(page->prot & PROT_WRITE) ||
		    (area->perms[2] == 'x') != !!(page->prot & PROT_EXEC) ||
		    (area->perms[3] == 's') != page->shared)
			FAIL("page %ld is %s with prot %d", i, area->perms, page->prot);
		seen[i] = true;
	}
	return 1;
}

static void check_areas(void)
{
	bool seen[PAGES] = {false};

	for_each_area(check_area, seen);
	for (int i = 0; i < PAGES; i++)
		if (model[i].prot != NOTHING && !seen[i])
			FAIL("page %d is not mapped", i);
}

static void check_contents(void)
{
	for (int i = 0; i < PAGES; i++) {
		char *p = arena + i * PAGE + random_below(PAGE);

		if (model[i].prot == NOTHING)
			EXPECT_SEGV(p, READ, SEGV_MAPERR);
		else if (model[i].prot == PROT_NONE)
			EXPECT_SEGV(p, READ, SEGV_ACCERR);
		else if (*(volatile char *)p != model[i].value)
			FAIL("page %d holds %d, not %d", i, *p, model[i].value);
		if (model[i].prot > 0 && !(model[i].prot & PROT_WRITE))
			EXPECT_SEGV(p, WRITE, SEGV_ACCERR);
	}
}

static void do_map(int start, int count)
{
	struct page page = {random_prot(), 0, random_below(4) == 0};
	int flags = (page.shared ? SHARED : PRIVATE) | MAP_FIXED;

	if (random_below(4) == 0)
		flags |= MAP_POPULATE;
	EXPECT_EQ(raw_mmap(arena + start * PAGE, count * PAGE, page.prot, flags, -1, 0),
		  arena + start * PAGE);
	model_set(start, count, page);
}

static void do_unmap(int start, int count)
{
	EXPECT_EQ(raw_munmap(arena + start * PAGE, count * PAGE), 0);
	model_set(start, count, (struct page){NOTHING, 0, false});
}

static void do_protect(int start, int count)
{
	int prot = random_prot();
	long result = raw_mprotect(arena + start * PAGE, count * PAGE, prot);

	EXPECT_EQ(result, mapped(start, count) ? 0 : -ENOMEM);
	if (model[start].prot == NOTHING)
		return;
	for (int i = start; i < start + count && model[i].prot != NOTHING; i++)
		model[i].prot = prot;
}

static void do_write(int start, int count)
{
	char value = 1 + random_below(100);

	for (int i = start; i < start + count; i++)
		if (model[i].prot != NOTHING && model[i].prot & PROT_WRITE &&
		    !(child_checks && model[i].shared)) {
			memset(arena + i * PAGE, value, PAGE);
			model[i].value = value;
		}
}

static void do_dontneed(int start, int count)
{
	long result = raw_madvise(arena + start * PAGE, count * PAGE, MADV_DONTNEED);

	EXPECT_EQ(result, mapped(start, count) ? 0 : -ENOMEM);
	for (int i = start; i < start + count; i++)
		if (model[i].prot != NOTHING && !model[i].shared)
			model[i].value = 0;
}

/* Moves one page to another place of the arena. */
static void do_move(int start, int count)
{
	int to = random_below(PAGES);
	long result;

	if (to == start)
		return;
	result = raw_mremap(arena + start * PAGE, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
			    arena + to * PAGE);
	if (model[start].prot == NOTHING) {
		EXPECT_EQ(result, -EFAULT);
		return;
	}
	EXPECT_EQ(result, arena + to * PAGE);
	model[to] = model[start];
	model[start] = (struct page){NOTHING, 0, false};
}

/* A child writes to everything private; the parent must not notice. Shared memory it leaves alone. */
static void do_fork(int start, int count)
{
	pid_t pid = test_fork();

	if (pid == 0) {
		check_areas();
		check_contents();
		for (int i = 0; i < PAGES; i++)
			if (model[i].prot == RW && !model[i].shared)
				memset(arena + i * PAGE, 'c', PAGE);
		_exit(0);
	}
	child_checks = true;
	do_write(start, count);
	EXPECT_EXIT(pid, 0);
	child_checks = false;
}

static void run(unsigned long first_seed, int steps)
{
	static void (*const calls[])(int start, int count) = {
		do_map,	  do_map,   do_unmap,	 do_protect, do_protect,
		do_write, do_write, do_dontneed, do_move,
	};

	seed = first_seed;
	arena = free_range(PAGES + 16) + 8 * PAGE;
	model_set(0, PAGES, (struct page){NOTHING, 0, false});
	for (int step = 0; step < steps; step++) {
		int start = random_below(PAGES), count = 1 + random_below(PAGES - start);

		if (count > 12)
			count = 1 + count % 12;
		calls[random_below(sizeof(calls) / sizeof(calls[0]))](start, count);
		if (step % 3 == 0)
			check_areas();
		if (step % 16 == 0)
			check_contents();
		if (step % 40 == 0)
			do_fork(start, count);
	}
	EXPECT_OK(raw_munmap(arena, PAGES * PAGE));
	EXPECT_AREAS(arena, PAGES, "48 hole");
}

TEST_SLOW("GEN-10,ACC-1", "a random sequence of calls agrees with the model", 40)
{
	run(1, 600);
}

TEST_SLOW("GEN-10,VMA-10,UNMAP-6", "another random sequence agrees with the model", 40)
{
	run(20240717, 600);
}

struct busy {
	char *pages;
	volatile int stop;
};

static void *busy_thread(void *argument)
{
	struct busy *busy = argument;

	while (!busy->stop) {
		memset(busy->pages, 1, 16 * PAGE);
		EXPECT_OK(raw_madvise(busy->pages, 16 * PAGE, MADV_DONTNEED));
		raw(SYS_sched_yield);
	}
	return NULL;
}

TEST_SLOW("GEN-10,FLT-24", "a random sequence agrees while another thread faults elsewhere", 40)
{
	struct busy busy = {map_private(16, RW), 0};
	struct thread thread = thread_start(busy_thread, &busy);

	run(3, 300);
	busy.stop = 1;
	thread_join(thread);
}
