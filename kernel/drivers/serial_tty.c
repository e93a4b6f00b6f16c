// SPDX-License-Identifier: MIT
/*
 * kernel/drivers/serial_tty.c - the serial port as a terminal (ttyS0), and as the log's console.
 *
 * Joins the UART driver, which knows bytes and interrupts, to the terminal layer.
 */
#include <pagoda/serial.h>
#include <pagoda/printk.h>
#include <pagoda/tty.h>
#include <pagoda/types.h>
#include <pagoda/uart.h>

#define TTY_MAJOR  4
#define TTYS_MINOR 64

static struct tty_struct ttyS0;

/* ---- tty --------------------------------------------------------------------------------- */

static size_t serial_write(struct tty_struct *tty, const u8 *buf, size_t n)
{
	return uart_write(buf, n);
}

static size_t serial_write_room(struct tty_struct *tty)
{
	return uart_write_room();
}

static size_t serial_chars_in_buffer(struct tty_struct *tty)
{
	return uart_chars_in_buffer();
}

static void serial_flush_buffer(struct tty_struct *tty)
{
	uart_flush_buffer();
}

static void serial_stop(struct tty_struct *tty)
{
	uart_tx_stop();
}

static void serial_start(struct tty_struct *tty)
{
	uart_tx_start();
}

static const struct tty_operations serial_tty_ops = {
	.write = serial_write,
	.write_room = serial_write_room,
	.chars_in_buffer = serial_chars_in_buffer,
	.flush_buffer = serial_flush_buffer,
	.stop = serial_stop,
	.start = serial_start,
};

static void serial_rx(void *arg, const u8 *buf, size_t n, unsigned int flags)
{
	if (flags & UART_RX_BREAK)
		n_tty_receive_break(&ttyS0);
	else
		n_tty_receive_buf(&ttyS0, buf, n);
}

static void serial_tx_wakeup(void *arg)
{
	n_tty_write_wakeup(&ttyS0);
}

/* ---- console ----------------------------------------------------------------------------- */

/* The driver registers itself for the log. */
void serial_console_init(void)
{
	uart_early_init();
}

void serial_tty_init(void)
{
	if (!uart_present())
		return;
	uart_init();
	tty_register(&ttyS0, "ttyS0", MKDEV(TTY_MAJOR, TTYS_MINOR), &serial_tty_ops);
	tty_set_console(&ttyS0);
	uart_set_tx_wakeup(serial_tx_wakeup, NULL);
	uart_set_rx_handler(serial_rx, NULL);
}
