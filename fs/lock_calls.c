// SPDX-License-Identifier: MIT
/*
 * fs/lock_calls.c - the calls that lock files: fcntl's record locks and flock.
 */
#include <pagoda/kernel.h>
#include <pagoda/fdtable.h>
#include <pagoda/fs.h>
#include <pagoda/sched.h>
#include <asm/uaccess.h>
#include <syscalls.h>
#include "internal.h"
#include "locks.h"

/* ---- fcntl ------------------------------------------------------------------------------- */

/* EINVAL, EOVERFLOW, EBADF. */
static int flock_to_lock(struct file *filp, struct file_lock *fl, const struct flock *l)
{
	loff_t start, end;

	switch (l->l_whence) {
	case SEEK_SET:
		start = 0;
		break;
	case SEEK_CUR:
		start = filp->f_pos;
		break;
	case SEEK_END:
		start = i_size_read(file_inode(filp));
		break;
	default:
		return -EINVAL;
	}
	if (l->l_start > OFFSET_MAX - start)
		return -EOVERFLOW;
	start += l->l_start;
	if (start < 0)
		return -EINVAL;
	if (l->l_len > 0) {
		if (l->l_len - 1 > OFFSET_MAX - start)
			return -EOVERFLOW;
		end = start + l->l_len - 1;
	} else if (l->l_len < 0) {
		if (start + l->l_len < 0)
			return -EINVAL;
		end = start - 1;
		start += l->l_len;
	} else {
		end = OFFSET_MAX;
	}
	if (l->l_type != F_RDLCK && l->l_type != F_WRLCK && l->l_type != F_UNLCK)
		return -EINVAL;
	fl->type = l->l_type;
	fl->start = start;
	fl->end = end;
	return 0;
}

static int make_lock(struct file *filp, unsigned int cmd, const struct flock *flock,
		     struct file_lock *fl)
{
	bool ofd = cmd == F_OFD_GETLK || cmd == F_OFD_SETLK || cmd == F_OFD_SETLKW;

	*fl = (struct file_lock){};
	INIT_LIST_HEAD(&fl->blocked);
	if (ofd && flock->l_pid)
		return -EINVAL;
	fl->flags = ofd ? FL_OFD : FL_POSIX;
	fl->owner = ofd ? (void *)filp : (void *)current->files;
	fl->file = filp;
	fl->pid = ofd ? -1 : current->tgid;
	return flock_to_lock(filp, fl, flock);
}

/* *flock becomes what stands in the way, or F_UNLCK. */
long fcntl_getlk(struct file *filp, unsigned int cmd, struct flock *flock)
{
	struct file_lock request, *fl;
	struct file_lock_context *ctx;
	int error;

	if (flock->l_type != F_RDLCK && flock->l_type != F_WRLCK)
		return -EINVAL;
	error = make_lock(filp, cmd, flock, &request);
	if (error)
		return error;
	flock->l_type = F_UNLCK;
	ctx = READ_ONCE(file_inode(filp)->i_flctx);
	if (ctx) {
		spin_lock(&ctx->lock);
		fl = find_conflict(&ctx->posix, &request);
		if (fl) {
			flock->l_type = fl->type;
			flock->l_whence = SEEK_SET;
			flock->l_start = fl->start;
			flock->l_len = fl->end == OFFSET_MAX ? 0 : fl->end - fl->start + 1;
			flock->l_pid = fl->pid;
		}
		spin_unlock(&ctx->lock);
	}
	return 0;
}

long fcntl_setlk(unsigned int fd, struct file *filp, unsigned int cmd, const struct flock *flock)
{
	struct file_lock request;
	struct fd f;
	int error;

	error = make_lock(filp, cmd, flock, &request);
	if (error)
		return error;
	if ((request.type == F_RDLCK && !(filp->f_mode & FMODE_READ)) ||
	    (request.type == F_WRLCK && !(filp->f_mode & FMODE_WRITE)))
		return -EBADF;
	error = posix_lock_inode(file_inode(filp), &request,
				 cmd == F_SETLKW || cmd == F_OFD_SETLKW);
	/* another thread may have closed fd meanwhile, before the lock was there to be removed */
	if (!error && request.type != F_UNLCK && (request.flags & FL_POSIX)) {
		f = fdget(fd);
		if (f.file != filp) {
			locks_remove_posix(filp, current->files);
			error = -EBADF;
		}
		fdput(f);
	}
	return error;
}

long sys_flock(unsigned int fd, unsigned int cmd)
{
	struct file_lock request = {
		.flags = FL_FLOCK,
		.pid = current->tgid,
		.end = OFFSET_MAX,
	};
	struct fd f;
	int error;

	if (cmd & LOCK_MAND)
		return 0; /* Linux takes these and does nothing since 5.17 */
	switch (cmd & ~LOCK_NB) {
	case LOCK_SH:
		request.type = F_RDLCK;
		break;
	case LOCK_EX:
		request.type = F_WRLCK;
		break;
	case LOCK_UN:
		request.type = F_UNLCK;
		break;
	default:
		return -EINVAL;
	}
	f = fdget(fd);
	if (!f.file)
		return -EBADF;
	request.owner = request.file = f.file;
	INIT_LIST_HEAD(&request.blocked);
	error = flock_lock_inode(file_inode(f.file), &request, !(cmd & LOCK_NB));
	fdput(f);
	return error;
}
