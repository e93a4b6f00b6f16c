// SPDX-License-Identifier: MIT
/*
 * kernel/signal_deliver.c - what a task does about its signals before it returns to user mode.
 *
 * get_signal() takes them one by one. Default actions happen here: ignore, stop the process, end
 * it. A signal with a handler is given to the machine layer, which builds the frame and then calls
 * signal_setup_done().
 *
 * Group stop: the thread that dequeues a stop signal counts itself and all others into
 * group_stop_count; each stops when it gets here; the last one tells the parent.
 *
 * Locks: sighand->siglock; tasklist_lock outside it where a parent is told.
 */
#include <pagoda/signal.h>
#include <pagoda/bug.h>
#include <pagoda/pid.h>
#include <pagoda/sched_task.h>
#include <pagoda/string.h>
#include <asm/uaccess.h>

/* ---- stopping ---------------------------------------------------------------------------- */

/* Count every thread into a new group stop. */
static void start_group_stop(int sig)
{
	struct signal_struct *signal = current->signal;
	struct task_struct *t;

	if (!(signal->flags & SIGNAL_STOP_STOPPED))
		signal->group_exit_code = sig;
	signal->group_stop_count = 0;
	for_each_thread (current, t) {
		if (task_is_stopped(t) || (t->flags & PF_EXITING) || t->exit_state)
			continue;
		t->jobctl |= JOBCTL_STOP_PENDING | JOBCTL_STOP_CONSUME;
		signal->group_stop_count++;
		if (t != current)
			signal_wake_up_state(t, 0);
	}
}

/* current takes part in the stop under way; true if it is the last to do so. */
static bool join_group_stop(void)
{
	struct signal_struct *signal = current->signal;
	bool counted = current->jobctl & JOBCTL_STOP_CONSUME;

	task_clear_jobctl_stop(current);
	if (!counted)
		return false;
	if (signal->group_stop_count > 0)
		signal->group_stop_count--;
	if (signal->group_stop_count || (signal->flags & SIGNAL_STOP_STOPPED))
		return false;
	signal->flags &= ~(SIGNAL_STOP_CONTINUED | SIGNAL_CLD_MASK);
	signal->flags |= SIGNAL_STOP_STOPPED;
	return true;
}

/*
 * Stop, for signal sig just dequeued or (0) because another thread started a group stop. siglock
 * held; dropped if it returns true, which means: look at the signals again from the start.
 */
static bool do_signal_stop(int sig)
{
	struct signal_struct *signal = current->signal;
	bool last;

	if (!(current->jobctl & JOBCTL_STOP_PENDING)) {
		/* A SIGCONT may have come since sig was taken off the queue. */
		if (!sig || !(current->jobctl & JOBCTL_STOP_DEQUEUED) ||
		    (signal->flags & SIGNAL_GROUP_EXIT) || signal->group_exec_task)
			return false;
		start_group_stop(sig);
	}
	last = join_group_stop();
	WRITE_ONCE(current->__state, TASK_STOPPED);
	spin_unlock_irq(&current->sighand->siglock);
	if (last) {
		read_lock(&tasklist_lock);
		do_notify_parent_cldstop(current, false, CLD_STOPPED);
		read_unlock(&tasklist_lock);
	}
	schedule();
	return true;
}

/* A SIGCONT came: one thread tells the parent. siglock held; dropped if it returns true. */
static bool notify_continued(void)
{
	struct signal_struct *signal = current->signal;
	int why;

	if (likely(!(signal->flags & SIGNAL_CLD_MASK)))
		return false;
	why = signal->flags & SIGNAL_CLD_CONTINUED ? CLD_CONTINUED : CLD_STOPPED;
	signal->flags &= ~SIGNAL_CLD_MASK;
	spin_unlock_irq(&current->sighand->siglock);
	read_lock(&tasklist_lock);
	do_notify_parent_cldstop(current, false, why);
	read_unlock(&tasklist_lock);
	return true;
}

/* ---- the next signal --------------------------------------------------------------------- */

enum verdict { TAKE_NEXT, START_AGAIN, HAS_HANDLER, FATAL };

/* Default action of sig. siglock held, except on START_AGAIN. */
static enum verdict default_action(int sig)
{
	if (sig_in(sig, SIG_KERNEL_IGNORE_MASK))
		return TAKE_NEXT;
	if ((current->signal->flags & SIGNAL_UNKILLABLE) && !sig_in(sig, SIG_KERNEL_ONLY_MASK))
		return TAKE_NEXT;
	if (!sig_in(sig, SIG_KERNEL_STOP_MASK))
		return FATAL;
	/* A terminal stop of an orphaned process group could never be continued. */
	if (sig != SIGSTOP) {
		bool orphaned;

		spin_unlock_irq(&current->sighand->siglock);
		orphaned = is_current_pgrp_orphaned();
		if (orphaned)
			return START_AGAIN;
		spin_lock_irq(&current->sighand->siglock);
	}
	return do_signal_stop(sig) ? START_AGAIN : TAKE_NEXT;
}

static enum verdict judge(struct ksignal *ksig, int sig)
{
	struct k_sigaction *action = &current->sighand->action[sig - 1];

	if (action->sa.sa_handler == SIG_IGN)
		return TAKE_NEXT;
	if (action->sa.sa_handler == SIG_DFL)
		return default_action(sig);
	ksig->ka = *action;
	if (action->sa.sa_flags & SA_RESETHAND)
		action->sa.sa_handler = SIG_DFL;
	return HAS_HANDLER;
}

/* One signal off the queue, or the reason to die. siglock held, except on START_AGAIN. */
static enum verdict next_event(struct ksignal *ksig, int *sig)
{
	struct signal_struct *signal = current->signal;

	if ((signal->flags & SIGNAL_GROUP_EXIT) || signal->group_exec_task) {
		sigdelset(&current->pending.signal, SIGKILL);
		recalc_sigpending();
		*sig = SIGKILL;
		return FATAL;
	}
	if ((current->jobctl & JOBCTL_STOP_PENDING) && do_signal_stop(0))
		return START_AGAIN;
	*sig = dequeue_signal(&current->blocked, &ksig->info);
	return *sig ? judge(ksig, *sig) : HAS_HANDLER;
}

bool get_signal(struct ksignal *ksig)
{
	enum verdict verdict;
	int sig = 0;

	do {
		spin_lock_irq(&current->sighand->siglock);
		if (notify_continued()) {
			verdict = START_AGAIN;
			continue;
		}
		do {
			verdict = next_event(ksig, &sig);
		} while (verdict == TAKE_NEXT);
		if (verdict != START_AGAIN)
			spin_unlock_irq(&current->sighand->siglock);
	} while (verdict == START_AGAIN);

	if (verdict == FATAL) {
		current->flags |= PF_SIGNALED;
		do_group_exit(sig);
	}
	ksig->sig = sig;
	return sig > 0;
}

/* ---- around the frame -------------------------------------------------------------------- */

void signal_setup_done(int failed, struct ksignal *ksig, int stepping)
{
	sigset_t blocked;

	if (failed) {
		force_sigsegv(ksig->sig);
		return;
	}
	/* The mask before the signal is in the frame now. */
	clear_thread_flag(TIF_RESTORE_SIGMASK);
	blocked.sig[0] = current->blocked.sig[0] | ksig->ka.sa.sa_mask.sig[0];
	if (!(ksig->ka.sa.sa_flags & SA_NODEFER))
		sigaddset(&blocked, ksig->sig);
	set_current_blocked(&blocked);
	if (current->sas_ss_flags & SS_AUTODISARM)
		signal_clear_altstack(current);
}

/*
 * current is exiting: signals for the process that it was chosen to take must find another
 * thread, and a group stop must not wait for it.
 */
void exit_signals(struct task_struct *tsk)
{
	struct task_struct *t;
	bool stopped = false;
	unsigned long unblocked;

	spin_lock_irq(&tsk->sighand->siglock);
	tsk->flags |= PF_EXITING;
	if (tsk->signal->flags & SIGNAL_GROUP_EXIT || tsk->signal->nr_threads <= 1)
		goto out;
	unblocked = tsk->signal->shared_pending.signal.sig[0] & ~tsk->blocked.sig[0];
	for_each_thread (tsk, t) {
		if (t != tsk && !(t->flags & PF_EXITING) && (unblocked & ~t->blocked.sig[0]))
			recalc_sigpending_and_wake(t);
	}
	if (tsk->jobctl & JOBCTL_STOP_PENDING)
		stopped = join_group_stop();
out:
	spin_unlock_irq(&tsk->sighand->siglock);
	if (stopped) {
		read_lock(&tasklist_lock);
		do_notify_parent_cldstop(tsk, false, CLD_STOPPED);
		read_unlock(&tasklist_lock);
	}
}

/* ---- the alternate stack ----------------------------------------------------------------- */

int on_sig_stack(unsigned long sp)
{
	/* With SS_AUTODISARM the stack is disarmed while in use: never "on" it. */
	if (current->sas_ss_flags & SS_AUTODISARM)
		return 0;
	return sp > current->sas_ss_sp && sp - current->sas_ss_sp <= current->sas_ss_size;
}

int sas_ss_flags(unsigned long sp)
{
	if (!current->sas_ss_size)
		return SS_DISABLE;
	return on_sig_stack(sp) ? SS_ONSTACK : 0;
}

unsigned long sigsp(unsigned long sp, struct ksignal *ksig)
{
	if ((ksig->ka.sa.sa_flags & SA_ONSTACK) && !sas_ss_flags(sp))
		return current->sas_ss_sp + current->sas_ss_size;
	return sp;
}

void signal_clear_altstack(struct task_struct *t)
{
	t->sas_ss_sp = 0;
	t->sas_ss_size = 0;
	t->sas_ss_flags = SS_DISABLE;
}
