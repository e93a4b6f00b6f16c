// SPDX-License-Identifier: MIT
/*
 * mm/slab.c - objects from slabs: allocation and freeing.
 *
 * A slab is a block of pages cut into objects of one size. Its free objects form a list; the
 * struct page holds that list's head and the number of objects that are out. Each CPU has, per
 * cache, a stack of objects ready for use, taken from the slabs and given back in batches:
 *
 *	kmem_cache_alloc --> CPU's stack <--refill-- partial slabs <--new_slab-- page allocator
 *	kmem_cache_free  --> CPU's stack --drain--> slabs; an empty one goes if others have room
 *
 * The stacks need no lock (see local_stack.h). A slab with free objects is on cache->partial, one
 * without on cache->full. Locks: cache->lock, irq-safe, never held while pages are allocated or
 * freed.
 */
#include <pagoda/kernel.h>
#include <pagoda/printk.h>
#include <pagoda/sched.h>
#include <pagoda/vmstat.h>
#include "slab_internal.h"

DEFINE_PER_CPU(struct local_stack[MAX_CACHES], slab_stacks);

/* ---- Slabs ------------------------------------------------------------------------------- */

static void mod_slab_stat(const struct kmem_cache *s, long pages)
{
	if (s->flags & SLAB_RECLAIM_ACCOUNT)
		mod_vm_stat(NR_SLAB_RECLAIMABLE, pages);
	else
		mod_vm_stat(NR_SLAB_UNRECLAIMABLE, pages);
}

static struct page *alloc_slab_pages(struct kmem_cache *s, gfp_t gfp)
{
	unsigned int order = get_order(s->size);
	struct page *page;

	gfp &= ~(__GFP_ZERO | __GFP_MOVABLE);
	/* A large slab is nice to have; a slab for one object must do. */
	if (s->order > order) {
		page = alloc_pages((gfp & ~__GFP_DIRECT_RECLAIM) | __GFP_COMP | __GFP_NOWARN,
				   s->order);
		if (page)
			return page;
	}
	return alloc_pages(gfp | __GFP_COMP, order);
}

/* A slab with all objects free, on no list. */
static struct page *new_slab(struct kmem_cache *s, gfp_t gfp)
{
	struct page *page = alloc_slab_pages(s, gfp);
	unsigned int order, i;
	char *slot;

	if (!page)
		return NULL;
	order = compound_order(page);
	page->freelist = NULL;
	page->inuse = 0;
	page->objects = slab_order_objects(s, order);
	for (i = 0; i < 1u << order; i++) {
		page[i].slab_cache = s;
		__SetPageSlab(&page[i]);
	}
	mod_slab_stat(s, 1L << order);

	/* From the end, so that the first object is the first to be used. */
	slot = (char *)page_address(page) + page->objects * s->size;
	for (i = 0; i < page->objects; i++) {
		void *obj = (slot -= s->size) + s->red_left;
		void **node = obj + s->link;

		if (unlikely(s->flags & SLAB_DEBUG_FLAGS))
			slab_debug_new(s, obj);
		if (s->ctor)
			s->ctor(obj);
		*node = page->freelist;
		page->freelist = node;
	}
	return page;
}

/* Frees slabs that are on no list of the cache any more; returns pages. */
static unsigned long free_slabs(struct kmem_cache *s, struct list_head *empty)
{
	struct page *page, *next;
	unsigned long freed = 0;

	list_for_each_entry_safe (page, next, empty, slab_list) {
		unsigned int order = compound_order(page), i;

		for (i = 0; i < 1u << order; i++)
			__ClearPageSlab(&page[i]);
		mod_slab_stat(s, -(1L << order));
		freed += 1UL << order;
		__free_pages(page, order);
	}
	return freed;
}

/* s->lock held. */
static void add_slab(struct kmem_cache *s, struct page *page)
{
	s->nr_slabs++;
	s->total_objs += page->objects;
	s->free_objs += page->objects;
	list_add(&page->slab_list, &s->partial);
}

/* s->lock held. */
static void remove_empty_slab(struct kmem_cache *s, struct page *page, struct list_head *empty)
{
	s->nr_slabs--;
	s->total_objs -= page->objects;
	s->free_objs -= page->objects;
	list_move(&page->slab_list, empty);
}

unsigned long slab_free_empty(struct kmem_cache *s)
{
	struct page *page, *next;
	LIST_HEAD(empty);
	unsigned long flags;

	spin_lock_irqsave(&s->lock, flags);
	list_for_each_entry_safe (page, next, &s->partial, slab_list) {
		if (!page->inuse)
			remove_empty_slab(s, page, &empty);
	}
	spin_unlock_irqrestore(&s->lock, flags);
	return free_slabs(s, &empty);
}

/* ---- Between slabs and CPU stacks: s->lock held, interrupts off -------------------------- */

/* Takes a free object's link from a slab, or NULL. */
static void *take_object(struct kmem_cache *s)
{
	struct page *page = list_first_entry_or_null(&s->partial, struct page, slab_list);
	void **node;

	if (!page)
		return NULL;
	node = page->freelist;
	page->freelist = *node;
	page->inuse++;
	s->free_objs--;
	if (!page->freelist)
		list_move(&page->slab_list, &s->full);
	return node;
}

static void give_object(struct kmem_cache *s, void **node, struct list_head *empty)
{
	struct page *page = virt_to_head_page(node);

	if (!page->freelist)
		list_move(&page->slab_list, &s->partial);
	*node = page->freelist;
	page->freelist = node;
	s->free_objs++;
	/* Keep an empty slab only if the next refill would need it. */
	if (!--page->inuse && s->free_objs - page->objects >= s->cpu_batch)
		remove_empty_slab(s, page, empty);
}

/* Fills the CPU's stack; returns one link more, or NULL when no slab has free objects. */
static void *refill_stack(struct kmem_cache *s)
{
	struct local_stack *stack = slab_stack(s);
	void *first = take_object(s), *node;
	unsigned int i;

	if (!first)
		return NULL;
	for (i = 1; i < s->cpu_batch && local_stack_count(stack) < s->cpu_limit; i++) {
		node = take_object(s);
		if (!node)
			break;
		local_stack_push(stack, node, LOCAL_STACK_MAX);
	}
	return first;
}

/* ---- Allocation -------------------------------------------------------------------------- */

/* The link of an object, from the slabs or a new one. */
static void *slab_take_slow(struct kmem_cache *s, gfp_t gfp)
{
	struct page *page = NULL;
	unsigned long flags;
	void *node;

	if (should_fail_alloc(gfp))
		return NULL;
	/* With fault injection the stack has not been tried yet. */
	node = local_stack_pop(slab_stack(s));
	while (!node) {
		spin_lock_irqsave(&s->lock, flags);
		if (page)
			add_slab(s, page);
		node = refill_stack(s);
		spin_unlock_irqrestore(&s->lock, flags);
		if (node)
			break;
		page = new_slab(s, gfp);
		if (!page)
			break;
	}
	return node;
}

static noinline void *slab_alloc_slow(struct kmem_cache *s, gfp_t gfp, const void *caller)
{
	void *node, *obj;

	if (gfpflags_allow_blocking(gfp))
		might_sleep();
	node = slab_take_slow(s, gfp);
	if (!node)
		return NULL;
	obj = node - s->link;
	if (s->flags & SLAB_DEBUG_FLAGS)
		slab_debug_alloc(s, obj, caller);
	return gfp & __GFP_ZERO ? memset(obj, 0, s->object_size) : obj;
}

/* Debugged caches and injected faults take the slow path, which knows of them. */
static __always_inline void *slab_alloc(struct kmem_cache *s, gfp_t gfp, const void *caller)
{
	void *node, *obj;

	if (unlikely((s->flags & SLAB_DEBUG_FLAGS) || READ_ONCE(fail_alloc_countdown)))
		return slab_alloc_slow(s, gfp, caller);
	node = local_stack_pop(slab_stack(s));
	if (unlikely(!node))
		return slab_alloc_slow(s, gfp, caller);
	obj = node - s->link;
	return gfp & __GFP_ZERO ? memset(obj, 0, s->object_size) : obj;
}

void *kmem_cache_alloc(struct kmem_cache *s, gfp_t gfp)
{
	return slab_alloc(s, gfp, __builtin_return_address(0));
}

void *slab_alloc_caller(struct kmem_cache *s, gfp_t gfp, const void *caller)
{
	return slab_alloc(s, gfp, caller);
}

/* ---- Freeing ----------------------------------------------------------------------------- */

void slab_drain_stack(struct kmem_cache *s, unsigned int keep)
{
	struct local_stack *stack = slab_stack(s);
	LIST_HEAD(empty);
	unsigned long flags;

	spin_lock_irqsave(&s->lock, flags);
	while (local_stack_count(stack) > keep)
		give_object(s, local_stack_pop(stack), &empty);
	spin_unlock_irqrestore(&s->lock, flags);
	free_slabs(s, &empty);
}

/* This CPU's stack is full: a batch goes back to the slabs. */
static noinline void slab_free_slow(struct kmem_cache *s, void *obj)
{
	do {
		slab_drain_stack(s, s->cpu_limit - s->cpu_batch);
	} while (!local_stack_push(slab_stack(s), obj + s->link, s->cpu_limit));
}

static __always_inline void slab_free(struct kmem_cache *s, void *obj, const void *caller)
{
	VM_BUG_ON(!PageSlab(virt_to_page(obj)) || virt_to_page(obj)->slab_cache != s);
	if (unlikely(s->flags & SLAB_DEBUG_FLAGS) && !slab_debug_free(s, obj, caller))
		return;
	if (unlikely(!local_stack_push(slab_stack(s), obj + s->link, s->cpu_limit)))
		slab_free_slow(s, obj);
}

void slab_free_caller(struct kmem_cache *s, void *obj, const void *caller)
{
	slab_free(s, obj, caller);
}

void kmem_cache_free(struct kmem_cache *s, void *obj)
{
	if (likely(obj))
		slab_free(s, obj, __builtin_return_address(0));
}
