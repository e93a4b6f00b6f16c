/* SPDX-License-Identifier: MIT */
/*
 * pagemap.h - the page cache: the pages of a file that are in memory.
 *
 * Each inode has an address_space, which finds pages by their offset in the file (in pages). A page
 * in it holds one reference for being there. Filling, truncating and writing a page happen under
 * its lock (PG_locked, a sleeping lock); page->mapping and page->index are stable while it is
 * locked, and a page found must be looked at again after it is locked: truncation may have taken it
 * out.
 *
 * Locks: mapping->i_mmap_lock -> page lock -> i_pages_lock, which readers take too.
 */
#ifndef PAGODA_PAGEMAP_H
#define PAGODA_PAGEMAP_H

#include <pagoda/types.h>
#include <pagoda/atomic.h>
#include <pagoda/err.h>
#include <pagoda/gfp.h>
#include <pagoda/xarray.h>

struct address_space;
struct inode;
struct iov_iter;
struct kiocb;

struct address_space_operations {
	/*
	 * Before and after bytes [pos, pos + len) of one page are written: begin returns it locked
	 * with a reference, its bytes outside the range valid; end unlocks and drops it and updates
	 * the inode's size.
	 */
	int (*write_begin)(struct address_space *mapping, loff_t pos, unsigned int len,
			   struct page **pagep);
	void (*write_end)(struct address_space *mapping, loff_t pos, unsigned int len,
			  unsigned int copied, struct page *page);
	/* A locked page is about to leave the cache for ever. */
	void (*invalidate_page)(struct page *page);
};

struct address_space {
	struct inode *host;
	spinlock_t i_pages_lock; /* guards the next two; not taken from interrupts */
	struct xarray i_pages;	 /* offset -> struct page */
	unsigned long nrpages;
	const struct address_space_operations *a_ops;
	struct rw_semaphore i_mmap_lock;
	struct list_head i_mmap;  /* VMAs that map it, by i_mmap_node; i_mmap_lock */
	atomic_t i_mmap_writable; /* shared mappings that may write; negative: none may come */
	unsigned long flags;	  /* AS_* */
};

#define AS_SHMEM 0 /* pages count as shmem */

/* ---- mm/filemap.c ------------------------------------------------------------------------ */

void address_space_init(struct address_space *mapping, struct inode *host);

/* A page with a reference, or NULL. */
struct page *find_get_page(struct address_space *mapping, pgoff_t index);
/* The same, locked, and still in the mapping. */
struct page *find_lock_page(struct address_space *mapping, pgoff_t index);
/* Up to nr pages from *index on, each with a reference; *index moves past the last. */
unsigned int find_get_pages_range(struct address_space *mapping, pgoff_t *index, pgoff_t end,
				  unsigned int nr, struct page **pages);

/* page: locked by the caller, takes a reference. 0, -EEXIST, -ENOMEM. */
int add_to_page_cache_locked(struct page *page, struct address_space *mapping, pgoff_t index);
/* page: locked, in the cache; tells a_ops and drops the cache's reference. */
void delete_from_page_cache(struct page *page);

/* First offset in [index, end) with a page (with none); end if there is none. For SEEK_DATA and
 * SEEK_HOLE. */
pgoff_t page_cache_next_data(struct address_space *mapping, pgoff_t index, pgoff_t end);
pgoff_t page_cache_next_hole(struct address_space *mapping, pgoff_t index, pgoff_t end);

/* write(2): takes the inode's lock, checks limits, updates times. Bytes done, or -errno for none. */
ssize_t generic_file_write_iter(struct kiocb *iocb, struct iov_iter *from);

static inline void set_page_dirty(struct page *page)
{
	if (!PageDirty(page))
		SetPageDirty(page);
}

/* For mappings that may write to a shared object: -EPERM when it is denied (sealed), else 0. */
static inline int mapping_map_writable(struct address_space *mapping)
{
	return atomic_inc_unless_negative(&mapping->i_mmap_writable) ? 0 : -EPERM;
}

static inline void mapping_unmap_writable(struct address_space *mapping)
{
	atomic_dec(&mapping->i_mmap_writable);
}

/* Deny them for ever: -EBUSY when there are some. */
static inline int mapping_deny_writable(struct address_space *mapping)
{
	return atomic_dec_unless_positive(&mapping->i_mmap_writable) ? 0 : -EBUSY;
}

/* ---- mm/page_wait.c ---------------------------------------------------------------------- */

void __lock_page(struct page *page);
void unlock_page(struct page *page);
void pagecache_init(void);

static inline bool trylock_page(struct page *page)
{
	return !TestSetPageLocked(page);
}

static inline void lock_page(struct page *page)
{
	if (!trylock_page(page))
		__lock_page(page);
}

/* ---- mm/truncate.c ----------------------------------------------------------------------- */

/* Drops all pages with bytes in [lstart, lend]; partial pages at the ends are zeroed there. lend
 * -1: all. */
void truncate_inode_pages_range(struct address_space *mapping, loff_t lstart, loff_t lend);
/* The inode goes away: nobody else can find its pages. */
void truncate_inode_pages_final(struct address_space *mapping);
/* The size has become newsize: takes pages beyond out of all mappings, then out of the cache. */
void truncate_pagecache(struct inode *inode, loff_t newsize);
/* The same for a hole [lstart, lend]. */
void truncate_pagecache_range(struct inode *inode, loff_t lstart, loff_t lend);

#endif
