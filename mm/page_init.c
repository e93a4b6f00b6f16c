// SPDX-License-Identifier: MIT
/*
 * mm/page_init.c - from memblock to the page allocator.
 *
 * The array of struct page stands at VMEMMAP_START, one entry a frame, and is backed with memory
 * only around RAM: each range of RAM is widened to blocks of the largest order, so that the buddy
 * of any frame has a struct page too. Frames that are not RAM, or are reserved, get PG_reserved.
 */
#include <pagoda/kernel.h>
#include <pagoda/gfp.h>
#include <pagoda/memblock.h>
#include <pagoda/mm.h>
#include <pagoda/printk.h>
#include <asm/pgtable.h>
#include "internal.h"

#define MAX_BLOCK_PAGES (1UL << (MAX_ORDER - 1))

unsigned long max_pfn;

/* What read faults of anonymous memory map, with a special entry: not counted, never freed. */
char empty_zero_page[PAGE_SIZE] __aligned(PAGE_SIZE);
unsigned long zero_pfn;

bool pfn_valid(unsigned long pfn)
{
	return memblock_is_ram(PFN_PHYS(pfn));
}

/* struct pages for frames [first, end), all reserved with one reference, until some are freed. */
static void init_vmemmap(unsigned long first, unsigned long end)
{
	struct page *page = pfn_to_page(first), *last = pfn_to_page(end);

	if (vmemmap_populate((unsigned long)page, (unsigned long)last))
		panic("no memory for the page array (frames %#lx to %#lx)", first, end);
	memset(page, 0, (unsigned long)last - (unsigned long)page);
	for (; page < last; page++) {
		page->flags = 1UL << PG_reserved;
		set_page_count(page, 1);
	}
}

static void init_page_array(void)
{
	unsigned long done = 0;
	phys_addr_t start, end;
	unsigned int i;

	for (i = 0; memblock_ram_range(i, &start, &end); i++) {
		unsigned long first = ALIGN_DOWN(PHYS_PFN(start), MAX_BLOCK_PAGES);
		unsigned long last = ALIGN(PHYS_PFN(end), MAX_BLOCK_PAGES);

		first = max(first, done);
		if (first < last)
			init_vmemmap(first, last);
		done = max(done, last);
		max_pfn = PHYS_PFN(end);
	}
}

void mem_init(void)
{
	phys_addr_t cursor = 0, start, end;

	buddy_init();
	init_page_array();
	while (memblock_next_free(&cursor, &start, &end))
		buddy_add(PHYS_PFN(start), PHYS_PFN(end));
	zero_pfn = PHYS_PFN(__pa_symbol(empty_zero_page));
	page_alloc_init();
	pr_info("Memory: %luK/%lluK available\n", zone.free_pages << (PAGE_SHIFT - 10),
		memblock_phys_mem_size() >> 10);
}

unsigned long free_reserved_area(void *start, void *end, const char *what)
{
	unsigned long pfn = PHYS_PFN(__pa(PAGE_ALIGN(start)));
	unsigned long last = PHYS_PFN(__pa(PAGE_ALIGN_DOWN(end)));
	unsigned long nr = 0;

	for (; pfn < last; pfn++) {
		/* What the boot loader put above the limit of mem= is not ours. */
		if (!pfn_valid(pfn) || WARN_ON(!PageReserved(pfn_to_page(pfn))))
			continue;
		buddy_add(pfn, pfn + 1);
		nr++;
	}
	if (nr)
		pr_info("Freeing %s memory: %luK\n", what, nr << (PAGE_SHIFT - 10));
	return nr;
}
