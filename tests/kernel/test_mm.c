// SPDX-License-Identifier: MIT
/*
 * tests/kernel/test_mm.c - address spaces from inside: mapping, merging, faults, copies of address
 * spaces, and what failures leave behind.
 */
#include <pagoda/fs.h>
#include <pagoda/random.h>
#include <pagoda/shmem.h>
#include <syscalls.h>
#include "mm_harness.h"

KTEST(mm_map_touch_unmap)
{
	unsigned long counters[NR_MM_COUNTERS], addr;
	struct test_mm t;

	KTEST_ASSERT(test_mm_start(&t));
	addr = map_anon(0, 8, PROT_RW, MAP_PRIVATE);
	KTEST_EXPECT(!IS_ERR_VALUE(addr));
	KTEST_EXPECT_EQ(addr + 8 * PAGE_SIZE, t.mm->mmap_base);
	KTEST_EXPECT_EQ(t.mm->total_vm, 8);
	KTEST_EXPECT_EQ(peek(t.mm, addr), 0);
	KTEST_EXPECT_EQ(get_mm_rss(t.mm), 0); /* the zero page does not count */
	KTEST_EXPECT(poke(t.mm, addr, 17));
	KTEST_EXPECT(poke(t.mm, addr + 5 * PAGE_SIZE, 18));
	KTEST_EXPECT_EQ(peek(t.mm, addr), 17);
	get_mm_counters(t.mm, counters);
	KTEST_EXPECT_EQ(counters[MM_ANONPAGES], 2);
	KTEST_EXPECT_EQ(mm_verify(t.mm), 0);
	KTEST_EXPECT_EQ(vm_munmap(addr + 4 * PAGE_SIZE, PAGE_SIZE), 0);
	KTEST_EXPECT_EQ(t.mm->map_count, 2);
	KTEST_EXPECT_EQ(peek(t.mm, addr + 4 * PAGE_SIZE), ~0UL);
	KTEST_EXPECT_EQ(peek(t.mm, addr + 5 * PAGE_SIZE), 18);
	KTEST_EXPECT_EQ(vm_munmap(addr, 8 * PAGE_SIZE), 0);
	KTEST_EXPECT_EQ(t.mm->map_count, 0);
	KTEST_EXPECT_EQ(t.mm->total_vm, 0);
	KTEST_EXPECT_EQ(get_mm_rss(t.mm), 0);
	KTEST_EXPECT_EQ(mm_pgtables_bytes(t.mm), 0);
	test_mm_end(&t);
}

KTEST(mm_neighbours_merge)
{
	unsigned long high, low;
	struct test_mm t;

	KTEST_ASSERT(test_mm_start(&t));
	high = map_anon(0, 4, PROT_RW, MAP_PRIVATE);
	low = map_anon(0, 4, PROT_RW, MAP_PRIVATE);
	KTEST_EXPECT_EQ(low + 4 * PAGE_SIZE, high);
	KTEST_EXPECT_EQ(t.mm->map_count, 1);
	KTEST_EXPECT_EQ(sys_mprotect(low + 2 * PAGE_SIZE, 2 * PAGE_SIZE, PROT_READ), 0);
	KTEST_EXPECT_EQ(t.mm->map_count, 3);
	KTEST_EXPECT_EQ(mm_verify(t.mm), 0);
	KTEST_EXPECT_EQ(sys_mprotect(low + 2 * PAGE_SIZE, 2 * PAGE_SIZE, PROT_RW), 0);
	KTEST_EXPECT_EQ(t.mm->map_count, 1);
	map_anon(low - 2 * PAGE_SIZE, 1, PROT_RW, MAP_PRIVATE | MAP_FIXED);
	KTEST_EXPECT_EQ(t.mm->map_count, 2);
	map_anon(low - PAGE_SIZE, 1, PROT_RW, MAP_PRIVATE | MAP_FIXED);
	KTEST_EXPECT_EQ(t.mm->map_count, 1);
	map_anon(low, 1, PROT_RW, MAP_PRIVATE | MAP_NORESERVE | MAP_FIXED);
	KTEST_EXPECT_EQ(t.mm->map_count, 3);
	test_mm_end(&t);
}

/* Whoever writes first gets a new page; the last owner keeps the old one (COW-5, COW-6). */
KTEST(mm_fork_copies_on_write)
{
	struct mm_struct *child;
	unsigned long addr, pfn;
	struct test_mm t;

	KTEST_ASSERT(test_mm_start(&t));
	addr = map_anon(0, 4, PROT_RW, MAP_PRIVATE);
	KTEST_EXPECT(poke(t.mm, addr, 1));
	pfn = pte_pfn(pt_peek(t.mm, addr));
	child = fork_mm(t.mm);
	KTEST_EXPECT(child);
	if (child) {
		KTEST_EXPECT_EQ(peek(child, addr), 1);
		KTEST_EXPECT(!pte_write(pt_peek(t.mm, addr)));
		KTEST_EXPECT(!pte_write(pt_peek(child, addr)));
		KTEST_EXPECT(poke(t.mm, addr, 2));
		KTEST_EXPECT(pte_pfn(pt_peek(t.mm, addr)) != pfn);
		KTEST_EXPECT_EQ(peek(child, addr), 1);
		KTEST_EXPECT(poke(child, addr, 3));
		KTEST_EXPECT_EQ(pte_pfn(pt_peek(child, addr)), pfn);
		KTEST_EXPECT_EQ(peek(t.mm, addr), 2);
		KTEST_EXPECT_EQ(mm_verify(child), 0);
		mmput(child);
	}
	test_mm_end(&t);
}

static void fill(struct mm_struct *mm, unsigned long addr, unsigned long pages)
{
	for (unsigned long i = 0; i < pages; i++)
		KTEST_EXPECT(poke(mm, addr + (i << PAGE_SHIFT), addr + i));
}

/* UNW-1: each allocation of a fork fails once; nothing is left and the parent is whole. */
KTEST(mm_failed_fork_leaves_nothing)
{
	unsigned long addr[5], pages, commit;
	struct mm_struct *child = NULL;
	struct test_mm t;
	int i, nth;

	KTEST_ASSERT(test_mm_start(&t));
	for (i = 0; i < 5; i++) {
		addr[i] = (16UL + i) << PMD_SHIFT;
		map_anon(addr[i], 3, PROT_RW, MAP_PRIVATE | MAP_FIXED);
		fill(t.mm, addr[i], 3);
	}
	for (nth = 1; nth < 100 && !child; nth++) {
		drain_memory_caches();
		pages = nr_free_pages();
		commit = vm_memory_committed();
		fail_alloc_set(nth);
		child = fork_mm(t.mm);
		if (fail_alloc_set(0) > 0)
			break;
		KTEST_EXPECT(!child);
		if (child)
			break;
		drain_memory_caches();
		KTEST_EXPECT_EQ(nr_free_pages(), pages);
		KTEST_EXPECT_EQ(vm_memory_committed(), commit);
		KTEST_EXPECT_EQ(mm_verify(t.mm), 0);
	}
	KTEST_EXPECT(child && nth > 5);
	for (i = 0; i < 5; i++)
		KTEST_EXPECT_EQ(peek(t.mm, addr[i] + 2 * PAGE_SIZE), addr[i] + 2);
	if (child)
		mmput(child);
	test_mm_end(&t);
}

KTEST(mm_mremap_moves_pages)
{
	unsigned long addr, new, pfn;
	struct test_mm t;

	KTEST_ASSERT(test_mm_start(&t));
	addr = map_anon(0x10000000, 4, PROT_RW, MAP_PRIVATE | MAP_FIXED);
	map_anon(0x10000000 + 4 * PAGE_SIZE, 1, PROT_READ, MAP_PRIVATE | MAP_FIXED);
	fill(t.mm, addr, 4);
	pfn = pte_pfn(pt_peek(t.mm, addr + PAGE_SIZE));
	KTEST_EXPECT_EQ(sys_mremap(addr, 4 * PAGE_SIZE, 8 * PAGE_SIZE, 0, 0), -ENOMEM);
	new = sys_mremap(addr, 4 * PAGE_SIZE, 600 * PAGE_SIZE, MREMAP_MAYMOVE, 0);
	KTEST_EXPECT(!IS_ERR_VALUE(new) && new != addr);
	KTEST_EXPECT_EQ(peek(t.mm, new + PAGE_SIZE), addr + 1);
	KTEST_EXPECT_EQ(pte_pfn(pt_peek(t.mm, new + PAGE_SIZE)), pfn);
	KTEST_EXPECT_EQ(peek(t.mm, addr), ~0UL);
	KTEST_EXPECT_EQ(peek(t.mm, new + 599 * PAGE_SIZE), 0);
	KTEST_EXPECT_EQ(mm_verify(t.mm), 0);
	KTEST_EXPECT_EQ(sys_mremap(new, 600 * PAGE_SIZE, PAGE_SIZE, 0, 0), new);
	KTEST_EXPECT_EQ(t.mm->total_vm, 2);
	test_mm_end(&t);
}

KTEST(mm_shared_memory_and_truncation)
{
	struct file *file = shmem_file_setup("test", 4 * PAGE_SIZE, 0);
	unsigned long shared, private;
	struct test_mm t;

	KTEST_ASSERT(!IS_ERR(file));
	if (!test_mm_start(&t))
		goto out;
	shared = vm_mmap(file, 0, 4 * PAGE_SIZE, PROT_RW, MAP_SHARED, 0);
	private = vm_mmap(file, 0, 4 * PAGE_SIZE, PROT_RW, MAP_PRIVATE, 0);
	KTEST_EXPECT(poke(t.mm, shared + PAGE_SIZE, 5));
	KTEST_EXPECT_EQ(peek(t.mm, private + PAGE_SIZE), 5);
	KTEST_EXPECT(poke(t.mm, private + PAGE_SIZE, 6));
	KTEST_EXPECT_EQ(peek(t.mm, shared + PAGE_SIZE), 5);
	KTEST_EXPECT_EQ(sys_madvise(private, 4 * PAGE_SIZE, MADV_DONTNEED), 0);
	KTEST_EXPECT_EQ(peek(t.mm, private + PAGE_SIZE), 5);
	KTEST_EXPECT(poke(t.mm, private + PAGE_SIZE, 7));
	inode_lock(file_inode(file));
	KTEST_EXPECT_EQ(shmem_setsize(file_inode(file), PAGE_SIZE), 0);
	inode_unlock(file_inode(file));
	KTEST_EXPECT_EQ(peek(t.mm, private + PAGE_SIZE), ~0UL);
	KTEST_EXPECT_EQ(peek(t.mm, shared + PAGE_SIZE), ~0UL);
	KTEST_EXPECT_EQ(peek(t.mm, shared), 0);
	test_mm_end(&t);
out:
	fput(file);
}

/* ---- random calls ---------------------------------------------------------------------------- */

#define ARENA	    0x20000000UL
#define ARENA_PAGES 1536 /* three tables and a bit */

static unsigned long random_range(unsigned long *pages)
{
	*pages = 1 + get_random_u32_below(get_random_u32_below(4) ? 16 : 600);
	return ARENA + ((unsigned long)get_random_u32_below(ARENA_PAGES - *pages) << PAGE_SHIFT);
}

static void random_call(struct mm_struct *mm)
{
	static const unsigned long prots[] = {PROT_NONE, PROT_READ, PROT_RW, PROT_RW | PROT_EXEC};
	unsigned long prot = prots[get_random_u32_below(4)], pages, other;
	unsigned long addr = random_range(&pages), len = pages << PAGE_SHIFT;

	switch (get_random_u32_below(10)) {
	case 0:
	case 1:
		map_anon(addr, pages, prot, MAP_PRIVATE | MAP_FIXED);
		break;
	case 2:
		map_anon(addr, pages, prot, MAP_SHARED | MAP_FIXED);
		break;
	case 3:
		vm_munmap(addr, len);
		break;
	case 4:
		sys_mprotect(addr, len, prot);
		break;
	case 5:
		sys_madvise(addr, len, get_random_u32_below(2) ? MADV_DONTNEED : MADV_DONTFORK);
		break;
	case 6:
		if (get_random_u32_below(2))
			sys_mlock(addr, len);
		else
			sys_munlock(addr, len);
		break;
	case 7:
		sys_mremap(addr, len, (1 + get_random_u32_below(32)) << PAGE_SHIFT, MREMAP_MAYMOVE,
			   0);
		break;
	case 8:
		other = random_range(&pages);
		sys_mremap(addr, len, len, MREMAP_MAYMOVE | MREMAP_FIXED, other);
		break;
	default:
		for (unsigned long i = 0; i < pages; i += 3)
			poke(mm, addr + (i << PAGE_SHIFT), i);
	}
}

KTEST(mm_random_calls_keep_it_whole)
{
	struct mm_struct *child;
	struct test_mm t;
	int broken = 0;

	KTEST_ASSERT(test_mm_start(&t));
	for (int i = 0; i < 1500 && !broken; i++) {
		random_call(t.mm);
		broken = mm_verify(t.mm);
		if (i % 100 == 99) {
			child = fork_mm(t.mm);
			if (child) {
				broken += mm_verify(child);
				mmput(child);
			}
		}
	}
	KTEST_EXPECT_EQ(broken, 0);
	test_mm_end(&t);
}
