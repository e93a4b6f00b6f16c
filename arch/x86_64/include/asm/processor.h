/* SPDX-License-Identifier: MIT */
/*
 * asm/processor.h - control registers, CPUID and the machine state of a task.
 */
#ifndef _ASM_PROCESSOR_H
#define _ASM_PROCESSOR_H

#include <pagoda/types.h>
#include <asm/page.h>
#include <asm/processor-flags.h>
#include <asm/segment.h>

struct task_struct;
struct pt_regs;
struct fpu_state;
struct kernel_clone_args;

/* The part of a task that the machine layer owns. */
struct thread_struct {
	unsigned long sp;     /* kernel stack pointer while the task does not run */
	unsigned long fsbase; /* user FS base (TLS); the live value is in the MSR */
	unsigned long gsbase; /* user GS base; in MSR_KERNEL_GS_BASE while in the kernel */

	u32 pkru; /* rights of the protection keys, while the task does not run */

	/* arch/x86_64/segments.c: the user's selectors while the task does not run */
	union {
		struct {
			u16 es, ds, fsindex, gsindex;
		};
		u64 selectors; /* all four */
	};
	u64 tls_array[GDT_ENTRY_TLS_ENTRIES]; /* descriptors of set_thread_area() */
	u64 uses_tls; /* some were set; in a kernel thread: the CPU has some of a task before */

	struct fpu_state *fpu; /* saved x87/SSE/AVX state; NULL in kernel threads */
	int fpu_cpu;	       /* the CPU whose registers hold this state still, or -1 */

	/* The last fault, for the signal frame. */
	unsigned long cr2;
	unsigned long trap_nr;
	unsigned long error_code;
};

#define INIT_THREAD                                                                                \
	{                                                                                          \
		.fpu_cpu = -1                                                                      \
	}

/* ---- arch/x86_64/process.c ---------------------------------------------------------- */

/* *dst = *src for a new task; the copy owns no FPU state yet. Returns 0. */
int arch_dup_task_struct(struct task_struct *dst, struct task_struct *src);
/* Sets up stack, registers, TLS and FPU state of new task @p. 0 or -ENOMEM. */
int copy_thread(struct task_struct *p, const struct kernel_clone_args *args);
/* Registers of a fresh program image: entry point and stack pointer. */
void start_thread(struct pt_regs *regs, unsigned long new_ip, unsigned long new_sp);
/* The same for a 32-bit program. */
void compat_start_thread(struct pt_regs *regs, u32 new_ip, u32 new_sp);
/* exec: forgets TLS bases and descriptors and resets the FPU to its initial state. */
void flush_thread(void);
/* Frees what copy_thread() gave @tsk; @tsk is current or never ran. */
void exit_thread(struct task_struct *tsk);
/* Where the sleeping task @p waits in the kernel, or 0. */
unsigned long __get_wchan(struct task_struct *p);

/* ---- arch/x86_64/cpu.c --------------------------------------------------------------- */

/* Reads CPUID and turns on the features the page tables need; boot CPU, before paging_init. */
void early_cpu_init(void);
/* Whether programs get protection keys; boot CPU, between early_cpu_init() and cpu_init(). */
void setup_pku(bool wanted);
/* Descriptor tables, SYSCALL, CR0/CR4 bits and FPU of this CPU; GS base is already set. */
void cpu_init(void);
/* What needs slab and vmalloc: guarded exception stacks of the boot CPU, FPU images. */
void cpu_init_late(void);
/* Gives CPU @cpu its guarded IST stacks; needs vmalloc. 0 or -ENOMEM. */
int cpu_alloc_exception_stacks(unsigned int cpu);

/* ---- arch/x86_64/setup.c ------------------------------------------------------------- */

/* Boot information, memory map, paging; the first thing start_kernel() calls. */
void setup_arch(void);

/* ---- Instructions -------------------------------------------------------------------- */

static inline void cpu_relax(void)
{
	asm volatile("pause" : : : "memory");
}

static inline void cpuid_count(u32 leaf, u32 subleaf, u32 *a, u32 *b, u32 *c, u32 *d)
{
	asm volatile("cpuid" : "=a"(*a), "=b"(*b), "=c"(*c), "=d"(*d) : "0"(leaf), "2"(subleaf));
}

static inline void cpuid(u32 leaf, u32 *a, u32 *b, u32 *c, u32 *d)
{
	cpuid_count(leaf, 0, a, b, c, d);
}

#define __BUILD_CR(n)                                                                              \
	static inline unsigned long read_cr##n(void)                                               \
	{                                                                                          \
		unsigned long value;                                                               \
		asm volatile("mov %%cr" #n ", %0" : "=r"(value) : : "memory");                     \
		return value;                                                                      \
	}                                                                                          \
	static inline void write_cr##n(unsigned long value)                                        \
	{                                                                                          \
		asm volatile("mov %0, %%cr" #n : : "r"(value) : "memory");                         \
	}

__BUILD_CR(0)
__BUILD_CR(2)
__BUILD_CR(3)
__BUILD_CR(4)

static inline void invlpg(unsigned long addr)
{
	asm volatile("invlpg (%0)" : : "r"(addr) : "memory");
}

/* Serialises instruction fetch after code was changed. */
static inline void sync_core(void)
{
	u32 a, b, c, d;

	cpuid(0, &a, &b, &c, &d);
}

#endif
