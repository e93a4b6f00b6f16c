// SPDX-License-Identifier: MIT
/*
 * fs/fcntl.c - fcntl.
 *
 * F_SETOWN and F_SETSIG are remembered and given back; no file of Pagoda sends SIGIO. Leases and
 * directory notification answer as a Linux that is configured without them: EINVAL.
 */
#include <pagoda/kernel.h>
#include <pagoda/cred.h>
#include <pagoda/fdtable.h>
#include <pagoda/fs.h>
#include <pagoda/pid.h>
#include <pagoda/pipe.h>
#include <pagoda/sched.h>
#include <asm/uaccess.h>
#include <syscalls.h>
#include "internal.h"

#define SETFL_MASK (O_APPEND | O_NONBLOCK | O_DIRECT | O_NOATIME)

static int setfl(struct file *filp, unsigned int arg)
{
	struct inode *inode = file_inode(filp);

	if (((arg ^ filp->f_flags) & O_APPEND) && IS_APPEND(inode))
		return -EPERM;
	if ((arg & O_NOATIME) && !(filp->f_flags & O_NOATIME) && current_fsuid() != inode->i_uid &&
	    !capable(CAP_FOWNER))
		return -EPERM;
	if ((arg & O_DIRECT) && !S_ISFIFO(inode->i_mode))
		return -EINVAL;
	spin_lock(&filp->f_lock);
	filp->f_flags = (arg & SETFL_MASK) | (filp->f_flags & ~SETFL_MASK);
	spin_unlock(&filp->f_lock);
	return 0;
}

/* ---- who would get SIGIO ----------------------------------------------------------------- */

static int set_owner(struct file *filp, int type, pid_t pid)
{
	struct pid *p = NULL;

	if (pid) {
		p = find_get_pid(pid);
		if (!p)
			return -ESRCH;
		put_pid(p);
	}
	spin_lock(&filp->f_lock);
	filp->f_owner.type = type;
	filp->f_owner.pid = pid;
	spin_unlock(&filp->f_lock);
	return 0;
}

static int f_setown(struct file *filp, unsigned long arg)
{
	int who = arg;

	if (who == INT_MIN)
		return -EINVAL;
	return set_owner(filp, who < 0 ? F_OWNER_PGRP : F_OWNER_PID, who < 0 ? -who : who);
}

static int f_setown_ex(struct file *filp, unsigned long arg)
{
	struct f_owner_ex owner;

	if (copy_from_user(&owner, (void __user *)arg, sizeof(owner)))
		return -EFAULT;
	if (owner.type != F_OWNER_TID && owner.type != F_OWNER_PID && owner.type != F_OWNER_PGRP)
		return -EINVAL;
	return set_owner(filp, owner.type, owner.pid);
}

static int f_getown_ex(struct file *filp, unsigned long arg)
{
	struct f_owner_ex owner = {filp->f_owner.type, filp->f_owner.pid};

	return copy_to_user((void __user *)arg, &owner, sizeof(owner)) ? -EFAULT : 0;
}

static long fcntl_owner(struct file *filp, unsigned int cmd, unsigned long arg)
{
	switch (cmd) {
	case F_GETOWN:
		return filp->f_owner.type == F_OWNER_PGRP ? -filp->f_owner.pid : filp->f_owner.pid;
	case F_SETOWN:
		return f_setown(filp, arg);
	case F_GETOWN_EX:
		return f_getown_ex(filp, arg);
	case F_SETOWN_EX:
		return f_setown_ex(filp, arg);
	case F_GETSIG:
		return filp->f_owner.signum;
	default: /* F_SETSIG */
		if (arg > _NSIG)
			return -EINVAL;
		filp->f_owner.signum = arg;
		return 0;
	}
}

/* ---- record locks ------------------------------------------------------------------------ */

static long fcntl_lock(unsigned int fd, struct file *filp, unsigned int cmd,
		       struct flock __user *arg)
{
	struct flock flock;
	long err;

	if (copy_from_user(&flock, arg, sizeof(flock)))
		return -EFAULT;
	if (cmd != F_GETLK && cmd != F_OFD_GETLK)
		return fcntl_setlk(fd, filp, cmd, &flock);
	err = fcntl_getlk(filp, cmd, &flock);
	return err ?: copy_to_user(arg, &flock, sizeof(flock)) ? -EFAULT : 0;
}

/* ---- the call ---------------------------------------------------------------------------- */

static long do_fcntl(unsigned int fd, unsigned int cmd, unsigned long arg, struct file *filp)
{
	switch (cmd) {
	case F_DUPFD:
		return f_dupfd(arg, filp, 0);
	case F_DUPFD_CLOEXEC:
		return f_dupfd(arg, filp, O_CLOEXEC);
	case F_GETFD:
		return get_close_on_exec(fd) ? FD_CLOEXEC : 0;
	case F_SETFD:
		set_close_on_exec(fd, arg & FD_CLOEXEC);
		return 0;
	case F_GETFL:
		return filp->f_flags;
	case F_SETFL:
		return setfl(filp, arg);
	case F_GETLK:
	case F_OFD_GETLK:
	case F_SETLK:
	case F_SETLKW:
	case F_OFD_SETLK:
	case F_OFD_SETLKW:
		return fcntl_lock(fd, filp, cmd, (struct flock __user *)arg);
	case F_GETOWN:
	case F_SETOWN:
	case F_GETOWN_EX:
	case F_SETOWN_EX:
	case F_GETSIG:
	case F_SETSIG:
		return fcntl_owner(filp, cmd, arg);
	case F_SETPIPE_SZ:
	case F_GETPIPE_SZ:
		return pipe_fcntl(filp, cmd, arg);
	case F_ADD_SEALS:
	case F_GET_SEALS:
		return memfd_fcntl(filp, cmd, arg);
	default:
		return -EINVAL;
	}
}

static bool allowed_on_path_fd(unsigned int cmd)
{
	return cmd == F_DUPFD || cmd == F_DUPFD_CLOEXEC || cmd == F_GETFD || cmd == F_SETFD ||
	       cmd == F_GETFL;
}

long sys_fcntl(unsigned int fd, unsigned int cmd, unsigned long arg)
{
	struct fd f = fdget_raw(fd);
	long err = -EBADF;

	if (!f.file)
		return err;
	if (!(f.file->f_mode & FMODE_PATH) || allowed_on_path_fd(cmd))
		err = do_fcntl(fd, cmd, arg, f.file);
	fdput(f);
	return err;
}
