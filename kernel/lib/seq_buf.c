// SPDX-License-Identifier: MIT
/*
 * kernel/lib/seq_buf.c - text that grows inside a fixed buffer.
 *
 * Contracts in seq_buf.h.
 */
#include <pagoda/compiler.h>
#include <pagoda/errno.h>
#include <pagoda/seq_buf.h>
#include <pagoda/sprintf.h>
#include <pagoda/string.h>

void seq_buf_init(struct seq_buf *s, char *buf, size_t size)
{
	s->buffer = buf;
	s->size = size;
	seq_buf_clear(s);
}

void seq_buf_clear(struct seq_buf *s)
{
	s->len = 0;
	s->overflow = false;
	if (s->size)
		s->buffer[0] = '\0';
}

/* Bytes of text that still fit, the terminating 0 kept free. */
static size_t room(const struct seq_buf *s)
{
	return s->size && !s->overflow ? s->size - 1 - s->len : 0;
}

int seq_buf_putmem(struct seq_buf *s, const void *mem, size_t len)
{
	size_t fits = min(len, room(s));

	if (fits) {
		memcpy(s->buffer + s->len, mem, fits);
		s->len += fits;
		s->buffer[s->len] = '\0';
	}
	if (fits < len)
		s->overflow = true;
	return s->overflow ? -ENOSPC : 0;
}

int seq_buf_vprintf(struct seq_buf *s, const char *fmt, va_list args)
{
	size_t space = room(s), len;

	if (s->overflow)
		return -ENOSPC;
	len = vsnprintf(s->size ? s->buffer + s->len : NULL, s->size ? space + 1 : 0, fmt, args);
	s->len += min(len, space);
	if (len > space)
		s->overflow = true;
	return s->overflow ? -ENOSPC : 0;
}

int seq_buf_printf(struct seq_buf *s, const char *fmt, ...)
{
	va_list args;
	int ret;

	va_start(args, fmt);
	ret = seq_buf_vprintf(s, fmt, args);
	va_end(args);
	return ret;
}

int seq_buf_puts(struct seq_buf *s, const char *str)
{
	return seq_buf_putmem(s, str, strlen(str));
}

int seq_buf_putc(struct seq_buf *s, char c)
{
	return seq_buf_putmem(s, &c, 1);
}
