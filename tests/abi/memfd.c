// SPDX-License-Identifier: MIT
/*
 * tests/abi/memfd.c - memfd and seals, as far as mapping goes (docs/contract/mmap.md, section 20).
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/fault.h"
#include "lib/maps.h"
#include "lib/sys.h"
#include "lib/test.h"

#define ADD_SEALS 1033
#define GET_SEALS 1034
enum { SEAL = 1, SHRINK = 2, GROW = 4, SEAL_WRITE = 8, FUTURE_WRITE = 16 };

static int sealable(size_t size)
{
	int fd = EXPECT_OK(raw_memfd_create("seals", 2));

	EXPECT_OK(raw_ftruncate(fd, size));
	return fd;
}

static long add(int fd, int seals)
{
	return raw(SYS_fcntl, fd, ADD_SEALS, seals);
}

static long seals(int fd)
{
	return raw(SYS_fcntl, fd, GET_SEALS, 0);
}

static long map(int fd, int prot, int flags)
{
	return raw_mmap(0, PAGE, prot, flags, fd, 0);
}

TEST("MFD-1", "unknown flags and bad names are refused")
{
	char name[300];

	memset(name, 'n', sizeof(name));
	name[250] = 0;
	EXPECT_ERR(raw_memfd_create(name, 0), EINVAL);
	name[249] = 0;
	EXPECT_OK(raw_memfd_create(name, 0));
	EXPECT_ERR(raw_memfd_create("x", 0x20), EINVAL);
	EXPECT_ERR(raw_memfd_create("x", 8), EINVAL);
	EXPECT_ERR(raw_memfd_create("x", 0x10), EINVAL);
	EXPECT_ERR(raw_memfd_create(8, 0), EFAULT);
	EXPECT_ERR(raw_memfd_create(NULL, 0), EFAULT);
	EXPECT_OK(raw_memfd_create("", 0));
	EXPECT_OK(raw_memfd_create("a/b", 0));
}

TEST("MFD-1,FILE-14", "the result is an unlinked file of size 0, open for both")
{
	int fd = EXPECT_OK(raw_memfd_create("kernel", 1));
	struct stat st;
	char link[64] = "";
	char *p;
	struct area area;

	EXPECT_EQ(fstat(fd, &st), 0);
	EXPECT_EQ(st.st_size, 0);
	EXPECT_EQ(st.st_nlink, 0);
	EXPECT_EQ(st.st_mode, S_IFREG | 0777);
	EXPECT_EQ(raw(SYS_fcntl, fd, F_GETFL, 0) & O_ACCMODE, O_RDWR);
	EXPECT_EQ(raw(SYS_fcntl, fd, F_GETFD, 0), FD_CLOEXEC);
	EXPECT_EQ(raw(SYS_fcntl, EXPECT_OK(raw_memfd_create("x", 0)), F_GETFD, 0), 0);
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	char target[64] = "";

	EXPECT_OK(raw(SYS_readlink, link, target, sizeof(target) - 1));
	EXPECT_STR(target, "/memfd:kernel (deleted)");
	EXPECT_OK(raw_ftruncate(fd, PAGE));
	p = (char *)EXPECT_OK(map(fd, RW, MAP_SHARED));
	EXPECT(area_at(p, &area));
	EXPECT_STR(area.name, "/memfd:kernel (deleted)");
}

TEST("MFD-2", "without ALLOW_SEALING the only seal is the one against sealing")
{
	int fd = EXPECT_OK(raw_memfd_create("x", 0));

	EXPECT_EQ(seals(fd), SEAL);
	EXPECT_ERR(add(fd, SHRINK), EPERM);
	EXPECT_EQ(seals(sealable(0)), 0);
}

TEST("MFD-3", "who may add which seals")
{
	int fd = sealable(PAGE), ro = file_reopen(fd, O_RDONLY);

	EXPECT_ERR(add(ro, SHRINK), EPERM);
	EXPECT_ERR(add(fd, 0x40), EINVAL);
	EXPECT_ERR(add(EXPECT_OK(raw_open("/dev/null", O_RDWR, 0)), SHRINK), EINVAL);
	EXPECT_EQ(add(fd, SHRINK), 0);
	EXPECT_EQ(add(fd, GROW), 0);
	EXPECT_EQ(seals(fd), SHRINK | GROW);
	EXPECT_EQ(seals(ro), SHRINK | GROW);
	EXPECT_EQ(add(fd, SEAL), 0);
	EXPECT_ERR(add(fd, SEAL_WRITE), EPERM);
}

TEST("MFD-4", "the write seal is EBUSY while a mapping could become writable")
{
	int fd = sealable(PAGE), ro = file_reopen(fd, O_RDONLY);
	long p = EXPECT_OK(map(fd, PROT_READ, MAP_SHARED));

	EXPECT_ERR(add(fd, SEAL_WRITE), EBUSY);
	EXPECT_EQ(seals(fd), 0);
	EXPECT_OK(raw_munmap(p, PAGE));
	EXPECT_OK(map(ro, PROT_READ, MAP_SHARED));
	EXPECT_OK(map(fd, RW, MAP_PRIVATE));
	EXPECT_EQ(add(fd, SEAL_WRITE), 0);
	EXPECT_EQ(seals(fd), SEAL_WRITE);
}

TEST("MFD-5", "a write seal forbids shared writable mappings and write, not private ones")
{
	static const int kinds[] = {SEAL_WRITE, FUTURE_WRITE};

	for (int i = 0; i < 2; i++) {
		int fd = sealable(PAGE);
		char *p;

		EXPECT_EQ(raw_pwrite(fd, "seal", 4, 0), 4);
		EXPECT_EQ(add(fd, kinds[i]), 0);
		EXPECT_ERR(map(fd, RW, MAP_SHARED), EPERM);
		EXPECT_ERR(raw_pwrite(fd, "x", 1, 0), EPERM);
		p = (char *)EXPECT_OK(map(fd, RW, MAP_PRIVATE));
		p[0] = 'S';
		EXPECT(memcmp(p, "Seal", 4) == 0);
	}
}

TEST("MFD-6,MFD-7", "a shared read-only mapping under a write seal cannot become writable")
{
	static const int kinds[] = {SEAL_WRITE, FUTURE_WRITE};

	for (int i = 0; i < 2; i++) {
		int fd = sealable(PAGE);
		long p;

		EXPECT_EQ(add(fd, kinds[i]), 0);
		p = EXPECT_OK(map(fd, PROT_READ, MAP_SHARED));
		EXPECT_ERR(raw_mprotect(p, PAGE, RW), EACCES);
		EXPECT_EQ(*(char *)p, 0);
	}
}

TEST("MFD-7", "FUTURE_WRITE leaves mappings that were writable before")
{
	int fd = sealable(PAGE);
	char *p = (char *)EXPECT_OK(map(fd, RW, MAP_SHARED));

	EXPECT_EQ(add(fd, FUTURE_WRITE), 0);
	p[0] = 'x';
	EXPECT_OK(raw_mprotect(p, PAGE, PROT_READ));
	EXPECT_OK(raw_mprotect(p, PAGE, RW));
	p[1] = 'y';
	EXPECT_EQ(((char *)EXPECT_OK(map(fd, PROT_READ, MAP_SHARED)))[1], 'y');
}

TEST("MFD-8", "SHRINK and GROW fix the size in their direction")
{
	int fd = sealable(2 * PAGE);

	EXPECT_EQ(add(fd, SHRINK), 0);
	EXPECT_ERR(raw_ftruncate(fd, PAGE), EPERM);
	EXPECT_EQ(raw_ftruncate(fd, 3 * PAGE), 0);
	EXPECT_EQ(add(fd, GROW), 0);
	EXPECT_ERR(raw_ftruncate(fd, 4 * PAGE), EPERM);
	EXPECT_EQ(raw_ftruncate(fd, 3 * PAGE), 0);
	EXPECT_ERR(raw_pwrite(fd, "x", 1, 3 * PAGE), EPERM);
	EXPECT_EQ(raw_pwrite(fd, "x", 1, 3 * PAGE - 1), 1);
}

TEST("MFD-9", "pages come zeroed on first touch and are one for mappings and read")
{
	int fd = sealable(4 * PAGE);
	char *p = (char *)EXPECT_OK(raw_mmap(0, 4 * PAGE, RW, MAP_SHARED, fd, 0));
	char *q = (char *)EXPECT_OK(raw_mmap(0, 4 * PAGE, RW, MAP_SHARED, fd, 0));
	struct stat st;
	char byte;

	EXPECT_EQ(fstat(fd, &st), 0);
	EXPECT_EQ(st.st_blocks, 0);
	EXPECT_EQ(p[2 * PAGE], 0);
	p[PAGE] = 'm';
	EXPECT_EQ(q[PAGE], 'm');
	EXPECT_EQ(raw_pread(fd, &byte, 1, PAGE), 1);
	EXPECT_EQ(byte, 'm');
	EXPECT_EQ(raw_pread(fd, &byte, 1, 3 * PAGE), 1);
	EXPECT_EQ(byte, 0);
	EXPECT_EQ(raw_pwrite(fd, "w", 1, 0), 1);
	EXPECT_EQ(p[0], 'w');
	EXPECT_EQ(fstat(fd, &st), 0);
	EXPECT(st.st_blocks >= 16);
}

TEST("MFD-10", "the object lives while a descriptor or a mapping is left")
{
	int fd = sealable(PAGE);
	char *p = (char *)EXPECT_OK(map(fd, RW, MAP_SHARED)), *q;
	pid_t pid;

	p[0] = 'l';
	EXPECT_OK(raw_munmap(p, PAGE));
	q = (char *)EXPECT_OK(map(fd, PROT_READ, MAP_SHARED));
	EXPECT_OK(raw_close(fd));
	EXPECT_EQ(q[0], 'l');
	pid = test_fork();
	if (pid == 0) {
		EXPECT_EQ(q[0], 'l');
		_exit(0);
	}
	EXPECT_EXIT(pid, 0);
}

TEST("MFD-1", "memory of huge pages is a memfd, or the errno of a kernel without them")
{
	long fd = raw_memfd_create("huge", 4);

	EXPECT(fd >= 0 || fd == -ENOSYS);
	EXPECT_ERR(raw_memfd_create("huge", 21 << 26), EINVAL); /* a size, but not huge */
	EXPECT_ERR(raw_memfd_create("huge", 4 | 1U << 25), EINVAL);
	EXPECT_ERR(raw_memfd_create((char *)8, 4), EFAULT);
}

TEST("MFD-5,MFD-8", "what the seals forbid to fallocate, write and truncate")
{
	static const struct {
		int seals;
		int punch, grow, keep, write, extend, shrink, enlarge; /* errno or 0 */
	} cases[] = {
		{SHRINK, 0, 0, 0, 0, 0, EPERM, 0},
		{GROW, 0, EPERM, EPERM, 0, EPERM, 0, EPERM},
		{SEAL_WRITE, EPERM, 0, 0, EPERM, EPERM, 0, 0},
		{FUTURE_WRITE, EPERM, 0, 0, EPERM, EPERM, 0, 0},
		{SHRINK | GROW, 0, EPERM, EPERM, 0, EPERM, EPERM, EPERM},
	};
	char page[PAGE] = "x";

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int fd = sealable(2 * PAGE);

		EXPECT_EQ(add(fd, cases[i].seals), 0);
		EXPECT_EQ(raw(SYS_fallocate, fd, 3, 0, PAGE), -cases[i].punch);
		EXPECT_EQ(raw(SYS_fallocate, fd, 0, 0, PAGE), 0);
		EXPECT_EQ(raw(SYS_fallocate, fd, 1, 2 * PAGE, PAGE), -cases[i].keep);
		EXPECT_EQ(raw_pwrite(fd, page, 8, 0), cases[i].write ? -cases[i].write : 8);
		EXPECT_EQ(raw_pwrite(fd, page, 8, 2 * PAGE),
			  cases[i].extend ? -cases[i].extend : 8);
		EXPECT_EQ(raw_ftruncate(fd, PAGE), -cases[i].shrink);
		if (!cases[i].shrink)
			EXPECT_EQ(raw_ftruncate(fd, PAGE), 0);
		EXPECT_EQ(raw_ftruncate(fd, 4 * PAGE), -cases[i].enlarge);
		EXPECT_EQ(raw(SYS_fallocate, fd, 0, 4 * PAGE, PAGE), -cases[i].grow);
		raw_close(fd);
	}
}

TEST("MFD-4,MFD-7",
     "FUTURE_WRITE may be added while writable mappings exist, WRITE after they went")
{
	int fd = sealable(PAGE);
	char *p = (char *)EXPECT_OK(raw_mmap(0, PAGE, RW, MAP_SHARED, fd, 0)), *q;

	EXPECT_EQ(add(fd, FUTURE_WRITE), 0);
	EXPECT_ERR(add(fd, SEAL_WRITE), EBUSY);
	p[0] = 'w';
	EXPECT_ERR(raw_mmap(0, PAGE, RW, MAP_SHARED, fd, 0), EPERM);
	q = (char *)EXPECT_OK(raw_mmap(0, PAGE, PROT_READ, MAP_SHARED, fd, 0));
	EXPECT_EQ(q[0], 'w');
	EXPECT_ERR(raw_mprotect(q, PAGE, RW), EACCES);
	EXPECT_OK(raw_munmap(p, PAGE));
	EXPECT_EQ(add(fd, SEAL_WRITE), 0); /* q cannot become writable */
	EXPECT_EQ(add(fd, SEAL), 0);
	EXPECT_ERR(add(fd, GROW), EPERM);
	EXPECT_EQ(raw(SYS_fcntl, fd, GET_SEALS, 0), SEAL | SEAL_WRITE | FUTURE_WRITE);
}

TEST("MFD-3,MFD-4", "a fork's mapping counts for the seals too")
{
	int fd = sealable(PAGE);
	char *p = (char *)EXPECT_OK(raw_mmap(0, PAGE, RW, MAP_SHARED, fd, 0));
	int gate[2];
	char byte;
	pid_t pid;

	EXPECT_EQ(pipe(gate), 0);
	pid = test_fork();
	if (pid == 0) {
		EXPECT_EQ(raw_read(gate[0], &byte, 1), 1);
		_exit(0);
	}
	EXPECT_OK(raw_munmap(p, PAGE));
	EXPECT_ERR(add(fd, SEAL_WRITE), EBUSY);
	EXPECT_EQ(raw_write(gate[1], "g", 1), 1);
	EXPECT_EXIT(pid, 0);
	EXPECT_EQ(add(fd, SEAL_WRITE), 0);
}
