// SPDX-License-Identifier: MIT
/*
 * tests/abi/uffd_inject.c - each allocation of each userfaultfd call, and of each call that tells a
 * monitor of it, fails once (docs/contract/userfaultfd.md).
 *
 * For every n until the call needs fewer allocations: in a child with a fresh scene the n-th page or
 * slab allocation of the caller fails. The call must give an error it may give, or succeed in spite
 * of it; the same call must work right after; no context may think that an event is under way; and
 * the child must leave nothing in use.
 *
 * Debian's Linux has no fault injection and skips these tests.
 */
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "lib/inject.h"
#include "lib/sys.h"
#include "lib/task.h"
#include "lib/test.h"
#include "lib/uffd.h"

#define PAGES  8
#define LENGTH (PAGES * PAGE)
#define FAR    ((char *)0x100000000000) /* no page table is near */

/* ---- the scene --------------------------------------------------------------------------------- */

static char *area, *object, *source, *probe;
static int fd, memfd;

/* The other thread: takes every event away, and the children's descriptors. */
static void *drain(void *unused)
{
	struct uffd_msg msg;

	(void)unused;
	while (raw_read(fd, &msg, sizeof(msg)) == sizeof(msg)) {
		if (msg.event == UFFD_EVENT_FORK)
			raw_close(msg.arg.fork.ufd);
	}
	return NULL;
}

static void make_scene(void)
{
	static pthread_t thread;

	inject_ready();
	memfd = memfd_new(PAGES);
	area = (char *)EXPECT_OK(raw_mmap(FAR, LENGTH, RW, PRIVATE | MAP_FIXED, -1, 0));
	object = (char *)EXPECT_OK(
		raw_mmap(FAR + (1L << 40), LENGTH, RW, MAP_SHARED | MAP_FIXED, memfd, 0));
	source = letters("abcdefgh");
	probe = map_private(1, RW);
	fd = uffd_open_flags(0, EVENT_FORK | EVENT_REMAP | EVENT_REMOVE | EVENT_UNMAP);
	uffd_watch(fd, probe, 1, MISSING);
	EXPECT_EQ(pthread_create(&thread, NULL, drain, NULL), 0);
}

static void watched_scene(void)
{
	make_scene();
	uffd_watch(fd, area, PAGES, MISSING | WP);
	uffd_watch(fd, object, PAGES, MISSING | WP | MINOR);
}

/* The object has its pages, which are not mapped. */
static void minor_scene(void)
{
	make_scene();
	memset(map_fd(memfd, PAGES, RW, MAP_SHARED), 'm', LENGTH);
	uffd_watch(fd, object, PAGES, MINOR | WP);
}

/* ---- the calls --------------------------------------------------------------------------------- */

/* A range is filled from where the last attempt stopped. */
static long filled;

static long advance(long ret)
{
	if (uffd_done > 0 && uffd_done != UNTOUCHED)
		filled += uffd_done;
	return ret;
}

static long copy_private(void)
{
	return advance(uffd_copy(fd, area + filled, source + filled, LENGTH - filled, COPY_WP));
}

static long copy_shared(void)
{
	return advance(uffd_copy(fd, object + filled, source + filled, LENGTH - filled, 0));
}

static long zero_private(void)
{
	return advance(uffd_zeropage(fd, area + filled, LENGTH - filled, 0));
}

static long zero_shared(void)
{
	return advance(uffd_zeropage(fd, object + filled, LENGTH - filled, 0));
}

static long continue_shared(void)
{
	return advance(uffd_continue(fd, object + filled, LENGTH - filled, 0));
}

#define CALL(name, expression)                                                                     \
	static long name(void)                                                                     \
	{                                                                                          \
		return (long)(expression);                                                         \
	}

CALL(protect_shared, uffd_writeprotect(fd, object, LENGTH, PROTECT))
CALL(register_middle, uffd_register(fd, area + PAGE, LENGTH / 2, MISSING))
CALL(unregister_middle, uffd_unregister(fd, area + PAGE, LENGTH / 2))
CALL(unmap_middle, raw_munmap(area + PAGE, LENGTH / 2))
CALL(map_over, raw_mmap(area + PAGE, LENGTH / 2, RW, PRIVATE | MAP_FIXED, -1, 0))
CALL(advise, raw_madvise(area + PAGE, LENGTH / 2, MADV_DONTNEED))
CALL(open_one, raw_userfaultfd(O_CLOEXEC))

static long move(void)
{
	char *from = area;
	long to = raw_mremap(from, LENGTH, LENGTH, MREMAP_MAYMOVE | MREMAP_FIXED,
			     (long)FAR + (1L << 41));

	if (to > 0)
		area = (char *)to;
	return to > 0 ? 0 : to;
}

/* A child that is not served: it must not touch what is watched. */
static long fork_one(void)
{
	long pid = raw_fork();

	if (pid == 0)
		raw(SYS_exit_group, 0);
	if (pid > 0)
		EXPECT_EQ(wait_status(pid), 0);
	return pid;
}

static const struct {
	const char *name;
	void (*scene)(void);
	long (*call)(void);
	int needs; /* allocations, at least */
} calls[] = {
	{"userfaultfd", make_scene, open_one, 2},
	{"register", make_scene, register_middle, 2},
	{"unregister", watched_scene, unregister_middle, 2},
	{"copy", watched_scene, copy_private, PAGES},
	{"copy to an object", watched_scene, copy_shared, PAGES},
	{"zeropage", watched_scene, zero_private, 2},
	{"zeropage of an object", watched_scene, zero_shared, PAGES},
	{"continue", minor_scene, continue_shared, 1},
	{"writeprotect", watched_scene, protect_shared, 1},
	{"munmap", watched_scene, unmap_middle, 2},
	{"mmap", watched_scene, map_over, 2},
	{"madvise", watched_scene, advise, 0},
	{"mremap", watched_scene, move, 1},
	{"fork", watched_scene, fork_one, 10},
};

/* ---- the test ---------------------------------------------------------------------------------- */

#define CAME (42 << 8) /* the status of a child in which an allocation has failed */

/* In a child: the n-th allocation fails. True if there was one. */
static bool attempt(int which, int nth)
{
	struct uffdio_zeropage zero;
	bool came;
	long ret;

	calls[which].scene();
	inject_start(nth);
	ret = calls[which].call();
	came = inject_stop();
	if (ret < 0 && ret != -ENOMEM && ret != -EAGAIN && ret != -EFAULT)
		FAIL("%s with allocation %d failing gives %s", calls[which].name, nth,
		     test_errno_name(-ret));
	if (ret < 0 && !came)
		FAIL("%s gives %s", calls[which].name, test_errno_name(-ret));
	if (ret < 0)
		EXPECT_OK(calls[which].call());
	zero = (struct uffdio_zeropage){.range = {(long)probe, PAGE}};
	EXPECT_EQ(raw_ioctl(fd, UFFDIO_ZEROPAGE, &zero), 0); /* no event is under way */
	return came;
}

TEST_SLOW("NEW-7,REG-11,CPY-17,UNM-2,RMA-6,DUP-3,DUP-8,RACE-15",
	  "whichever allocation fails, the call can be made again and nothing is left", 120)
{
	inject_ready();
	pin_to_cpu(0); /* another CPU that goes idle would keep the last address space it had */
	for (unsigned int i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		int nth, status = CAME;
		pid_t pid = test_fork();

		if (pid == 0) { /* caches fill */
			attempt(i, 1000000);
			_exit(0);
		}
		EXPECT_EQ(wait_status(pid), 0);
		for (nth = 1; status == CAME; nth++) {
			struct usage before = usage_now();

			pid = test_fork();
			if (pid == 0)
				_exit(attempt(i, nth) ? 42 : 0);
			status = wait_status(pid);
			if (status && status != CAME)
				FAIL("%s, allocation %d: status %x", calls[i].name, nth, status);
			EXPECT_SAME_USAGE(&before, nth);
		}
		if (nth - 2 < calls[i].needs)
			FAIL("%s makes only %d allocations", calls[i].name, nth - 2);
	}
}
