/* SPDX-License-Identifier: MIT */
/*
 * asm/sections.h - where the parts of the kernel image begin and end (linker.ld).
 */
#ifndef _ASM_SECTIONS_H
#define _ASM_SECTIONS_H

#include <pagoda/types.h>

extern char _text[], _etext[];
extern char __entry_text_start[], __entry_text_end[];
extern char __init_begin[], __init_end[]; /* freed after boot: init text, init data */
extern char _sinittext[], _einittext[];
extern char _srodata[], _erodata[];
extern char _sdata[], _edata[];
extern char __bss_start[], __bss_stop[];
extern char __init_stack_guard[]; /* a page that is not mapped, below init_stack */
extern char init_stack[];	  /* kernel stack of init_task, THREAD_SIZE */
extern char _end[];

static inline bool kernel_text_address(unsigned long addr)
{
	return (addr >= (unsigned long)_text && addr < (unsigned long)_etext) ||
	       (addr >= (unsigned long)_sinittext && addr < (unsigned long)_einittext);
}

#endif
