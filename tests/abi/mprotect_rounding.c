// SPDX-License-Identifier: MIT
/*
 * tests/abi/mprotect_rounding.c - what each of the eight protections really allows
 * (docs/contract/mmap.md, section 9).
 *
 * The table below is the contract's: prot as asked, and what reads, writes and fetches do, for
 * private and for shared memory, anonymous and of a file, for pages that are present and for pages
 * that are not.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/personality.h>
#include <unistd.h>

#include "lib/fault.h"
#include "lib/maps.h"
#include "lib/sys.h"
#include "lib/test.h"

#define RET 0xc3 /* the instruction `ret`, the contents of all code pages here */

static const struct {
	int prot;
	bool read, write, exec;
	const char *text;
} rows[8] = {
	{0, false, false, false, "---"},
	{PROT_READ, true, false, false, "r--"},
	{PROT_WRITE, true, true, false, "-w-"},
	{PROT_READ | PROT_WRITE, true, true, false, "rw-"},
	{PROT_EXEC, true, false, true, "--x"},
	{PROT_READ | PROT_EXEC, true, false, true, "r-x"},
	{PROT_WRITE | PROT_EXEC, true, true, true, "-wx"},
	{RWX, true, true, true, "rwx"},
};

enum kind { ANON_PRIVATE, ANON_SHARED, FILE_PRIVATE, FILE_SHARED, KINDS };

static const char *const kind_names[] = {"anonymous private", "anonymous shared", "file private",
					 "file shared"};

/* A file of pages full of `ret`. */
static int code_file(size_t pages)
{
	int fd = temp_file(0);
	char page[PAGE];

	memset(page, RET, PAGE);
	for (size_t i = 0; i < pages; i++)
		EXPECT_EQ(raw_pwrite(fd, page, PAGE, i * PAGE), PAGE);
	return fd;
}

/* Six pages of `ret` with this protection; the first three present, the rest as mmap leaves them.
 */
static char *code_pages(enum kind kind, int prot)
{
	int flags = kind == ANON_PRIVATE || kind == FILE_PRIVATE ? MAP_PRIVATE : MAP_SHARED;
	bool anonymous = kind == ANON_PRIVATE || kind == ANON_SHARED;
	int fd = anonymous ? -1 : code_file(6);
	char *p = (char *)EXPECT_OK(
		raw_mmap(0, 6 * PAGE, RW, flags | (anonymous ? MAP_ANONYMOUS : 0), fd, 0));

	memset(p, RET, 3 * PAGE);
	EXPECT_OK(raw_mprotect(p, 6 * PAGE, prot));
	if (!anonymous)
		raw_close(fd);
	return p;
}

/* One access against what the table says of it. */
static void check(int row, enum kind kind, const char *addr, enum access how, bool allowed)
{
	static const char *const verbs[] = {"read", "write", "exec"};
	struct fault fault = try_access(addr, how);
	int code = SEGV_ACCERR;

	if (row == 4 && has_pkeys() && how != EXEC) { /* execute-only by a protection key */
		allowed = false;
		code = how == READ ? SEGV_PKUERR : fault.code;
	}
	if (allowed && fault.signal == 0)
		return;
	if (!allowed && fault.signal == SIGSEGV && fault.code == code &&
	    fault.addr == (unsigned long)addr)
		return;
	FAIL("%s of %s with %s (page %ld) gives signal %d code %d address %#lx; allowed is %d",
	     verbs[how], kind_names[kind], rows[row].text, (long)addr / (long)PAGE % 8,
	     fault.signal, fault.code, fault.addr, allowed);
}

static void check_kind(enum kind kind)
{
	bool zeros = kind == ANON_PRIVATE || kind == ANON_SHARED; /* pages 3 to 5: nothing to run */

	for (int row = 0; row < 8; row++) {
		char *p = code_pages(kind, rows[row].prot);

		for (int start = 0; start < 6; start += 3) {
			check(row, kind, p + start * PAGE + 10, READ, rows[row].read);
			if (!(zeros && start && rows[row].exec))
				check(row, kind, p + (start + 2) * PAGE + 30, EXEC, rows[row].exec);
			check(row, kind, p + (start + 1) * PAGE + 20, WRITE, rows[row].write);
			/* Each access has left the others as they were. */
			check(row, kind, p + (start + 1) * PAGE + 21, READ, rows[row].read);
			check(row, kind, p + start * PAGE + 11, WRITE, rows[row].write);
			if (!(zeros && start && rows[row].exec))
				check(row, kind, p + start * PAGE + 12, EXEC, rows[row].exec);
		}
		EXPECT_OK(raw_munmap(p, 6 * PAGE));
	}
}

TEST("RND-1,RND-2,RND-9", "private anonymous memory, all eight protections")
{
	check_kind(ANON_PRIVATE);
}

TEST("RND-1,RND-2,RND-9", "shared anonymous memory, all eight protections")
{
	check_kind(ANON_SHARED);
}

TEST("RND-1,RND-2,RND-9", "a private file, all eight protections")
{
	check_kind(FILE_PRIVATE);
}

TEST("RND-1,RND-2,RND-9", "a shared file, all eight protections")
{
	check_kind(FILE_SHARED);
}

/* The same memory goes from each protection to each other one. */
TEST("RND-2,PROT-8", "from every protection to every other")
{
	for (int kind = 0; kind < KINDS; kind++) {
		char *p = code_pages(kind, RW);

		for (int from = 0; from < 8; from++)
			for (int to = 0; to < 8; to++) {
				EXPECT_OK(raw_mprotect(p, 3 * PAGE, rows[from].prot));
				check(from, kind, p + 5, READ, rows[from].read);
				EXPECT_OK(raw_mprotect(p, 3 * PAGE, rows[to].prot));
				check(to, kind, p + PAGE + 5, WRITE, rows[to].write);
				check(to, kind, p + 2 * PAGE + 5, EXEC, rows[to].exec);
				check(to, kind, p + 5, READ, rows[to].read);
			}
	}
}

TEST("RND-2", "a write to private memory of a file never reaches the file")
{
	int fd = code_file(1);
	unsigned char byte;

	for (int row = 0; row < 8; row++) {
		char *p = (char *)EXPECT_OK(raw_mmap(0, PAGE, rows[row].prot, MAP_PRIVATE, fd, 0));

		try_access(p, READ);
		try_access(p, WRITE);
		EXPECT_EQ(raw_pread(fd, &byte, 1, 0), 1);
		EXPECT_EQ(byte, RET);
	}
}

TEST("RND-2", "a write to shared memory of a file reaches the file, where it is allowed")
{
	for (int row = 0; row < 8; row++) {
		int fd = code_file(1);
		char *p = (char *)EXPECT_OK(raw_mmap(0, PAGE, rows[row].prot, MAP_SHARED, fd, 0));
		unsigned char byte;

		try_access(p, WRITE);
		EXPECT_EQ(raw_pread(fd, &byte, 1, 0), 1);
		EXPECT_EQ(byte, rows[row].write ? 0x5a : RET);
	}
}

TEST("RND-3,PROC-1", "maps shows the protection as asked")
{
	for (int row = 0; row < 8; row++) {
		char *private = map_private(1, rows[row].prot);
		char *shared = map_shared(1, rows[row].prot);
		struct area area;
		char want[8];

		EXPECT(area_at(private, &area));
		snprintf(want, sizeof(want), "%sp", rows[row].text);
		EXPECT_STR(area.perms, want);
		EXPECT(area_at(shared, &area));
		snprintf(want, sizeof(want), "%ss", rows[row].text);
		EXPECT_STR(area.perms, want);
	}
}

TEST("RND-4,FLT-13", "the kernel's copies follow the effective rights")
{
	int fd = temp_file(PAGE);

	for (int kind = 0; kind < KINDS; kind++)
		for (int row = 0; row < 8; row++) {
			char *p = code_pages(kind, rows[row].prot);
			bool read = rows[row].read && !(row == 4 && has_pkeys());

			/* Present pages and absent ones. */
			for (int page = 0; page < 6; page += 3) {
				char *at = p + page * PAGE + 100;

				EXPECT_EQ(raw_pwrite(fd, at, 10, 0), read ? 10 : -EFAULT);
				at += PAGE;
				EXPECT_EQ(raw_pread(fd, at, 10, 0), rows[row].write ? 10 : -EFAULT);
			}
			EXPECT_OK(raw_munmap(p, 6 * PAGE));
		}
}

TEST("RND-5", "with protection keys execute-only memory gives PKUERR and the key")
{
	struct fault fault;
	char *p;

	if (!has_pkeys())
		SKIP("the CPU has no protection keys");
	p = code_pages(ANON_PRIVATE, PROT_EXEC);
	fault = try_access(p, READ);
	EXPECT_EQ(fault.signal, SIGSEGV);
	EXPECT_EQ(fault.code, SEGV_PKUERR);
	EXPECT(fault.pkey > 0 && fault.pkey < 16);
	EXPECT_ACCESS(p, EXEC);
}

TEST("RND-6,PROT-16", "READ_IMPLIES_EXEC turns rows with read into rows with exec")
{
	char *p;

	EXPECT_OK(raw(SYS_personality, READ_IMPLIES_EXEC));
	p = map_private(1, PROT_READ);
	EXPECT_AREAS(p, 1, "1 r-xp");
	p = map_private(1, PROT_WRITE);
	EXPECT_AREAS(p, 1, "1 -w-p");
	EXPECT_OK(raw_mprotect(p, PAGE, RW));
	EXPECT_AREAS(p, 1, "1 rwxp");
	EXPECT_OK(raw_mprotect(p, PAGE, PROT_WRITE));
	EXPECT_AREAS(p, 1, "1 -w-p");
}

TEST("RND-7,MADV-21", "POPULATE looks at the asked protection, not at the effective one")
{
	EXPECT_ERR(raw_madvise(map_private(1, PROT_WRITE), PAGE, 22), EINVAL);
	EXPECT_ERR(raw_madvise(map_private(1, PROT_EXEC), PAGE, 22), EINVAL);
	EXPECT_ERR(raw_madvise(map_private(1, PROT_NONE), PAGE, 22), EINVAL);
	EXPECT_ERR(raw_madvise(map_private(1, PROT_READ), PAGE, 23), EINVAL);
	EXPECT_OK(raw_madvise(map_private(1, PROT_WRITE), PAGE, 23));
	EXPECT_OK(raw_madvise(map_private(1, PROT_READ), PAGE, 22));
}

TEST("RND-11", "a fetch from memory without exec makes the page present, then fails")
{
	char *p = map_private(1, RW);
	struct fault fault = try_access(p + 1, EXEC);

	EXPECT_EQ(fault.code, SEGV_ACCERR);
	EXPECT_EQ(fault.addr, p + 1);
	EXPECT_EQ(fault.error, 0x15);
	EXPECT_STR(resident(p, 1), "1");
}

TEST("RND-12", "bad pointers of every kind give EFAULT")
{
	char *none = map_private(1, PROT_NONE), *ro = map_private(1, PROT_READ);
	const unsigned long bad[] = {0,
				     1,
				     PAGE - 1,
				     (unsigned long)free_range(1),
				     (unsigned long)none,
				     TASK_SIZE,
				     TASK_SIZE - 1,
				     1UL << 47,
				     1UL << 63,
				     0xffff888000000000,
				     0xffffffff80000000,
				     -1UL,
				     -8UL,
				     -4096UL};
	int ends[2];

	EXPECT_OK(raw(SYS_pipe, ends));
	EXPECT_EQ(raw_write(ends[1], "0123456789", 10), 10);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		EXPECT_ERR(raw_write(ends[1], bad[i], 4), EFAULT);
		EXPECT_ERR(raw_read(ends[0], bad[i], 4), EFAULT);
		EXPECT_ERR(raw(SYS_uname, bad[i]), EFAULT);
		EXPECT_ERR(raw_open(bad[i], 0, 0), EFAULT);
	}
	EXPECT_ERR(raw_read(ends[0], ro, 4), EFAULT);
	EXPECT_ERR(raw(SYS_pipe, ro), EFAULT);
}

TEST("RND-10", "without PROT_EXEC memory is executed only where the CPU cannot forbid it")
{
	unsigned int a = 0x80000001, b, c = 0, d;

	__asm__("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
	for (int row = 1; row < 4; row++) {
		char *p = code_pages(ANON_PRIVATE, rows[row].prot);

		if (d >> 20 & 1)
			EXPECT_SEGV(p, EXEC, SEGV_ACCERR);
		else
			EXPECT_ACCESS(p, EXEC);
	}
}

TEST("RND-8", "a shared file mapping may be written whenever it says so, read before or not")
{
	int fd = temp_file(4 * PAGE);
	char *p = (char *)EXPECT_OK(raw_mmap(0, 4 * PAGE, RW, MAP_SHARED, fd, 0)), byte;

	for (int round = 0; round < 3; round++) {
		EXPECT_ACCESS(p, READ); /* the entry may be read-only now */
		EXPECT_AREAS(p, 4, "4 rw-s");
		p[0] = (char)('A' + round);
		p[PAGE] = (char)('a' + round);
		EXPECT_EQ(raw_pread(fd, &byte, 1, 0), 1);
		EXPECT_EQ(byte, 'A' + round);
		EXPECT_EQ(raw_pread(fd, &byte, 1, PAGE), 1);
		EXPECT_EQ(byte, 'a' + round);
		/* Clean again, where the file has somewhere to be written to. */
		EXPECT_EQ(raw_msync(p, 4 * PAGE, MS_SYNC), 0);
		EXPECT_EQ(raw(SYS_fsync, fd), 0);
	}
	EXPECT_OK(raw_mprotect(p, 4 * PAGE, PROT_READ));
	EXPECT_SEGV(p + 2 * PAGE, WRITE, SEGV_ACCERR);
	EXPECT_OK(raw_mprotect(p, 4 * PAGE, RW));
	EXPECT_ACCESS(p + 2 * PAGE, WRITE);
}
