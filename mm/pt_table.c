// SPDX-License-Identifier: MIT
/*
 * mm/pt_table.c - PTE tables as objects: locking one, looking at its entries, and its counts.
 *
 * A table counts its present entries by kind: private anonymous pages, pages of files, pages of
 * shared memory, swap entries, and special ones (the zero page, device memory) that are no part of
 * RSS. The resident set of an mm is the sum over its tables; mm->rss carries the total along, so
 * that its high-water mark costs nothing.
 *
 * A table whose pt_refs is above 1 would be shared by several address spaces; only the two
 * pt_lock functions will have to know then. Now every table has one owner.
 */
#include <pagoda/errno.h>
#include <pagoda/gfp.h>
#include <pagoda/vmstat.h>
#include "vm_internal.h"

int pt_lock_writable(struct mm_struct *mm, unsigned long addr, struct pt_handle *pt)
{
	pmd_t *pmd = pt_alloc_table(mm, addr);

	if (!pmd)
		return -ENOMEM;
	pt_lock_pmd(mm, pmd, addr, pt);
	return 0;
}

pmd_t *pt_find_table(struct mm_struct *mm, unsigned long addr, unsigned long *next)
{
	pgd_t *pgd = pgd_offset(mm, addr);
	pud_t *pud;
	pmd_t *pmd;

	if (!pgd_present(pgdp_get(pgd))) {
		*next = (addr & PGDIR_MASK) + PGDIR_SIZE;
		return NULL;
	}
	pud = pud_offset(pgd, addr);
	if (!pud_present(pudp_get(pud))) {
		*next = (addr & PUD_MASK) + PUD_SIZE;
		return NULL;
	}
	*next = (addr & PMD_MASK) + PMD_SIZE;
	pmd = pmd_offset(pud, addr);
	return pmd_present(pmdp_get(pmd)) ? pmd : NULL;
}

int pt_lock_existing(struct mm_struct *mm, unsigned long addr, struct pt_handle *pt)
{
	pmd_t *pmd = pt_find_table(mm, addr, &pt->addr);

	if (!pmd)
		return -ENOENT;
	pt_lock_pmd(mm, pmd, addr, pt);
	return 0;
}

/* ---- looking at entries ---------------------------------------------------------------------- */

int pt_walk(struct mm_struct *mm, unsigned long start, unsigned long end, pt_walk_fn fn, void *arg)
{
	struct pt_handle pt;
	int ret = 0;

	while (!ret && pt_lock_next(mm, &start, end, &pt)) {
		for (; pt.addr < start && !ret; pt.addr += PAGE_SIZE, pt.pte++) {
			pte_t pte = ptep_get(pt.pte);

			if (!pte_none(pte))
				ret = fn(pte, pt.addr, arg);
		}
		pt_unlock(&pt);
	}
	return ret;
}

pte_t pt_peek(struct mm_struct *mm, unsigned long addr)
{
	pmd_t *pmd = pt_find_pmd(mm, addr);

	if (!pmd || !pmd_present(pmdp_get(pmd)))
		return __pte(0);
	return ptep_get(pte_offset(pmd, addr));
}

/* ---- counts ---------------------------------------------------------------------------------- */

void pt_counts_apply(struct pt_handle *pt, const struct pt_counts *c)
{
	struct page *table = pt->table;
	int file = c->file + c->shmem, rss = c->anon + file;

	table->pt_anon += c->anon;
	table->pt_file += c->file;
	table->pt_shmem += c->shmem;
	table->pt_swap += c->swap;
	table->pt_special += c->special;
	if (rss)
		atomic64_add(rss, &pt->mm->rss);
	if (c->anon)
		mod_vm_stat(NR_ANON_MAPPED, c->anon);
	if (file)
		mod_vm_stat(NR_FILE_MAPPED, file);
}

void pt_count(struct pt_handle *pt, pte_t entry, int nr)
{
	struct page *table = pt->table, *page;

	if (unlikely(!pte_present(entry) && !is_pte_marker(entry))) {
		table->pt_swap += nr;
		return;
	}
	page = pte_present(entry) ? vm_normal_page(entry) : NULL;
	if (!page) {
		table->pt_special += nr;
		return;
	}
	if (PageAnon(page)) {
		table->pt_anon += nr;
		mod_vm_stat(NR_ANON_MAPPED, nr);
	} else {
		if (PageSwapBacked(page))
			table->pt_shmem += nr;
		else
			table->pt_file += nr;
		mod_vm_stat(NR_FILE_MAPPED, nr);
	}
	atomic64_add(nr, &pt->mm->rss);
}

void get_mm_counters(struct mm_struct *mm, unsigned long counters[NR_MM_COUNTERS])
{
	struct page *table;

	for (int i = 0; i < NR_MM_COUNTERS; i++)
		counters[i] = 0;
	spin_lock(&mm->page_table_lock);
	list_for_each_entry (table, &mm->pte_tables, pt_list) {
		counters[MM_ANONPAGES] += READ_ONCE(table->pt_anon);
		counters[MM_FILEPAGES] += READ_ONCE(table->pt_file);
		counters[MM_SHMEMPAGES] += READ_ONCE(table->pt_shmem);
		counters[MM_SWAPENTS] += READ_ONCE(table->pt_swap);
	}
	spin_unlock(&mm->page_table_lock);
}

void update_hiwater_rss(struct mm_struct *mm)
{
	unsigned long rss = get_mm_rss(mm);

	if (mm->hiwater_rss < rss)
		WRITE_ONCE(mm->hiwater_rss, rss);
}
