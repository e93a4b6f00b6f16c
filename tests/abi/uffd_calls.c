// SPDX-License-Identifier: MIT
/*
 * tests/abi/uffd_calls.c - what the clauses on other calls say of watched memory (docs/contract/
 * mmap.md: VMA-11, FLT-22, MADV-22, MADV-28, MLK-17, TLB-7; fork.md: FLG-13, COW-10, UNW-6).
 */
#include <fcntl.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "lib/maps.h"
#include "lib/task.h"
#include "lib/test.h"
#include "lib/uffd.h"

#define POPULATE_READ  22
#define POPULATE_WRITE 23

TEST("VMA-11", "new memory does not merge with watched memory beside it")
{
	char *p = map_alone(6, RW);
	int fd = uffd_open(0);

	EXPECT_OK(raw_munmap(p, 2 * PAGE));
	EXPECT_OK(raw_munmap(p + 4 * PAGE, 2 * PAGE));
	uffd_watch(fd, p + 2 * PAGE, 2, MISSING);
	EXPECT_EQ(raw_mmap(p, 2 * PAGE, RW, PRIVATE | MAP_FIXED, -1, 0), p);
	EXPECT_EQ(raw_mmap(p + 4 * PAGE, 2 * PAGE, RW, PRIVATE | MAP_FIXED, -1, 0), p + 4 * PAGE);
	EXPECT_AREAS(p, 6, "2 rw-p, 2 rw-p, 2 rw-p");
	EXPECT(has_flag(p + 2 * PAGE, "um"));
	EXPECT(!has_flag(p, "um"));
	EXPECT(!has_flag(p + 4 * PAGE, "um"));
	p[0] = p[5 * PAGE] = 1;
	EXPECT_QUIET(fd);
	EXPECT_EQ(uffd_unregister(fd, p, 6 * PAGE), 0);
	raw_close(fd);
}

/* How many of the pages at p have an entry in our page table. */
static int mapped_pages(const char *p, int pages)
{
	int count = 0;

	for (int i = 0; i < pages; i++)
		count += (pagemap(p + i * PAGE) & PM_PRESENT) != 0;
	return count;
}

TEST("FLT-22", "a read may bring neighbours that are cached, within 64 KiB and the area")
{
	int file = temp_file(64 * PAGE);
	char *base = free_range(96), *p;
	int first, count;

	base += -(unsigned long)base % (16 * PAGE); /* a window begins here */
	p = (char *)EXPECT_OK(
		raw_mmap(base, 48 * PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED, file, 0));
	EXPECT_EQ(p[20 * PAGE], file_byte(20 * PAGE));
	EXPECT_EQ(mapped_pages(p, 16), 0);
	EXPECT_EQ(mapped_pages(p + 32 * PAGE, 16), 0);
	count = mapped_pages(p + 16 * PAGE, 16);
	EXPECT(count >= 1 && count <= 16);
	EXPECT(pagemap(p + 20 * PAGE) & PM_PRESENT);
	/* The end of an area is an end. */
	EXPECT_OK(raw_munmap(p, 48 * PAGE));
	p = (char *)EXPECT_OK(
		raw_mmap(base + 3 * PAGE, 2 * PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED, file, 0));
	EXPECT_EQ(p[PAGE], file_byte(PAGE));
	EXPECT(mapped_pages(p, 2) >= 1);
	EXPECT_UNMAPPED(p - 1);
	EXPECT_UNMAPPED(p + 2 * PAGE);
	/* A write brings the page itself alone. */
	p = (char *)EXPECT_OK(raw_mmap(base, 16 * PAGE, RW, MAP_PRIVATE | MAP_FIXED, file, 0));
	p[5 * PAGE] = 'w';
	for (first = 0; !(pagemap(p + first * PAGE) & PM_PRESENT); first++)
		;
	EXPECT_EQ(first, 5);
	EXPECT_EQ(mapped_pages(p, 16), 1);
}

TEST("FLT-22", "memory that is watched for protection or for minor faults gets no neighbours")
{
	int object = memfd_new(16), fd = uffd_open(0);
	char *p, *q, *filled = map_fd(object, 16, RW, MAP_SHARED);
	struct job *job;

	memset(filled, 'x', 16 * PAGE);
	p = map_fd(object, 16, RW, MAP_SHARED);
	uffd_watch(fd, p, 16, WP);
	EXPECT_EQ(p[5 * PAGE], 'x');
	EXPECT_EQ(mapped_pages(p, 16), 1);
	q = map_fd(object, 16, RW, MAP_SHARED);
	uffd_watch(fd, q, 16, MINOR);
	job = touch(q + 5 * PAGE, READ);
	EXPECT_FAULT(fd, q + 5 * PAGE, FAULT_MINOR);
	EXPECT_EQ(mapped_pages(q, 16), 0);
	EXPECT_EQ(uffd_continue(fd, q + 5 * PAGE, PAGE, 0), 0);
	EXPECT_TOUCHED(job);
	EXPECT_EQ(mapped_pages(q, 16), 1);
}

TEST("MADV-22", "MADV_POPULATE of watched memory waits for the monitor")
{
	char *p = map_private(2, RW);
	int fd = uffd_open(0);
	struct job *job;

	uffd_watch(fd, p, 2, MISSING);
	job = begin(SYS_madvise, p, 2 * PAGE, POPULATE_READ);
	EXPECT_FAULT(fd, p, 0);
	EXPECT_SLEEPS(job);
	uffd_fill(fd, p, "a");
	EXPECT_FAULT(fd, p + PAGE, 0);
	uffd_fill(fd, p + PAGE, "b");
	EXPECT_EQ(call_end(job), 0);
	EXPECT_LETTERS(p, "ab");
	EXPECT_QUIET(fd);
}

TEST("MADV-22,MLK-17", "with SIGBUS populating is EFAULT and mlock ENOMEM")
{
	char *p = map_private(2, RW);
	int fd = uffd_open(UFFD_FEATURE_SIGBUS);

	uffd_watch(fd, p, 2, MISSING);
	EXPECT_ERR(raw_madvise(p, 2 * PAGE, POPULATE_READ), EFAULT);
	EXPECT_ERR(raw_madvise(p, 2 * PAGE, POPULATE_WRITE), EFAULT);
	EXPECT_ERR(raw_mlock(p, PAGE), ENOMEM);
	EXPECT_EQ(status_value("VmLck"), 4); /* as with any page that cannot be had */
	uffd_fill(fd, p, "a");		     /* it is locked, so the areas are two */
	uffd_fill(fd, p + PAGE, "b");
	EXPECT_EQ(raw_mlock(p, 2 * PAGE), 0);
	EXPECT_QUIET(fd);
}

TEST("MADV-22", "what serves user mode alone does not serve MADV_POPULATE")
{
	char *p = map_private(1, RW);
	int fd = uffd_open_flags(USER_ONLY | O_NONBLOCK, 0);

	uffd_watch(fd, p, 1, MISSING);
	EXPECT_ERR(raw_madvise(p, PAGE, POPULATE_READ), EFAULT);
	EXPECT_QUIET(fd);
}

TEST("MLK-17", "mlock of watched memory waits for the monitor")
{
	char *p = map_private(1, RW);
	int fd = uffd_open(0);
	struct job *job;

	uffd_watch(fd, p, 1, MISSING);
	job = begin(SYS_mlock, p, PAGE);
	EXPECT_FAULT(fd, p, FAULT_WRITE);
	EXPECT_SLEEPS(job);
	uffd_fill(fd, p, "a");
	EXPECT_EQ(call_end(job), 0);
	EXPECT_EQ(status_value("VmLck"), 4);
	EXPECT_LETTERS(p, "a");
}

TEST("MADV-28", "DONTNEED, FREE and REMOVE tell the monitor before the pages go")
{
	static const int advice[] = {MADV_DONTNEED, MADV_FREE, MADV_REMOVE};

	for (int i = 0; i < 3; i++) {
		char *p = i == 2 ? map_shared(2, RW) : map_private(2, RW);
		int fd = uffd_open(EVENT_REMOVE);
		struct job *job;

		p[0] = p[PAGE] = 'x';
		uffd_watch(fd, p, 2, MISSING);
		job = begin(SYS_madvise, p, PAGE, advice[i]);
		uffd_await_message(fd);
		EXPECT_SLEEPS(job);
		EXPECT_EQ(p[0], 'x');
		EXPECT_REMOVE(fd, p, 1);
		EXPECT_EQ(call_end(job), 0);
		EXPECT_EQ(p[PAGE], 'x');
		raw_close(fd);
	}
}

static volatile int stop_writing;

static void *write_on(void *argument)
{
	volatile long *word = argument;

	while (!stop_writing)
		++*word;
	return NULL;
}

TEST("TLB-7", "after the call that protects no thread writes through an old translation")
{
	long *word = (long *)map_private(1, RW), seen;
	int fd = uffd_open(0);
	struct thread thread;

	if (cpu_count() < 2)
		SKIP("one CPU");
	*word = 1;
	uffd_watch(fd, word, 1, WP);
	thread = thread_start(write_on, word);
	for (int round = 0; round < 20; round++) {
		seen = *(volatile long *)word;
		while (*(volatile long *)word == seen) /* it writes */
			raw(SYS_sched_yield);
		uffd_protect(fd, word, 1);
		seen = *(volatile long *)word;
		for (int look = 0; look < 2000; look++)
			EXPECT_EQ(*(volatile long *)word, seen);
		EXPECT_FAULT(fd, word, FAULT_WP);
		EXPECT_EQ(*(volatile long *)word, seen);
		stop_writing = round == 19;
		uffd_unprotect(fd, word, 1);
	}
	thread_join(thread);
}

struct tables {
	int closed, opened;
};

/* 0 when the descriptors are as they were before the memory was copied. */
static int look_at_files(void *argument)
{
	struct tables *t = argument;

	return (raw(SYS_fcntl, t->closed, F_GETFD) < 0) +
	       2 * (raw(SYS_fcntl, t->opened, F_GETFD) >= 0);
}

TEST("FLG-13",
     "descriptors are copied before the memory: what changes while it waits is not inherited")
{
	char *p = map_private(1, RW);
	struct tables *t = shared_page();
	int fd = uffd_open(EVENT_FORK);
	struct job *job;
	pid_t pid;

	t->closed = EXPECT_OK(raw(SYS_dup3, 0, 40, 0));
	t->opened = 41;
	uffd_watch(fd, p, 1, MISSING);
	job = fork_start(look_at_files, t);
	uffd_await_message(fd);
	EXPECT_SLEEPS(job);
	raw_close(t->closed);
	EXPECT_EQ(raw(SYS_dup3, 0, t->opened, 0), t->opened);
	raw_close(EXPECT_FORK(fd));
	pid = call_end(job);
	EXPECT_EXIT(pid, 0);
}

static void write_file(const char *path, const char *text)
{
	int fd = EXPECT_OK(raw_open(path, O_WRONLY, 0));

	EXPECT_EQ(raw_write(fd, text, strlen(text)), strlen(text));
	raw_close(fd);
}

TEST("UNW-6,FLG-10", "a fork that finds no memory tells nothing, and filling goes on")
{
	size_t pages = (meminfo_value("MemTotal") / 4) * 2;
	char *low, *high;
	int fd = uffd_open(EVENT_FORK);
	long pid;

	low = (char *)EXPECT_OK(raw_mmap(0x10000000, 2 * PAGE, RW, PRIVATE | NOREPLACE, -1, 0));
	uffd_watch(fd, low, 2, MISSING);
	write_file("/proc/sys/vm/overcommit_memory", "1");
	high = map_private(pages, RW); /* too much to be promised twice */
	EXPECT(high > low);
	write_file("/proc/sys/vm/overcommit_memory", "2");
	pid = raw_fork();
	if (pid == 0)
		_exit(0);
	write_file("/proc/sys/vm/overcommit_memory", "0");
	EXPECT_ERR(pid, ENOMEM);
	EXPECT_QUIET(fd);
	uffd_fill(fd, low, "ab");
	EXPECT_LETTERS(low, "ab");
	EXPECT_OK(raw_munmap(high, pages * PAGE));
}

/* ---- a page that somebody else writes to meanwhile --------------------------------------------- */

struct pinned {
	char *page;
	struct gate owned, begin, done, look;
	struct gate child; /* may look */
	pid_t pid;	   /* of the child, if there is one */
};

static void fork_from(struct pinned *s)
{
	s->pid = test_fork();
	if (s->pid)
		return;
	gate_pass(&s->child);
	EXPECT_EQ(s->page[0], 'o');
	EXPECT_EQ(s->page[100], 'o');
	_exit(0);
}

static void protect_and_back(struct pinned *s)
{
	EXPECT_OK(raw_mprotect(s->page, PAGE, PROT_READ));
	EXPECT_OK(raw_mprotect(s->page, PAGE, RW));
}

static void fork_protected(struct pinned *s)
{
	EXPECT_OK(raw_mprotect(s->page, PAGE, PROT_READ));
	fork_from(s);
	EXPECT_OK(raw_mprotect(s->page, PAGE, RW));
}

static void mark_and_back(struct pinned *s)
{
	int fd = uffd_open(0);

	uffd_watch(fd, s->page, 1, WP);
	EXPECT_EQ(uffd_writeprotect(fd, s->page, PAGE, PROTECT), 0);
	EXPECT_EQ(uffd_writeprotect(fd, s->page, PAGE, 0), 0);
}

/* The owner does something to its memory, writes to the page, and finds both writes there. */
static void own_page(struct pinned *s, void (*act)(struct pinned *))
{
	memset(s->page, 'o', PAGE); /* ours alone from here on */
	gate_open(&s->owned);
	gate_pass(&s->begin);
	act(s);
	s->page[100] = 't';
	gate_open(&s->done);
	gate_pass(&s->look);
	EXPECT_EQ(s->page[0], 'n');
	EXPECT_EQ(s->page[100], 't');
	gate_open(&s->child);
	if (s->pid)
		EXPECT_EXIT(s->pid, 0);
	_exit(0);
}

/* process_vm_writev() has pinned the owner's page, and waits for what it shall write there. */
static void write_while(void (*act)(struct pinned *))
{
	struct pinned s = {.page = map_private(1, RW),
			   .owned = gate_new(),
			   .begin = gate_new(),
			   .done = gate_new(),
			   .look = gate_new(),
			   .child = gate_new()};
	char *source = map_private(1, RW);
	struct iovec local = {source, 8}, remote = {s.page, 8};
	int fd = uffd_open(0);
	struct job *job;
	pid_t owner;

	owner = test_fork();
	if (owner == 0)
		own_page(&s, act);
	gate_pass(&s.owned);
	uffd_watch(fd, source, 1, MISSING);
	job = begin(SYS_process_vm_writev, owner, &local, 1, &remote, 1, 0);
	EXPECT_FAULT(fd, source, 0); /* it has the owner's page by now */
	EXPECT_SLEEPS(job);
	gate_open(&s.begin);
	gate_pass(&s.done);
	uffd_fill(fd, source, "n");
	EXPECT_EQ(call_end(job), 8);
	gate_open(&s.look);
	EXPECT_EXIT(owner, 0);
}

TEST("COW-10", "a page that is being written for I/O stays with the process that forks")
{
	write_while(fork_from);
}

TEST("COW-10", "and if it forks while the page is read-only")
{
	write_while(fork_protected);
}

TEST("COW-10,PROT-9", "mprotect to read-only and back does not copy a page that is pinned")
{
	write_while(protect_and_back);
}

TEST("COW-10", "nor does WRITEPROTECT")
{
	write_while(mark_and_back);
}
