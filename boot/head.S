/* SPDX-License-Identifier: MIT */
/*
 * boot/head.S - from the boot loader's 32-bit mode to C in the higher half.
 *
 * Enters with paging off and flat segments; EBX is the physical address of the loader's
 * information (multiboot2: EAX = magic; PVH: EAX undefined). Steps: check for long mode and
 * NX, load the static early tables, enter long mode, jump to the higher half, make the stack
 * protector's canary, call x86_64_start_kernel(magic, info).
 *
 * The early tables map the first 4 GiB three times with 2 MiB pages: at 0 (this code, and
 * the trampoline of the other CPUs), at PAGE_OFFSET (so __va works from the first line of
 * C) and, its first GiB, at __START_KERNEL_map. They go away with the init memory.
 */
#include <asm/asm.h>
#include <asm/msr.h>
#include <asm/pgtable_types.h>
#include <asm/processor-flags.h>
#include <asm/segment.h>

#define MULTIBOOT2_MAGIC 0x36d76289
#define PVH_MAGIC	 0x336ec578
#define INIT_STACK_SIZE	 0x4000
#define COM1		 0x3f8

#define phys(sym) ((sym) - __START_KERNEL_map)

	.section .head.text, "ax"
	.code32
	.globl boot_start, boot_start_pvh
boot_start_pvh:
	movl	$PVH_MAGIC, %eax
boot_start:
	cli
	cld
	movl	%eax, %edi		/* arguments of x86_64_start_kernel */
	movl	%ebx, %esi
	movl	$phys(init_stack + INIT_STACK_SIZE), %esp

	movl	$0x80000000, %eax
	cpuid
	cmpl	$0x80000001, %eax
	jb	no_long_mode
	movl	$0x80000001, %eax
	cpuid
	andl	$(1 << 29 | 1 << 20), %edx	/* long mode, NX */
	cmpl	$(1 << 29 | 1 << 20), %edx
	jne	no_long_mode

	movl	$(X86_CR4_PAE | X86_CR4_PSE), %eax
	movl	%eax, %cr4
	movl	$phys(boot_pgd), %eax
	movl	%eax, %cr3
	movl	$MSR_EFER, %ecx
	rdmsr
	orl	$(EFER_LME | EFER_NX | EFER_SCE), %eax
	wrmsr
	movl	$(X86_CR0_PG | X86_CR0_WP | X86_CR0_NE | X86_CR0_ET | X86_CR0_MP | X86_CR0_PE), %eax
	movl	%eax, %cr0
	lgdt	phys(boot_gdt_ptr)
	ljmp	$__KERNEL_CS, $phys(long_mode)

/* Too old a CPU: say so on the serial line and stop. */
no_long_mode:
	movl	$phys(no_long_mode_text), %esi
1:	movb	(%esi), %al
	testb	%al, %al
	jz	2f
	movw	$COM1, %dx
	outb	%al, %dx
	incl	%esi
	jmp	1b
2:	hlt
	jmp	2b

	.code64
long_mode:
	movl	$__KERNEL_DS, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	xorl	%eax, %eax
	movl	%eax, %fs
	movl	%eax, %gs
	movl	%edi, %edi		/* upper halves are undefined after the switch */
	movl	%esi, %esi
	movq	$higher_half, %rax
	jmp	*%rax
higher_half:
	movq	$init_stack + INIT_STACK_SIZE, %rsp
	xorl	%ebp, %ebp

	/* CPU 0 runs on the per-CPU template itself: GS base 0. */
	movl	$MSR_GS_BASE, %ecx
	xorl	%eax, %eax
	xorl	%edx, %edx
	wrmsr
	movl	$MSR_KERNEL_GS_BASE, %ecx
	wrmsr

	movq	%rdi, %r12
	movq	%rsi, %r13
	call	boot_entropy
	/* The lowest byte is zero: a string that runs over cannot write the canary. */
	xorb	%al, %al
	movq	%rax, __stack_chk_guard(%rip)
	movq	%r12, %rdi
	movq	%r13, %rsi
	call	x86_64_start_kernel
1:	hlt
	jmp	1b

/* RAX = a number nobody can guess: RDRAND where there is one, mixed with the TSC. */
boot_entropy:
	rdtsc
	shlq	$32, %rdx
	orq	%rdx, %rax
	movabsq	$0x9e3779b97f4a7c15, %rdx
	mulq	%rdx
	xorq	%rdx, %rax
	movq	%rax, %r8
	movl	$1, %eax
	cpuid
	btl	$30, %ecx		/* RDRAND */
	jnc	2f
	movl	$10, %ecx
1:	rdrand	%rax
	jc	3f
	loop	1b
2:	xorl	%eax, %eax
3:	xorq	%r8, %rax
	ret

	.section .init.rodata, "a"
no_long_mode_text:
	.asciz "Pagoda needs a 64-bit CPU with no-execute pages.\r\n"

	.section .init.data, "aw"
	.balign 8
boot_gdt:
	.quad 0
	.quad 0x00cf9b000000ffff	/* 32-bit code */
	.quad 0x00af9b000000ffff	/* 64-bit code */
	.quad 0x00cf93000000ffff	/* data */
boot_gdt_end:
	.globl boot_gdt_ptr
boot_gdt_ptr:
	.word boot_gdt_end - boot_gdt - 1
	.quad phys(boot_gdt)

	.section .init.data..page_aligned, "aw"
	.balign PAGE_SIZE
	.globl boot_pgd
boot_pgd:
	.quad phys(boot_pud) + _KERNPG_TABLE
	.fill 272, 8, 0
	.quad phys(boot_pud) + _KERNPG_TABLE	/* 273: PAGE_OFFSET */
	.fill 511 - 274, 8, 0
	.quad phys(boot_pud_high) + _KERNPG_TABLE
boot_pud:
	.set i, 0
	.rept 4
	.quad phys(boot_pmd) + i * PAGE_SIZE + _KERNPG_TABLE
	.set i, i + 1
	.endr
	.fill 508, 8, 0
boot_pud_high:
	.fill 510, 8, 0
	.quad phys(boot_pmd) + _KERNPG_TABLE	/* 510: -2 GiB */
	.quad 0
boot_pmd:
	.set i, 0
	.rept 4 * 512
	.quad i * PMD_SIZE + (_KERNPG_TABLE | _PAGE_PSE)
	.set i, i + 1
	.endr

	.section .bss..init_stack, "aw", @nobits
	.balign PAGE_SIZE
	.globl init_stack
init_stack:
	.skip INIT_STACK_SIZE
