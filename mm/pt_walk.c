// SPDX-License-Identifier: MIT
/*
 * mm/pt_walk.c - looking at the entries of a range, for /proc, mincore and the checker.
 *
 * Locks: mmap_lock, either way; the PTL around the calls.
 */
#include <pagoda/errno.h>
#include "vm_internal.h"

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
