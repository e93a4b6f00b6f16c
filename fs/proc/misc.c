// SPDX-License-Identifier: MIT
/*
 * fs/proc/misc.c - files of the system that other parts of the kernel can print themselves.
 */
#include "internal.h"
#include <pagoda/bootinfo.h>
#include <pagoda/utsname.h>

static int version_show(struct seq_file *m, void *v)
{
	seq_puts(m, linux_banner);
	return 0;
}

static int cmdline_show(struct seq_file *m, void *v)
{
	seq_printf(m, "%s\n", boot_info.cmdline);
	return 0;
}

static int filesystems_show(struct seq_file *m, void *v)
{
	return show_filesystems(m);
}

static int devices_show(struct seq_file *m, void *v)
{
	return show_devices(m);
}

static int swaps_show(struct seq_file *m, void *v)
{
	seq_puts(m, "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n");
	return 0;
}

/* There are no disks: nothing to list, as on a Linux without any. */
static int empty_show(struct seq_file *m, void *v)
{
	return 0;
}

void proc_misc_init(void)
{
	proc_create_single("version", 0, NULL, version_show);
	proc_create_single("cmdline", 0, NULL, cmdline_show);
	proc_create_single("filesystems", 0, NULL, filesystems_show);
	proc_create_single("devices", 0, NULL, devices_show);
	proc_create_single("swaps", 0, NULL, swaps_show);
	proc_create_single("partitions", 0, NULL, empty_show);
	proc_create_single("diskstats", 0, NULL, empty_show);
	proc_symlink("mounts", NULL, "self/mounts");
}
