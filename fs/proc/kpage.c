// SPDX-License-Identifier: MIT
/*
 * fs/proc/kpage.c - /proc/kpagecount and /proc/kpageflags: a 64-bit word for each frame of memory.
 *
 * kpagecount tells how many page tables map a frame, kpageflags what it is, in the bits of
 * uapi/linux/kernel-page-flags.h. Nothing is locked: a frame may change hands while it is read.
 */
#include "internal.h"
#include <pagoda/gfp.h>
#include <pagoda/mm.h>
#include <pagoda/pagemap.h>
#include <asm/uaccess.h>

enum kpageflags {
	KPF_LOCKED = 0,
	KPF_UPTODATE = 3,
	KPF_DIRTY = 4,
	KPF_LRU = 5,
	KPF_SLAB = 7,
	KPF_BUDDY = 10,
	KPF_MMAP = 11,
	KPF_ANON = 12,
	KPF_SWAPBACKED = 14,
	KPF_COMPOUND_HEAD = 15,
	KPF_COMPOUND_TAIL = 16,
	KPF_NOPAGE = 20,
	KPF_ZERO_PAGE = 24,
	KPF_PGTABLE = 26,
	KPF_RESERVED = 32,
	KPF_MAPPEDTODISK = 34, /* of an anonymous page: exclusive, as in Linux */
};

static bool is_file_page(const struct page *page)
{
	return (PageUptodate(page) || PageSwapBacked(page)) && !PageAnon(page) && !PageSlab(page) &&
	       !PageTable(page) && page->mapping;
}

/* References but the page cache's; pins count as well, as long as they last. */
static u64 page_tables_with(const struct page *page)
{
	int refs = page_ref_count(page);

	if (PageAnon(page))
		return refs;
	return is_file_page(page) && refs > 0 ? refs - 1 : 0;
}

static u64 count_of(unsigned long pfn)
{
	return pfn_valid(pfn) ? page_tables_with(pfn_to_page(pfn)) : 0;
}

static u64 flags_of(unsigned long pfn)
{
	static const struct {
		enum pageflags from;
		enum kpageflags to;
	} same[] = {
		{PG_locked, KPF_LOCKED},
		{PG_uptodate, KPF_UPTODATE},
		{PG_dirty, KPF_DIRTY},
		{PG_slab, KPF_SLAB},
		{PG_buddy, KPF_BUDDY},
		{PG_pcp, KPF_BUDDY},
		{PG_anon, KPF_ANON},
		{PG_swapbacked, KPF_SWAPBACKED},
		{PG_head, KPF_COMPOUND_HEAD},
		{PG_tail, KPF_COMPOUND_TAIL},
		{PG_table, KPF_PGTABLE},
		{PG_reserved, KPF_RESERVED},
		{PG_anon_exclusive, KPF_MAPPEDTODISK},
	};
	struct page *page = pfn_to_page(pfn);
	u64 flags = 0;

	if (!pfn_valid(pfn))
		return 1ULL << KPF_NOPAGE;
	if (is_zero_pfn(pfn))
		flags |= 1ULL << KPF_ZERO_PAGE;
	if (PageAnon(page) || is_file_page(page))
		flags |= 1ULL << KPF_LRU;
	if (page_tables_with(page))
		flags |= 1ULL << KPF_MMAP;
	for (unsigned int i = 0; i < ARRAY_SIZE(same); i++)
		if (page->flags & 1UL << same[i].from)
			flags |= 1ULL << same[i].to;
	return flags;
}

static ssize_t kpage_read(char __user *buf, size_t count, loff_t *ppos,
			  u64 (*word_of)(unsigned long))
{
	unsigned long pfn = (unsigned long)*ppos / sizeof(u64);
	size_t done = 0;

	if (*ppos % sizeof(u64) || count % sizeof(u64))
		return -EINVAL;
	for (; done < count && pfn < max_pfn; pfn++, done += sizeof(u64)) {
		u64 word = word_of(pfn);

		if (copy_to_user(buf + done, &word, sizeof(word)))
			return done ? (ssize_t)done : -EFAULT;
		*ppos += sizeof(u64);
		cond_resched();
	}
	return (ssize_t)done;
}

static ssize_t kpagecount_read(struct file *file, char __user *buf, size_t count, loff_t *ppos)
{
	return kpage_read(buf, count, ppos, count_of);
}

static ssize_t kpageflags_read(struct file *file, char __user *buf, size_t count, loff_t *ppos)
{
	return kpage_read(buf, count, ppos, flags_of);
}

static const struct file_operations kpagecount_fops = {
	.llseek = default_llseek,
	.read = kpagecount_read,
};

static const struct file_operations kpageflags_fops = {
	.llseek = default_llseek,
	.read = kpageflags_read,
};

void proc_kpage_init(void)
{
	proc_create("kpagecount", 0400, NULL, &kpagecount_fops);
	proc_create("kpageflags", 0400, NULL, &kpageflags_fops);
}
