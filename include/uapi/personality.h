/* SPDX-License-Identifier: MIT */
/* uapi/personality.h - execution domain flags that the kernel honours. */
#ifndef UAPI_PERSONALITY_H
#define UAPI_PERSONALITY_H

#define UNAME26		   0x0020000
#define ADDR_NO_RANDOMIZE  0x0040000
#define MMAP_PAGE_ZERO	   0x0100000
#define ADDR_COMPAT_LAYOUT 0x0200000
#define READ_IMPLIES_EXEC  0x0400000
#define ADDR_LIMIT_3GB	   0x8000000
#define STICKY_TIMEOUTS	   0x4000000
#define PER_MASK	   0x00ff
#define PER_LINUX	   0x0000
#define PER_LINUX32	   0x0008
/* cleared when a set-id program is executed */
#define PER_CLEAR_ON_SETID                                                                         \
	(READ_IMPLIES_EXEC | ADDR_NO_RANDOMIZE | ADDR_COMPAT_LAYOUT | MMAP_PAGE_ZERO)

#endif
