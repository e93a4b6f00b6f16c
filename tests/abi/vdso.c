// SPDX-License-Identifier: MIT
/*
 * tests/abi/vdso.c - the kernel's shared object in every program, and what holds for special areas
 * (docs/contract/mmap.md: GEN-7, PROT-18, RMP-16, RMP-24, MLK-14; calls.md: EXE-22).
 */
#include <elf.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "lib/fault.h"
#include "lib/maps.h"
#include "lib/sys.h"
#include "lib/task.h"
#include "lib/test.h"

#define SYSINFO_EHDR 33

static struct area vdso, vvar;

static void find_areas(void)
{
	EXPECT(area_named("[vdso]", &vdso));
	EXPECT(area_named("[vvar]", &vvar));
}

static size_t pages_of(const struct area *area)
{
	return (area->end - area->start) / PAGE;
}

/* The function of this name in the object that is mapped at base; NULL if there is none. */
static void *function_at(const char *base, const char *name)
{
	const Elf64_Ehdr *eh = (const Elf64_Ehdr *)base;
	const Elf64_Phdr *ph = (const Elf64_Phdr *)(base + eh->e_phoff);
	const Elf64_Dyn *dynamic = NULL;
	const Elf64_Sym *symbols = NULL;
	const char *strings = NULL;
	const Elf32_Word *hash = NULL;

	for (int i = 0; i < eh->e_phnum; i++)
		if (ph[i].p_type == PT_DYNAMIC)
			dynamic = (const Elf64_Dyn *)(base + ph[i].p_vaddr);
	EXPECT(dynamic);
	for (; dynamic->d_tag != DT_NULL; dynamic++) {
		const char *at = base + dynamic->d_un.d_ptr;

		if (dynamic->d_tag == DT_SYMTAB)
			symbols = (const Elf64_Sym *)at;
		if (dynamic->d_tag == DT_STRTAB)
			strings = at;
		if (dynamic->d_tag == DT_HASH)
			hash = (const Elf32_Word *)at;
	}
	EXPECT(symbols && strings && hash);
	for (Elf32_Word i = 0; i < hash[1]; i++)
		if (strcmp(strings + symbols[i].st_name, name) == 0)
			return (void *)(base + symbols[i].st_value);
	return NULL;
}

typedef int clock_function(clockid_t, struct timespec *);

static long nanoseconds(const struct timespec *ts)
{
	return ts->tv_sec * 1000000000L + ts->tv_nsec;
}

/* The function's time lies between two of the system call's. */
static void check_clock(clock_function *function, clockid_t clock)
{
	struct timespec before, now, after;

	for (int i = 0; i < 50; i++) {
		EXPECT_EQ(raw(SYS_clock_gettime, clock, &before), 0);
		EXPECT_EQ(function(clock, &now), 0);
		EXPECT_EQ(raw(SYS_clock_gettime, clock, &after), 0);
		EXPECT(nanoseconds(&before) <= nanoseconds(&now));
		EXPECT(nanoseconds(&now) <= nanoseconds(&after));
		EXPECT(now.tv_nsec >= 0 && now.tv_nsec < 1000000000);
	}
}

TEST("EXE-22", "the auxiliary vector tells where it is, the data lies below it")
{
	static const char *const names[] = {"__vdso_clock_gettime", "__vdso_gettimeofday",
					    "__vdso_time",	    "__vdso_getcpu",
					    "__vdso_clock_getres",  "clock_gettime"};
	const char *base = (const char *)getauxval(SYSINFO_EHDR);

	find_areas();
	EXPECT_EQ(base, vdso.start);
	EXPECT_EQ(vvar.end, vdso.start);
	EXPECT_STR(vdso.perms, "r-xp");
	EXPECT_STR(vvar.perms, "r--p");
	EXPECT_EQ(vdso.inode, 0);
	EXPECT(memcmp(base, ELFMAG, SELFMAG) == 0);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		EXPECT(function_at(base, names[i]));
	EXPECT(!function_at(base, "nothing"));
	EXPECT_SEGV(base, WRITE, SEGV_ACCERR);
	EXPECT_SEGV((char *)vvar.start, WRITE, SEGV_ACCERR);
	EXPECT_SEGV((char *)vvar.start, EXEC, SEGV_ACCERR);
}

TEST("EXE-22", "its clocks agree with the system calls")
{
	const char *base = (const char *)getauxval(SYSINFO_EHDR);
	clock_function *gettime = (clock_function *)function_at(base, "__vdso_clock_gettime");
	int (*gettimeofday_)(struct timeval *, void *) = function_at(base, "__vdso_gettimeofday");
	time_t (*time_)(time_t *) = function_at(base, "__vdso_time");
	int (*getcpu_)(unsigned int *, unsigned int *, void *) = function_at(base, "__vdso_getcpu");
	struct timeval before, now, after;
	unsigned int cpu = 99, node = 99;
	struct timespec ts;
	time_t seconds;

	check_clock(gettime, CLOCK_MONOTONIC);
	check_clock(gettime, CLOCK_REALTIME);
	check_clock(gettime, CLOCK_BOOTTIME);
	check_clock(gettime, CLOCK_TAI);
	check_clock(gettime, CLOCK_MONOTONIC_RAW);
	check_clock(gettime, CLOCK_PROCESS_CPUTIME_ID);
	EXPECT_EQ(gettime(1000, &ts), -EINVAL);
	EXPECT_EQ(raw(SYS_gettimeofday, &before, 0), 0);
	EXPECT_EQ(gettimeofday_(&now, NULL), 0);
	EXPECT_EQ(raw(SYS_gettimeofday, &after, 0), 0);
	EXPECT(!timercmp(&now, &before, <) && !timercmp(&now, &after, >));
	EXPECT(time_(&seconds) >= before.tv_sec);
	EXPECT(seconds <= raw(SYS_time, 0) + 1);
	pin_to_cpu(0);
	EXPECT_EQ(getcpu_(&cpu, &node, NULL), 0);
	EXPECT_EQ(cpu, 0);
	EXPECT_EQ(node, 0);
}

TEST("PROT-18", "protection of the object is changed as a whole or not at all")
{
	find_areas();
	if (pages_of(&vdso) > 1) {
		EXPECT_ERR(raw_mprotect(vdso.start, PAGE, PROT_READ), EINVAL);
		EXPECT_ERR(raw_mprotect(vdso.start + PAGE, PAGE, PROT_READ), EINVAL);
		EXPECT_ERR(raw_munmap(vdso.start, PAGE), EINVAL);
		EXPECT_ERR(raw_madvise(vdso.start, PAGE, MADV_DONTFORK), EINVAL);
	}
	EXPECT_EQ(raw_mprotect(vdso.start, vdso.end - vdso.start, PROT_READ), 0);
	EXPECT_SEGV((char *)vdso.start, EXEC, SEGV_ACCERR);
	EXPECT_ACCESS((char *)vdso.start, READ);
	EXPECT_EQ(raw_mprotect(vdso.start, vdso.end - vdso.start, PROT_READ | PROT_EXEC), 0);
	EXPECT_ERR(raw_mprotect(vvar.start, vvar.end - vvar.start, RW), EACCES);
}

TEST("PROT-18,COW-2", "what a debugger writes into the object is its process's own")
{
	clock_function *gettime;
	pid_t pid;

	find_areas();
	pid = test_fork();
	if (pid == 0) {
		EXPECT_EQ(raw_mprotect(vdso.start, vdso.end - vdso.start, RWX), 0);
		memset((char *)vdso.start, 0xcc, vdso.end - vdso.start);
		EXPECT_EQ(*(unsigned char *)(vdso.end - PAGE + 5), 0xcc);
		_exit(0);
	}
	EXPECT_EXIT(pid, 0);
	gettime = (clock_function *)function_at((char *)vdso.start, "__vdso_clock_gettime");
	check_clock(gettime, CLOCK_MONOTONIC);
}

TEST("RMP-16", "special areas do not grow")
{
	size_t size;

	find_areas();
	size = vdso.end - vdso.start;
	EXPECT_ERR(raw_mremap(vdso.start, size, size + PAGE, MREMAP_MAYMOVE, 0), EFAULT);
	EXPECT_ERR(raw_mremap(vdso.start, size, size + PAGE, 0, 0), EFAULT);
	size = vvar.end - vvar.start;
	EXPECT_ERR(raw_mremap(vvar.start, size, size + PAGE, MREMAP_MAYMOVE, 0), EFAULT);
	find_areas();
	EXPECT_EQ(vvar.end - vvar.start, size);
}

TEST("RMP-24", "the object works at another place, where its data moved along")
{
	size_t data, size;
	char *to;

	find_areas();
	data = vvar.end - vvar.start;
	size = vdso.end - vdso.start;
	to = free_range((data + size) / PAGE);
	EXPECT_EQ(raw_mremap(vvar.start, data, data, MREMAP_MAYMOVE | MREMAP_FIXED, to), to);
	EXPECT_EQ(raw_mremap(vdso.start, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, to + data),
		  to + data);
	find_areas();
	EXPECT_EQ(vvar.start, to);
	EXPECT_EQ(vdso.start, to + data);
	EXPECT_UNMAPPED((char *)getauxval(SYSINFO_EHDR));
	check_clock((clock_function *)function_at(to + data, "__vdso_clock_gettime"),
		    CLOCK_MONOTONIC);
	EXPECT_EQ(raw_munmap(vdso.start, size), 0);
	EXPECT_EQ(raw_munmap(vvar.start, data), 0);
	EXPECT(!area_named("[vdso]", &vdso));
}

TEST("MLK-14", "special areas are passed over by mlock and mlockall")
{
	find_areas();
	EXPECT_EQ(raw_mlock(vdso.start, vdso.end - vdso.start), 0);
	EXPECT_EQ(raw_mlock(vvar.start, vvar.end - vvar.start), 0);
	EXPECT(!has_flag((char *)vdso.start, "lo"));
	EXPECT(!has_flag((char *)vvar.start, "lo"));
	EXPECT_EQ(status_value("VmLck"), 0);
	EXPECT_EQ(raw_mlockall(MCL_CURRENT), 0);
	EXPECT(!has_flag((char *)vdso.start, "lo"));
	EXPECT_EQ(status_value("VmLck"),
		  status_value("VmSize") - (vdso.end - vdso.start + vvar.end - vvar.start) / 1024);
}

TEST("GEN-7", "special areas never merge with what is beside them")
{
	size_t size;
	char *to;

	find_areas();
	EXPECT(has_flag((char *)vdso.start, "de"));
	EXPECT(has_flag((char *)vvar.start, "io"));
	EXPECT(has_flag((char *)vvar.start, "pf"));
	size = vdso.end - vdso.start;
	to = free_range(4 + size / PAGE);
	EXPECT_EQ(raw_mremap(vdso.start, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, to + PAGE),
		  to + PAGE);
	EXPECT_OK(raw_mmap(to, PAGE, PROT_READ | PROT_EXEC, PRIVATE | MAP_FIXED, -1, 0));
	EXPECT_OK(raw_mmap(to + PAGE + size, PAGE, PROT_READ | PROT_EXEC, PRIVATE | MAP_FIXED, -1,
			   0));
	EXPECT_EQ(areas_in(to, 2 + size / PAGE), 3);
	EXPECT_ERR(raw_madvise(to + PAGE, size, MADV_DODUMP), EINVAL);
}
