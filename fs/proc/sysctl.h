/* SPDX-License-Identifier: MIT */
/* fs/proc/sysctl.h - /proc/sys: a knob is a file that shows numbers or a string and may take some.
 */
#ifndef FS_PROC_SYSCTL_H
#define FS_PROC_SYSCTL_H

#include "internal.h"

struct sysctl {
	const char *name;
	umode_t mode;
	int (*show)(struct seq_file *m, const struct sysctl *ctl);
	/* text: what was written, with a 0 at its end, without surrounding spaces. 0 or -errno */
	int (*store)(const struct sysctl *ctl, char *text);
	void *data;
	long min, max; /* of integers; both 0: any value */
};

/* ---- sysctl.c: the usual kinds ----------------------------------------------------------- */

int show_int(struct seq_file *m, const struct sysctl *ctl);
int store_int(const struct sysctl *ctl, char *text); /* -EINVAL outside of min .. max */
int show_ulong(struct seq_file *m, const struct sysctl *ctl);
int store_ulong(const struct sysctl *ctl, char *text);
int show_string(struct seq_file *m, const struct sysctl *ctl);

#define CTL_INT(NAME, VAR, MIN, MAX)                                                               \
	{                                                                                          \
		.name = NAME, .mode = 0644, .show = show_int, .store = store_int, .data = &(VAR),  \
		.min = (MIN), .max = (MAX)                                                         \
	}
#define CTL_ULONG(NAME, VAR)                                                                       \
	{                                                                                          \
		.name = NAME, .mode = 0644, .show = show_ulong, .store = store_ulong,              \
		.data = &(VAR)                                                                     \
	}
#define CTL_STRING(NAME, TEXT)                                                                     \
	{                                                                                          \
		.name = NAME, .mode = 0444, .show = show_string, .data = (void *)(TEXT)            \
	}
#define CTL_SHOW(NAME, MODE, SHOW)                                                                 \
	{                                                                                          \
		.name = NAME, .mode = (MODE), .show = (SHOW)                                       \
	}

/* The files of a table of n knobs in a directory below /proc/sys. */
void proc_sys_register(struct proc_dir_entry *dir, const struct sysctl *table, unsigned int n);

/* sysctl_vm.c, sysctl_kernel.c, sysctl_fs.c */
void sysctl_vm_init(struct proc_dir_entry *sys);
void sysctl_kernel_init(struct proc_dir_entry *sys);
void sysctl_fs_init(struct proc_dir_entry *sys);

#endif
