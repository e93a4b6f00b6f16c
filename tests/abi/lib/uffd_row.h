/* SPDX-License-Identifier: MIT */
/*
 * lib/uffd_row.h - a row of pages that a userfaultfd watches here and there, calls on it in a random
 * order, and a model of what each page must be then.
 *
 * With the feature SIGBUS nobody waits: a page that is missing or protected is a signal, so that one
 * thread can play both sides. The model knows pages and not areas; where a range may be several
 * areas to the kernel, it takes ENOENT or EFAULT for that and looks that nothing has changed.
 */
#ifndef TESTS_ABI_LIB_UFFD_ROW_H
#define TESTS_ABI_LIB_UFFD_ROW_H

#include <stdbool.h>
#include <stddef.h>

#define ROW_PAGES 24
/* Calls that one play makes. */
#define ROW_STEPS 400

/* The memory in the row: anonymous, or a shared or private mapping of one memfd. */
enum row_kind { ROW_ANONYMOUS, ROW_SHARED, ROW_PRIVATE };

/*
 * in_object, letter: of the page of the memfd, never of anonymous memory.
 * own, mine: of the page that is this mapping's alone, private or anonymous.
 * The letter is byte 9, 0 in a page of zeros.
 */
struct page {
	bool mapped, present, marked, in_object, own;
	int prot, mode;
	char letter, mine;
};

extern struct page row[ROW_PAGES];
/* The userfaultfd; the memfd, which an ordinary mapping shows at row_alias. */
extern int row_fd, row_memfd;
extern char *row_alias;

/* Pages from..to-1. */
struct range {
	int from, to;
};
#define ROW_ALL ((struct range){0, ROW_PAGES})

char *row_at(int page);
size_t row_bytes(struct range r);
bool row_mapped(struct range r);
/* Pages of one kind, which may be one area. */
bool row_uniform(struct range r);
/* The byte that an access to a page finds. */
char row_letter(const struct page *page);

/* Fails the test, with seed and step, unless what came is what should have. */
void row_expect(long got, long want, const char *what, struct range r);

/* Calls that all kinds of memory know. */
typedef void row_call(struct range r);
row_call row_register, row_unregister, row_copy, row_zeropage, row_protect;
row_call row_mprotect, row_munmap, row_mmap, row_drop, row_access;

/*
 * What fills has in common, for one that gave `got`: `first` is the error for the whole range, or 0;
 * `refuse` says why a page is not taken, or 0. Those taken get `letter`, `letter` + 1... or zeros
 * for 0, and keep what they have for -1.
 */
void row_filled(struct range r, long got, long first, long (*refuse)(const struct page *),
		bool mark, int letter, const char *what);

/* A new row of this kind, once in a process. */
void row_new(enum row_kind kind);
/* Maps the whole row, makes ROW_STEPS of these calls on it, and compares all pages after each. */
void row_play(unsigned int seed, row_call *const *calls, size_t count);

#endif
