/* SPDX-License-Identifier: MIT */
/*
 * asm/pgtable_swap.h - entries that hold no frame but say where the page is.
 *
 * A swap-like entry is a PTE that is neither zero nor present (nor PROT_NONE):
 *
 *   63..59  58..12   11..9  8        7..3  2    1   0
 *   type    offset   0      0 (!G)   0     UFW  SD  0 (!P)
 *
 * Included by asm/pgtable.h only.
 */
#ifndef _ASM_PGTABLE_SWAP_H
#define _ASM_PGTABLE_SWAP_H

typedef struct {
	unsigned long val; /* type in bits 63..59, offset below */
} swp_entry_t;

#define SWP_TYPE_BITS	5
#define SWP_TYPE_SHIFT	59
#define SWP_OFFSET_BITS 47
#define SWP_OFFSET_MASK ((1UL << SWP_OFFSET_BITS) - 1)

#define _PAGE_SWP_SOFT_DIRTY _BITUL(1)
#define _PAGE_SWP_UFFD_WP    _BITUL(2)

static inline swp_entry_t swp_entry(unsigned int type, unsigned long offset)
{
	return (swp_entry_t){((unsigned long)type << SWP_TYPE_SHIFT) | (offset & SWP_OFFSET_MASK)};
}

static inline unsigned int swp_type(swp_entry_t entry)
{
	return entry.val >> SWP_TYPE_SHIFT;
}

static inline unsigned long swp_offset(swp_entry_t entry)
{
	return entry.val & SWP_OFFSET_MASK;
}

static inline bool is_swap_pte(pte_t pte)
{
	return !pte_none(pte) && !pte_present(pte);
}

static inline pte_t swp_entry_to_pte(swp_entry_t entry)
{
	return __pte(((unsigned long)swp_type(entry) << SWP_TYPE_SHIFT) |
		     (swp_offset(entry) << PAGE_SHIFT));
}

static inline swp_entry_t pte_to_swp_entry(pte_t pte)
{
	return swp_entry(pte_val(pte) >> SWP_TYPE_SHIFT,
			 (pte_val(pte) >> PAGE_SHIFT) & SWP_OFFSET_MASK);
}

static inline bool pte_swp_uffd_wp(pte_t pte)
{
	return pte_val(pte) & _PAGE_SWP_UFFD_WP;
}

static inline pte_t pte_swp_mkuffd_wp(pte_t pte)
{
	return pte_set_flags(pte, _PAGE_SWP_UFFD_WP);
}

static inline pte_t pte_swp_clear_uffd_wp(pte_t pte)
{
	return pte_clear_flags(pte, _PAGE_SWP_UFFD_WP);
}

/*
 * An entry without a page that only says: write-protected for a userfaultfd. Memory that has an
 * object keeps the mark by it while no page is mapped.
 */
#define SWP_PTE_MARKER 31

static inline pte_t pte_uffd_wp_marker(void)
{
	return pte_swp_mkuffd_wp(swp_entry_to_pte(swp_entry(SWP_PTE_MARKER, 0)));
}

static inline bool is_pte_marker(pte_t pte)
{
	return pte_val(pte) == pte_val(pte_uffd_wp_marker());
}

static inline bool pte_swp_soft_dirty(pte_t pte)
{
	return pte_val(pte) & _PAGE_SWP_SOFT_DIRTY;
}

static inline pte_t pte_swp_mksoft_dirty(pte_t pte)
{
	return pte_set_flags(pte, _PAGE_SWP_SOFT_DIRTY);
}

#endif
