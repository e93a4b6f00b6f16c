// SPDX-License-Identifier: MIT
/*
 * lib/uffd_row.c - see lib/uffd_row.h.
 */
#include <string.h>

#include "lib/maps.h"
#include "lib/test.h"
#include "lib/uffd.h"
#include "lib/uffd_row.h"

struct page row[ROW_PAGES];
int row_fd, row_memfd = -1;
char *row_alias;

static enum row_kind kind;
static char *base, *sources; /* sources: a page of each letter from 'a' on */
static int pagemap_fd, step;
static unsigned int seed;

char *row_at(int page)
{
	return base + page * PAGE;
}

size_t row_bytes(struct range r)
{
	return (r.to - r.from) * PAGE;
}

static int count_mapped(struct range r)
{
	int count = 0;

	for (int i = r.from; i < r.to; i++)
		count += row[i].mapped;
	return count;
}

bool row_mapped(struct range r)
{
	return count_mapped(r) == r.to - r.from;
}

bool row_uniform(struct range r)
{
	for (int i = r.from; i < r.to; i++)
		if (!row[i].mapped || row[i].prot != row[r.from].prot ||
		    row[i].mode != row[r.from].mode)
			return false;
	return true;
}

char row_letter(const struct page *page)
{
	return page->own ? page->mine : page->letter;
}

void row_expect(long got, long want, const char *what, struct range r)
{
	if (got != want)
		FAIL("seed %u step %d: %s of pages %d-%d gives %ld, not %ld", seed, step, what,
		     r.from, r.to - 1, got, want);
}

/* ---- the calls --------------------------------------------------------------------------------- */

/* WP is not taken away from an area by another mode: Linux would remember the marks (REG-9). */
void row_register(struct range r)
{
	int mode = 1 + random_below(kind == ROW_ANONYMOUS ? 3 : 7);

	for (int i = r.from; i < r.to; i++)
		if (row[i].mode & WP && !(mode & WP) && (row[i].mode & mode) != mode)
			return;
	row_expect(uffd_register(row_fd, row_at(r.from), row_bytes(r), mode),
		   count_mapped(r) ? 0 : -EINVAL, "register", r);
	for (int i = r.from; i < r.to; i++)
		if (row[i].mapped && (row[i].mode & mode) != mode)
			row[i].mode = mode;
}

void row_unregister(struct range r)
{
	row_expect(uffd_unregister(row_fd, row_at(r.from), row_bytes(r)),
		   count_mapped(r) ? 0 : -EINVAL, "unregister", r);
	for (int i = r.from; i < r.to; i++)
		row[i].mode = row[i].marked = 0;
}

/* The page gets these contents, in the object or for this mapping alone. */
static void set_letter(struct page *page, char letter)
{
	page->own = kind != ROW_SHARED;
	if (page->own) {
		page->mine = letter;
	} else {
		page->in_object = true;
		page->letter = letter;
	}
}

void row_filled(struct range r, long got, long first, long (*refuse)(const struct page *),
		bool mark, int letter, const char *what)
{
	long want = !row_uniform(r) || !row[r.from].mode ? -ENOENT : first;
	int i = r.from;

	if (got == -ENOENT && r.to - r.from > 1)
		return; /* several areas, to the kernel */
	for (; !want && i < r.to; i++) {
		want = refuse(&row[i]);
		if (want)
			break;
		row[i].present = true;
		row[i].marked = mark;
		if (letter >= 0)
			set_letter(&row[i], letter ? letter + i - r.from : 0);
	}
	if (want && i > r.from)
		want = -EAGAIN;
	row_expect(got, want, what, r);
	row_expect(uffd_done, i > r.from || !want ? (i - r.from) * (long)PAGE : want, what, r);
}

static long refuse_copy(const struct page *page)
{
	return (kind == ROW_SHARED ? page->in_object : page->present) ? -EEXIST : 0;
}

void row_copy(struct range r)
{
	bool mark = random_below(3) == 0, refused = mark && !(row[r.from].mode & WP);
	int letter = random_below(2);
	long got = uffd_copy(row_fd, row_at(r.from), sources + letter * PAGE, row_bytes(r),
			     mark ? COPY_WP : 0);

	row_filled(r, got, refused ? -EINVAL : 0, refuse_copy, mark, 'a' + letter, "copy");
}

/* Not where a hole may be punched below a private mapping: there Linux drops the page of zeros. */
void row_zeropage(struct range r)
{
	if (kind != ROW_PRIVATE)
		row_filled(r, uffd_zeropage(row_fd, row_at(r.from), row_bytes(r), 0), 0,
			   refuse_copy, false, 0, "zeropage");
}

/* A mark stands with or without a page, in anonymous memory only with one. */
void row_protect(struct range r)
{
	int mode = random_below(3) ? PROTECT : UNPROTECT;
	long got = uffd_writeprotect(row_fd, row_at(r.from), row_bytes(r), mode);

	if (got == -ENOENT && r.to - r.from > 1)
		return;
	row_expect(got, row_uniform(r) && row[r.from].mode & WP ? 0 : -ENOENT, "writeprotect", r);
	for (int i = r.from; !got && i < r.to; i++)
		row[i].marked = mode == PROTECT && (kind != ROW_ANONYMOUS || row[i].present);
}

void row_mprotect(struct range r)
{
	static const int prots[] = {RW, RW, PROT_READ, PROT_NONE};
	int prot = prots[random_below(4)];

	if (!row_mapped(r))
		return; /* a part of it would be done */
	row_expect(raw_mprotect(row_at(r.from), row_bytes(r), prot), 0, "mprotect", r);
	for (int i = r.from; i < r.to; i++)
		row[i].prot = prot;
}

/* The object stays. */
static void forget_mapping(struct range r, bool mapped)
{
	for (int i = r.from; i < r.to; i++)
		row[i] = (struct page){.mapped = mapped,
				       .prot = mapped ? RW : 0,
				       .in_object = row[i].in_object,
				       .letter = row[i].letter};
}

void row_munmap(struct range r)
{
	row_expect(raw_munmap(row_at(r.from), row_bytes(r)), 0, "munmap", r);
	forget_mapping(r, false);
}

void row_mmap(struct range r)
{
	static const int flags[] = {PRIVATE, MAP_SHARED, MAP_PRIVATE};
	char *p = row_at(r.from);

	row_expect(raw_mmap(p, row_bytes(r), RW, flags[kind] | MAP_FIXED, row_memfd, r.from * PAGE),
		   (long)p, "mmap", r);
	forget_mapping(r, true);
}

/* Marks outlive the pages of an object. */
void row_drop(struct range r)
{
	row_expect(raw_madvise(row_at(r.from), row_bytes(r), MADV_DONTNEED),
		   row_mapped(r) ? 0 : -ENOMEM, "MADV_DONTNEED", r);
	for (int i = r.from; i < r.to; i++) {
		row[i].present = row[i].own = false;
		row[i].marked &= kind != ROW_ANONYMOUS;
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
		page->in_object = kind != ROW_ANONYMOUS;
		if (kind == ROW_ANONYMOUS || (kind == ROW_PRIVATE && how == WRITE))
			set_letter(page, page->letter);
	}
	page->present = true;
	if (how == WRITE && page->marked)
		return (struct fault){.signal = SIGBUS, .code = BUS_ADRERR};
	if (kind == ROW_PRIVATE && how == WRITE && !page->own)
		set_letter(page, page->letter);
	return (struct fault){0};
}

/* A read may map pages of an object around it where no one watches: those areas are only written. */
void row_access(struct range r)
{
	for (int i = r.from; i < r.to; i++) {
		bool alone = kind == ROW_ANONYMOUS || row[i].mode & (WP | MINOR);
		enum access how = alone && random_below(2) ? READ : WRITE;
		struct fault want = foresee(&row[i], how), got = try_access(row_at(i) + 8, how);

		row_expect(got.signal, want.signal, how == READ ? "a read" : "a write", r);
		row_expect(got.code, want.code, "the code of an access", r);
	}
}

static void compare_all(void)
{
	uint64_t words[ROW_PAGES];

	EXPECT_EQ(raw_pread(pagemap_fd, words, sizeof(words), (unsigned long)base / PAGE * 8),
		  sizeof(words));
	for (int i = 0; i < ROW_PAGES; i++) {
		struct range r = {i, i + 1};

		row_expect(!!(words[i] & PM_PRESENT), row[i].present, "presence", r);
		row_expect(!!(words[i] & PM_UFFD_WP), row[i].marked, "the mark", r);
		row_expect(!!(words[i] & PM_SWAP), row[i].marked && !row[i].present, "the marker",
			   r);
		if (row[i].present && row[i].prot != PROT_NONE)
			row_expect(row_at(i)[9], row_letter(&row[i]), "a byte", r);
	}
}

/* ---- the play ---------------------------------------------------------------------------------- */

void row_new(enum row_kind row_kind)
{
	kind = row_kind;
	base = map_alone(ROW_PAGES, RW);
	sources = letters("abcdefghijklmnopqrstuvwxyz");
	row_fd = uffd_open(UFFD_FEATURE_SIGBUS);
	pagemap_fd = EXPECT_OK(raw_open("/proc/self/pagemap", O_RDONLY, 0));
	if (kind == ROW_ANONYMOUS)
		return;
	row_memfd = memfd_new(ROW_PAGES);
	row_alias = map_fd(row_memfd, ROW_PAGES, RW, MAP_SHARED);
}

/* Short ranges more often. */
static struct range some_range(void)
{
	struct range r = {random_below(ROW_PAGES), 0};

	r.to = r.from + 1 + random_below(random_below(3) ? 2 : ROW_PAGES);
	if (r.to > ROW_PAGES)
		r.to = ROW_PAGES;
	return r;
}

void row_play(unsigned int row_seed, row_call *const *calls, size_t count)
{
	seed = random_seed = row_seed;
	row_mmap(ROW_ALL);
	for (step = 0; step < ROW_STEPS; step++) {
		calls[random_below(count)](some_range());
		compare_all();
	}
	EXPECT_QUIET(row_fd);
}
