/* SPDX-License-Identifier: MIT */
/*
 * asm/page.h - page size, the address-space map and address conversions.
 *
 * The kernel sees physical memory at PAGE_OFFSET (the direct map) and itself at
 * __START_KERNEL_map. __pa/__va convert direct-map addresses only; symbols of the
 * kernel image go through __pa_symbol.
 */
#ifndef _ASM_PAGE_H
#define _ASM_PAGE_H

#include <asm/asm_const.h>
#include <uapi/personality.h>

#define PAGE_SHIFT 12
#define PAGE_SIZE  (_AC(1, UL) << PAGE_SHIFT)
#define PAGE_MASK  (~(PAGE_SIZE - 1))

/* The address space above user memory: the same places as Linux. */
#define PAGE_OFFSET	   _AC(0xffff888000000000, UL) /* direct map of physical memory */
#define PAGE_OFFSET_END	   _AC(0xffffc88000000000, UL)
#define VMALLOC_START	   _AC(0xffffc90000000000, UL) /* one PML4 slot, 512 GiB */
#define VMALLOC_END	   _AC(0xffffc98000000000, UL)
#define VMEMMAP_START	   _AC(0xffffea0000000000, UL) /* the array of struct page */
#define __START_KERNEL_map _AC(0xffffffff80000000, UL) /* the kernel image */

/* The end of user memory (LAY-1), for 32-bit addresses (LAY-2), for current's program. */
#define TASK_SIZE_MAX _AC(0x7ffffffff000, UL)
#define IA32_PAGE_OFFSET                                                                           \
	(current->personality & ADDR_LIMIT_3GB ? _AC(0xc0000000, UL) : _AC(0xffffe000, UL))
#define TASK_SIZE     (test_thread_flag(TIF_ADDR32) ? IA32_PAGE_OFFSET : TASK_SIZE_MAX)
#define STACK_TOP     TASK_SIZE
#define STACK_TOP_MAX TASK_SIZE_MAX

#ifndef __ASSEMBLER__

#include <pagoda/types.h>

#define PAGE_ALIGN(addr)      (((unsigned long)(addr) + PAGE_SIZE - 1) & PAGE_MASK)
#define PAGE_ALIGN_DOWN(addr) ((unsigned long)(addr)&PAGE_MASK)
#define PAGE_ALIGNED(addr)    (((unsigned long)(addr) & ~PAGE_MASK) == 0)
#define offset_in_page(p)     ((unsigned long)(p) & ~PAGE_MASK)

#define PFN_UP(x)   (((unsigned long)(x) + PAGE_SIZE - 1) >> PAGE_SHIFT)
#define PFN_DOWN(x) ((unsigned long)(x) >> PAGE_SHIFT)
#define PFN_PHYS(x) ((phys_addr_t)(x) << PAGE_SHIFT)
#define PHYS_PFN(x) ((unsigned long)((x) >> PAGE_SHIFT))

/* Direct-map conversions; the argument of __pa must lie in the direct map. */
#define __va(phys)	 ((void *)((unsigned long)(phys) + PAGE_OFFSET))
#define __pa(virt)	 ((phys_addr_t)((unsigned long)(virt)-PAGE_OFFSET))
#define __pa_symbol(sym) ((phys_addr_t)((unsigned long)(sym)-__START_KERNEL_map))
#define virt_to_pfn(v)	 (__pa(v) >> PAGE_SHIFT)
#define pfn_to_virt(pfn) __va(PFN_PHYS(pfn))

/* struct page <-> frame number: the array is virtually contiguous at VMEMMAP_START. */
#define vmemmap		   ((struct page *)VMEMMAP_START)
#define pfn_to_page(pfn)   (vmemmap + (pfn))
#define page_to_pfn(page)  ((unsigned long)((page)-vmemmap))
#define virt_to_page(v)	   pfn_to_page(virt_to_pfn(v))
#define page_to_virt(page) pfn_to_virt(page_to_pfn(page))
#define page_to_phys(page) PFN_PHYS(page_to_pfn(page))
#define page_address(page) page_to_virt(page)

/* Clears one page: arch/x86_64/clear_page.S, which is no C function. */
static inline void clear_page(void *page)
{
	asm volatile("call __clear_page" : "+D"(page) : : "rcx", "cc", "memory");
}

static inline void copy_page(void *to, const void *from)
{
	unsigned long count = PAGE_SIZE / 8;

	asm volatile("rep movsq" : "+c"(count), "+D"(to), "+S"(from) : : "memory");
}

static inline void copy_user_page(void *to, const void *from, unsigned long vaddr)
{
	copy_page(to, from);
}

#endif /* !__ASSEMBLER__ */
#endif
