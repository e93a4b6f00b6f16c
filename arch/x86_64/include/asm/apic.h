/* SPDX-License-Identifier: MIT */
/*
 * asm/apic.h - the local APIC of each CPU and the IOAPICs.
 *
 * Registers: Intel SDM volume 3, chapter 11 (local APIC), and the 82093AA data sheet (IOAPIC).
 */
#ifndef _ASM_APIC_H
#define _ASM_APIC_H

#include <pagoda/types.h>
#include <pagoda/cpumask.h>

/* Local APIC registers, as offsets from its page */
#define APIC_ID	     0x20
#define APIC_LVR     0x30
#define APIC_TPR     0x80
#define APIC_EOI     0xb0
#define APIC_LDR     0xd0
#define APIC_DFR     0xe0
#define APIC_SPIV    0xf0
#define APIC_ESR     0x280
#define APIC_ICR     0x300
#define APIC_ICR2    0x310
#define APIC_LVTT    0x320
#define APIC_LVTTHMR 0x330
#define APIC_LVTPC   0x340
#define APIC_LVT0    0x350
#define APIC_LVT1    0x360
#define APIC_LVTERR  0x370
#define APIC_TMICT   0x380
#define APIC_TMCCT   0x390
#define APIC_TDCR    0x3e0

#define APIC_SPIV_APIC_ENABLED (1u << 8)
#define APIC_LVT_MASKED	       (1u << 16)
#define APIC_MAXLVT(lvr)       (((lvr) >> 16) & 0xff)
#define APIC_TDR_DIV_1	       0xb

/* Interrupt command register: delivery mode, level, and busy bit */
#define APIC_DM_FIXED	   0x000
#define APIC_DM_NMI	   0x400
#define APIC_DM_INIT	   0x500
#define APIC_DM_STARTUP	   0x600
#define APIC_ICR_BUSY	   (1u << 12)
#define APIC_INT_ASSERT	   (1u << 14)
#define APIC_INT_LEVELTRIG (1u << 15)

#define APIC_BASE_MSR	     0x1b
#define APIC_BASE_MSR_ENABLE (1u << 11)
#define APIC_DEFAULT_PHYS    0xfee00000UL

#define MAX_IO_APICS 4
#define BAD_APICID   0xffffffffu

/* The hardware id of each CPU; BAD_APICID where there is none. Written at boot only. */
extern u32 cpu_to_apicid[NR_CPUS];

extern volatile u32 *apic_base;

static inline u32 apic_read(unsigned int reg)
{
	return apic_base[reg / 4];
}

static inline void apic_write(unsigned int reg, u32 val)
{
	apic_base[reg / 4] = val;
}

static inline void apic_eoi(void)
{
	apic_write(APIC_EOI, 0);
}

/* arch/x86_64/apic.c */
void init_apic_mappings(void);
void setup_local_APIC(void);
void apic_send_IPI(unsigned int cpu, unsigned int vector);
void apic_send_IPI_mask(const cpumask_t *mask, unsigned int vector);
void apic_send_NMI_allbutself(void);
void apic_icr_write(u32 apicid, u32 command);
u32 read_apic_id(void);

/* the one-shot timer of this CPU */
void apic_timer_start_count(void);
u32 apic_timer_elapsed(void);
void apic_timer_set_rate(u64 ticks, u64 ns);
void setup_APIC_timer(void);
void clockevent_program(u64 ns_delta);

/* arch/x86_64/ioapic.c */
void setup_IO_APIC(void);

/* arch/x86_64/i8259.c */
void init_8259A(void);

#endif
