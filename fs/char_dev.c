// SPDX-License-Identifier: MIT
/*
 * fs/char_dev.c - character devices: from a device number to file operations.
 *
 * Opening a device node calls chrdev_open(), which finds the driver by number, gives the file its
 * operations and calls their open(). There are no block devices: opening one is ENXIO.
 *
 * Locks: chrdevs_lock. Drivers are never unregistered.
 */
#include <pagoda/kernel.h>
#include <pagoda/fs.h>
#include <pagoda/seq_file.h>
#include <pagoda/slab.h>

struct char_device_struct {
	struct list_head list;
	unsigned int major, baseminor, minorct;
	const char *name;
	const struct file_operations *fops;
};

static DEFINE_MUTEX(chrdevs_lock);
static LIST_HEAD(chrdevs);

int __register_chrdev(unsigned int major, unsigned int baseminor, unsigned int count,
		      const char *name, const struct file_operations *fops)
{
	struct char_device_struct *cd, *p;

	cd = kmalloc(sizeof(*cd), GFP_KERNEL);
	if (!cd)
		return -ENOMEM;
	cd->major = major;
	cd->baseminor = baseminor;
	cd->minorct = count;
	cd->name = name;
	cd->fops = fops;
	mutex_lock(&chrdevs_lock);
	list_for_each_entry (p, &chrdevs, list) {
		if (p->major == major && p->baseminor < baseminor + count &&
		    baseminor < p->baseminor + p->minorct) {
			mutex_unlock(&chrdevs_lock);
			kfree(cd);
			return -EBUSY;
		}
	}
	list_add_tail(&cd->list, &chrdevs);
	mutex_unlock(&chrdevs_lock);
	return 0;
}

int register_chrdev(unsigned int major, const char *name, const struct file_operations *fops)
{
	return __register_chrdev(major, 0, 256, name, fops);
}

static const struct file_operations *chrdev_lookup(dev_t dev)
{
	const struct file_operations *fops = NULL;
	struct char_device_struct *p;

	mutex_lock(&chrdevs_lock);
	list_for_each_entry (p, &chrdevs, list) {
		if (p->major == MAJOR(dev) && MINOR(dev) >= p->baseminor &&
		    MINOR(dev) - p->baseminor < p->minorct) {
			fops = p->fops;
			break;
		}
	}
	mutex_unlock(&chrdevs_lock);
	return fops;
}

static int chrdev_open(struct inode *inode, struct file *filp)
{
	const struct file_operations *fops = chrdev_lookup(inode->i_rdev);

	if (!fops)
		return -ENXIO;
	filp->f_op = fops;
	return fops->open ? fops->open(inode, filp) : 0;
}

const struct file_operations def_chr_fops = {
	.open = chrdev_open,
	.llseek = noop_llseek,
};

static int blkdev_open(struct inode *inode, struct file *filp)
{
	return -ENXIO;
}

const struct file_operations def_blk_fops = {
	.open = blkdev_open,
};

int show_devices(struct seq_file *m)
{
	struct char_device_struct *p;

	seq_puts(m, "Character devices:\n");
	mutex_lock(&chrdevs_lock);
	list_for_each_entry (p, &chrdevs, list)
		seq_printf(m, "%3d %s\n", p->major, p->name);
	mutex_unlock(&chrdevs_lock);
	seq_puts(m, "\nBlock devices:\n");
	return 0;
}
