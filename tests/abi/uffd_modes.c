// SPDX-License-Identifier: MIT
/*
 * tests/abi/uffd_modes.c - SIGBUS, USER_MODE_ONLY, THREAD_ID and EXACT_ADDRESS
 * (docs/contract/userfaultfd.md, UFLT-5, UFLT-6, UFLT-12, UFLT-13).
 */
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "lib/maps.h"
#include "lib/task.h"
#include "lib/test.h"
#include "lib/uffd.h"

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ  22
#define MADV_POPULATE_WRITE 23
#endif

#define USER_ONLY_FLAGS (O_CLOEXEC | O_NONBLOCK | USER_ONLY)

TEST("UFLT-5,UFLT-21", "with EXACT_ADDRESS the address is that of the byte")
{
	char *p = letters("...a"), *s = map_shared(2, RW);
	int fd = uffd_open(UFFD_FEATURE_EXACT_ADDRESS);
	struct job *job;

	EXPECT_OK(raw_madvise(p, 3 * PAGE, MADV_DONTNEED));
	uffd_watch(fd, p, 3, MISSING);
	uffd_watch(fd, p + 3 * PAGE, 1, WP);
	uffd_protect(fd, p + 3 * PAGE, 1);
	job = touch(p + 1, READ);
	EXPECT_FAULT(fd, p + 1, 0);
	uffd_fill(fd, p, "a");
	EXPECT_TOUCHED(job);
	job = touch(p + 2 * PAGE - 1, WRITE);
	EXPECT_FAULT(fd, p + 2 * PAGE - 1, FAULT_WRITE);
	EXPECT_EQ(uffd_copy(fd, p + PAGE, letters("b"), PAGE, COPY_DONTWAKE), 0);
	EXPECT_SLEEPS(job);
	EXPECT_EQ(uffd_wake(fd, p + 2 * PAGE, PAGE), 0);
	EXPECT_SLEEPS(job);
	EXPECT_EQ(uffd_wake(fd, p + PAGE, PAGE), 0);
	EXPECT_TOUCHED(job);
	job = touch(p + 3 * PAGE + 100, WRITE);
	EXPECT_FAULT(fd, p + 3 * PAGE + 100, FAULT_WP);
	uffd_unprotect(fd, p + 3 * PAGE, 1);
	EXPECT_TOUCHED(job);

	s[0] = 's';
	EXPECT_OK(raw_madvise(s, PAGE, MADV_DONTNEED));
	uffd_watch(fd, s, 1, MINOR);
	job = touch(s + 200, READ);
	EXPECT_FAULT(fd, s + 200, FAULT_MINOR);
	EXPECT_EQ(uffd_continue(fd, s, PAGE, 0), 0);
	EXPECT_TOUCHED(job);
}

TEST("UFLT-6", "with THREAD_ID a message tells who faults, without it nothing")
{
	char *p = map_private(3, RW);
	int fd = uffd_open(UFFD_FEATURE_THREAD_ID);
	struct job *first, *second;

	uffd_watch(fd, p, 3, MISSING);
	first = touch(p, READ);
	EXPECT_SLEEPS(first);
	EXPECT_FAULT_OF(fd, p, 0, first->tid);
	second = touch(p + PAGE, WRITE);
	EXPECT_SLEEPS(second);
	EXPECT_FAULT_OF(fd, p + PAGE, FAULT_WRITE, second->tid);
	EXPECT(first->tid != second->tid);
	uffd_fill(fd, p, "ab");
	EXPECT_TOUCHED(first);
	EXPECT_TOUCHED(second);
}

static int read_page(void *argument)
{
	return *(volatile char *)argument;
}

TEST("UFLT-6", "of another process that shares the memory it is that one's id")
{
	char *p = map_private(1, RW);
	int fd = uffd_open(UFFD_FEATURE_THREAD_ID);
	pid_t pid;

	uffd_watch(fd, p, 1, MISSING);
	pid = EXPECT_OK(clone_task(CLONE_VM | SIGCHLD, NULL, read_page, p));
	EXPECT_FAULT_OF(fd, p, 0, pid);
	uffd_fill(fd, p, "a");
	EXPECT_EXIT(pid, 'a');
}

TEST("UFLT-12", "with USER_MODE_ONLY the program's own accesses are told as ever")
{
	char *p = map_private(2, RW);
	int fd = uffd_open_flags(USER_ONLY_FLAGS, 0);
	struct job *job;

	uffd_watch(fd, p, 2, MISSING);
	job = touch(p, WRITE);
	EXPECT_FAULT(fd, p, FAULT_WRITE);
	uffd_fill(fd, p, "a");
	EXPECT_TOUCHED(job);
}

TEST("UFLT-12", "with USER_MODE_ONLY the kernel's accesses fail and send nothing")
{
	char *p = map_private(3, RW), byte = 'x';
	int fd = uffd_open_flags(USER_ONLY_FLAGS, 0), memfd = memfd_new(2);
	struct gate gate = gate_new();

	uffd_watch(fd, p + PAGE, 2, MISSING);
	gate_open(&gate);
	EXPECT_ERR(raw_write(gate.in, p + PAGE, 1), EFAULT);
	EXPECT_ERR(raw_read(gate.out, p + PAGE, 1), EFAULT);
	EXPECT_ERR(raw(SYS_getrandom, p + PAGE, 16, 0), EFAULT);
	EXPECT_ERR(raw(SYS_uname, p + PAGE), EFAULT);
	EXPECT_EQ(raw_pread(memfd, p, 2 * PAGE, 0), PAGE); /* as far as it gets */
	EXPECT_ERR(raw_futex(p + PAGE, 0, 0, NULL, NULL, 0), EFAULT);
	EXPECT_ERR(raw_mlock(p + PAGE, PAGE), ENOMEM);
	EXPECT_ERR(raw_madvise(p + PAGE, PAGE, MADV_POPULATE_READ), EFAULT);
	EXPECT_ERR(raw_madvise(p + PAGE, PAGE, MADV_POPULATE_WRITE), EFAULT);
	EXPECT_QUIET(fd);
	EXPECT_STR(resident(p + PAGE, 2), "00");
	uffd_fill(fd, p + PAGE, "a");
	EXPECT_EQ(raw_write(gate.in, p + PAGE, 1), 1);
	EXPECT_EQ(raw_write(gate.in, &byte, 1), 1);
}

TEST("UFLT-12", "so do writes of the kernel to protected pages, and minor faults")
{
	char *p = letters("a"), *s = map_shared(1, RW);
	int fd = uffd_open_flags(USER_ONLY_FLAGS, 0);
	struct gate gate = gate_new();

	s[0] = 's';
	EXPECT_OK(raw_madvise(s, PAGE, MADV_DONTNEED));
	uffd_watch(fd, p, 1, WP);
	uffd_protect(fd, p, 1);
	uffd_watch(fd, s, 1, MINOR);
	gate_open(&gate);
	EXPECT_ERR(raw_read(gate.out, p, 1), EFAULT);
	EXPECT_EQ(raw_write(gate.in, p, 1), 1);
	EXPECT_ERR(raw_write(gate.in, s, 1), EFAULT);
	EXPECT_QUIET(fd);
	EXPECT_LETTERS(p, "a");
}

TEST("UFLT-13", "with SIGBUS a missing page is a signal at the exact byte, and no message")
{
	char *p = map_private(3, RW), *s = map_shared(2, RW);
	int fd = uffd_open(UFFD_FEATURE_SIGBUS);

	uffd_watch(fd, p, 3, MISSING);
	uffd_watch(fd, s, 2, MISSING);
	EXPECT_BUS(p, READ);
	EXPECT_BUS(p + 17, WRITE);
	EXPECT_BUS(p + PAGE + 4095, READ);
	EXPECT_BUS(s + 5, WRITE);
	EXPECT_QUIET(fd);
	EXPECT_EQ(uffd_poll(fd), 0);
	uffd_fill(fd, p, "a");
	EXPECT_EQ(uffd_zeropage(fd, p + PAGE, PAGE, 0), 0);
	uffd_fill(fd, s, "s");
	EXPECT_LETTERS(p, "a0");
	EXPECT_LETTERS(s, "s");
	EXPECT_ACCESS(p + PAGE, WRITE);
	EXPECT_BUS(p + 2 * PAGE, READ);
	EXPECT_OK(uffd_unregister(fd, p, 3 * PAGE));
	EXPECT_ACCESS(p + 2 * PAGE, READ);
	EXPECT_QUIET(fd);
}

TEST("UFLT-13", "with SIGBUS protected pages and minor faults are signals as well")
{
	char *p = letters("a"), *s = map_shared(1, RW);
	int fd = uffd_open(UFFD_FEATURE_SIGBUS);

	s[0] = 's';
	EXPECT_OK(raw_madvise(s, PAGE, MADV_DONTNEED));
	uffd_watch(fd, p, 1, WP);
	uffd_protect(fd, p, 1);
	uffd_watch(fd, s, 1, MINOR);
	EXPECT_ACCESS(p, READ);
	EXPECT_BUS(p + 1, WRITE);
	uffd_unprotect(fd, p, 1);
	EXPECT_ACCESS(p + 1, WRITE);
	EXPECT_BUS(s + 1, READ);
	EXPECT_EQ(uffd_continue(fd, s, PAGE, 0), 0);
	EXPECT_EQ(s[0], 's');
	EXPECT_QUIET(fd);
}

TEST("UFLT-13", "with SIGBUS the kernel's accesses are EFAULT")
{
	char *p = map_private(2, RW);
	int fd = uffd_open(UFFD_FEATURE_SIGBUS), memfd = memfd_new(2);
	struct gate gate = gate_new();

	uffd_watch(fd, p + PAGE, 1, MISSING);
	gate_open(&gate);
	EXPECT_ERR(raw_write(gate.in, p + PAGE, 1), EFAULT);
	EXPECT_ERR(raw_read(gate.out, p + PAGE, 1), EFAULT);
	EXPECT_EQ(raw_pread(memfd, p, 2 * PAGE, 0), PAGE);
	EXPECT_ERR(raw_madvise(p + PAGE, PAGE, MADV_POPULATE_READ), EFAULT);
	EXPECT_ERR(raw_mlock(p + PAGE, PAGE), ENOMEM);
	EXPECT_QUIET(fd);
	uffd_fill(fd, p + PAGE, "b");
	EXPECT_EQ(raw_write(gate.in, p + PAGE, 1), 1);
}

TEST("UFLT-13", "events are sent as ever with SIGBUS")
{
	char *p = map_private(2, RW);
	int fd = uffd_open(UFFD_FEATURE_SIGBUS | EVENT_REMOVE);
	struct job *job;

	uffd_watch(fd, p, 2, MISSING);
	uffd_fill(fd, p, "a");
	job = begin(SYS_madvise, p, PAGE, MADV_DONTNEED);
	EXPECT_REMOVE(fd, p, 1);
	EXPECT_EQ(call_end(job), 0);
	EXPECT_BUS(p, READ);
}
