/* SPDX-License-Identifier: MIT */
/*
 * asm/pgtable_types.h - the bits of a page-table entry and the types of each level.
 *
 *   63  62..59  58..52   51..12         11  10   9   8  7   6 5 4   3   2  1  0
 *   NX  pkey    ignored  frame number   SD  UFW  SP  G  PSE D A PCD PWT US RW P
 *
 * Bits 9 to 11 belong to software: SP special (zero page, device memory: no counted
 * struct page behind it), UFW userfaultfd write-protect, SD soft-dirty. With P clear the
 * hardware ignores all others: G then means PROT_NONE (a mapping that nobody may use), and
 * without it the entry is zero or a swap-like entry (see asm/pgtable.h).
 */
#ifndef _ASM_PGTABLE_TYPES_H
#define _ASM_PGTABLE_TYPES_H

#include <asm/asm_const.h>
#include <asm/page.h>

#define _PAGE_PRESENT	 _BITUL(0)
#define _PAGE_RW	 _BITUL(1)
#define _PAGE_USER	 _BITUL(2)
#define _PAGE_PWT	 _BITUL(3)
#define _PAGE_PCD	 _BITUL(4)
#define _PAGE_ACCESSED	 _BITUL(5)
#define _PAGE_DIRTY	 _BITUL(6)
#define _PAGE_PSE	 _BITUL(7) /* large page in a PMD or PUD entry */
#define _PAGE_GLOBAL	 _BITUL(8)
#define _PAGE_SPECIAL	 _BITUL(9)
#define _PAGE_UFFD_WP	 _BITUL(10)
#define _PAGE_SOFT_DIRTY _BITUL(11)
#define _PAGE_PKEY_SHIFT 59
#define _PAGE_NX	 _BITUL(63)
#define _PAGE_PROTNONE	 _PAGE_GLOBAL /* only while _PAGE_PRESENT is clear */

#define PTE_PFN_MASK   _AC(0x000ffffffffff000, UL)
#define PTE_FLAGS_MASK (~PTE_PFN_MASK)

#define _PAGE_TABLE	(_PAGE_PRESENT | _PAGE_RW | _PAGE_USER | _PAGE_ACCESSED | _PAGE_DIRTY)
#define _KERNPG_TABLE	(_PAGE_PRESENT | _PAGE_RW | _PAGE_ACCESSED | _PAGE_DIRTY)
#define _PAGE_KERNEL_RO (_PAGE_PRESENT | _PAGE_ACCESSED | _PAGE_DIRTY | _PAGE_GLOBAL)

/* What a change of protection keeps of the old entry. */
#define _PAGE_CHG_MASK                                                                             \
	(PTE_PFN_MASK | _PAGE_PCD | _PAGE_PWT | _PAGE_SPECIAL | _PAGE_ACCESSED | _PAGE_DIRTY |     \
	 _PAGE_SOFT_DIRTY | _PAGE_UFFD_WP)

/* Error code of a page fault (FLT-1). */
#define X86_PF_PROT  _BITUL(0)
#define X86_PF_WRITE _BITUL(1)
#define X86_PF_USER  _BITUL(2)
#define X86_PF_RSVD  _BITUL(3)
#define X86_PF_INSTR _BITUL(4)
#define X86_PF_PK    _BITUL(5)

#define PTRS_PER_PGD 512
#define PTRS_PER_PUD 512
#define PTRS_PER_PMD 512
#define PTRS_PER_PTE 512

#define PGDIR_SHIFT 39
#define PUD_SHIFT   30
#define PMD_SHIFT   21
#define PGDIR_SIZE  (_AC(1, UL) << PGDIR_SHIFT)
#define PUD_SIZE    (_AC(1, UL) << PUD_SHIFT)
#define PMD_SIZE    (_AC(1, UL) << PMD_SHIFT)
#define PGDIR_MASK  (~(PGDIR_SIZE - 1))
#define PUD_MASK    (~(PUD_SIZE - 1))
#define PMD_MASK    (~(PMD_SIZE - 1))

/* Entries of a PGD below this index belong to the user, those above to the kernel. */
#define KERNEL_PGD_BOUNDARY 256

#ifndef __ASSEMBLER__

typedef unsigned long pteval_t;
typedef unsigned long pgprotval_t;

typedef struct {
	pteval_t pte;
} pte_t;
typedef struct {
	pteval_t pmd;
} pmd_t;
typedef struct {
	pteval_t pud;
} pud_t;
typedef struct {
	pteval_t pgd;
} pgd_t;
typedef struct {
	pgprotval_t pgprot;
} pgprot_t;
typedef struct page *pgtable_t; /* a PTE table, by its frame */

#define __pte(x)    ((pte_t){(x)})
#define __pmd(x)    ((pmd_t){(x)})
#define __pud(x)    ((pud_t){(x)})
#define __pgd(x)    ((pgd_t){(x)})
#define __pgprot(x) ((pgprot_t){(x)})

#define pte_val(x)    ((x).pte)
#define pmd_val(x)    ((x).pmd)
#define pud_val(x)    ((x).pud)
#define pgd_val(x)    ((x).pgd)
#define pgprot_val(x) ((x).pgprot)

#define PAGE_NONE	   __pgprot(_PAGE_PROTNONE | _PAGE_ACCESSED)
#define PAGE_READONLY	   __pgprot(_PAGE_PRESENT | _PAGE_USER | _PAGE_ACCESSED | _PAGE_NX)
#define PAGE_READONLY_EXEC __pgprot(_PAGE_PRESENT | _PAGE_USER | _PAGE_ACCESSED)
#define PAGE_COPY	   PAGE_READONLY
#define PAGE_COPY_EXEC	   PAGE_READONLY_EXEC
#define PAGE_SHARED	   __pgprot(_PAGE_PRESENT | _PAGE_RW | _PAGE_USER | _PAGE_ACCESSED | _PAGE_NX)
#define PAGE_SHARED_EXEC   __pgprot(_PAGE_PRESENT | _PAGE_RW | _PAGE_USER | _PAGE_ACCESSED)

#define PAGE_KERNEL	    __pgprot(_PAGE_KERNEL_RO | _PAGE_RW | _PAGE_NX)
#define PAGE_KERNEL_RO	    __pgprot(_PAGE_KERNEL_RO | _PAGE_NX)
#define PAGE_KERNEL_ROX	    __pgprot(_PAGE_KERNEL_RO)
#define PAGE_KERNEL_NOCACHE __pgprot(_PAGE_KERNEL_RO | _PAGE_RW | _PAGE_NX | _PAGE_PCD | _PAGE_PWT)
#define PAGE_KERNEL_IO	    PAGE_KERNEL_NOCACHE

#endif /* !__ASSEMBLER__ */
#endif
