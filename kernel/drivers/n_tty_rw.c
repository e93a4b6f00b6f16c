// SPDX-License-Identifier: MIT
/*
 * kernel/drivers/n_tty_rw.c - the line discipline towards programs: read, write, poll.
 *
 * A read in canonical mode returns at most one line. In non-canonical mode VMIN and VTIME say
 * when it returns (termios(3)):
 *
 *	MIN 0, TIME 0	at once, with what there is
 *	MIN n, TIME 0	when n bytes are there
 *	MIN 0, TIME t	when a byte is there, or after t/10 s
 *	MIN n, TIME t	when n bytes are there, or t/10 s after the last byte
 *
 * Locks: read_mutex or write_mutex around the whole call, dropped while it sleeps for input; lock
 * for each piece. User memory is copied with neither spinlock held.
 */
#include <pagoda/tty.h>
#include <pagoda/bitops.h>
#include <pagoda/kernel.h>
#include <pagoda/fs.h>
#include <pagoda/hrtimer.h>
#include <pagoda/sched.h>
#include <pagoda/signal.h>
#include <asm/uaccess.h>
#include <uapi/fcntl.h>

#define BUF_MASK (N_TTY_BUF_SIZE - 1)
#define CHUNK	 256

/* ---- output ------------------------------------------------------------------------------ */

static bool device_put(struct tty_struct *tty, const char *s, size_t n)
{
	if (tty->ops->write_room(tty) < n)
		return false;
	tty->ops->write(tty, (const u8 *)s, n);
	return true;
}

static bool put_tab(struct tty_struct *tty)
{
	unsigned int spaces = 8 - (tty->column & 7);

	if ((tty->termios.c_oflag & TABDLY) == XTABS) {
		if (!device_put(tty, "        ", spaces))
			return false;
	} else if (!device_put(tty, "\t", 1)) {
		return false;
	}
	tty->column += spaces;
	return true;
}

bool n_tty_put(struct tty_struct *tty, u8 c)
{
	u32 oflag = tty->termios.c_oflag;

	if (!(oflag & OPOST))
		return device_put(tty, (char *)&c, 1);
	if (c == '\r' && (oflag & ONOCR) && tty->column == 0)
		return true;
	if (c == '\r' && (oflag & OCRNL))
		c = '\n';
	if (c == '\n') {
		bool crlf = oflag & ONLCR;

		if (!device_put(tty, crlf ? "\r\n" : "\n", crlf ? 2 : 1))
			return false;
		if (oflag & (ONLCR | ONLRET))
			tty->column = tty->canon_column = 0;
		return true;
	}
	if (c == '\t')
		return put_tab(tty);
	if (!device_put(tty, (char *)&c, 1))
		return false;
	if (c == '\r')
		tty->column = tty->canon_column = 0;
	else if (c == '\b')
		tty->column -= tty->column > 0;
	else if (c >= ' ' && c != 0x7f && !((tty->termios.c_iflag & IUTF8) && (c & 0xc0) == 0x80))
		tty->column++;
	return true;
}

/* As many bytes of buf as the device takes now. */
static size_t put_some(struct tty_struct *tty, const u8 *buf, size_t n)
{
	unsigned long flags;
	size_t i = 0;

	spin_lock_irqsave(&tty->lock, flags);
	while (i < n && n_tty_put(tty, buf[i]))
		i++;
	spin_unlock_irqrestore(&tty->lock, flags);
	return i;
}

/* All of buf; returns the bytes written, or an error if that is none. */
static ssize_t put_all(struct tty_struct *tty, struct file *file, const u8 *buf, size_t n)
{
	size_t done = 0;

	for (;;) {
		DEFINE_WAIT(wait);
		ssize_t err = 0;

		prepare_to_wait(&tty->write_wait, &wait, TASK_INTERRUPTIBLE);
		done += put_some(tty, buf + done, n - done);
		if (done == n)
			err = 1;
		else if (tty_hung_up(file))
			err = -EIO;
		else if (file->f_flags & O_NONBLOCK)
			err = -EAGAIN;
		else if (signal_pending(current))
			err = -ERESTARTSYS;
		else
			schedule();
		finish_wait(&tty->write_wait, &wait);
		if (err)
			return done ? (ssize_t)done : err;
	}
}

ssize_t n_tty_write(struct tty_struct *tty, struct file *file, const u8 __user *buf, size_t n)
{
	u8 chunk[CHUNK];
	size_t done = 0;
	ssize_t ret = 0;

	if (tty->termios.c_lflag & TOSTOP) {
		ret = tty_check_change(tty, SIGTTOU);
		if (ret)
			return ret;
	}
	if (mutex_lock_interruptible(&tty->write_mutex))
		return -ERESTARTSYS;
	while (done < n) {
		size_t piece = min_t(size_t, n - done, CHUNK);

		ret = -EFAULT;
		if (copy_from_user(chunk, buf + done, piece))
			break;
		ret = put_all(tty, file, chunk, piece);
		if (ret < 0)
			break;
		done += ret;
		if ((size_t)ret < piece)
			break;
	}
	mutex_unlock(&tty->write_mutex);
	return done ? (ssize_t)done : ret;
}

void n_tty_write_wakeup(struct tty_struct *tty)
{
	wake_up_interruptible_poll(&tty->write_wait, EPOLLOUT | EPOLLWRNORM);
}

/* ---- input ------------------------------------------------------------------------------- */

/*
 * Up to n bytes of the ring into chunk. In canonical mode it stops behind the end of a line and
 * sets *line_end; an EOF mark ends the line without being copied. lock held.
 */
static size_t take_some(struct tty_struct *tty, u8 *chunk, size_t n, bool *line_end)
{
	bool canon = tty->termios.c_lflag & ICANON;
	size_t end = canon ? tty->canon_head : tty->head, got = 0;

	*line_end = false;
	while (tty->tail != end && (got < n || canon)) {
		size_t pos = tty->tail & BUF_MASK;
		u8 c = tty->read_buf[pos];

		if (canon && test_bit(pos, tty->read_flags)) {
			if (c && got == n)
				break;
			__clear_bit(pos, tty->read_flags);
			tty->tail++;
			if (c)
				chunk[got++] = c;
			*line_end = true;
			break;
		}
		if (got == n)
			break;
		chunk[got++] = c;
		tty->tail++;
	}
	return got;
}

/* Sleep until there is input. *left: ns of VTIME, used up. 0, or why not. */
static ssize_t wait_for_input(struct tty_struct *tty, struct file *file, ktime_t *left)
{
	DEFINE_WAIT(wait);
	ssize_t err = 0;
	bool ready;

	prepare_to_wait(&tty->read_wait, &wait, TASK_INTERRUPTIBLE);
	spin_lock_irq(&tty->lock);
	ready = n_tty_input_available(tty);
	spin_unlock_irq(&tty->lock);
	if (!ready) {
		if (tty_hung_up(file))
			err = -EIO;
		else if (file->f_flags & O_NONBLOCK)
			err = -EAGAIN;
		else if (signal_pending(current))
			err = -ERESTARTSYS;
		else
			*left = schedule_timeout(*left);
	}
	finish_wait(&tty->read_wait, &wait);
	return err;
}

struct read_rules {
	bool canon;
	size_t min;   /* bytes after which a non-canonical read returns */
	ktime_t time; /* ns to wait for the first (MIN 0) or the next byte */
};

static struct read_rules rules_of(struct tty_struct *tty)
{
	struct read_rules r = {.canon = tty->termios.c_lflag & ICANON,
			       .time = MAX_SCHEDULE_TIMEOUT};

	if (!r.canon) {
		r.min = tty->termios.c_cc[VMIN];
		if (tty->termios.c_cc[VTIME])
			r.time = tty->termios.c_cc[VTIME] * (NSEC_PER_SEC / 10);
		else if (!r.min)
			r.time = 0;
	}
	return r;
}

/* One round of a read: what is there now, to the program. Bytes, or -EFAULT. */
static ssize_t read_chunk(struct tty_struct *tty, u8 __user *buf, size_t n, bool *line_end)
{
	u8 chunk[CHUNK];
	size_t got;

	spin_lock_irq(&tty->lock);
	got = take_some(tty, chunk, min_t(size_t, n, CHUNK), line_end);
	spin_unlock_irq(&tty->lock);
	if (got && copy_to_user(buf, chunk, got))
		return -EFAULT;
	return (ssize_t)got;
}

ssize_t n_tty_read(struct tty_struct *tty, struct file *file, u8 __user *buf, size_t n)
{
	struct read_rules rules = rules_of(tty);
	/* With MIN > 0 the clock starts with the first byte. */
	ktime_t left = rules.min ? MAX_SCHEDULE_TIMEOUT : rules.time;
	bool line_end = false;
	size_t done = 0;
	ssize_t ret = 0;

	if (mutex_lock_interruptible(&tty->read_mutex))
		return -ERESTARTSYS;
	while (done < n) {
		/* A process in the background may not read; checked again after each sleep. */
		ret = tty_check_change(tty, SIGTTIN);
		if (ret)
			break;
		ret = read_chunk(tty, buf + done, n - done, &line_end);
		if (ret < 0)
			break;
		done += ret;
		if (line_end || (rules.canon && done) ||
		    (!rules.canon && done && done >= rules.min))
			break;
		if (ret && rules.time != MAX_SCHEDULE_TIMEOUT)
			left = rules.time;
		if (!left)
			break;
		if (ret)
			continue;
		mutex_unlock(&tty->read_mutex);
		ret = wait_for_input(tty, file, &left);
		mutex_lock(&tty->read_mutex);
		if (ret)
			break;
	}
	mutex_unlock(&tty->read_mutex);
	if (done || ret != -EIO || !tty_hung_up(file))
		return done ? (ssize_t)done : ret;
	return 0; /* hung up: end of file */
}

__poll_t n_tty_poll(struct tty_struct *tty, struct file *file, poll_table *wait)
{
	__poll_t mask = 0;

	poll_wait(file, &tty->read_wait, wait);
	poll_wait(file, &tty->write_wait, wait);
	spin_lock_irq(&tty->lock);
	if (n_tty_input_available(tty))
		mask |= EPOLLIN | EPOLLRDNORM;
	spin_unlock_irq(&tty->lock);
	if (!tty->flow_stopped && tty->ops->write_room(tty))
		mask |= EPOLLOUT | EPOLLWRNORM;
	if (tty_hung_up(file))
		mask |= EPOLLHUP | EPOLLIN | EPOLLRDNORM;
	return mask;
}
