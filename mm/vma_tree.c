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
 * The free area. Mappings come and go at the upper end of one hole, mostly the largest of all: each
 * would change the largest gap in all ancestors, and look for it from the root. So the gap below
 * mm->free_area_vma is not counted in the tree, and what the last search has shown is kept: no hole
 * above it, and below free_area_high, has cached_hole_size bytes. Then the depth of the tree does
 * not matter.
 *
 * Locks: mmap_lock, for writing where the tree changes. This file also runs on the host.
 */
#include <pagoda/errno.h>
#include "vm_internal.h"

RB_DECLARE_CALLBACKS_MAX(static, vma_gap_callbacks, struct vm_area_struct, vm_rb, unsigned long,
			 rb_subtree_gap, vma_counted_gap)

/* The gap of @vma, right above @prev; it may be a larger hole than any that the last search saw. */
static void vma_set_gap(struct mm_struct *mm, struct vm_area_struct *vma,
			const struct vm_area_struct *prev)
{
	unsigned long end = vm_start_gap(vma), start = prev ? prev->vm_end : 0;

	vma->vm_gap = end > start ? end - start : 0;
	end = min(end, mm->free_area_high);
	if (end > start && end - start >= mm->cached_hole_size && vma != mm->free_area_vma)
		mm->cached_hole_size = end - start + 1;
}

static void vma_change_gap(struct mm_struct *mm, struct vm_area_struct *vma,
			   const struct vm_area_struct *prev)
{
	if (vma) {
		vma_set_gap(mm, vma, prev);
		vma_gap_callbacks_propagate(&vma->vm_rb, NULL);
	} else {
		mm->cached_hole_size = ULONG_MAX; /* the hole above all has changed */
	}
}

void vma_gap_update(struct mm_struct *mm, struct vm_area_struct *vma)
{
	vma_change_gap(mm, vma, vma ? vma_prev(vma) : NULL);
}

/* @vma, right above @prev, becomes the child of @parent at @link. */
static void vma_tree_link(struct mm_struct *mm, struct vm_area_struct *vma, struct rb_node *parent,
			  struct rb_node **link, const struct vm_area_struct *prev)
{
	rb_link_node(&vma->vm_rb, parent, link);
	vma_set_gap(mm, vma, prev);
	vma->rb_subtree_gap = vma_counted_gap(vma);
	if (parent)
		vma_gap_callbacks_propagate(parent, NULL);
	rb_insert_augmented(&vma->vm_rb, &mm->mm_rb, &vma_gap_callbacks);
}

/* At the upper end of the free area what remains of it is below @vma. */
void vma_tree_insert(struct mm_struct *mm, struct vm_area_struct *prev, struct vm_area_struct *vma)
{
	struct vm_area_struct *next = prev ? vma_next(prev) : mm_first_vma(mm);

	if (next && next == mm->free_area_vma &&
	    vma->vm_end >= min(vm_start_gap(next), mm->free_area_high))
		mm->free_area_vma = vma;
	if (!next || (prev && !prev->vm_rb.rb_right))
		vma_tree_append(mm, prev, vma);
	else /* which is the lowest above @prev: nothing on its left */
		vma_tree_link(mm, vma, &next->vm_rb, &next->vm_rb.rb_left, prev);
	if (next)
		vma_change_gap(mm, next, vma);
}

void vma_tree_append(struct mm_struct *mm, struct vm_area_struct *last, struct vm_area_struct *vma)
{
	struct rb_node *parent = last ? &last->vm_rb : NULL;
	struct rb_node **link = last ? &last->vm_rb.rb_right : &mm->mm_rb.rb_node;

	vma_tree_link(mm, vma, parent, link, last);
}

/*
 * The next VMA gets the gap before @vma goes. The other way round a large gap would sink and rise
 * again in all its ancestors.
 */
void vma_tree_erase(struct mm_struct *mm, struct vm_area_struct *vma)
{
	struct vm_area_struct *next = vma_next(vma);

	if (vma == mm->free_area_vma) {
		mm->free_area_vma = next;
		vma->vm_gap = 0; /* it was not counted, nor will it be */
	}
	vma_change_gap(mm, next, vma_prev(vma));
	rb_erase_augmented(&vma->vm_rb, &mm->mm_rb, &vma_gap_callbacks);
	mm->vmacache_seqnum++;
}

static unsigned long gap_start(const struct vm_area_struct *vma)
{
	return vm_start_gap(vma) - vma->vm_gap;
}

/* ---- finding a VMA --------------------------------------------------------------------------- */

struct vm_area_struct *vma_tree_find(struct mm_struct *mm, unsigned long addr)
{
	struct vm_area_struct *found = mm->free_area_vma;
	struct rb_node *node = mm->mm_rb.rb_node;

	if (found && addr - gap_start(found) < found->vm_gap)
		return found;
	found = NULL;
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

static bool hole_fits(const struct hole *want, unsigned long start, unsigned long end)
{
	start = max(start, want->low);
	end = min(end, want->high);
	return start <= end && end - start >= want->len;
}

static bool gap_fits(const struct hole *want, const struct vm_area_struct *vma)
{
	return vma->vm_gap >= want->len && hole_fits(want, gap_start(vma), vm_start_gap(vma));
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
 * The VMA above the outermost hole, NULL if there is none: the highest for side 1, the lowest for 0.
 * Subtrees without a large enough gap, or wholly outside the limits, are not entered: O(log n).
 */
static __always_inline struct vm_area_struct *find_hole(const struct mm_struct *mm, int side,
							const struct hole *want)
{
	struct vm_area_struct *free = mm->free_area_vma, *found;
	const struct rb_node *node = mm->mm_rb.rb_node;

	node = node ? outermost(node, side, want) : NULL;
	while (node && !gap_fits(want, rb_to_vma(node)))
		node = next_inwards(node, side, want);
	found = rb_to_vma(node);
	if (free && (!found || (free->vm_start > found->vm_start) == side) && gap_fits(want, free))
		return free;
	return found;
}

/* The hole above the last VMA, which belongs to no node. */
static unsigned long top_hole(struct mm_struct *mm)
{
	const struct vm_area_struct *last = rb_to_vma(rb_last(&mm->mm_rb));

	return last ? last->vm_end : 0;
}

/* @found has the highest hole for @want. If it is a larger one it is the free area from now on. */
static void set_free_area(struct mm_struct *mm, struct vm_area_struct *found,
			  const struct hole *want)
{
	struct vm_area_struct *old = mm->free_area_vma;

	if (old != found) {
		if (old && old->vm_gap >= found->vm_gap)
			return;
		mm->free_area_vma = found;
		vma_gap_callbacks_propagate(&found->vm_rb, NULL);
		if (old)
			vma_gap_callbacks_propagate(&old->vm_rb, NULL);
	}
	mm->cached_hole_size = want->len;
	mm->free_area_high = want->high;
}

unsigned long vma_gap_topdown(struct mm_struct *mm, unsigned long low, unsigned long high,
			      unsigned long len)
{
	const struct hole want = {low, high, len};
	struct vm_area_struct *vma = mm->free_area_vma;

	if (!vma || len < mm->cached_hole_size || high > mm->free_area_high ||
	    !gap_fits(&want, vma)) {
		if (hole_fits(&want, top_hole(mm), high))
			return high - len;
		vma = find_hole(mm, 1, &want);
		if (!vma)
			return -ENOMEM;
		set_free_area(mm, vma, &want);
	}
	return min(vm_start_gap(vma), high) - len;
}

unsigned long vma_gap_bottomup(struct mm_struct *mm, unsigned long low, unsigned long high,
			       unsigned long len)
{
	const struct hole want = {low, high, len};
	const struct vm_area_struct *vma = find_hole(mm, 0, &want);
	unsigned long start = vma ? gap_start(vma) : top_hole(mm);

	return vma || hole_fits(&want, start, high) ? max(start, low) : -ENOMEM;
}
