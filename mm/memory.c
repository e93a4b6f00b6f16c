// SPDX-License-Identifier: MIT
/*
 * mm/memory.c - page faults: which case it is, and who resolves it.
 *
 *	                            handle_mm_fault
 *	                                   |
 *	         +-------------------------+---------------------------+
 *	   entry empty               entry not present            entry present
 *	         |                         |                           |
 *	   +-----+------+            do_swap_page          write, entry read-only: do_wp_page
 *	anonymous      file                                      |            |
 *	   |            |                                     "reuse"       "copy"
 *	do_anonymous_page                                   frame is ours  frame is shared
 *	   |            +-- read ------------------> do_read_fault    "read"   (fault-around)
 *	   |            +-- write, private VMA ----> do_cow_fault     "cow"
 *	   |            +-- write, shared VMA -----> do_shared_fault  "shared"
 *	   +-- read:  "zero"   the zero page
 *	   +-- write: "anon"   a new cleared page      anything else: "spurious", others were first
 *
 * An entry that only carries the mark of a userfaultfd counts as empty. In a VMA that is registered
 * with one, handle_userfault() takes empty entries ("missing"), cached pages that are not mapped
 * ("minor") and writes to marked entries ("wp") before any of these.
 *
 * The pattern of every case: look at the entry without a lock; allocate and fill the page with no
 * spinlock held; lock the PTE table; look again; install, or free the page when somebody was first.
 *
 * Locks: mmap_lock held for reading, so VMAs stay and tables are not freed. VM_FAULT_RETRY says
 * that it was dropped to wait for something; the caller starts again from finding the VMA.
 */
#include <pagoda/errno.h>
#include <pagoda/gfp.h>
#include <pagoda/sched.h>
#include <pagoda/userfaultfd_k.h>
#include <pagoda/vmstat.h>
#include <asm/tlbflush.h>
#include "vm_internal.h"

vm_fault_t vmf_insert_pfn(struct vm_fault *vmf, unsigned long pfn)
{
	struct pt_handle pt;

	if (likely(vmf_lock(vmf, &pt))) {
		pt.table->pt_special++;
		set_pte(pt.pte, pte_mkspecial(pfn_pte(pfn, vmf->vma->vm_page_prot)));
		pt_unlock(&pt);
	}
	return VM_FAULT_NOPAGE;
}

/* "anon": a cleared page of our own (FLT-15). */
static vm_fault_t do_new_page(struct vm_fault *vmf)
{
	struct page *page = alloc_page(GFP_HIGHUSER_MOVABLE | __GFP_ZERO);

	if (unlikely(!page))
		return VM_FAULT_OOM;
	finish_fault(vmf, page, vmf_anon_entry(vmf, page));
	return 0;
}

vm_fault_t do_anonymous_page(struct vm_fault *vmf)
{
	if (unlikely(userfaultfd_missing(vmf->vma)))
		return handle_userfault(vmf, VM_UFFD_MISSING);
	if (vmf->flags & FAULT_FLAG_WRITE) /* stop: fault-5 */
		return do_new_page(vmf);
	return vmf_insert_pfn(vmf, zero_pfn); /* "zero": no part of RSS (FLT-14) */
}

/*
 * The entry is neither empty nor present. There is no swap, and nothing makes such entries: the
 * page is lost, which is what a failed read from swap would be.
 */
vm_fault_t do_swap_page(struct vm_fault *vmf)
{
	return VM_FAULT_SIGBUS;
}

static vm_fault_t handle_pte_fault(struct vm_fault *vmf)
{
	pte_t pte = vmf->orig_pte;

	if (pte_none(pte))
		return vma_is_anonymous(vmf->vma) ? do_anonymous_page(vmf) : do_fault(vmf);
	if (unlikely(is_pte_marker(pte)))
		return do_fault(vmf);
	if (!pte_present(pte))
		return do_swap_page(vmf);
	if ((vmf->flags & FAULT_FLAG_WRITE) && !pte_write(pte))
		return do_wp_page(vmf);
	/*
	 * "spurious": another CPU has raised the rights already, or the TLB was old (FLT-19). The
	 * fault itself has dropped this CPU's translation (SDM 3A, 4.10.4.1), and the next try marks
	 * the entry accessed and dirty, so nobody is interrupted for a flush.
	 */
	return 0;
}

static void account_fault(struct task_struct *tsk, vm_fault_t ret, unsigned int flags)
{
	count_vm_event(PGFAULT);
	if (unlikely(ret & (VM_FAULT_ERROR | VM_FAULT_RETRY)))
		return;
	if (unlikely((ret & VM_FAULT_MAJOR) || (flags & FAULT_FLAG_TRIED))) {
		tsk->maj_flt++;
		count_vm_event(PGMAJFAULT);
	} else {
		tsk->min_flt++;
	}
}

vm_fault_t handle_mm_fault(struct vm_area_struct *vma, unsigned long address, unsigned int flags)
{
	struct mm_struct *mm = vma->vm_mm;
	vm_fault_t ret = VM_FAULT_OOM;
	struct vm_fault vmf;

	vmf.vma = vma;
	vmf.address = address & PAGE_MASK;
	vmf.real_address = address;
	vmf.flags = flags;
	vmf.pgoff = linear_page_index(vma, vmf.address);
	vmf.page = NULL;
	vmf.pmd = pt_alloc_table(mm, address);
	if (likely(vmf.pmd)) {
		vmf.orig_pte = ptep_get(pte_offset(vmf.pmd, address));
		ret = handle_pte_fault(&vmf); /* stop: fault-4 */
	}
	account_fault(current, ret, flags);
	return ret;
}
