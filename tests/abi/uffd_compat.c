// SPDX-License-Identifier: MIT
/*
 * tests/abi/uffd_compat.c - userfaultfd by the 32-bit entry: the same numbers and layouts
 * (docs/contract/userfaultfd.md, ULAY-2, NEW-1).
 */
#include <string.h>

#include "lib/compat.h"
#include "lib/maps.h"
#include "lib/task.h"
#include "lib/test.h"
#include "lib/uffd.h"

enum { READ32 = 3, FCNTL32 = 55, IOCTL32 = 54, USERFAULTFD32 = 374 };

/* A page that 32 bits can name. */
static void *low_page(void)
{
	return (void *)EXPECT_OK(raw_mmap(0, PAGE, RW, PRIVATE | MAP_32BIT, -1, 0));
}

static long open32(int flags)
{
	return call32(USERFAULTFD32, flags, 0, 0, 0, 0, 0);
}

static long ioctl32(int fd, unsigned int command, void *argument)
{
	return call32(IOCTL32, fd, command, (unsigned long)argument, 0, 0, 0);
}

TEST("ULAY-2,NEW-1", "the call has number 374 and the same flags")
{
	long fd = EXPECT_OK(open32(O_CLOEXEC | O_NONBLOCK));

	EXPECT_EQ(raw(SYS_fcntl, fd, F_GETFD), FD_CLOEXEC);
	EXPECT_EQ(raw(SYS_fcntl, fd, F_GETFL) & O_NONBLOCK, O_NONBLOCK);
	EXPECT_ERR(open32(2), EINVAL);
	EXPECT_OK(open32(USER_ONLY));
}

TEST("ULAY-2", "the commands have the same numbers and structures")
{
	char *p = map_private(3, RW), *src = letters("ab");
	uint64_t *words = low_page();
	long fd = EXPECT_OK(open32(O_NONBLOCK));
	struct job *job;

	memcpy(words, (uint64_t[]){0xaa, 0, 0}, 24);
	EXPECT_EQ(ioctl32(fd, UFFDIO_API, words), 0);
	EXPECT_EQ(words[2], IOCTLS_HANDSHAKE);
	memcpy(words, (uint64_t[]){(uint64_t)p, 3 * PAGE, MISSING | WP, 0}, 32);
	EXPECT_EQ(ioctl32(fd, UFFDIO_REGISTER, words), 0);
	EXPECT_EQ(words[3], IOCTLS_WP);

	job = touch(p, WRITE); /* addresses above 4 GiB are told and taken whole */
	uffd_await_message(fd);
	EXPECT_EQ(call32(READ32, fd, (unsigned long)words, PAGE, 0, 0, 0), 32);
	EXPECT_EQ(words[0], UFFD_EVENT_PAGEFAULT);
	EXPECT_EQ(words[1], FAULT_WRITE);
	EXPECT_EQ(words[2], p);
	memcpy(words, (uint64_t[]){(uint64_t)p, (uint64_t)src, 2 * PAGE, 0, 7}, 40);
	EXPECT_EQ(ioctl32(fd, UFFDIO_COPY, words), 0);
	EXPECT_EQ(words[4], 2 * PAGE);
	EXPECT_TOUCHED(job);
	EXPECT_LETTERS(p + PAGE, "b");
	memcpy(words, (uint64_t[]){(uint64_t)p + 2 * PAGE, PAGE, 0, 7}, 32);
	EXPECT_EQ(ioctl32(fd, UFFDIO_ZEROPAGE, words), 0);
	EXPECT_EQ(words[3], PAGE);
	memcpy(words, (uint64_t[]){(uint64_t)p, PAGE, PROTECT}, 24);
	EXPECT_EQ(ioctl32(fd, UFFDIO_WRITEPROTECT, words), 0);
	EXPECT(pagemap(p) & PM_UFFD_WP);
	EXPECT_EQ(ioctl32(fd, UFFDIO_WAKE, words), 0);
	EXPECT_EQ(ioctl32(fd, UFFDIO_UNREGISTER, words), 0);
	EXPECT_EQ(pagemap(p) & PM_UFFD_WP, 0);
	EXPECT_ERR(ioctl32(fd, UFFDIO_CONTINUE, words), ENOENT);
	EXPECT_ERR(ioctl32(fd, 0xaa07, words), EINVAL);
}

TEST("ULAY-2,NEW-5", "the device takes its command too")
{
	long device = EXPECT_OK(raw_open("/dev/userfaultfd", O_RDONLY, 0));
	long fd = EXPECT_OK(call32(IOCTL32, device, 0xaa00, O_NONBLOCK, 0, 0, 0));

	EXPECT_EQ(uffd_api(fd, 0, NULL), 0);
	EXPECT_QUIET(fd);
}
