// SPDX-License-Identifier: MIT
/*
 * tests/model/check.c - runs a program on the machine and on the plain model, and compares them.
 *
 * After each operation: the result; every page of every process (mapped, rights, sharing, lock, what
 * its entry allows, its bytes, where its area ends); every file; mm_verify(); the TLB against the
 * tables. After the program: what is in use, against before.
 *
 * When an allocation was made to fail and the operation failed for it, the rules are: a call that can
 * be undone has changed nothing; what another has changed is not known to the plain model, and from
 * there on only the kernel's own rules are checked, and that nothing leaks.
 */
#include "check.h"
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include "machine.h"
#include "plain.h"

unsigned int check_failures;

static const struct program *running;
static unsigned int step_nr;
static bool blind; /* the plain model does not know any more */

static __attribute__((noreturn, format(printf, 1, 2))) void differs(const char *fmt, ...)
{
	char line[160] = "the end of the program";
	va_list args;

	if (step_nr < running->nr)
		op_print(&running->op[step_nr], line, sizeof(line));
	printf("step %u, %s: ", step_nr + 1, line);
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	printf("\n");
	fflush(NULL);
	abort();
}

/* ---- Pages ---------------------------------------------------------------------------------------- */

static bool is_zero(const unsigned char *bytes)
{
	static const unsigned char zeroes[PAGE];

	return !memcmp(bytes, zeroes, PAGE);
}

static bool same_bytes(const unsigned char *a, const unsigned char *b)
{
	if (!a || !b)
		return (!a || is_zero(a)) && (!b || is_zero(b));
	return a == b || !memcmp(a, b, PAGE);
}

#define SAME(what, kernel, model)                                                                  \
	do {                                                                                       \
		unsigned long __k = (kernel), __m = (model);                                       \
		if (__k != __m)                                                                    \
			differs("process %d, page %#lx: %s is %#lx, should be %#lx", proc,         \
				i *PAGE, what, __k, __m);                                          \
	} while (0)

#define MUST(condition, what)                                                                      \
	do {                                                                                       \
		if (!(condition))                                                                  \
			differs("process %d, page %#lx: %s", proc, i *PAGE, what);                 \
	} while (0)

static void compare_entry(int proc, unsigned int i, const struct machine_page *k,
			  const struct plain_page *m)
{
	MUST(!k->write || (m->prot & 2), "the entry is writable");
	MUST(!k->exec || (m->prot & 4), "the entry is executable");
	MUST(!k->read || m->prot, "the entry allows access");
	MUST(!k->write || m->flags & PP_SHARED || m->copy,
	     "a page that is not private is writable");
	MUST(m->copy || !plain_beyond_end(m), "a page beyond the end of the file is mapped");
	MUST(same_bytes(k->data, plain_content(m)), "the bytes differ");
}

static void compare_page(int proc, unsigned int i)
{
	struct plain_page *m = &plain[proc].page[i];
	struct machine_page k;

	machine_page(proc, i, &k);
	SAME("mapped", k.mapped, m->mapped);
	if (!k.mapped) {
		MUST(!k.present, "an entry outside of all areas");
		return;
	}
	SAME("the protection", k.prot, m->prot);
	SAME("shared", k.shared, !!(m->flags & PP_MAYSHARE));
	SAME("locked", k.locked, !!(m->flags & PP_LOCKED));
	if (!plain[proc].loose &&
	    (k.vma_end < WINDOW_SIZE || plain_area_end(&plain[proc], i) < WINDOW_PAGES))
		SAME("the end of the area", k.vma_end, plain_area_end(&plain[proc], i) * PAGE);
	if (m->freed && (!k.present || (is_zero(k.data) && !is_zero(m->copy))))
		plain_drop_copy(m); /* MADV_FREE: it was taken back */
	if (k.present)
		compare_entry(proc, i, &k, m);
	else if (m->copy)
		MUST(!plain_beyond_end(m) &&
			     same_bytes(m->copy, m->obj ? m->obj->page[m->pgoff] : NULL),
		     "a private page is lost");
}

static void compare_files(void)
{
	int proc = -1;

	for (int fd = 0; fd < NR_FILES - 1; fd++) {
		if (machine_file_size(fd) != plain_file[fd]->size)
			differs("the size of file %d is %#lx, should be %#lx", fd,
				machine_file_size(fd), plain_file[fd]->size);
		for (unsigned int i = 0; i < FILE_PAGES; i++)
			MUST(same_bytes(machine_file_page(fd, i), plain_file[fd]->page[i]),
			     "the bytes of a file differ");
	}
}

static void compare_all(void)
{
	for (int proc = 0; proc < NR_PROCS; proc++) {
		const char *why;

		if (machine_alive(proc) != plain[proc].alive && !blind)
			differs("process %d: alive is %d", proc, machine_alive(proc));
		if (!machine_alive(proc))
			continue;
		if (machine_verify(proc))
			differs("process %d: mm_verify found broken rules", proc);
		why = mmu_check_tlb(proc);
		if (why)
			differs("process %d: %s", proc, why);
		for (unsigned int i = 0; i < WINDOW_PAGES && !blind; i++)
			compare_page(proc, i);
	}
	if (!blind)
		compare_files();
}

/* Areas that fork or the growth of a stack did not merge: the plain model takes them as they are. */
static void observe_areas(int proc)
{
	struct machine_page k;

	for (unsigned int i = 0; i < WINDOW_PAGES; i++) {
		machine_page(proc, i, &k);
		plain[proc].area_end[i] = k.vma_end < WINDOW_SIZE ? k.vma_end / PAGE : WINDOW_PAGES;
	}
}

/* ---- Steps ---------------------------------------------------------------------------------------- */

static void check_result(const struct op *op, long got, long want)
{
	char name[2][32];

	/* What mincore says of pages that nobody needs is the kernel's affair. */
	if (op->code == OP_MINCORE && got >= 0 && want >= 0 && (got & want) == want)
		return;
	if (got != want)
		differs("the result is %s, should be %s", result_name(got, name[0], 32),
			result_name(want, name[1], 32));
}

/* A call that changes all or nothing when memory runs out. */
static bool is_atomic(const struct op *op)
{
	switch (op->code) {
	case OP_MUNMAP:
	case OP_FORK:
	case OP_MINCORE:
	case OP_MSYNC:
	case OP_READ:
	case OP_WRITE:
		return true;
	case OP_MREMAP:
		return !(op->arg[3] & MREMAP_FIXED);
	case OP_MMAP:
		return !(op->arg[3] & MAP_FIXED);
	default:
		return false;
	}
}

/* A call that may stop early, or whose populating may: its success says nothing of what it did. */
static bool may_do_less(const struct op *op)
{
	return !is_atomic(op) || op->code == OP_MREMAP || op->code == OP_MMAP;
}

static bool is_transfer(const struct op *op)
{
	return op->code == OP_PREAD || op->code == OP_PWRITE;
}

/* An allocation has failed meanwhile. */
static void check_failed(const struct op *op, long got)
{
	bool shortage = got == -ENOMEM || got == -EAGAIN;
	long want;

	if (shortage && is_atomic(op))
		return; /* and nothing may have changed */
	want = plain_step(op);
	blind = may_do_less(op);
	if (got == want || shortage || (got >= 0 && op->code == OP_BRK))
		return;
	if (got == -EFAULT && want >= 0 && (is_transfer(op) || op->code == OP_MADVISE))
		return;
	if (got < 0 || !is_transfer(op) || got > want)
		check_result(op, got, want);
}

/* Addresses and lengths of programs that people write may lead out of the window. */
static bool inside(const struct op *op)
{
	const unsigned long *a = op->arg;
	const unsigned long limit = WINDOW_SIZE;

	switch (op->code) {
	case OP_MREMAP:
		return a[0] < limit && a[4] < limit && a[1] <= limit - a[0] &&
		       a[2] <= limit - a[4] && a[2] <= limit - a[0];
	case OP_PREAD:
	case OP_PWRITE:
		return a[2] < limit && a[3] <= limit - a[2] && a[1] + a[3] <= FILE_PAGES * PAGE;
	case OP_LIMIT:
		return a[0] <= 1 && a[1] >= 16 &&
		       a[1] <= 1 << 20; /* below, brk has rules of its own */
	case OP_TRUNCATE:
		return a[1] <= FILE_PAGES * PAGE;
	case OP_FALLOCATE:
		return a[2] <= FILE_PAGES * PAGE && a[3] <= FILE_PAGES * PAGE - a[2];
	case OP_BRK:
		return a[0] < limit / 2;
	case OP_MMAP:
		if (a[5] > FILE_PAGES * PAGE)
			return false;
		/* fall through */
	case OP_MUNMAP:
	case OP_MPROTECT:
	case OP_MADVISE:
	case OP_MLOCK:
	case OP_MUNLOCK:
	case OP_MSYNC:
	case OP_MINCORE:
	case OP_READ:
	case OP_WRITE:
		return a[0] < limit && a[1] <= limit - a[0];
	default:
		return true;
	}
}

static void step(const struct op *op, bool verbose)
{
	long got;

	if (!inside(op))
		return;
	if (plain[machine_current()].loose)
		observe_areas(machine_current());
	got = machine_step(op);
	check_failures += machine_failed();
	if (verbose) {
		char line[160], name[32];

		op_print(op, line, sizeof(line));
		printf("%2u  P%d  %-60s = %s\n", step_nr + 1, machine_current(), line,
		       result_name(got, name, sizeof(name)));
	}
	if (!blind && machine_failed())
		check_failed(op, got);
	else if (!blind)
		check_result(op, got, plain_step(op));
	compare_all();
}

static void check_leaks(const struct machine_usage *before, const struct machine_usage *after)
{
	for (unsigned int i = 0; i < after->nr; i++) {
		if (before->slab[i].objects != after->slab[i].objects)
			differs("leak: %s has %lu objects, had %lu", after->slab[i].name,
				after->slab[i].objects, before->slab[i].objects);
	}
	if (before->pages != after->pages)
		differs("leak: %lu pages in use, were %lu", after->pages, before->pages);
	if (before->committed != after->committed)
		differs("leak: %lu pages committed, were %lu", after->committed, before->committed);
}

void check_program(const struct program *program, bool verbose)
{
	static struct machine_usage before, after;

	running = program;
	blind = false;
	machine_usage(&before);
	machine_start();
	plain_start();
	for (step_nr = 0; step_nr < program->nr; step_nr++)
		step(&program->op[step_nr], verbose);
	machine_end();
	plain_end();
	machine_usage(&after);
	check_leaks(&before, &after);
}
