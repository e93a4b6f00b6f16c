/* SPDX-License-Identifier: MIT */
/*
 * kthread.h - threads that live in the kernel: no mm of their own (KTH-1, KTH-2).
 */
#ifndef PAGODA_KTHREAD_H
#define PAGODA_KTHREAD_H

#include <pagoda/types.h>

struct task_struct;

/* kernel/kthread.c */
/*
 * Make and start a kernel thread that runs fn(arg). ERR_PTR on failure. fn either never returns
 * or the thread is ended with kthread_stop(), which frees what belongs to it.
 */
struct task_struct *kthread_run(int (*fn)(void *arg), void *arg, const char *name);
/* Ask it to stop, wait until fn has returned, give back fn's value; -EINTR if it is no kthread. */
int kthread_stop(struct task_struct *k);
bool kthread_should_stop(void);
int kthreadd(void *unused); /* the body of pid 2 */

#endif
