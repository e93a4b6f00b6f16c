/* SPDX-License-Identifier: MIT */
/*
 * bitmap.h - arrays of bits in unsigned longs.
 *
 * Sizes are in bits. No function reads or writes a word past the one that holds the last bit;
 * bits past the end inside that word are ignored on reading and may be cleared on writing.
 * Nothing here is atomic: the caller's lock guards the bitmap.
 */
#ifndef PAGODA_BITMAP_H
#define PAGODA_BITMAP_H

#include <pagoda/bitops.h>

#define DECLARE_BITMAP(name, bits) unsigned long name[BITS_TO_LONGS(bits)]

/* The bits of the last word that belong to a bitmap of nbits > 0 bits. */
#define BITMAP_LAST_WORD_MASK(nbits)  (~0UL >> (-(nbits) & (BITS_PER_LONG - 1)))
#define BITMAP_FIRST_WORD_MASK(start) (~0UL << ((start) & (BITS_PER_LONG - 1)))

/* The first such bit at or after start, or size when there is none (start >= size is fine). */
unsigned long find_next_bit(const unsigned long *map, unsigned long size, unsigned long start);
unsigned long find_next_zero_bit(const unsigned long *map, unsigned long size, unsigned long start);
unsigned long find_next_and_bit(const unsigned long *a, const unsigned long *b, unsigned long size,
				unsigned long start);
unsigned long find_last_bit(const unsigned long *map, unsigned long size);

static inline unsigned long find_first_bit(const unsigned long *map, unsigned long size)
{
	return find_next_bit(map, size, 0);
}

static inline unsigned long find_first_zero_bit(const unsigned long *map, unsigned long size)
{
	return find_next_zero_bit(map, size, 0);
}

#define for_each_set_bit(bit, map, size)                                                           \
	for ((bit) = find_first_bit(map, size); (bit) < (size);                                    \
	     (bit) = find_next_bit(map, size, (bit) + 1))

#define for_each_clear_bit(bit, map, size)                                                         \
	for ((bit) = find_first_zero_bit(map, size); (bit) < (size);                               \
	     (bit) = find_next_zero_bit(map, size, (bit) + 1))

/* Whole bitmaps. */
void bitmap_zero(unsigned long *dst, unsigned long nbits);
void bitmap_fill(unsigned long *dst, unsigned long nbits);
void bitmap_copy(unsigned long *dst, const unsigned long *src, unsigned long nbits);
bool bitmap_and(unsigned long *dst, const unsigned long *a, const unsigned long *b,
		unsigned long nbits);
void bitmap_or(unsigned long *dst, const unsigned long *a, const unsigned long *b,
	       unsigned long nbits);
bool bitmap_andnot(unsigned long *dst, const unsigned long *a, const unsigned long *b,
		   unsigned long nbits);
bool bitmap_equal(const unsigned long *a, const unsigned long *b, unsigned long nbits);
bool bitmap_intersects(const unsigned long *a, const unsigned long *b, unsigned long nbits);
bool bitmap_subset(const unsigned long *a, const unsigned long *b, unsigned long nbits);
unsigned long bitmap_weight(const unsigned long *map, unsigned long nbits);

static inline bool bitmap_empty(const unsigned long *map, unsigned long nbits)
{
	return find_first_bit(map, nbits) == nbits;
}

static inline bool bitmap_full(const unsigned long *map, unsigned long nbits)
{
	return find_first_zero_bit(map, nbits) == nbits;
}

/* The bits start .. start + len - 1. */
void bitmap_set(unsigned long *map, unsigned long start, unsigned long len);
void bitmap_clear(unsigned long *map, unsigned long start, unsigned long len);

/*
 * The first run of nr clear bits at or after start, beginning at a multiple of
 * align_mask + 1; a value above size when there is none.
 */
unsigned long bitmap_find_next_zero_area(const unsigned long *map, unsigned long size,
					 unsigned long start, unsigned long nr,
					 unsigned long align_mask);

#endif
