// SPDX-License-Identifier: MIT
/*
 * mm/vma_merge.c - neighbours that can be one VMA are one VMA.
 *
 * Two adjacent VMAs merge when flags, file, userfaultfd context and name are equal, offsets
 * continue, and neither is special or wants to know when it is closed (VMA-1); same flags and same
 * file imply the same operations, so only one of the two need be asked. A new range:
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

static bool same_name(const struct anon_vma_name *a, const struct anon_vma_name *b)
{
	return a == b || (a && b && !strcmp(a->name, b->name));
}

/* SOFTDIRTY says nothing about what the memory is; what merges has it if a part of it had. */
static bool vma_has_attr(const struct vm_area_struct *vma, const struct vma_attr *attr)
{
	return !((vma->vm_flags ^ attr->flags) & ~VM_SOFTDIRTY) && vma->vm_file == attr->file &&
	       vma->vm_userfaultfd_ctx == attr->ctx && !(vma->vm_flags & VM_SPECIAL) &&
	       !(vma->vm_ops && vma->vm_ops->close) && same_name(vma->anon_name, attr->name);
}

bool vma_can_merge_above(const struct vm_area_struct *vma, unsigned long start,
			 const struct vma_attr *attr)
{
	return vma && vma->vm_end == start && vma->vm_pgoff + vma_pages(vma) == attr->pgoff &&
	       vma_has_attr(vma, attr);
}

static bool vma_can_merge_below(const struct vm_area_struct *vma, unsigned long start,
				unsigned long end, const struct vma_attr *attr)
{
	return vma && vma->vm_start == end &&
	       attr->pgoff + ((end - start) >> PAGE_SHIFT) == vma->vm_pgoff &&
	       vma_has_attr(vma, attr);
}

/* @vma swallows @victim, whose place it has taken already. */
static void vma_swallow(struct vm_area_struct *vma, struct vm_area_struct *victim)
{
	vma->vm_faulted |= victim->vm_faulted;
	vma->vm_flags |= victim->vm_flags & VM_SOFTDIRTY;
	vma_unlink(victim);
	remove_vma(victim);
}

struct vm_area_struct *vma_merge_new(struct vm_area_struct *prev, struct vm_area_struct *next,
				     unsigned long start, unsigned long end,
				     const struct vma_attr *attr)
{
	bool with_prev = vma_can_merge_above(prev, start, attr);
	bool with_next = vma_can_merge_below(next, start, end, attr);
	struct vm_area_struct *vma = with_prev ? prev : next;

	if (!with_prev && !with_next)
		return NULL;
	vma_set_bounds(vma, with_prev ? prev->vm_start : start, with_next ? next->vm_end : end);
	if (with_prev && with_next)
		vma_swallow(prev, next);
	vma->vm_flags |= attr->flags & VM_SOFTDIRTY;
	return vma;
}

struct vm_area_struct *split_range(struct vm_area_struct *vma, unsigned long start,
				   unsigned long end)
{
	struct vm_area_struct *lower = NULL;
	int err = 0;

	if (start > vma->vm_start) {
		err = split_vma(vma, start);
		if (err)
			return ERR_PTR(err);
		lower = vma;
		vma = vma_next(vma);
	}
	if (end < vma->vm_end)
		err = split_vma(vma, end);
	if (err && lower) { /* as it was */
		vma_set_bounds(lower, lower->vm_start, vma->vm_end);
		vma_swallow(lower, vma);
	}
	return err ? ERR_PTR(err) : vma;
}

struct vm_area_struct *vma_modify(struct vm_area_struct *vma, unsigned long start,
				  unsigned long end, const struct vma_attr *attr)
{
	struct vm_area_struct *prev = start == vma->vm_start ? vma_prev(vma) : NULL;
	struct vm_area_struct *next = end == vma->vm_end ? vma_next(vma) : NULL;
	struct vm_area_struct *joined = vma_merge_new(prev, next, start, end, attr);

	if (!joined) {
		vma = split_range(vma, start, end);
		if (IS_ERR(vma))
			return vma;
		if (vma->anon_name != attr->name) {
			anon_vma_name_put(vma->anon_name);
			vma->anon_name = anon_vma_name_get(attr->name);
		}
	} else if (start == vma->vm_start && end == vma->vm_end) {
		vma_swallow(joined, vma);
		vma = joined;
	} else { /* it keeps the other part */
		joined->vm_faulted |= vma->vm_faulted;
		if (joined == prev)
			vma_set_bounds(vma, end, vma->vm_end);
		else
			vma_set_bounds(vma, vma->vm_start, start);
		vma = joined;
	}
	vma->vm_flags = attr->flags | (vma->vm_flags & VM_SOFTDIRTY);
	vma->vm_userfaultfd_ctx = attr->ctx;
	vma_set_page_prot(vma);
	return vma;
}

struct vm_area_struct *vma_modify_flags(struct vm_area_struct *vma, unsigned long start,
					unsigned long end, vm_flags_t flags)
{
	struct vma_attr attr = vma_attr_at(vma, start);

	attr.flags = flags;
	return vma_modify(vma, start, end, &attr);
}
