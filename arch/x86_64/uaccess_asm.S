/* SPDX-License-Identifier: MIT */
/*
 * arch/x86_64/uaccess_asm.S - the loops that copy and clear user memory.
 *
 * Whole words first, by REP MOVSQ / STOSQ, then the tail by bytes. When the word loop faults, the
 * rest is tried again by bytes, so that the count of bytes not done is exact; RCX tells how much is
 * left at a fault of either loop.
 */
#include <asm/asm.h>

	.text

/* copy_user_generic(to = RDI, from = RSI, n = RDX): RAX = bytes not copied */
SYM_FUNC_START(copy_user_generic)
	ASM_STAC
	movq	%rdx, %rcx
	shrq	$3, %rcx
	jz	2f
1:	rep movsq
2:	movl	%edx, %ecx
	andl	$7, %ecx
	jz	5f
3:	movb	(%rsi), %al
4:	movb	%al, (%rdi)
	incq	%rsi
	incq	%rdi
	decq	%rcx
	jnz	3b
5:	movq	%rcx, %rax
	ASM_CLAC
	ret
/* The word loop faulted: RCX words and the tail are left. */
6:	andl	$7, %edx
	leaq	(%rdx, %rcx, 8), %rcx
	jmp	3b
	_ASM_EXTABLE(1b, 6b)
	_ASM_EXTABLE(3b, 5b)
	_ASM_EXTABLE(4b, 5b)
SYM_FUNC_END(copy_user_generic)

/* __clear_user(to = RDI, n = RSI): RAX = bytes not cleared */
SYM_FUNC_START(__clear_user)
	ASM_STAC
	xorl	%eax, %eax
	movq	%rsi, %rcx
	shrq	$3, %rcx
	jz	2f
1:	rep stosq
2:	movl	%esi, %ecx
	andl	$7, %ecx
	jz	4f
3:	movb	%al, (%rdi)
	incq	%rdi
	decq	%rcx
	jnz	3b
4:	movq	%rcx, %rax
	ASM_CLAC
	ret
5:	andl	$7, %esi
	leaq	(%rsi, %rcx, 8), %rcx
	testq	%rcx, %rcx
	jnz	3b
	jmp	4b
	_ASM_EXTABLE(1b, 5b)
	_ASM_EXTABLE(3b, 4b)
SYM_FUNC_END(__clear_user)

/* copy_kernel_nofault(to = RDI, from = RSI, n = RDX): 0, or the bytes not copied; no user memory */
SYM_FUNC_START(copy_kernel_bytes)
	movq	%rdx, %rcx
1:	rep movsb
2:	movq	%rcx, %rax
	ret
	_ASM_EXTABLE(1b, 2b)
SYM_FUNC_END(copy_kernel_bytes)
