// SPDX-License-Identifier: MIT
/*
 * fs/stat.c - stat and its relatives.
 */
#include <pagoda/kernel.h>
#include <pagoda/fs.h>
#include <pagoda/mount.h>
#include <pagoda/namei.h>
#include <pagoda/stat.h>
#include <asm/uaccess.h>
#include <syscalls.h>

void generic_fillattr(struct inode *inode, struct kstat *stat)
{
	stat->dev = inode->i_sb->s_dev;
	stat->ino = inode->i_ino;
	stat->mode = inode->i_mode;
	stat->nlink = inode->i_nlink;
	stat->uid = inode->i_uid;
	stat->gid = inode->i_gid;
	stat->rdev = inode->i_rdev;
	stat->size = i_size_read(inode);
	stat->atime = inode->i_atime;
	stat->mtime = inode->i_mtime;
	stat->ctime = inode->i_ctime;
	stat->blksize = 1u << inode->i_blkbits;
	stat->blocks = inode->i_blocks;
}

int vfs_getattr(const struct path *path, struct kstat *stat, u32 request_mask, unsigned int flags)
{
	struct inode *inode = path->dentry->d_inode;

	memset(stat, 0, sizeof(*stat));
	stat->result_mask = STATX_BASIC_STATS;
	stat->mnt_id = path->mnt->mnt_id;
	stat->attributes_mask = STATX_ATTR_MOUNT_ROOT;
	if (path->dentry == path->mnt->mnt_root)
		stat->attributes |= STATX_ATTR_MOUNT_ROOT;
	if (inode->i_op->getattr)
		return inode->i_op->getattr(path, stat, request_mask, flags);
	generic_fillattr(inode, stat);
	return 0;
}

int vfs_fstat(unsigned int fd, struct kstat *stat)
{
	struct fd f = fdget_raw(fd);
	int error;

	if (!f.file)
		return -EBADF;
	error = vfs_getattr(&f.file->f_path, stat, STATX_BASIC_STATS, 0);
	fdput(f);
	return error;
}

/* fstatat(fd, "", AT_EMPTY_PATH) is what fstat() is in glibc: no walk for that. */
static bool is_empty_name(const char __user *filename)
{
	char c;

	return !get_user(c, filename) && !c;
}

int vfs_statx(int dfd, const char __user *filename, int flags, struct kstat *stat, u32 request_mask)
{
	unsigned int lookup = flags & AT_SYMLINK_NOFOLLOW ? 0 : LOOKUP_FOLLOW;
	struct path path;
	int error;

	if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH | AT_STATX_SYNC_TYPE))
		return -EINVAL;
	if (flags & AT_EMPTY_PATH) {
		if (dfd >= 0 && is_empty_name(filename))
			return vfs_fstat(dfd, stat);
		lookup |= LOOKUP_EMPTY;
	}
	error = user_path_at(dfd, filename, lookup, &path);
	if (error)
		return error;
	error = vfs_getattr(&path, stat, request_mask, flags);
	path_put(&path);
	return error;
}

static int cp_new_stat(const struct kstat *stat, struct stat __user *statbuf)
{
	struct stat tmp = {
		.st_dev = new_encode_dev(stat->dev),
		.st_ino = stat->ino,
		.st_nlink = stat->nlink,
		.st_mode = stat->mode,
		.st_uid = stat->uid,
		.st_gid = stat->gid,
		.st_rdev = new_encode_dev(stat->rdev),
		.st_size = stat->size,
		.st_blksize = stat->blksize,
		.st_blocks = stat->blocks,
		.st_atime = stat->atime.tv_sec,
		.st_atime_nsec = stat->atime.tv_nsec,
		.st_mtime = stat->mtime.tv_sec,
		.st_mtime_nsec = stat->mtime.tv_nsec,
		.st_ctime = stat->ctime.tv_sec,
		.st_ctime_nsec = stat->ctime.tv_nsec,
	};

	return copy_to_user(statbuf, &tmp, sizeof(tmp)) ? -EFAULT : 0;
}

long sys_newfstatat(int dfd, const char __user *filename, struct stat __user *statbuf, int flag)
{
	struct kstat stat;
	int error = vfs_statx(dfd, filename, flag, &stat, STATX_BASIC_STATS);

	return error ?: cp_new_stat(&stat, statbuf);
}

long sys_stat(const char __user *filename, struct stat __user *statbuf)
{
	return sys_newfstatat(AT_FDCWD, filename, statbuf, 0);
}

long sys_lstat(const char __user *filename, struct stat __user *statbuf)
{
	return sys_newfstatat(AT_FDCWD, filename, statbuf, AT_SYMLINK_NOFOLLOW);
}

long sys_fstat(unsigned int fd, struct stat __user *statbuf)
{
	struct kstat stat;
	int error = vfs_fstat(fd, &stat);

	return error ?: cp_new_stat(&stat, statbuf);
}

static struct statx_timestamp statx_time(struct timespec64 ts)
{
	return (struct statx_timestamp){.tv_sec = ts.tv_sec, .tv_nsec = ts.tv_nsec};
}

static int cp_statx(const struct kstat *stat, struct statx __user *buffer)
{
	struct statx tmp = {
		.stx_mask = stat->result_mask | STATX_MNT_ID,
		.stx_blksize = stat->blksize,
		.stx_attributes = stat->attributes,
		.stx_attributes_mask = stat->attributes_mask,
		.stx_nlink = stat->nlink,
		.stx_uid = stat->uid,
		.stx_gid = stat->gid,
		.stx_mode = stat->mode,
		.stx_ino = stat->ino,
		.stx_size = stat->size,
		.stx_blocks = stat->blocks,
		.stx_atime = statx_time(stat->atime),
		.stx_btime = statx_time(stat->btime),
		.stx_ctime = statx_time(stat->ctime),
		.stx_mtime = statx_time(stat->mtime),
		.stx_rdev_major = MAJOR(stat->rdev),
		.stx_rdev_minor = MINOR(stat->rdev),
		.stx_dev_major = MAJOR(stat->dev),
		.stx_dev_minor = MINOR(stat->dev),
		.stx_mnt_id = stat->mnt_id,
	};

	return copy_to_user(buffer, &tmp, sizeof(tmp)) ? -EFAULT : 0;
}

long sys_statx(int dfd, const char __user *filename, unsigned int flags, unsigned int mask,
	       struct statx __user *buffer)
{
	struct kstat stat;
	int error;

	if (mask & STATX__RESERVED)
		return -EINVAL;
	if ((flags & AT_STATX_SYNC_TYPE) == AT_STATX_SYNC_TYPE)
		return -EINVAL;
	error = vfs_statx(dfd, filename, flags, &stat, mask);
	return error ?: cp_statx(&stat, buffer);
}
