// SPDX-License-Identifier: MIT
/*
 * tests/abi/signal.c - sending, catching, masking and queueing signals (docs/contract/calls.md, SIG).
 */
#include <string.h>
#include <unistd.h>

#include "lib/sys.h"
#include "lib/task.h"
#include "lib/test.h"

#define SIGSET 8 /* bytes of the kernel's sigset_t */

static volatile int count, order[64];
static siginfo_t info;
static sigset_t mask_inside;

static void note(int signal, siginfo_t *got, void *context)
{
	(void)context;
	if (got)
		info = *got;
	sigprocmask(SIG_BLOCK, NULL, &mask_inside);
	order[count++ & 63] = signal;
}

static void catch_signal(int signal, int flags)
{
	struct sigaction action = {.sa_sigaction = note, .sa_flags = SA_SIGINFO | flags};

	EXPECT_EQ(sigaction(signal, &action, NULL), 0);
}

static void block(int how, int signal)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, signal);
	EXPECT_EQ(sigprocmask(how, &set, NULL), 0);
}

static bool is_pending(int signal)
{
	sigset_t set;

	EXPECT_EQ(sigpending(&set), 0);
	return sigismember(&set, signal);
}

TEST("SIG-1", "whom a signal may be sent to")
{
	struct gate ready = gate_new();
	pid_t gone = test_fork(), other;

	if (gone == 0)
		_exit(0);
	EXPECT_EXIT(gone, 0);
	EXPECT_ERR(raw_kill(getpid(), 65), EINVAL);
	EXPECT_ERR(raw_kill(getpid(), -1), EINVAL);
	EXPECT_ERR(raw_kill(gone, 0), ESRCH);
	EXPECT_ERR(raw_kill(gone, SIGKILL), ESRCH);
	EXPECT_ERR(raw_kill(-gone, 0), ESRCH);
	EXPECT_ERR(raw_kill(-0x80000000L, 0), ESRCH);
	EXPECT_EQ(raw_kill(getpid(), 0), 0);
	EXPECT_ERR(raw(SYS_tkill, 0, 0), EINVAL);
	EXPECT_ERR(raw(SYS_tkill, gone, 0), ESRCH);
	EXPECT_ERR(raw(SYS_tgkill, 0, getpid(), 0), EINVAL);
	EXPECT_ERR(raw(SYS_tgkill, getppid(), getpid(), 0), ESRCH);
	EXPECT_EQ(raw(SYS_tgkill, getpid(), raw_gettid(), 0), 0);
	other = test_fork();
	if (other == 0) {
		gate_open(&ready);
		for (;;)
			pause();
	}
	gate_pass(&ready);
	pid_t poor = test_fork();
	if (poor == 0) {
		drop_privileges();
		EXPECT_ERR(raw_kill(other, 0), EPERM);
		EXPECT_ERR(raw_kill(other, SIGKILL), EPERM);
		EXPECT_ERR(raw(SYS_tgkill, other, other, SIGKILL), EPERM);
		EXPECT_ERR(raw_kill(1, 0), EPERM);
		EXPECT_EQ(raw_kill(getpid(), 0), 0);
		_exit(0);
	}
	EXPECT_EXIT(poor, 0);
	EXPECT_OK(raw_kill(other, SIGKILL));
	EXPECT_KILLED(other, SIGKILL);
}

TEST("SIG-2", "sigaction checks the signal, the size and the pointers")
{
	struct {
		void *handler;
		unsigned long flags;
		void *restorer;
		unsigned long mask;
	} action = {SIG_IGN, 0, NULL, -1UL}, old;

	EXPECT_ERR(raw(SYS_rt_sigaction, 0, &action, NULL, SIGSET), EINVAL);
	EXPECT_ERR(raw(SYS_rt_sigaction, 65, &action, NULL, SIGSET), EINVAL);
	EXPECT_ERR(raw(SYS_rt_sigaction, -1, &action, NULL, SIGSET), EINVAL);
	EXPECT_ERR(raw(SYS_rt_sigaction, SIGKILL, &action, NULL, SIGSET), EINVAL);
	EXPECT_ERR(raw(SYS_rt_sigaction, SIGSTOP, &action, NULL, SIGSET), EINVAL);
	EXPECT_EQ(raw(SYS_rt_sigaction, SIGKILL, NULL, &old, SIGSET), 0);
	EXPECT_ERR(raw(SYS_rt_sigaction, SIGUSR1, &action, NULL, 4), EINVAL);
	EXPECT_ERR(raw(SYS_rt_sigaction, SIGUSR1, &action, NULL, 16), EINVAL);
	EXPECT_ERR(raw(SYS_rt_sigaction, SIGUSR1, 8, NULL, SIGSET), EFAULT);
	EXPECT_ERR(raw(SYS_rt_sigaction, SIGUSR1, NULL, 8, SIGSET), EFAULT);
	EXPECT_EQ(raw(SYS_rt_sigaction, SIGUSR1, &action, NULL, SIGSET), 0);
	EXPECT_EQ(raw(SYS_rt_sigaction, SIGUSR1, NULL, &old, SIGSET), 0);
	EXPECT_EQ(old.handler, SIG_IGN);
	EXPECT_EQ(old.mask, ~(1UL << (SIGKILL - 1) | 1UL << (SIGSTOP - 1)));
}

TEST("SIG-3", "the handler learns who sent the signal, and how")
{
	union sigval value = {.sival_ptr = (void *)0x123456789};
	siginfo_t sent = {.si_code = SI_QUEUE};
	pid_t pid;

	catch_signal(SIGUSR1, 0);
	EXPECT_OK(raw_kill(getpid(), SIGUSR1));
	EXPECT_EQ(count, 1);
	EXPECT_EQ(info.si_signo, SIGUSR1);
	EXPECT_EQ(info.si_code, SI_USER);
	EXPECT_EQ(info.si_pid, getpid());
	EXPECT_EQ(info.si_uid, 0);
	EXPECT_OK(raw(SYS_tgkill, getpid(), raw_gettid(), SIGUSR1));
	EXPECT_EQ(count, 2);
	EXPECT_EQ(info.si_code, SI_TKILL);
	EXPECT_EQ(info.si_pid, getpid());
	sent.si_value = value;
	sent.si_pid = 77;
	EXPECT_OK(raw(SYS_rt_sigqueueinfo, getpid(), SIGUSR1, &sent));
	EXPECT_EQ(count, 3);
	EXPECT_EQ(info.si_code, SI_QUEUE);
	EXPECT_EQ(info.si_pid, 77); /* as it was given */
	EXPECT_EQ(info.si_value.sival_ptr, 0x123456789);
	pid = test_fork();
	if (pid == 0) {
		sent.si_code = SI_USER; /* only to oneself may one pretend */
		EXPECT_ERR(raw(SYS_rt_sigqueueinfo, getppid(), SIGUSR1, &sent), EPERM);
		sent.si_code = SI_TKILL;
		EXPECT_ERR(raw(SYS_rt_sigqueueinfo, getppid(), SIGUSR1, &sent), EPERM);
		EXPECT_ERR(raw(SYS_rt_sigqueueinfo, getppid(), SIGUSR1, 8), EFAULT);
		EXPECT_OK(raw_kill(getppid(), SIGUSR1));
		_exit(0);
	}
	EXPECT_EXIT(pid, 0);
	EXPECT_EQ(count, 4);
	EXPECT_EQ(info.si_pid, pid);
}

/* rt_sigqueueinfo() to ourselves, with something in the last byte of the siginfo. */
static long queue_long(int sig, int code)
{
	siginfo_t sent = {.si_code = code};

	((char *)&sent)[sizeof(sent) - 1] = 1;
	return raw(SYS_rt_sigqueueinfo, getpid(), sig, &sent);
}

TEST("SIG-3",
     "what is beyond the known part of a siginfo is dropped, or E2BIG if its kind is unknown")
{
	catch_signal(SIGUSR1, 0);
	catch_signal(SIGBUS, 0);
	memset(&info, 1, sizeof(info));
	EXPECT_OK(queue_long(SIGUSR1, SI_QUEUE));
	EXPECT_EQ(((char *)&info)[sizeof(info) - 1], 0);
	EXPECT_ERR(queue_long(SIGUSR1, -8), E2BIG);
	EXPECT_OK(queue_long(SIGUSR1, -7));
	EXPECT_OK(queue_long(SIGUSR1, -60));
	EXPECT_ERR(queue_long(SIGUSR1, -61), E2BIG);
	EXPECT_OK(queue_long(SIGUSR1, SI_KERNEL));
	EXPECT_OK(queue_long(SIGUSR1, 6));
	EXPECT_ERR(queue_long(SIGUSR1, 7), E2BIG);
	EXPECT_OK(queue_long(SIGBUS, 5));
	EXPECT_ERR(queue_long(SIGBUS, 6), E2BIG);
	EXPECT_EQ(count, 6);
}

TEST("SIG-4", "in the handler its signal and its mask are blocked, afterwards no more")
{
	struct sigaction action = {.sa_sigaction = note, .sa_flags = SA_SIGINFO};
	sigset_t set;

	sigaddset(&action.sa_mask, SIGHUP);
	EXPECT_EQ(sigaction(SIGUSR1, &action, NULL), 0);
	block(SIG_BLOCK, SIGUSR2);
	EXPECT_OK(raw_kill(getpid(), SIGUSR1));
	EXPECT(sigismember(&mask_inside, SIGUSR1) && sigismember(&mask_inside, SIGHUP) &&
	       sigismember(&mask_inside, SIGUSR2));
	EXPECT_EQ(sigprocmask(SIG_BLOCK, NULL, &set), 0);
	EXPECT(!sigismember(&set, SIGUSR1) && !sigismember(&set, SIGHUP) &&
	       sigismember(&set, SIGUSR2));
	action.sa_flags |= SA_NODEFER;
	EXPECT_EQ(sigaction(SIGUSR1, &action, NULL), 0);
	EXPECT_OK(raw_kill(getpid(), SIGUSR1));
	EXPECT(!sigismember(&mask_inside, SIGUSR1) && sigismember(&mask_inside, SIGHUP));
}

static volatile int depth, deepest, sent_inside;

static void nest(int signal)
{
	depth++;
	if (depth > deepest)
		deepest = depth;
	if (sent_inside++ < 4)
		raw_kill(getpid(), signal);
	depth--;
}

TEST("SIG-4", "SA_NODEFER lets a handler interrupt itself")
{
	struct sigaction action = {.sa_handler = nest, .sa_flags = SA_NODEFER};

	EXPECT_EQ(sigaction(SIGUSR1, &action, NULL), 0);
	EXPECT_OK(raw_kill(getpid(), SIGUSR1));
	EXPECT_EQ(deepest, 5);
	deepest = sent_inside = 0;
	action.sa_flags = 0;
	EXPECT_EQ(sigaction(SIGUSR1, &action, NULL), 0);
	EXPECT_OK(raw_kill(getpid(), SIGUSR1));
	EXPECT_EQ(deepest, 1);
	EXPECT_EQ(sent_inside, 5); /* one after the other */
}

TEST("SIG-5", "SA_RESETHAND catches once")
{
	struct sigaction got;
	pid_t pid;

	catch_signal(SIGUSR1, SA_RESETHAND);
	EXPECT_OK(raw_kill(getpid(), SIGUSR1));
	EXPECT_EQ(count, 1);
	EXPECT_EQ(sigaction(SIGUSR1, NULL, &got), 0);
	EXPECT(got.sa_handler == SIG_DFL);
	EXPECT(got.sa_flags & SA_RESETHAND);
	pid = test_fork();
	if (pid == 0) {
		raw_kill(getpid(), SIGUSR1);
		_exit(0);
	}
	EXPECT_KILLED(pid, SIGUSR1);
}

TEST("SIG-6", "what is ignored does not become pending, and ignoring drops what is")
{
	block(SIG_BLOCK, SIGUSR1);
	EXPECT_OK(raw_kill(getpid(), SIGUSR1));
	EXPECT(is_pending(SIGUSR1));
	EXPECT(signal(SIGUSR1, SIG_IGN) != SIG_ERR);
	EXPECT(!is_pending(SIGUSR1));
	EXPECT_OK(raw_kill(getpid(), SIGUSR1));
	EXPECT(is_pending(SIGUSR1)); /* blocked ones wait, as the action may change */
	block(SIG_UNBLOCK, SIGUSR1);
	EXPECT(!is_pending(SIGUSR1));
	EXPECT_OK(raw_kill(getpid(), SIGCHLD));
	EXPECT_OK(raw_kill(getpid(), SIGURG));
	EXPECT_OK(raw_kill(getpid(), SIGWINCH));
	EXPECT_OK(raw_kill(getpid(), SIGCONT));
	block(SIG_BLOCK, SIGWINCH);
	EXPECT_OK(raw_kill(getpid(), SIGWINCH));
	EXPECT(is_pending(SIGWINCH));
	EXPECT(signal(SIGWINCH, SIG_DFL) != SIG_ERR);
	EXPECT(!is_pending(SIGWINCH));
}

TEST("SIG-7",
     "a standard signal is pending once, a real-time one as often as it was sent, in order")
{
	siginfo_t sent = {.si_code = SI_QUEUE};
	sigset_t all, none;

	catch_signal(SIGUSR1, 0);
	catch_signal(40, 0);
	catch_signal(41, 0);
	sigfillset(&all);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &all, NULL);
	for (int i = 0; i < 3; i++) {
		EXPECT_OK(raw_kill(getpid(), SIGUSR1));
		sent.si_value.sival_int = i;
		EXPECT_OK(raw(SYS_rt_sigqueueinfo, getpid(), 41, &sent));
		EXPECT_OK(raw(SYS_rt_sigqueueinfo, getpid(), 40, &sent));
	}
	sigprocmask(SIG_SETMASK, &none, NULL);
	EXPECT_EQ(count, 7);
	/* Frames are built in the order of numbers, so that the last built runs first. */
	EXPECT_EQ(order[6], SIGUSR1);
	EXPECT_EQ(info.si_signo, SIGUSR1);
}

TEST("SIG-7", "waiting for them takes real-time signals in order, with their values")
{
	siginfo_t sent = {.si_code = SI_QUEUE}, got;
	unsigned long set = 1UL << 39 | 1UL << 40;

	block(SIG_BLOCK, 40);
	block(SIG_BLOCK, 41);
	for (int i = 0; i < 3; i++) {
		sent.si_value.sival_int = i;
		EXPECT_OK(raw(SYS_rt_sigqueueinfo, getpid(), 41, &sent));
		EXPECT_OK(raw(SYS_rt_sigqueueinfo, getpid(), 40, &sent));
	}
	for (int i = 0; i < 6; i++) {
		EXPECT_EQ(raw(SYS_rt_sigtimedwait, &set, &got, NULL, SIGSET), i < 3 ? 40 : 41);
		EXPECT_EQ(got.si_value.sival_int, i % 3);
		EXPECT_EQ(got.si_code, SI_QUEUE);
	}
}

TEST("SIG-8", "a child has no pending signals but the parent's mask and handlers")
{
	sigset_t set;
	pid_t pid;

	catch_signal(SIGUSR1, 0);
	block(SIG_BLOCK, SIGUSR1);
	EXPECT_OK(raw_kill(getpid(), SIGUSR1));
	EXPECT_OK(raw(SYS_tkill, raw_gettid(), SIGUSR1));
	pid = test_fork();
	if (pid == 0) {
		EXPECT(!is_pending(SIGUSR1));
		EXPECT_EQ(sigprocmask(SIG_BLOCK, NULL, &set), 0);
		EXPECT(sigismember(&set, SIGUSR1));
		EXPECT_OK(raw_kill(getpid(), SIGUSR1));
		block(SIG_UNBLOCK, SIGUSR1);
		EXPECT_EQ(count, 1);
		_exit(0);
	}
	EXPECT_EXIT(pid, 0);
	EXPECT(is_pending(SIGUSR1));
	block(SIG_UNBLOCK, SIGUSR1);
	EXPECT_EQ(count, 2); /* one for the process, one for the thread */
}

TEST("SIG-9", "sigprocmask checks its arguments and never blocks SIGKILL and SIGSTOP")
{
	unsigned long all = -1UL, got = 0;

	EXPECT_ERR(raw(SYS_rt_sigprocmask, 3, &all, NULL, SIGSET), EINVAL);
	EXPECT_ERR(raw(SYS_rt_sigprocmask, -1, &all, NULL, SIGSET), EINVAL);
	EXPECT_EQ(raw(SYS_rt_sigprocmask, 99, NULL, &got, SIGSET), 0); /* not used */
	EXPECT_ERR(raw(SYS_rt_sigprocmask, SIG_BLOCK, &all, NULL, 4), EINVAL);
	EXPECT_ERR(raw(SYS_rt_sigprocmask, SIG_BLOCK, 8, NULL, SIGSET), EFAULT);
	EXPECT_ERR(raw(SYS_rt_sigprocmask, SIG_BLOCK, NULL, 8, SIGSET), EFAULT);
	EXPECT_EQ(raw(SYS_rt_sigprocmask, SIG_SETMASK, &all, NULL, SIGSET), 0);
	EXPECT_EQ(raw(SYS_rt_sigprocmask, SIG_BLOCK, NULL, &got, SIGSET), 0);
	EXPECT_EQ(got, ~(1UL << (SIGKILL - 1) | 1UL << (SIGSTOP - 1)));
	EXPECT_ERR(raw(SYS_rt_sigpending, 8, SIGSET), EFAULT);
	EXPECT_ERR(raw(SYS_rt_sigpending, &got, 16), EINVAL);
}

TEST("SIG-10", "RLIMIT_SIGPENDING bounds what is queued for a user")
{
	siginfo_t sent = {.si_code = SI_QUEUE};
	int queued = 0;

	drop_privileges();
	block(SIG_BLOCK, 40);
	block(SIG_BLOCK, SIGUSR1);
	set_limit(RLIMIT_SIGPENDING, 5);
	while (raw(SYS_rt_sigqueueinfo, getpid(), 40, &sent) == 0 && queued < 100)
		queued++;
	EXPECT_EQ(queued, 5);
	EXPECT_ERR(raw(SYS_rt_sigqueueinfo, getpid(), 40, &sent), EAGAIN);
	EXPECT_OK(raw_kill(getpid(), SIGUSR1)); /* kill does its work all the same */
	EXPECT(is_pending(SIGUSR1));
}

static volatile int thread_tid, thread_got;

static void note_thread(int signal)
{
	(void)signal;
	thread_got = raw_gettid();
}

static void *wait_in_thread(void *argument)
{
	struct gate *gate = argument;

	thread_tid = raw_gettid();
	block(SIG_UNBLOCK, SIGUSR1);
	gate_open(&gate[0]);
	gate_pass(&gate[1]);
	return NULL;
}

TEST("SIG-11",
     "a signal for the process goes to a thread that does not block it, tgkill to its target")
{
	struct gate gate[2] = {gate_new(), gate_new()};
	struct sigaction action = {.sa_handler = note_thread, .sa_flags = SA_RESTART};
	struct thread thread;

	EXPECT_EQ(sigaction(SIGUSR1, &action, NULL), 0);
	block(SIG_BLOCK, SIGUSR1);
	thread = thread_start(wait_in_thread, gate);
	gate_pass(&gate[0]);
	EXPECT_OK(raw_kill(getpid(), SIGUSR1));
	while (!thread_got)
		raw(SYS_sched_yield);
	EXPECT_EQ(thread_got, thread_tid);
	thread_got = 0;
	EXPECT_OK(raw(SYS_tgkill, getpid(), raw_gettid(), SIGUSR1)); /* to us, who block it */
	EXPECT(is_pending(SIGUSR1));
	EXPECT_OK(raw(SYS_tgkill, getpid(), thread_tid, SIGUSR1));
	while (!thread_got)
		raw(SYS_sched_yield);
	EXPECT_EQ(thread_got, thread_tid);
	EXPECT(is_pending(SIGUSR1));
	block(SIG_UNBLOCK, SIGUSR1);
	EXPECT_EQ(thread_got, raw_gettid());
	gate_open(&gate[1]);
	thread_join(thread);
}

TEST("SIG-12", "default actions end, stop or do nothing")
{
	for (int signal = 1; signal <= 64; signal++) {
		bool ignored = signal == SIGCHLD || signal == SIGURG || signal == SIGWINCH ||
			       signal == SIGCONT;
		bool stops = signal == SIGSTOP || signal == SIGTSTP || signal == SIGTTIN ||
			     signal == SIGTTOU;
		struct gate ready = gate_new();
		int status;
		pid_t pid;

		if (signal >= 32 && signal <= 34)
			continue; /* the C library's own */
		pid = test_fork();
		if (pid == 0) {
			/* As if nothing had been changed by those who run the test. */
			unsigned long dfl[4] = {0}, none = 0;

			raw(SYS_rt_sigaction, signal, dfl, NULL, SIGSET);
			raw(SYS_rt_sigprocmask, SIG_SETMASK, &none, NULL, SIGSET);
			EXPECT_OK(raw_kill(getpid(), signal));
			_exit(9);
		}
		raw_close(ready.in);
		raw_close(ready.out);
		EXPECT_EQ(raw_wait4(pid, &status, WUNTRACED), pid);
		if (ignored) {
			EXPECT_EQ(status, 9 << 8);
		} else if (stops) {
			EXPECT_EQ(status, signal << 8 | 0x7f);
			EXPECT_OK(raw_kill(pid, SIGCONT));
			EXPECT_EXIT(pid, 9);
		} else {
			EXPECT_EQ(status & 0x7f, signal);
		}
	}
}

TEST("SIG-13", "kill(0) and kill(-group) reach all of a process group, and none else")
{
	struct gate ready = gate_new();
	pid_t group = 0, pid[3], outside;

	for (int i = 0; i < 3; i++) {
		pid[i] = test_fork();
		if (pid[i] == 0) {
			gate_open(&ready);
			for (;;)
				pause();
		}
		EXPECT_OK(raw(SYS_setpgid, pid[i], i ? group : pid[i]));
		group = i ? group : pid[i];
	}
	outside = test_fork();
	if (outside == 0) {
		gate_open(&ready);
		for (;;)
			pause();
	}
	for (int i = 0; i < 4; i++)
		gate_pass(&ready);
	EXPECT_OK(raw_kill(-group, SIGUSR2));
	for (int i = 0; i < 3; i++)
		EXPECT_KILLED(pid[i], SIGUSR2);
	EXPECT_EQ(raw_wait4(outside, NULL, WNOHANG), 0);
	EXPECT_ERR(raw_kill(-group, 0), ESRCH);
	EXPECT(signal(SIGUSR1, SIG_IGN) != SIG_ERR);
	EXPECT_OK(raw_kill(0, SIGUSR1));
	EXPECT_KILLED(outside, SIGUSR1);
}
