// SPDX-License-Identifier: MIT
/*
 * kernel/drivers/kmsg.c - the kernel log as a file: /dev/kmsg and /proc/kmsg.
 *
 * /dev/kmsg hands out one record a read, "level,sequence,microseconds,-;text", to each reader from
 * the oldest on; a write adds a record, with an optional <N> in front as its level. /proc/kmsg is
 * syslog(2)'s stream of text: what one reader has taken is gone for the next.
 *
 * Locks: the reader's mutex guards its position.
 */
#include <pagoda/cred.h>
#include <pagoda/fs.h>
#include <pagoda/kernel.h>
#include <pagoda/mem.h>
#include <pagoda/mutex.h>
#include <pagoda/poll.h>
#include <pagoda/printk.h>
#include <pagoda/sched.h>
#include <pagoda/slab.h>
#include <pagoda/uio.h>
#include <asm/uaccess.h>

#define KMSG_RECORD_MAX 1200 /* a record with its prefix */
#define KMSG_WRITE_MAX	1000 /* text of a written record */
#define DEFAULT_LEVEL	4

struct kmsg_reader {
	struct mutex lock;
	u64 seq; /* next record to read */
	char buf[KMSG_RECORD_MAX];
};

static int kmsg_open(struct inode *inode, struct file *file)
{
	struct kmsg_reader *reader;

	if ((file->f_flags & O_ACCMODE) == O_WRONLY)
		return 0;
	reader = kmalloc(sizeof(*reader), GFP_KERNEL);
	if (!reader)
		return -ENOMEM;
	mutex_init(&reader->lock);
	reader->seq = log_first_seq();
	file->private_data = reader;
	return 0;
}

static int kmsg_release(struct inode *inode, struct file *file)
{
	kfree(file->private_data);
	return 0;
}

/* Sleeps until there is a record at the reader's place. 0, -EAGAIN, -ERESTARTSYS. */
static int wait_for_record(struct kmsg_reader *reader, bool nonblock)
{
	if (reader->seq < log_next_seq())
		return 0;
	if (nonblock)
		return -EAGAIN;
	return (int)wait_event_interruptible(*log_wait_queue(), reader->seq < log_next_seq());
}

/* EPIPE: the record that comes next was overwritten; go on with the oldest. */
static ssize_t kmsg_read(struct file *file, char __user *buf, size_t count, loff_t *ppos)
{
	struct kmsg_reader *reader = file->private_data;
	ssize_t ret;
	size_t len;
	u64 seq;

	if (!reader)
		return -EBADF;
	ret = mutex_lock_interruptible(&reader->lock);
	if (ret)
		return ret;
	ret = wait_for_record(reader, file->f_flags & O_NONBLOCK);
	if (ret)
		goto out;
	if (reader->seq < log_first_seq()) {
		reader->seq = log_first_seq();
		ret = -EPIPE;
		goto out;
	}
	seq = reader->seq;
	len = log_read_kmsg(&seq, reader->buf, sizeof(reader->buf));
	reader->seq = seq;
	ret = (ssize_t)len;
	if (len > count)
		ret = -EINVAL;
	else if (copy_to_user(buf, reader->buf, len))
		ret = -EFAULT;
out:
	mutex_unlock(&reader->lock);
	return ret;
}

static ssize_t kmsg_write(struct file *file, const char __user *ubuf, size_t count, loff_t *ppos)
{
	int level = DEFAULT_LEVEL;
	char *buf, *text, *end, *rest;
	ssize_t ret = (ssize_t)count;

	if (count > KMSG_WRITE_MAX)
		return -EINVAL;
	buf = kmalloc(KMSG_WRITE_MAX + 1, GFP_KERNEL);
	if (!buf)
		return -ENOMEM;
	if (copy_from_user(buf, ubuf, count)) {
		ret = -EFAULT;
		goto out;
	}
	buf[count] = '\0';
	end = buf + count;
	if (end > buf && end[-1] == '\n')
		*--end = '\0';
	text = buf;
	if (text[0] == '<') {
		unsigned long n = simple_strtoul(text + 1, &rest, 10);

		if (rest > text + 1 && *rest == '>') {
			level = (int)(n & 7);
			text = rest + 1;
		}
	}
	log_store_user(level, text, (size_t)(end - text));
out:
	kfree(buf);
	return ret;
}

/* SEEK_SET: the oldest record; SEEK_DATA: the first after the last clearing; SEEK_END: none. */
static loff_t kmsg_llseek(struct file *file, loff_t offset, int whence)
{
	struct kmsg_reader *reader = file->private_data;
	loff_t ret = 0;

	if (!reader)
		return -EBADF;
	if (offset)
		return -ESPIPE;
	mutex_lock(&reader->lock);
	switch (whence) {
	case SEEK_SET:
		reader->seq = log_first_seq();
		break;
	case SEEK_DATA:
		reader->seq = log_clear_seq();
		break;
	case SEEK_END:
		reader->seq = log_next_seq();
		break;
	default:
		ret = -EINVAL;
	}
	mutex_unlock(&reader->lock);
	return ret;
}

static __poll_t kmsg_poll(struct file *file, poll_table *wait)
{
	struct kmsg_reader *reader = file->private_data;
	u64 seq;

	if (!reader)
		return EPOLLERR | EPOLLNVAL;
	poll_wait(file, log_wait_queue(), wait);
	seq = READ_ONCE(reader->seq);
	if (seq >= log_next_seq())
		return 0;
	return EPOLLIN | EPOLLRDNORM | (seq < log_first_seq() ? EPOLLERR | EPOLLPRI : 0);
}

const struct file_operations kmsg_fops = {
	.llseek = kmsg_llseek,
	.read = kmsg_read,
	.write = kmsg_write,
	.poll = kmsg_poll,
	.open = kmsg_open,
	.release = kmsg_release,
};
