/* SPDX-License-Identifier: MIT */
/*
 * ktest.h - the entry to the tests that run inside the kernel.
 */
#ifndef PAGODA_KTEST_H
#define PAGODA_KTEST_H

/*
 * tests/kernel/ktest.c, which only the test image has (NULL elsewhere): runs the tests whose names
 * contain pattern ("" or NULL: all), prints their results and powers off.
 */
void run_kernel_tests(const char *pattern) __attribute__((weak));

#endif
