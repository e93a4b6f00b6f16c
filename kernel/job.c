// SPDX-License-Identifier: MIT
/*
 * kernel/job.c - process ids, process groups and sessions as system calls.
 *
 * Locks: tasklist_lock for reading to look at ids, for writing to change them.
 */
#include <pagoda/cred.h>
#include <pagoda/errno.h>
#include <pagoda/pid.h>
#include <pagoda/sched.h>
#include <pagoda/tty.h>
#include <syscalls.h>

long sys_getpid(void)
{
	return current->tgid;
}

long sys_gettid(void)
{
	return current->pid;
}

long sys_getppid(void)
{
	long pid;

	read_lock(&tasklist_lock);
	pid = current->real_parent->tgid;
	read_unlock(&tasklist_lock);
	return pid;
}

long sys_getpgid(pid_t pid)
{
	struct task_struct *p;
	long ret = -ESRCH;

	read_lock(&tasklist_lock);
	p = pid ? find_task_by_vpid(pid) : current;
	if (p)
		ret = pid_nr(task_pgrp(p));
	read_unlock(&tasklist_lock);
	return ret;
}

long sys_getpgrp(void)
{
	return sys_getpgid(0);
}

long sys_getsid(pid_t pid)
{
	struct task_struct *p;
	long ret = -ESRCH;

	read_lock(&tasklist_lock);
	p = pid ? find_task_by_vpid(pid) : current;
	if (p)
		ret = pid_nr(task_session(p));
	read_unlock(&tasklist_lock);
	return ret;
}

/* The checks of setpgid(2), in the order of Linux. tasklist_lock held. 0 or -errno. */
static int check_setpgid(struct task_struct *p)
{
	struct task_struct *leader = current->group_leader;

	if (!p)
		return -ESRCH;
	if (!thread_group_leader(p))
		return -EINVAL;
	if (same_thread_group(p->real_parent, leader)) {
		if (task_session(p) != task_session(leader))
			return -EPERM;
		if (!(p->flags & PF_FORKNOEXEC))
			return -EACCES;
	} else if (p != leader) {
		return -ESRCH;
	}
	return p->signal->leader ? -EPERM : 0;
}

long sys_setpgid(pid_t pid, pid_t pgid)
{
	struct task_struct *leader = current->group_leader, *p, *g;
	struct pid *pgrp;
	int err;

	if (!pid)
		pid = leader->pid;
	if (!pgid)
		pgid = pid;
	if (pgid < 0)
		return -EINVAL;
	write_lock_irq(&tasklist_lock);
	p = find_task_by_vpid(pid);
	err = check_setpgid(p);
	if (err)
		goto out;
	pgrp = task_pid(p);
	if (pgid != pid) {
		/* The group must exist, in the same session. */
		pgrp = find_vpid(pgid);
		g = pid_task(pgrp, PIDTYPE_PGID);
		err = -EPERM;
		if (!g || task_session(g) != task_session(leader))
			goto out;
	}
	err = 0;
	if (task_pgrp(p) != pgrp)
		change_pid(p, PIDTYPE_PGID, pgrp);
out:
	write_unlock_irq(&tasklist_lock);
	return err;
}

/* A new session with a new group, both with the caller's pid as number, and no terminal. */
long sys_setsid(void)
{
	struct task_struct *leader = current->group_leader;
	struct pid *sid;
	long ret = -EPERM;

	write_lock_irq(&tasklist_lock);
	sid = task_pid(leader);
	if (leader->signal->leader || pid_has_task(sid, PIDTYPE_PGID))
		goto out;
	leader->signal->leader = 1;
	if (task_session(leader) != sid)
		change_pid(leader, PIDTYPE_SID, sid);
	if (task_pgrp(leader) != sid)
		change_pid(leader, PIDTYPE_PGID, sid);
	spin_lock(&leader->sighand->siglock);
	leader->signal->tty = NULL;
	spin_unlock(&leader->sighand->siglock);
	ret = pid_nr(sid);
out:
	write_unlock_irq(&tasklist_lock);
	return ret;
}

/* Everyone who has the caller's terminal open loses it. */
long sys_vhangup(void)
{
	struct tty_struct *tty;

	if (!capable(CAP_SYS_TTY_CONFIG))
		return -EPERM;
	tty = get_current_tty();
	if (tty)
		tty_hangup(tty);
	return 0;
}
