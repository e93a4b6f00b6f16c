/* SPDX-License-Identifier: MIT */
/* arch/x86_64/vdso-image.S - the linked vDSO, as the kernel carries it along. */
	.section .rodata, "a"
	.globl vdso_image_start, vdso_image_end
vdso_image_start:
	.incbin VDSO_SO
vdso_image_end:
	.section .note.GNU-stack, "", @progbits
