/* SPDX-License-Identifier: MIT */
/*
 * asm/percpu.h of the model - one CPU, so each per-CPU variable is a plain one.
 */
#ifndef _ASM_PERCPU_H
#define _ASM_PERCPU_H

#define DEFINE_PER_CPU(type, name)	   __typeof__(type) name
#define DECLARE_PER_CPU(type, name)	   extern __typeof__(type) name
#define DEFINE_PER_CPU_ALIGNED(type, name) __attribute__((aligned(64))) __typeof__(type) name

#define per_cpu_ptr(ptr, cpu)	  ((void)(cpu), (ptr))
#define per_cpu(var, cpu)	  (*per_cpu_ptr(&(var), cpu))
#define this_cpu_ptr(ptr)	  (ptr)
#define this_cpu_read(var)	  (var)
#define this_cpu_read_stable(var) (var)
#define this_cpu_write(var, val)  ((void)((var) = (val)))
#define this_cpu_add(var, val)	  ((void)((var) += (val)))
#define this_cpu_sub(var, val)	  ((void)((var) -= (val)))
#define this_cpu_inc(var)	  this_cpu_add(var, 1)
#define this_cpu_dec(var)	  this_cpu_sub(var, 1)

#endif
