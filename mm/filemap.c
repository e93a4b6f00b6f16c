// SPDX-License-Identifier: MIT
/*
 * mm/filemap.c - the page cache: finding, adding and removing pages of files.
 *
 * The index of a file (i_pages) holds one reference to each page. Who finds a page takes another
 * under i_pages_lock; a page in the index thus always has a reference, and one taken out of it
 * stays whole for those who found it before. They see by page->mapping, once they hold the page's
 * lock, that it is no longer part of the file.
 *
 * Locks: page lock -> i_pages_lock. Nothing is allocated with i_pages_lock held that could sleep.
 */
#include <pagoda/kernel.h>
#include <pagoda/pagemap.h>
#include <pagoda/rwsem.h>
#include <pagoda/slab.h>
#include <pagoda/vmstat.h>

/* ---- The address space of a file --------------------------------------------------------- */

void address_space_init_once(struct address_space *mapping)
{
	memset(mapping, 0, sizeof(*mapping));
	spin_lock_init_rank(&mapping->i_pages_lock, RANK_XARRAY);
	xa_init(&mapping->i_pages);
	init_rwsem_rank(&mapping->i_mmap_lock, RANK_I_MMAP);
	INIT_LIST_HEAD(&mapping->i_mmap);
}

void address_space_init(struct address_space *mapping, struct inode *host,
			const struct address_space_operations *a_ops)
{
	address_space_init_once(mapping);
	mapping->host = host;
	mapping->a_ops = a_ops;
}

/* ---- Finding ----------------------------------------------------------------------------- */

struct page *find_get_page(struct address_space *mapping, pgoff_t index)
{
	struct page *page;

	spin_lock(&mapping->i_pages_lock);
	page = xa_load(&mapping->i_pages, index);
	if (page)
		get_page(page);
	spin_unlock(&mapping->i_pages_lock);
	return page;
}

struct page *find_lock_page(struct address_space *mapping, pgoff_t index)
{
	struct page *page;

	while ((page = find_get_page(mapping, index))) {
		lock_page(page);
		if (likely(page->mapping == mapping))
			break;
		/* Truncated while we slept. */
		unlock_page(page);
		put_page(page);
	}
	return page;
}

unsigned int find_get_pages_range(struct address_space *mapping, pgoff_t *index, pgoff_t end,
				  unsigned int nr, struct page **pages)
{
	unsigned int i, found = 0;

	if (*index > end)
		return 0;
	spin_lock(&mapping->i_pages_lock);
	found = xa_extract(&mapping->i_pages, (void **)pages, *index, end, nr, XA_PRESENT);
	for (i = 0; i < found; i++)
		get_page(pages[i]);
	if (found)
		*index = pages[found - 1]->index + 1;
	spin_unlock(&mapping->i_pages_lock);
	return found;
}

pgoff_t page_cache_next_data(struct address_space *mapping, pgoff_t index, pgoff_t end)
{
	bool found;

	if (index >= end)
		return end;
	spin_lock(&mapping->i_pages_lock);
	found = xa_find(&mapping->i_pages, &index, end - 1, XA_PRESENT);
	spin_unlock(&mapping->i_pages_lock);
	return found ? index : end;
}

pgoff_t page_cache_next_hole(struct address_space *mapping, pgoff_t index, pgoff_t end)
{
	spin_lock(&mapping->i_pages_lock);
	while (index < end && xa_load(&mapping->i_pages, index))
		index++;
	spin_unlock(&mapping->i_pages_lock);
	return index;
}

/* ---- Adding and removing ----------------------------------------------------------------- */

static void count_cached_page(struct address_space *mapping, int nr)
{
	mod_vm_stat(NR_FILE_PAGES, nr);
	if (mapping->flags & (1UL << AS_SHMEM))
		mod_vm_stat(NR_SHMEM, nr);
}

/* One attempt; -ENOMEM when the index needs nodes that cannot be had without sleeping. */
static int insert_page(struct page *page, struct address_space *mapping, pgoff_t index)
{
	int err;

	spin_lock(&mapping->i_pages_lock);
	err = xa_insert(&mapping->i_pages, index, page, GFP_NOWAIT | __GFP_NOWARN);
	if (!err)
		mapping->nrpages++;
	spin_unlock(&mapping->i_pages_lock);
	return err;
}

/* Makes a node with reclaim, if need be, and leaves it ready on this CPU for the next attempt. */
static bool prime_index_nodes(gfp_t gfp)
{
	void *node = gfpflags_allow_blocking(gfp) ? xa_node_alloc(gfp) : NULL;

	if (node)
		xa_node_free(node);
	return node;
}

int add_to_page_cache_locked(struct page *page, struct address_space *mapping, pgoff_t index,
			     gfp_t gfp)
{
	int err, tries = 8;

	VM_BUG_ON(!PageLocked(page));
	get_page(page);
	page->mapping = mapping;
	page->index = index;
	if (mapping->flags & (1UL << AS_SHMEM))
		SetPageSwapBacked(page);
	do {
		err = insert_page(page, mapping, index);
	} while (err == -ENOMEM && tries-- && prime_index_nodes(gfp));
	if (err) {
		page->mapping = NULL;
		ClearPageSwapBacked(page);
		put_page(page);
		return err == -EBUSY ? -EEXIST : err;
	}
	count_cached_page(mapping, 1);
	return 0;
}

void delete_from_page_cache(struct page *page)
{
	struct address_space *mapping = page->mapping;

	VM_BUG_ON(!PageLocked(page) || !mapping);
	spin_lock(&mapping->i_pages_lock);
	xa_erase(&mapping->i_pages, page->index);
	mapping->nrpages--;
	page->mapping = NULL;
	spin_unlock(&mapping->i_pages_lock);
	if (TestClearPageDirty(page) && !(mapping->flags & (1UL << AS_SHMEM)))
		dec_vm_stat(NR_FILE_DIRTY);
	count_cached_page(mapping, -1);
	put_page(page);
}

struct page *find_or_create_page(struct address_space *mapping, pgoff_t index, gfp_t gfp)
{
	struct page *page;
	int err;

	do {
		page = find_lock_page(mapping, index);
		if (page)
			return page;
		page = alloc_page(gfp);
		if (!page)
			return NULL;
		__SetPageLocked(page);
		err = add_to_page_cache_locked(page, mapping, index, gfp);
		if (!err)
			return page;
		__ClearPageLocked(page);
		put_page(page);
	} while (err == -EEXIST);
	return NULL;
}

bool set_page_dirty(struct page *page)
{
	struct address_space *mapping = page->mapping;

	if (mapping && mapping->a_ops && mapping->a_ops->dirty_page)
		return mapping->a_ops->dirty_page(mapping, page);
	if (PageDirty(page) || TestSetPageDirty(page))
		return false;
	if (mapping && !(mapping->flags & (1UL << AS_SHMEM)))
		inc_vm_stat(NR_FILE_DIRTY);
	return true;
}

/* ---- Reading ----------------------------------------------------------------------------- */

struct page *read_mapping_page(struct address_space *mapping, pgoff_t index, struct file *file)
{
	struct page *page = find_get_page(mapping, index);
	int err;

	if (!page || !PageUptodate(page)) {
		if (page)
			put_page(page);
		page = find_or_create_page(mapping, index, GFP_HIGHUSER);
		if (!page)
			return ERR_PTR(-ENOMEM);
		if (PageUptodate(page)) {
			unlock_page(page);
			return page;
		}
		err = mapping->a_ops->readpage(file, page);
		if (!err)
			wait_on_page_locked(page);
		if (err || !PageUptodate(page)) {
			put_page(page);
			return ERR_PTR(err ? err : -EIO);
		}
	}
	return page;
}
