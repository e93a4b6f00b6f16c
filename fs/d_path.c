// SPDX-License-Identifier: MIT
/*
 * fs/d_path.c - from a dentry and its mount back to a path name.
 *
 * The name is built from its end: each step up puts "/name" before what is there. At the root of a
 * mount the walk goes on at the mount point. It ends at the caller's root, or at the root of
 * everything, in which case the object is not reachable from the caller's root.
 *
 * Locks: dcache_lock for read over the whole walk.
 */
#include <pagoda/kernel.h>
#include <pagoda/dcache.h>
#include <pagoda/fs.h>
#include <pagoda/fs_struct.h>
#include <pagoda/mount.h>
#include <pagoda/namei.h>
#include <pagoda/sched.h>
#include <pagoda/slab.h>
#include <asm/uaccess.h>
#include <syscalls.h>

struct prepend_buffer {
	char *buf; /* what is there begins here */
	int len;   /* bytes free before it; negative: did not fit */
};

static void prepend(struct prepend_buffer *p, const char *str, int len)
{
	p->len -= len;
	if (p->len < 0)
		return;
	p->buf -= len;
	memcpy(p->buf, str, len);
}

static void prepend_name(struct prepend_buffer *p, const struct qstr *name)
{
	prepend(p, (const char *)name->name, name->len);
	prepend(p, "/", 1);
}

/* 0: reached root; 1: the root of everything; 2: a mount that is not in the tree. */
static int prepend_path(struct prepend_buffer *p, const struct path *path, const struct path *root)
{
	const struct dentry *dentry = path->dentry;
	const struct vfsmount *mnt = path->mnt;

	while (dentry != root->dentry || mnt != root->mnt) {
		if (dentry == mnt->mnt_root) {
			if (mnt->mnt_parent == mnt)
				return mnt->mnt_flags & MNT_INTERNAL || list_empty(&mnt->mnt_list)
					       ? 2
					       : 1;
			dentry = mnt->mnt_mountpoint;
			mnt = mnt->mnt_parent;
			continue;
		}
		if (IS_ROOT(dentry))
			return 2;
		prepend_name(p, &dentry->d_name);
		dentry = dentry->d_parent;
	}
	return 0;
}

static char *finish(struct prepend_buffer *p, const char *end)
{
	if (p->buf == end && p->len >= 0)
		prepend(p, "/", 1);
	return p->len >= 0 ? p->buf : ERR_PTR(-ENAMETOOLONG);
}

static void prepend_init(struct prepend_buffer *p, char *buf, int buflen)
{
	p->buf = buf + buflen;
	p->len = buflen;
	prepend(p, "", 1);
}

/* NULL when path is not below root. */
char *__d_path(const struct path *path, const struct path *root, char *buf, int buflen)
{
	struct prepend_buffer p;
	char *end;
	int res;

	prepend_init(&p, buf, buflen);
	end = p.buf;
	read_lock(&dcache_lock);
	res = prepend_path(&p, path, root);
	read_unlock(&dcache_lock);
	return res ? NULL : finish(&p, end);
}

char *d_path(const struct path *path, char *buf, int buflen)
{
	struct dentry *dentry = path->dentry;
	struct prepend_buffer p;
	struct path root;
	char *end;

	if (dentry->d_flags & DCACHE_DISCONNECTED) {
		if (dentry->d_op && dentry->d_op->d_dname)
			return dentry->d_op->d_dname(dentry, buf, buflen);
		return simple_dname(dentry, buf, buflen);
	}
	get_fs_root(current->fs ?: &init_fs, &root);
	prepend_init(&p, buf, buflen);
	read_lock(&dcache_lock);
	if (d_unlinked(dentry))
		prepend(&p, " (deleted)", 10);
	end = p.buf;
	prepend_path(&p, path, &root);
	read_unlock(&dcache_lock);
	path_put(&root);
	return finish(&p, end);
}

/* The path inside the dentry's file system. */
char *dentry_path_raw(const struct dentry *dentry, char *buf, int buflen)
{
	struct prepend_buffer p;
	char *end;

	prepend_init(&p, buf, buflen);
	end = p.buf;
	read_lock(&dcache_lock);
	for (; !IS_ROOT(dentry); dentry = dentry->d_parent)
		prepend_name(&p, &dentry->d_name);
	read_unlock(&dcache_lock);
	return finish(&p, end);
}

/* For d_dname methods: the formatted text at the end of the buffer. */
char *dynamic_dname(char *buffer, int buflen, const char *fmt, ...)
{
	va_list args;
	char temp[64];
	int sz;

	va_start(args, fmt);
	sz = vsnprintf(temp, sizeof(temp), fmt, args) + 1;
	va_end(args);
	if (sz > sizeof(temp) || sz > buflen)
		return ERR_PTR(-ENAMETOOLONG);
	buffer += buflen - sz;
	return memcpy(buffer, temp, sz);
}

/* A d_dname for files that never had a name in a tree: "/name (deleted)". */
char *simple_dname(struct dentry *dentry, char *buffer, int buflen)
{
	struct prepend_buffer p;

	prepend_init(&p, buffer, buflen);
	prepend(&p, " (deleted)", 10);
	prepend_name(&p, &dentry->d_name);
	return finish(&p, NULL);
}

/* Returns the length with its NUL. A directory that has been removed: ENOENT. */
long sys_getcwd(char __user *buf, unsigned long size)
{
	char *page = kmalloc(PATH_MAX, GFP_KERNEL);
	struct prepend_buffer p;
	struct path pwd, root;
	long error = -ENOENT;
	char *name, *end;
	int res;

	if (!page)
		return -ENOMEM;
	get_fs_root(current->fs, &root);
	get_fs_pwd(current->fs, &pwd);
	if (d_unlinked(pwd.dentry))
		goto out;
	prepend_init(&p, page, PATH_MAX);
	end = p.buf;
	read_lock(&dcache_lock);
	res = prepend_path(&p, &pwd, &root);
	read_unlock(&dcache_lock);
	name = finish(&p, end);
	if (res && !IS_ERR(name)) {
		prepend(&p, "(unreachable)", 13);
		name = p.len < 0 ? ERR_PTR(-ENAMETOOLONG) : p.buf;
	}
	error = PTR_ERR_OR_ZERO(name);
	if (error)
		goto out;
	error = strlen(name) + 1;
	if (error > size)
		error = -ERANGE;
	else if (copy_to_user(buf, name, error))
		error = -EFAULT;
out:
	path_put(&pwd);
	path_put(&root);
	kfree(page);
	return error;
}
