// SPDX-License-Identifier: MIT
/*
 * kernel/drivers/mem.c - the memory devices, major 1: null, zero, full, random, urandom, kmsg.
 *
 *	null     reads nothing, swallows everything
 *	zero     reads zeroes, swallows everything; mapped: fresh memory
 *	full     reads zeroes, has never room
 *	random   reads random bytes, takes what is written as more entropy; urandom: the same
 *	kmsg     the kernel log, in kernel/drivers/kmsg.c
 *
 * One driver for the major number; its open() gives the file the operations of its minor. No
 * locks: there is no state.
 */
#include <pagoda/cred.h>
#include <pagoda/devtmpfs.h>
#include <pagoda/fs.h>
#include <pagoda/kernel.h>
#include <pagoda/mem.h>
#include <pagoda/mm.h>
#include <pagoda/poll.h>
#include <pagoda/printk.h>
#include <pagoda/random.h>
#include <pagoda/sched.h>
#include <pagoda/shmem.h>
#include <pagoda/uio.h>
#include <uapi/random.h>
#include <asm/uaccess.h>

#define MEM_MAJOR 1

/* ---- null, zero, full -------------------------------------------------------------------- */

static loff_t null_llseek(struct file *file, loff_t offset, int whence)
{
	return file->f_pos = 0;
}

static ssize_t read_iter_null(struct kiocb *iocb, struct iov_iter *to)
{
	return 0;
}

static ssize_t write_iter_null(struct kiocb *iocb, struct iov_iter *from)
{
	size_t count = iov_iter_count(from);

	iov_iter_advance(from, count);
	return (ssize_t)count;
}

static ssize_t write_iter_full(struct kiocb *iocb, struct iov_iter *from)
{
	return -ENOSPC;
}

/* In pieces, so that a signal ends a huge read. */
static ssize_t read_iter_zero(struct kiocb *iocb, struct iov_iter *to)
{
	ssize_t done = 0;

	while (iov_iter_count(to)) {
		size_t chunk = min(iov_iter_count(to), (size_t)16 * PAGE_SIZE);
		size_t n = iov_iter_zero(chunk, to);

		done += (ssize_t)n;
		if (n < chunk)
			return done ?: -EFAULT;
		if (signal_pending(current))
			return done;
		cond_resched();
	}
	return done;
}

/* Shared: an object of its own. Private: anonymous memory that keeps the file's name (MMAP-32). */
static int mmap_zero(struct file *file, struct vm_area_struct *vma)
{
	if (vma->vm_flags & VM_SHARED)
		return shmem_zero_setup(vma);
	vma->vm_ops = NULL;
	return 0;
}

static const struct file_operations null_fops = {
	.llseek = null_llseek,
	.read_iter = read_iter_null,
	.write_iter = write_iter_null,
};

static const struct file_operations zero_fops = {
	.llseek = null_llseek,
	.read_iter = read_iter_zero,
	.write_iter = write_iter_null,
	.mmap = mmap_zero,
};

static const struct file_operations full_fops = {
	.llseek = null_llseek,
	.read_iter = read_iter_zero,
	.write_iter = write_iter_full,
};

/* ---- random, urandom --------------------------------------------------------------------- */

static ssize_t random_read_iter(struct kiocb *iocb, struct iov_iter *to)
{
	u8 block[256];
	ssize_t done = 0;

	while (iov_iter_count(to)) {
		size_t chunk = min(iov_iter_count(to), sizeof(block));
		size_t n;

		get_random_bytes(block, chunk);
		n = copy_to_iter(block, chunk, to);
		done += (ssize_t)n;
		if (n < chunk) {
			done = done ?: -EFAULT;
			break;
		}
		if (done % PAGE_SIZE == 0) {
			if (signal_pending(current))
				break;
			cond_resched();
		}
	}
	memzero_explicit(block, sizeof(block));
	return done;
}

static ssize_t random_write_iter(struct kiocb *iocb, struct iov_iter *from)
{
	u8 block[64];
	ssize_t done = 0;

	while (iov_iter_count(from)) {
		size_t n = copy_from_iter(block, min(iov_iter_count(from), sizeof(block)), from);

		if (!n)
			return done ?: -EFAULT;
		add_device_randomness(block, n);
		done += (ssize_t)n;
		cond_resched();
	}
	return done;
}

static __poll_t random_poll(struct file *file, poll_table *wait)
{
	return EPOLLIN | EPOLLRDNORM;
}

/* RNDADDENTROPY: a count of bits, a size, then bytes. */
static long add_entropy(int __user *arg)
{
	int head[2]; /* bits, bytes */
	u8 block[64];

	if (copy_from_user(head, arg, sizeof(head)))
		return -EFAULT;
	if (head[0] < 0 || head[1] < 0)
		return -EINVAL;
	for (u8 __user *p = (u8 __user *)(arg + 2); head[1] > 0;) {
		size_t n = min((size_t)head[1], sizeof(block));

		if (copy_from_user(block, p, n))
			return -EFAULT;
		add_device_randomness(block, n);
		p += n;
		head[1] -= (int)n;
	}
	return 0;
}

static long random_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	int __user *p = (int __user *)arg;
	int bits;

	switch (cmd) {
	case RNDGETENTCNT:
		return put_user(RANDOM_POOL_BITS, p);
	case RNDADDTOENTCNT:
		if (!capable(CAP_SYS_ADMIN))
			return -EPERM;
		if (get_user(bits, p))
			return -EFAULT;
		return bits < 0 ? -EINVAL : 0;
	case RNDADDENTROPY:
		return capable(CAP_SYS_ADMIN) ? add_entropy(p) : -EPERM;
	case RNDZAPENTCNT:
	case RNDCLEARPOOL:
	case RNDRESEEDCRNG:
		return capable(CAP_SYS_ADMIN) ? 0 : -EPERM;
	default:
		return -EINVAL;
	}
}

static const struct file_operations random_fops = {
	.llseek = noop_llseek,
	.read_iter = random_read_iter,
	.write_iter = random_write_iter,
	.poll = random_poll,
	.unlocked_ioctl = random_ioctl,
};

static const struct file_operations urandom_fops = {
	.llseek = noop_llseek,
	.read_iter = random_read_iter,
	.write_iter = random_write_iter,
	.unlocked_ioctl = random_ioctl,
};

/* ---- the driver -------------------------------------------------------------------------- */

static const struct mem_dev {
	unsigned int minor;
	umode_t mode;
	const char *name;
	const struct file_operations *fops;
} mem_devs[] = {
	{3, 0666, "null", &null_fops},	     {5, 0666, "zero", &zero_fops},
	{7, 0666, "full", &full_fops},	     {8, 0666, "random", &random_fops},
	{9, 0666, "urandom", &urandom_fops}, {11, 0644, "kmsg", &kmsg_fops},
};

static int memory_open(struct inode *inode, struct file *filp)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(mem_devs); i++) {
		if (mem_devs[i].minor != iminor(inode))
			continue;
		filp->f_op = mem_devs[i].fops;
		return filp->f_op->open ? filp->f_op->open(inode, filp) : 0;
	}
	return -ENXIO;
}

static const struct file_operations memory_fops = {
	.open = memory_open,
	.llseek = noop_llseek,
};

void mem_devices_init(void)
{
	if (register_chrdev(MEM_MAJOR, "mem", &memory_fops))
		panic("cannot register the memory devices");
	for (unsigned int i = 0; i < ARRAY_SIZE(mem_devs); i++)
		devtmpfs_create_node(mem_devs[i].name, S_IFCHR | mem_devs[i].mode,
				     MKDEV(MEM_MAJOR, mem_devs[i].minor));
}
