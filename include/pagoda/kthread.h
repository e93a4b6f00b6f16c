/* SPDX-License-Identifier: MIT */
/*
 * kthread.h - threads that live in the kernel: no mm of their own (KTH-1, KTH-2).
 */
#ifndef PAGODA_KTHREAD_H
#define PAGODA_KTHREAD_H

#include <pagoda/types.h>

struct task_struct;

/* kernel/kthread.c */
/* Make a kernel thread that will run fn(arg); it starts with wake_up_process(). ERR_PTR on failure. */
struct task_struct *kthread_create(int (*fn)(void *arg), void *arg, const char *name);
/* The same, already running. */
struct task_struct *kthread_run(int (*fn)(void *arg), void *arg, const char *name);
/* Ask it to stop, wait until fn has returned, give back fn's value. Caller holds a reference. */
int kthread_stop(struct task_struct *k);
bool kthread_should_stop(void);

#endif
