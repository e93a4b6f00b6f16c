// SPDX-License-Identifier: MIT
/*
 * mm/msync.c - write the dirty pages of shared file mappings back.
 *
 * MS_ASYNC and 0 only check the range: dirty pages reach their file anyway (MSY-6).
 */
#include <pagoda/errno.h>
#include <pagoda/fs.h>
#include <pagoda/sched.h>
#include <syscalls.h>
#include "vm_internal.h"

/* Drops mmap_lock while the file is written; the VMA may be gone afterwards. */
static int sync_part(struct mm_struct *mm, struct vm_area_struct *vma, unsigned long start,
		     unsigned long end)
{
	struct file *file = get_file(vma->vm_file);
	loff_t first = (loff_t)linear_page_index(vma, start) << PAGE_SHIFT;
	int err;

	mmap_read_unlock(mm);
	err = file->f_op->fsync ? file->f_op->fsync(file, first, first + (end - start) - 1, 1) : 0;
	fput(file);
	mmap_read_lock(mm);
	return err;
}

static int msync_range(struct mm_struct *mm, unsigned long start, unsigned long end, int flags)
{
	struct vm_area_struct *vma;
	unsigned long stop;
	int err, unmapped = 0;

	for (; start < end; start = stop) {
		vma = find_vma(mm, start);
		if (!vma || vma->vm_start >= end)
			return -ENOMEM;
		if (start < vma->vm_start) {
			if (flags == MS_ASYNC)
				return -ENOMEM;
			start = vma->vm_start;
			unmapped = -ENOMEM;
		}
		if (flags & MS_INVALIDATE && vma->vm_flags & VM_LOCKED)
			return -EBUSY;
		stop = min(vma->vm_end, end);
		if (flags & MS_SYNC && vma->vm_file && vma->vm_flags & VM_SHARED) {
			err = sync_part(mm, vma, start, stop);
			if (err)
				return err;
		}
	}
	return unmapped;
}

long sys_msync(unsigned long start, size_t len, int flags)
{
	struct mm_struct *mm = current->mm;
	unsigned long end;
	int err;

	if (flags & ~(MS_ASYNC | MS_INVALIDATE | MS_SYNC) || start & ~PAGE_MASK)
		return -EINVAL;
	if ((flags & (MS_ASYNC | MS_SYNC)) == (MS_ASYNC | MS_SYNC))
		return -EINVAL;
	end = start + PAGE_ALIGN(len);
	if (end < start)
		return -ENOMEM;
	if (end == start)
		return 0;
	mmap_read_lock(mm);
	err = msync_range(mm, start, end, flags);
	mmap_read_unlock(mm);
	return err;
}
