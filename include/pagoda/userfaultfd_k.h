/* SPDX-License-Identifier: MIT */
/*
 * userfaultfd_k.h - where memory management calls the user-fault subsystem.
 *
 * The kernel is configured without userfaultfd: no VMA ever has a context, so every hook is empty.
 * They stand in the flows of fork, munmap, mremap and madvise at the places the contract names.
 */
#ifndef PAGODA_USERFAULTFD_K_H
#define PAGODA_USERFAULTFD_K_H

#include <pagoda/mm_types.h>

static inline bool userfaultfd_armed(const struct vm_area_struct *vma)
{
	return vma->vm_flags & (VM_UFFD_MISSING | VM_UFFD_WP | VM_UFFD_MINOR);
}

static inline bool userfaultfd_missing(const struct vm_area_struct *vma)
{
	return vma->vm_flags & VM_UFFD_MISSING;
}

static inline bool userfaultfd_wp(const struct vm_area_struct *vma)
{
	return vma->vm_flags & VM_UFFD_WP;
}

/* fork: @vma is the child's copy; contexts are collected on @fcs. 0 or -ENOMEM. */
static inline int dup_userfaultfd(struct vm_area_struct *vma, struct list_head *fcs)
{
	vma->vm_userfaultfd_ctx = NULL;
	vma->vm_flags &= ~(VM_UFFD_MISSING | VM_UFFD_WP | VM_UFFD_MINOR);
	return 0;
}

/* The fork cannot fail any more: tell the monitors. */
static inline void dup_userfaultfd_complete(struct list_head *fcs)
{
}

/* The fork failed: release what dup_userfaultfd() collected, without a word. */
static inline void dup_userfaultfd_fail(struct list_head *fcs)
{
}

/* A fault the monitor must resolve; returns VM_FAULT_RETRY with mmap_lock dropped, or an error. */
static inline vm_fault_t handle_userfault(struct vm_fault *vmf, unsigned long reason)
{
	return VM_FAULT_SIGBUS;
}

#endif
