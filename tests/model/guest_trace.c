// SPDX-License-Identifier: MIT
/*
 * tests/model/guest_trace.c - what a process of the model saw, as numbers that two kernels share.
 *
 * A step's line has the process, the operation, its result, and a digest of /proc/self/maps within
 * the window, page by page: kernels merge areas differently, which is not theirs to promise. At the
 * end each process adds its counters, what its pagemap says, and the bytes of its memory.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "guest.h"

static unsigned long mix(unsigned long hash, unsigned long value)
{
	return (hash ^ value) * 0x100000001b3UL;
}

static void add(unsigned long value)
{
	turns->hash = mix(turns->hash, value);
}

/* The line's rights, offset and file, which all its pages share but for the offset. */
static unsigned long digest_line(char *line, unsigned long start, unsigned long end)
{
	unsigned long hash = 0, offset, rights = 0;
	char *at = strchr(line, ' ') + 1, *stop = strchr(line, '\n');

	for (int i = 0; i < 4; i++)
		rights = rights << 8 | (unsigned char)at[i];
	offset = strtoul(at + 5, &at, 16);
	at = memchr(at, '/', stop - at);
	for (char *c = at; c && c < stop; c++)
		rights = mix(rights, *c);
	for (unsigned long addr = start; addr < end; addr += PAGE) {
		if (addr >= window && addr < window + WINDOW_SIZE)
			hash += mix(mix(rights, addr - window), at ? offset + addr - start : 0);
	}
	return hash;
}

static unsigned long digest_maps(void)
{
	unsigned long hash = 0;

	read_maps();
	for (char *line = maps, *next; *line; line = next) {
		unsigned long start = strtoul(line, NULL, 16);
		unsigned long end = strtoul(strchr(line, '-') + 1, NULL, 16);

		next = strchr(line, '\n') + 1;
		if (end > window && start < window + WINDOW_SIZE)
			hash += digest_line(line, start, end);
	}
	return hash;
}

/* Some bytes of every page that is mapped, or the signal. */
static unsigned long digest_bytes(void)
{
	unsigned long hash = 0;

	read_maps();
	for (char *line = maps; *line; line = strchr(line, '\n') + 1) {
		unsigned long start = strtoul(line, NULL, 16);
		unsigned long end = strtoul(strchr(line, '-') + 1, NULL, 16);

		start = start > window ? start : window;
		for (; start < end && start < window + WINDOW_SIZE; start += PAGE) {
			for (unsigned long at = 0; at < PAGE; at += 256)
				hash += mix(start + at - window, do_read(start + at, 16));
		}
	}
	return hash;
}

/* Reading the maps is slow, and most accesses do not change them. */
static bool may_change_maps(const struct op *op, long result)
{
	switch (op->code) {
	case OP_READ:
	case OP_WRITE:
		return result >= 0 && turns->step % 4 == 0; /* a stack may have grown */
	case OP_MINCORE:
	case OP_MSYNC:
	case OP_PREAD:
	case OP_PWRITE:
	case OP_TRUNCATE:
	case OP_FALLOCATE:
	case OP_FORK:
		return false;
	default:
		return true;
	}
}

/* What /proc/self/pagemap says of each page: present, of a file or shared. */
static unsigned long digest_pagemap(void)
{
	static unsigned long entries[WINDOW_PAGES];
	const unsigned long bits = 1UL << 63 | 1UL << 61;
	int fd = open("/proc/self/pagemap", O_RDONLY);
	unsigned long hash = 0;

	if (fd < 0 || pread(fd, entries, sizeof(entries), window / PAGE * 8) != sizeof(entries))
		die("/proc/self/pagemap");
	close(fd);
	for (unsigned int i = 0; i < WINDOW_PAGES; i++) {
		hash = mix(hash, entries[i] & bits);
		if (verbose && entries[i] & bits)
			dprintf(1, "   pagemap %#lx: %lx\n", i * PAGE, entries[i] >> 56);
	}
	return hash;
}

void trace(const struct op *op, int number, long result)
{
	unsigned long digest = may_change_maps(op, result) ? digest_maps() : 0;
	char line[160], name[32];

	add(result);
	add(digest);
	if (!verbose)
		return;
	op_print(op, line, sizeof(line));
	dprintf(1, "%2u P%d %s = %s, maps %lx\n", turns->step + 1, number, line,
		result_name(result, name, sizeof(name)), digest);
}

void finish_process(void)
{
	unsigned long size = status_field("VmSize:"), data = status_field("VmData:");
	unsigned long locked = status_field("VmLck:"), pagemap, bytes;

	if (verbose)
		dprintf(1, "end P%d, VmSize %+ld VmData %+ld VmLck %lu kB\n", self,
			(long)(size - 4 * around[0]), (long)(data - 4 * around[1]), locked);
	pagemap = digest_pagemap();
	bytes = digest_bytes();
	add(size - 4 * around[0]);
	add(data - 4 * around[1]);
	add(locked);
	add(pagemap);
	add(bytes);
	if (verbose)
		dprintf(1, "end P%d, pagemap %lx bytes %lx\n", self, pagemap, bytes);
	turns->alive[self] = false;
}
