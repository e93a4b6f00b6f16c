/* SPDX-License-Identifier: MIT */
/*
 * asm/acpi.h - what the firmware's ACPI tables say about the machine.
 *
 * Read once, on CPU 0, before the other CPUs run; constant afterwards.
 */
#ifndef _ASM_ACPI_H
#define _ASM_ACPI_H

#include <pagoda/types.h>
#include <asm/apic.h>

#define ACPI_ISA_IRQS 16

/* An ISA interrupt as it is wired to an IOAPIC. */
struct acpi_isa_irq {
	u32 gsi;
	bool level;
	bool active_low;
};

struct acpi_ioapic {
	u32 phys;
	u32 gsi_base;
};

/* A register of the FADT: an I/O port, or an address in memory when is_memory. */
struct acpi_reg {
	u64 address;
	bool is_memory;
};

struct acpi_machine {
	u64 lapic_phys;
	unsigned int nr_ioapics;
	struct acpi_ioapic ioapic[MAX_IO_APICS];
	struct acpi_isa_irq isa_irq[ACPI_ISA_IRQS];

	u16 pm_timer_port; /* 0: none */
	bool pm_timer_32bit;
	u16 pm1a_control_port; /* 0: none */
	u16 pm1b_control_port;
	struct acpi_reg reset; /* address 0: none */
	u8 reset_value;
	bool has_s5; /* sleep types of the off state */
	u8 slp_typa;
	u8 slp_typb;
	u8 century_index; /* CMOS register of the century, 0: none */
};

extern struct acpi_machine acpi_machine;

/* arch/x86_64/acpi.c */
void acpi_boot_init(u64 rsdp_phys);

#endif
