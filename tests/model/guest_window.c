// SPDX-License-Identifier: MIT
/*
 * tests/model/guest_window.c - the address space that a program of the model runs in.
 *
 * The window begins at the heap, and everything around it is mapped without rights, so that the
 * addresses that the kernel chooses lie in it.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "guest.h"

#define TASK_TOP    0x7ffffffff000UL
#define STACK_GAP   (256 * PAGE)
#define MADV_NODUMP 16

char maps[MAPS_SIZE];
unsigned long window;
unsigned long around[2];

void read_maps(void)
{
	int fd = open("/proc/self/maps", O_RDONLY);
	size_t n = 0;
	ssize_t got;

	if (fd < 0)
		die("/proc/self/maps");
	while ((got = read(fd, maps + n, sizeof(maps) - 1 - n)) > 0)
		n += got;
	close(fd);
	maps[n] = 0;
}

static void fill(unsigned long start, unsigned long end)
{
	const long flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE;

	if (start >= end)
		return;
	if (call(SYS_mmap, start, end - start, PROT_NONE, flags, -1, 0) != (long)start)
		die("cannot fill the address space");
	/* A flag that programs do not use at the window's ends, so that nothing merges with it. */
	call(SYS_madvise, start, end - start, MADV_NODUMP, 0, 0, 0);
}

/* Maps every hole but the window, and but the gap that the stack keeps below it. */
static void fill_around_window(void)
{
	unsigned long done = 0x10000;

	read_maps();
	for (char *line = maps; *line; line = strchr(line, '\n') + 1) {
		unsigned long start = strtoul(line, &line, 16), end = strtoul(line + 1, &line, 16);
		bool stack = !strncmp(strchr(line, '\n') - 7, "[stack]", 7);
		unsigned long hole_end = stack ? start - STACK_GAP : start;

		if (end <= 0x10000)
			continue;
		if (end > TASK_TOP)
			break;
		if (done <= window && hole_end >= window + WINDOW_SIZE) {
			fill(done, window);
			done = window + WINDOW_SIZE;
		}
		fill(done, hole_end);
		done = end;
	}
	fill(done, TASK_TOP);
}

unsigned long status_field(const char *name)
{
	int fd = open("/proc/self/status", O_RDONLY);
	ssize_t n = fd < 0 ? 0 : read(fd, maps, 8192);
	char *at;

	close(fd);
	maps[n < 0 ? 0 : n] = 0;
	at = strstr(maps, name);
	if (!at)
		die(name);
	return strtoul(at + strlen(name), NULL, 10);
}

/* What the limits count now: pages of all kinds, and of data. */
static void count_around(void)
{
	int fd = open("/proc/self/statm", O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, maps, 4096);

	if (n <= 0)
		die("/proc/self/statm");
	close(fd);
	maps[n] = 0;
	around[0] = strtoul(maps, NULL, 10);
	around[1] = status_field("VmData:") / (PAGE / 1024);
}

static void touch_stack(void)
{
	volatile char deep[256 * 1024];

	for (size_t i = 0; i < sizeof(deep); i += 1024)
		deep[i] = 1;
}

void make_window(void)
{
	window = (call(SYS_brk, 0, 0, 0, 0, 0, 0) + PAGE - 1) & -PAGE;
	touch_stack();
	fill_around_window();
	count_around();
}

void open_files(void)
{
	char path[32];

	for (int i = 0; i < NR_FILES; i++) {
		int fd;

		snprintf(path, sizeof(path), "/proc/self/fd/%d", FIRST_FD);
		fd = i < NR_FILES - 1 ? (int)call(SYS_memfd_create, (long)"file", 0, 0, 0, 0, 0)
				      : open(path, O_RDONLY);
		if (fd < 0 || dup2(fd, FIRST_FD + i) < 0)
			die("cannot make the files");
		close(fd);
	}
}
