/* SPDX-License-Identifier: MIT */
/*
 * fs_calls.h - the functions of the file system layer, by the file that defines them.
 *
 * Part of <pagoda/fs.h>, which has the structures and is what others include.
 */
#ifndef PAGODA_FS_CALLS_H
#define PAGODA_FS_CALLS_H

#ifndef PAGODA_FS_H
#error "include <pagoda/fs.h>"
#endif

/* ---- fs/super.c -------------------------------------------------------------------------- */

int register_filesystem(struct file_system_type *fs);
struct file_system_type *get_fs_type(const char *name);
int show_filesystems(struct seq_file *m); /* /proc/filesystems */
struct dentry *mount_nodev(struct file_system_type *type, int flags, void *data,
			   int (*fill_super)(struct super_block *, void *data, int silent));
/* All mounts show one instance. */
struct dentry *mount_single(struct file_system_type *type, int flags, void *data,
			    int (*fill_super)(struct super_block *, void *data, int silent));
/* A super block for objects without names: pipes, anonymous inodes. */
struct dentry *mount_pseudo(struct file_system_type *type, unsigned long magic,
			    const struct super_operations *ops,
			    const struct dentry_operations *dops);
void kill_anon_super(struct super_block *sb);
void kill_litter_super(struct super_block *sb); /* for SB_DCACHE_ONLY trees */
void deactivate_super(struct super_block *sb);
void sync_filesystems(int wait);
int sync_filesystem(struct super_block *sb);

/* ---- fs/inode.c -------------------------------------------------------------------------- */

void inode_init(void);
struct inode *new_inode(struct super_block *sb);
struct inode *new_inode_pseudo(struct super_block *sb);
umode_t vfs_prepare_mode(const struct inode *dir, umode_t mode); /* umask and more */
void inode_init_owner(struct inode *inode, const struct inode *dir, umode_t mode);
void init_special_inode(struct inode *inode, umode_t mode, dev_t rdev);
unsigned int get_next_ino(void);
void iput(struct inode *inode);
void ihold(struct inode *inode);
void clear_inode(struct inode *inode);
void clear_nlink(struct inode *inode);
void set_nlink(struct inode *inode, unsigned int nlink);
void inc_nlink(struct inode *inode);
void drop_nlink(struct inode *inode);
struct timespec64 current_time(struct inode *inode);
void touch_atime(const struct path *path);
void file_accessed(struct file *file);
int file_update_time(struct file *file); /* mtime and ctime, before a write */
int file_remove_privs(struct file *file);
int get_write_access(struct inode *inode); /* -ETXTBSY while it is executed */
void put_write_access(struct inode *inode);
int deny_write_access(struct file *file); /* -ETXTBSY while it is open for writing */
void allow_write_access(struct file *file);
long get_nr_inodes(void);

/* ---- fs/attr.c --------------------------------------------------------------------------- */

int setattr_prepare(struct dentry *dentry, struct iattr *attr);
void setattr_copy(struct inode *inode, const struct iattr *attr);
int notify_change(struct dentry *dentry, struct iattr *attr);	/* i_rwsem held */
int inode_newsize_ok(const struct inode *inode, loff_t offset); /* EFBIG, SIGXFSZ */
int do_truncate(struct dentry *dentry, loff_t length, unsigned int time_attrs, struct file *filp);
int vfs_utimes(const struct path *path, struct timespec64 times[2]);

/* ---- fs/open.c --------------------------------------------------------------------------- */

struct file *filp_open(const char *filename, int flags, umode_t mode);
struct file *dentry_open(const struct path *path, int flags, const struct cred *cred);
int vfs_open(const struct path *path, struct file *file);
int filp_close(struct file *file, void *id);
long do_sys_open(int dfd, const char __user *filename, int flags, umode_t mode);
int vfs_fallocate(struct file *file, int mode, loff_t offset, loff_t len);
int nonseekable_open(struct inode *inode, struct file *filp);
int stream_open(struct inode *inode, struct file *filp);

/* ---- fs/namei.c -------------------------------------------------------------------------- */

struct filename;
struct file *do_filp_open(int dfd, struct filename *name, int flags, umode_t mode);
int vfs_create(struct inode *dir, struct dentry *dentry, umode_t mode, bool want_excl);
int vfs_mkdir(struct inode *dir, struct dentry *dentry, umode_t mode);
int vfs_mknod(struct inode *dir, struct dentry *dentry, umode_t mode, dev_t dev);
int vfs_symlink(struct inode *dir, struct dentry *dentry, const char *oldname);
int vfs_link(struct dentry *old_dentry, struct inode *dir, struct dentry *new_dentry);
int vfs_rmdir(struct inode *dir, struct dentry *dentry);
int vfs_unlink(struct inode *dir, struct dentry *dentry);
int vfs_rename(struct inode *old_dir, struct dentry *old_dentry, struct inode *new_dir,
	       struct dentry *new_dentry, unsigned int flags);
int vfs_readlink(struct dentry *dentry, char __user *buffer, int buflen);
/* Where a magic link leads, as a path name; consumes the references. Bytes or -errno. */
int readlink_path(char __user *buffer, int buflen, const struct path *path);
/* For boot code and kernel threads: names are kernel strings. */
int init_mkdir(const char *pathname, umode_t mode);
int init_mknod(const char *pathname, umode_t mode, dev_t dev);
int init_symlink(const char *oldname, const char *newname);
int init_link(const char *oldname, const char *newname);
int init_unlink(const char *pathname);
int init_rmdir(const char *pathname);
int init_chown(const char *pathname, uid_t uid, gid_t gid);
int init_chmod(const char *pathname, umode_t mode);
int init_utimes(const char *pathname, struct timespec64 *ts);

/* ---- fs/read_write.c --------------------------------------------------------------------- */

ssize_t vfs_read(struct file *file, char __user *buf, size_t count, loff_t *pos);
ssize_t vfs_write(struct file *file, const char __user *buf, size_t count, loff_t *pos);
/* Memory of the kernel; need read_iter/write_iter (EINVAL). */
ssize_t kernel_read(struct file *file, void *buf, size_t count, loff_t *pos);
ssize_t kernel_write(struct file *file, const void *buf, size_t count, loff_t *pos);
int rw_verify_area(int read_write, struct file *file, const loff_t *pos, size_t count);
loff_t vfs_llseek(struct file *file, loff_t offset, int whence);
loff_t no_llseek(struct file *file, loff_t offset, int whence);	  /* ESPIPE */
loff_t noop_llseek(struct file *file, loff_t offset, int whence); /* does nothing */
loff_t default_llseek(struct file *file, loff_t offset, int whence);
loff_t generic_file_llseek(struct file *file, loff_t offset, int whence);
loff_t generic_file_llseek_size(struct file *file, loff_t offset, int whence, loff_t maxsize,
				loff_t eof);
loff_t vfs_setpos(struct file *file, loff_t offset, loff_t maxsize);
/* Before a write of iter's count at ki_pos: append, RLIMIT_FSIZE, s_maxbytes. Bytes or -errno. */
ssize_t generic_write_checks(struct kiocb *iocb, struct iov_iter *from);

static inline void init_sync_kiocb(struct kiocb *kiocb, struct file *filp)
{
	*kiocb = (struct kiocb){
		.ki_filp = filp,
		.ki_pos = filp->f_pos,
		.ki_flags = (filp->f_flags & O_APPEND ? IOCB_APPEND : 0) |
			    (filp->f_flags & O_DSYNC ? IOCB_SYNC : 0),
	};
}

/* ---- fs/stat.c, fs/statfs.c, fs/sync.c, fs/readdir.c ------------------------------------- */

void generic_fillattr(struct inode *inode, struct kstat *stat);
int vfs_getattr(const struct path *path, struct kstat *stat, u32 request_mask, unsigned int flags);
int vfs_statfs(const struct path *path, struct kstatfs *buf);
int vfs_fsync(struct file *file, int datasync);
int vfs_fsync_range(struct file *file, loff_t start, loff_t end, int datasync);
int iterate_dir(struct file *file, struct dir_context *ctx);

static inline unsigned char fs_umode_to_dtype(umode_t mode)
{
	return (mode & S_IFMT) >> 12;
}

/* ---- fs/ioctl.c, fs/fcntl.c, fs/locks.c, fs/splice.c ------------------------------------- */

long vfs_ioctl(struct file *file, unsigned int cmd, unsigned long arg);
void locks_init(void);					 /* caches */
void locks_remove_posix(struct file *file, void *owner); /* at close(2) */
void locks_remove_file(struct file *file);		 /* at the last fput() */
void locks_free_lock_context(struct inode *inode);
long memfd_fcntl(struct file *file, unsigned int cmd, unsigned long arg);

/* ---- fs/libfs.c: directories whose names live in the dcache, and other common methods ----- */

struct dentry *simple_lookup(struct inode *dir, struct dentry *dentry, unsigned int flags);
int simple_setattr(struct dentry *dentry, struct iattr *attr);
int simple_statfs(struct dentry *dentry, struct kstatfs *buf);
int simple_link(struct dentry *old_dentry, struct inode *dir, struct dentry *dentry);
int simple_unlink(struct inode *dir, struct dentry *dentry);
int simple_rmdir(struct inode *dir, struct dentry *dentry);
int simple_rename(struct inode *old_dir, struct dentry *old_dentry, struct inode *new_dir,
		  struct dentry *new_dentry, unsigned int flags);
bool simple_empty(struct dentry *dentry);
/* Makes a new name real: takes the reference that keeps it, gives it its readdir position. */
void simple_add_name(struct inode *dir, struct dentry *dentry, struct inode *inode);
ssize_t simple_read_from_buffer(void __user *to, size_t count, loff_t *ppos, const void *from,
				size_t available);
int dcache_readdir(struct file *file, struct dir_context *ctx);
int noop_fsync(struct file *file, loff_t start, loff_t end, int datasync);
ssize_t generic_read_dir(struct file *filp, char __user *buf, size_t siz,
			 loff_t *ppos); /* EISDIR */
const char *simple_get_link(struct dentry *dentry, struct inode *inode, struct path *jump,
			    void **done); /* i_link */

extern const struct file_operations simple_dir_operations;
extern const struct inode_operations simple_dir_inode_operations;
extern const struct inode_operations simple_symlink_inode_operations;

static inline bool dir_emit_dot(struct file *file, struct dir_context *ctx)
{
	return ctx->actor(ctx, ".", 1, ctx->pos, file->f_path.dentry->d_inode->i_ino, DT_DIR);
}

static inline bool dir_emit_dotdot(struct file *file, struct dir_context *ctx)
{
	return ctx->actor(ctx, "..", 2, ctx->pos, file->f_path.dentry->d_parent->d_inode->i_ino,
			  DT_DIR);
}

/* Emits . and .. at positions 0 and 1; false: stop here. */
static inline bool dir_emit_dots(struct file *file, struct dir_context *ctx)
{
	if (ctx->pos == 0) {
		if (!dir_emit_dot(file, ctx))
			return false;
		ctx->pos = 1;
	}
	if (ctx->pos == 1) {
		if (!dir_emit_dotdot(file, ctx))
			return false;
		ctx->pos = 2;
	}
	return true;
}

/* ---- fs/char_dev.c: character devices by number ------------------------------------------ */

int register_chrdev(unsigned int major, const char *name, const struct file_operations *fops);
/* Only minors baseminor .. baseminor + count - 1. EBUSY. */
int __register_chrdev(unsigned int major, unsigned int baseminor, unsigned int count,
		      const char *name, const struct file_operations *fops);
int show_devices(struct seq_file *m); /* /proc/devices */
extern const struct file_operations def_chr_fops;
extern const struct file_operations def_blk_fops;

static inline unsigned int iminor(const struct inode *inode)
{
	return MINOR(inode->i_rdev);
}

static inline unsigned int imajor(const struct inode *inode)
{
	return MAJOR(inode->i_rdev);
}

/* ---- start-up, in this order ------------------------------------------------------------- */

void vfs_caches_init(void); /* caches, file systems of this directory, the root mount */
int populate_rootfs(void);  /* fs/initramfs.c: unpack the initramfs, free its memory */
void init_tmpfs(void);	    /* fs/tmpfs.c */

#endif
