// SPDX-License-Identifier: MIT
/*
 * kernel/sched_fair.c - who runs next: the task that has had the least of its share.
 *
 * Each task has a virtual runtime, real nanoseconds divided by its weight. Queued tasks stand in
 * a red-black tree ordered by it; the leftmost runs next. The running task is not in the tree.
 * A task that slept is placed a little before min_vruntime: it gets the CPU soon, but cannot
 * save up time.
 *
 * Locks: rq->lock for everything here.
 */
#include <pagoda/rq.h>
#include <pagoda/bug.h>

#define NICE_0_WEIGHT	   1024u
#define SCHED_LATENCY	   (6 * NSEC_PER_MSEC)	   /* every runnable task runs once in this time */
#define MIN_GRANULARITY	   (3 * NSEC_PER_MSEC / 4) /* but for no less than this */
#define WAKEUP_GRANULARITY (1 * NSEC_PER_MSEC)

#define node_to_task(n) rb_entry(n, struct task_struct, se.run_node)

/* One nice level is a quarter of CPU time more or less than its neighbour. */
u32 nice_to_weight(int nice)
{
	u32 weight = NICE_0_WEIGHT;

	for (; nice < 0; nice++)
		weight = weight * 5 / 4;
	for (; nice > 0; nice--)
		weight = weight * 4 / 5;
	return weight;
}

void fair_init(struct rq *rq)
{
	rq->timeline = RB_ROOT;
	rq->leftmost = NULL;
	rq->min_vruntime = 0;
}

static u64 weighted(u64 ns, u32 weight)
{
	return weight == NICE_0_WEIGHT ? ns : ns * NICE_0_WEIGHT / weight;
}

static bool runs_before(u64 a, u64 b)
{
	return (s64)(a - b) < 0;
}

static void update_min_vruntime(struct rq *rq)
{
	u64 vruntime = rq->min_vruntime;

	if (rq->curr != rq->idle && rq->curr->se.on_rq)
		vruntime = rq->curr->se.vruntime;
	if (rq->leftmost) {
		u64 left = node_to_task(rq->leftmost)->se.vruntime;

		if (rq->curr == rq->idle || !rq->curr->se.on_rq || runs_before(left, vruntime))
			vruntime = left;
	}
	if (runs_before(rq->min_vruntime, vruntime))
		rq->min_vruntime = vruntime;
}

/* Charge the running task for the time since it was last charged. */
void update_curr(struct rq *rq)
{
	struct sched_entity *se = &rq->curr->se;
	u64 now = ktime_get_ns();
	u64 delta = now - se->exec_start;

	se->exec_start = now;
	if (rq->curr == rq->idle || (s64)delta <= 0)
		return;
	se->sum_exec_runtime += delta;
	se->vruntime += weighted(delta, se->weight);
	update_min_vruntime(rq);
}

static void tree_insert(struct rq *rq, struct task_struct *p)
{
	struct rb_node **link = &rq->timeline.rb_node, *parent = NULL;
	bool leftmost = true;

	while (*link) {
		parent = *link;
		if (runs_before(p->se.vruntime, node_to_task(parent)->se.vruntime)) {
			link = &parent->rb_left;
		} else {
			link = &parent->rb_right;
			leftmost = false;
		}
	}
	if (leftmost)
		rq->leftmost = &p->se.run_node;
	rb_link_node(&p->se.run_node, parent, link);
	rb_insert_color(&p->se.run_node, &rq->timeline);
}

static void tree_erase(struct rq *rq, struct task_struct *p)
{
	if (rq->leftmost == &p->se.run_node)
		rq->leftmost = rb_next(&p->se.run_node);
	rb_erase(&p->se.run_node, &rq->timeline);
}

/* p becomes runnable on rq; p is not rq->curr. */
void enqueue_task(struct rq *rq, struct task_struct *p, bool wakeup)
{
	if (wakeup) {
		u64 earliest = rq->min_vruntime - SCHED_LATENCY / 2;

		if (runs_before(p->se.vruntime, earliest))
			p->se.vruntime = earliest;
	}
	tree_insert(rq, p);
	p->se.on_rq = true;
	rq->nr_running++;
}

/* p stops being runnable on rq: it sleeps (then it is rq->curr) or moves to another CPU. */
void dequeue_task(struct rq *rq, struct task_struct *p)
{
	if (p != rq->curr)
		tree_erase(rq, p);
	p->se.on_rq = false;
	rq->nr_running--;
}

/* The running task gives up the CPU; if it is still runnable it goes back into the tree. */
void put_prev_task(struct rq *rq, struct task_struct *prev)
{
	if (prev != rq->idle && prev->se.on_rq)
		tree_insert(rq, prev);
}

/* Take the next task out of the tree, or the idle task if there is none. */
struct task_struct *pick_next_task(struct rq *rq)
{
	struct task_struct *next;

	if (!rq->leftmost)
		return rq->idle;
	next = node_to_task(rq->leftmost);
	tree_erase(rq, next);
	next->se.exec_start = rq->curr->se.exec_start;
	next->se.prev_sum_exec_runtime = next->se.sum_exec_runtime;
	return next;
}

/* Should p, just woken, take the CPU from the running task? */
bool wakeup_preempts(struct rq *rq, struct task_struct *p)
{
	if (rq->curr == rq->idle)
		return true;
	update_curr(rq);
	return runs_before(p->se.vruntime + weighted(WAKEUP_GRANULARITY, p->se.weight),
			   rq->curr->se.vruntime);
}

/* From the tick: has the running task had its turn? */
bool slice_over(struct rq *rq)
{
	struct sched_entity *se = &rq->curr->se;
	s64 slice = SCHED_LATENCY / (rq->nr_running ? rq->nr_running : 1);

	if (rq->nr_running < 2)
		return false;
	if (slice < MIN_GRANULARITY)
		slice = MIN_GRANULARITY;
	return (s64)(se->sum_exec_runtime - se->prev_sum_exec_runtime) >= slice;
}
