/* SPDX-License-Identifier: MIT */
/*
 * gfp.h - getting and freeing page frames.
 *
 * A gfp_t says how hard the allocator may try, never where the memory comes from: there is one
 * zone, and every frame is in the direct map. Any allocation can fail and returns NULL (0 for the
 * address forms); GFP_ATOMIC ones may be made anywhere, the others only where sleeping is allowed.
 */
#ifndef PAGODA_GFP_H
#define PAGODA_GFP_H

#include <pagoda/types.h>
#include <pagoda/mm_types.h>
#include <pagoda/page.h>

#define __GFP_DIRECT_RECLAIM 0x0001u /* may sleep: reclaim, then the OOM killer */
#define __GFP_HIGH	     0x0002u /* may take half of the reserve */
#define __GFP_MEMALLOC	     0x0004u /* may take all of it: frees memory soon */
#define __GFP_ZERO	     0x0008u /* contents cleared */
#define __GFP_COMP	     0x0010u /* one compound page: head and tails know each other */
#define __GFP_NOWARN	     0x0020u /* no message when it fails */
#define __GFP_NORETRY	     0x0040u /* no OOM killer: the caller has another way */
#define __GFP_ACCOUNT	     0x0080u /* for a user; documents the caller */
#define __GFP_MOVABLE	     0x0100u /* contents reached by page tables or the page cache only */
#define __GFP_FS	     0x0200u /* reclaim may enter file systems */
#define __GFP_IO	     0x0400u /* reclaim may start input and output */
#define __GFP_NOMEMALLOC     0x0800u /* not from the reserve, even with PF_MEMALLOC */
#define __GFP_RECLAIM	     __GFP_DIRECT_RECLAIM

#define GFP_ATOMIC	     (__GFP_HIGH)
#define GFP_NOWAIT	     0u
#define GFP_NOIO	     (__GFP_DIRECT_RECLAIM)
#define GFP_NOFS	     (__GFP_DIRECT_RECLAIM | __GFP_IO)
#define GFP_KERNEL	     (__GFP_DIRECT_RECLAIM | __GFP_IO | __GFP_FS)
#define GFP_KERNEL_ACCOUNT   (GFP_KERNEL | __GFP_ACCOUNT)
#define GFP_USER	     GFP_KERNEL
#define GFP_HIGHUSER	     GFP_KERNEL
#define GFP_HIGHUSER_MOVABLE (GFP_KERNEL | __GFP_MOVABLE)

/* Largest block: 2^(MAX_ORDER - 1) pages = 4 MiB. */
#define MAX_ORDER 11

static inline bool gfpflags_allow_blocking(gfp_t gfp)
{
	return gfp & __GFP_DIRECT_RECLAIM;
}

/* ---- mm/page_alloc.c --------------------------------------------------------------------- */

/*
 * 2^order contiguous frames, naturally aligned. The first page has _refcount 1, flags and mapping
 * clear; without __GFP_COMP the other pages have _refcount 0.
 */
struct page *alloc_pages(gfp_t gfp, unsigned int order);
struct page *alloc_page(gfp_t gfp);

/* Drops one reference; the block is freed with the last. order as in alloc_pages(). */
void __free_pages(struct page *page, unsigned int order);
/* put_page() for each of nr pages. */
void release_pages(struct page **pages, unsigned int nr);
/* put_page() for each page of a list, linked by lru; the list is empty then. */
void put_pages_list(struct list_head *pages);

/* The same by direct-map address; 0 when there is no memory. */
unsigned long __get_free_pages(gfp_t gfp, unsigned int order);
void free_pages(unsigned long addr, unsigned int order);

#define __get_free_page(gfp) __get_free_pages((gfp), 0)
#define get_zeroed_page(gfp) __get_free_pages((gfp) | __GFP_ZERO, 0)
#define __free_page(page)    __free_pages((page), 0)
#define free_page(addr)	     free_pages((addr), 0)

/* Gives the CPUs' cached free pages back to the buddy lists. Sleeps. */
void drain_all_pages(void);

/* Free pages, per-CPU lists included; what user memory may take without touching the reserve. */
unsigned long nr_free_pages(void);
unsigned long nr_managed_pages(void);
unsigned long nr_free_buffer_pages(void);
unsigned long min_free_pages(void); /* the reserve, in pages */
void set_min_free_kbytes(unsigned long kbytes);

/* Free blocks of each order, for /proc/buddyinfo. */
void buddy_counts(unsigned long counts[MAX_ORDER]);
/* Checks every free block and count of the zone; returns the number of faults found (printed). */
unsigned int buddy_verify(void);

/* ---- mm/page_init.c ---------------------------------------------------------------------- */

/* Makes the struct page array and gives all free ranges of memblock to the buddy allocator. */
void mem_init(void);
/* Gives reserved memory (initrd, init sections) to the allocator; direct-map addresses. */
unsigned long free_reserved_area(void *start, void *end, const char *what);
/* One past the highest frame of RAM, and whether a frame is RAM with a struct page. */
extern unsigned long max_pfn;
bool pfn_valid(unsigned long pfn);

/* The page of zeroes that read faults map (empty_zero_page, zero_pfn) is declared in mm.h. */

/* ---- mm/vmscan.c ------------------------------------------------------------------------- */

/* Empties every allocator-side cache, so that counts of free pages can be compared. Sleeps. */
void drain_memory_caches(void);

/* ---- kernel/fail_alloc.c: fault injection ------------------------------------------------ */

/*
 * Makes the n-th allocation (pages and slab objects alike, from 1) by this task fail; 0 turns it
 * off. Returns what was left of the previous count, so that a test knows whether the failure came.
 */
extern int fail_alloc_countdown;
bool __should_fail_alloc(gfp_t gfp);
int fail_alloc_set(int nth);
/* What is left of the count of a task; 0 when its failure has come, or none was asked for. */
struct task_struct;
int fail_alloc_left(const struct task_struct *task);
void __fail_alloc_exit(void);

static inline bool should_fail_alloc(gfp_t gfp)
{
	return unlikely(READ_ONCE(fail_alloc_countdown) != 0) && __should_fail_alloc(gfp);
}

/* The calling task ends. */
static inline void fail_alloc_exit(void)
{
	if (unlikely(READ_ONCE(fail_alloc_countdown) != 0))
		__fail_alloc_exit();
}

#endif
