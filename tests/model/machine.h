/* SPDX-License-Identifier: MIT */
/*
 * machine.h - the simulated machine: mm/ over an arena, and processes that use it by a software
 * MMU. Between the kernel's headers and libc's, so it has plain C types only.
 *
 * Addresses are offsets into the window: WINDOW_PAGES pages of user memory that programs play in.
 * All other user addresses are occupied, so that an address that the kernel chooses lies there too.
 */
#ifndef TESTS_MODEL_MACHINE_H
#define TESTS_MODEL_MACHINE_H

#include <stdbool.h>
#include "program.h"

#define WINDOW_BASE                                                                                \
	0x7fffe00000UL /* the middle of the window is at 512 GiB: all tables change there */

/* ---- tests/model/arena.c --------------------------------------------------------------------- */

/* Brings the kernel's memory management up; once. */
void machine_boot(void);
/* What is in use: pages, and objects of each slab. Two such are compared after a program. */
struct machine_usage {
	unsigned long pages, committed;
	struct {
		char name[32];
		unsigned long objects;
	} slab[96];
	unsigned int nr;
};
void machine_usage(struct machine_usage *usage);

/* ---- tests/model/mmu.c ----------------------------------------------------------------------- */

/*
 * The current process reads or writes @len bytes of its memory; *done says how many it got. 0, or
 * the signal as SIGNAL(number, si_code).
 */
int mmu_access(unsigned long addr, void *buf, unsigned long len, bool write, unsigned long *done);
/* Compares what the TLB of process @proc holds with its page tables: what is wrong, or NULL. */
const char *mmu_check_tlb(int proc);

/* ---- tests/model/machine.c ------------------------------------------------------------------- */

/* Process 0 with an empty window, and the files. */
void machine_start(void);
/* All processes exit, all files are closed. */
void machine_end(void);
/* The current process does it. Its result as a program would see it, or a signal. */
long machine_step(const struct op *op);
/* Whether the allocation that OP_FAIL asked for has failed in the last step. */
bool machine_failed(void);
int machine_current(void);
bool machine_alive(int proc);
/* mm_verify() of a process: how many rules are broken. */
int machine_verify(int proc);

/* What stands at a page of the window. */
struct machine_page {
	bool mapped;		   /* a VMA covers it */
	unsigned int prot;	   /* of the VMA: PROT_* */
	bool shared, locked;	   /* VM_MAYSHARE, VM_LOCKED */
	unsigned long vma_end;	   /* as an offset into the window */
	bool present;		   /* there is an entry with a frame */
	bool read, write, exec;	   /* what the entry allows */
	const unsigned char *data; /* the frame */
};
void machine_page(int proc, unsigned int page, struct machine_page *p);
/* Size and content (NULL: a hole) of file @fd. */
unsigned long machine_file_size(int fd);
const unsigned char *machine_file_page(int fd, unsigned long index);

/* The kernel found something wrong and cannot go on. */
__attribute__((noreturn, format(printf, 1, 2))) void machine_panic(const char *fmt, ...);
/* Set to see the kernel's messages. */
extern bool machine_verbose;

#endif
