// SPDX-License-Identifier: MIT
/*
 * tests/abi/uffd_kernel.c - faults that the kernel makes for a task (docs/contract/userfaultfd.md,
 * UFLT-11, UFLT-16 to UFLT-18, UVMA-5, UVMA-6).
 */
#include <linux/futex.h>
#include <signal.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "lib/maps.h"
#include "lib/task.h"
#include "lib/test.h"
#include "lib/uffd.h"

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ  22
#define MADV_POPULATE_WRITE 23
#endif

TEST("UFLT-11", "read and write of a file wait for the pages of their buffer")
{
	char *p = map_private(3, RW), back[2];
	int fd = uffd_open(0), memfd = memfd_new(3);
	struct job *job;

	uffd_watch(fd, p, 3, MISSING);
	EXPECT_EQ(raw_pwrite(memfd, "ab", 2, PAGE - 1), 2);
	job = begin(SYS_pread64, memfd, p, 2 * PAGE, 0);
	for (int i = 0; i < 2; i++) {
		EXPECT_FAULT(fd, p + i * PAGE, FAULT_WRITE);
		EXPECT_SLEEPS(job);
		uffd_fill(fd, p + i * PAGE, "x");
	}
	EXPECT_EQ(call_end(job), 2 * PAGE);
	EXPECT_EQ(p[PAGE - 1], 'a');
	EXPECT_EQ(p[PAGE], 'b');
	EXPECT_EQ(p[0], 0);

	job = begin(SYS_pwrite64, memfd, p + 2 * PAGE, 2, 0);
	EXPECT_FAULT(fd, p + 2 * PAGE, 0);
	uffd_fill(fd, p + 2 * PAGE, "w");
	EXPECT_EQ(call_end(job), 2);
	EXPECT_EQ(raw_pread(memfd, back, 2, 0), 2);
	EXPECT_EQ(back[1], 'w');
	EXPECT_QUIET(fd);
}

TEST("UFLT-11", "arguments of all kinds are waited for")
{
	char *p = map_private(4, RW);
	int fd = uffd_open(0);
	struct job *job;

	uffd_watch(fd, p, 4, MISSING);
	job = begin(SYS_access, p + PAGE - 1, F_OK); /* a path that goes over the end of a page */
	EXPECT_FAULT(fd, p, 0);
	uffd_fill(fd, p, "/");
	EXPECT_FAULT(fd, p + PAGE, 0);
	EXPECT_EQ(uffd_zeropage(fd, p + PAGE, PAGE, 0), 0);
	EXPECT_EQ(call_end(job), 0);
	job = begin(SYS_clock_gettime, CLOCK_MONOTONIC, p + 2 * PAGE);
	EXPECT_FAULT(fd, p + 2 * PAGE, FAULT_WRITE);
	uffd_fill(fd, p + 2 * PAGE, "x");
	EXPECT_EQ(call_end(job), 0);
	job = begin(SYS_futex, p + 3 * PAGE, FUTEX_WAIT, 1, NULL, NULL, 0);
	/* Linux wants to write it, as the word may be shared. */
	EXPECT_EQ(uffd_next(fd).arg.pagefault.address, p + 3 * PAGE);
	EXPECT_EQ(uffd_zeropage(fd, p + 3 * PAGE, PAGE, 0), 0);
	EXPECT_ERR(call_end(job), EAGAIN); /* it reads 0 there */
	EXPECT_QUIET(fd);
}

TEST("UFLT-11", "a private futex word is read like any other")
{
	char *p = map_private(1, RW);
	int fd = uffd_open(0);
	struct job *job;

	uffd_watch(fd, p, 1, MISSING);
	job = begin(SYS_futex, p, FUTEX_WAIT_PRIVATE, 1, NULL, NULL, 0);
	EXPECT_FAULT(fd, p, 0);
	EXPECT_EQ(uffd_zeropage(fd, p, PAGE, 0), 0);
	EXPECT_ERR(call_end(job), EAGAIN);
	EXPECT_QUIET(fd);
}

TEST("UFLT-11,UVMA-5", "mlock waits page by page")
{
	char *p = map_private(3, RW);
	int fd = uffd_open(0);
	struct job *job;

	uffd_watch(fd, p, 3, MISSING);
	job = begin(SYS_mlock, p, 3 * PAGE);
	for (int i = 0; i < 3; i++) {
		EXPECT_FAULT(fd, p + i * PAGE, FAULT_WRITE);
		EXPECT_SLEEPS(job);
		uffd_fill(fd, p + i * PAGE, "a");
	}
	EXPECT_EQ(call_end(job), 0);
	EXPECT_EQ(smaps_value(p, "Locked"), 12);
	EXPECT(has_flag(p, "um")); /* it stays registered (UVMA-4) */
	EXPECT_QUIET(fd);
}

TEST("UFLT-11", "MADV_POPULATE waits page by page")
{
	char *p = map_private(4, RW);
	int fd = uffd_open(0);
	struct job *job;

	uffd_watch(fd, p, 4, MISSING);
	job = begin(SYS_madvise, p, 2 * PAGE, MADV_POPULATE_READ);
	for (int i = 0; i < 2; i++) {
		EXPECT_FAULT(fd, p + i * PAGE, 0);
		EXPECT_EQ(uffd_zeropage(fd, p + i * PAGE, PAGE, 0), 0);
	}
	EXPECT_EQ(call_end(job), 0);
	job = begin(SYS_madvise, p, 3 * PAGE, MADV_POPULATE_WRITE);
	EXPECT_FAULT(fd, p + 2 * PAGE, FAULT_WRITE);
	uffd_fill(fd, p + 2 * PAGE, "a");
	EXPECT_EQ(call_end(job), 0);
	EXPECT_LETTERS(p, "00a");
	EXPECT_QUIET(fd);
}

TEST("UFLT-11,WPR-3", "MADV_POPULATE_WRITE asks for a protected page")
{
	char *p = letters("a");
	int fd = uffd_open(0);
	struct job *job;

	uffd_watch(fd, p, 1, WP);
	uffd_protect(fd, p, 1);
	EXPECT_OK(raw_madvise(p, PAGE, MADV_POPULATE_READ));
	EXPECT_QUIET(fd);
	job = begin(SYS_madvise, p, PAGE, MADV_POPULATE_WRITE);
	EXPECT_FAULT(fd, p, FAULT_WP);
	uffd_unprotect(fd, p, 1);
	EXPECT_EQ(call_end(job), 0);
}

TEST("UFLT-16", "kill ends a wait inside the kernel")
{
	static const int calls[] = {SYS_getrandom, SYS_mlock};
	volatile int *shared = shared_page();
	char *p = map_private(1, RW);

	for (int i = 0; i < 2; i++) {
		pid_t pid;

		shared[1] = 0;
		pid = fork_with_files();
		if (pid == 0) {
			shared[0] = uffd_open(0);
			uffd_watch(shared[0], p, 1, MISSING);
			shared[1] = 1;
			raw(calls[i], p, PAGE, 0);
			FAIL("the call came back");
		}
		await_value(shared + 1, 1);
		uffd_await_message(shared[0]);
		await_state(pid, "SD");
		EXPECT_OK(raw_kill(pid, SIGKILL));
		EXPECT_KILLED(pid, SIGKILL);
		EXPECT_QUIET(shared[0]);
		EXPECT_OK(raw_close(shared[0]));
	}
}

TEST("UFLT-17", "another signal does not end a call that waits for a page")
{
	char *p = map_private(1, RW);
	int fd = uffd_open(0);
	struct job *job;

	signal(SIGUSR1, count_signal);
	uffd_watch(fd, p, 1, MISSING);
	job = begin(SYS_getrandom, p, 64, 0);
	EXPECT_FAULT(fd, p, FAULT_WRITE);
	EXPECT_SLEEPS(job);
	EXPECT_OK(raw(SYS_tkill, job->tid, SIGUSR1));
	uffd_fill(fd, p, "a");
	EXPECT_EQ(call_end(job), 64);
	EXPECT_EQ(signals_counted, 1);
	EXPECT_EQ(p[64], 'a');
}

TEST("UFLT-17", "a signal that is pending before the fault does not end the call either")
{
	char *p = map_private(1, RW);
	int fd = uffd_open(0);
	struct job *job;

	signal(SIGUSR1, count_signal);
	uffd_watch(fd, p, 1, MISSING);
	job = begin(SYS_mlock, p, PAGE);
	EXPECT_FAULT(fd, p, FAULT_WRITE);
	EXPECT_SLEEPS(job);
	EXPECT_OK(raw(SYS_tkill, job->tid, SIGUSR1));
	uffd_fill(fd, p, "a");
	EXPECT_EQ(call_end(job), 0);
	EXPECT_EQ(signals_counted, 1);
}

static int set_child_tid_word(void *argument)
{
	raw(SYS_set_tid_address, argument);
	return 0;
}

TEST("UFLT-18", "a task that exits does not wait for its CLEARTID word")
{
	char *p = map_private(1, RW);
	int fd = uffd_open(0);
	long tid;

	uffd_watch(fd, p, 1, MISSING);
	tid = EXPECT_OK(clone_task(THREAD_FLAGS, NULL, set_child_tid_word, p));
	await_gone(tid);
	EXPECT_QUIET(fd);
	EXPECT_STR(resident(p, 1), "0");
}

TEST("UVMA-6", "/proc/self/mem does not wait")
{
	char *p = map_private(2, RW), buffer[16];
	int fd = uffd_open(0), mem = EXPECT_OK(raw_open("/proc/self/mem", O_RDWR, 0));

	uffd_watch(fd, p, 2, MISSING);
	EXPECT_ERR(raw_pread(mem, buffer, sizeof(buffer), p), EIO);
	EXPECT_ERR(raw_pwrite(mem, buffer, sizeof(buffer), p + PAGE), EIO);
	EXPECT_QUIET(fd);
	uffd_fill(fd, p, "a");
	EXPECT_EQ(raw_pread(mem, buffer, sizeof(buffer), p), sizeof(buffer));
	EXPECT_EQ(buffer[3], 'a');
}

TEST("UVMA-6", "process_vm_readv of another process waits for the page")
{
	volatile int *shared = shared_page();
	char *p = map_private(1, RW), *buffer = map_private(1, RW);
	struct iovec local = {buffer, PAGE}, remote = {p, PAGE};
	struct job *job;
	pid_t pid = fork_with_files();

	if (pid == 0) {
		shared[0] = uffd_open(0);
		uffd_watch(shared[0], p, 1, MISSING);
		shared[1] = 1;
		await_value(shared + 2, 1);
		EXPECT_LETTERS(p, "a");
		_exit(0);
	}
	await_value(shared + 1, 1);
	job = begin(SYS_process_vm_readv, pid, &local, 1, &remote, 1, 0);
	EXPECT_FAULT(shared[0], p, 0);
	EXPECT_SLEEPS(job);
	uffd_fill(shared[0], p, "a");
	EXPECT_EQ(call_end(job), PAGE);
	EXPECT_LETTERS(buffer, "a");
	shared[2] = 1;
	EXPECT_EXIT(pid, 0);
}
