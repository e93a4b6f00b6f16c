/* SPDX-License-Identifier: MIT */
/*
 * asm/page.h of the model - physical memory is an arena of the host program.
 *
 * The machine's own header, but for the places: the direct map and the page array stand at fixed
 * addresses of the host's address space, where neither the host's own memory nor the sanitizers'
 * shadow is. Frames are numbered from 0, as on the machine.
 */
#ifndef _MODEL_ASM_PAGE_H
#define _MODEL_ASM_PAGE_H

#define clear_page machine_clear_page
#define copy_page  machine_copy_page
#include_next <asm/page.h>
#undef clear_page
#undef copy_page

#undef PAGE_OFFSET
#undef PAGE_OFFSET_END
#undef VMALLOC_START
#undef VMALLOC_END
#undef VMEMMAP_START
#define PAGE_OFFSET	_AC(0x200000000000, UL) /* the arena */
#define PAGE_OFFSET_END _AC(0x210000000000, UL)
#define VMALLOC_START	_AC(0x220000000000, UL)
#define VMALLOC_END	_AC(0x230000000000, UL)
#define VMEMMAP_START	_AC(0x240000000000, UL)

/* tests/model/arena.c: the frame that plays the page of the kernel image at @sym (the zero page). */
phys_addr_t arena_pa_symbol(const void *sym);

#undef __pa_symbol
#define __pa_symbol(sym) arena_pa_symbol(sym)

static inline void clear_page(void *page)
{
	__builtin_memset(page, 0, PAGE_SIZE);
}

static inline void copy_page(void *to, const void *from)
{
	__builtin_memcpy(to, from, PAGE_SIZE);
}

#define copy_user_page(to, from, vaddr) copy_page((to), (from))

#endif
