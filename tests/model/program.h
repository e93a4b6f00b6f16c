/* SPDX-License-Identifier: MIT */
/*
 * program.h - programs of the model: a list of operations, and their text form.
 *
 * The same programs run on mm/ in the model, and on a booted kernel by tests/model/guest.c; so this
 * header and program.c have nothing of the kernel's and little of libc's.
 *
 * One line is one operation: its name, then its arguments. Addresses are offsets into the window,
 * all numbers are in bytes, flags are words joined by '|'. '#' starts a comment.
 *
 *	mmap 0x200000 0x3000 r|w private|anon|fixed none 0
 *	write 0x200ffc 4 7
 *	fork 1
 */
#ifndef TESTS_MODEL_PROGRAM_H
#define TESTS_MODEL_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>

#define PAGE	     4096UL
#define WINDOW_PAGES 1024U
#define WINDOW_SIZE  (WINDOW_PAGES * PAGE)
#define NR_PROCS     4
#define NR_FILES     4 /* 0 to 2 read and write; 3 is file 0 again, opened for reading only */
#define FILE_PAGES   64U
#define MAX_OPS	     64
#define MAX_ARGS     6

enum opcode {
	OP_MMAP,       /* addr len prot flags file offset */
	OP_MUNMAP,     /* addr len */
	OP_MPROTECT,   /* addr len prot */
	OP_MREMAP,     /* addr old_len new_len flags new_addr */
	OP_MADVISE,    /* addr len advice */
	OP_BRK,	       /* addr */
	OP_MLOCK,      /* addr len mlock2-flags */
	OP_MUNLOCK,    /* addr len */
	OP_MLOCKALL,   /* flags */
	OP_MUNLOCKALL, /* */
	OP_MSYNC,      /* addr len flags */
	OP_MINCORE,    /* addr len */
	OP_READ,       /* addr len: bytes of memory */
	OP_WRITE,      /* addr len value: bytes value, value + 1, ... */
	OP_PREAD,      /* file offset addr len: from the file to memory */
	OP_PWRITE,     /* file offset addr len */
	OP_TRUNCATE,   /* file size */
	OP_FALLOCATE,  /* file mode offset len */
	OP_FORK,       /* the process to make, which must not be there */
	OP_SWITCH,     /* the process that goes on */
	OP_EXIT,       /* this process; process 0 goes on */
	OP_LIMIT,      /* which pages: so many pages in the window, of all kinds or of data */
	OP_RECLAIM,    /* memory is short: take back so many pages given up with MADV_FREE */
	OP_FAIL,       /* the n-th allocation of the next operation fails */
	NR_OPS
};

struct op {
	enum opcode code;
	unsigned long arg[MAX_ARGS];
};

struct program {
	unsigned int nr;
	struct op op[MAX_OPS];
};

/* The result of an access that ended with a signal; far below all -errno. */
#define SIGNAL(sig, si_code) (-(10000L + (sig)*100 + (si_code)))
#define IS_SIGNAL(result)    ((result) <= -10000)

/* Writes one line without its end; returns the length, cut at @size. */
int op_print(const struct op *op, char *buf, size_t size);
/* Reads one line. 1, 0 for a line without an operation, -1 for nonsense. */
int op_parse(struct op *op, const char *line);
/* Reads the text of a program. 0, or the number of the first bad line. */
int program_parse(struct program *program, const char *text);
/* "ENOMEM" and the like, "SEGV_MAPERR", or the number. */
const char *result_name(long result, char *buf, size_t size);

/* ---- tests/model/generate.c ------------------------------------------------------------------ */

/* Where random choices come from: a seed, or bytes of a fuzzer (0 when they are used up). */
struct choices {
	unsigned long long state;
	const unsigned char *bytes;
	size_t nr;
	bool from_bytes;
};

#define GEN_FAIL   1 /* make allocations fail */
#define GEN_NATIVE 2 /* only what is the same on every kernel: for the comparison of traces */

void generate(struct program *program, struct choices *choices, unsigned int what);

static inline void choices_seed(struct choices *c, unsigned long long seed)
{
	*c = (struct choices){.state = seed * 0x9e3779b97f4a7c15ULL + 1};
}

#endif
