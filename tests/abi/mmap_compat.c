// SPDX-License-Identifier: MIT
/*
 * tests/abi/mmap_compat.c - mmap by the 32-bit entry, int 0x80 (docs/contract/mmap.md, sections 0 and 3).
 */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "lib/compat.h"
#include "lib/fault.h"
#include "lib/maps.h"
#include "lib/sys.h"
#include "lib/test.h"

enum { MMAP32 = 90, MUNMAP32 = 91, MMAP2 = 192 };

static long mmap2(unsigned long addr, unsigned long len, int prot, int flags, int fd,
		  unsigned long page)
{
	return call32(MMAP2, addr, len, prot, flags, fd, page);
}

TEST("GEN-3", "arguments are 32 bits wide, whatever the upper halves hold")
{
	unsigned long high = 0xabcdef0100000000;
	long p;

	EXPECT_EQ(call32(GETPID32, 0, 0, 0, 0, 0, 0), getpid());
	EXPECT_EQ(call32(high | GETPID32, 0, 0, 0, 0, 0, 0), getpid());
	p = EXPECT_OK(call32(MMAP2, high, high | PAGE, high | RW, high | PRIVATE, -1L, high));
	EXPECT(p < 1L << 32);
	EXPECT_EQ(call32(MUNMAP32, high | p, high | PAGE, 0, 0, 0, 0), 0);
	EXPECT_EQ(call32(9999, 0, 0, 0, 0, 0, 0), -ENOSYS);
}

TEST("MMAP2-1,MMAP2-5", "the offset counts pages, and the address is below 4 GiB")
{
	int fd = temp_file(3 * PAGE);
	char *p = (char *)EXPECT_OK(mmap2(0, PAGE, PROT_READ, MAP_SHARED, fd, 2));
	struct area area;

	EXPECT((unsigned long)p < 1UL << 32);
	EXPECT(area_at(p, &area));
	EXPECT_EQ(area.offset, 2 * PAGE);
	EXPECT_EQ((unsigned char)p[9], file_byte(2 * PAGE + 9));
	p = (char *)EXPECT_OK(mmap2(0, PAGE, RW, PRIVATE, -1, 3)); /* no alignment to check */
	p[0] = 1;
}

TEST("MMAP2-2,MMAP2-6", "other checks and their order are those of mmap")
{
	int fd = temp_file(PAGE), ro = file_reopen(fd, O_RDONLY);

	EXPECT_ERR(mmap2(0, 0, RW, PRIVATE, -1, 0), EINVAL);
	EXPECT_ERR(mmap2(0, 0xffffffff, RW, PRIVATE, -1, 0), ENOMEM);
	EXPECT_ERR(mmap2(0, 0xfffff000, RW, PRIVATE, -1, 0), ENOMEM);
	EXPECT_ERR(mmap2(0, PAGE, RW, MAP_PRIVATE, -1, 1), EBADF);
	EXPECT_ERR(mmap2(0, 0, RW, MAP_PRIVATE, -1, 1), EBADF);
	EXPECT_ERR(mmap2(0, PAGE, RW, MAP_SHARED, ro, 0), EACCES);
	EXPECT_ERR(mmap2(0, PAGE, RW, MAP_ANONYMOUS, -1, 0), EINVAL);
	EXPECT_ERR(mmap2(0x20001, PAGE, RW, PRIVATE | MAP_FIXED, -1, 0), EINVAL);
	EXPECT_EQ(mmap2(0x20000, PAGE, RW, PRIVATE | MAP_FIXED, -1, 0), 0x20000);
	EXPECT_ERR(mmap2(0x20000, PAGE, RW, PRIVATE | NOREPLACE, -1, 0), EEXIST);
}

TEST("MMAP2-3", "offsets up to the last page that 32 bits can name are accepted")
{
	int fd = temp_file(PAGE);
	struct area area;
	char *p = (char *)EXPECT_OK(mmap2(0, PAGE, PROT_READ, MAP_SHARED, fd, 0xffffffff));

	EXPECT(area_at(p, &area));
	EXPECT_EQ(area.offset, 0xffffffffUL * PAGE);
	EXPECT_BUS(p, READ);
}

TEST("MMAP2-4", "the old call takes a block of six words and an offset in bytes")
{
	unsigned int *block = (unsigned int *)EXPECT_OK(mmap2(0, PAGE, RW, PRIVATE, -1, 0));
	int fd = temp_file(2 * PAGE);
	const unsigned int good[6] = {0, PAGE, PROT_READ, MAP_PRIVATE, fd, PAGE};
	char *p;

	memcpy(block, good, sizeof(good));
	p = (char *)EXPECT_OK(call32(MMAP32, (long)block, 0, 0, 0, 0, 0));
	EXPECT_EQ((unsigned char)p[3], file_byte(PAGE + 3));
	block[5] = PAGE + 1;
	EXPECT_ERR(call32(MMAP32, (long)block, 0, 0, 0, 0, 0), EINVAL);
	EXPECT_ERR(call32(MMAP32, 8, 0, 0, 0, 0, 0), EFAULT);
	memcpy(block + 1024 - 3, good, 12); /* half of it beyond the page */
	raw_munmap((char *)block + PAGE, PAGE);
	EXPECT_ERR(call32(MMAP32, (long)(block + 1024 - 3), 0, 0, 0, 0, 0), EFAULT);
}
