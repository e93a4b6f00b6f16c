// SPDX-License-Identifier: MIT
/*
 * tests/abi/read_write.c - reading, writing and the size of files (docs/contract/files.md, section 4).
 */
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "lib/sys.h"
#include "lib/test.h"

static long blocks(int fd)
{
	struct stat st;

	EXPECT_OK(raw(SYS_fstat, fd, &st));
	return st.st_blocks;
}

static long size(int fd)
{
	struct stat st;

	EXPECT_OK(raw(SYS_fstat, fd, &st));
	return st.st_size;
}

TEST("RW-1", "the wrong mode")
{
	int fd = temp_file(10), reader = file_reopen(fd, O_RDONLY);
	int writer = file_reopen(fd, O_WRONLY);
	char c;

	EXPECT_ERR(raw_write(reader, "x", 1), EBADF);
	EXPECT_ERR(raw_read(writer, &c, 1), EBADF);
	EXPECT_ERR(raw_read(99, &c, 1), EBADF);
	EXPECT_ERR(raw(SYS_read, raw_open("/", O_RDONLY, 0), &c, 1), EISDIR);
}

TEST("RW-1", "addresses that fault")
{
	char *page = map_alone(1, PROT_READ | PROT_WRITE);
	int fd = temp_file(3 * PAGE);

	EXPECT_ERR(raw_read(fd, page + PAGE, 10), EFAULT);
	EXPECT_ERR(raw_write(fd, page + PAGE, 10), EFAULT);
	EXPECT_ERR(raw_read(fd, 1UL << 63, 10), EFAULT);
	EXPECT_EQ(raw_pread(fd, page + PAGE - 10, 20, 0), 10);
	EXPECT_EQ(raw_pwrite(fd, page + PAGE - 10, 20, 0), 10);
	EXPECT_EQ(raw_read(fd, page, PAGE), PAGE);
}

TEST("RW-2", "offsets, appending, and zeroes behind the end")
{
	int fd = temp_file(10), end = file_reopen(fd, O_WRONLY | O_APPEND);
	char buf[32];

	EXPECT_EQ(raw(SYS_lseek, fd, 5, SEEK_END), 15);
	EXPECT_EQ(raw_write(fd, "x", 1), 1);
	EXPECT_EQ(raw_pread(fd, buf, sizeof(buf), 8), 8);
	EXPECT(!memcmp(buf + 2, "\0\0\0\0\0x", 6));
	EXPECT_EQ(raw(SYS_lseek, fd, 0, SEEK_CUR), 16);
	EXPECT_EQ(raw_pwrite(fd, "y", 1, 3), 1);
	EXPECT_EQ(raw(SYS_lseek, fd, 0, SEEK_CUR), 16);
	EXPECT_EQ(raw_write(end, "end", 3), 3);
	EXPECT_EQ(raw(SYS_lseek, end, 0, SEEK_SET), 0);
	EXPECT_EQ(raw_write(end, "END", 3), 3);
	EXPECT_EQ(raw_pread(fd, buf, sizeof(buf), 16), 6);
	EXPECT(!memcmp(buf, "endEND", 6));
	EXPECT_ERR(raw_pread(fd, buf, 1, -1), EINVAL);
	EXPECT_ERR(raw(SYS_lseek, fd, -1, SEEK_SET), EINVAL);
	EXPECT_ERR(raw(SYS_lseek, fd, 0, 9), EINVAL);
}

TEST("RW-3", "vectors")
{
	struct iovec v[3] = {{"ab", 2}, {NULL, 0}, {"cde", 3}};
	char a[2], b[10];
	struct iovec to[2] = {{a, 2}, {b, 10}};
	int fd = temp_file(0);

	EXPECT_EQ(raw(SYS_writev, fd, v, 3), 5);
	EXPECT_EQ(raw(SYS_preadv, fd, to, 2, 1, 0), 4);
	EXPECT(!memcmp(a, "bc", 2) && !memcmp(b, "de", 2));
	EXPECT_EQ(raw(SYS_writev, fd, v, 0), 0);
	EXPECT_ERR(raw(SYS_writev, fd, v, 1025), EINVAL);
	EXPECT_ERR(raw(SYS_writev, fd, v, -1L), EINVAL);
	EXPECT_ERR(raw(SYS_writev, fd, 8, 1), EFAULT);
	to[1].iov_len = -1;
	EXPECT_ERR(raw(SYS_readv, fd, to, 2), EINVAL);
}

TEST("RW-4", "truncation cuts, and growing again gives zeroes")
{
	int fd = temp_file(2 * PAGE), reader = file_reopen(fd, O_RDONLY);
	char buf[8];

	EXPECT_OK(raw_ftruncate(fd, 5));
	EXPECT_EQ(size(fd), 5);
	EXPECT_OK(raw_ftruncate(fd, 2 * PAGE));
	EXPECT_EQ(raw_pread(fd, buf, 8, 3), 8);
	EXPECT(buf[0] && buf[1] && !memcmp(buf + 2, "\0\0\0\0\0\0", 6));
	EXPECT_EQ(raw_pread(fd, buf, 8, PAGE), 8);
	EXPECT(!memcmp(buf, "\0\0\0\0\0\0\0\0", 8));
	EXPECT_ERR(raw_ftruncate(fd, -1), EINVAL);
	EXPECT_ERR(raw_ftruncate(reader, 1), EINVAL);
	EXPECT_ERR(raw_ftruncate(99, 1), EBADF);
	EXPECT_ERR(raw(SYS_truncate, "/", 1), EISDIR);
	EXPECT_ERR(raw(SYS_truncate, "/dev/null", 1), EINVAL);
}

TEST("RW-5", "data and holes")
{
	int fd = temp_file(0);

	EXPECT_OK(raw_ftruncate(fd, 5 * PAGE));
	EXPECT_EQ(raw_pwrite(fd, "x", 1, 2 * PAGE + 5), 1);
	EXPECT_EQ(raw(SYS_lseek, fd, 0, SEEK_DATA), 2 * PAGE);
	EXPECT_EQ(raw(SYS_lseek, fd, 0, SEEK_HOLE), 0);
	EXPECT_EQ(raw(SYS_lseek, fd, 2 * PAGE + 1, SEEK_DATA), 2 * PAGE + 1);
	EXPECT_EQ(raw(SYS_lseek, fd, 2 * PAGE, SEEK_HOLE), 3 * PAGE);
	EXPECT_ERR(raw(SYS_lseek, fd, 3 * PAGE, SEEK_DATA), ENXIO);
	EXPECT_ERR(raw(SYS_lseek, fd, 5 * PAGE, SEEK_HOLE), ENXIO);
}

TEST("RW-6", "the limit of file sizes")
{
	char buf[200] = "";
	int fd = temp_file(0);
	pid_t pid;

	set_limit(RLIMIT_FSIZE, 100);
	signal(SIGXFSZ, SIG_IGN);
	EXPECT_EQ(raw_write(fd, buf, 200), 100);
	EXPECT_ERR(raw_write(fd, buf, 1), EFBIG);
	EXPECT_ERR(raw_ftruncate(fd, 101), EFBIG);
	EXPECT_OK(raw_ftruncate(fd, 50));
	EXPECT_EQ(raw_pwrite(fd, buf, 200, 99), 1);
	pid = test_fork();
	if (!pid) {
		signal(SIGXFSZ, SIG_DFL);
		raw_pwrite(fd, buf, 1, 100);
		_exit(0);
	}
	EXPECT_KILLED(pid, SIGXFSZ);
}

TEST("RW-7", "fallocate")
{
	int fd = temp_file(0);

	EXPECT_OK(raw(SYS_fallocate, fd, 0, 0, PAGE + 1));
	EXPECT_EQ(size(fd), PAGE + 1);
	EXPECT_EQ(blocks(fd), 16);
	EXPECT_OK(raw(SYS_fallocate, fd, 1, 4 * PAGE, PAGE));
	EXPECT_EQ(size(fd), PAGE + 1);
	EXPECT_EQ(blocks(fd), 24);
	EXPECT_OK(raw(SYS_fallocate, fd, 3, 0, PAGE));
	EXPECT_EQ(blocks(fd), 16);
	EXPECT_ERR(raw(SYS_fallocate, fd, 2, 0, PAGE), EOPNOTSUPP);
	EXPECT_ERR(raw(SYS_fallocate, fd, 0, 0, 0), EINVAL);
	EXPECT_ERR(raw(SYS_fallocate, fd, 0, -1, 1), EINVAL);
	EXPECT_ERR(raw(SYS_fallocate, file_reopen(fd, O_RDONLY), 0, 0, 1), EBADF);
}

TEST("RW-8", "programs that run cannot be written, nor written ones run")
{
	char *argv[] = {"x", NULL};
	char copy[1 << 16];
	int from, to;
	long n;

	EXPECT_ERR(raw_open("/proc/self/exe", O_RDWR, 0), ETXTBSY);
	EXPECT_ERR(raw(SYS_truncate, "/proc/self/exe", 0), ETXTBSY);
	enter_tmpfs();
	from = EXPECT_OK(raw_open("/proc/self/exe", O_RDONLY, 0));
	to = EXPECT_OK(raw_open("copy", O_RDWR | O_CREAT, 0755));
	while ((n = EXPECT_OK(raw_read(from, copy, sizeof(copy)))) > 0)
		EXPECT_EQ(raw_write(to, copy, n), n);
	EXPECT_ERR(raw(SYS_execve, "copy", argv, NULL), ETXTBSY);
}
