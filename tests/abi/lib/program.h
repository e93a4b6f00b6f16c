/* SPDX-License-Identifier: MIT */
/*
 * lib/program.h - small programs and scripts, made to be executed.
 */
#ifndef TESTS_ABI_LIB_PROGRAM_H
#define TESTS_ABI_LIB_PROGRAM_H

#include <elf.h>
#include <stddef.h>

/* One page, all of it loaded by ph[0] at PROGRAM_BASE; a test changes it before it is written. */
#define PROGRAM_BASE 0x10000000UL

struct program {
	Elf64_Ehdr eh;
	Elf64_Phdr ph[4]; /* only the first is used at the start */
	char interp[128];
	unsigned char code[2048];
};

/* Pieces of code that work anywhere. */
extern const unsigned char code_exit[], code_exit_end[];   /* exits with 42 */
extern const unsigned char code_argv[], code_argv_end[];   /* writes its argv strings to fd 9 */
extern const unsigned char code_start[], code_start_end[]; /* struct start_state to fd 9 */
extern const unsigned char code_stack[], code_stack_end[]; /* 448 bytes from RSP to fd 9 */

/* What code_start reports of the registers that a program begins with. */
struct start_state {
	unsigned long rsp, rax, rbx, rcx, rdx, rsi, rdi, rbp;
	unsigned long r8, r9, r10, r11, r12, r13, r14, r15, flags;
	unsigned int mxcsr, fcw;
};

#define PROGRAM(code) program_new(code, code##_end)
struct program *program_new(const unsigned char *code, const unsigned char *end);
/* Gives it a second header, PT_INTERP, with this path. */
void program_set_interp(struct program *program, const char *path);

/*
 * Writes an executable file with these bytes below /tmp and returns its path, which is freed by
 * nobody. program_remove() unlinks it.
 */
char *program_write(const void *bytes, size_t size);
char *program_file(const struct program *program);
void program_remove(const char *path);

/*
 * Executes it in a child with these arguments (NULL-terminated; NULL: the path alone) and the
 * environment END=1. Returns the wait status, or -errno when execve fails.
 */
long program_run(const char *path, const char *const *argv);
/* The same, with what the program writes to fd 9; *len is in: room, out: bytes. */
long program_output(const char *path, const char *const *argv, void *buffer, size_t *len);

#endif
