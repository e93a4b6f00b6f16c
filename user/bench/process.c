// SPDX-License-Identifier: MIT
/*
 * user/bench/process.c - system calls, processes and signals.
 */
#include "bench.h"
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static uint64_t null_getpid(unsigned long ops)
{
	uint64_t t = ticks();

	while (ops--)
		syscall(SYS_getppid);
	return ticks() - t;
}

static uint64_t null_enosys(unsigned long ops)
{
	uint64_t t = ticks();

	while (ops--)
		syscall(1023);
	return ticks() - t;
}

/* ---- fork -------------------------------------------------------------------------------- */

uint64_t time_forks(unsigned long ops, int reaped)
{
	uint64_t sum = 0;

	while (ops--) {
		uint64_t t = ticks();
		int pid = fork();

		if (!pid)
			_exit(0);
		if (!reaped)
			sum += ticks() - t;
		reap(pid);
		if (reaped)
			sum += ticks() - t;
	}
	return sum;
}

static uint64_t fork_call_small(unsigned long ops)
{
	return time_forks(ops, 0);
}

static uint64_t fork_exit_wait_small(unsigned long ops)
{
	return time_forks(ops, 1);
}

static uint64_t with_touched(size_t size, unsigned long ops, int reaped)
{
	char *p = map_anon(size);
	uint64_t t;

	touch(p, size);
	t = time_forks(ops, reaped);
	munmap(p, size);
	return t;
}

static uint64_t fork_call_64m(unsigned long ops)
{
	return with_touched(64 * MiB, ops, 0);
}

static uint64_t fork_reaped_64m(unsigned long ops)
{
	return with_touched(64 * MiB, ops, 1);
}

static uint64_t vfork_exit_wait(unsigned long ops)
{
	uint64_t t = ticks();

	while (ops--) {
		int pid = vfork();

		if (!pid)
			_exit(0);
		reap(pid);
	}
	return ticks() - t;
}

static uint64_t exec_and_wait(unsigned long ops, int use_vfork)
{
	char *const argv[] = {"bench", "--exit", NULL};
	char *const envp[] = {NULL};
	uint64_t t = ticks();

	while (ops--) {
		int pid = use_vfork ? vfork() : fork();

		if (!pid) {
			execve("/proc/self/exe", argv, envp);
			_exit(1);
		}
		reap(pid);
	}
	return ticks() - t;
}

static uint64_t fork_execve_wait(unsigned long ops)
{
	return exec_and_wait(ops, 0);
}

static uint64_t vfork_execve_wait(unsigned long ops)
{
	return exec_and_wait(ops, 1);
}

/* ---- signals ----------------------------------------------------------------------------- */

static void ignore_it(int sig)
{
}

static uint64_t sig_install(unsigned long ops)
{
	struct sigaction sa = {.sa_handler = ignore_it};
	uint64_t t = ticks();

	while (ops--)
		sigaction(SIGUSR1, &sa, NULL);
	return ticks() - t;
}

static uint64_t sig_self_kill(unsigned long ops)
{
	struct sigaction sa = {.sa_handler = ignore_it};
	int pid = getpid();
	uint64_t t;

	sigaction(SIGUSR1, &sa, NULL);
	t = ticks();
	while (ops--)
		kill(pid, SIGUSR1);
	return ticks() - t;
}

static sigjmp_buf jump;

static void jump_out(int sig)
{
	siglongjmp(jump, 1);
}

static uint64_t segv_siglongjmp(unsigned long ops)
{
	struct sigaction sa = {.sa_handler = jump_out};
	volatile unsigned long left = ops;
	char *p = map_anon(PAGE);
	uint64_t t;

	mprotect(p, PAGE, PROT_NONE);
	sigaction(SIGSEGV, &sa, NULL);
	t = ticks();
	while (left--) {
		if (!sigsetjmp(jump, 1))
			*(volatile char *)p = 1;
	}
	t = ticks() - t;
	signal(SIGSEGV, SIG_DFL);
	munmap(p, PAGE);
	return t;
}

const struct bench process_benches[] = {
	{"null_getpid", 1000, null_getpid},
	{"null_enosys", 1000, null_enosys},
	{"fork_call_small", 20, fork_call_small},
	{"fork_exit_wait_small", 20, fork_exit_wait_small},
	{"fork_call_64m", 3, fork_call_64m},
	{"fork_reaped_64m", 3, fork_reaped_64m},
	{"vfork_exit_wait", 20, vfork_exit_wait},
	{"fork_execve_wait", 20, fork_execve_wait},
	{"vfork_execve_wait", 20, vfork_execve_wait},
	{"sig_install", 1000, sig_install},
	{"sig_self_kill", 500, sig_self_kill},
	{"segv_siglongjmp", 500, segv_siglongjmp},
	{NULL, 0, NULL},
};
