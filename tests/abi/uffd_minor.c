// SPDX-License-Identifier: MIT
/*
 * tests/abi/uffd_minor.c - faults on pages that the object has, and UFFDIO_CONTINUE
 * (docs/contract/userfaultfd.md, UFLT-4, CON-1 to CON-4).
 */
#include <string.h>
#include <unistd.h>

#include "lib/maps.h"
#include "lib/task.h"
#include "lib/test.h"
#include "lib/uffd.h"

/* A memfd with a page for each letter, full of it; '.' leaves a hole. */
static int memfd_letters(const char *text)
{
	int fd = memfd_new(strlen(text));
	char page[PAGE];

	for (size_t i = 0; text[i]; i++) {
		memset(page, text[i], PAGE);
		if (text[i] != '.')
			EXPECT_EQ(raw_pwrite(fd, page, PAGE, i * PAGE), PAGE);
	}
	return fd;
}

TEST("UFLT-4", "a page of the object that is not mapped here sends a message")
{
	char *s = map_fd(memfd_letters("ab"), 2, RW, MAP_SHARED);
	int fd = uffd_open(0);
	struct job *job;

	uffd_watch(fd, s, 2, MINOR);
	job = touch(s + 5, READ);
	EXPECT_FAULT(fd, s, FAULT_MINOR);
	EXPECT_EQ(uffd_continue(fd, s, PAGE, 0), 0);
	EXPECT_EQ(uffd_done, PAGE);
	EXPECT_TOUCHED(job);
	EXPECT_LETTERS(s, "a");
	job = touch(s + PAGE, WRITE);
	EXPECT_FAULT(fd, s + PAGE, FAULT_MINOR | FAULT_WRITE);
	EXPECT_EQ(uffd_continue(fd, s + PAGE, PAGE, 0), 0);
	EXPECT_TOUCHED(job);
	EXPECT_EQ(s[PAGE], 0x5a);
	EXPECT_EQ(s[PAGE + 1], 'b');
	s[0] = 'c';
	EXPECT_QUIET(fd);
}

TEST("UFLT-4", "the page may be changed elsewhere before it is mapped")
{
	int memfd = memfd_letters("a"), fd = uffd_open(0);
	char *s = map_fd(memfd, 1, RW, MAP_SHARED), *alias = map_fd(memfd, 1, RW, MAP_SHARED);
	struct job *job;

	uffd_watch(fd, s, 1, MINOR);
	job = touch(s, READ);
	EXPECT_FAULT(fd, s, FAULT_MINOR);
	memset(alias, 'z', PAGE);
	EXPECT_EQ(uffd_continue(fd, s, PAGE, 0), 0);
	EXPECT_TOUCHED(job);
	EXPECT_LETTERS(s, "z");
}

TEST("UFLT-4", "with MINOR alone a page that the object lacks is made as usual")
{
	char *s = map_fd(memfd_letters("."), 1, RW, MAP_SHARED);
	int fd = uffd_open(0);

	uffd_watch(fd, s, 1, MINOR);
	EXPECT_ACCESS(s, WRITE);
	EXPECT_QUIET(fd);
}

TEST("UFLT-4", "with MISSING too each page sends the message that fits")
{
	char *s = map_fd(memfd_letters("a."), 2, RW, MAP_SHARED);
	int fd = uffd_open(0);
	struct job *job;

	uffd_watch(fd, s, 2, MISSING | MINOR);
	job = touch(s + PAGE, READ);
	EXPECT_FAULT(fd, s + PAGE, 0);
	uffd_fill(fd, s + PAGE, "b");
	EXPECT_TOUCHED(job);
	job = touch(s, READ);
	EXPECT_FAULT(fd, s, FAULT_MINOR);
	EXPECT_EQ(uffd_continue(fd, s, PAGE, 0), 0);
	EXPECT_TOUCHED(job);
	EXPECT_LETTERS(s, "ab");
	EXPECT_QUIET(fd);
}

TEST("UFLT-4,CON-3", "a private mapping is told too, and copies when it writes")
{
	int memfd = memfd_letters("ab"), fd = uffd_open(0);
	char *p = map_fd(memfd, 2, RW, MAP_PRIVATE), *s = map_fd(memfd, 2, RW, MAP_SHARED);
	struct job *job;

	uffd_watch(fd, p, 2, MINOR);
	job = touch(p, READ);
	EXPECT_FAULT(fd, p, FAULT_MINOR);
	EXPECT_EQ(uffd_continue(fd, p, PAGE, 0), 0);
	EXPECT_TOUCHED(job);
	EXPECT_LETTERS(p, "a");
	s[0] = 'A'; /* it is the object's page still */
	EXPECT_EQ(p[0], 'A');
	p[1] = 'x';
	EXPECT_EQ(s[1], 'a');
	job = touch(p + PAGE, WRITE);
	EXPECT_FAULT(fd, p + PAGE, FAULT_MINOR | FAULT_WRITE);
	EXPECT_EQ(uffd_continue(fd, p + PAGE, PAGE, 0), 0);
	EXPECT_TOUCHED(job);
	EXPECT_EQ(p[PAGE], 0x5a);
	EXPECT_LETTERS(s + PAGE, "b");
	EXPECT_QUIET(fd);
}

TEST("UFLT-4", "a page dropped here is told again")
{
	char *s = map_fd(memfd_letters("a"), 1, RW, MAP_SHARED);
	int fd = uffd_open(0);
	struct job *job;

	EXPECT_EQ(s[0], 'a');
	uffd_watch(fd, s, 1, MINOR);
	EXPECT_EQ(s[0], 'a');
	EXPECT_OK(raw_madvise(s, PAGE, MADV_DONTNEED));
	job = touch(s, READ);
	EXPECT_FAULT(fd, s, FAULT_MINOR);
	EXPECT_EQ(uffd_continue(fd, s, PAGE, 0), 0);
	EXPECT_TOUCHED(job);
	EXPECT_QUIET(fd);
}

TEST("UVMA-7", "pages around a fault are not mapped with it")
{
	char *s = map_fd(memfd_letters("abcd"), 4, RW, MAP_SHARED);
	int fd = uffd_open(0);
	struct job *job;

	uffd_watch(fd, s, 4, MINOR);
	for (int i = 0; i < 4; i++) {
		job = touch(s + i * PAGE, READ);
		EXPECT_FAULT(fd, s + i * PAGE, FAULT_MINOR);
		EXPECT_EQ(uffd_continue(fd, s + i * PAGE, PAGE, 0), 0);
		EXPECT_TOUCHED(job);
	}
}

TEST("CON-1", "unknown modes and memory that is not shared are EINVAL")
{
	char *s = map_fd(memfd_letters("a"), 1, RW, MAP_SHARED), *p = map_private(1, RW);
	int fd = uffd_open(0);

	uffd_watch(fd, s, 1, MINOR);
	for (int bit = 1; bit < 64; bit++)
		EXPECT_ERR(uffd_continue(fd, s, PAGE, 1UL << bit), EINVAL);
	EXPECT_EQ(uffd_done, UNTOUCHED);
	uffd_watch(fd, p, 1, MISSING);
	EXPECT_ERR(uffd_continue(fd, p, PAGE, 0), EINVAL);
	EXPECT_EQ(uffd_done, -EINVAL);
	EXPECT_ERR(uffd_continue(fd, free_range(1), PAGE, 0), ENOENT);
	EXPECT_EQ(uffd_done, -ENOENT);
}

TEST("CON-1,CON-2", "it maps what is there, up to what is not")
{
	char *s = map_fd(memfd_letters("abc.e"), 5, RW, MAP_SHARED);
	int fd = uffd_open(0);

	uffd_watch(fd, s, 5, MINOR);
	EXPECT_EQ(uffd_continue(fd, s, PAGE, 0), 0);
	EXPECT_ERR(uffd_continue(fd, s, PAGE, 0), EEXIST);
	EXPECT_EQ(uffd_done, -EEXIST);
	EXPECT_ERR(uffd_continue(fd, s, 2 * PAGE, 0), EEXIST);
	EXPECT_ERR(uffd_continue(fd, s + PAGE, 4 * PAGE, 0), EAGAIN);
	EXPECT_EQ(uffd_done, 2 * PAGE);
	EXPECT_ERR(uffd_continue(fd, s + 3 * PAGE, 2 * PAGE, 0), EFAULT);
	EXPECT_EQ(uffd_done, -EFAULT);
	EXPECT_EQ(uffd_continue(fd, s + 4 * PAGE, PAGE, 0), 0);
	EXPECT_LETTERS(s, "abc");
	EXPECT_LETTERS(s + 4 * PAGE, "e");
	EXPECT_QUIET(fd);
}

TEST("CON-2,WAK-2", "waiters are woken unless DONTWAKE")
{
	char *s = map_fd(memfd_letters("ab"), 2, RW, MAP_SHARED);
	int fd = uffd_open(0);
	struct job *job[2];

	uffd_watch(fd, s, 2, MINOR);
	for (int i = 0; i < 2; i++) {
		job[i] = touch(s + i * PAGE, READ);
		EXPECT_FAULT(fd, s + i * PAGE, FAULT_MINOR);
		EXPECT_SLEEPS(job[i]);
	}
	EXPECT_EQ(uffd_continue(fd, s, 2 * PAGE, CONT_DONTWAKE), 0);
	EXPECT_EQ(uffd_done, 2 * PAGE);
	EXPECT_SLEEPS(job[0]);
	EXPECT_SLEEPS(job[1]);
	EXPECT_EQ(uffd_wake(fd, s, 2 * PAGE), 0);
	EXPECT_TOUCHED(job[0]);
	EXPECT_TOUCHED(job[1]);
	EXPECT_QUIET(fd);
}

TEST("CON-2", "beyond the end of the object there is nothing to map")
{
	int memfd = memfd_letters("ab"), fd = uffd_open(0);
	char *s = map_fd(memfd, 2, RW, MAP_SHARED);

	uffd_watch(fd, s, 2, MINOR);
	EXPECT_OK(raw_ftruncate(memfd, PAGE));
	EXPECT_ERR(uffd_continue(fd, s + PAGE, PAGE, 0), EINVAL);
	EXPECT_EQ(uffd_done, -EINVAL);
	EXPECT_ERR(uffd_continue(fd, s, 2 * PAGE, 0), EAGAIN);
	EXPECT_EQ(uffd_done, PAGE);
}

TEST("CON-3", "a shared mapping can be written at once, a private one copies")
{
	int memfd = memfd_letters("ab"), fd = uffd_open(0);
	char *s = map_fd(memfd, 2, RW, MAP_SHARED), *p = map_fd(memfd, 2, RW, MAP_PRIVATE);
	char *r = map_fd(memfd, 2, PROT_READ, MAP_SHARED);

	uffd_watch(fd, s, 2, MINOR);
	uffd_watch(fd, p, 2, MINOR);
	uffd_watch(fd, r, 2, MINOR);
	EXPECT_EQ(uffd_continue(fd, s, 2 * PAGE, 0), 0);
	EXPECT_EQ(uffd_continue(fd, p, 2 * PAGE, 0), 0);
	EXPECT_EQ(uffd_continue(fd, r, 2 * PAGE, 0), 0);
	s[0] = 'x';
	EXPECT_EQ(p[0], 'x');
	EXPECT_EQ(r[0], 'x');
	p[0] = 'y';
	EXPECT_EQ(s[0], 'x');
	EXPECT_SEGV(r, WRITE, SEGV_ACCERR);
	EXPECT_QUIET(fd);
}

TEST("CON-4", "any registration will do")
{
	char *s = map_fd(memfd_letters("ab"), 2, RW, MAP_SHARED);
	int fd = uffd_open(0);

	uffd_watch(fd, s, 2, MISSING);
	EXPECT_EQ(uffd_continue(fd, s, PAGE, 0), 0);
	uffd_watch(fd, s, 2, WP);
	EXPECT_EQ(uffd_continue(fd, s + PAGE, PAGE, 0), 0);
	EXPECT_LETTERS(s, "ab");
}
