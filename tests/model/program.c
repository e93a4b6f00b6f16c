// SPDX-License-Identifier: MIT
/*
 * tests/model/program.c - the text form of programs.
 */
#include "program.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct word {
	const char *name;
	unsigned long value;
};

/* The ABI's numbers, so that nothing hangs on the headers of the host. */
static const struct word prot_words[] = {
	{"r", 1}, {"w", 2}, {"x", 4}, {"growsdown", 0x1000000}, {"growsup", 0x2000000}, {0}};
static const struct word map_words[] = {{"validate", 3},
					{"shared", 1},
					{"private", 2},
					{"fixed", 0x10},
					{"anon", 0x20},
					{"growsdown", 0x100},
					{"locked", 0x2000},
					{"noreserve", 0x4000},
					{"populate", 0x8000},
					{"nonblock", 0x10000},
					{"stack", 0x20000},
					{"noreplace", 0x100000},
					{0}};
static const struct word mremap_words[] = {{"maymove", 1}, {"fixed", 2}, {"dontunmap", 4}, {0}};
static const struct word msync_words[] = {{"async", 1}, {"invalidate", 2}, {"sync", 4}, {0}};
static const struct word mlock_words[] = {{"onfault", 1}, {0}};
static const struct word mlockall_words[] = {{"current", 1}, {"future", 2}, {"onfault", 4}, {0}};
static const struct word falloc_words[] = {{"keep", 1}, {"punch", 2}, {0}};
static const struct word limit_words[] = {{"as", 0}, {"data", 1}, {0}};
static const struct word file_words[] = {{"none", -1UL}, {0}};
static const struct word advice_words[] = {{"normal", 0},
					   {"random", 1},
					   {"sequential", 2},
					   {"willneed", 3},
					   {"dontneed", 4},
					   {"free", 8},
					   {"remove", 9},
					   {"dontfork", 10},
					   {"dofork", 11},
					   {"mergeable", 12},
					   {"unmergeable", 13},
					   {"hugepage", 14},
					   {"nohugepage", 15},
					   {"dontdump", 16},
					   {"dodump", 17},
					   {"wipeonfork", 18},
					   {"keeponfork", 19},
					   {"cold", 20},
					   {"pageout", 21},
					   {"populate_read", 22},
					   {"populate_write", 23},
					   {"dontneed_locked", 24},
					   {0}};

/* What an argument is: a number, one word, or words that are joined. */
struct kind {
	const struct word *words;
	bool joined;
};

static const struct kind kinds[128] = {
	['x'] = {},
	['p'] = {prot_words, true},
	['m'] = {map_words, true},
	['r'] = {mremap_words, true},
	['s'] = {msync_words, true},
	['l'] = {mlock_words, true},
	['L'] = {mlockall_words, true},
	['c'] = {falloc_words, true},
	['f'] = {file_words, false},
	['a'] = {advice_words, false},
	['w'] = {limit_words, false},
};

/* The operations: name, and a letter of the table above for each argument. */
static const struct {
	const char *name, *args;
} ops[NR_OPS] = {
	[OP_MMAP] = {"mmap", "xxpmfx"},
	[OP_MUNMAP] = {"munmap", "xx"},
	[OP_MPROTECT] = {"mprotect", "xxp"},
	[OP_MREMAP] = {"mremap", "xxxrx"},
	[OP_MADVISE] = {"madvise", "xxa"},
	[OP_BRK] = {"brk", "x"},
	[OP_MLOCK] = {"mlock", "xxl"},
	[OP_MUNLOCK] = {"munlock", "xx"},
	[OP_MLOCKALL] = {"mlockall", "L"},
	[OP_MUNLOCKALL] = {"munlockall", ""},
	[OP_MSYNC] = {"msync", "xxs"},
	[OP_MINCORE] = {"mincore", "xx"},
	[OP_READ] = {"read", "xx"},
	[OP_WRITE] = {"write", "xxx"},
	[OP_PREAD] = {"pread", "fxxx"},
	[OP_PWRITE] = {"pwrite", "fxxx"},
	[OP_TRUNCATE] = {"truncate", "fx"},
	[OP_FALLOCATE] = {"fallocate", "fcxx"},
	[OP_FORK] = {"fork", "x"},
	[OP_SWITCH] = {"switch", "x"},
	[OP_EXIT] = {"exit", ""},
	[OP_LIMIT] = {"limit", "wx"},
	[OP_RECLAIM] = {"reclaim", "x"},
	[OP_FAIL] = {"fail", "x"},
};

/* ---- Printing -------------------------------------------------------------------------------- */

struct text {
	char *at;
	size_t left;
};

static void put(struct text *t, const char *s)
{
	for (; *s && t->left > 1; t->left--)
		*t->at++ = *s++;
	*t->at = 0;
}

static void put_number(struct text *t, unsigned long n)
{
	char buf[32];

	snprintf(buf, sizeof(buf), n < 10 ? "%lu" : "%#lx", n);
	put(t, buf);
}

static void put_argument(struct text *t, const struct kind *kind, unsigned long value)
{
	const struct word *w = kind->words;
	bool any = false;

	for (; w && w->name; w++) {
		if (kind->joined ? !w->value || (value & w->value) != w->value : value != w->value)
			continue;
		put(t, any ? "|" : "");
		put(t, w->name);
		any = true;
		if (!kind->joined)
			return;
		value &= ~w->value;
	}
	if (any && !value)
		return;
	put(t, any ? "|" : "");
	put_number(t, value);
}

int op_print(const struct op *op, char *buf, size_t size)
{
	struct text t = {buf, size};
	const char *arg = ops[op->code].args;

	put(&t, ops[op->code].name);
	for (int i = 0; arg[i]; i++) {
		put(&t, " ");
		put_argument(&t, &kinds[(int)arg[i]], op->arg[i]);
	}
	return t.at - buf;
}

/* ---- Parsing --------------------------------------------------------------------------------- */

/* The next word of a line, cut at white space or @stop; false at its end. */
static bool next_word(const char **line, char *word, size_t size, char stop)
{
	size_t n = 0;

	*line += strspn(*line, " \t");
	while (**line && **line != '#' && **line != '\n' && n < size - 1) {
		if (**line == ' ' || **line == '\t' || **line == stop)
			break;
		word[n++] = *(*line)++;
	}
	word[n] = 0;
	return n;
}

static bool parse_word(const struct kind *kind, const char *word, unsigned long *value)
{
	const struct word *w = kind->words;
	char *end;

	for (; w && w->name; w++) {
		if (!strcmp(w->name, word)) {
			*value |= w->value;
			return true;
		}
	}
	*value |= strtoul(word, &end, 0);
	return !*end;
}

static bool parse_argument(const struct kind *kind, const char **line, unsigned long *value)
{
	char word[32];

	*value = 0;
	do {
		if (!next_word(line, word, sizeof(word), kind->joined ? '|' : 0))
			return false;
		if (!parse_word(kind, word, value))
			return false;
	} while (kind->joined && **line == '|' && (*line)++);
	return true;
}

int op_parse(struct op *op, const char *line)
{
	char name[32];

	*op = (struct op){0};
	if (!next_word(&line, name, sizeof(name), 0))
		return 0;
	while (op->code < NR_OPS && strcmp(ops[op->code].name, name))
		op->code++;
	if (op->code == NR_OPS)
		return -1;
	for (int i = 0; ops[op->code].args[i]; i++) {
		if (!parse_argument(&kinds[(int)ops[op->code].args[i]], &line, &op->arg[i]))
			return -1;
	}
	return next_word(&line, name, sizeof(name), 0) ? -1 : 1;
}

int program_parse(struct program *program, const char *text)
{
	int number = 1;

	program->nr = 0;
	for (; *text; number++) {
		int got = op_parse(&program->op[program->nr], text);

		if (got < 0)
			return number;
		program->nr += got;
		if (program->nr == MAX_OPS)
			break;
		text += strcspn(text, "\n");
		text += *text == '\n';
	}
	return 0;
}

/* ---- Results --------------------------------------------------------------------------------- */

const char *result_name(long result, char *buf, size_t size)
{
	static const struct word errors[] = {{"EPERM", EPERM},
					     {"ENOENT", ENOENT},
					     {"EINTR", EINTR},
					     {"ENXIO", ENXIO},
					     {"EBADF", EBADF},
					     {"EAGAIN", EAGAIN},
					     {"ENOMEM", ENOMEM},
					     {"EACCES", EACCES},
					     {"EFAULT", EFAULT},
					     {"EBUSY", EBUSY},
					     {"EEXIST", EEXIST},
					     {"ENODEV", ENODEV},
					     {"EINVAL", EINVAL},
					     {"ETXTBSY", ETXTBSY},
					     {"EFBIG", EFBIG},
					     {"ENOSPC", ENOSPC},
					     {"EOVERFLOW", EOVERFLOW},
					     {"EOPNOTSUPP", EOPNOTSUPP},
					     {0}};
	static const struct word signals[] = {{"SEGV_MAPERR", -SIGNAL(11, 1)},
					      {"SEGV_ACCERR", -SIGNAL(11, 2)},
					      {"BUS_ADRERR", -SIGNAL(7, 2)},
					      {0}};
	const struct word *w;

	for (w = result < -9999 ? signals : errors; result < 0 && w->name; w++) {
		if (w->value == -(unsigned long)result)
			return w->name;
	}
	snprintf(buf, size, result > 4096 ? "%#lx" : "%ld", result);
	return buf;
}
