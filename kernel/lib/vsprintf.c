// SPDX-License-Identifier: MIT
/*
 * kernel/lib/vsprintf.c - formatted printing into buffers.
 *
 * One pass over the format: each conversion is parsed into a struct spec, then printed by the
 * function for its kind. What does not fit is counted but not written, so that the return
 * value is the length of the whole. The conversions are those of C99 7.19.6.1 and the %p
 * extensions that sprintf.h lists.
 */
#include <pagoda/compiler.h>
#include <pagoda/ctype.h>
#include <pagoda/err.h>
#include <pagoda/sprintf.h>
#include <pagoda/string.h>

/* The output: pos counts every character, also those behind size that are dropped. */
struct out {
	char *buf;
	size_t size;
	size_t pos;
};

enum {
	F_LEFT = 1,   /* - */
	F_PLUS = 2,   /* + */
	F_SPACE = 4,  /* a space */
	F_ALT = 8,    /* # */
	F_ZERO = 16,  /* 0 */
	F_UPPER = 32, /* X */
	F_SIGNED = 64,
};

struct spec {
	unsigned int flags;
	int width;     /* 0: none */
	int precision; /* -1: none */
	char length;   /* 'H' for hh, 'h', 'l', 'L' for ll, 'z', 't', 'j'; 0 for int */
};

static void put(struct out *o, char c)
{
	if (o->pos < o->size)
		o->buf[o->pos] = c;
	o->pos++;
}

static void put_repeated(struct out *o, char c, long n)
{
	for (; n > 0; n--)
		put(o, c);
}

static void put_bytes(struct out *o, const char *s, size_t n)
{
	if (o->pos < o->size)
		memcpy(o->buf + o->pos, s, min(n, o->size - o->pos));
	o->pos += n;
}

static void print_string(struct out *o, const char *s, const struct spec *spec)
{
	size_t len;

	if (!s)
		s = "(null)";
	len = strnlen(s, spec->precision < 0 ? SIZE_MAX : spec->precision);
	if (!(spec->flags & F_LEFT))
		put_repeated(o, ' ', spec->width - (long)len);
	put_bytes(o, s, len);
	if (spec->flags & F_LEFT)
		put_repeated(o, ' ', spec->width - (long)len);
}

/* The digits of v, last first. Returns how many: none for 0. */
static int make_digits(char *digits, u64 v, unsigned int base, bool upper)
{
	const char *set = upper ? "0123456789ABCDEF" : "0123456789abcdef";
	int n = 0;

	for (; v; v /= base)
		digits[n++] = set[v % base];
	return n;
}

/* What stands before the digits: a sign or 0x. Returns its length, at most 2. */
static int make_prefix(char *prefix, u64 v, unsigned int base, bool negative, unsigned int flags)
{
	if (negative || (flags & F_SIGNED && flags & (F_PLUS | F_SPACE))) {
		prefix[0] = negative ? '-' : flags & F_PLUS ? '+' : ' ';
		return 1;
	}
	if (base == 16 && flags & F_ALT && v) {
		prefix[0] = '0';
		prefix[1] = flags & F_UPPER ? 'X' : 'x';
		return 2;
	}
	return 0;
}

/* Padding, prefix, zeros, digits, padding. v is the magnitude. */
static void print_number(struct out *o, u64 v, bool negative, unsigned int base,
			 const struct spec *spec)
{
	char digits[22], prefix[2]; /* 2^64 has 22 octal digits */
	int ndigits = make_digits(digits, v, base, spec->flags & F_UPPER);
	int nprefix = make_prefix(prefix, v, base, negative, spec->flags);
	int min_digits = spec->precision < 0 ? 1 : spec->precision;
	long zeros, pad;

	if (base == 8 && spec->flags & F_ALT && min_digits <= ndigits)
		min_digits = ndigits + 1;
	zeros = max(min_digits - ndigits, 0);
	pad = (long)spec->width - nprefix - zeros - ndigits;
	if (spec->flags & F_ZERO && !(spec->flags & F_LEFT) && spec->precision < 0 && pad > 0) {
		zeros += pad;
		pad = 0;
	}

	if (!(spec->flags & F_LEFT))
		put_repeated(o, ' ', pad);
	put_bytes(o, prefix, nprefix);
	put_repeated(o, '0', zeros);
	while (ndigits)
		put(o, digits[--ndigits]);
	if (spec->flags & F_LEFT)
		put_repeated(o, ' ', pad);
}

/* A symbol table that knows the address replaces this. */
__weak int sprint_symbol(char *buf, size_t size, unsigned long addr)
{
	return snprintf(buf, size, "0x%lx", addr);
}

/* %ps, %pS, %pe and plain pointers. Returns how many characters of fmt the extension took. */
static int print_pointer(struct out *o, const char *fmt, void *ptr, struct spec *spec)
{
	char symbol[128];

	if (*fmt == 'e' && IS_ERR(ptr) && errname(PTR_ERR(ptr))) {
		symbol[0] = '-';
		(void)strscpy(symbol + 1, errname(PTR_ERR(ptr)), sizeof(symbol) - 1);
		print_string(o, symbol, spec);
		return 1;
	}
	if (*fmt == 'S' || *fmt == 's') {
		sprint_symbol(symbol, sizeof(symbol), (unsigned long)ptr);
		if (*fmt == 's')
			*strchrnul(symbol, '+') = '\0';
		print_string(o, symbol, spec);
		return 1;
	}
	spec->flags |= F_ALT;
	if (ptr)
		print_number(o, (unsigned long)ptr, false, 16, spec);
	else
		print_string(o, "0x0", spec);
	return *fmt == 'x' || *fmt == 'e';
}

/* A decimal number at *fmt, at most INT_MAX. */
static int parse_int(const char **fmt)
{
	int n = 0;

	for (; isdigit((u8) * *fmt); (*fmt)++) {
		if (n > (INT_MAX - 9) / 10)
			n = INT_MAX / 10;
		n = n * 10 + (**fmt - '0');
	}
	return n;
}

static unsigned int parse_flags(const char **fmt)
{
	unsigned int flags = 0;

	for (;; (*fmt)++) {
		switch (**fmt) {
		case '-':
			flags |= F_LEFT;
			break;
		case '+':
			flags |= F_PLUS;
			break;
		case ' ':
			flags |= F_SPACE;
			break;
		case '#':
			flags |= F_ALT;
			break;
		case '0':
			flags |= F_ZERO;
			break;
		default:
			return flags;
		}
	}
}

static char parse_length(const char **fmt)
{
	char c = **fmt;

	if (c != 'h' && c != 'l' && c != 'z' && c != 't' && c != 'j')
		return 0;
	(*fmt)++;
	if ((c == 'h' || c == 'l') && **fmt == c) {
		(*fmt)++;
		return c == 'h' ? 'H' : 'L';
	}
	return c;
}

/* The arguments, in a struct so that its address can be passed on. */
struct args {
	va_list ap;
};

/* What is between the % and the conversion character. */
static struct spec parse_spec(const char **fmt, struct args *args)
{
	struct spec spec = {.flags = parse_flags(fmt), .precision = -1};

	if (**fmt == '*') {
		(*fmt)++;
		spec.width = va_arg(args->ap, int);
		if (spec.width < 0) {
			spec.flags |= F_LEFT;
			spec.width = spec.width == INT_MIN ? INT_MAX : -spec.width;
		}
	} else {
		spec.width = parse_int(fmt);
	}
	if (**fmt == '.') {
		(*fmt)++;
		if (**fmt == '*') {
			(*fmt)++;
			spec.precision = max(va_arg(args->ap, int), -1);
		} else {
			spec.precision = parse_int(fmt);
		}
	}
	spec.length = parse_length(fmt);
	return spec;
}

static s64 signed_arg(struct args *args, char length)
{
	switch (length) {
	case 'H':
		return (signed char)va_arg(args->ap, int);
	case 'h':
		return (short)va_arg(args->ap, int);
	case 0:
		return va_arg(args->ap, int);
	default:
		return va_arg(args->ap, long); /* l, ll, z, t and j are all 64 bits wide */
	}
}

static u64 unsigned_arg(struct args *args, char length)
{
	switch (length) {
	case 'H':
		return (unsigned char)va_arg(args->ap, unsigned int);
	case 'h':
		return (unsigned short)va_arg(args->ap, unsigned int);
	case 0:
		return va_arg(args->ap, unsigned int);
	default:
		return va_arg(args->ap, unsigned long);
	}
}

static void print_signed(struct out *o, struct args *args, struct spec *spec)
{
	s64 v = signed_arg(args, spec->length);

	spec->flags |= F_SIGNED;
	print_number(o, v < 0 ? -(u64)v : v, v < 0, 10, spec);
}

static void print_char(struct out *o, char c, const struct spec *spec)
{
	if (!(spec->flags & F_LEFT))
		put_repeated(o, ' ', spec->width - 1);
	put(o, c);
	if (spec->flags & F_LEFT)
		put_repeated(o, ' ', spec->width - 1);
}

/* One conversion; fmt is behind its %. Returns what follows it. */
static const char *print_conversion(struct out *o, const char *fmt, struct args *args)
{
	const char *start = fmt;
	struct spec spec = parse_spec(&fmt, args);

	switch (*fmt++) {
	case 'd':
	case 'i':
		print_signed(o, args, &spec);
		break;
	case 'u':
		print_number(o, unsigned_arg(args, spec.length), false, 10, &spec);
		break;
	case 'o':
		print_number(o, unsigned_arg(args, spec.length), false, 8, &spec);
		break;
	case 'X':
		spec.flags |= F_UPPER;
		fallthrough;
	case 'x':
		print_number(o, unsigned_arg(args, spec.length), false, 16, &spec);
		break;
	case 'c':
		print_char(o, va_arg(args->ap, int), &spec);
		break;
	case 's':
		print_string(o, va_arg(args->ap, const char *), &spec);
		break;
	case 'p':
		fmt += print_pointer(o, fmt, va_arg(args->ap, void *), &spec);
		break;
	case '%':
		put(o, '%');
		break;
	default:
		/* Not a conversion: show it as it stands. */
		put(o, '%');
		return start;
	}
	return fmt;
}

int vsnprintf(char *buf, size_t size, const char *fmt, va_list ap)
{
	struct out o = {.buf = buf, .size = size};
	struct args args;

	va_copy(args.ap, ap);
	while (*fmt) {
		size_t plain = strchrnul(fmt, '%') - fmt;

		put_bytes(&o, fmt, plain);
		fmt += plain;
		if (*fmt)
			fmt = print_conversion(&o, fmt + 1, &args);
	}
	va_end(args.ap);
	if (size)
		buf[min(o.pos, size - 1)] = '\0';
	return o.pos;
}

int snprintf(char *buf, size_t size, const char *fmt, ...)
{
	va_list args;
	int len;

	va_start(args, fmt);
	len = vsnprintf(buf, size, fmt, args);
	va_end(args);
	return len;
}

int vscnprintf(char *buf, size_t size, const char *fmt, va_list args)
{
	size_t len = vsnprintf(buf, size, fmt, args);

	if (!size)
		return 0;
	return min(len, size - 1);
}

int scnprintf(char *buf, size_t size, const char *fmt, ...)
{
	va_list args;
	int len;

	va_start(args, fmt);
	len = vscnprintf(buf, size, fmt, args);
	va_end(args);
	return len;
}

int vsprintf(char *buf, const char *fmt, va_list args)
{
	return vsnprintf(buf, INT_MAX, fmt, args);
}

int sprintf(char *buf, const char *fmt, ...)
{
	va_list args;
	int len;

	va_start(args, fmt);
	len = vsnprintf(buf, INT_MAX, fmt, args);
	va_end(args);
	return len;
}
