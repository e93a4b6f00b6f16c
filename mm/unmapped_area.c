// SPDX-License-Identifier: MIT
/*
 * mm/unmapped_area.c - where a mapping without a fixed address goes (section 5 of the contract).
 *
 *	0   min_addr         TASK_SIZE/3                           mmap_base   stack  TASK_SIZE
 *	|----|--------------------|-------------------------------------|--------|------|
 *	                          bottom-up, if that fails  -->   <-- top-down
 *
 * A hint is taken exactly or not at all. The guard gap below a stack is part of the stack's gap in
 * the tree, so nobody is placed in it (STK-6).
 */
#include <pagoda/binfmts.h>
#include <pagoda/errno.h>
#include <pagoda/random.h>
#include <pagoda/sched.h>
#include <uapi/personality.h>
#include "vm_internal.h"

#define TASK_UNMAPPED_BASE PAGE_ALIGN(TASK_SIZE / 3)

/* MAP_32BIT: the second GiB, for programs that keep pointers in 31 bits (ADDR-6). */
#define LOW_32BIT_START 0x40000000UL
#define LOW_32BIT_END	0x80000000UL
#define LOW_32BIT_RAND	0x02000000UL

static bool hint_is_free(struct mm_struct *mm, unsigned long addr, unsigned long len,
			 unsigned long limit)
{
	struct vm_area_struct *vma;

	if (addr > limit - len || addr < mmap_min_addr)
		return false;
	vma = find_vma(mm, addr);
	return !vma || (addr + len <= vm_start_gap(vma));
}

static bool randomized(void)
{
	return randomize_va_space && !(current->personality & ADDR_NO_RANDOMIZE);
}

unsigned long randomize_page(unsigned long start, unsigned long range)
{
	if (!randomized() || range < PAGE_SIZE)
		return PAGE_ALIGN(start);
	return PAGE_ALIGN(start) + (get_random_u64() % (range >> PAGE_SHIFT) << PAGE_SHIFT);
}

unsigned long get_unmapped_area(struct file *file, unsigned long addr, unsigned long len,
				unsigned long pgoff, unsigned long flags)
{
	struct mm_struct *mm = current->mm;
	unsigned long limit = flags & MAP_32BIT ? LOW_32BIT_END : TASK_SIZE, found;

	if (len > TASK_SIZE)
		return -ENOMEM;
	if (flags & MAP_FIXED) {
		if (addr > TASK_SIZE - len)
			return -ENOMEM;
		return addr & ~PAGE_MASK ? -EINVAL : addr;
	}
	if (len > limit)
		return -ENOMEM;
	if (addr && hint_is_free(mm, addr, len, limit))
		return addr;
	if (flags & MAP_32BIT)
		return vma_gap_bottomup(mm, randomize_page(LOW_32BIT_START, LOW_32BIT_RAND),
					LOW_32BIT_END, len);
	if (current->personality & ADDR_COMPAT_LAYOUT || sysctl_legacy_va_layout)
		return vma_gap_bottomup(mm, mm->mmap_legacy_base, TASK_SIZE, len);

	found = vma_gap_topdown(mm, max(PAGE_SIZE, PAGE_ALIGN(mmap_min_addr)), mm->mmap_base, len);
	if (IS_ERR_VALUE(found))
		found = vma_gap_bottomup(mm, TASK_UNMAPPED_BASE, TASK_SIZE, len);
	return found;
}

/* ---- at exec: the layout (LAY-3..5) ---------------------------------------------------------- */

#define MMAP_RND_PAGES	(1UL << 28)
#define STACK_RND_BYTES (16UL << 30) /* how far down the stack top may have been moved */
#define MIN_GAP		(128UL << 20)
#define MAX_GAP		(TASK_SIZE / 6 * 5)

void arch_pick_mmap_layout(struct mm_struct *mm, unsigned long stack_rlimit)
{
	unsigned long rnd = 0, gap = stack_rlimit, pad = stack_guard_gap;

	if (randomized()) {
		rnd = get_random_u64() % MMAP_RND_PAGES << PAGE_SHIFT;
		pad += STACK_RND_BYTES;
	}
	if (gap + pad > gap)
		gap += pad;
	gap = clamp(gap, MIN_GAP, MAX_GAP);
	mm->task_size = TASK_SIZE;
	mm->mmap_base = PAGE_ALIGN(TASK_SIZE - gap - rnd);
	mm->mmap_legacy_base = TASK_UNMAPPED_BASE + rnd;
}
