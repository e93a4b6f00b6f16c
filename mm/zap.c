// SPDX-License-Identifier: MIT
/*
 * mm/zap.c - removing the entries of a range, for munmap, madvise, truncation and exit.
 *
 * The entries are cleared under the PTL of their table, the pages gathered, and freed by the gather
 * after the flush. An entry that was dirty hands that on to its page in the page cache.
 */
#include <pagoda/errno.h>
#include <pagoda/gfp.h>
#include <pagoda/mmu_gather.h>
#include <pagoda/pagemap.h>
#include <pagoda/sched.h>
#include <pagoda/userfaultfd_k.h>
#include "vm_internal.h"

/*
 * Zaps one table's part of the range; returns where it stopped, before the end when the gather is
 * full. With ZAP_KEEP_WP a mark stays behind in a marker.
 */
static unsigned long zap_table(struct mmu_gather *tlb, struct pt_handle *pt, unsigned long end,
			       unsigned int flags)
{
	const pte_t *last = pt->pte + ((end - pt->addr) >> PAGE_SHIFT);
	struct pt_counts counts = {};
	pte_t *ptep = pt->pte;
	unsigned long addr;
	bool full = false;

	for (; !full && (ptep = pt_skip_none(ptep, last)) != last; ptep++) {
		pte_t pte = ptep_get(ptep);
		struct page *page = pte_present(pte) ? vm_normal_page(pte) : NULL;

		addr = pt->addr + ((ptep - pt->pte) << PAGE_SHIFT);
		if (unlikely(flags) && ((flags & ZAP_KEEP_PRIVATE && (!page || PageAnon(page))) ||
					(flags & ZAP_KEEP_WP && is_pte_marker(pte))))
			continue;
		pte = ptep_get_and_clear(tlb->mm, addr, ptep);
		pt_counts_add(&counts, pte, page, -1);
		if (unlikely(flags & ZAP_KEEP_WP) && pte_uffd_wp(pte)) {
			set_pte(ptep, pte_uffd_wp_marker());
			counts.special++;
		}
		tlb_remove_tlb_range(tlb, addr, addr + PAGE_SIZE);
		if (!page)
			continue;
		if (!PageAnon(page) && pte_dirty(pte))
			set_page_dirty(page);
		full = tlb_remove_page(tlb, page);
	}
	pt_counts_apply(pt, &counts);
	return pt->addr + ((ptep - pt->pte) << PAGE_SHIFT);
}

void unmap_page_range(struct mmu_gather *tlb, struct vm_area_struct *vma, unsigned long start,
		      unsigned long end, unsigned int flags)
{
	struct pt_handle pt;

	if (likely(!userfaultfd_wp(vma)) || vma_is_anonymous(vma))
		flags &= ~ZAP_KEEP_WP;
	while (pt_lock_next(tlb->mm, &start, end, &pt)) {
		start = zap_table(tlb, &pt, start, flags);
		pt_unlock(&pt);
		if (tlb_is_full(tlb))
			tlb_flush_mmu(tlb);
		cond_resched();
	}
}

/* Every entry of one table; its counts say when the last one has been found. */
static void zap_whole_table(struct mmu_gather *tlb, struct page *table)
{
	struct pt_counts counts = {};
	struct pt_handle pt;
	unsigned int left;
	const pte_t *end;

	pt_lock_table(tlb->mm, table, &pt);
	end = pt.pte + PTRS_PER_PTE;
	for (left = pt_entries(table); left; left--) {
		pte_t *ptep = pt.pte = pt_skip_none(pt.pte, end);
		pte_t pte = ptep_get_and_clear_full(ptep);
		struct page *page = pte_present(pte) ? vm_normal_page(pte) : NULL;

		pt_counts_add(&counts, pte, page, -1);
		if (!page)
			continue;
		if (!PageAnon(page) && pte_dirty(pte))
			set_page_dirty(page);
		if (tlb_remove_page(tlb, page)) /* nothing to flush: it only frees */
			tlb_flush_mmu(tlb);
	}
	pt_counts_apply(&pt, &counts);
	pt_unlock(&pt);
}

void unmap_all_tables(struct mmu_gather *tlb)
{
	struct page *table;

	list_for_each_entry (table, &tlb->mm->pte_tables, pt_list) {
		zap_whole_table(tlb, table);
		cond_resched();
	}
}

void zap_page_range(struct vm_area_struct *vma, unsigned long start, unsigned long len)
{
	struct mmu_gather tlb;

	update_hiwater_rss(vma->vm_mm);
	tlb_gather_mmu(&tlb, vma->vm_mm);
	unmap_page_range(&tlb, vma, start, start + len, ZAP_KEEP_WP);
	tlb_finish_mmu(&tlb);
}
