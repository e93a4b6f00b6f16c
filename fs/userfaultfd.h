/* SPDX-License-Identifier: MIT */
/*
 * fs/userfaultfd.h - one userfaultfd, and the requests that wait on it.
 *
 * A request is a fault or an event that some task has met and that the monitor, who reads the file,
 * shall hear of. It lives in the frame of that task, which sleeps until it is answered: there is
 * always room for it, none is ever dropped, and its memory is gone when the task goes on.
 *
 *	         read(2)            COPY, ZEROPAGE, CONTINUE, WRITEPROTECT, WAKE, UNREGISTER
 *	 fault -> PENDING ---> READ ----------------------------------------> answered
 *	             |          |                                                ^
 *	             +----------|------------------------------------------------+
 *	             |          |
 *	             +----------+--> withdrawn: a signal, or the file's last close
 *
 *	 event -> EVENTS ---- read(2) --------------------------------------> answered
 *	             |
 *	             |--- read(2) of FORK ---> TAKEN, while the child's descriptor is made --> answered
 *	             |                           |    `--> back to EVENTS: there was no descriptor
 *	             +---------------------------+--> withdrawn: a fatal signal, or the last close
 *
 * The state of a request is the list that it is on; answered and withdrawn ones are on none.
 */
#ifndef FS_USERFAULTFD_H
#define FS_USERFAULTFD_H

#include <pagoda/atomic.h>
#include <pagoda/list.h>
#include <pagoda/spinlock.h>
#include <pagoda/wait.h>
#include <uapi/userfaultfd.h>

struct file_operations;
struct mm_struct;
struct task_struct;

/* features: the handshake is done. Shown in fdinfo, as Linux does. */
#define UFFD_FEATURE_INITIALIZED (1U << 31)

/* What a descriptor can be given besides; the rest of the flags says how faults are treated. */
#define UFFD_SHARED_FCNTL_FLAGS (O_CLOEXEC | O_NONBLOCK)

struct userfaultfd_ctx {
	refcount_t refcount;	  /* the file, each sleeper, each event to come */
	unsigned int flags;	  /* of creation */
	unsigned int features;	  /* asked for in the handshake, and INITIALIZED */
	struct mm_struct *mm;	  /* whose faults these are, for ever; counted in mm_count */
	atomic_t mmap_changing;	  /* changes of its layout that the monitor has not heard of */
	wait_queue_head_t fd_wqh; /* who reads or polls */

	spinlock_t lock; /* guards the rest, and node and delivered of the requests */
	bool released;	 /* the file is gone: no request may join */
	struct list_head pending;
	struct list_head read;
	struct list_head events;
};

struct userfaultfd_request {
	struct list_head node; /* in a list of the context; empty: the wait is over */
	struct task_struct *task;
	struct userfaultfd_ctx *new; /* FORK: the child's context */
	bool delivered;		     /* an event: it was read */
	struct uffd_msg msg;
};

/* ---- fs/userfaultfd.c -------------------------------------------------------------------- */

/* A context of @mm with one reference, or NULL. */
struct userfaultfd_ctx *userfaultfd_ctx_alloc(struct mm_struct *mm, unsigned int flags,
					      unsigned int features);
void userfaultfd_ctx_put(struct userfaultfd_ctx *ctx);

static inline void userfaultfd_ctx_get(struct userfaultfd_ctx *ctx)
{
	refcount_inc(&ctx->refcount);
}

/* A request of the current task; the message is all zero but for its kind. */
void userfaultfd_request_init(struct userfaultfd_request *req, unsigned int event);
/* Takes @req off its list and wakes its task. ctx->lock is held: then the request may be gone. */
void userfaultfd_answer(struct userfaultfd_request *req);
/* Sleeps until @req is answered or a signal comes that @state heeds. It is on no list then. */
void userfaultfd_sleep(struct userfaultfd_ctx *ctx, struct userfaultfd_request *req,
		       unsigned int state);

/* ---- fs/userfaultfd_event.c -------------------------------------------------------------- */

/* The event has been read. ctx->lock is held. */
void userfaultfd_event_complete(struct userfaultfd_ctx *ctx, struct userfaultfd_request *req);

/* ---- fs/userfaultfd_file.c, fs/userfaultfd_ioctl.c --------------------------------------- */

extern const struct file_operations userfaultfd_fops;

static inline bool userfaultfd_is_initialized(struct userfaultfd_ctx *ctx)
{
	return READ_ONCE(ctx->features) & UFFD_FEATURE_INITIALIZED;
}

long userfaultfd_ioctl(struct file *file, unsigned int cmd, unsigned long arg);

#endif
