/* SPDX-License-Identifier: MIT */
/*
 * guest.h - what the parts of tests/model/guest share.
 */
#ifndef TESTS_MODEL_GUEST_H
#define TESTS_MODEL_GUEST_H

#include "program.h"

#define FIRST_FD 100 /* of the program's files */

/* Shared by the processes of a program. */
struct turns {
	unsigned int turn; /* whose it is; a futex */
	unsigned int step;
	bool alive[NR_PROCS], over;
	unsigned long hash;
};

/* guest.c */
extern struct turns *turns;
extern bool verbose;
extern int self; /* the number of this process */
__attribute__((noreturn)) void die(const char *why);
/* -errno as the kernel returns it. */
long call(long nr, long a, long b, long c, long d, long e, long f);

/* guest_window.c: the address space of a process, where the program has its window. */
#define MAPS_SIZE (256 * 1024)
extern char maps[MAPS_SIZE]; /* the text of /proc/self/maps */
extern unsigned long window;
extern unsigned long around[2]; /* pages outside the window: all, data */
void read_maps(void);
/* A field of /proc/self/status, in kB. */
unsigned long status_field(const char *name);
/* Chooses the window and maps everything around it. */
void make_window(void);
void open_files(void);

/* guest_calls.c: one operation, but that OP_FORK is the caller's. */
void catch_faults(void);
long do_read(unsigned long addr, unsigned long len);
long do_op(const struct op *op);

/* guest_trace.c */
void trace(const struct op *op, int number, long result);
/* Adds what this process leaves behind. */
void finish_process(void);

#endif
