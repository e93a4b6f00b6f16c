// SPDX-License-Identifier: MIT
/*
 * fs/read_write.c - read, write and seek.
 *
 * Every form ends in vfs_read(), vfs_write() or vfs_iter_*(), which check the mode of the file and
 * the range, and call the file's method: read or read_iter, whichever it has.
 *
 * The position: a file with FMODE_STREAM has none (ppos is NULL, methods see 0); else f_pos is
 * copied before and stored after the call, under f_pos_lock where several could use it.
 */
#include <pagoda/kernel.h>
#include <pagoda/fs.h>
#include <pagoda/sched.h>
#include <pagoda/signal.h>
#include <pagoda/slab.h>
#include <asm/uaccess.h>
#include <syscalls.h>

/* ---- the core ---------------------------------------------------------------------------- */

int rw_verify_area(int read_write, struct file *file, const loff_t *pos, size_t count)
{
	if (unlikely((ssize_t)count < 0))
		return -EINVAL;
	if (pos && unlikely(*pos < 0 || (loff_t)(*pos + count) < 0)) {
		/* positions of /proc/PID/mem are addresses, all 64 bits of them */
		if (!(file->f_mode & FMODE_UNSIGNED_OFFSET))
			return *pos < 0 ? -EINVAL : -EOVERFLOW;
	}
	return 0;
}

static ssize_t do_iter(struct file *file, struct iov_iter *iter, loff_t *ppos, int flags, int type)
{
	struct kiocb kiocb;
	ssize_t ret;

	init_sync_kiocb(&kiocb, file);
	kiocb.ki_flags |= flags;
	kiocb.ki_pos = ppos ? *ppos : 0;
	if (type == READ)
		ret = file->f_op->read_iter(&kiocb, iter);
	else
		ret = file->f_op->write_iter(&kiocb, iter);
	if (ppos)
		*ppos = kiocb.ki_pos;
	return ret;
}

ssize_t vfs_read(struct file *file, char __user *buf, size_t count, loff_t *pos)
{
	struct iov_iter iter;
	ssize_t ret;

	if (unlikely(!(file->f_mode & FMODE_READ)))
		return -EBADF;
	if (unlikely(!(file->f_mode & FMODE_CAN_READ)))
		return -EINVAL;
	if (unlikely(!access_ok(buf, count)))
		return -EFAULT;
	ret = rw_verify_area(READ, file, pos, count);
	if (ret)
		return ret;
	count = min(count, MAX_RW_COUNT);
	if (file->f_op->read)
		return file->f_op->read(file, buf, count, pos);
	iov_iter_ubuf(&iter, READ, buf, count);
	return do_iter(file, &iter, pos, 0, READ);
}

ssize_t vfs_write(struct file *file, const char __user *buf, size_t count, loff_t *pos)
{
	struct iov_iter iter;
	ssize_t ret;

	if (unlikely(!(file->f_mode & FMODE_WRITE)))
		return -EBADF;
	if (unlikely(!(file->f_mode & FMODE_CAN_WRITE)))
		return -EINVAL;
	if (unlikely(!access_ok(buf, count)))
		return -EFAULT;
	ret = rw_verify_area(WRITE, file, pos, count);
	if (ret)
		return ret;
	count = min(count, MAX_RW_COUNT);
	if (file->f_op->write)
		return file->f_op->write(file, buf, count, pos);
	iov_iter_ubuf(&iter, WRITE, (char __user *)buf, count);
	return do_iter(file, &iter, pos, 0, WRITE);
}

/* A method without iterators is called once for each segment, until one comes back short. */
static ssize_t do_loop(struct file *file, struct iov_iter *iter, loff_t *ppos, int type)
{
	ssize_t ret = 0;

	if (!user_backed_iter(iter))
		return -EINVAL;
	while (iov_iter_count(iter)) {
		void __user *base;
		size_t len;
		ssize_t nr;

		if (iter->iter_type == ITER_UBUF) {
			base = iter->ubuf + iter->iov_offset;
			len = iter->count;
		} else {
			base = (void __user *)iter->iov->iov_base + iter->iov_offset;
			len = min(iter->iov->iov_len - iter->iov_offset, iter->count);
		}
		if (type == READ)
			nr = file->f_op->read(file, base, len, ppos);
		else
			nr = file->f_op->write(file, base, len, ppos);
		if (nr < 0)
			return ret ?: nr;
		ret += nr;
		if (nr != len)
			break;
		iov_iter_advance(iter, nr);
	}
	return ret;
}

static ssize_t iter_read(struct file *file, struct iov_iter *iter, loff_t *ppos, int flags)
{
	ssize_t ret;

	if (!(file->f_mode & FMODE_READ))
		return -EBADF;
	if (!(file->f_mode & FMODE_CAN_READ))
		return -EINVAL;
	ret = rw_verify_area(READ, file, ppos, iov_iter_count(iter));
	if (ret || !iov_iter_count(iter))
		return ret;
	if (file->f_op->read_iter)
		return do_iter(file, iter, ppos, flags, READ);
	return do_loop(file, iter, ppos, READ);
}

static ssize_t iter_write(struct file *file, struct iov_iter *iter, loff_t *ppos, int flags)
{
	ssize_t ret;

	if (!(file->f_mode & FMODE_WRITE))
		return -EBADF;
	if (!(file->f_mode & FMODE_CAN_WRITE))
		return -EINVAL;
	ret = rw_verify_area(WRITE, file, ppos, iov_iter_count(iter));
	if (ret || !iov_iter_count(iter))
		return ret;
	if (file->f_op->write_iter)
		return do_iter(file, iter, ppos, flags, WRITE);
	return do_loop(file, iter, ppos, WRITE);
}

ssize_t kernel_read(struct file *file, void *buf, size_t count, loff_t *pos)
{
	struct kvec iov = {.iov_base = buf, .iov_len = min(count, MAX_RW_COUNT)};
	struct iov_iter iter;

	iov_iter_kvec(&iter, READ, &iov, 1, iov.iov_len);
	return iter_read(file, &iter, pos, 0);
}

ssize_t kernel_write(struct file *file, const void *buf, size_t count, loff_t *pos)
{
	struct kvec iov = {.iov_base = (void *)buf, .iov_len = min(count, MAX_RW_COUNT)};
	struct iov_iter iter;

	iov_iter_kvec(&iter, WRITE, &iov, 1, iov.iov_len);
	return iter_write(file, &iter, pos, 0);
}

/* i_rwsem of a regular file is held. */
ssize_t generic_write_checks(struct kiocb *iocb, struct iov_iter *from)
{
	struct inode *inode = file_inode(iocb->ki_filp);
	u64 limit = rlimit(RLIMIT_FSIZE);
	loff_t pos;

	if (!iov_iter_count(from))
		return 0;
	if (iocb->ki_flags & IOCB_APPEND)
		iocb->ki_pos = i_size_read(inode);
	pos = iocb->ki_pos;
	if (pos >= limit) {
		send_sig(SIGXFSZ, current, 0);
		return -EFBIG;
	}
	iov_iter_truncate(from, limit - pos);
	limit = iocb->ki_filp->f_flags & O_LARGEFILE ? inode->i_sb->s_maxbytes : S32_MAX;
	if (pos >= limit)
		return -EFBIG;
	iov_iter_truncate(from, limit - pos);
	return iov_iter_count(from);
}

/* ---- read and write: the calls ----------------------------------------------------------- */

/* A copy of the file's offset to read or write at, in *pos; NULL for a file that has none. */
static loff_t *load_pos(const struct file *file, loff_t *pos)
{
	if (file->f_mode & FMODE_STREAM)
		return NULL;
	*pos = file->f_pos;
	return pos;
}

/* The offset moves when the call succeeds. */
static void store_pos(struct file *file, loff_t pos, ssize_t ret)
{
	if (ret >= 0 && !(file->f_mode & FMODE_STREAM))
		file->f_pos = pos;
}

long sys_read(unsigned int fd, char __user *buf, size_t count)
{
	struct fd f = fdget_pos(fd);
	ssize_t ret;
	loff_t pos;

	if (!f.file)
		return -EBADF;
	ret = vfs_read(f.file, buf, count, load_pos(f.file, &pos));
	store_pos(f.file, pos, ret);
	fdput_pos(f);
	return ret;
}

long sys_write(unsigned int fd, const char __user *buf, size_t count)
{
	struct fd f = fdget_pos(fd);
	ssize_t ret;
	loff_t pos;

	if (!f.file)
		return -EBADF;
	ret = vfs_write(f.file, buf, count, load_pos(f.file, &pos));
	store_pos(f.file, pos, ret);
	fdput_pos(f);
	return ret;
}

long sys_pread64(unsigned int fd, char __user *buf, size_t count, loff_t pos)
{
	struct fd f;
	ssize_t ret = -ESPIPE;

	if (pos < 0)
		return -EINVAL;
	f = fdget(fd);
	if (!f.file)
		return -EBADF;
	if (f.file->f_mode & FMODE_PREAD)
		ret = vfs_read(f.file, buf, count, &pos);
	fdput(f);
	return ret;
}

long sys_pwrite64(unsigned int fd, const char __user *buf, size_t count, loff_t pos)
{
	struct fd f;
	ssize_t ret = -ESPIPE;

	if (pos < 0)
		return -EINVAL;
	f = fdget(fd);
	if (!f.file)
		return -EBADF;
	if (f.file->f_mode & FMODE_PWRITE)
		ret = vfs_write(f.file, buf, count, &pos);
	fdput(f);
	return ret;
}

/* ---- vectors ----------------------------------------------------------------------------- */

static int rwf_to_iocb(int flags)
{
	int iocb = 0;

	if (flags & ~(RWF_HIPRI | RWF_DSYNC | RWF_SYNC | RWF_NOWAIT | RWF_APPEND))
		return -EOPNOTSUPP;
	if (flags & RWF_NOWAIT)
		return -EOPNOTSUPP;
	if (flags & RWF_APPEND)
		iocb |= IOCB_APPEND;
	if (flags & (RWF_DSYNC | RWF_SYNC))
		iocb |= IOCB_SYNC;
	return iocb;
}

static ssize_t do_vector(struct file *file, const struct iovec __user *vec, unsigned long vlen,
			 loff_t *pos, int flags, int type)
{
	struct iovec iovstack[UIO_FASTIOV], *iov = iovstack;
	int iocb = rwf_to_iocb(flags);
	struct iov_iter iter;
	ssize_t ret;

	if (iocb < 0)
		return iocb;
	ret = import_iovec(type, vec, vlen, UIO_FASTIOV, &iov, &iter);
	if (ret < 0)
		return ret;
	if (type == READ)
		ret = iter_read(file, &iter, pos, iocb);
	else
		ret = iter_write(file, &iter, pos, iocb);
	kfree(iov);
	return ret;
}

static ssize_t do_rwv(unsigned long fd, const struct iovec __user *vec, unsigned long vlen,
		      int flags, int type)
{
	struct fd f = fdget_pos(fd);
	ssize_t ret;
	loff_t pos;

	if (!f.file)
		return -EBADF;
	ret = do_vector(f.file, vec, vlen, load_pos(f.file, &pos), flags, type);
	store_pos(f.file, pos, ret);
	fdput_pos(f);
	return ret;
}

static ssize_t do_prwv(unsigned long fd, const struct iovec __user *vec, unsigned long vlen,
		       loff_t pos, int flags, int type)
{
	struct fd f;
	ssize_t ret = -ESPIPE;

	if (pos < 0)
		return -EINVAL;
	f = fdget(fd);
	if (!f.file)
		return -EBADF;
	if (f.file->f_mode & (type == READ ? FMODE_PREAD : FMODE_PWRITE))
		ret = do_vector(f.file, vec, vlen, &pos, flags, type);
	fdput(f);
	return ret;
}

long sys_readv(unsigned long fd, const struct iovec __user *vec, unsigned long vlen)
{
	return do_rwv(fd, vec, vlen, 0, READ);
}

long sys_writev(unsigned long fd, const struct iovec __user *vec, unsigned long vlen)
{
	return do_rwv(fd, vec, vlen, 0, WRITE);
}

long sys_preadv(unsigned long fd, const struct iovec __user *vec, unsigned long vlen,
		unsigned long pos_l, unsigned long pos_h)
{
	return do_prwv(fd, vec, vlen, pos_l, 0, READ);
}

long sys_pwritev(unsigned long fd, const struct iovec __user *vec, unsigned long vlen,
		 unsigned long pos_l, unsigned long pos_h)
{
	return do_prwv(fd, vec, vlen, pos_l, 0, WRITE);
}

/* Position -1: the file's own. */
long sys_preadv2(unsigned long fd, const struct iovec __user *vec, unsigned long vlen,
		 unsigned long pos_l, unsigned long pos_h, int flags)
{
	if ((loff_t)pos_l == -1)
		return do_rwv(fd, vec, vlen, flags, READ);
	return do_prwv(fd, vec, vlen, pos_l, flags, READ);
}

long sys_pwritev2(unsigned long fd, const struct iovec __user *vec, unsigned long vlen,
		  unsigned long pos_l, unsigned long pos_h, int flags)
{
	if ((loff_t)pos_l == -1)
		return do_rwv(fd, vec, vlen, flags, WRITE);
	return do_prwv(fd, vec, vlen, pos_l, flags, WRITE);
}
