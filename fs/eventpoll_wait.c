// SPDX-License-Identifier: MIT
/*
 * fs/eventpoll_wait.c - epoll(7): waiting for what the watched files do (epoll_wait).
 *
 * The ready list says where something may have happened. Collecting takes it off the epoll file and
 * asks each file once more: only what still holds is reported. An item is unlinked before its file
 * is asked, so an event that comes during the question links it anew and is not lost. Items that
 * are level-triggered go back to the list as long as they have events.
 */
#include "eventpoll.h"
#include "poll_wait.h"
#include <pagoda/compat.h>
#include <pagoda/file.h>
#include <pagoda/kernel.h>
#include <pagoda/sched.h>
#include <pagoda/seq_file.h>
#include <pagoda/signal.h>
#include <asm/uaccess.h>
#include <syscalls.h>

#define EP_MAX_EVENTS (INT_MAX / sizeof(struct epoll_event))

__poll_t ep_item_poll(const struct epitem *item, poll_table *pt)
{
	if (pt)
		pt->_key = item->event.events;
	return vfs_poll(item->file, pt) & item->event.events;
}

void ep_wake(struct eventpoll *ep)
{
	if (waitqueue_active(&ep->wq))
		wake_up(&ep->wq);
	if (waitqueue_active(&ep->poll_wait))
		wake_up_poll(&ep->poll_wait, EPOLLIN | EPOLLRDNORM);
}

void ep_make_ready(struct epitem *item)
{
	struct eventpoll *ep = item->ep;
	unsigned long flags;

	spin_lock_irqsave(&ep->lock, flags);
	if (list_empty(&item->rdllink))
		list_add_tail(&item->rdllink, &ep->ready);
	spin_unlock_irqrestore(&ep->lock, flags);
	smp_mb(); /* the list before the look at the queues */
	ep_wake(ep);
}

/* ---- collecting; mtx is held ------------------------------------------------------------- */

/* Moves what is ready to list. Items there count as linked for the callback. */
static void ep_start_scan(struct eventpoll *ep, struct list_head *list)
{
	unsigned long flags;

	INIT_LIST_HEAD(list);
	spin_lock_irqsave(&ep->lock, flags);
	list_splice_init(&ep->ready, list);
	spin_unlock_irqrestore(&ep->lock, flags);
}

/* The first item of list, unlinked; NULL at the end. */
static struct epitem *ep_next_ready(struct eventpoll *ep, struct list_head *list)
{
	struct epitem *item = NULL;
	unsigned long flags;

	spin_lock_irqsave(&ep->lock, flags);
	if (!list_empty(list)) {
		item = list_first_entry(list, struct epitem, rdllink);
		list_del_init(&item->rdllink);
	}
	spin_unlock_irqrestore(&ep->lock, flags);
	return item;
}

/* Links the item again if nobody has meanwhile: at the end of the ready items, or first in list. */
static void ep_put_back(struct eventpoll *ep, struct epitem *item, struct list_head *list)
{
	unsigned long flags;

	spin_lock_irqsave(&ep->lock, flags);
	if (list_empty(&item->rdllink)) {
		if (list)
			list_add(&item->rdllink, list);
		else
			list_add_tail(&item->rdllink, &ep->ready);
	}
	spin_unlock_irqrestore(&ep->lock, flags);
}

/* What was not looked at stays in front. Wakes the next sleeper if there is something for it. */
static void ep_done_scan(struct eventpoll *ep, struct list_head *list)
{
	unsigned long flags;
	bool more;

	spin_lock_irqsave(&ep->lock, flags);
	list_splice(list, &ep->ready);
	more = !list_empty(&ep->ready);
	spin_unlock_irqrestore(&ep->lock, flags);
	if (more && waitqueue_active(&ep->wq))
		wake_up(&ep->wq);
}

/* Reports up to maxevents to the caller. Their number, or -EFAULT. */
static int ep_send_events(struct eventpoll *ep, struct epoll_event __user *events, int maxevents)
{
	struct list_head list;
	struct epitem *item;
	int n = 0;

	mutex_lock(&ep->mtx);
	ep_start_scan(ep, &list);
	while (n < maxevents && (item = ep_next_ready(ep, &list))) {
		struct epoll_event event = item->event;

		event.events = ep_item_poll(item, NULL);
		if (!event.events)
			continue;
		if (copy_to_user(&events[n], &event, sizeof(event))) {
			ep_put_back(ep, item, &list);
			n = n ?: -EFAULT;
			break;
		}
		n++;
		if (item->event.events & EPOLLONESHOT)
			item->event.events &= EP_PRIVATE_BITS;
		else if (!(item->event.events & EPOLLET))
			ep_put_back(ep, item, NULL);
	}
	ep_done_scan(ep, &list);
	mutex_unlock(&ep->mtx);
	return n;
}

static bool ep_events_available(struct eventpoll *ep)
{
	return !list_empty_careful(&ep->ready);
}

/* Until something is ready, woken, a signal, or the end of time (false). */
static bool ep_sleep(struct eventpoll *ep, poll_end_t end)
{
	ktime_t left = end == KTIME_MAX ? MAX_SCHEDULE_TIMEOUT : end - ktime_get();
	DEFINE_WAIT(wait);

	if (left <= 0)
		return false;
	prepare_to_wait_exclusive(&ep->wq, &wait, TASK_INTERRUPTIBLE);
	if (!ep_events_available(ep) && !signal_pending(current))
		left = schedule_timeout(left);
	finish_wait(&ep->wq, &wait);
	return left > 0;
}

static int ep_poll(struct eventpoll *ep, struct epoll_event __user *events, int maxevents,
		   poll_end_t end)
{
	bool timed_out = !end;
	int n;

	for (;;) {
		if (ep_events_available(ep)) {
			n = ep_send_events(ep, events, maxevents);
			if (n)
				return n;
		}
		if (timed_out)
			return 0;
		if (signal_pending(current))
			return -EINTR;
		timed_out = !ep_sleep(ep, end);
		cond_resched();
	}
}

/* ---- the epoll file ---------------------------------------------------------------------- */

/* An epoll file is readable while an item of it really has events. */
static __poll_t ep_file_poll(struct file *file, poll_table *wait)
{
	struct eventpoll *ep = file->private_data;
	struct list_head list;
	struct epitem *item;
	__poll_t res = 0;

	poll_wait(file, &ep->poll_wait, wait);
	if (!ep_events_available(ep))
		return 0;
	mutex_lock(&ep->mtx);
	ep_start_scan(ep, &list);
	while (!res && (item = ep_next_ready(ep, &list))) {
		if (ep_item_poll(item, NULL)) {
			ep_put_back(ep, item, &list);
			res = EPOLLIN | EPOLLRDNORM;
		}
	}
	ep_done_scan(ep, &list);
	mutex_unlock(&ep->mtx);
	return res;
}

static int ep_file_release(struct inode *inode, struct file *file)
{
	eventpoll_free(file->private_data);
	return 0;
}

static void ep_show_fdinfo(struct seq_file *m, struct file *file)
{
	struct eventpoll *ep = file->private_data;
	struct rb_node *node;

	mutex_lock(&ep->mtx);
	for (node = rb_first(&ep->items); node; node = rb_next(node)) {
		struct epitem *item = rb_entry(node, struct epitem, node);
		struct inode *inode = file_inode(item->file);

		seq_printf(m, "tfd: %8d events: %8x data: %16llx  pos:%lli ino:%lx sdev:%x\n",
			   item->fd, item->event.events, item->event.data, item->file->f_pos,
			   inode->i_ino, inode->i_sb->s_dev);
	}
	mutex_unlock(&ep->mtx);
}

const struct file_operations eventpoll_fops = {
	.poll = ep_file_poll,
	.release = ep_file_release,
	.llseek = noop_llseek,
	.show_fdinfo = ep_show_fdinfo,
};

/* ---- the calls --------------------------------------------------------------------------- */

static int do_epoll_wait(int epfd, struct epoll_event __user *events, int maxevents, poll_end_t end)
{
	struct fd f;
	int ret = -EINVAL;

	if (maxevents <= 0 || (unsigned int)maxevents > EP_MAX_EVENTS)
		return -EINVAL;
	if (!access_ok(events, maxevents * sizeof(*events)))
		return -EFAULT;
	f = fdget(epfd);
	if (!f.file)
		return -EBADF;
	if (is_file_epoll(f.file))
		ret = ep_poll(f.file->private_data, events, maxevents, end);
	fdput(f);
	return ret;
}

static int do_epoll_pwait(int epfd, struct epoll_event __user *events, int maxevents,
			  poll_end_t end, const sigset_t __user *sigmask, size_t sigsetsize)
{
	int err = set_user_sigmask(sigmask, sigsetsize);

	if (err)
		return err;
	err = do_epoll_wait(epfd, events, maxevents, end);
	restore_saved_sigmask_unless(err == -EINTR);
	return err;
}

/* timeout: milliseconds, negative for ever. */
static poll_end_t end_of_ms(int timeout)
{
	if (timeout < 0)
		return KTIME_MAX;
	return timeout ? ktime_get() + timeout * NSEC_PER_MSEC : 0;
}

long sys_epoll_wait(int epfd, struct epoll_event __user *events, int maxevents, int timeout)
{
	return do_epoll_wait(epfd, events, maxevents, end_of_ms(timeout));
}

long sys_epoll_pwait(int epfd, struct epoll_event __user *events, int maxevents, int timeout,
		     const sigset_t __user *sigmask, size_t sigsetsize)
{
	return do_epoll_pwait(epfd, events, maxevents, end_of_ms(timeout), sigmask, sigsetsize);
}

long sys_epoll_pwait2(int epfd, struct epoll_event __user *events, int maxevents,
		      const struct timespec64 __user *timeout, const sigset_t __user *sigmask,
		      size_t sigsetsize)
{
	poll_end_t end = KTIME_MAX;
	struct timespec64 ts;
	int err;

	if (timeout) {
		if (get_user_timespec(&ts, timeout, false))
			return -EFAULT;
		err = poll_set_timeout(&ts, &end);
		if (err)
			return err;
	}
	return do_epoll_pwait(epfd, events, maxevents, end, sigmask, sigsetsize);
}
