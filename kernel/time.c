// SPDX-License-Identifier: MIT
/*
 * kernel/time.c - the clocks, and sleeping for a time.
 *
 * CLOCK_MONOTONIC counts from boot (sched_clock(), the TSC); CLOCK_REALTIME is that plus an
 * offset, read from the CMOS clock at boot and changed by clock_settime().
 */
#include <pagoda/hrtimer.h>
#include <pagoda/sched.h>
#include <asm/tsc.h>
#include <asm/vdso.h>

static ktime_t realtime_offset; /* ns; read and written whole */

void timekeeping_init(void)
{
	do_settimeofday_ns(read_persistent_clock() * NSEC_PER_SEC);
}

ktime_t ktime_get(void)
{
	return (ktime_t)sched_clock();
}

ktime_t ktime_get_real(void)
{
	return ktime_get() + READ_ONCE(realtime_offset);
}

time64_t ktime_get_real_seconds(void)
{
	return ktime_get_real() / NSEC_PER_SEC;
}

/* real: ns since 1970. Returns 0, or -EINVAL for a time before boot could have been. */
int do_settimeofday_ns(ktime_t real)
{
	if (real < 0)
		return -EINVAL;
	WRITE_ONCE(realtime_offset, real - ktime_get());
	vdso_set_realtime(realtime_offset);
	return 0;
}

/* ---- schedule_timeout -------------------------------------------------------------------- */

struct sleeper {
	struct hrtimer timer;
	struct task_struct *task;
};

static enum hrtimer_restart wake_sleeper(struct hrtimer *timer)
{
	struct sleeper *sleeper = container_of(timer, struct sleeper, timer);

	wake_up_process(sleeper->task);
	return HRTIMER_NORESTART;
}

ktime_t schedule_timeout(ktime_t timeout)
{
	struct sleeper sleeper = {.task = current};
	ktime_t end, left;

	if (timeout == MAX_SCHEDULE_TIMEOUT) {
		schedule();
		return timeout;
	}
	end = ktime_add_safe(ktime_get(), timeout);
	hrtimer_init(&sleeper.timer, wake_sleeper);
	hrtimer_start(&sleeper.timer, end);
	schedule();
	hrtimer_cancel(&sleeper.timer);
	left = end - ktime_get();
	return left > 0 ? left : 0;
}

ktime_t schedule_timeout_interruptible(ktime_t timeout)
{
	set_current_state(TASK_INTERRUPTIBLE);
	return schedule_timeout(timeout);
}

ktime_t schedule_timeout_uninterruptible(ktime_t timeout)
{
	set_current_state(TASK_UNINTERRUPTIBLE);
	return schedule_timeout(timeout);
}
