/* SPDX-License-Identifier: MIT */
/*
 * plain.h - the plain model: what programs see of memory, said as simply as can be.
 *
 * An address space is an array of pages, each with all it is made of. There are no areas, no trees, no
 * tables and no sharing of private pages: fork copies bytes. It is written from the contract
 * (docs/contract/), not from mm/, and must stay so: only what both got wrong escapes.
 *
 * Neighbours with the same attributes and offsets that go on are one area ("run"). That is the
 * kernel's merge rule, and mremap, mlock and populate can tell areas apart.
 */
#ifndef TESTS_MODEL_PLAIN_H
#define TESTS_MODEL_PLAIN_H

#include "program.h"

#define OBJECT_PAGES (FILE_PAGES + 2 * WINDOW_PAGES)

/* What a file, or a shared anonymous mapping, is made of. */
struct object {
	unsigned long size;
	unsigned char *page[OBJECT_PAGES]; /* NULL: a hole */
	struct object *next;
};

enum {
	PP_SHARED = 0x1,   /* writes reach the object */
	PP_MAYSHARE = 0x2, /* mapped with MAP_SHARED */
	PP_NOWRITE = 0x4,  /* its file is open for reading only */
	PP_GROWSDOWN = 0x8,
	PP_LOCKED = 0x10,
	PP_ONFAULT = 0x20,
	PP_NORESERVE = 0x40,
	PP_ACCOUNT = 0x80, /* charged as private and writable once */
	PP_DONTFORK = 0x100,
	PP_WIPEONFORK = 0x200,
	PP_DONTDUMP = 0x400,
	PP_SEQUENTIAL = 0x800,
	PP_RANDOM = 0x1000,
	PP_MERGEABLE = 0x2000,
	PP_HUGE = 0x4000,
	PP_NOHUGE = 0x8000,
	PP_LOCK = PP_LOCKED | PP_ONFAULT,
};

struct plain_page {
	bool mapped;
	unsigned int prot;   /* PROT_* */
	unsigned int flags;  /* PP_* */
	struct object *obj;  /* NULL: private anonymous */
	unsigned long pgoff; /* of the object; anonymous: the page number that it was mapped at */
	unsigned char *copy; /* the private page, if there is one */
	bool faulted;	     /* its area has had private pages: its offset stays when it moves */
	bool freed;	     /* MADV_FREE: the copy may be gone at any time */
	bool touched;	     /* may be resident, though there is no copy */
};

struct plain_process {
	bool alive;
	bool loose; /* areas may be split where they could be merged: area_end has where they are */
	unsigned int area_end[WINDOW_PAGES]; /* as observed before each operation */
	unsigned long brk;
	unsigned int limit[2];	/* pages in the window: all, data */
	unsigned int def_flags; /* PP_LOCK: mlockall(MCL_FUTURE) */
	struct plain_page page[WINDOW_PAGES];
};

extern struct plain_process plain[NR_PROCS];
extern struct object *plain_file[NR_FILES];
extern int plain_current;

/* ---- tests/model/plain.c --------------------------------------------------------------------- */

void plain_start(void);
void plain_end(void);
/* The page after the last one of the area at @i, which is mapped. */
unsigned int plain_area_end(struct plain_process *p, unsigned int i);
unsigned int plain_area_start(struct plain_process *p, unsigned int i);
/* What a read of page @i gives now; NULL: zeroes. */
const unsigned char *plain_content(const struct plain_page *page);
/* The page lies beyond the end of its object. */
bool plain_beyond_end(const struct plain_page *page);
/* One access to page @i: 0 or the signal. *bytes: the page, to be read or written. */
int plain_touch(struct plain_process *p, unsigned int i, bool write, unsigned char **bytes);
/* Makes pages [first, end) present, all of one area, until the first that cannot be. 0 or -EFAULT. */
int plain_populate_area(struct plain_process *p, unsigned int first, unsigned int end);
/* The same for any range; @ignore: what cannot be had in one area does not stop the next. */
int plain_populate(struct plain_process *p, unsigned int first, unsigned int end, bool ignore);
/* The limits allow @more pages like @page. */
bool plain_may_expand(struct plain_process *p, const struct plain_page *page, unsigned int more);
void plain_drop_copy(struct plain_page *page);
void plain_unmap(struct plain_process *p, unsigned int first, unsigned int end);
/* After each operation: what areas have in common goes to all of their pages. */
void plain_settle(struct plain_process *p);
struct object *plain_new_object(unsigned long size);
/* The page of an object, made if it is a hole. */
unsigned char *plain_object_page(struct object *obj, unsigned long index);
/* Cuts the object and what is mapped of it at @size, or makes it larger. */
void plain_truncate(struct object *obj, unsigned long size);
void plain_punch(struct object *obj, unsigned long start, unsigned long end);

/* ---- tests/model/plain_calls.c --------------------------------------------------------------- */

/* Does the operation; returns its result as machine_step() does. */
long plain_step(const struct op *op);

/* ---- tests/model/plain_mremap.c, tests/model/plain_advise.c ----------------------------------- */

long plain_mremap(struct plain_process *p, const unsigned long *arg);
long plain_madvise(struct plain_process *p, const unsigned long *arg);
/* A free range of @pages pages, the highest; -1: none. */
long plain_find_free(struct plain_process *p, unsigned int pages);
bool plain_is_free(struct plain_process *p, unsigned int first, unsigned int end);
/* The same, with the gap that a stack above keeps. */
bool plain_is_free_gap(struct plain_process *p, unsigned int first, unsigned int end);

#define PAGE_UP(x) (((x) + PAGE - 1) / PAGE)

#endif
