/* SPDX-License-Identifier: MIT */
/*
 * arch/x86_64/entry.S - every way into the kernel and out of it.
 *
 *	SYSCALL		entry_SYSCALL_64	fast; leaves by SYSRET when that is safe
 *	exceptions	exc_stubs, asm_exc_page_fault
 *	interrupts	irq_entries_start, vectors 32 to 255
 *	NMI, #DF, #MC	paranoid: on their own stacks, at any instruction
 *	int 0x80	entry_INT80
 *
 * Each builds a struct pt_regs; one that comes from user mode lies at the top of the task's
 * kernel stack. GS: in user mode the base is the program's and MSR_KERNEL_GS_BASE holds the
 * per-CPU base; SWAPGS exchanges them, right after entry and right before exit, with interrupts
 * off. Entries from kernel mode leave GS alone, except the paranoid ones, which may have come
 * between the two: they save the base, load the right one by the CPU's number, and put it back.
 */
#include <asm/asm.h>
#include <asm/desc.h>
#include <asm/msr.h>
#include <asm/processor-flags.h>
#include <asm/ptrace.h>
#include <asm/segment.h>
#include <asm/syscall.h>
#include <asm/thread_info.h>
#include <asm/traps.h>

/* Registers below orig_ax; \rax is what goes into the slot of RAX. */
.macro PUSH_REGS rdi=%rdi rax=%rax
	pushq	\rdi
	pushq	%rsi
	pushq	%rdx
	pushq	%rcx
	pushq	\rax
	pushq	%r8
	pushq	%r9
	pushq	%r10
	pushq	%r11
	pushq	%rbx
	pushq	%rbp
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
.endm

.macro POP_REGS
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%rbp
	popq	%rbx
	popq	%r11
	popq	%r10
	popq	%r9
	popq	%r8
	popq	%rax
	popq	%rcx
	popq	%rdx
	popq	%rsi
	popq	%rdi
.endm

	.section .entry.text, "ax"
	.code64

/*
 * SYSCALL: RCX = return address, R11 = flags, RSP still the user's; the flags in
 * MSR_SYSCALL_MASK are clear (interrupts off). Arguments: RDI RSI RDX R10 R8 R9.
 * RBX points to current while the handler runs.
 */
SYM_FUNC_START(entry_SYSCALL_64)
	swapgs
	movq	%rsp, %gs:(cpu_tss + TSS_sp1)
	movq	%gs:(cpu_tss + TSS_sp0), %rsp
	pushq	$__USER_DS
	pushq	%gs:(cpu_tss + TSS_sp1)
	pushq	%r11
	pushq	$__USER_CS
	pushq	%rcx
	pushq	%rax
	PUSH_REGS rax=$-38		/* -ENOSYS */
	movq	%gs:current_task, %rbx
	sti
	testl	$_TIF_SYSCALL_WORK_ENTRY, TI_flags(%rbx)
	jnz	syscall_slow
	cmpl	$NR_syscalls, %eax
	jae	syscall_return
	movl	%eax, %eax
	movq	%r10, %rcx
	call	*sys_call_table(, %rax, 8)	/* stop: fork-1 */
	movq	%rax, PT_RAX(%rsp)
syscall_return:
	cli
	testl	$_TIF_EXIT_WORK_MASK, TI_flags(%rbx)
	jnz	syscall_exit_work
syscall_exit:
	/*
	 * SYSRET takes RIP from RCX and the flags from R11, so both must be equal to what it
	 * should restore: they are, unless a signal handler or an exec has put other values there.
	 * A RIP that is not canonical would fault in kernel mode on the user's stack. Everything else
	 * takes IRET; so does rt_sigreturn always, which alone changes SS and the registers that the
	 * handler has preserved. What goes to 32-bit code, a handler or a new program, has R11 = 0,
	 * which no flags are.
	 */
	movq	PT_RCX(%rsp), %rcx
	movq	PT_R11(%rsp), %r11
	cmpq	%rcx, PT_RIP(%rsp)
	jne	return_to_user
	cmpq	%r11, PT_EFLAGS(%rsp)
	jne	return_to_user
	movq	%rcx, %rdx
	shrq	$47, %rdx
	jnz	return_to_user
	movq	PT_RBX(%rsp), %rbx
	addq	$PT_R10, %rsp		/* R15 R14 R13 R12 RBP are the program's, R11 is loaded */
	popq	%r10
	popq	%r9
	popq	%r8
	popq	%rax
	popq	%rdx			/* RCX is loaded */
	popq	%rdx
	popq	%rsi
	popq	%rdi
	movq	(PT_RSP - PT_ORIG_AX)(%rsp), %rsp
	swapgs
	sysretq

syscall_slow:
	movq	%rsp, %rdi
	call	syscall_traced
	jmp	syscall_return
syscall_exit_work:
	movq	%rsp, %rdi
	call	exit_to_user_mode_loop
	jmp	syscall_exit
SYM_FUNC_END(entry_SYSCALL_64)

/*
 * rt_sigreturn(2): all of pt_regs is replaced, so the way back is IRET. The stack is cut down to
 * pt_regs, whoever called.
 */
SYM_FUNC_START(sys_rt_sigreturn)
	movq	%gs:(cpu_tss + TSS_sp0), %rsp
	subq	$PT_SIZE, %rsp
	movq	%rsp, %rdi
	call	do_rt_sigreturn
	jmp	ret_to_user
SYM_FUNC_END(sys_rt_sigreturn)

/*
 * SYSCALL from 32-bit code, which AMD CPUs allow: refused without touching stack or GS. It is a way
 * in for the vDSO's code only, as are SYSENTER's (which faults: its MSRs are 0), and there is none.
 */
SYM_FUNC_START(entry_SYSCALL_compat)
	movl	$-38, %eax		/* -ENOSYS */
	sysretl
SYM_FUNC_END(entry_SYSCALL_compat)

/*
 * The i386 system-call gate, for 32-bit and for 64-bit code (GEN-3): number in EAX, arguments in EBX
 * ECX EDX ESI EDI EBP. Every register but RAX is kept. The pending work is done before it comes
 * back, with interrupts off.
 */
SYM_FUNC_START(entry_INT80)
	ASM_CLAC
	cld
	movl	%eax, %eax
	pushq	%rax
	PUSH_REGS rax=$-38		/* -ENOSYS */
	swapgs
	movq	%rsp, %rdi
	call	do_int80_syscall_32
	jmp	return_to_user
SYM_FUNC_END(entry_INT80)

/*
 * A new task's first step: RAX = the task that ran before (from __switch_to), RBX = function of
 * a kernel thread or 0, R12 = its argument. pt_regs are at the top of the stack.
 */
SYM_FUNC_START(ret_from_fork)
	movq	%rax, %rdi
	call	schedule_tail	/* stop: fork-9 */
	testq	%rbx, %rbx
	jz	ret_to_user
	movq	%r12, %rdi
	call	*%rbx
	movq	%rax, %rdi
	call	kernel_thread_return	/* comes back for a task that did an exec */
	jmp	ret_to_user
SYM_FUNC_END(ret_from_fork)

/* To user mode with whatever pt_regs at RSP say, after the pending work. */
SYM_FUNC_START(ret_to_user)
	cli
	movq	%gs:current_task, %rbx
	testl	$_TIF_EXIT_WORK_MASK, TI_flags(%rbx)
	jnz	2f
	.globl	return_to_user
return_to_user:
	POP_REGS
	addq	$8, %rsp
	swapgs
	.globl	iret_to_user
iret_to_user:
	iretq				/* may fault: bad_iret */
2:	movq	%rsp, %rdi
	call	exit_to_user_mode_loop
	jmp	return_to_user
SYM_FUNC_END(ret_to_user)

SYM_FUNC_START(ret_to_kernel)
	POP_REGS
	addq	$8, %rsp
	iretq
SYM_FUNC_END(ret_to_kernel)

/* ---- Exceptions ------------------------------------------------------------------------ */

SYM_FUNC_START(asm_exc_page_fault)
	ASM_CLAC
	cld
	PUSH_REGS
	movq	%rsp, %rdi
	testb	$3, PT_CS(%rsp)
	jz	1f
	swapgs
	call	exc_page_fault
	jmp	ret_to_user
1:	call	exc_page_fault
	jmp	ret_to_kernel
SYM_FUNC_END(asm_exc_page_fault)

/* The stubs leave the vector where RDI belongs. */
SYM_FUNC_START(exc_common)
	ASM_CLAC
	cld
	pushq	%rsi
	movq	8(%rsp), %rsi
	movq	%rdi, 8(%rsp)
	pushq	%rdx
	pushq	%rcx
	pushq	%rax
	pushq	%r8
	pushq	%r9
	pushq	%r10
	pushq	%r11
	pushq	%rbx
	pushq	%rbp
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	movq	%rsp, %rdi
	testb	$3, PT_CS(%rsp)
	jz	1f
	swapgs
2:	call	exc_dispatch
	jmp	ret_to_user
1:	cmpq	$iret_to_user, PT_RIP(%rsp)
	je	bad_iret
	call	exc_dispatch
	jmp	ret_to_kernel

/*
 * The IRET to user mode faulted, as the user's CS, SS or RIP was bad: GS is the user's already,
 * the frame it tried to load is intact at the top of the stack. Act as if the fault came from
 * user mode.
 */
bad_iret:
	swapgs
	movl	%esi, %r12d
	call	fixup_bad_iret
	movq	%rax, %rsp
	movq	%rax, %rdi
	movl	%r12d, %esi
	jmp	2b
SYM_FUNC_END(exc_common)

/* One stub of 16 bytes a vector; bit v of the mask: the CPU pushes an error code itself. */
#define ERROR_CODE_VECTORS 0x60227d00

	.balign 16
	.globl	exc_stubs
exc_stubs:
	.set	v, 0
	.rept	32
	.balign	16, 0x90
	.if	!((ERROR_CODE_VECTORS >> v) & 1)
	pushq	$0
	.endif
	pushq	$v
	jmp	exc_common
	.set	v, v + 1
	.endr
	.balign	16, 0x90

/* ---- Interrupts ------------------------------------------------------------------------ */

	.globl	irq_entries_start
irq_entries_start:
	.set	v, 32
	.rept	256 - 32
	.balign	16, 0x90
	pushq	$v
	jmp	common_interrupt
	.set	v, v + 1
	.endr
	.balign	16, 0x90

SYM_FUNC_START(common_interrupt)
	ASM_CLAC
	cld
	PUSH_REGS
	movq	%rsp, %rdi
	movq	PT_ORIG_AX(%rsp), %rsi
	movq	$-1, PT_ORIG_AX(%rsp)	/* not a system call */
	testb	$3, PT_CS(%rsp)
	jz	1f
	swapgs
	call	do_IRQ
	jmp	ret_to_user
1:	call	do_IRQ
	jmp	ret_to_kernel
SYM_FUNC_END(common_interrupt)

/* ---- Exceptions that can come between any two instructions -------------------------------- */

/* After PUSH_REGS: R12 = GS base as found; the base in use is the kernel's. */
.macro PARANOID_ENTRY
	movl	$MSR_GS_BASE, %ecx
	rdmsr
	shlq	$32, %rdx
	orq	%rdx, %rax
	movq	%rax, %r12
	movl	$__CPUNODE_SEL, %eax
	lsl	%eax, %eax
	movq	__per_cpu_offset(, %rax, 8), %rax
	movq	%rax, %rdx
	shrq	$32, %rdx
	wrmsr
	movq	%rsp, %rdi
.endm

.macro PARANOID_EXIT
	movl	$MSR_GS_BASE, %ecx
	movq	%r12, %rax
	movq	%r12, %rdx
	shrq	$32, %rdx
	wrmsr
	POP_REGS
	addq	$8, %rsp
	iretq
.endm

SYM_FUNC_START(asm_exc_nmi)
	ASM_CLAC
	cld
	pushq	$-1
	PUSH_REGS
	PARANOID_ENTRY
	call	exc_nmi
	PARANOID_EXIT
SYM_FUNC_END(asm_exc_nmi)

SYM_FUNC_START(asm_exc_machine_check)
	ASM_CLAC
	cld
	pushq	$-1
	PUSH_REGS
	PARANOID_ENTRY
	call	exc_machine_check
	PARANOID_EXIT
SYM_FUNC_END(asm_exc_machine_check)

SYM_FUNC_START(asm_exc_double_fault)
	ASM_CLAC
	cld
	PUSH_REGS
	PARANOID_ENTRY
	movq	%cr2, %rsi
	call	exc_double_fault
1:	hlt				/* it does not return */
	jmp	1b
SYM_FUNC_END(asm_exc_double_fault)

/* ---- Context switch ---------------------------------------------------------------------- */

/*
 * __switch_to_asm(prev, next, &prev->thread.sp, next->thread.sp): struct inactive_task_frame on
 * the old stack, then the new one's.
 */
SYM_FUNC_START(__switch_to_asm)
	pushq	%rbp
	pushq	%rbx
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	movq	%rsp, (%rdx)
	movq	%rcx, %rsp
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%rbx
	popq	%rbp
	jmp	__switch_to
SYM_FUNC_END(__switch_to_asm)
