/* SPDX-License-Identifier: MIT */
/*
 * arch/x86_64/trampoline.S - the first instructions of every CPU but the first.
 *
 * A started CPU begins in real mode at the beginning of a page below 1 MiB, CS = page >> 4. The
 * code from trampoline_start to trampoline_end is copied there by smpboot.c, which also fills in
 * the struct at trampoline_data. It runs at whatever page that is: addresses are taken relative to
 * the page, whose physical address is kept in EBX.
 *
 *	real mode --lgdt, CR0.PE--> 32 bits --CR4.PAE, CR3, EFER.LME, CR0.PG--> 64 bits
 *		--> secondary_startup_64, in the kernel's own text
 *
 * CR3 points to tables that map the trampoline page at its physical address, and the kernel.
 */
#include <asm/asm.h>
#include <asm/msr.h>
#include <asm/processor-flags.h>
#include <asm/segment.h>
#include <asm/smp.h>

#define REL(symbol) (symbol - trampoline_start)

	.section .rodata.trampoline, "a", @progbits
	.balign 16
	.globl trampoline_start, trampoline_end, trampoline_data

	.code16
trampoline_start:
	cli
	cld
	movw	%cs, %ax
	movw	%ax, %ds
	xorl	%ebx, %ebx
	movw	%ax, %bx
	shll	$4, %ebx
	lgdtl	REL(tr_gdt_ptr)
	movl	%cr0, %eax
	orb	$X86_CR0_PE, %al
	movl	%eax, %cr0
	ljmpl	*REL(tr_far32)

	.code32
tr_start32:
	movl	$__KERNEL_DS, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	movl	$X86_CR4_PAE, %eax
	movl	%eax, %cr4
	movl	REL(tr_cr3)(%ebx), %eax
	movl	%eax, %cr3
	movl	$MSR_EFER, %ecx
	movl	REL(tr_efer)(%ebx), %eax
	movl	REL(tr_efer) + 4(%ebx), %edx
	wrmsr
	movl	REL(tr_cr0)(%ebx), %eax
	movl	%eax, %cr0
	ljmpl	*REL(tr_far64)(%ebx)

	.code64
tr_start64:
	movl	%ebx, %ebx
	movq	REL(tr_entry)(%rbx), %rax
	jmp	*%rax

	/* struct trampoline_data in smpboot.c */
	.balign 16
trampoline_data:
tr_far32:
	.long	REL(tr_start32)		/* + page */
	.word	__KERNEL32_CS, 0
tr_far64:
	.long	REL(tr_start64)		/* + page */
	.word	__KERNEL_CS, 0
tr_gdt_ptr:
	.word	tr_gdt_end - tr_gdt - 1
	.long	REL(tr_gdt)		/* + page */
	.word	0
tr_cr3:	.long	0
tr_cr0:	.long	0
tr_efer: .quad	0
tr_entry: .quad	0

	/* The selectors that the kernel uses; accessed bits set, for the page is read-only then. */
	.balign 16
tr_gdt:
	.quad	0
	.quad	0x00cf9b000000ffff	/* 32-bit code */
	.quad	0x00af9b000000ffff	/* 64-bit code */
	.quad	0x00cf93000000ffff	/* data */
tr_gdt_end:
trampoline_end:

/*
 * In the kernel, on the trampoline's tables and without a stack: takes over the kernel's tables,
 * this CPU's per-CPU data and the stack of its idle task.
 */
	.text
SYM_FUNC_START(secondary_startup_64)
	xorl	%eax, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %fs
	movl	%eax, %gs
	movl	$__KERNEL_DS, %eax
	movl	%eax, %ss
	movq	secondary_cr4(%rip), %rax
	movq	%rax, %cr4
	movq	secondary_cr3(%rip), %rax
	movq	%rax, %cr3
	movl	$MSR_GS_BASE, %ecx
	movl	secondary_gs_base(%rip), %eax
	movl	secondary_gs_base + 4(%rip), %edx
	wrmsr
	movq	secondary_stack(%rip), %rsp
	xorl	%ebp, %ebp
	pushq	$0
	popfq
	call	start_secondary
	ud2
SYM_FUNC_END(secondary_startup_64)
