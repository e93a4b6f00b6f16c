// SPDX-License-Identifier: MIT
/*
 * mm/fault_file.c - faults on an empty entry of a VMA that has an object: "read", "cow", "shared".
 *
 * ->fault delivers the page of the object, locked and with a reference. While it is locked it
 * cannot be truncated; it is installed before it is unlocked, so that the truncation that follows
 * finds it.
 */
#include <pagoda/errno.h>
#include <pagoda/fs.h>
#include <pagoda/gfp.h>
#include <pagoda/pagemap.h>
#include <pagoda/userfaultfd_k.h>
#include "vm_internal.h"

#define FAULT_AROUND_PAGES 16

static void release_fault_page(struct page *page)
{
	unlock_page(page);
	put_page(page);
}

/* ---- fault-around ---------------------------------------------------------------------------- */

/*
 * @page is uptodate and part of @mapping, and will stay so until unlocked. What fallocate has put
 * beyond the end of the file is not to be mapped.
 */
static bool lock_mappable(struct page *page, struct address_space *mapping)
{
	if (!PageUptodate(page) || !trylock_page(page))
		return false;
	if (page->mapping == mapping && PageUptodate(page) &&
	    page->index << PAGE_SHIFT < i_size_read(mapping->host))
		return true;
	unlock_page(page);
	return false;
}

/* Locks the pages that can be mapped and moves them to the front; returns how many. */
static unsigned int lock_batch(struct page **pages, unsigned int nr, struct address_space *mapping)
{
	unsigned int kept = 0;

	for (unsigned int i = 0; i < nr; i++) {
		if (lock_mappable(pages[i], mapping))
			pages[kept++] = pages[i];
		else
			put_page(pages[i]);
	}
	return kept;
}

void filemap_map_pages(struct vm_fault *vmf, pgoff_t start, pgoff_t end)
{
	struct vm_area_struct *vma = vmf->vma;
	struct address_space *mapping = vma->vm_file->f_mapping;
	struct page *pages[FAULT_AROUND_PAGES];
	unsigned long base = vmf->address - (vmf->pgoff << PAGE_SHIFT);
	struct pt_counts counts = {};
	struct pt_handle pt;
	unsigned int nr;

	nr = find_get_pages_range(mapping, &start, end, FAULT_AROUND_PAGES, pages);
	nr = lock_batch(pages, nr, mapping);
	if (!nr)
		return;
	pt_lock_pmd(vma->vm_mm, vmf->pmd, vmf->address, &pt);
	for (unsigned int i = 0; i < nr; i++) {
		unsigned long addr = base + (pages[i]->index << PAGE_SHIFT);
		pte_t *ptep = pt.pte - pte_index(vmf->address) + pte_index(addr);
		pte_t entry = mk_pte(pages[i], vma->vm_page_prot);

		if (!pte_none(ptep_get(ptep)))
			continue;
		get_page(pages[i]);
		pt_counts_add(&counts, entry, pages[i], 1);
		set_pte_at(vma->vm_mm, addr, ptep, entry);
	}
	pt_counts_apply(&pt, &counts);
	pt_unlock(&pt);
	for (unsigned int i = 0; i < nr; i++)
		release_fault_page(pages[i]);
}

/* A window of 64 KiB, aligned, inside the VMA and inside one PTE table. */
static void do_fault_around(struct vm_fault *vmf)
{
	const struct vm_area_struct *vma = vmf->vma;
	unsigned long size = FAULT_AROUND_PAGES * PAGE_SIZE;
	unsigned long start = max(vmf->address & ~(size - 1), vma->vm_start);
	unsigned long end = min((vmf->address & ~(size - 1)) + size, vma->vm_end);

	vma->vm_ops->map_pages(vmf, linear_page_index(vma, start),
			       linear_page_index(vma, end - PAGE_SIZE));
}

/* ---- the three cases ------------------------------------------------------------------------- */

static vm_fault_t do_read_fault(struct vm_fault *vmf)
{
	struct vm_area_struct *vma = vmf->vma;
	struct page *page;
	vm_fault_t ret;

	if (vma->vm_ops->map_pages && !userfaultfd_armed(vma)) {
		do_fault_around(vmf);
		if (!pte_none(ptep_get(pte_offset(vmf->pmd, vmf->address))))
			return 0;
	}
	ret = vma->vm_ops->fault(vmf);
	if (unlikely(!(ret & VM_FAULT_LOCKED)))
		return ret;
	page = vmf->page;
	finish_fault(vmf, page, mk_pte(page, vma->vm_page_prot));
	unlock_page(page);
	return ret;
}

/* A private page is written that was never read: copy it at once (FLT-17). */
static vm_fault_t do_cow_fault(struct vm_fault *vmf)
{
	struct page *copy = alloc_page(GFP_HIGHUSER_MOVABLE);
	vm_fault_t ret;

	if (!copy)
		return VM_FAULT_OOM;
	ret = vmf->vma->vm_ops->fault(vmf);
	if (unlikely(!(ret & VM_FAULT_LOCKED))) {
		put_page(copy);
		return ret;
	}
	copy_user_page(page_address(copy), page_address(vmf->page), vmf->address);
	finish_fault(vmf, copy, vmf_anon_entry(vmf, copy));
	release_fault_page(vmf->page);
	return ret;
}

static vm_fault_t do_shared_fault(struct vm_fault *vmf)
{
	struct vm_area_struct *vma = vmf->vma;
	vm_fault_t ret = vma->vm_ops->fault(vmf);
	struct page *page = vmf->page;
	pte_t entry;

	if (unlikely(!(ret & VM_FAULT_LOCKED)))
		return ret;
	entry = pte_mkdirty(mk_pte(page, vma->vm_page_prot));
	if (vma->vm_flags & VM_WRITE)
		entry = pte_mkwrite(entry);
	set_page_dirty(page);
	file_update_time(vma->vm_file); /* (FILE-15) */
	finish_fault(vmf, page, entry);
	unlock_page(page);
	return ret;
}

vm_fault_t do_fault(struct vm_fault *vmf)
{
	if (unlikely(!vmf->vma->vm_ops->fault))
		return VM_FAULT_SIGBUS;
	if (!(vmf->flags & FAULT_FLAG_WRITE))
		return do_read_fault(vmf);
	if (!(vmf->vma->vm_flags & VM_SHARED))
		return do_cow_fault(vmf);
	return do_shared_fault(vmf);
}
