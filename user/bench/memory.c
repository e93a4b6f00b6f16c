// SPDX-License-Identifier: MIT
/*
 * user/bench/memory.c - faults and copy-on-write; rows of many pages are per 4 KiB page.
 */
#include "bench.h"
#include <sys/mman.h>
#include <unistd.h>

#define SIZE  (16 * MiB)
#define PAGES (SIZE / PAGE)

static uint64_t fault_anon_write(unsigned long ops)
{
	char *p = map_anon(ops * PAGE);
	uint64_t t = ticks();

	touch(p, ops * PAGE);
	t = ticks() - t;
	munmap(p, ops * PAGE);
	return t;
}

static uint64_t fault_zero_read(unsigned long ops)
{
	char *p = map_anon(ops * PAGE);
	uint64_t t = ticks();

	read_all(p, ops * PAGE);
	t = ticks() - t;
	munmap(p, ops * PAGE);
	return t;
}

/* Pages that were read first: the zero page gives way to one of their own. */
static uint64_t fault_zero_upgrade(unsigned long ops)
{
	char *p = map_anon(ops * PAGE);
	uint64_t t;

	read_all(p, ops * PAGE);
	t = ticks();
	touch(p, ops * PAGE);
	t = ticks() - t;
	munmap(p, ops * PAGE);
	return t;
}

static uint64_t munmap_16m_touched(unsigned long ops)
{
	char *p = map_anon(ops * PAGE);
	uint64_t t;

	touch(p, ops * PAGE);
	t = ticks();
	munmap(p, ops * PAGE);
	return ticks() - t;
}

/* ---- copy on write ----------------------------------------------------------------------- */

/* A child that writes each of the pages reports its ticks in shared memory. */
static uint64_t cow_in_child(size_t size, size_t written)
{
	uint64_t *result =
		mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	char *p = map_anon(size);
	uint64_t t;
	int pid;

	if (result == MAP_FAILED)
		fail("mmap");
	*result = 0;
	touch(p, size);
	pid = fork();
	if (!pid) {
		t = ticks();
		touch(p, written);
		*result = ticks() - t;
		_exit(0);
	}
	reap(pid);
	t = *result;
	munmap(p, size);
	munmap(result, PAGE);
	return t;
}

static uint64_t cow_child_16m(unsigned long ops)
{
	return cow_in_child(ops * PAGE, ops * PAGE);
}

static uint64_t cow_first_write_in_child_64m(unsigned long ops)
{
	return cow_in_child(64 * MiB, PAGE);
}

/* The child has gone: the pages are the parent's alone again. */
static uint64_t cow_reuse_16m(unsigned long ops)
{
	char *p = map_anon(ops * PAGE);
	uint64_t t;
	int pid;

	touch(p, ops * PAGE);
	pid = fork();
	if (!pid)
		_exit(0);
	reap(pid);
	t = ticks();
	touch(p, ops * PAGE);
	t = ticks() - t;
	munmap(p, ops * PAGE);
	return t;
}

const struct bench memory_benches[] = {
	{"fault_anon_write", PAGES, fault_anon_write},
	{"fault_zero_read", PAGES, fault_zero_read},
	{"fault_zero_upgrade", PAGES, fault_zero_upgrade},
	{"munmap_16m_touched", PAGES, munmap_16m_touched},
	{"cow_child_16m", PAGES, cow_child_16m},
	{"cow_reuse_16m", PAGES, cow_reuse_16m},
	{"cow_first_write_in_child_64m", 1, cow_first_write_in_child_64m},
	{NULL, 0, NULL},
};
