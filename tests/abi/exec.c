// SPDX-License-Identifier: MIT
/*
 * tests/abi/exec.c - execve: what is refused, what is lost, what stays (docs/contract/fork.md,
 * sections 9, 12).
 *
 * The program executes itself; the new image finds in argv which of the checks it shall make.
 */
#include <elf.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "lib/clone.h"
#include "lib/sys.h"
#include "lib/test.h"

#define SELF "/proc/self/exe"

static char *const no_env[] = {NULL};

static long run(const char *path, char *const argv[])
{
	return raw(SYS_execve, path, argv, no_env);
}

/* ---- the new image: argv[0] names the check ---- */

static int check_signals(void)
{
	struct sigaction sa;
	sigset_t set;
	stack_t ss;

	sigaction(SIGUSR1, NULL, &sa);
	if (sa.sa_handler != SIG_DFL)
		return 1;
	sigaction(SIGUSR2, NULL, &sa);
	if (sa.sa_handler != SIG_IGN)
		return 2;
	sigprocmask(SIG_BLOCK, NULL, &set);
	if (!sigismember(&set, SIGHUP))
		return 3;
	sigpending(&set);
	if (!sigismember(&set, SIGHUP))
		return 4;
	raw(SYS_sigaltstack, 0, &ss);
	return ss.ss_flags == SS_DISABLE ? 0 : 5;
}

static int check_files(char **argv)
{
	if (fcntl(atoi(argv[1]), F_GETFD) != -1)
		return 1;
	return fcntl(atoi(argv[2]), F_GETFD) == 0 ? 0 : 2;
}

static int check_memory(char **argv)
{
	char *addr = (char *)strtoul(argv[1], NULL, 16);
	unsigned char vec;

	return raw_mincore(addr, PAGE, &vec) == -ENOMEM ? 0 : 1;
}

static int check_auxv(char **argv)
{
	if (getauxval(AT_PAGESZ) != PAGE || getauxval(AT_PHENT) != sizeof(Elf64_Phdr))
		return 1;
	if (!getauxval(AT_RANDOM) || !getauxval(AT_PHDR) || !getauxval(AT_ENTRY))
		return 2;
	if (getauxval(AT_UID) != getuid() || getauxval(AT_SECURE) != 0)
		return 3;
	if (strcmp((char *)getauxval(AT_EXECFN), argv[1]))
		return 4;
	if (strcmp((char *)getauxval(AT_PLATFORM), "x86_64"))
		return 5;
	return getauxval(AT_CLKTCK) == 100 ? 0 : 6;
}

static int check_ids(char **argv)
{
	return getpid() == atoi(argv[1]) && raw(SYS_gettid) == getpid() ? 0 : 1;
}

int test_child(int argc, char **argv)
{
	const char *check = argc ? argv[0] : "";
	char name[16];

	if (!strcmp(check, "signals"))
		return check_signals();
	if (!strcmp(check, "files"))
		return check_files(argv);
	if (!strcmp(check, "memory"))
		return check_memory(argv);
	if (!strcmp(check, "auxv"))
		return check_auxv(argv);
	if (!strcmp(check, "ids"))
		return check_ids(argv);
	if (!strcmp(check, "args"))
		return argc == 3 && !strcmp(argv[1], "") && !strcmp(argv[2], "two words") &&
				       !strcmp(environ[0], "A=1") && !environ[1]
			       ? 0
			       : 1;
	if (!strcmp(check, "comm")) {
		prctl(PR_GET_NAME, name);
		return strcmp(name, "exe") ? 1 : 0;
	}
	/* by two scripts: the second one's name and the arguments from 1 on */
	if (!strncmp(check, "/tmp/script2", 12))
		return argc == 3 && !strcmp(argv[1], "more") && !strcmp(argv[2], "x") ? 77 : 1;
	return 0;
}

/* What main() takes for a program started by a test. */
#define CHILD	       "exec-check", "--child", "EXT", "executed anew"
#define RUN_CHECK(...) run(SELF, (char *const[]){CHILD, __VA_ARGS__, NULL})

/* ---- what stays and what goes -------------------------------------------------------------------
 */

TEST("EXT-9", "handlers become default, ignored stay ignored, mask and pending stay")
{
	stack_t ss = {.ss_sp = map_private(4, RW), .ss_size = 4 * PAGE};
	sigset_t set;
	pid_t pid = test_fork();

	if (pid == 0) {
		signal(SIGUSR1, (void (*)(int))no_env);
		signal(SIGUSR2, SIG_IGN);
		sigemptyset(&set);
		sigaddset(&set, SIGHUP);
		sigprocmask(SIG_BLOCK, &set, NULL);
		raise(SIGHUP);
		EXPECT_OK(raw(SYS_sigaltstack, &ss, 0));
		RUN_CHECK("signals");
		_exit(99);
	}
	EXPECT_EXIT(pid, 0);
}

TEST("EXT-6", "close-on-exec descriptors are closed, others stay")
{
	int gone = temp_file(10), stays = temp_file(10);
	char a[12], b[12];
	pid_t pid = test_fork();

	if (pid == 0) {
		fcntl(gone, F_SETFD, FD_CLOEXEC);
		fcntl(stays, F_SETFD, 0);
		snprintf(a, sizeof(a), "%d", gone);
		snprintf(b, sizeof(b), "%d", stays);
		RUN_CHECK("files", a, b);
		_exit(99);
	}
	EXPECT_EXIT(pid, 0);
}

TEST("INH-2", "nothing of the old memory is there, not even shared and locked memory")
{
	char *p = map_shared(1, RW), text[20];
	pid_t pid = test_fork();

	if (pid == 0) {
		snprintf(text, sizeof(text), "%lx", (unsigned long)p);
		RUN_CHECK("memory", text);
		_exit(99);
	}
	EXPECT_EXIT(pid, 0);
}

TEST("EXT-9", "auxv, arguments, environment and name of the new program")
{
	static char *const argv[] = {CHILD, "args", "", "two words", NULL};
	static char *const envp[] = {"A=1", NULL};
	pid_t pid = test_fork();

	if (pid == 0) {
		RUN_CHECK("auxv", SELF);
		_exit(99);
	}
	EXPECT_EXIT(pid, 0);
	pid = test_fork();
	if (pid == 0) {
		raw(SYS_execve, SELF, argv, envp);
		_exit(99);
	}
	EXPECT_EXIT(pid, 0);
	pid = test_fork();
	if (pid == 0) {
		RUN_CHECK("comm");
		_exit(99);
	}
	EXPECT_EXIT(pid, 0);
}

/* ---- threads
 * -------------------------------------------------------------------------------------- */

static int wait_for_ever(void *arg)
{
	while (raw(SYS_pause))
		;
	return 0;
}

static int exec_in_thread(void *arg)
{
	RUN_CHECK("ids", (char *)arg);
	return 99;
}

TEST("EXT-6", "exec in the leader ends the other threads")
{
	char text[12];
	pid_t pid = test_fork();

	if (pid == 0) {
		for (int i = 0; i < 5; i++)
			EXPECT_OK(clone_call(THREAD_FLAGS, map_private(4, RW) + 4 * PAGE,
					     wait_for_ever, 0, 0, 0, 0));
		snprintf(text, sizeof(text), "%d", getpid());
		RUN_CHECK("ids", text);
		_exit(99);
	}
	EXPECT_EXIT(pid, 0);
}

TEST("EXT-6", "exec in another thread takes the process id over")
{
	char text[12];
	pid_t pid = test_fork();

	if (pid == 0) {
		snprintf(text, sizeof(text), "%d", getpid());
		EXPECT_OK(clone_call(THREAD_FLAGS, map_private(4, RW) + 4 * PAGE, wait_for_ever, 0,
				     0, 0, 0));
		EXPECT_OK(clone_call(THREAD_FLAGS, map_private(4, RW) + 4 * PAGE, exec_in_thread,
				     text, 0, 0, 0));
		for (;;)
			pause();
	}
	EXPECT_EXIT(pid, 0);
}

TEST("SHR-6,VFK-5", "exec of one sharer leaves the others on the old memory")
{
	volatile int *word = (int *)map_private(1, RW);
	char *stack = map_private(4, RW) + 4 * PAGE, text[12] = "0";
	long pid;

	*word = 3;
	pid = EXPECT_OK(clone_call(CLONE_VM | CLONE_CHILD_CLEARTID | CLONE_VFORK | SIGCHLD, stack,
				   exec_in_thread, text, 0, (int *)word, 0));
	/* The word was cleared before the parent was released. */
	EXPECT_EQ(*word, 0);
	EXPECT_EXIT(pid, 1);
	*word = 4;
}

/* ---- refusals
 * ---------------------------------------------------------------------------------------- */

static int make_file(const char *path, const void *data, size_t size, int mode)
{
	int fd = raw_open(path, O_CREAT | O_RDWR | O_TRUNC, mode);

	EXPECT_OK(fd);
	fchmod(fd, mode);
	EXPECT_EQ(raw_write(fd, data, size), size);
	return fd;
}

static void make_program(const char *path, const void *data, size_t size)
{
	raw_close(make_file(path, data, size, 0755));
}

TEST("EXT-7", "names and permissions")
{
	static char *const argv[] = {"x", NULL};
	char name[64], inside[80];

	snprintf(name, sizeof(name), "/tmp/exec.%d", getpid());
	snprintf(inside, sizeof(inside), "%s/x", name);
	EXPECT_ERR(run("/does/not/exist", argv), ENOENT);
	EXPECT_ERR(run("", argv), ENOENT);
	EXPECT_ERR(run("/tmp", argv), EACCES);
	EXPECT_ERR(run("/dev/null", argv), EACCES);
	EXPECT_ERR(raw(SYS_execve, 16, argv, no_env), EFAULT);
	EXPECT_ERR(raw(SYS_execve, SELF, 16, no_env), EFAULT);
	EXPECT_ERR(raw(SYS_execve, SELF, argv, 16), EFAULT);
	raw_close(make_file(name, "x", 1, 0644));
	EXPECT_ERR(run(name, argv), EACCES);
	EXPECT_ERR(run(inside, argv), ENOTDIR);
	chmod(name, 0755);
	EXPECT_ERR(run(name, argv), ENOEXEC);
	unlink(name);
}

TEST("EXT-7", "a file that is open for writing is busy, and one that runs cannot be opened so")
{
	static char *const argv[] = {CHILD, "nothing", NULL};
	char name[64], buffer[4096];
	int fd, out, self = raw_open(SELF, O_RDONLY, 0);
	ssize_t n;

	snprintf(name, sizeof(name), "/tmp/exec.%d", getpid());
	out = make_file(name, "", 0, 0755);
	while ((n = read(self, buffer, sizeof(buffer))) > 0)
		EXPECT_EQ(write(out, buffer, n), n);
	EXPECT_ERR(run(name, argv), ETXTBSY);
	raw_close(out);
	fd = raw_open(SELF, O_WRONLY, 0);
	EXPECT_EQ(fd, -ETXTBSY);
	if (test_fork() == 0) {
		run(name, argv);
		_exit(99);
	}
	wait(&fd);
	EXPECT_EQ(fd, 0);
	unlink(name);
}

TEST("EXT-7", "too many arguments are E2BIG")
{
	static char big[33 * PAGE];
	static char *many[3000];
	char *argv[] = {CHILD, "nothing", big, NULL};

	memset(big, 'x', sizeof(big) - 1);
	EXPECT_ERR(run(SELF, argv), E2BIG);
	big[32 * PAGE - 1] = 0;
	for (int i = 0; i < 2999; i++)
		many[i] = big;
	EXPECT_ERR(run(SELF, many), E2BIG);
	if (test_fork() == 0) {
		run(SELF, argv);
		_exit(99);
	}
	int status;
	wait(&status);
	EXPECT_EQ(status, 0);
}

/* A small program that ends with status 0, headers and all. */
struct small_elf {
	Elf64_Ehdr eh;
	Elf64_Phdr ph[2];
	unsigned char code[16];
};

static const struct small_elf small = {
	.eh = {.e_ident = {0x7f, 'E', 'L', 'F', 2, 1, 1},
	       .e_type = ET_EXEC,
	       .e_machine = EM_X86_64,
	       .e_version = 1,
	       .e_entry = 0x10000000 + sizeof(Elf64_Ehdr) + 2 * sizeof(Elf64_Phdr),
	       .e_phoff = sizeof(Elf64_Ehdr),
	       .e_ehsize = sizeof(Elf64_Ehdr),
	       .e_phentsize = sizeof(Elf64_Phdr),
	       .e_phnum = 1},
	.ph = {{.p_type = PT_LOAD,
		.p_flags = PF_R | PF_X,
		.p_vaddr = 0x10000000,
		.p_filesz = sizeof(struct small_elf),
		.p_memsz = sizeof(struct small_elf),
		.p_align = 0x1000}},
	/* mov $60, %eax; xor %edi, %edi; syscall */
	.code = {0xb8, 60, 0, 0, 0, 0x31, 0xff, 0x0f, 0x05},
};

/* Runs this image; returns -errno of exec, or the wait status. */
static int run_image(const void *image, size_t size)
{
	static char *const argv[] = {"small", NULL};
	char name[64];
	pid_t pid;
	int status;

	snprintf(name, sizeof(name), "/tmp/elf.%d", getpid());
	make_program(name, image, size);
	pid = fork();
	if (pid == 0)
		_exit(-run(name, argv));
	waitpid(pid, &status, 0);
	unlink(name);
	return status;
}

#define EXPECT_IMAGE(elf, status) EXPECT_EQ(run_image(&(elf), sizeof(elf)), status)

TEST("EXT-7", "malformed ELF headers are ENOEXEC")
{
	struct small_elf elf = small;

	EXPECT_IMAGE(elf, 0);
	elf.eh.e_ident[1] = 'X';
	EXPECT_IMAGE(elf, ENOEXEC << 8);
	elf = small;
	elf.eh.e_type = ET_REL;
	EXPECT_IMAGE(elf, ENOEXEC << 8);
	elf = small;
	elf.eh.e_machine = EM_ARM;
	EXPECT_IMAGE(elf, ENOEXEC << 8);
	elf = small;
	elf.eh.e_phentsize = 32;
	EXPECT_IMAGE(elf, ENOEXEC << 8);
	elf = small;
	elf.eh.e_phnum = 0;
	EXPECT_IMAGE(elf, ENOEXEC << 8);
	elf = small;
	elf.eh.e_phoff = 1UL << 40;
	EXPECT_IMAGE(elf, ENOEXEC << 8);
	EXPECT_EQ(run_image(&small, 40), ENOEXEC << 8);
}

TEST("EXT-8", "a bad segment never lets the program run")
{
	static const Elf64_Phdr bad[] = {
		{.p_vaddr = -4096UL, .p_filesz = 200, .p_memsz = 200},
		{.p_vaddr = 0x10000000, .p_filesz = 200, .p_memsz = -1UL},
		{.p_vaddr = 0x10000000, .p_filesz = 400, .p_memsz = 200},
		{.p_vaddr = 0x7ffffffff000, .p_filesz = 200, .p_memsz = 200},
		{.p_vaddr = 0x7fffffffe000, .p_filesz = 200, .p_memsz = 0x10000},
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct small_elf elf = small;
		int status;

		elf.ph[0] = bad[i];
		elf.ph[0].p_type = PT_LOAD;
		elf.ph[0].p_flags = PF_R | PF_X;
		elf.ph[0].p_align = 0x1000;
		status = run_image(&elf, sizeof(elf));
		EXPECT(status != 0);
	}
}

TEST("EXT-7", "an interpreter that is missing or no program")
{
	struct small_elf elf = small;

	elf.eh.e_phnum = 2;
	elf.eh.e_entry = 0x10000000 + offsetof(struct small_elf, code);
	elf.ph[1] = (Elf64_Phdr){.p_type = PT_INTERP,
				 .p_offset = offsetof(struct small_elf, code),
				 .p_filesz = 16,
				 .p_memsz = 16};
	strcpy((char *)elf.code, "/does/not/exist");
	EXPECT_IMAGE(elf, ENOENT << 8);
	elf.code[15] = 'x';
	EXPECT_IMAGE(elf, ENOEXEC << 8);
	memset(elf.code, 0, 16);
	strcpy((char *)elf.code, "/tmp");
	EXPECT_IMAGE(elf, EACCES << 8);
}

TEST("EXT-9", "bss is zero from the end of the file part, within its page and behind")
{
	struct small_elf elf = small;
	/* mov $60,%eax; mov 0x11000ffc,%edi; syscall: exits with a word of the bss */
	static const unsigned char code[] = {0xb8, 60,	 0,    0,    0,	   0x8b, 0x3c,
					     0x25, 0xf8, 0x0f, 0x00, 0x11, 0x0f, 0x05};
	char image[PAGE * 2];

	elf.eh.e_phnum = 2;
	elf.eh.e_entry = 0x10000000 + offsetof(struct small_elf, code);
	memcpy(elf.code, code, sizeof(code));
	elf.ph[1] = (Elf64_Phdr){.p_type = PT_LOAD,
				 .p_flags = PF_R | PF_W,
				 .p_offset = 0x1000,
				 .p_vaddr = 0x11000000,
				 .p_filesz = 0x100,
				 .p_memsz = 0x3000,
				 .p_align = 0x1000};
	memset(image, 0x55, sizeof(image));
	memcpy(image, &elf, sizeof(elf));
	EXPECT_EQ(run_image(image, sizeof(image)), 0);
}

/* ---- scripts
 * -------------------------------------------------------------------------------------------- */

TEST("EXT-9", "#! with one argument, and its failures")
{
	char name[64], script[400], other[64], *argv[] = {"ignored", "more", "x", NULL};
	int status;

	snprintf(name, sizeof(name), "/tmp/script.%d", getpid());
	snprintf(other, sizeof(other), "/tmp/script2.%d", getpid());
	make_program(name, "#!/does/not/exist\n", 18);
	EXPECT_ERR(run(name, argv), ENOENT);
	make_program(name, "#!\n", 3);
	EXPECT_ERR(run(name, argv), ENOEXEC);
	/* A script that names itself never ends. */
	snprintf(script, sizeof(script), "#!%s\n", name);
	make_program(name, script, strlen(script));
	EXPECT_ERR(run(name, argv), ELOOP);
	/* The name must end within the first 256 bytes. */
	memset(script, 'x', sizeof(script));
	memcpy(script, "#!/", 3);
	make_program(name, script, sizeof(script));
	EXPECT_ERR(run(name, argv), ENOEXEC);
	/* A chain of two works. */
	make_program(name, "#! /proc/self/exe  --child \n", 28);
	snprintf(script, sizeof(script), "#!%s  an argument \n", name);
	make_program(other, script, strlen(script));
	if (test_fork() == 0) {
		run(other, argv);
		_exit(99);
	}
	wait(&status);
	unlink(name);
	unlink(other);
	EXPECT_EQ(status, 77 << 8);
}

/* ---- execveat
 * --------------------------------------------------------------------------------------------- */

TEST("EXT-6", "execveat by descriptor")
{
	static char *const argv[] = {CHILD, "nothing", NULL};
	int fd = raw_open(SELF, O_RDONLY | O_CLOEXEC, 0), status;

	EXPECT_ERR(raw(SYS_execveat, fd, "", argv, no_env, 0), ENOENT);
	EXPECT_ERR(raw(SYS_execveat, fd, "x", argv, no_env, 0x10000), EINVAL);
	EXPECT_ERR(raw(SYS_execveat, -5, "x", argv, no_env, 0), EBADF);
	EXPECT_ERR(raw(SYS_execveat, AT_FDCWD, SELF, argv, no_env, AT_SYMLINK_NOFOLLOW), ELOOP);
	if (test_fork() == 0) {
		raw(SYS_execveat, fd, "", argv, no_env, AT_EMPTY_PATH);
		_exit(99);
	}
	wait(&status);
	EXPECT_EQ(status, 0);
}
