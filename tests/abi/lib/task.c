// SPDX-License-Identifier: MIT
/*
 * lib/task.c - see lib/task.h.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <sys/time.h>
#include <unistd.h>

#include "lib/task.h"
#include "lib/test.h"

#define STACK_PAGES 16

/* The child keeps all registers but RSP, so that function and argument wait in R12 and R13. */
long clone_task(unsigned long flags, const struct clone_words *words, int (*function)(void *),
		void *argument)
{
	static const struct clone_words none;
	char *stack = map_private(STACK_PAGES, RW) + STACK_PAGES * PAGE;
	long result;

	if (!words)
		words = &none;
	register long r10 __asm__("r10") = (long)words->child_tid;
	register long r8 __asm__("r8") = words->tls;
	register long r12 __asm__("r12") = (long)function;
	register long r13 __asm__("r13") = (long)argument;

	__asm__ volatile("syscall\n\t"
			 "test %%rax, %%rax\n\t"
			 "jnz 1f\n\t"
			 "xor %%ebp, %%ebp\n\t"
			 "mov %%r13, %%rdi\n\t"
			 "call *%%r12\n\t"
			 "mov %%eax, %%edi\n\t"
			 "mov %[exit], %%eax\n\t"
			 "syscall\n\t"
			 "hlt\n"
			 "1:"
			 : "=a"(result)
			 : "a"(SYS_clone), "D"(flags), "S"(stack), "d"(words->parent_tid), "r"(r10),
			   "r"(r8), "r"(r12), "r"(r13), [exit] "i"(SYS_exit)
			 : "rcx", "r11", "memory");
	return result;
}

int wait_status(pid_t pid)
{
	int status;
	long got;

	do
		got = raw_wait4(pid, &status, __WALL);
	while (got == -EINTR);
	EXPECT_EQ(got, pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == TEST_FAILED)
		_exit(TEST_FAILED); /* the child has said why */
	return status;
}

volatile int signals_counted;

void count_signal(int signal)
{
	(void)signal;
	__atomic_add_fetch(&signals_counted, 1, __ATOMIC_RELAXED);
}

void ring_alarms(bool on)
{
	struct itimerval timer = {{0, on * 20000}, {0, on * 20000}};
	struct sigaction action = {.sa_handler = count_signal};

	EXPECT_EQ(sigaction(SIGALRM, &action, NULL), 0);
	EXPECT_EQ(setitimer(ITIMER_REAL, &timer, NULL), 0);
}

struct gate gate_new(void)
{
	int fd[2];

	EXPECT_OK(raw(SYS_pipe2, fd, O_CLOEXEC));
	return (struct gate){fd[1], fd[0]};
}

void gate_open(struct gate *gate)
{
	EXPECT_EQ(raw_write(gate->in, "o", 1), 1);
}

void gate_pass(struct gate *gate)
{
	long got;
	char c;

	do
		got = raw_read(gate->out, &c, 1);
	while (got == -EINTR);
	EXPECT_EQ(got, 1);
}

long task_file(pid_t pid, const char *file, char *buffer, size_t size)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, file);
	return read_file(path, buffer, size);
}

char task_state(pid_t tid)
{
	char text[512], *after;

	if (task_file(tid, "stat", text, sizeof(text)) <= 0)
		return 0;
	after = strrchr(text, ')');
	return after ? after[2] : 0;
}

void await_state(pid_t tid, const char *states)
{
	char state;

	while ((state = task_state(tid)) && !strchr(states, state))
		doze(1);
	if (!state)
		FAIL("task %d is gone, not in state %s", tid, states);
}

void await_gone(pid_t pid)
{
	while (task_state(pid))
		doze(1);
}

const char *task_text(pid_t pid, const char *name)
{
	static char text[4096];
	size_t len = strlen(name);

	if (task_file(pid, "status", text, sizeof(text)) <= 0)
		return "";
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
		if (strncmp(line, name, len) == 0 && line[len] == ':')
			return line + len + 1 + strspn(line + len + 1, " \t");
	return "";
}

long task_value(pid_t pid, const char *name)
{
	const char *text = task_text(pid, name);

	return *text ? strtol(text, NULL, 10) : -1;
}

long task_stat(pid_t pid, int field)
{
	char text[1024], *at;

	if (task_file(pid, "stat", text, sizeof(text)) <= 0)
		return -1;
	at = strrchr(text, ')') + 2; /* field 3 */
	while (at && --field > 2) {
		at = strchr(at, ' ');
		at = at ? at + 1 : NULL;
	}
	return at ? strtol(at, NULL, 10) : -1;
}

long free_memory(void)
{
	struct sysinfo info;
	long fd = raw_open("/proc/sys/vm/drop_caches", O_WRONLY, 0);

	if (fd >= 0) {
		raw_write(fd, "3", 1);
		raw_close(fd);
	}
	EXPECT_EQ(sysinfo(&info), 0);
	return info.freeram * (info.mem_unit ? info.mem_unit : 1) / 1024;
}
