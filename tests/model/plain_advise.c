// SPDX-License-Identifier: MIT
/*
 * tests/model/plain_advise.c - the plain model: madvise (section 15 of docs/contract/mmap.md).
 */
#include "plain.h"
#include <errno.h>
#include <sys/mman.h>

#ifndef MADV_DONTNEED_LOCKED
#define MADV_DONTNEED_LOCKED 24
#endif

/* The flags that an area gets, for advice that only changes flags; -EINVAL: it cannot take it. */
static int advise_flags(struct plain_page *page, int advice)
{
	static const struct {
		int advice;
		unsigned int clear, set;
	} rules[] = {
		{MADV_NORMAL, PP_SEQUENTIAL | PP_RANDOM, 0},
		{MADV_RANDOM, PP_SEQUENTIAL, PP_RANDOM},
		{MADV_SEQUENTIAL, PP_RANDOM, PP_SEQUENTIAL},
		{MADV_DONTFORK, 0, PP_DONTFORK},
		{MADV_DOFORK, PP_DONTFORK, 0},
		{MADV_WIPEONFORK, 0, PP_WIPEONFORK},
		{MADV_KEEPONFORK, PP_WIPEONFORK, 0},
		{MADV_DONTDUMP, 0, PP_DONTDUMP},
		{MADV_DODUMP, PP_DONTDUMP, 0},
		{MADV_MERGEABLE, 0, PP_MERGEABLE},
		{MADV_UNMERGEABLE, PP_MERGEABLE, 0},
		{MADV_HUGEPAGE, PP_NOHUGE, PP_HUGE},
		{MADV_NOHUGEPAGE, PP_HUGE, PP_NOHUGE},
	};

	if (advice == MADV_WIPEONFORK && page->obj)
		return -EINVAL;
	if (advice == MADV_MERGEABLE && page->flags & PP_MAYSHARE)
		return 0;
	for (unsigned int i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		if (rules[i].advice != advice)
			continue;
		page->flags = (page->flags & ~rules[i].clear) | rules[i].set;
		return 0;
	}
	return -EINVAL;
}

/* Drops what is private in the pages; FREE may do so later. */
static int drop(struct plain_process *p, unsigned int first, unsigned int end, int advice)
{
	const struct plain_page *area = &p->page[first];

	if (advice != MADV_DONTNEED_LOCKED && area->flags & PP_LOCKED)
		return -EINVAL;
	if (advice == MADV_FREE && area->obj)
		return -EINVAL;
	for (; first < end; first++) {
		if (advice != MADV_FREE)
			plain_drop_copy(&p->page[first]);
		else if (p->page[first].copy)
			p->page[first].freed = true;
	}
	return 0;
}

static int punch(struct plain_process *p, unsigned int first, unsigned int end)
{
	const struct plain_page *area = &p->page[first];
	unsigned long start = area->pgoff * PAGE;

	if (area->flags & PP_LOCKED || !area->obj)
		return -EINVAL;
	if (!(area->flags & PP_SHARED)) /* a view without PROT_WRITE is enough */
		return -EACCES;
	plain_punch(area->obj, start, start + (end - first) * PAGE);
	return 0;
}

static int populate(struct plain_process *p, unsigned int first, unsigned int end, bool write)
{
	unsigned char *bytes;

	if (!(p->page[first].prot & (write ? PROT_WRITE : PROT_READ)))
		return -EINVAL;
	for (; first < end; first++) {
		if (plain_touch(p, first, write, &bytes))
			return -EFAULT;
	}
	return 0;
}

/* [first, end) is a part of one area. */
static int advise_area(struct plain_process *p, unsigned int first, unsigned int end, int advice)
{
	int err = 0;

	switch (advice) {
	case MADV_WILLNEED:
		return 0;
	case MADV_DONTNEED:
	case MADV_DONTNEED_LOCKED:
	case MADV_FREE:
		return drop(p, first, end, advice);
	case MADV_REMOVE:
		return punch(p, first, end);
	case MADV_COLD:
	case MADV_PAGEOUT:
		return p->page[first].flags & PP_LOCKED ? -EINVAL : 0;
	case MADV_POPULATE_READ:
	case MADV_POPULATE_WRITE:
		return populate(p, first, end, advice == MADV_POPULATE_WRITE);
	default:
		for (; first < end && !err; first++)
			err = advise_flags(&p->page[first], advice);
		return err;
	}
}

long plain_madvise(struct plain_process *p, const unsigned long *a)
{
	unsigned int first = a[0] / PAGE, end = first + PAGE_UP(a[1]), stop;
	int advice = a[2], err, result = 0;

	if ((advice > MADV_DONTNEED && advice < MADV_FREE) || advice > 25 || advice < 0)
		return -EINVAL;
	if (a[0] % PAGE)
		return -EINVAL;
	for (; first < end; first = stop) {
		stop = first + 1;
		if (!p->page[first].mapped) {
			result = -ENOMEM;
			continue;
		}
		stop = plain_area_end(p, first) < end ? plain_area_end(p, first) : end;
		err = advise_area(p, first, stop, advice);
		if (err)
			return err;
	}
	return result;
}
