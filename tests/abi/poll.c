// SPDX-License-Identifier: MIT
/*
 * tests/abi/poll.c - waiting for files: poll, ppoll, select, pselect6 on pipes.
 */
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/select.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
#include "lib/sys.h"
#include "lib/task.h"
#include "lib/test.h"

static int pipe_fd[2];

static void make_pipe(void)
{
	EXPECT_OK(raw(SYS_pipe, pipe_fd));
}

static long raw_poll(struct pollfd *fds, unsigned int n, int timeout)
{
	return raw(SYS_poll, fds, n, timeout);
}

static long long now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

TEST("POLL-1", "a pipe is readable when it has data and writable when it has room")
{
	struct pollfd fds[2];

	make_pipe();
	fds[0] = (struct pollfd){pipe_fd[0], POLLIN, -1};
	fds[1] = (struct pollfd){pipe_fd[1], POLLOUT, -1};
	EXPECT_EQ(raw_poll(fds, 2, 0), 1);
	EXPECT_EQ(fds[0].revents, 0);
	EXPECT_EQ(fds[1].revents, POLLOUT);
	EXPECT_EQ(raw_write(pipe_fd[1], "x", 1), 1);
	EXPECT_EQ(raw_poll(fds, 2, -1), 2);
	EXPECT_EQ(fds[0].revents, POLLIN);
}

TEST("POLL-2", "hangup and error are told though nobody asked")
{
	struct pollfd fd;

	make_pipe();
	EXPECT_OK(raw_close(pipe_fd[1]));
	fd = (struct pollfd){pipe_fd[0], 0, 0};
	EXPECT_EQ(raw_poll(&fd, 1, -1), 1);
	EXPECT_EQ(fd.revents, POLLHUP);
	make_pipe();
	EXPECT_OK(raw_close(pipe_fd[0]));
	fd = (struct pollfd){pipe_fd[1], POLLOUT, 0};
	EXPECT_EQ(raw_poll(&fd, 1, -1), 1);
	EXPECT_EQ(fd.revents, POLLOUT | POLLERR);
}

TEST("POLL-3", "negative descriptors are skipped and closed ones are POLLNVAL")
{
	struct pollfd fds[2] = {{-5, POLLIN, 7}, {999, POLLIN, 7}};

	EXPECT_EQ(raw_poll(fds, 2, 0), 1);
	EXPECT_EQ(fds[0].revents, 0);
	EXPECT_EQ(fds[1].revents, POLLNVAL);
}

TEST("POLL-4", "regular files are always ready")
{
	struct pollfd fd = {temp_file(0), POLLIN | POLLOUT | POLLPRI, 0};

	EXPECT_EQ(raw_poll(&fd, 1, -1), 1);
	EXPECT_EQ(fd.revents, POLLIN | POLLOUT);
}

TEST("POLL-5", "bad arguments")
{
	struct pollfd fd = {0, 0, 0};
	struct timespec bad = {0, 1000000000};

	set_limit(RLIMIT_NOFILE, 20);
	EXPECT_ERR(raw_poll(&fd, 21, 0), EINVAL);
	EXPECT_ERR(raw_poll((void *)8, 1, 0), EFAULT);
	EXPECT_EQ(raw_poll((void *)8, 0, 0), 0);
	EXPECT_ERR(raw(SYS_ppoll, &fd, 1, &bad, NULL, 8), EINVAL);
	EXPECT_ERR(raw(SYS_ppoll, &fd, 1, (void *)8, NULL, 8), EFAULT);
	EXPECT_ERR(raw(SYS_ppoll, &fd, 1, NULL, &bad, 7), EINVAL);
}

TEST("POLL-6", "the time-out is waited for and ppoll stores what is left")
{
	struct timespec ts = {0, 20000000};
	long long start = now_ns();

	EXPECT_EQ(raw_poll(NULL, 0, 20), 0);
	EXPECT(now_ns() - start >= 20000000);
	start = now_ns();
	EXPECT_EQ(raw(SYS_ppoll, NULL, 0, &ts, NULL, 8), 0);
	EXPECT(now_ns() - start >= 20000000);
	EXPECT_EQ(ts.tv_sec, 0);
	EXPECT_EQ(ts.tv_nsec, 0);
}

TEST("POLL-1", "a writer in another process wakes the sleeper")
{
	struct pollfd fds[2];
	pid_t child;

	make_pipe();
	fds[0] = (struct pollfd){pipe_fd[0], POLLIN, 0};
	fds[1] = (struct pollfd){-1, 0, 0};
	child = test_fork();
	if (!child) {
		await_state(getppid(), "S");
		_exit(raw_write(pipe_fd[1], "x", 1) != 1);
	}
	EXPECT_EQ(raw_poll(fds, 2, -1), 1);
	EXPECT_EQ(fds[0].revents, POLLIN);
	EXPECT_EXIT(child, 0);
}

static void alarm_in_ms(int ms, int flags)
{
	struct itimerval it = {{0, 0}, {0, ms * 1000}};
	struct sigaction sa;

	memset(&sa, 0, sizeof(sa));
	sa.sa_handler = count_signal;
	sa.sa_flags = flags;
	sigaction(SIGALRM, &sa, NULL);
	setitimer(ITIMER_REAL, &it, NULL);
}

TEST("POLL-7", "a handler ends poll and select with EINTR, with SA_RESTART too")
{
	struct timeval tv = {10, 0};

	alarm_in_ms(10, SA_RESTART);
	EXPECT_ERR(raw_poll(NULL, 0, -1), EINTR);
	EXPECT_EQ(signals_counted, 1);
	alarm_in_ms(10, SA_RESTART);
	EXPECT_ERR(raw(SYS_select, 0, NULL, NULL, NULL, &tv), EINTR);
	EXPECT_EQ(signals_counted, 2);
	EXPECT(tv.tv_sec == 9);
}

TEST("POLL-8", "poll goes on after a stop and keeps its end of time")
{
	long long start = now_ns();
	pid_t parent = getpid(), child = test_fork();

	if (!child) {
		await_state(parent, "S");
		kill(parent, SIGSTOP);
		await_state(parent, "T");
		kill(parent, SIGCONT);
		_exit(0);
	}
	EXPECT_EQ(raw_poll(NULL, 0, 100), 0);
	EXPECT(now_ns() - start >= 100000000);
	EXPECT_EXIT(child, 0);
}

TEST("POLL-9", "ppoll waits with its mask and restores the old one")
{
	struct timespec ts = {10, 0};
	sigset_t block, none, now;

	sigemptyset(&none);
	sigemptyset(&block);
	sigaddset(&block, SIGALRM);
	sigprocmask(SIG_BLOCK, &block, NULL);
	alarm_in_ms(1, 0);
	usleep(20000);
	EXPECT_EQ(signals_counted, 0);
	EXPECT_ERR(raw(SYS_ppoll, NULL, 0, &ts, &none, 8), EINTR);
	EXPECT_EQ(signals_counted, 1);
	sigprocmask(SIG_BLOCK, NULL, &now);
	EXPECT_EQ(sigismember(&now, SIGALRM), 1);
}

TEST("POLL-1", "many descriptors")
{
	static struct pollfd fds[200];

	make_pipe();
	for (int i = 0; i < 200; i++)
		fds[i] = (struct pollfd){pipe_fd[0], POLLIN, 0};
	EXPECT_EQ(raw_poll(fds, 200, 1), 0);
	EXPECT_EQ(raw_write(pipe_fd[1], "x", 1), 1);
	EXPECT_EQ(raw_poll(fds, 200, -1), 200);
	EXPECT_EQ(fds[199].revents, POLLIN);
}

TEST("SEL-1", "sets come back with what holds")
{
	fd_set in, out, ex;
	struct timeval tv = {0, 0};

	make_pipe();
	FD_ZERO(&in);
	FD_ZERO(&out);
	FD_ZERO(&ex);
	FD_SET(pipe_fd[0], &in);
	FD_SET(pipe_fd[1], &out);
	FD_SET(pipe_fd[0], &ex);
	EXPECT_EQ(raw(SYS_select, pipe_fd[1] + 1, &in, &out, &ex, &tv), 1);
	EXPECT(!FD_ISSET(pipe_fd[0], &in));
	EXPECT(FD_ISSET(pipe_fd[1], &out));
	EXPECT(!FD_ISSET(pipe_fd[0], &ex));
	FD_SET(pipe_fd[0], &in);
	EXPECT_EQ(raw_write(pipe_fd[1], "x", 1), 1);
	EXPECT_EQ(raw(SYS_select, pipe_fd[1] + 1, &in, &out, NULL, NULL), 2);
	EXPECT(FD_ISSET(pipe_fd[0], &in));
}

TEST("SEL-2", "bad arguments")
{
	fd_set in;
	struct timeval bad = {-1, 0}, vast = {LONG_MAX, 4000000};

	FD_ZERO(&in);
	FD_SET(40, &in);
	EXPECT_ERR(raw(SYS_select, 41, &in, NULL, NULL, NULL), EBADF);
	EXPECT_ERR(raw(SYS_select, -1, &in, NULL, NULL, NULL), EINVAL);
	EXPECT_ERR(raw(SYS_select, 1, (void *)8, NULL, NULL, NULL), EFAULT);
	EXPECT_ERR(raw(SYS_select, 0, NULL, NULL, NULL, &bad), EINVAL);
	EXPECT_ERR(raw(SYS_select, 0, NULL, NULL, NULL, &vast), EINVAL); /* the sum wraps */
	EXPECT_ERR(raw(SYS_pselect6, 0, NULL, NULL, NULL, NULL, 8), EFAULT);
}

TEST("SEL-3", "the time-out is waited for and comes back as zero")
{
	struct timeval tv = {0, 20000};
	long long start = now_ns();

	EXPECT_EQ(raw(SYS_select, 0, NULL, NULL, NULL, &tv), 0);
	EXPECT(now_ns() - start >= 20000000);
	EXPECT_EQ(tv.tv_sec, 0);
	EXPECT_EQ(tv.tv_usec, 0);
}
