// SPDX-License-Identifier: MIT
/*
 * mm/buddy.c - the buddy allocator: free memory in blocks of 2^order pages.
 *
 * An allocation takes the smallest block that is large enough and gives the unused halves back; a
 * free block joins its buddy (the other half of the block one order up) as long as that is free
 * too. The buddy of block pfn has pfn ^ (1 << order):
 *
 *	order 2  |        0        |        4        |
 *	order 1  |   0    |   2    |   4    |   6    |
 *	order 0  | 0 | 1  | 2 | 3  | 4 | 5  | 6 | 7  |
 *
 * struct page exists for every frame of the largest block around any RAM, so a buddy can always
 * be looked at. Locks: zone.lock, irq-safe; nothing here sleeps.
 */
#include <pagoda/kernel.h>
#include <pagoda/printk.h>
#include "internal.h"

struct zone zone = {
	.lock = __SPIN_LOCK_UNLOCKED_RANK(RANK_ALLOC),
};

void buddy_init(void)
{
	unsigned int order;

	for (order = 0; order < MAX_ORDER; order++)
		INIT_LIST_HEAD(&zone.free_area[order].free_list);
}

/* ---- Free lists: zone.lock held ---------------------------------------------------------- */

static inline void add_to_free_list(struct page *page, unsigned int order)
{
	page->flags = 1UL << PG_buddy;
	page->private = order;
	list_add(&page->lru, &zone.free_area[order].free_list);
	zone.free_area[order].nr_free++;
	zone.nonempty |= 1u << order;
}

static inline void del_from_free_list(struct page *page, unsigned int order)
{
	page->flags = 0;
	list_del(&page->lru);
	if (!--zone.free_area[order].nr_free)
		zone.nonempty &= ~(1u << order);
}

static inline bool page_is_buddy(const struct page *page, unsigned int order)
{
	return PageBuddy(page) && page->private == order;
}

/* Returns the upper halves of a block until it has the order that is wanted. */
static inline void expand(struct page *page, unsigned int order, unsigned int have)
{
	while (have > order) {
		have--;
		add_to_free_list(page + (1UL << have), have);
	}
}

static inline struct page *__rmqueue(unsigned int order)
{
	unsigned int fit = zone.nonempty >> order << order;
	unsigned int have;
	struct page *page;

	if (!fit)
		return NULL;
	have = __builtin_ctz(fit);
	page = list_first_entry(&zone.free_area[have].free_list, struct page, lru);
	del_from_free_list(page, have);
	expand(page, order, have);
	zone.free_pages -= 1UL << order;
	return page;
}

static inline void __free_one_page(struct page *page, unsigned int order)
{
	unsigned long pfn = page_to_pfn(page);

	zone.free_pages += 1UL << order;
	while (order < MAX_ORDER - 1) {
		struct page *buddy = pfn_to_page(pfn ^ (1UL << order));

		if (!page_is_buddy(buddy, order))
			break;
		del_from_free_list(buddy, order);
		pfn &= ~(1UL << order);
		order++;
	}
	add_to_free_list(pfn_to_page(pfn), order);
}

/* Frees neighbouring pages [page, end) in the largest aligned blocks. */
static void free_run(struct page *page, struct page *end)
{
	while (page < end) {
		unsigned long pfn = page_to_pfn(page);
		unsigned int order = min(ilog2(end - page), MAX_ORDER - 1);

		if (pfn & ((1UL << order) - 1))
			order = __builtin_ctzl(pfn);
		__free_one_page(page, order);
		page += 1UL << order;
	}
}

/* ---- The interface ----------------------------------------------------------------------- */

struct page *buddy_alloc(unsigned int order, unsigned long reserve)
{
	struct page *page = NULL;
	unsigned long flags;

	spin_lock_irqsave(&zone.lock, flags);
	if (zone.free_pages >= reserve + (1UL << order))
		page = __rmqueue(order);
	spin_unlock_irqrestore(&zone.lock, flags);
	return page;
}

void buddy_free(struct page *page, unsigned int order)
{
	unsigned long flags;

	spin_lock_irqsave(&zone.lock, flags);
	__free_one_page(page, order);
	spin_unlock_irqrestore(&zone.lock, flags);
}

void buddy_add(unsigned long pfn, unsigned long end)
{
	unsigned long i, flags;

	for (i = pfn; i < end; i++) {
		pfn_to_page(i)->flags = 0;
		set_page_count(pfn_to_page(i), 0);
	}
	spin_lock_irqsave(&zone.lock, flags);
	zone.managed_pages += end - pfn;
	free_run(pfn_to_page(pfn), pfn_to_page(end));
	spin_unlock_irqrestore(&zone.lock, flags);
}

/*
 * Takes up to nr pages as blocks and pushes them, the lowest last, so that they are used in
 * ascending order. The smallest blocks go first, as for single pages, and are split only if they
 * hold too many.
 */
unsigned int buddy_fill(struct local_stack *stack, unsigned int nr, unsigned long reserve)
{
	unsigned int count, got = 0;
	unsigned long flags;
	void *first;

	spin_lock_irqsave(&zone.lock, flags);
	count = local_stack_count(stack);
	first = local_stack_first(stack);
	nr = min(nr, LOCAL_STACK_MAX - count);
	if (zone.free_pages < reserve + nr)
		nr = zone.free_pages > reserve ? zone.free_pages - reserve : 0;
	while (got < nr) {
		unsigned int order = min(__builtin_ctz(zone.nonempty), ilog2(nr - got));
		struct page *page = __rmqueue(order);
		struct page *last = page + (1u << order);

		while (last-- > page) {
			last->flags = 1UL << PG_pcp;
			*(void **)&last->lru = first;
			first = &last->lru;
		}
		got += 1u << order;
	}
	local_stack_set(stack, first, count + got);
	spin_unlock_irqrestore(&zone.lock, flags);
	return got;
}

/* Memory is often freed in the order of its addresses: neighbours on the stack go as one block. */
unsigned int buddy_drain(struct local_stack *stack, unsigned int keep)
{
	struct page *lo = NULL, *hi = NULL;
	unsigned int count, left;
	unsigned long flags;
	void **node;

	spin_lock_irqsave(&zone.lock, flags);
	count = left = local_stack_count(stack);
	for (node = local_stack_first(stack); left > keep; left--) {
		struct page *page = container_of((struct list_head *)node, struct page, lru);

		node = *node;
		page->flags = 0;
		if (page + 1 == lo) {
			lo = page;
		} else if (page == hi) {
			hi++;
		} else {
			free_run(lo, hi);
			lo = page;
			hi = page + 1;
		}
	}
	free_run(lo, hi);
	local_stack_set(stack, node, left);
	spin_unlock_irqrestore(&zone.lock, flags);
	return count - left;
}

void buddy_counts(unsigned long counts[MAX_ORDER])
{
	unsigned long flags;
	unsigned int order;

	spin_lock_irqsave(&zone.lock, flags);
	for (order = 0; order < MAX_ORDER; order++)
		counts[order] = zone.free_area[order].nr_free;
	spin_unlock_irqrestore(&zone.lock, flags);
}

/* ---- Verification ------------------------------------------------------------------------ */

static const char *buddy_fault(struct page *page, unsigned int order)
{
	unsigned long pfn = page_to_pfn(page);

	if (page->flags != 1UL << PG_buddy)
		return "flags";
	if (page->private != order)
		return "order";
	if (page_ref_count(page))
		return "reference count";
	if (pfn & ((1UL << order) - 1))
		return "alignment";
	if (order < MAX_ORDER - 1 && page_is_buddy(pfn_to_page(pfn ^ (1UL << order)), order))
		return "unmerged buddy";
	return NULL;
}

/* Walks every list with the lock held: for tests and the end of a checked run. */
unsigned int buddy_verify(void)
{
	unsigned int order, faults = 0;
	unsigned long flags, sum = 0;
	const char *fault;
	struct page *page;

	spin_lock_irqsave(&zone.lock, flags);
	for (order = 0; order < MAX_ORDER; order++) {
		struct free_area *area = &zone.free_area[order];
		unsigned long nr = 0;

		list_for_each_entry (page, &area->free_list, lru) {
			fault = buddy_fault(page, order);
			if (fault) {
				pr_err("buddy: free block at %#lx: %s\n", page_to_pfn(page), fault);
				faults++;
			}
			nr++;
		}
		faults += nr != area->nr_free || !nr == !!(zone.nonempty & (1u << order));
		sum += nr << order;
	}
	faults += sum != zone.free_pages;
	spin_unlock_irqrestore(&zone.lock, flags);
	if (faults)
		pr_err("buddy: %u faults, %lu pages in the lists\n", faults, sum);
	return faults;
}
