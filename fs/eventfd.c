// SPDX-License-Identifier: MIT
/*
 * fs/eventfd.c - eventfd(2): a counter that one side adds to and the other side waits for.
 *
 * Locks: lock guards the count.
 */
#include <pagoda/anon_inodes.h>
#include <pagoda/fs.h>
#include <pagoda/kernel.h>
#include <pagoda/poll.h>
#include <pagoda/sched.h>
#include <pagoda/seq_file.h>
#include <pagoda/slab.h>
#include <asm/uaccess.h>
#include <syscalls.h>

#define EFD_SEMAPHORE 1
#define EFD_CLOEXEC   O_CLOEXEC
#define EFD_NONBLOCK  O_NONBLOCK
#define COUNT_MAX     (~0ULL - 1) /* what write may reach */

struct eventfd_ctx {
	spinlock_t lock;
	u64 count;
	bool semaphore; /* a read takes 1, not all */
	struct wait_queue_head wqh;
};

/* Takes what a read gives; 0: there is nothing. */
static u64 take(struct eventfd_ctx *ctx)
{
	u64 n;

	spin_lock(&ctx->lock);
	n = ctx->semaphore && ctx->count ? 1 : ctx->count;
	ctx->count -= n;
	spin_unlock(&ctx->lock);
	return n;
}

static ssize_t eventfd_read(struct file *file, char __user *buf, size_t count, loff_t *ppos)
{
	struct eventfd_ctx *ctx = file->private_data;
	u64 n;
	int err;

	if (count < sizeof(n))
		return -EINVAL;
	while (!(n = take(ctx))) {
		if (file->f_flags & O_NONBLOCK)
			return -EAGAIN;
		err = wait_event_interruptible(ctx->wqh, READ_ONCE(ctx->count));
		if (err)
			return err;
	}
	wake_up_poll(&ctx->wqh, EPOLLOUT);
	return copy_to_user(buf, &n, sizeof(n)) ? -EFAULT : (ssize_t)sizeof(n);
}

static bool add(struct eventfd_ctx *ctx, u64 n)
{
	bool fits;

	spin_lock(&ctx->lock);
	fits = n <= COUNT_MAX - ctx->count;
	if (fits)
		ctx->count += n;
	spin_unlock(&ctx->lock);
	return fits;
}

static ssize_t eventfd_write(struct file *file, const char __user *buf, size_t count, loff_t *ppos)
{
	struct eventfd_ctx *ctx = file->private_data;
	u64 n;
	int err;

	if (count < sizeof(n))
		return -EINVAL;
	if (copy_from_user(&n, buf, sizeof(n)))
		return -EFAULT;
	if (n == ~0ULL)
		return -EINVAL;
	while (!add(ctx, n)) {
		if (file->f_flags & O_NONBLOCK)
			return -EAGAIN;
		err = wait_event_interruptible(ctx->wqh, n <= COUNT_MAX - READ_ONCE(ctx->count));
		if (err)
			return err;
	}
	wake_up_poll(&ctx->wqh, EPOLLIN);
	return sizeof(n);
}

static __poll_t eventfd_poll(struct file *file, poll_table *wait)
{
	struct eventfd_ctx *ctx = file->private_data;
	u64 count;

	poll_wait(file, &ctx->wqh, wait);
	count = READ_ONCE(ctx->count);
	return (count > 0 ? EPOLLIN : 0) | (count < COUNT_MAX ? EPOLLOUT : 0);
}

static int eventfd_release(struct inode *inode, struct file *file)
{
	kfree(file->private_data);
	return 0;
}

static void eventfd_show_fdinfo(struct seq_file *m, struct file *file)
{
	struct eventfd_ctx *ctx = file->private_data;

	seq_printf(m, "eventfd-count: %16llx\n", READ_ONCE(ctx->count));
}

static const struct file_operations eventfd_fops = {
	.read = eventfd_read,
	.write = eventfd_write,
	.poll = eventfd_poll,
	.release = eventfd_release,
	.llseek = noop_llseek,
	.show_fdinfo = eventfd_show_fdinfo,
};

long sys_eventfd2(unsigned int count, int flags)
{
	struct eventfd_ctx *ctx;
	int fd;

	if (flags & ~(EFD_SEMAPHORE | EFD_CLOEXEC | EFD_NONBLOCK))
		return -EINVAL;
	ctx = kmalloc(sizeof(*ctx), GFP_KERNEL);
	if (!ctx)
		return -ENOMEM;
	spin_lock_init(&ctx->lock);
	init_waitqueue_head(&ctx->wqh);
	ctx->count = count;
	ctx->semaphore = flags & EFD_SEMAPHORE;
	fd = anon_inode_getfd("[eventfd]", &eventfd_fops, ctx,
			      O_RDWR | (flags & (EFD_CLOEXEC | EFD_NONBLOCK)));
	if (fd < 0)
		kfree(ctx);
	return fd;
}

long sys_eventfd(unsigned int count)
{
	return sys_eventfd2(count, 0);
}
