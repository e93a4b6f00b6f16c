// SPDX-License-Identifier: MIT
/*
 * tests/abi/uffd_wp_shmem.c - write protection of shared memory (docs/contract/userfaultfd.md,
 * section 11 and UVMA-8).
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

/* Shared pages full of these letters, mapped and protected. */
static char *protected_letters(int fd, const char *text)
{
	char *s = map_shared(strlen(text), RW);

	for (int i = 0; text[i]; i++)
		memset(s + i * PAGE, text[i], PAGE);
	uffd_watch(fd, s, strlen(text), WP);
	uffd_protect(fd, s, strlen(text));
	return s;
}

static void expect_trap(int fd, char *at)
{
	struct job *job = touch(at, WRITE);

	EXPECT_FAULT(fd, (unsigned long)at & -PAGE, FAULT_WP);
	EXPECT_SLEEPS(job);
	uffd_unprotect(fd, (unsigned long)at & -PAGE, 1);
	EXPECT_TOUCHED(job);
	EXPECT_EQ(*at, 0x5a);
}

TEST("UFLT-3,WPR-3", "a write to a protected shared page sends a message, a read does not")
{
	int fd = uffd_open(0);
	char *s = protected_letters(fd, "ab");

	EXPECT(marked(s) && marked(s + PAGE));
	EXPECT_LETTERS(s, "ab");
	EXPECT_QUIET(fd);
	expect_trap(fd, s + 9);
	EXPECT(!marked(s) && marked(s + PAGE));
	s[10] = 'x';
	EXPECT_QUIET(fd);
}

TEST("WPR-3", "the protection is of the mapping, not of the object")
{
	int memfd = memfd_new(1), fd = uffd_open(0);
	char *s = map_fd(memfd, 1, RW, MAP_SHARED), *again = map_fd(memfd, 1, RW, MAP_SHARED);

	s[0] = 'a';
	uffd_watch(fd, s, 1, WP);
	uffd_protect(fd, s, 1);
	again[0] = 'b';
	EXPECT_EQ(raw_pwrite(memfd, "c", 1, 1), 1);
	EXPECT_EQ(s[0], 'b');
	EXPECT_EQ(s[1], 'c');
	EXPECT(marked(s) && !marked(again));
	EXPECT_QUIET(fd);
	expect_trap(fd, s);
	EXPECT_EQ(again[0], 0x5a);
}

TEST("WPR-5,UVMA-8", "pages that are not mapped are protected too, by a marker")
{
	int memfd = memfd_new(2), fd = uffd_open(0);
	char *s = map_fd(memfd, 2, RW, MAP_SHARED);

	EXPECT_EQ(raw_pwrite(memfd, "a", 1, 0), 1); /* one in the object, one nowhere */
	uffd_watch(fd, s, 2, WP);
	uffd_protect(fd, s, 2);
	for (int i = 0; i < 2; i++) {
		EXPECT(marked(s + i * PAGE));
		EXPECT(pagemap(s + i * PAGE) & PM_SWAP);
		EXPECT_EQ(pagemap(s + i * PAGE) & PM_PRESENT, 0);
	}
	EXPECT_EQ(s[0], 'a'); /* reads map the page */
	EXPECT_EQ(s[PAGE], 0);
	EXPECT_QUIET(fd);
	for (int i = 0; i < 2; i++) {
		EXPECT(marked(s + i * PAGE));
		EXPECT(pagemap(s + i * PAGE) & PM_PRESENT);
		expect_trap(fd, s + i * PAGE);
	}
	EXPECT_QUIET(fd);
}

TEST("WPR-5", "the first access may be the write")
{
	int fd = uffd_open(0);
	char *s = map_shared(2, RW);

	uffd_watch(fd, s, 2, WP);
	uffd_protect(fd, s, 2);
	expect_trap(fd, s);
	expect_trap(fd, s + PAGE + 77);
	EXPECT_QUIET(fd);
}

TEST("WPR-5,WPR-6", "unprotecting takes markers away")
{
	int fd = uffd_open(0);
	char *s = map_shared(600, RW);

	uffd_watch(fd, s, 600, WP);
	uffd_protect(fd, s, 600);
	EXPECT(marked(s + 599 * PAGE));
	uffd_unprotect(fd, s, 600);
	for (int i = 0; i < 600; i++)
		EXPECT_EQ(pagemap(s + i * PAGE) & (PM_UFFD_WP | PM_SWAP | PM_PRESENT), 0);
	EXPECT_ACCESS(s, WRITE);
	EXPECT_QUIET(fd);
}

TEST("WPR-5,CPY-8", "with MISSING a marked page is missing first")
{
	int fd = uffd_open(0);
	char *s = map_shared(1, RW);
	struct job *job;

	uffd_watch(fd, s, 1, MISSING | WP);
	uffd_protect(fd, s, 1);
	job = touch(s, WRITE);
	EXPECT_FAULT(fd, s, FAULT_WRITE);
	EXPECT_EQ(uffd_copy(fd, s, letters("a"), PAGE, COPY_WP), 0);
	EXPECT_FAULT(fd, s, FAULT_WP);
	EXPECT_LETTERS(s, "a");
	uffd_unprotect(fd, s, 1);
	EXPECT_TOUCHED(job);
	EXPECT_QUIET(fd);
}

TEST("WPR-7", "MADV_DONTNEED keeps the mark")
{
	int fd = uffd_open(0);
	char *s = protected_letters(fd, "a");

	EXPECT_OK(raw_madvise(s, PAGE, MADV_DONTNEED));
	EXPECT(marked(s));
	EXPECT_EQ(pagemap(s) & PM_PRESENT, 0);
	EXPECT_LETTERS(s, "a");
	EXPECT(marked(s));
	expect_trap(fd, s);
	EXPECT_QUIET(fd);
}

TEST("WPR-7", "a marker survives MADV_DONTNEED and mprotect")
{
	int fd = uffd_open(0);
	char *s = map_shared(1, RW);

	uffd_watch(fd, s, 1, WP);
	uffd_protect(fd, s, 1);
	EXPECT_OK(raw_madvise(s, PAGE, MADV_DONTNEED));
	EXPECT_OK(raw_mprotect(s, PAGE, PROT_READ));
	EXPECT_OK(raw_mprotect(s, PAGE, RW));
	EXPECT(marked(s));
	expect_trap(fd, s);
	EXPECT_QUIET(fd);
}

TEST("WPR-7", "a page that mprotect made read-only and writable again still traps")
{
	int fd = uffd_open(0);
	char *s = protected_letters(fd, "a");

	EXPECT_OK(raw_mprotect(s, PAGE, PROT_READ));
	EXPECT_SEGV(s, WRITE, SEGV_ACCERR);
	EXPECT_OK(raw_mprotect(s, PAGE, RW));
	EXPECT(marked(s));
	expect_trap(fd, s);
}

TEST("WPR-7", "munmap drops the mark")
{
	int memfd = memfd_new(1), fd = uffd_open(0);
	char *s = map_fd(memfd, 1, RW, MAP_SHARED);

	s[0] = 'a';
	uffd_watch(fd, s, 1, WP);
	uffd_protect(fd, s, 1);
	EXPECT_OK(raw_munmap(s, PAGE));
	EXPECT_EQ(raw_mmap(s, PAGE, RW, MAP_SHARED | MAP_FIXED, memfd, 0), s);
	EXPECT(!marked(s));
	uffd_watch(fd, s, 1, WP);
	EXPECT_ACCESS(s, WRITE);
	EXPECT_QUIET(fd);
}

TEST("WPR-7", "punching a hole into the object keeps the mark")
{
	int fd = uffd_open(0);
	char *s = protected_letters(fd, "ab");

	EXPECT_OK(raw_madvise(s, PAGE, MADV_REMOVE));
	EXPECT(marked(s));
	EXPECT_LETTERS(s, "0b");
	expect_trap(fd, s);
	EXPECT_QUIET(fd);
}

TEST("WPR-7,REL-10", "close drops marks and markers")
{
	int fd = uffd_open(0);
	char *s = protected_letters(fd, "a"), *empty = map_shared(1, RW);

	uffd_watch(fd, empty, 1, WP);
	uffd_protect(fd, empty, 1);
	EXPECT_OK(raw_close(fd));
	EXPECT_ACCESS(s, WRITE);
	EXPECT_ACCESS(empty, WRITE);
	EXPECT_EQ(s[1], 'a');
}

TEST("WPR-8,DUP-18", "without EVENT_FORK the child of shared memory has no marks")
{
	int fd = uffd_open(0);
	char *s = protected_letters(fd, "ab");
	pid_t pid = test_fork();

	if (pid == 0) {
		EXPECT_ACCESS(s, WRITE);
		EXPECT(!marked(s));
		_exit(0);
	}
	EXPECT_EXIT(pid, 0);
	EXPECT_EQ(s[0], 0x5a); /* the object is one */
	EXPECT(marked(s) && marked(s + PAGE));
	expect_trap(fd, s);
	EXPECT_QUIET(fd);
}

TEST("WPR-3,WPR-10", "a private mapping of a memfd is protected page by page")
{
	int memfd = memfd_new(3), fd = uffd_open(0);
	char *p = map_fd(memfd, 3, RW, MAP_PRIVATE), *s = map_fd(memfd, 3, RW, MAP_SHARED);

	EXPECT_EQ(raw_pwrite(memfd, "s", 1, 0), 1);
	EXPECT_EQ(p[0], 's');		/* the object's page */
	EXPECT_ACCESS(p + PAGE, WRITE); /* its own page */
	uffd_watch(fd, p, 3, WP);
	uffd_protect(fd, p, 3);
	EXPECT(marked(p) && marked(p + PAGE));
	expect_trap(fd, p + 1);
	EXPECT_EQ(p[0], 's');
	EXPECT_EQ(s[1], 0);
	expect_trap(fd, p + PAGE);
	expect_trap(fd, p + 2 * PAGE);
	EXPECT_EQ(s[2 * PAGE], 0);
	EXPECT_QUIET(fd);
}

TEST("CON-1,CPY-8,WPR-5", "CONTINUE and a plain COPY into a marked place drop the mark")
{
	int memfd = memfd_new(2), fd = uffd_open(0);
	char *s = map_fd(memfd, 2, RW, MAP_SHARED);
	struct job *job;

	EXPECT_EQ(raw_pwrite(memfd, "a", 1, 0), 1);
	uffd_watch(fd, s, 2, MISSING | MINOR | WP);
	uffd_protect(fd, s, 2);
	job = touch(s, WRITE);
	EXPECT_FAULT(fd, s, FAULT_MINOR | FAULT_WRITE);
	EXPECT_EQ(uffd_continue(fd, s, PAGE, 0), 0);
	EXPECT_TOUCHED(job);
	EXPECT_EQ(s[0], 0x5a);
	uffd_fill(fd, s + PAGE, "b");
	EXPECT_ACCESS(s + PAGE, WRITE);
	EXPECT(!marked(s) && !marked(s + PAGE));
	EXPECT_QUIET(fd);
}
