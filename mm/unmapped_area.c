// SPDX-License-Identifier: MIT
/*
 * mm/unmapped_area.c - where a mapping without a fixed address goes (section 5 of the contract).
 *
 *	0   min_addr         TASK_SIZE/3                           mmap_base   stack  TASK_SIZE
 *	|----|--------------------|-------------------------------------|--------|------|
 *	                          bottom-up, if that fails  -->   <-- top-down
 *
 * A hint is taken exactly or not at all. The guard gap below a stack is part of the stack's gap in
 * the tree, so nobody is placed in it (STK-6). A 32-bit call, whoever makes it, searches the same
 * way below the end of 32-bit addresses, with a mmap_base of its own (MMAP2-5).
 */
#include <pagoda/binfmts.h>
#include <pagoda/errno.h>
#include <pagoda/random.h>
#include <pagoda/sched.h>
#include <uapi/personality.h>
#include <asm/compat.h>
#include <asm/elf.h>
#include "vm_internal.h"

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

static bool legacy_layout(void)
{
	return current->personality & ADDR_COMPAT_LAYOUT || sysctl_legacy_va_layout;
}

unsigned long get_unmapped_area(struct file *file, unsigned long addr, unsigned long len,
				unsigned long pgoff, unsigned long flags)
{
	struct mm_struct *mm = current->mm;
	unsigned long size = TASK_SIZE, limit = size, found = -ENOMEM;
	bool compat = in_compat_syscall();

	if (len > size) /* stop: mmap-4 */
		return -ENOMEM;
	if (flags & MAP_FIXED) {
		if (addr > size - len)
			return -ENOMEM;
		return addr & ~PAGE_MASK ? -EINVAL : addr;
	}
	if (flags & MAP_32BIT && !compat)
		limit = LOW_32BIT_END;
	if (len > limit)
		return -ENOMEM;
	if (addr && hint_is_free(mm, addr, len, limit))
		return addr;
	if (limit == LOW_32BIT_END)
		return vma_gap_bottomup(mm, randomize_page(LOW_32BIT_START, LOW_32BIT_RAND),
					LOW_32BIT_END, len);
	if (!legacy_layout())
		found = vma_gap_topdown(mm, max(PAGE_SIZE, PAGE_ALIGN(mmap_min_addr)),
					compat ? mm->mmap_compat_base : mm->mmap_base, len);
	if (IS_ERR_VALUE(found))
		found = vma_gap_bottomup(
			mm, compat ? mm->mmap_compat_legacy_base : mm->mmap_legacy_base,
			compat ? task_size_32bit() : TASK_SIZE_MAX, len);
	/* 64-bit code of a 32-bit program */
	return !IS_ERR_VALUE(found) && found > size - len ? -ENOMEM : found;
}

/* ---- at exec: the layout (LAY-3..5) ---------------------------------------------------------- */

#define MIN_GAP (128UL << 20)

/* stack_rnd: how far down the top of the stack may have been moved, in bytes. */
static void pick_mmap_base(unsigned long *base, unsigned long *legacy_base, unsigned int rnd_bits,
			   unsigned long stack_rnd, unsigned long task_size, unsigned long gap)
{
	unsigned long rnd = 0, pad = stack_guard_gap;

	if (randomized()) {
		rnd = (get_random_u64() & ((1UL << rnd_bits) - 1)) << PAGE_SHIFT;
		pad += stack_rnd;
	}
	if (gap + pad > gap)
		gap += pad;
	gap = clamp(gap, MIN_GAP, task_size / 6 * 5);
	*base = PAGE_ALIGN(task_size - gap - rnd);
	*legacy_base = PAGE_ALIGN(task_size / 3) + rnd;
}

void arch_pick_mmap_layout(struct mm_struct *mm, unsigned long stack_rlimit)
{
	mm->task_size = TASK_SIZE;
	pick_mmap_base(&mm->mmap_base, &mm->mmap_legacy_base, MMAP_RND_BITS,
		       (STACK_RND_MASK + 1) << PAGE_SHIFT, TASK_SIZE_MAX, stack_rlimit);
	pick_mmap_base(&mm->mmap_compat_base, &mm->mmap_compat_legacy_base, MMAP_RND_COMPAT_BITS,
		       (STACK_RND_COMPAT_MASK + 1) << PAGE_SHIFT, task_size_32bit(), stack_rlimit);
}
