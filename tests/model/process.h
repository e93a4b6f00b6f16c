/* SPDX-License-Identifier: MIT */
/*
 * process.h - a simulated process, for the parts of the model that see the kernel's headers.
 */
#ifndef TESTS_MODEL_PROCESS_H
#define TESTS_MODEL_PROCESS_H

#include <pagoda/mm.h>
#include <pagoda/sched.h>
#include <asm/pgtable.h>
#include "machine.h"

#define TLB_SLOTS 2048

/* One translation, as the page tables had it when it was loaded. */
struct tlb_entry {
	bool valid;
	unsigned long addr;
	pte_t pte;
};

/* Each process runs on a CPU of its own, so that its TLB keeps everything until a flush. */
struct process {
	struct task_struct task;
	struct signal_struct signal; /* for its limits */
	bool alive;
	struct tlb_entry tlb[TLB_SLOTS];
};

extern struct process processes[NR_PROCS];

static inline struct process *process_of_mm(const struct mm_struct *mm)
{
	for (int i = 0; i < NR_PROCS; i++) {
		if (processes[i].alive && processes[i].task.mm == mm)
			return &processes[i];
	}
	return NULL;
}

static inline struct process *current_process(void)
{
	return container_of(current, struct process, task);
}

static inline unsigned long window_address(unsigned long offset)
{
	return WINDOW_BASE + offset;
}

/* tests/model/mmu.c */
void tlb_drop(struct process *p, unsigned long start, unsigned long end);
/* The entry of @addr, or NULL when a table is missing; looks only. */
pte_t *mmu_find_pte(struct mm_struct *mm, unsigned long addr);

#endif
