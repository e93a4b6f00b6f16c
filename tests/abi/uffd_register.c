// SPDX-License-Identifier: MIT
/*
 * tests/abi/uffd_register.c - UFFDIO_REGISTER and the ranges of all calls
 * (docs/contract/userfaultfd.md, sections 4 and 5).
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/maps.h"
#include "lib/task.h"
#include "lib/test.h"
#include "lib/uffd.h"

#define ALL (MISSING | WP | MINOR)

/* How the area at p is watched: "um uw ui" in short, from smaps. */
static const char *watched(const void *p)
{
	static char text[16];
	const char *flags = smaps_flags(p), *names[] = {"um", "uw", "ui"};

	text[0] = 0;
	for (int i = 0; i < 3; i++)
		if (strstr(flags, names[i]))
			snprintf(text + strlen(text), 8, "%s%s", text[0] ? " " : "", names[i]);
	return text;
}

/* Each call that takes a range, with everything else right. */
static long range_call(int i, int fd, unsigned long at, unsigned long len)
{
	static char *source;

	if (!source)
		source = letters("abcd");
	switch (i) {
	case 0:
		return uffd_register(fd, at, len, MISSING);
	case 1:
		return uffd_unregister(fd, at, len);
	case 2:
		return uffd_wake(fd, at, len);
	case 3:
		return uffd_copy(fd, at, source, len, 0);
	case 4:
		return uffd_zeropage(fd, at, len, 0);
	case 5:
		return uffd_writeprotect(fd, at, len, PROTECT);
	}
	return uffd_continue(fd, at, len, 0);
}

TEST("RNG-1", "ranges that are not whole pages or leave user space are EINVAL in every call")
{
	unsigned long p = (unsigned long)map_shared(4, RW);
	int fd = uffd_open(0);

	uffd_watch(fd, p, 4, ALL);
	for (int i = 0; i < 7; i++) {
		EXPECT_ERR(range_call(i, fd, p + 1, PAGE), EINVAL);
		EXPECT_ERR(range_call(i, fd, p + 8, PAGE), EINVAL);
		EXPECT_ERR(range_call(i, fd, p, PAGE + 1), EINVAL);
		EXPECT_ERR(range_call(i, fd, p, 1), EINVAL);
		EXPECT_ERR(range_call(i, fd, p, 0), EINVAL);
		EXPECT_ERR(range_call(i, fd, TASK_SIZE, PAGE), EINVAL);
		EXPECT_ERR(range_call(i, fd, TASK_SIZE + PAGE, PAGE), EINVAL);
		EXPECT_ERR(range_call(i, fd, -PAGE, PAGE), EINVAL);
		EXPECT_ERR(range_call(i, fd, p, TASK_SIZE - p + PAGE), EINVAL);
		EXPECT_ERR(range_call(i, fd, p, -PAGE), EINVAL);
		EXPECT_ERR(range_call(i, fd, p, -p), EINVAL);
	}
	EXPECT_EQ(uffd_done, UNTOUCHED);
}

TEST("RNG-2", "an argument that cannot be read is EFAULT, before it is looked at")
{
	static const unsigned int commands[] = {
		UFFDIO_REGISTER, UFFDIO_UNREGISTER,   UFFDIO_WAKE,    UFFDIO_COPY,
		UFFDIO_ZEROPAGE, UFFDIO_WRITEPROTECT, UFFDIO_CONTINUE};
	uint64_t *end = (uint64_t *)(map_alone(1, RW) + PAGE);
	int fd = uffd_open(0);

	end[-1] = 1; /* a start that is no page's: EINVAL if it were looked at */
	for (int i = 0; i < 7; i++) {
		EXPECT_ERR(raw_ioctl(fd, commands[i], NULL), EFAULT);
		EXPECT_ERR(raw_ioctl(fd, commands[i], TASK_SIZE), EFAULT);
		EXPECT_ERR(raw_ioctl(fd, commands[i], end - 1), EFAULT);
	}
}

TEST("REG-1", "no mode or an unknown one is EINVAL")
{
	char *p = map_shared(1, RW);
	int fd = uffd_open(0);

	EXPECT_ERR(uffd_register(fd, p, PAGE, 0), EINVAL);
	for (int bit = 3; bit < 64; bit++)
		EXPECT_ERR(uffd_register(fd, p, PAGE, 1ULL << bit | MISSING), EINVAL);
	EXPECT_EQ(uffd_done, UNTOUCHED);
	EXPECT_STR(watched(p), "");
}

TEST("REG-2", "a range without any area is EINVAL")
{
	char *hole = free_range(4);
	int fd = uffd_open(0);
	long top;

	EXPECT_ERR(uffd_register(fd, hole, 4 * PAGE, MISSING), EINVAL);
	map_private(1, RW);
	EXPECT_ERR(uffd_register(fd, 0x10000, PAGE, MISSING), EINVAL);
	top = uffd_register(fd, TASK_SIZE - PAGE, PAGE, MISSING);
	EXPECT(top == -EINVAL || top == -ENOMEM); /* nothing above it either */
}

TEST("REG-3", "holes in a range do not matter")
{
	char *p = free_range(6);
	int fd = uffd_open(0);

	EXPECT_OK(raw_mmap(p + PAGE, PAGE, RW, PRIVATE | MAP_FIXED, -1, 0));
	EXPECT_OK(raw_mmap(p + 4 * PAGE, PAGE, PROT_READ, PRIVATE | MAP_FIXED, -1, 0));
	uffd_watch(fd, p, 6, MISSING);
	EXPECT_STR(watched(p + PAGE), "um");
	EXPECT_STR(watched(p + 4 * PAGE), "um");
	EXPECT_AREAS(p, 6, "1 hole, 1 rw-p, 2 hole, 1 r--p, 1 hole");
	EXPECT_OK(raw_mmap(p + 2 * PAGE, PAGE, RW, PRIVATE | MAP_FIXED, -1, 0));
	EXPECT_STR(watched(p + 2 * PAGE), ""); /* what comes later is not watched */
}

TEST("REG-4", "anonymous and shared memory, memfd and tmpfs can be watched")
{
	int memfd = memfd_new(2), file, fd = uffd_open(0);

	uffd_watch(fd, map_private(1, RW), 1, MISSING | WP);
	uffd_watch(fd, map_shared(1, RW), 1, ALL);
	uffd_watch(fd, map_fd(memfd, 2, RW, MAP_SHARED), 2, ALL);
	uffd_watch(fd, map_fd(memfd, 2, RW, MAP_PRIVATE), 2, ALL);
	enter_tmpfs();
	put_file("file", "text");
	file = EXPECT_OK(raw_open("file", O_RDWR, 0));
	uffd_watch(fd, map_fd(file, 1, RW, MAP_SHARED), 1, ALL);
	uffd_watch(fd, map_fd(file, 1, RW, MAP_PRIVATE), 1, ALL);
	file = EXPECT_OK(raw_open("/dev/zero", O_RDWR, 0));
	uffd_watch(fd, map_fd(file, 1, RW, MAP_SHARED), 1, ALL);
	uffd_watch(fd, map_fd(file, 1, RW, MAP_PRIVATE), 1, MISSING);
}

TEST("REG-4,REG-8", "special areas and SysV segments cannot, and then nothing changes")
{
	char *p = map_alone(3, RW);
	int fd = uffd_open(0);
	struct area area;

	map_segment(p + PAGE);
	EXPECT_ERR(uffd_register(fd, p, 3 * PAGE, MISSING), EINVAL);
	EXPECT_STR(watched(p), "");
	if (area_named("[vdso]", &area))
		EXPECT_ERR(uffd_register(fd, area.start, PAGE, MISSING), EINVAL);
}

TEST("REG-5", "MINOR is for shared memory alone")
{
	char *p = map_private(1, RW);
	int fd = uffd_open(0);

	EXPECT_ERR(uffd_register(fd, p, PAGE, MINOR), EINVAL);
	EXPECT_ERR(uffd_register(fd, p, PAGE, ALL), EINVAL);
	EXPECT_STR(watched(p), "");
}

TEST("REG-6", "an area that may never be written is EPERM")
{
	int memfd = memfd_new(1), fd = uffd_open(0), readonly = file_reopen(memfd, O_RDONLY);
	int sealed = EXPECT_OK(raw_memfd_create("sealed", MFD_ALLOW_SEALING));
	char *p;

	p = map_fd(readonly, 1, PROT_READ, MAP_SHARED);
	EXPECT_ERR(uffd_register(fd, p, PAGE, MISSING), EPERM);
	EXPECT_OK(raw_ftruncate(sealed, PAGE));
	EXPECT_OK(raw(SYS_fcntl, sealed, F_ADD_SEALS, F_SEAL_FUTURE_WRITE));
	p = map_fd(sealed, 1, PROT_READ, MAP_SHARED);
	EXPECT_ERR(uffd_register(fd, p, PAGE, MISSING), EPERM);
	EXPECT_STR(watched(p), "");

	uffd_watch(fd, map_fd(readonly, 1, PROT_READ, MAP_PRIVATE), 1, MISSING);
	uffd_watch(fd, map_private(1, PROT_READ), 1, MISSING);
	uffd_watch(fd, map_private(1, PROT_NONE), 1, MISSING);
	uffd_watch(fd, map_fd(memfd, 1, PROT_READ, MAP_SHARED), 1, MISSING);
}

TEST("REG-7", "what another descriptor watches is EBUSY")
{
	char *p = map_private(4, RW);
	int fd = uffd_open(0), other = uffd_open(0);

	uffd_watch(fd, p + PAGE, 1, MISSING);
	EXPECT_ERR(uffd_register(other, p + PAGE, PAGE, MISSING), EBUSY);
	EXPECT_ERR(uffd_register(other, p + PAGE, PAGE, WP), EBUSY);
	EXPECT_ERR(uffd_register(other, p, 4 * PAGE, MISSING), EBUSY);
	uffd_watch(other, p + 2 * PAGE, 2, MISSING);
	EXPECT_STR(watched(p), "");
}

TEST("REG-8", "all areas are looked at before one is changed")
{
	char *p = map_alone(7, RW);
	int fd = uffd_open(0), other = uffd_open(0);
	int readonly = file_reopen(memfd_new(1), O_RDONLY);

	uffd_watch(other, p + 5 * PAGE, 1, MISSING);
	EXPECT_ERR(uffd_register(fd, p, 6 * PAGE, MISSING), EBUSY);
	EXPECT_OK(raw_mmap(p + 3 * PAGE, PAGE, PROT_READ, MAP_SHARED | MAP_FIXED, readonly, 0));
	EXPECT_ERR(uffd_register(fd, p, 4 * PAGE, MISSING), EPERM);
	EXPECT_ERR(uffd_register(fd, p, 3 * PAGE, MINOR), EINVAL);
	EXPECT_STR(watched(p), "");
	EXPECT_AREAS(p, 7, "3 rw-p, 1 r--s, 1 rw-p, 1 rw-p, 1 rw-p");
	EXPECT_ACCESS(p, WRITE);
	EXPECT_QUIET(fd);
}

TEST("REG-9", "a registration replaces the mode unless it is there already")
{
	char *p = map_shared(2, RW);
	int fd = uffd_open(0);

	uffd_watch(fd, p, 2, MISSING);
	EXPECT_STR(watched(p), "um");
	uffd_watch(fd, p, 2, WP);
	EXPECT_STR(watched(p), "uw");
	uffd_watch(fd, p, 2, MISSING | MINOR);
	EXPECT_STR(watched(p), "um ui");
	uffd_watch(fd, p, 2, MINOR);
	EXPECT_STR(watched(p), "um ui"); /* a part of what there is: left alone */
	uffd_watch(fd, p, 2, MISSING | WP);
	EXPECT_STR(watched(p), "um uw");
}

TEST("REG-9,REG-10", "a part of an area is split off, and merges again with its equals")
{
	char *p = map_alone(6, RW);
	int fd = uffd_open(0);

	uffd_watch(fd, p + PAGE, 1, MISSING);
	EXPECT_AREAS(p, 6, "1 rw-p, 1 rw-p, 4 rw-p");
	uffd_watch(fd, p + 3 * PAGE, 1, MISSING);
	EXPECT_AREAS(p, 6, "1 rw-p, 1 rw-p, 1 rw-p, 1 rw-p, 2 rw-p");
	uffd_watch(fd, p + 2 * PAGE, 1, WP);
	EXPECT_AREAS(p, 6, "1 rw-p, 1 rw-p, 1 rw-p, 1 rw-p, 2 rw-p");
	uffd_watch(fd, p + 2 * PAGE, 1, MISSING);
	EXPECT_AREAS(p, 6, "1 rw-p, 3 rw-p, 2 rw-p");
	uffd_watch(fd, p, 6, MISSING);
	EXPECT_AREAS(p, 6, "6 rw-p");
	uffd_watch(fd, p + 2 * PAGE, 2, WP);
	EXPECT_AREAS(p, 6, "2 rw-p, 2 rw-p, 2 rw-p");
}

TEST("REG-9", "areas of several kinds are watched by one call")
{
	char *p = map_alone(6, RW);
	int fd = uffd_open(0);

	EXPECT_OK(raw_mmap(p + 2 * PAGE, PAGE, RW, SHARED | MAP_FIXED, -1, 0));
	EXPECT_OK(raw_mprotect(p + 3 * PAGE, PAGE, PROT_NONE));
	uffd_watch(fd, p + PAGE, 4, MISSING);
	EXPECT_STR(watched(p), "");
	for (int i = 1; i < 5; i++)
		EXPECT_STR(watched(p + i * PAGE), "um");
	EXPECT_STR(watched(p + 5 * PAGE), "");
	EXPECT_AREAS(p, 6, "1 rw-p, 1 rw-p, 1 rw-s, 1 ---p, 1 rw-p, 1 rw-p");
}

TEST("REG-11", "too many areas for a split are ENOMEM, with what came before registered")
{
	long limit = read_number("/proc/sys/vm/max_map_count");
	char *p = map_alone(8, RW), text[32];
	int fd = uffd_open(0), ctl;
	long result;

	EXPECT_OK(raw_mprotect(p, PAGE, PROT_READ)); /* two areas, the second to be split */
	ctl = EXPECT_OK(raw_open("/proc/sys/vm/max_map_count", O_WRONLY, 0));
	raw_write(ctl, text, snprintf(text, sizeof(text), "%d", area_count()));
	result = uffd_register(fd, p, 4 * PAGE, MISSING);
	raw_pwrite(ctl, text, snprintf(text, sizeof(text), "%ld", limit), 0);
	EXPECT_EQ(read_number("/proc/sys/vm/max_map_count"), limit);
	EXPECT_ERR(result, ENOMEM);
	EXPECT_STR(watched(p), "um");
	EXPECT_STR(watched(p + PAGE), "");
	EXPECT_AREAS(p, 8, "1 r--p, 7 rw-p");
}

TEST("REG-12", "the answer tells the calls that the range takes")
{
	static const struct {
		int mode;
		unsigned long ioctls;
	} modes[] = {
		{MISSING, 0x1c},	 {WP, 0x5c},	     {MISSING | WP, 0x5c}, {MINOR, 0x9c},
		{MISSING | MINOR, 0x9c}, {WP | MINOR, 0xdc}, {ALL, 0xdc}};
	int fd = uffd_open(0);

	for (int i = 0; i < 7; i++) {
		uffd_watch(fd, map_shared(1, RW), 1, modes[i].mode);
		EXPECT_EQ(uffd_done & 0xff & ~(1UL << 5), modes[i].ioctls);
	}
}

TEST("REG-13", "an answer that cannot be written is EFAULT, and the range is watched")
{
	struct uffdio_register *arg = (void *)map_private(1, RW);
	char *p = map_private(1, RW);
	int fd = uffd_open(0);

	*arg = (struct uffdio_register){{(unsigned long)p, PAGE}, MISSING, 0};
	EXPECT_OK(raw_mprotect(arg, PAGE, PROT_READ));
	EXPECT_ERR(raw_ioctl(fd, UFFDIO_REGISTER, arg), EFAULT);
	EXPECT_STR(watched(p), "um");
}

TEST("REG-14", "pages that are there stay, and stay writable")
{
	char *p = letters("abc"), *s = map_shared(1, RW);
	int fd = uffd_open(0);

	s[0] = 'x';
	uffd_watch(fd, p, 3, MISSING | WP);
	uffd_watch(fd, s, 1, ALL);
	EXPECT_LETTERS(p, "abc");
	memset(p, 'A', 3 * PAGE);
	s[0] = 'y';
	EXPECT_QUIET(fd);
}

TEST("REG-15", "who holds the descriptor registers memory of its owner")
{
	char *p = map_private(2, RW);
	int fd = uffd_open(0);
	pid_t pid = test_fork();

	if (pid == 0) {
		EXPECT_OK(raw_munmap(p, 2 * PAGE)); /* ours does not matter */
		uffd_watch(fd, p, 1, MISSING);
		EXPECT_EQ(uffd_done, IOCTLS_BASIC);
		_exit(0);
	}
	EXPECT_EXIT(pid, 0);
	EXPECT_STR(watched(p), "um");
	EXPECT_STR(watched(p + PAGE), "");
}

TEST("REG-16", "smaps tells how an area is watched; maps tells nothing")
{
	char *p = map_alone(1, RW), *s = map_shared(1, RW);
	int fd = uffd_open(0);
	struct area before, after;

	EXPECT(area_at(p, &before));
	EXPECT_STR(watched(p), "");
	uffd_watch(fd, p, 1, MISSING | WP);
	EXPECT_STR(watched(p), "um uw");
	EXPECT(area_at(p, &after));
	EXPECT_STR(after.line, before.line);
	uffd_watch(fd, s, 1, MINOR);
	EXPECT_STR(watched(s), "ui");
	EXPECT_OK(uffd_unregister(fd, p, PAGE));
	EXPECT_STR(watched(p), "");
}

TEST("REG-17", "a registration does not keep the descriptor alive")
{
	char *p = map_alone(3, RW);
	int fd = uffd_open(0), other;

	uffd_watch(fd, p + PAGE, 1, MISSING);
	EXPECT_OK(raw_close(fd));
	EXPECT_STR(watched(p + PAGE), "");
	EXPECT_AREAS(p, 3, "3 rw-p");
	other = uffd_open(0);
	uffd_watch(other, p, 3, MISSING);
}
