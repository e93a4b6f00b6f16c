// SPDX-License-Identifier: MIT
/*
 * fs/proc/task_smaps.c - /proc/PID/smaps and smaps_rollup: how much memory each range really has.
 *
 * Walks the page tables. How many address spaces map a page is told from its reference count: one
 * for each page table that has it, one for the page cache, and pins, which make it look shared for
 * the time being.
 */
#include "internal.h"
#include <pagoda/gfp.h>
#include <pagoda/mm.h>
#include <pagoda/pt_table.h>
#include <asm/pkeys.h>

#define PSS_SHIFT 12 /* fraction bits of the proportional sizes */

/* Bytes; the proportional ones with PSS_SHIFT fraction bits. */
struct mem_size_stats {
	u64 resident;
	u64 shared_clean, shared_dirty, private_clean, private_dirty;
	u64 referenced, anonymous, lazyfree;
	u64 pss, pss_anon, pss_file, pss_shmem, pss_locked, pss_dirty;
	bool locked; /* the range being walked is */
};

/* How many page tables have the page. */
static unsigned int mapcount(struct page *page)
{
	int refs = page_ref_count(page) - (!PageAnon(page) && page->mapping ? 1 : 0);

	return refs > 0 ? (unsigned int)refs : 1;
}

static int account_page(pte_t pte, unsigned long addr, void *arg)
{
	struct mem_size_stats *mss = arg;
	struct page *page = pte_present(pte) ? vm_normal_page(pte) : NULL;
	unsigned int count;
	bool dirty;
	u64 pss;

	if (!page)
		return 0;
	count = mapcount(page);
	dirty = pte_dirty(pte) || PageDirty(page);
	pss = ((u64)PAGE_SIZE << PSS_SHIFT) / count;
	mss->resident += PAGE_SIZE;
	if (PageAnon(page)) {
		mss->anonymous += PAGE_SIZE;
		if (!PageSwapBacked(page) && !dirty)
			mss->lazyfree += PAGE_SIZE;
		mss->pss_anon += pss;
	} else if (PageSwapBacked(page)) {
		mss->pss_shmem += pss;
	} else {
		mss->pss_file += pss;
	}
	if (pte_young(pte))
		mss->referenced += PAGE_SIZE;
	mss->pss += pss;
	if (dirty)
		mss->pss_dirty += pss;
	if (mss->locked)
		mss->pss_locked += pss;
	if (count >= 2)
		*(dirty ? &mss->shared_dirty : &mss->shared_clean) += PAGE_SIZE;
	else
		*(dirty ? &mss->private_dirty : &mss->private_clean) += PAGE_SIZE;
	return 0;
}

static void gather(struct vm_area_struct *vma, struct mem_size_stats *mss)
{
	mss->locked = vma->vm_flags & VM_LOCKED;
	pt_walk(vma->vm_mm, vma->vm_start, vma->vm_end, account_page, mss);
}

/* ---- printing ---------------------------------------------------------------------------- */

/* PROC-8: label and colon in 16 columns, the number in 8. */
static void put_kb(struct seq_file *m, const char *label, u64 bytes)
{
	seq_printf(m, "%-16s%8llu kB\n", label, bytes >> 10);
}

static void put_pss(struct seq_file *m, const char *label, u64 pss)
{
	put_kb(m, label, pss >> PSS_SHIFT);
}

/* The sums, in PROC-7's order; rollup: with the kinds of Pss (PROC-11). */
static void show_sums(struct seq_file *m, const struct mem_size_stats *mss, bool rollup)
{
	put_kb(m, "Rss:", mss->resident);
	put_pss(m, "Pss:", mss->pss);
	put_pss(m, "Pss_Dirty:", mss->pss_dirty);
	if (rollup) {
		put_pss(m, "Pss_Anon:", mss->pss_anon);
		put_pss(m, "Pss_File:", mss->pss_file);
		put_pss(m, "Pss_Shmem:", mss->pss_shmem);
	}
	put_kb(m, "Shared_Clean:", mss->shared_clean);
	put_kb(m, "Shared_Dirty:", mss->shared_dirty);
	put_kb(m, "Private_Clean:", mss->private_clean);
	put_kb(m, "Private_Dirty:", mss->private_dirty);
	put_kb(m, "Referenced:", mss->referenced);
	put_kb(m, "Anonymous:", mss->anonymous);
	put_kb(m, "LazyFree:", mss->lazyfree);
	put_kb(m, "AnonHugePages:", 0);
	put_kb(m, "ShmemPmdMapped:", 0);
	put_kb(m, "FilePmdMapped:", 0);
	put_kb(m, "Shared_Hugetlb:", 0);
	seq_printf(m, "%-17s%7u kB\n", "Private_Hugetlb:", 0);
	put_kb(m, "Swap:", 0);
	put_kb(m, "SwapPss:", 0);
	put_pss(m, "Locked:", mss->pss_locked);
}

/* PROC-10: by bit number. */
static const char vm_flag_names[64][3] = {
	[0] = "rd",  [1] = "wr",  [2] = "ex",  [3] = "sh",  [4] = "mr",	 [5] = "mw",  [6] = "me",
	[7] = "ms",  [8] = "gd",  [9] = "um",  [10] = "pf", [12] = "uw", [13] = "lo", [14] = "io",
	[15] = "sr", [16] = "rr", [17] = "dc", [18] = "de", [19] = "??", [20] = "ac", [21] = "nr",
	[22] = "ht", [23] = "sf", [24] = "ar", [25] = "wf", [26] = "dd", [27] = "sd", [28] = "mm",
	[29] = "hg", [30] = "nh", [31] = "mg", [37] = "ui",
};

static void show_vm_flags(struct seq_file *m, vm_flags_t flags)
{
	seq_puts(m, "VmFlags: ");
	for (unsigned int bit = 0; bit < 64; bit++) {
		/* the number of the protection key is shown above */
		if (!((flags & ~VM_PKEY_MASK) >> bit & 1))
			continue;
		seq_printf(m, "%.2s ", vm_flag_names[bit][0] ? vm_flag_names[bit] : "??");
	}
	seq_putc(m, '\n');
}

static int smap_show(struct seq_file *m, void *v)
{
	struct vm_area_struct *vma = v;
	struct mem_size_stats mss = {0};

	gather(vma, &mss);
	show_map_vma(m, vma);
	put_kb(m, "Size:", vma->vm_end - vma->vm_start);
	put_kb(m, "KernelPageSize:", PAGE_SIZE);
	put_kb(m, "MMUPageSize:", PAGE_SIZE);
	show_sums(m, &mss, false);
	seq_puts(m, "THPeligible:    0\n");
	if (arch_max_pkey())
		seq_printf(m, "ProtectionKey:  %8u\n", vma_pkey(vma));
	show_vm_flags(m, vma->vm_flags);
	return 0;
}

static const struct seq_operations smaps_seq_ops = {
	.start = proc_maps_start,
	.next = proc_maps_next,
	.stop = proc_maps_stop,
	.show = smap_show,
};

static int smaps_open(struct inode *inode, struct file *file)
{
	return proc_maps_open(inode, file, &smaps_seq_ops);
}

const struct file_operations proc_pid_smaps_fops = {
	.open = smaps_open,
	.read_iter = seq_read_iter,
	.llseek = seq_lseek,
	.release = proc_maps_release,
};

/* ---- smaps_rollup ------------------------------------------------------------------------ */

static int rollup_show(struct seq_file *m, void *v)
{
	struct mm_struct *mm = m->private;
	struct mem_size_stats mss = {0};
	struct vm_area_struct *vma;
	unsigned long start = 0, end = 0;

	if (!mm || !mmget_not_zero(mm))
		return -ESRCH;
	if (mmap_read_lock_killable(mm)) {
		mmput(mm);
		return -EINTR;
	}
	for_each_vma (mm, vma) {
		if (!end)
			start = vma->vm_start;
		end = vma->vm_end;
		gather(vma, &mss);
	}
	mmap_read_unlock(mm);
	mmput(mm);
	show_map_prefix(m, start, end, 0, 0, 0, 0);
	seq_pad(m, ' ');
	seq_puts(m, "[rollup]\n");
	show_sums(m, &mss, true);
	return 0;
}

static int rollup_open(struct inode *inode, struct file *file)
{
	struct mm_struct *mm = proc_mem_open(inode);
	int err;

	if (IS_ERR(mm))
		return PTR_ERR(mm);
	err = single_open(file, rollup_show, mm);
	if (err && mm)
		mmdrop(mm);
	return err;
}

static int rollup_release(struct inode *inode, struct file *file)
{
	struct mm_struct *mm = ((struct seq_file *)file->private_data)->private;

	if (mm)
		mmdrop(mm);
	return single_release(inode, file);
}

const struct file_operations proc_smaps_rollup_fops = {
	.open = rollup_open,
	.read_iter = seq_read_iter,
	.llseek = seq_lseek,
	.release = rollup_release,
};
