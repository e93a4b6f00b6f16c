/* SPDX-License-Identifier: MIT */
/* path.h - a place in the tree: a dentry, and the mount it is seen through. */
#ifndef PAGODA_PATH_H
#define PAGODA_PATH_H

#include <pagoda/types.h>

struct dentry;
struct vfsmount;

struct path {
	struct vfsmount *mnt;
	struct dentry *dentry;
};

/* fs/namei.c: both count references */
void path_get(const struct path *path);
void path_put(const struct path *path);

static inline bool path_equal(const struct path *a, const struct path *b)
{
	return a->mnt == b->mnt && a->dentry == b->dentry;
}

#endif
