// SPDX-License-Identifier: MIT
/*
 * mm/vma.c - one vm_area_struct: making, linking, resizing, splitting, removing.
 *
 * A VMA is linked in two places: the tree of its mm, and, when it maps a file, the i_mmap list of
 * that file, by which truncation finds it. Whoever changes the ends of a VMA that maps a file holds
 * the i_mmap lock as well, so that a truncation sees either the old ends or the new ones.
 *
 * Locks: mmap_lock held for writing.
 */
#include <pagoda/errno.h>
#include <pagoda/fs.h>
#include <pagoda/pagemap.h>
#include <pagoda/slab.h>
#include <pagoda/userfaultfd_k.h>
#include "vm_internal.h"

static struct kmem_cache *vm_area_cachep;

void __init vma_init_cache(void)
{
	vm_area_cachep = KMEM_CACHE(vm_area_struct, SLAB_PANIC | SLAB_ACCOUNT);
}

struct vm_area_struct *vm_area_alloc(struct mm_struct *mm, unsigned long start, unsigned long end,
				     vm_flags_t flags, pgoff_t pgoff)
{
	struct vm_area_struct *vma = kmem_cache_zalloc(vm_area_cachep, GFP_KERNEL);

	if (vma) {
		vma->vm_mm = mm;
		vma->vm_start = start;
		vma->vm_end = end;
		vma->vm_flags = flags;
		vma->vm_pgoff = pgoff;
		INIT_LIST_HEAD(&vma->i_mmap_node);
		vma_set_page_prot(vma);
	}
	return vma;
}

struct vm_area_struct *vm_area_dup(struct vm_area_struct *orig)
{
	struct vm_area_struct *vma = kmem_cache_alloc(vm_area_cachep, GFP_KERNEL);

	if (vma) {
		*vma = *orig;
		INIT_LIST_HEAD(&vma->i_mmap_node);
		anon_vma_name_get(vma->anon_name);
	}
	return vma;
}

void anon_vma_name_put(struct anon_vma_name *name)
{
	if (name && refcount_dec_and_test(&name->refs))
		kfree(name);
}

void vm_area_free(struct vm_area_struct *vma)
{
	anon_vma_name_put(vma->anon_name);
	kmem_cache_free(vm_area_cachep, vma);
}

/*
 * Where a userfaultfd may protect pages or soft-dirty pages are looked for, entries of a shared VMA
 * begin read-only like private ones, and the fault that raises them asks (RND-8).
 */
void vma_set_page_prot(struct vm_area_struct *vma)
{
	vm_flags_t flags = vma->vm_flags;

	if (userfaultfd_wp(vma) || !(flags & VM_SOFTDIRTY))
		flags &= ~VM_SHARED;
	vma->vm_page_prot = vm_get_page_prot(flags);
}

/* ---- linking --------------------------------------------------------------------------------- */

/* Shared VMAs that may write are counted, so that a file can be sealed against them (MFD-4). */
void vma_link_file(struct vm_area_struct *vma)
{
	struct address_space *mapping;

	if (!vma->vm_file)
		return;
	mapping = vma->vm_file->f_mapping;
	down_write(&mapping->i_mmap_lock);
	if (is_shared_maywrite(vma->vm_flags))
		atomic_inc(&mapping->i_mmap_writable);
	list_add_tail(&vma->i_mmap_node, &mapping->i_mmap);
	up_write(&mapping->i_mmap_lock);
}

void vma_unlink_file(struct vm_area_struct *vma)
{
	struct address_space *mapping;

	if (!vma->vm_file)
		return;
	mapping = vma->vm_file->f_mapping;
	down_write(&mapping->i_mmap_lock);
	if (is_shared_maywrite(vma->vm_flags))
		atomic_dec(&mapping->i_mmap_writable);
	list_del_init(&vma->i_mmap_node);
	up_write(&mapping->i_mmap_lock);
}

void vma_link(struct vm_area_struct *prev, struct vm_area_struct *vma)
{
	vma_tree_insert(vma->vm_mm, prev, vma);
	vma->vm_mm->map_count++;
	vma_link_file(vma);
}

void vma_unlink(struct vm_area_struct *vma)
{
	vma_tree_erase(vma->vm_mm, vma);
	vma->vm_mm->map_count--;
	vma_unlink_file(vma);
}

void remove_vma(struct vm_area_struct *vma)
{
	if (vma->vm_ops && vma->vm_ops->close)
		vma->vm_ops->close(vma);
	if (vma->vm_file)
		fput(vma->vm_file);
	vm_area_free(vma);
}

/* ---- resizing and splitting ------------------------------------------------------------------ */

void vma_set_bounds(struct vm_area_struct *vma, unsigned long start, unsigned long end)
{
	struct address_space *mapping = vma->vm_file ? vma->vm_file->f_mapping : NULL;
	bool start_moves = start != vma->vm_start, end_moves = end != vma->vm_end;

	if (mapping)
		down_write(&mapping->i_mmap_lock);
	vma->vm_pgoff += (long)(start - vma->vm_start) >> PAGE_SHIFT;
	vma->vm_start = start;
	vma->vm_end = end;
	if (mapping)
		up_write(&mapping->i_mmap_lock);

	if (start_moves)
		vma_gap_update(vma->vm_mm, vma);
	if (end_moves)
		vma_gap_update(vma->vm_mm, vma_next(vma));
}

int split_vma(struct vm_area_struct *vma, unsigned long addr)
{
	struct vm_area_struct *upper;
	int err;

	if (vma->vm_mm->map_count >= sysctl_max_map_count)
		return -ENOMEM;
	if (vma->vm_ops && vma->vm_ops->may_split) {
		err = vma->vm_ops->may_split(vma, addr);
		if (err)
			return err;
	}
	upper = vm_area_dup(vma);
	if (!upper)
		return -ENOMEM;
	upper->vm_start = addr;
	upper->vm_pgoff += (addr - vma->vm_start) >> PAGE_SHIFT;
	if (upper->vm_file)
		get_file(upper->vm_file);
	if (upper->vm_ops && upper->vm_ops->open)
		upper->vm_ops->open(upper);

	/* The upper half joins before the lower one shrinks: a truncation misses no page. */
	vma_link(vma, upper);
	vma_set_bounds(vma, vma->vm_start, addr);
	return 0;
}
