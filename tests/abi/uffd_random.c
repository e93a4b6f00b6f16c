// SPDX-License-Identifier: MIT
/*
 * tests/abi/uffd_random.c - calls in any order, next to a model of what each page must be then
 * (docs/contract/userfaultfd.md, sections 5 to 11).
 *
 * With the feature SIGBUS nobody waits: a page that is missing or protected is a signal, so that one
 * thread can play both sides. The model knows pages and not areas; where a range may be several
 * areas to the kernel, it takes ENOENT or EFAULT for that and looks that nothing has changed.
 */
#include <string.h>
#include <unistd.h>

#include "lib/maps.h"
#include "lib/task.h"
#include "lib/test.h"
#include "lib/uffd.h"

#define PAGES	   24
#define STEPS	   400
#define FIXED_MOVE 3

struct page {
	bool mapped, present, marked;
	int prot, mode;
	char letter; /* of a page that is present; 0: zeros */
};

static struct page model[PAGES];
static char *base, *sources; /* sources: a page of each letter from 'a' on */
static int fd, pagemap_fd, step;
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

/* Pages of one kind, which may be one area. */
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
	int mode = 1 + below(3), mapped = count_mapped(r);

	for (int i = r.from; i < r.to; i++)
		if (model[i].mode & WP && !(mode & WP) && (model[i].mode & mode) != mode)
			return;
	expect(uffd_register(fd, at(r.from), size(r), mode), mapped ? 0 : -EINVAL, "register", r);
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

/* What COPY and ZEROPAGE have in common: the pages get `letter`, `letter` + 1... or zeros. */
static void filled(struct range r, long got, bool mark, char letter, const char *what)
{
	long want = 0;
	int i = r.from;

	if (got == -ENOENT && r.to - r.from > 1)
		return; /* several areas, to the kernel */
	if (!uniform(r) || !model[i].mode)
		want = -ENOENT;
	else if (mark && !(model[i].mode & WP))
		want = -EINVAL;
	else if (model[i].present)
		want = -EEXIST;
	for (; !want && i < r.to && !model[i].present; i++) {
		model[i].present = true;
		model[i].marked = mark;
		model[i].letter = letter ? letter + i - r.from : 0;
	}
	if (!want && i < r.to)
		want = -EAGAIN;
	expect(got, want, what, r);
	expect(uffd_done, want && want != -EAGAIN ? want : (i - r.from) * (long)PAGE, what, r);
}

static void do_copy(struct range r)
{
	bool mark = below(3) == 0;
	int letter = below(2);

	filled(r, uffd_copy(fd, at(r.from), sources + letter * PAGE, size(r), mark ? COPY_WP : 0),
	       mark, 'a' + letter, "copy");
}

static void do_zeropage(struct range r)
{
	filled(r, uffd_zeropage(fd, at(r.from), size(r), 0), false, 0, "zeropage");
}

static void do_protect(struct range r)
{
	int mode = below(3) ? PROTECT : UNPROTECT;
	long got = uffd_writeprotect(fd, at(r.from), size(r), mode);

	if (got == -ENOENT && r.to - r.from > 1)
		return;
	expect(got, uniform(r) && model[r.from].mode & WP ? 0 : -ENOENT, "writeprotect", r);
	for (int i = r.from; !got && i < r.to; i++)
		model[i].marked = mode == PROTECT && model[i].present;
}

static void do_mprotect(struct range r)
{
	static const int prots[] = {RW, RW, PROT_READ, PROT_NONE};
	int prot = prots[below(4)];

	if (count_mapped(r) != r.to - r.from)
		return; /* a part of it would be done */
	expect(raw_mprotect(at(r.from), size(r), prot), 0, "mprotect", r);
	for (int i = r.from; i < r.to; i++)
		model[i].prot = prot;
}

static void do_munmap(struct range r)
{
	expect(raw_munmap(at(r.from), size(r)), 0, "munmap", r);
	memset(model + r.from, 0, (r.to - r.from) * sizeof(model[0]));
}

static void do_mmap(struct range r)
{
	expect(raw_mmap(at(r.from), size(r), RW, PRIVATE | MAP_FIXED, -1, 0), (long)at(r.from),
	       "mmap", r);
	for (int i = r.from; i < r.to; i++)
		model[i] = (struct page){.mapped = true, .prot = RW};
}

static void do_drop(struct range r)
{
	expect(raw_madvise(at(r.from), size(r), MADV_DONTNEED),
	       count_mapped(r) == r.to - r.from ? 0 : -ENOMEM, "madvise", r);
	for (int i = r.from; i < r.to; i++)
		model[i].present = model[i].marked = false;
}

static bool watched(int page)
{
	return page >= 0 && page < PAGES && model[page].mode;
}

/* Without EVENT_REMAP what moves is not watched any more; marked pages stay where they are. */
static void do_move(struct range r)
{
	int to = below(PAGES - (r.to - r.from) + 1), len = r.to - r.from;
	long got;

	if ((to < r.to && r.from < to + len) || !uniform(r) || model[r.from].mode & WP)
		return;
	if (model[r.from].mode && (watched(to - 1) || watched(to + len)))
		return; /* they may merge, and Linux unwatch both (RMA-7) */
	got = raw_mremap(at(r.from), size(r), size(r), FIXED_MOVE, at(to));
	if (got == -EFAULT && len > 1) { /* several areas; the target is gone already */
		memset(model + to, 0, len * sizeof(model[0]));
		return;
	}
	expect(got, (long)at(to), "mremap", r);
	memcpy(model + to, model + r.from, len * sizeof(model[0]));
	memset(model + r.from, 0, len * sizeof(model[0]));
	for (int i = to; i < to + len; i++)
		model[i].mode = 0;
}

/* ---- looking ----------------------------------------------------------------------------------- */

static struct fault foreseen(const struct page *page, enum access how)
{
	if (!page->mapped)
		return (struct fault){.signal = SIGSEGV, .code = SEGV_MAPERR};
	if (page->prot == PROT_NONE || (how == WRITE && page->prot == PROT_READ))
		return (struct fault){.signal = SIGSEGV, .code = SEGV_ACCERR};
	if (page->present ? how == WRITE && page->marked : page->mode & MISSING)
		return (struct fault){.signal = SIGBUS, .code = BUS_ADRERR};
	return (struct fault){0};
}

static void do_access(struct range r)
{
	enum access how = below(2) ? READ : WRITE;

	for (int i = r.from; i < r.to; i++) {
		struct fault want = foreseen(&model[i], how), got = try_access(at(i) + 8, how);

		expect(got.signal, want.signal, how == READ ? "a read" : "a write", r);
		expect(got.code, want.code, "the code of an access", r);
		if (want.signal)
			continue;
		if (!model[i].present)
			model[i].letter = 0;
		model[i].present = true;
		expect(at(i)[9], model[i].letter, "a byte", r);
	}
}

/* A child has the same pages, none of them watched. */
static void do_fork(struct range r)
{
	pid_t pid = test_fork();

	if (pid == 0) {
		for (int i = 0; i < PAGES; i++) {
			if (!model[i].mapped || model[i].prot == PROT_NONE)
				continue;
			expect(at(i)[9], model[i].present ? model[i].letter : 0, "a child's byte",
			       r);
			if (model[i].prot == RW)
				at(i)[9] = 'Z';
		}
		_exit(0);
	}
	EXPECT_EXIT(pid, 0);
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
		if (model[i].present && model[i].prot != PROT_NONE)
			expect(at(i)[9], model[i].letter, "a byte", r);
	}
}

/* ---- the test ---------------------------------------------------------------------------------- */

static void (*const calls[])(struct range) = {
	do_register, do_register, do_unregister, do_copy,     do_copy,	 do_copy,
	do_zeropage, do_protect,  do_protect,	 do_mprotect, do_munmap, do_mmap,
	do_mmap,     do_access,	  do_access,	 do_drop,     do_move,
};

static void play(void)
{
	state = seed;
	memset(model, 0, sizeof(model));
	do_mmap((struct range){0, PAGES});
	for (step = 0; step < STEPS; step++) {
		calls[below(sizeof(calls) / sizeof(calls[0]))](some_range());
		compare_all();
		if (step % 100 == 50)
			do_fork((struct range){0, PAGES});
	}
	EXPECT_QUIET(fd);
}

TEST_SLOW("REG-8,REG-9,UNR-3,CPY-3,CPY-4,CPY-5,ZER-4,WPR-2,WPR-3,WPR-7,UVMA-4,UVMA-9,UFLT-13",
	  "random calls give what a model of the pages foresees", 120)
{
	base = map_alone(PAGES, RW);
	sources = letters("abcdefghijklmnopqrstuvwxyz");
	fd = uffd_open(UFFD_FEATURE_SIGBUS);
	pagemap_fd = EXPECT_OK(raw_open("/proc/self/pagemap", O_RDONLY, 0));
	for (seed = 1; seed <= 12; seed++)
		play();
}
