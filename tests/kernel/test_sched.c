// SPDX-License-Identifier: MIT
/*
 * tests/kernel/test_sched.c - the scheduler and timers: fair shares, affinity, order of expiry.
 */
#include "ktest.h"
#include <pagoda/cpumask.h>
#include <pagoda/err.h>
#include <pagoda/hrtimer.h>
#include <pagoda/kthread.h>
#include <pagoda/sched.h>
#include <pagoda/smp.h>

/* ---- timers ------------------------------------------------------------------------------ */

#define TIMERS 32

static struct hrtimer timers[TIMERS];
static int fired[TIMERS], nr_fired;
static int restarts_left;
static struct completion timers_done;

static enum hrtimer_restart note_timer(struct hrtimer *timer)
{
	fired[nr_fired++] = (int)(timer - timers);
	if (nr_fired == TIMERS)
		complete(&timers_done);
	return HRTIMER_NORESTART;
}

KTEST(timers_fire_in_order_of_expiry)
{
	ktime_t base = ktime_get() + 10 * NSEC_PER_MSEC;
	cpumask_t here = CPU_MASK_CPU(smp_processor_id()), before = current->cpus_mask;
	int i;

	/* One CPU, so that one queue holds them all. */
	KTEST_ASSERT(!set_cpus_allowed(current, &here));
	nr_fired = 0;
	init_completion(&timers_done);
	for (i = 0; i < TIMERS; i++) {
		hrtimer_init(&timers[i], note_timer);
		/* 0, 7, 14 ... 32, a permutation of the order they are started in */
		hrtimer_start(&timers[i], base + (i * 7 % TIMERS) * NSEC_PER_USEC * 10);
	}
	wait_for_completion(&timers_done);
	for (i = 1; i < TIMERS; i++)
		KTEST_EXPECT(timers[fired[i - 1]].expires <= timers[fired[i]].expires);
	for (i = 0; i < TIMERS; i++)
		KTEST_EXPECT(!hrtimer_cancel(&timers[i]));
	set_cpus_allowed(current, &before);
}

KTEST(timer_cancelled_does_not_fire)
{
	nr_fired = 0;
	hrtimer_init(&timers[0], note_timer);
	hrtimer_start(&timers[0], ktime_get() + 3600 * NSEC_PER_SEC);
	KTEST_EXPECT(hrtimer_active(&timers[0]));
	KTEST_EXPECT(hrtimer_cancel(&timers[0]));
	KTEST_EXPECT(!hrtimer_active(&timers[0]));
	KTEST_EXPECT(!hrtimer_cancel(&timers[0]));
	KTEST_EXPECT_EQ(nr_fired, 0);
}

static enum hrtimer_restart restart_timer(struct hrtimer *timer)
{
	if (--restarts_left == 0) {
		complete(&timers_done);
		return HRTIMER_NORESTART;
	}
	hrtimer_forward(timer, ktime_get(), NSEC_PER_MSEC);
	return HRTIMER_RESTART;
}

KTEST(timer_restarts_itself)
{
	init_completion(&timers_done);
	restarts_left = 5;
	hrtimer_init(&timers[0], restart_timer);
	hrtimer_start(&timers[0], ktime_get());
	wait_for_completion(&timers_done);
	hrtimer_cancel(&timers[0]);
	KTEST_EXPECT_EQ(restarts_left, 0);
}

KTEST(timer_forward_counts_missed_periods)
{
	struct hrtimer t;

	hrtimer_init(&t, note_timer);
	t.expires = 1000;
	KTEST_EXPECT_EQ(hrtimer_forward(&t, 999, 100), 0);
	KTEST_EXPECT_EQ(t.expires, 1000);
	KTEST_EXPECT_EQ(hrtimer_forward(&t, 1000, 100), 1);
	KTEST_EXPECT_EQ(t.expires, 1100);
	KTEST_EXPECT_EQ(hrtimer_forward(&t, 1350, 100), 3);
	KTEST_EXPECT_EQ(t.expires, 1400);
}

/* ---- scheduling -------------------------------------------------------------------------- */

static atomic_t strayed;
static struct completion finished;

static int never_on_another_cpu(void *arg)
{
	unsigned int cpu = (unsigned int)(long)arg;
	cpumask_t mask = CPU_MASK_CPU(cpu);
	int i;

	if (set_cpus_allowed(current, &mask))
		atomic_inc(&strayed);
	for (i = 0; i < 50; i++) {
		if (smp_processor_id() != (int)cpu)
			atomic_inc(&strayed);
		schedule_timeout_uninterruptible(100 * NSEC_PER_USEC);
	}
	complete(&finished);
	return 0;
}

KTEST(affinity_holds)
{
	cpumask_t none = CPU_MASK_NONE;
	unsigned int cpu;

	atomic_set(&strayed, 0);
	init_completion(&finished);
	for_each_online_cpu (cpu) {
		void *arg = (void *)(long)cpu;

		KTEST_ASSERT(!IS_ERR(kthread_run(never_on_another_cpu, arg, "pinned")));
	}
	for_each_online_cpu (cpu)
		wait_for_completion(&finished);
	KTEST_EXPECT_EQ(atomic_read(&strayed), 0);
	KTEST_EXPECT_EQ(set_cpus_allowed(current, &none), -EINVAL);
}

/* Burns processor time until told to stop; gives way as kernel code does. */
static int burn(void *arg)
{
	while (!kthread_should_stop())
		cond_resched();
	return 0;
}

static u64 time_of_burner(int nice_a, int nice_b, u64 *other)
{
	struct task_struct *a = kthread_run(burn, NULL, "burn-a");
	struct task_struct *b = kthread_run(burn, NULL, "burn-b");
	cpumask_t cpu0 = CPU_MASK_CPU(0);
	u64 start_a, start_b, time;

	KTEST_EXPECT(!IS_ERR(a) && !IS_ERR(b));
	set_cpus_allowed(a, &cpu0);
	set_cpus_allowed(b, &cpu0);
	set_user_nice(a, nice_a);
	set_user_nice(b, nice_b);
	schedule_timeout_uninterruptible(20 * NSEC_PER_MSEC);
	start_a = task_sched_runtime(a);
	start_b = task_sched_runtime(b);
	schedule_timeout_uninterruptible(400 * NSEC_PER_MSEC);
	time = task_sched_runtime(a) - start_a;
	*other = task_sched_runtime(b) - start_b;
	kthread_stop(a);
	kthread_stop(b);
	return time;
}

/* Two equal tasks on one CPU get the same. Wide margins. */
static bool equal_weights_share_equally(void)
{
	u64 other, mine = time_of_burner(0, 0, &other);

	return mine > other / 2 && other > mine / 2;
}

/* Nice 5 gets about a third of nice 0. */
static bool larger_weight_gets_more(void)
{
	u64 other, mine = time_of_burner(0, 5, &other);

	return mine > other + other / 2;
}

/* A busy host stops this CPU now and then, at the cost of the task that runs: so several tries. */
static bool holds(bool (*claim)(void))
{
	for (int i = 0; i < 10; i++)
		if (claim())
			return true;
	return false;
}

KTEST(processor_time_is_shared_by_weight)
{
	KTEST_EXPECT(holds(equal_weights_share_equally));
	KTEST_EXPECT(holds(larger_weight_gets_more));
}
