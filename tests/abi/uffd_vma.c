// SPDX-License-Identifier: MIT
/*
 * tests/abi/uffd_vma.c - how a registration lives with its areas (docs/contract/userfaultfd.md,
 * section 13).
 */
#include <unistd.h>

#include "lib/maps.h"
#include "lib/task.h"
#include "lib/test.h"
#include "lib/uffd.h"

/* A missing page here sends a message. */
static void expect_missing(int fd, char *at)
{
	struct job *job = touch(at, WRITE);

	EXPECT_FAULT(fd, (unsigned long)at & -PAGE, FAULT_WRITE);
	EXPECT_EQ(uffd_zeropage(fd, (unsigned long)at & -PAGE, PAGE, 0), 0);
	EXPECT_TOUCHED(job);
}

TEST("UVMA-1", "areas merge when descriptor and modes are equal, else they stay apart")
{
	char *p = map_alone(8, RW);
	int fd = uffd_open(0), other = uffd_open(0);

	uffd_watch(fd, p, 2, MISSING);
	uffd_watch(fd, p + 2 * PAGE, 2, MISSING);
	EXPECT_AREAS(p, 8, "4 rw-p, 4 rw-p");
	uffd_watch(other, p + 4 * PAGE, 2, MISSING);
	EXPECT_AREAS(p, 8, "4 rw-p, 2 rw-p, 2 rw-p");
	uffd_watch(fd, p + 6 * PAGE, 2, WP);
	EXPECT_OK(uffd_unregister(other, p + 4 * PAGE, 2 * PAGE));
	EXPECT_AREAS(p, 8, "4 rw-p, 2 rw-p, 2 rw-p");
	uffd_watch(fd, p + 4 * PAGE, 2, MISSING);
	EXPECT_AREAS(p, 8, "6 rw-p, 2 rw-p");
	uffd_watch(fd, p + 6 * PAGE, 2, MISSING);
	EXPECT_AREAS(p, 8, "8 rw-p");
}

TEST("UVMA-2", "new memory next to a watched area or over it is not watched")
{
	char *p = map_alone(4, RW);
	int fd = uffd_open(0);

	EXPECT_OK(raw_munmap(p + 2 * PAGE, 2 * PAGE));
	uffd_watch(fd, p, 2, MISSING);
	EXPECT_OK(raw_mmap(p + 2 * PAGE, 2 * PAGE, RW, PRIVATE | MAP_FIXED, -1, 0));
	EXPECT_AREAS(p, 4, "2 rw-p, 2 rw-p");
	EXPECT_ACCESS(p + 2 * PAGE, WRITE);
	EXPECT_OK(raw_mmap(p + PAGE, PAGE, RW, PRIVATE | MAP_FIXED, -1, 0));
	EXPECT(has_flag(p, "um") && !has_flag(p + PAGE, "um"));
	EXPECT_ACCESS(p + PAGE, WRITE);
	EXPECT_AREAS(p, 4, "1 rw-p, 3 rw-p");
	EXPECT_QUIET(fd);
}

TEST("UVMA-2", "what brk adds to a watched heap is not watched")
{
	char *heap = (char *)((raw_brk(0) + PAGE - 1) & -PAGE);
	int fd = uffd_open(0);

	EXPECT_EQ(raw_brk(heap + PAGE), heap + PAGE);
	uffd_watch(fd, heap, 1, MISSING);
	EXPECT_EQ(raw_brk(heap + 3 * PAGE), heap + 3 * PAGE);
	EXPECT(has_flag(heap, "um") && !has_flag(heap + PAGE, "um"));
	EXPECT_ACCESS(heap + PAGE, WRITE);
	EXPECT_QUIET(fd);
}

TEST("UVMA-3", "an area that grows down stays watched as a whole")
{
	char *top = map_private(20, PROT_NONE) + 19 * PAGE;
	int fd = uffd_open(0);
	struct job *job;

	EXPECT_EQ(raw_mmap(top, PAGE, RW, PRIVATE | MAP_FIXED | MAP_GROWSDOWN, -1, 0), top);
	EXPECT_OK(raw_munmap(top - 10 * PAGE, 10 * PAGE)); /* too small for a stack of a thread */
	uffd_watch(fd, top, 1, MISSING);
	job = touch(top - PAGE, WRITE);
	EXPECT_FAULT(fd, top - PAGE, FAULT_WRITE);
	EXPECT_AREAS(top - PAGE, 2, "2 rw-p");
	EXPECT(has_flag(top - PAGE, "um"));
	uffd_fill(fd, top - PAGE, "a");
	EXPECT_TOUCHED(job);
	EXPECT_QUIET(fd);
}

TEST("UVMA-4", "mprotect, madvise and mlock keep the registration, in both parts")
{
	char *p = map_alone(6, RW);
	int fd = uffd_open(0);

	uffd_watch(fd, p, 6, MISSING);
	EXPECT_EQ(uffd_zeropage(fd, p + 5 * PAGE, PAGE, 0), 0);
	EXPECT_OK(raw_mprotect(p + PAGE, PAGE, PROT_READ));
	EXPECT_OK(raw_madvise(p + 3 * PAGE, PAGE, MADV_DONTFORK));
	EXPECT_OK(raw_mlock2(p + 4 * PAGE, PAGE, 1 /* MLOCK_ONFAULT */));
	EXPECT_AREAS(p, 6, "1 rw-p, 1 r--p, 1 rw-p, 1 rw-p, 1 rw-p, 1 rw-p");
	for (int i = 0; i < 6; i++)
		EXPECT(has_flag(p + i * PAGE, "um"));
	EXPECT_OK(raw_mprotect(p + PAGE, PAGE, RW));
	EXPECT_OK(raw_madvise(p + 3 * PAGE, PAGE, MADV_DOFORK));
	EXPECT_OK(raw_munlock(p + 4 * PAGE, PAGE));
	EXPECT_AREAS(p, 6, "6 rw-p");
	for (int i = 0; i < 5; i++)
		expect_missing(fd, p + i * PAGE);
	EXPECT_QUIET(fd);
}

TEST("UVMA-4", "both sides of a hole stay watched")
{
	char *p = map_alone(3, RW);
	int fd = uffd_open(0);

	uffd_watch(fd, p, 3, MISSING);
	EXPECT_OK(raw_munmap(p + PAGE, PAGE));
	EXPECT(has_flag(p, "um") && has_flag(p + 2 * PAGE, "um"));
	EXPECT_OK(raw_mmap(p + PAGE, PAGE, PROT_NONE, PRIVATE | MAP_FIXED, -1, 0));
	expect_missing(fd, p + 100);
	expect_missing(fd, p + 2 * PAGE);
}

TEST("UVMA-7", "a fault on protected shared memory maps no page around it")
{
	int memfd = memfd_new(16), fd = uffd_open(0);
	char *s = map_fd(memfd, 16, RW, MAP_SHARED), byte = 'a';

	for (int i = 0; i < 16; i++)
		EXPECT_EQ(raw_pwrite(memfd, &byte, 1, i * PAGE), 1);
	uffd_watch(fd, s, 16, WP);
	EXPECT_EQ(s[8 * PAGE], 'a');
	for (int i = 0; i < 16; i++)
		EXPECT_EQ(pagemap(s + i * PAGE) & PM_PRESENT, i == 8 ? PM_PRESENT : 0);
}

TEST("UVMA-7", "no huge page hides missing pages")
{
	size_t huge = 2 << 20;
	char *p = map_private(2 * huge / PAGE, RW);
	int fd = uffd_open(0);
	struct job *job;

	p = (char *)(((unsigned long)p + huge - 1) & -huge);
	raw_madvise(p, huge, MADV_HUGEPAGE); /* EINVAL where there are none */
	uffd_watch(fd, p, huge / PAGE, MISSING);
	for (int i = 0; i < 512; i += 100) {
		job = touch(p + i * PAGE, WRITE);
		EXPECT_FAULT(fd, p + i * PAGE, FAULT_WRITE);
		uffd_fill(fd, p + i * PAGE, "a");
		EXPECT_TOUCHED(job);
		EXPECT_STR(resident(p + i * PAGE, 2), "10");
	}
}

TEST("UVMA-9", "an area has a descriptor when it has a mode, and none when it has none")
{
	static const char *const flags[] = {"um", "uw", "ui"};
	char *s = map_shared(1, RW);
	int fd = uffd_open(0);

	for (int mode = 1; mode < 8; mode++) {
		uffd_watch(fd, s, 1, mode);
		for (int i = 0; i < 3; i++)
			EXPECT_EQ(has_flag(s, flags[i]), mode >> i & 1);
		EXPECT_EQ(uffd_zeropage(fd, s, PAGE, 0), 0);
		EXPECT_OK(uffd_unregister(fd, s, PAGE));
		for (int i = 0; i < 3; i++)
			EXPECT(!has_flag(s, flags[i]));
		EXPECT_ERR(uffd_zeropage(fd, s, PAGE, 0), ENOENT);
		EXPECT_OK(raw_madvise(s, PAGE, MADV_REMOVE));
	}
}
