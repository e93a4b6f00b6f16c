// SPDX-License-Identifier: MIT
/*
 * fs/proc/base.c - /proc/PID and /proc/PID/task/TID: which files they have.
 *
 * A directory is a table of pid_entry. Every name is looked at again on each path walk
 * (d_revalidate): the task may be gone, or have changed whom it belongs to.
 */
#include "internal.h"
#include <pagoda/cred.h>
#include <pagoda/dumpable.h>
#include <pagoda/fs_struct.h>
#include <pagoda/mm.h>
#include <pagoda/namei.h>
#include <pagoda/sprintf.h>
#include <pagoda/stat.h>

/* ---- owners and permissions -------------------------------------------------------------- */

/*
 * Directories belong to whom the task acts as. Files show inside: of a program that its user may
 * not look into, and of what has no memory, they belong to root.
 */
void task_dump_owner(struct task_struct *task, umode_t mode, uid_t *uid, gid_t *gid)
{
	const struct cred *cred;
	bool to_root;

	*uid = 0;
	*gid = 0;
	if (task->flags & PF_KTHREAD)
		return;
	if (mode != (S_IFDIR | 0555)) {
		task_lock(task);
		to_root = !task->mm || get_dumpable(task->mm) != SUID_DUMP_USER;
		task_unlock(task);
		if (to_root)
			return;
	}
	cred = get_task_cred(task);
	*uid = cred->euid;
	*gid = cred->egid;
	put_cred(cred);
}

int pid_getattr(const struct path *path, struct kstat *stat, u32 mask, unsigned int flags)
{
	struct inode *inode = path->dentry->d_inode;
	struct task_struct *task;

	generic_fillattr(inode, stat);
	stat->uid = 0;
	stat->gid = 0;
	task = get_proc_task(inode);
	if (task) {
		task_dump_owner(task, inode->i_mode, &stat->uid, &stat->gid);
		put_task_struct(task);
	}
	return 0;
}

/* 1: still true; 0: look it up again (and find nothing, if the task is gone). */
static int proc_revalidate(struct dentry *dentry, unsigned int flags)
{
	struct inode *inode = dentry->d_inode;
	struct task_struct *task;
	int valid = 1;

	if (!inode || PDE(inode))
		return inode != NULL;
	task = get_proc_task(inode);
	if (!task)
		return 0;
	task_dump_owner(task, inode->i_mode, &inode->i_uid, &inode->i_gid);
	if (PROC_I(inode)->revalidate)
		valid = PROC_I(inode)->revalidate(task, dentry);
	put_task_struct(task);
	return valid;
}

const struct dentry_operations proc_dentry_operations = {
	.d_revalidate = proc_revalidate,
};

/* ---- files that one function prints ------------------------------------------------------ */

static int proc_single_show(struct seq_file *m, void *v)
{
	struct inode *inode = m->private;
	struct task_struct *task = get_proc_task(inode);
	int ret;

	if (!task)
		return -ESRCH;
	ret = PROC_I(inode)->entry->show(m, task);
	put_task_struct(task);
	return ret;
}

static int proc_single_open(struct inode *inode, struct file *filp)
{
	return single_open(filp, proc_single_show, inode);
}

const struct file_operations proc_single_fops = {
	.open = proc_single_open,
	.read_iter = seq_read_iter,
	.llseek = seq_lseek,
	.release = single_release,
};

/* ---- links: exe, cwd, root, fd/N --------------------------------------------------------- */

static const char *proc_pid_get_link(struct dentry *dentry, struct inode *inode, struct path *jump,
				     void **done)
{
	struct task_struct *task = get_proc_task(inode);
	int err = -EACCES;

	if (!task)
		return ERR_PTR(-EACCES);
	if (ptrace_may_access(task))
		err = PROC_I(inode)->entry->get_path(task, jump);
	put_task_struct(task);
	return ERR_PTR(err);
}

const struct inode_operations proc_pid_link_iops = {
	.get_link = proc_pid_get_link,
	.getattr = pid_getattr,
	.setattr = proc_setattr,
};

/* root: which of its two places */
static int get_fs_path(struct task_struct *task, struct path *path, bool root)
{
	int err = -ENOENT;

	task_lock(task);
	if (task->fs) {
		if (root)
			get_fs_root(task->fs, path);
		else
			get_fs_pwd(task->fs, path);
		err = 0;
	}
	task_unlock(task);
	return err;
}

static int proc_cwd_path(struct task_struct *task, struct path *path)
{
	return get_fs_path(task, path, false);
}

static int proc_root_path(struct task_struct *task, struct path *path)
{
	return get_fs_path(task, path, true);
}

static int proc_exe_path(struct task_struct *task, struct path *path)
{
	struct mm_struct *mm = get_task_mm(task);
	struct file *exe;

	if (!mm)
		return -ENOENT;
	exe = get_mm_exe_file(mm);
	mmput(mm);
	if (!exe)
		return -ENOENT;
	*path = exe->f_path;
	path_get(path);
	fput(exe);
	return 0;
}

/* ---- the tables -------------------------------------------------------------------------- */

static const struct inode_operations proc_pid_file_iops = {
	.getattr = pid_getattr,
	.setattr = proc_setattr,
};

#define DIR(NAME, MODE, IOPS, FOPS)                                                                \
	{                                                                                          \
		.name = NAME, .mode = S_IFDIR | (MODE), .iops = &(IOPS), .fops = &(FOPS)           \
	}
#define LNK(NAME, GET_PATH)                                                                        \
	{                                                                                          \
		.name = NAME, .mode = S_IFLNK | 0777, .iops = &proc_pid_link_iops,                 \
		.get_path = (GET_PATH)                                                             \
	}
#define REG(NAME, MODE, FOPS)                                                                      \
	{                                                                                          \
		.name = NAME, .mode = S_IFREG | (MODE), .iops = &proc_pid_file_iops,               \
		.fops = &(FOPS)                                                                    \
	}
#define ONE(NAME, MODE, SHOW)                                                                      \
	{                                                                                          \
		.name = NAME, .mode = S_IFREG | (MODE), .iops = &proc_pid_file_iops,               \
		.fops = &proc_single_fops, .show = (SHOW)                                          \
	}

/* What a process and a thread both have; only their stat differs. */
#define PID_ENTRIES(STAT)                                                                          \
	DIR("fd", 0500, proc_fd_iops, proc_fd_fops),                                               \
		DIR("fdinfo", 0555, proc_fdinfo_iops, proc_fdinfo_fops),                           \
		REG("environ", 0400, proc_environ_fops), REG("auxv", 0400, proc_auxv_fops),        \
		ONE("status", 0444, proc_pid_status),                                              \
		ONE("personality", 0400, proc_pid_personality),                                    \
		ONE("limits", 0444, proc_pid_limits), REG("comm", 0644, proc_pid_comm_fops),       \
		REG("cmdline", 0444, proc_pid_cmdline_fops), ONE("stat", 0444, STAT),              \
		ONE("statm", 0444, proc_pid_statm), REG("maps", 0444, proc_pid_maps_fops),         \
		REG("mem", 0600, proc_mem_fops), LNK("cwd", proc_cwd_path),                        \
		LNK("root", proc_root_path), LNK("exe", proc_exe_path),                            \
		REG("mounts", 0444, proc_mounts_fops),                                             \
		REG("mountinfo", 0444, proc_mountinfo_fops),                                       \
		REG("clear_refs", 0200, proc_clear_refs_fops),                                     \
		REG("smaps", 0444, proc_pid_smaps_fops),                                           \
		REG("smaps_rollup", 0444, proc_smaps_rollup_fops),                                 \
		REG("pagemap", 0400, proc_pagemap_fops), ONE("wchan", 0444, proc_pid_wchan),       \
		ONE("oom_score", 0444, proc_oom_score), REG("oom_adj", 0644, proc_oom_adj_fops),   \
		REG("oom_score_adj", 0644, proc_oom_score_adj_fops),                               \
		REG("fail-nth", 0644, proc_fail_nth_fops)

static const struct pid_entry tgid_entries[] = {
	DIR("task", 0555, proc_task_iops, proc_task_fops),
	DIR("map_files", 0500, proc_map_files_iops, proc_map_files_fops),
	PID_ENTRIES(proc_tgid_stat),
};

static const struct pid_entry tid_entries[] = {
	PID_ENTRIES(proc_tid_stat),
};

/* The two kinds of directories that the tables describe. */
static const struct pid_dir {
	const struct pid_entry *entries;
	unsigned int nr;
	enum proc_ino_kind ino_kind;
} tgid_dir = {tgid_entries, ARRAY_SIZE(tgid_entries), INO_TGID_FILE},
  tid_dir = {tid_entries, ARRAY_SIZE(tid_entries), INO_TID_FILE};

static struct dentry *pid_dir_lookup(struct inode *dir, struct dentry *dentry,
				     const struct pid_dir *what)
{
	struct task_struct *task = get_proc_task(dir);
	const struct qstr *name = &dentry->d_name;
	struct dentry *res = ERR_PTR(-ENOENT);
	struct inode *inode;

	if (!task)
		return res;
	for (unsigned int i = 0; i < what->nr; i++) {
		const struct pid_entry *p = &what->entries[i];

		if (strlen(p->name) != name->len || memcmp(p->name, name->name, name->len))
			continue;
		inode = proc_pid_make_inode(dir->i_sb, task, p->mode,
					    proc_pid_ino(task->pid, what->ino_kind, i));
		if (!inode)
			break;
		PROC_I(inode)->entry = p;
		set_nlink(inode, S_ISDIR(p->mode) ? 2 : 1);
		inode->i_op = p->iops;
		if (p->fops)
			inode->i_fop = p->fops;
		res = d_splice_alias(inode, dentry);
		break;
	}
	put_task_struct(task);
	return res;
}

static int pid_dir_readdir(struct file *file, struct dir_context *ctx, const struct pid_dir *what)
{
	struct task_struct *task = get_proc_task(file_inode(file));
	pid_t pid;

	if (!task)
		return -ENOENT;
	pid = task->pid;
	put_task_struct(task);
	if (!dir_emit_dots(file, ctx))
		return 0;
	for (; ctx->pos - 2 < what->nr; ctx->pos++) {
		unsigned int i = (unsigned int)ctx->pos - 2;
		const struct pid_entry *p = &what->entries[i];

		if (!dir_emit(ctx, p->name, (int)strlen(p->name),
			      proc_pid_ino(pid, what->ino_kind, i), fs_umode_to_dtype(p->mode)))
			break;
	}
	return 0;
}

static struct dentry *proc_tgid_lookup(struct inode *dir, struct dentry *dentry, unsigned int flags)
{
	return pid_dir_lookup(dir, dentry, &tgid_dir);
}

static int proc_tgid_readdir(struct file *file, struct dir_context *ctx)
{
	return pid_dir_readdir(file, ctx, &tgid_dir);
}

static struct dentry *proc_tid_lookup(struct inode *dir, struct dentry *dentry, unsigned int flags)
{
	return pid_dir_lookup(dir, dentry, &tid_dir);
}

static int proc_tid_readdir(struct file *file, struct dir_context *ctx)
{
	return pid_dir_readdir(file, ctx, &tid_dir);
}

/* Nothing is looked up for a task that is gone. */
static int pid_dir_permission(struct inode *inode, int mask)
{
	struct task_struct *task = get_proc_task(inode);

	if (!task)
		return -ESRCH;
	put_task_struct(task);
	return generic_permission(inode, mask);
}

const struct inode_operations proc_tgid_iops = {
	.lookup = proc_tgid_lookup,
	.permission = pid_dir_permission,
	.getattr = pid_getattr,
	.setattr = proc_setattr,
};

const struct file_operations proc_tgid_fops = {
	.llseek = generic_file_llseek,
	.read = generic_read_dir,
	.iterate_shared = proc_tgid_readdir,
};

struct pid *tgid_pidfd_to_pid(const struct file *file)
{
	return file->f_op == &proc_tgid_fops ? proc_pid(file_inode(file)) : ERR_PTR(-EBADF);
}

const struct inode_operations proc_tid_iops = {
	.lookup = proc_tid_lookup,
	.permission = pid_dir_permission,
	.getattr = pid_getattr,
	.setattr = proc_setattr,
};

const struct file_operations proc_tid_fops = {
	.llseek = generic_file_llseek,
	.read = generic_read_dir,
	.iterate_shared = proc_tid_readdir,
};
