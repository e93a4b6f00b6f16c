/* SPDX-License-Identifier: MIT */
/*
 * pid.h - process ids: the number, and the tasks that stand under it as thread, process, process
 * group and session.
 *
 * A struct pid lives as long as some task uses its number in any role, or someone holds a
 * reference. Locks: the task lists and the attachment of numbers change with tasklist_lock held
 * for writing and are read with it held for reading; pidmap_lock (kernel/pid.c) guards the table of
 * numbers alone.
 */
#ifndef PAGODA_PID_H
#define PAGODA_PID_H

#include <pagoda/types.h>
#include <pagoda/list.h>
#include <pagoda/sched.h>
#include <pagoda/wait.h>

#define PID_MAX	      32768
#define RESERVED_PIDS 300 /* where numbers start again after a wrap */

struct pid {
	refcount_t count;
	pid_t nr;
	struct hlist_head tasks[PIDTYPE_MAX]; /* by task_struct.pid_links */
	struct wait_queue_head wait_pidfd;    /* pollers of a pidfd */
};

extern struct pid init_struct_pid; /* number 0: the idle tasks */
extern int pid_max;		   /* numbers are below this */

/* kernel/pid.c: life */
void pid_init(void);
struct pid *alloc_pid(
	pid_t wanted);		/* wanted = 0: the next free one; ERR_PTR(-EAGAIN, -EEXIST, ...) */
void free_pid(struct pid *pid); /* take the number out of the table and drop its reference */
void put_pid(struct pid *pid);

static inline struct pid *get_pid(struct pid *pid)
{
	if (pid)
		refcount_inc(&pid->count);
	return pid;
}

/* kernel/pid.c: tasks of a number; tasklist_lock held for writing */
void attach_pid(struct task_struct *task, enum pid_type type);
void detach_pid(struct task_struct *task, enum pid_type type);
void change_pid(struct task_struct *task, enum pid_type type, struct pid *pid);
void transfer_pid(struct task_struct *old, struct task_struct *new, enum pid_type type);
void exchange_tids(struct task_struct *a, struct task_struct *b);

/* kernel/pid.c: looking up; tasklist_lock held for reading, unless "get" is in the name */
struct pid *find_vpid(pid_t nr);
struct pid *find_get_pid(pid_t nr); /* takes pidmap_lock itself */
struct task_struct *pid_task(struct pid *pid, enum pid_type type);
struct task_struct *get_pid_task(struct pid *pid, enum pid_type type);
struct task_struct *find_task_by_vpid(pid_t nr);
struct task_struct *find_get_task_by_vpid(pid_t nr);
struct pid *get_task_pid(struct task_struct *task, enum pid_type type);
/* The process with the smallest id >= *tgid (stored back), with a reference; NULL at the end. */
struct task_struct *next_tgid(pid_t *tgid);
int nr_pids_in_use(void);
pid_t last_pid(void);

static inline pid_t pid_nr(const struct pid *pid)
{
	return pid ? pid->nr : 0;
}

static inline pid_t pid_vnr(const struct pid *pid)
{
	return pid_nr(pid);
}

static inline struct pid *task_pid(const struct task_struct *task)
{
	return task->thread_pid;
}

static inline struct pid *task_tgid(const struct task_struct *task)
{
	return task->signal->pids[PIDTYPE_TGID];
}

static inline struct pid *task_pgrp(const struct task_struct *task)
{
	return task->signal->pids[PIDTYPE_PGID];
}

static inline struct pid *task_session(const struct task_struct *task)
{
	return task->signal->pids[PIDTYPE_SID];
}

static inline bool is_global_init(const struct task_struct *task)
{
	return task->tgid == 1;
}

/* task is unhashed once release_task() has run; tasklist_lock or a reference */
static inline bool pid_alive(const struct task_struct *task)
{
	return task->thread_pid != NULL;
}

/* True while some task uses the number in that role. tasklist_lock. */
static inline bool pid_has_task(struct pid *pid, enum pid_type type)
{
	return !hlist_empty(&pid->tasks[type]);
}

/* Every task under pid in role `type`; tasklist_lock held. pid may be NULL. */
#define do_each_pid_task(pid, type, task)                                                          \
	do {                                                                                       \
		if ((pid) != NULL)                                                                 \
			hlist_for_each_entry (task, &(pid)->tasks[type], pid_links[type]) {
#define while_each_pid_task(pid, type, task)                                                       \
	}                                                                                          \
	}                                                                                          \
	while (0)

/* kernel/pidfd.c */
struct file;
struct pid *pidfd_get_pid(unsigned int fd);	/* with a reference, or ERR_PTR(-EBADF) */
struct pid *pidfd_pid(const struct file *file); /* ERR_PTR(-EBADF) if it is not one */
int pidfd_prepare(struct pid *pid, unsigned int flags,
		  struct file **ret); /* fd, not yet installed */

#endif
