// SPDX-License-Identifier: MIT
/*
 * kernel/ksyms.c - names of the kernel's functions by address.
 *
 * tools/gen-ksyms writes the table after the first link of the kernel; the second link adds it. It
 * is sorted by address and never changes, so lookups take no lock and work in any context,
 * a panic included.
 */
#include <pagoda/ksyms.h>
#include <pagoda/kernel.h>
#include <pagoda/string.h>

#define KSYMS_BASE 0xffffffff80000000UL

extern const u32 ksyms_count;
extern const u32 ksyms_offsets[];
extern const u32 ksyms_names[];
extern const char ksyms_strings[];
extern char _text[], _einittext[]; /* the init code follows the rest */

/* The index of the last function that starts at or below addr; -1 when there is none. */
static int ksyms_find(unsigned long addr)
{
	u32 low = 0, high = ksyms_count;

	if (addr < (unsigned long)_text || addr >= (unsigned long)_einittext)
		return -1;
	while (low < high) {
		u32 mid = low + (high - low) / 2;

		if (KSYMS_BASE + ksyms_offsets[mid] <= addr)
			low = mid + 1;
		else
			high = mid;
	}
	return (int)low - 1;
}

/*
 * The name of the function that holds addr, how far into it addr is, and how long it is up to the
 * next one. NULL when addr is in no function. Of several names for one address the last is taken.
 */
const char *ksyms_lookup(unsigned long addr, unsigned long *offset, unsigned long *size)
{
	int i = ksyms_find(addr);
	unsigned long start, end;

	if (i < 0)
		return NULL;
	start = KSYMS_BASE + ksyms_offsets[i];
	end = (u32)i + 1 < ksyms_count ? KSYMS_BASE + ksyms_offsets[i + 1]
				       : (unsigned long)_einittext;
	*offset = addr - start;
	*size = end - start;
	return ksyms_strings + ksyms_names[i];
}

/* The address of a function; 0 when there is none of that name. */
unsigned long ksyms_lookup_name(const char *name)
{
	for (u32 i = 0; i < ksyms_count; i++)
		if (!strcmp(ksyms_strings + ksyms_names[i], name))
			return KSYMS_BASE + ksyms_offsets[i];
	return 0;
}

/* The nth function in the order of addresses; NULL past the last. */
const char *ksyms_nth(u32 n, unsigned long *addr)
{
	if (n >= ksyms_count)
		return NULL;
	*addr = KSYMS_BASE + ksyms_offsets[n];
	return ksyms_strings + ksyms_names[n];
}

/* Writes "name+0xoffset/0xsize", or the bare address when it is in no function. */
int sprint_symbol(char *buf, size_t size, unsigned long addr)
{
	unsigned long offset, length;
	const char *name = ksyms_lookup(addr, &offset, &length);

	if (!name)
		return snprintf(buf, size, "0x%lx", addr);
	return snprintf(buf, size, "%s+0x%lx/0x%lx", name, offset, length);
}

/*
 * The same for a return address: it belongs to the call before it, which may be the last
 * instruction of its function.
 */
int sprint_backtrace(char *buf, size_t size, unsigned long addr)
{
	unsigned long offset, length;
	const char *name = ksyms_lookup(addr - 1, &offset, &length);

	if (!name)
		return snprintf(buf, size, "0x%lx", addr);
	return snprintf(buf, size, "%s+0x%lx/0x%lx", name, offset + 1, length);
}
