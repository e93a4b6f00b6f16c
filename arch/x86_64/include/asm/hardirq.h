/* SPDX-License-Identifier: MIT */
/*
 * asm/hardirq.h - what a CPU counts about interrupts that are not devices'.
 */
#ifndef _ASM_HARDIRQ_H
#define _ASM_HARDIRQ_H

#include <asm/percpu.h>

struct irq_cpustat {
	unsigned int apic_timer_irqs;
	unsigned int irq_resched_count;
	unsigned int irq_call_count;
	unsigned int irq_tlb_count;
	unsigned int irq_spurious_count;
	unsigned int apic_error_count;
	unsigned int nmi_count;
};

DECLARE_PER_CPU(struct irq_cpustat, irq_stat);

#define inc_irq_stat(member) this_cpu_inc(irq_stat.member)

#endif
