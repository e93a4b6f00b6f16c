// SPDX-License-Identifier: MIT
/*
 * arch/x86_64/dumpstack.c - registers on the log.
 *
 * The walk over the stack frames is kernel/panic.c's show_trace().
 */
#include <pagoda/panic.h>
#include <pagoda/printk.h>
#include <pagoda/sched.h>
#include <pagoda/smp.h>
#include <pagoda/sprintf.h>
#include <asm/msr.h>
#include <asm/ptrace.h>
#include <asm/traps.h>
#include <asm/uaccess.h>

#define CODE_BYTES  32
#define CODE_BEFORE 12

/* The bytes around the instruction, the one at RIP in brackets; none when they cannot be read. */
static void show_code(const struct pt_regs *regs)
{
	char text[CODE_BYTES * 3 + 8];
	u8 code[CODE_BYTES];
	size_t at = 0;
	const char *from = (const char *)regs->ip - CODE_BEFORE;

	if (user_mode(regs) || copy_from_kernel_nofault(code, from, sizeof(code)))
		return;
	for (int i = 0; i < CODE_BYTES; i++)
		at += scnprintf(text + at, sizeof(text) - at,
				i == CODE_BEFORE ? " <%02x>" : " %02x", code[i]);
	pr_emerg("Code:%s\n", text);
}

void show_regs(const struct pt_regs *regs)
{
	pr_emerg("CPU: %d PID: %d Comm: %.16s\n", smp_processor_id(), current->pid, current->comm);
	if (user_mode(regs))
		pr_emerg("RIP: %04lx:%016lx\n", regs->cs, regs->ip);
	else
		pr_emerg("RIP: %04lx:%016lx %pS\n", regs->cs, regs->ip, (void *)regs->ip);
	pr_emerg("RSP: %04lx:%016lx EFLAGS: %08lx ORIG_RAX: %016lx\n", regs->ss, regs->sp,
		 regs->flags, regs->orig_ax);
	pr_emerg("RAX: %016lx RBX: %016lx RCX: %016lx\n", regs->ax, regs->bx, regs->cx);
	pr_emerg("RDX: %016lx RSI: %016lx RDI: %016lx\n", regs->dx, regs->si, regs->di);
	pr_emerg("RBP: %016lx R08: %016lx R09: %016lx\n", regs->bp, regs->r8, regs->r9);
	pr_emerg("R10: %016lx R11: %016lx R12: %016lx\n", regs->r10, regs->r11, regs->r12);
	pr_emerg("R13: %016lx R14: %016lx R15: %016lx\n", regs->r13, regs->r14, regs->r15);
	pr_emerg("CR2: %016lx CR3: %016lx CR4: %08lx CR0: %08lx\n", read_cr2(), read_cr3(),
		 read_cr4(), read_cr0());
	pr_emerg("FS: %016llx GS: %016llx KGS: %016llx\n", rdmsrl(MSR_FS_BASE), rdmsrl(MSR_GS_BASE),
		 rdmsrl(MSR_KERNEL_GS_BASE));
	show_code(regs);
}
