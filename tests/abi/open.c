// SPDX-License-Identifier: MIT
/*
 * tests/abi/open.c - opening files, and descriptors (docs/contract/files.md, section 3).
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/sys.h"
#include "lib/test.h"

TEST("OPEN-1", "creating what exists, and through a dangling link")
{
	enter_tmpfs();
	put_file("f", "");
	EXPECT_OK(raw(SYS_symlink, "target", "dangling"));
	EXPECT_ERR(raw_open("f", O_RDWR | O_CREAT | O_EXCL, 0644), EEXIST);
	EXPECT_ERR(raw_open("dangling", O_RDWR | O_CREAT | O_EXCL, 0644), EEXIST);
	EXPECT_ERR(raw_open("dangling", O_RDWR, 0), ENOENT);
	EXPECT(!exists("target"));
	EXPECT_OK(raw_open("dangling", O_RDWR | O_CREAT, 0644));
	EXPECT(exists("target"));
	EXPECT_ERR(raw_open("no/f", O_RDWR | O_CREAT, 0644), ENOENT);
	EXPECT_ERR(raw_open("new/", O_RDWR | O_CREAT, 0644), EISDIR);
}

TEST("OPEN-2", "directories and links")
{
	enter_tmpfs();
	put_file("f", "");
	EXPECT_OK(raw(SYS_mkdir, "d", 0755));
	EXPECT_OK(raw(SYS_symlink, "f", "l"));
	EXPECT_ERR(raw_open("d", O_WRONLY, 0), EISDIR);
	EXPECT_ERR(raw_open("d", O_RDWR, 0), EISDIR);
	EXPECT_ERR(raw_open("d", O_RDONLY | O_CREAT, 0644), EISDIR);
	EXPECT_ERR(raw_open("f", O_RDONLY | O_DIRECTORY, 0), ENOTDIR);
	EXPECT_ERR(raw_open("l", O_RDONLY | O_NOFOLLOW, 0), ELOOP);
	EXPECT_OK(raw_open("l", O_PATH | O_NOFOLLOW, 0));
	EXPECT_OK(raw_open("d", O_RDONLY | O_DIRECTORY, 0));
}

TEST("OPEN-3", "modes of new files")
{
	struct stat st;
	int fd;

	enter_tmpfs();
	umask(027);
	drop_capability(1); /* CAP_DAC_OVERRIDE */
	drop_capability(2); /* CAP_DAC_READ_SEARCH */
	fd = EXPECT_OK(raw_open("f", O_RDWR | O_CREAT, 0));
	EXPECT_EQ(raw_write(fd, "x", 1), 1);
	EXPECT_ERR(raw_open("f", O_RDONLY, 0), EACCES);
	EXPECT_OK(raw_open("g", O_RDONLY | O_CREAT, 06777));
	EXPECT_OK(raw(SYS_stat, "g", &st));
	EXPECT_EQ(st.st_mode, S_IFREG | 06750);
	EXPECT_OK(raw(SYS_chmod, "g", 0444));
	EXPECT_ERR(raw_open("g", O_RDONLY | O_TRUNC, 0), EACCES);
}

static unsigned int mode_of(const char *path)
{
	struct stat st = {0};

	EXPECT_OK(raw(SYS_lstat, path, &st));
	EXPECT_EQ(st.st_gid, 77);
	return st.st_mode & 07777;
}

TEST("OPEN-9", "who is not in the group of a directory makes no set-group-id programs there")
{
	const unsigned int asked = S_ISGID | 0777;

	enter_tmpfs();
	EXPECT_OK(raw(SYS_mkdir, "d", 0777));
	EXPECT_OK(raw(SYS_chown, "d", 1000, 77));
	EXPECT_OK(raw(SYS_chmod, "d", S_ISGID | 0777));
	EXPECT_OK(raw(SYS_umask, 0));
	EXPECT_OK(raw_open("d/root", O_CREAT | O_EXCL, asked));
	EXPECT_EQ(mode_of("d/root"), asked);
	drop_privileges();
	EXPECT_OK(raw_open("d/a", O_CREAT | O_EXCL, asked));
	EXPECT_OK(raw(SYS_mknod, "d/b", S_IFIFO | asked, 0));
	EXPECT_OK(raw(SYS_mkdir, "d/c", 0777));
	EXPECT_OK(raw_open("d/lock", O_CREAT | O_EXCL, S_ISGID | 0600));
	EXPECT_OK(raw(SYS_umask, S_IXGRP));
	EXPECT_OK(raw_open("d/e", O_CREAT | O_EXCL, asked));
	EXPECT_OK(raw(SYS_mknod, "d/f", asked, 0));
	EXPECT_EQ(mode_of("d/a"), 0777);
	EXPECT_EQ(mode_of("d/b"), 0777);
	EXPECT_EQ(mode_of("d/c"), S_ISGID | 0777);
	EXPECT_EQ(mode_of("d/lock"), S_ISGID | 0600);
	EXPECT_EQ(mode_of("d/e"), 0767);
	EXPECT_EQ(mode_of("d/f"), 0767);
}

TEST("OPEN-4", "O_PATH")
{
	struct stat st;
	int fd, dir;

	enter_tmpfs();
	EXPECT_OK(raw(SYS_mkdir, "d", 0700));
	put_file("d/f", "text");
	EXPECT_OK(raw(SYS_chmod, "d/f", 0));
	fd = EXPECT_OK(raw_open("d/f", O_PATH, 0));
	dir = EXPECT_OK(raw_open("d", O_PATH | O_CLOEXEC, 0));
	EXPECT_OK(raw(SYS_fstat, fd, &st));
	EXPECT_EQ(st.st_size, 4);
	EXPECT_OK(raw(SYS_newfstatat, dir, "f", &st, 0));
	EXPECT_OK(raw(SYS_dup, fd));
	EXPECT_EQ(raw(SYS_fcntl, fd, F_GETFL), O_PATH);
	EXPECT_EQ(raw(SYS_fcntl, dir, F_GETFD), FD_CLOEXEC);
	EXPECT_ERR(raw_read(fd, &st, 1), EBADF);
	EXPECT_ERR(raw_write(fd, &st, 1), EBADF);
	EXPECT_ERR(raw(SYS_lseek, fd, 0, SEEK_SET), EBADF);
	EXPECT_ERR(raw(SYS_fchmod, fd, 0600), EBADF);
	EXPECT_ERR(raw(SYS_ioctl, fd, FIONREAD, &st), EBADF);
	EXPECT_ERR(raw(SYS_fsync, fd), EBADF);
	EXPECT_ERR(raw_mmap(0, PAGE, PROT_READ, MAP_PRIVATE, fd, 0), EBADF);
	EXPECT_ERR(raw(SYS_fcntl, fd, F_SETFL, O_NONBLOCK), EBADF);
}

TEST("OPEN-5", "the lowest descriptor, and the limit")
{
	int base = EXPECT_OK(raw_open("/", O_RDONLY, 0)), p[2];

	EXPECT_EQ(raw_open("/", O_RDONLY, 0), base + 1);
	EXPECT_EQ(raw_open("/", O_RDONLY, 0), base + 2);
	EXPECT_OK(raw_close(base + 1));
	EXPECT_EQ(raw(SYS_dup, base), base + 1);
	set_limit(RLIMIT_NOFILE, base + 4);
	EXPECT_EQ(raw(SYS_dup, base), base + 3);
	EXPECT_ERR(raw(SYS_dup, base), EMFILE);
	EXPECT_ERR(raw_open("/", O_RDONLY, 0), EMFILE);
	EXPECT_ERR(raw(SYS_dup2, base, base + 4), EBADF);
	EXPECT_ERR(raw(SYS_fcntl, base, F_DUPFD, base + 4), EINVAL);
	EXPECT_OK(raw_close(base + 3));
	EXPECT_ERR(raw(SYS_pipe, p), EMFILE);
	EXPECT_EQ(raw(SYS_dup, base), base + 3);
}

TEST("OPEN-5", "many descriptors, and those of a child")
{
	int fd = EXPECT_OK(raw_open("/", O_RDONLY, 0));
	pid_t pid;

	set_limits(RLIMIT_NOFILE, 4096, 4096);
	EXPECT_EQ(raw(SYS_dup2, fd, 3000), 3000);
	EXPECT_EQ(raw(SYS_fcntl, fd, F_DUPFD, 2999), 2999);
	EXPECT_EQ(raw(SYS_fcntl, fd, F_DUPFD, 2999), 3001);
	pid = test_fork();
	if (!pid) {
		EXPECT_OK(raw(SYS_fcntl, 3001, F_GETFD));
		EXPECT_ERR(raw(SYS_fcntl, 3002, F_GETFD), EBADF);
		EXPECT_OK(raw_close(3000));
		_exit(0);
	}
	EXPECT_EXIT(pid, 0);
	EXPECT_OK(raw_close(3000));
}

TEST("OPEN-6", "dup2 and dup3, and what a descriptor owns")
{
	int fd, other;

	enter_tmpfs();
	put_file("f", "0123456789");
	fd = EXPECT_OK(raw_open("f", O_RDWR | O_CLOEXEC, 0));
	EXPECT_EQ(raw(SYS_dup2, fd, fd), fd);
	EXPECT_ERR(raw(SYS_dup3, fd, fd, 0), EINVAL);
	EXPECT_ERR(raw(SYS_dup3, fd, 50, 1), EINVAL);
	EXPECT_ERR(raw(SYS_dup2, 99, 50), EBADF);
	EXPECT_ERR(raw(SYS_dup2, 99, 99), EBADF);
	other = EXPECT_OK(raw(SYS_dup, fd));
	EXPECT_EQ(raw(SYS_fcntl, fd, F_GETFD), FD_CLOEXEC);
	EXPECT_EQ(raw(SYS_fcntl, other, F_GETFD), 0);
	EXPECT_EQ(raw(SYS_lseek, fd, 5, SEEK_SET), 5);
	EXPECT_EQ(raw(SYS_lseek, other, 0, SEEK_CUR), 5);
	EXPECT_OK(raw(SYS_fcntl, fd, F_SETFL, O_APPEND | O_NONBLOCK | O_WRONLY));
	EXPECT_EQ(raw(SYS_fcntl, other, F_GETFL), O_RDWR | O_APPEND | O_NONBLOCK | 0100000);
	EXPECT_EQ(raw(SYS_dup3, fd, 50, O_CLOEXEC), 50);
	EXPECT_EQ(raw(SYS_fcntl, 50, F_GETFD), FD_CLOEXEC);
}

TEST("OPEN-7", "files without a name")
{
	struct stat st;
	char name[64], path[128];
	int fd, n;

	enter_tmpfs();
	EXPECT_ERR(raw_open(".", O_TMPFILE | O_RDONLY, 0600), EINVAL);
	fd = EXPECT_OK(raw_open(".", O_TMPFILE | O_RDWR, 0600));
	EXPECT_EQ(raw_write(fd, "x", 1), 1);
	EXPECT_OK(raw(SYS_fstat, fd, &st));
	EXPECT_EQ(st.st_nlink, 0);
	snprintf(name, sizeof(name), "#%lu (deleted)", st.st_ino);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	n = EXPECT_OK(raw(SYS_readlink, path, path, sizeof(path)));
	path[n] = '\0';
	EXPECT_STR(strrchr(path, '/') + 1, name);
	EXPECT_OK(raw(SYS_linkat, fd, "", AT_FDCWD, "name", AT_EMPTY_PATH));
	EXPECT_OK(raw(SYS_stat, "name", &st));
	EXPECT_EQ(st.st_nlink, 1);
	put_file("f", "");
	EXPECT_ERR(raw_open("f", O_TMPFILE | O_RDWR, 0600), ENOTDIR);
}

TEST("OPEN-8", "close_range")
{
	int fd = EXPECT_OK(raw_open("/", O_RDONLY, 0));

	for (int i = 50; i < 60; i++)
		EXPECT_EQ(raw(SYS_dup2, fd, i), i);
	EXPECT_OK(raw(436, 50, 54, 0));
	EXPECT_ERR(raw(SYS_fcntl, 54, F_GETFD), EBADF);
	EXPECT_EQ(raw(SYS_fcntl, 55, F_GETFD), 0);
	EXPECT_OK(raw(436, 55, 57, 4)); /* CLOSE_RANGE_CLOEXEC */
	EXPECT_EQ(raw(SYS_fcntl, 57, F_GETFD), FD_CLOEXEC);
	EXPECT_EQ(raw(SYS_fcntl, 58, F_GETFD), 0);
	EXPECT_ERR(raw(436, 60, 50, 0), EINVAL);
	EXPECT_ERR(raw(436, 50, 60, 64), EINVAL);
	EXPECT_OK(raw(436, 58, ~0U, 0));
	EXPECT_ERR(raw(SYS_fcntl, 59, F_GETFD), EBADF);
}
