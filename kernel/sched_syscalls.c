// SPDX-License-Identifier: MIT
/*
 * kernel/sched_syscalls.c - the scheduler as programs see it.
 *
 * There is one scheduling class, the fair one. SCHED_NORMAL, SCHED_BATCH and SCHED_IDLE are
 * accepted and scheduled by nice value alone; the real-time policies do not exist here, so that
 * asking for one fails (EINVAL), instead of being granted and not kept.
 */
#include <pagoda/compat.h>
#include <pagoda/cred.h>
#include <pagoda/cpumask.h>
#include <pagoda/errno.h>
#include <pagoda/hrtimer.h>
#include <pagoda/kernel.h>
#include <pagoda/pid.h>
#include <pagoda/sched.h>
#include <pagoda/smp.h>
#include <pagoda/time64.h>
#include <uapi/sched.h>
#include <asm/uaccess.h>
#include <syscalls.h>

#define MASK_BYTES    sizeof(unsigned long)
#define FAIR_SLICE_NS (3 * NSEC_PER_MSEC)

static struct task_struct *get_target(pid_t pid)
{
	return pid ? find_get_task_by_vpid(pid) : get_task_struct(current);
}

long sys_sched_yield(void)
{
	schedule();
	return 0;
}

/* ---- affinity ------------------------------------------------------------------------------ */

static bool may_control(struct task_struct *p)
{
	const struct cred *me = current_cred(), *cred = get_task_cred(p);
	bool same = me->euid == cred->euid || me->euid == cred->uid;

	put_cred(cred);
	return same || capable(CAP_SYS_NICE);
}

long sys_sched_setaffinity(pid_t pid, unsigned int len, unsigned long __user *user_mask_ptr)
{
	cpumask_t mask = CPU_MASK_NONE;
	unsigned long word = 0;
	struct task_struct *p;
	int ret, cpu;

	if (copy_from_user(&word, user_mask_ptr, min(len, (unsigned int)MASK_BYTES)))
		return -EFAULT;
	for (cpu = 0; cpu < NR_CPUS; cpu++)
		if (word >> cpu & 1)
			cpumask_set_cpu(cpu, &mask);
	p = get_target(pid);
	if (!p)
		return -ESRCH;
	ret = -EINVAL;
	if (p->flags & PF_KTHREAD)
		goto out;
	ret = -EPERM;
	if (!may_control(p))
		goto out;
	ret = set_cpus_allowed(p, &mask);
out:
	put_task_struct(p);
	return ret;
}

/* Returns the bytes written: the size of the kernel's mask. */
long sys_sched_getaffinity(pid_t pid, unsigned int len, unsigned long __user *user_mask_ptr)
{
	struct task_struct *p;
	unsigned long word = 0;
	int cpu;

	if (len * 8 < NR_CPUS || (len & ((in_compat_syscall() ? sizeof(u32) : MASK_BYTES) - 1)))
		return -EINVAL;
	p = get_target(pid);
	if (!p)
		return -ESRCH;
	for_each_online_cpu (cpu)
		if (cpumask_test_cpu(cpu, &p->cpus_mask))
			word |= 1UL << cpu;
	put_task_struct(p);
	if (in_compat_syscall()) {
		len = min_t(unsigned int, len, MASK_BYTES);
		return copy_to_user(user_mask_ptr, &word, len) ? -EFAULT : (long)len;
	}
	return put_user(word, user_mask_ptr) ? -EFAULT : (long)MASK_BYTES;
}

/* The same bytes, in words of half the size. */
long compat_sys_sched_setaffinity(pid_t pid, unsigned int len, u32 __user *user_mask_ptr)
{
	return sys_sched_setaffinity(pid, len, (unsigned long __user *)user_mask_ptr);
}

long compat_sys_sched_getaffinity(pid_t pid, unsigned int len, u32 __user *user_mask_ptr)
{
	return sys_sched_getaffinity(pid, len, (unsigned long __user *)user_mask_ptr);
}

/* ---- policies ------------------------------------------------------------------------------ */

static bool fair_policy(int policy)
{
	return policy == SCHED_NORMAL || policy == SCHED_BATCH || policy == SCHED_IDLE;
}

static long set_scheduler(pid_t pid, int policy, const struct sched_param __user *uparam)
{
	struct sched_param param;
	struct task_struct *p;
	long ret = 0;
	bool reset;

	if (!uparam || pid < 0)
		return -EINVAL;
	if (copy_from_user(&param, uparam, sizeof(param)))
		return -EFAULT;
	p = get_target(pid);
	if (!p)
		return -ESRCH;
	if (policy < 0)
		policy = p->policy | (p->sched_reset_on_fork ? SCHED_RESET_ON_FORK : 0);
	reset = policy & SCHED_RESET_ON_FORK;
	policy &= ~SCHED_RESET_ON_FORK;
	if (!fair_policy(policy) || param.sched_priority)
		ret = -EINVAL;
	else if (!may_control(p) ||
		 (p->policy == SCHED_IDLE && policy != SCHED_IDLE &&
		  p->static_nice < 20 - (long)rlimit(RLIMIT_NICE) && !capable(CAP_SYS_NICE)))
		ret = -EPERM;
	if (!ret) {
		p->policy = policy;
		p->sched_reset_on_fork = reset;
	}
	put_task_struct(p);
	return ret;
}

long sys_sched_setscheduler(pid_t pid, int policy, struct sched_param __user *param)
{
	return policy < 0 ? -EINVAL : set_scheduler(pid, policy, param);
}

long sys_sched_setparam(pid_t pid, struct sched_param __user *param)
{
	return set_scheduler(pid, -1, param);
}

long sys_sched_getscheduler(pid_t pid)
{
	struct task_struct *p;
	long ret;

	if (pid < 0)
		return -EINVAL;
	p = get_target(pid);
	if (!p)
		return -ESRCH;
	ret = p->policy | (p->sched_reset_on_fork ? SCHED_RESET_ON_FORK : 0);
	put_task_struct(p);
	return ret;
}

long sys_sched_getparam(pid_t pid, struct sched_param __user *uparam)
{
	struct sched_param param = {.sched_priority = 0};
	struct task_struct *p;

	if (!uparam || pid < 0)
		return -EINVAL;
	p = get_target(pid);
	if (!p)
		return -ESRCH;
	put_task_struct(p);
	return copy_to_user(uparam, &param, sizeof(param)) ? -EFAULT : 0;
}

/* The ranges are facts about the numbers, also for policies that cannot be had. */
long sys_sched_get_priority_max(int policy)
{
	if (policy == SCHED_FIFO || policy == SCHED_RR)
		return 99;
	return fair_policy(policy) || policy == SCHED_DEADLINE ? 0 : -EINVAL;
}

long sys_sched_get_priority_min(int policy)
{
	if (policy == SCHED_FIFO || policy == SCHED_RR)
		return 1;
	return fair_policy(policy) || policy == SCHED_DEADLINE ? 0 : -EINVAL;
}

static long rr_get_interval(pid_t pid, void __user *interval, bool time32)
{
	struct timespec64 ts = ns_to_timespec64(FAIR_SLICE_NS);
	struct task_struct *p;

	if (pid < 0)
		return -EINVAL;
	p = get_target(pid);
	if (!p)
		return -ESRCH;
	put_task_struct(p);
	return put_user_timespec(&ts, interval, time32);
}

long sys_sched_rr_get_interval(pid_t pid, struct timespec64 __user *interval)
{
	return rr_get_interval(pid, interval, false);
}

long sys_sched_rr_get_interval_time32(pid_t pid, struct old_timespec32 __user *interval)
{
	return rr_get_interval(pid, interval, true);
}
