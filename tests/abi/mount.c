// SPDX-License-Identifier: MIT
/*
 * tests/abi/mount.c - mounts (docs/contract/files.md, section 7).
 *
 * Each test works below a tmpfs on a new directory of /tmp. The last line of a test takes it away;
 * after a failed one it stays, which harms nobody.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/sys.h"
#include "lib/test.h"

static char base[32];

static long mount_at(const char *where, const char *options)
{
	return raw(SYS_mount, "none", where, "tmpfs", 0, options);
}

static void begin(void)
{
	strcpy(base, "/tmp/abi-XXXXXX");
	EXPECT(mkdtemp(base));
	EXPECT_OK(mount_at(base, NULL));
	/* private: init of a test guest has not shared its mounts, another might have */
	EXPECT_OK(raw(SYS_mount, NULL, base, NULL, MS_PRIVATE, NULL));
	EXPECT_OK(raw(SYS_chdir, base));
	EXPECT_OK(raw(SYS_mkdir, "a", 0755));
	EXPECT_OK(raw(SYS_mkdir, "b", 0755));
}

static void end(void)
{
	EXPECT_OK(raw(SYS_chdir, "/"));
	EXPECT_OK(raw(SYS_umount2, base, MNT_DETACH));
	EXPECT_OK(raw(SYS_rmdir, base));
}

TEST("MNT-1", "a mount hides and shows")
{
	struct stat st, root;

	begin();
	put_file("a/below", "");
	EXPECT_OK(mount_at("a", NULL));
	EXPECT(!exists("a/below"));
	put_file("a/above", "");
	EXPECT_OK(raw(SYS_stat, "a/..", &st));
	EXPECT_OK(raw(SYS_stat, ".", &root));
	EXPECT(st.st_ino == root.st_ino && st.st_dev == root.st_dev);
	EXPECT_ERR(raw(SYS_link, "a/above", "above"), EXDEV);
	EXPECT_ERR(raw(SYS_rename, "a/above", "above"), EXDEV);
	EXPECT_OK(mount_at("a", NULL));
	EXPECT(!exists("a/above"));
	EXPECT_OK(raw(SYS_umount2, "a", 0));
	EXPECT(exists("a/above"));
	EXPECT_OK(raw(SYS_umount2, "a", 0));
	EXPECT(exists("a/below") && !exists("a/above"));
	end();
}

TEST("MNT-2", "busy and detached")
{
	int fd;

	begin();
	EXPECT_OK(mount_at("a", NULL));
	EXPECT_ERR(raw(SYS_umount2, "b", 0), EINVAL);
	EXPECT_ERR(raw(SYS_umount2, "no", 0), ENOENT);
	EXPECT_ERR(raw(SYS_umount2, "a", 0x100), EINVAL);
	fd = EXPECT_OK(raw_open("a/f", O_RDWR | O_CREAT, 0644));
	EXPECT_ERR(raw(SYS_umount2, "a", 0), EBUSY);
	EXPECT_OK(raw_close(fd));
	EXPECT_OK(raw(SYS_chdir, "a"));
	EXPECT_ERR(raw(SYS_umount2, "../a", 0), EBUSY);
	EXPECT_OK(raw(SYS_umount2, "../a", MNT_DETACH));
	EXPECT(exists("f"));
	put_file("g", "");
	EXPECT_OK(raw(SYS_chdir, base));
	EXPECT(!exists("a/f"));
	EXPECT_OK(mount_at("a", NULL));
	EXPECT_OK(raw(SYS_mkdir, "a/sub", 0755));
	EXPECT_OK(mount_at("a/sub", NULL));
	EXPECT_ERR(raw(SYS_umount2, "a", 0), EBUSY);
	EXPECT_OK(raw(SYS_umount2, "a", MNT_DETACH));
	EXPECT_ERR(raw(SYS_umount2, "a", 0), EINVAL);
	end();
}

TEST("MNT-3", "options of tmpfs")
{
	static char data[64 << 10];
	struct stat st;
	int fd;

	begin();
	EXPECT_OK(mount_at("a", "size=32k,nr_inodes=4,mode=750,uid=7"));
	EXPECT_OK(raw(SYS_stat, "a", &st));
	EXPECT_EQ(st.st_mode, S_IFDIR | 0750);
	EXPECT_EQ(st.st_uid, 7);
	fd = EXPECT_OK(raw_open("a/f", O_RDWR | O_CREAT, 0644));
	EXPECT_EQ(raw_write(fd, data, sizeof(data)), 32 << 10);
	EXPECT_ERR(raw_write(fd, data, 1), ENOSPC);
	EXPECT_OK(raw_ftruncate(fd, 0));
	EXPECT_EQ(raw_write(fd, data, 1), 1);
	EXPECT_OK(raw_close(fd));
	put_file("a/g", "");
	put_file("a/h", "");
	EXPECT_ERR(raw_open("a/i", O_RDWR | O_CREAT, 0644), ENOSPC);
	EXPECT_ERR(mount_at("b", "nonsense=1"), EINVAL);
	EXPECT_ERR(mount_at("b", "size=wrong"), EINVAL);
	EXPECT_ERR(raw(SYS_mount, "none", "b", "nosuchfs", 0, NULL), ENODEV);
	EXPECT_ERR(raw(SYS_mount, "none", "a/f", "tmpfs", 0, NULL), ENOTDIR);
	end();
}

TEST("MNT-4", "read-only")
{
	int fd;

	begin();
	EXPECT_OK(mount_at("a", NULL));
	put_file("a/f", "text");
	fd = EXPECT_OK(raw_open("a/f", O_RDWR, 0));
	EXPECT_ERR(raw(SYS_mount, "none", "a", NULL, MS_REMOUNT | MS_RDONLY, NULL), EBUSY);
	EXPECT_OK(raw_close(fd));
	EXPECT_OK(raw(SYS_mount, "none", "a", NULL, MS_REMOUNT | MS_RDONLY, NULL));
	EXPECT_OK(raw_open("a/f", O_RDONLY, 0));
	EXPECT_ERR(raw_open("a/f", O_RDWR, 0), EROFS);
	EXPECT_ERR(raw_open("a/g", O_RDONLY | O_CREAT, 0644), EROFS);
	EXPECT_ERR(raw(SYS_mkdir, "a/d", 0755), EROFS);
	EXPECT_ERR(raw(SYS_mkdir, "a/f", 0755), EEXIST);
	EXPECT_ERR(raw(SYS_unlink, "a/f"), EROFS);
	EXPECT_ERR(raw(SYS_rename, "a/f", "a/g"), EROFS);
	EXPECT_ERR(raw(SYS_chmod, "a/f", 0600), EROFS);
	EXPECT_ERR(raw(SYS_truncate, "a/f", 0), EROFS);
	EXPECT_ERR(raw(SYS_access, "a/f", W_OK), EROFS);
	EXPECT_ERR(raw(SYS_utimensat, AT_FDCWD, "a/f", NULL, 0), EROFS);
	EXPECT_OK(raw(SYS_mount, "none", "a", NULL, MS_REMOUNT, NULL));
	EXPECT_OK(raw(SYS_unlink, "a/f"));
	end();
}

TEST("MNT-5", "bind and move")
{
	begin();
	EXPECT_OK(mount_at("a", NULL));
	EXPECT_OK(raw(SYS_mkdir, "a/sub", 0755));
	put_file("a/f", "text");
	EXPECT_OK(mount_at("a/sub", NULL));
	put_file("a/sub/deep", "");
	EXPECT_OK(raw(SYS_mount, "a", "b", NULL, MS_BIND, NULL));
	EXPECT(exists("b/f") && exists("b/sub") && !exists("b/sub/deep"));
	EXPECT_OK(raw(SYS_umount2, "b", 0));
	EXPECT_OK(raw(SYS_mount, "a", "b", NULL, MS_BIND | MS_REC, NULL));
	EXPECT(exists("b/sub/deep"));
	EXPECT_OK(raw(SYS_umount2, "b", MNT_DETACH));
	EXPECT_ERR(raw(SYS_mount, "a", "a/sub", NULL, MS_MOVE, NULL), ELOOP);
	EXPECT_OK(raw(SYS_mount, "a", "b", NULL, MS_MOVE, NULL));
	EXPECT(exists("b/sub/deep") && !exists("a/f"));
	put_file("file", "");
	EXPECT_OK(raw(SYS_mount, "b/f", "file", NULL, MS_BIND, NULL));
	EXPECT_OK(raw(SYS_truncate, "file", 2));
	EXPECT_OK(raw(SYS_mount, NULL, "file", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL));
	EXPECT_ERR(raw(SYS_truncate, "file", 2), EROFS);
	EXPECT_OK(raw(SYS_truncate, "b/f", 2));
	EXPECT_ERR(raw(SYS_mount, "b", "file", NULL, MS_BIND, NULL), ENOTDIR);
	EXPECT_OK(raw(SYS_umount2, "file", 0));
	end();
}

TEST("MNT-6", "mount points stay, and only root mounts")
{
	pid_t pid;

	begin();
	EXPECT_OK(mount_at("a", NULL));
	EXPECT_ERR(raw(SYS_rmdir, "a"), EBUSY);
	EXPECT_ERR(raw(SYS_rename, "a", "c"), EBUSY);
	EXPECT_ERR(raw(SYS_rename, "b", "a"), EBUSY);
	pid = test_fork();
	if (!pid) {
		drop_privileges();
		EXPECT_ERR(mount_at("b", NULL), EPERM);
		EXPECT_ERR(raw(SYS_umount2, "a", 0), EPERM);
		_exit(0);
	}
	EXPECT_EXIT(pid, 0);
	end();
}
