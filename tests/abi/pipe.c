// SPDX-License-Identifier: MIT
/*
 * tests/abi/pipe.c - pipes and FIFOs (docs/contract/files.md, section 5).
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/sys.h"
#include "lib/task.h"
#include "lib/test.h"

#define SET_SIZE 1031
#define GET_SIZE 1032

static char data[1 << 17];

static int events(int fd)
{
	struct pollfd p = {fd, POLLIN | POLLOUT, 0};

	EXPECT_OK(raw(SYS_poll, &p, 1, 0));
	return p.revents;
}

TEST("PIPE-1", "what a read takes")
{
	char buf[16];
	int p[2], count;

	EXPECT_OK(raw(SYS_pipe2, p, O_NONBLOCK));
	EXPECT_ERR(raw_read(p[0], buf, 1), EAGAIN);
	EXPECT_EQ(raw_write(p[1], "abc", 3), 3);
	EXPECT_EQ(raw_write(p[1], "de", 2), 2);
	EXPECT_OK(raw(SYS_ioctl, p[0], FIONREAD, &count));
	EXPECT_EQ(count, 5);
	EXPECT_EQ(raw_read(p[0], buf, 4), 4);
	EXPECT_EQ(raw_read(p[0], buf + 4, 4), 1);
	EXPECT(!memcmp(buf, "abcde", 5));
	EXPECT_ERR(raw(SYS_lseek, p[0], 0, SEEK_SET), ESPIPE);
	EXPECT_ERR(raw_pread(p[0], buf, 1, 0), ESPIPE);
	EXPECT_ERR(raw_read(p[1], buf, 1), EBADF);
	EXPECT_ERR(raw_write(p[0], buf, 1), EBADF);
	EXPECT_OK(raw_close(p[1]));
	EXPECT_EQ(raw_read(p[0], buf, 1), 0);
	EXPECT_ERR(raw(SYS_pipe2, p, 0x40000000), EINVAL);
	EXPECT_ERR(raw(SYS_pipe2, 8, 0), EFAULT);
}

TEST("PIPE-1", "a reader waits for a writer in another process")
{
	char buf[4096];
	long total = 0, n;
	pid_t pid;
	int p[2];

	EXPECT_OK(raw(SYS_pipe, p));
	pid = test_fork();
	if (!pid) {
		raw_close(p[0]);
		for (int i = 1; i <= 500; i++)
			EXPECT_EQ(raw_write(p[1], data, i), i);
		_exit(0);
	}
	raw_close(p[1]);
	while ((n = EXPECT_OK(raw_read(p[0], buf, sizeof(buf)))) > 0)
		total += n;
	EXPECT_EQ(total, 500 * 501 / 2);
	EXPECT_EXIT(pid, 0);
}

TEST("PIPE-2", "writing without readers")
{
	pid_t pid;
	int p[2];

	EXPECT_OK(raw(SYS_pipe, p));
	raw_close(p[0]);
	pid = test_fork();
	if (!pid) {
		raw_write(p[1], "x", 1);
		_exit(0);
	}
	EXPECT_KILLED(pid, SIGPIPE);
	signal(SIGPIPE, SIG_IGN);
	EXPECT_ERR(raw_write(p[1], "x", 1), EPIPE);
}

TEST("PIPE-3", "writes up to PIPE_BUF are whole")
{
	int p[2];

	EXPECT_OK(raw(SYS_pipe2, p, O_NONBLOCK));
	EXPECT_EQ(raw(SYS_fcntl, p[1], SET_SIZE, 2 * PAGE), 2 * PAGE);
	EXPECT_EQ(raw_write(p[1], data, PAGE), PAGE);
	EXPECT_EQ(raw_write(p[1], data, 100), 100);
	EXPECT_ERR(raw_write(p[1], data, PAGE), EAGAIN);
	EXPECT_ERR(raw_write(p[1], data, PAGE - 99), EAGAIN);
	EXPECT_EQ(raw_write(p[1], data, PAGE - 100), PAGE - 100);
	EXPECT_EQ(raw_read(p[0], data, PAGE), PAGE);
	EXPECT_EQ(raw_write(p[1], data, 3 * PAGE), PAGE);
}

TEST("PIPE-4", "the size")
{
	int p[2];

	EXPECT_OK(raw(SYS_pipe2, p, O_NONBLOCK));
	EXPECT_EQ(raw(SYS_fcntl, p[0], GET_SIZE), 16 * PAGE);
	EXPECT_EQ(raw_write(p[1], data, sizeof(data)), 16 * PAGE);
	EXPECT_ERR(raw(SYS_fcntl, p[1], SET_SIZE, 8 * PAGE), EBUSY);
	EXPECT_EQ(raw(SYS_fcntl, p[1], SET_SIZE, 16 * PAGE + 1), 32 * PAGE);
	EXPECT_EQ(raw_write(p[1], data, sizeof(data)), 16 * PAGE);
	EXPECT_EQ(raw_read(p[0], data, sizeof(data)), 32 * PAGE);
	EXPECT_EQ(raw(SYS_fcntl, p[1], SET_SIZE, 1), PAGE);
	EXPECT_ERR(raw(SYS_fcntl, temp_file(0), GET_SIZE), EBADF);
	drop_privileges();
	EXPECT_ERR(raw(SYS_fcntl, p[1], SET_SIZE, 1 << 21), EPERM);
}

TEST("PIPE-5", "poll")
{
	char c;
	int p[2];

	EXPECT_OK(raw(SYS_pipe, p));
	EXPECT_EQ(events(p[0]), 0);
	EXPECT_EQ(events(p[1]), POLLOUT);
	EXPECT_EQ(raw_write(p[1], "x", 1), 1);
	EXPECT_EQ(events(p[0]), POLLIN);
	EXPECT_OK(raw_close(p[1]));
	EXPECT_EQ(events(p[0]), POLLIN | POLLHUP);
	EXPECT_EQ(raw_read(p[0], &c, 1), 1);
	EXPECT_EQ(events(p[0]), POLLHUP);
	EXPECT_OK(raw(SYS_pipe, p));
	EXPECT_OK(raw_close(p[0]));
	EXPECT_EQ(events(p[1]), POLLOUT | POLLERR);
}

TEST("PIPE-6", "signals while waiting")
{
	int p[2];

	EXPECT_OK(raw(SYS_pipe, p));
	ring_alarms(true);
	EXPECT_ERR(raw_read(p[0], data, 1), EINTR);
	EXPECT_EQ(raw_write(p[1], data, sizeof(data)), 16 * PAGE);
	EXPECT_ERR(raw_write(p[1], data, 1), EINTR);
	ring_alarms(false);
	EXPECT_EQ(raw_read(p[0], data, 10), 10);
}

TEST("PIPE-7", "a FIFO waits for its other side")
{
	char buf[8];
	pid_t pid;
	int fd;

	enter_tmpfs();
	EXPECT_OK(raw(SYS_mknod, "fifo", S_IFIFO | 0600, 0));
	EXPECT_ERR(raw_open("fifo", O_WRONLY | O_NONBLOCK, 0), ENXIO);
	pid = test_fork();
	if (!pid) {
		fd = EXPECT_OK(raw_open("fifo", O_RDONLY, 0));
		EXPECT_EQ(raw_read(fd, buf, 8), 5);
		EXPECT_EQ(raw_read(fd, buf, 8), 0);
		_exit(0);
	}
	fd = EXPECT_OK(raw_open("fifo", O_WRONLY, 0));
	EXPECT_EQ(raw_write(fd, "12345", 5), 5);
	EXPECT_OK(raw_close(fd));
	EXPECT_EXIT(pid, 0);
	fd = EXPECT_OK(raw_open("fifo", O_RDONLY | O_NONBLOCK, 0));
	EXPECT_EQ(raw_read(fd, buf, 8), 0);
	EXPECT_EQ(events(fd), 0);
	EXPECT_OK(raw_open("fifo", O_WRONLY | O_NONBLOCK, 0));
	EXPECT_ERR(raw_read(fd, buf, 8), EAGAIN);
	fd = EXPECT_OK(raw_open("fifo", O_RDWR, 0));
	EXPECT_EQ(raw_write(fd, "x", 1), 1);
	EXPECT_EQ(raw_read(fd, buf, 8), 1);
}
