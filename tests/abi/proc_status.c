// SPDX-License-Identifier: MIT
/*
 * tests/abi/proc_status.c - the memory lines of /proc/PID/status, and /proc of kernel threads
 * (docs/contract/fork.md, sections 8 and 14).
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/maps.h"
#include "lib/sys.h"
#include "lib/task.h"
#include "lib/test.h"

#define PF_KTHREAD 0x00200000

static const char *const names[] = {"VmPeak", "VmSize",	 "VmLck",   "VmPin",	"VmHWM",
				    "VmRSS",  "RssAnon", "RssFile", "RssShmem", "VmData",
				    "VmStk",  "VmExe",	 "VmLib",   "VmPTE",	"VmSwap"};
#define NAMES (sizeof(names) / sizeof(names[0]))

TEST("STS-1,PROC-17", "the lines stand in order and in their format")
{
	char text[4096], want[64], *at;
	long value;

	map_private(1, RW)[0] = 1;
	EXPECT_OK(read_file("/proc/self/status", text, sizeof(text)));
	at = strstr(text, "\nVmPeak:");
	EXPECT(at);
	for (size_t i = 0; i < NAMES; i++) {
		at++;
		value = strtol(at + strlen(names[i]) + 1, NULL, 10);
		snprintf(want, sizeof(want), "%s:\t%8ld kB\n", names[i], value);
		EXPECT_EQ(strncmp(at, want, strlen(want)), 0);
		at += strlen(want) - 1;
	}
	if (strncmp(at, "\nHugetlbPages:", 14) == 0)
		EXPECT_EQ(strncmp(at, "\nHugetlbPages:\t", 15), 0);
}

static int sum_private_writable(const struct area *area, void *context)
{
	if (area->perms[1] == 'w' && area->perms[3] == 'p' && strcmp(area->name, "[stack]") != 0)
		*(long *)context += area->end - area->start;
	return 1;
}

static int sum_all(const struct area *area, void *context)
{
	*(long *)context += area->end - area->start;
	return 1;
}

static int sum_code(const struct area *area, void *context)
{
	if (area->perms[2] == 'x' && area->perms[1] == '-')
		*(long *)context += area->end - area->start;
	return 1;
}

TEST("STS-2", "sizes are those of the areas, and follow what is mapped")
{
	long size = 0, data = 0, before, pte;
	struct area stack;
	char *p;

	for_each_area(sum_all, &size);
	for_each_area(sum_private_writable, &data);
	EXPECT_EQ(status_value("VmSize") * 1024, size);
	EXPECT_EQ(status_value("VmData") * 1024, data);
	EXPECT(area_named("[stack]", &stack));
	EXPECT_EQ(status_value("VmStk") * 1024, stack.end - stack.start);
	EXPECT_EQ(status_value("VmPin"), 0);
	EXPECT_EQ(status_value("VmSwap"), 0);
	before = status_value("VmSize");
	pte = status_value("VmPTE");
	p = (char *)EXPECT_OK(raw_mmap(0x300000000000, 16 * PAGE, RW, PRIVATE | MAP_FIXED, -1, 0));
	EXPECT_EQ(status_value("VmSize"), before + 64);
	EXPECT_EQ(status_value("VmData") * 1024, data + 64 * 1024);
	p[0] = 1;
	EXPECT(status_value("VmPTE") >= pte + 4);
	EXPECT_OK(raw_mlock(p, 3 * PAGE));
	EXPECT_EQ(status_value("VmLck"), 12);
	EXPECT_OK(raw_munmap(p, 16 * PAGE));
	EXPECT_EQ(status_value("VmSize"), before);
	EXPECT_EQ(status_value("VmLck"), 0);
	EXPECT_EQ(status_value("VmPTE"), pte);
}

TEST("STS-2", "resident memory is the sum of its kinds")
{
	char text[4096];
	long value[NAMES];
	char *anon = map_private(8, RW), *shared = map_shared(8, RW);
	long before = rss_pages("RssShmem");

	memset(anon, 1, 8 * PAGE);
	memset(shared, 1, 8 * PAGE);
	EXPECT_EQ(rss_pages("RssShmem"), before + 8);
	EXPECT_OK(read_file("/proc/self/status", text, sizeof(text)));
	for (size_t i = 0; i < NAMES; i++)
		value[i] = strtol(strstr(text, names[i]) + strlen(names[i]) + 1, NULL, 10);
	EXPECT_EQ(value[5], value[6] + value[7] + value[8]);
	EXPECT(value[6] >= 32);
}

TEST("STS-3", "code is the program's, the rest of what can be executed is libraries")
{
	long code = 0, start = stat_value(26), end = stat_value(27);
	long exe = (((end + PAGE - 1) & -PAGE) - (start & -PAGE)) / 1024;

	for_each_area(sum_code, &code);
	EXPECT(status_value("VmExe") <= exe);
	EXPECT_EQ(status_value("VmExe") + status_value("VmLib"), code / 1024);
	EXPECT_OK(raw_mmap(0, 4 * PAGE, PROT_READ | PROT_EXEC, PRIVATE, -1, 0));
	EXPECT_EQ(status_value("VmExe") + status_value("VmLib"), code / 1024 + 16);
}

TEST("STS-4", "peaks stay when memory is given back")
{
	char *p = map_private(1024, RW);
	long size = status_value("VmSize");

	memset(p, 1, 1024 * PAGE);
	EXPECT_OK(raw_munmap(p, 1024 * PAGE));
	EXPECT(status_value("VmPeak") >= size);
	EXPECT(status_value("VmHWM") >= 3800);
	EXPECT(status_value("VmRSS") < 3800);
	EXPECT_EQ(status_value("VmSize"), size - 4096);
}

TEST("STS-5", "a child has nothing locked and its size as its peak")
{
	char *p = map_private(16, RW);
	long size;
	pid_t pid;

	EXPECT_OK(raw_mlock(p, 4 * PAGE));
	EXPECT_OK(raw_madvise(p + 8 * PAGE, 8 * PAGE, MADV_DONTFORK));
	size = status_value("VmSize");
	pid = test_fork();
	if (pid == 0) {
		EXPECT_EQ(status_value("VmLck"), 0);
		EXPECT_EQ(status_value("VmSize"), size - 32);
		EXPECT_EQ(status_value("VmPeak"), size - 32);
		_exit(0);
	}
	EXPECT_EXIT(pid, 0);
}

static void *hold(void *argument)
{
	struct gate *gates = argument;

	*(volatile int *)&gates[2].in = raw_gettid();
	gate_open(&gates[1]);
	gate_pass(&gates[0]);
	return NULL;
}

TEST("STS-6", "threads show the same memory lines")
{
	struct gate gates[3] = {gate_new(), gate_new(), {0, 0}};
	struct thread thread = thread_start(hold, gates);
	char mine[4096], theirs[4096], path[64];

	gate_pass(&gates[1]);
	await_state(gates[2].in, "S");
	rss_pages("VmRSS"); /* touches what is needed, so that nothing changes between */
	memset(mine, 0, sizeof(mine));
	memset(theirs, 0, sizeof(theirs));
	snprintf(path, sizeof(path), "/proc/self/task/%d/status", gates[2].in);
	for (int i = 0; i < 2; i++) {
		EXPECT_OK(read_file("/proc/self/status", mine, sizeof(mine)));
		EXPECT_OK(read_file(path, theirs, sizeof(theirs)));
	}
	for (size_t i = 0; i < NAMES; i++) {
		char *a = strstr(mine, names[i]), *b = strstr(theirs, names[i]);

		EXPECT(a && b);
		*strchr(a, '\n') = *strchr(b, '\n') = 0;
		EXPECT_STR(b, a);
		a[strlen(a)] = b[strlen(b)] = '\n';
	}
	gate_open(&gates[0]);
	thread_join(thread);
}

/* Calls check for each kernel thread that there is; returns how many. */
static int each_kernel_thread(void (*check)(pid_t pid))
{
	int count = 0;

	for (pid_t pid = 2; pid < 200; pid++) {
		long flags = task_stat(pid, 9);

		if (flags < 0 || !(flags & PF_KTHREAD))
			continue;
		check(pid);
		count++;
	}
	return count;
}

static void check_no_memory(pid_t pid)
{
	char text[4096];

	if (task_file(pid, "status", text, sizeof(text)) <= 0)
		return; /* it has ended */
	EXPECT(!strstr(text, "Vm") && !strstr(text, "Rss"));
	EXPECT(strstr(text, "Threads:"));
	EXPECT_EQ(task_file(pid, "maps", text, sizeof(text)), 0);
	EXPECT_EQ(task_file(pid, "smaps", text, sizeof(text)), 0);
	EXPECT_EQ(task_file(pid, "cmdline", text, sizeof(text)), 0);
	if (task_file(pid, "statm", text, sizeof(text)) > 0)
		EXPECT_STR(text, "0 0 0 0 0 0 0\n");
	EXPECT_EQ(task_stat(pid, 23), 0);
}

TEST("KTH-4,STS-7,KTH-1,CMM-2", "a kernel thread has no memory to show")
{
	if (each_kernel_thread(check_no_memory) == 0)
		SKIP("no kernel threads to be seen");
}

static void check_links(pid_t pid)
{
	char path[64], text[64];

	snprintf(path, sizeof(path), "/proc/%d/exe", pid);
	EXPECT_ERR(raw(SYS_readlink, path, text, sizeof(text)), ENOENT);
	EXPECT_ERR(raw_kill(pid, SIGKILL) == 0 && task_state(pid) == 0 ? 1 : -EPERM, EPERM);
}

TEST("KTH-4", "nor a program, and no signal ends it")
{
	if (each_kernel_thread(check_links) == 0)
		SKIP("no kernel threads to be seen");
}

TEST("KTH-2,KTH-3", "the memory of a process that kernel threads may still run on is freed at once")
{
	long before;

	free_memory();
	before = free_memory();
	for (int i = 0; i < 8; i++) {
		pid_t pid = test_fork();

		if (pid == 0) {
			char *p = map_private(2048, RW);

			pin_to_cpu(i % cpu_count());
			memset(p, 1, 2048 * PAGE);
			_exit(0);
		}
		EXPECT_EXIT(pid, 0);
		EXPECT(free_memory() > before - 4096);
	}
}
