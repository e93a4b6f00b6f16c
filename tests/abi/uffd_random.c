// SPDX-License-Identifier: MIT
/*
 * tests/abi/uffd_random.c - calls on anonymous memory in any order, next to a model of what each page
 * must be then (lib/uffd_row.h; docs/contract/userfaultfd.md, sections 5 to 11).
 */
#include <string.h>
#include <unistd.h>

#include "lib/test.h"
#include "lib/uffd.h"
#include "lib/uffd_row.h"

#define FIXED_MOVE 3

static bool watched(int page)
{
	return page >= 0 && page < ROW_PAGES && row[page].mode;
}

/* Without EVENT_REMAP what moves is not watched any more; marked pages stay where they are. */
static void do_move(struct range r)
{
	int len = r.to - r.from, to = random_below(ROW_PAGES - len + 1);
	long got;

	if ((to < r.to && r.from < to + len) || !row_uniform(r) || row[r.from].mode & WP)
		return;
	if (row[r.from].mode && (watched(to - 1) || watched(to + len)))
		return; /* they may merge, and Linux unwatch both (RMA-7) */
	got = raw_mremap(row_at(r.from), row_bytes(r), row_bytes(r), FIXED_MOVE, row_at(to));
	if (got == -EFAULT && len > 1) { /* several areas; the target is gone already */
		memset(row + to, 0, len * sizeof(row[0]));
		return;
	}
	row_expect(got, (long)row_at(to), "mremap", r);
	memcpy(row + to, row + r.from, len * sizeof(row[0]));
	memset(row + r.from, 0, len * sizeof(row[0]));
	for (int i = to; i < to + len; i++)
		row[i].mode = 0;
}

/* A child has the same pages, none of them watched. Seldom: it takes as long as many other calls. */
static void do_fork(struct range r)
{
	pid_t pid;

	if (random_below(4))
		return;
	pid = test_fork();
	if (pid == 0) {
		for (int i = 0; i < ROW_PAGES; i++) {
			if (!row[i].mapped || row[i].prot == PROT_NONE)
				continue;
			row_expect(row_at(i)[9], row_letter(&row[i]), "a child's byte", ROW_ALL);
			if (row[i].prot == RW)
				row_at(i)[9] = 'Z';
		}
		_exit(0);
	}
	EXPECT_EXIT(pid, 0);
}

static row_call *const calls[] = {
	row_register, row_register, row_unregister, row_copy,	  row_copy,   row_copy,
	row_zeropage, row_protect,  row_protect,    row_mprotect, row_munmap, row_mmap,
	row_mmap,     row_access,   row_access,	    row_drop,	  do_move,    do_fork,
};

TEST_SLOW("REG-8,REG-9,UNR-3,CPY-3,CPY-4,CPY-5,ZER-4,WPR-2,WPR-3,WPR-7,UVMA-4,UVMA-9,UFLT-13",
	  "random calls give what a model of the pages foresees", 120)
{
	row_new(ROW_ANONYMOUS);
	for (unsigned int seed = 1; seed <= 12; seed++)
		row_play(seed, calls, sizeof(calls) / sizeof(calls[0]));
}
