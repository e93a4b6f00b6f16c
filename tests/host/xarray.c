// SPDX-License-Identifier: MIT
/*
 * tests/host/xarray.c - xarray and ida: random operations beside a naive table, with the
 * structure of the tree checked after each and allocations made to fail.
 */
#include <pagoda/idr.h>
#include <pagoda/string.h>
#include <pagoda/xarray.h>
#include "test.h"

/* The model: a table of (index, entry, marks) in which NULL means absent. */
#define SLOTS 96

struct slot {
	unsigned long index;
	void *entry;
	unsigned int marks;
};

static struct slot model[SLOTS];
static struct xarray xa;

/* Indices near 0, around node borders at every level, and at the very end; ascending. */
static void choose_indices(void)
{
	int n = 0;

	for (; n < 20; n++)
		model[n].index = n;
	for (int shift = 6; n < SLOTS - 8; shift = shift >= 60 ? 6 : shift + 6)
		model[n++].index = (1UL << shift) * (1 + test_below(15)) - 2 + test_below(4);
	for (; n < SLOTS; n++)
		model[n].index = ~0UL - (SLOTS - 1 - n);

	for (int i = 1; i < SLOTS; i++) { /* insertion sort */
		for (int j = i; j && model[j - 1].index > model[j].index; j--)
			swap(model[j - 1].index, model[j].index);
	}
	for (int i = 1; i < SLOTS; i++) { /* no index twice */
		if (model[i].index <= model[i - 1].index)
			model[i].index = model[i - 1].index + 1;
	}
}

/* Checks a subtree of that many levels; returns which marks are set in it. */
static unsigned int check_node(struct xa_node *node, struct xa_node *parent, unsigned int levels,
			       long *nodes)
{
	unsigned int used = 0, all = 0;

	CHECK(node->parent == parent);
	++*nodes;
	for (unsigned int i = 0; i < XA_CHUNK_SIZE; i++) {
		struct xa_node *child = node->slots[i];
		unsigned int marks = 0;

		for (xa_mark_t m = 0; m < XA_MARKS; m++) {
			if (node->marks[m] & BIT_ULL(i))
				marks |= 1U << m;
		}
		all |= marks;
		if (!child) {
			CHECK_EQ(marks, 0);
			continue;
		}
		used++;
		if (levels > 1) {
			CHECK_EQ(child->offset, i);
			CHECK_EQ(check_node(child, node, levels - 1, nodes), marks);
		}
	}
	CHECK(used);
	CHECK_EQ(node->count, used);
	return all;
}

static void check_structure(void)
{
	struct xa_node *top = xa.xa_head;
	long nodes = 0;

	CHECK(xa.xa_head || (!xa.xa_height && !xa.xa_marks));
	if (xa.xa_height) {
		CHECK_EQ(check_node(top, NULL, xa.xa_height, &nodes), xa.xa_marks);
		CHECK(top->count > 1 || !top->slots[0]);
	}
	CHECK_EQ(nodes, test_xa_nodes);
}

static void check_contents(void)
{
	bool empty = true;

	for (int i = 0; i < SLOTS; i++) {
		empty &= !model[i].entry;
		CHECK(xa_load(&xa, model[i].index) == model[i].entry);
		for (xa_mark_t m = 0; m < XA_MARKS; m++)
			CHECK_EQ(xa_get_mark(&xa, model[i].index, m), model[i].marks >> m & 1);
	}
	CHECK_EQ(xa_empty(&xa), empty);
}

static bool passes(const struct slot *s, xa_mark_t filter)
{
	return s->entry && (filter == XA_PRESENT || s->marks & (1U << filter));
}

/* What the iterators give between two indices, for one filter. */
static void check_iteration(unsigned long start, unsigned long last, xa_mark_t filter)
{
	unsigned long index;
	void *entry, *some[5];
	unsigned int n = 0, got;
	int i = 0;

	got = xa_extract(&xa, some, start, last, ARRAY_SIZE(some), filter);
	xa_for_each_range_marked(&xa, index, entry, start, last, filter)
	{
		while (i < SLOTS && (model[i].index < start || !passes(&model[i], filter)))
			i++;
		CHECK(i < SLOTS);
		CHECK_EQ(index, model[i].index);
		CHECK(entry == model[i].entry);
		CHECK(index <= last);
		if (n < got)
			CHECK(some[n] == entry);
		n++;
		i++;
	}
	CHECK_EQ(got, min(n, (unsigned int)ARRAY_SIZE(some)));
	for (; i < SLOTS && model[i].index <= last; i++)
		CHECK(model[i].index < start || !passes(&model[i], filter));
}

/* Memory runs out at a random moment: then nothing may have changed. */
static void store_some(struct slot *s)
{
	void *entry =
		test_below(2) ? xa_mk_value(test_random() >> 2) : (void *)&model[test_below(SLOTS)];
	void *old;

	test_xa_allowed = test_below(3) ? LONG_MAX : (long)test_below(12);
	old = xa_store(&xa, s->index, entry, 0);
	if (xa_err(old)) {
		CHECK_EQ(xa_err(old), -ENOMEM);
		CHECK(test_xa_allowed == 0 && !s->entry);
	} else {
		CHECK(old == s->entry);
		s->entry = entry;
	}
	test_xa_allowed = LONG_MAX;
}

static void insert_some(struct slot *s)
{
	int err;

	test_xa_allowed = test_below(12);
	err = xa_insert(&xa, s->index, s, 0);
	if (s->entry)
		CHECK_EQ(err, -EBUSY);
	else if (err)
		CHECK(err == -ENOMEM && test_xa_allowed == 0);
	else
		s->entry = s;
	test_xa_allowed = LONG_MAX;
}

static void erase_some(struct slot *s)
{
	CHECK(xa_erase(&xa, s->index) == s->entry);
	s->entry = NULL;
	s->marks = 0;
}

static void random_step(void)
{
	struct slot *s = &model[test_below(SLOTS)];
	xa_mark_t mark = test_below(XA_MARKS);

	switch (test_below(8)) {
	case 0:
	case 1:
		store_some(s);
		break;
	case 2:
		insert_some(s);
		break;
	case 3:
	case 4:
		erase_some(s);
		break;
	case 5:
		CHECK(xa_cmpxchg(&xa, s->index, &xa, s, 0) == s->entry);
		if (s->entry) {
			CHECK(xa_cmpxchg(&xa, s->index, s->entry, &model, 0) == s->entry);
			s->entry = &model;
		}
		break;
	case 6:
		xa_set_mark(&xa, s->index, mark);
		if (s->entry)
			s->marks |= 1U << mark;
		break;
	default:
		xa_clear_mark(&xa, s->index, mark);
		s->marks &= ~(1U << mark);
		break;
	}
}

static void random_operations(void)
{
	for (int round = 0; round < 30; round++) {
		memset(model, 0, sizeof(model));
		choose_indices();
		xa_init(&xa);
		for (int step = 0; step < 1500; step++) {
			random_step();
			check_structure();
			if (step % 8)
				continue;
			check_contents();
			for (xa_mark_t f = 0; f < XA_MARKS; f++)
				check_iteration(0, ~0UL, f);
			check_iteration(0, ~0UL, XA_PRESENT);
			check_iteration(model[test_below(SLOTS)].index,
					model[test_below(SLOTS)].index, XA_PRESENT);
			check_iteration(model[test_below(SLOTS)].index - 1,
					model[test_below(SLOTS)].index + 1, test_below(XA_MARKS));
		}
		xa_destroy(&xa);
		CHECK(xa_empty(&xa));
		CHECK_EQ(test_xa_nodes, 0);
	}
}

/* The shapes with few entries, of which random runs see few. */
static void single_entries(void)
{
	memset(model, 0, sizeof(model));
	choose_indices();
	for (int i = 0; i < SLOTS; i++) {
		struct slot *s = &model[i];

		for (long allowed = 0;; allowed++) {
			test_xa_allowed = allowed;
			if (!xa_err(xa_store(&xa, s->index, s, 0)))
				break;
			CHECK_EQ(test_xa_nodes, 0);
			CHECK(xa_empty(&xa));
			CHECK(allowed < 11);
		}
		s->entry = s;
		xa_set_mark(&xa, s->index, XA_MARK_1);
		s->marks = 1U << XA_MARK_1;
		check_structure();
		check_contents();
		for (xa_mark_t f = 0; f < XA_MARKS; f++)
			check_iteration(0, ~0UL, f);
		erase_some(s);
		CHECK_EQ(test_xa_nodes, 0);
	}
}

/* Storing and erasing inside the loop, as truncation does. */
static void erase_while_iterating(void)
{
	unsigned long index, n = 0;
	void *entry;

	for (unsigned long i = 0; i < 5000; i++)
		CHECK_EQ(xa_insert(&xa, i * 3, xa_mk_value(i), 0), 0);
	xa_for_each (&xa, index, entry) {
		CHECK_EQ(index, 3 * n);
		CHECK(xa_is_value(entry) && xa_to_value(entry) == n);
		xa_erase(&xa, index);
		n++;
	}
	CHECK_EQ(n, 5000);
	CHECK_EQ(test_xa_nodes, 0);
}

#define IDS 400

static bool used[IDS];

static int lowest_free(int low, int high)
{
	for (int id = low; id <= high; id++) {
		if (id >= IDS || !used[id])
			return id;
	}
	return -ENOSPC;
}

static void random_ids(void)
{
	DEFINE_IDA(ida);

	for (int step = 0; step < 20000; step++) {
		int low = test_below(3) ? 0 : test_below(IDS);
		int high = low + test_below(IDS - low), id = test_below(IDS), err;

		if (test_below(step % 4000 < 2000 ? 4 : 2)) {
			test_xa_allowed = test_below(20) ? LONG_MAX : 0;
			err = ida_alloc_range(&ida, low, high, 0);
			if (err != -ENOMEM)
				CHECK_EQ(err, lowest_free(low, high));
			else
				CHECK_EQ(test_xa_allowed, 0);
			if (err >= 0)
				used[err] = true;
		} else if (used[id]) {
			ida_free(&ida, id);
			used[id] = false;
		}
	}
	ida_destroy(&ida);
	CHECK(ida_is_empty(&ida));
	CHECK_EQ(test_xa_nodes, 0);
}

static void id_limits(void)
{
	DEFINE_IDA(ida);

	CHECK_EQ(ida_alloc_range(&ida, INT_MAX, ~0U, 0), INT_MAX);
	CHECK_EQ(ida_alloc_range(&ida, INT_MAX, ~0U, 0), -ENOSPC);
	CHECK_EQ(ida_alloc_range(&ida, 5, 4, 0), -ENOSPC);
	CHECK_EQ(ida_alloc_min(&ida, 7, 0), 7);
	CHECK_EQ(ida_alloc(&ida, 0), 0);
	CHECK_EQ(ida_alloc_max(&ida, 0, 0), -ENOSPC);
	CHECK_EQ(test_warnings, 0);
	ida_free(&ida, 3);
	CHECK_EQ(test_warnings, 1);
	test_warnings = 0;
	ida_free(&ida, INT_MAX);
	ida_free(&ida, 7);
	ida_free(&ida, 0);
	CHECK(ida_is_empty(&ida));
	CHECK_EQ(test_xa_nodes, 0);
}

int main(void)
{
	RUN(random_operations);
	RUN(single_entries);
	RUN(erase_while_iterating);
	RUN(random_ids);
	RUN(id_limits);
	return 0;
}
