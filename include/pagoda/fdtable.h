/* SPDX-License-Identifier: MIT */
/*
 * fdtable.h - the open files of a process.
 *
 * files_struct is shared by CLONE_FILES and counted. The array grows by doubling. file_lock guards
 * everything; a task whose table nobody shares reads it without the lock and without counting
 * references (fdget), since only it can close.
 */
#ifndef PAGODA_FDTABLE_H
#define PAGODA_FDTABLE_H

#include <pagoda/types.h>
#include <pagoda/atomic.h>
#include <pagoda/spinlock.h>

struct file;
struct task_struct;

#define NR_OPEN_DEFAULT 64

struct fdtable {
	unsigned int max_fds;
	struct file **fd;
	unsigned long *close_on_exec;
	unsigned long *open_fds;
};

struct files_struct {
	atomic_t count;
	spinlock_t file_lock;
	struct fdtable *fdt; /* fdtab, or a larger one */
	struct fdtable fdtab;
	unsigned int next_fd; /* no free descriptor below */
	unsigned long close_on_exec_init[1];
	unsigned long open_fds_init[1];
	struct file *fd_array[NR_OPEN_DEFAULT];
};

extern struct files_struct init_files;
extern unsigned int sysctl_nr_open;

/* fs/fdtable.c; the last three fs/file.c */
struct files_struct *dup_fd(struct files_struct *oldf, int *errorp);
void put_files_struct(struct files_struct *files);
void exit_files(struct task_struct *tsk);
int unshare_fd(unsigned long unshare_flags, struct files_struct **new_fdp);
int unshare_files(void); /* the current task gets a table of its own (exec) */
void do_close_on_exec(struct files_struct *files);
/* Also of other tasks (/proc/PID/fd): a counted file or NULL. */
struct file *fget_task(struct task_struct *task, unsigned int fd);
/* The first open descriptor >= *fd of the task, with its file counted; NULL when there is none. */
struct file *task_lookup_next_fd(struct task_struct *task, unsigned int *fd);
bool get_close_on_exec(unsigned int fd);

#endif
