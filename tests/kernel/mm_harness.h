/* SPDX-License-Identifier: MIT */
/*
 * tests/kernel/mm_harness.h - an address space of its own for a test in a kernel thread.
 */
#ifndef MM_HARNESS_H
#define MM_HARNESS_H

#include <pagoda/kernel.h>
#include <pagoda/gfp.h>
#include <pagoda/mm.h>
#include <pagoda/sched.h>
#include <asm/mmu_context.h>
#include "../../mm/vm_internal.h"
#include "ktest.h"

struct test_mm {
	struct mm_struct *mm;
	struct mm_struct *borrowed; /* what the thread ran on, and holds a reference to */
};

static inline void test_mm_switch(struct mm_struct *mm, struct mm_struct *active)
{
	struct task_struct *tsk = current;

	task_lock(tsk);
	tsk->mm = mm;
	tsk->active_mm = active;
	task_unlock(tsk);
	vmacache_flush(tsk);
	switch_mm(NULL, mm ? mm : &init_mm, tsk);
}

static inline bool test_mm_start(struct test_mm *t)
{
	t->mm = mm_alloc();
	if (!t->mm)
		return false;
	arch_pick_mmap_layout(t->mm, 8UL << 20);
	t->borrowed = current->active_mm;
	test_mm_switch(t->mm, t->mm);
	return true;
}

static inline void test_mm_end(struct test_mm *t)
{
	KTEST_EXPECT_EQ(mm_verify(t->mm), 0);
	test_mm_switch(NULL, t->borrowed);
	mmput(t->mm);
}

/* A copy as fork makes it, without a task; NULL without memory. Nobody watches either. */
static inline struct mm_struct *fork_mm(struct mm_struct *mm)
{
	LIST_HEAD(uf);

	return dup_mm(mm, &uf);
}

static inline unsigned long map_anon(unsigned long addr, unsigned long pages, unsigned long prot,
				     unsigned long flags)
{
	return vm_mmap_pgoff(NULL, addr, pages << PAGE_SHIFT, prot, flags | MAP_ANONYMOUS, 0);
}

/* A word of another address space; ~0 when it cannot be read. */
static inline unsigned long peek(struct mm_struct *mm, unsigned long addr)
{
	unsigned long value;

	if (access_remote_vm(mm, addr, &value, sizeof(value), 0) != sizeof(value))
		return ~0UL;
	return value;
}

static inline bool poke(struct mm_struct *mm, unsigned long addr, unsigned long value)
{
	return access_remote_vm(mm, addr, &value, sizeof(value), FOLL_WRITE) == sizeof(value);
}

#define PROT_RW (PROT_READ | PROT_WRITE)

#endif
