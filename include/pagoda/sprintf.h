/* SPDX-License-Identifier: MIT */
/*
 * sprintf.h - formatted printing into buffers.
 *
 * C99's conversions d i u o x X c s p %, with flags, width, precision and the lengths hh h l
 * ll z t j; no floating point, no %n. Besides:
 *
 *	%p, %px   a pointer as 0x and hex digits
 *	%ps, %pS  the symbol at a code address: without and with +offset/size
 *	%pe       the name of the error in an ERR_PTR, as -ENOMEM
 */
#ifndef PAGODA_SPRINTF_H
#define PAGODA_SPRINTF_H

#include <stdarg.h>
#include <pagoda/types.h>

/* On the host, libc's functions of the same name stay reachable. */
#ifdef PAGODA_HOST
#define __own_name(name) __asm__("pagoda_" name)
#else
#define __own_name(name)
#endif

/*
 * The plain forms return the length that the whole text has, cut or not; the scn forms what
 * was written. All write at most size bytes, the terminating 0 (if size > 0) included.
 */
int vsnprintf(char *buf, size_t size, const char *fmt, va_list args) __own_name("vsnprintf")
	__printf(3, 0);
int snprintf(char *buf, size_t size, const char *fmt, ...) __own_name("snprintf") __printf(3, 4);
int vscnprintf(char *buf, size_t size, const char *fmt, va_list args) __printf(3, 0);
int scnprintf(char *buf, size_t size, const char *fmt, ...) __printf(3, 4);
int vsprintf(char *buf, const char *fmt, va_list args) __own_name("vsprintf") __printf(2, 0);
int sprintf(char *buf, const char *fmt, ...) __own_name("sprintf") __printf(2, 3);

/*
 * Writes the symbol at addr as name+0xoffset/0xsize and returns the length, as snprintf().
 * The symbol table defines it; a weak one prints the address.
 */
int sprint_symbol(char *buf, size_t size, unsigned long addr);

/* "ENOMEM" for 12 or -12; NULL for what is no errno. In kernel/lib/errname.c. */
const char *errname(int err);

#endif
