// SPDX-License-Identifier: MIT
/*
 * mm/vmacache.c - finding a VMA: the task's last one first, then the tree.
 *
 * Faults come in runs: the VMA that a task found last is the one it wants next. The cache holds
 * only VMAs of the task's own mm. Removing any VMA bumps the mm's sequence number, which voids the
 * caches of all its tasks; a task that changes its mm has its cache flushed.
 *
 * Locks: mmap_lock, either way. The cache belongs to the running task.
 */
#include <pagoda/sched.h>
#include "vm_internal.h"

struct vm_area_struct *find_vma(struct mm_struct *mm, unsigned long addr)
{
	struct task_struct *tsk = current;
	struct vm_area_struct *vma;

	if (unlikely(tsk->mm != mm))
		return vma_tree_find(mm, addr);
	if (tsk->vmacache_seqnum == mm->vmacache_seqnum) {
		vma = tsk->vmacache_vma;
		if (vma && vma->vm_start <= addr && addr < vma->vm_end)
			return vma;
	}
	vma = vma_tree_find(mm, addr);
	tsk->vmacache_vma = vma;
	tsk->vmacache_seqnum = mm->vmacache_seqnum;
	return vma;
}

void vmacache_flush(struct task_struct *tsk)
{
	tsk->vmacache_vma = NULL;
	tsk->vmacache_seqnum = 0;
}

struct vm_area_struct *find_vma_prev(struct mm_struct *mm, unsigned long addr,
				     struct vm_area_struct **pprev)
{
	struct vm_area_struct *vma = find_vma(mm, addr);

	*pprev = vma ? vma_prev(vma) : rb_to_vma(rb_last(&mm->mm_rb));
	return vma;
}

struct vm_area_struct *find_vma_intersection(struct mm_struct *mm, unsigned long start,
					     unsigned long end)
{
	struct vm_area_struct *vma = find_vma(mm, start);

	return vma && vma->vm_start < end ? vma : NULL;
}
