// SPDX-License-Identifier: MIT
/*
 * fs/proc/memory.c - memory of the system: meminfo, vmstat, buddyinfo, slabinfo, vmallocinfo.
 */
#include "internal.h"
#include <pagoda/gfp.h>
#include <pagoda/mman.h>
#include <pagoda/slab.h>
#include <pagoda/vmalloc.h>
#include <pagoda/vmstat.h>

#define VMALLOC_KB ((1UL << 45) >> 10) /* the part of the address space: 32 TiB */

/* ---- meminfo ----------------------------------------------------------------------------- */

static void put_pages(struct seq_file *m, const char *label, unsigned long pages)
{
	seq_printf(m, "%-16s%8lu kB\n", label, pages << (PAGE_SHIFT - 10));
}

/*
 * There are no lists of pages by age: everything counts as inactive. Lines of what does not exist
 * here (huge pages, CMA, zswap) are absent.
 */
static int meminfo_show(struct seq_file *m, void *v)
{
	unsigned long file_pages;
	struct meminfo i;

	si_meminfo(&i);
	file_pages = i.cached - min(i.cached, i.sharedram);
	put_pages(m, "MemTotal:", i.totalram);
	put_pages(m, "MemFree:", i.freeram);
	put_pages(m, "MemAvailable:", i.available);
	put_pages(m, "Buffers:", i.bufferram);
	put_pages(m, "Cached:", i.cached);
	put_pages(m, "SwapCached:", 0);
	put_pages(m, "Active:", 0);
	put_pages(m, "Inactive:", i.anon + i.cached);
	put_pages(m, "Active(anon):", 0);
	put_pages(m, "Inactive(anon):", i.anon + i.sharedram);
	put_pages(m, "Active(file):", 0);
	put_pages(m, "Inactive(file):", file_pages);
	put_pages(m, "Unevictable:", i.mlocked);
	put_pages(m, "Mlocked:", i.mlocked);
	put_pages(m, "SwapTotal:", i.totalswap);
	put_pages(m, "SwapFree:", i.freeswap);
	put_pages(m, "Dirty:", 0);
	put_pages(m, "Writeback:", 0);
	put_pages(m, "AnonPages:", i.anon);
	put_pages(m, "Mapped:", i.mapped);
	put_pages(m, "Shmem:", i.sharedram);
	put_pages(m, "KReclaimable:", i.slab_reclaimable);
	put_pages(m, "Slab:", i.slab_reclaimable + i.slab_unreclaimable);
	put_pages(m, "SReclaimable:", i.slab_reclaimable);
	put_pages(m, "SUnreclaim:", i.slab_unreclaimable);
	put_pages(m, "KernelStack:", i.kernel_stack);
	put_pages(m, "PageTables:", i.pagetables);
	put_pages(m, "SecPageTables:", 0);
	put_pages(m, "NFS_Unstable:", 0);
	put_pages(m, "Bounce:", 0);
	put_pages(m, "WritebackTmp:", 0);
	put_pages(m, "CommitLimit:", vm_commit_limit());
	put_pages(m, "Committed_AS:", vm_memory_committed());
	seq_printf(m, "VmallocTotal:   %8lu kB\n", VMALLOC_KB - 1);
	put_pages(m, "VmallocUsed:", i.vmalloc_used);
	put_pages(m, "VmallocChunk:", 0);
	return 0;
}

/* ---- vmstat, buddyinfo ------------------------------------------------------------------- */

static int vmstat_show(struct seq_file *m, void *v)
{
	unsigned long value;
	const char *name;

	for (unsigned int i = 0; (name = vmstat_line(i, &value)); i++)
		seq_printf(m, "%s %lu\n", name, value);
	return 0;
}

static int buddyinfo_show(struct seq_file *m, void *v)
{
	unsigned long counts[MAX_ORDER];

	buddy_counts(counts);
	seq_printf(m, "Node %d, zone %8s ", 0, "Normal");
	for (unsigned int order = 0; order < MAX_ORDER; order++)
		seq_printf(m, "%6lu ", counts[order]);
	seq_putc(m, '\n');
	return 0;
}

/* ---- slabinfo ---------------------------------------------------------------------------- */

static int put_slab(const struct slabinfo *s, void *m)
{
	seq_printf(m, "%-17s %6lu %6lu %6u %4u %4u : tunables %4u %4u %4u", s->name, s->active_objs,
		   s->num_objs, s->size, s->objects_per_slab, s->pages_per_slab, 0, 0, 0);
	seq_printf(m, " : slabdata %6lu %6lu %6lu\n", s->num_slabs, s->num_slabs, 0UL);
	return 0;
}

static int slabinfo_show(struct seq_file *m, void *v)
{
	seq_puts(m, "slabinfo - version: 2.1\n# name            <active_objs> <num_objs> <objsize> "
		    "<objperslab> <pagesperslab> : tunables <limit> <batchcount> <sharedfactor> : "
		    "slabdata <active_slabs> <num_slabs> <sharedavail>\n");
	return slab_for_each(put_slab, m);
}

/* ---- vmallocinfo ------------------------------------------------------------------------- */

static int put_area(const struct vmap_area *a, void *m)
{
	seq_printf(m, "0x%016lx-0x%016lx %7lu", a->start, a->end, a->end - a->start);
	if (a->caller)
		seq_printf(m, " %pS", a->caller);
	if (a->nr_pages)
		seq_printf(m, " pages=%u", a->nr_pages);
	if (a->phys)
		seq_printf(m, " phys=0x%016llx", a->phys);
	if (a->flags & VM_IOREMAP)
		seq_puts(m, " ioremap");
	if (a->flags & VM_ALLOC)
		seq_puts(m, " vmalloc");
	if (a->flags & VM_MAP)
		seq_puts(m, " vmap");
	seq_putc(m, '\n');
	return 0;
}

static int vmallocinfo_show(struct seq_file *m, void *v)
{
	return vmalloc_for_each(put_area, m);
}

void proc_memory_init(void)
{
	proc_create_single("meminfo", 0, NULL, meminfo_show);
	proc_create_single("vmstat", 0, NULL, vmstat_show);
	proc_create_single("buddyinfo", 0, NULL, buddyinfo_show);
	proc_create_single("slabinfo", 0400, NULL, slabinfo_show);
	proc_create_single("vmallocinfo", 0400, NULL, vmallocinfo_show);
}
