// SPDX-License-Identifier: MIT
/*
 * tests/abi/tid.c - tids in memory, thread-local storage, and what the end of a task wakes
 * (docs/contract/fork.md, section 11).
 */
#include <asm/prctl.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <string.h>
#include <unistd.h>

#include "lib/fault.h"
#include "lib/maps.h"
#include "lib/sys.h"
#include "lib/task.h"
#include "lib/test.h"

struct words {
	volatile int tid;
	volatile int seen;
	volatile int copy;
	struct gate go, ready;
};

static struct words *private_words, *shared_words;

static void make_words(void)
{
	private_words = (struct words *)map_private(1, RW);
	shared_words = (struct words *)map_shared(1, RW);
	shared_words->go = gate_new();
	shared_words->ready = gate_new();
}

static int report(void *argument)
{
	struct words *words = argument;

	shared_words->seen = words->tid;
	return 0;
}

TEST("TID-1", "the parent's word is set before the child runs; a copied memory has it not")
{
	struct clone_words at;
	long pid;

	make_words();
	private_words->tid = -1;
	at = (struct clone_words){(void *)&private_words->tid, NULL, 0};
	pid = clone_task(CLONE_PARENT_SETTID | SIGCHLD, &at, report, private_words);
	EXPECT_EQ(private_words->tid, pid);
	EXPECT_EXIT(pid, 0);
	EXPECT_EQ(shared_words->seen, -1);
	pid = clone_task(CLONE_PARENT_SETTID | CLONE_VM | SIGCHLD, &at, report, private_words);
	EXPECT_EXIT(pid, 0);
	EXPECT_EQ(shared_words->seen, pid);
}

TEST("TID-2,COW-13", "the child's word is set in the child alone, before it runs")
{
	struct clone_words at;
	uint64_t frame;
	long pid;

	make_words();
	private_words->tid = -1;
	frame = pagemap(private_words);
	at = (struct clone_words){NULL, (void *)&private_words->tid, 0};
	pid = clone_task(CLONE_CHILD_SETTID | SIGCHLD, &at, report, private_words);
	EXPECT_EXIT(pid, 0);
	EXPECT_EQ(shared_words->seen, pid);
	EXPECT_EQ(private_words->tid, -1);
	EXPECT_EQ(pagemap(private_words), frame);
}

TEST("TID-1,TID-2", "a word that cannot be written is ignored")
{
	char *readonly = map_private(1, PROT_READ);
	struct clone_words bad[] = {
		{(void *)8, (void *)8, 0},
		{readonly, readonly, 0},
		{(void *)-8L, (void *)-8L, 0},
	};

	make_words();
	for (size_t i = 0; i < 3; i++) {
		long pid = clone_task(CLONE_PARENT_SETTID | CLONE_CHILD_SETTID | SIGCHLD, &bad[i],
				      report, private_words);

		EXPECT(pid > 0);
		EXPECT_EXIT(pid, 0);
	}
	EXPECT_EQ(*(int *)readonly, 0);
}

static int wait_and_end(void *argument)
{
	struct words *words = argument;

	gate_pass(&words->go);
	return 0;
}

/* Waits until the word is 0, as pthread_join does. */
static void await_cleared(volatile int *word, int op)
{
	int tid;

	while ((tid = *word))
		raw_futex(word, op, tid, NULL, NULL, 0);
}

TEST("TID-3", "the end of a thread clears the word and wakes a waiter")
{
	struct clone_words at;
	long tid;

	make_words();
	at = (struct clone_words){(void *)&private_words->tid, (void *)&private_words->tid, 0};
	tid = clone_task(THREAD_FLAGS | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID, &at,
			 wait_and_end, shared_words);
	EXPECT(tid > 0);
	EXPECT_EQ(private_words->tid, tid);
	gate_open(&shared_words->go);
	await_cleared(&private_words->tid, FUTEX_WAIT);
	await_gone(tid);
}

TEST("TID-3,SHR-4", "so does the end of a process that shares the memory")
{
	struct clone_words at;
	long pid;

	make_words();
	private_words->tid = 77;
	at = (struct clone_words){NULL, (void *)&private_words->tid, 0};
	pid = clone_task(CLONE_VM | CLONE_CHILD_CLEARTID | SIGCHLD, &at, wait_and_end,
			 shared_words);
	EXPECT_EQ(private_words->tid, 77);
	gate_open(&shared_words->go);
	await_cleared(&private_words->tid, FUTEX_WAIT);
	EXPECT_EXIT(pid, 0);
}

struct sleeper {
	volatile int *word;
	int op;
	volatile int tid, woken;
};

static void *sleep_on(void *argument)
{
	struct sleeper *sleeper = argument;
	int value = *sleeper->word;

	sleeper->tid = raw_gettid();
	sleeper->woken = raw_futex(sleeper->word, sleeper->op, value, NULL, NULL, 0) == 0 ? 1 : 2;
	return NULL;
}

TEST("TID-3", "exactly one waiter is woken")
{
	struct sleeper sleeper[3];
	struct thread thread[3];
	struct clone_words at;
	int woken = 0;
	long tid;

	make_words();
	at = (struct clone_words){NULL, (void *)&private_words->tid, 0};
	private_words->tid = 5;
	tid = clone_task(THREAD_FLAGS | CLONE_CHILD_CLEARTID, &at, wait_and_end, shared_words);
	EXPECT(tid > 0);
	for (int i = 0; i < 3; i++) {
		sleeper[i] = (struct sleeper){&private_words->tid, FUTEX_WAIT, 0, 0};
		thread[i] = thread_start(sleep_on, &sleeper[i]);
		while (!sleeper[i].tid)
			raw(SYS_sched_yield);
		await_state(sleeper[i].tid, "S");
	}
	gate_open(&shared_words->go);
	await_gone(tid);
	while (!(woken = sleeper[0].woken + sleeper[1].woken + sleeper[2].woken))
		raw(SYS_sched_yield);
	EXPECT_EQ(private_words->tid, 0);
	EXPECT_EQ(woken, 1);
	for (int i = 0; i < 3; i++)
		if (!sleeper[i].woken)
			await_state(sleeper[i].tid, "S");
	EXPECT_EQ(raw_futex(&private_words->tid, FUTEX_WAKE, 100, NULL, NULL, 0), 2);
	for (int i = 0; i < 3; i++)
		thread_join(thread[i]);
}

TEST("TID-4", "a waiter on the private key of the word is not woken")
{
	struct sleeper sleeper;
	struct thread thread;
	struct clone_words at;
	long tid;

	make_words();
	at = (struct clone_words){NULL, (void *)&private_words->tid, 0};
	private_words->tid = 5;
	tid = clone_task(THREAD_FLAGS | CLONE_CHILD_CLEARTID, &at, wait_and_end, shared_words);
	sleeper = (struct sleeper){&private_words->tid, FUTEX_WAIT | FUTEX_PRIVATE_FLAG, 0, 0};
	thread = thread_start(sleep_on, &sleeper);
	while (!sleeper.tid)
		raw(SYS_sched_yield);
	await_state(sleeper.tid, "S");
	gate_open(&shared_words->go);
	await_gone(tid);
	EXPECT_EQ(private_words->tid, 0);
	EXPECT_EQ(task_state(sleeper.tid), 'S');
	EXPECT_EQ(raw_futex(&private_words->tid, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 9, 0, 0, 0), 1);
	thread_join(thread);
}

TEST("TID-3", "nobody else in the memory, nothing is stored, not even in shared pages")
{
	struct clone_words at;
	long pid;

	make_words();
	shared_words->tid = 77;
	at = (struct clone_words){NULL, (void *)&shared_words->tid, 0};
	pid = clone_task(CLONE_CHILD_CLEARTID | SIGCHLD, &at, report, private_words);
	EXPECT_EXIT(pid, 0);
	EXPECT_EQ(shared_words->tid, 77);
	pid = test_fork();
	if (pid == 0) {
		EXPECT_EQ(raw(SYS_set_tid_address, &shared_words->tid), raw_gettid());
		raw(SYS_exit, 0);
	}
	EXPECT_EXIT(pid, 0);
	EXPECT_EQ(shared_words->tid, 77);
}

int test_child(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return 19;
}

static int execute(void *argument)
{
	static const char *const words[] = {"x", NULL};

	(void)argument;
	test_exec(words);
}

TEST("TID-3,EXT-6", "exec by a sharer clears the word as its end would")
{
	struct clone_words at;
	long pid;

	make_words();
	private_words->tid = 77;
	at = (struct clone_words){NULL, (void *)&private_words->tid, 0};
	pid = clone_task(CLONE_VM | CLONE_CHILD_CLEARTID | SIGCHLD, &at, execute, NULL);
	await_cleared(&private_words->tid, FUTEX_WAIT);
	EXPECT_EXIT(pid, 19);
}

static int set_address(void *argument)
{
	struct words *words = argument;

	EXPECT_EQ(raw(SYS_set_tid_address, &words->tid), raw_gettid());
	return 0;
}

TEST("TID-3", "set_tid_address returns the tid and moves the word")
{
	long tid;

	make_words();
	private_words->tid = 5;
	tid = clone_task(THREAD_FLAGS, NULL, set_address, private_words);
	EXPECT(tid > 0);
	await_cleared(&private_words->tid, FUTEX_WAIT);
}

static int set_bad_address(void *argument)
{
	EXPECT_EQ(raw(SYS_set_tid_address, argument), raw_gettid());
	return 0;
}

TEST("TID-5", "a word that cannot be written at the end is skipped in silence")
{
	char *readonly = map_private(1, PROT_READ), *gone = free_range(1);
	void *bad[] = {(void *)8, (void *)-8L, readonly, gone, (void *)TASK_SIZE};

	for (int i = 0; i < 5; i++) {
		long tid = clone_task(THREAD_FLAGS, NULL, set_bad_address, bad[i]);
		long pid = clone_task(CLONE_VM | SIGCHLD, NULL, set_bad_address, bad[i]);

		EXPECT(tid > 0);
		EXPECT_EXIT(pid, 0);
		await_gone(tid);
	}
	EXPECT_EQ(readonly[0], 0);
}

struct tls {
	unsigned long self[16];
	unsigned long seen;
	unsigned long base;
	unsigned short selector;
};

static int look_at_tls(void *argument)
{
	struct tls *tls = argument;

	__asm__ volatile("mov %%fs:0, %0" : "=r"(tls->seen));
	__asm__ volatile("mov %%fs, %0" : "=r"(tls->selector));
	return raw(SYS_arch_prctl, ARCH_GET_FS, &tls->base);
}

TEST("TID-6", "CLONE_SETTLS gives the child its own FS base and leaves the parent's")
{
	struct tls *tls = (struct tls *)map_shared(1, RW);
	struct clone_words at = {NULL, NULL, (unsigned long)tls};
	unsigned long mine, after;
	long pid;

	tls->self[0] = 0xfeed;
	__asm__ volatile("mov %%fs:0x28, %0" : "=r"(tls->self[5]));
	EXPECT_OK(raw(SYS_arch_prctl, ARCH_GET_FS, &mine));
	pid = clone_task(CLONE_SETTLS | SIGCHLD, &at, look_at_tls, tls);
	EXPECT_EXIT(pid, 0);
	EXPECT_EQ(tls->seen, 0xfeed);
	EXPECT_EQ(tls->base, tls);
	EXPECT_EQ(tls->selector, 0);
	EXPECT_OK(raw(SYS_arch_prctl, ARCH_GET_FS, &after));
	EXPECT_EQ(after, mine);
}

TEST("TID-6,CLN-2", "without CLONE_SETTLS FS and GS bases are the parent's")
{
	unsigned long *seen = (unsigned long *)map_shared(1, RW), fs;
	pid_t pid;

	EXPECT_OK(raw(SYS_arch_prctl, ARCH_GET_FS, &fs));
	EXPECT_OK(raw(SYS_arch_prctl, ARCH_SET_GS, seen));
	pid = test_fork();
	if (pid == 0) {
		EXPECT_OK(raw(SYS_arch_prctl, ARCH_GET_FS, &seen[0]));
		EXPECT_OK(raw(SYS_arch_prctl, ARCH_GET_GS, &seen[1]));
		_exit(0);
	}
	EXPECT_EXIT(pid, 0);
	EXPECT_EQ(seen[0], fs);
	EXPECT_EQ(seen[1], seen);
}

static int end_thread(void *argument)
{
	(void)argument;
	return 0;
}

static int fork_thread(void *argument)
{
	long tid = clone_task(THREAD_FLAGS, NULL, end_thread, NULL);

	(void)argument;
	EXPECT(tid > 0);
	await_gone(tid);
	return 0;
}

TEST("TID-7", "the word to be cleared is not inherited")
{
	struct clone_words at;
	long pid;

	make_words();
	private_words->tid = 77;
	at = (struct clone_words){NULL, (void *)&private_words->tid, 0};
	private_words->copy = 0;
	EXPECT(clone_task(THREAD_FLAGS, NULL, fork_thread, NULL) > 0);
	EXPECT_EQ(raw(SYS_set_tid_address, &private_words->tid), raw_gettid());
	pid = clone_task(CLONE_VM | SIGCHLD, NULL, end_thread, NULL);
	EXPECT_EXIT(pid, 0);
	EXPECT_EQ(private_words->tid, 77);
	(void)at;
}

struct ids {
	volatile int pid, tid, ppid, done;
};

static int get_ids(void *argument)
{
	struct ids *ids = argument;

	ids->pid = raw(SYS_getpid);
	ids->tid = raw_gettid();
	ids->ppid = raw(SYS_getppid);
	__atomic_store_n(&ids->done, 1, __ATOMIC_RELEASE);
	return 0;
}

TEST("TID-9", "threads share pid and parent, and have tids of their own")
{
	struct ids *ids = (struct ids *)map_private(1, RW);
	long tid = clone_task(THREAD_FLAGS, NULL, get_ids, ids);

	EXPECT(tid > 0);
	while (!__atomic_load_n(&ids->done, __ATOMIC_ACQUIRE))
		raw(SYS_sched_yield);
	EXPECT_EQ(ids->pid, getpid());
	EXPECT_EQ(ids->ppid, getppid());
	EXPECT_EQ(ids->tid, tid);
	EXPECT(tid != getpid());
	EXPECT_EQ(raw_gettid(), getpid());
}

struct robust {
	struct robust_list list;
	volatile int lock;
	volatile int cleared;
};

static struct robust_list_head head;

static int die_with_lock(void *argument)
{
	struct robust *robust = argument;

	head.list.next = &robust->list;
	robust->list.next = &head.list;
	head.futex_offset = (char *)&robust->lock - (char *)&robust->list;
	robust->lock = raw_gettid() | FUTEX_WAITERS;
	EXPECT_EQ(raw(SYS_set_robust_list, &head, sizeof(head)), 0);
	return 0;
}

TEST("TID-8", "a robust lock is marked before the word is cleared")
{
	struct robust *robust = (struct robust *)map_private(1, RW);
	struct clone_words at = {NULL, (void *)&robust->cleared, 0};
	long tid;

	robust->cleared = 1;
	tid = clone_task(THREAD_FLAGS | CLONE_CHILD_CLEARTID, &at, die_with_lock, robust);
	EXPECT(tid > 0);
	await_cleared(&robust->cleared, FUTEX_WAIT);
	EXPECT_EQ((unsigned int)robust->lock, FUTEX_OWNER_DIED | FUTEX_WAITERS);
}
