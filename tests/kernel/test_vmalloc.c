// SPDX-License-Identifier: MIT
/*
 * tests/kernel/test_vmalloc.c - vmalloc, vmap, ioremap and kernel stacks.
 *
 * Page tables of these areas stay once they are made. The boot has made those of the first 2 MiB of
 * each area, and the tests fit into them.
 */
#include <pagoda/kernel.h>
#include <pagoda/gfp.h>
#include <pagoda/sched.h>
#include <pagoda/slab.h>
#include <pagoda/vmalloc.h>
#include <asm/pgtable.h>
#include "ktest.h"

KTEST(vmalloc_pages_are_mapped)
{
	size_t size = 5 * PAGE_SIZE + 100;
	u8 *p = vzalloc(size);
	size_t i, bad = 0;

	KTEST_ASSERT(p);
	KTEST_EXPECT(is_vmalloc_addr(p));
	for (i = 0; i < size; i++)
		bad += p[i] != 0;
	KTEST_EXPECT_EQ(bad, 0);
	memset(p, 0x11, size);
	KTEST_EXPECT(*(u8 *)page_address(vmalloc_to_page(p + PAGE_SIZE)) == 0x11);
	/* the guard page */
	KTEST_EXPECT(!vmalloc_to_page(p + 6 * PAGE_SIZE));
	vfree(p);
	KTEST_EXPECT(!vmalloc_to_page(p));
}

KTEST(vmalloc_reuses_addresses)
{
	void *a = vmalloc(PAGE_SIZE), *b = vmalloc(3 * PAGE_SIZE), *c = vmalloc(PAGE_SIZE), *d;

	KTEST_EXPECT(a && b && c);
	vfree(b);
	d = vmalloc(2 * PAGE_SIZE);
	KTEST_EXPECT(d == b);
	vfree(a);
	vfree(c);
	vfree(d);
	vfree(NULL);
}

KTEST(vmalloc_too_large)
{
	KTEST_EXPECT(!vmalloc(0));
	KTEST_EXPECT(!vmalloc(nr_managed_pages() * PAGE_SIZE + PAGE_SIZE));
	KTEST_EXPECT(!vmalloc(~0UL));
}

KTEST(vmap_shares_pages)
{
	struct page *pages[3];
	u64 *p;
	int i;

	for (i = 0; i < 3; i++) {
		pages[i] = alloc_page(GFP_KERNEL);
		KTEST_ASSERT(pages[i]);
		*(u64 *)page_address(pages[i]) = 100 + i;
	}
	p = vmap(pages, 3, PAGE_KERNEL);
	KTEST_ASSERT(p);
	for (i = 0; i < 3; i++)
		KTEST_EXPECT_EQ(p[i * PAGE_SIZE / 8], 100 + i);
	vunmap(p);
	for (i = 0; i < 3; i++)
		put_page(pages[i]);
}

KTEST(vmalloc_unwinds)
{
	int n, failures = 0;

	for (n = 1; n < 30; n++) {
		void *p;

		fail_alloc_set(n);
		p = vmalloc(8 * PAGE_SIZE);
		fail_alloc_set(0);
		failures += !p;
		vfree(p);
	}
	KTEST_EXPECT(failures > 8);
}

KTEST(ioremap_maps_frames)
{
	struct page *page = alloc_page(GFP_KERNEL);
	u32 *p;

	KTEST_ASSERT(page);
	((u32 *)page_address(page))[5] = 0xfeed;
	p = (u32 *)ioremap(page_to_phys(page) + 20, 4);
	KTEST_ASSERT(p);
	KTEST_EXPECT_EQ(*p, 0xfeed);
	iounmap(p);
	put_page(page);
}

KTEST(thread_stacks)
{
	enum { NR = 40 };
	void *stacks[NR];
	int i;

	for (i = 0; i < NR; i++) {
		stacks[i] = alloc_thread_stack();
		KTEST_ASSERT(stacks[i]);
		memset(stacks[i], i, THREAD_SIZE);
		KTEST_EXPECT(is_thread_stack_guard((unsigned long)stacks[i] - 1));
		KTEST_EXPECT(!is_thread_stack_guard((unsigned long)stacks[i]));
		KTEST_EXPECT(!vmalloc_to_page(stacks[i] - 1));
	}
	for (i = 0; i < NR; i++) {
		KTEST_EXPECT_EQ(*((u8 *)stacks[i] + THREAD_SIZE - 1), i);
		free_thread_stack(stacks[i]);
	}
}

KTEST(thread_stack_unwinds)
{
	int n;

	drain_memory_caches();
	for (n = 1; n < 8; n++) {
		void *stack;

		fail_alloc_set(n);
		stack = alloc_thread_stack();
		fail_alloc_set(0);
		if (stack)
			free_thread_stack(stack);
		drain_memory_caches();
	}
}
