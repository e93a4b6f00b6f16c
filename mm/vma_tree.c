// SPDX-License-Identifier: MIT
/*
 * mm/vma_tree.c - the index of an address space: VMAs in a red-black tree ordered by address.
 *
 * Each VMA knows the free bytes below it, vm_gap, and the largest vm_gap of its subtree:
 *
 *	  0        A.vm_start  A.vm_end    B.vm_start  B.vm_end           high
 *	  |  A.vm_gap  |#### A ####|  B.vm_gap  |#### B ####|  (no VMA's) |
 *
 * so that finding a VMA and finding a hole both take O(log n). A VMA that grows downwards keeps a
 * guard gap below it out of vm_gap. While two neighbours are being moved against each other they
 * may overlap for a moment; a negative gap counts as none.
 *
 * Locks: mmap_lock, for writing where the tree changes. This file also runs on the host.
 */
#include <pagoda/errno.h>
#include "vm_internal.h"

#define vma_own_gap(vma) ((vma)->vm_gap)
RB_DECLARE_CALLBACKS_MAX(static, vma_gap_callbacks, struct vm_area_struct, vm_rb, unsigned long,
			 rb_subtree_gap, vma_own_gap)

static void vma_set_gap(struct vm_area_struct *vma, const struct vm_area_struct *prev)
{
	unsigned long end = vm_start_gap(vma), start = prev ? prev->vm_end : 0;

	vma->vm_gap = end > start ? end - start : 0;
}

void vma_gap_update(struct vm_area_struct *vma)
{
	vma_set_gap(vma, vma_prev(vma));
	vma_gap_callbacks_propagate(&vma->vm_rb, NULL);
}

static void vma_tree_link(struct mm_struct *mm, struct vm_area_struct *vma, struct rb_node *parent,
			  struct rb_node **link, const struct vm_area_struct *prev)
{
	rb_link_node(&vma->vm_rb, parent, link);
	vma_set_gap(vma, prev);
	vma->rb_subtree_gap = vma->vm_gap;
	if (parent)
		vma_gap_callbacks_propagate(parent, NULL);
	rb_insert_augmented(&vma->vm_rb, &mm->mm_rb, &vma_gap_callbacks);
}

void vma_tree_insert(struct mm_struct *mm, struct vm_area_struct *vma)
{
	struct rb_node **link = &mm->mm_rb.rb_node, *parent = NULL;
	struct vm_area_struct *prev = NULL, *next = NULL;

	while (*link) {
		parent = *link;
		if (vma->vm_start < rb_to_vma(parent)->vm_start) {
			next = rb_to_vma(parent);
			link = &parent->rb_left;
		} else {
			prev = rb_to_vma(parent);
			link = &parent->rb_right;
		}
	}
	vma_tree_link(mm, vma, parent, link, prev);
	if (next)
		vma_gap_update(next);
}

void vma_tree_append(struct mm_struct *mm, struct vm_area_struct *last, struct vm_area_struct *vma)
{
	if (last)
		vma_tree_link(mm, vma, &last->vm_rb, &last->vm_rb.rb_right, last);
	else
		vma_tree_link(mm, vma, NULL, &mm->mm_rb.rb_node, NULL);
}

void vma_tree_erase(struct mm_struct *mm, struct vm_area_struct *vma)
{
	struct vm_area_struct *next = vma_next(vma);

	rb_erase_augmented(&vma->vm_rb, &mm->mm_rb, &vma_gap_callbacks);
	if (next)
		vma_gap_update(next);
	mm->vmacache_seqnum++;
}

/* ---- finding a VMA --------------------------------------------------------------------------- */

struct vm_area_struct *vma_tree_find(struct mm_struct *mm, unsigned long addr)
{
	struct rb_node *node = mm->mm_rb.rb_node;
	struct vm_area_struct *found = NULL;

	while (node) {
		struct vm_area_struct *vma = rb_to_vma(node);

		if (vma->vm_end <= addr) {
			node = node->rb_right;
			continue;
		}
		found = vma;
		if (vma->vm_start <= addr)
			break;
		node = node->rb_left;
	}
	return found;
}

/* ---- finding a hole -------------------------------------------------------------------------- */

struct hole {
	unsigned long low, high; /* it must lie in [low, high) */
	unsigned long len;
};

/* The part of [start, end) that may be used is long enough; then *lo and *hi are its ends. */
static bool hole_fits(const struct hole *want, unsigned long start, unsigned long end,
		      unsigned long *lo, unsigned long *hi)
{
	*lo = max(start, want->low);
	*hi = min(end, want->high);
	return *lo <= *hi && *hi - *lo >= want->len;
}

/*
 * The highest hole below one of the VMAs of @node's subtree. Subtrees without a large enough gap,
 * or wholly outside the limits, are not entered: O(log n).
 */
static unsigned long gap_topdown(const struct rb_node *node, const struct hole *want)
{
	while (node && rb_to_vma(node)->rb_subtree_gap >= want->len) {
		const struct vm_area_struct *vma = rb_to_vma(node);
		unsigned long end = vm_start_gap(vma), lo, hi;

		if (vma->vm_end < want->high) {
			unsigned long addr = gap_topdown(node->rb_right, want);

			if (!IS_ERR_VALUE(addr))
				return addr;
		}
		if (vma->vm_gap >= want->len && hole_fits(want, end - vma->vm_gap, end, &lo, &hi))
			return hi - want->len;
		if (vma->vm_start <= want->low)
			break;
		node = node->rb_left;
	}
	return -ENOMEM;
}

static unsigned long gap_bottomup(const struct rb_node *node, const struct hole *want)
{
	while (node && rb_to_vma(node)->rb_subtree_gap >= want->len) {
		const struct vm_area_struct *vma = rb_to_vma(node);
		unsigned long end = vm_start_gap(vma), lo, hi;

		if (vma->vm_start > want->low) {
			unsigned long addr = gap_bottomup(node->rb_left, want);

			if (!IS_ERR_VALUE(addr))
				return addr;
		}
		if (vma->vm_gap >= want->len && hole_fits(want, end - vma->vm_gap, end, &lo, &hi))
			return lo;
		if (vma->vm_end >= want->high)
			break;
		node = node->rb_right;
	}
	return -ENOMEM;
}

/* The hole above the last VMA belongs to no node. */
static bool top_hole_fits(struct mm_struct *mm, const struct hole *want, unsigned long *lo,
			  unsigned long *hi)
{
	const struct vm_area_struct *last = rb_to_vma(rb_last(&mm->mm_rb));

	return hole_fits(want, last ? last->vm_end : 0, want->high, lo, hi);
}

unsigned long vma_gap_topdown(struct mm_struct *mm, unsigned long low, unsigned long high,
			      unsigned long len)
{
	const struct hole want = {low, high, len};
	unsigned long lo, hi;

	if (top_hole_fits(mm, &want, &lo, &hi))
		return hi - len;
	return gap_topdown(mm->mm_rb.rb_node, &want);
}

unsigned long vma_gap_bottomup(struct mm_struct *mm, unsigned long low, unsigned long high,
			       unsigned long len)
{
	const struct hole want = {low, high, len};
	unsigned long addr = gap_bottomup(mm->mm_rb.rb_node, &want);
	unsigned long lo, hi;

	if (IS_ERR_VALUE(addr) && top_hole_fits(mm, &want, &lo, &hi))
		return lo;
	return addr;
}
