// SPDX-License-Identifier: MIT
/*
 * tests/host/vma_tree.c - the index of VMAs: random insertions, removals and resizes beside a map
 * of single pages, with every gap checked after each and every search compared with a linear one.
 *
 * LINK: mm/vma_tree.c
 */
#include <pagoda/errno.h>
#include <pagoda/mm.h>
#include "../../mm/vm_internal.h"
#include "test.h"

#define PAGES 512
#define BASE  16 /* first page that may be used */

unsigned long stack_guard_gap = 4UL << PAGE_SHIFT;

static struct mm_struct mm;
static struct vm_area_struct *owner[PAGES]; /* who has this page */
static struct vm_area_struct pool[PAGES];
static bool taken[PAGES];

static struct vm_area_struct *new_vma(void)
{
	for (int i = 0; i < PAGES; i++) {
		if (!taken[i]) {
			taken[i] = true;
			pool[i] = (struct vm_area_struct){.vm_mm = &mm};
			return &pool[i];
		}
	}
	return NULL;
}

static void paint(unsigned long start, unsigned long end, struct vm_area_struct *vma)
{
	for (unsigned long a = start; a < end; a += PAGE_SIZE)
		owner[a >> PAGE_SHIFT] = vma;
}

static bool is_free(unsigned long start, unsigned long end)
{
	for (unsigned long a = start; a < end; a += PAGE_SIZE) {
		if (owner[a >> PAGE_SHIFT])
			return false;
	}
	return true;
}

static void check_gaps(void)
{
	struct vm_area_struct *vma, *prev = NULL;
	int n = 0;

	for_each_vma (&mm, vma) {
		unsigned long start = prev ? prev->vm_end : 0, end = vm_start_gap(vma);
		unsigned long largest = vma_counted_gap(vma);

		CHECK(vma->vm_start < vma->vm_end);
		CHECK(!prev || prev->vm_end <= vma->vm_start);
		CHECK_EQ(vma->vm_gap, end > start ? end - start : 0);
		for (int i = 0; i < 2; i++) {
			struct vm_area_struct *child = rb_to_vma(vma->vm_rb.rb_child[i]);

			if (child && child->rb_subtree_gap > largest)
				largest = child->rb_subtree_gap;
		}
		CHECK_EQ(vma->rb_subtree_gap, largest);
		prev = vma;
		n++;
	}
	CHECK_EQ(n, mm.map_count);
}

static struct vm_area_struct *linear_find(unsigned long addr)
{
	for (unsigned long p = addr >> PAGE_SHIFT; p < PAGES; p++) {
		if (owner[p])
			return owner[p];
	}
	return NULL;
}

/* Nobody's page, and not in the guard gap of a stack above. */
static bool usable(unsigned long page)
{
	if (owner[page])
		return false;
	for (unsigned long p = page; p < PAGES && p <= page + (stack_guard_gap >> PAGE_SHIFT);
	     p++) {
		if (owner[p])
			return !(owner[p]->vm_flags & VM_GROWSDOWN) ||
			       owner[p]->vm_start - (page << PAGE_SHIFT) > stack_guard_gap;
	}
	return true;
}

static bool fits(unsigned long page, unsigned long pages)
{
	for (unsigned long p = page; p < page + pages; p++) {
		if (!usable(p))
			return false;
	}
	return true;
}

static unsigned long linear_gap(unsigned long low, unsigned long high, unsigned long pages, bool up)
{
	unsigned long first = low >> PAGE_SHIFT, last = (high >> PAGE_SHIFT) - pages;

	if ((high >> PAGE_SHIFT) < first + pages)
		return -ENOMEM;
	for (unsigned long i = 0; i <= last - first; i++) {
		unsigned long p = up ? first + i : last - i;

		if (fits(p, pages))
			return p << PAGE_SHIFT;
	}
	return -ENOMEM;
}

static void compare_searches(void)
{
	unsigned long addr = test_below(PAGES) << PAGE_SHIFT;
	unsigned long low = (BASE + test_below(PAGES / 2)) << PAGE_SHIFT;
	unsigned long high = low + (test_below(PAGES - (low >> PAGE_SHIFT)) << PAGE_SHIFT);
	unsigned long pages = 1 + test_below(test_below(4) ? 8 : 100), len = pages << PAGE_SHIFT;

	CHECK(vma_tree_find(&mm, addr) == linear_find(addr));
	CHECK_EQ(vma_gap_topdown(&mm, low, high, len), linear_gap(low, high, pages, false));
	CHECK_EQ(vma_gap_bottomup(&mm, low, high, len), linear_gap(low, high, pages, true));
}

static void insert(unsigned long start, unsigned long end, vm_flags_t flags)
{
	struct vm_area_struct *vma, *prev = NULL;

	vma = new_vma();
	vma->vm_start = start;
	vma->vm_end = end;
	vma->vm_flags = flags;
	for (unsigned long p = 0; p < start >> PAGE_SHIFT; p++)
		prev = owner[p] ?: prev;
	vma_tree_insert(&mm, prev, vma);
	mm.map_count++;
	paint(start, end, vma);
}

static void insert_random(void)
{
	unsigned long start = (BASE + test_below(PAGES - BASE - 12)) << PAGE_SHIFT;
	unsigned long end = start + ((1 + test_below(12)) << PAGE_SHIFT);

	if (is_free(start, end))
		insert(start, end, test_below(5) ? 0 : VM_GROWSDOWN);
}

/* As mmap does: at the upper end of the highest hole, which the next search remembers. */
static void insert_topdown(void)
{
	unsigned long high = (PAGES - 1 - test_below(2) * 40UL) << PAGE_SHIFT;
	unsigned long len = (1 + test_below(6)) << PAGE_SHIFT;
	unsigned long start = vma_gap_topdown(&mm, BASE << PAGE_SHIFT, high, len);

	CHECK_EQ(start, linear_gap(BASE << PAGE_SHIFT, high, len >> PAGE_SHIFT, false));
	if (!IS_ERR_VALUE(start))
		insert(start, start + len, test_below(5) ? 0 : VM_GROWSDOWN);
}

static void erase_random(void)
{
	struct vm_area_struct *vma = linear_find(test_below(PAGES) << PAGE_SHIFT);

	if (!vma)
		return;
	vma_tree_erase(&mm, vma);
	mm.map_count--;
	paint(vma->vm_start, vma->vm_end, NULL);
	taken[vma - pool] = false;
}

/* Moves the start down or the end down by a page, as growing and trimming do. */
static void resize_random(void)
{
	struct vm_area_struct *vma = linear_find(test_below(PAGES) << PAGE_SHIFT);

	if (!vma)
		return;
	if (test_below(2) && is_free(vma->vm_start - PAGE_SIZE, vma->vm_start) &&
	    vma->vm_start > BASE << PAGE_SHIFT) {
		vma->vm_start -= PAGE_SIZE;
		paint(vma->vm_start, vma->vm_start + PAGE_SIZE, vma);
		vma_gap_update(&mm, vma);
	} else if (vma->vm_end - vma->vm_start > PAGE_SIZE) {
		vma->vm_end -= PAGE_SIZE;
		paint(vma->vm_end, vma->vm_end + PAGE_SIZE, NULL);
		vma_gap_update(&mm, vma_next(vma));
	}
}

static void random_changes_keep_gaps(void)
{
	for (int i = 0; i < 20000; i++) {
		switch (test_below(8)) {
		case 0:
		case 1:
			insert_random();
			break;
		case 2:
		case 3:
			insert_topdown();
			break;
		case 4:
		case 5:
			erase_random();
			break;
		default:
			resize_random();
		}
		if (i % 8 == 0)
			check_gaps();
		if (i % 4 == 0)
			compare_searches();
	}
}

static void start_empty(void)
{
	mm = (struct mm_struct){};
	paint(0, (unsigned long)PAGES << PAGE_SHIFT, NULL);
	for (int i = 0; i < PAGES; i++)
		taken[i] = false;
}

/* What was remembered of the last search must not hide a hole that comes to be above. */
static void a_new_hole_above_the_free_area_is_found(void)
{
	unsigned long high = 412UL << PAGE_SHIFT;
	struct vm_area_struct *last;

	for (int trims = 0; trims < 2; trims++) {
		start_empty();
		insert(400UL << PAGE_SHIFT, 402UL << PAGE_SHIFT, 0);
		insert(402UL << PAGE_SHIFT, high, 0);
		CHECK_EQ(vma_gap_topdown(&mm, 0, high, PAGE_SIZE), 399UL << PAGE_SHIFT);
		last = linear_find(402UL << PAGE_SHIFT);
		if (trims) {
			last->vm_end -= PAGE_SIZE;
			vma_gap_update(&mm, NULL);
		} else {
			vma_tree_erase(&mm, last);
		}
		CHECK_EQ(vma_gap_topdown(&mm, 0, high, PAGE_SIZE), high - PAGE_SIZE);
	}
}

static void append_builds_the_same_index(void)
{
	struct vm_area_struct *last = NULL, *vma;

	start_empty();
	for (unsigned long p = BASE; p < PAGES; p += 2 + p % 3) {
		vma = new_vma();
		vma->vm_start = p << PAGE_SHIFT;
		vma->vm_end = (p + 1) << PAGE_SHIFT;
		vma_tree_append(&mm, last, vma);
		mm.map_count++;
		paint(vma->vm_start, vma->vm_end, vma);
		last = vma;
	}
	check_gaps();
	for (int i = 0; i < 1000; i++)
		compare_searches();
}

int main(void)
{
	RUN(random_changes_keep_gaps);
	RUN(a_new_hole_above_the_free_area_is_found);
	RUN(append_builds_the_same_index);
	return 0;
}
