// SPDX-License-Identifier: MIT
/*
 * fs/proc/mounts.c - /proc/PID/mounts and mountinfo: the mounts below the root of a process.
 */
#include "internal.h"
#include <pagoda/fs_struct.h>
#include <pagoda/mount.h>
#include <pagoda/slab.h>

struct mounts_reader {
	struct path root;
	int (*show)(struct seq_file *m, const struct path *root);
};

static int mounts_show(struct seq_file *m, void *v)
{
	struct mounts_reader *reader = m->private;

	return reader->show(m, &reader->root);
}

/* The root that counts is that of the time of opening. */
static int open_reader(struct inode *inode, struct file *file,
		       int (*show)(struct seq_file *m, const struct path *root))
{
	struct task_struct *task = get_proc_task(inode);
	struct mounts_reader *reader;
	int err = -EINVAL;

	if (!task)
		return -EINVAL;
	reader = kmalloc(sizeof(*reader), GFP_KERNEL);
	if (!reader) {
		put_task_struct(task);
		return -ENOMEM;
	}
	reader->show = show;
	task_lock(task);
	if (task->fs) {
		get_fs_root(task->fs, &reader->root);
		err = 0;
	}
	task_unlock(task);
	put_task_struct(task);
	if (err)
		goto out_free;
	err = single_open(file, mounts_show, reader);
	if (!err)
		return 0;
	path_put(&reader->root);
out_free:
	kfree(reader);
	return err;
}

static int mounts_open(struct inode *inode, struct file *file)
{
	return open_reader(inode, file, show_mounts);
}

static int mountinfo_open(struct inode *inode, struct file *file)
{
	return open_reader(inode, file, show_mountinfo);
}

static int mounts_release(struct inode *inode, struct file *file)
{
	struct mounts_reader *reader = ((struct seq_file *)file->private_data)->private;

	path_put(&reader->root);
	kfree(reader);
	return single_release(inode, file);
}

const struct file_operations proc_mounts_fops = {
	.open = mounts_open,
	.read_iter = seq_read_iter,
	.llseek = seq_lseek,
	.release = mounts_release,
};

const struct file_operations proc_mountinfo_fops = {
	.open = mountinfo_open,
	.read_iter = seq_read_iter,
	.llseek = seq_lseek,
	.release = mounts_release,
};
