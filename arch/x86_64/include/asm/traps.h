/* SPDX-License-Identifier: MIT */
/*
 * asm/traps.h - exception vectors and what handles them (SDM 3A, 6.15).
 */
#ifndef _ASM_TRAPS_H
#define _ASM_TRAPS_H

#define X86_TRAP_DE	  0 /* divide error */
#define X86_TRAP_DB	  1 /* debug */
#define X86_TRAP_NMI	  2 /* non-maskable interrupt */
#define X86_TRAP_BP	  3 /* breakpoint */
#define X86_TRAP_OF	  4 /* overflow */
#define X86_TRAP_BR	  5 /* bound range exceeded */
#define X86_TRAP_UD	  6 /* invalid opcode */
#define X86_TRAP_NM	  7 /* device not available */
#define X86_TRAP_DF	  8 /* double fault */
#define X86_TRAP_OLD_MF	  9
#define X86_TRAP_TS	  10 /* invalid TSS */
#define X86_TRAP_NP	  11 /* segment not present */
#define X86_TRAP_SS	  12 /* stack segment fault */
#define X86_TRAP_GP	  13 /* general protection */
#define X86_TRAP_PF	  14 /* page fault */
#define X86_TRAP_SPURIOUS 15
#define X86_TRAP_MF	  16 /* x87 floating point */
#define X86_TRAP_AC	  17 /* alignment check */
#define X86_TRAP_MC	  18 /* machine check */
#define X86_TRAP_XF	  19 /* SIMD floating point */
#define X86_TRAP_VE	  20 /* virtualisation */
#define X86_TRAP_CP	  21 /* control protection */

#define IA32_SYSCALL_VECTOR 0x80

#ifndef __ASSEMBLER__

#include <pagoda/types.h>

struct pt_regs;

/* arch/x86_64/traps.c; called from entry.S */
void exc_dispatch(struct pt_regs *regs, unsigned int vector);
void exc_double_fault(struct pt_regs *regs, unsigned long address);
void exc_nmi(struct pt_regs *regs);
void exc_machine_check(struct pt_regs *regs);
struct pt_regs *fixup_bad_iret(struct pt_regs *bad);

/* arch/x86_64/fault.c */
void exc_page_fault(struct pt_regs *regs);

/* arch/x86_64/exit.c: with interrupts off, back to user mode after this. */
void exit_to_user_mode_loop(struct pt_regs *regs);
/* The system call of @regs by the slow way, traced. */
void syscall_traced(struct pt_regs *regs);
/* The end of a task that runs a kernel function, unless it did an exec. */
void kernel_thread_return(int ret);

/* arch/x86_64/ia32/syscall_32.c */
void do_int80_syscall_32(struct pt_regs *regs);

/* arch/x86_64/signal.c */
void arch_do_signal_or_restart(struct pt_regs *regs);
/* Puts the registers of the signal frame into @regs; a bad frame is a SIGSEGV. */
void do_rt_sigreturn(struct pt_regs *regs);

/* arch/x86_64/dumpstack.c */
void show_regs(const struct pt_regs *regs);

#endif /* !__ASSEMBLER__ */
#endif
