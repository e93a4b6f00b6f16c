// SPDX-License-Identifier: MIT
/*
 * fs/file_table.c - struct file: made by open, freed with its last reference.
 */
#include <pagoda/kernel.h>
#include <pagoda/cred.h>
#include <pagoda/fs.h>
#include <pagoda/mount.h>
#include <pagoda/namei.h>
#include <pagoda/poll.h>
#include <pagoda/sched.h>
#include <pagoda/slab.h>

static struct kmem_cache *filp_cachep;
static atomic_long_t nr_files;
unsigned long files_max;

/* Set by fs/eventpoll.c. */
void (*eventpoll_release_hook)(struct file *file);

/* fs.file-max: by default a tenth of the memory may be taken by open files. */
void files_init(void)
{
	filp_cachep = KMEM_CACHE(file, SLAB_PANIC | SLAB_ACCOUNT);
	files_max = nr_managed_pages() * (PAGE_SIZE / 1024) / 10;
	if (files_max < 8192)
		files_max = 8192;
}

long get_nr_files(void)
{
	return atomic_long_read(&nr_files);
}

/* The access mode of open flags as FMODE_READ and FMODE_WRITE; mode 3 is neither. */
static fmode_t open_fmode(int flags)
{
	return (((flags & O_ACCMODE) + 1) & O_ACCMODE) | (flags & __FMODE_EXEC);
}

/* A file that is not open yet; one reference. ERR_PTR: ENFILE, ENOMEM. */
struct file *alloc_empty_file(int flags)
{
	struct file *f;

	if (unlikely(get_nr_files() >= files_max) && !capable(CAP_SYS_ADMIN))
		return ERR_PTR(-ENFILE);
	f = kmem_cache_zalloc(filp_cachep, GFP_KERNEL);
	if (!f)
		return ERR_PTR(-ENOMEM);
	atomic_long_inc(&nr_files);
	atomic_long_set(&f->f_count, 1);
	f->f_flags = flags & ~(O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_CLOEXEC | __FMODE_EXEC);
	f->f_mode = open_fmode(flags);
	f->f_cred = get_current_cred();
	mutex_init_rank(&f->f_pos_lock, RANK_FILE_POS);
	spin_lock_init(&f->f_lock);
	INIT_LIST_HEAD(&f->f_ep);
	return f;
}

/* An open file for an object of the kernel; takes over the references of path. */
struct file *alloc_file(const struct path *path, int flags, const struct file_operations *fop)
{
	struct file *file = alloc_empty_file(flags);

	if (IS_ERR(file))
		return file;
	file->f_path = *path;
	file->f_inode = path->dentry->d_inode;
	file->f_mapping = file->f_inode->i_mapping;
	if (fop->llseek && fop->llseek != no_llseek)
		file->f_mode |= FMODE_LSEEK;
	if ((file->f_mode & FMODE_READ) && (fop->read || fop->read_iter))
		file->f_mode |= FMODE_CAN_READ;
	if ((file->f_mode & FMODE_WRITE) && (fop->write || fop->write_iter))
		file->f_mode |= FMODE_CAN_WRITE;
	file->f_mode |= FMODE_OPENED;
	file->f_op = fop;
	return file;
}

/* The same with a name that is nowhere; takes over the inode's reference, on success only. */
struct file *alloc_file_pseudo(struct inode *inode, struct vfsmount *mnt, const char *name,
			       int flags, const struct file_operations *fops)
{
	struct qstr this = QSTR_INIT(name, strlen(name));
	struct path path;
	struct file *file;

	path.dentry = d_alloc_pseudo(mnt->mnt_sb, &this);
	if (!path.dentry)
		return ERR_PTR(-ENOMEM);
	path.mnt = mntget(mnt);
	d_instantiate(path.dentry, inode);
	file = alloc_file(&path, flags, fops);
	if (IS_ERR(file)) {
		ihold(inode);
		path_put(&path);
	}
	return file;
}

static void __fput(struct file *file)
{
	struct inode *inode = file->f_inode;

	might_sleep();
	if (likely(file->f_mode & FMODE_OPENED)) {
		if (!list_empty(&file->f_ep))
			eventpoll_release_hook(file);
		if (inode->i_flctx)
			locks_remove_file(file);
		if (file->f_op->release)
			file->f_op->release(inode, file);
	}
	if (file->f_mode & FMODE_WRITER) {
		put_write_access(inode);
		atomic_dec(&file->f_path.mnt->mnt_writers);
	}
	if (file->f_path.dentry)
		path_put(&file->f_path);
	put_cred(file->f_cred);
	kmem_cache_free(filp_cachep, file);
	atomic_long_dec(&nr_files);
}

/* Drops a reference; with the last one the file is released before this returns. May sleep. */
void fput(struct file *file)
{
	if (atomic_long_dec_and_test(&file->f_count))
		__fput(file);
}
