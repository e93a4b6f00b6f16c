/* SPDX-License-Identifier: MIT */
/*
 * namei.h - from path names to places.
 *
 * A struct filename is a path name in kernel memory. The functions that take one by name consume it
 * (putname), also on failure; an ERR_PTR is accepted and its error returned.
 */
#ifndef PAGODA_NAMEI_H
#define PAGODA_NAMEI_H

#include <pagoda/types.h>
#include <pagoda/path.h>
#include <pagoda/err.h>

struct file;
struct inode;
struct iattr;
struct qstr;

#define PATH_MAX    4096
#define NAME_MAX    255
#define MAXSYMLINKS 40

#define LOOKUP_FOLLOW	     0x0001 /* follow a symbolic link at the end */
#define LOOKUP_DIRECTORY     0x0002 /* the result must be a directory */
#define LOOKUP_PARENT	     0x0010
#define LOOKUP_REVAL	     0x0020
#define LOOKUP_OPEN	     0x0100
#define LOOKUP_CREATE	     0x0200
#define LOOKUP_EXCL	     0x0400
#define LOOKUP_RENAME_TARGET 0x0800
#define LOOKUP_EMPTY	     0x4000 /* "" is the starting point (AT_EMPTY_PATH) */

struct filename {
	char name[PATH_MAX];
};

/* fs/permission.c: names */
struct filename *getname(const char __user *filename);
struct filename *getname_flags(const char __user *filename, int lookup_flags);
struct filename *getname_kernel(const char *filename);
void putname(struct filename *name);

/* fs/lookup.c, fs/namei.c: lookup. On success *path holds references. */
int filename_lookup(int dfd, struct filename *name, unsigned int flags, struct path *path);
int user_path_at(int dfd, const char __user *name, unsigned int flags, struct path *path);
int kern_path(const char *name, unsigned int flags, struct path *path);
/* Look up len bytes of name in base; the inode lock of base is held. Counted, maybe negative. */
struct dentry *lookup_one_len(const char *name, struct dentry *base, int len);
/*
 * Prepare to create the last component: the parent's inode lock is held on return, and the dentry
 * is negative. EEXIST. done_path_create() undoes it all.
 */
void done_path_create(struct path *path, struct dentry *dentry);
/* fs/permission.c: permissions. mask is MAY_*. 0, EACCES, EPERM, EROFS. */
int generic_permission(struct inode *inode, int mask);
int inode_permission(struct inode *inode, int mask);
int path_permission(const struct path *path, int mask);

#endif
