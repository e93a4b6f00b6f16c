// SPDX-License-Identifier: MIT
/*
 * tests/abi/clone3.c - clone3 and its structure (docs/contract/fork.md, section 1).
 */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "lib/sys.h"
#include "lib/task.h"
#include "lib/test.h"

#define VER0 64
#define VER1 80
#define VER2 88

/* Calls clone3; a child that should not be there tells it by its status. */
static long try_clone3(const void *args, size_t size)
{
	long pid = raw_clone3(args, size);

	if (pid == 0)
		_exit(66);
	return pid;
}

/* This call fails, and there is no child. */
#define EXPECT_REFUSED(args, size, error)                                                          \
	do {                                                                                       \
		EXPECT_ERR(try_clone3(args, size), error);                                         \
		EXPECT_ERR(raw_wait4(-1, NULL, __WALL), ECHILD);                                   \
	} while (0)

#define EXPECT_CHILD(args, size)                                                                   \
	do {                                                                                       \
		long pid_ = try_clone3(args, size);                                                \
		EXPECT_OK(pid_);                                                                   \
		EXPECT_EQ(wait_status(pid_), 66 << 8);                                             \
	} while (0)

TEST("CLN-6", "every size from 64 to a page is taken when the unknown rest is zero")
{
	union {
		struct clone3_args args;
		unsigned char bytes[PAGE];
	} *u = (void *)map_private(2, RW);
	char *end = (char *)u + PAGE - VER0;

	u->args.exit_signal = SIGCHLD;
	EXPECT_CHILD(u, VER0);
	EXPECT_CHILD(u, VER0 + 1);
	EXPECT_CHILD(u, VER1);
	EXPECT_CHILD(u, VER2);
	EXPECT_CHILD(u, 200);
	EXPECT_CHILD(u, PAGE);
	EXPECT_REFUSED(u, PAGE + 1, E2BIG);
	EXPECT_REFUSED(u, -1UL, E2BIG);
	EXPECT_REFUSED(u, VER0 - 1, EINVAL);
	EXPECT_REFUSED(u, 0, EINVAL);
	u->bytes[VER2] = 1;
	EXPECT_REFUSED(u, VER2 + 1, E2BIG);
	EXPECT_CHILD(u, VER2);
	u->bytes[VER2] = 0;
	u->bytes[PAGE - 1] = 1;
	EXPECT_REFUSED(u, PAGE, E2BIG);
	EXPECT_CHILD(u, PAGE - 1);
	memmove(end, u, VER0);
	EXPECT_OK(raw_munmap((char *)u + PAGE, PAGE));
	EXPECT_CHILD(end, VER0);
	EXPECT_REFUSED(end, VER1, EFAULT);
	EXPECT_REFUSED(end + 8, VER0, EFAULT);
	EXPECT_REFUSED(NULL, VER0, EFAULT);
}

TEST("CLN-6", "fields beyond a short size count as zero")
{
	struct clone3_args args = {.exit_signal = SIGCHLD, .set_tid_size = 99, .cgroup = 7};

	EXPECT_CHILD(&args, VER0);
	EXPECT_REFUSED(&args, VER1, EINVAL);
}

TEST("CLN-7", "the exit signal is 0 to 64")
{
	struct clone3_args args = {0};

	args.exit_signal = 64;
	EXPECT_EQ(signal(64, SIG_IGN) == SIG_ERR, 0);
	args.exit_signal = 65;
	EXPECT_REFUSED(&args, VER2, EINVAL);
	args.exit_signal = 0x100 | SIGCHLD;
	EXPECT_REFUSED(&args, VER2, EINVAL);
	args.exit_signal = 1UL << 32 | SIGCHLD;
	EXPECT_REFUSED(&args, VER2, EINVAL);
	args.exit_signal = 0;
	EXPECT_CHILD(&args, VER2);
}

static volatile int got64;

static void note64(int signal)
{
	got64 = signal;
}

TEST("CLN-7", "signal 64 can be the exit signal")
{
	struct clone3_args args = {.exit_signal = 64};
	struct sigaction action = {.sa_handler = note64, .sa_flags = SA_RESTART};

	EXPECT_EQ(sigaction(64, &action, NULL), 0);
	EXPECT_CHILD(&args, VER2);
	EXPECT_EQ(got64, 64);
}

TEST("CLN-8", "set_tid and its size go together")
{
	pid_t tids[33] = {0};
	struct clone3_args args = {.exit_signal = SIGCHLD};

	args.set_tid_size = 1;
	EXPECT_REFUSED(&args, VER2, EINVAL);
	args.set_tid = (uint64_t)tids;
	args.set_tid_size = 0;
	EXPECT_REFUSED(&args, VER2, EINVAL);
	args.set_tid_size = 33;
	EXPECT_REFUSED(&args, VER2, EINVAL);
	args.set_tid_size = 1; /* tid 0 cannot be had */
	EXPECT_REFUSED(&args, VER2, EINVAL);
	tids[0] = -5;
	EXPECT_REFUSED(&args, VER2, EINVAL);
	tids[0] = getpid();
	EXPECT_REFUSED(&args, VER2, EEXIST);
	args.set_tid = 8;
	EXPECT_REFUSED(&args, VER2, EFAULT);
}

TEST("CLN-8", "set_tid gives the child this very tid, to those who may")
{
	pid_t tid = 0;
	struct clone3_args args = {
		.exit_signal = SIGCHLD, .set_tid = (uint64_t)&tid, .set_tid_size = 1};
	long pid = try_clone3(&(struct clone3_args){.exit_signal = SIGCHLD}, VER2);

	EXPECT_EXIT(pid, 66); /* its tid is free now */
	tid = pid;
	EXPECT_EQ(try_clone3(&args, VER2), tid);
	EXPECT_EXIT(tid, 66);
	drop_privileges();
	EXPECT_REFUSED(&args, VER2, EPERM);
}

TEST("CLN-8", "CLONE_INTO_CGROUP needs the field and a descriptor")
{
	struct clone3_args args = {.exit_signal = SIGCHLD, .flags = CLONE_INTO_CGROUP};

	EXPECT_REFUSED(&args, VER0, EINVAL);
	EXPECT_REFUSED(&args, VER1, EINVAL);
	args.cgroup = 1UL << 31;
	EXPECT_REFUSED(&args, VER2, EINVAL);
	args.cgroup = 999;
	EXPECT_REFUSED(&args, VER2, EBADF);
}

TEST("CLN-9", "unknown flags, CLONE_DETACHED and a signal among the flags are EINVAL")
{
	struct clone3_args args = {.exit_signal = SIGCHLD};

	for (int bit = 34; bit < 64; bit++) {
		args.flags = 1UL << bit;
		EXPECT_REFUSED(&args, VER2, EINVAL);
	}
	args.flags = 0x00400000;
	EXPECT_REFUSED(&args, VER2, EINVAL);
	for (int bit = 0; bit < 7; bit++) {
		args.flags = 1UL << bit;
		EXPECT_REFUSED(&args, VER2, EINVAL);
	}
	args.flags = CLONE_VM | CLONE_SIGHAND | CLONE_CLEAR_SIGHAND;
	EXPECT_REFUSED(&args, VER2, EINVAL);
}

TEST("CLN-9", "CLONE_CLEAR_SIGHAND gives default actions, what is ignored stays ignored")
{
	struct clone3_args args = {.exit_signal = SIGCHLD, .flags = CLONE_CLEAR_SIGHAND};
	struct sigaction action = {.sa_handler = note64}, got;
	long pid;

	EXPECT_EQ(sigaction(SIGUSR1, &action, NULL), 0);
	EXPECT(signal(SIGUSR2, SIG_IGN) != SIG_ERR);
	pid = raw_clone3(&args, VER2);
	if (pid == 0) {
		EXPECT_EQ(sigaction(SIGUSR1, NULL, &got), 0);
		EXPECT(got.sa_handler == SIG_DFL);
		EXPECT_EQ(sigaction(SIGUSR2, NULL, &got), 0);
		EXPECT(got.sa_handler == SIG_IGN);
		_exit(0);
	}
	EXPECT_OK(pid);
	EXPECT_EXIT(pid, 0);
	EXPECT_EQ(sigaction(SIGUSR1, NULL, &got), 0);
	EXPECT(got.sa_handler == note64);
}

TEST("CLN-10", "threads and siblings have no exit signal of their own")
{
	struct clone3_args args = {.exit_signal = SIGCHLD};

	args.flags = THREAD_FLAGS;
	EXPECT_REFUSED(&args, VER2, EINVAL);
	args.flags = CLONE_PARENT;
	EXPECT_REFUSED(&args, VER2, EINVAL);
}

TEST("CLN-11", "stack and its size go together and lie in user space")
{
	char *stack = map_private(4, RW);
	struct clone3_args args = {.exit_signal = SIGCHLD};

	args.stack = (uint64_t)stack;
	EXPECT_REFUSED(&args, VER2, EINVAL);
	args.stack = 0;
	args.stack_size = 4 * PAGE;
	EXPECT_REFUSED(&args, VER2, EINVAL);
	args.stack = TASK_SIZE - PAGE;
	args.stack_size = 2 * PAGE;
	EXPECT_REFUSED(&args, VER2, EINVAL);
	args.stack = -PAGE;
	EXPECT_REFUSED(&args, VER2, EINVAL);
	args.stack = (uint64_t)stack;
	args.stack_size = -(uint64_t)stack;
	EXPECT_REFUSED(&args, VER2, EINVAL);
}

TEST("CLN-11", "the child starts at the end of its stack")
{
	unsigned long *seen = (unsigned long *)map_shared(1, RW);
	char *stack = map_private(4, RW);
	struct clone3_args args = {
		.exit_signal = SIGCHLD, .stack = (uint64_t)stack, .stack_size = 4 * PAGE};
	register unsigned long *r12 __asm__("r12") = seen;
	long pid;

	__asm__ volatile("syscall\n\t"
			 "test %%rax, %%rax\n\t"
			 "jnz 1f\n\t"
			 "mov %%rsp, (%%r12)\n\t"
			 "mov $60, %%eax\n\t"
			 "xor %%edi, %%edi\n\t"
			 "syscall\n"
			 "1:"
			 : "=a"(pid)
			 : "a"(SYS_clone3), "D"(&args), "S"(VER2), "r"(r12)
			 : "rcx", "r11", "memory");
	EXPECT_OK(pid);
	EXPECT_EQ(wait_status(pid), 0);
	EXPECT_EQ(seen[0], stack + 4 * PAGE);
}

TEST("FLG-1,FLG-7", "clone3 has room for a pidfd and the parent's tid, but not in one word")
{
	static int fd, tid;
	struct clone3_args args = {.exit_signal = SIGCHLD,
				   .flags = CLONE_PIDFD | CLONE_PARENT_SETTID,
				   .pidfd = (uint64_t)&tid,
				   .parent_tid = (uint64_t)&tid};
	long pid;

	EXPECT_REFUSED(&args, VER2, EINVAL);
	args.pidfd = (uint64_t)&fd;
	pid = try_clone3(&args, VER2);
	EXPECT_OK(pid);
	EXPECT_EQ(tid, pid);
	EXPECT_EQ(raw(SYS_fcntl, fd, F_GETFD), FD_CLOEXEC);
	EXPECT_EXIT(pid, 66);
}
