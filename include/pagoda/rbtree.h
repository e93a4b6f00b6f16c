/* SPDX-License-Identifier: MIT */
/*
 * rbtree.h - red-black trees whose nodes live inside the objects.
 *
 * The user descends and compares, links the new node with rb_link_node() where it fell off,
 * then rb_insert_color() restores the balance:
 *
 *	while (*link) {
 *		parent = *link;
 *		link = less(new, parent) ? &parent->rb_left : &parent->rb_right;
 *	}
 *	rb_link_node(&new->rb, parent, link);
 *	rb_insert_color(&new->rb, root);
 *
 * An augmented tree keeps in each object a value computed from its subtree (struct
 * rb_augment_callbacks). Nothing here locks or allocates.
 */
#ifndef PAGODA_RBTREE_H
#define PAGODA_RBTREE_H

#include <pagoda/compiler.h>

/* The parent's address; bit 0 is the colour: 1 for black. */
struct rb_node {
	unsigned long __rb_parent_color;
	union {
		struct {
			struct rb_node *rb_left;
			struct rb_node *rb_right;
		};
		struct rb_node *rb_child[2];
	};
} __aligned(sizeof(long));

struct rb_root {
	struct rb_node *rb_node;
};

/* A root that also remembers the first node: O(1) rb_first_cached(). */
struct rb_root_cached {
	struct rb_root rb_root;
	struct rb_node *rb_leftmost;
};

#define RB_ROOT	       ((struct rb_root){NULL})
#define RB_ROOT_CACHED ((struct rb_root_cached){{NULL}, NULL})

#define rb_parent(n)		    ((struct rb_node *)((n)->__rb_parent_color & ~3UL))
#define rb_entry(ptr, type, member) container_of(ptr, type, member)
#define rb_entry_safe(ptr, type, member)                                                           \
	({                                                                                         \
		typeof(ptr) __rb = (ptr);                                                          \
		__rb ? rb_entry(__rb, type, member) : NULL;                                        \
	})

#define RB_EMPTY_ROOT(root) (READ_ONCE((root)->rb_node) == NULL)

/* A node that is in no tree points to itself; only RB_CLEAR_NODE makes it so. */
#define RB_EMPTY_NODE(node) ((node)->__rb_parent_color == (unsigned long)(node))
#define RB_CLEAR_NODE(node) ((node)->__rb_parent_color = (unsigned long)(node))

static inline bool rb_is_black(const struct rb_node *n)
{
	return n->__rb_parent_color & 1;
}

static inline bool rb_is_red(const struct rb_node *n)
{
	return !rb_is_black(n);
}

/* Hangs node, red and without children, where link points to. */
static inline void rb_link_node(struct rb_node *node, struct rb_node *parent, struct rb_node **link)
{
	node->__rb_parent_color = (unsigned long)parent;
	node->rb_left = NULL;
	node->rb_right = NULL;
	*link = node;
}

void rb_insert_color(struct rb_node *node, struct rb_root *root);
void rb_erase(struct rb_node *node, struct rb_root *root);

/* Puts new in victim's place without looking at order; victim's links become stale. */
void rb_replace_node(struct rb_node *victim, struct rb_node *new, struct rb_root *root);

/* In order; NULL at the ends. */
struct rb_node *rb_first(const struct rb_root *root);
struct rb_node *rb_last(const struct rb_root *root);
struct rb_node *rb_next(const struct rb_node *node);
struct rb_node *rb_prev(const struct rb_node *node);

/* Children before parents: for tearing a whole tree down without rebalancing. */
struct rb_node *rb_first_postorder(const struct rb_root *root);
struct rb_node *rb_next_postorder(const struct rb_node *node);

#define rbtree_for_each(node, root) for ((node) = rb_first(root); (node); (node) = rb_next(node))

#define rbtree_postorder_for_each_entry_safe(pos, n, root, member)                                 \
	for ((pos) = rb_entry_safe(rb_first_postorder(root), typeof(*(pos)), member);              \
	     (pos) &&                                                                              \
	     ((n) = rb_entry_safe(rb_next_postorder(&(pos)->member), typeof(*(pos)), member),      \
	     true);                                                                                \
	     (pos) = (n))

/*
 * Augmented trees.
 *
 * propagate(node, stop): recompute node's value and those of its ancestors up to, without,
 *	stop (NULL: to the root); may stop where a value did not change.
 * copy(old, new): new takes old's place: copy the value.
 * rotate(old, new): new took old's place above it: new gets old's value, old is recomputed.
 *
 * Before rb_insert_augmented() the caller gives the new node its value and makes the values on
 * the path above it right (usually by propagate(parent, NULL)).
 */
struct rb_augment_callbacks {
	void (*propagate)(struct rb_node *node, struct rb_node *stop);
	void (*copy)(struct rb_node *old, struct rb_node *new);
	void (*rotate)(struct rb_node *old, struct rb_node *new);
};

void rb_insert_augmented(struct rb_node *node, struct rb_root *root,
			 const struct rb_augment_callbacks *augment);
void rb_erase_augmented(struct rb_node *node, struct rb_root *root,
			const struct rb_augment_callbacks *augment);

/*
 * Builds a balanced tree of n nodes in O(n). next(arg) delivers the nodes in order; each
 * node's own key must be set when it is delivered, its value is computed here (augment may be
 * NULL). *root need not be initialised.
 * Returns 0, or -ENOMEM as soon as next() returns NULL; then *root is empty and the nodes
 * delivered so far are still the caller's.
 */
int rb_build_balanced(struct rb_root *root, size_t n, struct rb_node *(*next)(void *arg), void *arg,
		      const struct rb_augment_callbacks *augment);

/*
 * Defines the callbacks for objects of type `rbstruct` with node `rbfield` and value
 * `rbaugmented`. bool compute(rbstruct *node, bool exit) recomputes the value; with exit it
 * returns true, leaving the value alone, when that has not changed.
 */
#define RB_DECLARE_CALLBACKS(rbstatic, rbname, rbstruct, rbfield, rbaugmented, compute)            \
	static inline void rbname##_propagate(struct rb_node *rb, struct rb_node *stop)            \
	{                                                                                          \
		while (rb != stop) {                                                               \
			rbstruct *node = rb_entry(rb, rbstruct, rbfield);                          \
                                                                                                   \
			if (compute(node, true))                                                   \
				break;                                                             \
			rb = rb_parent(&node->rbfield);                                            \
		}                                                                                  \
	}                                                                                          \
	static inline void rbname##_copy(struct rb_node *rb_old, struct rb_node *rb_new)           \
	{                                                                                          \
		rbstruct *old = rb_entry(rb_old, rbstruct, rbfield);                               \
		rbstruct *new = rb_entry(rb_new, rbstruct, rbfield);                               \
                                                                                                   \
		new->rbaugmented = old->rbaugmented;                                               \
	}                                                                                          \
	static void rbname##_rotate(struct rb_node *rb_old, struct rb_node *rb_new)                \
	{                                                                                          \
		rbname##_copy(rb_old, rb_new);                                                     \
		compute(rb_entry(rb_old, rbstruct, rbfield), false);                               \
	}                                                                                          \
	rbstatic const struct rb_augment_callbacks rbname = {                                      \
		.propagate = rbname##_propagate,                                                   \
		.copy = rbname##_copy,                                                             \
		.rotate = rbname##_rotate,                                                         \
	};

/* The same where the value is the largest compute(node) in the subtree, of type rbtype. */
#define RB_DECLARE_CALLBACKS_MAX(rbstatic, rbname, rbstruct, rbfield, rbtype, rbaugmented, value)  \
	static inline bool rbname##_compute_max(rbstruct *node, bool exit)                         \
	{                                                                                          \
		rbtype max_value = value(node);                                                    \
                                                                                                   \
		for (int i = 0; i < 2; i++) {                                                      \
			struct rb_node *c = node->rbfield.rb_child[i];                             \
                                                                                                   \
			if (c && rb_entry(c, rbstruct, rbfield)->rbaugmented > max_value)          \
				max_value = rb_entry(c, rbstruct, rbfield)->rbaugmented;           \
		}                                                                                  \
		if (exit && node->rbaugmented == max_value)                                        \
			return true;                                                               \
		node->rbaugmented = max_value;                                                     \
		return false;                                                                      \
	}                                                                                          \
	RB_DECLARE_CALLBACKS(rbstatic, rbname, rbstruct, rbfield, rbaugmented, rbname##_compute_max)

/* Cached roots. `leftmost` says whether the descent only ever went left. */
#define rb_first_cached(root) ((root)->rb_leftmost)

static inline void rb_insert_color_cached(struct rb_node *node, struct rb_root_cached *root,
					  bool leftmost)
{
	if (leftmost)
		root->rb_leftmost = node;
	rb_insert_color(node, &root->rb_root);
}

static inline void rb_erase_cached(struct rb_node *node, struct rb_root_cached *root)
{
	if (root->rb_leftmost == node)
		root->rb_leftmost = rb_next(node);
	rb_erase(node, &root->rb_root);
}

static inline void rb_replace_node_cached(struct rb_node *victim, struct rb_node *new,
					  struct rb_root_cached *root)
{
	if (root->rb_leftmost == victim)
		root->rb_leftmost = new;
	rb_replace_node(victim, new, &root->rb_root);
}

/* The descent for trees ordered by less(a, b); equal nodes stay in order of insertion. */
static inline void rb_add(struct rb_node *node, struct rb_root *root,
			  bool (*less)(const struct rb_node *a, const struct rb_node *b))
{
	struct rb_node **link = &root->rb_node, *parent = NULL;

	while (*link) {
		parent = *link;
		link = less(node, parent) ? &parent->rb_left : &parent->rb_right;
	}
	rb_link_node(node, parent, link);
	rb_insert_color(node, root);
}

/* Returns whether node is now the first. */
static inline bool rb_add_cached(struct rb_node *node, struct rb_root_cached *root,
				 bool (*less)(const struct rb_node *a, const struct rb_node *b))
{
	struct rb_node **link = &root->rb_root.rb_node, *parent = NULL;
	bool leftmost = true;

	while (*link) {
		parent = *link;
		if (less(node, parent)) {
			link = &parent->rb_left;
		} else {
			link = &parent->rb_right;
			leftmost = false;
		}
	}
	rb_link_node(node, parent, link);
	rb_insert_color_cached(node, root, leftmost);
	return leftmost;
}

/* A node for which cmp(key, node) is 0, or NULL. */
static inline struct rb_node *rb_find(const void *key, const struct rb_root *root,
				      int (*cmp)(const void *key, const struct rb_node *node))
{
	struct rb_node *node = root->rb_node;

	while (node) {
		int c = cmp(key, node);

		if (c == 0)
			return node;
		node = c < 0 ? node->rb_left : node->rb_right;
	}
	return NULL;
}

#endif
