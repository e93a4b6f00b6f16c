/* SPDX-License-Identifier: MIT */
/* personality.h - see <uapi/personality.h>. */
#include <uapi/personality.h>
