// SPDX-License-Identifier: MIT
/*
 * mm/truncate.c - takes pages out of the page cache for ever, and out of who maps them.
 *
 *	|     first page       |  whole pages ...  |      last page       |
 *	       ^ lstart: zeroed    deleted            zeroed: lend ^
 *
 * The caller has set the new size (or fills no page of a hole meanwhile), so that pages taken out
 * do not come back.
 *
 * Locks: each page's lock in turn; the inode's lock is the caller's. To unmap, the i_mmap lock, for
 * reading: VMAs on the list keep their ends, and the tables below them are not freed while they are
 * on it. mmap_lock is not taken.
 */
#include <pagoda/kernel.h>
#include <pagoda/fs.h>
#include <pagoda/mmu_gather.h>
#include <pagoda/pagemap.h>
#include <pagoda/sched.h>
#include "vm_internal.h"

#define TRUNCATE_BATCH 16

/* ---- Out of the page cache --------------------------------------------------------------- */

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

/* Deletes pages [start, end) until there are none. */
static void truncate_whole_pages(struct address_space *mapping, pgoff_t start, pgoff_t end)
{
	struct page *pages[TRUNCATE_BATCH];
	unsigned int nr, i;

	while ((nr = find_get_pages_range(mapping, &start, end - 1, TRUNCATE_BATCH, pages))) {
		for (i = 0; i < nr; i++) {
			lock_page(pages[i]);
			if (pages[i]->mapping == mapping)
				delete_from_page_cache(pages[i]);
			unlock_page(pages[i]);
			put_page(pages[i]);
		}
		cond_resched();
	}
}

/* The page behind the last whole one; @lend -1 is behind all of them. */
static pgoff_t whole_pages_end(loff_t lend)
{
	return lend == -1 ? ULONG_MAX : (pgoff_t)(lend + 1) >> PAGE_SHIFT;
}

void truncate_inode_pages_range(struct address_space *mapping, loff_t lstart, loff_t lend)
{
	pgoff_t start = PFN_UP(lstart), end = whole_pages_end(lend);
	unsigned int head = offset_in_page(lstart), tail = offset_in_page(lend + 1);

	if (!READ_ONCE(mapping->nrpages))
		return;
	if (head && start > end) { /* begin and end in one page */
		zero_partial_page(mapping, end, head, tail);
		return;
	}
	if (head)
		zero_partial_page(mapping, start - 1, head, PAGE_SIZE);
	if (tail)
		zero_partial_page(mapping, end, 0, tail);
	if (start < end)
		truncate_whole_pages(mapping, start, end);
}

void truncate_inode_pages_final(struct address_space *mapping)
{
	truncate_inode_pages_range(mapping, 0, -1);
	VM_BUG_ON(mapping->nrpages);
}

/* ---- Out of the tables that map it ------------------------------------------------------- */

/* The entries of @vma for pages [first, end) of its file; private copies too if @even_cows. */
static void unmap_from_vma(struct vm_area_struct *vma, pgoff_t first, pgoff_t end, bool even_cows)
{
	struct mmu_gather tlb;

	first = max(first, vma->vm_pgoff);
	end = min(end, vma->vm_pgoff + vma_pages(vma));
	if (first >= end)
		return;
	update_hiwater_rss(vma->vm_mm);
	tlb_gather_mmu(&tlb, vma->vm_mm);
	unmap_page_range(&tlb, vma, vma->vm_start + ((first - vma->vm_pgoff) << PAGE_SHIFT),
			 vma->vm_start + ((end - vma->vm_pgoff) << PAGE_SHIFT),
			 ZAP_KEEP_WP | (even_cows ? 0 : ZAP_KEEP_PRIVATE));
	tlb_finish_mmu(&tlb);
}

static void unmap_mapping_pages(struct address_space *mapping, pgoff_t first, pgoff_t end,
				bool even_cows)
{
	struct vm_area_struct *vma;

	if (first >= end || list_empty_careful(&mapping->i_mmap))
		return;
	down_read(&mapping->i_mmap_lock);
	list_for_each_entry (vma, &mapping->i_mmap, i_mmap_node)
		unmap_from_vma(vma, first, end, even_cows);
	up_read(&mapping->i_mmap_lock);
}

/*
 * Unmapping comes first, so that few faults find the pages, and again afterwards: what was mapped
 * or copied from a page while it was being taken out must go too.
 */
static void unmap_and_truncate(struct inode *inode, loff_t lstart, loff_t lend, bool even_cows)
{
	struct address_space *mapping = inode->i_mapping;
	pgoff_t first = PFN_UP(lstart), end = whole_pages_end(lend);

	unmap_mapping_pages(mapping, first, end, even_cows);
	truncate_inode_pages_range(mapping, lstart, lend);
	unmap_mapping_pages(mapping, first, end, even_cows);
}

void truncate_pagecache(struct inode *inode, loff_t newsize)
{
	unmap_and_truncate(inode, newsize, -1, true);
}

void truncate_pagecache_range(struct inode *inode, loff_t lstart, loff_t lend)
{
	unmap_and_truncate(inode, lstart, lend, false);
}
