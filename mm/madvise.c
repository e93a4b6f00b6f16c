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

/* ---- advice that changes VMAs ---------------------------------------------------------------- */

/* Not a program's to give: prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME) */
#define MADV_SET_ANON_VMA_NAME 64

/* What advice does to flags; where it is @refused that is -EINVAL, where it is @idle nothing. */
static const struct {
	vm_flags_t clear, set, refused, idle;
} flag_advice[] = {
	[MADV_NORMAL] = {.clear = VM_RAND_READ | VM_SEQ_READ},
	[MADV_RANDOM] = {.clear = VM_SEQ_READ, .set = VM_RAND_READ},
	[MADV_SEQUENTIAL] = {.clear = VM_RAND_READ, .set = VM_SEQ_READ},
	[MADV_DONTFORK] = {.set = VM_DONTCOPY},
	[MADV_DOFORK] = {.clear = VM_DONTCOPY, .refused = VM_IO},
	[MADV_WIPEONFORK] = {.set = VM_WIPEONFORK, .refused = VM_SHARED},
	[MADV_KEEPONFORK] = {.clear = VM_WIPEONFORK},
	[MADV_DONTDUMP] = {.set = VM_DONTDUMP},
	[MADV_DODUMP] = {.clear = VM_DONTDUMP, .refused = VM_SPECIAL},
	[MADV_MERGEABLE] = {.set = VM_MERGEABLE, .idle = VM_SHARED | VM_MAYSHARE | VM_SPECIAL},
	[MADV_UNMERGEABLE] = {.clear = VM_MERGEABLE},
	[MADV_HUGEPAGE] = {.clear = VM_NOHUGEPAGE, .set = VM_HUGEPAGE},
	[MADV_NOHUGEPAGE] = {.clear = VM_HUGEPAGE, .set = VM_NOHUGEPAGE},
};

/* The flags after @advice; -EINVAL where this VMA cannot take it. */
static int advised_flags(const struct vm_area_struct *vma, int advice, vm_flags_t *flags)
{
	if (*flags & flag_advice[advice].refused)
		return -EINVAL;
	if (advice == MADV_WIPEONFORK && vma->vm_file) /* plainly anonymous memory only (MADV-14) */
		return -EINVAL;
	if (!(*flags & flag_advice[advice].idle))
		*flags = (*flags & ~flag_advice[advice].clear) | flag_advice[advice].set;
	return 0;
}

/* New flags, or @name. A VMA that cannot be had is -EAGAIN, for -ENOMEM means a hole (MADV-4). */
static int madvise_update_vma(struct vm_area_struct *vma, unsigned long start, unsigned long end,
			      int advice, struct anon_vma_name *name)
{
	struct vma_attr attr = vma_attr_at(vma, start);
	int err = 0;

	if (advice != MADV_SET_ANON_VMA_NAME)
		err = advised_flags(vma, advice, &attr.flags);
	else if (vma->vm_file)
		err = -EBADF;
	else
		attr.name = name;
	if (err || (attr.flags == vma->vm_flags && attr.name == vma->anon_name))
		return err;
	err = PTR_ERR_OR_ZERO(vma_modify(vma, start, end, &attr));
	return err == -ENOMEM ? -EAGAIN : err;
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
	unsigned long addr = start, marked = 0;
	struct pt_handle pt;

	while (pt_lock_next(mm, &addr, end, &pt)) {
		marked += mark_table_lazyfree(&pt, addr);
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
static int madvise_dontneed_free(struct mm_struct *mm, struct vm_area_struct *vma,
				 unsigned long start, unsigned long *pend, int advice)
{
	int err = check_dontneed(vma, advice);
	struct userfaultfd_ctx *ctx;

	if (err)
		return err;
	ctx = userfaultfd_remove(vma, start, *pend);
	if (ctx) {
		mmap_read_lock(mm);
		vma = vma_lookup(mm, start);
		err = vma ? check_dontneed(vma, advice) : -ENOMEM;
		if (!err)
			*pend = min(*pend, vma->vm_end);
	}
	if (!err && advice == MADV_FREE)
		madvise_free_range(mm, start, *pend);
	else if (!err)
		zap_page_range(vma, start, *pend - start);
	userfaultfd_remove_complete(ctx);
	return err;
}

/* Punches a hole into the object; mmap_lock is dropped meanwhile. */
static int madvise_remove(struct mm_struct *mm, struct vm_area_struct *vma, unsigned long start,
			  unsigned long end)
{
	loff_t offset = (loff_t)linear_page_index(vma, start) << PAGE_SHIFT;
	struct userfaultfd_ctx *ctx;
	struct file *file;
	int err;

	if (vma->vm_flags & VM_LOCKED || !vma->vm_file)
		return -EINVAL;
	if (!is_shared_maywrite(vma->vm_flags))
		return -EACCES;
	file = get_file(vma->vm_file);
	ctx = userfaultfd_remove(vma, start, end);
	if (!ctx)
		mmap_read_unlock(mm);
	err = vfs_fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, end - start);
	userfaultfd_remove_complete(ctx);
	fput(file);
	mmap_read_lock(mm);
	return err;
}

/* MADV-21: like touching every page, but with an error instead of a signal. */
static int madvise_populate(struct mm_struct *mm, struct vm_area_struct *vma, unsigned long start,
			    unsigned long *pend, int advice)
{
	bool write = advice == MADV_POPULATE_WRITE, locked = true;
	long pages;

	if (vma->vm_flags & (VM_IO | VM_PFNMAP) ||
	    !(vma->vm_flags & (write ? VM_WRITE : VM_READ)) ||
	    !arch_vma_access_permitted(vma, write, false))
		return -EINVAL;
	while (start < *pend) {
		pages = faultin_range(vma, start, *pend, write, &locked);
		start += max(pages, 0L) << PAGE_SHIFT;
		if (!locked) { /* it had to wait: the rest may be of another VMA now */
			mmap_read_lock(mm);
			*pend = start;
		} else if (pages < 0) {
			return pages;
		}
	}
	return 0;
}

/* ---- the walk -------------------------------------------------------------------------------- */

static bool advice_changes_vmas(int advice)
{
	return advice == MADV_SET_ANON_VMA_NAME ||
	       (advice < (int)ARRAY_SIZE(flag_advice) &&
		flag_advice[advice].clear | flag_advice[advice].set);
}

/* [start, *pend) of @vma; *pend falls where it was cut short. mmap_lock is held again if dropped. */
static int madvise_vma(struct mm_struct *mm, struct vm_area_struct *vma, unsigned long start,
		       unsigned long *pend, int advice, struct anon_vma_name *name)
{
	switch (advice) {
	case MADV_WILLNEED:
		return 0;
	case MADV_COLD:
	case MADV_PAGEOUT:
		return vma->vm_flags & (VM_LOCKED | VM_PFNMAP | VM_HUGETLB) ? -EINVAL : 0;
	case MADV_DONTNEED:
	case MADV_DONTNEED_LOCKED:
	case MADV_FREE:
		return madvise_dontneed_free(mm, vma, start, pend, advice);
	case MADV_REMOVE:
		return madvise_remove(mm, vma, start, *pend);
	case MADV_POPULATE_READ:
	case MADV_POPULATE_WRITE:
		return madvise_populate(mm, vma, start, pend, advice);
	case MADV_COLLAPSE: /* no huge page can be formed */
		return -EINVAL;
	default:
		return madvise_update_vma(vma, start, *pend, advice, name);
	}
}

/* Holes make the result -ENOMEM, but what is mapped above them gets the advice too (MADV-2). */
static int madvise_walk(struct mm_struct *mm, unsigned long start, unsigned long end, int advice,
			struct anon_vma_name *name)
{
	struct vm_area_struct *vma;
	unsigned long stop;
	int err, unmapped = 0;

	for (; start < end; start = stop) {
		vma = find_vma_intersection(mm, start, end);
		if (!vma)
			return -ENOMEM;
		if (start < vma->vm_start) {
			unmapped = -ENOMEM;
			start = vma->vm_start;
		}
		stop = min(vma->vm_end, end);
		err = madvise_vma(mm, vma, start, &stop, advice, name);
		if (err)
			return err;
	}
	return unmapped;
}

static int do_madvise(struct mm_struct *mm, unsigned long start, size_t len_in, int advice,
		      struct anon_vma_name *name)
{
	size_t len = PAGE_ALIGN(len_in);
	unsigned long end = start + len;
	int err;

	if (start & ~PAGE_MASK || (len_in && !len) || end < start)
		return -EINVAL;
	if (end == start)
		return 0;
	if (!advice_changes_vmas(advice)) {
		mmap_read_lock(mm);
		err = madvise_walk(mm, start, end, advice, NULL);
		mmap_read_unlock(mm);
		return err;
	}
	if (mmap_write_lock_killable(mm))
		return -EINTR;
	err = madvise_walk(mm, start, end, advice, name);
	mm_verify_checked(mm, "madvise");
	mmap_write_unlock(mm);
	return err;
}

long sys_madvise(unsigned long start, size_t len, int behavior)
{
	if (!((behavior >= MADV_NORMAL && behavior <= MADV_DONTNEED) ||
	      (behavior >= MADV_FREE && behavior <= MADV_COLLAPSE)))
		return -EINVAL;
	return do_madvise(current->mm, start, len, behavior, NULL);
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

		err = do_madvise(mm, (unsigned long)iter->iov->iov_base, len, behavior, NULL);
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

/* A name for anonymous memory, or none: prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME). */
int madvise_set_anon_name(struct mm_struct *mm, unsigned long start, unsigned long len,
			  const char *name)
{
	struct anon_vma_name *n = NULL;
	int err;

	if (name) {
		n = kmalloc(sizeof(*n) + strlen(name) + 1, GFP_KERNEL);
		if (!n)
			return -ENOMEM;
		refcount_set(&n->refs, 1);
		strcpy(n->name, name);
	}
	err = do_madvise(mm, start, len, MADV_SET_ANON_VMA_NAME, n);
	anon_vma_name_put(n);
	return err;
}
