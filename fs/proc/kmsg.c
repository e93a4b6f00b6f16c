// SPDX-License-Identifier: MIT
/*
 * fs/proc/kmsg.c - /proc/kmsg: syslog(2)'s stream of the kernel log as a file, for a log daemon.
 */
#include "internal.h"
#include <pagoda/cred.h>
#include <pagoda/poll.h>
#include <pagoda/printk.h>
#include <syscalls.h>

/* Actions of syslog(2). */
#define SYSLOG_ACTION_READ	  2
#define SYSLOG_ACTION_SIZE_UNREAD 9

static int kmsg_open(struct inode *inode, struct file *file)
{
	return capable(CAP_SYSLOG) || capable(CAP_SYS_ADMIN) ? nonseekable_open(inode, file)
							     : -EPERM;
}

static ssize_t kmsg_read(struct file *file, char __user *buf, size_t count, loff_t *ppos)
{
	if ((file->f_flags & O_NONBLOCK) && !sys_syslog(SYSLOG_ACTION_SIZE_UNREAD, NULL, 0))
		return -EAGAIN;
	return sys_syslog(SYSLOG_ACTION_READ, buf, (int)min(count, (size_t)INT_MAX));
}

static __poll_t kmsg_poll(struct file *file, poll_table *wait)
{
	poll_wait(file, log_wait_queue(), wait);
	return sys_syslog(SYSLOG_ACTION_SIZE_UNREAD, NULL, 0) > 0 ? EPOLLIN | EPOLLRDNORM : 0;
}

static const struct file_operations kmsg_fops = {
	.open = kmsg_open,
	.read = kmsg_read,
	.poll = kmsg_poll,
	.llseek = no_llseek,
};

void proc_kmsg_init(void)
{
	proc_create("kmsg", 0400, NULL, &kmsg_fops);
}
