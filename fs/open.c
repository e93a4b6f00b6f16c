// SPDX-License-Identifier: MIT
/*
 * fs/open.c - open and close, and the calls that act on a file by name: access, chdir, chroot.
 */
#include <pagoda/kernel.h>
#include <pagoda/cred.h>
#include <pagoda/fdtable.h>
#include <pagoda/fs.h>
#include <pagoda/fs_struct.h>
#include <pagoda/mount.h>
#include <pagoda/namei.h>
#include <pagoda/sched.h>
#include <syscalls.h>
#include "internal.h"

/* ---- making a struct file an open file --------------------------------------------------- */

/*
 * A mount that becomes read-only sets its flag and then looks at mnt_writers; here the count goes up
 * before the flag is read, so one of the two sees the other.
 */
static int open_write_access(struct file *f)
{
	struct vfsmount *mnt = f->f_path.mnt;
	int error;

	if (!(f->f_mode & FMODE_WRITE) || !S_ISREG(f->f_inode->i_mode))
		return 0;
	atomic_inc(&mnt->mnt_writers);
	smp_mb__after_atomic();
	error = mnt_want_write(mnt) ?: get_write_access(f->f_inode);
	if (error)
		atomic_dec(&mnt->mnt_writers);
	else
		f->f_mode |= FMODE_WRITER;
	return error;
}

static const struct file_operations path_fops; /* of O_PATH files: nothing can be done */

/*
 * Opens path into file, which is empty. file takes references on path; on failure the caller's
 * fput() drops everything.
 */
int vfs_open(const struct path *path, struct file *f)
{
	struct inode *inode = path->dentry->d_inode;
	int error;

	f->f_path = *path; /* stop: open-6 */
	path_get(path);
	f->f_inode = inode;
	f->f_mapping = inode->i_mapping;
	f->f_op = &path_fops;
	if (unlikely(f->f_flags & O_PATH)) {
		f->f_mode = FMODE_PATH | FMODE_OPENED;
		return 0;
	}
	error = open_write_access(f);
	if (error)
		return error;
	if (S_ISREG(inode->i_mode) || S_ISDIR(inode->i_mode))
		f->f_mode |= FMODE_ATOMIC_POS;
	f->f_mode |= FMODE_LSEEK | FMODE_PREAD | FMODE_PWRITE;
	f->f_op = inode->i_fop;
	if (f->f_op->open) {
		error = f->f_op->open(inode, f);
		if (error)
			return error;
	}
	f->f_mode |= FMODE_OPENED;
	if ((f->f_mode & FMODE_READ) && (f->f_op->read || f->f_op->read_iter))
		f->f_mode |= FMODE_CAN_READ;
	if ((f->f_mode & FMODE_WRITE) && (f->f_op->write || f->f_op->write_iter))
		f->f_mode |= FMODE_CAN_WRITE;
	if (!f->f_op->llseek || f->f_op->llseek == no_llseek)
		f->f_mode &= ~FMODE_LSEEK;
	if ((f->f_flags & O_DIRECT) && S_ISREG(inode->i_mode))
		return -EINVAL;
	return 0;
}

struct file *dentry_open(const struct path *path, int flags, const struct cred *cred)
{
	struct file *f = alloc_empty_file(flags);
	int error;

	if (IS_ERR(f))
		return f;
	error = vfs_open(path, f);
	if (error) {
		fput(f);
		return ERR_PTR(error);
	}
	return f;
}

struct file *filp_open(const char *filename, int flags, umode_t mode)
{
	return do_filp_open(AT_FDCWD, getname_kernel(filename), flags, mode);
}

int filp_close(struct file *file, void *id)
{
	int error = 0;

	if (file->f_op->flush)
		error = file->f_op->flush(file, id);
	if (!(file->f_mode & FMODE_PATH) && file->f_inode->i_flctx)
		locks_remove_posix(file, id);
	fput(file);
	return error;
}

int nonseekable_open(struct inode *inode, struct file *filp)
{
	filp->f_mode &= ~(FMODE_LSEEK | FMODE_PREAD | FMODE_PWRITE);
	return 0;
}

/* Not seekable, and no position either: reads and writes do not exclude each other. */
int stream_open(struct inode *inode, struct file *filp)
{
	filp->f_mode &= ~(FMODE_LSEEK | FMODE_PREAD | FMODE_PWRITE | FMODE_ATOMIC_POS);
	filp->f_mode |= FMODE_STREAM;
	return 0;
}

/* ---- open and close: the calls ----------------------------------------------------------- */

long do_sys_open(int dfd, const char __user *filename, int flags, umode_t mode)
{
	struct filename *name = getname(filename);
	struct file *f;
	int fd;

	if (IS_ERR(name))
		return PTR_ERR(name);
	fd = get_unused_fd_flags(flags); /* stop: open-1 */
	if (fd < 0) {
		putname(name);
		return fd;
	}
	f = do_filp_open(dfd, name, flags & ~__FMODE_EXEC, mode);
	if (IS_ERR(f)) {
		put_unused_fd(fd);
		return PTR_ERR(f);
	}
	fd_install(fd, f);
	return fd;
}

long sys_open(const char __user *filename, int flags, umode_t mode)
{
	return do_sys_open(AT_FDCWD, filename, flags | O_LARGEFILE, mode);
}

long sys_openat(int dfd, const char __user *filename, int flags, umode_t mode)
{
	return do_sys_open(dfd, filename, flags | O_LARGEFILE, mode);
}

/* Without O_LARGEFILE a 32-bit program makes no files whose size it could not be told. */
long compat_sys_open(const char __user *filename, int flags, umode_t mode)
{
	return do_sys_open(AT_FDCWD, filename, flags, mode);
}

long compat_sys_openat(int dfd, const char __user *filename, int flags, umode_t mode)
{
	return do_sys_open(dfd, filename, flags, mode);
}

long sys_creat(const char __user *pathname, umode_t mode)
{
	return do_sys_open(AT_FDCWD, pathname, O_CREAT | O_WRONLY | O_TRUNC | O_LARGEFILE, mode);
}

long sys_close(unsigned int fd)
{
	int error = close_fd(fd);

	/* the descriptor is gone: a restart would close another one's */
	if (error == -ERESTARTSYS)
		error = -EINTR;
	return error;
}

/* ---- access ------------------------------------------------------------------------------ */

/* access(2) asks for the real ids, with the capabilities that these have. */
static const struct cred *access_override_creds(void)
{
	const struct cred *cred = current_cred(), *old;
	struct cred *override;

	if (cred->fsuid == cred->uid && cred->fsgid == cred->gid &&
	    (cred->uid ? !cred->cap_effective : cred->cap_effective == cred->cap_permitted))
		return NULL;
	override = prepare_creds();
	if (!override)
		return ERR_PTR(-ENOMEM);
	override->fsuid = override->uid;
	override->fsgid = override->gid;
	override->cap_effective = override->uid ? 0 : override->cap_permitted;
	old = override_creds(override);
	put_cred(override);
	return old;
}

static int access_path(const struct path *path, int mode)
{
	struct inode *inode = path->dentry->d_inode;
	int error;

	if ((mode & MAY_EXEC) && S_ISREG(inode->i_mode) && (path->mnt->mnt_flags & MNT_NOEXEC))
		return -EACCES;
	error = inode_permission(inode, mode | MAY_ACCESS);
	if (!error && (mode & MAY_WRITE) && (path->mnt->mnt_flags & MNT_READONLY) &&
	    (S_ISREG(inode->i_mode) || S_ISDIR(inode->i_mode) || S_ISLNK(inode->i_mode)))
		error = -EROFS;
	return error;
}

static long do_faccessat(int dfd, const char __user *filename, int mode, int flags)
{
	unsigned int lookup = flags & AT_SYMLINK_NOFOLLOW ? 0 : LOOKUP_FOLLOW;
	const struct cred *old = NULL;
	struct path path;
	int error;

	if (mode & ~(R_OK | W_OK | X_OK))
		return -EINVAL;
	if (flags & ~(AT_EACCESS | AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	if (flags & AT_EMPTY_PATH)
		lookup |= LOOKUP_EMPTY;
	if (!(flags & AT_EACCESS)) {
		old = access_override_creds();
		if (IS_ERR(old))
			return PTR_ERR(old);
	}
	error = user_path_at(dfd, filename, lookup, &path);
	if (!error) {
		if (mode)
			error = access_path(&path, mode);
		path_put(&path);
	}
	if (old)
		revert_creds(old);
	return error;
}

long sys_faccessat2(int dfd, const char __user *filename, int mode, int flags)
{
	return do_faccessat(dfd, filename, mode, flags);
}

long sys_faccessat(int dfd, const char __user *filename, int mode)
{
	return do_faccessat(dfd, filename, mode, 0);
}

long sys_access(const char __user *filename, int mode)
{
	return do_faccessat(AT_FDCWD, filename, mode, 0);
}

/* ---- working directory and root ---------------------------------------------------------- */

long sys_chdir(const char __user *filename)
{
	struct path path;
	int error = user_path_at(AT_FDCWD, filename, LOOKUP_FOLLOW | LOOKUP_DIRECTORY, &path);

	if (error)
		return error;
	error = path_permission(&path, MAY_EXEC | MAY_CHDIR);
	if (!error)
		set_fs_pwd(current->fs, &path);
	path_put(&path);
	return error;
}

long sys_fchdir(unsigned int fd)
{
	struct fd f = fdget_raw(fd);
	int error = -ENOTDIR;

	if (!f.file)
		return -EBADF;
	if (S_ISDIR(file_inode(f.file)->i_mode))
		error = path_permission(&f.file->f_path, MAY_EXEC | MAY_CHDIR);
	if (!error)
		set_fs_pwd(current->fs, &f.file->f_path);
	fdput(f);
	return error;
}

long sys_chroot(const char __user *filename)
{
	struct path path;
	int error = user_path_at(AT_FDCWD, filename, LOOKUP_FOLLOW | LOOKUP_DIRECTORY, &path);

	if (error)
		return error;
	error = path_permission(&path, MAY_EXEC | MAY_CHDIR);
	if (!error && !capable(CAP_SYS_CHROOT))
		error = -EPERM;
	if (!error)
		set_fs_root(current->fs, &path);
	path_put(&path);
	return error;
}
