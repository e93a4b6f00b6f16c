// SPDX-License-Identifier: MIT
/*
 * lib/clone.c - see clone.h. The child's function lies on its stack, where it begins by popping it.
 */
#include "lib/clone.h"

/* In the child: RSP points to fn and arg, which call_fn takes off and calls; ends the task. */
#define CHILD_PART                                                                                 \
	"test %%rax, %%rax\n"                                                                      \
	"jnz 1f\n"                                                                                 \
	"xor %%ebp, %%ebp\n"                                                                       \
	"pop %%rax\n"                                                                              \
	"pop %%rdi\n"                                                                              \
	"call *%%rax\n"                                                                            \
	"mov %%eax, %%edi\n"                                                                       \
	"mov $60, %%eax\n"                                                                         \
	"syscall\n"                                                                                \
	"1:\n"

static void *push_call(void *stack, int (*fn)(void *), void *arg)
{
	void **top = (void **)stack;

	top[-1] = arg;
	top[-2] = (void *)fn;
	return top - 2;
}

long clone_call(unsigned long flags, void *stack, int (*fn)(void *), void *arg, int *parent_tid,
		int *child_tid, void *tls)
{
	register int *r10 __asm__("r10") = child_tid;
	register void *r8 __asm__("r8") = tls;
	long ret;

	stack = push_call(stack, fn, arg);
	__asm__ volatile("syscall\n" CHILD_PART
			 : "=a"(ret)
			 : "a"(SYS_clone), "D"(flags), "S"(stack), "d"(parent_tid), "r"(r10),
			   "r"(r8)
			 : "rcx", "r11", "memory");
	return ret;
}

long clone3_call(struct clone3_args *args, int (*fn)(void *), void *arg)
{
	long ret;

	push_call((char *)args->stack + args->stack_size, fn, arg);
	args->stack_size -= 2 * sizeof(void *);
	__asm__ volatile("syscall\n" CHILD_PART
			 : "=a"(ret)
			 : "a"(SYS_clone3), "D"(args), "S"(sizeof(*args))
			 : "rcx", "r11", "memory");
	return ret;
}
