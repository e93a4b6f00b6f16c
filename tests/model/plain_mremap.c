// SPDX-License-Identifier: MIT
/*
 * tests/model/plain_mremap.c - the plain model: mremap (section 14 of docs/contract/mmap.md).
 */
#include "plain.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

struct move {
	unsigned int old, old_pages, new, new_pages;
	unsigned long flags;
};

/* RMP-4, 12, 15..19: whether the old range may be resized. */
static int check_old(struct plain_process *p, const struct move *m)
{
	const struct plain_page *page = &p->page[m->old];

	if (!page->mapped)
		return -EFAULT;
	if (!m->old_pages && !(page->flags & PP_MAYSHARE))
		return -EINVAL;
	if (m->old + m->old_pages > plain_area_end(p, m->old))
		return -EFAULT;
	if (m->new_pages > m->old_pages && !plain_may_expand(p, page, m->new_pages - m->old_pages))
		return -ENOMEM;
	return 0;
}

/* The pages [first, end) of the area that begins at @area, with offsets that go on, but empty. */
static void extend(struct plain_process *p, unsigned int first, unsigned int end,
		   struct plain_page area, unsigned long pgoff)
{
	area.copy = NULL;
	area.freed = area.touched = false;
	for (unsigned int i = first; i < end; i++) {
		p->page[i] = area;
		p->page[i].pgoff = pgoff + (i - first);
	}
}

/* The old pages go to the new place, which is free. */
static void move_pages(struct plain_process *p, const struct move *m)
{
	struct plain_page area = p->page[m->old];
	unsigned long pgoff = area.pgoff;
	unsigned int start, end;
	bool locked;

	/* Anonymous memory that never had a page is numbered anew. */
	if (!area.obj && !area.faulted)
		pgoff = m->new;
	extend(p, m->new, m->new + m->new_pages, area, pgoff);
	/* The area of the old place; the new one may have become part of it. */
	start = plain_area_start(p, m->old);
	end = plain_area_end(p, m->old);
	for (unsigned int i = 0; i < m->old_pages; i++) {
		struct plain_page *from = &p->page[m->old + i], *to = &p->page[m->new + i];

		to->copy = from->copy;
		to->freed = from->freed;
		to->touched = from->touched;
		from->copy = NULL;
		plain_drop_copy(from);
	}
	if (!(m->flags & MREMAP_DONTUNMAP)) {
		plain_unmap(p, m->old, m->old + m->old_pages);
		return;
	}
	/* What stays is unlocked, and an area of its own if it was locked; nothing merges. */
	locked = area.flags & PP_LOCKED;
	p->loose |= locked;
	for (unsigned int i = m->old; i < m->old + m->old_pages; i++) {
		p->page[i].flags &= ~PP_LOCK;
		if ((locked || (start == m->old && end == m->old + m->old_pages)) && !area.obj)
			p->page[i].faulted = false;
	}
}

static void populate_new(struct plain_process *p, const struct move *m)
{
	if (p->page[m->new].flags & PP_LOCKED && m->new_pages > m->old_pages)
		plain_populate(p, m->new + m->old_pages, m->new + m->new_pages, true);
}

/* MREMAP_FIXED and MREMAP_DONTUNMAP. */
static long move_to(struct plain_process *p, struct move *m, unsigned long new_addr)
{
	int err;

	if (new_addr % PAGE)
		return -EINVAL;
	if (m->old + m->old_pages > m->new && m->new + m->new_pages > m->old)
		return -EINVAL;
	if (m->flags & MREMAP_FIXED)
		plain_unmap(p, m->new, m->new + m->new_pages);
	if (m->old_pages > m->new_pages) {
		plain_unmap(p, m->old + m->new_pages, m->old + m->old_pages);
		m->old_pages = m->new_pages;
	}
	plain_settle(p);
	err = check_old(p, m);
	if (err)
		return err;
	if (m->flags & MREMAP_DONTUNMAP && !plain_may_expand(p, &p->page[m->old], m->old_pages))
		return -ENOMEM;
	if (!(m->flags & MREMAP_FIXED) && !plain_is_free_gap(p, m->new, m->new + m->new_pages)) {
		long found = plain_find_free(p, m->new_pages);

		if (found < 0)
			return -ENOMEM;
		m->new = found;
	}
	move_pages(p, m);
	plain_settle(p);
	populate_new(p, m);
	return m->new *PAGE;
}

static long grow(struct plain_process *p, struct move *m)
{
	unsigned int end = m->old + m->old_pages;
	int err = check_old(p, m);
	long found;

	if (err)
		return err;
	if (end == plain_area_end(p, m->old) && plain_is_free(p, end, m->old + m->new_pages)) {
		m->new = m->old;
		extend(p, end, m->old + m->new_pages, p->page[m->old],
		       p->page[m->old].pgoff + m->old_pages);
	} else {
		if (!(m->flags & MREMAP_MAYMOVE))
			return -ENOMEM;
		found = plain_find_free(p, m->new_pages);
		if (found < 0)
			return -ENOMEM;
		m->new = found;
		move_pages(p, m);
	}
	plain_settle(p);
	populate_new(p, m);
	return m->new *PAGE;
}

long plain_mremap(struct plain_process *p, const unsigned long *a)
{
	struct move m = {a[0] / PAGE, PAGE_UP(a[1]), a[4] / PAGE, PAGE_UP(a[2]), a[3]};
	const unsigned long moves = MREMAP_FIXED | MREMAP_DONTUNMAP;

	if (m.flags & ~(moves | MREMAP_MAYMOVE) || (m.flags & moves && !(m.flags & MREMAP_MAYMOVE)))
		return -EINVAL;
	if (m.flags & MREMAP_DONTUNMAP && a[1] != a[2])
		return -EINVAL;
	if (a[0] % PAGE || !m.new_pages)
		return -EINVAL;
	if (!p->page[m.old].mapped)
		return -EFAULT;
	if (m.flags & moves)
		return move_to(p, &m, a[4]);
	if (m.old_pages < m.new_pages)
		return grow(p, &m);
	plain_unmap(p, m.old + m.new_pages, m.old + m.old_pages);
	return a[0];
}
