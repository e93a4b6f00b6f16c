// SPDX-License-Identifier: MIT
/*
 * mm/mmu_gather.c - gather pages and tables, flush, free.
 *
 * Pages are gathered in a small array on the caller's stack; when it is full, a page full of
 * pointers takes its place if one can be had without waiting, else the gather is flushed early.
 * Tables are linked through their struct page.
 */
#include <pagoda/gfp.h>
#include <pagoda/mmu_gather.h>
#include <pagoda/vmstat.h>
#include <asm/mmu_context.h>
#include <asm/tlbflush.h>
#include "vm_internal.h"

/* Nothing is to be flushed. */
static void tlb_reset_range(struct mmu_gather *tlb)
{
	tlb->start = ULONG_MAX;
	tlb->end = 0;
	tlb->freed_tables = false;
}

void tlb_gather_mmu(struct mmu_gather *tlb, struct mm_struct *mm)
{
	tlb->mm = mm;
	tlb_reset_range(tlb);
	tlb->fullmm = false;
	tlb->nr = 0;
	tlb->max = MMU_GATHER_LOCAL;
	tlb->pages = tlb->local;
	INIT_LIST_HEAD(&tlb->tables);
}

/*
 * Nobody will run in @mm again. This CPU may have it loaded still, and so may CPUs whose kernel
 * threads borrow it: all of them leave for init_mm here. From then on its tables are plain memory.
 */
void tlb_gather_mmu_fullmm(struct mmu_gather *tlb, struct mm_struct *mm)
{
	tlb_gather_mmu(tlb, mm);
	tlb->fullmm = true;
	if (this_cpu_read(cpu_tlbstate.loaded_mm) == mm)
		leave_mm();
	if (!cpumask_empty(mm_cpumask(mm)))
		flush_tlb_mm(mm);
}

bool tlb_next_batch(struct mmu_gather *tlb)
{
	struct page **batch;

	if (tlb->pages != tlb->local)
		return false;
	batch = (struct page **)__get_free_page(GFP_NOWAIT | __GFP_NOWARN);
	if (!batch)
		return false;
	memcpy(batch, tlb->local, sizeof(tlb->local));
	tlb->pages = batch;
	tlb->max = PAGE_SIZE / sizeof(*batch);
	return true;
}

void tlb_flush_mmu(struct mmu_gather *tlb)
{
	struct page *table, *next;

	if (tlb->start < tlb->end && !tlb->fullmm) {
		if (tlb->freed_tables)
			flush_tlb_mm(tlb->mm);
		else
			flush_tlb_mm_range(tlb->mm, tlb->start, tlb->end);
	}
	tlb_reset_range(tlb);
	release_pages(tlb->pages, tlb->nr);
	tlb->nr = 0;
	list_for_each_entry_safe (table, next, &tlb->tables, pt_list)
		pt_free_table(table);
	INIT_LIST_HEAD(&tlb->tables);
}

void tlb_finish_mmu(struct mmu_gather *tlb)
{
	tlb_flush_mmu(tlb);
	if (tlb->pages != tlb->local)
		free_page((unsigned long)tlb->pages);
}
