// SPDX-License-Identifier: MIT
/*
 * tests/abi/uffd_random_shmem.c - as uffd_random.c, for mappings of a memfd: a page may be in the
 * object, in the page table, both or neither, a private mapping may have a page of its own, and a
 * mark may stand where no page is (lib/uffd_row.h; docs/contract/userfaultfd.md, sections 7 to 11).
 */
#include "lib/maps.h"
#include "lib/test.h"
#include "lib/uffd.h"
#include "lib/uffd_row.h"

static long refuse_continue(const struct page *page)
{
	return !page->in_object ? -EFAULT : page->present ? -EEXIST : 0;
}

static void do_continue(struct range r)
{
	row_filled(r, uffd_continue(row_fd, row_at(r.from), row_bytes(r), 0), 0, refuse_continue,
		   false, -1, "continue");
}

static void do_punch(struct range r)
{
	row_expect(raw(SYS_fallocate, row_memfd, 3 /* KEEP_SIZE | PUNCH_HOLE */, r.from * PAGE,
		       row_bytes(r)),
		   0, "fallocate", r);
	for (int i = r.from; i < r.to; i++) {
		row[i].in_object = false;
		row[i].present = row[i].own;
		row[i].letter = 0;
	}
}

static void do_write_alias(struct range r)
{
	for (int i = r.from; i < r.to; i++) {
		row[i].in_object = true;
		row[i].letter = row_alias[i * PAGE + 9] = 'A' + random_below(26);
	}
}

static row_call *const calls[] = {
	row_register, row_register, row_unregister, row_copy,	    row_copy,
	row_zeropage, do_continue,  do_continue,    row_protect,    row_protect,
	row_mprotect, row_munmap,   row_mmap,	    row_mmap,	    row_access,
	row_access,   row_drop,	    do_punch,	    do_write_alias,
};

static void play_all(enum row_kind kind)
{
	row_new(kind);
	for (unsigned int seed = 1; seed <= 12; seed++) {
		do_punch(ROW_ALL);
		row_play(seed, calls, sizeof(calls) / sizeof(calls[0]));
		for (int i = 0; i < ROW_PAGES; i++)
			EXPECT_EQ(resident(row_alias + i * PAGE, 1)[0], '0' + row[i].in_object);
	}
}

TEST_SLOW("UFLT-2,UFLT-4,CPY-10,ZER-3,CON-1,CON-2,WPR-3,WPR-5,WPR-6,WPR-7,UNR-6,UVMA-8",
	  "random calls on shared memory give what a model of the pages foresees", 120)
{
	play_all(ROW_SHARED);
}

TEST_SLOW("UFLT-2,UFLT-4,CPY-9,CPY-11,CON-1,CON-3,WPR-3,WPR-7,WPR-11",
	  "random calls on a private mapping of an object do too", 120)
{
	play_all(ROW_PRIVATE);
}
