/* SPDX-License-Identifier: MIT */
/* completion.h - completions stand with the other sleeping locks. */
#include <pagoda/mutex.h>
