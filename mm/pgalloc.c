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

static void table_free(struct page *table)
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
	table_free(virt_to_page(pgd));
}

/* ---- finding and building -------------------------------------------------------------------- */

/* Links a new table where two tasks may try at once: the loser's is freed. */
#define LINK_TABLE(mm, entryp, none, populate, table)                                              \
	do {                                                                                       \
		spin_lock(&(mm)->page_table_lock);                                                 \
		if (none) {                                                                        \
			populate(mm, entryp, page_address(table));                                 \
			list_add(&(table)->pt_list, &(mm)->upper_tables);                          \
			atomic64_add(PAGE_SIZE, &(mm)->pgtables_bytes);                            \
			table = NULL;                                                              \
		}                                                                                  \
		spin_unlock(&(mm)->page_table_lock);                                               \
		if (table)                                                                         \
			table_free(table);                                                         \
	} while (0)

pmd_t *__pt_alloc_pmd(struct mm_struct *mm, unsigned long addr)
{
	pgd_t *pgd = pgd_offset(mm, addr);
	struct page *table;
	pud_t *pud;

	if (pgd_none(pgdp_get(pgd))) {
		table = table_alloc(mm, __GFP_ZERO);
		if (!table)
			return NULL;
		LINK_TABLE(mm, pgd, pgd_none(*pgd), pgd_populate, table);
	}
	pud = pud_offset(pgd, addr);
	if (pud_none(pudp_get(pud))) {
		table = table_alloc(mm, __GFP_ZERO);
		if (!table)
			return NULL;
		LINK_TABLE(mm, pud, pud_none(*pud), pud_populate, table);
	}
	return pmd_offset(pud, addr);
}

int __pt_alloc_pte(struct mm_struct *mm, pmd_t *pmd)
{
	struct page *table = table_alloc(mm, __GFP_ZERO);

	if (!table)
		return -ENOMEM;
	spin_lock_init_rank(&table->ptl, RANK_PTL);
	table->pt_refs = 1;
	table->pt_anon = table->pt_file = table->pt_shmem = 0;
	table->pt_swap = table->pt_special = 0;

	spin_lock(&mm->page_table_lock);
	if (pmd_none(*pmd)) {
		list_add(&table->pt_list, &mm->pte_tables);
		atomic64_add(PAGE_SIZE, &mm->pgtables_bytes);
		smp_wmb(); /* the cleared table and its lock before the entry */
		pmd_populate(mm, pmd, table);
		table = NULL;
	}
	spin_unlock(&mm->page_table_lock);
	if (table)
		table_free(table);
	return 0;
}

/* ---- freeing --------------------------------------------------------------------------------- */

/*
 * The part of the address space whose tables may go: [floor, ceiling) has no VMA. The table of
 * a region goes when the whole region lies in the hole.
 */
struct table_hole {
	struct mmu_gather *tlb;
	unsigned long floor, ceiling;
};

static bool region_in_hole(const struct table_hole *h, unsigned long addr, unsigned long size)
{
	addr &= ~(size - 1);
	return addr >= h->floor && addr + size - 1 <= h->ceiling - 1;
}

static void free_table(const struct table_hole *h, struct page *table, unsigned long addr,
		       unsigned long size)
{
	struct mm_struct *mm = h->tlb->mm;

	spin_lock(&mm->page_table_lock);
	list_del(&table->pt_list);
	spin_unlock(&mm->page_table_lock);
	atomic64_sub(PAGE_SIZE, &mm->pgtables_bytes);
	tlb_free_table(h->tlb, table, addr & ~(size - 1), size);
}

static void free_pte_tables(const struct table_hole *h, pmd_t *pmd, unsigned long addr,
			    unsigned long end)
{
	struct page *table;
	unsigned long next;

	for (; addr != end; pmd++, addr = next) {
		next = pmd_addr_end(addr, end);
		if (pmd_none(*pmd) || !region_in_hole(h, addr, PMD_SIZE))
			continue;
		table = pmd_page(*pmd);
		VM_BUG_ON(pt_entries(table));
		pmd_clear(pmd);
		free_table(h, table, addr, PMD_SIZE);
	}
}

static void free_pmd_tables(const struct table_hole *h, pud_t *pud, unsigned long addr,
			    unsigned long end)
{
	struct page *table;
	unsigned long next;

	for (; addr != end; pud++, addr = next) {
		next = pud_addr_end(addr, end);
		if (pud_none(*pud))
			continue;
		free_pte_tables(h, pmd_offset(pud, addr), addr, next);
		if (!region_in_hole(h, addr, PUD_SIZE))
			continue;
		table = pud_page(*pud);
		pud_clear(pud);
		free_table(h, table, addr, PUD_SIZE);
	}
}

void free_pgtables(struct mmu_gather *tlb, unsigned long start, unsigned long end,
		   unsigned long floor, unsigned long ceiling)
{
	const struct table_hole h = {tlb, floor, ceiling};
	pgd_t *pgd = pgd_offset(tlb->mm, start);
	unsigned long addr = start, next;
	struct page *table;

	for (; addr != end; pgd++, addr = next) {
		next = pgd_addr_end(addr, end);
		if (pgd_none(*pgd))
			continue;
		free_pmd_tables(&h, pud_offset(pgd, addr), addr, next);
		if (!region_in_hole(&h, addr, PGDIR_SIZE))
			continue;
		table = pgd_page(*pgd);
		pgd_clear(pgd);
		free_table(&h, table, addr, PGDIR_SIZE);
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
