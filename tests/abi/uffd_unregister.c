// SPDX-License-Identifier: MIT
/*
 * tests/abi/uffd_unregister.c - UFFDIO_UNREGISTER (docs/contract/userfaultfd.md, section 6).
 */
#include <string.h>

#include "lib/maps.h"
#include "lib/task.h"
#include "lib/test.h"
#include "lib/uffd.h"

static bool is_watched(const void *p)
{
	const char *flags = smaps_flags(p);

	return strstr(flags, "um") || strstr(flags, "uw") || strstr(flags, "ui");
}

TEST("UNR-1", "a range without any area is EINVAL")
{
	char *p = free_range(4);
	int fd = uffd_open(0);
	long top;

	EXPECT_ERR(uffd_unregister(fd, p, 4 * PAGE), EINVAL);
	top = uffd_unregister(fd, TASK_SIZE - PAGE, PAGE);
	EXPECT(top == -EINVAL || top == -ENOMEM);
}

TEST("UNR-1", "one with memory that cannot be watched is EINVAL, and nothing changes")
{
	char *p = map_alone(3, RW);
	int fd = uffd_open(0);

	map_segment(p + PAGE);
	uffd_watch(fd, p, 1, MISSING);
	EXPECT_ERR(uffd_unregister(fd, p, 3 * PAGE), EINVAL);
	EXPECT(is_watched(p));
}

TEST("UNR-1,UNR-2", "holes and areas that are not watched do not matter")
{
	char *p = map_alone(6, RW);
	int fd = uffd_open(0);

	EXPECT_EQ(uffd_unregister(fd, p, 6 * PAGE), 0);
	uffd_watch(fd, p + PAGE, 1, MISSING);
	uffd_watch(fd, p + 4 * PAGE, 1, MISSING);
	EXPECT_OK(raw_munmap(p + 2 * PAGE, PAGE));
	EXPECT_EQ(uffd_unregister(fd, p, 6 * PAGE), 0);
	EXPECT(!is_watched(p + PAGE) && !is_watched(p + 4 * PAGE));
	EXPECT_EQ(uffd_unregister(fd, p, 6 * PAGE), 0);
}

TEST("UNR-3", "areas are split at the ends and merge with their neighbours again")
{
	char *p = map_alone(6, RW);
	int fd = uffd_open(0);

	uffd_watch(fd, p, 6, MISSING);
	EXPECT_AREAS(p, 6, "6 rw-p");
	EXPECT_EQ(uffd_unregister(fd, p + 2 * PAGE, PAGE), 0);
	EXPECT_AREAS(p, 6, "2 rw-p, 1 rw-p, 3 rw-p");
	EXPECT(is_watched(p) && !is_watched(p + 2 * PAGE) && is_watched(p + 3 * PAGE));
	EXPECT_EQ(uffd_unregister(fd, p, PAGE), 0);
	EXPECT_AREAS(p, 6, "1 rw-p, 1 rw-p, 1 rw-p, 3 rw-p");
	EXPECT_EQ(uffd_unregister(fd, p, 6 * PAGE), 0);
	EXPECT_AREAS(p, 6, "6 rw-p");
	EXPECT_LETTERS(p, "000000");
	EXPECT_QUIET(fd);
}

TEST("UNR-4", "who waits for a missing page goes on with zeros")
{
	char *p = map_private(4, RW), *s = map_shared(1, RW);
	int fd = uffd_open(0);
	struct job *job[4];

	uffd_watch(fd, p, 4, MISSING);
	uffd_watch(fd, s, 1, MISSING);
	job[0] = touch(p, READ);
	EXPECT_FAULT(fd, p, 0);
	job[1] = touch(p + PAGE, WRITE); /* not read by anyone */
	job[2] = touch(p + 2 * PAGE, READ);
	job[3] = touch(s, READ);
	uffd_await(fd, 4);
	for (int i = 0; i < 4; i++)
		EXPECT_SLEEPS(job[i]);
	EXPECT_EQ(uffd_unregister(fd, p, 2 * PAGE), 0);
	EXPECT_TOUCHED(job[0]);
	EXPECT_TOUCHED(job[1]);
	EXPECT_LETTERS(p, "0");
	EXPECT_EQ(p[PAGE], 0x5a);
	EXPECT_SLEEPS(job[2]); /* outside */
	EXPECT_EQ(uffd_unregister(fd, p + 2 * PAGE, PAGE), 0);
	EXPECT_TOUCHED(job[2]);
	EXPECT_EQ(uffd_unregister(fd, s, PAGE), 0);
	EXPECT_TOUCHED(job[3]);
	EXPECT_QUIET(fd);
}

TEST("UNR-5", "who waits for write access goes on at the latest when it is woken")
{
	char *p = letters("a"), *s;
	int memfd = memfd_new(1), fd = uffd_open(0);
	struct job *job[2];

	EXPECT_EQ(raw_pwrite(memfd, "s", 1, 0), 1);
	s = map_fd(memfd, 1, RW, MAP_SHARED);
	uffd_watch(fd, p, 1, WP);
	uffd_protect(fd, p, 1);
	uffd_watch(fd, s, 1, MINOR);
	job[0] = touch(p, WRITE);
	EXPECT_FAULT(fd, p, FAULT_WP);
	job[1] = touch(s, READ);
	EXPECT_FAULT(fd, s, FAULT_MINOR);
	EXPECT_EQ(uffd_unregister(fd, p, PAGE), 0);
	EXPECT_EQ(uffd_unregister(fd, s, PAGE), 0);
	EXPECT_EQ(uffd_wake(fd, p, PAGE), 0);
	EXPECT_EQ(uffd_wake(fd, s, PAGE), 0);
	EXPECT_TOUCHED(job[0]);
	EXPECT_TOUCHED(job[1]);
	EXPECT_EQ(p[0], 0x5a);
	EXPECT_EQ(s[0], 's');
	EXPECT_QUIET(fd);
}

TEST("UNR-6,WPR-7", "write protection goes with the registration")
{
	char *p = letters("abc"), *s = map_shared(3, RW);
	int fd = uffd_open(0);

	memset(s, 's', PAGE);
	uffd_watch(fd, p, 3, WP);
	uffd_watch(fd, s, 3, WP);
	uffd_protect(fd, p, 3);
	uffd_protect(fd, s, 3); /* pages that are not there too */
	EXPECT(pagemap(p) & PM_UFFD_WP);
	EXPECT(pagemap(s) & PM_UFFD_WP);
	EXPECT_EQ(uffd_unregister(fd, p, 2 * PAGE), 0);
	EXPECT_EQ(uffd_unregister(fd, s, 2 * PAGE), 0);
	for (int i = 0; i < 2; i++) {
		EXPECT_EQ(pagemap(p + i * PAGE) & PM_UFFD_WP, 0);
		EXPECT_EQ(pagemap(s + i * PAGE) & PM_UFFD_WP, 0);
		EXPECT_ACCESS(p + i * PAGE, WRITE);
		EXPECT_ACCESS(s + i * PAGE, WRITE);
	}
	EXPECT(pagemap(p + 2 * PAGE) & PM_UFFD_WP);
	EXPECT_QUIET(fd);
}

TEST("UNR-6", "protection does not come back with a new registration")
{
	char *p = letters("a"), *s = map_shared(2, RW);
	int fd = uffd_open(0);

	s[0] = 's';
	uffd_watch(fd, p, 1, WP);
	uffd_watch(fd, s, 2, WP);
	uffd_protect(fd, p, 1);
	uffd_protect(fd, s, 2);
	EXPECT_EQ(uffd_unregister(fd, p, PAGE), 0);
	EXPECT_EQ(uffd_unregister(fd, s, 2 * PAGE), 0);
	uffd_watch(fd, p, 1, WP);
	uffd_watch(fd, s, 2, WP);
	EXPECT_ACCESS(p, WRITE);
	EXPECT_ACCESS(s, WRITE);
	EXPECT_ACCESS(s + PAGE, WRITE);
	EXPECT_QUIET(fd);
}

TEST("UNR-7", "another descriptor of the same memory may unregister or is refused")
{
	char *p = map_private(1, RW);
	int fd = uffd_open(0), other = uffd_open(0);
	long result;

	uffd_watch(fd, p, 1, MISSING);
	result = uffd_unregister(other, p, PAGE);
	EXPECT(result == 0 || result == -EINVAL);
	EXPECT_EQ(is_watched(p), result != 0);
	EXPECT_EQ(uffd_unregister(fd, p, PAGE), 0);
	EXPECT(!is_watched(p));
}
