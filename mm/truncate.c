// SPDX-License-Identifier: MIT
/*
 * mm/truncate.c - takes pages out of the page cache for ever.
 *
 *	|     first page       |  whole pages ...  |      last page       |
 *	       ^ lstart: zeroed    deleted            zeroed: lend ^
 *
 * The caller has set the new size (or fills no page of a hole meanwhile), so that pages taken out
 * do not come back. Locks: each page's lock in turn; the inode's lock is the caller's.
 */
#include <pagoda/kernel.h>
#include <pagoda/fs.h>
#include <pagoda/mm.h>
#include <pagoda/pagemap.h>
#include <pagoda/sched.h>

#define TRUNCATE_BATCH 16

/* Zeroes bytes [from, to) of a page that is in the cache; what is not there is zero already. */
static void zero_partial_page(struct address_space *mapping, pgoff_t index, unsigned int from,
			      unsigned int to)
{
	struct page *page = find_lock_page(mapping, index);

	if (!page)
		return;
	memset(page_address(page) + from, 0, to - from);
	set_page_dirty(page);
	unlock_page(page);
	put_page(page);
}

static void truncate_page(struct address_space *mapping, struct page *page)
{
	lock_page(page);
	if (page->mapping == mapping) {
		if (mapping->a_ops && mapping->a_ops->invalidate_page)
			mapping->a_ops->invalidate_page(page);
		delete_from_page_cache(page);
	}
	unlock_page(page);
	put_page(page);
}

/* Deletes pages [start, end] until there are none. */
static void truncate_whole_pages(struct address_space *mapping, pgoff_t start, pgoff_t end)
{
	struct page *pages[TRUNCATE_BATCH];
	pgoff_t index = start;
	unsigned int nr, i;

	while ((nr = find_get_pages_range(mapping, &index, end, TRUNCATE_BATCH, pages))) {
		for (i = 0; i < nr; i++)
			truncate_page(mapping, pages[i]);
		cond_resched();
	}
}

void truncate_inode_pages_range(struct address_space *mapping, loff_t lstart, loff_t lend)
{
	pgoff_t start = (lstart + PAGE_SIZE - 1) >> PAGE_SHIFT;
	pgoff_t end = lend == -1 ? ULONG_MAX : (pgoff_t)((lend + 1) >> PAGE_SHIFT); /* exclusive */
	unsigned int head = offset_in_page(lstart);
	unsigned int tail = lend == -1 ? 0 : offset_in_page(lend + 1);

	if (!READ_ONCE(mapping->nrpages))
		return;
	if (head && start > end) { /* begin and end in one page */
		zero_partial_page(mapping, start - 1, head, tail);
		return;
	}
	if (head)
		zero_partial_page(mapping, start - 1, head, PAGE_SIZE);
	if (tail)
		zero_partial_page(mapping, end, 0, tail);
	if (start < end)
		truncate_whole_pages(mapping, start, end - (lend != -1));
}

void truncate_inode_pages(struct address_space *mapping, loff_t lstart)
{
	truncate_inode_pages_range(mapping, lstart, -1);
}

void truncate_inode_pages_final(struct address_space *mapping)
{
	truncate_inode_pages(mapping, 0);
	VM_BUG_ON(mapping->nrpages);
}

/*
 * Unmapping comes first, so that few faults find the pages, and again afterwards: private copies
 * made from a page while it was being taken out must go too.
 */
void truncate_pagecache(struct inode *inode, loff_t newsize)
{
	struct address_space *mapping = inode->i_mapping;
	loff_t holebegin = round_up(newsize, (loff_t)PAGE_SIZE);

	unmap_mapping_range(mapping, holebegin, 0, true);
	truncate_inode_pages(mapping, newsize);
	unmap_mapping_range(mapping, holebegin, 0, true);
}

void truncate_pagecache_range(struct inode *inode, loff_t lstart, loff_t lend)
{
	struct address_space *mapping = inode->i_mapping;
	loff_t start = round_up(lstart, (loff_t)PAGE_SIZE);
	loff_t end = round_down(lend + 1, (loff_t)PAGE_SIZE);

	if (end > start)
		unmap_mapping_range(mapping, start, end - start, false);
	truncate_inode_pages_range(mapping, lstart, lend);
	if (end > start) /* what was mapped while its page was being taken out */
		unmap_mapping_range(mapping, start, end - start, false);
}
