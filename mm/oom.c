// SPDX-License-Identifier: MIT
/*
 * mm/oom.c - the OOM killer.
 *
 * Called when reclaim has found nothing. The process with the highest badness (its share of memory
 * plus its oom_score_adj) gets SIGKILL, and so does every other that has the same memory; the victim
 * may use part of the reserve to die. While one is dying no other is chosen: callers wait a little
 * and try their allocation again. init, kernel threads, who has -1000 and children of vfork are
 * spared; if nobody is left, the allocation fails. There are no control groups.
 *
 * Locks: oom_lock (one killer at a time), then tasklist_lock for reading.
 */
#include <pagoda/kernel.h>
#include <pagoda/cred.h>
#include <pagoda/hrtimer.h>
#include <pagoda/mm.h>
#include <pagoda/mutex.h>
#include <pagoda/oom.h>
#include <pagoda/panic.h>
#include <pagoda/printk.h>
#include <pagoda/sched.h>
#include <pagoda/signal.h>
#include <pagoda/vmstat.h>

#define VICTIM_PATIENCE (2 * NSEC_PER_SEC)
#define RETRY_DELAY	(10 * NSEC_PER_MSEC)

static DEFINE_MUTEX(oom_lock);
static struct mm_struct *victim_mm; /* will come back, NULL: none; set with oom_lock, see mmput() */
static ktime_t victim_deadline;	    /* oom_lock */

int sysctl_panic_on_oom, sysctl_oom_kill_allocating_task, sysctl_oom_dump_tasks = 1;

/* ---- Choosing ---------------------------------------------------------------------------- */

/* A thread of @p that still has the memory, with alloc_lock held, or NULL; its first may be gone. */
static struct task_struct *find_lock_task_mm(struct task_struct *p)
{
	struct task_struct *t;

	for_each_thread (p, t) {
		task_lock(t);
		if (t->mm)
			return t;
		task_unlock(t);
	}
	return NULL;
}

/* The memory of a process, to compare it. */
static struct mm_struct *process_mm(struct task_struct *p)
{
	struct task_struct *t = find_lock_task_mm(p);
	struct mm_struct *mm = t ? t->mm : NULL;

	if (t)
		task_unlock(t);
	return mm;
}

static bool oom_unkillable(struct task_struct *p)
{
	return p->pid == 1 || (p->flags & PF_KTHREAD) ||
	       p->signal->oom_score_adj == OOM_SCORE_ADJ_MIN;
}

long oom_badness(struct task_struct *p, unsigned long totalpages)
{
	struct task_struct *t = oom_unkillable(p) ? NULL : find_lock_task_mm(p);
	long points = LONG_MIN;

	if (!t)
		return points;
	if (!p->vfork_done) /* else its parent's memory would not go */
		points = get_mm_rss(t->mm) + (mm_pgtables_bytes(t->mm) >> PAGE_SHIFT) +
			 p->signal->oom_score_adj * (long)(totalpages / 1000);
	task_unlock(t);
	return points;
}

long oom_score(struct task_struct *p)
{
	unsigned long total = nr_managed_pages();
	long badness;

	read_lock(&tasklist_lock);
	badness = oom_badness(p, total);
	read_unlock(&tasklist_lock);
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

/* Whether the last victim's memory has not all come back, and has not had its time. */
static bool victim_is_dying(void)
{
	return READ_ONCE(victim_mm) && ktime_get() <= victim_deadline;
}

void oom_mm_is_gone(struct mm_struct *mm)
{
	/* Not if its time was over and there is another victim. */
	__atomic_compare_exchange_n(&victim_mm, &mm, NULL, false, __ATOMIC_RELAXED,
				    __ATOMIC_RELAXED);
}

/* ---- Killing ----------------------------------------------------------------------------- */

static unsigned long kib(unsigned long pages)
{
	return pages << (PAGE_SHIFT - 10);
}

/* The dying may use part of the reserve. tasklist_lock is held. */
static void kill_for_memory(struct task_struct *p)
{
	struct task_struct *t;

	for_each_thread (p, t)
		set_tsk_thread_flag(t, TIF_MEMDIE);
	do_send_sig_info(SIGKILL, SEND_SIG_PRIV, p, PIDTYPE_TGID);
}

static void dump_tasks(void)
{
	struct task_struct *p, *t;

	pr_info("Tasks state (memory values in pages):\n");
	pr_info("[  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents oom_score_adj "
		"name\n");
	read_lock(&tasklist_lock);
	for_each_process (p) {
		t = p->flags & PF_KTHREAD ? NULL : find_lock_task_mm(p);
		if (!t)
			continue;
		pr_info("[%7d] %5d %5d %8lu %8lu %8lu %8d         %5d %s\n", t->pid, task_uid(t),
			t->tgid, t->mm->total_vm, get_mm_rss(t->mm), mm_pgtables_bytes(t->mm), 0,
			p->signal->oom_score_adj, t->comm);
		task_unlock(t);
	}
	read_unlock(&tasklist_lock);
}

static void dump_header(gfp_t gfp, unsigned int order)
{
	struct meminfo i;

	pr_warn("%s invoked oom-killer: gfp_mask=%#x, order=%u, oom_score_adj=%d\n", current->comm,
		gfp, order, current->signal->oom_score_adj);
	si_meminfo(&i);
	pr_warn("Mem-Info: free:%lu min:%lu anon:%lu file:%lu shmem:%lu slab:%lu pagetables:%lu\n",
		i.freeram, min_free_pages(), i.anon, i.cached - i.sharedram, i.sharedram,
		i.slab_reclaimable + i.slab_unreclaimable, i.pagetables);
	if (sysctl_oom_dump_tasks)
		dump_tasks();
}

static void oom_kill_process(struct task_struct *victim, const char *why)
{
	unsigned long counters[NR_MM_COUNTERS] = {0};
	struct task_struct *p, *t;
	struct mm_struct *mm;

	pr_info("oom-kill:constraint=CONSTRAINT_NONE,global_oom,task=%s,pid=%d,uid=%d\n",
		victim->comm, victim->pid, task_uid(victim));
	read_lock(&tasklist_lock);
	t = find_lock_task_mm(victim);
	if (!t)
		goto out; /* it went by itself */
	mm = t->mm;
	get_mm_counters(mm, counters);
	pr_err("%s: Killed process %d (%s) total-vm:%lukB, anon-rss:%lukB, file-rss:%lukB, "
	       "shmem-rss:%lukB, UID:%u pgtables:%lukB oom_score_adj:%d\n",
	       why, victim->pid, victim->comm, kib(mm->total_vm), kib(counters[MM_ANONPAGES]),
	       kib(counters[MM_FILEPAGES]), kib(counters[MM_SHMEMPAGES]), task_uid(victim),
	       mm_pgtables_bytes(mm) >> 10, victim->signal->oom_score_adj);
	WRITE_ONCE(victim_mm, mm); /* while t keeps it */
	task_unlock(t);
	count_vm_event(OOM_KILL);
	victim_deadline = ktime_get() + VICTIM_PATIENCE;
	for_each_process (p) {
		if (p->pid != 1 && !(p->flags & PF_KTHREAD) && process_mm(p) == mm)
			kill_for_memory(p);
	}
out:
	read_unlock(&tasklist_lock);
}

/* oom_lock is held and nobody is dying. False: there is nobody to kill. */
static bool kill_somebody(gfp_t gfp, unsigned int order)
{
	const char *why = "Out of memory";
	struct task_struct *victim;

	if (sysctl_panic_on_oom) {
		dump_header(gfp, order);
		panic("Out of memory: %s panic_on_oom is enabled",
		      sysctl_panic_on_oom == 2 ? "compulsory" : "system-wide");
	}
	if (sysctl_oom_kill_allocating_task && current->mm && !oom_unkillable(current)) {
		why = "Out of memory (oom_kill_allocating_task)";
		victim = current->group_leader;
		get_task_struct(victim);
	} else {
		victim = select_bad_process();
	}
	if (!victim)
		return false;
	dump_header(gfp, order);
	oom_kill_process(victim, why);
	put_task_struct(victim);
	return true;
}

bool out_of_memory(gfp_t gfp, unsigned int order)
{
	/* Who is dying already gets no second chance: it must not wait for itself. */
	if (test_thread_flag(TIF_MEMDIE) || fatal_signal_pending(current) ||
	    (current->flags & PF_EXITING)) {
		set_thread_flag(TIF_MEMDIE);
		return false;
	}
	if (mutex_trylock(&oom_lock)) {
		bool found = victim_is_dying() || kill_somebody(gfp, order);

		mutex_unlock(&oom_lock);
		if (!found)
			return false;
	}
	if (!fatal_signal_pending(current))
		schedule_timeout_uninterruptible(RETRY_DELAY);
	return true;
}
