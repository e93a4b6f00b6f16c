// SPDX-License-Identifier: MIT
/*
 * mm/vma_merge.c - neighbours that can be one VMA are one VMA.
 *
 * Two adjacent VMAs merge when flags, file, userfaultfd context and name are equal, offsets
 * continue, and neither is special or wants to know when it is closed (VMA-1). A new range:
 *
 *	  PPPP....NNNN		PPPP####NNNN
 *	  extend P:   PPPPPPPPNNNN	extend N:   PPPPNNNNNNNN	join:   PPPPPPPPPPPP
 *
 * A range whose attributes change (mprotect, madvise, mlock) inside VMA V:
 *
 *	  PPPPVVVVVVVVNNNN
 *	  PPPPPPPPVVVVNNNN	the lower part goes to P; the whole of V: V disappears
 *	  PPPPVVVVNNNNNNNN	the upper part goes to N; the whole of V: V disappears
 *	  PPPPPPPPPPPPPPPP	all of V, and both neighbours fit
 *	  PPPPVV####VVNNNN	nothing fits: split
 *
 * Without a reverse map of anonymous memory there is no condition about it: VMA-2 allows that.
 * Locks: mmap_lock held for writing.
 */
#include <pagoda/err.h>
#include <pagoda/fs.h>
#include "vm_internal.h"

/* SOFTDIRTY says nothing about what the memory is; what merges has it if a part of it had. */
#define VM_MERGE_IGNORE VM_SOFTDIRTY

static bool same_name(const struct anon_vma_name *a, const struct anon_vma_name *b)
{
	return a == b || (a && b && !strcmp(a->name, b->name));
}

static bool vma_has_attr(const struct vm_area_struct *vma, const struct vma_attr *attr)
{
	return !((vma->vm_flags ^ attr->flags) & ~VM_MERGE_IGNORE) && vma->vm_file == attr->file &&
	       vma->vm_userfaultfd_ctx == attr->ctx && !(vma->vm_flags & VM_SPECIAL) &&
	       !(vma->vm_ops && vma->vm_ops->close) && same_name(vma->anon_name, attr->name);
}

bool vma_can_merge_above(const struct vm_area_struct *vma, const struct vma_attr *attr)
{
	return vma->vm_pgoff + vma_pages(vma) == attr->pgoff && vma_has_attr(vma, attr);
}

bool vma_can_merge_below(const struct vm_area_struct *vma, const struct vma_attr *attr,
			 unsigned long pages)
{
	return attr->pgoff + pages == vma->vm_pgoff && vma_has_attr(vma, attr);
}

/* @vma gets a part of its neighbour @from. */
static void vma_inherit(struct vm_area_struct *vma, const struct vm_area_struct *from)
{
	vma->vm_faulted |= from->vm_faulted;
	vma->vm_flags |= from->vm_flags & VM_SOFTDIRTY;
}

/* @vma swallows its neighbour @victim, whose place it has taken already. */
static void vma_swallow(struct mm_struct *mm, struct vm_area_struct *vma,
			struct vm_area_struct *victim)
{
	vma_inherit(vma, victim);
	vma_unlink(mm, victim);
	remove_vma(victim);
}

struct vm_area_struct *vma_merge_new(struct mm_struct *mm, struct vm_area_struct *prev,
				     unsigned long start, unsigned long end,
				     const struct vma_attr *attr)
{
	struct vm_area_struct *next = prev ? vma_next(prev) : mm_first_vma(mm), *vma;
	bool with_prev, with_next;

	if (attr->flags & VM_SPECIAL)
		return NULL;
	with_prev = prev && prev->vm_end == start && vma_can_merge_above(prev, attr);
	with_next = next && next->vm_start == end &&
		    vma_can_merge_below(next, attr, (end - start) >> PAGE_SHIFT);
	if (!with_prev && !with_next)
		return NULL;
	vma = with_prev ? prev : next;
	vma_set_bounds(vma, with_prev ? prev->vm_start : start, with_next ? next->vm_end : end);
	if (with_prev && with_next)
		vma_swallow(mm, prev, next);
	vma->vm_flags |= attr->flags & VM_SOFTDIRTY;
	return vma;
}

/* [start, end) of @vma moves over to @prev below it, which it touches. */
static struct vm_area_struct *give_to_prev(struct mm_struct *mm, struct vm_area_struct *prev,
					   struct vm_area_struct *vma, unsigned long end)
{
	vma_inherit(prev, vma);
	vma_set_bounds(prev, prev->vm_start, end);
	if (end == vma->vm_end)
		vma_swallow(mm, prev, vma);
	else
		vma_set_bounds(vma, end, vma->vm_end);
	return prev;
}

static struct vm_area_struct *give_to_next(struct mm_struct *mm, struct vm_area_struct *next,
					   struct vm_area_struct *vma, unsigned long start)
{
	vma_inherit(next, vma);
	vma_set_bounds(next, start, next->vm_end);
	if (start == vma->vm_start)
		vma_swallow(mm, next, vma);
	else
		vma_set_bounds(vma, vma->vm_start, start);
	return next;
}

struct vm_area_struct *split_range(struct mm_struct *mm, struct vm_area_struct *vma,
				   unsigned long start, unsigned long end)
{
	struct vm_area_struct *lower = NULL;
	int err = 0;

	if (start > vma->vm_start) {
		err = split_vma(mm, vma, start);
		if (err)
			return ERR_PTR(err);
		lower = vma;
		vma = vma_next(vma);
	}
	if (end < vma->vm_end)
		err = split_vma(mm, vma, end);
	if (err && lower) { /* as it was */
		vma_set_bounds(lower, lower->vm_start, vma->vm_end);
		vma_swallow(mm, lower, vma);
	}
	return err ? ERR_PTR(err) : vma;
}

struct vm_area_struct *vma_modify(struct mm_struct *mm, struct vm_area_struct *vma,
				  unsigned long start, unsigned long end,
				  const struct vma_attr *attr)
{
	struct vm_area_struct *prev = start == vma->vm_start ? vma_prev(vma) : NULL;
	struct vm_area_struct *next = end == vma->vm_end ? vma_next(vma) : NULL;
	bool movable = !(vma->vm_flags & VM_SPECIAL) && !(vma->vm_ops && vma->vm_ops->close);
	bool with_prev, with_next;

	with_prev = movable && prev && prev->vm_end == start && vma_can_merge_above(prev, attr);
	with_next = movable && next && next->vm_start == end &&
		    vma_can_merge_below(next, attr, (end - start) >> PAGE_SHIFT);
	if (with_prev && with_next) {
		vma = give_to_prev(mm, prev, vma, end);
		vma_set_bounds(vma, vma->vm_start, next->vm_end);
		vma_swallow(mm, vma, next);
		return vma;
	}
	if (with_prev)
		return give_to_prev(mm, prev, vma, end);
	if (with_next)
		return give_to_next(mm, next, vma, start);
	return split_range(mm, vma, start, end);
}

struct vm_area_struct *vma_modify_flags(struct mm_struct *mm, struct vm_area_struct *vma,
					unsigned long start, unsigned long end, vm_flags_t flags)
{
	const struct vma_attr attr = {
		.flags = flags,
		.file = vma->vm_file,
		.pgoff = linear_page_index(vma, start),
		.ctx = vma->vm_userfaultfd_ctx,
		.name = vma->anon_name,
	};

	return vma_modify(mm, vma, start, end, &attr);
}
