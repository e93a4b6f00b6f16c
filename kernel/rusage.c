// SPDX-License-Identifier: MIT
/*
 * kernel/rusage.c - what processes have used: getrusage(2), times(2).
 *
 * Locks: tasklist_lock (read) keeps the process together, siglock its sums.
 */
#include <pagoda/errno.h>
#include <pagoda/hrtimer.h>
#include <pagoda/mm.h>
#include <pagoda/sched.h>
#include <pagoda/sched_task.h>
#include <pagoda/string.h>
#include <asm/uaccess.h>
#include <syscalls.h>

static struct rusage_time to_rusage_time(u64 ns)
{
	return (struct rusage_time){.tv_sec = ns / NSEC_PER_SEC,
				    .tv_usec = ns % NSEC_PER_SEC / NSEC_PER_USEC};
}

static void add_children(const struct signal_struct *sig, struct rusage *r, u64 *utime, u64 *stime)
{
	*utime += sig->cutime;
	*stime += sig->cstime;
	r->ru_nvcsw += sig->cnvcsw;
	r->ru_nivcsw += sig->cnivcsw;
	r->ru_minflt += sig->cmin_flt;
	r->ru_majflt += sig->cmaj_flt;
	r->ru_maxrss = sig->cmaxrss;
}

static void add_thread(const struct task_struct *t, struct rusage *r)
{
	r->ru_nvcsw += t->nvcsw;
	r->ru_nivcsw += t->nivcsw;
	r->ru_minflt += t->min_flt;
	r->ru_majflt += t->maj_flt;
}

static void add_self(struct task_struct *p, struct rusage *r, u64 *utime, u64 *stime)
{
	const struct signal_struct *sig = p->signal;
	struct task_struct *t;
	u64 u, s;

	thread_group_cputime(p, &u, &s);
	*utime += u;
	*stime += s;
	r->ru_nvcsw += sig->nvcsw;
	r->ru_nivcsw += sig->nivcsw;
	r->ru_minflt += sig->min_flt;
	r->ru_majflt += sig->maj_flt;
	if (r->ru_maxrss < (long)sig->maxrss)
		r->ru_maxrss = sig->maxrss;
	for_each_thread (p, t)
		add_thread(t, r);
}

/* The largest resident size, in pages, so far: of programs before, or of the present one. */
static void add_present_rss(struct task_struct *p, struct rusage *r)
{
	struct mm_struct *mm = get_task_mm(p);
	long rss;

	if (!mm)
		return;
	rss = get_mm_hiwater_rss(mm);
	if (r->ru_maxrss < rss)
		r->ru_maxrss = rss;
	mmput(mm);
}

void getrusage_of(struct task_struct *p, int who, struct rusage *r)
{
	u64 utime = 0, stime = 0;

	memset(r, 0, sizeof(*r));
	if (who == RUSAGE_THREAD) {
		task_cputime(p, &utime, &stime);
		add_thread(p, r);
		r->ru_maxrss = p->signal->maxrss;
	} else {
		read_lock(&tasklist_lock);
		if (p->sighand) {
			spin_lock_irq(&p->sighand->siglock);
			if (who != RUSAGE_SELF)
				add_children(p->signal, r, &utime, &stime);
			if (who != RUSAGE_CHILDREN)
				add_self(p, r, &utime, &stime);
			spin_unlock_irq(&p->sighand->siglock);
		}
		read_unlock(&tasklist_lock);
	}
	if (who != RUSAGE_CHILDREN)
		add_present_rss(p, r);
	r->ru_maxrss *= PAGE_SIZE / 1024;
	r->ru_utime = to_rusage_time(utime);
	r->ru_stime = to_rusage_time(stime);
}

long sys_getrusage(int who, struct rusage __user *ru)
{
	struct rusage r;

	if (who != RUSAGE_SELF && who != RUSAGE_CHILDREN && who != RUSAGE_THREAD)
		return -EINVAL;
	getrusage_of(current, who, &r);
	return copy_to_user(ru, &r, sizeof(r)) ? -EFAULT : 0;
}

void get_tms(struct tms *tms)
{
	struct signal_struct *sig = current->signal;
	u64 utime, stime;

	spin_lock_irq(&current->sighand->siglock);
	thread_group_cputime(current, &utime, &stime);
	tms->tms_utime = nsec_to_clock_t(utime);
	tms->tms_stime = nsec_to_clock_t(stime);
	tms->tms_cutime = nsec_to_clock_t(sig->cutime);
	tms->tms_cstime = nsec_to_clock_t(sig->cstime);
	spin_unlock_irq(&current->sighand->siglock);
}

/* Returns the time since boot, in the same ticks of 1/100 s. */
long sys_times(struct tms __user *tbuf)
{
	struct tms tms;

	if (tbuf) {
		get_tms(&tms);
		if (copy_to_user(tbuf, &tms, sizeof(tms)))
			return -EFAULT;
	}
	return nsec_to_clock_t(ktime_get_ns());
}
