// SPDX-License-Identifier: MIT
/*
 * tests/abi/file_map_random.c - random stores, writes, truncations and holes in a mapped file, against a
 * model (docs/contract/mmap.md, sections 11 and 15).
 *
 * The file is a row of pages, each filled with one byte. Some views of the whole row are mapped, shared
 * and private; the model knows the byte of each page of the file, and of each private copy.
 */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "lib/fault.h"
#include "lib/maps.h"
#include "lib/sys.h"
#include "lib/test.h"

enum { PAGES = 24, VIEWS = 4, NO_COPY = -1 };

struct view {
	char *base;
	bool shared;
	int copy[PAGES]; /* what a private copy holds, or NO_COPY */
};

static struct view views[VIEWS];
static unsigned char file[PAGES];
static int size; /* in pages */
static int fd;

static int expected(const struct view *view, int page)
{
	return view->copy[page] != NO_COPY ? view->copy[page] : file[page];
}

static void check_view(const struct view *view)
{
	for (int page = 0; page < PAGES; page++) {
		unsigned char *p = (unsigned char *)view->base + page * PAGE + random_below(PAGE);

		if (page >= size)
			EXPECT_BUS(p, READ);
		else if (*(volatile unsigned char *)p != expected(view, page))
			FAIL("page %d of a %s view holds %d, not %d", page,
			     view->shared ? "shared" : "private", *p, expected(view, page));
	}
}

static void check_file(void)
{
	for (int page = 0; page < PAGES; page++) {
		unsigned char byte = 0;
		long got = raw_pread(fd, &byte, 1, page * PAGE + random_below(PAGE));

		EXPECT_EQ(got, page < size);
		if (got == 1)
			EXPECT_EQ(byte, file[page]);
	}
	EXPECT_EQ(raw(SYS_lseek, fd, 0, SEEK_END), size * PAGE);
}

static void check_all(void)
{
	check_file();
	for (int i = 0; i < VIEWS; i++)
		check_view(&views[i]);
}

static void do_store(struct view *view, int page, int count)
{
	unsigned char value = 1 + random_below(200);

	if (page >= size) {
		EXPECT_BUS(view->base + page * PAGE + random_below(PAGE), WRITE);
		return;
	}
	memset(view->base + page * PAGE, value, PAGE);
	if (view->shared)
		file[page] = value;
	else
		view->copy[page] = value;
}

static void do_write(struct view *view, int page, int count)
{
	char data[PAGE];

	for (int i = page; i < page + count; i++) {
		file[i] = 1 + random_below(200);
		memset(data, file[i], PAGE);
		EXPECT_EQ(raw_pwrite(fd, data, PAGE, i * PAGE), PAGE);
	}
	if (page + count > size)
		size = page + count;
}

/* Writes to the file from a view of it: the kernel reads what it is about to overwrite elsewhere. */
static void do_copy(struct view *view, int page, int count)
{
	int to = random_below(PAGES);

	if (page >= size) {
		EXPECT_ERR(raw_pwrite(fd, view->base + page * PAGE, PAGE, to * PAGE), EFAULT);
		return;
	}
	EXPECT_EQ(raw_pwrite(fd, view->base + page * PAGE, PAGE, to * PAGE), PAGE);
	file[to] = expected(view, page);
	if (to >= size)
		size = to + 1;
}

static void do_truncate(struct view *view, int page, int count)
{
	EXPECT_OK(raw_ftruncate(fd, page * PAGE));
	for (int i = page; i < PAGES; i++) {
		file[i] = 0;
		for (int v = 0; v < VIEWS; v++)
			views[v].copy[i] = NO_COPY;
	}
	size = page;
}

static void do_extend(struct view *view, int page, int count)
{
	if (page <= size)
		return;
	EXPECT_OK(raw_ftruncate(fd, page * PAGE));
	size = page;
}

static void do_punch(struct view *view, int page, int count)
{
	EXPECT_OK(
		raw(SYS_fallocate, fd, 3 /* KEEP_SIZE | PUNCH_HOLE */, page * PAGE, count * PAGE));
	memset(file + page, 0, count);
}

static void do_dontneed(struct view *view, int page, int count)
{
	EXPECT_OK(raw_madvise(view->base + page * PAGE, count * PAGE, MADV_DONTNEED));
	for (int i = page; i < page + count; i++)
		view->copy[i] = NO_COPY;
}

static void do_protect(struct view *view, int page, int count)
{
	EXPECT_OK(raw_mprotect(view->base + page * PAGE, count * PAGE, PROT_READ));
	if (page < size)
		EXPECT_SEGV(view->base + page * PAGE, WRITE, SEGV_ACCERR);
	EXPECT_OK(raw_mprotect(view->base + page * PAGE, count * PAGE, RW));
}

static void do_remap(struct view *view, int page, int count)
{
	int flags = (view->shared ? MAP_SHARED : MAP_PRIVATE) | MAP_FIXED;

	EXPECT_EQ(raw_mmap(view->base + page * PAGE, count * PAGE, RW, flags, fd, page * PAGE),
		  view->base + page * PAGE);
	for (int i = page; i < page + count; i++)
		view->copy[i] = NO_COPY;
}

static void do_sync(struct view *view, int page, int count)
{
	EXPECT_OK(raw_msync(view->base + page * PAGE, count * PAGE, MS_SYNC));
}

/* A child finds everything as it is; what it stores in shared views stays, the rest goes with it. */
static void do_fork(struct view *view, int page, int count)
{
	unsigned char value = 1 + random_below(200);
	pid_t pid = test_fork();

	if (pid == 0) {
		check_all();
		for (int v = 0; v < VIEWS; v++)
			if (page < size)
				memset(views[v].base + page * PAGE, value, PAGE);
		_exit(0);
	}
	EXPECT_EXIT(pid, 0);
	if (page < size)
		file[page] = value; /* view 0 is shared */
}

static void run(unsigned long first_seed, int steps)
{
	static void (*const calls[])(struct view * view, int page, int count) = {
		do_store, do_store,    do_store, do_store,  do_write,  do_copy, do_truncate,
		do_punch, do_dontneed, do_remap, do_extend, do_extend, do_sync, do_protect,
	};

	random_seed = first_seed;
	fd = temp_file(0);
	size = 0;
	for (int v = 0; v < VIEWS; v++) {
		views[v].shared = v % 2 == 0;
		views[v].base = (char *)EXPECT_OK(raw_mmap(
			0, PAGES * PAGE, RW, views[v].shared ? MAP_SHARED : MAP_PRIVATE, fd, 0));
		for (int i = 0; i < PAGES; i++)
			views[v].copy[i] = NO_COPY;
	}
	for (int step = 0; step < steps; step++) {
		int page = random_below(PAGES), count = 1 + random_below(PAGES - page);

		calls[random_below(sizeof(calls) / sizeof(calls[0]))](&views[random_below(VIEWS)],
								      page, count);
		if (step % 8 == 0)
			check_all();
		if (step % 50 == 0)
			do_fork(&views[0], page, count);
	}
	check_all();
}

TEST_SLOW("FILE-1,FILE-5,FILE-6,FILE-7,FILE-8", "a random sequence agrees with the model", 40)
{
	run(1, 600);
}

TEST_SLOW("FILE-1,FILE-5,FILE-6,FILE-7,FILE-8", "another random sequence agrees", 40)
{
	run(99, 600);
}

static void *truncate_and_extend(void *argument)
{
	volatile int *stop = argument;

	while (!*stop) {
		EXPECT_OK(raw_ftruncate(fd, 2 * PAGE));
		EXPECT_OK(raw_ftruncate(fd, PAGES * PAGE));
		raw(SYS_sched_yield);
	}
	return NULL;
}

static void store_all(void *base)
{
	for (int page = 0; page < PAGES; page++)
		((volatile char *)base)[page * PAGE] = 1;
}

TEST_SLOW("FILE-6,FLT-24,TLB-1", "stores that race with truncation succeed or give SIGBUS", 40)
{
	volatile int stop = 0;
	struct thread thread;
	int faults = 0, passes = 0;
	char *p, *q;

	fd = temp_file(PAGES * PAGE);
	p = (char *)EXPECT_OK(raw_mmap(0, PAGES * PAGE, RW, MAP_SHARED, fd, 0));
	q = (char *)EXPECT_OK(raw_mmap(0, PAGES * PAGE, RW, MAP_PRIVATE, fd, 0));
	thread = thread_start(truncate_and_extend, (void *)&stop);
	for (int i = 0; i < 400 || faults + passes < 400; i++) {
		struct fault fault = try_call(store_all, i % 2 ? p : q);

		passes += fault.signal == 0;
		if (fault.signal) {
			EXPECT_EQ(fault.signal, SIGBUS);
			EXPECT(fault.addr >= (unsigned long)(i % 2 ? p : q) + 2 * PAGE);
			faults++;
		}
		if (i % 8 == 0)
			raw(SYS_sched_yield);
	}
	stop = 1;
	thread_join(thread);
	EXPECT_OK(raw_ftruncate(fd, 0));
	EXPECT_OK(raw_ftruncate(fd, PAGES * PAGE));
	for (int page = 0; page < PAGES; page++)
		EXPECT_EQ(p[page * PAGE] + q[page * PAGE], 0);
}
