// SPDX-License-Identifier: MIT
/*
 * tests/host/bitmap.c - bitmaps beside arrays of bool, and the single-bit functions.
 */
#include <pagoda/bitmap.h>
#include <pagoda/string.h>
#include "test.h"

#define MAX_BITS 200

struct pair {
	unsigned long *map; /* exactly as long as it must be, so that ASan sees a step too far */
	bool bits[MAX_BITS];
};

static struct pair a, b, d;
static unsigned long size;

/* Random contents with long runs; the spare bits of the last word are random too. */
static void randomize(struct pair *p)
{
	unsigned long words = BITS_TO_LONGS(size);
	bool bit = false;

	free(p->map);
	p->map = malloc(words * sizeof(long));
	for (unsigned long i = 0; i < words * BITS_PER_LONG; i++) {
		if (test_below(1 + size / 8) == 0 || test_below(4) == 0)
			bit = test_below(2);
		if (bit)
			__set_bit(i, p->map);
		else
			__clear_bit(i, p->map);
		if (i < size)
			p->bits[i] = bit;
	}
}

static void compare(struct pair *p)
{
	unsigned long weight = 0;

	for (unsigned long i = 0; i < size; i++) {
		CHECK_EQ(test_bit(i, p->map), p->bits[i]);
		weight += p->bits[i];
	}
	CHECK_EQ(bitmap_weight(p->map, size), weight);
	CHECK_EQ(bitmap_empty(p->map, size), weight == 0);
	CHECK_EQ(bitmap_full(p->map, size), weight == size);
}

/* The model of the search functions: first bit at or after start with that value. */
static unsigned long first(const bool *bits, bool value, unsigned long start)
{
	while (start < size && bits[start] != value)
		start++;
	return min(start, size);
}

static void searches(void)
{
	for (int round = 0; round < 3000; round++) {
		unsigned long bit, at = 0, start;

		size = 1 + test_below(MAX_BITS);
		randomize(&a);
		randomize(&b);
		compare(&a);
		start = test_below(size + 2);
		CHECK_EQ(find_next_bit(a.map, size, start), first(a.bits, true, start));
		CHECK_EQ(find_next_zero_bit(a.map, size, start), first(a.bits, false, start));
		for_each_set_bit(bit, a.map, size)
		{
			at = first(a.bits, true, at);
			CHECK_EQ(bit, at++);
		}
		CHECK_EQ(first(a.bits, true, at), size);
		for (at = size; at && !a.bits[at - 1];)
			at--;
		CHECK_EQ(find_last_bit(a.map, size), at ? at - 1 : size);
		for (bit = 0; bit < size; bit++)
			d.bits[bit] = a.bits[bit] && b.bits[bit];
		CHECK_EQ(find_next_and_bit(a.map, b.map, size, start), first(d.bits, true, start));
	}
}

static void operations(void)
{
	for (int round = 0; round < 3000; round++) {
		bool subset = true, equal = true, and = false, andnot = false;
		unsigned long start, len;

		size = 1 + test_below(MAX_BITS);
		randomize(&a);
		randomize(&b);
		if (test_below(4) == 0) {
			memcpy(b.bits, a.bits, sizeof(b.bits));
			bitmap_copy(b.map, a.map, size);
		}
		randomize(&d);
		for (unsigned long i = 0; i < size; i++) {
			subset &= !a.bits[i] || b.bits[i];
			equal &= a.bits[i] == b.bits[i];
			and |= d.bits[i] = a.bits[i] && b.bits[i];
		}
		CHECK_EQ(bitmap_and(d.map, a.map, b.map, size), and);
		compare(&d);
		CHECK_EQ(bitmap_intersects(a.map, b.map, size), and);
		CHECK_EQ(bitmap_subset(a.map, b.map, size), subset);
		CHECK_EQ(bitmap_equal(a.map, b.map, size), equal);
		for (unsigned long i = 0; i < size; i++)
			andnot |= d.bits[i] = a.bits[i] && !b.bits[i];
		CHECK_EQ(bitmap_andnot(d.map, a.map, b.map, size), andnot);
		compare(&d);
		for (unsigned long i = 0; i < size; i++)
			d.bits[i] = a.bits[i] || b.bits[i];
		bitmap_or(d.map, a.map, b.map, size);
		compare(&d);

		start = test_below(size);
		len = test_below(size - start + 1);
		bitmap_set(a.map, start, len);
		memset(a.bits + start, true, len);
		compare(&a);
		bitmap_clear(b.map, start, len);
		memset(b.bits + start, false, len);
		compare(&b);
		bitmap_fill(a.map, size);
		CHECK(bitmap_full(a.map, size));
		bitmap_zero(a.map, size);
		CHECK(bitmap_empty(a.map, size));
	}
}

static bool area_free(unsigned long start, unsigned long nr)
{
	return start + nr <= size && first(a.bits, true, start) >= min(start + nr, size);
}

static void zero_areas(void)
{
	for (int round = 0; round < 3000; round++) {
		unsigned long nr, mask = (1UL << test_below(4)) - 1, start, want, got;

		size = 1 + test_below(MAX_BITS);
		nr = 1 + test_below(10);
		start = test_below(size);
		randomize(&a);
		want = (start + mask) & ~mask;
		while (want + nr <= size && !area_free(want, nr))
			want += mask + 1;
		got = bitmap_find_next_zero_area(a.map, size, start, nr, mask);
		if (want + nr <= size)
			CHECK_EQ(got, want);
		else
			CHECK(got > size);
	}
}

static void single_bits(void)
{
	for (int i = 0; i < 64; i++) {
		unsigned long v = 1UL << i, low = v | test_random() << i,
			      high = v | ((v - 1) & test_random());

		CHECK_EQ(__ffs(low), i);
		CHECK_EQ(__fls(high), i);
		CHECK_EQ(fls64(high), i + 1);
		CHECK_EQ(ffz(~low), i);
		CHECK_EQ(ilog2(high), i);
		CHECK_EQ(hweight64(v - 1), i);
		CHECK_EQ(hweight64(~(v - 1)), 64 - i);
		CHECK(is_power_of_2(v) && (i < 2 || !is_power_of_2(v - 1)));
		CHECK_EQ(rounddown_pow_of_two(high), v);
		CHECK_EQ(roundup_pow_of_two(v), v);
		if (i > 1)
			CHECK_EQ(roundup_pow_of_two(v - 1), v);
		if (i < 32) {
			CHECK_EQ(ffs(low), i + 1);
			CHECK_EQ(fls(high), i + 1);
		}
	}
	CHECK(!ffs(0) && !fls(0) && !fls64(0) && !is_power_of_2(0));
	CHECK_EQ(__get_order(1, 12), 0);
	CHECK_EQ(__get_order(4096, 12), 0);
	CHECK_EQ(__get_order(4097, 12), 1);
	CHECK_EQ(__get_order(16384, 12), 2);
	CHECK_EQ(__get_order(16385, 12), 3);
	CHECK_EQ(rol32(0x80000001, 4), 0x18);
	CHECK_EQ(GENMASK(11, 4), 0xff0);
}

static void atomic_bits(void)
{
	unsigned long map[3] = {0};

	for (int i = 0; i < 192; i++) {
		CHECK(!test_and_set_bit(i, map) && test_bit(i, map) && test_and_set_bit(i, map));
		CHECK(test_and_clear_bit(i, map) && !test_bit(i, map));
		CHECK(!test_and_clear_bit(i, map));
		set_bit(i, map);
		CHECK_EQ(bitmap_weight(map, 192), 1);
		CHECK_EQ(find_first_bit(map, 192), i);
		clear_bit(i, map);
		change_bit(i, map);
		CHECK(__test_and_clear_bit(i, map) && !__test_and_set_bit(i, map));
		clear_bit_unlock(i, map);
		CHECK(bitmap_empty(map, 192));
	}
}

int main(void)
{
	RUN(searches);
	RUN(operations);
	RUN(zero_areas);
	RUN(single_bits);
	RUN(atomic_bits);
	free(a.map);
	free(b.map);
	free(d.map);
	return 0;
}
