// SPDX-License-Identifier: MIT
/*
 * fs/rename.c - rename, and reading symbolic links.
 *
 * Locks: s_vfs_rename_mutex when the directories differ, so that no directory moves below itself
 * meanwhile; then both directories (ancestor first, else by address), then the inodes.
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

/*
 * Locks both directories. Returns the child of one through which it contains the other: that
 * must be neither moved into nor replaced.
 */
static struct dentry *lock_rename(struct dentry *p1, struct dentry *p2)
{
	struct dentry *trap = NULL, *d;

	if (p1 == p2) {
		inode_lock_nested(p1->d_inode);
		return NULL;
	}
	mutex_lock(&p1->d_sb->s_vfs_rename_mutex);
	read_lock(&dcache_lock);
	for (d = p1; !IS_ROOT(d) && !trap; d = d->d_parent)
		if (d->d_parent == p2)
			trap = d;
	if (trap)
		swap(p1, p2);
	for (d = p2; !IS_ROOT(d) && !trap; d = d->d_parent)
		if (d->d_parent == p1)
			trap = d;
	read_unlock(&dcache_lock);
	if (!trap && p1->d_inode > p2->d_inode)
		swap(p1, p2);
	inode_lock_nested(p1->d_inode);
	inode_lock_nested(p2->d_inode);
	return trap;
}

static void unlock_rename(struct dentry *p1, struct dentry *p2)
{
	inode_unlock(p1->d_inode);
	if (p1 != p2) {
		inode_unlock(p2->d_inode);
		mutex_unlock(&p1->d_sb->s_vfs_rename_mutex);
	}
}

static void lock_two(struct inode *a, struct inode *b)
{
	if (a > b)
		swap(a, b);
	if (a)
		inode_lock_nested(a);
	if (b && b != a)
		inode_lock_nested(b);
}

static void unlock_two(struct inode *a, struct inode *b)
{
	if (a)
		inode_unlock(a);
	if (b && b != a)
		inode_unlock(b);
}

static int may_rename(struct inode *old_dir, struct dentry *old, struct inode *new_dir,
		      struct dentry *new, unsigned int flags)
{
	bool is_dir = S_ISDIR(old->d_inode->i_mode);
	bool exchange = flags & RENAME_EXCHANGE;
	int error = may_delete(old_dir, old, is_dir);

	if (error)
		return error;
	if (d_is_negative(new))
		error = may_create(new_dir, new);
	else
		error = may_delete(new_dir, new, exchange ? S_ISDIR(new->d_inode->i_mode) : is_dir);
	if (error || new_dir == old_dir)
		return error;
	/* a directory that moves gets another "..": that is a write to it */
	if (is_dir)
		error = inode_permission(old->d_inode, MAY_WRITE);
	if (!error && exchange && S_ISDIR(new->d_inode->i_mode))
		error = inode_permission(new->d_inode, MAY_WRITE);
	return error;
}

/* Both directories are locked as lock_rename() does. */
int vfs_rename(struct inode *old_dir, struct dentry *old, struct inode *new_dir, struct dentry *new,
	       unsigned int flags)
{
	struct inode *source = old->d_inode, *target = new->d_inode;
	int error;

	if (source == target)
		return 0;
	error = may_rename(old_dir, old, new_dir, new, flags);
	if (error)
		return error;
	if (!old_dir->i_op->rename)
		return -EPERM;
	dget(new);
	lock_two(source, target);
	if (d_mountpoint(old) || d_mountpoint(new))
		error = -EBUSY;
	else
		error = old_dir->i_op->rename(old_dir, old, new_dir, new, flags);
	unlock_two(source, target);
	if (!error) {
		if (flags & RENAME_EXCHANGE)
			d_exchange(old, new);
		else
			d_move(old, new);
	}
	dput(new);
	return error;
}

/* Both names are looked up and the directories locked: what the names themselves forbid. */
static int check_names(struct nameidata *old, struct dentry *od, struct nameidata *new,
		       struct dentry *nd, struct dentry *trap, unsigned int flags)
{
	bool exchange = flags & RENAME_EXCHANGE;

	if (d_is_negative(od))
		return -ENOENT;
	if ((flags & RENAME_NOREPLACE) && d_is_positive(nd))
		return -EEXIST;
	if (exchange && d_is_negative(nd))
		return -ENOENT;
	if (exchange && new->trailing_slash && !S_ISDIR(nd->d_inode->i_mode))
		return -ENOTDIR;
	if (!S_ISDIR(od->d_inode->i_mode) &&
	    (old->trailing_slash || (!exchange && new->trailing_slash)))
		return -ENOTDIR;
	if (od == trap)
		return -EINVAL;
	if (nd == trap)
		return exchange ? -EINVAL : -ENOTEMPTY;
	return 0;
}

static int rename_last(struct nameidata *old, struct nameidata *new, unsigned int flags)
{
	struct dentry *old_dir = old->path.dentry, *new_dir = new->path.dentry;
	struct dentry *od, *nd, *trap;
	struct inode *target = NULL;
	int error;

	trap = lock_rename(old_dir, new_dir);
	od = lookup_one_qstr(&old->last, old_dir, 0);
	error = PTR_ERR_OR_ZERO(od);
	if (error)
		goto out;
	nd = lookup_one_qstr(&new->last, new_dir, LOOKUP_RENAME_TARGET);
	error = PTR_ERR_OR_ZERO(nd);
	if (error)
		goto out_od;
	error = check_names(old, od, new, nd, trap, flags);
	if (!error) {
		target = nd->d_inode;
		if (target)
			ihold(target);
		error = vfs_rename(old_dir->d_inode, od, new_dir->d_inode, nd, flags);
	}
	dput(nd);
out_od:
	dput(od);
out:
	unlock_rename(old_dir, new_dir);
	iput(target);
	return error;
}

static int do_renameat2(int olddfd, struct filename *from, int newdfd, struct filename *to,
			unsigned int flags)
{
	struct nameidata old = {}, new = {};
	int error = -EINVAL;

	if (flags & ~(RENAME_NOREPLACE | RENAME_EXCHANGE | RENAME_WHITEOUT))
		goto out;
	if ((flags & (RENAME_NOREPLACE | RENAME_WHITEOUT)) && (flags & RENAME_EXCHANGE))
		goto out;
	error = filename_parentat(&old, olddfd, from, 0);
	if (error)
		goto out;
	error = filename_parentat(&new, newdfd, to, LOOKUP_RENAME_TARGET);
	if (error)
		goto out;
	if (old.path.mnt != new.path.mnt)
		error = -EXDEV;
	else if (old.last_type != LAST_NORM)
		error = -EBUSY;
	else if (new.last_type != LAST_NORM)
		error = flags & RENAME_NOREPLACE ? -EEXIST : -EBUSY;
	else
		error = mnt_want_write(old.path.mnt) ?: rename_last(&old, &new, flags);
out:
	nd_end(&old);
	nd_end(&new);
	putname(from);
	putname(to);
	return error;
}

long sys_renameat2(int olddfd, const char __user *oldname, int newdfd, const char __user *newname,
		   unsigned int flags)
{
	return do_renameat2(olddfd, getname(oldname), newdfd, getname(newname), flags);
}

long sys_renameat(int olddfd, const char __user *oldname, int newdfd, const char __user *newname)
{
	return do_renameat2(olddfd, getname(oldname), newdfd, getname(newname), 0);
}

long sys_rename(const char __user *oldname, const char __user *newname)
{
	return do_renameat2(AT_FDCWD, getname(oldname), AT_FDCWD, getname(newname), 0);
}

/* ---- readlink ---------------------------------------------------------------------------- */

static int copy_link(char __user *buffer, int buflen, const char *link)
{
	int len = strlen(link);

	if (len > buflen)
		len = buflen;
	return copy_to_user(buffer, link, len) ? -EFAULT : len;
}

int readlink_path(char __user *buffer, int buflen, const struct path *path)
{
	char *page = kmalloc(PATH_MAX, GFP_KERNEL), *name;
	int res = -ENOMEM;

	if (page) {
		name = d_path(path, page, PATH_MAX);
		res = IS_ERR(name) ? PTR_ERR(name) : copy_link(buffer, buflen, name);
		kfree(page);
	}
	path_put(path);
	return res;
}

int vfs_readlink(struct dentry *dentry, char __user *buffer, int buflen)
{
	struct inode *inode = dentry->d_inode;
	struct path jump = {NULL, NULL};
	void *done = NULL;
	const char *link;
	int res;

	if (inode->i_op->readlink)
		return inode->i_op->readlink(dentry, buffer, buflen);
	if (!S_ISLNK(inode->i_mode))
		return -EINVAL;
	link = inode->i_op->get_link(dentry, inode, &jump, &done);
	if (IS_ERR(link))
		res = PTR_ERR(link);
	else if (link)
		res = copy_link(buffer, buflen, link);
	else
		res = readlink_path(buffer, buflen, &jump);
	kfree(done);
	return res;
}

long sys_readlinkat(int dfd, const char __user *pathname, char __user *buf, int bufsiz)
{
	struct path path;
	int error;

	if (bufsiz <= 0)
		return -EINVAL;
	error = user_path_at(dfd, pathname, LOOKUP_EMPTY, &path);
	if (error)
		return error;
	if (S_ISLNK(path.dentry->d_inode->i_mode)) {
		touch_atime(&path);
		error = vfs_readlink(path.dentry, buf, bufsiz);
	} else {
		char c;

		/* readlinkat(dfd, ""): of what is not a link the error is another one */
		error = get_user(c, pathname) ? -EFAULT : c ? -EINVAL : -ENOENT;
	}
	path_put(&path);
	return error;
}

long sys_readlink(const char __user *path, char __user *buf, int bufsiz)
{
	return sys_readlinkat(AT_FDCWD, path, buf, bufsiz);
}
