// SPDX-License-Identifier: MIT
/*
 * arch/x86_64/tlb.c - which address space a CPU has loaded, and flushing it everywhere.
 *
 * Every flush of an address space raises mm->tlb_gen by one; a CPU remembers the generation up to
 * which it has flushed the mm that it has loaded. So a CPU that has caught up by a full flush skips
 * the older requests that still reach it, and one that has missed none need only drop the pages
 * of this request.
 *
 *	flusher						switcher (interrupts off)
 *	-------						--------
 *	change the page table				set own bit in mm_cpumask(next)
 *	tlb_gen++		(full barrier)		(full barrier)
 *	read mm_cpumask(mm)				read next->tlb_gen
 *	interrupt the CPUs in it			load CR3
 *
 * Either the flusher sees the bit, or the switcher loads CR3 after the change: no CPU is left with
 * an old translation. There are no process-context identifiers, so that loading CR3 drops all user
 * translations.
 *
 * A kernel thread runs on the tables of the task before it (lazy). It uses no user address, but the
 * CPU may still walk those tables on its own, and they are freed after a flush. So the first
 * flush that reaches a lazy CPU moves it to init_mm, out of the mask, and no second one comes.
 */
#include <asm/tlbflush.h>
#include <pagoda/atomic.h>
#include <pagoda/mm_types.h>
#include <pagoda/smp.h>
#include <asm/irqflags.h>
#include <asm/mmu_context.h>
#include <asm/page.h>
#include <asm/pgtable.h>
#include <asm/processor.h>
#include <asm/hardirq.h>

/* More pages than this are dropped by one load of CR3; measured, and Linux's number too. */
#define TLB_SINGLE_PAGE_FLUSH_CEILING 33

struct flush_tlb_info {
	struct mm_struct *mm;
	unsigned long start;
	unsigned long end; /* TLB_FLUSH_ALL: everything */
	u64 new_tlb_gen;
};

DEFINE_PER_CPU(struct tlb_state, cpu_tlbstate)
= {
	.loaded_mm = &init_mm,
};

/* init_mm's tables belong to the kernel image, all others to the direct map. */
static phys_addr_t pgd_phys(const pgd_t *pgd)
{
	if ((unsigned long)pgd >= __START_KERNEL_map)
		return __pa_symbol(pgd);
	return __pa(pgd);
}

/*
 * Makes next the address space of this CPU. prev is not asked: what is loaded counts, which may
 * be another mm after a lazy CPU was moved to init_mm.
 */
void switch_mm_irqs_off(struct mm_struct *prev, struct mm_struct *next, struct task_struct *tsk)
{
	struct tlb_state *state = this_cpu_ptr(&cpu_tlbstate);
	struct mm_struct *real_prev = state->loaded_mm;
	unsigned int cpu = smp_processor_id();
	u64 gen;

	state->is_lazy = false;
	if (real_prev != next && next != &init_mm)
		cpumask_set_cpu(cpu, mm_cpumask(next));
	gen = (u64)atomic64_read(&next->tlb_gen);
	if (real_prev == next && state->tlb_gen == gen)
		return;

	state->loaded_mm = next;
	state->tlb_gen = gen;
	write_cr3(pgd_phys(next->pgd));
	if (real_prev != next && real_prev != &init_mm)
		cpumask_clear_cpu(cpu, mm_cpumask(real_prev));
}

void switch_mm(struct mm_struct *prev, struct mm_struct *next, struct task_struct *tsk)
{
	unsigned long flags;

	local_irq_save(flags);
	switch_mm_irqs_off(prev, next, tsk);
	local_irq_restore(flags);
}

/* The caller holds a reference (mm_count) on mm for as long as it stays borrowed. */
void enter_lazy_tlb(struct mm_struct *mm, struct task_struct *tsk)
{
	struct tlb_state *state = this_cpu_ptr(&cpu_tlbstate);

	if (state->loaded_mm != &init_mm)
		state->is_lazy = true;
}

void leave_mm(void)
{
	unsigned long flags;

	local_irq_save(flags);
	if (this_cpu_ptr(&cpu_tlbstate)->is_lazy)
		switch_mm_irqs_off(NULL, &init_mm, NULL);
	local_irq_restore(flags);
}

/* Brings this CPU up to date with one request. Interrupts off; runs on each CPU of the mask. */
static void flush_tlb_func(void *arg)
{
	const struct flush_tlb_info *info = arg;
	struct tlb_state *state = this_cpu_ptr(&cpu_tlbstate);
	u64 gen;

	if (state->loaded_mm != info->mm)
		return;
	if (state->is_lazy) {
		switch_mm_irqs_off(NULL, &init_mm, NULL);
		return;
	}
	gen = (u64)atomic64_read(&info->mm->tlb_gen);
	if (state->tlb_gen == gen)
		return;
	if (info->end != TLB_FLUSH_ALL && info->new_tlb_gen == gen && state->tlb_gen + 1 == gen) {
		for (unsigned long addr = info->start; addr < info->end; addr += PAGE_SIZE)
			invlpg(addr);
	} else {
		write_cr3(read_cr3());
	}
	state->tlb_gen = gen;
}

static void flush_tlb_func_remote(void *arg)
{
	inc_irq_stat(irq_tlb_count);
	flush_tlb_func(arg);
}

/*
 * Drops the translations of [start, end) of mm, on every CPU that may have some. The page tables
 * are changed already.
 */
void flush_tlb_mm_range(struct mm_struct *mm, unsigned long start, unsigned long end)
{
	struct flush_tlb_info info = {.mm = mm, .start = start & PAGE_MASK, .end = end};
	unsigned long flags;

	if (end == TLB_FLUSH_ALL || end - start > TLB_SINGLE_PAGE_FLUSH_CEILING * PAGE_SIZE)
		info.end = TLB_FLUSH_ALL;
	info.new_tlb_gen = (u64)atomic64_inc_return(&mm->tlb_gen);

	if (this_cpu_read(cpu_tlbstate.loaded_mm) == mm) {
		local_irq_save(flags);
		flush_tlb_func(&info);
		local_irq_restore(flags);
	}
	if (cpumask_any_but(mm_cpumask(mm), smp_processor_id()) < NR_CPUS)
		smp_call_function_many(mm_cpumask(mm), flush_tlb_func_remote, &info, true);
}

void flush_tlb_page(struct vm_area_struct *vma, unsigned long addr)
{
	addr &= PAGE_MASK;
	flush_tlb_mm_range(vma->vm_mm, addr, addr + PAGE_SIZE);
}

void flush_tlb_range(struct vm_area_struct *vma, unsigned long start, unsigned long end)
{
	flush_tlb_mm_range(vma->vm_mm, start, end);
}

/* Everything on this CPU, the kernel's global pages too: those go only when PGE is switched. */
void flush_tlb_local(void)
{
	unsigned long flags, cr4;

	local_irq_save(flags);
	cr4 = read_cr4();
	if (cr4 & X86_CR4_PGE) {
		write_cr4(cr4 & ~X86_CR4_PGE);
		write_cr4(cr4);
	} else {
		write_cr3(read_cr3());
	}
	local_irq_restore(flags);
}

static void do_flush_tlb_all(void *unused)
{
	flush_tlb_local();
}

void flush_tlb_all(void)
{
	on_each_cpu(do_flush_tlb_all, NULL, true);
}

static void do_kernel_range_flush(void *arg)
{
	const struct flush_tlb_info *info = arg;

	for (unsigned long addr = info->start; addr < info->end; addr += PAGE_SIZE)
		invlpg(addr);
}

/* Kernel addresses are the same in every address space: all CPUs drop them. */
void flush_tlb_kernel_range(unsigned long start, unsigned long end)
{
	struct flush_tlb_info info = {.start = start & PAGE_MASK, .end = end};

	if (end == TLB_FLUSH_ALL || end - start > TLB_SINGLE_PAGE_FLUSH_CEILING * PAGE_SIZE)
		flush_tlb_all();
	else
		on_each_cpu(do_kernel_range_flush, &info, true);
}

/* On each CPU when it starts, on the kernel's own tables. */
void initialize_tlbstate(void)
{
	struct tlb_state *state = this_cpu_ptr(&cpu_tlbstate);

	state->loaded_mm = &init_mm;
	state->tlb_gen = (u64)atomic64_read(&init_mm.tlb_gen);
	state->is_lazy = false;
}
