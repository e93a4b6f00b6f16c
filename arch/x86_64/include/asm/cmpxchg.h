/* SPDX-License-Identifier: MIT */
/*
 * asm/cmpxchg.h - compare-and-exchange for data that only one CPU touches.
 *
 * Without the lock prefix the instruction is atomic against interrupts of its own CPU only,
 * and several times cheaper.
 */
#ifndef _ASM_CMPXCHG_H
#define _ASM_CMPXCHG_H

#include <pagoda/types.h>

/* *ptr = val if it is *old, and true; else *old = *ptr and false. */
static __always_inline bool try_cmpxchg_local(unsigned long *ptr, unsigned long *old,
					      unsigned long val)
{
	bool done;

	asm volatile("cmpxchg %3, %1"
		     : "=@ccz"(done), "+m"(*ptr), "+a"(*old)
		     : "r"(val)
		     : "memory");
	return done;
}

#endif
