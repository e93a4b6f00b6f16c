// SPDX-License-Identifier: MIT
/*
 * kernel/drivers/tty.c - terminals as files: /dev/ttyS0, /dev/console, /dev/tty.
 *
 * /dev/tty (5,0) is the controlling terminal of whoever opens it, /dev/console (5,1) the system's
 * terminal. Each open file remembers how often the terminal had been hung up when it was opened: a
 * later hangup makes it dead, reads then end and writes fail.
 */
#include <pagoda/tty.h>
#include <pagoda/fs.h>
#include <pagoda/list.h>
#include <pagoda/printk.h>
#include <pagoda/sched.h>
#include <pagoda/sched_task.h>
#include <pagoda/slab.h>
#include <uapi/fcntl.h>

#define TTYAUX_MAJOR  5
#define MINOR_TTY     0
#define MINOR_CONSOLE 1
#define MAX_TTYS      8

struct tty_file {
	struct tty_struct *tty;
	unsigned int hangups;
};

static struct tty_struct *ttys[MAX_TTYS]; /* written at boot */
static struct tty_struct *console_tty;

void tty_set_console(struct tty_struct *tty)
{
	console_tty = tty;
}

bool tty_hung_up(const struct file *file)
{
	const struct tty_file *tf = file->private_data;

	return READ_ONCE(tf->tty->hangups) != tf->hangups;
}

static struct tty_struct *tty_of(struct file *file)
{
	return ((struct tty_file *)file->private_data)->tty;
}

static struct tty_struct *lookup_tty(dev_t dev)
{
	int i;

	if (MAJOR(dev) == TTYAUX_MAJOR)
		return MINOR(dev) == MINOR_CONSOLE ? console_tty : get_current_tty();
	for (i = 0; i < MAX_TTYS && ttys[i]; i++) {
		if (ttys[i]->dev == dev)
			return ttys[i];
	}
	return NULL;
}

static int tty_open(struct inode *inode, struct file *file)
{
	struct tty_struct *tty = lookup_tty(inode->i_rdev);
	bool may_control = !(file->f_flags & O_NOCTTY) && MAJOR(inode->i_rdev) != TTYAUX_MAJOR &&
			   (file->f_mode & FMODE_READ);
	struct tty_file *tf;

	if (!tty)
		return inode->i_rdev == MKDEV(TTYAUX_MAJOR, MINOR_CONSOLE) ? -ENODEV : -ENXIO;
	tf = kmalloc(sizeof(*tf), GFP_KERNEL);
	if (!tf)
		return -ENOMEM;
	tf->tty = tty;
	tf->hangups = READ_ONCE(tty->hangups);
	file->private_data = tf;
	if (may_control)
		tty_open_ctty(tty);
	return nonseekable_open(inode, file);
}

static int tty_release(struct inode *inode, struct file *file)
{
	kfree(file->private_data);
	return 0;
}

static ssize_t tty_read(struct file *file, char __user *buf, size_t n, loff_t *pos)
{
	if (tty_hung_up(file))
		return 0;
	return n_tty_read(tty_of(file), file, (u8 __user *)buf, n);
}

static ssize_t tty_write(struct file *file, const char __user *buf, size_t n, loff_t *pos)
{
	if (tty_hung_up(file))
		return -EIO;
	return n_tty_write(tty_of(file), file, (const u8 __user *)buf, n);
}

static __poll_t tty_poll(struct file *file, poll_table *wait)
{
	return n_tty_poll(tty_of(file), file, wait);
}

static long tty_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct tty_struct *tty = tty_of(file);
	long ret;

	if (tty_hung_up(file))
		return -EIO;
	ret = tty_jobctrl_ioctl(tty, cmd, arg);
	if (ret == -ENOIOCTLCMD)
		ret = n_tty_ioctl(tty, file, cmd, arg);
	return ret;
}

static const struct file_operations tty_fops = {
	.llseek = no_llseek,
	.read = tty_read,
	.write = tty_write,
	.poll = tty_poll,
	.unlocked_ioctl = tty_ioctl,
	.open = tty_open,
	.release = tty_release,
};

void tty_register(struct tty_struct *tty, const char *name, dev_t dev,
		  const struct tty_operations *ops)
{
	int i = 0;

	tty->name = name;
	tty->dev = dev;
	tty->ops = ops;
	spin_lock_init(&tty->ctrl_lock);
	spin_lock_init(&tty->lock);
	mutex_init_rank(&tty->read_mutex, RANK_TTY);
	mutex_init_rank(&tty->write_mutex, RANK_TTY);
	init_waitqueue_head(&tty->read_wait);
	init_waitqueue_head(&tty->write_wait);
	tty_std_termios(&tty->termios);

	while (i < MAX_TTYS && ttys[i])
		i++;
	if (i == MAX_TTYS || __register_chrdev(MAJOR(dev), MINOR(dev), 1, name, &tty_fops))
		panic("cannot register terminal %s", name);
	ttys[i] = tty;
}

void tty_init(void)
{
	disassociate_ctty_hook = disassociate_ctty;
	if (__register_chrdev(TTYAUX_MAJOR, MINOR_TTY, 2, "tty", &tty_fops))
		panic("cannot register /dev/tty");
}
