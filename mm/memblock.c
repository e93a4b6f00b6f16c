// SPDX-License-Identifier: MIT
/*
 * mm/memblock.c - physical memory before there is a page allocator.
 *
 * Two sorted arrays of ranges that neither overlap nor touch: RAM, and what of it is reserved.
 * Allocation takes the highest place in the first that is in a hole of the second, so that low
 * memory, which devices and the AP trampoline need, stays free longest.
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

static void memblock_insert(struct memblock_list *list, phys_addr_t start, phys_addr_t end)
{
	unsigned int i = 0, j;

	if (start >= end)
		return;
	while (i < list->nr && list->range[i].end < start)
		i++;
	for (j = i; j < list->nr && list->range[j].start <= end; j++) {
		start = min(start, list->range[j].start);
		end = max(end, list->range[j].end);
	}
	/* One range takes the place of ranges [i, j). */
	if (i == j && list->nr == MEMBLOCK_RANGES)
		panic("memblock: more than %d ranges of memory", MEMBLOCK_RANGES);
	memmove(&list->range[i + 1], &list->range[j], (list->nr - j) * sizeof(list->range[0]));
	list->range[i] = (struct memblock_range){start, end};
	list->nr += i + 1 - j;
}

void memblock_add(phys_addr_t base, phys_addr_t size)
{
	phys_addr_t start = PAGE_ALIGN(base), end = PAGE_ALIGN_DOWN(base + size);

	/* Frame 0 stays out: its physical address stands for "none". */
	memblock_insert(&ram, max(start, (phys_addr_t)PAGE_SIZE), end);
}

void memblock_reserve(phys_addr_t base, phys_addr_t size)
{
	memblock_insert(&reserved, PAGE_ALIGN_DOWN(base), PAGE_ALIGN(base + size));
}

void memblock_set_limit(phys_addr_t limit)
{
	alloc_limit = limit;
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

phys_addr_t memblock_alloc_phys_below(size_t size, size_t align, phys_addr_t limit)
{
	phys_addr_t cursor = 0, start, end, base, highest = 0;

	size = PAGE_ALIGN(size);
	align = max_t(size_t, align, PAGE_SIZE);
	while (memblock_next_free(&cursor, &start, &end)) {
		end = min(end, limit);
		if (end < start || end - start < size)
			continue;
		base = ALIGN_DOWN(end - size, (phys_addr_t)align);
		if (base >= start)
			highest = base;
	}
	if (highest)
		memblock_reserve(highest, size);
	return highest;
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

phys_addr_t memblock_phys_mem_size(void)
{
	phys_addr_t sum = 0;
	unsigned int i;

	for (i = 0; i < ram.nr; i++)
		sum += ram.range[i].end - ram.range[i].start;
	return sum;
}

bool memblock_is_ram(phys_addr_t addr)
{
	unsigned int i;

	for (i = 0; i < ram.nr; i++) {
		if (addr >= ram.range[i].start && addr < ram.range[i].end)
			return true;
	}
	return false;
}

bool memblock_ram_range(unsigned int i, phys_addr_t *start, phys_addr_t *end)
{
	if (i >= ram.nr)
		return false;
	*start = ram.range[i].start;
	*end = ram.range[i].end;
	return true;
}
