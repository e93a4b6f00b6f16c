// SPDX-License-Identifier: MIT
/*
 * fs/compat_fcntl.c - fcntl and fcntl64 of i386.
 *
 * Both are one call here, as on Linux. It differs from that of x86-64 in the structure of record
 * locks alone: the F_GETLK family comes with struct flock, of 32-bit offsets; F_GETLK64 and its like,
 * numbers of i386 only, and the locks of open files come with struct flock64.
 */
#include <pagoda/compat.h>
#include <pagoda/errno.h>
#include <pagoda/fdtable.h>
#include <pagoda/file.h>
#include <pagoda/fs.h>
#include <asm/uaccess.h>
#include <syscalls.h>
#include "internal.h"

#define F_GETLK64  12
#define F_SETLK64  13
#define F_SETLKW64 14

static int get_compat_flock(struct flock *fl, const struct compat_flock __user *from)
{
	struct compat_flock c;

	if (copy_from_user(&c, from, sizeof(c)))
		return -EFAULT;
	*fl = (struct flock){c.l_type, c.l_whence, c.l_start, c.l_len, c.l_pid};
	return 0;
}

static int get_compat_flock64(struct flock *fl, const struct compat_flock64 __user *from)
{
	struct compat_flock64 c;

	if (copy_from_user(&c, from, sizeof(c)))
		return -EFAULT;
	*fl = (struct flock){c.l_type, c.l_whence, c.l_start, c.l_len, c.l_pid};
	return 0;
}

/* A lock that begins beyond 32 bits cannot be told; one that is too long is cut. */
static int put_compat_flock(const struct flock *fl, struct compat_flock __user *to)
{
	struct compat_flock c = {fl->l_type, fl->l_whence, fl->l_start, fl->l_len, fl->l_pid};

	if (fl->l_start > S32_MAX)
		return -EOVERFLOW;
	if (fl->l_len > S32_MAX)
		c.l_len = S32_MAX;
	return copy_to_user(to, &c, sizeof(c)) ? -EFAULT : 0;
}

static int put_compat_flock64(const struct flock *fl, struct compat_flock64 __user *to)
{
	struct compat_flock64 c = {fl->l_type, fl->l_whence, fl->l_start, fl->l_len, fl->l_pid};

	return copy_to_user(to, &c, sizeof(c)) ? -EFAULT : 0;
}

static unsigned int native_lock_cmd(unsigned int cmd)
{
	switch (cmd) {
	case F_GETLK64:
		return F_GETLK;
	case F_SETLK64:
		return F_SETLK;
	case F_SETLKW64:
		return F_SETLKW;
	}
	return cmd;
}

static long compat_lock(unsigned int fd, struct file *filp, unsigned int cmd, void __user *arg)
{
	bool small = cmd == F_GETLK || cmd == F_SETLK || cmd == F_SETLKW;
	struct flock flock;
	long err;

	err = small ? get_compat_flock(&flock, arg) : get_compat_flock64(&flock, arg);
	if (err)
		return err;
	if (cmd != F_GETLK && cmd != F_GETLK64 && cmd != F_OFD_GETLK)
		return fcntl_setlk(fd, filp, native_lock_cmd(cmd), &flock);
	err = fcntl_getlk(filp, native_lock_cmd(cmd), &flock);
	if (err)
		return err;
	return small ? put_compat_flock(&flock, arg) : put_compat_flock64(&flock, arg);
}

static bool is_lock_cmd(unsigned int cmd)
{
	return cmd == F_GETLK || cmd == F_SETLK || cmd == F_SETLKW || cmd == F_GETLK64 ||
	       cmd == F_SETLK64 || cmd == F_SETLKW64 || cmd == F_OFD_GETLK || cmd == F_OFD_SETLK ||
	       cmd == F_OFD_SETLKW;
}

long compat_sys_fcntl64(unsigned int fd, unsigned int cmd, u32 arg)
{
	long err = -EBADF;
	struct fd f;

	if (!is_lock_cmd(cmd))
		return sys_fcntl(fd, cmd, arg);
	f = fdget_raw(fd);
	if (!f.file)
		return err;
	if (!(f.file->f_mode & FMODE_PATH))
		err = compat_lock(fd, f.file, cmd, compat_ptr(arg));
	fdput(f);
	return err;
}
