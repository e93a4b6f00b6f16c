// SPDX-License-Identifier: MIT
/*
 * kernel/lib/bitmap.c - search in and arithmetic on arrays of bits.
 *
 * Contracts in bitmap.h. The last word is masked wherever its spare bits could show.
 */
#include <pagoda/bitmap.h>

/*
 * The first set bit of WORD, an expression in the word index i, at or after start. A macro so
 * that each search gets its own loop without a test per word.
 */
#define FIND_NEXT(WORD, size, start)                                                               \
	({                                                                                         \
		unsigned long i = BIT_WORD(start), found = (size), bits;                           \
                                                                                                   \
		if ((start) < (size)) {                                                            \
			bits = (WORD)&BITMAP_FIRST_WORD_MASK(start);                               \
			while (!bits && ++i * BITS_PER_LONG < (size))                              \
				bits = (WORD);                                                     \
			if (bits)                                                                  \
				found = min(i * BITS_PER_LONG + __ffs(bits), (size));              \
		}                                                                                  \
		found;                                                                             \
	})

unsigned long find_next_bit(const unsigned long *map, unsigned long size, unsigned long start)
{
	return FIND_NEXT(map[i], size, start);
}

unsigned long find_next_zero_bit(const unsigned long *map, unsigned long size, unsigned long start)
{
	return FIND_NEXT(~map[i], size, start);
}

unsigned long find_next_and_bit(const unsigned long *a, const unsigned long *b, unsigned long size,
				unsigned long start)
{
	return FIND_NEXT(a[i] & b[i], size, start);
}

unsigned long find_last_bit(const unsigned long *map, unsigned long size)
{
	unsigned long mask = size ? BITMAP_LAST_WORD_MASK(size) : 0;

	for (unsigned long i = BITS_TO_LONGS(size); i-- > 0; mask = ~0UL) {
		if (map[i] & mask)
			return i * BITS_PER_LONG + __fls(map[i] & mask);
	}
	return size;
}

/* All ones but for the last word of a bitmap, which may be partly used. */
static inline unsigned long word_mask(unsigned long i, unsigned long nbits)
{
	return i == BIT_WORD(nbits - 1) ? BITMAP_LAST_WORD_MASK(nbits) : ~0UL;
}

void bitmap_zero(unsigned long *dst, unsigned long nbits)
{
	for (unsigned long i = 0; i < BITS_TO_LONGS(nbits); i++)
		dst[i] = 0;
}

void bitmap_fill(unsigned long *dst, unsigned long nbits)
{
	for (unsigned long i = 0; i < BITS_TO_LONGS(nbits); i++)
		dst[i] = word_mask(i, nbits);
}

void bitmap_copy(unsigned long *dst, const unsigned long *src, unsigned long nbits)
{
	for (unsigned long i = 0; i < BITS_TO_LONGS(nbits); i++)
		dst[i] = src[i];
}

/* _and and _andnot return whether any bit is set in the result. */
bool bitmap_and(unsigned long *dst, const unsigned long *a, const unsigned long *b,
		unsigned long nbits)
{
	unsigned long any = 0;

	for (unsigned long i = 0; i < BITS_TO_LONGS(nbits); i++)
		any |= dst[i] = a[i] & b[i] & word_mask(i, nbits);
	return any;
}

void bitmap_or(unsigned long *dst, const unsigned long *a, const unsigned long *b,
	       unsigned long nbits)
{
	for (unsigned long i = 0; i < BITS_TO_LONGS(nbits); i++)
		dst[i] = a[i] | b[i];
}

bool bitmap_andnot(unsigned long *dst, const unsigned long *a, const unsigned long *b,
		   unsigned long nbits)
{
	unsigned long any = 0;

	for (unsigned long i = 0; i < BITS_TO_LONGS(nbits); i++)
		any |= dst[i] = a[i] & ~b[i] & word_mask(i, nbits);
	return any;
}

bool bitmap_equal(const unsigned long *a, const unsigned long *b, unsigned long nbits)
{
	for (unsigned long i = 0; i < BITS_TO_LONGS(nbits); i++) {
		if ((a[i] ^ b[i]) & word_mask(i, nbits))
			return false;
	}
	return true;
}

bool bitmap_intersects(const unsigned long *a, const unsigned long *b, unsigned long nbits)
{
	return find_next_and_bit(a, b, nbits, 0) < nbits;
}

/* Whether every bit of a is set in b. */
bool bitmap_subset(const unsigned long *a, const unsigned long *b, unsigned long nbits)
{
	for (unsigned long i = 0; i < BITS_TO_LONGS(nbits); i++) {
		if (a[i] & ~b[i] & word_mask(i, nbits))
			return false;
	}
	return true;
}

unsigned long bitmap_weight(const unsigned long *map, unsigned long nbits)
{
	unsigned long weight = 0;

	for (unsigned long i = 0; i < BITS_TO_LONGS(nbits); i++)
		weight += hweight_long(map[i] & word_mask(i, nbits));
	return weight;
}

/* The bits of word i that lie in start .. start + len - 1 (len > 0, i within that range). */
static inline unsigned long range_mask(unsigned long i, unsigned long start, unsigned long len)
{
	unsigned long mask = ~0UL;

	if (i == BIT_WORD(start))
		mask &= BITMAP_FIRST_WORD_MASK(start);
	if (i == BIT_WORD(start + len - 1))
		mask &= BITMAP_LAST_WORD_MASK(start + len);
	return mask;
}

void bitmap_set(unsigned long *map, unsigned long start, unsigned long len)
{
	for (unsigned long i = BIT_WORD(start); i * BITS_PER_LONG < start + len && len; i++)
		map[i] |= range_mask(i, start, len);
}

void bitmap_clear(unsigned long *map, unsigned long start, unsigned long len)
{
	for (unsigned long i = BIT_WORD(start); i * BITS_PER_LONG < start + len && len; i++)
		map[i] &= ~range_mask(i, start, len);
}

unsigned long bitmap_find_next_zero_area(const unsigned long *map, unsigned long size,
					 unsigned long start, unsigned long nr,
					 unsigned long align_mask)
{
	for (;;) {
		unsigned long first = find_next_zero_bit(map, size, start), used;

		first = (first + align_mask) & ~align_mask;
		if (first + nr > size || first + nr < first)
			return size + 1;
		used = find_next_bit(map, first + nr, first);
		if (used >= first + nr)
			return first;
		start = used + 1;
	}
}
