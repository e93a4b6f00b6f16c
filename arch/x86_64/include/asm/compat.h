/* SPDX-License-Identifier: MIT */
/*
 * asm/compat.h - 32-bit programs and 32-bit system calls: two different things.
 *
 * A 32-bit program is a task with TIF_ADDR32, from its exec on. A 32-bit call is one that came by
 * int 0x80, from whatever code. Each decides on its own matters: the program on the end of its
 * address space, the call on the structures that it passes and on where a mapping is looked for.
 */
#ifndef _ASM_COMPAT_H
#define _ASM_COMPAT_H

#include <pagoda/sched.h>
#include <asm/page.h>
#include <asm/thread_info.h>

/* The end of user memory for 32-bit addresses (LAY-2). */
static inline unsigned long task_size_32bit(void)
{
	return IA32_PAGE_OFFSET;
}

/* Current is in a system call by int 0x80, or becomes a 32-bit program by exec. */
static inline bool in_compat_syscall(void)
{
	return current_thread_info()->status & TS_COMPAT;
}

#endif
