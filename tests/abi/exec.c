// SPDX-License-Identifier: MIT
/*
 * tests/abi/exec.c - execve: its errors, scripts, and what passes to the new program
 * (docs/contract/calls.md, EXE).
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/program.h"
#include "lib/sys.h"
#include "lib/task.h"
#include "lib/test.h"

static char *exits;

static void make_exits(void)
{
	exits = program_file(PROGRAM(code_exit));
}

TEST("EXE-8,EXT-7", "paths that lead to no program")
{
	char link[64], deep[64], longer[5000];

	make_exits();
	snprintf(link, sizeof(link), "%s-link", exits);
	snprintf(deep, sizeof(deep), "%s/below", exits);
	memset(longer, 'x', sizeof(longer));
	longer[4999] = 0;
	EXPECT_ERR(program_run("/no/such/file", NULL), ENOENT);
	EXPECT_ERR(program_run("", NULL), ENOENT);
	EXPECT_ERR(program_run(deep, NULL), ENOTDIR);
	EXPECT_ERR(program_run("/tmp", NULL), EACCES);
	EXPECT_ERR(program_run("/dev/null", NULL), EACCES);
	EXPECT_ERR(program_run(longer, NULL), ENAMETOOLONG);
	EXPECT_OK(raw(SYS_symlink, exits, link));
	EXPECT_EQ(program_run(link, NULL), 42 << 8);
	EXPECT_OK(raw(SYS_unlink, link));
	EXPECT_OK(raw(SYS_symlink, link, link));
	EXPECT_ERR(program_run(link, NULL), ELOOP);
	EXPECT_OK(raw(SYS_unlink, link));
	EXPECT_OK(raw(SYS_chmod, exits, 0666));
	EXPECT_ERR(program_run(exits, NULL), EACCES); /* not even root without any x */
	EXPECT_OK(raw(SYS_chmod, exits, 0001));
	EXPECT_EQ(program_run(exits, NULL), 42 << 8);
	program_remove(exits);
}

TEST("EXE-8", "an unprivileged user needs x for himself, and x on the way")
{
	char folder[64], inside[80];

	make_exits();
	snprintf(folder, sizeof(folder), "%s-folder", exits);
	snprintf(inside, sizeof(inside), "%s/program", folder);
	EXPECT_OK(raw(SYS_mkdir, folder, 0755));
	EXPECT_OK(raw(SYS_link, exits, inside));
	pid_t pid = test_fork();
	if (pid == 0) {
		drop_privileges();
		EXPECT_EQ(program_run(inside, NULL), 42 << 8);
		_exit(0);
	}
	EXPECT_EXIT(pid, 0);
	EXPECT_OK(raw(SYS_chmod, folder, 0744));
	pid = test_fork();
	if (pid == 0) {
		drop_privileges();
		EXPECT_ERR(program_run(inside, NULL), EACCES);
		_exit(0);
	}
	EXPECT_EXIT(pid, 0);
	EXPECT_OK(raw(SYS_chmod, folder, 0755));
	EXPECT_OK(raw(SYS_chmod, exits, 0766));
	pid = test_fork();
	if (pid == 0) {
		drop_privileges();
		EXPECT_ERR(program_run(inside, NULL), EACCES);
		_exit(0);
	}
	EXPECT_EXIT(pid, 0);
	EXPECT_OK(raw(SYS_unlink, inside));
	EXPECT_OK(raw(SYS_rmdir, folder));
	program_remove(exits);
}

TEST("EXE-9,EXT-7", "bad pointers are EFAULT, and the caller goes on")
{
	char *page = map_private(2, RW), *hole = map_private(3, RW) + PAGE;
	char *argv[] = {"x", hole, NULL}, *good[] = {"x", NULL};
	char **edge = (char **)(page + PAGE) - 2;

	make_exits();
	EXPECT_OK(raw_munmap(hole, PAGE));
	EXPECT_OK(raw_munmap(page + PAGE, PAGE));
	edge[0] = edge[1] = "x"; /* no NULL before the hole */
	EXPECT_ERR(raw(SYS_execve, hole, good, good), EFAULT);
	EXPECT_ERR(raw(SYS_execve, NULL, good, good), EFAULT);
	EXPECT_ERR(raw(SYS_execve, -8L, good, good), EFAULT);
	EXPECT_ERR(raw(SYS_execve, exits, hole, good), EFAULT);
	EXPECT_ERR(raw(SYS_execve, exits, good, hole), EFAULT);
	EXPECT_ERR(raw(SYS_execve, exits, argv, good), EFAULT);
	EXPECT_ERR(raw(SYS_execve, exits, good, argv), EFAULT);
	EXPECT_ERR(raw(SYS_execve, exits, edge, good), EFAULT);
	memset(page, '/', PAGE);
	EXPECT_ERR(raw(SYS_execve, page + PAGE - 3, good, good), EFAULT);
	EXPECT_EQ(page[0], '/');
	program_remove(exits);
}

TEST("EXE-10", "one string may have 128 KiB, all together a quarter of the stack")
{
	size_t limit = 32 * PAGE;
	char *text = map_private(40, RW);
	const char *argv[64] = {"x", text, NULL};

	make_exits();
	memset(text, 'a', limit - 1);
	EXPECT_EQ(program_run(exits, argv), 42 << 8);
	text[limit - 1] = 'a';
	EXPECT_ERR(program_run(exits, argv), E2BIG);
	text[limit - 1] = 0;
	set_limit(RLIMIT_STACK, 1 << 20);
	EXPECT_EQ(program_run(exits, argv), 42 << 8);
	argv[2] = text;
	argv[3] = NULL;
	EXPECT_ERR(program_run(exits, argv), E2BIG);
	text[limit / 2] = 0;
	argv[2] = NULL;
	set_limit(RLIMIT_STACK, 256 << 10);
	EXPECT_EQ(program_run(exits, argv), 42 << 8); /* 128 KiB are always allowed */
	program_remove(exits);
}

TEST("EXE-11", "a program open for writing is ETXTBSY, and so is writing to one that runs")
{
	struct gate out = gate_new();
	char *path = program_file(PROGRAM(code_exit));
	int fd = EXPECT_OK(raw_open(path, O_WRONLY, 0));

	(void)out;
	EXPECT_ERR(program_run(path, NULL), ETXTBSY);
	raw_close(fd);
	EXPECT_EQ(program_run(path, NULL), 42 << 8);
	EXPECT_ERR(raw_open("/proc/self/exe", O_WRONLY, 0), ETXTBSY);
	EXPECT_ERR(raw_open("/proc/self/exe", O_RDWR, 0), ETXTBSY);
	EXPECT_ERR(raw(SYS_truncate, "/proc/self/exe", 0), ETXTBSY);
	program_remove(path);
}

/* Runs this script text and compares what its interpreter, code_argv, got. */
static void expect_script(const char *line, const char *want, size_t len)
{
	static const char *const argv[] = {"ignored", "one", "two", NULL};
	char *show = program_file(PROGRAM(code_argv)), *script, text[512], got[512], all[512];
	size_t have = sizeof(got);
	int size = snprintf(text, sizeof(text), line, show), n;

	script = program_write(text, size);
	EXPECT_EQ(program_output(script, argv, got, &have), 0);
	n = snprintf(all, sizeof(all), "%s%c", show, 0);
	memcpy(all + n, want, len);
	n += len;
	n += snprintf(all + n, sizeof(all) - n, "%s%cone%ctwo%c", script, 0, 0, 0);
	EXPECT_EQ(have, n);
	EXPECT_EQ(memcmp(got, all, n), 0);
	program_remove(show);
	program_remove(script);
}

TEST("EXE-12", "a script's interpreter gets its one argument, the script and the arguments")
{
	expect_script("#!%s\n", "", 0);
	expect_script("#!%s", "", 0);
	expect_script("#! \t %s  \nrest", "", 0);
	expect_script("#!%s -x\n", "-x", 3);
	expect_script("#!%s\t two words \t\n", "two words", 10);
}

TEST("EXE-12", "scripts that name nothing, nobody or themselves")
{
	static const struct {
		const char *text;
		int error;
	} rows[] = {
		{"#!/no/such/shell\n", ENOENT}, {"#!\n", ENOEXEC},     {"#!  \t\n", ENOEXEC},
		{"#!/tmp\n", EACCES},		{"#!/etc\n/", EACCES},
	};
	char text[600];
	char *script;

	EXPECT_EQ(raw(SYS_mkdir, "/etc", 0755) == -EEXIST || 1, 1);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		script = program_write(rows[i].text, strlen(rows[i].text));
		EXPECT_ERR(program_run(script, NULL), rows[i].error);
		program_remove(script);
	}
	memset(text, 'x', sizeof(text)); /* a name without end in the first 256 bytes */
	memcpy(text, "#!/", 3);
	script = program_write(text, sizeof(text));
	EXPECT_ERR(program_run(script, NULL), ENOEXEC);
	program_remove(script);
}

TEST("EXE-12", "a script may be the interpreter of a script, four times and no more")
{
	char *path[7], text[64];

	path[0] = program_file(PROGRAM(code_exit));
	for (int i = 1; i < 7; i++) {
		int len = snprintf(text, sizeof(text), "#!%s\n", path[i - 1]);

		path[i] = program_write(text, len);
	}
	EXPECT_EQ(program_run(path[4], NULL), 42 << 8);
	EXPECT_EQ(program_run(path[5], NULL), 42 << 8);
	EXPECT_ERR(program_run(path[6], NULL), ELOOP);
	for (int i = 0; i < 7; i++)
		program_remove(path[i]);
}

TEST("EXE-13", "execveat takes a directory, a descriptor, and refuses symlinks when told")
{
	static const char *const argv[] = {"x", NULL};
	char link[64];
	int fd, dir = EXPECT_OK(raw_open("/tmp", O_RDONLY | O_DIRECTORY, 0));
	pid_t pid;

	make_exits();
	snprintf(link, sizeof(link), "%s-link", exits);
	EXPECT_OK(raw(SYS_symlink, exits, link));
	fd = EXPECT_OK(raw_open(exits, O_PATH | O_CLOEXEC, 0));
	pid = test_fork();
	if (pid == 0) {
		EXPECT_ERR(raw(SYS_execveat, dir, exits + 5, argv, argv, 0x8000), EINVAL);
		EXPECT_ERR(raw(SYS_execveat, 999, exits + 5, argv, argv, 0), EBADF);
		EXPECT_ERR(raw(SYS_execveat, fd, "", argv, argv, 0), ENOENT);
		EXPECT_ERR(raw(SYS_execveat, AT_FDCWD, link, argv, argv, AT_SYMLINK_NOFOLLOW),
			   ELOOP);
		EXPECT_ERR(raw(SYS_execveat, dir, "", argv, argv, AT_EMPTY_PATH), EACCES);
		raw(SYS_execveat, dir, exits + 5, argv, argv, 0);
		_exit(1);
	}
	EXPECT_EXIT(pid, 42);
	pid = test_fork();
	if (pid == 0) {
		raw(SYS_execveat, fd, "", argv, argv, AT_EMPTY_PATH);
		_exit(1);
	}
	EXPECT_EXIT(pid, 42);
	EXPECT_OK(raw(SYS_unlink, link));
	program_remove(exits);
}

/* ---- what the new program finds -------------------------------------------------------------- */

static int pid_before;

int test_child(int argc, char **argv)
{
	sigset_t set;
	struct sigaction action;
	stack_t stack;
	char name[32] = {0};

	if (strcmp(argv[0], "files") == 0) {
		EXPECT_EQ(raw(SYS_fcntl, 20, F_GETFD), 0);
		EXPECT_ERR(raw(SYS_fcntl, 21, F_GETFD), EBADF);
		EXPECT_ERR(raw(SYS_fcntl, 22, F_GETFD), EBADF);
		EXPECT_EQ(raw(SYS_fcntl, 23, F_GETFD), 0);
		EXPECT_EQ(raw(SYS_lseek, 20, 0, SEEK_CUR), 5);
	} else if (strcmp(argv[0], "signals") == 0) {
		EXPECT_EQ(sigaction(SIGUSR1, NULL, &action), 0);
		EXPECT(action.sa_handler == SIG_DFL && !action.sa_flags);
		EXPECT_EQ(sigaction(SIGUSR2, NULL, &action), 0);
		EXPECT(action.sa_handler == SIG_IGN);
		EXPECT_EQ(sigprocmask(SIG_BLOCK, NULL, &set), 0);
		EXPECT(sigismember(&set, SIGHUP) && !sigismember(&set, SIGUSR1));
		EXPECT_EQ(sigpending(&set), 0);
		EXPECT(sigismember(&set, SIGHUP));
		EXPECT_EQ(sigaltstack(NULL, &stack), 0);
		EXPECT_EQ(stack.ss_flags, SS_DISABLE);
	} else if (strcmp(argv[0], "name") == 0) {
		EXPECT_OK(raw(SYS_prctl, PR_GET_NAME, name));
		EXPECT_STR(name, "exe");
		EXPECT_EQ(raw(SYS_prctl, PR_GET_PDEATHSIG, &pid_before), 0);
		EXPECT_EQ(pid_before, SIGUSR1);
		EXPECT_EQ(raw(SYS_prctl, PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 1);
		EXPECT_EQ(raw(SYS_prctl, PR_GET_KEEPCAPS, 0, 0, 0, 0), 0);
		EXPECT_EQ(raw(SYS_prctl, PR_GET_DUMPABLE, 0, 0, 0, 0), 1);
		EXPECT_EQ(raw(SYS_umask, 0), 0123);
	} else if (strcmp(argv[0], "alone") == 0) {
		char text[32];

		snprintf(text, sizeof(text), "%d", (int)raw_gettid());
		EXPECT_EQ(raw(SYS_getpid), raw_gettid());
		EXPECT_STR(argv[1], text);
		EXPECT_EQ(task_value(getpid(), "Threads"), 1);
	}
	(void)argc;
	return 7;
}

TEST("EXE-14,EXT-6", "descriptors stay but for those with FD_CLOEXEC; offsets stay")
{
	static const char *const words[] = {"files", NULL};
	int fd = temp_file(10);
	pid_t pid;

	EXPECT_EQ(raw(SYS_lseek, fd, 5, SEEK_SET), 5);
	pid = test_fork();
	if (pid == 0) {
		EXPECT_OK(raw(SYS_dup2, fd, 20));
		EXPECT_OK(raw(SYS_dup3, fd, 21, O_CLOEXEC));
		EXPECT_OK(raw(SYS_dup2, fd, 22));
		EXPECT_OK(raw(SYS_fcntl, 22, F_SETFD, FD_CLOEXEC));
		EXPECT_OK(raw(SYS_dup3, fd, 23, O_CLOEXEC));
		EXPECT_OK(raw(SYS_fcntl, 23, F_SETFD, 0));
		test_exec(words);
	}
	EXPECT_EXIT(pid, 7);
}

static void on_signal(int signal)
{
	(void)signal;
}

TEST("EXE-15,EXT-9", "handlers and the signal stack go; what is ignored, masked or pending stays")
{
	static const char *const words[] = {"signals", NULL};
	pid_t pid = test_fork();

	if (pid == 0) {
		struct sigaction action = {.sa_handler = on_signal,
					   .sa_flags = SA_NODEFER | SA_RESTART};
		stack_t stack = {.ss_sp = map_private(4, RW), .ss_size = 4 * PAGE};
		sigset_t set;

		sigaction(SIGUSR1, &action, NULL);
		signal(SIGUSR2, SIG_IGN);
		sigaltstack(&stack, NULL);
		sigemptyset(&set);
		sigaddset(&set, SIGHUP);
		sigprocmask(SIG_BLOCK, &set, NULL);
		raw_kill(getpid(), SIGHUP);
		test_exec(words);
	}
	EXPECT_EXIT(pid, 7);
}

TEST("EXE-16",
     "the name is the file's; no_new_privs, umask and the death signal stay, keepcaps goes")
{
	static const char *const words[] = {"name", NULL};
	pid_t pid = test_fork();

	if (pid == 0) {
		EXPECT_OK(raw(SYS_prctl, PR_SET_NAME, "else"));
		EXPECT_OK(raw(SYS_prctl, PR_SET_PDEATHSIG, SIGUSR1));
		EXPECT_OK(raw(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
		EXPECT_OK(raw(SYS_prctl, PR_SET_KEEPCAPS, 1, 0, 0, 0));
		EXPECT_OK(raw(SYS_prctl, PR_SET_DUMPABLE, 0, 0, 0, 0));
		raw(SYS_umask, 0123);
		test_exec(words);
	}
	EXPECT_EXIT(pid, 7);
}

static volatile int stop;

static int spin(void *argument)
{
	(void)argument;
	while (!stop)
		;
	return 0;
}

static int sleep_in_call(void *argument)
{
	char byte;

	return raw_read(*(int *)argument, &byte, 1);
}

static char pid_text[16];
static const char *const alone[] = {"alone", pid_text, NULL};

static int execute_alone(void *argument)
{
	(void)argument;
	test_exec(alone);
}

TEST("EXE-17,EXT-6", "exec ends all other threads, whichever of them calls it")
{
	for (int leader = 0; leader < 2; leader++) {
		pid_t pid = test_fork();

		if (pid == 0) {
			struct gate never = gate_new();

			snprintf(pid_text, sizeof(pid_text), "%d", (int)raw(SYS_getpid));
			EXPECT(clone_task(THREAD_FLAGS, NULL, spin, NULL) > 0);
			EXPECT(clone_task(THREAD_FLAGS, NULL, sleep_in_call, &never.out) > 0);
			if (leader)
				test_exec(alone);
			EXPECT(clone_task(THREAD_FLAGS, NULL, execute_alone, NULL) > 0);
			for (;;)
				pause();
		}
		EXPECT_EXIT(pid, 7);
	}
}

TEST("EXE-18", "a set-user-ID program gets its owner's rights, AT_SECURE and no core")
{
	unsigned long stack[512] = {0}, *word, secure = 2, euid = 1, uid = 0;
	size_t len = sizeof(stack);
	char *path = program_file(PROGRAM(code_stack));

	EXPECT_OK(raw(SYS_chmod, path, 04755));
	drop_privileges();
	EXPECT_EQ(program_output(path, NULL, stack, &len), 0);
	for (word = stack + 5; word[0] && word < stack + 52; word += 2) {
		if (word[0] == 23 /* AT_SECURE */)
			secure = word[1];
		if (word[0] == 12 /* AT_EUID */)
			euid = word[1];
		if (word[0] == 11 /* AT_UID */)
			uid = word[1];
	}
	EXPECT_EQ(secure, 1);
	EXPECT_EQ(euid, 0);
	EXPECT_EQ(uid, 65534);
	EXPECT_OK(raw(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	len = sizeof(stack);
	EXPECT_EQ(program_output(path, NULL, stack, &len), 0);
	for (word = stack + 5; word[0] && word < stack + 52; word += 2)
		if (word[0] == 12)
			euid = word[1];
	EXPECT_EQ(euid, 65534);
}
