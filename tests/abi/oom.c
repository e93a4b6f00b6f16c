// SPDX-License-Identifier: MIT
/*
 * tests/abi/oom.c - no memory is left: who is killed, and what is said about it
 * (docs/contract/mmap.md, FLT-21).
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/maps.h"
#include "lib/sys.h"
#include "lib/task.h"
#include "lib/test.h"

#define MIB (1UL << 20)

static void set_adj(int adj)
{
	int fd = EXPECT_OK(raw_open("/proc/self/oom_score_adj", O_WRONLY, 0));
	char text[16];
	int len = snprintf(text, sizeof(text), "%d", adj);

	EXPECT_EQ(raw_write(fd, text, len), len);
	raw_close(fd);
}

/*
 * Takes memory until more have been killed than these, or for ever if that is -1. The count rises
 * before a victim's memory comes back, so that none of it is taken.
 */
static void eat(long kills)
{
	while (kills < 0 || vmstat_value("oom_kill") == kills) {
		char *p = (char *)raw_mmap(0, MIB, RW, PRIVATE, -1, 0);

		if ((unsigned long)p > -4096UL)
			raw(SYS_exit_group, 3);
		for (unsigned long i = 0; i < MIB; i += PAGE)
			p[i] = 1;
	}
}

/* /dev/kmsg from now on. */
static int log_open(void)
{
	int fd = raw_open("/dev/kmsg", O_RDONLY | O_NONBLOCK, 0);

	EXPECT(fd >= 0);
	EXPECT_OK(raw(SYS_lseek, fd, 0, SEEK_END));
	return fd;
}

/* The text of the next record that holds these words, in a static buffer. */
static char *log_find(int fd, const char *words)
{
	static char record[2048];
	char *text, *end;
	long n;

	for (;;) {
		n = raw_read(fd, record, sizeof(record) - 1);
		if (n < 0)
			FAIL("the log has no \"%s\"", words);
		record[n] = 0;
		text = strchr(record, ';');
		if (!text || !strstr(text, words))
			continue;
		end = strchr(++text, '\n');
		if (end)
			*end = 0;
		return text;
	}
}

TEST_SLOW("FLT-21", "who takes all memory is killed, and the log says why", 120)
{
	long kills = vmstat_value("oom_kill"), total, anon, number, tgid, vm, rss;
	int fd = log_open();
	pid_t pid = test_fork();
	char want[64], *line;

	if (pid == 0) {
		set_adj(500);
		eat(-1);
	}
	EXPECT_KILLED(pid, SIGKILL);
	EXPECT_EQ(vmstat_value("oom_kill"), kills + 1);
	line = log_find(fd, " invoked oom-killer: gfp_mask=0x");
	EXPECT(strstr(line, "order=0, oom_score_adj="));
	log_find(fd, "Mem-Info:");
	EXPECT_STR(log_find(fd, "Tasks state"), "Tasks state (memory values in pages):");
	EXPECT_STR(log_find(fd, "[  pid  ]"), "[  pid  ]   uid  tgid total_vm      rss "
					      "pgtables_bytes swapents oom_score_adj name");
	snprintf(want, sizeof(want), "[%7d] %5d %5d ", pid, 0, pid);
	line = log_find(fd, want);
	EXPECT_EQ(sscanf(line, "[%ld] 0 %ld %ld %ld", &number, &tgid, &vm, &rss), 4);
	EXPECT(vm > rss && rss > (long)MIB / 4096);
	EXPECT(strstr(line, "        0           500 ")); /* swap, adjustment */
	line = log_find(fd, "oom-kill:constraint=CONSTRAINT_NONE,");
	snprintf(want, sizeof(want), ",pid=%d,uid=0", pid);
	EXPECT(strstr(line, want));
	snprintf(want, sizeof(want), "Out of memory: Killed process %d (", pid);
	line = log_find(fd, want);
	EXPECT_EQ(sscanf(strchr(line, ')'), ") total-vm:%ldkB, anon-rss:%ldkB", &total, &anon), 2);
	EXPECT(total >= anon && anon > (long)MIB / 1024);
	EXPECT(strstr(line, ", UID:0 pgtables:"));
	EXPECT(strstr(line, "kB oom_score_adj:500"));
}

TEST_SLOW("FLT-21", "oom_score_adj chooses another than who takes most", 120)
{
	long kills = vmstat_value("oom_kill");
	int pipe[2];
	pid_t volunteer, eater;

	EXPECT_OK(raw(SYS_pipe2, pipe, 0));
	volunteer = test_fork();
	if (volunteer == 0) {
		char *p = map_private(16 * MIB / PAGE, RW);

		memset(p, 'v', 16 * MIB);
		set_adj(1000);
		raw_write(pipe[1], "r", 1);
		for (;;)
			raw(SYS_pause);
	}
	eater = test_fork();
	if (eater == 0) {
		char ready;

		EXPECT_EQ(raw_read(pipe[0], &ready, 1), 1);
		eat(kills);
		raw(SYS_exit_group, 0);
	}
	EXPECT_EXIT(eater, 0);
	EXPECT_KILLED(volunteer, SIGKILL);
}

static int idle(void *argument)
{
	(void)argument;
	for (;;)
		raw(SYS_pause);
	return 0;
}

TEST_SLOW("FLT-21", "who shares the memory of the victim dies with it", 120)
{
	int *sharer = (int *)map_shared(1, RW), pipe[2];
	char byte;
	pid_t pid;

	EXPECT_OK(raw(SYS_pipe2, pipe, 0));
	pid = test_fork();
	if (pid == 0) {
		raw_close(pipe[0]);
		*sharer = clone_task(CLONE_VM, NULL, idle, NULL);
		set_adj(500);
		eat(-1);
	}
	raw_close(pipe[1]);
	EXPECT_KILLED(pid, SIGKILL);
	EXPECT(*sharer > 0);
	EXPECT_EQ(raw_read(pipe[0], &byte, 1), 0); /* nobody holds the pipe */
}

TEST_SLOW("FLT-21,FST-5", "a system call that touches user memory, and a fork, are killed too", 120)
{
	int fd = temp_file(PAGE);
	pid_t pid = test_fork();

	if (pid == 0) {
		set_adj(1000);
		for (;;) {
			char *p = (char *)raw_mmap(0, MIB, RW, PRIVATE, -1, 0);

			for (unsigned long i = 0; i < MIB; i += PAGE)
				if (raw_pread(fd, p + i, PAGE, 0) != PAGE)
					raw(SYS_exit_group, 3);
			if (raw_fork() == 0)
				for (;;)
					raw(SYS_pause);
		}
	}
	EXPECT_KILLED(pid, SIGKILL);
}

TEST_SLOW("FLT-21", "while a victim's memory comes back nobody else is killed", 120)
{
	for (int round = 0; round < 8; round++) {
		volatile int *end = (volatile int *)map_shared(1, RW);
		pid_t eater, other = test_fork();

		if (other == 0) { /* wants memory all the time, and would be the next */
			set_adj(900);
			while (!*end) {
				char *p = map_private(16, RW);

				memset(p, 1, 16 * PAGE);
				EXPECT_OK(raw_munmap(p, 16 * PAGE));
			}
			_exit(0);
		}
		eater = test_fork();
		if (eater == 0) {
			set_adj(1000);
			eat(-1);
		}
		EXPECT_KILLED(eater, SIGKILL);
		*end = 1;
		EXPECT_EXIT(other, 0);
	}
}

TEST("FLT-21", "oom_score follows the size and the adjustment")
{
	long total = meminfo_value("MemTotal"), plain, larger;
	char *p;

	EXPECT_EQ(read_number("/proc/self/oom_score_adj"), 0);
	plain = read_number("/proc/self/oom_score");
	EXPECT(plain >= 666 && plain < 690);
	set_adj(1000);
	larger = read_number("/proc/self/oom_score") - plain;
	EXPECT(larger >= 650 && larger <= 667);
	set_adj(-1000);
	EXPECT_EQ(read_number("/proc/self/oom_score"), 0);
	set_adj(-999);
	EXPECT(read_number("/proc/self/oom_score") < 30);
	set_adj(0);
	p = map_private(total / 40, RW); /* a tenth */
	for (long i = 0; i < total / 40; i++)
		p[i * PAGE] = 1;
	larger = read_number("/proc/self/oom_score");
	EXPECT(larger >= plain + 60 && larger <= plain + 72);
}

static void check_knob(const char *path, long value, long bad)
{
	int fd = EXPECT_OK(raw_open(path, O_RDWR, 0));
	char text[16];
	int len = snprintf(text, sizeof(text), "%ld", bad);

	EXPECT_EQ(read_number(path), value);
	if (bad)
		EXPECT_ERR(raw_write(fd, text, len), EINVAL);
	EXPECT_EQ(raw_pwrite(fd, "1\n", 2, 0), 2);
	EXPECT_EQ(read_number(path), 1);
	len = snprintf(text, sizeof(text), "%ld", value);
	EXPECT_EQ(raw_pwrite(fd, text, len, 0), len);
	EXPECT_EQ(read_number(path), value);
	raw_close(fd);
}

TEST("LIM-12", "the knobs of the OOM killer")
{
	check_knob("/proc/sys/vm/panic_on_oom", 0, 3);
	check_knob("/proc/sys/vm/oom_kill_allocating_task", 0, 0);
	check_knob("/proc/sys/vm/oom_dump_tasks", 1, 0);
}
