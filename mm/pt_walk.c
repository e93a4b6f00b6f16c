// SPDX-License-Identifier: MIT
/*
 * mm/pt_walk.c - looking at the entries of a range, for /proc, mincore and the checker.
 *
 * Locks: mmap_lock, either way; the PTL around the calls.
 */
#include <pagoda/errno.h>
#include "vm_internal.h"

static int walk_table(struct pt_handle *pt, unsigned long end, pt_walk_fn fn, void *arg)
{
	unsigned long addr = pt->addr;
	pte_t *ptep = pt->pte;
	int ret = 0;

	for (; addr != end && !ret; addr += PAGE_SIZE, ptep++) {
		pte_t pte = ptep_get(ptep);

		if (!pte_none(pte))
			ret = fn(pte, addr, arg);
	}
	return ret;
}

int pt_walk(struct mm_struct *mm, unsigned long start, unsigned long end, pt_walk_fn fn, void *arg)
{
	struct pt_handle pt;
	unsigned long next;
	int ret = 0;

	for (; start < end && !ret; start = next) {
		if (pt_lock_existing(mm, start, &pt)) {
			next = pt.addr;
			continue;
		}
		next = pmd_addr_end(start, end);
		ret = walk_table(&pt, next, fn, arg);
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
