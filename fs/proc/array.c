// SPDX-License-Identifier: MIT
/*
 * fs/proc/array.c - /proc/PID/stat and statm: a task as one line of numbers.
 *
 * What tells where things stand in its address space is shown as 0 (or 1) to those who may not look
 * into the process. Formats are those of proc(5).
 *
 * Locks: tasklist_lock keeps the family and the threads; siglock inside it the signals.
 */
#include "internal.h"
#include <pagoda/cred.h>
#include <pagoda/hrtimer.h>
#include <pagoda/mm.h>
#include <pagoda/sched_task.h>
#include <pagoda/signal.h>
#include <pagoda/tty.h>

/* In the order of bits of the state, from TASK_RUNNING on. */
const char *task_state_name(struct task_struct *task)
{
	unsigned int state = READ_ONCE(task->__state);

	if (READ_ONCE(task->exit_state) & EXIT_ZOMBIE)
		return "Z (zombie)";
	if (READ_ONCE(task->exit_state) & EXIT_DEAD)
		return "X (dead)";
	if (state & TASK_INTERRUPTIBLE)
		return "S (sleeping)";
	if (state & TASK_UNINTERRUPTIBLE)
		return "D (disk sleep)";
	if (state & __TASK_STOPPED)
		return "T (stopped)";
	if (state & __TASK_TRACED)
		return "t (tracing stop)";
	if (state & TASK_DEAD)
		return "X (dead)";
	return "R (running)";
}

void proc_task_name(struct seq_file *m, struct task_struct *task, bool escape)
{
	char comm[TASK_COMM_LEN];

	task_lock(task);
	memcpy(comm, task->comm, sizeof(comm));
	task_unlock(task);
	for (const char *p = comm; *p; p++) {
		if (escape && (*p == '\n' || *p == '\\'))
			seq_putc(m, '\\');
		seq_putc(m, escape && *p == '\n' ? 'n' : *p);
	}
}

/* What is gathered under locks before the line is printed. */
struct task_numbers {
	pid_t ppid, pgid, sid;
	int tty_nr, tty_pgrp;
	int num_threads;
	unsigned long min_flt, cmin_flt, maj_flt, cmaj_flt;
	u64 utime, stime, cutime, cstime;
	unsigned long rsslim;
	u64 pending, blocked, ignored, caught;
	int exit_code;
};

static void gather_signals(struct task_struct *task, struct task_numbers *n)
{
	n->pending = task->pending.signal.sig[0];
	n->blocked = task->blocked.sig[0];
	for (int sig = 1; sig <= _NSIG; sig++) {
		__sighandler_t handler = task->sighand->action[sig - 1].sa.sa_handler;

		if (handler == SIG_IGN)
			n->ignored |= sigmask(sig);
		else if (handler != SIG_DFL)
			n->caught |= sigmask(sig);
	}
}

static void gather_tty(struct tty_struct *tty, struct task_numbers *n)
{
	if (!tty)
		return;
	spin_lock(&tty->ctrl_lock);
	n->tty_pgrp = tty->pgrp ? pid_nr(tty->pgrp) : -1;
	spin_unlock(&tty->ctrl_lock);
	n->tty_nr = (int)new_encode_dev(tty->dev);
}

/* whole: of all threads together; else of this one. A task that is gone leaves zeroes. */
static void gather(struct task_struct *task, bool whole, struct task_numbers *n)
{
	struct signal_struct *sig = task->signal;
	struct task_struct *t;
	unsigned long flags;

	*n = (struct task_numbers){.pgid = -1, .sid = -1, .tty_pgrp = -1};
	read_lock(&tasklist_lock);
	if (!pid_alive(task) || !task->sighand)
		goto out;
	spin_lock_irqsave(&task->sighand->siglock, flags);
	gather_signals(task, n);
	gather_tty(sig->tty, n);
	spin_unlock_irqrestore(&task->sighand->siglock, flags);
	n->ppid = task_tgid_nr(task->real_parent);
	n->pgid = pid_nr(task_pgrp(task));
	n->sid = pid_nr(task_session(task));
	n->num_threads = sig->nr_threads;
	n->rsslim = sig->rlim[RLIMIT_RSS].rlim_cur;
	n->cmin_flt = sig->cmin_flt;
	n->cmaj_flt = sig->cmaj_flt;
	n->cutime = sig->cutime;
	n->cstime = sig->cstime;
	if (whole) {
		n->min_flt = sig->min_flt;
		n->maj_flt = sig->maj_flt;
		for_each_thread (task, t) {
			n->min_flt += t->min_flt;
			n->maj_flt += t->maj_flt;
		}
		thread_group_cputime(task, &n->utime, &n->stime);
	} else {
		n->min_flt = task->min_flt;
		n->maj_flt = task->maj_flt;
		task_cputime(task, &n->utime, &n->stime);
	}
	n->exit_code = sig->flags & SIGNAL_GROUP_EXIT ? sig->group_exit_code : task->exit_code;
out:
	read_unlock(&tasklist_lock);
}

static void put_u(struct seq_file *m, u64 v)
{
	seq_put_decimal_ull(m, " ", v);
}

static void put_d(struct seq_file *m, s64 v)
{
	seq_put_decimal_ll(m, " ", v);
}

/* Fields 45 to 51; mm NULL: not to be seen. */
static void put_layout(struct seq_file *m, const struct mm_struct *mm)
{
	put_u(m, mm ? mm->start_data : 0);
	put_u(m, mm ? mm->end_data : 0);
	put_u(m, mm ? mm->start_brk : 0);
	put_u(m, mm ? mm->arg_start : 0);
	put_u(m, mm ? mm->arg_end : 0);
	put_u(m, mm ? mm->env_start : 0);
	put_u(m, mm ? mm->env_end : 0);
}

static int do_task_stat(struct seq_file *m, struct task_struct *task, bool whole)
{
	const char *state = task_state_name(task);
	bool permitted = ptrace_may_access(task);
	struct mm_struct *mm = get_task_mm(task);
	struct task_numbers n;

	gather(task, whole, &n);
	seq_put_decimal_ull(m, "", (u64)task->pid);
	seq_puts(m, " (");
	proc_task_name(m, task, false);
	seq_puts(m, ") ");
	seq_putc(m, *state);
	put_d(m, n.ppid);
	put_d(m, n.pgid);
	put_d(m, n.sid);
	put_d(m, n.tty_nr);
	put_d(m, n.tty_pgrp);
	put_u(m, task->flags);
	put_u(m, n.min_flt);
	put_u(m, n.cmin_flt);
	put_u(m, n.maj_flt);
	put_u(m, n.cmaj_flt);
	put_u(m, nsec_to_clock_t(n.utime));
	put_u(m, nsec_to_clock_t(n.stime));
	put_u(m, nsec_to_clock_t(n.cutime));
	put_u(m, nsec_to_clock_t(n.cstime));
	put_d(m, task->rt_priority ? -1 - (s64)task->rt_priority : 20 + task->static_nice);
	put_d(m, task->static_nice);
	put_d(m, n.num_threads);
	put_d(m, 0); /* itrealvalue */
	put_u(m, nsec_to_clock_t(task->start_time));
	put_u(m, mm ? mm->total_vm * PAGE_SIZE : 0);
	put_u(m, mm ? get_mm_rss(mm) : 0);
	put_u(m, n.rsslim);
	put_u(m, mm ? (permitted ? mm->start_code : 1) : 0);
	put_u(m, mm ? (permitted ? mm->end_code : 1) : 0);
	put_u(m, mm && permitted ? mm->start_stack : 0);
	put_u(m, 0); /* stack pointer, instruction pointer: of dying tasks only */
	put_u(m, 0);
	put_u(m, n.pending & 0x7fffffffUL);
	put_u(m, n.blocked & 0x7fffffffUL);
	put_u(m, n.ignored & 0x7fffffffUL);
	put_u(m, n.caught & 0x7fffffffUL);
	put_u(m, permitted && *state != 'R'); /* wchan: whether it waits at all */
	put_u(m, 0);			      /* swap, of it and of its children */
	put_u(m, 0);
	put_d(m, task->exit_signal);
	put_d(m, READ_ONCE(task->cpu));
	put_u(m, task->rt_priority);
	put_u(m, task->policy);
	put_u(m, 0); /* waiting for disks; guest time, of it and of its children */
	put_u(m, 0);
	put_d(m, 0);
	put_layout(m, permitted ? mm : NULL);
	put_d(m, permitted ? n.exit_code : 0);
	seq_putc(m, '\n');
	if (mm)
		mmput(mm);
	return 0;
}

int proc_tgid_stat(struct seq_file *m, struct task_struct *task)
{
	return do_task_stat(m, task, true);
}

int proc_tid_stat(struct seq_file *m, struct task_struct *task)
{
	return do_task_stat(m, task, false);
}

int proc_pid_statm(struct seq_file *m, struct task_struct *task)
{
	struct mm_struct *mm = get_task_mm(task);
	unsigned long rss[NR_MM_COUNTERS], text;

	if (!mm) {
		seq_puts(m, "0 0 0 0 0 0 0\n");
		return 0;
	}
	get_mm_counters(mm, rss);
	text = (PAGE_ALIGN(mm->end_code) - (mm->start_code & PAGE_MASK)) >> PAGE_SHIFT;
	seq_printf(m, "%lu %lu %lu %lu 0 %lu 0\n", mm->total_vm,
		   rss[MM_FILEPAGES] + rss[MM_ANONPAGES] + rss[MM_SHMEMPAGES],
		   rss[MM_FILEPAGES] + rss[MM_SHMEMPAGES], text, mm->data_vm + mm->stack_vm);
	mmput(mm);
	return 0;
}
