// SPDX-License-Identifier: MIT
/*
 * arch/x86_64/process.c - the machine state of tasks: making, switching, exec, exit.
 *
 *	kernel stack of a task that does not run (THREAD_SIZE):
 *
 *	  stack                        thread.sp                task_pt_regs()      top = TSS.sp0
 *	  |  free ...                  | inactive_task_frame .. | struct pt_regs    |
 *
 * FS and GS bases of a program live in thread.fsbase and gsbase; the MSRs are written when the
 * task gets a CPU or changes them by arch_prctl(), and never read, as programs cannot change
 * them otherwise (CR4.FSGSBASE is off) but by loading a selector (segments.c). PKRU is the
 * program's own, so it is read at each switch.
 */
#include <pagoda/compiler.h>
#include <pagoda/errno.h>
#include <pagoda/sched.h>
#include <pagoda/sched_task.h>
#include <pagoda/smp.h>
#include <pagoda/string.h>
#include <uapi/sched.h>
#include <asm/compat.h>
#include <asm/desc.h>
#include <asm/fpu.h>
#include <asm/ia32.h>
#include <asm/msr.h>
#include <asm/pkeys.h>
#include <asm/processor.h>
#include <asm/ptrace.h>
#include <asm/switch_to.h>
#include <asm/uaccess.h>
#include <syscalls.h>

#define ARCH_SET_GS 0x1001
#define ARCH_SET_FS 0x1002
#define ARCH_GET_FS 0x1003
#define ARCH_GET_GS 0x1004

#define ARCH_GET_CPUID 0x1011
#define ARCH_SET_CPUID 0x1012

/* What entry.S takes for granted. */
static_assert(offsetof(struct task_struct, thread_info) == 0);
static_assert(offsetof(struct thread_info, flags) == TI_flags);
static_assert(offsetof(struct pt_regs, ip) == 128 && sizeof(struct pt_regs) == 168);
static_assert(offsetof(struct tss_struct, sp0) == TSS_sp0);
static_assert(offsetof(struct tss_struct, sp1) == TSS_sp1);

DEFINE_PER_CPU(struct task_struct *, current_task)
= &init_task;

int arch_dup_task_struct(struct task_struct *dst, struct task_struct *src)
{
	*dst = *src;
	dst->thread.fpu = NULL;
	dst->thread.fpu_cpu = -1;
	return 0;
}

/* A frame that __switch_to_asm() pops; execution begins at ret_from_fork. */
static struct inactive_task_frame *build_switch_frame(struct task_struct *p)
{
	struct inactive_task_frame *frame = (struct inactive_task_frame *)task_pt_regs(p) - 1;

	*frame = (struct inactive_task_frame){.ret_addr = (unsigned long)ret_from_fork};
	p->thread.sp = (unsigned long)frame;
	return frame;
}

/* A task that begins in the kernel; its user registers stay empty until an exec fills them. */
static void copy_kernel_thread(struct task_struct *p, const struct kernel_clone_args *args)
{
	struct inactive_task_frame *frame = build_switch_frame(p);
	struct pt_regs *regs = task_pt_regs(p);

	*regs = (struct pt_regs){
		.orig_ax = -1,
		.cs = __USER_CS,
		.ss = __USER_DS,
		.flags = X86_EFLAGS_IF | X86_EFLAGS_FIXED,
	};
	frame->bx = (unsigned long)args->fn;
	frame->r12 = (unsigned long)args->fn_arg;
	p->thread.fsbase = 0;
	p->thread.gsbase = 0;
	p->thread.pkru = INIT_PKRU;
	p->thread.selectors = 0;
	memset(p->thread.tls_array, 0, sizeof(p->thread.tls_array));
	p->thread.uses_tls = 0;
}

/* CLONE_SETTLS: a base for 64-bit calls, a descriptor for 32-bit ones (TID-6). */
static int set_new_tls(struct task_struct *p, unsigned long tls)
{
	if (in_compat_syscall())
		return do_set_thread_area(p, -1, (struct user_desc __user *)tls, false);
	if (tls >= TASK_SIZE_MAX)
		return -EPERM;
	p->thread.fsindex = 0;
	p->thread.fsbase = tls;
	return 0;
}

int copy_thread(struct task_struct *p, const struct kernel_clone_args *args)
{
	struct pt_regs *regs = task_pt_regs(p);
	int err;

	if (args->fn && args->kthread) {
		copy_kernel_thread(p, args);
		return 0;
	}
	save_selectors(&p->thread);
	if (args->flags & CLONE_SETTLS) {
		err = set_new_tls(p, args->tls);
		if (err)
			return err;
	}
	p->thread.fpu = fpu_alloc();
	if (!p->thread.fpu)
		return -ENOMEM;
	if (args->fn) {
		copy_kernel_thread(p, args);
		return 0;
	}
	build_switch_frame(p);
	*regs = *current_pt_regs();
	regs->ax = 0;
	if (args->stack)
		regs->sp = args->stack;
	p->thread.pkru = read_pkru();
	fpu_clone(&p->thread, &current->thread);
	return 0;
}

void exit_thread(struct task_struct *tsk)
{
	fpu_drop(&tsk->thread);
}

/* Current's program begins; the exec may have come by the other kind of call than its own. */
void start_thread(struct pt_regs *regs, unsigned long new_ip, unsigned long new_sp)
{
	current_thread_info()->status &= ~TS_COMPAT;
	*regs = (struct pt_regs){
		.orig_ax = -1,
		.ip = new_ip,
		.cs = __USER_CS,
		.flags = X86_EFLAGS_IF | X86_EFLAGS_FIXED,
		.sp = new_sp,
		.ss = __USER_DS,
	};
}

void compat_start_thread(struct pt_regs *regs, u32 new_ip, u32 new_sp)
{
	start_thread(regs, new_ip, new_sp);
	regs->cs = __USER32_CS;
	asm volatile("movl %0, %%es\n\tmovl %0, %%ds" : : "r"(__USER_DS));
}

/* Loads the bases of @thread, whose task is or becomes current and whose selectors are 0. */
static inline void load_bases(const struct thread_struct *thread)
{
	wrmsrl(MSR_FS_BASE, thread->fsbase);
	wrmsrl(MSR_KERNEL_GS_BASE, thread->gsbase);
}

void flush_thread(void)
{
	struct thread_struct *thread = &current->thread;

	local_irq_disable();
	thread->fsbase = thread->gsbase = 0;
	thread->selectors = 0;
	memset(thread->tls_array, 0, sizeof(thread->tls_array));
	thread->uses_tls = 0;
	load_tls(thread);
	load_segments(thread);
	local_irq_enable();
	fpu_reset_current();
}

/*
 * The user's selectors are 0 in 64-bit programs, almost always, and they set no descriptors. What a
 * kernel thread leaves is what the user task before it has left, so that it counts here as well.
 */
static inline void switch_segments(struct thread_struct *prev, struct task_struct *task)
{
	struct thread_struct *next = &task->thread;

	save_selectors(prev);
	if (task->flags & PF_KTHREAD) {
		next->uses_tls |= prev->uses_tls;
	} else if (likely(!(prev->selectors | next->selectors | prev->uses_tls | next->uses_tls))) {
		load_bases(next);
	} else {
		load_tls(next);
		load_segments(next);
	}
}

/* entry.S jumps here on the new stack; interrupts are off. */
struct task_struct *__switch_to(struct task_struct *prev, struct task_struct *next)
{
	fpu_switch(&prev->thread, &next->thread, smp_processor_id());
	switch_segments(&prev->thread, next);
	if (!(prev->flags & PF_KTHREAD))
		prev->thread.pkru = read_pkru();
	if (!(next->flags & PF_KTHREAD))
		write_pkru(next->thread.pkru);
	this_cpu_write(current_task, next);
	load_sp0((unsigned long)next->stack + THREAD_SIZE);
	return prev;
}

/* The task may run or die meanwhile, and its stack go: then the answer is nonsense, but no fault. */
unsigned long __get_wchan(struct task_struct *p)
{
	const struct inactive_task_frame *top = (void *)READ_ONCE(p->thread.sp);
	unsigned long frame[2]; /* of schedule(): its caller's frame, where that goes on */
	unsigned long bp;

	if (!READ_ONCE(p->stack) || copy_from_kernel_nofault(&bp, &top->bp, sizeof(bp)))
		return 0;
	if (bp - (unsigned long)top > THREAD_SIZE ||
	    copy_from_kernel_nofault(frame, (void *)bp, sizeof(frame)))
		return 0;
	return frame[1];
}

/* What both machines have: CPUID can be asked for and not be turned off. */
long compat_sys_arch_prctl(int option, unsigned long arg2)
{
	switch (option) {
	case ARCH_GET_CPUID:
		return 1;
	case ARCH_SET_CPUID:
		return -ENODEV;
	}
	return -EINVAL;
}

long sys_arch_prctl(int option, unsigned long arg2)
{
	switch (option) {
	case ARCH_SET_FS:
		if (arg2 >= TASK_SIZE_MAX)
			return -EPERM;
		set_user_fsbase(arg2);
		return 0;
	case ARCH_SET_GS:
		if (arg2 >= TASK_SIZE_MAX)
			return -EPERM;
		set_user_gsbase(arg2);
		return 0;
	case ARCH_GET_FS:
		return put_user(rdmsrl(MSR_FS_BASE), (unsigned long __user *)arg2);
	case ARCH_GET_GS:
		return put_user(rdmsrl(MSR_KERNEL_GS_BASE), (unsigned long __user *)arg2);
	}
	return compat_sys_arch_prctl(option, arg2);
}
