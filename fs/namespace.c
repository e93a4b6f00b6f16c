// SPDX-License-Identifier: MIT
/*
 * fs/namespace.c - the mount tree.
 *
 * A vfsmount that is attached has mnt_parent and mnt_mountpoint, stands in the hash by these two,
 * in its parent's mnt_mounts and in the list of all mounts; the tree holds one reference on it, and
 * it holds references on its parent and its mount point. A path that leads into a mount holds a
 * reference as well, so a mount is busy when somebody has more than the tree's.
 *
 * Several mounts can be stacked on one place: each is mounted on the root of the one below.
 *
 * Locks: see <pagoda/mount.h>. The calls mount(2) and umount(2) are in fs/mount.c.
 */
#include <pagoda/kernel.h>
#include <pagoda/anon_inodes.h>
#include <pagoda/fs.h>
#include <pagoda/fs_struct.h>
#include <pagoda/idr.h>
#include <pagoda/mount.h>
#include <pagoda/namei.h>
#include <pagoda/panic.h>
#include <pagoda/pipe.h>
#include <pagoda/sched.h>
#include <pagoda/slab.h>
#include <pagoda/userfaultfd_k.h>
#include "internal.h"

#define MNT_HASHBITS 6

struct rw_semaphore namespace_sem;
LIST_HEAD(mount_list);
static struct hlist_head mount_hashtable[1 << MNT_HASHBITS];
static DEFINE_MUTEX(mnt_id_lock);
static DEFINE_IDA(mnt_ids); /* mnt_id_lock */
static struct kmem_cache *mnt_cachep;

static struct hlist_head *m_bucket(const struct vfsmount *mnt, const struct dentry *dentry)
{
	u64 key = ((unsigned long)mnt >> 6) + ((unsigned long)dentry >> 6);

	return &mount_hashtable[(key * 0x9e3779b97f4a7c15ULL) >> (64 - MNT_HASHBITS)];
}

/* What is mounted on that place, or NULL. dcache_lock is held. */
struct vfsmount *__lookup_mnt(struct vfsmount *mnt, struct dentry *dentry)
{
	struct vfsmount *p;

	hlist_for_each_entry (p, m_bucket(mnt, dentry), mnt_hash) {
		if (p->mnt_parent == mnt && p->mnt_mountpoint == dentry)
			return p;
	}
	return NULL;
}

/* ---- one mount --------------------------------------------------------------------------- */

/* A mount of root, whose references (also on its super block) it takes over. */
struct vfsmount *alloc_vfsmnt(struct dentry *root, const char *devname)
{
	struct vfsmount *mnt = kmem_cache_alloc(mnt_cachep, GFP_KERNEL | __GFP_ZERO);

	if (!mnt)
		return NULL;
	mnt->mnt_devname = kstrdup(devname ?: "none", GFP_KERNEL);
	if (!mnt->mnt_devname) {
		kmem_cache_free(mnt_cachep, mnt);
		return NULL;
	}
	mutex_lock(&mnt_id_lock);
	mnt->mnt_id = ida_alloc_range(&mnt_ids, 1, INT_MAX, GFP_KERNEL);
	mutex_unlock(&mnt_id_lock);
	atomic_set(&mnt->mnt_count, 1);
	INIT_HLIST_NODE(&mnt->mnt_hash);
	INIT_LIST_HEAD(&mnt->mnt_mounts);
	INIT_LIST_HEAD(&mnt->mnt_child);
	INIT_LIST_HEAD(&mnt->mnt_list);
	mnt->mnt_root = root;
	mnt->mnt_sb = root->d_sb;
	mnt->mnt_parent = mnt;
	mnt->mnt_mountpoint = root;
	return mnt;
}

void mntput(struct vfsmount *mnt)
{
	struct super_block *sb;

	if (!mnt || !atomic_dec_and_test(&mnt->mnt_count))
		return;
	sb = mnt->mnt_sb;
	WARN_ON(!list_empty(&mnt->mnt_mounts));
	dput(mnt->mnt_root);
	deactivate_super(sb);
	mutex_lock(&mnt_id_lock);
	if (mnt->mnt_id > 0)
		ida_free(&mnt_ids, mnt->mnt_id);
	mutex_unlock(&mnt_id_lock);
	kfree(mnt->mnt_devname);
	kmem_cache_free(mnt_cachep, mnt);
}

struct vfsmount *vfs_kern_mount(struct file_system_type *type, int sb_flags, const char *name,
				void *data)
{
	struct dentry *root = type->mount(type, sb_flags, name, data);
	struct super_block *sb;
	struct vfsmount *mnt;

	if (IS_ERR(root))
		return ERR_CAST(root);
	mnt = alloc_vfsmnt(root, name);
	if (!mnt) {
		sb = root->d_sb;
		dput(root);
		deactivate_super(sb);
		return ERR_PTR(-ENOMEM);
	}
	return mnt;
}

/* A mount of the kernel's own, which is never in the tree. */
struct vfsmount *kern_mount(struct file_system_type *type)
{
	struct vfsmount *mnt = vfs_kern_mount(type, SB_KERNMOUNT, type->name, NULL);

	if (!IS_ERR(mnt))
		mnt->mnt_flags |= MNT_INTERNAL;
	return mnt;
}

int mnt_want_write(struct vfsmount *mnt)
{
	if ((mnt->mnt_flags & MNT_READONLY) || (mnt->mnt_sb->s_flags & SB_RDONLY))
		return -EROFS;
	return 0;
}

/* ---- the tree: namespace_sem is held for write ------------------------------------------- */

/* Hangs mnt on path, on top of what is mounted there; the tree takes over mnt's reference. */
void attach_mnt(struct vfsmount *mnt, const struct path *path)
{
	path_get(path);
	write_lock(&dcache_lock);
	mnt->mnt_parent = path->mnt;
	mnt->mnt_mountpoint = path->dentry;
	path->dentry->d_flags |= DCACHE_MOUNTED;
	hlist_add_head(&mnt->mnt_hash, m_bucket(path->mnt, path->dentry));
	list_add_tail(&mnt->mnt_child, &path->mnt->mnt_mounts);
	if (list_empty(&mnt->mnt_list))
		list_add_tail(&mnt->mnt_list, &mount_list);
	write_unlock(&dcache_lock);
}

/* Whether anything else is mounted on the dentry, in whatever mount. dcache_lock is held. */
static bool still_mountpoint(struct dentry *dentry)
{
	struct vfsmount *p;

	list_for_each_entry (p, &mount_list, mnt_list) {
		if (p->mnt_mountpoint == dentry && p->mnt_parent != p)
			return true;
	}
	return false;
}

/* Takes mnt from its place, which goes to *old with its references. */
void detach_mnt(struct vfsmount *mnt, struct path *old)
{
	write_lock(&dcache_lock);
	old->mnt = mnt->mnt_parent;
	old->dentry = mnt->mnt_mountpoint;
	hlist_del_init(&mnt->mnt_hash);
	list_del_init(&mnt->mnt_child);
	mnt->mnt_parent = mnt;
	mnt->mnt_mountpoint = mnt->mnt_root;
	if (!still_mountpoint(old->dentry))
		old->dentry->d_flags &= ~DCACHE_MOUNTED;
	write_unlock(&dcache_lock);
}

/* The mounts on mnt, as umount_tree(). */
void umount_children(struct vfsmount *mnt, struct list_head *dead)
{
	while (!list_empty(&mnt->mnt_mounts))
		umount_tree(list_first_entry(&mnt->mnt_mounts, struct vfsmount, mnt_child), dead);
}

/*
 * Takes mnt and all mounts below it out of the tree, and collects them, linked by mnt_list, on
 * dead: the caller calls drop_mounts() after it has released namespace_sem.
 */
void umount_tree(struct vfsmount *mnt, struct list_head *dead)
{
	struct path old;

	umount_children(mnt, dead);
	detach_mnt(mnt, &old);
	write_lock(&dcache_lock);
	list_move_tail(&mnt->mnt_list, dead);
	mnt->mnt_mountpoint = old.dentry; /* its references are dropped with it */
	mnt->mnt_parent = old.mnt;
	write_unlock(&dcache_lock);
}

void drop_mounts(struct list_head *dead)
{
	struct vfsmount *mnt, *next;
	struct path old;

	list_for_each_entry_safe (mnt, next, dead, mnt_list) {
		write_lock(&dcache_lock);
		list_del_init(&mnt->mnt_list);
		old.mnt = mnt->mnt_parent;
		old.dentry = mnt->mnt_mountpoint;
		mnt->mnt_parent = mnt;
		mnt->mnt_mountpoint = mnt->mnt_root;
		write_unlock(&dcache_lock);
		path_put(&old);
		mntput(mnt);
	}
}

/* ---- start-up ---------------------------------------------------------------------------- */

/* The root of everything is a tmpfs, which the initramfs is unpacked into. */
static void init_mount_tree(void)
{
	struct file_system_type *type = get_fs_type("tmpfs");
	struct vfsmount *mnt;
	struct path root;

	mnt = vfs_kern_mount(type, 0, "rootfs", NULL);
	if (IS_ERR(mnt))
		panic("cannot make the root file system: error %ld", PTR_ERR(mnt));
	mnt->mnt_flags = MNT_RELATIME;
	list_add_tail(&mnt->mnt_list, &mount_list);
	root.mnt = mnt;
	root.dentry = mnt->mnt_root;
	current->fs = &init_fs;
	set_fs_root(&init_fs, &root);
	set_fs_pwd(&init_fs, &root);
}

void mnt_init(void)
{
	init_rwsem_rank(&namespace_sem, RANK_NAMESPACE);
	mnt_cachep = KMEM_CACHE(vfsmount, SLAB_PANIC);
	init_tmpfs();
	init_mount_tree();
}

void vfs_caches_init(void)
{
	namei_init();
	dcache_init();
	inode_init();
	files_init();
	fdtable_init();
	fs_struct_init();
	locks_init();
	mnt_init();
	pipe_init();
	anon_inode_init();
	userfaultfd_init();
}
