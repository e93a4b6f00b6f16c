/* SPDX-License-Identifier: MIT */
/*
 * xarray.h - a sparse array of pointers with an unsigned long index.
 *
 * A radix tree of 64-slot nodes, as high as the largest index asks for; an array whose only
 * index is 0 needs no node. NULL means absent. Each entry has XA_MARKS mark bits, kept also
 * per subtree, so that finding the next marked entry skips what has no mark.
 *
 * Locks: the caller's. Writers (store, erase, insert, cmpxchg, set_mark, clear_mark, destroy)
 * exclude everyone; readers (load, find, get_mark, the iterators) exclude writers. Storing may
 * allocate with the caller's gfp flags, so under a spinlock these must not allow sleeping.
 */
#ifndef PAGODA_XARRAY_H
#define PAGODA_XARRAY_H

#include <pagoda/bitops.h>
#include <pagoda/err.h>

#define XA_CHUNK_SHIFT 6
#define XA_CHUNK_SIZE  (1UL << XA_CHUNK_SHIFT)
#define XA_MARKS       3

typedef unsigned int xa_mark_t;

#define XA_MARK_0  0U
#define XA_MARK_1  1U
#define XA_MARK_2  2U
#define XA_PRESENT 8U /* a filter for the find functions: any entry */

struct xa_node {
	u8 count;  /* slots in use */
	u8 offset; /* this node's slot in its parent */
	struct xa_node *parent;
	void *slots[XA_CHUNK_SIZE];
	u64 marks[XA_MARKS]; /* one bit a slot: something below it has the mark */
};

struct xarray {
	void *xa_head; /* the entry at 0 when the height is 0, else the top node */
	u8 xa_height;  /* levels of nodes */
	u8 xa_marks;   /* one bit a mark: some entry has it */
};

#define XARRAY_INIT                                                                                \
	{                                                                                          \
		NULL, 0, 0                                                                         \
	}
#define DEFINE_XARRAY(name) struct xarray name = XARRAY_INIT

/*
 * Where nodes come from; defined by mm (by tests/host/host.c on the host). xa_node_alloc
 * returns sizeof(struct xa_node) zeroed bytes, or NULL.
 */
void *xa_node_alloc(gfp_t gfp);
void xa_node_free(void *node);

/*
 * Small integers stored as entries. They are odd, so they never equal a pointer to an object.
 * v must be below 2^62.
 */
static inline void *xa_mk_value(unsigned long v)
{
	return (void *)((v << 1) | 1);
}

static inline unsigned long xa_to_value(const void *entry)
{
	return (unsigned long)entry >> 1;
}

static inline bool xa_is_value(const void *entry)
{
	return (unsigned long)entry & 1;
}

static inline void xa_init(struct xarray *xa)
{
	*xa = (struct xarray)XARRAY_INIT;
}

static inline bool xa_empty(const struct xarray *xa)
{
	return !xa->xa_head;
}

/* Whether any entry has the mark. */
static inline bool xa_marked(const struct xarray *xa, xa_mark_t mark)
{
	return xa->xa_marks & (1U << mark);
}

/* The errno in what xa_store() or xa_cmpxchg() returned, or 0. */
static inline int xa_err(const void *entry)
{
	return PTR_ERR_OR_ZERO(entry);
}

void *xa_load(const struct xarray *xa, unsigned long index);

/*
 * Stores entry (NULL: erases) and returns what was there, which keeps its marks if both are
 * non-NULL. No memory: returns ERR_PTR(-ENOMEM) and the array has not changed; an index that
 * is present can always be stored to and erased.
 */
void *xa_store(struct xarray *xa, unsigned long index, void *entry, gfp_t gfp);
void *xa_erase(struct xarray *xa, unsigned long index);

/* Stores only where nothing is: 0, -EBUSY or -ENOMEM. */
int __must_check xa_insert(struct xarray *xa, unsigned long index, void *entry, gfp_t gfp);

/* Stores only if the entry is old; returns what was there, or ERR_PTR(-ENOMEM). */
void *xa_cmpxchg(struct xarray *xa, unsigned long index, void *old, void *entry, gfp_t gfp);

/* Frees all nodes and forgets all entries; the entries themselves are the caller's. */
void xa_destroy(struct xarray *xa);

/* Marks of an absent index read as clear and cannot be set. */
bool xa_get_mark(const struct xarray *xa, unsigned long index, xa_mark_t mark);
void xa_set_mark(struct xarray *xa, unsigned long index, xa_mark_t mark);
void xa_clear_mark(struct xarray *xa, unsigned long index, xa_mark_t mark);

/*
 * The first entry in *index .. max (find_after: in *index + 1 .. max) that passes the filter,
 * a mark or XA_PRESENT; sets *index to where it is. NULL when there is none.
 */
void *xa_find(const struct xarray *xa, unsigned long *index, unsigned long max, xa_mark_t filter);
void *xa_find_after(const struct xarray *xa, unsigned long *index, unsigned long max,
		    xa_mark_t filter);

/* Up to n entries of start .. max into dst; returns how many. */
unsigned int xa_extract(const struct xarray *xa, void **dst, unsigned long start, unsigned long max,
			unsigned int n, xa_mark_t filter);

/*
 * Iterators in ascending order. index is an unsigned long; the body may store to and erase
 * any index.
 */
#define xa_for_each_range_marked(xa, index, entry, start, last, filter)                            \
	for ((index) = (start), (entry) = xa_find(xa, &(index), last, filter); (entry);            \
	     (entry) = xa_find_after(xa, &(index), last, filter))

#define xa_for_each_range(xa, index, entry, start, last)                                           \
	xa_for_each_range_marked(xa, index, entry, start, last, XA_PRESENT)
#define xa_for_each_start(xa, index, entry, start)                                                 \
	xa_for_each_range(xa, index, entry, start, ULONG_MAX)
#define xa_for_each(xa, index, entry) xa_for_each_start(xa, index, entry, 0)
#define xa_for_each_marked(xa, index, entry, filter)                                               \
	xa_for_each_range_marked(xa, index, entry, 0, ULONG_MAX, filter)

#endif
