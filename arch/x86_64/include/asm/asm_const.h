/* SPDX-License-Identifier: MIT */
/*
 * asm/asm_const.h - constants that C and the assembler both read.
 *
 * The assembler knows no UL suffix: _AC(1, UL) is 1UL in C and 1 in .S files.
 */
#ifndef _ASM_ASM_CONST_H
#define _ASM_ASM_CONST_H

#ifdef __ASSEMBLER__
#define _AC(x, suffix) x
#else
#define __AC(x, suffix) (x##suffix)
#define _AC(x, suffix)	__AC(x, suffix)
#endif

#define _BITUL(n) (_AC(1, UL) << (n))

#endif
