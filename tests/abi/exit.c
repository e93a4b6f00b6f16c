// SPDX-License-Identifier: MIT
/*
 * tests/abi/exit.c - what the end of a process takes away, and when (docs/contract/fork.md,
 * section 12).
 */
#include <fcntl.h>
#include <linux/futex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/maps.h"
#include "lib/sys.h"
#include "lib/task.h"
#include "lib/test.h"

TEST("EXT-1", "when the files of a process close its memory is gone already")
{
	struct gate pipe = gate_new(), ready = gate_new();
	char byte;
	pid_t pid = test_fork();

	if (pid == 0) {
		char *p = map_private(1024, RW);

		memset(p, 1, 1024 * PAGE);
		gate_open(&ready);
		_exit(0);
	}
	raw_close(pipe.in); /* the child has the only writing end */
	gate_pass(&ready);
	EXPECT_EQ(raw_read(pipe.out, &byte, 1), 0);
	EXPECT_EQ(task_value(pid, "VmSize"), -1);
	EXPECT_EXIT(pid, 0);
}

TEST("EXT-2,EXT-3", "memory, page tables and charges of every kind come back")
{
	long before = 0, commit = 0;
	int fd = temp_file(64 * PAGE);

	for (int i = 0; i < 12; i++) {
		pid_t pid;

		if (i == 2) {
			before = free_memory();
			commit = meminfo_value("Committed_AS");
		}
		pid = test_fork();
		if (pid == 0) {
			char *p = map_private(512, RW);

			memset(p, 1, 512 * PAGE);
			memset(map_shared(256, RW), 1, 256 * PAGE);
			for (int j = 0; j < 64; j++) {
				/* a page table of its own for each */
				char *far = (char *)0x300000000000 + ((long)j << 30);

				EXPECT_EQ(raw_mmap(far, PAGE, RW, PRIVATE | MAP_FIXED, -1, 0), far);
				*far = 1;
				EXPECT_OK(raw_mmap(0, PAGE, RW, MAP_PRIVATE, fd, j * PAGE));
				EXPECT_OK(raw_mmap(0, PAGE, RW, MAP_SHARED, fd, j * PAGE));
			}
			EXPECT(meminfo_value("Committed_AS") > 3000);
			if (i & 1)
				raw_kill(getpid(), SIGKILL);
			_exit(0);
		}
		EXPECT_EQ(wait_status(pid), i & 1 ? SIGKILL : 0);
	}
	EXPECT(free_memory() > before - 1024);
	EXPECT_EQ(meminfo_value("Committed_AS"), commit);
}

TEST("EXT-2", "the file of a mapping is let go")
{
	struct gate ready = gate_new();
	char path[] = "/tmp/abi-exit-XXXXXX", text[] = "x";
	int fd = mkstemp(path);
	pid_t pid;

	EXPECT(fd >= 0);
	EXPECT_EQ(raw_write(fd, text, 1), 1);
	EXPECT_OK(raw(SYS_fchmod, fd, 0755));
	raw_close(fd);
	pid = test_fork();
	if (pid == 0) {
		int own = EXPECT_OK(raw_open(path, O_RDWR, 0));

		EXPECT_OK(raw_mmap(0, PAGE, RW, MAP_SHARED, own, 0));
		raw_close(own);
		gate_open(&ready);
		pause();
	}
	gate_pass(&ready);
	EXPECT_ERR(raw(SYS_execve, path, NULL, NULL), ETXTBSY); /* the mapping writes */
	EXPECT_OK(raw_kill(pid, SIGKILL));
	EXPECT_KILLED(pid, SIGKILL);
	EXPECT_ERR(raw(SYS_execve, path, NULL, NULL), ENOEXEC);
	EXPECT_OK(raw(SYS_unlink, path));
}

TEST("EXT-4", "a process that has unmapped itself can be killed and waited for")
{
	struct gate ready = gate_new();
	pid_t pid = test_fork();

	if (pid == 0) {
		gate_open(&ready);
		raw_munmap(0, TASK_SIZE); /* and so faults when it returns */
	}
	gate_pass(&ready);
	EXPECT_KILLED(pid, SIGSEGV);
}

TEST("EXT-10,STS-7,SHR-7", "of a zombie's memory nothing is to be seen")
{
	struct gate ready = gate_new();
	char text[4096];
	pid_t pid = test_fork();

	if (pid == 0) {
		gate_open(&ready);
		_exit(3);
	}
	gate_pass(&ready);
	await_state(pid, "Z");
	EXPECT_EQ(task_file(pid, "maps", text, sizeof(text)), 0);
	EXPECT_EQ(task_file(pid, "smaps", text, sizeof(text)), 0);
	EXPECT(task_file(pid, "statm", text, sizeof(text)) > 0);
	EXPECT_STR(text, "0 0 0 0 0 0 0\n");
	EXPECT(task_file(pid, "status", text, sizeof(text)) > 0);
	EXPECT(!strstr(text, "Vm") && !strstr(text, "Rss"));
	EXPECT(strstr(text, "State:\tZ (zombie)\n"));
	EXPECT_EQ(task_stat(pid, 23), 0); /* vsize */
	EXPECT_EQ(task_stat(pid, 24), 0); /* rss */
	EXPECT_EXIT(pid, 3);
	EXPECT_EQ(task_state(pid), 0);
	EXPECT_ERR(raw_kill(pid, 0), ESRCH);
}

static volatile int running;

static int spin(void *argument)
{
	(void)argument;
	__atomic_add_fetch(&running, 1, __ATOMIC_SEQ_CST);
	while (running)
		raw(SYS_sched_yield);
	return 0;
}

static int block(void *argument)
{
	char byte;

	__atomic_add_fetch(&running, 1, __ATOMIC_SEQ_CST);
	raw_read(*(int *)argument, &byte, 1);
	return 0;
}

static int end_group(void *argument)
{
	raw(SYS_exit_group, (long)argument);
	return 0;
}

/* Starts threads that run and threads that sleep. */
static void start_threads(int count, struct gate *gate)
{
	for (int i = 0; i < count; i++)
		EXPECT(clone_task(THREAD_FLAGS, NULL, i & 1 ? spin : block, &gate->out) > 0);
	while (running != count)
		raw(SYS_sched_yield);
}

TEST("EXT-11", "exit_group ends all threads, and the memory with the last")
{
	struct gate gate = gate_new();
	long before;

	free_memory();
	before = free_memory();
	for (int i = 0; i < 4; i++) {
		pid_t pid = test_fork();

		if (pid == 0) {
			char *p = map_private(1024, RW);

			memset(p, 1, 1024 * PAGE);
			start_threads(12, &gate);
			if (i & 1)
				raw(SYS_exit_group, 5);
			EXPECT(clone_task(THREAD_FLAGS, NULL, end_group, (void *)5L) > 0);
			for (;;)
				pause();
		}
		EXPECT_EXIT(pid, 5);
		EXPECT_EQ(task_state(pid), 0);
	}
	EXPECT(free_memory() > before - 2048);
}

TEST("EXT-11", "a signal that kills one thread ends the process")
{
	struct gate gate = gate_new();
	pid_t pid = test_fork();

	if (pid == 0) {
		start_threads(4, &gate);
		*(volatile char *)8 = 1;
	}
	EXPECT_KILLED(pid, SIGSEGV);
}

struct late {
	struct gate go, done;
	char *p;
	long leader;
};

static int outlive_leader(void *argument)
{
	struct late *late = argument;

	await_state(late->leader, "Z");
	EXPECT_EQ(late->p[0], 'x');
	gate_open(&late->done);
	gate_pass(&late->go);
	raw(SYS_exit_group, 9);
	return 0;
}

TEST("EXT-11", "the memory outlives the leader, which stays a zombie until the last thread ends")
{
	struct late *late = (struct late *)map_shared(1, RW);
	pid_t pid;

	late->go = gate_new();
	late->done = gate_new();
	pid = test_fork();
	if (pid == 0) {
		late->p = map_private(1, RW);
		late->p[0] = 'x';
		late->leader = raw_gettid();
		EXPECT(clone_task(THREAD_FLAGS, NULL, outlive_leader, late) > 0);
		raw(SYS_exit, 4);
	}
	gate_pass(&late->done);
	EXPECT_EQ(raw_wait4(pid, NULL, WNOHANG), 0);
	gate_open(&late->go);
	EXPECT_EXIT(pid, 9);
}

static int end_thread(void *argument)
{
	return (long)argument;
}

TEST("EXE-19", "exit ends a thread alone; the last thread's exit ends the process with its code")
{
	pid_t pid = test_fork();

	if (pid == 0) {
		long tid = clone_task(THREAD_FLAGS, NULL, end_thread, (void *)3L);

		await_gone(tid);
		raw(SYS_exit, 0x1234);
	}
	EXPECT_EXIT(pid, 0x34);
}

TEST("EXE-19", "only the low byte of a status is kept")
{
	static const int codes[] = {0, 1, 255, 256, -1, 0x7fffff80};

	for (int i = 0; i < 6; i++) {
		pid_t pid = test_fork();

		if (pid == 0)
			raw(SYS_exit_group, codes[i]);
		EXPECT_EQ(wait_status(pid), (codes[i] & 0xff) << 8);
	}
}
