/* SPDX-License-Identifier: MIT */
/*
 * poll.h - how poll, select and epoll wait for files.
 *
 * A file's ->poll() calls poll_wait() for each queue that announces its changes, then returns the
 * events that hold now (EPOLL*). With pt == NULL, or without a _qproc, it only asks for the events.
 */
#ifndef PAGODA_POLL_H
#define PAGODA_POLL_H

#include <pagoda/types.h>
#include <pagoda/wait.h>
#include <pagoda/fs.h>
#include <uapi/poll.h>
#include <uapi/eventpoll.h>

#define DEFAULT_POLLMASK (EPOLLIN | EPOLLOUT | EPOLLRDNORM | EPOLLWRNORM)

struct poll_table_struct;

/* Joins the queue on behalf of the caller of poll; fs/select.c and fs/eventpoll.c have one each. */
typedef void (*poll_queue_proc)(struct file *, struct wait_queue_head *,
				struct poll_table_struct *);

typedef struct poll_table_struct {
	poll_queue_proc _qproc;
	__poll_t _key; /* the events that matter to the caller */
} poll_table;

static inline void poll_wait(struct file *filp, struct wait_queue_head *wait_address, poll_table *p)
{
	if (p && p->_qproc && wait_address)
		p->_qproc(filp, wait_address, p);
}

static inline void init_poll_funcptr(poll_table *pt, poll_queue_proc qproc)
{
	pt->_qproc = qproc;
	pt->_key = ~(__poll_t)0;
}

static inline bool file_can_poll(struct file *file)
{
	return file->f_op->poll;
}

static inline __poll_t vfs_poll(struct file *file, poll_table *pt)
{
	if (unlikely(!file->f_op->poll))
		return DEFAULT_POLLMASK;
	return file->f_op->poll(file, pt);
}

#endif
