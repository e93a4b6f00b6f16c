// SPDX-License-Identifier: MIT
/*
 * kernel/idle.c - the idle loop, processor time and load averages.
 *
 * User and system time are sampled by the tick; the precise total (sum_exec_runtime) is then
 * split in that proportion, as Linux does, so that user + system is exact.
 */
#include <pagoda/rq.h>
#include <pagoda/smp.h>
#include <pagoda/posix-timers.h>
#include <asm/div64.h>
#include <asm/irqflags.h>

void __noreturn cpu_startup_entry(void)
{
	for (;;) {
		while (!need_resched()) {
			local_irq_disable();
			if (need_resched())
				local_irq_enable();
			else
				native_safe_halt(); /* STI; HLT: no interrupt can fall between them
						     */
		}
		schedule();
	}
}

/* ---- processor time ---------------------------------------------------------------------- */

/* From the tick: @ns since the last one; user tells which mode it interrupted. */
void account_process_tick(bool user, u64 ns)
{
	struct rq *rq = this_rq();

	if (rq->curr == rq->idle)
		return;
	if (user) {
		current->utime += ns;
		rq->user_ns += ns;
	} else {
		current->stime += ns;
		rq->system_ns += ns;
	}
	run_posix_cpu_timers(current);
}

u64 task_sched_runtime(struct task_struct *p)
{
	struct rq *rq;
	unsigned long flags;
	u64 ns;

	local_irq_save(flags);
	rq = cpu_rq(READ_ONCE(p->cpu));
	spin_lock(&rq->lock);
	if (rq->curr == p)
		update_curr(rq);
	ns = p->se.sum_exec_runtime;
	spin_unlock(&rq->lock);
	local_irq_restore(flags);
	return ns;
}

static DEFINE_SPINLOCK_RANK(cputime_lock, RANK_LEAF); /* prev_utime, prev_stime of all tasks */

/*
 * The exact runtime, split as the ticks saw it; all system time if no tick has. As the ticks change
 * the ratio, what was told before is the least that is told now: neither part runs back.
 */
void task_cputime(struct task_struct *t, u64 *utime, u64 *stime)
{
	u64 runtime = task_sched_runtime(t), uticks = t->utime, ticks = uticks + t->stime;
	unsigned long flags;
	u64 user;

	spin_lock_irqsave(&cputime_lock, flags);
	if (runtime > t->prev_utime + t->prev_stime) {
		user = ticks ? mul_u64_u64_div_u64(runtime, uticks, ticks) : 0;
		user = clamp(user, t->prev_utime, runtime - t->prev_stime);
		t->prev_utime = user;
		t->prev_stime = runtime - user;
	}
	*utime = t->prev_utime;
	*stime = t->prev_stime;
	spin_unlock_irqrestore(&cputime_lock, flags);
}

/* Time of all threads, the dead ones included. tasklist_lock or siglock keeps the list. */
void thread_group_cputime(struct task_struct *p, u64 *utime, u64 *stime)
{
	struct task_struct *t;

	*utime = p->signal->utime;
	*stime = p->signal->stime;
	for_each_thread (p, t) {
		u64 u, s;

		task_cputime(t, &u, &s);
		*utime += u;
		*stime += s;
	}
}

void get_cpu_times(int cpu, u64 *user, u64 *system, u64 *idle)
{
	struct rq *rq = cpu_rq(cpu);
	unsigned long flags;

	spin_lock_irqsave(&rq->lock, flags);
	*user = rq->user_ns;
	*system = rq->system_ns;
	*idle = rq->idle_ns;
	if (rq->curr == rq->idle)
		*idle += ktime_get_ns() - rq->idle_since;
	spin_unlock_irqrestore(&rq->lock, flags);
}

/* ---- load averages ----------------------------------------------------------------------- */

#define LOAD_FREQ (5 * NSEC_PER_SEC)
#define FSHIFT	  11
#define FIXED_1	  (1UL << FSHIFT)

/* FIXED_1 / e^(5s / 1, 5, 15 min) */
static const unsigned long load_exp[3] = {1884, 2014, 2037};
static unsigned long avenrun[3];
static ktime_t next_load_update = LOAD_FREQ;
static DEFINE_SPINLOCK(load_lock);

unsigned int nr_running(void)
{
	unsigned int n = 0;
	int cpu;

	for_each_online_cpu (cpu)
		n += READ_ONCE(cpu_rq(cpu)->nr_running);
	return n;
}

unsigned long long nr_context_switches(void)
{
	unsigned long long n = 0;
	int cpu;

	for_each_online_cpu (cpu)
		n += READ_ONCE(cpu_rq(cpu)->nr_switches);
	return n;
}

/*
 * Exponential averages of the number of runnable tasks, in units of 1/2048. They are brought up
 * to date when somebody reads them or a tick passes, one step for each LOAD_FREQ since the last.
 */
static void update_load(void)
{
	unsigned long active = nr_running() * FIXED_1;
	ktime_t now = ktime_get();
	unsigned long flags;
	int i;

	spin_lock_irqsave(&load_lock, flags);
	while (now >= next_load_update) {
		for (i = 0; i < 3; i++)
			avenrun[i] = (avenrun[i] * load_exp[i] + active * (FIXED_1 - load_exp[i]) +
				      (active >= avenrun[i] ? FIXED_1 - 1 : 0)) >>
				     FSHIFT;
		next_load_update += LOAD_FREQ;
	}
	spin_unlock_irqrestore(&load_lock, flags);
}

void get_avenrun(unsigned long loads[3])
{
	int i;

	update_load();
	for (i = 0; i < 3; i++)
		loads[i] = avenrun[i];
}

/* From the tick of CPU 0. */
void calc_global_load_tick(void)
{
	if (unlikely(ktime_get() >= READ_ONCE(next_load_update)))
		update_load();
}
