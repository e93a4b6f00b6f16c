// SPDX-License-Identifier: MIT
/*
 * tests/abi/uffd_missing.c - faults on missing pages, from the access to the answer
 * (docs/contract/userfaultfd.md, section 7).
 */
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "lib/maps.h"
#include "lib/task.h"
#include "lib/test.h"
#include "lib/uffd.h"

/* A page that is code: it returns. */
static char *code_page(void)
{
	char *p = map_private(1, RW);

	memset(p, 0xc3, PAGE);
	return p;
}

TEST("UFLT-1", "the first read or write of anonymous memory sends a message")
{
	char *p = map_private(2, RW);
	int fd = uffd_open(0);
	struct job *job;

	uffd_watch(fd, p, 2, MISSING);
	job = touch(p, READ);
	EXPECT_FAULT(fd, p, 0);
	EXPECT_STR(resident(p, 2), "00");
	uffd_fill(fd, p, "a");
	EXPECT_TOUCHED(job);
	job = touch(p + PAGE, WRITE);
	EXPECT_FAULT(fd, p + PAGE, FAULT_WRITE);
	uffd_fill(fd, p + PAGE, "b");
	EXPECT_TOUCHED(job);
	EXPECT_EQ(p[PAGE], 0x5a);
	EXPECT_EQ(p[PAGE + 1], 'b');
	EXPECT_LETTERS(p, "a");
	p[0] = 'c'; /* what is there needs no message */
	EXPECT_QUIET(fd);
}

TEST("UFLT-1", "a read that is answered with zeros and a write that follows make one message")
{
	char *p = map_private(1, RW);
	int fd = uffd_open(0);
	struct job *job;

	uffd_watch(fd, p, 1, MISSING);
	job = touch(p, READ);
	EXPECT_FAULT(fd, p, 0);
	EXPECT_EQ(uffd_zeropage(fd, p, PAGE, 0), 0);
	EXPECT_TOUCHED(job);
	EXPECT_ACCESS(p, WRITE);
	EXPECT_QUIET(fd);
}

TEST("UFLT-2", "shared memory sends one only where the object has no page")
{
	int memfd = memfd_new(3), fd = uffd_open(0);
	char *s = map_fd(memfd, 3, RW, MAP_SHARED), *p = map_fd(memfd, 3, RW, MAP_PRIVATE);
	struct job *job;

	EXPECT_EQ(raw_pwrite(memfd, "s", 1, 0), 1);
	uffd_watch(fd, s, 3, MISSING);
	uffd_watch(fd, p, 3, MISSING);
	EXPECT_EQ(s[0], 's');
	EXPECT_EQ(p[0], 's');
	EXPECT_ACCESS(p, WRITE); /* copies the object's page, which is there */
	EXPECT_EQ(s[0], 's');
	EXPECT_QUIET(fd);

	job = touch(p + PAGE, READ);
	EXPECT_FAULT(fd, p + PAGE, 0);
	uffd_fill(fd, p + PAGE, "p");
	EXPECT_TOUCHED(job);
	job = touch(s + PAGE, WRITE); /* the private page is not the object's */
	EXPECT_FAULT(fd, s + PAGE, FAULT_WRITE);
	uffd_fill(fd, s + PAGE, "s");
	EXPECT_TOUCHED(job);
	EXPECT_LETTERS(p + PAGE, "p");

	job = touch(s + 2 * PAGE, READ);
	EXPECT_FAULT(fd, s + 2 * PAGE, 0);
	uffd_fill(fd, s + 2 * PAGE, "t");
	EXPECT_TOUCHED(job);
	EXPECT_LETTERS(p + 2 * PAGE, "t");
	EXPECT_QUIET(fd);
}

TEST("UFLT-5", "the address is that of the page")
{
	static const int offsets[] = {0, 1, 2047, 4095};
	char *p = map_private(4, RW);
	int fd = uffd_open(0);

	uffd_watch(fd, p, 4, MISSING);
	for (int i = 0; i < 4; i++) {
		char *page = p + i * PAGE;
		struct job *job = touch(page + offsets[i], READ);

		EXPECT_FAULT(fd, page, 0);
		uffd_fill(fd, page, "a");
		EXPECT_TOUCHED(job);
	}
}

TEST("UFLT-7,UFLT-10", "who faults sleeps without any lock, and others go on")
{
	char *p = map_private(4, RW), *other;
	int fd = uffd_open(0);
	struct job *job;

	uffd_watch(fd, p, 2, MISSING);
	job = touch(p, WRITE);
	EXPECT_FAULT(fd, p, FAULT_WRITE);
	EXPECT_SLEEPS(job);
	other = map_private(2, RW);
	EXPECT_OK(raw_mprotect(other, PAGE, PROT_READ));
	EXPECT_OK(raw_munmap(other, 2 * PAGE));
	EXPECT_OK(raw_mprotect(p + 3 * PAGE, PAGE, PROT_READ));
	EXPECT_ACCESS(p + 2 * PAGE, WRITE);
	uffd_watch(fd, p + 2 * PAGE, 1, MISSING);
	EXPECT_OK(uffd_unregister(fd, p + 2 * PAGE, PAGE));
	uffd_fill(fd, p + PAGE, "b");
	EXPECT_LETTERS(p + PAGE, "b");
	EXPECT_OK(uffd_wake(fd, p + PAGE, PAGE));
	EXPECT_SLEEPS(job); /* COPY and WAKE of its neighbour are not for it */
	EXPECT_QUIET(fd);
	uffd_fill(fd, p, "a");
	EXPECT_TOUCHED(job);
}

TEST("UFLT-7,UFLT-8,REL-2", "WAKE, UNREGISTER and close end the wait")
{
	char *p = map_private(3, RW);
	int fd = uffd_open(0), other = uffd_open(0);
	struct job *job[3];

	uffd_watch(fd, p, 2, MISSING);
	uffd_watch(other, p + 2 * PAGE, 1, MISSING);
	for (int i = 0; i < 3; i++) {
		job[i] = touch(p + i * PAGE, READ);
		EXPECT_FAULT(i < 2 ? fd : other, p + i * PAGE, 0);
	}
	EXPECT_OK(uffd_wake(fd, p, PAGE));
	EXPECT_FAULT(fd, p, 0); /* it finds nothing and asks again */
	uffd_fill(fd, p, "a");
	EXPECT_TOUCHED(job[0]);
	EXPECT_OK(uffd_unregister(fd, p + PAGE, PAGE));
	EXPECT_TOUCHED(job[1]);
	EXPECT_OK(raw_close(other));
	EXPECT_TOUCHED(job[2]);
	EXPECT_LETTERS(p, "a00");
}

TEST("UFLT-8", "each wake without a page is followed by another message")
{
	char *p = map_private(1, RW);
	int fd = uffd_open(0);
	struct job *job;

	uffd_watch(fd, p, 1, MISSING);
	job = touch(p, WRITE);
	for (int i = 0; i < 20; i++) {
		EXPECT_FAULT(fd, p, FAULT_WRITE);
		EXPECT_OK(uffd_wake(fd, p, PAGE));
	}
	EXPECT_FAULT(fd, p, FAULT_WRITE);
	uffd_fill(fd, p, "a");
	EXPECT_TOUCHED(job);
	EXPECT_QUIET(fd);
}

TEST("UFLT-14", "a signal interrupts the wait, and the access asks again")
{
	char *p = map_private(1, RW);
	int fd = uffd_open(0);
	struct job *job;

	signal(SIGUSR1, SIG_IGN);
	uffd_watch(fd, p, 1, MISSING);
	job = touch(p, READ);
	EXPECT_FAULT(fd, p, 0);
	EXPECT_SLEEPS(job);
	EXPECT_OK(raw(SYS_tkill, job->tid, SIGUSR1)); /* ignored: nothing happens */
	EXPECT_SLEEPS(job);
	EXPECT_QUIET(fd);
	uffd_fill(fd, p, "a");
	EXPECT_TOUCHED(job);
}

TEST("UFLT-14", "the handler of a signal runs while the page is missing, then comes a new message")
{
	char *p = map_private(1, RW);
	int fd = uffd_open(0);
	struct job *job;

	signal(SIGUSR1, count_signal);
	uffd_watch(fd, p, 1, MISSING);
	job = touch(p, READ);
	EXPECT_FAULT(fd, p, 0);
	for (int i = 1; i < 4; i++) {
		EXPECT_SLEEPS(job);
		EXPECT_OK(raw(SYS_tkill, job->tid, SIGUSR1));
		EXPECT_FAULT(fd, p, 0); /* the same address again */
		EXPECT_EQ(signals_counted, i);
	}
	uffd_fill(fd, p, "a");
	EXPECT_ERR(uffd_copy(fd, p, letters("b"), PAGE, 0), EEXIST); /* for the first message */
	EXPECT_TOUCHED(job);
	EXPECT_LETTERS(p, "a");
}

TEST("UFLT-15,RD-8", "a message that no one has read goes with its fault")
{
	char *p = map_private(2, RW);
	int fd = uffd_open(0);
	struct job *job;

	uffd_watch(fd, p, 2, MISSING);
	job = touch(p, READ);
	uffd_await_message(fd);
	uffd_fill(fd, p, "a"); /* answered before it was asked */
	EXPECT_TOUCHED(job);
	EXPECT_EQ(uffd_poll(fd), 0);
	EXPECT_QUIET(fd);
	job = touch(p + PAGE, READ);
	uffd_await_message(fd);
	EXPECT_OK(uffd_unregister(fd, p + PAGE, PAGE));
	EXPECT_TOUCHED(job);
	EXPECT_QUIET(fd);
}

TEST("UFLT-16,EXT-12", "kill ends the wait and takes the message away")
{
	char *p = map_private(2, RW);
	volatile int *shared = shared_page();
	long pending, total;
	pid_t pid;

	for (int read_it = 0; read_it < 2; read_it++) {
		shared[1] = 0;
		pid = fork_with_files();
		if (pid == 0) {
			shared[0] = uffd_open(0);
			uffd_watch(shared[0], p, 2, MISSING);
			shared[1] = 1;
			p[0] = 1;
			FAIL("the access came back");
		}
		await_value(shared + 1, 1);
		uffd_await_message(shared[0]);
		if (read_it)
			EXPECT_FAULT(shared[0], p, FAULT_WRITE);
		await_state(pid, "SD");
		EXPECT_OK(raw_kill(pid, SIGKILL));
		EXPECT_KILLED(pid, SIGKILL);
		uffd_counts(shared[0], &pending, &total);
		EXPECT_EQ(pending, 0);
		EXPECT_EQ(total, 0);
		EXPECT_QUIET(shared[0]);
		EXPECT_OK(raw_close(shared[0]));
	}
}

TEST("UFLT-20", "two faults on one page make two messages, and one answer wakes both")
{
	char *p = map_private(1, RW);
	int fd = uffd_open(0);
	struct job *first, *second, *third;

	uffd_watch(fd, p, 1, MISSING);
	first = touch(p, READ);
	EXPECT_FAULT(fd, p, 0);
	second = touch(p + 8, WRITE);
	EXPECT_FAULT(fd, p, FAULT_WRITE);
	third = touch(p + 16, READ);
	uffd_await(fd, 3);
	uffd_fill(fd, p, "a");
	EXPECT_TOUCHED(first);
	EXPECT_TOUCHED(second);
	EXPECT_TOUCHED(third);
	EXPECT_QUIET(fd);
	EXPECT_EQ(p[0], 'a');
	EXPECT_EQ(p[8], 0x5a);
}

TEST("UFLT-21,WAK-1", "WAKE reaches the pages of its range and no others")
{
	char *p = map_private(5, RW);
	int fd = uffd_open(0);
	struct job *job[5];

	uffd_watch(fd, p, 5, MISSING);
	for (int i = 0; i < 5; i++) {
		job[i] = touch(p + i * PAGE + 100, READ);
		EXPECT_FAULT(fd, p + i * PAGE, 0);
	}
	for (int i = 0; i < 5; i++)
		EXPECT_SLEEPS(job[i]);
	EXPECT_OK(uffd_wake(fd, p + PAGE, 3 * PAGE));
	uffd_await(fd, 5); /* three of them ask again */
	for (int i = 0; i < 3; i++) {
		struct uffd_msg message = uffd_next(fd);
		unsigned long at = message.arg.pagefault.address;

		EXPECT(at >= (unsigned long)p + PAGE && at < (unsigned long)p + 4 * PAGE);
	}
	EXPECT_QUIET(fd);
	uffd_fill(fd, p, "abcde");
	for (int i = 0; i < 5; i++)
		EXPECT_TOUCHED(job[i]);
}

TEST("UFLT-22", "munmap does not wake; who is woken then finds nothing")
{
	char *p = map_alone(2, RW), *src = letters("a");
	int fd = uffd_open(0);
	struct job *job;

	uffd_watch(fd, p, 2, MISSING);
	job = touch(p, READ);
	EXPECT_FAULT(fd, p, 0);
	EXPECT_SLEEPS(job);
	EXPECT_OK(raw_munmap(p, PAGE));
	EXPECT_SLEEPS(job);
	EXPECT_ERR(uffd_copy(fd, p, src, PAGE, 0), ENOENT);
	EXPECT_SLEEPS(job); /* a copy that fails wakes no one */
	EXPECT_OK(uffd_wake(fd, p, PAGE));
	EXPECT_TOUCH_SEGV(job, SEGV_MAPERR);
	EXPECT_QUIET(fd);
}

TEST("UFLT-23", "mprotect while a thread waits is seen by the thread once it wakes")
{
	char *p = map_private(2, RW);
	int fd = uffd_open(0);
	struct job *job[2];

	uffd_watch(fd, p, 2, MISSING);
	job[0] = touch(p, WRITE);
	EXPECT_FAULT(fd, p, FAULT_WRITE);
	job[1] = touch(p + PAGE, READ);
	EXPECT_FAULT(fd, p + PAGE, 0);
	EXPECT_OK(raw_mprotect(p, PAGE, PROT_READ));
	EXPECT_OK(raw_mprotect(p + PAGE, PAGE, PROT_NONE));
	uffd_fill(fd, p, "a");
	EXPECT_TOUCH_SEGV(job[0], SEGV_ACCERR);
	EXPECT_OK(uffd_wake(fd, p + PAGE, PAGE));
	EXPECT_TOUCH_SEGV(job[1], SEGV_ACCERR);
	EXPECT_LETTERS(p, "a");
	EXPECT_QUIET(fd);
}

TEST("UFLT-24", "an instruction that is missing sends a message like a read")
{
	char *p = map_private(1, RWX);
	int fd = uffd_open(0);
	struct job *job;

	uffd_watch(fd, p, 1, MISSING);
	job = touch(p + 17, EXEC);
	EXPECT_FAULT(fd, p, 0);
	EXPECT_EQ(uffd_copy(fd, p, code_page(), PAGE, 0), 0);
	EXPECT_TOUCHED(job);
}

TEST("UFLT-24", "that the area is not for instructions is seen once the page is there")
{
	char *p = map_private(1, RW);
	int fd = uffd_open(0);
	struct job *job;

	uffd_watch(fd, p, 1, MISSING);
	job = touch(p, EXEC);
	EXPECT_FAULT(fd, p, 0);
	EXPECT_EQ(uffd_copy(fd, p, code_page(), PAGE, 0), 0);
	EXPECT_TOUCH_SEGV(job, SEGV_ACCERR);
	EXPECT_QUIET(fd);
}

TEST("UFLT-25", "what the area does not allow is a signal and no message")
{
	char *p = map_private(2, RW);
	int fd = uffd_open(0);

	EXPECT_OK(raw_mprotect(p, PAGE, PROT_READ));
	EXPECT_OK(raw_mprotect(p + PAGE, PAGE, PROT_NONE));
	uffd_watch(fd, p, 2, MISSING);
	EXPECT_SEGV(p, WRITE, SEGV_ACCERR);
	EXPECT_SEGV(p + PAGE, READ, SEGV_ACCERR);
	EXPECT_QUIET(fd);
}

TEST("UFLT-26", "pages that are dropped are missing again")
{
	char *p = letters("ab"), *s = map_shared(1, RW);
	int fd = uffd_open(0);
	struct job *job;

	s[0] = 's';
	uffd_watch(fd, p, 2, MISSING);
	uffd_watch(fd, s, 1, MISSING);
	EXPECT_OK(raw_madvise(p, PAGE, MADV_DONTNEED));
	job = touch(p, READ);
	EXPECT_FAULT(fd, p, 0);
	uffd_fill(fd, p, "c");
	EXPECT_TOUCHED(job);
	EXPECT_LETTERS(p, "cb");
	EXPECT_OK(raw_madvise(s, PAGE, MADV_DONTNEED));
	EXPECT_EQ(s[0], 's'); /* the object still has it */
	EXPECT_OK(raw_madvise(s, PAGE, MADV_REMOVE));
	job = touch(s, READ);
	EXPECT_FAULT(fd, s, 0);
	uffd_fill(fd, s, "t");
	EXPECT_TOUCHED(job);
	EXPECT_QUIET(fd);
}

static void *count_major(void *argument)
{
	char *p = argument;
	struct rusage before, after;

	EXPECT_OK(raw(SYS_getrusage, RUSAGE_THREAD, &before));
	for (int i = 0; i < 3; i++)
		p[i * PAGE] = 1;
	EXPECT_OK(raw(SYS_getrusage, RUSAGE_THREAD, &after));
	return (void *)(after.ru_majflt - before.ru_majflt);
}

TEST("UFLT-27", "a fault that waited is a major one of its thread")
{
	char *p = map_private(3, RW);
	int fd = uffd_open(0);
	struct thread thread;

	uffd_watch(fd, p, 3, MISSING);
	thread = thread_start(count_major, p);
	for (int i = 0; i < 3; i++) {
		EXPECT_FAULT(fd, p + i * PAGE, FAULT_WRITE);
		uffd_fill(fd, p + i * PAGE, "a");
	}
	EXPECT_EQ(thread_join(thread), 3);
}

static int read_page(void *argument)
{
	return *(volatile char *)argument;
}

TEST("UFLT-28", "a process that shares the memory is served like a thread")
{
	char *p = map_private(2, RW);
	int fd = uffd_open(0);
	pid_t pid;

	uffd_watch(fd, p, 2, MISSING);
	pid = EXPECT_OK(clone_task(CLONE_VM | SIGCHLD, NULL, read_page, p));
	EXPECT_FAULT(fd, p, 0);
	uffd_fill(fd, p, "a");
	EXPECT_EXIT(pid, 'a');
}
