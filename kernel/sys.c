// SPDX-License-Identifier: MIT
/*
 * kernel/sys.c - small calls: priorities, sysinfo, getcpu, unshare, reboot.
 */
#include <pagoda/cred.h>
#include <pagoda/errno.h>
#include <pagoda/fdtable.h>
#include <pagoda/fs_struct.h>
#include <pagoda/hrtimer.h>
#include <pagoda/mm.h>
#include <pagoda/pid.h>
#include <pagoda/printk.h>
#include <pagoda/reboot.h>
#include <pagoda/sched.h>
#include <pagoda/sched_task.h>
#include <pagoda/signal.h>
#include <pagoda/smp.h>
#include <pagoda/vmstat.h>
#include <uapi/reboot.h>
#include <uapi/sched.h>
#include <uapi/sysinfo.h>
#include <asm/uaccess.h>
#include <syscalls.h>

/* ---- nice values ----------------------------------------------------------------------------- */

/*
 * Calls fn for every thread that (which, who) names, until it returns non-zero; tasklist_lock is
 * held for reading. Returns that value, -ESRCH if there was no thread, -EINVAL for a bad `which`.
 */
static int for_each_prio_target(int which, int who, int (*fn)(struct task_struct *, void *),
				void *arg)
{
	struct task_struct *p, *t;
	uid_t uid = who ? (uid_t)who : current_uid();
	int ret = -ESRCH;

	if (which < PRIO_PROCESS || which > PRIO_USER)
		return -EINVAL;
	read_lock(&tasklist_lock);
	if (which == PRIO_PROCESS) {
		p = who ? find_task_by_vpid(who) : current;
		if (p)
			ret = fn(p, arg);
	} else {
		struct pid *pgrp = who ? find_vpid(who) : task_pgrp(current);

		for_each_process_thread(p, t)
		{
			if (which == PRIO_PGRP ? task_pgrp(t) != pgrp : task_uid(t) != uid)
				continue;
			ret = fn(t, arg);
			if (ret)
				goto out;
		}
	}
out:
	read_unlock(&tasklist_lock);
	return ret;
}

static int highest_priority(struct task_struct *p, void *arg)
{
	int prio = 20 - p->static_nice, *best = arg;

	if (prio > *best)
		*best = prio;
	return 0;
}

/* 20 - nice, so that no answer looks like an error; libc turns it round. */
long sys_getpriority(int which, int who)
{
	int best = 0, ret;

	ret = for_each_prio_target(which, who, highest_priority, &best);
	return ret ? ret : best;
}

struct set_prio {
	int nice;
	int error;
};

static bool set_prio_allowed(struct task_struct *p)
{
	const struct cred *me = current_cred(), *cred = get_task_cred(p);
	bool same = cred->uid == me->euid || cred->euid == me->euid;

	put_cred(cred);
	return same || capable(CAP_SYS_NICE);
}

static int set_one_prio(struct task_struct *p, void *arg)
{
	struct set_prio *set = arg;
	unsigned long limit = p->signal->rlim[RLIMIT_NICE].rlim_cur;

	if (!set_prio_allowed(p))
		set->error = -EPERM;
	else if (set->nice < p->static_nice && 20 - set->nice > (long)limit &&
		 !capable(CAP_SYS_NICE))
		set->error = -EACCES;
	else
		set_user_nice(p, set->nice);
	return 0;
}

long sys_setpriority(int which, int who, int niceval)
{
	struct set_prio set = {.nice = niceval};
	int ret;

	if (set.nice < PRIO_MIN)
		set.nice = PRIO_MIN;
	if (set.nice > PRIO_MAX - 1)
		set.nice = PRIO_MAX - 1;
	ret = for_each_prio_target(which, who, set_one_prio, &set);
	return ret ? ret : set.error;
}

/* ---- facts about the system ------------------------------------------------------------------ */

void get_sysinfo(struct sysinfo *info)
{
	struct sysinfo val = {.mem_unit = 1};
	struct meminfo mem;
	unsigned long loads[3];
	int i;

	get_avenrun(loads);
	si_meminfo(&mem);
	val.uptime = (ktime_get_ns() + NSEC_PER_SEC - 1) / NSEC_PER_SEC;
	for (i = 0; i < 3; i++)
		val.loads[i] = loads[i] << (SI_LOAD_SHIFT - 11);
	val.totalram = mem.totalram << PAGE_SHIFT;
	val.freeram = mem.freeram << PAGE_SHIFT;
	val.sharedram = mem.sharedram << PAGE_SHIFT;
	val.bufferram = mem.bufferram << PAGE_SHIFT;
	val.totalswap = mem.totalswap << PAGE_SHIFT;
	val.freeswap = mem.freeswap << PAGE_SHIFT;
	val.procs = READ_ONCE(nr_threads);
	*info = val;
}

long sys_sysinfo(struct sysinfo __user *info)
{
	struct sysinfo val;

	get_sysinfo(&val);
	return copy_to_user(info, &val, sizeof(val)) ? -EFAULT : 0;
}

long sys_getcpu(unsigned int __user *cpup, unsigned int __user *nodep, void __user *unused)
{
	if (cpup && put_user((unsigned int)smp_processor_id(), cpup))
		return -EFAULT;
	if (nodep && put_user(0u, nodep))
		return -EFAULT;
	return 0;
}

/* ---- unshare --------------------------------------------------------------------------------- */

/*
 * What was shared by clone() becomes the caller's own. What cannot be given up alone (thread group,
 * handlers, memory) is an error while it really is shared (SHR-9).
 */
long sys_unshare(unsigned long flags)
{
	const unsigned long namespaces = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS |
					 CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID |
					 CLONE_NEWNET | CLONE_NEWTIME;
	int err;

	if (flags & ~(CLONE_THREAD | CLONE_FS | CLONE_SIGHAND | CLONE_VM | CLONE_FILES |
		      CLONE_SYSVSEM | namespaces))
		return -EINVAL;
	if (flags & CLONE_VM)
		flags |= CLONE_SIGHAND;
	if (flags & CLONE_SIGHAND)
		flags |= CLONE_THREAD;
	if ((flags & CLONE_THREAD) && !thread_group_empty(current))
		return -EINVAL;
	if ((flags & CLONE_SIGHAND) && refcount_read(&current->sighand->count) > 1)
		return -EINVAL;
	if ((flags & CLONE_VM) && atomic_read(&current->mm->mm_users) > 1)
		return -EINVAL;
	if (flags & namespaces)
		return !(flags & CLONE_NEWUSER) && !capable(CAP_SYS_ADMIN) ? -EPERM : -EINVAL;
	if (flags & CLONE_FS) {
		err = unshare_fs_struct();
		if (err)
			return err;
	}
	return (flags & CLONE_FILES) ? unshare_files() : 0;
}

/* ---- reboot ---------------------------------------------------------------------------------- */

static bool reboot_magic_valid(unsigned int magic2)
{
	return magic2 == LINUX_REBOOT_MAGIC2 || magic2 == LINUX_REBOOT_MAGIC2A ||
	       magic2 == LINUX_REBOOT_MAGIC2B || magic2 == LINUX_REBOOT_MAGIC2C;
}

/* There is nothing to write back to: file systems live in memory. */
long sys_reboot(int magic1, int magic2, unsigned int cmd, void __user *arg)
{
	if (!capable(CAP_SYS_BOOT))
		return -EPERM;
	if ((unsigned int)magic1 != LINUX_REBOOT_MAGIC1 || !reboot_magic_valid(magic2))
		return -EINVAL;
	switch (cmd) {
	case LINUX_REBOOT_CMD_RESTART:
	case LINUX_REBOOT_CMD_RESTART2:
		pr_emerg("reboot: Restarting system\n");
		machine_restart();
	case LINUX_REBOOT_CMD_HALT:
		pr_emerg("reboot: System halted\n");
		machine_halt();
	case LINUX_REBOOT_CMD_POWER_OFF:
		pr_emerg("reboot: Power down\n");
		machine_power_off();
	case LINUX_REBOOT_CMD_CAD_ON:
	case LINUX_REBOOT_CMD_CAD_OFF:
		return 0; /* no keyboard, so no Ctrl-Alt-Del either */
	}
	return -EINVAL;
}
