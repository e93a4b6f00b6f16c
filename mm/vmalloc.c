// SPDX-License-Identifier: MIT
/*
 * mm/vmalloc.c - kernel memory that is contiguous in address only, and device mappings.
 *
 * Areas lie in [VMALLOC_START, STACK_AREA_START), sorted by address in a list; each is followed by
 * an unmapped guard page. A new area takes the lowest hole that fits, so that page tables, which
 * are never freed, are used again. (Kernel stacks have the rest: kernel/thread_stack.c.)
 *
 * Locks: vmap_mutex guards the list and the addresses; kernel_pt_lock guards the upper levels of
 * the page tables; the entries of an area belong to the area's owner.
 */
#include <pagoda/kernel.h>
#include <pagoda/slab.h>
#include <pagoda/vmalloc.h>
#include <pagoda/vmstat.h>
#include <asm/pgtable.h>
#include <asm/tlbflush.h>

static DEFINE_MUTEX(vmap_mutex);
static LIST_HEAD(vmap_areas);
static DEFINE_SPINLOCK_RANK(kernel_pt_lock, RANK_PAGE_TABLE);

/* ---- Kernel page tables ------------------------------------------------------------------ */

/* Makes the table below an entry unless there is one; false when there is no memory. */
#define KERNEL_TABLE(level, entryp)                                                                \
	({                                                                                         \
		unsigned long table = 0;                                                           \
                                                                                                   \
		if (level##_none(*(entryp)) && (table = get_zeroed_page(GFP_KERNEL))) {            \
			spin_lock(&kernel_pt_lock);                                                \
			if (level##_none(*(entryp))) {                                             \
				level##_populate_kernel((entryp), (void *)table);                  \
				table = 0;                                                         \
			}                                                                          \
			spin_unlock(&kernel_pt_lock);                                              \
			free_page(table);                                                          \
		}                                                                                  \
		!level##_none(*(entryp));                                                          \
	})

/*
 * The entry for a kernel address, with all tables above it made (paging_init() has made the PUD
 * table); NULL when there is no memory.
 */
static pte_t *kernel_pte_alloc(unsigned long addr)
{
	pud_t *pud = pud_offset(pgd_offset_k(addr), addr);
	pmd_t *pmd;

	if (!KERNEL_TABLE(pud, pud))
		return NULL;
	pmd = pmd_offset(pud, addr);
	return KERNEL_TABLE(pmd, pmd) ? pte_offset(pmd, addr) : NULL;
}

/* Maps one page at an address that nobody else uses; 0 or -ENOMEM. Sleeps. */
static int map_kernel_page(unsigned long addr, unsigned long pfn, pgprot_t prot)
{
	pte_t *pte = kernel_pte_alloc(addr);

	if (!pte)
		return -ENOMEM;
	VM_BUG_ON(!pte_none(ptep_get(pte)));
	set_pte(pte, pfn_pte(pfn, prot));
	return 0;
}

int map_new_pages(unsigned long start, unsigned long end, gfp_t gfp)
{
	unsigned long addr;

	for (addr = start; addr < end; addr += PAGE_SIZE) {
		struct page *page = alloc_page(gfp);

		if (!page)
			return -ENOMEM;
		if (map_kernel_page(addr, page_to_pfn(page), PAGE_KERNEL)) {
			__free_page(page);
			return -ENOMEM;
		}
	}
	return 0;
}

void unmap_kernel_pages(unsigned long start, unsigned long end, struct list_head *pages)
{
	unsigned long addr;

	for (addr = start; addr < end; addr += PAGE_SIZE) {
		pte_t *pte = lookup_kernel_pte(addr);

		if (!pte || !pte_present(*pte))
			continue;
		if (pages)
			list_add_tail(&pte_page(*pte)->lru, pages);
		set_pte(pte, __pte(0));
	}
}

/* ---- Areas ------------------------------------------------------------------------------- */

/* An area for size bytes (whole pages), not mapped. */
static struct vmap_area *alloc_area(size_t size, unsigned int flags, const void *caller)
{
	struct vmap_area *area = kzalloc(sizeof(*area), GFP_KERNEL), *next;
	unsigned long start = VMALLOC_START;

	if (!area)
		return NULL;
	area->flags = flags;
	area->caller = caller;
	size += PAGE_SIZE;
	mutex_lock(&vmap_mutex);
	list_for_each_entry (next, &vmap_areas, list) {
		if (next->start - start >= size)
			break;
		start = next->end;
	}
	if (size <= STACK_AREA_START - start) {
		area->start = start;
		area->end = start + size;
		list_add_tail(&area->list, &next->list);
	} else {
		kfree(area);
		area = NULL;
	}
	mutex_unlock(&vmap_mutex);
	return area;
}

/* Unmaps the area, gives its pages back if it owns them, and its addresses. */
static void free_area(struct vmap_area *area)
{
	bool owner = area->flags & VM_ALLOC;
	LIST_HEAD(pages);

	unmap_kernel_pages(area->start, area->end, owner ? &pages : NULL);
	flush_tlb_kernel_range(area->start, area->end);
	put_pages_list(&pages);
	if (owner)
		mod_vm_stat(NR_VMALLOC, -(long)area->nr_pages);
	mutex_lock(&vmap_mutex);
	list_del(&area->list);
	mutex_unlock(&vmap_mutex);
	kfree(area);
}

/* Frees the area that starts at addr and is of this kind. */
static void remove_area(const void *addr, unsigned int flag)
{
	struct vmap_area *area, *found = NULL;

	mutex_lock(&vmap_mutex);
	list_for_each_entry (area, &vmap_areas, list) {
		if (area->start == (unsigned long)addr && (area->flags & flag)) {
			found = area;
			break;
		}
	}
	mutex_unlock(&vmap_mutex);
	if (!WARN_ON(!found))
		free_area(found);
}

/* ---- vmalloc ----------------------------------------------------------------------------- */

static void *__vmalloc(size_t size, gfp_t gfp, const void *caller)
{
	unsigned long nr = PAGE_ALIGN(size) >> PAGE_SHIFT;
	struct vmap_area *area;

	if (!nr || size >> PAGE_SHIFT > nr_managed_pages())
		return NULL;
	area = alloc_area(nr << PAGE_SHIFT, VM_ALLOC, caller);
	if (!area)
		return NULL;
	area->nr_pages = nr;
	mod_vm_stat(NR_VMALLOC, nr);
	if (map_new_pages(area->start, area->end - PAGE_SIZE, gfp)) {
		free_area(area);
		return NULL;
	}
	return (void *)area->start;
}

void *vmalloc(size_t size)
{
	return __vmalloc(size, GFP_KERNEL, __builtin_return_address(0));
}

void *vzalloc(size_t size)
{
	return __vmalloc(size, GFP_KERNEL | __GFP_ZERO, __builtin_return_address(0));
}

void vfree(const void *addr)
{
	if (addr)
		remove_area(addr, VM_ALLOC);
}

void *vmap(struct page **pages, unsigned int count, pgprot_t prot)
{
	struct vmap_area *area =
		alloc_area((size_t)count << PAGE_SHIFT, VM_MAP, __builtin_return_address(0));
	unsigned long i;

	if (!area)
		return NULL;
	area->nr_pages = count;
	for (i = 0; i < count; i++) {
		if (map_kernel_page(area->start + i * PAGE_SIZE, page_to_pfn(pages[i]), prot)) {
			free_area(area);
			return NULL;
		}
	}
	return (void *)area->start;
}

void vunmap(const void *addr)
{
	if (addr)
		remove_area(addr, VM_MAP);
}

bool is_vmalloc_addr(const void *addr)
{
	unsigned long a = (unsigned long)addr;

	return a >= VMALLOC_START && a < VMALLOC_END;
}

struct page *vmalloc_to_page(const void *addr)
{
	pte_t *pte = is_vmalloc_addr(addr) ? lookup_kernel_pte((unsigned long)addr) : NULL;

	return pte && pte_present(*pte) ? pte_page(*pte) : NULL;
}

/* ---- Device memory ----------------------------------------------------------------------- */

void __iomem *ioremap(phys_addr_t phys, size_t size)
{
	unsigned long offset = offset_in_page(phys), addr;
	struct vmap_area *area;

	size = PAGE_ALIGN(offset + size);
	area = alloc_area(size, VM_IOREMAP, __builtin_return_address(0));
	if (!area)
		return NULL;
	area->phys = phys - offset;
	for (addr = 0; addr < size; addr += PAGE_SIZE) {
		if (map_kernel_page(area->start + addr, PHYS_PFN(area->phys + addr),
				    PAGE_KERNEL_NOCACHE)) {
			free_area(area);
			return NULL;
		}
	}
	return (void __iomem *)(area->start + offset);
}

void iounmap(volatile void __iomem *addr)
{
	remove_area((void *)PAGE_ALIGN_DOWN(addr), VM_IOREMAP);
}

/* ---- Showing ----------------------------------------------------------------------------- */

int vmalloc_for_each(int (*fn)(const struct vmap_area *area, void *arg), void *arg)
{
	struct vmap_area *area;
	int ret = 0;

	mutex_lock(&vmap_mutex);
	list_for_each_entry (area, &vmap_areas, list) {
		ret = fn(area, arg);
		if (ret)
			break;
	}
	mutex_unlock(&vmap_mutex);
	return ret;
}
