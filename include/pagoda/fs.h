/* SPDX-License-Identifier: MIT */
/*
 * fs.h - the objects of the file system layer; what fs/ does with them is in fs_calls.h.
 *
 *	file_system_type   a kind of file system, by name		   fs/super.c
 *	super_block	   one instance of it				   fs/super.c
 *	inode		   a file, directory, link, device, pipe	   fs/inode.c
 *	dentry		   a name of an inode in a directory		   <pagoda/dcache.h>
 *	vfsmount	   a super_block's tree at a place of the whole    <pagoda/mount.h>
 *	file		   an open file: position, mode, operations	   <pagoda/file.h>
 *	address_space	   the pages of an inode			   <pagoda/pagemap.h>
 *
 * Locks, outermost first: f_pos_lock, namespace_sem, s_vfs_rename_mutex, i_rwsem (parent before
 * child; of two unrelated directories the lower address first), pipe mutex, mmap_lock, ...,
 * files_struct.file_lock, dcache_lock, inode.i_lock.
 */
#ifndef PAGODA_FS_H
#define PAGODA_FS_H

#include <pagoda/types.h>
#include <pagoda/list.h>
#include <pagoda/err.h>
#include <pagoda/atomic.h>
#include <pagoda/spinlock.h>
#include <pagoda/mutex.h>
#include <pagoda/path.h>
#include <pagoda/dcache.h>
#include <pagoda/file.h>
#include <pagoda/time64.h>
#include <pagoda/uio.h>
#include <pagoda/pagemap.h>
#include <uapi/fcntl.h>
#include <uapi/stat.h>
#include <uapi/dirent.h>

struct cdev;
struct cred;
struct file;
struct file_lock_context;
struct file_system_type;
struct iattr;
struct inode;
struct kiocb;
struct kstat;
struct kstatfs;
struct pipe_inode_info;
struct poll_table_struct;
struct seq_file;
struct super_block;
struct vm_area_struct;

#define MAX_LFS_FILESIZE ((loff_t)0x7fffffffffffffffLL)
#define MAX_RW_COUNT	 (0x7fffffffUL & ~4095UL) /* most that one read or write moves */

/* ---- directories being listed ------------------------------------------------------------ */

struct dir_context;
/* Takes one entry; false: no room, or another reason to stop before it. */
typedef bool (*filldir_t)(struct dir_context *ctx, const char *name, int namelen, loff_t pos,
			  u64 ino, unsigned int d_type);

struct dir_context {
	filldir_t actor;
	loff_t pos;
};

static inline bool dir_emit(struct dir_context *ctx, const char *name, int namelen, u64 ino,
			    unsigned int type)
{
	return ctx->actor(ctx, name, namelen, ctx->pos, ino, type);
}

/* ---- operations -------------------------------------------------------------------------- */

/* One read or write under way. */
struct kiocb {
	struct file *ki_filp;
	loff_t ki_pos;
	int ki_flags; /* IOCB_* */
};

#define IOCB_APPEND 0x02
#define IOCB_NOWAIT 0x08
#define IOCB_SYNC   0x04

/* Give read and write, or read_iter and write_iter; the layer makes each of the other. */
struct file_operations {
	loff_t (*llseek)(struct file *, loff_t, int);
	ssize_t (*read)(struct file *, char __user *, size_t, loff_t *);
	ssize_t (*write)(struct file *, const char __user *, size_t, loff_t *);
	ssize_t (*read_iter)(struct kiocb *, struct iov_iter *);
	ssize_t (*write_iter)(struct kiocb *, struct iov_iter *);
	int (*iterate_shared)(struct file *, struct dir_context *); /* i_rwsem held for read */
	__poll_t (*poll)(struct file *, struct poll_table_struct *);
	long (*unlocked_ioctl)(struct file *, unsigned int cmd, unsigned long arg);
	int (*mmap)(struct file *, struct vm_area_struct *); /* mmap_lock held for write */
	unsigned long (*get_unmapped_area)(struct file *, unsigned long addr, unsigned long len,
					   unsigned long pgoff, unsigned long flags);
	int (*open)(struct inode *, struct file *);
	int (*flush)(struct file *, void *owner);      /* at each close(2) */
	int (*release)(struct inode *, struct file *); /* when the last reference goes */
	int (*fsync)(struct file *, loff_t start, loff_t end, int datasync);
	long (*fallocate)(struct file *, int mode, loff_t offset, loff_t len);
	void (*show_fdinfo)(struct seq_file *m, struct file *f);
};

struct inode_operations {
	/* directories; the directory's i_rwsem is held */
	struct dentry *(*lookup)(struct inode *dir, struct dentry *, unsigned int flags);
	int (*create)(struct inode *dir, struct dentry *, umode_t mode, bool excl);
	int (*link)(struct dentry *old, struct inode *dir, struct dentry *);
	int (*unlink)(struct inode *dir, struct dentry *);
	int (*symlink)(struct inode *dir, struct dentry *, const char *target);
	int (*mkdir)(struct inode *dir, struct dentry *, umode_t mode);
	int (*rmdir)(struct inode *dir, struct dentry *);
	int (*mknod)(struct inode *dir, struct dentry *, umode_t mode, dev_t dev);
	int (*rename)(struct inode *olddir, struct dentry *old, struct inode *newdir,
		      struct dentry *new, unsigned int flags);
	int (*tmpfile)(struct inode *dir, struct dentry *, umode_t mode);
	/*
	 * Symbolic links: the target as a string that lives as long as the inode (or until *done is
	 * kfree'd: set it for an allocated one). A magic link fills *jump, with references, and
	 * returns NULL. i_link set in the inode makes this call needless.
	 */
	const char *(*get_link)(struct dentry *, struct inode *, struct path *jump, void **done);
	int (*readlink)(struct dentry *, char __user *buf, int buflen); /* default: get_link */
	/* every inode */
	int (*permission)(struct inode *, int mask);	 /* default: generic_permission */
	int (*setattr)(struct dentry *, struct iattr *); /* i_rwsem held; default: simple_setattr */
	int (*getattr)(const struct path *, struct kstat *, u32 request_mask, unsigned int flags);
};

struct super_operations {
	struct inode *(*alloc_inode)(struct super_block *sb); /* default: a plain struct inode */
	void (*free_inode)(struct inode *);
	void (*evict_inode)(
		struct inode *); /* no reference is left: free data, end in clear_inode */
	int (*drop_inode)(struct inode *);
	int (*write_inode)(struct inode *, int sync);
	int (*sync_fs)(struct super_block *sb, int wait);
	int (*statfs)(struct dentry *, struct kstatfs *);
	int (*remount_fs)(struct super_block *, int *flags, char *data);
	void (*put_super)(struct super_block *);
	int (*show_options)(struct seq_file *, struct dentry *root);
};

/* ---- attributes -------------------------------------------------------------------------- */

struct iattr {
	unsigned int ia_valid; /* ATTR_* */
	umode_t ia_mode;
	uid_t ia_uid;
	gid_t ia_gid;
	loff_t ia_size;
	struct timespec64 ia_atime, ia_mtime, ia_ctime;
	struct file *ia_file;
};

#define ATTR_MODE      0x0001
#define ATTR_UID       0x0002
#define ATTR_GID       0x0004
#define ATTR_SIZE      0x0008
#define ATTR_ATIME     0x0010
#define ATTR_MTIME     0x0020
#define ATTR_CTIME     0x0040
#define ATTR_ATIME_SET 0x0080
#define ATTR_MTIME_SET 0x0100
#define ATTR_FORCE     0x0200
#define ATTR_KILL_SUID 0x0800
#define ATTR_KILL_SGID 0x1000
#define ATTR_FILE      0x2000
#define ATTR_OPEN      0x8000
#define ATTR_TOUCH     0x20000

/* ---- inode ------------------------------------------------------------------------------- */

struct inode {
	umode_t i_mode; /* this group: i_rwsem for write */
	uid_t i_uid;
	gid_t i_gid;
	unsigned int i_nlink;
	loff_t i_size;
	struct timespec64 i_atime, i_mtime, i_ctime, i_btime; /* atime: no lock */

	unsigned long i_ino;
	dev_t i_rdev;
	unsigned int i_flags; /* S_* */
	u8 i_blkbits;
	u64 i_blocks; /* of 512 bytes; tmpfs: stat_lock of the super block */

	const struct inode_operations *i_op;
	const struct file_operations *i_fop; /* f_op of its files */
	struct super_block *i_sb;
	struct address_space *i_mapping; /* &i_data, but for a device's */
	struct address_space i_data;

	atomic_t i_count;
	atomic_t i_writecount; /* > 0: open for writing so often; < 0: writing denied (executing) */
	spinlock_t i_lock;
	struct rw_semaphore i_rwsem;
	unsigned long i_state; /* I_*; i_lock */
	struct list_head i_sb_list;
	struct hlist_head i_dentry; /* names; dcache_lock */
	struct file_lock_context *i_flctx;
	union {
		struct pipe_inode_info *i_pipe;
		char *i_link; /* target of a symbolic link, if in memory; freed by its file system
			       */
		unsigned long i_dir_cookie; /* libfs directories: the last d_cookie given */
	};
	void *i_private;
};

/* i_flags */
#define S_NOATIME   0x002
#define S_APPEND    0x004
#define S_IMMUTABLE 0x008
#define S_PRIVATE   0x200

/* i_state */
#define I_FREEING  0x20
#define I_CLEAR	   0x40
#define I_LINKABLE 0x400 /* O_TMPFILE: may get its first name by linkat() */

#define IS_RDONLY(inode)    ((inode)->i_sb->s_flags & SB_RDONLY)
#define IS_APPEND(inode)    ((inode)->i_flags & S_APPEND)
#define IS_IMMUTABLE(inode) ((inode)->i_flags & S_IMMUTABLE)
#define IS_DEADDIR(inode)   (S_ISDIR((inode)->i_mode) && (inode)->i_nlink == 0)

#define MAY_EXEC   0x01
#define MAY_WRITE  0x02
#define MAY_READ   0x04
#define MAY_APPEND 0x08
#define MAY_ACCESS 0x10
#define MAY_OPEN   0x20
#define MAY_CHDIR  0x40

static inline loff_t i_size_read(const struct inode *inode)
{
	return READ_ONCE(inode->i_size);
}

static inline void i_size_write(struct inode *inode, loff_t size)
{
	WRITE_ONCE(inode->i_size, size);
}

static inline void inode_lock(struct inode *inode)
{
	down_write(&inode->i_rwsem);
}

static inline void inode_lock_nested(struct inode *inode)
{
	down_write_nested(&inode->i_rwsem);
}

static inline void inode_unlock(struct inode *inode)
{
	up_write(&inode->i_rwsem);
}

static inline void inode_lock_shared(struct inode *inode)
{
	down_read(&inode->i_rwsem);
}

static inline void inode_unlock_shared(struct inode *inode)
{
	up_read(&inode->i_rwsem);
}

/* ---- super block, file system type ------------------------------------------------------- */

struct super_block {
	struct list_head s_list;
	dev_t s_dev;
	unsigned long s_blocksize;
	u8 s_blocksize_bits;
	loff_t s_maxbytes;
	unsigned long s_flags; /* SB_* */
	unsigned long s_magic;
	u32 s_time_gran; /* ns */
	struct file_system_type *s_type;
	const struct super_operations *s_op;
	const struct dentry_operations *s_d_op; /* of every new dentry */
	struct dentry *s_root;
	atomic_t s_active; /* mounts, and other users */
	struct rw_semaphore s_umount;
	struct mutex s_vfs_rename_mutex;
	spinlock_t s_inode_list_lock;
	struct list_head s_inodes;
	void *s_fs_info;
	char s_id[32];
};

#define SB_RDONLY      1
#define SB_NOSUID      2
#define SB_NODEV       4
#define SB_NOEXEC      8
#define SB_SYNCHRONOUS 16
#define SB_NOATIME     1024
#define SB_NODIRATIME  2048
#define SB_SILENT      32768
#define SB_KERNMOUNT   (1 << 22)
#define SB_DCACHE_ONLY (1 << 27) /* names exist in the dcache only: a miss is ENOENT */
#define SB_NOUSER      (1U << 31)

struct file_system_type {
	const char *name;
	int fs_flags; /* FS_* */
	/* The root of a (maybe new) instance, counted, or an ERR_PTR. data: options or NULL. */
	struct dentry *(*mount)(struct file_system_type *, int flags, const char *dev_name,
				void *data);
	void (*kill_sb)(struct super_block *);
	struct file_system_type *next;
};

#define FS_REQUIRES_DEV 1
#define FS_USERNS_MOUNT 8
#define FS_NOMOUNT	64 /* only for kern_mount() */

/* ---- open file --------------------------------------------------------------------------- */

#define FMODE_READ	      0x1
#define FMODE_WRITE	      0x2
#define FMODE_LSEEK	      0x4
#define FMODE_PREAD	      0x8
#define FMODE_PWRITE	      0x10
#define FMODE_EXEC	      0x20
#define FMODE_PATH	      0x4000
#define FMODE_ATOMIC_POS      0x8000
#define FMODE_WRITER	      0x10000 /* counted in i_writecount */
#define FMODE_CAN_READ	      0x20000
#define FMODE_CAN_WRITE	      0x40000
#define FMODE_OPENED	      0x80000
#define FMODE_CREATED	      0x100000
#define FMODE_UNSIGNED_OFFSET 0x2000 /* positions are addresses */
#define FMODE_STREAM	      0x200000
#define __FMODE_EXEC	      0x20 /* in open flags, from exec */

/* Who gets SIGIO (F_SETOWN). */
struct fown_struct {
	int type; /* F_OWNER_* */
	pid_t pid;
	int signum;
};

struct file {
	atomic_long_t f_count;
	unsigned int f_flags; /* O_*; f_lock */
	fmode_t f_mode;
	const struct file_operations *f_op;
	struct inode *f_inode;
	struct path f_path;
	struct address_space *f_mapping;
	void *private_data;
	struct mutex f_pos_lock;
	loff_t f_pos; /* f_pos_lock, where several could use it */
	spinlock_t f_lock;
	struct fown_struct f_owner;
	const struct cred *f_cred; /* who opened it */
	struct list_head f_ep;	   /* epoll items that watch it; f_lock, fs/eventpoll.c */
	void *f_security;
};

static inline struct file *get_file(struct file *f)
{
	atomic_long_inc(&f->f_count);
	return f;
}

static inline long file_count(const struct file *f)
{
	return atomic_long_read(&f->f_count);
}

static inline struct inode *file_inode(const struct file *f)
{
	return f->f_inode;
}

static inline struct dentry *file_dentry(const struct file *f)
{
	return f->f_path.dentry;
}

/* Called by fput() for a file that epoll watches; set by fs/eventpoll.c. */
extern void (*eventpoll_release_hook)(struct file *file);

#include <pagoda/fs_calls.h>

#endif
