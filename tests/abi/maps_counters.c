// SPDX-License-Identifier: MIT
/*
 * tests/abi/maps_counters.c - the counters of an address space (docs/contract/mmap.md, section 23).
 */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "lib/fault.h"
#include "lib/maps.h"
#include "lib/sys.h"
#include "lib/test.h"

static int add_size(const struct area *area, void *context)
{
	*(unsigned long *)context += (area->end - area->start) / 1024;
	return 1;
}

static long size_of_areas(void)
{
	unsigned long kib = 0;

	for_each_area(add_size, &kib);
	return kib;
}

TEST("ACC-1,GEN-10", "VmSize is the sum of all areas, whatever was done to them")
{
	int fd = temp_file(4 * PAGE);
	char *p = map_private(20, RW);

	EXPECT_EQ(status_value("VmSize"), size_of_areas());
	EXPECT_OK(raw_munmap(p + 3 * PAGE, 2 * PAGE));
	EXPECT_OK(raw_mmap(p + 8 * PAGE, 4 * PAGE, PROT_READ, MAP_SHARED | MAP_FIXED, fd, 0));
	EXPECT_OK(raw_mprotect(p + 14 * PAGE, 3 * PAGE, PROT_NONE));
	EXPECT_OK(raw_mremap(p + 17 * PAGE, 3 * PAGE, 9 * PAGE, MREMAP_MAYMOVE, 0));
	EXPECT_OK(raw_mmap(0, 5 * PAGE, RW, PRIVATE | MAP_GROWSDOWN, -1, 0));
	raw_brk(raw_brk(0) + 7 * PAGE);
	EXPECT_EQ(status_value("VmSize"), size_of_areas());
	EXPECT_EQ(statm_value(1), size_of_areas() / 4);
	EXPECT_EQ(stat_value(23), size_of_areas() * 1024); /* vsize, in bytes */
}

TEST("ACC-2", "an area counts as code, stack or data by its first match")
{
	struct {
		int prot, flags;
		int exec, stack, data;
	} kinds[] = {
		{PROT_READ | PROT_EXEC, PRIVATE, 1, 0, 0},
		{PROT_EXEC, PRIVATE, 1, 0, 0},
		{PROT_READ | PROT_EXEC, SHARED, 1, 0, 0},
		{RWX, PRIVATE, 0, 0, 1},
		{RW, PRIVATE, 0, 0, 1},
		{PROT_WRITE, PRIVATE, 0, 0, 1},
		{RW, SHARED, 0, 0, 0},
		{PROT_READ, PRIVATE, 0, 0, 0},
		{PROT_NONE, PRIVATE, 0, 0, 0},
		{RW, PRIVATE | MAP_GROWSDOWN, 0, 1, 0},
		{PROT_READ, PRIVATE | MAP_GROWSDOWN, 0, 1, 0},
		{PROT_READ | PROT_EXEC, PRIVATE | MAP_GROWSDOWN, 0, 1, 0},
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		long exec = status_value("VmExe") + status_value("VmLib");
		long stack = status_value("VmStk"), data = status_value("VmData");
		long p = EXPECT_OK(raw_mmap(0, 10 * PAGE, kinds[i].prot, kinds[i].flags, -1, 0));

		exec = (status_value("VmExe") + status_value("VmLib") - exec) / 40;
		stack = (status_value("VmStk") - stack) / 40;
		data = (status_value("VmData") - data) / 40;
		if (exec != kinds[i].exec || stack != kinds[i].stack || data != kinds[i].data)
			FAIL("prot %d flags %#x counts as %ld exec, %ld stack, %ld data",
			     kinds[i].prot, kinds[i].flags, exec, stack, data);
		EXPECT_OK(raw_munmap(p, 10 * PAGE));
	}
}

TEST("ACC-3", "the resident counters are the pages present, by kind")
{
	int fd = temp_file(4 * PAGE);
	char *p = map_private(8, RW), *s = map_shared(8, RW), *f;
	long anon = rss_pages("RssAnon"), cache = rss_pages("RssShmem") + rss_pages("RssFile");

	for (int i = 0; i < 5; i++)
		p[i * PAGE] = 1;
	EXPECT_EQ(rss_pages("RssAnon"), anon + 5);
	for (int i = 0; i < 3; i++)
		s[i * PAGE] = 1;
	EXPECT_EQ(rss_pages("RssShmem") + rss_pages("RssFile"), cache + 3);
	f = (char *)EXPECT_OK(raw_mmap(0, 4 * PAGE, RW, MAP_PRIVATE | MAP_POPULATE, fd, 0));
	EXPECT_EQ(rss_pages("RssAnon"), anon + 9); /* populated by writing */
	EXPECT_EQ(rss_pages("VmRSS"),
		  rss_pages("RssAnon") + rss_pages("RssShmem") + rss_pages("RssFile"));
	EXPECT_OK(raw_madvise(p, 2 * PAGE, MADV_DONTNEED));
	EXPECT_EQ(rss_pages("RssAnon"), anon + 7);
	EXPECT_OK(raw_munmap(f, 4 * PAGE));
	EXPECT_OK(raw_munmap(s, 8 * PAGE));
	EXPECT_OK(raw_munmap(p, 8 * PAGE));
	EXPECT_EQ(rss_pages("RssAnon"), anon);
	EXPECT_EQ(rss_pages("RssShmem") + rss_pages("RssFile"), cache);
}

TEST("ACC-3", "mprotect, mremap and fork keep the resident counters right")
{
	char *p = map_alone(6, RW), *q;
	long anon;
	pid_t pid;

	memset(p, 1, 6 * PAGE);
	anon = rss_pages("RssAnon");
	EXPECT_OK(raw_mprotect(p, 6 * PAGE, PROT_NONE));
	EXPECT_EQ(rss_pages("RssAnon"), anon);
	EXPECT_OK(raw_mprotect(p, 6 * PAGE, RW));
	q = (char *)EXPECT_OK(raw_mremap(p, 6 * PAGE, 9 * PAGE, MREMAP_MAYMOVE, 0));
	EXPECT_EQ(rss_pages("RssAnon"), anon);
	pid = test_fork();
	if (pid == 0) {
		long mine = rss_pages("RssAnon");

		q[0] = 2; /* a copy replaces the shared page */
		EXPECT_EQ(rss_pages("RssAnon"), mine);
		EXPECT_OK(raw_munmap(q, 9 * PAGE));
		EXPECT_EQ(rss_pages("RssAnon"), mine - 6);
		_exit(0);
	}
	EXPECT_EXIT(pid, 0);
	q[PAGE] = 2;
	EXPECT_EQ(rss_pages("RssAnon"), anon);
	EXPECT_OK(raw_munmap(q, 9 * PAGE));
	EXPECT_EQ(rss_pages("RssAnon"), anon - 6);
}

TEST("ACC-4", "the peaks are never below the present values, and stay")
{
	char *p = map_private(300, RW);
	long peak, high;

	EXPECT_OK(raw_madvise(p, 300 * PAGE, MADV_NOHUGEPAGE));
	memset(p, 1, 300 * PAGE);
	rss_pages("VmRSS");
	peak = status_value("VmPeak");
	high = status_value("VmHWM");
	EXPECT(peak >= status_value("VmSize"));
	EXPECT(high >= status_value("VmRSS"));
	EXPECT(high >= 1200);
	EXPECT_OK(raw_munmap(p, 300 * PAGE));
	EXPECT(status_value("VmPeak") >= peak);
	EXPECT(status_value("VmHWM") >= high);
	EXPECT(status_value("VmSize") <= peak - 1200);
}

TEST("ACC-5", "a move does not raise the peak by the double mapping")
{
	char *p = map_alone(512, PROT_READ), *to = free_range(512);
	long peak = status_value("VmPeak"), size = status_value("VmSize");

	if (peak < size)
		peak = size;
	EXPECT_OK(raw_mremap(p, 512 * PAGE, 512 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, to));
	EXPECT_EQ(status_value("VmSize"), size);
	EXPECT_EQ(status_value("VmPeak"), peak);
}

TEST("ACC-6", "VmLck is the pages of locked areas")
{
	char *p = map_private(10, RW), *none = map_private(3, PROT_NONE);

	EXPECT_OK(raw_mlock(p + PAGE, 4 * PAGE));
	EXPECT_ERR(raw_mlock(none, 3 * PAGE), ENOMEM);
	EXPECT_EQ(status_value("VmLck"), 28);
	EXPECT_OK(raw_mmap(p + 2 * PAGE, PAGE, RW, PRIVATE | MAP_FIXED, -1, 0));
	EXPECT_EQ(status_value("VmLck"), 24);
}
