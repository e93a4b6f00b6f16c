// SPDX-License-Identifier: MIT
/*
 * fs/proc/task_dir.c - the directories of tasks: /proc/PID, and /proc/PID/task/TID.
 *
 * /proc/TID works for threads too, though only processes are listed. Lists are read one task at a
 * time, so that one that comes or goes meanwhile neither hides nor repeats another.
 */
#include "internal.h"
#include <pagoda/sprintf.h>
#include <pagoda/stat.h>

unsigned int name_to_int(const struct qstr *name)
{
	unsigned int n = 0;

	if (!name->len || name->len > 9 || (name->len > 1 && name->name[0] == '0'))
		return ~0U;
	for (u32 i = 0; i < name->len; i++) {
		unsigned int digit = name->name[i] - '0';

		if (digit > 9)
			return ~0U;
		n = n * 10 + digit;
	}
	return n;
}

/* ---- /proc/PID --------------------------------------------------------------------------- */

struct dentry *proc_pid_lookup(struct inode *dir, struct dentry *dentry)
{
	unsigned int nr = name_to_int(&dentry->d_name);
	struct task_struct *task;
	struct inode *inode;

	task = nr == 0 || nr == ~0U ? NULL : find_get_task_by_vpid((pid_t)nr);
	if (!task)
		return ERR_PTR(-ENOENT);
	inode = proc_pid_make_inode(dir->i_sb, task, S_IFDIR | 0555,
				    proc_pid_ino((pid_t)nr, INO_TGID, 0));
	put_task_struct(task);
	if (!inode)
		return ERR_PTR(-ENOENT);
	set_nlink(inode, 5);
	inode->i_op = &proc_tgid_iops;
	inode->i_fop = &proc_tgid_fops;
	return d_splice_alias(inode, dentry);
}

/* Position: FIRST_PROCESS_ENTRY + 2 + the smallest process id not shown yet. */
void proc_pid_readdir(struct file *file, struct dir_context *ctx)
{
	const loff_t offset = FIRST_PROCESS_ENTRY + 2;
	pid_t tgid = (pid_t)min(ctx->pos - offset, (loff_t)PID_MAX);
	struct task_struct *task;
	char name[12];

	while ((task = next_tgid(&tgid))) {
		int len = snprintf(name, sizeof(name), "%d", tgid);

		put_task_struct(task);
		ctx->pos = tgid + offset;
		if (!dir_emit(ctx, name, len, proc_pid_ino(tgid, INO_TGID, 0), DT_DIR))
			return;
		ctx->pos = ++tgid + offset;
		cond_resched();
	}
	ctx->pos = PID_MAX + offset;
}

/* ---- /proc/PID/task ---------------------------------------------------------------------- */

static struct dentry *proc_task_lookup(struct inode *dir, struct dentry *dentry, unsigned int flags)
{
	unsigned int nr = name_to_int(&dentry->d_name);
	struct task_struct *leader = get_proc_task(dir), *task = NULL;
	struct dentry *res = ERR_PTR(-ENOENT);
	struct inode *inode = NULL;

	if (!leader)
		return res;
	if (nr != ~0U)
		task = find_get_task_by_vpid((pid_t)nr);
	if (task && same_thread_group(leader, task))
		inode = proc_pid_make_inode(dir->i_sb, task, S_IFDIR | 0555,
					    proc_pid_ino((pid_t)nr, INO_TID, 0));
	if (inode) {
		set_nlink(inode, 4);
		inode->i_op = &proc_tid_iops;
		inode->i_fop = &proc_tid_fops;
		res = d_splice_alias(inode, dentry);
	}
	if (task)
		put_task_struct(task);
	put_task_struct(leader);
	return res;
}

/* The nth thread of the process, or 0. */
static pid_t nth_thread(struct task_struct *leader, loff_t n)
{
	struct task_struct *t;
	pid_t pid = 0;

	read_lock(&tasklist_lock);
	if (pid_alive(leader)) {
		for_each_thread (leader, t) {
			if (n-- == 0) {
				pid = t->pid;
				break;
			}
		}
	}
	read_unlock(&tasklist_lock);
	return pid;
}

static int proc_task_readdir(struct file *file, struct dir_context *ctx)
{
	struct task_struct *leader = get_proc_task(file_inode(file));
	char name[12];
	pid_t pid;

	if (!leader)
		return -ENOENT;
	if (dir_emit_dots(file, ctx)) {
		while ((pid = nth_thread(leader, ctx->pos - 2))) {
			int len = snprintf(name, sizeof(name), "%d", pid);

			if (!dir_emit(ctx, name, len, proc_pid_ino(pid, INO_TID, 0), DT_DIR))
				break;
			ctx->pos++;
			cond_resched();
		}
	}
	put_task_struct(leader);
	return 0;
}

static int proc_task_getattr(const struct path *path, struct kstat *stat, u32 mask,
			     unsigned int flags)
{
	struct task_struct *leader = get_proc_task(path->dentry->d_inode);

	pid_getattr(path, stat, mask, flags);
	if (leader) {
		stat->nlink += (unsigned int)READ_ONCE(leader->signal->nr_threads);
		put_task_struct(leader);
	}
	return 0;
}

const struct inode_operations proc_task_iops = {
	.lookup = proc_task_lookup,
	.getattr = proc_task_getattr,
	.setattr = proc_setattr,
};

const struct file_operations proc_task_fops = {
	.llseek = generic_file_llseek,
	.read = generic_read_dir,
	.iterate_shared = proc_task_readdir,
};
