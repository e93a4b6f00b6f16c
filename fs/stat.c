// SPDX-License-Identifier: MIT
/*
 * fs/stat.c - stat and its relatives, as 64-bit and as i386 programs call them.
 */
#include <pagoda/kernel.h>
#include <pagoda/compat.h>
#include <pagoda/fs.h>
#include <pagoda/highuid.h>
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

static int vfs_fstat(unsigned int fd, struct kstat *stat)
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

static int vfs_statx(int dfd, const char __user *filename, int flags, struct kstat *stat,
		     u32 request_mask)
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

/* ---- what programs get ------------------------------------------------------------------- */

/* What every struct stat has. A member that is too narrow gets the low bits. */
#define STAT_MEMBERS(k)                                                                            \
	.st_ino = (k)->ino, .st_mode = (k)->mode, .st_nlink = (k)->nlink, .st_size = (k)->size,    \
	.st_atime = (k)->atime.tv_sec, .st_mtime = (k)->mtime.tv_sec,                              \
	.st_ctime = (k)->ctime.tv_sec

/* What all but the oldest have too. */
#define NEW_STAT_MEMBERS(k)                                                                        \
	.st_dev = new_encode_dev((k)->dev), .st_rdev = new_encode_dev((k)->rdev),                  \
	.st_blksize = (k)->blksize, .st_blocks = (k)->blocks, .st_atime_nsec = (k)->atime.tv_nsec, \
	.st_mtime_nsec = (k)->mtime.tv_nsec, .st_ctime_nsec = (k)->ctime.tv_nsec

typedef int cp_stat_t(const struct kstat *stat, void __user *statbuf);

static int cp_new_stat(const struct kstat *stat, void __user *statbuf)
{
	struct stat tmp = {
		STAT_MEMBERS(stat),
		NEW_STAT_MEMBERS(stat),
		.st_uid = stat->uid,
		.st_gid = stat->gid,
	};

	return copy_to_user(statbuf, &tmp, sizeof(tmp)) ? -EFAULT : 0;
}

/*
 * i386 has three generations. The first has numbers of 16 bits, even for inodes; the second of 16
 * and 32 bits: what does not fit is EOVERFLOW, but for owners, which become the "overflow id" 65534.
 * stat64 holds everything but times after 2038.
 */
static int cp_old_stat(const struct kstat *stat, void __user *statbuf)
{
	struct old_kernel_stat tmp = {
		STAT_MEMBERS(stat),
		.st_dev = MAJOR(stat->dev) << 8 | MINOR(stat->dev),
		.st_rdev = MAJOR(stat->rdev) << 8 | MINOR(stat->rdev),
		.st_uid = high2lowuid(stat->uid),
		.st_gid = high2lowuid(stat->gid),
	};

	if (tmp.st_ino != stat->ino || tmp.st_nlink != stat->nlink)
		return -EOVERFLOW;
	return copy_to_user(statbuf, &tmp, sizeof(tmp)) ? -EFAULT : 0;
}

static int cp_compat_stat(const struct kstat *stat, void __user *statbuf)
{
	struct compat_stat tmp = {
		STAT_MEMBERS(stat),
		NEW_STAT_MEMBERS(stat),
		.st_uid = high2lowuid(stat->uid),
		.st_gid = high2lowuid(stat->gid),
	};

	if (tmp.st_ino != stat->ino || tmp.st_nlink != stat->nlink || (u64)stat->size > S32_MAX)
		return -EOVERFLOW;
	return copy_to_user(statbuf, &tmp, sizeof(tmp)) ? -EFAULT : 0;
}

static int cp_stat64(const struct kstat *stat, void __user *statbuf)
{
	struct stat64_32 tmp = {
		STAT_MEMBERS(stat),
		NEW_STAT_MEMBERS(stat),
		.st_uid = stat->uid,
		.st_gid = stat->gid,
	};

	tmp.__st_ino = stat->ino; /* the low half once more */
	return copy_to_user(statbuf, &tmp, sizeof(tmp)) ? -EFAULT : 0;
}

static long do_statat(int dfd, const char __user *filename, int flag, cp_stat_t *cp,
		      void __user *statbuf)
{
	struct kstat stat;
	int error = vfs_statx(dfd, filename, flag, &stat, STATX_BASIC_STATS);

	return error ?: cp(&stat, statbuf);
}

static long do_fstat(unsigned int fd, cp_stat_t *cp, void __user *statbuf)
{
	struct kstat stat;
	int error = vfs_fstat(fd, &stat);

	return error ?: cp(&stat, statbuf);
}

/* ---- the calls --------------------------------------------------------------------------- */

long sys_stat(const char __user *filename, struct stat __user *statbuf)
{
	return do_statat(AT_FDCWD, filename, 0, cp_new_stat, statbuf);
}

long sys_lstat(const char __user *filename, struct stat __user *statbuf)
{
	return do_statat(AT_FDCWD, filename, AT_SYMLINK_NOFOLLOW, cp_new_stat, statbuf);
}

long sys_fstat(unsigned int fd, struct stat __user *statbuf)
{
	return do_fstat(fd, cp_new_stat, statbuf);
}

long sys_newfstatat(int dfd, const char __user *filename, struct stat __user *statbuf, int flag)
{
	return do_statat(dfd, filename, flag, cp_new_stat, statbuf);
}

long compat_sys_oldstat(const char __user *filename, struct old_kernel_stat __user *statbuf)
{
	return do_statat(AT_FDCWD, filename, 0, cp_old_stat, statbuf);
}

long compat_sys_oldlstat(const char __user *filename, struct old_kernel_stat __user *statbuf)
{
	return do_statat(AT_FDCWD, filename, AT_SYMLINK_NOFOLLOW, cp_old_stat, statbuf);
}

long compat_sys_oldfstat(unsigned int fd, struct old_kernel_stat __user *statbuf)
{
	return do_fstat(fd, cp_old_stat, statbuf);
}

long compat_sys_newstat(const char __user *filename, struct compat_stat __user *statbuf)
{
	return do_statat(AT_FDCWD, filename, 0, cp_compat_stat, statbuf);
}

long compat_sys_newlstat(const char __user *filename, struct compat_stat __user *statbuf)
{
	return do_statat(AT_FDCWD, filename, AT_SYMLINK_NOFOLLOW, cp_compat_stat, statbuf);
}

long compat_sys_newfstat(unsigned int fd, struct compat_stat __user *statbuf)
{
	return do_fstat(fd, cp_compat_stat, statbuf);
}

long compat_sys_ia32_stat64(const char __user *filename, struct stat64_32 __user *statbuf)
{
	return do_statat(AT_FDCWD, filename, 0, cp_stat64, statbuf);
}

long compat_sys_ia32_lstat64(const char __user *filename, struct stat64_32 __user *statbuf)
{
	return do_statat(AT_FDCWD, filename, AT_SYMLINK_NOFOLLOW, cp_stat64, statbuf);
}

long compat_sys_ia32_fstat64(unsigned int fd, struct stat64_32 __user *statbuf)
{
	return do_fstat(fd, cp_stat64, statbuf);
}

long compat_sys_ia32_fstatat64(int dfd, const char __user *filename,
			       struct stat64_32 __user *statbuf, int flag)
{
	return do_statat(dfd, filename, flag, cp_stat64, statbuf);
}

/* ---- statx ------------------------------------------------------------------------------- */

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
