/* SPDX-License-Identifier: MIT */
/*
 * include/pagoda/panic.h - when the kernel cannot go on.
 */
#ifndef _PAGODA_PANIC_H
#define _PAGODA_PANIC_H

#include <pagoda/types.h>
#include <pagoda/compiler.h>

struct pt_regs;
struct mm_struct;

/* Nonzero while a panic or an oops is being reported: the console writes polled, without locks. */
extern int oops_in_progress;

/* kernel/panic.c */
void panic(const char *fmt, ...) __attribute__((noreturn, format(printf, 1, 2)));
void die(const char *msg, struct pt_regs *regs, long err) __attribute__((noreturn));
void dump_stack(void);
extern unsigned long __stack_chk_guard;
void show_trace(unsigned long ip, unsigned long bp);
void __stack_chk_fail(void) __attribute__((noreturn));

/* mm/: prints the map of an address space without taking locks or following anything unchecked */
void show_mm_map(struct mm_struct *mm);

#endif
