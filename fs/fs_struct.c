// SPDX-License-Identifier: MIT
/*
 * fs/fs_struct.c - a task's root, working directory and umask.
 *
 * Locks: fs_struct.lock. A task that does not share its fs_struct (users == 1) may use the paths
 * without references for the length of a system call: nobody else changes them.
 */
#include <pagoda/kernel.h>
#include <pagoda/fs.h>
#include <pagoda/fs_struct.h>
#include <pagoda/mount.h>
#include <pagoda/slab.h>
#include <pagoda/sched.h>
#include <syscalls.h>
#include "internal.h"

static struct kmem_cache *fs_cachep;

struct fs_struct init_fs = {
	.users = 1,
	.lock = __SPIN_LOCK_UNLOCKED_RANK(RANK_FILES),
	.umask = 0022,
};

void fs_struct_init(void)
{
	fs_cachep = KMEM_CACHE(fs_struct, SLAB_PANIC);
}

static void set_path(struct fs_struct *fs, struct path *where, const struct path *path)
{
	struct path old;

	path_get(path);
	spin_lock(&fs->lock);
	old = *where;
	*where = *path;
	spin_unlock(&fs->lock);
	if (old.dentry)
		path_put(&old);
}

void set_fs_root(struct fs_struct *fs, const struct path *path)
{
	set_path(fs, &fs->root, path);
}

void set_fs_pwd(struct fs_struct *fs, const struct path *path)
{
	set_path(fs, &fs->pwd, path);
}

void get_fs_root(struct fs_struct *fs, struct path *root)
{
	spin_lock(&fs->lock);
	*root = fs->root;
	path_get(root);
	spin_unlock(&fs->lock);
}

void get_fs_pwd(struct fs_struct *fs, struct path *pwd)
{
	spin_lock(&fs->lock);
	*pwd = fs->pwd;
	path_get(pwd);
	spin_unlock(&fs->lock);
}

struct fs_struct *copy_fs_struct(struct fs_struct *old)
{
	struct fs_struct *fs = kmem_cache_alloc(fs_cachep, GFP_KERNEL);

	if (!fs)
		return NULL;
	fs->users = 1;
	spin_lock_init_rank(&fs->lock, RANK_FILES);
	spin_lock(&old->lock);
	fs->umask = old->umask;
	fs->root = old->root;
	path_get(&fs->root);
	fs->pwd = old->pwd;
	path_get(&fs->pwd);
	spin_unlock(&old->lock);
	return fs;
}

void free_fs_struct(struct fs_struct *fs)
{
	path_put(&fs->root);
	path_put(&fs->pwd);
	if (fs != &init_fs)
		kmem_cache_free(fs_cachep, fs);
}

static void drop_fs(struct fs_struct *fs)
{
	int left;

	spin_lock(&fs->lock);
	left = --fs->users;
	spin_unlock(&fs->lock);
	if (!left)
		free_fs_struct(fs);
}

void exit_fs(struct task_struct *tsk)
{
	struct fs_struct *fs = tsk->fs;

	if (!fs)
		return;
	task_lock(tsk);
	tsk->fs = NULL;
	task_unlock(tsk);
	drop_fs(fs);
}

/* The current task gets an fs_struct of its own. 0 or -ENOMEM. */
int unshare_fs_struct(void)
{
	struct fs_struct *old = current->fs, *new;

	if (READ_ONCE(old->users) == 1)
		return 0;
	new = copy_fs_struct(old);
	if (!new)
		return -ENOMEM;
	task_lock(current);
	current->fs = new;
	task_unlock(current);
	drop_fs(old);
	return 0;
}

int current_umask(void)
{
	return current->fs->umask;
}

long sys_umask(int mask)
{
	return xchg(&current->fs->umask, mask & S_IRWXUGO);
}
