/* SPDX-License-Identifier: MIT */
/*
 * asm/msr.h - model-specific registers.
 */
#ifndef _ASM_MSR_H
#define _ASM_MSR_H

#define MSR_IA32_APICBASE  0x0000001b
#define MSR_EFER	   0xc0000080
#define MSR_STAR	   0xc0000081
#define MSR_LSTAR	   0xc0000082
#define MSR_CSTAR	   0xc0000083
#define MSR_SYSCALL_MASK   0xc0000084
#define MSR_FS_BASE	   0xc0000100
#define MSR_GS_BASE	   0xc0000101
#define MSR_KERNEL_GS_BASE 0xc0000102
#define MSR_TSC_AUX	   0xc0000103

#define EFER_SCE 0x001 /* SYSCALL */
#define EFER_LME 0x100 /* long mode enable */
#define EFER_LMA 0x400 /* long mode active */
#define EFER_NX	 0x800 /* no-execute pages */

#ifndef __ASSEMBLER__

#include <pagoda/types.h>

static inline u64 rdmsrl(u32 msr)
{
	u32 low, high;

	asm volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
	return low | ((u64)high << 32);
}

static inline void wrmsrl(u32 msr, u64 value)
{
	u32 low = value & 0xffffffff, high = value >> 32;

	asm volatile("wrmsr" : : "c"(msr), "a"(low), "d"(high) : "memory");
}

#endif /* !__ASSEMBLER__ */
#endif
