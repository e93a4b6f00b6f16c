// SPDX-License-Identifier: MIT
/*
 * tests/abi/uffd_exit.c - the end of a descriptor and of the memory it watches
 * (docs/contract/userfaultfd.md, section 14 and RNG-3).
 */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "lib/inject.h"
#include "lib/maps.h"
#include "lib/task.h"
#include "lib/test.h"
#include "lib/uffd.h"

/* What every call says of memory that is gone; s was shared memory there. */
static void expect_gone(int fd, char *p)
{
	char *src = letters("a");

	EXPECT_ERR(uffd_register(fd, p, PAGE, MISSING), ENOMEM);
	EXPECT_ERR(uffd_unregister(fd, p, PAGE), ENOMEM);
	EXPECT_ERR(uffd_copy(fd, p, src, PAGE, 0), ESRCH);
	EXPECT_EQ(uffd_done, UNTOUCHED);
	EXPECT_ERR(uffd_zeropage(fd, p, PAGE, 0), ESRCH);
	EXPECT_ERR(uffd_continue(fd, p, PAGE, 0), ESRCH);
	EXPECT_ERR(uffd_writeprotect(fd, p, PAGE, PROTECT), ESRCH);
	EXPECT_EQ(uffd_wake(fd, p, PAGE), 0);
	EXPECT_ERR(uffd_register(fd, p, PAGE, 0), EINVAL); /* arguments come first */
	EXPECT_ERR(uffd_register(fd, p + 1, PAGE, MISSING), EINVAL);
	EXPECT_ERR(uffd_unregister(fd, p, 0), EINVAL);
	EXPECT_ERR(uffd_copy(fd, p, src, PAGE, 8), EINVAL);
	EXPECT_ERR(uffd_zeropage(fd, p, 1, 0), EINVAL);
	EXPECT_ERR(uffd_continue(fd, p, PAGE, 8), EINVAL);
	EXPECT_ERR(uffd_writeprotect(fd, p, PAGE, 8), EINVAL);
	EXPECT_ERR(raw_ioctl(fd, UFFDIO_COPY, NULL), EFAULT);
	EXPECT_QUIET(fd);
	EXPECT_EQ(uffd_poll(fd), 0);
}

TEST("RNG-3,REL-4,REL-7,RD-11", "after the owner's exit calls say that the memory is gone")
{
	volatile int *shared = shared_page();
	char *p = map_private(1, RW);
	pid_t pid = fork_with_files();

	if (pid == 0) {
		shared[0] = uffd_open(EVENT_UNMAP | EVENT_REMOVE);
		uffd_watch(shared[0], p, 1, MISSING | WP);
		uffd_fill(shared[0], p, "a");
		_exit(0);
	}
	EXPECT_EXIT(pid, 0);
	expect_gone(shared[0], p);
	EXPECT_OK(raw_close(shared[0]));
}

TEST("RNG-3,EVT-5", "after the owner was killed too")
{
	volatile int *shared = shared_page();
	char *p = map_private(1, RW);
	pid_t pid = fork_with_files();

	if (pid == 0) {
		shared[0] = uffd_open(EVENT_UNMAP | EVENT_REMOVE);
		uffd_watch(shared[0], p, 1, MISSING);
		shared[1] = 1;
		raw_madvise(p, PAGE, MADV_DONTNEED);
		FAIL("madvise came back");
	}
	await_value(shared + 1, 1);
	uffd_await_message(shared[0]);
	await_state(pid, "D");
	EXPECT_OK(raw_kill(pid, SIGKILL));
	EXPECT_KILLED(pid, SIGKILL);
	expect_gone(shared[0], p);
}

/* Descriptor 20 was made by the program before this one. */
int test_child(int argc, char **argv)
{
	EXPECT_EQ(argc, 2);
	if (strcmp(argv[0], "closed") == 0)
		EXPECT_ERR(raw(SYS_fcntl, 20, F_GETFD), EBADF);
	else
		expect_gone(20, (char *)strtoul(argv[1], NULL, 16));
	return 0;
}

TEST("REL-6,RNG-3", "after exec a descriptor that is left knows only the old memory")
{
	for (int cloexec = 0; cloexec < 2; cloexec++) {
		pid_t pid = test_fork();

		if (pid == 0) {
			char *p = map_private(1, RW), text[32];
			int fd = uffd_open(EVENT_UNMAP | EVENT_REMOVE | EVENT_REMAP | EVENT_FORK);

			snprintf(text, sizeof(text), "%lx", (unsigned long)p);
			uffd_watch(fd, p, 1, MISSING);
			EXPECT_EQ(raw(SYS_dup3, fd, 20, cloexec ? O_CLOEXEC : 0), 20);
			test_exec((const char *[]){cloexec ? "closed" : "gone", text, NULL});
		}
		EXPECT_EXIT(pid, 0);
	}
}

TEST("REL-1", "close ends every registration, and areas merge again")
{
	char *p = map_alone(6, RW), *s = map_shared(1, RW);
	int fd = uffd_open(0), other = uffd_open(0);

	uffd_watch(fd, p + PAGE, 1, MISSING);
	uffd_watch(fd, p + 3 * PAGE, 1, MISSING | WP);
	uffd_watch(fd, s, 1, MISSING | WP | MINOR);
	uffd_watch(other, p + 5 * PAGE, 1, MISSING);
	EXPECT_AREAS(p, 6, "1 rw-p, 1 rw-p, 1 rw-p, 1 rw-p, 1 rw-p, 1 rw-p");
	EXPECT_OK(raw_close(fd));
	EXPECT_AREAS(p, 6, "5 rw-p, 1 rw-p");
	EXPECT(!has_flag(p + PAGE, "um") && !has_flag(s, "um") && has_flag(p + 5 * PAGE, "um"));
	EXPECT_LETTERS(p, "00000");
	EXPECT_OK(raw_close(other));
	EXPECT_AREAS(p, 6, "6 rw-p");
}

TEST("REL-1,REL-2", "close wakes all who wait, read or not")
{
	enum { JOBS = 6 };
	char *p = map_private(JOBS, RW);
	int fd = uffd_open(0);
	struct job *job[JOBS];

	uffd_watch(fd, p, JOBS, MISSING);
	for (int i = 0; i < JOBS; i++) {
		job[i] = touch(p + i * PAGE, i & 1 ? WRITE : READ);
		if (i < JOBS / 2)
			EXPECT_FAULT(fd, p + i * PAGE, i & 1 ? FAULT_WRITE : 0);
	}
	uffd_await(fd, JOBS);
	for (int i = 0; i < JOBS; i++)
		EXPECT_SLEEPS(job[i]);
	EXPECT_OK(raw_close(fd));
	for (int i = 0; i < JOBS; i++) {
		EXPECT_TOUCHED(job[i]);
		EXPECT_EQ(p[i * PAGE], i & 1 ? 0x5a : 0);
	}
}

TEST("REL-1,REL-8", "only the last of several descriptors counts")
{
	char *p = map_private(1, RW);
	int fd = uffd_open(0), copy = EXPECT_OK(raw(SYS_dup, fd));
	struct job *job;

	uffd_watch(fd, p, 1, MISSING);
	job = touch(p, READ);
	EXPECT_FAULT(fd, p, 0);
	EXPECT_OK(raw_close(fd));
	EXPECT_SLEEPS(job);
	EXPECT(has_flag(p, "um"));
	EXPECT_OK(raw_close(copy));
	EXPECT_TOUCHED(job);
	EXPECT(!has_flag(p, "um"));
}

TEST("REL-8", "the end of the monitor is a close")
{
	char *p = map_private(2, RW);
	int fd = uffd_open(0);
	struct job *job[2];
	pid_t pid;

	uffd_watch(fd, p, 2, MISSING);
	pid = test_fork();
	if (pid == 0) {
		for (;;)
			raw(SYS_pause);
	}
	EXPECT_OK(raw_close(fd)); /* the child's is the last one */
	EXPECT(has_flag(p, "um"));
	for (int i = 0; i < 2; i++) {
		job[i] = touch(p + i * PAGE, READ);
		EXPECT_SLEEPS(job[i]);
	}
	EXPECT_OK(raw_kill(pid, SIGKILL));
	EXPECT_KILLED(pid, SIGKILL);
	for (int i = 0; i < 2; i++)
		EXPECT_TOUCHED(job[i]);
	EXPECT(!has_flag(p, "um"));
}

TEST("REL-9,REL-11", "a poll that waits keeps the descriptor, then it is released")
{
	char *p = map_private(1, RW);
	int fd = uffd_open(0);
	struct pollfd entry = {.fd = fd, .events = POLLIN};
	struct job *poller, *job;

	uffd_watch(fd, p, 1, MISSING);
	poller = begin(SYS_poll, &entry, 1, -1);
	EXPECT_SLEEPS(poller);
	EXPECT_OK(raw_close(fd));
	EXPECT(has_flag(p, "um"));
	job = touch(p, READ);
	EXPECT_EQ(call_end(poller), 1);
	EXPECT_EQ(entry.revents, POLLNVAL); /* it looks at the number again */
	EXPECT_TOUCHED(job);		    /* the poll was the last user */
	EXPECT(!has_flag(p, "um"));
}

TEST("REL-9", "an epoll forgets a descriptor that is closed")
{
	struct epoll_event event = {.events = EPOLLIN};
	long epoll = EXPECT_OK(raw(SYS_epoll_create1, 0));
	char *p = map_private(1, RW);
	int fd = uffd_open(0);
	struct job *job;

	uffd_watch(fd, p, 1, MISSING);
	EXPECT_OK(raw(SYS_epoll_ctl, epoll, EPOLL_CTL_ADD, fd, &event));
	job = touch(p, READ);
	EXPECT_EQ(raw(SYS_epoll_wait, epoll, &event, 1, -1), 1);
	EXPECT_OK(raw_close(fd));
	EXPECT_TOUCHED(job);
	EXPECT_EQ(raw(SYS_epoll_wait, epoll, &event, 1, 0), 0);
}

TEST("REL-11", "a read that waits gets its message although the descriptor was closed")
{
	char *p = map_private(1, RW);
	int fd = uffd_open_flags(O_CLOEXEC, 0);
	struct job *reader, *job;
	struct uffd_msg message;

	uffd_watch(fd, p, 1, MISSING);
	reader = begin(SYS_read, fd, &message, sizeof(message));
	EXPECT_SLEEPS(reader);
	EXPECT_OK(raw_close(fd));
	EXPECT(has_flag(p, "um"));
	job = touch(p, READ);
	EXPECT_EQ(call_end(reader), sizeof(message));
	EXPECT_EQ(message.arg.pagefault.address, p);
	EXPECT_TOUCHED(job);
	EXPECT(!has_flag(p, "um"));
}

TEST("REL-11", "so does a copy that waits for its source")
{
	char *p = map_private(1, RW), *src = map_private(1, RW);
	int fd = uffd_open(0), other = uffd_open(0);
	struct uffdio_copy argument = {(unsigned long)p, (unsigned long)src, PAGE, 0, 0};
	struct job *job;

	uffd_watch(fd, p, 1, MISSING);
	uffd_watch(other, src, 1, MISSING);
	job = begin(SYS_ioctl, fd, UFFDIO_COPY, &argument);
	EXPECT_FAULT(other, src, 0);
	EXPECT_SLEEPS(job);
	EXPECT_OK(raw_close(fd));
	EXPECT(has_flag(p, "um"));
	uffd_fill(other, src, "a");
	EXPECT_EQ(call_end(job), 0);
	EXPECT_LETTERS(p, "a");
	EXPECT(!has_flag(p, "um"));
}

TEST("REL-5", "descriptors and waiters that are gone leave nothing in use")
{
	char *p = map_private(8, RW);
	struct usage before;

	for (int round = 0; round < 3; round++) {
		if (round == 1)
			before = usage_now();
		for (int i = 0; i < 50; i++) {
			int fd = uffd_open(EVENT_REMOVE);

			uffd_watch(fd, p, 8, MISSING | WP);
			EXPECT_EQ(uffd_zeropage(fd, p + 4 * PAGE, PAGE, 0), 0);
			EXPECT_OK(raw_close(fd));
			EXPECT_OK(raw_madvise(p, 8 * PAGE, MADV_DONTNEED));
		}
	}
	EXPECT_EQ(usage_now().files, before.files);
}

TEST("REL-8,NEW-6", "a copy that another process took keeps the registration, and serves")
{
	volatile int *shared = shared_page();
	char *p = map_private(2, RW);
	long pidfd, fd;
	pid_t pid = test_fork();

	if (pid == 0) {
		shared[0] = uffd_open(0);
		uffd_watch(shared[0], p, 2, MISSING);
		shared[1] = 1;
		await_value(shared + 2, 1);
		EXPECT_OK(raw_close(shared[0])); /* ours was not the last one */
		EXPECT_LETTERS(p, "a0");
		EXPECT(!has_flag(p, "um"));
		_exit(0);
	}
	await_value(shared + 1, 1);
	pidfd = EXPECT_OK(raw(SYS_pidfd_open, pid, 0));
	fd = EXPECT_OK(raw(SYS_pidfd_getfd, pidfd, shared[0], 0));
	shared[2] = 1;
	EXPECT_FAULT(fd, p, 0);
	uffd_fill(fd, p, "a");
	EXPECT_FAULT(fd, p + PAGE, 0);
	EXPECT_OK(raw_close(fd)); /* the last one: zeros */
	EXPECT_EXIT(pid, 0);
}
