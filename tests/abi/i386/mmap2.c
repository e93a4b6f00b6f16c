// SPDX-License-Identifier: MIT
/*
 * tests/abi/i386/mmap2.c - mmap2 and the old mmap of a 32-bit program, and where its memory is
 * (docs/contract/mmap.md, sections 1, 3 and 5).
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <unistd.h>

#include "lib/fault.h"
#include "lib/maps.h"
#include "lib/sys.h"
#include "lib/test.h"

#define END_OF_3GB 0xc0000000UL

static long mmap2(unsigned long addr, unsigned long len, int prot, int flags, int fd,
		  unsigned long page)
{
	return raw(SYS_mmap2, addr, len, prot, flags, fd, page);
}

static long old_mmap(unsigned long addr, unsigned long len, int prot, int flags, int fd,
		     unsigned long offset)
{
	const unsigned long block[] = {addr, len, prot, flags, fd, offset};

	return raw(SYS_mmap, block);
}

TEST("MMAP2-1", "the sixth argument counts pages")
{
	int fd = temp_file(4 * PAGE);
	struct area area;

	for (unsigned long page = 0; page < 4; page++) {
		char *p = (char *)EXPECT_OK(mmap2(0, PAGE, PROT_READ, MAP_PRIVATE, fd, page));

		EXPECT_EQ((unsigned char)p[7], file_byte(page * PAGE + 7));
		EXPECT(area_at(p, &area));
		EXPECT_EQ(area.offset, page * PAGE);
	}
}

TEST("MMAP2-2,MMAP2-6", "checks come in the order of mmap")
{
	int fd = temp_file(PAGE), ro = file_reopen(fd, O_RDONLY);

	EXPECT_ERR(mmap2(0, 0, RW, PRIVATE, -1, 0), EINVAL);
	EXPECT_ERR(mmap2(0, -1UL, RW, PRIVATE, -1, 0), ENOMEM);
	EXPECT_ERR(mmap2(0, -PAGE, RW, PRIVATE, -1, 0), ENOMEM);
	EXPECT_ERR(mmap2(0, 0, RW, MAP_PRIVATE, -1, 0), EBADF);
	EXPECT_ERR(mmap2(0, PAGE, RW, MAP_SHARED, ro, 0), EACCES);
	EXPECT_ERR(mmap2(0, PAGE, RW, MAP_ANONYMOUS, -1, 0), EINVAL);
	EXPECT_ERR(mmap2(0x20001, PAGE, RW, PRIVATE | MAP_FIXED, -1, 0), EINVAL);
	EXPECT_EQ(mmap2(0x20000, PAGE, RW, PRIVATE | MAP_FIXED, -1, 0), 0x20000);
	EXPECT_ERR(mmap2(0x20000, PAGE, RW, PRIVATE | NOREPLACE, -1, 0), EEXIST);
}

TEST("MMAP2-3", "the last page that 32 bits can name is mapped, though nothing is there")
{
	int fd = temp_file(PAGE);
	char *p = (char *)EXPECT_OK(mmap2(0, PAGE, PROT_READ, MAP_SHARED, fd, -1UL));

	EXPECT_BUS(p, READ);
	EXPECT_OK(mmap2(0, 4 * PAGE, PROT_READ, MAP_SHARED, fd, -4UL));
}

TEST("MMAP2-4", "the old call takes a block, with an offset in bytes that is a multiple of pages")
{
	int fd = temp_file(3 * PAGE);
	char *p = (char *)EXPECT_OK(old_mmap(0, PAGE, PROT_READ, MAP_PRIVATE, fd, 2 * PAGE));

	EXPECT_EQ((unsigned char)p[3], file_byte(2 * PAGE + 3));
	EXPECT_ERR(old_mmap(0, PAGE, PROT_READ, MAP_PRIVATE, fd, 2), EINVAL);
	EXPECT_ERR(old_mmap(0, PAGE, PROT_READ, MAP_PRIVATE, -1, 2), EINVAL);
	EXPECT_ERR(raw(SYS_mmap, 8), EFAULT);
	EXPECT_OK(old_mmap(0, PAGE, RW, PRIVATE, -1, 0));
}

TEST("MMAP2-5", "MAP_32BIT changes nothing")
{
	unsigned long a = EXPECT_OK(mmap2(0, PAGE, PROT_NONE, PRIVATE, -1, 0));
	unsigned long b = EXPECT_OK(mmap2(0, PAGE, PROT_NONE, PRIVATE | MAP_32BIT, -1, 0));

	EXPECT_EQ(b, a - PAGE);
	EXPECT(a > 0x80000000);
}

TEST("LAY-2", "user memory ends 8 KiB below 4 GiB")
{
	EXPECT_ERR(mmap2(TASK_SIZE, PAGE, RW, PRIVATE | MAP_FIXED, -1, 0), ENOMEM);
	EXPECT_ERR(mmap2(TASK_SIZE - PAGE, 2 * PAGE, RW, PRIVATE | MAP_FIXED, -1, 0), ENOMEM);
	EXPECT_ERR(raw_munmap(TASK_SIZE, PAGE), EINVAL);
	EXPECT_ERR(raw_mremap(map_private(1, RW), PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
			      TASK_SIZE),
		   EINVAL);
	EXPECT_SEGV((char *)TASK_SIZE, READ, SEGV_MAPERR);
	EXPECT_SEGV((char *)-1UL, READ, SEGV_MAPERR);
}

static int keep_end(const struct area *area, void *context)
{
	*(unsigned long *)context = area->end;
	return 1;
}

/* The end of the last area, which is the stack. */
static unsigned long highest(void)
{
	unsigned long end = 0;

	for_each_area(keep_end, &end);
	return end;
}

int test_child(int argc, char **argv)
{
	unsigned long end = strtoul(argv[1], NULL, 16);
	char *above = (char *)end;

	if (!strcmp(argv[0], "tell")) {
		end = EXPECT_OK(mmap2(0, PAGE, RW, PRIVATE, -1, 0));
		EXPECT_EQ(raw_write(9, &end, sizeof(end)), sizeof(end));
	} else if (!strcmp(argv[0], "end")) {
		EXPECT(highest() <= end);
		EXPECT(highest() > end - (32UL << 20));
		EXPECT_ERR(mmap2(end, PAGE, RW, PRIVATE | MAP_FIXED, -1, 0), ENOMEM);
		EXPECT((unsigned long)EXPECT_OK(mmap2(0, PAGE, RW, PRIVATE, -1, 0)) < end);
		EXPECT_SEGV(above, READ, SEGV_MAPERR);
	} else { /* nothing is random */
		EXPECT_EQ(highest(), end);
	}
	return 0;
}

static void run_child(const char *what, unsigned long end, unsigned long persona)
{
	char text[16];
	pid_t pid = test_fork();

	if (pid == 0) {
		const char *const words[] = {what, text, NULL};

		snprintf(text, sizeof(text), "%lx", end);
		EXPECT_OK(raw(SYS_personality, persona));
		test_exec(words);
	}
	EXPECT_EXIT(pid, 0);
}

TEST("LAY-2", "or at 3 GiB with ADDR_LIMIT_3GB")
{
	run_child("end", TASK_SIZE, 0);
	run_child("end", END_OF_3GB, ADDR_LIMIT_3GB);
	run_child("top", TASK_SIZE, ADDR_NO_RANDOMIZE);
	run_child("top", END_OF_3GB, ADDR_NO_RANDOMIZE | ADDR_LIMIT_3GB);
}

TEST("LAY-9", "a readable mapping is executable by READ_IMPLIES_EXEC, set while running")
{
	struct area area;

	EXPECT_OK(raw(SYS_personality, READ_IMPLIES_EXEC));
	EXPECT(area_at((void *)EXPECT_OK(mmap2(0, PAGE, PROT_READ, PRIVATE, -1, 0)), &area));
	EXPECT_STR(area.perms, "r-xp");
}

TEST("ADDR-4", "mappings without a hint lie below each other and merge")
{
	char *a = (char *)EXPECT_OK(mmap2(0, PAGE, RW, PRIVATE, -1, 0));
	char *b = (char *)EXPECT_OK(mmap2(0, PAGE, RW, PRIVATE, -1, 0));

	EXPECT_EQ(b, a - PAGE);
	EXPECT_AREAS(b, 2, "2 rw-p");
}

TEST("ADDR-5", "all of user memory can be mapped, then it is ENOMEM")
{
	unsigned long total = 0;
	struct area area;

	for (unsigned long size = 1UL << 30; size >= PAGE; size /= 2)
		while ((unsigned long)mmap2(0, size, PROT_NONE, PRIVATE | MAP_NORESERVE, -1, 0) <
		       -4095UL)
			total += size;
	EXPECT(total > 3UL << 30);
	EXPECT_ERR(mmap2(0, PAGE, PROT_NONE, PRIVATE, -1, 0), ENOMEM);
	EXPECT(area_at((void *)0x20000000, &area)); /* far below mmap_base */
}

TEST("ADDR-9", "mmap_base is a random number of pages lower in each run")
{
	static const char *const words[] = {"tell", "0", NULL};
	unsigned long first = 0, addr;
	int pipes[2], different = 0;

	EXPECT_OK(raw(SYS_pipe, pipes));
	for (int i = 0; i < 8; i++) {
		pid_t pid = test_fork();

		if (pid == 0) {
			raw(SYS_dup2, pipes[1], 9);
			test_exec(words);
		}
		EXPECT_EXIT(pid, 0);
		EXPECT_EQ(raw_read(pipes[0], &addr, sizeof(addr)), sizeof(addr));
		EXPECT_EQ(addr % PAGE, 0);
		EXPECT(addr > 0xf0000000 && addr < TASK_SIZE);
		first = first ? first : addr;
		different += addr != first;
	}
	EXPECT(different > 0);
}
