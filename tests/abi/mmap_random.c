// SPDX-License-Identifier: MIT
/*
 * tests/abi/mmap_random.c - long random sequences of calls against a model of the address space.
 *
 * The arena consists of units of one page, or of many pages, of which one in each unit is used, so that
 * ranges reach over page tables and their directories. The model keeps for each unit its protection and
 * the byte that its page must hold. After every few calls the areas in maps and the contents must be
 * those of the model. The sequences are the same in every run. Several threads may play at once, each
 * with an arena and a model of its own.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/fault.h"
#include "lib/maps.h"
#include "lib/sys.h"
#include "lib/test.h"

enum { UNITS = 48, NOTHING = -1 };

struct unit {
	int prot; /* NOTHING where nothing is mapped */
	char value;
	bool shared; /* anonymous, of an object of its own */
};

static __thread struct unit model[UNITS];
static __thread char *arena;
static __thread size_t unit_size;  /* bytes */
static __thread bool child_checks; /* shared pages must stay as they are */

static int random_prot(void)
{
	static const int prots[] = {PROT_NONE, PROT_READ, RW, RW, RW, PROT_READ | PROT_EXEC};

	return prots[random_below(sizeof(prots) / sizeof(prots[0]))];
}

static void model_set(int start, int count, struct unit unit)
{
	for (int i = start; i < start + count; i++)
		model[i] = unit;
}

static char *unit_at(int i)
{
	return arena + i * unit_size;
}

/* The page of unit i that is used: at the start, the end, or in between. */
static char *page_of(int i)
{
	size_t pages = unit_size / PAGE;

	return unit_at(i) + i * 2654435761UL % pages * PAGE;
}

static bool mapped(int start, int count)
{
	for (int i = start; i < start + count; i++)
		if (model[i].prot == NOTHING)
			return false;
	return true;
}

static int check_area(const struct area *area, void *context)
{
	bool *seen = context;

	for (int i = 0; i < UNITS; i++) {
		unsigned long start = (unsigned long)unit_at(i), end = start + unit_size;
		const struct unit *unit = &model[i];

		if (area->start >= end || area->end <= start)
			continue;
		if (unit->prot == NOTHING)
			FAIL("unit %d is mapped", i);
		if (area->start > start || area->end < end)
			FAIL("unit %d is not of one piece", i);
		if ((area->perms[0] == 'r') != !!(unit->prot & PROT_READ) ||
		    (area->perms[1] == 'w') != !!(unit->prot & PROT_WRITE) ||
		    (area->perms[2] == 'x') != !!(unit->prot & PROT_EXEC) ||
		    (area->perms[3] == 's') != unit->shared)
			FAIL("unit %d is %s with prot %d", i, area->perms, unit->prot);
		seen[i] = true;
	}
	return 1;
}

static void check_areas(void)
{
	bool seen[UNITS] = {false};

	for_each_area(check_area, seen);
	for (int i = 0; i < UNITS; i++)
		if (model[i].prot != NOTHING && !seen[i])
			FAIL("unit %d is not mapped", i);
}

static void check_contents(void)
{
	for (int i = 0; i < UNITS; i++) {
		char *p = page_of(i) + random_below(PAGE);

		if (model[i].prot == NOTHING)
			EXPECT_SEGV(p, READ, SEGV_MAPERR);
		else if (model[i].prot == PROT_NONE)
			EXPECT_SEGV(p, READ, SEGV_ACCERR);
		else if (*(volatile char *)p != model[i].value)
			FAIL("unit %d holds %d, not %d", i, *p, model[i].value);
		if (model[i].prot > 0 && !(model[i].prot & PROT_WRITE))
			EXPECT_SEGV(p, WRITE, SEGV_ACCERR);
	}
}

static void do_map(int start, int count)
{
	struct unit unit = {random_prot(), 0, random_below(4) == 0};
	int flags = (unit.shared ? SHARED : PRIVATE) | MAP_FIXED | MAP_NORESERVE;

	if (unit_size == PAGE && random_below(4) == 0)
		flags |= MAP_POPULATE;
	EXPECT_EQ(raw_mmap(unit_at(start), count * unit_size, unit.prot, flags, -1, 0),
		  unit_at(start));
	model_set(start, count, unit);
}

static void do_unmap(int start, int count)
{
	EXPECT_EQ(raw_munmap(unit_at(start), count * unit_size), 0);
	model_set(start, count, (struct unit){NOTHING, 0, false});
}

static void do_protect(int start, int count)
{
	int prot = random_prot();
	long result = raw_mprotect(unit_at(start), count * unit_size, prot);

	EXPECT_EQ(result, mapped(start, count) ? 0 : -ENOMEM);
	for (int i = start; i < start + count && model[i].prot != NOTHING; i++)
		model[i].prot = prot;
}

static void do_write(int start, int count)
{
	char value = 1 + random_below(100);

	for (int i = start; i < start + count; i++)
		if (model[i].prot != NOTHING && model[i].prot & PROT_WRITE &&
		    !(child_checks && model[i].shared)) {
			memset(page_of(i), value, PAGE);
			model[i].value = value;
		}
}

static void do_dontneed(int start, int count)
{
	long result = raw_madvise(unit_at(start), count * unit_size, MADV_DONTNEED);

	EXPECT_EQ(result, mapped(start, count) ? 0 : -ENOMEM);
	for (int i = start; i < start + count; i++)
		if (model[i].prot != NOTHING && !model[i].shared)
			model[i].value = 0;
}

/* Moves one unit to another place of the arena. Its page moves with it, to where it is not looked for. */
static void do_move(int start, int count)
{
	int to = random_below(UNITS);
	long distance = page_of(to) - unit_at(to) - (page_of(start) - unit_at(start));
	long result;

	if (to == start)
		return;
	result = raw_mremap(unit_at(start), unit_size, unit_size, MREMAP_MAYMOVE | MREMAP_FIXED,
			    unit_at(to));
	if (model[start].prot == NOTHING) {
		EXPECT_EQ(result, -EFAULT);
		return;
	}
	EXPECT_EQ(result, unit_at(to));
	model[to] = model[start];
	model[start] = (struct unit){NOTHING, 0, false};
	if (model[to].prot > 0 && distance && page_of(to)[-distance] != model[to].value)
		FAIL("unit %d holds %d after it was moved", to, page_of(to)[-distance]);
	if (distance) /* the page that is looked at from now on was never used, or long ago */
		EXPECT_OK(raw_mmap(
			unit_at(to), unit_size, model[to].prot,
			(model[to].shared ? SHARED : PRIVATE) | MAP_FIXED | MAP_NORESERVE, -1, 0));
	if (distance)
		model[to].value = 0;
}

/* A child writes to everything private; the parent must not notice. Shared memory it leaves alone. */
static void do_fork(int start, int count)
{
	pid_t pid = test_fork();

	if (pid == 0) {
		check_areas();
		check_contents();
		for (int i = 0; i < UNITS; i++)
			if (model[i].prot == RW && !model[i].shared)
				memset(page_of(i), 'c', PAGE);
		_exit(0);
	}
	child_checks = true;
	do_write(start, count);
	EXPECT_EXIT(pid, 0);
	child_checks = false;
}

static void play(char *where, size_t unit_pages, unsigned long first_seed, int steps)
{
	static void (*const calls[])(int start, int count) = {
		do_map,	  do_map,   do_unmap,	 do_protect, do_protect,
		do_write, do_write, do_dontneed, do_move,
	};

	random_seed = first_seed;
	unit_size = unit_pages * PAGE;
	arena = where;
	model_set(0, UNITS, (struct unit){NOTHING, 0, false});
	raw(SYS_prctl, 41 /* PR_SET_THP_DISABLE */, 1, 0, 0, 0);
	for (int step = 0; step < steps; step++) {
		int start = random_below(UNITS), count = 1 + random_below(UNITS - start);

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
	EXPECT_OK(raw_munmap(arena, UNITS * unit_size));
	EXPECT_EQ(areas_in(arena, UNITS * unit_pages), 0);
}

static void run(char *where, size_t unit_pages, unsigned long first_seed, int steps)
{
	long tables = status_value("VmPTE"), size = status_value("VmSize");

	play(where, unit_pages, first_seed, steps);
	EXPECT_EQ(status_value("VmSize"), size);
	EXPECT(status_value("VmPTE") <= tables + 8);
}

TEST_SLOW("GEN-10,ACC-1", "a random sequence of calls agrees with the model", 40)
{
	run(free_range(UNITS), 1, 1, 500);
}

TEST_SLOW("GEN-10,VMA-10,UNMAP-6", "another one does, across the border of all tables", 40)
{
	run((char *)0x108000000000 - UNITS / 2 * PAGE, 1, 20240717, 500);
}

TEST_SLOW("GEN-10,UNMAP-12,LAY-10", "units as large as a page table agree with the model", 40)
{
	run((char *)0x107fffe00000, 512, 5, 300);
}

TEST_SLOW("GEN-10,UNMAP-12,LAY-10", "units a page larger than a table agree with the model", 40)
{
	run((char *)0x108000000000 - 20 * PAGE, 513, 6, 300);
}

TEST_SLOW("GEN-10,UNMAP-12,LAY-10", "units of 1 GiB agree with the model", 40)
{
	run((char *)0x107fc0000000, 1 << 18, 7, 300);
}

static void *player(void *argument)
{
	unsigned long number = (unsigned long)argument;

	play((char *)0x200000000000 + number * 100 * PAGE, 1, number, 150);
	return NULL;
}

TEST_SLOW("GEN-10,FLT-24,TLB-3", "three threads agree with their models, each in its arena", 40)
{
	struct thread threads[3];

	for (unsigned long i = 0; i < 3; i++)
		threads[i] = thread_start(player, (void *)(i + 11));
	for (int i = 0; i < 3; i++)
		thread_join(threads[i]);
}
