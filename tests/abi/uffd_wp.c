// SPDX-License-Identifier: MIT
/*
 * tests/abi/uffd_wp.c - write protection of anonymous memory, UFFDIO_WRITEPROTECT
 * (docs/contract/userfaultfd.md, UFLT-3 and section 11). Shared memory has uffd_wp_shmem.c.
 */
#include <string.h>
#include <unistd.h>

#include "lib/maps.h"
#include "lib/task.h"
#include "lib/test.h"
#include "lib/uffd.h"

static bool marked(const void *p)
{
	return pagemap(p) & PM_UFFD_WP;
}

TEST("UFLT-3,WPR-3", "a write to a protected page sends a message, a read does not")
{
	char *p = letters("ab");
	int fd = uffd_open(0);
	struct job *job;

	uffd_watch(fd, p, 2, WP);
	uffd_protect(fd, p, 2);
	EXPECT(marked(p) && marked(p + PAGE));
	EXPECT_LETTERS(p, "ab");
	EXPECT_QUIET(fd);
	job = touch(p + 9, WRITE);
	EXPECT_FAULT(fd, p, FAULT_WP);
	EXPECT_SLEEPS(job);
	EXPECT_LETTERS(p, "a"); /* not written yet */
	uffd_unprotect(fd, p, 1);
	EXPECT_TOUCHED(job);
	EXPECT_EQ(p[9], 0x5a);
	EXPECT(!marked(p) && marked(p + PAGE));
	p[10] = 'x';
	EXPECT_QUIET(fd);
}

TEST("WPR-1", "errors of the argument come in order")
{
	char *p = letters("a");
	int fd = uffd_open(0);

	uffd_watch(fd, p, 1, WP);
	for (int bit = 2; bit < 64; bit++)
		EXPECT_ERR(uffd_writeprotect(fd, p, PAGE, 1UL << bit | PROTECT), EINVAL);
	EXPECT_ERR(uffd_writeprotect(fd, p, PAGE, PROTECT | WP_DONTWAKE), EINVAL);
	EXPECT_ERR(uffd_writeprotect(fd, p + 1, PAGE, PROTECT), EINVAL);
	EXPECT_ERR(uffd_writeprotect(fd, free_range(1), PAGE, PROTECT | WP_DONTWAKE), EINVAL);
	EXPECT(!marked(p));
	EXPECT_EQ(uffd_writeprotect(fd, p, PAGE, WP_DONTWAKE), 0);
}

TEST("WPR-2", "the range must lie in one area that is registered for it")
{
	char *p = letters("abcde");
	int fd = uffd_open(0);

	uffd_watch(fd, p + PAGE, 2, WP);
	uffd_watch(fd, p + 3 * PAGE, 1, MISSING);
	EXPECT_ERR(uffd_writeprotect(fd, p, PAGE, PROTECT), ENOENT);
	EXPECT_ERR(uffd_writeprotect(fd, p, 2 * PAGE, PROTECT), ENOENT);
	EXPECT_ERR(uffd_writeprotect(fd, p + 3 * PAGE, PAGE, PROTECT), ENOENT);
	EXPECT_ERR(uffd_writeprotect(fd, p + 2 * PAGE, 2 * PAGE, PROTECT), ENOENT);
	EXPECT_ERR(uffd_writeprotect(fd, free_range(1), PAGE, PROTECT), ENOENT);
	EXPECT_ERR(uffd_writeprotect(fd, p, PAGE, UNPROTECT), ENOENT);
	for (int i = 0; i < 5; i++)
		EXPECT(!marked(p + i * PAGE));
	uffd_protect(fd, p + PAGE, 2);
	EXPECT(marked(p + PAGE) && marked(p + 2 * PAGE));
}

TEST("WPR-3", "writes of the kernel are caught as well")
{
	char *p = letters("a");
	struct gate gate = gate_new();
	int fd = uffd_open(0);
	struct job *job;

	uffd_watch(fd, p, 1, WP);
	uffd_protect(fd, p, 1);
	gate_open(&gate);
	job = begin(SYS_read, gate.out, p, 1);
	EXPECT_FAULT(fd, p, FAULT_WP);
	EXPECT_SLEEPS(job);
	uffd_unprotect(fd, p, 1);
	EXPECT_EQ(call_end(job), 1);
	EXPECT_EQ(p[0], 'o');
	EXPECT_EQ(raw_write(gate.in, p, 1), 1); /* reads are not */
	EXPECT_QUIET(fd);
}

TEST("WPR-4", "pages that are not there are not protected")
{
	char *p = map_private(3, RW);
	int fd = uffd_open(0);

	uffd_watch(fd, p, 3, WP);
	uffd_protect(fd, p, 3);
	EXPECT(!marked(p));
	EXPECT_ACCESS(p, WRITE);
	EXPECT_EQ(p[PAGE], 0);
	EXPECT_ACCESS(p + PAGE, WRITE);
	EXPECT_QUIET(fd);
	EXPECT_STR(resident(p, 3), "110");
}

TEST("WPR-4", "the page of zeros is one that is there")
{
	char *p = map_private(2, RW);
	int fd = uffd_open(0);
	struct job *job;

	EXPECT_LETTERS(p, "00");
	uffd_watch(fd, p, 2, WP);
	uffd_protect(fd, p, 2);
	EXPECT(marked(p));
	job = touch(p, WRITE);
	EXPECT_FAULT(fd, p, FAULT_WP);
	uffd_unprotect(fd, p, 1);
	EXPECT_TOUCHED(job);
	EXPECT_EQ(p[0], 0x5a);
	EXPECT_LETTERS(p + PAGE, "0");
	EXPECT_QUIET(fd);
}

TEST("WPR-6,WAK-2", "unprotecting wakes unless DONTWAKE")
{
	char *p = letters("ab");
	int fd = uffd_open(0);
	struct job *job[2];

	uffd_watch(fd, p, 2, WP);
	uffd_protect(fd, p, 2);
	for (int i = 0; i < 2; i++) {
		job[i] = touch(p + i * PAGE, WRITE);
		EXPECT_FAULT(fd, p + i * PAGE, FAULT_WP);
		EXPECT_SLEEPS(job[i]);
	}
	EXPECT_EQ(uffd_writeprotect(fd, p, PAGE, WP_DONTWAKE), 0);
	EXPECT_SLEEPS(job[0]);
	EXPECT(!marked(p));
	EXPECT_EQ(uffd_wake(fd, p, PAGE), 0);
	EXPECT_TOUCHED(job[0]);
	EXPECT_SLEEPS(job[1]);
	uffd_unprotect(fd, p, 2);
	EXPECT_TOUCHED(job[1]);
	EXPECT_QUIET(fd);
}

TEST("WPR-3,UFLT-8", "protecting does not wake; who is woken while protected asks again")
{
	char *p = letters("a");
	int fd = uffd_open(0);
	struct job *job;

	uffd_watch(fd, p, 1, WP);
	uffd_protect(fd, p, 1);
	job = touch(p, WRITE);
	EXPECT_FAULT(fd, p, FAULT_WP);
	EXPECT_SLEEPS(job);
	uffd_protect(fd, p, 1);
	EXPECT_SLEEPS(job);
	EXPECT_QUIET(fd);
	EXPECT_EQ(uffd_wake(fd, p, PAGE), 0);
	EXPECT_FAULT(fd, p, FAULT_WP);
	uffd_unprotect(fd, p, 1);
	EXPECT_TOUCHED(job);
}

TEST("WPR-6,WPR-11", "a page shared by fork is asked for first and copied then")
{
	char *p = letters("a");
	int fd = uffd_open(0);
	struct gate go = gate_new();
	struct job *job;
	pid_t pid;

	uffd_watch(fd, p, 1, WP);
	uffd_protect(fd, p, 1);
	pid = test_fork();
	if (pid == 0) {
		gate_pass(&go);
		EXPECT_LETTERS(p, "a");
		_exit(0);
	}
	job = touch(p, WRITE);
	EXPECT_FAULT(fd, p, FAULT_WP);
	uffd_unprotect(fd, p, 1);
	EXPECT_TOUCHED(job);
	EXPECT_EQ(p[0], 0x5a);
	gate_open(&go);
	EXPECT_EXIT(pid, 0);
	EXPECT_QUIET(fd);
}

TEST("WPR-7,UVMA-4", "the mark survives mprotect")
{
	char *p = letters("abc");
	int fd = uffd_open(0);
	struct job *job;

	uffd_watch(fd, p, 3, WP);
	uffd_protect(fd, p, 3);
	EXPECT_OK(raw_mprotect(p, PAGE, PROT_READ));
	EXPECT(marked(p));
	EXPECT_SEGV(p, WRITE, SEGV_ACCERR);
	EXPECT_OK(raw_mprotect(p, PAGE, RW));
	EXPECT_OK(raw_mprotect(p + PAGE, PAGE, PROT_NONE));
	EXPECT_OK(raw_mprotect(p + PAGE, PAGE, RW));
	for (int i = 0; i < 2; i++) {
		EXPECT(marked(p + i * PAGE));
		job = touch(p + i * PAGE, WRITE);
		EXPECT_FAULT(fd, p + i * PAGE, FAULT_WP);
		uffd_unprotect(fd, p + i * PAGE, 1);
		EXPECT_TOUCHED(job);
	}
	EXPECT_QUIET(fd);
}

TEST("WPR-7", "MADV_DONTNEED and munmap drop it with the page")
{
	char *p = letters("ab");
	int fd = uffd_open(0);

	uffd_watch(fd, p, 2, WP);
	uffd_protect(fd, p, 2);
	EXPECT_OK(raw_madvise(p, PAGE, MADV_DONTNEED));
	EXPECT(!marked(p));
	EXPECT_ACCESS(p, WRITE);
	EXPECT_OK(raw_munmap(p + PAGE, PAGE));
	EXPECT_OK(raw_mmap(p + PAGE, PAGE, RW, PRIVATE | MAP_FIXED, -1, 0));
	EXPECT_ACCESS(p + PAGE, WRITE);
	EXPECT_QUIET(fd);
}

TEST("WPR-7,REL-10", "close drops it")
{
	char *p = letters("ab");
	int fd = uffd_open(0);
	struct job *job;

	uffd_watch(fd, p, 2, WP);
	uffd_protect(fd, p, 2);
	job = touch(p, WRITE);
	EXPECT_FAULT(fd, p, FAULT_WP);
	EXPECT_OK(raw_close(fd));
	EXPECT_TOUCHED(job);
	EXPECT_ACCESS(p + PAGE, WRITE);
	EXPECT_EQ(p[0], 0x5a);
}

TEST("WPR-7,RMA-1", "it moves with the page where the registration moves too")
{
	char *p = letters("ab"), *to = map_private(2, PROT_NONE);
	int fd = uffd_open(EVENT_REMAP);
	struct job *job;

	uffd_watch(fd, p, 2, WP);
	uffd_protect(fd, p, 2);
	job = begin(SYS_mremap, p, 2 * PAGE, 2 * PAGE, 3, to);
	EXPECT_REMAP(fd, p, to, 2 * PAGE);
	EXPECT_EQ(call_end(job), to);
	EXPECT(marked(to));
	job = touch(to, WRITE);
	EXPECT_FAULT(fd, to, FAULT_WP);
	uffd_unprotect(fd, to, 1);
	EXPECT_TOUCHED(job);
	EXPECT_LETTERS(to + PAGE, "b");
}

TEST("WPR-8,DUP-18,COW-14",
     "fork leaves the parent's marks, and drops the child's without EVENT_FORK")
{
	char *p = letters("ab");
	int fd = uffd_open(0);
	struct job *job;
	pid_t pid;

	uffd_watch(fd, p, 2, WP);
	uffd_protect(fd, p, 2);
	pid = test_fork();
	if (pid == 0) {
		EXPECT(!marked(p));
		memset(p, 'c', 2 * PAGE);
		_exit(0);
	}
	EXPECT_EXIT(pid, 0);
	EXPECT_QUIET(fd);
	for (int i = 0; i < 2; i++) {
		EXPECT(marked(p + i * PAGE));
		job = touch(p + i * PAGE, WRITE);
		EXPECT_FAULT(fd, p + i * PAGE, FAULT_WP);
		uffd_unprotect(fd, p + i * PAGE, 1);
		EXPECT_TOUCHED(job);
	}
	EXPECT_EQ(p[1], 'a');
}

TEST("WPR-9", "twice is as good as once")
{
	char *p = letters("a");
	int fd = uffd_open(0);

	uffd_watch(fd, p, 1, WP);
	uffd_unprotect(fd, p, 1);
	uffd_protect(fd, p, 1);
	uffd_protect(fd, p, 1);
	EXPECT(marked(p));
	uffd_unprotect(fd, p, 1);
	uffd_unprotect(fd, p, 1);
	EXPECT(!marked(p));
	EXPECT_ACCESS(p, WRITE);
	EXPECT_QUIET(fd);
}

TEST("WPR-10", "with MISSING a plain copy lets the write go on")
{
	char *p = map_private(1, RW);
	int fd = uffd_open(0);
	struct job *job;

	uffd_watch(fd, p, 1, MISSING | WP);
	job = touch(p, WRITE);
	EXPECT_FAULT(fd, p, FAULT_WRITE);
	uffd_fill(fd, p, "a");
	EXPECT_TOUCHED(job);
	EXPECT_QUIET(fd);
}

TEST("WPR-10,ZER-2", "zeros may be protected in turn")
{
	char *p = map_private(1, RW);
	int fd = uffd_open(0);
	struct job *job;

	uffd_watch(fd, p, 1, MISSING | WP);
	EXPECT_EQ(uffd_zeropage(fd, p, PAGE, 0), 0);
	uffd_protect(fd, p, 1);
	job = touch(p, WRITE);
	EXPECT_FAULT(fd, p, FAULT_WP);
	uffd_unprotect(fd, p, 1);
	EXPECT_TOUCHED(job);
	EXPECT_QUIET(fd);
}

TEST("WPR-3,WPR-6", "thousands of pages are protected by one call, with holes between")
{
	enum { PAGES = 1200 };
	char *p = map_private(PAGES, RW);
	int fd = uffd_open(0);
	struct job *job;

	for (int i = 0; i < PAGES; i += 3)
		p[i * PAGE] = 1;
	uffd_watch(fd, p, PAGES, WP);
	uffd_protect(fd, p, PAGES);
	for (int i = 0; i < PAGES; i++)
		EXPECT_EQ(marked(p + i * PAGE), i % 3 == 0);
	job = touch(p + 999 * PAGE, WRITE);
	EXPECT_FAULT(fd, p + 999 * PAGE, FAULT_WP);
	uffd_unprotect(fd, p, PAGES);
	EXPECT_TOUCHED(job);
	for (int i = 0; i < PAGES; i++) {
		EXPECT(!marked(p + i * PAGE));
		p[i * PAGE] = 2;
	}
	EXPECT_QUIET(fd);
}
