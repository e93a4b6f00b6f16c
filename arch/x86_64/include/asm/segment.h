/* SPDX-License-Identifier: MIT */
/*
 * asm/segment.h - selectors of the global descriptor table.
 *
 * SYSRET dictates the order: user 32-bit code, user data, user 64-bit code follow each
 * other. The values are Linux's, as programs and debuggers look at them.
 */
#ifndef _ASM_SEGMENT_H
#define _ASM_SEGMENT_H

#define GDT_ENTRY_KERNEL32_CS	    1
#define GDT_ENTRY_KERNEL_CS	    2
#define GDT_ENTRY_KERNEL_DS	    3
#define GDT_ENTRY_DEFAULT_USER32_CS 4
#define GDT_ENTRY_DEFAULT_USER_DS   5
#define GDT_ENTRY_DEFAULT_USER_CS   6
#define GDT_ENTRY_TSS		    8  /* two slots */
#define GDT_ENTRY_TLS_MIN	    12 /* set_thread_area() of 32-bit programs */
#define GDT_ENTRY_TLS_ENTRIES	    3
#define GDT_ENTRY_CPUNODE	    15 /* limit = number of the CPU, for LSL */
#define GDT_ENTRIES		    16

#define __KERNEL32_CS (GDT_ENTRY_KERNEL32_CS * 8)
#define __KERNEL_CS   (GDT_ENTRY_KERNEL_CS * 8)		    /* 0x10 */
#define __KERNEL_DS   (GDT_ENTRY_KERNEL_DS * 8)		    /* 0x18 */
#define __USER32_CS   (GDT_ENTRY_DEFAULT_USER32_CS * 8 + 3) /* 0x23 */
#define __USER_DS     (GDT_ENTRY_DEFAULT_USER_DS * 8 + 3)   /* 0x2b */
#define __USER_CS     (GDT_ENTRY_DEFAULT_USER_CS * 8 + 3)   /* 0x33 */
#define __TSS_SEL     (GDT_ENTRY_TSS * 8)
#define __CPUNODE_SEL (GDT_ENTRY_CPUNODE * 8 + 3)

/* Interrupt stack table slots of the TSS (1-based, as the gate descriptors count). */
#define IST_INDEX_DF	   1 /* double fault, machine check: neither comes back */
#define IST_INDEX_NMI	   2
#define N_EXCEPTION_STACKS 2

#endif
