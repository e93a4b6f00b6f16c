// SPDX-License-Identifier: MIT
/*
 * mm/thread_stack.c - kernel stacks, each above an unmapped page that stops an overflow.
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
 * Locks: stack_lock, irq-safe, guards the pool, the free slots and the number of slots. Freeing
 * does not sleep; a stack is linked by its own first words.
 */
#include <pagoda/kernel.h>
#include <pagoda/gfp.h>
#include <pagoda/local_stack.h>
#include <pagoda/printk.h>
#include <pagoda/sched.h>
#include <pagoda/smp.h>
#include <pagoda/slab.h>
#include <pagoda/vmalloc.h>
#include <pagoda/vmstat.h>
#include <asm/pgtable.h>
#include <asm/tlbflush.h>
#include "internal.h"
#include "vmalloc_internal.h"

#define STACK_PAGES    (THREAD_SIZE / PAGE_SIZE)
#define SLOT_SIZE      (THREAD_SIZE + PAGE_SIZE)
#define MAX_SLOTS      ((VMALLOC_END - STACK_AREA_START) / SLOT_SIZE)
#define STACKS_PER_CPU 4
#define POOL_MAX       32
#define PURGE_BATCH    16

/* A slot without pages; the struct is kept for its next use. */
struct free_slot {
	struct free_slot *next;
	unsigned long stack;
};

static DEFINE_PER_CPU(struct local_stack, cpu_stacks);
static DEFINE_SPINLOCK_RANK(stack_lock, RANK_ALLOC);
static void *pool; /* mapped stacks, linked by their first word */
static unsigned int pool_count;
static struct free_slot *free_slots;
static unsigned long nr_slots; /* ever used */

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

static unsigned long get_slot(void)
{
	struct free_slot *slot;
	unsigned long stack = 0, flags;

	spin_lock_irqsave(&stack_lock, flags);
	slot = free_slots;
	if (slot) {
		free_slots = slot->next;
		stack = slot->stack;
	} else if (nr_slots < MAX_SLOTS) {
		stack = STACK_AREA_START + nr_slots++ * SLOT_SIZE + PAGE_SIZE;
	}
	spin_unlock_irqrestore(&stack_lock, flags);
	kfree(slot);
	return stack;
}

static void put_slot(struct free_slot *slot, unsigned long stack)
{
	unsigned long flags;

	slot->stack = stack;
	spin_lock_irqsave(&stack_lock, flags);
	slot->next = free_slots;
	free_slots = slot;
	spin_unlock_irqrestore(&stack_lock, flags);
}

/* ---- Giving stacks back ------------------------------------------------------------------ */

/*
 * Unmaps nr stacks, flushes once, frees their pages and slots. Each stack's slot struct is made
 * beforehand, so that nothing can fail after the first entry is gone.
 */
static void unmap_stacks(unsigned long *stacks, struct free_slot **slots, unsigned int nr)
{
	struct page *pages[PURGE_BATCH * STACK_PAGES];
	unsigned long lo = ~0UL, hi = 0;
	unsigned int i, j, n = 0;

	for (i = 0; i < nr; i++) {
		for (j = 0; j < STACK_PAGES; j++)
			pages[n++] = vmalloc_to_page((void *)stacks[i] + j * PAGE_SIZE);
		unmap_kernel_pages(stacks[i], stacks[i] + THREAD_SIZE);
		lo = min(lo, stacks[i]);
		hi = max(hi, stacks[i] + THREAD_SIZE);
	}
	flush_tlb_kernel_range(lo, hi);
	release_pages(pages, n);
	mod_vm_stat(NR_KERNEL_STACK, -(long)n);
	for (i = 0; i < nr; i++)
		put_slot(slots[i], stacks[i]);
}

/* Frees stacks of the pool until keep are left; returns pages. */
static unsigned long trim_pool(unsigned int keep)
{
	unsigned long stacks[PURGE_BATCH], freed = 0;
	struct free_slot *slots[PURGE_BATCH];
	unsigned int nr;

	do {
		for (nr = 0; nr < PURGE_BATCH && READ_ONCE(pool_count) > keep; nr++) {
			slots[nr] = kmalloc(sizeof(*slots[nr]), GFP_NOWAIT | __GFP_NOWARN);
			if (!slots[nr])
				break;
			stacks[nr] = (unsigned long)pool_pop();
			if (!stacks[nr]) {
				kfree(slots[nr]);
				break;
			}
		}
		if (nr)
			unmap_stacks(stacks, slots, nr);
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

/* Undoes the first nr pages of a stack that nobody has used. */
static void unmap_stack_pages(unsigned long stack, unsigned int nr)
{
	struct page *pages[STACK_PAGES];
	unsigned int i;

	for (i = 0; i < nr; i++)
		pages[i] = vmalloc_to_page((void *)stack + i * PAGE_SIZE);
	unmap_kernel_pages(stack, stack + nr * PAGE_SIZE);
	flush_tlb_kernel_range(stack, stack + THREAD_SIZE);
	release_pages(pages, nr);
}

static void *map_new_stack(void)
{
	struct free_slot *slot = kmalloc(sizeof(*slot), GFP_KERNEL);
	unsigned long stack = slot ? get_slot() : 0;
	unsigned int i;

	if (!stack)
		goto fail;
	for (i = 0; i < STACK_PAGES; i++) {
		struct page *page = alloc_page(GFP_KERNEL);

		if (!page)
			goto fail_unmap;
		if (map_kernel_page(stack + i * PAGE_SIZE, page_to_pfn(page), PAGE_KERNEL)) {
			__free_page(page);
			goto fail_unmap;
		}
	}
	mod_vm_stat(NR_KERNEL_STACK, STACK_PAGES);
	kfree(slot);
	return (void *)stack;

fail_unmap:
	unmap_stack_pages(stack, i);
	put_slot(slot, stack);
	return NULL;
fail:
	kfree(slot);
	return NULL;
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
	if (addr < STACK_AREA_START || addr >= STACK_AREA_START + nr_slots * SLOT_SIZE)
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
