// SPDX-License-Identifier: MIT
/*
 * fs/locks.c - advisory file locks: POSIX record locks, open-file-description locks, flock.
 *
 * An inode that was ever locked has a file_lock_context with two lists: record locks (POSIX and OFD
 * ones, which exclude each other) and flock locks. What differs is the owner: the table of open
 * files for POSIX locks, the open file for the other two. One owner's record locks never overlap.
 *
 * Whoever must wait sleeps on the context's queue and tries again when any lock of the inode goes.
 * blocked_list holds the waiters for POSIX locks, to find circles (EDEADLK).
 *
 * Locks: file_lock_context.lock, and blocked_lock for blocked_list.
 */
#include <pagoda/kernel.h>
#include <pagoda/fs.h>
#include <pagoda/sched.h>
#include <pagoda/slab.h>
#include "internal.h"
#include "locks.h"

static struct kmem_cache *flock_cachep, *flctx_cachep;
static DEFINE_SPINLOCK(blocked_lock);
static LIST_HEAD(blocked_list);

void locks_init(void)
{
	flctx_cachep = KMEM_CACHE(file_lock_context, SLAB_PANIC);
	flock_cachep = KMEM_CACHE(file_lock, SLAB_PANIC);
}

static struct file_lock_context *get_context(struct inode *inode)
{
	struct file_lock_context *ctx = READ_ONCE(inode->i_flctx);

	if (ctx)
		return ctx;
	ctx = kmem_cache_alloc(flctx_cachep, GFP_KERNEL);
	if (!ctx)
		return NULL;
	spin_lock_init(&ctx->lock);
	init_waitqueue_head(&ctx->wait);
	INIT_LIST_HEAD(&ctx->posix);
	INIT_LIST_HEAD(&ctx->flock);
	if (cmpxchg(&inode->i_flctx, NULL, ctx))
		kmem_cache_free(flctx_cachep, ctx);
	return inode->i_flctx;
}

/* The inode goes. */
void locks_free_lock_context(struct inode *inode)
{
	struct file_lock_context *ctx = inode->i_flctx;

	WARN_ON(!list_empty(&ctx->posix) || !list_empty(&ctx->flock));
	kmem_cache_free(flctx_cachep, ctx);
	inode->i_flctx = NULL;
}

/* ---- record locks: ctx->lock is held ----------------------------------------------------- */

static bool overlaps(const struct file_lock *a, const struct file_lock *b)
{
	return a->start <= b->end && b->start <= a->end;
}

struct file_lock *find_conflict(struct list_head *list, const struct file_lock *request)
{
	struct file_lock *fl;

	list_for_each_entry (fl, list, list) {
		if (fl->owner != request->owner && overlaps(fl, request) &&
		    (fl->type == F_WRLCK || request->type == F_WRLCK))
			return fl;
	}
	return NULL;
}

static void free_list(struct list_head *list)
{
	struct file_lock *fl, *next;

	list_for_each_entry_safe (fl, next, list, list)
		kmem_cache_free(flock_cachep, fl);
}

static void insert_sorted(struct list_head *list, struct file_lock *new)
{
	struct file_lock *fl;

	list_for_each_entry (fl, list, list) {
		if (fl->start > new->start)
			break;
	}
	list_add_tail(&new->list, &fl->list);
}

/*
 * Gives the owner's range request->start .. end the type of request: cuts and merges what the owner
 * has there. new and split are empty locks for the pieces, and what is not used is left in them.
 * Returns whether anything was released. Locks that have gone are moved to dead.
 */
static bool apply_lock(struct list_head *list, const struct file_lock *request,
		       struct file_lock **new, struct file_lock **split, struct list_head *dead)
{
	loff_t start = request->start, end = request->end;
	struct file_lock *fl, *next, *right;
	bool released = false;

	list_for_each_entry_safe (fl, next, list, list) {
		if (fl->owner != request->owner)
			continue;
		if (fl->type == request->type) {
			/* touching or overlapping: one lock */
			if (fl->start > (end == OFFSET_MAX ? end : end + 1) ||
			    (fl->end != OFFSET_MAX && fl->end + 1 < start))
				continue;
			start = min(start, fl->start);
			end = max(end, fl->end);
			list_move(&fl->list, dead);
			continue;
		}
		if (fl->end < request->start || fl->start > request->end)
			continue;
		released = true;
		if (fl->start < request->start && fl->end > request->end) {
			right = *split;
			*split = NULL;
			*right = *fl;
			right->start = request->end + 1;
			fl->end = request->start - 1;
			insert_sorted(list, right);
		} else if (fl->start < request->start) {
			fl->end = request->start - 1;
		} else if (fl->end > request->end) {
			list_del(&fl->list);
			fl->start = request->end + 1;
			insert_sorted(list, fl);
			break;
		} else {
			list_move(&fl->list, dead);
		}
	}
	if (request->type == F_UNLCK)
		return released;
	fl = *new;
	*new = NULL;
	*fl = *request;
	fl->start = start;
	fl->end = end;
	insert_sorted(list, fl);
	return released;
}

/* ---- waiting ----------------------------------------------------------------------------- */

/* Would waiting for owner close a circle? blocked_lock is held. */
static bool would_deadlock(const struct file_lock *request, void *owner)
{
	struct file_lock *fl;

	for (int hops = 0; hops < 10; hops++) {
		bool found = false;

		if (owner == request->owner)
			return true;
		list_for_each_entry (fl, &blocked_list, blocked) {
			if (fl->owner == owner) {
				owner = fl->waits_for;
				found = true;
				break;
			}
		}
		if (!found)
			return false;
	}
	return false;
}

/* Notes that request waits for blocker's owner. ctx->lock is held. 0 or -EDEADLK. */
static int note_blocked(struct file_lock *request, const struct file_lock *blocker)
{
	int error = 0;

	if (!(request->flags & FL_POSIX))
		return 0;
	spin_lock(&blocked_lock);
	if (would_deadlock(request, blocker->owner)) {
		error = -EDEADLK;
	} else {
		request->waits_for = blocker->owner;
		list_add(&request->blocked, &blocked_list);
	}
	spin_unlock(&blocked_lock);
	return error;
}

static void note_unblocked(struct file_lock *request)
{
	if (!(request->flags & FL_POSIX))
		return;
	spin_lock(&blocked_lock);
	list_del_init(&request->blocked);
	spin_unlock(&blocked_lock);
}

/* Sleeps until a lock of the inode has gone. ctx->lock is held, and dropped. 0, EDEADLK, signal. */
static int wait_for_lock(struct file_lock_context *ctx, struct file_lock *request,
			 const struct file_lock *blocker)
{
	DEFINE_WAIT(wait);
	int error = note_blocked(request, blocker);

	if (error) {
		spin_unlock(&ctx->lock);
		return error;
	}
	prepare_to_wait(&ctx->wait, &wait, TASK_INTERRUPTIBLE);
	spin_unlock(&ctx->lock);
	if (signal_pending(current))
		error = -ERESTARTSYS;
	else
		schedule();
	finish_wait(&ctx->wait, &wait);
	note_unblocked(request);
	return error;
}

/* ---- taking a lock ----------------------------------------------------------------------- */

int posix_lock_inode(struct inode *inode, struct file_lock *request, bool wait)
{
	struct file_lock_context *ctx = get_context(inode);
	struct file_lock *new, *split, *blocker;
	bool released = false;
	LIST_HEAD(dead);
	int error = -ENOLCK;

	if (!ctx)
		return error;
	new = kmem_cache_alloc(flock_cachep, GFP_KERNEL);
	split = kmem_cache_alloc(flock_cachep, GFP_KERNEL);
	if (!new || !split)
		goto out;
	for (;;) {
		spin_lock(&ctx->lock);
		error = 0;
		blocker = request->type == F_UNLCK ? NULL : find_conflict(&ctx->posix, request);
		if (!blocker) {
			released = apply_lock(&ctx->posix, request, &new, &split, &dead);
			spin_unlock(&ctx->lock);
			break;
		}
		if (!wait) {
			spin_unlock(&ctx->lock);
			error = -EAGAIN;
			break;
		}
		error = wait_for_lock(ctx, request, blocker);
		if (error)
			break;
	}
	if (released)
		wake_up_all(&ctx->wait);
	free_list(&dead);
out:
	if (new)
		kmem_cache_free(flock_cachep, new);
	if (split)
		kmem_cache_free(flock_cachep, split);
	return error;
}

static struct file_lock *find_flock(struct file_lock_context *ctx, const struct file *file)
{
	struct file_lock *fl;

	list_for_each_entry (fl, &ctx->flock, list) {
		if (fl->owner == file)
			return fl;
	}
	return NULL;
}

/* One flock lock per open file: the old one goes first, also if the new one must wait. */
int flock_lock_inode(struct inode *inode, struct file_lock *request, bool wait)
{
	struct file_lock_context *ctx = get_context(inode);
	struct file_lock *new, *old, *blocker;
	int error = 0;

	if (!ctx)
		return -ENOLCK;
	new = kmem_cache_alloc(flock_cachep, GFP_KERNEL);
	if (!new)
		return -ENOLCK;
	for (;;) {
		spin_lock(&ctx->lock);
		old = find_flock(ctx, request->file);
		if (old && old->type == request->type) {
			spin_unlock(&ctx->lock);
			break;
		}
		if (old) {
			list_del(&old->list);
			kmem_cache_free(flock_cachep, old);
			wake_up_all(&ctx->wait);
		}
		blocker = request->type == F_UNLCK ? NULL : find_conflict(&ctx->flock, request);
		if (!blocker) {
			if (request->type != F_UNLCK) {
				*new = *request;
				list_add_tail(&new->list, &ctx->flock);
				new = NULL;
			}
			spin_unlock(&ctx->lock);
			break;
		}
		if (!wait) {
			spin_unlock(&ctx->lock);
			error = -EWOULDBLOCK;
			break;
		}
		error = wait_for_lock(ctx, request, blocker);
		if (error)
			break;
	}
	if (new)
		kmem_cache_free(flock_cachep, new);
	return error;
}

/* ---- files that go ----------------------------------------------------------------------- */

/* close(2) of any descriptor for the inode ends all POSIX locks of the table's owner. */
void locks_remove_posix(struct file *file, void *owner)
{
	struct file_lock request = {
		.owner = owner,
		.flags = FL_POSIX,
		.type = F_UNLCK,
		.end = OFFSET_MAX,
	};

	if (list_empty(&file_inode(file)->i_flctx->posix))
		return;
	posix_lock_inode(file_inode(file), &request, false);
}

static bool remove_owner(struct list_head *list, void *owner, struct list_head *dead)
{
	struct file_lock *fl, *next;
	bool found = false;

	list_for_each_entry_safe (fl, next, list, list) {
		if (fl->owner == owner) {
			list_move(&fl->list, dead);
			found = true;
		}
	}
	return found;
}

void locks_remove_file(struct file *file)
{
	struct file_lock_context *ctx = file_inode(file)->i_flctx;
	LIST_HEAD(dead);
	bool found;

	spin_lock(&ctx->lock);
	found = remove_owner(&ctx->posix, file, &dead);
	found |= remove_owner(&ctx->flock, file, &dead);
	spin_unlock(&ctx->lock);
	if (found)
		wake_up_all(&ctx->wait);
	free_list(&dead);
}
