// SPDX-License-Identifier: MIT
/*
 * fs/userfaultfd.c - page faults that a program resolves: the request, its sleep, its answer.
 *
 *	handle_userfault	may this fault wait? then userfault_wait:
 *	  fault_request		a request in that frame, with what the monitor shall read
 *	  queue_fault		the entry is looked at once more; the request joins `pending`
 *	  mmap_read_unlock	whoever resolves it will need the lock
 *	  wake_up_poll		the monitor reads the message (fs/userfaultfd_file.c) ...
 *	  userfaultfd_sleep	... and fills the page (mm/userfaultfd.c), then wakes the range:
 *	wake_userfault		exactly the tasks that wait there
 *	VM_FAULT_RETRY		the access is made again, as if it were new
 *
 * No wake-up is lost: the second look and the joining are one step under ctx->lock, and a resolver
 * changes the entry before he takes that lock to wake. So either we see his entry, or he finds our
 * request.
 *
 * Locks: mmap_lock for reading -> ctx->lock -> PTL. Nothing is held during the sleep.
 */
#include <pagoda/init.h>
#include <pagoda/mm.h>
#include <pagoda/poll.h>
#include <pagoda/sched.h>
#include <pagoda/slab.h>
#include <pagoda/userfaultfd_k.h>
#include "userfaultfd.h"

static struct kmem_cache *userfaultfd_ctx_cachep;

void __init userfaultfd_init(void)
{
	userfaultfd_ctx_cachep = KMEM_CACHE(userfaultfd_ctx, SLAB_PANIC | SLAB_ACCOUNT);
}

/* ---- the context ------------------------------------------------------------------------- */

struct userfaultfd_ctx *userfaultfd_ctx_alloc(struct mm_struct *mm, unsigned int flags,
					      unsigned int features)
{
	struct userfaultfd_ctx *ctx = kmem_cache_alloc(userfaultfd_ctx_cachep, GFP_KERNEL);

	if (!ctx)
		return NULL;
	refcount_set(&ctx->refcount, 1);
	ctx->flags = flags;
	ctx->features = features;
	ctx->mm = mm;
	mmgrab(mm);
	atomic_set(&ctx->mmap_changing, 0);
	init_waitqueue_head(&ctx->fd_wqh);
	spin_lock_init_rank(&ctx->lock, RANK_USERFAULTFD);
	ctx->released = false;
	INIT_LIST_HEAD(&ctx->pending);
	INIT_LIST_HEAD(&ctx->read);
	INIT_LIST_HEAD(&ctx->events);
	return ctx;
}

void userfaultfd_ctx_put(struct userfaultfd_ctx *ctx)
{
	if (!refcount_dec_and_test(&ctx->refcount))
		return;
	VM_BUG_ON(!list_empty(&ctx->pending) || !list_empty(&ctx->read) ||
		  !list_empty(&ctx->events));
	mmdrop(ctx->mm);
	kmem_cache_free(userfaultfd_ctx_cachep, ctx);
}

/* ---- requests ---------------------------------------------------------------------------- */

void userfaultfd_request_init(struct userfaultfd_request *req, unsigned int event)
{
	*req = (struct userfaultfd_request){.task = current, .msg.event = event};
	INIT_LIST_HEAD(&req->node);
}

void userfaultfd_answer(struct userfaultfd_request *req)
{
	list_del_init(&req->node);
	wake_up_process(req->task);
}

void userfaultfd_sleep(struct userfaultfd_ctx *ctx, struct userfaultfd_request *req,
		       unsigned int state)
{
	for (;;) {
		set_current_state(state);
		if (list_empty(&req->node) || signal_pending_state(state, current))
			break;
		schedule(); /* stop: uffd-5 */
	}
	__set_current_state(TASK_RUNNING);
	/* Also when we were answered: who did it is done with us once he lets go of the lock. */
	spin_lock(&ctx->lock);
	list_del_init(&req->node);
	spin_unlock(&ctx->lock);
}

static void answer_range(struct list_head *list, unsigned long start, unsigned long len)
{
	struct userfaultfd_request *req, *next;

	list_for_each_entry_safe (req, next, list, node)
		if (req->msg.arg.pagefault.address - start < len)
			userfaultfd_answer(req);
}

void wake_userfault(struct userfaultfd_ctx *ctx, unsigned long start, unsigned long len)
{
	spin_lock(&ctx->lock);
	answer_range(&ctx->pending, start, len); /* stop: uffd-8 */
	answer_range(&ctx->read, start, len);
	spin_unlock(&ctx->lock);
}

/* ---- faults ------------------------------------------------------------------------------ */

/* Some cannot sleep, some shall not (UFLT-12, UFLT-13, UFLT-18, UVMA-6). */
static bool may_wait(const struct userfaultfd_ctx *ctx, unsigned int flags)
{
	if (current->flags & PF_EXITING || ctx->features & UFFD_FEATURE_SIGBUS)
		return false;
	if (!(flags & FAULT_FLAG_USER) && ctx->flags & UFFD_USER_MODE_ONLY)
		return false;
	return flags & FAULT_FLAG_ALLOW_RETRY;
}

static void fault_request(struct userfaultfd_request *req, const struct userfaultfd_ctx *ctx,
			  const struct vm_fault *vmf, unsigned long reason)
{
	bool exact = ctx->features & UFFD_FEATURE_EXACT_ADDRESS;

	userfaultfd_request_init(req, UFFD_EVENT_PAGEFAULT);
	req->msg.arg.pagefault.address = exact ? vmf->real_address : vmf->address;
	if (vmf->flags & FAULT_FLAG_WRITE) /* stop: uffd-3 */
		req->msg.arg.pagefault.flags |= UFFD_PAGEFAULT_FLAG_WRITE;
	if (reason == VM_UFFD_WP)
		req->msg.arg.pagefault.flags |= UFFD_PAGEFAULT_FLAG_WP;
	if (reason == VM_UFFD_MINOR)
		req->msg.arg.pagefault.flags |= UFFD_PAGEFAULT_FLAG_MINOR;
	if (ctx->features & UFFD_FEATURE_THREAD_ID)
		req->msg.arg.pagefault.ptid = task_pid_nr(current);
}

/* False: there is nothing to wait for, the file is gone or the page has come meanwhile. */
static bool queue_fault(struct userfaultfd_ctx *ctx, struct userfaultfd_request *req,
			struct vm_fault *vmf, unsigned long reason)
{
	bool wait;

	spin_lock(&ctx->lock);
	wait = !ctx->released && userfaultfd_must_wait(vmf, reason); /* stop: uffd-4 */
	if (wait) {
		userfaultfd_ctx_get(ctx);
		list_add_tail(&req->node, &ctx->pending);
	}
	spin_unlock(&ctx->lock);
	return wait;
}

/*
 * A user's fault heeds every signal: the handler runs and the instruction is made again. One of the
 * kernel, in the middle of a system call, only those that kill (UFLT-14, UFLT-16, UFLT-17). Drops
 * mmap_lock. The frame is large: not for those who may not wait.
 */
static noinline void userfault_wait(struct userfaultfd_ctx *ctx, struct vm_fault *vmf,
				    unsigned long reason)
{
	unsigned int state = vmf->flags & FAULT_FLAG_USER ? TASK_INTERRUPTIBLE : TASK_KILLABLE;
	struct mm_struct *mm = vmf->vma->vm_mm;
	struct userfaultfd_request req;
	bool wait;

	fault_request(&req, ctx, vmf, reason);
	wait = queue_fault(ctx, &req, vmf, reason);
	mmap_read_unlock(mm);
	if (wait) {
		wake_up_poll(&ctx->fd_wqh, EPOLLIN);
		userfaultfd_sleep(ctx, &req, state);
		userfaultfd_ctx_put(ctx);
	}
}

vm_fault_t handle_userfault(struct vm_fault *vmf, unsigned long reason)
{
	struct userfaultfd_ctx *ctx = vmf->vma->vm_userfaultfd_ctx;

	if (!may_wait(ctx, vmf->flags))
		return VM_FAULT_SIGBUS;
	userfault_wait(ctx, vmf, reason);
	return VM_FAULT_RETRY;
}
