// SPDX-License-Identifier: MIT
/*
 * user/bench/areas.c - what an address space of many areas costs: the same calls among 10, 1000
 * and 30,000 of them. A row may grow with the depth of a tree, not with the number of areas.
 */
#include "bench.h"
#include <sys/mman.h>
#include <unistd.h>

#define MOST 30000

static char *area[MOST];

/* Areas of two pages, every other one read-only, so that no two of them merge. */
static uint64_t create(unsigned long count)
{
	uint64_t t = ticks();

	for (unsigned long i = 0; i < count; i++) {
		int prot = i % 2 ? PROT_READ : PROT_READ | PROT_WRITE;

		area[i] = mmap(NULL, 2 * PAGE, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (area[i] == MAP_FAILED)
			fail("mmap");
	}
	return ticks() - t;
}

static void destroy(unsigned long count)
{
	for (unsigned long i = 0; i < count; i++)
		munmap(area[i], 2 * PAGE);
}

/* Areas in no order that a cache of the last one would help: this many times, far apart. */
static char *pick(unsigned long count, unsigned long i)
{
	return area[i * 7919 % (count / 2) * 2];
}

static uint64_t time_create(unsigned long count)
{
	uint64_t t = create(count);

	destroy(count);
	return t;
}

/*
 * The page that is touched has been there before, so that the tables are there: what is measured
 * is the way to the area and the page.
 */
static uint64_t time_faults(unsigned long count, unsigned long ops)
{
	uint64_t t = 0;

	create(count);
	for (unsigned long i = 0; i < ops; i++)
		touch(pick(count, i), PAGE);
	for (unsigned long i = 0; i < ops; i++) {
		char *p = pick(count, i);
		uint64_t before;

		madvise(p, PAGE, MADV_DONTNEED);
		before = ticks();
		touch(p, PAGE);
		t += ticks() - before;
	}
	destroy(count);
	return t;
}

static uint64_t time_mmap_munmap(unsigned long count, unsigned long ops)
{
	uint64_t t;

	create(count);
	t = ticks();
	while (ops--)
		munmap(map_anon(2 * PAGE), 2 * PAGE);
	t = ticks() - t;
	destroy(count);
	return t;
}

/* A whole area made inaccessible and writable again: no split, no merge. */
static uint64_t time_mprotect(unsigned long count, unsigned long ops)
{
	uint64_t t;

	create(count);
	t = ticks();
	for (unsigned long i = 0; i < ops; i++) {
		char *p = pick(count, i);

		mprotect(p, 2 * PAGE, PROT_NONE);
		mprotect(p, 2 * PAGE, PROT_READ | PROT_WRITE);
	}
	t = ticks() - t;
	destroy(count);
	return t;
}

#define OPS 500

#define ROWS(count)                                                                                \
	static uint64_t vma##count##_create(unsigned long ops)                                     \
	{                                                                                          \
		return time_create(ops);                                                           \
	}                                                                                          \
	static uint64_t vma##count##_fault(unsigned long ops)                                      \
	{                                                                                          \
		return time_faults(count, ops);                                                    \
	}                                                                                          \
	static uint64_t vma##count##_mmap_munmap_8k(unsigned long ops)                             \
	{                                                                                          \
		return time_mmap_munmap(count, ops);                                               \
	}                                                                                          \
	static uint64_t vma##count##_mprotect_pair(unsigned long ops)                              \
	{                                                                                          \
		return time_mprotect(count, ops);                                                  \
	}

#define ROW_NAMES(count)                                                                           \
	{"vma" #count "_create", count, vma##count##_create},                                      \
		{"vma" #count "_fault", OPS, vma##count##_fault},                                  \
		{"vma" #count "_mmap_munmap_8k", OPS, vma##count##_mmap_munmap_8k},                \
	{                                                                                          \
		"vma" #count "_mprotect_pair", OPS, vma##count##_mprotect_pair                     \
	}

ROWS(10)
ROWS(1000)
ROWS(30000)

static uint64_t fork_call_1000vmas(unsigned long ops)
{
	uint64_t t;

	create(1000);
	for (int i = 0; i < 1000; i += 2)
		touch(area[i], 2 * PAGE);
	t = time_forks(ops, 0);
	destroy(1000);
	return t;
}

static uint64_t fork_reaped_1000vmas(unsigned long ops)
{
	uint64_t t;

	create(1000);
	for (int i = 0; i < 1000; i += 2)
		touch(area[i], 2 * PAGE);
	t = time_forks(ops, 1);
	destroy(1000);
	return t;
}

const struct bench area_benches[] = {
	ROW_NAMES(10),
	ROW_NAMES(1000),
	ROW_NAMES(30000),
	{"fork_call_1000vmas", 5, fork_call_1000vmas},
	{"fork_reaped_1000vmas", 5, fork_reaped_1000vmas},
	{NULL, 0, NULL},
};
