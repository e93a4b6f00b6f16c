// SPDX-License-Identifier: MIT
/*
 * mm/exec_mm.c - the stack of a new program, before it runs.
 *
 * exec fills the top of the stack with arguments while the new mm is not loaded anywhere: it
 * expands the VMA and writes through get_user_page(). When the program's header has been read, the
 * VMA gets its final rights, and room below so that the first pushes need no growth.
 */
#include <pagoda/errno.h>
#include <pagoda/sched.h>
#include "vm_internal.h"

#define STACK_ROOM (128UL << 10) /* bytes mapped below the arguments, limits permitting */

int insert_stack_vma(struct mm_struct *mm, unsigned long top, struct vm_area_struct **pvma)
{
	struct vm_area_struct *vma = vm_area_alloc(mm);
	int err = -ENOMEM;

	if (!vma)
		return err;
	if (security_vm_enough_memory_mm(mm, 1))
		goto free_vma;
	vma->vm_end = top;
	vma->vm_start = top - PAGE_SIZE;
	vma->vm_pgoff = vma->vm_start >> PAGE_SHIFT;
	vma->vm_flags = VM_STACK | VM_READ | VM_WRITE | VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC |
			VM_ACCOUNT | VM_SOFTDIRTY;
	vma_set_page_prot(vma);

	err = -EINTR;
	if (mmap_write_lock_killable(mm))
		goto unaccount;
	vma_link(mm, NULL, vma);
	vm_stat_account(mm, vma->vm_flags, 1);
	mmap_write_unlock(mm);
	*pvma = vma;
	return 0;

unaccount:
	vm_unacct_memory(1);
free_vma:
	vm_area_free(vma);
	return err;
}

int finish_stack_vma(struct vm_area_struct *vma, bool executable, unsigned long rlim_stack)
{
	struct mm_struct *mm = vma->vm_mm;
	vm_flags_t flags = vma->vm_flags & ~VM_EXEC;
	unsigned long size;
	int err = 0;

	if (mmap_write_lock_killable(mm))
		return -EINTR;
	if (executable)
		flags |= VM_EXEC;
	if (flags != vma->vm_flags)
		err = mprotect_fixup(mm, vma, &vma, vma->vm_start, vma->vm_end, flags);
	if (!err) {
		size = vma->vm_end - vma->vm_start;
		if (size + STACK_ROOM <= (rlim_stack & PAGE_MASK))
			err = expand_stack(vma, vma->vm_start - STACK_ROOM);
	}
	mmap_write_unlock(mm);
	return err ? -EFAULT : 0;
}
