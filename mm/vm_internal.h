/* SPDX-License-Identifier: MIT */
/*
 * mm/vm_internal.h - what the files of virtual memory share among themselves.
 *
 * In groups by the file that defines them. mmap_lock is held for writing unless a line says else.
 */
#ifndef MM_VM_INTERNAL_H
#define MM_VM_INTERNAL_H

#include <pagoda/kernel.h>
#include <pagoda/mm.h>
#include <pagoda/pt_table.h>
#include <pagoda/page.h>

struct mmu_gather;

/* ---- mm/vma_tree.c --------------------------------------------------------------------------- */

/* The first VMA that ends above @addr, or NULL. */
struct vm_area_struct *vma_tree_find(struct mm_struct *mm, unsigned long addr);
/* @vma goes right above @prev, or below all others if that is NULL. */
void vma_tree_insert(struct mm_struct *mm, struct vm_area_struct *prev, struct vm_area_struct *vma);
/* @vma goes above all others: for fork, which copies in order. @last: the highest so far or NULL.
 */
void vma_tree_append(struct mm_struct *mm, struct vm_area_struct *last, struct vm_area_struct *vma);
void vma_tree_erase(struct mm_struct *mm, struct vm_area_struct *vma);
/* vm_start of @vma or vm_end of the VMA below has changed; NULL: vm_end of the highest. */
void vma_gap_update(struct mm_struct *mm, struct vm_area_struct *vma);
/* The gap as rb_subtree_gap takes it: that of the free area is left out. */
static inline unsigned long vma_counted_gap(const struct vm_area_struct *vma)
{
	return vma == vma->vm_mm->free_area_vma ? 0 : vma->vm_gap;
}
/* The highest (lowest) free range of @len bytes in [low, high), or -ENOMEM. */
unsigned long vma_gap_topdown(struct mm_struct *mm, unsigned long low, unsigned long high,
			      unsigned long len);
unsigned long vma_gap_bottomup(struct mm_struct *mm, unsigned long low, unsigned long high,
			       unsigned long len);

/* ---- mm/vma.c -------------------------------------------------------------------------------- */

void vma_init_cache(void);
/* A copy of @orig, with references of its own to the name and not yet to the file. */
struct vm_area_struct *vm_area_dup(struct vm_area_struct *orig);
void anon_vma_name_put(struct anon_vma_name *name);

static inline struct anon_vma_name *anon_vma_name_get(struct anon_vma_name *name)
{
	if (name)
		refcount_inc(&name->refs);
	return name;
}

/* The reverse of vma_link(). */
void vma_unlink(struct vm_area_struct *vma);
void vma_link_file(struct vm_area_struct *vma);
void vma_unlink_file(struct vm_area_struct *vma);
/* After vma_unlink(): close hook, file reference, memory. */
void remove_vma(struct vm_area_struct *vma);
/* Move the ends of @vma, its offset along; keeps the tree's gaps. */
void vma_set_bounds(struct vm_area_struct *vma, unsigned long start, unsigned long end);
/* Cut @vma at @addr; @vma keeps the lower part. 0, -ENOMEM, or what ->may_split says. */
int split_vma(struct vm_area_struct *vma, unsigned long addr);

/* ---- mm/vma_merge.c -------------------------------------------------------------------------- */

/* What a range has in common with a VMA that it could merge with (VMA-1). */
struct vma_attr {
	vm_flags_t flags;
	struct file *file;
	pgoff_t pgoff; /* of the range's first byte */
	struct userfaultfd_ctx *ctx;
	struct anon_vma_name *name;
};

/* Those of @vma for a range that begins at @addr. */
static inline struct vma_attr vma_attr_at(const struct vm_area_struct *vma, unsigned long addr)
{
	return (struct vma_attr){
		.flags = vma->vm_flags,
		.file = vma->vm_file,
		.pgoff = linear_page_index(vma, addr),
		.ctx = vma->vm_userfaultfd_ctx,
		.name = vma->anon_name,
	};
}

/*
 * [start, end) becomes part of @prev below it or of @next above it, or joins both, as far as they
 * are not NULL, touch it and fit. Returns the VMA that covers it now, or NULL: nothing merges.
 */
struct vm_area_struct *vma_merge_new(struct vm_area_struct *prev, struct vm_area_struct *next,
				     unsigned long start, unsigned long end,
				     const struct vma_attr *attr);
/*
 * [start, end) of @vma gets the attributes @attr: it merges with neighbours that have them, or is
 * split off. Returns the VMA that covers the range, @vma or another, perhaps larger than the range.
 * ERR_PTR(-ENOMEM) and the like: nothing has changed.
 */
struct vm_area_struct *vma_modify(struct vm_area_struct *vma, unsigned long start,
				  unsigned long end, const struct vma_attr *attr);
struct vm_area_struct *vma_modify_flags(struct vm_area_struct *vma, unsigned long start,
					unsigned long end, vm_flags_t flags);
/* Splits [start, end) off @vma, which contains it, and returns it; ERR_PTR, and nothing is split. */
struct vm_area_struct *split_range(struct vm_area_struct *vma, unsigned long start,
				   unsigned long end);
/* Can @vma, if not NULL, take a range with @attr that begins at @start, right above it? */
bool vma_can_merge_above(const struct vm_area_struct *vma, unsigned long start,
			 const struct vma_attr *attr);

/* ---- mm/mmap.c, mm/munmap.c ------------------------------------------------------------------ */

unsigned long mmap_region(struct mm_struct *mm, struct file *file, unsigned long addr,
			  unsigned long len, vm_flags_t vm_flags, unsigned long pgoff,
			  struct list_head *uf);
/* Pages of [addr, end) that are mapped with all of @flags. */
unsigned long count_vma_pages_range(struct mm_struct *mm, unsigned long addr, unsigned long end,
				    vm_flags_t flags);

/* ---- mm/zap.c -------------------------------------------------------------------------------- */

#define ZAP_KEEP_PRIVATE 1 /* only pages of the file, not private copies of them */
#define ZAP_KEEP_WP	 2 /* the mapping stays: where it has an object, marks do too (WPR-7) */

/* Removes the entries of [start, end) of @vma; mmap_lock (either way) or the i_mmap lock is held. */
void unmap_page_range(struct mmu_gather *tlb, struct vm_area_struct *vma, unsigned long start,
		      unsigned long end, unsigned int flags);
/* exit: every entry of the mm, which nobody uses any more. */
void unmap_all_tables(struct mmu_gather *tlb);
/* The same with a gather of its own, for madvise. */
void zap_page_range(struct vm_area_struct *vma, unsigned long start, unsigned long len);

/* ---- mm/pgalloc.c ---------------------------------------------------------------------------- */

pgd_t *pgd_alloc(struct mm_struct *mm);
void pgd_free(struct mm_struct *mm, pgd_t *pgd);
/* The PMD entry of @addr, or NULL when a table above it is missing. */
static inline pmd_t *pt_find_pmd(struct mm_struct *mm, unsigned long addr)
{
	pgd_t *pgd = pgd_offset(mm, addr);
	pud_t *pud;

	if (unlikely(!pgd_present(pgdp_get(pgd))))
		return NULL;
	pud = pud_offset(pgd, addr);
	if (unlikely(!pud_present(pudp_get(pud))))
		return NULL;
	return pmd_offset(pud, addr);
}

pmd_t *__pt_alloc_table(struct mm_struct *mm, unsigned long addr);

/* The same with a PTE table below it, building what is missing; NULL without memory. */
static inline pmd_t *pt_alloc_table(struct mm_struct *mm, unsigned long addr)
{
	pmd_t *pmd = pt_find_pmd(mm, addr);

	return likely(pmd && pmd_present(pmdp_get(pmd))) ? pmd : __pt_alloc_table(mm, addr);
}

/* Frees a table that no CPU can reach any more. */
void pt_free_table(struct page *table);
/*
 * Frees the tables that lie in the hole [floor, ceiling) and have entries in [start, end), through
 * the gather.
 */
void free_pgtables(struct mmu_gather *tlb, unsigned long start, unsigned long end,
		   unsigned long floor, unsigned long ceiling);
/* exit: all tables below the root. */
void free_all_tables(struct mmu_gather *tlb);

/* Empty if all of eight entries are. */
static inline pte_t pt_any_of_8(const pte_t *p)
{
	return __pte(pte_val(p[0]) | pte_val(p[1]) | pte_val(p[2]) | pte_val(p[3]) | pte_val(p[4]) |
		     pte_val(p[5]) | pte_val(p[6]) | pte_val(p[7]));
}

/* The first entry from @ptep on, before @end, that is not empty; @end if there is none. */
static inline pte_t *pt_skip_none(pte_t *ptep, const pte_t *end)
{
	if (ptep < end && !pte_none(*ptep))
		return ptep;
	while (ptep + 8 <= end && pte_none(pt_any_of_8(ptep)))
		ptep += 8;
	while (ptep < end && pte_none(*ptep))
		ptep++;
	return ptep;
}

/* ---- mm/pt_table.c --------------------------------------------------------------------------- */

static inline void pt_handle_init(struct pt_handle *pt, struct mm_struct *mm, pmd_t entry,
				  unsigned long addr)
{
	pt->mm = mm;
	pt->addr = addr;
	pt->table = pmd_page(entry);
	pt->pte = (pte_t *)pmd_page_vaddr(entry) + pte_index(addr);
}

/* pt_lock_writable() for those who know the PMD entry, which is present. */
static inline void pt_lock_pmd(struct mm_struct *mm, pmd_t *pmd, unsigned long addr,
			       struct pt_handle *pt)
{
	pt_handle_init(pt, mm, pmdp_get(pmd), addr);
	spin_lock(&pt->table->ptl);
}

/* A whole table, found by its mm's list: the handle knows no address. */
static inline void pt_lock_table(struct mm_struct *mm, struct page *table, struct pt_handle *pt)
{
	*pt = (struct pt_handle){.mm = mm, .table = table, .pte = page_address(table)};
	spin_lock(&table->ptl);
}

/* The second table of one operation (fork: the child's; mremap: the new place's). */
static inline void pt_lock_pmd_nested(struct mm_struct *mm, pmd_t *pmd, unsigned long addr,
				      struct pt_handle *pt)
{
	pt_handle_init(pt, mm, pmdp_get(pmd), addr);
	spin_lock_nested(&pt->table->ptl);
}

/*
 * The PMD entry of @addr if a PTE table hangs there, else NULL. *next: the first address above that
 * may have another table.
 */
pmd_t *pt_find_table(struct mm_struct *mm, unsigned long addr, unsigned long *next);

/* Present entries of all kinds, and swap entries. */
static inline unsigned int pt_entries(const struct page *table)
{
	return table->pt_anon + table->pt_file + table->pt_shmem + table->pt_swap +
	       table->pt_special;
}

/* Changes of a table's counts, collected over many entries. */
struct pt_counts {
	int anon, file, shmem, swap, special;
};

/* Where a present entry counts; @page: its vm_normal_page(). */
static __always_inline void pt_counts_add_page(struct pt_counts *c, const struct page *page, int nr)
{
	if (!page)
		c->special += nr;
	else if (PageAnon(page))
		c->anon += nr;
	else if (PageSwapBacked(page))
		c->shmem += nr;
	else
		c->file += nr;
}

/* Where any @entry counts; @page: as above, if it is present. */
static inline void pt_counts_add(struct pt_counts *c, pte_t entry, const struct page *page, int nr)
{
	if (likely(pte_present(entry)))
		pt_counts_add_page(c, page, nr);
	else
		*(is_pte_marker(entry) ? &c->special : &c->swap) += nr;
}

/* What a second table loses when a first has gained @c. */
static inline void pt_counts_negate(struct pt_counts *c)
{
	*c = (struct pt_counts){-c->anon, -c->file, -c->shmem, -c->swap, -c->special};
}

/* Given up with MADV_FREE and not written since; the PTL is held. */
static inline bool pte_lazyfree(pte_t pte)
{
	struct page *page = pte_present(pte) && !pte_dirty(pte) ? vm_normal_page(pte) : NULL;

	return page && PageAnon(page) && !PageSwapBacked(page);
}

/* Adds them to the table and the mm; the PTL is held. */
void pt_counts_apply(struct pt_handle *pt, const struct pt_counts *c);
/* Raise hiwater_rss before pages go. */
void update_hiwater_rss(struct mm_struct *mm);

static inline void update_hiwater_vm(struct mm_struct *mm)
{
	if (mm->hiwater_vm < mm->total_vm)
		mm->hiwater_vm = mm->total_vm;
}

/* ---- mm/memory.c and its parts --------------------------------------------------------------- */

vm_fault_t do_anonymous_page(struct vm_fault *vmf);
vm_fault_t do_fault(struct vm_fault *vmf);
vm_fault_t do_wp_page(struct vm_fault *vmf);
vm_fault_t do_swap_page(struct vm_fault *vmf);
/* Locks the faulting entry; false (unlocked) when it is not orig_pte any more. */
static inline bool vmf_lock(struct vm_fault *vmf, struct pt_handle *pt)
{
	pt_lock_pmd(vmf->vma->vm_mm, vmf->pmd, vmf->address, pt); /* stop: fault-6 */
	if (likely(pte_same(ptep_get(pt->pte), vmf->orig_pte)))
		return true;
	pt_unlock(pt);
	return false;
}

/* A new page, filled, becomes a private one. */
static inline void page_set_anon(struct page *page)
{
	page->flags |= (1UL << PG_anon) | (1UL << PG_anon_exclusive) | (1UL << PG_swapbacked) |
		       (1UL << PG_uptodate);
}

/* Private pages stand in this VMA now: fork must copy, mremap keeps the offset. */
static inline void vma_set_faulted(struct vm_area_struct *vma)
{
	if (!vma->vm_faulted)
		WRITE_ONCE(vma->vm_faulted, true);
}

/* @page, just filled for this fault, becomes a private one of its VMA. Returns the entry for it. */
static inline pte_t vmf_anon_entry(struct vm_fault *vmf, struct page *page)
{
	pte_t entry = mk_pte(page, vmf->vma->vm_page_prot);

	page_set_anon(page);
	vma_set_faulted(vmf->vma);
	if (vmf->vma->vm_flags & VM_WRITE)
		entry = pte_mkwrite(pte_mkdirty(entry));
	return entry;
}

/* Installs @page, which belongs to the table then; lets it go when somebody was first. */
static inline void finish_fault(struct vm_fault *vmf, struct page *page, pte_t entry)
{
	struct pt_handle pt;

	if (unlikely(!vmf_lock(vmf, &pt))) {
		put_page(page);
		return;
	}
	if (unlikely(!pte_none(vmf->orig_pte))) { /* a marker; its mark goes on with the page */
		pt_count(&pt, vmf->orig_pte, -1);
		entry = pte_mkuffd_wp(entry);
	}
	pt_install(&pt, entry);
	pt_unlock(&pt);
}

/* ---- mm/gup.c -------------------------------------------------------------------------------- */

/*
 * Faults in [start, end) of @vma, whose rights were checked. Pages done, or -errno for the first.
 * With @locked it may have to wait, and stops there: *locked false says that mmap_lock was dropped.
 */
long faultin_range(struct vm_area_struct *vma, unsigned long start, unsigned long end, bool write,
		   bool *locked);

/* ---- mm/mm_init.c ---------------------------------------------------------------------------- */

extern spinlock_t mmlist_lock; /* guards the list of address spaces from init_mm.mmlist */
struct mm_struct *allocate_mm(void);
struct mm_struct *mm_init(struct mm_struct *mm);

/* ---- mm/copy_page_range.c -------------------------------------------------------------------- */

/* Copies the entries of @src that must be copied to @dst, its twin in the child. 0 or -ENOMEM. */
int copy_page_range(struct vm_area_struct *dst, struct vm_area_struct *src);

/* ---- kinds of mappings ----------------------------------------------------------------------- */

static inline bool vma_is_private_writable(const struct vm_area_struct *vma)
{
	return (vma->vm_flags & (VM_WRITE | VM_SHARED)) == VM_WRITE;
}

static inline bool is_shared_maywrite(vm_flags_t flags)
{
	return (flags & (VM_SHARED | VM_MAYWRITE)) == (VM_SHARED | VM_MAYWRITE);
}

/* Commit accounting applies (LIM-8). */
static inline bool accountable_mapping(vm_flags_t flags)
{
	return (flags & (VM_NORESERVE | VM_SHARED | VM_WRITE)) == VM_WRITE;
}

#endif
