// SPDX-License-Identifier: MIT
/*
 * kernel/lib/sort.c - heap sort and binary search.
 *
 * Heap sort because it needs no memory and has no bad case. Contracts in sort.h.
 */
#include <pagoda/compiler.h>
#include <pagoda/sort.h>

struct sorter {
	char *base;
	size_t size;
	cmp_func_t cmp;
	swap_func_t exchange;
};

static void swap_bytes(void *a, void *b, int size)
{
	char *x = a, *y = b;

	for (; size > 0; size--, x++, y++)
		swap(*x, *y);
}

static void *element(const struct sorter *s, size_t i)
{
	return s->base + i * s->size;
}

/* Lets element i sink among the first n until no child of it is larger. */
static void sift_down(const struct sorter *s, size_t i, size_t n)
{
	size_t child;

	while ((child = 2 * i + 1) < n) {
		if (child + 1 < n && s->cmp(element(s, child), element(s, child + 1)) < 0)
			child++;
		if (s->cmp(element(s, i), element(s, child)) >= 0)
			return;
		s->exchange(element(s, i), element(s, child), s->size);
		i = child;
	}
}

void sort(void *base, size_t n, size_t size, cmp_func_t cmp, swap_func_t exchange)
{
	struct sorter s = {
		.base = base,
		.size = size,
		.cmp = cmp,
		.exchange = exchange ? exchange : swap_bytes,
	};

	for (size_t i = n / 2; i-- > 0;)
		sift_down(&s, i, n);
	while (n > 1) {
		n--;
		s.exchange(element(&s, 0), element(&s, n), size);
		sift_down(&s, 0, n);
	}
}

void *bsearch(const void *key, const void *base, size_t n, size_t size, cmp_func_t cmp)
{
	const char *low = base;

	while (n) {
		const char *middle = low + n / 2 * size;
		int c = cmp(key, middle);

		if (c == 0)
			return (void *)middle;
		if (c > 0) {
			low = middle + size;
			n--;
		}
		n /= 2;
	}
	return NULL;
}
