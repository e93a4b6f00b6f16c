// SPDX-License-Identifier: MIT
/*
 * mm/unmap_mapping.c - from a file to the entries that map it, through i_mmap.
 *
 * Truncation removes pages from all address spaces.
 *
 * Locks: the i_mmap lock, for reading: VMAs on the list keep their ends, and the tables below them
 * are not freed while they are on it. mmap_lock is not taken.
 */
#include <pagoda/errno.h>
#include <pagoda/fs.h>
#include <pagoda/mmu_gather.h>
#include <pagoda/pagemap.h>
#include <asm/tlbflush.h>
#include "vm_internal.h"

/* The part of @vma that shows pages [first, last] of its file; false: none. */
static bool vma_part_of(const struct vm_area_struct *vma, pgoff_t first, pgoff_t last,
			unsigned long *start, unsigned long *end)
{
	pgoff_t vfirst = vma->vm_pgoff, vlast = vfirst + vma_pages(vma) - 1;

	if (last < vfirst || first > vlast)
		return false;
	first = max(first, vfirst);
	last = min(last, vlast);
	*start = vma->vm_start + ((first - vfirst) << PAGE_SHIFT);
	*end = vma->vm_start + ((last - vfirst + 1) << PAGE_SHIFT);
	return true;
}

void unmap_mapping_pages(struct address_space *mapping, pgoff_t first, pgoff_t nr, bool even_cows)
{
	pgoff_t last = nr ? first + nr - 1 : ULONG_MAX;
	struct vm_area_struct *vma;
	unsigned long start, end;
	struct mmu_gather tlb;

	if (last < first)
		last = ULONG_MAX;
	if (list_empty_careful(&mapping->i_mmap))
		return;
	down_read(&mapping->i_mmap_lock);
	list_for_each_entry (vma, &mapping->i_mmap, i_mmap_node) {
		if (!vma_part_of(vma, first, last, &start, &end))
			continue;
		update_hiwater_rss(vma->vm_mm);
		tlb_gather_mmu(&tlb, vma->vm_mm);
		unmap_page_range(&tlb, vma, start, end,
				 ZAP_KEEP_WP | (even_cows ? 0 : ZAP_KEEP_PRIVATE));
		tlb_finish_mmu(&tlb);
	}
	up_read(&mapping->i_mmap_lock);
}

void unmap_mapping_range(struct address_space *mapping, loff_t start, loff_t len, bool even_cows)
{
	pgoff_t first = (pgoff_t)start >> PAGE_SHIFT;
	pgoff_t nr = ((pgoff_t)len + PAGE_SIZE - 1) >> PAGE_SHIFT;

	unmap_mapping_pages(mapping, first, len ? nr : 0, even_cows);
}
