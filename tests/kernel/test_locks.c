// SPDX-License-Identifier: MIT
/*
 * tests/kernel/test_locks.c - mutex, rwsem, spinlock, wait queues and completions, used by several
 * kernel threads at once.
 *
 * The counters are plain and their updates are torn apart by a yield, so that a lock that does not
 * exclude shows at once, also with one CPU.
 */
#include "ktest.h"
#include <pagoda/err.h>
#include <pagoda/kthread.h>
#include <pagoda/mutex.h>
#include <pagoda/sched.h>
#include <pagoda/spinlock.h>

#define THREADS 4
#define ROUNDS	200

static struct mutex test_mutex;
static struct rw_semaphore test_sem;
static DEFINE_SPINLOCK(test_spin);
static DECLARE_WAIT_QUEUE_HEAD(test_wait);
static long counter, writers_inside, readers_inside;
static bool broken;
static struct completion finished; /* once by each worker */

/* Runs fn in THREADS threads to their end. */
static void run_threads(int (*fn)(void *))
{
	int i, started = 0;

	counter = 0;
	broken = false;
	init_completion(&finished);
	for (i = 0; i < THREADS; i++)
		started += !IS_ERR(kthread_run(fn, NULL, "locks"));
	KTEST_EXPECT_EQ(started, THREADS);
	while (started--)
		wait_for_completion(&finished);
	KTEST_EXPECT(!broken);
}

/* A read and a write with a chance for others in between. */
static void torn_increment(void)
{
	long seen = READ_ONCE(counter);

	schedule();
	WRITE_ONCE(counter, seen + 1);
}

static int mutex_worker(void *unused)
{
	int i;

	for (i = 0; i < ROUNDS; i++) {
		mutex_lock(&test_mutex);
		torn_increment();
		mutex_unlock(&test_mutex);
	}
	complete(&finished);
	return 0;
}

KTEST(mutex_excludes)
{
	mutex_init(&test_mutex);
	run_threads(mutex_worker);
	KTEST_EXPECT_EQ(counter, THREADS * ROUNDS);
	KTEST_EXPECT(!mutex_is_locked(&test_mutex));
}

KTEST(mutex_trylock_says_whether_it_is_free)
{
	mutex_init(&test_mutex);
	KTEST_EXPECT(mutex_trylock(&test_mutex));
	KTEST_EXPECT(!mutex_trylock(&test_mutex));
	mutex_unlock(&test_mutex);
	KTEST_EXPECT(mutex_trylock(&test_mutex));
	mutex_unlock(&test_mutex);
}

static int rwsem_worker(void *unused)
{
	int i;

	for (i = 0; i < ROUNDS; i++) {
		down_write(&test_sem);
		if (writers_inside++ || readers_inside)
			broken = true;
		torn_increment();
		writers_inside--;
		downgrade_write(&test_sem);
		if (writers_inside)
			broken = true;
		up_read(&test_sem);

		down_read(&test_sem);
		__atomic_add_fetch(&readers_inside, 1, __ATOMIC_RELAXED);
		schedule();
		if (writers_inside)
			broken = true;
		__atomic_sub_fetch(&readers_inside, 1, __ATOMIC_RELAXED);
		up_read(&test_sem);
	}
	complete(&finished);
	return 0;
}

KTEST(rwsem_keeps_writers_from_everyone)
{
	init_rwsem(&test_sem);
	writers_inside = readers_inside = 0;
	run_threads(rwsem_worker);
	KTEST_EXPECT_EQ(counter, THREADS * ROUNDS);
	KTEST_EXPECT(!rwsem_is_locked(&test_sem));
}

KTEST(rwsem_lets_readers_share)
{
	init_rwsem(&test_sem);
	down_read(&test_sem);
	KTEST_EXPECT(down_read_trylock(&test_sem));
	KTEST_EXPECT(!down_write_trylock(&test_sem));
	up_read(&test_sem);
	up_read(&test_sem);
	KTEST_EXPECT(down_write_trylock(&test_sem));
	KTEST_EXPECT(!down_read_trylock(&test_sem));
	up_write(&test_sem);
}

static int writer_that_waits(void *unused)
{
	down_write(&test_sem);
	up_write(&test_sem);
	complete(&finished);
	return 0;
}

/* A reader that comes after a waiting writer queues behind it. */
KTEST(rwsem_does_not_starve_writers)
{
	init_rwsem(&test_sem);
	init_completion(&finished);
	down_read(&test_sem);
	KTEST_ASSERT(!IS_ERR(kthread_run(writer_that_waits, NULL, "writer")));
	while (list_empty_careful(&test_sem.wait_list))
		schedule_timeout_uninterruptible(NSEC_PER_MSEC);
	KTEST_EXPECT(!down_read_trylock(&test_sem));
	up_read(&test_sem);
	wait_for_completion(&finished);
	KTEST_EXPECT(!rwsem_is_locked(&test_sem));
}

static int spin_worker(void *unused)
{
	int i;

	for (i = 0; i < 20 * ROUNDS; i++) {
		spin_lock(&test_spin);
		WRITE_ONCE(counter, READ_ONCE(counter) + 1);
		spin_unlock(&test_spin);
	}
	complete(&finished);
	return 0;
}

KTEST(spinlock_excludes)
{
	run_threads(spin_worker);
	KTEST_EXPECT_EQ(counter, THREADS * 20 * ROUNDS);
}

/* The threads pass a turn around: each wake-up must reach the one that waits for it. */
static int turn;

static int turn_worker(void *unused)
{
	int me = __atomic_fetch_add(&counter, 1, __ATOMIC_RELAXED);
	int i;

	for (i = 0; i < ROUNDS; i++) {
		wait_event(test_wait, READ_ONCE(turn) == me);
		WRITE_ONCE(turn, (me + 1) % THREADS);
		wake_up_all(&test_wait);
	}
	complete(&finished);
	return 0;
}

KTEST(wait_queue_loses_no_wakeup)
{
	turn = 0;
	run_threads(turn_worker);
	KTEST_EXPECT_EQ(turn, 0);
	KTEST_EXPECT(!waitqueue_active(&test_wait));
}

static struct completion done;
static atomic_t released;

static int completion_waiter(void *unused)
{
	wait_for_completion(&done);
	atomic_inc(&released);
	complete(&finished);
	return 0;
}

/* complete() before the wait counts; one complete() releases one waiter, complete_all() the rest. */
KTEST(completion_releases_one_or_all)
{
	int i;

	init_completion(&done);
	init_completion(&finished);
	complete(&done);
	wait_for_completion(&done);

	atomic_set(&released, 0);
	for (i = 0; i < 3; i++)
		KTEST_ASSERT(!IS_ERR(kthread_run(completion_waiter, NULL, "waiter")));
	complete(&done);
	while (!atomic_read(&released))
		schedule_timeout_uninterruptible(NSEC_PER_MSEC);
	schedule_timeout_uninterruptible(5 * NSEC_PER_MSEC);
	KTEST_EXPECT_EQ(atomic_read(&released), 1);
	complete_all(&done);
	for (i = 0; i < 3; i++)
		wait_for_completion(&finished);
	KTEST_EXPECT_EQ(atomic_read(&released), 3);
}
