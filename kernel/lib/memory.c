// SPDX-License-Identifier: MIT
/*
 * kernel/lib/memory.c - copy, fill, compare and search memory.
 *
 * Bulk goes by rep movsq and rep stosq, eight bytes a step: under emulation a step costs the
 * same whatever its width. What is left over at the end, and everything short, goes by loads
 * and stores that may overlap, so there are no byte loops: 11 bytes are the first eight and
 * the last eight. Host builds use libc's functions; only the test of these compiles this file.
 */
#include <pagoda/string.h>

#undef memcpy
#undef memmove
#undef memset
#undef memcmp

/* Unaligned accesses of any type's bytes. */
typedef u64 __aligned(1) __may_alias word64;
typedef u32 __aligned(1) __may_alias word32;
typedef u16 __aligned(1) __may_alias word16;

#define LOAD(type, p)	  (*(const type *)(p))
#define STORE(type, p, v) (*(type *)(p) = (v))

/* Up to 16 bytes. Everything is loaded before anything is stored: overlap is harmless. */
static __always_inline void copy_short(u8 *dst, const u8 *src, size_t n)
{
	if (n >= 8) {
		u64 first = LOAD(word64, src), last = LOAD(word64, src + n - 8);

		STORE(word64, dst, first);
		STORE(word64, dst + n - 8, last);
	} else if (n >= 4) {
		u32 first = LOAD(word32, src), last = LOAD(word32, src + n - 4);

		STORE(word32, dst, first);
		STORE(word32, dst + n - 4, last);
	} else if (n >= 2) {
		u16 first = LOAD(word16, src), last = LOAD(word16, src + n - 2);

		STORE(word16, dst, first);
		STORE(word16, dst + n - 2, last);
	} else if (n) {
		*dst = *src;
	}
}

/*
 * Ascending: right where dst is below src or they do not overlap. The last eight bytes are
 * loaded before the bulk, which may run over them.
 */
static __always_inline void copy_up(u8 *dst, const u8 *src, size_t n)
{
	u64 last = LOAD(word64, src + n - 8);
	u8 *end = dst + n - 8;
	size_t words = n / 8;

	__asm__ __volatile__("rep movsq" : "+D"(dst), "+S"(src), "+c"(words) : : "memory");
	STORE(word64, end, last);
}

/* Descending, where dst overlaps src from above. */
static void copy_down(u8 *dst, const u8 *src, size_t n)
{
	u64 first = LOAD(word64, src);
	size_t left = n;

	for (; left >= 8; left -= 8)
		STORE(word64, dst + left - 8, LOAD(word64, src + left - 8));
	STORE(word64, dst, first);
}

void *memcpy(void *dst, const void *src, size_t n)
{
	if (n <= 16)
		copy_short(dst, src, n);
	else
		copy_up(dst, src, n);
	return dst;
}

void *memmove(void *dst, const void *src, size_t n)
{
	if (n <= 16)
		copy_short(dst, src, n);
	else if ((unsigned long)dst - (unsigned long)src >= n)
		copy_up(dst, src, n);
	else
		copy_down(dst, src, n);
	return dst;
}

void *memset(void *s, int c, size_t n)
{
	u64 pattern = (u8)c * 0x0101010101010101ULL;
	u8 *p = s;

	if (n >= 8) {
		size_t words = n / 8;
		u8 *d = p;

		STORE(word64, p + n - 8, pattern);
		__asm__ __volatile__("rep stosq" : "+D"(d), "+c"(words) : "a"(pattern) : "memory");
	} else if (n >= 4) {
		STORE(word32, p, pattern);
		STORE(word32, p + n - 4, pattern);
	} else if (n) {
		p[0] = c;
		p[n / 2] = c;
		p[n - 1] = c;
	}
	return s;
}

int memcmp(const void *a, const void *b, size_t n)
{
	const u8 *x = a, *y = b;

	for (; n >= 8; n -= 8, x += 8, y += 8) {
		u64 v = LOAD(word64, x), w = LOAD(word64, y);

		if (v != w)
			return __builtin_bswap64(v) < __builtin_bswap64(w) ? -1 : 1;
	}
	for (; n; n--, x++, y++) {
		if (*x != *y)
			return *x - *y;
	}
	return 0;
}

void *memchr(const void *s, int c, size_t n)
{
	const u8 *p = s;

	for (; n; n--, p++) {
		if (*p == (u8)c)
			return (void *)p;
	}
	return NULL;
}

void *memmem(const void *s, size_t n, const void *what, size_t len)
{
	const u8 *p = s;

	for (; n >= len; n--, p++) {
		if (!memcmp(p, what, len))
			return (void *)p;
	}
	return NULL;
}
