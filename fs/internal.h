/* SPDX-License-Identifier: MIT */
/* fs/internal.h - what the files of fs/ share among themselves. */
#ifndef FS_INTERNAL_H
#define FS_INTERNAL_H

#include <pagoda/fs.h>
#include <pagoda/namei.h>
#include <uapi/elf.h>

enum last_type {
	LAST_NORM,
	LAST_ROOT, /* nothing is left: "/" alone, or the end of a magic link */
	LAST_DOT,
	LAST_DOTDOT,
};

/* A path walk: see fs/lookup.c. */
struct nameidata {
	struct path path; /* where it is */
	struct path held; /* last place with references */
	struct path root;
	const char *name; /* what is left */
	struct qstr last; /* points into the name */
	enum last_type last_type;
	unsigned int flags; /* LOOKUP_* */
	int depth;	    /* links followed */
	bool locked;	    /* dcache_lock is held */
	bool has_held;
	bool root_held;
	bool trailing_slash; /* behind the last component */
	struct fd base;
	struct filename *buf; /* the name after a link was replaced by its target */
};

/* fs/permission.c */
void namei_init(void);
struct filename *alloc_name(void); /* without a name in it; NULL without memory */

/* fs/lookup.c */
int path_init(struct nameidata *nd, int dfd, const char *name, unsigned int flags);
int link_path_walk(struct nameidata *nd);
int walk_last(struct nameidata *nd, bool follow);
void nd_unlazy(struct nameidata *nd);
void nd_relock(struct nameidata *nd);
void nd_end(struct nameidata *nd);
int filename_parentat(struct nameidata *nd, int dfd, struct filename *name, unsigned int flags);
struct dentry *lookup_one_qstr(const struct qstr *name, struct dentry *base, unsigned int flags);

/* fs/namei.c: may a name be made in, or taken out of, a directory? Its i_rwsem is held. */
int may_create(struct inode *dir, struct dentry *child);
int may_delete(struct inode *dir, struct dentry *victim, bool isdir);

/* fs/binfmt_elf.c, fs/binfmt_elf_read.c: one ELF file on its way into memory. */
struct elf_image {
	struct file *file;
	bool compat; /* ELF32; its headers are kept as those of ELF64 */
	struct elf64_hdr hdr;
	struct elf64_phdr *phdrs;
	unsigned long bias; /* is added to every p_vaddr */
	unsigned long start_code, end_code, start_data, end_data, end; /* with the bias */
};

#define for_each_phdr(image, ph)                                                                   \
	for (ph = (image)->phdrs; ph < (image)->phdrs + (image)->hdr.e_phnum; ph++)

/* The header from the first bytes of the file. False: it is not a program for this machine. */
bool elf_read_header(struct elf_image *image, const void *buf);
/* Reads the program headers; the caller frees image->phdrs. 0 or -errno. */
int elf_load_phdrs(struct elf_image *image);
/* What is loaded lies in user space, ascends, and is within what one address can hold. */
int elf_check_segments(const struct elf_image *image);
/* The end of the address space that the program will have. */
unsigned long elf_task_size(const struct elf_image *image);

/* fs/do_open.c */
struct open_flags {
	int open_flag; /* O_* */
	umode_t mode;  /* with S_IFREG */
	int acc_mode;  /* MAY_* */
	unsigned int lookup_flags;
};

/* fs/lock_calls.c */
long fcntl_getlk(struct file *filp, unsigned int cmd, struct flock *flock);
long fcntl_setlk(unsigned int fd, struct file *filp, unsigned int cmd, const struct flock *flock);

/* fs/pipe.c */
struct poll_table_struct;
void pipe_ring_init(void);
struct pipe_inode_info *alloc_pipe_info(void);
void free_pipe_info(struct pipe_inode_info *pipe);
ssize_t pipe_read(struct kiocb *iocb, struct iov_iter *to);
ssize_t pipe_write(struct kiocb *iocb, struct iov_iter *from);
__poll_t pipe_poll(struct file *filp, struct poll_table_struct *wait);
long pipe_ioctl(struct file *filp, unsigned int cmd, unsigned long arg);

/* fs/fdtable.c */
struct files_struct;
int expand_files(struct files_struct *files, unsigned int nr);

/* fs/fs_struct.c, fs/fdtable.c, fs/dcache.c */
void fs_struct_init(void);
void fdtable_init(void);

/* fs/namespace.c */
extern struct list_head mount_list;
struct vfsmount *alloc_vfsmnt(struct dentry *root, const char *devname);
struct vfsmount *vfs_kern_mount(struct file_system_type *type, int sb_flags, const char *name,
				void *data);
void attach_mnt(struct vfsmount *mnt, const struct path *path);
void detach_mnt(struct vfsmount *mnt, struct path *old);
void umount_children(struct vfsmount *mnt, struct list_head *dead);
void umount_tree(struct vfsmount *mnt, struct list_head *dead);
void drop_mounts(struct list_head *dead);

#endif
