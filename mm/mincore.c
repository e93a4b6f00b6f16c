// SPDX-License-Identifier: MIT
/*
 * mm/mincore.c - which pages of a range are in memory.
 *
 * A page counts as resident if it is mapped here or, for files, up to date in the page cache. Of a
 * file that the caller neither owns nor may write, all pages do, so that nobody can watch what
 * others read (MINC-7).
 */
#include <pagoda/cred.h>
#include <pagoda/errno.h>
#include <pagoda/fs.h>
#include <pagoda/gfp.h>
#include <pagoda/namei.h>
#include <pagoda/pagemap.h>
#include <pagoda/sched.h>
#include <asm/uaccess.h>
#include <syscalls.h>
#include "vm_internal.h"

static bool may_look(const struct vm_area_struct *vma)
{
	struct inode *inode = file_inode(vma->vm_file);

	return current_fsuid() == inode->i_uid || capable(CAP_FOWNER) ||
	       !inode_permission(inode, MAY_WRITE);
}

static bool page_in_cache(struct vm_area_struct *vma, unsigned long addr)
{
	struct page *page = find_get_page(vma->vm_file->f_mapping, linear_page_index(vma, addr));
	bool there;

	if (!page)
		return false;
	there = PageUptodate(page);
	put_page(page);
	return there;
}

/* Up to @pages pages of the VMA at @addr; how many were done, or -ENOMEM. */
static long do_mincore(struct mm_struct *mm, unsigned long addr, unsigned long pages, u8 *vec)
{
	struct vm_area_struct *vma = vma_lookup(mm, addr);
	bool file, hidden;

	if (!vma)
		return -ENOMEM;
	file = !vma_is_anonymous(vma) && vma->vm_file;
	hidden = file && !may_look(vma);
	pages = min(pages, (vma->vm_end - addr) >> PAGE_SHIFT);
	for (unsigned long i = 0; i < pages; i++, addr += PAGE_SIZE)
		vec[i] = hidden || pte_present(pt_peek(mm, addr)) ||
			 (file && page_in_cache(vma, addr));
	return pages;
}

long sys_mincore(unsigned long start, size_t len, unsigned char __user *vec)
{
	unsigned long pages;
	long done = 0;
	u8 *buf;

	if (start & ~PAGE_MASK)
		return -EINVAL;
	if (!access_ok(start, len))
		return -ENOMEM;
	pages = (len >> PAGE_SHIFT) + (offset_in_page(len) != 0);
	if (!access_ok(vec, pages))
		return -EFAULT;
	buf = (u8 *)__get_free_page(GFP_USER);
	if (!buf)
		return -EAGAIN;
	for (; pages; pages -= done, vec += done, start += done << PAGE_SHIFT) {
		mmap_read_lock(current->mm);
		done = do_mincore(current->mm, start, min(pages, PAGE_SIZE), buf);
		mmap_read_unlock(current->mm);
		if (done <= 0)
			break;
		if (copy_to_user(vec, buf, done)) {
			done = -EFAULT;
			break;
		}
	}
	free_page((unsigned long)buf);
	return done < 0 ? done : 0;
}
