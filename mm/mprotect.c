// SPDX-License-Identifier: MIT
/*
 * mm/mprotect.c - change the protection of a range of an address space.
 *
 * Each VMA of the range gets its new flags by mprotect_fixup(), which splits and merges, then the
 * present entries are changed by change_protection(). A private entry never becomes writable here:
 * the next write decides, by copying or taking over (PROT-9). The TLB is flushed before the call
 * returns (PROT-8).
 *
 * Locks: mmap_lock held for writing; the PTL of each table.
 */
#include <pagoda/errno.h>
#include <pagoda/err.h>
#include <pagoda/sched.h>
#include <uapi/personality.h>
#include <asm/pkeys.h>
#include <asm/tlbflush.h>
#include <syscalls.h>
#include "vm_internal.h"

/* True when some CPU could hold a translation that is now too permissive. */
static bool change_table(struct pt_handle *pt, unsigned long end, pgprot_t newprot)
{
	unsigned long addr = pt->addr;
	pte_t *ptep = pt->pte;
	bool narrowed = false;

	for (; addr != end; addr += PAGE_SIZE, ptep++) {
		pte_t old = ptep_get(ptep), new;

		if (!pte_present(old))
			continue;
		new = pte_modify(old, newprot);
		if (pte_same(old, new))
			continue;
		/* Cleared for an instant, so that a dirty bit set by the hardware is not lost. */
		old = ptep_get_and_clear(pt->mm, addr, ptep);
		set_pte_at(pt->mm, addr, ptep, pte_modify(old, newprot));
		narrowed |= pte_accessible(old);
	}
	return narrowed;
}

static void change_protection(struct vm_area_struct *vma, unsigned long start, unsigned long end)
{
	unsigned long addr = start;
	struct pt_handle pt;
	bool flush = false;

	while (pt_lock_next(vma->vm_mm, &addr, end, &pt)) {
		flush |= change_table(&pt, addr, vma->vm_page_prot);
		pt_unlock(&pt);
		cond_resched();
	}
	if (flush)
		flush_tlb_range(vma, start, end);
}

/* The pages that become writable and private for the first time are charged (PROT-11). */
static int charge_new_writable(struct mm_struct *mm, vm_flags_t old, vm_flags_t *newflags,
			       long npages)
{
	if (!(*newflags & VM_WRITE) || old & VM_WRITE)
		return 0;
	if (!may_expand_vm(mm, *newflags, npages) && may_expand_vm(mm, old, npages))
		return -ENOMEM;
	if (old & (VM_ACCOUNT | VM_SHARED | VM_HUGETLB | VM_NORESERVE))
		return 0;
	if (security_vm_enough_memory_mm(mm, npages))
		return -ENOMEM;
	*newflags |= VM_ACCOUNT;
	return 0;
}

int mprotect_fixup(struct vm_area_struct *vma, unsigned long start, unsigned long end,
		   vm_flags_t newflags)
{
	vm_flags_t oldflags = vma->vm_flags;
	struct mm_struct *mm = vma->vm_mm;
	long npages = (end - start) >> PAGE_SHIFT;
	int err;

	if (newflags == oldflags)
		return 0;
	err = charge_new_writable(mm, oldflags, &newflags, npages);
	if (err)
		return err;
	vma = vma_modify_flags(vma, start, end, newflags);
	if (IS_ERR(vma)) {
		if ((newflags ^ oldflags) & VM_ACCOUNT)
			vm_unacct_memory(npages);
		return PTR_ERR(vma);
	}
	change_protection(vma, start, end);
	vm_stat_account(mm, oldflags, -npages);
	vm_stat_account(mm, newflags, npages);
	if ((oldflags & (VM_WRITE | VM_SHARED | VM_LOCKED)) == VM_LOCKED && newflags & VM_WRITE)
		populate_vma_page_range(vma, start, end, NULL);
	return 0;
}

/* What this VMA's flags become; -EACCES when it may not (GEN-6). @pkey: -1 for mprotect. */
static int new_vma_flags(struct vm_area_struct *vma, unsigned long prot, int pkey,
			 bool read_implies_exec, vm_flags_t *newflags)
{
	if (read_implies_exec && vma->vm_flags & VM_MAYEXEC)
		prot |= PROT_EXEC;
	pkey = arch_override_mprotect_pkey(vma, prot, pkey);
	*newflags =
		(vma->vm_flags & ~(VM_ACCESS_FLAGS | VM_PKEY_MASK)) | calc_vm_prot_bits(prot, pkey);
	if (*newflags & VM_ACCESS_FLAGS & ~(*newflags >> 4))
		return -EACCES;
	return 0;
}

static int mprotect_range(struct mm_struct *mm, unsigned long start, unsigned long end,
			  unsigned long prot, int pkey, unsigned long grows)
{
	bool rie = prot & PROT_READ && current->personality & READ_IMPLIES_EXEC;
	struct vm_area_struct *vma;
	vm_flags_t newflags;
	unsigned long stop;
	int err;

	if (pkey != -1 && !mm_pkey_is_allocated(mm, pkey))
		return -EINVAL;
	if (grows == PROT_GROWSUP) /* no VMA does */
		return vma_lookup(mm, start) ? -EINVAL : -ENOMEM;
	if (grows == PROT_GROWSDOWN) { /* from the start of the stack on (PROT-15) */
		vma = find_vma_intersection(mm, start, end);
		if (!vma)
			return -ENOMEM;
		if (!(vma->vm_flags & VM_GROWSDOWN))
			return -EINVAL;
		start = vma->vm_start;
	}
	for (; start < end; start = stop) {
		vma = vma_lookup(mm, start);
		if (!vma)
			return -ENOMEM;
		stop = min(vma->vm_end, end);
		err = new_vma_flags(vma, prot, pkey, rie, &newflags);
		if (!err)
			err = mprotect_fixup(vma, start, stop, newflags);
		if (err)
			return err;
	}
	return 0;
}

long sys_pkey_mprotect(unsigned long start, size_t len, unsigned long prot, int pkey)
{
	const unsigned long grows = prot & (PROT_GROWSDOWN | PROT_GROWSUP);
	struct mm_struct *mm = current->mm;
	unsigned long end;
	int err;

	prot &= ~(unsigned long)(PROT_GROWSDOWN | PROT_GROWSUP);
	if (grows == (PROT_GROWSDOWN | PROT_GROWSUP) || start & ~PAGE_MASK)
		return -EINVAL;
	if (!len)
		return 0;
	end = start + PAGE_ALIGN(len);
	if (end <= start)
		return -ENOMEM;
	if (prot & ~(unsigned long)(PROT_READ | PROT_WRITE | PROT_EXEC | PROT_SEM))
		return -EINVAL;
	if (mmap_write_lock_killable(mm))
		return -EINTR;
	err = mprotect_range(mm, start, end, prot, pkey, grows);
	mm_verify_checked(mm, "mprotect");
	mmap_write_unlock(mm);
	return err;
}

long sys_mprotect(unsigned long start, size_t len, unsigned long prot)
{
	return sys_pkey_mprotect(start, len, prot, -1);
}
