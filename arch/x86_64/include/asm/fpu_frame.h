/* SPDX-License-Identifier: MIT */
/*
 * asm/fpu_frame.h - floating-point state in signal frames: arch/x86_64/fpu_frame.c.
 */
#ifndef _ASM_FPU_FRAME_H
#define _ASM_FPU_FRAME_H

#include <pagoda/types.h>
#include <asm/processor-flags.h>

struct fpu_state;
struct fsave_header;

/* The flags a program may set by sigreturn. */
#define FIX_EFLAGS                                                                                 \
	(X86_EFLAGS_AC | X86_EFLAGS_OF | X86_EFLAGS_DF | X86_EFLAGS_TF | X86_EFLAGS_SF |           \
	 X86_EFLAGS_ZF | X86_EFLAGS_AF | X86_EFLAGS_PF | X86_EFLAGS_CF | X86_EFLAGS_RF)

/* Bytes of the state in a frame, without the header of 32-bit ones. */
unsigned long fp_frame_size(void);
/* Current's registers to the frame, which begins at a multiple of 64. 0 or -EFAULT. */
int save_fp_frame(struct fpu_state __user *to);
/* And back; NULL: to their initial values. -EFAULT: they are reset. */
int restore_fp_frame(const struct fpu_state __user *from);

/* The same for 32-bit frames: the header, and at a multiple of 64 behind it the rest. */
#define FSAVE_HEADER_SIZE 112
int ia32_save_fp_frame(void __user *to);
int ia32_restore_fp_frame(const void __user *from);

#endif
