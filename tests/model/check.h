/* SPDX-License-Identifier: MIT */
/*
 * check.h - runs a program on the machine and on the plain model, and compares them.
 */
#ifndef TESTS_MODEL_CHECK_H
#define TESTS_MODEL_CHECK_H

#include "program.h"

/*
 * Runs @program. At the first difference it says what differs and aborts; the state of the machine is
 * of no use then. @verbose: prints each operation with its result.
 */
void check_program(const struct program *program, bool verbose);
/* How many allocations OP_FAIL has made fail, in all programs so far. */
extern unsigned int check_failures;

#endif
