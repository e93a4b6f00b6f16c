// SPDX-License-Identifier: MIT
/*
 * kernel/lib/string.c - the string functions of the C library.
 *
 * As C and POSIX define them; they do not know about locales. Host builds use libc's.
 */
#include <pagoda/compiler.h>
#include <pagoda/ctype.h>
#include <pagoda/string.h>

#define ONES  0x0101010101010101ULL
#define HIGHS 0x8080808080808080ULL

/* Not 0 when one of the eight bytes is 0. */
static inline u64 has_zero_byte(u64 v)
{
	return (v - ONES) & ~v & HIGHS;
}

/*
 * Eight bytes at a time from the first aligned address on: an aligned word never reaches into
 * a page that the string is not in. It does reach behind the string, hence no sanitizer.
 */
__no_sanitize_address size_t strlen(const char *s)
{
	typedef u64 __may_alias word;
	const char *p = s;
	u64 zeros;

	for (; !IS_ALIGNED((unsigned long)p, 8); p++) {
		if (!*p)
			return p - s;
	}
	while (!(zeros = has_zero_byte(*(const word *)p)))
		p += 8;
	return p - s + __builtin_ctzll(zeros) / 8;
}

size_t strnlen(const char *s, size_t max)
{
	size_t n = 0;

	while (n < max && s[n])
		n++;
	return n;
}

int strcmp(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return (u8)*a - (u8)*b;
}

int strncmp(const char *a, const char *b, size_t n)
{
	for (; n; n--, a++, b++) {
		if (*a != *b || !*a)
			return (u8)*a - (u8)*b;
	}
	return 0;
}

int strcasecmp(const char *a, const char *b)
{
	return strncasecmp(a, b, SIZE_MAX);
}

int strncasecmp(const char *a, const char *b, size_t n)
{
	for (; n; n--, a++, b++) {
		int x = tolower((u8)*a), y = tolower((u8)*b);

		if (x != y || !x)
			return x - y;
	}
	return 0;
}

char *strcpy(char *dst, const char *src)
{
	return memcpy(dst, src, strlen(src) + 1);
}

char *strncpy(char *dst, const char *src, size_t n)
{
	size_t len = strnlen(src, n);

	memcpy(dst, src, len);
	memset(dst + len, 0, n - len);
	return dst;
}

char *strcat(char *dst, const char *src)
{
	strcpy(dst + strlen(dst), src);
	return dst;
}

char *strncat(char *dst, const char *src, size_t n)
{
	size_t len = strnlen(src, n);
	char *end = dst + strlen(dst);

	memcpy(end, src, len);
	end[len] = '\0';
	return dst;
}

char *strchrnul(const char *s, int c)
{
	while (*s && *s != (char)c)
		s++;
	return (char *)s;
}

char *strchr(const char *s, int c)
{
	char *p = strchrnul(s, c);

	return *p == (char)c ? p : NULL;
}

char *strrchr(const char *s, int c)
{
	const char *last = NULL;

	do {
		if (*s == (char)c)
			last = s;
	} while (*s++);
	return (char *)last;
}

char *strstr(const char *s, const char *what)
{
	size_t len = strlen(what);

	if (!len)
		return (char *)s;
	for (; (s = strchr(s, *what)); s++) {
		if (!strncmp(s, what, len))
			return (char *)s;
	}
	return NULL;
}

/* How many leading characters of s are in set (or are not). */
static size_t span(const char *s, const char *set, bool in)
{
	size_t n = 0;

	while (s[n] && !!strchr(set, s[n]) == in)
		n++;
	return n;
}

size_t strspn(const char *s, const char *accept)
{
	return span(s, accept, true);
}

size_t strcspn(const char *s, const char *reject)
{
	return span(s, reject, false);
}

char *strpbrk(const char *s, const char *accept)
{
	s += strcspn(s, accept);
	return *s ? (char *)s : NULL;
}

char *strsep(char **s, const char *delim)
{
	char *token = *s, *end;

	if (!token)
		return NULL;
	end = strpbrk(token, delim);
	if (end)
		*end++ = '\0';
	*s = end;
	return token;
}
