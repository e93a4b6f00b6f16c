// SPDX-License-Identifier: MIT
/*
 * user/postcopy/postcopy.c - live migration in miniature: a computation moves to another process and
 * goes on there at once, before its memory has come.
 *
 *	source					destination
 *	  runs the first half			  has the same addresses, and nothing there
 *	  sends the registers, stops     --->	  runs on; each page it touches first
 *	  sends the page that is asked for <-->	  is asked for over a pipe, put into place
 *	  sends all other pages          --->	  by its pager
 *
 * Moving the memory first would mean a pause as long as that takes. Here the pause is that of the
 * registers, and the first touches are slow.
 */
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE	4096UL
#define PAGES	256UL
#define WORDS	(PAGES * PAGE / sizeof(uint64_t))
#define HALF	20000 /* steps before the move */
#define URGENT	50    /* steps after it, before the rest of the memory is sent */
#define ALL_NOW PAGES /* asked for in place of a page: send all the others */

static uint64_t *memory;
static int ask[2], reply[2]; /* pipes: page numbers there, pages back */

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static void get(int fd, void *to, size_t len)
{
	for (size_t done = 0; done < len;) {
		ssize_t n = read(fd, (char *)to + done, len - done);

		if (n <= 0)
			fail("read");
		done += (size_t)n;
	}
}

static void put(int fd, const void *from, size_t len)
{
	for (size_t done = 0; done < len;) {
		ssize_t n = write(fd, (const char *)from + done, len - done);

		if (n <= 0)
			fail("write");
		done += (size_t)n;
	}
}

/* ---- the computation --------------------------------------------------------------------- */

/* All it needs besides its memory. */
struct registers {
	uint64_t state, sum;
};

/* Wanders over the memory; each step depends on what the ones before have written. */
static void run(struct registers *r, unsigned long steps)
{
	while (steps--) {
		uint64_t *word = &memory[(r->state >> 20) % WORDS];

		*word += r->state ^ r->sum;
		r->sum = r->sum * 31 + *word;
		r->state = r->state * 6364136223846793005ULL + 1442695040888963407ULL;
	}
}

/* ---- the destination --------------------------------------------------------------------- */

static int uffd;
static unsigned long fetched;
static char here[PAGES];

static void place(uint64_t page)
{
	static char buffer[PAGE];
	struct uffdio_copy copy = {
		.dst = (uint64_t)memory + page * PAGE,
		.src = (uint64_t)buffer,
		.len = PAGE,
	};

	get(reply[0], buffer, PAGE);
	here[page] = 1;
	if (ioctl(uffd, UFFDIO_COPY, &copy))
		fail("UFFDIO_COPY");
}

static void *pager(void *unused)
{
	struct uffd_msg msg;
	uint64_t page;

	(void)unused;
	while (read(uffd, &msg, sizeof(msg)) == sizeof(msg)) {
		page = (msg.arg.pagefault.address - (uint64_t)memory) / PAGE;
		put(ask[1], &page, sizeof(page));
		fetched++; /* before: then who waits goes on, and looks at it */
		place(page);
	}
	return NULL;
}

static void watch(void)
{
	struct uffdio_api api = {.api = UFFD_API};
	struct uffdio_register reg = {
		.range = {(uint64_t)memory, PAGES * PAGE},
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	pthread_t thread;

	uffd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);
	if (uffd < 0 || ioctl(uffd, UFFDIO_API, &api) || ioctl(uffd, UFFDIO_REGISTER, &reg) ||
	    pthread_create(&thread, NULL, pager, NULL))
		fail("userfaultfd");
}

static int destination(void)
{
	const uint64_t all = ALL_NOW;
	unsigned long urgent, rest = 0;
	struct registers r;

	watch();
	get(reply[0], &r, sizeof(r));
	printf("destination: resumed with %zu bytes, 0 of %lu pages here\n", sizeof(r), PAGES);
	run(&r, URGENT);
	urgent = fetched;
	printf("destination: %d steps later, %lu pages were asked for\n", URGENT, urgent);
	put(ask[1], &all, sizeof(all));
	for (uint64_t page = 0; page < PAGES; page++)
		if (!here[page]) {
			place(page);
			rest++;
		}
	printf("destination: the other %lu pages came by themselves\n", rest);
	run(&r, HALF - URGENT);
	printf("destination: finished, %lu more pages asked for, result %016llx\n",
	       fetched - urgent, (unsigned long long)r.sum);
	fflush(stdout);
	put(ask[1], &r.sum, sizeof(r.sum));
	return 0;
}

/* ---- the source -------------------------------------------------------------------------- */

static void serve(void)
{
	uint64_t page;

	for (;;) {
		get(ask[0], &page, sizeof(page));
		if (page == ALL_NOW)
			break;
		put(reply[1], &memory[page * PAGE / sizeof(uint64_t)], PAGE);
		here[page] = 1;
	}
	for (page = 0; page < PAGES; page++)
		if (!here[page])
			put(reply[1], &memory[page * PAGE / sizeof(uint64_t)], PAGE);
}

static int source(int pid)
{
	struct registers r = {.state = 1};
	uint64_t result;
	int status;

	run(&r, HALF);
	printf("source: stopped after %d steps, its memory is %lu pages\n", HALF, PAGES);
	fflush(stdout);
	put(reply[1], &r, sizeof(r));
	serve();
	get(ask[0], &result, sizeof(result));
	if (waitpid(pid, &status, 0) != pid || status)
		fail("the destination");
	run(&r, HALF); /* what would have come out had it stayed */
	printf("source: %s\n", result == r.sum ? "the same result here" : "another result here");
	return result != r.sum;
}

int main(void)
{
	int pid;

	memory = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		      0);
	if (memory == MAP_FAILED || pipe(ask) || pipe(reply))
		fail("set-up");
	pid = fork();
	if (pid < 0)
		fail("fork");
	return pid ? source(pid) : destination();
}
