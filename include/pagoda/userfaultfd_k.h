/* SPDX-License-Identifier: MIT */
/*
 * userfaultfd_k.h - user-space paging: where memory management and the userfaultfd file meet.
 *
 * A VMA that is registered has a context and at least one of the three modes; every other VMA has
 * neither, and then none of the hooks here costs more than looking at a field that the caller has
 * at hand anyway. No VMA holds a reference to its context: the file's release takes the context out
 * of all VMAs, under mmap_lock for writing, before it drops its own.
 *
 * docs/userfaultfd.md tells the whole way of a fault.
 */
#ifndef PAGODA_USERFAULTFD_K_H
#define PAGODA_USERFAULTFD_K_H

#include <pagoda/atomic.h>
#include <pagoda/list.h>
#include <pagoda/mm_types.h>

#define VM_UFFD_FLAGS (VM_UFFD_MISSING | VM_UFFD_WP | VM_UFFD_MINOR)

extern int sysctl_unprivileged_userfaultfd;

static inline bool userfaultfd_armed(const struct vm_area_struct *vma)
{
	return vma->vm_flags & VM_UFFD_FLAGS;
}

static inline bool userfaultfd_missing(const struct vm_area_struct *vma)
{
	return vma->vm_flags & VM_UFFD_MISSING;
}

static inline bool userfaultfd_wp(const struct vm_area_struct *vma)
{
	return vma->vm_flags & VM_UFFD_WP;
}

static inline bool userfaultfd_minor(const struct vm_area_struct *vma)
{
	return vma->vm_flags & VM_UFFD_MINOR;
}

/* At start-up: the cache of contexts; /dev/userfaultfd. */
void userfaultfd_init(void);
void userfaultfd_device_init(void);

/* ---- fs/userfaultfd.c: faults ------------------------------------------------------------ */

/*
 * A fault that the monitor must resolve; @reason: the VM_UFFD_* mode that it met. Tells him, drops
 * mmap_lock and sleeps: VM_FAULT_RETRY. VM_FAULT_SIGBUS, with the lock still held, where nobody may
 * wait (UFLT-12, 13, 18, UVMA-6).
 */
vm_fault_t handle_userfault(struct vm_fault *vmf, unsigned long reason);
/* All who wait for an address in [start, start + len) try again. */
void wake_userfault(struct userfaultfd_ctx *ctx, unsigned long start, unsigned long len);

/* ---- fs/userfaultfd_event.c: changes of the layout ----------------------------------------- */

/*
 * In each flow: _prep with mmap_lock held for writing, before the change or with it, raises
 * mmap_changing of the context; _complete after the lock is dropped delivers the event and waits
 * until it was read; _fail undoes _prep without a word. Contexts are collected on a list.
 */
int __dup_userfaultfd(struct vm_area_struct *vma, struct list_head *fcs);
void __dup_userfaultfd_complete(struct list_head *fcs);
void dup_userfaultfd_fail(struct list_head *fcs);

/* fork: @vma is the child's copy. 0 or -ENOMEM. */
static inline int dup_userfaultfd(struct vm_area_struct *vma, struct list_head *fcs)
{
	return likely(!vma->vm_userfaultfd_ctx) ? 0 : __dup_userfaultfd(vma, fcs);
}

/* The fork has all it needs: tell the monitors. Only a signal or a bad pointer can still end it. */
static inline void dup_userfaultfd_complete(struct list_head *fcs)
{
	if (unlikely(!list_empty(fcs)))
		__dup_userfaultfd_complete(fcs);
}

/* Does @vma stay registered when it moves? (RMA-1, RMA-2) */
bool userfaultfd_follows_remap(const struct vm_area_struct *vma);
/* mremap has moved a VMA to @vma. *uf: the context that will hear of it, or NULL. */
void mremap_userfaultfd_prep(struct vm_area_struct *vma, struct userfaultfd_ctx **uf);
void mremap_userfaultfd_complete(struct userfaultfd_ctx *uf, unsigned long from, unsigned long to,
				 unsigned long len);

/* The request to unmap [start, end) meets @vma and the ones above. 0 or -ENOMEM, and no event. */
int userfaultfd_unmap_prep(struct vm_area_struct *vma, unsigned long start, unsigned long end,
			   struct list_head *unmaps);
void userfaultfd_unmap_fail(struct list_head *unmaps);
void __userfaultfd_unmap_complete(struct list_head *unmaps);

static inline void userfaultfd_unmap_complete(struct list_head *unmaps)
{
	if (unlikely(!list_empty(unmaps)))
		__userfaultfd_unmap_complete(unmaps);
}

/*
 * madvise will remove the pages of [start, end) of @vma; mmap_lock is held for reading. NULL: no
 * one wants to hear of it. Else he has; mmap_lock was dropped for that, and mmap_changing stays
 * raised until userfaultfd_remove_complete() says that the pages have gone.
 */
struct userfaultfd_ctx *userfaultfd_remove(struct vm_area_struct *vma, unsigned long start,
					   unsigned long end);
void userfaultfd_remove_complete(struct userfaultfd_ctx *ctx);

/* ---- mm/userfaultfd.c: registered ranges --------------------------------------------------- */

/*
 * mmap_lock held for writing. Registers [start, end) with exactly @mode (VM_UFFD_*), splitting and
 * merging VMAs. 0; -EINVAL, -EPERM, -EBUSY with nothing changed; -ENOMEM.
 */
int userfaultfd_register_range(struct mm_struct *mm, struct userfaultfd_ctx *ctx,
			       unsigned long start, unsigned long end, vm_flags_t mode);
/* The reverse, and wakes who waits there. 0; -EINVAL with nothing changed; -ENOMEM. */
int userfaultfd_unregister_range(struct mm_struct *mm, unsigned long start, unsigned long end);
/* Takes mmap_lock. No VMA of @mm has @ctx any more. */
void userfaultfd_release_all(struct mm_struct *mm, struct userfaultfd_ctx *ctx);
/* A VMA that nobody else sees yet loses its context. */
void userfaultfd_reset_ctx(struct vm_area_struct *vma);

/* ---- mm/userfaultfd.c: filling pages, write protection -------------------------------------- */

/*
 * Fill [dst, dst + len) of @mm, which lies in one registered VMA. Bytes done, or -errno if there
 * are none: -EAGAIN while @mmap_changing is raised, -ENOENT no such VMA, -EEXIST a page is there,
 * -EFAULT (no source, beyond the object), -EINVAL, -ENOMEM, -EINTR. Take mmap_lock.
 */
ssize_t mcopy_atomic(struct mm_struct *mm, unsigned long dst, unsigned long src, unsigned long len,
		     atomic_t *mmap_changing, bool wp);
ssize_t mfill_zeropage(struct mm_struct *mm, unsigned long dst, unsigned long len,
		       atomic_t *mmap_changing);
/* With the pages that the shmem object has. */
ssize_t mcopy_continue(struct mm_struct *mm, unsigned long dst, unsigned long len,
		       atomic_t *mmap_changing);
/* Marks or unmarks the pages of a range of one VMA. 0, -EAGAIN, -ENOENT, -ENOMEM. */
int mwriteprotect_range(struct mm_struct *mm, unsigned long start, unsigned long len,
			atomic_t *mmap_changing, bool wp);
/* mmap_lock held, either way. The same for a range of @vma. 0 or -ENOMEM. */
int uffd_wp_range(struct vm_area_struct *vma, unsigned long start, unsigned long len, bool wp);
/* Is the entry still such that a fault with @reason must wait? */
bool userfaultfd_must_wait(struct vm_fault *vmf, unsigned long reason);

#endif
