// SPDX-License-Identifier: MIT
/*
 * fs/proc/root.c - the file system itself, its root directory, self and thread-self.
 *
 * The root shows the entries from boot, then self and thread-self, then a directory for each
 * process. All mounts show one instance.
 */
#include "internal.h"
#include <pagoda/printk.h>
#include <pagoda/slab.h>
#include <pagoda/sprintf.h>
#include <pagoda/stat.h>
#include <pagoda/statfs.h>

#define LINK_LEN 32 /* "NNNNN/task/NNNNN" */

/* ---- self, thread-self: links to whoever asks -------------------------------------------- */

static const char *self_get_link(struct dentry *dentry, struct inode *inode, struct path *jump,
				 void **done)
{
	char *name = kmalloc(LINK_LEN, GFP_KERNEL);

	if (!name)
		return ERR_PTR(-ENOMEM);
	if (inode->i_ino == PROC_SELF_INO)
		snprintf(name, LINK_LEN, "%d", current->tgid);
	else
		snprintf(name, LINK_LEN, "%d/task/%d", current->tgid, current->pid);
	*done = name;
	return name;
}

static const struct inode_operations self_iops = {
	.get_link = self_get_link,
	.setattr = proc_setattr,
};

static struct proc_dir_entry self_entries[] = {
	{
		.name = "self",
		.namelen = 4,
		.mode = S_IFLNK | 0777,
		.ino = PROC_SELF_INO,
		.nlink = 1,
		.iops = &self_iops,
	},
	{
		.name = "thread-self",
		.namelen = 11,
		.mode = S_IFLNK | 0777,
		.ino = PROC_THREAD_SELF_INO,
		.nlink = 1,
		.iops = &self_iops,
	},
};

/* ---- the root directory ------------------------------------------------------------------ */

static struct dentry *proc_root_lookup(struct inode *dir, struct dentry *dentry, unsigned int flags)
{
	const struct qstr *name = &dentry->d_name;
	struct dentry *res = proc_pid_lookup(dir, dentry);
	struct inode *inode;

	if (res != ERR_PTR(-ENOENT))
		return res;
	for (unsigned int i = 0; i < ARRAY_SIZE(self_entries); i++) {
		struct proc_dir_entry *de = &self_entries[i];

		if (de->namelen != name->len || memcmp(de->name, name->name, name->len))
			continue;
		inode = proc_get_inode(dir->i_sb, de);
		return inode ? d_splice_alias(inode, dentry) : ERR_PTR(-ENOMEM);
	}
	return proc_lookup_de(dir, dentry, &proc_root);
}

static int proc_root_readdir(struct file *file, struct dir_context *ctx)
{
	if (ctx->pos < FIRST_PROCESS_ENTRY) {
		if (!proc_readdir_de(file, ctx, &proc_root))
			return 0;
		ctx->pos = FIRST_PROCESS_ENTRY;
	}
	while (ctx->pos < FIRST_PROCESS_ENTRY + (loff_t)ARRAY_SIZE(self_entries)) {
		const struct proc_dir_entry *de = &self_entries[ctx->pos - FIRST_PROCESS_ENTRY];

		if (!dir_emit(ctx, de->name, (int)de->namelen, de->ino, DT_LNK))
			return 0;
		ctx->pos++;
	}
	proc_pid_readdir(file, ctx);
	return 0;
}

static int proc_root_getattr(const struct path *path, struct kstat *stat, u32 mask,
			     unsigned int flags)
{
	generic_fillattr(path->dentry->d_inode, stat);
	stat->nlink = proc_root.nlink + (unsigned int)nr_pids_in_use();
	return 0;
}

static const struct inode_operations proc_root_iops = {
	.lookup = proc_root_lookup,
	.getattr = proc_root_getattr,
	.setattr = proc_setattr,
};

static const struct file_operations proc_root_fops = {
	.llseek = generic_file_llseek,
	.read = generic_read_dir,
	.iterate_shared = proc_root_readdir,
};

struct proc_dir_entry proc_root = {
	.name = "/proc",
	.namelen = 5,
	.mode = S_IFDIR | 0555,
	.ino = PROC_ROOT_INO,
	.nlink = 2,
	.iops = &proc_root_iops,
	.fops = &proc_root_fops,
};

/* ---- mounting ---------------------------------------------------------------------------- */

static int proc_fill_super(struct super_block *sb, void *data, int silent)
{
	struct inode *inode;

	sb->s_magic = PROC_SUPER_MAGIC;
	sb->s_blocksize = 1024;
	sb->s_blocksize_bits = 10;
	sb->s_op = &proc_sops;
	sb->s_d_op = &proc_dentry_operations;
	inode = proc_get_inode(sb, &proc_root);
	if (inode)
		sb->s_root = d_make_root(inode);
	return sb->s_root ? 0 : -ENOMEM;
}

static struct dentry *proc_mount(struct file_system_type *type, int flags, const char *dev_name,
				 void *data)
{
	return mount_single(type, flags | SB_NOSUID | SB_NODEV | SB_NOEXEC, data, proc_fill_super);
}

static struct file_system_type proc_fs_type = {
	.name = "proc",
	.fs_flags = FS_USERNS_MOUNT,
	.mount = proc_mount,
	.kill_sb = kill_anon_super,
};

void proc_root_init(void)
{
	proc_init_inodecache();
	proc_misc_init();
	proc_cpu_init();
	proc_memory_init();
	proc_kpage_init();
	proc_kmsg_init();
	proc_kallsyms_init();
	proc_sys_init();
	if (register_filesystem(&proc_fs_type))
		panic("cannot register procfs");
}
