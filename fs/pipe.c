// SPDX-License-Identifier: MIT
/*
 * fs/pipe.c - the ring of a pipe: reading, writing, waiting. Opening is in fs/fifo.c.
 *
 *	bufs[tail & mask] .. bufs[(head - 1) & mask]	pages with data, oldest first
 *
 * A write fills pages; a small one is appended to the last page if it fits there whole, so that
 * writes up to PIPE_BUF are never split between two buffers' readers. A read empties from tail.
 * Pages are taken from, and returned to, a small stock (tmp_page), so that a pipe in steady use
 * allocates nothing.
 *
 * Locks: pipe->mutex guards the ring and the counts of ends; it is not held while sleeping for data
 * or room. Whoever changes empty to not empty (or full to not full) wakes the other side.
 */
#include <pagoda/kernel.h>
#include <pagoda/cred.h>
#include <pagoda/fs.h>
#include <pagoda/page.h>
#include <pagoda/pipe.h>
#include <pagoda/poll.h>
#include <pagoda/sched.h>
#include <pagoda/signal.h>
#include <pagoda/slab.h>
#include <asm/uaccess.h>
#include <uapi/ioctls.h>
#include "internal.h"

unsigned int pipe_max_size = 1048576;

static struct kmem_cache *pipe_cachep;

void pipe_ring_init(void)
{
	pipe_cachep = KMEM_CACHE(pipe_inode_info, SLAB_PANIC | SLAB_ACCOUNT);
}

static inline bool pipe_empty(const struct pipe_inode_info *pipe)
{
	return READ_ONCE(pipe->head) == READ_ONCE(pipe->tail);
}

static inline bool pipe_full(const struct pipe_inode_info *pipe)
{
	return READ_ONCE(pipe->head) - READ_ONCE(pipe->tail) >= pipe->ring_size;
}

static inline struct pipe_buffer *pipe_buf(const struct pipe_inode_info *pipe, unsigned int slot)
{
	return &pipe->bufs[slot & (pipe->ring_size - 1)];
}

/* ---- pages ------------------------------------------------------------------------------- */

static struct page *get_pipe_page(struct pipe_inode_info *pipe)
{
	for (int i = 0; i < ARRAY_SIZE(pipe->tmp_page); i++) {
		struct page *page = pipe->tmp_page[i];

		if (page) {
			pipe->tmp_page[i] = NULL;
			return page;
		}
	}
	return alloc_page(GFP_HIGHUSER | __GFP_ACCOUNT);
}

static void put_pipe_page(struct pipe_inode_info *pipe, struct page *page)
{
	for (int i = 0; i < ARRAY_SIZE(pipe->tmp_page); i++) {
		if (!pipe->tmp_page[i]) {
			pipe->tmp_page[i] = page;
			return;
		}
	}
	__free_page(page);
}

/* ---- the pipe itself --------------------------------------------------------------------- */

struct pipe_inode_info *alloc_pipe_info(void)
{
	struct pipe_inode_info *pipe = kmem_cache_zalloc(pipe_cachep, GFP_KERNEL);

	if (!pipe)
		return NULL;
	pipe->bufs = kcalloc(PIPE_DEF_BUFFERS, sizeof(struct pipe_buffer), GFP_KERNEL);
	if (!pipe->bufs) {
		kmem_cache_free(pipe_cachep, pipe);
		return NULL;
	}
	pipe->ring_size = PIPE_DEF_BUFFERS;
	pipe->r_counter = pipe->w_counter = 1;
	mutex_init_rank(&pipe->mutex, RANK_PIPE);
	init_waitqueue_head(&pipe->rd_wait);
	init_waitqueue_head(&pipe->wr_wait);
	return pipe;
}

void free_pipe_info(struct pipe_inode_info *pipe)
{
	for (unsigned int i = 0; i < pipe->ring_size; i++)
		if (pipe->bufs[i].page)
			__free_page(pipe->bufs[i].page);
	for (int i = 0; i < ARRAY_SIZE(pipe->tmp_page); i++)
		if (pipe->tmp_page[i])
			__free_page(pipe->tmp_page[i]);
	kfree(pipe->bufs);
	kmem_cache_free(pipe_cachep, pipe);
}

/* ---- read -------------------------------------------------------------------------------- */

/* Moves data to the iterator; returns bytes, or -EFAULT if there were none. mutex is held. */
static ssize_t pipe_consume(struct pipe_inode_info *pipe, struct iov_iter *to)
{
	ssize_t ret = 0;

	while (!pipe_empty(pipe) && iov_iter_count(to)) {
		struct pipe_buffer *buf = pipe_buf(pipe, pipe->tail);
		size_t chars = min_t(size_t, buf->len, iov_iter_count(to)), copied;

		copied = copy_page_to_iter(buf->page, buf->offset, chars, to);
		ret += copied;
		buf->offset += copied;
		buf->len -= copied;
		if (copied < chars)
			return ret ?: -EFAULT;
		if (buf->flags & PIPE_BUF_FLAG_PACKET)
			buf->len = 0;
		if (!buf->len) {
			bool packet = buf->flags & PIPE_BUF_FLAG_PACKET;

			put_pipe_page(pipe, buf->page);
			buf->page = NULL;
			WRITE_ONCE(pipe->tail, pipe->tail + 1);
			if (packet)
				break;
		}
	}
	return ret;
}

static bool pipe_readable(const struct pipe_inode_info *pipe)
{
	return !pipe_empty(pipe) || !READ_ONCE(pipe->writers);
}

ssize_t pipe_read(struct kiocb *iocb, struct iov_iter *to)
{
	struct file *filp = iocb->ki_filp;
	struct pipe_inode_info *pipe = filp->private_data;
	bool was_full, more, slept = false;
	ssize_t ret;

	if (unlikely(!iov_iter_count(to)))
		return 0;
	mutex_lock(&pipe->mutex);
	while (pipe_empty(pipe)) {
		ret = 0;
		if (!pipe->writers)
			goto out;
		ret = -EAGAIN;
		if (filp->f_flags & O_NONBLOCK)
			goto out;
		mutex_unlock(&pipe->mutex);
		if (wait_event_interruptible_exclusive(pipe->rd_wait, pipe_readable(pipe)) < 0)
			return -ERESTARTSYS;
		mutex_lock(&pipe->mutex);
		slept = true;
	}
	was_full = pipe_full(pipe);
	ret = pipe_consume(pipe, to);
	was_full = was_full && !pipe_full(pipe);
	more = slept && !pipe_empty(pipe);
	mutex_unlock(&pipe->mutex);
	if (was_full)
		wake_up_interruptible_poll(&pipe->wr_wait, EPOLLOUT | EPOLLWRNORM);
	/* an exclusive wake-up reached this reader alone: pass it on */
	if (more)
		wake_up_interruptible_poll(&pipe->rd_wait, EPOLLIN | EPOLLRDNORM);
	if (ret > 0)
		file_accessed(filp);
	return ret;
out:
	mutex_unlock(&pipe->mutex);
	return ret;
}

/* ---- write ------------------------------------------------------------------------------- */

/* Appends the tail of the data to the last page, if it fits whole. Bytes, 0 or -EFAULT. */
static ssize_t pipe_merge(struct pipe_inode_info *pipe, struct iov_iter *from)
{
	size_t chars = iov_iter_count(from) & (PAGE_SIZE - 1);
	struct pipe_buffer *buf;
	unsigned int end;

	if (!chars || pipe_empty(pipe))
		return 0;
	buf = pipe_buf(pipe, pipe->head - 1);
	end = buf->offset + buf->len;
	if (!(buf->flags & PIPE_BUF_FLAG_CAN_MERGE) || end + chars > PAGE_SIZE)
		return 0;
	if (copy_page_from_iter(buf->page, end, chars, from) < chars)
		return -EFAULT;
	buf->len += chars;
	return chars;
}

/* Fills one more page. Bytes or -errno. There is room; mutex is held. */
static ssize_t pipe_fill_one(struct pipe_inode_info *pipe, struct iov_iter *from, bool packet)
{
	struct page *page = get_pipe_page(pipe);
	struct pipe_buffer *buf;
	size_t copied;

	if (!page)
		return -ENOMEM;
	copied = copy_page_from_iter(page, 0, PAGE_SIZE, from);
	if (unlikely(!copied || (copied < PAGE_SIZE && iov_iter_count(from)))) {
		iov_iter_revert(from, copied);
		put_pipe_page(pipe, page);
		return -EFAULT;
	}
	buf = pipe_buf(pipe, pipe->head);
	buf->page = page;
	buf->offset = 0;
	buf->len = copied;
	buf->flags = packet ? PIPE_BUF_FLAG_PACKET : PIPE_BUF_FLAG_CAN_MERGE;
	WRITE_ONCE(pipe->head, pipe->head + 1);
	return copied;
}

static bool pipe_writable(const struct pipe_inode_info *pipe)
{
	return !pipe_full(pipe) || !READ_ONCE(pipe->readers);
}

static void wake_readers(struct pipe_inode_info *pipe)
{
	wake_up_interruptible_poll(&pipe->rd_wait, EPOLLIN | EPOLLRDNORM);
}

static ssize_t pipe_broken(void)
{
	send_sig(SIGPIPE, current, 0);
	return -EPIPE;
}

/* The ring is full: waits for room, or that the readers go. mutex is held, dropped meanwhile. */
static int pipe_wait_room(struct pipe_inode_info *pipe, bool wake)
{
	int error;

	mutex_unlock(&pipe->mutex);
	if (wake)
		wake_readers(pipe);
	error = wait_event_interruptible_exclusive(pipe->wr_wait, pipe_writable(pipe));
	mutex_lock(&pipe->mutex);
	return error;
}

/*
 * Puts the data into the ring; *was_empty: readers may sleep since before the last bytes came; *slept
 * is set if it had to wait. Bytes, or -errno if there were none. mutex is held.
 */
static ssize_t pipe_produce(struct pipe_inode_info *pipe, struct iov_iter *from, unsigned int flags,
			    bool *was_empty, bool *slept)
{
	bool packet = flags & O_DIRECT;
	ssize_t done = 0, n = 0;

	if (pipe->readers && !packet)
		done = n = pipe_merge(pipe, from);
	if (n < 0)
		return n;
	while (iov_iter_count(from)) {
		if (!pipe->readers) {
			n = pipe_broken();
		} else if (!pipe_full(pipe)) {
			n = pipe_fill_one(pipe, from, packet);
			if (n > 0) {
				done += n;
				continue;
			}
		} else if (flags & O_NONBLOCK) {
			n = -EAGAIN;
		} else {
			n = pipe_wait_room(pipe, *was_empty);
			*was_empty = pipe_empty(pipe);
			*slept = true;
		}
		if (n < 0)
			break;
	}
	return done ?: n;
}

ssize_t pipe_write(struct kiocb *iocb, struct iov_iter *from)
{
	struct file *filp = iocb->ki_filp;
	struct pipe_inode_info *pipe = filp->private_data;
	bool was_empty, room, slept = false;
	ssize_t ret;

	if (unlikely(!iov_iter_count(from)))
		return 0;
	mutex_lock(&pipe->mutex);
	was_empty = pipe_empty(pipe);
	ret = pipe_produce(pipe, from, filp->f_flags, &was_empty, &slept);
	was_empty = was_empty && !pipe_empty(pipe);
	room = slept && !pipe_full(pipe);
	mutex_unlock(&pipe->mutex);
	if (was_empty || READ_ONCE(pipe->polled))
		wake_readers(pipe);
	/* an exclusive wake-up reached this writer alone: pass it on */
	if (room)
		wake_up_interruptible_poll(&pipe->wr_wait, EPOLLOUT | EPOLLWRNORM);
	if (ret > 0)
		file_update_time(filp);
	return ret;
}

/* ---- poll, ioctl, size ------------------------------------------------------------------- */

__poll_t pipe_poll(struct file *filp, poll_table *wait)
{
	struct pipe_inode_info *pipe = filp->private_data;
	__poll_t mask = 0;

	if (!pipe->polled)
		WRITE_ONCE(pipe->polled, true);
	if (filp->f_mode & FMODE_READ)
		poll_wait(filp, &pipe->rd_wait, wait);
	if (filp->f_mode & FMODE_WRITE)
		poll_wait(filp, &pipe->wr_wait, wait);
	if (filp->f_mode & FMODE_READ) {
		if (!pipe_empty(pipe))
			mask |= EPOLLIN | EPOLLRDNORM;
		/* a FIFO whose first writer is still to come has not been hung up */
		if (!READ_ONCE(pipe->writers) && (unsigned long)filp->f_pos != pipe->w_counter)
			mask |= EPOLLHUP;
	}
	if (filp->f_mode & FMODE_WRITE) {
		if (!pipe_full(pipe))
			mask |= EPOLLOUT | EPOLLWRNORM;
		if (!READ_ONCE(pipe->readers))
			mask |= EPOLLERR;
	}
	return mask;
}

long pipe_ioctl(struct file *filp, unsigned int cmd, unsigned long arg)
{
	struct pipe_inode_info *pipe = filp->private_data;
	int count = 0;

	if (cmd != FIONREAD)
		return -ENOIOCTLCMD;
	mutex_lock(&pipe->mutex);
	for (unsigned int i = pipe->tail; i != pipe->head; i++)
		count += pipe_buf(pipe, i)->len;
	mutex_unlock(&pipe->mutex);
	return put_user(count, (int __user *)arg);
}

/* Moves what is in the ring to one of another size. EBUSY: it does not fit. mutex is held. */
static int pipe_resize_ring(struct pipe_inode_info *pipe, unsigned int slots)
{
	unsigned int n = pipe->head - pipe->tail;
	struct pipe_buffer *bufs;

	if (slots < n)
		return -EBUSY;
	bufs = kcalloc(slots, sizeof(*bufs), GFP_KERNEL | __GFP_NOWARN);
	if (!bufs)
		return -ENOMEM;
	for (unsigned int i = 0; i < n; i++)
		bufs[i] = *pipe_buf(pipe, pipe->tail + i);
	kfree(pipe->bufs);
	pipe->bufs = bufs;
	pipe->ring_size = slots;
	pipe->tail = 0;
	pipe->head = n;
	return 0;
}

static long pipe_set_size(struct pipe_inode_info *pipe, unsigned long arg)
{
	unsigned int slots;
	long ret;

	if (arg > 1UL << 31)
		return -EINVAL;
	slots = arg <= PAGE_SIZE ? 1 : roundup_pow_of_two(DIV_ROUND_UP(arg, PAGE_SIZE));
	if (slots > pipe->ring_size && slots * PAGE_SIZE > pipe_max_size &&
	    !capable(CAP_SYS_RESOURCE))
		return -EPERM;
	mutex_lock(&pipe->mutex);
	ret = pipe_resize_ring(pipe, slots);
	mutex_unlock(&pipe->mutex);
	if (ret)
		return ret;
	wake_up_interruptible_poll(&pipe->wr_wait, EPOLLOUT | EPOLLWRNORM);
	return slots * PAGE_SIZE;
}

/* F_GETPIPE_SZ and F_SETPIPE_SZ. EBADF: not a pipe. */
long pipe_fcntl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct pipe_inode_info *pipe = file->private_data;

	if (file->f_op != &pipefifo_fops)
		return -EBADF;
	if (cmd == F_SETPIPE_SZ)
		return pipe_set_size(pipe, arg);
	return pipe->ring_size * PAGE_SIZE;
}
