// SPDX-License-Identifier: MIT
/*
 * kernel/drivers/tty_ioctl.c - settings of a terminal: termios, window size, flow, flushing.
 */
#include <pagoda/tty.h>
#include <pagoda/cred.h>
#include <pagoda/fs.h>
#include <pagoda/sched.h>
#include <pagoda/signal.h>
#include <pagoda/string.h>
#include <uapi/ioctls.h>
#include <asm/uaccess.h>

/* What a terminal starts with, and goes back to after a hangup. */
void tty_std_termios(struct termios *t)
{
	static const u8 control_chars[NCCS] = {
		[VINTR] = 3,	 [VQUIT] = 28,	 [VERASE] = 127, [VKILL] = 21, [VEOF] = 4,
		[VMIN] = 1,	 [VSTART] = 17,	 [VSTOP] = 19,	 [VSUSP] = 26, [VREPRINT] = 18,
		[VDISCARD] = 15, [VWERASE] = 23, [VLNEXT] = 22,
	};

	t->c_iflag = ICRNL | IXON;
	t->c_oflag = OPOST | ONLCR;
	t->c_cflag = B115200 | CS8 | CREAD | HUPCL | CLOCAL;
	t->c_lflag = ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN;
	t->c_line = 0;
	memcpy(t->c_cc, control_chars, NCCS);
}

int tty_wait_until_sent(struct tty_struct *tty)
{
	return (int)wait_event_interruptible(tty->write_wait, !tty->ops->chars_in_buffer(tty));
}

static long get_termios(struct tty_struct *tty, struct termios __user *arg)
{
	struct termios t;

	spin_lock_irq(&tty->lock);
	t = tty->termios;
	spin_unlock_irq(&tty->lock);
	return copy_to_user(arg, &t, sizeof(t)) ? -EFAULT : 0;
}

/* drain: after all output is sent; flush: and forget the input (TCSETSW, TCSETSF). */
static long set_termios(struct tty_struct *tty, const struct termios __user *arg, bool drain,
			bool flush)
{
	struct termios t;
	long ret = tty_check_change(tty, SIGTTOU);

	if (ret)
		return ret;
	if (copy_from_user(&t, arg, sizeof(t)))
		return -EFAULT;
	if (drain) {
		ret = tty_wait_until_sent(tty);
		if (ret)
			return ret;
	}
	if (flush)
		n_tty_flush_input(tty);
	n_tty_set_termios(tty, &t);
	return 0;
}

static long set_winsize(struct tty_struct *tty, const struct winsize __user *arg)
{
	struct winsize ws;
	bool changed;

	if (copy_from_user(&ws, arg, sizeof(ws)))
		return -EFAULT;
	spin_lock_irq(&tty->lock);
	changed = memcmp(&ws, &tty->winsize, sizeof(ws)) != 0;
	tty->winsize = ws;
	spin_unlock_irq(&tty->lock);
	if (changed)
		tty_signal_pgrp(tty, SIGWINCH);
	return 0;
}

static long flush(struct tty_struct *tty, unsigned long what)
{
	long ret = tty_check_change(tty, SIGTTOU);

	if (ret)
		return ret;
	if (what > TCIOFLUSH)
		return -EINVAL;
	if (what != TCOFLUSH)
		n_tty_flush_input(tty);
	if (what != TCIFLUSH) {
		tty->ops->flush_buffer(tty);
		n_tty_write_wakeup(tty);
	}
	return 0;
}

static long flow(struct tty_struct *tty, unsigned long what)
{
	long ret = tty_check_change(tty, SIGTTOU);
	u8 c;

	if (ret)
		return ret;
	spin_lock_irq(&tty->lock);
	switch (what) {
	case TCOOFF:
		tty->flow_stopped = true;
		tty->ops->stop(tty);
		break;
	case TCOON:
		tty->flow_stopped = false;
		tty->ops->start(tty);
		break;
	case TCIOFF:
	case TCION:
		c = tty->termios.c_cc[what == TCIOFF ? VSTOP : VSTART];
		if (c)
			tty->ops->write(tty, &c, 1);
		break;
	default:
		ret = -EINVAL;
	}
	spin_unlock_irq(&tty->lock);
	n_tty_write_wakeup(tty);
	return ret;
}

static long insert_input(struct tty_struct *tty, const u8 __user *arg)
{
	u8 c;

	if (current->signal->tty != tty && !capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (get_user(c, arg))
		return -EFAULT;
	n_tty_receive_buf(tty, &c, 1);
	return 0;
}

static long modem_lines(int __user *arg)
{
	return put_user(TIOCM_DTR | TIOCM_RTS | TIOCM_CTS | TIOCM_CAR | TIOCM_DSR, arg);
}

/* There is one line discipline, N_TTY. */
static long set_ldisc(int __user *arg)
{
	int ldisc;

	if (get_user(ldisc, arg))
		return -EFAULT;
	return ldisc ? -EINVAL : 0;
}

/* Settings; job control is tty_jobctrl_ioctl(). */
long n_tty_ioctl(struct tty_struct *tty, struct file *file, unsigned int cmd, unsigned long arg)
{
	void __user *p = (void __user *)arg;
	long ret;

	switch (cmd) {
	case TCGETS:
		return get_termios(tty, p);
	case TCSETS:
		return set_termios(tty, p, false, false);
	case TCSETSW:
		return set_termios(tty, p, true, false);
	case TCSETSF:
		return set_termios(tty, p, true, true);
	case TIOCGWINSZ:
		return copy_to_user(p, &tty->winsize, sizeof(tty->winsize)) ? -EFAULT : 0;
	case TIOCSWINSZ:
		return set_winsize(tty, p);
	case FIONREAD:
		return put_user((int)n_tty_chars_available(tty), (int __user *)p);
	case TIOCOUTQ:
		return put_user((int)tty->ops->chars_in_buffer(tty), (int __user *)p);
	case TCFLSH:
		return flush(tty, arg);
	case TCXONC:
		return flow(tty, arg);
	case TCSBRK:
	case TCSBRKP:
		ret = tty_check_change(tty, SIGTTOU);
		return ret ? ret : tty_wait_until_sent(tty);
	case TIOCSTI:
		return insert_input(tty, p);
	case TIOCGETD:
		return put_user(0, (int __user *)p);
	case TIOCSETD:
		return set_ldisc(p);
	case TIOCMGET:
		return modem_lines(p);
	case TIOCGDEV:
		return put_user((unsigned int)new_encode_dev(tty->dev), (unsigned int __user *)p);
	case TIOCVHANGUP:
		if (!capable(CAP_SYS_ADMIN))
			return -EPERM;
		tty_hangup(tty);
		return 0;
	default:
		return -ENOTTY;
	}
}
