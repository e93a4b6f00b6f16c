// SPDX-License-Identifier: MIT
/*
 * mm/copy_page_range.c - fork: the child's copy of a VMA's page tables.
 *
 * Only private pages need to be copied: everything else the child can fault in again from the
 * object (COW-1). A private page is not copied but shared: one more reference, it is not exclusive
 * any more, and both entries lose the right to write, so that whoever writes first gets a page of
 * his own. The caller flushes the parent's TLB once, after the last VMA and before mmap_lock is
 * dropped (TLB-4).
 *
 * Locks: mmap_lock of both held for writing; the child's PTL inside the parent's.
 */
#include <pagoda/errno.h>
#include <pagoda/gfp.h>
#include <pagoda/sched.h>
#include <pagoda/userfaultfd_k.h>
#include "vm_internal.h"

/* What one VMA's copy goes by. */
struct table_copy {
	bool cow;
	bool marks; /* the child is watched too, and keeps what WRITEPROTECT left (DUP-18) */
	pte_t keep; /* the bits of a present entry that the child's has as well */
	struct page *spare; /* for a page that the child cannot share, or NULL */
};

static pte_t kept_bits(const struct table_copy *tc)
{
	pte_t pte = pte_mkold(pte_all());

	if (!tc->cow)
		pte = pte_mkclean(pte);
	return tc->marks ? pte : pte_clear_uffd_wp(pte);
}

/* The child's entry for a page that somebody has pinned, or an empty one: there is no spare page. */
static pte_t copy_pinned_page(struct table_copy *tc, struct pt_handle *src, pte_t pte)
{
	struct page *copy = tc->spare;

	if (!copy)
		return __pte(0);
	copy_user_page(page_address(copy), page_address(pte_page(pte)), src->addr);
	page_set_anon(copy);
	tc->spare = NULL;
	return pfn_pte(page_to_pfn(copy), pte_pgprot(pte));
}

/*
 * The child's entry for the parent's *from, which has a page, with a reference. An exclusive frame
 * that has a second reference is pinned for I/O: it stays the parent's, for sharing it would give
 * the parent's next write another one (COW-10).
 */
static __always_inline pte_t copy_present_pte(struct table_copy *tc, struct pt_handle *src,
					      pte_t *from, pte_t pte, struct page *page)
{
	if (PageAnonExclusive(page) && tc->cow) {
		if (unlikely(page_count(page) != 1))
			return copy_pinned_page(tc, src, pte);
		__ClearPageAnonExclusive(page);
		ptep_set_wrprotect(src->mm, src->addr, from);
		pte = pte_wrprotect(pte);
	}
	get_page(page);
	return pte;
}

/*
 * The entries of [addr, end) of one table, which is below both handles. Returns where it stopped:
 * @end, or at an entry that needs a spare page.
 */
static unsigned long copy_table(struct table_copy *tc, struct pt_handle *dst, struct pt_handle *src,
				unsigned long end)
{
	const pte_t *last = src->pte + ((end - src->addr) >> PAGE_SHIFT);
	struct pt_counts counts = {};
	pte_t *from = src->pte;

	for (; (from = pt_skip_none(from, last)) != last; from++) {
		pte_t pte = ptep_get(from);
		struct page *page = NULL;

		if (likely(pte_present(pte))) {
			page = vm_normal_page(pte);
			if (likely(page))
				pte = copy_present_pte(tc, src, from, pte, page);
			if (unlikely(pte_none(pte)))
				break;
			pte = pte_mask(pte, tc->keep);
			pt_counts_add_page(&counts, page, 1);
		} else if (!tc->marks && is_pte_marker(pte)) {
			continue;
		} else {
			pt_counts_add(&counts, pte, NULL, 1);
		}
		set_pte(dst->pte + (from - src->pte), pte); /* stop: cow-1 */
	}
	pt_counts_apply(dst, &counts);
	return src->addr + ((from - src->pte) << PAGE_SHIFT);
}

static bool vma_needs_copy(const struct vm_area_struct *dst, const struct vm_area_struct *src)
{
	if (src->vm_flags & (VM_PFNMAP | VM_MIXEDMAP) || userfaultfd_wp(dst))
		return true;
	return src->vm_faulted && !(src->vm_flags & VM_SHARED);
}

int copy_page_range(struct vm_area_struct *dst, struct vm_area_struct *src)
{
	struct table_copy tc = {.cow = is_cow_mapping(src->vm_flags), .marks = userfaultfd_wp(dst)};
	unsigned long addr = src->vm_start, next, stop;
	struct pt_handle from, to;
	pmd_t *src_pmd, *dst_pmd;

	if (!vma_needs_copy(dst, src))
		return 0;
	tc.keep = kept_bits(&tc);
	for (; addr < src->vm_end; addr = next) {
		src_pmd = pt_find_table(src->vm_mm, addr, &next);
		if (!src_pmd || !pt_entries(pmd_page(*src_pmd)))
			continue;
		dst_pmd = pt_alloc_table(dst->vm_mm, addr); /* stop: fork-7 */
		if (!dst_pmd)
			return -ENOMEM;
		pt_lock_pmd(src->vm_mm, src_pmd, addr, &from);
		pt_lock_pmd_nested(dst->vm_mm, dst_pmd, addr, &to);
		stop = copy_table(&tc, &to, &from, min(next, src->vm_end));
		pt_unlock(&to);
		pt_unlock(&from);
		if (unlikely(stop < min(next, src->vm_end))) {
			tc.spare = alloc_page(GFP_HIGHUSER_MOVABLE);
			if (!tc.spare)
				return -ENOMEM;
			next = stop; /* go on there */
		}
		cond_resched();
	}
	if (unlikely(tc.spare))
		put_page(tc.spare);
	return 0;
}
