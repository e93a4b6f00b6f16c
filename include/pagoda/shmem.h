/* SPDX-License-Identifier: MIT */
/*
 * shmem.h - memory as a file: the data of tmpfs files, shared anonymous memory, memfd.
 *
 * mm/shmem.c keeps the contents (pages, holes, limits, seals); fs/tmpfs.c keeps names and
 * directories. Pages stay in the page cache until the file is truncated or goes away.
 */
#ifndef PAGODA_SHMEM_H
#define PAGODA_SHMEM_H

#include <pagoda/types.h>
#include <pagoda/mm_types.h>
#include <pagoda/pagemap.h>
#include <pagoda/fs.h>

/* Limits of one tmpfs, in super_block.s_fs_info. 0 = no limit. */
struct shmem_sb_info {
	spinlock_t stat_lock;	  /* guards the counts, i_blocks too */
	unsigned long max_blocks; /* pages */
	unsigned long used_blocks;
	unsigned long max_inodes;
	unsigned long free_inodes;
	umode_t mode; /* of the root directory */
	uid_t uid;
	gid_t gid;
};

/* Every inode of a tmpfs. */
struct shmem_inode_info {
	struct inode vfs_inode;
	unsigned int seals;  /* F_SEAL_*; the inode's lock */
	unsigned long flags; /* VM_NORESERVE, VM_LOCKED of the object */
};

static inline struct shmem_inode_info *SHMEM_I(struct inode *inode)
{
	return container_of(inode, struct shmem_inode_info, vfs_inode);
}

static inline struct shmem_sb_info *SHMEM_SB(struct super_block *sb)
{
	return sb->s_fs_info;
}

/* What shmem_getpage() does with a hole. */
enum sgp_type {
	SGP_READ,   /* leave it: *pagep is NULL */
	SGP_CACHE,  /* fill it; beyond the end of the file: -EINVAL */
	SGP_WRITE,  /* fill it wherever it is; the page may come not uptodate, not zeroed */
	SGP_FALLOC, /* fill it wherever it is, with zeroes; not uptodate until somebody uses it */
};

/* ---- mm/shmem.c -------------------------------------------------------------------------- */

extern const struct vm_operations_struct shmem_vm_ops;
extern const struct file_operations shmem_file_operations; /* i_fop of regular files */

/* Sets the data half of a new inode up; regular files get shmem_aops. */
void shmem_init_inode(struct inode *inode, unsigned long flags);
/* All data goes; the inode's last moment. */
void shmem_evict_inode(struct inode *inode);

/* The page at index, locked, with a reference. 0, -ENOMEM, -ENOSPC, -EINVAL (sgp). */
int shmem_getpage(struct inode *inode, pgoff_t index, struct page **pagep, enum sgp_type sgp);
/* @page, locked, becomes the page at index, with a reference of the cache's. Also -EEXIST. */
int shmem_insert_page(struct inode *inode, pgoff_t index, struct page *page, enum sgp_type sgp);
vm_fault_t shmem_fault(struct vm_fault *vmf);
int shmem_mmap(struct file *file, struct vm_area_struct *vma);

ssize_t shmem_file_read_iter(struct kiocb *iocb, struct iov_iter *to);
long shmem_fallocate(struct file *file, int mode, loff_t offset, loff_t len);
/* Changes i_size; the inode's lock is held. -EPERM when sealed, -ENOMEM. */
int shmem_setsize(struct inode *inode, loff_t newsize);

/* An unlinked file of its own, as MAP_SHARED | MAP_ANONYMOUS and memfd need it. ERR_PTR. */
struct file *shmem_file_setup(const char *name, loff_t size, unsigned long flags);
/* Gives a shared anonymous VMA its object ("/dev/zero (deleted)" in maps). */
int shmem_zero_setup(struct vm_area_struct *vma);
bool shmem_file(struct file *file);
int shmem_add_seals(struct file *file, unsigned int seals);
int shmem_get_seals(struct file *file);

/* ---- fs/tmpfs.c -------------------------------------------------------------------------- */

/* A mount of tmpfs without limits and without a place: for files that have no name. */
extern struct vfsmount *shm_mnt;
/* A new inode; calls shmem_init_inode(). dir is NULL for files without a name. ERR_PTR. */
struct inode *shmem_get_inode(struct super_block *sb, const struct inode *dir, umode_t mode,
			      dev_t dev, unsigned long flags);

#endif
