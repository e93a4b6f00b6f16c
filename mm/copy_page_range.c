// SPDX-License-Identifier: MIT
/*
 * mm/copy_page_range.c - fork: the child's copy of a VMA's page tables.
 *
 * Only private pages need to be copied: everything else the child can fault in again from the
 * object (COW-1). A private page is not copied but shared: one more reference, and both entries
 * lose the right to write, so that whoever writes first gets a page of his own. The caller flushes
 * the parent's TLB once, after the last VMA and before mmap_lock is dropped (TLB-4).
 *
 * Locks: mmap_lock of both held for writing; the child's PTL inside the parent's.
 */
#include <pagoda/errno.h>
#include <pagoda/gfp.h>
#include <pagoda/sched.h>
#include <pagoda/userfaultfd_k.h>
#include "vm_internal.h"

/*
 * The entries of [addr, end) of one table, which is below both handles. @marks: the child is watched
 * too, and keeps what WRITEPROTECT has left in them (DUP-18).
 */
static void copy_table(struct pt_handle *dst, struct pt_handle *src, unsigned long end, bool cow,
		       bool marks)
{
	const pte_t *last = src->pte + ((end - src->addr) >> PAGE_SHIFT);
	struct pt_counts counts = {};
	pte_t *from = src->pte;

	for (; (from = pt_skip_none(from, last)) != last; from++) {
		pte_t pte = ptep_get(from);
		struct page *page = NULL;

		if (pte_present(pte)) {
			page = vm_normal_page(pte);
			if (page)
				get_page(page);
			if (cow && pte_write(pte)) {
				ptep_set_wrprotect(src->mm, src->addr, from);
				pte = pte_wrprotect(pte);
			}
			if (!cow)
				pte = pte_mkclean(pte);
			pte = pte_mkold(marks ? pte : pte_clear_uffd_wp(pte));
		} else if (!marks && is_pte_marker(pte)) {
			continue;
		}
		pt_counts_add(&counts, pte, page, 1);
		set_pte(dst->pte + (from - src->pte), pte); /* stop: cow-1 */
	}
	pt_counts_apply(dst, &counts);
}

static bool vma_needs_copy(const struct vm_area_struct *dst, const struct vm_area_struct *src)
{
	if (src->vm_flags & (VM_PFNMAP | VM_MIXEDMAP) || userfaultfd_wp(dst))
		return true;
	return src->vm_faulted && !(src->vm_flags & VM_SHARED);
}

int copy_page_range(struct vm_area_struct *dst, struct vm_area_struct *src)
{
	bool cow = is_cow_mapping(src->vm_flags);
	unsigned long addr = src->vm_start, next;
	struct pt_handle from, to;
	pmd_t *src_pmd, *dst_pmd;

	if (!vma_needs_copy(dst, src))
		return 0;
	for (; addr < src->vm_end; addr = next) {
		src_pmd = pt_find_table(src->vm_mm, addr, &next);
		if (!src_pmd || !pt_entries(pmd_page(*src_pmd)))
			continue;
		dst_pmd = pt_alloc_pmd(dst->vm_mm, addr); /* stop: fork-7 */
		if (!dst_pmd || pt_alloc_pte(dst->vm_mm, dst_pmd))
			return -ENOMEM;
		pt_lock_pmd(src->vm_mm, src_pmd, addr, &from);
		pt_lock_pmd_nested(dst->vm_mm, dst_pmd, addr, &to);
		copy_table(&to, &from, min(next, src->vm_end), cow, userfaultfd_wp(dst));
		pt_unlock(&to);
		pt_unlock(&from);
		cond_resched();
	}
	return 0;
}
