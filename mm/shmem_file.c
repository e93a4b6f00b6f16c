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

static loff_t shmem_file_llseek(struct file *file, loff_t offset, int whence)
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

/* Pages of [start, end) that fill_holes() made and nobody used: they stay, or go if undo. */
static void settle_pages(struct inode *inode, pgoff_t start, pgoff_t end, bool undo)
{
	struct page *page;

	for (; start < end; start++) {
		page = find_lock_page(inode->i_mapping, start);
		if (!page)
			continue;
		if (!undo)
			SetPageUptodate(page);
		else if (!PageUptodate(page))
			delete_from_page_cache(page);
		unlock_page(page);
		put_page(page);
	}
}

/* Fills the holes of [offset, end), or none of them. */
static int fill_holes(struct inode *inode, loff_t offset, loff_t end)
{
	pgoff_t start = offset >> PAGE_SHIFT, index;
	struct page *page;
	int err = 0;

	for (index = start; index < PFN_UP(end); index++) {
		err = fatal_signal_pending(current) ? -EINTR : 0;
		if (!err)
			err = shmem_getpage(inode, index, &page, SGP_FALLOC);
		if (err)
			break;
		unlock_page(page);
		put_page(page);
		cond_resched();
	}
	settle_pages(inode, start, index, err);
	return err;
}

static int allocate(struct inode *inode, loff_t offset, loff_t end, bool keep_size)
{
	int err = inode_newsize_ok(inode, end);

	if (err)
		return err;
	if (SHMEM_I(inode)->seals & F_SEAL_GROW && end > inode->i_size)
		return -EPERM;
	err = fill_holes(inode, offset, end);
	if (!err && !keep_size && end > inode->i_size)
		i_size_write(inode, end);
	return err;
}

long shmem_fallocate(struct file *file, int mode, loff_t offset, loff_t len)
{
	struct inode *inode = file_inode(file);
	int err;

	if (mode & ~(FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE))
		return -EOPNOTSUPP;
	inode_lock(inode);
	if (mode & FALLOC_FL_PUNCH_HOLE)
		err = punch_hole(inode, offset, len);
	else
		err = allocate(inode, offset, offset + len, mode & FALLOC_FL_KEEP_SIZE);
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
	if (info->seals & F_SEAL_SEAL)
		err = -EPERM;
	else if (seals & ~info->seals & F_SEAL_WRITE) /* no mapping may write, now or later */
		err = mapping_deny_writable(file->f_mapping);
	if (!err)
		info->seals |= seals;
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
	int err;

	if (size < 0 || size > MAX_LFS_FILESIZE)
		return ERR_PTR(-EINVAL);
	inode = shmem_get_inode(shm_mnt->mnt_sb, NULL, S_IFREG | S_IRWXUGO, 0, flags);
	if (IS_ERR(inode))
		return ERR_CAST(inode);
	inode->i_flags |= S_PRIVATE;
	clear_nlink(inode);
	err = shmem_setsize(inode, size);
	file = err ? ERR_PTR(err)
		   : alloc_file_pseudo(inode, shm_mnt, name, O_RDWR, &shmem_file_operations);
	if (IS_ERR(file))
		iput(inode);
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
