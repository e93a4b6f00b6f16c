// SPDX-License-Identifier: MIT
/*
 * fs/libfs.c - directories whose names live in the dcache alone, and methods many files share.
 *
 * A name that exists holds one reference on its dentry (simple_add_name), so it stays cached until
 * it is removed. d_subdirs is in order of creation, with ascending d_cookie: that is the position
 * readdir goes on from, so entries that come and go meanwhile are neither skipped nor repeated.
 *
 * Locks: the directory's i_rwsem: for write to change names, for read to list them, which makes
 * d_subdirs stable without dcache_lock.
 */
#include <pagoda/kernel.h>
#include <pagoda/fs.h>
#include <pagoda/mount.h>
#include <pagoda/namei.h>
#include <pagoda/stat.h>
#include <pagoda/statfs.h>
#include <asm/page.h>
#include <asm/uaccess.h>

/* ---- names ------------------------------------------------------------------------------- */

static u64 next_cookie(struct inode *dir)
{
	if (dir->i_dir_cookie < 2)
		dir->i_dir_cookie = 2; /* 0 and 1 are . and .. */
	return ++dir->i_dir_cookie;
}

void simple_add_name(struct inode *dir, struct dentry *dentry, struct inode *inode)
{
	dentry->d_cookie = next_cookie(dir);
	dget(dentry);
	d_add(dentry, inode);
}

/* What the cache lacks does not exist. */
struct dentry *simple_lookup(struct inode *dir, struct dentry *dentry, unsigned int flags)
{
	if (dentry->d_name.len > NAME_MAX)
		return ERR_PTR(-ENAMETOOLONG);
	return NULL;
}

bool simple_empty(struct dentry *dentry)
{
	bool empty;

	read_lock(&dcache_lock);
	empty = list_empty(&dentry->d_subdirs);
	read_unlock(&dcache_lock);
	return empty;
}

static void touch_dir(struct inode *dir, struct timespec64 now)
{
	dir->i_mtime = dir->i_ctime = now;
}

int simple_link(struct dentry *old_dentry, struct inode *dir, struct dentry *dentry)
{
	struct inode *inode = old_dentry->d_inode;

	inode->i_ctime = current_time(inode);
	touch_dir(dir, inode->i_ctime);
	inc_nlink(inode);
	ihold(inode);
	simple_add_name(dir, dentry, inode);
	return 0;
}

int simple_unlink(struct inode *dir, struct dentry *dentry)
{
	struct inode *inode = dentry->d_inode;

	inode->i_ctime = current_time(inode);
	touch_dir(dir, inode->i_ctime);
	drop_nlink(inode);
	dput(dentry);
	return 0;
}

int simple_rmdir(struct inode *dir, struct dentry *dentry)
{
	if (!simple_empty(dentry))
		return -ENOTEMPTY;
	drop_nlink(dentry->d_inode);
	simple_unlink(dir, dentry);
	drop_nlink(dir);
	return 0;
}

static int rename_exchange(struct inode *old_dir, struct dentry *old, struct inode *new_dir,
			   struct dentry *new)
{
	bool old_is_dir = S_ISDIR(old->d_inode->i_mode);
	bool new_is_dir = S_ISDIR(new->d_inode->i_mode);

	if (old_dir != new_dir && old_is_dir != new_is_dir) {
		drop_nlink(old_is_dir ? old_dir : new_dir);
		inc_nlink(old_is_dir ? new_dir : old_dir);
	}
	old->d_cookie = next_cookie(new_dir);
	new->d_cookie = next_cookie(old_dir);
	return 0;
}

int simple_rename(struct inode *old_dir, struct dentry *old, struct inode *new_dir,
		  struct dentry *new, unsigned int flags)
{
	struct inode *inode = old->d_inode, *target = new->d_inode;
	bool is_dir = S_ISDIR(inode->i_mode);

	if (flags & ~(RENAME_NOREPLACE | RENAME_EXCHANGE))
		return -EINVAL;
	if (flags & RENAME_EXCHANGE) {
		rename_exchange(old_dir, old, new_dir, new);
	} else {
		if (is_dir && target && !simple_empty(new))
			return -ENOTEMPTY;
		if (target) {
			if (is_dir)
				drop_nlink(target);
			simple_unlink(new_dir, new);
			if (is_dir)
				drop_nlink(old_dir);
		} else if (is_dir) {
			drop_nlink(old_dir);
			inc_nlink(new_dir);
		}
		old->d_cookie = next_cookie(new_dir);
	}
	inode->i_ctime = current_time(inode);
	touch_dir(old_dir, inode->i_ctime);
	touch_dir(new_dir, inode->i_ctime);
	return 0;
}

/* ---- listing ----------------------------------------------------------------------------- */

/*
 * Names made after the listing began are not shown: a program that renames what it reads would
 * else meet its own names for ever. private_data remembers the last cookie of then.
 */
int dcache_readdir(struct file *file, struct dir_context *ctx)
{
	struct dentry *dir = file->f_path.dentry, *d;

	if (ctx->pos == 0 || !file->private_data)
		file->private_data = (void *)dir->d_inode->i_dir_cookie;
	if (!dir_emit_dots(file, ctx))
		return 0;
	list_for_each_entry (d, &dir->d_subdirs, d_child) {
		if (d->d_cookie <= ctx->pos || !d->d_inode)
			continue;
		if (d->d_cookie > (u64)file->private_data)
			break;
		if (!ctx->actor(ctx, (const char *)d->d_name.name, d->d_name.len, d->d_cookie - 1,
				d->d_inode->i_ino, fs_umode_to_dtype(d->d_inode->i_mode)))
			return 0;
		ctx->pos = d->d_cookie;
	}
	return 0;
}

ssize_t generic_read_dir(struct file *filp, char __user *buf, size_t siz, loff_t *ppos)
{
	return -EISDIR;
}

static loff_t dcache_dir_lseek(struct file *file, loff_t offset, int whence)
{
	if (whence == SEEK_CUR)
		offset += file->f_pos;
	else if (whence != SEEK_SET)
		return -EINVAL;
	return vfs_setpos(file, offset, MAX_LFS_FILESIZE);
}

const struct file_operations simple_dir_operations = {
	.llseek = dcache_dir_lseek,
	.read = generic_read_dir,
	.iterate_shared = dcache_readdir,
	.fsync = noop_fsync,
};

const struct inode_operations simple_dir_inode_operations = {
	.lookup = simple_lookup,
};

/* ---- links, attributes ------------------------------------------------------------------- */

const char *simple_get_link(struct dentry *dentry, struct inode *inode, struct path *jump,
			    void **done)
{
	return inode->i_link;
}

const struct inode_operations simple_symlink_inode_operations = {
	.get_link = simple_get_link,
};

int simple_setattr(struct dentry *dentry, struct iattr *attr)
{
	struct inode *inode = dentry->d_inode;
	int error = setattr_prepare(dentry, attr);

	if (error)
		return error;
	if (attr->ia_valid & ATTR_SIZE) {
		i_size_write(inode, attr->ia_size);
		truncate_pagecache(inode, attr->ia_size);
	}
	setattr_copy(inode, attr);
	return 0;
}

int simple_statfs(struct dentry *dentry, struct kstatfs *buf)
{
	buf->f_type = dentry->d_sb->s_magic;
	buf->f_bsize = PAGE_SIZE;
	buf->f_namelen = NAME_MAX;
	return 0;
}

int noop_fsync(struct file *file, loff_t start, loff_t end, int datasync)
{
	return 0;
}

/* ---- small files in a buffer ------------------------------------------------------------- */

ssize_t simple_read_from_buffer(void __user *to, size_t count, loff_t *ppos, const void *from,
				size_t available)
{
	loff_t pos = *ppos;
	size_t left;

	if (pos < 0)
		return -EINVAL;
	if (pos >= available || !count)
		return 0;
	count = min(count, (size_t)(available - pos));
	left = copy_to_user(to, from + pos, count);
	if (left == count)
		return -EFAULT;
	*ppos = pos + count - left;
	return count - left;
}
