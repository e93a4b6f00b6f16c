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

/* @vma, right above @prev, becomes the child of @parent at @link. */
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

void vma_tree_insert(struct mm_struct *mm, struct vm_area_struct *prev, struct vm_area_struct *vma)
{
	struct vm_area_struct *next = prev ? vma_next(prev) : mm_first_vma(mm);

	if (!next || (prev && !prev->vm_rb.rb_right)) {
		vma_tree_append(mm, prev, vma);
	} else { /* which is the lowest above @prev: nothing on its left */
		vma_tree_link(mm, vma, &next->vm_rb, &next->vm_rb.rb_left, prev);
	}
	if (next) {
		vma_set_gap(next, vma);
		vma_gap_callbacks_propagate(&next->vm_rb, NULL);
	}
}

void vma_tree_append(struct mm_struct *mm, struct vm_area_struct *last, struct vm_area_struct *vma)
{
	struct rb_node *parent = last ? &last->vm_rb : NULL;
	struct rb_node **link = last ? &last->vm_rb.rb_right : &mm->mm_rb.rb_node;

	vma_tree_link(mm, vma, parent, link, last);
}

/*
 * The next VMA gets the gap before @vma goes. The other way round the largest gap of an address
 * space, which is where most mappings are made, would sink and rise again in all its ancestors.
 */
void vma_tree_erase(struct mm_struct *mm, struct vm_area_struct *vma)
{
	struct vm_area_struct *next = vma_next(vma);

	if (next) {
		vma_set_gap(next, vma_prev(vma));
		vma_gap_callbacks_propagate(&next->vm_rb, NULL);
	}
	rb_erase_augmented(&vma->vm_rb, &mm->mm_rb, &vma_gap_callbacks);
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

/* Whether a hole may be in the subtree on this side of @node (0: below it, 1: above it). */
static __always_inline bool may_have_hole(const struct rb_node *node, int side,
					  const struct hole *want)
{
	const struct vm_area_struct *vma = rb_to_vma(node),
				    *child = rb_to_vma(node->rb_child[side]);

	return child && child->rb_subtree_gap >= want->len &&
	       (side ? vma->vm_end < want->high : vma->vm_start > want->low);
}

static __always_inline const struct rb_node *outermost(const struct rb_node *node, int side,
						       const struct hole *want)
{
	while (may_have_hole(node, side, want))
		node = node->rb_child[side];
	return node;
}

/* The one after @node, coming from @side, of those below which there may be a hole. */
static __always_inline const struct rb_node *next_inwards(const struct rb_node *node, int side,
							  const struct hole *want)
{
	const struct rb_node *parent;

	if (may_have_hole(node, !side, want))
		return outermost(node->rb_child[!side], side, want);
	while ((parent = rb_parent(node)) && parent->rb_child[side] != node)
		node = parent;
	return parent;
}

/*
 * The outermost hole below one of the VMAs: the highest for side 1, the lowest for 0. Subtrees
 * without a large enough gap, or wholly outside the limits, are not entered: O(log n).
 */
static __always_inline bool find_hole(const struct mm_struct *mm, int side, const struct hole *want,
				      unsigned long *lo, unsigned long *hi)
{
	const struct rb_node *node = mm->mm_rb.rb_node;

	for (node = node ? outermost(node, side, want) : NULL; node;
	     node = next_inwards(node, side, want)) {
		const struct vm_area_struct *vma = rb_to_vma(node);
		unsigned long end = vm_start_gap(vma);

		if (vma->vm_gap >= want->len && hole_fits(want, end - vma->vm_gap, end, lo, hi))
			return true;
	}
	return false;
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

	if (top_hole_fits(mm, &want, &lo, &hi) || find_hole(mm, 1, &want, &lo, &hi))
		return hi - len;
	return -ENOMEM;
}

unsigned long vma_gap_bottomup(struct mm_struct *mm, unsigned long low, unsigned long high,
			       unsigned long len)
{
	const struct hole want = {low, high, len};
	unsigned long lo, hi;

	if (find_hole(mm, 0, &want, &lo, &hi) || top_hole_fits(mm, &want, &lo, &hi))
		return lo;
	return -ENOMEM;
}
