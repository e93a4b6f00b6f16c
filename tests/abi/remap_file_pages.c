// SPDX-License-Identifier: MIT
/*
 * tests/abi/remap_file_pages.c - a part of a shared mapping shows other pages of its file
 * (docs/contract/mmap.md, MISC-1).
 */
#include <string.h>
#include <unistd.h>

#include "lib/fault.h"
#include "lib/maps.h"
#include "lib/sys.h"
#include "lib/test.h"

static long remap(const void *start, size_t size, int prot, size_t pgoff, int flags)
{
	return raw(SYS_remap_file_pages, start, size, prot, pgoff, flags);
}

/* A shared mapping of a file of eight pages, each full of its number. */
static char *numbered(int prot)
{
	int fd = temp_file(0);
	char page[PAGE], *p;

	for (int i = 0; i < 8; i++) {
		memset(page, '0' + i, PAGE);
		EXPECT_EQ(raw_pwrite(fd, page, PAGE, i * PAGE), PAGE);
	}
	p = (char *)EXPECT_OK(raw_mmap(0, 8 * PAGE, prot, MAP_SHARED, fd, 0));
	raw_close(fd);
	return p;
}

TEST("MISC-1", "pages of the file take each other's places and are present at once")
{
	char *p = numbered(RW);
	struct area area;

	EXPECT_EQ(remap(p, PAGE, 0, 5, 0), 0);
	EXPECT_EQ(remap(p + 5 * PAGE, 2 * PAGE, 0, 0, 0), 0);
	EXPECT_EQ(p[0], '5');
	EXPECT_EQ(p[PAGE], '1');
	EXPECT_EQ(p[5 * PAGE], '0');
	EXPECT_EQ(p[6 * PAGE], '1');
	EXPECT_EQ(p[7 * PAGE], '7');
	EXPECT(area_at(p, &area));
	EXPECT_EQ(area.offset, 5 * PAGE);
	EXPECT_AREAS(p, 8, "1 rw-s, 4 rw-s, 2 rw-s, 1 rw-s");
	p[0] = 'x'; /* the same page of the file through two mappings */
	EXPECT_EQ(remap(p + PAGE, PAGE, 0, 5, 0), 0);
	EXPECT_EQ(p[PAGE], 'x');
	/* Back: the areas merge. */
	EXPECT_EQ(remap(p, 8 * PAGE, 0, 0, 0), 0);
	EXPECT_EQ(p[7 * PAGE], 0x37);
	EXPECT_AREAS(p, 8, "8 rw-s");
}

TEST("MISC-1", "the protection stays, start and size are cut to pages")
{
	char *p = numbered(PROT_READ);

	EXPECT_EQ(remap(p + 100, 2 * PAGE + 200, 0, 3, 0), 0);
	EXPECT_EQ(p[0], '3');
	EXPECT_EQ(p[PAGE], '4');
	EXPECT_EQ(p[2 * PAGE], '2');
	EXPECT_SEGV(p, WRITE, SEGV_ACCERR);
	EXPECT_AREAS(p, 8, "2 r--s, 6 r--s");
}

TEST("MISC-1", "shared anonymous memory has pages to rearrange too")
{
	char *p = map_shared(4, RW);

	for (int i = 0; i < 4; i++)
		p[i * PAGE] = '0' + i;
	EXPECT_EQ(remap(p, PAGE, 0, 3, MAP_NONBLOCK), 0);
	EXPECT_EQ(p[0], '3');
	p[0] = 'x';
	EXPECT_EQ(p[3 * PAGE], 'x');
	EXPECT_EQ(remap(p, PAGE, 0, 4, 0), 0); /* beyond its end */
	EXPECT_BUS(p, READ);
}

TEST("MISC-1", "locked memory stays locked")
{
	char *p = numbered(RW);

	EXPECT_EQ(raw_mlock(p, 8 * PAGE), 0);
	EXPECT_EQ(remap(p, PAGE, 0, 5, 0), 0);
	EXPECT_EQ(status_value("VmLck"), 32);
}

TEST("MISC-1", "what is refused")
{
	char *p = numbered(RW), *private = map_private(2, RW), *two;

	EXPECT_ERR(remap(p, PAGE, PROT_READ, 1, 0), EINVAL);
	EXPECT_ERR(remap(p, 0, 0, 1, 0), EINVAL);
	EXPECT_ERR(remap(p, PAGE - 1, 0, 1, 0), EINVAL);
	EXPECT_ERR(remap(p, -PAGE, 0, 1, 0), EINVAL);
	EXPECT_ERR(remap(p, PAGE, 0, -1UL, 0), EINVAL);
	EXPECT_ERR(remap(p, PAGE, 0, -2UL, 0), EOVERFLOW);
	EXPECT_ERR(remap(private, PAGE, 0, 1, 0), EINVAL);
	EXPECT_ERR(remap(free_range(1), PAGE, 0, 1, 0), EINVAL);
	EXPECT_OK(raw_munmap(p + 4 * PAGE, PAGE));
	EXPECT_ERR(remap(p, 6 * PAGE, 0, 1, 0), EINVAL); /* a hole in it */
	EXPECT_EQ(remap(p + 5 * PAGE, 3 * PAGE, 0, 1, 0), 0);
	EXPECT_EQ(p[5 * PAGE], '1');
	two = numbered(RW);
	EXPECT_OK(raw_mprotect(two + PAGE, PAGE, PROT_READ));
	EXPECT_ERR(remap(two, 2 * PAGE, 0, 4, 0), EINVAL); /* of two kinds */
	EXPECT_EQ(two[0], '0');
}
