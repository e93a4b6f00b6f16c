// SPDX-License-Identifier: MIT
/*
 * tests/abi/signal_wait.c - waiting for signals, and calls that signals interrupt
 * (docs/contract/calls.md, SIG).
 */
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <time.h>
#include <unistd.h>

#include "lib/sys.h"
#include "lib/task.h"
#include "lib/test.h"

#define SIGSET	 8
#define BIT(sig) (1UL << ((sig)-1))

static volatile int count, last;
static unsigned long mask_inside;

static void note(int signal)
{
	count++;
	last = signal;
	raw(SYS_rt_sigprocmask, SIG_BLOCK, NULL, &mask_inside, SIGSET);
}

static void catch_signal(int signal, int flags)
{
	struct sigaction action = {.sa_handler = note, .sa_flags = flags};

	EXPECT_EQ(sigaction(signal, &action, NULL), 0);
}

static unsigned long set_mask(unsigned long mask)
{
	unsigned long old;

	EXPECT_EQ(raw(SYS_rt_sigprocmask, SIG_SETMASK, &mask, &old, SIGSET), 0);
	return old;
}

/* A process that sends us this signal as soon as we sleep. */
static pid_t poke_later(int signal)
{
	pid_t self = getpid(), pid = test_fork();

	if (pid == 0) {
		await_state(self, "S");
		raw_kill(self, signal);
		_exit(0);
	}
	return pid;
}

TEST("SIG-26", "sigsuspend waits with another mask and restores the old one")
{
	unsigned long mask = BIT(SIGUSR2), bad = 0;
	pid_t pid;

	catch_signal(SIGUSR1, 0);
	catch_signal(SIGUSR2, 0);
	set_mask(BIT(SIGUSR1) | BIT(SIGHUP));
	EXPECT_ERR(raw(SYS_rt_sigsuspend, 8, SIGSET), EFAULT);
	EXPECT_ERR(raw(SYS_rt_sigsuspend, &bad, 4), EINVAL);
	pid = poke_later(SIGUSR1);
	EXPECT_ERR(raw(SYS_rt_sigsuspend, &mask, SIGSET), EINTR);
	EXPECT_EQ(count, 1);
	EXPECT_EQ(mask_inside, BIT(SIGUSR2) | BIT(SIGUSR1));
	EXPECT_EQ(set_mask(0), BIT(SIGUSR1) | BIT(SIGHUP));
	EXPECT_EXIT(pid, 0);
}

TEST("SIG-26",
     "a pending signal that sigsuspend lets through is taken at once, the blocked one waits")
{
	unsigned long mask = BIT(SIGUSR2);

	catch_signal(SIGUSR1, SA_RESTART);
	catch_signal(SIGUSR2, 0);
	set_mask(BIT(SIGUSR1) | BIT(SIGUSR2));
	raw_kill(getpid(), SIGUSR2);
	raw_kill(getpid(), SIGUSR1);
	EXPECT_ERR(raw(SYS_rt_sigsuspend, &mask, SIGSET), EINTR);
	EXPECT_EQ(count, 1);
	EXPECT_EQ(last, SIGUSR1);
	set_mask(0);
	EXPECT_EQ(last, SIGUSR2);
}

TEST("SIG-26", "pause ends after a handler, not after an ignored signal")
{
	pid_t pid, self = getpid();

	catch_signal(SIGUSR1, SA_RESTART);
	EXPECT(signal(SIGUSR2, SIG_IGN) != SIG_ERR);
	pid = test_fork();
	if (pid == 0) {
		await_state(self, "S");
		raw_kill(self, SIGUSR2);
		raw_kill(self, SIGCONT);
		raw_kill(self, SIGSTOP);
		await_state(self, "T");
		raw_kill(self, SIGCONT);
		await_state(self, "S");
		raw_kill(self, SIGUSR1);
		_exit(0);
	}
	EXPECT_ERR(raw(SYS_pause), EINTR);
	EXPECT_EQ(last, SIGUSR1);
	EXPECT_EXIT(pid, 0);
}

TEST("SIG-27", "sigtimedwait takes a pending signal without its handler")
{
	unsigned long set = BIT(SIGUSR1) | BIT(40), other = BIT(SIGUSR2);
	struct timespec none = {0, 0}, bad = {0, 1000000000}, past = {-1, 0};
	siginfo_t info;
	pid_t pid;

	catch_signal(SIGUSR1, 0);
	set_mask(set | other);
	EXPECT_ERR(raw(SYS_rt_sigtimedwait, &set, &info, &none, SIGSET), EAGAIN);
	EXPECT_ERR(raw(SYS_rt_sigtimedwait, &set, &info, &bad, SIGSET), EINVAL);
	EXPECT_ERR(raw(SYS_rt_sigtimedwait, &set, &info, &past, SIGSET), EINVAL);
	EXPECT_ERR(raw(SYS_rt_sigtimedwait, &set, &info, &none, 4), EINVAL);
	EXPECT_ERR(raw(SYS_rt_sigtimedwait, 8, &info, &none, SIGSET), EFAULT);
	EXPECT_ERR(raw(SYS_rt_sigtimedwait, &set, &info, 8, SIGSET), EFAULT);
	raw_kill(getpid(), SIGUSR1);
	raw_kill(getpid(), SIGUSR2);
	EXPECT_EQ(raw(SYS_rt_sigtimedwait, &set, &info, &none, SIGSET), SIGUSR1);
	EXPECT_EQ(info.si_signo, SIGUSR1);
	EXPECT_EQ(info.si_code, SI_USER);
	EXPECT_EQ(info.si_pid, getpid());
	EXPECT_ERR(raw(SYS_rt_sigtimedwait, &set, &info, &none, SIGSET), EAGAIN);
	EXPECT_EQ(raw(SYS_rt_sigtimedwait, &other, NULL, NULL, SIGSET), SIGUSR2);
	raw_kill(getpid(), SIGUSR1);
	EXPECT_ERR(raw(SYS_rt_sigtimedwait, &set, 8, &none, SIGSET), EFAULT); /* and it is gone */
	EXPECT_ERR(raw(SYS_rt_sigtimedwait, &set, NULL, &none, SIGSET), EAGAIN);
	pid = poke_later(SIGUSR1);
	EXPECT_EQ(raw(SYS_rt_sigtimedwait, &set, &info, NULL, SIGSET), SIGUSR1);
	EXPECT_EQ(info.si_pid, pid);
	EXPECT_EQ(count, 0);
	EXPECT_EXIT(pid, 0);
}

TEST("SIG-27", "sigtimedwait is EINTR after the handler of a signal that it does not wait for")
{
	unsigned long set = BIT(SIGUSR1);
	pid_t pid;

	catch_signal(SIGUSR2, SA_RESTART);
	set_mask(set);
	pid = poke_later(SIGUSR2);
	EXPECT_ERR(raw(SYS_rt_sigtimedwait, &set, NULL, NULL, SIGSET), EINTR);
	EXPECT_EQ(last, SIGUSR2);
	EXPECT_EXIT(pid, 0);
}

TEST("SIG-27", "a time-out passes")
{
	struct timespec soon = {0, 20000000}, before, after;
	unsigned long set = BIT(SIGUSR1);

	set_mask(set);
	clock_gettime(CLOCK_MONOTONIC, &before);
	EXPECT_ERR(raw(SYS_rt_sigtimedwait, &set, NULL, &soon, SIGSET), EAGAIN);
	clock_gettime(CLOCK_MONOTONIC, &after);
	EXPECT((after.tv_sec - before.tv_sec) * 1000000000L + after.tv_nsec - before.tv_nsec >=
	       20000000);
}

/* ---- calls that a handler interrupts --------------------------------------------------------- */

static struct gate empty, full;
static int word;
static pid_t child;

static long do_read(void)
{
	char byte;

	return raw_read(empty.out, &byte, 1);
}

static long do_write(void)
{
	return raw_write(full.in, "xxxx", 4);
}

static long do_wait(void)
{
	return raw_wait4(child, NULL, 0);
}

static long do_futex(void)
{
	return raw_futex(&word, FUTEX_WAIT, 0, NULL, NULL, 0);
}

static long do_poll(void)
{
	struct pollfd fd = {empty.out, POLLIN, 0};

	return raw(SYS_poll, &fd, 1, -1);
}

static long do_select(void)
{
	fd_set set;

	FD_ZERO(&set);
	FD_SET(empty.out, &set);
	return raw(SYS_select, empty.out + 1, &set, NULL, NULL, NULL);
}

static long do_epoll(void)
{
	struct epoll_event event;
	long fd = raw(SYS_epoll_create1, EPOLL_CLOEXEC), result;

	result = raw(SYS_epoll_wait, fd, &event, 1, -1);
	raw_close(fd);
	return result;
}

static long do_nanosleep(void)
{
	struct timespec time = {1000, 0};

	return raw(SYS_nanosleep, &time, NULL);
}

static const struct {
	const char *name;
	long (*call)(void);
	bool restarts; /* with SA_RESTART */
} calls[] = {
	{"read", do_read, true},    {"write", do_write, true},
	{"wait4", do_wait, true},   {"futex", do_futex, true},
	{"poll", do_poll, false},   {"select", do_select, false},
	{"epoll", do_epoll, false}, {"nanosleep", do_nanosleep, false},
};
#define CALLS (sizeof(calls) / sizeof(calls[0]))

static void prepare(void)
{
	empty = gate_new();
	full = gate_new();
	raw(SYS_fcntl, full.in, F_SETFL, O_NONBLOCK);
	while (raw_write(full.in, "0123456789abcdef", 16) == 16)
		;
	raw(SYS_fcntl, full.in, F_SETFL, 0);
	child = test_fork();
	if (child == 0) {
		char byte;

		raw_read(empty.out, &byte, 1);
		_exit(0);
	}
	await_state(child, "S");
}

TEST("SIG-28", "without SA_RESTART every sleeping call ends with EINTR")
{
	prepare();
	catch_signal(SIGUSR1, 0);
	for (size_t i = 0; i < CALLS; i++) {
		pid_t pid = poke_later(SIGUSR1);
		long result = calls[i].call();

		if (result != -EINTR || count != (int)i + 1)
			FAIL("%s returns %ld after %d handlers", calls[i].name, result, count);
		EXPECT_EXIT(pid, 0);
	}
	EXPECT_OK(raw_kill(child, SIGKILL));
}

static volatile int *handled; /* seen by the process that sends, too */

static void note_shared(int signal)
{
	note(signal);
	++*handled;
}

/*
 * With SA_RESTART: the first signal is slept over, the second has a handler that does not. The
 * second waits for the first's handler: a task may show S with a signal that it has yet to see.
 */
TEST("SIG-28", "with SA_RESTART reads, writes, waits and futexes go on, the others end with EINTR")
{
	struct sigaction restart = {.sa_handler = note_shared, .sa_flags = SA_RESTART};

	handled = (int *)map_shared(1, PROT_READ | PROT_WRITE);
	prepare();
	EXPECT_EQ(sigaction(SIGUSR1, &restart, NULL), 0);
	for (size_t i = 0; i < CALLS; i++) {
		pid_t self = getpid(), pid;
		long result;

		catch_signal(SIGUSR2, 0);
		count = *handled = 0;
		pid = test_fork();
		if (pid == 0) {
			await_state(self, "S");
			raw_kill(self, SIGUSR1);
			if (calls[i].restarts) {
				while (*handled == 0)
					doze(1);
				await_state(self, "S");
				raw_kill(self, SIGUSR2);
			}
			_exit(0);
		}
		result = calls[i].call();
		if (result != -EINTR || count != 1 + calls[i].restarts)
			FAIL("%s returns %ld after %d handlers", calls[i].name, result, count);
		EXPECT_EXIT(pid, 0);
	}
	EXPECT_OK(raw_kill(child, SIGKILL));
}

TEST("SIG-28", "stopping and continuing interrupts none of them but epoll_wait")
{
	prepare();
	catch_signal(SIGUSR1, 0);
	for (size_t i = 0; i < CALLS; i++) {
		pid_t self = getpid(), pid;
		long result;

		count = 0;
		pid = test_fork();
		if (pid == 0) {
			await_state(self, "S");
			raw_kill(self, SIGSTOP);
			await_state(self, "T");
			raw_kill(self, SIGCONT);
			if (calls[i].call != do_epoll) {
				await_state(self, "S");
				raw_kill(self, SIGUSR1);
			}
			_exit(0);
		}
		result = calls[i].call();
		if (result != -EINTR || count != (calls[i].call != do_epoll))
			FAIL("%s returns %ld, %d handlers", calls[i].name, result, count);
		EXPECT_EXIT(pid, 0);
	}
	EXPECT_OK(raw_kill(child, SIGKILL));
}

TEST("SIG-28", "a read that has got something returns it")
{
	struct gate pipe = gate_new();
	char buffer[10];
	pid_t self = getpid(), pid;

	catch_signal(SIGUSR1, 0);
	pid = test_fork();
	if (pid == 0) {
		await_state(self, "S");
		EXPECT_EQ(raw_write(pipe.in, "abc", 3), 3);
		raw_kill(self, SIGUSR1);
		_exit(0);
	}
	EXPECT_EQ(raw_read(pipe.out, buffer, 10), 3);
	EXPECT_EXIT(pid, 0);
	EXPECT_EQ(count, 1);
}

TEST("SIG-29", "ppoll and pselect wait with another mask")
{
	unsigned long mask = 0;
	struct {
		unsigned long *set;
		size_t size;
	} six = {&mask, SIGSET};
	struct pollfd fd = {-1, POLLIN, 0};
	pid_t pid;

	empty = gate_new();
	catch_signal(SIGUSR1, SA_RESTART);
	set_mask(BIT(SIGUSR1));
	pid = poke_later(SIGUSR1);
	EXPECT_ERR(raw(SYS_ppoll, &fd, 1, NULL, &mask, SIGSET), EINTR);
	EXPECT_EQ(count, 1);
	EXPECT_EXIT(pid, 0);
	EXPECT_EQ(set_mask(BIT(SIGUSR1)), BIT(SIGUSR1));
	pid = poke_later(SIGUSR1);
	EXPECT_ERR(raw(SYS_pselect6, 0, NULL, NULL, NULL, NULL, &six), EINTR);
	EXPECT_EQ(count, 2);
	EXPECT_EXIT(pid, 0);
	fd.fd = empty.out;
	gate_open(&empty);
	raw_kill(getpid(), SIGUSR1);
	EXPECT_EQ(raw(SYS_ppoll, &fd, 1, NULL, &mask, SIGSET), 1); /* ready: no signal is let in */
	EXPECT_EQ(count, 2);
}
