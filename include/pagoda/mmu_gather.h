/* SPDX-License-Identifier: MIT */
/*
 * mmu_gather.h - taking mappings away: gather pages and tables, flush, free.
 *
 *	tlb_gather_mmu(&tlb, mm);
 *	... clear entries: tlb_remove_tlb_range(), tlb_remove_page(); free_pgtables()
 *	tlb_finish_mmu(&tlb);
 *
 * A frame that was mapped, or was a table, goes back to its owner only after the flush, when no
 * CPU can reach it by an old translation (TLB-1). A gather for a dead mm (tlb_gather_mmu_fullmm)
 * makes the CPUs leave the mm first; then nothing needs to be flushed.
 */
#ifndef PAGODA_MMU_GATHER_H
#define PAGODA_MMU_GATHER_H

#include <pagoda/mm_types.h>

#define MMU_GATHER_LOCAL 32

struct mmu_gather {
	struct mm_struct *mm;
	unsigned long start, end; /* what to flush; start >= end: nothing */
	bool fullmm;
	bool freed_tables; /* paging-structure caches hold the upper levels */
	unsigned int nr, max;
	struct page **pages;	 /* local, or a page full of pointers */
	struct list_head tables; /* by pt_list */
	struct page *local[MMU_GATHER_LOCAL];
};

/* ---- mm/mmu_gather.c ------------------------------------------------------------------------- */

void tlb_gather_mmu(struct mmu_gather *tlb, struct mm_struct *mm);
void tlb_gather_mmu_fullmm(struct mmu_gather *tlb, struct mm_struct *mm);
/* Flush what was cleared so far, then free what was gathered; no irq-safe spinlock held. */
void tlb_flush_mmu(struct mmu_gather *tlb);
void tlb_finish_mmu(struct mmu_gather *tlb);
/* A larger batch, if memory is at hand; false: flush now. */
bool tlb_next_batch(struct mmu_gather *tlb);

static inline void tlb_remove_tlb_range(struct mmu_gather *tlb, unsigned long start,
					unsigned long end)
{
	if (start < tlb->start)
		tlb->start = start;
	if (end > tlb->end)
		tlb->end = end;
}

/* Takes over the reference that the cleared entry held. True: full, flush before the next one. */
static inline bool tlb_remove_page(struct mmu_gather *tlb, struct page *page)
{
	VM_BUG_ON(tlb->nr >= tlb->max);
	tlb->pages[tlb->nr++] = page;
	return tlb->nr == tlb->max && !tlb_next_batch(tlb);
}

/* The last tlb_remove_page() said so. */
static inline bool tlb_is_full(const struct mmu_gather *tlb)
{
	return tlb->nr == tlb->max;
}

#endif
