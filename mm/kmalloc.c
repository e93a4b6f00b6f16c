// SPDX-License-Identifier: MIT
/*
 * mm/kmalloc.c - memory of any size, and copies of strings and buffers in it.
 *
 * Up to KMALLOC_MAX_CACHE_SIZE from the cache of the next size; above that whole pages, as one
 * compound block whose head remembers its order.
 */
#include <pagoda/kernel.h>
#include <pagoda/vmalloc.h>
#include <pagoda/xarray.h>
#include <asm/uaccess.h>
#include "slab_internal.h"

struct kmem_cache *kmalloc_caches[KMALLOC_NUM_CACHES];
static struct kmem_cache *xa_node_cachep;

/* ---- kmalloc ----------------------------------------------------------------------------- */

static void *kmalloc_large(size_t size, gfp_t gfp)
{
	struct page *page;

	if (size > KMALLOC_MAX_SIZE)
		return NULL;
	page = alloc_pages(gfp | __GFP_COMP, get_order(size));
	return page ? page_address(page) : NULL;
}

static void *do_kmalloc(size_t size, gfp_t gfp, const void *caller)
{
	if (unlikely(size > KMALLOC_MAX_CACHE_SIZE))
		return kmalloc_large(size, gfp);
	return slab_alloc_caller(kmalloc_caches[kmalloc_index(size)], gfp, caller);
}

void *__kmalloc(size_t size, gfp_t gfp)
{
	return do_kmalloc(size, gfp, __builtin_return_address(0));
}

void kfree(const void *p)
{
	struct page *page;

	if (!p)
		return;
	page = virt_to_page(p);
	if (likely(PageSlab(page)))
		slab_free_caller(page->slab_cache, (void *)p, __builtin_return_address(0));
	else if (!WARN_ON(!PageHead(page) || !PAGE_ALIGNED(p)))
		put_page(page);
}

/* ---- Copies ------------------------------------------------------------------------------ */

void *kmemdup(const void *src, size_t len, gfp_t gfp)
{
	void *p = do_kmalloc(len, gfp, __builtin_return_address(0));

	return p ? memcpy(p, src, len) : NULL;
}

char *kmemdup_nul(const char *s, size_t len, gfp_t gfp)
{
	char *p = do_kmalloc(len + 1, gfp, __builtin_return_address(0));

	if (!p)
		return NULL;
	memcpy(p, s, len);
	p[len] = '\0';
	return p;
}

char *kstrdup(const char *s, gfp_t gfp)
{
	return s ? kmemdup_nul(s, strlen(s), gfp) : NULL;
}

/* ---- kvmalloc ---------------------------------------------------------------------------- */

void *kvmalloc(size_t size, gfp_t gfp)
{
	void *p;

	if (size <= PAGE_SIZE)
		return do_kmalloc(size, gfp, __builtin_return_address(0));
	p = do_kmalloc(size, gfp | __GFP_NOWARN | __GFP_NORETRY, __builtin_return_address(0));
	if (p || !gfpflags_allow_blocking(gfp))
		return p;
	return gfp & __GFP_ZERO ? vzalloc(size) : vmalloc(size);
}

void kvfree(const void *p)
{
	if (is_vmalloc_addr(p))
		vfree(p);
	else
		kfree(p);
}

/* ---- Nodes of xarrays -------------------------------------------------------------------- */

void xa_node_cache_init(void)
{
	xa_node_cachep = kmem_cache_create("xa_node", sizeof(struct xa_node), 64, SLAB_PANIC, NULL);
}

void *xa_node_alloc(gfp_t gfp)
{
	return kmem_cache_zalloc(xa_node_cachep, gfp);
}

void xa_node_free(void *node)
{
	kmem_cache_free(xa_node_cachep, node);
}
