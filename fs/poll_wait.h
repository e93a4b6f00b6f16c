/* SPDX-License-Identifier: MIT */
/*
 * fs/poll_wait.h - the sleeper behind poll(2) and select(2): one task on many wait queues.
 *
 *	poll_initwait(&pwq);
 *	for (;;) {
 *		ask each file with &pwq.pt: it joins the file's queues on the first round
 *		poll_join_no_more(&pwq);
 *		if (found something || pwq.error || out of time) break;
 *		if (!poll_sleep(&pwq, end)) out of time;
 *	}
 *	poll_freewait(&pwq);
 */
#ifndef FS_POLL_WAIT_H
#define FS_POLL_WAIT_H

#include <pagoda/poll.h>
#include <pagoda/time64.h>

/* Queues that a call may join without allocating memory. */
#define POLL_INLINE_ENTRIES 6

struct poll_table_entry {
	struct file *filp; /* with a reference: another thread may close it */
	__poll_t key;	   /* the events that are worth waking up for */
	struct wait_queue_entry wait;
	struct wait_queue_head *wait_address;
};

struct poll_table_page;

struct poll_wqueues {
	poll_table pt; /* first: files give it back to us */
	struct poll_table_page *pages;
	struct task_struct *polling_task;
	int triggered; /* some queue has woken us since the last poll_sleep() */
	int error;     /* -ENOMEM: a queue could not be joined */
	unsigned int inline_used;
	struct poll_table_entry inline_entries[POLL_INLINE_ENTRIES];
};

/* When a call gives up, on CLOCK_MONOTONIC; KTIME_MAX never, 0 at once. */
typedef ktime_t poll_end_t;

/* fs/poll_wait.c */
void poll_initwait(struct poll_wqueues *pwq);
void poll_freewait(struct poll_wqueues *pwq);
/* Sleeps until a queue wakes us, a signal comes or end has passed; false for the latter. */
bool poll_sleep(struct poll_wqueues *pwq, poll_end_t end);
/* From a relative time: the end, or -EINVAL if it is no valid time. */
int poll_set_timeout(const struct timespec64 *ts, poll_end_t *end);

/* How the rest of the time goes back to the caller. */
enum poll_time_type { PT_TIMEVAL, PT_OLD_TIMEVAL, PT_TIMESPEC, PT_OLD_TIMESPEC };

static inline enum poll_time_type poll_timespec_type(bool time32)
{
	return time32 ? PT_OLD_TIMESPEC : PT_TIMESPEC;
}

/*
 * The end of a call with a caller's mask and time: restores the mask unless a signal is to be
 * delivered, stores what is left at p (may be NULL). Returns what the call shall return.
 */
long poll_finish(poll_end_t end, void __user *p, enum poll_time_type type, long ret);

static inline void poll_join_no_more(struct poll_wqueues *pwq)
{
	pwq->pt._qproc = NULL;
}

#endif
