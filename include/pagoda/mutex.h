/* SPDX-License-Identifier: MIT */
/*
 * mutex.h - sleeping locks: mutex, reader/writer semaphore, completion.
 *
 * The state of each stands under a spinlock of its own (wait_lock), so that taking a free one
 * costs one atomic operation. Waiters queue in order of arrival and the releaser hands the lock
 * over. Not for interrupt handlers. The holder of a mutex may sleep and must be the one who
 * releases it. *_killable and *_interruptible return -EINTR when a signal ends the wait.
 */
#ifndef PAGODA_MUTEX_H
#define PAGODA_MUTEX_H

#include <pagoda/wait.h>
#include <pagoda/atomic.h>

struct mutex {
	struct task_struct *owner; /* NULL when free */
	spinlock_t wait_lock;
	struct list_head wait_list;
	u16 rank;
};

#define __MUTEX_INITIALIZER(name)                                                                  \
	{                                                                                          \
		.owner = NULL, .wait_lock = __SPIN_LOCK_UNLOCKED(name),                            \
		.wait_list = LIST_HEAD_INIT((name).wait_list), .rank = RANK_NONE                   \
	}
#define DEFINE_MUTEX(name) struct mutex name = __MUTEX_INITIALIZER(name)

/* kernel/mutex.c */
void mutex_init_rank(struct mutex *lock, enum lock_rank rank);
void mutex_lock(struct mutex *lock);
int mutex_lock_interruptible(struct mutex *lock); /* 0 or -EINTR */
bool mutex_trylock(struct mutex *lock);
void mutex_unlock(struct mutex *lock);

static inline void mutex_init(struct mutex *lock)
{
	mutex_init_rank(lock, RANK_NONE);
}

static inline bool mutex_is_locked(const struct mutex *lock)
{
	return READ_ONCE(lock->owner) != NULL;
}

/*
 * Reader/writer semaphore. count: number of readers, or -1 for a writer. Waiters queue in order
 * of arrival, so a waiting writer holds back later readers; a reader that already holds the lock
 * must not take it again.
 */
struct rw_semaphore {
	long count;
	spinlock_t wait_lock;
	struct list_head wait_list;
	struct task_struct *owner; /* the writer; for assertions and debugging */
	u16 rank;
};

/* kernel/rwsem.c */
void init_rwsem_rank(struct rw_semaphore *sem, enum lock_rank rank);
void down_read(struct rw_semaphore *sem);
int down_read_killable(struct rw_semaphore *sem); /* 0 or -EINTR */
bool down_read_trylock(struct rw_semaphore *sem);
void down_write(struct rw_semaphore *sem);
void down_write_nested(struct rw_semaphore *sem);
int down_write_killable(struct rw_semaphore *sem); /* 0 or -EINTR */
bool down_write_trylock(struct rw_semaphore *sem);
void up_read(struct rw_semaphore *sem);
void up_write(struct rw_semaphore *sem);
void downgrade_write(struct rw_semaphore *sem); /* writer becomes reader without a gap */

static inline void init_rwsem(struct rw_semaphore *sem)
{
	init_rwsem_rank(sem, RANK_NONE);
}

static inline bool rwsem_is_locked(const struct rw_semaphore *sem)
{
	return READ_ONCE(sem->count) != 0;
}

static inline bool rwsem_is_write_locked(const struct rw_semaphore *sem)
{
	return READ_ONCE(sem->count) < 0;
}

/* A one-shot event with memory: complete() may come before wait_for_completion(). */
struct completion {
	unsigned int done;
	struct wait_queue_head wait;
};

#define COMPLETION_INITIALIZER_ONSTACK(work)                                                       \
	{                                                                                          \
		.done = 0, .wait = __WAIT_QUEUE_HEAD_INITIALIZER((work).wait)                      \
	}
#define DECLARE_COMPLETION_ONSTACK(work)                                                           \
	struct completion work = COMPLETION_INITIALIZER_ONSTACK(work)

/* kernel/wait.c */
void init_completion(struct completion *x);
void complete(struct completion *x);
void complete_all(struct completion *x);
void wait_for_completion(struct completion *x);
int wait_for_completion_killable(struct completion *x); /* 0 or -ERESTARTSYS */

#endif
