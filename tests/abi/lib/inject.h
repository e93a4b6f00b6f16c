/* SPDX-License-Identifier: MIT */
/*
 * lib/inject.h - allocations that fail on purpose, and what memory is in use.
 */
#ifndef TESTS_ABI_LIB_INJECT_H
#define TESTS_ABI_LIB_INJECT_H

#include <stdbool.h>

/*
 * From now on the n-th allocation (from 1) by this task fails. inject_ready() opens what is needed,
 * so that it is no difference later, and skips the test where this cannot be had.
 */
void inject_ready(void);
void inject_start(int nth);
/* Ends it; whether an allocation has failed. */
bool inject_stop(void);

/* Memory in use, with all caches empty. */
struct usage {
	long free_kib, objects, committed_kib, files;
};
struct usage usage_now(void);

/* Fails unless the same is in use as before; looks several times, as ends of tasks take time. */
void usage_same(const char *file, int line, const struct usage *before, int nth);
#define EXPECT_SAME_USAGE(before, nth) usage_same(__FILE__, __LINE__, before, nth)

#endif
