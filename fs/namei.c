// SPDX-License-Identifier: MIT
/*
 * fs/namei.c - make, remove and rename names in directories.
 *
 * Each call has the same shape: walk to the directory (filename_parentat), lock it, look the last
 * component up, check, and call the file system through a vfs_*() function, which checks again what
 * must hold under the lock. Rename is in fs/rename.c.
 *
 * Locks: the directory's i_rwsem for write; the victim's too in unlink, rmdir and link.
 */
#include <pagoda/kernel.h>
#include <pagoda/cred.h>
#include <pagoda/fs.h>
#include <pagoda/fs_struct.h>
#include <pagoda/mount.h>
#include <pagoda/namei.h>
#include <pagoda/sched.h>
#include <asm/uaccess.h>
#include <syscalls.h>
#include "internal.h"

/* ---- may a name be made, or removed? ----------------------------------------------------- */

int may_create(struct inode *dir, struct dentry *child)
{
	if (d_is_positive(child))
		return -EEXIST;
	if (IS_DEADDIR(dir))
		return -ENOENT;
	return inode_permission(dir, MAY_WRITE | MAY_EXEC);
}

/* In a directory with the sticky bit only the owner of either may remove. */
static bool check_sticky(struct inode *dir, struct inode *inode)
{
	if (!(dir->i_mode & S_ISVTX))
		return false;
	return inode->i_uid != current_fsuid() && dir->i_uid != current_fsuid() &&
	       !capable(CAP_FOWNER);
}

int may_delete(struct inode *dir, struct dentry *victim, bool isdir)
{
	struct inode *inode = victim->d_inode;
	int error;

	if (!inode)
		return -ENOENT;
	error = inode_permission(dir, MAY_WRITE | MAY_EXEC);
	if (error)
		return error;
	if (IS_APPEND(dir))
		return -EPERM;
	if (check_sticky(dir, inode) || IS_APPEND(inode) || IS_IMMUTABLE(inode))
		return -EPERM;
	if (isdir) {
		if (!S_ISDIR(inode->i_mode))
			return -ENOTDIR;
		if (IS_ROOT(victim))
			return -EBUSY;
	} else if (S_ISDIR(inode->i_mode)) {
		return -EISDIR;
	}
	return IS_DEADDIR(dir) ? -ENOENT : 0;
}

/* ---- creating: the directory's i_rwsem is held ------------------------------------------- */

int vfs_create(struct inode *dir, struct dentry *dentry, umode_t mode, bool want_excl)
{
	int error = may_create(dir, dentry);

	if (error)
		return error;
	if (!dir->i_op->create)
		return -EACCES;
	return dir->i_op->create(dir, dentry, (mode & S_IALLUGO) | S_IFREG, want_excl);
}

int vfs_mkdir(struct inode *dir, struct dentry *dentry, umode_t mode)
{
	int error = may_create(dir, dentry);

	if (error)
		return error;
	if (!dir->i_op->mkdir)
		return -EPERM;
	return dir->i_op->mkdir(dir, dentry, mode & (S_IRWXUGO | S_ISVTX));
}

int vfs_mknod(struct inode *dir, struct dentry *dentry, umode_t mode, dev_t dev)
{
	int error = may_create(dir, dentry);

	if (error)
		return error;
	if ((S_ISCHR(mode) || S_ISBLK(mode)) && !capable(CAP_MKNOD))
		return -EPERM;
	if (!dir->i_op->mknod)
		return -EPERM;
	return dir->i_op->mknod(dir, dentry, mode, dev);
}

int vfs_symlink(struct inode *dir, struct dentry *dentry, const char *oldname)
{
	int error = may_create(dir, dentry);

	if (error)
		return error;
	if (!dir->i_op->symlink)
		return -EPERM;
	return dir->i_op->symlink(dir, dentry, oldname);
}

int vfs_link(struct dentry *old_dentry, struct inode *dir, struct dentry *new_dentry)
{
	struct inode *inode = old_dentry->d_inode;
	int error;

	if (!inode)
		return -ENOENT;
	error = may_create(dir, new_dentry);
	if (error)
		return error;
	if (dir->i_sb != inode->i_sb)
		return -EXDEV;
	if (IS_APPEND(inode) || IS_IMMUTABLE(inode))
		return -EPERM;
	if (!dir->i_op->link || S_ISDIR(inode->i_mode))
		return -EPERM;
	inode_lock_nested(inode);
	if (inode->i_nlink == 0 && !(inode->i_state & I_LINKABLE))
		error = -ENOENT;
	else
		error = dir->i_op->link(old_dentry, dir, new_dentry);
	inode_unlock(inode);
	return error;
}

/* ---- creating: the calls ----------------------------------------------------------------- */

static struct dentry *filename_create(int dfd, struct filename *name, struct path *path,
				      unsigned int lookup_flags)
{
	struct dentry *dentry = ERR_PTR(-EEXIST);
	struct nameidata nd;
	struct inode *dir;
	int error;

	error = filename_parentat(&nd, dfd, name, 0);
	if (error) {
		dentry = ERR_PTR(error);
		goto out;
	}
	if (nd.last_type != LAST_NORM)
		goto out;
	error = mnt_want_write(nd.path.mnt);
	dir = nd.path.dentry->d_inode;
	inode_lock_nested(dir);
	dentry = lookup_one_qstr(&nd.last, nd.path.dentry, LOOKUP_CREATE | LOOKUP_EXCL);
	if (IS_ERR(dentry))
		goto out_unlock;
	if (d_is_positive(dentry))
		error = -EEXIST;
	else if (nd.trailing_slash && !(lookup_flags & LOOKUP_DIRECTORY))
		error = -ENOENT;
	if (error) {
		dput(dentry);
		dentry = ERR_PTR(error);
		goto out_unlock;
	}
	*path = nd.path;
	path_get(path);
	goto out;
out_unlock:
	inode_unlock(dir);
out:
	nd_end(&nd);
	putname(name);
	return dentry;
}

void done_path_create(struct path *path, struct dentry *dentry)
{
	dput(dentry);
	inode_unlock(path->dentry->d_inode);
	path_put(path);
}

static int do_mkdirat(int dfd, struct filename *name, umode_t mode)
{
	struct path path;
	struct dentry *dentry = filename_create(dfd, name, &path, LOOKUP_DIRECTORY);
	int error;

	if (IS_ERR(dentry))
		return PTR_ERR(dentry);
	error = vfs_mkdir(path.dentry->d_inode, dentry, mode & ~current_umask());
	done_path_create(&path, dentry);
	return error;
}

static int may_mknod(umode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG:
	case S_IFCHR:
	case S_IFBLK:
	case S_IFIFO:
	case S_IFSOCK:
	case 0:
		return 0;
	case S_IFDIR:
		return -EPERM;
	default:
		return -EINVAL;
	}
}

static int do_mknodat(int dfd, struct filename *name, umode_t mode, dev_t dev)
{
	struct path path;
	struct dentry *dentry;
	int error = may_mknod(mode);

	if (error) {
		putname(name);
		return error;
	}
	dentry = filename_create(dfd, name, &path, 0);
	if (IS_ERR(dentry))
		return PTR_ERR(dentry);
	mode = vfs_prepare_mode(path.dentry->d_inode, mode);
	if (!(mode & S_IFMT) || S_ISREG(mode))
		error = vfs_create(path.dentry->d_inode, dentry, mode, true);
	else
		error = vfs_mknod(path.dentry->d_inode, dentry, mode,
				  S_ISCHR(mode) || S_ISBLK(mode) ? dev : 0);
	done_path_create(&path, dentry);
	return error;
}

static int do_symlinkat(struct filename *target, int dfd, struct filename *name)
{
	struct dentry *dentry;
	struct path path;
	int error;

	if (IS_ERR(target)) {
		putname(name);
		return PTR_ERR(target);
	}
	dentry = filename_create(dfd, name, &path, 0);
	error = PTR_ERR_OR_ZERO(dentry);
	if (!error) {
		error = vfs_symlink(path.dentry->d_inode, dentry, target->name);
		done_path_create(&path, dentry);
	}
	putname(target);
	return error;
}

/*
 * Others' files may be linked only by who could also write them: else a set-id program or a
 * secret would live on under a new name (fs.protected_hardlinks=1). EPERM.
 */
static int may_linkat(struct inode *inode)
{
	umode_t mode = inode->i_mode;

	if (current_fsuid() == inode->i_uid || capable(CAP_FOWNER))
		return 0;
	if (!S_ISREG(mode) || (mode & S_ISUID) ||
	    (mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP))
		return -EPERM;
	return inode_permission(inode, MAY_READ | MAY_WRITE) ? -EPERM : 0;
}

static int do_linkat(int olddfd, struct filename *old, int newdfd, struct filename *new, int flags)
{
	struct path old_path, new_path;
	struct dentry *dentry;
	unsigned int how = 0;
	int error;

	if (flags & ~(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH)) {
		error = -EINVAL;
		goto out_names;
	}
	if ((flags & AT_EMPTY_PATH) && !capable(CAP_DAC_READ_SEARCH)) {
		error = -ENOENT;
		goto out_names;
	}
	if (flags & AT_SYMLINK_FOLLOW)
		how |= LOOKUP_FOLLOW;
	error = filename_lookup(olddfd, old, how, &old_path);
	if (error) {
		putname(new);
		return error;
	}
	dentry = filename_create(newdfd, new, &new_path, 0);
	error = PTR_ERR_OR_ZERO(dentry);
	if (!error) {
		if (old_path.mnt != new_path.mnt)
			error = -EXDEV;
		else
			error = may_linkat(old_path.dentry->d_inode)
					?: vfs_link(old_path.dentry, new_path.dentry->d_inode,
						    dentry);
		done_path_create(&new_path, dentry);
	}
	path_put(&old_path);
	return error;

out_names:
	putname(old);
	putname(new);
	return error;
}

/* ---- removing ---------------------------------------------------------------------------- */

int vfs_rmdir(struct inode *dir, struct dentry *dentry)
{
	int error = may_delete(dir, dentry, true);

	if (error)
		return error;
	if (!dir->i_op->rmdir)
		return -EPERM;
	dget(dentry);
	inode_lock_nested(dentry->d_inode);
	error = d_mountpoint(dentry) ? -EBUSY : dir->i_op->rmdir(dir, dentry);
	inode_unlock(dentry->d_inode);
	if (!error)
		d_delete(dentry);
	dput(dentry);
	return error;
}

int vfs_unlink(struct inode *dir, struct dentry *dentry)
{
	struct inode *inode = dentry->d_inode;
	int error = may_delete(dir, dentry, false);

	if (error)
		return error;
	if (!dir->i_op->unlink)
		return -EPERM;
	dget(dentry);
	inode_lock_nested(inode);
	error = d_mountpoint(dentry) ? -EBUSY : dir->i_op->unlink(dir, dentry);
	inode_unlock(inode);
	if (!error)
		d_delete(dentry);
	dput(dentry);
	return error;
}

/* The last reference of the inode, with its data, goes only after the directory is unlocked. */
static int remove_last(struct nameidata *nd, bool isdir)
{
	struct inode *dir = nd->path.dentry->d_inode, *inode = NULL;
	struct dentry *dentry;
	int error = mnt_want_write(nd->path.mnt);

	if (error)
		return error;
	inode_lock_nested(dir);
	dentry = lookup_one_qstr(&nd->last, nd->path.dentry, 0);
	error = PTR_ERR_OR_ZERO(dentry);
	if (error)
		goto out;
	inode = dentry->d_inode;
	if (!inode) {
		error = -ENOENT;
	} else {
		ihold(inode);
		if (isdir)
			error = vfs_rmdir(dir, dentry);
		else if (nd->trailing_slash)
			error = S_ISDIR(inode->i_mode) ? -EISDIR : -ENOTDIR;
		else
			error = vfs_unlink(dir, dentry);
	}
	dput(dentry);
out:
	inode_unlock(dir);
	iput(inode);
	return error;
}

static int do_rmdir(int dfd, struct filename *name)
{
	static const int bad_last[] = {
		[LAST_ROOT] = -EBUSY,
		[LAST_DOT] = -EINVAL,
		[LAST_DOTDOT] = -ENOTEMPTY,
	};
	struct nameidata nd;
	int error;

	error = filename_parentat(&nd, dfd, name, 0);
	if (!error)
		error = nd.last_type == LAST_NORM ? remove_last(&nd, true) : bad_last[nd.last_type];
	nd_end(&nd);
	putname(name);
	return error;
}

static int do_unlinkat(int dfd, struct filename *name)
{
	struct nameidata nd;
	int error;

	error = filename_parentat(&nd, dfd, name, 0);
	if (!error)
		error = nd.last_type == LAST_NORM ? remove_last(&nd, false) : -EISDIR;
	nd_end(&nd);
	putname(name);
	return error;
}

/* ---- system calls ------------------------------------------------------------------------ */

long sys_mkdirat(int dfd, const char __user *pathname, umode_t mode)
{
	return do_mkdirat(dfd, getname(pathname), mode);
}

long sys_mkdir(const char __user *pathname, umode_t mode)
{
	return do_mkdirat(AT_FDCWD, getname(pathname), mode);
}

long sys_mknodat(int dfd, const char __user *filename, umode_t mode, unsigned int dev)
{
	return do_mknodat(dfd, getname(filename), mode, new_decode_dev(dev));
}

long sys_mknod(const char __user *filename, umode_t mode, unsigned int dev)
{
	return do_mknodat(AT_FDCWD, getname(filename), mode, new_decode_dev(dev));
}

long sys_symlinkat(const char __user *oldname, int newdfd, const char __user *newname)
{
	return do_symlinkat(getname(oldname), newdfd, getname(newname));
}

long sys_symlink(const char __user *oldname, const char __user *newname)
{
	return do_symlinkat(getname(oldname), AT_FDCWD, getname(newname));
}

long sys_linkat(int olddfd, const char __user *oldname, int newdfd, const char __user *newname,
		int flags)
{
	unsigned int lookup = flags & AT_EMPTY_PATH ? LOOKUP_EMPTY : 0;

	return do_linkat(olddfd, getname_flags(oldname, lookup), newdfd, getname(newname), flags);
}

long sys_link(const char __user *oldname, const char __user *newname)
{
	return do_linkat(AT_FDCWD, getname(oldname), AT_FDCWD, getname(newname), 0);
}

long sys_unlinkat(int dfd, const char __user *pathname, int flag)
{
	if (flag & ~AT_REMOVEDIR)
		return -EINVAL;
	if (flag & AT_REMOVEDIR)
		return do_rmdir(dfd, getname(pathname));
	return do_unlinkat(dfd, getname(pathname));
}

long sys_unlink(const char __user *pathname)
{
	return do_unlinkat(AT_FDCWD, getname(pathname));
}

long sys_rmdir(const char __user *pathname)
{
	return do_rmdir(AT_FDCWD, getname(pathname));
}

/* ---- the same for boot code -------------------------------------------------------------- */

int init_mkdir(const char *pathname, umode_t mode)
{
	return do_mkdirat(AT_FDCWD, getname_kernel(pathname), mode);
}

int init_mknod(const char *pathname, umode_t mode, dev_t dev)
{
	return do_mknodat(AT_FDCWD, getname_kernel(pathname), mode, dev);
}

int init_symlink(const char *oldname, const char *newname)
{
	return do_symlinkat(getname_kernel(oldname), AT_FDCWD, getname_kernel(newname));
}

int init_link(const char *oldname, const char *newname)
{
	return do_linkat(AT_FDCWD, getname_kernel(oldname), AT_FDCWD, getname_kernel(newname), 0);
}

int init_unlink(const char *pathname)
{
	return do_unlinkat(AT_FDCWD, getname_kernel(pathname));
}

int init_rmdir(const char *pathname)
{
	return do_rmdir(AT_FDCWD, getname_kernel(pathname));
}
