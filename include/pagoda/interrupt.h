/* SPDX-License-Identifier: MIT */
/*
 * include/pagoda/interrupt.h - device interrupts, their handlers and their counters.
 *
 * A handler runs with interrupts disabled on the stack of whatever was interrupted. It takes only
 * irq-safe spinlocks and never sleeps.
 */
#ifndef _PAGODA_INTERRUPT_H
#define _PAGODA_INTERRUPT_H

#include <pagoda/types.h>
#include <asm/percpu.h>

struct pt_regs;

#define NR_IRQS 24

typedef enum irqreturn {
	IRQ_NONE,
	IRQ_HANDLED,
} irqreturn_t;

typedef irqreturn_t (*irq_handler_t)(int irq, void *dev);

/* How deep in interrupt handlers this CPU is; 0 in task context. */
DECLARE_PER_CPU(unsigned int, hardirq_depth);

#define in_interrupt() (this_cpu_read(hardirq_depth) != 0)
#define in_task()      (!in_interrupt())

/* What the interrupt that is being served interrupted; NULL outside of one. */
DECLARE_PER_CPU(struct pt_regs *, irq_regs);

#define get_irq_regs() this_cpu_read(irq_regs)

/* Takes the text of /proc/interrupts, as printf would. */
typedef void (*irq_emit_fn)(void *arg, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* kernel/irq.c */
int request_irq(unsigned int irq, irq_handler_t handler, const char *name, void *dev);
void free_irq(unsigned int irq, void *dev);
void irq_enter(void);
void irq_exit(void);
void handle_irq(unsigned int irq);
void show_interrupts(irq_emit_fn emit, void *arg);
u64 kstat_cpu_irqs_sum(unsigned int cpu);
u64 kstat_irqs(unsigned int irq);

/* arch/x86_64/irq.c: the interrupt controllers, the dispatcher of vectors 32 to 255, and the rows
 * of /proc/interrupts that are not devices' */
void init_IRQ(void);
void do_IRQ(struct pt_regs *regs, unsigned int vector);
void arch_show_interrupts(irq_emit_fn emit, void *arg);
u64 arch_irq_stat_cpu(unsigned int cpu);
unsigned int arch_irq_errors(void);

/* arch/x86_64/ioapic.c: open and close the line of a device; -ENODEV when there is no such line */
int arch_irq_startup(unsigned int irq);
void arch_irq_shutdown(unsigned int irq);
void arch_show_irq_chip(unsigned int irq, irq_emit_fn emit, void *arg);

#endif
