// SPDX-License-Identifier: MIT
/*
 * tests/abi/mincore.c - asking what is resident (docs/contract/mmap.md, section 17).
 */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "lib/fault.h"
#include "lib/maps.h"
#include "lib/sys.h"
#include "lib/test.h"

TEST("MINC-1", "an unaligned start is EINVAL, before the vector is looked at")
{
	char *p = map_private(1, RW), vec;

	EXPECT_ERR(raw_mincore(p + 1, PAGE, &vec), EINVAL);
	EXPECT_ERR(raw_mincore(p + 1, PAGE, -1L), EINVAL);
	EXPECT_ERR(raw_mincore(p + 1, 0, &vec), EINVAL);
}

TEST("MINC-2", "a range beyond user space is ENOMEM, a bad vector EFAULT")
{
	char *p = map_private(2, RW), *ro = map_private(1, PROT_READ), vec;

	EXPECT_ERR(raw_mincore(p, -PAGE, &vec), ENOMEM);
	EXPECT_ERR(raw_mincore(0xffff888000000000, PAGE, &vec), ENOMEM);
	EXPECT_ERR(raw_mincore(p, PAGE, 0xffff888000000000), EFAULT);
	EXPECT_ERR(raw_mincore(p, 0, 0xffff888000000000), EFAULT); /* even for nothing */
	EXPECT_ERR(raw_mincore(p, PAGE, 8), EFAULT);
	EXPECT_ERR(raw_mincore(p, PAGE, ro), EFAULT);
	EXPECT_ERR(raw_mincore(-PAGE, 2 * PAGE, -1L), ENOMEM); /* the range first */
}

TEST("MINC-3", "one byte a page is written, and no more")
{
	unsigned char vec[8];
	char *p = map_private(4, RW);

	p[0] = p[2 * PAGE] = 1;
	memset(vec, 0xee, sizeof(vec));
	EXPECT_EQ(raw_mincore(p, 0, vec), 0);
	EXPECT_EQ(vec[0], 0xee);
	EXPECT_EQ(raw_mincore(p, 2 * PAGE + 1, vec), 0);
	EXPECT_EQ(vec[0], 1);
	EXPECT_EQ(vec[1], 0);
	EXPECT_EQ(vec[2], 1);
	EXPECT_EQ(vec[3], 0xee);
	EXPECT_EQ(raw_mincore(p, 1, vec + 5), 0);
	EXPECT_EQ(vec[5], 1);
	EXPECT_EQ(vec[6], 0xee);
}

TEST("MINC-4", "at the first unmapped page it is ENOMEM, with the pages below it told")
{
	unsigned char vec[6];
	char *p = map_private(6, RW);

	memset(p, 1, 6 * PAGE);
	EXPECT_OK(raw_mprotect(p + PAGE, PAGE, PROT_READ)); /* two areas below the hole */
	EXPECT_OK(raw_munmap(p + 3 * PAGE, PAGE));
	memset(vec, 0xee, sizeof(vec));
	EXPECT_ERR(raw_mincore(p, 6 * PAGE, vec), ENOMEM);
	for (int i = 0; i < 6; i++)
		EXPECT_EQ(vec[i], i < 3 ? 1 : 0xee);
	EXPECT_ERR(raw_mincore(p + 3 * PAGE, PAGE, vec), ENOMEM);
}

TEST("MINC-5", "private anonymous pages are resident once touched, the zero page too")
{
	char *p = map_private(5, RW);

	EXPECT_STR(resident(p, 5), "00000");
	p[PAGE] = 1;
	EXPECT_EQ(p[3 * PAGE], 0);
	EXPECT_STR(resident(p, 5), "01010");
	EXPECT_OK(raw_madvise(p, 2 * PAGE, MADV_DONTNEED));
	EXPECT_STR(resident(p, 5), "00010");
}

TEST("MINC-6", "pages of an object count whether mapped here or not")
{
	int fd = temp_file(PAGE);
	char *p = map_shared(3, RW), *q;

	EXPECT_STR(resident(p, 3), "000");
	if (test_fork() == 0) {
		p[PAGE] = 1;
		_exit(0);
	}
	while (*(volatile char *)(p + PAGE) != 1)
		raw(SYS_sched_yield);
	EXPECT_OK(raw_madvise(p, 3 * PAGE, MADV_DONTNEED));
	EXPECT_STR(resident(p, 3), "010");
	EXPECT_OK(raw_ftruncate(fd, 2 * PAGE)); /* the second page is a hole */
	q = (char *)EXPECT_OK(raw_mmap(0, 2 * PAGE, PROT_READ, MAP_SHARED, fd, 0));
	EXPECT_STR(resident(q, 2), "10");
	q = (char *)EXPECT_OK(raw_mmap(0, 2 * PAGE, RW, MAP_PRIVATE, fd, 0));
	EXPECT_STR(resident(q, 2), "10");
}

TEST("MINC-7", "a file that the caller may not write hides what is resident")
{
	int fd = temp_file(PAGE), ro;
	char *p;

	EXPECT_OK(raw(SYS_fchmod, fd, 0444));
	EXPECT_OK(raw_ftruncate(fd, 2 * PAGE));
	ro = file_reopen(fd, O_RDONLY);
	p = (char *)EXPECT_OK(raw_mmap(0, 2 * PAGE, PROT_READ, MAP_PRIVATE, ro, 0));
	EXPECT_STR(resident(p, 2), "10");
	drop_privileges();
	EXPECT_STR(resident(p, 2), "11");
}

TEST("MINC-8", "a long range is answered in pieces")
{
	enum { PAGES = 9000 };
	char *p = map_private(PAGES, RW), *vec = map_private(3, RW);

	EXPECT_OK(raw_madvise(p, PAGES * PAGE, MADV_NOHUGEPAGE));
	for (size_t i = 0; i < PAGES; i += 1000)
		p[i * PAGE] = 1;
	EXPECT_EQ(raw_mincore(p, PAGES * PAGE, vec), 0);
	for (size_t i = 0; i < PAGES; i++)
		EXPECT_EQ(vec[i], i % 1000 == 0);
}
