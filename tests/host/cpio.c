// SPDX-License-Identifier: MIT
/*
 * tests/host/cpio.c - archives made here and read back, whole and damaged in every way that
 * chance finds, in memory that ends where the archive does.
 */
#include <pagoda/cpio.h>
#include <pagoda/errno.h>
#include <pagoda/sprintf.h>
#include <pagoda/string.h>
#include "test.h"

#define MAX_FILES 8
#define MAX_SIZE  8192

static u8 archive[MAX_SIZE];
static size_t archive_size;
static struct cpio_entry files[MAX_FILES];
static char names[MAX_FILES][20];
static u8 contents[MAX_FILES][300];
static int nfiles;

static void append(const void *p, size_t n)
{
	memcpy(archive + archive_size, p, n);
	archive_size += n;
}

static void pad(void)
{
	while (archive_size % 4)
		append("", 1);
}

static void append_member(const char *magic, const struct cpio_entry *e)
{
	char header[120];
	int n = sprintf(header, "%s%08x%08x%08x%08X%08x%08x%08x%08x%08x%08x%08x%08x%08x", magic,
			e->ino, e->mode, e->uid, e->gid, e->nlink, e->mtime, e->size, e->dev_major,
			e->dev_minor, e->rdev_major, e->rdev_minor, (u32)e->name_len + 1, 0);

	CHECK_EQ(n, 110);
	append(header, n);
	append(e->name, e->name_len + 1);
	pad();
	append(e->data, e->size);
	pad();
}

static void append_trailer(void)
{
	struct cpio_entry e = {.name = "TRAILER!!!", .name_len = 10, .data = "", .nlink = 1};

	append_member("070701", &e);
}

/* Random files with random fields; sometimes a second archive follows the first. */
static void make_archive(void)
{
	static const char *const magics[] = {"070701", "070702"};

	archive_size = 0;
	nfiles = test_below(MAX_FILES + 1);
	for (int i = 0; i < nfiles; i++) {
		struct cpio_entry *e = &files[i];
		u32 *fields[] = {&e->ino,	 &e->mode,	&e->uid,       &e->gid,
				 &e->nlink,	 &e->mtime,	&e->dev_major, &e->dev_minor,
				 &e->rdev_major, &e->rdev_minor};

		for (size_t f = 0; f < ARRAY_SIZE(fields); f++)
			*fields[f] = test_random();
		e->size = test_below(4) ? test_below(sizeof(contents[i])) : 0;
		for (size_t j = 0; j < e->size; j++)
			contents[i][j] = test_random();
		e->data = contents[i];
		e->name_len = sprintf(names[i], "dir/%d%.*s", i, (int)test_below(8), "abcdefgh");
		e->name = names[i];
		append_member(magics[test_below(2)], e);
		if (test_below(4) == 0) {
			append_trailer();
			for (int zeros = test_below(20); zeros > 0; zeros--)
				append("\0\0\0", 4);
		}
	}
	append_trailer();
	while (archive_size % 512)
		append("", 1);
}

static void compare(const struct cpio_entry *got, const struct cpio_entry *want)
{
	CHECK_STR(got->name, want->name);
	CHECK_EQ(got->name_len, want->name_len);
	CHECK_EQ(got->size, want->size);
	CHECK(!memcmp(got->data, want->data, want->size));
	CHECK_EQ(got->ino, want->ino);
	CHECK_EQ(got->mode, want->mode);
	CHECK_EQ(got->uid, want->uid);
	CHECK_EQ(got->gid, want->gid);
	CHECK_EQ(got->nlink, want->nlink);
	CHECK_EQ(got->mtime, want->mtime);
	CHECK_EQ(got->dev_major, want->dev_major);
	CHECK_EQ(got->dev_minor, want->dev_minor);
	CHECK_EQ(got->rdev_major, want->rdev_major);
	CHECK_EQ(got->rdev_minor, want->rdev_minor);
}

static void round_trips(void)
{
	for (int round = 0; round < 2000; round++) {
		struct cpio_reader r;
		struct cpio_entry e;
		u8 *copy;

		make_archive();
		copy = malloc(archive_size);
		memcpy(copy, archive, archive_size);
		cpio_init(&r, copy, archive_size);
		for (int i = 0; i < nfiles; i++) {
			CHECK_EQ(cpio_next(&r, &e), 1);
			compare(&e, &files[i]);
		}
		CHECK_EQ(cpio_next(&r, &e), 0);
		CHECK_EQ(cpio_next(&r, &e), 0);
		free(copy);
	}
}

/* Reads everything that an entry points to; the sanitizer watches. Returns the last result. */
static int read_all(const u8 *buf, size_t size, int *count)
{
	struct cpio_reader r;
	struct cpio_entry e;
	unsigned int sum = 0;
	int ret;

	*count = 0;
	cpio_init(&r, buf, size);
	while ((ret = cpio_next(&r, &e)) == 1) {
		CHECK_EQ(strlen(e.name), e.name_len);
		for (size_t i = 0; i < e.size; i++)
			sum += ((const u8 *)e.data)[i];
		CHECK(sum <= 255 * e.size);
		sum = 0;
		CHECK(++*count < 1000);
	}
	return ret;
}

static void damage(void)
{
	for (int round = 0; round < 30000; round++) {
		size_t size;
		u8 *copy;
		int n, ret;

		if (round % 16 == 0)
			make_archive();
		size = test_below(2) ? archive_size : test_below(archive_size + 1);
		copy = malloc(size);
		memcpy(copy, archive, size);
		for (int hits = test_below(4); hits > 0 && size; hits--)
			copy[test_below(size)] =
				test_below(2) ? "0f7F"[test_below(4)] : test_random();
		ret = read_all(copy, size, &n);
		CHECK(ret == 0 || ret == -EINVAL);
		free(copy);
	}
}

/* Cut anywhere in its only member, an archive is damaged; cut before, it is empty. */
static void truncation(void)
{
	struct cpio_entry e = {.name = "file", .name_len = 4, .data = "hello", .size = 5};
	int n;

	archive_size = 0;
	append_member("070701", &e);
	for (size_t size = 0; size <= archive_size; size++) {
		u8 *copy = malloc(size);

		memcpy(copy, archive, size);
		CHECK_EQ(read_all(copy, size, &n),
			 size == 0 || size >= archive_size - 3 ? 0 : -EINVAL);
		CHECK_EQ(n, size >= archive_size - 3);
		free(copy);
	}
}

/* One field or byte wrong at a time. */
static void bad_members(void)
{
	struct cpio_entry e = {.name = "file", .name_len = 4, .data = "hello", .size = 5};
	static const struct {
		size_t at;
		const char *with;
	} wrong[] = {
		{0, "070707"},		  /* the old format */
		{6, "0000000g"},	  /* not a digit */
		{6 + 8 * 6, "ffffffff"},  /* size of the data */
		{6 + 8 * 6, "00000009"},  /* one more than there is */
		{6 + 8 * 11, "ffffffff"}, /* size of the name */
		{6 + 8 * 11, "00000000"}, /* no name */
		{6 + 8 * 11, "00000004"}, /* the name is not terminated */
		{6 + 8 * 11, "00000006"}, /* the name ends too early */
	};
	int n;

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		archive_size = 0;
		append_member("070701", &e);
		CHECK_EQ(read_all(archive, archive_size, &n), 0);
		memcpy(archive + wrong[i].at, wrong[i].with, strlen(wrong[i].with));
		if (read_all(archive, archive_size, &n) != -EINVAL || n)
			test_failed(__FILE__, __LINE__, "case %zu passes", i);
	}
}

int main(void)
{
	RUN(round_trips);
	RUN(damage);
	RUN(truncation);
	RUN(bad_members);
	return 0;
}
