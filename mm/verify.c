// SPDX-License-Identifier: MIT
/*
 * mm/verify.c - the checker of a whole address space.
 *
 *	tree      ascending, no overlap, gaps and subtree gaps right, map_count
 *	merging   no two neighbours that should be one, but where fork unlocked them, or a stack has
 *	          grown down to another
 *	counters  total_vm, data_vm, exec_vm, stack_vm, locked_vm
 *	entries   inside a VMA; no more rights than the VMA gives; no counted frame without a
 *	          reference; no private frame writable while somebody else holds it
 *	tables    counts of entries by kind, the sum of them, pgtables_bytes
 *
 * Each broken rule is printed; the caller decides whether to panic. mmap_lock held for writing.
 */
#include <pagoda/errno.h>
#include <pagoda/fs.h>
#include <pagoda/panic.h>
#include <pagoda/printk.h>
#include <pagoda/sched.h>
#include <pagoda/userfaultfd_k.h>
#include "vm_internal.h"

struct verify {
	struct mm_struct *mm;
	struct vm_area_struct *vma; /* whose entries are being looked at */
	int broken;
	unsigned long total, data, exec, stack, locked;
	unsigned long rss; /* as the tables have it */
	long entries;	   /* found in VMAs, less those found in tables */
};

static void broken(struct verify *v, const char *rule, unsigned long addr)
{
	if (v->broken++ < 10)
		pr_emerg("mm_verify: %s at %lx\n", rule, addr);
}

#define check(v, cond, addr)                                                                       \
	do {                                                                                       \
		if (unlikely(!(cond)))                                                             \
			broken(v, #cond, addr);                                                    \
	} while (0)

/* ---- tree ------------------------------------------------------------------------------------ */

static void verify_node(struct verify *v, struct vm_area_struct *vma, struct vm_area_struct *prev)
{
	unsigned long start = prev ? prev->vm_end : 0, gap_end = vm_start_gap(vma);
	unsigned long gap = gap_end > start ? gap_end - start : 0;
	struct vm_area_struct *left = rb_to_vma(vma->vm_rb.rb_left);
	struct vm_area_struct *right = rb_to_vma(vma->vm_rb.rb_right);
	unsigned long largest = vma_counted_gap(vma), usable = min(gap_end, v->mm->free_area_high);
	const struct vm_area_struct *free = v->mm->free_area_vma;

	check(v, vma->vm_start < vma->vm_end, vma->vm_start);
	check(v, !((vma->vm_start | vma->vm_end) & ~PAGE_MASK), vma->vm_start);
	check(v, vma->vm_end <= TASK_SIZE_MAX, vma->vm_start);
	check(v, !prev || prev->vm_end <= vma->vm_start, vma->vm_start);
	check(v, vma->vm_gap == gap, vma->vm_start);
	if (free && vma->vm_start > free->vm_start && usable > start)
		check(v, usable - start < v->mm->cached_hole_size, vma->vm_start);
	if (left)
		largest = max(largest, left->rb_subtree_gap);
	if (right)
		largest = max(largest, right->rb_subtree_gap);
	check(v, vma->rb_subtree_gap == largest, vma->vm_start);
}

static void verify_vma(struct verify *v, struct vm_area_struct *vma)
{
	vm_flags_t flags = vma->vm_flags;

	check(v, vma->vm_mm == v->mm, vma->vm_start);
	check(v, !(flags & VM_ACCESS_FLAGS & ~(flags >> 4)), vma->vm_start);
	check(v, !(flags & VM_SHARED) || flags & VM_MAYSHARE, vma->vm_start);
	check(v, vma_is_anonymous(vma) || vma->vm_file || flags & VM_SPECIAL, vma->vm_start);
	check(v, !(flags & VM_LOCKED && flags & VM_SPECIAL), vma->vm_start);
	check(v, !vma->vm_userfaultfd_ctx == !userfaultfd_armed(vma), vma->vm_start);

	v->total += vma_pages(vma);
	if ((flags & (VM_EXEC | VM_WRITE | VM_GROWSDOWN)) == VM_EXEC)
		v->exec += vma_pages(vma);
	else if (flags & VM_GROWSDOWN)
		v->stack += vma_pages(vma);
	else if ((flags & (VM_WRITE | VM_SHARED)) == VM_WRITE)
		v->data += vma_pages(vma);
	if (flags & VM_LOCKED)
		v->locked += vma_pages(vma);
}

static void verify_merged(struct verify *v, struct vm_area_struct *vma, struct vm_area_struct *prev)
{
	const struct vma_attr attr = vma_attr_at(vma, vma->vm_start);

	if (vma_can_merge_above(prev, vma->vm_start, &attr) && !(vma->vm_flags & VM_GROWSDOWN) &&
	    !(v->mm->flags & MMF_UNMERGED))
		broken(v, "two VMAs that should be one", vma->vm_start);
}

/* ---- entries and tables ---------------------------------------------------------------------- */

static int verify_pte(pte_t pte, unsigned long addr, void *arg)
{
	struct verify *v = arg;
	vm_flags_t flags = v->vma->vm_flags;
	struct page *page = pte_present(pte) ? vm_normal_page(pte) : NULL;

	v->entries++;
	if (!pte_present(pte)) {
		check(v, !is_pte_marker(pte) || flags & VM_UFFD_WP, addr);
		return 0;
	}
	check(v, !pte_uffd_wp(pte) || (flags & VM_UFFD_WP && !pte_write(pte)), addr);
	check(v, !pte_write(pte) || flags & VM_WRITE, addr);
	check(v, !pte_accessible(pte) || flags & VM_ACCESS_FLAGS, addr);
	check(v, !pte_accessible(pte) || !pte_exec(pte) || flags & VM_EXEC, addr);
	check(v, !pte_special(pte) || is_zero_pfn(pte_pfn(pte)) || flags & VM_PFNMAP, addr);
	check(v, !pte_special(pte) || !is_zero_pfn(pte_pfn(pte)) || !pte_write(pte), addr);
	if (!page)
		return 0;
	check(v, page_count(page) > 0, addr);
	check(v, !PageAnon(page) || v->vma->vm_faulted || flags & VM_SHARED, addr);
	check(v, !pte_write(pte) || flags & VM_SHARED || PageAnonExclusive(page), addr);
	return 0;
}

static void verify_table(struct verify *v, struct page *table)
{
	pte_t *ptep = page_address(table), *end = ptep + PTRS_PER_PTE;
	struct pt_counts c = {};

	check(v, PageTable(table) && table->pt_mm == v->mm && table->pt_refs == 1, 0);
	for (; (ptep = pt_skip_none(ptep, end)) != end; ptep++)
		pt_counts_add(&c, *ptep, pte_present(*ptep) ? vm_normal_page(*ptep) : NULL, 1);
	check(v, table->pt_anon == c.anon, table->pt_anon);
	check(v, table->pt_file == c.file, table->pt_file);
	check(v, table->pt_shmem == c.shmem, table->pt_shmem);
	check(v, table->pt_swap == c.swap, table->pt_swap);
	check(v, table->pt_special == c.special, table->pt_special);
	v->rss += c.anon + c.file + c.shmem;
	v->entries -= pt_entries(table);
}

/* Entries may vanish meanwhile, by truncation and by reclaim, but none can come. */
static void verify_tables(struct verify *v)
{
	unsigned long rss = get_mm_rss(v->mm), bytes = 0;
	struct page *table;

	spin_lock(&v->mm->page_table_lock);
	list_for_each_entry (table, &v->mm->pte_tables, pt_list) {
		spin_lock(&table->ptl);
		verify_table(v, table);
		spin_unlock(&table->ptl);
		bytes += PAGE_SIZE;
	}
	spin_unlock(&v->mm->page_table_lock);
	check(v, v->rss == rss || get_mm_rss(v->mm) != rss, rss);
	check(v, v->entries >= 0, 0); /* else some are in no VMA */
	check(v, bytes <= mm_pgtables_bytes(v->mm), bytes);
}

int mm_verify(struct mm_struct *mm)
{
	struct vm_area_struct *vma, *prev = NULL;
	struct verify v = {.mm = mm};
	int count = 0;

	for_each_vma (mm, vma) {
		verify_node(&v, vma, prev);
		verify_vma(&v, vma);
		verify_merged(&v, vma, prev);
		v.vma = vma;
		pt_walk(mm, vma->vm_start, vma->vm_end, verify_pte, &v);
		prev = vma;
		count++;
	}
	check(&v, count == mm->map_count, count);
	check(&v, v.total == mm->total_vm, v.total);
	check(&v, v.data == mm->data_vm, v.data);
	check(&v, v.exec == mm->exec_vm, v.exec);
	check(&v, v.stack == mm->stack_vm, v.stack);
	check(&v, v.locked == mm->locked_vm, v.locked);
	verify_tables(&v);
	return v.broken;
}

#ifdef CONFIG_CHECKED
/* After every change of a small space; the larger it is, the more seldom. */
void mm_verify_checked(struct mm_struct *mm, const char *where)
{
	static unsigned int calls;

	if (++calls % (1 + mm->map_count / 32 + get_mm_rss(mm) / 1024))
		return;
	if (mm_verify(mm))
		panic("mm_verify: address space broken after %s", where);
}
#endif

void show_mm_map(struct mm_struct *mm)
{
	struct vm_area_struct *vma;

	for_each_vma (mm, vma)
		printk("  %012lx-%012lx %c%c%c%c pgoff %lx flags %lx%s\n", vma->vm_start,
		       vma->vm_end, vma->vm_flags & VM_READ ? 'r' : '-',
		       vma->vm_flags & VM_WRITE ? 'w' : '-', vma->vm_flags & VM_EXEC ? 'x' : '-',
		       vma->vm_flags & VM_MAYSHARE ? 's' : 'p', vma->vm_pgoff, vma->vm_flags,
		       vma->vm_file ? " file" : "");
}
