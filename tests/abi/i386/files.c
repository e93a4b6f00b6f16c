// SPDX-License-Identifier: MIT
/*
 * tests/abi/i386/files.c - calls about files whose structures or arguments are i386's own
 * (docs/contract/compat.md).
 */
#include <fcntl.h>
#include <linux/falloc.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "lib/fault.h"
#include "lib/sys.h"
#include "lib/test.h"

#define TWO_WORDS(x)   (unsigned long)(uint64_t)(x), (unsigned long)((uint64_t)(x) >> 32)
#define O_LARGEFILE_32 0100000
#define GIB3	       (3ULL << 30)

struct stat32 {
	uint32_t dev, ino;
	uint16_t mode, nlink, uid, gid;
	uint32_t rdev, size, blksize, blocks;
	uint32_t atime, atime_nsec, mtime, mtime_nsec, ctime, ctime_nsec, unused[2];
};

struct stat64_32 {
	uint64_t dev;
	uint32_t pad0, ino_low, mode, nlink, uid, gid;
	uint64_t rdev;
	uint32_t pad3;
	int64_t size;
	uint32_t blksize;
	uint64_t blocks;
	uint32_t atime, atime_nsec, mtime, mtime_nsec, ctime, ctime_nsec;
	uint64_t ino;
} __attribute__((packed));

struct flock32 {
	int16_t type, whence;
	int32_t start, len, pid;
};

struct flock64_32 {
	int16_t type, whence;
	int64_t start, len;
	int32_t pid;
} __attribute__((packed));

TEST("CMP-13", "stat and stat64 tell the same of a file, each in its structure")
{
	struct stat32 s;
	struct stat64_32 s64;
	struct statx x;
	int fd = temp_file(2 * PAGE + 5);

	EXPECT_OK(raw(SYS_fchown32, fd, 70000, 12));
	EXPECT_OK(raw(SYS_statx, fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &x));
	memset(&s, 0xff, sizeof(s));
	memset(&s64, 0xff, sizeof(s64));
	EXPECT_OK(raw(SYS_fstat, fd, &s));
	EXPECT_OK(raw(SYS_fstat64, fd, &s64));
	EXPECT_EQ(s.size, 2 * PAGE + 5);
	EXPECT_EQ(s64.size, 2 * PAGE + 5);
	EXPECT_EQ(s.ino, x.stx_ino);
	EXPECT_EQ(s64.ino, x.stx_ino);
	EXPECT_EQ(s64.ino_low, x.stx_ino);
	EXPECT_EQ(s.mode, S_IFREG | 0666);
	EXPECT_EQ(s64.mode, S_IFREG | 0666);
	EXPECT_EQ(s.uid, 65534); /* does not fit */
	EXPECT_EQ(s64.uid, 70000);
	EXPECT_EQ(s.gid, 12);
	EXPECT_EQ(s64.gid, 12);
	EXPECT_EQ(s.blocks, x.stx_blocks);
	EXPECT_EQ(s64.blocks, x.stx_blocks);
	EXPECT_EQ(s.mtime, x.stx_mtime.tv_sec);
	EXPECT_EQ(s64.mtime_nsec, x.stx_mtime.tv_nsec);
	EXPECT_ERR(raw(SYS_fstat64, fd, 8), EFAULT);
	EXPECT_ERR(raw(SYS_fstat, -1, &s), EBADF);
}

TEST("CMP-13", "stat, lstat and fstatat64 follow links as they should")
{
	struct stat64_32 s64;
	struct stat32 s;

	enter_tmpfs();
	put_file("file", "1234567");
	EXPECT_OK(raw(SYS_symlink, "file", "link"));
	EXPECT_OK(raw(SYS_stat, "link", &s));
	EXPECT_EQ(s.size, 7);
	EXPECT_OK(raw(SYS_lstat, "link", &s));
	EXPECT_EQ(s.mode & S_IFMT, S_IFLNK);
	EXPECT_OK(raw(SYS_stat64, "link", &s64));
	EXPECT_EQ(s64.size, 7);
	EXPECT_OK(raw(SYS_lstat64, "link", &s64));
	EXPECT_EQ(s64.size, 4);
	EXPECT_OK(raw(SYS_fstatat64, AT_FDCWD, "link", &s64, AT_SYMLINK_NOFOLLOW));
	EXPECT_EQ(s64.mode & S_IFMT, S_IFLNK);
}

TEST("CMP-13", "the first stat has 16 bits for all but sizes and times")
{
	struct {
		uint16_t dev, ino, mode, nlink, uid, gid, rdev, pad;
		uint32_t size, atime, mtime, ctime, guard;
	} s = {.guard = 0x12345678};
	struct stat32 modern;

	enter_tmpfs();
	put_file("file", "12345");
	EXPECT_OK(raw(SYS_symlink, "file", "l"));
	EXPECT_OK(raw(SYS_stat, "file", &modern));
	EXPECT_OK(raw(SYS_oldstat, "l", &s));
	EXPECT_EQ(s.guard, 0x12345678);
	EXPECT_EQ(s.size, 5);
	EXPECT_EQ(s.ino, modern.ino);
	EXPECT_EQ(s.mode, modern.mode);
	EXPECT_EQ(s.nlink, 1);
	EXPECT_EQ(s.mtime, modern.mtime);
	EXPECT_OK(raw(SYS_oldlstat, "l", &s));
	EXPECT_EQ(s.mode & S_IFMT, S_IFLNK);
	EXPECT_OK(raw(SYS_oldfstat, EXPECT_OK(raw_open("file", O_RDONLY, 0)), &s));
	EXPECT_EQ(s.size, 5);
}

TEST("CMP-18", "the first readdir tells one entry at a time")
{
	struct {
		uint32_t ino, off;
		uint16_t len;
		char name[256];
	} d;
	char seen[64] = "";
	int fd;

	enter_tmpfs();
	put_file("x", "");
	fd = EXPECT_OK(raw_open(".", O_RDONLY | O_DIRECTORY, 0));
	while (EXPECT_OK(raw(SYS_readdir, fd, &d, 1))) {
		EXPECT_EQ(d.len, strlen(d.name));
		strcat(strcat(seen, d.name), " ");
	}
	EXPECT_STR(seen, ". .. x ");
	EXPECT_EQ(raw(SYS_lseek, fd, 0, SEEK_SET), 0);
	EXPECT_ERR(raw(SYS_readdir, fd, 8, 1), EFAULT);
	EXPECT_ERR(raw(SYS_readdir, -1, &d, 1), EBADF);
}

/* As big as it likes to become. */
static int large_file(void)
{
	int fd = EXPECT_OK(
		raw_open("/tmp/abi-large", O_RDWR | O_CREAT | O_EXCL | O_LARGEFILE_32, 0600));

	EXPECT_OK(raw(SYS_unlink, "/tmp/abi-large"));
	return fd;
}

TEST("CMP-14", "offsets of 64 bits come in two words")
{
	unsigned long long position;
	struct stat64_32 s64;
	struct stat32 s;
	int fd = large_file();
	char byte = 'x';

	EXPECT_OK(raw(SYS_ftruncate64, fd, TWO_WORDS(GIB3)));
	EXPECT_OK(raw(SYS_fstat64, fd, &s64));
	EXPECT(s64.size == GIB3);
	EXPECT_ERR(raw(SYS_fstat, fd, &s), EOVERFLOW);
	EXPECT_EQ(raw(SYS_pwrite64, fd, &byte, 1, TWO_WORDS(5 * GIB3)), 1);
	EXPECT_EQ(raw(SYS_pread64, fd, &byte, 1, TWO_WORDS(5 * GIB3)), 1);
	EXPECT_EQ(byte, 'x');
	EXPECT_ERR(raw(SYS_pread64, fd, &byte, 1, TWO_WORDS(-1LL)), EINVAL);
	EXPECT_OK(raw(SYS__llseek, fd, 0, 0, &position, SEEK_END));
	EXPECT(position == 5 * GIB3 + 1);
	EXPECT_OK(raw(SYS__llseek, fd, -1L, -1L, &position, SEEK_CUR));
	EXPECT(position == 5 * GIB3);
	EXPECT_EQ(raw_read(fd, &byte, 1), 1);
	EXPECT_EQ(raw(SYS_lseek, fd, 100, SEEK_SET), 100);
	EXPECT_EQ(raw(SYS_lseek, fd, -1L, SEEK_CUR), 99);
	EXPECT_ERR(raw(SYS_lseek, fd, -100L, SEEK_CUR), EINVAL);
	EXPECT_OK(raw(SYS_fallocate, fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
		      TWO_WORDS(GIB3), TWO_WORDS(5 * GIB3)));
	EXPECT_EQ(raw(SYS_pread64, fd, &byte, 1, TWO_WORDS(5 * GIB3)), 1);
	EXPECT_EQ(byte, 0);
	EXPECT_OK(raw(SYS_ftruncate, fd, 10));
	EXPECT_ERR(raw(SYS_ftruncate, fd, -1L), EINVAL);
	EXPECT_OK(raw(SYS_fstat, fd, &s));
	EXPECT_EQ(s.size, 10);
	EXPECT_OK(raw(SYS_fadvise64, fd, 0, 0, 10, POSIX_FADV_WILLNEED));
	EXPECT_OK(raw(SYS_fadvise64_64, fd, TWO_WORDS(GIB3), TWO_WORDS(GIB3), POSIX_FADV_NORMAL));
	EXPECT_ERR(raw(SYS_fadvise64_64, fd, TWO_WORDS(0), TWO_WORDS(0), 77), EINVAL);
}

TEST("CMP-15", "without O_LARGEFILE a file is not made larger than 2 GiB")
{
	int fd;

	enter_tmpfs();
	fd = EXPECT_OK(raw_open("big", O_RDWR | O_CREAT, 0600));
	EXPECT_EQ(raw(SYS_fcntl64, fd, F_GETFL) & O_LARGEFILE_32, 0);
	EXPECT_ERR(raw(SYS_ftruncate64, fd, TWO_WORDS(GIB3)), EINVAL);
	EXPECT_ERR(raw(SYS_pwrite64, fd, "xy", 2, TWO_WORDS(GIB3)), EFBIG);
	EXPECT_EQ(raw(SYS_pwrite64, fd, "xy", 2, TWO_WORDS(0x7ffffffe)), 1);
	EXPECT_ERR(raw(SYS_pwrite64, fd, "xy", 2, TWO_WORDS(0x7fffffff)), EFBIG);
	EXPECT_OK(raw(SYS_truncate64, "big", TWO_WORDS(GIB3)));
	fd = EXPECT_OK(raw_open("big", O_RDONLY | O_LARGEFILE_32, 0));
	EXPECT_EQ(raw(SYS_fcntl64, fd, F_GETFL) & O_LARGEFILE_32, O_LARGEFILE_32);
}

TEST("CMP-16", "vectors have words of 32 bits, whose lengths are signed")
{
	char a[3], b[6];
	struct iovec vec[2] = {{a, 3}, {b, 5}};
	int fd = large_file();

	EXPECT_EQ(raw_write(fd, "12345678", 8), 8);
	EXPECT_EQ(raw(SYS_lseek, fd, 1, SEEK_SET), 1);
	EXPECT_EQ(raw(SYS_readv, fd, vec, 2), 7);
	EXPECT(!memcmp(a, "234", 3) && !memcmp(b, "5678", 4));
	EXPECT_EQ(raw(SYS_preadv, fd, vec, 2, TWO_WORDS(3)), 5);
	EXPECT(!memcmp(a, "456", 3));
	EXPECT_EQ(raw(SYS_pwritev, fd, vec, 1, TWO_WORDS(GIB3)), 3);
	EXPECT_EQ(raw(SYS_preadv2, fd, vec, 1, TWO_WORDS(GIB3), 0), 3);
	EXPECT(!memcmp(a, "456", 3));
	vec[1].iov_len = -1;
	EXPECT_ERR(raw(SYS_readv, fd, vec, 2), EINVAL);
	EXPECT_ERR(raw(SYS_readv, fd, 8, 2), EFAULT);
}

TEST("CMP-17", "record locks with offsets of 32 and of 64 bits")
{
	struct flock64_32 l64 = {.type = F_WRLCK, .start = GIB3, .len = 10};
	struct flock32 l = {.type = F_WRLCK, .start = 5, .len = 10};
	int fd = temp_file(PAGE);
	pid_t pid;

	EXPECT_OK(raw(SYS_fcntl64, fd, 13 /* F_SETLK64 */, &l64));
	EXPECT_OK(raw(SYS_fcntl, fd, 6 /* F_SETLK */, &l));
	EXPECT_OK(raw(SYS_fcntl, fd, 13, &l64)); /* the same call */
	pid = test_fork();
	if (pid == 0) {
		EXPECT_ERR(raw(SYS_fcntl64, fd, 6, &l), EAGAIN);
		EXPECT_ERR(raw(SYS_fcntl64, fd, 13, &l64), EAGAIN);
		l = (struct flock32){.type = F_RDLCK, .start = 14, .len = 1};
		EXPECT_OK(raw(SYS_fcntl, fd, 5 /* F_GETLK */, &l));
		EXPECT_EQ(l.type, F_WRLCK);
		EXPECT_EQ(l.start, 5);
		EXPECT_EQ(l.len, 10);
		EXPECT_EQ(l.pid, raw(SYS_getppid));
		l64 = (struct flock64_32){.type = F_RDLCK, .start = 100};
		EXPECT_OK(raw(SYS_fcntl64, fd, 12 /* F_GETLK64 */, &l64));
		EXPECT(l64.start == GIB3 && l64.len == 10);
		l = (struct flock32){.type = F_RDLCK, .start = 100};
		EXPECT_ERR(raw(SYS_fcntl, fd, 5, &l), EOVERFLOW);
		_exit(0);
	}
	EXPECT_EXIT(pid, 0);
}

TEST("CMP-18", "directory entries, old and new")
{
	struct {
		uint32_t ino, off;
		uint16_t reclen;
		char name[];
	} * d;
	char buffer[512];
	long n, seen = 0;
	int fd;

	enter_tmpfs();
	put_file("one", "");
	EXPECT_OK(raw(SYS_mkdir, "a-longer-name", 0700));
	fd = EXPECT_OK(raw_open(".", O_RDONLY | O_DIRECTORY, 0));
	n = EXPECT_OK(raw(SYS_getdents, fd, buffer, sizeof(buffer)));
	for (long at = 0; at < n; at += d->reclen) {
		d = (void *)(buffer + at);
		EXPECT_EQ(d->reclen % 4, 0);
		EXPECT(d->reclen >= 10 + strlen(d->name) + 2);
		EXPECT(d->reclen < 10 + strlen(d->name) + 2 + 4);
		if (!strcmp(d->name, "one"))
			EXPECT_EQ(((char *)d)[d->reclen - 1], 8 /* DT_REG */);
		if (!strcmp(d->name, "a-longer-name"))
			EXPECT_EQ(((char *)d)[d->reclen - 1], 4 /* DT_DIR */);
		seen++;
	}
	EXPECT_EQ(seen, 4);
	EXPECT_EQ(raw(SYS_lseek, fd, 0, SEEK_SET), 0);
	EXPECT_ERR(raw(SYS_getdents, fd, buffer, 8), EINVAL);
	EXPECT_EQ(raw(SYS_getdents64, fd, buffer, sizeof(buffer)), 24 + 24 + 24 + 40);
}

TEST("CMP-19", "statfs64 wants the size of its structure")
{
	struct statfs64_32 {
		uint32_t type, bsize;
		uint64_t blocks, bfree, bavail, files, ffree;
		int32_t fsid[2];
		uint32_t namelen, frsize, flags, spare[4];
	} __attribute__((packed)) s64;
	struct {
		uint32_t type, bsize, blocks, bfree, bavail, files, ffree;
		int32_t fsid[2];
		uint32_t namelen, frsize, flags, spare[4];
	} s;

	EXPECT_EQ(sizeof(s64), 84);
	EXPECT_OK(raw(SYS_statfs64, "/proc", sizeof(s64), &s64));
	EXPECT_EQ(s64.type, 0x9fa0);
	EXPECT_EQ(s64.namelen, 255);
	EXPECT_ERR(raw(SYS_statfs64, "/proc", sizeof(s64) + 4, &s64), EINVAL);
	EXPECT_OK(raw(SYS_statfs, "/proc", &s));
	EXPECT_EQ(s.type, 0x9fa0);
	EXPECT_EQ(s.namelen, 255);
	EXPECT_EQ(s.bsize, 4096);
	EXPECT_OK(raw(SYS_fstatfs64, EXPECT_OK(raw_open("/proc", O_RDONLY, 0)), sizeof(s64), &s64));
	EXPECT_EQ(s64.type, 0x9fa0);
}

struct time32 {
	int32_t sec, sub;
};

struct time64 {
	int64_t sec, nsec;
};

TEST("CMP-20", "select in three generations, over a set of 32 descriptors")
{
	uint32_t in[3] = {0, 0, 0xdeadbeef}, zero[3] = {0};
	struct time32 tv = {0, 1000};
	struct time64 ts = {0, 1000};
	struct {
		uint64_t *set;
		size_t size;
	} mask = {NULL, 8};
	uint64_t set = 0;
	int fd[2], high;

	EXPECT_OK(raw(SYS_pipe, fd));
	high = EXPECT_OK(raw(SYS_fcntl64, fd[0], F_DUPFD, 40));
	EXPECT_EQ(high, 40);
	in[1] = 1 << 8;
	EXPECT_EQ(raw(SYS__newselect, 41, in, NULL, NULL, &tv), 0);
	EXPECT_EQ(in[1], 0);
	EXPECT_EQ(tv.sec + tv.sub, 0);
	EXPECT_EQ(raw_write(fd[1], "x", 1), 1);
	in[1] = 1 << 8;
	EXPECT_EQ(raw(SYS__newselect, 41, in, zero, NULL, NULL), 1);
	EXPECT_EQ(in[1], 1 << 8);
	EXPECT_EQ(in[2], 0xdeadbeef);
	in[0] = 1 << fd[0];
	EXPECT_EQ(raw(SYS__newselect, fd[0] + 1, in, NULL, NULL, NULL), 1);
	EXPECT_EQ(in[1], 1 << 8); /* 32 bits are copied, not 64 */
	in[0] = 1 << fd[0];
	EXPECT_EQ(raw(SYS_select, ((unsigned long[]){fd[0] + 1, (long)in, 0, 0, 0})), 1);
	mask.set = &set;
	EXPECT_EQ(raw(SYS_pselect6, 41, in, NULL, NULL, &tv, &mask), 1 + 1);
	EXPECT_EQ(raw(SYS_pselect6_time64, 41, in, NULL, NULL, &ts, &mask), 2);
	mask.size = 4;
	EXPECT_ERR(raw(SYS_pselect6_time64, 41, in, NULL, NULL, &ts, &mask), EINVAL);
}

TEST("CMP-20", "ppoll with times of either width")
{
	struct time32 short_time = {0, 1000};
	struct time64 long_time = {0, (1LL << 32) + 1000}; /* the upper half is padding */
	uint64_t set = 0;
	int fd[2];
	struct pollfd p;

	EXPECT_OK(raw(SYS_pipe, fd));
	p = (struct pollfd){fd[0], POLLIN, 0};
	EXPECT_EQ(raw(SYS_ppoll, &p, 1, &short_time, &set, 8), 0);
	EXPECT_EQ(raw(SYS_ppoll_time64, &p, 1, &long_time, &set, 8), 0);
	EXPECT_EQ(raw(SYS_poll, &p, 1, 0), 0);
	short_time.sub = 1000000000;
	EXPECT_ERR(raw(SYS_ppoll, &p, 1, &short_time, &set, 8), EINVAL);
}

TEST("CMP-21", "file times by each of the calls that set them")
{
	struct time32 tv[2] = {{1000, 5}, {2000, 6}}, ts[2] = {{3000, 7}, {4000, 8}};
	struct time64 ts64[2] = {{5000, 9}, {6000, 10}};
	int32_t both[2] = {7000, 8000};
	struct stat64_32 s;

	enter_tmpfs();
	put_file("f", "");
	EXPECT_OK(raw(SYS_utimes, "f", tv));
	EXPECT_OK(raw(SYS_stat64, "f", &s));
	EXPECT_EQ(s.atime, 1000);
	EXPECT_EQ(s.mtime_nsec, 6000);
	EXPECT_OK(raw(SYS_utimensat, AT_FDCWD, "f", ts, 0));
	EXPECT_OK(raw(SYS_stat64, "f", &s));
	EXPECT_EQ(s.atime_nsec, 7);
	EXPECT_EQ(s.mtime, 4000);
	EXPECT_OK(raw(SYS_utimensat_time64, AT_FDCWD, "f", ts64, 0));
	EXPECT_OK(raw(SYS_stat64, "f", &s));
	EXPECT_EQ(s.atime, 5000);
	EXPECT_EQ(s.mtime_nsec, 10);
	EXPECT_OK(raw(SYS_futimesat, AT_FDCWD, "f", tv));
	EXPECT_OK(raw(SYS_utime, "f", both));
	EXPECT_OK(raw(SYS_stat64, "f", &s));
	EXPECT_EQ(s.atime, 7000);
	EXPECT_EQ(s.mtime, 8000);
	EXPECT_EQ(s.mtime_nsec, 0);
}

TEST("CMP-14", "sendfile with an offset of 32 bits, sendfile64 with one of 64")
{
	int in = temp_file(2 * PAGE), out = temp_file(0);
	unsigned long long offset64 = PAGE;
	int32_t guard[2] = {PAGE, 0x55555555};

	EXPECT_EQ(raw(SYS_sendfile, out, in, &guard[0], 10), 10);
	EXPECT_EQ(guard[0], PAGE + 10);
	EXPECT_EQ(guard[1], 0x55555555);
	EXPECT_EQ(raw(SYS_sendfile64, out, in, &offset64, 10), 10);
	EXPECT(offset64 == PAGE + 10);
}

TEST("CMP-22", "owners of 16 bits")
{
	struct stat64_32 s;

	enter_tmpfs();
	put_file("f", "");
	EXPECT_OK(raw(SYS_chown32, "f", 100000, 100001));
	EXPECT_OK(raw(SYS_chown, "f", 0xffff, 5));
	EXPECT_OK(raw(SYS_stat64, "f", &s));
	EXPECT_EQ(s.uid, 100000);
	EXPECT_EQ(s.gid, 5);
	EXPECT_OK(raw(SYS_lchown, "f", 6, 0xffff));
	EXPECT_OK(raw(SYS_stat64, "f", &s));
	EXPECT_EQ(s.uid, 6);
}
