// SPDX-License-Identifier: MIT
/*
 * tests/abi/uffd_fork.c - fork of a process that is watched (docs/contract/userfaultfd.md, section
 * 12, DUP). What a kill or a close in the middle does is in uffd_fork_end.c.
 */
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "lib/maps.h"
#include "lib/task.h"
#include "lib/test.h"
#include "lib/uffd.h"

/* A child with the memory of the test; it ends when it has compared `pages` with `text`. */
struct compare {
	char *pages;
	const char *text;
};

static int compare_pages(void *argument)
{
	struct compare *compare = argument;

	EXPECT_LETTERS(compare->pages, compare->text);
	return 0;
}

static int do_nothing(void *argument)
{
	(void)argument;
	return 0;
}

TEST("DUP-1", "without EVENT_FORK the child's memory is ordinary, in every mode")
{
	char *p = letters("abc"), *s = map_shared(1, RW);
	int fd = uffd_open(0);
	pid_t pid;

	uffd_watch(fd, p, 1, MISSING);
	uffd_watch(fd, p + PAGE, 1, WP);
	uffd_watch(fd, s, 1, MISSING | WP | MINOR);
	pid = test_fork();
	if (pid == 0) {
		for (int i = 0; i < 3; i++) {
			const char *flag = (const char *[]){"um", "uw", "ui"}[i];

			EXPECT(!has_flag(p, flag) && !has_flag(p + PAGE, flag) &&
			       !has_flag(s, flag));
		}
		EXPECT_AREAS(p, 3, "1 rw-p, 1 rw-p, 1 rw-p");
		EXPECT_OK(raw_madvise(p, PAGE, MADV_DONTNEED));
		EXPECT_LETTERS(p, "0bc");
		EXPECT_LETTERS(s, "0");
		EXPECT_ERR(uffd_copy(fd, s, p, PAGE, 0), EEXIST); /* the parent's: s is shared */
		_exit(0);
	}
	EXPECT_EXIT(pid, 0);
	EXPECT(has_flag(p, "um") && has_flag(p + PAGE, "uw") && has_flag(s, "ui"));
	EXPECT_QUIET(fd);
}

TEST("DUP-7,EVT-2", "fork waits, and the child does not run, until the event is read")
{
	char *p = map_private(1, RW);
	int fd = uffd_open(EVENT_FORK), child;
	struct compare compare = {p, "a"};
	struct job *job;

	uffd_watch(fd, p, 1, MISSING);
	job = fork_start(compare_pages, &compare);
	uffd_await_message(fd);
	EXPECT_SLEEPS(job);
	EXPECT_EQ(task_state(job->tid), 'D'); /* killable alone */
	child = EXPECT_FORK(fd);
	EXPECT_QUIET(fd); /* one event, and no fault of the child here */
	EXPECT(call_end(job) > 0);
	EXPECT_FAULT(child, p, 0);
	uffd_fill(child, p, "a");
	EXPECT_EXIT(job->result, 0);
	EXPECT_STR(resident(p, 1), "0");
	EXPECT_QUIET(fd);
	EXPECT_QUIET(child);
}

TEST("DUP-2,DUP-6,DMP-12", "all areas of one descriptor share one new one, with their modes")
{
	char *p = map_alone(6, RW), *s = map_shared(1, RW);
	int fd = uffd_open(EVENT_FORK), child;
	struct compare compare = {p, "a0c0e0"};
	struct job *job;

	uffd_watch(fd, p, 1, MISSING);
	uffd_watch(fd, p + 2 * PAGE, 1, MISSING | WP);
	uffd_watch(fd, p + 4 * PAGE, 1, MISSING);
	uffd_watch(fd, s, 1, MINOR);
	job = fork_start(compare_pages, &compare);
	child = EXPECT_FORK(fd);
	EXPECT(call_end(job) > 0);
	EXPECT_QUIET(fd);
	for (int i = 0; i < 6; i += 2) {
		EXPECT_FAULT(child, p + i * PAGE, 0);
		uffd_fill(child, p + i * PAGE, ((char[]){'a' + i, 0}));
	}
	EXPECT_EXIT(job->result, 0);
}

static int show_modes(void *argument)
{
	char *p = argument;

	EXPECT(has_flag(p, "um") && !has_flag(p, "uw"));
	EXPECT(has_flag(p + PAGE, "um") && has_flag(p + PAGE, "uw"));
	EXPECT(!has_flag(p + 2 * PAGE, "um"));
	EXPECT_AREAS(p, 3, "1 rw-p, 1 rw-p, 1 rw-p");
	return 0;
}

TEST("DUP-6", "the child's areas keep their modes and their ends")
{
	char *p = map_alone(3, RW);
	int fd = uffd_open(EVENT_FORK);
	struct job *job;

	uffd_watch(fd, p, 1, MISSING);
	uffd_watch(fd, p + PAGE, 1, MISSING | WP);
	job = fork_start(show_modes, p);
	EXPECT_FORK(fd);
	EXPECT_EXIT(call_end(job), 0);
}

TEST("DUP-4,DUP-9",
     "the new descriptor is the lowest free one, with the flags and features of the old")
{
	static const int flags[] = {O_NONBLOCK, O_NONBLOCK | O_CLOEXEC};

	for (int i = 0; i < 2; i++) {
		char *p = map_private(1, RW), features[128];
		int fd = uffd_open_flags(flags[i], EVENT_FORK | EVENT_UNMAP), child, lowest;
		struct job *job;

		uffd_watch(fd, p, 1, MISSING);
		strcpy(features, uffd_info(fd, "API"));
		lowest = EXPECT_OK(raw(SYS_dup, 0));
		EXPECT_OK(raw_close(lowest));
		job = fork_start(do_nothing, NULL);
		child = EXPECT_FORK(fd);
		EXPECT_EQ(child, lowest);
		EXPECT_EQ(raw(SYS_fcntl, child, F_GETFD), i);
		EXPECT_EQ(raw(SYS_fcntl, child, F_GETFL) & O_NONBLOCK, O_NONBLOCK);
		EXPECT_STR(uffd_info(child, "API"), features);
		EXPECT_ERR(uffd_api(child, 0, NULL), EINVAL); /* it is ready */
		EXPECT_EXIT(call_end(job), 0);
		EXPECT_OK(raw_close(child));
		EXPECT_OK(raw_close(fd));
	}
}

TEST("DUP-9", "a descriptor that blocks makes one that blocks")
{
	char *p = map_private(1, RW);
	int fd = uffd_open_flags(0, EVENT_FORK), child;
	struct job *job;

	uffd_watch(fd, p, 1, MISSING);
	job = fork_start(do_nothing, NULL);
	child = EXPECT_FORK(fd);
	EXPECT_EQ(raw(SYS_fcntl, child, F_GETFL) & O_NONBLOCK, 0);
	EXPECT_EQ(raw(SYS_fcntl, child, F_GETFD), 0);
	EXPECT_EXIT(call_end(job), 0);
}

TEST("DUP-5,RACE-7,EVT-3", "until the event is read nothing can be filled, then both sides apart")
{
	char *p = map_private(2, RW), *src = letters("x");
	int fd = uffd_open(EVENT_FORK), child[2];
	struct compare compare = {p, "cx"};
	struct job *job[2];

	uffd_watch(fd, p, 2, MISSING);
	for (int i = 0; i < 2; i++) {
		job[i] = fork_start(compare_pages, &compare);
		while (strchr("SD", task_state(job[i]->tid)) == NULL || !job[i]->tid)
			doze(1);
		uffd_await_message(fd);
	}
	EXPECT_SLEEPS(job[0]);
	EXPECT_SLEEPS(job[1]);
	EXPECT_ERR(uffd_copy(fd, p, src, PAGE, 0), EAGAIN);
	child[0] = EXPECT_FORK(fd);
	EXPECT_ERR(uffd_copy(fd, p, src, PAGE, 0), EAGAIN); /* one more is to be read */
	child[1] = EXPECT_FORK(fd);
	for (int i = 0; i < 2; i++)
		EXPECT(call_end(job[i]) > 0);
	EXPECT_EQ(uffd_copy(fd, p, src, PAGE, 0), 0);
	for (int i = 0; i < 2; i++) {
		uffd_fill(child[i], p, "cx");
		EXPECT_EXIT(job[i]->result, 0);
	}
	EXPECT_LETTERS(p, "x");
}

TEST("DUP-10", "with a full table of descriptors read is EMFILE, and the event stays")
{
	char *p = map_private(1, RW);
	int fd = uffd_open(EVENT_FORK), child;
	struct uffd_msg message;
	struct job *job;
	long lowest;

	uffd_watch(fd, p, 1, MISSING);
	job = fork_start(do_nothing, NULL);
	uffd_await_message(fd);
	EXPECT_SLEEPS(job);
	lowest = EXPECT_OK(raw(SYS_dup, 0));
	EXPECT_OK(raw_close(lowest));
	set_limit(RLIMIT_NOFILE, lowest);
	for (int i = 0; i < 3; i++) {
		EXPECT_ERR(raw_read(fd, &message, sizeof(message)), EMFILE);
		EXPECT_EQ(uffd_poll(fd), 1);
	}
	set_limit(RLIMIT_NOFILE, 1024);
	EXPECT_SLEEPS(job);
	child = EXPECT_FORK(fd);
	EXPECT_EQ(child, lowest);
	EXPECT_EXIT(call_end(job), 0);
}

static int fork_again(void *argument)
{
	struct compare *compare = argument;
	pid_t pid = EXPECT_OK(raw_fork());

	if (pid == 0)
		_exit(compare_pages(compare));
	EXPECT_EQ(compare->pages[PAGE], 'B');
	EXPECT_EXIT(pid, 0);
	return 0;
}

TEST("DUP-13", "the child's forks are told on the child's descriptor")
{
	char *p = map_private(2, RW);
	int fd = uffd_open(EVENT_FORK), child, grandchild;
	struct compare compare = {p, "gG"};
	struct job *job;

	uffd_watch(fd, p, 2, MISSING);
	job = fork_start(fork_again, &compare);
	child = EXPECT_FORK(fd);
	grandchild = EXPECT_FORK(child);
	EXPECT(call_end(job) > 0);
	uffd_fill(fd, p, "aA"); /* the parent's: does nothing for the others */
	EXPECT_FAULT(child, p + PAGE, 0);
	EXPECT_FAULT(grandchild, p, 0);
	uffd_fill(grandchild, p, "gG");
	uffd_fill(child, p + PAGE, "B");
	EXPECT_EXIT(job->result, 0);
	EXPECT_LETTERS(p, "aA");
	EXPECT_QUIET(fd);
}

TEST("DUP-13", "events of the child come on the child's descriptor")
{
	char *p = map_private(2, RW);
	int fd = uffd_open(EVENT_FORK | EVENT_UNMAP), child;
	volatile int *shared = shared_page();
	pid_t monitor, pid;

	monitor = fork_with_files(); /* is not watched itself */
	if (monitor == 0) {
		await_value(shared, 1);
		child = EXPECT_FORK(fd);
		EXPECT_UNMAP(child, p, 2);
		EXPECT_QUIET(fd);
		_exit(0);
	}
	uffd_watch(fd, p, 2, MISSING);
	shared[0] = 1;
	pid = test_fork();
	if (pid == 0) {
		EXPECT_OK(raw_munmap(p, 2 * PAGE));
		_exit(0);
	}
	EXPECT_EXIT(monitor, 0);
	EXPECT_EXIT(pid, 0);
	EXPECT(has_flag(p, "um"));
}

TEST("DUP-15", "a child that inherits the descriptor fills the parent's memory")
{
	char *p = map_private(1, RW);
	int fd = uffd_open(0);
	struct job *job;
	pid_t pid;

	uffd_watch(fd, p, 1, MISSING);
	job = touch(p, READ);
	uffd_await_message(fd);
	pid = test_fork();
	if (pid == 0) {
		EXPECT_FAULT(fd, p, 0);
		uffd_fill(fd, p, "c");
		EXPECT_LETTERS(p, "0");
		_exit(0);
	}
	EXPECT_TOUCHED(job);
	EXPECT_EXIT(pid, 0);
	EXPECT_LETTERS(p, "c");
}

TEST("DUP-16", "vfork and CLONE_VM send no event")
{
	char *p = map_private(1, RW);
	int fd = uffd_open(EVENT_FORK);
	pid_t pid;

	uffd_watch(fd, p, 1, MISSING);
	pid = vfork();
	if (pid == 0)
		_exit(0);
	EXPECT_EXIT(pid, 0);
	EXPECT_EXIT(EXPECT_OK(clone_task(CLONE_VM | SIGCHLD, NULL, do_nothing, NULL)), 0);
	EXPECT_QUIET(fd);
}

static int write_marked(void *argument)
{
	char *p = argument;

	EXPECT(pagemap(p) & PM_UFFD_WP);
	p[1] = 'c';
	EXPECT(!(pagemap(p) & PM_UFFD_WP));
	EXPECT_EQ(p[0], 'a');
	EXPECT(pagemap(p + PAGE) & PM_UFFD_WP);
	return 0;
}

TEST("DUP-18,WPR-8,COW-14", "with EVENT_FORK marks are inherited and trap in the child")
{
	char *p = letters("ab");
	int fd = uffd_open(EVENT_FORK), child;
	struct job *job;

	uffd_watch(fd, p, 2, WP);
	uffd_protect(fd, p, 2);
	job = fork_start(write_marked, p);
	child = EXPECT_FORK(fd);
	EXPECT_FAULT(child, p, FAULT_WP);
	uffd_unprotect(child, p, 1);
	EXPECT_EXIT(call_end(job), 0);
	EXPECT_LETTERS(p, "ab");
	EXPECT(pagemap(p) & PM_UFFD_WP);
	job = touch(p, WRITE);
	EXPECT_FAULT(fd, p, FAULT_WP);
	uffd_unprotect(fd, p, 1);
	EXPECT_TOUCHED(job);
}

TEST("DUP-18,WPR-8", "with EVENT_FORK markers of shared memory are inherited too")
{
	char *s = map_shared(2, RW);
	int fd = uffd_open(EVENT_FORK), child;
	struct job *job;

	s[0] = 'a';
	uffd_watch(fd, s, 2, WP);
	uffd_protect(fd, s, 2);
	job = fork_start(write_marked, s);
	child = EXPECT_FORK(fd);
	EXPECT_FAULT(child, s, FAULT_WP);
	uffd_unprotect(child, s, 1);
	EXPECT_EXIT(call_end(job), 0);
	EXPECT(pagemap(s) & PM_UFFD_WP && pagemap(s + PAGE) & PM_UFFD_WP);
	EXPECT_EQ(s[1], 'c');
}

static int expect_bus(void *argument)
{
	EXPECT_BUS((char *)argument + 3, READ);
	return 0;
}

TEST("DUP-19", "SIGBUS is inherited with the features")
{
	char *p = map_private(1, RW);
	int fd = uffd_open(EVENT_FORK | UFFD_FEATURE_SIGBUS), child;
	struct job *job;

	uffd_watch(fd, p, 1, MISSING);
	job = fork_start(expect_bus, p);
	child = EXPECT_FORK(fd);
	EXPECT_EXIT(call_end(job), 0);
	EXPECT_QUIET(child);
}

TEST("DUP-20,EVT-8", "two descriptors get an event each, one after another")
{
	char *p = map_private(2, RW);
	int fd[2] = {uffd_open(EVENT_FORK), uffd_open(EVENT_FORK)}, child[2];
	struct compare compare = {p, "ab"};
	struct job *job;

	uffd_watch(fd[1], p + PAGE, 1, MISSING);
	uffd_watch(fd[0], p, 1, MISSING);
	job = fork_start(compare_pages, &compare);
	uffd_await_message(fd[0]); /* the lower area first */
	EXPECT_SLEEPS(job);
	EXPECT_QUIET(fd[1]);
	EXPECT_ERR(uffd_copy(fd[1], p + PAGE, letters("x"), PAGE, 0), EAGAIN);
	child[0] = EXPECT_FORK(fd[0]);
	child[1] = EXPECT_FORK(fd[1]);
	EXPECT(call_end(job) > 0);
	uffd_fill(child[0], p, "a");
	uffd_fill(child[1], p + PAGE, "b");
	EXPECT_EXIT(job->result, 0);
}
