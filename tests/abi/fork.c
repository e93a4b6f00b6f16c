// SPDX-License-Identifier: MIT
/*
 * tests/abi/fork.c - what the child's address space is made of (docs/contract/fork.md, sections 3
 * and 4).
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "lib/fault.h"
#include "lib/maps.h"
#include "lib/sys.h"
#include "lib/task.h"
#include "lib/test.h"

static long switches(void)
{
	return status_value("voluntary_ctxt_switches") + status_value("nonvoluntary_ctxt_switches");
}

TEST("CMM-1", "the child's faults and context switches are counted from 0")
{
	struct gate there = gate_new(), back = gate_new();
	char *p = map_private(600, RW);
	pid_t pid;

	for (int i = 0; i < 600; i++)
		p[i * PAGE] = 1;
	pid = test_fork();
	if (pid == 0) {
		for (int i = 0; i < 100; i++) {
			gate_pass(&there);
			gate_open(&back);
		}
		_exit(0);
	}
	for (int i = 0; i < 100; i++) {
		gate_open(&there);
		gate_pass(&back);
	}
	EXPECT_EXIT(pid, 0);
	EXPECT(stat_value(10) >= 600);
	EXPECT(switches() >= 50);
	pid = test_fork();
	if (pid == 0) {
		EXPECT(stat_value(10) < 300);
		EXPECT(switches() < 50);
		EXPECT_EQ(stat_value(12), 0); /* major faults */
		_exit(0);
	}
	EXPECT_EXIT(pid, 0);
}

TEST("CMM-5", "the child runs in the address space that was made for it")
{
	char *p = map_private(2, RW), *hole = free_range(2);
	pid_t pid;

	p[0] = 1;
	pid = test_fork();
	if (pid == 0) {
		EXPECT_EQ(p[0], 1);
		p[0] = 2;
		EXPECT_EQ(raw_mmap(hole, PAGE, RW, PRIVATE | MAP_FIXED_NOREPLACE, -1, 0),
			  (long)hole);
		hole[0] = 3;
		EXPECT_AREAS(hole, 2, "1 rw-p, 1 hole");
		EXPECT_OK(raw_munmap(p + PAGE, PAGE));
		_exit(0);
	}
	EXPECT_EXIT(pid, 0);
	EXPECT_EQ(p[0], 1);
	EXPECT_UNMAPPED(hole);
	EXPECT_AREAS(p, 2, "2 rw-p");
}

static int map_one(void *argument)
{
	*(long *)argument = raw_mmap(0, PAGE, RW, PRIVATE, -1, 0);
	return 0;
}

TEST("CMM-3", "CLONE_VM copies nothing and changes nothing")
{
	char *p = map_private(16, RW);
	uint64_t frame;
	long size, rss, where, pid;

	memset(p, 'x', 16 * PAGE);
	frame = pagemap(p);
	map_one(&where); /* allocates what the test itself needs */
	rss = rss_pages("RssAnon");
	size = status_value("VmSize");
	pid = clone_task(CLONE_VM | SIGCHLD, NULL, map_one, &where);
	EXPECT(pid > 0);
	EXPECT_EXIT(pid, 0);
	EXPECT(where > 0);
	EXPECT_EQ(raw_munmap(where, PAGE), 0); /* it is ours as well */
	EXPECT_EQ(pagemap(p), frame);
	EXPECT_EQ(status_value("VmSize"), size + 64); /* the stack of clone_task */
	EXPECT(rss_pages("RssAnon") <= rss + 2);
}

static void write_overcommit(long mode)
{
	long fd = raw_open("/proc/sys/vm/overcommit_memory", O_WRONLY, 0);
	char text[4] = {'0' + mode, '\n'};

	EXPECT_OK(fd);
	EXPECT_EQ(raw_write(fd, text, 2), 2);
	raw_close(fd);
}

static void fork_over_limit(void)
{
	long room = meminfo_value("CommitLimit") - meminfo_value("Committed_AS"), before;
	char *p = (char *)raw_mmap(0, (room / 4 * 3) << 10, RW, PRIVATE, -1, 0);
	pid_t pid;

	EXPECT_OK(p);
	p[0] = 'p';
	before = meminfo_value("Committed_AS");
	for (int i = 0; i < 3; i++)
		EXPECT_ERR(raw_fork(), ENOMEM);
	EXPECT_EQ(meminfo_value("Committed_AS"), before);
	EXPECT_ERR(raw_wait4(-1, NULL, 0), ECHILD);
	p[1] = 'q';
	EXPECT_EQ(p[0], 'p');
	EXPECT_OK(raw_munmap(p, (room / 4 * 3) << 10));
	pid = test_fork();
	if (pid == 0)
		_exit(0);
	EXPECT_EXIT(pid, 0);
}

/* The setting is everybody's: a process of its own fails, and it is restored in any case. */
TEST("CMM-4,DMM-7,DMP-5,UNW-4",
     "a fork beyond the commit limit is ENOMEM, and nothing stays charged")
{
	long old = read_number("/proc/sys/vm/overcommit_memory");
	int status;
	pid_t pid;

	if (meminfo_value("CommitLimit") - meminfo_value("Committed_AS") < 8192)
		SKIP("too little memory");
	write_overcommit(2);
	pid = raw_fork();
	if (pid == 0) {
		fork_over_limit();
		_exit(0);
	}
	while (raw_wait4(pid, &status, 0) == -EINTR)
		;
	write_overcommit(old);
	if (status != TEST_FAILED << 8)
		EXPECT_EQ(status, 0);
	else
		_exit(TEST_FAILED);
}

TEST("DMP-5,EXT-2", "what is promised to the child is charged, and returned when it ends")
{
	struct gate go = gate_new();
	long before, with;
	pid_t pid;

	map_private(2048, RW);
	raw_mmap(0, 1024 * PAGE, RW, SHARED, -1, 0);	     /* the object's, charged once */
	raw_mmap(0, 1024 * PAGE, PROT_READ, PRIVATE, -1, 0); /* not writable, not charged */
	before = meminfo_value("Committed_AS");
	pid = test_fork();
	if (pid == 0) {
		gate_pass(&go);
		_exit(0);
	}
	with = meminfo_value("Committed_AS");
	EXPECT(with >= before + 8192);
	EXPECT(with < before + 8192 + 2048);
	gate_open(&go);
	EXPECT_EXIT(pid, 0);
	EXPECT_EQ(meminfo_value("Committed_AS"), before);
}

/* What /proc/PID/stat tells of the layout: code, stack, data, brk, arguments, environment. */
static const int layout[] = {26, 27, 28, 45, 46, 47, 48, 49, 50, 51};
#define LAYOUT (sizeof(layout) / sizeof(layout[0]))

TEST("DMM-2", "layout, arguments and auxiliary vector are the parent's")
{
	char *mine = map_shared(4, RW), theirs[1024];
	long values[LAYOUT], len;
	pid_t pid;

	for (size_t i = 0; i < LAYOUT; i++)
		values[i] = stat_value(layout[i]);
	EXPECT(values[0] > 0 && values[1] > values[0] && values[6] > 0);
	len = EXPECT_OK(read_file("/proc/self/auxv", mine, 1024));
	EXPECT(len > 64);
	EXPECT(read_file("/proc/self/cmdline", mine + PAGE, 1024) > 0);
	pid = test_fork();
	if (pid == 0) {
		for (size_t i = 0; i < LAYOUT; i++)
			EXPECT_EQ(stat_value(layout[i]), values[i]);
		EXPECT_EQ(read_file("/proc/self/auxv", theirs, sizeof(theirs)), len);
		EXPECT_EQ(memcmp(mine, theirs, len), 0);
		EXPECT_OK(read_file("/proc/self/cmdline", theirs, sizeof(theirs)));
		EXPECT_STR(theirs, mine + PAGE);
		_exit(0);
	}
	EXPECT_EXIT(pid, 0);
}

TEST("DMM-3,SHR-2", "the child's address space is its own from the start")
{
	char *p = map_private(4, RW), *theirs;
	struct gate go = gate_new(), done = gate_new();
	pid_t pid;

	p[0] = 'a';
	pid = test_fork();
	if (pid == 0) {
		EXPECT_OK(raw_munmap(p + PAGE, 3 * PAGE));
		theirs = map_private(8, RW);
		theirs[0] = 1;
		EXPECT_EQ(raw_brk(raw_brk(0) + 4 * PAGE) > 0, 1);
		gate_open(&done);
		gate_pass(&go);
		EXPECT_AREAS(p, 4, "1 rw-p, 3 hole");
		_exit(0);
	}
	gate_pass(&done);
	EXPECT_AREAS(p, 4, "4 rw-p");
	EXPECT_OK(raw_mprotect(p, PAGE, PROT_READ));
	p[PAGE] = 'b';
	gate_open(&go);
	EXPECT_EXIT(pid, 0);
}

TEST("DMM-4",
     "nothing is locked or resident in the child but what was copied; the file is the same")
{
	char exe[256], theirs[256];
	char *p = map_private(64, RW);
	long rss, tables;
	pid_t pid;

	EXPECT_OK(raw_mlock(p, 16 * PAGE));
	memset(p, 1, 64 * PAGE);
	memset(exe, 0, sizeof(exe));
	EXPECT_OK(raw(SYS_readlink, "/proc/self/exe", exe, sizeof(exe) - 1));
	rss = rss_pages("RssAnon");
	tables = status_value("VmPTE");
	EXPECT(tables > 0);
	pid = test_fork();
	if (pid == 0) {
		EXPECT_EQ(status_value("VmLck"), 0);
		EXPECT_EQ(status_value("VmPin"), 0);
		EXPECT(rss_pages("RssAnon") >= 64);
		EXPECT(rss_pages("RssAnon") <= rss + 8);
		EXPECT(status_value("VmPTE") > 0);
		EXPECT(status_value("VmPTE") <= tables + 4);
		memset(theirs, 0, sizeof(theirs));
		EXPECT_OK(raw(SYS_readlink, "/proc/self/exe", theirs, sizeof(theirs) - 1));
		EXPECT_STR(theirs, exe);
		_exit(0);
	}
	EXPECT_EXIT(pid, 0);
	EXPECT_EQ(status_value("VmLck"), 64);
}

TEST("DMM-5", "mlockall for the future is not inherited, dumpable is")
{
	pid_t pid;

	EXPECT_OK(raw_mlockall(MCL_CURRENT | MCL_FUTURE));
	EXPECT_OK(raw(SYS_prctl, PR_SET_DUMPABLE, 0, 0, 0, 0));
	pid = test_fork();
	if (pid == 0) {
		char *p = map_private(4, RW);

		EXPECT_EQ(status_value("VmLck"), 0);
		EXPECT_STR(resident(p, 4), "0000");
		EXPECT_EQ(raw(SYS_prctl, PR_GET_DUMPABLE, 0, 0, 0, 0), 0);
		_exit(0);
	}
	EXPECT_EXIT(pid, 0);
	EXPECT(status_value("VmLck") > 0);
}

TEST("DMM-6,STS-4,STS-5", "the child's peaks are what it starts with")
{
	char *p = map_private(512, RW);
	pid_t pid;

	memset(p, 1, 512 * PAGE);
	EXPECT_OK(raw_munmap(p, 512 * PAGE));
	EXPECT(status_value("VmPeak") >= status_value("VmSize") + 2048);
	pid = test_fork();
	if (pid == 0) {
		EXPECT_EQ(status_value("VmPeak"), status_value("VmSize"));
		EXPECT(status_value("VmHWM") < status_value("VmRSS") + 400);
		_exit(0);
	}
	EXPECT_EXIT(pid, 0);
}

TEST("CLN-2", "pid, parent and process group of a child")
{
	pid_t self = getpid(), group = getpgid(0), session = getsid(0), pid = raw_fork();

	if (pid == 0) {
		EXPECT_EQ(raw(SYS_getppid), self);
		EXPECT_EQ(raw(SYS_getpid), raw_gettid());
		EXPECT_EQ(raw(SYS_getpgid, 0), group);
		EXPECT_EQ(raw(SYS_getsid, 0), session);
		EXPECT_EQ(task_value(raw(SYS_getpid), "PPid"), self);
		_exit(0);
	}
	EXPECT_EXIT(pid, 0);
}

TEST_SLOW("FST-1,COW-12", "a thousand children leave memory as it was", 90)
{
	char *p = map_private(16, RW);
	long before = 0;

	memset(p, 1, 16 * PAGE);
	for (int i = 0; i < 1100; i++) {
		pid_t pid;

		if (i == 100)
			before = free_memory();
		pid = raw_fork();
		if (pid == 0) {
			memset(p, 2, 4 * PAGE);
			raw(SYS_exit_group, 0);
		}
		EXPECT(pid > 0);
		EXPECT_EQ(wait_status(pid), 0);
	}
	for (int i = 0; i < 100 && free_memory() <= before - 1024; i++)
		doze(20); /* Linux frees a part of it later */
	EXPECT(free_memory() > before - 1024);
	EXPECT_EQ(p[0], 1);
}
