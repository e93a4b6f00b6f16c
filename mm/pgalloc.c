// SPDX-License-Identifier: MIT
/*
 * mm/pgalloc.c - page tables of an address space: building and freeing them.
 *
 *	mm->pgd -> PUD table -> PMD table -> PTE table -> frames
 *
 * Upper entries are set under page_table_lock and only ever go from empty to present while somebody
 * may look: whoever holds mmap_lock (or the i_mmap lock of a VMA in the range) may read them
 * without a lock. Tables are freed with mmap_lock held for writing, after the VMAs that needed them
 * have left the tree and i_mmap.
 */
#include <pagoda/errno.h>
#include <pagoda/gfp.h>
#include <pagoda/mmu_gather.h>
#include <pagoda/vmstat.h>
#include "vm_internal.h"

static struct page *table_alloc(struct mm_struct *mm, gfp_t gfp)
{
	struct page *table = alloc_page(GFP_KERNEL_ACCOUNT | gfp);

	if (!table)
		return NULL;
	__SetPageTable(table);
	INIT_LIST_HEAD(&table->pt_list);
	table->pt_mm = mm;
	inc_vm_stat(NR_PAGETABLE);
	return table;
}

void pt_free_table(struct page *table)
{
	table->pt_mm = NULL;
	__ClearPageTable(table);
	dec_vm_stat(NR_PAGETABLE);
	put_page(table);
}

pgd_t *pgd_alloc(struct mm_struct *mm)
{
	struct page *table = table_alloc(mm, 0);
	pgd_t *pgd;

	if (!table)
		return NULL;
	pgd = page_address(table);
	pgd_clear_user(pgd);
	pgd_copy_kernel(pgd);
	return pgd;
}

void pgd_free(struct mm_struct *mm, pgd_t *pgd)
{
	pt_free_table(virt_to_page(pgd));
}

/* ---- building -------------------------------------------------------------------------------- */

/* Hangs a new table where the uppermost one for @addr is missing. 0 or -ENOMEM. */
static int add_table(struct mm_struct *mm, unsigned long addr)
{
	struct page *table = table_alloc(mm, __GFP_ZERO);
	struct list_head *list = &mm->upper_tables;
	pgd_t *pgd = pgd_offset(mm, addr);
	pud_t *pud;
	pmd_t *pmd;

	if (!table)
		return -ENOMEM;
	spin_lock(&mm->page_table_lock);
	if (pgd_none(*pgd)) {
		pgd_populate(mm, pgd, page_address(table));
	} else if (pud = pud_offset(pgd, addr), pud_none(*pud)) {
		pud_populate(mm, pud, page_address(table));
	} else if (pmd = pmd_offset(pud, addr), pmd_none(*pmd)) {
		spin_lock_init_rank(&table->ptl, RANK_PTL);
		table->pt_refs = 1;
		table->pt_anon = table->pt_file = table->pt_shmem = 0;
		table->pt_swap = table->pt_special = 0;
		smp_wmb(); /* the cleared table and its lock before the entry */
		pmd_populate(mm, pmd, table);
		list = &mm->pte_tables;
	} else { /* another task was first */
		list = NULL;
	}
	if (list) {
		list_add(&table->pt_list, list);
		atomic64_add(PAGE_SIZE, &mm->pgtables_bytes);
	}
	spin_unlock(&mm->page_table_lock);
	if (!list)
		pt_free_table(table);
	return 0;
}

pmd_t *__pt_alloc_table(struct mm_struct *mm, unsigned long addr)
{
	pmd_t *pmd;

	while (!(pmd = pt_find_pmd(mm, addr)) || !pmd_present(pmdp_get(pmd)))
		if (add_table(mm, addr))
			return NULL;
	return pmd;
}

/* ---- freeing --------------------------------------------------------------------------------- */

/* A hole without VMAs: [floor, ceiling). */
struct table_hole {
	struct mmu_gather *tlb;
	unsigned long floor, ceiling;
};

/*
 * @table, of the region of @size bytes at @addr, goes when all of the region lies in the hole. True:
 * the caller clears the entry above it.
 */
static bool free_table(const struct table_hole *h, struct page *table, unsigned long addr,
		       unsigned long size)
{
	struct mm_struct *mm = h->tlb->mm;

	addr &= ~(size - 1);
	if (addr < h->floor || addr + size - 1 > h->ceiling - 1)
		return false;
	spin_lock(&mm->page_table_lock);
	list_move(&table->pt_list, &h->tlb->tables);
	spin_unlock(&mm->page_table_lock);
	atomic64_sub(PAGE_SIZE, &mm->pgtables_bytes);
	h->tlb->freed_tables = true;
	tlb_remove_tlb_range(h->tlb, addr, addr + size);
	return true;
}

static void free_pte_tables(const struct table_hole *h, pmd_t *pmd, unsigned long addr,
			    unsigned long end)
{
	unsigned long next;

	for (; addr != end; pmd++, addr = next) {
		next = pmd_addr_end(addr, end);
		if (pmd_none(*pmd) || !free_table(h, pmd_page(*pmd), addr, PMD_SIZE))
			continue;
		VM_BUG_ON(pt_entries(pmd_page(*pmd)));
		pmd_clear(pmd);
	}
}

static void free_pmd_tables(const struct table_hole *h, pud_t *pud, unsigned long addr,
			    unsigned long end)
{
	unsigned long next;

	for (; addr != end; pud++, addr = next) {
		next = pud_addr_end(addr, end);
		if (pud_none(*pud))
			continue;
		free_pte_tables(h, pmd_offset(pud, addr), addr, next);
		if (free_table(h, pud_page(*pud), addr, PUD_SIZE))
			pud_clear(pud);
	}
}

void free_pgtables(struct mmu_gather *tlb, unsigned long start, unsigned long end,
		   unsigned long floor, unsigned long ceiling)
{
	const struct table_hole h = {tlb, floor, ceiling};
	pgd_t *pgd = pgd_offset(tlb->mm, start);
	unsigned long addr = start, next;

	for (; addr != end; pgd++, addr = next) {
		next = pgd_addr_end(addr, end);
		if (pgd_none(*pgd))
			continue;
		free_pmd_tables(&h, pud_offset(pgd, addr), addr, next);
		if (free_table(&h, pgd_page(*pgd), addr, PGDIR_SIZE))
			pgd_clear(pgd);
	}
}

void free_all_tables(struct mmu_gather *tlb)
{
	struct mm_struct *mm = tlb->mm;

	pgd_clear_user(mm->pgd);
	list_splice_init(&mm->pte_tables, &tlb->tables);
	list_splice_init(&mm->upper_tables, &tlb->tables);
	atomic64_set(&mm->pgtables_bytes, 0);
}
