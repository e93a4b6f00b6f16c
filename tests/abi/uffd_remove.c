// SPDX-License-Identifier: MIT
/*
 * tests/abi/uffd_remove.c - madvise of watched memory in detail, and areas that a fork treats in
 * their own way (docs/contract/userfaultfd.md, RMV-1, RMV-2, DUP-2).
 */
#include <string.h>
#include <unistd.h>

#include "lib/maps.h"
#include "lib/task.h"
#include "lib/test.h"
#include "lib/uffd.h"

#ifndef MADV_DONTNEED_LOCKED
#define MADV_DONTNEED_LOCKED 24
#endif

TEST("RMV-1", "advice that is refused at once sends nothing")
{
	char *p = letters("ab");
	int fd = uffd_open(EVENT_REMOVE);
	struct job *job;

	EXPECT_OK(raw_mlock(p, PAGE));
	uffd_watch(fd, p, 2, MISSING);
	EXPECT_ERR(raw_madvise(p, PAGE, MADV_DONTNEED), EINVAL);
	EXPECT_ERR(raw_madvise(p, PAGE, MADV_FREE), EINVAL);
	EXPECT_ERR(raw_madvise(p + 1, PAGE, MADV_DONTNEED), EINVAL);
	EXPECT_ERR(raw_madvise(p, PAGE, 999), EINVAL);
	EXPECT_OK(raw_madvise(p, 0, MADV_DONTNEED));
	EXPECT_QUIET(fd);
	job = begin(SYS_madvise, p, PAGE, MADV_DONTNEED_LOCKED);
	EXPECT_REMOVE(fd, p, 1);
	EXPECT_EQ(call_end(job), 0);
	EXPECT_STR(resident(p, 2), "01");
}

TEST("RMV-1", "advice that drops nothing sends nothing")
{
	static const int advices[] = {MADV_NORMAL, MADV_RANDOM, MADV_WILLNEED, MADV_DONTFORK,
				      MADV_DOFORK};
	char *p = letters("a");
	int fd = uffd_open(EVENT_REMOVE);

	uffd_watch(fd, p, 1, MISSING);
	for (int i = 0; i < 5; i++)
		raw_madvise(p, PAGE, advices[i]);
	EXPECT_QUIET(fd);
}

TEST("RMV-1", "MADV_FREE of shared memory is refused; Linux tells of it first")
{
	char *s = map_shared(1, RW);
	int fd = uffd_open(EVENT_REMOVE);
	struct job *job;

	s[0] = 's';
	uffd_watch(fd, s, 1, MISSING);
	job = begin(SYS_madvise, s, PAGE, MADV_FREE);
	if (uffd_asks(fd, job))
		EXPECT_REMOVE(fd, s, 1);
	EXPECT_ERR(call_end(job), EINVAL);
	EXPECT_EQ(s[0], 's');
}

TEST("RMV-1", "MADV_DONTNEED of shared memory is told, and drops the mapping alone")
{
	char *s = map_shared(1, RW);
	int fd = uffd_open(EVENT_REMOVE);
	struct job *job;

	s[0] = 's';
	uffd_watch(fd, s, 1, MISSING);
	job = begin(SYS_madvise, s, PAGE, MADV_DONTNEED);
	EXPECT_REMOVE(fd, s, 1);
	EXPECT_EQ(call_end(job), 0);
	EXPECT_EQ(s[0], 's');
	EXPECT_QUIET(fd);
}

TEST("RMV-1", "what is unmapped at the end of the range during the wait is left out")
{
	char *p = letters("abcd");
	int fd = uffd_open(EVENT_REMOVE);
	struct job *job;

	uffd_watch(fd, p, 4, MISSING);
	job = begin(SYS_madvise, p, 4 * PAGE, MADV_DONTNEED);
	uffd_await_message(fd);
	EXPECT_OK(raw_munmap(p + 2 * PAGE, 2 * PAGE));
	EXPECT_REMOVE(fd, p, 4);
	call_end(job);
	EXPECT(job->result == 0 || job->result == -ENOMEM); /* Linux: 0 */
	EXPECT_STR(resident(p, 2), "00");
}

TEST("RMV-1", "what is locked during the wait is refused then")
{
	char *p = letters("a");
	int fd = uffd_open(EVENT_REMOVE);
	struct job *job;

	uffd_watch(fd, p, 1, MISSING);
	job = begin(SYS_madvise, p, PAGE, MADV_DONTNEED);
	uffd_await_message(fd);
	EXPECT_OK(raw_mlock(p, PAGE));
	EXPECT_REMOVE(fd, p, 1);
	EXPECT_ERR(call_end(job), EINVAL);
	EXPECT_LETTERS(p, "a");
}

TEST("RMV-1,RMV-2", "one advice over ordinary and watched memory and a hole")
{
	char *p = letters("abcdef");
	int fd = uffd_open(EVENT_REMOVE);
	struct job *job;

	uffd_watch(fd, p + PAGE, 1, MISSING);
	uffd_watch(fd, p + 4 * PAGE, 1, MISSING);
	EXPECT_OK(raw_munmap(p + 2 * PAGE, PAGE));
	job = begin(SYS_madvise, p, 6 * PAGE, MADV_DONTNEED);
	uffd_await_message(fd);
	EXPECT_SLEEPS(job);
	EXPECT_STR(resident(p, 2), "01"); /* what comes before is done */
	EXPECT_REMOVE(fd, p + PAGE, 1);
	EXPECT_REMOVE(fd, p + 4 * PAGE, 1);
	EXPECT_ERR(call_end(job), ENOMEM); /* the hole, when all is done */
	EXPECT_STR(resident(p, 2), "00");
	EXPECT_STR(resident(p + 3 * PAGE, 3), "000");
}

TEST("RMV-1,EVT-8", "areas of two descriptors are told in turn")
{
	char *p = letters("ab");
	int fd[2] = {uffd_open(EVENT_REMOVE), uffd_open(EVENT_REMOVE)};
	struct job *job;

	uffd_watch(fd[0], p, 1, MISSING);
	uffd_watch(fd[1], p + PAGE, 1, MISSING);
	job = begin(SYS_madvise, p, 2 * PAGE, MADV_DONTNEED);
	uffd_await_message(fd[0]);
	EXPECT_SLEEPS(job);
	EXPECT_QUIET(fd[1]);
	EXPECT_EQ(uffd_wake(fd[1], p, PAGE), 0);
	EXPECT_REMOVE(fd[0], p, 1);
	EXPECT_REMOVE(fd[1], p + PAGE, 1);
	EXPECT_EQ(call_end(job), 0);
}

TEST("DUP-2", "memory that a child does not get sends no event")
{
	char *p = map_private(1, RW);
	int fd = uffd_open(EVENT_FORK);
	pid_t pid;

	EXPECT_OK(raw_madvise(p, PAGE, MADV_DONTFORK));
	uffd_watch(fd, p, 1, MISSING);
	pid = test_fork();
	if (pid == 0) {
		EXPECT_UNMAPPED(p);
		_exit(0);
	}
	EXPECT_EXIT(pid, 0);
	EXPECT_QUIET(fd);
}

static int read_wiped(void *p)
{
	EXPECT_LETTERS(p, "w");
	return 0;
}

TEST("DUP-6", "memory that is wiped in a child is missing there")
{
	char *p = letters("a");
	int fd = uffd_open(EVENT_FORK), child;
	struct job *job;

	EXPECT_OK(raw_madvise(p, PAGE, 18 /* MADV_WIPEONFORK */));
	uffd_watch(fd, p, 1, MISSING);
	job = fork_start(read_wiped, p);
	child = EXPECT_FORK(fd);
	EXPECT_FAULT(child, p, 0);
	uffd_fill(child, p, "w");
	EXPECT_EXIT(call_end(job), 0);
	EXPECT_LETTERS(p, "a");
}
