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

#define VM_DATA_DEFAULT_FLAGS                                                                      \
	(VM_READ | VM_WRITE | VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC | VM_ACCOUNT)

static vm_flags_t data_flags(struct mm_struct *mm, vm_flags_t extra)
{
	if (current->personality & READ_IMPLIES_EXEC)
		extra |= VM_EXEC;
	return VM_DATA_DEFAULT_FLAGS | VM_SOFTDIRTY | mm->def_flags | extra;
}

/* The range can be had at all: within the task's size, and lockable if all memory is locked. */
static int check_brk_limits(struct mm_struct *mm, unsigned long addr, unsigned long len)
{
	if (len > TASK_SIZE || addr > TASK_SIZE - len)
		return -ENOMEM;
	return mlock_future_check(mm, mm->def_flags, len);
}

static struct vm_area_struct *new_brk_vma(struct mm_struct *mm, struct vm_area_struct *prev,
					  unsigned long addr, unsigned long len,
					  const struct vma_attr *attr)
{
	struct vm_area_struct *vma = vm_area_alloc(mm);

	if (!vma)
		return NULL;
	vma->vm_start = addr;
	vma->vm_end = addr + len;
	vma->vm_pgoff = attr->pgoff;
	vma->vm_flags = attr->flags;
	vma_set_page_prot(vma);
	vma_link(mm, prev, vma);
	return vma;
}

int do_brk_flags(struct mm_struct *mm, unsigned long addr, unsigned long len, vm_flags_t flags)
{
	const struct vma_attr attr = {
		.flags = data_flags(mm, flags),
		.pgoff = addr >> PAGE_SHIFT,
	};
	unsigned long npages = len >> PAGE_SHIFT;
	struct vm_area_struct *vma, *prev;

	if (!may_expand_vm(mm, attr.flags, npages) || mm->map_count > sysctl_max_map_count)
		return -ENOMEM;
	if (security_vm_enough_memory_mm(mm, npages))
		return -ENOMEM;
	find_vma_prev(mm, addr, &prev);
	vma = vma_merge_new(mm, prev, addr, addr + len, &attr);
	if (!vma)
		vma = new_brk_vma(mm, prev, addr, len, &attr);
	if (!vma) {
		vm_unacct_memory(npages);
		return -ENOMEM;
	}
	vm_stat_account(mm, attr.flags, npages);
	if (attr.flags & VM_LOCKED)
		mm->locked_vm += npages;
	return 0;
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
		err = do_munmap(mm, addr, len, NULL); /* of a new program: nobody watches */
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
	return err ? err : do_brk_flags(mm, oldbrk, newbrk - oldbrk, 0);
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
	bool populate = false;
	LIST_HEAD(uf);
	int err = 0;

	if (mmap_write_lock_killable(mm))
		return -EINTR;
	oldbrk = PAGE_ALIGN(mm->brk);
	if (brk < mm->start_brk || over_data_rlimit(mm, brk))
		goto out;
	if (newbrk != oldbrk) {
		err = brk <= mm->brk ? brk_shrink(mm, newbrk, oldbrk, &uf)
				     : brk_grow(mm, oldbrk, newbrk);
		mm_verify_checked(mm, "brk");
	}
	if (!err) {
		populate = newbrk > oldbrk && mm->def_flags & VM_LOCKED;
		mm->brk = brk;
	}
out:
	ret = mm->brk;
	mmap_write_unlock(mm);
	userfaultfd_unmap_complete(&uf);
	if (populate)
		mm_populate(oldbrk, newbrk - oldbrk);
	return ret;
}
