// SPDX-License-Identifier: MIT
/*
 * tests/programs/uffd_meet.c - a fault and its answer at the same moment, again and again
 * (docs/contract/userfaultfd.md, RACE-1: no wake-up is lost between the look at the page table and
 * the sleep).
 *
 * uffd_meet [COUNT [copy|unprotect|continue]]: so many meetings of each kind, or of one; without
 * COUNT a few of those that Linux 6.1 is sure to answer, which `unprotect` is not
 * (docs/contract/notes.md, WPR-12). A walker touches page after page and tells which one is next;
 * for each the main thread makes the call that answers. How long the walker lingers before it
 * touches, or the other before it answers (`lead`, in turns of a loop, above 0 or below), follows
 * from what came of the pages before, so that neither side is always first. Prints `uffd_meet:
 * good` at the end, and before it, where COUNT is given, what came of the meetings:
 *
 *	early	the answer was there before the access: no fault
 *	met	a fault went the slow way but need not sleep: it was answered between the first look at
 *		the page table and the sleep (faults made again, less sleeps)
 *	slept	the answer came later and woke the walker
 *
 * A wake-up that is lost is a walker that sleeps for ever: the program does not end.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PAGE  4096UL
#define PAGES 256
#define COUNT 512 /* of each kind, without COUNT: a few seconds on a busy machine */
#define RW    (PROT_READ | PROT_WRITE)

static char *area, *source;
static int uffd;

/* The walker writes these; `at` counts the pages of all rounds. */
static long at, asked, slept;
/* The main thread writes these: the round that may begin (a later one: the end); turns to linger. */
static long round_open = -1;
static int lead;

struct tally {
	long early, met, slept;
};

static void die(const char *what)
{
	printf("uffd_meet: failed: %s (%s)\n", what, strerror(errno));
	fflush(stdout);
	_exit(1);
}

static void pin_to_cpu(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	sched_setaffinity(0, sizeof(set), &set); /* there may be one CPU only */
}

static long load(const long *word)
{
	return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

static void store(long *word, long value)
{
	__atomic_store_n(word, value, __ATOMIC_RELEASE);
}

static void await_at_least(const long *word, long value)
{
	for (int turn = 1; load(word) < value; turn++) {
		__asm__ volatile("pause");
		if (turn % 256 == 0)
			sched_yield();
	}
}

static void linger(int turns)
{
	for (; turns > 0; turns--)
		__asm__ volatile("pause");
}

/* ---- kinds of meetings ---------------------------------------------------------------------- */

static char *map(int flags, int fd)
{
	char *p = mmap(NULL, PAGES * PAGE, RW, flags, fd, 0);

	if (p == MAP_FAILED)
		die("mmap");
	memset(p, 'a', PAGES * PAGE);
	return p;
}

static char *map_anonymous(void)
{
	return map(MAP_PRIVATE | MAP_ANONYMOUS, -1);
}

static char *map_object(void)
{
	int fd = (int)syscall(SYS_memfd_create, "meet", 0);

	if (fd < 0 || ftruncate(fd, PAGES * PAGE))
		die("memfd_create");
	return map(MAP_SHARED, fd);
}

static void drop(void)
{
	if (madvise(area, PAGES * PAGE, MADV_DONTNEED))
		die("MADV_DONTNEED");
}

static void set_protection(char *p, size_t len, unsigned int mode)
{
	struct uffdio_writeprotect wp = {{(uintptr_t)p, len}, mode};

	if (ioctl(uffd, UFFDIO_WRITEPROTECT, &wp))
		die("UFFDIO_WRITEPROTECT");
}

static void protect(void)
{
	set_protection(area, PAGES * PAGE, UFFDIO_WRITEPROTECT_MODE_WP);
}

static void unprotect_page(char *p)
{
	set_protection(p, PAGE, 0);
}

static void copy_page(char *p)
{
	struct uffdio_copy copy = {(uintptr_t)p, (uintptr_t)source, PAGE, 0, 0};

	if (ioctl(uffd, UFFDIO_COPY, &copy))
		die("UFFDIO_COPY");
}

static void continue_page(char *p)
{
	struct uffdio_continue range = {.range = {(uintptr_t)p, PAGE}};

	if (ioctl(uffd, UFFDIO_CONTINUE, &range))
		die("UFFDIO_CONTINUE");
}

/* Before a round `arm` makes every page one that faults; `answer` resolves one of them. */
static const struct kind {
	const char *name;
	unsigned int mode;
	char *(*map)(void);
	void (*arm)(void);
	void (*answer)(char *page);
	int sure; /* on Linux 6.1 */
} kinds[] = {
	{"copy", UFFDIO_REGISTER_MODE_MISSING, map_anonymous, drop, copy_page, 1},
	{"unprotect", UFFDIO_REGISTER_MODE_WP, map_anonymous, protect, unprotect_page, 0},
	{"continue", UFFDIO_REGISTER_MODE_MINOR, map_object, drop, continue_page, 1},
};

/* ---- the two sides -------------------------------------------------------------------------- */

static void touch_pages(long round)
{
	for (long i = 0; i < PAGES; i++) {
		store(&at, round * PAGES + i);
		linger(lead + (int)(i * 7 % 16));
		((volatile char *)area)[i * PAGE + 1] = (char)round;
	}
}

/*
 * A fault that is made again after it has waited, or would have, counts as major; a sleep is one
 * switch that the thread wanted.
 */
static void *walk(void *unused)
{
	struct rusage before, after;

	pin_to_cpu(1);
	for (long round = 0;; round++) {
		await_at_least(&round_open, round);
		if (load(&round_open) > round)
			return unused;
		getrusage(RUSAGE_THREAD, &before);
		touch_pages(round);
		getrusage(RUSAGE_THREAD, &after);
		asked = after.ru_majflt - before.ru_majflt;
		slept = after.ru_nvcsw - before.ru_nvcsw;
		store(&at, (round + 1) * PAGES);
	}
}

/* As often too early as too late: then the most are in between. */
static void follow(void)
{
	int step = 1 + abs(lead) / 16;

	lead += PAGES - asked > slept ? -step : step;
}

static void play_round(const struct kind *kind, long round, struct tally *tally)
{
	kind->arm();
	store(&round_open, round);
	for (long i = 0; i < PAGES; i++) {
		await_at_least(&at, round * PAGES + i);
		linger(-lead);
		kind->answer(area + i * PAGE);
	}
	await_at_least(&at, (round + 1) * PAGES);
	for (int i = 0; i < PAGES; i++)
		if (area[i * PAGE] != 'a' || area[i * PAGE + 1] != (char)round)
			die("a page has other contents");
	tally->early += PAGES - asked;
	tally->met += asked - slept;
	tally->slept += slept;
	follow();
}

static void play(const struct kind *kind, long count, int verbose)
{
	struct uffdio_api api = {.api = UFFD_API};
	struct uffdio_register range = {.mode = kind->mode};
	long rounds = (count + PAGES - 1) / PAGES;
	struct tally tally = {0};
	pthread_t walker;

	uffd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	if (uffd < 0 || ioctl(uffd, UFFDIO_API, &api))
		die("userfaultfd");
	area = kind->map();
	range.range = (struct uffdio_range){(uintptr_t)area, PAGES * PAGE};
	if (ioctl(uffd, UFFDIO_REGISTER, &range))
		die("UFFDIO_REGISTER");
	at = round_open = -1;
	if (pthread_create(&walker, NULL, walk, NULL))
		die("pthread_create");
	for (long round = 0; round < rounds; round++)
		play_round(kind, round, &tally);
	store(&round_open, rounds + 1);
	pthread_join(walker, NULL);
	close(uffd);
	munmap(area, PAGES * PAGE);
	if (verbose)
		printf("%s: %ld meetings: %ld early, %ld met, %ld slept\n", kind->name,
		       rounds * PAGES, tally.early, tally.met, tally.slept);
}

int main(int argc, char **argv)
{
	long count = argc > 1 ? atol(argv[1]) : COUNT;

	pin_to_cpu(0);
	source = map_anonymous();
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (argc > 2 ? !strcmp(argv[2], kinds[i].name) : argc > 1 || kinds[i].sure)
			play(&kinds[i], count, argc > 1);
	puts("uffd_meet: good");
	return 0;
}
