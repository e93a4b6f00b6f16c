// SPDX-License-Identifier: MIT
/*
 * tests/abi/path.c - walking path names (docs/contract/files.md, section 1).
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/sys.h"
#include "lib/test.h"

static long stat_of(const char *name)
{
	struct stat st;

	return raw(SYS_newfstatat, AT_FDCWD, name, &st, 0);
}

TEST("PATH-1", "the empty name, slashes and dots")
{
	struct stat st;

	enter_tmpfs();
	put_file("f", "x");
	EXPECT_ERR(stat_of(""), ENOENT);
	EXPECT_OK(raw(SYS_newfstatat, AT_FDCWD, "", &st, AT_EMPTY_PATH));
	EXPECT(S_ISDIR(st.st_mode));
	EXPECT_OK(stat_of("././/f"));
	EXPECT_OK(stat_of("../f"));
	EXPECT_OK(stat_of("/.././../tmp"));
}

TEST("PATH-1", "the root of a chroot cannot be left by its dots")
{
	enter_tmpfs();
	EXPECT_OK(raw(SYS_mkdir, "jail", 0755));
	EXPECT_OK(raw(SYS_mkdir, "jail/in", 0755));
	EXPECT_OK(raw(SYS_mkdir, "out", 0755));
	EXPECT_OK(raw(SYS_chroot, "jail"));
	EXPECT_OK(stat_of("/in"));
	EXPECT_ERR(stat_of("/../out"), ENOENT);
	EXPECT_OK(stat_of("/../../in"));
	EXPECT_OK(stat_of("out")); /* the working directory is still outside */
}

TEST("PATH-2", "what stands on the way, and a slash at the end")
{
	enter_tmpfs();
	put_file("f", "");
	EXPECT_ERR(stat_of("f/x"), ENOTDIR);
	EXPECT_ERR(stat_of("f/"), ENOTDIR);
	EXPECT_ERR(stat_of("f/."), ENOTDIR);
	EXPECT_ERR(stat_of("no/x"), ENOENT);
	EXPECT_ERR(stat_of("no/"), ENOENT);
	EXPECT_OK(stat_of("./"));
}

TEST("PATH-3", "the longest names")
{
	char name[5000];

	enter_tmpfs();
	memset(name, 'a', 300);
	name[255] = 0;
	put_file(name, "");
	name[255] = 'a';
	name[256] = 0;
	EXPECT_ERR(stat_of(name), ENAMETOOLONG);
	memset(name, '/', sizeof(name));
	name[4095] = 0;
	EXPECT_OK(stat_of(name));
	name[4095] = '/';
	name[4096] = 0;
	EXPECT_ERR(stat_of(name), ENAMETOOLONG);
}

TEST("PATH-4", "40 links may be followed, 41 not")
{
	char name[8], target[8];

	enter_tmpfs();
	put_file("l0", "");
	for (int i = 1; i <= 41; i++) {
		sprintf(name, "l%d", i);
		sprintf(target, "l%d", i - 1);
		EXPECT_OK(raw(SYS_symlink, target, name));
	}
	EXPECT_OK(stat_of("l40"));
	EXPECT_ERR(stat_of("l41"), ELOOP);
	EXPECT_OK(raw(SYS_symlink, "self", "self"));
	EXPECT_ERR(stat_of("self"), ELOOP);
}

TEST("PATH-4", "links in the middle, at the end, and before a slash")
{
	struct stat st;

	enter_tmpfs();
	EXPECT_OK(raw(SYS_mkdir, "d", 0755));
	put_file("d/f", "12345");
	EXPECT_OK(raw(SYS_symlink, "d", "ld"));
	EXPECT_OK(raw(SYS_symlink, "ld/f", "lf"));
	EXPECT_OK(stat_of("ld/f"));
	EXPECT_OK(raw(SYS_lstat, "ld", &st));
	EXPECT(S_ISLNK(st.st_mode));
	EXPECT_EQ(st.st_size, 1);
	EXPECT_OK(raw(SYS_lstat, "ld/", &st));
	EXPECT(S_ISDIR(st.st_mode));
	EXPECT_OK(raw(SYS_stat, "lf", &st));
	EXPECT_EQ(st.st_size, 5);
	EXPECT_ERR(stat_of("lf/"), ENOTDIR);
	EXPECT_OK(raw(SYS_symlink, "/", "lroot"));
	EXPECT_OK(stat_of("lroot/tmp"));
}

TEST("PATH-5", "names relative to a descriptor")
{
	struct stat st;
	int dir, file;

	enter_tmpfs();
	EXPECT_OK(raw(SYS_mkdir, "d", 0755));
	put_file("d/f", "");
	dir = EXPECT_OK(raw_open("d", O_RDONLY, 0));
	file = EXPECT_OK(raw_open("d/f", O_RDONLY, 0));
	EXPECT_OK(raw(SYS_newfstatat, dir, "f", &st, 0));
	EXPECT_OK(raw(SYS_newfstatat, dir, "../d/f", &st, 0));
	EXPECT_ERR(raw(SYS_newfstatat, file, "f", &st, 0), ENOTDIR);
	EXPECT_ERR(raw(SYS_newfstatat, 99, "f", &st, 0), EBADF);
	EXPECT_OK(raw(SYS_newfstatat, 99, "/", &st, 0));
}

TEST("PATH-6", "search permission, and whose access asks for")
{
	enter_tmpfs();
	EXPECT_OK(raw(SYS_mkdir, "d", 0700));
	EXPECT_OK(raw(SYS_mkdir, "d/e", 0777));
	put_file("d/e/f", "");
	put_file("own", "");
	EXPECT_OK(raw(SYS_chmod, "own", 0600));
	EXPECT_OK(raw(SYS_setreuid, 65534, 0));
	EXPECT_OK(stat_of("d/e/f"));
	EXPECT_ERR(raw(SYS_access, "d/e/f", F_OK), EACCES);
	EXPECT_ERR(raw(SYS_access, "own", R_OK), EACCES);
	EXPECT_OK(raw(SYS_access, "own", F_OK));
	EXPECT_OK(raw(SYS_setreuid, 65534, 65534));
	EXPECT_ERR(stat_of("d/e/f"), EACCES);
	EXPECT_OK(stat_of("d"));
}

TEST("PATH-7", "others' links in a sticky directory")
{
	enter_tmpfs();
	EXPECT_OK(raw(SYS_mkdir, "t", 01777));
	EXPECT_OK(raw(SYS_chmod, "t", 01777));
	put_file("f", "");
	EXPECT_OK(raw(SYS_symlink, "../f", "t/root"));
	EXPECT_OK(raw(SYS_symlink, "../f", "t/other"));
	EXPECT_OK(raw(SYS_lchown, "t/other", 1234, 1234));
	EXPECT_OK(stat_of("t/root"));
	EXPECT_ERR(stat_of("t/other"), EACCES);
	EXPECT_OK(raw(SYS_setresuid, 65534, 65534, 65534));
	EXPECT_OK(stat_of("t/root"));
	EXPECT_ERR(stat_of("t/other"), EACCES);
}
