// SPDX-License-Identifier: MIT
/*
 * fs/proc/kallsyms.c - /proc/kallsyms: the functions of the kernel by address. Who may not read the
 * kernel log sees zeroes for the addresses.
 */
#include "internal.h"
#include <pagoda/cred.h>
#include <pagoda/ksyms.h>

struct symbol {
	unsigned long addr;
	const char *name;
};

static void *find(struct seq_file *m, loff_t pos)
{
	struct symbol *sym = m->private;

	sym->name = ksyms_nth((u32)pos, &sym->addr);
	return sym->name ? sym : NULL;
}

static void *kallsyms_start(struct seq_file *m, loff_t *pos)
{
	return find(m, *pos);
}

static void *kallsyms_next(struct seq_file *m, void *v, loff_t *pos)
{
	return find(m, ++*pos);
}

static void kallsyms_stop(struct seq_file *m, void *v)
{
}

static int kallsyms_show(struct seq_file *m, void *v)
{
	struct symbol *sym = v;

	seq_printf(m, "%016lx t %s\n", cap_capable(m->file->f_cred, CAP_SYSLOG) ? sym->addr : 0,
		   sym->name);
	return 0;
}

static const struct seq_operations kallsyms_ops = {
	.start = kallsyms_start,
	.next = kallsyms_next,
	.stop = kallsyms_stop,
	.show = kallsyms_show,
};

static int kallsyms_open(struct inode *inode, struct file *file)
{
	return seq_open_private(file, &kallsyms_ops, sizeof(struct symbol));
}

static const struct file_operations kallsyms_fops = {
	.open = kallsyms_open,
	.read_iter = seq_read_iter,
	.llseek = seq_lseek,
	.release = seq_release_private,
};

void proc_kallsyms_init(void)
{
	proc_create("kallsyms", 0, NULL, &kallsyms_fops);
}
