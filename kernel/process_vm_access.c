// SPDX-License-Identifier: MIT
/*
 * kernel/process_vm_access.c - process_vm_readv(2) and process_vm_writev(2): copies between two
 * address spaces without a file between them.
 *
 * The other side is reached page by page through get_user_page_unlocked(), by the rights of its
 * VMAs and whatever protection keys say. The page is held by its reference alone while it is
 * copied: mmap_lock of the other side is not held, as our side may fault.
 */
#include <pagoda/cred.h>
#include <pagoda/err.h>
#include <pagoda/gfp.h>
#include <pagoda/mm.h>
#include <pagoda/pagemap.h>
#include <pagoda/pid.h>
#include <pagoda/sched.h>
#include <pagoda/slab.h>
#include <pagoda/uio.h>
#include <syscalls.h>

#define FAST_SEGS 8 /* longer vectors are kept on the heap */

/* The page of @mm at @addr with a reference, or an errno. */
static struct page *get_remote_page(struct mm_struct *mm, unsigned long addr, bool write)
{
	struct page *page;
	int err = get_user_page_unlocked(mm, addr, write ? FOLL_WRITE : 0, &page);

	if (err == -EINTR)
		return ERR_PTR(-EINTR);
	return err ? ERR_PTR(-EFAULT) : page;
}

/* One piece of the other side against the iterator; stops where either of them does. 0, -EFAULT. */
static int transfer_segment(struct mm_struct *mm, unsigned long addr, size_t len,
			    struct iov_iter *iter, bool write)
{
	while (len && iov_iter_count(iter)) {
		size_t offset = offset_in_page(addr), done;
		size_t chunk = min3(len, PAGE_SIZE - offset, iov_iter_count(iter));
		struct page *page;

		if (fatal_signal_pending(current))
			return -EINTR;
		cond_resched();
		page = get_remote_page(mm, addr, write);
		if (IS_ERR(page))
			return PTR_ERR(page);
		if (write)
			done = copy_page_from_iter(page, offset, chunk, iter);
		else
			done = copy_page_to_iter(page, offset, chunk, iter);
		put_page(page);
		if (done < chunk)
			return -EFAULT;
		addr += chunk;
		len -= chunk;
	}
	return 0;
}

/* The bytes moved, or what failed before the first. */
static ssize_t process_vm_rw_core(pid_t pid, struct iov_iter *iter, const struct iovec *rvec,
				  unsigned long riovcnt, bool write)
{
	size_t total = iov_iter_count(iter);
	struct task_struct *task;
	struct mm_struct *mm;
	ssize_t err = 0;

	task = find_get_task_by_vpid(pid);
	if (!task)
		return -ESRCH;
	mm = mm_access(task);
	put_task_struct(task);
	if (IS_ERR_OR_NULL(mm))
		return !mm ? -ESRCH : PTR_ERR(mm) == -EACCES ? -EPERM : PTR_ERR(mm);
	for (unsigned long i = 0; i < riovcnt && !err; i++)
		err = transfer_segment(mm, (unsigned long)rvec[i].iov_base, rvec[i].iov_len, iter,
				       write);
	mmput(mm);
	total -= iov_iter_count(iter);
	return total ? (ssize_t)total : err;
}

static bool all_empty(const struct iovec *vec, unsigned long count)
{
	for (unsigned long i = 0; i < count; i++)
		if (vec[i].iov_len)
			return false;
	return true;
}

static ssize_t process_vm_rw(pid_t pid, const struct iovec __user *lvec, unsigned long liovcnt,
			     const struct iovec __user *rvec, unsigned long riovcnt,
			     unsigned long flags, bool write)
{
	struct iovec stack_l[FAST_SEGS], stack_r[FAST_SEGS];
	struct iovec *iov_l = stack_l, *iov_r;
	struct iov_iter iter;
	ssize_t ret;

	if (flags)
		return -EINVAL;
	ret = import_iovec(write ? WRITE : READ, lvec, liovcnt, FAST_SEGS, &iov_l, &iter);
	if (ret <= 0)
		goto free_l;
	iov_r = iovec_from_user(rvec, riovcnt, FAST_SEGS, stack_r);
	ret = PTR_ERR(iov_r);
	if (IS_ERR(iov_r))
		goto free_l;
	ret = 0;
	if (!all_empty(iov_r, riovcnt))
		ret = process_vm_rw_core(pid, &iter, iov_r, riovcnt, write);
	if (iov_r != stack_r)
		kfree(iov_r);
free_l:
	kfree(iov_l);
	return ret;
}

long sys_process_vm_readv(pid_t pid, const struct iovec __user *lvec, unsigned long liovcnt,
			  const struct iovec __user *rvec, unsigned long riovcnt,
			  unsigned long flags)
{
	return process_vm_rw(pid, lvec, liovcnt, rvec, riovcnt, flags, false);
}

long sys_process_vm_writev(pid_t pid, const struct iovec __user *lvec, unsigned long liovcnt,
			   const struct iovec __user *rvec, unsigned long riovcnt,
			   unsigned long flags)
{
	return process_vm_rw(pid, lvec, liovcnt, rvec, riovcnt, flags, true);
}
