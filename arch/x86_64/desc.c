// SPDX-License-Identifier: MIT
/*
 * arch/x86_64/desc.c - the GDT and TSS of each CPU, and the one IDT.
 *
 * Every gate is an interrupt gate: handlers start with interrupts off, and those for faults
 * of user mode turn them on again. Double fault, machine check and NMI run on stacks of their
 * own (IST), as the current one may be unusable; each has a guard page below it once
 * cpu_alloc_exception_stacks() has run.
 */
#include <pagoda/compiler.h>
#include <pagoda/errno.h>
#include <pagoda/mm_types.h>
#include <pagoda/smp.h>
#include <pagoda/vmalloc.h>
#include <asm/desc.h>
#include <asm/irq_vectors.h>
#include <asm/processor.h>
#include <asm/traps.h>

#define EXCEPTION_STACK_SIZE (2 * PAGE_SIZE)

#define GATE_INTERRUPT 0x8e /* present, 64-bit interrupt gate */
#define GATE_DPL3      0x60

#define CODE64_DESC(dpl) (0x00af9b000000ffffULL | (u64)(dpl) << 45)
#define CODE32_DESC(dpl) (0x00cf9b000000ffffULL | (u64)(dpl) << 45)
#define DATA_DESC(dpl)	 (0x00cf93000000ffffULL | (u64)(dpl) << 45)

/* entry.S */
extern char entry_INT80[], exc_stubs[], irq_entries_start[];
extern char asm_exc_page_fault[], asm_exc_nmi[], asm_exc_double_fault[], asm_exc_machine_check[];

static struct gate_desc idt_table[NR_VECTORS] __aligned(4096);

/* Stacks of the boot CPU until there is vmalloc. */
static char early_ist_stack[N_EXCEPTION_STACKS][EXCEPTION_STACK_SIZE] __aligned(16);
static unsigned long ist_stack_top[NR_CPUS][N_EXCEPTION_STACKS];

extern char init_stack[];

DEFINE_PER_CPU_ALIGNED(struct tss_struct, cpu_tss) = {
	.io_bitmap_base = sizeof(struct tss_struct),
};

DEFINE_PER_CPU(struct gdt_page, gdt_page)
= {
	.gdt =
		{
			[GDT_ENTRY_KERNEL32_CS] = CODE32_DESC(0),
			[GDT_ENTRY_KERNEL_CS] = CODE64_DESC(0),
			[GDT_ENTRY_KERNEL_DS] = DATA_DESC(0),
			[GDT_ENTRY_DEFAULT_USER32_CS] = CODE32_DESC(3),
			[GDT_ENTRY_DEFAULT_USER_DS] = DATA_DESC(3),
			[GDT_ENTRY_DEFAULT_USER_CS] = CODE64_DESC(3),
		},
};

static void __init set_gate(unsigned int vector, void *handler, unsigned int ist, u8 dpl)
{
	unsigned long addr = (unsigned long)handler;

	idt_table[vector] = (struct gate_desc){
		.offset_low = addr,
		.segment = __KERNEL_CS,
		.ist = ist,
		.type = GATE_INTERRUPT | dpl,
		.offset_middle = addr >> 16,
		.offset_high = addr >> 32,
	};
}

void __init idt_init(void)
{
	for (unsigned int v = 0; v < FIRST_EXTERNAL_VECTOR; v++)
		set_gate(v, exc_stubs + 16 * v, 0, 0);
	for (unsigned int v = FIRST_EXTERNAL_VECTOR; v < NR_VECTORS; v++)
		set_gate(v, irq_entries_start + 16 * (v - FIRST_EXTERNAL_VECTOR), 0, 0);
	set_gate(X86_TRAP_PF, asm_exc_page_fault, 0, 0);
	set_gate(X86_TRAP_NMI, asm_exc_nmi, IST_INDEX_NMI, 0);
	set_gate(X86_TRAP_DF, asm_exc_double_fault, IST_INDEX_DF, 0);
	set_gate(X86_TRAP_MC, asm_exc_machine_check, IST_INDEX_DF, 0);
	set_gate(X86_TRAP_BP, exc_stubs + 16 * X86_TRAP_BP, 0, GATE_DPL3);
	set_gate(X86_TRAP_OF, exc_stubs + 16 * X86_TRAP_OF, 0, GATE_DPL3);
	set_gate(IA32_SYSCALL_VECTOR, entry_INT80, 0, GATE_DPL3);
	for (unsigned int i = 0; i < N_EXCEPTION_STACKS; i++)
		ist_stack_top[0][i] = (unsigned long)early_ist_stack[i] + EXCEPTION_STACK_SIZE;
}

/* The TSS descriptor spans two entries; the CPU number hides in the limit of another. */
static void fill_gdt(u64 *gdt, unsigned int cpu)
{
	u64 base = (u64)this_cpu_ptr(&cpu_tss);
	u64 limit = sizeof(struct tss_struct) - 1;

	gdt[GDT_ENTRY_TSS] =
		limit | (base & 0xffffff) << 16 | 0x89ULL << 40 | (base >> 24 & 0xff) << 56;
	gdt[GDT_ENTRY_TSS + 1] = base >> 32;
	gdt[GDT_ENTRY_CPUNODE] = 0x0040f30000000000ULL | cpu;
}

void load_descriptor_tables(void)
{
	unsigned int cpu = smp_processor_id();
	struct gdt_page *page = this_cpu_ptr(&gdt_page);
	struct tss_struct *tss = this_cpu_ptr(&cpu_tss);
	struct desc_ptr gdt = {sizeof(page->gdt) - 1, (u64)page->gdt};
	struct desc_ptr idt = {sizeof(idt_table) - 1, (u64)idt_table};

	for (unsigned int i = 0; i < N_EXCEPTION_STACKS; i++)
		tss->ist[i] = ist_stack_top[cpu][i];
	fill_gdt(page->gdt, cpu);
	asm volatile("lgdt %0" : : "m"(gdt));
	asm volatile("ltr %w0" : : "r"(__TSS_SEL));
	asm volatile("lidt %0" : : "m"(idt));
	/* No LDT; the one after reset has 64 KiB at address 0, which a program could name. */
	asm volatile("lldt %w0" : : "r"(0));
	/* A return by far jump takes the new code descriptor; data selectors stay as they are. */
	asm volatile("pushq %0\n"
		     "leaq 1f(%%rip), %%rax\n"
		     "pushq %%rax\n"
		     "lretq\n"
		     "1:\n"
		     "movl %1, %%eax\n"
		     "movl %%eax, %%ss\n"
		     "xorl %%eax, %%eax\n"
		     "movl %%eax, %%ds\n"
		     "movl %%eax, %%es\n"
		     :
		     : "i"(__KERNEL_CS), "i"(__KERNEL_DS)
		     : "rax", "memory");
}

/* A block of vmalloc has an unmapped page on either side, so each stack gets its own. */
int cpu_alloc_exception_stacks(unsigned int cpu)
{
	for (unsigned int i = 0; i < N_EXCEPTION_STACKS; i++) {
		char *stack = vmalloc(EXCEPTION_STACK_SIZE);

		if (!stack)
			return -ENOMEM;
		ist_stack_top[cpu][i] = (unsigned long)stack + EXCEPTION_STACK_SIZE;
	}
	return 0;
}
