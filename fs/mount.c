// SPDX-License-Identifier: MIT
/*
 * fs/mount.c - mount(2) and umount2(2).
 *
 * There is one mount namespace, and mounts do not propagate: every mount is private, and asking for
 * that (MS_PRIVATE) succeeds, for the other kinds of propagation it is EINVAL.
 */
#include <pagoda/kernel.h>
#include <pagoda/cred.h>
#include <pagoda/fs.h>
#include <pagoda/mount.h>
#include <pagoda/namei.h>
#include <pagoda/slab.h>
#include <asm/uaccess.h>
#include <syscalls.h>
#include "internal.h"

#define MS_PROPAGATION (MS_SHARED | MS_PRIVATE | MS_SLAVE | MS_UNBINDABLE)

/* MS_* of the call to MNT_* of the mount. */
static int mnt_flags_of(unsigned long flags)
{
	static const struct {
		unsigned int ms;
		int mnt;
	} map[] = {
		{MS_NOSUID, MNT_NOSUID},	   {MS_NODEV, MNT_NODEV},
		{MS_NOEXEC, MNT_NOEXEC},	   {MS_NOATIME, MNT_NOATIME},
		{MS_NODIRATIME, MNT_NODIRATIME},   {MS_RDONLY, MNT_READONLY},
		{MS_NOSYMFOLLOW, MNT_NOSYMFOLLOW},
	};
	int mnt_flags = 0;

	if (!(flags & (MS_NOATIME | MS_STRICTATIME)))
		mnt_flags |= MNT_RELATIME;
	for (int i = 0; i < ARRAY_SIZE(map); i++)
		if (flags & map[i].ms)
			mnt_flags |= map[i].mnt;
	return mnt_flags;
}

/* Moves the mounts on mnt behind it in the list of all, so that parents come first there. */
static void list_submounts(struct vfsmount *mnt)
{
	struct vfsmount *child;

	list_for_each_entry (child, &mnt->mnt_mounts, mnt_child) {
		list_move_tail(&child->mnt_list, &mount_list);
		list_submounts(child);
	}
}

/*
 * Attaches mnt where path leads now, mounts on top included. Consumes mnt, and what is mounted on
 * it, on failure.
 */
static int graft(struct vfsmount *mnt, const struct path *path)
{
	struct path where = *path;
	LIST_HEAD(dead);
	int error = -ENOENT;

	down_write(&namespace_sem);
	read_lock(&dcache_lock);
	follow_down_locked(&where);
	read_unlock(&dcache_lock);
	if (d_unlinked(where.dentry))
		goto fail;
	error = -ENOTDIR;
	if (S_ISDIR(mnt->mnt_root->d_inode->i_mode) != S_ISDIR(where.dentry->d_inode->i_mode))
		goto fail;
	/* the same file system in the same place again */
	error = -EBUSY;
	if (where.mnt->mnt_sb == mnt->mnt_sb && where.mnt->mnt_root == where.dentry &&
	    mnt->mnt_root == where.dentry)
		goto fail;
	attach_mnt(mnt, &where);
	write_lock(&dcache_lock);
	list_submounts(mnt);
	write_unlock(&dcache_lock);
	up_write(&namespace_sem);
	return 0;
fail:
	umount_children(mnt, &dead);
	up_write(&namespace_sem);
	drop_mounts(&dead);
	mntput(mnt);
	return error;
}

static int do_new_mount(const struct path *path, const char *fstype, unsigned long flags,
			const char *name, void *data)
{
	struct file_system_type *type;
	struct vfsmount *mnt;

	if (!fstype)
		return -EINVAL;
	type = get_fs_type(fstype);
	if (!type || (type->fs_flags & FS_NOMOUNT))
		return -ENODEV;
	mnt = vfs_kern_mount(type, flags & (SB_RDONLY | SB_SYNCHRONOUS | SB_SILENT), name, data);
	if (IS_ERR(mnt))
		return PTR_ERR(mnt);
	mnt->mnt_flags = mnt_flags_of(flags);
	return graft(mnt, path);
}

/* Another mount of path's dentry, with the flags of path's mount. NULL without memory. */
static struct vfsmount *clone_mnt(const struct path *path)
{
	struct vfsmount *mnt = alloc_vfsmnt(dget(path->dentry), path->mnt->mnt_devname);

	if (!mnt) {
		dput(path->dentry);
		return NULL;
	}
	atomic_inc(&mnt->mnt_sb->s_active);
	mnt->mnt_flags = path->mnt->mnt_flags & ~MNT_INTERNAL;
	return mnt;
}

/*
 * Mounts on new what is mounted on old, at and below new's root, and so on. namespace_sem is held
 * for write; new is not in the tree yet, and what was mounted on it stays there if memory runs out.
 */
static int copy_submounts(struct vfsmount *old, struct vfsmount *new)
{
	struct vfsmount *child, *copy;

	list_for_each_entry (child, &old->mnt_mounts, mnt_child) {
		struct path root = {child, child->mnt_root};
		struct path where = {new, child->mnt_mountpoint};
		int error;

		if (!is_subdir(where.dentry, new->mnt_root))
			continue;
		copy = clone_mnt(&root);
		if (!copy)
			return -ENOMEM;
		attach_mnt(copy, &where);
		error = copy_submounts(child, copy);
		if (error)
			return error;
	}
	return 0;
}

/* A second mount of what is at old_name; with MS_REC, of what is mounted below it as well. */
static int do_loopback(const struct path *path, const char *old_name, unsigned long flags)
{
	struct vfsmount *mnt;
	struct path old;
	LIST_HEAD(dead);
	int error;

	if (!old_name || !*old_name)
		return -EINVAL;
	error = kern_path(old_name, LOOKUP_FOLLOW, &old);
	if (error)
		return error;
	mnt = clone_mnt(&old);
	if (!mnt)
		error = -ENOMEM;
	if (mnt && (flags & MS_REC)) {
		down_write(&namespace_sem);
		error = copy_submounts(old.mnt, mnt);
		if (error)
			umount_children(mnt, &dead);
		up_write(&namespace_sem);
		drop_mounts(&dead);
	}
	path_put(&old);
	if (error) {
		mntput(mnt);
		return error;
	}
	return graft(mnt, path);
}

/* Files open for writing on sb, or through mnt alone. namespace_sem is held. */
static bool has_writers(const struct super_block *sb, const struct vfsmount *mnt)
{
	struct vfsmount *p;

	smp_mb();
	list_for_each_entry (p, &mount_list, mnt_list) {
		if ((mnt ? p == mnt : p->mnt_sb == sb) && atomic_read(&p->mnt_writers))
			return true;
	}
	return false;
}

/* MS_REMOUNT | MS_BIND: the flags of this mount only. */
static int remount_mount(struct vfsmount *mnt, unsigned long flags)
{
	int old = mnt->mnt_flags;

	mnt->mnt_flags = mnt_flags_of(flags);
	if ((mnt->mnt_flags & MNT_READONLY) && has_writers(NULL, mnt)) {
		mnt->mnt_flags = old;
		return -EBUSY;
	}
	return 0;
}

static int remount_sb(struct super_block *sb, unsigned long flags, void *data)
{
	int sb_flags = flags & (SB_RDONLY | SB_SYNCHRONOUS);
	unsigned long old = sb->s_flags;
	int error = 0;

	if (flags & SB_RDONLY) {
		sb->s_flags |= SB_RDONLY;
		if (has_writers(sb, NULL))
			error = -EBUSY;
	}
	if (!error && sb->s_op->remount_fs)
		error = sb->s_op->remount_fs(sb, &sb_flags, data);
	if (error)
		sb->s_flags = old;
	else
		sb->s_flags = (old & ~(unsigned long)SB_RDONLY) | (sb_flags & SB_RDONLY);
	return error;
}

static int do_remount(const struct path *path, unsigned long flags, void *data)
{
	int error;

	if (path->dentry != path->mnt->mnt_root)
		return -EINVAL;
	down_write(&namespace_sem);
	if (flags & MS_BIND) {
		error = remount_mount(path->mnt, flags);
	} else {
		error = remount_sb(path->mnt->mnt_sb, flags, data);
		if (!error)
			path->mnt->mnt_flags = mnt_flags_of(flags);
	}
	up_write(&namespace_sem);
	return error;
}

static bool mnt_is_below(struct vfsmount *mnt, struct vfsmount *top)
{
	while (mnt != top && mnt->mnt_parent != mnt)
		mnt = mnt->mnt_parent;
	return mnt == top;
}

static int do_move_mount(const struct path *path, const char *old_name)
{
	struct path old, where = *path, from;
	int error;

	if (!old_name || !*old_name)
		return -EINVAL;
	error = kern_path(old_name, LOOKUP_FOLLOW, &old);
	if (error)
		return error;
	down_write(&namespace_sem);
	read_lock(&dcache_lock);
	follow_down_locked(&where);
	read_unlock(&dcache_lock);
	from.mnt = NULL;
	error = -EINVAL;
	if (old.dentry != old.mnt->mnt_root || old.mnt->mnt_parent == old.mnt)
		goto out;
	if (S_ISDIR(old.dentry->d_inode->i_mode) != S_ISDIR(where.dentry->d_inode->i_mode))
		goto out;
	error = -ELOOP;
	if (mnt_is_below(where.mnt, old.mnt))
		goto out;
	detach_mnt(old.mnt, &from);
	attach_mnt(old.mnt, &where);
	error = 0;
out:
	up_write(&namespace_sem);
	if (from.mnt)
		path_put(&from);
	path_put(&old);
	return error;
}

static int change_type(const struct path *path, unsigned long flags)
{
	if (path->dentry != path->mnt->mnt_root)
		return -EINVAL;
	return (flags & MS_PROPAGATION) == MS_PRIVATE ? 0 : -EINVAL;
}

int do_mount(const char *dev_name, const struct path *path, const char *type, unsigned long flags,
	     void *data)
{
	if ((flags & MS_MGC_MSK) == MS_MGC_VAL)
		flags &= ~MS_MGC_MSK;
	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (flags & MS_REMOUNT)
		return do_remount(path, flags, data);
	if (flags & MS_BIND)
		return do_loopback(path, dev_name, flags);
	if (flags & MS_PROPAGATION)
		return change_type(path, flags);
	if (flags & MS_MOVE)
		return do_move_mount(path, dev_name);
	return do_new_mount(path, type, flags, dev_name, data);
}

int init_mount(const char *dev_name, const char *dir_name, const char *type, unsigned long flags,
	       void *data)
{
	struct path path;
	int error = kern_path(dir_name, LOOKUP_FOLLOW, &path);

	if (error)
		return error;
	error = do_mount(dev_name, &path, type, flags, data);
	path_put(&path);
	return error;
}

/* A string of the caller, at most a page; NULL stays NULL. */
static char *copy_mount_string(const char __user *data)
{
	char *s;
	long len;

	if (!data)
		return NULL;
	s = kmalloc(PAGE_SIZE, GFP_KERNEL);
	if (!s)
		return ERR_PTR(-ENOMEM);
	len = strncpy_from_user(s, data, PAGE_SIZE);
	if (len >= 0 && len < PAGE_SIZE)
		return s;
	kfree(s);
	return ERR_PTR(len < 0 ? len : -EINVAL);
}

long sys_mount(char __user *dev_name, char __user *dir_name, char __user *type, unsigned long flags,
	       void __user *data)
{
	char *kernel_type, *kernel_dev, *options;
	struct path path;
	long error;

	kernel_type = copy_mount_string(type);
	if (IS_ERR(kernel_type))
		return PTR_ERR(kernel_type);
	kernel_dev = copy_mount_string(dev_name);
	error = PTR_ERR_OR_ZERO(kernel_dev);
	if (error)
		goto out_type;
	options = copy_mount_string(data);
	error = PTR_ERR_OR_ZERO(options);
	if (error)
		goto out_dev;
	error = user_path_at(AT_FDCWD, dir_name, LOOKUP_FOLLOW, &path);
	if (!error) {
		error = do_mount(kernel_dev, &path, kernel_type, flags, options);
		path_put(&path);
	}
	kfree(options);
out_dev:
	kfree(kernel_dev);
out_type:
	kfree(kernel_type);
	return error;
}

/* ---- umount ------------------------------------------------------------------------------ */

/* path is the root of the mount and holds one of its references. */
static int do_umount(struct path *path, int flags)
{
	struct vfsmount *mnt = path->mnt;
	LIST_HEAD(dead);
	int error = -EINVAL;

	down_write(&namespace_sem);
	if (path->dentry != mnt->mnt_root || mnt->mnt_parent == mnt)
		goto out;
	error = -EBUSY;
	if (!(flags & MNT_DETACH) &&
	    (!list_empty(&mnt->mnt_mounts) || atomic_read(&mnt->mnt_count) > 2))
		goto out;
	if (flags & MNT_EXPIRE) {
		error = -EAGAIN;
		goto out;
	}
	umount_tree(mnt, &dead);
	error = 0;
out:
	up_write(&namespace_sem);
	drop_mounts(&dead);
	return error;
}

static int umount_name(struct filename *name, int flags)
{
	struct path path;
	int error =
		filename_lookup(AT_FDCWD, name, flags & UMOUNT_NOFOLLOW ? 0 : LOOKUP_FOLLOW, &path);

	if (error)
		return error;
	error = do_umount(&path, flags);
	path_put(&path);
	return error;
}

int init_umount(const char *dir_name, int flags)
{
	return umount_name(getname_kernel(dir_name), flags);
}

long sys_umount2(char __user *name, int flags)
{

	if (flags & ~(MNT_FORCE | MNT_DETACH | MNT_EXPIRE | UMOUNT_NOFOLLOW))
		return -EINVAL;
	if ((flags & MNT_EXPIRE) && (flags & (MNT_FORCE | MNT_DETACH)))
		return -EINVAL;
	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	return umount_name(getname(name), flags);
}
