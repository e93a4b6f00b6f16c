// SPDX-License-Identifier: MIT
/*
 * kernel/lib/kstrto.c - numbers out of strings.
 *
 * The kstrto functions are strict, for values that a user sets; the simple_ ones serve parsers
 * that go on behind the number. Contracts in string.h.
 */
#include <pagoda/compiler.h>
#include <pagoda/ctype.h>
#include <pagoda/errno.h>
#include <pagoda/string.h>

/* The value of a digit in any base; 36 for other characters. */
static unsigned int digit_value(char c)
{
	if (isdigit((u8)c))
		return c - '0';
	if (isalpha((u8)c))
		return tolower((u8)c) - 'a' + 10;
	return 36;
}

/* Resolves base 0 and skips the 0x that base 16 allows when a digit follows it. */
static const char *parse_base(const char *s, unsigned int *base)
{
	bool hex = s[0] == '0' && (s[1] == 'x' || s[1] == 'X') && isxdigit((u8)s[2]);

	if (*base == 0)
		*base = hex ? 16 : s[0] == '0' ? 8 : 10;
	return *base == 16 && hex ? s + 2 : s;
}

/* Digits from s on into *res. Returns how many; *overflow tells that they did not fit. */
static size_t parse_digits(const char *s, unsigned int base, unsigned long long *res,
			   bool *overflow)
{
	unsigned long long value = 0;
	size_t n;

	*overflow = false;
	for (n = 0; digit_value(s[n]) < base; n++) {
		if (check_mul_overflow(value, (unsigned long long)base, &value) ||
		    check_add_overflow(value, (unsigned long long)digit_value(s[n]), &value))
			*overflow = true;
	}
	*res = value;
	return n;
}

/* The digits and what may follow them, without a sign. */
static int parse_whole(const char *s, unsigned int base, unsigned long long *res)
{
	unsigned long long value;
	bool overflow;
	size_t n;

	s = parse_base(s, &base);
	n = parse_digits(s, base, &value, &overflow);
	if (!n)
		return -EINVAL;
	if (overflow)
		return -ERANGE;
	if (s[n] == '\n')
		n++;
	if (s[n])
		return -EINVAL;
	*res = value;
	return 0;
}

int kstrtoull(const char *s, unsigned int base, unsigned long long *res)
{
	return parse_whole(*s == '+' ? s + 1 : s, base, res);
}

int kstrtoll(const char *s, unsigned int base, long long *res)
{
	bool negative = *s == '-';
	unsigned long long value;
	int err;

	err = negative ? parse_whole(s + 1, base, &value) : kstrtoull(s, base, &value);
	if (err)
		return err;
	if (value > (unsigned long long)LLONG_MAX + negative)
		return -ERANGE;
	*res = negative ? -value : value;
	return 0;
}

/* The narrower types: parse wide, then see whether it fits. */
#define KSTRTO(name, type, wide, parse)                                                            \
	int name(const char *s, unsigned int base, type *res)                                      \
	{                                                                                          \
		wide value;                                                                        \
		int err = parse(s, base, &value);                                                  \
                                                                                                   \
		if (err)                                                                           \
			return err;                                                                \
		if (value != (type)value)                                                          \
			return -ERANGE;                                                            \
		*res = value;                                                                      \
		return 0;                                                                          \
	}

KSTRTO(kstrtoul, unsigned long, unsigned long long, kstrtoull)
KSTRTO(kstrtol, long, long long, kstrtoll)
KSTRTO(kstrtouint, unsigned int, unsigned long long, kstrtoull)
KSTRTO(kstrtoint, int, long long, kstrtoll)
KSTRTO(kstrtou64, u64, unsigned long long, kstrtoull)
KSTRTO(kstrtou32, u32, unsigned long long, kstrtoull)
KSTRTO(kstrtou16, u16, unsigned long long, kstrtoull)
KSTRTO(kstrtou8, u8, unsigned long long, kstrtoull)

int kstrtobool(const char *s, bool *res)
{
	switch (tolower((u8)s[0])) {
	case 'y':
	case 't':
	case '1':
		*res = true;
		return 0;
	case 'n':
	case 'f':
	case '0':
		*res = false;
		return 0;
	case 'o':
		if (tolower((u8)s[1]) == 'n')
			*res = true;
		else if (tolower((u8)s[1]) == 'f')
			*res = false;
		else
			return -EINVAL;
		return 0;
	default:
		return -EINVAL;
	}
}

unsigned long long simple_strtoull(const char *s, char **end, unsigned int base)
{
	unsigned long long value;
	const char *digits = parse_base(s, &base);
	bool overflow;
	size_t n = parse_digits(digits, base, &value, &overflow);

	if (end)
		*end = (char *)digits + n;
	return value;
}

unsigned long simple_strtoul(const char *s, char **end, unsigned int base)
{
	return simple_strtoull(s, end, base);
}

long long simple_strtoll(const char *s, char **end, unsigned int base)
{
	return *s == '-' ? -simple_strtoull(s + 1, end, base) : simple_strtoull(s, end, base);
}

long simple_strtol(const char *s, char **end, unsigned int base)
{
	return simple_strtoll(s, end, base);
}
