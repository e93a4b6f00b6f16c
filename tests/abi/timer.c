// SPDX-License-Identifier: MIT
/*
 * tests/abi/timer.c - interval timers, alarm, and the timers of timer_create
 * (docs/contract/calls.md, TMR). Timers that are files stand in epoll.c.
 */
#include <signal.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "lib/sys.h"
#include "lib/task.h"
#include "lib/test.h"

#define BAD	 ((void *)8)
#define SECOND	 1000000000L
#define SIGSET	 8
#define BIT(sig) (1UL << ((sig)-1))

/* The kernel's struct sigevent: the library's sigev_notify_thread_id is not everywhere. */
struct event {
	union sigval value;
	int signo, notify, tid;
	int pad[11];
};

static void block(unsigned long set)
{
	EXPECT_EQ(raw(SYS_rt_sigprocmask, SIG_BLOCK, &set, NULL, SIGSET), 0);
}

static long take(int signal, siginfo_t *info)
{
	unsigned long set = BIT(signal);

	return raw(SYS_rt_sigtimedwait, &set, info, NULL, SIGSET);
}

static bool is_pending(int signal)
{
	unsigned long set = 0;

	EXPECT_EQ(raw(SYS_rt_sigpending, &set, SIGSET), 0);
	return set & BIT(signal);
}

static int setitimer_us(int which, long value, long interval)
{
	struct itimerval it = {{interval / 1000000, interval % 1000000},
			       {value / 1000000, value % 1000000}};

	return raw(SYS_setitimer, which, &it, NULL);
}

static long left_us(int which)
{
	struct itimerval it;

	EXPECT_EQ(raw(SYS_getitimer, which, &it), 0);
	return it.it_value.tv_sec * 1000000 + it.it_value.tv_usec;
}

/* ---- setitimer and alarm --------------------------------------------------------------------- */

TEST("TMR-1", "setitimer and getitimer tell what is left, and take what is valid")
{
	struct itimerval it = {{7, 5}, {1000, 3}}, old;

	for (int which = ITIMER_REAL; which <= ITIMER_PROF; which++) {
		it.it_value = (struct timeval){1000, 3};
		EXPECT_EQ(raw(SYS_setitimer, which, &it, &old), 0);
		EXPECT_EQ(old.it_value.tv_sec + old.it_value.tv_usec, 0);
		EXPECT_EQ(raw(SYS_getitimer, which, &old), 0);
		EXPECT(old.it_value.tv_sec > 0 && old.it_value.tv_sec <= 1000);
		EXPECT_EQ(old.it_interval.tv_sec, 7);
		EXPECT_EQ(old.it_interval.tv_usec, 5);
		it.it_value = (struct timeval){0, 0};
		EXPECT_EQ(raw(SYS_setitimer, which, &it, &old), 0);
		EXPECT(old.it_value.tv_sec > 0);
		EXPECT_EQ(left_us(which), 0);
		EXPECT_ERR(raw(SYS_getitimer, which, BAD), EFAULT);
		EXPECT_ERR(raw(SYS_setitimer, which, BAD, NULL), EFAULT);
		EXPECT_ERR(raw(SYS_setitimer, which, &it, BAD), EFAULT);
	}
	EXPECT_ERR(raw(SYS_getitimer, 3, &old), EINVAL);
	EXPECT_ERR(raw(SYS_getitimer, -1, BAD), EINVAL);
	EXPECT_ERR(raw(SYS_setitimer, 3, &it, NULL), EINVAL);
	EXPECT_ERR(raw(SYS_setitimer, 3, BAD, NULL), EFAULT);
}

TEST("TMR-1", "a time out of range is EINVAL and changes nothing; none disarms")
{
	static const struct timeval wrong[] = {{-1, 0}, {0, -1}, {0, 1000000}};
	struct itimerval it;

	EXPECT_EQ(setitimer_us(ITIMER_REAL, 1000000000, 0), 0);
	for (int i = 0; i < 3; i++) {
		it = (struct itimerval){{0, 0}, wrong[i]};
		EXPECT_ERR(raw(SYS_setitimer, ITIMER_REAL, &it, NULL), EINVAL);
		it = (struct itimerval){wrong[i], {0, 0}};
		EXPECT_ERR(raw(SYS_setitimer, ITIMER_REAL, &it, NULL), EINVAL);
	}
	EXPECT(left_us(ITIMER_REAL) > 0);
	EXPECT_EQ(raw(SYS_setitimer, ITIMER_REAL, NULL, NULL), 0);
	EXPECT_EQ(left_us(ITIMER_REAL), 0);
}

TEST("TMR-2", "ITIMER_REAL sends SIGALRM from the kernel, once or again and again")
{
	long start = clock_now(CLOCK_MONOTONIC);
	siginfo_t info;

	block(BIT(SIGALRM));
	EXPECT_EQ(setitimer_us(ITIMER_REAL, 5000, 0), 0);
	EXPECT_EQ(take(SIGALRM, &info), SIGALRM);
	EXPECT_EQ(info.si_code, SI_KERNEL);
	EXPECT(clock_now(CLOCK_MONOTONIC) >= start + 5000000);
	EXPECT_EQ(left_us(ITIMER_REAL), 0);
	EXPECT_EQ(setitimer_us(ITIMER_REAL, 2000, 3000), 0);
	start = clock_now(CLOCK_MONOTONIC);
	for (int i = 0; i < 4; i++)
		EXPECT_EQ(take(SIGALRM, NULL), SIGALRM);
	EXPECT(left_us(ITIMER_REAL) > 0);
	EXPECT_EQ(setitimer_us(ITIMER_REAL, 0, 3000), 0);
	EXPECT_EQ(left_us(ITIMER_REAL), 0);
}

TEST("TMR-2", "ITIMER_VIRTUAL counts user time, ITIMER_PROF all processor time, neither sleep")
{
	siginfo_t info;

	block(BIT(SIGVTALRM) | BIT(SIGPROF));
	EXPECT_EQ(setitimer_us(ITIMER_VIRTUAL, 20000, 0), 0);
	EXPECT_EQ(setitimer_us(ITIMER_PROF, 20000, 0), 0);
	doze(60);
	EXPECT(left_us(ITIMER_VIRTUAL) > 0);
	while (!is_pending(SIGPROF))
		;
	EXPECT(clock_now(CLOCK_PROCESS_CPUTIME_ID) > 10000000);
	EXPECT_EQ(take(SIGPROF, &info), SIGPROF);
	EXPECT_EQ(info.si_code, SI_KERNEL);
	while (left_us(ITIMER_VIRTUAL))
		for (volatile int i = 0; i < 100000; i++)
			;
	EXPECT_EQ(take(SIGVTALRM, &info), SIGVTALRM);
	EXPECT_EQ(left_us(ITIMER_PROF), 0);
}

TEST("TMR-2", "the default of their signals ends the process")
{
	static const int signals[] = {SIGALRM, SIGVTALRM, SIGPROF};

	for (int which = ITIMER_REAL; which <= ITIMER_PROF; which++) {
		pid_t pid = test_fork();

		if (pid == 0) {
			EXPECT(signal(signals[which], SIG_DFL) != SIG_ERR);
			EXPECT_EQ(setitimer_us(which, 1000, 0), 0);
			for (;;)
				;
		}
		EXPECT_KILLED(pid, signals[which]);
	}
}

TEST("TMR-3", "alarm uses ITIMER_REAL, tells the seconds left, rounded, and 0 cancels")
{
	EXPECT_EQ(raw(SYS_alarm, 1000), 0);
	EXPECT(left_us(ITIMER_REAL) > 0);
	EXPECT(raw(SYS_alarm, 500) > 0);
	EXPECT(left_us(ITIMER_REAL) <= 500000000);
	EXPECT_EQ(setitimer_us(ITIMER_REAL, 3600000000L + 700000, 1000000), 0);
	EXPECT(raw(SYS_alarm, 0) <= 3601);
	EXPECT_EQ(left_us(ITIMER_REAL), 0);
	EXPECT_EQ(raw(SYS_alarm, 0), 0);
	EXPECT_EQ(setitimer_us(ITIMER_REAL, 400000, 0), 0);
	EXPECT_EQ(raw(SYS_alarm, 0), 1); /* never 0 while it is armed */
}

int test_child(int argc, char **argv)
{
	/* What an executed program finds: the interval timer goes on, the others are gone. */
	struct itimerspec spec;

	EXPECT(left_us(ITIMER_REAL) > 0);
	EXPECT_ERR(raw(SYS_timer_gettime, argv[0][0] - '0', &spec), EINVAL);
	return 0;
}

TEST("TMR-3,TMR-8", "a child has no timers; exec keeps the interval timer, not the others")
{
	struct itimerspec spec = {{0, 0}, {1000, 0}};
	int id = -1;
	pid_t pid;

	EXPECT_EQ(setitimer_us(ITIMER_REAL, 1000000000, 0), 0);
	EXPECT_EQ(raw(SYS_timer_create, CLOCK_MONOTONIC, NULL, &id), 0);
	EXPECT_EQ(raw(SYS_timer_settime, id, 0, &spec, NULL), 0);
	pid = test_fork();
	if (pid == 0) {
		char word[2] = {'0' + id, 0};
		const char *words[] = {word, NULL};

		EXPECT_EQ(left_us(ITIMER_REAL), 0);
		EXPECT_ERR(raw(SYS_timer_gettime, id, &spec), EINVAL);
		EXPECT_EQ(setitimer_us(ITIMER_REAL, 1000000000, 0), 0);
		EXPECT_EQ(raw(SYS_timer_create, CLOCK_MONOTONIC, NULL, &id), 0);
		test_exec(words);
	}
	EXPECT_EXIT(pid, 0);
	EXPECT_EQ(raw(SYS_timer_gettime, id, &spec), 0);
}

/* ---- timer_create ---------------------------------------------------------------------------- */

static int new_timer(int clock, int notify, int signo, int value)
{
	struct event event = {.value.sival_int = value, .signo = signo, .notify = notify};
	int id = -1;

	EXPECT_EQ(raw(SYS_timer_create, clock, &event, &id), 0);
	EXPECT(id >= 0);
	return id;
}

static long arm(int id, int flags, long value, long interval)
{
	struct itimerspec spec = {{interval / SECOND, interval % SECOND},
				  {value / SECOND, value % SECOND}};

	return raw(SYS_timer_settime, id, flags, &spec, NULL);
}

static long left_ns(int id)
{
	struct itimerspec spec;

	EXPECT_EQ(raw(SYS_timer_gettime, id, &spec), 0);
	return spec.it_value.tv_sec * SECOND + spec.it_value.tv_nsec;
}

TEST("TMR-4", "timer_create takes clocks that can be waited on and valid events")
{
	static const int clocks[] = {CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_BOOTTIME, CLOCK_TAI};
	static const int fixed[] = {CLOCK_MONOTONIC_RAW, CLOCK_REALTIME_COARSE,
				    CLOCK_MONOTONIC_COARSE};
	struct event event = {.signo = SIGUSR1, .notify = SIGEV_SIGNAL};
	int id = -1;

	for (int i = 0; i < 4; i++)
		EXPECT_OK(raw(SYS_timer_delete, new_timer(clocks[i], SIGEV_SIGNAL, SIGUSR1, 0)));
	for (int i = 0; i < 3; i++)
		EXPECT_ERR(raw(SYS_timer_create, fixed[i], &event, &id), EOPNOTSUPP);
	EXPECT_ERR(raw(SYS_timer_create, 10, &event, &id), EINVAL);
	EXPECT_ERR(raw(SYS_timer_create, 12, &event, &id), EINVAL);
	EXPECT_ERR(raw(SYS_timer_create, CLOCK_MONOTONIC, BAD, &id), EFAULT);
	EXPECT_ERR(raw(SYS_timer_create, CLOCK_MONOTONIC, &event, BAD), EFAULT);
	event.signo = 0;
	EXPECT_ERR(raw(SYS_timer_create, CLOCK_MONOTONIC, &event, &id), EINVAL);
	event.signo = 65;
	EXPECT_ERR(raw(SYS_timer_create, CLOCK_MONOTONIC, &event, &id), EINVAL);
	event = (struct event){.signo = SIGUSR1, .notify = 3};
	EXPECT_ERR(raw(SYS_timer_create, CLOCK_MONOTONIC, &event, &id), EINVAL);
	event = (struct event){.signo = SIGUSR1, .notify = 4 | SIGEV_SIGNAL, .tid = 1};
	EXPECT_ERR(raw(SYS_timer_create, CLOCK_MONOTONIC, &event, &id), EINVAL);
	event = (struct event){.signo = 0, .notify = SIGEV_NONE};
	EXPECT_EQ(raw(SYS_timer_create, CLOCK_MONOTONIC, &event, &id), 0);
	EXPECT_EQ(raw(SYS_timer_delete, id), 0);
	EXPECT_ERR(raw(SYS_timer_delete, id), EINVAL);
}

TEST("TMR-4", "RLIMIT_SIGPENDING bounds the timers of a process")
{
	struct event event = {.signo = SIGUSR1, .notify = SIGEV_SIGNAL};
	int id, first;

	drop_privileges();
	set_limit(RLIMIT_SIGPENDING, 2);
	first = new_timer(CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGUSR1, 0);
	new_timer(CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGUSR1, 0);
	EXPECT_ERR(raw(SYS_timer_create, CLOCK_MONOTONIC, &event, &id), EAGAIN);
	EXPECT_OK(raw(SYS_timer_delete, first));
	EXPECT_EQ(raw(SYS_timer_create, CLOCK_MONOTONIC, &event, &id), 0);
}

TEST("TMR-5", "timer_settime and timer_gettime: errors and what is left")
{
	struct itimerspec wrong[] = {{{0, 0}, {0, -1}},
				     {{0, 0}, {0, SECOND}},
				     {{0, 0}, {-1, 0}},
				     {{0, -1}, {1, 0}},
				     {{-1, 0}, {0, 0}}};
	struct itimerspec set = {{3, 4}, {1000, 0}}, old;
	int id = new_timer(CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGUSR1, 0);

	EXPECT_EQ(left_ns(id), 0);
	EXPECT_EQ(raw(SYS_timer_settime, id, 0, &set, &old), 0);
	EXPECT_EQ(old.it_value.tv_sec + old.it_value.tv_nsec, 0);
	for (int i = 0; i < 5; i++)
		EXPECT_ERR(raw(SYS_timer_settime, id, 0, &wrong[i], NULL), EINVAL);
	EXPECT_ERR(raw(SYS_timer_settime, id, 0, NULL, NULL), EINVAL);
	EXPECT_ERR(raw(SYS_timer_settime, id, 0, BAD, NULL), EFAULT);
	EXPECT_ERR(raw(SYS_timer_settime, id + 1, 0, BAD, NULL), EFAULT);
	EXPECT_ERR(raw(SYS_timer_settime, id + 1, 0, &set, NULL), EINVAL);
	EXPECT_ERR(raw(SYS_timer_settime, -1, 0, &set, NULL), EINVAL);
	EXPECT(left_ns(id) > 0);
	EXPECT_ERR(raw(SYS_timer_settime, id, 0, &set, BAD), EFAULT);
	EXPECT_EQ(raw(SYS_timer_gettime, id, &old), 0);
	EXPECT_EQ(old.it_interval.tv_sec, 3);
	EXPECT_EQ(old.it_interval.tv_nsec, 4);
	EXPECT_ERR(raw(SYS_timer_gettime, id, BAD), EFAULT);
	EXPECT_ERR(raw(SYS_timer_gettime, id + 1, BAD), EINVAL);
	EXPECT_ERR(raw(SYS_timer_getoverrun, id + 1), EINVAL);
	EXPECT_EQ(arm(id, 0, 0, 5), 0);
	EXPECT_EQ(left_ns(id), 0);
}

TEST("TMR-5", "a moment in the past fires at once, one to come not before it")
{
	static const int clocks[] = {CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_BOOTTIME, CLOCK_TAI};

	block(BIT(SIGUSR1));
	for (int i = 0; i < 4; i++) {
		int id = new_timer(clocks[i], SIGEV_SIGNAL, SIGUSR1, 0);
		long end = clock_now(clocks[i]) + 6000000;

		EXPECT_EQ(arm(id, TIMER_ABSTIME, 1, 0), 0);
		EXPECT_EQ(take(SIGUSR1, NULL), SIGUSR1);
		EXPECT_EQ(left_ns(id), 0);
		EXPECT_EQ(arm(id, TIMER_ABSTIME, end, 0), 0);
		EXPECT_EQ(take(SIGUSR1, NULL), SIGUSR1);
		EXPECT(clock_now(clocks[i]) >= end);
		end = clock_now(clocks[i]) + 6000000;
		EXPECT_EQ(arm(id, 0, 6000000, 0), 0);
		EXPECT_EQ(take(SIGUSR1, NULL), SIGUSR1);
		EXPECT(clock_now(clocks[i]) >= end);
	}
}

TEST("TMR-6", "the signal tells the timer, its value, and SI_TIMER")
{
	struct event event = {.value.sival_int = 77, .signo = SIGRTMIN, .notify = SIGEV_SIGNAL};
	siginfo_t info;
	int id, plain;

	block(BIT(SIGRTMIN) | BIT(SIGALRM));
	EXPECT_EQ(raw(SYS_timer_create, CLOCK_MONOTONIC, &event, &id), 0);
	EXPECT_EQ(raw(SYS_timer_create, CLOCK_MONOTONIC, NULL, &plain), 0);
	EXPECT_EQ(arm(id, 0, 1, 0), 0);
	EXPECT_EQ(take(SIGRTMIN, &info), SIGRTMIN);
	EXPECT_EQ(info.si_code, SI_TIMER);
	EXPECT_EQ(info.si_value.sival_int, 77);
	EXPECT_EQ(info.si_timerid, id);
	EXPECT_EQ(info.si_overrun, 0);
	EXPECT_EQ(arm(plain, 0, 1, 0), 0);
	EXPECT_EQ(take(SIGALRM, &info), SIGALRM);
	EXPECT_EQ(info.si_value.sival_int, plain);
	EXPECT_EQ(info.si_timerid, plain);
}

TEST("TMR-6", "overrun counts the intervals that passed while the signal waited")
{
	long interval = 100000, start, end, most;
	struct itimerspec spec;
	siginfo_t info;
	int id;

	block(BIT(SIGUSR1));
	id = new_timer(CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGUSR1, 0);
	start = clock_now(CLOCK_MONOTONIC);
	EXPECT_EQ(arm(id, 0, interval, interval), 0);
	doze(20);
	EXPECT(is_pending(SIGUSR1));
	EXPECT_EQ(raw(SYS_timer_getoverrun, id), 0); /* of the last signal that was taken */
	EXPECT_EQ(raw(SYS_timer_gettime, id, &spec), 0);
	EXPECT(spec.it_value.tv_sec == 0 && spec.it_value.tv_nsec > 0);
	EXPECT(spec.it_value.tv_nsec <= interval);
	end = clock_now(CLOCK_MONOTONIC);
	EXPECT_EQ(take(SIGUSR1, &info), SIGUSR1);
	most = (clock_now(CLOCK_MONOTONIC) - start) / interval;
	EXPECT(info.si_overrun >= (end - start) / interval - 2 - 1);
	EXPECT(info.si_overrun <= most);
	EXPECT(info.si_overrun >= 190);
	EXPECT_EQ(raw(SYS_timer_getoverrun, id), info.si_overrun);
	EXPECT_EQ(take(SIGUSR1, &info), SIGUSR1);
	EXPECT_EQ(raw(SYS_timer_getoverrun, id), info.si_overrun);
	EXPECT_EQ(arm(id, 0, 0, 0), 0);
	EXPECT_EQ(raw(SYS_timer_getoverrun, id), 0);
}

TEST("TMR-6",
     "an interval of a nanosecond does not stop the machine, and overrun has a largest value")
{
	siginfo_t info;
	int id;

	block(BIT(SIGUSR1));
	id = new_timer(CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGUSR1, 0);
	EXPECT_EQ(arm(id, TIMER_ABSTIME, 1, 1), 0); /* since boot: seconds, in nanoseconds */
	EXPECT_EQ(take(SIGUSR1, &info), SIGUSR1);
	EXPECT(info.si_overrun >= 100000000);
	for (int i = 0; i < 20; i++)
		EXPECT_EQ(take(SIGUSR1, &info), SIGUSR1);
	EXPECT_EQ(raw(SYS_timer_delete, id), 0);
}

TEST("TMR-6",
     "a pending signal of a timer that is deleted stays; the timer of an ignored one goes on")
{
	struct timespec none = {0, 0};
	unsigned long set = BIT(SIGUSR1);
	int id;

	block(set);
	id = new_timer(CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGUSR1, 0);
	EXPECT_EQ(arm(id, 0, 1, 0), 0);
	while (!is_pending(SIGUSR1))
		doze(1);
	EXPECT_EQ(raw(SYS_timer_delete, id), 0);
	EXPECT_EQ(take(SIGUSR1, NULL), SIGUSR1);
	EXPECT_ERR(raw(SYS_rt_sigtimedwait, &set, NULL, &none, SIGSET), EAGAIN);
	EXPECT_EQ(raw(SYS_rt_sigprocmask, SIG_UNBLOCK, &set, NULL, SIGSET), 0);
	EXPECT(signal(SIGUSR1, SIG_IGN) != SIG_ERR);
	id = new_timer(CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGUSR1, 0);
	EXPECT_EQ(arm(id, 0, 1000000, 1000000), 0);
	doze(10);
	block(set);
	EXPECT_EQ(take(SIGUSR1, NULL), SIGUSR1);
}

static volatile int taken_by, worker;
static struct gate up;

static void *wait_for_signal(void *argument)
{
	worker = raw_gettid();
	gate_open(&up);
	EXPECT_EQ(take(SIGUSR1, NULL), SIGUSR1);
	taken_by = raw_gettid();
	return NULL;
}

TEST("TMR-7", "SIGEV_THREAD_ID signals that thread, SIGEV_NONE nobody")
{
	struct event event = {.signo = SIGUSR1, .notify = 4 | SIGEV_SIGNAL};
	struct thread thread;
	int id, quiet;

	block(BIT(SIGUSR1));
	up = gate_new();
	thread = thread_start(wait_for_signal, NULL);
	gate_pass(&up);
	event.tid = worker;
	EXPECT_EQ(raw(SYS_timer_create, CLOCK_MONOTONIC, &event, &id), 0);
	EXPECT_EQ(arm(id, 0, 1, 0), 0);
	thread_join(thread);
	EXPECT_EQ(taken_by, worker);
	EXPECT(!is_pending(SIGUSR1));
	quiet = new_timer(CLOCK_MONOTONIC, SIGEV_NONE, SIGUSR1, 0);
	EXPECT_EQ(arm(quiet, 0, 1000000, 0), 0);
	while (left_ns(quiet))
		doze(1);
	EXPECT(!is_pending(SIGUSR1));
	EXPECT_EQ(arm(quiet, 0, 1000000, 2000000), 0);
	doze(10);
	EXPECT(left_ns(quiet) > 0);
	EXPECT(left_ns(quiet) <= 2000000);
}
