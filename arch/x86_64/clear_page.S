/* SPDX-License-Identifier: MIT */
/*
 * arch/x86_64/clear_page.S - clears one page with 16-byte stores.
 *
 * Half the instructions of rep stosq, which the emulator counts (and pays for) per store. The only
 * vector register that is used gets its value back, whoever's it is: no other task can run in
 * between, and an interrupt handler that clears a page does the same. The SSE forms leave the
 * upper halves of the AVX registers alone.
 */
#include <asm/asm.h>

	.text
/* %rdi: the page. Changes %rdi, %rcx and the flags. */
SYM_FUNC_START(__clear_page)
	sub $16, %rsp
	movups %xmm0, (%rsp)
	xorps %xmm0, %xmm0
	mov $16, %ecx
1:
	.irp offset, 0, 16, 32, 48, 64, 80, 96, 112, 128, 144, 160, 176, 192, 208, 224, 240
	movaps %xmm0, \offset(%rdi)
	.endr
	add $256, %rdi
	dec %ecx
	jnz 1b
	movups (%rsp), %xmm0
	add $16, %rsp
	ret
SYM_FUNC_END(__clear_page)
