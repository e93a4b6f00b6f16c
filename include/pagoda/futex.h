/* SPDX-License-Identifier: MIT */
/*
 * futex.h - what the rest of the kernel asks of kernel/futex.c and kernel/robust_list.c.
 */
#ifndef PAGODA_FUTEX_H
#define PAGODA_FUTEX_H

#include <pagoda/types.h>

struct task_struct;

void futex_init(void);
/* Wake up to nr waiters on the shared or private key of uaddr (FUTEX_WAKE). Count or -errno. */
int futex_wake(u32 __user *uaddr, bool shared, int nr, u32 bitset);
/* Makes the page of a futex writable. 0 or -errno; may sleep. */
int fault_in_user_writeable(u32 __user *uaddr);

/* kernel/robust_list.c, exit and exec: current's lists are walked, dead owners are marked (TID-8). */
void exit_robust_list(struct task_struct *curr);

#endif
