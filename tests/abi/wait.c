// SPDX-License-Identifier: MIT
/*
 * tests/abi/wait.c - wait4 and waitid (docs/contract/calls.md, WAIT).
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "lib/sys.h"
#include "lib/task.h"
#include "lib/test.h"

#define raw_waitid(type, id, info, options) raw(SYS_waitid, type, id, info, options, NULL)

static pid_t child_exits(int status)
{
	pid_t pid = test_fork();

	if (pid == 0)
		_exit(status);
	return pid;
}

/* A child that waits for a signal. */
static pid_t child_sleeps(void)
{
	struct gate ready = gate_new();
	pid_t pid = test_fork();

	if (pid == 0) {
		gate_open(&ready);
		for (;;)
			pause();
	}
	gate_pass(&ready);
	return pid;
}

TEST("WAIT-1", "the status tells exit code or signal")
{
	static const int fatal[] = {SIGHUP,    SIGINT,	SIGKILL, SIGTERM,
				    SIGVTALRM, SIGUSR1, SIGPIPE, 35};
	pid_t pid = child_exits(7);
	int status;

	EXPECT_EQ(raw_wait4(pid, &status, 0), pid);
	EXPECT_EQ(status, 0x700);
	for (size_t i = 0; i < sizeof(fatal) / sizeof(fatal[0]); i++) {
		pid = child_sleeps();
		EXPECT_OK(raw_kill(pid, fatal[i]));
		EXPECT_EQ(raw_wait4(pid, &status, 0), pid);
		EXPECT_EQ(status, fatal[i]);
	}
}

TEST("WAIT-1", "signals that dump core say so only when a core was written")
{
	static const int core[] = {SIGQUIT, SIGABRT, SIGSEGV, SIGILL, SIGTRAP, SIGSYS};
	int status;

	set_limits(RLIMIT_CORE, 0, 0);
	for (size_t i = 0; i < sizeof(core) / sizeof(core[0]); i++) {
		pid_t pid = child_sleeps();

		EXPECT_OK(raw_kill(pid, core[i]));
		EXPECT_EQ(raw_wait4(pid, &status, 0), pid);
		EXPECT_EQ(status, core[i]);
	}
}

TEST("WAIT-2", "without children ECHILD, with living ones WNOHANG gives 0")
{
	siginfo_t info;
	int status = 77;
	pid_t pid;

	EXPECT_ERR(raw_wait4(-1, &status, 0), ECHILD);
	EXPECT_ERR(raw_wait4(-1, &status, WNOHANG), ECHILD);
	EXPECT_ERR(raw_wait4(getpid(), &status, 0), ECHILD);
	EXPECT_ERR(raw_wait4(1, &status, 0), ECHILD);
	EXPECT_ERR(raw_waitid(P_ALL, 0, &info, WEXITED), ECHILD);
	pid = child_sleeps();
	EXPECT_EQ(raw_wait4(-1, &status, WNOHANG), 0);
	EXPECT_EQ(raw_wait4(pid, &status, WNOHANG), 0);
	EXPECT_EQ(status, 77);
	memset(&info, 1, sizeof(info));
	EXPECT_EQ(raw_waitid(P_PID, pid, &info, WEXITED | WNOHANG), 0);
	EXPECT_EQ(info.si_pid, 0);
	EXPECT_EQ(info.si_signo, 0);
	raw_kill(pid, SIGKILL);
	EXPECT_KILLED(pid, SIGKILL);
	EXPECT_ERR(raw_wait4(pid, &status, 0), ECHILD); /* only once */
}

TEST("WAIT-3", "bad options and types are EINVAL, bad pointers EFAULT")
{
	pid_t pid = child_exits(0);
	siginfo_t info;

	EXPECT_ERR(raw_wait4(pid, NULL, 0x100), EINVAL);
	EXPECT_ERR(raw_wait4(pid, NULL, WEXITED), EINVAL);
	EXPECT_ERR(raw_wait4(pid, NULL, WNOWAIT), EINVAL);
	EXPECT_ERR(raw_waitid(P_ALL, 0, &info, 0), EINVAL);
	EXPECT_ERR(raw_waitid(P_ALL, 0, &info, WNOHANG), EINVAL);
	EXPECT_ERR(raw_waitid(P_ALL, 0, &info, WEXITED | 0x100), EINVAL);
	EXPECT_ERR(raw_waitid(9, 0, &info, WEXITED), EINVAL);
	EXPECT_ERR(raw_waitid(P_PID, 0, &info, WEXITED), EINVAL);
	EXPECT_ERR(raw_waitid(P_PID, -1, &info, WEXITED), EINVAL);
	EXPECT_ERR(raw_waitid(P_PGID, -1, &info, WEXITED), EINVAL);
	EXPECT_ERR(raw_waitid(3, -1, &info, WEXITED), EINVAL); /* P_PIDFD */
	EXPECT_ERR(raw_waitid(3, 999, &info, WEXITED), EBADF);
	EXPECT_ERR(raw_wait4(-0x80000000L, NULL, 0), ESRCH);
	await_state(pid, "Z");
	EXPECT_ERR(raw_wait4(pid, 8, 0), EFAULT);
	EXPECT_ERR(raw_wait4(pid, NULL, 0), ECHILD); /* it was waited for all the same */
	pid = child_exits(0);
	EXPECT_ERR(raw_waitid(P_PID, pid, 8, WEXITED), EFAULT);
	pid = child_exits(0);
	EXPECT_ERR(raw(SYS_wait4, pid, NULL, 0, 8), EFAULT);
}

TEST("WAIT-4", "waitid tells who ended, how, and of whom; WNOWAIT leaves it")
{
	pid_t pid = child_exits(5);
	siginfo_t info;

	memset(&info, 0xff, sizeof(info));
	EXPECT_EQ(raw_waitid(P_PID, pid, &info, WEXITED | WNOWAIT), 0);
	EXPECT_EQ(info.si_signo, SIGCHLD);
	EXPECT_EQ(info.si_errno, 0);
	EXPECT_EQ(info.si_code, CLD_EXITED);
	EXPECT_EQ(info.si_pid, pid);
	EXPECT_EQ(info.si_uid, 0);
	EXPECT_EQ(info.si_status, 5);
	EXPECT_EQ(raw_waitid(P_ALL, 0, &info, WEXITED), 0);
	EXPECT_EQ(info.si_pid, pid);
	EXPECT_ERR(raw_waitid(P_ALL, 0, &info, WEXITED), ECHILD);
	pid = child_sleeps();
	raw_kill(pid, SIGTERM);
	EXPECT_EQ(raw_waitid(P_PID, pid, &info, WEXITED), 0);
	EXPECT_EQ(info.si_code, CLD_KILLED);
	EXPECT_EQ(info.si_status, SIGTERM);
	pid = child_exits(1);
	EXPECT_EQ(raw_waitid(P_PID, pid, NULL, WEXITED), 0);
}

TEST("WAIT-5", "process groups pick children")
{
	siginfo_t info;
	pid_t ours = child_exits(1), other = test_fork();

	if (other == 0) {
		setpgid(0, 0);
		_exit(2);
	}
	await_state(other, "Z");
	EXPECT_EQ(raw_wait4(0, NULL, 0), ours);
	EXPECT_ERR(raw_wait4(0, NULL, 0), ECHILD);
	EXPECT_EQ(raw_wait4(-other, NULL, 0), other);
	other = test_fork();
	if (other == 0)
		pause();
	EXPECT_OK(raw(SYS_setpgid, other, other));
	EXPECT_ERR(raw_wait4(0, NULL, WNOHANG), ECHILD);
	EXPECT_EQ(raw_wait4(-other, NULL, WNOHANG), 0);
	EXPECT_OK(raw_kill(-other, SIGKILL));
	EXPECT_EQ(raw_waitid(P_PGID, other, &info, WEXITED | WNOWAIT), 0);
	EXPECT_EQ(info.si_pid, other);
	EXPECT_ERR(raw_waitid(P_PGID, 0, &info, WEXITED | WNOHANG), ECHILD);
	EXPECT_EQ(raw_wait4(-other, NULL, 0), other);
	EXPECT_ERR(raw_wait4(-other, NULL, 0), ECHILD);
}

TEST("WAIT-6", "stopping and continuing are told when asked for, once each")
{
	pid_t pid = child_sleeps();
	siginfo_t info;
	int status;

	raw_kill(pid, SIGSTOP);
	EXPECT_EQ(raw_wait4(pid, &status, WUNTRACED), pid);
	EXPECT_EQ(status, SIGSTOP << 8 | 0x7f);
	EXPECT_EQ(task_state(pid), 'T');
	EXPECT_EQ(raw_wait4(pid, &status, WUNTRACED | WNOHANG), 0);
	raw_kill(pid, SIGCONT);
	EXPECT_EQ(raw_wait4(pid, &status, WCONTINUED), pid);
	EXPECT_EQ(status, 0xffff);
	EXPECT_EQ(raw_wait4(pid, &status, WCONTINUED | WUNTRACED | WNOHANG), 0);
	raw_kill(pid, SIGTSTP);
	EXPECT_EQ(raw_waitid(P_PID, pid, &info, WSTOPPED | WNOWAIT), 0);
	EXPECT_EQ(info.si_code, CLD_STOPPED);
	EXPECT_EQ(info.si_status, SIGTSTP);
	EXPECT_EQ(raw_waitid(P_PID, pid, &info, WSTOPPED), 0);
	EXPECT_EQ(raw_wait4(pid, &status, WNOHANG), 0); /* not asked for */
	raw_kill(pid, SIGCONT);
	EXPECT_EQ(raw_waitid(P_PID, pid, &info, WCONTINUED), 0);
	EXPECT_EQ(info.si_code, CLD_CONTINUED);
	EXPECT_EQ(info.si_status, SIGCONT);
	raw_kill(pid, SIGSTOP);
	EXPECT_EQ(raw_wait4(pid, &status, WUNTRACED), pid);
	raw_kill(pid, SIGKILL); /* also ends what is stopped */
	EXPECT_KILLED(pid, SIGKILL);
}

TEST("WAIT-7", "a parent that ignores SIGCHLD has no zombies")
{
	struct sigaction action = {.sa_handler = SIG_DFL, .sa_flags = SA_NOCLDWAIT};

	EXPECT(signal(SIGCHLD, SIG_IGN) != SIG_ERR);
	for (int i = 0; i < 2; i++) {
		pid_t pid = child_exits(0);

		EXPECT_ERR(raw_wait4(pid, NULL, 0), ECHILD); /* sleeps until it has ended */
		await_gone(pid); /* wait4 answers a moment before that */
		EXPECT_EQ(sigaction(SIGCHLD, &action, NULL), 0);
	}
}

static volatile sig_atomic_t signals;
static siginfo_t last;

static void on_child(int signal, siginfo_t *info, void *context)
{
	(void)signal;
	(void)context;
	last = *info;
	signals++;
}

TEST("WAIT-8", "SIGCHLD tells what happened; SA_NOCLDSTOP keeps stops quiet")
{
	struct sigaction action = {.sa_sigaction = on_child, .sa_flags = SA_SIGINFO | SA_RESTART};
	pid_t pid;

	EXPECT_EQ(sigaction(SIGCHLD, &action, NULL), 0);
	pid = child_exits(6);
	EXPECT_EXIT(pid, 6);
	EXPECT_EQ(signals, 1);
	EXPECT_EQ(last.si_code, CLD_EXITED);
	EXPECT_EQ(last.si_pid, pid);
	EXPECT_EQ(last.si_status, 6);
	pid = child_sleeps();
	raw_kill(pid, SIGSTOP);
	EXPECT_EQ(raw_wait4(pid, NULL, WUNTRACED), pid);
	EXPECT_EQ(signals, 2);
	EXPECT_EQ(last.si_code, CLD_STOPPED);
	EXPECT_EQ(last.si_status, SIGSTOP);
	raw_kill(pid, SIGCONT);
	EXPECT_EQ(raw_wait4(pid, NULL, WCONTINUED), pid);
	while (signals < 3) /* it is the child that tells, when it runs */
		raw(SYS_sched_yield);
	EXPECT_EQ(last.si_code, CLD_CONTINUED);
	action.sa_flags |= SA_NOCLDSTOP;
	EXPECT_EQ(sigaction(SIGCHLD, &action, NULL), 0);
	raw_kill(pid, SIGSTOP);
	EXPECT_EQ(raw_wait4(pid, NULL, WUNTRACED), pid);
	raw_kill(pid, SIGCONT);
	EXPECT_EQ(raw_wait4(pid, NULL, WCONTINUED), pid);
	while (signals < 3) /* it is the child that tells, when it runs */
		raw(SYS_sched_yield);
	raw_kill(pid, SIGTERM);
	EXPECT_KILLED(pid, SIGTERM);
	EXPECT_EQ(signals, 4);
	EXPECT_EQ(last.si_code, CLD_KILLED);
}

TEST("WAIT-9", "orphans go to the nearest subreaper, and there to the waiting thread")
{
	struct gate go = gate_new();
	pid_t *orphan = (pid_t *)map_shared(1, RW), pid;
	int status;

	EXPECT_OK(raw(SYS_prctl, PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0));
	pid = test_fork();
	if (pid == 0) {
		pid_t own = test_fork();

		if (own == 0) {
			gate_pass(&go);
			_exit(raw(SYS_getppid) == orphan[1] ? 8 : 9);
		}
		*orphan = own;
		_exit(0);
	}
	EXPECT_EXIT(pid, 0);
	orphan[1] = getpid();
	EXPECT_EQ(raw_wait4(*orphan, NULL, WNOHANG), 0);
	gate_open(&go);
	EXPECT_EQ(raw_wait4(-1, &status, 0), *orphan);
	EXPECT_EQ(status, 8 << 8);
}

TEST("WAIT-9", "an orphan's zombie is its new parent's as well")
{
	pid_t *orphan = (pid_t *)map_shared(1, RW), pid;

	EXPECT_OK(raw(SYS_prctl, PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0));
	pid = test_fork();
	if (pid == 0) {
		*orphan = child_exits(11);
		await_state(*orphan, "Z");
		_exit(0);
	}
	EXPECT_EXIT(pid, 0);
	EXPECT_EXIT(*orphan, 11);
}

static void *wait_for_it(void *argument)
{
	int status = 0;

	if (raw_wait4((long)argument, &status, 0) != (long)argument)
		return (void *)-1L;
	return (void *)(long)status;
}

static void *wait_alone(void *argument)
{
	return (void *)raw_wait4((long)argument, NULL, __WNOTHREAD | WNOHANG);
}

TEST("WAIT-10", "any thread may wait for a child of another, but for __WNOTHREAD")
{
	pid_t pid = child_exits(4);

	EXPECT_EQ(thread_join(thread_start(wait_alone, (void *)(long)pid)), -ECHILD);
	EXPECT_EQ(thread_join(thread_start(wait_for_it, (void *)(long)pid)), 4 << 8);
}

TEST("WAIT-11", "the usage of a child is told, and added to the parent's")
{
	struct rusage usage, before, after;
	pid_t pid;

	EXPECT_OK(raw(SYS_getrusage, RUSAGE_CHILDREN, &before));
	pid = test_fork();
	if (pid == 0) {
		char *p = map_private(300, RW);

		memset(p, 1, 300 * PAGE);
		_exit(0);
	}
	EXPECT_EQ(raw(SYS_wait4, pid, NULL, 0, &usage), pid);
	EXPECT(usage.ru_minflt >= 100); /* a huge page is one fault */
	EXPECT(usage.ru_maxrss >= 1200);
	EXPECT_OK(raw(SYS_getrusage, RUSAGE_CHILDREN, &after));
	EXPECT(after.ru_minflt >= before.ru_minflt + usage.ru_minflt);
	EXPECT(after.ru_maxrss >= usage.ru_maxrss);
}

TEST("WAIT-12", "a wait that a signal interrupts is EINTR, or restarts")
{
	struct sigaction action = {.sa_sigaction = on_child, .sa_flags = SA_SIGINFO};
	pid_t self = getpid(), pid = child_sleeps(), helper;

	EXPECT_EQ(sigaction(SIGUSR1, &action, NULL), 0);
	helper = test_fork();
	if (helper == 0) {
		await_state(self, "S");
		raw_kill(self, SIGUSR1);
		_exit(0);
	}
	EXPECT_ERR(raw_wait4(pid, NULL, 0), EINTR);
	EXPECT_EXIT(helper, 0);
	action.sa_flags |= SA_RESTART;
	EXPECT_EQ(sigaction(SIGUSR1, &action, NULL), 0);
	helper = test_fork();
	if (helper == 0) {
		await_state(self, "S");
		raw_kill(self, SIGUSR1);
		raw_kill(pid, SIGKILL);
		_exit(0);
	}
	EXPECT_EQ(raw_wait4(pid, NULL, 0), pid);
	EXPECT_EQ(signals, 2);
	EXPECT_EXIT(helper, 0);
}

TEST("WAIT-13", "a pidfd is readable when its process has ended, and can be waited on")
{
	struct {
		int fd;
		short events, revents;
	} poll;
	pid_t pid = child_sleeps();
	siginfo_t info;

	poll.fd = EXPECT_OK(raw(SYS_pidfd_open, pid, 0));
	poll.events = 1;
	EXPECT_EQ(raw(SYS_fcntl, poll.fd, F_GETFD), FD_CLOEXEC);
	EXPECT_EQ(raw(SYS_poll, &poll, 1, 0), 0);
	EXPECT_OK(raw(SYS_pidfd_send_signal, poll.fd, SIGTERM, NULL, 0));
	EXPECT_EQ(raw(SYS_poll, &poll, 1, -1), 1);
	EXPECT_EQ(poll.revents, 1);
	EXPECT_EQ(raw_waitid(3, poll.fd, &info, WEXITED), 0);
	EXPECT_EQ(info.si_pid, pid);
	EXPECT_EQ(info.si_status, SIGTERM);
	EXPECT_ERR(raw_waitid(3, poll.fd, &info, WEXITED), ECHILD);
	EXPECT_ERR(raw(SYS_pidfd_send_signal, poll.fd, 0, NULL, 0), ESRCH);
	EXPECT_ERR(raw(SYS_pidfd_open, pid, 0), ESRCH);
	EXPECT_ERR(raw(SYS_pidfd_open, getpid(), 1), EINVAL);
	EXPECT_ERR(raw(SYS_pidfd_open, 0, 0), EINVAL);
}

TEST("WAIT-15", "a directory /proc/PID takes a signal, but is no pidfd otherwise")
{
	pid_t pid = child_sleeps();
	char path[64];
	siginfo_t info;
	int fd, task;

	snprintf(path, sizeof(path), "/proc/%d", pid);
	fd = EXPECT_OK(raw(SYS_open, path, O_RDONLY | O_DIRECTORY));
	snprintf(path, sizeof(path), "/proc/%d/task/%d", pid, pid);
	task = EXPECT_OK(raw(SYS_open, path, O_RDONLY | O_DIRECTORY));
	EXPECT_ERR(raw(SYS_pidfd_send_signal, task, 0, NULL, 0), EBADF);
	EXPECT_ERR(raw_waitid(3, fd, &info, WEXITED), EBADF);
	EXPECT_ERR(raw(SYS_pidfd_getfd, fd, 0, 0), EBADF);
	EXPECT_OK(raw(SYS_pidfd_send_signal, fd, 0, NULL, 0));
	EXPECT_OK(raw(SYS_pidfd_send_signal, fd, SIGTERM, NULL, 0));
	EXPECT_KILLED(pid, SIGTERM);
	EXPECT_ERR(raw(SYS_pidfd_send_signal, fd, 0, NULL, 0), ESRCH);
}

TEST("WAIT-14", "the death of the parent sends the signal that the child asked for")
{
	struct gate ready = gate_new();
	pid_t *grandchild = (pid_t *)map_shared(1, RW), pid;

	EXPECT_OK(raw(SYS_prctl, PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0));
	pid = test_fork();
	if (pid == 0) {
		pid_t own = test_fork();

		if (own == 0) {
			EXPECT_OK(raw(SYS_prctl, PR_SET_PDEATHSIG, SIGUSR2));
			gate_open(&ready);
			for (;;)
				pause();
		}
		*grandchild = own;
		gate_pass(&ready);
		_exit(0);
	}
	EXPECT_EXIT(pid, 0);
	EXPECT_KILLED(*grandchild, SIGUSR2);
}
