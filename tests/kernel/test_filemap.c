// SPDX-License-Identifier: MIT
/*
 * tests/kernel/test_filemap.c - the page cache and shmem, without user memory.
 */
#include <pagoda/kernel.h>
#include <pagoda/fs.h>
#include <pagoda/kthread.h>
#include <pagoda/pagemap.h>
#include <pagoda/sched.h>
#include <pagoda/shmem.h>
#include <pagoda/slab.h>
#include <uapi/falloc.h>
#include "ktest.h"

/* A new page of @mapping, locked, with a reference. */
static struct page *new_page_at(struct address_space *mapping, pgoff_t index)
{
	struct page *page = alloc_page(GFP_KERNEL);

	if (page) {
		KTEST_EXPECT(trylock_page(page));
		KTEST_EXPECT_EQ(add_to_page_cache_locked(page, mapping, index), 0);
	}
	return page;
}

KTEST(filemap_add_find_delete)
{
	struct address_space mapping;
	struct page *page, *found;
	pgoff_t index;

	address_space_init(&mapping, NULL);
	for (index = 0; index < 200; index += 3) {
		page = new_page_at(&mapping, index);
		KTEST_ASSERT(page);
		KTEST_EXPECT(PageLocked(page) && page->index == index);
		unlock_page(page);
		put_page(page);
	}
	KTEST_EXPECT_EQ(mapping.nrpages, 67);
	KTEST_EXPECT(!find_get_page(&mapping, 1));
	found = find_get_page(&mapping, 6);
	KTEST_ASSERT(found);
	KTEST_EXPECT_EQ(page_count(found), 2);
	put_page(found);
	KTEST_EXPECT_EQ(page_cache_next_data(&mapping, 1, 200), 3);
	KTEST_EXPECT_EQ(page_cache_next_hole(&mapping, 3, 200), 4);
	KTEST_EXPECT_EQ(page_cache_next_data(&mapping, 199, 1000), 1000);
	truncate_inode_pages_range(&mapping, 100 * PAGE_SIZE, -1);
	KTEST_EXPECT_EQ(mapping.nrpages, 34);
	truncate_inode_pages_final(&mapping);
	KTEST_EXPECT_EQ(mapping.nrpages, 0);
}

KTEST(filemap_add_twice)
{
	struct address_space mapping;
	struct page *page, *other;

	address_space_init(&mapping, NULL);
	page = new_page_at(&mapping, 5);
	other = alloc_page(GFP_KERNEL);
	KTEST_ASSERT(page && other);
	KTEST_EXPECT(trylock_page(other));
	KTEST_EXPECT_EQ(add_to_page_cache_locked(other, &mapping, 5), -EEXIST);
	KTEST_EXPECT_EQ(page_count(other), 1);
	unlock_page(other);
	put_page(other);
	delete_from_page_cache(page);
	unlock_page(page);
	KTEST_EXPECT_EQ(page_count(page), 1);
	put_page(page);
}

KTEST(filemap_truncate_partial)
{
	struct address_space mapping;
	struct page *page;
	u8 *data;

	address_space_init(&mapping, NULL);
	page = new_page_at(&mapping, 0);
	KTEST_ASSERT(page);
	data = page_address(page);
	memset(data, 1, PAGE_SIZE);
	unlock_page(page);
	truncate_inode_pages_range(&mapping, 10, 19);
	KTEST_EXPECT(data[9] == 1 && data[10] == 0 && data[19] == 0 && data[20] == 1);
	truncate_inode_pages_range(&mapping, 0, 4);
	KTEST_EXPECT(data[0] == 0 && data[4] == 0 && data[5] == 1);
	truncate_inode_pages_range(&mapping, 100, -1);
	KTEST_EXPECT(data[99] == 1 && data[100] == 0 && data[PAGE_SIZE - 1] == 0);
	KTEST_EXPECT_EQ(mapping.nrpages, 1);
	truncate_inode_pages_range(&mapping, 0, PAGE_SIZE - 1);
	KTEST_EXPECT_EQ(mapping.nrpages, 0);
	KTEST_EXPECT_EQ(page_count(page), 1);
	put_page(page);
}

static int lock_and_unlock(void *arg)
{
	struct page *page = arg;

	lock_page(page);
	page->private ++;
	unlock_page(page);
	return 0;
}

/* Sleepers for a page's lock get it one after the other. */
KTEST(filemap_lock_page_waits)
{
	struct page *page = alloc_page(GFP_KERNEL);
	int i, tries;

	KTEST_ASSERT(page);
	page->private = 0;
	lock_page(page);
	for (i = 0; i < 3; i++)
		KTEST_EXPECT(!IS_ERR(kthread_run(lock_and_unlock, page, "ktest")));
	schedule_timeout_uninterruptible(20 * NSEC_PER_MSEC);
	KTEST_EXPECT_EQ(page->private, 0);
	unlock_page(page);
	for (tries = 0; tries < 100 && READ_ONCE(page->private) < 3; tries++)
		schedule_timeout_uninterruptible(NSEC_PER_MSEC);
	lock_page(page);
	KTEST_EXPECT_EQ(page->private, 3);
	unlock_page(page);
	KTEST_EXPECT(!PageWaiters(page));
	put_page(page);
}

KTEST(shmem_write_read)
{
	struct file *file = shmem_file_setup("ktest", 0, 0);
	char buf[8] = "";
	loff_t pos = PAGE_SIZE - 3;

	KTEST_ASSERT(!IS_ERR(file));
	KTEST_EXPECT_EQ(kernel_write(file, "abcdef", 6, &pos), 6);
	KTEST_EXPECT_EQ(file_inode(file)->i_size, PAGE_SIZE + 3);
	KTEST_EXPECT_EQ(file_inode(file)->i_blocks, 16);
	pos = PAGE_SIZE - 3;
	KTEST_EXPECT_EQ(kernel_read(file, buf, 8, &pos), 6);
	KTEST_EXPECT(!memcmp(buf, "abcdef", 6));
	pos = 0;
	KTEST_EXPECT_EQ(kernel_read(file, buf, 8, &pos), 8);
	KTEST_EXPECT(!memcmp(buf, "\0\0\0\0\0\0\0\0", 8));
	fput(file);
}

/* A hole is read without being filled. */
KTEST(shmem_holes)
{
	struct file *file = shmem_file_setup("ktest", 64 * PAGE_SIZE, 0);
	struct inode *inode;
	struct page *page;
	loff_t pos = 0;
	char c = 1;

	KTEST_ASSERT(!IS_ERR(file));
	inode = file_inode(file);
	KTEST_EXPECT_EQ(kernel_read(file, &c, 1, &pos), 1);
	KTEST_EXPECT_EQ(c, 0);
	KTEST_EXPECT_EQ(inode->i_blocks, 0);
	KTEST_EXPECT_EQ(shmem_getpage(inode, 3, &page, SGP_READ), 0);
	KTEST_EXPECT(!page);
	KTEST_EXPECT_EQ(shmem_getpage(inode, 64, &page, SGP_CACHE), -EINVAL);
	KTEST_EXPECT_EQ(shmem_getpage(inode, 3, &page, SGP_CACHE), 0);
	KTEST_ASSERT(page);
	KTEST_EXPECT(PageUptodate(page) && PageSwapBacked(page));
	unlock_page(page);
	put_page(page);
	KTEST_EXPECT_EQ(shmem_getpage(inode, 5, &page, SGP_FALLOC), 0);
	KTEST_ASSERT(page);
	KTEST_EXPECT(!PageUptodate(page)); /* not to be mapped: fallocate may take it back */
	delete_from_page_cache(page);
	unlock_page(page);
	put_page(page);
	KTEST_EXPECT_EQ(vfs_llseek(file, 0, SEEK_DATA), 3 * PAGE_SIZE);
	KTEST_EXPECT_EQ(vfs_llseek(file, 3 * PAGE_SIZE, SEEK_HOLE), 4 * PAGE_SIZE);
	KTEST_EXPECT_EQ(shmem_fallocate(file, 0, 0, 8 * PAGE_SIZE), 0);
	KTEST_EXPECT_EQ(inode->i_blocks, 64);
	KTEST_EXPECT_EQ(shmem_fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
					2 * PAGE_SIZE, 2 * PAGE_SIZE),
			0);
	KTEST_EXPECT_EQ(inode->i_blocks, 48);
	KTEST_EXPECT_EQ(shmem_setsize(inode, PAGE_SIZE + 1), 0);
	KTEST_EXPECT_EQ(inode->i_blocks, 16);
	fput(file);
}

KTEST(shmem_out_of_memory_unwinds)
{
	int n, failures = 0;

	for (n = 1; n < 12; n++) {
		struct file *file;
		struct page *page;

		fail_alloc_set(n);
		file = shmem_file_setup("ktest", 1UL << 30, 0);
		if (IS_ERR(file)) {
			fail_alloc_set(0);
			failures++;
			continue;
		}
		if (!shmem_getpage(file_inode(file), 100000, &page, SGP_CACHE)) {
			unlock_page(page);
			put_page(page);
		}
		fail_alloc_set(0);
		fput(file);
	}
	KTEST_EXPECT(failures > 1);
}

KTEST(shmem_seals)
{
	struct file *file = shmem_file_setup("ktest", PAGE_SIZE, 0);
	struct inode *inode;
	loff_t pos = 0;

	KTEST_ASSERT(!IS_ERR(file));
	inode = file_inode(file);
	KTEST_EXPECT_EQ(shmem_get_seals(file), F_SEAL_SEAL);
	KTEST_EXPECT_EQ(shmem_add_seals(file, F_SEAL_GROW), -EPERM);
	SHMEM_I(inode)->seals = 0;
	KTEST_EXPECT_EQ(shmem_add_seals(file, F_SEAL_GROW | F_SEAL_SHRINK), 0);
	KTEST_EXPECT_EQ(shmem_setsize(inode, 0), -EPERM);
	KTEST_EXPECT_EQ(shmem_setsize(inode, 2 * PAGE_SIZE), -EPERM);
	KTEST_EXPECT_EQ(kernel_write(file, "x", 1, &pos), 1);
	KTEST_EXPECT_EQ(mapping_map_writable(file->f_mapping), 0);
	KTEST_EXPECT_EQ(shmem_add_seals(file, F_SEAL_WRITE), -EBUSY);
	mapping_unmap_writable(file->f_mapping);
	KTEST_EXPECT_EQ(shmem_add_seals(file, F_SEAL_WRITE), 0);
	KTEST_EXPECT_EQ(mapping_map_writable(file->f_mapping), -EPERM);
	KTEST_EXPECT_EQ(kernel_write(file, "x", 1, &pos), -EPERM);
	fput(file);
}
