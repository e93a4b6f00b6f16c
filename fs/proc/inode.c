// SPDX-License-Identifier: MIT
/*
 * fs/proc/inode.c - the inodes of procfs: of entries from boot, and of tasks.
 *
 * An inode of a task's holds a reference on its struct pid, never on the task: it must not keep a
 * dead one. Each use asks for the task anew and finds none once it is gone.
 */
#include "internal.h"
#include <pagoda/slab.h>
#include <pagoda/statfs.h>

static struct kmem_cache *proc_inode_cachep;

static struct inode *proc_alloc_inode(struct super_block *sb)
{
	struct proc_inode *ei = kmem_cache_alloc(proc_inode_cachep, GFP_KERNEL);

	if (!ei)
		return NULL;
	ei->pde = NULL;
	ei->pid = NULL;
	ei->entry = NULL;
	ei->revalidate = NULL;
	ei->fd = 0;
	return &ei->vfs_inode;
}

static void proc_free_inode(struct inode *inode)
{
	kmem_cache_free(proc_inode_cachep, PROC_I(inode));
}

static void proc_evict_inode(struct inode *inode)
{
	clear_inode(inode);
	put_pid(PROC_I(inode)->pid);
}

const struct super_operations proc_sops = {
	.alloc_inode = proc_alloc_inode,
	.free_inode = proc_free_inode,
	.evict_inode = proc_evict_inode,
	.statfs = simple_statfs,
};

void proc_init_inodecache(void)
{
	proc_inode_cachep = kmem_cache_create("proc_inode_cache", sizeof(struct proc_inode), 0,
					      SLAB_PANIC | SLAB_RECLAIM_ACCOUNT, NULL);
}

int proc_setattr(struct dentry *dentry, struct iattr *attr)
{
	struct inode *inode = dentry->d_inode;
	struct proc_dir_entry *de = PDE(inode);
	int err;

	if (!de && (attr->ia_valid & ATTR_MODE))
		return -EPERM;
	err = setattr_prepare(dentry, attr);
	if (err)
		return err;
	setattr_copy(inode, attr); /* not the size: it means nothing here */
	if (de) {
		de->mode = inode->i_mode;
		de->uid = inode->i_uid;
		de->gid = inode->i_gid;
	}
	return 0;
}

struct inode *proc_get_inode(struct super_block *sb, struct proc_dir_entry *de)
{
	struct inode *inode = new_inode(sb);

	if (!inode)
		return NULL;
	inode->i_ino = de->ino;
	inode->i_mode = de->mode;
	inode->i_uid = de->uid;
	inode->i_gid = de->gid;
	inode->i_atime = inode->i_mtime = inode->i_ctime = current_time(inode);
	set_nlink(inode, de->nlink);
	inode->i_op = de->iops;
	if (de->fops)
		inode->i_fop = de->fops;
	PROC_I(inode)->pde = de;
	return inode;
}

struct inode *proc_pid_make_inode(struct super_block *sb, struct task_struct *task, umode_t mode,
				  u64 ino)
{
	struct pid *pid = get_task_pid(task, PIDTYPE_PID);
	struct inode *inode;

	if (!pid)
		return NULL;
	inode = new_inode(sb);
	if (!inode) {
		put_pid(pid);
		return NULL;
	}
	PROC_I(inode)->pid = pid;
	inode->i_ino = ino;
	inode->i_mode = mode;
	inode->i_atime = inode->i_mtime = inode->i_ctime = current_time(inode);
	task_dump_owner(task, mode, &inode->i_uid, &inode->i_gid);
	return inode;
}
