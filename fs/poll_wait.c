// SPDX-License-Identifier: MIT
/*
 * fs/poll_wait.c - waiting on many wait queues at once, for poll(2) and select(2).
 *
 * Each queue that a file names gets an entry; waking any of them sets `triggered` and wakes the
 * task. The first entries stand in the caller's frame, further ones in pages.
 *
 * Locks: an entry's place in its queue is guarded by the queue's lock; the rest belongs to the
 * polling task alone.
 */
#include "poll_wait.h"
#include <pagoda/compat.h>
#include <pagoda/gfp.h>
#include <pagoda/kernel.h>
#include <pagoda/sched.h>
#include <pagoda/signal.h>
#include <uapi/personality.h>
#include <asm/uaccess.h>

struct poll_table_page {
	struct poll_table_page *next;
	unsigned int used;
	struct poll_table_entry entries[];
};

#define ENTRIES_PER_PAGE                                                                           \
	((PAGE_SIZE - sizeof(struct poll_table_page)) / sizeof(struct poll_table_entry))

/* A waker's side: called with the queue's lock held. */
static int pollwake(struct wait_queue_entry *wait, unsigned int mode, int flags, void *key)
{
	struct poll_table_entry *entry = container_of(wait, struct poll_table_entry, wait);
	struct poll_wqueues *pwq = wait->private;

	if (key && !(key_to_poll(key) & entry->key))
		return 0;
	smp_store_release(&pwq->triggered, 1);
	return try_to_wake_up(pwq->polling_task, mode, flags);
}

static struct poll_table_entry *get_entry(struct poll_wqueues *pwq)
{
	struct poll_table_page *page = pwq->pages;

	if (pwq->inline_used < POLL_INLINE_ENTRIES)
		return &pwq->inline_entries[pwq->inline_used++];
	if (!page || page->used == ENTRIES_PER_PAGE) {
		page = (struct poll_table_page *)__get_free_page(GFP_KERNEL);
		if (!page) {
			pwq->error = -ENOMEM;
			return NULL;
		}
		page->used = 0;
		page->next = pwq->pages;
		pwq->pages = page;
	}
	return &page->entries[page->used++];
}

/* poll_wait() of a file's ->poll() ends here. */
static void __pollwait(struct file *filp, struct wait_queue_head *wait_address, poll_table *p)
{
	struct poll_wqueues *pwq = container_of(p, struct poll_wqueues, pt);
	struct poll_table_entry *entry = get_entry(pwq);

	if (!entry)
		return;
	entry->filp = get_file(filp);
	entry->wait_address = wait_address;
	entry->key = p->_key;
	init_waitqueue_func_entry(&entry->wait, pollwake);
	entry->wait.private = pwq;
	add_wait_queue(wait_address, &entry->wait);
}

void poll_initwait(struct poll_wqueues *pwq)
{
	init_poll_funcptr(&pwq->pt, __pollwait);
	pwq->pages = NULL;
	pwq->polling_task = current;
	pwq->triggered = 0;
	pwq->error = 0;
	pwq->inline_used = 0;
}

static void free_entry(struct poll_table_entry *entry)
{
	remove_wait_queue(entry->wait_address, &entry->wait);
	fput(entry->filp);
}

void poll_freewait(struct poll_wqueues *pwq)
{
	struct poll_table_page *page;
	unsigned int i;

	for (i = 0; i < pwq->inline_used; i++)
		free_entry(&pwq->inline_entries[i]);
	while ((page = pwq->pages)) {
		pwq->pages = page->next;
		for (i = 0; i < page->used; i++)
			free_entry(&page->entries[i]);
		free_page((unsigned long)page);
	}
}

/*
 * A wake-up between the caller's look at the files and our going to sleep has set triggered, or
 * finds the state already set; so none is lost.
 */
bool poll_sleep(struct poll_wqueues *pwq, poll_end_t end)
{
	ktime_t left = end == KTIME_MAX ? MAX_SCHEDULE_TIMEOUT : end - ktime_get();

	if (left > 0) {
		set_current_state(TASK_INTERRUPTIBLE);
		if (!READ_ONCE(pwq->triggered))
			left = schedule_timeout(left);
		__set_current_state(TASK_RUNNING);
	}
	/* clear it before the files are asked again */
	smp_store_mb(pwq->triggered, 0);
	return left > 0;
}

int poll_set_timeout(const struct timespec64 *ts, poll_end_t *end)
{
	ktime_t delta, now;

	if (!timespec64_valid(ts))
		return -EINVAL;
	delta = timespec64_to_ktime(*ts);
	if (!delta) {
		*end = 0;
		return 0;
	}
	now = ktime_get();
	*end = delta < KTIME_MAX - now ? now + delta : KTIME_MAX;
	return 0;
}

static int put_rest(ktime_t rest, void __user *p, enum poll_time_type type)
{
	struct timespec64 ts = ns_to_timespec64(rest);
	struct timeval tv = {ts.tv_sec, ts.tv_nsec / NSEC_PER_USEC};

	if (type == PT_TIMEVAL || type == PT_OLD_TIMEVAL)
		return put_user_timeval(&tv, p, type == PT_OLD_TIMEVAL);
	return put_user_timespec(&ts, p, type == PT_OLD_TIMESPEC);
}

/*
 * A call that will be restarted needs the rest of its time stored: where that is impossible, or
 * the program has asked for times that stick, it ends with EINTR instead.
 */
long poll_finish(poll_end_t end, void __user *p, enum poll_time_type type, long ret)
{
	ktime_t rest;

	restore_saved_sigmask_unless(ret == -ERESTARTNOHAND);
	if (!p)
		return ret;
	if (!(current->personality & STICKY_TIMEOUTS)) {
		if (!end)
			return ret;
		rest = max(end - ktime_get(), (ktime_t)0);
		if (!put_rest(rest, p, type))
			return ret;
	}
	return ret == -ERESTARTNOHAND ? -EINTR : ret;
}
