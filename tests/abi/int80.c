// SPDX-License-Identifier: MIT
/*
 * tests/abi/int80.c - i386 calls made by a 64-bit program, and what must not stay of them.
 */
#include <asm/prctl.h>
#include <errno.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "lib/task.h"
#include "lib/test.h"

#define NR32_FORK    2
#define NR32_OLDSTAT 18
#define USER_DS	     0x2b

/* Linux may clear R8 to R11. */
static long int80(long number, const void *b, void *c)
{
	long result;

	__asm__ volatile("int $0x80"
			 : "=a"(result)
			 : "a"(number), "b"(b), "c"(c)
			 : "memory", "r8", "r9", "r10", "r11");
	return result;
}

TEST("GEN-3", "a child of i386's fork is in no i386 call")
{
	char bytes[4] = {1, 2, 3, 4};
	struct iovec vec = {bytes, sizeof(bytes)};
	int pipe_fds[2], pid;

	EXPECT_EQ(pipe(pipe_fds), 0);
	pid = (int)int80(NR32_FORK, NULL, NULL);
	if (!pid) /* an iovec of i386 would have another form */
		_exit(raw(SYS_writev, pipe_fds[1], &vec, 1) == sizeof(bytes) ? 0 : 1);
	EXPECT_OK(pid);
	EXPECT_EXIT(pid, 0);
	EXPECT_EQ(raw_read(pipe_fds[0], bytes, sizeof(bytes)), sizeof(bytes));
}

/* Another task has the CPU meanwhile, even if there is only one. */
static void let_others_run(void)
{
	struct gate gate = gate_new();
	pid_t pid = test_fork();

	if (!pid) {
		gate_pass(&gate);
		_exit(0);
	}
	await_state(pid, "S");
	gate_open(&gate);
	EXPECT_EXIT(pid, 0);
}

TEST("TID-6", "the TLS of a child comes in the place of the parent's segment")
{
	unsigned long base, self = 0;
	long pid;

	EXPECT_EQ(raw(SYS_arch_prctl, ARCH_GET_FS, &base), 0);
	/* The library's own data is out of reach from here ... */
	__asm__ volatile("mov %0, %%fs" : : "r"(USER_DS));
	pid = raw(SYS_clone, CLONE_SETTLS | SIGCHLD, 0, 0, 0, base);
	if (!pid) { /* where it begins with its own address */
		__asm__ volatile("mov %%fs:0, %0" : "=r"(self));
		raw(SYS_exit, self == base ? 0 : 1);
	}
	raw(SYS_arch_prctl, ARCH_SET_FS, base);
	/* ... to here. */
	EXPECT_OK(pid);
	EXPECT_EXIT(pid, 0);
}

TEST("GEN-3", "arch_prctl puts a base in the place of a segment")
{
	unsigned long word = 0x1234, base = 1, got;

	__asm__ volatile("mov %0, %%gs" : : "r"(USER_DS));
	EXPECT_EQ(raw(SYS_arch_prctl, ARCH_GET_GS, &base), 0);
	EXPECT_EQ(base, 0);
	EXPECT_EQ(raw(SYS_arch_prctl, ARCH_SET_GS, &word), 0);
	let_others_run();
	__asm__ volatile("mov %%gs:0, %0" : "=r"(got));
	EXPECT_EQ(got, word);
	EXPECT_EQ(raw(SYS_arch_prctl, ARCH_GET_GS, &base), 0);
	EXPECT_EQ(base, (unsigned long)&word);
}

TEST("GEN-3", "no byte of the kernel's stack is in what the first stat tells")
{
	/* The seven numbers of 16 bits are followed by a gap; all lie below 4 GiB here. */
	static unsigned char buffer[32];
	static const char path[] = "/dev/null";

	for (int i = 0; i < 8; i++) {
		long result = int80(NR32_OLDSTAT, path, memset(buffer, 0x55, sizeof(buffer)));

		if (result == -EOVERFLOW)
			SKIP("the inode's number has more than 16 bits");
		EXPECT_EQ(result, 0);
		EXPECT_EQ(buffer[14] | buffer[15], 0);
	}
}
