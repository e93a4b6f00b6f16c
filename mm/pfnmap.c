// SPDX-License-Identifier: MIT
/*
 * mm/pfnmap.c - frames without counted references in user memory: device memory.
 *
 * Their entries are special: no part of RSS, no reference to drop, never copied by a fault.
 */
#include <pagoda/errno.h>
#include "vm_internal.h"

static int insert_pfn(struct vm_area_struct *vma, unsigned long addr, unsigned long pfn,
		      pgprot_t prot)
{
	struct pt_handle pt;
	int err = pt_lock_writable(vma->vm_mm, addr, &pt);

	if (err)
		return err;
	if (pte_none(ptep_get(pt.pte)))
		pt_install(&pt, pte_mkspecial(pfn_pte(pfn, prot)));
	else
		err = -EBUSY;
	pt_unlock(&pt);
	return err;
}

int remap_pfn_range(struct vm_area_struct *vma, unsigned long addr, unsigned long pfn,
		    unsigned long size, pgprot_t prot)
{
	unsigned long end = addr + PAGE_ALIGN(size);
	int err = 0;

	if (is_cow_mapping(vma->vm_flags)) /* a private copy would need a page behind it */
		return -EINVAL;
	vma->vm_flags |= VM_IO | VM_PFNMAP | VM_DONTEXPAND | VM_DONTDUMP;
	for (; addr < end && !err; addr += PAGE_SIZE, pfn++)
		err = insert_pfn(vma, addr, pfn, prot);
	return err;
}

vm_fault_t vmf_insert_pfn(struct vm_area_struct *vma, unsigned long addr, unsigned long pfn)
{
	int err = insert_pfn(vma, addr, pfn, vma->vm_page_prot);

	return err == -ENOMEM ? VM_FAULT_OOM : VM_FAULT_NOPAGE;
}
