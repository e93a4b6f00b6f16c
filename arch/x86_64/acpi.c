// SPDX-License-Identifier: MIT
/*
 * arch/x86_64/acpi.c - what the kernel wants to know of the ACPI tables.
 *
 *	RSDP --> XSDT or RSDT --+--> MADT ("APIC")	CPUs, IOAPICs, wiring of ISA interrupts
 *				+--> FADT ("FACP")	ports of power control and PM timer
 *					--> DSDT	the \_S5 package: how to switch off
 *
 * The tables are read at boot through the direct map, which covers ACPI memory, and what is needed
 * of them is copied into acpi_machine. A table with a wrong checksum or length is ignored. There is
 * no AML interpreter: \_S5 is found by its name, and its package holds two constants.
 *
 * Source: ACPI specification 6.4, sections 5.2.5 to 5.2.12 and 20.2.
 */
#include <asm/acpi.h>
#include <pagoda/bootinfo.h>
#include <pagoda/kernel.h>
#include <pagoda/printk.h>
#include <asm/page.h>
#include <asm/processor.h>

struct acpi_rsdp {
	char signature[8];
	u8 checksum;
	char oem_id[6];
	u8 revision;
	u32 rsdt;
	u32 length; /* from here on: revision 2 */
	u64 xsdt;
	u8 extended_checksum;
	u8 reserved[3];
} __attribute__((packed));

struct acpi_header {
	char signature[4];
	u32 length;
	u8 revision;
	u8 checksum;
	char oem_id[6];
	char oem_table_id[8];
	u32 oem_revision;
	u32 creator_id;
	u32 creator_revision;
} __attribute__((packed));

struct acpi_gas {
	u8 space; /* 0: memory, 1: I/O port */
	u8 bit_width;
	u8 bit_offset;
	u8 access;
	u64 address;
} __attribute__((packed));

struct acpi_fadt {
	struct acpi_header header;
	u32 firmware_ctrl;
	u32 dsdt;
	u8 unused1[20];
	u32 pm1a_cnt; /* offset 64 */
	u32 pm1b_cnt;
	u32 pm2_cnt;
	u32 pm_tmr; /* 76 */
	u8 unused2[11];
	u8 pm_tmr_len; /* 91 */
	u8 unused3[16];
	u8 century; /* 108 */
	u8 unused4[3];
	u32 flags; /* 112 */
	struct acpi_gas reset_reg;
	u8 reset_value;
	u8 unused5[11];
	u64 x_dsdt; /* 140 */
	u8 unused6[24];
	struct acpi_gas x_pm1a_cnt; /* 172 */
	struct acpi_gas x_pm1b_cnt;
	struct acpi_gas x_pm2_cnt;
	struct acpi_gas x_pm_tmr; /* 208 */
} __attribute__((packed));

_Static_assert(offsetof(struct acpi_fadt, pm1a_cnt) == 64, "FADT layout");
_Static_assert(offsetof(struct acpi_fadt, pm_tmr_len) == 91, "FADT layout");
_Static_assert(offsetof(struct acpi_fadt, flags) == 112, "FADT layout");
_Static_assert(offsetof(struct acpi_fadt, x_dsdt) == 140, "FADT layout");
_Static_assert(offsetof(struct acpi_fadt, x_pm_tmr) == 208, "FADT layout");

#define FADT_TMR_VAL_EXT (1u << 8)
#define FADT_RESET_REG	 (1u << 10)

struct acpi_madt {
	struct acpi_header header;
	u32 lapic_address;
	u32 flags;
} __attribute__((packed));

struct acpi_madt_entry {
	u8 type;
	u8 length;
	union {
		struct {
			u8 processor_id;
			u8 apic_id;
			u32 flags;
		} __attribute__((packed)) lapic;
		struct {
			u8 id;
			u8 reserved;
			u32 address;
			u32 gsi_base;
		} __attribute__((packed)) ioapic;
		struct {
			u8 bus;
			u8 source;
			u32 gsi;
			u16 flags;
		} __attribute__((packed)) override;
		struct {
			u16 reserved;
			u64 address;
		} __attribute__((packed)) lapic_address;
	};
} __attribute__((packed));

#define MADT_LAPIC	   0
#define MADT_IOAPIC	   1
#define MADT_OVERRIDE	   2
#define MADT_LAPIC_ADDRESS 5

#define MADT_LAPIC_ENABLED	  (1u << 0)
#define MADT_LAPIC_ONLINE_CAPABLE (1u << 1)

#define MADT_POLARITY(flags) ((flags)&3)
#define MADT_TRIGGER(flags)  (((flags) >> 2) & 3)
#define MADT_LOW	     3
#define MADT_LEVEL	     3

/* A table of a megabyte is no table. */
#define ACPI_MAX_LENGTH (1u << 20)

struct acpi_machine acpi_machine;

static bool acpi_checksum_ok(const void *table, u32 length)
{
	const u8 *bytes = table;
	u8 sum = 0;

	while (length--)
		sum += *bytes++;
	return sum == 0;
}

/* The table at a physical address, or NULL when it is broken. */
static const struct acpi_header *acpi_table(u64 phys)
{
	const struct acpi_header *header;

	if (!phys)
		return NULL;
	header = __va(phys);
	if (header->length < sizeof(*header) || header->length > ACPI_MAX_LENGTH)
		return NULL;
	if (!acpi_checksum_ok(header, header->length))
		return NULL;
	return header;
}

/* ---- MADT ---- */

static void madt_add_cpu(unsigned int *nr_cpus, u32 boot_apicid, const struct acpi_madt_entry *e)
{
	if (!(e->lapic.flags & MADT_LAPIC_ENABLED) || e->lapic.apic_id == 0xff)
		return;
	if (e->lapic.apic_id == boot_apicid)
		return;
	if (*nr_cpus >= NR_CPUS) {
		pr_warn("acpi: more than %d CPUs, the rest is not used\n", NR_CPUS);
		return;
	}
	cpu_to_apicid[*nr_cpus] = e->lapic.apic_id;
	set_cpu_possible(*nr_cpus, true);
	++*nr_cpus;
}

static void madt_add_ioapic(const struct acpi_madt_entry *e)
{
	struct acpi_ioapic *ioapic = &acpi_machine.ioapic[acpi_machine.nr_ioapics];

	if (acpi_machine.nr_ioapics >= MAX_IO_APICS)
		return;
	ioapic->phys = e->ioapic.address;
	ioapic->gsi_base = e->ioapic.gsi_base;
	acpi_machine.nr_ioapics++;
}

static void madt_override(const struct acpi_madt_entry *e)
{
	struct acpi_isa_irq *irq;

	if (e->override.bus != 0 || e->override.source >= ACPI_ISA_IRQS)
		return;
	irq = &acpi_machine.isa_irq[e->override.source];
	irq->gsi = e->override.gsi;
	irq->active_low = MADT_POLARITY(e->override.flags) == MADT_LOW;
	irq->level = MADT_TRIGGER(e->override.flags) == MADT_LEVEL;
}

/* This CPU is number 0, wherever it stands in the table. */
static void parse_madt(const struct acpi_madt *madt)
{
	const u8 *at = (const u8 *)(madt + 1);
	const u8 *end = (const u8 *)madt + madt->header.length;
	u32 boot_apicid = cpu_to_apicid[0];
	unsigned int nr_cpus = 1;

	acpi_machine.lapic_phys = madt->lapic_address;
	for (; at + 2 <= end; at += at[1]) {
		const struct acpi_madt_entry *e = (const void *)at;

		if (e->length < 2 || at + e->length > end)
			break;
		if (e->type == MADT_LAPIC && e->length >= 8)
			madt_add_cpu(&nr_cpus, boot_apicid, e);
		else if (e->type == MADT_IOAPIC && e->length >= 12)
			madt_add_ioapic(e);
		else if (e->type == MADT_OVERRIDE && e->length >= 10)
			madt_override(e);
		else if (e->type == MADT_LAPIC_ADDRESS && e->length >= 12)
			acpi_machine.lapic_phys = e->lapic_address.address;
	}
}

/* ---- FADT and DSDT ---- */

/* A small constant of AML: ZeroOp, OneOp, or a byte behind BytePrefix. */
static const u8 *aml_byte(const u8 *at, const u8 *end, u8 *value)
{
	if (at + 1 < end && at[0] == 0x0a) {
		*value = at[1];
		return at + 2;
	}
	if (at < end && at[0] <= 1) {
		*value = at[0];
		return at + 1;
	}
	return NULL;
}

/* Name (\_S5, Package (n) {SLP_TYPa, SLP_TYPb, ...}): 08 "_S5_" 12 length count typa typb */
static bool parse_s5(const u8 *at, const u8 *end)
{
	u8 typa, typb;

	at += 4;
	if (at >= end || *at++ != 0x12 || at >= end)
		return false;
	at += 1 + (*at >> 6); /* the length: its own size is in the upper bits */
	at++;		      /* number of elements */
	at = aml_byte(at, end, &typa);
	if (!at)
		return false;
	if (!aml_byte(at, end, &typb))
		typb = typa;
	acpi_machine.slp_typa = typa;
	acpi_machine.slp_typb = typb;
	return true;
}

static void find_s5(const struct acpi_header *dsdt)
{
	const u8 *start = (const u8 *)(dsdt + 1);
	const u8 *end = (const u8 *)dsdt + dsdt->length;

	for (const u8 *at = start + 2; at + 4 < end; at++) {
		bool named = at[-1] == 0x08 || (at[-1] == '\\' && at[-2] == 0x08);

		if (named && !memcmp(at, "_S5_", 4) && parse_s5(at, end)) {
			acpi_machine.has_s5 = true;
			return;
		}
	}
}

/* A port from the old field of 32 bits, or else from the newer general address. */
static u16 fadt_port(u32 old, const struct acpi_gas *gas, bool has_gas)
{
	if (old)
		return old;
	if (has_gas && gas->space == 1)
		return gas->address;
	return 0;
}

static void parse_fadt(const struct acpi_fadt *fadt)
{
	u32 length = fadt->header.length;
	bool extended = length >= offsetof(struct acpi_fadt, x_pm_tmr) + sizeof(struct acpi_gas);
	const struct acpi_header *dsdt;
	u64 dsdt_phys = fadt->dsdt;

	if (length < offsetof(struct acpi_fadt, reset_reg))
		return;
	acpi_machine.pm1a_control_port = fadt_port(fadt->pm1a_cnt, &fadt->x_pm1a_cnt, extended);
	acpi_machine.pm1b_control_port = fadt_port(fadt->pm1b_cnt, &fadt->x_pm1b_cnt, extended);
	if (fadt->pm_tmr_len == 4)
		acpi_machine.pm_timer_port = fadt_port(fadt->pm_tmr, &fadt->x_pm_tmr, extended);
	acpi_machine.pm_timer_32bit = fadt->flags & FADT_TMR_VAL_EXT;
	acpi_machine.century_index = fadt->century;

	if (length > offsetof(struct acpi_fadt, reset_value) && (fadt->flags & FADT_RESET_REG) &&
	    fadt->reset_reg.space <= 1) {
		acpi_machine.reset.address = fadt->reset_reg.address;
		acpi_machine.reset.is_memory = fadt->reset_reg.space == 0;
		acpi_machine.reset_value = fadt->reset_value;
	}
	if (length >= offsetof(struct acpi_fadt, x_dsdt) + 8 && fadt->x_dsdt)
		dsdt_phys = fadt->x_dsdt;
	dsdt = acpi_table(dsdt_phys);
	if (dsdt)
		find_s5(dsdt);
}

/* ---- finding the tables ---- */

static void parse_table(u64 phys)
{
	const struct acpi_header *header = acpi_table(phys);

	if (!header)
		return;
	if (!memcmp(header->signature, "APIC", 4))
		parse_madt((const struct acpi_madt *)header);
	else if (!memcmp(header->signature, "FACP", 4))
		parse_fadt((const struct acpi_fadt *)header);
}

/* The root table: an array of physical addresses, of 8 bytes (XSDT) or 4 (RSDT), unaligned. */
static void parse_root(const struct acpi_header *root, unsigned int width)
{
	const u8 *at = (const u8 *)(root + 1);
	const u8 *end = (const u8 *)root + root->length;

	for (; at + width <= end; at += width) {
		u64 phys = 0;

		memcpy(&phys, at, width);
		parse_table(phys);
	}
}

static bool rsdp_ok(const struct acpi_rsdp *rsdp)
{
	return !memcmp(rsdp->signature, "RSD PTR ", 8) && acpi_checksum_ok(rsdp, 20);
}

/* Looks where a BIOS leaves it: the first KiB of the EBDA, then 0xe0000 to 0xfffff. */
static const struct acpi_rsdp *scan_for_rsdp(void)
{
	u32 ebda = (u32)(*(const u16 *)__va(0x40e)) << 4;

	if (ebda >= 0x80000 && ebda < 0xa0000)
		for (u32 phys = ebda; phys < ebda + 1024; phys += 16)
			if (rsdp_ok(__va(phys)))
				return __va(phys);
	for (u32 phys = 0xe0000; phys < 0x100000; phys += 16)
		if (rsdp_ok(__va(phys)))
			return __va(phys);
	return NULL;
}

static const struct acpi_rsdp *find_rsdp(u64 phys)
{
	if (phys && rsdp_ok(__va(phys)))
		return __va(phys);
	return boot_info.efi ? NULL : scan_for_rsdp();
}

/* Without any table: one CPU, ISA interrupts wired one to one, devices at their usual places. */
static void acpi_defaults(void)
{
	u32 a, b, c, d;

	for (unsigned int cpu = 0; cpu < NR_CPUS; cpu++)
		cpu_to_apicid[cpu] = BAD_APICID;
	cpuid(1, &a, &b, &c, &d);
	cpu_to_apicid[0] = b >> 24;
	set_cpu_possible(0, true);
	for (unsigned int irq = 0; irq < ACPI_ISA_IRQS; irq++)
		acpi_machine.isa_irq[irq].gsi = irq;
}

/*
 * Fills acpi_machine, cpu_to_apicid and cpu_possible_mask. rsdp_phys is what the boot loader said,
 * or 0. CPU 0, after the direct map, before setup_per_cpu_areas().
 */
void acpi_boot_init(u64 rsdp_phys)
{
	const struct acpi_header *root = NULL;
	const struct acpi_rsdp *rsdp;

	acpi_defaults();
	rsdp = find_rsdp(rsdp_phys);
	if (!rsdp) {
		pr_warn("acpi: no tables found\n");
		return;
	}
	if (rsdp->revision >= 2)
		root = acpi_table(rsdp->xsdt);
	if (root) {
		parse_root(root, 8);
	} else {
		root = acpi_table(rsdp->rsdt);
		if (root)
			parse_root(root, 4);
	}
	pr_info("acpi: %u CPUs, %u IOAPICs, PM timer at port 0x%x\n", num_possible_cpus(),
		acpi_machine.nr_ioapics, acpi_machine.pm_timer_port);
}
