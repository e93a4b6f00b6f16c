/* SPDX-License-Identifier: MIT */
/*
 * asm/current.h - the running task, one load from per-CPU data.
 */
#ifndef _ASM_CURRENT_H
#define _ASM_CURRENT_H

#include <asm/percpu.h>

struct task_struct;

/* Written by __switch_to() only; init_task until the first switch of a CPU. */
DECLARE_PER_CPU(struct task_struct *, current_task);

static inline __attribute__((always_inline)) struct task_struct *get_current(void)
{
	return this_cpu_read_stable(current_task);
}

#define current get_current()

#endif
