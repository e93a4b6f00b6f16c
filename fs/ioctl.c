// SPDX-License-Identifier: MIT
/*
 * fs/ioctl.c - ioctl: what every file knows, then what the file itself does.
 */
#include <pagoda/kernel.h>
#include <pagoda/fdtable.h>
#include <pagoda/fs.h>
#include <asm/uaccess.h>
#include <uapi/ioctls.h>
#include <syscalls.h>

long vfs_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	long error = -ENOTTY;

	if (file->f_op->unlocked_ioctl) {
		error = file->f_op->unlocked_ioctl(file, cmd, arg);
		if (error == -ENOIOCTLCMD)
			error = -ENOTTY;
	}
	return error;
}

static int ioctl_fionbio(struct file *filp, int __user *argp)
{
	int on;

	if (get_user(on, argp))
		return -EFAULT;
	spin_lock(&filp->f_lock);
	if (on)
		filp->f_flags |= O_NONBLOCK;
	else
		filp->f_flags &= ~O_NONBLOCK;
	spin_unlock(&filp->f_lock);
	return 0;
}

/* No file of Pagoda sends SIGIO: switching it off is no change, on is ENOTTY. */
static int ioctl_fioasync(int __user *argp)
{
	int on;

	if (get_user(on, argp))
		return -EFAULT;
	return on ? -ENOTTY : 0;
}

static int regular_fionread(struct file *filp, int __user *argp)
{
	return put_user((int)(i_size_read(file_inode(filp)) - filp->f_pos), argp);
}

static long do_ioctl(struct file *filp, unsigned int fd, unsigned int cmd, unsigned long arg)
{
	struct inode *inode = file_inode(filp);
	void __user *argp = (void __user *)arg;

	switch (cmd) {
	case FIOCLEX:
		set_close_on_exec(fd, 1);
		return 0;
	case FIONCLEX:
		set_close_on_exec(fd, 0);
		return 0;
	case FIONBIO:
		return ioctl_fionbio(filp, argp);
	case FIOASYNC:
		return ioctl_fioasync(argp);
	case FIOQSIZE:
		if (S_ISDIR(inode->i_mode) || S_ISREG(inode->i_mode) || S_ISLNK(inode->i_mode))
			return put_user((loff_t)inode->i_size, (loff_t __user *)argp);
		return -ENOTTY;
	case FIGETBSZ:
		return put_user((int)inode->i_sb->s_blocksize, (int __user *)argp);
	case FICLONE:
		return -EOPNOTSUPP;
	case FIONREAD:
		if (S_ISREG(inode->i_mode))
			return regular_fionread(filp, argp);
		break;
	}
	return vfs_ioctl(filp, cmd, arg);
}

long sys_ioctl(unsigned int fd, unsigned int cmd, unsigned long arg)
{
	struct fd f = fdget(fd);
	long error;

	if (!f.file)
		return -EBADF;
	error = do_ioctl(f.file, fd, cmd, arg);
	fdput(f);
	return error;
}
