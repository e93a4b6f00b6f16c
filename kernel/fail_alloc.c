// SPDX-License-Identifier: MIT
/*
 * kernel/fail_alloc.c - makes a chosen allocation fail, to test how its caller unwinds.
 *
 * By kernel tests, or by a program that writes a number to its /proc/PID/fail-nth, as on a Linux
 * with fault injection. One task at a time counts down, and only what runs on it is counted, its
 * interrupt handlers included. The cost when it is off is one comparison in the allocators.
 */
#include <pagoda/kernel.h>
#include <pagoda/gfp.h>
#include <asm/current.h>

int fail_alloc_countdown;
static struct task_struct *fail_alloc_task;

bool __should_fail_alloc(gfp_t gfp)
{
	if (READ_ONCE(fail_alloc_task) != current)
		return false;
	return __atomic_sub_fetch(&fail_alloc_countdown, 1, __ATOMIC_RELAXED) == 0;
}

int fail_alloc_set(int nth)
{
	int left = 0;

	if (fail_alloc_task == current)
		left = __atomic_exchange_n(&fail_alloc_countdown, 0, __ATOMIC_SEQ_CST);
	WRITE_ONCE(fail_alloc_task, current);
	WRITE_ONCE(fail_alloc_countdown, nth);
	return left;
}

int fail_alloc_left(const struct task_struct *task)
{
	int left = READ_ONCE(fail_alloc_countdown);

	return READ_ONCE(fail_alloc_task) == task && left > 0 ? left : 0;
}

/* A count that was not used up must not wait for a task that gets the same place in memory. */
void __fail_alloc_exit(void)
{
	if (fail_alloc_task == current)
		fail_alloc_set(0);
}
