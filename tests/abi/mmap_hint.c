// SPDX-License-Identifier: MIT
/*
 * tests/abi/mmap_hint.c - address hints and the choice of an address (docs/contract/mmap.md,
 * section 5).
 */
#include <string.h>
#include <unistd.h>

#include "lib/fault.h"
#include "lib/maps.h"
#include "lib/sys.h"
#include "lib/test.h"

#define LOW_END 0x80000000UL /* where MAP_32BIT ends */

/* Looks for the highest hole of `len` bytes below the highest mapping under the stack. */
struct search {
	unsigned long len, end_before, found, top;
};

static int look(const struct area *area, void *context)
{
	struct search *search = context;

	if (strcmp(area->name, "[stack]") == 0)
		return 0;
	if (area->start - search->end_before >= search->len)
		search->found = area->start - search->len;
	search->end_before = search->top = area->end;
	return 1;
}

/* Where an mmap without a hint must land, given that a mapping touches mmap_base. */
static unsigned long highest_hole(unsigned long pages)
{
	struct search search = {.len = pages * PAGE};

	for_each_area(look, &search);
	return search.found;
}

/* Maps until the holes above the last mapping are gone, so that the highest area touches mmap_base.
 */
static void fill_top(void)
{
	char *last = map_private(1, PROT_NONE), *next;

	for (int i = 0; i < 64; i++, last = next) {
		next = (char *)EXPECT_OK(
			raw_mmap(0, PAGE, PROT_NONE, SHARED | MAP_NORESERVE, -1, 0));
		if (next < last && next + PAGE != last)
			break;
	}
}

TEST("ADDR-1", "a hint is rounded down to a page")
{
	char *p = free_range(1);

	EXPECT_EQ(raw_mmap(p + 123, PAGE, RW, PRIVATE, -1, 0), p);
	EXPECT_OK(raw_munmap(p, PAGE));
	EXPECT_EQ(raw_mmap(p + 4095, PAGE, RW, PRIVATE, -1, 0), p);
}

TEST("ADDR-1,LAY-6", "a hint below mmap_min_addr becomes that address, one below a page is none")
{
	long low = read_number("/proc/sys/vm/mmap_min_addr");
	char *p;

	EXPECT_EQ(low, 65536);
	EXPECT_EQ(raw_mmap(0x1001, PAGE, RW, PRIVATE, -1, 0), low);
	EXPECT_OK(raw_munmap(low, PAGE));
	EXPECT_EQ(raw_mmap(low - 1, PAGE, RW, PRIVATE, -1, 0), low);
	p = (char *)EXPECT_OK(raw_mmap(0xfff, PAGE, RW, PRIVATE, -1, 0));
	EXPECT((unsigned long)p > 1UL << 32);
}

TEST("ADDR-2", "a usable hint is honoured exactly")
{
	char *p = free_range(8), *high;

	EXPECT_EQ(raw_mmap(p + 2 * PAGE, 3 * PAGE, RW, PRIVATE, -1, 0), p + 2 * PAGE);
	EXPECT_EQ(raw_mmap(p + PAGE, PAGE, RW, PRIVATE, -1, 0), p + PAGE);
	EXPECT_EQ(raw_mmap(p + 5 * PAGE, 2 * PAGE, RW, PRIVATE, -1, 0), p + 5 * PAGE);
	EXPECT_AREAS(p, 8, "1 hole, 6 rw-p, 1 hole");
	high = (char *)0x123456789000;
	EXPECT_EQ(raw_mmap(high, PAGE, RW, PRIVATE, -1, 0), high);
	high = (char *)0x20000000;
	EXPECT_EQ(raw_mmap(high, PAGE, RW, PRIVATE, -1, 0), high);
}

TEST("ADDR-3", "an unusable hint is ignored")
{
	char *p = map_private(4, RW), *q;
	unsigned long want;

	p[PAGE] = 1;
	want = highest_hole(2);
	q = (char *)EXPECT_OK(raw_mmap(p + PAGE, 2 * PAGE, RW, PRIVATE, -1, 0));
	EXPECT_EQ(q, want);
	EXPECT(q + 2 * PAGE <= p || q >= p + 4 * PAGE);
	EXPECT_EQ(p[PAGE], 1);
	want = highest_hole(1);
	EXPECT_EQ(raw_mmap(TASK_SIZE, PAGE, RW, PRIVATE, -1, 0), want);
	want = highest_hole(2);
	EXPECT_EQ(raw_mmap(TASK_SIZE - PAGE, 2 * PAGE, RW, PRIVATE, -1, 0), want);
	want = highest_hole(1);
	EXPECT_EQ(raw_mmap(-PAGE, PAGE, RW, PRIVATE, -1, 0), want);
	want = highest_hole(1);
	EXPECT_EQ(raw_mmap(0xffff888000000000, PAGE, RW, PRIVATE, -1, 0), want);
}

TEST("ADDR-4,VMA-3", "mappings without a hint are placed one below the other and merge")
{
	char *a, *b, *c;

	fill_top();
	a = map_private(5, RW);
	b = map_private(3, RW);
	c = map_private(1, RW);
	EXPECT_EQ(b, a - 3 * PAGE);
	EXPECT_EQ(c, b - PAGE);
	EXPECT_EQ(areas_in(c, 9), 1);
}

TEST("ADDR-4,ADDR-7", "the highest hole that is large enough is taken")
{
	char *p = map_private(40, RW);

	/* Holes of 1, 2, 3, 5 pages, and of 2 again at the top. */
	EXPECT_OK(raw_munmap(p + 2 * PAGE, PAGE));
	EXPECT_OK(raw_munmap(p + 5 * PAGE, 2 * PAGE));
	EXPECT_OK(raw_munmap(p + 10 * PAGE, 3 * PAGE));
	EXPECT_OK(raw_munmap(p + 20 * PAGE, 5 * PAGE));
	EXPECT_OK(raw_munmap(p + 30 * PAGE, 2 * PAGE));
	for (int round = 0; round < 2; round++)
		for (int pages = 1; pages < 7; pages++) {
			unsigned long want = highest_hole(pages);

			EXPECT_EQ(raw_mmap(0, pages * PAGE, PROT_READ, PRIVATE, -1, 0), want);
		}
}

TEST("ADDR-8", "a hole at the very top is used first")
{
	unsigned long top, got;
	struct search search = {.len = PAGE};

	fill_top();
	map_private(20, RW);
	for_each_area(look, &search);
	top = search.top;
	EXPECT_OK(raw_munmap(top - PAGE, PAGE));
	got = EXPECT_OK(raw_mmap(0, PAGE, PROT_EXEC | PROT_READ, PRIVATE, -1, 0));
	EXPECT_EQ(got, top - PAGE);
}

TEST("ADDR-2,ADDR-4,STK-6", "256 pages below a growing area stay free")
{
	char *p = free_range(600), *stack = p + 500 * PAGE;
	long gap = 256;

	EXPECT_EQ(raw_mmap(stack, PAGE, RW, PRIVATE | MAP_FIXED | MAP_GROWSDOWN, -1, 0), stack);
	EXPECT(raw_mmap(stack - PAGE, PAGE, RW, PRIVATE, -1, 0) != (long)(stack - PAGE));
	EXPECT(raw_mmap(stack - gap * PAGE, PAGE, RW, PRIVATE, -1, 0) !=
	       (long)(stack - gap * PAGE));
	EXPECT_AREAS(stack - 300 * PAGE, 301, "300 hole, 1 rw-p");
	EXPECT_EQ(raw_mmap(stack - (gap + 1) * PAGE, PAGE, RW, PRIVATE, -1, 0),
		  stack - (gap + 1) * PAGE);
	/* Above it nothing is kept. */
	EXPECT_EQ(raw_mmap(stack + PAGE, PAGE, RW, PRIVATE, -1, 0), stack + PAGE);
}

TEST("ADDR-4,STK-6", "a search from the top keeps the gap as well")
{
	char *p = map_private(700, PROT_NONE), *stack = p + 600 * PAGE;
	unsigned long got;

	/* The only large hole is the one below the growing area. */
	EXPECT_OK(raw_munmap(p + 100 * PAGE, 500 * PAGE));
	EXPECT_EQ(raw_mmap(stack, PAGE, RW, PRIVATE | MAP_FIXED | MAP_GROWSDOWN, -1, 0), stack);
	got = EXPECT_OK(raw_mmap(0, 200 * PAGE, PROT_READ, PRIVATE, -1, 0));
	EXPECT_EQ(got, stack - (256 + 200) * PAGE);
	got = EXPECT_OK(raw_mmap(0, 100 * PAGE, PROT_READ, PRIVATE, -1, 0));
	EXPECT(got + 100 * PAGE <= (unsigned long)p);
}

TEST("ADDR-5", "when nothing is free below mmap_base the space above it is used, then ENOMEM")
{
	unsigned long len = 1UL << 46, highest = 0, lowest = -1UL;
	int count = 0;

	while (len >= PAGE && count < 2000) {
		long p = raw_mmap(0, len, PROT_NONE, PRIVATE | MAP_NORESERVE, -1, 0);

		if (p < 0) {
			EXPECT_EQ(p, -ENOMEM);
			len /= 2;
			continue;
		}
		count++;
		highest = (unsigned long)p > highest ? (unsigned long)p : highest;
		lowest = (unsigned long)p < lowest ? (unsigned long)p : lowest;
	}
	EXPECT(lowest < 1UL << 40);
	EXPECT(highest > 0x7ff000000000);
	EXPECT_ERR(raw_mmap(0, PAGE, PROT_NONE, PRIVATE | MAP_NORESERVE, -1, 0), ENOMEM);
}

TEST("ADDR-6", "MAP_32BIT chooses from 1 to 2 GiB and ends with ENOMEM")
{
	unsigned long p = EXPECT_OK(raw_mmap(0, PAGE, RW, PRIVATE | MAP_32BIT, -1, 0));

	EXPECT(p >= 0x40000000 && p + PAGE <= LOW_END);
	*(char *)p = 1;
	EXPECT_EQ(raw_mmap(0x20000000, PAGE, RW, PRIVATE | MAP_32BIT, -1, 0), 0x20000000);
	p = EXPECT_OK(raw_mmap(0x100000000, PAGE, RW, PRIVATE | MAP_32BIT, -1, 0));
	EXPECT(p >= 0x40000000 && p + PAGE <= LOW_END);
	EXPECT_ERR(raw_mmap(0, 0x40000000 + PAGE, PROT_NONE, PRIVATE | MAP_32BIT | MAP_NORESERVE,
			    -1, 0),
		   ENOMEM);
	EXPECT_OK(raw_mmap(0, 0x40000000 + PAGE, PROT_NONE, PRIVATE | MAP_NORESERVE, -1, 0));
}
