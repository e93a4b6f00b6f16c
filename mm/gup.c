// SPDX-License-Identifier: MIT
/*
 * mm/gup.c - user memory from the kernel's side: one page of it, a range made present, a copy to or
 * from another address space.
 *
 * These faults are like the user's own, but they go by the rights of the VMA, not by what the
 * hardware would also allow (RND-7). They do not drop mmap_lock, and fail where they would have to
 * wait for a userfaultfd; but those that make a range present can be told to wait (UVMA-5, UVMA-6).
 */
#include <pagoda/errno.h>
#include <pagoda/pagemap.h>
#include <pagoda/sched.h>
#include <asm/pkeys.h>
#include "vm_internal.h"

/* FOLL_FORCE may read what is mapped without rights, and write what a private VMA may not. */
static bool vma_allows(const struct vm_area_struct *vma, unsigned int foll)
{
	vm_flags_t flags = vma->vm_flags;

	if (flags & (VM_IO | VM_PFNMAP))
		return false;
	if (flags & (foll & FOLL_WRITE ? VM_WRITE : VM_READ))
		return true;
	return foll & FOLL_FORCE &&
	       (foll & FOLL_WRITE ? is_cow_mapping(flags) : flags & VM_MAYREAD);
}

/*
 * A forced write ends at an anonymous page of our own, which stays read-only; but not where a
 * monitor would have to be asked (UVMA-6).
 */
static bool can_follow(pte_t pte, unsigned int foll)
{
	if (!pte_present(pte))
		return false;
	if (!(foll & FOLL_WRITE) || pte_write(pte))
		return true;
	return foll & FOLL_FORCE && !pte_uffd_wp(pte) && PageAnonExclusive(pte_page(pte));
}

/* The page that stands at @addr now, with a reference; NULL: a fault must come first. */
static struct page *follow_page(struct vm_area_struct *vma, unsigned long addr, unsigned int foll)
{
	struct page *page = NULL;
	struct pt_handle pt;

	if (pt_lock_existing(vma->vm_mm, addr, &pt))
		return NULL;
	if (can_follow(ptep_get(pt.pte), foll)) {
		page = pte_page(ptep_get(pt.pte));
		get_page(page);
		if (foll & FOLL_WRITE && PageAnon(page)) /* no hardware marks the entry dirty: */
			SetPageSwapBacked(page);	 /* MADV_FREE is undone */
		else if (foll & FOLL_WRITE)
			set_page_dirty(page);
	}
	pt_unlock(&pt);
	return page;
}

/* With @locked the fault may wait, and drop mmap_lock for that: *locked is false then. */
static int faultin_page(struct vm_area_struct *vma, unsigned long addr, bool write, bool *locked)
{
	unsigned int flags = FAULT_FLAG_REMOTE | (write ? FAULT_FLAG_WRITE : 0) |
			     (locked ? FAULT_FLAG_ALLOW_RETRY : 0);
	vm_fault_t ret = handle_mm_fault(vma, addr, flags);

	if (ret & VM_FAULT_RETRY)
		*locked = false;
	if (ret & VM_FAULT_ERROR)
		return ret & VM_FAULT_OOM ? -ENOMEM : -EFAULT;
	return 0;
}

int get_user_page(struct mm_struct *mm, unsigned long addr, unsigned int foll, struct page **page,
		  bool *locked)
{
	struct vm_area_struct *vma = vma_lookup(mm, addr);
	int err = vma && vma_allows(vma, foll) ? 0 : -EFAULT;

	while (!err) {
		*page = follow_page(vma, addr, foll);
		if (*page)
			return 0;
		if (fatal_signal_pending(current))
			return -EINTR;
		err = faultin_page(vma, addr, foll & FOLL_WRITE, locked);
		if (locked && !*locked)
			return -EAGAIN;
	}
	return err;
}

int get_user_page_unlocked(struct mm_struct *mm, unsigned long addr, unsigned int foll,
			   struct page **page)
{
	bool locked;
	int err;

	do {
		if (mmap_read_lock_killable(mm))
			return -EINTR;
		locked = true;
		err = get_user_page(mm, addr, foll, page, &locked);
		if (locked)
			mmap_read_unlock(mm);
	} while (!locked);
	return err;
}

/* ---- copies to and from another address space ------------------------------------------------ */

int access_remote_vm(struct mm_struct *mm, unsigned long addr, void *buf, int len,
		     unsigned int foll)
{
	int done = 0;

	if (mmap_read_lock_killable(mm))
		return 0;
	while (done < len) {
		int chunk = min_t(int, len - done, PAGE_SIZE - offset_in_page(addr));
		struct page *page;
		void *mapped;

		if (get_user_page(mm, addr, foll, &page, NULL))
			break;
		mapped = (char *)page_address(page) + offset_in_page(addr);
		if (foll & FOLL_WRITE)
			memcpy(mapped, (char *)buf + done, chunk);
		else
			memcpy((char *)buf + done, mapped, chunk);
		put_page(page);
		done += chunk;
		addr += chunk;
	}
	mmap_read_unlock(mm);
	return done;
}

/* ---- making ranges present ------------------------------------------------------------------- */

/* True when a fault with these rights would change nothing at @addr. */
static bool present_enough(struct mm_struct *mm, unsigned long addr, bool write)
{
	pte_t pte = pt_peek(mm, addr);

	return pte_present(pte) && (!write || pte_write(pte));
}

long faultin_range(struct vm_area_struct *vma, unsigned long start, unsigned long end, bool write,
		   bool *locked)
{
	long pages = 0;
	int err;

	if (!arch_vma_access_permitted(vma, write, false))
		return -EFAULT;
	for (; start < end; start += PAGE_SIZE, pages++) {
		if (present_enough(vma->vm_mm, start, write))
			continue;
		if (fatal_signal_pending(current))
			return pages ? pages : -EINTR;
		err = faultin_page(vma, start, write, locked);
		if (err || (locked && !*locked))
			return pages ? pages : err;
		cond_resched();
	}
	return pages;
}

long populate_vma_page_range(struct vm_area_struct *vma, unsigned long start, unsigned long end,
			     bool *locked)
{
	if (vma->vm_flags & VM_LOCKONFAULT)
		return (end - start) >> PAGE_SHIFT;
	if (!(vma->vm_flags & VM_ACCESS_FLAGS) || vma->vm_flags & (VM_IO | VM_PFNMAP))
		return -EFAULT;
	return faultin_range(vma, start, end, vma_is_private_writable(vma), locked);
}

/* What mlock says of a page that could not be had (MLK-15). */
static int populate_error(long ret)
{
	return ret == -EFAULT ? -ENOMEM : ret == -ENOMEM ? -EAGAIN : ret;
}

int make_pages_present(unsigned long start, unsigned long len, bool ignore_errors)
{
	unsigned long end = start + len, stop;
	struct mm_struct *mm = current->mm;
	struct vm_area_struct *vma;
	bool locked = false;
	long ret = 0;

	for (; start < end; start = stop) {
		if (!locked)
			mmap_read_lock(mm);
		locked = true;
		vma = find_vma_intersection(mm, start, end); /* stop: mmap-6 */
		if (!vma)
			break;
		start = max(start, vma->vm_start);
		stop = min(end, vma->vm_end);
		if (vma->vm_flags & (VM_IO | VM_PFNMAP)) /* is there already (MLK-14) */
			continue;
		ret = populate_vma_page_range(vma, start, stop, &locked);
		if (ret >= 0) /* a page that failed says why next time */
			stop = start + (ret << PAGE_SHIFT);
		else if (ignore_errors && ret != -EINTR)
			ret = 0; /* the rest of this VMA is left out */
		else
			break;
	}
	if (locked)
		mmap_read_unlock(mm);
	return ret < 0 ? populate_error(ret) : 0;
}
