// SPDX-License-Identifier: MIT
/*
 * mm/oom.c - the OOM killer.
 *
 * Called when reclaim has found nothing. The process with the highest badness (its share of memory
 * plus its oom_score_adj) gets SIGKILL and may use part of the reserve to die. While one is dying
 * no other is chosen: callers wait a little and try their allocation again. init and kernel threads
 * are never killed; if nobody is left, the allocation fails.
 *
 * Locks: oom_lock (one killer at a time), then tasklist_lock for reading.
 */
#include <pagoda/kernel.h>
#include <pagoda/cred.h>
#include <pagoda/hrtimer.h>
#include <pagoda/mm.h>
#include <pagoda/mutex.h>
#include <pagoda/oom.h>
#include <pagoda/printk.h>
#include <pagoda/sched.h>
#include <pagoda/signal.h>
#include <pagoda/vmstat.h>

#define VICTIM_PATIENCE (2 * NSEC_PER_SEC)
#define RETRY_DELAY	(10 * NSEC_PER_MSEC)

static DEFINE_MUTEX(oom_lock);
static pid_t victim_pid; /* the process that is dying, 0 if none; oom_lock */
static ktime_t victim_deadline;

/* ---- Choosing ---------------------------------------------------------------------------- */

static bool oom_unkillable(struct task_struct *p)
{
	return p->pid == 1 || (p->flags & PF_KTHREAD) ||
	       p->signal->oom_score_adj == OOM_SCORE_ADJ_MIN;
}

long oom_badness(struct task_struct *p, unsigned long totalpages)
{
	long points;

	if (oom_unkillable(p))
		return LONG_MIN;
	task_lock(p);
	if (!p->mm) {
		task_unlock(p);
		return LONG_MIN;
	}
	points = get_mm_rss(p->mm) + (mm_pgtables_bytes(p->mm) >> PAGE_SHIFT);
	task_unlock(p);
	return points + p->signal->oom_score_adj * (long)(totalpages / 1000);
}

long oom_score(struct task_struct *p)
{
	unsigned long total = nr_managed_pages();
	long badness = oom_badness(p, total);

	/* The badness of 0 to total pages, as 0 to 1000, two thirds of the scale. */
	if (badness == LONG_MIN)
		return 0;
	return clamp((1000 + badness * 1000 / (long)total) * 2 / 3, 0L, 2000L);
}

/* The worst process, with a reference, or NULL. */
static struct task_struct *select_bad_process(void)
{
	unsigned long total = nr_managed_pages();
	struct task_struct *p, *chosen = NULL;
	long most = LONG_MIN;

	read_lock(&tasklist_lock);
	for_each_process (p) {
		long points = oom_badness(p, total);

		if (points > most) {
			most = points;
			chosen = p;
		}
	}
	if (chosen)
		get_task_struct(chosen);
	read_unlock(&tasklist_lock);
	return chosen;
}

/* Whether the last victim still holds its memory and has not had its time. */
static bool victim_is_dying(void)
{
	struct task_struct *p;
	bool dying = false;

	if (!victim_pid || ktime_get() > victim_deadline)
		return false;
	read_lock(&tasklist_lock);
	for_each_process (p) {
		if (p->pid == victim_pid && READ_ONCE(p->mm))
			dying = true;
	}
	read_unlock(&tasklist_lock);
	return dying;
}

/* ---- Killing ----------------------------------------------------------------------------- */

static unsigned long kib(unsigned long pages)
{
	return pages << (PAGE_SHIFT - 10);
}

static void mark_victim(struct task_struct *victim)
{
	struct task_struct *t;

	read_lock(&tasklist_lock);
	for_each_thread (victim, t)
		set_tsk_thread_flag(t, TIF_MEMDIE);
	read_unlock(&tasklist_lock);
	victim_pid = victim->pid;
	victim_deadline = ktime_get() + VICTIM_PATIENCE;
}

static void oom_kill_process(struct task_struct *victim, gfp_t gfp, unsigned int order)
{
	unsigned long counters[NR_MM_COUNTERS] = {0}, total_vm = 0, tables = 0;
	struct mm_struct *mm = get_task_mm(victim);

	if (mm) {
		get_mm_counters(mm, counters);
		total_vm = mm->total_vm;
		tables = mm_pgtables_bytes(mm) >> 10;
		mmput(mm);
	}
	pr_warn("%s invoked oom-killer: gfp_mask=%#x, order=%u, oom_score_adj=%d\n", current->comm,
		gfp, order, current->signal->oom_score_adj);
	pr_err("Out of memory: Killed process %d (%s) total-vm:%lukB, anon-rss:%lukB, "
	       "file-rss:%lukB, shmem-rss:%lukB, UID:%u pgtables:%lukB oom_score_adj:%d\n",
	       victim->pid, victim->comm, kib(total_vm), kib(counters[MM_ANONPAGES]),
	       kib(counters[MM_FILEPAGES]), kib(counters[MM_SHMEMPAGES]), task_uid(victim), tables,
	       victim->signal->oom_score_adj);
	count_vm_event(OOM_KILL);
	mark_victim(victim);
	do_send_sig_info(SIGKILL, SEND_SIG_PRIV, victim, PIDTYPE_TGID);
}

bool out_of_memory(gfp_t gfp, unsigned int order)
{
	struct task_struct *victim = NULL;

	/* Who is dying already gets no second chance: it must not wait for itself. */
	if (test_thread_flag(TIF_MEMDIE) || fatal_signal_pending(current) ||
	    (current->flags & PF_EXITING)) {
		set_thread_flag(TIF_MEMDIE);
		return false;
	}
	if (mutex_trylock(&oom_lock)) {
		if (!victim_is_dying()) {
			victim = select_bad_process();
			if (!victim) {
				mutex_unlock(&oom_lock);
				return false;
			}
			oom_kill_process(victim, gfp, order);
			put_task_struct(victim);
		}
		mutex_unlock(&oom_lock);
	}
	if (!fatal_signal_pending(current))
		schedule_timeout_uninterruptible(RETRY_DELAY);
	return true;
}
