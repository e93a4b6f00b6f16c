// SPDX-License-Identifier: MIT
/*
 * kernel/wait.c - wait queues and completions (contract in <pagoda/wait.h>).
 *
 * A sleeper never misses a wake-up: it joins the queue and sets its state before it tests its
 * condition, and the waker changes the condition before it looks at the queue.
 */
#include <pagoda/wait.h>
#include <pagoda/sched.h>
#include <pagoda/mutex.h>

int default_wake_function(struct wait_queue_entry *wq_entry, unsigned int mode, int flags,
			  void *key)
{
	return try_to_wake_up(wq_entry->private, mode, flags);
}

int autoremove_wake_function(struct wait_queue_entry *wq_entry, unsigned int mode, int flags,
			     void *key)
{
	int woken = default_wake_function(wq_entry, mode, flags, key);

	if (woken)
		list_del_init(&wq_entry->entry);
	return woken;
}

void init_waitqueue_func_entry(struct wait_queue_entry *wq_entry, wait_queue_func_t func)
{
	wq_entry->flags = 0;
	wq_entry->private = NULL;
	wq_entry->func = func;
	INIT_LIST_HEAD(&wq_entry->entry);
}

/* Ordinary waiters stand before exclusive ones, so that a wake-up reaches all of them first. */
static void queue_entry(struct wait_queue_head *wq_head, struct wait_queue_entry *wq_entry)
{
	if (wq_entry->flags & WQ_FLAG_EXCLUSIVE)
		list_add_tail(&wq_entry->entry, &wq_head->head);
	else
		list_add(&wq_entry->entry, &wq_head->head);
}

void add_wait_queue(struct wait_queue_head *wq_head, struct wait_queue_entry *wq_entry)
{
	unsigned long flags;

	wq_entry->flags &= ~WQ_FLAG_EXCLUSIVE;
	spin_lock_irqsave(&wq_head->lock, flags);
	queue_entry(wq_head, wq_entry);
	spin_unlock_irqrestore(&wq_head->lock, flags);
}

void add_wait_queue_exclusive(struct wait_queue_head *wq_head, struct wait_queue_entry *wq_entry)
{
	unsigned long flags;

	wq_entry->flags |= WQ_FLAG_EXCLUSIVE;
	spin_lock_irqsave(&wq_head->lock, flags);
	queue_entry(wq_head, wq_entry);
	spin_unlock_irqrestore(&wq_head->lock, flags);
}

void remove_wait_queue(struct wait_queue_head *wq_head, struct wait_queue_entry *wq_entry)
{
	unsigned long flags;

	spin_lock_irqsave(&wq_head->lock, flags);
	list_del_init(&wq_entry->entry);
	spin_unlock_irqrestore(&wq_head->lock, flags);
}

static void prepare(struct wait_queue_head *wq_head, struct wait_queue_entry *wq_entry, int state)
{
	unsigned long flags;

	spin_lock_irqsave(&wq_head->lock, flags);
	if (list_empty(&wq_entry->entry))
		queue_entry(wq_head, wq_entry);
	set_current_state(state);
	spin_unlock_irqrestore(&wq_head->lock, flags);
}

void prepare_to_wait(struct wait_queue_head *wq_head, struct wait_queue_entry *wq_entry, int state)
{
	wq_entry->flags &= ~WQ_FLAG_EXCLUSIVE;
	prepare(wq_head, wq_entry, state);
}

void prepare_to_wait_exclusive(struct wait_queue_head *wq_head, struct wait_queue_entry *wq_entry,
			       int state)
{
	wq_entry->flags |= WQ_FLAG_EXCLUSIVE;
	prepare(wq_head, wq_entry, state);
}

void finish_wait(struct wait_queue_head *wq_head, struct wait_queue_entry *wq_entry)
{
	unsigned long flags;

	__set_current_state(TASK_RUNNING);
	/*
	 * Unlinked by its waker: nothing to do. The waker still holds the queue's lock, but it
	 * does not touch the entry again after list_del_init() (autoremove_wake_function).
	 */
	if (!list_empty_careful(&wq_entry->entry)) {
		spin_lock_irqsave(&wq_head->lock, flags);
		list_del_init(&wq_entry->entry);
		spin_unlock_irqrestore(&wq_head->lock, flags);
	}
}

void __wake_up_locked(struct wait_queue_head *wq_head, unsigned int mode, int nr_exclusive,
		      void *key)
{
	struct wait_queue_entry *curr, *next;

	list_for_each_entry_safe (curr, next, &wq_head->head, entry) {
		unsigned int flags = curr->flags;
		int woken = curr->func(curr, mode, 0, key);

		if (woken < 0)
			break;
		if (woken && (flags & WQ_FLAG_EXCLUSIVE) && !--nr_exclusive)
			break;
	}
}

void __wake_up(struct wait_queue_head *wq_head, unsigned int mode, int nr_exclusive, void *key)
{
	unsigned long flags;

	spin_lock_irqsave(&wq_head->lock, flags);
	__wake_up_locked(wq_head, mode, nr_exclusive, key);
	spin_unlock_irqrestore(&wq_head->lock, flags);
}

/* ---- completions ------------------------------------------------------------------------- */

#define COMPLETED_FOR_ALL 0x7fffffffu

void init_completion(struct completion *x)
{
	x->done = 0;
	init_waitqueue_head(&x->wait);
}

void complete(struct completion *x)
{
	unsigned long flags;

	spin_lock_irqsave(&x->wait.lock, flags);
	if (x->done != COMPLETED_FOR_ALL)
		x->done++;
	__wake_up_locked(&x->wait, TASK_NORMAL | TASK_WAKEKILL, 1, NULL);
	spin_unlock_irqrestore(&x->wait.lock, flags);
}

void complete_all(struct completion *x)
{
	unsigned long flags;

	spin_lock_irqsave(&x->wait.lock, flags);
	x->done = COMPLETED_FOR_ALL;
	__wake_up_locked(&x->wait, TASK_NORMAL | TASK_WAKEKILL, 0, NULL);
	spin_unlock_irqrestore(&x->wait.lock, flags);
}

/*
 * The test and the use of `done` stand under the queue's lock, and so does complete(): when this
 * returns, the completer has let go of *x and it may be freed.
 */
static int wait_for_common(struct completion *x, unsigned int state)
{
	DEFINE_WAIT(wait);
	int err = 0;

	might_sleep();
	spin_lock_irq(&x->wait.lock);
	while (!x->done) {
		if (list_empty(&wait.entry)) {
			wait.flags |= WQ_FLAG_EXCLUSIVE;
			queue_entry(&x->wait, &wait);
		}
		set_current_state(state);
		if (signal_pending_state(state, current)) {
			err = -ERESTARTSYS;
			break;
		}
		spin_unlock_irq(&x->wait.lock);
		schedule();
		spin_lock_irq(&x->wait.lock);
	}
	__set_current_state(TASK_RUNNING);
	list_del_init(&wait.entry);
	if (!err && x->done != COMPLETED_FOR_ALL)
		x->done--;
	spin_unlock_irq(&x->wait.lock);
	return err;
}

void wait_for_completion(struct completion *x)
{
	wait_for_common(x, TASK_UNINTERRUPTIBLE);
}

int wait_for_completion_killable(struct completion *x)
{
	return wait_for_common(x, TASK_KILLABLE);
}
