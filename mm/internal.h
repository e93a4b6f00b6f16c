/* SPDX-License-Identifier: MIT */
/*
 * mm/internal.h - what the files of the page allocator share.
 */
#ifndef MM_INTERNAL_H
#define MM_INTERNAL_H

#include <pagoda/gfp.h>
#include <pagoda/local_stack.h>
#include <pagoda/spinlock.h>

struct free_area {
	struct list_head free_list; /* heads of free blocks, by lru */
	unsigned long nr_free;
};

/*
 * All of memory. Lock: irq-safe, guards everything but min_pages, which is a plain word.
 * A free block is naturally aligned; its first page has PG_buddy and the order in private. No two
 * free buddies of one order exist: they would be one block of the next.
 */
struct zone {
	spinlock_t lock;
	unsigned int nonempty; /* bit n: free_area[n] has blocks */
	struct free_area free_area[MAX_ORDER];
	unsigned long free_pages;    /* in the lists above */
	unsigned long managed_pages; /* ever given to the allocator */
	unsigned long min_pages;     /* reserve: only for who must not wait, or frees memory */
};

extern struct zone zone;

/* ---- mm/buddy.c -------------------------------------------------------------------------- */

void buddy_init(void);
/* Frees frames [pfn, end), which the allocator has not known before. */
void buddy_add(unsigned long pfn, unsigned long end);
/* A block, still with _refcount 0; leaves reserve pages free. NULL when that cannot be. */
struct page *buddy_alloc(unsigned int order, unsigned long reserve);
void buddy_free(struct page *page, unsigned int order);
/* Moves up to nr single pages to (all but keep pages from) a CPU's stack; returns how many. */
unsigned int buddy_fill(struct local_stack *stack, unsigned int nr, unsigned long reserve);
unsigned int buddy_drain(struct local_stack *stack, unsigned int keep);

/* ---- mm/page_alloc.c --------------------------------------------------------------------- */

/* Sizes the per-CPU lists and the reserve for the memory there is. */
void page_alloc_init(void);

/* ---- mm/vmscan.c ------------------------------------------------------------------------- */

/* Memory is short: takes back about nr pages that nobody needs; returns how many. May sleep. */
unsigned long try_to_free_pages(unsigned long nr);

#endif
