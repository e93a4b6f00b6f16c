/* SPDX-License-Identifier: MIT */
/*
 * rq.h - the scheduler's own structures: one run queue per CPU. Private to kernel/sched*.c and
 * kernel/idle.c.
 */
#ifndef PAGODA_RQ_H
#define PAGODA_RQ_H

#include <pagoda/sched.h>
#include <asm/percpu.h>

/*
 * Everything stands under lock, which is irq-safe. Two run queues are locked in the order of
 * their CPU numbers.
 */
struct rq {
	spinlock_t lock;
	int cpu;
	struct task_struct *curr;
	struct task_struct *idle;
	unsigned int nr_running; /* queued tasks and the running one, idle task not counted */

	struct rb_root timeline; /* queued, not running, by vruntime */
	struct rb_node *leftmost;
	u64 min_vruntime; /* never goes back; newcomers are placed near it */

	struct mm_struct *prev_mm; /* borrowed mm to drop after the switch */
	bool migrate_prev;	   /* the task switched away from must go to another CPU */
	u64 nr_switches;
	u64 user_ns, system_ns;	 /* by tick */
	u64 idle_ns, idle_since; /* exact; since when the idle task runs, if it does */
	struct hrtimer tick;
	bool tick_running;
	unsigned int ticks; /* since boot, for balancing now and then */
};

DECLARE_PER_CPU(struct rq, runqueues);

#define cpu_rq(c) (&per_cpu(runqueues, c))
#define this_rq() this_cpu_ptr(&runqueues)

/* kernel/sched_fair.c: rq->lock held for all */
void fair_init(struct rq *rq);
u32 nice_to_weight(int nice);
void update_curr(struct rq *rq);
void enqueue_task(struct rq *rq, struct task_struct *p, bool wakeup);
void dequeue_task(struct rq *rq, struct task_struct *p);
void put_prev_task(struct rq *rq, struct task_struct *prev);
struct task_struct *pick_next_task(struct rq *rq);
bool wakeup_preempts(struct rq *rq, struct task_struct *p);
bool slice_over(struct rq *rq);

/* kernel/sched_balance.c */
int select_task_rq(struct task_struct *p, bool fork);
bool pull_task(struct rq *this_rq);	       /* this_rq->lock held; may drop and retake it */
void migrate_task_away(struct task_struct *p); /* no lock held; sleeps */

/* kernel/idle.c */
void calc_global_load_tick(void);

#endif
