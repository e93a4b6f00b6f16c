// SPDX-License-Identifier: MIT
/*
 * fs/seq_print.c - what the show functions of seq files print with.
 *
 * Output that does not fit sets count to size, which seq_has_overflowed() sees: the record will be
 * made again into a larger buffer.
 */
#include <pagoda/kernel.h>
#include <pagoda/fs.h>
#include <pagoda/fs_struct.h>
#include <pagoda/mount.h>
#include <pagoda/namei.h>
#include <pagoda/sched.h>
#include <pagoda/seq_file.h>

static void seq_set_overflow(struct seq_file *m)
{
	m->count = m->size;
}

void seq_vprintf(struct seq_file *m, const char *f, va_list args)
{
	int len;

	if (m->count < m->size) {
		len = vsnprintf(m->buf + m->count, m->size - m->count, f, args);
		if (m->count + len < m->size) {
			m->count += len;
			return;
		}
	}
	seq_set_overflow(m);
}

void seq_printf(struct seq_file *m, const char *f, ...)
{
	va_list args;

	va_start(args, f);
	seq_vprintf(m, f, args);
	va_end(args);
}

void seq_putc(struct seq_file *m, char c)
{
	if (m->count < m->size)
		m->buf[m->count++] = c;
}

int seq_write(struct seq_file *m, const void *data, size_t len)
{
	if (m->count + len < m->size) {
		memcpy(m->buf + m->count, data, len);
		m->count += len;
		return 0;
	}
	seq_set_overflow(m);
	return -1;
}

void seq_puts(struct seq_file *m, const char *s)
{
	seq_write(m, s, strlen(s));
}

void seq_pad(struct seq_file *m, char c)
{
	while (m->count < m->pad_until && m->count < m->size)
		m->buf[m->count++] = ' ';
	if (c)
		seq_putc(m, c);
}

/* Decimal digits of num at the end of a buffer of 20; returns how many. */
static int put_digits(char *end, unsigned long long num)
{
	char *p = end;

	do {
		*--p = '0' + num % 10;
		num /= 10;
	} while (num);
	return end - p;
}

void seq_put_decimal_ull_width(struct seq_file *m, const char *delimiter, unsigned long long num,
			       unsigned int width)
{
	char digits[20];
	unsigned int len = put_digits(digits + sizeof(digits), num);

	if (delimiter)
		seq_puts(m, delimiter);
	for (; width > len; width--)
		seq_putc(m, ' ');
	seq_write(m, digits + sizeof(digits) - len, len);
}

void seq_put_decimal_ull(struct seq_file *m, const char *delimiter, unsigned long long num)
{
	seq_put_decimal_ull_width(m, delimiter, num, 0);
}

void seq_put_decimal_ll(struct seq_file *m, const char *delimiter, long long num)
{
	if (delimiter)
		seq_puts(m, delimiter);
	if (num < 0)
		seq_putc(m, '-');
	seq_put_decimal_ull(m, NULL, num < 0 ? -(unsigned long long)num : num);
}

/* At least width digits. */
void seq_put_hex_ll(struct seq_file *m, const char *delimiter, unsigned long long v,
		    unsigned int width)
{
	char digits[16];
	unsigned int len = 0;

	if (delimiter)
		seq_puts(m, delimiter);
	do {
		digits[sizeof(digits) - ++len] = "0123456789abcdef"[v & 15];
		v >>= 4;
	} while (v || (len < width && len < sizeof(digits)));
	seq_write(m, digits + sizeof(digits) - len, len);
}

void seq_escape(struct seq_file *m, const char *s, const char *esc)
{
	for (; *s; s++) {
		if (strchr(esc, *s))
			seq_printf(m, "\\%03o", (unsigned char)*s);
		else
			seq_putc(m, *s);
	}
	if (m->count == m->size)
		seq_set_overflow(m);
}

/* Moves p to s, with the characters of esc as \ooo. The end, or NULL: s has grown into p. */
char *mangle_path(char *s, const char *p, const char *esc)
{
	while (s <= p) {
		char c = *p++;

		if (!c)
			return s;
		if (!strchr(esc, c)) {
			*s++ = c;
		} else if (s + 4 > p) {
			break;
		} else {
			*s++ = '\\';
			*s++ = '0' + ((c & 0300) >> 6);
			*s++ = '0' + ((c & 070) >> 3);
			*s++ = '0' + (c & 07);
		}
	}
	return NULL;
}

/* p: a path made at the end of the buffer, or an ERR_PTR. Bytes added or -errno. */
static int commit_path(struct seq_file *m, char *buf, size_t size, char *p, const char *esc)
{
	int res = -1;

	if (!IS_ERR(p)) {
		char *end = mangle_path(buf, p, esc);

		if (end)
			res = end - buf;
	}
	if (res < 0)
		seq_set_overflow(m);
	else
		m->count += res;
	return res;
}

int seq_path(struct seq_file *m, const struct path *path, const char *esc)
{
	char *buf = m->buf + m->count;
	size_t size = m->size - m->count;

	if (!size)
		return -1;
	return commit_path(m, buf, size, d_path(path, buf, size), esc);
}

int seq_file_path(struct seq_file *m, struct file *file, const char *esc)
{
	return seq_path(m, &file->f_path, esc);
}

/* As seen from root. SEQ_SKIP: not below it. */
int seq_path_root(struct seq_file *m, const struct path *path, const struct path *root,
		  const char *esc)
{
	char *buf = m->buf + m->count, *p;
	size_t size = m->size - m->count;

	if (!size)
		return 0;
	p = __d_path(path, root, buf, size);
	if (!p)
		return SEQ_SKIP;
	commit_path(m, buf, size, p, esc);
	return 0;
}

int seq_dentry(struct seq_file *m, struct dentry *dentry, const char *esc)
{
	char *buf = m->buf + m->count;
	size_t size = m->size - m->count;

	if (!size)
		return -1;
	return commit_path(m, buf, size, dentry_path_raw(dentry, buf, size), esc);
}
