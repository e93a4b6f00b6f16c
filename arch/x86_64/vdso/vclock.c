// SPDX-License-Identifier: MIT
/*
 * arch/x86_64/vdso/vclock.c - the functions of the vDSO. They run in user mode, in every program.
 *
 * The clocks that advance with the TSC are computed here as sched_clock() does; for all others the
 * kernel is called. vdso_data is [vvar], the page below the object; the linker script says so.
 */
#include <pagoda/types.h>
#include <uapi/time.h>
#include <asm/tsc.h>
#include <asm/vdso.h>

#define NR_gettimeofday	 96
#define NR_time		 201
#define NR_clock_gettime 228
#define NR_clock_getres	 229
#define NR_getcpu	 309

#define NSEC_PER_SEC 1000000000ULL

extern const struct vdso_data vdso_data __attribute__((visibility("hidden")));

struct timespec_words {
	long tv_sec, tv_nsec;
};

struct timeval_words {
	long tv_sec, tv_usec;
};

int __vdso_clock_gettime(int clock, struct timespec_words *ts);
int __vdso_clock_getres(int clock, struct timespec_words *res);
int __vdso_gettimeofday(struct timeval_words *tv, void *tz);
long __vdso_time(long *t);
long __vdso_getcpu(unsigned int *cpu, unsigned int *node, void *unused);

static long call(long number, const void *a, const void *b, const void *c)
{
	long ret;

	asm volatile("syscall"
		     : "=a"(ret)
		     : "a"(number), "D"(a), "S"(b), "d"(c)
		     : "rcx", "r11", "memory");
	return ret;
}

/* The fence keeps the clock from being read before what came first. */
static u64 monotonic_ns(void)
{
	asm volatile("lfence" : : : "memory");
	return (u64)(((unsigned __int128)(rdtsc() - vdso_data.tsc_base) * vdso_data.tsc_mult) >>
		     32);
}

static u64 realtime_ns(void)
{
	return monotonic_ns() + (u64) * (volatile const s64 *)&vdso_data.realtime;
}

int __vdso_clock_gettime(int clock, struct timespec_words *ts)
{
	u64 ns;

	switch (clock) {
	case CLOCK_REALTIME:
	case CLOCK_TAI:
		ns = realtime_ns();
		break;
	case CLOCK_MONOTONIC:
	case CLOCK_MONOTONIC_RAW:
	case CLOCK_BOOTTIME:
		ns = monotonic_ns();
		break;
	default:
		return (int)call(NR_clock_gettime, (void *)(long)clock, ts, NULL);
	}
	ts->tv_sec = (long)(ns / NSEC_PER_SEC);
	ts->tv_nsec = (long)(ns % NSEC_PER_SEC);
	return 0;
}

int __vdso_clock_getres(int clock, struct timespec_words *res)
{
	return (int)call(NR_clock_getres, (void *)(long)clock, res, NULL);
}

int __vdso_gettimeofday(struct timeval_words *tv, void *tz)
{
	u64 ns;

	if (!tv || tz) /* the kernel knows the time zone */
		return (int)call(NR_gettimeofday, tv, tz, NULL);
	ns = realtime_ns();
	tv->tv_sec = (long)(ns / NSEC_PER_SEC);
	tv->tv_usec = (long)(ns % NSEC_PER_SEC / 1000);
	return 0;
}

long __vdso_time(long *t)
{
	long now = (long)(realtime_ns() / NSEC_PER_SEC);

	if (t)
		*t = now;
	return now;
}

long __vdso_getcpu(unsigned int *cpu, unsigned int *node, void *unused)
{
	u32 low, high, aux;

	if (!vdso_data.tsc_aux_is_cpu)
		return call(NR_getcpu, cpu, node, unused);
	asm volatile("rdtscp" : "=a"(low), "=d"(high), "=c"(aux));
	if (cpu)
		*cpu = aux;
	if (node)
		*node = 0;
	return 0;
}

#define ALIAS(name) __attribute__((weak, alias("__vdso_" #name)))

int clock_gettime(int clock, struct timespec_words *ts) ALIAS(clock_gettime);
int clock_getres(int clock, struct timespec_words *res) ALIAS(clock_getres);
int gettimeofday(struct timeval_words *tv, void *tz) ALIAS(gettimeofday);
long time(long *t) ALIAS(time);
long getcpu(unsigned int *cpu, unsigned int *node, void *unused) ALIAS(getcpu);
