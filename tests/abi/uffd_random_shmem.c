// SPDX-License-Identifier: MIT
/*
 * tests/abi/uffd_random_shmem.c - as uffd_random.c, for mappings of a memfd: a page may be in the
 * object, in the page table, both or neither, a private mapping may have a page of its own, and a
 * mark may stand where no page is (docs/contract/userfaultfd.md, sections 7 to 11).
 */
#include <string.h>
#include <unistd.h>

#include "lib/maps.h"
#include "lib/task.h"
#include "lib/test.h"
#include "lib/uffd.h"

#define PAGES 24
#define STEPS 400

/*
 * in_object, letter: of the page of the object, which an ordinary mapping shows at `alias`.
 * own, mine: of the page that a private mapping has instead. The letter is byte 9.
 */
struct page {
	bool mapped, present, marked, in_object, own;
	int prot, mode;
	char letter, mine;
};

static struct page model[PAGES];
static char *base, *alias, *sources;
static int fd, memfd, pagemap_fd, step;
static bool private;
static unsigned int seed, state;

static unsigned int below(unsigned int limit)
{
	state = state * 1103515245 + 12345;
	return (state >> 8) % limit;
}

/* Pages from..to-1; short ones more often. */
struct range {
	int from, to;
};

static struct range some_range(void)
{
	struct range r = {below(PAGES), 0};

	r.to = r.from + 1 + below(below(3) ? 2 : PAGES);
	if (r.to > PAGES)
		r.to = PAGES;
	return r;
}

static char *at(int page)
{
	return base + page * PAGE;
}

static size_t size(struct range r)
{
	return (r.to - r.from) * PAGE;
}

static int count_mapped(struct range r)
{
	int count = 0;

	for (int i = r.from; i < r.to; i++)
		count += model[i].mapped;
	return count;
}

static bool all_mapped(struct range r)
{
	return count_mapped(r) == r.to - r.from;
}

static bool uniform(struct range r)
{
	for (int i = r.from; i < r.to; i++)
		if (!model[i].mapped || model[i].prot != model[r.from].prot ||
		    model[i].mode != model[r.from].mode)
			return false;
	return true;
}

static void expect(long got, long want, const char *what, struct range r)
{
	if (got != want)
		FAIL("seed %u step %d: %s of pages %d-%d gives %ld, not %ld", seed, step, what,
		     r.from, r.to - 1, got, want);
}

/* ---- the calls --------------------------------------------------------------------------------- */

/* WP is not taken away from an area by another mode: Linux would remember the marks (REG-9). */
static void do_register(struct range r)
{
	int mode = 1 + below(7);

	for (int i = r.from; i < r.to; i++)
		if (model[i].mode & WP && !(mode & WP) && (model[i].mode & mode) != mode)
			return;
	expect(uffd_register(fd, at(r.from), size(r), mode), count_mapped(r) ? 0 : -EINVAL,
	       "register", r);
	for (int i = r.from; i < r.to; i++)
		if (model[i].mapped && (model[i].mode & mode) != mode)
			model[i].mode = mode;
}

static void do_unregister(struct range r)
{
	expect(uffd_unregister(fd, at(r.from), size(r)), count_mapped(r) ? 0 : -EINVAL,
	       "unregister", r);
	for (int i = r.from; i < r.to; i++)
		model[i].mode = model[i].marked = 0;
}

/* The page gets these contents, in the object or for this mapping alone. */
static void set_letter(struct page *page, char letter)
{
	page->own = private;
	if (private) {
		page->mine = letter;
	} else {
		page->in_object = true;
		page->letter = letter;
	}
}

/*
 * What fills has in common: `refuse` says why a page is not taken, 0 if it is. Where it came to an
 * end the field tells it.
 */
static void filled(struct range r, long got, long first, long (*refuse)(const struct page *),
		   bool mark, int letter, const char *what)
{
	long want = !uniform(r) || !model[r.from].mode ? -ENOENT : first;
	int i = r.from;

	if (got == -ENOENT && r.to - r.from > 1)
		return; /* several areas, to the kernel */
	for (; !want && i < r.to; i++) {
		want = refuse(&model[i]);
		if (want)
			break;
		model[i].present = true;
		model[i].marked = mark;
		if (letter >= 0)
			set_letter(&model[i], letter ? letter + i - r.from : 0);
	}
	if (want && i > r.from)
		want = -EAGAIN;
	expect(got, want, what, r);
	expect(uffd_done, i > r.from || !want ? (i - r.from) * (long)PAGE : want, what, r);
}

static long refuse_copy(const struct page *page)
{
	return (private ? page->present : page->in_object) ? -EEXIST : 0;
}

static long refuse_continue(const struct page *page)
{
	return !page->in_object ? -EFAULT : page->present ? -EEXIST : 0;
}

static void do_copy(struct range r)
{
	bool mark = below(3) == 0, refused = mark && !(model[r.from].mode & WP);
	long got = uffd_copy(fd, at(r.from), sources, size(r), mark ? COPY_WP : 0);

	filled(r, got, refused ? -EINVAL : 0, refuse_copy, mark, 'a', "copy");
}

/* Not in a private mapping: there Linux drops the page of zeros when a hole is punched below it. */
static void do_zeropage(struct range r)
{
	if (private)
		return;
	filled(r, uffd_zeropage(fd, at(r.from), size(r), 0), 0, refuse_copy, false, 0, "zeropage");
}

static void do_continue(struct range r)
{
	filled(r, uffd_continue(fd, at(r.from), size(r), 0), 0, refuse_continue, false, -1,
	       "continue");
}

static void do_protect(struct range r)
{
	int mode = below(3) ? PROTECT : UNPROTECT;
	long got = uffd_writeprotect(fd, at(r.from), size(r), mode);

	if (got == -ENOENT && r.to - r.from > 1)
		return;
	expect(got, uniform(r) && model[r.from].mode & WP ? 0 : -ENOENT, "writeprotect", r);
	for (int i = r.from; !got && i < r.to; i++)
		model[i].marked = mode == PROTECT; /* with or without a page */
}

static void do_mprotect(struct range r)
{
	static const int prots[] = {RW, RW, PROT_READ, PROT_NONE};
	int prot = prots[below(4)];

	if (!all_mapped(r))
		return; /* a part of it would be done */
	expect(raw_mprotect(at(r.from), size(r), prot), 0, "mprotect", r);
	for (int i = r.from; i < r.to; i++)
		model[i].prot = prot;
}

/* The object stays. */
static void forget_mapping(struct range r, bool mapped)
{
	for (int i = r.from; i < r.to; i++)
		model[i] = (struct page){.mapped = mapped,
					 .prot = mapped ? RW : 0,
					 .in_object = model[i].in_object,
					 .letter = model[i].letter};
}

static void do_munmap(struct range r)
{
	expect(raw_munmap(at(r.from), size(r)), 0, "munmap", r);
	forget_mapping(r, false);
}

static void do_mmap(struct range r)
{
	int flags = MAP_FIXED | (private ? MAP_PRIVATE : MAP_SHARED);

	expect(raw_mmap(at(r.from), size(r), RW, flags, memfd, r.from * PAGE), (long)at(r.from),
	       "mmap", r);
	forget_mapping(r, true);
}

/* Marks outlive pages. */
static void do_drop(struct range r)
{
	expect(raw_madvise(at(r.from), size(r), MADV_DONTNEED), all_mapped(r) ? 0 : -ENOMEM,
	       "MADV_DONTNEED", r);
	for (int i = r.from; i < r.to; i++)
		model[i].present = model[i].own = false;
}

static void do_punch(struct range r)
{
	expect(raw(SYS_fallocate, memfd, 3 /* KEEP_SIZE | PUNCH_HOLE */, r.from * PAGE, size(r)), 0,
	       "fallocate", r);
	for (int i = r.from; i < r.to; i++) {
		model[i].in_object = false;
		model[i].present = model[i].own;
		model[i].letter = 0;
	}
}

static void do_write_alias(struct range r)
{
	for (int i = r.from; i < r.to; i++) {
		model[i].in_object = true;
		model[i].letter = alias[i * PAGE + 9] = 'A' + below(26);
	}
}

/* ---- looking ----------------------------------------------------------------------------------- */

/* What an access does to the page, and the signal that it gives. */
static struct fault foresee(struct page *page, enum access how)
{
	if (!page->mapped)
		return (struct fault){.signal = SIGSEGV, .code = SEGV_MAPERR};
	if (page->prot == PROT_NONE || (how == WRITE && page->prot == PROT_READ))
		return (struct fault){.signal = SIGSEGV, .code = SEGV_ACCERR};
	if (!page->present && page->mode & (page->in_object ? MINOR : MISSING))
		return (struct fault){.signal = SIGBUS, .code = BUS_ADRERR};
	if (!page->present) { /* it is mapped, or copied, even if a mark is seen then */
		page->in_object = true;
		if (private && how == WRITE)
			set_letter(page, page->letter);
	}
	page->present = true;
	if (how == WRITE && page->marked)
		return (struct fault){.signal = SIGBUS, .code = BUS_ADRERR};
	if (private && how == WRITE && !page->own)
		set_letter(page, page->letter);
	return (struct fault){0};
}

/* A read may map pages around it where no one watches them: those areas are only written. */
static void do_access(struct range r)
{
	for (int i = r.from; i < r.to; i++) {
		enum access how = model[i].mode & (WP | MINOR) && below(2) ? READ : WRITE;
		struct fault want = foresee(&model[i], how), got = try_access(at(i) + 8, how);

		expect(got.signal, want.signal, how == READ ? "a read" : "a write", r);
		expect(got.code, want.code, "the code of an access", r);
	}
}

static void compare_all(void)
{
	uint64_t words[PAGES];

	EXPECT_EQ(raw_pread(pagemap_fd, words, sizeof(words), (unsigned long)base / PAGE * 8),
		  sizeof(words));
	for (int i = 0; i < PAGES; i++) {
		struct range r = {i, i + 1};

		expect(!!(words[i] & PM_PRESENT), model[i].present, "presence", r);
		expect(!!(words[i] & PM_UFFD_WP), model[i].marked, "the mark", r);
		expect(!!(words[i] & PM_SWAP), model[i].marked && !model[i].present, "the marker",
		       r);
		if (model[i].present && model[i].prot != PROT_NONE)
			expect(at(i)[9], model[i].own ? model[i].mine : model[i].letter, "a byte",
			       r);
	}
}

/* ---- the test ---------------------------------------------------------------------------------- */

static void (*const calls[])(struct range) = {
	do_register, do_register, do_unregister, do_copy,	 do_copy,
	do_zeropage, do_continue, do_continue,	 do_protect,	 do_protect,
	do_mprotect, do_munmap,	  do_mmap,	 do_mmap,	 do_access,
	do_access,   do_drop,	  do_punch,	 do_write_alias,
};

static void play(void)
{
	state = seed;
	do_punch((struct range){0, PAGES});
	do_mmap((struct range){0, PAGES});
	for (step = 0; step < STEPS; step++) {
		calls[below(sizeof(calls) / sizeof(calls[0]))](some_range());
		compare_all();
	}
	EXPECT_QUIET(fd);
	for (int i = 0; i < PAGES; i++)
		EXPECT_EQ(resident(alias + i * PAGE, 1)[0], '0' + model[i].in_object);
}

static void play_all(void)
{
	memfd = memfd_new(PAGES);
	base = map_alone(PAGES, RW);
	alias = map_fd(memfd, PAGES, RW, MAP_SHARED);
	sources = letters("abcdefghijklmnopqrstuvwxyz");
	fd = uffd_open(UFFD_FEATURE_SIGBUS);
	pagemap_fd = EXPECT_OK(raw_open("/proc/self/pagemap", O_RDONLY, 0));
	for (seed = 1; seed <= 12; seed++)
		play();
}

TEST_SLOW("UFLT-2,UFLT-4,CPY-10,ZER-3,CON-1,CON-2,WPR-3,WPR-5,WPR-6,WPR-7,UNR-6,UVMA-8",
	  "random calls on shared memory give what a model of the pages foresees", 120)
{
	play_all();
}

TEST_SLOW("UFLT-2,UFLT-4,CPY-9,CPY-11,CON-1,CON-3,WPR-3,WPR-7,WPR-11",
	  "random calls on a private mapping of an object do too", 120)
{
	private = true;
	play_all();
}
