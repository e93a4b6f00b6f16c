// SPDX-License-Identifier: MIT
/*
 * kernel/lib/xarray.c - a sparse array as a radix tree.
 *
 * A tree of height h covers the indices below 64^h:
 *
 *	height 0          height 1               height 2
 *	head -> entry 0   head -> [64 entries]   head -> [64 nodes] -> [64 entries] each
 *
 * A node one level above the entries has shift 0, the next 6, and so on: (index >> shift) & 63
 * is the slot. The tree grows at the top when a larger index is stored and shrinks when the
 * top holds only slot 0. What always holds: no node is empty; the top of a tree higher than
 * 1 uses a slot other than 0; a node's mark bit is set exactly when something below has the mark.
 *
 * Contracts and locks in xarray.h.
 */
#include <pagoda/bug.h>
#include <pagoda/xarray.h>

#define XA_CHUNK_MASK (XA_CHUNK_SIZE - 1)

/* The largest index that a tree of this height covers. */
static inline unsigned long max_index(unsigned int height)
{
	unsigned int bits = height * XA_CHUNK_SHIFT;

	return bits >= BITS_PER_LONG ? ~0UL : (1UL << bits) - 1;
}

static inline unsigned int slot_of(unsigned long index, unsigned int shift)
{
	return (index >> shift) & XA_CHUNK_MASK;
}

/* The node that holds index's entry; NULL if there is none or the height is 0. */
static struct xa_node *leaf_node(const struct xarray *xa, unsigned long index)
{
	unsigned int shift = xa->xa_height * XA_CHUNK_SHIFT;
	struct xa_node *node = xa->xa_head;

	if (!shift || index > max_index(xa->xa_height))
		return NULL;
	while (node && (shift -= XA_CHUNK_SHIFT))
		node = node->slots[slot_of(index, shift)];
	return node;
}

void *xa_load(const struct xarray *xa, unsigned long index)
{
	struct xa_node *node;

	if (!xa->xa_height)
		return index ? NULL : xa->xa_head;
	node = leaf_node(xa, index);
	return node ? node->slots[slot_of(index, 0)] : NULL;
}

/* Frees node and its ancestors as far as they are empty, then lowers the tree. */
static void shrink(struct xarray *xa, struct xa_node *node)
{
	while (node && !node->count) {
		struct xa_node *parent = node->parent;

		if (parent) {
			parent->slots[node->offset] = NULL;
			parent->count--;
		} else {
			xa->xa_head = NULL;
		}
		xa_node_free(node);
		node = parent;
	}
	while (xa->xa_height && xa->xa_head) {
		struct xa_node *top = xa->xa_head;

		if (top->count != 1 || !top->slots[0])
			return;
		xa->xa_head = top->slots[0];
		if (--xa->xa_height)
			((struct xa_node *)xa->xa_head)->parent = NULL;
		xa_node_free(top);
	}
	if (!xa->xa_head)
		xa->xa_height = 0;
}

/* Puts a node above the top. */
static int grow_one(struct xarray *xa, gfp_t gfp)
{
	struct xa_node *old = xa->xa_head, *top = xa_node_alloc(gfp);

	if (!top)
		return -ENOMEM;
	top->slots[0] = old;
	top->count = 1;
	for (xa_mark_t m = 0; m < XA_MARKS; m++)
		top->marks[m] = xa_marked(xa, m);
	if (xa->xa_height)
		old->parent = top; /* its offset is 0 already: only slot 0 ever was the top */
	xa->xa_head = top;
	xa->xa_height++;
	return 0;
}

/* Raises the tree until it covers index. */
static int grow(struct xarray *xa, unsigned long index, gfp_t gfp)
{
	while (index > max_index(xa->xa_height)) {
		if (!xa->xa_head) {
			xa->xa_height++;
		} else if (grow_one(xa, gfp)) {
			shrink(xa, NULL);
			return -ENOMEM;
		}
	}
	return 0;
}

/* Makes all nodes on the way to index. *leaf becomes the lowest, NULL for height 0. */
static int create_path(struct xarray *xa, unsigned long index, gfp_t gfp, struct xa_node **leaf)
{
	unsigned int shift;
	struct xa_node *node = NULL;
	void **slot = &xa->xa_head;

	if (grow(xa, index, gfp))
		return -ENOMEM;
	for (shift = xa->xa_height * XA_CHUNK_SHIFT; shift;) {
		struct xa_node *child = *slot;

		shift -= XA_CHUNK_SHIFT;
		if (!child) {
			child = xa_node_alloc(gfp);
			if (!child) {
				shrink(xa, node);
				return -ENOMEM;
			}
			child->parent = node;
			if (node) {
				child->offset = slot - node->slots;
				node->count++;
			}
			*slot = child;
		}
		node = child;
		slot = &node->slots[slot_of(index, shift)];
	}
	*leaf = node;
	return 0;
}

/* Marks, from a node's slot up to the head. */
static void set_mark(struct xarray *xa, struct xa_node *node, unsigned int slot, xa_mark_t mark)
{
	for (; node && !(node->marks[mark] & BIT_ULL(slot)); node = node->parent) {
		node->marks[mark] |= BIT_ULL(slot);
		slot = node->offset;
	}
	xa->xa_marks |= 1U << mark;
}

static void clear_mark(struct xarray *xa, struct xa_node *node, unsigned int slot, xa_mark_t mark)
{
	for (; node; node = node->parent) {
		node->marks[mark] &= ~BIT_ULL(slot);
		if (node->marks[mark])
			return;
		slot = node->offset;
	}
	xa->xa_marks &= ~(1U << mark);
}

void *xa_erase(struct xarray *xa, unsigned long index)
{
	struct xa_node *node = leaf_node(xa, index);
	unsigned int slot = slot_of(index, 0);
	void *old = xa_load(xa, index);

	if (!old)
		return NULL;
	for (xa_mark_t m = 0; m < XA_MARKS; m++)
		clear_mark(xa, node, slot, m);
	if (node) {
		node->slots[slot] = NULL;
		node->count--;
	} else {
		xa->xa_head = NULL;
	}
	shrink(xa, node);
	return old;
}

void *xa_store(struct xarray *xa, unsigned long index, void *entry, gfp_t gfp)
{
	struct xa_node *node;
	void **slot, *old;

	DEBUG_ASSERT(!IS_ERR(entry));
	if (!entry)
		return xa_erase(xa, index);
	if (create_path(xa, index, gfp, &node))
		return ERR_PTR(-ENOMEM);
	slot = node ? &node->slots[slot_of(index, 0)] : &xa->xa_head;
	old = *slot;
	*slot = entry;
	if (node && !old)
		node->count++;
	return old;
}

int xa_insert(struct xarray *xa, unsigned long index, void *entry, gfp_t gfp)
{
	DEBUG_ASSERT(entry);
	if (xa_load(xa, index))
		return -EBUSY;
	return xa_err(xa_store(xa, index, entry, gfp));
}

void *xa_cmpxchg(struct xarray *xa, unsigned long index, void *old, void *entry, gfp_t gfp)
{
	void *now = xa_load(xa, index);

	return now == old ? xa_store(xa, index, entry, gfp) : now;
}

/* A subtree with that many levels; recurses no deeper than they are (11). */
static void free_nodes(struct xa_node *node, unsigned int levels)
{
	if (levels > 1) {
		for (unsigned int i = 0; i < XA_CHUNK_SIZE; i++) {
			if (node->slots[i])
				free_nodes(node->slots[i], levels - 1);
		}
	}
	xa_node_free(node);
}

void xa_destroy(struct xarray *xa)
{
	if (xa->xa_height)
		free_nodes(xa->xa_head, xa->xa_height);
	xa_init(xa);
}

bool xa_get_mark(const struct xarray *xa, unsigned long index, xa_mark_t mark)
{
	struct xa_node *node = leaf_node(xa, index);

	if (node)
		return node->marks[mark] & BIT_ULL(slot_of(index, 0));
	return !index && !xa->xa_height && xa_marked(xa, mark);
}

void xa_set_mark(struct xarray *xa, unsigned long index, xa_mark_t mark)
{
	if (xa_load(xa, index))
		set_mark(xa, leaf_node(xa, index), slot_of(index, 0), mark);
}

void xa_clear_mark(struct xarray *xa, unsigned long index, xa_mark_t mark)
{
	if (xa_get_mark(xa, index, mark))
		clear_mark(xa, leaf_node(xa, index), slot_of(index, 0), mark);
}

/* The first slot at or after `slot` that passes the filter; XA_CHUNK_SIZE if none. */
static unsigned int next_slot(const struct xa_node *node, unsigned int slot, xa_mark_t filter)
{
	if (filter < XA_MARKS) {
		u64 bits = node->marks[filter] & (~0ULL << slot);

		return bits ? __ffs(bits) : XA_CHUNK_SIZE;
	}
	while (slot < XA_CHUNK_SIZE && !node->slots[slot])
		slot++;
	return slot;
}

/*
 * Descends towards *index, moving it up to the start of the next slot in use at each level.
 * Where a node has none left, moves it behind that node and starts again from the top.
 */
static void *find_in_tree(const struct xarray *xa, unsigned long *index, xa_mark_t filter)
{
	while (*index <= max_index(xa->xa_height)) {
		unsigned int shift = xa->xa_height * XA_CHUNK_SHIFT, slot, from;
		void *entry = xa->xa_head;

		do {
			const struct xa_node *node = entry;

			shift -= XA_CHUNK_SHIFT;
			from = slot_of(*index, shift);
			slot = next_slot(node, from, filter);
			if (slot == XA_CHUNK_SIZE)
				break;
			if (slot != from)
				*index = ((*index >> shift) + slot - from) << shift;
			entry = node->slots[slot];
		} while (shift);

		if (slot < XA_CHUNK_SIZE)
			return entry;
		shift += XA_CHUNK_SHIFT;
		if (shift >= BITS_PER_LONG)
			return NULL;
		*index = ((*index >> shift) + 1) << shift;
		if (!*index)
			return NULL; /* that was the last node of all */
	}
	return NULL;
}

void *xa_find(const struct xarray *xa, unsigned long *index, unsigned long max, xa_mark_t filter)
{
	unsigned long at = *index;
	void *entry = NULL;

	if (!xa->xa_head || (filter < XA_MARKS && !xa_marked(xa, filter)))
		return NULL;
	if (xa->xa_height)
		entry = find_in_tree(xa, &at, filter);
	else if (at == 0)
		entry = xa->xa_head;
	if (!entry || at > max)
		return NULL;
	*index = at;
	return entry;
}

void *xa_find_after(const struct xarray *xa, unsigned long *index, unsigned long max,
		    xa_mark_t filter)
{
	unsigned long at = *index + 1;
	void *entry;

	if (!at)
		return NULL;
	entry = xa_find(xa, &at, max, filter);
	if (entry)
		*index = at;
	return entry;
}

/* The entries behind *index in its node, up to a hole: they need no descent of their own. */
static unsigned int following(const struct xarray *xa, unsigned long *index, unsigned long max,
			      void **dst, unsigned int n)
{
	const struct xa_node *node = leaf_node(xa, *index);
	unsigned int slot = slot_of(*index, 0) + 1, found = 0;

	n = min(n, max - *index);
	while (node && found < n && slot < XA_CHUNK_SIZE && node->slots[slot])
		dst[found++] = node->slots[slot++];
	*index += found;
	return found;
}

unsigned int xa_extract(const struct xarray *xa, void **dst, unsigned long start, unsigned long max,
			unsigned int n, xa_mark_t filter)
{
	unsigned int found = 0;
	unsigned long index = start;
	void *entry;

	while (found < n && (entry = xa_find(xa, &index, max, filter))) {
		dst[found++] = entry;
		if (filter == XA_PRESENT)
			found += following(xa, &index, max, dst + found, n - found);
		if (index++ == max)
			break;
	}
	return found;
}
