// SPDX-License-Identifier: MIT
/*
 * tests/abi/clock.c - reading and setting clocks, sleeping on them
 * (docs/contract/calls.md, CLK).
 */
#include <signal.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "lib/sys.h"
#include "lib/task.h"
#include "lib/test.h"

#define BAD		     ((void *)8)
#define SECOND		     1000000000L
#define CPU_CLOCK(pid, kind) (-8 * ((pid) + 1) | (kind))
#define PER_THREAD	     4
#define SCHED_CLOCK	     2 /* the kind of a processor clock that counts user and system time */

static const int known[] = {
	CLOCK_REALTIME,		 CLOCK_MONOTONIC,     CLOCK_PROCESS_CPUTIME_ID,
	CLOCK_THREAD_CPUTIME_ID, CLOCK_MONOTONIC_RAW, CLOCK_REALTIME_COARSE,
	CLOCK_MONOTONIC_COARSE,	 CLOCK_BOOTTIME,      CLOCK_TAI,
};
static const int unknown[] = {10, 12, 16, 1000, -1, CPU_CLOCK(0, 3), CPU_CLOCK(4194303, 2)};

TEST("CLK-1", "the monotonic clocks never run back, on whatever CPU")
{
	static const int clocks[] = {CLOCK_MONOTONIC, CLOCK_MONOTONIC_RAW, CLOCK_BOOTTIME,
				     CLOCK_MONOTONIC_COARSE};

	for (int c = 0; c < 4; c++) {
		long last = 0;

		for (int round = 0; round < 50; round++) {
			pin_to_cpu(round % cpu_count());
			for (int i = 0; i < 40; i++) {
				long now = clock_now(clocks[c]);

				EXPECT(now >= last);
				last = now;
			}
		}
	}
}

TEST("CLK-1", "each known clock tells a time and a resolution")
{
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		struct timespec t = {-1, -1};

		clock_now(known[i]);
		EXPECT_EQ(raw(SYS_clock_getres, known[i], &t), 0);
		EXPECT_EQ(t.tv_sec, 0);
		EXPECT(t.tv_nsec > 0 && t.tv_nsec <= 10000000);
		EXPECT_EQ(raw(SYS_clock_getres, known[i], NULL), 0);
		EXPECT_ERR(raw(SYS_clock_gettime, known[i], BAD), EFAULT);
		EXPECT_ERR(raw(SYS_clock_gettime, known[i], NULL), EFAULT);
		EXPECT_ERR(raw(SYS_clock_getres, known[i], BAD), EFAULT);
	}
}

TEST("CLK-1", "an unknown clock is EINVAL before the pointer is looked at")
{
	for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
		struct timespec t;

		EXPECT_ERR(raw(SYS_clock_gettime, unknown[i], &t), EINVAL);
		EXPECT_ERR(raw(SYS_clock_gettime, unknown[i], BAD), EINVAL);
		EXPECT_ERR(raw(SYS_clock_getres, unknown[i], &t), EINVAL);
		EXPECT_ERR(raw(SYS_clock_settime, unknown[i], &t), EINVAL);
	}
}

TEST("CLK-1", "processor time is counted while a task runs, and is told to others")
{
	struct gate go = gate_new();
	int mine = CPU_CLOCK(0, SCHED_CLOCK), thread = CPU_CLOCK(0, SCHED_CLOCK | PER_THREAD);
	long process = clock_now(CLOCK_PROCESS_CPUTIME_ID),
	     self = clock_now(CLOCK_THREAD_CPUTIME_ID);
	pid_t pid = test_fork();

	if (pid == 0) {
		gate_pass(&go);
		_exit(0);
	}
	while (clock_now(CLOCK_THREAD_CPUTIME_ID) < self + 1000000)
		;
	EXPECT(clock_now(CLOCK_PROCESS_CPUTIME_ID) > process);
	EXPECT(clock_now(mine) > process);
	EXPECT(clock_now(thread) > self);
	EXPECT(clock_now(CPU_CLOCK(getpid(), SCHED_CLOCK)) > process);
	clock_now(CPU_CLOCK(pid, SCHED_CLOCK));
	EXPECT_ERR(raw(SYS_clock_gettime, CPU_CLOCK(pid, SCHED_CLOCK | PER_THREAD), BAD), EINVAL);
	gate_open(&go);
	EXPECT_EXIT(pid, 0);
	EXPECT_ERR(raw(SYS_clock_gettime, CPU_CLOCK(pid, SCHED_CLOCK), BAD), EINVAL);
}

TEST("CLK-1", "time, gettimeofday and the real-time clock agree")
{
	struct timeval tv;
	long before = clock_now(CLOCK_REALTIME), seconds, stored, after;

	EXPECT_EQ(raw(SYS_gettimeofday, &tv, NULL), 0);
	after = clock_now(CLOCK_REALTIME);
	EXPECT(tv.tv_sec * SECOND + tv.tv_usec * 1000 >= before - before % 1000);
	EXPECT(tv.tv_sec * SECOND + tv.tv_usec * 1000 <= after);
	before = clock_now(CLOCK_REALTIME_COARSE) / SECOND;
	seconds = raw(SYS_time, &stored);
	after = clock_now(CLOCK_REALTIME) / SECOND;
	EXPECT_EQ(stored, seconds);
	EXPECT(seconds >= before && seconds <= after);
	EXPECT_ERR(raw(SYS_time, BAD), EFAULT);
	EXPECT_ERR(raw(SYS_gettimeofday, BAD, NULL), EFAULT);
	EXPECT_ERR(raw(SYS_gettimeofday, NULL, BAD), EFAULT);
	EXPECT_EQ(raw(SYS_gettimeofday, NULL, NULL), 0);
}

/* ---- sleeping -------------------------------------------------------------------------------- */

static const int waitable[] = {CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_BOOTTIME, CLOCK_TAI};

TEST("CLK-2", "clocks that cannot be waited on are EOPNOTSUPP, unknown ones EINVAL")
{
	static const int fixed[] = {CLOCK_MONOTONIC_RAW, CLOCK_REALTIME_COARSE,
				    CLOCK_MONOTONIC_COARSE, CLOCK_THREAD_CPUTIME_ID};
	struct timespec none = {0, 0};

	for (int i = 0; i < 4; i++) {
		EXPECT_ERR(raw(SYS_clock_nanosleep, fixed[i], 0, &none, NULL), EOPNOTSUPP);
		EXPECT_ERR(raw(SYS_clock_nanosleep, fixed[i], 0, BAD, NULL), EOPNOTSUPP);
	}
	EXPECT_ERR(raw(SYS_clock_nanosleep, 10, 0, &none, NULL), EINVAL);
	EXPECT_ERR(raw(SYS_clock_nanosleep, 12, 0, BAD, NULL), EINVAL);
}

TEST("CLK-2", "times out of range are EINVAL, bad pointers EFAULT, unknown flags are ignored")
{
	static const struct timespec wrong[] = {{0, -1}, {0, SECOND}, {-1, 0}, {1, 1L << 62}};
	struct timespec none = {0, 0};

	for (size_t c = 0; c < 4; c++) {
		for (int i = 0; i < 4; i++) {
			EXPECT_ERR(raw(SYS_clock_nanosleep, waitable[c], 0, &wrong[i], NULL),
				   EINVAL);
			EXPECT_ERR(raw(SYS_clock_nanosleep, waitable[c], TIMER_ABSTIME, &wrong[i],
				       NULL),
				   EINVAL);
		}
		EXPECT_ERR(raw(SYS_clock_nanosleep, waitable[c], 0, BAD, NULL), EFAULT);
		EXPECT_ERR(raw(SYS_clock_nanosleep, waitable[c], 0, NULL, NULL), EFAULT);
		EXPECT_EQ(raw(SYS_clock_nanosleep, waitable[c], 0, &none, BAD), 0);
		EXPECT_EQ(raw(SYS_clock_nanosleep, waitable[c], 0xfffe, &none, NULL), 0);
	}
	for (int i = 0; i < 4; i++)
		EXPECT_ERR(raw(SYS_nanosleep, &wrong[i], NULL), EINVAL);
	EXPECT_ERR(raw(SYS_nanosleep, BAD, NULL), EFAULT);
}

TEST("CLK-2", "no sleep ends early, and one until a moment in the past ends at once")
{
	for (size_t c = 0; c < 4; c++) {
		struct timespec t = {0, 11000000};
		long start = clock_now(waitable[c]);

		EXPECT_EQ(raw(SYS_clock_nanosleep, waitable[c], 0, &t, NULL), 0);
		EXPECT(clock_now(waitable[c]) >= start + 11000000);
		start = clock_now(waitable[c]) + 11000000;
		t = (struct timespec){start / SECOND, start % SECOND};
		EXPECT_EQ(raw(SYS_clock_nanosleep, waitable[c], TIMER_ABSTIME, &t, NULL), 0);
		EXPECT(clock_now(waitable[c]) >= start);
		EXPECT_EQ(raw(SYS_clock_nanosleep, waitable[c], TIMER_ABSTIME, &t, NULL), 0);
	}
}

/* A process that sends us SIGUSR1 as soon as we sleep. */
static pid_t poke(void)
{
	struct sigaction action = {.sa_handler = count_signal, .sa_flags = SA_RESTART};
	pid_t self = getpid(), pid;

	EXPECT_EQ(sigaction(SIGUSR1, &action, NULL), 0);
	pid = test_fork();
	if (pid == 0) {
		await_state(self, "S");
		raw_kill(self, SIGUSR1);
		_exit(0);
	}
	return pid;
}

TEST("CLK-3", "a handler ends nanosleep with EINTR and the rest, whatever SA_RESTART says")
{
	struct timespec t = {1000, 0}, rest = {-1, -1};
	pid_t pid = poke();

	EXPECT_ERR(raw(SYS_nanosleep, &t, &rest), EINTR);
	EXPECT_EQ(signals_counted, 1);
	EXPECT(rest.tv_sec >= 0 && rest.tv_sec < 1000);
	EXPECT(rest.tv_nsec >= 0 && rest.tv_nsec < SECOND);
	EXPECT_EXIT(pid, 0);
	pid = poke();
	EXPECT_ERR(raw(SYS_nanosleep, &t, NULL), EINTR);
	EXPECT_EXIT(pid, 0);
	pid = poke();
	EXPECT_ERR(raw(SYS_nanosleep, &t, BAD), EFAULT);
	EXPECT_EXIT(pid, 0);
	pid = poke();
	EXPECT_ERR(raw(SYS_nanosleep, &t, &t), EINTR); /* request and rest may be one */
	EXPECT(t.tv_sec < 1000);
	EXPECT_EXIT(pid, 0);
}

TEST("CLK-3", "an absolute sleep stores no rest")
{
	for (size_t c = 0; c < 4; c++) {
		struct timespec t = {clock_now(waitable[c]) / SECOND + 1000, 0}, rest = {-1, -1};
		pid_t pid = poke();

		EXPECT_ERR(raw(SYS_clock_nanosleep, waitable[c], TIMER_ABSTIME, &t, &rest), EINTR);
		EXPECT_EQ(rest.tv_sec, -1);
		EXPECT_EXIT(pid, 0);
		pid = poke();
		EXPECT_ERR(raw(SYS_clock_nanosleep, waitable[c], TIMER_ABSTIME, &t, BAD), EINTR);
		EXPECT_EXIT(pid, 0);
	}
}

/* ---- setting --------------------------------------------------------------------------------- */

TEST("CLK-4", "settimeofday keeps the time zone")
{
	struct timezone zone = {0, 0}, old, now;

	EXPECT_EQ(raw(SYS_gettimeofday, NULL, &old), 0);
	EXPECT_EQ(raw(SYS_settimeofday, NULL, &zone), 0);
	zone = (struct timezone){-60, 1};
	EXPECT_EQ(raw(SYS_settimeofday, NULL, &zone), 0);
	EXPECT_EQ(raw(SYS_gettimeofday, NULL, &now), 0);
	EXPECT_EQ(now.tz_minuteswest, -60);
	EXPECT_EQ(now.tz_dsttime, 1);
	zone.tz_minuteswest = 15 * 60 + 1;
	EXPECT_ERR(raw(SYS_settimeofday, NULL, &zone), EINVAL);
	zone.tz_minuteswest = -15 * 60 - 1;
	EXPECT_ERR(raw(SYS_settimeofday, NULL, &zone), EINVAL);
	EXPECT_EQ(raw(SYS_settimeofday, NULL, &old), 0);
}

TEST("CLK-4", "settimeofday and clock_settime move the real-time clock alone")
{
	struct timespec t;
	struct timeval tv;
	long steady = clock_now(CLOCK_MONOTONIC), real = clock_now(CLOCK_REALTIME);

	t = (struct timespec){real / SECOND + 5000, 0};
	EXPECT_EQ(raw(SYS_clock_settime, CLOCK_REALTIME, &t), 0);
	EXPECT(clock_now(CLOCK_REALTIME) >= real + 4999 * SECOND);
	EXPECT(clock_now(CLOCK_MONOTONIC) < steady + 4000 * SECOND);
	tv = (struct timeval){real / SECOND, 0};
	EXPECT_EQ(raw(SYS_settimeofday, &tv, NULL), 0);
	EXPECT(clock_now(CLOCK_REALTIME) < real + 4000 * SECOND);
	EXPECT(clock_now(CLOCK_MONOTONIC) >= steady);
}

TEST("CLK-4", "what cannot be set, and wrong times")
{
	struct timespec late = {0, SECOND}, none = {0, 0};
	struct timeval wrong[] = {{0, 1000000}, {0, -1}, {-1, 0}};

	EXPECT_ERR(raw(SYS_clock_settime, CLOCK_MONOTONIC, BAD), EINVAL);
	EXPECT_ERR(raw(SYS_clock_settime, CLOCK_BOOTTIME, &none), EINVAL);
	EXPECT_ERR(raw(SYS_clock_settime, CLOCK_PROCESS_CPUTIME_ID, &none), EINVAL);
	EXPECT_ERR(raw(SYS_clock_settime, CPU_CLOCK(0, SCHED_CLOCK), &none), EPERM);
	EXPECT_ERR(raw(SYS_clock_settime, CPU_CLOCK(0, SCHED_CLOCK), BAD), EFAULT);
	EXPECT_ERR(raw(SYS_clock_settime, CLOCK_REALTIME, BAD), EFAULT);
	EXPECT_ERR(raw(SYS_clock_settime, CLOCK_REALTIME, &late), EINVAL);
	for (int i = 0; i < 3; i++)
		EXPECT_ERR(raw(SYS_settimeofday, &wrong[i], NULL), EINVAL);
	EXPECT_ERR(raw(SYS_settimeofday, BAD, NULL), EFAULT);
	EXPECT_ERR(raw(SYS_settimeofday, NULL, BAD), EFAULT);
	EXPECT_EQ(raw(SYS_settimeofday, NULL, NULL), 0);
}

TEST("CLK-4", "only root sets a clock or the zone; times are looked at first")
{
	struct timespec t = {1, 0}, late = {0, SECOND};
	struct timeval tv = {1, 0};
	struct timezone zone = {0, 0}, far = {10000, 0};

	drop_privileges();
	EXPECT_ERR(raw(SYS_clock_settime, CLOCK_REALTIME, &t), EPERM);
	EXPECT_ERR(raw(SYS_clock_settime, CLOCK_REALTIME, &late), EINVAL);
	EXPECT_ERR(raw(SYS_settimeofday, &tv, NULL), EPERM);
	EXPECT_ERR(raw(SYS_settimeofday, NULL, &zone), EPERM);
	EXPECT_ERR(raw(SYS_settimeofday, NULL, &far), EPERM);
	EXPECT_ERR(raw(SYS_settimeofday, NULL, NULL), EPERM);
}
