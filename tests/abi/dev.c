// SPDX-License-Identifier: MIT
/*
 * tests/abi/dev.c - the memory devices and the kernel log: /dev/null, zero, full, random, kmsg.
 */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#include "lib/fault.h"
#include "lib/maps.h"
#include "lib/sys.h"
#include "lib/test.h"

static int open_dev(const char *path)
{
	return (int)EXPECT_OK(raw_open(path, O_RDWR, 0));
}

static void expect_device(const char *path, unsigned int major, unsigned int minor,
			  unsigned int mode)
{
	struct stat st;

	EXPECT_OK(raw(SYS_stat, path, &st));
	EXPECT_EQ(st.st_mode, S_IFCHR | mode);
	EXPECT_EQ(major(st.st_rdev), major);
	EXPECT_EQ(minor(st.st_rdev), minor);
}

TEST("DEV-1", "the nodes have Linux's numbers and modes")
{
	expect_device("/dev/null", 1, 3, 0666);
	expect_device("/dev/zero", 1, 5, 0666);
	expect_device("/dev/full", 1, 7, 0666);
	expect_device("/dev/random", 1, 8, 0666);
	expect_device("/dev/urandom", 1, 9, 0666);
	expect_device("/dev/kmsg", 1, 11, 0644);
	expect_device("/dev/tty", 5, 0, 0666);
	expect_device("/dev/console", 5, 1, 0600);
	expect_device("/dev/ttyS0", 4, 64, 0600);
}

TEST("DEV-2", "null swallows and has nothing")
{
	int fd = open_dev("/dev/null");
	char c = 7;

	EXPECT_EQ(raw_read(fd, &c, 1), 0);
	EXPECT_EQ(raw_write(fd, &c, 1), 1);
	EXPECT_EQ(raw_write(fd, (void *)8, 5), 5);
	EXPECT_EQ(raw(SYS_lseek, fd, 100, SEEK_SET), 0);
	EXPECT_ERR(raw_mmap(0, PAGE, PROT_READ, MAP_PRIVATE, fd, 0), ENODEV);
	EXPECT_ERR(raw(SYS_ioctl, fd, FIONREAD, &c), ENOTTY);
}

TEST("DEV-3", "zero and full give zeroes; full has no room")
{
	int zero = open_dev("/dev/zero"), full = open_dev("/dev/full");
	char buf[5000];

	memset(buf, 1, sizeof(buf));
	EXPECT_EQ(raw_read(zero, buf, sizeof(buf)), sizeof(buf));
	EXPECT(buf[0] == 0 && buf[4999] == 0);
	memset(buf, 1, sizeof(buf));
	EXPECT_EQ(raw_read(full, buf, sizeof(buf)), sizeof(buf));
	EXPECT(buf[0] == 0 && buf[4999] == 0);
	EXPECT_EQ(raw_write(zero, buf, 10), 10);
	EXPECT_ERR(raw_write(full, buf, 10), ENOSPC);
	EXPECT_ERR(raw_read(zero, (void *)8, 10), EFAULT);
}

TEST("DEV-4", "random gives what differs, and its entropy")
{
	int fd = open_dev("/dev/urandom"), bits = 0;
	char a[64], b[64];
	struct pollfd pfd = {fd, POLLIN | POLLOUT, 0};

	EXPECT_EQ(raw_read(fd, a, 64), 64);
	EXPECT_EQ(raw_read(fd, b, 64), 64);
	EXPECT(memcmp(a, b, 64));
	EXPECT_EQ(raw_write(fd, a, 64), 64);
	EXPECT_OK(raw(SYS_ioctl, fd, 0x80045200, &bits)); /* RNDGETENTCNT */
	EXPECT_EQ(bits, 256);
	EXPECT_ERR(raw(SYS_ioctl, fd, 0x5299, 0), EINVAL);
	EXPECT_EQ(raw(SYS_poll, &pfd, 1, 0), 1);
	EXPECT_EQ(raw(SYS_getrandom, a, 64, 0), 64);
	EXPECT_ERR(raw(SYS_getrandom, a, 64, 8), EINVAL);
}

TEST("DEV-5", "kmsg gives a record a read, and takes records")
{
	int fd = (int)EXPECT_OK(raw_open("/dev/kmsg", O_RDWR | O_NONBLOCK, 0));
	unsigned int prefix, level;
	unsigned long long seq, us;
	struct pollfd pfd = {fd, POLLIN, 0};
	char buf[8192];
	long n;

	EXPECT_EQ(raw(SYS_lseek, fd, 0, SEEK_END), 0);
	EXPECT_ERR(raw_read(fd, buf, sizeof(buf)), EAGAIN);
	EXPECT_EQ(raw(SYS_poll, &pfd, 1, 0), 0);
	EXPECT_EQ(raw_write(fd, "<6>from a test\n", 15), 15);
	EXPECT_EQ(raw(SYS_poll, &pfd, 1, 0), 1);
	EXPECT_ERR(raw_read(fd, buf, 4), EINVAL);
	EXPECT_EQ(raw_write(fd, "<5>again\n", 9), 9);
	n = EXPECT_OK(raw_read(fd, buf, sizeof(buf) - 1));
	buf[n] = '\0';
	EXPECT_EQ(sscanf(buf, "%u,%llu,%llu,-;%n", &level, &seq, &us, &prefix), 3);
	EXPECT_EQ(level & 7, 5);
	EXPECT_EQ(level >> 3, 1);
	EXPECT_STR(buf + prefix, "again\n");
	EXPECT_ERR(raw(SYS_lseek, fd, 1, SEEK_SET), ESPIPE);
	EXPECT_ERR(raw(SYS_lseek, fd, 0, SEEK_CUR), EINVAL);
}
