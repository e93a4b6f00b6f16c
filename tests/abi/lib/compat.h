/* SPDX-License-Identifier: MIT */
/*
 * lib/compat.h - system calls by the 32-bit entry, int 0x80, which a 64-bit program may use as well.
 */
#ifndef TESTS_ABI_LIB_COMPAT_H
#define TESTS_ABI_LIB_COMPAT_H

enum { GETPID32 = 20 };

/*
 * Makes the call with this number of the i386 table. The result is sign-extended from 32 bits when
 * it is an error. Skips the test on a kernel without the 32-bit ABI.
 */
long call32(unsigned long number, unsigned long a, unsigned long b, unsigned long c,
	    unsigned long d, unsigned long e, unsigned long f);

#endif
