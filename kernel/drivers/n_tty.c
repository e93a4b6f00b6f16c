// SPDX-License-Identifier: MIT
/*
 * kernel/drivers/n_tty.c - the line discipline, receiving side: what is typed becomes input.
 *
 * Each byte that the device receives is translated (ICRNL ...), may mean flow control (IXON) or a
 * signal (ISIG), and else goes into the ring. In canonical mode (ICANON) the part of the ring
 * behind canon_head is the line being edited: ERASE, WERASE and KILL take bytes back until a
 * newline, EOL or EOF closes the line and makes it readable. EOF is a line end of its own that is
 * not read: it is stored as a NUL with its flag set.
 *
 * Locks: tty->lock, with interrupts off. A signal is sent after the lock has been dropped.
 */
#include <pagoda/tty.h>
#include <pagoda/bitops.h>
#include <pagoda/ctype.h>
#include <pagoda/sched.h>
#include <pagoda/signal.h>
#include <pagoda/string.h>

#define BUF_MASK (N_TTY_BUF_SIZE - 1)

#define I_FLAG(tty, f) ((tty)->termios.c_iflag & (f))
#define L_FLAG(tty, f) ((tty)->termios.c_lflag & (f))

static bool is_cc(const struct tty_struct *tty, int index, u8 c)
{
	u8 cc = tty->termios.c_cc[index];

	return cc && cc == c;
}

/* ---- the ring ---------------------------------------------------------------------------- */

static size_t ring_used(const struct tty_struct *tty)
{
	return tty->head - tty->tail;
}

static void put_byte(struct tty_struct *tty, u8 c)
{
	tty->read_buf[tty->head & BUF_MASK] = c;
	__clear_bit(tty->head & BUF_MASK, tty->read_flags);
	tty->head++;
}

/* Close the line that is being edited with c. */
static void put_line_end(struct tty_struct *tty, u8 c)
{
	size_t pos = tty->head & BUF_MASK;

	put_byte(tty, c);
	__set_bit(pos, tty->read_flags);
	tty->canon_head = tty->head;
}

bool n_tty_input_available(struct tty_struct *tty)
{
	if (L_FLAG(tty, ICANON))
		return tty->canon_head != tty->tail;
	return ring_used(tty) != 0;
}

/* For FIONREAD. */
size_t n_tty_chars_available(struct tty_struct *tty)
{
	unsigned long flags;
	size_t n;

	spin_lock_irqsave(&tty->lock, flags);
	n = L_FLAG(tty, ICANON) ? tty->canon_head - tty->tail : ring_used(tty);
	spin_unlock_irqrestore(&tty->lock, flags);
	return n;
}

static void flush_input_locked(struct tty_struct *tty)
{
	tty->head = tty->canon_head = tty->tail = 0;
	tty->lnext = false;
	memset(tty->read_flags, 0, sizeof(tty->read_flags));
}

void n_tty_flush_input(struct tty_struct *tty)
{
	unsigned long flags;

	spin_lock_irqsave(&tty->lock, flags);
	flush_input_locked(tty);
	spin_unlock_irqrestore(&tty->lock, flags);
}

/* When canonical mode ends, what was being edited becomes readable as it is. */
void n_tty_set_termios(struct tty_struct *tty, const struct termios *new)
{
	unsigned long flags;

	spin_lock_irqsave(&tty->lock, flags);
	if ((new->c_lflag ^ tty->termios.c_lflag) & ICANON) {
		memset(tty->read_flags, 0, sizeof(tty->read_flags));
		if ((new->c_lflag &ICANON) && ring_used(tty))
			__set_bit((tty->head - 1) & BUF_MASK, tty->read_flags);
		tty->canon_head = tty->head;
		tty->lnext = false;
	}
	tty->termios = *new;
	if (!(new->c_iflag &IXON) && tty->flow_stopped) {
		tty->flow_stopped = false;
		tty->ops->start(tty);
	}
	spin_unlock_irqrestore(&tty->lock, flags);
	wake_up_interruptible_all(&tty->read_wait);
	wake_up_interruptible_all(&tty->write_wait);
}

/* ---- echo -------------------------------------------------------------------------------- */

static bool shown_as_caret(const struct tty_struct *tty, u8 c)
{
	return L_FLAG(tty, ECHOCTL) && iscntrl(c) && c != '\t' && c != '\n';
}

static void echo_char(struct tty_struct *tty, u8 c)
{
	if (shown_as_caret(tty, c)) {
		n_tty_put(tty, '^');
		n_tty_put(tty, c ^ 0100);
	} else {
		n_tty_put(tty, c);
	}
}

static void echo_string(struct tty_struct *tty, const char *s)
{
	while (*s)
		n_tty_put(tty, *s++);
}

/* Columns that the line being edited takes up to ring position end: to know how wide a tab was. */
static unsigned int line_width(struct tty_struct *tty, size_t end)
{
	unsigned int column = tty->canon_column;
	size_t pos;

	for (pos = tty->canon_head; pos != end; pos++) {
		u8 c = tty->read_buf[pos & BUF_MASK];

		if (c == '\t')
			column = (column | 7) + 1;
		else if (shown_as_caret(tty, c))
			column += 2;
		else if (!iscntrl(c) && !(I_FLAG(tty, IUTF8) && (c & 0xc0) == 0x80))
			column++;
	}
	return column;
}

/* Take the byte before head off the screen. */
static void echo_erase(struct tty_struct *tty)
{
	unsigned int width = line_width(tty, tty->head) - line_width(tty, tty->head - 1);

	if (tty->read_buf[(tty->head - 1) & BUF_MASK] == '\t') {
		while (width--)
			n_tty_put(tty, '\b');
		return;
	}
	while (width--)
		echo_string(tty, "\b \b");
}

/* ---- editing the line -------------------------------------------------------------------- */

static void erase_byte(struct tty_struct *tty)
{
	if (L_FLAG(tty, ECHO) && L_FLAG(tty, ECHOE))
		echo_erase(tty);
	tty->head--;
}

/* One character: in UTF-8 its continuation bytes go with it. */
static void erase_char(struct tty_struct *tty)
{
	while (tty->head != tty->canon_head && I_FLAG(tty, IUTF8) &&
	       (tty->read_buf[(tty->head - 1) & BUF_MASK] & 0xc0) == 0x80)
		erase_byte(tty);
	if (tty->head != tty->canon_head)
		erase_byte(tty);
	if (L_FLAG(tty, ECHO) && !L_FLAG(tty, ECHOE))
		echo_char(tty, tty->termios.c_cc[VERASE]);
}

static bool word_byte_before_head(struct tty_struct *tty)
{
	u8 c = tty->read_buf[(tty->head - 1) & BUF_MASK];

	return isalnum(c) || c == '_' || c >= 0x80;
}

static void erase_word(struct tty_struct *tty)
{
	while (tty->head != tty->canon_head && !word_byte_before_head(tty))
		erase_byte(tty);
	while (tty->head != tty->canon_head && word_byte_before_head(tty))
		erase_byte(tty);
}

static void kill_line(struct tty_struct *tty)
{
	if (L_FLAG(tty, ECHO) && !(L_FLAG(tty, ECHOE) && L_FLAG(tty, ECHOKE))) {
		echo_char(tty, tty->termios.c_cc[VKILL]);
		if (L_FLAG(tty, ECHOK))
			n_tty_put(tty, '\n');
		tty->head = tty->canon_head;
		return;
	}
	while (tty->head != tty->canon_head)
		erase_byte(tty);
}

static void reprint_line(struct tty_struct *tty)
{
	size_t pos;

	echo_char(tty, tty->termios.c_cc[VREPRINT]);
	n_tty_put(tty, '\n');
	for (pos = tty->canon_head; pos != tty->head; pos++)
		echo_char(tty, tty->read_buf[pos & BUF_MASK]);
}

/* True if c was a command for the editor, or closed the line. */
static bool edit_line(struct tty_struct *tty, u8 c)
{
	bool extended = L_FLAG(tty, IEXTEN);

	if (is_cc(tty, VERASE, c)) {
		erase_char(tty);
	} else if (is_cc(tty, VKILL, c)) {
		kill_line(tty);
	} else if (extended && is_cc(tty, VWERASE, c)) {
		erase_word(tty);
	} else if (extended && is_cc(tty, VLNEXT, c)) {
		tty->lnext = true;
		if (L_FLAG(tty, ECHO) && L_FLAG(tty, ECHOCTL))
			echo_string(tty, "^\b");
	} else if (extended && L_FLAG(tty, ECHO) && is_cc(tty, VREPRINT, c)) {
		reprint_line(tty);
	} else if (c == '\n') {
		if (L_FLAG(tty, ECHO) || L_FLAG(tty, ECHONL))
			n_tty_put(tty, '\n');
		put_line_end(tty, c);
	} else if (is_cc(tty, VEOF, c)) {
		put_line_end(tty, '\0');
	} else if (is_cc(tty, VEOL, c) || (extended && is_cc(tty, VEOL2, c))) {
		if (L_FLAG(tty, ECHO))
			echo_char(tty, c);
		put_line_end(tty, c);
	} else {
		return false;
	}
	return true;
}

/* ---- one byte ---------------------------------------------------------------------------- */

/* The signal that c asks for, or 0. */
static int signal_of(const struct tty_struct *tty, u8 c)
{
	if (!L_FLAG(tty, ISIG))
		return 0;
	if (is_cc(tty, VINTR, c))
		return SIGINT;
	if (is_cc(tty, VQUIT, c))
		return SIGQUIT;
	if (is_cc(tty, VSUSP, c))
		return SIGTSTP;
	return 0;
}

/* ^S and ^Q; any byte resumes with IXANY. True if c was used up. */
static bool flow_control(struct tty_struct *tty, u8 c)
{
	if (!I_FLAG(tty, IXON))
		return false;
	if (is_cc(tty, VSTART, c) ||
	    (tty->flow_stopped && I_FLAG(tty, IXANY) && !is_cc(tty, VSTOP, c))) {
		tty->flow_stopped = false;
		tty->ops->start(tty);
		return is_cc(tty, VSTART, c);
	}
	if (is_cc(tty, VSTOP, c)) {
		tty->flow_stopped = true;
		tty->ops->stop(tty);
		return true;
	}
	return false;
}

/* Into the ring and onto the screen. One byte stays free for the end of the line. */
static void take_byte(struct tty_struct *tty, u8 c)
{
	if (ring_used(tty) >= N_TTY_BUF_SIZE - 1) {
		if (I_FLAG(tty, IMAXBEL))
			n_tty_put(tty, '\a');
		return;
	}
	if (tty->head == tty->canon_head)
		tty->canon_column = tty->column;
	if (L_FLAG(tty, ECHO))
		echo_char(tty, c);
	put_byte(tty, c);
}

/* Returns the signal to send, or 0. */
static int receive_char(struct tty_struct *tty, u8 c)
{
	int sig;

	if (tty->lnext) {
		tty->lnext = false;
		take_byte(tty, c);
		return 0;
	}
	if (I_FLAG(tty, ISTRIP))
		c &= 0x7f;
	if (flow_control(tty, c))
		return 0;
	sig = signal_of(tty, c);
	if (sig) {
		if (!L_FLAG(tty, NOFLSH))
			flush_input_locked(tty);
		if (L_FLAG(tty, ECHO)) {
			echo_char(tty, c);
			if (L_FLAG(tty, ICANON) && sig != SIGTSTP)
				tty->canon_column = tty->column;
		}
		return sig;
	}
	if (c == '\r') {
		if (I_FLAG(tty, IGNCR))
			return 0;
		if (I_FLAG(tty, ICRNL))
			c = '\n';
	} else if (c == '\n' && I_FLAG(tty, INLCR)) {
		c = '\r';
	}
	if (!L_FLAG(tty, ICANON) || !edit_line(tty, c))
		take_byte(tty, c);
	return 0;
}

void n_tty_receive_buf(struct tty_struct *tty, const u8 *buf, size_t n)
{
	unsigned long flags;
	bool ready;
	size_t i;

	spin_lock_irqsave(&tty->lock, flags);
	for (i = 0; i < n; i++) {
		int sig = receive_char(tty, buf[i]);

		if (sig) {
			spin_unlock_irqrestore(&tty->lock, flags);
			tty_signal_pgrp(tty, sig);
			spin_lock_irqsave(&tty->lock, flags);
		}
	}
	ready = n_tty_input_available(tty);
	spin_unlock_irqrestore(&tty->lock, flags);
	if (ready)
		wake_up_interruptible_poll(&tty->read_wait, EPOLLIN | EPOLLRDNORM);
}

/* The line was held low: SIGINT with BRKINT, a NUL byte without. */
void n_tty_receive_break(struct tty_struct *tty)
{
	u8 nul = 0;

	if (I_FLAG(tty, IGNBRK))
		return;
	if (I_FLAG(tty, BRKINT)) {
		n_tty_flush_input(tty);
		tty_signal_pgrp(tty, SIGINT);
		return;
	}
	n_tty_receive_buf(tty, &nul, 1);
}
