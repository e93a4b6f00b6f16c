// SPDX-License-Identifier: MIT
/*
 * arch/x86_64/cpu.c - what the processor can do, and turning on what the kernel wants of it.
 *
 * A control-register bit is set only when CPUID has the feature: the emulator hangs, rather
 * than faulting, on others.
 */
#include <pagoda/compiler.h>
#include <pagoda/panic.h>
#include <pagoda/smp.h>
#include <pagoda/string.h>
#include <asm/cpufeature.h>
#include <asm/desc.h>
#include <asm/fpu.h>
#include <asm/msr.h>
#include <asm/processor.h>

struct cpuinfo_x86 boot_cpu_data;

/* entry.S */
extern char entry_SYSCALL_64[], entry_SYSCALL_compat[];

static void __init read_brand(struct cpuinfo_x86 *c)
{
	u32 *words = (u32 *)c->model_name;
	char *from = c->model_name;

	if (c->extended_level < 0x80000004) {
		strscpy(c->model_name, "unknown", sizeof(c->model_name));
		return;
	}
	for (u32 i = 0; i < 3; i++)
		cpuid(0x80000002 + i, &words[4 * i], &words[4 * i + 1], &words[4 * i + 2],
		      &words[4 * i + 3]);
	/* Some CPUs pad on the left. */
	while (*from == ' ')
		from++;
	memmove(c->model_name, from, strlen(from) + 1);
}

/* Family, model and stepping (SDM 2A, CPUID, leaf 1): the extended fields count for some only. */
static void __init read_signature(struct cpuinfo_x86 *c)
{
	u32 *cap = c->x86_capability;
	u32 a, b;

	cpuid(1, &a, &b, &cap[CPUID_1_ECX], &cap[CPUID_1_EDX]);
	c->family = (a >> 8) & 0xf;
	c->model = (a >> 4) & 0xf;
	c->stepping = a & 0xf;
	if (c->family >= 6)
		c->model += ((a >> 16) & 0xf) << 4;
	if (c->family == 0xf)
		c->family += (a >> 20) & 0xff;
	c->clflush_size = ((b >> 8) & 0xff) * 8;
}

static void __init read_extended(struct cpuinfo_x86 *c)
{
	u32 *cap = c->x86_capability;
	u32 a, b, ecx, d;

	cpuid(0x80000000, &c->extended_level, &b, &ecx, &d);
	if (c->extended_level >= 0x80000001)
		cpuid(0x80000001, &a, &b, &cap[CPUID_8000_0001_ECX], &cap[CPUID_8000_0001_EDX]);
	c->phys_bits = 36;
	c->virt_bits = 48;
	if (c->extended_level >= 0x80000008) {
		cpuid(0x80000008, &a, &b, &ecx, &d);
		c->phys_bits = a & 0xff;
		c->virt_bits = (a >> 8) & 0xff;
	}
}

void __init early_cpu_init(void)
{
	struct cpuinfo_x86 *c = &boot_cpu_data;
	u32 *cap = c->x86_capability;
	u32 *vendor = (u32 *)c->vendor;
	u32 a, b, ecx, d;

	cpuid(0, &c->cpuid_level, &vendor[0], &vendor[2], &vendor[1]);
	read_signature(c);
	read_extended(c);
	read_brand(c);
	if (!boot_cpu_has(X86_FEATURE_NX)) /* page tables would have a reserved bit set (RND-10) */
		panic("the CPU cannot forbid execution (NX)");
	if (c->cpuid_level >= 7)
		cpuid_count(7, 0, &a, &cap[CPUID_7_0_EBX], &cap[CPUID_7_0_ECX], &d);
	if (c->cpuid_level >= 0xd && boot_cpu_has(X86_FEATURE_XSAVE))
		cpuid_count(0xd, 1, &cap[CPUID_D_1_EAX], &b, &ecx, &d);
	setup_clear_cpu_cap(X86_FEATURE_OSPKE);
}

/* Protection keys are used where signal frames can hold PKRU, unless the command line forbids. */
void __init setup_pku(bool wanted)
{
	if (!wanted || !boot_cpu_has(X86_FEATURE_XSAVE))
		setup_clear_cpu_cap(X86_FEATURE_PKU);
	if (boot_cpu_has(X86_FEATURE_PKU))
		boot_cpu_data.x86_capability[CPUID_7_0_ECX] |= 1U << X86_FEATURE_OSPKE % 32;
}

static void set_control_registers(void)
{
	static const struct {
		u16 feature;
		u32 bit;
	} wanted[] = {
		{X86_FEATURE_PGE, X86_CR4_PGE},		{X86_FEATURE_FXSR, X86_CR4_OSFXSR},
		{X86_FEATURE_SSE2, X86_CR4_OSXMMEXCPT}, {X86_FEATURE_UMIP, X86_CR4_UMIP},
		{X86_FEATURE_SMEP, X86_CR4_SMEP},	{X86_FEATURE_SMAP, X86_CR4_SMAP},
		{X86_FEATURE_XSAVE, X86_CR4_OSXSAVE},	{X86_FEATURE_OSPKE, X86_CR4_PKE},
	};
	unsigned long cr4 = X86_CR4_PAE | X86_CR4_PSE;

	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++)
		if (boot_cpu_has(wanted[i].feature))
			cr4 |= wanted[i].bit;
	write_cr4(cr4);
	write_cr0(X86_CR0_PG | X86_CR0_WP | X86_CR0_NE | X86_CR0_ET | X86_CR0_MP | X86_CR0_PE |
		  X86_CR0_AM);
}

static void syscall_init(void)
{
	/* SYSRET adds 16 to the user base for CS and 8 for SS. */
	wrmsrl(MSR_STAR, (u64)__USER32_CS << 48 | (u64)__KERNEL_CS << 32);
	wrmsrl(MSR_LSTAR, (u64)entry_SYSCALL_64);
	wrmsrl(MSR_CSTAR, (u64)entry_SYSCALL_compat);
	wrmsrl(MSR_SYSCALL_MASK, X86_EFLAGS_CF | X86_EFLAGS_PF | X86_EFLAGS_AF | X86_EFLAGS_ZF |
					 X86_EFLAGS_SF | X86_EFLAGS_TF | X86_EFLAGS_IF |
					 X86_EFLAGS_DF | X86_EFLAGS_OF | X86_EFLAGS_IOPL |
					 X86_EFLAGS_NT | X86_EFLAGS_RF | X86_EFLAGS_AC |
					 X86_EFLAGS_ID);
	wrmsrl(MSR_EFER, rdmsrl(MSR_EFER) | EFER_SCE | EFER_NX);
}

void cpu_init(void)
{
	load_descriptor_tables();
	set_control_registers();
	syscall_init();
	fpu_init_cpu();
	if (boot_cpu_has(X86_FEATURE_RDTSCP))
		wrmsrl(MSR_TSC_AUX, smp_processor_id());
}

void __init cpu_init_late(void)
{
	if (cpu_alloc_exception_stacks(0))
		panic("no memory for exception stacks");
	load_descriptor_tables();
	fpu_init();
}
