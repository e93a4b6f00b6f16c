// SPDX-License-Identifier: MIT
/*
 * fs/userfaultfd_event.c - the layout of a watched address space changes: fork, mremap, munmap,
 * madvise.
 *
 * A monitor that fills memory must know where that memory has gone. Who changes the layout tells
 * the context of each registered VMA that he meets, if it asked for such events, and goes on only
 * when the event has been read. From the change until then mmap_changing is raised and the monitor
 * gets EAGAIN for what he would fill: he decided that before he knew.
 *
 * Locks: mmap_lock is held in dup_userfaultfd() and the _prep functions, and never while an event
 * waits. mmap_changing is a counter, for several events may be under way at a time.
 */
#include <pagoda/errno.h>
#include <pagoda/mm.h>
#include <pagoda/poll.h>
#include <pagoda/sched.h>
#include <pagoda/slab.h>
#include <pagoda/userfaultfd_k.h>
#include "userfaultfd.h"

/* ---- one event --------------------------------------------------------------------------- */

void userfaultfd_event_complete(struct userfaultfd_ctx *ctx, struct userfaultfd_request *req)
{
	req->delivered = true;
	atomic_dec(&ctx->mmap_changing);
	userfaultfd_answer(req);
}

static bool queue_event(struct userfaultfd_ctx *ctx, struct userfaultfd_request *req)
{
	bool open;

	spin_lock(&ctx->lock);
	open = !ctx->released;
	if (open)
		list_add_tail(&req->node, &ctx->events);
	spin_unlock(&ctx->lock);
	return open;
}

/*
 * Until the event was read, the file is gone, or we are to die. The caller has raised mmap_changing
 * and has a reference to @ctx; both end here.
 */
static void userfaultfd_event_wait(struct userfaultfd_ctx *ctx, struct userfaultfd_request *req)
{
	if (queue_event(ctx, req)) {
		wake_up_poll(&ctx->fd_wqh, EPOLLIN);
		userfaultfd_sleep(ctx, req, TASK_KILLABLE);
	}
	if (!req->delivered)
		atomic_dec(&ctx->mmap_changing);
	userfaultfd_ctx_put(ctx);
}

/* An event is to come: the monitor's file may go meanwhile, the context may not. */
static void announce(struct userfaultfd_ctx *ctx)
{
	userfaultfd_ctx_get(ctx);
	atomic_inc(&ctx->mmap_changing);
}

/* What announce() did, for an event that does not come. */
static void retract(struct userfaultfd_ctx *ctx)
{
	atomic_dec(&ctx->mmap_changing);
	userfaultfd_ctx_put(ctx);
}

static bool wants(const struct userfaultfd_ctx *ctx, unsigned int feature)
{
	return ctx && ctx->features & feature;
}

/* ---- fork -------------------------------------------------------------------------------- */

/* A context of the parent and the one that stands for it in the child; holds both. */
struct userfaultfd_fork_ctx {
	struct userfaultfd_ctx *orig;
	struct userfaultfd_ctx *new;
	struct list_head list;
};

static struct userfaultfd_ctx *find_child_ctx(struct userfaultfd_ctx *octx, struct list_head *fcs)
{
	struct userfaultfd_fork_ctx *fctx;

	list_for_each_entry (fctx, fcs, list)
		if (fctx->orig == octx)
			return fctx->new;
	return NULL;
}

/* DUP-3..5: nothing has been touched when this fails. */
static struct userfaultfd_ctx *new_child_ctx(struct userfaultfd_ctx *octx, struct mm_struct *mm,
					     struct list_head *fcs)
{
	struct userfaultfd_fork_ctx *fctx = kmalloc(sizeof(*fctx), GFP_KERNEL);

	if (!fctx)
		return NULL;
	fctx->new = userfaultfd_ctx_alloc(mm, octx->flags, octx->features);
	if (!fctx->new) {
		kfree(fctx);
		return NULL;
	}
	fctx->orig = octx;
	announce(octx);
	list_add_tail(&fctx->list, fcs);
	return fctx->new;
}

/* One new context for each context of the parent in a fork, however many VMAs have it (DUP-2). */
int __dup_userfaultfd(struct vm_area_struct *vma, struct list_head *fcs)
{
	struct userfaultfd_ctx *octx = vma->vm_userfaultfd_ctx, *ctx;

	if (!wants(octx, UFFD_FEATURE_EVENT_FORK)) {
		userfaultfd_reset_ctx(vma);
		return 0;
	}
	ctx = find_child_ctx(octx, fcs);
	if (!ctx)
		ctx = new_child_ctx(octx, vma->vm_mm, fcs);
	if (!ctx)
		return -ENOMEM;
	vma->vm_userfaultfd_ctx = ctx;
	return 0;
}

/* Whoever reads the event gets a descriptor that is the child's context, or nobody ever will. */
static void dup_fctx(struct userfaultfd_fork_ctx *fctx)
{
	struct userfaultfd_ctx *new = fctx->new;
	struct userfaultfd_request req;

	userfaultfd_request_init(&req, UFFD_EVENT_FORK);
	req.new = new;
	userfaultfd_event_wait(fctx->orig, &req);
	if (!req.delivered)
		userfaultfd_release_all(new->mm, new);
	userfaultfd_ctx_put(new);
}

void __dup_userfaultfd_complete(struct list_head *fcs)
{
	struct userfaultfd_fork_ctx *fctx, *next;

	list_for_each_entry_safe (fctx, next, fcs, list) {
		list_del(&fctx->list);
		dup_fctx(fctx);
		kfree(fctx);
	}
}

/* The child's VMAs may still name the new contexts; its mm goes without looking at them. */
void dup_userfaultfd_fail(struct list_head *fcs)
{
	struct userfaultfd_fork_ctx *fctx, *next;

	list_for_each_entry_safe (fctx, next, fcs, list) {
		list_del(&fctx->list);
		retract(fctx->orig);
		userfaultfd_ctx_put(fctx->new);
		kfree(fctx);
	}
}

/* ---- mremap ------------------------------------------------------------------------------ */

bool userfaultfd_follows_remap(const struct vm_area_struct *vma)
{
	return wants(vma->vm_userfaultfd_ctx, UFFD_FEATURE_EVENT_REMAP);
}

void mremap_userfaultfd_prep(struct vm_area_struct *vma, struct userfaultfd_ctx **uf)
{
	*uf = vma->vm_userfaultfd_ctx;
	if (*uf)
		announce(*uf);
}

void mremap_userfaultfd_complete(struct userfaultfd_ctx *uf, unsigned long from, unsigned long to,
				 unsigned long len)
{
	struct userfaultfd_request req;

	if (!uf)
		return;
	userfaultfd_request_init(&req, UFFD_EVENT_REMAP);
	req.msg.arg.remap.from = from;
	req.msg.arg.remap.to = to;
	req.msg.arg.remap.len = len;
	userfaultfd_event_wait(uf, &req);
}

/* ---- munmap ------------------------------------------------------------------------------ */

/* A context that will hear of an unmapped range; holds it. */
struct userfaultfd_unmap_ctx {
	struct userfaultfd_ctx *ctx;
	unsigned long start, end;
	struct list_head list;
};

static bool has_unmap_ctx(struct userfaultfd_ctx *ctx, struct list_head *unmaps)
{
	struct userfaultfd_unmap_ctx *uctx;

	list_for_each_entry (uctx, unmaps, list)
		if (uctx->ctx == ctx)
			return true;
	return false;
}

static int add_unmap_ctx(struct userfaultfd_ctx *ctx, unsigned long start, unsigned long end,
			 struct list_head *unmaps)
{
	struct userfaultfd_unmap_ctx *uctx = kmalloc(sizeof(*uctx), GFP_KERNEL);

	if (!uctx)
		return -ENOMEM;
	announce(ctx);
	uctx->ctx = ctx;
	uctx->start = start;
	uctx->end = end;
	list_add_tail(&uctx->list, unmaps);
	return 0;
}

void userfaultfd_unmap_fail(struct list_head *unmaps)
{
	struct userfaultfd_unmap_ctx *uctx, *next;

	list_for_each_entry_safe (uctx, next, unmaps, list) {
		retract(uctx->ctx);
		kfree(uctx);
	}
}

int userfaultfd_unmap_prep(struct vm_area_struct *vma, unsigned long start, unsigned long end,
			   struct list_head *unmaps)
{
	int err = 0;

	for (; !err && vma && vma->vm_start < end; vma = vma_next(vma)) {
		struct userfaultfd_ctx *ctx = vma->vm_userfaultfd_ctx;

		if (wants(ctx, UFFD_FEATURE_EVENT_UNMAP) && !has_unmap_ctx(ctx, unmaps))
			err = add_unmap_ctx(ctx, start, end, unmaps);
	}
	if (err)
		userfaultfd_unmap_fail(unmaps);
	return err;
}

void __userfaultfd_unmap_complete(struct list_head *unmaps)
{
	struct userfaultfd_unmap_ctx *uctx, *next;
	struct userfaultfd_request req;

	list_for_each_entry_safe (uctx, next, unmaps, list) {
		userfaultfd_request_init(&req, UFFD_EVENT_UNMAP);
		req.msg.arg.remove.start = uctx->start;
		req.msg.arg.remove.end = uctx->end;
		userfaultfd_event_wait(uctx->ctx, &req);
		kfree(uctx);
	}
}

/* ---- madvise ----------------------------------------------------------------------------- */

/*
 * The event comes before the pages go (RMV-1). Were the monitor let in between, what he fills then
 * would go with them: so mmap_changing counts this twice, for the event and for the removal
 * (RACE-8).
 */
struct userfaultfd_ctx *userfaultfd_remove(struct vm_area_struct *vma, unsigned long start,
					   unsigned long end)
{
	struct userfaultfd_ctx *ctx = vma->vm_userfaultfd_ctx;
	struct userfaultfd_request req;

	if (likely(!wants(ctx, UFFD_FEATURE_EVENT_REMOVE)))
		return NULL;
	announce(ctx);
	announce(ctx);
	mmap_read_unlock(vma->vm_mm);
	userfaultfd_request_init(&req, UFFD_EVENT_REMOVE);
	req.msg.arg.remove.start = start;
	req.msg.arg.remove.end = end;
	userfaultfd_event_wait(ctx, &req);
	return ctx;
}

void userfaultfd_remove_complete(struct userfaultfd_ctx *ctx)
{
	if (ctx)
		retract(ctx);
}
