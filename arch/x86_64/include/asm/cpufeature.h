/* SPDX-License-Identifier: MIT */
/*
 * asm/cpufeature.h - what this processor can do, as CPUID tells it.
 *
 * A feature is (word * 32 + bit); word is an index of x86_capability below. The boot
 * CPU's set counts for all CPUs. Filled by early_cpu_init() (arch/x86_64/cpu.c).
 */
#ifndef _ASM_CPUFEATURE_H
#define _ASM_CPUFEATURE_H

/* Words of the capability array. */
#define CPUID_1_EDX	    0
#define CPUID_8000_0001_EDX 1
#define CPUID_1_ECX	    2
#define CPUID_8000_0001_ECX 3
#define CPUID_7_0_EBX	    4
#define CPUID_7_0_ECX	    5
#define CPUID_D_1_EAX	    6
#define NCAPINTS	    7

#define X86_FEATURE_PGE	     (0 * 32 + 13)
#define X86_FEATURE_FXSR     (0 * 32 + 24)
#define X86_FEATURE_SSE2     (0 * 32 + 26)
#define X86_FEATURE_NX	     (1 * 32 + 20)
#define X86_FEATURE_GBPAGES  (1 * 32 + 26)
#define X86_FEATURE_RDTSCP   (1 * 32 + 27)
#define X86_FEATURE_XSAVE    (2 * 32 + 26)
#define X86_FEATURE_RDRAND   (2 * 32 + 30)
#define X86_FEATURE_SMEP     (4 * 32 + 7)
#define X86_FEATURE_RDSEED   (4 * 32 + 18)
#define X86_FEATURE_SMAP     (4 * 32 + 20)
#define X86_FEATURE_UMIP     (5 * 32 + 2)
#define X86_FEATURE_PKU	     (5 * 32 + 3)
#define X86_FEATURE_OSPKE    (5 * 32 + 4) /* PKU, and turned on */
#define X86_FEATURE_XSAVEOPT (6 * 32 + 0)

#ifndef __ASSEMBLER__

#include <pagoda/types.h>

struct cpuinfo_x86 {
	char vendor[13];
	char model_name[49];
	u8 family;
	u8 model;
	u8 stepping;
	u8 phys_bits;
	u8 virt_bits;
	u16 clflush_size;
	u32 cpuid_level;
	u32 extended_level;
	u32 x86_capability[NCAPINTS];
};

extern struct cpuinfo_x86 boot_cpu_data;

static inline bool boot_cpu_has(unsigned int feature)
{
	return boot_cpu_data.x86_capability[feature / 32] & (1U << (feature % 32));
}

/* The kernel does without it from now on; boot CPU, before cpu_init(). */
static inline void setup_clear_cpu_cap(unsigned int feature)
{
	boot_cpu_data.x86_capability[feature / 32] &= ~(1U << (feature % 32));
}

/* arch/x86_64/cpuinfo.c: what /proc/cpuinfo says of @cpu, through @emit. */
void arch_show_cpuinfo(unsigned int cpu, void (*emit)(void *arg, const char *fmt, ...), void *arg);

#endif /* !__ASSEMBLER__ */
#endif
