// SPDX-License-Identifier: MIT
/*
 * fs/proc/map_files.c - /proc/PID/map_files: a link for each range that maps a file.
 *
 * START-END leads to the file itself, even one that has no name any more; so to follow a link needs
 * CAP_SYS_ADMIN or CAP_CHECKPOINT_RESTORE, to read it only the right to look into the process.
 */
#include "internal.h"
#include <pagoda/cred.h>
#include <pagoda/mm.h>
#include <pagoda/namei.h>
#include <pagoda/sprintf.h>

#define LINK_SIZE 64			 /* what stat shows as the length of the links */
#define NAME_SIZE (2 * 16 + sizeof("-")) /* of two addresses */

/* ---- finding the file -------------------------------------------------------------------- */

/* "START-END" as the directory shows it, no other form. */
static bool parse_range(const struct qstr *name, unsigned long *start, unsigned long *end)
{
	char text[NAME_SIZE], again[NAME_SIZE], *dash;

	if (name->len >= sizeof(text))
		return false;
	memcpy(text, name->name, name->len);
	text[name->len] = '\0';
	*start = simple_strtoul(text, &dash, 16);
	if (*dash != '-')
		return false;
	*end = simple_strtoul(dash + 1, NULL, 16);
	snprintf(again, sizeof(again), "%lx-%lx", *start, *end);
	return !strcmp(text, again);
}

static u64 range_ino(const struct task_struct *task, unsigned long start)
{
	return proc_pid_ino(task->pid, INO_MAP_FILE, start >> PAGE_SHIFT & 0xfffffff);
}

/* The file that is mapped there, with a reference; -ENOENT, -EACCES or -EINTR. */
static struct file *get_mapped_file(struct task_struct *task, const struct qstr *name)
{
	struct file *file = ERR_PTR(-ENOENT);
	struct vm_area_struct *vma;
	unsigned long start, end;
	struct mm_struct *mm;

	if (!ptrace_may_access(task))
		return ERR_PTR(-EACCES);
	if (!parse_range(name, &start, &end))
		return file;
	mm = mm_access(task);
	if (IS_ERR_OR_NULL(mm))
		return file;
	if (mmap_read_lock_killable(mm)) {
		mmput(mm);
		return ERR_PTR(-EINTR);
	}
	vma = vma_lookup(mm, start);
	if (vma && vma->vm_start == start && vma->vm_end == end && vma->vm_file)
		file = get_file(vma->vm_file);
	mmap_read_unlock(mm);
	mmput(mm);
	return file;
}

static umode_t link_mode(const struct file *file)
{
	return S_IFLNK | (file->f_mode & FMODE_READ ? S_IRUSR : 0) |
	       (file->f_mode & FMODE_WRITE ? S_IWUSR : 0);
}

static bool map_files_revalidate(struct task_struct *task, struct dentry *dentry)
{
	struct file *file = get_mapped_file(task, &dentry->d_name);

	if (IS_ERR(file))
		return false;
	dentry->d_inode->i_mode = link_mode(file);
	fput(file);
	return true;
}

/* ---- the links --------------------------------------------------------------------------- */

static int get_path(struct dentry *dentry, struct inode *inode, struct path *path)
{
	struct task_struct *task = get_proc_task(inode);
	struct file *file;

	if (!task)
		return -EACCES;
	file = get_mapped_file(task, &dentry->d_name);
	put_task_struct(task);
	if (IS_ERR(file))
		return PTR_ERR(file);
	*path = file->f_path;
	path_get(path);
	fput(file);
	return 0;
}

static const char *map_files_get_link(struct dentry *dentry, struct inode *inode, struct path *jump,
				      void **done)
{
	if (!capable(CAP_SYS_ADMIN) && !capable(CAP_CHECKPOINT_RESTORE))
		return ERR_PTR(-EPERM);
	return ERR_PTR(get_path(dentry, inode, jump));
}

static int map_files_readlink(struct dentry *dentry, char __user *buf, int buflen)
{
	struct path path;
	int err = get_path(dentry, dentry->d_inode, &path);

	return err ?: readlink_path(buf, buflen, &path);
}

static const struct inode_operations map_files_link_iops = {
	.get_link = map_files_get_link,
	.readlink = map_files_readlink,
	.setattr = proc_setattr,
};

/* ---- the directory ----------------------------------------------------------------------- */

static struct dentry *map_files_lookup(struct inode *dir, struct dentry *dentry, unsigned int flags)
{
	struct task_struct *task = get_proc_task(dir);
	struct dentry *res = ERR_PTR(-ENOENT);
	unsigned long start = 0, end;
	struct inode *inode;
	struct file *file;

	if (!task)
		return res;
	file = get_mapped_file(task, &dentry->d_name);
	if (IS_ERR(file)) {
		res = ERR_CAST(file);
		goto out;
	}
	parse_range(&dentry->d_name, &start, &end);
	inode = proc_pid_make_inode(dir->i_sb, task, link_mode(file), range_ino(task, start));
	fput(file);
	if (inode) {
		PROC_I(inode)->revalidate = map_files_revalidate;
		inode->i_op = &map_files_link_iops;
		inode->i_size = LINK_SIZE;
		res = d_splice_alias(inode, dentry);
	}
out:
	put_task_struct(task);
	return res;
}

/* The first range with a file that starts at *start or above; false: there is none. */
static bool next_range(struct mm_struct *mm, unsigned long *start, unsigned long *end)
{
	struct vm_area_struct *vma;
	bool found = false;

	if (mmap_read_lock_killable(mm))
		return false;
	for (vma = find_vma(mm, *start); vma && !found; vma = vma_next(vma)) {
		if (!vma->vm_file || vma->vm_start < *start)
			continue;
		*start = vma->vm_start;
		*end = vma->vm_end;
		found = true;
	}
	mmap_read_unlock(mm);
	return found;
}

/* Position: 2 + the number of the page where the next range may start. */
static int map_files_readdir(struct file *dir, struct dir_context *ctx)
{
	struct task_struct *task = get_proc_task(file_inode(dir));
	struct mm_struct *mm = NULL;
	unsigned long start, end;
	char name[NAME_SIZE];
	int err = 0;

	if (!task)
		return -ENOENT;
	if (!ptrace_may_access(task))
		err = -EACCES;
	else if (dir_emit_dots(dir, ctx))
		mm = mm_access(task);
	if (IS_ERR_OR_NULL(mm))
		goto out;
	start = (unsigned long)(ctx->pos - 2) << PAGE_SHIFT;
	for (; next_range(mm, &start, &end); start = end) {
		int len = snprintf(name, sizeof(name), "%lx-%lx", start, end);

		ctx->pos = (loff_t)(start >> PAGE_SHIFT) + 2;
		if (!dir_emit(ctx, name, len, range_ino(task, start), DT_LNK))
			break;
		ctx->pos = (loff_t)(end >> PAGE_SHIFT) + 2;
	}
	mmput(mm);
out:
	put_task_struct(task);
	return err;
}

const struct inode_operations proc_map_files_iops = {
	.lookup = map_files_lookup,
	.permission = proc_fd_permission,
	.getattr = pid_getattr,
	.setattr = proc_setattr,
};

const struct file_operations proc_map_files_fops = {
	.llseek = generic_file_llseek,
	.read = generic_read_dir,
	.iterate_shared = map_files_readdir,
};
