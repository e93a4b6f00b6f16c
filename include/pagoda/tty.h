/* SPDX-License-Identifier: MIT */
/*
 * tty.h - terminals: a device that sends and receives bytes, the line discipline between it and
 * programs, and the session that it controls.
 *
 *	program  <- n_tty_read  <- read_buf <- n_tty_receive_buf <- driver (interrupt)
 *		 -> n_tty_write -> output processing ------------> driver (ops->write)
 *
 * Locks: lock (irq-safe) guards the settings, the input buffer and the output column, as the
 * receiving side is an interrupt handler. ctrl_lock (irq-safe) guards session and foreground
 * group. read_mutex and write_mutex keep one reader and one writer at a time. Order: the mutexes,
 * lock; ctrl_lock stands alone.
 */
#ifndef PAGODA_TTY_H
#define PAGODA_TTY_H

#include <pagoda/types.h>
#include <pagoda/mutex.h>
#include <pagoda/poll.h>
#include <pagoda/wait.h>
#include <uapi/termios.h>

struct file;
struct pid;
struct task_struct;
struct tty_struct;

/* The device. None of it sleeps; write may be called in interrupts. */
struct tty_operations {
	size_t (*write)(struct tty_struct *tty, const u8 *buf, size_t n); /* bytes taken */
	size_t (*write_room)(struct tty_struct *tty);
	size_t (*chars_in_buffer)(struct tty_struct *tty); /* not sent yet */
	void (*flush_buffer)(struct tty_struct *tty);
	void (*stop)(struct tty_struct *tty);
	void (*start)(struct tty_struct *tty);
};

#define N_TTY_BUF_SIZE 4096

struct tty_struct {
	const char *name; /* "ttyS0" */
	dev_t dev;
	const struct tty_operations *ops;
	unsigned int hangups; /* a file opened before the last one is dead */

	spinlock_t ctrl_lock;
	struct pid *session; /* whose controlling terminal this is, or NULL */
	struct pid *pgrp;    /* its foreground process group */

	spinlock_t lock;
	struct termios termios;
	struct winsize winsize;
	bool flow_stopped; /* ^S */
	/*
	 * The input ring. Positions count up and are taken modulo the size: head - where the next
	 * byte goes; canon_head - end of the last complete line; tail - next byte to read.
	 */
	u8 read_buf[N_TTY_BUF_SIZE];
	unsigned long read_flags[N_TTY_BUF_SIZE / 64]; /* this byte ends a line */
	size_t head, canon_head, tail;
	bool lnext;		   /* the next byte is taken literally */
	unsigned int column;	   /* of the cursor, as far as we know */
	unsigned int canon_column; /* where the line being edited starts */

	struct mutex read_mutex;
	struct mutex write_mutex;
	struct wait_queue_head read_wait;
	struct wait_queue_head write_wait;
};

/* ---- kernel/drivers/tty.c ---------------------------------------------------------------- */

/* A terminal named name with number dev and the usual settings; registers its character device. */
void tty_register(struct tty_struct *tty, const char *name, dev_t dev,
		  const struct tty_operations *ops);
void tty_init(void); /* /dev/tty and /dev/console */
void tty_set_console(struct tty_struct *tty);
bool tty_hung_up(const struct file *file);

/* ---- kernel/drivers/tty_jobctrl.c -------------------------------------------------------- */

/* May a background process go on? 0, -EIO (orphaned or ignoring), -ERESTARTSYS after the signal. */
int tty_check_change(struct tty_struct *tty, int sig);
void tty_open_ctty(struct tty_struct *tty); /* a session leader without terminal opened it */
struct tty_struct *get_current_tty(void);
void tty_signal_pgrp(struct tty_struct *tty, int sig);
void tty_hangup(struct tty_struct *tty);
void disassociate_ctty(int on_exit);
long tty_jobctrl_ioctl(struct tty_struct *tty, unsigned int cmd, unsigned long arg);

/* ---- kernel/drivers/tty_ioctl.c ---------------------------------------------------------- */

long n_tty_ioctl(struct tty_struct *tty, struct file *file, unsigned int cmd, unsigned long arg);
/* Wait until everything is sent; timeout ns. 0 or -ERESTARTSYS. */
int tty_wait_until_sent(struct tty_struct *tty);
void tty_std_termios(struct termios *t);

/* ---- kernel/drivers/n_tty.c, n_tty_read.c, n_tty_write.c --------------------------------- */

/* From the driver, in its interrupt. */
void n_tty_receive_buf(struct tty_struct *tty, const u8 *buf, size_t n);
void n_tty_receive_break(struct tty_struct *tty);
void n_tty_write_wakeup(struct tty_struct *tty);
bool n_tty_input_available(struct tty_struct *tty); /* lock held */
size_t n_tty_chars_available(struct tty_struct *tty);
void n_tty_flush_input(struct tty_struct *tty);
void n_tty_set_termios(struct tty_struct *tty, const struct termios *new);
ssize_t n_tty_read(struct tty_struct *tty, struct file *file, u8 __user *buf, size_t n);
ssize_t n_tty_write(struct tty_struct *tty, struct file *file, const u8 __user *buf, size_t n);
__poll_t n_tty_poll(struct tty_struct *tty, struct file *file, poll_table *wait);
/* One byte through output processing; lock held. False: the device has no room for it. */
bool n_tty_put(struct tty_struct *tty, u8 c);

#endif
