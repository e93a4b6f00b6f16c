// SPDX-License-Identifier: MIT
/*
 * kernel/thread_stack.c - kernel stacks, each above an unmapped page that stops an overflow.
 *
 * The upper half of the vmalloc area is cut into slots of one guard page and THREAD_SIZE bytes:
 *
 *	STACK_AREA_START
 *	| guard | stack 0 | guard | stack 1 | guard | stack 2 | ...
 *
 * A stack that is freed stays mapped, first on its CPU, then in a pool, and the next task gets it
 * without work on page tables. What the pool holds too much, or all of it when memory is short, is
 * unmapped with one TLB flush for many stacks; the slots are used again.
 *
 * Locks: stack_lock, irq-safe, guards the pool and the map of slots. Freeing does not sleep; a
 * stack is linked by its own first word.
 */
#include <pagoda/kernel.h>
#include <pagoda/bitmap.h>
#include <pagoda/gfp.h>
#include <pagoda/local_stack.h>
#include <pagoda/printk.h>
#include <pagoda/sched.h>
#include <pagoda/smp.h>
#include <pagoda/vmalloc.h>
#include <pagoda/vmstat.h>
#include <asm/pgtable.h>
#include <asm/tlbflush.h>

#define STACK_PAGES    (THREAD_SIZE / PAGE_SIZE)
#define SLOT_SIZE      (THREAD_SIZE + PAGE_SIZE)
#define MAX_SLOTS      32768 /* as many as there can be process ids */
#define STACKS_PER_CPU 4
#define POOL_MAX       32
#define PURGE_BATCH    16

static DEFINE_PER_CPU(struct local_stack, cpu_stacks);
static DEFINE_SPINLOCK_RANK(stack_lock, RANK_ALLOC);
static void *pool; /* mapped stacks, linked by their first word */
static unsigned int pool_count;
static DECLARE_BITMAP(used_slots, MAX_SLOTS); /* slots with mapped stacks */
static unsigned long first_free;	      /* no slot below is free */

static void *pool_pop(void)
{
	unsigned long flags;
	void *stack;

	spin_lock_irqsave(&stack_lock, flags);
	stack = pool;
	if (stack) {
		pool = *(void **)stack;
		pool_count--;
	}
	spin_unlock_irqrestore(&stack_lock, flags);
	return stack;
}

/* ---- Slots ------------------------------------------------------------------------------- */

/* The lowest free slot, so that page tables are used again; 0 if there is none. */
static unsigned long get_slot(void)
{
	unsigned long slot, flags;

	spin_lock_irqsave(&stack_lock, flags);
	slot = find_next_zero_bit(used_slots, MAX_SLOTS, first_free);
	if (slot < MAX_SLOTS)
		__set_bit(slot, used_slots);
	first_free = min(slot + 1, (unsigned long)MAX_SLOTS);
	spin_unlock_irqrestore(&stack_lock, flags);
	return slot < MAX_SLOTS ? STACK_AREA_START + slot * SLOT_SIZE + PAGE_SIZE : 0;
}

static void put_slot(unsigned long stack)
{
	unsigned long slot = (stack - STACK_AREA_START) / SLOT_SIZE, flags;

	spin_lock_irqsave(&stack_lock, flags);
	__clear_bit(slot, used_slots);
	first_free = min(first_free, slot);
	spin_unlock_irqrestore(&stack_lock, flags);
}

/* ---- Giving stacks back ------------------------------------------------------------------ */

/* Unmaps nr stacks, flushes once, frees their slots and the pages that they have. */
static void unmap_stacks(const unsigned long *stacks, unsigned int nr)
{
	unsigned long lo = ~0UL, hi = 0;
	LIST_HEAD(pages);
	unsigned int i;

	for (i = 0; i < nr; i++) {
		unmap_kernel_pages(stacks[i], stacks[i] + THREAD_SIZE, &pages);
		lo = min(lo, stacks[i]);
		hi = max(hi, stacks[i] + THREAD_SIZE);
	}
	flush_tlb_kernel_range(lo, hi);
	put_pages_list(&pages);
	mod_vm_stat(NR_KERNEL_STACK, -(long)(nr * STACK_PAGES));
	for (i = 0; i < nr; i++)
		put_slot(stacks[i]);
}

/* Frees stacks of the pool until keep are left; returns pages. */
static unsigned long trim_pool(unsigned int keep)
{
	unsigned long stacks[PURGE_BATCH], freed = 0;
	unsigned int nr;

	do {
		for (nr = 0; nr < PURGE_BATCH && READ_ONCE(pool_count) > keep; nr++) {
			stacks[nr] = (unsigned long)pool_pop();
			if (!stacks[nr])
				break;
		}
		if (nr)
			unmap_stacks(stacks, nr);
		freed += nr * STACK_PAGES;
	} while (nr == PURGE_BATCH);
	return freed;
}

static void free_to_pool(void *stack)
{
	unsigned long flags;

	spin_lock_irqsave(&stack_lock, flags);
	*(void **)stack = pool;
	pool = stack;
	pool_count++;
	spin_unlock_irqrestore(&stack_lock, flags);
}

static void drain_cpu_stacks(void *unused)
{
	void *stack;

	while ((stack = local_stack_pop(this_cpu_ptr(&cpu_stacks))))
		free_to_pool(stack);
}

unsigned long purge_thread_stacks(void)
{
	on_each_cpu(drain_cpu_stacks, NULL, true);
	return trim_pool(0);
}

/* ---- The interface ----------------------------------------------------------------------- */

static void *map_new_stack(void)
{
	unsigned long stack = get_slot();

	if (!stack)
		return NULL;
	mod_vm_stat(NR_KERNEL_STACK, STACK_PAGES);
	if (map_new_pages(stack, stack + THREAD_SIZE, GFP_KERNEL)) {
		unmap_stacks(&stack, 1);
		return NULL;
	}
	return (void *)stack;
}

void *alloc_thread_stack(void)
{
	void *stack = local_stack_pop(this_cpu_ptr(&cpu_stacks));

	if (stack)
		return stack;
	if (READ_ONCE(pool_count) > POOL_MAX)
		trim_pool(POOL_MAX / 2);
	stack = pool_pop();
	return stack ? stack : map_new_stack();
}

void free_thread_stack(void *stack)
{
	if (!local_stack_push(this_cpu_ptr(&cpu_stacks), stack, STACKS_PER_CPU))
		free_to_pool(stack);
}

bool is_thread_stack_guard(unsigned long addr)
{
	if (addr < STACK_AREA_START || addr >= STACK_AREA_START + MAX_SLOTS * SLOT_SIZE)
		return false;
	return (addr - STACK_AREA_START) % SLOT_SIZE < PAGE_SIZE;
}

/* The first slots' page tables exist from the start, so that no early task needs them made. */
void thread_stack_init(void)
{
	void *stack = map_new_stack();

	if (!stack)
		panic("no memory for kernel stacks");
	free_thread_stack(stack);
}
