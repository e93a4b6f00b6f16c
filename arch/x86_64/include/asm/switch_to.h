/* SPDX-License-Identifier: MIT */
/*
 * asm/switch_to.h - changing the running task.
 *
 * switch_to() returns on the stack of the task that runs next time someone switches to
 * the caller; @last then names the task that ran before it on that CPU. Interrupts are
 * off and the run-queue lock is held; the mm has been switched already.
 */
#ifndef _ASM_SWITCH_TO_H
#define _ASM_SWITCH_TO_H

struct task_struct;

/* What __switch_to_asm pushes and a new task's stack begins with. */
struct inactive_task_frame {
	unsigned long r15;
	unsigned long r14;
	unsigned long r13;
	unsigned long r12;
	unsigned long bx;
	unsigned long bp;
	unsigned long ret_addr;
};

/* entry.S: saves callee-saved registers, swaps stacks through the ->sp words, goes on in
 * __switch_to. */
struct task_struct *__switch_to_asm(struct task_struct *prev, struct task_struct *next,
				    unsigned long *prev_sp, unsigned long next_sp);
struct task_struct *__switch_to(struct task_struct *prev, struct task_struct *next);
/* entry.S: the first instruction of a new task. */
void ret_from_fork(void);

#define switch_to(prev, next, last)                                                                \
	((last) = __switch_to_asm((prev), (next), &(prev)->thread.sp, (next)->thread.sp))

#endif
