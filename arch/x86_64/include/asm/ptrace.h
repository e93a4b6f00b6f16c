/* SPDX-License-Identifier: MIT */
/*
 * asm/ptrace.h - the registers that an entry to the kernel saves on the kernel stack.
 *
 * A task's user registers lie at the very top of its kernel stack (task_pt_regs). The
 * layout is Linux's struct pt_regs, which is also what a core dump and ptrace show.
 */
#ifndef _ASM_PTRACE_H
#define _ASM_PTRACE_H

#include <asm/segment.h>

#ifdef __ASSEMBLER__

/* Offsets of struct pt_regs; checked in arch/x86_64/process.c. */
#define PT_R15	   0
#define PT_R14	   8
#define PT_R13	   16
#define PT_R12	   24
#define PT_RBP	   32
#define PT_RBX	   40
#define PT_R11	   48
#define PT_R10	   56
#define PT_R9	   64
#define PT_R8	   72
#define PT_RAX	   80
#define PT_RCX	   88
#define PT_RDX	   96
#define PT_RSI	   104
#define PT_RDI	   112
#define PT_ORIG_AX 120
#define PT_RIP	   128
#define PT_CS	   136
#define PT_EFLAGS  144
#define PT_RSP	   152
#define PT_SS	   160
#define PT_SIZE	   168

#else

#include <pagoda/types.h>

struct pt_regs {
	unsigned long r15;
	unsigned long r14;
	unsigned long r13;
	unsigned long r12;
	unsigned long bp;
	unsigned long bx;
	unsigned long r11;
	unsigned long r10;
	unsigned long r9;
	unsigned long r8;
	unsigned long ax;
	unsigned long cx;
	unsigned long dx;
	unsigned long si;
	unsigned long di;
	/* System call number; the error code of an exception; -1 for an interrupt. */
	unsigned long orig_ax;
	/* Pushed by the CPU (built by hand for SYSCALL). */
	unsigned long ip;
	unsigned long cs;
	unsigned long flags;
	unsigned long sp;
	unsigned long ss;
};

static inline bool user_mode(const struct pt_regs *regs)
{
	return regs->cs & 3;
}

/* Whether the user's code is 64-bit code; the only other segment is that of 32-bit code. */
static inline bool user_64bit_mode(const struct pt_regs *regs)
{
	return regs->cs == __USER_CS;
}

static inline unsigned long instruction_pointer(const struct pt_regs *regs)
{
	return regs->ip;
}

static inline unsigned long user_stack_pointer(const struct pt_regs *regs)
{
	return regs->sp;
}

/* The user registers of @task; its ->stack is the lowest address of the kernel stack. */
#define task_pt_regs(task) ((struct pt_regs *)((unsigned long)(task)->stack + THREAD_SIZE) - 1)
#define current_pt_regs()  task_pt_regs(current)

#endif /* !__ASSEMBLER__ */
#endif
