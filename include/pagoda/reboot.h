/* SPDX-License-Identifier: MIT */
/*
 * include/pagoda/reboot.h - ending the machine's run. None of these returns.
 */
#ifndef _PAGODA_REBOOT_H
#define _PAGODA_REBOOT_H

/* arch/x86_64/power.c */
void machine_power_off(void) __attribute__((noreturn));
void machine_restart(void) __attribute__((noreturn));
void machine_halt(void) __attribute__((noreturn));

/* Ends QEMU through its isa-debug-exit device with status (value << 1) | 1; returns elsewhere. */
void machine_debug_exit(unsigned char value);

#endif
