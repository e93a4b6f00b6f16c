// SPDX-License-Identifier: MIT
/*
 * user/bench/bench.c - runs the benchmarks and prints a line for each:
 *
 *	bench NAME TICKS
 *
 * Usage: bench [PATTERN]	only those whose name contains PATTERN
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

void reap(int pid)
{
	int status;

	if (pid < 0)
		fail("fork");
	if (waitpid(pid, &status, 0) != pid || status)
		fail("child");
}

static void run_group(const struct bench *b, const char *pattern)
{
	for (; b->name; b++) {
		uint64_t best = UINT64_MAX;

		if (pattern && !strstr(b->name, pattern))
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
	const char *pattern = argc > 1 ? argv[1] : NULL;

	/* The program that vfork_execve_wait and fork_execve_wait start: this one. */
	if (pattern && !strcmp(pattern, "--exit"))
		_exit(0);
	run_group(process_benches, pattern);
	run_group(memory_benches, pattern);
	run_group(ipc_benches, pattern);
	return 0;
}
