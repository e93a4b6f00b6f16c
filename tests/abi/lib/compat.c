// SPDX-License-Identifier: MIT
/*
 * lib/compat.c - see lib/compat.h. Number in EAX, arguments in EBX, ECX, EDX, ESI, EDI and EBP.
 */
#include <errno.h>

#include "lib/compat.h"
#include "lib/fault.h"
#include "lib/test.h"

struct call32 {
	unsigned long number, args[6];
	long result;
};

/* Saves what the call may change: the entry leaves R8 to R11 zero or as they were. */
static void enter(void *argument)
{
	struct call32 *call = argument;

	__asm__ volatile("push %%rbp\n\t"
			 "push %%rbx\n\t"
			 "push %0\n\t"
			 "mov 0(%0), %%rax\n\tmov 8(%0), %%rbx\n\tmov 16(%0), %%rcx\n\t"
			 "mov 24(%0), %%rdx\n\tmov 32(%0), %%rsi\n\tmov 48(%0), %%rbp\n\t"
			 "mov 40(%0), %%rdi\n\t"
			 "int $0x80\n\t"
			 "pop %%rdi\n\t"
			 "mov %%rax, 56(%%rdi)\n\t"
			 "pop %%rbx\n\t"
			 "pop %%rbp\n\t"
			 :
			 : "D"(call)
			 : "rax", "rcx", "rdx", "rsi", "r8", "r9", "r10", "r11", "memory", "cc");
}

long call32(unsigned long number, unsigned long a, unsigned long b, unsigned long c,
	    unsigned long d, unsigned long e, unsigned long f)
{
	struct call32 call = {number, {a, b, c, d, e, f}, 0};

	static struct call32 known = {GETPID32, {0}, 0};

	/* A kernel may have the vector and none of the calls. */
	if (!known.result && !try_call(enter, &known).signal && (int)known.result == -ENOSYS)
		SKIP("no 32-bit calls");
	if (try_call(enter, &call).signal)
		SKIP("no 32-bit entry");
	if ((unsigned int)call.result >= -4095U)
		return (int)call.result;
	return call.result;
}
