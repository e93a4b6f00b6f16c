// SPDX-License-Identifier: MIT
/*
 * tests/host/memblock.c - boot memory against a model with one byte a page.
 */
#include <pagoda/memblock.h>
#include <pagoda/printk.h>
#include <pagoda/string.h>
#include <asm/page.h>
#include "test.h"
#include "../../mm/memblock.c"

#define PAGES 4096

/* What memblock should think of each page; a page may be reserved without being RAM. */
static u8 is_ram[PAGES], taken[PAGES];

void panic(const char *fmt, ...)
{
	test_failed(__FILE__, __LINE__, "panic: %s", fmt);
}

int printk(const char *fmt, ...)
{
	return 0;
}

static void start(void)
{
	ram.nr = reserved.nr = 0;
	memset(is_ram, 0, sizeof(is_ram));
	memset(taken, 0, sizeof(taken));
}

static void set(u8 *map, unsigned long first, unsigned long nr, u8 value)
{
	while (nr--)
		map[first++] = value;
}

static void check_against_model(void)
{
	phys_addr_t cursor = 0, begin, end, last = 0;
	unsigned long page, sum = 0, nr = 0;
	u8 seen[PAGES] = {0};

	for (page = 0; page < PAGES; page++) {
		CHECK_EQ(memblock_is_ram(page * PAGE_SIZE), is_ram[page]);
		sum += is_ram[page];
	}
	CHECK_EQ(memblock_phys_mem_size(), sum * PAGE_SIZE);
	while (memblock_next_free(&cursor, &begin, &end)) {
		CHECK(begin < end && begin >= last);
		last = end;
		set(seen, begin / PAGE_SIZE, (end - begin) / PAGE_SIZE, 1);
		CHECK(++nr < PAGES);
	}
	for (page = 0; page < PAGES; page++)
		CHECK_EQ(seen[page], is_ram[page] && !taken[page]);
}

static void ranges_merge(void)
{
	phys_addr_t begin, end;

	start();
	memblock_add(0, 10 * PAGE_SIZE); /* page 0 stays out */
	memblock_add(20 * PAGE_SIZE + 1, 10 * PAGE_SIZE);
	set(is_ram, 1, 9, 1);
	set(is_ram, 21, 9, 1); /* partial pages at the ends are dropped */
	check_against_model();
	memblock_add(10 * PAGE_SIZE, 11 * PAGE_SIZE);
	set(is_ram, 10, 11, 1);
	check_against_model();
	CHECK(memblock_ram_range(0, &begin, &end));
	CHECK_EQ(begin, PAGE_SIZE);
	CHECK_EQ(end, 30 * PAGE_SIZE);
	CHECK(!memblock_ram_range(1, &begin, &end));
	memblock_reserve(5 * PAGE_SIZE + 100, PAGE_SIZE); /* touches two pages */
	set(taken, 5, 2, 1);
	check_against_model();
}

static void allocations_are_free_memory(void)
{
	phys_addr_t base;
	int tries;

	start();
	memblock_add(PAGE_SIZE, 1000 * PAGE_SIZE);
	memblock_add(2000 * PAGE_SIZE, 500 * PAGE_SIZE);
	set(is_ram, 1, 1000, 1);
	set(is_ram, 2000, 500, 1);
	for (tries = 0; tries < 1000; tries++) {
		unsigned long nr = 1 + test_below(20), i;
		size_t align = PAGE_SIZE << test_below(6);

		base = memblock_alloc_phys(nr * PAGE_SIZE, align);
		if (!base)
			break;
		CHECK_EQ(base & (align - 1), 0);
		for (i = 0; i < nr; i++) {
			CHECK(is_ram[base / PAGE_SIZE + i]);
			CHECK(!taken[base / PAGE_SIZE + i]);
			taken[base / PAGE_SIZE + i] = 1;
		}
		check_against_model();
	}
	CHECK(tries > 50);
	while ((base = memblock_alloc_phys(1, 1)))
		taken[base / PAGE_SIZE] = 1;
	check_against_model();
	CHECK(taken[1]);
}

static void limits_hold(void)
{
	phys_addr_t base;

	start();
	memblock_add(PAGE_SIZE, 1000 * PAGE_SIZE);
	base = memblock_alloc_phys_below(3 * PAGE_SIZE, PAGE_SIZE, 100 * PAGE_SIZE);
	CHECK_EQ(base, 97 * PAGE_SIZE);
	CHECK_EQ(memblock_alloc_phys_below(200 * PAGE_SIZE, PAGE_SIZE, 100 * PAGE_SIZE), 0);
	base = memblock_alloc_phys(PAGE_SIZE, 0x100000);
	CHECK_EQ(base, 0x300000);
}

static void random_ranges(void)
{
	int round;

	for (round = 0; round < 2000; round++) {
		unsigned long first = 1 + test_below(PAGES - 200), nr = 1 + test_below(150);
		phys_addr_t base = first * PAGE_SIZE, size = nr * PAGE_SIZE;

		if (round % 50 == 0)
			start();
		if (test_below(2)) {
			memblock_add(base, size);
			set(is_ram, first, nr, 1);
		} else {
			memblock_reserve(base, size);
			set(taken, first, nr, 1);
		}
		if (round % 5 == 0)
			check_against_model();
	}
}

int main(void)
{
	RUN(ranges_merge);
	RUN(allocations_are_free_memory);
	RUN(limits_hold);
	RUN(random_ranges);
	return 0;
}
