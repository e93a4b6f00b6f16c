/* SPDX-License-Identifier: MIT */
/*
 * include/pagoda/ksyms.h - names of the kernel's functions by address.
 */
#ifndef _PAGODA_KSYMS_H
#define _PAGODA_KSYMS_H

#include <pagoda/sprintf.h> /* sprint_symbol() */
#include <pagoda/types.h>

const char *ksyms_lookup(unsigned long addr, unsigned long *offset, unsigned long *size);
int sprint_backtrace(char *buf, size_t size, unsigned long addr);
unsigned long ksyms_lookup_name(const char *name);
const char *ksyms_nth(u32 n, unsigned long *addr);

#endif
