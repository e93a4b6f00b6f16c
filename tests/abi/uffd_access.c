// SPDX-License-Identifier: MIT
/*
 * tests/abi/uffd_access.c - the less common ways into watched memory: futex operations, frames of
 * signals, arguments of execve and of userfaultfd itself, other processes, the end of a thread
 * (docs/contract/userfaultfd.md, UFLT-11, UFLT-14, UFLT-18, UVMA-6, CPY-6, CPY-14).
 */
#include <linux/futex.h>
#include <signal.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "lib/maps.h"
#include "lib/task.h"
#include "lib/test.h"
#include "lib/uffd.h"

TEST("UVMA-6,WPR-3", "a futex operation on a protected word is EFAULT on Linux, or waits")
{
	char *p = map_private(1, RW);
	int fd = uffd_open(0), word = 0;
	struct job *job;

	p[0] = 1;
	uffd_watch(fd, p, 1, WP);
	uffd_protect(fd, p, 1);
	job = begin(SYS_futex, &word, FUTEX_WAKE_OP | FUTEX_PRIVATE_FLAG, 1, 1, p,
		    FUTEX_OP(FUTEX_OP_ADD, 2, FUTEX_OP_CMP_EQ, 1));
	if (uffd_asks(fd, job)) {
		EXPECT_FAULT(fd, p, FAULT_WP);
		EXPECT_SLEEPS(job);
		EXPECT_EQ(p[0], 1);
		uffd_unprotect(fd, p, 1);
		EXPECT_EQ(call_end(job), 0);
		EXPECT_EQ(p[0], 3);
	} else {
		EXPECT_ERR(call_end(job), EFAULT);
		EXPECT_EQ(p[0], 1);
	}
	EXPECT_QUIET(fd);
}

static void *raise_on_stack(void *argument)
{
	stack_t stack = {.ss_sp = argument, .ss_size = 8 * PAGE};

	EXPECT_OK(raw(SYS_sigaltstack, &stack, NULL));
	EXPECT_OK(raw(SYS_tkill, raw_gettid(), SIGUSR1));
	return NULL;
}

TEST("UFLT-11", "the frame of a signal waits for its stack")
{
	struct sigaction action = {.sa_handler = count_signal, .sa_flags = SA_ONSTACK};
	char *stack = map_private(8, RW), *top = stack + 7 * PAGE;
	int fd = uffd_open(0);
	struct thread thread;

	sigaction(SIGUSR1, &action, NULL);
	uffd_watch(fd, stack, 8, MISSING);
	thread = thread_start(raise_on_stack, stack);
	for (;;) { /* as many pages as a frame needs, from the top */
		struct uffd_msg message = uffd_next(fd);

		EXPECT_EQ(message.arg.pagefault.flags, FAULT_WRITE);
		EXPECT(message.arg.pagefault.address >= (unsigned long)stack);
		uffd_fill(fd, message.arg.pagefault.address, "0");
		if (message.arg.pagefault.address == (unsigned long)top)
			break;
	}
	while (!signals_counted)
		if (uffd_poll(fd))
			EXPECT_EQ(uffd_zeropage(fd, uffd_next(fd).arg.pagefault.address, PAGE, 0),
				  0);
	thread_join(thread);
	EXPECT_EQ(signals_counted, 1);
}

/* Run by the program below: says that its argument came whole. */
int test_child(int argc, char **argv)
{
	return argc == 1 && strcmp(argv[0], "!!!") == 0 ? 7 : 8;
}

TEST("UFLT-11,REL-6", "execve waits for its strings")
{
	volatile int *shared = shared_page();
	char *p = map_private(1, RW), text[PAGE] = "!!!";
	pid_t pid = fork_with_files();

	if (pid == 0) {
		shared[0] = uffd_open_flags(O_NONBLOCK, 0);
		uffd_watch(shared[0], p, 1, MISSING);
		shared[1] = 1;
		test_exec((const char *[]){p, NULL});
	}
	await_value(shared + 1, 1);
	EXPECT_FAULT(shared[0], p, 0);
	EXPECT_EQ(uffd_copy(shared[0], p, text, PAGE, 0), 0);
	EXPECT_EXIT(pid, 7);
	EXPECT_ERR(uffd_zeropage(shared[0], p, PAGE, 0), ESRCH);
}

TEST("UFLT-11,CPY-14", "the argument of an ioctl and the buffer of a read wait too")
{
	char *args = map_private(2, RW), *p = map_private(2, RW);
	struct uffdio_copy copy = {(unsigned long)p, (unsigned long)letters("a"), PAGE, 0, 0};
	struct uffdio_copy *there = (void *)(args + 64);
	int fd = uffd_open(0), other = uffd_open(0);
	char page[PAGE] = {0};
	struct job *job, *reader;

	uffd_watch(other, args, 2, MISSING);
	uffd_watch(fd, p, 2, MISSING);
	job = begin(SYS_ioctl, fd, UFFDIO_COPY, there);
	EXPECT_FAULT(other, args, 0);
	memcpy(page + 64, &copy, sizeof(copy));
	EXPECT_EQ(uffd_copy(other, args, page, PAGE, 0), 0);
	EXPECT_EQ(call_end(job), 0);
	EXPECT_EQ(there->copy, PAGE);
	EXPECT_LETTERS(p, "a");

	job = touch(p + PAGE, READ);
	uffd_await_message(fd);
	reader = begin(SYS_read, fd, args + PAGE, sizeof(struct uffd_msg));
	EXPECT_FAULT(other, args + PAGE, FAULT_WRITE);
	EXPECT_SLEEPS(reader);
	EXPECT_QUIET(fd); /* the message is taken */
	EXPECT_EQ(uffd_zeropage(other, args + PAGE, PAGE, 0), 0);
	EXPECT_EQ(call_end(reader), sizeof(struct uffd_msg));
	EXPECT_EQ(((struct uffd_msg *)(args + PAGE))->arg.pagefault.address, p + PAGE);
	EXPECT_EQ(uffd_zeropage(fd, p + PAGE, PAGE, 0), 0);
	EXPECT_TOUCHED(job);
}

TEST("CPY-14,CPY-4", "a copy whose source is its own place asks for it, and finds it filled")
{
	char *p = map_private(1, RW);
	int fd = uffd_open(0);
	struct uffdio_copy copy = {(unsigned long)p, (unsigned long)p, PAGE, 0, 0};
	struct job *job;

	uffd_watch(fd, p, 1, MISSING);
	job = begin(SYS_ioctl, fd, UFFDIO_COPY, &copy);
	EXPECT_FAULT(fd, p, 0);
	uffd_fill(fd, p, "a");
	EXPECT_ERR(call_end(job), EEXIST);
	EXPECT_EQ(copy.copy, -EEXIST);
	EXPECT_LETTERS(p, "a");
}

TEST("CPY-6", "a source beyond the end of its file is EFAULT")
{
	int memfd = memfd_new(2), fd = uffd_open(0);
	char *src = map_fd(memfd, 2, RW, MAP_SHARED), *p = map_private(2, RW);

	memset(src, 's', PAGE);
	EXPECT_OK(raw_ftruncate(memfd, PAGE));
	uffd_watch(fd, p, 2, MISSING);
	EXPECT_ERR(uffd_copy(fd, p, src, 2 * PAGE, 0), EAGAIN);
	EXPECT_EQ(uffd_done, PAGE);
	EXPECT_ERR(uffd_copy(fd, p + PAGE, src + PAGE, PAGE, 0), EFAULT);
	EXPECT_LETTERS(p, "s");
}

TEST("UVMA-6,WPR-3", "/proc/self/mem does not write protected pages")
{
	char *p = letters("a"), byte = 'z';
	int fd = uffd_open(0), mem = EXPECT_OK(raw_open("/proc/self/mem", O_RDWR, 0));

	uffd_watch(fd, p, 1, WP);
	uffd_protect(fd, p, 1);
	EXPECT_ERR(raw_pwrite(mem, &byte, 1, p), EIO);
	EXPECT_EQ(raw_pread(mem, &byte, 1, p), 1);
	EXPECT_EQ(byte, 'a');
	EXPECT_LETTERS(p, "a");
	EXPECT_QUIET(fd);
	EXPECT_OK(raw_mprotect(p, PAGE, PROT_READ));
	EXPECT_ERR(raw_pwrite(mem, "z", 1, p), EIO); /* that would be forced otherwise */
	uffd_unprotect(fd, p, 1);
	EXPECT_EQ(raw_pwrite(mem, "b", 1, p), 1);
	EXPECT_EQ(p[0], 'b');
}

TEST("UVMA-6,WPR-3", "process_vm_writev waits for a protected page of another process")
{
	volatile int *shared = shared_page();
	char *p = letters("a"), byte = 'w';
	struct iovec local = {&byte, 1}, remote = {p, 1};
	struct job *job;
	pid_t pid = fork_with_files();

	if (pid == 0) {
		shared[0] = uffd_open(0);
		uffd_watch(shared[0], p, 1, WP);
		uffd_protect(shared[0], p, 1);
		shared[1] = 1;
		await_value(shared + 2, 1);
		EXPECT_EQ(p[0], 'w');
		_exit(0);
	}
	await_value(shared + 1, 1);
	job = begin(SYS_process_vm_writev, pid, &local, 1, &remote, 1, 0);
	EXPECT_FAULT(shared[0], p, FAULT_WP);
	EXPECT_SLEEPS(job);
	uffd_unprotect(shared[0], p, 1);
	EXPECT_EQ(call_end(job), 1);
	shared[2] = 1;
	EXPECT_EXIT(pid, 0);
	EXPECT_LETTERS(p, "a");
}

static int leave_robust_list(void *argument)
{
	return raw(SYS_set_robust_list, argument, 24) != 0;
}

TEST("UFLT-18", "a task that exits does not wait for its list of robust futexes")
{
	char *p = map_private(1, RW);
	int fd = uffd_open(0);
	long tid;

	uffd_watch(fd, p, 1, MISSING);
	tid = EXPECT_OK(clone_task(THREAD_FLAGS, NULL, leave_robust_list, p));
	await_gone(tid);
	EXPECT_QUIET(fd);
	EXPECT_STR(resident(p, 1), "0");
}

TEST("UFLT-14,UFLT-15", "a stop takes the wait away, and the access asks again when it goes on")
{
	volatile int *shared = shared_page();
	char *p = map_private(1, RW);
	int status;
	pid_t pid = fork_with_files();

	if (pid == 0) {
		shared[0] = uffd_open(0);
		uffd_watch(shared[0], p, 1, MISSING);
		shared[1] = 1;
		EXPECT_LETTERS(p, "a");
		_exit(0);
	}
	await_value(shared + 1, 1);
	EXPECT_FAULT(shared[0], p, 0);
	for (int i = 0; i < 3; i++) {
		await_state(pid, "SD");
		EXPECT_OK(raw_kill(pid, SIGSTOP));
		EXPECT_EQ(raw_wait4(pid, &status, WUNTRACED), pid);
		EXPECT(WIFSTOPPED(status));
		EXPECT_QUIET(shared[0]);
		EXPECT_STR(uffd_info(shared[0], "total"), "\t0");
		EXPECT_OK(raw_kill(pid, SIGCONT));
		EXPECT_FAULT(shared[0], p, 0);
	}
	uffd_fill(shared[0], p, "a");
	EXPECT_EXIT(pid, 0);
}
