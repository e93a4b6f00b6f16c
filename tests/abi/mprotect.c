// SPDX-License-Identifier: MIT
/*
 * tests/abi/mprotect.c - changing the protection of a range (docs/contract/mmap.md, section 8).
 */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "lib/fault.h"
#include "lib/maps.h"
#include "lib/sys.h"
#include "lib/test.h"

#define GROWSDOWN 0x01000000
#define GROWSUP	  0x02000000

TEST("PROT-1", "an unaligned address is EINVAL even for length 0")
{
	char *p = map_private(2, RW);

	EXPECT_ERR(raw_mprotect(p + 1, PAGE, PROT_READ), EINVAL);
	EXPECT_ERR(raw_mprotect(p + 1, 0, PROT_READ), EINVAL);
	EXPECT_ERR(raw_mprotect(1, 0, 0xff), EINVAL);
	EXPECT_AREAS(p, 2, "2 rw-p");
}

TEST("PROT-2", "length 0 is success, whatever prot is and whether mapped or not")
{
	char *p = map_private(1, RW);

	EXPECT_EQ(raw_mprotect(p, 0, PROT_READ), 0);
	EXPECT_EQ(raw_mprotect(p, 0, 0xf0), 0);
	EXPECT_EQ(raw_mprotect(free_range(1), 0, PROT_READ), 0);
	EXPECT_AREAS(p, 1, "1 rw-p");
}

TEST("PROT-3", "a length that wraps is ENOMEM, before prot is looked at")
{
	char *p = map_private(1, RW);

	EXPECT_ERR(raw_mprotect(p, -1L, PROT_READ), ENOMEM);
	EXPECT_ERR(raw_mprotect(p, -(long)p, PROT_READ), ENOMEM);
	EXPECT_ERR(raw_mprotect(p, -PAGE, PROT_READ), ENOMEM);
	EXPECT_ERR(raw_mprotect(p, -1L, 0xf0), ENOMEM);
	EXPECT_AREAS(p, 1, "1 rw-p");
}

TEST("PROT-4", "an address that is not mapped is ENOMEM")
{
	char *p = free_range(2);

	EXPECT_ERR(raw_mprotect(p, PAGE, PROT_READ), ENOMEM);
	EXPECT_ERR(raw_mprotect(0, PAGE, PROT_READ), ENOMEM);
	EXPECT_ERR(raw_mprotect(0xffff888000000000, PAGE, PROT_READ), ENOMEM);
	EXPECT_OK(raw_mmap(p + PAGE, PAGE, RW, PRIVATE | MAP_FIXED, -1, 0));
	EXPECT_ERR(raw_mprotect(p, 2 * PAGE, PROT_READ), ENOMEM);
	EXPECT_AREAS(p, 2, "1 hole, 1 rw-p");
}

TEST("PROT-5", "unknown prot bits are EINVAL, SEM is ignored")
{
	char *p = map_private(1, RW);

	for (int bit = 4; bit < 31; bit++)
		if (1 << bit != GROWSDOWN && 1 << bit != GROWSUP)
			EXPECT_ERR(raw_mprotect(p, PAGE, PROT_READ | 1 << bit), EINVAL);
	EXPECT_AREAS(p, 1, "1 rw-p");
	EXPECT_EQ(raw_mprotect(p, PAGE, PROT_READ | 8), 0);
	EXPECT_AREAS(p, 1, "1 r--p");
	EXPECT_ERR(raw_mprotect(free_range(1), PAGE, 0x10), EINVAL); /* before the walk */
}

TEST("PROT-6", "everything below a hole is changed, then ENOMEM")
{
	char *p = map_private(6, RW);

	EXPECT_OK(raw_mprotect(p + PAGE, PAGE, RWX)); /* two areas below the hole */
	EXPECT_OK(raw_munmap(p + 3 * PAGE, PAGE));
	EXPECT_ERR(raw_mprotect(p, 6 * PAGE, PROT_READ), ENOMEM);
	EXPECT_AREAS(p, 6, "3 r--p, 1 hole, 2 rw-p");
	EXPECT_SEGV(p + 2 * PAGE, WRITE, SEGV_ACCERR);
	EXPECT_ACCESS(p + 4 * PAGE, WRITE);
	/* A hole at the end of the range. */
	EXPECT_ERR(raw_mprotect(p, 4 * PAGE, PROT_NONE), ENOMEM);
	EXPECT_AREAS(p, 6, "3 ---p, 1 hole, 2 rw-p");
}

TEST("PROT-7", "an area that may not have the right is EACCES, those before it are changed")
{
	int fd = temp_file(PAGE), ro = file_reopen(fd, O_RDONLY);
	char *p = map_private(4, PROT_READ);

	EXPECT_OK(raw_mmap(p + 2 * PAGE, PAGE, PROT_READ, MAP_SHARED | MAP_FIXED, ro, 0));
	EXPECT_ERR(raw_mprotect(p, 4 * PAGE, RW), EACCES);
	EXPECT_AREAS(p, 4, "2 rw-p, 1 r--s, 1 r--p");
	EXPECT_EQ(raw_mprotect(p, 4 * PAGE, PROT_READ), 0);
	EXPECT_EQ(raw_mprotect(p, 4 * PAGE, PROT_READ | PROT_EXEC), 0);
}

TEST("PROT-8", "rights that are taken away are gone from pages that are present")
{
	int fd = temp_file(4 * PAGE);
	char *maps[] = {map_private(4, RW), map_shared(4, RW),
			(char *)EXPECT_OK(raw_mmap(0, 4 * PAGE, RW, MAP_PRIVATE, fd, 0)),
			(char *)EXPECT_OK(raw_mmap(0, 4 * PAGE, RW, MAP_SHARED, fd, 0))};

	for (int i = 0; i < 4; i++) {
		char *p = maps[i];

		p[0] = p[PAGE] = 'q';
		(void)*(volatile char *)(p + 2 * PAGE); /* page 3 stays untouched */
		EXPECT_EQ(raw_mprotect(p, 4 * PAGE, PROT_READ), 0);
		for (int page = 0; page < 4; page++) {
			EXPECT_SEGV(p + page * PAGE + 11, WRITE, SEGV_ACCERR);
			EXPECT_ACCESS(p + page * PAGE, READ);
		}
		EXPECT_EQ(raw_mprotect(p, 4 * PAGE, PROT_NONE), 0);
		for (int page = 0; page < 4; page++)
			EXPECT_SEGV(p + page * PAGE + 12, READ, SEGV_ACCERR);
		EXPECT_EQ(raw_mprotect(p, 4 * PAGE, RW), 0);
		EXPECT_EQ(p[0], 'q');
		for (int page = 0; page < 4; page++)
			EXPECT_ACCESS(p + page * PAGE + 13, WRITE);
	}
}

struct writer {
	volatile char *addr;
	volatile long writes;
	struct fault fault;
};

static void write_for_ever(void *argument)
{
	struct writer *writer = argument;

	for (;;) {
		*writer->addr = 1;
		writer->writes++;
	}
}

static void *writer_thread(void *argument)
{
	struct writer *writer = argument;

	if (cpu_count() > 1)
		pin_to_cpu(1);
	writer->fault = try_call(write_for_ever, writer);
	return NULL;
}

TEST("PROT-8,TLB-1", "on return no thread can use a right that was taken away")
{
	char *p = map_private(1, RW);

	for (int round = 0; round < 20; round++) {
		struct writer writer = {.addr = p + 3};
		struct thread thread = thread_start(writer_thread, &writer);

		while (writer.writes < 100)
			raw(SYS_sched_yield);
		EXPECT_EQ(raw_mprotect(p, PAGE, PROT_READ), 0);
		/* Whatever the other thread wrote is there already; nothing comes after this. */
		long writes = writer.writes;

		thread_join(thread);
		EXPECT(writer.writes - writes <= 1); /* counted after the store */
		EXPECT_EQ(writer.fault.signal, SIGSEGV);
		EXPECT_EQ(writer.fault.code, SEGV_ACCERR);
		EXPECT_EQ(writer.fault.addr, p + 3);
		EXPECT_EQ(raw_mprotect(p, PAGE, RW), 0);
	}
}

TEST("PROT-9", "a page of the cache that becomes writable is still copied by the write")
{
	int fd = temp_file(PAGE);
	char *p = (char *)EXPECT_OK(raw_mmap(0, PAGE, PROT_READ, MAP_PRIVATE, fd, 0));
	char *q = (char *)EXPECT_OK(raw_mmap(0, PAGE, PROT_READ, MAP_SHARED, fd, 0));

	EXPECT_EQ(p[0], q[0]);
	EXPECT_EQ(raw_mprotect(p, PAGE, RW), 0);
	p[0] = '!';
	EXPECT_EQ(p[0], '!');
	EXPECT_EQ((unsigned char)q[0], file_byte(0));
}

TEST("PROT-9", "a page shared with a child that becomes writable is still copied")
{
	char *p = map_private(2, RW);
	pid_t pid;

	p[0] = 'a';
	p[PAGE] = 'b';
	EXPECT_EQ(raw_mprotect(p, PAGE, PROT_READ), 0);
	pid = test_fork();
	if (pid == 0) {
		EXPECT_EQ(raw_mprotect(p, 2 * PAGE, PROT_READ), 0);
		EXPECT_EQ(raw_mprotect(p, 2 * PAGE, RW), 0);
		p[0] = 'c';
		p[PAGE] = 'd';
		_exit(0);
	}
	EXPECT_EXIT(pid, 0);
	EXPECT_EQ(p[0], 'a');
	EXPECT_EQ(p[PAGE], 'b');
}

TEST("PROT-9", "the zero page never becomes writable")
{
	char *p = map_private(2, PROT_READ), *q = map_private(1, PROT_READ);

	EXPECT_EQ(p[0] + p[PAGE] + q[0], 0);
	EXPECT_EQ(raw_mprotect(p, 2 * PAGE, RW), 0);
	p[0] = 'z';
	EXPECT_EQ(p[PAGE], 0);
	EXPECT_EQ(q[0], 0);
	EXPECT_EQ(map_private(1, PROT_READ)[0], 0);
}

TEST("PROT-10", "memory without access keeps its contents")
{
	char *p = map_private(2, RW);

	memset(p, 'k', 2 * PAGE);
	EXPECT_EQ(raw_mprotect(p, 2 * PAGE, PROT_NONE), 0);
	EXPECT_SEGV(p, READ, SEGV_ACCERR);
	EXPECT_STR(resident(p, 2), "11");
	EXPECT_EQ(raw_mprotect(p, PAGE, PROT_READ), 0);
	EXPECT_EQ(p[0], 'k');
	EXPECT_EQ(p[PAGE - 1], 'k');
	EXPECT_SEGV(p + PAGE, READ, SEGV_ACCERR);
}

TEST("PROT-10", "fork copies memory without access as well")
{
	char *p = map_private(1, RW);
	pid_t pid;

	p[0] = 'n';
	EXPECT_EQ(raw_mprotect(p, PAGE, PROT_NONE), 0);
	pid = test_fork();
	if (pid == 0) {
		EXPECT_SEGV(p, READ, SEGV_ACCERR);
		EXPECT_EQ(raw_mprotect(p, PAGE, RW), 0);
		EXPECT_EQ(p[0], 'n');
		p[0] = 'm';
		_exit(0);
	}
	EXPECT_EXIT(pid, 0);
	EXPECT_EQ(raw_mprotect(p, PAGE, PROT_READ), 0);
	EXPECT_EQ(p[0], 'n');
}

TEST("PROT-12,LIM-2", "becoming writable obeys RLIMIT_DATA")
{
	char *p = map_private(64, PROT_READ);

	set_limit(RLIMIT_DATA, status_value("VmData") * 1024 + 4 * PAGE);
	EXPECT_ERR(raw_mprotect(p, 64 * PAGE, RW), ENOMEM);
	EXPECT_AREAS(p, 64, "64 r--p");
	EXPECT_OK(raw_mprotect(p, 2 * PAGE, RW));
}

TEST("PROT-14", "locked private memory that becomes writable is copied at once")
{
	int fd = temp_file(2 * PAGE);
	char *p = (char *)EXPECT_OK(raw_mmap(0, 2 * PAGE, PROT_READ, MAP_PRIVATE, fd, 0));

	EXPECT_OK(raw_mlock(p, 2 * PAGE));
	EXPECT_EQ(raw_mprotect(p, 2 * PAGE, RW), 0);
	EXPECT_EQ(raw_pwrite(fd, "!", 1, PAGE), 1);
	EXPECT_EQ((unsigned char)p[PAGE], file_byte(PAGE));
}

TEST("PROT-15", "GROWSDOWN extends the change to the start of a growing area")
{
	char *p = free_range(300), *stack = p + 290 * PAGE;

	EXPECT_OK(raw_mmap(stack, 4 * PAGE, RW, PRIVATE | MAP_FIXED | MAP_GROWSDOWN, -1, 0));
	EXPECT_ERR(raw_mprotect(stack, PAGE, PROT_READ | GROWSDOWN | GROWSUP), EINVAL);
	EXPECT_ERR(raw_mprotect(stack, PAGE, PROT_READ | GROWSUP), EINVAL);
	EXPECT_EQ(raw_mprotect(stack + 2 * PAGE, PAGE, PROT_READ | GROWSDOWN), 0);
	EXPECT_AREAS(stack, 4, "3 r--p, 1 rw-p");
	p = map_private(1, RW);
	EXPECT_ERR(raw_mprotect(p, PAGE, PROT_READ | GROWSDOWN), EINVAL);
}

TEST("PROT-17,ACC-2", "the counters of data, stack and code follow the permissions")
{
	char *p = map_private(8, PROT_READ);
	long size = status_value("VmSize"), data = status_value("VmData"),
	     exe = status_value("VmExe") + status_value("VmLib");

	EXPECT_EQ(raw_mprotect(p, 4 * PAGE, RW), 0);
	EXPECT_EQ(status_value("VmData"), data + 16);
	EXPECT_EQ(raw_mprotect(p, 2 * PAGE, PROT_READ), 0);
	EXPECT_EQ(status_value("VmData"), data + 8);
	EXPECT_EQ(raw_mprotect(p, 2 * PAGE, PROT_READ | PROT_EXEC), 0);
	EXPECT_EQ(status_value("VmExe") + status_value("VmLib"), exe + 8);
	EXPECT_EQ(raw_mprotect(p, 2 * PAGE, RWX), 0); /* counts as data */
	EXPECT_EQ(status_value("VmData"), data + 16);
	EXPECT_EQ(status_value("VmExe") + status_value("VmLib"), exe);
	EXPECT_EQ(status_value("VmSize"), size);
}

TEST("PROT-19", "a lock survives mprotect")
{
	char *p = map_private(4, RW);
	long before = status_value("VmLck");

	EXPECT_OK(raw_mlock(p, 4 * PAGE));
	EXPECT_EQ(raw_mprotect(p + PAGE, 2 * PAGE, PROT_READ), 0);
	EXPECT_EQ(status_value("VmLck"), before + 16);
	EXPECT_EQ(raw_mprotect(p, 4 * PAGE, RW), 0);
	EXPECT_OK(raw_munlock(p + PAGE, PAGE));
	EXPECT_EQ(status_value("VmLck"), before + 12);
}

TEST("PROT-19", "what fork shall do with an area survives mprotect")
{
	char *gone = map_private(1, RW), *wiped = map_shared(1, RW);
	pid_t pid;

	wiped = map_private(2, RW) + PAGE;
	gone[0] = wiped[0] = 'x';
	EXPECT_OK(raw_madvise(gone, PAGE, MADV_DONTFORK));
	EXPECT_OK(raw_madvise(wiped, PAGE, MADV_WIPEONFORK));
	EXPECT_EQ(raw_mprotect(gone, PAGE, PROT_READ), 0);
	EXPECT_EQ(raw_mprotect(wiped, PAGE, PROT_READ), 0);
	EXPECT_EQ(raw_mprotect(gone, PAGE, RW), 0);
	pid = test_fork();
	if (pid == 0) {
		EXPECT_UNMAPPED(gone);
		EXPECT_EQ(wiped[0], 0);
		_exit(0);
	}
	EXPECT_EXIT(pid, 0);
	EXPECT_EQ(gone[0], 'x');
	EXPECT_EQ(wiped[0], 'x');
}

TEST("GEN-6", "mprotect sets no access bit whose MAY bit is clear, and any other")
{
	int fd = temp_file(PAGE), ro = file_reopen(fd, O_RDONLY);
	char *shared = (char *)EXPECT_OK(raw_mmap(0, PAGE, PROT_NONE, MAP_SHARED, ro, 0));
	char *private = (char *)EXPECT_OK(raw_mmap(0, PAGE, PROT_NONE, MAP_PRIVATE, ro, 0));

	for (int prot = 0; prot < 8; prot++) {
		EXPECT_EQ(raw_mprotect(shared, PAGE, prot), prot & PROT_WRITE ? -EACCES : 0);
		EXPECT_EQ(raw_mprotect(private, PAGE, prot), 0);
	}
}
