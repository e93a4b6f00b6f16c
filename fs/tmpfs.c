// SPDX-License-Identifier: MIT
/*
 * fs/tmpfs.c - the names half of tmpfs: directories, links, nodes, limits.
 *
 * Names live in the dcache (fs/libfs.c), data in the page cache (mm/shmem.c). Inodes are counted
 * against the nr_inodes option, pages against size. The root of everything is one of these, and so
 * is the place without names (shm_mnt) where memfds and shared anonymous memory are.
 *
 * Locks: the inodes' i_rwsem as the VFS takes them; shmem_sb_info.stat_lock for the counts.
 */
#include <pagoda/kernel.h>
#include <pagoda/cred.h>
#include <pagoda/fs.h>
#include <pagoda/mount.h>
#include <pagoda/namei.h>
#include <pagoda/panic.h>
#include <pagoda/seq_file.h>
#include <pagoda/shmem.h>
#include <pagoda/slab.h>
#include <pagoda/stat.h>
#include <pagoda/statfs.h>
#include "internal.h"

/* What a name adds to the size of its directory: Linux's figure. */
#define BOGO_DIRENT_SIZE 20

struct vfsmount *shm_mnt;

static struct kmem_cache *shmem_inode_cachep;
static const struct inode_operations tmpfs_dir_inode_operations;
static const struct inode_operations tmpfs_inode_operations;
static const struct inode_operations tmpfs_symlink_inode_operations;

/* ---- inodes ------------------------------------------------------------------------------ */

static struct inode *tmpfs_alloc_inode(struct super_block *sb)
{
	struct shmem_inode_info *info = kmem_cache_alloc(shmem_inode_cachep, GFP_KERNEL);

	return info ? &info->vfs_inode : NULL;
}

static void tmpfs_free_inode(struct inode *inode)
{
	if (S_ISLNK(inode->i_mode))
		kfree(inode->i_link);
	kmem_cache_free(shmem_inode_cachep, SHMEM_I(inode));
}

static int reserve_inode(struct super_block *sb)
{
	struct shmem_sb_info *sbinfo = SHMEM_SB(sb);
	int error = 0;

	if (!sbinfo->max_inodes)
		return 0;
	spin_lock(&sbinfo->stat_lock);
	if (sbinfo->free_inodes)
		sbinfo->free_inodes--;
	else
		error = -ENOSPC;
	spin_unlock(&sbinfo->stat_lock);
	return error;
}

static void release_inode(struct super_block *sb)
{
	struct shmem_sb_info *sbinfo = SHMEM_SB(sb);

	if (!sbinfo->max_inodes)
		return;
	spin_lock(&sbinfo->stat_lock);
	sbinfo->free_inodes++;
	spin_unlock(&sbinfo->stat_lock);
}

static void tmpfs_evict_inode(struct inode *inode)
{
	shmem_evict_inode(inode);
	clear_inode(inode);
	release_inode(inode->i_sb);
}

struct inode *shmem_get_inode(struct super_block *sb, const struct inode *dir, umode_t mode,
			      dev_t dev, unsigned long flags)
{
	struct inode *inode;
	int error = reserve_inode(sb);

	if (error)
		return ERR_PTR(error);
	inode = sb->s_flags & SB_KERNMOUNT ? new_inode_pseudo(sb) : new_inode(sb);
	if (!inode) {
		release_inode(sb);
		return ERR_PTR(-ENOMEM);
	}
	inode->i_ino = get_next_ino();
	inode_init_owner(inode, dir, mode);
	inode->i_atime = inode->i_mtime = inode->i_ctime = inode->i_btime = current_time(inode);
	inode->i_op = &tmpfs_inode_operations;
	shmem_init_inode(inode, flags);
	switch (mode & S_IFMT) {
	case S_IFREG:
		break;
	case S_IFDIR:
		inc_nlink(inode); /* its own "." */
		inode->i_size = 2 * BOGO_DIRENT_SIZE;
		inode->i_op = &tmpfs_dir_inode_operations;
		inode->i_fop = &simple_dir_operations;
		break;
	case S_IFLNK:
		inode->i_op = &tmpfs_symlink_inode_operations;
		break;
	default:
		init_special_inode(inode, inode->i_mode, dev);
	}
	return inode;
}

/* ---- names: the directory's i_rwsem is held ---------------------------------------------- */

/* A name has come (1) or gone (-1). */
static void dir_changed(struct inode *dir, int names)
{
	dir->i_size += names * BOGO_DIRENT_SIZE;
	dir->i_mtime = dir->i_ctime = current_time(dir);
}

static int tmpfs_mknod(struct inode *dir, struct dentry *dentry, umode_t mode, dev_t dev)
{
	struct inode *inode = shmem_get_inode(dir->i_sb, dir, mode, dev, VM_NORESERVE);

	if (IS_ERR(inode))
		return PTR_ERR(inode);
	dir_changed(dir, 1);
	simple_add_name(dir, dentry, inode);
	return 0;
}

static int tmpfs_create(struct inode *dir, struct dentry *dentry, umode_t mode, bool excl)
{
	return tmpfs_mknod(dir, dentry, mode | S_IFREG, 0);
}

static int tmpfs_mkdir(struct inode *dir, struct dentry *dentry, umode_t mode)
{
	int error = tmpfs_mknod(dir, dentry, mode | S_IFDIR, 0);

	if (!error)
		inc_nlink(dir);
	return error;
}

static int tmpfs_tmpfile(struct inode *dir, struct dentry *dentry, umode_t mode)
{
	struct inode *inode = shmem_get_inode(dir->i_sb, dir, mode, 0, VM_NORESERVE);

	if (IS_ERR(inode))
		return PTR_ERR(inode);
	clear_nlink(inode);
	inode->i_state |= I_LINKABLE;
	d_tmpfile(dentry, inode);
	return 0;
}

static int tmpfs_symlink(struct inode *dir, struct dentry *dentry, const char *target)
{
	size_t len = strlen(target);
	struct inode *inode;
	char *link;

	if (len >= PATH_MAX)
		return -ENAMETOOLONG;
	link = kmemdup(target, len + 1, GFP_KERNEL);
	if (!link)
		return -ENOMEM;
	inode = shmem_get_inode(dir->i_sb, dir, S_IFLNK | S_IRWXUGO, 0, VM_NORESERVE);
	if (IS_ERR(inode)) {
		kfree(link);
		return PTR_ERR(inode);
	}
	inode->i_size = len;
	inode->i_link = link;
	dir_changed(dir, 1);
	simple_add_name(dir, dentry, inode);
	return 0;
}

static int tmpfs_link(struct dentry *old_dentry, struct inode *dir, struct dentry *dentry)
{
	dir_changed(dir, 1);
	return simple_link(old_dentry, dir, dentry);
}

static int tmpfs_unlink(struct inode *dir, struct dentry *dentry)
{
	dir_changed(dir, -1);
	return simple_unlink(dir, dentry);
}

static int tmpfs_rmdir(struct inode *dir, struct dentry *dentry)
{
	int error = simple_rmdir(dir, dentry);

	if (!error)
		dir_changed(dir, -1);
	return error;
}

static int tmpfs_rename(struct inode *old_dir, struct dentry *old, struct inode *new_dir,
			struct dentry *new, unsigned int flags)
{
	bool replaces = d_is_positive(new);
	int error = simple_rename(old_dir, old, new_dir, new, flags);

	if (error || (flags & RENAME_EXCHANGE))
		return error;
	dir_changed(old_dir, -1);
	if (!replaces)
		dir_changed(new_dir, 1);
	return 0;
}

/* ---- attributes -------------------------------------------------------------------------- */

static int tmpfs_setattr(struct dentry *dentry, struct iattr *attr)
{
	struct inode *inode = dentry->d_inode;
	int error = setattr_prepare(dentry, attr);

	if (error)
		return error;
	if ((attr->ia_valid & ATTR_SIZE) && S_ISREG(inode->i_mode)) {
		error = shmem_setsize(inode, attr->ia_size);
		if (error)
			return error;
	}
	setattr_copy(inode, attr);
	return 0;
}

static int tmpfs_getattr(const struct path *path, struct kstat *stat, u32 request_mask,
			 unsigned int flags)
{
	struct inode *inode = path->dentry->d_inode;

	generic_fillattr(inode, stat);
	stat->btime = inode->i_btime;
	stat->result_mask |= STATX_BTIME;
	return 0;
}

static const struct inode_operations tmpfs_inode_operations = {
	.setattr = tmpfs_setattr,
	.getattr = tmpfs_getattr,
};

static const struct inode_operations tmpfs_symlink_inode_operations = {
	.get_link = simple_get_link,
	.setattr = tmpfs_setattr,
	.getattr = tmpfs_getattr,
};

static const struct inode_operations tmpfs_dir_inode_operations = {
	.create = tmpfs_create,
	.lookup = simple_lookup,
	.link = tmpfs_link,
	.unlink = tmpfs_unlink,
	.symlink = tmpfs_symlink,
	.mkdir = tmpfs_mkdir,
	.rmdir = tmpfs_rmdir,
	.mknod = tmpfs_mknod,
	.rename = tmpfs_rename,
	.tmpfile = tmpfs_tmpfile,
	.setattr = tmpfs_setattr,
	.getattr = tmpfs_getattr,
};

/* ---- options ----------------------------------------------------------------------------- */

static unsigned long default_max_blocks(void)
{
	return nr_managed_pages() / 2;
}

/* A number with k, m, g (or, of memory, %). */
static int parse_size(const char *s, bool percent, unsigned long long *res)
{
	char *end;

	*res = simple_strtoull(s, &end, 0);
	switch (*end | 0x20) {
	case 'g':
		*res <<= 10;
		fallthrough;
	case 'm':
		*res <<= 10;
		fallthrough;
	case 'k':
		*res <<= 10;
		end++;
	}
	if (percent && *end == '%') {
		*res = *res * nr_managed_pages() / 100 * PAGE_SIZE;
		end++;
	}
	return end == s || *end ? -EINVAL : 0;
}

static int parse_option(struct shmem_sb_info *sbinfo, const char *key, const char *value)
{
	unsigned long long n;
	unsigned long mode;
	int error;

	if (!strcmp(key, "mode")) {
		error = kstrtoul(value, 8, &mode);
		if (!error)
			sbinfo->mode = mode & 07777;
		return error;
	}
	if (!strcmp(key, "uid"))
		return kstrtouint(value, 0, &sbinfo->uid);
	if (!strcmp(key, "gid"))
		return kstrtouint(value, 0, &sbinfo->gid);
	error = parse_size(value, !strcmp(key, "size"), &n);
	if (error)
		return error;
	if (!strcmp(key, "size"))
		sbinfo->max_blocks = DIV_ROUND_UP(n, PAGE_SIZE);
	else if (!strcmp(key, "nr_blocks"))
		sbinfo->max_blocks = n;
	else if (!strcmp(key, "nr_inodes"))
		sbinfo->max_inodes = n;
	else
		return -EINVAL;
	return 0;
}

/* key=value,... EINVAL for one that is not known. */
static int parse_options(struct shmem_sb_info *sbinfo, const char *data)
{
	char *copy = kstrdup(data, GFP_KERNEL), *options = copy, *opt, *value;
	int error = 0;

	if (!copy)
		return -ENOMEM;
	while (!error && (opt = strsep(&options, ","))) {
		if (!*opt)
			continue;
		value = strchr(opt, '=');
		if (value)
			*value++ = '\0';
		if (!value || parse_option(sbinfo, opt, value))
			error = -EINVAL;
	}
	kfree(copy);
	return error;
}

static int tmpfs_remount(struct super_block *sb, int *flags, char *data)
{
	struct shmem_sb_info *sbinfo = SHMEM_SB(sb), new = *sbinfo;
	unsigned long inodes;
	int error = data ? parse_options(&new, data) : 0;

	if (error)
		return error;
	spin_lock(&sbinfo->stat_lock);
	inodes = sbinfo->max_inodes - sbinfo->free_inodes;
	error = -EINVAL;
	if (new.max_blocks &&new.max_blocks < sbinfo->used_blocks)
		goto out;
	/* what was not counted from the start cannot be limited later */
	if (!new.max_inodes != !sbinfo->max_inodes || new.max_inodes < inodes)
		goto out;
	sbinfo->max_blocks = new.max_blocks;
	sbinfo->free_inodes = new.max_inodes - inodes;
	sbinfo->max_inodes = new.max_inodes;
	sbinfo->mode = new.mode;
	error = 0;
out:
	spin_unlock(&sbinfo->stat_lock);
	return error;
}

static int tmpfs_show_options(struct seq_file *m, struct dentry *root)
{
	struct shmem_sb_info *sbinfo = SHMEM_SB(root->d_sb);

	if (sbinfo->max_blocks != default_max_blocks())
		seq_printf(m, ",size=%luk", sbinfo->max_blocks << (PAGE_SHIFT - 10));
	if (sbinfo->max_inodes != default_max_blocks())
		seq_printf(m, ",nr_inodes=%lu", sbinfo->max_inodes);
	if (sbinfo->mode != (S_IRWXUGO | S_ISVTX))
		seq_printf(m, ",mode=%03o", sbinfo->mode);
	if (sbinfo->uid)
		seq_printf(m, ",uid=%u", sbinfo->uid);
	if (sbinfo->gid)
		seq_printf(m, ",gid=%u", sbinfo->gid);
	return 0;
}

static int tmpfs_statfs(struct dentry *dentry, struct kstatfs *buf)
{
	struct shmem_sb_info *sbinfo = SHMEM_SB(dentry->d_sb);

	buf->f_type = TMPFS_MAGIC;
	buf->f_bsize = PAGE_SIZE;
	buf->f_namelen = NAME_MAX;
	if (sbinfo->max_blocks) {
		buf->f_blocks = sbinfo->max_blocks;
		buf->f_bfree = buf->f_bavail = sbinfo->max_blocks - sbinfo->used_blocks;
	}
	if (sbinfo->max_inodes) {
		buf->f_files = sbinfo->max_inodes;
		buf->f_ffree = sbinfo->free_inodes;
	}
	return 0;
}

/* ---- the file system --------------------------------------------------------------------- */

static void tmpfs_put_super(struct super_block *sb)
{
	kfree(sb->s_fs_info);
	sb->s_fs_info = NULL;
}

static const struct super_operations tmpfs_ops = {
	.alloc_inode = tmpfs_alloc_inode,
	.free_inode = tmpfs_free_inode,
	.evict_inode = tmpfs_evict_inode,
	.statfs = tmpfs_statfs,
	.remount_fs = tmpfs_remount,
	.show_options = tmpfs_show_options,
	.put_super = tmpfs_put_super,
};

static int tmpfs_fill_super(struct super_block *sb, void *data, int silent)
{
	struct shmem_sb_info *sbinfo = kzalloc(sizeof(*sbinfo), GFP_KERNEL);
	struct inode *inode;
	int error;

	if (!sbinfo)
		return -ENOMEM;
	sb->s_fs_info = sbinfo;
	sb->s_magic = TMPFS_MAGIC;
	sb->s_op = &tmpfs_ops;
	spin_lock_init(&sbinfo->stat_lock);
	sbinfo->mode = S_IRWXUGO | S_ISVTX;
	sbinfo->uid = current_fsuid();
	sbinfo->gid = current_fsgid();
	if (!(sb->s_flags & SB_KERNMOUNT)) {
		sbinfo->max_blocks = default_max_blocks();
		sbinfo->max_inodes = default_max_blocks();
	}
	error = data ? parse_options(sbinfo, data) : 0;
	if (error)
		return error;
	sbinfo->free_inodes = sbinfo->max_inodes;
	sb->s_flags |= SB_DCACHE_ONLY;
	inode = shmem_get_inode(sb, NULL, sbinfo->mode | S_IFDIR, 0, VM_NORESERVE);
	if (IS_ERR(inode))
		return PTR_ERR(inode);
	inode->i_uid = sbinfo->uid;
	inode->i_gid = sbinfo->gid;
	sb->s_root = d_make_root(inode);
	return sb->s_root ? 0 : -ENOMEM;
}

static struct dentry *tmpfs_mount(struct file_system_type *type, int flags, const char *dev_name,
				  void *data)
{
	return mount_nodev(type, flags, data, tmpfs_fill_super);
}

static struct file_system_type tmpfs_fs_type = {
	.name = "tmpfs",
	.mount = tmpfs_mount,
	.kill_sb = kill_litter_super,
};

void init_tmpfs(void)
{
	shmem_inode_cachep = KMEM_CACHE(shmem_inode_info, SLAB_PANIC | SLAB_RECLAIM_ACCOUNT);
	register_filesystem(&tmpfs_fs_type);
	shm_mnt = kern_mount(&tmpfs_fs_type);
	if (IS_ERR(shm_mnt))
		panic("cannot mount the file system of shared memory");
}
