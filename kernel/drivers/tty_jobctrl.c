// SPDX-License-Identifier: MIT
/*
 * kernel/drivers/tty_jobctrl.c - sessions, foreground process groups and controlling terminals.
 *
 * A session leader without a terminal that opens one gets it as its controlling terminal. The
 * foreground group reads, and receives ^C and ^Z; others are stopped when they try (SIGTTIN,
 * SIGTTOU). When the leader exits, the terminal is hung up.
 *
 * Locks: tty->ctrl_lock for session and pgrp; siglock for signal->tty; tasklist_lock outside both.
 */
#include <pagoda/tty.h>
#include <pagoda/cred.h>
#include <pagoda/pid.h>
#include <pagoda/sched.h>
#include <pagoda/sched_task.h>
#include <pagoda/signal.h>
#include <uapi/ioctls.h>
#include <asm/uaccess.h>

static struct pid *get_pgrp(struct tty_struct *tty)
{
	unsigned long flags;
	struct pid *pgrp;

	spin_lock_irqsave(&tty->ctrl_lock, flags);
	pgrp = get_pid(tty->pgrp);
	spin_unlock_irqrestore(&tty->ctrl_lock, flags);
	return pgrp;
}

/* To the foreground group. Any context; no lock of the tty held. */
void tty_signal_pgrp(struct tty_struct *tty, int sig)
{
	struct pid *pgrp = get_pgrp(tty);

	if (pgrp) {
		kill_pgrp(pgrp, sig, 1);
		put_pid(pgrp);
	}
}

struct tty_struct *get_current_tty(void)
{
	return READ_ONCE(current->signal->tty);
}

int tty_check_change(struct tty_struct *tty, int sig)
{
	struct pid *pgrp, *mine;
	bool background;

	if (current->signal->tty != tty)
		return 0;
	pgrp = get_pgrp(tty);
	mine = task_pgrp(current);
	background = pgrp && pgrp != mine;
	put_pid(pgrp);
	if (!background)
		return 0;
	if (sigismember(&current->blocked, sig) ||
	    current->sighand->action[sig - 1].sa.sa_handler == SIG_IGN)
		return sig == SIGTTIN ? -EIO : 0;
	if (is_current_pgrp_orphaned())
		return -EIO;
	kill_pgrp(mine, sig, 1);
	set_thread_flag(TIF_SIGPENDING);
	return -ERESTARTSYS;
}

/* ---- getting a terminal ------------------------------------------------------------------ */

static void set_ids(struct tty_struct *tty, struct pid *session, struct pid *pgrp)
{
	struct pid *old_session, *old_pgrp;
	unsigned long flags;

	spin_lock_irqsave(&tty->ctrl_lock, flags);
	old_session = tty->session;
	old_pgrp = tty->pgrp;
	tty->session = get_pid(session);
	tty->pgrp = get_pid(pgrp);
	spin_unlock_irqrestore(&tty->ctrl_lock, flags);
	put_pid(old_session);
	put_pid(old_pgrp);
}

static void set_signal_tty(struct task_struct *p, struct tty_struct *tty)
{
	unsigned long flags;

	spin_lock_irqsave(&p->sighand->siglock, flags);
	p->signal->tty = tty;
	spin_unlock_irqrestore(&p->sighand->siglock, flags);
}

static void proc_set_tty(struct tty_struct *tty)
{
	set_ids(tty, task_session(current), task_pgrp(current));
	set_signal_tty(current, tty);
}

void tty_open_ctty(struct tty_struct *tty)
{
	read_lock(&tasklist_lock);
	if (current->signal->leader && !current->signal->tty && !tty->session)
		proc_set_tty(tty);
	read_unlock(&tasklist_lock);
}

/* tasklist_lock held: no process of the session has the terminal any more. */
static void session_clear_tty(struct pid *session)
{
	struct task_struct *p;

	do_each_pid_task(session, PIDTYPE_SID, p)
	{
		if (p->sighand)
			set_signal_tty(p, NULL);
	}
	while_each_pid_task(session, PIDTYPE_SID, p);
}

/* Arg 1 lets root take a terminal away from another session. */
static long tiocsctty(struct tty_struct *tty, unsigned long arg)
{
	long ret = 0;

	read_lock(&tasklist_lock);
	if (current->signal->leader && task_session(current) == tty->session)
		goto out;
	ret = -EPERM;
	if (!current->signal->leader || current->signal->tty)
		goto out;
	if (tty->session) {
		if (arg != 1 || !capable(CAP_SYS_ADMIN))
			goto out;
		session_clear_tty(tty->session);
	}
	proc_set_tty(tty);
	ret = 0;
out:
	read_unlock(&tasklist_lock);
	return ret;
}

/* ---- losing it --------------------------------------------------------------------------- */

/* Files opened before now are dead; SIGHUP and SIGCONT to the foreground group. */
void tty_hangup(struct tty_struct *tty)
{
	struct pid *pgrp = get_pgrp(tty);

	WRITE_ONCE(tty->hangups, tty->hangups + 1);
	if (pgrp) {
		kill_pgrp(pgrp, SIGHUP, 1);
		kill_pgrp(pgrp, SIGCONT, 1);
		put_pid(pgrp);
	}
	read_lock(&tasklist_lock);
	session_clear_tty(tty->session);
	read_unlock(&tasklist_lock);
	set_ids(tty, NULL, NULL);
	n_tty_flush_input(tty);
	tty_std_termios(&tty->termios);
	wake_up_interruptible_all(&tty->read_wait);
	wake_up_interruptible_all(&tty->write_wait);
}

/* A session leader exits (on_exit) or gives its terminal up (TIOCNOTTY). */
void disassociate_ctty(int on_exit)
{
	struct tty_struct *tty = get_current_tty();
	struct pid *pgrp;

	if (!current->signal->leader) {
		if (!on_exit)
			set_signal_tty(current, NULL);
		return;
	}
	if (!tty)
		return;
	if (on_exit) {
		tty_hangup(tty);
		return;
	}
	pgrp = get_pgrp(tty);
	if (pgrp) {
		kill_pgrp(pgrp, SIGHUP, 1);
		kill_pgrp(pgrp, SIGCONT, 1);
		put_pid(pgrp);
	}
	read_lock(&tasklist_lock);
	session_clear_tty(tty->session);
	read_unlock(&tasklist_lock);
	set_ids(tty, NULL, NULL);
}

/* ---- ioctls ------------------------------------------------------------------------------ */

static long tiocgpgrp(struct tty_struct *tty, pid_t __user *arg)
{
	struct pid *pgrp;
	long ret;

	if (current->signal->tty != tty)
		return -ENOTTY;
	pgrp = get_pgrp(tty);
	ret = put_user(pid_nr(pgrp), arg);
	put_pid(pgrp);
	return ret;
}

static long tiocspgrp(struct tty_struct *tty, const pid_t __user *arg)
{
	struct task_struct *leader;
	struct pid *pgrp;
	pid_t nr;
	long ret;

	if (current->signal->tty != tty || tty->session != task_session(current))
		return -ENOTTY;
	ret = tty_check_change(tty, SIGTTOU);
	if (ret == -EIO)
		return -ENOTTY;
	if (ret)
		return ret;
	if (get_user(nr, arg))
		return -EFAULT;
	if (nr < 0)
		return -EINVAL;
	read_lock(&tasklist_lock);
	pgrp = find_vpid(nr);
	leader = pgrp ? pid_task(pgrp, PIDTYPE_PGID) : NULL;
	ret = !pgrp ? -ESRCH : 0;
	if (!ret && (!leader || task_session(leader) != task_session(current)))
		ret = -EPERM;
	if (!ret)
		set_ids(tty, tty->session, pgrp);
	read_unlock(&tasklist_lock);
	return ret;
}

static long tiocgsid(struct tty_struct *tty, pid_t __user *arg)
{
	if (current->signal->tty != tty || !tty->session)
		return -ENOTTY;
	return put_user(pid_nr(tty->session), arg);
}

long tty_jobctrl_ioctl(struct tty_struct *tty, unsigned int cmd, unsigned long arg)
{
	switch (cmd) {
	case TIOCSCTTY:
		return tiocsctty(tty, arg);
	case TIOCNOTTY:
		if (current->signal->tty != tty)
			return -ENOTTY;
		disassociate_ctty(0);
		return 0;
	case TIOCGPGRP:
		return tiocgpgrp(tty, (pid_t __user *)arg);
	case TIOCSPGRP:
		return tiocspgrp(tty, (const pid_t __user *)arg);
	case TIOCGSID:
		return tiocgsid(tty, (pid_t __user *)arg);
	default:
		return -ENOIOCTLCMD;
	}
}
