/* SPDX-License-Identifier: MIT */
/*
 * file.h - from descriptors to files and back.
 *
 *	struct fd f = fdget(fd);	borrow: for the length of a system call
 *	if (!f.file) return -EBADF;
 *	...
 *	fdput(f);
 *
 * A new descriptor: get_unused_fd_flags(), then fd_install() or put_unused_fd().
 */
#ifndef PAGODA_FILE_H
#define PAGODA_FILE_H

#include <pagoda/types.h>

struct file;
struct file_operations;
struct inode;
struct vfsmount;
struct path;

struct fd {
	struct file *file;
	unsigned int flags; /* FDPUT_* */
};

#define FDPUT_FPUT	 1 /* a reference was taken */
#define FDPUT_POS_UNLOCK 2

/* fs/file_table.c */
void files_init(void);
void fput(struct file *file); /* the last one releases the file now; may sleep */
struct file *alloc_empty_file(int flags);
struct file *alloc_file(const struct path *path, int flags, const struct file_operations *fop);
struct file *alloc_file_pseudo(struct inode *inode, struct vfsmount *mnt, const char *name,
			       int flags,
			       const struct file_operations *fops); /* eats the inode on success */
long get_nr_files(void);
extern unsigned long files_max; /* fs.file-max */

/* fs/file.c. Descriptors open with O_PATH: only the _raw forms give them. */
struct file *fget(unsigned int fd); /* counted, or NULL */
struct file *fget_raw(unsigned int fd);
struct fd fdget(unsigned int fd);
struct fd fdget_raw(unsigned int fd);
struct fd fdget_pos(unsigned int fd); /* also locks f_pos where two could use it */
void __f_unlock_pos(struct file *file);
int get_unused_fd_flags(unsigned int flags); /* O_CLOEXEC; -EMFILE, -ENOMEM */
void put_unused_fd(unsigned int fd);
void fd_install(unsigned int fd, struct file *file); /* eats the reference */
int close_fd(unsigned int fd);
int f_dupfd(unsigned int from, struct file *file, unsigned int flags);
void set_close_on_exec(unsigned int fd, int flag);

static inline void fdput(struct fd fd)
{
	if (fd.flags & FDPUT_FPUT)
		fput(fd.file);
}

static inline void fdput_pos(struct fd fd)
{
	if (fd.flags & FDPUT_POS_UNLOCK)
		__f_unlock_pos(fd.file);
	fdput(fd);
}

#endif
