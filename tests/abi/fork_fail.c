// SPDX-License-Identifier: MIT
/*
 * tests/abi/fork_fail.c - each allocation of a fork fails once, and nothing is left of it
 * (docs/contract/fork.md, section 13).
 *
 * Failures are asked for by /proc/self/fail-nth, which a Linux has that was built with fault
 * injection; Debian's has not, and skips these tests.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/inject.h"
#include "lib/maps.h"
#include "lib/program.h"
#include "lib/sys.h"
#include "lib/task.h"
#include "lib/test.h"

#define IN_PLACE 8 /* pages */

/* An address space that makes fork allocate some of everything. */
struct scene {
	char *anon, *locked, *far[4], *dontfork, *wipe, *shared, *file, *copy;
	char path[32];
};

static struct scene make_scene(void)
{
	struct scene s = {.path = "/tmp/abi-fail-XXXXXX"};
	int fd = mkstemp(s.path);

	inject_ready();
	EXPECT(fd >= 0);
	EXPECT_OK(raw_ftruncate(fd, 4 * PAGE));
	EXPECT_OK(raw(SYS_fchmod, fd, 0755));
	s.anon = map_private(IN_PLACE, RW);
	s.locked = map_private(2, RW);
	EXPECT_OK(raw_mlock(s.locked, 2 * PAGE));
	for (int i = 0; i < 4; i++) { /* page tables of their own */
		s.far[i] = (char *)0x200000000000 + ((long)i << 40);
		EXPECT_OK(raw_mmap(s.far[i], PAGE, RW, PRIVATE | MAP_FIXED, -1, 0));
		s.far[i][0] = 'f';
	}
	s.dontfork = map_private(2, RW);
	EXPECT_OK(raw_madvise(s.dontfork, 2 * PAGE, MADV_DONTFORK));
	s.wipe = map_private(2, RW);
	EXPECT_OK(raw_madvise(s.wipe, PAGE, MADV_WIPEONFORK));
	s.shared = map_shared(2, RW);
	s.file = (char *)EXPECT_OK(raw_mmap(0, 4 * PAGE, RW, MAP_SHARED, fd, 0));
	s.copy = (char *)EXPECT_OK(raw_mmap(0, 4 * PAGE, RW, MAP_PRIVATE, fd, 0));
	s.copy[PAGE] = 'c';
	raw_close(fd);
	memset(s.anon, 'a', IN_PLACE * PAGE);
	memset(s.locked, 'l', 2 * PAGE);
	s.dontfork[0] = 'd';
	s.wipe[0] = 'w';
	s.shared[0] = 's';
	s.file[0] = 'F';
	return s;
}

static long do_fork(void *unused)
{
	long pid = raw_fork();

	(void)unused;
	if (pid == 0)
		raw(SYS_exit_group, 0);
	return pid;
}

/* The n-th allocation fails: ENOMEM and no child. False when there was no n-th allocation. */
static bool fail_once(long (*make)(void *), void *argument, int nth)
{
	bool came;
	long pid;

	inject_start(nth);
	pid = make(argument);
	came = inject_stop();
	if (pid > 0) { /* made in spite of it, or there was no failure */
		EXPECT_EQ(wait_status(pid), 0);
		return came;
	}
	if (pid != -ENOMEM)
		FAIL("with allocation %d failing the call gives %s", nth, test_errno_name(-pid));
	EXPECT_ERR(raw_wait4(-1, NULL, __WALL), ECHILD);
	return true;
}

TEST_SLOW("UNW-1,UNW-2,UNW-3,UNW-4,DMM-1,DMM-7,FLG-10,FLG-14",
	  "whichever allocation of fork fails, counters and parent are as before", 60)
{
	struct scene s = make_scene();
	char *text = map_private(8, RW), *again = map_private(8, RW);
	uint64_t frames[IN_PLACE];
	long locked;
	int n;

	for (n = 0; n < 20; n++) /* caches fill */
		wait_status(do_fork(NULL));
	for (int i = 0; i < IN_PLACE; i++)
		frames[i] = pagemap(s.anon + i * PAGE) & ~PM_EXCLUSIVE;
	locked = status_value("VmLck");
	EXPECT(read_file("/proc/self/maps", text, 8 * PAGE) > 0);
	for (n = 1;; n++) {
		struct usage before = usage_now();

		if (!fail_once(do_fork, NULL, n))
			break;
		EXPECT_SAME_USAGE(&before, n);
	}
	EXPECT(n > 20); /* or fork allocates in another way */
	EXPECT_EQ(status_value("VmLck"), locked);
	EXPECT(read_file("/proc/self/maps", again, 8 * PAGE) > 0);
	EXPECT_STR(again, text);
	for (int i = 0; i < IN_PLACE; i++) {
		EXPECT_EQ(s.anon[i * PAGE + 9], 'a');
		s.anon[i * PAGE] = 'A';
		EXPECT_EQ(pagemap(s.anon + i * PAGE) & ~PM_EXCLUSIVE, frames[i]);
	}
	for (int i = 0; i < 4; i++)
		EXPECT_EQ(s.far[i][0]++, 'f');
	EXPECT_EQ(s.locked[PAGE], 'l');
	EXPECT_EQ(s.dontfork[0], 'd');
	EXPECT_EQ(s.wipe[0], 'w');
	EXPECT_EQ(s.shared[0], 's');
	EXPECT_EQ(s.file[0], 'F');
	/* No reference to the file stayed: nobody writes it any more. */
	EXPECT_ERR(raw(SYS_execve, s.path, NULL, NULL), ETXTBSY);
	EXPECT_OK(raw_munmap(s.file, 4 * PAGE));
	EXPECT_OK(raw_munmap(s.copy, 4 * PAGE));
	EXPECT_ERR(raw(SYS_execve, s.path, NULL, NULL), ENOEXEC);
	EXPECT_OK(raw(SYS_unlink, s.path));
}

TEST_SLOW("UNW-8", "failing again and again changes nothing", 60)
{
	struct scene s = make_scene();
	struct usage before;

	for (int n = 1; n < 40; n += 6) {
		for (int i = 0; i < 20; i++)
			fail_once(do_fork, NULL, n);
		before = usage_now();
		for (int i = 0; i < 400; i++)
			fail_once(do_fork, NULL, n);
		EXPECT_SAME_USAGE(&before, n);
	}
	EXPECT_OK(raw(SYS_unlink, s.path));
}

static int end(void *argument)
{
	(void)argument;
	return 0;
}

static char *stack_for_sharer;

/* No libc, no new stack: the same one each time. */
static long do_share(void *unused)
{
	register long r10 __asm__("r10") = 0;
	register long r8 __asm__("r8") = 0;
	long pid;

	(void)unused;
	__asm__ volatile("syscall; test %%rax, %%rax; jnz 1f\n\t"
			 "mov $60, %%eax; xor %%edi, %%edi; syscall\n"
			 "1:"
			 : "=a"(pid)
			 : "a"(SYS_clone), "D"(CLONE_VM | SIGCHLD), "S"(stack_for_sharer), "d"(0),
			   "r"(r10), "r"(r8)
			 : "rcx", "r11", "memory");
	return pid;
}

TEST("UNW-7,SHR-2", "a failing clone that would share the memory leaves no user of it behind")
{
	int n;

	inject_ready();
	stack_for_sharer = map_private(4, RW) + 4 * PAGE;
	for (n = 0; n < 5; n++)
		wait_status(do_share(NULL));
	for (n = 1;; n++) {
		struct usage before = usage_now();

		if (!fail_once(do_share, NULL, n))
			break;
		EXPECT_SAME_USAGE(&before, n);
	}
	EXPECT(n > 4);
	EXPECT_EQ(raw(SYS_unshare, CLONE_VM), 0); /* EINVAL if it were counted as shared */
}

static long do_pidfd(void *argument)
{
	struct clone3_args args = {
		.flags = CLONE_PIDFD, .exit_signal = SIGCHLD, .pidfd = (uint64_t)argument};
	long pid = raw_clone3(&args, sizeof(args));

	if (pid == 0)
		raw(SYS_exit_group, 0);
	if (pid > 0)
		raw_close(*(int *)argument);
	return pid;
}

TEST("UNW-10,UNW-9", "nor is a descriptor left by CLONE_PIDFD")
{
	int *fd = (int *)map_shared(1, RW), n, next; /* nothing to be copied when written */

	*fd = 0;
	inject_ready();
	next = EXPECT_OK(raw(SYS_dup, 0));
	raw_close(next);
	for (n = 0; n < 5; n++)
		wait_status(do_pidfd(fd));
	for (n = 1;; n++) {
		struct usage before = usage_now();

		if (!fail_once(do_pidfd, fd, n))
			break;
		EXPECT_SAME_USAGE(&before, n);
		EXPECT_EQ(raw(SYS_dup, 0), next);
		raw_close(next);
	}
	EXPECT(n > 10);
}

TEST("UNW-1,FLG-14", "the same for a thread")
{
	struct usage before;
	long tid;
	int n;

	for (n = 1; n < 100; n++) {
		bool came;

		inject_start(n);
		tid = raw(SYS_clone, CLONE_THREAD, 0, 0, 0, 0); /* refused before anything */
		came = inject_stop();
		EXPECT_ERR(tid, EINVAL);
		if (!came)
			break;
	}
	before = usage_now();
	for (n = 1; n < 8; n++) {
		inject_start(n);
		tid = clone_task(THREAD_FLAGS, NULL, end, NULL);
		inject_stop();
		if (tid > 0)
			await_gone(tid);
		else
			EXPECT_ERR(tid, ENOMEM);
	}
	EXPECT(usage_now().objects <= before.objects + 16); /* stacks of clone_task */
}

TEST_SLOW("EXT-7,EXT-8,UNW-1",
	  "whichever allocation of exec fails, it returns ENOMEM or kills, and leaks nothing", 60)
{
	struct scene s = make_scene();
	char *path = program_file(PROGRAM(code_exit));
	int n, returned = 0;

	for (n = -4;; n++) {
		struct usage before = usage_now();
		int *came = (int *)map_shared(1, RW), status;
		pid_t pid = raw_fork();

		if (pid == 0) {
			static char *const argv[] = {"x", NULL};
			long error;

			*came = 2;
			if (n > 0)
				inject_start(n);
			error = raw(SYS_execve, path, argv, argv);
			*came = inject_stop();
			raw(SYS_exit_group, -error);
		}
		EXPECT(pid > 0);
		status = wait_status(pid);
		returned += status == ENOMEM << 8;
		EXPECT_OK(raw_munmap(came, PAGE));
		/* A page for the arguments that cannot be had is E2BIG, on Linux too. */
		if (WIFEXITED(status) && WEXITSTATUS(status) != 42 &&
		    WEXITSTATUS(status) != ENOMEM && WEXITSTATUS(status) != E2BIG)
			FAIL("with allocation %d failing execve gives %s", n,
			     test_errno_name(WEXITSTATUS(status)));
		if (WIFSIGNALED(status))
			EXPECT(WTERMSIG(status) == SIGSEGV || WTERMSIG(status) == SIGKILL);
		if (n > 0)
			EXPECT_SAME_USAGE(&before, n);
		if (n > 20 && status == 42 << 8)
			break;
	}
	EXPECT(returned > 5);
	program_remove(path);
	EXPECT_OK(raw(SYS_unlink, s.path));
}
