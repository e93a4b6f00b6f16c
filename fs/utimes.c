// SPDX-License-Identifier: MIT
/*
 * fs/utimes.c - setting the times of a file: utimensat and the older calls.
 *
 * All calls come down to two nanosecond times, each of which may be UTIME_NOW or UTIME_OMIT.
 */
#include <pagoda/compat.h>
#include <pagoda/kernel.h>
#include <pagoda/fs.h>
#include <pagoda/mount.h>
#include <pagoda/namei.h>
#include <pagoda/time64.h>
#include <uapi/utime.h>
#include <asm/uaccess.h>
#include <syscalls.h>

static bool nsec_valid(long nsec)
{
	return nsec == UTIME_OMIT || nsec == UTIME_NOW || (nsec >= 0 && nsec <= 999999999);
}

static void set_time(struct iattr *attr, const struct timespec64 *ts, unsigned int which,
		     unsigned int which_set, struct timespec64 *dst)
{
	if (ts->tv_nsec == UTIME_OMIT) {
		attr->ia_valid &= ~which;
	} else if (ts->tv_nsec != UTIME_NOW) {
		*dst = *ts;
		attr->ia_valid |= which_set;
	}
}

/* times: access and modification; NULL: both now. EINVAL, EPERM, EACCES, EROFS. */
int vfs_utimes(const struct path *path, struct timespec64 times[2])
{
	struct inode *inode = path->dentry->d_inode;
	struct iattr attr = {.ia_valid = ATTR_CTIME | ATTR_MTIME | ATTR_ATIME};
	int error;

	if (times) {
		if (!nsec_valid(times[0].tv_nsec) || !nsec_valid(times[1].tv_nsec))
			return -EINVAL;
		if (times[0].tv_nsec == UTIME_NOW && times[1].tv_nsec == UTIME_NOW)
			times = NULL;
	}
	error = mnt_want_write(path->mnt);
	if (error)
		return error;
	if (times) {
		set_time(&attr, &times[0], ATTR_ATIME, ATTR_ATIME_SET, &attr.ia_atime);
		set_time(&attr, &times[1], ATTR_MTIME, ATTR_MTIME_SET, &attr.ia_mtime);
	} else {
		attr.ia_valid |= ATTR_TOUCH;
	}
	inode_lock(inode);
	error = notify_change(path->dentry, &attr);
	inode_unlock(inode);
	return error;
}

static bool both_omitted(const struct timespec64 times[2])
{
	return times && times[0].tv_nsec == UTIME_OMIT && times[1].tv_nsec == UTIME_OMIT;
}

static long do_utimes_fd(int fd, struct timespec64 *times, int flags)
{
	struct fd f;
	int error;

	if (flags)
		return -EINVAL;
	f = fdget(fd);
	if (!f.file)
		return -EBADF;
	error = vfs_utimes(&f.file->f_path, times);
	fdput(f);
	return error;
}

static long do_utimes_name(int dfd, struct filename *name, struct timespec64 *times, int flags)
{
	unsigned int lookup = flags & AT_SYMLINK_NOFOLLOW ? 0 : LOOKUP_FOLLOW;
	struct path path;
	int error;

	if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) {
		putname(name);
		return -EINVAL;
	}
	if (flags & AT_EMPTY_PATH)
		lookup |= LOOKUP_EMPTY;
	error = filename_lookup(dfd, name, lookup, &path);
	if (error)
		return error;
	error = vfs_utimes(&path, times);
	path_put(&path);
	return error;
}

/* As in Linux: a NULL name means dfd itself. */
static long do_utimes(int dfd, const char __user *filename, struct timespec64 *times, int flags)
{
	if (!filename && dfd != AT_FDCWD)
		return do_utimes_fd(dfd, times, flags);
	return do_utimes_name(dfd,
			      getname_flags(filename, flags & AT_EMPTY_PATH ? LOOKUP_EMPTY : 0),
			      times, flags);
}

static int get_two_timespecs(struct timespec64 times[2], const void __user *from, bool time32)
{
	size_t size = time32 ? sizeof(struct old_timespec32) : sizeof(struct timespec64);

	return get_user_timespec(&times[0], from, time32)
		       ?: get_user_timespec(&times[1], from + size, time32);
}

static long utimensat(int dfd, const char __user *filename, const void __user *utimes, int flags,
		      bool time32)
{
	struct timespec64 times[2];

	if (utimes && get_two_timespecs(times, utimes, time32))
		return -EFAULT;
	if (utimes && both_omitted(times))
		return 0;
	return do_utimes(dfd, filename, utimes ? times : NULL, flags);
}

long sys_utimensat(int dfd, const char __user *filename, struct timespec __user *utimes, int flags)
{
	return utimensat(dfd, filename, utimes, flags, false);
}

long sys_utimensat_time32(int dfd, const char __user *filename, struct old_timespec32 __user *t,
			  int flags)
{
	return utimensat(dfd, filename, t, flags, true);
}

static int get_two_timevals(struct timeval tv[2], const void __user *from, bool time32)
{
	size_t size = time32 ? sizeof(struct old_timeval32) : sizeof(struct timeval);

	return get_user_timeval(&tv[0], from, time32)
		       ?: get_user_timeval(&tv[1], from + size, time32);
}

static long do_futimesat(int dfd, const char __user *filename, const void __user *utimes,
			 bool time32)
{
	struct timeval tv[2];
	struct timespec64 times[2];

	if (!utimes)
		return do_utimes(dfd, filename, NULL, 0);
	if (get_two_timevals(tv, utimes, time32))
		return -EFAULT;
	for (int i = 0; i < 2; i++) {
		if (tv[i].tv_usec < 0 || tv[i].tv_usec >= 1000000)
			return -EINVAL;
		times[i].tv_sec = tv[i].tv_sec;
		times[i].tv_nsec = tv[i].tv_usec * 1000;
	}
	return do_utimes(dfd, filename, times, 0);
}

long sys_futimesat(int dfd, const char __user *filename, struct timeval __user *utimes)
{
	return do_futimesat(dfd, filename, utimes, false);
}

long sys_futimesat_time32(int dfd, const char __user *filename, struct old_timeval32 __user *t)
{
	return do_futimesat(dfd, filename, t, true);
}

long sys_utimes(char __user *filename, struct timeval __user *utimes)
{
	return do_futimesat(AT_FDCWD, filename, utimes, false);
}

long sys_utimes_time32(const char __user *filename, struct old_timeval32 __user *t)
{
	return do_futimesat(AT_FDCWD, filename, t, true);
}

long sys_utime(char __user *filename, struct utimbuf __user *utimes)
{
	struct utimbuf buf;
	struct timespec64 times[2] = {};

	if (!utimes)
		return do_utimes(AT_FDCWD, filename, NULL, 0);
	if (copy_from_user(&buf, utimes, sizeof(buf)))
		return -EFAULT;
	times[0].tv_sec = buf.actime;
	times[1].tv_sec = buf.modtime;
	return do_utimes(AT_FDCWD, filename, times, 0);
}

long sys_utime32(const char __user *filename, struct old_utimbuf32 __user *t)
{
	struct old_utimbuf32 buf;
	struct timespec64 times[2] = {};

	if (!t)
		return do_utimes(AT_FDCWD, filename, NULL, 0);
	if (copy_from_user(&buf, t, sizeof(buf)))
		return -EFAULT;
	times[0].tv_sec = buf.actime;
	times[1].tv_sec = buf.modtime;
	return do_utimes(AT_FDCWD, filename, times, 0);
}

int init_utimes(const char *pathname, struct timespec64 *ts)
{
	return do_utimes_name(AT_FDCWD, getname_kernel(pathname), ts, AT_SYMLINK_NOFOLLOW);
}
