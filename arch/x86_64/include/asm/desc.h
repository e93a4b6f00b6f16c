/* SPDX-License-Identifier: MIT */
/*
 * asm/desc.h - GDT, IDT and TSS (SDM 3A, chapters 3, 6 and 8).
 */
#ifndef _ASM_DESC_H
#define _ASM_DESC_H

#include <asm/segment.h>

/* Offsets for the assembler's %gs:cpu_tss + n. */
#define TSS_sp0 4
#define TSS_sp1 12

#ifndef __ASSEMBLER__

#include <pagoda/types.h>
#include <asm/percpu.h>

struct desc_ptr {
	u16 size;
	u64 address;
} __attribute__((packed));

/* A 64-bit interrupt gate. */
struct gate_desc {
	u16 offset_low;
	u16 segment;
	u8 ist;	 /* interrupt stack table slot, 0 for none */
	u8 type; /* P, DPL, type 0xe */
	u16 offset_middle;
	u32 offset_high;
	u32 reserved;
} __attribute__((packed));

struct tss_struct {
	u32 reserved1;
	u64 sp0; /* kernel stack of the current task; SYSCALL reads it too */
	u64 sp1; /* scratch word of the SYSCALL entry */
	u64 sp2;
	u64 reserved2;
	u64 ist[7];
	u64 reserved3;
	u16 reserved4;
	u16 io_bitmap_base; /* beyond the limit: no port is open to user mode */
} __attribute__((packed));

struct gdt_page {
	u64 gdt[GDT_ENTRIES];
} __attribute__((aligned(64)));

DECLARE_PER_CPU(struct tss_struct, cpu_tss);
DECLARE_PER_CPU(struct gdt_page, gdt_page);

/* Loads this CPU's GDT and TSS; IDT is one for all. */
void load_descriptor_tables(void);
/* Fills the IDT; boot CPU, once. */
void idt_init(void);

/* The kernel stack that entries from user mode start on: @top is one past its last byte. */
static inline void load_sp0(unsigned long top)
{
	asm volatile("movq %1, %%gs:%0" : "=m"(*(u64 *)((char *)&cpu_tss + TSS_sp0)) : "r"(top));
}

#endif /* !__ASSEMBLER__ */
#endif
