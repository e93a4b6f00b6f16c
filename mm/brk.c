// SPDX-License-Identifier: MIT
/*
 * mm/brk.c - the heap: brk(2), and the same kind of memory for exec.
 *
 * The break is a byte address; memory is mapped up to the page that contains it. One page above the
 * heap stays free, so that an overrun is noticed (BRK-5).
 */
#include <pagoda/errno.h>
#include <pagoda/err.h>
#include <pagoda/sched.h>
#include <pagoda/userfaultfd_k.h>
#include <uapi/personality.h>
#include <syscalls.h>
#include "vm_internal.h"

/* The range can be had at all: within the task's size, and lockable if all memory is locked. */
static int check_brk_limits(struct mm_struct *mm, unsigned long addr, unsigned long len)
{
	if (len > TASK_SIZE || addr > TASK_SIZE - len)
		return -ENOMEM;
	return mlock_future_check(mm, mm->def_flags, len);
}

/* The region phase of mmap, for the heap's kind of memory. 0 or -errno. */
static int do_brk_flags(struct mm_struct *mm, unsigned long addr, unsigned long len,
			vm_flags_t flags)
{
	unsigned long ret;

	if (mm->map_count > sysctl_max_map_count)
		return -ENOMEM;
	if (current->personality & READ_IMPLIES_EXEC)
		flags |= VM_EXEC;
	flags |= VM_READ | VM_WRITE | VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC | mm->def_flags;
	/* uf is NULL: replaces nothing but in a new program, which nobody watches. */
	ret = mmap_region(mm, NULL, addr, len, flags, addr >> PAGE_SHIFT, NULL);
	return IS_ERR_VALUE(ret) ? (int)ret : 0;
}

int vm_brk_flags(unsigned long addr, unsigned long request, unsigned long flags)
{
	struct mm_struct *mm = current->mm;
	unsigned long len = PAGE_ALIGN(request);
	int err;

	if (len < request)
		return -ENOMEM;
	if (!len)
		return 0;
	if (mmap_write_lock_killable(mm))
		return -EINTR;
	err = check_brk_limits(mm, addr, len);
	if (!err)
		err = do_brk_flags(mm, addr, len, flags);
	mmap_write_unlock(mm);
	if (!err && mm->def_flags & VM_LOCKED)
		mm_populate(addr, len);
	return err;
}

static int brk_shrink(struct mm_struct *mm, unsigned long newbrk, unsigned long oldbrk,
		      struct list_head *uf)
{
	if (!find_vma_intersection(mm, newbrk, oldbrk)) /* the program unmapped it (BRK-8) */
		return -EINVAL;
	return do_munmap(mm, newbrk, oldbrk - newbrk, uf);
}

static int brk_grow(struct mm_struct *mm, unsigned long oldbrk, unsigned long newbrk)
{
	struct vm_area_struct *next = find_vma(mm, oldbrk);
	int err;

	if (next && newbrk + PAGE_SIZE > vm_start_gap(next))
		return -ENOMEM;
	err = check_brk_limits(mm, oldbrk, newbrk - oldbrk);
	return err ?: do_brk_flags(mm, oldbrk, newbrk - oldbrk, 0);
}

static bool over_data_rlimit(struct mm_struct *mm, unsigned long brk)
{
	unsigned long limit = rlimit(RLIMIT_DATA);

	return limit != RLIM_INFINITY &&
	       brk - mm->start_brk + (mm->end_data - mm->start_data) > limit;
}

/* Returns the resulting break: the old one after any failure (BRK-1). */
long sys_brk(unsigned long brk)
{
	struct mm_struct *mm = current->mm;
	unsigned long newbrk = PAGE_ALIGN(brk), oldbrk, ret;
	LIST_HEAD(uf);
	bool populate;
	int err = 0;

	if (mmap_write_lock_killable(mm))
		return -EINTR;
	oldbrk = PAGE_ALIGN(mm->brk);
	if (brk < mm->start_brk || over_data_rlimit(mm, brk))
		err = -ENOMEM;
	else if (newbrk != oldbrk)
		err = brk <= mm->brk ? brk_shrink(mm, newbrk, oldbrk, &uf)
				     : brk_grow(mm, oldbrk, newbrk);
	if (!err)
		mm->brk = brk;
	populate = !err && newbrk > oldbrk && mm->def_flags & VM_LOCKED;
	ret = mm->brk;
	mm_verify_checked(mm, "brk");
	mmap_write_unlock(mm);
	userfaultfd_unmap_complete(&uf);
	if (populate)
		mm_populate(oldbrk, newbrk - oldbrk);
	return ret;
}
