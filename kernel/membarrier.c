// SPDX-License-Identifier: MIT
/*
 * kernel/membarrier.c - memory barriers on all CPUs that run threads of the caller.
 *
 * The interrupt that asks another CPU for a barrier is one itself; so is the switch to a task on a
 * CPU that does not run the caller's mm now.
 */
#include <pagoda/errno.h>
#include <pagoda/sched.h>
#include <pagoda/smp.h>
#include <syscalls.h>
#include <pagoda/mm.h>

#define REGISTERED_GLOBAL    0x1
#define REGISTERED_PRIVATE   0x2
#define REGISTERED_SYNC_CORE 0x4

#define SUPPORTED_CMDS                                                                             \
	(MEMBARRIER_CMD_GLOBAL | MEMBARRIER_CMD_GLOBAL_EXPEDITED |                                 \
	 MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED | MEMBARRIER_CMD_PRIVATE_EXPEDITED |             \
	 MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED | MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE |  \
	 MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE)

/* IRET and SYSRET to user mode follow: the latter does not serialise, so do it here. */
static void barrier_here(void *unused)
{
	smp_mb();
	sync_core();
}

static long barrier_everywhere(void)
{
	smp_mb();
	on_each_cpu(barrier_here, NULL, true);
	return 0;
}

static long register_for(int what)
{
	atomic_or(what, &current->mm->membarrier_state);
	return 0;
}

static long private_barrier(int needs)
{
	if (!(atomic_read(&current->mm->membarrier_state) & needs))
		return -EPERM;
	return barrier_everywhere();
}

long sys_membarrier(int cmd, unsigned int flags, int cpu_id)
{
	if (flags)
		return -EINVAL;
	switch (cmd) {
	case MEMBARRIER_CMD_QUERY:
		return SUPPORTED_CMDS;
	case MEMBARRIER_CMD_GLOBAL:
	case MEMBARRIER_CMD_GLOBAL_EXPEDITED:
		return barrier_everywhere();
	case MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED:
		return register_for(REGISTERED_GLOBAL);
	case MEMBARRIER_CMD_PRIVATE_EXPEDITED:
		return private_barrier(REGISTERED_PRIVATE);
	case MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED:
		return register_for(REGISTERED_PRIVATE);
	case MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE:
		return private_barrier(REGISTERED_SYNC_CORE);
	case MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE:
		return register_for(REGISTERED_SYNC_CORE);
	default:
		return -EINVAL;
	}
}
