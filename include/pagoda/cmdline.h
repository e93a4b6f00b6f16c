/* SPDX-License-Identifier: MIT */
/*
 * cmdline.h - takes the kernel command line apart.
 */
#ifndef PAGODA_CMDLINE_H
#define PAGODA_CMDLINE_H

#include <pagoda/types.h>

/*
 * Cuts the next `name`, `name=value` or `name="a b"` off args, in place. *val is NULL without
 * an equals sign. Returns what follows, spaces skipped; an empty string at the end, and then
 * *param is empty too if args held nothing.
 */
char *next_arg(char *args, char **param, char **val);

/* A number with an optional suffix K, M, G, T, P or E (either case), as in mem=64M. */
unsigned long long memparse(const char *s, char **end);

#endif
