// SPDX-License-Identifier: MIT
/*
 * arch/x86_64/apic.c - the local APIC: interrupts between CPUs, and the one-shot timer.
 *
 * Registers are memory at one physical address, where each CPU sees its own. Every CPU uses only
 * its own APIC, with interrupts disabled where two accesses belong together; so no lock.
 *
 * Source: Intel SDM volume 3, chapter 11.
 */
#include <asm/apic.h>
#include <pagoda/kernel.h>
#include <pagoda/panic.h>
#include <pagoda/printk.h>
#include <pagoda/smp.h>
#include <pagoda/vmalloc.h>
#include <asm/acpi.h>
#include <asm/irq_vectors.h>
#include <asm/irqflags.h>
#include <asm/msr.h>
#include <asm/processor.h>

volatile u32 *apic_base;
u32 cpu_to_apicid[NR_CPUS];

/* Timer ticks per nanosecond as a 32.32 fixed-point number; 0 until it is calibrated. */
static u64 apic_timer_mult;

u32 read_apic_id(void)
{
	return apic_read(APIC_ID) >> 24;
}

/* Maps the registers; CPU 0, once, when ioremap() works. */
void init_apic_mappings(void)
{
	u64 phys = acpi_machine.lapic_phys;

	if (!phys)
		phys = rdmsrl(MSR_IA32_APICBASE) & PAGE_MASK;
	apic_base = (__force volatile u32 *)ioremap(phys, PAGE_SIZE);
	if (!apic_base)
		panic("no memory to map the local APIC");
}

/* Puts this CPU's APIC into service: no line masked but LINT, spurious and error vectors set. */
void setup_local_APIC(void)
{
	wrmsrl(MSR_IA32_APICBASE, rdmsrl(MSR_IA32_APICBASE) | APIC_BASE_MSR_ENABLE);

	apic_write(APIC_DFR, 0xffffffff);
	apic_write(APIC_TPR, 0);
	apic_write(APIC_LVTT, APIC_LVT_MASKED | LOCAL_TIMER_VECTOR);
	apic_write(APIC_LVT0, APIC_LVT_MASKED);
	apic_write(APIC_LVT1, APIC_DM_NMI);
	if (APIC_MAXLVT(apic_read(APIC_LVR)) >= 4)
		apic_write(APIC_LVTPC, APIC_LVT_MASKED);
	apic_write(APIC_LVTERR, ERROR_APIC_VECTOR);
	apic_write(APIC_SPIV, APIC_SPIV_APIC_ENABLED | SPURIOUS_APIC_VECTOR);
	apic_write(APIC_ESR, 0);
	apic_eoi();
}

/* ---- interrupts to other CPUs ---- */

/* Sends one command, when the last has gone out. */
void apic_icr_write(u32 apicid, u32 command)
{
	unsigned long flags;

	local_irq_save(flags);
	while (apic_read(APIC_ICR) & APIC_ICR_BUSY)
		cpu_relax();
	apic_write(APIC_ICR2, apicid << 24);
	apic_write(APIC_ICR, command);
	local_irq_restore(flags);
}

void apic_send_IPI(unsigned int cpu, unsigned int vector)
{
	apic_icr_write(cpu_to_apicid[cpu], APIC_DM_FIXED | APIC_INT_ASSERT | vector);
}

/* One by one: a broadcast would reach CPUs that are not in the mask. */
void apic_send_IPI_mask(const cpumask_t *mask, unsigned int vector)
{
	unsigned int cpu;

	for_each_cpu (cpu, mask)
		apic_send_IPI(cpu, vector);
}

/* To each CPU that runs but this one. Those never started sit in the firmware, which takes no NMI.
 */
void apic_send_NMI_allbutself(void)
{
	unsigned int cpu;

	for_each_online_cpu (cpu)
		if (cpu != smp_processor_id())
			apic_icr_write(cpu_to_apicid[cpu], APIC_INT_ASSERT | APIC_DM_NMI);
}

/* ---- the timer ---- */

/* Runs the timer down from its largest value without interrupts; for calibration. */
void apic_timer_start_count(void)
{
	apic_write(APIC_TDCR, APIC_TDR_DIV_1);
	apic_write(APIC_LVTT, APIC_LVT_MASKED | LOCAL_TIMER_VECTOR);
	apic_write(APIC_TMICT, 0xffffffff);
}

u32 apic_timer_elapsed(void)
{
	return 0xffffffff - apic_read(APIC_TMCCT);
}

/* The calibration's result: the timer counted so many ticks in so many ns (< 2^32 both). */
void apic_timer_set_rate(u64 ticks, u64 ns)
{
	apic_timer_mult = (ticks << 32) / ns;
	pr_info("apic: timer runs at %llu kHz\n", ticks * 1000000 / ns);
}

/* On each CPU; the first clockevent_program() starts it. */
void setup_APIC_timer(void)
{
	apic_write(APIC_TDCR, APIC_TDR_DIV_1);
	apic_write(APIC_TMICT, 0);
	apic_write(APIC_LVTT, LOCAL_TIMER_VECTOR);
}

/*
 * Interrupts this CPU once, ns_delta from now; replaces what was programmed before. A time that
 * the counter cannot hold (4 s at 1 GHz) ends early, and hrtimer_interrupt() programs the rest.
 */
void clockevent_program(u64 ns_delta)
{
	u64 ticks;

	if (ns_delta > 1ULL << 32)
		ns_delta = 1ULL << 32;
	ticks = (u64)(((unsigned __int128)ns_delta * apic_timer_mult) >> 32);
	if (ticks > 0xffffffff)
		ticks = 0xffffffff;
	apic_write(APIC_TMICT, ticks ? (u32)ticks : 1);
}
