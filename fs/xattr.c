// SPDX-License-Identifier: MIT
/*
 * fs/xattr.c - extended attributes: no file system here has them.
 *
 * The calls still look their file and names up, so that the errors that come first on Linux come
 * first here; then the answer is EOPNOTSUPP, and the list of attributes is empty.
 */
#include <pagoda/kernel.h>
#include <pagoda/fs.h>
#include <pagoda/namei.h>
#include <asm/uaccess.h>
#include <uapi/xattr.h>
#include <syscalls.h>

/* ERANGE: no name, or too long a one. */
static int check_name(const char __user *name)
{
	char kname[XATTR_NAME_MAX + 1];
	long error = strncpy_from_user(kname, name, sizeof(kname));

	if (error == 0 || error == sizeof(kname))
		return -ERANGE;
	return error < 0 ? error : 0;
}

static int check_path(const char __user *pathname, unsigned int lookup)
{
	struct path path;
	int error = user_path_at(AT_FDCWD, pathname, lookup, &path);

	if (!error)
		path_put(&path);
	return error;
}

static int check_fd(int fd)
{
	struct fd f = fdget(fd);

	if (!f.file)
		return -EBADF;
	fdput(f);
	return 0;
}

static int check_set(const char __user *name, size_t size, int flags)
{
	if (flags & ~(XATTR_CREATE | XATTR_REPLACE))
		return -EINVAL;
	if (size > XATTR_SIZE_MAX)
		return -E2BIG;
	return check_name(name);
}

long sys_setxattr(const char __user *path, const char __user *name, const void __user *value,
		  size_t size, int flags)
{
	return check_path(path, LOOKUP_FOLLOW) ?: check_set(name, size, flags) ?: -EOPNOTSUPP;
}

long sys_lsetxattr(const char __user *path, const char __user *name, const void __user *value,
		   size_t size, int flags)
{
	return check_path(path, 0) ?: check_set(name, size, flags) ?: -EOPNOTSUPP;
}

long sys_fsetxattr(int fd, const char __user *name, const void __user *value, size_t size,
		   int flags)
{
	return check_fd(fd) ?: check_set(name, size, flags) ?: -EOPNOTSUPP;
}

long sys_getxattr(const char __user *path, const char __user *name, void __user *value, size_t size)
{
	return check_path(path, LOOKUP_FOLLOW) ?: check_name(name) ?: -EOPNOTSUPP;
}

long sys_lgetxattr(const char __user *path, const char __user *name, void __user *value,
		   size_t size)
{
	return check_path(path, 0) ?: check_name(name) ?: -EOPNOTSUPP;
}

long sys_fgetxattr(int fd, const char __user *name, void __user *value, size_t size)
{
	return check_fd(fd) ?: check_name(name) ?: -EOPNOTSUPP;
}

long sys_listxattr(const char __user *path, char __user *list, size_t size)
{
	return check_path(path, LOOKUP_FOLLOW);
}

long sys_llistxattr(const char __user *path, char __user *list, size_t size)
{
	return check_path(path, 0);
}

long sys_flistxattr(int fd, char __user *list, size_t size)
{
	return check_fd(fd);
}

long sys_removexattr(const char __user *path, const char __user *name)
{
	return check_path(path, LOOKUP_FOLLOW) ?: check_name(name) ?: -EOPNOTSUPP;
}

long sys_lremovexattr(const char __user *path, const char __user *name)
{
	return check_path(path, 0) ?: check_name(name) ?: -EOPNOTSUPP;
}

long sys_fremovexattr(int fd, const char __user *name)
{
	return check_fd(fd) ?: check_name(name) ?: -EOPNOTSUPP;
}
