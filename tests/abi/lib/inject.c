// SPDX-License-Identifier: MIT
/*
 * lib/inject.c - see lib/inject.h.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/inject.h"
#include "lib/sys.h"
#include "lib/task.h"
#include "lib/test.h"

/* A slab may hold an object more of its CPU's and so not go back. */
#define SLACK_KIB 16

/* Opened by each task for itself: the file is its own. */
static int fail_nth = -1, opened_by;

void inject_ready(void)
{
	if (opened_by != raw_gettid()) {
		raw_close(fail_nth);
		fail_nth = raw_open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC, 0);
		opened_by = raw_gettid();
	}
	if (fail_nth < 0)
		SKIP("no fault injection");
}

static void set(int nth)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%d", nth);

	inject_ready();
	EXPECT_EQ(raw_pwrite(fail_nth, text, len, 0), len);
}

void inject_start(int nth)
{
	set(nth);
}

bool inject_stop(void)
{
	char text[16] = {0};

	EXPECT(raw_pread(fail_nth, text, sizeof(text) - 1, 0) > 0);
	set(0);
	return strtol(text, NULL, 10) == 0;
}

/* The sum of the active objects in slabinfo. */
static long slab_objects(void)
{
	static char text[1 << 16];
	char name[64], *line;
	long sum = 0, active;

	if (read_file("/proc/slabinfo", text, sizeof(text)) <= 0)
		return 0;
	for (line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (sscanf(line, "%63s %ld", name, &active) == 2 && name[0] != '#')
			sum += active;
	}
	return sum;
}

static long number_after(const char *text, const char *name)
{
	const char *at = strstr(text, name);

	return at ? strtol(at + strlen(name), NULL, 10) : 0;
}

/* A CPU with nothing to do borrows the memory of who ran there last: that shall be this process. */
static void visit_cpus(void)
{
	unsigned long all[16] = {0}, one[16];

	EXPECT_OK(raw(SYS_sched_getaffinity, 0, sizeof(all), all));
	for (unsigned int cpu = 0; cpu < 8 * sizeof(all); cpu++) {
		unsigned int word = cpu / 64;

		if (!(all[word] >> cpu % 64 & 1))
			continue;
		memset(one, 0, sizeof(one));
		one[word] = 1UL << cpu % 64;
		EXPECT_OK(raw(SYS_sched_setaffinity, 0, sizeof(one), one));
	}
	EXPECT_OK(raw(SYS_sched_setaffinity, 0, sizeof(all), all));
}

struct usage usage_now(void)
{
	struct usage usage;
	char text[4096];

	visit_cpus();
	EXPECT_OK(read_file("/proc/meminfo", text, sizeof(text)));
	usage.committed_kib = number_after(text, "Committed_AS:");
	EXPECT_OK(read_file("/proc/sys/fs/file-nr", text, sizeof(text)));
	usage.files = strtol(text, NULL, 10);
	usage.free_kib = free_memory();
	usage.objects = slab_objects();
	return usage;
}

void usage_same(const char *file, int line, const struct usage *before, int nth)
{
	struct usage now;

	for (int tries = 0; tries < 200; tries++) {
		now = usage_now();
		if (now.free_kib >= before->free_kib - SLACK_KIB &&
		    now.objects <= before->objects && now.committed_kib == before->committed_kib &&
		    now.files == before->files)
			return;
		doze(1);
	}
	test_fail(file, line,
		  "after failure %d: free %ld -> %ld KiB, objects %ld -> %ld, committed %ld -> %ld "
		  "KiB, files %ld -> %ld",
		  nth, before->free_kib, now.free_kib, before->objects, now.objects,
		  before->committed_kib, now.committed_kib, before->files, now.files);
}
