// SPDX-License-Identifier: MIT
/*
 * tests/host/rbtree.c - red-black trees: random insertions and removals beside an array of
 * flags, with every invariant of the tree checked after each.
 */
#include <pagoda/errno.h>
#include <pagoda/rbtree.h>
#include <pagoda/string.h>
#include "test.h"

#define KEYS 300

/* Augmented with the largest weight in the subtree. */
struct item {
	struct rb_node rb;
	int key;
	u32 weight;
	u32 max_weight;
};

static struct item items[KEYS];
static bool in[KEYS];
static int count;

#define ITEM(node)   rb_entry(node, struct item, rb)
#define WEIGHT(item) ((item)->weight)

RB_DECLARE_CALLBACKS_MAX(static, weight_callbacks, struct item, rb, u32, max_weight, WEIGHT)

/* Checks a subtree whose keys must be in low .. high; returns its height in black nodes. */
static int check_subtree(struct rb_node *node, struct rb_node *parent, int low, int high,
			 bool augmented, int *n)
{
	struct item *item;
	u32 max_weight;
	int black[2];

	if (!node)
		return 0;
	item = ITEM(node);
	CHECK(rb_parent(node) == parent);
	CHECK(item->key >= low && item->key <= high);
	CHECK(rb_is_black(node) || (parent && rb_is_black(parent)));
	black[0] = check_subtree(node->rb_left, node, low, item->key - 1, augmented, n);
	black[1] = check_subtree(node->rb_right, node, item->key + 1, high, augmented, n);
	CHECK_EQ(black[0], black[1]);
	++*n;
	if (augmented) {
		max_weight = item->weight;
		for (int i = 0; i < 2; i++) {
			if (node->rb_child[i])
				max_weight = max(max_weight, ITEM(node->rb_child[i])->max_weight);
		}
		CHECK_EQ(item->max_weight, max_weight);
	}
	return black[0] + rb_is_black(node);
}

static void check_order(struct rb_root *root)
{
	struct rb_node *node = rb_first(root);

	for (int i = 0; i < KEYS; i++) {
		if (!in[i])
			continue;
		CHECK(node && ITEM(node)->key == i);
		node = rb_next(node);
	}
	CHECK(!node);
	node = rb_last(root);
	for (int i = KEYS; i-- > 0;) {
		if (!in[i])
			continue;
		CHECK(node && ITEM(node)->key == i);
		node = rb_prev(node);
	}
	CHECK(!node);
}

/* Postorder must give every node once, and never a parent before its child. */
static void check_postorder(struct rb_root *root)
{
	bool seen[KEYS] = {false};
	struct item *item, *next;
	int n = 0;

	rbtree_postorder_for_each_entry_safe(item, next, root, rb)
	{
		for (int i = 0; i < 2; i++) {
			if (item->rb.rb_child[i])
				CHECK(seen[ITEM(item->rb.rb_child[i])->key]);
		}
		CHECK(!seen[item->key]);
		seen[item->key] = true;
		n++;
	}
	CHECK_EQ(n, count);
}

static void check_tree(struct rb_root *root, bool augmented)
{
	int n = 0;

	check_subtree(root->rb_node, NULL, 0, KEYS - 1, augmented, &n);
	CHECK_EQ(n, count);
	check_order(root);
	check_postorder(root);
}

static void reset(void)
{
	memset(in, 0, sizeof(in));
	count = 0;
	for (int i = 0; i < KEYS; i++) {
		items[i].key = i;
		items[i].weight = items[i].max_weight = 0;
	}
}

static struct rb_node **find_link(struct rb_root *root, int key, struct rb_node **parent)
{
	struct rb_node **link = &root->rb_node;

	*parent = NULL;
	while (*link) {
		*parent = *link;
		link = key < ITEM(*parent)->key ? &(*link)->rb_left : &(*link)->rb_right;
	}
	return link;
}

static void insert(struct rb_root *root, int key)
{
	struct rb_node *parent, **link = find_link(root, key, &parent);

	rb_link_node(&items[key].rb, parent, link);
	rb_insert_color(&items[key].rb, root);
}

static void insert_augmented(struct rb_root *root, int key)
{
	struct rb_node *parent, **link = find_link(root, key, &parent);

	/* Few different weights, so that equal values and early stops happen. */
	items[key].weight = items[key].max_weight = test_below(8);
	rb_link_node(&items[key].rb, parent, link);
	weight_callbacks.propagate(parent, NULL);
	rb_insert_augmented(&items[key].rb, root, &weight_callbacks);
}

/* Fills up and empties in waves, so that all sizes occur. */
static void random_steps(bool augmented)
{
	struct rb_root root = RB_ROOT;
	bool filling = true;

	reset();
	for (int step = 0; step < 6000; step++) {
		int key = test_below(KEYS);

		if (count == 0 || count == KEYS || test_below(500) == 0)
			filling = count < KEYS / 2;
		while (in[key] == filling && test_below(4))
			key = (key + 1) % KEYS;

		if (in[key] && augmented)
			rb_erase_augmented(&items[key].rb, &root, &weight_callbacks);
		else if (in[key])
			rb_erase(&items[key].rb, &root);
		else if (augmented)
			insert_augmented(&root, key);
		else
			insert(&root, key);
		in[key] = !in[key];
		count += in[key] ? 1 : -1;
		check_tree(&root, augmented);
	}
}

static void random_plain(void)
{
	random_steps(false);
}

static void random_augmented(void)
{
	random_steps(true);
}

static void ascending_and_descending(void)
{
	for (int up = 0; up < 2; up++) {
		struct rb_root root = RB_ROOT;

		reset();
		for (int i = 0; i < KEYS; i++) {
			int key = up ? i : KEYS - 1 - i;

			insert(&root, key);
			in[key] = true;
			count++;
			check_tree(&root, false);
		}
		for (int key = 0; key < KEYS; key++) {
			rb_erase(&items[key].rb, &root);
			in[key] = false;
			count--;
			check_tree(&root, false);
		}
	}
}

static void replace_nodes(void)
{
	static struct item other;
	struct rb_root root = RB_ROOT;

	reset();
	for (int i = 0; i < KEYS; i++) {
		insert(&root, i);
		in[i] = true;
		count++;
	}
	for (int i = 0; i < KEYS; i++) {
		other.key = i;
		rb_replace_node(&items[i].rb, &other.rb, &root);
		memset(&items[i].rb, 0xff, sizeof(items[i].rb));
		check_tree(&root, false);
		rb_replace_node(&other.rb, &items[i].rb, &root);
		check_tree(&root, false);
	}
}

/* Delivers items 0, 1, 2, ... and NULL from `fail` on. */
struct source {
	int next;
	int fail;
};

static struct rb_node *deliver(void *arg)
{
	struct source *s = arg;
	struct item *item = &items[s->next];

	if (s->next++ >= s->fail)
		return NULL;
	memset(&item->rb, 0xff, sizeof(item->rb));
	item->weight = test_below(1000);
	item->max_weight = ~0U;
	return &item->rb;
}

static void build_balanced(void)
{
	for (int n = 0; n <= KEYS; n++) {
		struct source s = {.fail = n};
		struct rb_root root;

		reset();
		CHECK_EQ(rb_build_balanced(&root, n, deliver, &s, &weight_callbacks), 0);
		CHECK_EQ(s.next, n);
		for (count = 0; count < n; count++)
			in[count] = true;
		check_tree(&root, true);
		while (count) { /* the tree must go on working */
			int key = test_below(n);

			if (!in[key])
				continue;
			rb_erase_augmented(&items[key].rb, &root, &weight_callbacks);
			in[key] = false;
			count--;
			if (n < 40)
				check_tree(&root, true);
		}
		CHECK(RB_EMPTY_ROOT(&root));
	}
}

static void build_failure(void)
{
	for (int fail = 0; fail < 50; fail++) {
		struct source s = {.fail = fail};
		struct rb_root root;

		CHECK_EQ(rb_build_balanced(&root, 50, deliver, &s, &weight_callbacks), -ENOMEM);
		CHECK(RB_EMPTY_ROOT(&root));
		CHECK_EQ(s.next, fail + 1);
	}
}

static bool less(const struct rb_node *a, const struct rb_node *b)
{
	return ITEM(a)->key < ITEM(b)->key;
}

static int compare_key(const void *key, const struct rb_node *node)
{
	return *(const int *)key - ITEM(node)->key;
}

static void cached_root(void)
{
	struct rb_root_cached root = RB_ROOT_CACHED;

	reset();
	for (int step = 0; step < 5000; step++) {
		int key = test_below(KEYS), first = 0;
		struct rb_node *node;

		if (in[key])
			rb_erase_cached(&items[key].rb, &root);
		else
			rb_add_cached(&items[key].rb, &root, less);
		in[key] = !in[key];
		count += in[key] ? 1 : -1;
		while (first < KEYS && !in[first])
			first++;
		node = rb_first_cached(&root);
		CHECK(first == KEYS ? !node : node == &items[first].rb);
		node = rb_find(&key, &root.rb_root, compare_key);
		CHECK(in[key] ? node == &items[key].rb : !node);
	}
	check_tree(&root.rb_root, false);
}

int main(void)
{
	RUN(random_plain);
	RUN(random_augmented);
	RUN(ascending_and_descending);
	RUN(replace_nodes);
	RUN(build_balanced);
	RUN(build_failure);
	RUN(cached_root);
	return 0;
}
