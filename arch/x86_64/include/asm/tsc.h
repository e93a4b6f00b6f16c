/* SPDX-License-Identifier: MIT */
/*
 * asm/tsc.h - the clock: time stamp counter, PM timer and CMOS clock.
 */
#ifndef _ASM_TSC_H
#define _ASM_TSC_H

#include <pagoda/types.h>

/* TSC ticks per millisecond; 0 before tsc_init() */
extern u64 tsc_khz;

/* Not ordered against the instructions around it. */
static __always_inline u64 rdtsc(void)
{
	u32 low, high;

	asm volatile("rdtsc" : "=a"(low), "=d"(high));
	return low | (u64)high << 32;
}

/* arch/x86_64/tsc.c */
void tsc_init(void);
u64 sched_clock(void);
void ndelay(u64 ns);
void udelay(u64 us);
void mdelay(u64 ms);
s64 read_persistent_clock(void);

#endif
