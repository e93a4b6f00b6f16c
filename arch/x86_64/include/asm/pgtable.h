/* SPDX-License-Identifier: MIT */
/*
 * asm/pgtable.h - the four-level page tables behind typed entries.
 *
 * A virtual address is cut into five fields, one index a level:
 *
 *    63        48 47     39 38     30 29     21 20     12 11         0
 *   +------------+---------+---------+---------+---------+------------+
 *   | copy of 47 |   PGD   |   PUD   |   PMD   |   PTE   |   offset   |
 *   +------------+---------+---------+---------+---------+------------+
 *                     |         |         |         |
 *    mm->pgd ---> pgd_t ---> pud_t ---> pmd_t ---> pte_t ---> frame
 *                 512 GiB     1 GiB      2 MiB      4 KiB
 *
 * No shift or mask of entries is written outside the asm/pgtable*.h files.
 * Locks: who may change an entry is the caller's affair (PTL for a PTE table, the mm's
 * page_table_lock above); setters store whole entries with one write, so that the
 * hardware walker sees the old entry or the new.
 */
#ifndef _ASM_PGTABLE_H
#define _ASM_PGTABLE_H

#include <pagoda/compiler.h>
#include <pagoda/string.h>
#include <asm/pgtable_types.h>

/* The kernel's own tables: every mm's upper half points to the same PUD tables. */
extern pgd_t swapper_pg_dir[PTRS_PER_PGD];

/* ---- PTE: constructors and predicates --------------------------------------------- */

static inline bool pte_none(pte_t pte)
{
	return pte_val(pte) == 0;
}

/* True for PROT_NONE entries too: they hold a frame. */
static inline bool pte_present(pte_t pte)
{
	return pte_val(pte) & (_PAGE_PRESENT | _PAGE_PROTNONE);
}

static inline bool pte_protnone(pte_t pte)
{
	return (pte_val(pte) & (_PAGE_PRESENT | _PAGE_PROTNONE)) == _PAGE_PROTNONE;
}

/* True when the hardware may hold a translation of this entry. */
static inline bool pte_accessible(pte_t pte)
{
	return pte_val(pte) & _PAGE_PRESENT;
}

static inline bool pte_write(pte_t pte)
{
	return pte_val(pte) & _PAGE_RW;
}

static inline bool pte_dirty(pte_t pte)
{
	return pte_val(pte) & _PAGE_DIRTY;
}

static inline bool pte_young(pte_t pte)
{
	return pte_val(pte) & _PAGE_ACCESSED;
}

static inline bool pte_exec(pte_t pte)
{
	return !(pte_val(pte) & _PAGE_NX);
}

static inline bool pte_user(pte_t pte)
{
	return pte_val(pte) & _PAGE_USER;
}

static inline bool pte_special(pte_t pte)
{
	return pte_val(pte) & _PAGE_SPECIAL;
}

static inline bool pte_uffd_wp(pte_t pte)
{
	return pte_val(pte) & _PAGE_UFFD_WP;
}

static inline bool pte_soft_dirty(pte_t pte)
{
	return pte_val(pte) & _PAGE_SOFT_DIRTY;
}

static inline bool pte_same(pte_t a, pte_t b)
{
	return pte_val(a) == pte_val(b);
}

static inline pte_t pte_set_flags(pte_t pte, pteval_t set)
{
	return __pte(pte_val(pte) | set);
}

static inline pte_t pte_clear_flags(pte_t pte, pteval_t clear)
{
	return __pte(pte_val(pte) & ~clear);
}

static inline pte_t pte_mkwrite(pte_t pte)
{
	return pte_set_flags(pte, _PAGE_RW);
}

static inline pte_t pte_wrprotect(pte_t pte)
{
	return pte_clear_flags(pte, _PAGE_RW);
}

static inline pte_t pte_mkdirty(pte_t pte)
{
	return pte_set_flags(pte, _PAGE_DIRTY | _PAGE_SOFT_DIRTY);
}

static inline pte_t pte_mkclean(pte_t pte)
{
	return pte_clear_flags(pte, _PAGE_DIRTY);
}

static inline pte_t pte_mkyoung(pte_t pte)
{
	return pte_set_flags(pte, _PAGE_ACCESSED);
}

static inline pte_t pte_mkold(pte_t pte)
{
	return pte_clear_flags(pte, _PAGE_ACCESSED);
}

static inline pte_t pte_mkexec(pte_t pte)
{
	return pte_clear_flags(pte, _PAGE_NX);
}

static inline pte_t pte_mkspecial(pte_t pte)
{
	return pte_set_flags(pte, _PAGE_SPECIAL);
}

/* Write-protected for a userfaultfd: never writable at the same time. */
static inline pte_t pte_mkuffd_wp(pte_t pte)
{
	return pte_wrprotect(pte_set_flags(pte, _PAGE_UFFD_WP));
}

static inline pte_t pte_clear_uffd_wp(pte_t pte)
{
	return pte_clear_flags(pte, _PAGE_UFFD_WP);
}

static inline pte_t pte_mksoft_dirty(pte_t pte)
{
	return pte_set_flags(pte, _PAGE_SOFT_DIRTY);
}

static inline pte_t pte_clear_soft_dirty(pte_t pte)
{
	return pte_clear_flags(pte, _PAGE_SOFT_DIRTY);
}

static inline unsigned long pte_pfn(pte_t pte)
{
	return (pte_val(pte) & PTE_PFN_MASK) >> PAGE_SHIFT;
}

static inline pgprot_t pte_pgprot(pte_t pte)
{
	return __pgprot(pte_val(pte) & PTE_FLAGS_MASK);
}

static inline pte_t pfn_pte(unsigned long pfn, pgprot_t prot)
{
	return __pte((pfn << PAGE_SHIFT) | pgprot_val(prot));
}

#define mk_pte(page, prot) pfn_pte(page_to_pfn(page), (prot))
#define pte_page(pte)	   pfn_to_page(pte_pfn(pte))

/* The same frame and state (dirty, young, special, ...) under another protection. */
static inline pte_t pte_modify(pte_t pte, pgprot_t newprot)
{
	return __pte((pte_val(pte) & _PAGE_CHG_MASK) | (pgprot_val(newprot) & ~_PAGE_CHG_MASK));
}

/* What is set in both: @mask is pte_all() without what some of the functions above take away. */
static inline pte_t pte_mask(pte_t pte, pte_t mask)
{
	return __pte(pte_val(pte) & pte_val(mask));
}

static inline pte_t pte_all(void)
{
	return __pte(~0UL);
}

static inline pgprot_t pgprot_noncached(pgprot_t prot)
{
	return __pgprot(pgprot_val(prot) | _PAGE_PCD | _PAGE_PWT);
}

/* ---- PTE: reading and writing entries in a table ------------------------------------ */

static inline pte_t ptep_get(pte_t *ptep)
{
	return __pte(READ_ONCE(ptep->pte));
}

static inline void set_pte(pte_t *ptep, pte_t pte)
{
	WRITE_ONCE(ptep->pte, pte_val(pte));
}

#define set_pte_at(mm, addr, ptep, pte) set_pte((ptep), (pte))
#define pte_clear(mm, addr, ptep)	set_pte((ptep), __pte(0))

/* Atomic: a dirty or accessed bit that the hardware sets meanwhile is not lost. */
static inline pte_t native_ptep_get_and_clear(pte_t *ptep)
{
	return __pte(__atomic_exchange_n(&ptep->pte, 0, __ATOMIC_SEQ_CST));
}

static inline void native_ptep_set_wrprotect(pte_t *ptep)
{
	__atomic_fetch_and(&ptep->pte, ~_PAGE_RW, __ATOMIC_SEQ_CST);
}

static inline bool native_ptep_test_and_clear_young(pte_t *ptep)
{
	if (!pte_young(ptep_get(ptep)))
		return false;
	return __atomic_fetch_and(&ptep->pte, ~_PAGE_ACCESSED, __ATOMIC_SEQ_CST) & _PAGE_ACCESSED;
}

#define ptep_get_and_clear(mm, addr, ptep)	   native_ptep_get_and_clear(ptep)
#define ptep_set_wrprotect(mm, addr, ptep)	   native_ptep_set_wrprotect(ptep)
#define ptep_test_and_clear_young(vma, addr, ptep) native_ptep_test_and_clear_young(ptep)

/*
 * For an entry that no CPU can be using (an mm with no users left, a table being torn
 * down): plain accesses, several times cheaper than the locked ones.
 */
static inline pte_t ptep_get_and_clear_full(pte_t *ptep)
{
	pte_t pte = ptep_get(ptep);

	set_pte(ptep, __pte(0));
	return pte;
}

/* Swap-like entries: neither zero nor present. */
#include <asm/pgtable_swap.h>

/* ---- Upper levels: predicates -------------------------------------------------------- */

static inline bool pmd_none(pmd_t pmd)
{
	return pmd_val(pmd) == 0;
}

static inline bool pmd_present(pmd_t pmd)
{
	return pmd_val(pmd) & _PAGE_PRESENT;
}

static inline bool pmd_leaf(pmd_t pmd)
{
	return pmd_val(pmd) & _PAGE_PSE;
}

static inline bool pmd_write(pmd_t pmd)
{
	return pmd_val(pmd) & _PAGE_RW;
}

/* Neither empty nor a well-formed pointer to a PTE table (W may be off: a shared table). */
static inline bool pmd_bad(pmd_t pmd)
{
	return (pmd_val(pmd) & PTE_FLAGS_MASK & ~(_PAGE_USER | _PAGE_RW | _PAGE_ACCESSED)) !=
	       (_KERNPG_TABLE & ~(_PAGE_RW | _PAGE_ACCESSED));
}

static inline bool pud_none(pud_t pud)
{
	return pud_val(pud) == 0;
}

static inline bool pud_present(pud_t pud)
{
	return pud_val(pud) & _PAGE_PRESENT;
}

static inline bool pud_leaf(pud_t pud)
{
	return pud_val(pud) & _PAGE_PSE;
}

static inline bool pud_bad(pud_t pud)
{
	return (pud_val(pud) & PTE_FLAGS_MASK & ~(_PAGE_USER | _PAGE_ACCESSED)) !=
	       (_KERNPG_TABLE & ~_PAGE_ACCESSED);
}

static inline bool pgd_none(pgd_t pgd)
{
	return pgd_val(pgd) == 0;
}

static inline bool pgd_present(pgd_t pgd)
{
	return pgd_val(pgd) & _PAGE_PRESENT;
}

static inline bool pgd_bad(pgd_t pgd)
{
	return (pgd_val(pgd) & PTE_FLAGS_MASK & ~(_PAGE_USER | _PAGE_ACCESSED)) !=
	       (_KERNPG_TABLE & ~_PAGE_ACCESSED);
}

static inline unsigned long pmd_pfn(pmd_t pmd)
{
	return (pmd_val(pmd) & PTE_PFN_MASK) >> PAGE_SHIFT;
}

static inline unsigned long pud_pfn(pud_t pud)
{
	return (pud_val(pud) & PTE_PFN_MASK) >> PAGE_SHIFT;
}

static inline unsigned long pgd_pfn(pgd_t pgd)
{
	return (pgd_val(pgd) & PTE_PFN_MASK) >> PAGE_SHIFT;
}

#define pmd_page(pmd) pfn_to_page(pmd_pfn(pmd)) /* struct page of the PTE table */
#define pud_page(pud) pfn_to_page(pud_pfn(pud)) /* ... of the PMD table */
#define pgd_page(pgd) pfn_to_page(pgd_pfn(pgd)) /* ... of the PUD table */

static inline pmd_t pmd_wrprotect(pmd_t pmd)
{
	return __pmd(pmd_val(pmd) & ~_PAGE_RW);
}

static inline pmd_t pmd_mkwrite(pmd_t pmd)
{
	return __pmd(pmd_val(pmd) | _PAGE_RW);
}

static inline pmd_t pmdp_get(pmd_t *pmdp)
{
	return __pmd(READ_ONCE(pmdp->pmd));
}

static inline pud_t pudp_get(pud_t *pudp)
{
	return __pud(READ_ONCE(pudp->pud));
}

static inline pgd_t pgdp_get(pgd_t *pgdp)
{
	return __pgd(READ_ONCE(pgdp->pgd));
}

static inline void set_pmd(pmd_t *pmdp, pmd_t pmd)
{
	WRITE_ONCE(pmdp->pmd, pmd_val(pmd));
}

static inline void set_pud(pud_t *pudp, pud_t pud)
{
	WRITE_ONCE(pudp->pud, pud_val(pud));
}

static inline void set_pgd(pgd_t *pgdp, pgd_t pgd)
{
	WRITE_ONCE(pgdp->pgd, pgd_val(pgd));
}

static inline void pmd_clear(pmd_t *pmdp)
{
	set_pmd(pmdp, __pmd(0));
}

/* Empties the user's half of a root. */
static inline void pgd_clear_user(pgd_t *pgd)
{
	memset(pgd, 0, KERNEL_PGD_BOUNDARY * sizeof(*pgd));
}

static inline void pud_clear(pud_t *pudp)
{
	set_pud(pudp, __pud(0));
}

static inline void pgd_clear(pgd_t *pgdp)
{
	set_pgd(pgdp, __pgd(0));
}

/* ---- Walking ------------------------------------------------------------------------- */

static inline unsigned long pgd_index(unsigned long addr)
{
	return (addr >> PGDIR_SHIFT) & (PTRS_PER_PGD - 1);
}

static inline unsigned long pud_index(unsigned long addr)
{
	return (addr >> PUD_SHIFT) & (PTRS_PER_PUD - 1);
}

static inline unsigned long pmd_index(unsigned long addr)
{
	return (addr >> PMD_SHIFT) & (PTRS_PER_PMD - 1);
}

static inline unsigned long pte_index(unsigned long addr)
{
	return (addr >> PAGE_SHIFT) & (PTRS_PER_PTE - 1);
}

static inline unsigned long pgd_page_vaddr(pgd_t pgd)
{
	return (unsigned long)__va(pgd_val(pgd) & PTE_PFN_MASK);
}

static inline unsigned long pud_page_vaddr(pud_t pud)
{
	return (unsigned long)__va(pud_val(pud) & PTE_PFN_MASK);
}

static inline unsigned long pmd_page_vaddr(pmd_t pmd)
{
	return (unsigned long)__va(pmd_val(pmd) & PTE_PFN_MASK);
}

#define pgd_offset(mm, addr)   ((mm)->pgd + pgd_index(addr))
#define pgd_offset_k(addr)     (swapper_pg_dir + pgd_index(addr))
#define pgd_offset_pgd(p, adr) ((p) + pgd_index(adr))

/* The next-level entry of @addr; the entry above must be present. */
static inline pud_t *pud_offset(pgd_t *pgd, unsigned long addr)
{
	return (pud_t *)pgd_page_vaddr(pgdp_get(pgd)) + pud_index(addr);
}

static inline pmd_t *pmd_offset(pud_t *pud, unsigned long addr)
{
	return (pmd_t *)pud_page_vaddr(pudp_get(pud)) + pmd_index(addr);
}

static inline pte_t *pte_offset(pmd_t *pmd, unsigned long addr)
{
	return (pte_t *)pmd_page_vaddr(pmdp_get(pmd)) + pte_index(addr);
}

#define pte_offset_kernel(pmd, addr) pte_offset((pmd), (addr))
#define pte_offset_map(pmd, addr)    pte_offset((pmd), (addr))

/* The end of this entry's part of [addr, end); right for end == 0 (top of memory) too. */
#define __level_addr_end(addr, end, size, mask)                                                    \
	({                                                                                         \
		unsigned long __boundary = ((addr) + (size)) & (mask);                             \
		(__boundary - 1 < (end)-1) ? __boundary : (end);                                   \
	})
#define pgd_addr_end(addr, end) __level_addr_end(addr, end, PGDIR_SIZE, PGDIR_MASK)
#define pud_addr_end(addr, end) __level_addr_end(addr, end, PUD_SIZE, PUD_MASK)
#define pmd_addr_end(addr, end) __level_addr_end(addr, end, PMD_SIZE, PMD_MASK)

/* ---- Linking tables ------------------------------------------------------------------ */

#define pgd_populate(mm, pgdp, pud)  set_pgd((pgdp), __pgd(_PAGE_TABLE | __pa(pud)))
#define pud_populate(mm, pudp, pmd)  set_pud((pudp), __pud(_PAGE_TABLE | __pa(pmd)))
#define pmd_populate(mm, pmdp, page) set_pmd((pmdp), __pmd(_PAGE_TABLE | page_to_phys(page)))

/* The same for kernel tables, given by direct-map address. */
#define pgd_populate_kernel(pgdp, pud) set_pgd((pgdp), __pgd(_KERNPG_TABLE | __pa(pud)))
#define pud_populate_kernel(pudp, pmd) set_pud((pudp), __pud(_KERNPG_TABLE | __pa(pmd)))
#define pmd_populate_kernel(pmdp, pte) set_pmd((pmdp), __pmd(_KERNPG_TABLE | __pa(pte)))

/* ---- arch/x86_64/pgtable.c ----------------------------------------------------------- */

/* Protection of a mapping with these VM_* flags: private writable ones start read-only. */
pgprot_t vm_get_page_prot(unsigned long vm_flags);
/* Fills the kernel half of a new PGD (a cleared page) from swapper_pg_dir. */
void pgd_copy_kernel(pgd_t *pgd);
/* The entry that maps kernel address @addr with 4 KiB pages, or NULL. */
pte_t *lookup_kernel_pte(unsigned long addr);

/* ---- arch/x86_64/pgtable_init.c ------------------------------------------------------ */

/* Builds swapper_pg_dir (direct map, kernel image, empty vmalloc and vmemmap slots). */
void paging_init(void);
/* Maps [virt, virt+size) to physical memory from memblock; for vmemmap at boot. 0/-ENOMEM */
int vmemmap_populate(unsigned long start, unsigned long end);
/* Unmaps the init sections and gives their memory to the page allocator; after boot. */
void free_initmem(void);

#endif
