// SPDX-License-Identifier: MIT
/*
 * tests/abi/proc_pages.c - map_files, kpagecount and kpageflags (docs/contract/mmap.md, section 22).
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/maps.h"
#include "lib/sys.h"
#include "lib/task.h"
#include "lib/test.h"

/* ---- map_files --------------------------------------------------------------------------------- */

static const char *link_name(const void *p, size_t pages)
{
	static char path[80];

	snprintf(path, sizeof(path), "/proc/self/map_files/%lx-%lx", (unsigned long)p,
		 (unsigned long)p + pages * PAGE);
	return path;
}

static const char *read_link(const char *path)
{
	static char text[200];
	long n = raw(SYS_readlink, path, text, sizeof(text) - 1);

	if (n < 0)
		return test_errno_name(-n);
	text[n] = 0;
	return text;
}

/* A file with a name, and a mapping of two of its pages. */
static char *map_named(char *name, int flags, int prot)
{
	int fd = mkstemp(name);
	char *p;

	EXPECT(fd >= 0);
	EXPECT_OK(raw_ftruncate(fd, 3 * PAGE));
	raw_close(fd);
	fd = EXPECT_OK(raw_open(name, flags, 0));
	p = (char *)EXPECT_OK(raw_mmap(0, 2 * PAGE, prot, MAP_SHARED, fd, PAGE));
	raw_close(fd);
	return p;
}

TEST("PROC-18", "map_files has a link for each range that maps a file")
{
	char name[] = "/tmp/abi-mapXXXXXX", *p = map_named(name, O_RDWR, RW);
	char other[] = "/tmp/abi-mapXXXXXX", *q = map_named(other, O_RDONLY, PROT_READ);
	struct stat st;

	EXPECT_STR(read_link(link_name(p, 2)), name);
	EXPECT_STR(read_link(link_name(q, 2)), other);
	EXPECT_STR(read_link(link_name(p, 1)), "ENOENT");
	EXPECT_STR(read_link(link_name(map_private(2, RW), 2)), "ENOENT");
	EXPECT_OK(raw(SYS_lstat, link_name(p, 2), &st));
	EXPECT_EQ(st.st_mode, S_IFLNK | 0600);
	EXPECT_EQ(st.st_size, 64);
	EXPECT_OK(raw(SYS_lstat, link_name(q, 2), &st));
	EXPECT_EQ(st.st_mode, S_IFLNK | 0400);
	EXPECT_OK(raw(SYS_stat, "/proc/self/map_files", &st));
	EXPECT_EQ(st.st_mode, S_IFDIR | 0500);
	EXPECT_OK(raw_munmap(p, PAGE));
	EXPECT_STR(read_link(link_name(p, 2)), "ENOENT");
	EXPECT_STR(read_link(link_name(p + PAGE, 1)), name);
	EXPECT_OK(raw(SYS_unlink, name));
	EXPECT_OK(raw(SYS_unlink, other));
}

TEST("PROC-18", "a link leads to the file even when its name is gone")
{
	char name[] = "/tmp/abi-mapXXXXXX", *p = map_named(name, O_RDWR, RW), want[64];
	int fd;

	p[5] = 'm';
	EXPECT_OK(raw(SYS_unlink, name));
	snprintf(want, sizeof(want), "%s (deleted)", name);
	EXPECT_STR(read_link(link_name(p, 2)), want);
	fd = EXPECT_OK(raw_open(link_name(p, 2), O_RDWR, 0));
	EXPECT_EQ(raw_pwrite(fd, "w", 1, PAGE + 5), 1);
	EXPECT_EQ(p[5], 'w');
}

TEST("PROC-18", "the directory lists the ranges of maps that have a file")
{
	char name[] = "/tmp/abi-mapXXXXXX", *p = map_named(name, O_RDWR, RW);
	const char *want = strrchr(link_name(p, 2), '/') + 1;
	DIR *dir = opendir("/proc/self/map_files");
	unsigned long last = 0, start, end;
	struct dirent *entry;
	struct area area;
	bool found = false;

	EXPECT(dir);
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		EXPECT_EQ(sscanf(entry->d_name, "%lx-%lx", &start, &end), 2);
		EXPECT(start > last && entry->d_type == DT_LNK);
		last = start;
		EXPECT(area_at((void *)start, &area) && area.end == end && area.inode);
		found |= !strcmp(entry->d_name, want);
	}
	EXPECT(found);
	closedir(dir);
	EXPECT_OK(raw(SYS_unlink, name));
}

TEST("PROC-18", "names in another form are none, and to follow a link needs a capability")
{
	char name[] = "/tmp/abi-mapXXXXXX", *p = map_named(name, O_RDWR, RW), path[80];

	snprintf(path, sizeof(path), "/proc/self/map_files/0%lx-%lx", (long)p, (long)p + 2 * PAGE);
	EXPECT_STR(read_link(path), "ENOENT");
	snprintf(path, sizeof(path), "/proc/self/map_files/%lx", (long)p);
	EXPECT_STR(read_link(path), "ENOENT");
	EXPECT_OK(raw(SYS_unlink, name));
	drop_capability(CAP_SYS_ADMIN);
	drop_capability(40); /* CAP_CHECKPOINT_RESTORE */
	EXPECT_ERR(raw_open(link_name(p, 2), O_RDONLY, 0), EPERM);
	EXPECT(strstr(read_link(link_name(p, 2)), name));
}

/* ---- kpagecount, kpageflags -------------------------------------------------------------------- */

static uint64_t word_of(const char *file, uint64_t pfn)
{
	int fd = EXPECT_OK(raw_open(file, O_RDONLY, 0));
	uint64_t word = 0;

	EXPECT_EQ(raw_pread(fd, &word, 8, pfn * 8), 8);
	raw_close(fd);
	return word;
}

static uint64_t count_at(const void *p)
{
	return word_of("/proc/kpagecount", PM_PFN(pagemap(p)));
}

/* Whether these bits, and none of those, are set. */
static bool flags_at(const void *p, uint64_t set, uint64_t clear)
{
	uint64_t flags = word_of("/proc/kpageflags", PM_PFN(pagemap(p)));

	return (flags & set) == set && !(flags & clear);
}

#define BIT(n) (1ULL << (n))
enum { SLAB = 7, BUDDY = 10, MMAP = 11, ANON = 12, SWAPBACKED = 14, NOPAGE = 20, ZERO = 24 };
#define EXCLUSIVE 34 /* KPF_MAPPEDTODISK, if ANON */

TEST("PROC-19", "kpagecount counts the page tables that have a frame")
{
	char *p = map_private(1, RW), *q = map_shared(1, RW), *r;
	pid_t pid;

	p[0] = q[0] = 1;
	EXPECT_EQ(count_at(p), 1);
	EXPECT_EQ(count_at(q), 1);
	r = (char *)EXPECT_OK(raw_mremap(q, 0, PAGE, MREMAP_MAYMOVE, 0));
	EXPECT_EQ(r[0], 1);
	EXPECT_EQ(count_at(q), 2);
	pid = test_fork();
	if (pid == 0) {
		EXPECT_EQ(count_at(p), 2);
		p[0] = 2;
		EXPECT_EQ(count_at(p), 1);
		raw(SYS_exit_group, 0);
	}
	EXPECT_EXIT(pid, 0);
	EXPECT_EQ(count_at(p), 1);
	EXPECT_EQ(count_at(r), 2);
}

TEST("PROC-19", "kpageflags tells what a frame is")
{
	char *p = map_private(1, RW), *q = map_shared(1, RW), *zero = map_private(1, RW);

	p[0] = q[0] = 1;
	EXPECT_EQ(((volatile char *)zero)[0], 0);
	EXPECT(flags_at(p, BIT(MMAP) | BIT(ANON) | BIT(SWAPBACKED), BIT(SLAB) | BIT(NOPAGE)));
	EXPECT(flags_at(q, BIT(MMAP) | BIT(SWAPBACKED), BIT(SLAB) | BIT(ANON) | BIT(NOPAGE)));
	EXPECT(flags_at(zero, BIT(ZERO), BIT(ANON) | BIT(BUDDY)));
}

TEST("PROC-19,COW-6", "kpageflags tells whether a private frame may be written in place")
{
	struct gate gate = gate_new();
	char *p = map_private(1, RW);
	pid_t pid;

	p[0] = 1;
	EXPECT(flags_at(p, BIT(ANON) | BIT(EXCLUSIVE), 0));
	pid = test_fork();
	if (pid == 0) {
		gate_pass(&gate);
		EXPECT(flags_at(p, BIT(ANON), BIT(EXCLUSIVE)));
		p[0] = 2; /* the last one: it takes the frame over */
		EXPECT(flags_at(p, BIT(ANON) | BIT(EXCLUSIVE), 0));
		raw(SYS_exit_group, 0);
	}
	EXPECT(flags_at(p, BIT(ANON), BIT(EXCLUSIVE)));
	p[0] = 3;
	EXPECT(flags_at(p, BIT(ANON) | BIT(EXCLUSIVE), 0));
	gate_open(&gate);
	EXPECT_EXIT(pid, 0);
}

TEST("PROC-19", "they are read in words of eight bytes by root alone, and end with memory")
{
	int fd = EXPECT_OK(raw_open("/proc/kpageflags", O_RDONLY, 0));
	uint64_t words[2];
	struct stat st;

	EXPECT_ERR(raw_pread(fd, words, 8, 4), EINVAL);
	EXPECT_ERR(raw_pread(fd, words, 4, 0), EINVAL);
	EXPECT_EQ(raw_pread(fd, words, 16, 0), 16);
	EXPECT_EQ(raw_pread(fd, words, 16, 1L << 40), 0);
	EXPECT_OK(raw(SYS_stat, "/proc/kpagecount", &st));
	EXPECT_EQ(st.st_mode, S_IFREG | 0400);
	drop_privileges();
	EXPECT_ERR(raw_open("/proc/kpageflags", O_RDONLY, 0), EACCES);
}
