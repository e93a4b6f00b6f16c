// SPDX-License-Identifier: MIT
/*
 * tests/abi/clone_flags.c - arguments and flags of clone and clone3 (docs/contract/fork.md, sections 1,
 * 2).
 */
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "lib/clone.h"
#include "lib/sys.h"
#include "lib/test.h"

#define FS_TLS_LIMIT 0x7ffffffff000UL

/* A clone3 call that must not make a child; returns what the kernel says. */
static long try_clone3(const struct clone3_args *args, size_t size)
{
	long ret = raw(SYS_clone3, args, size);

	if (ret == 0)
		_exit(99);
	if (ret > 0) {
		waitpid(ret, NULL, __WALL);
		FAIL("clone3 made a child");
	}
	return ret;
}

static long try_clone(unsigned long flags)
{
	long ret = raw(SYS_clone, flags, 0, 0, 0, 0);

	if (ret == 0)
		_exit(99);
	if (ret > 0) {
		waitpid(ret, NULL, __WALL);
		FAIL("clone made a child");
	}
	return ret;
}

static int store_args(void *arg)
{
	volatile long *seen = arg;

	seen[0] = 1;
	seen[1] = raw(SYS_getpid);
	seen[2] = raw(SYS_gettid);
	seen[3] = raw(SYS_getppid);
	return 7;
}

TEST("CLN-1,CLN-2", "the child gets 0 and the given stack, the parent its pid")
{
	volatile long *seen = (long *)map_shared(1, RW);
	char *stack = map_private(4, RW);
	long pid =
		EXPECT_OK(clone_call(SIGCHLD, stack + 4 * PAGE, store_args, (void *)seen, 0, 0, 0));

	EXPECT(pid > 0);
	EXPECT_EXIT(pid, 7);
	EXPECT_EQ(seen[0], 1);
	EXPECT_EQ(seen[1], pid);
	EXPECT_EQ(seen[2], pid);
	EXPECT_EQ(seen[3], getpid());
}

TEST("CLN-2", "all registers but RAX, RCX and R11 are the parent's")
{
	unsigned long bx, r12, r13, r14, r15, ax;
	int status;

	__asm__ volatile("mov $0x1111, %%rbx\n mov $0x2222, %%r12\n mov $0x3333, %%r13\n"
			 "mov $0x4444, %%r14\n mov $0x5555, %%r15\n"
			 "mov $57, %%eax\n syscall\n"
			 "mov %%rbx, %1\n mov %%r12, %2\n mov %%r13, %3\n mov %%r14, %4\n"
			 "mov %%r15, %5\n"
			 : "=a"(ax), "=m"(bx), "=m"(r12), "=m"(r13), "=m"(r14), "=m"(r15)
			 :
			 : "rbx", "r12", "r13", "r14", "r15", "rcx", "r11", "memory");
	if (ax == 0)
		_exit(!(bx == 0x1111 && r12 == 0x2222 && r13 == 0x3333 && r14 == 0x4444 &&
			r15 == 0x5555));
	EXPECT(bx == 0x1111 && r12 == 0x2222 && r13 == 0x3333 && r14 == 0x4444 && r15 == 0x5555);
	EXPECT_EQ(waitpid(ax, &status, 0), ax);
	EXPECT_EQ(status, 0);
}

TEST("CLN-3", "without a stack the child goes on with a copy of the parent's")
{
	volatile int local = 1;
	long pid = EXPECT_OK(raw(SYS_clone, SIGCHLD, 0, 0, 0, 0));

	if (pid == 0) {
		local++;
		_exit(local == 2 ? 5 : 6);
	}
	EXPECT_EXIT(pid, 5);
	EXPECT_EQ(local, 1);
}

TEST("CLN-4", "exit signal 0 sends none and needs __WALL or __WCLONE")
{
	long pid = EXPECT_OK(raw(SYS_clone, 0, 0, 0, 0, 0));
	int status;

	if (pid == 0)
		_exit(3);
	EXPECT_ERR(raw(SYS_wait4, pid, &status, 0, 0), ECHILD);
	EXPECT_EQ(raw(SYS_wait4, pid, &status, __WCLONE, 0), pid);
	EXPECT_EQ(status, 3 << 8);
	pid = EXPECT_OK(raw(SYS_clone, 0, 0, 0, 0, 0));
	if (pid == 0)
		_exit(4);
	EXPECT_EQ(raw(SYS_wait4, -1, &status, __WALL, 0), pid);
	EXPECT_EQ(status, 4 << 8);
	EXPECT_ERR(raw(SYS_wait4, -1, &status, __WALL, 0), ECHILD);
}

static volatile sig_atomic_t got_signal;

static void note_signal(int sig)
{
	got_signal = sig;
}

TEST("CLN-4", "the exit signal is the low byte, whatever it is")
{
	struct sigaction sa = {.sa_handler = note_signal};
	sigset_t set, old;
	long pid;

	sigaction(SIGUSR1, &sa, NULL);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, &old);
	pid = EXPECT_OK(raw(SYS_clone, SIGUSR1, 0, 0, 0, 0));
	if (pid == 0)
		_exit(0);
	while (!got_signal)
		sigsuspend(&old);
	EXPECT_EQ(got_signal, SIGUSR1);
	EXPECT_EQ(raw(SYS_wait4, pid, 0, __WCLONE, 0), pid);
	pid = EXPECT_OK(raw(SYS_clone, 0xff, 0, 0, 0, 0));
	if (pid == 0)
		_exit(0);
	EXPECT_EQ(raw(SYS_wait4, pid, 0, __WCLONE, 0), pid);
}

TEST("CLN-5", "clone ignores bits 32 to 63 and CLONE_DETACHED")
{
	long pid =
		EXPECT_OK(raw(SYS_clone, 0xabcd00000000UL | CLONE_DETACHED | SIGCHLD, 0, 0, 0, 0));

	if (pid == 0)
		_exit(0);
	EXPECT_EXIT(pid, 0);
}

TEST("CLN-6", "clone3 takes structures of other sizes")
{
	struct {
		struct clone3_args args;
		char more[5000];
	} *big = (void *)map_private(4, RW);
	static const size_t sizes[] = {64, 72, 80, 88, 96, 4096};
	char *edge = map_private(2, RW);

	big->args.exit_signal = SIGCHLD;
	EXPECT_ERR(try_clone3(&big->args, 4097), E2BIG);
	EXPECT_ERR(try_clone3(&big->args, 63), EINVAL);
	EXPECT_ERR(try_clone3(&big->args, 0), EINVAL);
	EXPECT_ERR(try_clone3(NULL, 64), EFAULT);
	EXPECT_OK(raw_munmap(edge + PAGE, PAGE));
	EXPECT_ERR(try_clone3((void *)(edge + PAGE - 32), 64), EFAULT);
	big->more[100] = 1;
	EXPECT_ERR(try_clone3(&big->args, 4096), E2BIG);
	big->more[100] = 0;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		long pid = EXPECT_OK(raw(SYS_clone3, &big->args, sizes[i]));

		if (pid == 0)
			_exit(0);
		EXPECT_EXIT(pid, 0);
	}
}

TEST("CLN-7", "exit_signal of clone3 is checked")
{
	struct clone3_args args = {.exit_signal = 65};
	long pid;

	EXPECT_ERR(try_clone3(&args, 88), EINVAL);
	args.exit_signal = 0x100;
	EXPECT_ERR(try_clone3(&args, 88), EINVAL);
	args.exit_signal = 1ULL << 40 | SIGCHLD;
	EXPECT_ERR(try_clone3(&args, 88), EINVAL);
	args.exit_signal = 64;
	signal(64, SIG_IGN);
	pid = EXPECT_OK(raw(SYS_clone3, &args, 88));
	if (pid == 0)
		_exit(0);
	EXPECT_EQ(raw(SYS_wait4, pid, 0, __WALL, 0), pid);
}

TEST("CLN-8", "set_tid and set_tid_size go together; INTO_CGROUP needs its field")
{
	int tid = 1234567;
	struct clone3_args args = {.exit_signal = SIGCHLD, .set_tid = (long)&tid};

	EXPECT_ERR(try_clone3(&args, 88), EINVAL);
	args = (struct clone3_args){.exit_signal = SIGCHLD, .set_tid_size = 1};
	EXPECT_ERR(try_clone3(&args, 88), EINVAL);
	args = (struct clone3_args){
		.exit_signal = SIGCHLD, .set_tid = (long)&tid, .set_tid_size = 33};
	EXPECT_ERR(try_clone3(&args, 88), EINVAL);
	args = (struct clone3_args){.exit_signal = SIGCHLD, .flags = CLONE_INTO_CGROUP};
	EXPECT_ERR(try_clone3(&args, 80), EINVAL);
	args.cgroup = 1ULL << 31;
	EXPECT_ERR(try_clone3(&args, 88), EINVAL);
}

TEST("CLN-8", "set_tid asks for a pid")
{
	int tid = 20000;
	struct clone3_args args = {
		.exit_signal = SIGCHLD, .set_tid = (long)&tid, .set_tid_size = 1};
	long pid = EXPECT_OK(raw(SYS_clone3, &args, 88));

	if (pid == 0)
		_exit(getpid() == 20000 ? 0 : 1);
	EXPECT_EQ(pid, 20000);
	EXPECT_EXIT(pid, 0);
	tid = getpid();
	EXPECT_ERR(try_clone3(&args, 88), EEXIST);
	tid = -5;
	EXPECT_ERR(try_clone3(&args, 88), EINVAL);
}

TEST("CLN-9", "flags that clone3 does not take")
{
	static const uint64_t bad[] = {
		1ULL << 34, 1ULL << 63, CLONE_DETACHED,
		1,	    0x40,	CLONE_SIGHAND | CLONE_VM | CLONE_CLEAR_SIGHAND};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct clone3_args args = {.flags = bad[i], .exit_signal = SIGCHLD};

		EXPECT_ERR(try_clone3(&args, 88), EINVAL);
	}
}

TEST("CLN-9", "CLEAR_SIGHAND resets handlers and keeps ignored signals")
{
	struct clone3_args args = {.flags = CLONE_CLEAR_SIGHAND, .exit_signal = SIGCHLD};
	struct sigaction sa;
	long pid;

	signal(SIGUSR1, note_signal);
	signal(SIGUSR2, SIG_IGN);
	pid = EXPECT_OK(raw(SYS_clone3, &args, 88));
	if (pid == 0) {
		sigaction(SIGUSR1, NULL, &sa);
		EXPECT(sa.sa_handler == SIG_DFL);
		sigaction(SIGUSR2, NULL, &sa);
		EXPECT(sa.sa_handler == SIG_IGN);
		_exit(0);
	}
	EXPECT_EXIT(pid, 0);
}

TEST("CLN-10", "THREAD and PARENT go with exit_signal 0 only")
{
	struct clone3_args args = {.flags = CLONE_PARENT, .exit_signal = SIGCHLD};

	EXPECT_ERR(try_clone3(&args, 88), EINVAL);
	args.flags = CLONE_THREAD | CLONE_SIGHAND | CLONE_VM;
	EXPECT_ERR(try_clone3(&args, 88), EINVAL);
}

TEST("CLN-11", "stack and stack_size of clone3")
{
	char *stack = map_private(4, RW);
	struct clone3_args args = {.exit_signal = SIGCHLD, .stack = (long)stack};
	volatile long *seen = (long *)map_shared(1, RW);
	long pid;

	EXPECT_ERR(try_clone3(&args, 88), EINVAL);
	args = (struct clone3_args){.exit_signal = SIGCHLD, .stack_size = PAGE};
	EXPECT_ERR(try_clone3(&args, 88), EINVAL);
	args = (struct clone3_args){
		.exit_signal = SIGCHLD, .stack = TASK_SIZE - PAGE, .stack_size = 2 * PAGE};
	EXPECT_ERR(try_clone3(&args, 88), EINVAL);
	args = (struct clone3_args){
		.exit_signal = SIGCHLD, .stack = (long)stack, .stack_size = 4 * PAGE};
	pid = EXPECT_OK(clone3_call(&args, store_args, (void *)seen));
	EXPECT_EXIT(pid, 7);
	EXPECT_EQ(seen[1], pid);
}

TEST("FLG-1", "one word cannot take pidfd and tid")
{
	int word = 0;
	struct clone3_args args = {.flags = CLONE_PIDFD | CLONE_PARENT_SETTID,
				   .exit_signal = SIGCHLD,
				   .pidfd = (long)&word,
				   .parent_tid = (long)&word};

	EXPECT_ERR(try_clone3(&args, 88), EINVAL);
	EXPECT_ERR(raw(SYS_clone, CLONE_PIDFD | CLONE_PARENT_SETTID | SIGCHLD, 0, &word, 0, 0),
		   EINVAL);
}

TEST("FLG-2", "new namespaces do not go with a shared FS context")
{
	EXPECT_ERR(try_clone(CLONE_NEWNS | CLONE_FS | SIGCHLD), EINVAL);
	EXPECT_ERR(try_clone(CLONE_NEWUSER | CLONE_FS | SIGCHLD), EINVAL);
}

TEST("FLG-3,FLG-4", "THREAD needs SIGHAND, SIGHAND needs VM")
{
	EXPECT_ERR(try_clone(CLONE_THREAD), EINVAL);
	EXPECT_ERR(try_clone(CLONE_THREAD | CLONE_VM), EINVAL);
	EXPECT_ERR(try_clone(CLONE_SIGHAND | SIGCHLD), EINVAL);
	EXPECT_ERR(try_clone(CLONE_THREAD | CLONE_SIGHAND), EINVAL);
}

TEST("FLG-7", "PIDFD with DETACHED or THREAD, or with a bad pointer")
{
	int fd = -1;

	EXPECT_ERR(raw(SYS_clone, CLONE_PIDFD | CLONE_DETACHED | SIGCHLD, 0, &fd, 0, 0), EINVAL);
	EXPECT_ERR(
		raw(SYS_clone, CLONE_PIDFD | CLONE_THREAD | CLONE_SIGHAND | CLONE_VM, 0, &fd, 0, 0),
		EINVAL);
	EXPECT_ERR(raw(SYS_clone, CLONE_PIDFD | SIGCHLD, 0, 16, 0, 0), EFAULT);
	EXPECT_ERR(raw(SYS_wait4, -1, 0, __WALL, 0), ECHILD);
}

TEST("FLG-7,UNW-10", "a pidfd polls when the child ends, and a failure leaks none")
{
	int fd = -1, before = dup(0);
	struct pollfd poll_fd;
	siginfo_t info = {};
	long pid;

	close(before);
	EXPECT_ERR(raw(SYS_clone, CLONE_PIDFD | SIGCHLD, 0, 16, 0, 0), EFAULT);
	pid = EXPECT_OK(raw(SYS_clone, CLONE_PIDFD | SIGCHLD, 0, &fd, 0, 0));
	if (pid == 0) {
		pause();
		_exit(0);
	}
	EXPECT_EQ(fd, before);
	EXPECT_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
	poll_fd = (struct pollfd){.fd = fd, .events = POLLIN};
	EXPECT_EQ(poll(&poll_fd, 1, 0), 0);
	EXPECT_OK(raw(SYS_pidfd_send_signal, fd, SIGKILL, 0, 0));
	EXPECT_EQ(poll(&poll_fd, 1, -1), 1);
	EXPECT_EQ(poll_fd.revents, POLLIN);
	EXPECT_EQ(raw(SYS_waitid, 3 /* P_PIDFD */, fd, &info, WEXITED, 0), 0);
	EXPECT_EQ(info.si_pid, pid);
	EXPECT_EQ(info.si_code, CLD_KILLED);
	EXPECT_EQ(info.si_status, SIGKILL);
	EXPECT_ERR(raw(SYS_pidfd_send_signal, fd, 0, 0, 0), ESRCH);
}

TEST("FLG-9", "RLIMIT_NPROC limits users without privilege")
{
	long pid;

	set_limit(RLIMIT_NPROC, 1);
	pid = EXPECT_OK(raw(SYS_fork));
	if (pid == 0)
		_exit(0);
	EXPECT_EXIT(pid, 0);
	drop_privileges();
	set_limit(RLIMIT_NPROC, 1);
	EXPECT_ERR(try_clone(SIGCHLD), EAGAIN);
}

TEST("FLG-12", "a TLS base outside user space is EPERM")
{
	EXPECT_ERR(raw(SYS_clone, CLONE_SETTLS | SIGCHLD, 0, 0, 0, FS_TLS_LIMIT), EPERM);
	EXPECT_ERR(raw(SYS_clone, CLONE_SETTLS | SIGCHLD, 0, 0, 0, -1UL), EPERM);
	EXPECT_ERR(raw(SYS_wait4, -1, 0, __WALL, 0), ECHILD);
}

/* ---- what is shared (section 7) ------------------------------------------------------------ */

TEST("SHR-4", "CLONE_VM without CLONE_THREAD is a process of its own with the same memory")
{
	volatile long seen[4] = {};
	char *stack = map_private(4, RW);
	long pid = EXPECT_OK(clone_call(CLONE_VM | SIGCHLD, stack + 4 * PAGE, store_args,
					(void *)seen, 0, 0, 0));

	EXPECT_EXIT(pid, 7);
	EXPECT_EQ(seen[0], 1);
	EXPECT_EQ(seen[1], pid);
}

static int close_fd(void *arg)
{
	return raw_close((long)arg) == 0 ? 0 : 1;
}

TEST("SHR-10", "CLONE_FILES shares the table, without it the position alone is shared")
{
	char *stack = map_private(4, RW);
	int fd = temp_file(100);
	long pid;

	pid = EXPECT_OK(clone_call(SIGCHLD, stack + 4 * PAGE, close_fd, (void *)(long)fd, 0, 0, 0));
	EXPECT_EXIT(pid, 0);
	pid = test_fork();
	if (pid == 0) {
		EXPECT_EQ(lseek(fd, 42, SEEK_SET), 42);
		_exit(0);
	}
	EXPECT_EXIT(pid, 0);
	EXPECT_EQ(lseek(fd, 0, SEEK_CUR), 42);
	pid = EXPECT_OK(clone_call(CLONE_FILES | SIGCHLD, stack + 4 * PAGE, close_fd,
				   (void *)(long)fd, 0, 0, 0));
	EXPECT_EXIT(pid, 0);
	EXPECT_ERR(raw(SYS_lseek, fd, 0, SEEK_CUR), EBADF);
}

static int go_to_root(void *arg)
{
	return raw(SYS_chdir, "/") == 0 && raw(SYS_umask, 0123) >= 0 ? 0 : 1;
}

TEST("SHR-10", "CLONE_FS shares directory and umask")
{
	char *stack = map_private(4, RW), cwd[100];
	long pid;

	EXPECT_OK(raw(SYS_chdir, "/tmp"));
	umask(077);
	pid = EXPECT_OK(clone_call(SIGCHLD, stack + 4 * PAGE, go_to_root, 0, 0, 0, 0));
	EXPECT_EXIT(pid, 0);
	EXPECT_STR(getcwd(cwd, sizeof(cwd)), "/tmp");
	EXPECT_EQ(umask(077), 077);
	pid = EXPECT_OK(clone_call(CLONE_FS | SIGCHLD, stack + 4 * PAGE, go_to_root, 0, 0, 0, 0));
	EXPECT_EXIT(pid, 0);
	EXPECT_STR(getcwd(cwd, sizeof(cwd)), "/");
	EXPECT_EQ(umask(0), 0123);
}

static int query_altstack(void *arg)
{
	return raw(SYS_sigaltstack, 0, arg);
}

TEST("SHR-8", "CLONE_VM alone resets the alternate stack, fork and vfork keep it")
{
	stack_t ss = {.ss_sp = map_private(4, RW), .ss_size = 4 * PAGE};
	stack_t *seen = (stack_t *)map_shared(1, RW);
	char *stack = map_private(4, RW);
	long pid;

	EXPECT_OK(raw(SYS_sigaltstack, &ss, 0));
	pid = EXPECT_OK(clone_call(SIGCHLD, stack + 4 * PAGE, query_altstack, seen, 0, 0, 0));
	EXPECT_EXIT(pid, 0);
	EXPECT(seen->ss_sp == ss.ss_sp && seen->ss_size == 4 * PAGE && seen->ss_flags == 0);
	pid = EXPECT_OK(clone_call(CLONE_VM | CLONE_VFORK | SIGCHLD, stack + 4 * PAGE,
				   query_altstack, seen, 0, 0, 0));
	EXPECT_EXIT(pid, 0);
	EXPECT(seen->ss_sp == ss.ss_sp && seen->ss_flags == 0);
	pid = EXPECT_OK(
		clone_call(CLONE_VM | SIGCHLD, stack + 4 * PAGE, query_altstack, seen, 0, 0, 0));
	EXPECT_EXIT(pid, 0);
	EXPECT_EQ(seen->ss_flags, SS_DISABLE);
}

static int wait_for_word(void *arg)
{
	volatile int *word = arg;

	while (!*word)
		raw(SYS_sched_yield);
	return 0;
}

TEST("SHR-9", "unshare(CLONE_VM) fails while the memory is shared")
{
	volatile int *word = (int *)map_shared(1, RW);
	char *stack = map_private(4, RW);
	long pid;

	EXPECT_OK(raw(SYS_unshare, CLONE_VM));
	pid = EXPECT_OK(clone_call(CLONE_VM | SIGCHLD, stack + 4 * PAGE, wait_for_word,
				   (void *)word, 0, 0, 0));
	EXPECT_ERR(raw(SYS_unshare, CLONE_VM), EINVAL);
	*word = 1;
	EXPECT_EXIT(pid, 0);
	EXPECT_OK(raw(SYS_unshare, CLONE_VM));
	EXPECT_OK(raw(SYS_unshare, CLONE_FILES | CLONE_FS));
	EXPECT_ERR(raw(SYS_unshare, 1), EINVAL);
}

/* A clone that must fail; a child would end at once. */
static long clone_in_vain(unsigned long flags)
{
	long pid = raw(SYS_clone, flags, 0, 0, 0, 0);

	if (pid == 0)
		_exit(0);
	return pid;
}

TEST("FLG-6", "a thread is in its process's namespaces of users and pids")
{
	unsigned long thread = CLONE_THREAD | CLONE_SIGHAND | CLONE_VM;

	EXPECT_ERR(clone_in_vain(thread | CLONE_NEWUSER), EINVAL);
	EXPECT_ERR(clone_in_vain(thread | CLONE_NEWPID), EINVAL);
	if (raw(SYS_unshare, CLONE_NEWPID) == 0) /* where there are namespaces */
		EXPECT_ERR(clone_in_vain(thread), EINVAL);
}

TEST("FLG-6", "nor does shared memory go with a new clock to come")
{
	if (raw(SYS_unshare, CLONE_NEWTIME) == 0) {
		EXPECT_ERR(clone_in_vain(CLONE_VM | CLONE_VFORK | SIGCHLD), EINVAL);
		EXPECT_ERR(clone_in_vain(CLONE_THREAD | CLONE_SIGHAND | CLONE_VM), EINVAL);
	} else {
		EXPECT_ERR(raw(SYS_unshare, CLONE_NEWTIME), EINVAL);
	}
}

TEST("FLG-5", "the first process of a pid namespace makes no siblings")
{
	long pid = raw(SYS_clone, CLONE_NEWPID | SIGCHLD, 0, 0, 0, 0);

	if (pid == -EINVAL)
		SKIP("no pid namespaces, in which a test could be init");
	EXPECT_OK(pid);
	if (pid == 0)
		_exit(clone_in_vain(CLONE_PARENT | SIGCHLD) == -EINVAL ? 7 : 1);
	EXPECT_EXIT(pid, 7);
}
