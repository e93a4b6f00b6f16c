/* SPDX-License-Identifier: MIT */
/*
 * printk.h - the kernel log: a ring of records that dmesg reads, and the console.
 */
#ifndef PAGODA_PRINTK_H
#define PAGODA_PRINTK_H

#include <pagoda/types.h>

#define KERN_SOH     "\001"
#define KERN_EMERG   KERN_SOH "0"
#define KERN_ALERT   KERN_SOH "1"
#define KERN_CRIT    KERN_SOH "2"
#define KERN_ERR     KERN_SOH "3"
#define KERN_WARNING KERN_SOH "4"
#define KERN_NOTICE  KERN_SOH "5"
#define KERN_INFO    KERN_SOH "6"
#define KERN_DEBUG   KERN_SOH "7"
#define KERN_CONT    KERN_SOH "c"

/* Where log lines go at once, besides the ring: the UART, polled. Registered by its driver. */
struct console {
	const char *name;
	void (*write)(struct console *con, const char *s, size_t n); /* any context, no sleeping */
	struct console *next;
};

/* kernel/printk.c */
__printf(1, 2) int printk(const char *fmt, ...);
int vprintk(const char *fmt, __builtin_va_list args);
void register_console(struct console *con);
void console_verbose(void); /* a panic prints everything, without taking locks */
extern int console_loglevel;
/*
 * Copy log text from record *seq on (formatted as dmesg shows it) into buf; advances *seq. One
 * record per call when `one`; returns bytes, 0 when there is none.
 */
size_t log_read(u64 *seq, char *buf, size_t size, bool syslog_prefix);
u64 log_first_seq(void);
u64 log_next_seq(void);
void log_clear(void);
u64 log_clear_seq(void);
size_t log_buf_len(void);
struct wait_queue_head *log_wait_queue(void);
/* One record in /dev/kmsg format ("prio,seq,usec,-;text\n"); 0 if none. */
size_t log_read_kmsg(u64 *seq, char *buf, size_t size);
void log_store_user(int level, const char *text, size_t len); /* write to /dev/kmsg */

#ifndef pr_fmt
#define pr_fmt(fmt) fmt
#endif
#define pr_emerg(fmt, ...)  printk(KERN_EMERG pr_fmt(fmt), ##__VA_ARGS__)
#define pr_crit(fmt, ...)   printk(KERN_CRIT pr_fmt(fmt), ##__VA_ARGS__)
#define pr_err(fmt, ...)    printk(KERN_ERR pr_fmt(fmt), ##__VA_ARGS__)
#define pr_warn(fmt, ...)   printk(KERN_WARNING pr_fmt(fmt), ##__VA_ARGS__)
#define pr_notice(fmt, ...) printk(KERN_NOTICE pr_fmt(fmt), ##__VA_ARGS__)
#define pr_info(fmt, ...)   printk(KERN_INFO pr_fmt(fmt), ##__VA_ARGS__)
#define pr_debug(fmt, ...)  printk(KERN_DEBUG pr_fmt(fmt), ##__VA_ARGS__)

void panic(const char *fmt, ...) __printf(1, 2) __noreturn;

#endif
