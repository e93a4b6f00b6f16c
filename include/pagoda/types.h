/* SPDX-License-Identifier: MIT */
/*
 * types.h - the basic types of the kernel.
 *
 * They are those of Linux on x86-64. Host builds (PAGODA_HOST) use them unchanged, so no file
 * may include both a pagoda header and a libc header: see tests/host/test.h.
 */
#ifndef PAGODA_TYPES_H
#define PAGODA_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <pagoda/attributes.h>

/* Fixed widths. u64 is unsigned long long, so it prints with %llu. */
typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef signed char s8;
typedef short s16;
typedef int s32;
typedef long long s64;

/* The names that uapi headers use. */
typedef u8 __u8;
typedef u16 __u16;
typedef u32 __u32;
typedef u64 __u64;
typedef s8 __s8;
typedef s16 __s16;
typedef s32 __s32;
typedef s64 __s64;

/* Sizes, positions, identities. */
typedef long ssize_t;
typedef long off_t;
typedef s64 loff_t;
typedef int pid_t;
typedef unsigned int uid_t;
typedef unsigned int gid_t;
typedef unsigned int mode_t;
typedef unsigned short umode_t;
typedef u64 ino_t;
typedef u32 dev_t;
typedef unsigned int nlink_t;
typedef u64 sector_t;
typedef u64 blkcnt_t;
typedef unsigned long pgoff_t;
typedef u64 phys_addr_t;
typedef unsigned int fmode_t;

/* Time. ktime_t counts nanoseconds. */
typedef s64 time64_t;
typedef s64 ktime_t;
typedef int clockid_t;
typedef int timer_t;

typedef u32 gfp_t;
typedef unsigned int __poll_t; /* EPOLL* */

/* Counters that several CPUs change: operations in atomic.h. */
typedef struct {
	int counter;
} atomic_t;

typedef struct {
	s64 counter;
} atomic64_t;

typedef struct {
	long counter;
} atomic_long_t;

typedef struct {
	atomic_t refs;
} refcount_t;

/* Heads and nodes of list.h, here so that structs can embed them without its macros. */
struct list_head {
	struct list_head *next, *prev;
};

struct hlist_node {
	struct hlist_node *next, **pprev;
};

struct hlist_head {
	struct hlist_node *first;
};

/*
 * Device numbers: 12 bits of major above 20 bits of minor inside the kernel. User space sees
 * the minor's upper bits above the major: mmmM MMmm (Linux's "new" 32-bit encoding).
 */
#define MINORBITS     20
#define MINORMASK     ((1U << MINORBITS) - 1)
#define MAJOR(dev)    ((unsigned int)((dev) >> MINORBITS))
#define MINOR(dev)    ((unsigned int)((dev)&MINORMASK))
#define MKDEV(ma, mi) ((dev_t)(((u32)(ma) << MINORBITS) | (u32)(mi)))

static inline u32 new_encode_dev(dev_t dev)
{
	unsigned int minor = MINOR(dev);

	return (minor & 0xff) | (MAJOR(dev) << 8) | ((minor & ~0xffU) << 12);
}

static inline dev_t new_decode_dev(u32 dev)
{
	return MKDEV((dev & 0xfff00) >> 8, (dev & 0xff) | ((dev >> 12) & 0xfff00));
}

#endif
