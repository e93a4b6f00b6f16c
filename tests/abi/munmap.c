// SPDX-License-Identifier: MIT
/*
 * tests/abi/munmap.c - removing mappings (docs/contract/mmap.md, section 7).
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/fault.h"
#include "lib/inject.h"
#include "lib/maps.h"
#include "lib/sys.h"
#include "lib/test.h"

TEST("UNMAP-1", "an unaligned address is EINVAL")
{
	char *p = map_private(2, PROT_READ);

	EXPECT_ERR(raw_munmap(p + 1, PAGE), EINVAL);
	EXPECT_ERR(raw_munmap(p + PAGE - 1, PAGE), EINVAL);
	EXPECT_ERR(raw_munmap(1, PAGE), EINVAL);
	EXPECT_AREAS(p, 2, "2 r--p");
}

TEST("UNMAP-2", "a length of 0, or one that rounds to 0, is EINVAL")
{
	char *p = map_private(2, PROT_READ);

	EXPECT_ERR(raw_munmap(p, 0), EINVAL);
	EXPECT_ERR(raw_munmap(p, -1L), EINVAL);
	EXPECT_ERR(raw_munmap(0, -1L), EINVAL);
	EXPECT_ERR(raw_munmap(free_range(1), 0), EINVAL);
	EXPECT_AREAS(p, 2, "2 r--p");
}

TEST("UNMAP-3", "a range that leaves the user space is EINVAL")
{
	char *p = map_private(2, PROT_READ);

	EXPECT_ERR(raw_munmap(p, TASK_SIZE), EINVAL);
	EXPECT_ERR(raw_munmap(p, TASK_SIZE - (long)p + 1), EINVAL);
	EXPECT_ERR(raw_munmap(TASK_SIZE, PAGE), EINVAL);
	EXPECT_ERR(raw_munmap(TASK_SIZE - PAGE, 2 * PAGE), EINVAL);
	EXPECT_ERR(raw_munmap(1UL << 63, PAGE), EINVAL);
	EXPECT_ERR(raw_munmap(-PAGE, PAGE), EINVAL);
	EXPECT_ERR(raw_munmap(0xffff888000000000, PAGE), EINVAL);
	EXPECT_AREAS(p, 2, "2 r--p");
}

TEST("UNMAP-4", "a range with nothing in it, or with holes, is fine")
{
	char *p = free_range(8);

	EXPECT_EQ(raw_munmap(p, 8 * PAGE), 0);
	EXPECT_OK(raw_mmap(p + 2 * PAGE, PAGE, RW, PRIVATE | MAP_FIXED, -1, 0));
	EXPECT_OK(raw_mmap(p + 5 * PAGE, PAGE, PROT_READ, PRIVATE | MAP_FIXED, -1, 0));
	EXPECT_EQ(raw_munmap(p, 8 * PAGE), 0);
	EXPECT_AREAS(p, 8, "8 hole");
	EXPECT_EQ(raw_munmap(p, PAGE), 0);
}

TEST("UNMAP-5", "the length is rounded up")
{
	char *p = map_private(4, RW);

	EXPECT_OK(raw_munmap(p, 1));
	EXPECT_AREAS(p, 4, "1 hole, 3 rw-p");
	EXPECT_OK(raw_munmap(p + PAGE, PAGE + 1));
	EXPECT_AREAS(p, 4, "3 hole, 1 rw-p");
}

TEST("UNMAP-6", "what remains of a cut area keeps contents and flags")
{
	char *p = map_private(9, RW);

	for (int i = 0; i < 9; i++)
		p[i * PAGE] = 'A' + i;
	EXPECT_OK(raw_mprotect(p + 6 * PAGE, 3 * PAGE, PROT_READ));
	EXPECT_OK(raw_munmap(p, PAGE));		       /* the head */
	EXPECT_OK(raw_munmap(p + 3 * PAGE, PAGE));     /* a middle */
	EXPECT_OK(raw_munmap(p + 5 * PAGE, 2 * PAGE)); /* a tail and the next head */
	EXPECT_OK(raw_munmap(p + 8 * PAGE, PAGE));     /* a tail */
	EXPECT_AREAS(p, 9, "1 hole, 2 rw-p, 1 hole, 1 rw-p, 2 hole, 1 r--p, 1 hole");
	for (int i = 0; i < 9; i++)
		if (strchr("BCEH", 'A' + i))
			EXPECT_EQ(p[i * PAGE], 'A' + i);
		else
			EXPECT_UNMAPPED(p + i * PAGE + i);
}

TEST("UNMAP-6", "what remains of a cut file area has the right offsets")
{
	int fd = temp_file(5 * PAGE);
	char *p = (char *)EXPECT_OK(raw_mmap(0, 5 * PAGE, PROT_READ, MAP_PRIVATE, fd, 0));

	EXPECT_OK(raw_munmap(p, PAGE));
	EXPECT_OK(raw_munmap(p + 2 * PAGE, PAGE));
	for (int i = 0; i < 5; i++)
		if (i != 0 && i != 2)
			EXPECT_EQ((unsigned char)p[i * PAGE + 3], file_byte(i * PAGE + 3));
	EXPECT_UNMAPPED(p);
	EXPECT_UNMAPPED(p + 2 * PAGE + 1);
}

struct reader {
	volatile char *addr;
	int cpu;
	volatile int reading;
	struct fault fault;
};

static void read_for_ever(void *argument)
{
	struct reader *reader = argument;

	for (;;) {
		(void)*reader->addr;
		reader->reading = 1;
	}
}

static void *reader_thread(void *argument)
{
	struct reader *reader = argument;

	if (reader->cpu < cpu_count())
		pin_to_cpu(reader->cpu);
	reader->fault = try_call(read_for_ever, reader);
	return NULL;
}

TEST("UNMAP-7,TLB-1", "every thread on every CPU faults after munmap has returned")
{
	char *p = map_private(3, RW);

	for (int kind = 0; kind < 3; kind++) {
		static const int flags[] = {PRIVATE, SHARED, MAP_SHARED};
		int fd = flags[kind] == MAP_SHARED ? temp_file(PAGE) : -1;
		struct reader reader = {.addr = p + PAGE + 5, .cpu = 1};
		struct thread thread;

		EXPECT_OK(raw_mmap(p + PAGE, PAGE, RW, flags[kind] | MAP_FIXED, fd, 0));
		p[PAGE] = 1;
		thread = thread_start(reader_thread, &reader);
		while (!reader.reading)
			raw(SYS_sched_yield);
		EXPECT_OK(raw_munmap(p + PAGE, PAGE));
		thread_join(thread);
		EXPECT_EQ(reader.fault.signal, SIGSEGV);
		EXPECT_EQ(reader.fault.code, SEGV_MAPERR);
		EXPECT_EQ(reader.fault.addr, p + PAGE + 5);
		EXPECT_UNMAPPED(p + PAGE + 7);
	}
}

TEST_SLOW("UNMAP-8,LIM-5,PROT-13,ORD-2", "at the limit of areas no area can be split in two", 60)
{
	long limit = read_number("/proc/sys/vm/max_map_count"), got;
	unsigned long base = 0x10000000000;
	char *p = free_range(5);
	long i;

	if (limit > 70000)
		SKIP("max_map_count is %ld", limit);
	EXPECT_EQ(limit, 65530);
	EXPECT_OK(raw_mmap(p, 3 * PAGE, RW, PRIVATE | MAP_FIXED, -1, 0));
	p[0] = p[PAGE] = p[2 * PAGE] = 'k';
	for (i = 0;; i++) {
		got = raw_mmap(base + i * 2 * PAGE, PAGE, PROT_NONE, PRIVATE | NOREPLACE, -1, 0);
		if (got < 0)
			break;
	}
	EXPECT_EQ(got, -ENOMEM);
	EXPECT_ERR(raw_mmap(0, 0, RW, PRIVATE, -1, 0), EINVAL);
	EXPECT_ERR(raw_mmap(TASK_SIZE, PAGE, RW, MAP_PRIVATE | MAP_FIXED, -1, 0), EBADF);
	EXPECT_ERR(raw_mmap(1, PAGE, RW, PRIVATE | MAP_FIXED, -1, 0), ENOMEM); /* 9 before 11 */
	EXPECT_EQ(area_count(),
		  limit + 1); /* mmap refuses above the limit, so it goes one beyond */
	EXPECT_ERR(raw_munmap(p + PAGE, PAGE), ENOMEM);
	EXPECT_ERR(raw_mprotect(p + PAGE, PAGE, PROT_READ), ENOMEM);
	EXPECT_ERR(raw_mprotect(p, PAGE, PROT_READ), ENOMEM);
	EXPECT_ERR(raw_madvise(p, PAGE, MADV_DONTFORK), EAGAIN);
	EXPECT_AREAS(p, 3, "3 rw-p");
	EXPECT_EQ(p[PAGE], 'k');
	EXPECT_OK(raw_munmap(p, PAGE));		   /* a head */
	EXPECT_OK(raw_munmap(p + 2 * PAGE, PAGE)); /* a tail */
	EXPECT_AREAS(p, 3, "1 hole, 1 rw-p, 1 hole");
	EXPECT_OK(raw_munmap(base, 100 * 2 * PAGE)); /* whole areas */
	EXPECT_EQ(area_count(), limit + 1 - 100);
	EXPECT_OK(raw_munmap(base, i * 2 * PAGE));
}

TEST("UNMAP-10,FILE-11", "private changes go with the mapping, shared ones stay in the file")
{
	int fd = temp_file(2 * PAGE);
	char *p = (char *)EXPECT_OK(raw_mmap(0, PAGE, RW, MAP_PRIVATE, fd, 0));
	char *q = (char *)EXPECT_OK(raw_mmap(0, PAGE, RW, MAP_SHARED, fd, PAGE));
	char byte;

	p[0] = '1';
	q[0] = '2';
	EXPECT_OK(raw_munmap(p, PAGE));
	EXPECT_OK(raw_munmap(q, PAGE));
	EXPECT_EQ(raw_pread(fd, &byte, 1, 0), 1);
	EXPECT_EQ((unsigned char)byte, file_byte(0));
	EXPECT_EQ(raw_pread(fd, &byte, 1, PAGE), 1);
	EXPECT_EQ(byte, '2');
	p = (char *)EXPECT_OK(raw_mmap(0, PAGE, RW, MAP_PRIVATE, fd, 0));
	EXPECT_EQ((unsigned char)p[0], file_byte(0));
}

/* The pages of shared memory in the machine, in KiB. */
static long shmem_kib(void)
{
	char text[4096], *at;

	EXPECT_OK(read_file("/proc/meminfo", text, sizeof(text)));
	at = strstr(text, "\nShmem:");
	if (!at)
		FAIL("/proc/meminfo has no Shmem");
	return strtol(at + 7, NULL, 10);
}

TEST("UNMAP-10", "the last unmap of a shared anonymous object frees it")
{
	enum { PAGES = 1024 };
	char *p = map_shared(PAGES, RW);
	long before = shmem_kib();

	memset(p, 1, PAGES * PAGE);
	EXPECT(shmem_kib() >= before + PAGES * 4 - 512);
	EXPECT_OK(raw_munmap(p, PAGES * PAGE / 2));
	EXPECT(shmem_kib() >= before + PAGES * 4 - 512); /* the object is one */
	EXPECT_OK(raw_munmap(p + PAGES * PAGE / 2, PAGES * PAGE / 2));
	EXPECT(shmem_kib() <= before + 512);
}

TEST("UNMAP-11,MLK-16", "the counters drop by exactly the pages removed")
{
	char *p = map_private(10, RW), *q;
	long size, locked, data;

	EXPECT_OK(raw_mlock(p + 4 * PAGE, 2 * PAGE));
	q = (char *)EXPECT_OK(raw_mmap(0, 3 * PAGE, PROT_READ, PRIVATE, -1, 0));
	size = status_value("VmSize");
	locked = status_value("VmLck");
	data = status_value("VmData");
	EXPECT_EQ(raw_munmap(p + 3 * PAGE, 2 * PAGE), 0);
	EXPECT_EQ(status_value("VmSize"), size - 8);
	EXPECT_EQ(status_value("VmLck"), locked - 4);
	EXPECT_EQ(status_value("VmData"), data - 8);
	EXPECT_OK(raw_munmap(q, 3 * PAGE)); /* read-only memory is no data */
	EXPECT_EQ(status_value("VmSize"), size - 20);
	EXPECT_EQ(status_value("VmData"), data - 8);
}

TEST("UNMAP-12,ACC-7", "empty page tables are freed, those of neighbours stay")
{
	char *base = (char *)0x200000000000;
	enum { TABLES = 64 };
	long before = status_value("VmPTE");

	for (int i = 0; i < TABLES; i++) {
		char *p = base + ((unsigned long)i << 21);

		EXPECT_EQ(raw_mmap(p, 2 * PAGE, RW, PRIVATE | MAP_FIXED, -1, 0), p);
		p[0] = p[PAGE] = i + 1;
	}
	EXPECT(status_value("VmPTE") >= before + TABLES * 4);
	EXPECT_OK(raw_munmap(base + PAGE, 1UL << 21)); /* leaves page 0 of table 0 */
	EXPECT_EQ(base[0], 1);
	EXPECT_EQ(base[(1UL << 21) + PAGE], 2);
	EXPECT_OK(raw_munmap(base, (unsigned long)TABLES << 21));
	EXPECT(status_value("VmPTE") <= before + 8);
	EXPECT_UNMAPPED(base);
}

struct faulter {
	char *area;
	volatile int stop;
	volatile long faults, reads;
};

static void touch(void *argument)
{
	struct faulter *faulter = argument;

	for (int i = 0; i < 8; i++) {
		faulter->area[i * PAGE] = 1;
		faulter->reads++;
	}
}

static void *faulter_thread(void *argument)
{
	struct faulter *faulter = argument;

	while (!faulter->stop) {
		struct fault fault = try_call(touch, faulter);

		if (!fault.signal)
			continue;
		EXPECT_EQ(fault.signal, SIGSEGV);
		EXPECT_EQ(fault.code, SEGV_MAPERR);
		faulter->faults++;
	}
	return NULL;
}

TEST("UNMAP-13,FLT-24", "a fault that races with munmap gets a page or a signal")
{
	struct faulter faulter = {.area = free_range(8)};
	struct thread thread = thread_start(faulter_thread, &faulter);

	for (int i = 0; i < 500 || faulter.faults < 20 || faulter.reads < 20; i++) {
		EXPECT_OK(raw_mmap(faulter.area, 8 * PAGE, RW, PRIVATE | MAP_FIXED, -1, 0));
		if (i % 4 == 0)
			raw(SYS_sched_yield);
		EXPECT_OK(raw_munmap(faulter.area, 8 * PAGE));
		if (i % 16 == 0)
			raw(SYS_sched_yield);
	}
	faulter.stop = 1;
	thread_join(thread);
}

static void unmap_code(void *unused)
{
	unsigned long page = (unsigned long)unmap_code & -PAGE;

	raw_munmap(page, 2 * PAGE);
}

TEST("UNMAP-14", "a program may unmap its own code, and then faults")
{
	pid_t pid = test_fork();

	if (pid == 0) {
		unmap_code(NULL);
		_exit(0);
	}
	EXPECT_KILLED(pid, SIGSEGV);
}

TEST("UNMAP-9", "without memory for a split everything stays mapped")
{
	int failed = 0;
	bool came = true;

	inject_ready();
	for (int n = 1; came; n++) {
		char *p = map_alone(5, RW);
		long result;

		memset(p, 'x', 5 * PAGE);
		inject_start(n);
		result = raw_munmap(p + PAGE, 2 * PAGE);
		came = inject_stop();
		if (result == 0) {
			EXPECT_AREAS(p, 5, "1 rw-p, 2 hole, 2 rw-p");
		} else {
			EXPECT_ERR(result, ENOMEM);
			EXPECT(areas_in(p, 5) <= 2);
			for (int i = 0; i < 5; i++)
				EXPECT_EQ(p[i * PAGE + 7], 'x');
			failed++;
		}
		EXPECT_OK(raw_munmap(p, 5 * PAGE));
	}
	EXPECT(failed >= 1);
}
