// SPDX-License-Identifier: MIT
/*
 * tests/abi/uffd_proc.c - what /proc tells of userfaultfd (docs/contract/userfaultfd.md, NEW-9,
 * NEW-10, UVMA-8). smaps is with the registrations in uffd_register.c.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/maps.h"
#include "lib/task.h"
#include "lib/test.h"
#include "lib/uffd.h"

static void expect_link(int fd)
{
	char path[64], text[64] = {0};

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	EXPECT_OK(raw(SYS_readlink, path, text, sizeof(text) - 1));
	EXPECT_STR(text, "anon_inode:[userfaultfd]");
}

TEST("NEW-9", "the link of a descriptor tells what it is")
{
	expect_link(uffd_open(0));
	expect_link(EXPECT_OK(raw_userfaultfd(0)));
	expect_link(EXPECT_OK(
		raw_ioctl(EXPECT_OK(raw_open("/dev/userfaultfd", O_RDONLY, 0)), 0xaa00, 0)));
}

/* fdinfo from "pending:" on. */
static const char *info_of(int fd)
{
	static char text[512];
	char path[64], *at;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	EXPECT(read_file(path, text, sizeof(text)) > 0);
	EXPECT(strncmp(text, "pos:\t0\nflags:\t", 14) == 0);
	at = strstr(text, "pending:");
	if (!at)
		FAIL("fdinfo is \"%s\"", text);
	return at;
}

TEST("NEW-10", "fdinfo has these lines, in this form")
{
	long fd = EXPECT_OK(raw_userfaultfd(O_NONBLOCK));

	EXPECT_STR(info_of(fd), "pending:\t0\ntotal:\t0\nAPI:\taa:0:80000000000000df\n");
	EXPECT_EQ(uffd_api(fd, 0, NULL), 0);
	EXPECT_STR(info_of(fd), "pending:\t0\ntotal:\t0\nAPI:\taa:80000000:80000000000000df\n");
	fd = uffd_open(EVENT_REMOVE | UFFD_FEATURE_THREAD_ID);
	EXPECT_STR(info_of(fd), "pending:\t0\ntotal:\t0\nAPI:\taa:80000108:80000000000000df\n");
}

TEST("NEW-10", "it counts faults that no one has read, and all that wait")
{
	char *p = map_private(3, RW);
	int fd = uffd_open(EVENT_REMOVE);
	struct job *job[3], *drop;
	long pending, total;

	uffd_watch(fd, p, 3, MISSING);
	for (int i = 0; i < 3; i++)
		job[i] = touch(p + i * PAGE, READ);
	uffd_await(fd, 3);
	uffd_counts(fd, &pending, &total);
	EXPECT_EQ(pending, 3);
	uffd_next(fd);
	uffd_counts(fd, &pending, &total);
	EXPECT_EQ(pending, 2);
	EXPECT_EQ(total, 3);
	uffd_next(fd);
	uffd_next(fd);
	drop = begin(SYS_madvise, p, PAGE, MADV_DONTNEED);
	uffd_await_message(fd);
	uffd_counts(fd, &pending, &total); /* an event is no fault */
	EXPECT_EQ(pending, 0);
	EXPECT_EQ(total, 3);
	EXPECT_REMOVE(fd, p, 1);
	EXPECT_EQ(call_end(drop), 0);
	EXPECT_EQ(uffd_zeropage(fd, p, 3 * PAGE, 0), 0);
	for (int i = 0; i < 3; i++)
		EXPECT_TOUCHED(job[i]);
	uffd_counts(fd, &pending, &total);
	EXPECT_EQ(total, 0);
}

TEST("UVMA-8", "pagemap marks protected pages with bit 57, markers also with bit 62")
{
	char *p = letters("a"), *s = map_shared(2, RW);
	int fd = uffd_open(0);

	s[0] = 's';
	uffd_watch(fd, p, 1, WP);
	uffd_watch(fd, s, 2, WP);
	EXPECT_EQ(pagemap(p) & PM_UFFD_WP, 0);
	uffd_protect(fd, p, 1);
	uffd_protect(fd, s, 2);
	EXPECT_EQ(pagemap(p) & (PM_UFFD_WP | PM_PRESENT | PM_SWAP), PM_UFFD_WP | PM_PRESENT);
	EXPECT_EQ(pagemap(s) & (PM_UFFD_WP | PM_PRESENT | PM_SWAP), PM_UFFD_WP | PM_PRESENT);
	EXPECT_EQ(pagemap(s + PAGE) & (PM_UFFD_WP | PM_PRESENT | PM_SWAP), PM_UFFD_WP | PM_SWAP);
	EXPECT_STR(resident(s, 2), "10");
	EXPECT_EQ(smaps_value(s, "Rss"), 4); /* a marker is nothing that counts */
	EXPECT_EQ(smaps_value(s, "Swap"), 0);
	EXPECT_EQ(status_value("VmSwap"), 0);
	uffd_unprotect(fd, p, 1);
	EXPECT_EQ(pagemap(p) & PM_UFFD_WP, 0);
}

TEST("UVMA-8", "mincore looks behind a marker")
{
	int memfd = memfd_new(2), fd = uffd_open(0);
	char *s = map_fd(memfd, 2, RW, MAP_SHARED);

	EXPECT_EQ(raw_pwrite(memfd, "a", 1, PAGE), 1);
	uffd_watch(fd, s, 2, WP);
	uffd_protect(fd, s, 2);
	EXPECT_STR(resident(s, 2), "01");
}
