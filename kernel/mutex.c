// SPDX-License-Identifier: MIT
/*
 * kernel/mutex.c - mutual exclusion for code that may sleep.
 *
 * owner and wait_list stand under wait_lock. A task that finds the mutex held queues a waiter on
 * its own stack and sleeps; mutex_unlock() makes the first waiter the owner before it wakes it,
 * so nobody can overtake and nobody is woken in vain.
 */
#include <pagoda/mutex.h>
#include <pagoda/sched.h>
#include <pagoda/bug.h>

struct mutex_waiter {
	struct list_head list;
	struct task_struct *task;
};

void mutex_init_rank(struct mutex *lock, enum lock_rank rank)
{
	lock->owner = NULL;
	lock->rank = rank;
	spin_lock_init(&lock->wait_lock);
	INIT_LIST_HEAD(&lock->wait_list);
}

/* Sleep until the mutex is handed to us. wait_lock held on entry, released on return. */
static int mutex_wait(struct mutex *lock, unsigned int state)
{
	struct mutex_waiter waiter = {.task = current};

	list_add_tail(&waiter.list, &lock->wait_list);
	for (;;) {
		set_current_state(state);
		if (lock->owner == current)
			break;
		if (signal_pending_state(state, current)) {
			list_del(&waiter.list);
			__set_current_state(TASK_RUNNING);
			spin_unlock(&lock->wait_lock);
			return -EINTR;
		}
		spin_unlock(&lock->wait_lock);
		schedule();
		spin_lock(&lock->wait_lock);
	}
	__set_current_state(TASK_RUNNING);
	spin_unlock(&lock->wait_lock);
	return 0;
}

static int mutex_lock_common(struct mutex *lock, unsigned int state)
{
	int err = 0;

	might_sleep();
	spin_lock(&lock->wait_lock);
	if (likely(!lock->owner)) {
		lock->owner = current;
		spin_unlock(&lock->wait_lock);
	} else {
		DEBUG_ASSERT(lock->owner != current);
		err = mutex_wait(lock, state);
	}
	if (!err)
		lock_acquired(lock, lock->rank, false);
	return err;
}

void mutex_lock(struct mutex *lock)
{
	mutex_lock_common(lock, TASK_UNINTERRUPTIBLE);
}

int mutex_lock_interruptible(struct mutex *lock)
{
	return mutex_lock_common(lock, TASK_INTERRUPTIBLE);
}

bool mutex_trylock(struct mutex *lock)
{
	bool taken = false;

	spin_lock(&lock->wait_lock);
	if (!lock->owner) {
		lock->owner = current;
		taken = true;
	}
	spin_unlock(&lock->wait_lock);
	if (taken)
		lock_acquired(lock, lock->rank, true);
	return taken;
}

void mutex_unlock(struct mutex *lock)
{
	struct mutex_waiter *waiter;
	struct task_struct *next = NULL;

	DEBUG_ASSERT(lock->owner == current);
	lock_released(lock, lock->rank);
	spin_lock(&lock->wait_lock);
	if (!list_empty(&lock->wait_list)) {
		waiter = list_first_entry(&lock->wait_list, struct mutex_waiter, list);
		list_del(&waiter->list);
		next = get_task_struct(waiter->task);
	}
	lock->owner = next;
	spin_unlock(&lock->wait_lock);
	if (next) {
		wake_up_process(next);
		put_task_struct(next);
	}
}
