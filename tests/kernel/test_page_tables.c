// SPDX-License-Identifier: MIT
/*
 * tests/kernel/test_page_tables.c - building, walking and freeing the tables of an address space.
 */
#include <pagoda/mmu_gather.h>
#include "mm_harness.h"

static int count_entries(pte_t pte, unsigned long addr, void *arg)
{
	(*(int *)arg)++;
	return 0;
}

KTEST(pt_tables_follow_the_mappings)
{
	unsigned long low = 0x40000000, high = 0x7e0000000000;
	struct test_mm t;
	int entries = 0;

	KTEST_ASSERT(test_mm_start(&t));
	map_anon(low, 1, PROT_RW, MAP_PRIVATE | MAP_FIXED);
	map_anon(high, 1, PROT_RW, MAP_PRIVATE | MAP_FIXED);
	KTEST_EXPECT_EQ(mm_pgtables_bytes(t.mm), 0);
	KTEST_EXPECT(poke(t.mm, low, 1));
	KTEST_EXPECT_EQ(mm_pgtables_bytes(t.mm), 3 * PAGE_SIZE);
	KTEST_EXPECT(poke(t.mm, high, 1));
	KTEST_EXPECT_EQ(mm_pgtables_bytes(t.mm), 6 * PAGE_SIZE);
	pt_walk(t.mm, 0, TASK_SIZE_MAX, count_entries, &entries);
	KTEST_EXPECT_EQ(entries, 2);
	KTEST_EXPECT_EQ(vm_munmap(high, PAGE_SIZE), 0);
	KTEST_EXPECT_EQ(mm_pgtables_bytes(t.mm), 3 * PAGE_SIZE);
	KTEST_EXPECT_EQ(vm_munmap(low, PAGE_SIZE), 0);
	KTEST_EXPECT_EQ(mm_pgtables_bytes(t.mm), 0);
	test_mm_end(&t);
}

/* UNMAP-12: a table stays while a neighbour in its 2 MiB needs it. */
KTEST(pt_shared_table_stays)
{
	unsigned long addr = 0x40000000;
	struct test_mm t;

	KTEST_ASSERT(test_mm_start(&t));
	map_anon(addr, 1, PROT_RW, MAP_PRIVATE | MAP_FIXED);
	map_anon(addr + 2 * PAGE_SIZE, 1, PROT_READ, MAP_PRIVATE | MAP_FIXED);
	KTEST_EXPECT(poke(t.mm, addr, 1));
	KTEST_EXPECT_EQ(vm_munmap(addr, PAGE_SIZE), 0);
	KTEST_EXPECT_EQ(mm_pgtables_bytes(t.mm), 3 * PAGE_SIZE);
	KTEST_EXPECT_EQ(peek(t.mm, addr + 2 * PAGE_SIZE), 0);
	KTEST_EXPECT_EQ(mm_verify(t.mm), 0);
	KTEST_EXPECT_EQ(vm_munmap(addr + 2 * PAGE_SIZE, PAGE_SIZE), 0);
	KTEST_EXPECT_EQ(mm_pgtables_bytes(t.mm), 0);
	test_mm_end(&t);
}

KTEST(pt_handle_counts_what_it_installs)
{
	struct pt_handle pt;
	struct test_mm t;
	unsigned long addr;

	KTEST_ASSERT(test_mm_start(&t));
	addr = map_anon(0, 1, PROT_READ, MAP_PRIVATE);
	KTEST_EXPECT_EQ(pt_lock_existing(t.mm, addr, &pt), -ENOENT);
	KTEST_EXPECT(pt.addr > addr);
	KTEST_EXPECT_EQ(pt_lock_writable(t.mm, addr, &pt), 0);
	KTEST_EXPECT(pte_none(ptep_get(pt.pte)));
	pt_install(&pt, pte_mkspecial(pfn_pte(zero_pfn, PAGE_READONLY)));
	KTEST_EXPECT_EQ(pt.table->pt_special, 1);
	KTEST_EXPECT_EQ(pt.table->pt_anon, 0);
	pt_unlock(&pt);
	KTEST_EXPECT_EQ(peek(t.mm, addr), 0);
	KTEST_EXPECT_EQ(get_mm_rss(t.mm), 0);
	test_mm_end(&t);
}

KTEST(pt_walk_stops_when_told)
{
	unsigned long addr;
	struct test_mm t;
	int entries = 0;

	KTEST_ASSERT(test_mm_start(&t));
	addr = map_anon(0x40000000, 1024, PROT_RW, MAP_PRIVATE | MAP_FIXED | MAP_POPULATE);
	pt_walk(t.mm, addr, addr + 1024 * PAGE_SIZE, count_entries, &entries);
	KTEST_EXPECT_EQ(entries, 1024);
	entries = 0;
	pt_walk(t.mm, addr + PAGE_SIZE, addr + 600 * PAGE_SIZE, count_entries, &entries);
	KTEST_EXPECT_EQ(entries, 599);
	test_mm_end(&t);
}

/* As many pages as a gather can hold, and that end with a table: the next one needs room. */
KTEST(pt_gather_is_emptied_in_time)
{
	unsigned long addr = 0x40000000, pages = 5 * PTRS_PER_PTE;
	struct test_mm t;

	KTEST_ASSERT(test_mm_start(&t));
	map_anon(addr, pages, PROT_RW, MAP_PRIVATE | MAP_FIXED | MAP_POPULATE);
	KTEST_EXPECT_EQ(get_mm_rss(t.mm), pages);
	KTEST_EXPECT_EQ(vm_munmap(addr, pages << PAGE_SHIFT), 0);
	KTEST_EXPECT_EQ(get_mm_rss(t.mm), 0);
	KTEST_EXPECT_EQ(mm_pgtables_bytes(t.mm), 0);
	test_mm_end(&t);
}
