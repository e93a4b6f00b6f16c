// SPDX-License-Identifier: MIT
/*
 * fs/lookup.c - from path names to dentries.
 *
 *	path_init	the start: root, working directory or dfd
 *	link_path_walk	all components but the last: permission, step, permission, step ...
 *	walk_last	the last one
 *	pick_link	a symbolic link on the way: its target replaces it in front of what is left
 *			of the name, and the walk goes on
 *	nd_end		drops what the walk held
 *
 * The walk holds dcache_lock for read and takes no references while all it needs is in the cache.
 * What must sleep (a real lookup, a revalidation, a link's target, an unusual permission check)
 * first takes references on the place reached (nd_unlazy), drops the lock, and takes it again
 * afterwards. The place reached is nd->path; nd->held is the last place that references were taken
 * on.
 */
#include <pagoda/kernel.h>
#include <pagoda/cred.h>
#include <pagoda/fs.h>
#include <pagoda/fs_struct.h>
#include <pagoda/mount.h>
#include <pagoda/namei.h>
#include <pagoda/sched.h>
#include <pagoda/slab.h>
#include <asm/uaccess.h>
#include "internal.h"

void path_get(const struct path *path)
{
	mntget(path->mnt);
	dget(path->dentry);
}

void path_put(const struct path *path)
{
	dput(path->dentry);
	mntput(path->mnt);
}

/* ---- the state of a walk ----------------------------------------------------------------- */

void nd_relock(struct nameidata *nd)
{
	read_lock(&dcache_lock);
	nd->locked = true;
}

static void nd_unlock(struct nameidata *nd)
{
	nd->locked = false;
	read_unlock(&dcache_lock);
}

static void drop_held(struct nameidata *nd)
{
	if (nd->has_held) {
		nd->has_held = false;
		path_put(&nd->held);
	}
}

/* The walk is at path and owns the references on it. Not locked. */
static void nd_hold(struct nameidata *nd, const struct path *path)
{
	drop_held(nd);
	nd->path = nd->held = *path;
	nd->has_held = true;
}

/* Takes references on nd->path and drops the lock, so that the caller may sleep. */
void nd_unlazy(struct nameidata *nd)
{
	struct path path = nd->path;

	if (nd->has_held && path_equal(&path, &nd->held)) {
		nd_unlock(nd);
		return;
	}
	path_get(&path);
	nd_unlock(nd);
	nd_hold(nd, &path);
}

void nd_end(struct nameidata *nd)
{
	if (nd->locked)
		nd_unlock(nd);
	drop_held(nd);
	if (nd->root_held)
		path_put(&nd->root);
	fdput(nd->base);
	putname(nd->buf);
}

/* The root may be used without references where no other task can change it. */
static void set_root(struct nameidata *nd)
{
	struct fs_struct *fs = current->fs;

	if (READ_ONCE(fs->users) == 1) {
		nd->root = fs->root;
		return;
	}
	get_fs_root(fs, &nd->root);
	nd->root_held = true;
}

static int set_base(struct nameidata *nd, int dfd)
{
	struct fs_struct *fs = current->fs;
	struct path pwd;

	if (*nd->name == '/') {
		nd->path = nd->root;
		return 0;
	}
	if (dfd == AT_FDCWD) {
		if (READ_ONCE(fs->users) == 1) {
			nd->path = fs->pwd;
		} else {
			get_fs_pwd(fs, &pwd);
			nd_hold(nd, &pwd);
		}
		return 0;
	}
	nd->base = fdget_raw(dfd);
	if (!nd->base.file)
		return -EBADF;
	nd->path = nd->base.file->f_path;
	if (*nd->name && !S_ISDIR(nd->path.dentry->d_inode->i_mode))
		return -ENOTDIR;
	return 0;
}

int path_init(struct nameidata *nd, int dfd, const char *name, unsigned int flags)
{
	int error;

	nd->name = name;
	nd->flags = flags;
	nd->depth = 0;
	nd->locked = nd->has_held = nd->root_held = false;
	nd->buf = NULL;
	nd->base = (struct fd){NULL, 0};
	set_root(nd);
	error = set_base(nd, dfd);
	if (!error)
		nd_relock(nd);
	return error;
}

/* ---- one component ----------------------------------------------------------------------- */

static int may_lookup(struct nameidata *nd)
{
	struct inode *inode = nd->path.dentry->d_inode;
	int error;

	if (unlikely(!inode->i_op->lookup))
		return -ENOTDIR;
	if (likely(!inode->i_op->permission)) {
		if ((inode->i_mode & S_IXUGO) == S_IXUGO)
			return 0;
		return generic_permission(inode, MAY_EXEC);
	}
	nd_unlazy(nd);
	error = inode->i_op->permission(inode, MAY_EXEC);
	nd_relock(nd);
	return error;
}

bool follow_down_locked(struct path *path)
{
	bool moved = false;

	while (path->dentry->d_flags & DCACHE_MOUNTED) {
		struct vfsmount *mnt = __lookup_mnt(path->mnt, path->dentry);

		if (!mnt)
			break;
		path->mnt = mnt;
		path->dentry = mnt->mnt_root;
		moved = true;
	}
	return moved;
}

static void follow_dotdot(struct nameidata *nd)
{
	struct path *path = &nd->path;

	for (;;) {
		if (path_equal(path, &nd->root))
			break;
		if (path->dentry != path->mnt->mnt_root) {
			path->dentry = path->dentry->d_parent;
			break;
		}
		if (path->mnt->mnt_parent == path->mnt)
			break;
		path->dentry = path->mnt->mnt_mountpoint;
		path->mnt = path->mnt->mnt_parent;
	}
	follow_down_locked(path);
}

/* The directory's i_rwsem is held for write. A counted dentry, maybe negative, or an ERR_PTR. */
struct dentry *lookup_one_qstr(const struct qstr *name, struct dentry *base, unsigned int flags)
{
	struct inode *dir = base->d_inode;
	struct dentry *dentry, *old;
	int valid;

	dentry = d_lookup(base, name);
	if (dentry && (dentry->d_flags & DCACHE_REVALIDATE)) {
		valid = dentry->d_op->d_revalidate(dentry, flags);
		if (valid <= 0) {
			if (!valid)
				d_invalidate(dentry);
			dput(dentry);
			if (valid)
				return ERR_PTR(valid);
			dentry = NULL;
		}
	}
	if (dentry)
		return dentry;
	if (IS_DEADDIR(dir))
		return ERR_PTR(-ENOENT);
	dentry = d_alloc(base, name);
	if (!dentry)
		return ERR_PTR(-ENOMEM);
	old = dir->i_op->lookup(dir, dentry, flags);
	if (old) {
		dput(dentry);
		dentry = old;
	}
	return dentry;
}

/* The cache does not know, or must ask: look up with references held and the lock dropped. */
static struct dentry *lookup_slow(struct nameidata *nd)
{
	struct inode *dir;
	struct dentry *dentry;
	int valid;

	nd_unlazy(nd);
	dir = nd->path.dentry->d_inode; /* stop: open-5 */
	dentry = d_lookup(nd->path.dentry, &nd->last);
	if (dentry && (dentry->d_flags & DCACHE_REVALIDATE)) {
		valid = dentry->d_op->d_revalidate(dentry, nd->flags);
		if (valid > 0)
			return dentry;
		dput(dentry);
		if (valid < 0)
			return ERR_PTR(valid);
	} else if (dentry) {
		return dentry;
	}
	inode_lock(dir);
	dentry = lookup_one_qstr(&nd->last, nd->path.dentry, nd->flags);
	inode_unlock(dir);
	return dentry;
}

/* What is left of the name, behind the link just met, with target put in front. Not locked. */
static int replace_link(struct nameidata *nd, const char *target)
{
	size_t tlen = strlen(target), rest = strlen(nd->name);
	char *buf;

	if (!tlen)
		return -ENOENT;
	if (tlen + rest >= PATH_MAX)
		return -ENAMETOOLONG;
	if (!nd->buf) {
		nd->buf = alloc_name();
		if (!nd->buf)
			return -ENOMEM;
	}
	buf = nd->buf->name;
	memmove(buf + tlen, nd->name, rest + 1);
	memcpy(buf, target, tlen);
	nd->name = buf;
	if (*buf == '/') {
		drop_held(nd);
		nd->path = nd->root;
	}
	return 0;
}

/*
 * In a directory where everybody may write and the sticky bit is set, only links of the caller or
 * of the directory's owner are followed at the end of a name (fs.protected_symlinks=1).
 */
static bool may_follow_link(const struct nameidata *nd, const struct inode *link)
{
	const struct inode *dir = nd->path.dentry->d_inode;

	if (*nd->name || current_fsuid() == link->i_uid)
		return true;
	if ((dir->i_mode & (S_ISVTX | S_IWOTH)) != (S_ISVTX | S_IWOTH))
		return true;
	return dir->i_uid == link->i_uid;
}

/*
 * The component is a symbolic link: nd->path stays in its directory and nd->name becomes the target
 * and the rest; or, for a magic link, the walk jumps to where it leads. link is counted and
 * consumed. Called unlocked, returns locked unless it fails.
 */
static int pick_link(struct nameidata *nd, struct dentry *link)
{
	struct path link_path = {nd->path.mnt, link}, jump = {NULL, NULL};
	struct inode *inode = link->d_inode;
	void *done = NULL;
	const char *target;
	int error = -ELOOP;

	if (++nd->depth > MAXSYMLINKS || (nd->path.mnt->mnt_flags & MNT_NOSYMFOLLOW))
		goto out;
	error = -EACCES;
	if (!may_follow_link(nd, inode))
		goto out;
	touch_atime(&link_path);
	target = inode->i_op->get_link(link, inode, &jump, &done);
	error = PTR_ERR_OR_ZERO(target);
	if (error)
		goto out;
	if (jump.dentry)
		nd_hold(nd, &jump);
	else
		error = target ? replace_link(nd, target) : -ENOENT;
	kfree(done);
out:
	dput(link);
	if (!error)
		nd_relock(nd);
	return error;
}

/*
 * Goes to the component nd->last, mounts on it included. 0; 1: it was a link, and the name has been
 * replaced; -ENOENT: nd->path is where it was. Locked on entry and on return 0, 1 and -ENOENT.
 */
static int step_into(struct nameidata *nd, bool follow)
{
	struct path next = nd->path;
	struct inode *inode;
	bool counted = false;

	if (nd->last_type != LAST_NORM) {
		if (nd->last_type == LAST_DOTDOT)
			follow_dotdot(nd);
		return 0;
	}
	next.dentry = __d_lookup(nd->path.dentry, &nd->last); /* stop: open-4 */
	if (next.dentry ? next.dentry->d_flags & DCACHE_REVALIDATE
			: !(nd->path.dentry->d_sb->s_flags & SB_DCACHE_ONLY)) {
		next.dentry = lookup_slow(nd);
		if (IS_ERR(next.dentry))
			return PTR_ERR(next.dentry);
		counted = true;
		nd_relock(nd);
	}
	if (!next.dentry)
		return -ENOENT;
	inode = next.dentry->d_inode;
	if (unlikely(!inode)) {
		if (counted) {
			nd_unlock(nd);
			dput(next.dentry);
			nd_relock(nd);
		}
		return -ENOENT;
	}
	if (unlikely(S_ISLNK(inode->i_mode)) && follow) {
		if (!counted)
			dget(next.dentry);
		nd_unlazy(nd);
		return pick_link(nd, next.dentry) ?: 1;
	}
	if (counted) {
		nd_unlock(nd);
		mntget(next.mnt);
		nd_hold(nd, &next);
		nd_relock(nd);
	}
	if (unlikely(next.dentry->d_flags & DCACHE_MOUNTED))
		follow_down_locked(&next);
	nd->path = next;
	return 0;
}

/* ---- the whole name ---------------------------------------------------------------------- */

/* Reads one component at nd->name into nd->last, and moves on to what follows it. */
static int next_component(struct nameidata *nd)
{
	const char *name = nd->name;
	u32 hash = 0;
	u32 len = 0;

	for (; name[len] && name[len] != '/'; len++)
		hash = (hash + (unsigned char)name[len]) * 0x9e3779b1u;
	if (unlikely(len > NAME_MAX))
		return -ENAMETOOLONG;
	nd->last.name = (const unsigned char *)name;
	nd->last.len = len;
	nd->last.hash = hash;
	nd->last_type = LAST_NORM;
	if (name[0] == '.') {
		if (len == 1)
			nd->last_type = LAST_DOT;
		else if (len == 2 && name[1] == '.')
			nd->last_type = LAST_DOTDOT;
	}
	nd->name = name + len;
	return 0;
}

/* Up to the directory of the last component, which is left in nd->last and nd->last_type. */
int link_path_walk(struct nameidata *nd)
{
	int error;

	for (;;) {
		const char *rest;

		while (*nd->name == '/')
			nd->name++;
		if (!*nd->name) {
			nd->last_type = LAST_ROOT;
			nd->trailing_slash = false;
			return 0;
		}
		error = may_lookup(nd); /* stop: open-3 */
		if (error)
			return error;
		error = next_component(nd);
		if (error)
			return error;
		for (rest = nd->name; *rest == '/'; rest++)
			;
		if (!*rest) {
			nd->trailing_slash = rest != nd->name;
			return 0;
		}
		error = step_into(nd, true);
		if (error < 0)
			return error;
	}
}

/* As step_into() for the last component. follow: also a link at the end. */
int walk_last(struct nameidata *nd, bool follow)
{
	if (nd->last_type == LAST_ROOT)
		return 0;
	return step_into(nd, follow || nd->trailing_slash);
}

static int path_lookupat(struct nameidata *nd, struct path *path)
{
	int error;

	do {
		error = link_path_walk(nd);
		if (!error)
			error = walk_last(nd, nd->flags & LOOKUP_FOLLOW);
	} while (error == 1);
	if (error)
		return error;
	if ((nd->flags & LOOKUP_DIRECTORY || nd->trailing_slash) &&
	    !S_ISDIR(nd->path.dentry->d_inode->i_mode))
		return -ENOTDIR;
	*path = nd->path;
	path_get(path);
	return 0;
}

int filename_lookup(int dfd, struct filename *name, unsigned int flags, struct path *path)
{
	struct nameidata nd;
	int error;

	if (IS_ERR(name))
		return PTR_ERR(name);
	error = path_init(&nd, dfd, name->name, flags);
	if (!error)
		error = path_lookupat(&nd, path);
	nd_end(&nd);
	putname(name);
	return error;
}

int user_path_at(int dfd, const char __user *name, unsigned int flags, struct path *path)
{
	return filename_lookup(dfd, getname_flags(name, flags), flags, path);
}

int kern_path(const char *name, unsigned int flags, struct path *path)
{
	return filename_lookup(AT_FDCWD, getname_kernel(name), flags, path);
}

/*
 * To the directory of the last component: nd->path holds references, nd->last names the component.
 * Not locked, also after an error: rename ends one walk, which may take dcache_lock for writing,
 * before the other. The caller ends the walk with nd_end(), and putname()s later, in both cases.
 */
int filename_parentat(struct nameidata *nd, int dfd, struct filename *name, unsigned int flags)
{
	int error;

	if (IS_ERR(name)) {
		*nd = (struct nameidata){};
		return PTR_ERR(name);
	}
	error = path_init(nd, dfd, name->name, flags);
	if (!error)
		error = link_path_walk(nd);
	if (!error)
		nd_unlazy(nd);
	else if (nd->locked)
		nd_unlock(nd);
	return error;
}

struct dentry *lookup_one_len(const char *name, struct dentry *base, int len)
{
	struct qstr q = QSTR_INIT(name, len);

	if (!len || memchr(name, '/', len) || (name[0] == '.' && len == 1) ||
	    (name[0] == '.' && len == 2 && name[1] == '.'))
		return ERR_PTR(-EACCES);
	q.hash = full_name_hash(base, name, len);
	return lookup_one_qstr(&q, base, 0);
}
