/* SPDX-License-Identifier: MIT */
/*
 * fs/eventpoll.h - what an epoll file is made of.
 *
 *	eventpoll ---- items ----> epitem (file, fd, events wanted) ---- queues ----> eppoll_entry
 *	    |                        ^    ^                                               |
 *	    '-- ready --> rdllink ---'    '---------------- ep_poll_callback() -----------'
 *
 * An item hangs in the tree of its epoll file, in the list of the file it watches (f_ep), on each
 * wait queue that this file's ->poll() named, and, while something may have happened, in the ready
 * list.
 *
 * Locks, outermost first: epmutex, mtx (of the outer epoll file before that of a watched one), lock
 * (irq-safe, taken inside the locks of wait queues). No item of an epoll file goes without its mtx,
 * and none that watches an epoll file comes or goes without epmutex. Nothing references the watched
 * file: its last fput() takes its items away.
 */
#ifndef FS_EVENTPOLL_H
#define FS_EVENTPOLL_H

#include <pagoda/fs.h>
#include <pagoda/list.h>
#include <pagoda/mutex.h>
#include <pagoda/poll.h>
#include <pagoda/rbtree.h>
#include <pagoda/wait.h>

/* Bits of events that are not events but how to report them. */
#define EP_PRIVATE_BITS (EPOLLWAKEUP | EPOLLONESHOT | EPOLLET | EPOLLEXCLUSIVE)
#define EPOLLINOUT_BITS (EPOLLIN | EPOLLOUT)

struct eventpoll {
	struct mutex mtx;
	struct rb_root items; /* by file and descriptor; mtx */

	spinlock_t lock;
	struct list_head ready; /* lock */

	struct wait_queue_head wq;	  /* sleepers in epoll_wait() */
	struct wait_queue_head poll_wait; /* those who poll the epoll file itself */
	struct file *file;

	/* the chains below and above it, as of the checks with these numbers; epmutex */
	unsigned long below_nr, above_nr;
	int depth, height;
};

struct eppoll_entry {
	struct eppoll_entry *next;
	struct epitem *item;
	struct wait_queue_entry wait;
	struct wait_queue_head *whead;
};

struct epitem {
	struct rb_node node;
	struct list_head rdllink; /* in ep->ready, or in the list being collected; ep->lock */
	struct list_head fllink;  /* in file->f_ep; file->f_lock */
	struct eventpoll *ep;
	struct file *file;
	int fd;
	struct eppoll_entry *queues;
	struct epoll_event event; /* mtx; events are read under lock as well */
};

extern const struct file_operations eventpoll_fops;

static inline bool is_file_epoll(const struct file *f)
{
	return f->f_op == &eventpoll_fops;
}

/* ---- eventpoll.c ------------------------------------------------------------------------- */

void eventpoll_free(struct eventpoll *ep);

/* ---- eventpoll_wait.c -------------------------------------------------------------------- */

/* The wanted events of an item that hold now; pt as for vfs_poll(). ep->mtx is held. */
__poll_t ep_item_poll(const struct epitem *item, poll_table *pt);
/* Makes the item ready, if it is not yet, and wakes who waits for that. */
void ep_make_ready(struct epitem *item);
/* Wakes the sleepers of the epoll file and its pollers. */
void ep_wake(struct eventpoll *ep);

#endif
