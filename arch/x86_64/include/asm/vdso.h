/* SPDX-License-Identifier: MIT */
/*
 * asm/vdso.h - a shared object of the kernel's in every 64-bit program: the clocks without a system
 * call.
 *
 *	[vvar]	one page of data, struct vdso_data, which the kernel writes and programs read
 *	[vdso]	the object (arch/x86_64/vdso/), right behind it; AT_SYSINFO_EHDR has its address
 */
#ifndef _ASM_VDSO_H
#define _ASM_VDSO_H

#include <pagoda/types.h>

/* What the functions of the object go by. */
struct vdso_data {
	u64 tsc_base; /* the TSC at time 0 of CLOCK_MONOTONIC */
	u64 tsc_mult; /* ns per tick, 32.32 fixed point */
	s64 realtime; /* CLOCK_REALTIME less CLOCK_MONOTONIC, ns; written whole */
	u32 tsc_aux_is_cpu;
};

/* ---- arch/x86_64/vdso.c ---------------------------------------------------------------------- */

/* The clocks tell their parameters, each when it is set. */
void vdso_set_tsc(u64 base, u64 mult);
void vdso_set_realtime(s64 offset);
/* Keeps the object as a file in memory; once, when there are file systems. */
void vdso_init(void);
/* exec: maps both into current's new mm. Takes mmap_lock. 0 or -errno. */
int arch_setup_additional_pages(void);

#endif
