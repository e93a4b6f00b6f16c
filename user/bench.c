// SPDX-License-Identifier: MIT
/*
 * user/bench.c - what the calls of virtual memory and processes cost, for `make bench`.
 *
 * Each row repeats an operation and prints the best of several rounds: `bench NAME TICKS`, in ticks
 * of the time stamp counter for one operation. Under QEMU's -icount a tick is one guest
 * instruction. The arguments, if any, choose rows by name.
 *
 * _reaped counts until the child has exited and been waited for; _call only the parent's time in
 * fork(); sizes are touched anonymous memory; "page" rows are per 4 KiB page.
 */
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE   4096UL
#define MIB    (1UL << 20)
#define ROUNDS 5

static char **self_argv;

static inline uint64_t ticks(void)
{
	uint32_t low, high;

	__asm__ volatile("lfence; rdtsc" : "=a"(low), "=d"(high)::"memory");
	return (uint64_t)high << 32 | low;
}

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static char *map(size_t size)
{
	char *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		die("mmap");
	return p;
}

/* Stores, not read-modify-writes: those would fault twice on an absent page under emulation. */
static void touch(char *p, size_t size)
{
	for (size_t at = 0; at < size; at += PAGE)
		*(volatile char *)(p + at) = 1;
}

static char read_pages(char *p, size_t size)
{
	char sum = 0;

	for (size_t at = 0; at < size; at += PAGE)
		sum += *(volatile char *)(p + at);
	return sum;
}

/* ---- Each row returns the ticks of one operation, from one round. ---- */

static uint64_t null_call(void)
{
	uint64_t start = ticks();

	for (int i = 0; i < 1000; i++)
		syscall(SYS_getppid);
	return (ticks() - start) / 1000;
}

static uint64_t fork_reaped(size_t size, int count)
{
	char *memory = size ? map(size) : NULL;
	uint64_t start;

	if (memory)
		touch(memory, size);
	start = ticks();
	for (int i = 0; i < count; i++) {
		pid_t pid = fork();

		if (pid == 0)
			_exit(0);
		if (pid < 0)
			die("fork");
		waitpid(pid, NULL, 0);
	}
	start = (ticks() - start) / count;
	if (memory)
		munmap(memory, size);
	return start;
}

static uint64_t fork_exit_wait_small(void)
{
	return fork_reaped(0, 20);
}

static uint64_t fork_reaped_64m(void)
{
	return fork_reaped(64 * MIB, 3);
}

static uint64_t fork_call_64m(void)
{
	char *memory = map(64 * MIB);
	uint64_t sum = 0;

	touch(memory, 64 * MIB);
	for (int i = 0; i < 3; i++) {
		uint64_t start = ticks();
		pid_t pid = fork();

		if (pid == 0)
			_exit(0);
		if (pid < 0)
			die("fork");
		sum += ticks() - start;
		waitpid(pid, NULL, 0);
	}
	munmap(memory, 64 * MIB);
	return sum / 3;
}

/* A function of its own, because the child borrows its frame. */
static __attribute__((noinline)) pid_t spawn_self(void)
{
	static char *argv[] = {"bench", "--exit", NULL}, *envp[] = {NULL};
	pid_t pid = vfork();

	if (pid == 0) {
		execve(self_argv[0], argv, envp);
		_exit(1);
	}
	return pid;
}

static uint64_t vfork_exec_wait(void)
{
	uint64_t start = ticks();

	for (int i = 0; i < 5; i++) {
		pid_t pid = spawn_self();

		if (pid < 0)
			die("vfork");
		waitpid(pid, NULL, 0);
	}
	return (ticks() - start) / 5;
}

static uint64_t fault_anon_write(void)
{
	char *p = map(4 * MIB);
	uint64_t start = ticks();

	touch(p, 4 * MIB);
	start = (ticks() - start) / (4 * MIB / PAGE);
	munmap(p, 4 * MIB);
	return start;
}

static uint64_t fault_zero_read(void)
{
	char *p = map(4 * MIB);
	uint64_t start = ticks();

	read_pages(p, 4 * MIB);
	start = (ticks() - start) / (4 * MIB / PAGE);
	munmap(p, 4 * MIB);
	return start;
}

/* The child writes pages that it shares with the parent, and tells the ticks of a page by a shared
 * page. */
static uint64_t cow_in_child(size_t skip, size_t size)
{
	uint64_t *shared =
		mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	char *p = map(size);
	uint64_t result;
	pid_t pid;

	if (shared == MAP_FAILED)
		die("mmap");
	*shared = 0;
	touch(p, size);
	pid = fork();
	if (pid == 0) {
		uint64_t start;

		if (skip)
			touch(p, skip);
		start = ticks();
		touch(p + skip, size - skip);
		*shared = (ticks() - start) / ((size - skip) / PAGE);
		_exit(0);
	}
	if (pid < 0)
		die("fork");
	waitpid(pid, NULL, 0);
	result = *shared;
	munmap(shared, PAGE);
	munmap(p, size);
	return result;
}

static uint64_t cow_break(void)
{
	return cow_in_child(PAGE, 4 * MIB);
}

static uint64_t cow_first_write(void)
{
	return cow_in_child(0, PAGE);
}

static uint64_t mmap_munmap(void)
{
	uint64_t start = ticks();

	for (int i = 0; i < 200; i++)
		munmap(map(PAGE), PAGE);
	return (ticks() - start) / 200;
}

static uint64_t mmap_touch_munmap_64k(void)
{
	uint64_t start = ticks();

	for (int i = 0; i < 50; i++) {
		char *p = map(65536);

		touch(p, 65536);
		munmap(p, 65536);
	}
	return (ticks() - start) / 50;
}

static uint64_t munmap_touched_page(void)
{
	char *p = map(4 * MIB);
	uint64_t start;

	touch(p, 4 * MIB);
	start = ticks();
	munmap(p, 4 * MIB);
	return (ticks() - start) / (4 * MIB / PAGE);
}

/* Read-only, writable again, one store. */
static uint64_t mprotect_pair(void)
{
	char *p = map(PAGE);
	uint64_t start;

	*p = 1;
	start = ticks();
	for (int i = 0; i < 200; i++) {
		mprotect(p, PAGE, PROT_READ);
		mprotect(p, PAGE, PROT_READ | PROT_WRITE);
		*(volatile char *)p = 1;
	}
	start = (ticks() - start) / 200;
	munmap(p, PAGE);
	return start;
}

static uint64_t pipe_round_trip(void)
{
	int there[2], back[2];
	uint64_t start;
	char c = 0;
	pid_t pid;

	if (pipe(there) || pipe(back))
		die("pipe");
	pid = fork();
	if (pid == 0) {
		close(there[1]);
		close(back[0]);
		while (read(there[0], &c, 1) == 1)
			if (write(back[1], &c, 1) != 1)
				break;
		_exit(0);
	}
	if (pid < 0)
		die("fork");
	close(there[0]);
	close(back[1]);
	start = ticks();
	for (int i = 0; i < 200; i++)
		if (write(there[1], &c, 1) != 1 || read(back[0], &c, 1) != 1)
			die("pipe round trip");
	start = (ticks() - start) / 200;
	close(there[1]);
	close(back[0]);
	waitpid(pid, NULL, 0);
	return start;
}

static int turn;

static void wait_turn(int mine)
{
	int now;

	while ((now = __atomic_load_n(&turn, __ATOMIC_ACQUIRE)) != mine)
		syscall(SYS_futex, &turn, FUTEX_WAIT_PRIVATE, now, NULL, NULL, 0);
}

static void give_turn(int other)
{
	__atomic_store_n(&turn, other, __ATOMIC_RELEASE);
	syscall(SYS_futex, &turn, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static void *futex_partner(void *arg)
{
	for (int i = 0; i < 200; i++) {
		wait_turn(1);
		give_turn(0);
	}
	return arg;
}

static uint64_t futex_round_trip(void)
{
	pthread_t thread;
	uint64_t start;

	turn = 0;
	if (pthread_create(&thread, NULL, futex_partner, NULL))
		die("pthread_create");
	start = ticks();
	for (int i = 0; i < 200; i++) {
		give_turn(1);
		wait_turn(0);
	}
	start = (ticks() - start) / 200;
	pthread_join(thread, NULL);
	return start;
}

static void on_signal(int sig)
{
	(void)sig;
}

static uint64_t signal_self(void)
{
	pid_t pid = getpid();
	uint64_t start;

	signal(SIGUSR1, on_signal);
	start = ticks();
	for (int i = 0; i < 200; i++)
		kill(pid, SIGUSR1);
	return (ticks() - start) / 200;
}

static const struct row {
	const char *name;
	uint64_t (*run)(void);
} rows[] = {
	{"null_call", null_call},
	{"fork_exit_wait_small", fork_exit_wait_small},
	{"fork_call_64m", fork_call_64m},
	{"fork_reaped_64m", fork_reaped_64m},
	{"vfork_exec_wait", vfork_exec_wait},
	{"fault_anon_write_page", fault_anon_write},
	{"fault_zero_read_page", fault_zero_read},
	{"cow_break_page", cow_break},
	{"cow_first_write", cow_first_write},
	{"mmap_munmap_4k", mmap_munmap},
	{"mmap_touch_munmap_64k", mmap_touch_munmap_64k},
	{"munmap_touched_page", munmap_touched_page},
	{"mprotect_pair", mprotect_pair},
	{"pipe_round_trip", pipe_round_trip},
	{"futex_round_trip", futex_round_trip},
	{"signal_self", signal_self},
};

static int chosen(const char *name, char **names)
{
	if (!*names)
		return 1;
	for (; *names; names++)
		if (strstr(name, *names))
			return 1;
	return 0;
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "--exit"))
		return 0;
	self_argv = argv;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint64_t best = UINT64_MAX;

		if (!chosen(rows[i].name, argv + 1))
			continue;
		for (int round = 0; round < ROUNDS; round++) {
			uint64_t now = rows[i].run();

			if (now < best)
				best = now;
		}
		printf("bench %s %llu\n", rows[i].name, (unsigned long long)best);
		fflush(stdout);
	}
	return 0;
}
