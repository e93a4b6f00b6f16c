// SPDX-License-Identifier: MIT
/*
 * kernel/posix_clock.c - system calls that read and set clocks and sleep on them.
 *
 * CLOCK_MONOTONIC, _RAW, _COARSE and CLOCK_BOOTTIME are one clock here, as the machine never
 * suspends; CLOCK_TAI is CLOCK_REALTIME (no leap seconds are known). A negative id names the
 * processor time of another process or thread (clock_getcpuclockid): ~pid << 3 | kind.
 */
#include <pagoda/compat.h>
#include <pagoda/cred.h>
#include <pagoda/hrtimer.h>
#include <pagoda/pid.h>
#include <pagoda/posix-timers.h>
#include <pagoda/sched.h>
#include <pagoda/signal.h>
#include <pagoda/time64.h>
#include <asm/uaccess.h>
#include <syscalls.h>

#define CPUCLOCK_PERTHREAD 4 /* bit of a negative clock id */

bool clock_is_realtime(clockid_t clock)
{
	return clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE ||
	       clock == CLOCK_REALTIME_ALARM || clock == CLOCK_TAI;
}

bool clock_is_monotonic(clockid_t clock)
{
	return clock == CLOCK_MONOTONIC || clock == CLOCK_MONOTONIC_RAW ||
	       clock == CLOCK_MONOTONIC_COARSE || clock == CLOCK_BOOTTIME ||
	       clock == CLOCK_BOOTTIME_ALARM;
}

/* Processor time of the task or process a negative id names; -EINVAL if there is none. */
static int foreign_cpu_clock(clockid_t clock, ktime_t *now)
{
	pid_t pid = ~(clock >> 3);
	struct task_struct *p;
	u64 utime, stime;
	int err = -EINVAL;

	if ((clock & 3) == 3)
		return -EINVAL;
	read_lock(&tasklist_lock);
	p = pid ? find_task_by_vpid(pid) : current;
	if (p && (clock & CPUCLOCK_PERTHREAD) && same_thread_group(p, current)) {
		*now = (ktime_t)task_sched_runtime(p);
		err = 0;
	} else if (p && !(clock & CPUCLOCK_PERTHREAD) && p->sighand) {
		thread_group_cputime(p, &utime, &stime);
		*now = (ktime_t)(utime + stime);
		err = 0;
	}
	read_unlock(&tasklist_lock);
	return err;
}

/* *now in ns of that clock. 0 or -EINVAL. */
int clock_now(clockid_t clock, ktime_t *now)
{
	u64 utime, stime;

	if (clock_is_monotonic(clock)) {
		*now = ktime_get();
	} else if (clock_is_realtime(clock)) {
		*now = ktime_get_real();
	} else if (clock == CLOCK_THREAD_CPUTIME_ID) {
		*now = (ktime_t)task_sched_runtime(current);
	} else if (clock == CLOCK_PROCESS_CPUTIME_ID) {
		read_lock(&tasklist_lock);
		thread_group_cputime(current, &utime, &stime);
		read_unlock(&tasklist_lock);
		*now = (ktime_t)(utime + stime);
	} else if (clock < 0) {
		return foreign_cpu_clock(clock, now);
	} else {
		return -EINVAL;
	}
	return 0;
}

long sys_clock_gettime(clockid_t which_clock, struct timespec64 __user *tp)
{
	struct timespec64 ts;
	ktime_t now;
	int err = clock_now(which_clock, &now);

	if (err)
		return err;
	ts = ns_to_timespec64(now);
	return copy_to_user(tp, &ts, sizeof(ts)) ? -EFAULT : 0;
}

long sys_clock_gettime32(clockid_t which_clock, struct old_timespec32 __user *tp)
{
	struct timespec64 ts;
	ktime_t now;
	int err = clock_now(which_clock, &now);

	if (err)
		return err;
	ts = ns_to_timespec64(now);
	return put_user_timespec(&ts, tp, true);
}

static long clock_getres(clockid_t which_clock, void __user *tp, bool time32)
{
	struct timespec64 ts = {0, 1};
	ktime_t now;
	int err = clock_now(which_clock, &now);

	if (err)
		return err;
	if (which_clock == CLOCK_REALTIME_COARSE || which_clock == CLOCK_MONOTONIC_COARSE)
		ts.tv_nsec = TICK_NSEC;
	return tp ? put_user_timespec(&ts, tp, time32) : 0;
}

long sys_clock_getres(clockid_t which_clock, struct timespec64 __user *tp)
{
	return clock_getres(which_clock, tp, false);
}

long sys_clock_getres_time32(clockid_t which_clock, struct old_timespec32 __user *tp)
{
	return clock_getres(which_clock, tp, true);
}

static long clock_settime(clockid_t which_clock, const void __user *tp, bool time32)
{
	struct timespec64 ts;
	ktime_t now;

	if (which_clock != CLOCK_REALTIME && which_clock >= 0)
		return -EINVAL;
	if (get_user_timespec(&ts, tp, time32))
		return -EFAULT;
	if (which_clock < 0) /* processor time: not even root turns it back */
		return clock_now(which_clock, &now) ?: -EPERM;
	if (!timespec64_valid(&ts))
		return -EINVAL;
	if (!capable(CAP_SYS_TIME))
		return -EPERM;
	return do_settimeofday_ns(timespec64_to_ktime(ts));
}

long sys_clock_settime(clockid_t which_clock, const struct timespec64 __user *tp)
{
	return clock_settime(which_clock, tp, false);
}

long sys_clock_settime32(clockid_t which_clock, const struct old_timespec32 __user *tp)
{
	return clock_settime(which_clock, tp, true);
}

/* ---- the time of day ---------------------------------------------------------------------- */

/* Told to programs that ask, and used for nothing else: the kernel counts in UTC. */
static struct timezone sys_tz;

static long do_gettimeofday(void __user *tv, struct timezone __user *tz, bool time32)
{
	struct timespec64 now = ns_to_timespec64(ktime_get_real());
	struct timeval t = {now.tv_sec, now.tv_nsec / 1000};

	if (tv && put_user_timeval(&t, tv, time32))
		return -EFAULT;
	if (tz && copy_to_user(tz, &sys_tz, sizeof(sys_tz)))
		return -EFAULT;
	return 0;
}

long sys_gettimeofday(struct timeval __user *tv, struct timezone __user *tz)
{
	return do_gettimeofday(tv, tz, false);
}

long compat_sys_gettimeofday(struct old_timeval32 __user *tv, struct timezone __user *tz)
{
	return do_gettimeofday(tv, tz, true);
}

static long do_settimeofday(const void __user *tv, struct timezone __user *tz, bool time32)
{
	struct timespec64 ts;
	struct timezone zone;
	struct timeval t;

	if (tv && get_user_timeval(&t, tv, time32))
		return -EFAULT;
	if (tv && (t.tv_sec < 0 || (unsigned long)t.tv_usec >= 1000000))
		return -EINVAL;
	if (tz && copy_from_user(&zone, tz, sizeof(zone)))
		return -EFAULT;
	if (!capable(CAP_SYS_TIME))
		return -EPERM;
	if (tz && (zone.tz_minuteswest > 15 * 60 || zone.tz_minuteswest < -15 * 60))
		return -EINVAL;
	if (tz)
		sys_tz = zone;
	if (!tv)
		return 0;
	ts = (struct timespec64){t.tv_sec, t.tv_usec * NSEC_PER_USEC};
	return do_settimeofday_ns(timespec64_to_ktime(ts));
}

long sys_settimeofday(struct timeval __user *tv, struct timezone __user *tz)
{
	return do_settimeofday(tv, tz, false);
}

long compat_sys_settimeofday(struct old_timeval32 __user *tv, struct timezone __user *tz)
{
	return do_settimeofday(tv, tz, true);
}

long sys_time32(s32 __user *tloc)
{
	s32 now = ktime_get_real_seconds();

	if (tloc && put_user(now, tloc))
		return -EFAULT;
	return now;
}

long sys_stime32(s32 __user *tptr)
{
	s32 now;

	if (get_user(now, tptr))
		return -EFAULT;
	if (!capable(CAP_SYS_TIME))
		return -EPERM;
	return do_settimeofday_ns(now * NSEC_PER_SEC);
}

long sys_time(long __user *tloc)
{
	long now = ktime_get_real_seconds();

	if (tloc && put_user(now, tloc))
		return -EFAULT;
	return now;
}

/* ---- sleeping ---------------------------------------------------------------------------- */

static long nanosleep_until(ktime_t end, void __user *rmtp, bool time32, bool absolute);

static long nanosleep_restart(struct restart_block *restart)
{
	return nanosleep_until((ktime_t)restart->nanosleep.expires, restart->nanosleep.rmtp,
			       restart->nanosleep.time32, false);
}

/* Until CLOCK_MONOTONIC reaches `end`. 0, or -ERESTART_RESTARTBLOCK with the rest in *rmtp. */
static long nanosleep_until(ktime_t end, void __user *rmtp, bool time32, bool absolute)
{
	struct restart_block *restart = &current->restart_block;
	struct timespec64 rest;
	ktime_t left;

	for (;;) {
		left = end - ktime_get();
		if (left <= 0)
			return 0;
		if (signal_pending(current))
			break;
		schedule_timeout_interruptible(left);
	}
	if (absolute)
		return -ERESTARTNOHAND;
	rest = ns_to_timespec64(left);
	if (rmtp && put_user_timespec(&rest, rmtp, time32))
		return -EFAULT;
	restart->fn = nanosleep_restart;
	restart->nanosleep.rmtp = rmtp;
	restart->nanosleep.time32 = time32;
	restart->nanosleep.expires = (u64)end;
	return -ERESTART_RESTARTBLOCK;
}

/* The moment on CLOCK_MONOTONIC that a time on the given clock means; relative ones from now. */
ktime_t clock_to_monotonic(clockid_t clock, ktime_t t, bool absolute)
{
	if (!absolute)
		return t > KTIME_MAX - ktime_get() ? KTIME_MAX : t + ktime_get();
	if (clock_is_realtime(clock))
		return t - (ktime_get_real() - ktime_get());
	return t;
}

bool clock_is_known(clockid_t clock)
{
	return clock < 0 || clock_is_monotonic(clock) || clock_is_realtime(clock) ||
	       clock == CLOCK_THREAD_CPUTIME_ID || clock == CLOCK_PROCESS_CPUTIME_ID;
}

/* Nothing happens at a point of the raw and the coarse clocks, and processor time is only counted. */
bool clock_can_wait(clockid_t clock)
{
	return clock == CLOCK_REALTIME || clock == CLOCK_MONOTONIC || clock == CLOCK_BOOTTIME ||
	       clock == CLOCK_TAI || clock == CLOCK_REALTIME_ALARM || clock == CLOCK_BOOTTIME_ALARM;
}

static long do_clock_nanosleep(clockid_t which_clock, int flags, const void __user *rqtp,
			       void __user *rmtp, bool time32)
{
	bool absolute = flags & TIMER_ABSTIME;
	struct timespec64 ts;

	if (!clock_is_known(which_clock))
		return -EINVAL;
	if (!clock_can_wait(which_clock))
		return -EOPNOTSUPP;
	if (get_user_timespec(&ts, rqtp, time32))
		return -EFAULT;
	if (!timespec64_valid(&ts))
		return -EINVAL;
	return nanosleep_until(clock_to_monotonic(which_clock, timespec64_to_ktime(ts), absolute),
			       absolute ? NULL : rmtp, time32, absolute);
}

long sys_clock_nanosleep(clockid_t which_clock, int flags, const struct timespec64 __user *rqtp,
			 struct timespec64 __user *rmtp)
{
	return do_clock_nanosleep(which_clock, flags, rqtp, rmtp, false);
}

long sys_clock_nanosleep_time32(clockid_t which_clock, int flags,
				const struct old_timespec32 __user *rqtp,
				struct old_timespec32 __user *rmtp)
{
	return do_clock_nanosleep(which_clock, flags, rqtp, rmtp, true);
}

long sys_nanosleep(const struct timespec64 __user *rqtp, struct timespec64 __user *rmtp)
{
	return do_clock_nanosleep(CLOCK_MONOTONIC, 0, rqtp, rmtp, false);
}

long sys_nanosleep_time32(const struct old_timespec32 __user *rqtp,
			  struct old_timespec32 __user *rmtp)
{
	return do_clock_nanosleep(CLOCK_MONOTONIC, 0, rqtp, rmtp, true);
}
