/* SPDX-License-Identifier: MIT */
/*
 * mount.h - mounts: a file system's tree hung on a dentry of another.
 *
 * One namespace for all. The mount tree (mnt_parent, mnt_mountpoint, lists, the mount hash) changes
 * with namespace_sem held for write and dcache_lock held for write; either is enough to read it.
 */
#ifndef PAGODA_MOUNT_H
#define PAGODA_MOUNT_H

#include <pagoda/types.h>
#include <pagoda/list.h>
#include <pagoda/atomic.h>
#include <pagoda/mutex.h>
#include <pagoda/path.h>
#include <uapi/mount.h>

struct file_system_type;
struct seq_file;
struct super_block;

#define MNT_NOSUID	0x01
#define MNT_NODEV	0x02
#define MNT_NOEXEC	0x04
#define MNT_NOATIME	0x08
#define MNT_NODIRATIME	0x10
#define MNT_RELATIME	0x20
#define MNT_READONLY	0x40
#define MNT_NOSYMFOLLOW 0x80
#define MNT_INTERNAL	0x4000

struct vfsmount {
	struct dentry *mnt_root; /* what is shown at the mount point */
	struct super_block *mnt_sb;
	int mnt_flags; /* MNT_* */
	int mnt_id;
	atomic_t mnt_count;
	atomic_t mnt_writers;	     /* files open for writing through this mount */
	struct vfsmount *mnt_parent; /* itself: root of the tree, or not attached */
	struct dentry *mnt_mountpoint;
	struct hlist_node mnt_hash;  /* by parent and mount point */
	struct list_head mnt_mounts; /* mounts on this one */
	struct list_head mnt_child;
	struct list_head mnt_list; /* all attached mounts, in order of mounting */
	const char *mnt_devname;
};

extern struct rw_semaphore namespace_sem;

static inline struct vfsmount *mntget(struct vfsmount *mnt)
{
	if (mnt)
		atomic_inc(&mnt->mnt_count);
	return mnt;
}

/* fs/namespace.c */
void mnt_init(void); /* mounts the root file system and makes it the root of init_task */
void mntput(struct vfsmount *mnt);
struct vfsmount *kern_mount(struct file_system_type *type); /* not attached to the tree */
struct vfsmount *__lookup_mnt(struct vfsmount *mnt, struct dentry *dentry); /* dcache_lock held */
bool follow_down_locked(struct path *path); /* to the top mount there; dcache_lock held */
int do_mount(const char *dev_name, const struct path *path, const char *type, unsigned long flags,
	     void *data);		  /* data: options, a string */
int mnt_want_write(struct vfsmount *mnt); /* 0 or -EROFS */
static inline void mnt_drop_write(struct vfsmount *mnt)
{
}
/* The lines of /proc/PID/mounts and /proc/PID/mountinfo, as seen from root. */
int show_mounts(struct seq_file *m, const struct path *root);
int show_mountinfo(struct seq_file *m, const struct path *root);
/* init_mount("tmpfs", "/dev/shm", ...) and the like, for the boot code */
int init_mount(const char *dev_name, const char *dir_name, const char *type, unsigned long flags,
	       void *data);
int init_umount(const char *dir_name, int flags);

#endif
