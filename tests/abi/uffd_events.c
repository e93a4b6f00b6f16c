// SPDX-License-Identifier: MIT
/*
 * tests/abi/uffd_events.c - what all events have in common, and REMOVE and UNMAP
 * (docs/contract/userfaultfd.md, section 12, EVT, RMV and UNM).
 */
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "lib/maps.h"
#include "lib/task.h"
#include "lib/test.h"
#include "lib/uffd.h"

#ifndef MADV_DONTNEED_LOCKED
#define MADV_DONTNEED_LOCKED 24
#endif
#define MAYMOVE_FIXED 3

TEST("EVT-1", "an event is sent only when it was asked for")
{
	char *p = map_private(8, RW), *q = map_private(2, PROT_NONE);
	int fd = uffd_open(0);
	pid_t pid;

	uffd_watch(fd, p, 8, MISSING);
	EXPECT_OK(raw_madvise(p, PAGE, MADV_DONTNEED));
	EXPECT_OK(raw_munmap(p, PAGE));
	EXPECT_EQ(raw_mremap(p + PAGE, 2 * PAGE, 2 * PAGE, MAYMOVE_FIXED, q), q);
	pid = test_fork();
	if (pid == 0)
		_exit(0);
	EXPECT_EXIT(pid, 0);
	EXPECT_QUIET(fd);
}

TEST("EVT-2,EVT-3,EVT-4", "who causes an event sleeps without locks, and nothing can be filled")
{
	char *p = map_private(2, RW), *s = map_shared(1, RW), *src = letters("a");
	int fd = uffd_open(EVENT_REMOVE);
	struct job *job;

	uffd_watch(fd, p, 2, MISSING | WP);
	uffd_watch(fd, s, 1, MINOR);
	job = begin(SYS_madvise, p, PAGE, MADV_DONTNEED);
	uffd_await_message(fd);
	EXPECT_SLEEPS(job);
	EXPECT_EQ(task_state(job->tid), 'D');
	EXPECT_OK(raw_munmap(map_private(1, RW), PAGE));
	EXPECT_ERR(uffd_copy(fd, p + PAGE, src, PAGE, 0), EAGAIN);
	EXPECT_EQ(uffd_done, UNTOUCHED);
	EXPECT_ERR(uffd_zeropage(fd, p + PAGE, PAGE, 0), EAGAIN);
	EXPECT_EQ(uffd_done, UNTOUCHED);
	EXPECT_ERR(uffd_continue(fd, s, PAGE, 0), EAGAIN);
	EXPECT_ERR(uffd_writeprotect(fd, p, PAGE, PROTECT), EAGAIN);
	EXPECT_ERR(raw_ioctl(fd, UFFDIO_COPY, NULL), EAGAIN); /* before anything else */
	EXPECT_EQ(uffd_wake(fd, p, PAGE), 0);
	uffd_watch(fd, p, 2, MISSING | WP);
	EXPECT_REMOVE(fd, p, 1);
	EXPECT_EQ(call_end(job), 0);
	EXPECT_EQ(uffd_copy(fd, p + PAGE, src, PAGE, 0), 0);
}

TEST("EVT-3", "events that overlap are counted")
{
	char *p = map_private(3, RW), *src = letters("a");
	int fd = uffd_open(EVENT_REMOVE | EVENT_UNMAP);
	struct job *job[3];

	uffd_watch(fd, p, 3, MISSING);
	job[0] = begin(SYS_madvise, p, PAGE, MADV_DONTNEED);
	EXPECT_SLEEPS(job[0]);
	uffd_await_message(fd);
	job[1] = begin(SYS_madvise, p + PAGE, PAGE, MADV_DONTNEED);
	EXPECT_SLEEPS(job[1]);
	job[2] = begin(SYS_munmap, p + 2 * PAGE, PAGE);
	EXPECT_SLEEPS(job[2]);
	EXPECT_REMOVE(fd, p, 1);
	EXPECT_EQ(call_end(job[0]), 0);
	EXPECT_ERR(uffd_copy(fd, p, src, PAGE, 0), EAGAIN);
	EXPECT_REMOVE(fd, p + PAGE, 1);
	EXPECT_EQ(call_end(job[1]), 0);
	EXPECT_ERR(uffd_copy(fd, p, src, PAGE, 0), EAGAIN);
	EXPECT_UNMAP(fd, p + 2 * PAGE, 1);
	EXPECT_EQ(call_end(job[2]), 0);
	EXPECT_EQ(uffd_copy(fd, p, src, PAGE, 0), 0);
}

TEST("EVT-5,REL-1", "close lets everyone go on")
{
	char *p = letters("abc");
	int fd = uffd_open(EVENT_REMOVE | EVENT_UNMAP);
	struct job *job[2];

	uffd_watch(fd, p, 3, MISSING);
	job[0] = begin(SYS_madvise, p, PAGE, MADV_DONTNEED);
	EXPECT_SLEEPS(job[0]);
	job[1] = begin(SYS_munmap, p + PAGE, PAGE);
	EXPECT_SLEEPS(job[1]);
	EXPECT_OK(raw_close(fd));
	EXPECT_EQ(call_end(job[0]), 0);
	EXPECT_EQ(call_end(job[1]), 0);
	EXPECT_LETTERS(p, "0");
	EXPECT_UNMAPPED(p + PAGE);
	EXPECT_LETTERS(p + 2 * PAGE, "c");
}

struct range {
	char *p;
	int pages;
};

static int drop_range(void *argument)
{
	struct range *range = argument;

	raw_madvise(range->p, range->pages * PAGE, MADV_DONTNEED);
	return 0;
}

TEST("EVT-5,RACE-15", "kill of who waits takes the event away, and filling is possible again")
{
	struct range range = {map_private(2, RW), 1};
	int fd = uffd_open(EVENT_REMOVE);
	pid_t pid;

	uffd_watch(fd, range.p, 2, MISSING);
	pid = EXPECT_OK(clone_task(CLONE_VM | SIGCHLD, NULL, drop_range, &range));
	uffd_await_message(fd);
	await_state(pid, "D");
	EXPECT_ERR(uffd_zeropage(fd, range.p, PAGE, 0), EAGAIN);
	EXPECT_OK(raw_kill(pid, SIGKILL));
	EXPECT_KILLED(pid, SIGKILL);
	EXPECT_QUIET(fd);
	EXPECT_EQ(uffd_zeropage(fd, range.p, PAGE, 0), 0);
}

TEST("EVT-6", "a process that watches itself alone waits for ever, and can be killed")
{
	volatile int *shared = shared_page();
	char *p = map_private(1, RW);
	pid_t pid = test_fork();

	if (pid == 0) {
		int fd = uffd_open(EVENT_UNMAP);

		uffd_watch(fd, p, 1, MISSING);
		shared[0] = 1;
		raw_munmap(p, PAGE);
		FAIL("munmap came back");
	}
	await_value(shared, 1);
	await_state(pid, "D");
	EXPECT_OK(raw_kill(pid, SIGKILL));
	EXPECT_KILLED(pid, SIGKILL);
}

TEST("EVT-7", "other signals wait until the event was read")
{
	char *p = map_private(1, RW);
	int fd = uffd_open(EVENT_REMOVE);
	struct job *job;

	signal(SIGUSR1, count_signal);
	uffd_watch(fd, p, 1, MISSING);
	job = begin(SYS_madvise, p, PAGE, MADV_DONTNEED);
	uffd_await_message(fd);
	EXPECT_SLEEPS(job);
	EXPECT_OK(raw(SYS_tkill, job->tid, SIGUSR1));
	EXPECT_SLEEPS(job);
	EXPECT_EQ(signals_counted, 0);
	EXPECT_REMOVE(fd, p, 1);
	EXPECT_EQ(call_end(job), 0);
	EXPECT_EQ(signals_counted, 1);
}

TEST("EVT-8", "one munmap over areas of two descriptors sends one event to each, in turn")
{
	char *p = map_alone(4, RW);
	int fd[2] = {uffd_open(EVENT_UNMAP), uffd_open(EVENT_UNMAP)};
	struct job *job;

	uffd_watch(fd[0], p, 1, MISSING);
	uffd_watch(fd[1], p + 2 * PAGE, 1, MISSING);
	job = begin(SYS_munmap, p, 4 * PAGE);
	uffd_await_message(fd[0]);
	EXPECT_SLEEPS(job);
	EXPECT_QUIET(fd[1]);
	EXPECT_UNMAP(fd[0], p, 4);
	EXPECT_UNMAP(fd[1], p, 4);
	EXPECT_EQ(call_end(job), 0);
	EXPECT_QUIET(fd[0]);
}

TEST("RMV-1", "REMOVE is sent before the pages go")
{
	static const int advices[] = {MADV_DONTNEED, MADV_FREE, MADV_DONTNEED_LOCKED};

	for (int i = 0; i < 3; i++) {
		char *p = letters("abc");
		int fd = uffd_open(EVENT_REMOVE);
		struct job *job;

		uffd_watch(fd, p, 3, MISSING);
		job = begin(SYS_madvise, p + PAGE, PAGE, advices[i]);
		uffd_await_message(fd);
		EXPECT_SLEEPS(job);
		EXPECT_LETTERS(p, "abc");
		EXPECT_REMOVE(fd, p + PAGE, 1);
		EXPECT_EQ(call_end(job), 0);
		EXPECT_EQ(p[0], 'a');
		EXPECT_EQ(p[2 * PAGE], 'c');
		if (i != 1) {
			EXPECT_STR(resident(p, 3), "101");
		}
		EXPECT_QUIET(fd);
		EXPECT_OK(raw_close(fd));
	}
}

TEST("RMV-1", "MADV_REMOVE sends it too")
{
	char *s = map_shared(2, RW);
	int fd = uffd_open(EVENT_REMOVE);
	struct job *job;

	memset(s, 's', 2 * PAGE);
	uffd_watch(fd, s, 2, MISSING);
	job = begin(SYS_madvise, s, PAGE, MADV_REMOVE);
	uffd_await_message(fd);
	EXPECT_LETTERS(s, "ss");
	EXPECT_REMOVE(fd, s, 1);
	EXPECT_EQ(call_end(job), 0);
	EXPECT_STR(resident(s, 2), "01");
	EXPECT_QUIET(fd);
}

TEST("RMV-1", "an area that is gone after the wait is ENOMEM")
{
	char *p = map_alone(2, RW);
	int fd = uffd_open(EVENT_REMOVE);
	struct job *job;

	uffd_watch(fd, p, 2, MISSING);
	job = begin(SYS_madvise, p, PAGE, MADV_DONTNEED);
	uffd_await_message(fd);
	EXPECT_OK(raw_munmap(p, 2 * PAGE));
	EXPECT_REMOVE(fd, p, 1);
	EXPECT_ERR(call_end(job), ENOMEM);
}

TEST("RMV-1,RMV-2", "each watched area that is touched sends its part")
{
	char *p = letters("abcdef");
	int fd = uffd_open(EVENT_REMOVE);
	struct job *job;

	uffd_watch(fd, p + PAGE, 2, MISSING);
	uffd_watch(fd, p + 4 * PAGE, 2, MISSING);
	job = begin(SYS_madvise, p, 5 * PAGE, MADV_DONTNEED);
	EXPECT_REMOVE(fd, p + PAGE, 2);
	EXPECT_REMOVE(fd, p + 4 * PAGE, 1);
	EXPECT_EQ(call_end(job), 0);
	EXPECT_STR(resident(p, 6), "000001");
	EXPECT_QUIET(fd);
}

TEST("RMV-2", "holes punched into the file and truncation send nothing")
{
	int memfd = memfd_new(2), fd = uffd_open(EVENT_REMOVE | EVENT_UNMAP);
	char *s = map_fd(memfd, 2, RW, MAP_SHARED);

	memset(s, 's', 2 * PAGE);
	uffd_watch(fd, s, 2, MISSING);
	EXPECT_OK(raw(SYS_fallocate, memfd, 3 /* KEEP_SIZE | PUNCH_HOLE */, 0, PAGE));
	EXPECT_STR(resident(s, 2), "01");
	EXPECT_OK(raw_ftruncate(memfd, PAGE));
	EXPECT_BUS(s + PAGE, READ);
	EXPECT_QUIET(fd);
}

TEST("UNM-1", "UNMAP is sent when the range is gone, and tells the whole request")
{
	char *p = map_alone(6, RW);
	int fd = uffd_open(EVENT_UNMAP);
	struct job *job;

	uffd_watch(fd, p + PAGE, 1, MISSING);
	uffd_watch(fd, p + 3 * PAGE, 1, MISSING); /* one event for both */
	job = begin(SYS_munmap, p, 5 * PAGE - 77);
	uffd_await_message(fd);
	EXPECT_SLEEPS(job);
	EXPECT_AREAS(p, 6, "5 hole, 1 rw-p");
	EXPECT_UNMAP(fd, p, 5);
	EXPECT_EQ(call_end(job), 0);
	EXPECT_QUIET(fd);
	EXPECT_OK(raw_munmap(p + 5 * PAGE, PAGE)); /* not watched: no event */
	EXPECT_QUIET(fd);
}

TEST("UNM-1", "so does an mmap over it, a shrinking mremap and the target of one")
{
	char *p = map_alone(6, RW), *other = map_alone(1, RW);
	int fd = uffd_open(EVENT_UNMAP);
	struct job *job;

	uffd_watch(fd, p, 6, MISSING);
	job = begin(SYS_mmap, p, 2 * PAGE, PROT_READ, PRIVATE | MAP_FIXED, -1, 0);
	EXPECT_UNMAP(fd, p, 2);
	EXPECT_EQ(call_end(job), p);
	EXPECT(!has_flag(p, "um"));
	job = begin(SYS_mremap, p + 2 * PAGE, 4 * PAGE, 3 * PAGE, 0);
	EXPECT_UNMAP(fd, p + 5 * PAGE, 1);
	EXPECT_EQ(call_end(job), p + 2 * PAGE);
	job = begin(SYS_mremap, other, PAGE, PAGE, MAYMOVE_FIXED, p + 3 * PAGE);
	EXPECT_UNMAP(fd, p + 3 * PAGE, 1);
	EXPECT_EQ(call_end(job), p + 3 * PAGE);
	EXPECT_AREAS(p, 6, "2 r--p, 1 rw-p, 1 rw-p, 1 rw-p, 1 hole");
	EXPECT_QUIET(fd);
}

TEST("UNM-1", "and a heap that shrinks")
{
	int fd = uffd_open(EVENT_UNMAP);
	char *heap = (char *)((raw_brk(0) + PAGE - 1) & -PAGE);
	struct job *job;

	EXPECT_EQ(raw_brk(heap + 4 * PAGE), heap + 4 * PAGE);
	uffd_watch(fd, heap, 4, MISSING);
	job = begin(SYS_brk, heap + PAGE + 1);
	EXPECT_UNMAP(fd, heap + 2 * PAGE, 2);
	EXPECT_EQ(call_end(job), heap + PAGE + 1);
	EXPECT_QUIET(fd);
}

int test_child(int argc, char **argv)
{
	(void)argc;
	EXPECT_STR(argv[0], "quiet");
	EXPECT_QUIET(20);
	EXPECT_EQ(uffd_poll(20), 0);
	return 0;
}

TEST("UNM-3,REL-6,EXT-5", "exec and exit send nothing")
{
	char *p = map_private(1, RW);
	int fd;
	pid_t pid = test_fork();

	if (pid == 0) {
		fd = uffd_open(EVENT_UNMAP | EVENT_REMOVE | EVENT_REMAP | EVENT_FORK);
		uffd_watch(fd, p, 1, MISSING);
		uffd_fill(fd, p, "a");
		EXPECT_EQ(raw(SYS_dup3, fd, 20, 0), 20);
		test_exec((const char *[]){"quiet", NULL});
	}
	EXPECT_EXIT(pid, 0);
}
