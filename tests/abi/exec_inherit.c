// SPDX-License-Identifier: MIT
/*
 * tests/abi/exec_inherit.c - nothing of the old address space is left after exec, all of it after
 * an exec that failed (docs/contract/fork.md, sections 9 and 12).
 */
#include <fcntl.h>
#include <linux/futex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <unistd.h>

#include "lib/fault.h"
#include "lib/maps.h"
#include "lib/sys.h"
#include "lib/task.h"
#include "lib/test.h"

#define OLD ((char *)0x200000000000)

static void old_area(size_t pages, int flags, int fd)
{
	EXPECT_EQ(raw_mmap(OLD, pages * PAGE, RW, flags | MAP_FIXED, fd, 0), OLD);
}

int test_child(int argc, char **argv)
{
	const char *what = argv[0];

	(void)argc;
	if (strcmp(what, "gone") == 0) {
		EXPECT_UNMAPPED(OLD);
		EXPECT_EQ(areas_in(OLD, 1 << 20), 0);
	} else if (strcmp(what, "locks") == 0) {
		EXPECT_UNMAPPED(OLD);
		EXPECT_EQ(status_value("VmLck"), 0);
		map_private(4, RW);
		EXPECT_EQ(status_value("VmLck"), 0);
	} else if (strcmp(what, "counters") == 0) {
		EXPECT(status_value("VmPeak") < 64 << 10);
		EXPECT(status_value("VmHWM") < 8 << 10);
		EXPECT(status_value("VmRSS") < 8 << 10);
		EXPECT(status_value("VmData") < 4 << 10);
	} else if (strcmp(what, "personality") == 0) {
		EXPECT_EQ(raw(SYS_personality, 0xffffffff), ADDR_NO_RANDOMIZE);
	} else if (strcmp(what, "break") == 0) {
		/* Where it starts is random, so that it may be near the old one by chance. */
		EXPECT_EQ(raw_brk(0), stat_value(47));
	} else if (strcmp(what, "layout") == 0) {
		char text[64];
		int len = snprintf(text, sizeof(text), "%lx %lx", (unsigned long)map_private(1, RW),
				   stat_value(28));

		EXPECT_EQ(raw_write(9, text, len), len);
	} else if (strcmp(what, "wait") == 0) {
		char byte;

		raw_read(8, &byte, 1);
	}
	return 3;
}

static pid_t start(const char *what, const char *argument)
{
	const char *words[] = {what, argument, NULL};
	pid_t pid = test_fork();

	if (pid == 0)
		test_exec(words);
	return pid;
}

TEST("INH-2,EXT-6", "memory of every kind is gone")
{
	int fd = temp_file(4 * PAGE);
	static const int flags[] = {PRIVATE,
				    SHARED,
				    MAP_SHARED,
				    MAP_PRIVATE,
				    PRIVATE | MAP_NORESERVE,
				    PRIVATE | MAP_GROWSDOWN};

	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		old_area(4, flags[i], flags[i] & MAP_ANONYMOUS ? -1 : fd);
		memset(OLD, 'x', PAGE);
		EXPECT_EXIT(start("gone", NULL), 3);
		EXPECT_EQ(OLD[0], 'x');
	}
}

TEST("INH-2", "memory with advice is gone as well")
{
	static const int advice[] = {MADV_DONTFORK, MADV_WIPEONFORK, MADV_DONTDUMP, MADV_RANDOM,
				     MADV_NOHUGEPAGE};

	for (size_t i = 0; i < sizeof(advice) / sizeof(advice[0]); i++) {
		pid_t pid = test_fork();

		if (pid == 0) {
			static const char *const words[] = {"gone", NULL};

			old_area(4, PRIVATE, -1);
			OLD[0] = 'x';
			raw_madvise(OLD, 4 * PAGE, advice[i]);
			test_exec(words);
		}
		EXPECT_EXIT(pid, 3);
	}
}

TEST("INH-2,EXT-9", "locks are gone, and the locking of what comes")
{
	static const char *const words[] = {"locks", NULL};
	pid_t pid = test_fork();

	if (pid == 0) {
		old_area(4, PRIVATE, -1);
		EXPECT_OK(raw_mlock(OLD, 4 * PAGE));
		EXPECT_OK(raw_mlockall(MCL_CURRENT | MCL_FUTURE));
		test_exec(words);
	}
	EXPECT_EXIT(pid, 3);
}

TEST("EXT-9", "sizes and peaks are the new program's own")
{
	char *p = (char *)EXPECT_OK(raw_mmap(0, 80 << 20, RW, PRIVATE, -1, 0));

	memset(p, 1, 16 << 20);
	EXPECT_EXIT(start("counters", NULL), 3);
}

TEST("INH-2", "the personality is kept")
{
	EXPECT_OK(raw(SYS_personality, ADDR_NO_RANDOMIZE));
	EXPECT_EXIT(start("personality", NULL), 3);
}

TEST("INH-2,EXT-9", "the break starts anew")
{
	unsigned long now = raw_brk(0);
	char text[32];

	EXPECT_EQ(raw_brk(now + (8 << 20)), now + (8 << 20));
	snprintf(text, sizeof(text), "%lx", now + (7 << 20));
	EXPECT_EXIT(start("break", text), 3);
}

TEST("EXT-9", "each exec places stack and mappings at random, unless told not to")
{
	char text[3][64];
	int same = 0;

	for (int fixed = 0; fixed < 2; fixed++) {
		for (int i = 0; i < 3; i++) {
			struct gate out = gate_new();
			pid_t pid = test_fork();

			memset(text[i], 0, sizeof(text[i]));
			if (pid == 0) {
				static const char *const words[] = {"layout", NULL};

				raw(SYS_personality, fixed ? ADDR_NO_RANDOMIZE : 0);
				raw(SYS_dup2, out.in, 9);
				test_exec(words);
			}
			EXPECT_EXIT(pid, 3);
			EXPECT(raw_read(out.out, text[i], sizeof(text[i]) - 1) > 0);
		}
		same = !strcmp(text[0], text[1]) && !strcmp(text[1], text[2]);
		EXPECT_EQ(same, fixed);
	}
}

TEST("EXT-6,EXT-1", "when a close-on-exec pipe closes the new program is in place")
{
	struct gate pipe = gate_new(), stay = gate_new();
	char byte, text[4096];
	pid_t pid = test_fork();

	if (pid == 0) {
		static const char *const words[] = {"wait", NULL};

		old_area(4, PRIVATE, -1);
		raw_close(pipe.out);
		raw(SYS_dup2, stay.out, 8);
		test_exec(words);
	}
	raw_close(pipe.in);
	EXPECT_EQ(raw_read(pipe.out, &byte, 1), 0);
	EXPECT(task_file(pid, "maps", text, sizeof(text)) > 0);
	EXPECT(!strstr(text, "200000000000-"));
	gate_open(&stay);
	EXPECT_EXIT(pid, 3);
}

static int fail_to_execute(void *argument)
{
	char *argv[] = {"x", NULL};
	(void)argument;

	EXPECT_ERR(raw(SYS_execve, "/no/such/program", argv, argv), ENOENT);
	EXPECT_ERR(raw(SYS_execve, "/tmp", argv, argv), EACCES);
	EXPECT_ERR(raw(SYS_execve, "/proc/self/exe", argv, 8), EFAULT);
	return 0;
}

static volatile int ticks, stop;

static void *tick(void *argument)
{
	while (!stop) {
		ticks++;
		raw(SYS_sched_yield);
	}
	return argument;
}

TEST("EXT-7", "after an exec that failed memory, threads, files and signals are as before")
{
	char *text = map_private(8, RW), *again = map_private(8, RW);
	struct thread thread = thread_start(tick, NULL);
	char *p = map_private(4, RW);
	struct sigaction action;
	long commit[2], fd;
	int before;

	EXPECT_OK(raw_mlock(p, PAGE));
	signal(SIGUSR1, SIG_IGN);
	fd = EXPECT_OK(raw_open("/proc/self/status", O_RDONLY | O_CLOEXEC, 0));
	while (!ticks)
		raw(SYS_sched_yield);
	memset(p, 'p', 4 * PAGE);
	EXPECT(read_file("/proc/self/maps", text, 8 * PAGE) > 0);
	commit[0] = status_value("VmSize");
	fail_to_execute(NULL);
	commit[1] = status_value("VmSize");
	EXPECT(read_file("/proc/self/maps", again, 8 * PAGE) > 0);
	EXPECT_STR(again, text);
	EXPECT_EQ(commit[0], commit[1]);
	EXPECT_EQ(status_value("VmLck"), 4);
	EXPECT_EQ(p[3 * PAGE], 'p');
	EXPECT_EQ(raw(SYS_fcntl, fd, F_GETFD), FD_CLOEXEC);
	EXPECT_EQ(sigaction(SIGUSR1, NULL, &action), 0);
	EXPECT(action.sa_handler == SIG_IGN);
	before = ticks;
	while (ticks == before) /* the thread lives */
		raw(SYS_sched_yield);
	stop = 1;
	thread_join(thread);
}

TEST("EXT-7", "a thousand failed execs cost no memory")
{
	long before = 0;

	for (int i = 0; i < 500; i++) {
		if (i == 50)
			before = free_memory();
		fail_to_execute(NULL);
	}
	EXPECT(free_memory() > before - 512);
}
