// SPDX-License-Identifier: MIT
/*
 * arch/x86_64/smpboot.c - starting the other CPUs, one after the other.
 *
 *	CPU 0					CPU n
 *	-----					-----
 *	reserve_real_mode: a page below 1 MiB
 *	smp_prepare_cpus: copy the trampoline
 *	cpu_up: idle task, exception stacks
 *	INIT, start-up IPI ------------------->	trampoline.S
 *						start_secondary: descriptors, APIC, timer
 *	wait	<------------------------------	set_cpu_online
 *						cpu_startup_entry: the idle loop
 *
 * The secondary_* words are for the one CPU that is being started; nothing else uses them.
 *
 * Source: Intel SDM volume 3, section 8.4.
 */
#include <pagoda/smp.h>
#include <pagoda/errno.h>
#include <pagoda/kernel.h>
#include <pagoda/memblock.h>
#include <pagoda/printk.h>
#include <pagoda/sched.h>
#include <pagoda/sched_task.h>
#include <asm/apic.h>
#include <asm/current.h>
#include <asm/irqflags.h>
#include <asm/msr.h>
#include <asm/pgtable.h>
#include <asm/processor.h>
#include <asm/smp.h>
#include <asm/tlbflush.h>
#include <asm/tsc.h>

/* The end of trampoline.S; base: what is relative to the page there. */
struct trampoline_data {
	u32 far32_offset;
	u16 far32_selector;
	u16 pad1;
	u32 far64_offset;
	u16 far64_selector;
	u16 pad2;
	u16 gdt_limit;
	u32 gdt_base;
	u16 pad3;
	u32 cr3;
	u32 cr0;
	u64 efer;
	u64 entry;
} __attribute__((packed));

void secondary_startup_64(void);

unsigned long secondary_cr3, secondary_cr4, secondary_gs_base, secondary_stack;

/* Physical address of the trampoline page; 0: there is none. */
static phys_addr_t trampoline_phys;

/*
 * Page tables of the trampoline: the page itself, executable and read-only, at its physical
 * address, and above the kernel as it is everywhere.
 */
static pgd_t trampoline_pgd[PTRS_PER_PGD] __attribute__((aligned(PAGE_SIZE)));
static pud_t trampoline_pud[PTRS_PER_PUD] __attribute__((aligned(PAGE_SIZE)));
static pmd_t trampoline_pmd[PTRS_PER_PMD] __attribute__((aligned(PAGE_SIZE)));
static pte_t trampoline_pte[PTRS_PER_PTE] __attribute__((aligned(PAGE_SIZE)));

/* Takes a page below 1 MiB, before anything else is allocated but after what is there is reserved.
 */
void reserve_real_mode(void)
{
	trampoline_phys = memblock_alloc_phys_below(PAGE_SIZE, PAGE_SIZE, 0xa0000);
	if (!trampoline_phys)
		pr_warn("smp: no page below 1 MiB, only one CPU will run\n");
}

static void build_trampoline_tables(void)
{
	unsigned long addr = trampoline_phys;

	for (unsigned int i = KERNEL_PGD_BOUNDARY; i < PTRS_PER_PGD; i++)
		set_pgd(&trampoline_pgd[i], pgdp_get(&swapper_pg_dir[i]));
	set_pgd(&trampoline_pgd[0], __pgd(_KERNPG_TABLE | __pa_symbol(trampoline_pud)));
	set_pud(&trampoline_pud[0], __pud(_KERNPG_TABLE | __pa_symbol(trampoline_pmd)));
	set_pmd(&trampoline_pmd[0], __pmd(_KERNPG_TABLE | __pa_symbol(trampoline_pte)));
	set_pte(&trampoline_pte[pte_index(addr)], pfn_pte(PHYS_PFN(addr), PAGE_KERNEL_ROX));
}

static void copy_trampoline(void)
{
	char *page = __va(trampoline_phys);
	struct trampoline_data *data;

	memcpy(page, trampoline_start, trampoline_end - trampoline_start);
	data = (struct trampoline_data *)(page + (trampoline_data - trampoline_start));
	data->far32_offset += trampoline_phys;
	data->far64_offset += trampoline_phys;
	data->gdt_base += trampoline_phys;
	data->cr3 = __pa_symbol(trampoline_pgd);
	data->cr0 = read_cr0();
	data->efer = rdmsrl(MSR_EFER) & ~(u64)EFER_LMA;
	data->entry = (unsigned long)secondary_startup_64;
}

/* The boot CPU counts as online from the first line of start_kernel(). */
void smp_prepare_boot_cpu(void)
{
	set_cpu_possible(0, true);
	set_cpu_online(0, true);
}

void smp_prepare_cpus(unsigned int max_cpus)
{
	if (max_cpus <= 1 || num_possible_cpus() <= 1 || !trampoline_phys)
		return;
	build_trampoline_tables();
	copy_trampoline();
	secondary_cr3 = __pa_symbol(swapper_pg_dir);
	secondary_cr4 = read_cr4();
}

static bool wait_online(unsigned int cpu, u64 ms)
{
	u64 start = sched_clock();

	while (sched_clock() - start < ms * 1000000) {
		if (cpu_online(cpu))
			return true;
		cpu_relax();
	}
	return false;
}

/* INIT, then start-up interrupts with the page number; a second one when the first is not heeded.
 */
static int wakeup_secondary_cpu(unsigned int cpu)
{
	u32 apicid = cpu_to_apicid[cpu];
	u32 startup = APIC_DM_STARTUP | (u32)(trampoline_phys >> PAGE_SHIFT);

	apic_icr_write(apicid, APIC_INT_LEVELTRIG | APIC_INT_ASSERT | APIC_DM_INIT);
	udelay(200);
	apic_icr_write(apicid, APIC_INT_LEVELTRIG | APIC_DM_INIT);
	udelay(200);
	apic_icr_write(apicid, startup);
	if (wait_online(cpu, 200))
		return 0;
	apic_icr_write(apicid, startup);
	return wait_online(cpu, 5000) ? 0 : -EIO;
}

/* Starts one CPU and waits until it runs. -EIO when it does not, -ENOMEM, -EINVAL. */
int cpu_up(unsigned int cpu)
{
	struct task_struct *idle;
	int err;

	if (!cpu_possible(cpu) || cpu_to_apicid[cpu] == BAD_APICID || !trampoline_phys)
		return -EINVAL;
	idle = fork_idle(cpu);
	if (IS_ERR(idle))
		return PTR_ERR(idle);
	err = cpu_alloc_exception_stacks(cpu);
	if (err)
		return err;
	per_cpu(current_task, cpu) = idle;
	secondary_gs_base = __per_cpu_offset[cpu];
	secondary_stack = (unsigned long)idle->stack + THREAD_SIZE;
	return wakeup_secondary_cpu(cpu);
}

/* The first C function on a new CPU: interrupts disabled, current is its idle task. */
void start_secondary(void)
{
	cpu_init();
	initialize_tlbstate();
	setup_local_APIC();
	setup_APIC_timer();
	set_cpu_online(smp_processor_id(), true);
	local_irq_enable();
	cpu_startup_entry();
}
