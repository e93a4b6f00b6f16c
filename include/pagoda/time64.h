/* SPDX-License-Identifier: MIT */
/* time64.h - points in time as seconds and nanoseconds; what inodes carry and programs pass. */
#ifndef PAGODA_TIME64_H
#define PAGODA_TIME64_H

#include <pagoda/types.h>
#include <pagoda/hrtimer.h>

/* The ABI's struct timespec on x86-64 has the same layout. */
struct timespec64 {
	time64_t tv_sec;
	long tv_nsec;
};

static inline struct timespec64 ns_to_timespec64(s64 ns)
{
	struct timespec64 ts = {ns / NSEC_PER_SEC, ns % NSEC_PER_SEC};

	if (ts.tv_nsec < 0) {
		ts.tv_sec--;
		ts.tv_nsec += NSEC_PER_SEC;
	}
	return ts;
}

static inline bool timespec64_equal(const struct timespec64 *a, const struct timespec64 *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

#endif
