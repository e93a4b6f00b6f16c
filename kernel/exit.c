// SPDX-License-Identifier: MIT
/*
 * kernel/exit.c - the end of a task.
 *
 *	do_exit		in the context of the dying task
 *	  exit_signals		nothing is delivered to it any more
 *	  exit_mm		mm_release: robust futexes, CLEARTID, vfork; then the memory (TID-8)
 *	  exit_files, exit_fs	only after the memory (EXT-1)
 *	  exit_notify		children go to another parent; the own one is told: zombie, or gone
 *	  do_task_dead		schedules away for the last time
 *	release_task	takes it off all lists: by the parent's wait, or at once when nobody waits
 *
 * A thread that is not the leader goes at once. The leader stays as a zombie until its other
 * threads are gone: the last of them tells the parent in its place.
 *
 * Locks: the family, exit_state and the lists are changed under tasklist_lock held for writing.
 */
#include <pagoda/cred.h>
#include <pagoda/fdtable.h>
#include <pagoda/fs_struct.h>
#include <pagoda/gfp.h>
#include <pagoda/mm.h>
#include <pagoda/pid.h>
#include <pagoda/posix-timers.h>
#include <pagoda/printk.h>
#include <pagoda/sched.h>
#include <pagoda/sched_task.h>
#include <pagoda/signal.h>
#include <syscalls.h>

void (*disassociate_ctty_hook)(int on_exit);

/* ---- release ------------------------------------------------------------------------------- */

/* What the thread used goes to the sums of its process. siglock held. */
static void account_dead_thread(struct task_struct *tsk, struct signal_struct *sig)
{
	u64 utime, stime;

	task_cputime(tsk, &utime, &stime);
	sig->utime += utime;
	sig->stime += stime;
	sig->min_flt += tsk->min_flt;
	sig->maj_flt += tsk->maj_flt;
	sig->nvcsw += tsk->nvcsw;
	sig->nivcsw += tsk->nivcsw;
}

static void unhash_process(struct task_struct *p, bool group_dead)
{
	nr_threads--;
	detach_pid(p, PIDTYPE_PID);
	if (group_dead) {
		detach_pid(p, PIDTYPE_TGID);
		detach_pid(p, PIDTYPE_PGID);
		detach_pid(p, PIDTYPE_SID);
		list_del_init(&p->tasks);
		list_del_init(&p->sibling);
	}
	list_del_init(&p->thread_node);
}

/* Take tsk out of its process. tasklist_lock held for writing. */
static void exit_signal_struct(struct task_struct *tsk)
{
	bool group_dead = thread_group_leader(tsk);
	struct sighand_struct *sighand = tsk->sighand;
	struct signal_struct *sig = tsk->signal;

	spin_lock(&sighand->siglock);
	if (!group_dead) {
		/* The exec that waits until it is alone. */
		if (sig->notify_count > 0 && !--sig->notify_count)
			wake_up_process(sig->group_exec_task);
		if (tsk == sig->curr_target)
			sig->curr_target =
				sig->thread_head.next == &tsk->thread_node
					? tsk->group_leader
					: list_first_entry(&sig->thread_head, struct task_struct,
							   thread_node);
	}
	account_dead_thread(tsk, sig);
	sig->nr_threads--;
	unhash_process(tsk, group_dead);
	flush_sigqueue(&tsk->pending);
	tsk->sighand = NULL;
	if (group_dead) {
		flush_sigqueue(&sig->shared_pending);
		sig->tty = NULL;
	}
	spin_unlock(&sighand->siglock);
	cleanup_sighand(sighand);
	clear_tsk_thread_flag(tsk, TIF_SIGPENDING);
}

/* The whole process of the leader tsk has ended. True if nobody will wait for it. */
static bool notify_death(struct task_struct *tsk)
{
	wake_up_all(&task_tgid(tsk)->wait_pidfd);
	return do_notify_parent(tsk, tsk->exit_signal);
}

/*
 * p, dead and of interest to nobody, leaves the lists and loses the reference of its parent. A
 * leader that waited as a zombie for this thread, and whose parent does not care, goes as well.
 */
void release_task(struct task_struct *p)
{
	struct task_struct *leader;
	bool zap_leader;

	do {
		zap_leader = false;
		write_lock_irq(&tasklist_lock);
		leader = p->group_leader;
		exit_signal_struct(p);
		if (leader != p && thread_group_empty(leader) &&
		    leader->exit_state == EXIT_ZOMBIE) {
			zap_leader = notify_death(leader);
			if (zap_leader)
				leader->exit_state = EXIT_DEAD;
		}
		write_unlock_irq(&tasklist_lock);
		put_task_struct(p);
		p = leader;
	} while (zap_leader);
}

/* ---- orphaned process groups --------------------------------------------------------------- */

/* No member of pgrp but ignored_task has a parent in another group of the session. */
static bool will_become_orphaned_pgrp(struct pid *pgrp, struct task_struct *ignored_task)
{
	struct task_struct *p;

	do_each_pid_task(pgrp, PIDTYPE_PGID, p)
	{
		if (p == ignored_task || (p->exit_state && thread_group_empty(p)) ||
		    is_global_init(p->real_parent))
			continue;
		if (task_pgrp(p->real_parent) != pgrp &&
		    task_session(p->real_parent) == task_session(p))
			return false;
	}
	while_each_pid_task(pgrp, PIDTYPE_PGID, p);
	return true;
}

bool is_current_pgrp_orphaned(void)
{
	bool ret;

	read_lock(&tasklist_lock);
	ret = will_become_orphaned_pgrp(task_pgrp(current), NULL);
	read_unlock(&tasklist_lock);
	return ret;
}

static bool has_stopped_jobs(struct pid *pgrp)
{
	struct task_struct *p;

	do_each_pid_task(pgrp, PIDTYPE_PGID, p)
	{
		if (p->signal->flags & SIGNAL_STOP_STOPPED)
			return true;
	}
	while_each_pid_task(pgrp, PIDTYPE_PGID, p);
	return false;
}

/*
 * When the connection between tsk and parent goes, tsk's process group may become orphaned: its
 * stopped members would never be continued, so they get SIGHUP and SIGCONT (POSIX, _exit).
 */
static void kill_orphaned_pgrp(struct task_struct *tsk, struct task_struct *parent)
{
	struct pid *pgrp = task_pgrp(tsk);
	struct task_struct *ignored_task = tsk;

	if (!parent)
		parent = tsk->real_parent; /* tsk itself exits */
	else
		ignored_task = NULL; /* its parent exits */
	if (task_pgrp(parent) != pgrp && task_session(parent) == task_session(tsk) &&
	    will_become_orphaned_pgrp(pgrp, ignored_task) && has_stopped_jobs(pgrp)) {
		__kill_pgrp_info(SIGHUP, SEND_SIG_PRIV, pgrp);
		__kill_pgrp_info(SIGCONT, SEND_SIG_PRIV, pgrp);
	}
}

/* ---- children get another parent ------------------------------------------------------------ */

static struct task_struct *find_alive_thread(struct task_struct *p)
{
	struct task_struct *t;

	for_each_thread (p, t)
		if (!(t->flags & PF_EXITING))
			return t;
	return NULL;
}

/* Another thread of the process, else the nearest ancestor that is a subreaper, else init. */
static struct task_struct *find_new_reaper(struct task_struct *father)
{
	struct task_struct *init = pid_task(find_vpid(1), PIDTYPE_TGID), *thread, *reaper;

	thread = find_alive_thread(father);
	if (thread)
		return thread;
	for (reaper = father->real_parent; reaper != &init_task && reaper != init;
	     reaper = reaper->real_parent) {
		if (!reaper->signal->is_child_subreaper)
			continue;
		thread = find_alive_thread(reaper);
		if (thread)
			return thread;
	}
	thread = find_alive_thread(init);
	return thread ? thread : init;
}

/* A child gets its new parent. Dead ones that its parent ignores are put on `dead`. */
static void reparent_leader(struct task_struct *father, struct task_struct *p,
			    struct list_head *dead)
{
	if (p->exit_state == EXIT_DEAD)
		return;
	p->exit_signal = SIGCHLD; /* never a strange one to init */
	if (p->exit_state == EXIT_ZOMBIE && thread_group_empty(p) &&
	    do_notify_parent(p, p->exit_signal)) {
		p->exit_state = EXIT_DEAD;
		list_add(&p->dead_node, dead);
	}
	kill_orphaned_pgrp(p, father);
}

/* tasklist_lock held for writing. */
static void forget_original_parent(struct task_struct *father, struct list_head *dead)
{
	struct task_struct *p, *t, *reaper;

	if (list_empty(&father->children))
		return;
	reaper = find_new_reaper(father);
	list_for_each_entry (p, &father->children, sibling) {
		for_each_thread (p, t) {
			t->real_parent = reaper;
			t->parent = reaper;
			if (t->pdeath_signal)
				do_send_sig_info(t->pdeath_signal, SEND_SIG_NOINFO, t,
						 PIDTYPE_TGID);
		}
		if (!same_thread_group(reaper, father))
			reparent_leader(father, p, dead);
	}
	list_splice_tail_init(&father->children, &reaper->children);
}

/*
 * Children, parent and process group learn of it. After this the task may be reaped at any time;
 * threads, and processes that nobody waits for, are released here.
 */
static void exit_notify(struct task_struct *tsk, bool group_dead)
{
	struct task_struct *p, *n;
	bool autoreap = true;
	LIST_HEAD(dead);

	write_lock_irq(&tasklist_lock);
	forget_original_parent(tsk, &dead);
	if (group_dead)
		kill_orphaned_pgrp(tsk->group_leader, NULL);
	tsk->exit_state = EXIT_ZOMBIE;
	if (thread_group_leader(tsk))
		autoreap = thread_group_empty(tsk) && notify_death(tsk);
	if (autoreap) {
		tsk->exit_state = EXIT_DEAD;
		list_add(&tsk->dead_node, &dead);
	}
	/* An exec by another thread waits for us, the leader. */
	if (tsk->signal->notify_count < 0)
		wake_up_process(tsk->signal->group_exec_task);
	write_unlock_irq(&tasklist_lock);

	list_for_each_entry_safe (p, n, &dead, dead_node) {
		list_del(&p->dead_node);
		release_task(p);
	}
}

/* ---- the end of a task ----------------------------------------------------------------------- */

static void exit_mm(void)
{
	struct mm_struct *mm = current->mm;

	if (!mm)
		return;
	mm_release(current, mm, false);
	exit_mm_release_mm(current);
}

/*
 * The last thread of a process: what belongs to the process as a whole. Without an exit_group() its
 * status is that of the process, as in Linux since 5.19.
 */
static void exit_group_dead(struct task_struct *tsk, long code)
{
	struct signal_struct *sig = tsk->signal;
	unsigned long rss;

	spin_lock_irq(&tsk->sighand->siglock);
	if (!(sig->flags & SIGNAL_GROUP_EXIT)) {
		sig->flags = SIGNAL_GROUP_EXIT;
		sig->group_exit_code = code;
		sig->group_stop_count = 0;
	}
	spin_unlock_irq(&tsk->sighand->siglock);
	if (is_global_init(tsk))
		panic("Attempted to kill init! exitcode=0x%08x", sig->group_exit_code);
	hrtimer_cancel(&sig->real_timer);
	exit_itimers(tsk);
	if (tsk->mm) {
		rss = get_mm_hiwater_rss(tsk->mm);
		if (sig->maxrss < rss)
			sig->maxrss = rss;
	}
}

void do_exit(long code)
{
	struct task_struct *tsk = current;
	bool group_dead;

	if (!tsk->pid)
		panic("Attempted to kill the idle task!");
	fail_alloc_exit();
	exit_signals(tsk);
	group_dead = atomic_dec_and_test(&tsk->signal->live);
	if (group_dead)
		exit_group_dead(tsk, code);
	tsk->exit_code = code;
	exit_mm();
	exit_files(tsk);
	exit_fs(tsk);
	if (group_dead && tsk->signal->leader && disassociate_ctty_hook)
		disassociate_ctty_hook(1);
	exit_thread(tsk);
	exit_notify(tsk, group_dead);
	do_task_dead();
}

/* The code of the first caller counts; an exec under way ends its other threads with 0. */
void do_group_exit(int exit_code)
{
	struct signal_struct *sig = current->signal;

	spin_lock_irq(&current->sighand->siglock);
	if (sig->flags & SIGNAL_GROUP_EXIT) {
		exit_code = sig->group_exit_code;
	} else if (sig->group_exec_task) {
		exit_code = 0;
	} else {
		sig->group_exit_code = exit_code;
		sig->flags = SIGNAL_GROUP_EXIT;
		zap_other_threads(current);
	}
	spin_unlock_irq(&current->sighand->siglock);
	do_exit(exit_code);
}

long sys_exit(int error_code)
{
	do_exit((error_code & 0xff) << 8);
}

long sys_exit_group(int error_code)
{
	do_group_exit((error_code & 0xff) << 8);
}
