/* SPDX-License-Identifier: MIT */
/*
 * vmalloc.h - kernel memory that is contiguous in address only, device mappings, kernel stacks.
 *
 * Every area is followed by an unmapped guard page. All functions may sleep except
 * free_thread_stack(); none may be called from interrupts.
 */
#ifndef PAGODA_VMALLOC_H
#define PAGODA_VMALLOC_H

#include <pagoda/gfp.h>

#define VM_IOREMAP 0x00000001u
#define VM_ALLOC   0x00000002u
#define VM_MAP	   0x00000004u

struct vmap_area {
	struct list_head list;
	unsigned long start, end; /* end includes the guard page */
	unsigned int flags;	  /* one of the above */
	unsigned int nr_pages;	  /* VM_ALLOC: owned; VM_MAP: the caller's */
	phys_addr_t phys;	  /* VM_IOREMAP */
	const void *caller;
};

/* ---- mm/vmalloc.c ------------------------------------------------------------------------ */

void *vmalloc(size_t size);
void *vzalloc(size_t size);
void vfree(const void *addr);
/* Maps pages that the caller owns; vunmap() leaves them alone. */
void *vmap(struct page **pages, unsigned int count, pgprot_t prot);
void vunmap(const void *addr);
bool is_vmalloc_addr(const void *addr);
struct page *vmalloc_to_page(const void *addr);

/* Device memory, uncached; phys needs no alignment. NULL when there is no room. */
void __iomem *ioremap(phys_addr_t phys, size_t size);
void iounmap(volatile void __iomem *addr);

/* Calls fn for each area in the order of addresses, for /proc/vmallocinfo. */
int vmalloc_for_each(int (*fn)(const struct vmap_area *area, void *arg), void *arg);

/*
 * Maps new pages where nobody else maps any; 0 or -ENOMEM, with a part of them mapped. Sleeps.
 * Unmapping puts the pages on a list if there is one; the caller flushes the TLB, then frees them.
 */
int map_new_pages(unsigned long start, unsigned long end, gfp_t gfp);
void unmap_kernel_pages(unsigned long start, unsigned long end, struct list_head *pages);

/* ---- kernel/thread_stack.c --------------------------------------------------------------- */

/* The upper half of the vmalloc slot is for kernel stacks. */
#define STACK_AREA_START (VMALLOC_START + (VMALLOC_END - VMALLOC_START) / 2)

void thread_stack_init(void);
/* THREAD_SIZE bytes above an unmapped page; contents undefined. NULL when there is no memory. */
void *alloc_thread_stack(void);
/* Any context; not the stack one runs on. */
void free_thread_stack(void *stack);
/* True when addr is in the guard page of a kernel stack (the double-fault handler asks). */
bool is_thread_stack_guard(unsigned long addr);
/* Unmaps and frees all stacks that no task has; returns the pages freed. Sleeps. */
unsigned long purge_thread_stacks(void);

#endif
