// SPDX-License-Identifier: MIT
/*
 * kernel/syslog.c - syslog(2): the kernel log for dmesg and klogd.
 *
 * Locks: syslog_lock guards the reading position of SYSLOG_ACTION_READ, which all readers share.
 */
#include <pagoda/cred.h>
#include <pagoda/errno.h>
#include <pagoda/kernel.h>
#include <pagoda/mutex.h>
#include <pagoda/printk.h>
#include <pagoda/sched.h>
#include <pagoda/slab.h>
#include <pagoda/wait.h>
#include <asm/uaccess.h>
#include <syscalls.h>

#define SYSLOG_ACTION_CLOSE	    0
#define SYSLOG_ACTION_OPEN	    1
#define SYSLOG_ACTION_READ	    2
#define SYSLOG_ACTION_READ_ALL	    3
#define SYSLOG_ACTION_READ_CLEAR    4
#define SYSLOG_ACTION_CLEAR	    5
#define SYSLOG_ACTION_CONSOLE_OFF   6
#define SYSLOG_ACTION_CONSOLE_ON    7
#define SYSLOG_ACTION_CONSOLE_LEVEL 8
#define SYSLOG_ACTION_SIZE_UNREAD   9
#define SYSLOG_ACTION_SIZE_BUFFER   10

#define RECORD_MAX	 1024
#define MINIMUM_LOGLEVEL 1

static DEFINE_MUTEX(syslog_lock);
static u64 syslog_seq; /* next record of SYSLOG_ACTION_READ */
static int saved_console_loglevel = -1;

/* Bytes that the records from seq on take, as log_read() formats them. text has RECORD_MAX bytes.
 */
static size_t records_size(u64 seq, char *text)
{
	size_t size = 0, n;

	while ((n = log_read(&seq, text, RECORD_MAX, true)) > 0)
		size += n;
	return size;
}

/* Whole records from *seq on into user memory, as many as fit. Bytes, or -EFAULT. */
static long copy_records(u64 *seq, char __user *buf, size_t len, char *text)
{
	size_t done = 0, n;
	u64 next = *seq;

	while ((n = log_read(&next, text, RECORD_MAX, true)) > 0 && n <= len - done) {
		if (copy_to_user(buf + done, text, n))
			return -EFAULT;
		done += n;
		*seq = next;
	}
	return done;
}

static long syslog_read(char __user *buf, size_t len, char *text)
{
	long ret;

	do {
		ret = wait_event_interruptible(*log_wait_queue(),
					       READ_ONCE(syslog_seq) < log_next_seq());
		if (ret)
			return ret;
		mutex_lock(&syslog_lock);
		ret = copy_records(&syslog_seq, buf, len, text);
		/* A record that is larger than the buffer would never fit: it is cut. */
		if (!ret && syslog_seq < log_next_seq()) {
			size_t n = log_read(&syslog_seq, text, RECORD_MAX, true);

			ret = min(n, len);
			if (copy_to_user(buf, text, ret))
				ret = -EFAULT;
		}
		mutex_unlock(&syslog_lock);
	} while (!ret);
	return ret;
}

/* The last len bytes that were logged since the last clear. */
static long syslog_read_all(char __user *buf, size_t len, bool clear, char *text)
{
	u64 seq = log_clear_seq();
	size_t size = records_size(seq, text);
	long ret;

	while (size > len) {
		size_t n = log_read(&seq, text, RECORD_MAX, true);

		if (!n)
			break;
		size -= n;
	}
	ret = copy_records(&seq, buf, len, text);
	if (clear && ret >= 0)
		log_clear();
	return ret;
}

static long syslog_text(int type, char __user *buf, int len)
{
	char *text;
	long ret;

	if (!buf || len < 0)
		return -EINVAL;
	if (!len)
		return 0;
	if (!access_ok(buf, len))
		return -EFAULT;
	text = kmalloc(RECORD_MAX, GFP_KERNEL);
	if (!text)
		return -ENOMEM;
	if (type == SYSLOG_ACTION_READ)
		ret = syslog_read(buf, len, text);
	else
		ret = syslog_read_all(buf, len, type == SYSLOG_ACTION_READ_CLEAR, text);
	kfree(text);
	return ret;
}

static long syslog_size_unread(void)
{
	char *text = kmalloc(RECORD_MAX, GFP_KERNEL);
	long ret;

	if (!text)
		return -ENOMEM;
	mutex_lock(&syslog_lock);
	ret = records_size(syslog_seq, text);
	mutex_unlock(&syslog_lock);
	kfree(text);
	return ret;
}

static long syslog_console(int type, int level)
{
	switch (type) {
	case SYSLOG_ACTION_CONSOLE_OFF:
		if (saved_console_loglevel < 0)
			saved_console_loglevel = console_loglevel;
		console_loglevel = MINIMUM_LOGLEVEL;
		return 0;
	case SYSLOG_ACTION_CONSOLE_ON:
		if (saved_console_loglevel >= 0)
			console_loglevel = saved_console_loglevel;
		saved_console_loglevel = -1;
		return 0;
	default:
		if (level < 1 || level > 8)
			return -EINVAL;
		console_loglevel = max(level, MINIMUM_LOGLEVEL);
		saved_console_loglevel = -1;
		return 0;
	}
}

/* Reading all and asking for the size are free, as with dmesg_restrict = 0. */
long sys_syslog(int type, char __user *buf, int len)
{
	if (type != SYSLOG_ACTION_READ_ALL && type != SYSLOG_ACTION_SIZE_BUFFER &&
	    !capable(CAP_SYSLOG) && !capable(CAP_SYS_ADMIN))
		return -EPERM;
	switch (type) {
	case SYSLOG_ACTION_CLOSE:
	case SYSLOG_ACTION_OPEN:
		return 0;
	case SYSLOG_ACTION_READ:
	case SYSLOG_ACTION_READ_ALL:
	case SYSLOG_ACTION_READ_CLEAR:
		return syslog_text(type, buf, len);
	case SYSLOG_ACTION_CLEAR:
		log_clear();
		return 0;
	case SYSLOG_ACTION_CONSOLE_OFF:
	case SYSLOG_ACTION_CONSOLE_ON:
	case SYSLOG_ACTION_CONSOLE_LEVEL:
		return syslog_console(type, len);
	case SYSLOG_ACTION_SIZE_UNREAD:
		return syslog_size_unread();
	case SYSLOG_ACTION_SIZE_BUFFER:
		return log_buf_len();
	}
	return -EINVAL;
}
