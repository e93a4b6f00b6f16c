// SPDX-License-Identifier: MIT
/*
 * tests/abi/msync.c - writing shared mappings back (docs/contract/mmap.md, section 16).
 */
#include <fcntl.h>
#include <string.h>

#include "lib/fault.h"
#include "lib/maps.h"
#include "lib/sys.h"
#include "lib/test.h"

TEST("MSY-1", "bad flags and an unaligned start are EINVAL, even for length 0")
{
	char *p = map_private(1, RW);

	EXPECT_ERR(raw_msync(p, PAGE, 8), EINVAL);
	EXPECT_ERR(raw_msync(p, PAGE, -1), EINVAL);
	EXPECT_ERR(raw_msync(p, PAGE, MS_ASYNC | MS_SYNC), EINVAL);
	EXPECT_ERR(raw_msync(p, 0, MS_ASYNC | MS_SYNC), EINVAL);
	EXPECT_ERR(raw_msync(p + 1, PAGE, MS_SYNC), EINVAL);
	EXPECT_ERR(raw_msync(p + 1, 0, MS_SYNC), EINVAL);
	EXPECT_ERR(raw_msync(free_range(1), PAGE, 8), EINVAL);
}

TEST("MSY-2", "length 0 is success, a range that wraps ENOMEM")
{
	char *p = map_private(1, RW);

	EXPECT_EQ(raw_msync(p, 0, MS_SYNC), 0);
	EXPECT_EQ(raw_msync(free_range(1), 0, MS_SYNC), 0);
	EXPECT_EQ(raw_msync(p, -1L, MS_SYNC), 0); /* rounds to 0 */
	EXPECT_ERR(raw_msync(p, -PAGE, MS_SYNC), ENOMEM);
	EXPECT_ERR(raw_msync(-PAGE, 2 * PAGE, MS_SYNC), ENOMEM);
}

TEST("MSY-3", "a hole is ENOMEM, and mapped parts are synced all the same")
{
	int fd = temp_file(3 * PAGE);
	char *p = (char *)EXPECT_OK(raw_mmap(0, 3 * PAGE, RW, MAP_SHARED, fd, 0));

	p[0] = p[2 * PAGE] = 'x';
	EXPECT_EQ(raw_msync(p, 3 * PAGE, MS_SYNC), 0);
	EXPECT_OK(raw_munmap(p + PAGE, PAGE));
	EXPECT_ERR(raw_msync(p, 3 * PAGE, MS_SYNC), ENOMEM);
	EXPECT_ERR(raw_msync(p, 3 * PAGE, MS_ASYNC), ENOMEM);
	EXPECT_ERR(raw_msync(p, 3 * PAGE, MS_INVALIDATE), ENOMEM);
	EXPECT_ERR(raw_msync(p + PAGE, PAGE, MS_SYNC), ENOMEM);
	EXPECT_ERR(raw_msync(p, 2 * PAGE, MS_SYNC), ENOMEM);
	EXPECT_EQ(raw_msync(p, 1, MS_SYNC), 0);
}

TEST("MSY-4", "after a synchronous msync the file holds what was stored")
{
	int fd = temp_file(2 * PAGE);
	char *p = (char *)EXPECT_OK(raw_mmap(0, 2 * PAGE, RW, MAP_SHARED, fd, 0)), byte;

	p[PAGE + 3] = '!';
	EXPECT_EQ(raw_msync(p, 2 * PAGE, MS_SYNC), 0);
	EXPECT_EQ(raw_msync(p, 2 * PAGE, MS_SYNC | MS_INVALIDATE), 0);
	EXPECT_EQ(raw_pread(fd, &byte, 1, PAGE + 3), 1);
	EXPECT_EQ(byte, '!');
	EXPECT_EQ(p[PAGE + 3], '!');
}

TEST("MSY-5", "INVALIDATE of locked memory is EBUSY")
{
	char *p = map_private(2, RW);

	EXPECT_OK(raw_mlock(p + PAGE, PAGE));
	EXPECT_ERR(raw_msync(p, 2 * PAGE, MS_INVALIDATE), EBUSY);
	EXPECT_ERR(raw_msync(p + PAGE, PAGE, MS_SYNC | MS_INVALIDATE), EBUSY);
	EXPECT_EQ(raw_msync(p, PAGE, MS_INVALIDATE), 0);
	EXPECT_EQ(raw_msync(p, 2 * PAGE, MS_SYNC), 0);
}

TEST("MSY-6,MSY-7", "no flags, ASYNC, and private memory are success")
{
	int fd = temp_file(PAGE);
	char *p = (char *)EXPECT_OK(raw_mmap(0, PAGE, RW, MAP_PRIVATE, fd, 0)), byte;

	EXPECT_EQ(raw_msync(p, PAGE, 0), 0);
	EXPECT_EQ(raw_msync(p, PAGE, MS_ASYNC), 0);
	p[0] = '!';
	EXPECT_EQ(raw_msync(p, PAGE, MS_SYNC), 0);
	EXPECT_EQ(raw_pread(fd, &byte, 1, 0), 1);
	EXPECT_EQ((unsigned char)byte, file_byte(0));
	EXPECT_EQ(raw_msync(map_private(1, PROT_NONE), PAGE, MS_SYNC), 0);
	EXPECT_EQ(raw_msync(map_shared(1, RW), PAGE, MS_SYNC), 0);
}
