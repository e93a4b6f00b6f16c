// SPDX-License-Identifier: MIT
/*
 * tests/abi/personality.c - what a program may ask of the kernel's ways (docs/contract/calls.md,
 * EXE-20 and EXE-21; mmap.md has what the bits do to mappings).
 */
#include <stdio.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "lib/fault.h"
#include "lib/maps.h"
#include "lib/sys.h"
#include "lib/task.h"
#include "lib/test.h"

#define ASK 0xffffffff

static long personality_of(unsigned int value)
{
	return raw(SYS_personality, value);
}

/* Argument: the personality to be found, in hex; "zero": the page at 0. */
int test_child(int argc, char **argv)
{
	unsigned int want;

	(void)argc;
	if (strcmp(argv[0], "zero") == 0) {
		char *zero = NULL;

		__asm__("" : "+r"(zero)); /* the compiler is not to know */
		EXPECT_ACCESS(zero, READ);
		EXPECT_AREAS(zero, 2, "1 r-xp, 1 hole");
		return 3;
	}
	EXPECT_EQ(sscanf(argv[0], "%x", &want), 1);
	EXPECT_EQ(personality_of(ASK), want);
	return 3;
}

static void expect_after_exec(const char *word)
{
	pid_t pid = test_fork();

	if (pid == 0)
		test_exec((const char *const[]){word, NULL});
	EXPECT_EXIT(pid, 3);
}

TEST("EXE-20", "any bits are stored, and 0xffffffff asks only")
{
	char text[16];

	EXPECT_EQ(personality_of(ASK), 0);
	EXPECT_EQ(personality_of(0xdeadbeef), 0);
	EXPECT_EQ(personality_of(ASK), 0xdeadbeef);
	EXPECT_EQ(read_file("/proc/self/personality", text, sizeof(text)), 9);
	EXPECT_STR(text, "deadbeef\n");
	EXPECT_EQ(personality_of(0x42), 0xdeadbeef);
	read_file("/proc/self/personality", text, sizeof(text));
	EXPECT_STR(text, "00000042\n");
}

TEST("EXE-20", "fork keeps the personality, and exec all but READ_IMPLIES_EXEC")
{
	pid_t pid;

	personality_of(ADDR_NO_RANDOMIZE | READ_IMPLIES_EXEC | STICKY_TIMEOUTS);
	pid = test_fork();
	if (pid == 0) {
		EXPECT_EQ(personality_of(ASK),
			  ADDR_NO_RANDOMIZE | READ_IMPLIES_EXEC | STICKY_TIMEOUTS);
		_exit(0);
	}
	EXPECT_EXIT(pid, 0);
	expect_after_exec("4040000");
}

TEST("EXE-21", "the release and the machine that old programs want to see")
{
	struct utsname now, old;

	EXPECT_EQ(raw(SYS_uname, &now), 0);
	EXPECT_STR(now.machine, "x86_64");
	personality_of(UNAME26 | PER_LINUX32);
	EXPECT_EQ(raw(SYS_uname, &old), 0);
	EXPECT_STR(old.machine, "i686");
	EXPECT(strncmp(old.release, "2.6.61", 6) == 0);
	EXPECT(strncmp(now.release, "6.1.", 4) == 0);
	EXPECT_STR(old.version, now.version);
}

TEST("EXE-21", "a page at address 0")
{
	personality_of(MMAP_PAGE_ZERO);
	expect_after_exec("zero");
}
