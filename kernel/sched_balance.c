// SPDX-License-Identifier: MIT
/*
 * kernel/sched_balance.c - which CPU: placing woken tasks, moving queued ones.
 *
 * A woken task goes back to its last CPU if that is idle, else to any idle CPU, else stays. A CPU
 * that runs out of work, and every busy CPU now and then, pulls one task from the CPU with the
 * longest queue. The running task of a CPU is never moved; sched_setaffinity() on it goes through
 * migrate_task_away().
 */
#include <pagoda/rq.h>
#include <pagoda/smp.h>
#include <pagoda/sched_task.h>

static bool cpu_is_idle(int cpu)
{
	struct rq *rq = cpu_rq(cpu);

	return READ_ONCE(rq->curr) == rq->idle && !READ_ONCE(rq->nr_running);
}

static bool may_run_on(struct task_struct *p, int cpu)
{
	return cpumask_test_cpu(cpu, &p->cpus_mask) && cpumask_test_cpu(cpu, cpu_online_mask);
}

static int least_loaded_cpu(struct task_struct *p)
{
	unsigned int best_load = ~0u;
	int cpu, best = -1;

	for_each_online_cpu (cpu) {
		unsigned int load = READ_ONCE(cpu_rq(cpu)->nr_running);

		if (!cpumask_test_cpu(cpu, &p->cpus_mask))
			continue;
		if (load < best_load) {
			best_load = load;
			best = cpu;
		}
	}
	return best >= 0 ? best : (int)cpumask_first(cpu_online_mask);
}

/* p->pi_lock held; p is not queued anywhere. */
int select_task_rq(struct task_struct *p, bool fork)
{
	int cpu, prev = fork ? smp_processor_id() : p->cpu;

	if (num_online_cpus() == 1)
		return prev;
	if (!may_run_on(p, prev))
		return least_loaded_cpu(p);
	if (fork)
		return READ_ONCE(cpu_rq(prev)->nr_running) > 1 ? least_loaded_cpu(p) : prev;
	if (cpu_is_idle(prev))
		return prev;
	for_each_online_cpu (cpu) {
		if (cpu_is_idle(cpu) && may_run_on(p, cpu))
			return cpu;
	}
	return prev;
}

static struct rq *busiest_rq(struct rq *this_rq)
{
	struct rq *busiest = NULL;
	unsigned int most = this_rq->nr_running + 1;
	int cpu;

	for_each_online_cpu (cpu) {
		struct rq *rq = cpu_rq(cpu);

		if (rq != this_rq && READ_ONCE(rq->nr_running) > most) {
			most = rq->nr_running;
			busiest = rq;
		}
	}
	return busiest;
}

/* Lock a second queue in the order of CPU numbers; this_rq->lock may be dropped on the way. */
static void double_lock(struct rq *this_rq, struct rq *other)
{
	if (spin_trylock(&other->lock))
		return;
	if (other->cpu > this_rq->cpu) {
		spin_lock_nested(&other->lock);
		return;
	}
	spin_unlock(&this_rq->lock);
	spin_lock(&other->lock);
	spin_lock_nested(&this_rq->lock);
}

static struct task_struct *movable_task(struct rq *from, int cpu)
{
	struct rb_node *node;

	for (node = from->leftmost; node; node = rb_next(node)) {
		struct task_struct *p = rb_entry(node, struct task_struct, se.run_node);

		if (cpumask_test_cpu(cpu, &p->cpus_mask) && !READ_ONCE(p->on_cpu))
			return p;
	}
	return NULL;
}

bool pull_task(struct rq *this_rq)
{
	struct rq *from;
	struct task_struct *p;

	if (num_online_cpus() == 1)
		return false;
	from = busiest_rq(this_rq);
	if (!from)
		return false;
	double_lock(this_rq, from);
	p = movable_task(from, this_rq->cpu);
	if (p) {
		dequeue_task(from, p);
		p->se.vruntime += this_rq->min_vruntime - from->min_vruntime;
		WRITE_ONCE(p->cpu, this_rq->cpu);
		enqueue_task(this_rq, p, false);
	}
	spin_unlock(&from->lock);
	return p != NULL;
}

/* A queued task goes over at once; both queues are locked in the order of CPU numbers. */
static void move_queued_task(struct task_struct *p, struct rq *from, struct rq *to)
{
	struct rq *first = from->cpu < to->cpu ? from : to,
		  *second = from->cpu < to->cpu ? to : from;

	spin_lock(&first->lock);
	spin_lock_nested(&second->lock);
	if (p->se.on_rq && from->curr != p && p->cpu == from->cpu && !p->on_cpu) {
		dequeue_task(from, p);
		p->se.vruntime += to->min_vruntime - from->min_vruntime;
		WRITE_ONCE(p->cpu, to->cpu);
		enqueue_task(to, p, false);
	}
	spin_unlock(&second->lock);
	spin_unlock(&first->lock);
}

/*
 * p's affinity excludes the CPU it is on. A sleeper moves when it wakes, a running task when it
 * enters the scheduler (__schedule), which it is made to do; return when that has happened.
 */
void migrate_task_away(struct task_struct *p)
{
	unsigned long flags;
	int from, to;

	for (;;) {
		spin_lock_irqsave(&p->pi_lock, flags);
		from = p->cpu;
		if (may_run_on(p, from) || READ_ONCE(p->__state) != TASK_RUNNING) {
			spin_unlock_irqrestore(&p->pi_lock, flags);
			return;
		}
		to = least_loaded_cpu(p);
		move_queued_task(p, cpu_rq(from), cpu_rq(to));
		spin_unlock_irqrestore(&p->pi_lock, flags);
		resched_curr_cpu(to);
		if (p == current) {
			schedule();
		} else {
			resched_curr_cpu(from);
			schedule_timeout_uninterruptible(NSEC_PER_MSEC / 4);
		}
	}
}
