/* SPDX-License-Identifier: MIT */
/*
 * cpio.h - reads a cpio archive of format "newc" (070701, or 070702 with checksums) in memory.
 */
#ifndef PAGODA_CPIO_H
#define PAGODA_CPIO_H

#include <pagoda/types.h>

/* One member. name and data point into the archive; name is terminated, data is not. */
struct cpio_entry {
	const char *name;
	size_t name_len; /* without the terminating 0 */
	const void *data;
	u32 size; /* of data, in bytes */
	u32 ino;
	u32 mode;
	u32 uid;
	u32 gid;
	u32 nlink;
	u32 mtime;
	u32 dev_major, dev_minor;   /* of the file system: with ino, tells hard links */
	u32 rdev_major, rdev_minor; /* of a device node */
};

struct cpio_reader {
	const u8 *base;
	size_t size;
	size_t pos;
};

void cpio_init(struct cpio_reader *r, const void *buf, size_t size);

/*
 * Reads the next member into *e. Returns 1, 0 at the end, or -EINVAL for a damaged archive
 * (every offset and length is checked against the buffer). Several archives may follow each
 * other, with zero bytes between them, as in Linux's initramfs: trailers are skipped.
 */
int cpio_next(struct cpio_reader *r, struct cpio_entry *e);

#endif
