// SPDX-License-Identifier: MIT
/*
 * tests/abi/maps.c - what /proc tells of an address space (docs/contract/mmap.md, section 22).
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/fault.h"
#include "lib/maps.h"
#include "lib/sys.h"
#include "lib/test.h"

static char text[1 << 16];

/* The line of `area` as the contract writes it. */
static void format(const struct area *area, char *line, size_t size)
{
	int len =
		snprintf(line, size, "%08lx-%08lx %s %08lx %02x:%02x %lu ", area->start, area->end,
			 area->perms, area->offset, area->major, area->minor, area->inode);

	if (area->name[0])
		snprintf(line + len, size - len, "%*s%s", len < 73 ? 73 - len : 0, "", area->name);
}

static int check_line(const struct area *area, void *context)
{
	unsigned long *last = context;
	char want[400];

	format(area, want, sizeof(want));
	EXPECT_STR(area->line, want);
	EXPECT(area->start < area->end);
	EXPECT(area->start >= *last);
	EXPECT_EQ(area->start % PAGE + area->end % PAGE + area->offset % PAGE, 0);
	EXPECT(area->end <= TASK_SIZE);
	*last = area->end;
	return 1;
}

TEST("PROC-1,GEN-10", "the lines have the exact form, in order and without overlap")
{
	int fd = temp_file(4 * PAGE);
	unsigned long last = 0;

	EXPECT_OK(raw_mmap(0, PAGE, PROT_READ, MAP_SHARED, fd, 3 * PAGE));
	EXPECT_OK(raw_mmap(0x20000, PAGE, RWX, PRIVATE | MAP_FIXED, -1, 0));
	map_shared(2, PROT_WRITE);
	map_private(3, PROT_NONE);
	raw_brk(raw_brk(0) + PAGE);
	for_each_area(check_line, &last);
}

TEST("PROC-1", "addresses of fewer digits are padded to eight, the rest is not")
{
	struct area area;

	EXPECT_OK(raw_mmap(0x20000, PAGE, PROT_READ, PRIVATE | MAP_FIXED, -1, 0));
	EXPECT(area_at((char *)0x20000, &area));
	EXPECT_STR(area.line, "00020000-00021000 r--p 00000000 00:00 0 ");
	EXPECT_OK(raw_mmap(0x123456789000, PAGE, PROT_WRITE, PRIVATE | MAP_FIXED, -1, 0));
	EXPECT(area_at((char *)0x123456789000, &area));
	EXPECT_STR(area.line, "123456789000-12345678a000 -w-p 00000000 00:00 0 ");
}

TEST("PROC-2", "anonymous memory has no offset, device, inode or name")
{
	char *p = map_private(2, RW);
	struct area area;

	EXPECT_OK(raw_mprotect(p + PAGE, PAGE, PROT_READ));
	for (int i = 0; i < 2; i++) {
		EXPECT(area_at(p + i * PAGE, &area));
		EXPECT_EQ(area.offset, 0);
		EXPECT_EQ(area.major + area.minor, 0);
		EXPECT_EQ(area.inode, 0);
		EXPECT_STR(area.name, "");
	}
}

TEST("PROC-3", "file, heap and stack have their names")
{
	char name[64], want[64];
	struct area area;
	char *p;
	int fd;

	snprintf(name, sizeof(name), "/tmp/abi\nmaps %d", getpid());
	snprintf(want, sizeof(want), "/tmp/abi\\012maps %d", getpid());
	fd = EXPECT_OK(raw_open(name, O_RDWR | O_CREAT | O_EXCL, 0600));
	p = (char *)EXPECT_OK(raw_mmap(0, 2 * PAGE, RW, MAP_PRIVATE, fd, 5 * PAGE));
	EXPECT(area_at(p, &area));
	EXPECT_OK(raw(SYS_unlink, name));
	EXPECT_STR(area.name, want);
	EXPECT_EQ(area.offset, 5 * PAGE);
	EXPECT(area.inode != 0);
	p = (char *)raw_brk(0);
	EXPECT_EQ(raw_brk(p + 2 * PAGE), p + 2 * PAGE);
	EXPECT(area_at(p + PAGE, &area));
	EXPECT_STR(area.name, "[heap]");
	EXPECT(area_at(__builtin_frame_address(0), &area));
	EXPECT_STR(area.name, "[stack]");
	EXPECT(area_at((void *)(unsigned long)getpid, &area));
	EXPECT_EQ(area.name[0], '/'); /* our own program */
	EXPECT_STR(area.perms, "r-xp");
}

TEST("PROC-5", "reading in small pieces gives every line once")
{
	int fd = EXPECT_OK(raw_open("/proc/self/maps", O_RDONLY, 0));
	static char whole[1 << 16];
	long have = 0, n;

	for (int i = 0; i < 40; i++)
		map_private(1 + i % 3, i % 2 ? RW : PROT_READ);
	EXPECT_OK(read_file("/proc/self/maps", whole, sizeof(whole)));
	while ((n = EXPECT_OK(raw_read(fd, text + have, 7))) > 0)
		have += n;
	text[have] = 0;
	EXPECT(strcmp(text, whole) == 0);
}

TEST("PROC-5", "ranges that are mapped and unmapped meanwhile appear whole or not at all")
{
	char *p = map_private(60, PROT_NONE);
	unsigned long last = 0, start, end;
	int fd, ranges = 0;
	long n, have = 0;

	for (int i = 0; i < 60; i += 2)
		EXPECT_OK(raw_mprotect(p + i * PAGE, PAGE, PROT_READ));
	fd = EXPECT_OK(raw_open("/proc/self/maps", O_RDONLY, 0));
	for (int i = 0; (n = EXPECT_OK(raw_read(fd, text + have, 100))) > 0; i++) {
		have += n;
		if (i < 30)
			EXPECT_OK(raw_munmap(p + 2 * i * PAGE, PAGE));
	}
	text[have] = 0;
	for (char *line = text; *line; line = strchr(line, '\n') + 1) {
		EXPECT_EQ(sscanf(line, "%lx-%lx", &start, &end), 2);
		if (strstr(line, "[vsyscall]"))
			break;
		EXPECT(start >= last);
		EXPECT(end > start);
		last = end;
		ranges++;
	}
	EXPECT(ranges > 30);
}

TEST("PROC-6", "maps of a zombie and of a kernel thread are empty")
{
	pid_t pid = test_fork();
	char path[64], state[512];

	if (pid == 0)
		_exit(0);
	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	do {
		raw(SYS_sched_yield);
		EXPECT_OK(read_file(path, state, sizeof(state)));
	} while (!strstr(state, ") Z"));
	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	EXPECT_EQ(read_file(path, text, sizeof(text)), 0);
	snprintf(path, sizeof(path), "/proc/%d/statm", pid);
	EXPECT_OK(read_file(path, text, sizeof(text)));
	EXPECT_STR(text, "0 0 0 0 0 0 0\n");
	EXPECT_EXIT(pid, 0);
}

TEST("PROC-6", "another user's address space is not to be read")
{
	pid_t parent = getpid(), pid = test_fork();
	char path[64];

	if (pid == 0) {
		drop_privileges();
		snprintf(path, sizeof(path), "/proc/%d/maps", parent);
		EXPECT_ERR(read_file(path, text, sizeof(text)), EACCES);
		snprintf(path, sizeof(path), "/proc/%d/smaps", parent);
		EXPECT_ERR(read_file(path, text, sizeof(text)), EACCES);
		_exit(0);
	}
	EXPECT_EXIT(pid, 0);
}

/* The lines that follow the maps line of every area in smaps. */
static const char *const labels[] = {
	"Size",		 "KernelPageSize", "MMUPageSize",     "Rss",	       "Pss",
	"Pss_Dirty",	 "Shared_Clean",   "Shared_Dirty",    "Private_Clean", "Private_Dirty",
	"Referenced",	 "Anonymous",	   "LazyFree",	      "AnonHugePages", "ShmemPmdMapped",
	"FilePmdMapped", "Shared_Hugetlb", "Private_Hugetlb", "Swap",	       "SwapPss",
	"Locked",
};

/* The text of smaps from the line of the area at addr. */
static char *smaps_of(const char *addr)
{
	char start[32], *at;

	snprintf(start, sizeof(start), "%08lx-", (unsigned long)addr);
	EXPECT_OK(read_file("/proc/self/smaps", text, sizeof(text)));
	at = strstr(text, start);
	if (!at)
		FAIL("smaps has no area %s", start);
	return strchr(at, '\n') + 1;
}

TEST("PROC-7,PROC-8", "smaps has its lines in order, each in its columns")
{
	char *p = map_alone(3, RW), *line, want[64];

	p[0] = 1;
	line = smaps_of(p);
	for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++) {
		bool wide = strcmp(labels[i], "Private_Hugetlb") == 0;
		long value = strtol(line + strlen(labels[i]) + 1, NULL, 10);

		snprintf(want, sizeof(want), "%s:%*ld kB\n", labels[i],
			 (int)(24 - strlen(labels[i]) - 1), value);
		if (wide)
			snprintf(want, sizeof(want), "Private_Hugetlb: %7ld kB\n", value);
		if (strncmp(line, want, strlen(want)) != 0) {
			*strchr(line, '\n') = 0;
			FAIL("line %zu of an area is '%s', not '%s'", i, line, want);
		}
		line = strchr(line, '\n') + 1;
	}
	EXPECT(strncmp(line, "THPeligible:    ", 16) == 0);
	line = strchr(line, '\n') + 1;
	if (has_pkeys()) {
		EXPECT(strncmp(line, "ProtectionKey:  ", 16) == 0);
		line = strchr(line, '\n') + 1;
	}
	*strchr(line, '\n') = 0;
	EXPECT_STR(line, "VmFlags: rd wr mr mw me ac sd ");
}

TEST("PROC-9", "smaps counts the pages that are there, by kind and sharing")
{
	char *p = map_alone(6, RW);
	pid_t pid;

	p[0] = p[PAGE] = p[2 * PAGE] = 1;
	EXPECT_EQ(p[3 * PAGE], 0); /* the zero page is not counted */
	EXPECT_EQ(smaps_value(p, "Size"), 24);
	EXPECT_EQ(smaps_value(p, "Rss"), 12);
	EXPECT_EQ(smaps_value(p, "Pss"), 12);
	EXPECT_EQ(smaps_value(p, "Anonymous"), 12);
	EXPECT_EQ(smaps_value(p, "Private_Dirty"), 12);
	EXPECT_EQ(smaps_value(p, "Locked"), 0);
	pid = test_fork();
	if (pid == 0) {
		EXPECT_EQ(smaps_value(p, "Rss"), 12);
		EXPECT_EQ(smaps_value(p, "Pss"), 6);
		EXPECT_EQ(smaps_value(p, "Private_Dirty"), 0);
		EXPECT_EQ(smaps_value(p, "Shared_Dirty"), 12);
		p[0] = 2;
		EXPECT_EQ(smaps_value(p, "Private_Dirty"), 4);
		EXPECT_EQ(smaps_value(p, "Shared_Dirty"), 8);
		EXPECT_EQ(smaps_value(p, "Pss"), 8);
		_exit(0);
	}
	EXPECT_EXIT(pid, 0);
	EXPECT_EQ(smaps_value(p, "Pss"), 12);
	EXPECT_OK(raw_mlock(p, 6 * PAGE));
	EXPECT_EQ(smaps_value(p, "Locked"), 24);
}

TEST("PROC-10", "the flags are two letters each, in the order of their bits")
{
	char *p = map_alone(1, RWX), *q = map_shared(1, PROT_READ);

	EXPECT_OK(raw_mlock2(p, PAGE, 1));
	EXPECT_OK(raw_madvise(p, PAGE, MADV_DONTFORK));
	EXPECT_OK(raw_madvise(p, PAGE, MADV_DONTDUMP));
	EXPECT_OK(raw_madvise(p, PAGE, MADV_RANDOM));
	EXPECT(strncmp(smaps_flags(p), "rd wr ex mr mw me lo rr dc ?? ac dd ", 36) == 0);
	EXPECT(strncmp(smaps_flags(q), "rd sh mr mw me ms ", 18) == 0);
}

TEST("PROC-12", "pagemap is read in words of eight bytes and ends at the end of user space")
{
	long fd = EXPECT_OK(raw_open("/proc/self/pagemap", O_RDONLY, 0));
	char *p = map_private(4, RW);
	unsigned long at = (unsigned long)p / PAGE * 8;
	uint64_t words[4];

	p[PAGE] = 1;
	EXPECT_ERR(raw_pread(fd, words, 8, at + 1), EINVAL);
	EXPECT_ERR(raw_pread(fd, words, 7, at), EINVAL);
	EXPECT_EQ(raw_pread(fd, words, 32, at), 32);
	EXPECT(!(words[0] & PM_PRESENT));
	EXPECT(words[1] & PM_PRESENT);
	EXPECT(!(words[2] & PM_PRESENT));
	EXPECT_EQ(raw_pread(fd, words, 8, TASK_SIZE / PAGE * 8), 0);
	EXPECT_EQ(raw_pread(fd, words, 8, (TASK_SIZE / PAGE + 5) * 8), 0);
	EXPECT_EQ(raw_pread(fd, words, 16, (TASK_SIZE / PAGE - 1) * 8), 8);
	EXPECT_ERR(raw(SYS_lseek, fd, 0, SEEK_END), EINVAL);
	EXPECT_EQ(raw(SYS_lseek, fd, at, SEEK_SET), at);
}

TEST("PROC-13", "pagemap tells presence, frame, sharing and kind")
{
	char *p = map_private(2, RW), *shared = map_shared(1, RW);
	int fd = temp_file(PAGE);
	char *file = (char *)EXPECT_OK(raw_mmap(0, PAGE, PROT_READ, MAP_PRIVATE, fd, 0));

	EXPECT_EQ(pagemap(free_range(1)), 0);
	p[0] = 1;
	EXPECT(pagemap(p) & PM_PRESENT);
	EXPECT(pagemap(p) & PM_EXCLUSIVE);
	EXPECT(!(pagemap(p) & PM_FILE));
	EXPECT(PM_PFN(pagemap(p)) != 0);
	EXPECT(!(pagemap(p + PAGE) & (PM_PRESENT | PM_EXCLUSIVE | PM_FILE | PM_SWAP)));
	shared[0] = 1;
	EXPECT(pagemap(shared) & PM_FILE);
	EXPECT(pagemap(shared) & PM_EXCLUSIVE);
	EXPECT_EQ((unsigned char)file[0], file_byte(0));
	EXPECT(pagemap(file) & PM_FILE);
	EXPECT(PM_PFN(pagemap(file)) != PM_PFN(pagemap(p)));
}

TEST("PROC-13", "without the capability pagemap hides the frames")
{
	char *p = map_private(1, RW);

	p[0] = 1;
	drop_privileges();
	EXPECT_OK(raw(SYS_prctl, 4 /* PR_SET_DUMPABLE */, 1, 0, 0, 0));
	EXPECT(pagemap(p) & PM_PRESENT);
	EXPECT_EQ(PM_PFN(pagemap(p)), 0);
}

TEST("PROC-14", "a page shared by fork is exclusive again when the child is gone")
{
	char *p = map_private(1, RW);
	uint64_t frame;
	int ends[2];
	char byte;
	pid_t pid;

	p[0] = 1;
	frame = PM_PFN(pagemap(p));
	EXPECT(pagemap(p) & PM_EXCLUSIVE);
	EXPECT_OK(raw(SYS_pipe, ends));
	pid = test_fork();
	if (pid == 0) {
		EXPECT(!(pagemap(p) & PM_EXCLUSIVE));
		EXPECT_EQ(PM_PFN(pagemap(p)), frame);
		EXPECT_EQ(raw_read(ends[0], &byte, 1), 1);
		_exit(0);
	}
	EXPECT(!(pagemap(p) & PM_EXCLUSIVE));
	EXPECT_EQ(raw_write(ends[1], "x", 1), 1);
	EXPECT_EXIT(pid, 0);
	EXPECT(pagemap(p) & PM_EXCLUSIVE);
	p[0] = 2;
	EXPECT_EQ(PM_PFN(pagemap(p)), frame); /* reused in place */
}

TEST("PROC-16", "statm has seven numbers that agree with status")
{
	long n[7];
	char more;

	map_private(10, RW)[0] = 1;
	for (int i = 0; i < 2; i++) { /* the second time all code that runs here is present */
		rss_pages("VmRSS");
		EXPECT_OK(read_file("/proc/self/statm", text, sizeof(text)));
		EXPECT_EQ(sscanf(text, "%ld %ld %ld %ld %ld %ld %ld%c", &n[0], &n[1], &n[2], &n[3],
				 &n[4], &n[5], &n[6], &more),
			  8);
	}
	EXPECT_EQ(more, '\n');
	EXPECT_EQ(n[0], status_value("VmSize") / 4);
	EXPECT_EQ(n[1], status_value("VmRSS") / 4);
	EXPECT_EQ(n[2], (status_value("RssFile") + status_value("RssShmem")) / 4);
	EXPECT_EQ(n[3], status_value("VmExe") / 4);
	EXPECT_EQ(n[4], 0);
	EXPECT_EQ(n[5], (status_value("VmData") + status_value("VmStk")) / 4);
	EXPECT_EQ(n[6], 0);
}

TEST("PROC-11", "smaps_rollup sums up under one header")
{
	char *p = map_alone(8, RW), *line;
	unsigned long start, end;
	int length = 0;

	memset(p, 1, 8 * PAGE);
	EXPECT_OK(read_file("/proc/self/smaps_rollup", text, sizeof(text)));
	EXPECT_EQ(sscanf(text, "%lx-%lx ---p 00000000 00:00 0 %n", &start, &end, &length), 2);
	EXPECT(start < (unsigned long)p && end > (unsigned long)p);
	EXPECT(strncmp(text + 73, "[rollup]\n", 9) == 0);
	line = text + 82;
	EXPECT(strncmp(line, "Rss: ", 5) == 0);
	EXPECT(strtol(line + 5, NULL, 10) >= 32);
	EXPECT(strstr(line, "\nPss_Dirty:"));
	EXPECT(strstr(line, "\nPss_Anon:"));
	EXPECT(strstr(line, "\nPss_File:"));
	EXPECT(strstr(line, "\nPss_Shmem:"));
	EXPECT(!strstr(line, "VmFlags"));
}

TEST("PROC-15", "clear_refs takes 1 to 5")
{
	static const char *const words[] = {"0", "1", "2", "3", "4", "5", "6", "x"};

	for (int i = 0; i < 8; i++) {
		long fd = EXPECT_OK(raw_open("/proc/self/clear_refs", O_WRONLY, 0));
		long result = raw_write(fd, words[i], 1);

		EXPECT_EQ(result, i >= 1 && i <= 5 ? 1 : -EINVAL);
		raw_close(fd);
	}
}

#define SET_VMA_NAME(p, len, name) raw(SYS_prctl, 0x53564d41, 0, p, len, name)

TEST("PROC-3,VMA-1", "anonymous memory can be named, and areas of other names stay apart")
{
	char *p = map_alone(3, RW);
	struct area area;

	if (SET_VMA_NAME(p, PAGE, "first") == -EINVAL)
		SKIP("no names for anonymous memory, as on a kernel built without them");
	EXPECT_OK(SET_VMA_NAME(p, PAGE, "first"));
	EXPECT_OK(SET_VMA_NAME(p + PAGE, PAGE, "second"));
	EXPECT_EQ(areas_in(p, 3), 3);
	EXPECT(area_at(p, &area));
	EXPECT_STR(area.name, "[anon:first]");
	EXPECT_OK(SET_VMA_NAME(p + PAGE, 2 * PAGE, "first"));
	EXPECT_EQ(areas_in(p, 3), 1);
	EXPECT_OK(SET_VMA_NAME(p, 3 * PAGE, NULL));
	EXPECT(area_at(p, &area));
	EXPECT_STR(area.name, "");
	EXPECT_ERR(SET_VMA_NAME(p + 1, PAGE, "x"), EINVAL);
	EXPECT_ERR(SET_VMA_NAME(p, PAGE, "a]b"), EINVAL);
}

static int add_size(const struct area *area, void *context)
{
	*(unsigned long *)context += area->end - area->start;
	return 1;
}

TEST("PROC-4", "the vsyscall page, where it is listed, is the last line and counts for nothing")
{
	static const char line[] = "ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0 "
				   "                 [vsyscall]\n";
	static char text[1 << 16];
	unsigned long size = 0;
	char *at;

	EXPECT(read_file("/proc/self/maps", text, sizeof(text)) > 0);
	at = strstr(text, "[vsyscall]");
	if (at) {
		at = strstr(text, "ffffffffff6");
		EXPECT_STR(at, line);
	}
	for_each_area(add_size, &size);
	EXPECT_EQ(statm_value(1) * PAGE, size);
	EXPECT_UNMAPPED((char *)0xfffffffffff00000);
}
