/* SPDX-License-Identifier: MIT */
/*
 * asm/syscall.h - the table that entry.S dispatches system calls by.
 */
#ifndef _ASM_SYSCALL_H
#define _ASM_SYSCALL_H

/* Entries of sys_call_table; numbers from here on answer ENOSYS. */
#define NR_syscalls 512

#ifndef __ASSEMBLER__

#include <pagoda/types.h>

typedef long (*sys_call_ptr_t)(unsigned long, unsigned long, unsigned long, unsigned long,
			       unsigned long, unsigned long);

extern const sys_call_ptr_t sys_call_table[NR_syscalls];

#endif
#endif
