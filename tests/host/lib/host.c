// SPDX-License-Identifier: MIT
/*
 * tests/host/lib/host.c - the harness, and what kernel code asks of the kernel around it.
 */
#include <stdarg.h>
#include <pagoda/bug.h>
#include <pagoda/xarray.h>
#include "test.h"

/* libc. */
int vprintf(const char *fmt, va_list args);
int fflush(void *stream);
char *getenv(const char *name);
unsigned long long strtoull(const char *s, char **end, int base);
__noreturn void abort(void);

unsigned int test_warnings;
long test_xa_nodes;
long test_xa_allowed = LONG_MAX;

static const char *current_test = "?";
static u64 seed, random_state;

/* The SplitMix64 generator. */
u64 test_random(void)
{
	u64 z = random_state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

/* Each test starts from the seed again, so that it does the same alone as in company. */
void test_start(const char *name)
{
	const char *env = getenv("SEED");

	current_test = name;
	seed = env ? strtoull(env, NULL, 0) : 20240229;
	random_state = seed;
	test_warnings = 0;
	test_xa_allowed = LONG_MAX;
}

void test_passed(void)
{
	if (test_warnings)
		test_failed(current_test, 0, "%u warnings", test_warnings);
	printf("ok %s\n", current_test);
}

void test_failed(const char *file, int line, const char *fmt, ...)
{
	va_list args;

	printf("not ok %s: %s:%d: ", current_test, file, line);
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	printf(" (SEED=%llu)\n", seed);
	exit(1);
}

void bug_report(const char *file, int line, const char *cond)
{
	printf("not ok %s: BUG at %s:%d: %s\n", current_test, file, line, cond);
	fflush(NULL);
	abort();
}

void warn_report(const char *file, int line, const char *cond)
{
	test_warnings++;
}

void *xa_node_alloc(gfp_t gfp)
{
	if (test_xa_allowed <= 0)
		return NULL;
	test_xa_allowed--;
	test_xa_nodes++;
	return calloc(1, sizeof(struct xa_node));
}

void xa_node_free(void *node)
{
	test_xa_nodes--;
	free(node);
}
