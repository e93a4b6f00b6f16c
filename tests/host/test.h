/* SPDX-License-Identifier: MIT */
/*
 * test.h - the harness of the host tests.
 *
 * A host test is a program: main() calls RUN(function) for each test, which prints `ok NAME`;
 * the first CHECK that fails prints `not ok NAME: why` and ends the program with status 1.
 *
 * The kernel's types are not libc's, so a test includes kernel headers and this one, and no
 * libc header; what it needs of libc is declared here. Random tests draw from test_random(),
 * which starts from the same seed every time, or from $SEED.
 */
#ifndef TESTS_HOST_TEST_H
#define TESTS_HOST_TEST_H

#include <pagoda/compiler.h>
#include <pagoda/types.h>

/* libc. */
int printf(const char *fmt, ...) __printf(1, 2);
void *malloc(size_t size);
void *calloc(size_t n, size_t size);
void free(void *p);
__noreturn void exit(int status);

/* tests/host/lib/host.c */
u64 test_random(void);
void test_start(const char *name);
void test_passed(void);
__noreturn __printf(3, 4) void test_failed(const char *file, int line, const char *fmt, ...);

/* How often the kernel code has called warn_report(), as WARN_ON does. */
extern unsigned int test_warnings;

/* Nodes of xarrays that are allocated; how many more may be before xa_node_alloc() fails. */
extern long test_xa_nodes;
extern long test_xa_allowed;

/* Evenly below n, nearly. */
static inline u64 test_below(u64 n)
{
	return test_random() % n;
}

#define RUN(function)                                                                              \
	do {                                                                                       \
		test_start(#function);                                                             \
		function();                                                                        \
		test_passed();                                                                     \
	} while (0)

#define CHECK(cond)                                                                                \
	do {                                                                                       \
		if (!(cond))                                                                       \
			test_failed(__FILE__, __LINE__, "%s", #cond);                              \
	} while (0)

/* Both sides as integers; the message shows their values. */
#define CHECK_EQ(a, b)                                                                             \
	do {                                                                                       \
		long long __a = (long long)(a), __b = (long long)(b);                              \
                                                                                                   \
		if (__a != __b)                                                                    \
			test_failed(__FILE__, __LINE__, "%s is %lld, not %s = %lld", #a, __a, #b,  \
				    __b);                                                          \
	} while (0)

#define CHECK_STR(a, b)                                                                            \
	do {                                                                                       \
		const char *__a = (a), *__b = (b);                                                 \
                                                                                                   \
		if (__builtin_strcmp(__a, __b))                                                    \
			test_failed(__FILE__, __LINE__, "%s is \"%s\", not \"%s\"", #a, __a, __b); \
	} while (0)

#endif
