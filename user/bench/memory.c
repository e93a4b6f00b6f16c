// SPDX-License-Identifier: MIT
/*
 * user/bench/memory.c - faults, copy-on-write, mappings. "per page" rows divide by 4 KiB pages.
 */
#include "bench.h"
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SIZE  (16 * MiB)
#define PAGES (SIZE / PAGE)

static void read_all(const char *p, size_t size)
{
	for (size_t i = 0; i < size; i += PAGE)
		(void)((const volatile char *)p)[i];
}

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

/* ---- mappings ---------------------------------------------------------------------------- */

static uint64_t mmap_munmap_4k(unsigned long ops)
{
	uint64_t t = ticks();

	while (ops--)
		munmap(map_anon(PAGE), PAGE);
	return ticks() - t;
}

static uint64_t mmap_touch_munmap_64k(unsigned long ops)
{
	uint64_t t = ticks();

	while (ops--) {
		char *p = map_anon(16 * PAGE);

		touch(p, 16 * PAGE);
		munmap(p, 16 * PAGE);
	}
	return ticks() - t;
}

static uint64_t mprotect_ro_rw_write_1pg(unsigned long ops)
{
	char *p = map_anon(PAGE);
	uint64_t t;

	touch(p, PAGE);
	t = ticks();
	for (unsigned long i = 0; i < ops; i++) {
		mprotect(p, PAGE, PROT_READ);
		mprotect(p, PAGE, PROT_READ | PROT_WRITE);
		*(volatile char *)p = 1;
	}
	t = ticks() - t;
	munmap(p, PAGE);
	return t;
}

/* One page in the middle of an area of 64 made read-only and writable again: split and merge. */
static uint64_t mprotect_split_merge(unsigned long ops)
{
	char *p = map_anon(64 * PAGE);
	uint64_t t;

	touch(p, 64 * PAGE);
	t = ticks();
	for (unsigned long i = 0; i < ops; i++) {
		mprotect(p + 32 * PAGE, PAGE, PROT_READ);
		mprotect(p + 32 * PAGE, PAGE, PROT_READ | PROT_WRITE);
	}
	t = ticks() - t;
	munmap(p, 64 * PAGE);
	return t;
}

/* The raw call: musl's sbrk() only answers queries. */
static uint64_t brk_grow_touch_shrink_64k(unsigned long ops)
{
	char *base = (char *)syscall(SYS_brk, 0);
	uint64_t t = ticks();

	while (ops--) {
		if ((char *)syscall(SYS_brk, base + 16 * PAGE) != base + 16 * PAGE)
			fail("brk");
		touch(base, 16 * PAGE);
		syscall(SYS_brk, base);
	}
	return ticks() - t;
}

const struct bench memory_benches[] = {
	{"fault_anon_write", PAGES, fault_anon_write},
	{"fault_zero_read", PAGES, fault_zero_read},
	{"munmap_16m_touched", PAGES, munmap_16m_touched},
	{"cow_child_16m", PAGES, cow_child_16m},
	{"cow_reuse_16m", PAGES, cow_reuse_16m},
	{"cow_first_write_in_child_64m", 1, cow_first_write_in_child_64m},
	{"mmap_munmap_4k", 500, mmap_munmap_4k},
	{"mmap_touch_munmap_64k", 100, mmap_touch_munmap_64k},
	{"mprotect_ro_rw_write_1pg", 500, mprotect_ro_rw_write_1pg},
	{"mprotect_split_merge", 200, mprotect_split_merge},
	{"brk_grow_touch_shrink_64k", 100, brk_grow_touch_shrink_64k},
	{NULL, 0, NULL},
};
