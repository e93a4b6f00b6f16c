/* SPDX-License-Identifier: MIT */
/*
 * init.h - what kernel/main.c starts up that has no header of its own to stand in.
 */
#ifndef PAGODA_INIT_H
#define PAGODA_INIT_H

void start_kernel(void) __attribute__((noreturn));

/* kernel/drivers/driver_init.c: terminals and character devices, after the file systems exist */
void driver_init(void);

/* tests/kernel/ktest.c, in the test image only: run the tests and power off */
void run_kernel_tests(const char *pattern) __attribute__((weak));

#endif
