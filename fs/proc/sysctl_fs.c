// SPDX-License-Identifier: MIT
/*
 * fs/proc/sysctl_fs.c - /proc/sys/fs: open files, inodes, pipes.
 */
#include "sysctl.h"
#include <pagoda/fdtable.h>
#include <pagoda/pipe.h>

static int show_file_nr(struct seq_file *m, const struct sysctl *ctl)
{
	seq_printf(m, "%ld\t0\t%lu\n", get_nr_files(), files_max);
	return 0;
}

static int show_inode_nr(struct seq_file *m, const struct sysctl *ctl)
{
	seq_printf(m, "%ld\t0\n", get_nr_inodes());
	return 0;
}

/* A size in bytes, rounded up to a power of two of pages. */
static int store_pipe_max_size(const struct sysctl *ctl, char *text)
{
	unsigned int size, round = PAGE_SIZE;

	if (kstrtouint(text, 0, &size) || !size || size > 1U << 31)
		return -EINVAL;
	while (round < size)
		round *= 2;
	pipe_max_size = round;
	return 0;
}

static const struct sysctl fs_table[] = {
	CTL_ULONG("file-max", files_max),
	CTL_SHOW("file-nr", 0444, show_file_nr),
	CTL_SHOW("inode-nr", 0444, show_inode_nr),
	CTL_INT("nr_open", sysctl_nr_open, 64, 0x7fffffc0),
	{
		.name = "pipe-max-size",
		.mode = 0644,
		.show = show_int,
		.store = store_pipe_max_size,
		.data = &pipe_max_size,
	},
};

void sysctl_fs_init(struct proc_dir_entry *sys)
{
	proc_sys_register(proc_mkdir("fs", sys), fs_table, ARRAY_SIZE(fs_table));
}
