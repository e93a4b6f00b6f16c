// SPDX-License-Identifier: MIT
/*
 * arch/x86_64/ia32/syscall_32.c - int 0x80: the i386 system calls, and the table they go by.
 *
 * The gate is open to 32-bit and to 64-bit code. Arguments are the low halves of six registers,
 * zero-extended (GEN-3), so that a handler of the 64-bit table serves where arguments and structures
 * are the same; where not, kernel/syscall.tbl names another one.
 *
 * TS_COMPAT tells handlers that structures are i386's, and tells the code that restarts an
 * interrupted call which number to use; so it stays until the pending work has been done.
 */
#include <pagoda/compiler.h>
#include <pagoda/sched.h>
#include <pagoda/sched_task.h>
#include <asm/irqflags.h>
#include <asm/ptrace.h>
#include <asm/syscall.h>
#include <asm/traps.h>
#include <syscalls.h>

/* Later entries of the initialiser replace the default on purpose. */
#pragma GCC diagnostic ignored "-Woverride-init"
#ifdef __clang__
#pragma GCC diagnostic ignored "-Winitializer-overrides"
#endif

const sys_call_ptr_t ia32_sys_call_table[NR_SYSCALLS_32] = {
	[0 ... NR_SYSCALLS_32 - 1] = (void *)sys_ni_syscall,
#include <syscall_table_32.h>
};

static void call_handler(struct pt_regs *regs)
{
	unsigned int nr = regs->orig_ax;

	if (nr < NR_SYSCALLS_32)
		regs->ax = ia32_sys_call_table[nr]((u32)regs->bx, (u32)regs->cx, (u32)regs->dx,
						   (u32)regs->si, (u32)regs->di, (u32)regs->bp);
}

/* From entry.S, interrupts off; it goes to user mode next. regs->ax is -ENOSYS. */
void do_int80_syscall_32(struct pt_regs *regs)
{
	struct thread_info *ti = current_thread_info();

	ti->status |= TS_COMPAT;
	local_irq_enable();
	if (unlikely(ti->flags & _TIF_SYSCALL_WORK_ENTRY)) {
		strace_syscall_enter(regs);
		call_handler(regs);
		strace_syscall_exit(regs, regs->ax);
	} else {
		call_handler(regs);
	}
	local_irq_disable();
	exit_to_user_mode_loop(regs);
	ti->status &= ~TS_COMPAT;
}
