// SPDX-License-Identifier: MIT
/*
 * tests/abi/uffd_fork_end.c - forks whose event nobody reads: closed, killed, failed
 * (docs/contract/userfaultfd.md, DUP-8, DUP-11, DUP-12, DUP-14, DUP-17, RACE-9).
 */
#include <signal.h>
#include <unistd.h>

#include "lib/maps.h"
#include "lib/task.h"
#include "lib/test.h"
#include "lib/uffd.h"

static int count_fds(void)
{
	int count = 0;

	for (int fd = 0; fd < 256; fd++)
		count += raw(SYS_fcntl, fd, F_GETFD) >= 0;
	return count;
}

/* fork() of this process; a child exits with 0 when the page is not watched and reads as zeros. */
static int be_ordinary(void *argument)
{
	char *p = argument;

	EXPECT(!has_flag(p, "um"));
	EXPECT_LETTERS(p, "0");
	return 0;
}

struct waiter {
	char *p;
	struct gate go;
};

static int be_ordinary_later(void *argument)
{
	struct waiter *waiter = argument;

	gate_pass(&waiter->go);
	return be_ordinary(waiter->p);
}

struct clone_job {
	volatile pid_t tid;
	char *p;
	long result;
};

static void *clone_with_files(void *argument)
{
	struct clone_job *job = argument;

	job->tid = raw_gettid();
	job->result = raw(SYS_clone, CLONE_FILES | SIGCHLD);
	if (job->result == 0)
		_exit(be_ordinary(job->p));
	return NULL;
}

TEST("DUP-11,EVT-5", "when the descriptor is closed fork goes on, and the child is ordinary")
{
	struct clone_job job = {.p = map_private(1, RW)};
	int fd = uffd_open(EVENT_FORK);
	struct thread thread;

	uffd_watch(fd, job.p, 1, MISSING);
	thread = thread_start(clone_with_files, &job);
	uffd_await_message(fd);
	await_state(job.tid, "D");
	EXPECT_OK(raw_close(fd)); /* the last one: the child's table is ours */
	thread_join(thread);
	EXPECT_EXIT(job.result, 0);
}

TEST("DUP-14", "the child that is being made holds the descriptors it inherits")
{
	char *p = map_private(1, RW);
	int fd = uffd_open(EVENT_FORK), second = EXPECT_OK(raw(SYS_dup, fd)), child;
	struct waiter waiter = {p, gate_new()};
	struct job *job;

	uffd_watch(fd, p, 1, MISSING);
	job = fork_start(be_ordinary_later, &waiter);
	uffd_await_message(fd);
	EXPECT_OK(raw_close(second));
	EXPECT_SLEEPS(job);
	child = EXPECT_FORK(fd);
	EXPECT_OK(raw_close(child)); /* the child's own: its memory is ordinary from here on */
	gate_open(&waiter.go);
	EXPECT_EXIT(call_end(job), 0);
}

/* A process of its own that is watched by the descriptor in shared[0] and forks. */
static pid_t start_forker(volatile int *shared, char *p)
{
	pid_t pid;

	shared[0] = shared[1] = 0;
	pid = fork_with_files();
	if (pid == 0) {
		int fd = uffd_open(EVENT_FORK);

		uffd_watch(fd, p, 1, MISSING);
		shared[0] = fd;
		shared[1] = 1;
		if (raw(SYS_clone, CLONE_FILES | SIGCHLD) == 0)
			shared[2]++; /* the child runs */
		_exit(0);
	}
	await_value(shared + 1, 1);
	uffd_await_message(shared[0]);
	await_state(pid, "D");
	return pid;
}

TEST("DUP-14", "closing the last descriptor that one sees does not end the wait, a kill does")
{
	volatile int *shared = shared_page();
	char *p = map_private(1, RW);
	pid_t pid = test_fork();

	if (pid == 0) {
		int fd = uffd_open(EVENT_FORK);
		struct job *job;

		uffd_watch(fd, p, 1, MISSING);
		job = fork_start(be_ordinary, p);
		uffd_await_message(fd);
		EXPECT_SLEEPS(job);
		EXPECT_OK(raw_close(fd));
		EXPECT_SLEEPS(job);
		shared[0] = job->tid;
		for (;;)
			raw(SYS_pause);
	}
	while (!shared[0])
		doze(1);
	EXPECT_EQ(task_state(shared[0]), 'D');
	EXPECT_OK(raw_kill(pid, SIGKILL));
	EXPECT_KILLED(pid, SIGKILL); /* only that ends it */
}

TEST("DUP-11,EVT-5", "kill of the forker takes the event away, and no child runs")
{
	volatile int *shared = shared_page();
	char *p = map_private(1, RW);

	for (int i = 0; i < 5; i++) {
		pid_t pid = start_forker(shared, p);

		EXPECT_OK(raw_kill(pid, SIGKILL));
		EXPECT_KILLED(pid, SIGKILL);
		EXPECT_QUIET(shared[0]);
		EXPECT_EQ(uffd_poll(shared[0]), 0);
		EXPECT_OK(raw_close(shared[0]));
	}
	EXPECT_EQ(shared[2], 0);
}

TEST("DUP-12,RACE-9", "kill and read at the same time leave nothing behind")
{
	volatile int *shared = shared_page();
	char *p = map_private(1, RW);
	int before = count_fds();

	for (int i = 0; i < 120; i++) {
		pid_t pid = start_forker(shared, p);
		struct job *killer = begin(SYS_kill, pid, SIGKILL);
		struct uffd_msg message;
		long got;

		while (i % 4 && !killer->tid) /* else the read comes first */
			raw(SYS_sched_yield);
		for (int turn = 0; turn < i % 4 * i; turn++)
			__asm__ volatile("pause");
		got = raw_read(shared[0], &message, sizeof(message));
		EXPECT_EQ(call_end(killer), 0);
		if (got == sizeof(message)) {
			EXPECT_EQ(message.event, UFFD_EVENT_FORK);
			EXPECT_OK(raw_close(message.arg.fork.ufd));
			wait_status(pid); /* killed, or done before that */
		} else {
			EXPECT_ERR(got, EAGAIN);
			EXPECT_KILLED(pid, SIGKILL);
		}
		EXPECT_QUIET(shared[0]);
		EXPECT_OK(raw_close(shared[0]));
		EXPECT_EQ(count_fds(), before);
	}
}

/* The kernel has told of the fork when it finds that the descriptor's number cannot be written. */
static long clone_to_nowhere(void)
{
	struct clone3_args args = {.exit_signal = SIGCHLD, .flags = CLONE_PIDFD, .pidfd = 16};

	return raw_clone3(&args, sizeof(args));
}

static void *fork_in_vain(void *argument)
{
	struct job *job = argument;

	job->tid = raw_gettid();
	job->result = clone_to_nowhere();
	if (job->result == 0)
		_exit(1);
	return NULL;
}

TEST("DUP-17", "a fork that fails on its way out leaves a descriptor of memory that is gone")
{
	char *p = map_private(1, RW);
	int fd = uffd_open(EVENT_FORK), child;
	struct job job = {0};
	struct thread thread;

	uffd_watch(fd, p, 1, MISSING);
	thread = thread_start(fork_in_vain, &job);
	child = EXPECT_FORK(fd);
	thread_join(thread);
	EXPECT_ERR(job.result, EFAULT);
	EXPECT_ERR(uffd_copy(child, p, letters("a"), PAGE, 0), ESRCH);
	EXPECT_ERR(uffd_register(child, p, PAGE, MISSING), ENOMEM);
	EXPECT_QUIET(child);
	uffd_fill(fd, p, "a"); /* ours goes on */
	EXPECT_LETTERS(p, "a");
}
