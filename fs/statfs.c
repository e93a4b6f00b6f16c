// SPDX-License-Identifier: MIT
/*
 * fs/statfs.c - statfs: what a file system is and how full.
 */
#include <pagoda/compat.h>
#include <pagoda/kernel.h>
#include <pagoda/fs.h>
#include <pagoda/mount.h>
#include <pagoda/namei.h>
#include <pagoda/statfs.h>
#include <asm/uaccess.h>
#include <syscalls.h>

static long mount_flags(const struct vfsmount *mnt)
{
	long flags = ST_VALID;

	if (mnt_want_write((struct vfsmount *)mnt))
		flags |= ST_RDONLY;
	if (mnt->mnt_flags & MNT_NOSUID)
		flags |= ST_NOSUID;
	if (mnt->mnt_flags & MNT_NODEV)
		flags |= ST_NODEV;
	if (mnt->mnt_flags & MNT_NOEXEC)
		flags |= ST_NOEXEC;
	if (mnt->mnt_flags & MNT_NOATIME)
		flags |= ST_NOATIME;
	if (mnt->mnt_flags & MNT_NODIRATIME)
		flags |= ST_NODIRATIME;
	if (mnt->mnt_flags & MNT_RELATIME)
		flags |= ST_RELATIME;
	return flags;
}

int vfs_statfs(const struct path *path, struct kstatfs *buf)
{
	struct super_block *sb = path->dentry->d_sb;
	int error;

	memset(buf, 0, sizeof(*buf));
	if (!sb->s_op || !sb->s_op->statfs)
		return -ENOSYS;
	buf->f_fsid = new_encode_dev(sb->s_dev);
	error = sb->s_op->statfs(path->dentry, buf);
	if (error)
		return error;
	if (!buf->f_frsize)
		buf->f_frsize = buf->f_bsize;
	buf->f_flags = mount_flags(path->mnt);
	return 0;
}

/* ---- what programs get ------------------------------------------------------------------- */

/* What every struct statfs has. A member that is too narrow gets the low bits. */
#define STATFS_MEMBERS(st)                                                                         \
	.f_type = (st)->f_type, .f_bsize = (st)->f_bsize, .f_blocks = (st)->f_blocks,              \
	.f_bfree = (st)->f_bfree, .f_bavail = (st)->f_bavail, .f_files = (st)->f_files,            \
	.f_ffree = (st)->f_ffree, .f_fsid.val = {(int)(st)->f_fsid, (int)((st)->f_fsid >> 32)},    \
	.f_namelen = (st)->f_namelen, .f_frsize = (st)->f_frsize, .f_flags = (st)->f_flags

typedef int cp_statfs_t(const struct kstatfs *st, void __user *p);

static int cp_statfs(const struct kstatfs *st, void __user *p)
{
	struct statfs buf = {STATFS_MEMBERS(st)};

	return copy_to_user(p, &buf, sizeof(buf)) ? -EFAULT : 0;
}

/* i386: what does not fit is an error. -1 of the inode counts means "unknown" and does fit. */
static int cp_compat_statfs(const struct kstatfs *st, void __user *p)
{
	struct compat_statfs buf = {STATFS_MEMBERS(st)};

	if ((st->f_blocks | st->f_bfree | st->f_bavail | st->f_bsize | st->f_frsize) >> 32)
		return -EOVERFLOW;
	if ((st->f_files != -1UL && st->f_files >> 32) ||
	    (st->f_ffree != -1UL && st->f_ffree >> 32))
		return -EOVERFLOW;
	return copy_to_user(p, &buf, sizeof(buf)) ? -EFAULT : 0;
}

static int cp_compat_statfs64(const struct kstatfs *st, void __user *p)
{
	struct compat_statfs64 buf = {STATFS_MEMBERS(st)};

	if ((u64)(st->f_bsize | st->f_frsize) >> 32)
		return -EOVERFLOW;
	return copy_to_user(p, &buf, sizeof(buf)) ? -EFAULT : 0;
}

/* ---- the calls --------------------------------------------------------------------------- */

static long do_statfs(const char __user *pathname, cp_statfs_t *cp, void __user *buf)
{
	struct kstatfs st;
	struct path path;
	int error = user_path_at(AT_FDCWD, pathname, LOOKUP_FOLLOW, &path);

	if (error)
		return error;
	error = vfs_statfs(&path, &st);
	path_put(&path);
	return error ?: cp(&st, buf);
}

static long do_fstatfs(unsigned int fd, cp_statfs_t *cp, void __user *buf)
{
	struct fd f = fdget_raw(fd);
	struct kstatfs st;
	int error;

	if (!f.file)
		return -EBADF;
	error = vfs_statfs(&f.file->f_path, &st);
	fdput(f);
	return error ?: cp(&st, buf);
}

long sys_statfs(const char __user *pathname, struct statfs __user *buf)
{
	return do_statfs(pathname, cp_statfs, buf);
}

long sys_fstatfs(unsigned int fd, struct statfs __user *buf)
{
	return do_fstatfs(fd, cp_statfs, buf);
}

long compat_sys_statfs(const char __user *pathname, struct compat_statfs __user *buf)
{
	return do_statfs(pathname, cp_compat_statfs, buf);
}

long compat_sys_fstatfs(unsigned int fd, struct compat_statfs __user *buf)
{
	return do_fstatfs(fd, cp_compat_statfs, buf);
}

long compat_sys_statfs64(const char __user *pathname, u32 size, struct compat_statfs64 __user *buf)
{
	if (size != sizeof(*buf))
		return -EINVAL;
	return do_statfs(pathname, cp_compat_statfs64, buf);
}

long compat_sys_fstatfs64(unsigned int fd, u32 size, struct compat_statfs64 __user *buf)
{
	if (size != sizeof(*buf))
		return -EINVAL;
	return do_fstatfs(fd, cp_compat_statfs64, buf);
}
