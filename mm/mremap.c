// SPDX-License-Identifier: MIT
/*
 * mm/mremap.c - resize or move a mapping (section 14 of the contract).
 *
 *	shrink            unmap the tail
 *	grow in place     the VMA ends where the old range ends, and there is room above
 *	move              a new VMA elsewhere, the entries move over, the old range is unmapped
 *	MREMAP_FIXED      unmap the target first, then shrink, then move
 *	MREMAP_DONTUNMAP  move, but the old VMA stays, empty
 *
 * Locks: mmap_lock held for writing; move_page_tables() holds the i_mmap lock of a file as well, so
 * that a truncation finds each page at the old place or at the new one.
 */
#include <pagoda/errno.h>
#include <pagoda/err.h>
#include <pagoda/fs.h>
#include <pagoda/pagemap.h>
#include <pagoda/sched.h>
#include <pagoda/userfaultfd_k.h>
#include <asm/tlbflush.h>
#include <syscalls.h>
#include "vm_internal.h"

/* What is to be done after the lock is dropped. */
struct mremap_after {
	struct userfaultfd_ctx *uf; /* hears of the move, in between the two lists */
	struct list_head uf_early;  /* of what a fixed target held */
	struct list_head uf_unmap;  /* of the old place */
};

/* ---- moving entries -------------------------------------------------------------------------- */

/*
 * One table's part. The old place is flushed before the locks are dropped: a page that is freed at
 * its new place right after must not be reachable by the old one.
 */
static void move_ptes(struct vm_area_struct *vma, struct pt_handle *from, struct pt_handle *to,
		      unsigned long len)
{
	pte_t *src = from->pte, *end = src + (len >> PAGE_SHIFT), *dst = to->pte;
	bool only_anon = from->table->pt_anon == pt_entries(from->table), flush = false;
	struct pt_counts moved = {};

	for (; src < end; src++, dst++) {
		pte_t pte;

		if (pte_none(ptep_get(src)))
			continue;
		pte = ptep_get_and_clear(from->mm, from->addr, src);
		if (pte_present(pte)) {
			if (only_anon) /* then the pages need not be looked at */
				moved.anon++;
			else
				pt_counts_add(&moved, pte, vm_normal_page(pte), 1);
			pte = pte_mksoft_dirty(pte);
			flush = true;
		} else {
			pt_counts_add(&moved, pte, NULL, 1);
		}
		set_pte(dst, pte);
	}
	pt_counts_apply(to, &moved);
	pt_counts_negate(&moved);
	pt_counts_apply(from, &moved);
	if (flush)
		flush_tlb_range(vma, from->addr, from->addr + len);
}

/* How far both ranges stay in one table each. */
static unsigned long move_step(unsigned long old, unsigned long new, unsigned long left)
{
	return min(pmd_addr_end(old, old + left) - old, pmd_addr_end(new, new + left) - new);
}

/* Moves what hangs below *src_pmd. 0 or -ENOMEM. */
static int move_step_locked(struct vm_area_struct *vma, pmd_t *src_pmd, unsigned long old,
			    unsigned long new, unsigned long len)
{
	struct mm_struct *mm = vma->vm_mm;
	pmd_t *pmd = pt_alloc_table(mm, new);
	struct pt_handle from, to;

	if (!pmd)
		return -ENOMEM;
	pt_lock_pmd(mm, src_pmd, old, &from);
	if (pmd == src_pmd) {
		to = from;
		to.addr = new;
		to.pte = from.pte - pte_index(old) + pte_index(new);
		move_ptes(vma, &from, &to, len);
	} else {
		pt_lock_pmd_nested(mm, pmd, new, &to);
		move_ptes(vma, &from, &to, len);
		pt_unlock(&to);
	}
	pt_unlock(&from);
	return 0;
}

/* Moves the entries of [old, old + len). Returns the bytes done, short without memory. */
static unsigned long move_page_tables(struct vm_area_struct *vma, unsigned long old,
				      unsigned long new, unsigned long len)
{
	struct address_space *mapping = vma->vm_file ? vma->vm_file->f_mapping : NULL;
	unsigned long done, step, next;
	pmd_t *src_pmd;

	if (mapping)
		down_write(&mapping->i_mmap_lock);
	for (done = 0; done < len; done += step) {
		src_pmd = pt_find_table(vma->vm_mm, old + done, &next);
		if (!src_pmd) {
			step = min(next - (old + done), len - done);
			continue;
		}
		step = move_step(old + done, new + done, len - done);
		if (move_step_locked(vma, src_pmd, old + done, new + done, step))
			break;
		cond_resched();
	}
	if (mapping)
		up_write(&mapping->i_mmap_lock);
	return done;
}

/* ---- moving a VMA ---------------------------------------------------------------------------- */

/*
 * The VMA for the new place, linked: part of a neighbour there or a copy of @vma. An anonymous VMA
 * that never had pages gets the offset that a new one would have (VMA-9). A userfaultfd that has
 * not asked for such events stays behind (RMA-2).
 */
static struct vm_area_struct *copy_vma(struct vm_area_struct *vma, unsigned long old,
				       unsigned long new, unsigned long len)
{
	struct mm_struct *mm = vma->vm_mm;
	bool faulted = vma->vm_faulted, watched = userfaultfd_follows_remap(vma);
	bool rebase = vma_is_anonymous(vma) && !vma->vm_file && !faulted;
	struct vma_attr attr = vma_attr_at(vma, old);
	struct vm_area_struct *prev, *next, *copy;

	if (rebase)
		attr.pgoff = new >> PAGE_SHIFT;
	if (!watched) {
		attr.flags &= ~VM_UFFD_FLAGS;
		attr.ctx = NULL;
	}
	next = find_vma_prev(mm, new, &prev);
	copy = vma_merge_new(prev, next, new, new + len, &attr);
	if (copy) {
		copy->vm_faulted |= faulted; /* @vma may be gone: part of it */
		return copy;
	}
	copy = vm_area_dup(vma);
	if (!copy)
		return NULL;
	copy->vm_start = new;
	copy->vm_end = new + len;
	copy->vm_pgoff = attr.pgoff;
	copy->vm_userfaultfd_ctx = attr.ctx;
	copy->vm_flags = attr.flags;
	if (attr.flags != vma->vm_flags)
		vma_set_page_prot(copy);
	if (copy->vm_file)
		get_file(copy->vm_file);
	if (copy->vm_ops && copy->vm_ops->open)
		copy->vm_ops->open(copy);
	vma_link(prev, copy);
	return copy;
}

/*
 * RMP-13: what stays behind is an area of its own, unlocked and not merged. Without memory for the
 * split it stays locked, which promises nothing about pages that have gone.
 */
static struct vm_area_struct *unlock_old(struct mm_struct *mm, struct vm_area_struct *vma,
					 unsigned long old, unsigned long len)
{
	struct vm_area_struct *part = split_range(vma, old, old + len);

	if (IS_ERR(part))
		return vma;
	part->vm_flags &= ~(VM_LOCKED | VM_LOCKONFAULT);
	mm->locked_vm -= len >> PAGE_SHIFT;
	__atomic_fetch_or(&mm->flags, MMF_UNMERGED, __ATOMIC_RELAXED);
	return part;
}

/*
 * -> [old, old+old_len) lies in @vma, [new, new+new_len) is free; new_len >= old_len
 * <- @new, with the pages there; or -errno and nothing has changed
 *
 * The new pages are charged and counted as a new mapping, then the old ones leave by do_munmap().
 */
static unsigned long move_vma(struct vm_area_struct *vma, unsigned long old, unsigned long old_len,
			      unsigned long new, unsigned long new_len, unsigned long flags,
			      struct mremap_after *after)
{
	struct mm_struct *mm = vma->vm_mm;
	unsigned long pages = new_len >> PAGE_SHIFT, hiwater = mm->hiwater_vm, moved;
	vm_flags_t vm_flags = vma->vm_flags;
	struct vm_area_struct *copy;

	/* Room for the split that unmapping the middle of the old VMA needs (RMP-18). */
	if (mm->map_count >= sysctl_max_map_count - 3)
		return -ENOMEM;
	if (vm_flags & VM_ACCOUNT && security_vm_enough_memory_mm(mm, pages))
		return -ENOMEM;
	copy = copy_vma(vma, old, new, new_len);
	if (!copy)
		goto unaccount;
	/* copy_vma() may have merged @vma itself into a neighbour of the new place. */
	vma = vma_lookup(mm, old);
	vm_stat_account(mm, vm_flags, pages);

	moved = move_page_tables(vma, old, new, old_len);
	if (moved < old_len) {
		move_page_tables(copy, new, old, moved);
		do_munmap(mm, new, new_len, NULL);
		return -ENOMEM;
	}
	mremap_userfaultfd_prep(copy, &after->uf);
	if (userfaultfd_wp(vma) && !userfaultfd_wp(copy))
		uffd_wp_range(copy, new, old_len, false);
	if (flags & MREMAP_DONTUNMAP) {
		if (vm_flags & VM_LOCKED)
			vma = unlock_old(mm, vma, old, old_len);
		if (old == vma->vm_start && old + old_len == vma->vm_end && vma_is_anonymous(vma))
			vma->vm_faulted = false;
	} else if (old_len) {
		/* No memory for the split of a hole in the middle: the old range stays, empty. */
		do_munmap(mm, old, old_len, &after->uf_unmap);
		mm->hiwater_vm = hiwater; /* the double mapping was none (ACC-5) */
	}
	return new;

unaccount:
	if (vm_flags & VM_ACCOUNT)
		vm_unacct_memory(pages);
	return -ENOMEM;
}

/* Nobody knows the stack of a new program yet, least of all a userfaultfd. */
int shift_arg_pages(struct vm_area_struct **pvma, unsigned long shift)
{
	unsigned long start = (*pvma)->vm_start, len = (*pvma)->vm_end - start, new;
	struct mremap_after after = {.uf_unmap = LIST_HEAD_INIT(after.uf_unmap)};
	struct mm_struct *mm = (*pvma)->vm_mm;

	if (mmap_write_lock_killable(mm))
		return -EINTR;
	new = move_vma(*pvma, start, len, start - shift, len, 0, &after);
	if (!IS_ERR_VALUE(new))
		*pvma = vma_lookup(mm, new);
	mmap_write_unlock(mm);
	return IS_ERR_VALUE(new) ? (int)new : 0;
}

/* ---- checks ---------------------------------------------------------------------------------- */

/* The VMA of the old range, which may be resized; an ERR_PTR else (RMP-4, 12, 15..19). */
static struct vm_area_struct *vma_to_resize(struct mm_struct *mm, unsigned long addr,
					    unsigned long old_len, unsigned long new_len,
					    unsigned long flags)
{
	struct vm_area_struct *vma = vma_lookup(mm, addr);
	unsigned long pgoff;

	if (!vma)
		return ERR_PTR(-EFAULT);
	if (!old_len && !(vma->vm_flags & (VM_SHARED | VM_MAYSHARE)))
		return ERR_PTR(-EINVAL);
	if (flags & MREMAP_DONTUNMAP && vma->vm_flags & (VM_DONTEXPAND | VM_PFNMAP))
		return ERR_PTR(-EINVAL);
	if (old_len > vma->vm_end - addr)
		return ERR_PTR(-EFAULT);
	if (new_len == old_len)
		return vma;
	pgoff = linear_page_index(vma, addr);
	if (pgoff + (new_len >> PAGE_SHIFT) < pgoff)
		return ERR_PTR(-EINVAL);
	if (vma->vm_flags & (VM_DONTEXPAND | VM_PFNMAP))
		return ERR_PTR(-EFAULT);
	if (mlock_future_check(mm, vma->vm_flags, new_len - old_len))
		return ERR_PTR(-EAGAIN);
	if (!may_expand_vm(mm, vma->vm_flags, (new_len - old_len) >> PAGE_SHIFT))
		return ERR_PTR(-ENOMEM);
	return vma;
}

/* MREMAP_FIXED and MREMAP_DONTUNMAP: the caller has a say in the place, and may have it emptied. */
static int prepare_target(struct mm_struct *mm, unsigned long addr, unsigned long old_len,
			  unsigned long new_addr, unsigned long new_len, unsigned long flags,
			  struct list_head *uf)
{
	if (new_addr & ~PAGE_MASK || new_len > TASK_SIZE || new_addr > TASK_SIZE - new_len)
		return -EINVAL;
	if (addr + old_len > new_addr && new_addr + new_len > addr)
		return -EINVAL;
	if (mm->map_count + 2 >= sysctl_max_map_count - 3)
		return -ENOMEM;
	return flags & MREMAP_FIXED ? do_munmap(mm, new_addr, new_len, uf) : 0;
}

/* ---- growing in place ------------------------------------------------------------------------ */

/* No VMA starts in the new part; the guard gap of a stack above is not kept (RMP-5). */
static bool vma_expandable(struct vm_area_struct *vma, unsigned long delta)
{
	unsigned long end = vma->vm_end + delta;
	struct vm_area_struct *next = vma_next(vma);

	if (end < vma->vm_end || end > TASK_SIZE)
		return false;
	return !next || next->vm_start >= end;
}

static int expand_in_place(struct vm_area_struct *vma, unsigned long delta)
{
	const struct vma_attr attr = vma_attr_at(vma, vma->vm_end);
	unsigned long end = vma->vm_end + delta, pages = delta >> PAGE_SHIFT;
	struct mm_struct *mm = vma->vm_mm;

	if (attr.flags & VM_ACCOUNT && security_vm_enough_memory_mm(mm, pages))
		return -ENOMEM;
	if (!vma_merge_new(vma, vma_next(vma), vma->vm_end, end, &attr))
		vma_set_bounds(vma, vma->vm_start, end); /* it has a close hook */
	vm_stat_account(mm, attr.flags, pages);
	return 0;
}

/* ---- the call -------------------------------------------------------------------------------- */

static unsigned long do_mremap(struct mm_struct *mm, unsigned long addr, unsigned long old_len,
			       unsigned long new_len, unsigned long flags, unsigned long new_addr,
			       struct mremap_after *after)
{
	struct vm_area_struct *vma = vma_lookup(mm, addr);
	bool placed = flags & (MREMAP_FIXED | MREMAP_DONTUNMAP);
	unsigned long map_flags = flags & MREMAP_FIXED ? MAP_FIXED : 0;
	int err = 0;

	if (!vma)
		return -EFAULT;
	if (placed)
		err = prepare_target(mm, addr, old_len, new_addr, new_len, flags, &after->uf_early);
	if (!err && old_len > new_len) {
		err = do_munmap(mm, addr + new_len, old_len - new_len, &after->uf_unmap);
		old_len = new_len;
	}
	if (err)
		return err;
	if (old_len == new_len && !placed)
		return addr;

	vma = vma_to_resize(mm, addr, old_len, new_len, flags);
	if (IS_ERR(vma))
		return PTR_ERR(vma);
	if (flags & MREMAP_DONTUNMAP && !may_expand_vm(mm, vma->vm_flags, old_len >> PAGE_SHIFT))
		return -ENOMEM;
	if (!placed && addr + old_len == vma->vm_end && vma_expandable(vma, new_len - old_len)) {
		err = expand_in_place(vma, new_len - old_len);
		return err ? err : addr;
	}
	if (!(flags & MREMAP_MAYMOVE))
		return -ENOMEM;
	if (vma->vm_flags & VM_MAYSHARE)
		map_flags |= MAP_SHARED;
	new_addr = get_unmapped_area(vma->vm_file, placed ? new_addr : 0, new_len,
				     linear_page_index(vma, addr), map_flags);
	if (IS_ERR_VALUE(new_addr))
		return new_addr;
	return move_vma(vma, addr, old_len, new_addr, new_len, flags, after);
}

long sys_mremap(unsigned long addr, unsigned long old_len, unsigned long new_len,
		unsigned long flags, unsigned long new_addr)
{
	struct mremap_after after = {};
	struct mm_struct *mm = current->mm;
	struct vm_area_struct *vma;
	bool populate = false;
	unsigned long ret;

	if (flags & ~(unsigned long)(MREMAP_FIXED | MREMAP_MAYMOVE | MREMAP_DONTUNMAP))
		return -EINVAL;
	if (flags & (MREMAP_FIXED | MREMAP_DONTUNMAP) && !(flags & MREMAP_MAYMOVE))
		return -EINVAL;
	if (flags & MREMAP_DONTUNMAP && old_len != new_len)
		return -EINVAL;
	if (addr & ~PAGE_MASK)
		return -EINVAL;
	old_len = PAGE_ALIGN(old_len);
	new_len = PAGE_ALIGN(new_len);
	if (!new_len)
		return -EINVAL;
	if (mmap_write_lock_killable(mm))
		return -EINTR;
	INIT_LIST_HEAD(&after.uf_early);
	INIT_LIST_HEAD(&after.uf_unmap);
	ret = do_mremap(mm, addr, old_len, new_len, flags, new_addr, &after);
	if (new_len > old_len && !IS_ERR_VALUE(ret)) {
		vma = vma_lookup(mm, ret);
		populate = vma->vm_flags & VM_LOCKED;
	}
	mm_verify_checked(mm, "mremap");
	mmap_write_unlock(mm);
	userfaultfd_unmap_complete(&after.uf_early);
	mremap_userfaultfd_complete(after.uf, addr, ret, old_len);
	userfaultfd_unmap_complete(&after.uf_unmap);
	if (populate)
		mm_populate(ret + old_len, new_len - old_len);
	return ret;
}
