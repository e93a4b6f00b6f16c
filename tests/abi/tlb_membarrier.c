// SPDX-License-Identifier: MIT
/*
 * tests/abi/tlb_membarrier.c - barriers on all CPUs (docs/contract/mmap.md, section 21).
 */
#include <unistd.h>

#include "lib/sys.h"
#include "lib/task.h"
#include "lib/test.h"

enum {
	QUERY = 0,
	GLOBAL = 1,
	GLOBAL_EXPEDITED = 2,
	REGISTER_GLOBAL_EXPEDITED = 4,
	PRIVATE_EXPEDITED = 8,
	REGISTER_PRIVATE_EXPEDITED = 16,
	SYNC_CORE = 32,
	REGISTER_SYNC_CORE = 64,
	RSEQ = 128,
	REGISTER_RSEQ = 256,
};

static long barrier(int command, unsigned int flags)
{
	return raw(SYS_membarrier, command, flags, 0);
}

TEST("MBR-1", "the query tells what is supported")
{
	long mask = EXPECT_OK(barrier(QUERY, 0));
	long needed = GLOBAL | PRIVATE_EXPEDITED | REGISTER_PRIVATE_EXPEDITED;

	EXPECT_EQ(mask & needed, needed);
	EXPECT_EQ(barrier(GLOBAL, 0), 0);
}

TEST("MBR-2", "flags and unknown commands are EINVAL")
{
	EXPECT_ERR(barrier(QUERY, 1), EINVAL);
	EXPECT_ERR(barrier(GLOBAL, 2), EINVAL);
	EXPECT_ERR(barrier(3, 0), EINVAL);
	EXPECT_ERR(barrier(-1, 0), EINVAL);
	EXPECT_ERR(barrier(1 << 20, 0), EINVAL);
}

TEST("MBR-3", "the private barrier wants registration, which fork keeps")
{
	pid_t pid;

	EXPECT_ERR(barrier(PRIVATE_EXPEDITED, 0), EPERM);
	EXPECT_EQ(barrier(REGISTER_PRIVATE_EXPEDITED, 0), 0);
	EXPECT_EQ(barrier(PRIVATE_EXPEDITED, 0), 0);
	pid = test_fork();
	if (pid == 0) {
		EXPECT_EQ(barrier(PRIVATE_EXPEDITED, 0), 0);
		_exit(0);
	}
	EXPECT_EXIT(pid, 0);
}

TEST("MBR-1", "every barrier that the query lists can be had, and no other")
{
	static const struct {
		int command, registration;
	} all[] = {{GLOBAL, 0},
		   {GLOBAL_EXPEDITED, REGISTER_GLOBAL_EXPEDITED},
		   {PRIVATE_EXPEDITED, REGISTER_PRIVATE_EXPEDITED},
		   {SYNC_CORE, REGISTER_SYNC_CORE},
		   {RSEQ, REGISTER_RSEQ}};
	long mask = EXPECT_OK(barrier(QUERY, 0));

	EXPECT_EQ(mask & ~511L, 0);
	for (int i = 0; i < 5; i++) {
		if (!(mask & all[i].command)) {
			EXPECT_ERR(barrier(all[i].command, 0), EINVAL);
			continue;
		}
		if (all[i].registration) {
			EXPECT(mask & all[i].registration);
			EXPECT_EQ(barrier(all[i].registration, 0), 0);
			EXPECT_EQ(barrier(all[i].registration, 0), 0);
		}
		EXPECT_EQ(barrier(all[i].command, 0), 0);
	}
}

TEST("MBR-3", "each private barrier wants its own registration, the global one none")
{
	EXPECT_EQ(barrier(GLOBAL_EXPEDITED, 0), 0);
	EXPECT_EQ(barrier(REGISTER_GLOBAL_EXPEDITED, 0), 0);
	EXPECT_ERR(barrier(PRIVATE_EXPEDITED, 0), EPERM);
	EXPECT_ERR(barrier(SYNC_CORE, 0), EPERM);
	EXPECT_EQ(barrier(REGISTER_SYNC_CORE, 0), 0);
	EXPECT_EQ(barrier(SYNC_CORE, 0), 0);
	EXPECT_ERR(barrier(PRIVATE_EXPEDITED, 0), EPERM);
	EXPECT_EQ(barrier(REGISTER_PRIVATE_EXPEDITED, 0), 0);
	EXPECT_EQ(barrier(PRIVATE_EXPEDITED, 0), 0);
}

int test_child(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	EXPECT_ERR(barrier(PRIVATE_EXPEDITED, 0), EPERM);
	EXPECT_ERR(barrier(SYNC_CORE, 0), EPERM);
	return 3;
}

TEST("MBR-3", "exec forgets the registration")
{
	pid_t pid;

	EXPECT_EQ(barrier(REGISTER_PRIVATE_EXPEDITED, 0), 0);
	EXPECT_EQ(barrier(REGISTER_SYNC_CORE, 0), 0);
	pid = test_fork();
	if (pid == 0)
		test_exec((const char *const[]){"", NULL});
	EXPECT_EXIT(pid, 3);
}

struct pair {
	volatile int *mine, *other;
	volatile int *round, *done;
	int rounds;
	volatile int seen;
};

static void *fast_side(void *argument)
{
	struct pair *pair = argument;

	if (cpu_count() > 1)
		pin_to_cpu(1);
	for (int i = 1; i <= pair->rounds; i++) {
		while (*pair->round < i)
			raw(SYS_sched_yield);
		*pair->mine = i;
		__asm__ volatile("" ::: "memory"); /* no barrier of the CPU */
		pair->seen = *pair->other;
		__atomic_store_n(pair->done, i, __ATOMIC_SEQ_CST);
	}
	return NULL;
}

TEST("MBR-3", "after the barrier one side sees the other's store")
{
	static volatile int a, b, round, done;
	struct pair pair = {&a, &b, &round, &done, 300, 0};
	struct thread thread = thread_start(fast_side, &pair);

	EXPECT_EQ(barrier(REGISTER_PRIVATE_EXPEDITED, 0), 0);
	for (int i = 1; i <= 300; i++) {
		int seen;

		round = i;
		b = i;
		EXPECT_EQ(barrier(PRIVATE_EXPEDITED, 0), 0);
		seen = a;
		while (__atomic_load_n(&done, __ATOMIC_SEQ_CST) < i)
			raw(SYS_sched_yield);
		if (seen != i && pair.seen != i)
			FAIL("round %d: neither side saw the other's store", i);
	}
	thread_join(thread);
}
