// SPDX-License-Identifier: MIT
/*
 * user/lazyload/lazyload.c - memory that is a file, page by page, only where it is looked at.
 *
 * The program searches a sorted table as if it were all in memory. None of it is: each page that is
 * touched for the first time stops the search until a second thread has read that page, and only that
 * page, from the file. mmap(2) does the same inside the kernel; here the kernel only says which page
 * is missing, and where it comes from is the program's own affair: a compressed image, a network.
 */
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PAGE	4096UL
#define PAGES	256UL
#define RECORDS (PAGES * PAGE / sizeof(uint64_t))

static int uffd, file;
static volatile unsigned long loaded;

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

/* ---- the loader -------------------------------------------------------------------------- */

/* Reads a page of the file aside, then puts it into place: it appears whole, or not at all. */
static void load_page(uint64_t base, uint64_t address)
{
	static char buffer[PAGE];
	struct uffdio_copy copy = {
		.dst = address & -PAGE,
		.src = (uint64_t)buffer,
		.len = PAGE,
	};

	if (pread(file, buffer, PAGE, (off_t)(copy.dst - base)) != (ssize_t)PAGE)
		fail("the file");
	loaded++;
	if (ioctl(uffd, UFFDIO_COPY, &copy))
		fail("UFFDIO_COPY");
}

static void *loader(void *base)
{
	struct uffd_msg msg;

	while (read(uffd, &msg, sizeof(msg)) == sizeof(msg))
		if (msg.event == UFFD_EVENT_PAGEFAULT)
			load_page((uint64_t)base, msg.arg.pagefault.address);
	return NULL;
}

/* A place for the whole file, with nothing in it. */
static const uint64_t *open_table(void)
{
	struct uffdio_api api = {.api = UFFD_API};
	struct uffdio_register reg = {.mode = UFFDIO_REGISTER_MODE_MISSING};
	pthread_t thread;
	void *table = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			   -1, 0);

	uffd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);
	reg.range.start = (uint64_t)table;
	reg.range.len = PAGES * PAGE;
	if (table == MAP_FAILED || uffd < 0 || ioctl(uffd, UFFDIO_API, &api) ||
	    ioctl(uffd, UFFDIO_REGISTER, &reg))
		fail("userfaultfd");
	if (pthread_create(&thread, NULL, loader, table))
		fail("pthread_create");
	return table;
}

/* ---- the program, which knows nothing of all this ---------------------------------------- */

/* The table: ascending, with gaps. */
static uint64_t record(uint64_t n)
{
	return n * 10 + n % 7;
}

static void write_file(void)
{
	char name[] = "/tmp/lazyloadXXXXXX";
	uint64_t page[PAGE / sizeof(uint64_t)];

	file = mkstemp(name);
	unlink(name);
	for (uint64_t n = 0; n < RECORDS; n++) {
		page[n % (PAGE / sizeof(uint64_t))] = record(n);
		if ((n + 1) % (PAGE / sizeof(uint64_t)) == 0 &&
		    write(file, page, PAGE) != (ssize_t)PAGE)
			fail("write");
	}
}

static uint64_t search(const uint64_t *table, uint64_t key)
{
	uint64_t low = 0, high = RECORDS;

	while (high - low > 1) {
		uint64_t middle = (low + high) / 2;

		if (table[middle] <= key)
			low = middle;
		else
			high = middle;
	}
	return low;
}

int main(void)
{
	static const uint64_t places[] = {4242, 4300, 100000, 123456};
	const uint64_t *table;
	uint64_t sum = 0;

	write_file();
	table = open_table();
	printf("lazyload: a table of %lu pages, none in memory\n", PAGES);
	for (unsigned int i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		unsigned long before = loaded;
		uint64_t found = search(table, record(places[i]));

		printf("search for %7llu: record %6llu, %2lu pages loaded for it\n",
		       (unsigned long long)record(places[i]), (unsigned long long)found,
		       loaded - before);
	}
	printf("in memory after the searches: %lu of %lu pages\n", loaded, PAGES);
	for (uint64_t n = 0; n < RECORDS; n++)
		sum += table[n] - record(n);
	printf("after a look at each record: %lu of %lu pages, %s\n", loaded, PAGES,
	       sum ? "and some are wrong" : "all as in the file");
	return sum != 0;
}
