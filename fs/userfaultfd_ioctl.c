// SPDX-License-Identifier: MIT
/*
 * fs/userfaultfd_ioctl.c - what a monitor asks of a userfaultfd: the handshake, the ranges that it
 * watches, and the answers to faults.
 *
 * The errors of an ioctl come in the order of the contract (sections 3 to 11): layout changing,
 * argument, range, mode, owner gone, and then what the work itself says. A work that fills pages
 * stores how far it came, or its error, in the last field of the argument.
 */
#include <pagoda/cred.h>
#include <pagoda/fs.h>
#include <pagoda/mm.h>
#include <pagoda/sched.h>
#include <pagoda/userfaultfd_k.h>
#include <asm/uaccess.h>
#include "userfaultfd.h"

/* ---- UFFDIO_API -------------------------------------------------------------------------- */

static int check_api(const struct uffdio_api *api)
{
	if (api->api != UFFD_API || api->features & ~UFFD_API_FEATURES)
		return -EINVAL;
	if (api->features & UFFD_FEATURE_EVENT_FORK && !capable(CAP_SYS_PTRACE))
		return -EPERM;
	return 0;
}

/* Of several that try at a time one succeeds (API-9); who fails finds his argument cleared. */
static int userfaultfd_api(struct userfaultfd_ctx *ctx, struct uffdio_api __user *arg)
{
	unsigned int none = 0, features;
	struct uffdio_api api;
	int err;

	if (copy_from_user(&api, arg, sizeof(api)))
		return -EFAULT;
	err = check_api(&api);
	if (err)
		goto clear;
	features = (unsigned int)api.features | UFFD_FEATURE_INITIALIZED;
	api.features = UFFD_API_FEATURES;
	api.ioctls = UFFD_API_IOCTLS;
	if (copy_to_user(arg, &api, sizeof(api)))
		return -EFAULT;
	if (__atomic_compare_exchange_n(&ctx->features, &none, features, false, __ATOMIC_SEQ_CST,
					__ATOMIC_RELAXED))
		return 0;
	err = -EINVAL;
clear:
	return clear_user(arg, sizeof(*arg)) ? -EFAULT : err;
}

/* ---- ranges ------------------------------------------------------------------------------ */

/* RNG-1 */
static int validate_range(const struct mm_struct *mm, u64 start, u64 len)
{
	if ((start | len) & ~PAGE_MASK || !len)
		return -EINVAL;
	return start >= mm->task_size || len > mm->task_size - start ? -EINVAL : 0;
}

static vm_flags_t tracking_flags(u64 mode)
{
	return (mode & UFFDIO_REGISTER_MODE_MISSING ? VM_UFFD_MISSING : 0) |
	       (mode & UFFDIO_REGISTER_MODE_WP ? VM_UFFD_WP : 0) |
	       (mode & UFFDIO_REGISTER_MODE_MINOR ? VM_UFFD_MINOR : 0);
}

/* REG-12 */
static u64 range_ioctls(u64 mode)
{
	return UFFD_API_RANGE_IOCTLS_BASIC |
	       (mode & UFFDIO_REGISTER_MODE_WP ? 1ULL << _UFFDIO_WRITEPROTECT : 0) |
	       (mode & UFFDIO_REGISTER_MODE_MINOR ? 1ULL << _UFFDIO_CONTINUE : 0);
}

static int userfaultfd_register(struct userfaultfd_ctx *ctx, struct uffdio_register __user *arg)
{
	const u64 modes =
		UFFDIO_REGISTER_MODE_MISSING | UFFDIO_REGISTER_MODE_WP | UFFDIO_REGISTER_MODE_MINOR;
	struct mm_struct *mm = ctx->mm;
	struct uffdio_range range;
	u64 mode;
	int err;

	if (copy_from_user(&range, &arg->range, sizeof(range)) || get_user(mode, &arg->mode))
		return -EFAULT;
	if (!mode || mode & ~modes)
		return -EINVAL;
	err = validate_range(ctx->mm, range.start, range.len);
	if (err)
		return err;
	if (!mmget_not_zero(mm))
		return -ENOMEM;
	mmap_write_lock(mm);
	err = userfaultfd_register_range(mm, ctx, range.start, range.start + range.len,
					 tracking_flags(mode));
	mm_verify_checked(mm, "userfaultfd register");
	mmap_write_unlock(mm);
	mmput(mm);
	if (!err && put_user(range_ioctls(mode), &arg->ioctls)) /* stop: uffd-2 */
		err = -EFAULT;
	return err;
}

static int userfaultfd_unregister(struct userfaultfd_ctx *ctx, struct uffdio_range __user *arg)
{
	struct mm_struct *mm = ctx->mm;
	struct uffdio_range range;
	int err;

	if (copy_from_user(&range, arg, sizeof(range)))
		return -EFAULT;
	err = validate_range(ctx->mm, range.start, range.len);
	if (err)
		return err;
	if (!mmget_not_zero(mm))
		return -ENOMEM;
	mmap_write_lock(mm);
	err = userfaultfd_unregister_range(mm, range.start, range.start + range.len);
	mm_verify_checked(mm, "userfaultfd unregister");
	mmap_write_unlock(mm);
	mmput(mm);
	return err;
}

static int userfaultfd_wake(struct userfaultfd_ctx *ctx, struct uffdio_range __user *arg)
{
	struct uffdio_range range;
	int err;

	if (copy_from_user(&range, arg, sizeof(range)))
		return -EFAULT;
	err = validate_range(ctx->mm, range.start, range.len);
	if (!err)
		wake_userfault(ctx, range.start, range.len);
	return err;
}

/* ---- filling pages ----------------------------------------------------------------------- */

/*
 * The end of a work that has done @done of @len bytes, or failed: tells the program, wakes who
 * waits in what is done. Less than all is -EAGAIN, and the caller goes on from there (CPY-5, 7).
 */
static int fill_done(struct userfaultfd_ctx *ctx, s64 __user *result, ssize_t done, u64 start,
		     u64 len, bool wake)
{
	mmput(ctx->mm);
	if (put_user((s64)done, result))
		return -EFAULT;
	if (done < 0)
		return (int)done;
	if (wake)
		wake_userfault(ctx, start, (unsigned long)done);
	return (u64)done == len ? 0 : -EAGAIN;
}

static int userfaultfd_copy(struct userfaultfd_ctx *ctx, struct uffdio_copy __user *arg)
{
	struct uffdio_copy copy;
	ssize_t done;
	int err;

	if (atomic_read(&ctx->mmap_changing))
		return -EAGAIN;
	if (copy_from_user(&copy, arg, offsetof(struct uffdio_copy, copy)))
		return -EFAULT;
	err = validate_range(ctx->mm, copy.dst, copy.len);
	if (err)
		return err;
	if (copy.src + copy.len <= copy.src)
		return -EINVAL;
	if (copy.mode & ~(UFFDIO_COPY_MODE_DONTWAKE | UFFDIO_COPY_MODE_WP))
		return -EINVAL;
	if (!mmget_not_zero(ctx->mm))
		return -ESRCH;
	done = mcopy_atomic(ctx->mm, copy.dst, copy.src, copy.len, &ctx->mmap_changing,
			    copy.mode & UFFDIO_COPY_MODE_WP);
	return fill_done(ctx, &arg->copy, done, copy.dst, copy.len,
			 !(copy.mode & UFFDIO_COPY_MODE_DONTWAKE));
}

typedef ssize_t (*fill_fn)(struct mm_struct *mm, unsigned long dst, unsigned long len,
			   atomic_t *mmap_changing);

/* ZEROPAGE and CONTINUE: a range, a mode that may be DONTWAKE, the result. */
static int userfaultfd_fill(struct userfaultfd_ctx *ctx, struct uffdio_zeropage __user *arg,
			    fill_fn fill)
{
	struct uffdio_zeropage zero;
	ssize_t done;
	int err;

	if (atomic_read(&ctx->mmap_changing))
		return -EAGAIN;
	if (copy_from_user(&zero, arg, offsetof(struct uffdio_zeropage, zeropage)))
		return -EFAULT;
	err = validate_range(ctx->mm, zero.range.start, zero.range.len);
	if (err)
		return err;
	if (zero.mode & ~UFFDIO_ZEROPAGE_MODE_DONTWAKE)
		return -EINVAL;
	if (!mmget_not_zero(ctx->mm))
		return -ESRCH;
	done = fill(ctx->mm, zero.range.start, zero.range.len, &ctx->mmap_changing);
	return fill_done(ctx, &arg->zeropage, done, zero.range.start, zero.range.len,
			 !(zero.mode & UFFDIO_ZEROPAGE_MODE_DONTWAKE));
}

_Static_assert(sizeof(struct uffdio_zeropage) == sizeof(struct uffdio_continue) &&
		       UFFDIO_ZEROPAGE_MODE_DONTWAKE == UFFDIO_CONTINUE_MODE_DONTWAKE,
	       "userfaultfd_fill() serves both");

/* ---- UFFDIO_WRITEPROTECT ----------------------------------------------------------------- */

static int userfaultfd_writeprotect(struct userfaultfd_ctx *ctx,
				    struct uffdio_writeprotect __user *arg)
{
	const u64 modes = UFFDIO_WRITEPROTECT_MODE_WP | UFFDIO_WRITEPROTECT_MODE_DONTWAKE;
	struct uffdio_writeprotect wp;
	int err;

	if (atomic_read(&ctx->mmap_changing))
		return -EAGAIN;
	if (copy_from_user(&wp, arg, sizeof(wp)))
		return -EFAULT;
	err = validate_range(ctx->mm, wp.range.start, wp.range.len);
	if (err)
		return err;
	if (wp.mode & ~modes || (wp.mode & modes) == modes)
		return -EINVAL;
	if (!mmget_not_zero(ctx->mm))
		return -ESRCH;
	err = mwriteprotect_range(ctx->mm, wp.range.start, wp.range.len, &ctx->mmap_changing,
				  wp.mode & UFFDIO_WRITEPROTECT_MODE_WP);
	mmput(ctx->mm);
	if (!err && !wp.mode)
		wake_userfault(ctx, wp.range.start, wp.range.len);
	return err;
}

/* ---- all of them ------------------------------------------------------------------------- */

long userfaultfd_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct userfaultfd_ctx *ctx = file->private_data;
	void __user *argp = (void __user *)arg;

	if (!userfaultfd_is_initialized(ctx))
		return cmd == UFFDIO_API ? userfaultfd_api(ctx, argp) : -EINVAL;
	switch (cmd) {
	case UFFDIO_API: /* a second time, which it refuses */
		return userfaultfd_api(ctx, argp);
	case UFFDIO_REGISTER:
		return userfaultfd_register(ctx, argp);
	case UFFDIO_UNREGISTER:
		return userfaultfd_unregister(ctx, argp);
	case UFFDIO_WAKE:
		return userfaultfd_wake(ctx, argp);
	case UFFDIO_COPY:
		return userfaultfd_copy(ctx, argp);
	case UFFDIO_ZEROPAGE:
		return userfaultfd_fill(ctx, argp, mfill_zeropage);
	case UFFDIO_CONTINUE:
		return userfaultfd_fill(ctx, argp, mcopy_continue);
	case UFFDIO_WRITEPROTECT:
		return userfaultfd_writeprotect(ctx, argp);
	default:
		return -EINVAL;
	}
}
