// SPDX-License-Identifier: MIT
/*
 * tests/abi/pointer.c - what every call says of a pointer that leads nowhere
 * (docs/contract/calls.md, PTR).
 *
 * A row is a call with valid arguments, but for P: there stands in turn an address that is not
 * mapped, one of the kernel, one that is not canonical, and, where the call writes (OUT), a page
 * that cannot be written. Each must be EFAULT, and none may do harm. Calls of memory, exec and
 * futexes have such tests of their own.
 */
#include <asm/prctl.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "lib/sys.h"
#include "lib/task.h"
#include "lib/test.h"

#define P	 0x7e57a11bad
#define SIGSET	 8
#define CWD	 AT_FDCWD
#define S(text)	 ((long)(text))
#define A(thing) ((long)&(thing))

struct row {
	const char *name;
	long number;
	bool writes;
	long argument[6];
};

#define IN(call, ...)                                                                              \
	{                                                                                          \
#call " (" #__VA_ARGS__ ")", SYS_##call, false,                                    \
		{                                                                                  \
			__VA_ARGS__                                                                \
		}                                                                                  \
	}
#define OUT(call, ...)                                                                             \
	{                                                                                          \
#call " (" #__VA_ARGS__ ")", SYS_##call, true,                                     \
		{                                                                                  \
			__VA_ARGS__                                                                \
		}                                                                                  \
	}

static long call_row(const struct row *row, const void *pointer)
{
	long argument[6];

	for (int i = 0; i < 6; i++)
		argument[i] = row->argument[i] == P ? (long)pointer : row->argument[i];
	return raw6(row->number, argument[0], argument[1], argument[2], argument[3], argument[4],
		    argument[5]);
}

/* Tells every row that is wrong, then fails. */
static void check_rows(const struct row *rows, size_t n)
{
	const char *readonly = map_alone(4, PROT_READ);
	const struct {
		const char *name;
		const void *address;
	} bad[] = {
		{"unmapped", free_range(4) + PAGE + 64},       {"low", (void *)8},
		{"kernel", (void *)0xffff888000001000},	       {"last", (void *)-64L},
		{"not canonical", (void *)0x4141414141414140}, {"read-only", readonly},
	};
	int wrong = 0;

	for (size_t i = 0; i < n; i++) {
		for (int k = 0; k < (rows[i].writes ? 6 : 5); k++) {
			long got = call_row(&rows[i], bad[k].address);

			if (got == -EFAULT)
				continue;
			wrong++;
			dprintf(1, "# %s with a pointer that is %s gives %ld\n", rows[i].name,
				bad[k].name, got);
		}
	}
	EXPECT_EQ(wrong, 0);
}

#define CHECK(rows) check_rows(rows, sizeof(rows) / sizeof((rows)[0]))

static char room[4096];

TEST("PTR-1", "names of files")
{
	const struct row rows[] = {
		IN(open, P, O_RDONLY),
		IN(open, P, O_CREAT | O_RDWR, 0600),
		IN(creat, P, 0600),
		IN(stat, P, S(room)),
		IN(lstat, P, S(room)),
		IN(access, P, 0),
		IN(chdir, P),
		IN(chroot, P),
		IN(rename, P, S("b")),
		IN(rename, S("none"), P),
		IN(mkdir, P, 0700),
		IN(rmdir, P),
		IN(link, P, S("b")),
		IN(link, S("a"), P),
		IN(unlink, P),
		IN(symlink, P, S("b")),
		IN(symlink, S("a"), P),
		IN(readlink, P, S(room), 10),
		IN(chmod, P, 0),
		IN(chown, P, 0, 0),
		IN(lchown, P, 0, 0),
		IN(truncate, P, 0),
		IN(statfs, P, S(room)),
		IN(utime, P, 0),
		IN(utimes, P, 0),
		IN(mknod, P, 0600, 0),
		IN(umount2, P, 0),
		IN(mount, S("x"), P, S("tmpfs"), 0, 0),
		IN(mount, S("x"), S("/tmp"), P, 0, 0),
		IN(mount, P, S("/tmp"), S("tmpfs"), 0, 0),
		IN(memfd_create, P, 0),
		IN(execve, P, 0, 0),
	};

	enter_tmpfs();
	put_file("a", "text");
	CHECK(rows);
	EXPECT(exists("a") && !exists("b"));
}

TEST("PTR-1", "names of files from a directory")
{
	const struct row rows[] = {
		IN(openat, CWD, P, O_RDONLY),
		IN(mkdirat, CWD, P, 0700),
		IN(mknodat, CWD, P, 0600, 0),
		IN(fchownat, CWD, P, 0, 0, 0),
		IN(futimesat, CWD, P, 0),
		IN(newfstatat, CWD, P, S(room), 0),
		IN(unlinkat, CWD, P, 0),
		IN(renameat, CWD, P, CWD, S("b")),
		IN(renameat, CWD, S("none"), CWD, P),
		IN(renameat2, CWD, S("a"), CWD, P, 0),
		IN(linkat, CWD, P, CWD, S("b"), 0),
		IN(linkat, CWD, S("a"), CWD, P, 0),
		IN(symlinkat, P, CWD, S("b")),
		IN(symlinkat, S("a"), CWD, P),
		IN(readlinkat, CWD, P, S(room), 10),
		IN(fchmodat, CWD, P, 0),
		IN(faccessat, CWD, P, 0),
		IN(utimensat, CWD, P, 0, 0),
		IN(statx, CWD, P, 0, 0, S(room)),
		IN(execveat, CWD, P, 0, 0, 0),
		IN(getxattr, P, S("user.x"), 0, 0),
		IN(lgetxattr, P, S("user.x"), 0, 0),
		IN(setxattr, P, S("user.x"), S("x"), 1, 0),
		IN(lsetxattr, P, S("user.x"), S("x"), 1, 0),
		IN(listxattr, P, 0, 0),
		IN(llistxattr, P, 0, 0),
		IN(removexattr, P, S("user.x")),
		IN(lremovexattr, P, S("user.x")),
	};

	enter_tmpfs();
	put_file("a", "text");
	CHECK(rows);
	EXPECT(exists("a") && !exists("b"));
}

TEST("PTR-2", "what is told of files")
{
	int file, fd[2];

	enter_tmpfs();
	put_file("a", "text");
	EXPECT_EQ(raw(SYS_symlink, "target", "link"), 0);
	file = raw_open("a", O_RDWR, 0);
	EXPECT_EQ(raw(SYS_pipe2, fd, 0), 0);
	EXPECT_EQ(raw_write(fd[1], "x", 1), 1);
	const struct row rows[] = {
		OUT(stat, S("a"), P),
		OUT(lstat, S("a"), P),
		OUT(fstat, file, P),
		OUT(newfstatat, CWD, S("a"), P, 0),
		OUT(statx, CWD, S("a"), 0, 0, P),
		OUT(statfs, S("a"), P),
		OUT(fstatfs, file, P),
		OUT(readlink, S("link"), P, 10),
		OUT(readlinkat, CWD, S("link"), P, 10),
		OUT(getcwd, P, 100),
		OUT(pipe, P),
		OUT(pipe2, P, 0),
		IN(utime, S("a"), P),
		IN(utimes, S("a"), P),
		IN(futimesat, CWD, S("a"), P),
		IN(utimensat, CWD, S("a"), P, 0),
		OUT(fcntl, file, F_GETLK, P),
		IN(fcntl, file, F_SETLK, P),
		IN(fcntl, file, F_SETLKW, P),
		OUT(ioctl, fd[0], FIONREAD, P),
		IN(ioctl, file, FIONBIO, P),
	};

	CHECK(rows);
}

TEST("PTR-3", "what is read and written")
{
	int file, dir, fd[2];

	enter_tmpfs();
	put_file("a", "text");
	file = raw_open("a", O_RDWR, 0);
	dir = raw_open(".", O_RDONLY, 0);
	EXPECT_EQ(raw(SYS_pipe2, fd, O_NONBLOCK), 0);
	EXPECT_EQ(raw_write(fd[1], "xyz", 3), 3);
	const struct row rows[] = {
		OUT(read, file, P, 4),
		IN(write, file, P, 4),
		OUT(pread64, file, P, 4, 0),
		IN(pwrite64, file, P, 4, 0),
		OUT(read, fd[0], P, 3),
		IN(write, fd[1], P, 3),
		IN(readv, file, P, 1),
		IN(writev, file, P, 1),
		IN(preadv, file, P, 1, 0),
		IN(pwritev, file, P, 1, 0),
		IN(preadv2, file, P, 1, 0, 0, 0),
		IN(pwritev2, file, P, 1, 0, 0, 0),
		OUT(getdents64, dir, P, 1024),
		OUT(getdents, dir, P, 1024),
		IN(sendfile, fd[1], file, P, 1),
		IN(copy_file_range, file, P, file, 0, 1, 0),
	};

	CHECK(rows);
	EXPECT_EQ(raw(SYS_lseek, file, 0, SEEK_CUR), 0);
	EXPECT_EQ(raw_read(fd[0], room, 10), 3); /* what a failed read took is still there */
}

TEST("PTR-3", "sendfile stores the offset even where it moved nothing")
{
	int in = temp_file(PAGE), out = temp_file(0);
	loff_t *offset = (loff_t *)map_private(1, PROT_READ | PROT_WRITE);

	*offset = PAGE;
	EXPECT_EQ(raw(SYS_sendfile, out, in, offset, 1), 0);
	EXPECT_OK(raw(SYS_mprotect, offset, PAGE, PROT_READ));
	EXPECT_ERR(raw(SYS_sendfile, out, in, offset, 1), EFAULT);
}

TEST("PTR-3", "pieces of a vector that lead nowhere")
{
	int file = temp_file(PAGE);
	struct iovec bad[] = {{(void *)8, 4}};
	struct iovec second[] = {{room, 4}, {(void *)8, 4}};
	struct iovec far[] = {{room, 4}, {(void *)0xffff888000001000, 4}};

	EXPECT_ERR(raw(SYS_readv, file, bad, 1), EFAULT);
	EXPECT_ERR(raw(SYS_writev, file, bad, 1), EFAULT);
	EXPECT_EQ(raw(SYS_readv, file, second, 2), 4);
	EXPECT_EQ(raw(SYS_writev, file, second, 2), 4);
	EXPECT_ERR(raw(SYS_readv, file, far, 2), EFAULT); /* looked at before anything moves */
	EXPECT_ERR(raw(SYS_writev, file, far, 2), EFAULT);
	EXPECT_EQ(raw(SYS_lseek, file, 0, SEEK_CUR), 8);
}

TEST("PTR-4", "waiting for files")
{
	struct epoll_event event = {.events = EPOLLIN};
	int ep, fd[2], tfd, other;
	struct timespec none = {0, 0};
	long spec[4] = {0};

	EXPECT_EQ(raw(SYS_pipe2, fd, 0), 0);
	EXPECT_EQ(raw_write(fd[1], "x", 1), 1);
	ep = raw(SYS_epoll_create1, 0);
	EXPECT_EQ(raw(SYS_epoll_ctl, ep, EPOLL_CTL_ADD, fd[0], &event), 0);
	tfd = raw(SYS_timerfd_create, CLOCK_MONOTONIC, 0);
	other = raw(SYS_eventfd2, 0, 0);
	const struct row rows[] = {
		OUT(poll, P, 1, 0),
		IN(ppoll, 0, 0, P, 0, SIGSET),
		IN(ppoll, 0, 0, A(none), P, SIGSET),
		OUT(ppoll, P, 1, A(none), 0, SIGSET),
		OUT(select, 1, P, 0, 0, A(none)),
		OUT(select, 1, 0, P, 0, A(none)),
		OUT(select, 1, 0, 0, P, A(none)),
		IN(select, 0, 0, 0, 0, P),
		OUT(pselect6, 1, P, 0, 0, A(none), 0),
		IN(pselect6, 0, 0, 0, 0, P, 0),
		IN(pselect6, 0, 0, 0, 0, A(none), P),
		IN(epoll_ctl, ep, EPOLL_CTL_ADD, fd[1], P),
		IN(epoll_ctl, ep, EPOLL_CTL_MOD, fd[0], P),
		OUT(epoll_wait, ep, P, 1, 0),
		OUT(epoll_pwait, ep, P, 1, 0, 0, SIGSET),
		IN(epoll_pwait, ep, S(room), 1, 0, P, SIGSET),
		IN(epoll_pwait2, ep, S(room), 1, P, 0, SIGSET),
		IN(write, other, P, 8),
		IN(signalfd, -1, P, SIGSET),
		IN(signalfd4, -1, P, SIGSET, 0),
		IN(timerfd_settime, tfd, 0, P, 0),
		OUT(timerfd_settime, tfd, 0, S(spec), P),
		OUT(timerfd_gettime, tfd, P),
	};

	CHECK(rows);
	EXPECT_EQ(raw(SYS_epoll_wait, ep, &event, 1, 0), 1);
}

TEST("PTR-5", "signals")
{
	unsigned long set = 0;
	pid_t self = getpid();
	int pidfd = raw(SYS_pidfd_open, self, 0);
	const struct row rows[] = {
		IN(rt_sigaction, SIGUSR1, P, 0, SIGSET),
		OUT(rt_sigaction, SIGUSR1, 0, P, SIGSET),
		IN(rt_sigprocmask, SIG_BLOCK, P, 0, SIGSET),
		OUT(rt_sigprocmask, SIG_BLOCK, 0, P, SIGSET),
		OUT(rt_sigpending, P, SIGSET),
		IN(rt_sigtimedwait, P, 0, 0, SIGSET),
		IN(rt_sigtimedwait, A(set), 0, P, SIGSET),
		IN(rt_sigsuspend, P, SIGSET),
		IN(rt_sigqueueinfo, self, SIGUSR1, P),
		IN(rt_tgsigqueueinfo, self, self, SIGUSR1, P),
		IN(pidfd_send_signal, pidfd, SIGUSR1, P, 0),
		IN(sigaltstack, P, 0),
		OUT(sigaltstack, 0, P),
	};

	CHECK(rows);
}

TEST("PTR-5", "processes and their ids")
{
	struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
	unsigned int id, groups[] = {1};
	pid_t pid = test_fork();

	if (pid == 0)
		for (;;)
			raw(SYS_pause);
	EXPECT_EQ(raw(SYS_setgroups, 1, groups), 0);
	const struct row rows[] = {
		IN(clone3, P, 64),
		OUT(waitid, P_ALL, 0, P, WNOHANG | WEXITED, 0),
		OUT(getgroups, 10, P),
		IN(setgroups, 1, P),
		OUT(getresuid, P, A(id), A(id)),
		OUT(getresuid, A(id), P, A(id)),
		OUT(getresuid, A(id), A(id), P),
		OUT(getresgid, P, A(id), A(id)),
		OUT(getresgid, A(id), P, A(id)),
		OUT(getresgid, A(id), A(id), P),
		IN(capget, P, S(room)),
		OUT(capget, A(header), P),
		IN(capset, P, S(room)),
		IN(capset, A(header), P),
		OUT(get_robust_list, 0, P, S(room)),
		OUT(get_robust_list, 0, S(room), P),
		OUT(prctl, PR_GET_PDEATHSIG, P),
		IN(prctl, PR_SET_NAME, P),
		OUT(prctl, PR_GET_NAME, P),
		OUT(prctl, PR_GET_CHILD_SUBREAPER, P),
		OUT(prctl, PR_GET_TSC, P),
		OUT(prctl, PR_GET_TID_ADDRESS, P),
		OUT(arch_prctl, ARCH_GET_FS, P),
		OUT(arch_prctl, ARCH_GET_GS, P),
		IN(sched_setaffinity, 0, 8, P),
		OUT(sched_getaffinity, 0, 128, P),
		OUT(sched_getparam, 0, P),
		IN(sched_setparam, 0, P),
		IN(sched_setscheduler, 0, SCHED_OTHER, P),
		OUT(sched_rr_get_interval, 0, P),
	};

	CHECK(rows);
	EXPECT_OK(raw_kill(pid, SIGKILL));
	EXPECT_KILLED(pid, SIGKILL);
}

TEST("PTR-6", "clocks, timers, limits and facts")
{
	static const long zero[4];
	int timer = -1;

	EXPECT_EQ(raw(SYS_timer_create, CLOCK_MONOTONIC, NULL, &timer), 0);
	const struct row rows[] = {
		IN(nanosleep, P, 0),
		IN(clock_nanosleep, CLOCK_MONOTONIC, 0, P, 0),
		OUT(clock_gettime, CLOCK_MONOTONIC, P),
		OUT(clock_getres, CLOCK_MONOTONIC, P),
		IN(clock_settime, CLOCK_REALTIME, P),
		OUT(gettimeofday, P, 0),
		OUT(gettimeofday, 0, P),
		IN(settimeofday, P, 0),
		IN(settimeofday, 0, P),
		OUT(time, P),
		OUT(times, P),
		OUT(getitimer, ITIMER_REAL, P),
		IN(setitimer, ITIMER_REAL, P, 0),
		OUT(setitimer, ITIMER_REAL, S(zero), P),
		IN(timer_create, CLOCK_MONOTONIC, P, S(room)),
		OUT(timer_create, CLOCK_MONOTONIC, 0, P),
		IN(timer_settime, timer, 0, P, 0),
		OUT(timer_settime, timer, 0, S(zero), P),
		OUT(timer_gettime, timer, P),
		OUT(getrlimit, RLIMIT_CORE, P),
		IN(setrlimit, RLIMIT_CORE, P),
		IN(prlimit64, 0, RLIMIT_CORE, P, 0),
		OUT(prlimit64, 0, RLIMIT_CORE, 0, P),
		OUT(getrusage, RUSAGE_SELF, P),
		OUT(sysinfo, P),
		OUT(uname, P),
		IN(sethostname, P, 1),
		IN(setdomainname, P, 1),
		OUT(getcpu, P, 0),
		OUT(getcpu, 0, P),
		OUT(getrandom, P, 8, 0),
		OUT(syslog, 3, P, 4096),
		OUT(mincore, S(room) & ~0xfffL, 4096, P),
	};

	CHECK(rows);
}
