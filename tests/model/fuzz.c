// SPDX-License-Identifier: MIT
/*
 * tests/model/fuzz.c - the model for libFuzzer: its bytes are the choices of the generator.
 *
 * The first byte says whether allocations fail. FUZZ_PRINT=1 prints the program, so that
 * `FUZZ_PRINT=1 build/tests/model/fuzz crash-FILE` tells what a saved input does.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include "check.h"
#include "machine.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	machine_boot();
	return 0;
}

static void print_program(const struct program *program)
{
	char line[160];

	for (unsigned int i = 0; i < program->nr; i++) {
		op_print(&program->op[i], line, sizeof(line));
		printf("%s\n", line);
	}
	fflush(stdout);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct choices choices = {.from_bytes = true, .bytes = data + 1, .nr = size - 1};
	struct program program;

	if (size < 2)
		return 0;
	generate(&program, &choices, data[0] & 1 ? GEN_FAIL : 0);
	if (getenv("FUZZ_PRINT"))
		print_program(&program);
	check_program(&program, false);
	return 0;
}
