// SPDX-License-Identifier: MIT
/*
 * mm/shmem_file.c - shmem files without names, holes, and seals.
 *
 * A shared anonymous mapping is a mapping of an unlinked file that is made with it, so that the
 * object exists from mmap on, however few of its pages do. memfd_create makes the same kind of file
 * and gives it a descriptor.
 *
 * Locks: the inode's lock for seals and for changes of size.
 */
#include <pagoda/kernel.h>
#include <pagoda/fs.h>
#include <pagoda/mm.h>
#include <pagoda/mount.h>
#include <pagoda/sched.h>
#include <pagoda/shmem.h>
#include <uapi/falloc.h>

bool shmem_file(struct file *file)
{
	return file->f_op == &shmem_file_operations;
}

/* ---- Seeking and holes ------------------------------------------------------------------- */

static loff_t seek_hole_data(struct inode *inode, loff_t offset, int whence)
{
	struct address_space *mapping = inode->i_mapping;
	loff_t size = i_size_read(inode);
	pgoff_t end = DIV_ROUND_UP(size, (loff_t)PAGE_SIZE), found;

	if (offset < 0 || offset >= size)
		return -ENXIO;
	if (whence == SEEK_DATA)
		found = page_cache_next_data(mapping, offset >> PAGE_SHIFT, end);
	else
		found = page_cache_next_hole(mapping, offset >> PAGE_SHIFT, end);
	if (whence == SEEK_DATA && found == end)
		return -ENXIO;
	return min(max(offset, (loff_t)found << PAGE_SHIFT), size);
}

loff_t shmem_file_llseek(struct file *file, loff_t offset, int whence)
{
	struct inode *inode = file_inode(file);

	if (whence != SEEK_DATA && whence != SEEK_HOLE)
		return generic_file_llseek_size(file, offset, whence, MAX_LFS_FILESIZE,
						i_size_read(inode));
	inode_lock(inode);
	offset = seek_hole_data(inode, offset, whence);
	if (offset >= 0)
		offset = vfs_setpos(file, offset, MAX_LFS_FILESIZE);
	inode_unlock(inode);
	return offset;
}

static int punch_hole(struct inode *inode, loff_t offset, loff_t len)
{
	if (SHMEM_I(inode)->seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE))
		return -EPERM;
	truncate_pagecache_range(inode, offset, offset + len - 1);
	return 0;
}

/* Fills the hole at index, if it is one, and marks the page as made here. */
static int fill_hole(struct inode *inode, pgoff_t index)
{
	struct page *page;
	int err;

	if (page_cache_next_data(inode->i_mapping, index, index + 1) == index)
		return 0;
	err = shmem_getpage(inode, index, &page, SGP_FALLOC);
	if (err)
		return err;
	page->private = SHMEM_FALLOCATED;
	unlock_page(page);
	put_page(page);
	return 0;
}

/* Pages of [start, end) made by fallocate: take the mark off, or the pages out if undo. */
static void settle_pages(struct inode *inode, pgoff_t start, pgoff_t end, bool undo)
{
	struct address_space *mapping = inode->i_mapping;
	struct page *page;
	pgoff_t index;

	for (index = start; index < end; index++) {
		page = find_lock_page(mapping, index);
		if (!page)
			continue;
		if (page->private == SHMEM_FALLOCATED) {
			page->private = 0;
			if (undo)
				shmem_remove_page(page);
		}
		unlock_page(page);
		put_page(page);
	}
}

/* Fills the holes of [offset, offset + len), or none of them. */
static int fill_holes(struct inode *inode, loff_t offset, loff_t len)
{
	pgoff_t start = offset >> PAGE_SHIFT, index;
	pgoff_t end = DIV_ROUND_UP(offset + len, (loff_t)PAGE_SIZE);
	int err = 0;

	for (index = start; index < end; index++) {
		err = fatal_signal_pending(current) ? -EINTR : fill_hole(inode, index);
		if (err)
			break;
		cond_resched();
	}
	settle_pages(inode, start, index, err);
	return err;
}

long shmem_fallocate(struct file *file, int mode, loff_t offset, loff_t len)
{
	struct inode *inode = file_inode(file);
	loff_t size;
	int err;

	if (mode & ~(FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE))
		return -EOPNOTSUPP;
	inode_lock(inode);
	if (mode & FALLOC_FL_PUNCH_HOLE) {
		err = punch_hole(inode, offset, len);
		goto out;
	}
	err = inode_newsize_ok(inode, offset + len);
	if (err)
		goto out;
	size = inode->i_size;
	if ((SHMEM_I(inode)->seals & F_SEAL_GROW) && offset + len > size) {
		err = -EPERM;
		goto out;
	}
	err = fill_holes(inode, offset, len);
	if (!err && !(mode & FALLOC_FL_KEEP_SIZE) && offset + len > size)
		i_size_write(inode, offset + len);
out:
	if (!err)
		inode->i_mtime = inode->i_ctime = current_time(inode);
	inode_unlock(inode);
	return err;
}

/* ---- Seals ------------------------------------------------------------------------------- */

#define F_ALL_SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)

int shmem_add_seals(struct file *file, unsigned int seals)
{
	struct inode *inode = file_inode(file);
	struct shmem_inode_info *info = SHMEM_I(inode);
	int err = 0;

	if (!shmem_file(file) || (seals & ~F_ALL_SEALS))
		return -EINVAL;
	if (!(file->f_mode & FMODE_WRITE))
		return -EPERM;
	inode_lock(inode);
	if (info->seals & F_SEAL_SEAL) {
		err = -EPERM;
	} else {
		/* No shared mapping that can write may exist, nor come later. */
		if ((seals & F_SEAL_WRITE) && !(info->seals & F_SEAL_WRITE))
			err = mapping_deny_writable(file->f_mapping);
		if (!err)
			info->seals |= seals;
	}
	inode_unlock(inode);
	return err;
}

int shmem_get_seals(struct file *file)
{
	return shmem_file(file) ? (int)SHMEM_I(file_inode(file))->seals : -EINVAL;
}

/* ---- Files without names ----------------------------------------------------------------- */

const struct file_operations shmem_file_operations = {
	.llseek = shmem_file_llseek,
	.read_iter = shmem_file_read_iter,
	.write_iter = generic_file_write_iter,
	.mmap = shmem_mmap,
	.fsync = noop_fsync,
	.fallocate = shmem_fallocate,
};

struct file *shmem_file_setup(const char *name, loff_t size, unsigned long flags)
{
	struct inode *inode;
	struct file *file;

	if (size < 0 || size > MAX_LFS_FILESIZE)
		return ERR_PTR(-EINVAL);
	if (shmem_acct_size(flags, size))
		return ERR_PTR(-ENOMEM);
	inode = shmem_get_inode(shm_mnt->mnt_sb, NULL, S_IFREG | S_IRWXUGO, 0, flags);
	if (IS_ERR(inode)) {
		shmem_unacct_size(flags, size);
		return ERR_CAST(inode);
	}
	inode->i_flags |= S_PRIVATE;
	inode->i_size = size;
	clear_nlink(inode);
	file = alloc_file_pseudo(inode, shm_mnt, name, O_RDWR, &shmem_file_operations);
	if (IS_ERR(file))
		iput(inode); /* gives the charge back */
	return file;
}

int shmem_zero_setup(struct vm_area_struct *vma)
{
	struct file *file =
		shmem_file_setup("dev/zero", vma->vm_end - vma->vm_start, vma->vm_flags);

	if (IS_ERR(file))
		return PTR_ERR(file);
	if (vma->vm_file)
		fput(vma->vm_file);
	vma->vm_file = file;
	vma->vm_ops = &shmem_vm_ops;
	return 0;
}
