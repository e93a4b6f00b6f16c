// SPDX-License-Identifier: MIT
/*
 * mm/slab_debug.c - finds who writes where he must not: `slub_debug`, and all checked builds.
 *
 * Around each object stand red zones, which say by their value whether the object is in use; a
 * free object is filled with poison; two tracks remember who allocated and who freed it last. All
 * is checked when an object is allocated or freed, so that damage is reported with the names of
 * its neighbours in time. A damaged object is repaired and use goes on.
 *
 * Objects belong to one owner while they are checked, so no lock is needed.
 */
#include <pagoda/kernel.h>
#include <pagoda/printk.h>
#include <pagoda/sched.h>
#include "slab_internal.h"

#define RED_INACTIVE 0xbb
#define RED_ACTIVE   0xcc
#define POISON_INUSE 0x5a /* allocated, not yet written */
#define POISON_FREE  0x6b
#define POISON_END   0xa5

struct track {
	const void *addr; /* of the caller; NULL: never */
	ktime_t when;
	pid_t pid;
	int cpu;
};

enum track_item { TRACK_ALLOC, TRACK_FREE };

void slab_debug_layout(struct kmem_cache *s)
{
	s->red_left = ALIGN(sizeof(void *), s->align);
	s->link = ALIGN(s->object_size, (unsigned int)sizeof(void *)) + sizeof(void *);
	s->size = s->red_left + s->link + sizeof(void *) + 2 * sizeof(struct track);
}

static struct track *get_track(struct kmem_cache *s, void *obj, enum track_item item)
{
	return (struct track *)(obj + s->link + sizeof(void *)) + item;
}

static void set_track(struct kmem_cache *s, void *obj, enum track_item item, const void *addr)
{
	*get_track(s, obj, item) = (struct track){
		.addr = addr,
		.when = ktime_get(),
		.pid = current->pid,
		.cpu = smp_processor_id(),
	};
}

static void init_object(struct kmem_cache *s, u8 *obj, u8 red)
{
	memset(obj - s->red_left, red, s->red_left);
	memset(obj + s->object_size, red, s->link - s->object_size);
	if (s->ctor)
		return;
	if (red == RED_ACTIVE) {
		memset(obj, POISON_INUSE, s->object_size);
	} else {
		memset(obj, POISON_FREE, s->object_size - 1);
		obj[s->object_size - 1] = POISON_END;
	}
}

/* ---- Reports ----------------------------------------------------------------------------- */

static void print_track(const char *what, const struct track *t)
{
	if (t->addr)
		pr_err("  %s by %pS, pid %d on CPU %d at %lld us\n", what, t->addr, t->pid, t->cpu,
		       t->when / 1000);
}

static void print_bytes(const u8 *p, unsigned int len)
{
	unsigned int i;

	for (i = 0; i < len; i += 16)
		pr_err("  %px: %*ph\n", p + i, (int)min(16u, len - i), p + i);
}

static __cold void report(struct kmem_cache *s, void *obj, const char *what, const void *caller)
{
	pr_err("BUG %s: %s, object %px, noticed by %pS\n", s->name, what, obj, caller);
	print_track("allocated", get_track(s, obj, TRACK_ALLOC));
	print_track("freed", get_track(s, obj, TRACK_FREE));
	print_bytes(obj - s->red_left, s->red_left);
	print_bytes(obj, min(s->object_size, 64u));
	print_bytes(obj + s->object_size, s->link - s->object_size);
	WARN_ON(1);
}

/* ---- Checks ------------------------------------------------------------------------------ */

static bool red_zones_are(struct kmem_cache *s, const u8 *obj, u8 red)
{
	return !memchr_inv(obj - s->red_left, red, s->red_left) &&
	       !memchr_inv(obj + s->object_size, red, s->link - s->object_size);
}

static bool poison_is_whole(struct kmem_cache *s, const u8 *obj)
{
	return s->ctor || (!memchr_inv(obj, POISON_FREE, s->object_size - 1) &&
			   obj[s->object_size - 1] == POISON_END);
}

/* The object starts at a slot of a slab of this cache. */
static bool object_is_valid(struct kmem_cache *s, void *obj)
{
	struct page *page = virt_to_head_page(obj);
	unsigned long offset = obj - page_address(page);

	return PageSlab(page) && page->slab_cache == s && offset >= s->red_left &&
	       (offset - s->red_left) % s->size == 0 &&
	       (offset - s->red_left) / s->size < page->objects;
}

void slab_debug_new(struct kmem_cache *s, void *obj)
{
	memset(get_track(s, obj, TRACK_ALLOC), 0, 2 * sizeof(struct track));
	init_object(s, obj, RED_INACTIVE);
}

void slab_debug_alloc(struct kmem_cache *s, void *obj, const void *caller)
{
	if (!red_zones_are(s, obj, RED_INACTIVE))
		report(s, obj, "red zone of a free object overwritten", caller);
	else if (!poison_is_whole(s, obj))
		report(s, obj, "free object overwritten", caller);
	init_object(s, obj, RED_ACTIVE);
	set_track(s, obj, TRACK_ALLOC, caller);
}

bool slab_debug_free(struct kmem_cache *s, void *obj, const void *caller)
{
	if (!object_is_valid(s, obj)) {
		pr_err("BUG %s: %px is no object of this cache, freed by %pS\n", s->name, obj,
		       caller);
		WARN_ON(1);
		return false;
	}
	if (red_zones_are(s, obj, RED_INACTIVE)) {
		report(s, obj, "object is already free", caller);
		return false;
	}
	if (!red_zones_are(s, obj, RED_ACTIVE))
		report(s, obj, "red zone overwritten", caller);
	init_object(s, obj, RED_INACTIVE);
	set_track(s, obj, TRACK_FREE, caller);
	return true;
}

unsigned int slab_debug_verify(struct kmem_cache *s, struct page *page)
{
	unsigned int faults = 0;
	void **node;

	for (node = page->freelist; node; node = *node) {
		void *obj = (void *)node - s->link;

		if (!red_zones_are(s, obj, RED_INACTIVE) || !poison_is_whole(s, obj)) {
			report(s, obj, "free object overwritten", __builtin_return_address(0));
			faults++;
		}
	}
	return faults;
}

static void print_leaks(struct kmem_cache *s, struct list_head *slabs)
{
	struct page *page;
	unsigned int i;

	list_for_each_entry (page, slabs, slab_list) {
		void *obj = page_address(page) + s->red_left;

		for (i = 0; i < page->objects; i++, obj += s->size) {
			if (red_zones_are(s, obj, RED_ACTIVE))
				print_track("in use, allocated", get_track(s, obj, TRACK_ALLOC));
		}
	}
}

void slab_debug_leaks(struct kmem_cache *s)
{
	unsigned long flags;

	if (!(s->flags & SLAB_DEBUG_FLAGS))
		return;
	spin_lock_irqsave(&s->lock, flags);
	print_leaks(s, &s->partial);
	print_leaks(s, &s->full);
	spin_unlock_irqrestore(&s->lock, flags);
}
