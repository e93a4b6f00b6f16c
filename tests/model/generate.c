// SPDX-License-Identifier: MIT
/*
 * tests/model/generate.c - random programs.
 *
 * Most operations play around the middle of the window, where all levels of the page tables change,
 * so that they meet; now and then one goes elsewhere, or is wrong in some way. The generator knows
 * nothing of what its operations do.
 */
#include "program.h"

#define MIDDLE	   (WINDOW_PAGES / 2)
#define ARRAY(a)   (sizeof(a) / sizeof((a)[0]))
#define PICK(c, a) ((a)[choose(c, ARRAY(a))])

enum { R = 1, W = 2, X = 4 };
enum {
	SHARED = 1,
	PRIVATE = 2,
	VALIDATE = 3,
	FIXED = 0x10,
	ANON = 0x20,
	GROWSDOWN = 0x100,
	LOCKED = 0x2000,
	NORESERVE = 0x4000,
	POPULATE = 0x8000,
	NONBLOCK = 0x10000,
	NOREPLACE = 0x100000
};

static unsigned int next_choice(struct choices *c)
{
	unsigned long long z;

	if (c->from_bytes) {
		if (!c->nr)
			return 0;
		c->nr--;
		return *c->bytes++;
	}
	z = c->state += 0x9e3779b97f4a7c15ULL;
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z >> 33;
}

/* Below n, which is small. */
static unsigned int choose(struct choices *c, unsigned int n)
{
	return next_choice(c) % n;
}

static bool chance(struct choices *c, unsigned int one_in)
{
	return choose(c, one_in) == one_in - 1;
}

/* ---- Ranges -------------------------------------------------------------------------------------- */

static unsigned long page(struct choices *c)
{
	unsigned int where = choose(c, 16);

	if (where < 10)
		return MIDDLE - 6 + choose(c, 12);
	if (where < 13)
		return MIDDLE - 16 + choose(c, 32);
	if (where == 13)
		return choose(c, 8); /* where the heap is */
	if (where == 14)
		return choose(c, 128) * (WINDOW_PAGES / 128);
	return WINDOW_PAGES - 1 - choose(c, 16);
}

static unsigned long pages(struct choices *c)
{
	unsigned int how = choose(c, 12);

	if (how < 9)
		return 1 + choose(c, 6);
	return how < 11 ? 1 + choose(c, 24) : 1 + choose(c, 255) * 2;
}

/* A range of whole pages within the window, seldom with an address or a length that is not so. */
static void range(struct choices *c, unsigned long *addr, unsigned long *len)
{
	unsigned long first = page(c), nr = pages(c);

	if (nr > WINDOW_PAGES - first)
		nr = WINDOW_PAGES - first;
	*addr = first * PAGE;
	*len = nr * PAGE;
	if (chance(c, 24))
		*len -= 1 + choose(c, 200);
	if (chance(c, 48))
		*addr += *len > PAGE ? 1 + choose(c, 100) : 0;
	if (chance(c, 48))
		*len = 0;
	if (*len > WINDOW_SIZE - *addr)
		*len = WINDOW_SIZE - *addr;
}

static unsigned long prot(struct choices *c)
{
	static const unsigned char often[] = {R | W, R | W, R | W, R | W, R,	    R,
					      0,     R | X, W,	   X,	  R | W | X};

	return PICK(c, often);
}

/* ---- Operations ---------------------------------------------------------------------------------- */

static void gen_mmap(struct choices *c, unsigned long *a)
{
	static const unsigned int kinds[] = {PRIVATE | ANON, PRIVATE | ANON, PRIVATE | ANON,
					     PRIVATE | ANON, PRIVATE | ANON, SHARED | ANON,
					     PRIVATE,	     PRIVATE,	     SHARED,
					     SHARED,	     VALIDATE};
	static const unsigned int extras[] = {
		POPULATE, NORESERVE, LOCKED, GROWSDOWN, GROWSDOWN | NORESERVE, POPULATE | NONBLOCK,
		NOREPLACE};

	range(c, &a[0], &a[1]);
	a[2] = prot(c);
	a[3] = PICK(c, kinds);
	if (!chance(c, 4))
		a[3] |= FIXED;
	else if (chance(c, 3))
		a[0] = 0;
	if (chance(c, 4))
		a[3] |= PICK(c, extras);
	a[4] = -1UL;
	if (!(a[3] & ANON)) {
		a[4] = choose(c, chance(c, 32) ? NR_FILES + 1 : NR_FILES);
		a[5] = choose(c, 8) * PAGE;
	}
}

static void gen_mremap(struct choices *c, unsigned long *a)
{
	static const unsigned char flags[] = {1, 1, 1, 3, 3, 3, 5, 7, 0, 0, 2, 4};
	unsigned long len;

	range(c, &a[0], &a[1]);
	range(c, &a[4], &len);
	a[2] = chance(c, 3) ? a[1] : len;
	a[3] = PICK(c, flags);
	if (chance(c, 12) && !(a[3] & 4))
		a[1] = 0;
	if (a[2] > WINDOW_SIZE - a[4])
		a[2] = WINDOW_SIZE - a[4];
	if (a[2] > WINDOW_SIZE - a[0])
		a[2] = WINDOW_SIZE - a[0];
}

static void gen_madvise(struct choices *c, unsigned long *a, unsigned int what)
{
	static const unsigned char advice[] = {4,  4,  4,  8,  8,  8,  8,  9,  9,  10, 11,
					       18, 18, 19, 16, 17, 22, 23, 23, 0,  1,  2,
					       3,  12, 13, 20, 21, 24, 5,  14, 15, 14, 15};
	unsigned int nr = ARRAY(advice);

	range(c, &a[0], &a[1]);
	/* A kernel may have huge pages, and may free at any time. */
	a[2] = advice[choose(c, what & GEN_NATIVE ? nr - 4 : nr)];
	if (what & GEN_NATIVE && a[2] == 8)
		a[2] = 4;
}

/* Bytes within one page: where copies overlap nobody says which byte comes first. */
static void gen_bytes(struct choices *c, unsigned long *addr, unsigned long *len)
{
	*addr = page(c) * PAGE + choose(c, 256) * 16;
	*len = 16;
	if (chance(c, 4)) {
		*addr = page(c) * PAGE;
		*len = (1 + choose(c, 3)) * PAGE;
	}
	if (*len > WINDOW_SIZE - *addr)
		*len = WINDOW_SIZE - *addr;
}

static void gen_file(struct choices *c, enum opcode code, unsigned long *a)
{
	static const unsigned char modes[] = {3, 3, 3, 0, 1, 2};

	a[0] = choose(c, chance(c, 8) ? NR_FILES : NR_FILES - 1);
	if (code == OP_TRUNCATE) {
		a[1] = choose(c, 8) * PAGE + (chance(c, 2) ? choose(c, 256) * 16 : 0);
	} else if (code == OP_FALLOCATE) {
		a[1] = PICK(c, modes);
		a[2] = choose(c, 8) * PAGE + (chance(c, 2) ? choose(c, 256) * 16 : 0);
		a[3] = choose(c, 6) * PAGE + (chance(c, 2) ? choose(c, 256) * 16 : 0);
	} else {
		gen_bytes(c, &a[2], &a[3]);
		a[1] = choose(c, 8) * PAGE + (a[3] % PAGE ? choose(c, 256) * 16 : 0);
	}
}

static void gen_access(struct choices *c, unsigned long *a)
{
	a[0] = page(c) * PAGE + (chance(c, 3) ? choose(c, 256) * 16 : choose(c, 8));
	a[1] = 8;
	if (chance(c, 12))
		a[0] += PAGE - 12; /* may cross into the next page */
	if (a[0] > WINDOW_SIZE - 8)
		a[0] = WINDOW_SIZE - 8;
	a[2] = 1 + choose(c, 200);
}

static void gen_flags(struct choices *c, enum opcode code, unsigned long *a)
{
	static const unsigned char all[] = {2, 2, 1, 3, 6, 4, 0};

	if (code == OP_MLOCKALL) {
		a[0] = PICK(c, all);
		return;
	}
	range(c, &a[0], &a[1]);
	if (code == OP_MPROTECT)
		a[2] = prot(c) | (chance(c, 16) ? 0x1000000 : 0) | (chance(c, 64) ? 0x2000000 : 0);
	else if (code == OP_MSYNC)
		a[2] = choose(c, 8);
	else if (code == OP_MLOCK)
		a[2] = chance(c, 4);
}

static void gen_op(struct choices *c, struct op *op, unsigned int what)
{
	static const unsigned char often[] = {
		OP_MMAP,       OP_MMAP,	    OP_MMAP,	  OP_MMAP,   OP_MMAP,	 OP_MMAP,
		OP_WRITE,      OP_WRITE,    OP_WRITE,	  OP_WRITE,  OP_WRITE,	 OP_WRITE,
		OP_READ,       OP_READ,	    OP_READ,	  OP_MUNMAP, OP_MUNMAP,	 OP_MPROTECT,
		OP_MPROTECT,   OP_MPROTECT, OP_MREMAP,	  OP_MREMAP, OP_MREMAP,	 OP_MADVISE,
		OP_MADVISE,    OP_MADVISE,  OP_BRK,	  OP_MLOCK,  OP_MUNLOCK, OP_MLOCKALL,
		OP_MUNLOCKALL, OP_MSYNC,    OP_MINCORE,	  OP_PREAD,  OP_PWRITE,	 OP_PWRITE,
		OP_TRUNCATE,   OP_TRUNCATE, OP_FALLOCATE, OP_FORK,   OP_FORK,	 OP_RECLAIM,
		OP_LIMIT,      OP_RECLAIM,  OP_SWITCH,	  OP_SWITCH, OP_SWITCH,	 OP_EXIT};
	unsigned long *a = op->arg;

	*op = (struct op){.code = PICK(c, often)};
	switch (op->code) {
	case OP_MMAP:
		gen_mmap(c, a);
		break;
	case OP_MREMAP:
		gen_mremap(c, a);
		break;
	case OP_MADVISE:
		gen_madvise(c, a, what);
		break;
	case OP_BRK:
		a[0] = choose(c, 10) * PAGE + choose(c, 2) * 100;
		break;
	case OP_READ:
	case OP_WRITE:
		gen_access(c, a);
		break;
	case OP_PREAD:
	case OP_PWRITE:
	case OP_TRUNCATE:
	case OP_FALLOCATE:
		gen_file(c, op->code, a);
		break;
	case OP_LIMIT:
		a[0] = choose(c, 2);
		a[1] = chance(c, 3) ? 1 << 20 : 16 + choose(c, 64);
		break;
	case OP_RECLAIM:
		a[0] = 1 + choose(c, 8);
		break;
	case OP_FORK:
	case OP_SWITCH:
		a[0] = choose(c, NR_PROCS);
		break;
	case OP_EXIT:
	case OP_MUNLOCKALL:
		break;
	default:
		gen_flags(c, op->code, a);
	}
}

void generate(struct program *program, struct choices *c, unsigned int what)
{
	unsigned int nr = 8 + choose(c, MAX_OPS - 8);

	/* A file with something in it, and memory to write it from. */
	program->op[0] = (struct op){OP_TRUNCATE, {0, (1 + choose(c, 8)) * PAGE}};
	program->nr = 1;
	while (program->nr < nr && !(c->from_bytes && !c->nr)) {
		struct op *op = &program->op[program->nr];

		gen_op(c, op, what);
		for (int tries = 0; program->nr < 4 && op->code != OP_MMAP && tries < 50; tries++)
			gen_op(c, op, what);
		/* mlockall(2) would lock what is around the window, which is not the same everywhere. */
		if (what & GEN_NATIVE && op->code == OP_MLOCKALL)
			op->arg[0] = 2;
		program->nr++;
		if (what & GEN_FAIL && chance(c, 5) && program->nr < nr) {
			op[1] = op[0];
			op[0] = (struct op){OP_FAIL, {1 + choose(c, 6)}};
			program->nr++;
		}
	}
}
