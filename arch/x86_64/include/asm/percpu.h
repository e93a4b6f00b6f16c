/* SPDX-License-Identifier: MIT */
/*
 * asm/percpu.h - data of which each CPU has its own copy.
 *
 * DEFINE_PER_CPU puts the template of a variable into .data..percpu. The base of GS is
 * (address of this CPU's copy of the section) - (address of the template), so %gs:name
 * reaches the copy with the link address of the name. CPU 0 runs on the template itself
 * (base 0) until setup_per_cpu_areas() gives it a copy.
 *
 * Kernel code is not preempted, so a this_cpu_*() value stays right until it sleeps;
 * a single this_cpu_*() operation is one instruction and safe against interrupts.
 */
#ifndef _ASM_PERCPU_H
#define _ASM_PERCPU_H

#ifndef __ASSEMBLER__

#define PER_CPU_SECTION		    __attribute__((section(".data..percpu")))
#define DEFINE_PER_CPU(type, name)  PER_CPU_SECTION __typeof__(type) name
#define DECLARE_PER_CPU(type, name) extern PER_CPU_SECTION __typeof__(type) name
#define DEFINE_PER_CPU_ALIGNED(type, name)                                                         \
	PER_CPU_SECTION __attribute__((aligned(64))) __typeof__(type) name

/* Distance of each CPU's copy from the template; filled by setup_per_cpu_areas(). */
extern unsigned long __per_cpu_offset[];
extern char __per_cpu_start[], __per_cpu_end[];

/* This CPU's own entry of __per_cpu_offset. */
DECLARE_PER_CPU(unsigned long, this_cpu_off);

/* Hides the origin of a shifted pointer from the compiler's bounds reasoning. */
#define __percpu_shift(ptr, off)                                                                   \
	({                                                                                         \
		unsigned long __p;                                                                 \
		asm("" : "=r"(__p) : "0"((unsigned long)(ptr) + (off)));                           \
		(__typeof__(ptr))__p;                                                              \
	})

#define per_cpu_ptr(ptr, cpu) __percpu_shift(ptr, __per_cpu_offset[cpu])
#define per_cpu(var, cpu)     (*per_cpu_ptr(&(var), cpu))
#define this_cpu_ptr(ptr)     __percpu_shift(ptr, this_cpu_read(this_cpu_off))

#define this_cpu_read(var)                                                                         \
	({                                                                                         \
		__typeof__(var) __v;                                                               \
		asm volatile("mov %%gs:%1, %0" : "=r"(__v) : "m"(var));                            \
		__v;                                                                               \
	})

/* For a value that cannot change while the caller runs; the compiler may keep it. */
#define this_cpu_read_stable(var)                                                                  \
	({                                                                                         \
		__typeof__(var) __v;                                                               \
		asm("mov %%gs:%P1, %0" : "=r"(__v) : "p"(&(var)));                                 \
		__v;                                                                               \
	})

#define __this_cpu_op(op, var, val)                                                                \
	do {                                                                                       \
		__typeof__(var) __v = (val);                                                       \
		asm volatile(op " %1, %%gs:%0" : "+m"(var) : "r"(__v));                            \
	} while (0)

#define this_cpu_write(var, val) __this_cpu_op("mov", var, val)
#define this_cpu_add(var, val)	 __this_cpu_op("add", var, val)
#define this_cpu_sub(var, val)	 __this_cpu_op("sub", var, val)
#define this_cpu_inc(var)	 this_cpu_add(var, 1)
#define this_cpu_dec(var)	 this_cpu_sub(var, 1)

/* Plain accessors under Linux's names; kernel code is not preempted. */

#endif /* !__ASSEMBLER__ */
#endif
