// SPDX-License-Identifier: MIT
/*
 * arch/x86_64/irq.c - from a vector to whoever handles it.
 *
 * The entry code saves the registers and calls do_IRQ() for vectors 32 to 255, with interrupts
 * disabled. The interrupt is acknowledged (EOI) before a handler of the CPU's own runs, so that
 * the timer may be programmed again; a device's line is acknowledged after its handler.
 */
#include <pagoda/interrupt.h>
#include <pagoda/hrtimer.h>
#include <pagoda/kernel.h>
#include <pagoda/printk.h>
#include <pagoda/smp.h>
#include <asm/apic.h>
#include <asm/irq_vectors.h>
#include <asm/hardirq.h>

DEFINE_PER_CPU(struct irq_cpustat, irq_stat);

static void apic_error_interrupt(void)
{
	u32 esr;

	apic_write(APIC_ESR, 0);
	esr = apic_read(APIC_ESR);
	apic_eoi();
	inc_irq_stat(apic_error_count);
	pr_err("apic: CPU %d: error 0x%x\n", smp_processor_id(), esr);
}

/* An 8259 vector or one that nobody gave out: nothing is in service in the APIC for the former. */
static void unexpected_vector(unsigned int vector)
{
	inc_irq_stat(irq_spurious_count);
	if (vector >= FIRST_DEVICE_VECTOR)
		apic_eoi();
}

static void system_vector(unsigned int vector)
{
	switch (vector) {
	case LOCAL_TIMER_VECTOR:
		apic_eoi();
		inc_irq_stat(apic_timer_irqs);
		hrtimer_interrupt();
		break;
	case RESCHEDULE_VECTOR:
		/* The sender has set TIF_NEED_RESCHED: the way out or the idle loop looks at it. */
		apic_eoi();
		inc_irq_stat(irq_resched_count);
		break;
	case CALL_FUNCTION_VECTOR:
		apic_eoi();
		inc_irq_stat(irq_call_count);
		generic_smp_call_function_interrupt();
		break;
	case ERROR_APIC_VECTOR:
		apic_error_interrupt();
		break;
	case SPURIOUS_APIC_VECTOR:
		inc_irq_stat(irq_spurious_count);
		break;
	default:
		unexpected_vector(vector);
	}
}

void do_IRQ(struct pt_regs *regs, unsigned int vector)
{
	struct pt_regs *old_regs = get_irq_regs();

	this_cpu_write(irq_regs, regs);
	irq_enter();
	if (vector >= FIRST_DEVICE_VECTOR && vector < FIRST_DEVICE_VECTOR + NR_IRQS) {
		handle_irq(vector - FIRST_DEVICE_VECTOR);
		apic_eoi();
	} else {
		system_vector(vector);
	}
	irq_exit();
	this_cpu_write(irq_regs, old_regs);
}

/* All interrupt controllers; CPU 0, once, with interrupts disabled, when ioremap() works. */
void init_IRQ(void)
{
	init_8259A();
	init_apic_mappings();
	setup_local_APIC();
	cpu_to_apicid[0] = read_apic_id();
	setup_IO_APIC();
}

static const struct {
	const char *label;
	const char *what;
	size_t offset;
} stat_rows[] = {
	{"LOC", "Local timer interrupts", offsetof(struct irq_cpustat, apic_timer_irqs)},
	{"RES", "Rescheduling interrupts", offsetof(struct irq_cpustat, irq_resched_count)},
	{"CAL", "Function call interrupts", offsetof(struct irq_cpustat, irq_call_count)},
	{"TLB", "TLB shootdowns", offsetof(struct irq_cpustat, irq_tlb_count)},
	{"SPU", "Spurious interrupts", offsetof(struct irq_cpustat, irq_spurious_count)},
};

static unsigned int stat_of(unsigned int cpu, size_t offset)
{
	return *(unsigned int *)((char *)&per_cpu(irq_stat, cpu) + offset);
}

void arch_show_interrupts(irq_emit_fn emit, void *arg)
{
	unsigned int cpu;

	for (size_t i = 0; i < ARRAY_SIZE(stat_rows); i++) {
		emit(arg, "%s:", stat_rows[i].label);
		for_each_online_cpu (cpu)
			emit(arg, " %10u", stat_of(cpu, stat_rows[i].offset));
		emit(arg, "  %s\n", stat_rows[i].what);
	}
}

/* Interrupts of a CPU that no device asked for. TLB shootdowns are calls too and count once. */
u64 arch_irq_stat_cpu(unsigned int cpu)
{
	const struct irq_cpustat *stat = &per_cpu(irq_stat, cpu);

	return (u64)stat->apic_timer_irqs + stat->irq_resched_count + stat->irq_call_count +
	       stat->irq_spurious_count;
}

unsigned int arch_irq_errors(void)
{
	unsigned int cpu, sum = 0;

	for_each_possible_cpu (cpu)
		sum += per_cpu(irq_stat, cpu).apic_error_count;
	return sum;
}
