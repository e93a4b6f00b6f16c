// SPDX-License-Identifier: MIT
/*
 * fs/super.c - kinds of file systems, and their instances.
 *
 * A super block lives as long as a mount shows it (s_active). When the last mount goes, the type's
 * kill_sb() takes the tree apart.
 *
 * Locks: sb_lock guards the list of types, the list of super blocks, the device numbers and
 * mount_single()'s search.
 */
#include <pagoda/kernel.h>
#include <pagoda/fs.h>
#include <pagoda/idr.h>
#include <pagoda/seq_file.h>
#include <pagoda/slab.h>
#include <pagoda/statfs.h>

static DEFINE_MUTEX(sb_lock);
static struct file_system_type *file_systems;
static LIST_HEAD(super_blocks);
static DEFINE_IDA(anon_devs);

/* ---- types ------------------------------------------------------------------------------- */

int register_filesystem(struct file_system_type *fs)
{
	struct file_system_type **p;
	int error = 0;

	mutex_lock(&sb_lock);
	for (p = &file_systems; *p; p = &(*p)->next) {
		if (!strcmp((*p)->name, fs->name)) {
			error = -EBUSY;
			goto out;
		}
	}
	*p = fs;
out:
	mutex_unlock(&sb_lock);
	return error;
}

struct file_system_type *get_fs_type(const char *name)
{
	struct file_system_type *p;

	mutex_lock(&sb_lock);
	for (p = file_systems; p && strcmp(p->name, name); p = p->next)
		;
	mutex_unlock(&sb_lock);
	return p;
}

int show_filesystems(struct seq_file *m)
{
	mutex_lock(&sb_lock);
	for (struct file_system_type *p = file_systems; p; p = p->next)
		seq_printf(m, "%s\t%s\n", p->fs_flags & FS_REQUIRES_DEV ? "" : "nodev", p->name);
	mutex_unlock(&sb_lock);
	return 0;
}

/* ---- instances --------------------------------------------------------------------------- */

static dev_t alloc_anon_dev(void)
{
	int minor = ida_alloc_range(&anon_devs, 1, MINORMASK, GFP_KERNEL);

	return minor < 0 ? 0 : MKDEV(0, minor);
}

/* sb_lock is held. */
static struct super_block *alloc_super(struct file_system_type *type, int flags)
{
	struct super_block *s = kzalloc(sizeof(*s), GFP_KERNEL);

	if (!s)
		return NULL;
	s->s_dev = alloc_anon_dev();
	if (!s->s_dev) {
		kfree(s);
		return NULL;
	}
	s->s_type = type;
	s->s_flags = flags;
	s->s_blocksize = PAGE_SIZE;
	s->s_blocksize_bits = PAGE_SHIFT;
	s->s_maxbytes = MAX_LFS_FILESIZE;
	s->s_time_gran = 1;
	atomic_set(&s->s_active, 1);
	init_rwsem(&s->s_umount);
	mutex_init_rank(&s->s_vfs_rename_mutex, RANK_RENAME);
	spin_lock_init(&s->s_inode_list_lock);
	INIT_LIST_HEAD(&s->s_inodes);
	strscpy(s->s_id, type->name, sizeof(s->s_id));
	list_add_tail(&s->s_list, &super_blocks);
	return s;
}

static void free_super(struct super_block *s)
{
	mutex_lock(&sb_lock);
	list_del(&s->s_list);
	ida_free(&anon_devs, MINOR(s->s_dev));
	mutex_unlock(&sb_lock);
	WARN_ON(!list_empty(&s->s_inodes));
	kfree(s);
}

void deactivate_super(struct super_block *s)
{
	if (!atomic_dec_and_test(&s->s_active))
		return;
	s->s_type->kill_sb(s);
	free_super(s);
}

void kill_anon_super(struct super_block *sb)
{
	struct dentry *root = sb->s_root;

	sb->s_root = NULL;
	dput(root);
	if (sb->s_op && sb->s_op->put_super)
		sb->s_op->put_super(sb);
}

void kill_litter_super(struct super_block *sb)
{
	if (sb->s_root)
		d_genocide(sb->s_root);
	kill_anon_super(sb);
}

/* Fills a new super block; consumes its reference on failure. */
static struct dentry *fill(struct super_block *s, int flags, void *data,
			   int (*fill_super)(struct super_block *, void *data, int silent))
{
	int error = fill_super(s, data, flags & SB_SILENT ? 1 : 0);

	if (error) {
		deactivate_super(s);
		return ERR_PTR(error);
	}
	return dget(s->s_root);
}

struct dentry *mount_nodev(struct file_system_type *type, int flags, void *data,
			   int (*fill_super)(struct super_block *, void *data, int silent))
{
	struct super_block *s;

	mutex_lock(&sb_lock);
	s = alloc_super(type, flags);
	mutex_unlock(&sb_lock);
	return s ? fill(s, flags, data, fill_super) : ERR_PTR(-ENOMEM);
}

struct dentry *mount_single(struct file_system_type *type, int flags, void *data,
			    int (*fill_super)(struct super_block *, void *data, int silent))
{
	struct super_block *s;

	mutex_lock(&sb_lock);
	list_for_each_entry (s, &super_blocks, s_list) {
		if (s->s_type == type && s->s_root && atomic_inc_not_zero(&s->s_active)) {
			mutex_unlock(&sb_lock);
			return dget(s->s_root);
		}
	}
	s = alloc_super(type, flags);
	mutex_unlock(&sb_lock);
	return s ? fill(s, flags, data, fill_super) : ERR_PTR(-ENOMEM);
}

static const struct super_operations simple_super_operations = {
	.statfs = simple_statfs,
};

struct dentry *mount_pseudo(struct file_system_type *type, unsigned long magic,
			    const struct super_operations *ops,
			    const struct dentry_operations *dops)
{
	struct super_block *s;
	struct inode *root;

	mutex_lock(&sb_lock);
	s = alloc_super(type, SB_NOUSER);
	mutex_unlock(&sb_lock);
	if (!s)
		return ERR_PTR(-ENOMEM);
	s->s_magic = magic;
	s->s_op = ops ?: &simple_super_operations;
	s->s_d_op = dops;
	root = new_inode(s);
	if (root) {
		root->i_ino = get_next_ino();
		root->i_mode = S_IFDIR | S_IRUSR | S_IWUSR;
		s->s_root = d_make_root(root);
	}
	if (!s->s_root) {
		deactivate_super(s);
		return ERR_PTR(-ENOMEM);
	}
	return dget(s->s_root);
}

/* ---- writing back ------------------------------------------------------------------------ */

int sync_filesystem(struct super_block *sb)
{
	return sb->s_op->sync_fs ? sb->s_op->sync_fs(sb, 1) : 0;
}

void sync_filesystems(int wait)
{
	struct super_block *sb, *old = NULL;

	mutex_lock(&sb_lock);
	list_for_each_entry (sb, &super_blocks, s_list) {
		if (!sb->s_op || !sb->s_op->sync_fs || !atomic_inc_not_zero(&sb->s_active))
			continue;
		mutex_unlock(&sb_lock);
		if (old)
			deactivate_super(old);
		sb->s_op->sync_fs(sb, wait);
		old = sb;
		mutex_lock(&sb_lock);
	}
	mutex_unlock(&sb_lock);
	if (old)
		deactivate_super(old);
}
