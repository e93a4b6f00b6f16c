/* SPDX-License-Identifier: MIT */
/*
 * include/pagoda/uart.h - the 16550 serial port as its users see it: printk and the tty layer.
 *
 * Everything here may be called in any context with interrupts on or off; nothing sleeps.
 */
#ifndef _PAGODA_UART_H
#define _PAGODA_UART_H

#include <pagoda/types.h>

/* What was wrong with a piece of received bytes; the byte itself comes alone, last in its piece. */
#define UART_RX_BREAK	0x1
#define UART_RX_OVERRUN 0x2
#define UART_RX_PARITY	0x4
#define UART_RX_FRAME	0x8

/* Called from the interrupt handler, with interrupts disabled. */
typedef void (*uart_rx_fn)(void *arg, const u8 *buf, size_t n, unsigned int flags);
typedef void (*uart_tx_fn)(void *arg);

/* kernel/drivers/uart.c */
void uart_early_init(void); /* polled output works from here on */
void uart_init(void);	    /* interrupts, once request_irq() works */
bool uart_present(void);

void uart_write_polled(const char *s, size_t n);
void uart_drain(void);

size_t uart_write(const u8 *buf, size_t n); /* bytes taken into the ring, maybe fewer than n */
size_t uart_write_room(void);
size_t uart_chars_in_buffer(void);
void uart_flush_buffer(void); /* drops what is not sent yet */
void uart_tx_start(void);
void uart_tx_stop(void); /* holds output until uart_tx_start(); for Ctrl-S */

void uart_set_rx_handler(uart_rx_fn fn, void *arg);
void uart_set_tx_wakeup(uart_tx_fn fn, void *arg);

#endif
