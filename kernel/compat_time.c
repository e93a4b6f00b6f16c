// SPDX-License-Identifier: MIT
/*
 * kernel/compat_time.c - times to and from programs, with 32 or 64 bits.
 *
 * A call that passes a time has two forms for i386 programs: the old one, whose structures have
 * 32-bit members, and a _time64 one with the structures of x86-64. Both are one function with
 * a flag, which it hands on to these. In a 64-bit structure of a 32-bit program the upper half of
 * the nanoseconds is padding that may hold anything.
 */
#include <pagoda/compat.h>
#include <pagoda/errno.h>
#include <pagoda/time64.h>
#include <asm/uaccess.h>

static struct timespec from_timespec32(struct old_timespec32 t)
{
	return (struct timespec){t.tv_sec, t.tv_nsec};
}

static struct old_timespec32 to_timespec32(struct timespec ts)
{
	return (struct old_timespec32){(s32)ts.tv_sec, (s32)ts.tv_nsec};
}

/* tv_nsec as the program has set it. */
static long real_nsec(long nsec)
{
	return in_compat_syscall() ? (u32)nsec : nsec;
}

int get_user_timespec(struct timespec *ts, const void __user *from, bool time32)
{
	struct old_timespec32 t;

	if (!time32) {
		if (copy_from_user(ts, from, sizeof(*ts)))
			return -EFAULT;
		ts->tv_nsec = real_nsec(ts->tv_nsec);
		return 0;
	}
	if (copy_from_user(&t, from, sizeof(t)))
		return -EFAULT;
	*ts = from_timespec32(t);
	return 0;
}

int put_user_timespec(const struct timespec *ts, void __user *to, bool time32)
{
	struct old_timespec32 t;

	if (!time32)
		return copy_to_user(to, ts, sizeof(*ts)) ? -EFAULT : 0;
	t = to_timespec32(*ts);
	return copy_to_user(to, &t, sizeof(t)) ? -EFAULT : 0;
}

int get_user_timeval(struct timeval *tv, const void __user *from, bool time32)
{
	struct old_timeval32 t;

	if (!time32)
		return copy_from_user(tv, from, sizeof(*tv)) ? -EFAULT : 0;
	if (copy_from_user(&t, from, sizeof(t)))
		return -EFAULT;
	*tv = (struct timeval){t.tv_sec, t.tv_usec};
	return 0;
}

int put_user_timeval(const struct timeval *tv, void __user *to, bool time32)
{
	struct old_timeval32 t = {(s32)tv->tv_sec, (s32)tv->tv_usec};

	if (!time32)
		return copy_to_user(to, tv, sizeof(*tv)) ? -EFAULT : 0;
	return copy_to_user(to, &t, sizeof(t)) ? -EFAULT : 0;
}

int get_user_itimerspec(struct itimerspec *it, const void __user *from, bool time32)
{
	struct old_itimerspec32 t;

	if (!time32) {
		if (copy_from_user(it, from, sizeof(*it)))
			return -EFAULT;
		it->it_interval.tv_nsec = real_nsec(it->it_interval.tv_nsec);
		it->it_value.tv_nsec = real_nsec(it->it_value.tv_nsec);
		return 0;
	}
	if (copy_from_user(&t, from, sizeof(t)))
		return -EFAULT;
	it->it_interval = from_timespec32(t.it_interval);
	it->it_value = from_timespec32(t.it_value);
	return 0;
}

int put_user_itimerspec(const struct itimerspec *it, void __user *to, bool time32)
{
	struct old_itimerspec32 t = {to_timespec32(it->it_interval), to_timespec32(it->it_value)};

	if (!time32)
		return copy_to_user(to, it, sizeof(*it)) ? -EFAULT : 0;
	return copy_to_user(to, &t, sizeof(t)) ? -EFAULT : 0;
}
