// SPDX-License-Identifier: MIT
/*
 * tests/abi/locks.c - file locks (docs/contract/files.md, section 6).
 */
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/sys.h"
#include "lib/task.h"
#include "lib/test.h"

#define OFD_GETLK  36
#define OFD_SETLK  37
#define OFD_SETLKW 38

static long lock(int fd, int command, int type, long start, long len)
{
	struct flock fl = {.l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = len};

	return raw(SYS_fcntl, fd, command, &fl);
}

/* In a process of its own: can the range be locked so? */
static void expect_free(int fd, int type, long start, long len, bool free)
{
	pid_t pid = test_fork();

	if (!pid) {
		if (free)
			EXPECT_OK(lock(fd, F_SETLK, type, start, len));
		else
			EXPECT_ERR(lock(fd, F_SETLK, type, start, len), EAGAIN);
		_exit(0);
	}
	EXPECT_EXIT(pid, 0);
}

TEST("LOCK-1", "record locks between processes")
{
	struct flock fl = {.l_type = F_RDLCK, .l_whence = SEEK_SET};
	int fd = temp_file(100);
	pid_t parent = getpid(), pid;

	EXPECT_OK(lock(fd, F_SETLK, F_WRLCK, 10, 10));
	EXPECT_OK(lock(file_reopen(fd, O_RDWR), F_SETLK, F_WRLCK, 15, 1));
	expect_free(fd, F_RDLCK, 0, 10, true);
	expect_free(fd, F_RDLCK, 20, 0, true);
	expect_free(fd, F_RDLCK, 19, 1, false);
	expect_free(fd, F_WRLCK, 0, 0, false);
	EXPECT_OK(lock(fd, F_SETLK, F_RDLCK, 10, 10));
	expect_free(fd, F_RDLCK, 0, 0, true);
	expect_free(fd, F_WRLCK, 12, 1, false);
	pid = test_fork();
	if (!pid) {
		fl.l_type = F_WRLCK;
		EXPECT_OK(raw(SYS_fcntl, fd, F_GETLK, &fl));
		EXPECT_EQ(fl.l_type, F_RDLCK);
		EXPECT_EQ(fl.l_start, 10);
		EXPECT_EQ(fl.l_len, 10);
		EXPECT_EQ(fl.l_pid, parent);
		_exit(0);
	}
	EXPECT_EXIT(pid, 0);
	EXPECT_OK(raw(SYS_fcntl, fd, F_GETLK, &fl));
	EXPECT_EQ(fl.l_type, F_UNLCK);
	EXPECT_ERR(lock(file_reopen(fd, O_RDONLY), F_SETLK, F_WRLCK, 50, 1), EBADF);
	EXPECT_ERR(lock(fd, F_SETLK, 9, 0, 1), EINVAL);
	EXPECT_ERR(lock(fd, F_SETLK, F_RDLCK, -5, 1), EINVAL);
}

TEST("LOCK-2", "splitting, joining and closing")
{
	int fd = temp_file(100);

	EXPECT_OK(lock(fd, F_SETLK, F_WRLCK, 0, 30));
	EXPECT_OK(lock(fd, F_SETLK, F_UNLCK, 10, 10));
	expect_free(fd, F_WRLCK, 10, 10, true);
	expect_free(fd, F_WRLCK, 9, 1, false);
	expect_free(fd, F_WRLCK, 20, 1, false);
	EXPECT_OK(lock(fd, F_SETLK, F_RDLCK, 5, 20));
	expect_free(fd, F_RDLCK, 5, 20, true);
	expect_free(fd, F_RDLCK, 4, 1, false);
	expect_free(fd, F_RDLCK, 25, 1, false);
	EXPECT_OK(lock(fd, F_SETLK, F_WRLCK, 0, 0));
	expect_free(fd, F_RDLCK, 1L << 40, 1, false);
	EXPECT_OK(raw_close(file_reopen(fd, O_RDONLY)));
	expect_free(fd, F_WRLCK, 0, 0, true);
}

/* Both hold one byte and wait for the other's: the one that comes second is told. */
TEST("LOCK-3", "waiting, signals and circles")
{
	int fd = temp_file(100), ready[2], status;
	pid_t pid;
	char c;
	long n;

	EXPECT_OK(raw(SYS_pipe, ready));
	EXPECT_OK(lock(fd, F_SETLK, F_WRLCK, 1, 1));
	pid = test_fork();
	if (!pid) {
		EXPECT_OK(lock(fd, F_SETLK, F_WRLCK, 0, 1));
		EXPECT_EQ(raw_write(ready[1], "x", 1), 1);
		n = lock(fd, F_SETLKW, F_WRLCK, 1, 1);
		EXPECT(n == 0 || n == -EDEADLK);
		_exit(n == -EDEADLK);
	}
	EXPECT_EQ(raw_read(ready[0], &c, 1), 1);
	ring_alarms(true);
	do {
		n = lock(fd, F_SETLKW, F_WRLCK, 0, 1);
	} while (n == -EINTR);
	ring_alarms(false);
	EXPECT(n == 0 || n == -EDEADLK);
	EXPECT_OK(lock(fd, F_SETLK, F_UNLCK, 1, 1));
	EXPECT_EQ(waitpid(pid, &status, 0), pid);
	EXPECT_EQ(WEXITSTATUS(status) + (n == -EDEADLK), 1);
	EXPECT_OK(lock(fd, F_SETLKW, F_WRLCK, 0, 1));
}

TEST("LOCK-3", "a signal ends the wait")
{
	int fd = temp_file(100);
	pid_t pid;

	EXPECT_OK(lock(fd, F_SETLK, F_WRLCK, 0, 1));
	pid = test_fork();
	if (!pid) {
		ring_alarms(true);
		EXPECT_ERR(lock(fd, F_SETLKW, F_RDLCK, 0, 0), EINTR);
		_exit(0);
	}
	EXPECT_EXIT(pid, 0);
}

TEST("LOCK-4", "locks of open files")
{
	struct flock fl = {.l_type = F_WRLCK, .l_pid = 1};
	int fd = temp_file(100), other = file_reopen(fd, O_RDWR);

	EXPECT_OK(lock(fd, OFD_SETLK, F_WRLCK, 0, 10));
	EXPECT_ERR(lock(other, OFD_SETLK, F_WRLCK, 5, 1), EAGAIN);
	EXPECT_ERR(lock(other, F_SETLK, F_RDLCK, 5, 1), EAGAIN);
	EXPECT_ERR(raw(SYS_fcntl, fd, OFD_SETLK, &fl), EINVAL);
	fl.l_pid = 0;
	EXPECT_OK(raw(SYS_fcntl, other, OFD_GETLK, &fl));
	EXPECT_EQ(fl.l_type, F_WRLCK);
	EXPECT_EQ(fl.l_pid, -1);
	EXPECT_OK(raw_close(file_reopen(fd, O_RDONLY)));
	EXPECT_ERR(lock(other, OFD_SETLK, F_WRLCK, 5, 1), EAGAIN);
	EXPECT_OK(raw_close(fd));
	EXPECT_OK(lock(other, OFD_SETLK, F_WRLCK, 5, 1));
}

TEST("LOCK-5", "flock")
{
	int fd = temp_file(1), other = file_reopen(fd, O_RDONLY),
	    copy = EXPECT_OK(raw(SYS_dup, fd));
	pid_t pid;

	EXPECT_OK(raw(SYS_flock, fd, LOCK_EX));
	EXPECT_OK(raw(SYS_flock, copy, LOCK_EX | LOCK_NB));
	EXPECT_ERR(raw(SYS_flock, other, LOCK_SH | LOCK_NB), EAGAIN);
	EXPECT_OK(raw(SYS_flock, fd, LOCK_SH));
	EXPECT_OK(raw(SYS_flock, other, LOCK_SH | LOCK_NB));
	EXPECT_ERR(raw(SYS_flock, fd, LOCK_EX | LOCK_NB), EAGAIN);
	EXPECT_OK(raw(SYS_flock, other, LOCK_UN));
	EXPECT_OK(raw(SYS_flock, fd, LOCK_EX | LOCK_NB));
	EXPECT_OK(raw_close(fd));
	EXPECT_ERR(raw(SYS_flock, other, LOCK_SH | LOCK_NB), EAGAIN);
	pid = test_fork();
	if (!pid)
		_exit(raw(SYS_flock, copy, LOCK_UN));
	EXPECT_EXIT(pid, 0);
	EXPECT_OK(raw(SYS_flock, other, LOCK_EX | LOCK_NB));
	EXPECT_ERR(raw(SYS_flock, other, 0), EINVAL);
}
