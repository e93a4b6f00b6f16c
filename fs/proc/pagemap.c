// SPDX-License-Identifier: MIT
/*
 * fs/proc/pagemap.c - /proc/PID/pagemap and clear_refs: single pages of an address space.
 *
 * pagemap is an array of 64-bit words, one a page (PROC-12, PROC-13):
 *
 *	63 present | 62 swapped | 61 file or shared | 57 write-protected for userfaultfd |
 *	56 mapped exclusively | 55 soft-dirty | 54..0 frame number, for CAP_SYS_ADMIN
 *
 * Soft-dirty is what was written since somebody wrote 4 to clear_refs: that takes the right to write
 * from all entries, and the fault that gives it back marks the entry. What has been mapped since is
 * soft-dirty as a whole, by VM_SOFTDIRTY.
 */
#include "internal.h"
#include <pagoda/cred.h>
#include <pagoda/gfp.h>
#include <pagoda/mm.h>
#include <pagoda/pt_table.h>
#include <asm/tlbflush.h>
#include <asm/uaccess.h>

#define PM_SOFT_DIRTY (1ULL << 55)
#define PM_EXCLUSIVE  (1ULL << 56)
#define PM_UFFD_WP    (1ULL << 57)
#define PM_FILE	      (1ULL << 61)
#define PM_SWAP	      (1ULL << 62)
#define PM_PRESENT    (1ULL << 63)

#define PM_WORDS (PAGE_SIZE / sizeof(u64)) /* what one walk fills */

/* ---- pagemap ----------------------------------------------------------------------------- */

struct pagemap_walk {
	u64 *words;
	unsigned long start; /* address of the first */
	bool show_pfn;
};

static int pagemap_word(pte_t pte, unsigned long addr, void *arg)
{
	struct pagemap_walk *w = arg;
	struct page *page;
	u64 word = 0;

	if (pte_present(pte)) {
		word = PM_PRESENT | (w->show_pfn ? pte_pfn(pte) : 0);
		page = vm_normal_page(pte);
		if (page && !PageAnon(page))
			word |= PM_FILE;
		if (page && page_ref_count(page) - (!PageAnon(page) && page->mapping ? 1 : 0) == 1)
			word |= PM_EXCLUSIVE;
		if (pte_uffd_wp(pte))
			word |= PM_UFFD_WP;
		if (pte_soft_dirty(pte))
			word |= PM_SOFT_DIRTY;
	} else {
		word = PM_SWAP | (pte_swp_uffd_wp(pte) ? PM_UFFD_WP : 0);
	}
	w->words[(addr - w->start) >> PAGE_SHIFT] |= word;
	return 0;
}

/* The words of [w->start, end). mmap_lock held. */
static void pagemap_fill(struct mm_struct *mm, struct pagemap_walk *w, unsigned long end)
{
	struct vm_area_struct *vma = find_vma(mm, w->start);

	memset(w->words, 0, (end - w->start) >> PAGE_SHIFT << 3);
	for (; vma && vma->vm_start < end; vma = vma_next(vma)) {
		unsigned long addr = max(vma->vm_start, w->start);

		if (!(vma->vm_flags & VM_SOFTDIRTY))
			continue;
		for (; addr < min(vma->vm_end, end); addr += PAGE_SIZE)
			w->words[(addr - w->start) >> PAGE_SHIFT] = PM_SOFT_DIRTY;
	}
	pt_walk(mm, w->start, end, pagemap_word, w);
}

/* mm is kept by a user reference. Bytes copied or -errno. */
static ssize_t pagemap_copy(struct mm_struct *mm, char __user *buf, size_t count, loff_t *ppos,
			    bool show_pfn)
{
	struct pagemap_walk w = {.show_pfn = show_pfn};
	ssize_t done = 0, err = 0;

	w.words = (u64 *)__get_free_page(GFP_KERNEL);
	if (!w.words)
		return -ENOMEM;
	while (count && (u64)*ppos / sizeof(u64) < mm->task_size >> PAGE_SHIFT) {
		unsigned long first = (unsigned long)*ppos / sizeof(u64), n;

		n = min((mm->task_size >> PAGE_SHIFT) - first, count / sizeof(u64));
		n = min(n, PM_WORDS);
		w.start = first << PAGE_SHIFT;
		err = mmap_read_lock_killable(mm);
		if (err)
			break;
		pagemap_fill(mm, &w, w.start + (n << PAGE_SHIFT));
		mmap_read_unlock(mm);
		if (copy_to_user(buf, w.words, n * sizeof(u64))) {
			err = -EFAULT;
			break;
		}
		n *= sizeof(u64);
		buf += n;
		count -= n;
		*ppos += (loff_t)n;
		done += (ssize_t)n;
		cond_resched();
	}
	free_page((unsigned long)w.words);
	return done ?: err;
}

static ssize_t pagemap_read(struct file *file, char __user *buf, size_t count, loff_t *ppos)
{
	struct mm_struct *mm = file->private_data;
	ssize_t ret;

	if (!mm || !mmget_not_zero(mm))
		return 0;
	ret = -EINVAL;
	if (*ppos >= 0 && *ppos % sizeof(u64) == 0 && count % sizeof(u64) == 0)
		ret = pagemap_copy(mm, buf, count, ppos, cap_capable(file->f_cred, CAP_SYS_ADMIN));
	mmput(mm);
	return ret;
}

static int pagemap_open(struct inode *inode, struct file *file)
{
	struct mm_struct *mm = proc_mem_open(inode);

	if (IS_ERR(mm))
		return PTR_ERR(mm);
	file->private_data = mm;
	return 0;
}

static int pagemap_release(struct inode *inode, struct file *file)
{
	if (file->private_data)
		mmdrop(file->private_data);
	return 0;
}

/* The position is 8 times a page number: no end to count from. */
static loff_t pagemap_lseek(struct file *file, loff_t offset, int whence)
{
	if (whence == SEEK_CUR)
		offset += file->f_pos;
	else if (whence != SEEK_SET)
		return -EINVAL;
	return file->f_pos = offset;
}

const struct file_operations proc_pagemap_fops = {
	.llseek = pagemap_lseek,
	.read = pagemap_read,
	.open = pagemap_open,
	.release = pagemap_release,
};

/* ---- clear_refs -------------------------------------------------------------------------- */

/* What a program writes (PROC-15). */
enum { CLEAR_ALL = 1, CLEAR_ANON, CLEAR_MAPPED, CLEAR_SOFT_DIRTY, CLEAR_HIWATER_RSS, CLEAR_LAST };

/* Takes the right to write, so that the next write is seen. */
static void clear_soft_dirty(struct mm_struct *mm, pte_t *ptep)
{
	pte_t pte = ptep_get(ptep);

	if (!pte_present(pte) || (!pte_soft_dirty(pte) && !pte_write(pte)))
		return;
	pte = ptep_get_and_clear(mm, 0, ptep); /* the hardware may be making it dirty */
	set_pte(ptep, pte_wrprotect(pte_clear_soft_dirty(pte)));
}

/* The accessed or soft-dirty bits of one range. mmap_lock held. */
static void clear_bits(struct vm_area_struct *vma, bool soft_dirty)
{
	unsigned long addr = vma->vm_start;
	struct pt_handle pt;

	while (pt_lock_next(vma->vm_mm, &addr, vma->vm_end, &pt)) {
		for (; pt.addr < addr; pt.addr += PAGE_SIZE, pt.pte++) {
			if (soft_dirty)
				clear_soft_dirty(vma->vm_mm, pt.pte);
			else
				ptep_test_and_clear_young(vma, pt.addr, pt.pte);
		}
		pt_unlock(&pt);
	}
}

static void clear_refs_mm(struct mm_struct *mm, int what)
{
	struct vm_area_struct *vma;

	for_each_vma (mm, vma) {
		if (vma->vm_flags & VM_PFNMAP || (what == CLEAR_ANON && vma->vm_file) ||
		    (what == CLEAR_MAPPED && !vma->vm_file))
			continue;
		if (what == CLEAR_SOFT_DIRTY && vma->vm_flags & VM_SOFTDIRTY) {
			vma->vm_flags &= ~VM_SOFTDIRTY;
			vma_set_page_prot(vma);
		}
		clear_bits(vma, what == CLEAR_SOFT_DIRTY);
	}
	flush_tlb_mm(mm);
}

static int do_clear_refs(struct mm_struct *mm, int what)
{
	int err = mmap_write_lock_killable(mm);

	if (err)
		return err;
	if (what == CLEAR_HIWATER_RSS)
		mm->hiwater_rss = get_mm_rss(mm);
	else
		clear_refs_mm(mm, what);
	mmap_write_unlock(mm);
	return 0;
}

static ssize_t clear_refs_write(struct file *file, const char __user *buf, size_t count,
				loff_t *ppos)
{
	char text[13] = "";
	struct task_struct *task;
	struct mm_struct *mm;
	int what, err;

	if (copy_from_user(text, buf, min(count, sizeof(text) - 1)))
		return -EFAULT;
	err = kstrtoint(strim(text), 10, &what);
	if (err)
		return err;
	if (what < CLEAR_ALL || what >= CLEAR_LAST)
		return -EINVAL;
	task = get_proc_task(file_inode(file));
	if (!task)
		return -ESRCH;
	mm = get_task_mm(task);
	put_task_struct(task);
	if (mm) {
		err = do_clear_refs(mm, what);
		mmput(mm);
	}
	return err ?: (ssize_t)count;
}

const struct file_operations proc_clear_refs_fops = {
	.write = clear_refs_write,
	.llseek = noop_llseek,
};
