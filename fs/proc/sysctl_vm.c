// SPDX-License-Identifier: MIT
/*
 * fs/proc/sysctl_vm.c - /proc/sys/vm: the knobs of virtual memory.
 */
#include "sysctl.h"
#include <pagoda/fs.h>
#include <pagoda/gfp.h>
#include <pagoda/mman.h>
#include <pagoda/oom.h>
#include <pagoda/slab.h>
#include <pagoda/vmstat.h>
#include <pagoda/userfaultfd_k.h>

/* Of the ratio and the fixed size that limit commitment, the one written last counts. */
static int store_overcommit_ratio(const struct sysctl *ctl, char *text)
{
	int err = store_int(ctl, text);

	if (!err)
		sysctl_overcommit_kbytes = 0;
	return err;
}

static int store_overcommit_kbytes(const struct sysctl *ctl, char *text)
{
	int err = store_ulong(ctl, text);

	if (!err)
		sysctl_overcommit_ratio = 0;
	return err;
}

static unsigned int min_free_odd; /* KiB that were asked for beyond whole pages */

static int show_min_free_kbytes(struct seq_file *m, const struct sysctl *ctl)
{
	seq_printf(m, "%lu\n", (min_free_pages() << (PAGE_SHIFT - 10)) + min_free_odd);
	return 0;
}

static int store_min_free_kbytes(const struct sysctl *ctl, char *text)
{
	unsigned int kb;

	if (kstrtouint(text, 0, &kb) || kb > INT_MAX)
		return -EINVAL;
	set_min_free_kbytes(kb);
	min_free_odd = kb >> (PAGE_SHIFT - 10) == min_free_pages() ? kb % (PAGE_SIZE / 1024) : 0;
	return 0;
}

/* 1: page cache, 2: slab objects, 3: both. 4, which would silence the log, is as good as nothing. */
static int store_drop_caches(const struct sysctl *ctl, char *text)
{
	int what;

	if (kstrtoint(text, 0, &what) || what < 1 || what > 4)
		return -EINVAL;
	if (what & 1) /* pages of tmpfs cannot be read again, and there are no others */
		count_vm_event(DROP_PAGECACHE);
	if (what & 2)
		count_vm_event(DROP_SLAB);
	drain_memory_caches();
	return 0;
}

static const struct sysctl vm_table[] = {
	CTL_ULONG("admin_reserve_kbytes", sysctl_admin_reserve_kbytes),
	{.name = "drop_caches", .mode = 0200, .store = store_drop_caches},
	CTL_INT("legacy_va_layout", sysctl_legacy_va_layout, 0, INT_MAX),
	CTL_INT("max_map_count", sysctl_max_map_count, 0, INT_MAX),
	{
		.name = "min_free_kbytes",
		.mode = 0644,
		.show = show_min_free_kbytes,
		.store = store_min_free_kbytes,
	},
	CTL_ULONG("mmap_min_addr", mmap_min_addr),
	CTL_INT("oom_dump_tasks", sysctl_oom_dump_tasks, INT_MIN, INT_MAX),
	CTL_INT("oom_kill_allocating_task", sysctl_oom_kill_allocating_task, INT_MIN, INT_MAX),
	{
		.name = "overcommit_kbytes",
		.mode = 0644,
		.show = show_ulong,
		.store = store_overcommit_kbytes,
		.data = &sysctl_overcommit_kbytes,
	},
	CTL_INT("overcommit_memory", sysctl_overcommit_memory, 0, 2),
	{
		.name = "overcommit_ratio",
		.mode = 0644,
		.show = show_int,
		.store = store_overcommit_ratio,
		.data = &sysctl_overcommit_ratio,
		.max = INT_MAX,
	},
	CTL_INT("panic_on_oom", sysctl_panic_on_oom, 0, 2),
	CTL_INT("unprivileged_userfaultfd", sysctl_unprivileged_userfaultfd, 0, 1),
	CTL_ULONG("user_reserve_kbytes", sysctl_user_reserve_kbytes),
};

void sysctl_vm_init(struct proc_dir_entry *sys)
{
	proc_sys_register(proc_mkdir("vm", sys), vm_table, ARRAY_SIZE(vm_table));
}
