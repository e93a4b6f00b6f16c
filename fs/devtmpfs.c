// SPDX-License-Identifier: MIT
/*
 * fs/devtmpfs.c - device nodes that are there without anybody making them.
 *
 * One tmpfs that the kernel keeps mounted for itself and fills as drivers register; every mount of
 * type devtmpfs shows it. Users may add and remove names as in any tmpfs.
 */
#include <pagoda/devtmpfs.h>
#include <pagoda/fs.h>
#include <pagoda/kernel.h>
#include <pagoda/mount.h>
#include <pagoda/namei.h>
#include <pagoda/printk.h>

static struct vfsmount *dev_mnt;

/* The first mount makes the instance; the others show it. */
static struct dentry *dev_mount(struct file_system_type *type, int flags, const char *dev_name,
				void *data)
{
	char options[] = "mode=0755"; /* is taken apart */
	struct super_block *sb;

	if (!dev_mnt)
		return get_fs_type("tmpfs")->mount(type, flags & ~SB_KERNMOUNT, dev_name, options);
	sb = dev_mnt->mnt_sb;
	atomic_inc(&sb->s_active);
	return dget(sb->s_root);
}

static struct file_system_type dev_fs_type = {
	.name = "devtmpfs",
	.mount = dev_mount,
	.kill_sb = kill_litter_super, /* never called: dev_mnt stays */
};

/* What the caller does to a new, negative dentry below the root of the instance. */
struct new_node {
	umode_t mode; /* S_IFCHR, S_IFDIR or S_IFLNK and permissions */
	dev_t dev;
	const char *target;
};

static int create(const char *name, const struct new_node *node)
{
	struct dentry *root = dev_mnt->mnt_root, *dentry;
	struct inode *dir = root->d_inode;
	int err;

	inode_lock(dir);
	dentry = lookup_one_len(name, root, (int)strlen(name));
	err = PTR_ERR_OR_ZERO(dentry);
	if (err)
		goto out;
	if (d_is_positive(dentry))
		err = -EEXIST;
	else if (S_ISDIR(node->mode))
		err = vfs_mkdir(dir, dentry, node->mode & S_IALLUGO);
	else if (S_ISLNK(node->mode))
		err = vfs_symlink(dir, dentry, node->target);
	else
		err = vfs_mknod(dir, dentry, node->mode, node->dev);
	if (!err && !S_ISLNK(node->mode)) /* whatever umask and sticky-bit rules have made of it */
		d_inode(dentry)->i_mode = node->mode;
	dput(dentry);
out:
	inode_unlock(dir);
	if (err)
		pr_warn("devtmpfs: cannot make %s: error %d\n", name, err);
	return err;
}

int devtmpfs_create_node(const char *name, umode_t mode, dev_t dev)
{
	return create(name, &(struct new_node){.mode = mode, .dev = dev});
}

static void create_link(const char *name, const char *target)
{
	create(name, &(struct new_node){.mode = S_IFLNK | 0777, .target = target});
}

void devtmpfs_init(void)
{
	struct vfsmount *mnt;

	if (register_filesystem(&dev_fs_type))
		panic("cannot register devtmpfs");
	mnt = kern_mount(&dev_fs_type);
	if (IS_ERR(mnt))
		panic("cannot make devtmpfs: error %ld", PTR_ERR(mnt));
	dev_mnt = mnt;
	create_link("fd", "/proc/self/fd");
	create_link("stdin", "/proc/self/fd/0");
	create_link("stdout", "/proc/self/fd/1");
	create_link("stderr", "/proc/self/fd/2");
	create("shm", &(struct new_node){.mode = S_IFDIR | S_ISVTX | 0777});
}

void devtmpfs_populate_rootfs(void)
{
	struct path path;

	if (!kern_path("/dev/console", 0, &path)) {
		path_put(&path);
		return;
	}
	init_mkdir("/dev", 0755);
	init_mknod("/dev/console", S_IFCHR | 0600, MKDEV(5, 1));
	init_mknod("/dev/null", S_IFCHR | 0666, MKDEV(1, 3));
	init_mknod("/dev/ttyS0", S_IFCHR | 0600, MKDEV(4, 64));
}
