/* SPDX-License-Identifier: MIT */
/*
 * lib/test.h - the harness of the ABI tests.
 *
 * A test program is a list of TEST("CLAUSE", "title") { ... } blocks; main() is in lib/main.c. Each
 * test runs in a forked child of its own with a time limit, so that it may break its own address
 * space, change its limits or lose its privileges. The first EXPECT that does not hold prints
 *     not ok CLAUSE title: file:line: what was expected and what came
 * and ends the child; a test that returns is ok. A title holds no colon. A test that proves several
 * clauses names them all: TEST("PROT-1,PROT-2", ...).
 *
 * System calls are made by the raw_ functions of lib/sys.h, which return -errno and do no more.
 */
#ifndef TESTS_ABI_LIB_TEST_H
#define TESTS_ABI_LIB_TEST_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct test {
	const char *clauses;
	const char *title;
	int line;
	int seconds; /* time limit of its own, 0 for the usual one */
	void (*run)(void);
	struct test *next;
};

void test_register(struct test *test);

#define TEST_JOIN_(a, b) a##b
#define TEST_JOIN(a, b)	 TEST_JOIN_(a, b)
#define TEST_DEFINE(name, clauses, title, seconds)                                                 \
	static void TEST_JOIN(name, _run)(void);                                                   \
	__attribute__((constructor)) static void TEST_JOIN(name, _register)(void)                  \
	{                                                                                          \
		static struct test test = {                                                        \
			clauses, title, __LINE__, seconds, TEST_JOIN(name, _run), NULL};           \
		test_register(&test);                                                              \
	}                                                                                          \
	static void TEST_JOIN(name, _run)(void)

#define TEST(clauses, title) TEST_DEFINE(TEST_JOIN(test_, __LINE__), clauses, title, 0)
#define TEST_SLOW(clauses, title, seconds)                                                         \
	TEST_DEFINE(TEST_JOIN(test_, __LINE__), clauses, title, seconds)

/* What a process made by test_fork() ends with when an EXPECT in it failed (and was told). */
#define TEST_FAILED 113

/* Ends the calling process after one `not ok` or `skip` line. In a thread too. */
_Noreturn void test_fail(const char *file, int line, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
_Noreturn void test_skip(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The workers of the macros below. */
void test_equal(const char *file, int line, const char *what, long got, long want);
void test_errno(const char *file, int line, const char *what, long got, int want);
long test_success(const char *file, int line, const char *what, long got);
void test_string(const char *file, int line, const char *what, const char *got, const char *want);
void test_exit(const char *file, int line, const char *what, pid_t pid, int want);
void test_killed(const char *file, int line, const char *what, pid_t pid, int signal);

#define FAIL(...) test_fail(__FILE__, __LINE__, __VA_ARGS__)
#define SKIP(...) test_skip(__VA_ARGS__)

#define EXPECT(condition)                                                                          \
	do {                                                                                       \
		if (!(condition))                                                                  \
			FAIL("%s", #condition);                                                    \
	} while (0)

/* Compares whole numbers and addresses; the message shows both. */
#define EXPECT_EQ(got, want)  test_equal(__FILE__, __LINE__, #got, (long)(got), (long)(want))
#define EXPECT_STR(got, want) test_string(__FILE__, __LINE__, #got, got, want)

/* A raw system call that fails with this errno; one that succeeds, whose value is the result. */
#define EXPECT_ERR(call, error) test_errno(__FILE__, __LINE__, #call, (long)(call), error)
#define EXPECT_OK(call)		test_success(__FILE__, __LINE__, #call, (long)(call))

/* Waits for a child: that it exits with this status, that this signal kills it. */
#define EXPECT_EXIT(pid, status)   test_exit(__FILE__, __LINE__, #pid, pid, status)
#define EXPECT_KILLED(pid, signal) test_killed(__FILE__, __LINE__, #pid, pid, signal)

/*
 * Forks. In the child an EXPECT that fails tells it and ends the child with TEST_FAILED, which
 * makes EXPECT_EXIT end the parent in silence. The child ends with _exit().
 */
pid_t test_fork(void);

/* Runs the statements in a child, whose EXPECTs count. */
#define IN_CHILD(...)                                                                              \
	do {                                                                                       \
		pid_t pid_ = test_fork();                                                          \
		if (pid_ == 0) {                                                                   \
			__VA_ARGS__;                                                               \
			_exit(0);                                                                  \
		}                                                                                  \
		EXPECT_EXIT(pid_, 0);                                                              \
	} while (0)

/*
 * A program that defines this one is started again by test_exec("WORD"...): there it gets the
 * words, and main() does nothing else. EXPECT and FAIL work in it.
 */
__attribute__((weak)) int test_child(int argc, char **argv);
/* Executes this program anew with these words (NULL-terminated); does not return. */
_Noreturn void test_exec(const char *const *words);

/* The name of an errno or "E?". */
const char *test_errno_name(int error);

#endif
