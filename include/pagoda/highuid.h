/* SPDX-License-Identifier: MIT */
/* highuid.h - user and group ids of 16 bits, as i386's first calls and structures have them. */
#ifndef PAGODA_HIGHUID_H
#define PAGODA_HIGHUID_H

#include <pagoda/types.h>

#define OVERFLOW_ID 65534 /* what an id above 16 bits looks like */

static inline u16 high2lowuid(u32 id)
{
	return id >> 16 ? OVERFLOW_ID : id;
}

/* -1 stays -1: "leave it". */
static inline u32 low2highuid(u16 id)
{
	return id == (u16)-1 ? (u32)-1 : id;
}

#endif
