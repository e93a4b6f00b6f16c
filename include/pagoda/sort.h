/* SPDX-License-Identifier: MIT */
/*
 * sort.h - heap sort and binary search of arrays.
 */
#ifndef PAGODA_SORT_H
#define PAGODA_SORT_H

#include <pagoda/types.h>

typedef int (*cmp_func_t)(const void *a, const void *b);
typedef void (*swap_func_t)(void *a, void *b, int size);

/*
 * Sorts n elements of size bytes in place by O(n log n) comparisons and no extra memory;
 * equal elements may change places. exchange may be NULL: bytes are exchanged.
 */
void sort(void *base, size_t n, size_t size, cmp_func_t cmp, swap_func_t exchange);

/* An element of the sorted array for which cmp(key, element) is 0, or NULL. */
void *bsearch(const void *key, const void *base, size_t n, size_t size, cmp_func_t cmp);

#endif
