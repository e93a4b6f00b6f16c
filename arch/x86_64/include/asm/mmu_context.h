/* SPDX-License-Identifier: MIT */
/*
 * asm/mmu_context.h - which address space a CPU has loaded.
 *
 * A CPU is in mm_cpumask(mm) from before it loads mm->pgd until after it has loaded
 * another: flushes of that mm reach it. tlb_gen is the mm's generation up to which this
 * CPU has flushed; a CPU that switches to an mm takes CR3 anew and is up to date.
 * A kernel thread keeps the previous mm loaded (lazy) and leaves it when told to flush.
 */
#ifndef _ASM_MMU_CONTEXT_H
#define _ASM_MMU_CONTEXT_H

#include <pagoda/types.h>
#include <asm/percpu.h>

struct mm_struct;
struct task_struct;

struct tlb_state {
	struct mm_struct *loaded_mm; /* whose pgd is in CR3; never NULL after boot */
	u64 tlb_gen;		     /* its generation that this CPU has seen */
	bool is_lazy;		     /* a kernel thread borrows it */
};

DECLARE_PER_CPU(struct tlb_state, cpu_tlbstate);

/* arch/x86_64/mmu_context.c; interrupts off. @tsk: who runs next (for statistics), or NULL. */
void switch_mm_irqs_off(struct mm_struct *prev, struct mm_struct *next, struct task_struct *tsk);
/* The same from code with interrupts on (exec, kthread_use_mm). */
void switch_mm(struct mm_struct *prev, struct mm_struct *next, struct task_struct *tsk);
/* A kernel thread begins to borrow @mm, which stays loaded. */
void enter_lazy_tlb(struct mm_struct *mm, struct task_struct *tsk);
/* Leaves a borrowed mm for init_mm (its tables are about to go). */
void leave_mm(void);

#endif
