// SPDX-License-Identifier: MIT
/*
 * tests/kernel/test_drop_caches.c - clean pages of a file system that can read them again.
 */
#include <pagoda/kernel.h>
#include <pagoda/err.h>
#include <pagoda/fs.h>
#include <pagoda/pagemap.h>
#include <pagoda/slab.h>
#include "ktest.h"

static int reads;

/* Page n is full of the byte n + 1. */
static int test_readpage(struct file *file, struct page *page)
{
	memset(page_address(page), (int)page->index + 1, PAGE_SIZE);
	reads++;
	SetPageUptodate(page);
	unlock_page(page);
	return 0;
}

static const struct address_space_operations test_aops = {.readpage = test_readpage};

static struct file_system_type test_type = {.name = "ktestfs", .kill_sb = kill_anon_super};

static struct page *read_one(struct inode *inode, pgoff_t index)
{
	struct page *page = read_mapping_page(inode->i_mapping, index, NULL);

	if (IS_ERR(page))
		return NULL;
	KTEST_EXPECT_EQ(*(char *)page_address(page), index + 1);
	return page;
}

/* Pages [0, 8) are there; 2 is dirty, 5 is held by somebody. */
static struct page *fill(struct inode *inode)
{
	struct page *held = NULL, *page;

	for (pgoff_t i = 0; i < 8; i++) {
		page = read_one(inode, i);
		if (page && i == 2)
			set_page_dirty(page);
		if (page && i == 5)
			held = page;
		else if (page)
			put_page(page);
	}
	return held;
}

KTEST(drop_caches_clean_pages)
{
	struct dentry *root = mount_pseudo(&test_type, 0x1234, NULL, NULL);
	struct page *held, *page;
	struct super_block *sb;
	struct inode *inode;

	KTEST_ASSERT(!IS_ERR(root));
	sb = root->d_sb;
	inode = new_inode(sb);
	KTEST_ASSERT(inode);
	inode->i_mapping->a_ops = &test_aops;
	reads = 0;
	held = fill(inode);
	KTEST_EXPECT_EQ(reads, 8);
	KTEST_EXPECT_EQ(drop_pagecache(ULONG_MAX), 6);
	KTEST_EXPECT_EQ(inode->i_mapping->nrpages, 2);
	if (held)
		put_page(held);
	KTEST_EXPECT(shrink_caches(GFP_KERNEL, ULONG_MAX) >= 1); /* the shrinker is registered */
	KTEST_EXPECT_EQ(inode->i_mapping->nrpages, 1);
	page = read_one(inode, 3);
	KTEST_EXPECT_EQ(reads, 9);
	if (page)
		put_page(page);
	iput(inode);
	dput(root);
	deactivate_super(sb);
}
