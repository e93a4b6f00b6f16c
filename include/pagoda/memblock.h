/* SPDX-License-Identifier: MIT */
/*
 * memblock.h - physical memory before there is a page allocator.
 *
 * Two sorted lists of ranges: what is RAM, and what of it is taken. The boot code adds RAM from
 * the firmware's map and reserves the kernel image, the initrd, boot information and the frame of
 * the AP trampoline; then memory can be allocated, top down, by physical address. mem_init()
 * gives what is left to the page allocator, after which only the queries may be used.
 *
 * One CPU runs, so there are no locks.
 */
#ifndef PAGODA_MEMBLOCK_H
#define PAGODA_MEMBLOCK_H

#include <pagoda/types.h>

/* Partial pages at the ends of RAM are dropped; of reservations they are kept whole. */
void memblock_add(phys_addr_t base, phys_addr_t size);
void memblock_reserve(phys_addr_t base, phys_addr_t size);

/*
 * size bytes at a multiple of align (a power of 2), reserved; 0 when there is no room. The memory
 * is not cleared and need not be mapped yet. Allocations stay below memblock_set_limit(), so
 * that early page tables can be reached by whatever mapping exists.
 */
phys_addr_t memblock_alloc_phys(size_t size, size_t align);
/* The same below limit only (the AP trampoline: 1 MiB). */
phys_addr_t memblock_alloc_phys_below(size_t size, size_t align, phys_addr_t limit);
void memblock_set_limit(phys_addr_t limit);

/* For use after the direct map exists: cleared memory by address, NULL when there is no room. */
void *memblock_alloc(size_t size, size_t align);

phys_addr_t memblock_phys_mem_size(void); /* bytes of RAM */
bool memblock_is_ram(phys_addr_t addr);

/* The i-th range of RAM: false when there are no more. Ranges are sorted and do not touch. */
bool memblock_ram_range(unsigned int i, phys_addr_t *start, phys_addr_t *end);

/*
 * Walks RAM that is not reserved: *cursor is 0 at first; false at the end.
 *
 *	phys_addr_t cursor = 0, start, end;
 *	while (memblock_next_free(&cursor, &start, &end))
 */
bool memblock_next_free(phys_addr_t *cursor, phys_addr_t *start, phys_addr_t *end);

#endif
