// SPDX-License-Identifier: MIT
/*
 * user/snapshot/snapshot.c - a consistent copy of memory that is being written all the while.
 *
 * A bank moves money between accounts, without end; at any moment all accounts sum up to the same.
 * To copy them one would have to stop it. Instead all pages are write-protected at one instant, which
 * is short. The bank goes on; when it first writes to a page, the keeper saves that page as it was
 * and lets the write go. A second sweep saves the pages that nobody wrote to. Each page is saved once,
 * as of the instant, whoever comes first.
 */
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PAGE	 4096UL
#define PAGES	 512UL
#define ACCOUNTS (PAGES * PAGE / sizeof(int64_t))
#define MONEY	 1000 /* in each account, at first */

static int64_t *bank, *copy;
static int uffd;
static unsigned long transfers; /* made so far; under counter */
static pthread_mutex_t counter = PTHREAD_MUTEX_INITIALIZER;
static volatile int closed;

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static int64_t *map_pages(void)
{
	void *p = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		       0);

	if (p == MAP_FAILED)
		fail("mmap");
	return p;
}

/* ---- the bank ---------------------------------------------------------------------------- */

static void transfer(uint64_t *random)
{
	unsigned long from, to;

	*random = *random * 6364136223846793005ULL + 1442695040888963407ULL;
	from = (*random >> 20) % ACCOUNTS;
	to = (*random >> 41) % ACCOUNTS;
	bank[from] -= 7;
	bank[to] += 7;
}

static void *teller(void *unused)
{
	uint64_t random = 1;

	(void)unused;
	while (!closed) {
		pthread_mutex_lock(&counter);
		for (int i = 0; i < 16; i++)
			transfer(&random);
		transfers += 16;
		pthread_mutex_unlock(&counter);
	}
	return NULL;
}

static int64_t sum_of(const int64_t *accounts)
{
	int64_t sum = 0;

	for (unsigned long i = 0; i < ACCOUNTS; i++)
		sum += accounts[i];
	return sum;
}

/* ---- the keeper -------------------------------------------------------------------------- */

static unsigned long saved_by_fault, saved_by_sweep;
static char saved[PAGES];

static void protect(unsigned long first, unsigned long pages, uint64_t mode)
{
	struct uffdio_writeprotect wp = {
		{(uint64_t)bank + first * PAGE, pages * PAGE},
		mode,
	};

	if (ioctl(uffd, UFFDIO_WRITEPROTECT, &wp))
		fail("UFFDIO_WRITEPROTECT");
}

/* The page as it was; only then may it be written, and who waits to do so goes on. */
static void save(unsigned long page, unsigned long *count)
{
	if (!saved[page]) {
		memcpy((char *)copy + page * PAGE, (char *)bank + page * PAGE, PAGE);
		saved[page] = 1;
		++*count;
	}
	protect(page, 1, 0);
}

/* The pages that the teller wants to write. Waits for one if @wait. */
static void serve(int wait)
{
	struct pollfd readable = {uffd, POLLIN, 0};
	struct uffd_msg msg;

	if (wait)
		poll(&readable, 1, -1);
	while (read(uffd, &msg, sizeof(msg)) == sizeof(msg))
		save((msg.arg.pagefault.address - (uint64_t)bank) / PAGE, &saved_by_fault);
}

static void take_snapshot(void)
{
	while (saved_by_fault < 20) /* let the teller come first for a while */
		serve(1);
	for (unsigned long page = 0; page < PAGES; page++) {
		serve(0);
		if (!saved[page])
			save(page, &saved_by_sweep);
	}
}

static void watch(void)
{
	struct uffdio_api api = {.api = UFFD_API, .features = UFFD_FEATURE_PAGEFAULT_FLAG_WP};
	struct uffdio_register reg = {
		.range = {(uint64_t)bank, PAGES * PAGE},
		.mode = UFFDIO_REGISTER_MODE_WP,
	};

	uffd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	if (uffd < 0 || ioctl(uffd, UFFDIO_API, &api) || ioctl(uffd, UFFDIO_REGISTER, &reg))
		fail("userfaultfd");
}

int main(void)
{
	unsigned long at_instant;
	pthread_t thread;
	int64_t sum;

	bank = map_pages();
	copy = map_pages();
	for (unsigned long i = 0; i < ACCOUNTS; i++)
		bank[i] = MONEY;
	watch();
	printf("snapshot: %lu accounts on %lu pages hold %lld\n", ACCOUNTS, PAGES,
	       (long long)sum_of(bank));
	if (pthread_create(&thread, NULL, teller, NULL))
		fail("pthread_create");

	pthread_mutex_lock(&counter); /* the instant: no transfer is half made */
	protect(0, PAGES, UFFDIO_WRITEPROTECT_MODE_WP);
	at_instant = transfers;
	pthread_mutex_unlock(&counter);
	take_snapshot();

	closed = 1;
	pthread_join(thread, NULL);
	sum = sum_of(copy);
	printf("each page was saved once: %s\n",
	       saved_by_fault + saved_by_sweep == PAGES ? "yes" : "no");
	printf("some because the bank was about to write them: %s\n",
	       saved_by_fault ? "yes" : "no");
	printf("the bank went on meanwhile: %s\n", transfers > at_instant ? "yes" : "no");
	printf("the copy holds %lld, the bank %lld\n", (long long)sum, (long long)sum_of(bank));
	printf("and they differ: %s\n", memcmp(copy, bank, PAGES * PAGE) ? "yes" : "no");
	return sum != (int64_t)ACCOUNTS * MONEY;
}
