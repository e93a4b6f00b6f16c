/* SPDX-License-Identifier: MIT */
/*
 * lib/maps.h - what /proc tells of an address space.
 */
#ifndef TESTS_ABI_LIB_MAPS_H
#define TESTS_ABI_LIB_MAPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One line of maps. */
struct area {
	unsigned long start, end;
	char perms[5]; /* "rw-p" */
	unsigned long offset;
	unsigned int major, minor;
	unsigned long inode;
	char name[128]; /* empty without one */
	char line[300]; /* as it was read, without the newline */
};

/*
 * Calls visit for each line of /proc/self/maps until it returns false; [vsyscall] is left out,
 * because it is no area. Fails the test when a line has not the right form.
 */
void for_each_area(int (*visit)(const struct area *area, void *context), void *context);

/* Number of areas; of those that touch [start, start + pages). */
int area_count(void);
int areas_in(const void *start, size_t pages);

/* The area that holds addr; returns 0 (and an empty area) when there is none. */
int area_at(const void *addr, struct area *area);
int area_named(const char *name, struct area *area);

/*
 * The areas of a range in short, in a static buffer: pages and permissions of each, "hole" where
 * nothing is: "1 rw-p, 2 r--p, 1 hole". Each area is cut to the range.
 */
const char *areas(const void *start, size_t pages);
#define EXPECT_AREAS(start, pages, want)                                                           \
	test_string(__FILE__, __LINE__, "areas(" #start ")", areas(start, pages), want)

/* A "Name:  value kB" line of /proc/self/status in KiB, or another number there; -1 if missing. */
long status_value(const char *name);
/* The same of /proc/meminfo; of /proc/vmstat, in whatever it counts. */
long meminfo_value(const char *name);
long vmstat_value(const char *name);
/* The same of the area at addr in /proc/self/smaps; and its VmFlags line, in a static buffer. */
long smaps_value(const void *addr, const char *name);
const char *smaps_flags(const void *addr);
/* Whether this one, of two letters, is among them: "um" where a userfaultfd waits for pages. */
bool has_flag(const void *addr, const char *flag);

/* RssAnon, RssFile, RssShmem or VmRSS of status in pages, exact for a process of one thread. */
long rss_pages(const char *name);

/* Field n (from 1) of /proc/self/stat; page n of /proc/self/statm. */
long stat_value(int field);
long statm_value(int field);

/* The word of /proc/self/pagemap for addr. */
uint64_t pagemap(const void *addr);
#define PM_PFN(word) ((word) & ((1ULL << 55) - 1))
#define PM_EXCLUSIVE (1ULL << 56)
#define PM_UFFD_WP   (1ULL << 57)
#define PM_FILE	     (1ULL << 61)
#define PM_SWAP	     (1ULL << 62)
#define PM_PRESENT   (1ULL << 63)

/* How mincore sees a range: a string of '0' and '1' in a static buffer; at most 255 pages. */
const char *resident(const void *start, size_t pages);

#endif
