// SPDX-License-Identifier: MIT
/*
 * tests/abi/uffd_fail.c - what a call without memory leaves: what is watched, mapped, filled and
 * sent is as before, or as the error says (docs/contract/userfaultfd.md, NEW-7, REG-11, CPY-17,
 * UNM-2, RMA-6, DUP-3, DUP-8). That it can be made again is the matter of uffd_inject.c.
 *
 * Debian's Linux has no fault injection and skips these tests.
 */
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "lib/inject.h"
#include "lib/maps.h"
#include "lib/task.h"
#include "lib/test.h"
#include "lib/uffd.h"

#define FAR	   ((char *)0x100000000000) /* no page table is near */
#define FIXED_MOVE 3

struct scene {
	int fd, memfd;
	int keep;  /* the pages of the object */
	int quiet; /* forks that have sent nothing */
	char *p, *to, *src;
	char *probe;
	volatile int events, probes; /* that the monitor has read */
	struct gate quit;
	struct thread monitor;
};

/*
 * Makes a call with its first, its second, ... allocation failing, until all of them were made.
 * `after` judges the result, looks at the memory and brings it back to what it was.
 */
static void fail_each(struct scene *s, long (*attempt)(struct scene *),
		      void (*after)(struct scene *, long))
{
	bool came = true;

	inject_ready();
	pin_to_cpu(0); /* another CPU that goes idle would keep the last address space it had */
	after(s, attempt(s)); /* fills caches */
	for (int n = 1; came; n++) {
		struct usage before = usage_now();
		long result;

		inject_start(n);
		result = attempt(s);
		came = inject_stop();
		if (!came && n == 1)
			FAIL("nothing was allocated");
		if (!came && (result == -ENOMEM || result == -EAGAIN))
			FAIL("out of memory without a failure");
		after(s, result);
		EXPECT_SAME_USAGE(&before, n);
	}
}

/* ---- the descriptor ---------------------------------------------------------------------------- */

static long open_one(struct scene *s)
{
	(void)s;
	return raw_userfaultfd(O_CLOEXEC);
}

static long open_by_device(struct scene *s)
{
	return raw_ioctl(s->memfd, 0xaa00, O_CLOEXEC);
}

static void close_one(struct scene *s, long result)
{
	(void)s;
	if (result < 0)
		EXPECT_ERR(result, ENOMEM);
	else
		EXPECT_OK(raw_close(result));
}

TEST("NEW-7", "creation without memory is ENOMEM")
{
	struct scene s = {.memfd = EXPECT_OK(raw_open("/dev/userfaultfd", O_RDONLY, 0))};

	fail_each(&s, open_one, close_one);
	fail_each(&s, open_by_device, close_one);
}

/* ---- registrations ----------------------------------------------------------------------------- */

static long watch_middle(struct scene *s)
{
	return uffd_register(s->fd, s->p + PAGE, 2 * PAGE, MISSING);
}

static void after_watch(struct scene *s, long result)
{
	if (result)
		EXPECT_ERR(result, ENOMEM);
	EXPECT_EQ(has_flag(s->p + PAGE, "um"), !result);
	EXPECT(!has_flag(s->p, "um") && !has_flag(s->p + 3 * PAGE, "um"));
	EXPECT_OK(uffd_unregister(s->fd, s->p, 4 * PAGE));
	EXPECT_AREAS(s->p, 4, "4 rw-p");
}

TEST("REG-11", "without memory for a split nothing is registered")
{
	struct scene s = {.fd = uffd_open(0), .p = map_alone(4, RW)};

	fail_each(&s, watch_middle, after_watch);
}

static long unwatch_middle(struct scene *s)
{
	return uffd_unregister(s->fd, s->p + PAGE, 2 * PAGE);
}

static void after_unwatch(struct scene *s, long result)
{
	if (result)
		EXPECT_ERR(result, ENOMEM);
	EXPECT_EQ(has_flag(s->p + PAGE, "um"), !!result);
	EXPECT(has_flag(s->p, "um") && has_flag(s->p + 3 * PAGE, "um"));
	uffd_watch(s->fd, s->p, 4, MISSING);
	EXPECT_AREAS(s->p, 4, "4 rw-p");
}

TEST("UNR-3", "and nothing is unregistered")
{
	struct scene s = {.fd = uffd_open(0), .p = map_alone(4, RW)};

	uffd_watch(s.fd, s.p, 4, MISSING);
	fail_each(&s, unwatch_middle, after_unwatch);
}

/* ---- filling ----------------------------------------------------------------------------------- */

static long copy_three(struct scene *s)
{
	return uffd_copy(s->fd, s->p, s->src, 3 * PAGE, 0);
}

static long zero_three(struct scene *s)
{
	return uffd_zeropage(s->fd, s->p, 3 * PAGE, 0);
}

static long continue_three(struct scene *s)
{
	return uffd_continue(s->fd, s->p, 3 * PAGE, 0);
}

/* 0 and all is there, -ENOMEM and nothing is, or -EAGAIN and a part. The area is then made anew. */
static void after_fill(struct scene *s, long result)
{
	long done = result ? result == -EAGAIN ? uffd_done : 0 : 3 * (long)PAGE;
	int flags = s->memfd < 0 ? PRIVATE : MAP_SHARED;

	if (result) {
		EXPECT(result == -ENOMEM || result == -EAGAIN);
		EXPECT_EQ(uffd_done, done ? done : -ENOMEM);
	} else {
		EXPECT_EQ(uffd_done, done);
	}
	for (int i = 0; i < 3; i++)
		EXPECT_EQ(!!(pagemap(s->p + i * PAGE) & PM_PRESENT), i < done / (long)PAGE);
	EXPECT_OK(raw_munmap(s->p, 3 * PAGE));
	if (s->memfd >= 0 && !s->keep)
		EXPECT_OK(raw_ftruncate(s->memfd, 0));
	if (s->memfd >= 0)
		EXPECT_OK(raw_ftruncate(s->memfd, 3 * PAGE));
	EXPECT_OK(raw_mmap(s->p, 3 * PAGE, RW, flags | MAP_FIXED, s->memfd, 0));
	uffd_watch(s->fd, s->p, 3, MISSING);
}

TEST("CPY-17,ZER-1", "private memory: COPY and ZEROPAGE without memory")
{
	struct scene s = {.fd = uffd_open(0), .memfd = -1, .p = FAR, .src = letters("abc")};

	EXPECT_OK(raw_mmap(s.p, 3 * PAGE, RW, PRIVATE | MAP_FIXED, -1, 0));
	uffd_watch(s.fd, s.p, 3, MISSING);
	fail_each(&s, copy_three, after_fill);
	fail_each(&s, zero_three, after_fill);
}

TEST("CPY-17,ZER-3", "shared memory: COPY and ZEROPAGE without memory")
{
	struct scene s = {
		.fd = uffd_open(0), .memfd = memfd_new(3), .p = FAR, .src = letters("abc")};

	EXPECT_OK(raw_mmap(s.p, 3 * PAGE, RW, MAP_SHARED | MAP_FIXED, s.memfd, 0));
	uffd_watch(s.fd, s.p, 3, MISSING);
	fail_each(&s, copy_three, after_fill);
	fail_each(&s, zero_three, after_fill);
}

TEST("CON-2", "CONTINUE without memory for a page table")
{
	struct scene s = {.fd = uffd_open(0), .memfd = memfd_new(3), .p = FAR, .keep = 1};

	EXPECT_EQ(raw_pwrite(s.memfd, letters("abc"), 3 * PAGE, 0), 3 * PAGE);
	EXPECT_OK(raw_mmap(s.p, 3 * PAGE, RW, MAP_SHARED | MAP_FIXED, s.memfd, 0));
	uffd_watch(s.fd, s.p, 3, MISSING);
	fail_each(&s, continue_three, after_fill);
}

static long protect_three(struct scene *s)
{
	return uffd_writeprotect(s->fd, s->p, 3 * PAGE, PROTECT);
}

static void after_protect(struct scene *s, long result)
{
	if (result)
		EXPECT_ERR(result, ENOMEM);
	for (int i = 0; i < 3; i++)
		EXPECT_EQ(!!(pagemap(s->p + i * PAGE) & PM_UFFD_WP), !result);
	EXPECT_OK(raw_munmap(s->p, 3 * PAGE));
	EXPECT_OK(raw_mmap(s->p, 3 * PAGE, RW, MAP_SHARED | MAP_FIXED, s->memfd, 0));
	uffd_watch(s->fd, s->p, 3, WP);
}

TEST("WPR-5", "WRITEPROTECT without memory for its markers protects nothing")
{
	struct scene s = {.fd = uffd_open(0), .memfd = memfd_new(3), .p = FAR};

	EXPECT_OK(raw_mmap(s.p, 3 * PAGE, RW, MAP_SHARED | MAP_FIXED, s.memfd, 0));
	uffd_watch(s.fd, s.p, 3, WP);
	fail_each(&s, protect_three, after_protect);
}

/* ---- events ------------------------------------------------------------------------------------ */

/* Reads every event; closes the descriptors of forks. */
static void *monitor_on(void *argument)
{
	struct scene *s = argument;
	struct pollfd entries[2] = {{s->fd, POLLIN, 0}, {s->quit.out, POLLIN, 0}};
	struct uffd_msg message;

	for (;;) {
		EXPECT_OK(raw(SYS_poll, entries, 2, -1));
		if (entries[1].revents)
			return NULL;
		while (raw_read(s->fd, &message, sizeof(message)) == sizeof(message)) {
			if (message.event == UFFD_EVENT_UNMAP &&
			    message.arg.remove.start == (unsigned long)s->probe)
				s->probes++;
			else
				s->events++;
			if (message.event == UFFD_EVENT_FORK)
				EXPECT_OK(raw_close(message.arg.fork.ufd));
		}
	}
}

static void start_events(struct scene *s, int pages)
{
	*s = (struct scene){.fd = uffd_open(EVENT_FORK | EVENT_REMAP | EVENT_UNMAP),
			    .memfd = -1,
			    .p = map_alone(pages, RW),
			    .to = map_alone(pages, PROT_NONE),
			    .src = letters("a"),
			    .probe = map_alone(1, RW),
			    .quit = gate_new()};
	uffd_watch(s->fd, s->p, pages, MISSING);
	s->monitor = thread_start(monitor_on, s);
}

static void end_events(struct scene *s)
{
	gate_open(&s->quit);
	thread_join(s->monitor);
}

/* Returns when the monitor has counted all that was sent, and more. */
static void settle(struct scene *s)
{
	int seen = s->probes;

	uffd_watch(s->fd, s->probe, 1, MISSING);
	EXPECT_OK(raw_munmap(s->probe, PAGE));
	EXPECT_OK(raw_mmap(s->probe, PAGE, RW, PRIVATE | MAP_FIXED, -1, 0));
	await_value(&s->probes, seen + 1);
}

static void expect_ready(struct scene *s)
{
	s->events = 0;
	EXPECT_EQ(uffd_copy(s->fd, s->p, s->src, PAGE, 0), 0);
	EXPECT_OK(raw_madvise(s->p, PAGE, MADV_DONTNEED));
}

/* A call that failed has sent nothing, and filling is possible right after either. */
static void after_event(struct scene *s, long result, int events)
{
	if (result < 0)
		EXPECT_ERR(result, ENOMEM);
	settle(s);
	EXPECT_EQ(s->events, result < 0 ? 0 : events);
	expect_ready(s);
}

static long unmap_middle(struct scene *s)
{
	return raw_munmap(s->p + PAGE, 2 * PAGE);
}

static void after_unmap(struct scene *s, long result)
{
	after_event(s, result, 1);
	EXPECT_EQ(areas_in(s->p + PAGE, 2) > 0, result < 0);
	EXPECT(result == 0 || has_flag(s->p + PAGE, "um"));
	EXPECT_OK(raw_mmap(s->p + 4 * PAGE, PAGE, RW, PRIVATE | MAP_FIXED, -1, 0));
	EXPECT_OK(uffd_unregister(s->fd, s->p, 5 * PAGE));
	if (result == 0)
		EXPECT_OK(raw_mmap(s->p + PAGE, 2 * PAGE, RW, PRIVATE | MAP_FIXED, -1, 0));
	uffd_watch(s->fd, s->p, 5, MISSING);
	settle(s);
	EXPECT_EQ(s->events, 1); /* the mmap over a watched page */
	s->events = 0;
}

TEST("UNM-2", "munmap without memory for its event leaves the range")
{
	struct scene s;

	start_events(&s, 5);
	fail_each(&s, unmap_middle, after_unmap);
	end_events(&s);
}

static long move_all(struct scene *s)
{
	return raw_mremap(s->p, 2 * PAGE, 2 * PAGE, FIXED_MOVE, s->to);
}

static void after_move(struct scene *s, long result)
{
	char *there = s->to;

	if (result > 0) { /* go on with the new place */
		s->to = s->p;
		s->p = there;
		EXPECT_EQ(result, there);
		EXPECT_OK(raw_mmap(s->to, 2 * PAGE, PROT_NONE, PRIVATE | MAP_FIXED, -1, 0));
	} else {
		EXPECT_OK(raw_mmap(s->to, 2 * PAGE, PROT_NONE, PRIVATE | MAP_FIXED, -1, 0));
	}
	EXPECT(has_flag(s->p, "um"));
	after_event(s, result, 2);
}

TEST("RMA-6", "mremap without memory sends nothing and moves nothing")
{
	struct scene s;

	start_events(&s, 2);
	fail_each(&s, move_all, after_move);
	end_events(&s);
}

static long fork_once(struct scene *s)
{
	long pid = raw_fork();

	(void)s;
	if (pid == 0)
		_exit(0);
	return pid;
}

/* Whatever it lacked: memory for the areas, the descriptor's own, the tables, the stack, the id. */
static void after_fork(struct scene *s, long result)
{
	if (result > 0)
		EXPECT_EXIT(result, 0);
	else
		EXPECT_ERR(result, ENOMEM);
	settle(s);
	EXPECT_EQ(s->events, result > 0);
	s->quiet += !s->events;
	expect_ready(s);
}

static long clone_taken_pid(void)
{
	pid_t taken = raw(SYS_getpid);
	struct clone3_args args = {
		.exit_signal = SIGCHLD, .set_tid = (uintptr_t)&taken, .set_tid_size = 1};

	return raw_clone3(&args, sizeof(args));
}

TEST("DUP-8,UNW-6", "a fork that cannot have its id sends nothing")
{
	struct scene s;

	inject_ready(); /* Linux has sent the event by then */
	start_events(&s, 1);
	EXPECT_ERR(clone_taken_pid(), EEXIST);
	settle(&s);
	EXPECT_EQ(s.events, 0);
	expect_ready(&s);
	end_events(&s);
}

TEST_SLOW("DUP-3,DUP-8,UNW-6", "fork without memory for its copy sends nothing", 60)
{
	struct scene s;

	start_events(&s, 2);
	EXPECT_OK(raw_mprotect(s.p + PAGE, PAGE, PROT_READ)); /* two areas of one descriptor */
	fail_each(&s, fork_once, after_fork);
	EXPECT(s.quiet > 8);
	end_events(&s);
}

static int end_well(void *argument)
{
	(void)argument;
	return 0;
}

TEST("DUP-10", "without memory for the new descriptor the event stays")
{
	char *p = map_private(1, RW);
	int fd = uffd_open(EVENT_FORK);
	struct uffd_msg message;
	bool came = true;

	inject_ready();
	uffd_watch(fd, p, 1, MISSING);
	for (int n = 1; came; n++) {
		struct job *job = fork_start(end_well, NULL);
		long got;

		uffd_await_message(fd);
		memset(&message, 0, sizeof(message)); /* a page of our own, after the fork */
		inject_start(n);
		got = raw_read(fd, &message, sizeof(message));
		came = inject_stop();
		EXPECT(came || n > 1);
		if (got < 0) {
			EXPECT_ERR(got, ENOMEM);
			EXPECT_SLEEPS(job);
			EXPECT_EQ(uffd_poll(fd), POLLIN);
			got = raw_read(fd, &message, sizeof(message));
		}
		EXPECT_EQ(got, sizeof(message));
		EXPECT_OK(raw_close(message.arg.fork.ufd));
		EXPECT_EXIT(call_end(job), 0);
	}
}
