// SPDX-License-Identifier: MIT
/*
 * kernel/lib/strutil.c - the string and memory functions that C lacks.
 *
 * Contracts in string.h.
 */
#include <pagoda/bug.h>
#include <pagoda/compiler.h>
#include <pagoda/ctype.h>
#include <pagoda/errno.h>
#include <pagoda/string.h>

ssize_t strscpy(char *dst, const char *src, size_t size)
{
	size_t len;

	if (WARN_ON_ONCE(size == 0 || size > SSIZE_MAX))
		return -E2BIG;
	len = strnlen(src, size);
	if (len == size) {
		memcpy(dst, src, size - 1);
		dst[size - 1] = '\0';
		return -E2BIG;
	}
	memcpy(dst, src, len + 1);
	return len;
}

size_t strlcpy(char *dst, const char *src, size_t size)
{
	if (size)
		(void)strscpy(dst, src, size);
	return strlen(src);
}

size_t strlcat(char *dst, const char *src, size_t size)
{
	size_t len = strnlen(dst, size);

	return len + strlcpy(dst + len, src, size - len);
}

void *memset16(u16 *dst, u16 v, size_t count)
{
	for (size_t i = 0; i < count; i++)
		dst[i] = v;
	return dst;
}

void *memset32(u32 *dst, u32 v, size_t count)
{
	for (size_t i = 0; i < count; i++)
		dst[i] = v;
	return dst;
}

void *memset64(u64 *dst, u64 v, size_t count)
{
	u64 *d = dst;

	__asm__ __volatile__("rep stosq" : "+D"(d), "+c"(count) : "a"(v) : "memory");
	return dst;
}

/* Byte by byte to an aligned address, then by words as long as they are all c. */
void *memchr_inv(const void *s, int c, size_t n)
{
	typedef u64 __may_alias word;
	u64 pattern = (u8)c * 0x0101010101010101ULL;
	const u8 *p = s, *end = p + n;

	for (; p < end && !IS_ALIGNED((unsigned long)p, 8); p++) {
		if (*p != (u8)c)
			return (void *)p;
	}
	while (end - p >= 8 && *(const word *)p == pattern)
		p += 8;
	for (; p < end; p++) {
		if (*p != (u8)c)
			return (void *)p;
	}
	return NULL;
}

char *skip_spaces(const char *s)
{
	while (isspace((u8)*s))
		s++;
	return (char *)s;
}

char *strim(char *s)
{
	size_t len = strlen(s);

	while (len && isspace((u8)s[len - 1]))
		len--;
	s[len] = '\0';
	return skip_spaces(s);
}

char *strreplace(char *s, char old, char new)
{
	for (char *p = s; *p; p++) {
		if (*p == old)
			*p = new;
	}
	return s;
}

const char *kbasename(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

size_t str_has_prefix(const char *s, const char *prefix)
{
	size_t len = strlen(prefix);

	return strncmp(s, prefix, len) ? 0 : len;
}

bool sysfs_streq(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	if (*a == *b)
		return true;
	return (!*a && b[0] == '\n' && !b[1]) || (!*b && a[0] == '\n' && !a[1]);
}

int match_string(const char *const *array, size_t n, const char *s)
{
	for (size_t i = 0; i < n && array[i]; i++) {
		if (!strcmp(array[i], s))
			return i;
	}
	return -EINVAL;
}
