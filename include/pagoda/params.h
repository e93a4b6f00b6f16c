/* SPDX-License-Identifier: MIT */
/*
 * params.h - the kernel command line, parsed once.
 */
#ifndef PAGODA_PARAMS_H
#define PAGODA_PARAMS_H

#include <pagoda/types.h>

/* kernel/params.c */
/* Takes apart boot_info.cmdline; before anyone asks. */
void parse_cmdline(void);
/*
 * The value of a parameter of the kernel: "" for a word without a value, NULL if it is absent.
 * Of several, the last one counts. The name must stand in kernel_params[] (kernel/params.c).
 */
const char *cmdline_option(const char *name);
/* The same as a number in any C base; fallback if absent or malformed. */
long cmdline_option_long(const char *name, long fallback);
bool cmdline_flag(const char *name);
/* What is meant for init: words unknown to the kernel and all after "--"; NAME=value pairs. */
extern const char *argv_init[];
extern const char *envp_init[];

#endif
