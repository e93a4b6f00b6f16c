/* SPDX-License-Identifier: MIT */
/*
 * asm/tlbflush.h - removing stale translations, here and on other CPUs.
 *
 * Whoever narrows or removes a translation changes the page table first, then calls one of these,
 * and only then frees the page. They return when no CPU uses the old translation. They may send
 * interrupts and wait for answers, so interrupts must be enabled and no irq-safe lock held
 * (spinlocks of page tables may be).
 */
#ifndef _ASM_TLBFLUSH_H
#define _ASM_TLBFLUSH_H

#include <pagoda/types.h>

struct mm_struct;
struct vm_area_struct;

#define TLB_FLUSH_ALL (~0UL)

/* arch/x86_64/tlb.c */
void flush_tlb_mm_range(struct mm_struct *mm, unsigned long start, unsigned long end);
void flush_tlb_kernel_range(unsigned long start, unsigned long end);
void flush_tlb_all(void);
void flush_tlb_local(void);
void flush_tlb_page(struct vm_area_struct *vma, unsigned long addr);
void flush_tlb_range(struct vm_area_struct *vma, unsigned long start, unsigned long end);
void initialize_tlbstate(void);

static inline void flush_tlb_mm(struct mm_struct *mm)
{
	flush_tlb_mm_range(mm, 0, TLB_FLUSH_ALL);
}

#endif
