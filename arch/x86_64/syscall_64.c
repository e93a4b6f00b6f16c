// SPDX-License-Identifier: MIT
/*
 * arch/x86_64/syscall_64.c - the dispatch table, made from kernel/syscall.tbl.
 */
#include <asm/syscall.h>
#include <syscalls.h>

/* Later entries of the initialiser replace the default on purpose. */
#pragma GCC diagnostic ignored "-Woverride-init"
#ifdef __clang__
#pragma GCC diagnostic ignored "-Winitializer-overrides"
#endif

long sys_ni_syscall(void);

const sys_call_ptr_t sys_call_table[NR_syscalls] = {
	[0 ... NR_syscalls - 1] = (void *)sys_ni_syscall,
#include <syscall_table_64.h>
};
