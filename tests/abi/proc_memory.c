// SPDX-License-Identifier: MIT
/*
 * tests/abi/proc_memory.c - the memory of the whole system: meminfo, vmstat, buddyinfo, slabinfo
 * (docs/contract/mmap.md, PROC-20).
 *
 * Linux has more lines in meminfo and vmstat: what both have must stand in its order and form.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/maps.h"
#include "lib/sys.h"
#include "lib/test.h"

static char text[1 << 16];

static void read_text(const char *path)
{
	EXPECT(read_file(path, text, sizeof(text)) > 0);
}

/* The next line, or NULL. */
static char *next_line(char **at)
{
	char *line = *at, *end = strchr(line, '\n');

	if (!end)
		return NULL;
	*end = 0;
	*at = end + 1;
	return line;
}

/* Each name stands at the start of a line below the one before. */
static void expect_order(const char *const *names)
{
	const char *at = text;

	for (; *names; names++) {
		char want[64];
		const char *found;

		snprintf(want, sizeof(want), "\n%s", *names);
		found = strncmp(at, *names, strlen(*names)) ? strstr(at, want) : at;
		if (!found)
			FAIL("no line %s, or not in order", *names);
		at = found + 1;
	}
}

TEST("PROC-20", "meminfo has its lines in order, each in its columns")
{
	static const char *const names[] = {"MemTotal:",
					    "MemFree:",
					    "MemAvailable:",
					    "Buffers:",
					    "Cached:",
					    "SwapCached:",
					    "Active:",
					    "Inactive:",
					    "Active(anon):",
					    "Inactive(anon):",
					    "Active(file):",
					    "Inactive(file):",
					    "Unevictable:",
					    "Mlocked:",
					    "SwapTotal:",
					    "SwapFree:",
					    "Dirty:",
					    "Writeback:",
					    "AnonPages:",
					    "Mapped:",
					    "Shmem:",
					    "KReclaimable:",
					    "Slab:",
					    "SReclaimable:",
					    "SUnreclaim:",
					    "KernelStack:",
					    "PageTables:",
					    "SecPageTables:",
					    "NFS_Unstable:",
					    "Bounce:",
					    "WritebackTmp:",
					    "CommitLimit:",
					    "Committed_AS:",
					    "VmallocTotal:",
					    "VmallocUsed:",
					    "VmallocChunk:",
					    NULL};
	char *at = text, *line, again[128], name[32];
	unsigned long value;

	read_text("/proc/meminfo");
	expect_order(names);
	while ((line = next_line(&at))) {
		EXPECT_EQ(sscanf(line, "%31s %lu", name, &value), 2);
		if (strncmp(name, "HugePages_", 10) == 0 || strlen(name) > 16)
			continue; /* forms of their own, which only Linux has */
		snprintf(again, sizeof(again), "%-15s %8lu kB", name, value);
		EXPECT_STR(line, again);
	}
	EXPECT_EQ(meminfo_value("VmallocTotal"), 34359738367);
	EXPECT_EQ(meminfo_value("SwapTotal"), 0);
}

TEST("PROC-20", "meminfo follows what is mapped and touched")
{
	long anon = meminfo_value("AnonPages"), shmem = meminfo_value("Shmem");
	char *p = map_private(1024, RW), *q = map_shared(1024, RW);

	for (int i = 0; i < 1024; i++)
		p[i * PAGE] = q[i * PAGE] = 1;
	EXPECT(meminfo_value("AnonPages") >= anon + 3500);
	EXPECT(meminfo_value("Shmem") >= shmem + 3500);
	EXPECT_OK(raw_mlock(p, 512 * PAGE));
	EXPECT(meminfo_value("Mlocked") >= 2000);
	EXPECT_OK(raw_munmap(p, 1024 * PAGE));
	EXPECT_OK(raw_munmap(q, 1024 * PAGE));
	EXPECT(meminfo_value("Shmem") < shmem + 1000);
}

TEST("PROC-20", "vmstat has its counters in order")
{
	static const char *const names[] = {"nr_free_pages ",
					    "nr_mlock ",
					    "nr_slab_reclaimable ",
					    "nr_slab_unreclaimable ",
					    "nr_anon_pages ",
					    "nr_mapped ",
					    "nr_file_pages ",
					    "nr_dirty ",
					    "nr_writeback ",
					    "nr_shmem ",
					    "nr_kernel_stack ",
					    "nr_page_table_pages ",
					    "pgalloc_normal ",
					    "allocstall_normal ",
					    "pgfree ",
					    "pglazyfree ",
					    "pgfault ",
					    "pgmajfault ",
					    "pglazyfreed ",
					    "pgreuse ",
					    "drop_pagecache ",
					    "drop_slab ",
					    "oom_kill ",
					    NULL};
	char *at = text, *line, again[128], name[64];
	unsigned long value;

	read_text("/proc/vmstat");
	expect_order(names);
	while ((line = next_line(&at))) {
		EXPECT_EQ(sscanf(line, "%63s %lu", name, &value), 2);
		snprintf(again, sizeof(again), "%s %lu", name, value);
		EXPECT_STR(line, again);
	}
}

TEST("PROC-20,LIM-12", "drop_caches is counted by kind")
{
	long pages = vmstat_value("drop_pagecache"), slabs = vmstat_value("drop_slab");
	int fd = EXPECT_OK(raw_open("/proc/sys/vm/drop_caches", O_WRONLY, 0));

	EXPECT_EQ(raw_pwrite(fd, "1", 1, 0), 1);
	EXPECT_EQ(vmstat_value("drop_pagecache"), pages + 1);
	EXPECT_EQ(vmstat_value("drop_slab"), slabs);
	EXPECT_EQ(raw_pwrite(fd, "3", 1, 0), 1);
	EXPECT_EQ(vmstat_value("drop_pagecache"), pages + 2);
	EXPECT_EQ(vmstat_value("drop_slab"), slabs + 1);
	EXPECT_ERR(raw_pwrite(fd, "0", 1, 0), EINVAL);
	EXPECT_ERR(raw_pwrite(fd, "5", 1, 0), EINVAL);
}

TEST("PROC-20", "buddyinfo has eleven orders for each zone")
{
	char *at = text, *line, again[256], zone[16];
	unsigned long n[11];
	int len;

	read_text("/proc/buddyinfo");
	while ((line = next_line(&at))) {
		EXPECT_EQ(sscanf(line,
				 "Node 0, zone %15s %lu %lu %lu %lu %lu %lu %lu %lu %lu %lu "
				 "%lu",
				 zone, &n[0], &n[1], &n[2], &n[3], &n[4], &n[5], &n[6], &n[7],
				 &n[8], &n[9], &n[10]),
			  12);
		len = sprintf(again, "Node 0, zone %8s ", zone);
		for (int i = 0; i < 11; i++)
			len += sprintf(again + len, "%6lu ", n[i]);
		EXPECT_STR(line, again);
	}
}

TEST("PROC-20", "slabinfo is version 2.1, for root alone")
{
	char *at = text, *line, again[256], name[64];
	unsigned long active, total, size, per, pages, slabs, all;
	struct stat st;

	read_text("/proc/slabinfo");
	EXPECT_STR(next_line(&at), "slabinfo - version: 2.1");
	EXPECT_STR(
		next_line(&at),
		"# name            <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab>"
		" : tunables <limit> <batchcount> <sharedfactor>"
		" : slabdata <active_slabs> <num_slabs> <sharedavail>");
	while ((line = next_line(&at))) {
		EXPECT_EQ(sscanf(line,
				 "%63s %lu %lu %lu %lu %lu : tunables 0 0 0 : slabdata %lu "
				 "%lu 0",
				 name, &active, &total, &size, &per, &pages, &slabs, &all),
			  8);
		EXPECT(active <= total && slabs <= all && per * size <= pages * PAGE);
		snprintf(again, sizeof(again),
			 "%-17s %6lu %6lu %6lu %4lu %4lu : tunables %4u %4u %4u : slabdata %6lu "
			 "%6lu %6u",
			 name, active, total, size, per, pages, 0, 0, 0, slabs, all, 0);
		EXPECT_STR(line, again);
	}
	EXPECT_OK(raw(SYS_stat, "/proc/slabinfo", &st));
	EXPECT_EQ(st.st_mode, S_IFREG | 0400);
}
