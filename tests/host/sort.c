// SPDX-License-Identifier: MIT
/*
 * tests/host/sort.c - heap sort beside an insertion sort, and binary search.
 */
#include <pagoda/sort.h>
#include <pagoda/string.h>
#include "test.h"

#define MAX_N 200

/* An odd size, and a second field that shows whether elements stay whole. */
struct record {
	u8 key;
	u8 copies[6];
};

static long comparisons, exchanges;

static int compare_records(const void *a, const void *b)
{
	comparisons++;
	return ((const struct record *)a)->key - ((const struct record *)b)->key;
}

static int compare_longs(const void *a, const void *b)
{
	long x = *(const long *)a, y = *(const long *)b;

	return x < y ? -1 : x > y;
}

static void exchange_longs(void *a, void *b, int size)
{
	CHECK_EQ(size, sizeof(long));
	swap(*(long *)a, *(long *)b);
	exchanges++;
}

static void random_records(void)
{
	for (int round = 0; round < 3000; round++) {
		size_t n = test_below(MAX_N);
		unsigned int kinds = 1 + test_below(255), count[256] = {0};
		struct record *r = malloc(n * sizeof(*r));

		for (size_t i = 0; i < n; i++) {
			r[i].key = test_below(kinds);
			memset(r[i].copies, r[i].key, sizeof(r[i].copies));
			count[r[i].key]++;
		}
		comparisons = 0;
		sort(r, n, sizeof(*r), compare_records, NULL);
		CHECK(comparisons <= 2 * (long)n * 9);
		for (size_t i = 0; i < n; i++) {
			CHECK(!i || r[i - 1].key <= r[i].key);
			for (int j = 0; j < 6; j++)
				CHECK_EQ(r[i].copies[j], r[i].key);
			count[r[i].key]--;
		}
		for (int key = 0; key < 256; key++)
			CHECK_EQ(count[key], 0);
		free(r);
	}
}

static void random_longs(void)
{
	for (int round = 0; round < 3000; round++) {
		size_t n = test_below(MAX_N);
		long *v = malloc(n * sizeof(long)), *want = malloc(n * sizeof(long)), key, *hit;

		for (size_t i = 0; i < n; i++) {
			size_t j = i;

			v[i] = (long)test_below(3 * MAX_N) - MAX_N;
			for (; j && want[j - 1] > v[i]; j--)
				want[j] = want[j - 1];
			want[j] = v[i];
		}
		exchanges = 0;
		sort(v, n, sizeof(long), compare_longs, exchange_longs);
		CHECK(n < 3 || exchanges);
		for (size_t i = 0; i < n; i++)
			CHECK_EQ(v[i], want[i]);
		for (key = -MAX_N - 1; key <= 2 * MAX_N; key++) {
			bool present = false;

			for (size_t i = 0; i < n; i++)
				present |= v[i] == key;
			hit = bsearch(&key, v, n, sizeof(long), compare_longs);
			CHECK_EQ(!!hit, present);
			CHECK(!hit || (*hit == key && hit >= v && hit < v + n));
		}
		free(v);
		free(want);
	}
}

int main(void)
{
	RUN(random_records);
	RUN(random_longs);
	return 0;
}
