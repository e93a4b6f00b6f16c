// SPDX-License-Identifier: MIT
/*
 * kernel/rlimit.c - resource limits: their values at boot, and the calls that read and set them.
 *
 * Locks: signal->rlim is guarded by task_lock of the group leader; single values are read without.
 */
#include <pagoda/cred.h>
#include <pagoda/errno.h>
#include <pagoda/pid.h>
#include <pagoda/sched.h>
#include <pagoda/sched_task.h>
#include <asm/uaccess.h>
#include <syscalls.h>

#define NR_OPEN_MAX (1024 * 1024) /* the hard limit of RLIMIT_NOFILE may not go above */

/* RLIMIT_NPROC and RLIMIT_SIGPENDING are set by fork_init() from the size of memory. */
const struct rlimit init_rlimits[RLIM_NLIMITS] = {
	[RLIMIT_CPU] = {RLIM_INFINITY, RLIM_INFINITY},
	[RLIMIT_FSIZE] = {RLIM_INFINITY, RLIM_INFINITY},
	[RLIMIT_DATA] = {RLIM_INFINITY, RLIM_INFINITY},
	[RLIMIT_STACK] = {8 << 20, RLIM_INFINITY},
	[RLIMIT_CORE] = {0, RLIM_INFINITY},
	[RLIMIT_RSS] = {RLIM_INFINITY, RLIM_INFINITY},
	[RLIMIT_NPROC] = {0, 0},
	[RLIMIT_NOFILE] = {1024, 4096},
	[RLIMIT_MEMLOCK] = {8 << 20, 8 << 20},
	[RLIMIT_AS] = {RLIM_INFINITY, RLIM_INFINITY},
	[RLIMIT_LOCKS] = {RLIM_INFINITY, RLIM_INFINITY},
	[RLIMIT_SIGPENDING] = {0, 0},
	[RLIMIT_MSGQUEUE] = {819200, 819200},
	[RLIMIT_NICE] = {0, 0},
	[RLIMIT_RTPRIO] = {0, 0},
	[RLIMIT_RTTIME] = {RLIM_INFINITY, RLIM_INFINITY},
};

/*
 * Read the old limit, set the new one, each if asked for. tsk is referenced by the caller.
 * -EINVAL: no such resource, or soft above hard; -EPERM: the hard limit may not be raised.
 */
int do_prlimit(struct task_struct *tsk, unsigned int resource, struct rlimit *new,
	       struct rlimit *old)
{
	struct task_struct *leader = tsk->group_leader;
	struct rlimit *rlim;
	int ret = 0;

	if (resource >= RLIM_NLIMITS)
		return -EINVAL;
	if (new) {
		if (new->rlim_cur > new->rlim_max)
			return -EINVAL;
		if (resource == RLIMIT_NOFILE && new->rlim_max > NR_OPEN_MAX)
			return -EPERM;
	}
	rlim = &tsk->signal->rlim[resource];
	task_lock(leader);
	if (new &&new->rlim_max > rlim->rlim_max && !capable(CAP_SYS_RESOURCE))
		ret = -EPERM;
	if (!ret && old)
		*old = *rlim;
	if (!ret && new)
		*rlim = *new;
	task_unlock(leader);
	return ret;
}

long sys_getrlimit(unsigned int resource, struct rlimit __user *rlim)
{
	struct rlimit value;
	int ret = do_prlimit(current, resource, NULL, &value);

	if (ret)
		return ret;
	return copy_to_user(rlim, &value, sizeof(value)) ? -EFAULT : 0;
}

long sys_setrlimit(unsigned int resource, struct rlimit __user *rlim)
{
	struct rlimit new;

	if (copy_from_user(&new, rlim, sizeof(new)))
		return -EFAULT;
	return do_prlimit(current, resource, &new, NULL);
}

/* Limits of another process belong to who has all of its ids, or CAP_SYS_RESOURCE. */
static bool prlimit_allowed(struct task_struct *task)
{
	const struct cred *me = current_cred(), *cred;
	bool match;

	if (task == current)
		return true;
	cred = get_task_cred(task);
	match = me->uid == cred->euid && me->uid == cred->suid && me->uid == cred->uid &&
		me->gid == cred->egid && me->gid == cred->sgid && me->gid == cred->gid;
	put_cred(cred);
	return match || capable(CAP_SYS_RESOURCE);
}

long sys_prlimit64(pid_t pid, unsigned int resource, const struct rlimit64 __user *new_rlim,
		   struct rlimit64 __user *old_rlim)
{
	struct rlimit64 new64, old64;
	struct rlimit new, old;
	struct task_struct *task;
	int ret;

	if (new_rlim) {
		if (copy_from_user(&new64, new_rlim, sizeof(new64)))
			return -EFAULT;
		new.rlim_cur = new64.rlim_cur;
		new.rlim_max = new64.rlim_max;
	}
	task = pid ? find_get_task_by_vpid(pid) : get_task_struct(current);
	if (!task)
		return -ESRCH;
	ret = prlimit_allowed(task) ? do_prlimit(task, resource, new_rlim ? &new : NULL, &old)
				    : -EPERM;
	put_task_struct(task);
	if (!ret && old_rlim) {
		old64.rlim_cur = old.rlim_cur;
		old64.rlim_max = old.rlim_max;
		if (copy_to_user(old_rlim, &old64, sizeof(old64)))
			ret = -EFAULT;
	}
	return ret;
}
