// SPDX-License-Identifier: MIT
/*
 * fs/permission.c - path names in kernel memory, and who may do what to an inode.
 */
#include <pagoda/kernel.h>
#include <pagoda/cred.h>
#include <pagoda/fs.h>
#include <pagoda/namei.h>
#include <pagoda/slab.h>
#include <asm/uaccess.h>
#include "internal.h"

static struct kmem_cache *names_cachep;

void namei_init(void)
{
	names_cachep =
		kmem_cache_create("names_cache", sizeof(struct filename), 0, SLAB_PANIC, NULL);
}

/* ---- names ------------------------------------------------------------------------------- */

struct filename *alloc_name(void)
{
	return kmem_cache_alloc(names_cachep, GFP_KERNEL);
}

/* ENOENT for "" (unless LOOKUP_EMPTY), ENAMETOOLONG, EFAULT, ENOMEM as an ERR_PTR. */
struct filename *getname_flags(const char __user *filename, int lookup_flags)
{
	struct filename *result = alloc_name();
	long len;

	if (unlikely(!result))
		return ERR_PTR(-ENOMEM);
	len = strncpy_from_user(result->name, filename, PATH_MAX);
	if (likely(len > 0 && len < PATH_MAX))
		return result;
	if (len == 0 && (lookup_flags & LOOKUP_EMPTY))
		return result;
	kmem_cache_free(names_cachep, result);
	return ERR_PTR(len < 0 ? len : len ? -ENAMETOOLONG : -ENOENT);
}

struct filename *getname(const char __user *filename)
{
	return getname_flags(filename, 0);
}

struct filename *getname_kernel(const char *filename)
{
	struct filename *result;

	if (!*filename)
		return ERR_PTR(-ENOENT);
	result = alloc_name();
	if (!result)
		return ERR_PTR(-ENOMEM);
	if (strscpy(result->name, filename, PATH_MAX) < 0) {
		kmem_cache_free(names_cachep, result);
		return ERR_PTR(-ENAMETOOLONG);
	}
	return result;
}

void putname(struct filename *name)
{
	if (!IS_ERR_OR_NULL(name))
		kmem_cache_free(names_cachep, name);
}

/* ---- permissions ------------------------------------------------------------------------- */

/* The mode bits of whom the caller is to the inode, unless a capability helps. 0 or -EACCES. */
int generic_permission(struct inode *inode, int mask)
{
	unsigned int mode = inode->i_mode;

	mask &= MAY_READ | MAY_WRITE | MAY_EXEC;
	if (current_fsuid() == inode->i_uid)
		mode >>= 6;
	else if (((mode >> 3) ^ mode) & mask && in_group_p(inode->i_gid))
		mode >>= 3;
	if (!(mask & ~mode & 7))
		return 0;

	if (S_ISDIR(inode->i_mode)) {
		if (!(mask & MAY_WRITE) && capable(CAP_DAC_READ_SEARCH))
			return 0;
		return capable(CAP_DAC_OVERRIDE) ? 0 : -EACCES;
	}
	if (mask == MAY_READ && capable(CAP_DAC_READ_SEARCH))
		return 0;
	if ((!(mask & MAY_EXEC) || (inode->i_mode & S_IXUGO)) && capable(CAP_DAC_OVERRIDE))
		return 0;
	return -EACCES;
}

int inode_permission(struct inode *inode, int mask)
{
	umode_t mode = inode->i_mode;

	if (mask & MAY_WRITE) {
		if (IS_RDONLY(inode) && (S_ISREG(mode) || S_ISDIR(mode) || S_ISLNK(mode)))
			return -EROFS;
		if (IS_IMMUTABLE(inode))
			return -EPERM;
	}
	if (inode->i_op->permission)
		return inode->i_op->permission(inode, mask);
	return generic_permission(inode, mask);
}

int path_permission(const struct path *path, int mask)
{
	return inode_permission(path->dentry->d_inode, mask);
}
