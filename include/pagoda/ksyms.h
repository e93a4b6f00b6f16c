/* SPDX-License-Identifier: MIT */
/*
 * include/pagoda/ksyms.h - names of the kernel's functions by address.
 */
#ifndef _PAGODA_KSYMS_H
#define _PAGODA_KSYMS_H

#include <pagoda/types.h>

/* Room for "symbol+0xoffset/0xsize" with a long name; sprint_symbol() cuts what is longer. */
#define KSYM_SYMBOL_LEN 128

const char *ksyms_lookup(unsigned long addr, unsigned long *offset, unsigned long *size);
unsigned long ksyms_lookup_name(const char *name);
int sprint_symbol(char *buf, unsigned long addr);
int sprint_symbol_no_offset(char *buf, unsigned long addr);

#endif
