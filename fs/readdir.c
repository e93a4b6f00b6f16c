// SPDX-License-Identifier: MIT
/*
 * fs/readdir.c - getdents: directory entries as records in the caller's buffer.
 *
 * The d_off of a record is the position behind it, which is known only when the next entry comes:
 * so each entry completes the record before.
 */
#include <pagoda/compat.h>
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

/* The three forms of a record; all begin with the number, the offset and the length. */
enum dirent_type { DIRENT, DIRENT64, COMPAT_DIRENT };

struct getdents {
	struct dir_context ctx;
	char __user *next;     /* where the next record goes */
	char __user *last_off; /* d_off of the last one, or NULL */
	int left;	       /* bytes of the buffer */
	int error;
	enum dirent_type type;
};

static_assert(offsetof(struct linux_dirent, d_off) == offsetof(struct linux_dirent64, d_off));
static_assert(offsetof(struct linux_dirent, d_reclen) == offsetof(struct linux_dirent64, d_reclen));

static int put_offset(const struct getdents *g, loff_t offset)
{
	if (g->type == COMPAT_DIRENT)
		return put_user((u32)offset, (u32 __user *)g->last_off);
	return put_user((long)offset, (long __user *)g->last_off);
}

static int fill_head(struct getdents *g, u64 ino, int reclen)
{
	struct compat_linux_dirent __user *compat = (void __user *)g->next;
	struct linux_dirent __user *rec = (void __user *)g->next;

	if (g->type == COMPAT_DIRENT)
		return put_user((u32)ino, &compat->d_ino)
			       ?: put_user((u16)reclen, &compat->d_reclen);
	return put_user((unsigned long)ino, &rec->d_ino)
		       ?: put_user((unsigned short)reclen, &rec->d_reclen);
}

/* The type is behind the length in the 64-bit record, and the last byte of the others. */
static int fill_tail(struct getdents *g, const char *name, int namlen, int name_at, int reclen,
		     unsigned char d_type)
{
	char __user *rec = g->next, *dst = rec + name_at;
	char __user *type = g->type == DIRENT64 ? rec + offsetof(struct linux_dirent64, d_type)
						: rec + reclen - 1;

	if (copy_to_user(dst, name, namlen) || put_user('\0', dst + namlen) ||
	    put_user((char)d_type, type))
		return -EFAULT;
	return 0;
}

static bool filldir(struct dir_context *ctx, const char *name, int namlen, loff_t offset, u64 ino,
		    unsigned int d_type)
{
	static const struct {
		int off, name, tail, align;
	} layout[] = {
		[DIRENT] = {offsetof(struct linux_dirent, d_off),
			    offsetof(struct linux_dirent, d_name), 2, 8},
		[DIRENT64] = {offsetof(struct linux_dirent64, d_off),
			      offsetof(struct linux_dirent64, d_name), 1, 8},
		[COMPAT_DIRENT] = {offsetof(struct compat_linux_dirent, d_off),
				   offsetof(struct compat_linux_dirent, d_name), 2, 4},
	};
	struct getdents *g = container_of(ctx, struct getdents, ctx);
	int name_at = layout[g->type].name;
	int reclen = ALIGN(name_at + namlen + layout[g->type].tail, layout[g->type].align);

	g->error = -EINVAL; /* the buffer is too small for even one */
	if (reclen > g->left)
		return false;
	if (g->last_off && signal_pending(current)) {
		g->error = -EINTR;
		return false;
	}
	g->error = -EOVERFLOW;
	if (g->type == COMPAT_DIRENT && ino > U32_MAX)
		return false;
	g->error = -EFAULT;
	if ((g->last_off && put_offset(g, offset)) || fill_head(g, ino, reclen) ||
	    fill_tail(g, name, namlen, name_at, reclen, d_type))
		return false;
	g->last_off = g->next + layout[g->type].off;
	g->next += reclen;
	g->left -= reclen;
	g->error = 0;
	return true;
}

static long do_getdents(unsigned int fd, void __user *dirent, unsigned int count,
			enum dirent_type type)
{
	struct getdents g = {
		.ctx.actor = filldir,
		.next = dirent,
		.left = min(count, (unsigned int)INT_MAX),
		.type = type,
	};
	struct fd f = fdget_pos(fd);
	long error;

	if (!f.file)
		return -EBADF;
	error = iterate_dir(f.file, &g.ctx);
	if (error >= 0)
		error = g.error;
	if (g.last_off) {
		if (put_offset(&g, g.ctx.pos))
			error = -EFAULT;
		else
			error = g.next - (char __user *)dirent;
	}
	fdput_pos(f);
	return error;
}

long sys_getdents(unsigned int fd, struct linux_dirent __user *dirent, unsigned int count)
{
	return do_getdents(fd, dirent, count, DIRENT);
}

long sys_getdents64(unsigned int fd, struct linux_dirent64 __user *dirent, unsigned int count)
{
	return do_getdents(fd, dirent, count, DIRENT64);
}

long compat_sys_getdents(unsigned int fd, struct compat_linux_dirent __user *dirent,
			 unsigned int count)
{
	return do_getdents(fd, dirent, count, COMPAT_DIRENT);
}

/* ---- readdir(2) -------------------------------------------------------------------------- */

struct old_readdir {
	struct dir_context ctx;
	struct compat_old_linux_dirent __user *dirent;
	int result; /* entries stored, 0 or 1; or -errno */
};

static bool fill_one(struct dir_context *ctx, const char *name, int namlen, loff_t offset, u64 ino,
		     unsigned int d_type)
{
	struct old_readdir *r = container_of(ctx, struct old_readdir, ctx);
	struct compat_old_linux_dirent __user *d = r->dirent;

	if (r->result)
		return false;
	r->result = -EOVERFLOW;
	if (ino > U32_MAX)
		return false;
	r->result = -EFAULT;
	if (put_user((u32)ino, &d->d_ino) || put_user((u32)offset, &d->d_offset) ||
	    put_user((u16)namlen, &d->d_namlen) || copy_to_user(d->d_name, name, namlen) ||
	    put_user('\0', d->d_name + namlen))
		return false;
	r->result = 1;
	return true;
}

/* @count is ignored. 1, or 0 at the end of the directory. */
long compat_sys_old_readdir(unsigned int fd, struct compat_old_linux_dirent __user *dirent,
			    unsigned int count)
{
	struct old_readdir r = {.ctx.actor = fill_one, .dirent = dirent};
	struct fd f = fdget_pos(fd);
	int error;

	if (!f.file)
		return -EBADF;
	error = iterate_dir(f.file, &r.ctx);
	fdput_pos(f);
	return r.result ? r.result : error;
}
