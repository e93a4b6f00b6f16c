/* SPDX-License-Identifier: MIT */
/*
 * vmstat.h - counters of the memory subsystem, one copy per CPU, summed when read.
 *
 * Items (NR_*) go up and down and count pages in a state; events (PG*) only go up. A single CPU's
 * copy means nothing: pages are freed elsewhere than they were allocated.
 */
#ifndef PAGODA_VMSTAT_H
#define PAGODA_VMSTAT_H

#include <pagoda/types.h>
#include <asm/percpu.h>

enum vm_stat_item {
	NR_ANON_MAPPED, /* private anonymous pages in page tables */
	NR_FILE_MAPPED, /* entries of page tables that map page-cache pages */
	NR_FILE_PAGES,	/* page cache, shmem included */
	NR_SHMEM,
	NR_FILE_DIRTY, /* 0, like the next: nothing is written back without a disk */
	NR_WRITEBACK,
	NR_SLAB_RECLAIMABLE,
	NR_SLAB_UNRECLAIMABLE,
	NR_PAGETABLE,
	NR_KERNEL_STACK, /* pages */
	NR_VMALLOC,
	/* events */
	PGALLOC,
	PGFREE,
	PGFAULT,
	PGMAJFAULT,
	PGREUSE,	/* COW faults that kept the frame */
	PGLAZYFREE,	/* pages given up with MADV_FREE */
	PGLAZYFREED,	/* those of them that reclaim took */
	DROP_PAGECACHE, /* times that a program asked for it by drop_caches */
	DROP_SLAB,
	OOM_KILL,
	ALLOCSTALL, /* allocations that had to reclaim */
	NR_VM_STAT_ITEMS,
};

DECLARE_PER_CPU(long[NR_VM_STAT_ITEMS], vm_stat);

#define mod_vm_stat(item, n) this_cpu_add(vm_stat[item], (long)(n))
#define inc_vm_stat(item)    mod_vm_stat(item, 1)
#define dec_vm_stat(item)    mod_vm_stat(item, -1)

#define count_vm_event(item)	 mod_vm_stat(item, 1)
#define count_vm_events(item, n) mod_vm_stat(item, n)

/* mm/mlock.c: pages of locked areas, as far as they are resident; shared ones count for each. */
unsigned long nr_mlocked_pages(void);

/* ---- mm/vmstat.c ------------------------------------------------------------------------- */

/* Sum over CPUs; items are never reported negative. */
unsigned long vm_stat_sum(enum vm_stat_item item);
/* Name and value of the i-th line of /proc/vmstat; NULL past the end. */
const char *vmstat_line(unsigned int i, unsigned long *value);

/* In pages. */
struct meminfo {
	unsigned long totalram, freeram, available;
	unsigned long sharedram, bufferram, cached; /* cached includes shmem, as in Linux */
	unsigned long totalswap, freeswap;
	unsigned long anon, mapped;
	unsigned long slab_reclaimable, slab_unreclaimable;
	unsigned long pagetables, kernel_stack, vmalloc_used, mlocked;
};

void si_meminfo(struct meminfo *info);

#endif
