// SPDX-License-Identifier: MIT
/*
 * fs/drop_caches.c - gives up pages of files that can be read again.
 *
 * A page may go when it is clean, not locked, and nobody but the page cache has it. Pages of tmpfs
 * and other memory objects are the only copy of their data and stay.
 *
 * Locks: sb_lock, without waiting for it: who asks for memory may hold it. A reference keeps an inode
 * in its list while the list's lock is dropped.
 */
#include <pagoda/fs.h>
#include <pagoda/init.h>
#include <pagoda/kernel.h>
#include <pagoda/pagemap.h>
#include <pagoda/vmstat.h>

struct drop {
	unsigned long wanted, dropped;
};

static void drop_pagecache_sb(struct super_block *sb, void *arg)
{
	struct inode *inode, *held = NULL;
	struct drop *drop = arg;

	spin_lock(&sb->s_inode_list_lock);
	list_for_each_entry (inode, &sb->s_inodes, i_sb_list) {
		if (drop->dropped >= drop->wanted)
			break;
		if (!inode->i_data.nrpages || inode->i_data.flags & (1UL << AS_SHMEM) ||
		    !atomic_inc_not_zero(&inode->i_count))
			continue;
		spin_unlock(&sb->s_inode_list_lock);
		drop->dropped += invalidate_mapping_pages(&inode->i_data, 0, ULONG_MAX);
		iput(held);
		held = inode;
		spin_lock(&sb->s_inode_list_lock);
	}
	spin_unlock(&sb->s_inode_list_lock);
	iput(held);
}

unsigned long drop_pagecache(unsigned long nr)
{
	struct drop drop = {.wanted = nr};

	iterate_supers(drop_pagecache_sb, &drop);
	return drop.dropped;
}

static unsigned long count_pages(struct shrinker *shrinker)
{
	unsigned long pages = vm_stat_sum(NR_FILE_PAGES);

	return pages - min(pages, vm_stat_sum(NR_SHMEM) + vm_stat_sum(NR_FILE_DIRTY));
}

static unsigned long scan_pages(struct shrinker *shrinker, unsigned long nr, gfp_t gfp)
{
	return drop_pagecache(nr);
}

static struct shrinker pagecache_shrinker = {
	.name = "page cache",
	.count = count_pages,
	.scan = scan_pages,
};

void __init drop_caches_init(void)
{
	register_shrinker(&pagecache_shrinker);
}
