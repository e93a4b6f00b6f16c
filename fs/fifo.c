// SPDX-License-Identifier: MIT
/*
 * fs/fifo.c - opening and closing pipes: FIFOs by name, pipe(2), and the file system of pipes.
 *
 * A FIFO's inode has a pipe while it is open anywhere. Its open waits until the other side has come:
 * r_counter and w_counter count opens, so that a peer which has gone again is noticed too.
 *
 * Locks: pipe->mutex; inode.i_lock for i_pipe and pipe->files.
 */
#include <pagoda/kernel.h>
#include <pagoda/cred.h>
#include <pagoda/fs.h>
#include <pagoda/mount.h>
#include <pagoda/panic.h>
#include <pagoda/pipe.h>
#include <pagoda/sched.h>
#include <asm/uaccess.h>
#include <uapi/statfs.h>
#include <syscalls.h>
#include "internal.h"

static struct vfsmount *pipe_mnt;

/* ---- open and release -------------------------------------------------------------------- */

/* Waits until the other side's count of opens has moved. The mutex is held, and taken again. */
static int wait_for_partner(struct pipe_inode_info *pipe, unsigned int *counter,
			    struct wait_queue_head *wq)
{
	unsigned int cur = *counter;
	int err;

	mutex_unlock(&pipe->mutex);
	err = wait_event_interruptible(*wq, READ_ONCE(*counter) != cur);
	mutex_lock(&pipe->mutex);
	return err;
}

/* A pipe without a name, opened once more through /proc/PID/fd: that waits for nobody. */
static bool is_pipe(const struct file *filp)
{
	return file_inode(filp)->i_sb->s_magic == PIPEFS_MAGIC;
}

static int fifo_open_read(struct pipe_inode_info *pipe, struct file *filp)
{
	pipe->r_counter++;
	if (pipe->readers++ == 0)
		wake_up_interruptible_all(&pipe->wr_wait);
	if (pipe->writers || is_pipe(filp))
		return 0;
	if (filp->f_flags & O_NONBLOCK) {
		filp->f_pos = pipe->w_counter; /* no POLLHUP until a writer has come */
		return 0;
	}
	if (!wait_for_partner(pipe, &pipe->w_counter, &pipe->rd_wait))
		return 0;
	if (!--pipe->readers)
		wake_up_interruptible_all(&pipe->wr_wait);
	return -ERESTARTSYS;
}

static int fifo_open_write(struct pipe_inode_info *pipe, struct file *filp)
{
	if ((filp->f_flags & O_NONBLOCK) && !pipe->readers && !is_pipe(filp))
		return -ENXIO;
	pipe->w_counter++;
	if (!pipe->writers++)
		wake_up_interruptible_all(&pipe->rd_wait);
	if (pipe->readers || is_pipe(filp))
		return 0;
	if (!wait_for_partner(pipe, &pipe->r_counter, &pipe->wr_wait))
		return 0;
	if (!--pipe->writers)
		wake_up_interruptible_all(&pipe->rd_wait);
	return -ERESTARTSYS;
}

/* POSIX leaves this open; Linux's never waits. */
static void fifo_open_rdwr(struct pipe_inode_info *pipe)
{
	pipe->readers++;
	pipe->writers++;
	pipe->r_counter++;
	pipe->w_counter++;
	if (pipe->readers == 1 || pipe->writers == 1) {
		wake_up_interruptible_all(&pipe->rd_wait);
		wake_up_interruptible_all(&pipe->wr_wait);
	}
}

/* The pipe of a FIFO's inode, made by the first open. */
static struct pipe_inode_info *get_fifo(struct inode *inode)
{
	struct pipe_inode_info *pipe, *new = NULL;

	for (;;) {
		spin_lock(&inode->i_lock);
		pipe = inode->i_pipe;
		if (!pipe && new) {
			pipe = inode->i_pipe = new;
			new = NULL;
		}
		if (pipe)
			pipe->files++;
		spin_unlock(&inode->i_lock);
		if (pipe)
			break;
		new = alloc_pipe_info();
		if (!new)
			return NULL;
	}
	if (new)
		free_pipe_info(new);
	return pipe;
}

static void put_pipe_info(struct inode *inode, struct pipe_inode_info *pipe)
{
	bool last;

	spin_lock(&inode->i_lock);
	last = !--pipe->files;
	if (last)
		inode->i_pipe = NULL;
	spin_unlock(&inode->i_lock);
	if (last)
		free_pipe_info(pipe);
}

static int fifo_open(struct inode *inode, struct file *filp)
{
	struct pipe_inode_info *pipe = get_fifo(inode);
	int ret = -EINVAL;

	if (!pipe)
		return -ENOMEM;
	filp->private_data = pipe;
	filp->f_pos = 0;
	stream_open(inode, filp);
	mutex_lock(&pipe->mutex);
	switch (filp->f_mode & (FMODE_READ | FMODE_WRITE)) {
	case FMODE_READ:
		ret = fifo_open_read(pipe, filp);
		break;
	case FMODE_WRITE:
		ret = fifo_open_write(pipe, filp);
		break;
	case FMODE_READ | FMODE_WRITE:
		fifo_open_rdwr(pipe);
		ret = 0;
		break;
	}
	mutex_unlock(&pipe->mutex);
	if (ret)
		put_pipe_info(inode, pipe);
	return ret;
}

static int pipe_release(struct inode *inode, struct file *file)
{
	struct pipe_inode_info *pipe = file->private_data;

	mutex_lock(&pipe->mutex);
	if (file->f_mode & FMODE_READ)
		pipe->readers--;
	if (file->f_mode & FMODE_WRITE)
		pipe->writers--;
	/* the last one of a side: the other side's waiters must see it */
	if (!pipe->readers != !pipe->writers) {
		wake_up_interruptible_all(&pipe->rd_wait);
		wake_up_interruptible_all(&pipe->wr_wait);
	}
	mutex_unlock(&pipe->mutex);
	put_pipe_info(inode, pipe);
	return 0;
}

const struct file_operations pipefifo_fops = {
	.open = fifo_open,
	.llseek = no_llseek,
	.read_iter = pipe_read,
	.write_iter = pipe_write,
	.poll = pipe_poll,
	.unlocked_ioctl = pipe_ioctl,
	.release = pipe_release,
};

/* ---- pipe(2) ----------------------------------------------------------------------------- */

static struct inode *get_pipe_inode(void)
{
	struct inode *inode = new_inode_pseudo(pipe_mnt->mnt_sb);
	struct pipe_inode_info *pipe;

	if (!inode)
		return NULL;
	pipe = alloc_pipe_info();
	if (!pipe) {
		iput(inode);
		return NULL;
	}
	inode->i_ino = get_next_ino();
	inode->i_pipe = pipe;
	pipe->files = 2;
	pipe->readers = pipe->writers = 1;
	inode->i_fop = &pipefifo_fops;
	inode->i_mode = S_IFIFO | S_IRUSR | S_IWUSR;
	inode->i_uid = current_fsuid();
	inode->i_gid = current_fsgid();
	inode->i_atime = inode->i_mtime = inode->i_ctime = current_time(inode);
	return inode;
}

/* res[0] reads, res[1] writes; one reference each. ENFILE, ENOMEM. */
int create_pipe_files(struct file *res[2], int flags)
{
	struct inode *inode = get_pipe_inode();
	struct pipe_inode_info *pipe;
	struct path path;

	if (!inode)
		return -ENFILE;
	pipe = inode->i_pipe;
	res[1] = alloc_file_pseudo(inode, pipe_mnt, "",
				   O_WRONLY | (flags & (O_NONBLOCK | O_DIRECT)), &pipefifo_fops);
	if (IS_ERR(res[1])) {
		free_pipe_info(pipe);
		iput(inode);
		return PTR_ERR(res[1]);
	}
	res[1]->private_data = pipe;
	path = res[1]->f_path;
	path_get(&path);
	res[0] = alloc_file(&path, O_RDONLY | (flags & O_NONBLOCK), &pipefifo_fops);
	if (IS_ERR(res[0])) {
		path_put(&path);
		put_pipe_info(inode, pipe);
		fput(res[1]);
		return PTR_ERR(res[0]);
	}
	res[0]->private_data = pipe;
	stream_open(inode, res[0]);
	stream_open(inode, res[1]);
	return 0;
}

static int create_pipe_fds(int fd[2], struct file *files[2], int flags)
{
	int error;

	if (flags & ~(O_CLOEXEC | O_NONBLOCK | O_DIRECT))
		return -EINVAL;
	error = create_pipe_files(files, flags);
	if (error)
		return error;
	error = fd[0] = get_unused_fd_flags(flags);
	if (error < 0)
		goto err_files;
	error = fd[1] = get_unused_fd_flags(flags);
	if (error < 0)
		goto err_fd;
	return 0;
err_fd:
	put_unused_fd(fd[0]);
err_files:
	fput(files[0]);
	fput(files[1]);
	return error;
}

long sys_pipe2(int __user *fildes, int flags)
{
	struct file *files[2];
	int fd[2], error;

	error = create_pipe_fds(fd, files, flags);
	if (error)
		return error;
	if (copy_to_user(fildes, fd, sizeof(fd))) {
		put_unused_fd(fd[0]);
		put_unused_fd(fd[1]);
		fput(files[0]);
		fput(files[1]);
		return -EFAULT;
	}
	fd_install(fd[0], files[0]);
	fd_install(fd[1], files[1]);
	return 0;
}

long sys_pipe(int __user *fildes)
{
	return sys_pipe2(fildes, 0);
}

/* ---- the file system of pipes ------------------------------------------------------------ */

static char *pipefs_dname(struct dentry *dentry, char *buffer, int buflen)
{
	return dynamic_dname(buffer, buflen, "pipe:[%lu]", dentry->d_inode->i_ino);
}

static const struct dentry_operations pipefs_dentry_operations = {
	.d_dname = pipefs_dname,
};

static struct dentry *pipefs_mount(struct file_system_type *type, int flags, const char *dev_name,
				   void *data)
{
	return mount_pseudo(type, PIPEFS_MAGIC, NULL, &pipefs_dentry_operations);
}

static struct file_system_type pipe_fs_type = {
	.name = "pipefs",
	.fs_flags = FS_NOMOUNT,
	.mount = pipefs_mount,
	.kill_sb = kill_anon_super,
};

void pipe_init(void)
{
	pipe_ring_init();
	register_filesystem(&pipe_fs_type);
	pipe_mnt = kern_mount(&pipe_fs_type);
	if (IS_ERR(pipe_mnt))
		panic("cannot mount pipefs");
}
