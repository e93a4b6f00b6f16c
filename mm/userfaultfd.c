// SPDX-License-Identifier: MIT
/*
 * mm/userfaultfd.c - the memory side of user-space paging: ranges that are registered, pages that
 * a monitor puts there, entries that he protects.
 *
 *	register, unregister	a context and modes for VMAs, which split and merge
 *	mfill_atomic		COPY, ZEROPAGE, CONTINUE: pages appear whole, or not at all
 *	uffd_wp_range		WRITEPROTECT: a mark in each entry, which can not be written then
 *
 * An entry carries its mark (UFFD_WP) wherever it goes. Memory that has an object can lose an entry
 * and find the page again, so there the mark stays behind in a marker: an entry that is neither
 * empty nor present. Only VMAs in WP mode have marks and markers.
 *
 * Locks: registration holds mmap_lock for writing, the rest for reading, and each entry's PTL. A
 * page is filled before it can be seen, without any spinlock.
 */
#include <pagoda/err.h>
#include <pagoda/errno.h>
#include <pagoda/fs.h>
#include <pagoda/gfp.h>
#include <pagoda/sched.h>
#include <pagoda/shmem.h>
#include <pagoda/userfaultfd_k.h>
#include <asm/tlbflush.h>
#include <asm/uaccess.h>
#include "vm_internal.h"

/* ---- registered ranges ----------------------------------------------------------------------- */

static bool vma_is_shmem(const struct vm_area_struct *vma)
{
	return vma->vm_ops == &shmem_vm_ops;
}

/* REG-4, REG-5 */
static bool vma_can_userfault(const struct vm_area_struct *vma, vm_flags_t mode)
{
	if (vma->vm_flags & (VM_IO | VM_PFNMAP))
		return false;
	return vma_is_shmem(vma) || (vma_is_anonymous(vma) && !(mode & VM_UFFD_MINOR));
}

void userfaultfd_reset_ctx(struct vm_area_struct *vma)
{
	vma->vm_userfaultfd_ctx = NULL;
	vma->vm_flags &= ~VM_UFFD_FLAGS;
	vma_set_page_prot(vma);
	vma->vm_mm->flags |= MMF_UNMERGED; /* fork, which does not merge */
}

/*
 * [start, end) of @vma gets @ctx and @mode; NULL and 0: none. Marks go with the mode. Returns the
 * VMA that covers the range now, or an ERR_PTR; never one for the whole of a VMA.
 */
static struct vm_area_struct *set_tracking(struct vm_area_struct *vma, unsigned long start,
					   unsigned long end, struct userfaultfd_ctx *ctx,
					   vm_flags_t mode)
{
	bool unmark = userfaultfd_wp(vma) && !(mode & VM_UFFD_WP);
	struct vma_attr attr = vma_attr_at(vma, start);

	attr.flags = (attr.flags & ~VM_UFFD_FLAGS) | mode;
	attr.ctx = ctx;
	vma = vma_modify(vma, start, end, &attr);
	if (!IS_ERR(vma) && unmark)
		uffd_wp_range(vma, start, end - start, false);
	return vma;
}

static int check_register(const struct vm_area_struct *vma, struct userfaultfd_ctx *ctx,
			  vm_flags_t mode)
{
	if (!vma_can_userfault(vma, mode))
		return -EINVAL;
	if (!(vma->vm_flags & VM_MAYWRITE))
		return -EPERM;
	return vma->vm_userfaultfd_ctx && vma->vm_userfaultfd_ctx != ctx ? -EBUSY : 0;
}

int userfaultfd_register_range(struct mm_struct *mm, struct userfaultfd_ctx *ctx,
			       unsigned long start, unsigned long end, vm_flags_t mode)
{
	struct vm_area_struct *first = find_vma_intersection(mm, start, end), *vma;
	int err = first ? 0 : -EINVAL;

	for (vma = first; !err && vma && vma->vm_start < end; vma = vma_next(vma))
		err = check_register(vma, ctx, mode);
	if (err)
		return err;
	for (vma = first; vma && vma->vm_start < end; vma = vma_next(vma)) {
		if (vma->vm_userfaultfd_ctx && (vma->vm_flags & mode) == mode)
			continue; /* watched as asked, or better (REG-9) */
		vma = set_tracking(vma, max(start, vma->vm_start), min(end, vma->vm_end), ctx,
				   mode);
		if (IS_ERR(vma))
			return PTR_ERR(vma);
	}
	return 0;
}

/* Of whatever context (UNR-7). Also the waiters of WP and MINOR faults are woken (UNR-5). */
int userfaultfd_unregister_range(struct mm_struct *mm, unsigned long start, unsigned long end)
{
	struct vm_area_struct *first = find_vma_intersection(mm, start, end), *vma;
	struct userfaultfd_ctx *ctx;
	unsigned long from, to;

	if (!first)
		return -EINVAL;
	for (vma = first; vma && vma->vm_start < end; vma = vma_next(vma))
		if (!vma_can_userfault(vma, vma->vm_flags))
			return -EINVAL;
	for (vma = first; vma && vma->vm_start < end; vma = vma_next(vma)) {
		ctx = vma->vm_userfaultfd_ctx;
		if (!ctx)
			continue;
		from = max(start, vma->vm_start);
		to = min(end, vma->vm_end);
		vma = set_tracking(vma, from, to, NULL, 0);
		if (IS_ERR(vma))
			return PTR_ERR(vma);
		wake_userfault(ctx, from, to - from);
	}
	return 0;
}

void userfaultfd_release_all(struct mm_struct *mm, struct userfaultfd_ctx *ctx)
{
	struct vm_area_struct *vma;

	mmap_write_lock(mm);
	for (vma = mm_first_vma(mm); vma; vma = vma_next(vma))
		if (vma->vm_userfaultfd_ctx == ctx)
			vma = set_tracking(vma, vma->vm_start, vma->vm_end, NULL, 0);
	mm_verify_checked(mm, "userfaultfd release");
	mmap_write_unlock(mm);
}

/* ---- write protection ------------------------------------------------------------------------ */

/* @markers: empty entries are protected too. True: a CPU may still write by an old translation. */
static bool wp_table(struct pt_handle *pt, unsigned long end, bool markers)
{
	bool flush = false;

	for (; pt->addr != end; pt->addr += PAGE_SIZE, pt->pte++) {
		pte_t pte = ptep_get(pt->pte);

		if (pte_present(pte) && !pte_uffd_wp(pte)) {
			/* Cleared for an instant, so that a dirty bit that comes is not lost. */
			if (pte_write(pte)) {
				pte = ptep_get_and_clear(pt->mm, pt->addr, pt->pte);
				flush = true;
			}
			set_pte(pt->pte, pte_mkuffd_wp(pte));
		} else if (unlikely(markers) && pte_none(pte)) {
			pt_install(pt, pte_uffd_wp_marker());
		}
	}
	return flush;
}

/* Write permission comes back with the next write, which may have to copy first (WPR-6). */
static void unwp_table(struct pt_handle *pt, unsigned long end)
{
	for (; pt->addr != end; pt->addr += PAGE_SIZE, pt->pte++) {
		pte_t pte = ptep_get(pt->pte);

		if (pte_present(pte) && pte_uffd_wp(pte)) {
			set_pte(pt->pte, pte_clear_uffd_wp(pte));
		} else if (is_pte_marker(pte)) {
			pt_count(pt, pte, -1);
			pte_clear(pt->mm, pt->addr, pt->pte);
		}
	}
}

int uffd_wp_range(struct vm_area_struct *vma, unsigned long start, unsigned long len, bool wp)
{
	bool markers = wp && !vma_is_anonymous(vma), flush = false;
	unsigned long addr = start, end = start + len;
	struct pt_handle pt;
	int err = 0;

	while (addr < end) {
		if (markers) {
			err = pt_lock_writable(vma->vm_mm, addr, &pt);
			if (err)
				break;
			addr = pmd_addr_end(addr, end);
		} else if (!pt_lock_next(vma->vm_mm, &addr, end, &pt)) {
			break;
		}
		if (wp)
			flush |= wp_table(&pt, addr, markers);
		else
			unwp_table(&pt, addr);
		pt_unlock(&pt);
		cond_resched();
	}
	if (flush)
		flush_tlb_range(vma, start, end);
	return err;
}

bool userfaultfd_must_wait(struct vm_fault *vmf, unsigned long reason)
{
	struct pt_handle pt;
	pte_t pte;

	pt_lock_pmd(vmf->vma->vm_mm, vmf->pmd, vmf->address, &pt);
	pte = ptep_get(pt.pte);
	pt_unlock(&pt);
	return reason == VM_UFFD_WP ? pte_present(pte) && pte_uffd_wp(pte) : !pte_present(pte);
}

/* ---- one page, or one table of zero pages ---------------------------------------------------- */

/* A range being filled. */
struct mfill {
	/* Fills at dst, at most up to @end, and moves dst and src on. 0, also with page set, or -errno. */
	int (*fill)(struct mfill *f, unsigned long end);
	struct mm_struct *mm;
	struct vm_area_struct *vma; /* while mmap_lock is held */
	unsigned long dst, src;
	bool wp;
	struct page *page; /* COPY: to be filled without mmap_lock, src is not in memory */
};

/* Beyond the end of the object nothing may be placed. Looked at under the PTL: see shmem.c. */
static bool beyond_object(const struct vm_area_struct *vma, unsigned long addr)
{
	struct inode *inode;

	if (vma_is_anonymous(vma))
		return false;
	inode = file_inode(vma->vm_file);
	return (loff_t)linear_page_index(vma, addr) << PAGE_SHIFT >= i_size_read(inode);
}

/* The entry at @pt is free, or holds only a marker, which goes. 0, -EFAULT, -EEXIST. */
static int claim_entry(struct pt_handle *pt, const struct vm_area_struct *vma)
{
	pte_t old = ptep_get(pt->pte);

	if (unlikely(beyond_object(vma, pt->addr)))
		return -EFAULT;
	if (likely(pte_none(old)))
		return 0;
	if (!is_pte_marker(old))
		return -EEXIST;
	pt_count(pt, old, -1);
	return 0;
}

/* Maps @page at dst, and moves on; its reference goes to the table, or is dropped. 0 or -errno. */
static int mfill_install(struct mfill *f, struct page *page)
{
	struct vm_area_struct *vma = f->vma;
	pte_t entry = pte_mkdirty(mk_pte(page, vma->vm_page_prot));
	struct pt_handle pt;
	int err;

	if (f->wp)
		entry = pte_mkuffd_wp(entry);
	else if (vma->vm_flags & VM_WRITE && (PageAnon(page) || vma->vm_flags & VM_SHARED))
		entry = pte_mkwrite(entry);
	err = pt_lock_writable(f->mm, f->dst, &pt);
	if (err)
		goto out;
	err = claim_entry(&pt, vma); /* stop: uffd-7 */
	if (!err) {
		pt_install(&pt, entry);
		f->dst += PAGE_SIZE;
		f->src += PAGE_SIZE;
	}
	pt_unlock(&pt);
out:
	if (err)
		put_page(page);
	return err;
}

/* @page, filled, becomes private memory. */
static int mfill_anon(struct mfill *f, struct page *page)
{
	page_set_anon(page);
	vma_set_faulted(f->vma);
	return mfill_install(f, page);
}

/* @page, filled, becomes a page of the object, and is mapped here. */
static int mfill_shared(struct mfill *f, struct page *page)
{
	struct inode *inode = file_inode(f->vma->vm_file);
	int err;

	__SetPageLocked(page);
	__SetPageUptodate(page);
	__SetPageDirty(page);
	err = shmem_insert_page(inode, linear_page_index(f->vma, f->dst), page, SGP_CACHE);
	if (!err) {
		get_page(page);
		err = mfill_install(f, page);
		if (err)
			delete_from_page_cache(page);
	}
	unlock_page(page);
	put_page(page);
	return err == -EINVAL ? -EFAULT : err == -ENOSPC ? -ENOMEM : err;
}

static int fill_copy(struct mfill *f, unsigned long end)
{
	struct page *page = f->page ?: alloc_page(GFP_HIGHUSER_MOVABLE);

	if (!page)
		return -ENOMEM;
	if (!f->page &&
	    copy_from_user_nofault(page_address(page), (void __user *)f->src, PAGE_SIZE)) {
		f->page = page;
		return 0;
	}
	f->page = NULL;
	return f->vma->vm_flags & VM_SHARED ? mfill_shared(f, page) : mfill_anon(f, page);
}

/* Private memory: the zero page, into as much of one table as is free. */
static int fill_zero(struct mfill *f, unsigned long end)
{
	const pte_t zero = pte_mkspecial(pfn_pte(zero_pfn, f->vma->vm_page_prot));
	struct pt_handle pt;
	struct page *page;
	int err;

	if (f->vma->vm_flags & VM_SHARED) {
		page = alloc_page(GFP_HIGHUSER | __GFP_ZERO);
		return page ? mfill_shared(f, page) : -ENOMEM;
	}
	err = pt_lock_writable(f->mm, f->dst, &pt);
	if (err)
		return err;
	end = pmd_addr_end(f->dst, end);
	for (; pt.addr < end; pt.addr += PAGE_SIZE, pt.pte++) {
		err = claim_entry(&pt, f->vma);
		if (err)
			break;
		pt_install(&pt, zero);
	}
	pt_unlock(&pt);
	f->dst = pt.addr;
	return err;
}

static int fill_continue(struct mfill *f, unsigned long end)
{
	struct inode *inode = file_inode(f->vma->vm_file);
	struct page *page;
	int err;

	err = shmem_getpage(inode, linear_page_index(f->vma, f->dst), &page, SGP_READ);
	if (err || !page)
		return err ? err : -EFAULT;
	err = mfill_install(f, page);
	unlock_page(page); /* the page cache has it, even if the table has not */
	return err;
}

/* ---- filling a range ------------------------------------------------------------------------- */

/* The registered VMA that holds the whole range, or NULL. */
static struct vm_area_struct *find_dst_vma(struct mm_struct *mm, unsigned long start,
					   unsigned long len)
{
	struct vm_area_struct *vma = vma_lookup(mm, start);

	return vma && vma->vm_userfaultfd_ctx && start + len <= vma->vm_end ? vma : NULL;
}

static int mfill_check(struct mfill *f, unsigned long start, unsigned long len,
		       atomic_t *mmap_changing)
{
	if (atomic_read(mmap_changing))
		return -EAGAIN;
	f->vma = find_dst_vma(f->mm, start, len);
	if (!f->vma)
		return -ENOENT;
	if (f->fill == fill_continue && !vma_is_shmem(f->vma))
		return -EINVAL;
	return f->wp && !userfaultfd_wp(f->vma) ? -EINVAL : 0;
}

/* With mmap_lock held: fills on until the end, an error, or a page that must be had without it. */
static int mfill_locked(struct mfill *f, unsigned long end)
{
	int err = 0;

	while (f->dst < end) {
		err = f->fill(f, end);
		if (err || f->page)
			break;
		if (fatal_signal_pending(current))
			return -EINTR;
		cond_resched();
	}
	return err;
}

/*
 * The source is copied without letting it fault, since mmap_lock is held and may be the one that
 * this fault wants. If it is not in memory the copy is made again without the lock, where it may
 * even wait for another monitor; and then all is looked at anew (CPY-14, CPY-15).
 */
static ssize_t mfill_atomic(struct mfill *f, unsigned long len, atomic_t *mmap_changing)
{
	unsigned long start = f->dst;
	int err;

	do {
		mmap_read_lock(f->mm);
		err = mfill_check(f, start, len, mmap_changing);
		if (!err)
			err = mfill_locked(f, start + len);
		mmap_read_unlock(f->mm);
		if (err || !f->page)
			break;
		if (copy_from_user(page_address(f->page), (void __user *)f->src, PAGE_SIZE))
			err = -EFAULT;
	} while (!err);
	if (f->page)
		put_page(f->page);
	return f->dst > start ? (ssize_t)(f->dst - start) : err;
}

ssize_t mcopy_atomic(struct mm_struct *mm, unsigned long dst, unsigned long src, unsigned long len,
		     atomic_t *mmap_changing, bool wp)
{
	struct mfill f = {.fill = fill_copy, .mm = mm, .dst = dst, .src = src, .wp = wp};

	return mfill_atomic(&f, len, mmap_changing);
}

ssize_t mfill_zeropage(struct mm_struct *mm, unsigned long dst, unsigned long len,
		       atomic_t *mmap_changing)
{
	struct mfill f = {.fill = fill_zero, .mm = mm, .dst = dst};

	return mfill_atomic(&f, len, mmap_changing);
}

ssize_t mcopy_continue(struct mm_struct *mm, unsigned long dst, unsigned long len,
		       atomic_t *mmap_changing)
{
	struct mfill f = {.fill = fill_continue, .mm = mm, .dst = dst};

	return mfill_atomic(&f, len, mmap_changing);
}

int mwriteprotect_range(struct mm_struct *mm, unsigned long start, unsigned long len,
			atomic_t *mmap_changing, bool wp)
{
	struct vm_area_struct *vma;
	int err = -EAGAIN;

	mmap_read_lock(mm);
	if (!atomic_read(mmap_changing)) {
		vma = find_dst_vma(mm, start, len);
		err = vma && userfaultfd_wp(vma) ? uffd_wp_range(vma, start, len, wp) : -ENOENT;
	}
	mmap_read_unlock(mm);
	return err;
}
