// SPDX-License-Identifier: MIT
/*
 * tests/abi/mmap_fixed.c - MAP_FIXED and MAP_FIXED_NOREPLACE (docs/contract/mmap.md, section 2.1).
 */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "lib/fault.h"
#include "lib/maps.h"
#include "lib/sys.h"
#include "lib/test.h"

TEST("FIX-1", "the address is used exactly")
{
	char *p = free_range(4);

	EXPECT_EQ(raw_mmap(p + PAGE, 2 * PAGE, RW, PRIVATE | MAP_FIXED, -1, 0), p + PAGE);
	EXPECT_AREAS(p, 4, "1 hole, 2 rw-p, 1 hole");
}

TEST("FIX-1", "an unaligned address is EINVAL, one beyond the end ENOMEM, and that comes first")
{
	char *p = free_range(4);

	EXPECT_ERR(raw_mmap(p + 1, PAGE, RW, PRIVATE | MAP_FIXED, -1, 0), EINVAL);
	EXPECT_ERR(raw_mmap(p + 2048, PAGE, RW, PRIVATE | MAP_FIXED, -1, 0), EINVAL);
	EXPECT_ERR(raw_mmap(TASK_SIZE, PAGE, RW, PRIVATE | MAP_FIXED, -1, 0), ENOMEM);
	EXPECT_ERR(raw_mmap(TASK_SIZE - PAGE, 2 * PAGE, RW, PRIVATE | MAP_FIXED, -1, 0), ENOMEM);
	EXPECT_ERR(raw_mmap(TASK_SIZE - PAGE + 1, PAGE, RW, PRIVATE | MAP_FIXED, -1, 0), ENOMEM);
	EXPECT_ERR(raw_mmap(1UL << 63, PAGE, RW, PRIVATE | MAP_FIXED, -1, 0), ENOMEM);
	EXPECT_ERR(raw_mmap(0xffff888000000000, PAGE, RW, PRIVATE | MAP_FIXED, -1, 0), ENOMEM);
	EXPECT_AREAS(p, 4, "4 hole");
}

TEST("FIX-2", "the middle of a larger area is replaced, the rest stays")
{
	char *p = map_private(6, RW);

	for (int i = 0; i < 6; i++)
		memset(p + i * PAGE, 'A' + i, PAGE);
	EXPECT_EQ(raw_mmap(p + 2 * PAGE, 2 * PAGE, PROT_READ, PRIVATE | MAP_FIXED, -1, 0),
		  p + 2 * PAGE);
	EXPECT_AREAS(p, 6, "2 rw-p, 2 r--p, 2 rw-p");
	for (int i = 0; i < 6; i++) {
		char want = i == 2 || i == 3 ? 0 : 'A' + i;

		EXPECT_EQ(p[i * PAGE], want);
		EXPECT_EQ(p[i * PAGE + PAGE - 1], want);
	}
}

TEST("FIX-2", "several areas and holes are replaced by one")
{
	int fd = temp_file(3 * PAGE);
	char *p = free_range(8);

	EXPECT_EQ(raw_mmap(p, 2 * PAGE, RW, PRIVATE | MAP_FIXED, -1, 0), p);
	EXPECT_EQ(raw_mmap(p + 3 * PAGE, PAGE, PROT_NONE, SHARED | MAP_FIXED, -1, 0), p + 3 * PAGE);
	EXPECT_EQ(raw_mmap(p + 5 * PAGE, 3 * PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED, fd, 0),
		  p + 5 * PAGE);
	EXPECT_EQ(raw_mmap(p + PAGE, 5 * PAGE, RWX, PRIVATE | MAP_FIXED, -1, 0), p + PAGE);
	EXPECT_AREAS(p, 8, "1 rw-p, 5 rwxp, 2 r--p");
	EXPECT_EQ(p[6 * PAGE], (char)file_byte(PAGE));
	EXPECT_EQ(p[7 * PAGE + 5], (char)file_byte(2 * PAGE + 5));
	EXPECT_EQ(p[5 * PAGE], 0);
}

struct race {
	char *area;
	volatile int stop;
	volatile long landed; /* mappings that another thread got into the range */
	volatile long tries;
};

static void *intrude(void *argument)
{
	struct race *race = argument;

	while (!race->stop) {
		long p = raw_mmap(race->area + PAGE, PAGE, RW, PRIVATE | NOREPLACE, -1, 0);

		if (p != -EEXIST)
			race->landed++;
		race->tries++;
	}
	return NULL;
}

TEST("FIX-3", "no other thread can map into the range while it is replaced")
{
	struct race race = {.area = map_private(4, RW)};
	struct thread thread = thread_start(intrude, &race);

	for (int i = 0; i < 300 || race.tries < 50; i++) {
		EXPECT_EQ(raw_mmap(race.area, 4 * PAGE, RW, PRIVATE | MAP_FIXED, -1, 0), race.area);
		race.area[PAGE] = i;
		if (i % 64 == 0)
			raw(SYS_sched_yield);
	}
	race.stop = 1;
	thread_join(thread);
	EXPECT_EQ(race.landed, 0);
}

TEST("FIX-4", "a failure before the unmap step leaves the old mapping")
{
	int fd = temp_file(PAGE), wo = file_reopen(fd, O_WRONLY), dir = raw_open("/", O_RDONLY, 0);
	char *p = map_private(2, RW);

	p[0] = 'x';
	EXPECT_ERR(raw_mmap(p, PAGE, RW, MAP_PRIVATE | MAP_FIXED, wo, 0), EACCES);
	EXPECT_ERR(raw_mmap(p, PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED, dir, 0), ENODEV);
	EXPECT_ERR(raw_mmap(p, PAGE, RW, MAP_ANONYMOUS | MAP_FIXED, -1, 0), EINVAL);
	EXPECT_ERR(raw_mmap(p, PAGE, RW, MAP_PRIVATE | MAP_FIXED, fd, 1UL << 63), EOVERFLOW);
	EXPECT_AREAS(p, 2, "2 rw-p");
	EXPECT_EQ(p[0], 'x');
}

TEST("FIX-5", "replacing an area by one of equal size works at RLIMIT_AS")
{
	char *p = free_range(10);

	EXPECT_EQ(raw_mmap(p, 8 * PAGE, RW, PRIVATE | MAP_FIXED, -1, 0), p);
	set_limit(RLIMIT_AS, status_value("VmSize") * 1024);
	EXPECT_ERR(raw_mmap(0, PAGE, RW, PRIVATE, -1, 0), ENOMEM);
	EXPECT_EQ(raw_mmap(p, 8 * PAGE, PROT_READ, PRIVATE | MAP_FIXED, -1, 0), p);
	EXPECT_ERR(raw_mmap(p + PAGE, 8 * PAGE, RW, PRIVATE | MAP_FIXED, -1, 0), ENOMEM);
	EXPECT_AREAS(p, 9, "8 r--p, 1 hole");
	EXPECT_OK(raw_munmap(p + 7 * PAGE, PAGE));
	EXPECT_EQ(raw_mmap(p + PAGE, 7 * PAGE, PROT_NONE, PRIVATE | MAP_FIXED, -1, 0), p + PAGE);
}

/* Every way in which pages [1, 3) of five can meet a mapping. */
TEST("FIX-6", "NOREPLACE is EEXIST if a byte of the range is mapped, and unmaps nothing")
{
	static const struct {
		int start, pages, fits;
	} shapes[] = {{0, 1, 1}, {0, 2, 0}, {0, 5, 0}, {1, 1, 0}, {1, 2, 0}, {1, 3, 0},
		      {2, 1, 0}, {2, 2, 0}, {2, 3, 0}, {3, 1, 1}, {3, 2, 1}, {4, 1, 1}};

	for (int fixed = 0; fixed < 2; fixed++) {
		int flags = PRIVATE | NOREPLACE | (fixed ? MAP_FIXED : 0);

		for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
			char *p = free_range(5), *at = p + shapes[i].start * PAGE;
			size_t len = shapes[i].pages * PAGE;

			EXPECT_EQ(raw_mmap(p + PAGE, 2 * PAGE, RW, PRIVATE | MAP_FIXED, -1, 0),
				  p + PAGE);
			p[PAGE] = p[2 * PAGE] = 'k';
			if (shapes[i].fits)
				EXPECT_EQ(raw_mmap(at, len, PROT_READ, flags, -1, 0), at);
			else
				EXPECT_ERR(raw_mmap(at, len, PROT_READ, flags, -1, 0), EEXIST);
			EXPECT_AREAS(p + PAGE, 2, "2 rw-p");
			EXPECT_EQ(p[PAGE], 'k');
			EXPECT_EQ(p[2 * PAGE], 'k');
			EXPECT_OK(raw_munmap(p, 5 * PAGE));
		}
	}
}

TEST("FIX-6", "NOREPLACE wants an aligned address and checks the range before the file")
{
	int fd = temp_file(PAGE), wo = file_reopen(fd, O_WRONLY), ro = file_reopen(fd, O_RDONLY);
	char *p = map_private(1, RW), *hole = free_range(2);

	EXPECT_ERR(raw_mmap(hole + 1, PAGE, RW, PRIVATE | NOREPLACE, -1, 0), EINVAL);
	EXPECT_ERR(raw_mmap(p, PAGE, PROT_READ, MAP_PRIVATE | NOREPLACE, wo, 0), EEXIST);
	EXPECT_ERR(raw_mmap(p, PAGE, RW, MAP_SHARED | NOREPLACE, ro, 0), EEXIST);
	EXPECT_ERR(raw_mmap(p, PAGE, RW, MAP_ANONYMOUS | NOREPLACE, -1, 0), EEXIST);
	EXPECT_ERR(raw_mmap(hole, PAGE, PROT_READ, MAP_PRIVATE | NOREPLACE, wo, 0), EACCES);
	EXPECT_AREAS(p, 1, "1 rw-p");
}

TEST("FIX-7,LAY-6", "address 0 can be mapped by a privileged task alone")
{
	EXPECT_EQ(raw_mmap(0, PAGE, RW, PRIVATE | MAP_FIXED, -1, 0), 0);
	EXPECT_AREAS(NULL, 2, "1 rw-p, 1 hole");
	EXPECT_OK(raw_munmap(0, PAGE));
	drop_privileges();
	EXPECT_ERR(raw_mmap(0, PAGE, RW, PRIVATE | MAP_FIXED, -1, 0), EPERM);
}

TEST("FIX-8", "an address in the last page of the 64-bit space gives an error")
{
	long result = raw_mmap(-13L, PAGE, RW, PRIVATE | MAP_FIXED, -1, 0);

	/* Linux returns the address itself, which reads as EACCES; ENOMEM is as good. */
	EXPECT(result == -13 || result == -ENOMEM);
}

TEST("FIX-9", "MAP_FIXED may be placed in the gap below a growing area")
{
	char *p = free_range(300);

	EXPECT_OK(raw_mmap(p + 299 * PAGE, PAGE, RW, PRIVATE | MAP_FIXED | MAP_GROWSDOWN, -1, 0));
	EXPECT_EQ(raw_mmap(p + 298 * PAGE, PAGE, RW, PRIVATE | MAP_FIXED, -1, 0), p + 298 * PAGE);
	EXPECT_EQ(raw_mmap(p + 200 * PAGE, PAGE, RW, PRIVATE | NOREPLACE, -1, 0), p + 200 * PAGE);
	EXPECT_AREAS(p + 200 * PAGE, 100, "1 rw-p, 97 hole, 1 rw-p, 1 rw-p");
}
