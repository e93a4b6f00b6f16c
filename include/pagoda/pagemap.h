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
#include <pagoda/gfp.h>
#include <pagoda/xarray.h>

struct address_space;
struct file;
struct inode;
struct iov_iter;
struct kiocb;
struct writeback_control;

struct address_space_operations {
	/* Fill a locked page; sets it uptodate and unlocks it, now or when the data has come. */
	int (*readpage)(struct file *file, struct page *page);
	/* Write a locked dirty page; unlocks it. */
	int (*writepage)(struct page *page, struct writeback_control *wbc);
	/* The page became dirty; true if it was clean. NULL: only the flag is set. */
	bool (*dirty_page)(struct address_space *mapping, struct page *page);
	/*
	 * Before and after bytes [pos, pos + len) of one page are written: begin returns it locked
	 * with a reference, its bytes outside the range valid; end unlocks and drops it, updates
	 * the inode's size, and returns how many bytes count as written, or -errno.
	 */
	int (*write_begin)(struct file *file, struct address_space *mapping, loff_t pos,
			   unsigned int len, struct page **pagep);
	int (*write_end)(struct file *file, struct address_space *mapping, loff_t pos,
			 unsigned int len, unsigned int copied, struct page *page);
	/* A locked page leaves the cache for ever (truncation). */
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
	void *private_data;
};

#define AS_EIO	       0 /* write-back failed; fsync reports it once */
#define AS_ENOSPC      1
#define AS_SHMEM       2 /* pages count as shmem */
#define AS_UNEVICTABLE 3

/* ---- mm/filemap.c ------------------------------------------------------------------------ */

void address_space_init_once(struct address_space *mapping);
void address_space_init(struct address_space *mapping, struct inode *host,
			const struct address_space_operations *a_ops);

/* A page with a reference, or NULL. */
struct page *find_get_page(struct address_space *mapping, pgoff_t index);
/* The same, locked, and still in the mapping. */
struct page *find_lock_page(struct address_space *mapping, pgoff_t index);
/* Makes it (locked, not uptodate) when it is not there; NULL when there is no memory. */
struct page *find_or_create_page(struct address_space *mapping, pgoff_t index, gfp_t gfp);
#define grab_cache_page(mapping, index) find_or_create_page((mapping), (index), GFP_HIGHUSER)
/* Up to nr pages from *index on, each with a reference; *index moves past the last. */
unsigned int find_get_pages_range(struct address_space *mapping, pgoff_t *index, pgoff_t end,
				  unsigned int nr, struct page **pages);
/* Uptodate, not locked, with a reference; reads it. ERR_PTR(-errno). */
struct page *read_mapping_page(struct address_space *mapping, pgoff_t index, struct file *file);

/* page: locked by the caller, takes a reference. 0, -EEXIST, -ENOMEM. */
int add_to_page_cache_locked(struct page *page, struct address_space *mapping, pgoff_t index,
			     gfp_t gfp);
/* page: locked, in the cache; drops the cache's reference. */
void delete_from_page_cache(struct page *page);
/* True if the page was clean. */
bool set_page_dirty(struct page *page);

/* First offset in [index, end) with a page (with none); end if there is none. For SEEK_DATA and
 * SEEK_HOLE. */
pgoff_t page_cache_next_data(struct address_space *mapping, pgoff_t index, pgoff_t end);
pgoff_t page_cache_next_hole(struct address_space *mapping, pgoff_t index, pgoff_t end);

/* ---- mm/page_wait.c ---------------------------------------------------------------------- */

void __lock_page(struct page *page);
int __lock_page_killable(struct page *page);
void unlock_page(struct page *page);
void wait_on_page_locked(struct page *page);
void wait_on_page_writeback(struct page *page);
void end_page_writeback(struct page *page);
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

/* 0, or -EINTR when a fatal signal came first. */
static inline int lock_page_killable(struct page *page)
{
	return trylock_page(page) ? 0 : __lock_page_killable(page);
}

/* ---- mm/file_rw.c ------------------------------------------------------------------------ */

/*
 * read() and write() of files that live in the page cache. Both advance ki_pos; bytes done, or
 * -errno if none were. generic_perform_write: the inode's lock is held, limits are checked;
 * generic_file_write_iter takes the lock, checks, and updates times.
 */
ssize_t generic_file_read_iter(struct kiocb *iocb, struct iov_iter *to);
ssize_t generic_perform_write(struct kiocb *iocb, struct iov_iter *from);
ssize_t generic_file_write_iter(struct kiocb *iocb, struct iov_iter *from);

/* ---- mm/file_mmap.c ---------------------------------------------------------------------- */

extern const struct vm_operations_struct generic_file_vm_ops;
vm_fault_t filemap_fault(struct vm_fault *vmf);
vm_fault_t filemap_page_mkwrite(struct vm_fault *vmf);
int generic_file_mmap(struct file *file, struct vm_area_struct *vma);

/* For mappings that may write to a shared object: -EPERM when it is denied (sealed), else 0. */
int mapping_map_writable(struct address_space *mapping);
void mapping_unmap_writable(struct address_space *mapping);
/* Deny them: -EBUSY when there are some. */
int mapping_deny_writable(struct address_space *mapping);
void mapping_allow_writable(struct address_space *mapping);

/* ---- mm/truncate.c ----------------------------------------------------------------------- */

/* Drops all pages with bytes in [lstart, lend]; partial pages at the ends are zeroed there. lend
 * -1: all. */
void truncate_inode_pages_range(struct address_space *mapping, loff_t lstart, loff_t lend);
void truncate_inode_pages(struct address_space *mapping, loff_t lstart);
/* The inode goes away: nobody else can find its pages. */
void truncate_inode_pages_final(struct address_space *mapping);
/* The size has become newsize: takes pages beyond out of all mappings, then out of the cache. */
void truncate_pagecache(struct inode *inode, loff_t newsize);
/* The same for a hole [lstart, lend]. */
void truncate_pagecache_range(struct inode *inode, loff_t lstart, loff_t lend);
/* Drops clean, unused pages of [start, end]; returns how many. */
unsigned long invalidate_mapping_pages(struct address_space *mapping, pgoff_t start, pgoff_t end);

#endif
