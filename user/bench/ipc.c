// SPDX-License-Identifier: MIT
/*
 * user/bench/ipc.c - round trips between two tasks: a byte through two pipes, a futex handed over.
 */
#include "bench.h"
#include <linux/futex.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* ---- pipes ------------------------------------------------------------------------------- */

static int there[2], back[2];

static void open_pipes(void)
{
	if (pipe(there) || pipe(back))
		fail("pipe");
}

static void close_pipes(void)
{
	close(there[0]);
	close(there[1]);
	close(back[0]);
	close(back[1]);
}

static void echo_bytes(unsigned long n)
{
	char c;

	while (n--) {
		if (read(there[0], &c, 1) != 1 || write(back[1], &c, 1) != 1)
			fail("echo");
	}
}

static uint64_t ping(unsigned long n)
{
	uint64_t t = ticks();
	char c = 'x';

	while (n--) {
		if (write(there[1], &c, 1) != 1 || read(back[0], &c, 1) != 1)
			fail("ping");
	}
	return ticks() - t;
}

static uint64_t pipe_pingpong_proc(unsigned long ops)
{
	uint64_t t;
	int pid;

	open_pipes();
	pid = fork();
	if (!pid) {
		echo_bytes(ops);
		_exit(0);
	}
	t = ping(ops);
	reap(pid);
	close_pipes();
	return t;
}

static void *echo_thread(void *n)
{
	echo_bytes((unsigned long)n);
	return NULL;
}

static uint64_t pipe_pingpong_thread(unsigned long ops)
{
	pthread_t thread;
	uint64_t t;

	open_pipes();
	if (pthread_create(&thread, NULL, echo_thread, (void *)ops))
		fail("pthread_create");
	t = ping(ops);
	pthread_join(thread, NULL);
	close_pipes();
	return t;
}

/* ---- futex ------------------------------------------------------------------------------- */

/* The word says whose turn it is; each side waits for its own value. */
static uint32_t *turn;
static int futex_flag;

static void wait_turn(uint32_t mine, uint32_t other)
{
	while (__atomic_load_n(turn, __ATOMIC_ACQUIRE) != mine)
		syscall(SYS_futex, turn, FUTEX_WAIT | futex_flag, other, NULL, NULL, 0);
}

static void pass_turn(uint32_t to)
{
	__atomic_store_n(turn, to, __ATOMIC_RELEASE);
	syscall(SYS_futex, turn, FUTEX_WAKE | futex_flag, 1, NULL, NULL, 0);
}

static void futex_partner(unsigned long n)
{
	while (n--) {
		wait_turn(1, 0);
		pass_turn(0);
	}
}

static uint64_t futex_rounds(unsigned long n)
{
	uint64_t t = ticks();

	while (n--) {
		pass_turn(1);
		wait_turn(0, 1);
	}
	return ticks() - t;
}

static void map_turn(int flag)
{
	turn = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (turn == MAP_FAILED)
		fail("mmap");
	*turn = 0;
	futex_flag = flag;
}

static void *futex_thread(void *n)
{
	futex_partner((unsigned long)n);
	return NULL;
}

static uint64_t futex_pingpong_thread(unsigned long ops)
{
	pthread_t thread;
	uint64_t t;

	map_turn(FUTEX_PRIVATE_FLAG);
	if (pthread_create(&thread, NULL, futex_thread, (void *)ops))
		fail("pthread_create");
	t = futex_rounds(ops);
	pthread_join(thread, NULL);
	munmap(turn, PAGE);
	return t;
}

static uint64_t futex_pingpong_proc(unsigned long ops)
{
	uint64_t t;
	int pid;

	map_turn(0);
	pid = fork();
	if (!pid) {
		futex_partner(ops);
		_exit(0);
	}
	t = futex_rounds(ops);
	reap(pid);
	munmap(turn, PAGE);
	return t;
}

const struct bench ipc_benches[] = {
	{"pipe_pingpong_proc", 300, pipe_pingpong_proc},
	{"pipe_pingpong_thread", 300, pipe_pingpong_thread},
	{"futex_pingpong_thread", 300, futex_pingpong_thread},
	{"futex_pingpong_proc", 300, futex_pingpong_proc},
	{NULL, 0, NULL},
};
