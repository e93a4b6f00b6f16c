// SPDX-License-Identifier: MIT
/*
 * tests/abi/rlimit.c - resource limits: reading and setting them, and those of descriptors,
 * processes, file sizes and processor time (docs/contract/calls.md, RLIM). Limits of memory stand
 * in limits.c and stack.c, that of signals in signal.c.
 */
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "lib/sys.h"
#include "lib/task.h"
#include "lib/test.h"

#define BAD	   ((void *)8)
#define NOBODY_PID 4194303
#define RESOURCES  16
#define RESOURCE   24 /* CAP_SYS_RESOURCE */

struct limit {
	unsigned long soft, hard;
};

static struct limit get(int resource)
{
	struct limit limit;

	EXPECT_EQ(raw(SYS_getrlimit, resource, &limit), 0);
	return limit;
}

static long set(int resource, unsigned long soft, unsigned long hard)
{
	struct limit limit = {soft, hard};

	return raw(SYS_setrlimit, resource, &limit);
}

TEST("RLIM-1", "each resource has a soft and a hard limit; another is EINVAL")
{
	struct limit limit;

	for (int i = 0; i < RESOURCES; i++) {
		limit = get(i);
		EXPECT(limit.soft <= limit.hard);
		EXPECT_EQ(raw(SYS_setrlimit, i, &limit), 0);
		EXPECT_ERR(raw(SYS_getrlimit, i, BAD), EFAULT);
		EXPECT_ERR(raw(SYS_setrlimit, i, BAD), EFAULT);
	}
	EXPECT_ERR(raw(SYS_getrlimit, RESOURCES, &limit), EINVAL);
	EXPECT_ERR(raw(SYS_getrlimit, -1, BAD), EINVAL);
	EXPECT_ERR(raw(SYS_setrlimit, RESOURCES, &limit), EINVAL);
	EXPECT_ERR(raw(SYS_setrlimit, RESOURCES, BAD), EFAULT);
}

TEST("RLIM-1", "soft above hard is EINVAL; only CAP_SYS_RESOURCE raises a hard limit")
{
	for (int i = 0; i < RESOURCES; i++) {
		struct limit old = get(i);

		EXPECT_ERR(set(i, 11, 10), EINVAL);
		EXPECT_EQ(get(i).hard, old.hard);
	}
	EXPECT_EQ(set(RLIMIT_CORE, 5, 10), 0);
	EXPECT_EQ(set(RLIMIT_CORE, 10, 20), 0);
	drop_capability(RESOURCE);
	EXPECT_EQ(set(RLIMIT_CORE, 20, 20), 0);
	EXPECT_ERR(set(RLIMIT_CORE, 20, 21), EPERM);
	EXPECT_EQ(set(RLIMIT_CORE, 3, 7), 0);
	EXPECT_ERR(set(RLIMIT_CORE, 3, 20), EPERM);
	EXPECT_EQ(get(RLIMIT_CORE).hard, 7);
	EXPECT_EQ(get(RLIMIT_CORE).soft, 3);
}

TEST("RLIM-1", "nobody may have more descriptors than fs.nr_open")
{
	long most = read_number("/proc/sys/fs/nr_open");

	EXPECT_EQ(set(RLIMIT_NOFILE, 100, most), 0);
	EXPECT_ERR(set(RLIMIT_NOFILE, 100, most + 1), EPERM);
	EXPECT_ERR(set(RLIMIT_NOFILE, 100, -1), EPERM);
}

TEST("RLIM-1", "a child inherits the limits, threads share them")
{
	pid_t pid;

	EXPECT_EQ(set(RLIMIT_CORE, 5, 10), 0);
	pid = test_fork();
	if (pid == 0) {
		EXPECT_EQ(get(RLIMIT_CORE).soft, 5);
		EXPECT_EQ(set(RLIMIT_CORE, 1, 1), 0);
		_exit(0);
	}
	EXPECT_EXIT(pid, 0);
	EXPECT_EQ(get(RLIMIT_CORE).hard, 10);
}

static int set_core(void *argument)
{
	return set(RLIMIT_CORE, 2, 3) ? 1 : 0;
}

TEST("RLIM-1", "a thread sets the limits of its process")
{
	long tid = clone_task(THREAD_FLAGS, NULL, set_core, NULL);

	EXPECT(tid > 0);
	await_gone(tid);
	EXPECT_EQ(get(RLIMIT_CORE).soft, 2);
}

/* ---- prlimit64 ------------------------------------------------------------------------------- */

static void keep_waiting(void)
{
	for (;;)
		raw(SYS_pause);
}

TEST("RLIM-2", "prlimit64 reads and sets at once, of another process too")
{
	struct limit new = {4, 8}, old = {0, 0};
	pid_t pid;

	EXPECT_EQ(set(RLIMIT_CORE, 1, 2), 0);
	EXPECT_EQ(raw(SYS_prlimit64, 0, RLIMIT_CORE, &new, &old), 0);
	EXPECT(old.soft == 1 && old.hard == 2);
	EXPECT_EQ(raw(SYS_prlimit64, getpid(), RLIMIT_CORE, NULL, &old), 0);
	EXPECT(old.soft == 4 && old.hard == 8);
	EXPECT_EQ(raw(SYS_prlimit64, 0, RLIMIT_CORE, NULL, NULL), 0);
	pid = test_fork();
	if (pid == 0)
		keep_waiting();
	new = (struct limit){1, 1};
	EXPECT_EQ(raw(SYS_prlimit64, pid, RLIMIT_CORE, &new, &old), 0);
	EXPECT_EQ(old.soft, 4);
	EXPECT_EQ(raw(SYS_prlimit64, pid, RLIMIT_CORE, NULL, &old), 0);
	EXPECT_EQ(old.soft, 1);
	EXPECT_EQ(get(RLIMIT_CORE).soft, 4);
	EXPECT_OK(raw_kill(pid, SIGKILL));
	EXPECT_KILLED(pid, SIGKILL);
}

TEST("RLIM-2", "prlimit64: EFAULT, ESRCH, EPERM, EINVAL in this order")
{
	struct limit new = {1, 2}, old;
	pid_t pid = test_fork();

	if (pid == 0)
		keep_waiting();
	EXPECT_ERR(raw(SYS_prlimit64, NOBODY_PID, RESOURCES, BAD, NULL), EFAULT);
	EXPECT_ERR(raw(SYS_prlimit64, NOBODY_PID, RESOURCES, &new, NULL), ESRCH);
	EXPECT_ERR(raw(SYS_prlimit64, -1, RLIMIT_CORE, &new, NULL), ESRCH);
	EXPECT_ERR(raw(SYS_prlimit64, 0, RESOURCES, &new, NULL), EINVAL);
	EXPECT_EQ(raw(SYS_prlimit64, 0, RLIMIT_CORE, &new, NULL), 0);
	new.hard = 1;
	EXPECT_ERR(raw(SYS_prlimit64, 0, RLIMIT_CORE, &new, BAD), EFAULT); /* and it is set */
	EXPECT_EQ(get(RLIMIT_CORE).hard, 1);
	drop_privileges();
	EXPECT_ERR(raw(SYS_prlimit64, pid, RESOURCES, &new, NULL), EPERM);
	EXPECT_ERR(raw(SYS_prlimit64, pid, RLIMIT_CORE, NULL, &old), EPERM);
	EXPECT_EQ(raw(SYS_prlimit64, getpid(), RLIMIT_CORE, NULL, &old), 0);
}

/* ---- what is limited ------------------------------------------------------------------------- */

TEST("RLIM-3", "RLIMIT_NOFILE ends new descriptors with EMFILE; those above it stay")
{
	int fd[2], high = raw(SYS_fcntl, 0, F_DUPFD, 50);

	EXPECT_EQ(high, 50);
	EXPECT_EQ(set(RLIMIT_NOFILE, 20, 100), 0);
	while (raw(SYS_dup, 0) >= 0)
		;
	EXPECT_ERR(raw(SYS_dup, 0), EMFILE);
	EXPECT_ERR(raw_open("/", O_RDONLY, 0), EMFILE);
	EXPECT_ERR(raw(SYS_pipe, fd), EMFILE);
	EXPECT_EQ(raw(SYS_close, 10), 0);
	EXPECT_ERR(raw(SYS_pipe, fd), EMFILE); /* one is not enough, and none is lost */
	EXPECT_EQ(raw(SYS_dup, 0), 10);
	EXPECT_ERR(raw(SYS_dup2, 0, 20), EBADF);
	EXPECT_EQ(raw(SYS_fcntl, high, F_GETFD), 0);
	EXPECT_EQ(set(RLIMIT_NOFILE, 100, 100), 0);
	EXPECT_EQ(raw(SYS_dup, 0), 20);
}

TEST("RLIM-4", "RLIMIT_NPROC ends fork of a user with EAGAIN, not of root")
{
	pid_t pid;

	EXPECT_EQ(set(RLIMIT_NPROC, 1, 1), 0);
	pid = test_fork();
	if (pid == 0)
		_exit(0);
	EXPECT_EXIT(pid, 0);
	/* A user whom nobody else is, so that other processes do not count. */
	EXPECT_EQ(raw(SYS_setresuid, 54321, 54321, 54321), 0);
	EXPECT_ERR(raw_fork(), EAGAIN);
	EXPECT_ERR(clone_task(THREAD_FLAGS, NULL, set_core, NULL), EAGAIN);
	EXPECT_ERR(raw_fork(), EAGAIN);
}

TEST("RLIM-5", "RLIMIT_FSIZE: a write is cut there, one that starts there is EFBIG with SIGXFSZ")
{
	static const char bytes[64];
	int fd = temp_file(0);

	EXPECT(signal(SIGXFSZ, count_signal) != SIG_ERR);
	EXPECT_EQ(set(RLIMIT_FSIZE, 100, 200), 0);
	EXPECT_EQ(raw_write(fd, bytes, 64), 64);
	EXPECT_EQ(raw_write(fd, bytes, 64), 36);
	EXPECT_EQ(signals_counted, 0);
	EXPECT_ERR(raw_write(fd, bytes, 64), EFBIG);
	EXPECT_EQ(signals_counted, 1);
	EXPECT_ERR(raw_pwrite(fd, bytes, 1, 5000), EFBIG);
	EXPECT_EQ(signals_counted, 2);
	EXPECT_ERR(raw_ftruncate(fd, 101), EFBIG);
	EXPECT_EQ(signals_counted, 3);
	EXPECT_EQ(raw_ftruncate(fd, 100), 0);
	EXPECT_ERR(raw(SYS_fallocate, fd, 0, 0, 101), EFBIG);
	EXPECT_EQ(signals_counted, 4);
	EXPECT_EQ(raw_pwrite(fd, bytes, 10, 90), 10);
	EXPECT_EQ(set(RLIMIT_FSIZE, 200, 200), 0);
	EXPECT_EQ(raw_pwrite(fd, bytes, 64, 100), 64);
}

TEST("RLIM-5", "SIGXFSZ kills by default; pipes have no such limit")
{
	int fd = temp_file(0);
	struct gate gate = gate_new();
	pid_t pid = test_fork();

	if (pid == 0) {
		EXPECT_EQ(set(RLIMIT_FSIZE, 0, 0), 0);
		gate_open(&gate);
		raw_write(fd, "x", 1);
		FAIL("alive");
	}
	EXPECT_KILLED(pid, SIGXFSZ);
}

static void burn(void)
{
	for (;;)
		;
}

static void leave(int signal)
{
	_exit(signal);
}

TEST("RLIM-6", "RLIMIT_CPU: SIGXCPU at the soft limit in seconds, SIGKILL at the hard one")
{
	pid_t pid = test_fork();

	if (pid == 0) {
		EXPECT(signal(SIGXCPU, leave) != SIG_ERR);
		EXPECT_EQ(set(RLIMIT_CPU, 1, 3), 0);
		burn();
	}
	EXPECT_EXIT(pid, SIGXCPU);
	pid = test_fork();
	if (pid == 0) {
		EXPECT_EQ(set(RLIMIT_CPU, 1, 1), 0);
		burn();
	}
	EXPECT_KILLED(pid, SIGKILL);
}
