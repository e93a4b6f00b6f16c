// SPDX-License-Identifier: MIT
/*
 * mm/vmscan.c - memory is short: takes back what can be had without anybody losing data.
 *
 *	1. pages that programs gave up with MADV_FREE and have not written since
 *	2. spare kernel stacks; empty slabs
 *	3. free pages that lie on the lists of other CPUs
 *
 * MADV_FREE leaves an entry clean and its page without PG_swapbacked. A write makes the entry dirty
 * again, without a fault, and the page is kept. There is no reverse map, so the tables of each
 * address space that has such pages (mm->lazyfree) are walked; no VMA is looked at, and mmap_lock,
 * which the caller may hold, is not needed.
 *
 * Pages of files live nowhere else and stay.
 *
 * Locks: mmlist_lock, page_table_lock, PTL, in this order, keep address spaces and tables from going
 * away during the walk.
 */
#include <pagoda/kernel.h>
#include <pagoda/mmu_gather.h>
#include <pagoda/sched.h>
#include <pagoda/slab.h>
#include <pagoda/vmalloc.h>
#include <pagoda/vmstat.h>
#include "internal.h"
#include "vm_internal.h"

/* ---- pages that programs gave up ------------------------------------------------------------- */

/*
 * An access that comes meanwhile waits for the PTL, so all CPUs are flushed before it is dropped: no
 * CPU may still read the old page when another has written to a new one.
 */
static unsigned long reclaim_table(struct mmu_gather *tlb, struct page *table, unsigned long nr)
{
	struct pt_counts counts = {};
	unsigned long freed = 0;
	struct pt_handle pt;
	const pte_t *end;
	pte_t *ptep;

	pt_lock_table(tlb->mm, table, &pt);
	end = pt.pte + PTRS_PER_PTE;
	for (ptep = pt.pte; freed < nr && (ptep = pt_skip_none(ptep, end)) != end; ptep++) {
		pte_t pte = ptep_get(ptep);

		if (!pte_lazyfree(pte))
			continue;
		pte = ptep_get_and_clear(tlb->mm, 0, ptep);
		if (pte_dirty(pte)) { /* written just now */
			set_pte(ptep, pte);
			continue;
		}
		pt_counts_add(&counts, pte, pte_page(pte), -1);
		freed++;
		tlb_remove_tlb_range(tlb, 0, tlb->mm->task_size);
		if (tlb_remove_page(tlb, pte_page(pte)))
			tlb_flush_mmu(tlb);
	}
	pt_counts_apply(&pt, &counts);
	tlb_flush_mmu(tlb);
	pt_unlock(&pt);
	return freed;
}

static unsigned long reclaim_mm(struct mm_struct *mm, unsigned long nr)
{
	unsigned long freed = 0;
	struct mmu_gather tlb;
	struct page *table;

	WRITE_ONCE(mm->lazyfree, false); /* before the walk: what is marked meanwhile sets it */
	update_hiwater_rss(mm);
	tlb_gather_mmu(&tlb, mm);
	spin_lock(&mm->page_table_lock);
	list_for_each_entry (table, &mm->pte_tables, pt_list) {
		if (table->pt_anon)
			freed += reclaim_table(&tlb, table, nr - freed);
		if (freed >= nr) {
			WRITE_ONCE(mm->lazyfree, true);
			break;
		}
	}
	spin_unlock(&mm->page_table_lock);
	tlb_finish_mmu(&tlb);
	return freed;
}

static unsigned long reclaim_lazyfree(unsigned long nr)
{
	unsigned long freed = 0;
	struct mm_struct *mm;

	spin_lock(&mmlist_lock);
	list_for_each_entry (mm, &init_mm.mmlist, mmlist) {
		if (READ_ONCE(mm->lazyfree))
			freed += reclaim_mm(mm, nr - freed);
		if (freed >= nr)
			break;
	}
	spin_unlock(&mmlist_lock);
	count_vm_events(PGLAZYFREED, freed);
	return freed;
}

/* ---- for the page allocator ------------------------------------------------------------------ */

unsigned long try_to_free_pages(unsigned long nr)
{
	unsigned long freed;

	count_vm_event(ALLOCSTALL);
	current->flags |= PF_MEMALLOC;
	freed = reclaim_lazyfree(nr);
	if (!freed)
		freed = purge_thread_stacks() + kmem_cache_shrink_all();
	current->flags &= ~PF_MEMALLOC;
	drain_all_pages();
	return freed;
}

void drain_memory_caches(void)
{
	purge_thread_stacks();
	kmem_cache_shrink_all();
	drain_all_pages();
}
