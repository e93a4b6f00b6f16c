// SPDX-License-Identifier: MIT
/*
 * arch/x86_64/traps.c - exceptions other than page faults.
 *
 * One that a program causes becomes the signal, si_code and si_addr that Linux sends; one of
 * the kernel itself is resolved by the exception table or is the end. What the signal frame shows
 * of it (trapno, err) is kept in current->thread.
 */
#include <pagoda/compiler.h>
#include <pagoda/panic.h>
#include <pagoda/printk.h>
#include <pagoda/sched.h>
#include <pagoda/signal.h>
#include <pagoda/vmalloc.h>
#include <asm/extable.h>
#include <asm/fpu.h>
#include <asm/ptrace.h>
#include <asm/sections.h>
#include <asm/smp.h>
#include <asm/traps.h>

#define DR6_RESET     0xffff0ff0UL
#define DR6_STEP      (1UL << 14)
#define DR6_TASK      (1UL << 15)
#define DR6_TRAP_BITS 0xfUL

static const char *const trap_names[32] = {
	[X86_TRAP_DE] = "divide error",
	[X86_TRAP_DB] = "debug",
	[X86_TRAP_BP] = "int3",
	[X86_TRAP_OF] = "overflow",
	[X86_TRAP_BR] = "bounds",
	[X86_TRAP_UD] = "invalid opcode",
	[X86_TRAP_NM] = "device not available",
	[X86_TRAP_OLD_MF] = "coprocessor segment overrun",
	[X86_TRAP_TS] = "invalid TSS",
	[X86_TRAP_NP] = "segment not present",
	[X86_TRAP_SS] = "stack segment",
	[X86_TRAP_GP] = "general protection fault",
	[X86_TRAP_SPURIOUS] = "spurious interrupt",
	[X86_TRAP_MF] = "fpu exception",
	[X86_TRAP_AC] = "alignment check",
	[X86_TRAP_XF] = "simd exception",
	[X86_TRAP_VE] = "virtualization exception",
	[X86_TRAP_CP] = "control protection",
};

static void kernel_trap(struct pt_regs *regs, unsigned int vector, long error)
{
	const char *name = trap_names[vector] ? trap_names[vector] : "unknown exception";

	if (fixup_exception(regs))
		return;
	die(name, regs, error);
}

/* @code 0: the signal carries SI_KERNEL and no address. */
static void user_trap(unsigned int vector, long error, int sig, int code, unsigned long addr)
{
	current->thread.trap_nr = vector;
	current->thread.error_code = error;
	if (code)
		force_sig_fault(sig, code, (void __user *)addr);
	else
		force_sig(sig);
}

/* The cause of a floating-point exception by the unmasked bits of the status; 0: none is left. */
static int fpe_code(unsigned int vector)
{
	const struct fpu_state *fpu = fpu_sync_current();
	unsigned int err =
		vector == X86_TRAP_MF ? fpu->swd & ~fpu->cwd : ~(fpu->mxcsr >> 7) & fpu->mxcsr;

	if (err & 0x01)
		return FPE_FLTINV;
	if (err & 0x04)
		return FPE_FLTDIV;
	if (err & 0x08)
		return FPE_FLTOVF;
	if (err & 0x12) /* denormal operand, underflow */
		return FPE_FLTUND;
	if (err & 0x20)
		return FPE_FLTRES;
	return 0;
}

static unsigned long read_and_clear_dr6(void)
{
	unsigned long dr6;

	asm volatile("mov %%dr6, %0" : "=r"(dr6));
	asm volatile("mov %0, %%dr6" : : "r"(DR6_RESET));
	return dr6 ^ DR6_RESET;
}

/* No debug registers are ever set: a step, or the ICEBP instruction. */
static void debug_trap(struct pt_regs *regs, unsigned long dr6)
{
	int code = TRAP_BRKPT;

	if (!user_mode(regs)) {
		regs->flags &= ~X86_EFLAGS_TF;
		return;
	}
	if (dr6 & (DR6_STEP | DR6_TASK))
		code = TRAP_TRACE;
	else if (dr6 & DR6_TRAP_BITS)
		code = TRAP_HWBKPT;
	user_trap(X86_TRAP_DB, 0, SIGTRAP, code, regs->ip);
}

static void user_exception(struct pt_regs *regs, unsigned int vector, long error)
{
	int code;

	switch (vector) {
	case X86_TRAP_DE:
		user_trap(vector, error, SIGFPE, FPE_INTDIV, regs->ip);
		break;
	case X86_TRAP_BP:
		user_trap(vector, error, SIGTRAP, 0, 0);
		break;
	case X86_TRAP_UD:
		user_trap(vector, error, SIGILL, ILL_ILLOPN, regs->ip);
		break;
	case X86_TRAP_NP:
	case X86_TRAP_SS:
		user_trap(vector, error, SIGBUS, 0, 0);
		break;
	case X86_TRAP_AC:
		user_trap(vector, error, SIGBUS, BUS_ADRALN, 0);
		break;
	case X86_TRAP_OLD_MF:
		user_trap(vector, error, SIGFPE, 0, 0);
		break;
	case X86_TRAP_MF:
	case X86_TRAP_XF:
		code = fpe_code(vector);
		if (code)
			user_trap(vector, error, SIGFPE, code, regs->ip);
		break;
	default: /* #GP, #OF, #BR, #TS and what should not be */
		user_trap(vector, error, SIGSEGV, 0, 0);
		break;
	}
}

/* From entry.S, interrupts off; the CPU's error code stands in orig_ax. */
void exc_dispatch(struct pt_regs *regs, unsigned int vector)
{
	long error = regs->orig_ax;
	unsigned long dr6 = vector == X86_TRAP_DB ? read_and_clear_dr6() : 0;

	regs->orig_ax = -1; /* not a system call */
	if (regs->flags & X86_EFLAGS_IF)
		local_irq_enable();
	if (vector == X86_TRAP_DB)
		debug_trap(regs, dr6);
	else if (user_mode(regs))
		user_exception(regs, vector, error);
	else
		kernel_trap(regs, vector, error);
	local_irq_disable();
}

/*
 * IRET to user mode faulted: @bad are the registers of the kernel at that point, which were the
 * user's already, and the frame that could not be loaded is still at the top of the stack. Puts
 * both together where a fault from user mode would have left them.
 */
struct pt_regs *fixup_bad_iret(struct pt_regs *bad)
{
	struct pt_regs *regs = current_pt_regs();
	struct pt_regs saved = *bad;

	saved.ip = regs->ip;
	saved.cs = regs->cs;
	saved.flags = regs->flags;
	saved.sp = regs->sp;
	saved.ss = regs->ss;
	BUG_ON(!user_mode(&saved));
	*regs = saved;
	return regs;
}

/* On its own stack; usually a page fault that could not be delivered on the one in use. */
void exc_double_fault(struct pt_regs *regs, unsigned long address)
{
	if (is_thread_stack_guard(address) ||
	    PAGE_ALIGN_DOWN(address) == (unsigned long)__init_stack_guard) {
		pr_emerg("BUG: stack guard page was hit at %016lx (stack is %016lx..%016lx)\n",
			 address, (unsigned long)current->stack,
			 (unsigned long)current->stack + THREAD_SIZE - 1);
		die("kernel stack overflow", regs, 0);
	}
	die("double fault", regs, regs->orig_ax);
}

void exc_nmi(struct pt_regs *regs)
{
	if (smp_stop_nmi())
		return;
	pr_emerg("NMI for no known reason, ignored\n");
}

void exc_machine_check(struct pt_regs *regs)
{
	die("machine check", regs, 0);
}
