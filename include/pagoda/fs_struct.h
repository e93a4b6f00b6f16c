/* SPDX-License-Identifier: MIT */
/* fs_struct.h - root, working directory and umask; shared by CLONE_FS. */
#ifndef PAGODA_FS_STRUCT_H
#define PAGODA_FS_STRUCT_H

#include <pagoda/types.h>
#include <pagoda/spinlock.h>
#include <pagoda/path.h>

struct task_struct;

struct fs_struct {
	int users; /* with the rest, under lock */
	spinlock_t lock;
	int umask;
	struct path root, pwd;
};

extern struct fs_struct init_fs;

/* fs/fs_struct.c */
struct fs_struct *copy_fs_struct(struct fs_struct *old); /* NULL: no memory */
void free_fs_struct(struct fs_struct *fs);
void exit_fs(struct task_struct *tsk);
int unshare_fs_struct(void);
void set_fs_root(struct fs_struct *fs, const struct path *path);
void set_fs_pwd(struct fs_struct *fs, const struct path *path);
void get_fs_root(struct fs_struct *fs, struct path *root); /* both count references */
void get_fs_pwd(struct fs_struct *fs, struct path *pwd);
int current_umask(void);

#endif
