/* SPDX-License-Identifier: MIT */
/*
 * wait.h - wait queues: sleep until a condition holds.
 *
 * The pattern, and what wait_event() expands to:
 *
 *	prepare_to_wait(&wq, &wait, state);	set the state, join the queue
 *	if (condition) break;			look again after joining
 *	schedule();				a wake-up between the two makes this return at once
 *	finish_wait(&wq, &wait);
 *
 * The lock of a queue is irq-safe: interrupt handlers may wake. Wakers change the condition first.
 */
#ifndef PAGODA_WAIT_H
#define PAGODA_WAIT_H

#include <pagoda/list.h>
#include <pagoda/spinlock.h>

struct task_struct;
struct wait_queue_entry;

/* Returns > 0 if it woke an exclusive waiter, 0 if not, < 0 to stop the walk. Called with the lock
 * held. */
typedef int (*wait_queue_func_t)(struct wait_queue_entry *wq_entry, unsigned int mode, int flags,
				 void *key);

#define WQ_FLAG_EXCLUSIVE 0x01

struct wait_queue_entry {
	unsigned int flags;
	void *private; /* the task, for default_wake_function */
	wait_queue_func_t func;
	struct list_head entry;
};
typedef struct wait_queue_entry wait_queue_entry_t;

struct wait_queue_head {
	spinlock_t lock;
	struct list_head head;
};
typedef struct wait_queue_head wait_queue_head_t;

#define __WAIT_QUEUE_HEAD_INITIALIZER(name)                                                        \
	{                                                                                          \
		.lock = __SPIN_LOCK_UNLOCKED_RANK(RANK_WAITQUEUE),                                 \
		.head = LIST_HEAD_INIT((name).head)                                                \
	}
#define DECLARE_WAIT_QUEUE_HEAD(name)                                                              \
	struct wait_queue_head name = __WAIT_QUEUE_HEAD_INITIALIZER(name)

static inline void init_waitqueue_head(struct wait_queue_head *wq_head)
{
	spin_lock_init_rank(&wq_head->lock, RANK_WAITQUEUE);
	INIT_LIST_HEAD(&wq_head->head);
}

/* kernel/wait.c */
int autoremove_wake_function(struct wait_queue_entry *wq_entry, unsigned int mode, int flags,
			     void *key);
int default_wake_function(struct wait_queue_entry *wq_entry, unsigned int mode, int flags,
			  void *key);
void init_waitqueue_func_entry(struct wait_queue_entry *wq_entry, wait_queue_func_t func);
void add_wait_queue(struct wait_queue_head *wq_head, struct wait_queue_entry *wq_entry);
void add_wait_queue_exclusive(struct wait_queue_head *wq_head, struct wait_queue_entry *wq_entry);
void remove_wait_queue(struct wait_queue_head *wq_head, struct wait_queue_entry *wq_entry);
void prepare_to_wait(struct wait_queue_head *wq_head, struct wait_queue_entry *wq_entry, int state);
void prepare_to_wait_exclusive(struct wait_queue_head *wq_head, struct wait_queue_entry *wq_entry,
			       int state);
void finish_wait(struct wait_queue_head *wq_head, struct wait_queue_entry *wq_entry);
/* Wake all non-exclusive waiters and nr_exclusive exclusive ones (0 = all) whose state is in mode.
 */
void __wake_up(struct wait_queue_head *wq_head, unsigned int mode, int nr_exclusive, void *key);
/* The same with wq_head->lock already held. */
void __wake_up_locked(struct wait_queue_head *wq_head, unsigned int mode, int nr_exclusive,
		      void *key);

/* Racy test for waiters; pair with smp_mb() between the condition's store and this read. */
static inline bool waitqueue_active(struct wait_queue_head *wq_head)
{
	return !list_empty(&wq_head->head);
}

#define wake_up(x)			 __wake_up(x, TASK_NORMAL, 1, NULL)
#define wake_up_nr(x, nr)		 __wake_up(x, TASK_NORMAL, nr, NULL)
#define wake_up_all(x)			 __wake_up(x, TASK_NORMAL, 0, NULL)
#define wake_up_interruptible(x)	 __wake_up(x, TASK_INTERRUPTIBLE, 1, NULL)
#define wake_up_interruptible_all(x)	 __wake_up(x, TASK_INTERRUPTIBLE, 0, NULL)
#define poll_to_key(m)			 ((void *)(unsigned long)(m))
#define key_to_poll(m)			 ((__poll_t)(unsigned long)(m))
#define wake_up_poll(x, m)		 __wake_up(x, TASK_NORMAL, 1, poll_to_key(m))
#define wake_up_interruptible_poll(x, m) __wake_up(x, TASK_INTERRUPTIBLE, 1, poll_to_key(m))

#define DEFINE_WAIT_FUNC(name, function)                                                           \
	struct wait_queue_entry name = {                                                           \
		.private = current,                                                                \
		.func = function,                                                                  \
		.entry = LIST_HEAD_INIT((name).entry),                                             \
	}
#define DEFINE_WAIT(name) DEFINE_WAIT_FUNC(name, autoremove_wake_function)
#define DECLARE_WAITQUEUE(name, tsk)                                                               \
	struct wait_queue_entry name = {                                                           \
		.private = (tsk),                                                                  \
		.func = default_wake_function,                                                     \
		.entry = LIST_HEAD_INIT((name).entry),                                             \
	}

/* Evaluates to 0, or -ERESTARTSYS when a signal that `state` allows is pending. */
#define ___wait_event(wq, condition, state, exclusive, cmd)                                        \
	({                                                                                         \
		DEFINE_WAIT(__wait);                                                               \
		long __ret = 0;                                                                    \
		might_sleep();                                                                     \
		for (;;) {                                                                         \
			if (exclusive)                                                             \
				prepare_to_wait_exclusive(&(wq), &__wait, state);                  \
			else                                                                       \
				prepare_to_wait(&(wq), &__wait, state);                            \
			if (condition)                                                             \
				break;                                                             \
			if (signal_pending_state(state, current)) {                                \
				__ret = -ERESTARTSYS;                                              \
				break;                                                             \
			}                                                                          \
			cmd;                                                                       \
		}                                                                                  \
		finish_wait(&(wq), &__wait);                                                       \
		__ret;                                                                             \
	})

#define wait_event(wq, condition)                                                                  \
	do {                                                                                       \
		if (!(condition))                                                                  \
			(void)___wait_event(wq, condition, TASK_UNINTERRUPTIBLE, 0, schedule());   \
	} while (0)
#define wait_event_interruptible(wq, condition)                                                    \
	((condition) ? 0 : ___wait_event(wq, condition, TASK_INTERRUPTIBLE, 0, schedule()))
#define wait_event_interruptible_exclusive(wq, condition)                                          \
	((condition) ? 0 : ___wait_event(wq, condition, TASK_INTERRUPTIBLE, 1, schedule()))
#define wait_event_killable(wq, condition)                                                         \
	((condition) ? 0 : ___wait_event(wq, condition, TASK_KILLABLE, 0, schedule()))

#endif
