// SPDX-License-Identifier: MIT
/*
 * kernel/hrtimer.c - timers with nanosecond expiry (contract in <pagoda/hrtimer.h>).
 *
 * Each CPU has a base: a tree of queued timers ordered by expiry. The local APIC is programmed
 * for the leftmost. A timer is queued on the CPU that started it.
 *
 * Locks: base->lock, irq-safe. A timer's function is called without it; base->running names the
 * timer meanwhile. After the function has returned HRTIMER_NORESTART the timer is not touched
 * again, so its owner may free it once hrtimer_cancel() has returned.
 */
#include <pagoda/hrtimer.h>
#include <pagoda/spinlock.h>
#include <pagoda/smp.h>
#include <pagoda/bug.h>
#include <asm/apic.h>
#include <asm/percpu.h>

struct hrtimer_base {
	spinlock_t lock;
	struct rb_root tree;
	struct rb_node *first;
	struct hrtimer *running;
};

static DEFINE_PER_CPU(struct hrtimer_base, hrtimer_bases);

#define MIN_DELTA (10 * NSEC_PER_USEC) /* between two interrupts */

#define node_to_timer(n) rb_entry(n, struct hrtimer, node)

void hrtimers_init(void)
{
	int cpu;

	for_each_possible_cpu (cpu) {
		struct hrtimer_base *base = &per_cpu(hrtimer_bases, cpu);

		spin_lock_init_rank(&base->lock, RANK_TIMER);
		base->tree = RB_ROOT;
		base->first = NULL;
		base->running = NULL;
	}
}

void hrtimer_init(struct hrtimer *timer, enum hrtimer_restart (*function)(struct hrtimer *))
{
	timer->expires = 0;
	timer->function = function;
	timer->cpu = 0;
	timer->queued = false;
}

/* Lock the base that the timer is or was last queued on. Interrupts off. */
static struct hrtimer_base *lock_base(const struct hrtimer *timer)
{
	for (;;) {
		int cpu = READ_ONCE(timer->cpu);
		struct hrtimer_base *base = &per_cpu(hrtimer_bases, cpu);

		spin_lock(&base->lock);
		if (likely(READ_ONCE(timer->cpu) == cpu))
			return base;
		spin_unlock(&base->lock);
	}
}

static void enqueue(struct hrtimer_base *base, struct hrtimer *timer)
{
	struct rb_node **link = &base->tree.rb_node, *parent = NULL;
	bool first = true;

	while (*link) {
		parent = *link;
		if (timer->expires < node_to_timer(parent)->expires) {
			link = &parent->rb_left;
		} else {
			link = &parent->rb_right;
			first = false;
		}
	}
	rb_link_node(&timer->node, parent, link);
	rb_insert_color(&timer->node, &base->tree);
	if (first)
		base->first = &timer->node;
	timer->queued = true;
}

static void dequeue(struct hrtimer_base *base, struct hrtimer *timer)
{
	if (base->first == &timer->node)
		base->first = rb_next(&timer->node);
	rb_erase(&timer->node, &base->tree);
	timer->queued = false;
}

/* Program this CPU's APIC for its first timer, at least `least` ns from now; base->lock held. */
static void reprogram(struct hrtimer_base *base, u64 least)
{
	ktime_t expires, now = ktime_get();
	u64 delta;

	if (!base->first)
		return;
	expires = node_to_timer(base->first)->expires;
	delta = expires > now ? (u64)expires - (u64)now : 0;
	clockevent_program(delta > least ? delta : least);
}

void hrtimer_start(struct hrtimer *timer, ktime_t expires)
{
	struct hrtimer_base *base;
	unsigned long flags;

	local_irq_save(flags);
	base = lock_base(timer);
	if (timer->queued)
		dequeue(base, timer);
	/* While its function runs the timer stays on that base, so that cancel finds it. */
	if (base->running != timer && base != this_cpu_ptr(&hrtimer_bases)) {
		struct hrtimer_base *here = this_cpu_ptr(&hrtimer_bases);

		WRITE_ONCE(timer->cpu, smp_processor_id());
		spin_unlock(&base->lock);
		spin_lock(&here->lock);
		base = here;
		/* Another CPU may have started it in between: the later caller wins. */
		if (timer->queued)
			dequeue(base, timer);
	}
	timer->expires = expires;
	enqueue(base, timer);
	if (base->first == &timer->node && base == this_cpu_ptr(&hrtimer_bases))
		reprogram(base, 0);
	spin_unlock(&base->lock);
	local_irq_restore(flags);
}

int hrtimer_try_to_cancel(struct hrtimer *timer)
{
	struct hrtimer_base *base;
	unsigned long flags;
	int ret = 0;

	local_irq_save(flags);
	base = lock_base(timer);
	if (timer->queued) {
		dequeue(base, timer);
		ret = 1;
	} else if (base->running == timer) {
		ret = -1;
	}
	spin_unlock(&base->lock);
	local_irq_restore(flags);
	return ret;
}

bool hrtimer_cancel(struct hrtimer *timer)
{
	int ret;

	while ((ret = hrtimer_try_to_cancel(timer)) < 0)
		cpu_relax();
	return ret > 0;
}

bool hrtimer_active(const struct hrtimer *timer)
{
	struct hrtimer_base *base;
	unsigned long flags;
	bool active;

	local_irq_save(flags);
	base = lock_base(timer);
	active = timer->queued || base->running == timer;
	spin_unlock(&base->lock);
	local_irq_restore(flags);
	return active;
}

/* ns until it expires; may be negative for one that is late. */
ktime_t hrtimer_get_remaining(const struct hrtimer *timer)
{
	return READ_ONCE(timer->expires) - ktime_get();
}

u64 hrtimer_forward(struct hrtimer *timer, ktime_t now, ktime_t interval)
{
	ktime_t step;
	u64 late;

	if (now < timer->expires)
		return 0;
	late = (u64)now - (u64)timer->expires;
	step = interval - (ktime_t)(late % (u64)interval);
	timer->expires = ktime_add_safe(now, step);
	return late / (u64)interval + 1;
}

/* Call one expired timer; base->lock is dropped meanwhile. */
static void run_timer(struct hrtimer_base *base, struct hrtimer *timer)
{
	enum hrtimer_restart restart;

	dequeue(base, timer);
	base->running = timer;
	spin_unlock(&base->lock);
	restart = timer->function(timer);
	spin_lock(&base->lock);
	if (restart == HRTIMER_RESTART && !timer->queued)
		enqueue(base, timer);
	base->running = NULL;
}

/*
 * Timers that expire while others run wait for the next interrupt, and that one leaves a moment for
 * the interrupted code: a timer with an interval of 1 ns must not keep the CPU here for ever.
 */
void hrtimer_interrupt(void)
{
	struct hrtimer_base *base = this_cpu_ptr(&hrtimer_bases);
	ktime_t now = ktime_get();

	DEBUG_ASSERT(irqs_disabled());
	spin_lock(&base->lock);
	while (base->first && node_to_timer(base->first)->expires <= now)
		run_timer(base, node_to_timer(base->first));
	reprogram(base, MIN_DELTA);
	spin_unlock(&base->lock);
}
