// SPDX-License-Identifier: MIT
/*
 * tests/abi/futex.c - waiting on a word of memory and waking who waits
 * (docs/contract/calls.md, FTX). What the end of a thread wakes stands in tid.c.
 */
#include <linux/futex.h>
#include <sched.h>
#include <time.h>
#include <unistd.h>

#include "lib/sys.h"
#include "lib/task.h"
#include "lib/test.h"

#define BAD    ((void *)8)
#define KERNEL ((void *)0xffff888000000000UL)
#define SECOND 1000000000L
#define MANY   0x7fffffff

/* A thread, or a process, that waits once on a word. */
struct waiter {
	void *word;
	int op; /* FUTEX_WAIT_BITSET and flags */
	unsigned int bitset;
	volatile int tid;
	volatile long result;
	volatile int done;
	struct thread thread;
};

static int words[4];

static void *wait_once(void *argument)
{
	struct waiter *w = argument;

	w->tid = raw_gettid();
	w->result = raw_futex(w->word, w->op, 0, NULL, NULL, w->bitset);
	w->done = 1;
	return NULL;
}

static void await_waiter(struct waiter *w)
{
	while (!w->tid)
		sched_yield();
	await_state(w->tid, "S");
}

/* Starts a thread and comes back when it sleeps on the word, which holds 0. */
static void start_waiter(struct waiter *w, void *word, int flags, unsigned int bitset)
{
	*w = (struct waiter){.word = word, .op = FUTEX_WAIT_BITSET | flags, .bitset = bitset};
	w->thread = thread_start(wait_once, w);
	await_waiter(w);
}

static void end_waiter(struct waiter *w)
{
	thread_join(w->thread);
	EXPECT_EQ(w->result, 0);
}

static int count_done(struct waiter *w, int n)
{
	int done = 0;

	for (int i = 0; i < n; i++)
		done += w[i].done;
	return done;
}

static const int both[] = {0, FUTEX_PRIVATE_FLAG};

TEST("FTX-1", "another value is EAGAIN, an unaligned word EINVAL, an unmapped one EFAULT")
{
	char *page = map_private(1, RW), *hole = free_range(1);

	for (int i = 0; i < 2; i++) {
		EXPECT_ERR(raw_futex(words, FUTEX_WAIT | both[i], 1, NULL, NULL, 0), EAGAIN);
		EXPECT_ERR(raw_futex(page + 8, FUTEX_WAIT | both[i], 1, NULL, NULL, 0), EAGAIN);
		EXPECT_ERR(raw_futex(page + 1, FUTEX_WAIT | both[i], 1, NULL, NULL, 0), EINVAL);
		EXPECT_ERR(raw_futex(page + 2, FUTEX_WAKE | both[i], 1, NULL, NULL, 0), EINVAL);
		EXPECT_ERR(raw_futex(hole, FUTEX_WAIT | both[i], 0, NULL, NULL, 0), EFAULT);
		EXPECT_ERR(raw_futex(hole + 1, FUTEX_WAIT | both[i], 0, NULL, NULL, 0), EINVAL);
		EXPECT_ERR(raw_futex(KERNEL, FUTEX_WAIT | both[i], 0, NULL, NULL, 0), EFAULT);
		EXPECT_ERR(raw_futex(KERNEL, FUTEX_WAKE | both[i], 1, NULL, NULL, 0), EFAULT);
	}
	EXPECT_ERR(raw_futex(hole, FUTEX_WAKE, 1, NULL, NULL, 0), EFAULT);
	EXPECT_EQ(raw_futex(hole, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0), 0);
}

TEST("FTX-1", "a shared word must have memory behind it that can change, a private one an address")
{
	int fd = temp_file(PAGE);
	char *none = map_private(1, PROT_NONE), *constant = map_private(1, PROT_READ);
	char *cut = (char *)raw_mmap(NULL, PAGE, RW, MAP_SHARED, fd, 0);
	char *file = (char *)raw_mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
	char *bad[] = {none, constant, cut, free_range(1)};

	EXPECT_EQ(raw_futex(cut, FUTEX_WAKE, 1, NULL, NULL, 0), 0);
	EXPECT_EQ(raw_futex(file, FUTEX_WAKE, 1, NULL, NULL, 0), 0);
	EXPECT_OK(raw(SYS_ftruncate, fd, 0));
	for (int i = 0; i < 4; i++) {
		EXPECT_ERR(raw_futex(bad[i], FUTEX_WAKE, 1, NULL, NULL, 0), EFAULT);
		EXPECT_ERR(raw_futex(bad[i], FUTEX_WAIT, 1, NULL, NULL, 0), EFAULT);
		EXPECT_ERR(raw_futex(bad[i], FUTEX_REQUEUE, 0, (void *)1, words, 0), EFAULT);
		EXPECT_ERR(raw_futex(words, FUTEX_REQUEUE, 0, (void *)1, bad[i], 0), EFAULT);
		EXPECT_EQ(raw_futex(bad[i], FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0), 0);
	}
}

TEST("FTX-1", "an unknown operation is ENOSYS, a bitset of 0 EINVAL")
{
	EXPECT_ERR(raw_futex(words, 14, 0, NULL, NULL, 0), ENOSYS);
	EXPECT_ERR(raw_futex(words, 100, 0, NULL, NULL, 0), ENOSYS);
	EXPECT_ERR(raw_futex(words, 2, 0, NULL, NULL, 0), ENOSYS); /* FUTEX_FD is no more */
	EXPECT_ERR(raw_futex(words, FUTEX_WAKE | FUTEX_CLOCK_REALTIME, 1, NULL, NULL, 0), ENOSYS);
	EXPECT_ERR(raw_futex(words, FUTEX_WAIT | FUTEX_CLOCK_REALTIME, 1, NULL, NULL, 0), ENOSYS);
	for (int i = 0; i < 2; i++) {
		EXPECT_ERR(raw_futex(words, FUTEX_WAIT_BITSET | both[i], 1, NULL, NULL, 0), EINVAL);
		EXPECT_ERR(raw_futex(words, FUTEX_WAKE_BITSET | both[i], 1, NULL, NULL, 0), EINVAL);
		EXPECT_ERR(raw_futex(BAD, FUTEX_WAIT_BITSET | both[i], 1, NULL, NULL, 0), EINVAL);
	}
}

TEST("FTX-1,FTX-2", "the time is looked at before the word")
{
	static const struct timespec wrong[] = {{0, -1}, {0, SECOND}, {-1, 0}};

	for (int i = 0; i < 3; i++) {
		EXPECT_ERR(raw_futex(BAD, FUTEX_WAIT, 1, &wrong[i], NULL, 0), EINVAL);
		EXPECT_ERR(raw_futex(words, FUTEX_WAIT_BITSET, 1, &wrong[i], NULL, 1), EINVAL);
	}
	EXPECT_ERR(raw_futex(words + 1, FUTEX_WAIT, 1, BAD, NULL, 0), EFAULT);
	EXPECT_ERR(raw_futex((char *)words + 1, FUTEX_WAIT, 1, BAD, NULL, 0), EFAULT);
}

TEST("FTX-2", "a relative time is an interval")
{
	struct timespec none = {0, 0}, soon = {0, 12000000};
	long start = clock_now(CLOCK_MONOTONIC);

	EXPECT_ERR(raw_futex(words, FUTEX_WAIT, 0, &soon, NULL, 0), ETIMEDOUT);
	EXPECT_ERR(raw_futex(words, FUTEX_WAIT_PRIVATE, 0, &soon, NULL, 0), ETIMEDOUT);
	EXPECT(clock_now(CLOCK_MONOTONIC) >= start + 24000000);
	EXPECT_ERR(raw_futex(words, FUTEX_WAIT, 0, &none, NULL, 0), ETIMEDOUT);
	EXPECT_ERR(raw_futex(words, FUTEX_WAIT, 1, &none, NULL, 0), EAGAIN);
}

TEST("FTX-2", "the time of WAIT_BITSET is a point of the monotonic or the real-time clock")
{
	static const int clocks[] = {CLOCK_MONOTONIC, CLOCK_REALTIME};
	static const int flags[] = {0, FUTEX_CLOCK_REALTIME};

	for (int i = 0; i < 2; i++) {
		long end = clock_now(clocks[i]) + 12000000;
		struct timespec t = {end / SECOND, end % SECOND}, past = {1, 0};
		int op = FUTEX_WAIT_BITSET | flags[i];

		EXPECT_ERR(raw_futex(words, op, 0, &t, NULL, 1), ETIMEDOUT);
		EXPECT(clock_now(clocks[i]) >= end);
		EXPECT_ERR(raw_futex(words, op, 0, &t, NULL, 1), ETIMEDOUT);
		EXPECT_ERR(raw_futex(words, op, 1, &t, NULL, 1), EAGAIN);
		EXPECT_ERR(raw_futex(words, FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME, 0, &past,
				     NULL, 1),
			   ETIMEDOUT);
	}
}

TEST("FTX-3", "wake returns whom it woke, and wakes no more than asked")
{
	for (int i = 0; i < 2; i++) {
		struct waiter w[4];

		for (int k = 0; k < 4; k++)
			start_waiter(&w[k], words, both[i], -1);
		EXPECT_EQ(raw_futex(words + 1, FUTEX_WAKE | both[i], MANY, NULL, NULL, 0), 0);
		EXPECT_EQ(raw_futex(words, FUTEX_WAKE | both[1 - i], MANY, NULL, NULL, 0), 0);
		EXPECT_EQ(raw_futex(words, FUTEX_WAKE | both[i], 1, NULL, NULL, 0), 1);
		EXPECT_EQ(raw_futex(words, FUTEX_WAKE | both[i], 0, NULL, NULL, 0), 1);
		while (count_done(w, 4) < 2)
			sched_yield();
		for (int k = 0; k < 4; k++)
			if (!w[k].done)
				await_state(w[k].tid, "S");
		EXPECT_EQ(count_done(w, 4), 2);
		EXPECT_EQ(raw_futex(words, FUTEX_WAKE | both[i], MANY, NULL, NULL, 0), 2);
		EXPECT_EQ(raw_futex(words, FUTEX_WAKE | both[i], MANY, NULL, NULL, 0), 0);
		for (int k = 0; k < 4; k++)
			end_waiter(&w[k]);
	}
}

TEST("FTX-3", "waiters are woken in the order of their coming")
{
	struct waiter w[3];

	for (int i = 0; i < 3; i++)
		start_waiter(&w[i], words, FUTEX_PRIVATE_FLAG, -1);
	for (int i = 0; i < 3; i++) {
		EXPECT_EQ(raw_futex(words, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0), 1);
		end_waiter(&w[i]);
	}
}

TEST("FTX-3", "WAKE_BITSET wakes only those with a common bit")
{
	struct waiter w[3];

	start_waiter(&w[0], words, 0, 1);
	start_waiter(&w[1], words, 0, 2);
	start_waiter(&w[2], words, 0, 0x80000001);
	EXPECT_EQ(raw_futex(words, FUTEX_WAKE_BITSET, MANY, NULL, NULL, 4), 0);
	EXPECT_EQ(raw_futex(words, FUTEX_WAKE_BITSET, MANY, NULL, NULL, 2), 1);
	end_waiter(&w[1]);
	EXPECT_EQ(raw_futex(words, FUTEX_WAKE_BITSET, MANY, NULL, NULL, 0x80000000), 1);
	end_waiter(&w[2]);
	EXPECT_EQ(raw_futex(words, FUTEX_WAKE, MANY, NULL, NULL, 0), 1);
	end_waiter(&w[0]);
}

/* ---- across processes ------------------------------------------------------------------------ */

TEST("FTX-4", "shared futexes meet across processes, at whatever addresses")
{
	int fd = temp_file(2 * PAGE);
	char *mine = (char *)raw_mmap(NULL, 2 * PAGE, RW, MAP_SHARED, fd, 0);
	struct waiter *w = (struct waiter *)map_shared(1, RW);
	pid_t pid;

	*(int *)(mine + PAGE + 8) = 0;
	pid = test_fork();
	if (pid == 0) {
		char *other = (char *)raw_mmap(NULL, PAGE, RW, MAP_SHARED, fd, PAGE);

		EXPECT(other != mine + PAGE);
		*w = (struct waiter){.word = other + 8, .op = FUTEX_WAIT_BITSET, .bitset = -1};
		wait_once(w);
		_exit(w->result ? 1 : 0);
	}
	await_waiter(w);
	EXPECT_EQ(raw_futex(mine + 8, FUTEX_WAKE, 1, NULL, NULL, 0), 0);
	EXPECT_EQ(raw_futex(mine + PAGE + 8, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0), 0);
	EXPECT_EQ(raw_futex(mine + PAGE + 8, FUTEX_WAKE, 1, NULL, NULL, 0), 1);
	EXPECT_EXIT(pid, 0);
}

TEST("FTX-4", "shared anonymous memory meets after fork, private memory does not")
{
	char *shared = map_shared(1, RW), *private = map_private(1, RW);
	struct waiter *w = (struct waiter *)map_shared(1, RW);
	pid_t pid[2];

	*private = 0;
	for (int i = 0; i < 2; i++) {
		pid[i] = test_fork();
		if (pid[i] == 0) {
			w[i].word = i ? private : shared;
			w[i].op = FUTEX_WAIT_BITSET;
			w[i].bitset = -1;
			wait_once(&w[i]);
			_exit(w[i].result ? 1 : 0);
		}
		await_waiter(&w[i]);
	}
	EXPECT_EQ(raw_futex(private, FUTEX_WAKE, 1, NULL, NULL, 0), 0);
	EXPECT_EQ(raw_futex(shared, FUTEX_WAKE, 1, NULL, NULL, 0), 1);
	EXPECT_EXIT(pid[0], 0);
	EXPECT_OK(raw_kill(pid[1], SIGKILL));
	EXPECT_KILLED(pid[1], SIGKILL);
}

/* ---- moving waiters -------------------------------------------------------------------------- */

TEST("FTX-5", "CMP_REQUEUE wakes some and moves others, in the order of their coming")
{
	for (int i = 0; i < 2; i++) {
		struct waiter w[4];

		for (int k = 0; k < 4; k++)
			start_waiter(&w[k], words, both[i], -1);
		EXPECT_ERR(raw_futex(words, FUTEX_CMP_REQUEUE | both[i], 1, 2, words + 1, 7),
			   EAGAIN);
		EXPECT_EQ(raw_futex(words, FUTEX_CMP_REQUEUE | both[i], 1, 2, words + 1, 0), 3);
		end_waiter(&w[0]);
		EXPECT_EQ(raw_futex(words, FUTEX_WAKE | both[i], MANY, NULL, NULL, 0), 1);
		end_waiter(&w[3]);
		EXPECT_EQ(raw_futex(words + 1, FUTEX_WAKE | both[i], 1, NULL, NULL, 0), 1);
		end_waiter(&w[1]);
		EXPECT_EQ(raw_futex(words + 1, FUTEX_WAKE | both[i], MANY, NULL, NULL, 0), 1);
		end_waiter(&w[2]);
	}
}

TEST("FTX-5", "REQUEUE does not look at the word, wakes none when asked for none, and may stay")
{
	struct waiter w[2];

	for (int k = 0; k < 2; k++)
		start_waiter(&w[k], words, 0, -1);
	words[0] = 5;
	EXPECT_EQ(raw_futex(words, FUTEX_REQUEUE, 0, 1, words + 2, 0), 1);
	EXPECT_EQ(raw_futex(words, FUTEX_REQUEUE, 0, MANY, words, 0), 1);
	EXPECT_EQ(raw_futex(words + 2, FUTEX_WAKE, MANY, NULL, NULL, 0), 1);
	end_waiter(&w[0]);
	EXPECT_EQ(raw_futex(words, FUTEX_WAKE, MANY, NULL, NULL, 0), 1);
	end_waiter(&w[1]);
	words[0] = 0;
}

TEST("FTX-5", "numbers below 0 are EINVAL, and bad words what they always are")
{
	char *hole = free_range(1);

	EXPECT_ERR(raw_futex(words, FUTEX_CMP_REQUEUE, -1, 1, words + 1, 0), EINVAL);
	EXPECT_ERR(raw_futex(words, FUTEX_CMP_REQUEUE, 1, -1, words + 1, 0), EINVAL);
	EXPECT_ERR(raw_futex(words, FUTEX_REQUEUE, 1, -1, words + 1, 0), EINVAL);
	EXPECT_ERR(raw_futex(hole, FUTEX_CMP_REQUEUE, 1, 1, words + 1, 0), EFAULT);
	EXPECT_ERR(raw_futex(hole, FUTEX_CMP_REQUEUE_PRIVATE, 1, 1, words + 1, 0), EFAULT);
	EXPECT_ERR(raw_futex(words, FUTEX_CMP_REQUEUE, 1, 1, hole, 0), EFAULT);
	EXPECT_ERR(raw_futex(words, FUTEX_CMP_REQUEUE, 1, 1, (char *)words + 1, 0), EINVAL);
	EXPECT_ERR(raw_futex(words, FUTEX_CMP_REQUEUE, 1, 1, KERNEL, 0), EFAULT);
}

/* ---- changing a word and waking -------------------------------------------------------------- */

#define SHIFTED FUTEX_OP_OPARG_SHIFT

TEST("FTX-6", "WAKE_OP changes the second word as told")
{
	static const struct {
		unsigned int op, arg;
		int before, after;
	} rows[] = {
		{FUTEX_OP_SET, 9, 5, 9},
		{FUTEX_OP_ADD, 3, 5, 8},
		{FUTEX_OP_ADD, 0xfff, 5, 4},
		{FUTEX_OP_OR, 6, 1, 7},
		{FUTEX_OP_ANDN, 6, 7, 1},
		{FUTEX_OP_XOR, 0xffe, 5, ~4},
		{FUTEX_OP_SET | SHIFTED, 20, 1, 1 << 20},
		{FUTEX_OP_ANDN | SHIFTED, 2, 5, 1},
		{FUTEX_OP_OR | SHIFTED, 31, 0, (int)0x80000000},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		unsigned int code = FUTEX_OP(rows[i].op, rows[i].arg, FUTEX_OP_CMP_EQ, 0);

		words[1] = rows[i].before;
		EXPECT_EQ(raw_futex(words, FUTEX_WAKE_OP, 1, 1, words + 1, code), 0);
		EXPECT_EQ(words[1], rows[i].after);
	}
}

TEST("FTX-6", "an unknown change or test is ENOSYS")
{
	words[1] = 5;
	EXPECT_ERR(raw_futex(words, FUTEX_WAKE_OP, 1, 1, words + 1, FUTEX_OP(5, 1, 0, 0)), ENOSYS);
	EXPECT_EQ(words[1], 5);
	EXPECT_ERR(raw_futex(words, FUTEX_WAKE_OP, 1, 1, words + 1, FUTEX_OP(0, 1, 6, 0)), ENOSYS);
}

TEST("FTX-6", "it wakes at the first word, and at the second if the old value passes the test")
{
	static const struct {
		unsigned int cmp, arg;
		int old, passes;
	} rows[] = {
		{FUTEX_OP_CMP_EQ, 4, 4, 1},	 {FUTEX_OP_CMP_EQ, 4, 5, 0},
		{FUTEX_OP_CMP_NE, 4, 5, 1},	 {FUTEX_OP_CMP_NE, 4, 4, 0},
		{FUTEX_OP_CMP_LT, 4, 3, 1},	 {FUTEX_OP_CMP_LT, 4, 4, 0},
		{FUTEX_OP_CMP_LE, 4, 4, 1},	 {FUTEX_OP_CMP_LE, 4, 5, 0},
		{FUTEX_OP_CMP_GT, 4, 5, 1},	 {FUTEX_OP_CMP_GT, 4, 4, 0},
		{FUTEX_OP_CMP_GE, 4, 4, 1},	 {FUTEX_OP_CMP_GE, 4, 3, 0},
		{FUTEX_OP_CMP_LT, 0xfff, -2, 1}, /* numbers have signs */
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		unsigned int code = FUTEX_OP(FUTEX_OP_SET, 1, rows[i].cmp, rows[i].arg);
		struct waiter w[2];

		words[1] = 0;
		start_waiter(&w[0], words, 0, -1);
		start_waiter(&w[1], words + 1, 0, -1);
		words[1] = rows[i].old;
		EXPECT_EQ(raw_futex(words, FUTEX_WAKE_OP, 1, 1, words + 1, code),
			  1 + rows[i].passes);
		EXPECT_EQ(words[1], 1);
		end_waiter(&w[0]);
		EXPECT_EQ(raw_futex(words + 1, FUTEX_WAKE, 1, NULL, NULL, 0), !rows[i].passes);
		end_waiter(&w[1]);
	}
}

TEST("FTX-6", "at each word as many are woken as asked, 0 counting as 1")
{
	unsigned int code = FUTEX_OP(FUTEX_OP_ADD, 0, FUTEX_OP_CMP_EQ, 0);
	struct waiter w[5];

	words[1] = 0;
	for (int i = 0; i < 5; i++)
		start_waiter(&w[i], i < 2 ? words : words + 1, FUTEX_PRIVATE_FLAG, -1);
	EXPECT_EQ(raw_futex(words, FUTEX_WAKE_OP_PRIVATE, 0, 0, words + 1, code), 2);
	EXPECT_EQ(raw_futex(words, FUTEX_WAKE_OP_PRIVATE, 5, 5, words + 1, code), 3);
	for (int i = 0; i < 5; i++)
		end_waiter(&w[i]);
}

TEST("FTX-6", "it faults the second word in; one that cannot be written is EFAULT")
{
	unsigned int code = FUTEX_OP(FUTEX_OP_ADD, 1, FUTEX_OP_CMP_EQ, 0);
	char *fresh = map_private(1, RW), *shared = map_shared(1, RW);
	char *readonly = map_private(1, PROT_READ), *copied = map_private(1, RW);
	char *hole = free_range(1);
	pid_t pid;

	EXPECT_EQ(raw_futex(words, FUTEX_WAKE_OP, 1, 1, fresh, code), 0);
	EXPECT_EQ(*(int *)fresh, 1);
	EXPECT_EQ(raw_futex(words, FUTEX_WAKE_OP_PRIVATE, 1, 1, shared, code), 0);
	EXPECT_EQ(*(int *)shared, 1);
	*(int *)copied = 7;
	pid = test_fork();
	if (pid == 0) {
		EXPECT_EQ(raw_futex(words, FUTEX_WAKE_OP_PRIVATE, 1, 1, copied, code), 0);
		EXPECT_EQ(*(int *)copied, 8);
		_exit(0);
	}
	EXPECT_EXIT(pid, 0);
	EXPECT_EQ(*(int *)copied, 7);
	EXPECT_ERR(raw_futex(words, FUTEX_WAKE_OP_PRIVATE, 1, 1, readonly, code), EFAULT);
	EXPECT_ERR(raw_futex(words, FUTEX_WAKE_OP_PRIVATE, 1, 1, hole, code), EFAULT);
	EXPECT_ERR(raw_futex(words, FUTEX_WAKE_OP, 1, 1, hole, code), EFAULT);
	EXPECT_ERR(raw_futex(words, FUTEX_WAKE_OP, 1, 1, KERNEL, code), EFAULT);
	EXPECT_ERR(raw_futex(words, FUTEX_WAKE_OP, 1, 1, hole + 2, code), EINVAL);
}
