// SPDX-License-Identifier: MIT
/*
 * tests/abi/tid_words.c - thread ids, TLS, the word that is cleared, vfork (docs/contract/fork.md,
 * sections 10, 11).
 */
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "lib/clone.h"
#include "lib/sys.h"
#include "lib/test.h"

#define WAIT_PRIVATE (FUTEX_WAIT | FUTEX_PRIVATE_FLAG)

static char *new_stack(void)
{
	return map_private(4, RW) + 4 * PAGE;
}

TEST("TID-1", "PARENT_SETTID stores in the parent's memory, not in a copy")
{
	volatile int tid = 0;
	long pid = EXPECT_OK(raw(SYS_clone, CLONE_PARENT_SETTID | SIGCHLD, 0, &tid, 0, 0));

	if (pid == 0)
		_exit(tid == 0 ? 0 : 1);
	EXPECT_EQ(tid, pid);
	EXPECT_EXIT(pid, 0);
	pid = EXPECT_OK(raw(SYS_clone, CLONE_PARENT_SETTID | SIGCHLD, 0, 16, 0, 0));
	if (pid == 0)
		_exit(0);
	EXPECT_EXIT(pid, 0);
}

TEST("TID-2", "CHILD_SETTID stores in the child's memory, not in the parent's")
{
	volatile int tid = 0;
	long pid = EXPECT_OK(raw(SYS_clone, CLONE_CHILD_SETTID | SIGCHLD, 0, 0, &tid, 0));

	if (pid == 0)
		_exit(tid == getpid() ? 0 : 1);
	EXPECT_EXIT(pid, 0);
	EXPECT_EQ(tid, 0);
	pid = EXPECT_OK(raw(SYS_clone, CLONE_CHILD_SETTID | SIGCHLD, 0, 0, 16, 0));
	if (pid == 0)
		_exit(0);
	EXPECT_EXIT(pid, 0);
}

static int do_nothing(void *arg)
{
	return 0;
}

TEST("TID-3", "CHILD_CLEARTID clears and wakes while others use the memory")
{
	volatile int tid = 1;
	long id = EXPECT_OK(clone_call(THREAD_FLAGS | CLONE_CHILD_CLEARTID | CLONE_PARENT_SETTID,
				       new_stack(), do_nothing, 0, (int *)&tid, (int *)&tid, 0));

	while (tid) {
		long ret = raw(SYS_futex, &tid, FUTEX_WAIT, id, 0, 0, 0);

		EXPECT(ret == 0 || ret == -EAGAIN || ret == -EINTR);
	}
}

TEST("TID-3", "nothing is stored when nobody else uses the memory, even if the page is shared")
{
	volatile int *tid = (int *)map_shared(1, RW);
	long pid;

	*tid = 5;
	pid = EXPECT_OK(raw(SYS_clone, CLONE_CHILD_CLEARTID | SIGCHLD, 0, 0, tid, 0));
	if (pid == 0)
		_exit(0);
	EXPECT_EXIT(pid, 0);
	EXPECT_EQ(*tid, 5);
}

TEST("TID-3", "exec gives the word up as well")
{
	volatile int *tid = (int *)map_private(1, RW);
	char *stack = new_stack();
	long pid;

	/* A child that shares the memory executes something: its word is cleared. */
	*tid = 7;
	pid = EXPECT_OK(clone_call(CLONE_VM | CLONE_CHILD_CLEARTID | SIGCHLD, stack, do_nothing, 0,
				   0, (int *)tid, 0));
	EXPECT_EXIT(pid, 0);
	EXPECT_EQ(*tid, 0);
}

static int wait_private(void *arg)
{
	volatile int *words = arg;
	struct timespec {
		long sec, nsec;
	} limit = {0, 300000000};

	words[1] = 1;
	return -raw(SYS_futex, words, WAIT_PRIVATE, words[0], &limit, 0, 0);
}

TEST("TID-4", "a private waiter is not woken by the exit of a thread")
{
	volatile int *words = (int *)map_private(1, RW);
	long pid;

	words[0] = 5;
	pid = EXPECT_OK(
		clone_call(CLONE_VM | SIGCHLD, new_stack(), wait_private, (void *)words, 0, 0, 0));
	while (!words[1])
		sched_yield();
	doze(50);
	EXPECT_OK(clone_call(THREAD_FLAGS | CLONE_CHILD_CLEARTID, new_stack(), do_nothing, 0, 0,
			     (int *)words, 0));
	EXPECT_EXIT(pid, ETIMEDOUT);
	EXPECT_EQ(words[0], 0);
}

TEST("TID-5", "an invalid address is skipped")
{
	long id = EXPECT_OK(clone_call(CLONE_VM | CLONE_CHILD_CLEARTID | SIGCHLD, new_stack(),
				       do_nothing, 0, 0, (int *)16, 0));

	EXPECT_EXIT(id, 0);
}

static int read_tls(void *arg)
{
	long base;

	__asm__ volatile("mov %%fs:0, %0" : "=r"(base));
	return base == (long)arg ? 0 : 1;
}

TEST("TID-6", "SETTLS gives the child its own FS base and leaves the parent's")
{
	long *tls = (long *)map_private(1, RW);
	unsigned long before, after;
	long pid;

	tls[0] = (long)tls;
	EXPECT_OK(raw(SYS_arch_prctl, 0x1003, &before));
	pid = EXPECT_OK(clone_call(CLONE_VM | CLONE_SETTLS | SIGCHLD, new_stack(), read_tls, tls, 0,
				   0, tls));
	EXPECT_EXIT(pid, 0);
	EXPECT_OK(raw(SYS_arch_prctl, 0x1003, &after));
	EXPECT_EQ(after, before);
}

TEST("TID-7", "the clear pointer is not inherited")
{
	volatile int *word = (int *)map_private(1, RW);
	long pid;

	*word = 9;
	EXPECT_EQ(raw(SYS_set_tid_address, word), getpid());
	pid = EXPECT_OK(clone_call(CLONE_VM | SIGCHLD, new_stack(), do_nothing, 0, 0, 0, 0));
	EXPECT_EXIT(pid, 0);
	EXPECT_EQ(*word, 9);
}

static int report_ids(void *arg)
{
	volatile long *ids = arg;

	ids[0] = raw(SYS_getpid);
	ids[1] = raw(SYS_gettid);
	ids[2] = raw(SYS_getppid);
	return 0;
}

TEST("TID-9", "threads share pid and parent, and have a tid each")
{
	volatile long ids[3] = {};
	volatile int tid = 1;
	long id = EXPECT_OK(clone_call(THREAD_FLAGS | CLONE_CHILD_CLEARTID, new_stack(), report_ids,
				       (void *)ids, 0, (int *)&tid, 0));

	while (tid)
		raw(SYS_futex, &tid, FUTEX_WAIT, 1, 0, 0, 0);
	EXPECT_EQ(ids[0], getpid());
	EXPECT_EQ(ids[1], id);
	EXPECT(id != getpid());
	EXPECT_EQ(ids[2], getppid());
}

/* ---- vfork ------------------------------------------------------------------------------------
 */

struct vfork_state {
	volatile int stored;
	volatile int released;
	char *const *argv;
};

static int vfork_child(void *arg)
{
	struct vfork_state *state = arg;
	char *const bad[] = {"none", NULL};

	state->stored = 1;
	raw(SYS_execve, "/does/not/exist", bad, 0); /* (VFK-3) does not release the parent */
	doze(100);
	state->stored = 2;
	return 3;
}

TEST("VFK-1,VFK-2,VFK-3", "the parent waits for the exit and sees the child's stores")
{
	struct vfork_state state = {};
	long pid = EXPECT_OK(clone_call(CLONE_VM | CLONE_VFORK | SIGCHLD, new_stack(), vfork_child,
					&state, 0, 0, 0));

	EXPECT_EQ(state.stored, 2);
	EXPECT_EXIT(pid, 3);
}

static void *count_up(void *arg)
{
	volatile int *count = arg;

	while (*count >= 0)
		__atomic_fetch_add(count, 1, __ATOMIC_RELAXED); /* the end sign is not lost */
	return NULL;
}

static int wait_for_progress(void *arg)
{
	volatile int *count = arg;
	int before = *count;

	while (*count < before + 1000)
		raw(SYS_sched_yield);
	return 0;
}

TEST("VFK-2", "other threads of the parent keep running")
{
	volatile int count = 0;
	struct thread thread = thread_start(count_up, (void *)&count);
	long pid = EXPECT_OK(clone_call(CLONE_VM | CLONE_VFORK | SIGCHLD, new_stack(),
					wait_for_progress, (void *)&count, 0, 0, 0));

	EXPECT_EXIT(pid, 0);
	count = -1000000000;
	thread_join(thread);
}

static void note_signal(int sig)
{
}

TEST("VFK-4", "a parent in vfork dies of SIGKILL, other signals wait")
{
	int pipe_fd[2];
	pid_t parent, pid;
	char byte;

	EXPECT_OK(raw(SYS_pipe, pipe_fd));
	parent = test_fork();
	if (parent == 0) {
		signal(SIGUSR1, note_signal);
		if (raw(SYS_clone, CLONE_VFORK | SIGCHLD, 0, 0, 0, 0) == 0) {
			pid = raw(SYS_getpid);
			raw_write(pipe_fd[1], &pid, sizeof(pid));
			for (;;)
				raw(SYS_pause);
		}
		_exit(1);
	}
	close(pipe_fd[1]);
	EXPECT_EQ(read(pipe_fd[0], &pid, sizeof(pid)), sizeof(pid));
	kill(parent, SIGUSR1);
	doze(50);
	EXPECT_EQ(waitpid(parent, NULL, WNOHANG), 0);
	kill(parent, SIGKILL);
	EXPECT_KILLED(parent, SIGKILL);
	EXPECT_EQ(kill(pid, 0), 0); /* the child lives on */
	kill(pid, SIGKILL);
	EXPECT_EQ(read(pipe_fd[0], &byte, 1), 0);
}

TEST("VFK-6", "CLONE_VFORK without CLONE_VM waits too, with a copy of the memory")
{
	volatile int *shared = (int *)map_shared(1, RW);
	volatile int local = 1;
	long pid = EXPECT_OK(raw(SYS_clone, CLONE_VFORK | SIGCHLD, 0, 0, 0, 0));

	if (pid == 0) {
		local = 2;
		doze(100);
		*shared = 1;
		_exit(0);
	}
	EXPECT_EQ(*shared, 1);
	EXPECT_EQ(local, 1);
	EXPECT_EXIT(pid, 0);
}

static int slow_thread(void *arg)
{
	doze(100);
	*(volatile int *)arg = 1;
	return 0;
}

TEST("VFK-8", "CLONE_VFORK with CLONE_THREAD waits for the end of the thread")
{
	volatile int done = 0;

	EXPECT_OK(clone_call(THREAD_FLAGS | CLONE_VFORK, new_stack(), slow_thread, (void *)&done, 0,
			     0, 0));
	EXPECT_EQ(done, 1);
}
