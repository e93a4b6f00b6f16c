// SPDX-License-Identifier: MIT
/*
 * tests/abi/uffd_read.c - read, poll and the order of messages (docs/contract/userfaultfd.md,
 * section 8).
 */
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <unistd.h>

#include "lib/maps.h"
#include "lib/task.h"
#include "lib/test.h"
#include "lib/uffd.h"

#define MESSAGE sizeof(struct uffd_msg)

/* Starts a touch of each of so many pages, one after another, so that they queue in this order. */
static void queue_touches(int fd, struct job **job, char *p, int count)
{
	for (int i = 0; i < count; i++) {
		job[i] = touch(p + i * PAGE, READ);
		uffd_await(fd, i + 1);
	}
}

static void end_touches(int fd, struct job **job, char *p, int count)
{
	for (int i = 0; i < count; i++) {
		uffd_fill(fd, p + i * PAGE, "x");
		EXPECT_TOUCHED(job[i]);
	}
}

TEST("RD-1", "less than a message is EINVAL, else as many whole ones as fit")
{
	char *p = map_private(6, RW);
	int fd = uffd_open(0);
	struct uffd_msg m[8];
	struct job *job[6];

	for (size_t len = 0; len < MESSAGE; len += 31)
		EXPECT_ERR(raw_read(fd, m, len), EINVAL); /* not EAGAIN */
	uffd_watch(fd, p, 6, MISSING);
	queue_touches(fd, job, p, 6);
	EXPECT_ERR(raw_read(fd, m, MESSAGE - 1), EINVAL);
	EXPECT_EQ(raw_read(fd, m, MESSAGE), MESSAGE);
	EXPECT_EQ(m[0].arg.pagefault.address, p);
	EXPECT_EQ(raw_read(fd, m, MESSAGE + 1), MESSAGE);
	EXPECT_EQ(m[0].arg.pagefault.address, p + PAGE);
	memset(m, 0xff, sizeof(m));
	EXPECT_EQ(raw_read(fd, m, 100), 96);
	for (int i = 0; i < 3; i++)
		EXPECT_EQ(m[i].arg.pagefault.address, p + (i + 2) * PAGE);
	EXPECT_EQ(m[3].event, 0xff);
	EXPECT_EQ(raw_read(fd, m, sizeof(m)), MESSAGE);
	EXPECT_QUIET(fd);
	end_touches(fd, job, p, 6);
}

TEST("RD-2", "without O_NONBLOCK read waits for the first message and for no more")
{
	char *p = map_private(1, RW);
	int fd = uffd_open_flags(O_CLOEXEC, 0);
	struct uffd_msg m[4];
	struct job *reader = begin(SYS_read, fd, m, sizeof(m)), *job;

	EXPECT_SLEEPS(reader);
	uffd_watch(fd, p, 1, MISSING);
	job = touch(p, READ);
	EXPECT_EQ(call_end(reader), MESSAGE);
	EXPECT_EQ(m[0].event, UFFD_EVENT_PAGEFAULT);
	EXPECT_EQ(m[0].arg.pagefault.address, p);
	uffd_fill(fd, p, "a");
	EXPECT_TOUCHED(job);
}

static void ignore(int signal)
{
	(void)signal;
}

TEST("RD-2", "a signal ends a read that waits, and it may begin again by itself")
{
	struct sigaction action = {.sa_handler = ignore};
	int fd = uffd_open_flags(O_CLOEXEC, 0);
	char *p = map_private(1, RW);
	struct job *reader, *job;
	struct uffd_msg m;

	sigaction(SIGUSR1, &action, NULL);
	action.sa_flags = SA_RESTART;
	sigaction(SIGUSR2, &action, NULL);
	reader = begin(SYS_read, fd, &m, sizeof(m));
	EXPECT_SLEEPS(reader);
	EXPECT_OK(raw(SYS_tkill, reader->tid, SIGUSR1));
	EXPECT_ERR(call_end(reader), EINTR);
	reader = begin(SYS_read, fd, &m, sizeof(m));
	EXPECT_SLEEPS(reader);
	EXPECT_OK(raw(SYS_tkill, reader->tid, SIGUSR2));
	uffd_watch(fd, p, 1, MISSING);
	job = touch(p, READ);
	EXPECT_EQ(call_end(reader), MESSAGE);
	uffd_fill(fd, p, "a");
	EXPECT_TOUCHED(job);
}

TEST("RD-3", "faults come before events, each kind in its order")
{
	char *p = map_private(6, RW);
	int fd = uffd_open(EVENT_REMOVE | EVENT_UNMAP);
	struct uffd_msg m[8];
	struct job *job[2], *drop, *unmap;

	uffd_watch(fd, p, 6, MISSING);
	drop = begin(SYS_madvise, p + 3 * PAGE, PAGE, MADV_DONTNEED);
	uffd_await_message(fd);
	EXPECT_SLEEPS(drop);
	unmap = begin(SYS_munmap, p + 4 * PAGE, 2 * PAGE);
	EXPECT_SLEEPS(unmap);
	queue_touches(fd, job, p, 2);
	EXPECT_EQ(raw_read(fd, m, sizeof(m)), 4 * MESSAGE);
	EXPECT_EQ(m[0].event, UFFD_EVENT_PAGEFAULT);
	EXPECT_EQ(m[0].arg.pagefault.address, p);
	EXPECT_EQ(m[1].arg.pagefault.address, p + PAGE);
	EXPECT_EQ(m[2].event, UFFD_EVENT_REMOVE);
	EXPECT_EQ(m[2].arg.remove.start, p + 3 * PAGE);
	EXPECT_EQ(m[3].event, UFFD_EVENT_UNMAP);
	EXPECT_EQ(m[3].arg.remove.start, p + 4 * PAGE);
	EXPECT_EQ(m[3].arg.remove.end, p + 6 * PAGE);
	EXPECT_EQ(call_end(drop), 0);
	EXPECT_EQ(call_end(unmap), 0);
	end_touches(fd, job, p, 2);
}

TEST("RD-4", "a fault that was read still waits; an event that was read is over")
{
	char *p = map_private(2, RW);
	int fd = uffd_open(EVENT_REMOVE);
	struct job *job, *drop;
	long pending, total;

	uffd_watch(fd, p, 2, MISSING);
	job = touch(p, READ);
	uffd_await(fd, 1);
	uffd_counts(fd, &pending, &total);
	EXPECT_EQ(pending, 1);
	EXPECT_FAULT(fd, p, 0);
	uffd_counts(fd, &pending, &total);
	EXPECT_EQ(pending, 0);
	EXPECT_EQ(total, 1);
	EXPECT_SLEEPS(job);
	EXPECT_EQ(uffd_poll(fd), 0);
	drop = begin(SYS_madvise, p + PAGE, PAGE, MADV_DONTNEED);
	EXPECT_REMOVE(fd, p + PAGE, 1);
	EXPECT_EQ(call_end(drop), 0);
	EXPECT_SLEEPS(job);
	EXPECT_QUIET(fd);
	uffd_fill(fd, p, "a");
	EXPECT_TOUCHED(job);
}

TEST("RD-5,RD-10", "several readers get each message once")
{
	enum { READERS = 4 };
	char *p = map_private(READERS, RW);
	int fd = uffd_open_flags(O_CLOEXEC, 0), seen[READERS] = {0};
	struct job *reader[READERS], *job[READERS];
	struct uffd_msg m[READERS];

	uffd_watch(fd, p, READERS, MISSING);
	for (int i = 0; i < READERS; i++) {
		reader[i] = begin(SYS_read, fd, &m[i], MESSAGE);
		EXPECT_SLEEPS(reader[i]);
	}
	for (int i = 0; i < READERS; i++)
		job[i] = touch(p + i * PAGE, READ);
	for (int i = 0; i < READERS; i++) {
		EXPECT_EQ(call_end(reader[i]), MESSAGE);
		seen[(m[i].arg.pagefault.address - (unsigned long)p) / PAGE]++;
	}
	for (int i = 0; i < READERS; i++)
		EXPECT_EQ(seen[i], 1);
	end_touches(fd, job, p, READERS);
}

TEST("RD-5,RD-10", "one message wakes a reader, and the others wait on")
{
	char *p = map_private(1, RW);
	int fd = uffd_open_flags(O_CLOEXEC, 0), done;
	struct job *reader[3], *job;
	struct uffd_msg m[3];

	uffd_watch(fd, p, 1, MISSING);
	for (int i = 0; i < 3; i++) {
		reader[i] = begin(SYS_read, fd, &m[i], MESSAGE);
		EXPECT_SLEEPS(reader[i]);
	}
	job = touch(p, READ);
	do {
		done = 0;
		for (int i = 0; i < 3; i++)
			done += reader[i]->done;
	} while (!done);
	for (int i = 0; i < 3; i++)
		if (!reader[i]->done)
			EXPECT_SLEEPS(reader[i]);
	uffd_fill(fd, p, "a");
	EXPECT_TOUCHED(job);
}

TEST("RD-6", "what cannot be stored is EFAULT and its message is lost")
{
	struct uffd_msg *m = (void *)(map_alone(1, RW) + PAGE - MESSAGE);
	char *p = map_private(4, RW);
	int fd = uffd_open(0);
	struct job *job[4];

	uffd_watch(fd, p, 4, MISSING);
	queue_touches(fd, job, p, 4);
	EXPECT_ERR(raw_read(fd, NULL, MESSAGE), EFAULT);  /* takes the first */
	EXPECT_EQ(raw_read(fd, m, 2 * MESSAGE), MESSAGE); /* loses the third */
	EXPECT_EQ(m->arg.pagefault.address, p + PAGE);
	EXPECT_FAULT(fd, p + 3 * PAGE, 0);
	EXPECT_QUIET(fd);
	EXPECT_SLEEPS(job[0]);
	EXPECT_SLEEPS(job[2]);
	EXPECT_OK(uffd_wake(fd, p, PAGE));
	EXPECT_FAULT(fd, p, 0);
	end_touches(fd, job, p, 4);
}

TEST("RD-7", "poll tells of messages, and of an error where read would block")
{
	char *p = map_private(1, RW);
	int fd = uffd_open(0), blocking = uffd_open_flags(O_CLOEXEC, 0);
	struct job *job;

	EXPECT_EQ(uffd_poll(fd), 0);
	EXPECT_EQ(uffd_poll(blocking), POLLERR);
	uffd_watch(fd, p, 1, MISSING);
	job = touch(p, READ);
	uffd_await_message(fd);
	EXPECT_EQ(uffd_poll(fd), POLLIN);
	EXPECT_FAULT(fd, p, 0);
	EXPECT_EQ(uffd_poll(fd), 0);
	uffd_fill(fd, p, "a");
	EXPECT_TOUCHED(job);
}

TEST("RD-7", "an event is told by poll like a fault")
{
	char *p = map_private(1, RW);
	int fd = uffd_open(EVENT_UNMAP);
	struct job *job;

	uffd_watch(fd, p, 1, MISSING);
	job = begin(SYS_munmap, p, PAGE);
	uffd_await_message(fd);
	EXPECT_EQ(uffd_poll(fd), POLLIN);
	EXPECT_UNMAP(fd, p, 1);
	EXPECT_EQ(uffd_poll(fd), 0);
	EXPECT_EQ(call_end(job), 0);
}

TEST("RD-9", "a poller that waits is woken by a fault and by an event")
{
	char *p = map_private(2, RW);
	int fd = uffd_open(EVENT_REMOVE);
	struct pollfd entry = {.fd = fd, .events = POLLIN};
	struct job *poller, *job;

	uffd_watch(fd, p, 2, MISSING);
	poller = begin(SYS_poll, &entry, 1, -1);
	EXPECT_SLEEPS(poller);
	job = touch(p, READ);
	EXPECT_EQ(call_end(poller), 1);
	EXPECT_EQ(entry.revents, POLLIN);
	EXPECT_FAULT(fd, p, 0);
	uffd_fill(fd, p, "a");
	EXPECT_TOUCHED(job);
	poller = begin(SYS_poll, &entry, 1, -1);
	EXPECT_SLEEPS(poller);
	job = begin(SYS_madvise, p, PAGE, MADV_DONTNEED);
	EXPECT_EQ(call_end(poller), 1);
	EXPECT_REMOVE(fd, p, 1);
	EXPECT_EQ(call_end(job), 0);
}

TEST("RD-9", "select and epoll see messages")
{
	char *p = map_private(2, RW);
	int fd = uffd_open(0);
	long level = EXPECT_OK(raw(SYS_epoll_create1, 0)),
	     edge = EXPECT_OK(raw(SYS_epoll_create1, 0));
	struct epoll_event event = {.events = EPOLLIN, .data.u32 = 7};
	struct job *job[2];
	fd_set set;

	EXPECT_OK(raw(SYS_epoll_ctl, level, EPOLL_CTL_ADD, fd, &event));
	event.events = EPOLLIN | EPOLLET;
	EXPECT_OK(raw(SYS_epoll_ctl, edge, EPOLL_CTL_ADD, fd, &event));
	EXPECT_EQ(raw(SYS_epoll_wait, level, &event, 1, 0), 0);
	uffd_watch(fd, p, 2, MISSING);
	for (int i = 0; i < 2; i++) {
		job[i] = touch(p + i * PAGE, READ);
		EXPECT_EQ(raw(SYS_epoll_wait, level, &event, 1, -1), 1);
		EXPECT_EQ(event.events, EPOLLIN);
		EXPECT_EQ(event.data.u32, 7);
		EXPECT_EQ(raw(SYS_epoll_wait, level, &event, 1, -1),
			  1); /* as long as it is there */
		EXPECT_EQ(raw(SYS_epoll_wait, edge, &event, 1, -1), 1);
		EXPECT_EQ(raw(SYS_epoll_wait, edge, &event, 1, 0), 0); /* once a message */
		FD_ZERO(&set);
		FD_SET(fd, &set);
		EXPECT_EQ(raw(SYS_select, fd + 1, &set, NULL, NULL, NULL), 1);
		EXPECT(FD_ISSET(fd, &set));
		EXPECT_FAULT(fd, p + i * PAGE, 0);
		EXPECT_EQ(raw(SYS_epoll_wait, level, &event, 1, 0), 0);
	}
	end_touches(fd, job, p, 2);
}

TEST("RD-10", "many pollers and a reader use one descriptor")
{
	enum { POLLERS = 4 };
	char *p = map_private(1, RW);
	int fd = uffd_open(0);
	struct pollfd entry[POLLERS];
	struct job *poller[POLLERS], *job;

	uffd_watch(fd, p, 1, MISSING);
	for (int i = 0; i < POLLERS; i++) {
		entry[i] = (struct pollfd){.fd = fd, .events = POLLIN};
		poller[i] = begin(SYS_poll, &entry[i], 1, -1);
		EXPECT_SLEEPS(poller[i]);
	}
	job = touch(p, READ);
	for (int i = 0; i < POLLERS; i++)
		EXPECT_EQ(call_end(poller[i]), 1); /* all of them: the message stays until read */
	EXPECT_FAULT(fd, p, 0);
	uffd_fill(fd, p, "a");
	EXPECT_TOUCHED(job);
}

TEST("RD-11", "when the memory is gone there is nothing to read, and no word of its end")
{
	volatile int *shared = shared_page();
	char *p = map_private(1, RW);
	pid_t pid = fork_with_files();

	if (pid == 0) {
		shared[0] = uffd_open(EVENT_UNMAP | EVENT_REMOVE | EVENT_FORK | EVENT_REMAP);
		uffd_watch(shared[0], p, 1, MISSING);
		_exit(0);
	}
	EXPECT_EXIT(pid, 0);
	EXPECT_EQ(uffd_poll(shared[0]), 0);
	EXPECT_QUIET(shared[0]);
}

TEST("RD-1,RD-3,UFLT-20", "two hundred waiters: no message is dropped, and one read takes them all")
{
	enum { MANY = 200 };
	char *p = map_private(MANY, RW);
	static struct uffd_msg messages[MANY + 1];
	struct job *job[MANY];
	int fd = uffd_open(0);
	bool seen[MANY] = {0};

	uffd_watch(fd, p, MANY, MISSING);
	for (int i = 0; i < MANY; i++)
		job[i] = touch(p + i * PAGE, READ);
	uffd_await(fd, MANY);
	EXPECT_EQ(raw_read(fd, messages, sizeof(messages)), MANY * MESSAGE);
	for (int i = 0; i < MANY; i++)
		seen[(messages[i].arg.pagefault.address - (unsigned long)p) / PAGE] = true;
	for (int i = 0; i < MANY; i++)
		EXPECT(seen[i]);
	EXPECT_QUIET(fd);
	EXPECT_EQ(uffd_zeropage(fd, p, MANY * PAGE, 0), 0);
	for (int i = 0; i < MANY; i++)
		EXPECT_TOUCHED(job[i]);
}
