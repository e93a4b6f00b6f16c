/* SPDX-License-Identifier: MIT */
/*
 * string.h - memory, strings, and numbers in strings.
 *
 * The first two groups are C's; host builds take them from libc (PAGODA_HOST_STRING, for the
 * test of ours, gives ours another name in the object file).
 */
#ifndef PAGODA_STRING_H
#define PAGODA_STRING_H

#include <pagoda/types.h>

#ifdef PAGODA_HOST_STRING
#define __libc_name(name) __asm__("pagoda_" name)
#else
#define __libc_name(name)
#endif

/* Memory: kernel/lib/memory.c. */
void *memcpy(void *dst, const void *src, size_t n) __libc_name("memcpy");
void *memmove(void *dst, const void *src, size_t n) __libc_name("memmove");
void *memset(void *dst, int c, size_t n) __libc_name("memset");
int memcmp(const void *a, const void *b, size_t n) __libc_name("memcmp");
void *memchr(const void *s, int c, size_t n) __libc_name("memchr");
void *memmem(const void *s, size_t n, const void *what, size_t len) __libc_name("memmem");

/* Lets the compiler open-code copies of a small constant size. */
#ifndef PAGODA_HOST
#define memcpy(dst, src, n)  __builtin_memcpy(dst, src, n)
#define memmove(dst, src, n) __builtin_memmove(dst, src, n)
#define memset(dst, c, n)    __builtin_memset(dst, c, n)
#define memcmp(a, b, n)	     __builtin_memcmp(a, b, n)
#endif

/* Strings: kernel/lib/string.c. */
size_t strlen(const char *s) __libc_name("strlen");
size_t strnlen(const char *s, size_t max) __libc_name("strnlen");
int strcmp(const char *a, const char *b) __libc_name("strcmp");
int strncmp(const char *a, const char *b, size_t n) __libc_name("strncmp");
int strcasecmp(const char *a, const char *b) __libc_name("strcasecmp");
int strncasecmp(const char *a, const char *b, size_t n) __libc_name("strncasecmp");
char *strcpy(char *dst, const char *src) __libc_name("strcpy");
char *strncpy(char *dst, const char *src, size_t n) __libc_name("strncpy");
char *strcat(char *dst, const char *src) __libc_name("strcat");
char *strncat(char *dst, const char *src, size_t n) __libc_name("strncat");
char *strchr(const char *s, int c) __libc_name("strchr");
char *strchrnul(const char *s, int c) __libc_name("strchrnul");
char *strrchr(const char *s, int c) __libc_name("strrchr");
char *strstr(const char *s, const char *what) __libc_name("strstr");
size_t strspn(const char *s, const char *accept) __libc_name("strspn");
size_t strcspn(const char *s, const char *reject) __libc_name("strcspn");
char *strpbrk(const char *s, const char *accept) __libc_name("strpbrk");
char *strsep(char **s, const char *delim) __libc_name("strsep");

/*
 * What C lacks: kernel/lib/strutil.c.
 *
 * strscpy copies at most size - 1 bytes and always terminates (size > 0); it returns the
 * length, or -E2BIG if it cut. strlcpy returns strlen(src), strlcat the length it tried for.
 */
ssize_t strscpy(char *dst, const char *src, size_t size);
size_t strlcpy(char *dst, const char *src, size_t size);
size_t strlcat(char *dst, const char *src, size_t size);
void *memset16(u16 *dst, u16 v, size_t count);
void *memset32(u32 *dst, u32 v, size_t count);
void *memset64(u64 *dst, u64 v, size_t count);
/* The first byte of n that is not c, or NULL. */
void *memchr_inv(const void *s, int c, size_t n);
/* Past the leading spaces; strim also cuts the trailing ones, in place. */
char *skip_spaces(const char *s);
char *strim(char *s);
char *strreplace(char *s, char old, char new);
/* What follows the last slash. */
const char *kbasename(const char *path);
/* Whether s begins with prefix: its length, or 0. */
size_t str_has_prefix(const char *s, const char *prefix);
/* Equal but for one newline at the end of either, as in what is echoed into a file. */
bool sysfs_streq(const char *a, const char *b);
/* The index of s in an array of n strings, or -EINVAL. */
int match_string(const char *const *array, size_t n, const char *s);

static inline void memzero_explicit(void *s, size_t n)
{
	memset(s, 0, n);
	__asm__ __volatile__("" ::"r"(s) : "memory");
}

/*
 * Numbers: kernel/lib/kstrto.c. kstrto*() parse the whole string, but for one newline at its
 * end: 0, -EINVAL (no number, or something behind it) or -ERANGE; *res changes on success only.
 * Base 0 takes 0x for 16 and 0 for 8. The simple_ forms stop at the first character that does
 * not belong and set *end, if end is not NULL; they do not report overflow.
 */
int __must_check kstrtoull(const char *s, unsigned int base, unsigned long long *res);
int __must_check kstrtoll(const char *s, unsigned int base, long long *res);
int __must_check kstrtoul(const char *s, unsigned int base, unsigned long *res);
int __must_check kstrtol(const char *s, unsigned int base, long *res);
int __must_check kstrtouint(const char *s, unsigned int base, unsigned int *res);
int __must_check kstrtoint(const char *s, unsigned int base, int *res);
int __must_check kstrtou64(const char *s, unsigned int base, u64 *res);
int __must_check kstrtou32(const char *s, unsigned int base, u32 *res);
int __must_check kstrtou16(const char *s, unsigned int base, u16 *res);
int __must_check kstrtou8(const char *s, unsigned int base, u8 *res);
/* y, Y, t, T, 1, on / n, N, f, F, 0, off. */
int __must_check kstrtobool(const char *s, bool *res);

unsigned long long simple_strtoull(const char *s, char **end, unsigned int base);
unsigned long simple_strtoul(const char *s, char **end, unsigned int base);
long long simple_strtoll(const char *s, char **end, unsigned int base);
long simple_strtol(const char *s, char **end, unsigned int base);

#endif
