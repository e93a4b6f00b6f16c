/* SPDX-License-Identifier: MIT */
/*
 * seq_buf.h - text that grows inside a buffer of the caller's.
 *
 * Writing past the end keeps what fits, sets `overflow`, and every later write fails too, so
 * that a caller checks once, at the end. The text is always terminated if size > 0.
 */
#ifndef PAGODA_SEQ_BUF_H
#define PAGODA_SEQ_BUF_H

#include <stdarg.h>
#include <pagoda/types.h>

struct seq_buf {
	char *buffer;
	size_t size; /* of buffer, in bytes */
	size_t len;  /* of the text, without its terminating 0 */
	bool overflow;
};

void seq_buf_init(struct seq_buf *s, char *buf, size_t size);
void seq_buf_clear(struct seq_buf *s);

/* 0, or -ENOSPC once the text does not fit. */
int seq_buf_printf(struct seq_buf *s, const char *fmt, ...) __printf(2, 3);
int seq_buf_vprintf(struct seq_buf *s, const char *fmt, va_list args) __printf(2, 0);
int seq_buf_puts(struct seq_buf *s, const char *str);
int seq_buf_putc(struct seq_buf *s, char c);
int seq_buf_putmem(struct seq_buf *s, const void *mem, size_t len);

static inline bool seq_buf_has_overflowed(const struct seq_buf *s)
{
	return s->overflow;
}

static inline size_t seq_buf_used(const struct seq_buf *s)
{
	return s->len;
}

static inline const char *seq_buf_str(const struct seq_buf *s)
{
	return s->size ? s->buffer : "";
}

#endif
