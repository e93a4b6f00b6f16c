// SPDX-License-Identifier: MIT
/*
 * fs/readdir.c - getdents: directory entries as records in the caller's buffer.
 *
 * The d_off of a record is the position behind it, which is known only when the next entry comes:
 * so each entry completes the record before.
 */
#include <pagoda/kernel.h>
#include <pagoda/fs.h>
#include <pagoda/namei.h>
#include <pagoda/sched.h>
#include <asm/uaccess.h>
#include <syscalls.h>

int iterate_dir(struct file *file, struct dir_context *ctx)
{
	struct inode *inode = file_inode(file);
	int res = -ENOENT;

	if (!file->f_op->iterate_shared)
		return -ENOTDIR;
	inode_lock_shared(inode);
	if (!IS_DEADDIR(inode)) {
		ctx->pos = file->f_pos;
		res = file->f_op->iterate_shared(file, ctx);
		file->f_pos = ctx->pos;
		file_accessed(file);
	}
	inode_unlock_shared(inode);
	return res;
}

struct getdents {
	struct dir_context ctx;
	char __user *next;     /* where the next record goes */
	long __user *last_off; /* d_off of the last one, or NULL */
	int left;	       /* bytes of the buffer */
	int error;
	bool is64;
};

/* Both record types begin with d_ino, d_off and d_reclen. */
static_assert(offsetof(struct linux_dirent, d_off) == offsetof(struct linux_dirent64, d_off));

/* The type is behind the length in the new record, and its last byte in the old one. */
static int fill_tail(struct getdents *g, const char *name, int namlen, int reclen,
		     unsigned char d_type)
{
	char __user *rec = g->next;
	char __user *dst = rec + (g->is64 ? offsetof(struct linux_dirent64, d_name)
					  : offsetof(struct linux_dirent, d_name));
	char __user *type =
		g->is64 ? rec + offsetof(struct linux_dirent64, d_type) : rec + reclen - 1;

	if (copy_to_user(dst, name, namlen) || put_user('\0', dst + namlen) ||
	    put_user((char)d_type, type))
		return -EFAULT;
	return 0;
}

static bool filldir(struct dir_context *ctx, const char *name, int namlen, loff_t offset, u64 ino,
		    unsigned int d_type)
{
	struct getdents *g = container_of(ctx, struct getdents, ctx);
	struct linux_dirent __user *rec = (void __user *)g->next;
	int head = g->is64 ? offsetof(struct linux_dirent64, d_name)
			   : offsetof(struct linux_dirent, d_name) + 1;
	int reclen = ALIGN(head + namlen + 1, 8);

	g->error = -EINVAL; /* the buffer is too small for even one */
	if (reclen > g->left)
		return false;
	if (g->last_off && signal_pending(current)) {
		g->error = -EINTR;
		return false;
	}
	g->error = -EFAULT;
	if (g->last_off && put_user((long)offset, g->last_off))
		return false;
	if (put_user((unsigned long)ino, &rec->d_ino) ||
	    put_user((unsigned short)reclen, &rec->d_reclen) ||
	    fill_tail(g, name, namlen, reclen, d_type))
		return false;
	g->last_off = (long __user *)&rec->d_off;
	g->next += reclen;
	g->left -= reclen;
	g->error = 0;
	return true;
}

static long do_getdents(unsigned int fd, void __user *dirent, unsigned int count, bool is64)
{
	struct getdents g = {
		.ctx.actor = filldir,
		.next = dirent,
		.left = min(count, (unsigned int)INT_MAX),
		.is64 = is64,
	};
	struct fd f = fdget_pos(fd);
	long error;

	if (!f.file)
		return -EBADF;
	error = iterate_dir(f.file, &g.ctx);
	if (error >= 0)
		error = g.error;
	if (g.last_off) {
		if (put_user((long)g.ctx.pos, g.last_off))
			error = -EFAULT;
		else
			error = g.next - (char __user *)dirent;
	}
	fdput_pos(f);
	return error;
}

long sys_getdents(unsigned int fd, struct linux_dirent __user *dirent, unsigned int count)
{
	return do_getdents(fd, dirent, count, false);
}

long sys_getdents64(unsigned int fd, struct linux_dirent64 __user *dirent, unsigned int count)
{
	return do_getdents(fd, dirent, count, true);
}
