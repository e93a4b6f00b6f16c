// SPDX-License-Identifier: MIT
/*
 * fs/seq_file.c - files whose text is made when they are read.
 *
 * The buffer holds whole records: record m->index is the next to be made, `count` bytes from `from`
 * on are made and not handed out yet. A record that does not fit makes the buffer double and is
 * made again. Reading at another place than the last read's end starts again and skips.
 *
 * Locks: m->lock over each read and seek.
 */
#include <pagoda/kernel.h>
#include <pagoda/ctype.h>
#include <pagoda/fs.h>
#include <pagoda/seq_file.h>
#include <pagoda/slab.h>

static void *seq_buf_alloc(unsigned long size)
{
	if (unlikely(size > MAX_RW_COUNT))
		return NULL;
	return kvmalloc(size, GFP_KERNEL_ACCOUNT);
}

/* ---- opening and closing ----------------------------------------------------------------- */

int seq_open(struct file *file, const struct seq_operations *op)
{
	struct seq_file *p = kzalloc(sizeof(*p), GFP_KERNEL);

	if (!p)
		return -ENOMEM;
	file->private_data = p;
	mutex_init(&p->lock);
	p->op = op;
	p->file = file;
	return 0;
}

int seq_release(struct inode *inode, struct file *file)
{
	struct seq_file *m = file->private_data;

	kvfree(m->buf);
	kfree(m);
	return 0;
}

void *__seq_open_private(struct file *file, const struct seq_operations *ops, int psize)
{
	void *private = kzalloc(psize, GFP_KERNEL);
	struct seq_file *seq;

	if (!private)
		return NULL;
	if (seq_open(file, ops)) {
		kfree(private);
		return NULL;
	}
	seq = file->private_data;
	seq->private = private;
	return private;
}

int seq_open_private(struct file *file, const struct seq_operations *ops, int psize)
{
	return __seq_open_private(file, ops, psize) ? 0 : -ENOMEM;
}

int seq_release_private(struct inode *inode, struct file *file)
{
	struct seq_file *seq = file->private_data;

	kfree(seq->private);
	seq->private = NULL;
	return seq_release(inode, file);
}

/* single_open: one record, and the show function stands in a seq_operations of its own. */
static void *single_start(struct seq_file *p, loff_t *pos)
{
	return *pos ? NULL : SEQ_START_TOKEN;
}

static void *single_next(struct seq_file *p, void *v, loff_t *pos)
{
	++*pos;
	return NULL;
}

static void single_stop(struct seq_file *p, void *v)
{
}

int single_open(struct file *file, int (*show)(struct seq_file *, void *), void *data)
{
	struct seq_operations *op = kmalloc(sizeof(*op), GFP_KERNEL);
	int res = -ENOMEM;

	if (!op)
		return res;
	op->start = single_start;
	op->next = single_next;
	op->stop = single_stop;
	op->show = show;
	res = seq_open(file, op);
	if (res)
		kfree(op);
	else
		((struct seq_file *)file->private_data)->private = data;
	return res;
}

int single_release(struct inode *inode, struct file *file)
{
	const struct seq_operations *op = ((struct seq_file *)file->private_data)->op;
	int res = seq_release(inode, file);

	kfree(op);
	return res;
}

/* ---- reading ----------------------------------------------------------------------------- */

/* A larger buffer, empty. */
static int seq_grow(struct seq_file *m)
{
	kvfree(m->buf);
	m->count = 0;
	m->buf = seq_buf_alloc(m->size = m->size ? m->size * 2 : PAGE_SIZE);
	return m->buf ? 0 : -ENOMEM;
}

/* Makes records from m->index on, and skips them, until `offset` bytes are behind. */
static int traverse(struct seq_file *m, loff_t offset)
{
	loff_t pos = 0;
	int error = 0;
	void *p;

	m->index = 0;
	m->count = m->from = 0;
	if (!offset)
		return 0;
	if (!m->buf && seq_grow(m))
		return -ENOMEM;
	p = m->op->start(m, &m->index);
	while (p) {
		error = PTR_ERR_OR_ZERO(p);
		if (error)
			break;
		error = m->op->show(m, p);
		if (error < 0)
			break;
		if (unlikely(error)) {
			error = 0;
			m->count = 0;
		}
		if (seq_has_overflowed(m)) {
			m->op->stop(m, p);
			return seq_grow(m) ?: -EAGAIN;
		}
		p = m->op->next(m, p, &m->index);
		if (pos + m->count > offset) {
			m->from = offset - pos;
			m->count -= m->from;
			break;
		}
		pos += m->count;
		m->count = 0;
		if (pos == offset)
			break;
	}
	m->op->stop(m, p);
	return error;
}

/* The first record that is not empty into the buffer; *pp is what follows. 0, 1: the end, -errno.
 */
static int first_record(struct seq_file *m, void **pp)
{
	void *p = m->op->start(m, &m->index);
	int err;

	for (;;) {
		if (!p || IS_ERR(p)) {
			err = p ? PTR_ERR(p) : 1;
			break;
		}
		err = m->op->show(m, p);
		if (err < 0)
			break;
		if (err)
			m->count = 0;
		if (!m->count) {
			p = m->op->next(m, p, &m->index);
			continue;
		}
		if (!seq_has_overflowed(m)) {
			*pp = p;
			return 0;
		}
		m->op->stop(m, p);
		err = seq_grow(m);
		if (err)
			return err;
		p = m->op->start(m, &m->index);
	}
	m->op->stop(m, p);
	m->count = 0;
	return err;
}

/* More records behind the first, as long as they are wanted and fit. */
static void more_records(struct seq_file *m, void *p, size_t wanted)
{
	for (;;) {
		size_t offs = m->count;
		loff_t pos = m->index;
		int err;

		p = m->op->next(m, p, &m->index);
		if (pos == m->index)
			m->index++; /* a ->next() that forgot to: no endless loop */
		if (!p || IS_ERR(p) || m->count >= wanted)
			break;
		err = m->op->show(m, p);
		if (err > 0) {
			m->count = offs;
		} else if (err || seq_has_overflowed(m)) {
			m->count = offs;
			break;
		}
	}
	m->op->stop(m, p);
}

static size_t hand_out(struct seq_file *m, struct iov_iter *iter)
{
	size_t n = copy_to_iter(m->buf + m->from, m->count, iter);

	m->count -= n;
	m->from += n;
	if (!m->count)
		m->from = 0;
	return n;
}

/* m->lock is held. Bytes or -errno. */
static ssize_t seq_read_locked(struct seq_file *m, struct kiocb *iocb, struct iov_iter *iter)
{
	size_t copied = 0;
	void *p = NULL;
	int err = 0;

	if (iocb->ki_pos == 0) {
		m->index = 0;
		m->count = m->from = 0;
	} else if (iocb->ki_pos != m->read_pos) {
		do {
			err = traverse(m, iocb->ki_pos);
		} while (err == -EAGAIN);
		if (err) {
			m->read_pos = 0;
			m->index = 0;
			m->count = m->from = 0;
			return err;
		}
		m->read_pos = iocb->ki_pos;
	}
	if (!m->buf && seq_grow(m))
		return -ENOMEM;
	if (m->count) {
		copied = hand_out(m, iter);
		if (m->count || !iov_iter_count(iter))
			goto done;
	}
	m->from = 0;
	err = first_record(m, &p);
	if (err == 0) {
		more_records(m, p, iov_iter_count(iter));
		copied += hand_out(m, iter);
	} else if (err > 0) {
		err = 0;
	}
done:
	if (!copied)
		return m->count ? -EFAULT : err;
	m->read_pos += copied;
	iocb->ki_pos += copied;
	return copied;
}

ssize_t seq_read_iter(struct kiocb *iocb, struct iov_iter *iter)
{
	struct seq_file *m = iocb->ki_filp->private_data;
	ssize_t ret;

	if (!iov_iter_count(iter))
		return 0;
	mutex_lock(&m->lock);
	if (iocb->ki_pos == 0)
		m->read_pos = 0;
	ret = seq_read_locked(m, iocb, iter);
	mutex_unlock(&m->lock);
	return ret;
}

loff_t seq_lseek(struct file *file, loff_t offset, int whence)
{
	struct seq_file *m = file->private_data;
	loff_t retval = -EINVAL;

	mutex_lock(&m->lock);
	switch (whence) {
	case SEEK_CUR:
		offset += file->f_pos;
		fallthrough;
	case SEEK_SET:
		if (offset < 0)
			break;
		retval = offset;
		if (offset == m->read_pos) {
			file->f_pos = offset;
			break;
		}
		while ((retval = traverse(m, offset)) == -EAGAIN)
			;
		if (retval) {
			file->f_pos = 0;
			m->read_pos = 0;
			m->index = 0;
			m->count = m->from = 0;
		} else {
			m->read_pos = offset;
			retval = file->f_pos = offset;
		}
		break;
	}
	mutex_unlock(&m->lock);
	return retval;
}

/* ---- iterating over a list --------------------------------------------------------------- */
