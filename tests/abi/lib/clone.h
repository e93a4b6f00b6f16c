/* SPDX-License-Identifier: MIT */
/*
 * lib/clone.h - clone and clone3 with a stack for the child, for tests that look at every flag.
 *
 * The child runs fn(arg) and ends with its value by exit (the thread alone). It shares errno and
 * everything else of the C library with its creator if it shares memory: only raw calls in it.
 */
#ifndef TESTS_ABI_LIB_CLONE_H
#define TESTS_ABI_LIB_CLONE_H

#include "lib/task.h"

/* Both return the child's id or -errno. stack: its end, 16-byte aligned. */
long clone_call(unsigned long flags, void *stack, int (*fn)(void *), void *arg, int *parent_tid,
		int *child_tid, void *tls);
long clone3_call(struct clone3_args *args, int (*fn)(void *), void *arg);

#endif
