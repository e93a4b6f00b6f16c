// SPDX-License-Identifier: MIT
/*
 * tests/abi/mmap_merge.c - when areas split and merge (docs/contract/mmap.md, sections 6 and 26).
 *
 * Where one of two neighbours has been faulted and the other has not, Linux 6.1 does not always
 * merge them again and Pagoda may: such tests accept both.
 */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "lib/fault.h"
#include "lib/maps.h"
#include "lib/sys.h"
#include "lib/test.h"

static char *fixed(char *at, size_t pages, int prot, int flags)
{
	return (char *)EXPECT_OK(
		raw_mmap(at, pages * PAGE, prot, PRIVATE | MAP_FIXED | flags, -1, 0));
}

static char *map_file(char *at, size_t pages, int fd, size_t page)
{
	return (char *)EXPECT_OK(
		raw_mmap(at, pages * PAGE, PROT_READ, MAP_SHARED | MAP_FIXED, fd, page * PAGE));
}

TEST("VMA-1", "neighbours with other permissions or flags stay apart")
{
	char *p = free_range(12);

	fixed(p, 1, RW, 0);
	fixed(p + PAGE, 1, PROT_READ, 0);
	fixed(p + 2 * PAGE, 1, PROT_NONE, 0);
	fixed(p + 3 * PAGE, 1, RW, 0);
	fixed(p + 4 * PAGE, 1, RW, MAP_NORESERVE);
	fixed(p + 5 * PAGE, 1, RW, MAP_LOCKED);
	fixed(p + 6 * PAGE, 1, RW, 0);
	EXPECT_OK(raw_madvise(p + 6 * PAGE, PAGE, MADV_DONTFORK));
	fixed(p + 7 * PAGE, 1, RW, 0);
	EXPECT_OK(raw_madvise(p + 7 * PAGE, PAGE, MADV_WIPEONFORK));
	fixed(p + 8 * PAGE, 1, RW, 0);
	EXPECT_OK(raw_madvise(p + 8 * PAGE, PAGE, MADV_RANDOM));
	fixed(p + 9 * PAGE, 1, RW, 0);
	EXPECT_OK(raw_madvise(p + 9 * PAGE, PAGE, MADV_DONTDUMP));
	fixed(p + 10 * PAGE, 1, RW, MAP_GROWSDOWN);
	fixed(p + 11 * PAGE, 1, RW, 0);
	EXPECT_EQ(areas_in(p, 12), 12);
}

TEST("VMA-1,VMA-7", "file areas merge where the offset goes on in the same open file")
{
	int fd = temp_file(8 * PAGE), other = file_reopen(fd, O_RDWR), dup = raw(SYS_dup, fd);
	char *p = free_range(8);

	map_file(p, 2, fd, 0);
	map_file(p + 2 * PAGE, 1, fd, 2);
	EXPECT_EQ(areas_in(p, 3), 1);
	map_file(p + 3 * PAGE, 1, dup, 3); /* the same open file by another number */
	EXPECT_EQ(areas_in(p, 4), 1);
	map_file(p + 4 * PAGE, 1, other, 4); /* opened separately */
	EXPECT_EQ(areas_in(p, 5), 2);
	map_file(p + 5 * PAGE, 1, other, 4); /* the same page again */
	EXPECT_EQ(areas_in(p, 6), 3);
	map_file(p + 6 * PAGE, 1, other, 6); /* an offset left out */
	EXPECT_EQ(areas_in(p, 7), 4);
	EXPECT_EQ(p[4 * PAGE], p[5 * PAGE]);
	EXPECT_EQ((unsigned char)p[6 * PAGE], file_byte(6 * PAGE));
}

TEST("VMA-1", "private and shared areas of one file stay apart")
{
	int fd = temp_file(2 * PAGE);
	char *p = free_range(2);

	map_file(p, 1, fd, 0);
	EXPECT_OK(raw_mmap(p + PAGE, PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED, fd, PAGE));
	EXPECT_AREAS(p, 2, "1 r--s, 1 r--p");
}

TEST("VMA-3", "a new area joins the one below, the one above, and both")
{
	char *p = free_range(7);

	fixed(p, 2, RW, 0);
	fixed(p + 2 * PAGE, 1, RW, 0); /* extends upwards */
	EXPECT_AREAS(p, 7, "3 rw-p, 4 hole");
	fixed(p + 5 * PAGE, 2, RW, 0);
	fixed(p + 4 * PAGE, 1, RW, 0); /* extends downwards */
	EXPECT_AREAS(p, 7, "3 rw-p, 1 hole, 3 rw-p");
	fixed(p + 3 * PAGE, 1, RW, 0); /* three become one */
	EXPECT_AREAS(p, 7, "7 rw-p");
}

TEST("VMA-3", "a faulted area is extended too and keeps its contents")
{
	char *p = free_range(4);

	fixed(p + PAGE, 2, RW, 0);
	p[PAGE] = 'a';
	p[2 * PAGE] = 'b';
	fixed(p, 1, RW, 0);
	fixed(p + 3 * PAGE, 1, RW, 0);
	EXPECT_AREAS(p, 4, "4 rw-p");
	EXPECT_EQ(p[PAGE], 'a');
	EXPECT_EQ(p[2 * PAGE], 'b');
	EXPECT_EQ(p[0] + p[3 * PAGE], 0);
}

TEST("VMA-4", "mprotect of a part splits, undoing it merges")
{
	char *p = free_range(5);

	fixed(p, 5, RW, 0);
	EXPECT_OK(raw_mprotect(p + 2 * PAGE, PAGE, PROT_READ));
	EXPECT_AREAS(p, 5, "2 rw-p, 1 r--p, 2 rw-p");
	EXPECT_OK(raw_mprotect(p + 2 * PAGE, PAGE, RW));
	EXPECT_AREAS(p, 5, "5 rw-p");
	EXPECT_OK(raw_mprotect(p, PAGE, PROT_READ));
	EXPECT_AREAS(p, 5, "1 r--p, 4 rw-p");
	EXPECT_OK(raw_mprotect(p + 4 * PAGE, PAGE, PROT_READ));
	EXPECT_AREAS(p, 5, "1 r--p, 3 rw-p, 1 r--p");
	EXPECT_OK(raw_mprotect(p + PAGE, 3 * PAGE, PROT_READ)); /* all three join */
	EXPECT_AREAS(p, 5, "5 r--p");
}

TEST("VMA-4", "mprotect of a faulted area splits and merges in the same way")
{
	char *p = free_range(4);

	fixed(p, 4, RW, 0);
	for (int i = 0; i < 4; i++)
		p[i * PAGE] = 'a' + i;
	EXPECT_OK(raw_mprotect(p + PAGE, 2 * PAGE, PROT_READ));
	EXPECT_AREAS(p, 4, "1 rw-p, 2 r--p, 1 rw-p");
	/* The border moves from one area to its neighbour. */
	EXPECT_OK(raw_mprotect(p + PAGE, PAGE, RW));
	EXPECT_AREAS(p, 4, "2 rw-p, 1 r--p, 1 rw-p");
	EXPECT_OK(raw_mprotect(p + 2 * PAGE, PAGE, RW));
	EXPECT_AREAS(p, 4, "4 rw-p");
	for (int i = 0; i < 4; i++)
		EXPECT_EQ(p[i * PAGE], 'a' + i);
}

TEST("VMA-4,MADV-13", "madvise of a part splits, undoing it merges")
{
	static const struct {
		int set, clear;
	} pairs[] = {{MADV_DONTFORK, MADV_DOFORK},
		     {MADV_WIPEONFORK, MADV_KEEPONFORK},
		     {MADV_DONTDUMP, MADV_DODUMP},
		     {MADV_RANDOM, MADV_NORMAL},
		     {MADV_SEQUENTIAL, MADV_NORMAL}};

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		char *p = free_range(5);

		fixed(p, 5, RW, 0);
		EXPECT_OK(raw_madvise(p + PAGE, 2 * PAGE, pairs[i].set));
		EXPECT_AREAS(p, 5, "1 rw-p, 2 rw-p, 2 rw-p");
		EXPECT_OK(raw_madvise(p + PAGE, PAGE, pairs[i].clear));
		EXPECT_AREAS(p, 5, "2 rw-p, 1 rw-p, 2 rw-p");
		EXPECT_OK(raw_madvise(p, 5 * PAGE, pairs[i].clear));
		EXPECT_AREAS(p, 5, "5 rw-p");
		EXPECT_OK(raw_munmap(p, 5 * PAGE));
	}
}

TEST("VMA-4,MLK-8", "mlock of a part splits, undoing it merges")
{
	char *p = free_range(4);

	fixed(p, 4, RW, 0);
	for (int i = 0; i < 4; i++)
		p[i * PAGE] = 1; /* all faulted: no doubt about merging */
	EXPECT_OK(raw_mlock(p + PAGE, 2 * PAGE));
	EXPECT_AREAS(p, 4, "1 rw-p, 2 rw-p, 1 rw-p");
	EXPECT_OK(raw_munlock(p + 2 * PAGE, PAGE));
	EXPECT_AREAS(p, 4, "1 rw-p, 1 rw-p, 2 rw-p");
	EXPECT_OK(raw_munlock(p, 4 * PAGE));
	EXPECT_AREAS(p, 4, "4 rw-p");
}

TEST("VMA-4", "one never faulted and one faulted neighbour become at most two areas")
{
	char *p = free_range(4);
	int count;

	fixed(p, 4, RW, 0);
	EXPECT_OK(raw_mlock(p, 2 * PAGE)); /* faults its half */
	EXPECT_OK(raw_munlock(p, 2 * PAGE));
	count = areas_in(p, 4);
	EXPECT(count == 1 || count == 2);
	EXPECT_STR(resident(p, 4), "1100");
}

TEST("VMA-5", "a private area that was writable once differs from one that never was")
{
	char *p = free_range(3);

	fixed(p, 3, PROT_NONE, 0);
	EXPECT_OK(raw_mprotect(p + PAGE, PAGE, RW));
	p[PAGE] = 1;
	EXPECT_AREAS(p, 3, "1 ---p, 1 rw-p, 1 ---p");
	EXPECT_OK(raw_mprotect(p + PAGE, PAGE, PROT_NONE));
	EXPECT_AREAS(p, 3, "1 ---p, 1 ---p, 1 ---p"); /* ACCOUNT stays */
}

TEST("VMA-6", "an area without reservation never merges with one that has it")
{
	char *p = free_range(3);

	fixed(p, 1, RW, 0);
	fixed(p + PAGE, 1, RW, MAP_NORESERVE);
	fixed(p + 2 * PAGE, 1, RW, MAP_NORESERVE);
	EXPECT_AREAS(p, 3, "1 rw-p, 2 rw-p");
}

TEST("VMA-8", "shared anonymous areas of different calls never merge")
{
	char *p = free_range(3);

	EXPECT_OK(raw_mmap(p, PAGE, RW, SHARED | MAP_FIXED, -1, 0));
	EXPECT_OK(raw_mmap(p + PAGE, PAGE, RW, SHARED | MAP_FIXED, -1, 0));
	EXPECT_OK(raw_mmap(p + 2 * PAGE, PAGE, RW, SHARED | MAP_FIXED, -1, PAGE));
	EXPECT_AREAS(p, 3, "1 rw-s, 1 rw-s, 1 rw-s");
	/* A split one does: it is one object. */
	EXPECT_OK(raw_mmap(p, 3 * PAGE, RW, SHARED | MAP_FIXED, -1, 0));
	EXPECT_OK(raw_mprotect(p + PAGE, PAGE, PROT_READ));
	EXPECT_EQ(areas_in(p, 3), 3);
	EXPECT_OK(raw_mprotect(p + PAGE, PAGE, RW));
	EXPECT_EQ(areas_in(p, 3), 1);
}

TEST("VMA-9", "a moved area merges at its new place only if it was never faulted")
{
	for (int faulted = 0; faulted < 2; faulted++) {
		char *from = free_range(3), *to;

		fixed(from + PAGE, 1, RW, 0);
		if (faulted)
			from[PAGE] = 'm';
		to = free_range(3);
		fixed(to, 1, RW, 0);
		if (faulted)
			to[0] = 'n';
		EXPECT_EQ(raw_mremap(from + PAGE, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
				     to + PAGE),
			  to + PAGE);
		EXPECT_EQ(areas_in(to, 2), faulted ? 2 : 1);
		EXPECT_EQ(to[PAGE], faulted ? 'm' : 0);
		EXPECT_OK(raw_munmap(to, 2 * PAGE));
	}
}

TEST("VMA-10", "the upper part of a split file area has the right offset")
{
	int fd = temp_file(6 * PAGE);
	char *p = free_range(6);
	struct area area;

	map_file(p, 6, fd, 0);
	EXPECT_OK(raw_munmap(p + 2 * PAGE, PAGE));
	EXPECT(area_at(p, &area));
	EXPECT_EQ(area.offset, 0);
	EXPECT(area_at(p + 3 * PAGE, &area));
	EXPECT_EQ(area.offset, 3 * PAGE);
	EXPECT_EQ((unsigned char)p[5 * PAGE + 7], file_byte(5 * PAGE + 7));
	map_file(p + 2 * PAGE, 1, fd, 2);
	EXPECT_EQ(areas_in(p, 6), 1);
}

TEST("VMA-12,VMA-1", "a growing area merges with no ordinary one")
{
	char *p = free_range(3);

	fixed(p, 1, RW, 0);
	fixed(p + PAGE, 1, RW, MAP_GROWSDOWN);
	fixed(p + 2 * PAGE, 1, RW, 0);
	EXPECT_AREAS(p, 3, "1 rw-p, 1 rw-p, 1 rw-p");
}

TEST("VMA-13", "an mprotect that changes nothing splits nothing")
{
	char *p = free_range(3);

	fixed(p, 3, RW, 0);
	p[PAGE] = 1;
	EXPECT_OK(raw_mprotect(p + PAGE, PAGE, RW));
	EXPECT_AREAS(p, 3, "3 rw-p");
	EXPECT_EQ(p[PAGE], 1);
}

TEST("VMA-2", "the heap of a forked child grows by at most one more area")
{
	char *p = free_range(2);
	pid_t pid;

	fixed(p, 1, RW, 0);
	p[0] = 1;
	pid = test_fork();
	if (pid == 0) {
		int count;

		fixed(p + PAGE, 1, RW, 0);
		p[PAGE] = 2;
		count = areas_in(p, 2);
		EXPECT(count == 1 || count == 2);
		EXPECT_EQ(p[0], 1);
		_exit(0);
	}
	EXPECT_EXIT(pid, 0);
	fixed(p + PAGE, 1, RW, 0);
	EXPECT_AREAS(p, 2, "2 rw-p"); /* the parent's stays one */
}
