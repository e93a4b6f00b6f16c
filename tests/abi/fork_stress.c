// SPDX-License-Identifier: MIT
/*
 * tests/abi/fork_stress.c - fork with much memory, many areas and busy threads
 * (docs/contract/fork.md, section 15).
 */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "lib/sys.h"
#include "lib/task.h"
#include "lib/test.h"

#define AREAS 1000
#define BIG   (24UL << 20) /* bytes; all of it twice in a guest of 256 MiB */

TEST_SLOW("FST-2",
	  "a child with a thousand areas and much memory has all of it, while the parent rewrites",
	  60)
{
	char *area[AREAS];
	unsigned long *big = (unsigned long *)map_private(BIG / PAGE, RW);
	size_t words = BIG / sizeof(*big);
	pid_t pid;

	for (int i = 0; i < AREAS; i++) {
		area[i] = map_private(2, RW);
		EXPECT_OK(raw_mprotect(area[i] + PAGE, PAGE, PROT_NONE));
		*(int *)area[i] = i;
	}
	for (size_t i = 0; i < words; i += 64)
		big[i] = i;
	pid = test_fork();
	if (pid == 0) {
		for (size_t i = 0; i < words; i += 64)
			if (big[i] != i)
				FAIL("word %zu is %lu", i, big[i]);
		for (int i = 0; i < AREAS; i++)
			EXPECT_EQ(*(int *)area[i], i);
		_exit(0);
	}
	for (size_t i = 0; i < words; i += 64)
		big[i] = ~i;
	for (int i = 0; i < AREAS; i++)
		*(int *)area[i] = -i;
	EXPECT_EXIT(pid, 0);
}

static volatile int stop;
static volatile unsigned long *board; /* a page of which each thread owns a word */

/* Maps, fills and protects areas; the word on the board says what is being done to which. */
static void *map_and_unmap(void *argument)
{
	unsigned long own = (unsigned long)argument, round = 0;

	while (!stop) {
		char *p = map_private(8, RW);

		memset(p, own, 8 * PAGE);
		board[own] = (unsigned long)p; /* from here on all of it reads `own` */
		EXPECT_OK(raw_mprotect(p + 3 * PAGE, PAGE, PROT_READ));
		EXPECT_OK(raw_mprotect(p, 8 * PAGE, PROT_READ));
		if (++round % 4 == 0)
			raw(SYS_sched_yield);
		board[own] = 0;
		EXPECT_OK(raw_munmap(p, 8 * PAGE));
	}
	return NULL;
}

TEST_SLOW("FST-3", "children of a process whose threads map and unmap see a consistent picture",
	  100)
{
	struct thread thread[3];

	board = (unsigned long *)map_private(1, RW);
	for (unsigned long i = 0; i < 3; i++)
		thread[i] = thread_start(map_and_unmap, (void *)(i + 1));
	for (int round = 0; round < 100; round++) {
		pid_t pid = raw_fork();

		if (pid == 0) {
			for (int i = 1; i < 4; i++) {
				char *p = (char *)board[i];

				for (size_t at = 0; p && at < 8 * PAGE; at += 1000)
					if (p[at] != i)
						raw(SYS_exit_group, 1);
			}
			raw(SYS_exit_group, 0);
		}
		EXPECT(pid > 0);
		EXPECT_EQ(wait_status(pid), 0);
	}
	stop = 1;
	for (int i = 0; i < 3; i++)
		thread_join(thread[i]);
}

static void tree(int depth)
{
	for (int i = 0; depth && i < 3; i++) {
		pid_t pid = raw_fork();

		if (pid == 0) {
			tree(depth - 1);
			raw(SYS_exit_group, depth);
		}
		EXPECT(pid > 0);
		if (i == 1)
			EXPECT_EQ(wait_status(pid), depth << 8);
	}
	while (raw_wait4(-1, NULL, 0) > 0)
		;
}

TEST("FST-1", "trees of children end without a trace")
{
	long before;

	/* A leak would show every time; what a kernel frees late does not. */
	for (int tries = 0; tries < 20; tries++) {
		before = free_memory();
		for (int i = 0; i < 3; i++)
			tree(4);
		if (free_memory() > before - 256)
			return;
	}
	FAIL("each time less memory is free afterwards");
}

TEST("FST-4", "many children at once, all ended by one signal")
{
	struct gate gate = gate_new();
	int count = 100;

	for (int i = 0; i < count; i++) {
		pid_t pid = raw_fork();

		EXPECT(pid >= 0);
		if (pid == 0) {
			gate_open(&gate);
			for (;;)
				raw(SYS_pause);
		}
	}
	for (int i = 0; i < count; i++)
		gate_pass(&gate);
	EXPECT(signal(SIGTERM, SIG_IGN) != SIG_ERR);
	EXPECT_OK(raw_kill(0, SIGTERM));
	for (int i = 0; i < count; i++) {
		int status;

		EXPECT(raw_wait4(-1, &status, 0) > 0);
		EXPECT_EQ(status, SIGTERM);
	}
	EXPECT_ERR(raw_wait4(-1, NULL, 0), ECHILD);
}
