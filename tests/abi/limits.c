// SPDX-License-Identifier: MIT
/*
 * tests/abi/limits.c - resource limits and overcommit (docs/contract/mmap.md, section 19).
 *
 * Tests that change a file of /proc/sys/vm run their risk in a child and put the old value back.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "lib/fault.h"
#include "lib/maps.h"
#include "lib/sys.h"
#include "lib/test.h"

#define MIB (1UL << 20)

/* What the machine has, in bytes. */
static unsigned long ram(void)
{
	struct sysinfo info;

	EXPECT_OK(raw(SYS_sysinfo, &info));
	return (info.totalram + info.totalswap) * info.mem_unit;
}

static long write_number(const char *path, const char *text)
{
	long fd = EXPECT_OK(raw_open(path, O_WRONLY, 0)), result;

	result = raw_write(fd, text, strlen(text));
	raw_close(fd);
	return result;
}

TEST("LIM-1", "RLIMIT_AS stops mmap at the exact page")
{
	long size = status_value("VmSize") * 1024;
	char *p;

	set_limit(RLIMIT_AS, size + 5 * PAGE);
	EXPECT_ERR(raw_mmap(0, 6 * PAGE, PROT_NONE, PRIVATE, -1, 0), ENOMEM);
	EXPECT_ERR(raw_mmap(0, 6 * PAGE, RW, SHARED, -1, 0), ENOMEM);
	p = map_private(5, PROT_NONE);
	EXPECT_ERR(raw_mmap(0, PAGE, RW, PRIVATE, -1, 0), ENOMEM);
	EXPECT_OK(raw_munmap(p, 1));
	EXPECT_OK(raw_mmap(0, PAGE, RW, PRIVATE, -1, 0));
	EXPECT_EQ(status_value("VmSize") * 1024, size + 5 * PAGE);
	set_limit(RLIMIT_AS, size + 5 * PAGE + PAGE / 2); /* counted in whole pages */
	EXPECT_ERR(raw_mmap(0, PAGE, RW, PRIVATE, -1, 0), ENOMEM);
}

TEST("LIM-1", "fork does not look at RLIMIT_AS")
{
	pid_t pid;

	set_limit(RLIMIT_AS, PAGE);
	pid = test_fork();
	if (pid == 0)
		_exit(0);
	EXPECT_EXIT(pid, 0);
}

TEST("LIM-2", "RLIMIT_DATA is for private writable memory alone")
{
	char *p;

	set_limit(RLIMIT_DATA, status_value("VmData") * 1024 + 3 * PAGE);
	EXPECT_ERR(raw_mmap(0, 4 * PAGE, RW, PRIVATE, -1, 0), ENOMEM);
	EXPECT_ERR(raw_mmap(0, 4 * PAGE, PROT_WRITE, MAP_PRIVATE, temp_file(PAGE), 0), ENOMEM);
	p = map_private(3, RW);
	EXPECT_ERR(raw_mmap(0, PAGE, RW, PRIVATE, -1, 0), ENOMEM);
	EXPECT_OK(raw_mmap(0, 8 * PAGE, PROT_READ, PRIVATE, -1, 0));
	EXPECT_OK(raw_mmap(0, 8 * PAGE, PROT_NONE, PRIVATE, -1, 0));
	EXPECT_OK(raw_mmap(0, 8 * PAGE, RW, SHARED, -1, 0));
	EXPECT_OK(raw_mmap(0, 8 * PAGE, RW, PRIVATE | MAP_GROWSDOWN, -1, 0));
	EXPECT_OK(raw_munmap(p, PAGE));
	EXPECT_OK(raw_mmap(0, PAGE, RW, PRIVATE, -1, 0));
}

TEST("LIM-3", "the stack limit is 8 MiB, without an upper bound")
{
	struct {
		unsigned long soft, hard;
	} limit;

	EXPECT_OK(raw(SYS_prlimit64, 0, RLIMIT_STACK, NULL, &limit));
	EXPECT_EQ(limit.soft, 8 * MIB);
	EXPECT_EQ(limit.hard, -1L);
}

TEST("LIM-5", "max_map_count is 65530 unless it was changed")
{
	EXPECT_EQ(read_number("/proc/sys/vm/max_map_count"), 65530);
}

TEST("LIM-5,RMP-18,MADV-4", "at the limit of areas every call fails as it should")
{
	char *p = map_alone(5, RW), *q = map_alone(2, RW), *r, text[32];
	long result;
	int i;

	snprintf(text, sizeof(text), "%d\n", area_count() + 10);
	EXPECT(write_number("/proc/sys/vm/max_map_count", text) > 0);
	for (i = 0; i < 100; i++) {
		r = (char *)0x30000000000 + i * 2 * PAGE;
		result = raw_mmap(r, PAGE, PROT_NONE, PRIVATE | NOREPLACE, -1, 0);
		if (result < 0)
			break;
	}
	long at_limit = raw_mprotect(p + PAGE, PAGE, PROT_READ);
	long advised = raw_madvise(p + PAGE, PAGE, MADV_DONTFORK);
	long unmapped = raw_munmap(p + PAGE, PAGE);
	long moved = raw_mremap(q, 2 * PAGE, 4 * PAGE, MREMAP_MAYMOVE, 0);
	long locked = raw_mlock(p + PAGE, PAGE);

	EXPECT(write_number("/proc/sys/vm/max_map_count", "65530\n") > 0);
	EXPECT_EQ(result, -ENOMEM);
	EXPECT_EQ(i, 11); /* one beyond the limit */
	EXPECT_EQ(at_limit, -ENOMEM);
	EXPECT_EQ(advised, -EAGAIN);
	EXPECT_EQ(unmapped, -ENOMEM);
	EXPECT_EQ(moved, -ENOMEM);
	EXPECT_EQ(locked, -ENOMEM);
	EXPECT_AREAS(p, 5, "5 rw-p");
}

TEST("LIM-6", "in mode 0 only a request larger than the machine is refused")
{
	EXPECT_EQ(read_number("/proc/sys/vm/overcommit_memory"), 0);
	EXPECT_ERR(raw_mmap(0, ram() + 64 * MIB, RW, PRIVATE, -1, 0), ENOMEM);
	EXPECT_OK(raw_mmap(0, ram() / 2, RW, PRIVATE, -1, 0));
	EXPECT_OK(raw_mmap(0, ram() / 2, RW, PRIVATE, -1, 0)); /* together too much: allowed */
	EXPECT_OK(raw_mmap(0, ram() / 2, RW, PRIVATE, -1, 0));
}

TEST("LIM-6,LIM-8,MMAP-30", "without reservation, and where nothing can be written, size is free")
{
	unsigned long much = ram() + 1024 * MIB;
	char *p = (char *)EXPECT_OK(raw_mmap(0, much, RW, PRIVATE | MAP_NORESERVE, -1, 0));

	p[0] = p[much - 1] = 1;
	p = (char *)EXPECT_OK(raw_mmap(0, much, PROT_READ, PRIVATE, -1, 0));
	EXPECT_ERR(raw_mprotect(p, much, RW), ENOMEM);
	EXPECT_AREAS(p, 3, "3 r--p");
	EXPECT_OK(raw_mmap(0, much, PROT_NONE, PRIVATE, -1, 0));
	EXPECT_ERR(raw_mmap(0, much, RW, SHARED, -1, 0), ENOMEM); /* charged whatever prot is */
	EXPECT_OK(raw_mmap(0, much, RW, SHARED | MAP_NORESERVE, -1, 0));
}

TEST("LIM-6", "in mode 1 nothing is refused")
{
	long result;

	EXPECT(write_number("/proc/sys/vm/overcommit_memory", "1\n") > 0);
	result = raw_mmap(0, ram() + 1024 * MIB, RW, PRIVATE, -1, 0);
	EXPECT(write_number("/proc/sys/vm/overcommit_memory", "0\n") > 0);
	EXPECT_OK(result);
}

TEST("LIM-6,LIM-7,MMAP-30", "in mode 2 requests stop at the limit, and NORESERVE is ignored")
{
	unsigned long limit;
	long most, flagged, little;

	EXPECT(write_number("/proc/sys/vm/overcommit_memory", "2\n") > 0);
	limit = meminfo_value("CommitLimit") * 1024;
	most = raw_mmap(0, limit, RW, PRIVATE, -1, 0);
	flagged = raw_mmap(0, limit, RW, PRIVATE | MAP_NORESERVE, -1, 0);
	little = raw_mmap(0, limit / 8, RW, PRIVATE, -1, 0);
	EXPECT(write_number("/proc/sys/vm/overcommit_memory", "0\n") > 0);
	EXPECT_EQ(most, -ENOMEM);
	EXPECT_EQ(flagged, -ENOMEM);
	EXPECT_OK(little);
}

TEST("LIM-7", "the limit of mode 2 is the ratio of memory plus swap")
{
	long limit = meminfo_value("CommitLimit"), total = meminfo_value("MemTotal");
	long ratio = read_number("/proc/sys/vm/overcommit_ratio");

	EXPECT_EQ(ratio, 50);
	EXPECT(limit >= total * ratio / 100 - 8 && limit <= total * ratio / 100 + 8);
}

TEST("LIM-8,PROT-11,UNMAP-11", "what is charged goes back when it is unmapped")
{
	long before = meminfo_value("Committed_AS"), kib = 32 * 1024, slack = 512;
	char *p = (char *)EXPECT_OK(raw_mmap(0, 32 * MIB, RW, PRIVATE, -1, 0));

	EXPECT(meminfo_value("Committed_AS") >= before + kib - slack);
	EXPECT_OK(raw_munmap(p, 32 * MIB));
	EXPECT(meminfo_value("Committed_AS") <= before + slack);
	p = (char *)EXPECT_OK(raw_mmap(0, 32 * MIB, PROT_READ, PRIVATE, -1, 0));
	EXPECT(meminfo_value("Committed_AS") <= before + slack);
	EXPECT_OK(raw_mprotect(p, 16 * MIB, RW));
	EXPECT(meminfo_value("Committed_AS") >= before + kib / 2 - slack);
	EXPECT_OK(raw_mprotect(p, 16 * MIB, PROT_READ)); /* stays charged */
	EXPECT(meminfo_value("Committed_AS") >= before + kib / 2 - slack);
	EXPECT_OK(raw_munmap(p, 32 * MIB));
	EXPECT(meminfo_value("Committed_AS") <= before + slack);
	p = (char *)EXPECT_OK(raw_mmap(0, 32 * MIB, RW, SHARED, -1, 0));
	EXPECT(meminfo_value("Committed_AS") >= before + kib - slack);
	EXPECT_OK(raw_munmap(p, 32 * MIB));
	EXPECT(meminfo_value("Committed_AS") <= before + slack);
}

TEST("LIM-9", "failing calls leave no charge")
{
	long before = meminfo_value("Committed_AS");
	char *p = map_private(4, PROT_READ);

	for (int i = 0; i < 20; i++) {
		EXPECT_ERR(raw_mmap(0, 16 * MIB, RW, 8 | MAP_ANONYMOUS, -1, 0), EINVAL);
		EXPECT_ERR(raw_mmap(0, ram() + 64 * MIB, RW, PRIVATE, -1, 0), ENOMEM);
		EXPECT_ERR(raw_mmap(p, 16 * MIB, RW, PRIVATE | NOREPLACE, -1, 0), EEXIST);
		EXPECT_ERR(raw_mremap(p, 4 * PAGE, 0, 0, 0), EINVAL);
	}
	EXPECT(meminfo_value("Committed_AS") <= before + 256);
}

TEST("LIM-11", "a limit below what is in use only stops growth")
{
	char *p = map_private(16, RW);

	p[0] = 'k';
	set_limit(RLIMIT_AS, PAGE);
	set_limit(RLIMIT_DATA, PAGE);
	EXPECT_EQ(p[0], 'k');
	p[5 * PAGE] = 1;
	EXPECT_ERR(raw_mmap(0, PAGE, PROT_NONE, PRIVATE, -1, 0), ENOMEM);
	EXPECT_OK(raw_mprotect(p, PAGE, PROT_READ));
	EXPECT_OK(raw_munmap(p + 8 * PAGE, PAGE));
	EXPECT_ERR(raw_mmap(0, PAGE, PROT_NONE, PRIVATE, -1, 0), ENOMEM);
}

TEST("LIM-10", "the ratio and the absolute limit of mode 2 exclude each other")
{
	long ratio, kib, limit;

	EXPECT(write_number("/proc/sys/vm/overcommit_kbytes", "100000\n") > 0);
	ratio = read_number("/proc/sys/vm/overcommit_ratio");
	limit = meminfo_value("CommitLimit");
	EXPECT(write_number("/proc/sys/vm/overcommit_ratio", "50\n") > 0);
	kib = read_number("/proc/sys/vm/overcommit_kbytes");
	EXPECT_EQ(ratio, 0);
	EXPECT_EQ(limit, 100000);
	EXPECT_EQ(kib, 0);
	EXPECT_EQ(read_number("/proc/sys/vm/overcommit_ratio"), 50);
}

TEST("FILE-13", "a page of an object that nobody reserved may be refused, with SIGBUS")
{
	int fd = EXPECT_OK(raw_memfd_create("unreserved", 0));
	struct fault fault;
	char *p, *kept;

	EXPECT_OK(raw_ftruncate(fd, 2 * PAGE));
	p = (char *)EXPECT_OK(raw_mmap(0, 2 * PAGE, RW, MAP_SHARED, fd, 0));
	kept = map_shared(2, RW); /* charged as a whole: its pages are promised */
	catch_faults();
	EXPECT(write_number("/proc/sys/vm/overcommit_kbytes", "4\n") > 0);
	EXPECT(write_number("/proc/sys/vm/overcommit_memory", "2\n") > 0);
	fault = try_access(p + 5, WRITE);
	kept[0] = 1;
	EXPECT(write_number("/proc/sys/vm/overcommit_memory", "0\n") > 0);
	EXPECT(write_number("/proc/sys/vm/overcommit_ratio", "50\n") > 0);
	EXPECT_EQ(fault.signal, SIGBUS);
	EXPECT_EQ(fault.code, BUS_ADRERR);
	EXPECT_EQ(fault.addr, p + 5);
	EXPECT_ACCESS(p + 5, WRITE);
}

TEST("LIM-12", "the knobs of /proc/sys/vm are there and check what is written")
{
	static const char *const names[] = {"max_map_count",	"overcommit_memory",
					    "overcommit_ratio", "overcommit_kbytes",
					    "mmap_min_addr",	"legacy_va_layout"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char path[64];

		snprintf(path, sizeof(path), "/proc/sys/vm/%s", names[i]);
		EXPECT(read_number(path) >= 0);
	}
	EXPECT_ERR(write_number("/proc/sys/vm/overcommit_memory", "3\n"), EINVAL);
	EXPECT_ERR(write_number("/proc/sys/vm/overcommit_memory", "-1\n"), EINVAL);
	EXPECT_ERR(write_number("/proc/sys/vm/overcommit_memory", "x\n"), EINVAL);
	EXPECT_EQ(read_number("/proc/sys/vm/overcommit_memory"), 0);
}
