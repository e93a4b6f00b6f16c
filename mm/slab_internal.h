/* SPDX-License-Identifier: MIT */
/*
 * mm/slab_internal.h - the cache structure, shared by the files of the slab allocator.
 */
#ifndef MM_SLAB_INTERNAL_H
#define MM_SLAB_INTERNAL_H

#include <pagoda/local_stack.h>
#include <pagoda/slab.h>
#include <pagoda/smp.h>
#include <pagoda/spinlock.h>

#define MAX_CACHES 128

/*
 * One slot of a slab:
 *
 *	| red_left | object | right red zone | link | alloc track | free track |
 *	           ^ what callers see        ^ obj + link
 *
 * Without debugging and constructor only the object is there, and link is 0: a free object's first
 * word leads to the next.
 *
 * The first group is constant once the cache is made.
 */
struct kmem_cache {
	unsigned int id;	/* this cache's place in slab_stacks and slab_caches */
	unsigned int flags;	/* SLAB_* */
	unsigned int link;	/* offset of the link word from the object */
	unsigned int cpu_limit; /* objects that one CPU keeps ready */
	unsigned int cpu_batch; /* how many move at once */
	unsigned int object_size;
	unsigned int size; /* of a slot */
	unsigned int align;
	unsigned int red_left;
	unsigned int order; /* of a slab, normally */
	void (*ctor)(void *);
	const char *name;

	spinlock_t lock; /* irq-safe; guards the rest and all slabs' freelist and inuse */
	struct list_head partial;
	struct list_head full;
	unsigned long nr_slabs;
	unsigned long total_objs;
	unsigned long free_objs; /* on slabs' freelists; objects on CPU stacks are not */
};

/* Each CPU's ready objects, by cache: links to objects (obj + link). */
DECLARE_PER_CPU(struct local_stack[MAX_CACHES], slab_stacks);

static inline struct local_stack *slab_stack(const struct kmem_cache *s)
{
	return this_cpu_ptr(&slab_stacks[s->id]);
}

static inline unsigned int slab_order_objects(const struct kmem_cache *s, unsigned int order)
{
	return (PAGE_SIZE << order) / s->size;
}

/* ---- mm/slab.c --------------------------------------------------------------------------- */

/* kmem_cache_alloc() and kmem_cache_free() for someone else, as the debug mode will say. */
void *slab_alloc_caller(struct kmem_cache *s, gfp_t gfp, const void *caller);
void slab_free_caller(struct kmem_cache *s, void *obj, const void *caller);
/* Moves ready objects of this CPU, all but keep, back to their slabs. */
void slab_drain_stack(struct kmem_cache *s, unsigned int keep);
/* Frees slabs without an object in use; returns pages. */
unsigned long slab_free_empty(struct kmem_cache *s);

/* ---- mm/kmalloc.c ------------------------------------------------------------------------ */

void xa_node_cache_init(void);

/* ---- mm/slab_debug.c --------------------------------------------------------------------- */

/* Room for red zones and tracks: sets red_left, link and size. */
void slab_debug_layout(struct kmem_cache *s);
void slab_debug_new(struct kmem_cache *s, void *obj);
void slab_debug_alloc(struct kmem_cache *s, void *obj, const void *caller);
/* False: the object must not be freed (reported). */
bool slab_debug_free(struct kmem_cache *s, void *obj, const void *caller);
/* Faults in the free objects of one slab; s->lock held. */
unsigned int slab_debug_verify(struct kmem_cache *s, struct page *page);
/* Prints who allocated what is still in use. */
void slab_debug_leaks(struct kmem_cache *s);

#endif
