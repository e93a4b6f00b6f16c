// SPDX-License-Identifier: MIT
/*
 * tests/abi/exec_setid.c - what a set-user-ID program keeps from the user who has started it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/program.h"
#include "lib/task.h"
#include "lib/test.h"

#define MEMORY 4096 /* pages that exec has to take away first: it is seen at work */

/* pause(), again and again */
static const unsigned char code_pause[] = {0xb8, SYS_pause, 0, 0, 0, 0x0f, 0x05, 0xeb, 0xf7};

/* Another process of the same user may look into this one, up to the exec. */
static void start(const char *path, struct gate *ready, struct gate *watched)
{
	char *memory;

	drop_privileges();
	EXPECT_EQ(prctl(PR_SET_DUMPABLE, 1), 0);
	memory = map_private(MEMORY, RW);
	memset(memory, 1, MEMORY * PAGE);
	gate_open(ready);
	gate_pass(watched);
	execve(path, (char *const[]){(char *)path, NULL}, NULL);
	_exit(1);
}

/* Opens the memory as long as that is allowed, and reads what it was allowed last. */
static void look(pid_t pid, struct gate *watched)
{
	char name[32], byte;
	int fd = -1, next;

	drop_privileges();
	snprintf(name, sizeof(name), "/proc/%d/mem", pid);
	while ((next = open(name, O_RDWR)) >= 0) {
		if (fd >= 0)
			close(fd);
		else
			gate_open(watched);
		fd = next;
	}
	EXPECT(errno == EACCES || errno == EPERM);
	await_state(pid, "S");
	EXPECT(pread(fd, &byte, 1, PROGRAM_BASE) <= 0);
	_exit(0);
}

TEST("EXE-18,EXT-6", "at no moment of exec may the user look into a set-user-ID program")
{
	char *path = program_file(program_new(code_pause, code_pause + sizeof(code_pause)));

	EXPECT_EQ(chmod(path, 04711), 0);
	for (int i = 0; i < 8; i++) {
		struct gate ready = gate_new(), watched = gate_new();
		pid_t pid = test_fork(), looker;

		if (!pid)
			start(path, &ready, &watched);
		gate_pass(&ready);
		looker = test_fork();
		if (!looker)
			look(pid, &watched);
		EXPECT_EXIT(looker, 0);
		EXPECT_EQ(raw_kill(pid, SIGKILL), 0);
		EXPECT_KILLED(pid, SIGKILL);
	}
	program_remove(path);
}

/* Whether the stack of the program is at the same place again and again. */
static void run_without_randomisation(const char *path)
{
	struct start_state state;
	unsigned long rsp = 0;
	int same = 0;

	drop_privileges();
	EXPECT(personality(ADDR_NO_RANDOMIZE) >= 0);
	for (int i = 0; i < 4; i++) {
		size_t len = sizeof(state);

		EXPECT_EQ(program_output(path, NULL, &state, &len), 0);
		EXPECT_EQ(len, sizeof(state));
		same += state.rsp >> 20 == rsp >> 20; /* it always moves by some bytes */
		rsp = state.rsp;
	}
	EXPECT(same < 3);
	_exit(0);
}

TEST("EXE-18", "nor can he keep a set-user-ID program's stack from a random place")
{
	char *path = program_file(PROGRAM(code_start));
	pid_t pid;

	EXPECT_EQ(chmod(path, 04755), 0);
	pid = test_fork();
	if (!pid)
		run_without_randomisation(path);
	EXPECT_EXIT(pid, 0);
	program_remove(path);
}
