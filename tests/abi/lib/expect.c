// SPDX-License-Identifier: MIT
/*
 * lib/expect.c - what stands behind the EXPECT macros: comparing, telling, waiting for children.
 */
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/test.h"

static const struct {
	int number;
	const char *name;
} names[] = {
	{EPERM, "EPERM"},
	{ENOENT, "ENOENT"},
	{ESRCH, "ESRCH"},
	{EINTR, "EINTR"},
	{EIO, "EIO"},
	{E2BIG, "E2BIG"},
	{EBADF, "EBADF"},
	{ECHILD, "ECHILD"},
	{EAGAIN, "EAGAIN"},
	{ENOMEM, "ENOMEM"},
	{EACCES, "EACCES"},
	{EFAULT, "EFAULT"},
	{EBUSY, "EBUSY"},
	{EEXIST, "EEXIST"},
	{ENODEV, "ENODEV"},
	{ENOTDIR, "ENOTDIR"},
	{EISDIR, "EISDIR"},
	{EINVAL, "EINVAL"},
	{ENFILE, "ENFILE"},
	{EMFILE, "EMFILE"},
	{ENOTTY, "ENOTTY"},
	{ETXTBSY, "ETXTBSY"},
	{ENOSPC, "ENOSPC"},
	{ESPIPE, "ESPIPE"},
	{EPIPE, "EPIPE"},
	{ENOSYS, "ENOSYS"},
	{EOVERFLOW, "EOVERFLOW"},
	{ENOEXEC, "ENOEXEC"},
	{EOPNOTSUPP, "EOPNOTSUPP"},
	{ETIMEDOUT, "ETIMEDOUT"},
	{ENAMETOOLONG, "ENAMETOOLONG"},
	{EDEADLK, "EDEADLK"},
};

const char *test_errno_name(int error)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].number == error)
			return names[i].name;
	return "E?";
}

static bool is_error(long value)
{
	return value < 0 && value >= -4095;
}

void test_equal(const char *file, int line, const char *what, long got, long want)
{
	if (got == want)
		return;
	if (is_error(got))
		test_fail(file, line, "%s is %ld (%s), not %#lx (%ld)", what, got,
			  test_errno_name(-got), want, want);
	test_fail(file, line, "%s is %#lx (%ld), not %#lx (%ld)", what, got, got, want, want);
}

void test_errno(const char *file, int line, const char *what, long got, int want)
{
	if (got == -want)
		return;
	if (is_error(got))
		test_fail(file, line, "%s gives %s (%ld), not %s", what, test_errno_name(-got), got,
			  test_errno_name(want));
	test_fail(file, line, "%s gives %#lx, not %s", what, got, test_errno_name(want));
}

long test_success(const char *file, int line, const char *what, long got)
{
	if (is_error(got))
		test_fail(file, line, "%s gives %s (%ld)", what, test_errno_name(-got), got);
	return got;
}

void test_string(const char *file, int line, const char *what, const char *got, const char *want)
{
	if (strcmp(got, want) != 0)
		test_fail(file, line, "%s is \"%s\", not \"%s\"", what, got, want);
}

pid_t test_fork(void)
{
	pid_t pid = fork();

	if (pid < 0)
		test_fail("lib/expect.c", __LINE__, "fork gives %s", test_errno_name(errno));
	return pid;
}

static int status_of(const char *file, int line, const char *what, pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			test_fail(file, line, "waiting for %s gives %s", what,
				  test_errno_name(errno));
	if (WIFEXITED(status) && WEXITSTATUS(status) == TEST_FAILED)
		_exit(TEST_FAILED); /* the child has said why */
	return status;
}

void test_exit(const char *file, int line, const char *what, pid_t pid, int want)
{
	int status = status_of(file, line, what, pid);

	if (WIFSIGNALED(status))
		test_fail(file, line, "%s was killed by signal %d", what, WTERMSIG(status));
	if (WEXITSTATUS(status) != want)
		test_fail(file, line, "%s ended with status %d, not %d", what, WEXITSTATUS(status),
			  want);
}

void test_killed(const char *file, int line, const char *what, pid_t pid, int signal)
{
	int status = status_of(file, line, what, pid);

	if (WIFEXITED(status))
		test_fail(file, line, "%s ended with status %d, not by signal %d", what,
			  WEXITSTATUS(status), signal);
	if (WTERMSIG(status) != signal)
		test_fail(file, line, "%s was killed by signal %d, not %d", what, WTERMSIG(status),
			  signal);
}
