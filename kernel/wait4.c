// SPDX-License-Identifier: MIT
/*
 * kernel/wait4.c - a parent waits for its children: wait4(2) and waitid(2).
 *
 * The children of every thread of the caller's process are looked at under tasklist_lock (read).
 * A child that is found changes hands by its exit_state going from EXIT_ZOMBIE to EXIT_DEAD in one
 * atomic step, so that of several waiters one reaps it. When there are children but none has
 * anything to tell, the caller sleeps on signal->wait_chldexit, whose wake-ups name the child.
 */
#include <pagoda/compat.h>
#include <pagoda/cred.h>
#include <pagoda/err.h>
#include <pagoda/file.h>
#include <pagoda/fs.h>
#include <pagoda/kernel.h>
#include <pagoda/mm.h>
#include <pagoda/pid.h>
#include <pagoda/sched.h>
#include <pagoda/sched_task.h>
#include <pagoda/signal.h>
#include <uapi/wait.h>
#include <asm/uaccess.h>
#include <syscalls.h>

struct waitid_info {
	pid_t pid;
	uid_t uid;
	int status;
	int cause; /* CLD_* */
};

struct wait_opts {
	enum pid_type wo_type; /* PIDTYPE_MAX: any child */
	int wo_flags;	       /* W* and __W* */
	struct pid *wo_pid;
	struct waitid_info wo_info;
	int wo_stat;		  /* as wait4() stores it */
	struct rusage *wo_rusage; /* or NULL */
	struct wait_queue_entry child_wait;
	int notask_error; /* 0 once an eligible child exists */
};

static bool eligible_pid(const struct wait_opts *wo, struct task_struct *p)
{
	if (wo->wo_type == PIDTYPE_MAX)
		return true;
	return wo->wo_pid ==
	       (wo->wo_type == PIDTYPE_PID ? task_pid(p) : p->signal->pids[wo->wo_type]);
}

/* (CLN-4) "clone" children are those whose death sends no SIGCHLD: __WCLONE or __WALL asks for
 * them. */
static bool eligible_child(const struct wait_opts *wo, struct task_struct *p)
{
	if (!eligible_pid(wo, p))
		return false;
	if (wo->wo_flags & __WALL)
		return true;
	return (p->exit_signal != SIGCHLD) == !!(wo->wo_flags & __WCLONE);
}

/* ---- what a child may have to tell; each drops tasklist_lock if it returns non-zero ---------- */

static void tell(struct wait_opts *wo, pid_t pid, uid_t uid, int cause, int status)
{
	wo->wo_info.pid = pid;
	wo->wo_info.uid = uid;
	wo->wo_info.cause = cause;
	wo->wo_info.status = status;
}

/* The times and counts of a reaped child, and of its reaped children, become the caller's. */
static void account_child(struct task_struct *p)
{
	struct signal_struct *psig = current->signal, *sig = p->signal;
	u64 utime, stime;
	unsigned long maxrss;

	read_lock(&tasklist_lock);
	thread_group_cputime(p, &utime, &stime);
	read_unlock(&tasklist_lock);
	spin_lock_irq(&current->sighand->siglock);
	psig->cutime += utime + sig->cutime;
	psig->cstime += stime + sig->cstime;
	psig->cmin_flt += p->min_flt + sig->min_flt + sig->cmin_flt;
	psig->cmaj_flt += p->maj_flt + sig->maj_flt + sig->cmaj_flt;
	psig->cnvcsw += p->nvcsw + sig->nvcsw + sig->cnvcsw;
	psig->cnivcsw += p->nivcsw + sig->nivcsw + sig->cnivcsw;
	maxrss = sig->maxrss > sig->cmaxrss ? sig->maxrss : sig->cmaxrss;
	if (psig->cmaxrss < maxrss)
		psig->cmaxrss = maxrss;
	spin_unlock_irq(&current->sighand->siglock);
}

static int wait_task_zombie(struct wait_opts *wo, struct task_struct *p)
{
	bool reap = !(wo->wo_flags & WNOWAIT);
	pid_t pid = p->pid;
	uid_t uid;
	int status;

	if (!(wo->wo_flags & WEXITED))
		return 0;
	if (reap && cmpxchg(&p->exit_state, EXIT_ZOMBIE, EXIT_DEAD) != EXIT_ZOMBIE)
		return 0;
	get_task_struct(p);
	status = (p->signal->flags & SIGNAL_GROUP_EXIT) ? p->signal->group_exit_code : p->exit_code;
	read_unlock(&tasklist_lock);

	uid = task_uid(p);
	if (wo->wo_rusage)
		getrusage_of(p, RUSAGE_BOTH, wo->wo_rusage);
	wo->wo_stat = status;
	if ((status & 0x7f) == 0)
		tell(wo, pid, uid, CLD_EXITED, status >> 8);
	else
		tell(wo, pid, uid, (status & 0x80) ? CLD_DUMPED : CLD_KILLED, status & 0x7f);
	if (reap) {
		account_child(p);
		release_task(p);
	}
	put_task_struct(p);
	return pid;
}

static int wait_task_stopped(struct wait_opts *wo, struct task_struct *p)
{
	struct signal_struct *sig = p->signal;
	int code = 0;
	pid_t pid = p->pid;

	if (!(wo->wo_flags & WUNTRACED) || !p->sighand)
		return 0;
	spin_lock_irq(&p->sighand->siglock);
	if ((sig->flags & SIGNAL_STOP_STOPPED) && !(sig->flags & SIGNAL_GROUP_EXIT)) {
		code = sig->group_exit_code;
		if (!(wo->wo_flags & WNOWAIT))
			sig->group_exit_code = 0;
	}
	spin_unlock_irq(&p->sighand->siglock);
	if (!code)
		return 0;
	get_task_struct(p);
	read_unlock(&tasklist_lock);

	if (wo->wo_rusage)
		getrusage_of(p, RUSAGE_BOTH, wo->wo_rusage);
	wo->wo_stat = (code << 8) | 0x7f;
	tell(wo, pid, task_uid(p), CLD_STOPPED, code);
	put_task_struct(p);
	return pid;
}

static int wait_task_continued(struct wait_opts *wo, struct task_struct *p)
{
	struct signal_struct *sig = p->signal;
	bool continued;
	pid_t pid = p->pid;

	if (!(wo->wo_flags & WCONTINUED) || !(sig->flags & SIGNAL_STOP_CONTINUED) || !p->sighand)
		return 0;
	spin_lock_irq(&p->sighand->siglock);
	continued = sig->flags & SIGNAL_STOP_CONTINUED;
	if (!(wo->wo_flags & WNOWAIT))
		sig->flags &= ~SIGNAL_STOP_CONTINUED;
	spin_unlock_irq(&p->sighand->siglock);
	if (!continued)
		return 0;
	get_task_struct(p);
	read_unlock(&tasklist_lock);

	if (wo->wo_rusage)
		getrusage_of(p, RUSAGE_BOTH, wo->wo_rusage);
	wo->wo_stat = 0xffff;
	tell(wo, pid, task_uid(p), CLD_CONTINUED, SIGCONT);
	put_task_struct(p);
	return pid;
}

/* The pid of a child that had something to tell (tasklist_lock is dropped then), or 0. */
static int wait_consider_task(struct wait_opts *wo, struct task_struct *p)
{
	int state = READ_ONCE(p->exit_state), ret;

	if (state == EXIT_DEAD || !eligible_child(wo, p))
		return 0;
	/* A leader is not reaped before its threads. */
	if (state == EXIT_ZOMBIE && thread_group_empty(p))
		return wait_task_zombie(wo, p);
	wo->notask_error = 0;
	ret = wait_task_stopped(wo, p);
	if (ret)
		return ret;
	return wait_task_continued(wo, p);
}

static int wait_children_of(struct wait_opts *wo, struct task_struct *parent)
{
	struct task_struct *p;
	int ret;

	list_for_each_entry (p, &parent->children, sibling) {
		ret = wait_consider_task(wo, p);
		if (ret)
			return ret;
	}
	return 0;
}

/* One look at all children. The pid, 0, or -ECHILD. */
static int wait_once(struct wait_opts *wo)
{
	struct task_struct *t;
	int ret;

	wo->notask_error = -ECHILD;
	read_lock(&tasklist_lock);
	if (wo->wo_flags & __WNOTHREAD) {
		ret = wait_children_of(wo, current);
		if (ret)
			return ret;
	} else {
		for_each_thread (current, t) {
			ret = wait_children_of(wo, t);
			if (ret)
				return ret;
		}
	}
	read_unlock(&tasklist_lock);
	return wo->notask_error;
}

/* ---- sleeping -------------------------------------------------------------------------------- */

static int child_wait_callback(struct wait_queue_entry *wait, unsigned int mode, int flags,
			       void *key)
{
	struct wait_opts *wo = container_of(wait, struct wait_opts, child_wait);
	struct task_struct *p = key;

	if (!eligible_pid(wo, p))
		return 0;
	if ((wo->wo_flags & __WNOTHREAD) && wait->private != p->parent)
		return 0;
	return default_wake_function(wait, mode, flags, key);
}

void __wake_up_parent(struct task_struct *p, struct task_struct *parent)
{
	__wake_up(&parent->signal->wait_chldexit, TASK_INTERRUPTIBLE, 1, p);
}

static long do_wait(struct wait_opts *wo)
{
	long ret;

	init_waitqueue_func_entry(&wo->child_wait, child_wait_callback);
	wo->child_wait.private = current;
	add_wait_queue(&current->signal->wait_chldexit, &wo->child_wait);
	for (;;) {
		set_current_state(TASK_INTERRUPTIBLE);
		ret = wait_once(wo);
		if (ret || (wo->wo_flags & WNOHANG))
			break;
		if (signal_pending(current)) {
			ret = -ERESTARTSYS;
			break;
		}
		schedule();
	}
	__set_current_state(TASK_RUNNING);
	remove_wait_queue(&current->signal->wait_chldexit, &wo->child_wait);
	return ret;
}

/* ---- the calls ------------------------------------------------------------------------------- */

/* ru: what the child has used, where it is asked for and a child is found. */
static long kernel_wait4(pid_t upid, int __user *stat_addr, int options, struct rusage *ru)
{
	struct wait_opts wo = {.wo_rusage = ru};
	long ret;

	if (options & ~(WNOHANG | WUNTRACED | WCONTINUED | __WNOTHREAD | __WCLONE | __WALL))
		return -EINVAL;
	if (upid == INT_MIN)
		return -ESRCH;
	if (upid == -1) {
		wo.wo_type = PIDTYPE_MAX;
	} else if (upid > 0) {
		wo.wo_type = PIDTYPE_PID;
		wo.wo_pid = find_get_pid(upid);
	} else {
		wo.wo_type = PIDTYPE_PGID;
		wo.wo_pid = upid ? find_get_pid(-upid) : get_task_pid(current, PIDTYPE_PGID);
	}
	wo.wo_flags = options | WEXITED;
	ret = do_wait(&wo);
	put_pid(wo.wo_pid);
	if (ret > 0 && stat_addr && put_user(wo.wo_stat, stat_addr))
		ret = -EFAULT;
	return ret;
}

long sys_wait4(pid_t upid, int __user *stat_addr, int options, struct rusage __user *ru)
{
	struct rusage r;
	long ret = kernel_wait4(upid, stat_addr, options, ru ? &r : NULL);

	return ret > 0 && ru && copy_to_user(ru, &r, sizeof(r)) ? -EFAULT : ret;
}

long compat_sys_wait4(pid_t upid, int __user *stat_addr, int options,
		      struct compat_rusage __user *ru)
{
	struct rusage r;
	long ret = kernel_wait4(upid, stat_addr, options, ru ? &r : NULL);

	return ret > 0 && ru && put_compat_rusage(ru, &r) ? -EFAULT : ret;
}

/* Whom waitid() names. 0 or -errno; *nonblock: by a pidfd that was opened so. */
static int waitid_target(struct wait_opts *wo, int which, pid_t upid, bool *nonblock)
{
	struct file *file;

	switch (which) {
	case P_ALL:
		wo->wo_type = PIDTYPE_MAX;
		return 0;
	case P_PID:
		if (upid <= 0)
			return -EINVAL;
		wo->wo_type = PIDTYPE_PID;
		wo->wo_pid = find_get_pid(upid);
		return 0;
	case P_PGID:
		if (upid < 0)
			return -EINVAL;
		wo->wo_type = PIDTYPE_PGID;
		wo->wo_pid = upid ? find_get_pid(upid) : get_task_pid(current, PIDTYPE_PGID);
		return 0;
	case P_PIDFD:
		if (upid < 0)
			return -EINVAL;
		wo->wo_type = PIDTYPE_PID;
		file = fget(upid);
		if (!file)
			return -EBADF;
		wo->wo_pid = pidfd_pid(file);
		if (!IS_ERR(wo->wo_pid))
			get_pid(wo->wo_pid);
		*nonblock = file->f_flags & O_NONBLOCK;
		fput(file);
		return IS_ERR(wo->wo_pid) ? PTR_ERR(wo->wo_pid) : 0;
	}
	return -EINVAL;
}

static long do_waitid(struct wait_opts *wo, int which, pid_t upid, int options)
{
	bool nonblock = false;
	long ret;

	if (options & ~(WNOHANG | WNOWAIT | WEXITED | WSTOPPED | WCONTINUED | __WNOTHREAD |
			__WCLONE | __WALL))
		return -EINVAL;
	if (!(options & (WEXITED | WSTOPPED | WCONTINUED)))
		return -EINVAL;
	ret = waitid_target(wo, which, upid, &nonblock);
	if (ret)
		return ret;
	wo->wo_flags = options | (nonblock ? WNOHANG : 0);
	ret = do_wait(wo);
	if (!ret && nonblock && !(options & WNOHANG))
		ret = -EAGAIN;
	put_pid(wo->wo_pid);
	return ret;
}

/* infop is written in any case: all 0 when no child had anything to tell. */
long sys_waitid(int which, pid_t upid, siginfo_t __user *infop, int options,
		struct rusage __user *ru)
{
	struct rusage r;
	struct wait_opts wo = {.wo_rusage = ru ? &r : NULL};
	long ret = do_waitid(&wo, which, upid, options);
	int signo = 0;

	if (ret > 0) {
		signo = SIGCHLD;
		ret = 0;
		if (ru && copy_to_user(ru, &r, sizeof(r)))
			return -EFAULT;
	}
	if (!infop)
		return ret;
	if (put_user(signo, &infop->si_signo) || put_user(0, &infop->si_errno) ||
	    put_user(wo.wo_info.cause, &infop->si_code) ||
	    put_user(wo.wo_info.pid, &infop->_sigchld._pid) ||
	    put_user(wo.wo_info.uid, &infop->_sigchld._uid) ||
	    put_user(wo.wo_info.status, &infop->_sigchld._status))
		return -EFAULT;
	return ret;
}

long compat_sys_waitid(int which, pid_t upid, struct compat_siginfo __user *infop, int options,
		       struct compat_rusage __user *ru)
{
	struct rusage r;
	struct wait_opts wo = {.wo_rusage = ru ? &r : NULL};
	long ret = do_waitid(&wo, which, upid, options);
	int signo = 0;

	if (ret > 0) {
		signo = SIGCHLD;
		ret = 0;
		if (ru && put_compat_rusage(ru, &r))
			return -EFAULT;
	}
	if (!infop)
		return ret;
	if (put_user(signo, &infop->si_signo) || put_user(0, &infop->si_errno) ||
	    put_user(wo.wo_info.cause, &infop->si_code) ||
	    put_user(wo.wo_info.pid, &infop->_sigchld._pid) ||
	    put_user(wo.wo_info.uid, &infop->_sigchld._uid) ||
	    put_user(wo.wo_info.status, &infop->_sigchld._status))
		return -EFAULT;
	return ret;
}
