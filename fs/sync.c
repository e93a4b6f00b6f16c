// SPDX-License-Identifier: MIT
/*
 * fs/sync.c - writing back, and advice about access to come.
 */
#include <pagoda/kernel.h>
#include <pagoda/fs.h>
#include <uapi/falloc.h>
#include <syscalls.h>

int vfs_fsync_range(struct file *file, loff_t start, loff_t end, int datasync)
{
	if (!file->f_op->fsync)
		return -EINVAL;
	return file->f_op->fsync(file, start, end, datasync);
}

int vfs_fsync(struct file *file, int datasync)
{
	return vfs_fsync_range(file, 0, MAX_LFS_FILESIZE, datasync);
}

static long do_fsync(unsigned int fd, int datasync)
{
	struct fd f = fdget(fd);
	int ret;

	if (!f.file)
		return -EBADF;
	ret = vfs_fsync(f.file, datasync);
	fdput(f);
	return ret;
}

long sys_fsync(unsigned int fd)
{
	return do_fsync(fd, 0);
}

long sys_fdatasync(unsigned int fd)
{
	return do_fsync(fd, 1);
}

long sys_sync(void)
{
	sync_filesystems(1);
	return 0;
}

long sys_syncfs(int fd)
{
	struct fd f = fdget(fd);
	int ret;

	if (!f.file)
		return -EBADF;
	ret = sync_filesystem(file_dentry(f.file)->d_sb);
	fdput(f);
	return ret;
}

/* All files are in memory: there is nothing to read ahead and nothing that could be dropped. */
long sys_fadvise64(int fd, loff_t offset, size_t len, int advice)
{
	struct fd f = fdget(fd);
	long ret = 0;

	if (!f.file)
		return -EBADF;
	if (S_ISFIFO(file_inode(f.file)->i_mode))
		ret = -ESPIPE;
	else if ((loff_t)len < 0 || advice < POSIX_FADV_NORMAL || advice > POSIX_FADV_NOREUSE)
		ret = -EINVAL;
	fdput(f);
	return ret;
}

long sys_readahead(int fd, loff_t offset, size_t count)
{
	struct fd f = fdget(fd);
	long ret = -EBADF;

	if (!f.file)
		return ret;
	if (f.file->f_mode & FMODE_READ)
		ret = S_ISREG(file_inode(f.file)->i_mode) ? 0 : -EINVAL;
	fdput(f);
	return ret;
}

int vfs_fallocate(struct file *file, int mode, loff_t offset, loff_t len)
{
	struct inode *inode = file_inode(file);

	if (offset < 0 || len <= 0)
		return -EINVAL;
	if (mode & ~(FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE | FALLOC_FL_COLLAPSE_RANGE |
		     FALLOC_FL_ZERO_RANGE | FALLOC_FL_INSERT_RANGE | FALLOC_FL_UNSHARE_RANGE))
		return -EOPNOTSUPP;
	if ((mode & FALLOC_FL_PUNCH_HOLE) && !(mode & FALLOC_FL_KEEP_SIZE))
		return -EOPNOTSUPP;
	if (!(file->f_mode & FMODE_WRITE))
		return -EBADF;
	if ((mode & ~FALLOC_FL_KEEP_SIZE) && IS_APPEND(inode))
		return -EPERM;
	if (S_ISFIFO(inode->i_mode))
		return -ESPIPE;
	if (S_ISDIR(inode->i_mode))
		return -EISDIR;
	if (!S_ISREG(inode->i_mode))
		return -ENODEV;
	if (offset > inode->i_sb->s_maxbytes - len)
		return -EFBIG;
	if (!file->f_op->fallocate)
		return -EOPNOTSUPP;
	return file->f_op->fallocate(file, mode, offset, len);
}

long sys_fallocate(int fd, int mode, loff_t offset, loff_t len)
{
	struct fd f = fdget(fd);
	int error;

	if (!f.file)
		return -EBADF;
	error = vfs_fallocate(f.file, mode, offset, len);
	fdput(f);
	return error;
}
