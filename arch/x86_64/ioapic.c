// SPDX-License-Identifier: MIT
/*
 * arch/x86_64/ioapic.c - routing of device interrupts.
 *
 * Each IOAPIC has lines, numbered through all of them as global system interrupts (GSI). An ISA
 * interrupt is the GSI of its number unless the firmware's tables say otherwise. Every line is
 * masked until somebody requests it, and then goes to CPU 0.
 *
 * Locks: the caller's irq_lock guards the index and data registers.
 * Source: Intel 82093AA data sheet.
 */
#include <asm/apic.h>
#include <pagoda/errno.h>
#include <pagoda/interrupt.h>
#include <pagoda/kernel.h>
#include <pagoda/printk.h>
#include <pagoda/vmalloc.h>
#include <asm/acpi.h>
#include <asm/irq_vectors.h>
#include <asm/page.h>

#define IOAPIC_INDEX 0
#define IOAPIC_DATA  4 /* in words of 32 bits */

#define IOAPIC_VERSION	     1
#define IOAPIC_REDIRECT(pin) (0x10 + 2 * (pin))

#define REDIRECT_ACTIVE_LOW (1u << 13)
#define REDIRECT_LEVEL	    (1u << 15)
#define REDIRECT_MASKED	    (1u << 16)

#define IOAPIC_DEFAULT_PHYS 0xfec00000u

struct ioapic {
	volatile u32 *regs;
	u32 gsi_base;
	u32 nr_pins;
};

static struct ioapic ioapics[MAX_IO_APICS];
static unsigned int nr_ioapics;

static u32 ioapic_read(const struct ioapic *ioapic, u32 index)
{
	ioapic->regs[IOAPIC_INDEX] = index;
	return ioapic->regs[IOAPIC_DATA];
}

static void ioapic_write(const struct ioapic *ioapic, u32 index, u32 value)
{
	ioapic->regs[IOAPIC_INDEX] = index;
	ioapic->regs[IOAPIC_DATA] = value;
}

static void ioapic_route(const struct ioapic *ioapic, u32 pin, u32 apicid, u32 low)
{
	ioapic_write(ioapic, IOAPIC_REDIRECT(pin), REDIRECT_MASKED);
	ioapic_write(ioapic, IOAPIC_REDIRECT(pin) + 1, apicid << 24);
	ioapic_write(ioapic, IOAPIC_REDIRECT(pin), low);
}

/* Adds one IOAPIC with all its lines masked; one that is not there reads as all ones. */
static void ioapic_add(u32 phys, u32 gsi_base)
{
	struct ioapic *ioapic = &ioapics[nr_ioapics];
	u32 version;

	ioapic->regs = (__force volatile u32 *)ioremap(phys, PAGE_SIZE);
	if (!ioapic->regs)
		return;
	version = ioapic_read(ioapic, IOAPIC_VERSION);
	if (version == 0xffffffff) {
		pr_warn("ioapic: none at 0x%x\n", phys);
		return;
	}
	ioapic->gsi_base = gsi_base;
	ioapic->nr_pins = ((version >> 16) & 0xff) + 1;
	for (u32 pin = 0; pin < ioapic->nr_pins; pin++)
		ioapic_route(ioapic, pin, 0, REDIRECT_MASKED);
	nr_ioapics++;
}

void setup_IO_APIC(void)
{
	for (unsigned int i = 0; i < acpi_machine.nr_ioapics; i++)
		ioapic_add(acpi_machine.ioapic[i].phys, acpi_machine.ioapic[i].gsi_base);
	if (!acpi_machine.nr_ioapics)
		ioapic_add(IOAPIC_DEFAULT_PHYS, 0);
}

/* How an interrupt number is wired: ISA interrupts by the tables, others as PCI has them. */
static struct acpi_isa_irq irq_wiring(unsigned int irq)
{
	if (irq < ACPI_ISA_IRQS)
		return acpi_machine.isa_irq[irq];
	return (struct acpi_isa_irq){.gsi = irq, .level = true, .active_low = true};
}

static const struct ioapic *ioapic_of_gsi(u32 gsi)
{
	for (unsigned int i = 0; i < nr_ioapics; i++)
		if (gsi - ioapics[i].gsi_base < ioapics[i].nr_pins)
			return &ioapics[i];
	return NULL;
}

int arch_irq_startup(unsigned int irq)
{
	struct acpi_isa_irq wiring = irq_wiring(irq);
	const struct ioapic *ioapic = ioapic_of_gsi(wiring.gsi);
	u32 low = irq_to_vector(irq);

	if (!ioapic)
		return -ENODEV;
	if (wiring.level)
		low |= REDIRECT_LEVEL;
	if (wiring.active_low)
		low |= REDIRECT_ACTIVE_LOW;
	ioapic_route(ioapic, wiring.gsi - ioapic->gsi_base, cpu_to_apicid[0], low);
	return 0;
}

void arch_irq_shutdown(unsigned int irq)
{
	struct acpi_isa_irq wiring = irq_wiring(irq);
	const struct ioapic *ioapic = ioapic_of_gsi(wiring.gsi);

	if (ioapic)
		ioapic_route(ioapic, wiring.gsi - ioapic->gsi_base, 0, REDIRECT_MASKED);
}

/* The middle columns of /proc/interrupts. */
void arch_show_irq_chip(unsigned int irq, irq_emit_fn emit, void *arg)
{
	struct acpi_isa_irq wiring = irq_wiring(irq);

	emit(arg, "   IO-APIC %3u-%-8s", wiring.gsi, wiring.level ? "fasteoi" : "edge");
}
