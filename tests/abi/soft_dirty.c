// SPDX-License-Identifier: MIT
/*
 * tests/abi/soft_dirty.c - what was written since 4 was written to clear_refs
 * (docs/contract/mmap.md, PROC-13 and PROC-15).
 */
#include <fcntl.h>
#include <string.h>

#include "lib/maps.h"
#include "lib/sys.h"
#include "lib/task.h"
#include "lib/test.h"

#define PM_SOFT_DIRTY (1ULL << 55)
#define PAGES	      4

/* All of one's own memory is clean from here on. */
static void clear_refs(void)
{
	int fd = EXPECT_OK(raw_open("/proc/self/clear_refs", O_WRONLY, 0));

	EXPECT_EQ(raw_write(fd, "4", 1), 1);
	raw_close(fd);
}

/* The soft-dirty pages of a range as a string of '0' and '1'. */
static const char *dirty(const char *p)
{
	static char text[PAGES + 1];

	for (int i = 0; i < PAGES; i++)
		text[i] = pagemap(p + i * PAGE) & PM_SOFT_DIRTY ? '1' : '0';
	return text;
}

static void write_page(char *p, int i)
{
	((volatile char *)p)[i * PAGE]++;
}

static void check_writes(char *p)
{
	memset(p, 1, PAGES * PAGE);
	EXPECT_STR(dirty(p), "1111");
	clear_refs();
	EXPECT_STR(dirty(p), "0000");
	write_page(p, 2);
	EXPECT_STR(dirty(p), "0010");
	write_page(p, 0);
	write_page(p, 2);
	EXPECT_STR(dirty(p), "1010");
	EXPECT_EQ(p[2 * PAGE], 3);
	clear_refs();
	EXPECT_STR(dirty(p), "0000");
	write_page(p, 3);
	EXPECT_STR(dirty(p), "0001");
	EXPECT_EQ(p[3 * PAGE], 2);
}

TEST("PROC-13,PROC-15", "writes to private memory are seen")
{
	check_writes(map_alone(PAGES, RW));
}

TEST("PROC-13,PROC-15", "writes to shared memory are seen")
{
	check_writes(map_shared(PAGES, RW));
}

TEST("PROC-13,PROC-15", "writes to mapped files are seen")
{
	int fd = temp_file(PAGES * PAGE);

	check_writes((char *)EXPECT_OK(raw_mmap(0, PAGES * PAGE, RW, MAP_SHARED, fd, 0)));
	check_writes((char *)EXPECT_OK(raw_mmap(0, PAGES * PAGE, RW, MAP_PRIVATE, fd, 0)));
}

TEST("PROC-13,PROC-10", "what is mapped is soft-dirty as a whole until it is cleared")
{
	char *p = map_alone(PAGES, RW), *q;

	write_page(p, 0);
	EXPECT_STR(dirty(p), "1111");
	EXPECT(has_flag(p, " sd"));
	clear_refs();
	EXPECT_STR(dirty(p), "0000");
	EXPECT(!has_flag(p, " sd"));
	q = map_alone(PAGES, RW);
	EXPECT_STR(dirty(q), "1111");
	EXPECT_STR(dirty(p), "0000");
}

TEST("PROC-13,PROC-15", "pages that come by a read are clean, in any kind of memory")
{
	int fd = temp_file(PAGES * PAGE);
	char *p[3] = {map_alone(PAGES, RW), map_shared(PAGES, RW),
		      (char *)EXPECT_OK(raw_mmap(0, PAGES * PAGE, RW, MAP_SHARED, fd, 0))};

	clear_refs();
	for (int i = 0; i < 3; i++) {
		for (int n = 0; n < PAGES; n++)
			(void)((volatile char *)p[i])[n * PAGE];
		EXPECT_STR(dirty(p[i]), "0000");
		write_page(p[i], 1);
		EXPECT_STR(dirty(p[i]), "0100");
	}
}

TEST("PROC-13,PROC-15", "a child has the marks of its parent, and then its own")
{
	char *p = map_alone(PAGES, RW);
	pid_t pid;

	memset(p, 1, PAGES * PAGE);
	clear_refs();
	write_page(p, 0);
	pid = test_fork();
	if (pid == 0) {
		EXPECT_STR(dirty(p), "1000");
		write_page(p, 3);
		EXPECT_STR(dirty(p), "1001");
		raw(SYS_exit_group, 0);
	}
	EXPECT_EXIT(pid, 0);
	EXPECT_STR(dirty(p), "1000");
	write_page(p, 1);
	EXPECT_STR(dirty(p), "1100");
}

TEST("PROC-13,PROC-15", "changes of protection and moves do not hide a write")
{
	char *p = map_alone(PAGES, RW), *q = free_range(PAGES);

	memset(p, 1, PAGES * PAGE);
	clear_refs();
	EXPECT_OK(raw_mprotect(p, 2 * PAGE, PROT_READ));
	EXPECT_OK(raw_mprotect(p, PAGES * PAGE, RW));
	EXPECT_STR(dirty(p), "0000");
	write_page(p, 1);
	EXPECT_STR(dirty(p), "0100");
	EXPECT_EQ(raw_mremap(p, PAGES * PAGE, PAGES * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, q),
		  (long)q);
	EXPECT_STR(dirty(q), "1111");
}

TEST("PROC-15", "5 takes the peak of resident memory back")
{
	char *p = map_alone(512, RW);
	long peak;
	int fd;

	memset(p, 1, 512 * PAGE);
	EXPECT_OK(raw_munmap(p, 512 * PAGE));
	peak = status_value("VmHWM");
	EXPECT(peak > 2048);
	fd = EXPECT_OK(raw_open("/proc/self/clear_refs", O_WRONLY, 0));
	EXPECT_EQ(raw_write(fd, "5", 1), 1);
	EXPECT(status_value("VmHWM") <= peak - 1024);
}
