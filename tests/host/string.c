// SPDX-License-Identifier: MIT
/*
 * tests/host/string.c - memory and string functions beside libc's, at all small sizes and
 * alignments, in memory that ends exactly where they must stop.
 *
 * PAGODA_HOST_STRING gives ours another name in the object file; libc's get one here.
 */
#define PAGODA_HOST_STRING
#include "../../kernel/lib/memory.c"
#include "../../kernel/lib/string.c"
#include <pagoda/errno.h>
#include "test.h"

#define LIBC(type, name, ...) type libc_##name(__VA_ARGS__) __asm__(#name)

LIBC(void *, memmove, void *, const void *, size_t);
LIBC(int, memcmp, const void *, const void *, size_t);
LIBC(void *, memchr, const void *, int, size_t);
LIBC(size_t, strlen, const char *);
LIBC(size_t, strnlen, const char *, size_t);
LIBC(int, strcmp, const char *, const char *);
LIBC(int, strncmp, const char *, const char *, size_t);
LIBC(int, strcasecmp, const char *, const char *);
LIBC(int, strncasecmp, const char *, const char *, size_t);
LIBC(char *, strncpy, char *, const char *, size_t);
LIBC(char *, strncat, char *, const char *, size_t);
LIBC(char *, strchr, const char *, int);
LIBC(char *, strrchr, const char *, int);
LIBC(char *, strstr, const char *, const char *);
LIBC(size_t, strspn, const char *, const char *);
LIBC(size_t, strcspn, const char *, const char *);
LIBC(char *, strpbrk, const char *, const char *);
LIBC(char *, strsep, char **, const char *);
LIBC(void *, memmem, const void *, size_t, const void *, size_t);

static int sign(int v)
{
	return v < 0 ? -1 : v > 0;
}

static void fill(u8 *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		p[i] = test_random();
}

/* Guard bytes on both sides show a write too far: the assembly is invisible to ASan. */
#define GUARD 32
#define SPAN  400

static void copies(void)
{
	static u8 src[SPAN], got[SPAN], want[SPAN];

	for (int round = 0; round < 100000; round++) {
		size_t n = test_below(test_below(4) ? 40 : SPAN - 2 * GUARD - 16);
		size_t from = GUARD + test_below(16), to = GUARD + test_below(16);

		fill(src, SPAN);
		fill(got, SPAN);
		libc_memmove(want, got, SPAN);
		libc_memmove(want + to, src + from, n);
		CHECK(memcpy(got + to, src + from, n) == got + to);
		CHECK(!libc_memcmp(got, want, SPAN));
	}
}

static void overlapping_moves(void)
{
	static u8 got[SPAN], want[SPAN];

	for (int round = 0; round < 100000; round++) {
		size_t n = test_below(test_below(4) ? 40 : SPAN / 2 - GUARD);
		size_t from = GUARD + test_below(SPAN / 2 - GUARD);
		size_t to = GUARD + test_below(SPAN / 2 - GUARD);

		if (test_below(2))
			to = from + test_below(20) - min(from - GUARD, (size_t)10);
		n = min(n, SPAN - GUARD - max(from, to));
		fill(got, SPAN);
		libc_memmove(want, got, SPAN);
		libc_memmove(want + to, want + from, n);
		CHECK(memmove(got + to, got + from, n) == got + to);
		CHECK(!libc_memcmp(got, want, SPAN));
	}
}

static void fills(void)
{
	static u8 got[SPAN], want[SPAN];

	for (int round = 0; round < 50000; round++) {
		size_t n = test_below(test_below(4) ? 40 : SPAN - 2 * GUARD - 16);
		size_t at = GUARD + test_below(16);
		int c = test_random();

		fill(got, SPAN);
		libc_memmove(want, got, SPAN);
		for (size_t i = 0; i < n; i++)
			want[at + i] = c;
		CHECK(memset(got + at, c, n) == got + at);
		CHECK(!libc_memcmp(got, want, SPAN));

		n /= 8;
		fill(got, SPAN);
		libc_memmove(want, got, SPAN);
		for (size_t i = 0; i < n; i++)
			libc_memmove(want + at + 8 * i, "abcdefgh", 8);
		memset64((u64 *)(got + at), 0x6867666564636261ULL, n);
		CHECK(!libc_memcmp(got, want, SPAN));
	}
}

/* A heap copy of exactly n bytes, few different ones. */
static char *random_bytes(size_t n)
{
	char *p = malloc(n);

	for (size_t i = 0; i < n; i++)
		p[i] = "aaabA\xff"[test_below(6)];
	return p;
}

static char *random_string(size_t max)
{
	size_t n = test_below(max);
	char *s = random_bytes(n + 1);

	s[n] = '\0';
	return s;
}

static void memory_searches(void)
{
	for (int round = 0; round < 50000; round++) {
		size_t n = test_below(30), len = test_below(4);
		char *a = random_bytes(n), *b = random_bytes(n), *what = random_bytes(len);
		int c = "abA\xff\0z"[test_below(6)];

		if (test_below(2) && n) { /* equal up to one byte */
			libc_memmove(b, a, n);
			b[test_below(n)]++;
		}
		CHECK_EQ(sign(memcmp(a, b, n)), sign(libc_memcmp(a, b, n)));
		CHECK(memchr(a, c, n) == libc_memchr(a, c, n));
		CHECK(memmem(a, n, what, len) == libc_memmem(a, n, what, len));
		free(a);
		free(b);
		free(what);
	}
}

static void inverse_search(void)
{
	for (int round = 0; round < 20000; round++) {
		size_t n = test_below(50), skip = n ? test_below(min(n, (size_t)8)) : 0, at = n;
		u8 *p = malloc(n);

		memset(p, 0x5a, n);
		if (test_below(2) && n > skip) {
			at = skip + test_below(n - skip);
			p[at] ^= 1 << test_below(8);
		}
		CHECK(memchr_inv(p + skip, 0x5a, n - skip) == (at < n ? p + at : NULL));
		free(p);
	}
}

static void comparisons(void)
{
	for (int round = 0; round < 50000; round++) {
		char *a = random_string(12), *b = random_string(12);
		size_t n = test_below(14);

		if (test_below(2)) {
			free(b);
			b = malloc(libc_strlen(a) + 1);
			libc_memmove(b, a, libc_strlen(a) + 1);
			if (*b)
				b[test_below(libc_strlen(b))] ^= test_below(2) ? 0x20 : 0;
		}
		CHECK_EQ(strlen(a), libc_strlen(a));
		CHECK_EQ(strnlen(a, n), libc_strnlen(a, n));
		CHECK_EQ(sign(strcmp(a, b)), sign(libc_strcmp(a, b)));
		CHECK_EQ(sign(strncmp(a, b, n)), sign(libc_strncmp(a, b, n)));
		CHECK_EQ(sign(strcasecmp(a, b)), sign(libc_strcasecmp(a, b)));
		CHECK_EQ(sign(strncasecmp(a, b, n)), sign(libc_strncasecmp(a, b, n)));
		free(a);
		free(b);
	}
}

static void long_strings(void)
{
	for (size_t n = 0; n < 100; n++) {
		for (size_t skip = 0; skip < 9; skip++) {
			char *s = malloc(skip + n + 1);

			memset(s, test_below(255) + 1, skip + n);
			s[skip + n] = '\0';
			CHECK_EQ(strlen(s + skip), n);
			free(s);
		}
	}
}

static void string_searches(void)
{
	for (int round = 0; round < 50000; round++) {
		char *s = random_string(20), *what = random_string(4);
		char *theirs = malloc(libc_strlen(s) + 1), *ours_at, *theirs_at, *found;
		int c = "abA\xff\0z"[test_below(6)];

		CHECK(strchr(s, c) == libc_strchr(s, c));
		found = libc_strchr(s, c);
		CHECK(strchrnul(s, c) == (found ? found : s + libc_strlen(s)));
		CHECK(strrchr(s, c) == libc_strrchr(s, c));
		CHECK(strstr(s, what) == libc_strstr(s, what));
		CHECK_EQ(strspn(s, what), libc_strspn(s, what));
		CHECK_EQ(strcspn(s, what), libc_strcspn(s, what));
		CHECK(strpbrk(s, what) == libc_strpbrk(s, what));

		libc_memmove(theirs, s, libc_strlen(s) + 1);
		ours_at = s;
		theirs_at = theirs;
		do {
			char *x = strsep(&ours_at, what), *y = libc_strsep(&theirs_at, what);

			CHECK(!x == !y && (!x || !libc_strcmp(x, y)));
			CHECK(!ours_at == !theirs_at);
		} while (ours_at);
		free(s);
		free(what);
		free(theirs);
	}
}

static void string_copies(void)
{
	for (int round = 0; round < 30000; round++) {
		char *src = random_string(20), ours[64], theirs[64];
		size_t n = test_below(25), len = libc_strlen(src);
		ssize_t ret;

		fill((u8 *)ours, 64);
		libc_memmove(theirs, ours, 64);
		CHECK(strncpy(ours, src, n) == ours);
		libc_strncpy(theirs, src, n);
		CHECK(!libc_memcmp(ours, theirs, 64));

		ours[5] = theirs[5] = '\0';
		strncat(ours, src, n);
		libc_strncat(theirs, src, n);
		CHECK(!libc_memcmp(ours, theirs, 64));

		CHECK(strcpy(ours, src) == ours && !libc_strcmp(ours, src));
		strcat(ours, src);
		CHECK(!libc_memcmp(ours, src, len) && !libc_strcmp(ours + len, src));

		n++;
		fill((u8 *)ours, 64);
		libc_memmove(theirs, ours, 64);
		ret = strscpy(ours, src, n);
		CHECK_EQ(ret, len < n ? (ssize_t)len : -E2BIG);
		libc_memmove(theirs, src, min(len, n - 1));
		theirs[min(len, n - 1)] = '\0';
		CHECK(!libc_memcmp(ours, theirs, 64));
		CHECK_EQ(strlcpy(ours, src, n), len);
		CHECK(!libc_memcmp(ours, theirs, 64));
		free(src);
	}
}

static void appending(void)
{
	char buf[8] = "abc";

	CHECK_EQ(strlcat(buf, "def", sizeof(buf)), 6);
	CHECK_STR(buf, "abcdef");
	CHECK_EQ(strlcat(buf, "ghi", sizeof(buf)), 9);
	CHECK_STR(buf, "abcdefg");
	CHECK_EQ(strlcat(buf, "x", 3), 4);
	CHECK_STR(buf, "abcdefg");
}

static void helpers(void)
{
	static const char *const names[] = {"zero", "one", NULL, "three"};
	char s[] = "  \t two words \n\n", blank[] = " \n ", slashes[] = "a/b/c";

	CHECK_STR(skip_spaces(" \t\n x "), "x ");
	CHECK_STR(strim(s), "two words");
	CHECK_STR(strim(blank), "");
	CHECK_STR(strreplace(slashes, '/', '!'), "a!b!c");
	CHECK_STR(kbasename("/bin/sh"), "sh");
	CHECK_STR(kbasename("sh"), "sh");
	CHECK_STR(kbasename("/bin/"), "");
	CHECK_EQ(str_has_prefix("console=ttyS0", "console="), 8);
	CHECK_EQ(str_has_prefix("cons", "console="), 0);
	CHECK(sysfs_streq("on", "on\n") && sysfs_streq("on\n", "on") && sysfs_streq("on", "on"));
	CHECK(!sysfs_streq("on", "one") && !sysfs_streq("on", "on\n\n") && !sysfs_streq("", "x"));
	CHECK_EQ(match_string(names, 4, "one"), 1);
	CHECK_EQ(match_string(names, 4, "three"), -EINVAL);
	CHECK_EQ(match_string(names, 1, "one"), -EINVAL);
}

int main(void)
{
	RUN(copies);
	RUN(overlapping_moves);
	RUN(fills);
	RUN(memory_searches);
	RUN(inverse_search);
	RUN(comparisons);
	RUN(long_strings);
	RUN(string_searches);
	RUN(string_copies);
	RUN(appending);
	RUN(helpers);
	return 0;
}
