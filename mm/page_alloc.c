// SPDX-License-Identifier: MIT
/*
 * mm/page_alloc.c - allocating and freeing page frames.
 *
 *	alloc_page() --> this CPU's stack of free pages		no lock, no interrupts off
 *	     | empty
 *	     v
 *	get_page_from_zone() --> buddy lists			zone.lock, a batch at a time
 *	     | below the reserve
 *	     v
 *	alloc_pages_slow() --> try_to_free_pages() --> OOM killer	may sleep
 *
 * Freed pages go the same way back. A page on a CPU's stack has PG_pcp, in a buddy list PG_buddy.
 * Locks: none held by the caller is needed; only __GFP_DIRECT_RECLAIM requests may sleep.
 */
#include <pagoda/kernel.h>
#include <pagoda/gfp.h>
#include <pagoda/oom.h>
#include <pagoda/printk.h>
#include <pagoda/sched.h>
#include <pagoda/smp.h>
#include <pagoda/vmstat.h>
#include "internal.h"

/* Orders above this are not worth killing a process for. */
#define COSTLY_ORDER	    3
#define MAX_RECLAIM_RETRIES 16

/* A page with one of these cannot be free: whoever frees it has lost count. */
#define PAGE_FLAGS_CHECK_AT_FREE                                                                   \
	(1UL << PG_locked | 1UL << PG_slab | 1UL << PG_buddy | 1UL << PG_pcp |                     \
	 1UL << PG_reserved | 1UL << PG_tail)

static DEFINE_PER_CPU(struct local_stack, pcp_pages);
static unsigned int pcp_high = 32, pcp_batch = 16;

/* ---- New pages --------------------------------------------------------------------------- */

static __always_inline void prep_new_page(struct page *page, gfp_t gfp)
{
	page->flags = 0;
	page->mapping = NULL;
	set_page_count(page, 1);
	if (gfp & __GFP_ZERO)
		clear_page(page_address(page));
}

static void prep_new_block(struct page *page, unsigned int order, gfp_t gfp)
{
	bool compound = order && (gfp & __GFP_COMP);
	unsigned long i;

	for (i = 0; i < 1UL << order; i++) {
		prep_new_page(&page[i], gfp);
		page[i].order = order;
		if (i)
			set_page_count(&page[i], 0);
		if (compound)
			page[i].flags = 1UL << (i ? PG_tail : PG_head);
	}
}

/* ---- Allocation -------------------------------------------------------------------------- */

/* How much of the zone must stay free for a request of this kind. */
static unsigned long reserve_for(gfp_t gfp)
{
	unsigned long min = READ_ONCE(zone.min_pages);

	if (!(gfp & __GFP_NOMEMALLOC) && ((gfp & __GFP_MEMALLOC) || (current->flags & PF_MEMALLOC)))
		return 0;
	if (test_thread_flag(TIF_MEMDIE))
		return min / 4;
	return gfp & __GFP_HIGH ? min / 2 : min;
}

/* A block from the zone, not yet prepared; one page comes with a batch for the CPU's stack. */
static struct page *get_page_from_zone(gfp_t gfp, unsigned int order)
{
	struct local_stack *stack = this_cpu_ptr(&pcp_pages);
	unsigned long reserve = reserve_for(gfp);
	struct list_head *node;

	if (order)
		return buddy_alloc(order, reserve);
	do {
		node = local_stack_pop(stack);
	} while (!node && buddy_fill(stack, pcp_batch, reserve));
	return node ? list_entry(node, struct page, lru) : NULL;
}

static void warn_alloc_failed(gfp_t gfp, unsigned int order)
{
	static unsigned long failures;
	unsigned long nr = __atomic_add_fetch(&failures, 1, __ATOMIC_RELAXED);

	/* The first, the second, the fourth, ... */
	if ((gfp & __GFP_NOWARN) || (nr & (nr - 1)))
		return;
	pr_warn("%s: page allocation failure: order:%u, mode:%#x, free:%lu, reserve:%lu\n",
		current->comm, order, gfp, nr_free_pages(), zone.min_pages);
}

/* Takes memory from whoever can do without, in the end from a process; NULL if that is no help. */
static struct page *reclaim_page_from_zone(gfp_t gfp, unsigned int order)
{
	struct page *page;
	int tries = 0;

	might_sleep();
	while (tries < MAX_RECLAIM_RETRIES) {
		unsigned long progress = try_to_free_pages(pcp_batch * 2);

		page = get_page_from_zone(gfp, order);
		if (page)
			return page;
		/* Somebody was quicker: that may go on, but for blocks that may never come together. */
		tries += !progress || order > COSTLY_ORDER;
		if (progress)
			continue;
		if ((gfp & __GFP_NORETRY) || order > COSTLY_ORDER || !out_of_memory(gfp, order))
			break;
	}
	/* The killed process may have given its memory back after the last look. */
	return get_page_from_zone(gfp, order);
}

static noinline struct page *alloc_pages_slow(gfp_t gfp, unsigned int order)
{
	struct page *page;

	if (order >= MAX_ORDER || should_fail_alloc(gfp))
		return NULL;
	page = get_page_from_zone(gfp, order);
	if (!page && gfpflags_allow_blocking(gfp) && !(current->flags & PF_MEMALLOC))
		page = reclaim_page_from_zone(gfp, order);
	if (!page) {
		warn_alloc_failed(gfp, order);
		return NULL;
	}
	count_vm_events(PGALLOC, 1L << order);
	prep_new_block(page, order, gfp);
	return page;
}

struct page *alloc_page(gfp_t gfp)
{
	struct list_head *node = NULL;
	struct page *page;

	if (gfpflags_allow_blocking(gfp))
		might_sleep();
	if (likely(!READ_ONCE(fail_alloc_countdown)))
		node = local_stack_pop(this_cpu_ptr(&pcp_pages));
	if (unlikely(!node))
		return alloc_pages_slow(gfp, 0);
	page = list_entry(node, struct page, lru);
	VM_BUG_ON(page->flags != 1UL << PG_pcp || page_ref_count(page));
	count_vm_event(PGALLOC);
	prep_new_page(page, gfp);
	return page;
}

struct page *alloc_pages(gfp_t gfp, unsigned int order)
{
	return order ? alloc_pages_slow(gfp, order) : alloc_page(gfp);
}

/* ---- Freeing ----------------------------------------------------------------------------- */

/* Reports a page that must not be freed; it is lost, which harms less than using it twice. */
static __cold noinline void bad_page(struct page *page)
{
	pr_err("BUG: freeing page %#lx with flags %#lx, references %d, mapping %p\n",
	       page_to_pfn(page), page->flags, page_ref_count(page), page->mapping);
	__atomic_fetch_or(&tainted_mask, TAINT_BAD_PAGE, __ATOMIC_RELAXED);
	WARN_ON(1);
}

/* This CPU's list is full: a batch goes back to the buddy lists. */
static noinline void free_unref_page_slow(struct page *page)
{
	struct local_stack *stack = this_cpu_ptr(&pcp_pages);

	do {
		buddy_drain(stack, pcp_high - pcp_batch);
	} while (!local_stack_push(stack, &page->lru, pcp_high));
}

/* A frame whose last reference is gone. */
static void free_unref_page(struct page *page)
{
	if (unlikely(page->flags & (PAGE_FLAGS_CHECK_AT_FREE | 1UL << PG_head))) {
		bad_page(page);
		return;
	}
	VM_BUG_ON(page_ref_count(page));
	count_vm_event(PGFREE);
	page->flags = 1UL << PG_pcp;
#ifdef CONFIG_CHECKED
	memset(page_address(page), 0xaa, PAGE_SIZE);
#endif
	if (unlikely(!local_stack_push(this_cpu_ptr(&pcp_pages), &page->lru, pcp_high)))
		free_unref_page_slow(page);
}

/* A block whose last reference is gone. */
static void free_block(struct page *page, unsigned int order)
{
	unsigned long i;

	for (i = 0; i < 1UL << order; i++) {
		unsigned long allowed = i ? 1UL << PG_tail : 0;

		if (unlikely(page[i].flags & PAGE_FLAGS_CHECK_AT_FREE & ~allowed)) {
			bad_page(&page[i]);
			return;
		}
		page[i].flags = 0;
	}
	count_vm_events(PGFREE, 1L << order);
	buddy_free(page, order);
}

void __put_page(struct page *page)
{
	unsigned int order = compound_order(page);

	if (order)
		free_block(page, order);
	else
		free_unref_page(page);
}

void __free_pages(struct page *page, unsigned int order)
{
	if (!put_page_testzero(page))
		return;
	if (order)
		free_block(page, order);
	else
		__put_page(page);
}

void release_pages(struct page **pages, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		put_page(pages[i]);
}

void put_pages_list(struct list_head *pages)
{
	struct page *page, *next;

	list_for_each_entry_safe (page, next, pages, lru)
		put_page(page);
	INIT_LIST_HEAD(pages);
}

/* ---- By address -------------------------------------------------------------------------- */

unsigned long __get_free_pages(gfp_t gfp, unsigned int order)
{
	struct page *page = alloc_pages(gfp, order);

	return page ? (unsigned long)page_address(page) : 0;
}

void free_pages(unsigned long addr, unsigned int order)
{
	if (addr)
		__free_pages(virt_to_page(addr), order);
}

/* ---- Per-CPU lists and counts ------------------------------------------------------------ */

static void drain_local_pages(void *unused)
{
	buddy_drain(this_cpu_ptr(&pcp_pages), 0);
}

void drain_all_pages(void)
{
	on_each_cpu(drain_local_pages, NULL, true);
}

unsigned long nr_free_pages(void)
{
	unsigned long sum = READ_ONCE(zone.free_pages);
	unsigned int cpu;

	for_each_possible_cpu (cpu)
		sum += local_stack_count(per_cpu_ptr(&pcp_pages, cpu));
	return sum;
}

unsigned long nr_managed_pages(void)
{
	return READ_ONCE(zone.managed_pages);
}

unsigned long min_free_pages(void)
{
	return READ_ONCE(zone.min_pages);
}

unsigned long nr_free_buffer_pages(void)
{
	unsigned long free = nr_free_pages(), min = min_free_pages();

	return free > min ? free - min : 0;
}

void set_min_free_kbytes(unsigned long kbytes)
{
	unsigned long pages = kbytes >> (PAGE_SHIFT - 10);

	WRITE_ONCE(zone.min_pages, clamp(pages, 16UL, zone.managed_pages / 4));
}

/* ---- Start-up ---------------------------------------------------------------------------- */

/* The reserve is 1/128 of memory, 128 KiB to 8 MiB; a CPU may hold 1/64, 64 KiB to 768 KiB. */
void page_alloc_init(void)
{
	zone.min_pages = clamp(zone.managed_pages / 128, 32UL, 2048UL);
	pcp_high = clamp(zone.managed_pages / 64, 16UL, 192UL);
	pcp_batch = pcp_high / 3;
}
