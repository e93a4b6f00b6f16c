// SPDX-License-Identifier: MIT
/*
 * fs/userfaultfd_file.c - the descriptor of a userfaultfd: making it, reading and polling it, its
 * last close.
 *
 * A read delivers whole messages: unread faults first, then events, each in the order they came
 * (RD-3). Only the first one is waited for.
 */
#include <pagoda/anon_inodes.h>
#include <pagoda/cred.h>
#include <pagoda/devtmpfs.h>
#include <pagoda/fs.h>
#include <pagoda/init.h>
#include <pagoda/mm.h>
#include <pagoda/panic.h>
#include <pagoda/poll.h>
#include <pagoda/sched.h>
#include <pagoda/seq_file.h>
#include <pagoda/userfaultfd_k.h>
#include <asm/uaccess.h>
#include <syscalls.h>
#include "userfaultfd.h"

#define MISC_MAJOR 10
#define UFFD_MINOR 126 /* Linux hands these out from the top as drivers come */

int sysctl_unprivileged_userfaultfd; /* 1: anybody may have the faults of the kernel wait too */

/* ---- reading ----------------------------------------------------------------------------- */

static bool has_message(struct userfaultfd_ctx *ctx)
{
	return !list_empty(&ctx->pending) || !list_empty(&ctx->events);
}

/*
 * Gives the reader a descriptor for the child's context, then completes the event. Until then the
 * request stands on a list of ours, where no other reader finds it but the forking task, should it
 * be killed, can take it off. ctx->lock is held on entry and dropped. 1 or -errno.
 */
static int read_fork(struct userfaultfd_ctx *ctx, struct userfaultfd_request *req,
		     struct uffd_msg *msg)
{
	struct userfaultfd_ctx *new = req->new;
	LIST_HEAD(taken);
	int fd;

	*msg = req->msg;
	userfaultfd_ctx_get(new); /* for the file */
	list_move(&req->node, &taken);
	spin_unlock(&ctx->lock);

	fd = anon_inode_getfd("[userfaultfd]", &userfaultfd_fops, new,
			      O_RDONLY | (int)(new->flags &UFFD_SHARED_FCNTL_FLAGS));
	if (fd < 0)
		userfaultfd_ctx_put(new);
	else
		msg->arg.fork.ufd = (u32)fd;

	spin_lock(&ctx->lock);
	if (!list_empty(&taken) && fd < 0)
		list_move(&req->node, &ctx->events);
	else if (!list_empty(&taken))
		userfaultfd_event_complete(ctx, req);
	spin_unlock(&ctx->lock);
	if (fd < 0)
		wake_up_poll(&ctx->fd_wqh, EPOLLIN);
	return fd < 0 ? fd : 1;
}

/* The next message, if there is one: 1, 0, or -errno. */
static int take_message(struct userfaultfd_ctx *ctx, struct uffd_msg *msg)
{
	struct userfaultfd_request *req;

	spin_lock(&ctx->lock);
	req = list_first_entry_or_null(&ctx->pending, struct userfaultfd_request, node);
	if (req) {
		*msg = req->msg; /* stop: uffd-6 */
		list_move_tail(&req->node, &ctx->read);
		goto out;
	}
	req = list_first_entry_or_null(&ctx->events, struct userfaultfd_request, node);
	if (req && req->msg.event == UFFD_EVENT_FORK)
		return read_fork(ctx, req, msg);
	if (req) {
		*msg = req->msg;
		userfaultfd_event_complete(ctx, req);
	}
out:
	spin_unlock(&ctx->lock);
	return req ? 1 : 0;
}

static int wait_message(struct userfaultfd_ctx *ctx, struct uffd_msg *msg, bool nonblock)
{
	int ret;

	while (!(ret = take_message(ctx, msg))) {
		if (nonblock)
			return -EAGAIN;
		ret = wait_event_interruptible(ctx->fd_wqh, has_message(ctx));
		if (ret)
			break;
	}
	return ret;
}

static ssize_t userfaultfd_read(struct file *file, char __user *buf, size_t count, loff_t *ppos)
{
	struct userfaultfd_ctx *ctx = file->private_data;
	bool nonblock = file->f_flags & O_NONBLOCK;
	struct uffd_msg msg;
	size_t done = 0;
	int ret;

	if (!userfaultfd_is_initialized(ctx) || count < sizeof(msg))
		return -EINVAL;
	for (; count - done >= sizeof(msg); done += sizeof(msg), nonblock = true) {
		ret = wait_message(ctx, &msg, nonblock);
		if (ret > 0 && copy_to_user(buf + done, &msg, sizeof(msg)))
			ret = -EFAULT;
		if (ret < 0)
			return done ? (ssize_t)done : ret;
	}
	return (ssize_t)done;
}

/* A blocking descriptor cannot be polled: the fault may be gone by the time of the read (RD-7). */
static __poll_t userfaultfd_poll(struct file *file, poll_table *wait)
{
	struct userfaultfd_ctx *ctx = file->private_data;

	poll_wait(file, &ctx->fd_wqh, wait);
	if (!userfaultfd_is_initialized(ctx) || !(file->f_flags & O_NONBLOCK))
		return EPOLLERR;
	return has_message(ctx) ? EPOLLIN : 0;
}

static void userfaultfd_show_fdinfo(struct seq_file *m, struct file *file)
{
	struct userfaultfd_ctx *ctx = file->private_data;
	unsigned long pending = 0, total = 0;
	struct list_head *node;

	spin_lock(&ctx->lock);
	list_for_each (node, &ctx->pending)
		pending++;
	list_for_each (node, &ctx->read)
		total++;
	spin_unlock(&ctx->lock);
	seq_printf(m, "pending:\t%lu\ntotal:\t%lu\nAPI:\t%llx:%x:%llx\n", pending, pending + total,
		   UFFD_API, READ_ONCE(ctx->features), UFFD_API_IOCTLS | UFFD_API_RANGE_IOCTLS);
}

/* ---- the last close ---------------------------------------------------------------------- */

/* ctx->released is set, so the lists only get shorter. Events count as not delivered. */
static void answer_all(struct userfaultfd_ctx *ctx)
{
	struct list_head *const lists[] = {&ctx->pending, &ctx->read, &ctx->events};

	spin_lock(&ctx->lock);
	for (unsigned int i = 0; i < ARRAY_SIZE(lists); i++)
		while (!list_empty(lists[i]))
			userfaultfd_answer(
				list_first_entry(lists[i], struct userfaultfd_request, node));
	spin_unlock(&ctx->lock);
}

/*
 * First no fault may join any more; then the memory becomes ordinary; then who waits may go on, and
 * finds it so (REL-1..3).
 */
static int userfaultfd_release(struct inode *inode, struct file *file)
{
	struct userfaultfd_ctx *ctx = file->private_data;

	spin_lock(&ctx->lock);
	ctx->released = true;
	spin_unlock(&ctx->lock);
	if (mmget_not_zero(ctx->mm)) {
		userfaultfd_release_all(ctx->mm, ctx);
		mmput(ctx->mm);
	}
	answer_all(ctx);
	wake_up_poll(&ctx->fd_wqh, EPOLLHUP);
	userfaultfd_ctx_put(ctx);
	return 0;
}

const struct file_operations userfaultfd_fops = {
	.read = userfaultfd_read,
	.poll = userfaultfd_poll,
	.unlocked_ioctl = userfaultfd_ioctl,
	.release = userfaultfd_release,
	.llseek = noop_llseek,
	.show_fdinfo = userfaultfd_show_fdinfo,
};

/* ---- making one -------------------------------------------------------------------------- */

static long new_userfaultfd(unsigned int flags)
{
	struct userfaultfd_ctx *ctx;
	int fd;

	if (flags & ~(UFFD_SHARED_FCNTL_FLAGS | UFFD_USER_MODE_ONLY))
		return -EINVAL;
	ctx = userfaultfd_ctx_alloc(current->mm, flags, 0);
	if (!ctx) /* stop: uffd-1 */
		return -ENOMEM;
	fd = anon_inode_getfd("[userfaultfd]", &userfaultfd_fops, ctx,
			      O_RDONLY | (int)(flags & UFFD_SHARED_FCNTL_FLAGS));
	if (fd < 0)
		userfaultfd_ctx_put(ctx);
	return fd;
}

/* Who can hold up the kernel in the middle of a call can widen its races: not for everybody. */
long sys_userfaultfd(int flags)
{
	if (!(flags & UFFD_USER_MODE_ONLY) && !sysctl_unprivileged_userfaultfd &&
	    !capable(CAP_SYS_PTRACE))
		return -EPERM;
	return new_userfaultfd((unsigned int)flags);
}

/* /dev/userfaultfd: who may open it may have one (NEW-5). */
static long userfaultfd_dev_ioctl(struct file *file, unsigned int cmd, unsigned long flags)
{
	return cmd == USERFAULTFD_IOC_NEW ? new_userfaultfd((unsigned int)flags) : -EINVAL;
}

static const struct file_operations userfaultfd_dev_fops = {
	.unlocked_ioctl = userfaultfd_dev_ioctl,
	.llseek = noop_llseek,
};

void __init userfaultfd_device_init(void)
{
	if (__register_chrdev(MISC_MAJOR, UFFD_MINOR, 1, "misc", &userfaultfd_dev_fops))
		panic("cannot register /dev/userfaultfd");
	devtmpfs_create_node("userfaultfd", S_IFCHR | 0600, MKDEV(MISC_MAJOR, UFFD_MINOR));
}
