// SPDX-License-Identifier: MIT
/*
 * kernel/panic.c - when the kernel cannot go on: say why, and stop.
 *
 *	panic()		a reason in words		\
 *	BUG_ON()	a condition that cannot hold	 > do_panic: stop the other CPUs; reason,
 *	die()		a fault with its registers	/  registers or backtrace, the task, its memory
 *						   map; then exit, restart or halt
 *	WARN_ON()	report, and go on
 *
 * The report is printed with interrupts disabled and without trusting any lock: the console is in
 * polled mode while oops_in_progress is set. A fault while it is printed ends the report.
 *
 * How it ends: QEMU's isa-debug-exit device, if there is one, ends QEMU with status 35. Otherwise
 * panic= counts: so many seconds later a restart, at once if negative; 0, the default, never.
 */
#include <pagoda/panic.h>
#include <pagoda/bug.h>
#include <pagoda/kernel.h>
#include <pagoda/ksyms.h>
#include <pagoda/params.h>
#include <pagoda/printk.h>
#include <pagoda/reboot.h>
#include <pagoda/sched.h>
#include <pagoda/smp.h>
#include <asm/irqflags.h>
#include <asm/page.h>
#include <asm/ptrace.h>
#include <asm/smp.h>
#include <asm/traps.h>
#include <asm/tsc.h>

/* Written to port 0xf4; QEMU's exit status is 2 * value + 1. */
#define PANIC_EXIT_VALUE 0x11

#define MAX_TRACE_DEPTH 32

int oops_in_progress;

/* The CPU that panics; -1 while none does. */
static int panic_cpu = -1;

/* Checked on return by every function that -fstack-protector-strong instruments. */
unsigned long __stack_chk_guard = 0x00000aff0a0d0000UL;

/* In mm/; the kernel's early part and its tests do without. */
__weak void show_mm_map(struct mm_struct *mm)
{
}

/* ---- backtrace ---- */

/* Where the chain of frames must stay: the task's stack, or else the page that it starts in. */
static unsigned long stack_end(unsigned long bp)
{
	unsigned long stack = (unsigned long)current->stack;

	if (stack && bp >= stack && bp < stack + THREAD_SIZE)
		return stack + THREAD_SIZE;
	return PAGE_ALIGN_DOWN(bp) + PAGE_SIZE;
}

static bool frame_ok(unsigned long bp, unsigned long end)
{
	return bp >= PAGE_OFFSET && (bp & 7) == 0 && bp + 16 <= end;
}

static void show_return_address(unsigned long addr)
{
	char name[128];

	sprint_backtrace(name, sizeof(name), addr);
	printk(KERN_EMERG " %s\n", name);
}

/* The calls that led to ip, by the chain of saved frame pointers that starts at bp. */
void show_trace(unsigned long ip, unsigned long bp)
{
	unsigned long end = stack_end(bp);

	printk(KERN_EMERG "Call Trace:\n");
	printk(KERN_EMERG " %pS\n", (void *)ip);
	for (int depth = 0; depth < MAX_TRACE_DEPTH && frame_ok(bp, end); depth++) {
		const unsigned long *frame = (const unsigned long *)bp;

		if (!frame[1])
			break;
		show_return_address(frame[1]);
		if (frame[0] <= bp)
			break;
		bp = frame[0];
	}
}

void dump_stack(void)
{
	show_trace((unsigned long)dump_stack, (unsigned long)__builtin_frame_address(0));
}

/* ---- the report ---- */

static void show_task(void)
{
	printk(KERN_EMERG "CPU: %d PID: %d Comm: %.16s\n", smp_processor_id(), current->pid,
	       current->comm);
}

static __noreturn void panic_end(void)
{
	long timeout = cmdline_option_long("panic", 0);

	machine_debug_exit(PANIC_EXIT_VALUE);
	if (timeout) {
		for (; timeout > 0; timeout--)
			mdelay(1000);
		machine_restart();
	}
	machine_halt();
}

/* One CPU reports. Others wait to be stopped; the same one again has failed in its own report. */
static void panic_enter(void)
{
	int nobody = -1;

	local_irq_disable();
	if (!__atomic_compare_exchange_n(&panic_cpu, &nobody, smp_processor_id(), false,
					 __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
		if (nobody != smp_processor_id())
			stop_this_cpu();
		printk(KERN_EMERG "Kernel panic: another failure while reporting it\n");
		panic_end();
	}
	oops_in_progress = 1;
	smp_send_stop();
	console_verbose();
}

static __noreturn void do_panic(struct pt_regs *regs, unsigned long bp, const char *fmt,
				va_list args)
{
	static char reason[512];

	panic_enter();
	vscnprintf(reason, sizeof(reason), fmt, args);
	printk(KERN_EMERG "Kernel panic - not syncing: %s\n", reason);
	if (regs) {
		show_regs(regs);
		if (!user_mode(regs))
			show_trace(regs->ip, regs->bp);
	} else {
		show_task();
		show_trace((unsigned long)__builtin_return_address(0), bp);
	}
	if (current->mm)
		show_mm_map(current->mm);
	printk(KERN_EMERG "---[ end Kernel panic - not syncing: %s ]---\n", reason);
	panic_end();
}

void panic(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	do_panic(NULL, (unsigned long)__builtin_frame_address(0), fmt, args);
}

static __noreturn __printf(2, 3) void panic_regs(struct pt_regs *regs, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	do_panic(regs, 0, fmt, args);
}

/* A fault in the kernel that nothing can repair. err is the CPU's error code. */
void die(const char *msg, struct pt_regs *regs, long err)
{
	panic_regs(regs, "%s: %04lx", msg, err);
}

void bug_report(const char *file, int line, const char *cond)
{
	panic("BUG: %s at %s:%d", cond, file, line);
}

unsigned long tainted_mask;

void warn_report(const char *file, int line, const char *cond)
{
	__atomic_fetch_or(&tainted_mask, TAINT_WARN, __ATOMIC_RELAXED);
	printk(KERN_WARNING "WARNING: %s at %s:%d\n", cond, file, line);
	show_task();
	show_trace((unsigned long)__builtin_return_address(0),
		   *(unsigned long *)__builtin_frame_address(0));
}

/* A function found the guard value below its return address changed. */
void __stack_chk_fail(void)
{
	panic("stack protector: kernel stack is corrupted in %pS", __builtin_return_address(0));
}
