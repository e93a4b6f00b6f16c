// SPDX-License-Identifier: MIT
/*
 * tests/host/kstrto.c - numbers out of strings, beside libc's strtoull, and the command line.
 */
#include <pagoda/cmdline.h>
#include <pagoda/ctype.h>
#include <pagoda/errno.h>
#include <pagoda/sprintf.h>
#include <pagoda/string.h>
#include "test.h"

unsigned long long strtoull(const char *s, char **end, int base);
int *__errno_location(void);

/* Strings that are numbers, or nearly. */
static void random_text(char *s)
{
	static const char *const parts[] = {"0",  "0x",	 "0X",	 "-",	 "+",  "1",
					    "7",  "8",	 "9",	 "f",	 "A",  "g",
					    "z",  "\n",	 "12",	 "ff",	 "18", "44",
					    "67", "999", "4294", "9223", "00", "372036854775807"};

	s[0] = '\0';
	for (int i = test_below(7); i > 0; i--)
		strcat(s, parts[test_below(ARRAY_SIZE(parts))]);
}

/* What kstrtoull must say, by libc: its syntax is wider, so what it lets pass is refused first. */
static int model(const char *s, unsigned int base, unsigned long long *res)
{
	char *end;

	if (*s == '+')
		s++;
	if (!isalnum(*s))
		return -EINVAL;
	*__errno_location() = 0;
	*res = strtoull(s, &end, base);
	if (*__errno_location() == ERANGE)
		return -ERANGE;
	if (*end == '\n')
		end++;
	return *end || end == s ? -EINVAL : 0;
}

static void random_strings(void)
{
	static const unsigned int bases[] = {0, 2, 8, 10, 16, 36};
	char s[128];

	for (int round = 0; round < 300000; round++) {
		unsigned int base = bases[test_below(ARRAY_SIZE(bases))];
		unsigned long long got = 77, want = 77;
		int err, want_err;
		char *end, *want_end;

		random_text(s);
		err = kstrtoull(s, base, &got);
		want_err = model(s, base, &want);
		if (err != want_err || (!err && got != want) || (err && got != 77))
			test_failed(__FILE__, __LINE__, "\"%s\" base %u: %d %llu, not %d %llu", s,
				    base, err, got, want_err, want);
		if (!isalnum(*s))
			continue;
		*__errno_location() = 0;
		want = strtoull(s, &want_end, base);
		got = simple_strtoull(s, &end, base);
		CHECK(end == want_end);
		CHECK(got == want || *__errno_location() == ERANGE);
	}
}

#define GOOD(fn, type, s, base, value)                                                             \
	do {                                                                                       \
		type v = 0;                                                                        \
                                                                                                   \
		CHECK_EQ(fn(s, base, &v), 0);                                                      \
		CHECK_EQ(v, value);                                                                \
	} while (0)

#define BAD(fn, type, s, base, err)                                                                \
	do {                                                                                       \
		type v = 42;                                                                       \
                                                                                                   \
		CHECK_EQ(fn(s, base, &v), err);                                                    \
		CHECK_EQ(v, 42);                                                                   \
	} while (0)

static void limits(void)
{
	GOOD(kstrtoull, unsigned long long, "18446744073709551615", 10, U64_MAX);
	BAD(kstrtoull, unsigned long long, "18446744073709551616", 10, -ERANGE);
	BAD(kstrtoull, unsigned long long, "-1", 10, -EINVAL);
	GOOD(kstrtoll, long long, "-9223372036854775808", 10, S64_MIN);
	BAD(kstrtoll, long long, "-9223372036854775809", 10, -ERANGE);
	BAD(kstrtoll, long long, "9223372036854775808", 10, -ERANGE);
	GOOD(kstrtol, long, "+9223372036854775807\n", 10, S64_MAX);
	BAD(kstrtol, long, "-+1", 10, -EINVAL);
	GOOD(kstrtoul, unsigned long, "0xfFfF", 0, 65535);
	GOOD(kstrtoint, int, "-2147483648", 10, INT_MIN);
	BAD(kstrtoint, int, "-2147483649", 10, -ERANGE);
	BAD(kstrtoint, int, "2147483648", 10, -ERANGE);
	GOOD(kstrtouint, unsigned int, "4294967295", 10, 4294967295LL);
	BAD(kstrtouint, unsigned int, "4294967296", 10, -ERANGE);
	GOOD(kstrtou16, u16, "0177777", 0, 65535);
	BAD(kstrtou16, u16, "65536", 0, -ERANGE);
	GOOD(kstrtou8, u8, "255", 10, 255);
	BAD(kstrtou8, u8, "256", 10, -ERANGE);
	GOOD(kstrtou32, u32, "010", 0, 8);
	GOOD(kstrtou64, u64, "010", 10, 10);
	BAD(kstrtou64, u64, "", 10, -EINVAL);
	BAD(kstrtou64, u64, "1\n\n", 10, -EINVAL);
	BAD(kstrtou64, u64, "0x", 16, -EINVAL);
	CHECK_EQ(simple_strtol("-12abc", NULL, 10), -12);
	CHECK_EQ(simple_strtoul("0x1fz", NULL, 0), 0x1f);
}

static void bools(void)
{
	static const char *const yes[] = {"y", "Y", "1", "on", "ON", "true", "yes\n"};
	static const char *const no[] = {"n", "0", "off", "OFF", "F", "no"};
	bool v;

	for (size_t i = 0; i < ARRAY_SIZE(yes); i++)
		CHECK((v = false, !kstrtobool(yes[i], &v) && v));
	for (size_t i = 0; i < ARRAY_SIZE(no); i++)
		CHECK((v = true, !kstrtobool(no[i], &v) && !v));
	CHECK_EQ(kstrtobool("", &v), -EINVAL);
	CHECK_EQ(kstrtobool("o", &v), -EINVAL);
	CHECK_EQ(kstrtobool("2", &v), -EINVAL);
}

static void sizes(void)
{
	static const struct {
		const char *s;
		u64 value;
		char stop;
	} cases[] = {
		{"64M", 64ULL << 20, 0}, {"1g@0", 1ULL << 30, '@'}, {"0x10k", 16 << 10, 0},
		{"512", 512, 0},	 {"2T,", 2ULL << 40, ','},  {"1P", 1ULL << 50, 0},
		{"3E", 3ULL << 60, 0},	 {"12x", 12, 'x'},
	};
	char *end;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CHECK_EQ(memparse(cases[i].s, &end), cases[i].value);
		CHECK_EQ(*end, cases[i].stop);
	}
}

/* Splits a line and joins it again as [name] or [name|value]. */
static const char *split(const char *line)
{
	static char out[256];
	char copy[128], *p = copy, *param, *val;
	size_t n = 0;

	strscpy(copy, line, sizeof(copy));
	out[0] = '\0';
	for (p = skip_spaces(p); *p;) {
		p = next_arg(p, &param, &val);
		n += val ? scnprintf(out + n, sizeof(out) - n, "[%s|%s]", param, val)
			 : scnprintf(out + n, sizeof(out) - n, "[%s]", param);
	}
	return out;
}

static void command_line(void)
{
	CHECK_STR(split(""), "");
	CHECK_STR(split("  quiet  "), "[quiet]");
	CHECK_STR(split("console=ttyS0 quiet init=/bin/sh"),
		  "[console|ttyS0][quiet][init|/bin/sh]");
	CHECK_STR(split("a=b=c d="), "[a|b=c][d|]");
	CHECK_STR(split("x=\"one two\" y"), "[x|one two][y]");
	CHECK_STR(split("\"x=one two\" y"), "[x|one two][y]");
	CHECK_STR(split("x=\"open end"), "[x|open end]");
	CHECK_STR(split("x=\""), "[x|]");
	CHECK_STR(split("\"\" y"), "[][y]");
	CHECK_STR(split("\tmem=64M\n-- arg"), "[mem|64M][--][arg]");
}

int main(void)
{
	RUN(random_strings);
	RUN(limits);
	RUN(bools);
	RUN(sizes);
	RUN(command_line);
	return 0;
}
