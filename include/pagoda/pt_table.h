/* SPDX-License-Identifier: MIT */
/*
 * pt_table.h - PTE tables as objects: how to find, lock, change and walk them.
 *
 * Whoever writes a PTE of a user address space has its pointer from pt_lock_writable() or
 * its sisters and holds the lock of the table (PTL) until pt_unlock(). The functions that
 * change an entry keep the counts of the table and of the mm.
 *
 *	err = pt_lock_writable(mm, addr, &pt);		build what is missing, lock
 *	if (pte_none(ptep_get(pt.pte)))			look again
 *		pt_install(&pt, entry);			set and count
 *	pt_unlock(&pt);
 */
#ifndef PAGODA_PT_TABLE_H
#define PAGODA_PT_TABLE_H

#include <pagoda/mm_types.h>
#include <asm/pgtable.h>

/* The right to change entries of one PTE table: its lock is held. */
struct pt_handle {
	pte_t *pte;	    /* the entry of addr */
	struct page *table; /* the table's frame; its lock is held */
	struct mm_struct *mm;
	unsigned long addr;
};

/* ---- mm/pt_table.c --------------------------------------------------------------------------- */

/* Builds missing tables of @addr and locks its PTE table. 0 or -ENOMEM. mmap_lock held. */
int pt_lock_writable(struct mm_struct *mm, unsigned long addr, struct pt_handle *pt);
/*
 * The same without building: -ENOENT when there is no table. pt->addr is then the next address that
 * may have one.
 */
int pt_lock_existing(struct mm_struct *mm, unsigned long addr, struct pt_handle *pt);

/*
 * The same for the first table of [*addr, end): pt->addr is where its part begins, *addr becomes
 * where that ends. False: there is none.
 */
static inline bool pt_lock_next(struct mm_struct *mm, unsigned long *addr, unsigned long end,
				struct pt_handle *pt)
{
	while (*addr < end) {
		if (!pt_lock_existing(mm, *addr, pt)) {
			*addr = pmd_addr_end(*addr, end);
			return true;
		}
		*addr = pt->addr;
	}
	return false;
}

static inline void pt_unlock(struct pt_handle *pt)
{
	spin_unlock(&pt->table->ptl);
}

/* Counts an entry that the caller sets or has removed himself; @nr is 1 or -1. */
void pt_count(struct pt_handle *pt, pte_t entry, int nr);

/* Installs a present or swap-like entry where there was none, and counts it. */
static inline void pt_install(struct pt_handle *pt, pte_t entry)
{
	pt_count(pt, entry, 1);
	set_pte_at(pt->mm, pt->addr, pt->pte, entry);
}

/* The frame whose reference a present entry holds; NULL for the zero page and device memory. */
static inline struct page *vm_normal_page(pte_t pte)
{
	return pte_special(pte) ? NULL : pte_page(pte);
}

/*
 * Calls @fn for each entry of [start, end) that is not empty, with the PTL held (so it may not
 * sleep). Stops with fn's result when that is not 0. mmap_lock held. Holes cost nothing.
 */
typedef int (*pt_walk_fn)(pte_t pte, unsigned long addr, void *arg);
int pt_walk(struct mm_struct *mm, unsigned long start, unsigned long end, pt_walk_fn fn, void *arg);
/* The entry of one address, without a lock: a hint. */
pte_t pt_peek(struct mm_struct *mm, unsigned long addr);

#endif
