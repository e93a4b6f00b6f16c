// SPDX-License-Identifier: MIT
/*
 * kernel/rwsem.c - reader/writer semaphores: mmap_lock, i_mmap_lock, inode locks.
 *
 *	count > 0	that many readers
 *	count == -1	one writer
 *	wait_list	not empty: newcomers queue too, so writers are not starved
 *
 * All of it stands under wait_lock. The releaser hands over: to one writer, or to all readers at
 * the head of the queue; a granted waiter has granted set before it is woken.
 */
#include <pagoda/mutex.h>
#include <pagoda/sched.h>
#include <pagoda/bug.h>

struct rwsem_waiter {
	struct list_head list;
	struct task_struct *task;
	bool writer;
	bool granted;
};

void init_rwsem_rank(struct rw_semaphore *sem, enum lock_rank rank)
{
	sem->count = 0;
	sem->owner = NULL;
	sem->rank = rank;
	spin_lock_init(&sem->wait_lock);
	INIT_LIST_HEAD(&sem->wait_list);
}

/* wait_lock held; the lock is free or held by readers: grant it to who may have it now. */
static void rwsem_grant(struct rw_semaphore *sem)
{
	struct rwsem_waiter *waiter;
	struct task_struct *task;

	while (!list_empty(&sem->wait_list)) {
		waiter = list_first_entry(&sem->wait_list, struct rwsem_waiter, list);
		if (waiter->writer ? sem->count != 0 : sem->count < 0)
			return;
		list_del(&waiter->list);
		task = get_task_struct(waiter->task);
		if (waiter->writer) {
			sem->count = -1;
			sem->owner = task;
		} else {
			sem->count++;
		}
		/* From here on the waiter may be gone from its stack. */
		smp_store_release(&waiter->granted, true);
		wake_up_process(task);
		put_task_struct(task);
	}
}

static inline void rwsem_grant_waiters(struct rw_semaphore *sem)
{
	if (unlikely(!list_empty(&sem->wait_list)))
		rwsem_grant(sem);
}

/* wait_lock held on entry, released on return. */
static int rwsem_wait(struct rw_semaphore *sem, bool writer, unsigned int state)
{
	struct rwsem_waiter waiter = {.task = current, .writer = writer};

	list_add_tail(&waiter.list, &sem->wait_list);
	for (;;) {
		set_current_state(state);
		if (waiter.granted)
			break;
		if (signal_pending_state(state, current)) {
			list_del(&waiter.list);
			rwsem_grant(sem); /* we may have held back readers behind us */
			__set_current_state(TASK_RUNNING);
			spin_unlock(&sem->wait_lock);
			return -EINTR;
		}
		spin_unlock(&sem->wait_lock);
		schedule();
		spin_lock(&sem->wait_lock);
	}
	__set_current_state(TASK_RUNNING);
	spin_unlock(&sem->wait_lock);
	return 0;
}

static int down_read_common(struct rw_semaphore *sem, unsigned int state)
{
	int err = 0;

	might_sleep();
	spin_lock(&sem->wait_lock);
	if (likely(sem->count >= 0 && list_empty(&sem->wait_list))) {
		sem->count++;
		spin_unlock(&sem->wait_lock);
	} else {
		err = rwsem_wait(sem, false, state);
	}
	if (!err)
		lock_acquired(sem, sem->rank, false);
	return err;
}

static int down_write_common(struct rw_semaphore *sem, unsigned int state, bool nested)
{
	int err = 0;

	might_sleep();
	spin_lock(&sem->wait_lock);
	if (likely(sem->count == 0 && list_empty(&sem->wait_list))) {
		sem->count = -1;
		sem->owner = current;
		spin_unlock(&sem->wait_lock);
	} else {
		err = rwsem_wait(sem, true, state);
	}
	if (!err)
		lock_acquired(sem, sem->rank, nested);
	return err;
}

void down_read(struct rw_semaphore *sem)
{
	down_read_common(sem, TASK_UNINTERRUPTIBLE);
}

int down_read_killable(struct rw_semaphore *sem)
{
	return down_read_common(sem, TASK_KILLABLE);
}

bool down_read_trylock(struct rw_semaphore *sem)
{
	bool taken = false;

	spin_lock(&sem->wait_lock);
	if (sem->count >= 0 && list_empty(&sem->wait_list)) {
		sem->count++;
		taken = true;
	}
	spin_unlock(&sem->wait_lock);
	if (taken)
		lock_acquired(sem, sem->rank, true);
	return taken;
}

void down_write(struct rw_semaphore *sem)
{
	down_write_common(sem, TASK_UNINTERRUPTIBLE, false);
}

void down_write_nested(struct rw_semaphore *sem)
{
	down_write_common(sem, TASK_UNINTERRUPTIBLE, true);
}

int down_write_killable(struct rw_semaphore *sem)
{
	return down_write_common(sem, TASK_KILLABLE, false);
}

bool down_write_trylock(struct rw_semaphore *sem)
{
	bool taken = false;

	spin_lock(&sem->wait_lock);
	if (sem->count == 0 && list_empty(&sem->wait_list)) {
		sem->count = -1;
		sem->owner = current;
		taken = true;
	}
	spin_unlock(&sem->wait_lock);
	if (taken)
		lock_acquired(sem, sem->rank, true);
	return taken;
}

void up_read(struct rw_semaphore *sem)
{
	lock_released(sem, sem->rank);
	spin_lock(&sem->wait_lock);
	DEBUG_ASSERT(sem->count > 0);
	if (--sem->count == 0)
		rwsem_grant_waiters(sem);
	spin_unlock(&sem->wait_lock);
}

void up_write(struct rw_semaphore *sem)
{
	lock_released(sem, sem->rank);
	spin_lock(&sem->wait_lock);
	DEBUG_ASSERT(sem->count == -1);
	sem->count = 0;
	sem->owner = NULL;
	rwsem_grant_waiters(sem);
	spin_unlock(&sem->wait_lock);
}

void downgrade_write(struct rw_semaphore *sem)
{
	spin_lock(&sem->wait_lock);
	DEBUG_ASSERT(sem->count == -1);
	sem->count = 1;
	sem->owner = NULL;
	rwsem_grant_waiters(sem);
	spin_unlock(&sem->wait_lock);
}
