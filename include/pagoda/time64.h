/* SPDX-License-Identifier: MIT */
/* time64.h - points in time as seconds and nanoseconds; what inodes carry and programs pass. */
#ifndef PAGODA_TIME64_H
#define PAGODA_TIME64_H

#include <pagoda/types.h>
#include <pagoda/hrtimer.h>
#include <uapi/time.h>

/* On x86-64 the ABI's struct timespec holds 64-bit seconds already. */
#define timespec64 timespec

static inline struct timespec64 ns_to_timespec64(s64 ns)
{
	struct timespec64 ts = {ns / NSEC_PER_SEC, ns % NSEC_PER_SEC};

	if (ts.tv_nsec < 0) {
		ts.tv_sec--;
		ts.tv_nsec += NSEC_PER_SEC;
	}
	return ts;
}

/* A time that a program may pass: not negative, nanoseconds in range. */
static inline bool timespec64_valid(const struct timespec64 *ts)
{
	return ts->tv_sec >= 0 && (unsigned long)ts->tv_nsec < NSEC_PER_SEC;
}

/* ns, saturated. The time is valid. */
static inline ktime_t timespec64_to_ktime(struct timespec64 ts)
{
	if (ts.tv_sec >= KTIME_MAX / NSEC_PER_SEC)
		return KTIME_MAX;
	return ts.tv_sec * NSEC_PER_SEC + ts.tv_nsec;
}

static inline bool timespec64_equal(const struct timespec64 *a, const struct timespec64 *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

#endif
