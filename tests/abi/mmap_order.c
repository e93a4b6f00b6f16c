// SPDX-License-Identifier: MIT
/*
 * tests/abi/mmap_order.c - which error wins when several apply (docs/contract/mmap.md, section 4).
 *
 * Each line sets up the failures of two steps of the contract's table and expects the earlier one.
 */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/fault.h"
#include "lib/inject.h"
#include "lib/maps.h"
#include "lib/sys.h"
#include "lib/test.h"

#define TOP (1UL << 63) /* an offset beyond every file */

TEST("ORD-1", "offset, then descriptor, then length")
{
	EXPECT_ERR(raw_mmap(0, PAGE, RW, MAP_PRIVATE, -1, 1), EINVAL); /* 1 before 2 */
	EXPECT_ERR(raw_mmap(0, 0, RW, MAP_PRIVATE, -1, 0), EBADF);     /* 2 before 4 */
	EXPECT_ERR(raw_mmap(0, -1L, RW, MAP_PRIVATE, -1, 0), EBADF);   /* 2 before 7 */
	EXPECT_ERR(raw_mmap(0, PAGE, RW, MAP_HUGETLB, -1, 0), EBADF);  /* 2 before 3 */
	EXPECT_ERR(raw_mmap(0, PAGE, RW, 0, -1, 0), EBADF);	       /* 2 before 26 */
	EXPECT_ERR(raw_mmap(0, 0, RW, MAP_ANONYMOUS, -1, 0), EINVAL);
	EXPECT_ERR(raw_mmap(0, -1L, RW, MAP_ANONYMOUS, -1, 0), ENOMEM); /* 7 before 26 */
}

TEST("ORD-1,FIX-1", "length, then range, then alignment, then permission, then type")
{
	drop_privileges();
	EXPECT_ERR(raw_mmap(TASK_SIZE + 1, PAGE, RW, PRIVATE | MAP_FIXED, -1, 0), ENOMEM);
	EXPECT_ERR(raw_mmap(1, PAGE, RW, PRIVATE | MAP_FIXED, -1, 0), EINVAL); /* 11 before 12 */
	EXPECT_ERR(raw_mmap(PAGE, PAGE, RW, MAP_ANONYMOUS | MAP_FIXED, -1, 0), EPERM);
	EXPECT_ERR(raw_mmap(0, -1L, RW, PRIVATE | MAP_FIXED, -1, 0), ENOMEM); /* 7 before 12 */
}

TEST("ORD-3", "an occupied range comes before lock limits, those before the file's mode")
{
	int fd = temp_file(PAGE), ro = file_reopen(fd, O_RDONLY);
	char *p = map_private(1, RW);

	set_limits(RLIMIT_MEMLOCK, 0, 0);
	drop_privileges();
	EXPECT_ERR(raw_mmap(p, PAGE, RW, MAP_SHARED | MAP_LOCKED | NOREPLACE, ro, 0), EEXIST);
	EXPECT_ERR(raw_mmap(0, PAGE, RW, MAP_SHARED | MAP_LOCKED, ro, 0), EPERM);
	EXPECT_ERR(raw_mmap(0, PAGE, RW, MAP_ANONYMOUS | MAP_LOCKED, -1, 0), EPERM); /* 16 b. 26 */
	EXPECT_AREAS(p, 1, "1 rw-p");
}

TEST("ORD-3", "too much locked memory is EAGAIN, before the file is looked at")
{
	int fd = temp_file(PAGE), ro = file_reopen(fd, O_RDONLY);

	set_limits(RLIMIT_MEMLOCK, PAGE, PAGE);
	drop_privileges();
	EXPECT_ERR(raw_mmap(0, 2 * PAGE, RW, MAP_SHARED | MAP_LOCKED, ro, 0), EAGAIN);
	EXPECT_ERR(raw_mmap(0, 2 * PAGE, RW, MAP_SHARED | MAP_LOCKED, ro, TOP), EAGAIN);
	EXPECT_ERR(raw_mmap(0, PAGE, RW, MAP_SHARED | MAP_LOCKED, ro, TOP), EOVERFLOW);
	EXPECT_OK(raw_mmap(0, PAGE, RW, PRIVATE | MAP_LOCKED, -1, 0));
	EXPECT_ERR(raw_mmap(0, PAGE, RW, PRIVATE | MAP_LOCKED, -1, 0), EAGAIN);
}

TEST("ORD-4", "offset range, then flags, then write access, then read access, then support")
{
	int fd = temp_file(PAGE), ro = file_reopen(fd, O_RDONLY), wo = file_reopen(fd, O_WRONLY);
	int ends[2];

	EXPECT_OK(raw(SYS_pipe, ends));
	EXPECT_ERR(raw_mmap(0, PAGE, RW, 3 | 0x200, ro, TOP), EOVERFLOW); /* 18 before 19 */
	EXPECT_ERR(raw_mmap(0, PAGE, RW, 3 | 0x200, ro, 0), EOPNOTSUPP);  /* 19 before 20 */
	EXPECT_ERR(raw_mmap(0, PAGE, RW, 3 | 0x200, wo, 0), EOPNOTSUPP);  /* 19 before 23 */
	EXPECT_ERR(raw_mmap(0, PAGE, RW, MAP_SHARED, wo, 0), EACCES);
	EXPECT_ERR(raw_mmap(0, PAGE, RW, MAP_SHARED, ends[1], 0), EACCES);
	EXPECT_ERR(raw_mmap(0, PAGE, RW, MAP_SHARED, ends[0], 0), EACCES); /* 20 before 25 */
	EXPECT_ERR(raw_mmap(0, PAGE, PROT_READ, MAP_SHARED, ends[0], 0), ENODEV);
	EXPECT_ERR(raw_mmap(0, PAGE, RW, MAP_PRIVATE | MAP_GROWSDOWN, ends[0], 0), ENODEV);
	EXPECT_ERR(raw_mmap(0, PAGE, RW, MAP_PRIVATE | MAP_GROWSDOWN, wo, 0), EACCES);
	EXPECT_ERR(raw_mmap(0, PAGE, RW, MAP_PRIVATE | MAP_GROWSDOWN, fd, 0), EINVAL);
}

TEST("ORD-5,FIX-4", "a limit that is exceeded leaves the old mapping")
{
	char *p = map_private(4, PROT_READ);

	set_limit(RLIMIT_AS, status_value("VmSize") * 1024);
	EXPECT_ERR(raw_mmap(p + PAGE, 64 * PAGE, RW, PRIVATE | MAP_FIXED, -1, 0), ENOMEM);
	EXPECT_ERR(raw_mmap(p, 64 * PAGE, RW, MAP_ANONYMOUS | MAP_FIXED, -1, 0),
		   EINVAL); /* 26 b. 29 */
	EXPECT_AREAS(p, 4, "4 r--p");
}

struct race {
	char *area;
	volatile int stop;
	volatile long unmapped;
};

static void *unmap(void *argument)
{
	struct race *race = argument;

	while (!race->stop) {
		if (raw_munmap(race->area, 32 * PAGE) == 0)
			race->unmapped++;
	}
	return NULL;
}

TEST("ORD-7", "another thread may unmap the range while it is populated")
{
	struct race race = {.area = free_range(32)};
	struct thread thread = thread_start(unmap, &race);

	for (int i = 0; i < 300 || race.unmapped < 50; i++) {
		EXPECT_EQ(raw_mmap(race.area, 32 * PAGE, RW, PRIVATE | MAP_FIXED | MAP_POPULATE, -1,
				   0),
			  race.area);
		if (i % 16 == 0)
			raw(SYS_sched_yield);
	}
	race.stop = 1;
	thread_join(thread);
	EXPECT_OK(raw_munmap(race.area, 32 * PAGE));
	EXPECT_AREAS(race.area, 32, "32 hole");
}

TEST("ORD-8,MLK-11", "after mlockall for the future mmap locks, counts and populates")
{
	long before;
	char *p;

	EXPECT_OK(raw_mlockall(MCL_FUTURE));
	before = status_value("VmLck");
	p = map_private(4, RW);
	EXPECT_EQ(status_value("VmLck"), before + 16);
	EXPECT_STR(resident(p, 4), "1111");
	EXPECT_OK(raw_munlockall());
	p = map_private(4, PROT_READ);
	EXPECT_STR(resident(p, 4), "0000");
	EXPECT_EQ(status_value("VmLck"), 0);
}

TEST("ORD-8,MLK-11", "after mlockall for the future mmap obeys the limit with EAGAIN")
{
	set_limits(RLIMIT_MEMLOCK, 2 * PAGE, 2 * PAGE);
	drop_privileges();
	EXPECT_OK(raw_mlockall(MCL_FUTURE));
	EXPECT_ERR(raw_mmap(0, 3 * PAGE, RW, PRIVATE, -1, 0), EAGAIN);
	EXPECT_OK(raw_mmap(0, 2 * PAGE, RW, PRIVATE, -1, 0));
	EXPECT_ERR(raw_mmap(0, PAGE, PROT_NONE, PRIVATE, -1, 0), EAGAIN);
}

/* A private writable mapping of `fd` at this offset is refused after it was charged. */
static void expect_refused(int fd, unsigned long offset, int error)
{
	long committed = meminfo_value("Committed_AS"), size = status_value("VmSize");
	int count = area_count();

	EXPECT_ERR(raw_mmap(0, 16 * PAGE, RW, MAP_PRIVATE, fd, offset), error);
	EXPECT_EQ(meminfo_value("Committed_AS"), committed);
	EXPECT_EQ(status_value("VmSize"), size);
	EXPECT_EQ(area_count(), count);
}

TEST("ORD-6", "a mapping that its file refuses is charged to nobody, and is not there")
{
	int fd;

	enter_tmpfs();
	EXPECT_OK(raw(SYS_mknod, "mem", S_IFCHR | 0600, 1 << 8 | 1));
	fd = raw_open("mem", O_RDWR, 0);
	if (fd < 0)
		SKIP("no /dev/mem, which refuses RAM");
	expect_refused(fd, 64 << 20, EPERM);
}

TEST("ORD-6", "without memory for the area or the object the charge is given back")
{
	char *place = free_range(16);
	int fd = temp_file(16 * PAGE);
	long committed;
	bool came = true;

	inject_ready();
	committed = meminfo_value("Committed_AS");
	for (int n = 1; came; n++) {
		long p;

		inject_start(n);
		p = raw_mmap(place, 16 * PAGE, RW, MAP_PRIVATE, fd, 0);
		came = inject_stop();
		if (p < 0) {
			EXPECT_ERR(p, ENOMEM);
			EXPECT_AREAS(place, 16, "16 hole");
			EXPECT_EQ(meminfo_value("Committed_AS"), committed);
			continue;
		}
		EXPECT_EQ(meminfo_value("Committed_AS"), committed + 64);
		EXPECT_OK(raw_munmap(p, 16 * PAGE));
	}
	EXPECT_EQ(meminfo_value("Committed_AS"), committed);
}
