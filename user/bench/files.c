// SPDX-License-Identifier: MIT
/*
 * user/bench/files.c - mappings of a file whose pages are in memory; rows are per 4 KiB page.
 */
#include "bench.h"
#include <sys/mman.h>
#include <unistd.h>

#define SIZE  (4 * MiB)
#define PAGES (SIZE / PAGE)

static uint64_t time_mapping(int flags, int written)
{
	int fd = memfd_create("bench", 0);
	uint64_t t;
	char *p;

	if (fd < 0 || ftruncate(fd, SIZE))
		fail("memfd_create");
	for (size_t i = 0; i < SIZE; i += PAGE)
		if (pwrite(fd, "x", 1, i) != 1)
			fail("pwrite");
	p = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, flags, fd, 0);
	if (p == MAP_FAILED)
		fail("mmap");
	t = ticks();
	if (written)
		touch(p, SIZE);
	else
		read_all(p, SIZE);
	t = ticks() - t;
	munmap(p, SIZE);
	close(fd);
	return t;
}

static uint64_t fmap_private_read(unsigned long ops)
{
	return time_mapping(MAP_PRIVATE, 0);
}

static uint64_t fmap_private_write(unsigned long ops)
{
	return time_mapping(MAP_PRIVATE, 1);
}

static uint64_t fmap_shared_read(unsigned long ops)
{
	return time_mapping(MAP_SHARED, 0);
}

static uint64_t fmap_shared_write(unsigned long ops)
{
	return time_mapping(MAP_SHARED, 1);
}

const struct bench file_benches[] = {
	{"fmap_private_read", PAGES, fmap_private_read},
	{"fmap_private_write", PAGES, fmap_private_write},
	{"fmap_shared_read", PAGES, fmap_shared_read},
	{"fmap_shared_write", PAGES, fmap_shared_write},
	{NULL, 0, NULL},
};
