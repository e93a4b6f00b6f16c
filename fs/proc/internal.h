/* SPDX-License-Identifier: MIT */
/*
 * fs/proc/internal.h - what the files of procfs share.
 *
 *	root.c		mount, the root directory, self, thread-self
 *	generic.c	entries that exist from boot on
 *	inode.c		inodes of both kinds
 *	base.c		what a directory of a process or thread holds
 *	task_dir.c	where these directories stand: in /proc and in /proc/PID/task
 *	fd.c		/proc/PID/fd and fdinfo
 *	map_files.c	/proc/PID/map_files
 *	array.c, ...	the files of a process
 *	misc.c, ...	the files of the system
 */
#ifndef FS_PROC_INTERNAL_H
#define FS_PROC_INTERNAL_H

#include <pagoda/fs.h>
#include <pagoda/kernel.h>
#include <pagoda/pid.h>
#include <pagoda/proc_fs.h>
#include <pagoda/sched.h>
#include <pagoda/seq_file.h>

struct mm_struct;
struct vm_area_struct;

/* ---- entries from boot ------------------------------------------------------------------- */

struct proc_dir_entry {
	const char *name;
	size_t namelen;
	umode_t mode;
	uid_t uid; /* these change by chmod and chown */
	gid_t gid;
	u64 ino;
	unsigned int nlink;
	const struct inode_operations *iops;
	const struct file_operations *fops;
	int (*show)(struct seq_file *, void *); /* of proc_create_single_data() */
	void *data;				/* of a symbolic link: the target */
	struct proc_dir_entry *next;		/* in the same directory */
	struct proc_dir_entry *subdir, *last;
};

/* ---- inodes ------------------------------------------------------------------------------ */

/* One file of a process, a line of the table that its directory is made of. */
struct pid_entry {
	const char *name;
	umode_t mode;
	const struct inode_operations *iops;
	const struct file_operations *fops;
	/* what proc_single_fops prints; the task is referenced and was alive a moment ago */
	int (*show)(struct seq_file *m, struct task_struct *task);
	/* where proc_pid_link_iops leads, with references; 0 or -errno */
	int (*get_path)(struct task_struct *task, struct path *path);
};

struct proc_inode {
	struct inode vfs_inode;
	struct proc_dir_entry *pde;    /* of an entry from boot */
	struct pid *pid;	       /* else: whose it is, with a reference */
	const struct pid_entry *entry; /* NULL: a directory of a task, or in fd/ */
	unsigned int fd;	       /* of a name in fd/ or fdinfo/ */
	/* of a name in fd/, fdinfo/ or map_files/: whether it still leads somewhere */
	bool (*revalidate)(struct task_struct *task, struct dentry *dentry);
};

static inline struct proc_inode *PROC_I(const struct inode *inode)
{
	return (struct proc_inode *)container_of(inode, struct proc_inode, vfs_inode);
}

static inline struct proc_dir_entry *PDE(const struct inode *inode)
{
	return PROC_I(inode)->pde;
}

static inline struct pid *proc_pid(const struct inode *inode)
{
	return PROC_I(inode)->pid;
}

/* The task of an inode below a process's directory, with a reference; NULL once it is gone. */
static inline struct task_struct *get_proc_task(const struct inode *inode)
{
	return get_pid_task(proc_pid(inode), PIDTYPE_PID);
}

/*
 * Inode numbers. Entries from boot count from PROC_DYNAMIC_FIRST. The others are made of the
 * number of the task, the kind of directory they stand in, and the place in it.
 */
#define PROC_ROOT_INO	     1ULL
#define PROC_SELF_INO	     2ULL
#define PROC_THREAD_SELF_INO 3ULL
#define PROC_DYNAMIC_FIRST   0xf0000000ULL

enum proc_ino_kind {
	INO_TGID = 1,
	INO_TGID_FILE,
	INO_TID,
	INO_TID_FILE,
	INO_FD,
	INO_FDINFO,
	INO_MAP_FILE
};

static inline u64 proc_pid_ino(pid_t pid, enum proc_ino_kind kind, unsigned int index)
{
	return ((u64)pid << 32) + ((u64)kind << 28) + index;
}

/* ---- inode.c ----------------------------------------------------------------------------- */

void proc_init_inodecache(void);
extern const struct super_operations proc_sops;
struct inode *proc_get_inode(struct super_block *sb, struct proc_dir_entry *de);
/* An inode of a task's; takes a reference on its pid. NULL without memory or task. */
struct inode *proc_pid_make_inode(struct super_block *sb, struct task_struct *task, umode_t mode,
				  u64 ino);
/* chmod and chown: last as long as the kernel for entries from boot, no mode for those of tasks. */
int proc_setattr(struct dentry *dentry, struct iattr *attr);

/* ---- generic.c --------------------------------------------------------------------------- */

extern struct proc_dir_entry proc_root; /* root.c */
struct dentry *proc_lookup_de(struct inode *dir, struct dentry *dentry, struct proc_dir_entry *de);
/* Emits the entries of de at positions from 2 on; false: there was no room for all. */
bool proc_readdir_de(struct file *file, struct dir_context *ctx, const struct proc_dir_entry *de);

/* ---- base.c ------------------------------------------------------------------------------ */

#define FIRST_PROCESS_ENTRY 256 /* readdir position behind the entries from boot */

extern const struct dentry_operations proc_dentry_operations;
/* The owner that an inode of the task's shows. */
void task_dump_owner(struct task_struct *task, umode_t mode, uid_t *uid, gid_t *gid);
int pid_getattr(const struct path *path, struct kstat *stat, u32 mask, unsigned int flags);
/* A name of decimal digits without leading zeroes; ~0U if it is none. */
unsigned int name_to_int(const struct qstr *name);
extern const struct file_operations proc_single_fops;
extern const struct inode_operations proc_pid_link_iops;

/* Operations of /proc/PID and /proc/PID/task/TID. */
extern const struct inode_operations proc_tgid_iops, proc_tid_iops;
extern const struct file_operations proc_tgid_fops, proc_tid_fops;

/* ---- task_dir.c -------------------------------------------------------------------------- */

extern const struct inode_operations proc_task_iops;
extern const struct file_operations proc_task_fops;
struct dentry *proc_pid_lookup(struct inode *dir, struct dentry *dentry);
void proc_pid_readdir(struct file *file, struct dir_context *ctx);

/* ---- fd.c -------------------------------------------------------------------------------- */

extern const struct inode_operations proc_fd_iops, proc_fdinfo_iops;
extern const struct file_operations proc_fd_fops, proc_fdinfo_fops;
/* A process may always look at its own files, even if it may not be looked into. */
int proc_fd_permission(struct inode *inode, int mask);

/* ---- map_files.c ------------------------------------------------------------------------- */

extern const struct inode_operations proc_map_files_iops;
extern const struct file_operations proc_map_files_fops;

/* ---- array.c, status.c: what describes a task -------------------------------------------- */

int proc_tgid_stat(struct seq_file *m, struct task_struct *task);
int proc_tid_stat(struct seq_file *m, struct task_struct *task);
int proc_pid_statm(struct seq_file *m, struct task_struct *task);
int proc_pid_status(struct seq_file *m, struct task_struct *task);
const char *task_state_name(struct task_struct *task); /* "S (sleeping)" */
void proc_task_name(struct seq_file *m, struct task_struct *task, bool escape);

/* ---- task_info.c: small files ------------------------------------------------------------ */

int proc_pid_limits(struct seq_file *m, struct task_struct *task);
int proc_pid_wchan(struct seq_file *m, struct task_struct *task);
int proc_pid_personality(struct seq_file *m, struct task_struct *task);
int proc_oom_score(struct seq_file *m, struct task_struct *task);
extern const struct file_operations proc_pid_comm_fops;
extern const struct file_operations proc_oom_score_adj_fops;
extern const struct file_operations proc_oom_adj_fops;
extern const struct file_operations proc_fail_nth_fops;

/* ---- task_mem.c: the memory of a process as bytes ---------------------------------------- */

/*
 * The address space of an inode's task, if the caller may look into it: with an mm_count reference
 * (mmdrop), NULL if the task has none; -ESRCH, -EACCES.
 */
struct mm_struct *proc_mem_open(struct inode *inode);
extern const struct file_operations proc_pid_cmdline_fops;
extern const struct file_operations proc_environ_fops;
extern const struct file_operations proc_auxv_fops;
extern const struct file_operations proc_mem_fops;

/* ---- task_maps.c, task_smaps.c, pagemap.c: the memory of a process as ranges and pages ---- */

/* Iterates over the VMAs of a process; what seq files of it keep. */
struct proc_maps_private {
	struct inode *inode;
	struct mm_struct *mm; /* NULL: the task has none */
};

int proc_maps_open(struct inode *inode, struct file *file, const struct seq_operations *ops);
int proc_maps_release(struct inode *inode, struct file *file);
void *proc_maps_start(struct seq_file *m, loff_t *pos);
void *proc_maps_next(struct seq_file *m, void *v, loff_t *pos);
void proc_maps_stop(struct seq_file *m, void *v);
/* The line of /proc/PID/maps, with the newline. */
void show_map_vma(struct seq_file *m, struct vm_area_struct *vma);
void show_map_prefix(struct seq_file *m, unsigned long start, unsigned long end,
		     unsigned long flags, u64 offset, dev_t dev, u64 ino);
extern const struct file_operations proc_pid_maps_fops;
extern const struct file_operations proc_pid_smaps_fops;
extern const struct file_operations proc_smaps_rollup_fops;
extern const struct file_operations proc_pagemap_fops;
extern const struct file_operations proc_clear_refs_fops;

/* ---- mounts.c ---------------------------------------------------------------------------- */

extern const struct file_operations proc_mounts_fops;
extern const struct file_operations proc_mountinfo_fops;

/* ---- the files of the system; each function makes its entries ---------------------------- */

void proc_misc_init(void);
void proc_cpu_init(void);
void proc_memory_init(void);
void proc_kpage_init(void);
void proc_kmsg_init(void);
void proc_kallsyms_init(void);
void proc_sys_init(void);

#endif
