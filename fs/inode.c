// SPDX-License-Identifier: MIT
/*
 * fs/inode.c - inodes: birth, references, death, times, and who may write or execute them.
 *
 * An inode is freed with its last reference; names (dentries), open files (through their dentries)
 * and whoever works with it hold references. Its data goes then, in ->evict_inode().
 *
 * i_writecount tells writers from executors: positive, so many open files may write; negative, so
 * many mappings execute it, and writing is ETXTBSY.
 */
#include <pagoda/kernel.h>
#include <pagoda/fs.h>
#include <pagoda/fs_struct.h>
#include <pagoda/cred.h>
#include <pagoda/mount.h>
#include <pagoda/pipe.h>
#include <pagoda/poll.h>
#include <pagoda/slab.h>
#include <pagoda/sched.h>

static struct kmem_cache *inode_cachep;
static atomic_long_t nr_inodes;

void inode_init(void)
{
	inode_cachep = KMEM_CACHE(inode, SLAB_PANIC | SLAB_RECLAIM_ACCOUNT);
}

long get_nr_inodes(void)
{
	return atomic_long_read(&nr_inodes);
}

/* Numbers for file systems without any of their own; never 0. */
unsigned int get_next_ino(void)
{
	static atomic_t last_ino;
	unsigned int ino;

	do {
		ino = atomic_inc_return(&last_ino);
	} while (!ino);
	return ino;
}

static int no_open(struct inode *inode, struct file *file)
{
	return -ENXIO;
}

static const struct file_operations no_open_fops = {.open = no_open};
static const struct inode_operations empty_iops;

static void inode_init_always(struct super_block *sb, struct inode *inode)
{
	inode->i_mode = 0;
	inode->i_uid = 0;
	inode->i_gid = 0;
	inode->i_nlink = 1;
	inode->i_size = 0;
	inode->i_atime = inode->i_mtime = inode->i_ctime = inode->i_btime =
		(struct timespec64){0, 0};
	inode->i_ino = 0;
	inode->i_rdev = 0;
	inode->i_flags = 0;
	inode->i_blkbits = sb->s_blocksize_bits;
	inode->i_blocks = 0;
	inode->i_op = &empty_iops;
	inode->i_fop = &no_open_fops;
	inode->i_sb = sb;
	inode->i_mapping = &inode->i_data;
	address_space_init(&inode->i_data, inode);
	atomic_set(&inode->i_count, 1);
	atomic_set(&inode->i_writecount, 0);
	spin_lock_init(&inode->i_lock);
	init_rwsem_rank(&inode->i_rwsem, RANK_INODE);
	inode->i_state = 0;
	INIT_LIST_HEAD(&inode->i_sb_list);
	INIT_HLIST_HEAD(&inode->i_dentry);
	inode->i_flctx = NULL;
	inode->i_pipe = NULL;
	inode->i_private = NULL;
}

/* One reference; in no list. NULL without memory. */
struct inode *new_inode_pseudo(struct super_block *sb)
{
	struct inode *inode;

	if (sb->s_op && sb->s_op->alloc_inode)
		inode = sb->s_op->alloc_inode(sb);
	else
		inode = kmem_cache_alloc(inode_cachep, GFP_KERNEL);
	if (!inode)
		return NULL;
	inode_init_always(sb, inode);
	atomic_long_inc(&nr_inodes);
	return inode;
}

/* The same, in the super block's list. */
struct inode *new_inode(struct super_block *sb)
{
	struct inode *inode = new_inode_pseudo(sb);

	if (inode) {
		spin_lock(&sb->s_inode_list_lock);
		list_add(&inode->i_sb_list, &sb->s_inodes);
		spin_unlock(&sb->s_inode_list_lock);
	}
	return inode;
}

/*
 * The mode that a program asked for, as a new file in dir gets it. A program of a group that its maker
 * is not in loses its set-group-id bit, and before the umask can hide that it was a program's.
 */
umode_t vfs_prepare_mode(const struct inode *dir, umode_t mode)
{
	if ((mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP) && !S_ISDIR(mode) &&
	    (dir->i_mode & S_ISGID) && !in_group_p(dir->i_gid) && !capable(CAP_FSETID))
		mode &= ~S_ISGID;
	return mode & ~current_umask();
}

/* Owner and mode of a new inode in dir; the set-group-id bit of a directory is inherited. */
void inode_init_owner(struct inode *inode, const struct inode *dir, umode_t mode)
{
	inode->i_uid = current_fsuid();
	inode->i_gid = current_fsgid();
	if (dir && (dir->i_mode & S_ISGID)) {
		inode->i_gid = dir->i_gid;
		if (S_ISDIR(mode))
			mode |= S_ISGID;
	}
	inode->i_mode = mode;
}

/* A device node, FIFO or socket: opening it leads elsewhere than to its file system. */
void init_special_inode(struct inode *inode, umode_t mode, dev_t rdev)
{
	inode->i_mode = mode;
	if (S_ISCHR(mode)) {
		inode->i_fop = &def_chr_fops;
		inode->i_rdev = rdev;
	} else if (S_ISBLK(mode)) {
		inode->i_fop = &def_blk_fops;
		inode->i_rdev = rdev;
	} else if (S_ISFIFO(mode)) {
		inode->i_fop = &pipefifo_fops;
	}
}

/* ---- references -------------------------------------------------------------------------- */

void ihold(struct inode *inode)
{
	atomic_inc(&inode->i_count);
}

/* The last step of ->evict_inode(): no pages are left. */
void clear_inode(struct inode *inode)
{
	WARN_ON(inode->i_data.nrpages);
	inode->i_state = I_FREEING | I_CLEAR;
}

static void evict(struct inode *inode)
{
	struct super_block *sb = inode->i_sb;

	inode->i_state |= I_FREEING;
	if (!list_empty(&inode->i_sb_list)) {
		spin_lock(&sb->s_inode_list_lock);
		list_del_init(&inode->i_sb_list);
		spin_unlock(&sb->s_inode_list_lock);
	}
	if (sb->s_op && sb->s_op->evict_inode) {
		sb->s_op->evict_inode(inode);
	} else {
		if (inode->i_data.nrpages)
			truncate_inode_pages_final(&inode->i_data);
		clear_inode(inode);
	}
	if (inode->i_flctx)
		locks_free_lock_context(inode);
	atomic_long_dec(&nr_inodes);
	if (sb->s_op && sb->s_op->free_inode)
		sb->s_op->free_inode(inode);
	else
		kmem_cache_free(inode_cachep, inode);
}

void iput(struct inode *inode)
{
	if (inode && atomic_dec_and_test(&inode->i_count)) {
		might_sleep();
		evict(inode);
	}
}

/* ---- link counts: the inode's i_rwsem is held -------------------------------------------- */

void clear_nlink(struct inode *inode)
{
	inode->i_nlink = 0;
}

void set_nlink(struct inode *inode, unsigned int nlink)
{
	inode->i_nlink = nlink;
}

void inc_nlink(struct inode *inode)
{
	inode->i_nlink++;
}

void drop_nlink(struct inode *inode)
{
	WARN_ON(inode->i_nlink == 0);
	inode->i_nlink--;
}

/* ---- times ------------------------------------------------------------------------------- */

struct timespec64 current_time(struct inode *inode)
{
	return ns_to_timespec64(ktime_get_real());
}

/* True when a is not later than b. */
static bool not_after(const struct timespec64 *a, const struct timespec64 *b)
{
	return a->tv_sec < b->tv_sec || (a->tv_sec == b->tv_sec && a->tv_nsec <= b->tv_nsec);
}

/* relatime: once after each change, and once a day. */
static bool relatime_need_update(struct inode *inode)
{
	if (not_after(&inode->i_atime, &inode->i_mtime) ||
	    not_after(&inode->i_atime, &inode->i_ctime))
		return true;
	return ktime_get_real_seconds() - inode->i_atime.tv_sec >= 24 * 60 * 60;
}

void touch_atime(const struct path *path)
{
	struct inode *inode = path->dentry->d_inode;
	int flags = path->mnt->mnt_flags;

	if ((inode->i_flags & S_NOATIME) || (flags & (MNT_NOATIME | MNT_READONLY)) ||
	    (inode->i_sb->s_flags & (SB_NOATIME | SB_RDONLY)))
		return;
	if ((flags & MNT_NODIRATIME) && S_ISDIR(inode->i_mode))
		return;
	if ((flags & MNT_RELATIME) && !relatime_need_update(inode))
		return;
	inode->i_atime = current_time(inode);
}

void file_accessed(struct file *file)
{
	if (!(file->f_flags & O_NOATIME))
		touch_atime(&file->f_path);
}

int file_update_time(struct file *file)
{
	struct inode *inode = file_inode(file);

	inode->i_mtime = inode->i_ctime = current_time(inode);
	return 0;
}

static int remove_privs(struct file *file, umode_t mode)
{
	struct iattr attr = {.ia_valid = ATTR_FORCE};

	if (mode & S_ISUID)
		attr.ia_valid |= ATTR_KILL_SUID;
	if ((mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP))
		attr.ia_valid |= ATTR_KILL_SGID;
	if (attr.ia_valid == ATTR_FORCE || capable(CAP_FSETID))
		return 0;
	return notify_change(file_dentry(file), &attr);
}

/* Someone without privilege writes: set-user-id and set-group-id go. i_rwsem is held. */
int file_remove_privs(struct file *file)
{
	umode_t mode = file_inode(file)->i_mode;

	if (likely(!(mode & (S_ISUID | S_ISGID))) || !S_ISREG(mode))
		return 0;
	return remove_privs(file, mode);
}

/* ---- writers against executors ----------------------------------------------------------- */

int get_write_access(struct inode *inode)
{
	return atomic_inc_unless_negative(&inode->i_writecount) ? 0 : -ETXTBSY;
}

void put_write_access(struct inode *inode)
{
	atomic_dec(&inode->i_writecount);
}

int deny_write_access(struct file *file)
{
	return atomic_dec_unless_positive(&file_inode(file)->i_writecount) ? 0 : -ETXTBSY;
}

void allow_write_access(struct file *file)
{
	if (file)
		atomic_inc(&file_inode(file)->i_writecount);
}
