// SPDX-License-Identifier: MIT
/*
 * tests/abi/uffd_race_layout.c - memory that is filled while it is unmapped, moved, truncated or
 * left, and signals meanwhile (docs/contract/userfaultfd.md, section 16).
 */
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/maps.h"
#include "lib/task.h"
#include "lib/test.h"
#include "lib/uffd.h"

#define FIXED_MOVE 3
#define LIMIT	   90 /* seconds; a few are needed */

/* Maps, watches, moves and unmaps the pages at p, over and over. */
struct mover {
	char *p, *to;
	int fd;
	volatile bool done;
	volatile int filled, tries; /* how often the other thread filled them, or tried to */
};

static void *map_and_move(void *argument)
{
	struct mover *m = argument;

	for (int i = 0; i < 200; i++) {
		EXPECT_OK(raw_mmap(m->p, 4 * PAGE, RW, PRIVATE | MAP_FIXED, -1, 0));
		for (int j = 0; j < 4; j++)
			EXPECT_EQ(m->p[j * PAGE], 0); /* not watched: no one fills it */
		EXPECT_OK(raw_madvise(m->p, 4 * PAGE, MADV_DONTNEED));
		uffd_watch(m->fd, m->p, 4, MISSING);
		/* A fill is under way, or one has been since: it meets what comes now, or has filled. */
		for (int tries = m->tries; m->tries == tries || (i == 0 && !m->filled);)
			raw(SYS_sched_yield);
		if (i % 3 == 0) {
			EXPECT_OK(raw_munmap(m->p, 4 * PAGE));
		} else if (i % 3 == 1) {
			EXPECT_EQ(raw_mremap(m->p, 4 * PAGE, 4 * PAGE, FIXED_MOVE, m->to), m->to);
			for (int j = 0; j < 4; j++)
				EXPECT(m->to[j * PAGE] == 0 || m->to[j * PAGE] == 'x');
		}
	}
	m->done = true;
	return NULL;
}

TEST_SLOW("RACE-6,CPY-19", "copies while the place is unmapped and moved", LIMIT)
{
	char *src = letters("xxxx");
	struct mover m = {
		.p = map_alone(4, PROT_NONE), .to = map_alone(4, PROT_NONE), .fd = uffd_open(0)};
	struct thread thread = thread_start(map_and_move, &m);

	while (!m.done) {
		long got = uffd_copy(m.fd, m.p, src, 4 * PAGE, 0);

		EXPECT(got == 0 || got == -ENOENT || got == -EEXIST || got == -EAGAIN);
		m.filled += got == 0;
		m.tries++;
		raw(SYS_sched_yield);
	}
	thread_join(thread);
}

TEST_SLOW("RACE-6", "zeros while the place is unmapped and moved", LIMIT)
{
	struct mover m = {
		.p = map_alone(4, PROT_NONE), .to = map_alone(4, PROT_NONE), .fd = uffd_open(0)};
	struct thread thread = thread_start(map_and_move, &m);

	while (!m.done) {
		long got = uffd_zeropage(m.fd, m.p, 4 * PAGE, 0);

		EXPECT(got == 0 || got == -ENOENT || got == -EEXIST || got == -EAGAIN);
		m.filled += got == 0;
		m.tries++;
		raw(SYS_sched_yield);
	}
	thread_join(thread);
}

static int read_cc(void *p)
{
	EXPECT_LETTERS(p, "cc");
	return 0;
}

TEST("DUP-7,RACE-7", "a fork while threads wait for pages")
{
	char *p = map_private(2, RW), *src = letters("x");
	int fd = uffd_open(EVENT_FORK), child;
	struct job *read, *unread, *fork;

	uffd_watch(fd, p, 2, MISSING);
	read = touch(p, READ);
	EXPECT_FAULT(fd, p, 0);
	unread = touch(p + PAGE, READ);
	uffd_await(fd, 2);
	fork = fork_start(read_cc, p);
	EXPECT_SLEEPS(fork);
	EXPECT_ERR(uffd_copy(fd, p, src, PAGE, 0), EAGAIN);
	EXPECT_FAULT(fd, p + PAGE, 0); /* faults come first */
	child = EXPECT_FORK(fd);
	EXPECT(call_end(fork) > 0);
	EXPECT_SLEEPS(read);
	EXPECT_SLEEPS(unread);
	uffd_fill(child, p, "cc"); /* the child's: wakes no one here */
	EXPECT_EXIT(fork->result, 0);
	EXPECT_SLEEPS(read);
	EXPECT_SLEEPS(unread);
	uffd_fill(fd, p, "ab");
	EXPECT_TOUCHED(read);
	EXPECT_TOUCHED(unread);
	EXPECT_LETTERS(p, "ab");
	EXPECT_QUIET(fd);
}

static void *drop_pages(void *argument)
{
	struct mover *m = argument;

	for (int i = 0; i < 150; i++) {
		EXPECT_OK(raw_madvise(m->p, PAGE, MADV_DONTNEED));
		EXPECT_EQ(m->p[0], 'a'); /* filled after the event, or told as missing */
	}
	m->done = true;
	return NULL;
}

TEST_SLOW("RACE-8", "a page that is filled after REMOVE was read is there, or is asked for again",
	  LIMIT)
{
	struct mover m = {.p = map_private(1, RW), .fd = uffd_open(EVENT_REMOVE)};
	struct thread thread;
	struct uffd_msg message;
	char *src = letters("a");

	uffd_watch(m.fd, m.p, 1, MISSING);
	thread = thread_start(drop_pages, &m);
	while (!m.done) {
		long got;

		if (raw_read(m.fd, &message, sizeof(message)) != sizeof(message)) {
			raw(SYS_sched_yield);
			continue;
		}
		do {
			got = uffd_copy(m.fd, m.p, src, PAGE, 0);
			if (got == -EAGAIN)
				raw(SYS_sched_yield);
		} while (got == -EAGAIN);
		EXPECT(got == 0 || got == -EEXIST);
	}
	thread_join(thread);
	EXPECT_QUIET(m.fd);
}

TEST_SLOW("RACE-12", "copies while the owner exits", LIMIT)
{
	enum { PAGES = 64 };
	volatile int *shared = shared_page();
	char *p = map_private(PAGES, RW), *src = map_private(PAGES, RW);

	for (int round = 0; round < 12; round++) {
		long got = 0;
		pid_t pid;

		shared[1] = 0;
		pid = fork_with_files();
		if (pid == 0) {
			shared[0] = uffd_open(0);
			uffd_watch(shared[0], p, PAGES, MISSING);
			shared[1] = 1;
			while (shared[1] == 1)
				raw(SYS_sched_yield);
			_exit(0);
		}
		await_value(shared + 1, 1);
		for (int i = 0; i < PAGES && !got; i += 4) {
			if (i == round * 4)
				shared[1] = 2;
			got = uffd_copy(shared[0], p + i * PAGE, src, 4 * PAGE, 0);
			EXPECT(got == 0 || got == -ESRCH);
		}
		EXPECT_EXIT(pid, 0);
		EXPECT_ERR(uffd_copy(shared[0], p, src, PAGE, 0), ESRCH);
		EXPECT_OK(raw_close(shared[0]));
	}
}

static void *truncate_on(void *argument)
{
	struct mover *m = argument; /* fd: of the object */

	for (int i = 0; i < 250; i++) {
		EXPECT_OK(raw_ftruncate(m->fd, 0));
		raw(SYS_sched_yield);
		EXPECT_OK(raw_ftruncate(m->fd, 8 * PAGE));
		raw(SYS_sched_yield);
	}
	m->done = true;
	return NULL;
}

TEST_SLOW("RACE-13", "copies and zeros while the object is truncated", LIMIT)
{
	struct mover m = {.fd = memfd_new(8)};
	char *s = map_fd(m.fd, 8, RW, MAP_SHARED), *src = letters("abcdefgh");
	int fd = uffd_open(0);
	struct thread thread;
	struct stat st;

	uffd_watch(fd, s, 8, MISSING);
	thread = thread_start(truncate_on, &m);
	for (int i = 0; !m.done; i++) {
		long got = i & 1 ? uffd_zeropage(fd, s, 8 * PAGE, 0)
				 : uffd_copy(fd, s, src, 8 * PAGE, 0);

		EXPECT(got == 0 || got == -EFAULT || got == -EEXIST || got == -EAGAIN);
		if (i % 16 == 0)
			raw(SYS_sched_yield);
	}
	thread_join(thread);
	EXPECT_OK(raw_ftruncate(m.fd, 0));
	EXPECT_STR(resident(s, 8), "00000000");
	EXPECT_EQ(fstat(m.fd, &st), 0);
	EXPECT_EQ(st.st_blocks, 0);
	EXPECT_BUS(s, READ);
}

/* Threads that read pages while signals come. */
struct victim {
	char *p;
	int first, step, pages;
	volatile pid_t tid;
	volatile bool done;
};

static void *read_pages(void *argument)
{
	struct victim *v = argument;

	v->tid = raw_gettid();
	for (int i = v->first; i < v->pages; i += v->step)
		EXPECT_EQ(v->p[i * PAGE + 3], 'a');
	v->done = true;
	return NULL;
}

TEST_SLOW("RACE-14,UFLT-14", "signals all the time do not keep threads from their pages", LIMIT)
{
	enum { PAGES = 240, VICTIMS = 3 };
	char *p = map_private(PAGES, RW), *src = letters("a");
	struct victim victim[VICTIMS];
	struct thread thread[VICTIMS];
	struct uffd_msg message;
	int fd = uffd_open(0), running;

	signal(SIGUSR1, count_signal);
	uffd_watch(fd, p, PAGES, MISSING);
	for (int i = 0; i < VICTIMS; i++) {
		victim[i] = (struct victim){p, i, VICTIMS, PAGES, 0, false};
		thread[i] = thread_start(read_pages, &victim[i]);
	}
	do {
		running = 0;
		for (int i = 0; i < VICTIMS; i++) {
			running += !victim[i].done;
			if (victim[i].tid && !victim[i].done)
				raw(SYS_tkill, victim[i].tid, SIGUSR1);
		}
		while (raw_read(fd, &message, sizeof(message)) == sizeof(message)) {
			long got = uffd_copy(fd, message.arg.pagefault.address, src, PAGE, 0);

			EXPECT(got == 0 || got == -EEXIST);
		}
		raw(SYS_sched_yield);
	} while (running);
	for (int i = 0; i < VICTIMS; i++)
		thread_join(thread[i]);
	EXPECT(signals_counted > 0);
	EXPECT_QUIET(fd);
}

/* A process that shares the memory and changes its layout in one of several ways. */
struct change {
	char *p;
	int kind;
};

static int change_layout(void *argument)
{
	struct change *change = argument;
	char *p = change->p;

	switch (change->kind % 4) {
	case 0:
		return raw_madvise(p, PAGE, MADV_DONTNEED) != 0;
	case 1:
		return raw_munmap(p, PAGE) != 0;
	case 2:
		return raw_mremap(p, 2 * PAGE, 2 * PAGE, FIXED_MOVE, p + 4 * PAGE) < 0;
	default:
		return raw(SYS_clone, CLONE_FILES | SIGCHLD) < 0; /* a fork; both sides end */
	}
}

TEST_SLOW("RACE-15,EVT-5", "after events, failures and kills filling is possible again", LIMIT)
{
	char *p = map_alone(8, RW), *q = map_private(1, RW), *src = letters("q");
	int fd = uffd_open(EVENT_FORK | EVENT_REMAP | EVENT_REMOVE | EVENT_UNMAP);
	struct change change = {p, 0};

	uffd_watch(fd, q, 1, MISSING);
	for (int i = 0; i < 48; i++) {
		struct uffd_msg message;
		pid_t pid;

		EXPECT_EQ(uffd_unregister(fd, p, 8 * PAGE), 0);
		EXPECT_OK(raw_mmap(p, 8 * PAGE, RW, PRIVATE | MAP_FIXED, -1, 0));
		uffd_watch(fd, p, 2, MISSING);
		change.kind = i;
		pid = EXPECT_OK(clone_task(CLONE_VM | SIGCHLD, NULL, change_layout, &change));
		uffd_await_message(fd);
		await_state(pid, "D");
		EXPECT_ERR(uffd_copy(fd, q, src, PAGE, 0), EAGAIN);
		if (i / 4 % 3) { /* killed with the event unread */
			EXPECT_OK(raw_kill(pid, SIGKILL));
			EXPECT_KILLED(pid, SIGKILL);
			EXPECT_QUIET(fd);
		} else {
			while (raw_read(fd, &message, sizeof(message)) == sizeof(message) ||
			       task_state(pid) != 'Z') {
				if (message.event == UFFD_EVENT_FORK)
					raw_close(message.arg.fork.ufd);
				message.event = 0;
			}
			EXPECT_EXIT(pid, 0);
		}
		EXPECT_EQ(uffd_copy(fd, q, src, PAGE, 0), 0);
		EXPECT_OK(uffd_unregister(fd, q, PAGE));
		EXPECT_OK(raw_madvise(q, PAGE, MADV_DONTNEED));
		uffd_watch(fd, q, 1, MISSING);
	}
}
