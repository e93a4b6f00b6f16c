/* SPDX-License-Identifier: MIT */
/*
 * asm/div64.h - arithmetic with products of 128 bits, without the compiler's library.
 */
#ifndef _ASM_DIV64_H
#define _ASM_DIV64_H

#include <pagoda/types.h>

/* a * mul / div; the result must fit into 64 bits, else the CPU raises a divide error. */
static inline u64 mul_u64_u64_div_u64(u64 a, u64 mul, u64 div)
{
	u64 quotient = a;

	asm("mulq %1; divq %2" : "+&a"(quotient) : "rm"(mul), "rm"(div) : "rdx", "cc");
	return quotient;
}

#endif
