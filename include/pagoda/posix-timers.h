/* SPDX-License-Identifier: MIT */
/*
 * posix-timers.h - interval timers and timers on processor time.
 */
#ifndef PAGODA_POSIX_TIMERS_H
#define PAGODA_POSIX_TIMERS_H

#include <pagoda/types.h>

struct task_struct;
struct signal_struct;
struct hrtimer;
struct sigqueue;

/* kernel/itimer.c, kernel/posix-timers.c */
void run_posix_cpu_timers(struct task_struct *p);   /* from the tick, interrupts off */
void signal_init_timers(struct signal_struct *sig); /* a new process has none armed */
void exit_itimers(struct task_struct *tsk);	    /* last thread exits, or exec */
void posixtimer_rearm(struct sigqueue *q);	    /* its signal was taken; siglock held */

/* kernel/posix_clock.c */
bool clock_is_realtime(clockid_t clock);
bool clock_is_monotonic(clockid_t clock);
bool clock_is_known(clockid_t clock);
bool clock_can_wait(clockid_t clock);	      /* a sleep or a timer may end at a time of it */
int clock_now(clockid_t clock, ktime_t *now); /* ns of that clock; 0 or -EINVAL */
ktime_t clock_to_monotonic(clockid_t clock, ktime_t t, bool absolute);

#endif
