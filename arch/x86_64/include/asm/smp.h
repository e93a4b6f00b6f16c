/* SPDX-License-Identifier: MIT */
/*
 * asm/smp.h - starting the other CPUs.
 */
#ifndef _ASM_SMP_H
#define _ASM_SMP_H

#ifndef __ASSEMBLER__
#include <pagoda/types.h>
#include <pagoda/smp.h>

/* The trampoline and its page tables; see arch/x86_64/smpboot.c. */
extern char trampoline_start[], trampoline_end[], trampoline_data[];

/* arch/x86_64/smpboot.c */
void reserve_real_mode(void);
void start_secondary(void) __attribute__((noreturn));

/* arch/x86_64/smp.c: called by the NMI handler; true when this CPU is being stopped (never returns
 * then) */
bool smp_stop_nmi(void);
void arch_send_call_function_ipi_mask(const cpumask_t *mask);
void stop_this_cpu(void) __attribute__((noreturn));
#endif

#endif
