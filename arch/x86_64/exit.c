// SPDX-License-Identifier: MIT
/*
 * arch/x86_64/exit.c - what is left to do before user mode is entered again.
 */
#include <pagoda/compiler.h>
#include <pagoda/sched.h>
#include <pagoda/sched_task.h>
#include <asm/irqflags.h>
#include <asm/ptrace.h>
#include <asm/syscall.h>
#include <asm/traps.h>

/* entry.S calls it with interrupts off, and finds them off again; new work is looked for each time.
 */
void exit_to_user_mode_loop(struct pt_regs *regs)
{
	unsigned long work;

	while ((work = READ_ONCE(current_thread_info()->flags)) & _TIF_EXIT_WORK_MASK) {
		local_irq_enable();
		if (work & _TIF_NEED_RESCHED)
			preempt_user();
		if (work & (_TIF_SIGPENDING | _TIF_NOTIFY_SIGNAL | _TIF_RESTORE_SIGMASK))
			arch_do_signal_or_restart(regs);
		if (work & _TIF_NOTIFY_RESUME)
			clear_thread_flag(TIF_NOTIFY_RESUME);
		local_irq_disable();
	}
}

/* The system call in @regs, with a line in the log before and after it. */
void syscall_traced(struct pt_regs *regs)
{
	unsigned int nr = regs->orig_ax;
	long ret = regs->ax; /* -ENOSYS */

	strace_syscall_enter(regs);
	if (nr < NR_syscalls)
		ret = sys_call_table[nr](regs->di, regs->si, regs->dx, regs->r10, regs->r8,
					 regs->r9);
	regs->ax = ret;
	strace_syscall_exit(regs, ret);
}

/* A task's kernel function has returned: it has become a program by exec, or it is done. */
void kernel_thread_return(int ret)
{
	if (current->flags & PF_KTHREAD)
		do_exit(ret);
	current_pt_regs()->ax = 0;
}
