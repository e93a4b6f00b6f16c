// SPDX-License-Identifier: MIT
/*
 * tests/abi/session.c - process groups, sessions, and their terminal
 * (docs/contract/calls.md, SESS).
 */
#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "lib/sys.h"
#include "lib/task.h"
#include "lib/test.h"

#define NOBODY_PID 4194303
#define BAD	   ((void *)8)

static struct gate go, ready;

/* A child that does nothing until it is ended. */
static pid_t idle_child(void)
{
	pid_t pid = test_fork();

	if (pid == 0)
		for (;;)
			raw(SYS_pause);
	return pid;
}

static void end_child(pid_t pid)
{
	EXPECT_OK(raw_kill(pid, SIGKILL));
	EXPECT_KILLED(pid, SIGKILL);
}

TEST("SESS-1", "setsid makes a session and a group with the number of the process")
{
	pid_t pid = test_fork();

	if (pid == 0) {
		pid_t self = getpid();

		EXPECT(raw(SYS_getsid, 0) != self);
		EXPECT_EQ(raw(SYS_setsid), self);
		EXPECT_EQ(raw(SYS_getsid, 0), self);
		EXPECT_EQ(raw(SYS_getpgid, 0), self);
		EXPECT_EQ(raw(SYS_getpgrp), self);
		EXPECT_ERR(raw(SYS_setsid), EPERM);
		pid = test_fork();
		if (pid == 0) {
			EXPECT_EQ(raw(SYS_getsid, 0), self);
			EXPECT_EQ(raw(SYS_getpgrp), self);
			_exit(0);
		}
		EXPECT_EXIT(pid, 0);
		_exit(0);
	}
	EXPECT_EXIT(pid, 0);
}

TEST("SESS-1", "the leader of a group cannot make a session, nor while others are in its group")
{
	pid_t pid = test_fork();

	if (pid == 0) {
		EXPECT_EQ(raw(SYS_setpgid, 0, 0), 0);
		EXPECT_ERR(raw(SYS_setsid), EPERM);
		pid = idle_child();
		EXPECT_EQ(raw(SYS_setpgid, 0, getppid() == 1 ? 0 : raw(SYS_getpgid, getppid())), 0);
		EXPECT_ERR(raw(SYS_setsid),
			   EPERM); /* the child is still in a group of our number */
		end_child(pid);
		EXPECT_EQ(raw(SYS_setsid), getpid());
		_exit(0);
	}
	EXPECT_EXIT(pid, 0);
}

TEST("SESS-2", "getsid and getpgid tell of any process; ESRCH for nobody")
{
	pid_t pid;

	pid = idle_child();
	EXPECT_EQ(raw(SYS_getsid, pid), raw(SYS_getsid, 0));
	EXPECT_EQ(raw(SYS_getpgid, pid), raw(SYS_getpgrp));
	EXPECT_EQ(raw(SYS_getsid, getpid()), raw(SYS_getsid, 0));
	EXPECT_ERR(raw(SYS_getsid, NOBODY_PID), ESRCH);
	EXPECT_ERR(raw(SYS_getpgid, NOBODY_PID), ESRCH);
	EXPECT_ERR(raw(SYS_getsid, -1), ESRCH);
	EXPECT_ERR(raw(SYS_getpgid, -1), ESRCH);
	end_child(pid);
	EXPECT_ERR(raw(SYS_getpgid, pid), ESRCH);
}

TEST("SESS-3", "setpgid makes a group, joins one of the session, and takes a child along")
{
	pid_t first, second;

	first = idle_child();
	second = idle_child();
	EXPECT_EQ(raw(SYS_setpgid, first, 0), 0);
	EXPECT_EQ(raw(SYS_getpgid, first), first);
	EXPECT_EQ(raw(SYS_setpgid, second, first), 0);
	EXPECT_EQ(raw(SYS_getpgid, second), first);
	EXPECT_EQ(raw(SYS_setpgid, 0, first), 0);
	EXPECT_EQ(raw(SYS_getpgrp), first);
	end_child(first);
	EXPECT_EQ(raw(SYS_setpgid, 0, 0), 0);
	EXPECT_EQ(raw(SYS_getpgrp), getpid());
	EXPECT_EQ(raw(SYS_setpgid, 0, first), 0); /* it lives while it has members */
	EXPECT_EQ(raw(SYS_setpgid, 0, 0), 0);
	end_child(second);
	EXPECT_ERR(raw(SYS_setpgid, 0, first), EPERM);
}

TEST("SESS-3",
     "setpgid: EINVAL below 0, ESRCH for who is no child, EPERM for no group of the session")
{
	pid_t pid, grandchild;
	int *share = (int *)map_shared(1, RW);

	go = gate_new();
	ready = gate_new();
	EXPECT_ERR(raw(SYS_setpgid, 0, -1), EINVAL);
	EXPECT_ERR(raw(SYS_setpgid, NOBODY_PID, -1), EINVAL);
	EXPECT_ERR(raw(SYS_setpgid, NOBODY_PID, 0), ESRCH);
	EXPECT_ERR(raw(SYS_setpgid, -1, 5), ESRCH);
	EXPECT_ERR(raw(SYS_setpgid, getppid(), 0), ESRCH);
	pid = test_fork();
	if (pid == 0) {
		grandchild = idle_child();
		*share = grandchild;
		gate_open(&ready);
		gate_pass(&go);
		end_child(grandchild);
		_exit(0);
	}
	gate_pass(&ready);
	EXPECT_ERR(raw(SYS_setpgid, *share, 0), ESRCH);
	EXPECT_ERR(raw(SYS_setpgid, pid, *share), EPERM);
	EXPECT_ERR(raw(SYS_setpgid, pid, NOBODY_PID), EPERM);
	gate_open(&go);
	EXPECT_EXIT(pid, 0);
}

int test_child(int argc, char **argv)
{
	if (raw_write(argv[0][0] - '0', "x", 1) != 1)
		_exit(1);
	for (;;)
		raw(SYS_pause);
}

TEST("SESS-3", "a child that has executed another program is EACCES, in another session EPERM")
{
	pid_t pid;

	ready = gate_new();
	pid = test_fork();
	if (pid == 0) {
		char word[2] = {'0' + ready.in, 0};
		const char *words[] = {word, NULL};

		EXPECT(ready.in < 10);
		EXPECT_EQ(raw(SYS_fcntl, ready.in, F_SETFD, 0), 0);
		test_exec(words);
	}
	gate_pass(&ready);
	EXPECT_ERR(raw(SYS_setpgid, pid, 0), EACCES);
	end_child(pid);
	pid = test_fork();
	if (pid == 0) {
		EXPECT_EQ(raw(SYS_setsid), getpid());
		EXPECT_ERR(raw(SYS_setpgid, 0, 0), EPERM);
		EXPECT_ERR(raw(SYS_setpgid, getpid(), getpid()), EPERM);
		gate_open(&ready);
		for (;;)
			raw(SYS_pause);
	}
	gate_pass(&ready);
	EXPECT_ERR(raw(SYS_setpgid, pid, 0), EPERM);
	EXPECT_ERR(raw(SYS_setpgid, 0, pid), EPERM); /* a group of another session */
	end_child(pid);
}

static int *in_thread;

static int thread_setpgid(void *argument)
{
	in_thread[0] = raw_gettid();
	in_thread[1] = raw(SYS_setpgid, raw_gettid(), 0);
	in_thread[2] = raw(SYS_setpgid, 0, 0);
	in_thread[3] = 1;
	return 0;
}

TEST("SESS-3", "threads share the group; their tids are no processes")
{
	long tid;

	in_thread = (int *)map_shared(1, RW);
	tid = clone_task(THREAD_FLAGS, NULL, thread_setpgid, NULL);
	EXPECT(tid > 0);
	await_gone(tid);
	EXPECT_EQ(in_thread[1], -EINVAL);
	EXPECT_EQ(in_thread[2], 0);
	EXPECT_EQ(raw(SYS_getpgrp), getpid());
	EXPECT_ERR(raw(SYS_getpgid, tid), ESRCH);
}

/* ---- the terminal ---------------------------------------------------------------------------- */

/*
 * A child in a session of its own, with the serial line as its terminal: taken from whoever has it,
 * and given up before its end, as the end of a leader would hang it up under the tests' feet.
 */
static int open_terminal(void)
{
	int fd = open("/dev/ttyS0", O_RDWR | O_NOCTTY | O_NONBLOCK);

	if (fd < 0)
		SKIP("no serial line");
	EXPECT_ERR(raw(SYS_ioctl, fd, TIOCSCTTY, 0), EPERM); /* no leader */
	EXPECT_EQ(raw(SYS_setsid), getpid());
	EXPECT_ERR(raw(SYS_ioctl, fd, TIOCNOTTY, 0), ENOTTY);
	EXPECT_ERR(raw_open("/dev/tty", O_RDWR, 0), ENXIO);
	EXPECT_EQ(raw(SYS_ioctl, fd, TIOCSCTTY, 1), 0);
	return fd;
}

static void leave_terminal(int fd)
{
	EXPECT(signal(SIGHUP, SIG_IGN) != SIG_ERR);
	EXPECT_EQ(raw(SYS_ioctl, fd, TIOCNOTTY, 0), 0);
	_exit(0);
}

TEST("SESS-4", "a session leader takes a terminal, and gives it up with SIGHUP and SIGCONT")
{
	pid_t pid = test_fork();

	if (pid == 0) {
		int fd = open_terminal(), pgrp = 0, sid = 0, tty;
		unsigned long set = 1UL << (SIGHUP - 1) | 1UL << (SIGCONT - 1), pending = 0;

		EXPECT_EQ(raw(SYS_ioctl, fd, TIOCSCTTY, 0), 0); /* again */
		EXPECT_EQ(raw(SYS_ioctl, fd, TIOCGPGRP, &pgrp), 0);
		EXPECT_EQ(pgrp, getpid());
		EXPECT_EQ(raw(SYS_ioctl, fd, TIOCGSID, &sid), 0);
		EXPECT_EQ(sid, getpid());
		EXPECT_ERR(raw(SYS_ioctl, fd, TIOCGPGRP, BAD), EFAULT);
		EXPECT_ERR(raw(SYS_ioctl, fd, TIOCGSID, BAD), EFAULT);
		tty = raw_open("/dev/tty", O_RDWR, 0);
		EXPECT_OK(tty);
		EXPECT_EQ(raw(SYS_ioctl, tty, TIOCGPGRP, &pgrp), 0);
		EXPECT_EQ(raw(SYS_rt_sigprocmask, SIG_BLOCK, &set, NULL, 8), 0);
		EXPECT_EQ(raw(SYS_ioctl, tty, TIOCNOTTY, 0), 0);
		EXPECT_EQ(raw(SYS_rt_sigpending, &pending, 8), 0);
		EXPECT_EQ(pending & set, set);
		EXPECT_ERR(raw(SYS_ioctl, fd, TIOCGPGRP, &pgrp), ENOTTY);
		EXPECT_ERR(raw(SYS_ioctl, fd, TIOCGSID, &sid), ENOTTY);
		EXPECT_ERR(raw_open("/dev/tty", O_RDWR, 0), ENXIO);
		_exit(0);
	}
	EXPECT_EXIT(pid, 0);
}

TEST("SESS-5", "the foreground group is one of the session")
{
	pid_t pid = test_fork();

	if (pid == 0) {
		int fd = open_terminal(), pgrp;
		pid_t child;

		child = idle_child();
		EXPECT_EQ(raw(SYS_setpgid, child, 0), 0);
		pgrp = child;
		EXPECT_EQ(raw(SYS_ioctl, fd, TIOCSPGRP, &pgrp), 0);
		pgrp = 0;
		EXPECT_EQ(raw(SYS_ioctl, fd, TIOCGPGRP, &pgrp), 0);
		EXPECT_EQ(pgrp, child);
		EXPECT(signal(SIGTTOU, SIG_IGN) != SIG_ERR);
		pgrp = NOBODY_PID;
		EXPECT_ERR(raw(SYS_ioctl, fd, TIOCSPGRP, &pgrp), ESRCH);
		pgrp = -1;
		EXPECT_ERR(raw(SYS_ioctl, fd, TIOCSPGRP, &pgrp), EINVAL);
		pgrp = raw(SYS_getpgid, getppid());
		EXPECT_ERR(raw(SYS_ioctl, fd, TIOCSPGRP, &pgrp), EPERM);
		EXPECT_ERR(raw(SYS_ioctl, fd, TIOCSPGRP, BAD), EFAULT);
		end_child(child);
		pgrp = getpid();
		EXPECT_EQ(raw(SYS_ioctl, fd, TIOCSPGRP, &pgrp), 0);
		leave_terminal(fd);
	}
	EXPECT_EXIT(pid, 0);
}

TEST("SESS-5", "who is in the background is stopped when it reads or takes the terminal")
{
	pid_t pid = test_fork();

	if (pid == 0) {
		int fd = open_terminal(), status;
		static const int signals[] = {SIGTTIN, SIGTTOU};

		for (int i = 0; i < 2; i++) {
			pid_t child = test_fork();

			if (child == 0) {
				int pgrp = getpid();
				char byte;

				EXPECT_EQ(raw(SYS_setpgid, 0, 0), 0);
				if (i)
					raw(SYS_ioctl, fd, TIOCSPGRP, &pgrp);
				else
					raw_read(fd, &byte, 1);
				FAIL("not stopped");
			}
			EXPECT_EQ(raw_wait4(child, &status, WUNTRACED), child);
			EXPECT(WIFSTOPPED(status) && WSTOPSIG(status) == signals[i]);
			EXPECT_OK(raw_kill(child, SIGKILL));
			EXPECT_KILLED(child, SIGKILL);
		}
		leave_terminal(fd);
	}
	EXPECT_EXIT(pid, 0);
}

TEST("SESS-5", "who ignores or blocks the signal reads EIO, and may take the terminal")
{
	pid_t pid = test_fork();

	if (pid == 0) {
		int fd = open_terminal();
		pid_t child = test_fork();

		EXPECT(signal(SIGTTOU, SIG_IGN) != SIG_ERR);
		if (child == 0) {
			int pgrp = getpid();
			char byte;

			EXPECT(signal(SIGTTIN, SIG_IGN) != SIG_ERR);
			EXPECT(signal(SIGTTOU, SIG_IGN) != SIG_ERR);
			EXPECT_EQ(raw(SYS_setpgid, 0, 0), 0);
			EXPECT_ERR(raw_read(fd, &byte, 1), EIO);
			EXPECT_EQ(raw(SYS_ioctl, fd, TIOCSPGRP, &pgrp), 0);
			EXPECT_ERR(raw_read(fd, &byte, 1), EAGAIN);
			pgrp = getppid();
			EXPECT_EQ(raw(SYS_ioctl, fd, TIOCSPGRP, &pgrp), 0);
			_exit(0);
		}
		EXPECT_EXIT(child, 0);
		leave_terminal(fd);
	}
	EXPECT_EXIT(pid, 0);
}

TEST("SESS-6", "vhangup needs CAP_SYS_TTY_CONFIG, and does nothing without a terminal")
{
	pid_t pid = test_fork();

	if (pid == 0) {
		EXPECT_EQ(raw(SYS_setsid), getpid());
		EXPECT_EQ(raw(SYS_vhangup), 0);
		drop_privileges();
		EXPECT_ERR(raw(SYS_vhangup), EPERM);
		_exit(0);
	}
	EXPECT_EXIT(pid, 0);
}
