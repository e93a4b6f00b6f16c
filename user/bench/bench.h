/* SPDX-License-Identifier: MIT */
/*
 * user/bench/bench.h - what the benchmark files share.
 *
 * A benchmark does its operation `ops` times and returns the ticks (TSC) that took, without its
 * preparation. The driver runs it several times and prints the best, divided by ops. Under QEMU's
 * -icount shift=0 a tick is one guest instruction.
 */
#ifndef BENCH_H
#define BENCH_H

#include <stddef.h>
#include <stdint.h>

#define PAGE 4096UL
#define MiB  (1024UL * 1024)

struct bench {
	const char *name;
	unsigned long ops; /* what the ticks are divided by */
	uint64_t (*run)(unsigned long ops);
};

static inline uint64_t ticks(void)
{
	uint32_t low, high;

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
	return low | (uint64_t)high << 32;
}

/* Print why and end the run: a benchmark that cannot do its work must not print a figure. */
void fail(const char *what) __attribute__((noreturn));
/* Anonymous private memory; ends the run if there is none. */
char *map_anon(size_t size);
/* One store to each page. */
void touch(char *p, size_t size);
/* One load from each page. */
void read_all(const char *p, size_t size);
/* The parent's time in this many fork(), or until their children have been waited for. */
uint64_t time_forks(unsigned long ops, int reaped);
/* wait4() for this child, which must exit with 0. */
void reap(int pid);

extern const struct bench process_benches[], memory_benches[], remap_benches[], area_benches[],
	file_benches[], ipc_benches[], uffd_benches[];

#endif
