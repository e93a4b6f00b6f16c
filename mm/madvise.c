// SPDX-License-Identifier: MIT
/*
 * mm/madvise.c - what a program says about its memory (section 15 of the contract).
 *
 * Three kinds of advice: changes of VMA flags (with mmap_lock held for writing, splitting and
 * merging), removal or population of pages (held for reading), and hints that there is nothing to
 * do about, because nothing is ever swapped out or made of huge pages.
 */
#include <pagoda/cred.h>
#include <pagoda/err.h>
#include <pagoda/errno.h>
#include <pagoda/fs.h>
#include <pagoda/pid.h>
#include <pagoda/sched.h>
#include <pagoda/slab.h>
#include <pagoda/uio.h>
#include <pagoda/userfaultfd_k.h>
#include <pagoda/vmstat.h>
#include <uapi/falloc.h>
#include <asm/pkeys.h>
#include <asm/tlbflush.h>
#include <syscalls.h>
#include "vm_internal.h"

/* ---- advice that changes flags --------------------------------------------------------------- */

/* The flags after @advice; -EINVAL where this VMA cannot take it. */
static int advised_flags(const struct vm_area_struct *vma, int advice, vm_flags_t *flags)
{
	switch (advice) {
	case MADV_NORMAL:
		*flags &= ~(VM_RAND_READ | VM_SEQ_READ);
		return 0;
	case MADV_RANDOM:
		*flags = (*flags & ~VM_SEQ_READ) | VM_RAND_READ;
		return 0;
	case MADV_SEQUENTIAL:
		*flags = (*flags & ~VM_RAND_READ) | VM_SEQ_READ;
		return 0;
	case MADV_DONTFORK:
		*flags |= VM_DONTCOPY;
		return 0;
	case MADV_DOFORK:
		if (*flags & VM_IO)
			return -EINVAL;
		*flags &= ~VM_DONTCOPY;
		return 0;
	case MADV_WIPEONFORK: /* MADV-14: plainly anonymous memory only */
		if (vma->vm_file || *flags & VM_SHARED)
			return -EINVAL;
		*flags |= VM_WIPEONFORK;
		return 0;
	case MADV_KEEPONFORK:
		*flags &= ~VM_WIPEONFORK;
		return 0;
	case MADV_DONTDUMP:
		*flags |= VM_DONTDUMP;
		return 0;
	case MADV_DODUMP:
		if (*flags & VM_SPECIAL)
			return -EINVAL;
		*flags &= ~VM_DONTDUMP;
		return 0;
	case MADV_MERGEABLE:
		if (!(*flags & (VM_SHARED | VM_MAYSHARE | VM_SPECIAL)))
			*flags |= VM_MERGEABLE;
		return 0;
	case MADV_UNMERGEABLE:
		*flags &= ~VM_MERGEABLE;
		return 0;
	case MADV_HUGEPAGE:
		*flags = (*flags & ~VM_NOHUGEPAGE) | VM_HUGEPAGE;
		return 0;
	case MADV_NOHUGEPAGE:
		*flags = (*flags & ~VM_HUGEPAGE) | VM_NOHUGEPAGE;
		return 0;
	default:
		return -EINVAL; /* MADV_COLLAPSE: no huge page can be formed */
	}
}

/* A VMA that cannot be had is -EAGAIN here, for -ENOMEM means a hole (MADV-4). */
static int madvise_update_vma(struct mm_struct *mm, struct vm_area_struct *vma,
			      struct vm_area_struct **pvma, unsigned long start, unsigned long end,
			      vm_flags_t flags, struct anon_vma_name *name)
{
	const struct vma_attr attr = {
		.flags = flags,
		.file = vma->vm_file,
		.pgoff = linear_page_index(vma, start),
		.ctx = vma->vm_userfaultfd_ctx,
		.name = name,
	};

	*pvma = vma;
	if (flags == vma->vm_flags && name == vma->anon_name)
		return 0;
	vma = vma_modify(mm, vma, start, end, &attr);
	if (IS_ERR(vma))
		return PTR_ERR(vma) == -ENOMEM ? -EAGAIN : PTR_ERR(vma);
	vma_set_flags(vma, flags);
	*pvma = vma;
	return 0;
}

static int madvise_flags(struct mm_struct *mm, struct vm_area_struct **pvma, unsigned long start,
			 unsigned long end, int advice)
{
	struct vm_area_struct *vma = *pvma;
	vm_flags_t flags = vma->vm_flags;
	int err = advised_flags(vma, advice, &flags);

	return err ? err : madvise_update_vma(mm, vma, pvma, start, end, flags, vma->anon_name);
}

/* ---- advice that removes or makes pages ------------------------------------------------------ */

/*
 * FREE: clean entries, and pages that reclaim may take as long as they stay clean (mm/vmscan.c). A
 * page that somebody else holds too stays: it may be one that others have not given up.
 */
static unsigned long mark_table_lazyfree(struct pt_handle *pt, unsigned long end)
{
	const pte_t *last = pt->pte + ((end - pt->addr) >> PAGE_SHIFT);
	unsigned long marked = 0;
	struct page *page;
	pte_t *ptep;

	for (ptep = pt->pte; (ptep = pt_skip_none(ptep, last)) != last; ptep++) {
		pte_t pte = ptep_get(ptep);

		page = pte_present(pte) ? vm_normal_page(pte) : NULL;
		if (!page || !PageAnon(page) || page_count(page) != 1)
			continue;
		if (pte_young(pte) || pte_dirty(pte)) {
			pte = ptep_get_and_clear(pt->mm, pt->addr, ptep);
			set_pte(ptep, pte_mkold(pte_mkclean(pte)));
		}
		ClearPageSwapBacked(page);
		marked++;
	}
	return marked;
}

static void madvise_free_range(struct mm_struct *mm, unsigned long start, unsigned long end)
{
	unsigned long addr = start, next, marked = 0;
	struct pt_handle pt;

	for (; addr < end; addr = next) {
		if (pt_lock_existing(mm, addr, &pt)) {
			next = pt.addr;
			continue;
		}
		next = pmd_addr_end(addr, end);
		marked += mark_table_lazyfree(&pt, next);
		pt_unlock(&pt);
		cond_resched();
	}
	if (!marked)
		return;
	flush_tlb_mm_range(mm, start, end); /* a write must set the dirty bit again */
	count_vm_events(PGLAZYFREE, marked);
	WRITE_ONCE(mm->lazyfree, true);
}

static int check_dontneed(const struct vm_area_struct *vma, int advice)
{
	vm_flags_t forbidden = VM_PFNMAP;

	if (advice != MADV_DONTNEED_LOCKED)
		forbidden |= VM_LOCKED;
	if (vma->vm_flags & forbidden)
		return -EINVAL;
	return advice == MADV_FREE && !vma_is_anonymous(vma) ? -EINVAL : 0;
}

/*
 * When a monitor had to be told first, the VMA is another, and may be shorter (RMV-1); *pend is where
 * the advice ended.
 */
static int madvise_dontneed_free(struct mm_struct *mm, struct vm_area_struct **pvma,
				 unsigned long start, unsigned long *pend, int advice)
{
	int err = check_dontneed(*pvma, advice);
	struct userfaultfd_ctx *ctx;

	if (err)
		return err;
	ctx = userfaultfd_remove(*pvma, start, *pend);
	if (ctx) {
		mmap_read_lock(mm);
		*pvma = vma_lookup(mm, start);
		err = *pvma ? check_dontneed(*pvma, advice) : -ENOMEM;
		if (!err)
			*pend = min(*pend, (*pvma)->vm_end);
	}
	if (!err && advice == MADV_FREE)
		madvise_free_range(mm, start, *pend);
	else if (!err)
		zap_page_range(*pvma, start, *pend - start);
	userfaultfd_remove_complete(ctx);
	return err;
}

/* Punches a hole into the object; mmap_lock is dropped meanwhile, so *pvma must be found again. */
static int madvise_remove(struct mm_struct *mm, struct vm_area_struct **pvma, unsigned long start,
			  unsigned long end)
{
	struct vm_area_struct *vma = *pvma;
	struct userfaultfd_ctx *ctx;
	struct file *file;
	loff_t offset;
	int err;

	if (vma->vm_flags & VM_LOCKED || !vma->vm_file)
		return -EINVAL;
	if ((vma->vm_flags & (VM_SHARED | VM_MAYWRITE)) != (VM_SHARED | VM_MAYWRITE))
		return -EACCES;
	offset = (loff_t)linear_page_index(vma, start) << PAGE_SHIFT;
	file = get_file(vma->vm_file);
	ctx = userfaultfd_remove(vma, start, end);
	if (!ctx)
		mmap_read_unlock(mm);
	err = vfs_fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, end - start);
	userfaultfd_remove_complete(ctx);
	fput(file);
	mmap_read_lock(mm);
	*pvma = find_vma(mm, end - 1);
	return err;
}

/* MADV-21: like touching every page, but with an error instead of a signal. */
static int madvise_populate(struct mm_struct *mm, struct vm_area_struct **pvma, unsigned long start,
			    unsigned long *pend, int advice)
{
	bool write = advice == MADV_POPULATE_WRITE, locked = true;
	struct vm_area_struct *vma = *pvma;
	long pages;

	if (vma->vm_flags & (VM_IO | VM_PFNMAP))
		return -EINVAL;
	if (!(vma->vm_flags & (write ? VM_WRITE : VM_READ)) ||
	    !arch_vma_access_permitted(vma, write, false))
		return -EINVAL;
	while (start < *pend) {
		pages = faultin_range(vma, start, *pend, write, &locked);
		start += max(pages, 0L) << PAGE_SHIFT;
		if (!locked) { /* it had to wait: the rest may be of another VMA now */
			mmap_read_lock(mm);
			*pvma = find_vma(mm, start);
			*pend = start;
		} else if (pages < 0) {
			return pages;
		}
	}
	return 0;
}

static int madvise_cold_or_pageout(struct vm_area_struct *vma)
{
	return vma->vm_flags & (VM_LOCKED | VM_PFNMAP | VM_HUGETLB) ? -EINVAL : 0;
}

static int madvise_vma(struct mm_struct *mm, struct vm_area_struct **pvma, unsigned long start,
		       unsigned long *pend, int advice)
{
	unsigned long end = *pend;

	switch (advice) {
	case MADV_WILLNEED:
		return 0;
	case MADV_DONTNEED:
	case MADV_DONTNEED_LOCKED:
	case MADV_FREE:
		return madvise_dontneed_free(mm, pvma, start, pend, advice);
	case MADV_REMOVE:
		return madvise_remove(mm, pvma, start, end);
	case MADV_COLD:
	case MADV_PAGEOUT:
		return madvise_cold_or_pageout(*pvma);
	case MADV_POPULATE_READ:
	case MADV_POPULATE_WRITE:
		return madvise_populate(mm, pvma, start, pend, advice);
	default:
		return madvise_flags(mm, pvma, start, end, advice);
	}
}

/* ---- the walk -------------------------------------------------------------------------------- */

static bool advice_valid(int advice)
{
	return (advice >= MADV_NORMAL && advice <= MADV_DONTNEED) ||
	       (advice >= MADV_FREE && advice <= MADV_COLLAPSE);
}

/* @advice is valid. */
static bool advice_changes_vmas(int advice)
{
	const unsigned long others = 1UL << MADV_WILLNEED | 1UL << MADV_DONTNEED |
				     1UL << MADV_DONTNEED_LOCKED | 1UL << MADV_FREE |
				     1UL << MADV_REMOVE | 1UL << MADV_COLD | 1UL << MADV_PAGEOUT |
				     1UL << MADV_POPULATE_READ | 1UL << MADV_POPULATE_WRITE;

	return !(others >> advice & 1);
}

/* Holes make the result -ENOMEM, but what is mapped above them gets the advice too (MADV-2). */
static int madvise_walk(struct mm_struct *mm, unsigned long start, unsigned long end, int advice)
{
	struct vm_area_struct *vma = find_vma(mm, start);
	unsigned long stop;
	int err, unmapped = 0;

	for (; vma && start < end; start = stop) {
		if (vma->vm_end <= start)
			vma = vma_next(vma);
		if (!vma)
			break;
		if (start < vma->vm_start) {
			unmapped = -ENOMEM;
			start = vma->vm_start;
			if (start >= end)
				break;
		}
		stop = min(vma->vm_end, end);
		err = madvise_vma(mm, &vma, start, &stop, advice);
		if (err)
			return err;
	}
	return start < end ? -ENOMEM : unmapped;
}

static int do_madvise(struct mm_struct *mm, unsigned long start, size_t len_in, int advice)
{
	size_t len = PAGE_ALIGN(len_in);
	unsigned long end = start + len;
	int err;

	if (!advice_valid(advice) || start & ~PAGE_MASK || (len_in && !len) || end < start)
		return -EINVAL;
	if (end == start)
		return 0;
	if (!advice_changes_vmas(advice)) {
		mmap_read_lock(mm);
		err = madvise_walk(mm, start, end, advice);
		mmap_read_unlock(mm);
		return err;
	}
	if (mmap_write_lock_killable(mm))
		return -EINTR;
	err = madvise_walk(mm, start, end, advice);
	mm_verify_checked(mm, "madvise");
	mmap_write_unlock(mm);
	return err;
}

long sys_madvise(unsigned long start, size_t len, int behavior)
{
	return do_madvise(current->mm, start, len, behavior);
}

/* (MADV-27) Advice to another process, which can only be such as leaves its data as it is. */
static long process_madvise(struct pid *pid, struct iov_iter *iter, int behavior)
{
	struct task_struct *task = get_pid_task(pid, PIDTYPE_TGID);
	size_t total = iov_iter_count(iter);
	struct mm_struct *mm;
	int err = 0;

	if (!task)
		return -ESRCH;
	mm = ERR_PTR(-EINVAL);
	if (behavior == MADV_COLD || behavior == MADV_PAGEOUT || behavior == MADV_WILLNEED ||
	    behavior == MADV_COLLAPSE)
		mm = mm_access(task);
	put_task_struct(task);
	if (IS_ERR_OR_NULL(mm))
		return mm ? PTR_ERR(mm) : -ESRCH;
	if (!capable(CAP_SYS_NICE))
		err = -EPERM;
	while (!err && iov_iter_count(iter)) {
		size_t len = min(iter->iov->iov_len, iov_iter_count(iter));

		err = do_madvise(mm, (unsigned long)iter->iov->iov_base, len, behavior);
		if (!err)
			iov_iter_advance(iter, len);
		cond_resched();
	}
	mmput(mm);
	total -= iov_iter_count(iter);
	return total ? (long)total : err;
}

long sys_process_madvise(int pidfd, const struct iovec __user *vec, size_t vlen, int behavior,
			 unsigned int flags)
{
	struct iovec fast[UIO_FASTIOV], *iov = fast;
	struct iov_iter iter;
	struct pid *pid;
	long ret;

	if (flags)
		return -EINVAL;
	ret = import_iovec(READ, vec, vlen, UIO_FASTIOV, &iov, &iter);
	if (ret < 0)
		return ret;
	pid = pidfd_get_pid(pidfd);
	ret = PTR_ERR(pid);
	if (!IS_ERR(pid)) {
		ret = process_madvise(pid, &iter, behavior);
		put_pid(pid);
	}
	kfree(iov);
	return ret;
}

/* ---- names of anonymous memory: prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME) ---------------------- */

static struct anon_vma_name *anon_vma_name_alloc(const char *name)
{
	struct anon_vma_name *n = kmalloc(sizeof(*n) + strlen(name) + 1, GFP_KERNEL);

	if (n) {
		refcount_set(&n->refs, 1);
		strcpy(n->name, name);
	}
	return n;
}

static void anon_vma_name_put(struct anon_vma_name *n)
{
	if (n && refcount_dec_and_test(&n->refs))
		kfree(n);
}

static int set_name_of_vma(struct mm_struct *mm, struct vm_area_struct *vma,
			   struct vm_area_struct **pvma, unsigned long start, unsigned long end,
			   struct anon_vma_name *name)
{
	int err;

	if (vma->vm_file)
		return -EBADF;
	err = madvise_update_vma(mm, vma, pvma, start, end, vma->vm_flags, name);
	vma = *pvma;
	if (!err && vma->anon_name != name && vma->vm_start >= start && vma->vm_end <= end) {
		anon_vma_name_put(vma->anon_name);
		vma->anon_name = name;
		if (name)
			refcount_inc(&name->refs);
	}
	return err;
}

int madvise_set_anon_name(struct mm_struct *mm, unsigned long start, unsigned long len_in,
			  const char *name)
{
	unsigned long len = PAGE_ALIGN(len_in), end = start + len, stop;
	struct anon_vma_name *n = NULL;
	struct vm_area_struct *vma;
	int err = 0, unmapped = 0;

	if (start & ~PAGE_MASK || (len_in && !len) || end < start)
		return -EINVAL;
	if (end == start)
		return 0;
	if (name) {
		n = anon_vma_name_alloc(name);
		if (!n)
			return -ENOMEM;
	}
	mmap_write_lock(mm);
	for (; start < end && !err; start = stop) {
		vma = find_vma_intersection(mm, start, end);
		if (!vma) {
			unmapped = -ENOMEM;
			break;
		}
		if (vma->vm_start > start)
			unmapped = -ENOMEM;
		start = max(start, vma->vm_start);
		stop = min(end, vma->vm_end);
		err = set_name_of_vma(mm, vma, &vma, start, stop, n);
	}
	mmap_write_unlock(mm);
	anon_vma_name_put(n);
	return err ? err : unmapped;
}
