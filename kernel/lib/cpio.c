// SPDX-License-Identifier: MIT
/*
 * kernel/lib/cpio.c - reads "newc" cpio archives, as initramfs images are.
 *
 * A member is a header of 110 characters (a magic number of 6, then 13 fields of 8 hexadecimal
 * digits), its name with a terminating 0, and its data; name and data are padded so that what
 * follows is at a multiple of 4 from the beginning of the archive. Source: cpio(5), and Linux's
 * Documentation/driver-api/early-userspace/buffer-format.rst.
 */
#include <pagoda/compiler.h>
#include <pagoda/cpio.h>
#include <pagoda/ctype.h>
#include <pagoda/errno.h>
#include <pagoda/string.h>

#define HEADER_SIZE 110
#define MAGIC_SIZE  6

/* The 13 fields in their order. */
enum {
	F_INO,
	F_MODE,
	F_UID,
	F_GID,
	F_NLINK,
	F_MTIME,
	F_SIZE,
	F_DEV_MAJOR,
	F_DEV_MINOR,
	F_RDEV_MAJOR,
	F_RDEV_MINOR,
	F_NAME_SIZE,
	F_CHECK,
	F_COUNT,
};

void cpio_init(struct cpio_reader *r, const void *buf, size_t size)
{
	r->base = buf;
	r->size = size;
	r->pos = 0;
}

/* All fields, or -EINVAL when there is another character than a hexadecimal digit. */
static int parse_fields(const u8 *p, u32 field[F_COUNT])
{
	for (int f = 0; f < F_COUNT; f++) {
		field[f] = 0;
		for (int i = 0; i < 8; i++, p++) {
			if (!isxdigit(*p))
				return -EINVAL;
			field[f] =
				field[f] << 4 | (isdigit(*p) ? *p - '0' : tolower(*p) - 'a' + 10);
		}
	}
	return 0;
}

/* Takes len bytes and their padding: where they are, or NULL if they are not all there. */
static const void *take(struct cpio_reader *r, size_t len)
{
	const void *p = r->base + r->pos;

	if (len > r->size - r->pos)
		return NULL;
	r->pos = min(ALIGN(r->pos + len, 4), r->size);
	return p;
}

static int read_member(struct cpio_reader *r, struct cpio_entry *e)
{
	u32 field[F_COUNT];
	const u8 *header;

	if (r->size - r->pos < HEADER_SIZE)
		return -EINVAL;
	header = r->base + r->pos;
	if (memcmp(header, "070701", MAGIC_SIZE) && memcmp(header, "070702", MAGIC_SIZE))
		return -EINVAL;
	if (parse_fields(header + MAGIC_SIZE, field))
		return -EINVAL;
	r->pos += HEADER_SIZE; /* no padding: the name follows at once */

	*e = (struct cpio_entry){
		.size = field[F_SIZE],
		.ino = field[F_INO],
		.mode = field[F_MODE],
		.uid = field[F_UID],
		.gid = field[F_GID],
		.nlink = field[F_NLINK],
		.mtime = field[F_MTIME],
		.dev_major = field[F_DEV_MAJOR],
		.dev_minor = field[F_DEV_MINOR],
		.rdev_major = field[F_RDEV_MAJOR],
		.rdev_minor = field[F_RDEV_MINOR],
	};
	e->name = take(r, field[F_NAME_SIZE]);
	if (!e->name)
		return -EINVAL;
	/* The terminating 0 must be the last byte; with no byte at all no length is right. */
	e->name_len = field[F_NAME_SIZE] - 1UL;
	if (strnlen(e->name, field[F_NAME_SIZE]) != e->name_len)
		return -EINVAL;
	e->data = take(r, e->size);
	return e->data ? 0 : -EINVAL;
}

int cpio_next(struct cpio_reader *r, struct cpio_entry *e)
{
	for (;;) {
		size_t start = r->pos;
		int err;

		while (r->pos < r->size && !r->base[r->pos])
			r->pos++;
		if (r->pos == r->size)
			return 0;
		/* Padding counts from the start of each archive; Linux wants that aligned. */
		if (!IS_ALIGNED(r->pos, 4))
			return -EINVAL;
		err = read_member(r, e);
		if (err) {
			r->pos = start;
			return err;
		}
		if (strcmp(e->name, "TRAILER!!!"))
			return 1;
	}
}
