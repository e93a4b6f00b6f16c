// SPDX-License-Identifier: MIT
/*
 * kernel/signal_send.c - the ways to name a receiver: a task, a process, a process group; and
 * signals that the current task has caused itself.
 */
#include <pagoda/signal.h>
#include <pagoda/bug.h>
#include <pagoda/cred.h>
#include <pagoda/pid.h>
#include <pagoda/sched_task.h>

/*
 * The siglock of another task. Its sighand goes away when the task is released, which needs
 * tasklist_lock for writing: the caller holds it in some way, or t cannot be released meanwhile
 * (current, or a timer that exit would have to stop first). NULL: released already.
 */
static struct sighand_struct *lock_task_sighand(struct task_struct *t, unsigned long *flags)
{
	struct sighand_struct *sighand;

	sighand = READ_ONCE(t->sighand);
	if (!sighand)
		return NULL;
	spin_lock_irqsave(&sighand->siglock, *flags);
	if (likely(t->sighand == sighand))
		return sighand;
	spin_unlock_irqrestore(&sighand->siglock, *flags);
	return NULL;
}

int do_send_sig_info(int sig, kernel_siginfo_t *info, struct task_struct *p, enum pid_type type)
{
	struct sighand_struct *sighand;
	unsigned long flags;
	int ret = -ESRCH;

	sighand = lock_task_sighand(p, &flags);
	if (sighand) {
		ret = send_signal_locked(sig, info, p, type);
		spin_unlock_irqrestore(&sighand->siglock, flags);
	}
	return ret;
}

/* kill(2)'s rule: same user, or CAP_KILL; SIGCONT within a session. */
static bool kill_ok_by_cred(struct task_struct *t)
{
	const struct cred *cred = current_cred();
	const struct cred *tcred = get_task_cred(t);
	bool ok = cred->euid == tcred->suid || cred->euid == tcred->uid ||
		  cred->uid == tcred->suid || cred->uid == tcred->uid || capable(CAP_KILL);

	put_cred(tcred);
	return ok;
}

static int check_kill_permission(int sig, const kernel_siginfo_t *info, struct task_struct *t)
{
	bool from_user = info == SEND_SIG_NOINFO || (info > SEND_SIG_PRIV && info->si_code <= 0);

	if (sig < 0 || sig > _NSIG)
		return -EINVAL;
	if (!from_user || same_thread_group(current, t) || kill_ok_by_cred(t))
		return 0;
	if (sig == SIGCONT && task_session(t) == task_session(current))
		return 0;
	return -EPERM;
}

/* With the permission check; sig 0 only checks. */
int group_send_sig_info(int sig, kernel_siginfo_t *info, struct task_struct *p, enum pid_type type)
{
	int ret = check_kill_permission(sig, info, p);

	if (!ret && sig)
		ret = do_send_sig_info(sig, info, p, type);
	return ret;
}

int send_sig_info(int sig, kernel_siginfo_t *info, struct task_struct *p)
{
	return do_send_sig_info(sig, info, p, PIDTYPE_PID);
}

int send_sig(int sig, struct task_struct *p, int priv)
{
	return send_sig_info(sig, priv ? SEND_SIG_PRIV : SEND_SIG_NOINFO, p);
}

int kill_pid_info(int sig, kernel_siginfo_t *info, struct pid *pid)
{
	struct task_struct *p;
	int ret = -ESRCH;

	read_lock(&tasklist_lock);
	p = pid_task(pid, PIDTYPE_TGID);
	if (p)
		ret = group_send_sig_info(sig, info, p, PIDTYPE_TGID);
	read_unlock(&tasklist_lock);
	return ret;
}

/* 0 if it reached anyone, else the last error, -ESRCH for an empty group. tasklist_lock held. */
int __kill_pgrp_info(int sig, kernel_siginfo_t *info, struct pid *pgrp)
{
	struct task_struct *p;
	bool success = false;
	int ret = -ESRCH;

	do_each_pid_task(pgrp, PIDTYPE_PGID, p)
	{
		int err = group_send_sig_info(sig, info, p, PIDTYPE_PGID);

		success |= !err;
		ret = err;
	}
	while_each_pid_task(pgrp, PIDTYPE_PGID, p);
	return success ? 0 : ret;
}

int kill_pgrp(struct pid *pid, int sig, int priv)
{
	int ret;

	read_lock(&tasklist_lock);
	ret = __kill_pgrp_info(sig, priv ? SEND_SIG_PRIV : SEND_SIG_NOINFO, pid);
	read_unlock(&tasklist_lock);
	return ret;
}

/* ---- caused by the current task itself --------------------------------------------------- */

enum force_mode {
	FORCE_CURRENT, /* a handler may run, if the signal is neither blocked nor ignored */
	FORCE_DEFAULT, /* the default action, whatever is set */
};

static int force_sig_mode(kernel_siginfo_t *info, enum force_mode mode)
{
	int sig = info->si_signo, ret;
	struct k_sigaction *action;
	unsigned long flags;
	bool blocked, ignored;

	spin_lock_irqsave(&current->sighand->siglock, flags);
	action = &current->sighand->action[sig - 1];
	ignored = action->sa.sa_handler == SIG_IGN;
	blocked = sigismember(&current->blocked, sig);
	if (blocked || ignored || mode == FORCE_DEFAULT) {
		action->sa.sa_handler = SIG_DFL;
		if (blocked)
			sigdelset(&current->blocked, sig);
	}
	/* A fault of init itself must end it, or it would fault for ever. */
	if (action->sa.sa_handler == SIG_DFL)
		current->signal->flags &= ~SIGNAL_UNKILLABLE;
	ret = send_signal_locked(sig, info, current, PIDTYPE_PID);
	if (blocked)
		recalc_sigpending_and_wake(current);
	spin_unlock_irqrestore(&current->sighand->siglock, flags);
	return ret;
}

int force_sig_info(kernel_siginfo_t *info)
{
	return force_sig_mode(info, FORCE_CURRENT);
}

static void force_plain(int sig, enum force_mode mode)
{
	kernel_siginfo_t info;

	clear_siginfo(&info);
	info.si_signo = sig;
	info.si_code = SI_KERNEL;
	force_sig_mode(&info, mode);
}

void force_sig(int sig)
{
	force_plain(sig, FORCE_CURRENT);
}

void force_fatal_sig(int sig)
{
	force_plain(sig, FORCE_DEFAULT);
}

/* A frame could not be built. If it was SIGSEGV's own, there is no way out but death. */
void force_sigsegv(int sig)
{
	if (sig == SIGSEGV)
		force_fatal_sig(SIGSEGV);
	else
		force_sig(SIGSEGV);
}

void force_sig_fault(int sig, int code, void __user *addr)
{
	kernel_siginfo_t info;

	clear_siginfo(&info);
	info.si_signo = sig;
	info.si_code = code;
	info.si_addr = (__force void *)addr;
	force_sig_info(&info);
}

void force_sig_pkuerr(void __user *addr, u32 pkey)
{
	kernel_siginfo_t info;

	clear_siginfo(&info);
	info.si_signo = SIGSEGV;
	info.si_code = SEGV_PKUERR;
	info.si_addr = (__force void *)addr;
	info.si_pkey = pkey;
	force_sig_info(&info);
}

/* ---- telling the parent ------------------------------------------------------------------ */

static void child_info(kernel_siginfo_t *info, struct task_struct *tsk, int sig)
{
	u64 utime, stime;

	clear_siginfo(info);
	info->si_signo = sig;
	info->si_pid = task_tgid_nr(tsk);
	info->si_uid = task_uid(tsk);
	thread_group_cputime(tsk, &utime, &stime);
	info->si_utime = (long)nsec_to_clock_t(utime);
	info->si_stime = (long)nsec_to_clock_t(stime);
}

/*
 * tsk, a thread-group leader or a thread whose parent waits for it, has died with tsk->exit_code.
 * Sends sig to the parent and wakes its wait4(). tasklist_lock held for writing. Returns true if
 * the parent ignores SIGCHLD (or SA_NOCLDWAIT): nobody will wait, the task is reaped at once.
 */
bool do_notify_parent(struct task_struct *tsk, int sig)
{
	struct sighand_struct *psig = tsk->parent->sighand;
	__sighandler_t handler;
	kernel_siginfo_t info;
	bool autoreap = false;
	unsigned long flags;

	child_info(&info, tsk, sig);
	info.si_status = tsk->exit_code & 0x7f;
	if (tsk->exit_code & 0x80)
		info.si_code = CLD_DUMPED;
	else if (tsk->exit_code & 0x7f)
		info.si_code = CLD_KILLED;
	else {
		info.si_code = CLD_EXITED;
		info.si_status = tsk->exit_code >> 8;
	}

	spin_lock_irqsave(&psig->siglock, flags);
	handler = psig->action[SIGCHLD - 1].sa.sa_handler;
	if (sig == SIGCHLD &&
	    (handler == SIG_IGN || (psig->action[SIGCHLD - 1].sa.sa_flags & SA_NOCLDWAIT))) {
		autoreap = true;
		if (handler == SIG_IGN)
			sig = 0;
	}
	if (sig > 0 && sig <= _NSIG)
		send_signal_locked(sig, &info, tsk->parent, PIDTYPE_TGID);
	spin_unlock_irqrestore(&psig->siglock, flags);
	__wake_up_parent(tsk, tsk->parent);
	return autoreap;
}

/* why: CLD_STOPPED or CLD_CONTINUED. tasklist_lock held for reading. */
void do_notify_parent_cldstop(struct task_struct *tsk, bool for_ptracer, int why)
{
	struct task_struct *leader = tsk->group_leader, *parent = leader->real_parent;
	struct sighand_struct *sighand = parent->sighand;
	kernel_siginfo_t info;
	unsigned long flags;

	child_info(&info, leader, SIGCHLD);
	info.si_code = why;
	info.si_status = why == CLD_CONTINUED ? SIGCONT : tsk->signal->group_exit_code & 0x7f;

	spin_lock_irqsave(&sighand->siglock, flags);
	if (sighand->action[SIGCHLD - 1].sa.sa_handler != SIG_IGN &&
	    !(sighand->action[SIGCHLD - 1].sa.sa_flags & SA_NOCLDSTOP))
		send_signal_locked(SIGCHLD, &info, parent, PIDTYPE_TGID);
	__wake_up_parent(leader, parent); /* it waits for the pid of the process */
	spin_unlock_irqrestore(&sighand->siglock, flags);
}
