// SPDX-License-Identifier: MIT
/*
 * fs/proc/sysctl.c - how the files of /proc/sys are read and written.
 *
 * A write takes effect only as a whole and at the file's beginning. Knobs are plain variables that
 * their users read without a lock.
 */
#include "sysctl.h"
#include <pagoda/slab.h>
#include <asm/uaccess.h>

/* ---- kinds of knobs ---------------------------------------------------------------------- */

int show_int(struct seq_file *m, const struct sysctl *ctl)
{
	seq_printf(m, "%d\n", READ_ONCE(*(int *)ctl->data));
	return 0;
}

int store_int(const struct sysctl *ctl, char *text)
{
	int value, err = kstrtoint(text, 0, &value);

	if (err)
		return -EINVAL;
	if ((ctl->min || ctl->max) && (value < ctl->min || value > ctl->max))
		return -EINVAL;
	WRITE_ONCE(*(int *)ctl->data, value);
	return 0;
}

int show_ulong(struct seq_file *m, const struct sysctl *ctl)
{
	seq_printf(m, "%lu\n", READ_ONCE(*(unsigned long *)ctl->data));
	return 0;
}

int store_ulong(const struct sysctl *ctl, char *text)
{
	unsigned long value;

	if (kstrtoul(text, 0, &value))
		return -EINVAL;
	WRITE_ONCE(*(unsigned long *)ctl->data, value);
	return 0;
}

int show_string(struct seq_file *m, const struct sysctl *ctl)
{
	seq_printf(m, "%s\n", (const char *)ctl->data);
	return 0;
}

/* ---- files ------------------------------------------------------------------------------- */

static int sysctl_show(struct seq_file *m, void *v)
{
	const struct sysctl *ctl = m->private;

	return ctl->show ? ctl->show(m, ctl) : -EPERM;
}

static int sysctl_open(struct inode *inode, struct file *file)
{
	return single_open(file, sysctl_show, pde_data(inode));
}

static ssize_t sysctl_write(struct file *file, const char __user *buf, size_t count, loff_t *ppos)
{
	const struct sysctl *ctl = pde_data(file_inode(file));
	char *text;
	int err;

	if (!ctl->store)
		return -EPERM;
	if (!count || *ppos)
		return (ssize_t)count;
	if (count >= PAGE_SIZE)
		return -ENOMEM;
	text = kmalloc(count + 1, GFP_KERNEL);
	if (!text)
		return -ENOMEM;
	if (copy_from_user(text, buf, count)) {
		kfree(text);
		return -EFAULT;
	}
	text[count] = '\0';
	err = ctl->store(ctl, strim(text));
	kfree(text);
	if (err)
		return err;
	*ppos += (loff_t)count;
	return (ssize_t)count;
}

static const struct file_operations sysctl_fops = {
	.open = sysctl_open,
	.read_iter = seq_read_iter,
	.write = sysctl_write,
	.llseek = seq_lseek,
	.release = single_release,
};

/* Who may turn a knob is fixed. */
static int sysctl_setattr(struct dentry *dentry, struct iattr *attr)
{
	if (attr->ia_valid & (ATTR_MODE | ATTR_UID | ATTR_GID))
		return -EPERM;
	return proc_setattr(dentry, attr);
}

static const struct inode_operations sysctl_iops = {
	.setattr = sysctl_setattr,
};

void proc_sys_register(struct proc_dir_entry *dir, const struct sysctl *table, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		proc_create_data(table[i].name, table[i].mode, dir, &sysctl_fops, &table[i])->iops =
			&sysctl_iops;
}

void proc_sys_init(void)
{
	struct proc_dir_entry *sys = proc_mkdir("sys", NULL);

	sysctl_kernel_init(sys);
	sysctl_vm_init(sys);
	sysctl_fs_init(sys);
}
