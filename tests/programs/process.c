// SPDX-License-Identifier: MIT
/*
 * tests/programs/process.c - processes, pipes, signals and memory as an ordinary program uses them.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static void need(int ok, const char *what)
{
	if (!ok) {
		printf("failed: %s (%s)\n", what, strerror(errno));
		exit(1);
	}
}

static void test_fork_cow(void)
{
	char *private = malloc(1 << 20), *shared;
	int status;

	shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	need(private && shared != MAP_FAILED, "memory");
	memset(private, 1, 1 << 20);
	if (fork() == 0) {
		memset(private, 2, 1 << 20);
		shared[0] = 5;
		_exit(private[4096] + shared[0]);
	}
	wait(&status);
	printf("cow: child %d, mine %d, shared %d\n", WEXITSTATUS(status), private[4096],
	       shared[0]);
	free(private);
}

static void test_pipe(void)
{
	char buffer[65536];
	long total = 0;
	int fd[2];
	ssize_t n;

	need(pipe(fd) == 0, "pipe");
	if (fork() == 0) {
		close(fd[0]);
		memset(buffer, 'x', sizeof(buffer));
		for (int i = 0; i < 16; i++)
			if (write(fd[1], buffer, sizeof(buffer)) != sizeof(buffer))
				_exit(1);
		_exit(0);
	}
	close(fd[1]);
	while ((n = read(fd[0], buffer, 1000)) > 0)
		total += n;
	close(fd[0]);
	wait(NULL);
	printf("pipe: %ld bytes\n", total);
}

static void test_popen(void)
{
	char line[100] = "";
	FILE *file = popen("echo from the shell; exit 6", "r");
	int status;

	need(file && fgets(line, sizeof(line), file), "popen");
	status = pclose(file);
	printf("popen: %d %s", WEXITSTATUS(status), line);
	fflush(stdout);
	printf("system: %d\n", WEXITSTATUS(system("exit 11")));
}

static void test_spawn(void)
{
	char *argv[] = {"sh", "-c", "exit 12", NULL};
	int status;
	pid_t pid;

	need(posix_spawn(&pid, "/bin/sh", NULL, NULL, argv, environ) == 0, "posix_spawn");
	waitpid(pid, &status, 0);
	printf("spawn: %d, missing program: %s\n", WEXITSTATUS(status),
	       strerror(posix_spawn(&pid, "/no/such", NULL, NULL, argv, environ)));
}

static sigjmp_buf back;
static void *fault_address;
static int fault_code;

static void on_fault(int sig, siginfo_t *info, void *context)
{
	fault_address = info->si_addr;
	fault_code = info->si_code;
	siglongjmp(back, sig);
}

static void test_fault(void)
{
	static char stack[65536];
	stack_t alternate = {.ss_sp = stack, .ss_size = sizeof(stack)};
	struct sigaction action;
	char *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int sig;

	sigaltstack(&alternate, NULL);
	memset(&action, 0, sizeof(action));
	action.sa_sigaction = on_fault;
	action.sa_flags = SA_SIGINFO | SA_ONSTACK;
	sigaction(SIGSEGV, &action, NULL);
	sig = sigsetjmp(back, 1);
	if (!sig)
		page[100] = 1;
	printf("fault: signal %d, code %d, offset %ld\n", sig, fault_code,
	       (long)((char *)fault_address - page));
	sig = sigsetjmp(back, 1);
	if (!sig)
		*(volatile char *)16 = 1;
	printf("fault: signal %d, code %d, address %ld\n", sig, fault_code, (long)fault_address);
	munmap(page, 4096);
}

static volatile sig_atomic_t ticks;

static void on_tick(int sig)
{
	(void)sig;
	ticks++;
}

static void test_timer(void)
{
	struct itimerval timer = {{0, 5000}, {0, 5000}}, off = {{0, 0}, {0, 0}};

	signal(SIGALRM, on_tick);
	setitimer(ITIMER_REAL, &timer, NULL);
	while (ticks < 5)
		pause();
	setitimer(ITIMER_REAL, &off, NULL);
	puts("timer: ticked");
}

static void test_file_map(void)
{
	char path[] = "/tmp/mapXXXXXX", text[16] = "";
	int fd = mkstemp(path);
	char *map;

	need(fd >= 0 && ftruncate(fd, 10000) == 0, "file");
	map = mmap(NULL, 10000, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	need(map != MAP_FAILED, "mmap");
	strcpy(map + 5000, "mapped");
	need(pread(fd, text, 7, 5000) == 7, "pread");
	munmap(map, 10000);
	printf("file map: %s\n", text);
	close(fd);
	unlink(path);
}

static void test_realloc(void)
{
	char *block = NULL;

	for (size_t size = 1; size <= 32 << 20; size *= 2) {
		block = realloc(block, size);
		need(block != NULL, "realloc");
		block[size - 1] = 42;
		need(block[size / 2 ? size / 2 - 1 : 0] == 42, "content after realloc");
	}
	free(block);
	puts("realloc: kept its content");
}

static void test_orphan(void)
{
	int fd[2];
	pid_t parent = 0;

	need(pipe(fd) == 0, "pipe");
	if (fork() == 0) {
		if (fork() == 0) {
			usleep(50000);
			parent = getppid();
			_exit(write(fd[1], &parent, sizeof(parent)) != sizeof(parent));
		}
		_exit(0);
	}
	wait(NULL);
	need(read(fd[0], &parent, sizeof(parent)) == sizeof(parent), "read");
	printf("orphan: parent %d\n", (int)parent);
}

static void test_exec_state(void)
{
	int fd = open("/etc/passwd", O_RDONLY | O_CLOEXEC), status;
	char command[64];

	signal(SIGUSR2, SIG_IGN);
	snprintf(command, sizeof(command), "[ ! -e /proc/self/fd/%d ] && kill -USR2 $$ && exit 5",
		 fd);
	if (fork() == 0)
		execl("/bin/sh", "sh", "-c", command, (char *)NULL);
	wait(&status);
	printf("exec: %d\n", WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status));
	close(fd);
}

int main(void)
{
	setvbuf(stdout, NULL, _IONBF, 0);
	test_fork_cow();
	test_pipe();
	test_popen();
	test_spawn();
	test_fault();
	test_timer();
	test_file_map();
	test_realloc();
	test_orphan();
	test_exec_state();
	return 0;
}
