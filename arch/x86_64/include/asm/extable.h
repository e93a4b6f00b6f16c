/* SPDX-License-Identifier: MIT */
/*
 * asm/extable.h - where to go on after a fault of a kernel instruction that may fault.
 */
#ifndef _ASM_EXTABLE_H
#define _ASM_EXTABLE_H

#include <pagoda/types.h>

struct pt_regs;

struct exception_table_entry {
	unsigned long insn;
	unsigned long fixup;
};

/* Sorts the table; once, before the first fault. */
void sort_main_extable(void);
/* Whether the instruction at @ip may fault. */
bool has_fixup(unsigned long ip);
/* Moves regs->ip to the fixup of the faulting instruction; false when it has none. */
bool fixup_exception(struct pt_regs *regs);

#endif
