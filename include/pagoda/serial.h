/* SPDX-License-Identifier: MIT */
/*
 * serial.h - start-up of the serial console and terminal (kernel/drivers/serial_tty.c).
 */
#ifndef PAGODA_SERIAL_H
#define PAGODA_SERIAL_H

void serial_console_init(void); /* the log comes out from here on; first thing at boot */
void serial_tty_init(void);	/* /dev/ttyS0; after interrupts and file systems work */

#endif
