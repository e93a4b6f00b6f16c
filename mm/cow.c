// SPDX-License-Identifier: MIT
/*
 * mm/cow.c - a write to a present, read-only entry: copy on write, or take the page over.
 *
 *	private VMA, exclusive anonymous frame, or the last owner "reuse"  make it writable
 *	private VMA, any other frame                              "copy"   a page of our own instead
 *	shared VMA                                                "mkwrite" mark it dirty, then write
 *
 * A private frame begins as exclusive (PG_anon_exclusive), and fork ends that. It becomes so again
 * when one table is left: the reference count is the number of tables that map a frame plus pins, so
 * a count of 1 under the PTL means that nobody else can see or reach it: fork needs mmap_lock for
 * writing, and a pin is taken under the same PTL. An exclusive frame is never replaced: what somebody
 * who has pinned it writes would be lost (COW-10).
 *
 * A replaced frame must not be written through one CPU's old translation while another CPU reads
 * the new one: the entry is cleared, flushed everywhere, then set (TLB-3).
 */
#include <pagoda/errno.h>
#include <pagoda/fs.h>
#include <pagoda/gfp.h>
#include <pagoda/pagemap.h>
#include <pagoda/userfaultfd_k.h>
#include <pagoda/vmstat.h>
#include <asm/tlbflush.h>
#include "vm_internal.h"

/* Raises the rights in place: no flush, a stale denial is a spurious fault (TLB-2, FLT-19). */
static void wp_make_writable(struct vm_fault *vmf, struct pt_handle *pt)
{
	pte_t entry = pte_mkdirty(pte_mkyoung(vmf->orig_pte));

	if (likely(vmf->vma->vm_flags & VM_WRITE)) /* stop: cow-7; not if forced */
		entry = pte_mkwrite(entry);
	set_pte(pt->pte, entry);
}

/*
 * A page of our own takes the place of @old (NULL: the zero page). The caller holds a reference to
 * @old, and gives it up here.
 */
static vm_fault_t wp_page_copy(struct vm_fault *vmf, struct page *old)
{
	struct page *copy = alloc_page(GFP_HIGHUSER_MOVABLE | (old ? 0 : __GFP_ZERO));
	struct vm_area_struct *vma = vmf->vma;
	vm_fault_t ret = VM_FAULT_OOM;
	struct pt_handle pt;

	if (!copy) /* stop: cow-3 */
		goto out;
	ret = 0;
	if (old)
		copy_user_page(page_address(copy), page_address(old), vmf->address);
	if (likely(vmf_lock(vmf, &pt))) {
		pt_count(&pt, vmf->orig_pte, -1); /* stop: cow-4 */
		pte_clear(vma->vm_mm, vmf->address, pt.pte);
		flush_tlb_page(vma, vmf->address); /* stop: cow-5 */
		pt_install(&pt, vmf_anon_entry(vmf, copy));
		pt_unlock(&pt);
		if (old)	       /* stop: cow-6 */
			put_page(old); /* what the table held */
	} else {
		put_page(copy);
	}
out:
	if (old)
		put_page(old);
	return ret;
}

/* A shared page is about to be written. @page: with a reference. */
static vm_fault_t wp_page_shared(struct vm_fault *vmf, struct page *page)
{
	struct pt_handle pt;

	lock_page(page);
	set_page_dirty(page);
	file_update_time(vmf->vma->vm_file);
	if (vmf_lock(vmf, &pt)) {
		wp_make_writable(vmf, &pt);
		pt_unlock(&pt);
	}
	unlock_page(page);
	put_page(page);
	return 0;
}

vm_fault_t do_wp_page(struct vm_fault *vmf)
{ /* stop: fault-7 */
	struct vm_area_struct *vma = vmf->vma;
	struct pt_handle pt;
	struct page *page;

	if (!vmf_lock(vmf, &pt))
		return 0;
	if (unlikely(pte_uffd_wp(vmf->orig_pte) && userfaultfd_wp(vma))) {
		pt_unlock(&pt);
		return handle_userfault(vmf, VM_UFFD_WP);
	}
	page = vm_normal_page(vmf->orig_pte);
	if (page && PageAnon(page) && !(vma->vm_flags & VM_SHARED) &&
	    (PageAnonExclusive(page) || page_count(page) == 1)) {
		__SetPageAnonExclusive(page);
		wp_make_writable(vmf, &pt);
		pt_unlock(&pt);
		count_vm_event(PGREUSE);
		return 0;
	}
	if (page)
		get_page(page);
	pt_unlock(&pt);
	return vma->vm_flags & VM_SHARED ? wp_page_shared(vmf, page) : wp_page_copy(vmf, page);
}
