/* SPDX-License-Identifier: MIT */
/*
 * uio.h - iov_iter: the memory end of a read or write, whatever it is made of.
 *
 * The file end copies with copy_to_iter() (reading the file) and copy_from_iter() (writing it);
 * both advance the iterator by what was copied and stop early at an address that faults.
 */
#ifndef PAGODA_UIO_H
#define PAGODA_UIO_H

#include <pagoda/types.h>
#include <uapi/uio.h>

struct page;

/* A piece of kernel memory. */
struct kvec {
	void *iov_base;
	size_t iov_len;
};

enum iter_type { ITER_UBUF, ITER_IOVEC, ITER_KVEC };

#define READ  0 /* data goes to the iterator's memory */
#define WRITE 1 /* data comes from it */

struct iov_iter {
	u8 iter_type;
	bool data_source;  /* WRITE: the memory is read from */
	size_t iov_offset; /* into the first segment; ITER_UBUF: into the buffer */
	size_t count;	   /* bytes left */
	union {
		const struct iovec *iov; /* kernel copy of the vector; bases are user addresses */
		const struct kvec *kvec;
		void __user *ubuf;
	};
	unsigned long nr_segs; /* segments left, the first one included */
};

static inline size_t iov_iter_count(const struct iov_iter *i)
{
	return i->count;
}

static inline void iov_iter_truncate(struct iov_iter *i, u64 count)
{
	if (i->count > count)
		i->count = count;
}

static inline bool user_backed_iter(const struct iov_iter *i)
{
	return i->iter_type != ITER_KVEC;
}

static inline void iov_iter_ubuf(struct iov_iter *i, unsigned int direction, void __user *buf,
				 size_t count)
{
	*i = (struct iov_iter){
		.iter_type = ITER_UBUF,
		.data_source = direction,
		.ubuf = buf,
		.count = count,
		.nr_segs = 1,
	};
}

/* fs/uio.c */
void iov_iter_init(struct iov_iter *i, unsigned int direction, const struct iovec *iov,
		   unsigned long nr_segs, size_t count);
void iov_iter_kvec(struct iov_iter *i, unsigned int direction, const struct kvec *kvec,
		   unsigned long nr_segs, size_t count);
void iov_iter_advance(struct iov_iter *i, size_t bytes);
void iov_iter_revert(struct iov_iter *i, size_t bytes); /* undo the last advances, in total bytes */
/* All return the number of bytes copied; less than asked when the memory faults or ends. */
size_t copy_to_iter(const void *addr, size_t bytes, struct iov_iter *i);
size_t copy_from_iter(void *addr, size_t bytes, struct iov_iter *i);
size_t iov_iter_zero(size_t bytes, struct iov_iter *i);
size_t copy_page_to_iter(struct page *page, size_t offset, size_t bytes, struct iov_iter *i);
size_t copy_page_from_iter(struct page *page, size_t offset, size_t bytes, struct iov_iter *i);
/* Touch the user pages of the next bytes; returns how many of them could NOT be reached. */
size_t fault_in_iov_iter_readable(const struct iov_iter *i, size_t bytes);
/*
 * A user's vector in the kernel: in @fast of @fast_segs entries, or else to be kfree'd. EINVAL above
 * UIO_MAXIOV or for a length that is negative as ssize_t, EFAULT, ENOMEM; addresses are not checked.
 */
struct iovec *iovec_from_user(const struct iovec __user *uvec, unsigned long nr_segs,
			      unsigned long fast_segs, struct iovec *fast);
/*
 * Bring a user's vector into the kernel: checks count (EINVAL above UIO_MAXIOV), lengths (EINVAL
 * if one is negative as ssize_t; the sum is cut at MAX_RW_COUNT) and addresses (EFAULT). *iovp is
 * a stack array of fast_segs on entry; on return what must be kfree'd, or NULL. Returns the bytes.
 */
ssize_t import_iovec(int direction, const struct iovec __user *uvec, unsigned int nr_segs,
		     unsigned int fast_segs, struct iovec **iovp, struct iov_iter *i);

#endif
