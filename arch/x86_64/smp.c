// SPDX-License-Identifier: MIT
/*
 * arch/x86_64/smp.c - what CPUs send each other.
 *
 * Reschedule and function call are interrupts; stopping is a non-maskable one, so that a CPU that
 * hangs with interrupts disabled is stopped too.
 */
#include <pagoda/smp.h>
#include <pagoda/kernel.h>
#include <asm/apic.h>
#include <asm/hardirq.h>
#include <asm/irq_vectors.h>
#include <asm/irqflags.h>
#include <asm/processor.h>
#include <asm/smp.h>
#include <asm/tsc.h>

/* The CPU that stops all others; -1 while nobody does. */
static int stopping_cpu = -1;

/* Makes a CPU look at its TIF_NEED_RESCHED soon, out of HLT or user mode. */
void smp_send_reschedule(int cpu)
{
	apic_send_IPI(cpu, RESCHEDULE_VECTOR);
}

void arch_send_call_function_ipi_mask(const cpumask_t *mask)
{
	apic_send_IPI_mask(mask, CALL_FUNCTION_VECTOR);
}

/* Out of service for good. */
void stop_this_cpu(void)
{
	local_irq_disable();
	set_cpu_online(smp_processor_id(), false);
	for (;;)
		native_halt();
}

/* From the NMI handler: false when this NMI was not sent to stop us. */
bool smp_stop_nmi(void)
{
	int by = __atomic_load_n(&stopping_cpu, __ATOMIC_ACQUIRE);

	if (by < 0 || by == smp_processor_id())
		return false;
	stop_this_cpu();
}

/* Stops all other CPUs; waits up to 100 ms for them. The second CPU that wants to is stopped too.
 */
void smp_send_stop(void)
{
	int nobody = -1;
	u64 start;

	if (num_online_cpus() <= 1 || !apic_base)
		return;
	if (!__atomic_compare_exchange_n(&stopping_cpu, &nobody, smp_processor_id(), false,
					 __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
		if (nobody != smp_processor_id())
			stop_this_cpu();
		return;
	}
	apic_send_NMI_allbutself();
	start = sched_clock();
	while (num_online_cpus() > 1 && sched_clock() - start < 100000000)
		cpu_relax();
}
