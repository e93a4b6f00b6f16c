// SPDX-License-Identifier: MIT
/*
 * tests/abi/mprotect_pkru.c - PKRU, the rights of a thread to the keys: who has which, and whom
 * they bind (docs/contract/mmap.md, PKEY-5 and PKEY-6).
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <signal.h>
#include <sys/uio.h>
#include <ucontext.h>
#include <unistd.h>

#include "lib/fault.h"
#include "lib/maps.h"
#include "lib/sys.h"
#include "lib/task.h"
#include "lib/test.h"

#define INITIAL	       0x55555554U
#define NO_ACCESS(key) (1U << 2 * (key))
#define NO_WRITE(key)  (2U << 2 * (key))

#define XSAVE_PKRU 9

static unsigned int rdpkru(void)
{
	unsigned int value, high;

	__asm__ volatile("rdpkru" : "=a"(value), "=d"(high) : "c"(0));
	return value;
}

static void wrpkru(unsigned int value)
{
	__asm__ volatile("wrpkru" : : "a"(value), "c"(0), "d"(0) : "memory");
}

static void need_keys(void)
{
	if (!has_pkeys())
		SKIP("the CPU has no protection keys");
}

/* A page with a key of its own, to which PKRU gives these rights. */
static char *keyed_page(unsigned int rights, long *key)
{
	char *p = map_private(1, RW);

	memset(p, 'k', PAGE);
	*key = EXPECT_OK(raw(SYS_pkey_alloc, 0, rights));
	EXPECT_OK(raw(SYS_pkey_mprotect, p, PAGE, RW, *key));
	return p;
}

int test_child(int argc, char **argv)
{
	char *code;

	(void)argc;
	(void)argv;
	EXPECT_EQ(rdpkru(), INITIAL);
	EXPECT_EQ(raw(SYS_pkey_alloc, 0, 0), 1);
	code = map_private(1, PROT_EXEC);
	EXPECT_EQ(smaps_value(code, "ProtectionKey"), 2);
	return 3;
}

TEST("PKEY-5", "a program starts with the initial rights and no key")
{
	const char *words[] = {"", NULL};
	pid_t pid;

	need_keys();
	EXPECT_EQ(raw(SYS_pkey_alloc, 0, 0), 1);
	map_private(1, PROT_EXEC);
	wrpkru(0);
	pid = test_fork();
	if (pid == 0)
		test_exec(words);
	EXPECT_EXIT(pid, 3);
}

static void *thread_rights(void *unused)
{
	unsigned int mine = rdpkru();

	(void)unused;
	wrpkru(INITIAL);
	return (void *)(unsigned long)mine;
}

TEST("PKEY-5",
     "threads and children begin with their maker's rights and have their own from then on")
{
	unsigned int mine = INITIAL & ~NO_ACCESS(3);
	pid_t pid;

	need_keys();
	wrpkru(mine);
	EXPECT_EQ((long)thread_join(thread_start(thread_rights, NULL)), mine);
	EXPECT_EQ(rdpkru(), mine);
	pid = test_fork();
	if (pid == 0) {
		EXPECT_EQ(rdpkru(), mine);
		wrpkru(0);
		_exit(0);
	}
	EXPECT_EXIT(pid, 0);
	EXPECT_EQ(rdpkru(), mine);
}

static void *keep_rights(void *value)
{
	unsigned int mine = (unsigned int)(unsigned long)value;

	wrpkru(mine);
	for (int i = 0; i < 200; i++) {
		raw(SYS_sched_yield);
		if (rdpkru() != mine)
			return NULL;
	}
	return value;
}

TEST("PKEY-5", "each thread keeps its rights while others run")
{
	struct thread threads[3];

	need_keys();
	pin_to_cpu(0);
	for (unsigned long i = 0; i < 3; i++)
		threads[i] = thread_start(keep_rights, (void *)(INITIAL & ~(3UL << (2 * i + 4))));
	for (unsigned long i = 0; i < 3; i++)
		EXPECT_EQ(thread_join(threads[i]), INITIAL & ~(3UL << (2 * i + 4)));
	EXPECT_EQ(rdpkru(), INITIAL);
}

static volatile unsigned int in_handler, in_frame;
static volatile long change_to;

/* PKRU as the frame has it: where CPUID says that XSAVE puts component 9. */
static unsigned int *frame_pkru(void *context)
{
	char *image = (char *)((ucontext_t *)context)->uc_mcontext.fpregs;
	unsigned int size = 0xd, offset, c = XSAVE_PKRU, d;

	__asm__("cpuid" : "+a"(size), "=b"(offset), "+c"(c), "=d"(d));
	return (unsigned int *)(image + offset);
}

static void on_signal(int signal, siginfo_t *info, void *context)
{
	(void)signal;
	(void)info;
	in_handler = rdpkru();
	in_frame = *frame_pkru(context);
	if (change_to >= 0)
		*frame_pkru(context) = (unsigned int)change_to;
	wrpkru(0);
}

static void catch (int flags)
{
	struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | flags};

	EXPECT_EQ(sigaction(SIGUSR1, &action, NULL), 0);
}

TEST("PKEY-5,SIG-18", "a handler has the initial rights, and its frame those of the program")
{
	unsigned int mine = INITIAL & ~NO_ACCESS(5);

	need_keys();
	catch (0);
	change_to = -1;
	wrpkru(mine);
	EXPECT_EQ(raw(SYS_tkill, raw_gettid(), SIGUSR1), 0);
	EXPECT_EQ(rdpkru(), mine);
	EXPECT_EQ(in_handler, INITIAL);
	EXPECT_EQ(in_frame, mine);
}

TEST("PKEY-5,SIG-18", "what the handler writes into the frame counts afterwards")
{
	need_keys();
	catch (0);
	change_to = INITIAL & ~NO_ACCESS(7);
	EXPECT_EQ(raw(SYS_tkill, raw_gettid(), SIGUSR1), 0);
	EXPECT_EQ(in_frame, INITIAL);
	EXPECT_EQ(rdpkru(), INITIAL & ~NO_ACCESS(7));
}

TEST("PKEY-5,PKEY-6", "a frame on a stack that the program may not write is SIGSEGV")
{
	stack_t stack = {.ss_size = 16 * PAGE};
	pid_t pid;
	long key;

	need_keys();
	stack.ss_sp = map_private(16, RW);
	key = EXPECT_OK(raw(SYS_pkey_alloc, 0, 2));
	EXPECT_OK(raw(SYS_pkey_mprotect, stack.ss_sp, stack.ss_size, RW, key));
	pid = test_fork();
	if (pid == 0) {
		EXPECT_EQ(raw(SYS_sigaltstack, &stack, NULL), 0);
		catch (SA_ONSTACK);
		raw(SYS_tkill, raw_gettid(), SIGUSR1);
		_exit(0);
	}
	EXPECT_KILLED(pid, SIGSEGV);
}

TEST("DMM-8", "a child has its parent's keys, the execute-only one too")
{
	char *code;
	pid_t pid;

	need_keys();
	EXPECT_EQ(raw(SYS_pkey_alloc, 0, 0), 1);
	code = map_private(1, PROT_EXEC);
	EXPECT_EQ(smaps_value(code, "ProtectionKey"), 2);
	pid = test_fork();
	if (pid == 0) {
		EXPECT_EQ(raw(SYS_pkey_alloc, 0, 0), 3);
		EXPECT_EQ(smaps_value(map_private(1, PROT_EXEC), "ProtectionKey"), 2);
		EXPECT_ERR(raw(SYS_pkey_free, 2), EINVAL);
		EXPECT_EQ(raw(SYS_pkey_free, 1), 0);
		_exit(0);
	}
	EXPECT_EXIT(pid, 0);
	EXPECT_EQ(raw(SYS_pkey_alloc, 0, 0), 3); /* the child's are its own */
}

TEST("PKEY-6", "system calls cannot read or write what the caller cannot")
{
	int fds[2];
	char *p;
	long key;

	need_keys();
	EXPECT_EQ(pipe(fds), 0);
	p = keyed_page(2, &key);
	EXPECT_EQ(raw_write(fds[1], p, 4), 4);
	EXPECT_ERR(raw_read(fds[0], p, 4), EFAULT);
	wrpkru(rdpkru() | NO_ACCESS(key));
	EXPECT_ERR(raw_write(fds[1], p, 4), EFAULT);
	EXPECT_ERR(raw_open(p, O_RDONLY, 0), EFAULT);
	wrpkru(rdpkru() & ~(NO_ACCESS(key) | NO_WRITE(key)));
	EXPECT_EQ(raw_write(fds[1], p, 4), 4);
	EXPECT_EQ(raw_read(fds[0], p + 8, 4), 4);
}

TEST("PKEY-6", "execute-only code cannot be read by system calls")
{
	char *code;
	int fds[2];

	need_keys();
	EXPECT_EQ(pipe(fds), 0);
	code = map_private(1, RW);
	memset(code, 0xc3, PAGE);
	EXPECT_OK(raw_mprotect(code, PAGE, PROT_EXEC));
	EXPECT_ERR(raw_write(fds[1], code, 4), EFAULT);
	EXPECT_ACCESS(code, EXEC);
}

TEST("PKEY-6", "pages that the caller cannot touch are not made present for it")
{
	char *p = map_private(4, RW);
	long key;

	need_keys();
	key = EXPECT_OK(raw(SYS_pkey_alloc, 0, 1));
	EXPECT_OK(raw(SYS_pkey_mprotect, p, 4 * PAGE, RW, key));
	EXPECT_ERR(raw_madvise(p, PAGE, 22 /* MADV_POPULATE_READ */), EINVAL);
	EXPECT_ERR(raw_madvise(p, PAGE, 23 /* MADV_POPULATE_WRITE */), EINVAL);
	EXPECT_ERR(raw_mlock(p, PAGE), ENOMEM);
	EXPECT_STR(resident(p, 4), "0000");
}

TEST("PKEY-6", "other address spaces' memory is reached whatever the keys say")
{
	char *p, buffer[4];
	struct iovec local = {buffer, 4}, remote;
	int fd;
	long key;

	need_keys();
	p = keyed_page(1, &key);
	fd = EXPECT_OK(raw_open("/proc/self/mem", O_RDWR, 0));
	EXPECT_EQ(raw_pread(fd, buffer, 4, p), 4);
	EXPECT_EQ(buffer[0], 'k');
	remote = (struct iovec){p, 4};
	EXPECT_EQ(raw(SYS_process_vm_readv, getpid(), &local, 1, &remote, 1, 0), 4);
	EXPECT_EQ(buffer[3], 'k');
}
