/* SPDX-License-Identifier: MIT */
/*
 * asm/cmpxchg.h of the model - without a second CPU or interrupts a plain comparison.
 */
#ifndef _ASM_CMPXCHG_H
#define _ASM_CMPXCHG_H

#include <pagoda/types.h>

/* *ptr = val if it is *old, and true; else *old = *ptr and false. */
static inline bool try_cmpxchg_local(unsigned long *ptr, unsigned long *old, unsigned long val)
{
	if (*ptr != *old) {
		*old = *ptr;
		return false;
	}
	*ptr = val;
	return true;
}

#endif
