// SPDX-License-Identifier: MIT
/*
 * tests/host/list.c - list.h and hashtable.h: random operations beside an array that says
 * what each list must hold.
 */
#include <pagoda/hashtable.h>
#include <pagoda/list.h>
#include <pagoda/string.h>
#include "test.h"

#define ITEMS 40

struct item {
	int id;
	struct list_head link;
	struct hlist_node hash;
};

/* The model of one list: ids in order. */
struct model {
	int ids[ITEMS];
	int n;
};

static struct item items[ITEMS];
static struct list_head lists[2];
static struct model models[2];

static void model_insert(struct model *m, int at, int id)
{
	memmove(&m->ids[at + 1], &m->ids[at], (m->n - at) * sizeof(int));
	m->ids[at] = id;
	m->n++;
}

static void model_remove(struct model *m, int at)
{
	m->n--;
	memmove(&m->ids[at], &m->ids[at + 1], (m->n - at) * sizeof(int));
}

/* Finds the list and the place of an id; false when it is on none. */
static bool model_find(int id, int *list, int *at)
{
	for (*list = 0; *list < 2; ++*list) {
		for (*at = 0; *at < models[*list].n; ++*at) {
			if (models[*list].ids[*at] == id)
				return true;
		}
	}
	return false;
}

static void model_splice(int from, int at)
{
	struct model *src = &models[from], *dst = &models[!from];

	for (int i = 0; i < src->n; i++)
		model_insert(dst, at + i, src->ids[i]);
	src->n = 0;
}

static void compare(int l)
{
	struct item *item;
	struct list_head *pos;
	int i = 0;

	list_for_each_entry (item, &lists[l], link) {
		CHECK(i < models[l].n);
		CHECK_EQ(item->id, models[l].ids[i]);
		i++;
	}
	CHECK_EQ(i, models[l].n);
	list_for_each_entry_reverse (item, &lists[l], link)
		CHECK_EQ(item->id, models[l].ids[--i]);
	CHECK_EQ(i, 0);
	list_for_each (pos, &lists[l])
		i++;
	CHECK_EQ(i, models[l].n);
	CHECK_EQ(list_empty(&lists[l]), models[l].n == 0);
	CHECK_EQ(list_is_singular(&lists[l]), models[l].n == 1);
	if (models[l].n)
		CHECK_EQ(list_last_entry(&lists[l], struct item, link)->id,
			 models[l].ids[models[l].n - 1]);
}

/* Something with an item that is on a list. */
static void step_listed(struct item *item, int l, int at)
{
	struct model *m = &models[l];
	int to = test_below(2);

	CHECK_EQ(list_is_first(&item->link, &lists[l]), at == 0);
	CHECK_EQ(list_is_last(&item->link, &lists[l]), at == m->n - 1);
	model_remove(m, at);
	switch (test_below(4)) {
	case 0:
		list_del_init(&item->link);
		break;
	case 1:
		list_move(&item->link, &lists[to]);
		model_insert(&models[to], 0, item->id);
		break;
	case 2:
		list_move_tail(&item->link, &lists[to]);
		model_insert(&models[to], models[to].n, item->id);
		break;
	default:
		list_del(&item->link);
		INIT_LIST_HEAD(&item->link);
		break;
	}
}

/* Something with a whole list. */
static void step_list(int l)
{
	struct model *m = &models[l];

	switch (test_below(4)) {
	case 0:
		list_splice_init(&lists[l], &lists[!l]);
		model_splice(l, 0);
		break;
	case 1:
		list_splice_tail_init(&lists[l], &lists[!l]);
		model_splice(l, models[!l].n);
		break;
	case 2:
		list_rotate_left(&lists[l]);
		if (m->n) {
			model_insert(m, m->n, m->ids[0]);
			model_remove(m, 0);
		}
		break;
	default:
		if (models[!l].n == 0 && m->n) {
			int cut = test_below(m->n);

			list_cut_position(&lists[!l], &lists[l], &items[m->ids[cut]].link);
			for (int i = 0; i <= cut; i++) {
				model_insert(&models[!l], i, m->ids[0]);
				model_remove(m, 0);
			}
		}
		break;
	}
}

static void random_lists(void)
{
	for (int l = 0; l < 2; l++)
		INIT_LIST_HEAD(&lists[l]);
	for (int i = 0; i < ITEMS; i++) {
		items[i].id = i;
		INIT_LIST_HEAD(&items[i].link);
	}
	for (int step = 0; step < 20000; step++) {
		struct item *item = &items[test_below(ITEMS)];
		int l, at;

		if (test_below(8) == 0) {
			step_list(test_below(2));
		} else if (model_find(item->id, &l, &at)) {
			step_listed(item, l, at);
		} else {
			l = test_below(2);
			CHECK(list_empty(&item->link));
			if (test_below(2)) {
				list_add(&item->link, &lists[l]);
				model_insert(&models[l], 0, item->id);
			} else {
				list_add_tail(&item->link, &lists[l]);
				model_insert(&models[l], models[l].n, item->id);
			}
		}
		compare(0);
		compare(1);
	}
}

static void safe_iteration(void)
{
	LIST_HEAD(head);
	struct item *item, *next;
	int n = 0;

	for (int i = 0; i < ITEMS; i++)
		list_add_tail(&items[i].link, &head);
	list_for_each_entry_safe (item, next, &head, link) {
		CHECK_EQ(item->id, n++);
		list_del(&item->link);
	}
	CHECK_EQ(n, ITEMS);
	CHECK(list_empty(&head));
	CHECK(list_first_entry_or_null(&head, struct item, link) == NULL);
}

static void random_hashtable(void)
{
	static DEFINE_HASHTABLE(table, 3);
	bool in[ITEMS] = {false};

	hash_init(table);
	for (int i = 0; i < ITEMS; i++)
		INIT_HLIST_NODE(&items[i].hash);
	for (int step = 0; step < 5000; step++) {
		int id = test_below(ITEMS);
		struct hlist_node *tmp;
		struct item *item;
		size_t bucket;
		int n = 0;

		if (in[id])
			hash_del(&items[id].hash);
		else
			hash_add(table, &items[id].hash, id);
		in[id] = !in[id];
		for (int i = 0; i < ITEMS; i++) {
			bool found = false;

			hash_for_each_possible(table, item, hash, i) found |= item->id == i;
			CHECK_EQ(found, in[i]);
			CHECK_EQ(hash_hashed(&items[i].hash), in[i]);
			n += found;
		}
		hash_for_each_safe(table, bucket, tmp, item, hash) n--;
		CHECK_EQ(n, 0);
	}
}

int main(void)
{
	RUN(random_lists);
	RUN(safe_iteration);
	RUN(random_hashtable);
	return 0;
}
