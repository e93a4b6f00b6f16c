// SPDX-License-Identifier: MIT
/*
 * mm/filemap.c - the page cache: finding, adding, removing and writing pages of files.
 *
 * The index of a file (i_pages) holds one reference to each page. Who finds a page takes another
 * under i_pages_lock; a page in the index thus always has a reference, and one taken out of it
 * stays whole for those who found it before. They see by page->mapping, once they hold the page's
 * lock, that it is no longer part of the file.
 *
 * Locks: inode lock (writing) -> page lock -> i_pages_lock. Nothing is allocated with i_pages_lock
 * held that could sleep.
 */
#include <pagoda/kernel.h>
#include <pagoda/fs.h>
#include <pagoda/pagemap.h>
#include <pagoda/rwsem.h>
#include <pagoda/sched.h>
#include <pagoda/slab.h>
#include <pagoda/uio.h>
#include <pagoda/vmstat.h>
#include <asm/uaccess.h>

/* ---- The address space of a file --------------------------------------------------------- */

void address_space_init(struct address_space *mapping, struct inode *host)
{
	memset(mapping, 0, sizeof(*mapping));
	mapping->host = host;
	spin_lock_init_rank(&mapping->i_pages_lock, RANK_XARRAY);
	xa_init(&mapping->i_pages);
	init_rwsem_rank(&mapping->i_mmap_lock, RANK_I_MMAP);
	INIT_LIST_HEAD(&mapping->i_mmap);
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
static bool prime_index_nodes(void)
{
	void *node = xa_node_alloc(GFP_KERNEL);

	if (node)
		xa_node_free(node);
	return node;
}

int add_to_page_cache_locked(struct page *page, struct address_space *mapping, pgoff_t index)
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
	} while (err == -ENOMEM && tries-- && prime_index_nodes());
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

	VM_BUG_ON(!PageLocked(page));
	if (mapping->a_ops && mapping->a_ops->invalidate_page)
		mapping->a_ops->invalidate_page(page);
	spin_lock(&mapping->i_pages_lock);
	xa_erase(&mapping->i_pages, page->index);
	mapping->nrpages--;
	page->mapping = NULL;
	spin_unlock(&mapping->i_pages_lock);
	ClearPageDirty(page);
	count_cached_page(mapping, -1);
	put_page(page);
}

/* ---- Writing ----------------------------------------------------------------------------- */

/*
 * Copies up to bytes, all within one page, to pos. Returns how many, 0 to try again, or -errno.
 *
 * The page is locked while it is written, and the user's memory may be a mapping of that very page.
 * So the user's pages are touched first, and the copy runs with page faults off; if one of them has
 * gone away meanwhile, the copy is short and tried again.
 */
static ssize_t write_one_page(struct address_space *mapping, loff_t pos, size_t bytes,
			      struct iov_iter *from)
{
	struct page *page;
	size_t copied;
	int err;

	if (user_backed_iter(from) && fault_in_iov_iter_readable(from, bytes) == bytes)
		return -EFAULT;
	err = mapping->a_ops->write_begin(mapping, pos, bytes, &page);
	if (err)
		return err;
	pagefault_disable();
	copied = copy_page_from_iter(page, offset_in_page(pos), bytes, from);
	pagefault_enable();
	mapping->a_ops->write_end(mapping, pos, bytes, copied, page);
	return copied;
}

static ssize_t generic_perform_write(struct kiocb *iocb, struct iov_iter *from)
{
	ssize_t done = 0, ret = 0;

	while (iov_iter_count(from)) {
		size_t bytes = min_t(size_t, PAGE_SIZE - offset_in_page(iocb->ki_pos),
				     iov_iter_count(from));

		ret = write_one_page(iocb->ki_filp->f_mapping, iocb->ki_pos, bytes, from);
		if (ret < 0)
			break;
		iocb->ki_pos += ret;
		done += ret;
		cond_resched();
		if (fatal_signal_pending(current)) {
			ret = -EINTR;
			break;
		}
	}
	return done ? done : ret;
}

ssize_t generic_file_write_iter(struct kiocb *iocb, struct iov_iter *from)
{
	struct file *file = iocb->ki_filp;
	struct inode *inode = file->f_mapping->host;
	ssize_t ret;

	inode_lock(inode);
	ret = generic_write_checks(iocb, from);
	if (ret <= 0)
		goto out;
	ret = file_remove_privs(file);
	if (!ret)
		ret = file_update_time(file);
	if (!ret)
		ret = generic_perform_write(iocb, from);
out:
	inode_unlock(inode);
	return ret;
}
