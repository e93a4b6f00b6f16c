// SPDX-License-Identifier: MIT
/*
 * fs/file.c - descriptors: allocating them, from descriptor to file, dup and close_range.
 *
 * Locks: file_lock. A task that does not share its table reads it without the lock; one that does
 * must take a reference on what it finds, under the lock.
 */
#include <pagoda/kernel.h>
#include <pagoda/bitmap.h>
#include <pagoda/fdtable.h>
#include <pagoda/fs.h>
#include <pagoda/sched.h>
#include <syscalls.h>
#include "internal.h"

/* ---- allocating descriptors -------------------------------------------------------------- */

static int alloc_fd(unsigned int start, unsigned int end, unsigned int flags)
{
	struct files_struct *files = current->files;
	struct fdtable *fdt;
	unsigned int fd;
	int error;

	spin_lock(&files->file_lock);
repeat:
	fdt = files->fdt;
	fd = max(start, files->next_fd);
	if (fd < fdt->max_fds)
		fd = find_next_zero_bit(fdt->open_fds, fdt->max_fds, fd);
	error = -EMFILE;
	if (fd >= end)
		goto out;
	error = expand_files(files, fd);
	if (error < 0)
		goto out;
	if (error)
		goto repeat;
	if (start <= files->next_fd)
		files->next_fd = fd + 1;
	__set_bit(fd, fdt->open_fds);
	if (flags & O_CLOEXEC)
		__set_bit(fd, fdt->close_on_exec);
	else
		__clear_bit(fd, fdt->close_on_exec);
	error = fd;
out:
	spin_unlock(&files->file_lock);
	return error;
}

int get_unused_fd_flags(unsigned int flags)
{
	return alloc_fd(0, rlimit(RLIMIT_NOFILE), flags);
}

/* file_lock is held. */
static void __put_unused_fd(struct files_struct *files, unsigned int fd)
{
	__clear_bit(fd, files->fdt->open_fds);
	if (fd < files->next_fd)
		files->next_fd = fd;
}

void put_unused_fd(unsigned int fd)
{
	struct files_struct *files = current->files;

	spin_lock(&files->file_lock);
	__put_unused_fd(files, fd);
	spin_unlock(&files->file_lock);
}

void fd_install(unsigned int fd, struct file *file)
{
	struct files_struct *files = current->files;

	spin_lock(&files->file_lock);
	WARN_ON(files->fdt->fd[fd]); /* stop: open-7 */
	WRITE_ONCE(files->fdt->fd[fd], file);
	spin_unlock(&files->file_lock);
}

/* Takes the file out of the table; NULL when fd is not open. file_lock is held. */
static struct file *pick_file(struct files_struct *files, unsigned int fd)
{
	struct fdtable *fdt = files->fdt;
	struct file *file = NULL;

	if (fd < fdt->max_fds)
		file = fdt->fd[fd];
	if (file) {
		WRITE_ONCE(fdt->fd[fd], NULL);
		__put_unused_fd(files, fd);
	}
	return file;
}

int close_fd(unsigned int fd)
{
	struct files_struct *files = current->files;
	struct file *file;

	spin_lock(&files->file_lock);
	file = pick_file(files, fd);
	spin_unlock(&files->file_lock);
	return file ? filp_close(file, files) : -EBADF;
}

/* ---- from descriptor to file ------------------------------------------------------------- */

static struct file *files_lookup(const struct files_struct *files, unsigned int fd)
{
	const struct fdtable *fdt = files->fdt;

	return fd < fdt->max_fds ? READ_ONCE(fdt->fd[fd]) : NULL;
}

static struct file *fget_mask(struct files_struct *files, unsigned int fd, fmode_t mask)
{
	struct file *file;

	spin_lock(&files->file_lock);
	file = files_lookup(files, fd);
	if (file) {
		if (file->f_mode & mask)
			file = NULL;
		else
			get_file(file);
	}
	spin_unlock(&files->file_lock);
	return file;
}

struct file *fget(unsigned int fd)
{
	return fget_mask(current->files, fd, FMODE_PATH);
}

struct file *fget_raw(unsigned int fd)
{
	return fget_mask(current->files, fd, 0);
}

static inline struct fd fdget_mask(unsigned int fd, fmode_t mask)
{
	struct files_struct *files = current->files;
	struct file *file;

	if (likely(atomic_read(&files->count) == 1)) {
		file = files_lookup(files, fd);
		if (unlikely(!file || (file->f_mode & mask)))
			file = NULL;
		return (struct fd){file, 0};
	}
	file = fget_mask(files, fd, mask);
	return (struct fd){file, file ? FDPUT_FPUT : 0};
}

struct fd fdget(unsigned int fd)
{
	return fdget_mask(fd, FMODE_PATH);
}

struct fd fdget_raw(unsigned int fd)
{
	return fdget_mask(fd, 0);
}

/* Read and write move f_pos: locked where another descriptor or thread may use the file too. */
struct fd fdget_pos(unsigned int fd)
{
	struct fd f = fdget_mask(fd, FMODE_PATH);

	if (f.file && (f.file->f_mode & FMODE_ATOMIC_POS) && file_count(f.file) > 1) {
		f.flags |= FDPUT_POS_UNLOCK;
		mutex_lock(&f.file->f_pos_lock);
	}
	return f;
}

void __f_unlock_pos(struct file *file)
{
	mutex_unlock(&file->f_pos_lock);
}

/* ---- other tasks' descriptors ------------------------------------------------------------ */

static struct files_struct *get_files_struct(struct task_struct *task)
{
	struct files_struct *files;

	task_lock(task);
	files = task->files;
	if (files)
		atomic_inc(&files->count);
	task_unlock(task);
	return files;
}

struct file *fget_task(struct task_struct *task, unsigned int fd)
{
	struct files_struct *files = get_files_struct(task);
	struct file *file = NULL;

	if (files) {
		file = fget_mask(files, fd, 0);
		put_files_struct(files);
	}
	return file;
}

struct file *task_lookup_next_fd(struct task_struct *task, unsigned int *fd)
{
	struct files_struct *files = get_files_struct(task);
	struct file *file = NULL;
	unsigned int n;

	if (!files)
		return NULL;
	spin_lock(&files->file_lock);
	for (n = *fd; n < files->fdt->max_fds && !file; n++)
		file = files->fdt->fd[n];
	if (file) {
		get_file(file);
		*fd = n - 1;
	}
	spin_unlock(&files->file_lock);
	put_files_struct(files);
	return file;
}

/* ---- close-on-exec, dup ------------------------------------------------------------------ */

void set_close_on_exec(unsigned int fd, int flag)
{
	struct files_struct *files = current->files;

	spin_lock(&files->file_lock);
	if (fd < files->fdt->max_fds) {
		if (flag)
			__set_bit(fd, files->fdt->close_on_exec);
		else
			__clear_bit(fd, files->fdt->close_on_exec);
	}
	spin_unlock(&files->file_lock);
}

bool get_close_on_exec(unsigned int fd)
{
	struct files_struct *files = current->files;
	bool res;

	spin_lock(&files->file_lock);
	res = fd < files->fdt->max_fds && test_bit(fd, files->fdt->close_on_exec);
	spin_unlock(&files->file_lock);
	return res;
}

/* Puts file at fd, closing what is there. file_lock is held, and dropped. Returns fd or -EBUSY. */
static int do_dup2(struct files_struct *files, struct file *file, unsigned int fd,
		   unsigned int flags)
{
	struct fdtable *fdt = files->fdt;
	struct file *tofree = fdt->fd[fd];

	/* reserved by an open() that is not finished */
	if (!tofree && test_bit(fd, fdt->open_fds)) {
		spin_unlock(&files->file_lock);
		return -EBUSY;
	}
	get_file(file);
	WRITE_ONCE(fdt->fd[fd], file);
	__set_bit(fd, fdt->open_fds);
	if (flags & O_CLOEXEC)
		__set_bit(fd, fdt->close_on_exec);
	else
		__clear_bit(fd, fdt->close_on_exec);
	spin_unlock(&files->file_lock);
	if (tofree)
		filp_close(tofree, files);
	return fd;
}

int f_dupfd(unsigned int from, struct file *file, unsigned int flags)
{
	unsigned long nofile = rlimit(RLIMIT_NOFILE);
	int fd;

	if (from >= nofile)
		return -EINVAL;
	fd = alloc_fd(from, nofile, flags);
	if (fd >= 0)
		fd_install(fd, get_file(file));
	return fd;
}

static long ksys_dup3(unsigned int oldfd, unsigned int newfd, int flags)
{
	struct files_struct *files = current->files;
	struct file *file;
	int err;

	if (newfd >= rlimit(RLIMIT_NOFILE))
		return -EBADF;
	spin_lock(&files->file_lock);
	err = expand_files(files, newfd);
	file = files_lookup(files, oldfd);
	if (!file || err < 0) {
		spin_unlock(&files->file_lock);
		return !file || err == -EMFILE ? -EBADF : err;
	}
	return do_dup2(files, file, newfd, flags);
}

long sys_dup3(unsigned int oldfd, unsigned int newfd, int flags)
{
	if ((flags & ~O_CLOEXEC) || oldfd == newfd)
		return -EINVAL;
	return ksys_dup3(oldfd, newfd, flags);
}

long sys_dup2(unsigned int oldfd, unsigned int newfd)
{
	if (oldfd == newfd) {
		struct fd f = fdget_raw(oldfd);

		if (!f.file)
			return -EBADF;
		fdput(f);
		return oldfd;
	}
	return ksys_dup3(oldfd, newfd, 0);
}

long sys_dup(unsigned int fildes)
{
	struct file *file = fget_raw(fildes);
	int ret;

	if (!file)
		return -EBADF;
	ret = get_unused_fd_flags(0);
	if (ret >= 0)
		fd_install(ret, file);
	else
		fput(file);
	return ret;
}

static void range_cloexec(struct files_struct *files, unsigned int fd, unsigned int max_fd)
{
	struct fdtable *fdt;

	spin_lock(&files->file_lock);
	fdt = files->fdt;
	max_fd = min(max_fd, fdt->max_fds - 1);
	if (fd <= max_fd)
		bitmap_set(fdt->close_on_exec, fd, max_fd - fd + 1);
	spin_unlock(&files->file_lock);
}

static void range_close(struct files_struct *files, unsigned int fd, unsigned int max_fd)
{
	struct file *file;

	for (;; fd++) {
		spin_lock(&files->file_lock);
		fd = find_next_bit(files->fdt->open_fds, files->fdt->max_fds, fd);
		if (fd > max_fd || fd >= files->fdt->max_fds) {
			spin_unlock(&files->file_lock);
			return;
		}
		file = pick_file(files, fd);
		spin_unlock(&files->file_lock);
		if (file)
			filp_close(file, files);
		cond_resched();
	}
}

long sys_close_range(unsigned int fd, unsigned int max_fd, unsigned int flags)
{
	int error;

	if (flags & ~(CLOSE_RANGE_UNSHARE | CLOSE_RANGE_CLOEXEC))
		return -EINVAL;
	if (fd > max_fd)
		return -EINVAL;
	if (flags & CLOSE_RANGE_UNSHARE) {
		error = unshare_files();
		if (error)
			return error;
	}
	if (flags & CLOSE_RANGE_CLOEXEC)
		range_cloexec(current->files, fd, max_fd);
	else
		range_close(current->files, fd, max_fd);
	return 0;
}
