// SPDX-License-Identifier: MIT
/*
 * tests/abi/mmap_file.c - mmap's arguments and results, of files and devices
 * (docs/contract/mmap.md, section 2).
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/fault.h"
#include "lib/maps.h"
#include "lib/sys.h"
#include "lib/test.h"

TEST("MMAP-18", "the descriptor must allow the access")
{
	int fd = temp_file(PAGE), ro = file_reopen(fd, O_RDONLY), wo = file_reopen(fd, O_WRONLY);
	char *p;

	for (int prot = 0; prot < 8; prot++) {
		EXPECT_ERR(raw_mmap(0, PAGE, prot, MAP_PRIVATE, wo, 0), EACCES);
		EXPECT_ERR(raw_mmap(0, PAGE, prot, MAP_SHARED, wo, 0), EACCES);
		EXPECT_ERR(raw_mmap(0, PAGE, prot, 3, wo, 0), EACCES);
	}
	EXPECT_ERR(raw_mmap(0, PAGE, RW, MAP_SHARED, ro, 0), EACCES);
	EXPECT_ERR(raw_mmap(0, PAGE, PROT_WRITE, 3, ro, 0), EACCES);
	p = (char *)EXPECT_OK(raw_mmap(0, PAGE, RW, MAP_PRIVATE, ro, 0));
	p[0] = '#';
	EXPECT_EQ(p[0], '#');
	EXPECT_EQ(p[1], file_byte(1));
	p = (char *)EXPECT_OK(raw_mmap(0, PAGE, PROT_READ, MAP_SHARED, ro, 0));
	EXPECT_EQ(p[0], file_byte(0));
}

TEST("MMAP-19", "a shared mapping of a read-only descriptor can never be made writable")
{
	int ro = file_reopen(temp_file(PAGE), O_RDONLY);
	char *p = (char *)EXPECT_OK(raw_mmap(0, PAGE, PROT_READ, MAP_SHARED, ro, 0));

	EXPECT_AREAS(p, 1, "1 r--s");
	EXPECT_ERR(raw_mprotect(p, PAGE, RW), EACCES);
	EXPECT_ERR(raw_mprotect(p, PAGE, PROT_WRITE), EACCES);
	EXPECT_AREAS(p, 1, "1 r--s");
	EXPECT_OK(raw_mprotect(p, PAGE, PROT_NONE));
	EXPECT_OK(raw_mprotect(p, PAGE, PROT_READ));
	EXPECT_SEGV(p, WRITE, SEGV_ACCERR);
}

TEST("MMAP-19", "its flags in smaps are MAYSHARE without SHARED and MAYWRITE")
{
	int ro = file_reopen(temp_file(PAGE), O_RDONLY);
	char *p = (char *)EXPECT_OK(raw_mmap(0, PAGE, PROT_READ, MAP_SHARED, ro, 0));
	const char *flags = smaps_flags(p);

	EXPECT(strstr(flags, "ms "));
	EXPECT(!strstr(flags, "sh "));
	EXPECT(!strstr(flags, "mw "));
	EXPECT(strstr(flags, "rd "));
}

TEST("MMAP-20", "a descriptor opened with O_APPEND maps like any other")
{
	int fd = file_reopen(temp_file(PAGE), O_RDWR | O_APPEND);
	char *p = (char *)EXPECT_OK(raw_mmap(0, PAGE, RW, MAP_SHARED, fd, 0));

	EXPECT_ACCESS(p, WRITE);
}

TEST("MMAP-21", "on a noexec mount nothing is executable, now or later")
{
	char name[64], file[80];
	char *p;
	int fd;

	snprintf(name, sizeof(name), "/tmp/abi-noexec-%d", getpid());
	snprintf(file, sizeof(file), "%s/file", name);
	EXPECT_OK(raw(SYS_mkdir, name, 0700));
	EXPECT_OK(raw(SYS_mount, "none", name, "tmpfs", 8 /* MS_NOEXEC */, NULL));
	fd = EXPECT_OK(raw_open(file, O_RDWR | O_CREAT, 0700));
	EXPECT_EQ(raw_write(fd, "x", 1), 1);
	long now = raw_mmap(0, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
	long alone = raw_mmap(0, PAGE, PROT_EXEC, MAP_SHARED, fd, 0);
	p = (char *)EXPECT_OK(raw_mmap(0, PAGE, PROT_READ, MAP_PRIVATE, fd, 0));
	long later = raw_mprotect(p, PAGE, PROT_READ | PROT_EXEC);

	raw_munmap(p, PAGE);
	raw_close(fd);
	EXPECT_OK(raw(SYS_umount2, name, 2 /* MNT_DETACH */));
	EXPECT_OK(raw(SYS_rmdir, name));
	EXPECT_EQ(now, -EPERM);
	EXPECT_EQ(alone, -EPERM);
	EXPECT_EQ(later, -EACCES);
}

TEST("MMAP-22", "what cannot be mapped is ENODEV, after the access checks")
{
	int ends[2], sockets[2], dir = EXPECT_OK(raw_open("/tmp", O_RDONLY, 0));
	long epoll = raw(SYS_epoll_create1, 0);

	EXPECT_OK(raw(SYS_pipe, ends));
	EXPECT_ERR(raw_mmap(0, PAGE, PROT_READ, MAP_PRIVATE, dir, 0), ENODEV);
	EXPECT_ERR(raw_mmap(0, PAGE, PROT_READ, MAP_SHARED, dir, 0), ENODEV);
	EXPECT_ERR(raw_mmap(0, PAGE, PROT_READ, MAP_PRIVATE, ends[0], 0), ENODEV);
	EXPECT_ERR(raw_mmap(0, PAGE, PROT_READ, MAP_PRIVATE, ends[1], 0), EACCES);
	EXPECT_ERR(raw_mmap(0, PAGE, RW, MAP_SHARED, ends[0], 0), EACCES);
	if (epoll >= 0)
		EXPECT_ERR(raw_mmap(0, PAGE, PROT_READ, MAP_PRIVATE, epoll, 0), ENODEV);
	if (raw(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, sockets) == 0)
		EXPECT_ERR(raw_mmap(0, PAGE, RW, MAP_SHARED, sockets[0], 0), ENODEV);
}

TEST("MMAP-23", "offsets up to the largest file are accepted, not beyond")
{
	int fd = temp_file(PAGE);
	unsigned long top = 1UL << 63;

	EXPECT_ERR(raw_mmap(0, PAGE, PROT_READ, MAP_SHARED, fd, top), EOVERFLOW);
	EXPECT_OK(raw_mmap(0, PAGE, PROT_READ, MAP_SHARED, fd, top - 2 * PAGE));
	EXPECT_ERR(raw_mmap(0, 2 * PAGE, PROT_READ, MAP_SHARED, fd, top - 2 * PAGE), EOVERFLOW);
	EXPECT_ERR(raw_mmap(0, PAGE, PROT_READ, MAP_PRIVATE, fd, -PAGE), EOVERFLOW);
}

TEST("MMAP-24", "a mapping beyond the end of the file is allowed, touching it is not")
{
	int fd = temp_file(PAGE);
	char *p = (char *)EXPECT_OK(raw_mmap(0, 2 * PAGE, RW, MAP_SHARED, fd, 16 * PAGE));
	char *q = (char *)EXPECT_OK(raw_mmap(0, PAGE, RW, MAP_PRIVATE, temp_file(0), 0));

	EXPECT_AREAS(p, 2, "2 rw-s");
	EXPECT_BUS(p + PAGE + 9, READ);
	EXPECT_BUS(p, WRITE);
	EXPECT_BUS(q + 1, READ);
	EXPECT_BUS(q + 1, WRITE);
}

TEST("MMAP-25", "a mapping outlives its descriptor and the file's name")
{
	char name[64], other[96];
	struct area area;
	int fd;
	char *p;

	snprintf(name, sizeof(name), "/tmp/abi-mmap-25-%d", getpid());
	snprintf(other, sizeof(other), "%s-new", name);
	fd = EXPECT_OK(raw_open(name, O_RDWR | O_CREAT | O_EXCL, 0600));
	EXPECT_EQ(raw_write(fd, "hello", 5), 5);
	p = (char *)EXPECT_OK(raw_mmap(0, PAGE, RW, MAP_SHARED, fd, 0));
	EXPECT(area_at(p, &area));
	EXPECT_STR(area.name, name);
	EXPECT_OK(raw(SYS_rename, name, other));
	EXPECT(area_at(p, &area));
	EXPECT_STR(area.name, other);
	EXPECT_OK(raw(SYS_unlink, other));
	EXPECT_OK(raw_close(fd));
	EXPECT(memcmp(p, "hello", 6) == 0);
	EXPECT_ACCESS(p + 100, WRITE);
	EXPECT(area_at(p, &area));
	strcat(other, " (deleted)");
	EXPECT_STR(area.name, other);
}

TEST("MMAP-28", "POPULATE stops in silence at the end of the file")
{
	int fd = temp_file(2 * PAGE);
	char *p = (char *)EXPECT_OK(raw_mmap(0, 4 * PAGE, RW, MAP_SHARED | MAP_POPULATE, fd, 0));

	EXPECT_EQ(pagemap(p) >> 63, 1);
	EXPECT_EQ(pagemap(p + PAGE) >> 63, 1);
	EXPECT_EQ(pagemap(p + 2 * PAGE) >> 63, 0);
	EXPECT_BUS(p + 2 * PAGE, READ);
}

TEST("MMAP-29", "private pages populated for writing no longer follow the file")
{
	int fd = temp_file(PAGE);
	char *p = (char *)EXPECT_OK(raw_mmap(0, PAGE, RW, MAP_PRIVATE | MAP_POPULATE, fd, 0));
	char *q = (char *)EXPECT_OK(raw_mmap(0, PAGE, RW, MAP_PRIVATE, fd, 0));

	EXPECT_EQ(raw_pwrite(fd, "!", 1, 0), 1);
	EXPECT_EQ(p[0], file_byte(0));
	EXPECT_EQ(q[0], '!');
}

TEST("MMAP-32", "private /dev/zero is anonymous memory with a name")
{
	int fd = EXPECT_OK(raw_open("/dev/zero", O_RDWR, 0));
	char *p = (char *)EXPECT_OK(raw_mmap(0, 2 * PAGE, RW, MAP_PRIVATE, fd, 0));
	struct area area;
	pid_t pid;

	EXPECT(area_at(p, &area));
	EXPECT_STR(area.name, "/dev/zero");
	EXPECT_STR(area.perms, "rw-p");
	EXPECT_LETTERS(p, "00");
	p[0] = 1;
	pid = test_fork();
	if (pid == 0) {
		p[0] = 2;
		_exit(0);
	}
	EXPECT_EXIT(pid, 0);
	EXPECT_EQ(p[0], 1);
}

TEST("MMAP-32", "shared /dev/zero is shared anonymous memory")
{
	int fd = EXPECT_OK(raw_open("/dev/zero", O_RDWR, 0));
	char *p = (char *)EXPECT_OK(raw_mmap(0, 2 * PAGE, RW, MAP_SHARED, fd, 0));
	char *q = (char *)EXPECT_OK(raw_mmap(0, 2 * PAGE, RW, MAP_SHARED, fd, 0));
	struct area area;
	pid_t pid;

	EXPECT(area_at(p, &area));
	EXPECT_STR(area.name, "/dev/zero (deleted)");
	EXPECT_STR(area.perms, "rw-s");
	pid = test_fork();
	if (pid == 0) {
		p[PAGE] = 7;
		_exit(0);
	}
	EXPECT_EXIT(pid, 0);
	EXPECT_EQ(p[PAGE], 7);
	EXPECT_EQ(q[PAGE], 0); /* each mmap makes an object of its own */
}
