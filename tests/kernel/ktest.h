/* SPDX-License-Identifier: MIT */
/*
 * tests/kernel/ktest.h - tests that run inside the kernel.
 *
 *	KTEST(list_is_empty)
 *	{
 *		LIST_HEAD(list);
 *
 *		KTEST_EXPECT(list_empty(&list));
 *	}
 *
 * Each test runs in a kernel thread that may sleep. Free pages and active slab objects are
 * compared before and after it; a difference is a failure.
 */
#ifndef KTEST_H
#define KTEST_H

#include <pagoda/types.h>
#include <pagoda/ktest.h>
#include <pagoda/printk.h>

struct ktest {
	const char *name;
	void (*run)(void);
};

/* Notes the first failure of the running test. */
void ktest_fail(const char *file, int line, const char *what);
bool ktest_failed(void);

#define KTEST(id)                                                                                  \
	static void ktest_##id(void);                                                              \
	static const struct ktest ktest_entry_##id                                                 \
		__attribute__((used, section(".ktests"), aligned(8))) = {#id, ktest_##id};         \
	static void ktest_##id(void)

/* The test goes on after a failed expectation, and ends at a failed assertion. */
#define KTEST_EXPECT(cond)                                                                         \
	do {                                                                                       \
		if (!(cond))                                                                       \
			ktest_fail(__FILE__, __LINE__, #cond);                                     \
	} while (0)
#define KTEST_EXPECT_EQ(a, b)                                                                      \
	do {                                                                                       \
		long __a = (long)(a), __b = (long)(b);                                             \
		if (__a != __b) {                                                                  \
			pr_info("  %s is %ld, %s is %ld\n", #a, __a, #b, __b);                     \
			ktest_fail(__FILE__, __LINE__, #a " == " #b);                              \
		}                                                                                  \
	} while (0)
#define KTEST_ASSERT(cond)                                                                         \
	do {                                                                                       \
		if (!(cond)) {                                                                     \
			ktest_fail(__FILE__, __LINE__, #cond);                                     \
			return;                                                                    \
		}                                                                                  \
	} while (0)

#endif
