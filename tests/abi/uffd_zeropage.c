// SPDX-License-Identifier: MIT
/*
 * tests/abi/uffd_zeropage.c - UFFDIO_ZEROPAGE and UFFDIO_WAKE (docs/contract/userfaultfd.md,
 * section 10).
 */
#include <string.h>
#include <unistd.h>

#include "lib/maps.h"
#include "lib/task.h"
#include "lib/test.h"
#include "lib/uffd.h"

TEST("ZER-1", "pages become zeros, and the field tells how many bytes")
{
	char *p = map_private(5, RW);
	int fd = uffd_open(0);

	uffd_watch(fd, p, 5, MISSING);
	EXPECT_EQ(uffd_zeropage(fd, p, PAGE, 0), 0);
	EXPECT_EQ(uffd_done, PAGE);
	EXPECT_EQ(uffd_zeropage(fd, p + PAGE, 4 * PAGE, 0), 0);
	EXPECT_EQ(uffd_done, 4 * PAGE);
	EXPECT_LETTERS(p, "00000");
	EXPECT_QUIET(fd);
}

TEST("ZER-1", "errors of the argument leave the field alone")
{
	char *p = map_private(1, RW);
	int fd = uffd_open(0);

	uffd_watch(fd, p, 1, MISSING);
	for (int bit = 1; bit < 64; bit++)
		EXPECT_ERR(uffd_zeropage(fd, p, PAGE, 1UL << bit), EINVAL);
	EXPECT_ERR(uffd_zeropage(fd, p + 1, PAGE, 0), EINVAL);
	EXPECT_EQ(uffd_done, UNTOUCHED);
	EXPECT_STR(resident(p, 1), "0");
}

TEST("ZER-1,WAK-2", "waiters are woken unless DONTWAKE")
{
	char *p = map_private(2, RW);
	int fd = uffd_open(0);
	struct job *first, *second;

	uffd_watch(fd, p, 2, MISSING);
	first = touch(p, READ);
	EXPECT_FAULT(fd, p, 0);
	second = touch(p + PAGE, READ);
	EXPECT_FAULT(fd, p + PAGE, 0);
	EXPECT_SLEEPS(second);
	EXPECT_EQ(uffd_zeropage(fd, p, PAGE, 0), 0);
	EXPECT_TOUCHED(first);
	EXPECT_EQ(uffd_zeropage(fd, p + PAGE, PAGE, ZERO_DONTWAKE), 0);
	EXPECT_SLEEPS(second);
	EXPECT_EQ(uffd_wake(fd, p + PAGE, PAGE), 0);
	EXPECT_TOUCHED(second);
	EXPECT_QUIET(fd);
}

TEST("ZER-2", "anonymous memory gets the page of zeros, which counts for nothing")
{
	char *p = map_private(3, RW);
	int fd = uffd_open(0);
	long before = rss_pages("RssAnon");

	uffd_watch(fd, p, 3, MISSING);
	EXPECT_EQ(uffd_zeropage(fd, p, 2 * PAGE, 0), 0);
	EXPECT_EQ(rss_pages("RssAnon"), before);
	EXPECT_STR(resident(p, 3), "110");
	EXPECT_EQ(PM_PFN(pagemap(p)), PM_PFN(pagemap(p + PAGE)));
	EXPECT_ACCESS(p, WRITE); /* a copy of its own, and no message */
	EXPECT_EQ(rss_pages("RssAnon"), before + 1);
	EXPECT(PM_PFN(pagemap(p)) != PM_PFN(pagemap(p + PAGE)));
	EXPECT_EQ(p[PAGE], 0);
	EXPECT_QUIET(fd);
}

TEST("ZER-2", "in a private mapping of a memfd too, without a look at the object")
{
	int memfd = memfd_new(2), fd = uffd_open(0);
	char *p = map_fd(memfd, 2, RW, MAP_PRIVATE);

	EXPECT_EQ(raw_pwrite(memfd, "sss", 3, 0), 3);
	uffd_watch(fd, p, 2, MISSING);
	EXPECT_EQ(uffd_zeropage(fd, p, 2 * PAGE, 0), 0);
	EXPECT_LETTERS(p, "00");
	EXPECT_ACCESS(p, WRITE);
	EXPECT_EQ(p[1], 0);
	EXPECT_EQ(map_fd(memfd, 2, RW, MAP_SHARED)[0], 's');
	EXPECT_QUIET(fd);
}

TEST("ZER-2", "an area that is not for writing takes zeros as well")
{
	char *p = map_private(2, RW);
	int fd = uffd_open(0);

	EXPECT_OK(raw_mprotect(p, PAGE, PROT_READ));
	EXPECT_OK(raw_mprotect(p + PAGE, PAGE, PROT_NONE));
	uffd_watch(fd, p, 2, MISSING);
	EXPECT_EQ(uffd_zeropage(fd, p, PAGE, 0), 0);
	EXPECT_EQ(uffd_zeropage(fd, p + PAGE, PAGE, 0), 0);
	EXPECT_LETTERS(p, "0");
	EXPECT_SEGV(p, WRITE, SEGV_ACCERR);
	EXPECT_SEGV(p + PAGE, READ, SEGV_ACCERR);
	EXPECT_OK(raw_mprotect(p + PAGE, PAGE, RW));
	EXPECT_LETTERS(p + PAGE, "0");
}

TEST("ZER-3", "in shared memory a page of zeros becomes the object's")
{
	int memfd = memfd_new(3), fd = uffd_open(0);
	char *s = map_fd(memfd, 3, RW, MAP_SHARED), *again = map_fd(memfd, 3, RW, MAP_SHARED);

	uffd_watch(fd, s, 3, MISSING);
	EXPECT_EQ(uffd_zeropage(fd, s, 2 * PAGE, 0), 0);
	EXPECT_EQ(uffd_done, 2 * PAGE);
	EXPECT_STR(resident(again, 3), "110");
	EXPECT(PM_PFN(pagemap(s)) != PM_PFN(pagemap(s + PAGE)));
	EXPECT_ACCESS(s, WRITE);
	EXPECT_EQ(again[0], 0x5a);
	EXPECT_EQ(again[PAGE], 0);
	again[2 * PAGE] = 'x';
	EXPECT_ERR(uffd_zeropage(fd, s + 2 * PAGE, PAGE, 0), EEXIST);
	EXPECT_OK(raw_ftruncate(memfd, 2 * PAGE));
	EXPECT_ERR(uffd_zeropage(fd, s + 2 * PAGE, PAGE, 0), EFAULT);
	EXPECT_EQ(uffd_done, -EFAULT);
	EXPECT_QUIET(fd);
}

TEST("ZER-4", "a page that is there is EEXIST or ends the call")
{
	char *p = map_private(4, RW);
	int fd = uffd_open(0);

	uffd_watch(fd, p, 4, MISSING);
	uffd_fill(fd, p + 2 * PAGE, "x");
	EXPECT_ERR(uffd_zeropage(fd, p, 4 * PAGE, 0), EAGAIN);
	EXPECT_EQ(uffd_done, 2 * PAGE);
	EXPECT_ERR(uffd_zeropage(fd, p + 2 * PAGE, 2 * PAGE, 0), EEXIST);
	EXPECT_EQ(uffd_done, -EEXIST);
	EXPECT_ERR(uffd_zeropage(fd, p, PAGE, 0), EEXIST); /* zeros are a page too */
	EXPECT_EQ(uffd_zeropage(fd, p + 3 * PAGE, PAGE, 0), 0);
	EXPECT_LETTERS(p, "00x0");
}

TEST("ZER-4", "what is not watched or crosses an end is ENOENT")
{
	char *p = map_alone(3, RW);
	int fd = uffd_open(0);

	uffd_watch(fd, p + PAGE, 1, MISSING);
	EXPECT_ERR(uffd_zeropage(fd, p, PAGE, 0), ENOENT);
	EXPECT_EQ(uffd_done, -ENOENT);
	EXPECT_ERR(uffd_zeropage(fd, p, 2 * PAGE, 0), ENOENT);
	EXPECT_ERR(uffd_zeropage(fd, p + PAGE, 2 * PAGE, 0), ENOENT);
	EXPECT_ERR(uffd_zeropage(fd, free_range(1), PAGE, 0), ENOENT);
	EXPECT_STR(resident(p, 3), "000");
}

TEST("WAK-1", "WAKE succeeds where no one waits, where nothing is watched or mapped")
{
	char *p = map_private(1, RW);
	int fd = uffd_open(0);

	EXPECT_EQ(uffd_wake(fd, p, PAGE), 0);
	EXPECT_EQ(uffd_wake(fd, free_range(2), 2 * PAGE), 0);
	EXPECT_EQ(uffd_wake(fd, 0x10000, TASK_SIZE - 0x10000), 0);
	uffd_watch(fd, p, 1, MISSING);
	EXPECT_EQ(uffd_wake(fd, p, PAGE), 0);
}

TEST("WAK-1", "it wakes who was read and who was not, of this descriptor alone")
{
	char *p = map_private(3, RW);
	int fd = uffd_open(0), other = uffd_open(0);
	struct job *job[3];
	long pending, total;

	uffd_watch(fd, p, 2, MISSING);
	uffd_watch(other, p + 2 * PAGE, 1, MISSING);
	job[0] = touch(p, READ);
	EXPECT_FAULT(fd, p, 0);
	job[1] = touch(p + PAGE, READ);
	job[2] = touch(p + 2 * PAGE, READ);
	uffd_await(fd, 2);
	uffd_await(other, 1);
	for (int i = 0; i < 3; i++)
		EXPECT_SLEEPS(job[i]);
	EXPECT_EQ(uffd_copy(fd, p, letters("ab"), 2 * PAGE, COPY_DONTWAKE), 0);
	EXPECT_EQ(uffd_wake(fd, p, 3 * PAGE), 0);
	EXPECT_TOUCHED(job[0]);
	EXPECT_TOUCHED(job[1]);
	EXPECT_QUIET(fd);
	EXPECT_SLEEPS(job[2]);
	uffd_counts(other, &pending, &total);
	EXPECT_EQ(pending, 1);
	EXPECT_EQ(total, 1);
	EXPECT_EQ(uffd_zeropage(other, p + 2 * PAGE, PAGE, 0), 0);
	EXPECT_TOUCHED(job[2]);
}
