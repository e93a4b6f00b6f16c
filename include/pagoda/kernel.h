/* SPDX-License-Identifier: MIT */
/*
 * kernel.h - what nearly every file uses.
 */
#ifndef PAGODA_KERNEL_H
#define PAGODA_KERNEL_H

#include <pagoda/atomic.h>
#include <pagoda/bitops.h>
#include <pagoda/bug.h>
#include <pagoda/compiler.h>
#include <pagoda/err.h>
#include <pagoda/list.h>
#include <pagoda/sprintf.h>
#include <pagoda/string.h>
#include <pagoda/types.h>

#endif
