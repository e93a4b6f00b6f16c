// SPDX-License-Identifier: MIT
/*
 * fs/uio.c - iov_iter: copying to and from whatever memory a read or write is for.
 *
 * iterate() cuts the next bytes into pieces within one segment each and hands them to a step
 * function; the step says how many bytes it could NOT do, which ends the walk.
 */
#include <pagoda/compat.h>
#include <pagoda/err.h>
#include <pagoda/kernel.h>
#include <pagoda/fs.h>
#include <pagoda/page.h>
#include <pagoda/slab.h>
#include <pagoda/uio.h>
#include <asm/uaccess.h>

void iov_iter_init(struct iov_iter *i, unsigned int direction, const struct iovec *iov,
		   unsigned long nr_segs, size_t count)
{
	*i = (struct iov_iter){
		.iter_type = ITER_IOVEC,
		.data_source = direction,
		.iov = iov,
		.nr_segs = nr_segs,
		.count = count,
	};
}

void iov_iter_kvec(struct iov_iter *i, unsigned int direction, const struct kvec *kvec,
		   unsigned long nr_segs, size_t count)
{
	*i = (struct iov_iter){
		.iter_type = ITER_KVEC,
		.data_source = direction,
		.kvec = kvec,
		.nr_segs = nr_segs,
		.count = count,
	};
}

/* struct kvec and struct iovec have one layout. */
static struct iovec this_segment(const struct iov_iter *i)
{
	if (i->iter_type == ITER_UBUF)
		return (struct iovec){(__force void *)i->ubuf, i->iov_offset + i->count};
	return *i->iov;
}

void iov_iter_advance(struct iov_iter *i, size_t bytes)
{
	bytes = min(bytes, i->count);
	i->count -= bytes;
	i->iov_offset += bytes;
	if (i->iter_type == ITER_UBUF)
		return;
	while (i->nr_segs && i->iov_offset >= i->iov->iov_len) {
		i->iov_offset -= i->iov->iov_len;
		i->iov++;
		i->nr_segs--;
	}
}

void iov_iter_revert(struct iov_iter *i, size_t bytes)
{
	i->count += bytes;
	if (i->iter_type == ITER_UBUF) {
		i->iov_offset -= bytes;
		return;
	}
	while (bytes > i->iov_offset) {
		bytes -= i->iov_offset;
		i->iov--;
		i->nr_segs++;
		i->iov_offset = i->iov->iov_len;
	}
	i->iov_offset -= bytes;
}

/* ---- copying ----------------------------------------------------------------------------- */

enum step { STEP_TO, STEP_FROM, STEP_ZERO };

static size_t step_kernel(enum step step, void *mem, void *addr, size_t n)
{
	if (step == STEP_TO)
		memcpy(mem, addr, n);
	else if (step == STEP_FROM)
		memcpy(addr, mem, n);
	else
		memset(mem, 0, n);
	return 0;
}

static size_t step_user(enum step step, void __user *mem, void *addr, size_t n)
{
	if (step == STEP_TO)
		return copy_to_user(mem, addr, n);
	if (step == STEP_FROM)
		return copy_from_user(addr, mem, n);
	return clear_user(mem, n);
}

static size_t iterate(enum step step, void *addr, size_t bytes, struct iov_iter *i)
{
	size_t done = 0;

	bytes = min(bytes, i->count);
	while (done < bytes) {
		struct iovec seg = this_segment(i);
		size_t n = min(bytes - done, seg.iov_len - i->iov_offset), left;
		void *mem = seg.iov_base + i->iov_offset;

		if (i->iter_type == ITER_KVEC)
			left = step_kernel(step, mem, addr + done, n);
		else
			left = step_user(step, (void __user *)mem, addr + done, n);
		done += n - left;
		iov_iter_advance(i, n - left);
		if (left)
			break;
	}
	return done;
}

static inline void advance_ubuf(struct iov_iter *i, size_t bytes)
{
	i->count -= bytes;
	i->iov_offset += bytes;
}

/* One user buffer is by far the most common case. */
size_t copy_to_iter(const void *addr, size_t bytes, struct iov_iter *i)
{
	if (likely(i->iter_type == ITER_UBUF)) {
		bytes = min(bytes, i->count);
		bytes -= copy_to_user(i->ubuf + i->iov_offset, addr, bytes);
		advance_ubuf(i, bytes);
		return bytes;
	}
	return iterate(STEP_TO, (void *)addr, bytes, i);
}

size_t copy_from_iter(void *addr, size_t bytes, struct iov_iter *i)
{
	if (likely(i->iter_type == ITER_UBUF)) {
		bytes = min(bytes, i->count);
		bytes -= copy_from_user(addr, i->ubuf + i->iov_offset, bytes);
		advance_ubuf(i, bytes);
		return bytes;
	}
	return iterate(STEP_FROM, addr, bytes, i);
}

size_t iov_iter_zero(size_t bytes, struct iov_iter *i)
{
	return iterate(STEP_ZERO, NULL, bytes, i);
}

size_t copy_page_to_iter(struct page *page, size_t offset, size_t bytes, struct iov_iter *i)
{
	return copy_to_iter(page_address(page) + offset, bytes, i);
}

size_t copy_page_from_iter(struct page *page, size_t offset, size_t bytes, struct iov_iter *i)
{
	return copy_from_iter(page_address(page) + offset, bytes, i);
}

/* ---- faulting in ------------------------------------------------------------------------- */

static size_t fault_in(const struct iov_iter *it, size_t bytes, bool write)
{
	struct iov_iter i = *it;

	if (!user_backed_iter(&i))
		return 0;
	bytes = min(bytes, i.count);
	while (bytes) {
		struct iovec seg = this_segment(&i);
		size_t n = min(bytes, seg.iov_len - i.iov_offset), left;
		char __user *mem = (char __user *)seg.iov_base + i.iov_offset;

		left = write ? fault_in_writeable(mem, n) : fault_in_readable(mem, n);
		if (left)
			return bytes - (n - left);
		iov_iter_advance(&i, n);
		bytes -= n;
	}
	return 0;
}

size_t fault_in_iov_iter_readable(const struct iov_iter *i, size_t bytes)
{
	if (likely(i->iter_type == ITER_UBUF))
		return fault_in_readable(i->ubuf + i->iov_offset, min(bytes, i->count));
	return fault_in(i, bytes, false);
}

/* ---- the caller's vector ----------------------------------------------------------------- */

/* A length of 32 bits is signed, as one of 64 bits is: it may not be negative. */
static int copy_compat_iovec(struct iovec *iov, const void __user *uvec, unsigned int nr_segs)
{
	const struct compat_iovec __user *from = uvec;
	struct compat_iovec c;

	for (unsigned int seg = 0; seg < nr_segs; seg++) {
		if (copy_from_user(&c, from + seg, sizeof(c)))
			return -EFAULT;
		iov[seg].iov_base = (__force void *)compat_ptr(c.iov_base);
		iov[seg].iov_len = (size_t)(s32)c.iov_len;
	}
	return 0;
}

static int copy_iovec(struct iovec *iov, const struct iovec __user *uvec, unsigned int nr_segs)
{
	if (in_compat_syscall())
		return copy_compat_iovec(iov, uvec, nr_segs);
	return copy_from_user(iov, uvec, nr_segs * sizeof(*iov)) ? -EFAULT : 0;
}

struct iovec *iovec_from_user(const struct iovec __user *uvec, unsigned long nr_segs,
			      unsigned long fast_segs, struct iovec *fast)
{
	struct iovec *iov = fast;
	int err = 0;

	if (nr_segs > UIO_MAXIOV)
		return ERR_PTR(-EINVAL);
	if (nr_segs > fast_segs) {
		iov = kmalloc_array(nr_segs, sizeof(*iov), GFP_KERNEL);
		if (!iov)
			return ERR_PTR(-ENOMEM);
	}
	if (copy_iovec(iov, uvec, nr_segs))
		err = -EFAULT;
	for (unsigned long seg = 0; !err && seg < nr_segs; seg++)
		if ((ssize_t)iov[seg].iov_len < 0)
			err = -EINVAL;
	if (!err)
		return iov;
	if (iov != fast)
		kfree(iov);
	return ERR_PTR(err);
}

/* Checks the addresses and cuts the sum at MAX_RW_COUNT. Bytes, or EFAULT. */
static ssize_t check_segments(struct iovec *iov, unsigned int nr_segs)
{
	size_t total = 0;

	for (unsigned int seg = 0; seg < nr_segs; seg++) {
		if (!access_ok(iov[seg].iov_base, iov[seg].iov_len))
			return -EFAULT;
		iov[seg].iov_len = min(iov[seg].iov_len, MAX_RW_COUNT - total);
		total += iov[seg].iov_len;
	}
	return total;
}

ssize_t import_iovec(int direction, const struct iovec __user *uvec, unsigned int nr_segs,
		     unsigned int fast_segs, struct iovec **iovp, struct iov_iter *i)
{
	struct iovec *fast = *iovp, *iov = iovec_from_user(uvec, nr_segs, fast_segs, fast);
	struct iovec *alloced;
	ssize_t total;

	*iovp = NULL;
	if (IS_ERR(iov))
		return PTR_ERR(iov);
	alloced = iov == fast ? NULL : iov;
	total = check_segments(iov, nr_segs);
	if (total < 0) {
		kfree(alloced);
		return total;
	}
	iov_iter_init(i, direction, iov, nr_segs, total);
	*iovp = alloced;
	return total;
}
