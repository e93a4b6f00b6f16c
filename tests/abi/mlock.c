// SPDX-License-Identifier: MIT
/*
 * tests/abi/mlock.c - the mlock family (docs/contract/mmap.md, section 18).
 */
#include <fcntl.h>
#include <unistd.h>

#include "lib/fault.h"
#include "lib/maps.h"
#include "lib/sys.h"
#include "lib/test.h"

static long locked(void)
{
	return status_value("VmLck") / 4;
}

TEST("MLK-1", "the range is widened to whole pages")
{
	char *p = map_private(4, RW);

	EXPECT_EQ(raw_mlock(p + 10, 1), 0);
	EXPECT_EQ(locked(), 1);
	EXPECT_EQ(raw_munlock(p + 4000, 50), 0);
	EXPECT_EQ(locked(), 0);
	EXPECT_EQ(raw_mlock(p + PAGE - 1, 2), 0);
	EXPECT_EQ(locked(), 2);
	EXPECT_EQ(raw_mlock(p + PAGE - 1, 2 * PAGE + 2), 0);
	EXPECT_EQ(locked(), 4);
	EXPECT_EQ(raw_munlock(p + PAGE, 1), 0);
	EXPECT_EQ(locked(), 3);
}

TEST("MLK-2", "without the capability a limit of 0 is EPERM, unlocking is always allowed")
{
	char *p = map_private(2, RW);

	EXPECT_OK(raw_mlock(p, PAGE));
	set_limits(RLIMIT_MEMLOCK, 0, 0);
	EXPECT_OK(raw_mlock(p + PAGE, PAGE)); /* CAP_IPC_LOCK */
	EXPECT_OK(raw_munlock(p + PAGE, PAGE));
	drop_privileges();
	EXPECT_ERR(raw_mlock(p, PAGE), EPERM);
	EXPECT_ERR(raw_mlock(p, 0), EPERM);
	EXPECT_ERR(raw_mlock(free_range(1), PAGE), EPERM);
	EXPECT_ERR(raw_mlockall(MCL_CURRENT), EPERM);
	EXPECT_ERR(raw_mmap(0, PAGE, RW, PRIVATE | MAP_LOCKED, -1, 0), EPERM);
	EXPECT_EQ(raw_munlock(p, PAGE), 0);
	EXPECT_EQ(raw_munlockall(), 0);
	EXPECT_EQ(locked(), 0);
}

TEST("MLK-3", "over the limit is ENOMEM, pages locked already do not count twice")
{
	char *p = map_private(8, RW);

	set_limits(RLIMIT_MEMLOCK, 4 * PAGE, 4 * PAGE);
	drop_privileges();
	EXPECT_ERR(raw_mlock(p, 5 * PAGE), ENOMEM);
	EXPECT_EQ(locked(), 0);
	EXPECT_EQ(raw_mlock(p, 3 * PAGE), 0);
	EXPECT_ERR(raw_mlock(p + 4 * PAGE, 2 * PAGE), ENOMEM);
	EXPECT_EQ(raw_mlock(p + PAGE, 3 * PAGE), 0); /* two of three are locked */
	EXPECT_EQ(locked(), 4);
	EXPECT_ERR(raw_mlock(p + 7 * PAGE, 1), ENOMEM);
	EXPECT_EQ(raw_mlock(p, 4 * PAGE), 0);
	EXPECT_EQ(raw_munlock(p, PAGE), 0);
	EXPECT_EQ(raw_mlock(p + 7 * PAGE, 1), 0);
}

TEST("MLK-3,LIM-4", "the default limit is 8 MiB, soft and hard")
{
	struct {
		unsigned long soft, hard;
	} limit;

	EXPECT_OK(raw(SYS_prlimit64, 0, RLIMIT_MEMLOCK, NULL, &limit));
	EXPECT_EQ(limit.soft, 8 << 20);
	EXPECT_EQ(limit.hard, 8 << 20);
}

TEST("MLK-4", "empty, wrapping and unmapped ranges")
{
	char *p = map_private(2, RW), *hole = free_range(1);

	EXPECT_EQ(raw_mlock(p, 0), 0);
	EXPECT_EQ(raw_mlock(hole, 0), 0);
	EXPECT_EQ(raw_mlock(p, -1L), 0); /* rounds to 0 */
	EXPECT_EQ(raw_munlock(p, -1L), 0);
	EXPECT_EQ(locked(), 0);
	drop_privileges(); /* with the capability the size does not matter */
	EXPECT_ERR(raw_munlock(p, -PAGE), EINVAL);
	EXPECT_ERR(raw_munlock(hole, PAGE), ENOMEM);
	EXPECT_ERR(raw_mlock(hole, PAGE), ENOMEM);
	EXPECT_ERR(raw_mlock(0, PAGE), ENOMEM);
}

TEST("MLK-4", "a start plus length that wraps is EINVAL")
{
	char *p = map_private(2, RW);

	EXPECT_ERR(raw_mlock(p, -PAGE), EINVAL);
	EXPECT_EQ(locked(), 0);
}

TEST("MLK-4", "below a hole the range is locked and counted, then ENOMEM")
{
	char *p = map_alone(5, RW);

	EXPECT_OK(raw_munmap(p + 2 * PAGE, PAGE));
	EXPECT_ERR(raw_mlock(p, 5 * PAGE), ENOMEM);
	EXPECT_EQ(locked(), 2);
	EXPECT_EQ(smaps_value(p, "Size"), 8);
	EXPECT(has_flag(p, "lo"));
	EXPECT_ERR(raw_munlock(p, 5 * PAGE), ENOMEM);
	EXPECT_EQ(locked(), 0);
}

TEST("MLK-5", "mlock makes every page present, private writable ones by writing")
{
	char *p = map_alone(4, RW), *ro = map_alone(2, PROT_READ);
	long anon = rss_pages("RssAnon");

	EXPECT_EQ(raw_mlock(p, 4 * PAGE), 0);
	EXPECT_STR(resident(p, 4), "1111");
	EXPECT_EQ(rss_pages("RssAnon"), anon + 4);
	EXPECT_EQ(smaps_value(p, "Rss"), 16);
	EXPECT_EQ(smaps_value(p, "Locked"), 16);
	EXPECT_EQ(raw_mlock(ro, 2 * PAGE), 0);
	EXPECT_STR(resident(ro, 2), "11");
	EXPECT_EQ(rss_pages("RssAnon"), anon + 4);
}

TEST("MLK-5", "mlock of a private file mapping copies where it may be written")
{
	int fd = temp_file(2 * PAGE);
	char *rw = (char *)EXPECT_OK(raw_mmap(0, PAGE, RW, MAP_PRIVATE, fd, 0));
	char *ro = (char *)EXPECT_OK(raw_mmap(0, PAGE, PROT_READ, MAP_PRIVATE, fd, PAGE));

	EXPECT_EQ(raw_mlock(rw, PAGE), 0);
	EXPECT_EQ(raw_mlock(ro, PAGE), 0);
	EXPECT_EQ(raw_pwrite(fd, "!", 1, 0), 1);
	EXPECT_EQ(raw_pwrite(fd, "!", 1, PAGE), 1);
	EXPECT_EQ((unsigned char)rw[0], file_byte(0));
	EXPECT_EQ(ro[0], '!');
}

TEST("MLK-6", "mlock of memory without access is ENOMEM, yet it is locked")
{
	char *p = map_private(3, PROT_NONE);

	EXPECT_ERR(raw_mlock(p, 3 * PAGE), ENOMEM);
	EXPECT_EQ(locked(), 3);
	EXPECT(has_flag(p, "lo"));
	EXPECT_STR(resident(p, 3), "000");
}

TEST("MLK-7", "locks do not stack")
{
	char *p = map_private(2, RW);

	for (int i = 0; i < 3; i++) {
		EXPECT_EQ(raw_mlock(p, 2 * PAGE), 0);
		EXPECT_EQ(locked(), 2);
	}
	EXPECT_EQ(raw_munlock(p, 2 * PAGE), 0);
	EXPECT_EQ(locked(), 0);
	EXPECT(!has_flag(p, "lo"));
	EXPECT_STR(resident(p, 2), "11"); /* the pages stay */
	EXPECT_EQ(raw_munlock(p, 2 * PAGE), 0);
}

TEST("MLK-9", "mlock2 knows one flag, and looks at it before the permission")
{
	char *p = map_private(2, RW);

	EXPECT_ERR(raw_mlock2(p, PAGE, 2), EINVAL);
	EXPECT_ERR(raw_mlock2(p, PAGE, -1), EINVAL);
	EXPECT_EQ(raw_mlock2(p, PAGE, 0), 0);
	EXPECT_STR(resident(p, 2), "10");
	set_limits(RLIMIT_MEMLOCK, 0, 0);
	drop_privileges();
	EXPECT_ERR(raw_mlock2(p, PAGE, 2), EINVAL);
	EXPECT_ERR(raw_mlock2(p, PAGE, 1), EPERM);
}

TEST("MLK-9", "ONFAULT counts at once and populates as pages are touched")
{
	char *p = map_private(4, RW);

	EXPECT_EQ(raw_mlock2(p, 4 * PAGE, 1), 0);
	EXPECT_EQ(locked(), 4);
	EXPECT_STR(resident(p, 4), "0000");
	EXPECT(has_flag(p, "lo"));
	p[PAGE] = 1;
	EXPECT_STR(resident(p, 4), "0100");
	EXPECT_EQ(raw_mlock(p, 4 * PAGE), 0);
	EXPECT_STR(resident(p, 4), "1111");
	EXPECT_EQ(locked(), 4);
}

TEST("MLK-10", "mlockall's flags are checked before the permission")
{
	EXPECT_ERR(raw_mlockall(0), EINVAL);
	EXPECT_ERR(raw_mlockall(8), EINVAL);
	EXPECT_ERR(raw_mlockall(MCL_ONFAULT), EINVAL);
	EXPECT_ERR(raw_mlockall(-1), EINVAL);
	set_limits(RLIMIT_MEMLOCK, 0, 0);
	drop_privileges();
	EXPECT_ERR(raw_mlockall(0), EINVAL);
	EXPECT_ERR(raw_mlockall(MCL_FUTURE), EPERM);
}

TEST("MLK-10,MLK-12", "mlockall locks everything there is, munlockall nothing")
{
	char *p = map_private(3, RW), *none = map_private(1, PROT_NONE);

	EXPECT_EQ(raw_mlockall(MCL_CURRENT), 0);
	EXPECT_STR(resident(p, 3), "111");
	EXPECT(has_flag(p, "lo"));
	EXPECT(has_flag(none, "lo"));
	EXPECT(locked() >= 4);
	EXPECT_STR(resident(map_private(1, RW), 1), "0"); /* not the future */
	EXPECT_EQ(raw_munlockall(), 0);
	EXPECT_EQ(locked(), 0);
	EXPECT(!has_flag(p, "lo"));
}

TEST("MLK-10", "mlockall of more than the limit is ENOMEM, of the future alone it is not")
{
	set_limits(RLIMIT_MEMLOCK, PAGE, PAGE);
	drop_privileges();
	EXPECT_ERR(raw_mlockall(MCL_CURRENT), ENOMEM);
	EXPECT_EQ(locked(), 0);
	EXPECT_EQ(raw_mlockall(MCL_FUTURE), 0);
	EXPECT_ERR(raw_mmap(0, 2 * PAGE, RW, PRIVATE, -1, 0), EAGAIN);
}

TEST("MLK-11", "a second mlockall without FUTURE cancels it, munlockall as well")
{
	EXPECT_EQ(raw_mlockall(MCL_CURRENT | MCL_FUTURE), 0);
	EXPECT_STR(resident(map_private(2, RW), 2), "11");
	EXPECT_EQ(raw_mlockall(MCL_CURRENT), 0);
	EXPECT_STR(resident(map_private(2, RW), 2), "00");
	EXPECT_EQ(raw_mlockall(MCL_FUTURE | MCL_ONFAULT), 0);
	EXPECT_STR(resident(map_private(2, RW), 2), "00");
	EXPECT_EQ(raw_munlockall(), 0);
	map_private(2, RW);
	EXPECT_EQ(locked(), 0);
}

int test_child(int argc, char **argv)
{
	EXPECT_EQ(locked(), 0);
	EXPECT_STR(resident(map_private(1, RW), 1), "0");
	return 0;
}

TEST("MLK-13", "a forked child inherits no locks, and neither does the future")
{
	char *p = map_private(2, RW);
	pid_t pid;

	EXPECT_EQ(raw_mlockall(MCL_CURRENT | MCL_FUTURE), 0);
	pid = test_fork();
	if (pid == 0) {
		EXPECT_EQ(locked(), 0);
		EXPECT(!has_flag(p, "lo"));
		EXPECT_STR(resident(map_private(1, RW), 1), "0");
		_exit(0);
	}
	EXPECT_EXIT(pid, 0);
	EXPECT(locked() >= 2);
}

TEST("MLK-13", "locks vanish at exec")
{
	EXPECT_EQ(raw_mlockall(MCL_CURRENT | MCL_FUTURE), 0);
	test_exec((const char *const[]){"exec", NULL});
}

TEST("MLK-15", "mlock beyond the end of a file is ENOMEM")
{
	int fd = temp_file(PAGE);
	char *p = (char *)EXPECT_OK(raw_mmap(0, 2 * PAGE, RW, MAP_SHARED, fd, 0));

	EXPECT_ERR(raw_mlock(p, 2 * PAGE), ENOMEM);
	EXPECT_EQ(locked(), 2);
	EXPECT_EQ(raw_mlock(p, PAGE), 0);
}

TEST("MLK-16", "unmapping locked memory lowers the count")
{
	char *p = map_private(6, RW);

	EXPECT_EQ(raw_mlock(p, 6 * PAGE), 0);
	EXPECT_OK(raw_munmap(p + 2 * PAGE, 2 * PAGE));
	EXPECT_EQ(locked(), 4);
	EXPECT_OK(raw_mmap(p, PAGE, RW, PRIVATE | MAP_FIXED, -1, 0));
	EXPECT_EQ(locked(), 3);
	EXPECT_OK(raw_munmap(p, 6 * PAGE));
	EXPECT_EQ(locked(), 0);
}
