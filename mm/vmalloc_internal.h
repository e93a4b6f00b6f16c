/* SPDX-License-Identifier: MIT */
/*
 * mm/vmalloc_internal.h - what vmalloc and the kernel stacks share.
 */
#ifndef MM_VMALLOC_INTERNAL_H
#define MM_VMALLOC_INTERNAL_H

#include <pagoda/mm_types.h>

/* The upper half of the vmalloc slot is for kernel stacks. */
#define STACK_AREA_START (VMALLOC_START + (VMALLOC_END - VMALLOC_START) / 2)

/* ---- mm/vmalloc.c ------------------------------------------------------------------------ */

/* Maps one page at an address that nobody else uses; 0 or -ENOMEM. Sleeps. */
int map_kernel_page(unsigned long addr, unsigned long pfn, pgprot_t prot);
/* Clears the entries; the caller flushes the TLB before it frees the pages. */
void unmap_kernel_pages(unsigned long start, unsigned long end);

/* ---- mm/thread_stack.c ------------------------------------------------------------------- */

void thread_stack_init(void);

#endif
