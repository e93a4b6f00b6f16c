// SPDX-License-Identifier: MIT
/*
 * fs/proc/fd.c - /proc/PID/fd and /proc/PID/fdinfo: the open files of a process.
 *
 * fd/N is a link that leads to the open file itself; its permission bits tell how the descriptor is
 * open. fdinfo/N prints position, flags and what the file's own kind adds.
 */
#include "internal.h"
#include <pagoda/cred.h>
#include <pagoda/fdtable.h>
#include <pagoda/mount.h>
#include <pagoda/namei.h>
#include <pagoda/sprintf.h>

#define LINK_SIZE 64 /* what stat shows as the length of the links */

static umode_t fd_mode(const struct file *file)
{
	umode_t mode = S_IFLNK;

	if (file->f_mode & FMODE_READ)
		mode |= S_IRUSR | S_IXUSR;
	if (file->f_mode & FMODE_WRITE)
		mode |= S_IWUSR | S_IXUSR;
	return mode;
}

/* Whether the descriptor is open still; updates the mode. */
static bool fd_revalidate(struct task_struct *task, struct dentry *dentry)
{
	struct inode *inode = dentry->d_inode;
	struct file *file = fget_task(task, PROC_I(inode)->fd);

	if (!file)
		return false;
	if (S_ISLNK(inode->i_mode))
		inode->i_mode = fd_mode(file);
	fput(file);
	return true;
}

/* ---- fd/N -------------------------------------------------------------------------------- */

static const char *fd_get_link(struct dentry *dentry, struct inode *inode, struct path *jump,
			       void **done)
{
	struct task_struct *task = get_proc_task(inode);
	struct file *file;
	int err = -EACCES;

	if (!task)
		return ERR_PTR(-EACCES);
	if (ptrace_may_access(task)) {
		file = fget_task(task, PROC_I(inode)->fd);
		err = file ? 0 : -ENOENT;
		if (file) {
			*jump = file->f_path;
			path_get(jump);
			fput(file);
		}
	}
	put_task_struct(task);
	return ERR_PTR(err);
}

static const struct inode_operations fd_link_iops = {
	.get_link = fd_get_link,
	.setattr = proc_setattr,
};

/* ---- fdinfo/N ---------------------------------------------------------------------------- */

static bool task_close_on_exec(struct task_struct *task, unsigned int fd)
{
	struct files_struct *files;
	bool set = false;

	task_lock(task);
	files = task->files;
	if (files) {
		spin_lock(&files->file_lock);
		if (fd < files->fdt->max_fds)
			set = test_bit(fd, files->fdt->close_on_exec);
		spin_unlock(&files->file_lock);
	}
	task_unlock(task);
	return set;
}

static int fdinfo_show(struct seq_file *m, void *v)
{
	struct inode *inode = m->private;
	unsigned int fd = PROC_I(inode)->fd;
	struct task_struct *task = get_proc_task(inode);
	struct file *file = task ? fget_task(task, fd) : NULL;
	unsigned int flags;

	if (file) {
		flags = file->f_flags & ~O_CLOEXEC;
		if (task_close_on_exec(task, fd))
			flags |= O_CLOEXEC;
		seq_printf(m, "pos:\t%lli\nflags:\t0%o\nmnt_id:\t%i\nino:\t%lu\n", file->f_pos,
			   flags, file->f_path.mnt->mnt_id, file_inode(file)->i_ino);
		if (file->f_op->show_fdinfo)
			file->f_op->show_fdinfo(m, file);
		fput(file);
	}
	if (task)
		put_task_struct(task);
	return file ? 0 : -ENOENT;
}

static int fdinfo_open(struct inode *inode, struct file *file)
{
	struct task_struct *task = get_proc_task(inode);
	bool allowed;

	if (!task)
		return -ESRCH;
	allowed = ptrace_may_access(task);
	put_task_struct(task);
	return allowed ? single_open(file, fdinfo_show, inode) : -EACCES;
}

static const struct file_operations fdinfo_fops = {
	.open = fdinfo_open,
	.read_iter = seq_read_iter,
	.llseek = seq_lseek,
	.release = single_release,
};

static const struct inode_operations fdinfo_file_iops = {
	.setattr = proc_setattr,
};

/* ---- the two directories ----------------------------------------------------------------- */

static struct dentry *lookup_fd(struct inode *dir, struct dentry *dentry, bool info)
{
	struct task_struct *task = get_proc_task(dir);
	unsigned int fd = name_to_int(&dentry->d_name);
	struct file *file = task && fd != ~0U ? fget_task(task, fd) : NULL;
	struct dentry *res = ERR_PTR(-ENOENT);
	struct inode *inode;

	if (!file)
		goto out;
	inode = proc_pid_make_inode(dir->i_sb, task, info ? S_IFREG | 0444 : fd_mode(file),
				    proc_pid_ino(task->pid, info ? INO_FDINFO : INO_FD, fd));
	fput(file);
	if (!inode)
		goto out;
	PROC_I(inode)->revalidate = fd_revalidate;
	PROC_I(inode)->fd = fd;
	if (info) {
		inode->i_op = &fdinfo_file_iops;
		inode->i_fop = &fdinfo_fops;
	} else {
		inode->i_op = &fd_link_iops;
		inode->i_size = LINK_SIZE;
	}
	res = d_splice_alias(inode, dentry);
out:
	if (task)
		put_task_struct(task);
	return res;
}

static int read_fds(struct file *dir, struct dir_context *ctx, bool info)
{
	struct task_struct *task = get_proc_task(file_inode(dir));
	struct file *file;
	unsigned int fd;
	char name[12];

	if (!task)
		return -ENOENT;
	if (!dir_emit_dots(dir, ctx))
		goto out;
	for (fd = (unsigned int)ctx->pos - 2; (file = task_lookup_next_fd(task, &fd)); fd++) {
		int len = snprintf(name, sizeof(name), "%u", fd);
		u64 ino = proc_pid_ino(task->pid, info ? INO_FDINFO : INO_FD, fd);

		fput(file);
		ctx->pos = fd + 2;
		if (!dir_emit(ctx, name, len, ino, info ? DT_REG : DT_LNK))
			goto out;
		ctx->pos++;
		cond_resched();
	}
out:
	put_task_struct(task);
	return 0;
}

static struct dentry *proc_lookupfd(struct inode *dir, struct dentry *dentry, unsigned int flags)
{
	return lookup_fd(dir, dentry, false);
}

static int proc_readfd(struct file *file, struct dir_context *ctx)
{
	return read_fds(file, ctx, false);
}

int proc_fd_permission(struct inode *inode, int mask)
{
	int rv = generic_permission(inode, mask);
	struct task_struct *task;

	if (!rv)
		return 0;
	task = get_proc_task(inode);
	if (task) {
		if (same_thread_group(task, current))
			rv = 0;
		put_task_struct(task);
	}
	return rv;
}

const struct inode_operations proc_fd_iops = {
	.lookup = proc_lookupfd,
	.permission = proc_fd_permission,
	.getattr = pid_getattr,
	.setattr = proc_setattr,
};

const struct file_operations proc_fd_fops = {
	.llseek = generic_file_llseek,
	.read = generic_read_dir,
	.iterate_shared = proc_readfd,
};

static struct dentry *proc_lookupfdinfo(struct inode *dir, struct dentry *dentry,
					unsigned int flags)
{
	return lookup_fd(dir, dentry, true);
}

static int proc_readfdinfo(struct file *file, struct dir_context *ctx)
{
	return read_fds(file, ctx, true);
}

/* Who may read a descriptor's state may list them. */
static int proc_fdinfo_permission(struct inode *inode, int mask)
{
	struct task_struct *task = get_proc_task(inode);
	bool allowed;

	if (!task)
		return -ESRCH;
	allowed = ptrace_may_access(task);
	put_task_struct(task);
	return allowed ? generic_permission(inode, mask) : -EACCES;
}

const struct inode_operations proc_fdinfo_iops = {
	.lookup = proc_lookupfdinfo,
	.permission = proc_fdinfo_permission,
	.getattr = pid_getattr,
	.setattr = proc_setattr,
};

const struct file_operations proc_fdinfo_fops = {
	.llseek = generic_file_llseek,
	.read = generic_read_dir,
	.iterate_shared = proc_readfdinfo,
};
