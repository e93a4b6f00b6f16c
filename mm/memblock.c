// SPDX-License-Identifier: MIT
/*
 * mm/memblock.c - physical memory before there is a page allocator.
 *
 * Two sorted arrays of ranges that neither overlap nor touch: RAM, and what of it is reserved.
 * Allocation searches top down for a hole in the second inside the first, so that low memory,
 * which devices and the AP trampoline need, stays free longest.
 */
#include <pagoda/kernel.h>
#include <pagoda/memblock.h>
#include <pagoda/printk.h>
#include <asm/page.h>

#define MEMBLOCK_RANGES 128

struct memblock_range {
	phys_addr_t start, end;
};

struct memblock_list {
	unsigned int nr;
	struct memblock_range range[MEMBLOCK_RANGES];
};

static struct memblock_list ram, reserved;
static phys_addr_t alloc_limit = ~0ULL;

/* Replaces ranges [i, j) by nr (0 to 2) new ones. */
static void memblock_replace(struct memblock_list *list, unsigned int i, unsigned int j,
			     const struct memblock_range *new, unsigned int nr)
{
	unsigned int tail = list->nr - j;

	if (i + nr + tail > MEMBLOCK_RANGES)
		panic("memblock: more than %d ranges of memory", MEMBLOCK_RANGES);
	memmove(&list->range[i + nr], &list->range[j], tail * sizeof(*new));
	memcpy(&list->range[i], new, nr * sizeof(*new));
	list->nr = i + nr + tail;
}

static void memblock_insert(struct memblock_list *list, phys_addr_t start, phys_addr_t end)
{
	struct memblock_range new = {start, end};
	unsigned int i = 0, j;

	if (start >= end)
		return;
	while (i < list->nr && list->range[i].end < start)
		i++;
	for (j = i; j < list->nr && list->range[j].start <= end; j++) {
		new.start = min(new.start, list->range[j].start);
		new.end = max(new.end, list->range[j].end);
	}
	memblock_replace(list, i, j, &new, 1);
}

static void memblock_cut(struct memblock_list *list, phys_addr_t start, phys_addr_t end)
{
	struct memblock_range rest[2];
	unsigned int i = 0, j, nr = 0;

	while (i < list->nr && list->range[i].end <= start)
		i++;
	for (j = i; j < list->nr && list->range[j].start < end; j++) {
		if (list->range[j].start < start)
			rest[nr++] = (struct memblock_range){list->range[j].start, start};
		if (list->range[j].end > end)
			rest[nr++] = (struct memblock_range){end, list->range[j].end};
	}
	memblock_replace(list, i, j, rest, nr);
}

void memblock_add(phys_addr_t base, phys_addr_t size)
{
	phys_addr_t start = PAGE_ALIGN(base), end = PAGE_ALIGN_DOWN(base + size);

	/* Frame 0 stays out: its physical address stands for "none". */
	memblock_insert(&ram, max(start, (phys_addr_t)PAGE_SIZE), end);
}

void memblock_remove(phys_addr_t base, phys_addr_t size)
{
	memblock_cut(&ram, PAGE_ALIGN_DOWN(base), PAGE_ALIGN(base + size));
}

void memblock_reserve(phys_addr_t base, phys_addr_t size)
{
	memblock_insert(&reserved, PAGE_ALIGN_DOWN(base), PAGE_ALIGN(base + size));
}

void memblock_free(phys_addr_t base, phys_addr_t size)
{
	memblock_cut(&reserved, PAGE_ALIGN(base), PAGE_ALIGN_DOWN(base + size));
}

void memblock_set_limit(phys_addr_t limit)
{
	alloc_limit = limit;
}

/* The highest place for size bytes in the part of [start, end) that is not reserved; 0 if none. */
static phys_addr_t find_in_range(phys_addr_t start, phys_addr_t end, size_t size, size_t align)
{
	int i = reserved.nr - 1;

	while (end > start && end - start >= size) {
		phys_addr_t base = ALIGN_DOWN(end - size, (phys_addr_t)align);

		while (i >= 0 && reserved.range[i].start >= base + size)
			i--;
		if (base < start)
			return 0;
		if (i < 0 || reserved.range[i].end <= base)
			return base;
		end = min(end, reserved.range[i].start);
	}
	return 0;
}

phys_addr_t memblock_alloc_phys_below(size_t size, size_t align, phys_addr_t limit)
{
	int i;

	size = PAGE_ALIGN(size);
	align = max_t(size_t, align, PAGE_SIZE);
	for (i = ram.nr - 1; i >= 0; i--) {
		phys_addr_t base = find_in_range(ram.range[i].start, min(ram.range[i].end, limit),
						 size, align);

		if (base) {
			memblock_reserve(base, size);
			return base;
		}
	}
	return 0;
}

phys_addr_t memblock_alloc_phys(size_t size, size_t align)
{
	return memblock_alloc_phys_below(size, align, alloc_limit);
}

void *memblock_alloc(size_t size, size_t align)
{
	phys_addr_t base = memblock_alloc_phys(size, align);

	return base ? memset(__va(base), 0, PAGE_ALIGN(size)) : NULL;
}

phys_addr_t memblock_end_of_ram(void)
{
	return ram.nr ? ram.range[ram.nr - 1].end : 0;
}

phys_addr_t memblock_phys_mem_size(void)
{
	phys_addr_t sum = 0;
	unsigned int i;

	for (i = 0; i < ram.nr; i++)
		sum += ram.range[i].end - ram.range[i].start;
	return sum;
}

static bool memblock_contains(const struct memblock_list *list, phys_addr_t addr)
{
	unsigned int i;

	for (i = 0; i < list->nr; i++) {
		if (addr >= list->range[i].start && addr < list->range[i].end)
			return true;
	}
	return false;
}

bool memblock_is_ram(phys_addr_t addr)
{
	return memblock_contains(&ram, addr);
}

bool memblock_is_reserved(phys_addr_t addr)
{
	return memblock_contains(&reserved, addr);
}

bool memblock_ram_range(unsigned int i, phys_addr_t *start, phys_addr_t *end)
{
	if (i >= ram.nr)
		return false;
	*start = ram.range[i].start;
	*end = ram.range[i].end;
	return true;
}

bool memblock_next_free(phys_addr_t *cursor, phys_addr_t *start, phys_addr_t *end)
{
	phys_addr_t pos = *cursor;
	unsigned int i = 0, j = 0;

	/* Move pos up to where it is in RAM and not reserved. */
	for (;;) {
		while (i < ram.nr && ram.range[i].end <= pos)
			i++;
		if (i == ram.nr)
			return false;
		pos = max(pos, ram.range[i].start);
		while (j < reserved.nr && reserved.range[j].end <= pos)
			j++;
		if (j == reserved.nr || reserved.range[j].start > pos)
			break;
		pos = reserved.range[j].end;
	}
	*start = pos;
	*end = ram.range[i].end;
	if (j < reserved.nr)
		*end = min(*end, reserved.range[j].start);
	*cursor = *end;
	return true;
}
