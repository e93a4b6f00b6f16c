// SPDX-License-Identifier: MIT
/*
 * mm/munmap.c - munmap(2), and the end of an address space.
 *
 * The order is what keeps it safe: clear the entries and gather the pages; take the VMAs out of the
 * tree and of i_mmap (from here on nobody can reach the range's tables); unlink the tables; flush;
 * free pages and tables; close and free the VMAs.
 *
 * A VMA that is only partly covered is trimmed. Only a hole in the middle of one needs a second
 * VMA, and that is the only way to fail.
 *
 * Locks: mmap_lock held for writing; exit_mmap() has the mm to itself.
 */
#include <pagoda/errno.h>
#include <pagoda/fs.h>
#include <pagoda/mmu_gather.h>
#include <pagoda/sched.h>
#include <pagoda/userfaultfd_k.h>
#include <syscalls.h>
#include "vm_internal.h"

/* Above the last user page, where the user's part of the top tables ends. */
#define USER_PGTABLES_CEILING ALIGN(TASK_SIZE_MAX, PGDIR_SIZE)

/* Takes [start, end) away from @vma; what is gone entirely is collected on @removed. */
static void detach_range(struct mm_struct *mm, struct vm_area_struct *vma, unsigned long start,
			 unsigned long end, struct list_head *removed)
{
	unsigned long from = max(start, vma->vm_start), to = min(end, vma->vm_end);
	long pages = (to - from) >> PAGE_SHIFT;

	vm_stat_account(mm, vma->vm_flags, -pages);
	if (vma->vm_flags & VM_ACCOUNT)
		vm_unacct_memory(pages);
	if (from == vma->vm_start && to == vma->vm_end) {
		vma_unlink(vma);
		list_add_tail(&vma->i_mmap_node, removed);
	} else if (from == vma->vm_start) {
		vma_set_bounds(vma, to, vma->vm_end);
	} else {
		vma_set_bounds(vma, vma->vm_start, from);
	}
}

/* No VMA contains [start, end) in its middle; @vma is the first that overlaps it. */
static void unmap_region(struct mm_struct *mm, struct vm_area_struct *vma, unsigned long start,
			 unsigned long end)
{
	struct vm_area_struct *prev = vma->vm_start < start ? vma : vma_prev(vma), *v, *next;
	struct mmu_gather tlb;
	LIST_HEAD(removed);

	update_hiwater_rss(mm);
	update_hiwater_vm(mm);
	tlb_gather_mmu(&tlb, mm);
	for (v = vma; v && v->vm_start < end; v = vma_next(v))
		unmap_page_range(&tlb, v, max(start, v->vm_start), min(end, v->vm_end), 0);
	for (v = vma; v && v->vm_start < end; v = next) {
		next = vma_next(v);
		detach_range(mm, v, start, end, &removed);
	}
	next = prev ? vma_next(prev) : mm_first_vma(mm);
	free_pgtables(&tlb, start, end, prev ? prev->vm_end : 0,
		      next ? next->vm_start : USER_PGTABLES_CEILING);
	tlb_finish_mmu(&tlb);
	list_for_each_entry_safe (v, next, &removed, i_mmap_node)
		remove_vma(v);
}

/* The file may forbid to cut @vma at one of the ends of the range (PROT-18). */
static int may_cut(struct vm_area_struct *vma, unsigned long start, unsigned long end)
{
	int err = 0;

	if (likely(!vma->vm_ops || !vma->vm_ops->may_split))
		return 0;
	if (vma->vm_start < start)
		err = vma->vm_ops->may_split(vma, start);
	if (!err && end < vma->vm_end)
		err = vma->vm_ops->may_split(vma, end);
	return err;
}

/*
 * The last things that can fail, both or none of them: memory for the events, a second VMA for a
 * hole in the middle.
 */
static int prepare_unmap(struct mm_struct *mm, struct vm_area_struct *vma, unsigned long start,
			 unsigned long end, struct list_head *uf)
{
	LIST_HEAD(events);
	int err = uf ? userfaultfd_unmap_prep(vma, start, end, &events) : 0;

	if (!err && vma->vm_start < start && end < vma->vm_end) {
		err = split_vma(vma, end);
		if (err)
			userfaultfd_unmap_fail(&events);
	}
	if (!err && uf)
		list_splice_tail(&events, uf);
	return err;
}

int do_munmap(struct mm_struct *mm, unsigned long start, size_t len, struct list_head *uf)
{
	struct vm_area_struct *vma, *last;
	unsigned long end;
	int err;

	if (start & ~PAGE_MASK || start > mm->task_size || len > mm->task_size - start)
		return -EINVAL;
	len = PAGE_ALIGN(len);
	if (!len)
		return -EINVAL;
	end = start + len;
	vma = find_vma_intersection(mm, start, end);
	if (!vma)
		return 0;
	err = may_cut(vma, start, end);
	if (!err && end > vma->vm_end) {
		last = find_vma_intersection(mm, end - 1, end);
		if (last)
			err = may_cut(last, start, end);
	}
	if (!err)
		err = prepare_unmap(mm, vma, start, end, uf);
	if (err)
		return err;
	unmap_region(mm, vma, start, end);
	return 0;
}

int vm_munmap(unsigned long start, size_t len)
{
	struct mm_struct *mm = current->mm;
	LIST_HEAD(uf);
	int err;

	if (mmap_write_lock_killable(mm))
		return -EINTR;
	err = do_munmap(mm, start, len, &uf);
	mm_verify_checked(mm, "munmap");
	mmap_write_unlock(mm);
	userfaultfd_unmap_complete(&uf);
	return err;
}

long sys_munmap(unsigned long addr, size_t len)
{
	return vm_munmap(addr, len);
}

/*
 * The last user is gone. No CPU can come back to this mm, so entries are cleared table by table,
 * without asking which VMA they belong to, and nothing is flushed.
 */
void exit_mmap(struct mm_struct *mm)
{
	struct vm_area_struct *vma, *next;
	unsigned long accounted = 0;
	struct mmu_gather tlb;

	tlb_gather_mmu_fullmm(&tlb, mm);
	unmap_all_tables(&tlb);
	for_each_vma (mm, vma) {
		if (vma->vm_flags & VM_ACCOUNT)
			accounted += vma_pages(vma);
		vma_unlink_file(vma);
	}
	free_all_tables(&tlb);
	tlb_finish_mmu(&tlb);

	rbtree_postorder_for_each_entry_safe(vma, next, &mm->mm_rb, vm_rb) remove_vma(vma);
	mm->mm_rb = RB_ROOT;
	mm->free_area_vma = NULL;
	mm->map_count = 0;
	vm_unacct_memory(accounted);
	WARN_ON(atomic64_read(&mm->rss));
}
