/* SPDX-License-Identifier: MIT */
/*
 * include/pagoda/smp.h - which CPU this is, and how to make the others do something.
 *
 * Cross calls are sent with interrupts enabled and no irq-safe spinlock held, because the sender
 * may wait for CPUs that wait for it; a waiting CPU goes on serving what others ask of it. The
 * called function runs with interrupts disabled and must be short and must not sleep.
 */
#ifndef _PAGODA_SMP_H
#define _PAGODA_SMP_H

#include <pagoda/types.h>
#include <pagoda/cpumask.h>
#include <asm/percpu.h>

DECLARE_PER_CPU(int, cpu_number);

#define raw_smp_processor_id() this_cpu_read(cpu_number)
#define smp_processor_id()     raw_smp_processor_id()
#define get_cpu()	       smp_processor_id()
#define put_cpu()	       ((void)0)

typedef void (*smp_call_func_t)(void *info);

/* kernel/smp.c */
void smp_call_function_many(const cpumask_t *mask, smp_call_func_t func, void *info, bool wait);
int smp_call_function_single(int cpu, smp_call_func_t func, void *info, bool wait);
void smp_call_function(smp_call_func_t func, void *info, bool wait);
void on_each_cpu(smp_call_func_t func, void *info, bool wait);
void on_each_cpu_mask(const cpumask_t *mask, smp_call_func_t func, void *info, bool wait);
void generic_smp_call_function_interrupt(void);
void smp_init(void);

/* arch/x86_64/percpu.c */
void setup_per_cpu_areas(void);

/* arch/x86_64/smp.c */
void smp_send_reschedule(int cpu);
void smp_send_stop(void);

/* arch/x86_64/smpboot.c */
void smp_prepare_boot_cpu(void);
void smp_prepare_cpus(unsigned int max_cpus);
int cpu_up(unsigned int cpu);

#endif
