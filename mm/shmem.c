// SPDX-License-Identifier: MIT
/*
 * mm/shmem.c - memory as a file: the data of tmpfs files and of shared anonymous memory.
 *
 * The page cache is the only store: a page that is not there is a hole and reads as zeroes. Pages
 * appear when they are written, faulted or allocated (shmem_getpage), and go by truncation only.
 * Each is counted against the limit of its file system before it is made. Committed memory counts
 * an object by its size, or page by page when it was made without reservation (FILE-13).
 *
 * A page may be added only below the size of the file, which is looked at again once the page is
 * in: truncation sets the size first and removes pages after, so one of the two sees the other.
 *
 * Locks: inode lock (size, seals) -> mmap_lock of user copies -> page lock -> stat_lock (counts).
 */
#include <pagoda/kernel.h>
#include <pagoda/fs.h>
#include <pagoda/mm.h>
#include <pagoda/mman.h>
#include <pagoda/pagemap.h>
#include <pagoda/sched.h>
#include <pagoda/shmem.h>
#include <pagoda/userfaultfd_k.h>

#define BLOCKS_PER_PAGE (PAGE_SIZE / 512)

/* ---- Limits ------------------------------------------------------------------------------ */

/* The size of an object that reserves changes. -ENOMEM: it may not grow. */
static int shmem_reacct_size(struct inode *inode, loff_t oldsize, loff_t newsize)
{
	long pages = PFN_UP(newsize) - PFN_UP(oldsize);

	if (SHMEM_I(inode)->flags & VM_NORESERVE)
		return 0;
	if (pages > 0)
		return security_vm_enough_memory_mm(current->mm, pages);
	vm_acct_memory(pages);
	return 0;
}

/* A page counts against the limit of the file system; without reservation it is promised here. */
static int shmem_acct_page(struct inode *inode)
{
	struct shmem_sb_info *sbinfo = SHMEM_SB(inode->i_sb);
	bool charge = SHMEM_I(inode)->flags & VM_NORESERVE;
	int err = 0;

	if (charge && security_vm_enough_memory_mm(current->mm, 1))
		return -ENOSPC;
	spin_lock(&sbinfo->stat_lock);
	if (sbinfo->max_blocks && sbinfo->used_blocks >= sbinfo->max_blocks) {
		err = -ENOSPC;
	} else {
		sbinfo->used_blocks++;
		inode->i_blocks += BLOCKS_PER_PAGE;
	}
	spin_unlock(&sbinfo->stat_lock);
	if (err && charge)
		vm_unacct_memory(1);
	return err;
}

static void shmem_unacct_page(struct inode *inode)
{
	struct shmem_sb_info *sbinfo = SHMEM_SB(inode->i_sb);

	if (SHMEM_I(inode)->flags & VM_NORESERVE)
		vm_unacct_memory(1);
	spin_lock(&sbinfo->stat_lock);
	sbinfo->used_blocks--;
	inode->i_blocks -= BLOCKS_PER_PAGE;
	spin_unlock(&sbinfo->stat_lock);
}

/* ---- Pages ------------------------------------------------------------------------------- */

static bool beyond_end(struct inode *inode, pgoff_t index)
{
	return index >= DIV_ROUND_UP(i_size_read(inode), (loff_t)PAGE_SIZE);
}

int shmem_insert_page(struct inode *inode, pgoff_t index, struct page *page, enum sgp_type sgp)
{
	int err = shmem_acct_page(inode);

	if (err)
		return err;
	err = add_to_page_cache_locked(page, inode->i_mapping, index);
	if (err) {
		shmem_unacct_page(inode);
		return err;
	}
	if (sgp > SGP_CACHE || !beyond_end(inode, index))
		return 0;
	delete_from_page_cache(page);
	return -EINVAL;
}

/* Puts a new page at index: locked, with a reference. -EEXIST: someone else has done so. */
static int shmem_add_page(struct inode *inode, pgoff_t index, struct page **pagep,
			  enum sgp_type sgp)
{
	struct page *page = alloc_page(GFP_HIGHUSER | (sgp == SGP_WRITE ? 0 : __GFP_ZERO));
	int err;

	if (!page)
		return -ENOMEM;
	__SetPageLocked(page);
	if (sgp != SGP_WRITE)
		__SetPageDirty(page);
	if (sgp == SGP_CACHE)
		__SetPageUptodate(page);
	err = shmem_insert_page(inode, index, page, sgp);
	if (!err) {
		*pagep = page;
		return 0;
	}
	unlock_page(page); /* it may have been in the cache for a moment: wake who found it there */
	put_page(page);
	return err;
}

int shmem_getpage(struct inode *inode, pgoff_t index, struct page **pagep, enum sgp_type sgp)
{
	int err;

	*pagep = NULL;
	do {
		if (sgp <= SGP_CACHE && beyond_end(inode, index))
			return -EINVAL;
		*pagep = find_lock_page(inode->i_mapping, index);
		if (*pagep && !PageUptodate(*pagep))
			SetPageUptodate(*pagep); /* used: no fallocate may take it back */
		if (*pagep || sgp == SGP_READ)
			return 0;
		err = shmem_add_page(inode, index, pagep, sgp);
	} while (err == -EEXIST);
	return err;
}

/* ---- Faults and mappings ----------------------------------------------------------------- */

/* The mode in which a watched VMA meets this fault, or 0 (UFLT-2, UFLT-4). */
static unsigned long userfault_reason(struct vm_fault *vmf, struct inode *inode)
{
	pgoff_t index = vmf->pgoff;
	bool cached = page_cache_next_data(inode->i_mapping, index, index + 1) == index;

	if (beyond_end(inode, index))
		return 0;
	return vmf->vma->vm_flags & (cached ? VM_UFFD_MINOR : VM_UFFD_MISSING);
}

vm_fault_t shmem_fault(struct vm_fault *vmf)
{
	struct inode *inode = file_inode(vmf->vma->vm_file);
	unsigned long reason;
	int err;

	if (unlikely(userfaultfd_armed(vmf->vma))) {
		reason = userfault_reason(vmf, inode);
		if (reason)
			return handle_userfault(vmf, reason);
	}
	err = shmem_getpage(inode, vmf->pgoff, &vmf->page, SGP_CACHE);
	if (err)
		return err == -ENOMEM ? VM_FAULT_OOM : VM_FAULT_SIGBUS;
	return VM_FAULT_LOCKED;
}

const struct vm_operations_struct shmem_vm_ops = {
	.fault = shmem_fault,
	.map_pages = filemap_map_pages,
};

int shmem_mmap(struct file *file, struct vm_area_struct *vma)
{
	file_accessed(file);
	vma->vm_ops = &shmem_vm_ops;
	return 0;
}

/* ---- Reading and writing ----------------------------------------------------------------- */

/* The page to read at index, with a reference; NULL for a hole. */
static struct page *shmem_page_to_read(struct address_space *mapping, pgoff_t index)
{
	struct page *page = find_get_page(mapping, index);

	if (page && unlikely(!PageUptodate(page))) {
		/* Its first writer holds the lock until it is whole. */
		lock_page(page);
		unlock_page(page);
	}
	return page;
}

ssize_t shmem_file_read_iter(struct kiocb *iocb, struct iov_iter *to)
{
	struct file *file = iocb->ki_filp;
	struct inode *inode = file_inode(file);
	ssize_t done = 0;

	while (iov_iter_count(to)) {
		unsigned long offset = offset_in_page(iocb->ki_pos);
		loff_t size = i_size_read(inode);
		size_t bytes, copied;
		struct page *page;

		if (iocb->ki_pos >= size)
			break;
		bytes = min_t(size_t, PAGE_SIZE - offset, iov_iter_count(to));
		bytes = min_t(loff_t, bytes, size - iocb->ki_pos);
		page = shmem_page_to_read(inode->i_mapping, iocb->ki_pos >> PAGE_SHIFT);
		if (page) {
			copied = copy_page_to_iter(page, offset, bytes, to);
			put_page(page);
		} else {
			copied = iov_iter_zero(bytes, to);
		}
		iocb->ki_pos += copied;
		done += copied;
		if (copied < bytes)
			return done ? done : -EFAULT;
		cond_resched();
		if (fatal_signal_pending(current))
			return done ? done : -EINTR;
	}
	file_accessed(file);
	return done;
}

static int shmem_write_begin(struct address_space *mapping, loff_t pos, unsigned int len,
			     struct page **pagep)
{
	struct inode *inode = mapping->host;
	unsigned int seals = SHMEM_I(inode)->seals;
	int err;

	if (seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE))
		return -EPERM;
	if ((seals & F_SEAL_GROW) && pos + len > i_size_read(inode))
		return -EPERM;
	err = shmem_getpage(inode, pos >> PAGE_SHIFT, pagep, SGP_WRITE);
	/* A new page that is not wholly overwritten. */
	if (!err && !PageUptodate(*pagep) && len < PAGE_SIZE)
		clear_page(page_address(*pagep));
	return err;
}

static void shmem_write_end(struct address_space *mapping, loff_t pos, unsigned int len,
			    unsigned int copied, struct page *page)
{
	struct inode *inode = mapping->host;

	if (pos + copied > inode->i_size)
		i_size_write(inode, pos + copied);
	if (!PageUptodate(page)) {
		/* A short copy to a whole page: the rest has not been cleared. */
		if (copied < len && len == PAGE_SIZE)
			memset(page_address(page) + copied, 0, PAGE_SIZE - copied);
		SetPageUptodate(page);
	}
	set_page_dirty(page);
	unlock_page(page);
	put_page(page);
}

/* Page locked, still in the cache. */
static void shmem_invalidate_page(struct page *page)
{
	shmem_unacct_page(page->mapping->host);
}

static const struct address_space_operations shmem_aops = {
	.write_begin = shmem_write_begin,
	.write_end = shmem_write_end,
	.invalidate_page = shmem_invalidate_page,
};

/* ---- Size -------------------------------------------------------------------------------- */

int shmem_setsize(struct inode *inode, loff_t newsize)
{
	unsigned int seals = SHMEM_I(inode)->seals;
	loff_t oldsize = inode->i_size;
	int err;

	if ((newsize < oldsize && (seals & F_SEAL_SHRINK)) ||
	    (newsize > oldsize && (seals & F_SEAL_GROW)))
		return -EPERM;
	err = shmem_reacct_size(inode, oldsize, newsize);
	if (err)
		return err;
	i_size_write(inode, newsize);
	if (newsize < oldsize)
		truncate_pagecache(inode, newsize);
	return 0;
}

void shmem_init_inode(struct inode *inode, unsigned long flags)
{
	SHMEM_I(inode)->seals = F_SEAL_SEAL;
	SHMEM_I(inode)->flags = flags;
	if (S_ISREG(inode->i_mode)) {
		inode->i_mapping->a_ops = &shmem_aops;
		inode->i_mapping->flags |= 1UL << AS_SHMEM;
		inode->i_fop = &shmem_file_operations;
	}
}

void shmem_evict_inode(struct inode *inode)
{
	if (!S_ISREG(inode->i_mode))
		return;
	truncate_inode_pages_final(inode->i_mapping);
	shmem_reacct_size(inode, inode->i_size, 0);
}
