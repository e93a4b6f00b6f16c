// SPDX-License-Identifier: MIT
/*
 * user/bench/remap.c - mmap and munmap, mprotect, mremap, madvise, brk. Rows named after a size
 * are per call, "per page" and 16m or 4m ones per 4 KiB page.
 */
#include "bench.h"
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PAGES_4M  (4 * MiB / PAGE)
#define PAGES_16M (16 * MiB / PAGE)

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

static uint64_t mmap_munmap_1m(unsigned long ops)
{
	uint64_t t = ticks();

	while (ops--)
		munmap(map_anon(MiB), MiB);
	return ticks() - t;
}

static uint64_t mmap_populate_16m(unsigned long ops)
{
	int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE;
	uint64_t t = ticks();
	char *p = mmap(NULL, ops * PAGE, PROT_READ | PROT_WRITE, flags, -1, 0);

	t = ticks() - t;
	if (p == MAP_FAILED)
		fail("mmap");
	munmap(p, ops * PAGE);
	return t;
}

/* A pair of changes of rights, each over all of the touched pages. */
static uint64_t mprotect_4m_per_page(unsigned long ops)
{
	char *p = map_anon(ops * PAGE);
	uint64_t t;

	touch(p, ops * PAGE);
	t = ticks();
	mprotect(p, ops * PAGE, PROT_READ);
	mprotect(p, ops * PAGE, PROT_READ | PROT_WRITE);
	t = ticks() - t;
	munmap(p, ops * PAGE);
	return t;
}

static uint64_t madvise_dontneed_4m(unsigned long ops)
{
	char *p = map_anon(ops * PAGE);
	uint64_t t;

	touch(p, ops * PAGE);
	t = ticks();
	madvise(p, ops * PAGE, MADV_DONTNEED);
	t = ticks() - t;
	munmap(p, ops * PAGE);
	return t;
}

/* ---- mremap ------------------------------------------------------------------------------ */

/* 1 MiB of touched pages to and fro between two places. */
static uint64_t mremap_move_1m(unsigned long ops)
{
	char *a = map_anon(MiB), *b = map_anon(MiB), *swap;
	uint64_t t;

	touch(a, MiB);
	t = ticks();
	while (ops--) {
		if (mremap(a, MiB, MiB, MREMAP_MAYMOVE | MREMAP_FIXED, b) != b)
			fail("mremap");
		swap = a;
		a = b;
		b = swap;
	}
	t = ticks() - t;
	munmap(a, MiB);
	return t;
}

static uint64_t mremap_grow_touch_shrink(unsigned long ops)
{
	char *p = map_anon(64 * PAGE);
	uint64_t t;

	munmap(p + PAGE, 63 * PAGE);
	touch(p, PAGE);
	t = ticks();
	while (ops--) {
		if (mremap(p, PAGE, 4 * PAGE, 0) != p)
			fail("mremap");
		touch(p + PAGE, 3 * PAGE);
		mremap(p, 4 * PAGE, PAGE, 0);
	}
	t = ticks() - t;
	munmap(p, PAGE);
	return t;
}

/* As realloc() does: doubled from 64 KiB to 1 MiB, moved when it must be. */
static uint64_t mremap_realloc_64k(unsigned long ops)
{
	uint64_t t = ticks();

	for (unsigned long i = 0; i < ops; i++) {
		size_t size = MiB / 16;
		char *p = map_anon(size), *next;

		touch(p, size);
		for (; size < MiB; size *= 2, p = next) {
			next = mremap(p, size, 2 * size, MREMAP_MAYMOVE);
			if (next == MAP_FAILED)
				fail("mremap");
		}
		munmap(p, size);
	}
	return ticks() - t;
}

const struct bench remap_benches[] = {
	{"mmap_munmap_4k", 500, mmap_munmap_4k},
	{"mmap_munmap_1m", 500, mmap_munmap_1m},
	{"mmap_populate_16m", PAGES_16M, mmap_populate_16m},
	{"mmap_touch_munmap_64k", 100, mmap_touch_munmap_64k},
	{"mprotect_ro_rw_write_1pg", 500, mprotect_ro_rw_write_1pg},
	{"mprotect_split_merge", 200, mprotect_split_merge},
	{"mprotect_4m_per_page", PAGES_4M, mprotect_4m_per_page},
	{"madvise_dontneed_4m", PAGES_4M, madvise_dontneed_4m},
	{"mremap_move_1m", 100, mremap_move_1m},
	{"mremap_grow_touch_shrink", 200, mremap_grow_touch_shrink},
	{"mremap_realloc_64k", 50, mremap_realloc_64k},
	{"brk_grow_touch_shrink_64k", 100, brk_grow_touch_shrink_64k},
	{NULL, 0, NULL},
};
