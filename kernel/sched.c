// SPDX-License-Identifier: MIT
/*
 * kernel/sched.c - sleeping, waking and switching.
 *
 *	schedule()		the caller gives up the CPU: sleeps if its __state says so
 *	try_to_wake_up()	makes a sleeping task runnable on some CPU
 *	wake_up_new_task()	the same for a task that has never run
 *	preempt_user()		the return path to user mode found TIF_NEED_RESCHED
 *
 * A task's __state is set by itself when it wants to sleep and reset by its waker. The race
 * between the two is decided under rq->lock: a waker that comes before the sleeper has left the
 * queue (se.on_rq still set) only resets __state, and schedule() then keeps the task running.
 *
 * Locks: p->pi_lock (one waker at a time) outside rq->lock. Both irq-safe.
 */
#include <pagoda/rq.h>
#include <pagoda/bug.h>
#include <pagoda/mm.h>
#include <pagoda/sched_task.h>
#include <pagoda/smp.h>
#include <pagoda/interrupt.h>
#include <asm/ptrace.h>
#include <asm/switch_to.h>
#include <asm/mmu_context.h>

DEFINE_PER_CPU(struct rq, runqueues);

/* ---- asking a CPU to look again ---------------------------------------------------------- */

/* rq->lock held. */
static void resched_curr(struct rq *rq)
{
	if (test_tsk_thread_flag(rq->curr, TIF_NEED_RESCHED))
		return;
	set_tsk_thread_flag(rq->curr, TIF_NEED_RESCHED);
	if (rq->cpu != smp_processor_id())
		smp_send_reschedule(rq->cpu);
}

void resched_curr_cpu(int cpu)
{
	struct rq *rq = cpu_rq(cpu);
	unsigned long flags;

	spin_lock_irqsave(&rq->lock, flags);
	resched_curr(rq);
	spin_unlock_irqrestore(&rq->lock, flags);
}

bool task_curr(const struct task_struct *p)
{
	return READ_ONCE(cpu_rq(READ_ONCE(p->cpu))->curr) == p;
}

/* If p runs on another CPU, interrupt it, so that it looks at its flags on the way back. */
void kick_process(struct task_struct *p)
{
	int cpu = READ_ONCE(p->cpu);

	if (cpu != smp_processor_id() && task_curr(p))
		smp_send_reschedule(cpu);
}

/* ---- waking ------------------------------------------------------------------------------ */

/* Lock the queue that p is on or was last on; p->pi_lock need not be held. */
static struct rq *task_rq_lock(struct task_struct *p)
{
	for (;;) {
		struct rq *rq = cpu_rq(READ_ONCE(p->cpu));

		spin_lock(&rq->lock);
		if (likely(rq->cpu == READ_ONCE(p->cpu)))
			return rq;
		spin_unlock(&rq->lock);
	}
}

static void activate(struct task_struct *p, int cpu)
{
	struct rq *rq = cpu_rq(cpu);

	spin_lock(&rq->lock);
	WRITE_ONCE(p->cpu, cpu);
	enqueue_task(rq, p, true);
	if (wakeup_preempts(rq, p))
		resched_curr(rq);
	spin_unlock(&rq->lock);
}

/*
 * Make p runnable if its state is in `state`. Returns 1 if it did, 0 if p was in another state.
 * A full barrier stands between the caller's stores and the reading of p's state.
 */
int try_to_wake_up(struct task_struct *p, unsigned int state, int wake_flags)
{
	unsigned long flags;
	struct rq *rq;
	int old_cpu, cpu;

	spin_lock_irqsave(&p->pi_lock, flags);
	smp_mb();
	if (!(READ_ONCE(p->__state) & state)) {
		spin_unlock_irqrestore(&p->pi_lock, flags);
		return 0;
	}
	rq = task_rq_lock(p);
	if (p->se.on_rq) {
		WRITE_ONCE(p->__state, TASK_RUNNING);
		spin_unlock(&rq->lock);
		goto out;
	}
	spin_unlock(&rq->lock);

	/* Off the queue, but its last CPU may still be on its stack. */
	while (smp_load_acquire(&p->on_cpu))
		cpu_relax();
	WRITE_ONCE(p->__state, TASK_RUNNING);
	old_cpu = p->cpu;
	cpu = select_task_rq(p, false);
	if (cpu != old_cpu)
		p->se.vruntime += cpu_rq(cpu)->min_vruntime - cpu_rq(old_cpu)->min_vruntime;
	activate(p, cpu);
out:
	spin_unlock_irqrestore(&p->pi_lock, flags);
	return 1;
}

int wake_up_state(struct task_struct *p, unsigned int state)
{
	return try_to_wake_up(p, state, 0);
}

int wake_up_process(struct task_struct *p)
{
	return try_to_wake_up(p, TASK_NORMAL | TASK_WAKEKILL, 0);
}

/* The scheduler's fields of a new task, from copy_process(). It runs first by wake_up_new_task().
 */
void sched_fork(struct task_struct *p)
{
	p->__state = TASK_NEW;
	spin_lock_init_rank(&p->pi_lock, RANK_PI);
	p->on_cpu = 0;
	p->se.on_rq = false;
	p->se.sum_exec_runtime = 0;
	p->se.prev_sum_exec_runtime = 0;
	if (p->sched_reset_on_fork) {
		p->static_nice = 0;
		p->policy = 0;
		p->rt_priority = 0;
		p->sched_reset_on_fork = 0;
	}
	p->se.weight = nice_to_weight(p->static_nice);
	p->nvcsw = p->nivcsw = 0;
	p->utime = p->stime = 0;
	p->prev_utime = p->prev_stime = 0;
	p->default_timer_slack_ns = p->timer_slack_ns;
}

void wake_up_new_task(struct task_struct *p)
{
	unsigned long flags;
	struct rq *rq;

	spin_lock_irqsave(&p->pi_lock, flags);
	WRITE_ONCE(p->__state, TASK_RUNNING);
	p->cpu = select_task_rq(p, true); /* stop: fork-8 */
	rq = cpu_rq(p->cpu);
	spin_lock(&rq->lock);
	p->thread_info.cpu = p->cpu;
	p->se.vruntime = rq->min_vruntime;
	enqueue_task(rq, p, false);
	if (rq->curr == rq->idle)
		resched_curr(rq);
	spin_unlock(&rq->lock);
	spin_unlock_irqrestore(&p->pi_lock, flags);
}

/* ---- switching --------------------------------------------------------------------------- */

/* The address space of next; a kernel thread borrows that of prev (KTH-2). Interrupts off. */
static void switch_address_space(struct rq *rq, struct task_struct *prev, struct task_struct *next)
{
	if (next->mm) {
		switch_mm_irqs_off(prev->active_mm, next->mm, next);
		if (!prev->mm) {
			rq->prev_mm = prev->active_mm;
			prev->active_mm = NULL;
		}
		return;
	}
	enter_lazy_tlb(prev->active_mm, next);
	next->active_mm = prev->active_mm;
	if (prev->mm)
		mmgrab(prev->active_mm);
	else
		prev->active_mm = NULL;
}

/* prev is runnable but was taken off its queue, as it may not run there any more. */
static void move_to_allowed_cpu(struct task_struct *prev)
{
	unsigned long flags;
	int old_cpu = prev->cpu, cpu;

	spin_lock_irqsave(&prev->pi_lock, flags);
	cpu = select_task_rq(prev, false);
	prev->se.vruntime += cpu_rq(cpu)->min_vruntime - cpu_rq(old_cpu)->min_vruntime;
	activate(prev, cpu);
	spin_unlock_irqrestore(&prev->pi_lock, flags);
}

/*
 * The first thing that runs on the new task's stack, in the context of the new task: rq->lock is
 * held and interrupts are off since schedule() of the task that was switched away from.
 */
static void finish_task_switch(struct task_struct *prev)
{
	struct rq *rq = this_rq();
	struct mm_struct *mm = rq->prev_mm;
	bool dead = READ_ONCE(prev->__state) == TASK_DEAD;
	bool migrate = rq->migrate_prev;

	rq->prev_mm = NULL;
	rq->migrate_prev = false;
	smp_store_release(&prev->on_cpu, 0);
	spin_unlock_irq(&rq->lock);

	if (unlikely(migrate))
		move_to_allowed_cpu(prev);
	if (mm)
		mmdrop(mm);
	if (unlikely(dead)) {
		put_task_stack(prev);
		put_task_struct(prev);
	}
}

static void start_tick(struct rq *rq)
{
	if (rq->tick_running)
		return;
	rq->tick_running = true;
	hrtimer_start(&rq->tick, ktime_get() + TICK_NSEC);
}

static void context_switch(struct rq *rq, struct task_struct *prev, struct task_struct *next)
{
	rq->nr_switches++;
	rq->curr = next;
	next->on_cpu = 1;
	next->thread_info.cpu = rq->cpu;
	if (prev == rq->idle)
		rq->idle_ns += ktime_get_ns() - rq->idle_since;
	if (next == rq->idle)
		rq->idle_since = ktime_get_ns();
	else
		start_tick(rq);
	switch_address_space(rq, prev, next);
	switch_to(prev, next, prev);
	finish_task_switch(prev);
}

static void __schedule(bool preempt)
{
	struct task_struct *prev = current, *next;
	struct rq *rq;

	local_irq_disable();
	rq = this_rq();
	spin_lock(&rq->lock);
	clear_tsk_thread_flag(prev, TIF_NEED_RESCHED);
	update_curr(rq);

	if (!preempt && prev->__state != TASK_RUNNING) {
		if (signal_pending_state(prev->__state, prev)) {
			WRITE_ONCE(prev->__state, TASK_RUNNING);
			prev->nivcsw++;
		} else {
			dequeue_task(rq, prev);
			prev->nvcsw++;
		}
	} else if (prev != rq->idle) {
		prev->nivcsw++;
	}
	/* Its affinity has changed: it goes on elsewhere as soon as it has left this stack. */
	if (prev != rq->idle && prev->se.on_rq && !cpumask_test_cpu(rq->cpu, &prev->cpus_mask)) {
		dequeue_task(rq, prev);
		rq->migrate_prev = true;
	}
	if (!rq->leftmost && !(prev != rq->idle && prev->se.on_rq))
		pull_task(rq);
	put_prev_task(rq, prev);
	next = pick_next_task(rq);
	if (next == prev) {
		spin_unlock_irq(&rq->lock);
		return;
	}
	context_switch(rq, prev, next);
}

void schedule(void)
{
	DEBUG_ASSERT(!spinlocks_held());
	__schedule(false);
}

void preempt_user(void)
{
	__schedule(true);
}

void schedule_tail(struct task_struct *prev)
{
	finish_task_switch(prev);
	schedule_tail_user();
}

void __noreturn do_task_dead(void)
{
	set_current_state(TASK_DEAD);
	__schedule(false);
	BUG();
}

/* ---- the tick ---------------------------------------------------------------------------- */

/* Every TICK_NSEC while the CPU is busy, from the timer interrupt. */
static enum hrtimer_restart sched_tick(struct hrtimer *timer)
{
	struct rq *rq = this_rq();
	u64 ticks;

	if (rq->curr == rq->idle) {
		rq->tick_running = false;
		return HRTIMER_NORESTART;
	}
	ticks = hrtimer_forward(timer, ktime_get(), TICK_NSEC);
	account_process_tick(user_mode(get_irq_regs()), ticks * TICK_NSEC);
	scheduler_tick();
	if (rq->cpu == 0)
		calc_global_load_tick();
	return HRTIMER_RESTART;
}

void scheduler_tick(void)
{
	struct rq *rq = this_rq();

	spin_lock(&rq->lock);
	update_curr(rq);
	rq->ticks++;
	if (slice_over(rq))
		resched_curr(rq);
	else if (rq->ticks % 4 == 0)
		pull_task(rq);
	spin_unlock(&rq->lock);
}

/* ---- affinity and priority --------------------------------------------------------------- */

void set_user_nice(struct task_struct *p, long nice)
{
	unsigned long flags;
	struct rq *rq;

	spin_lock_irqsave(&p->pi_lock, flags);
	rq = task_rq_lock(p);
	if (rq->curr == p)
		update_curr(rq);
	p->static_nice = nice;
	p->se.weight = nice_to_weight(nice);
	spin_unlock(&rq->lock);
	spin_unlock_irqrestore(&p->pi_lock, flags);
}

/* Returns 0, or -EINVAL if no online CPU is in the mask. The task moves at its next wake-up or
 * switch. */
int set_cpus_allowed(struct task_struct *p, const cpumask_t *mask)
{
	unsigned long flags;
	bool move;
	cpumask_t allowed;

	cpumask_and(&allowed, mask, cpu_online_mask);
	if (cpumask_empty(&allowed))
		return -EINVAL;
	spin_lock_irqsave(&p->pi_lock, flags);
	p->cpus_mask = *mask;
	move = !cpumask_test_cpu(p->cpu, &allowed);
	spin_unlock_irqrestore(&p->pi_lock, flags);
	if (move)
		migrate_task_away(p);
	return 0;
}

/* ---- start-up ---------------------------------------------------------------------------- */

void init_idle(struct task_struct *idle, int cpu)
{
	struct rq *rq = cpu_rq(cpu);

	sched_fork(idle);
	idle->__state = TASK_RUNNING;
	mmgrab(&init_mm);
	idle->active_mm = &init_mm;
	idle->flags |= PF_IDLE;
	idle->cpu = cpu;
	idle->thread_info.cpu = cpu;
	idle->on_cpu = 1;
	idle->cpus_mask = CPU_MASK_NONE;
	cpumask_set_cpu(cpu, &idle->cpus_mask);
	rq->idle = idle;
	rq->curr = idle;
}

/* Run queues of all possible CPUs; init_task becomes the idle task of CPU 0. */
void sched_init(void)
{
	int cpu;

	for_each_possible_cpu (cpu) {
		struct rq *rq = cpu_rq(cpu);

		spin_lock_init_rank(&rq->lock, RANK_RUNQUEUE);
		rq->cpu = cpu;
		fair_init(rq);
		hrtimer_init(&rq->tick, sched_tick);
	}
	init_idle(&init_task, 0);
}
