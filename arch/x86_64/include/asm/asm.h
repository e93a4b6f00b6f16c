/* SPDX-License-Identifier: MIT */
/*
 * asm/asm.h - exception-table entries and boot-time patched instructions.
 *
 * _ASM_EXTABLE(insn, fixup): a fault in kernel mode at insn continues at fixup.
 * STAC and CLAC open and close user memory for the kernel; they are assembled as three-byte
 * no-ops, whose addresses are collected so that apply_smap_patches() can turn them into
 * the instruction when the CPU has SMAP.
 */
#ifndef _ASM_ASM_H
#define _ASM_ASM_H

#ifdef __ASSEMBLER__

/* clang-format off */
#define _ASM_EXTABLE(insn, fixup)                                                                  \
	.pushsection __ex_table, "a"; .balign 8; .quad insn, fixup; .popsection

#define __ASM_SMAP_PATCH(section)                                                                  \
771:	.byte 0x0f, 0x1f, 0x00;                                                                    \
	.pushsection section, "a"; .balign 8; .quad 771b; .popsection
#define ASM_STAC __ASM_SMAP_PATCH(.smap_stac)
#define ASM_CLAC __ASM_SMAP_PATCH(.smap_clac)
/* clang-format on */

#define SYM_FUNC_START(name)                                                                       \
	.globl name;                                                                               \
	.type name, @function;                                                                     \
	.balign 16, 0x90;                                                                          \
	name:
#define SYM_FUNC_END(name) .size name, .- name

#else

#define _ASM_EXTABLE(insn, fixup)                                                                  \
	".pushsection __ex_table, \"a\"\n"                                                         \
	".balign 8\n"                                                                              \
	".quad " insn ", " fixup "\n"                                                              \
	".popsection\n"

#define __ASM_SMAP_PATCH(section)                                                                  \
	"771: .byte 0x0f, 0x1f, 0x00\n"                                                            \
	".pushsection " section ", \"a\"\n"                                                        \
	".balign 8\n"                                                                              \
	".quad 771b\n"                                                                             \
	".popsection\n"
#define ASM_STAC __ASM_SMAP_PATCH(".smap_stac")
#define ASM_CLAC __ASM_SMAP_PATCH(".smap_clac")

static inline __attribute__((always_inline)) void stac(void)
{
	asm volatile(ASM_STAC : : : "memory");
}

static inline __attribute__((always_inline)) void clac(void)
{
	asm volatile(ASM_CLAC : : : "memory");
}

#endif
#endif
