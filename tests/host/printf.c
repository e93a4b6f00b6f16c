// SPDX-License-Identifier: MIT
/*
 * tests/host/printf.c - vsnprintf beside libc's with random formats, its extensions, and
 * seq_buf.
 */
#include <pagoda/err.h>
#include <pagoda/seq_buf.h>
#include <pagoda/sprintf.h>
#include <pagoda/string.h>
#include "test.h"

int libc_snprintf(char *buf, size_t size, const char *fmt, ...) __asm__("snprintf");

static const char *pick(const char *const *from, size_t n)
{
	return from[test_below(n)];
}

#define PICK(...)                                                                                  \
	({                                                                                         \
		static const char *const from[] = {__VA_ARGS__};                                   \
		pick(from, ARRAY_SIZE(from));                                                      \
	})

/* Formats `fmt` with the same arguments both ways, into the same too small or ample space. */
#define COMPARE(fmt, ...)                                                                          \
	do {                                                                                       \
		size_t size = test_below(2) ? 400 : test_below(30);                                \
		char *ours = malloc(size), *theirs = malloc(size);                                 \
		int len = snprintf(ours, size, fmt, __VA_ARGS__);                                  \
		int want = libc_snprintf(theirs, size, fmt, __VA_ARGS__);                          \
                                                                                                   \
		if (len != want || (size && strcmp(ours, theirs)))                                 \
			test_failed(__FILE__, __LINE__, "\"%s\": %d \"%s\", libc %d \"%s\"", fmt,  \
				    len, size ? ours : "", want, size ? theirs : "");              \
		free(ours);                                                                        \
		free(theirs);                                                                      \
	} while (0)

static void make_format(char *fmt, const char *width, const char *precision, const char *length,
			const char *conversion)
{
	strcpy(fmt, PICK("", "a", "abc %% "));
	strcat(fmt, "%");
	for (int i = test_below(4); i > 0; i--)
		strcat(fmt, PICK("-", "+", " ", "#", "0"));
	strcat(fmt, width);
	strcat(fmt, precision);
	strcat(fmt, length);
	strcat(fmt, conversion);
	strcat(fmt, PICK("", "z", " end"));
}

/* Numbers of all magnitudes, and the special ones. */
static u64 random_number(void)
{
	switch (test_below(5)) {
	case 0:
		return 0;
	case 1:
		return -1ULL << test_below(64);
	case 2:
		return (1ULL << test_below(64)) - 1;
	default:
		return test_random() >> test_below(64);
	}
}

#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-security"

static void integers(void)
{
	char fmt[64];

	for (int round = 0; round < 200000; round++) {
		bool wstar = test_below(4) == 0, pstar = test_below(4) == 0;
		const char *length = PICK("", "hh", "h", "l", "ll", "z", "j", "t");
		int width = test_below(60) - 30, precision = test_below(40) - 5;
		u64 v = random_number();

		make_format(fmt, wstar ? "*" : PICK("", "1", "5", "12", "30"),
			    pstar ? ".*" : PICK("", ".", ".0", ".1", ".7", ".25"), length,
			    PICK("d", "i", "u", "x", "X", "o"));
		if (wstar && pstar)
			COMPARE(fmt, width, precision, v);
		else if (wstar)
			COMPARE(fmt, width, v);
		else if (pstar)
			COMPARE(fmt, precision, v);
		else
			COMPARE(fmt, v);
	}
}

static void strings(void)
{
	char fmt[64];

	for (int round = 0; round < 50000; round++) {
		int c = test_below(94) + 33;
		const char *s = PICK("", "x", "hello", "a somewhat longer string, with a comma");

		make_format(fmt, PICK("", "3", "10", "50"), PICK("", ".", ".0", ".3", ".20"), "",
			    "s");
		COMPARE(fmt, s);
		make_format(fmt, PICK("", "3", "10"), "", "", "c");
		COMPARE(fmt, c);
		COMPARE("%d %s %5x|%-8s|%c", (int)round, s, (unsigned int)round * 7, s, '!');
	}
	COMPARE("%.3s", "abc" /* no fourth character is read */);
}

static void pointers(void)
{
	char fmt[64];
	void *p;

	for (int round = 0; round < 2000; round++) {
		strcpy(fmt, PICK("%p", "%20p", "%-20p|", "a%pb", "%3p"));
		p = (void *)(test_random() >> test_below(60) | 1);
		COMPARE(fmt, p);
	}
}

static const char *format(const char *fmt, ...)
{
	static char buf[300];
	va_list args;

	va_start(args, fmt);
	vsnprintf(buf, sizeof(buf), fmt, args);
	va_end(args);
	return buf;
}

/* Replaces the weak one. */
int sprint_symbol(char *buf, size_t size, unsigned long addr)
{
	return snprintf(buf, size, "start_kernel+0x%lx/0x123", addr - 0x1000);
}

static void extensions(void)
{
	CHECK_STR(format("%s|%.2s", NULL, NULL), "(null)|(n");
	CHECK_STR(format("%p", NULL), "0x0");
	CHECK_STR(format("%5p|%-5p|", NULL, NULL), "  0x0|0x0  |");
	CHECK_STR(format("%px", (void *)0xabcUL), "0xabc");
	CHECK_STR(format("%pS!", (void *)0x1010UL), "start_kernel+0x10/0x123!");
	CHECK_STR(format("%ps!", (void *)0x1010UL), "start_kernel!");
	CHECK_STR(format("%pe", ERR_PTR(-ENOMEM)), "-ENOMEM");
	CHECK_STR(format("%10pe|%-9pe|", ERR_PTR(-ENOENT), ERR_PTR(-EIO)), "   -ENOENT|-EIO     |");
	CHECK_STR(format("%pe", (void *)0x1234UL), "0x1234");
	CHECK_STR(format("%pe", ERR_PTR(-4000)), "0xfffffffffffff060");
	CHECK_STR(format("%q %d", 5), "%q 5");
	CHECK_STR(format("100%"), "100%");
	CHECK_STR(errname(-ERESTARTSYS), "ERESTARTSYS");
	CHECK_STR(errname(EHWPOISON), "EHWPOISON");
	CHECK_STR(errname(35), "EDEADLK");
	CHECK(!errname(0) && !errname(41) && !errname(134) && !errname(INT_MIN) && !errname(517));
}

static void cutting(void)
{
	char buf[8];

	CHECK_EQ(snprintf(buf, sizeof(buf), "%d", 123456789), 9);
	CHECK_STR(buf, "1234567");
	CHECK_EQ(scnprintf(buf, sizeof(buf), "%d", 123456789), 7);
	CHECK_EQ(scnprintf(buf, sizeof(buf), "%d", 12), 2);
	CHECK_EQ(scnprintf(buf, 0, "%d", 12), 0);
	CHECK_EQ(snprintf(NULL, 0, "%s", "hello"), 5);
	CHECK_EQ(sprintf(buf, "%s-%c", "ab", 'c'), 4);
	CHECK_STR(buf, "ab-c");
}

static void seq_bufs(void)
{
	for (size_t size = 0; size < 40; size++) {
		char *mem = malloc(size), want[100];
		struct seq_buf s;
		int err = 0;

		seq_buf_init(&s, mem, size);
		CHECK(!seq_buf_has_overflowed(&s));
		CHECK_STR(seq_buf_str(&s), "");
		err |= seq_buf_puts(&s, "abc");
		err |= seq_buf_putc(&s, ' ');
		err |= seq_buf_printf(&s, "%d:%s", 42, "hello");
		err |= seq_buf_putmem(&s, "0123456789", 10);
		libc_snprintf(want, max(size, 1UL), "abc 42:hello0123456789");
		CHECK_STR(seq_buf_str(&s), want);
		CHECK_EQ(seq_buf_used(&s), strlen(want));
		CHECK_EQ(seq_buf_has_overflowed(&s), size < 23);
		CHECK_EQ(err, size < 23 ? -ENOSPC : 0);
		seq_buf_clear(&s);
		CHECK(!seq_buf_used(&s) && !seq_buf_has_overflowed(&s));
		free(mem);
	}
}

int main(void)
{
	RUN(integers);
	RUN(strings);
	RUN(pointers);
	RUN(extensions);
	RUN(cutting);
	RUN(seq_bufs);
	return 0;
}
