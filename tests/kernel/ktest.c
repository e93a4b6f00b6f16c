// SPDX-License-Identifier: MIT
/*
 * tests/kernel/ktest.c - runs the tests that are linked into the test image.
 *
 * KTEST() puts an entry into the section .ktests. Around each test all allocator caches are emptied
 * and free pages and objects counted; a test that leaves them different has leaked.
 */
#include <pagoda/kernel.h>
#include <pagoda/gfp.h>
#include <pagoda/reboot.h>
#include <pagoda/slab.h>
#include <pagoda/sched.h>
#include "ktest.h"

extern const struct ktest __start_ktests[], __stop_ktests[];

static bool failed;
static char reason[160];

void ktest_fail(const char *file, int line, const char *what)
{
	if (!failed)
		snprintf(reason, sizeof(reason), "%s:%d: %s", file, line, what);
	failed = true;
}

bool ktest_failed(void)
{
	return failed;
}

struct memory_state {
	unsigned long free_pages, objects;
};

static struct memory_state memory_now(void)
{
	struct memory_state state;

	drain_memory_caches();
	state.free_pages = nr_free_pages();
	state.objects = slab_active_objects();
	return state;
}

/* Tasks of the test may still be on their way out: look several times. */
static void check_leaks(const struct memory_state *before)
{
	struct memory_state after;
	int tries;

	for (tries = 0; tries < 20; tries++) {
		after = memory_now();
		if (after.free_pages == before->free_pages && after.objects == before->objects)
			return;
		schedule_timeout_uninterruptible(10 * NSEC_PER_MSEC);
	}
	if (!failed)
		snprintf(reason, sizeof(reason), "leak: free pages %lu -> %lu, objects %lu -> %lu",
			 before->free_pages, after.free_pages, before->objects, after.objects);
	failed = true;
}

static bool run_test(const struct ktest *test)
{
	struct memory_state before = memory_now();
	unsigned long tainted = tainted_mask;

	failed = false;
	test->run();
	check_leaks(&before);
	if (tainted_mask != tainted && !failed) {
		snprintf(reason, sizeof(reason), "the kernel warned");
		failed = true;
	}
	if (failed)
		printk("not ok %s: %s\n", test->name, reason);
	else
		printk("ok %s\n", test->name);
	return !failed;
}

void run_kernel_tests(const char *pattern)
{
	const struct ktest *test;
	unsigned int passed = 0, nr_failed = 0;

	for (test = __start_ktests; test < __stop_ktests; test++) {
		if (pattern && *pattern && !strstr(test->name, pattern))
			continue;
		if (run_test(test))
			passed++;
		else
			nr_failed++;
	}
	printk("ktest: %u passed, %u failed\n", passed, nr_failed);
	machine_power_off();
}
