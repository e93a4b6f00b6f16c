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
#include <pagoda/mm_types.h>
#include <pagoda/slab.h>
#include <pagoda/vmalloc.h>
#include <pagoda/vmstat.h>
#include <asm/pgtable.h>
#include <asm/tlbflush.h>

struct vmap_area {
	struct list_head list;
	unsigned long start, end; /* end includes the guard page */
	unsigned int flags;
	unsigned int nr_pages; /* VM_ALLOC, VM_MAP */
	struct page **pages;   /* VM_ALLOC: owned */
	phys_addr_t phys;      /* VM_IOREMAP */
	const void *caller;
};

static DEFINE_MUTEX(vmap_mutex);
static LIST_HEAD(vmap_areas);
static DEFINE_SPINLOCK_RANK(kernel_pt_lock, RANK_PAGE_TABLE);

/* ---- Kernel page tables ------------------------------------------------------------------ */

/*
 * Returns the table below an entry, made if need be: alloc is cleared memory for it. The caller
 * gives up alloc when it is used.
 */
#define KERNEL_TABLE(level, entryp, alloc)                                                         \
	do {                                                                                       \
		spin_lock(&kernel_pt_lock);                                                        \
		if (level##_none(*(entryp))) {                                                     \
			level##_populate_kernel((entryp), (void *)(alloc));                        \
			(alloc) = 0;                                                               \
		}                                                                                  \
		spin_unlock(&kernel_pt_lock);                                                      \
	} while (0)

/* The entry for a kernel address, with all tables above it made; NULL when there is no memory. */
static pte_t *kernel_pte_alloc(unsigned long addr)
{
	pgd_t *pgd = pgd_offset_k(addr);
	unsigned long table = 0;
	pte_t *pte = NULL;
	pud_t *pud;
	pmd_t *pmd;

	if (pgd_none(*pgd)) {
		table = get_zeroed_page(GFP_KERNEL);
		if (!table)
			return NULL;
		KERNEL_TABLE(pgd, pgd, table);
	}
	pud = pud_offset(pgd, addr);
	if (pud_none(*pud)) {
		if (!table)
			table = get_zeroed_page(GFP_KERNEL);
		if (!table)
			return NULL;
		KERNEL_TABLE(pud, pud, table);
	}
	pmd = pmd_offset(pud, addr);
	if (pmd_none(*pmd)) {
		if (!table)
			table = get_zeroed_page(GFP_KERNEL);
		if (!table)
			return NULL;
		KERNEL_TABLE(pmd, pmd, table);
	}
	pte = pte_offset(pmd, addr);
	free_page(table);
	return pte;
}

int map_kernel_page(unsigned long addr, unsigned long pfn, pgprot_t prot)
{
	pte_t *pte = kernel_pte_alloc(addr);

	if (!pte)
		return -ENOMEM;
	VM_BUG_ON(!pte_none(ptep_get(pte)));
	set_pte(pte, pfn_pte(pfn, prot));
	return 0;
}

void unmap_kernel_pages(unsigned long start, unsigned long end)
{
	unsigned long addr;

	for (addr = start; addr < end; addr += PAGE_SIZE) {
		pte_t *pte = lookup_kernel_pte(addr);

		if (pte)
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
	size += PAGE_SIZE;
	mutex_lock(&vmap_mutex);
	list_for_each_entry (next, &vmap_areas, list) {
		if (next->start - start >= size)
			break;
		start = next->end;
	}
	if (start + size > STACK_AREA_START || start + size < start) {
		mutex_unlock(&vmap_mutex);
		kfree(area);
		return NULL;
	}
	area->start = start;
	area->end = start + size;
	area->flags = flags;
	area->caller = caller;
	list_add_tail(&area->list, &next->list);
	mutex_unlock(&vmap_mutex);
	return area;
}

static struct vmap_area *find_area(const void *addr)
{
	struct vmap_area *area, *found = NULL;

	mutex_lock(&vmap_mutex);
	list_for_each_entry (area, &vmap_areas, list) {
		if (area->start == (unsigned long)addr) {
			found = area;
			break;
		}
	}
	mutex_unlock(&vmap_mutex);
	return found;
}

/* Unmaps the area, gives its pages back if it owns them, and its addresses. */
static void free_area(struct vmap_area *area)
{
	unsigned int i;

	unmap_kernel_pages(area->start, area->end - PAGE_SIZE);
	flush_tlb_kernel_range(area->start, area->end);
	if (area->flags & VM_ALLOC) {
		for (i = 0; i < area->nr_pages; i++) {
			if (area->pages[i])
				__free_page(area->pages[i]);
		}
		mod_vm_stat(NR_VMALLOC, -(long)area->nr_pages);
		kvfree(area->pages);
	}
	mutex_lock(&vmap_mutex);
	list_del(&area->list);
	mutex_unlock(&vmap_mutex);
	kfree(area);
}

static int map_area_pages(struct vmap_area *area, struct page **pages, pgprot_t prot)
{
	unsigned long addr = area->start;
	unsigned int i;
	int err = 0;

	for (i = 0; i < area->nr_pages && !err; i++, addr += PAGE_SIZE)
		err = map_kernel_page(addr, page_to_pfn(pages[i]), prot);
	return err;
}

/* ---- vmalloc ----------------------------------------------------------------------------- */

static void *__vmalloc(size_t size, gfp_t gfp, const void *caller)
{
	unsigned long nr = PAGE_ALIGN(size) >> PAGE_SHIFT, i;
	struct vmap_area *area;

	if (!nr || size >> PAGE_SHIFT > nr_managed_pages())
		return NULL;
	area = alloc_area(nr << PAGE_SHIFT, VM_ALLOC, caller);
	if (!area)
		return NULL;
	area->pages = kvcalloc(nr, sizeof(*area->pages), GFP_KERNEL);
	if (!area->pages)
		goto fail;
	area->nr_pages = nr;
	mod_vm_stat(NR_VMALLOC, nr);
	for (i = 0; i < nr; i++) {
		area->pages[i] = alloc_page(gfp);
		if (!area->pages[i])
			goto fail;
	}
	if (map_area_pages(area, area->pages, PAGE_KERNEL))
		goto fail;
	return (void *)area->start;
fail:
	free_area(area);
	return NULL;
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
	struct vmap_area *area;

	if (!addr)
		return;
	area = find_area(addr);
	if (!WARN_ON(!area || !(area->flags & VM_ALLOC)))
		free_area(area);
}

void *vmap(struct page **pages, unsigned int count, pgprot_t prot)
{
	struct vmap_area *area =
		alloc_area((size_t)count << PAGE_SHIFT, VM_MAP, __builtin_return_address(0));

	if (!area)
		return NULL;
	area->nr_pages = count;
	if (map_area_pages(area, pages, prot)) {
		free_area(area);
		return NULL;
	}
	return (void *)area->start;
}

void vunmap(const void *addr)
{
	struct vmap_area *area;

	if (!addr)
		return;
	area = find_area(addr);
	if (!WARN_ON(!area || !(area->flags & VM_MAP)))
		free_area(area);
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

static void __iomem *__ioremap(phys_addr_t phys, size_t size, pgprot_t prot, const void *caller)
{
	unsigned long offset = offset_in_page(phys), addr;
	struct vmap_area *area;

	size = PAGE_ALIGN(offset + size);
	area = alloc_area(size, VM_IOREMAP, caller);
	if (!area)
		return NULL;
	area->phys = phys - offset;
	for (addr = 0; addr < size; addr += PAGE_SIZE) {
		if (map_kernel_page(area->start + addr, PHYS_PFN(area->phys + addr), prot)) {
			free_area(area);
			return NULL;
		}
	}
	return (void __iomem *)(area->start + offset);
}

void __iomem *ioremap(phys_addr_t phys, size_t size)
{
	return __ioremap(phys, size, PAGE_KERNEL_NOCACHE, __builtin_return_address(0));
}

void __iomem *ioremap_cache(phys_addr_t phys, size_t size)
{
	return __ioremap(phys, size, PAGE_KERNEL, __builtin_return_address(0));
}

void iounmap(volatile void __iomem *addr)
{
	struct vmap_area *area = find_area((void *)PAGE_ALIGN_DOWN(addr));

	if (!WARN_ON(!area || !(area->flags & VM_IOREMAP)))
		free_area(area);
}

/* ---- Showing ----------------------------------------------------------------------------- */

int vmalloc_for_each(int (*fn)(const struct vmalloc_info *info, void *arg), void *arg)
{
	struct vmap_area *area;
	int ret = 0;

	mutex_lock(&vmap_mutex);
	list_for_each_entry (area, &vmap_areas, list) {
		struct vmalloc_info info = {
			.addr = area->start,
			.size = area->end - area->start,
			.flags = area->flags,
			.nr_pages = area->nr_pages,
			.phys = area->phys,
			.caller = area->caller,
		};

		ret = fn(&info, arg);
		if (ret)
			break;
	}
	mutex_unlock(&vmap_mutex);
	return ret;
}

unsigned long vmalloc_nr_pages(void)
{
	return vm_stat_sum(NR_VMALLOC);
}
