// SPDX-License-Identifier: MIT
/*
 * mm/fork_mm.c - the memory of a new task.
 *
 *	copy_process -> copy_mm		kernel thread: none; CLONE_VM: the same mm, counted
 *	  -> dup_mm			a new mm_struct that begins as a bitwise copy
 *	    -> dup_mmap			VMA by VMA: dup_userfaultfd, file, copy_page_range
 *
 * The monitors of the parent's memory are told by copy_process(), which knows when the fork cannot
 * fail for want of anything any more; @uf is the list of those who must hear.
 *
 * Any failure leaves the parent as it was, but for entries that have become read-only: they turn
 * writable again at the next write, in place. What the child has got by then goes by mmput().
 *
 * Locks: both mmap_locks held for writing through dup_mmap(), the child's inside the parent's.
 */
#include <pagoda/errno.h>
#include <pagoda/fs.h>
#include <pagoda/sched.h>
#include <pagoda/userfaultfd_k.h>
#include <uapi/sched.h>
#include <asm/tlbflush.h>
#include "vm_internal.h"

/* The child's copy of @orig, complete but for its pages, linked; NULL when out of memory. */
static struct vm_area_struct *dup_vma(struct mm_struct *mm, struct vm_area_struct *last,
				      struct vm_area_struct *orig, struct list_head *uf)
{
	struct vm_area_struct *vma;

	if (orig->vm_flags & VM_ACCOUNT && security_vm_enough_memory_mm(mm, vma_pages(orig)))
		return NULL;
	vma = vm_area_dup(orig);
	if (!vma)
		goto unaccount;
	vma->vm_mm = mm;
	if (dup_userfaultfd(vma, uf))
		goto free_vma;
	vma->vm_flags &= ~(VM_LOCKED | VM_LOCKONFAULT);
	if (vma->vm_flags & VM_WIPEONFORK)
		vma->vm_faulted = false;
	if (vma->vm_file) {
		get_file(vma->vm_file);
		vma_link_file(vma);
	}
	vma_tree_append(mm, last, vma);
	mm->map_count++;
	return vma;

free_vma:
	vm_area_free(vma);
unaccount:
	if (orig->vm_flags & VM_ACCOUNT)
		vm_unacct_memory(vma_pages(orig));
	return NULL;
}

static int dup_vmas(struct mm_struct *mm, struct mm_struct *oldmm, struct list_head *uf)
{
	struct vm_area_struct *orig, *vma, *last = NULL;
	int err = 0;

	for_each_vma (oldmm, orig) {
		if (orig->vm_flags & VM_DONTCOPY) {
			vm_stat_account(mm, orig->vm_flags & ~VM_LOCKED, -(long)vma_pages(orig));
			continue;
		}
		if (fatal_signal_pending(current))
			return -EINTR;
		vma = dup_vma(mm, last, orig, uf);
		if (!vma)
			return -ENOMEM;
		last = vma;
		if (!(vma->vm_flags & VM_WIPEONFORK))
			err = copy_page_range(vma, orig);
		if (vma->vm_ops && vma->vm_ops->open)
			vma->vm_ops->open(vma);
		if (err)
			return err;
	}
	return 0;
}

static int dup_mmap(struct mm_struct *mm, struct mm_struct *oldmm, struct list_head *uf)
{
	int err;

	if (mmap_write_lock_killable(oldmm))
		return -EINTR;
	down_write_nested(&mm->mmap_lock);
	set_mm_exe_file(mm, oldmm->exe_file); /* stop: fork-6 */
	mm->total_vm = oldmm->total_vm;
	mm->data_vm = oldmm->data_vm;
	mm->exec_vm = oldmm->exec_vm;
	mm->stack_vm = oldmm->stack_vm;

	if (oldmm->locked_vm || oldmm->flags & MMF_UNMERGED)
		mm->flags |= MMF_UNMERGED;
	err = dup_vmas(mm, oldmm, uf);
	mmap_write_unlock(mm);
	flush_tlb_mm(oldmm);
	mm_verify_checked(oldmm, "fork");
	mmap_write_unlock(oldmm);
	return err;
}

struct mm_struct *dup_mm(struct mm_struct *oldmm, struct list_head *uf)
{
	struct mm_struct *mm = allocate_mm();

	if (!mm)
		return NULL;
	*mm = *oldmm;
	mm->flags &= MMF_INIT_MASK;
	mm->def_flags &= VM_NOHUGEPAGE;
	if (!mm_init(mm))
		return NULL;
	if (dup_mmap(mm, oldmm, uf)) {
		mmput(mm);
		return NULL;
	}
	mm->hiwater_rss = get_mm_rss(mm);
	mm->hiwater_vm = mm->total_vm;
	return mm;
}

int copy_mm(unsigned long clone_flags, struct task_struct *tsk, struct list_head *uf)
{
	struct mm_struct *mm, *oldmm = current->mm;

	tsk->min_flt = tsk->maj_flt = 0;
	tsk->nvcsw = tsk->nivcsw = 0;
	tsk->mm = NULL;
	tsk->active_mm = NULL;
	vmacache_flush(tsk);
	if (!oldmm) /* stop: fork-5 */
		return 0;
	if (clone_flags & CLONE_VM) {
		mmget(oldmm);
		mm = oldmm;
	} else {
		mm = dup_mm(oldmm, uf);
		if (!mm)
			return -ENOMEM;
	}
	tsk->mm = mm;
	tsk->active_mm = mm;
	return 0;
}
