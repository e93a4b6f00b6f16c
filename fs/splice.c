// SPDX-License-Identifier: MIT
/*
 * fs/splice.c - moving data between files inside the kernel: sendfile and copy_file_range.
 *
 * Both read into a page of the kernel and write from it. splice, tee and vmsplice, whose point is
 * to move pages without copying, are not there (ENOSYS).
 */
#include <pagoda/kernel.h>
#include <pagoda/fs.h>
#include <pagoda/gfp.h>
#include <pagoda/sched.h>
#include <asm/page.h>
#include <asm/uaccess.h>
#include <syscalls.h>

/* Bytes copied, or -errno if there were none. Both positions move. */
static ssize_t copy_loop(struct file *in, loff_t *in_pos, struct file *out, loff_t *out_pos,
			 size_t count)
{
	char *page = (char *)__get_free_page(GFP_KERNEL);
	ssize_t done = 0, n = 0, w;

	if (!page)
		return -ENOMEM;
	while (done < count) {
		loff_t pos = *in_pos;

		if (signal_pending(current)) {
			n = -EINTR;
			break;
		}
		n = kernel_read(in, page, min(count - done, (size_t)PAGE_SIZE), &pos);
		if (n <= 0)
			break;
		w = kernel_write(out, page, n, out_pos);
		if (w < 0) {
			n = w;
			break;
		}
		*in_pos += w;
		done += w;
		if (w < n)
			break;
		cond_resched();
	}
	free_page((unsigned long)page);
	return done ?: n;
}

/* A file can be sent from if it is read through pages or made by a seq_file: both seek. */
static ssize_t do_sendfile(struct file *in, loff_t *ppos, struct file *out, size_t count)
{
	loff_t in_pos = ppos ? *ppos : in->f_pos, *out_pos;
	ssize_t ret;

	if (!(in->f_mode & FMODE_READ) || !(out->f_mode & FMODE_WRITE))
		return -EBADF;
	if (ppos && !(in->f_mode & FMODE_PREAD))
		return -ESPIPE;
	if (!in->f_op->read_iter || !out->f_op->write_iter || !(in->f_mode & FMODE_LSEEK))
		return -EINVAL;
	if (out->f_flags & O_APPEND)
		return -EINVAL;
	ret = rw_verify_area(READ, in, &in_pos, count);
	if (ret)
		return ret;
	out_pos = out->f_mode & FMODE_STREAM ? NULL : &out->f_pos;
	ret = copy_loop(in, &in_pos, out, out_pos, min(count, MAX_RW_COUNT));
	if (ret > 0) {
		if (ppos)
			*ppos = in_pos;
		else
			in->f_pos = in_pos;
	}
	return ret;
}

/* pos: where to read, and afterwards where the next read goes on; NULL: the file's own position. */
static ssize_t sendfile_fds(int out_fd, int in_fd, loff_t *pos, size_t count)
{
	struct fd in, out;
	ssize_t ret = -EBADF;

	in = fdget(in_fd);
	if (!in.file)
		return -EBADF;
	out = fdget(out_fd);
	if (out.file)
		ret = do_sendfile(in.file, pos, out.file, count);
	fdput(out);
	fdput(in);
	return ret;
}

long sys_sendfile(int out_fd, int in_fd, loff_t __user *offset, size_t count)
{
	loff_t pos;
	ssize_t ret;

	if (offset && get_user(pos, offset))
		return -EFAULT;
	ret = sendfile_fds(out_fd, in_fd, offset ? &pos : NULL, count);
	return offset && put_user(pos, offset) ? -EFAULT : ret;
}

long compat_sys_sendfile(int out_fd, int in_fd, s32 __user *offset, u32 count)
{
	ssize_t ret;
	loff_t pos;
	s32 off;

	if (offset && get_user(off, offset))
		return -EFAULT;
	pos = offset ? off : 0;
	ret = sendfile_fds(out_fd, in_fd, offset ? &pos : NULL, count);
	return offset && put_user((s32)pos, offset) ? -EFAULT : ret;
}

static ssize_t do_copy_file_range(struct file *in, loff_t *in_pos, struct file *out,
				  loff_t *out_pos, size_t len)
{
	struct inode *iin = file_inode(in), *iout = file_inode(out);

	if (!(in->f_mode & FMODE_READ) || !(out->f_mode & FMODE_WRITE) || (out->f_flags & O_APPEND))
		return -EBADF;
	if (S_ISDIR(iin->i_mode) || S_ISDIR(iout->i_mode))
		return -EISDIR;
	if (!S_ISREG(iin->i_mode) || !S_ISREG(iout->i_mode))
		return -EINVAL;
	if (iin->i_sb->s_type != iout->i_sb->s_type)
		return -EXDEV;
	if (*in_pos < 0 || *out_pos < 0 || (ssize_t)len < 0 || (loff_t)(*in_pos + len) < 0 ||
	    (loff_t)(*out_pos + len) < 0)
		return -EOVERFLOW;
	if (!in->f_op->read_iter || !out->f_op->write_iter)
		return -EINVAL;
	if (iin == iout && *in_pos < *out_pos + (loff_t)len && *out_pos < *in_pos + (loff_t)len)
		return -EINVAL;
	return copy_loop(in, in_pos, out, out_pos, min(len, MAX_RW_COUNT));
}

/* *pos: from the caller's variable, or the file's own position. */
static int get_pos(struct file *file, loff_t __user *off, loff_t *pos)
{
	if (off)
		return get_user(*pos, off);
	*pos = file->f_pos;
	return 0;
}

static int put_pos(struct file *file, loff_t __user *off, loff_t pos)
{
	if (off)
		return put_user(pos, off);
	file->f_pos = pos;
	return 0;
}

long sys_copy_file_range(int fd_in, loff_t __user *off_in, int fd_out, loff_t __user *off_out,
			 size_t len, unsigned int flags)
{
	loff_t in_pos, out_pos;
	struct fd in, out;
	ssize_t ret = -EBADF;

	in = fdget(fd_in);
	if (!in.file)
		return ret;
	out = fdget(fd_out);
	if (!out.file)
		goto out_in;
	ret = -EFAULT;
	if (get_pos(in.file, off_in, &in_pos) || get_pos(out.file, off_out, &out_pos))
		goto out_both;
	ret = -EINVAL;
	if (flags)
		goto out_both;
	ret = do_copy_file_range(in.file, &in_pos, out.file, &out_pos, len);
	if (ret > 0 && (put_pos(in.file, off_in, in_pos) || put_pos(out.file, off_out, out_pos)))
		ret = -EFAULT;
out_both:
	fdput(out);
out_in:
	fdput(in);
	return ret;
}
