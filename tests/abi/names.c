// SPDX-License-Identifier: MIT
/*
 * tests/abi/names.c - making, removing and renaming names (docs/contract/files.md, section 2).
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/sys.h"
#include "lib/test.h"

#define KEEP 1 /* RENAME_NOREPLACE */
#define SWAP 2 /* RENAME_EXCHANGE */

static long rename2(const char *from, const char *to, unsigned int flags)
{
	return raw(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, flags);
}

static long links(const char *name)
{
	struct stat st;

	EXPECT_OK(raw(SYS_lstat, name, &st));
	return st.st_nlink;
}

TEST("DIR-1", "a name that exists, and a slash behind a new one")
{
	enter_tmpfs();
	put_file("f", "");
	EXPECT_OK(raw(SYS_mkdir, "d/", 0755));
	EXPECT_ERR(raw(SYS_mkdir, "d", 0755), EEXIST);
	EXPECT_ERR(raw(SYS_mkdir, "f", 0755), EEXIST);
	EXPECT_ERR(raw(SYS_mkdir, ".", 0755), EEXIST);
	EXPECT_ERR(raw(SYS_mkdir, "/", 0755), EEXIST);
	EXPECT_ERR(raw(SYS_link, "f", "d"), EEXIST);
	EXPECT_ERR(raw(SYS_symlink, "f", "f"), EEXIST);
	EXPECT_ERR(raw(SYS_link, "f", "new/"), ENOENT);
	EXPECT_ERR(raw(SYS_symlink, "f", "new/"), ENOENT);
	EXPECT_ERR(raw(SYS_mknod, "new/", S_IFREG | 0644, 0), ENOENT);
	drop_privileges();
	EXPECT_ERR(raw(SYS_mkdir, "d", 0755), EEXIST);
	EXPECT_ERR(raw(SYS_mkdir, "e", 0755), EACCES);
}

TEST("DIR-2", "removing the wrong kind of thing")
{
	enter_tmpfs();
	put_file("f", "");
	EXPECT_OK(raw(SYS_mkdir, "d", 0755));
	EXPECT_OK(raw(SYS_mkdir, "d/sub", 0755));
	EXPECT_ERR(raw(SYS_unlink, "d"), EISDIR);
	EXPECT_ERR(raw(SYS_unlink, "f/"), ENOTDIR);
	EXPECT_ERR(raw(SYS_unlink, "no"), ENOENT);
	EXPECT_ERR(raw(SYS_unlink, "."), EISDIR);
	EXPECT_ERR(raw(SYS_rmdir, "f"), ENOTDIR);
	EXPECT_ERR(raw(SYS_rmdir, "d"), ENOTEMPTY);
	EXPECT_ERR(raw(SYS_rmdir, "d/."), EINVAL);
	EXPECT_ERR(raw(SYS_rmdir, "d/sub/.."), ENOTEMPTY);
	EXPECT_ERR(raw(SYS_rmdir, "/"), EBUSY);
	EXPECT_OK(raw(SYS_rmdir, "d/sub/"));
	EXPECT_OK(raw(SYS_rmdir, "d"));
	EXPECT_OK(raw(SYS_unlink, "f"));
}

TEST("DIR-3", "an unlinked file lives while it is open")
{
	char text[8] = "";
	struct stat st;
	int fd;

	enter_tmpfs();
	put_file("f", "text");
	fd = EXPECT_OK(raw_open("f", O_RDWR, 0));
	EXPECT_OK(raw(SYS_unlink, "f"));
	EXPECT_EQ(raw_read(fd, text, 8), 4);
	EXPECT_STR(text, "text");
	EXPECT_OK(raw(SYS_fstat, fd, &st));
	EXPECT_EQ(st.st_nlink, 0);
	EXPECT_ERR(raw(SYS_linkat, fd, "", AT_FDCWD, "again", AT_EMPTY_PATH), ENOENT);
}

TEST("DIR-3", "a removed working directory")
{
	char name[64];

	enter_tmpfs();
	EXPECT_OK(raw(SYS_mkdir, "d", 0755));
	EXPECT_OK(raw(SYS_chdir, "d"));
	EXPECT_OK(raw(SYS_rmdir, "../d"));
	EXPECT_ERR(raw(SYS_getcwd, name, sizeof(name)), ENOENT);
	EXPECT_ERR(raw_open("new", O_CREAT | O_RDWR, 0600), ENOENT);
	EXPECT_ERR(raw(SYS_mkdir, "new", 0755), ENOENT);
	EXPECT(exists("."));
	EXPECT(exists(".."));
}

TEST("DIR-4", "link counts")
{
	enter_tmpfs();
	put_file("f", "");
	EXPECT_OK(raw(SYS_link, "f", "g"));
	EXPECT_EQ(links("f"), 2);
	EXPECT_OK(raw(SYS_unlink, "f"));
	EXPECT_EQ(links("g"), 1);
	EXPECT_OK(raw(SYS_mkdir, "d", 0755));
	EXPECT_EQ(links("d"), 2);
	EXPECT_OK(raw(SYS_mkdir, "d/a", 0755));
	EXPECT_OK(raw(SYS_mkdir, "d/b", 0755));
	EXPECT_EQ(links("d"), 4);
	EXPECT_OK(raw(SYS_mkdir, "e", 0755));
	EXPECT_OK(rename2("d/a", "e/a", 0));
	EXPECT_EQ(links("d"), 3);
	EXPECT_EQ(links("e"), 3);
	EXPECT_OK(rename2("e/a", "d/b", 0));
	EXPECT_EQ(links("d"), 3);
	EXPECT_EQ(links("e"), 2);
	EXPECT_OK(rename2("g", "d/b", SWAP));
	EXPECT_EQ(links("d"), 2);
	EXPECT_OK(raw(SYS_rmdir, "g"));
	EXPECT_ERR(raw(SYS_link, "d", "dd"), EPERM);
	EXPECT_ERR(raw(SYS_link, "d/b", "/tmp/abi-link"), EXDEV);
}

TEST("DIR-5", "what rename replaces")
{
	enter_tmpfs();
	put_file("f", "f");
	put_file("g", "g");
	EXPECT_OK(raw(SYS_mkdir, "d", 0755));
	EXPECT_OK(raw(SYS_mkdir, "e", 0755));
	put_file("e/x", "");
	EXPECT_ERR(rename2("f", "d", 0), EISDIR);
	EXPECT_ERR(rename2("d", "f", 0), ENOTDIR);
	EXPECT_ERR(rename2("d", "e", 0), ENOTEMPTY);
	EXPECT_ERR(rename2("d", "d/in", 0), EINVAL);
	EXPECT_ERR(rename2("e/x", "e", 0), ENOTEMPTY);
	EXPECT_ERR(rename2("no", "f", 0), ENOENT);
	EXPECT_ERR(rename2("f/", "h", 0), ENOTDIR);
	EXPECT_ERR(rename2("f", "h/", 0), ENOTDIR);
	EXPECT_ERR(rename2(".", "h", 0), EBUSY);
	EXPECT_OK(rename2("e", "d", 0));
	EXPECT(exists("d/x") && !exists("e"));
	EXPECT_OK(rename2("f", "g", 0));
	EXPECT(!exists("f"));
	EXPECT_OK(raw(SYS_link, "g", "h"));
	EXPECT_OK(rename2("g", "h", 0));
	EXPECT(exists("g") && exists("h"));
}

TEST("DIR-6", "rename without replacing, and exchange")
{
	enter_tmpfs();
	put_file("f", "");
	EXPECT_OK(raw(SYS_mkdir, "d", 0755));
	EXPECT_ERR(rename2("f", "d", KEEP), EEXIST);
	EXPECT_OK(rename2("f", "g", KEEP));
	EXPECT_OK(rename2("g", "d", SWAP));
	EXPECT_ERR(raw(SYS_rmdir, "d"), ENOTDIR);
	EXPECT_OK(raw(SYS_rmdir, "g"));
	EXPECT_ERR(rename2("d", "g", SWAP), ENOENT);
	EXPECT_ERR(rename2("d", "g", SWAP | KEEP), EINVAL);
	EXPECT_ERR(rename2("d", "g", 8), EINVAL);
}

TEST("DIR-7", "who may remove from a sticky directory")
{
	enter_tmpfs();
	EXPECT_OK(raw(SYS_mkdir, "t", 0777));
	EXPECT_OK(raw(SYS_chmod, "t", 01777));
	put_file("t/root", "");
	put_file("t/mine", "");
	EXPECT_OK(raw(SYS_chown, "t/mine", 65534, 65534));
	drop_privileges();
	EXPECT_ERR(raw(SYS_unlink, "t/root"), EPERM);
	EXPECT_ERR(rename2("t/root", "t/new", 0), EPERM);
	EXPECT_ERR(rename2("t/mine", "t/root", 0), EPERM);
	EXPECT_OK(rename2("t/mine", "t/new", 0));
	EXPECT_OK(raw(SYS_unlink, "t/new"));
}

TEST("DIR-8", "a listing while names are removed")
{
	bool seen[500] = {};
	struct dirent *e;
	char name[16];
	int count = 0;
	DIR *dir;

	enter_tmpfs();
	for (int i = 0; i < 500; i++) {
		sprintf(name, "n%d", i);
		put_file(name, "");
	}
	dir = opendir(".");
	EXPECT(dir);
	EXPECT_ERR(raw(SYS_getdents64, dirfd(dir), name, 4), EINVAL);
	while ((e = readdir(dir))) {
		if (e->d_name[0] != 'n')
			continue;
		EXPECT_EQ(e->d_type, DT_REG);
		EXPECT(!seen[atoi(e->d_name + 1)]);
		seen[atoi(e->d_name + 1)] = true;
		EXPECT_OK(raw(SYS_unlink, e->d_name));
		count++;
	}
	EXPECT_EQ(count, 500);
	rewinddir(dir);
	for (count = 0; readdir(dir);)
		count++;
	EXPECT_EQ(count, 2);
	closedir(dir);
}

TEST("DIR-9", "linking others' files")
{
	enter_tmpfs();
	EXPECT_OK(raw(SYS_mkdir, "t", 0777));
	EXPECT_OK(raw(SYS_chmod, "t", 0777));
	put_file("open", "");
	EXPECT_OK(raw(SYS_chmod, "open", 0666));
	put_file("readonly", "");
	put_file("setuid", "");
	EXPECT_OK(raw(SYS_chmod, "setuid", 04777));
	drop_privileges();
	EXPECT_OK(raw(SYS_link, "open", "t/a"));
	EXPECT_ERR(raw(SYS_link, "readonly", "t/b"), EPERM);
	EXPECT_ERR(raw(SYS_link, "setuid", "t/c"), EPERM);
}
