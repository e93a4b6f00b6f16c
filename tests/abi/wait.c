// SPDX-License-Identifier: MIT
/*
 * tests/abi/wait.c - the end of processes, and waiting for it (docs/contract/fork.md, sections 1,
 * 12).
 */
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include "lib/clone.h"
#include "lib/maps.h"
#include "lib/sys.h"
#include "lib/test.h"

TEST("CLN-4", "wait4 tells exit status, signal and core flag, and checks its options")
{
	int status;
	pid_t pid = test_fork();

	if (pid == 0)
		_exit(300);
	EXPECT_EQ(raw(SYS_wait4, pid, &status, 0, 0), pid);
	EXPECT_EQ(status, (300 & 0xff) << 8);
	pid = test_fork();
	if (pid == 0) {
		raise(SIGTERM);
		_exit(0);
	}
	EXPECT_KILLED(pid, SIGTERM);
	EXPECT_ERR(raw(SYS_wait4, pid, &status, 0, 0), ECHILD);
	EXPECT_ERR(raw(SYS_wait4, -1, &status, 0, 0), ECHILD);
	EXPECT_ERR(raw(SYS_wait4, -1, &status, 0x100, 0), EINVAL);
	EXPECT_ERR(raw(SYS_wait4, -2147483647 - 1, &status, 0, 0), ESRCH);
}

TEST("CLN-4", "WNOHANG returns 0 while the child runs")
{
	pid_t pid = test_fork();
	int status;

	if (pid == 0)
		for (;;)
			pause();
	EXPECT_EQ(raw(SYS_wait4, pid, &status, WNOHANG, 0), 0);
	kill(pid, SIGKILL);
	EXPECT_KILLED(pid, SIGKILL);
}

TEST("CLN-4", "stop and continue are told once each")
{
	pid_t pid = test_fork();
	int status;

	if (pid == 0)
		for (;;)
			pause();
	kill(pid, SIGSTOP);
	EXPECT_EQ(raw(SYS_wait4, pid, &status, WUNTRACED, 0), pid);
	EXPECT(WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP);
	EXPECT_EQ(raw(SYS_wait4, pid, &status, WUNTRACED | WNOHANG, 0), 0);
	kill(pid, SIGCONT);
	EXPECT_EQ(raw(SYS_wait4, pid, &status, WCONTINUED, 0), pid);
	EXPECT(WIFCONTINUED(status));
	EXPECT_EQ(raw(SYS_wait4, pid, &status, WCONTINUED | WNOHANG, 0), 0);
	kill(pid, SIGKILL);
	EXPECT_KILLED(pid, SIGKILL);
}

TEST("CLN-4", "waitid fills the whole structure and can leave the child")
{
	siginfo_t info;
	pid_t pid = test_fork();

	if (pid == 0)
		_exit(9);
	EXPECT_ERR(raw(SYS_waitid, P_PID, pid, &info, 0, 0), EINVAL);
	EXPECT_ERR(raw(SYS_waitid, P_PID, 0, &info, WEXITED, 0), EINVAL);
	EXPECT_ERR(raw(SYS_waitid, 17, pid, &info, WEXITED, 0), EINVAL);
	EXPECT_ERR(raw(SYS_waitid, P_PID, pid, &info, WEXITED | 0x100, 0), EINVAL);
	EXPECT_ERR(raw(SYS_waitid, P_PIDFD, 0, &info, WEXITED, 0), EBADF);
	memset(&info, 0x77, sizeof(info));
	EXPECT_EQ(raw(SYS_waitid, P_PID, pid, &info, WEXITED | WNOWAIT, 0), 0);
	EXPECT_EQ(info.si_signo, SIGCHLD);
	EXPECT_EQ(info.si_errno, 0);
	EXPECT_EQ(info.si_code, CLD_EXITED);
	EXPECT_EQ(info.si_pid, pid);
	EXPECT_EQ(info.si_uid, getuid());
	EXPECT_EQ(info.si_status, 9);
	EXPECT_EQ(raw(SYS_waitid, P_ALL, 0, &info, WEXITED, 0), 0);
	EXPECT_EQ(info.si_status, 9);
	EXPECT_ERR(raw(SYS_waitid, P_ALL, 0, &info, WEXITED, 0), ECHILD);
}

TEST("CLN-4", "waitid with WNOHANG and nothing to tell writes zeroes")
{
	siginfo_t info;
	pid_t pid = test_fork();

	if (pid == 0)
		for (;;)
			pause();
	memset(&info, 0x77, sizeof(info));
	EXPECT_EQ(raw(SYS_waitid, P_PID, pid, &info, WEXITED | WNOHANG, 0), 0);
	EXPECT(info.si_signo == 0 && info.si_pid == 0 && info.si_status == 0);
	kill(pid, SIGKILL);
	EXPECT_KILLED(pid, SIGKILL);
}

TEST("CLN-4", "waiting by process group")
{
	int status;
	pid_t a = test_fork(), b;

	if (a == 0)
		for (;;)
			pause();
	b = test_fork();
	if (b == 0)
		_exit(2);
	EXPECT_OK(raw(SYS_setpgid, a, a));
	EXPECT_EQ(raw(SYS_wait4, 0, &status, 0, 0), b);
	EXPECT_ERR(raw(SYS_wait4, 0, &status, WNOHANG, 0), ECHILD);
	EXPECT_EQ(raw(SYS_wait4, -a, &status, WNOHANG, 0), 0);
	kill(a, SIGKILL);
	EXPECT_EQ(raw(SYS_wait4, -a, &status, 0, 0), a);
	EXPECT_EQ(status, SIGKILL);
}

TEST("EXT-1", "an ignored SIGCHLD reaps children by itself")
{
	pid_t pid;

	signal(SIGCHLD, SIG_IGN);
	pid = test_fork();
	if (pid == 0)
		_exit(0);
	EXPECT_ERR(raw(SYS_wait4, pid, 0, 0, 0), ECHILD);
	EXPECT_EQ(kill(pid, 0), -1);
}

TEST("EXT-10", "a zombie has no memory")
{
	siginfo_t info;
	char path[64], text[2000];
	pid_t pid = test_fork();

	if (pid == 0)
		_exit(0);
	EXPECT_EQ(raw(SYS_waitid, P_PID, pid, &info, WEXITED | WNOWAIT, 0), 0);
	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	EXPECT_EQ(read_file(path, text, sizeof(text)), 0);
	snprintf(path, sizeof(path), "/proc/%d/statm", pid);
	EXPECT(read_file(path, text, sizeof(text)) > 0);
	EXPECT_STR(text, "0 0 0 0 0 0 0\n");
	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	EXPECT(read_file(path, text, sizeof(text)) > 0);
	EXPECT(!strstr(text, "VmSize") && strstr(text, "State:\tZ (zombie)"));
	EXPECT_EXIT(pid, 0);
}

TEST("EXT-1", "orphans go to the nearest subreaper, which can wait for them")
{
	int pipe_fd[2], status;
	pid_t middle, orphan, got, self = getpid();

	EXPECT_OK(raw(SYS_prctl, PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0));
	EXPECT_OK(raw(SYS_pipe, pipe_fd));
	middle = test_fork();
	if (middle == 0) {
		orphan = fork();
		if (orphan == 0) {
			while (getppid() != self)
				sched_yield();
			_exit(42);
		}
		EXPECT_EQ(write(pipe_fd[1], &orphan, sizeof(orphan)), sizeof(orphan));
		_exit(0);
	}
	EXPECT_EQ(read(pipe_fd[0], &orphan, sizeof(orphan)), sizeof(orphan));
	EXPECT_EXIT(middle, 0);
	got = waitpid(orphan, &status, 0);
	EXPECT_EQ(got, orphan);
	EXPECT_EQ(status, 42 << 8);
}

TEST("EXT-1", "the death of the parent sends the wanted signal")
{
	int pipe_fd[2], status;
	pid_t middle, child;

	EXPECT_OK(raw(SYS_prctl, PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0));
	EXPECT_OK(raw(SYS_pipe, pipe_fd));
	middle = test_fork();
	if (middle == 0) {
		child = fork();
		if (child == 0) {
			raw(SYS_prctl, PR_SET_PDEATHSIG, SIGUSR1, 0, 0, 0);
			child = getpid();
			raw_write(pipe_fd[1], &child, sizeof(child));
			for (;;)
				pause();
		}
		for (;;)
			pause();
	}
	EXPECT_EQ(read(pipe_fd[0], &child, sizeof(child)), sizeof(child));
	kill(middle, SIGKILL);
	EXPECT_KILLED(middle, SIGKILL);
	EXPECT_EQ(waitpid(child, &status, 0), child);
	EXPECT_EQ(status, SIGUSR1);
}

/* ---- threads
 * ------------------------------------------------------------------------------------- */

static int exit_group_5(void *arg)
{
	raw(SYS_exit_group, 5);
	return 0;
}

static int doze_and_end(void *arg)
{
	doze(100);
	return 6;
}

static int wait_for_ever(void *arg)
{
	while (raw(SYS_pause))
		;
	return 0;
}

TEST("EXT-11", "exit_group of any thread ends all with its status")
{
	pid_t pid = test_fork();

	if (pid == 0) {
		for (int i = 0; i < 8; i++)
			clone_call(THREAD_FLAGS, map_private(4, RW) + 4 * PAGE, wait_for_ever, 0, 0,
				   0, 0);
		clone_call(THREAD_FLAGS, map_private(4, RW) + 4 * PAGE, exit_group_5, 0, 0, 0, 0);
		for (;;)
			pause();
	}
	EXPECT_EXIT(pid, 5);
}

TEST("EXT-11", "a leader that ends first stays until its threads are gone; the last status counts")
{
	int status;
	pid_t pid = test_fork();

	if (pid == 0) {
		clone_call(THREAD_FLAGS, map_private(4, RW) + 4 * PAGE, doze_and_end, 0, 0, 0, 0);
		raw(SYS_exit, 3);
	}
	EXPECT_EQ(waitpid(pid, &status, 0), pid);
	EXPECT_EQ(status, 6 << 8);
}

static int fork_and_store(void *arg)
{
	volatile long *pid = arg;

	*pid = raw(SYS_fork);
	if (*pid == 0)
		raw(SYS_exit_group, 11);
	return 0;
}

TEST("EXT-1", "a thread's child is waited for by the process, also when the thread is gone")
{
	volatile long pid = -1;
	volatile int tid = 1;
	int status;

	EXPECT_OK(clone_call(THREAD_FLAGS | CLONE_CHILD_CLEARTID, map_private(4, RW) + 4 * PAGE,
			     fork_and_store, (void *)&pid, 0, (int *)&tid, 0));
	while (tid)
		sched_yield();
	EXPECT(pid > 0);
	EXPECT_EQ(waitpid(pid, &status, 0), pid);
	EXPECT_EQ(status, 11 << 8);
}

TEST("CMM-1", "counters of a new process start at 0, and go to the parent by wait")
{
	struct rusage self, child;
	pid_t pid = test_fork();
	int status;

	if (pid == 0) {
		EXPECT_EQ(getrusage(RUSAGE_SELF, &self), 0);
		EXPECT(self.ru_minflt < 100 && self.ru_majflt == 0);
		char *p = map_private(200, RW);

		for (int i = 0; i < 200; i++)
			p[i * PAGE] = 1;
		_exit(0);
	}
	EXPECT_EQ(raw(SYS_wait4, pid, &status, 0, &child), pid);
	EXPECT_EQ(status, 0);
	EXPECT(child.ru_minflt >= 200 && child.ru_minflt < 500);
	EXPECT_EQ(getrusage(RUSAGE_CHILDREN, &self), 0);
	EXPECT(self.ru_minflt >= child.ru_minflt);
}
