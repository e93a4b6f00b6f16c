// SPDX-License-Identifier: MIT
/*
 * kernel/irq.c - device interrupts: who handles which line, and how often it came.
 *
 * The architecture's dispatcher brackets everything by irq_enter() and irq_exit() and calls
 * handle_irq() for a device's line. A line has one handler.
 *
 * Locks: irq_lock guards handlers coming and going. handle_irq() reads the handler without it;
 * free_irq() closes the line first and then waits until no CPU is inside the handler.
 */
#include <pagoda/interrupt.h>
#include <pagoda/cpumask.h>
#include <pagoda/errno.h>
#include <pagoda/kernel.h>
#include <pagoda/spinlock.h>
#include <pagoda/smp.h>

struct irq_desc {
	irq_handler_t handler; /* NULL: nobody listens */
	void *dev;
	const char *name;
	unsigned int running; /* CPUs that are inside the handler */
	u32 unhandled;
	u32 count[NR_CPUS]; /* each written by its CPU only */
};

DEFINE_PER_CPU(unsigned int, hardirq_depth);
DEFINE_PER_CPU(struct pt_regs *, irq_regs);

static struct irq_desc irq_descs[NR_IRQS];
static DEFINE_SPINLOCK(irq_lock);

/*
 * Calls handler(irq, dev) for each interrupt on a line, from now on. -EINVAL when there is no such
 * line, -EBUSY when it has a handler, -ENODEV when no interrupt controller serves it.
 */
int request_irq(unsigned int irq, irq_handler_t handler, const char *name, void *dev)
{
	struct irq_desc *desc = &irq_descs[irq];
	unsigned long flags;
	int err = -EBUSY;

	if (irq >= NR_IRQS || !handler)
		return -EINVAL;
	spin_lock_irqsave(&irq_lock, flags);
	if (desc->handler)
		goto out_unlock;
	desc->dev = dev;
	desc->name = name;
	__atomic_store_n(&desc->handler, handler, __ATOMIC_RELEASE);
	err = arch_irq_startup(irq);
	if (err)
		desc->handler = NULL;
out_unlock:
	spin_unlock_irqrestore(&irq_lock, flags);
	return err;
}

/* After this the handler does not run any more. Interrupts are enabled. */
void free_irq(unsigned int irq, void *dev)
{
	struct irq_desc *desc = &irq_descs[irq];
	unsigned long flags;

	spin_lock_irqsave(&irq_lock, flags);
	arch_irq_shutdown(irq);
	__atomic_store_n(&desc->handler, NULL, __ATOMIC_SEQ_CST);
	spin_unlock_irqrestore(&irq_lock, flags);
	while (__atomic_load_n(&desc->running, __ATOMIC_SEQ_CST))
		cpu_relax();
}

void irq_enter(void)
{
	this_cpu_inc(hardirq_depth);
}

void irq_exit(void)
{
	this_cpu_dec(hardirq_depth);
}

/* One interrupt of a device. Called by the dispatcher, interrupts disabled. */
void handle_irq(unsigned int irq)
{
	struct irq_desc *desc = &irq_descs[irq];
	irq_handler_t handler;

	desc->count[smp_processor_id()]++;
	__atomic_fetch_add(&desc->running, 1, __ATOMIC_SEQ_CST);
	handler = __atomic_load_n(&desc->handler, __ATOMIC_SEQ_CST);
	if (!handler || handler(irq, desc->dev) == IRQ_NONE)
		desc->unhandled++;
	__atomic_fetch_sub(&desc->running, 1, __ATOMIC_SEQ_CST);
}

/* Device interrupts that a CPU has served since boot. */
u64 kstat_cpu_irqs_sum(unsigned int cpu)
{
	u64 sum = arch_irq_stat_cpu(cpu);

	for (unsigned int irq = 0; irq < NR_IRQS; irq++)
		sum += irq_descs[irq].count[cpu];
	return sum;
}

/* Interrupts of one line since boot, on all CPUs; 0 past the last line. */
u64 kstat_irqs(unsigned int irq)
{
	u64 sum = 0;

	if (irq >= NR_IRQS)
		return 0;
	for (unsigned int cpu = 0; cpu < NR_CPUS; cpu++)
		sum += irq_descs[irq].count[cpu];
	return sum;
}

/* Gives the text of /proc/interrupts to emit(), piece by piece. */
void show_interrupts(irq_emit_fn emit, void *arg)
{
	unsigned int cpu;

	emit(arg, "           ");
	for_each_online_cpu (cpu)
		emit(arg, "CPU%-8u", cpu);
	emit(arg, "\n");
	for (unsigned int irq = 0; irq < NR_IRQS; irq++) {
		const struct irq_desc *desc = &irq_descs[irq];

		if (!desc->handler)
			continue;
		emit(arg, "%3u:", irq);
		for_each_online_cpu (cpu)
			emit(arg, " %10u", desc->count[cpu]);
		arch_show_irq_chip(irq, emit, arg);
		emit(arg, "  %s\n", desc->name);
	}
	arch_show_interrupts(emit, arg);
	emit(arg, "ERR: %10u\n", arch_irq_errors());
}
