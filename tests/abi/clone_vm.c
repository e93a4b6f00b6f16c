// SPDX-License-Identifier: MIT
/*
 * tests/abi/clone_vm.c - tasks that share an address space, files or nothing (docs/contract/fork.md,
 * section 7).
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/fault.h"
#include "lib/maps.h"
#include "lib/sys.h"
#include "lib/task.h"
#include "lib/test.h"

#define SHARE (CLONE_VM | SIGCHLD)

/* What a sharer did; all of it in memory that both see. */
struct job {
	struct gate start, done;
	char *p;
	unsigned long brk;
	long result;
};

static struct job *new_job(void)
{
	struct job *job = (struct job *)map_private(1, RW);

	job->start = gate_new();
	job->done = gate_new();
	return job;
}

static int change(void *argument)
{
	struct job *job = argument;

	gate_pass(&job->start);
	job->p = map_private(6, RW);
	job->p[0] = 's';
	job->result =
		raw_munmap(job->p + PAGE, PAGE) | raw_mprotect(job->p + 2 * PAGE, PAGE, PROT_READ);
	job->brk = raw_brk(raw_brk(0) + 3 * PAGE);
	gate_open(&job->done);
	gate_pass(&job->start);
	EXPECT_EQ(job->p[5 * PAGE], 'm');
	return raw_mlockall(MCL_FUTURE);
}

TEST("SHR-1,CMM-3",
     "sharers see each other's mmap, munmap, mprotect, brk, mlockall and stores at once")
{
	struct job *job = new_job();
	long pid = clone_task(SHARE, NULL, change, job), locked;

	EXPECT(pid > 0);
	gate_open(&job->start);
	gate_pass(&job->done);
	EXPECT_EQ(job->result, 0);
	EXPECT_EQ(job->p[0], 's');
	EXPECT_AREAS(job->p, 6, "1 rw-p, 1 hole, 1 r--p, 3 rw-p");
	EXPECT_SEGV(job->p + 2 * PAGE, WRITE, SEGV_ACCERR);
	EXPECT_EQ(raw_brk(0), job->brk);
	EXPECT_ACCESS((char *)job->brk - 1, WRITE);
	job->p[5 * PAGE] = 'm';
	gate_open(&job->start);
	EXPECT_EXIT(pid, 0);
	locked = status_value("VmLck");
	map_private(5, RW);
	EXPECT_EQ(status_value("VmLck"), locked + 20);
}

static int stay(void *argument)
{
	struct job *job = argument;

	gate_pass(&job->start);
	job->p[1] = 'x';
	gate_open(&job->done);
	return 0;
}

TEST("SHR-2,SHR-3", "memory stays while one sharer lives, and goes with the last")
{
	struct gate go = gate_new(), first = gate_new();
	size_t pages = 4096;
	long before, after;
	pid_t pid;

	free_memory();
	before = free_memory();
	pid = test_fork();
	if (pid == 0) {
		struct job *job = new_job();

		job->p = map_private(pages, RW);
		memset(job->p, 1, pages * PAGE);
		job->start = go;
		job->done = first;
		EXPECT(clone_task(SHARE, NULL, stay, job) > 0);
		_exit(0); /* the sharer stays behind */
	}
	EXPECT_EXIT(pid, 0);
	EXPECT(free_memory() < before - 12288);
	gate_open(&go);
	gate_pass(&first);
	for (int i = 0; (after = free_memory()) < before - 2048 && i < 2000; i++)
		doze(1);
	EXPECT(after >= before - 2048);
}

static int leave(void *argument)
{
	(void)argument;
	return 5;
}

TEST("SHR-3,SHR-4",
     "the end of one sharer leaves the memory of the others alone; it has a pid and an exit signal")
{
	char *p = map_private(4, RW), *q = map_private(4, RW);
	uint64_t at;
	long pid;

	p[0] = 'p';
	EXPECT_OK(raw_mprotect(q, PAGE, PROT_NONE));
	at = pagemap(p);
	pid = clone_task(SHARE, NULL, leave, NULL);
	EXPECT(pid > 0 && pid != getpid());
	EXPECT_EXIT(pid, 5);
	EXPECT_EQ(p[0], 'p');
	EXPECT_EQ(pagemap(p), at);
	EXPECT_AREAS(q, 4, "1 ---p, 3 rw-p");
	p[0] = 'q';
	EXPECT_EQ(pagemap(p), at);
}

static int die(void *argument)
{
	(void)argument;
	*(volatile char *)8 = 1;
	return 0;
}

TEST("SHR-3,SHR-4", "a fault that kills one sharer does not kill the others")
{
	long pid = clone_task(SHARE, NULL, die, NULL);

	EXPECT_KILLED(pid, SIGSEGV);
	pid = clone_task(SHARE, NULL, leave, NULL);
	EXPECT_EXIT(pid, 5);
}

static int map_beyond_limit(void *argument)
{
	struct job *job = argument;

	set_limit(RLIMIT_AS, status_value("VmSize") * 1024 + 2 * PAGE);
	EXPECT_ERR(raw_mmap(0, 4 * PAGE, RW, PRIVATE, -1, 0), ENOMEM);
	EXPECT_OK(raw_mmap(0, 2 * PAGE, RW, PRIVATE, -1, 0));
	gate_open(&job->done);
	gate_pass(&job->start);
	EXPECT_ERR(raw_mmap(0, PAGE, RW, PRIVATE, -1, 0), ENOMEM);
	return 0;
}

TEST("SHR-5", "limits are each process's own, the sizes they are compared with are shared")
{
	struct job *job = new_job();
	long pid = clone_task(SHARE, NULL, map_beyond_limit, job);

	EXPECT(pid > 0);
	gate_pass(&job->done);
	EXPECT_OK(raw_mmap(0, 64 * PAGE, RW, PRIVATE, -1, 0));
	gate_open(&job->start);
	EXPECT_EXIT(pid, 0);
}

int test_child(int argc, char **argv)
{
	char *p = (char *)strtoul(argv[0], NULL, 16);

	(void)argc;
	EXPECT_UNMAPPED(p);
	return 17;
}

static int execute(void *argument)
{
	char address[32];
	const char *words[] = {address, NULL};

	snprintf(address, sizeof(address), "%lx", (unsigned long)argument);
	test_exec(words);
}

TEST("SHR-6,INH-2", "exec by one sharer leaves the others on the old memory")
{
	char *p = (char *)EXPECT_OK(
		raw_mmap(0x200000000000, 4 * PAGE, RW, PRIVATE | MAP_FIXED, -1, 0));
	long pid;

	p[0] = 'p';
	pid = clone_task(SHARE, NULL, execute, p);
	EXPECT_EXIT(pid, 17);
	EXPECT_EQ(p[0], 'p');
	p[PAGE] = 'q';
	EXPECT_AREAS(p, 4, "4 rw-p");
}

static int get_altstack(void *argument)
{
	return raw(SYS_sigaltstack, NULL, argument);
}

TEST("SHR-8", "a sharer starts without the signal stack, a forked or vforked child with it")
{
	stack_t stack = {.ss_sp = map_private(4, RW), .ss_size = 4 * PAGE};
	stack_t *seen = (stack_t *)map_shared(1, RW);
	static const struct {
		unsigned long flags;
		bool kept;
	} rows[] = {{SHARE, false}, {SHARE | CLONE_VFORK, true}, {SIGCHLD, true}};

	EXPECT_EQ(sigaltstack(&stack, NULL), 0);
	for (int i = 0; i < 3; i++) {
		long pid = clone_task(rows[i].flags, NULL, get_altstack, seen);

		EXPECT_EXIT(pid, 0);
		EXPECT_EQ(seen->ss_flags, rows[i].kept ? 0 : SS_DISABLE);
		EXPECT_EQ(seen->ss_sp, rows[i].kept ? stack.ss_sp : NULL);
	}
}

static int try_unshare(void *argument)
{
	(void)argument;
	EXPECT_ERR(raw(SYS_unshare, CLONE_VM), EINVAL);
	return 0;
}

TEST("SHR-9", "unshare(CLONE_VM) is refused while the memory is shared")
{
	long pid, alone = raw(SYS_unshare, CLONE_VM);

	if (alone == -ENOSYS)
		SKIP("no unshare");
	EXPECT_EQ(alone, 0);
	pid = clone_task(SHARE, NULL, try_unshare, NULL);
	EXPECT_EXIT(pid, 0);
	EXPECT_EQ(raw(SYS_unshare, CLONE_VM), 0);
}

static int use_files(void *argument)
{
	struct job *job = argument;
	int fd = (int)job->result;

	EXPECT_EQ(raw(SYS_lseek, fd, 0, SEEK_CUR), 0);
	EXPECT_EQ(raw(SYS_lseek, fd, 100, SEEK_SET), 100);
	job->result = raw(SYS_dup, fd);
	raw_close(fd);
	return 0;
}

TEST("SHR-10",
     "without CLONE_FILES the table is a copy, the open files and their offsets are shared")
{
	struct job *job = (struct job *)map_shared(1, RW);
	int fd = temp_file(PAGE);
	long pid;

	job->result = fd;
	pid = clone_task(SIGCHLD, NULL, use_files, job);
	EXPECT_EXIT(pid, 0);
	EXPECT_EQ(raw(SYS_lseek, fd, 0, SEEK_CUR), 100);
	EXPECT_ERR(raw(SYS_lseek, job->result, 0, SEEK_CUR), EBADF);

	EXPECT_EQ(raw(SYS_lseek, fd, 0, SEEK_SET), 0);
	job->result = fd;
	pid = clone_task(SIGCHLD | CLONE_FILES, NULL, use_files, job);
	EXPECT_EXIT(pid, 0);
	EXPECT_ERR(raw(SYS_lseek, fd, 0, SEEK_CUR), EBADF);
	EXPECT_EQ(raw(SYS_lseek, job->result, 0, SEEK_CUR), 100);
}

static int use_fs(void *argument)
{
	(void)argument;
	EXPECT_OK(raw(SYS_chdir, "/proc"));
	EXPECT_OK(raw(SYS_umask, 0123));
	return 0;
}

TEST("SHR-10", "working directory and umask are shared by CLONE_FS alone")
{
	char path[64];
	long pid;

	EXPECT_OK(raw(SYS_chdir, "/tmp"));
	EXPECT_OK(raw(SYS_umask, 022));
	pid = clone_task(SIGCHLD | CLONE_VM, NULL, use_fs, NULL);
	EXPECT_EXIT(pid, 0);
	EXPECT_OK(raw(SYS_getcwd, path, sizeof(path)));
	EXPECT_STR(path, "/tmp");
	EXPECT_EQ(raw(SYS_umask, 022), 022);
	pid = clone_task(SIGCHLD | CLONE_FS, NULL, use_fs, NULL);
	EXPECT_EXIT(pid, 0);
	EXPECT_OK(raw(SYS_getcwd, path, sizeof(path)));
	EXPECT_STR(path, "/proc");
	EXPECT_EQ(raw(SYS_umask, 022), 0123);
}

static int use_handlers(void *argument)
{
	(void)argument;
	EXPECT(signal(SIGUSR1, SIG_IGN) != SIG_ERR);
	return 0;
}

TEST("SHR-1", "signal actions are shared by CLONE_SIGHAND alone, masks never")
{
	struct sigaction action;
	sigset_t set;
	long pid = clone_task(SIGCHLD | CLONE_VM, NULL, use_handlers, NULL);

	EXPECT_EXIT(pid, 0);
	EXPECT_EQ(sigaction(SIGUSR1, NULL, &action), 0);
	EXPECT(action.sa_handler == SIG_DFL);
	pid = clone_task(SIGCHLD | CLONE_VM | CLONE_SIGHAND, NULL, use_handlers, NULL);
	EXPECT_EXIT(pid, 0);
	EXPECT_EQ(sigaction(SIGUSR1, NULL, &action), 0);
	EXPECT(action.sa_handler == SIG_IGN);
	EXPECT_EQ(sigprocmask(SIG_BLOCK, NULL, &set), 0);
	EXPECT(!sigismember(&set, SIGUSR1));
}

TEST("SHR-7", "/proc of a process without memory left answers with nothing")
{
	char text[256];
	pid_t pid = test_fork();

	if (pid == 0)
		_exit(0);
	await_state(pid, "Z");
	EXPECT_EQ(task_file(pid, "maps", text, sizeof(text)), 0);
	EXPECT_EQ(task_file(pid, "environ", text, sizeof(text)), 0);
	EXPECT_EQ(task_file(pid, "cmdline", text, sizeof(text)), 0);
	EXPECT_EXIT(pid, 0);
}
