// SPDX-License-Identifier: MIT
/*
 * mm/slab_cache.c - making, shrinking and showing slab caches.
 *
 * Locks: slab_mutex guards the array of caches; reclaim only tries it, so that it may be held
 * around allocations. A cache's own lock guards its counts.
 */
#include <pagoda/kernel.h>
#include <pagoda/mutex.h>
#include <pagoda/params.h>
#include <pagoda/printk.h>
#include "slab_internal.h"

#define MAX_SLAB_ORDER 3

static DEFINE_MUTEX(slab_mutex);
static struct kmem_cache *slab_caches[MAX_CACHES];

static struct kmem_cache kmem_cache_cache; /* of caches; static, for it is the first */
static unsigned int debug_flags;

/* ---- Making a cache ---------------------------------------------------------------------- */

/*
 * The smallest order that holds two objects and wastes at most an eighth of itself; if there is
 * none, the one that wastes least of them all.
 */
static unsigned int slab_order(unsigned int size)
{
	unsigned int order, best = MAX_SLAB_ORDER, best_waste = ~0u;

	for (order = 0; order <= MAX_SLAB_ORDER; order++) {
		unsigned int bytes = PAGE_SIZE << order;
		unsigned int waste = (bytes % size) << (MAX_SLAB_ORDER - order);

		if (bytes >= 2 * size && bytes % size <= bytes / 8)
			return order;
		if (bytes >= size && waste < best_waste) {
			best_waste = waste;
			best = order;
		}
	}
	return best;
}

static void init_cache(struct kmem_cache *s, const char *name, size_t size, size_t align,
		       unsigned int flags, void (*ctor)(void *))
{
	align = max(align, sizeof(void *));
	if (flags & SLAB_HWCACHE_ALIGN)
		align = max_t(size_t, align, size <= 32 ? 32 : 64);
	*s = (struct kmem_cache){
		.flags = flags | debug_flags,
		.object_size = size,
		.align = align,
		.size = ALIGN(size, sizeof(void *)),
		.ctor = ctor,
		.name = name,
	};
	if (s->flags & SLAB_DEBUG_FLAGS) {
		slab_debug_layout(s);
	} else if (ctor) {
		s->link = s->size;
		s->size += sizeof(void *);
	}
	s->size = ALIGN(s->size, (unsigned int)align);
	s->order = slab_order(s->size);
	/* Small objects: more of them, as a batch of each should be about a page. */
	s->cpu_batch = clamp(4096u / s->size, 2u, 32u);
	s->cpu_limit = s->cpu_batch * 2;
	spin_lock_init_rank(&s->lock, RANK_ALLOC);
	INIT_LIST_HEAD(&s->partial);
	INIT_LIST_HEAD(&s->full);
}

/* False when there are too many. */
static bool register_cache(struct kmem_cache *s)
{
	mutex_lock(&slab_mutex);
	while (s->id < MAX_CACHES && slab_caches[s->id])
		s->id++;
	if (s->id < MAX_CACHES)
		slab_caches[s->id] = s;
	mutex_unlock(&slab_mutex);
	return s->id < MAX_CACHES;
}

struct kmem_cache *kmem_cache_create(const char *name, size_t size, size_t align,
				     unsigned int flags, void (*ctor)(void *))
{
	struct kmem_cache *s = kmem_cache_alloc(&kmem_cache_cache, GFP_KERNEL);

	if (s) {
		init_cache(s, name, size, align, flags, ctor);
		if (register_cache(s))
			return s;
		kmem_cache_free(&kmem_cache_cache, s);
	}
	if (flags & SLAB_PANIC)
		panic("cannot make slab cache %s", name);
	return NULL;
}

void kmem_cache_init(void)
{
	static const struct {
		const char *name;
		unsigned int size;
	} kmalloc_info[KMALLOC_NUM_CACHES] = {
		{"kmalloc-8", 8},     {"kmalloc-16", 16},   {"kmalloc-32", 32},
		{"kmalloc-64", 64},   {"kmalloc-96", 96},   {"kmalloc-128", 128},
		{"kmalloc-192", 192}, {"kmalloc-256", 256}, {"kmalloc-512", 512},
		{"kmalloc-1k", 1024}, {"kmalloc-2k", 2048}, {"kmalloc-4k", 4096},
		{"kmalloc-8k", 8192},
	};
	unsigned int i;

#ifdef CONFIG_CHECKED
	debug_flags = SLAB_DEBUG_FLAGS;
#endif
	if (cmdline_flag("slub_debug"))
		debug_flags = SLAB_DEBUG_FLAGS;
	init_cache(&kmem_cache_cache, "kmem_cache", sizeof(struct kmem_cache),
		   __alignof__(struct kmem_cache), 0, NULL);
	register_cache(&kmem_cache_cache);
	for (i = 0; i < KMALLOC_NUM_CACHES; i++) {
		unsigned int size = kmalloc_info[i].size;

		kmalloc_caches[i] = kmem_cache_create(kmalloc_info[i].name, size,
						      min(size & -size, 64u), SLAB_PANIC, NULL);
	}
	xa_node_cache_init();
}

/* ---- Shrinking --------------------------------------------------------------------------- */

/* Runs on each CPU; slab_mutex is held by who sent it. */
static void drain_local_caches(void *unused)
{
	unsigned int id;

	for (id = 0; id < MAX_CACHES; id++) {
		if (slab_caches[id] && local_stack_count(slab_stack(slab_caches[id])))
			slab_drain_stack(slab_caches[id], 0);
	}
}

unsigned long kmem_cache_shrink_all(void)
{
	unsigned long freed = 0;
	unsigned int id;

	if (!mutex_trylock(&slab_mutex))
		return 0;
	on_each_cpu(drain_local_caches, NULL, true);
	for (id = 0; id < MAX_CACHES; id++) {
		if (slab_caches[id])
			freed += slab_free_empty(slab_caches[id]);
	}
	mutex_unlock(&slab_mutex);
	return freed;
}

void kmem_cache_destroy(struct kmem_cache *s)
{
	if (!s)
		return;
	mutex_lock(&slab_mutex);
	on_each_cpu(drain_local_caches, NULL, true);
	slab_free_empty(s);
	if (s->nr_slabs) {
		pr_err("slab: cache %s destroyed with objects in use\n", s->name);
		slab_debug_leaks(s);
	} else {
		slab_caches[s->id] = NULL;
		kmem_cache_free(&kmem_cache_cache, s);
	}
	mutex_unlock(&slab_mutex);
}

/* ---- Showing ----------------------------------------------------------------------------- */

void kmem_cache_info(struct kmem_cache *s, struct slabinfo *info)
{
	unsigned long flags, ready = 0;
	unsigned int cpu;

	for_each_possible_cpu (cpu)
		ready += local_stack_count(per_cpu_ptr(&slab_stacks[s->id], cpu));
	spin_lock_irqsave(&s->lock, flags);
	*info = (struct slabinfo){
		.name = s->name,
		.active_objs = s->total_objs - s->free_objs,
		.num_objs = s->total_objs,
		.size = s->size,
		.objects_per_slab = slab_order_objects(s, s->order),
		.pages_per_slab = 1u << s->order,
		.num_slabs = s->nr_slabs,
	};
	spin_unlock_irqrestore(&s->lock, flags);
	info->active_objs -= min(ready, info->active_objs);
}

int slab_for_each(int (*fn)(const struct slabinfo *info, void *arg), void *arg)
{
	struct slabinfo info;
	unsigned int id;
	int ret = 0;

	mutex_lock(&slab_mutex);
	for (id = 0; id < MAX_CACHES && !ret; id++) {
		if (!slab_caches[id])
			continue;
		kmem_cache_info(slab_caches[id], &info);
		ret = fn(&info, arg);
	}
	mutex_unlock(&slab_mutex);
	return ret;
}

static int add_active(const struct slabinfo *info, void *sum)
{
	*(unsigned long *)sum += info->active_objs;
	return 0;
}

unsigned long slab_active_objects(void)
{
	unsigned long sum = 0;

	slab_for_each(add_active, &sum);
	return sum;
}

/* ---- Verification ------------------------------------------------------------------------ */

static unsigned int verify_slab(struct kmem_cache *s, struct page *page, unsigned long *free)
{
	unsigned int nr = 0, faults = 0;
	void **node;

	for (node = page->freelist; node && nr <= page->objects; node = *node)
		nr++;
	if (nr + page->inuse != page->objects || page->slab_cache != s || !PageSlab(page))
		faults++;
	*free += nr;
	if (!faults && (s->flags & SLAB_DEBUG_FLAGS))
		faults += slab_debug_verify(s, page);
	return faults;
}

static unsigned int verify_cache(struct kmem_cache *s)
{
	unsigned long flags, slabs = 0, free = 0;
	unsigned int faults = 0;
	struct page *page;

	spin_lock_irqsave(&s->lock, flags);
	list_for_each_entry (page, &s->partial, slab_list) {
		faults += verify_slab(s, page, &free) + !page->freelist;
		slabs++;
	}
	list_for_each_entry (page, &s->full, slab_list) {
		faults += verify_slab(s, page, &free) + !!page->freelist;
		slabs++;
	}
	faults += slabs != s->nr_slabs;
	faults += free != s->free_objs;
	spin_unlock_irqrestore(&s->lock, flags);
	if (faults)
		pr_err("slab: %u faults in cache %s\n", faults, s->name);
	return faults;
}

unsigned int slab_verify(void)
{
	unsigned int id, faults = 0;

	mutex_lock(&slab_mutex);
	for (id = 0; id < MAX_CACHES; id++) {
		if (slab_caches[id])
			faults += verify_cache(slab_caches[id]);
	}
	mutex_unlock(&slab_mutex);
	return faults;
}
