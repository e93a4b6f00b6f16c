// SPDX-License-Identifier: MIT
/*
 * mm/stack.c - VMAs that grow downwards, and finding the VMA of a fault (section 12).
 *
 *	   other VMA        guard gap (256 pages)      stack, grows down
 *	 |###########|.................................|<----|###########|
 *	                                            address of the fault
 *
 * A stack may grow into its guard gap only above memory without access rights, which a program
 * put there as a guard of its own, or above another stack.
 */
#include <pagoda/errno.h>
#include <pagoda/sched.h>
#include "vm_internal.h"

/* The limits that @grow more pages, @size bytes in all, must keep (STK-3, STK-4). */
static int acct_stack_growth(struct vm_area_struct *vma, unsigned long size, unsigned long grow)
{
	struct mm_struct *mm = vma->vm_mm;

	if (!may_expand_vm(mm, vma->vm_flags, grow) || size > rlimit(RLIMIT_STACK))
		return -ENOMEM;
	if (mlock_future_check(mm, vma->vm_flags, grow << PAGE_SHIFT))
		return -ENOMEM;
	if (vma->vm_flags & VM_ACCOUNT)
		return security_vm_enough_memory_mm(mm, grow);
	return 0;
}

int expand_stack(struct vm_area_struct *vma, unsigned long addr)
{
	struct vm_area_struct *prev = vma_prev(vma);
	unsigned long grow;
	int err;

	addr &= PAGE_MASK;
	if (addr >= vma->vm_start)
		return 0;
	if (!(vma->vm_flags & VM_GROWSDOWN))
		return -EFAULT;
	if (addr < mmap_min_addr)
		return -EPERM;
	if (prev && !(prev->vm_flags & VM_GROWSDOWN) && prev->vm_flags & VM_ACCESS_FLAGS &&
	    addr - prev->vm_end < stack_guard_gap)
		return -ENOMEM;
	grow = (vma->vm_start - addr) >> PAGE_SHIFT;
	if (grow > vma->vm_pgoff)
		return -ENOMEM;
	err = acct_stack_growth(vma, vma->vm_end - addr, grow);
	if (err)
		return err;
	vma_set_bounds(vma, addr, vma->vm_end);
	vm_stat_account(vma->vm_mm, vma->vm_flags, grow);
	return 0;
}

/* The VMA at @addr, grown down to it if need be, or NULL; mmap_lock held for writing. */
static struct vm_area_struct *find_extend_vma(struct mm_struct *mm, unsigned long addr)
{
	struct vm_area_struct *vma = find_vma(mm, addr);

	if (!vma || (vma->vm_start > addr && expand_stack(vma, addr)))
		return NULL;
	return vma;
}

/*
 * -> mmap_lock not held; growing takes it for writing, so everything is looked at again then
 * <- held for reading, or the result is NULL
 */
struct vm_area_struct *lock_mm_and_find_vma(struct mm_struct *mm, unsigned long addr)
{
	struct vm_area_struct *vma;
	bool grows;

	mmap_read_lock(mm);
	vma = find_vma(mm, addr); /* stop: fault-3 */
	if (likely(vma && vma->vm_start <= addr))
		return vma;
	grows = vma && vma->vm_flags & VM_GROWSDOWN;
	mmap_read_unlock(mm);
	if (!grows || mmap_write_lock_killable(mm))
		return NULL;

	vma = find_extend_vma(mm, addr);
	if (!vma) {
		mmap_write_unlock(mm);
		return NULL;
	}
	mmap_write_downgrade(mm);
	if (vma->vm_flags & VM_LOCKED)
		populate_vma_page_range(vma, addr & PAGE_MASK, vma->vm_end, NULL);
	return vma;
}
