// SPDX-License-Identifier: MIT
/*
 * user/bench/bench.c - runs the benchmarks and prints a line for each:
 *
 *	bench NAME TICKS
 *
 * Usage: bench [PATTERN...]	only those whose name contains one of the patterns
 */
#include "bench.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define REPEAT 3

void fail(const char *what)
{
	perror(what);
	exit(1);
}

char *map_anon(size_t size)
{
	char *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		fail("mmap");
	return p;
}

void touch(char *p, size_t size)
{
	for (size_t i = 0; i < size; i += PAGE)
		((volatile char *)p)[i] = 1;
}

void read_all(const char *p, size_t size)
{
	for (size_t i = 0; i < size; i += PAGE)
		(void)((const volatile char *)p)[i];
}

void reap(int pid)
{
	int status;

	if (pid < 0)
		fail("fork");
	if (waitpid(pid, &status, 0) != pid || status)
		fail("child");
}

static int is_wanted(const char *name, char **patterns)
{
	if (!*patterns)
		return 1;
	for (; *patterns; patterns++)
		if (strstr(name, *patterns))
			return 1;
	return 0;
}

static void run_group(const struct bench *b, char **patterns)
{
	for (; b->name; b++) {
		uint64_t best = UINT64_MAX;

		if (!is_wanted(b->name, patterns))
			continue;
		for (int i = 0; i < REPEAT; i++) {
			uint64_t t = b->run(b->ops);

			if (t < best)
				best = t;
		}
		printf("bench %s %llu\n", b->name, (unsigned long long)(best / b->ops));
		fflush(stdout);
	}
}

int main(int argc, char **argv)
{
	char **patterns = argv + (argc > 0);

	/* The program that vfork_execve_wait and fork_execve_wait start: this one. */
	if (argc > 1 && !strcmp(argv[1], "--exit"))
		_exit(0);
	run_group(process_benches, patterns);
	run_group(memory_benches, patterns);
	run_group(remap_benches, patterns);
	run_group(area_benches, patterns);
	run_group(file_benches, patterns);
	run_group(ipc_benches, patterns);
	run_group(uffd_benches, patterns);
	return 0;
}
