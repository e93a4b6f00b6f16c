// SPDX-License-Identifier: MIT
/*
 * tests/abi/clone.c - the arguments and flags of clone (docs/contract/fork.md, sections 1 and 2).
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/sys.h"
#include "lib/task.h"
#include "lib/test.h"

#define CLONE_DETACHED_FLAG 0x00400000UL

/* A clone that must fail leaves no child: there is nobody to wait for. */
#define EXPECT_NO_CLONE(call, error)                                                               \
	do {                                                                                       \
		long got_ = (call);                                                                \
		if (got_ == 0)                                                                     \
			_exit(0);                                                                  \
		EXPECT_ERR(got_, error);                                                           \
		EXPECT_ERR(raw_wait4(-1, NULL, __WALL), ECHILD);                                   \
	} while (0)

static int nothing(void *argument)
{
	(void)argument;
	return 7;
}

struct order {
	int parent, child;
	unsigned long tls[8];
	unsigned long seen;
};

static int read_fs(void *argument)
{
	struct order *order = argument;

	__asm__ volatile("mov %%fs:0, %0" : "=r"(order->seen));
	return 0;
}

TEST("CLN-1", "flags, stack, parent tid, child tid, tls are the arguments in this order")
{
	struct order *order = (struct order *)map_shared(1, RW);
	struct clone_words words = {&order->parent, &order->child, (unsigned long)order->tls};
	long pid;

	order->tls[0] = 0x1234567890abcdef;
	__asm__ volatile("mov %%fs:0x28, %0" : "=r"(order->tls[5])); /* the stack protector's */
	pid = clone_task(SIGCHLD | CLONE_PARENT_SETTID | CLONE_CHILD_SETTID | CLONE_SETTLS, &words,
			 read_fs, order);
	EXPECT(pid > 0);
	EXPECT_EQ(order->parent, pid);
	EXPECT_EQ(wait_status(pid), 0);
	EXPECT_EQ(order->child, pid);
	EXPECT_EQ(order->seen, 0x1234567890abcdef);
}

struct registers {
	unsigned long rax, rbx, rdx, rsi, rdi, rbp, rsp, r8, r9, r10, r12, r13, r14, r15;
	unsigned long parent_rsp;
};

/* fork with a known value in each register; the child reports its own through memory. */
__attribute__((naked)) static long fork_with_registers(struct registers *seen)
{
	(void)seen;
	__asm__("push %rbx; push %rbp; push %r12; push %r13; push %r14; push %r15\n\t"
		"push %rdi\n\t"
		"mov $0x11, %ebx; mov $0x22, %edx; mov $0x33, %esi; mov $0x44, %edi\n\t"
		"mov $0x55, %ebp; mov $0x66, %r8d; mov $0x77, %r9d; mov $0x88, %r10d\n\t"
		"mov $0x99, %r12d; mov $0xaa, %r13d; mov $0xbb, %r14d; mov $0xcc, %r15d\n\t"
		"mov $57, %eax; syscall\n\t"
		"test %rax, %rax; jnz 1f\n\t"
		"mov (%rsp), %rcx\n\t"
		"mov %rax, (%rcx); mov %rbx, 8(%rcx); mov %rdx, 16(%rcx); mov %rsi, 24(%rcx)\n\t"
		"mov %rdi, 32(%rcx); mov %rbp, 40(%rcx); mov %rsp, 48(%rcx); mov %r8, 56(%rcx)\n\t"
		"mov %r9, 64(%rcx); mov %r10, 72(%rcx); mov %r12, 80(%rcx); mov %r13, 88(%rcx)\n\t"
		"mov %r14, 96(%rcx); mov %r15, 104(%rcx)\n\t"
		"mov $60, %eax; xor %edi, %edi; syscall; hlt\n"
		"1: mov (%rsp), %rcx; mov %rsp, 112(%rcx)\n\t"
		"pop %rdi; pop %r15; pop %r14; pop %r13; pop %r12; pop %rbp; pop %rbx\n\t"
		"ret");
}

TEST("CLN-2", "the parent gets the tid, the child 0 and the same registers")
{
	struct registers *seen = (struct registers *)map_shared(1, RW);
	long pid;

	seen->rax = 99;
	pid = fork_with_registers(seen);
	EXPECT(pid > 0 && pid != getpid());
	EXPECT_EQ(wait_status(pid), 0);
	EXPECT_EQ(seen->rax, 0);
	EXPECT_EQ(seen->rbx, 0x11);
	EXPECT_EQ(seen->rdx, 0x22);
	EXPECT_EQ(seen->rsi, 0x33);
	EXPECT_EQ(seen->rdi, 0x44);
	EXPECT_EQ(seen->rbp, 0x55);
	EXPECT_EQ(seen->r8, 0x66);
	EXPECT_EQ(seen->r9, 0x77);
	EXPECT_EQ(seen->r10, 0x88);
	EXPECT_EQ(seen->r12, 0x99);
	EXPECT_EQ(seen->r13, 0xaa);
	EXPECT_EQ(seen->r14, 0xbb);
	EXPECT_EQ(seen->r15, 0xcc);
	EXPECT_EQ(seen->rsp, seen->parent_rsp);
}

TEST("CLN-2", "with a stack the child starts with exactly that RSP")
{
	unsigned long *seen = (unsigned long *)map_shared(2, RW);
	char *stack = (char *)seen + 2 * PAGE - 21; /* no alignment is asked for */
	register unsigned long *r12 __asm__("r12") = seen;
	long pid;

	__asm__ volatile("xor %%r10d, %%r10d\n\t"
			 "xor %%r8d, %%r8d\n\t"
			 "syscall\n\t"
			 "test %%rax, %%rax\n\t"
			 "jnz 1f\n\t"
			 "mov %%rsp, (%%r12)\n\t"
			 "mov $60, %%eax\n\t"
			 "xor %%edi, %%edi\n\t"
			 "syscall\n"
			 "1:"
			 : "=a"(pid)
			 : "a"(SYS_clone), "D"(SIGCHLD), "S"(stack), "d"(0), "r"(r12)
			 : "rcx", "r8", "r10", "r11", "memory");
	EXPECT(pid > 0);
	EXPECT_EQ(wait_status(pid), 0);
	EXPECT_EQ(seen[0], stack);
}

TEST("CLN-2,COW-4", "the child's SSE registers are the parent's")
{
	unsigned long *seen = (unsigned long *)map_shared(1, RW), value = 0x0123456789abcdef;
	long pid;

	__asm__ volatile("movq %[value], %%xmm7\n\t"
			 "movq %[value], %%xmm15\n\t"
			 "syscall\n\t"
			 "test %%rax, %%rax\n\t"
			 "jnz 1f\n\t"
			 "movq %%xmm7, (%[seen])\n\t"
			 "movq %%xmm15, 8(%[seen])\n\t"
			 "mov $60, %%eax\n\t"
			 "xor %%edi, %%edi\n\t"
			 "syscall\n"
			 "1:"
			 : "=a"(pid)
			 : "a"(SYS_fork), [value] "r"(value), [seen] "r"(seen)
			 : "rcx", "r11", "rdi", "xmm7", "xmm15", "memory");
	EXPECT_EQ(wait_status(pid), 0);
	EXPECT_EQ(seen[0], value);
	EXPECT_EQ(seen[1], value);
}

TEST("CLN-3", "without a stack the child goes on at the same address in a copy")
{
	volatile int local = 1;
	unsigned long *where = (unsigned long *)map_shared(1, RW);
	long pid = raw(SYS_clone, SIGCHLD, 0, 0, 0, 0);

	if (pid == 0) {
		where[0] = (unsigned long)&local;
		local = 2;
		_exit(local);
	}
	EXPECT(pid > 0);
	EXPECT_EXIT(pid, 2);
	EXPECT_EQ(where[0], &local);
	EXPECT_EQ(local, 1);
}

static volatile int got_signal;

static void note(int signal)
{
	got_signal = signal;
}

static void take(int signal)
{
	struct sigaction action = {.sa_handler = note, .sa_flags = SA_RESTART};

	EXPECT_EQ(sigaction(signal, &action, NULL), 0);
}

TEST("CLN-4,SHR-4", "the low byte is the signal that the child's end sends")
{
	long pid;

	take(SIGUSR1);
	take(SIGCHLD);
	pid = clone_task(SIGUSR1, NULL, nothing, NULL);
	EXPECT(pid > 0);
	EXPECT_EQ(wait_status(pid), 7 << 8);
	EXPECT_EQ(got_signal, SIGUSR1);
	got_signal = 0;
	pid = clone_task(SIGUSR1 | CLONE_VM, NULL, nothing, NULL);
	EXPECT_EQ(wait_status(pid), 7 << 8);
	EXPECT_EQ(got_signal, SIGUSR1);
}

TEST("CLN-4", "a child without SIGCHLD is found by __WALL and __WCLONE only")
{
	int status;
	long pid;

	take(SIGCHLD);
	pid = clone_task(0, NULL, nothing, NULL);
	EXPECT(pid > 0);
	EXPECT_ERR(raw_wait4(pid, NULL, 0), ECHILD);
	EXPECT_ERR(raw_wait4(-1, NULL, 0), ECHILD);
	EXPECT_EQ(raw_wait4(pid, &status, __WCLONE), pid);
	EXPECT_EQ(status, 7 << 8);
	EXPECT_EQ(got_signal, 0);
	pid = clone_task(SIGUSR2, NULL, nothing, NULL);
	take(SIGUSR2);
	EXPECT_ERR(raw_wait4(pid, NULL, 0), ECHILD);
	EXPECT_EQ(raw_wait4(pid, NULL, __WALL), pid);
	pid = clone_task(SIGCHLD, NULL, nothing, NULL);
	EXPECT_ERR(raw_wait4(pid, NULL, __WCLONE), ECHILD);
	EXPECT_EQ(raw_wait4(pid, NULL, 0), pid);
	EXPECT_EQ(got_signal, SIGCHLD);
}

TEST("CLN-4", "the low byte is not checked")
{
	long pid = clone_task(0xff, NULL, nothing, NULL);

	EXPECT(pid > 0);
	EXPECT_EQ(wait_status(pid), 7 << 8);
	pid = test_fork();
	if (pid == 0) {
		EXPECT(clone_task(SIGKILL, NULL, nothing, NULL) > 0);
		for (;;)
			pause();
	}
	EXPECT_KILLED(pid, SIGKILL);
}

TEST("CLN-5", "high bits of flags and CLONE_DETACHED are ignored")
{
	static const unsigned long flags[] = {1UL << 32, 1UL << 33, 1UL << 63, 0xffffffffUL << 32,
					      CLONE_DETACHED_FLAG};

	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		long pid = clone_task(flags[i] | SIGCHLD, NULL, nothing, NULL);

		EXPECT(pid > 0);
		EXPECT_EXIT(pid, 7);
	}
}

TEST("FLG-1,FLG-7", "a pidfd and the parent's tid cannot go to the same word")
{
	static int word;

	EXPECT_NO_CLONE(raw(SYS_clone, SIGCHLD | CLONE_PIDFD | CLONE_PARENT_SETTID, 0, &word, 0, 0),
			EINVAL);
	EXPECT_NO_CLONE(raw(SYS_clone, SIGCHLD | CLONE_PIDFD | CLONE_DETACHED_FLAG, 0, &word, 0, 0),
			EINVAL);
	EXPECT_NO_CLONE(raw(SYS_clone, CLONE_PIDFD | THREAD_FLAGS, 0, &word, 0, 0), EINVAL);
}

TEST("FLG-2", "a new mount or user namespace excludes shared fs")
{
	EXPECT_NO_CLONE(raw(SYS_clone, SIGCHLD | CLONE_NEWNS | CLONE_FS, 0, 0, 0, 0), EINVAL);
	EXPECT_NO_CLONE(raw(SYS_clone, SIGCHLD | CLONE_NEWUSER | CLONE_FS, 0, 0, 0, 0), EINVAL);
}

TEST("FLG-3", "CLONE_THREAD needs CLONE_SIGHAND")
{
	EXPECT_NO_CLONE(raw(SYS_clone, CLONE_THREAD, 0, 0, 0, 0), EINVAL);
	EXPECT_NO_CLONE(raw(SYS_clone, CLONE_THREAD | CLONE_VM, 0, 0, 0, 0), EINVAL);
	EXPECT_NO_CLONE(raw(SYS_clone, SIGCHLD | CLONE_THREAD | CLONE_VM | CLONE_FS, 0, 0, 0, 0),
			EINVAL);
}

TEST("FLG-4", "CLONE_SIGHAND needs CLONE_VM")
{
	EXPECT_NO_CLONE(raw(SYS_clone, SIGCHLD | CLONE_SIGHAND, 0, 0, 0, 0), EINVAL);
	EXPECT_NO_CLONE(raw(SYS_clone, CLONE_SIGHAND | CLONE_THREAD, 0, 0, 0, 0), EINVAL);
}

TEST("FLG-7,UNW-10", "CLONE_PIDFD stores a descriptor of the child, or fails with EFAULT")
{
	char *readonly = map_private(1, PROT_READ);
	int *word = (int *)map_private(1, RW);
	long pid = raw(SYS_clone, SIGCHLD | CLONE_PIDFD, 0, word, 0, 0);
	siginfo_t info;

	if (pid == 0)
		_exit(9);
	EXPECT(pid > 0);
	EXPECT_EQ(raw(SYS_fcntl, *word, F_GETFD), FD_CLOEXEC);
	EXPECT_OK(raw(SYS_waitid, 3 /* P_PIDFD */, *word, &info, WEXITED, NULL));
	EXPECT_EQ(info.si_pid, pid);
	EXPECT_EQ(info.si_status, 9);
	EXPECT_ERR(raw(SYS_pidfd_send_signal, *word, 0, NULL, 0), ESRCH);
	raw_close(*word);
	EXPECT_NO_CLONE(raw(SYS_clone, SIGCHLD | CLONE_PIDFD, 0, readonly, 0, 0), EFAULT);
	EXPECT_NO_CLONE(raw(SYS_clone, SIGCHLD | CLONE_PIDFD, 0, 8, 0, 0), EFAULT);
	EXPECT_EQ(raw(SYS_dup, 0), *word); /* no descriptor stayed behind */
}

TEST("FLG-8", "a fork that signals interrupt never fails nor makes two children")
{
	struct itimerval every = {{0, 2000}, {0, 2000}}, off = {{0, 0}, {0, 0}};
	int made = 0;

	take(SIGALRM);
	EXPECT_EQ(raw(SYS_setitimer, ITIMER_REAL, &every, NULL), 0);
	for (int i = 0; i < 100; i++) {
		long pid = raw_fork();

		if (pid == 0)
			raw(SYS_exit_group, 1);
		EXPECT_OK(pid);
	}
	EXPECT_EQ(raw(SYS_setitimer, ITIMER_REAL, &off, NULL), 0);
	while (raw_wait4(-1, NULL, 0) > 0)
		made++;
	EXPECT_EQ(made, 100);
}

TEST("FLG-9,FST-4", "RLIMIT_NPROC stops an unprivileged user, and only while it is reached")
{
	struct gate gate = gate_new();
	pid_t child[4];
	int made = 0;
	long pid;

	drop_privileges();
	set_limit(RLIMIT_NPROC, 4);
	while ((pid = raw_fork()) > 0 && made < 4)
		child[made++] = pid;
	if (pid == 0) {
		gate_pass(&gate);
		_exit(0);
	}
	EXPECT_ERR(pid, EAGAIN);
	EXPECT_EQ(made, 3);
	for (int i = 0; i < made; i++)
		gate_open(&gate);
	for (int i = 0; i < made; i++)
		EXPECT_EXIT(child[i], 0);
	pid = test_fork();
	if (pid == 0)
		_exit(0);
	EXPECT_EXIT(pid, 0);
}

TEST("FLG-9", "root is not bound by RLIMIT_NPROC")
{
	pid_t pid;

	set_limit(RLIMIT_NPROC, 1);
	pid = test_fork();
	if (pid == 0)
		_exit(3);
	EXPECT_EXIT(pid, 3);
}

TEST("FLG-11", "new namespaces need CAP_SYS_ADMIN")
{
	static const unsigned long flags[] = {CLONE_NEWNS,  CLONE_NEWUTS, CLONE_NEWIPC,
					      CLONE_NEWPID, CLONE_NEWNET, CLONE_NEWCGROUP};

	EXPECT_NO_CLONE(raw(SYS_clone, SIGCHLD | CLONE_NEWIPC | CLONE_SYSVSEM, 0, 0, 0, 0), EINVAL);
	drop_privileges();
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		EXPECT_NO_CLONE(raw(SYS_clone, SIGCHLD | flags[i], 0, 0, 0, 0), EPERM);
}

TEST("FLG-12", "a TLS address outside user space is EPERM")
{
	EXPECT_NO_CLONE(raw(SYS_clone, SIGCHLD | CLONE_SETTLS, 0, 0, 0, TASK_SIZE), EPERM);
	EXPECT_NO_CLONE(raw(SYS_clone, SIGCHLD | CLONE_SETTLS, 0, 0, 0, -PAGE), EPERM);
	EXPECT_NO_CLONE(raw(SYS_clone, SIGCHLD | CLONE_SETTLS, 0, 0, 0, 1UL << 47), EPERM);
}

TEST("CLN-1", "CLONE_PARENT makes a sibling, whose parent waits for it")
{
	struct gate made = gate_new();
	int *sibling = (int *)map_shared(1, RW);
	pid_t pid = test_fork();

	if (pid == 0) {
		*sibling = clone_task(CLONE_PARENT | SIGUSR1, NULL, nothing, NULL);
		EXPECT(*sibling > 0);
		EXPECT_ERR(raw_wait4(-1, NULL, __WALL), ECHILD);
		gate_open(&made);
		_exit(0);
	}
	gate_pass(&made);
	EXPECT_EXIT(pid, 0);
	EXPECT_EQ(raw_wait4(*sibling, NULL, 0), *sibling); /* the signal is its maker's, SIGCHLD */
}
