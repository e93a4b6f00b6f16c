/* SPDX-License-Identifier: MIT */
/* fs/locks.h - file locks, between the lists (fs/locks.c) and the calls (fs/lock_calls.c). */
#ifndef FS_LOCKS_H
#define FS_LOCKS_H

#include <pagoda/fs.h>
#include <pagoda/list.h>
#include <pagoda/spinlock.h>
#include <pagoda/wait.h>

#define OFFSET_MAX MAX_LFS_FILESIZE

#define FL_POSIX 1
#define FL_OFD	 2
#define FL_FLOCK 4

struct file_lock {
	struct list_head list;
	struct list_head blocked; /* in blocked_list */
	void *owner;
	struct file *file; /* OFD and flock: which one's last fput() ends it; not counted */
	unsigned int flags;
	unsigned char type; /* F_RDLCK, F_WRLCK, F_UNLCK */
	pid_t pid;
	loff_t start, end; /* both included */
	void *waits_for;   /* owner of the lock in the way */
};

struct file_lock_context {
	spinlock_t lock;
	struct wait_queue_head wait;
	struct list_head posix; /* by start */
	struct list_head flock;
};

/* The first lock of another owner in the way of request, or NULL. ctx->lock is held. */
struct file_lock *find_conflict(struct list_head *list, const struct file_lock *request);
/* Take, change or drop a lock: 0, EAGAIN (not waiting), EDEADLK, ERESTARTSYS, ENOLCK. */
int posix_lock_inode(struct inode *inode, struct file_lock *request, bool wait);
int flock_lock_inode(struct inode *inode, struct file_lock *request, bool wait);

#endif
