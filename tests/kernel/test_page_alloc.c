// SPDX-License-Identifier: MIT
/*
 * tests/kernel/test_page_alloc.c - the buddy allocator and the per-CPU page lists.
 */
#include <pagoda/kernel.h>
#include <pagoda/gfp.h>
#include <pagoda/mm.h>
#include "ktest.h"

KTEST(page_alloc_single)
{
	struct page *page = alloc_page(GFP_KERNEL);

	KTEST_ASSERT(page);
	KTEST_EXPECT_EQ(page_count(page), 1);
	KTEST_EXPECT_EQ(page->flags, 0);
	KTEST_EXPECT(pfn_valid(page_to_pfn(page)));
	KTEST_EXPECT(virt_to_page(page_address(page)) == page);
	get_page(page);
	put_page(page);
	KTEST_EXPECT_EQ(page_count(page), 1);
	put_page(page);
}

KTEST(page_alloc_zeroed)
{
	unsigned long *p = (void *)__get_free_page(GFP_KERNEL);
	unsigned int i, bad = 0;

	KTEST_ASSERT(p);
	memset(p, 0xff, PAGE_SIZE);
	free_page((unsigned long)p);
	p = (void *)get_zeroed_page(GFP_KERNEL);
	KTEST_ASSERT(p);
	for (i = 0; i < PAGE_SIZE / sizeof(*p); i++)
		bad += p[i] != 0;
	KTEST_EXPECT_EQ(bad, 0);
	free_page((unsigned long)p);
}

KTEST(page_alloc_orders)
{
	unsigned int order;

	for (order = 0; order < MAX_ORDER - 1; order++) {
		struct page *page = alloc_pages(GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN, order);

		if (!page && order > 3)
			break; /* small machines are fragmented */
		KTEST_ASSERT(page);
		KTEST_EXPECT_EQ(page_to_pfn(page) & ((1UL << order) - 1), 0);
		__free_pages(page, order);
		KTEST_EXPECT_EQ(buddy_verify(), 0);
	}
	KTEST_EXPECT(!alloc_pages(GFP_KERNEL, MAX_ORDER));
}

KTEST(page_alloc_compound)
{
	struct page *page = alloc_pages(GFP_KERNEL | __GFP_COMP, 2);

	KTEST_ASSERT(page);
	KTEST_EXPECT_EQ(compound_order(page), 2);
	KTEST_EXPECT_EQ(page_size(page), 4 * PAGE_SIZE);
	KTEST_EXPECT(compound_head(page + 3) == page);
	put_page(page);
	KTEST_EXPECT_EQ(buddy_verify(), 0);
}

/* More pages than a CPU's list holds go to the buddy lists and merge again. */
KTEST(page_alloc_many)
{
	unsigned long counts[MAX_ORDER], after[MAX_ORDER];
	unsigned int i, n = 0;
	LIST_HEAD(pages);

	drain_all_pages();
	buddy_counts(counts);
	for (; n < 1000; n++) {
		struct page *page = alloc_page(GFP_KERNEL);

		KTEST_ASSERT(page);
		list_add(&page->lru, &pages);
	}
	KTEST_EXPECT_EQ(buddy_verify(), 0);
	while (!list_empty(&pages)) {
		struct page *page = list_first_entry(&pages, struct page, lru);

		list_del(&page->lru);
		put_page(page);
	}
	drain_all_pages();
	KTEST_EXPECT_EQ(buddy_verify(), 0);
	buddy_counts(after);
	for (i = 0; i < MAX_ORDER; i++)
		KTEST_EXPECT_EQ(after[i], counts[i]);
}

KTEST(page_alloc_release_batch)
{
	struct page *pages[32];
	unsigned int i;

	for (i = 0; i < 32; i++) {
		pages[i] = alloc_page(GFP_KERNEL);
		KTEST_ASSERT(pages[i]);
	}
	release_pages(pages, 32);
}

/* Without sleeping, an allocation stops at the reserve; atomic ones may take half of it. */
KTEST(page_alloc_reserve)
{
	unsigned long min = min_free_pages(), taken = 0;
	struct page *page, *next;
	LIST_HEAD(pages);

	while ((page = alloc_page(GFP_NOWAIT | __GFP_NOWARN))) {
		list_add(&page->lru, &pages);
		taken++;
	}
	KTEST_EXPECT(nr_free_pages() <= min + 512);
	KTEST_EXPECT(nr_free_pages() >= min);
	page = alloc_page(GFP_ATOMIC);
	KTEST_EXPECT(page);
	if (page)
		list_add(&page->lru, &pages);
	list_for_each_entry_safe (page, next, &pages, lru)
		put_page(page);
	drain_all_pages();
	KTEST_EXPECT_EQ(buddy_verify(), 0);
	KTEST_EXPECT(taken > 0);
}

KTEST(page_alloc_fault_injection)
{
	struct page *first, *second, *third;

	fail_alloc_set(2);
	first = alloc_page(GFP_KERNEL);
	second = alloc_page(GFP_KERNEL);
	third = alloc_page(GFP_KERNEL);
	KTEST_EXPECT_EQ(fail_alloc_set(0), 0);
	KTEST_EXPECT(first && !second && third);
	if (first)
		put_page(first);
	if (second)
		put_page(second);
	if (third)
		put_page(third);
}

KTEST(page_alloc_zero_page)
{
	KTEST_EXPECT(PageReserved(pfn_to_page(zero_pfn)));
	KTEST_EXPECT_EQ(*(unsigned long *)pfn_to_virt(zero_pfn), 0);
}
