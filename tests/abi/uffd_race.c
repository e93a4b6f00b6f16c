// SPDX-License-Identifier: MIT
/*
 * tests/abi/uffd_race.c - faults and their answers at the same time (docs/contract/userfaultfd.md,
 * section 16).
 *
 * Two sides go over the same pages, and neither waits for the other longer than until it has come
 * to the same page: so each page is another meeting. What goes wrong shows as a page with the wrong
 * contents, or as a thread that sleeps for ever, which the time limit of the test finds.
 */
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "lib/maps.h"
#include "lib/task.h"
#include "lib/test.h"
#include "lib/uffd.h"

/* Seconds; a test needs a few, but some CPUs of an emulated machine may wait for one real one. */
#define LIMIT 90

/*
 * Turns of a loop that a fault takes on its way, about: an answer that needs as long, begun when
 * the access is at most so far away, comes now before the fault, now while it is on its way to
 * sleep, now later. On two CPUs each is the case for some in a hundred pages at the least.
 */
#define LINGER 32

static void linger(int turns)
{
	for (int i = 0; i < turns; i++)
		__asm__ volatile("pause");
}

/* A thread that tells which page comes next, lingers a little, and writes it. */
struct walk {
	char *p;
	int pages;
	volatile int next;
	struct thread thread;
};

static void *walk_pages(void *argument)
{
	struct walk *walk = argument;

	for (int i = 0; i < walk->pages; i++) {
		walk->next = i;
		linger(i * 7 % LINGER);
		walk->p[i * PAGE + 1] = 'w';
	}
	walk->next = walk->pages;
	return NULL;
}

static void start_walk(struct walk *walk, char *p, int pages)
{
	*walk = (struct walk){.p = p, .pages = pages, .next = -1};
	walk->thread = thread_start(walk_pages, walk);
}

/* Until it is about to write page i, or has. */
static void meet(const struct walk *walk, int i)
{
	while (walk->next < i)
		raw(SYS_sched_yield);
}

/* The first bytes are what was copied, or 0; the second ones are written. */
static void end_walk(struct walk *walk, char first)
{
	thread_join(walk->thread);
	for (int i = 0; i < walk->pages; i++) {
		EXPECT_EQ(walk->p[i * PAGE], first);
		EXPECT_EQ(walk->p[i * PAGE + 1], 'w');
	}
}

/*
 * A few seconds each, 3000 and 1500 meetings; tests/programs/uffd_meet.c makes any number of them
 * and tells how many were close.
 */
TEST_SLOW("RACE-1,UFLT-9", "no wake-up is lost when a page comes while its fault is on the way",
	  LIMIT)
{
	enum { PAGES = 3000 };
	char *p = map_private(PAGES, RW), *src = letters("a");
	int fd = uffd_open(0);
	struct walk walk;

	uffd_watch(fd, p, PAGES, MISSING);
	start_walk(&walk, p, PAGES);
	for (int i = 0; i < PAGES; i++) {
		meet(&walk, i);
		EXPECT_EQ(uffd_copy(fd, p + i * PAGE, src, PAGE, 0), 0);
	}
	end_walk(&walk, 'a');
	EXPECT_QUIET(fd);
}

TEST_SLOW("RACE-1", "nor when a page of an object is mapped meanwhile", LIMIT)
{
	enum { PAGES = 1500 };
	int memfd = memfd_new(PAGES), fd = uffd_open(0);
	char *p = map_fd(memfd, PAGES, RW, MAP_SHARED);
	struct walk walk;

	for (int i = 0; i < PAGES; i++)
		EXPECT_EQ(raw_pwrite(memfd, "a", 1, i * PAGE), 1);
	uffd_watch(fd, p, PAGES, MINOR);
	start_walk(&walk, p, PAGES);
	for (int i = 0; i < PAGES; i++) {
		meet(&walk, i);
		EXPECT_EQ(uffd_continue(fd, p + i * PAGE, PAGE, 0), 0);
	}
	end_walk(&walk, 'a');
	EXPECT_QUIET(fd);
}

/*
 * Linux 6.1 loses some: its second look asks whether the page may be written, which it may not yet
 * right after the answer. The fault is told then, and answered again (docs/contract/notes.md).
 */
TEST_SLOW("RACE-1,WPR-12", "a page that is unprotected meanwhile is written, or asked for again",
	  LIMIT)
{
	enum { PAGES = 1000 };
	char *p = map_private(PAGES, RW);
	int fd = uffd_open(0);
	struct walk walk;

	for (int i = 0; i < PAGES; i++)
		p[i * PAGE] = 'a';
	uffd_watch(fd, p, PAGES, WP);
	uffd_protect(fd, p, PAGES);
	start_walk(&walk, p, PAGES);
	for (int i = 0; i < PAGES; i++) {
		meet(&walk, i);
		do {
			uffd_unprotect(fd, p + i * PAGE, 1);
			while (walk.next == i && !(uffd_poll(fd) & POLLIN))
				raw(SYS_sched_yield);
		} while (walk.next == i);
	}
	end_walk(&walk, 'a');
	EXPECT_QUIET(fd);
}

struct reader {
	int fd;
	volatile bool stop;
};

static void *read_on(void *argument)
{
	struct reader *reader = argument;
	struct uffd_msg messages[4];

	while (!reader->stop)
		if (raw_read(reader->fd, messages, sizeof(messages)) == -EAGAIN)
			raw(SYS_sched_yield);
	return NULL;
}

TEST_SLOW("RACE-2", "WAKE finds a waiter while its message is being read", LIMIT)
{
	enum { PAGES = 1000 };
	char *p = map_private(PAGES, RW), *src = letters("a");
	struct reader reader = {uffd_open(0), false};
	struct thread thread;
	struct walk walk;

	uffd_watch(reader.fd, p, PAGES, MISSING);
	thread = thread_start(read_on, &reader);
	start_walk(&walk, p, PAGES);
	for (int i = 0; i < PAGES; i++) {
		meet(&walk, i);
		EXPECT_EQ(uffd_copy(reader.fd, p + i * PAGE, src, PAGE, COPY_DONTWAKE), 0);
		EXPECT_EQ(uffd_wake(reader.fd, p + i * PAGE, PAGE), 0);
	}
	end_walk(&walk, 'a');
	reader.stop = true;
	thread_join(thread);
}

TEST_SLOW("RACE-3", "waiters that end as soon as they are woken", LIMIT)
{
	enum { ROUNDS = 60, THREADS = 4 };
	char *p = map_private(ROUNDS, RW), *src = letters("a");
	int fd = uffd_open(0);

	uffd_watch(fd, p, ROUNDS, MISSING);
	for (int i = 0; i < ROUNDS; i++) {
		struct job *job[THREADS];

		for (int j = 0; j < THREADS; j++)
			job[j] = touch(p + i * PAGE + j, READ);
		for (int j = i % (THREADS + 1); j > 0; j--)
			uffd_next(fd); /* none, some or all are read */
		EXPECT_EQ(uffd_copy(fd, p + i * PAGE, src, PAGE, 0), 0);
		for (int j = 0; j < THREADS; j++)
			EXPECT_TOUCHED(job[j]);
		EXPECT_QUIET(fd);
	}
}

TEST_SLOW("RACE-4,REL-3,UFLT-19", "a fault while the descriptor is closed ends with zeros", LIMIT)
{
	enum { PAGES = 800 };
	char *p = map_private(PAGES, RW);
	struct walk walk;
	int fd[PAGES];

	for (int i = 0; i < PAGES; i++) {
		fd[i] = uffd_open(0);
		uffd_watch(fd[i], p + i * PAGE, 1, MISSING);
	}
	start_walk(&walk, p, PAGES);
	for (int i = 0; i < PAGES; i++) {
		meet(&walk, i);
		EXPECT_OK(raw_close(fd[i]));
	}
	end_walk(&walk, 0);
}

TEST_SLOW("RACE-5", "a fault while its page is unregistered ends with zeros", LIMIT)
{
	enum { PAGES = 1500 };
	char *p = map_private(PAGES, RW);
	int fd = uffd_open(0);
	struct walk walk;

	uffd_watch(fd, p, PAGES, MISSING);
	start_walk(&walk, p, PAGES);
	for (int i = 0; i < PAGES; i++) {
		meet(&walk, i);
		EXPECT_OK(uffd_unregister(fd, p + i * PAGE, PAGE));
	}
	end_walk(&walk, 0);
	EXPECT_QUIET(fd);
}

/* A writer that counts in one page until it is told to stop. */
struct writer {
	volatile long *word;
	volatile bool stop;
};

static void *count_on(void *argument)
{
	struct writer *writer = argument;

	while (!writer->stop)
		++*writer->word;
	return NULL;
}

TEST_SLOW("RACE-10,WPR-3", "after WRITEPROTECT no store goes through on any CPU", LIMIT)
{
	enum { WRITERS = 3 };
	char *p = letters("0000");
	struct writer writer[WRITERS];
	struct thread thread[WRITERS];
	int fd = uffd_open(0);
	long count[WRITERS];

	memset(p, 0, WRITERS * PAGE);
	uffd_watch(fd, p, WRITERS, WP);
	for (int i = 0; i < WRITERS; i++) {
		writer[i] = (struct writer){(long *)(p + i * PAGE), false};
		thread[i] = thread_start(count_on, &writer[i]);
	}
	for (int round = 0; round < 50; round++) {
		uffd_protect(fd, p, WRITERS);
		for (int i = 0; i < WRITERS; i++)
			count[i] = *writer[i].word;
		for (int i = 0; i < 5; i++)
			raw(SYS_sched_yield);
		for (int i = 0; i < WRITERS; i++)
			EXPECT_EQ(*writer[i].word, count[i]);
		uffd_unprotect(fd, p, WRITERS);
		for (int i = 0; i < WRITERS; i++)
			while (*writer[i].word == count[i])
				raw(SYS_sched_yield);
	}
	for (int i = 0; i < WRITERS; i++) {
		writer[i].stop = true;
		thread_join(thread[i]);
	}
	EXPECT_QUIET(fd);
}

/* Many threads touch pages in an order of their own; monitors answer whoever asks. */
struct crowd {
	char *p, *src;
	int pages, fd, quit;
	unsigned int seed;
};

static unsigned int random_next(unsigned int *seed)
{
	return (*seed = *seed * 1103515245 + 12345) >> 8;
}

static void *touch_around(void *argument)
{
	struct crowd crowd = *(struct crowd *)argument;

	for (int i = 0; i < crowd.pages; i++) {
		int page = random_next(&crowd.seed) % crowd.pages;

		EXPECT_EQ(crowd.p[page * PAGE + 7], 'a');
	}
	return NULL;
}

static void *answer_on(void *argument)
{
	const struct crowd *crowd = argument;
	struct pollfd entries[2] = {{crowd->fd, POLLIN, 0}, {crowd->quit, POLLIN, 0}};
	struct uffd_msg message;

	for (;;) {
		EXPECT_OK(raw(SYS_poll, entries, 2, -1));
		if (entries[1].revents)
			return NULL;
		while (raw_read(crowd->fd, &message, sizeof(message)) == sizeof(message)) {
			long got = uffd_copy(crowd->fd, message.arg.pagefault.address, crowd->src,
					     PAGE, 0);

			EXPECT(got == 0 || got == -EEXIST);
		}
	}
}

TEST_SLOW("RACE-11,CPY-18,RD-10", "many threads and several monitors", LIMIT)
{
	enum { PAGES = 400, TOUCHERS = 8, MONITORS = 3 };
	struct gate quit = gate_new();
	struct crowd crowd = {map_private(PAGES, RW), letters("a"), PAGES,
			      uffd_open(0),	      quit.out,	    1};
	struct crowd toucher[TOUCHERS];
	struct thread touchers[TOUCHERS], monitors[MONITORS];

	uffd_watch(crowd.fd, crowd.p, PAGES, MISSING);
	for (int i = 0; i < MONITORS; i++)
		monitors[i] = thread_start(answer_on, &crowd);
	for (int i = 0; i < TOUCHERS; i++) {
		toucher[i] = crowd;
		toucher[i].seed = i + 1;
		touchers[i] = thread_start(touch_around, &toucher[i]);
	}
	for (int i = 0; i < TOUCHERS; i++)
		thread_join(touchers[i]);
	gate_open(&quit);
	for (int i = 0; i < MONITORS; i++)
		thread_join(monitors[i]);
	EXPECT_QUIET(crowd.fd);
}

static void *copy_each(void *argument)
{
	struct crowd *crowd = argument;
	long done = 0;

	for (int i = 0; i < crowd->pages; i++) {
		long got = uffd_copy(crowd->fd, crowd->p + i * PAGE, crowd->src, PAGE, 0);

		EXPECT(got == 0 || got == -EEXIST);
		EXPECT_EQ(uffd_done, got == 0 ? (long)PAGE : -EEXIST);
		done += got == 0;
	}
	return (void *)done;
}

TEST_SLOW("RACE-11,CPY-18", "of copies of one page at the same time one succeeds", LIMIT)
{
	enum { PAGES = 700 };

	for (int shared = 0; shared < 2; shared++) {
		struct crowd crowd = {shared ? map_shared(PAGES, RW) : map_private(PAGES, RW),
				      letters("a"),
				      PAGES,
				      uffd_open(0),
				      -1,
				      0};
		struct thread thread[3];
		long done = 0;

		uffd_watch(crowd.fd, crowd.p, PAGES, MISSING);
		for (int i = 0; i < 3; i++)
			thread[i] = thread_start(copy_each, &crowd);
		for (int i = 0; i < 3; i++)
			done += (long)thread_join(thread[i]);
		EXPECT_EQ(done, PAGES);
		for (int i = 0; i < PAGES; i++)
			EXPECT_EQ(crowd.p[i * PAGE + 5], 'a');
	}
}
