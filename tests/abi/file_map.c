// SPDX-License-Identifier: MIT
/*
 * tests/abi/file_map.c - mappings of files and shared memory (docs/contract/mmap.md, section 11).
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

#define PUNCH_HOLE (1 | 2) /* FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE */

static char *map_fd(int fd, size_t pages, int flags)
{
	return (char *)EXPECT_OK(raw_mmap(0, pages * PAGE, RW, flags, fd, 0));
}

static unsigned char file_at(int fd, size_t at)
{
	unsigned char byte;

	EXPECT_EQ(raw_pread(fd, &byte, 1, at), 1);
	return byte;
}

TEST("FILE-1", "a shared mapping and read and write see one copy")
{
	int fd = temp_file(3 * PAGE);
	char *p = map_fd(fd, 3, MAP_SHARED);

	for (int i = 0; i < 3 * (int)PAGE; i += 777) {
		EXPECT_EQ((unsigned char)p[i], file_byte(i));
		p[i] = 'm';
		EXPECT_EQ(file_at(fd, i), 'm');
		EXPECT_EQ(raw_pwrite(fd, "w", 1, i), 1);
		EXPECT_EQ(p[i], 'w');
	}
	/* Across a page border, and into a page not touched by the mapping. */
	p = map_fd(fd, 3, MAP_SHARED);
	EXPECT_EQ(raw_pwrite(fd, "0123456789", 10, 2 * PAGE - 5), 10);
	EXPECT(memcmp(p + 2 * PAGE - 5, "0123456789", 10) == 0);
}

TEST("FILE-2", "bytes after the end in the last page are zero and never extend the file")
{
	int fd = temp_file(PAGE + 100);
	char *p = map_fd(fd, 2, MAP_SHARED);

	EXPECT_EQ((unsigned char)p[PAGE + 99], file_byte(PAGE + 99));
	for (size_t i = PAGE + 100; i < 2 * PAGE; i++)
		EXPECT_EQ(p[i], 0);
	p[PAGE + 100] = 'x';
	p[2 * PAGE - 1] = 'y';
	EXPECT_EQ(raw(SYS_lseek, fd, 0, SEEK_END), PAGE + 100);
	EXPECT_OK(raw_msync(p, 2 * PAGE, MS_SYNC));
	EXPECT_EQ(raw(SYS_lseek, fd, 0, SEEK_END), PAGE + 100);
	EXPECT_EQ(raw_pread(fd, p, 10, PAGE + 100), 0);
}

TEST("FILE-3", "the first page wholly beyond the end gives SIGBUS")
{
	static const size_t sizes[] = {0, 1, PAGE - 1, PAGE, PAGE + 1, 2 * PAGE};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		size_t pages = (sizes[i] + PAGE - 1) / PAGE;

		for (int flags = MAP_SHARED; flags <= MAP_PRIVATE; flags++) {
			char *p = map_fd(temp_file(sizes[i]), 4, flags);

			if (pages)
				EXPECT_ACCESS(p + pages * PAGE - 1, WRITE);
			EXPECT_BUS(p + pages * PAGE, READ);
			EXPECT_BUS(p + pages * PAGE + 1, WRITE);
			EXPECT_BUS(p + 4 * PAGE - 1, READ);
		}
	}
}

TEST("FILE-4", "what was stored beyond the end does not appear when truncation extends the file")
{
	int fd = temp_file(PAGE + 100);
	char *p = map_fd(fd, 2, MAP_SHARED);

	p[PAGE + 200] = 'x';
	EXPECT_OK(raw_ftruncate(fd, PAGE + 50)); /* zeroes the rest of the page */
	EXPECT_OK(raw_ftruncate(fd, 2 * PAGE));
	EXPECT_EQ(file_at(fd, PAGE + 200), 0);
	EXPECT_EQ(file_at(fd, PAGE + 60), 0);
	EXPECT_EQ(file_at(fd, PAGE + 49), file_byte(PAGE + 49));
}

TEST("FILE-5", "extending the file makes its new pages accessible")
{
	int fd = temp_file(100);
	char *p = map_fd(fd, 4, MAP_SHARED), *q = map_fd(fd, 4, MAP_PRIVATE);

	EXPECT_BUS(p + PAGE, READ);
	EXPECT_BUS(q + PAGE, READ);
	EXPECT_OK(raw_ftruncate(fd, 2 * PAGE));
	EXPECT_EQ(p[PAGE] + q[PAGE], 0);
	EXPECT_ACCESS(p + PAGE, WRITE);
	EXPECT_EQ(file_at(fd, PAGE), 0x5a);
	EXPECT_BUS(p + 2 * PAGE, READ);
	EXPECT_EQ(raw_pwrite(fd, "end", 3, 3 * PAGE), 3);
	EXPECT_EQ(p[3 * PAGE], 'e');
	EXPECT_EQ(p[2 * PAGE], 0);
	EXPECT_EQ(q[3 * PAGE + 2], 'd');
}

TEST("FILE-6", "truncation takes pages beyond the end out of all mappings, private copies too")
{
	int fd = temp_file(4 * PAGE);
	char *shared = map_fd(fd, 4, MAP_SHARED), *private = map_fd(fd, 4, MAP_PRIVATE);

	for (int i = 0; i < 4; i++) {
		shared[i * PAGE] = 's';
		private[i * PAGE] = 'p';
	}
	EXPECT_OK(raw_ftruncate(fd, PAGE + 1));
	EXPECT_EQ(private[PAGE], 'p');
	EXPECT_EQ(shared[PAGE], 's');
	for (int i = 2; i < 4; i++) {
		EXPECT_BUS(shared + i * PAGE + 1, READ);
		EXPECT_BUS(shared + i * PAGE + 2, WRITE);
		EXPECT_BUS(private + i * PAGE + 3, READ);
	}
	EXPECT_OK(raw_ftruncate(fd, 4 * PAGE));
	for (int i = 2; i < 4; i++) {
		EXPECT_EQ(shared[i * PAGE], 0);
		EXPECT_EQ(private[i * PAGE], 0);
	}
	EXPECT_EQ(shared[PAGE + 1], 0);
}

TEST("FILE-6", "truncation reaches the mappings of other processes")
{
	int fd = temp_file(2 * PAGE), ends[2], back[2];
	char *p = map_fd(fd, 2, MAP_SHARED), byte;
	pid_t pid;

	EXPECT_OK(raw(SYS_pipe, ends));
	EXPECT_OK(raw(SYS_pipe, back));
	pid = test_fork();
	if (pid == 0) {
		EXPECT_ACCESS(p + PAGE, WRITE);
		EXPECT_EQ(raw_write(back[1], "x", 1), 1);
		EXPECT_EQ(raw_read(ends[0], &byte, 1), 1);
		EXPECT_BUS(p + PAGE, READ);
		EXPECT_ACCESS(p, READ);
		_exit(0);
	}
	EXPECT_EQ(raw_read(back[0], &byte, 1), 1);
	EXPECT_OK(raw_ftruncate(fd, PAGE));
	EXPECT_EQ(raw_write(ends[1], "x", 1), 1);
	EXPECT_EXIT(pid, 0);
}

TEST("FILE-7,MADV-12", "a punched hole reads zero when shared, private copies stay")
{
	int fd = temp_file(3 * PAGE);
	char *shared = map_fd(fd, 3, MAP_SHARED), *private = map_fd(fd, 3, MAP_PRIVATE);
	long error;

	private[PAGE] = 'p';
	EXPECT_EQ((unsigned char)shared[PAGE], file_byte(PAGE));
	EXPECT_EQ((unsigned char)private[2 * PAGE], file_byte(2 * PAGE));
	error = raw(SYS_fallocate, fd, PUNCH_HOLE, PAGE, 2 * PAGE);
	EXPECT_EQ(error, 0);
	EXPECT_EQ(shared[PAGE], 0);
	EXPECT_EQ(shared[2 * PAGE], 0);
	EXPECT_EQ(private[PAGE], 'p');
	EXPECT_EQ(private[2 * PAGE], 0); /* was not a copy */
	EXPECT_EQ((unsigned char)shared[PAGE - 1], file_byte(PAGE - 1));
	EXPECT_EQ(file_at(fd, PAGE), 0);
}

TEST("FILE-3,FLT-7",
     "what fallocate has put beyond the end is not mapped along with what is before it")
{
	int fd = temp_file(PAGE);
	char *p = map_fd(fd, 3, MAP_SHARED), *private = map_fd(fd, 3, MAP_PRIVATE);
	long error = raw(SYS_fallocate, fd, 1 /* FALLOC_FL_KEEP_SIZE */, 0, 3 * PAGE);

	EXPECT_EQ(error, 0);
	EXPECT_ACCESS(p, READ);
	EXPECT_BUS(p + PAGE, READ);
	EXPECT_ACCESS(private, WRITE);
	EXPECT_BUS(private + 2 * PAGE, READ);
	error = raw(SYS_ftruncate, fd, 2 * PAGE);
	EXPECT_EQ(error, 0);
	EXPECT_ACCESS(p + PAGE, READ);
	EXPECT_BUS(p + 2 * PAGE, READ);
}

TEST("FILE-8,MADV-6", "an untouched private page follows the file, a written one is detached")
{
	int fd = temp_file(2 * PAGE);
	char *p = map_fd(fd, 2, MAP_PRIVATE);

	EXPECT_EQ((unsigned char)p[0], file_byte(0));
	EXPECT_EQ(raw_pwrite(fd, "1", 1, 0), 1);
	EXPECT_EQ(p[0], '1');
	p[1] = 'x';
	EXPECT_EQ(raw_pwrite(fd, "2", 1, 0), 1);
	EXPECT_EQ(p[0], '1');
	EXPECT_OK(raw_madvise(p, PAGE, MADV_DONTNEED));
	EXPECT_EQ(p[0], '2');
	EXPECT_EQ((unsigned char)p[1], file_byte(1));
}

TEST("FILE-9", "two processes see each other's stores, and the data outlives both")
{
	int fd = temp_file(PAGE), ends[2], back[2];
	char byte;
	pid_t pid;

	EXPECT_OK(raw(SYS_pipe, ends));
	EXPECT_OK(raw(SYS_pipe, back));
	pid = test_fork();
	if (pid == 0) {
		char *p = map_fd(file_reopen(fd, O_RDWR), 1, MAP_SHARED);

		p[0] = 'c';
		EXPECT_EQ(raw_write(back[1], "x", 1), 1);
		EXPECT_EQ(raw_read(ends[0], &byte, 1), 1);
		EXPECT_EQ(p[1], 'd');
		p[2] = 'e';
		_exit(0);
	} else {
		char *p = map_fd(fd, 1, MAP_SHARED);

		EXPECT_EQ(raw_read(back[0], &byte, 1), 1);
		EXPECT_EQ(p[0], 'c');
		p[1] = 'd';
		EXPECT_EQ(raw_write(ends[1], "x", 1), 1);
		EXPECT_EXIT(pid, 0);
		EXPECT_EQ(p[2], 'e');
		EXPECT_OK(raw_munmap(p, PAGE));
	}
	EXPECT_EQ(file_at(fd, 0), 'c');
	EXPECT_EQ(file_at(fd, 1), 'd');
	EXPECT_EQ(file_at(fd, 2), 'e');
}

TEST("FILE-10,RMP-5", "a shared mapping that grows shows the following pages of the file")
{
	int fd = temp_file(4 * PAGE);
	char *p = free_range(4);

	EXPECT_OK(raw_mmap(p, 2 * PAGE, RW, MAP_SHARED | MAP_FIXED, fd, 0));
	EXPECT_EQ(raw_mremap(p, 2 * PAGE, 4 * PAGE, 0, 0), p);
	EXPECT_EQ((unsigned char)p[2 * PAGE + 5], file_byte(2 * PAGE + 5));
	p[3 * PAGE] = 'g';
	EXPECT_EQ(file_at(fd, 3 * PAGE), 'g');
}

TEST("FILE-11", "stores survive the end of the process that made them")
{
	int fd = temp_file(PAGE);
	pid_t pid = test_fork();

	if (pid == 0) {
		map_fd(fd, 1, MAP_SHARED)[9] = 'k';
		raw(SYS_kill, getpid(), SIGKILL);
		_exit(0);
	}
	EXPECT_KILLED(pid, SIGKILL);
	EXPECT_EQ(file_at(fd, 9), 'k');
}

TEST("FILE-12", "the file of a running program cannot be opened for writing")
{
	EXPECT_ERR(raw_open("/proc/self/exe", O_RDWR, 0), ETXTBSY);
	EXPECT_ERR(raw_open("/proc/self/exe", O_WRONLY, 0), ETXTBSY);
	EXPECT_OK(raw_open("/proc/self/exe", O_RDONLY, 0));
}

TEST("FILE-14,MMAP-25", "maps names the file and says when it was unlinked")
{
	char name[64], want[96];
	struct area area;
	char *p;
	int fd;

	snprintf(name, sizeof(name), "/tmp/abi-name-%d", getpid());
	fd = EXPECT_OK(raw_open(name, O_RDWR | O_CREAT | O_EXCL, 0600));
	p = map_fd(fd, 1, MAP_PRIVATE);
	EXPECT(area_at(p, &area));
	EXPECT_STR(area.name, name);
	EXPECT_OK(raw(SYS_unlink, name));
	EXPECT(area_at(p, &area));
	snprintf(want, sizeof(want), "%s (deleted)", name);
	EXPECT_STR(area.name, want);
	EXPECT(area.inode != 0);
	fd = EXPECT_OK(raw_memfd_create("some name", 0));
	p = map_fd(fd, 1, MAP_SHARED);
	EXPECT(area_at(p, &area));
	EXPECT_STR(area.name, "/memfd:some name (deleted)");
}

/* Whether the file was changed since the last call. */
static int was_changed(int fd)
{
	const struct timespec old[2] = {{.tv_sec = 1000}, {.tv_sec = 1000}};
	struct stat st = {0};

	EXPECT_OK(raw(SYS_fstat, fd, &st));
	EXPECT_OK(raw(SYS_utimensat, fd, NULL, old, 0));
	return st.st_mtim.tv_sec != 1000;
}

TEST("FILE-15", "a store that faults through a shared mapping sets the time of change")
{
	int fd = temp_file(4 * PAGE);
	char *shared = map_fd(fd, 4, MAP_SHARED), *private = map_fd(fd, 4, MAP_PRIVATE);

	was_changed(fd);
	private[0] = 1;
	EXPECT_EQ(was_changed(fd), 0);
	shared[0] = 1;
	EXPECT_EQ(was_changed(fd), 1);
	shared[1] = 1;
	EXPECT_EQ(was_changed(fd), 0);
	EXPECT_OK(raw(SYS_madvise, shared, PAGE, MADV_DONTNEED));
	shared[0] = 2;
	EXPECT_EQ(was_changed(fd), 1);
	(void)*(volatile char *)map_fd(fd, 4, MAP_SHARED);
	EXPECT_EQ(was_changed(fd), 0);
	map_fd(fd, 4, MAP_SHARED | MAP_POPULATE); /* reads */
	EXPECT_EQ(was_changed(fd), 0);
}
