/* SPDX-License-Identifier: MIT */
/*
 * hrtimer.h - timers in nanoseconds of CLOCK_MONOTONIC, and the kernel's clocks.
 *
 * Each CPU keeps its timers in a tree ordered by expiry (kernel/hrtimer.c) and programs the local
 * APIC for the first one. The function runs in the timer interrupt with interrupts off and may
 * restart its timer by moving the expiry (hrtimer_forward) and returning HRTIMER_RESTART.
 */
#ifndef PAGODA_HRTIMER_H
#define PAGODA_HRTIMER_H

#include <pagoda/types.h>
#include <pagoda/rbtree.h>

#define NSEC_PER_SEC  1000000000LL
#define NSEC_PER_MSEC 1000000LL
#define NSEC_PER_USEC 1000LL
#define KTIME_MAX     ((ktime_t)0x7fffffffffffffffLL)
#define HZ	      250
#define TICK_NSEC     (NSEC_PER_SEC / HZ)
#define USER_HZ	      100 /* unit of times(2) and of /proc */

enum hrtimer_restart { HRTIMER_NORESTART, HRTIMER_RESTART };

struct hrtimer {
	struct rb_node node;
	ktime_t expires; /* CLOCK_MONOTONIC, ns */
	enum hrtimer_restart (*function)(struct hrtimer *timer);
	int cpu;     /* base it is queued on, or was last */
	bool queued; /* both guarded by that base's lock */
};

/* t >= 0 after `from`, or the end of time. */
static inline ktime_t ktime_add_safe(ktime_t from, ktime_t t)
{
	ktime_t sum;

	return __builtin_add_overflow(from, t, &sum) ? KTIME_MAX : sum;
}

/* kernel/hrtimer.c */
void hrtimers_init(void);
void hrtimer_init(struct hrtimer *timer, enum hrtimer_restart (*function)(struct hrtimer *));
void hrtimer_start(struct hrtimer *timer, ktime_t expires); /* absolute; restarts a queued timer */
int hrtimer_try_to_cancel(struct hrtimer *timer); /* 1 was queued, 0 was not, -1 is running */
bool hrtimer_cancel(
	struct hrtimer *timer); /* waits for a running function; true if it was queued */
bool hrtimer_active(const struct hrtimer *timer); /* queued or running */
ktime_t hrtimer_get_remaining(const struct hrtimer *timer);
u64 hrtimer_forward(struct hrtimer *timer, ktime_t now, ktime_t interval); /* returns overruns */
void hrtimer_interrupt(void); /* from the APIC timer interrupt */

/* kernel/time.c: clocks, ns */
void timekeeping_init(void);
ktime_t ktime_get(void);      /* CLOCK_MONOTONIC = CLOCK_BOOTTIME: from boot */
ktime_t ktime_get_real(void); /* CLOCK_REALTIME: from 1970 */
int do_settimeofday_ns(ktime_t real);
time64_t ktime_get_real_seconds(void);

static inline u64 ktime_get_ns(void)
{
	return (u64)ktime_get();
}

/* ns -> USER_HZ ticks */
static inline u64 nsec_to_clock_t(u64 ns)
{
	return ns / (NSEC_PER_SEC / USER_HZ);
}

#endif
