/* SPDX-License-Identifier: MIT */
/*
 * vmalloc.h - kernel memory that is contiguous in address only, device mappings, kernel stacks.
 *
 * Every area is followed by an unmapped guard page. All functions may sleep except
 * free_thread_stack(); none may be called from interrupts.
 */
#ifndef PAGODA_VMALLOC_H
#define PAGODA_VMALLOC_H

#include <pagoda/types.h>
#include <pagoda/mm_types.h>

#define VM_IOREMAP 0x00000001u
#define VM_ALLOC   0x00000002u
#define VM_MAP	   0x00000004u

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
void __iomem *ioremap_cache(phys_addr_t phys, size_t size); /* firmware tables */
void iounmap(volatile void __iomem *addr);

/* One line of /proc/vmallocinfo. */
struct vmalloc_info {
	unsigned long addr, size; /* guard page included in size */
	unsigned int flags;
	unsigned int nr_pages;
	phys_addr_t phys;
	const void *caller;
};

int vmalloc_for_each(int (*fn)(const struct vmalloc_info *info, void *arg), void *arg);
unsigned long vmalloc_nr_pages(void);

/* Maps one page at an address that nobody else uses; 0 or -ENOMEM. Sleeps. */
int map_kernel_page(unsigned long addr, unsigned long pfn, pgprot_t prot);
/* Clears the entries; the caller flushes the TLB before it frees the pages. */
void unmap_kernel_pages(unsigned long start, unsigned long end);

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
