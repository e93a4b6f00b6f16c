// SPDX-License-Identifier: MIT
/*
 * mm/mlock.c - memory that stays: mlock(2), mlock2(2), munlock(2), mlockall(2), munlockall(2).
 *
 * Locking is a flag of the VMA, counted in locked_vm, and the pages are made present after
 * mmap_lock has been dropped. Nothing is ever swapped out here, so the flag has no other effect
 * than on limits, on MADV_DONTNEED and MADV_FREE, and on what fork, mremap and mprotect populate.
 */
#include <pagoda/cred.h>
#include <pagoda/errno.h>
#include <pagoda/err.h>
#include <pagoda/sched.h>
#include <pagoda/vmstat.h>
#include <syscalls.h>
#include "vm_internal.h"

#define VM_LOCKED_MASK (VM_LOCKED | VM_LOCKONFAULT)

/* What MADV_FREE gave up before is here to stay now. */
static int keep_page(pte_t pte, unsigned long addr, void *unused)
{
	if (pte_lazyfree(pte))
		SetPageSwapBacked(pte_page(pte));
	return 0;
}

static int mlock_fixup(struct vm_area_struct *vma, unsigned long start, unsigned long end,
		       vm_flags_t lock)
{
	vm_flags_t oldflags = vma->vm_flags, newflags = (oldflags & ~VM_LOCKED_MASK) | lock;
	long pages = (end - start) >> PAGE_SHIFT;
	struct mm_struct *mm = vma->vm_mm;

	if (newflags == oldflags || oldflags & VM_SPECIAL)
		return 0;
	vma = vma_modify_flags(vma, start, end, newflags);
	if (IS_ERR(vma))
		return PTR_ERR(vma);
	vm_stat_account(mm, oldflags, -pages);
	vm_stat_account(mm, newflags, pages);
	if (lock && mm->lazyfree)
		pt_walk(mm, start, end, keep_page, NULL);
	return 0;
}

/* Stops with -ENOMEM at the first hole; what is below it has been done (MLK-4). */
static int apply_vma_lock_flags(struct mm_struct *mm, unsigned long start, unsigned long len,
				vm_flags_t lock)
{
	unsigned long end = start + len, stop;
	struct vm_area_struct *vma;
	int err;

	if (end < start)
		return -EINVAL;
	for (; start < end; start = stop) {
		vma = vma_lookup(mm, start);
		if (!vma)
			return -ENOMEM;
		stop = min(vma->vm_end, end);
		err = mlock_fixup(vma, start, stop, lock);
		if (err)
			return err;
	}
	return 0;
}

/* @lock 0 unlocks, which everybody may. */
static int do_mlock(unsigned long start, size_t len, vm_flags_t lock)
{
	struct mm_struct *mm = current->mm;
	unsigned long limit = rlimit(RLIMIT_MEMLOCK) >> PAGE_SHIFT, locked;
	bool unlimited = !lock || capable(CAP_IPC_LOCK);
	int err = -ENOMEM;

	if (lock && !can_do_mlock())
		return -EPERM;
	len = PAGE_ALIGN(len + offset_in_page(start));
	start &= PAGE_MASK;
	locked = len >> PAGE_SHIFT;
	if (mmap_write_lock_killable(mm))
		return -EINTR;
	locked += mm->locked_vm;
	if (!unlimited && locked > limit) /* what is locked already does not count twice (MLK-3) */
		locked -= count_vma_pages_range(mm, start, start + len, VM_LOCKED);
	if (unlimited || locked <= limit)
		err = apply_vma_lock_flags(mm, start, len, lock);
	mm_verify_checked(mm, "mlock");
	mmap_write_unlock(mm);
	return err || !lock ? err : make_pages_present(start, len, false);
}

long sys_mlock(unsigned long start, size_t len)
{
	return do_mlock(start, len, VM_LOCKED);
}

long sys_mlock2(unsigned long start, size_t len, int flags)
{
	if (flags & ~MLOCK_ONFAULT)
		return -EINVAL;
	return do_mlock(start, len, flags ? VM_LOCKED_MASK : VM_LOCKED);
}

long sys_munlock(unsigned long start, size_t len)
{
	return do_mlock(start, len, 0);
}

/* @flags as of mlockall(2); 0 undoes everything. Errors of single VMAs do not count. */
static void apply_mlockall_flags(struct mm_struct *mm, int flags)
{
	vm_flags_t lock = flags & MCL_ONFAULT ? VM_LOCKED_MASK : VM_LOCKED;
	unsigned long addr, stop;
	struct vm_area_struct *vma;

	mm->def_flags &= ~VM_LOCKED_MASK;
	if (flags & MCL_FUTURE) {
		mm->def_flags |= lock;
		if (!(flags & MCL_CURRENT))
			return;
	}
	if (!(flags & MCL_CURRENT))
		lock = 0;
	for (addr = 0; (vma = find_vma(mm, addr)); addr = stop) {
		stop = vma->vm_end;
		mlock_fixup(vma, vma->vm_start, stop, lock);
	}
}

long sys_mlockall(int flags)
{
	struct mm_struct *mm = current->mm;
	int err = -ENOMEM;

	if (!flags || flags & ~(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) || flags == MCL_ONFAULT)
		return -EINVAL;
	if (!can_do_mlock())
		return -EPERM;
	if (mmap_write_lock_killable(mm))
		return -EINTR;
	if (!(flags & MCL_CURRENT) || mm->total_vm <= rlimit(RLIMIT_MEMLOCK) >> PAGE_SHIFT ||
	    capable(CAP_IPC_LOCK)) {
		apply_mlockall_flags(mm, flags);
		err = 0;
	}
	mm_verify_checked(mm, "mlockall");
	mmap_write_unlock(mm);
	if (!err && flags & MCL_CURRENT)
		mm_populate(0, TASK_SIZE_MAX);
	return err;
}

long sys_munlockall(void)
{
	struct mm_struct *mm = current->mm;

	if (mmap_write_lock_killable(mm))
		return -EINTR;
	apply_mlockall_flags(mm, 0);
	mmap_write_unlock(mm);
	return 0;
}

unsigned long nr_mlocked_pages(void)
{
	unsigned long pages = 0;
	struct mm_struct *mm;

	spin_lock(&mmlist_lock);
	list_for_each_entry (mm, &init_mm.mmlist, mmlist)
		pages += min(READ_ONCE(mm->locked_vm), get_mm_rss(mm));
	spin_unlock(&mmlist_lock);
	return pages;
}
