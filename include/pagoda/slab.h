/* SPDX-License-Identifier: MIT */
/*
 * slab.h - memory for objects smaller than a page, or of one type.
 *
 * kmem_cache_create() makes a cache for one type of object; kmalloc() serves any size from caches
 * of fixed sizes, above KMALLOC_MAX_CACHE_SIZE from whole pages. Everything returns NULL when
 * there is no memory; everything may be used in interrupts with GFP_ATOMIC; freeing never sleeps.
 */
#ifndef PAGODA_SLAB_H
#define PAGODA_SLAB_H

#include <pagoda/types.h>
#include <pagoda/gfp.h>

struct kmem_cache;

#define SLAB_CONSISTENCY_CHECKS 0x00000100u
#define SLAB_RED_ZONE		0x00000400u
#define SLAB_POISON		0x00000800u
#define SLAB_HWCACHE_ALIGN	0x00002000u /* objects start on cache lines */
#define SLAB_STORE_USER		0x00010000u
#define SLAB_RECLAIM_ACCOUNT	0x00020000u /* a shrinker can free the objects */
#define SLAB_PANIC		0x00040000u /* no cache, no kernel: at boot */
#define SLAB_ACCOUNT		0x04000000u /* charged to a user; documents the caller */
#define SLAB_DEBUG_FLAGS	(SLAB_CONSISTENCY_CHECKS | SLAB_RED_ZONE | SLAB_POISON | SLAB_STORE_USER)

/* ---- mm/slab.c --------------------------------------------------------------------------- */

/* Makes kmalloc() work; needs the page allocator. */
void kmem_cache_init(void);

/*
 * name is kept, not copied. align 0: that of a pointer. ctor runs once for each object of a new
 * slab, and a freed object must be in that state again.
 */
struct kmem_cache *kmem_cache_create(const char *name, size_t size, size_t align,
				     unsigned int flags, void (*ctor)(void *));
void kmem_cache_destroy(struct kmem_cache *s); /* all objects must be free */
void *kmem_cache_alloc(struct kmem_cache *s, gfp_t gfp);
void kmem_cache_free(struct kmem_cache *s, void *obj);

static inline void *kmem_cache_zalloc(struct kmem_cache *s, gfp_t gfp)
{
	return kmem_cache_alloc(s, gfp | __GFP_ZERO);
}

/* A cache for struct name, which names it too. */
#define KMEM_CACHE(name, flags)                                                                    \
	kmem_cache_create(#name, sizeof(struct name), __alignof__(struct name), (flags), NULL)

/* Gives empty slabs back; objects that CPUs hold ready are returned first. Returns pages freed. */
unsigned long kmem_cache_shrink_all(void);

/* One line of /proc/slabinfo. */
struct slabinfo {
	const char *name;
	unsigned long active_objs; /* exact when no CPU allocates meanwhile */
	unsigned long num_objs;
	unsigned int size; /* bytes from one object to the next */
	unsigned int objects_per_slab;
	unsigned int pages_per_slab;
	unsigned long num_slabs;
};

/* Calls fn for every cache; fn may allocate. Stops at the first nonzero value and returns it. */
int slab_for_each(int (*fn)(const struct slabinfo *info, void *arg), void *arg);
void kmem_cache_info(struct kmem_cache *s, struct slabinfo *info);
/* Objects in use in all caches. */
unsigned long slab_active_objects(void);
/* Checks every slab of every cache; returns the number of faults found (printed). */
unsigned int slab_verify(void);

/* ---- mm/kmalloc.c ------------------------------------------------------------------------ */

#define KMALLOC_MAX_CACHE_SIZE 8192
#define KMALLOC_MAX_SIZE       (4096UL << (MAX_ORDER - 1))
#define KMALLOC_NUM_CACHES     13
#define ARCH_KMALLOC_MINALIGN  8

extern struct kmem_cache *kmalloc_caches[KMALLOC_NUM_CACHES];

/* 8 16 32 64 96 128 192 256 512 1024 2048 4096 8192; folds for a constant size. */
static inline unsigned int kmalloc_index(size_t size)
{
	if (size <= 64)
		return size <= 8 ? 0 : size <= 16 ? 1 : size <= 32 ? 2 : 3;
	if (size <= 256)
		return size <= 96 ? 4 : size <= 128 ? 5 : size <= 192 ? 6 : 7;
	return 63 - __builtin_clzl(size - 1);
}

void *__kmalloc(size_t size, gfp_t gfp);
void kfree(const void *p);

static inline void *kmalloc(size_t size, gfp_t gfp)
{
	if (__builtin_constant_p(size) && size <= KMALLOC_MAX_CACHE_SIZE)
		return kmem_cache_alloc(kmalloc_caches[kmalloc_index(size)], gfp);
	return __kmalloc(size, gfp);
}

static inline void *kzalloc(size_t size, gfp_t gfp)
{
	return kmalloc(size, gfp | __GFP_ZERO);
}

static inline void *kmalloc_array(size_t n, size_t size, gfp_t gfp)
{
	size_t bytes;

	if (__builtin_mul_overflow(n, size, &bytes))
		return NULL;
	return kmalloc(bytes, gfp);
}

static inline void *kcalloc(size_t n, size_t size, gfp_t gfp)
{
	return kmalloc_array(n, size, gfp | __GFP_ZERO);
}

char *kstrdup(const char *s, gfp_t gfp);
void *kmemdup(const void *src, size_t len, gfp_t gfp);
char *kmemdup_nul(const char *s, size_t len, gfp_t gfp);

/* Slab memory if that is easy to have, vmalloc memory else; free with kvfree(). */
void *kvmalloc(size_t size, gfp_t gfp);
void kvfree(const void *p);

static inline void *kvzalloc(size_t size, gfp_t gfp)
{
	return kvmalloc(size, gfp | __GFP_ZERO);
}

static inline void *kvmalloc_array(size_t n, size_t size, gfp_t gfp)
{
	size_t bytes;

	if (__builtin_mul_overflow(n, size, &bytes))
		return NULL;
	return kvmalloc(bytes, gfp);
}

static inline void *kvcalloc(size_t n, size_t size, gfp_t gfp)
{
	return kvmalloc_array(n, size, gfp | __GFP_ZERO);
}

/* Nodes of kernel/lib/xarray.c; cleared. */
void *xa_node_alloc(gfp_t gfp);
void xa_node_free(void *node);

#endif
