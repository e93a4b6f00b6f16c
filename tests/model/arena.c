// SPDX-License-Identifier: MIT
/*
 * tests/model/arena.c - physical memory: an arena of the host, and the start of mm/ over it.
 */
#include <pagoda/cred.h>
#include <pagoda/fs.h>
#include <pagoda/gfp.h>
#include <pagoda/kernel.h>
#include <pagoda/memblock.h>
#include <pagoda/mm.h>
#include <pagoda/mman.h>
#include <pagoda/pagemap.h>
#include <pagoda/sched.h>
#include <pagoda/slab.h>
#include <asm/pgtable.h>
#include "machine.h"

/* libc. */
void *mmap(void *addr, size_t len, int prot, int flags, int fd, long offset);

#define ARENA_SIZE (64UL << 20)
#define HOST_PROT  3	    /* PROT_READ | PROT_WRITE */
#define HOST_FLAGS 0x104022 /* MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE */

static void host_map(unsigned long addr, unsigned long size)
{
	if (mmap((void *)addr, size, HOST_PROT, HOST_FLAGS, -1, 0) != (void *)addr)
		machine_panic("the host has something at %#lx", addr);
}

/* The first frame is the zero page's; nothing else of the kernel image has a frame. */
phys_addr_t arena_pa_symbol(const void *sym)
{
	return 0;
}

int vmemmap_populate(unsigned long start, unsigned long end)
{
	host_map(start, PAGE_ALIGN(end - start));
	return 0;
}

void machine_boot(void)
{
	host_map(PAGE_OFFSET, ARENA_SIZE);
	memblock_add(0, ARENA_SIZE);
	memblock_reserve(0, PAGE_SIZE);
	mem_init();
	kmem_cache_init();
	pagecache_init();
	mm_core_init();
	cred_init();
	vfs_caches_init();
}

/* ---- What is in use -------------------------------------------------------------------------- */

static int add_slab(const struct slabinfo *info, void *arg)
{
	struct machine_usage *usage = arg;

	if (usage->nr == ARRAY_SIZE(usage->slab))
		return -1;
	strscpy(usage->slab[usage->nr].name, info->name, sizeof(usage->slab[0].name));
	usage->slab[usage->nr++].objects = info->active_objs;
	return 0;
}

/* Empty slabs that the caches keep are not in use. */
void machine_usage(struct machine_usage *usage)
{
	*usage = (struct machine_usage){.committed = vm_memory_committed()};
	drain_memory_caches();
	usage->pages = nr_managed_pages() - nr_free_pages();
	slab_for_each(add_slab, usage);
}
