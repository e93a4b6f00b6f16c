// SPDX-License-Identifier: MIT
/*
 * tests/abi/lazyfree.c - memory given up with MADV_FREE, and what becomes of it when memory is short
 * (docs/contract/mmap.md, section 15).
 *
 * Linux marks pages in batches, a CPU at a time: a few of those given up last keep their mark back,
 * so these tests count with many pages and ask for most of them.
 */
#include <stdio.h>
#include <string.h>

#include "lib/maps.h"
#include "lib/sys.h"
#include "lib/task.h"
#include "lib/test.h"

#define MANY 256 /* pages */

static char *given_up(size_t pages)
{
	char *p = map_alone(pages, RW);

	for (size_t i = 0; i < pages; i++)
		memset(p + i * PAGE, 'x', 64);
	EXPECT_OK(raw_madvise(p, pages * PAGE, MADV_FREE));
	return p;
}

TEST("MADV-11,PROC-7", "pages given up stay, are counted as LazyFree, and a store keeps them")
{
	char *p = given_up(MANY);
	long lazy = smaps_value(p, "LazyFree");

	EXPECT(lazy >= MANY * 4 / 2 && lazy <= MANY * 4);
	EXPECT_EQ(smaps_value(p, "Rss"), MANY * 4);
	EXPECT_EQ(smaps_value(p, "Anonymous"), MANY * 4);
	for (int i = 0; i < MANY; i++)
		EXPECT(p[i * PAGE] == 'x' || p[i * PAGE] == 0);
	for (int i = 0; i < MANY; i++)
		p[i * PAGE] = 'y';
	EXPECT_EQ(smaps_value(p, "LazyFree"), 0);
	EXPECT_EQ(smaps_value(p, "Private_Dirty"), MANY * 4);
	EXPECT_OK(raw_madvise(p, MANY * PAGE, MADV_FREE));
	EXPECT_OK(raw_madvise(p, MANY * PAGE, MADV_DONTNEED));
	EXPECT_EQ(smaps_value(p, "Rss"), 0);
}

TEST("MADV-11", "they are counted in /proc/vmstat")
{
	long before = vmstat_value("pglazyfree");

	given_up(MANY);
	EXPECT(vmstat_value("pglazyfree") >= before + MANY / 2);
}

TEST("MADV-11,MADV-9", "a page that a child still shares keeps its data there")
{
	char *p = map_private(MANY, RW);
	pid_t pid;
	int pipe[2];
	char c;

	memset(p, 'x', MANY * PAGE);
	EXPECT_OK(raw(SYS_pipe2, pipe, 0));
	pid = test_fork();
	if (pid == 0) {
		EXPECT_EQ(raw_read(pipe[0], &c, 1), 1);
		for (unsigned long i = 0; i < MANY * PAGE; i += 64)
			EXPECT_EQ(p[i], 'x');
		raw(SYS_exit_group, 0);
	}
	EXPECT_OK(raw_madvise(p, MANY * PAGE, MADV_FREE));
	EXPECT_EQ(raw_write(pipe[1], "x", 1), 1);
	EXPECT_EXIT(pid, 0);
}

TEST("MADV-11", "a child gets either, and what it writes is its own")
{
	char *p = given_up(MANY);
	pid_t pid = test_fork();

	for (int i = 0; i < MANY; i++) {
		EXPECT(p[i * PAGE] == 'x' || p[i * PAGE] == 0);
		p[i * PAGE] = pid ? 'p' : 'c';
		p[i * PAGE + 1] = i;
	}
	for (int i = 0; i < MANY; i++) {
		EXPECT_EQ(p[i * PAGE], pid ? 'p' : 'c');
		EXPECT_EQ(p[i * PAGE + 1], (char)i);
	}
	if (!pid)
		raw(SYS_exit_group, 0);
	EXPECT_EXIT(pid, 0);
}

/* Every 16th page was written to after it was given up. */
static void check_survivors(const char *p, size_t pages)
{
	size_t zero = 0;

	for (size_t i = 0; i < pages; i++) {
		const char *at = p + i * PAGE;

		if (i % 16 == 0) {
			EXPECT_EQ(at[1], 'k');
			continue;
		}
		EXPECT(at[1] == 'x' || at[1] == 0);
		zero += at[1] == 0;
	}
	EXPECT(zero > pages / 8);
}

TEST_SLOW("MADV-11,MLK-5", "when memory is short they are taken back, and nobody is killed", 120)
{
	size_t available = meminfo_value("MemAvailable") / 4, lazy = available / 2;
	long kills = vmstat_value("oom_kill"), freed = vmstat_value("pglazyfreed");
	char *locked = given_up(64), *p = given_up(lazy), *q;

	EXPECT_OK(raw_mlock(locked, 64 * PAGE));
	for (size_t i = 0; i < lazy; i += 16)
		p[i * PAGE + 1] = 'k';
	q = map_private(available * 3 / 4, RW);
	for (size_t i = 0; i < available * 3 / 4; i++)
		q[i * PAGE] = 'q';
	EXPECT_EQ(vmstat_value("oom_kill"), kills);
	EXPECT(vmstat_value("pglazyfreed") > freed + (long)lazy / 8);
	check_survivors(p, lazy);
	for (size_t i = 0; i < available * 3 / 4; i++)
		EXPECT_EQ(q[i * PAGE], 'q');
	for (int i = 0; i < 64; i++)
		EXPECT_EQ(pagemap(locked + i * PAGE) & PM_PRESENT, PM_PRESENT);
}
