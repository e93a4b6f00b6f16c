// SPDX-License-Identifier: MIT
/*
 * tests/kernel/test_slab.c - slab caches and kmalloc.
 */
#include <pagoda/kernel.h>
#include <pagoda/slab.h>
#include "ktest.h"

static unsigned int ctor_calls;

static void mark_object(void *obj)
{
	*(u32 *)obj = 0x50414744;
	ctor_calls++;
}

KTEST(slab_alloc_free)
{
	struct kmem_cache *s = kmem_cache_create("ktest", 40, 0, 0, NULL);
	struct slabinfo info;
	void *p, *q;

	KTEST_ASSERT(s);
	p = kmem_cache_alloc(s, GFP_KERNEL);
	q = kmem_cache_zalloc(s, GFP_KERNEL);
	KTEST_EXPECT(p && q && p != q);
	kmem_cache_info(s, &info);
	KTEST_EXPECT_EQ(info.active_objs, 2);
	KTEST_EXPECT(q && !*(u64 *)q);
	kmem_cache_free(s, p);
	kmem_cache_free(s, q);
	kmem_cache_info(s, &info);
	KTEST_EXPECT_EQ(info.active_objs, 0);
	KTEST_EXPECT_EQ(slab_verify(), 0);
	kmem_cache_destroy(s);
}

/* A constructed object keeps its state over a free. */
KTEST(slab_constructor)
{
	struct kmem_cache *s;
	u32 *p, *again;

	ctor_calls = 0;
	s = kmem_cache_create("ktest_ctor", 24, 0, 0, mark_object);
	KTEST_ASSERT(s);
	p = kmem_cache_alloc(s, GFP_KERNEL);
	KTEST_EXPECT(p && *p == 0x50414744);
	KTEST_EXPECT(ctor_calls > 0);
	kmem_cache_free(s, p);
	again = kmem_cache_alloc(s, GFP_KERNEL);
	KTEST_EXPECT(again == p && *again == 0x50414744);
	kmem_cache_free(s, again);
	kmem_cache_destroy(s);
}

KTEST(slab_alignment)
{
	static const unsigned int aligns[] = {8, 16, 64, 256, 4096};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(aligns); i++) {
		struct kmem_cache *s = kmem_cache_create("ktest_align", 20, aligns[i], 0, NULL);
		void *p, *q;

		KTEST_ASSERT(s);
		p = kmem_cache_alloc(s, GFP_KERNEL);
		q = kmem_cache_alloc(s, GFP_KERNEL);
		KTEST_EXPECT_EQ((unsigned long)p & (aligns[i] - 1), 0);
		KTEST_EXPECT_EQ((unsigned long)q & (aligns[i] - 1), 0);
		kmem_cache_free(s, p);
		kmem_cache_free(s, q);
		kmem_cache_destroy(s);
	}
}

/* Thousands of objects, freed in another order, leave no slab behind. */
KTEST(slab_many_objects)
{
	enum { NR = 3000 };
	struct kmem_cache *s = kmem_cache_create("ktest_many", 72, 0, 0, NULL);
	void **objs = kvcalloc(NR, sizeof(*objs), GFP_KERNEL);
	struct slabinfo info;
	unsigned int i, bad = 0;

	KTEST_ASSERT(s && objs);
	for (i = 0; i < NR; i++) {
		objs[i] = kmem_cache_alloc(s, GFP_KERNEL);
		KTEST_ASSERT(objs[i]);
		memset(objs[i], i, 72);
	}
	kmem_cache_info(s, &info);
	KTEST_EXPECT_EQ(info.active_objs, NR);
	for (i = 0; i < NR; i++)
		bad += ((u8 *)objs[i])[71] != (u8)i;
	KTEST_EXPECT_EQ(bad, 0);
	KTEST_EXPECT_EQ(slab_verify(), 0);
	for (i = 0; i < NR; i++)
		kmem_cache_free(s, objs[i * 7 % NR]);
	KTEST_EXPECT_EQ(slab_verify(), 0);
	kmem_cache_shrink_all();
	kmem_cache_info(s, &info);
	KTEST_EXPECT_EQ(info.active_objs, 0);
	KTEST_EXPECT_EQ(info.num_slabs, 0);
	kmem_cache_destroy(s);
	kvfree(objs);
}

KTEST(kmalloc_sizes)
{
	size_t size;

	for (size = 1; size <= 3 * KMALLOC_MAX_CACHE_SIZE; size += 1 + size / 7) {
		u8 *p = kmalloc(size, GFP_KERNEL);

		KTEST_ASSERT(p);
		KTEST_EXPECT_EQ((unsigned long)p & 7, 0);
		p[0] = 1;
		p[size - 1] = 2;
		kfree(p);
	}
	KTEST_EXPECT(!kmalloc(KMALLOC_MAX_SIZE + 1, GFP_KERNEL));
	KTEST_EXPECT(!kcalloc(1UL << 40, 1UL << 40, GFP_KERNEL));
	kfree(NULL);
}

KTEST(kmalloc_index_is_next_size)
{
	static const unsigned int sizes[] = {8,	  16,  32,   64,   96,	 128, 192,
					     256, 512, 1024, 2048, 4096, 8192};
	unsigned int i = 0, size;

	for (size = 1; size <= KMALLOC_MAX_CACHE_SIZE; size++) {
		if (size > sizes[i])
			i++;
		if (kmalloc_index(size) != i) {
			KTEST_EXPECT_EQ(kmalloc_index(size), i);
			return;
		}
	}
}

KTEST(kmalloc_strings)
{
	char *a = kstrdup("abc", GFP_KERNEL), *b = kmemdup("xyz", 4, GFP_KERNEL);
	char *c = kmemdup_nul("12345", 2, GFP_KERNEL);

	KTEST_EXPECT(a && !strcmp(a, "abc"));
	KTEST_EXPECT(b && !strcmp(b, "xyz"));
	KTEST_EXPECT(c && !strcmp(c, "12"));
	KTEST_EXPECT(!kstrdup(NULL, GFP_KERNEL));
	kfree(a);
	kfree(b);
	kfree(c);
}

KTEST(slab_fault_injection)
{
	void *p;

	fail_alloc_set(1);
	p = kmalloc(32, GFP_KERNEL);
	KTEST_EXPECT(!p);
	fail_alloc_set(0);
	kfree(p);
}

KTEST(kvmalloc_large)
{
	size_t size = 300 * 1024;
	u8 *p = kvzalloc(size, GFP_KERNEL);

	KTEST_ASSERT(p);
	KTEST_EXPECT_EQ(p[0] | p[size - 1], 0);
	p[size - 1] = 1;
	kvfree(p);
}
