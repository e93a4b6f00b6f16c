// SPDX-License-Identifier: MIT
/*
 * kernel/lib/rbtree.c - red-black trees.
 *
 * What always holds: the root is black; a red node has a black parent; every way from the root
 * down to a missing child passes the same number of black nodes. So the longest way is at most
 * twice the shortest, and the height at most 2 log2(n + 1).
 *
 * The cases are those of Cormen, Leiserson, Rivest and Stein, chapter "Red-Black Trees". Left
 * and right are child[0] and child[1], so that each case is written once: `dir` is the side of
 * the node in question, !dir the other.
 *
 * Augmented trees pass callbacks; plain ones pass NULL. Contracts in rbtree.h.
 */
#include <pagoda/errno.h>
#include <pagoda/rbtree.h>

#define RB_BLACK 1UL

static inline void rb_set_parent(struct rb_node *node, struct rb_node *parent)
{
	node->__rb_parent_color = (node->__rb_parent_color & RB_BLACK) | (unsigned long)parent;
}

static inline void rb_set_black(struct rb_node *node)
{
	node->__rb_parent_color |= RB_BLACK;
}

static inline void rb_set_red(struct rb_node *node)
{
	node->__rb_parent_color &= ~RB_BLACK;
}

/* A missing child counts as black. */
static inline bool is_black(const struct rb_node *node)
{
	return !node || rb_is_black(node);
}

/* Makes new the child that old was. */
static inline void change_child(struct rb_node *old, struct rb_node *new, struct rb_node *parent,
				struct rb_root *root)
{
	if (!parent)
		WRITE_ONCE(root->rb_node, new);
	else
		WRITE_ONCE(parent->rb_child[parent->rb_child[1] == old], new);
}

/*
 *	  node              up
 *	 /    \            /  \
 *	a      up   ->  node   c      for dir 0 (left); dir 1 is the mirror image
 *	      /  \      /  \
 *	     b    c    a    b
 */
static void rotate(struct rb_node *node, int dir, struct rb_root *root,
		   const struct rb_augment_callbacks *augment)
{
	struct rb_node *up = node->rb_child[!dir], *parent = rb_parent(node);
	struct rb_node *inner = up->rb_child[dir];

	node->rb_child[!dir] = inner;
	if (inner)
		rb_set_parent(inner, node);
	up->rb_child[dir] = node;
	rb_set_parent(node, up);
	rb_set_parent(up, parent);
	change_child(node, up, parent, root);
	if (augment)
		augment->rotate(node, up);
}

/* node is red; its parent may be red too, which is the one thing wrong with the tree. */
void rb_insert_augmented(struct rb_node *node, struct rb_root *root,
			 const struct rb_augment_callbacks *augment)
{
	struct rb_node *parent, *grand, *uncle;

	while ((parent = rb_parent(node)) && rb_is_red(parent)) {
		int dir;

		grand = rb_parent(parent);
		dir = parent == grand->rb_child[1];
		uncle = grand->rb_child[!dir];

		if (!is_black(uncle)) {
			/* Red uncle: hand grand's black down to both; grand may now be wrong. */
			rb_set_black(parent);
			rb_set_black(uncle);
			rb_set_red(grand);
			node = grand;
			continue;
		}
		if (node == parent->rb_child[!dir]) {
			/* Inner grandchild: make it an outer one. */
			rotate(parent, dir, root, augment);
			parent = node;
		}
		rb_set_black(parent);
		rb_set_red(grand);
		rotate(grand, !dir, root, augment);
		break;
	}
	rb_set_black(root->rb_node);
}

void rb_insert_color(struct rb_node *node, struct rb_root *root)
{
	rb_insert_augmented(node, root, NULL);
}

/* node (may be NULL) below parent lacks one black node on all its ways down. */
static void erase_fixup(struct rb_node *node, struct rb_node *parent, struct rb_root *root,
			const struct rb_augment_callbacks *augment)
{
	while (parent && is_black(node)) {
		int dir = node == parent->rb_child[1];
		struct rb_node *sibling = parent->rb_child[!dir];

		if (rb_is_red(sibling)) {
			/* Get a black sibling; what follows then ends the loop. */
			rb_set_black(sibling);
			rb_set_red(parent);
			rotate(parent, dir, root, augment);
			sibling = parent->rb_child[!dir];
		}
		if (is_black(sibling->rb_child[0]) && is_black(sibling->rb_child[1])) {
			/* Take one black from the sibling too: now all of parent lacks it. */
			rb_set_red(sibling);
			node = parent;
			parent = rb_parent(node);
			continue;
		}
		if (is_black(sibling->rb_child[!dir])) {
			/* Only the near nephew is red: bring it up; the colours are set below. */
			rotate(sibling, !dir, root, augment);
			sibling = parent->rb_child[!dir];
		}
		/* The sibling takes parent's place and colour, and each side gets a black. */
		if (rb_is_black(parent))
			rb_set_black(sibling);
		else
			rb_set_red(sibling);
		rb_set_black(parent);
		rb_set_black(sibling->rb_child[!dir]);
		rotate(parent, dir, root, augment);
		return;
	}
	if (node)
		rb_set_black(node);
}

/*
 * Puts the in-order successor of node, which has two children, in its place. Returns the
 * parent of the hole where the successor was; *child is what fills it, *black whether a black
 * node is missing there.
 */
static struct rb_node *replace_by_successor(struct rb_node *node, struct rb_root *root,
					    struct rb_node **child, bool *black,
					    const struct rb_augment_callbacks *augment)
{
	struct rb_node *next = node->rb_right, *parent;

	while (next->rb_left)
		next = next->rb_left;
	*child = next->rb_right;
	*black = rb_is_black(next);
	parent = rb_parent(next);

	if (parent == node) {
		parent = next;
	} else {
		parent->rb_left = *child;
		if (*child)
			rb_set_parent(*child, parent);
		next->rb_right = node->rb_right;
		rb_set_parent(next->rb_right, next);
	}
	next->rb_left = node->rb_left;
	rb_set_parent(next->rb_left, next);
	next->__rb_parent_color = node->__rb_parent_color;
	change_child(node, next, rb_parent(node), root);

	if (augment) {
		augment->copy(node, next);
		if (parent != next)
			augment->propagate(parent, next);
		augment->propagate(next, NULL);
	}
	return parent;
}

void rb_erase_augmented(struct rb_node *node, struct rb_root *root,
			const struct rb_augment_callbacks *augment)
{
	struct rb_node *child, *parent;
	bool black;

	if (node->rb_left && node->rb_right) {
		parent = replace_by_successor(node, root, &child, &black, augment);
	} else {
		child = node->rb_left ? node->rb_left : node->rb_right;
		parent = rb_parent(node);
		black = rb_is_black(node);
		if (child)
			rb_set_parent(child, parent);
		change_child(node, child, parent, root);
		if (augment)
			augment->propagate(parent, NULL);
	}
	if (black)
		erase_fixup(child, parent, root, augment);
}

void rb_erase(struct rb_node *node, struct rb_root *root)
{
	rb_erase_augmented(node, root, NULL);
}

void rb_replace_node(struct rb_node *victim, struct rb_node *new, struct rb_root *root)
{
	*new = *victim;
	if (new->rb_left)
		rb_set_parent(new->rb_left, new);
	if (new->rb_right)
		rb_set_parent(new->rb_right, new);
	change_child(victim, new, rb_parent(victim), root);
}

/* The outermost node on one side of a subtree. */
static struct rb_node *outermost(struct rb_node *node, int dir)
{
	while (node && node->rb_child[dir])
		node = node->rb_child[dir];
	return node;
}

/* The neighbour in order: below if there is a child on that side, else the first ancestor
 * that the way up reaches from the other side. */
static struct rb_node *neighbour(const struct rb_node *node, int dir)
{
	struct rb_node *parent;

	if (RB_EMPTY_NODE(node))
		return NULL;
	if (node->rb_child[dir])
		return outermost(node->rb_child[dir], !dir);
	while ((parent = rb_parent(node)) && node == parent->rb_child[dir])
		node = parent;
	return parent;
}

struct rb_node *rb_first(const struct rb_root *root)
{
	return outermost(root->rb_node, 0);
}

struct rb_node *rb_last(const struct rb_root *root)
{
	return outermost(root->rb_node, 1);
}

struct rb_node *rb_next(const struct rb_node *node)
{
	return neighbour(node, 1);
}

struct rb_node *rb_prev(const struct rb_node *node)
{
	return neighbour(node, 0);
}

/* The leaf that a descent reaches which prefers left: the first of a subtree in postorder. */
static struct rb_node *first_leaf(struct rb_node *node)
{
	while (node->rb_left || node->rb_right)
		node = node->rb_left ? node->rb_left : node->rb_right;
	return node;
}

struct rb_node *rb_first_postorder(const struct rb_root *root)
{
	return root->rb_node ? first_leaf(root->rb_node) : NULL;
}

struct rb_node *rb_next_postorder(const struct rb_node *node)
{
	struct rb_node *parent = rb_parent(node);

	if (parent && node == parent->rb_left && parent->rb_right)
		return first_leaf(parent->rb_right);
	return parent;
}

/* What rb_build_balanced() hands down. */
struct builder {
	struct rb_node *(*next)(void *arg);
	void *arg;
	const struct rb_augment_callbacks *augment;
	int red_depth; /* the last level, which alone may be incomplete */
	bool failed;
};

/*
 * A subtree of n nodes whose top is at the given depth. The halves differ by one node at most,
 * so all levels but the last are full: with the last one red and the others black, every way
 * down has the same number of black nodes. Recurses log2(n) deep.
 */
static struct rb_node *build(struct builder *b, size_t n, int depth)
{
	struct rb_node *left, *node;

	if (!n)
		return NULL;
	left = build(b, n / 2, depth + 1);
	if (b->failed)
		return NULL;
	node = b->next(b->arg);
	if (!node) {
		b->failed = true;
		return NULL;
	}
	node->__rb_parent_color = depth == b->red_depth ? 0 : RB_BLACK;
	node->rb_left = left;
	if (left)
		rb_set_parent(left, node);
	node->rb_right = build(b, n - n / 2 - 1, depth + 1);
	if (b->failed)
		return NULL;
	if (node->rb_right)
		rb_set_parent(node->rb_right, node);
	if (b->augment)
		b->augment->propagate(node, NULL);
	return node;
}

int rb_build_balanced(struct rb_root *root, size_t n, struct rb_node *(*next)(void *arg), void *arg,
		      const struct rb_augment_callbacks *augment)
{
	struct builder b = {
		.next = next,
		.arg = arg,
		.augment = augment,
		.red_depth = n > 1 ? 63 - __builtin_clzl(n) : -1,
	};

	root->rb_node = build(&b, n, 0);
	return b.failed ? -ENOMEM : 0;
}
