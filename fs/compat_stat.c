// SPDX-License-Identifier: MIT
/*
 * fs/compat_stat.c - stat and its relatives as i386 programs call them.
 *
 * Three generations. The first stat has numbers of 16 bits, even for inodes. The stat of i386 has numbers of 16 and 32 bits: what does not fit into them is EOVERFLOW, but for
 * owners, which become the "overflow id" 65534. stat64 holds everything but times after 2038.
 */
#include <pagoda/compat.h>
#include <pagoda/errno.h>
#include <pagoda/fs.h>
#include <pagoda/highuid.h>
#include <pagoda/kernel.h>
#include <pagoda/stat.h>
#include <asm/uaccess.h>
#include <syscalls.h>

static int cp_compat_stat(const struct kstat *stat, struct compat_stat __user *statbuf)
{
	struct compat_stat tmp = {
		.st_dev = new_encode_dev(stat->dev),
		.st_ino = stat->ino,
		.st_mode = stat->mode,
		.st_nlink = stat->nlink,
		.st_uid = high2lowuid(stat->uid),
		.st_gid = high2lowuid(stat->gid),
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

	if (tmp.st_ino != stat->ino || tmp.st_nlink != stat->nlink || (u64)stat->size > S32_MAX)
		return -EOVERFLOW;
	return copy_to_user(statbuf, &tmp, sizeof(tmp)) ? -EFAULT : 0;
}

static int cp_old_stat(const struct kstat *stat, struct old_kernel_stat __user *statbuf)
{
	struct old_kernel_stat tmp = {
		.st_dev = MAJOR(stat->dev) << 8 | MINOR(stat->dev),
		.st_ino = stat->ino,
		.st_mode = stat->mode,
		.st_nlink = stat->nlink,
		.st_uid = high2lowuid(stat->uid),
		.st_gid = high2lowuid(stat->gid),
		.st_rdev = MAJOR(stat->rdev) << 8 | MINOR(stat->rdev),
		.st_size = stat->size,
		.st_atime = stat->atime.tv_sec,
		.st_mtime = stat->mtime.tv_sec,
		.st_ctime = stat->ctime.tv_sec,
	};

	if (tmp.st_ino != stat->ino || tmp.st_nlink != stat->nlink)
		return -EOVERFLOW;
	return copy_to_user(statbuf, &tmp, sizeof(tmp)) ? -EFAULT : 0;
}

static int cp_stat64(const struct kstat *stat, struct stat64_32 __user *statbuf)
{
	struct stat64_32 tmp = {
		.st_dev = new_encode_dev(stat->dev),
		.__st_ino = stat->ino,
		.st_mode = stat->mode,
		.st_nlink = stat->nlink,
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
		.st_ino = stat->ino,
	};

	return copy_to_user(statbuf, &tmp, sizeof(tmp)) ? -EFAULT : 0;
}

static long compat_statat(const char __user *filename, struct compat_stat __user *statbuf, int flag)
{
	struct kstat stat;
	int error = vfs_statx(AT_FDCWD, filename, flag, &stat, STATX_BASIC_STATS);

	return error ?: cp_compat_stat(&stat, statbuf);
}

long compat_sys_newstat(const char __user *filename, struct compat_stat __user *statbuf)
{
	return compat_statat(filename, statbuf, 0);
}

long compat_sys_newlstat(const char __user *filename, struct compat_stat __user *statbuf)
{
	return compat_statat(filename, statbuf, AT_SYMLINK_NOFOLLOW);
}

long compat_sys_newfstat(unsigned int fd, struct compat_stat __user *statbuf)
{
	struct kstat stat;
	int error = vfs_fstat(fd, &stat);

	return error ?: cp_compat_stat(&stat, statbuf);
}

long compat_sys_ia32_fstatat64(int dfd, const char __user *filename,
			       struct stat64_32 __user *statbuf, int flag)
{
	struct kstat stat;
	int error = vfs_statx(dfd, filename, flag, &stat, STATX_BASIC_STATS);

	return error ?: cp_stat64(&stat, statbuf);
}

long compat_sys_ia32_stat64(const char __user *filename, struct stat64_32 __user *statbuf)
{
	return compat_sys_ia32_fstatat64(AT_FDCWD, filename, statbuf, 0);
}

long compat_sys_ia32_lstat64(const char __user *filename, struct stat64_32 __user *statbuf)
{
	return compat_sys_ia32_fstatat64(AT_FDCWD, filename, statbuf, AT_SYMLINK_NOFOLLOW);
}

long compat_sys_ia32_fstat64(unsigned int fd, struct stat64_32 __user *statbuf)
{
	struct kstat stat;
	int error = vfs_fstat(fd, &stat);

	return error ?: cp_stat64(&stat, statbuf);
}

/* ---- the first generation ---------------------------------------------------------------- */

static long old_statat(const char __user *filename, struct old_kernel_stat __user *statbuf,
		       int flag)
{
	struct kstat stat;
	int error = vfs_statx(AT_FDCWD, filename, flag, &stat, STATX_BASIC_STATS);

	return error ?: cp_old_stat(&stat, statbuf);
}

long compat_sys_oldstat(const char __user *filename, struct old_kernel_stat __user *statbuf)
{
	return old_statat(filename, statbuf, 0);
}

long compat_sys_oldlstat(const char __user *filename, struct old_kernel_stat __user *statbuf)
{
	return old_statat(filename, statbuf, AT_SYMLINK_NOFOLLOW);
}

long compat_sys_oldfstat(unsigned int fd, struct old_kernel_stat __user *statbuf)
{
	struct kstat stat;
	int error = vfs_fstat(fd, &stat);

	return error ?: cp_old_stat(&stat, statbuf);
}
