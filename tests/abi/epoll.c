// SPDX-License-Identifier: MIT
/*
 * tests/abi/epoll.c - epoll, and the files that are made for waiting: eventfd, timerfd, signalfd.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>
#include "lib/sys.h"
#include "lib/task.h"
#include "lib/test.h"

static int make_epoll(void)
{
	return (int)EXPECT_OK(raw(SYS_epoll_create1, 0));
}

static int make_eventfd(unsigned int count, int flags)
{
	return (int)EXPECT_OK(raw(SYS_eventfd2, count, flags));
}

static long ctl(int ep, int op, int fd, unsigned int events)
{
	struct epoll_event ev = {.events = events,
				 .data.u64 = 0x123456789abcdef0ULL + (unsigned)fd};

	return raw(SYS_epoll_ctl, ep, op, fd, &ev);
}

/* The events of the first descriptor that is ready, 0 for none, or -errno. */
static long wait_one(int ep, int timeout)
{
	struct epoll_event ev[4] = {{0}};
	long n = raw(SYS_epoll_wait, ep, ev, 4, timeout);

	return n > 0 ? (long)ev[0].events : n;
}

static long add(int fd, uint64_t n)
{
	return raw_write(fd, &n, sizeof(n));
}

static long take(int fd)
{
	uint64_t n = 0;
	long ret = raw_read(fd, &n, sizeof(n));

	return ret == sizeof(n) ? (long)n : ret;
}

TEST("EPOLL-2",
     "the ends of a pipe: each write is an event of the reader, what makes no room is none")
{
	static char page[PAGE];
	int fds[2], in = make_epoll(), out = make_epoll();

	EXPECT_OK(raw(SYS_pipe2, fds, O_NONBLOCK));
	EXPECT_EQ(raw(SYS_fcntl, fds[1], F_SETPIPE_SZ, PAGE), PAGE);
	EXPECT_OK(ctl(in, EPOLL_CTL_ADD, fds[0], EPOLLIN | EPOLLET));
	EXPECT_OK(ctl(out, EPOLL_CTL_ADD, fds[1], EPOLLOUT | EPOLLET));
	EXPECT_EQ(wait_one(out, 0), EPOLLOUT);
	for (int i = 0; i < 2; i++) {
		EXPECT_EQ(raw_write(fds[1], page, PAGE / 2), PAGE / 2);
		EXPECT_EQ(wait_one(in, 0), EPOLLIN);
		EXPECT_EQ(wait_one(in, 0), 0);
		EXPECT_EQ(wait_one(out, 0), 0);
	}
	EXPECT_EQ(raw_read(fds[0], page, PAGE / 2), PAGE / 2);
	EXPECT_EQ(wait_one(in, 0), 0);
	EXPECT_EQ(wait_one(out, 0), 0);
	EXPECT_EQ(raw_read(fds[0], page, PAGE / 2), PAGE / 2);
	EXPECT_EQ(wait_one(in, 0), 0);
	EXPECT_EQ(wait_one(out, 0), EPOLLOUT);
	EXPECT_EQ(wait_one(out, 0), 0);
}

TEST("EPOLL-1", "level-triggered items stay ready as long as they have events")
{
	int ep = make_epoll(), fd = make_eventfd(0, EFD_NONBLOCK);
	struct epoll_event ev;

	EXPECT_OK(ctl(ep, EPOLL_CTL_ADD, fd, EPOLLIN));
	EXPECT_EQ(wait_one(ep, 0), 0);
	EXPECT_EQ(add(fd, 3), 8);
	EXPECT_EQ(raw(SYS_epoll_wait, ep, &ev, 1, -1), 1);
	EXPECT_EQ(ev.events, EPOLLIN);
	EXPECT_EQ(ev.data.u64, 0x123456789abcdef0ULL + (unsigned)fd);
	EXPECT_EQ(wait_one(ep, 0), EPOLLIN);
	EXPECT_EQ(take(fd), 3);
	EXPECT_EQ(wait_one(ep, 0), 0);
}

TEST("EPOLL-2", "edge-triggered items are told once for each event")
{
	int ep = make_epoll(), fd = make_eventfd(1, EFD_NONBLOCK);

	EXPECT_OK(ctl(ep, EPOLL_CTL_ADD, fd, EPOLLIN | EPOLLET));
	EXPECT_EQ(wait_one(ep, 0), EPOLLIN);
	EXPECT_EQ(wait_one(ep, 0), 0);
	EXPECT_EQ(add(fd, 1), 8);
	EXPECT_EQ(wait_one(ep, 0), EPOLLIN);
	EXPECT_EQ(wait_one(ep, 0), 0);
}

TEST("EPOLL-3", "oneshot items are told once until they are changed")
{
	int ep = make_epoll(), fd = make_eventfd(1, 0);

	EXPECT_OK(ctl(ep, EPOLL_CTL_ADD, fd, EPOLLIN | EPOLLONESHOT));
	EXPECT_EQ(wait_one(ep, 0), EPOLLIN);
	EXPECT_EQ(wait_one(ep, 0), 0);
	EXPECT_EQ(add(fd, 1), 8);
	EXPECT_EQ(wait_one(ep, 0), 0);
	EXPECT_OK(ctl(ep, EPOLL_CTL_MOD, fd, EPOLLIN | EPOLLONESHOT));
	EXPECT_EQ(wait_one(ep, 0), EPOLLIN);
}

TEST("EPOLL-4", "changing and removing items")
{
	int ep = make_epoll(), fd = make_eventfd(1, 0);

	EXPECT_ERR(ctl(ep, EPOLL_CTL_MOD, fd, EPOLLIN), ENOENT);
	EXPECT_ERR(ctl(ep, EPOLL_CTL_DEL, fd, 0), ENOENT);
	EXPECT_OK(ctl(ep, EPOLL_CTL_ADD, fd, 0));
	EXPECT_ERR(ctl(ep, EPOLL_CTL_ADD, fd, EPOLLIN), EEXIST);
	EXPECT_EQ(wait_one(ep, 0), 0);
	EXPECT_OK(ctl(ep, EPOLL_CTL_MOD, fd, EPOLLIN | EPOLLOUT));
	EXPECT_EQ(wait_one(ep, 0), EPOLLIN | EPOLLOUT);
	EXPECT_OK(ctl(ep, EPOLL_CTL_DEL, fd, 0));
	EXPECT_EQ(wait_one(ep, 0), 0);
}

TEST("EPOLL-5", "closing the last descriptor of a file removes its item")
{
	int ep = make_epoll(), fd = make_eventfd(1, 0);
	int copy = (int)EXPECT_OK(raw(SYS_dup, fd));

	EXPECT_OK(ctl(ep, EPOLL_CTL_ADD, fd, EPOLLIN));
	EXPECT_OK(raw_close(fd));
	EXPECT_EQ(wait_one(ep, 0), EPOLLIN);
	EXPECT_OK(raw_close(copy));
	EXPECT_EQ(wait_one(ep, 0), 0);
	EXPECT_OK(raw_close(ep));
}

TEST("EPOLL-6,EPOLL-10", "bad arguments")
{
	int ep = make_epoll(), fd = make_eventfd(1, 0), file = temp_file(0);
	struct epoll_event ev;

	EXPECT_ERR(raw(SYS_epoll_create, 0), EINVAL);
	EXPECT_ERR(raw(SYS_epoll_create1, 1), EINVAL);
	EXPECT_ERR(ctl(ep, EPOLL_CTL_ADD, 999, EPOLLIN), EBADF);
	EXPECT_ERR(ctl(999, EPOLL_CTL_ADD, fd, EPOLLIN), EBADF);
	EXPECT_ERR(ctl(fd, EPOLL_CTL_ADD, ep, EPOLLIN), EINVAL);
	EXPECT_ERR(ctl(ep, EPOLL_CTL_ADD, ep, EPOLLIN), EINVAL);
	EXPECT_ERR(ctl(ep, EPOLL_CTL_ADD, file, EPOLLIN), EPERM);
	EXPECT_ERR(ctl(ep, 77, fd, EPOLLIN), EINVAL);
	EXPECT_ERR(ctl(ep, EPOLL_CTL_MOD, fd, EPOLLIN | EPOLLEXCLUSIVE), EINVAL);
	EXPECT_ERR(ctl(ep, EPOLL_CTL_ADD, fd, EPOLLIN | EPOLLEXCLUSIVE | EPOLLONESHOT), EINVAL);
	EXPECT_ERR(raw(SYS_epoll_ctl, ep, EPOLL_CTL_ADD, fd, (void *)8), EFAULT);
	EXPECT_ERR(raw(SYS_epoll_wait, ep, &ev, 0, 0), EINVAL);
	EXPECT_ERR(raw(SYS_epoll_wait, ep, &ev, -1, 0), EINVAL);
	EXPECT_ERR(raw(SYS_epoll_wait, fd, &ev, 1, 0), EINVAL);
	EXPECT_ERR(raw(SYS_epoll_wait, 999, &ev, 1, 0), EBADF);
	EXPECT_OK(ctl(ep, EPOLL_CTL_ADD, fd, EPOLLIN));
	EXPECT_ERR(raw(SYS_epoll_wait, ep, (void *)8, 1, 0), EFAULT);
	EXPECT_EQ(wait_one(ep, 0), EPOLLIN);
}

TEST("EPOLL-7", "ready items take turns when there is room for one only")
{
	int ep = make_epoll(), fd[3];
	unsigned long long seen = 0;
	struct epoll_event ev;

	for (int i = 0; i < 3; i++) {
		fd[i] = make_eventfd(1, 0);
		EXPECT_OK(ctl(ep, EPOLL_CTL_ADD, fd[i], EPOLLIN));
	}
	for (int i = 0; i < 3; i++) {
		EXPECT_EQ(raw(SYS_epoll_wait, ep, &ev, 1, 0), 1);
		seen |= 1ULL << (ev.data.u64 - 0x123456789abcdef0ULL);
	}
	EXPECT_EQ(seen, 1ULL << fd[0] | 1ULL << fd[1] | 1ULL << fd[2]);
}

TEST("EPOLL-8", "an epoll file can be polled and watched")
{
	int inner = make_epoll(), outer = make_epoll(), fd = make_eventfd(0, 0);
	struct pollfd pfd = {inner, POLLIN, 0};

	EXPECT_OK(ctl(inner, EPOLL_CTL_ADD, fd, EPOLLIN));
	EXPECT_OK(ctl(outer, EPOLL_CTL_ADD, inner, EPOLLIN));
	EXPECT_EQ(wait_one(outer, 0), 0);
	EXPECT_EQ(raw(SYS_poll, &pfd, 1, 0), 0);
	EXPECT_EQ(add(fd, 1), 8);
	EXPECT_EQ(wait_one(outer, 0), EPOLLIN);
	EXPECT_EQ(raw(SYS_poll, &pfd, 1, 0), 1);
	EXPECT_EQ(take(fd), 1);
	EXPECT_EQ(wait_one(outer, 0), 0);
	EXPECT_ERR(ctl(inner, EPOLL_CTL_ADD, outer, EPOLLIN), ELOOP);
}

TEST("EPOLL-9", "chains of epoll files have an end")
{
	int ep[7];

	for (int i = 0; i < 7; i++)
		ep[i] = make_epoll();
	for (int i = 0; i < 4; i++)
		EXPECT_OK(ctl(ep[i], EPOLL_CTL_ADD, ep[i + 1], EPOLLIN));
	EXPECT_ERR(ctl(ep[5], EPOLL_CTL_ADD, ep[0], EPOLLIN), ELOOP);
	EXPECT_ERR(ctl(ep[4], EPOLL_CTL_ADD, ep[0], EPOLLIN), ELOOP);
}

TEST("EPOLL-1", "a writer in another process wakes the sleeper")
{
	int ep = make_epoll(), fd = make_eventfd(0, 0);
	pid_t child;

	EXPECT_OK(ctl(ep, EPOLL_CTL_ADD, fd, EPOLLIN | EPOLLET));
	child = test_fork();
	if (!child) {
		await_state(getppid(), "S");
		_exit(add(fd, 1) != 8);
	}
	EXPECT_EQ(wait_one(ep, -1), EPOLLIN);
	EXPECT_EXIT(child, 0);
}

TEST("EPOLL-10", "an exclusive event wakes at least one of several sleepers")
{
	int fd = make_eventfd(0, EFD_SEMAPHORE), done[2];
	pid_t child[3];
	char c;

	EXPECT_OK(raw(SYS_pipe, done));
	for (int i = 0; i < 3; i++) {
		child[i] = test_fork();
		if (!child[i]) {
			int ep = make_epoll();

			EXPECT_OK(ctl(ep, EPOLL_CTL_ADD, fd, EPOLLIN | EPOLLEXCLUSIVE));
			EXPECT_EQ(raw_write(done[1], "s", 1), 1);
			EXPECT_EQ(wait_one(ep, -1), EPOLLIN);
			EXPECT_EQ(take(fd), 1);
			_exit(0);
		}
	}
	for (int i = 0; i < 3; i++)
		EXPECT_EQ(raw_read(done[0], &c, 1), 1);
	for (int i = 0; i < 3; i++)
		EXPECT_EQ(add(fd, 1), 8);
	for (int i = 0; i < 3; i++)
		EXPECT_EXIT(child[i], 0);
}

TEST("EPOLL-11", "epoll_pwait has a mask, epoll_pwait2 nanoseconds")
{
	int ep = make_epoll();
	struct timespec ts = {0, 1000}, bad = {0, -1};
	struct epoll_event ev;
	sigset_t mask;

	sigemptyset(&mask);
	EXPECT_EQ(raw(SYS_epoll_pwait, ep, &ev, 1, 0, &mask, 8), 0);
	EXPECT_ERR(raw(SYS_epoll_pwait, ep, &ev, 1, 0, &mask, 4), EINVAL);
	EXPECT_EQ(raw(441, ep, &ev, 1, &ts, NULL, 8), 0);
	EXPECT_ERR(raw(441, ep, &ev, 1, &bad, NULL, 8), EINVAL);
}

TEST("EVFD-1", "counting, overflow, semaphores")
{
	int fd = make_eventfd(2, EFD_NONBLOCK), sem = make_eventfd(2, EFD_SEMAPHORE | EFD_NONBLOCK);
	struct pollfd pfd = {fd, POLLIN | POLLOUT, 0};

	EXPECT_EQ(add(fd, 5), 8);
	EXPECT_EQ(take(fd), 7);
	EXPECT_ERR(take(fd), EAGAIN);
	EXPECT_ERR(add(fd, ~0ULL), EINVAL);
	EXPECT_EQ(add(fd, ~0ULL - 1), 8);
	EXPECT_ERR(add(fd, 1), EAGAIN);
	EXPECT_EQ(raw(SYS_poll, &pfd, 1, 0), 1);
	EXPECT_EQ(pfd.revents, POLLIN);
	EXPECT_ERR(raw_read(fd, &pfd, 4), EINVAL);
	EXPECT_EQ(take(sem), 1);
	EXPECT_EQ(take(sem), 1);
	EXPECT_ERR(take(sem), EAGAIN);
	EXPECT_ERR(raw(SYS_eventfd2, 0, 2), EINVAL);
}

TEST("TMFD-1", "a single expiry, and an interval")
{
	int fd = (int)EXPECT_OK(raw(SYS_timerfd_create, CLOCK_MONOTONIC, TFD_NONBLOCK));
	struct itimerspec it = {{0, 0}, {0, 2000000}}, old;
	struct pollfd pfd = {fd, POLLIN, 0};

	EXPECT_ERR(take(fd), EAGAIN);
	EXPECT_OK(raw(SYS_timerfd_settime, fd, 0, &it, NULL));
	EXPECT_EQ(raw(SYS_poll, &pfd, 1, -1), 1);
	EXPECT_EQ(take(fd), 1);
	EXPECT_ERR(take(fd), EAGAIN);
	EXPECT_OK(raw(SYS_timerfd_gettime, fd, &old));
	EXPECT(!old.it_value.tv_sec && !old.it_value.tv_nsec);

	it.it_interval.tv_nsec = 1000000;
	EXPECT_OK(raw(SYS_timerfd_settime, fd, 0, &it, NULL));
	usleep(20000);
	EXPECT(take(fd) >= 15);
	EXPECT_EQ(raw(SYS_poll, &pfd, 1, -1), 1);
	EXPECT(take(fd) >= 1);
	memset(&it, 0, sizeof(it));
	EXPECT_OK(raw(SYS_timerfd_settime, fd, 0, &it, &old));
	EXPECT_EQ(old.it_interval.tv_nsec, 1000000);
	EXPECT(old.it_value.tv_nsec > 0 && old.it_value.tv_nsec <= 1000000);
	EXPECT_ERR(take(fd), EAGAIN);
}

TEST("TMFD-2", "absolute times and bad arguments")
{
	int fd = (int)EXPECT_OK(raw(SYS_timerfd_create, CLOCK_REALTIME, 0));
	int other = make_eventfd(0, 0);
	struct itimerspec it = {{0, 0}, {1, 0}}, bad = {{0, 0}, {0, 1000000000}};

	EXPECT_OK(raw(SYS_timerfd_settime, fd, TFD_TIMER_ABSTIME, &it, NULL));
	EXPECT_EQ(take(fd), 1);
	EXPECT_ERR(raw(SYS_timerfd_settime, fd, 0, &bad, NULL), EINVAL);
	EXPECT_ERR(raw(SYS_timerfd_settime, fd, 8, &it, NULL), EINVAL);
	EXPECT_ERR(raw(SYS_timerfd_settime, other, 0, &it, NULL), EINVAL);
	EXPECT_ERR(raw(SYS_timerfd_settime, 999, 0, &it, NULL), EBADF);
	EXPECT_ERR(raw(SYS_timerfd_create, CLOCK_PROCESS_CPUTIME_ID, 0), EINVAL);
	EXPECT_ERR(raw(SYS_timerfd_create, CLOCK_MONOTONIC, 1), EINVAL);
}

TEST("SGFD-1", "blocked signals are read")
{
	struct signalfd_siginfo info[3];
	union sigval value = {.sival_int = 77};
	struct pollfd pfd;
	sigset_t mask;
	int fd;

	sigemptyset(&mask);
	sigaddset(&mask, SIGUSR1);
	sigaddset(&mask, SIGRTMIN);
	sigprocmask(SIG_BLOCK, &mask, NULL);
	fd = (int)EXPECT_OK(raw(SYS_signalfd4, -1, &mask, 8, SFD_NONBLOCK));
	pfd = (struct pollfd){fd, POLLIN, 0};
	EXPECT_ERR(raw_read(fd, info, sizeof(info)), EAGAIN);
	EXPECT_EQ(raw(SYS_poll, &pfd, 1, 0), 0);
	kill(getpid(), SIGUSR1);
	sigqueue(getpid(), SIGRTMIN, value);
	EXPECT_EQ(raw(SYS_poll, &pfd, 1, 0), 1);
	EXPECT_EQ(raw_read(fd, info, sizeof(info)), 2 * sizeof(info[0]));
	EXPECT_EQ(info[0].ssi_signo, SIGUSR1);
	EXPECT_EQ(info[0].ssi_pid, getpid());
	EXPECT_EQ(info[1].ssi_signo, SIGRTMIN);
	EXPECT_EQ(info[1].ssi_int, 77);
	EXPECT_EQ(info[1].ssi_code, SI_QUEUE);
	EXPECT_ERR(raw_read(fd, info, 100), EINVAL);
	EXPECT_ERR(raw(SYS_signalfd4, -1, &mask, 4, 0), EINVAL);
	EXPECT_ERR(raw(SYS_signalfd4, -1, &mask, 8, 1), EINVAL);
	EXPECT_ERR(raw(SYS_signalfd4, 0, &mask, 8, 0), EINVAL);
}

TEST("SGFD-2", "epoll waits for a signal that another process sends")
{
	struct signalfd_siginfo info;
	pid_t parent = getpid(), child;
	int ep = make_epoll(), fd;
	sigset_t mask;

	sigemptyset(&mask);
	sigaddset(&mask, SIGUSR2);
	sigprocmask(SIG_BLOCK, &mask, NULL);
	fd = (int)EXPECT_OK(raw(SYS_signalfd4, -1, &mask, 8, 0));
	EXPECT_OK(ctl(ep, EPOLL_CTL_ADD, fd, EPOLLIN));
	child = test_fork();
	if (!child) {
		await_state(getppid(), "S");
		kill(parent, SIGUSR2);
		_exit(0);
	}
	EXPECT_EQ(wait_one(ep, -1), EPOLLIN);
	EXPECT_EQ(raw_read(fd, &info, sizeof(info)), sizeof(info));
	EXPECT_EQ(info.ssi_pid, child);
	EXPECT_EXIT(child, 0);
}
