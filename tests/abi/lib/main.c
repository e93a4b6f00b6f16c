// SPDX-License-Identifier: MIT
/*
 * lib/main.c - runs the tests of a program, one child each, and prints what came of them.
 *
 *     PROGRAM [-l] [PATTERN]      only tests whose clauses or title hold PATTERN; -l lists them
 *
 * A child tells its own failure; the parent speaks for one that is killed, hangs or ends oddly. The
 * parent uses nothing but fork, wait4, setitimer, kill and write, which must work for anything else
 * to be worth testing.
 */
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/test.h"

#define SECONDS	     20 /* for a test, under the slowest emulation */
#define TEST_SKIPPED 114

static struct test *tests;
static const struct test *current;

/* Called by constructors; keeps the order of the source. */
void test_register(struct test *test)
{
	struct test **at = &tests;

	while (*at && (*at)->line < test->line)
		at = &(*at)->next;
	test->next = *at;
	*at = test;
}

/* One line in one write, so that lines of several processes do not mix. */
static void tell(const char *verdict, const struct test *test, const char *why)
{
	char line[1024];
	int len;

	if (strcmp(verdict, "skip") == 0)
		len = snprintf(line, sizeof(line), "skip %s %s\n", test->clauses, why);
	else
		len = snprintf(line, sizeof(line), "%s %s %s%s%s\n", verdict, test->clauses,
			       test->title, why[0] ? ": " : "", why);
	if (len >= (int)sizeof(line)) {
		len = sizeof(line) - 1;
		line[len - 1] = '\n';
	}
	if (write(1, line, len) != len)
		_exit(TEST_FAILED);
}

void test_fail(const char *file, int line, const char *format, ...)
{
	char why[768];
	va_list args;
	const char *base = strrchr(file, '/');
	int len = snprintf(why, sizeof(why), "%s:%d: ", base ? base + 1 : file, line);

	va_start(args, format);
	vsnprintf(why + len, sizeof(why) - len, format, args);
	va_end(args);
	tell("not ok", current, why);
	_exit(TEST_FAILED);
}

void test_skip(const char *format, ...)
{
	char why[256];
	va_list args;

	va_start(args, format);
	vsnprintf(why, sizeof(why), format, args);
	va_end(args);
	tell("skip", current, why);
	_exit(TEST_SKIPPED);
}

static void on_alarm(int signal)
{
	(void)signal;
}

/* Waits for the test's child; kills its process group when the time is over. Returns whether it
 * was. */
static bool wait_for(pid_t pid, int seconds, int *status)
{
	struct itimerval timer = {{1, 0}, {seconds, 0}}, off = {{0, 0}, {0, 0}};
	bool late = false;
	pid_t got;

	setitimer(ITIMER_REAL, &timer, NULL);
	while ((got = waitpid(pid, status, 0)) < 0 && errno == EINTR) {
		late = true;
		kill(-pid, SIGKILL);
		kill(pid, SIGKILL);
	}
	setitimer(ITIMER_REAL, &off, NULL);
	if (got != pid)
		*status = TEST_FAILED << 8;
	kill(-pid, SIGKILL); /* what the test left running */
	return late;
}

/* Gives the child copies of its data and its stack, so that tests can count pages by the piece. */
static void touch_all(void)
{
	extern char _edata[], _end[];
	volatile char stack[65536];

	for (size_t i = 0; i < sizeof(stack); i += 4096)
		stack[i] = 0;
	for (volatile char *p = (char *)((unsigned long)(_edata - 1) & -4096UL); p < _end;
	     p += 4096)
		*p = *p;
}

/* Returns whether the test did not fail. */
static bool run(const struct test *test)
{
	int seconds = test->seconds ? test->seconds : SECONDS, status;
	char why[64];
	pid_t pid;

	current = test;
	pid = fork();
	if (pid == 0) {
		setpgid(0, 0);
		touch_all();
		test->run();
		_exit(0);
	}
	if (pid < 0) {
		tell("not ok", test, "fork failed");
		return false;
	}
	if (wait_for(pid, seconds, &status)) {
		snprintf(why, sizeof(why), "not done after %d s", seconds);
		tell("not ok", test, why);
		return false;
	}
	if (WIFSIGNALED(status)) {
		snprintf(why, sizeof(why), "killed by signal %d", WTERMSIG(status));
		tell("not ok", test, why);
		return false;
	}
	if (WEXITSTATUS(status) == 0)
		tell("ok", test, "");
	else if (WEXITSTATUS(status) != TEST_FAILED && WEXITSTATUS(status) != TEST_SKIPPED) {
		snprintf(why, sizeof(why), "exit status %d", WEXITSTATUS(status));
		tell("not ok", test, why);
		return false;
	}
	return WEXITSTATUS(status) != TEST_FAILED;
}

/* argv of a program started by test_exec(): NAME --child CLAUSES TITLE WORD... */
static int child(int argc, char **argv)
{
	static struct test test;

	test.clauses = argv[2];
	test.title = argv[3];
	current = &test;
	return test_child ? test_child(argc - 4, argv + 4) : TEST_FAILED;
}

void test_exec(const char *const *words)
{
	const char *argv[16] = {"abi-test", "--child", current->clauses, current->title};
	char *envp[] = {NULL};
	int argc = 4;

	while (argc < 15 && *words)
		argv[argc++] = *words++;
	execve("/proc/self/exe", (char **)argv, envp);
	test_fail("main.c", __LINE__, "execve gives %s", test_errno_name(errno));
}

static int run_all(const char *pattern, bool list)
{
	struct sigaction action = {.sa_handler = on_alarm};
	int bad = 0;

	sigaction(SIGALRM, &action, NULL);
	for (const struct test *test = tests; test; test = test->next) {
		if (!strstr(test->clauses, pattern) && !strstr(test->title, pattern))
			continue;
		if (list)
			tell("test", test, "");
		else if (!run(test))
			bad++;
	}
	return bad ? 1 : 0;
}

int main(int argc, char **argv)
{
	bool list = argc > 1 && strcmp(argv[1], "-l") == 0;

	if (argc > 3 && strcmp(argv[1], "--child") == 0)
		return child(argc, argv);
	return run_all(argc > 1 + list ? argv[1 + list] : "", list);
}
