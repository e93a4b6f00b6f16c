// SPDX-License-Identifier: MIT
/*
 * fs/proc/generic.c - the entries of /proc that are there from boot on.
 *
 * A tree of proc_dir_entry, which never changes once the first program runs, so it needs no lock.
 * Inodes and dentries are made when somebody looks and go when nobody does.
 */
#include "internal.h"
#include <pagoda/printk.h>
#include <pagoda/slab.h>

/* ---- making entries ---------------------------------------------------------------------- */

static struct proc_dir_entry *proc_register(const char *name, umode_t mode,
					    struct proc_dir_entry *parent)
{
	static unsigned int last_ino;
	struct proc_dir_entry *de = kzalloc(sizeof(*de), GFP_KERNEL);

	if (!de)
		panic("no memory for /proc");
	if (!parent)
		parent = &proc_root;
	de->name = name;
	de->namelen = strlen(name);
	de->mode = mode;
	de->nlink = 1;
	de->ino = PROC_DYNAMIC_FIRST + last_ino++;
	if (parent->last)
		parent->last->next = de;
	else
		parent->subdir = de;
	parent->last = de;
	return de;
}

/* ---- files ------------------------------------------------------------------------------- */

void *pde_data(const struct inode *inode)
{
	return PDE(inode)->data;
}

static int single_show_open(struct inode *inode, struct file *file)
{
	return single_open(file, PDE(inode)->show, PDE(inode)->data);
}

static const struct file_operations single_show_fops = {
	.open = single_show_open,
	.read_iter = seq_read_iter,
	.llseek = seq_lseek,
	.release = single_release,
};

static const struct inode_operations proc_file_iops = {
	.setattr = proc_setattr,
};

static struct proc_dir_entry *create_file(const char *name, umode_t mode,
					  struct proc_dir_entry *parent,
					  const struct file_operations *fops)
{
	struct proc_dir_entry *de = proc_register(name, S_IFREG | (mode ?: 0444), parent);

	de->iops = &proc_file_iops;
	de->fops = fops;
	return de;
}

struct proc_dir_entry *proc_create_data(const char *name, umode_t mode,
					struct proc_dir_entry *parent,
					const struct file_operations *fops, const void *data)
{
	struct proc_dir_entry *de = create_file(name, mode, parent, fops);

	de->data = (void *)data;
	return de;
}

void proc_create_single_data(const char *name, umode_t mode, struct proc_dir_entry *parent,
			     int (*show)(struct seq_file *, void *), const void *data)
{
	struct proc_dir_entry *de = create_file(name, mode, parent, &single_show_fops);

	de->show = show;
	de->data = (void *)data;
}

/* ---- links ------------------------------------------------------------------------------- */

static const char *proc_get_link(struct dentry *dentry, struct inode *inode, struct path *jump,
				 void **done)
{
	return PDE(inode)->data;
}

static const struct inode_operations proc_link_iops = {
	.get_link = proc_get_link,
	.setattr = proc_setattr,
};

void proc_symlink(const char *name, struct proc_dir_entry *parent, const char *target)
{
	struct proc_dir_entry *de = proc_register(name, S_IFLNK | 0777, parent);

	de->iops = &proc_link_iops;
	de->data = (void *)target;
}

/* ---- directories ------------------------------------------------------------------------- */

struct dentry *proc_lookup_de(struct inode *dir, struct dentry *dentry, struct proc_dir_entry *de)
{
	const struct qstr *name = &dentry->d_name;
	struct inode *inode;

	for (de = de->subdir; de; de = de->next) {
		if (de->namelen != name->len || memcmp(de->name, name->name, name->len))
			continue;
		inode = proc_get_inode(dir->i_sb, de);
		return inode ? d_splice_alias(inode, dentry) : ERR_PTR(-ENOMEM);
	}
	return ERR_PTR(-ENOENT);
}

bool proc_readdir_de(struct file *file, struct dir_context *ctx, const struct proc_dir_entry *de)
{
	loff_t pos = 2;

	if (!dir_emit_dots(file, ctx))
		return false;
	for (de = de->subdir; de; de = de->next, pos++) {
		if (pos < ctx->pos)
			continue;
		if (!dir_emit(ctx, de->name, (int)de->namelen, de->ino,
			      fs_umode_to_dtype(de->mode)))
			return false;
		ctx->pos = pos + 1;
	}
	return true;
}

static struct dentry *proc_lookup(struct inode *dir, struct dentry *dentry, unsigned int flags)
{
	return proc_lookup_de(dir, dentry, PDE(dir));
}

static int proc_readdir(struct file *file, struct dir_context *ctx)
{
	proc_readdir_de(file, ctx, PDE(file_inode(file)));
	return 0;
}

static const struct inode_operations proc_dir_iops = {
	.lookup = proc_lookup,
	.setattr = proc_setattr,
};

static const struct file_operations proc_dir_fops = {
	.llseek = generic_file_llseek,
	.read = generic_read_dir,
	.iterate_shared = proc_readdir,
};

struct proc_dir_entry *proc_mkdir(const char *name, struct proc_dir_entry *parent)
{
	struct proc_dir_entry *de = proc_register(name, S_IFDIR | 0555, parent);

	de->nlink = 2;
	de->iops = &proc_dir_iops;
	de->fops = &proc_dir_fops;
	(parent ?: &proc_root)->nlink++;
	return de;
}
