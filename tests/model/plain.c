// SPDX-License-Identifier: MIT
/*
 * tests/model/plain.c - the plain model: pages, areas, objects, and access to them.
 */
#include "plain.h"
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define GUARD_PAGES 256 /* what a stack that grows keeps free below it */

struct plain_process plain[NR_PROCS];
struct object *plain_file[NR_FILES];
int plain_current;

static struct object *objects; /* all of them; they live as long as the program */

/* ---- Areas ------------------------------------------------------------------------------------ */

/* Pages @i - 1 and @i could be of one area. */
static bool joined(const struct plain_process *p, unsigned int i)
{
	const struct plain_page *a = &p->page[i - 1], *b = &p->page[i];

	return a->mapped && b->mapped && a->prot == b->prot && a->flags == b->flags &&
	       a->obj == b->obj && (p->loose || a->pgoff + 1 == b->pgoff);
}

unsigned int plain_area_end(struct plain_process *p, unsigned int i)
{
	unsigned int limit = p->loose ? p->area_end[i] : WINDOW_PAGES;

	do
		i++;
	while (i < limit && joined(p, i));
	return i;
}

unsigned int plain_area_start(struct plain_process *p, unsigned int i)
{
	unsigned int end = plain_area_end(p, i);

	while (i && p->page[i - 1].mapped && joined(p, i) && plain_area_end(p, i - 1) == end)
		i--;
	return i;
}

void plain_settle(struct plain_process *p)
{
	for (unsigned int i = 0, end; i < WINDOW_PAGES; i = end) {
		bool faulted = false;

		end = i + 1;
		if (!p->page[i].mapped)
			continue;
		end = plain_area_end(p, i);
		for (unsigned int k = i; k < end; k++)
			faulted |= p->page[k].faulted;
		for (unsigned int k = i; k < end; k++)
			p->page[k].faulted = faulted;
	}
}

bool plain_is_free(struct plain_process *p, unsigned int first, unsigned int end)
{
	if (end > WINDOW_PAGES)
		return false;
	for (unsigned int i = first; i < end; i++) {
		if (p->page[i].mapped)
			return false;
	}
	return true;
}

bool plain_is_free_gap(struct plain_process *p, unsigned int first, unsigned int end)
{
	if (!plain_is_free(p, first, end))
		return false;
	for (unsigned int i = end; i < WINDOW_PAGES && i < end + GUARD_PAGES; i++) {
		if (p->page[i].mapped)
			return !(p->page[i].flags & PP_GROWSDOWN);
	}
	return true;
}

long plain_find_free(struct plain_process *p, unsigned int pages)
{
	for (long first = (long)WINDOW_PAGES - pages; first >= 0; first--) {
		if (plain_is_free_gap(p, first, first + pages))
			return first;
	}
	return -1;
}

/* ---- Objects ---------------------------------------------------------------------------------- */

struct object *plain_new_object(unsigned long size)
{
	struct object *obj = calloc(1, sizeof(*obj));

	obj->size = size;
	obj->next = objects;
	objects = obj;
	return obj;
}

unsigned char *plain_object_page(struct object *obj, unsigned long index)
{
	if (!obj->page[index])
		obj->page[index] = calloc(1, PAGE);
	return obj->page[index];
}

/* Zeroes bytes [start, end); whole pages become holes. */
static void clear_object(struct object *obj, unsigned long start, unsigned long end)
{
	while (start < end) {
		unsigned long index = start / PAGE, offset = start % PAGE;
		unsigned long part = end - start < PAGE - offset ? end - start : PAGE - offset;

		if (index >= OBJECT_PAGES)
			return;
		if (part == PAGE) {
			free(obj->page[index]);
			obj->page[index] = NULL;
		} else if (obj->page[index]) {
			memset(obj->page[index] + offset, 0, part);
		}
		start += part;
	}
}

void plain_punch(struct object *obj, unsigned long start, unsigned long end)
{
	clear_object(obj, start, end);
}

void plain_truncate(struct object *obj, unsigned long size)
{
	clear_object(obj, size, OBJECT_PAGES * PAGE);
	obj->size = size;
	for (int n = 0; n < NR_PROCS; n++) {
		for (unsigned int i = 0; plain[n].alive && i < WINDOW_PAGES; i++) {
			struct plain_page *page = &plain[n].page[i];

			/* Private copies of what is cut off go too. */
			if (page->mapped && page->obj == obj && page->pgoff >= PAGE_UP(size))
				plain_drop_copy(page);
		}
	}
}

/* ---- Pages ------------------------------------------------------------------------------------ */

void plain_drop_copy(struct plain_page *page)
{
	free(page->copy);
	page->copy = NULL;
	page->freed = page->touched = false;
}

void plain_unmap(struct plain_process *p, unsigned int first, unsigned int end)
{
	for (unsigned int i = first; i < end; i++) {
		plain_drop_copy(&p->page[i]);
		p->page[i] = (struct plain_page){0};
	}
}

bool plain_beyond_end(const struct plain_page *page)
{
	return page->obj && page->pgoff >= PAGE_UP(page->obj->size);
}

const unsigned char *plain_content(const struct plain_page *page)
{
	if (page->copy)
		return page->copy;
	return page->obj ? page->obj->page[page->pgoff] : NULL;
}

/* Data is what is private and writable, but for stacks. */
static bool is_data(const struct plain_page *page)
{
	return page->prot & 2 && !(page->flags & (PP_SHARED | PP_GROWSDOWN));
}

bool plain_may_expand(struct plain_process *p, const struct plain_page *page, unsigned int more)
{
	unsigned int all = more, data = more;

	for (unsigned int i = 0; i < WINDOW_PAGES; i++) {
		all += p->page[i].mapped;
		data += p->page[i].mapped && is_data(&p->page[i]);
	}
	return all <= p->limit[0] && (!is_data(page) || data <= p->limit[1]);
}

/* The stack above grows down to page @i, if there is one and it may. */
static bool grow_stack(struct plain_process *p, unsigned int i)
{
	unsigned int stack = i, below = i;

	while (stack < WINDOW_PAGES && !p->page[stack].mapped)
		stack++;
	if (stack == WINDOW_PAGES || !(p->page[stack].flags & PP_GROWSDOWN))
		return false;
	while (below && !p->page[below - 1].mapped)
		below--;
	/* What lies below the window is without rights, and needs no gap. */
	if (below && !(p->page[below - 1].flags & PP_GROWSDOWN) && p->page[below - 1].prot &&
	    i - below < GUARD_PAGES)
		return false;
	if (!plain_may_expand(p, &p->page[stack], stack - i))
		return false;
	for (unsigned int k = i; k < stack; k++) {
		p->page[k] = p->page[stack];
		p->page[k].copy = NULL;
		p->page[k].freed = p->page[k].touched = false;
		p->page[k].pgoff -= stack - k;
	}
	/* Growing does not merge. */
	p->loose |= i && joined(p, i);
	if (p->page[i].flags & PP_LOCKED)
		plain_populate_area(p, i, plain_area_end(p, i));
	return true;
}

/* The private page, with what was there before. */
static unsigned char *copy_on_write(struct plain_page *page)
{
	const unsigned char *old = plain_content(page);

	if (!page->copy) {
		page->copy = calloc(1, PAGE);
		if (old)
			memcpy(page->copy, old, PAGE);
	}
	page->faulted = true;
	page->freed = false;
	return page->copy;
}

int plain_touch(struct plain_process *p, unsigned int i, bool write, unsigned char **bytes)
{
	static unsigned char zeroes[PAGE];
	struct plain_page *page = &p->page[i];

	if (i >= WINDOW_PAGES) /* the window's surroundings are mapped without rights */
		return SIGNAL(SIGSEGV, SEGV_ACCERR);
	if (!page->mapped && !grow_stack(p, i))
		return SIGNAL(SIGSEGV, SEGV_MAPERR);
	if (write ? !(page->prot & 2) : !page->prot)
		return SIGNAL(SIGSEGV, SEGV_ACCERR);
	if (!page->copy && plain_beyond_end(page))
		return SIGNAL(SIGBUS, BUS_ADRERR);
	page->touched = true;
	if (write && !(page->flags & PP_SHARED))
		*bytes = copy_on_write(page);
	else if (write)
		*bytes = plain_object_page(page->obj, page->pgoff);
	else
		*bytes = (unsigned char *)plain_content(page) ?: zeroes;
	return 0;
}

/* ---- Populating ------------------------------------------------------------------------------- */

int plain_populate_area(struct plain_process *p, unsigned int first, unsigned int end)
{
	const struct plain_page *area = &p->page[first];
	bool write = (area->prot & 2) && !(area->flags & PP_SHARED);
	unsigned char *bytes;

	if (area->flags & PP_ONFAULT)
		return 0;
	for (; first < end; first++) {
		if (plain_touch(p, first, write, &bytes))
			return -EFAULT;
	}
	return 0;
}

int plain_populate(struct plain_process *p, unsigned int first, unsigned int end, bool ignore)
{
	unsigned int stop;

	for (; first < end; first = stop) {
		stop = first + 1;
		if (!p->page[first].mapped) {
			if (!ignore)
				return -ENOMEM;
			continue;
		}
		stop = plain_area_end(p, first) < end ? plain_area_end(p, first) : end;
		if (plain_populate_area(p, first, stop) && !ignore)
			return -ENOMEM; /* EFAULT, as mlock(2) tells it */
	}
	return 0;
}

/* ---- A program begins and ends ------------------------------------------------------------------ */

void plain_start(void)
{
	memset(plain, 0, sizeof(plain));
	plain[0].alive = true;
	plain[0].limit[0] = plain[0].limit[1] = -1U;
	plain_current = 0;
	for (int i = 0; i < NR_FILES; i++)
		plain_file[i] = i < NR_FILES - 1 ? plain_new_object(0) : plain_file[0];
}

void plain_end(void)
{
	for (int i = 0; i < NR_PROCS; i++) {
		if (plain[i].alive)
			plain_unmap(&plain[i], 0, WINDOW_PAGES);
	}
	while (objects) {
		struct object *obj = objects;

		objects = obj->next;
		for (unsigned int i = 0; i < OBJECT_PAGES; i++)
			free(obj->page[i]);
		free(obj);
	}
}
