/* SPDX-License-Identifier: MIT */
/*
 * proc_fs.h - how other parts of the kernel put files into /proc.
 *
 * Entries are made at boot and stay; there is no call to remove one. A NULL parent is the root of
 * the file system. Mode 0 means 0444 for files and 0555 for directories. All of them panic without
 * memory, as they run at boot.
 */
#ifndef PAGODA_PROC_FS_H
#define PAGODA_PROC_FS_H

#include <pagoda/types.h>

struct file;
struct file_operations;
struct inode;
struct pid;
struct proc_dir_entry;
struct seq_file;
struct seq_operations;

/* ---- fs/proc/generic.c ------------------------------------------------------------------- */

struct proc_dir_entry *proc_mkdir(const char *name, struct proc_dir_entry *parent);
void proc_symlink(const char *name, struct proc_dir_entry *parent, const char *target);
/* A file with operations of its own; they find data by pde_data(). */
struct proc_dir_entry *proc_create_data(const char *name, umode_t mode,
					struct proc_dir_entry *parent,
					const struct file_operations *fops, const void *data);
/* A file that show prints whole; data is the second argument. */
void proc_create_single_data(const char *name, umode_t mode, struct proc_dir_entry *parent,
			     int (*show)(struct seq_file *, void *), const void *data);
void *pde_data(const struct inode *inode);

static inline void proc_create(const char *name, umode_t mode, struct proc_dir_entry *parent,
			       const struct file_operations *fops)
{
	proc_create_data(name, mode, parent, fops, NULL);
}

static inline void proc_create_single(const char *name, umode_t mode, struct proc_dir_entry *parent,
				      int (*show)(struct seq_file *, void *))
{
	proc_create_single_data(name, mode, parent, show, NULL);
}

/* ---- fs/proc/base.c ---------------------------------------------------------------------- */

/* The process whose directory /proc/PID is open, without a reference, or ERR_PTR(-EBADF). */
struct pid *tgid_pidfd_to_pid(const struct file *file);

/* ---- fs/proc/root.c ---------------------------------------------------------------------- */

/* Registers the file system and makes all entries. */
void proc_root_init(void);

#endif
