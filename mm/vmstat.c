// SPDX-License-Identifier: MIT
/*
 * mm/vmstat.c - sums the memory counters for /proc/vmstat, /proc/meminfo and sysinfo(2).
 */
#include <pagoda/kernel.h>
#include <pagoda/gfp.h>
#include <pagoda/smp.h>
#include <pagoda/vmstat.h>

DEFINE_PER_CPU(long[NR_VM_STAT_ITEMS], vm_stat);

unsigned long vm_stat_sum(enum vm_stat_item item)
{
	unsigned int cpu;
	long sum = 0;

	for_each_possible_cpu (cpu)
		sum += READ_ONCE(per_cpu(vm_stat[item], cpu));
	return max(sum, 0L);
}

/* In Linux's order; names as in /proc/vmstat. */
static const struct {
	const char *name;
	enum vm_stat_item item;
	unsigned int scale;
} vmstat_items[] = {
	{"nr_slab_reclaimable", NR_SLAB_RECLAIMABLE, 1},
	{"nr_slab_unreclaimable", NR_SLAB_UNRECLAIMABLE, 1},
	{"nr_anon_pages", NR_ANON_MAPPED, 1},
	{"nr_mapped", NR_FILE_MAPPED, 1},
	{"nr_file_pages", NR_FILE_PAGES, 1},
	{"nr_dirty", NR_FILE_DIRTY, 1},
	{"nr_writeback", NR_WRITEBACK, 1},
	{"nr_shmem", NR_SHMEM, 1},
	{"nr_kernel_stack", NR_KERNEL_STACK, 4}, /* KiB */
	{"nr_page_table_pages", NR_PAGETABLE, 1},
	{"pgalloc_normal", PGALLOC, 1},
	{"allocstall_normal", ALLOCSTALL, 1},
	{"pgfree", PGFREE, 1},
	{"pglazyfree", PGLAZYFREE, 1},
	{"pgfault", PGFAULT, 1},
	{"pgmajfault", PGMAJFAULT, 1},
	{"pglazyfreed", PGLAZYFREED, 1},
	{"pgreuse", PGREUSE, 1},
	{"drop_pagecache", DROP_PAGECACHE, 1},
	{"drop_slab", DROP_SLAB, 1},
	{"oom_kill", OOM_KILL, 1},
};

const char *vmstat_line(unsigned int i, unsigned long *value)
{
	if (i == 0) {
		*value = nr_free_pages();
		return "nr_free_pages";
	}
	if (i == 1) {
		*value = nr_mlocked_pages();
		return "nr_mlock";
	}
	i -= 2;
	if (i >= ARRAY_SIZE(vmstat_items))
		return NULL;
	*value = vm_stat_sum(vmstat_items[i].item) * vmstat_items[i].scale;
	return vmstat_items[i].name;
}

void si_meminfo(struct meminfo *info)
{
	*info = (struct meminfo){
		.totalram = nr_managed_pages(),
		.freeram = nr_free_pages(),
		.sharedram = vm_stat_sum(NR_SHMEM),
		.cached = vm_stat_sum(NR_FILE_PAGES),
		.anon = vm_stat_sum(NR_ANON_MAPPED),
		.mapped = vm_stat_sum(NR_FILE_MAPPED),
		.slab_reclaimable = vm_stat_sum(NR_SLAB_RECLAIMABLE),
		.slab_unreclaimable = vm_stat_sum(NR_SLAB_UNRECLAIMABLE),
		.pagetables = vm_stat_sum(NR_PAGETABLE),
		.kernel_stack = vm_stat_sum(NR_KERNEL_STACK),
		.vmalloc_used = vm_stat_sum(NR_VMALLOC),
		.mlocked = nr_mlocked_pages(),
	};
	/* What programs could get without anyone losing data: shmem cannot be dropped. */
	info->available = nr_free_buffer_pages() + info->slab_reclaimable / 2;
	if (info->cached > info->sharedram)
		info->available += info->cached - info->sharedram;
}
