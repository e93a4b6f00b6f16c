/* SPDX-License-Identifier: MIT */
/*
 * page.h - flags and references of struct page.
 *
 * The conversions between frame number, struct page and address (pfn_to_page, page_to_pfn,
 * page_address, virt_to_page, page_to_phys) are in asm/page.h.
 */
#ifndef PAGODA_PAGE_H
#define PAGODA_PAGE_H

#include <pagoda/mm_types.h>
#include <asm/page.h>

_Static_assert(sizeof(struct page) == 64, "struct page is one cache line");

/* ---- Flags: PageX() reads, SetPageX() and ClearPageX() are atomic, __SetPageX() is not ---- */

#define PAGE_FLAG(Name, bit)                                                                       \
	static inline bool Page##Name(const struct page *page)                                     \
	{                                                                                          \
		return READ_ONCE(page->flags) & (1UL << (bit));                                    \
	}                                                                                          \
	static inline void SetPage##Name(struct page *page)                                        \
	{                                                                                          \
		__atomic_fetch_or(&page->flags, 1UL << (bit), __ATOMIC_RELEASE);                   \
	}                                                                                          \
	static inline void ClearPage##Name(struct page *page)                                      \
	{                                                                                          \
		__atomic_fetch_and(&page->flags, ~(1UL << (bit)), __ATOMIC_RELEASE);               \
	}                                                                                          \
	static inline void __SetPage##Name(struct page *page)                                      \
	{                                                                                          \
		page->flags |= 1UL << (bit);                                                       \
	}                                                                                          \
	static inline void __ClearPage##Name(struct page *page)                                    \
	{                                                                                          \
		page->flags &= ~(1UL << (bit));                                                    \
	}                                                                                          \
	static inline bool TestSetPage##Name(struct page *page)                                    \
	{                                                                                          \
		unsigned long old;                                                                 \
                                                                                                   \
		old = __atomic_fetch_or(&page->flags, 1UL << (bit), __ATOMIC_SEQ_CST);             \
		return old & (1UL << (bit));                                                       \
	}                                                                                          \
	static inline bool TestClearPage##Name(struct page *page)                                  \
	{                                                                                          \
		unsigned long old;                                                                 \
                                                                                                   \
		old = __atomic_fetch_and(&page->flags, ~(1UL << (bit)), __ATOMIC_SEQ_CST);         \
		return old & (1UL << (bit));                                                       \
	}

PAGE_FLAG(Locked, PG_locked)
PAGE_FLAG(Uptodate, PG_uptodate)
PAGE_FLAG(Dirty, PG_dirty)
PAGE_FLAG(Waiters, PG_waiters)
PAGE_FLAG(SwapBacked, PG_swapbacked)
PAGE_FLAG(Anon, PG_anon)
PAGE_FLAG(AnonExclusive, PG_anon_exclusive)
PAGE_FLAG(Slab, PG_slab)
PAGE_FLAG(Buddy, PG_buddy)
PAGE_FLAG(Pcp, PG_pcp)
PAGE_FLAG(Table, PG_table)
PAGE_FLAG(Reserved, PG_reserved)
PAGE_FLAG(Head, PG_head)
PAGE_FLAG(Tail, PG_tail)

/* ---- Compound pages ---------------------------------------------------------------------- */

/* Blocks are naturally aligned, so a tail finds its head by its own order. */
static inline struct page *compound_head(struct page *page)
{
	if (likely(!PageTail(page)))
		return page;
	return pfn_to_page(page_to_pfn(page) & ~((1UL << page->order) - 1));
}

static inline struct page *virt_to_head_page(const void *addr)
{
	return compound_head(virt_to_page(addr));
}

static inline unsigned int compound_order(const struct page *page)
{
	return PageHead(page) ? page->order : 0;
}

static inline unsigned long page_size(const struct page *page)
{
	return PAGE_SIZE << compound_order(page);
}

/* ---- References: only heads of compound pages are counted -------------------------------- */

void __put_page(struct page *page); /* mm/page_alloc.c: the count has reached 0 */

static inline int page_ref_count(const struct page *page)
{
	return atomic_read(&page->_refcount);
}
#define page_count(page) page_ref_count(page)

static inline void set_page_count(struct page *page, int v)
{
	atomic_set(&page->_refcount, v);
}

static inline void get_page(struct page *page)
{
	atomic_inc(&page->_refcount);
}

static inline void page_ref_add(struct page *page, int nr)
{
	atomic_add(nr, &page->_refcount);
}

static inline bool put_page_testzero(struct page *page)
{
	return atomic_dec_and_test(&page->_refcount);
}

static inline void put_page(struct page *page)
{
	if (put_page_testzero(page))
		__put_page(page);
}

#endif
