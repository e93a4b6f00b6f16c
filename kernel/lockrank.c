// SPDX-License-Identifier: MIT
/*
 * kernel/lockrank.c - checked builds: locks are taken in one order, and nobody sleeps with a
 * spinlock.
 *
 * The order is enum lock_rank (<pagoda/spinlock.h>); docs/locks.md is its table. Held spinlocks
 * are remembered per CPU, held sleeping locks per task. A lock may be taken if its rank is above
 * every held one; a nested or tried lock only has to be no lower, as its taker has an order of its
 * own or does not wait. An interrupt handler starts afresh: what it interrupted cannot depend on
 * it.
 */
#include <pagoda/spinlock.h>
#include <pagoda/sched.h>
#include <pagoda/interrupt.h>
#include <pagoda/panic.h>
#include <pagoda/smp.h>
#include <asm/percpu.h>

#ifdef CONFIG_CHECKED

#define MAX_HELD 16

struct held_spinlock {
	const void *lock;
	u16 rank;
	u16 irq_depth; /* in_interrupt() level it was taken at */
};

struct held_spinlocks {
	struct held_spinlock lock[MAX_HELD];
	unsigned int nr;
};

static DEFINE_PER_CPU(struct held_spinlocks, held_spinlocks);

static bool is_sleeping_rank(unsigned int rank)
{
	return rank < RANK_TASKLIST;
}

static void __noreturn bad_order(const void *lock, unsigned int rank, const void *held,
				 unsigned int held_rank)
{
	panic("lock order: taking %pS (rank %u) while holding %pS (rank %u)", lock, rank, held,
	      held_rank);
}

static void check_spin_order(const void *lock, unsigned int rank, bool nested)
{
	struct held_spinlocks *held = this_cpu_ptr(&held_spinlocks);
	unsigned int depth = this_cpu_read(hardirq_depth), i;

	for (i = 0; i < held->nr; i++) {
		const struct held_spinlock *h = &held->lock[i];

		if (h->irq_depth != depth)
			continue;
		if (h->lock == lock)
			panic("lock %pS is taken twice by one CPU", lock);
		if (h->rank > rank || (h->rank == rank && !nested))
			bad_order(lock, rank, h->lock, h->rank);
	}
}

static void sleeping_lock_acquired(const void *lock, unsigned int rank, bool nested)
{
	int i;

	for (i = 0; i < current->nr_held_locks; i++) {
		unsigned int held = current->held_locks[i].rank;

		if (held > rank || (held == rank && !nested))
			bad_order(lock, rank, current->held_locks[i].lock, held);
	}
	if (current->nr_held_locks < (int)ARRAY_SIZE(current->held_locks)) {
		current->held_locks[current->nr_held_locks].lock = lock;
		current->held_locks[current->nr_held_locks].rank = rank;
		current->nr_held_locks++;
	}
}

static void sleeping_lock_released(const void *lock)
{
	int i;

	for (i = current->nr_held_locks - 1; i >= 0; i--) {
		if (current->held_locks[i].lock != lock)
			continue;
		for (; i < current->nr_held_locks - 1; i++)
			current->held_locks[i] = current->held_locks[i + 1];
		current->nr_held_locks--;
		return;
	}
}

/* A lock of this rank has been taken. nested: tried, or ordered by its taker. */
void lock_acquired(const void *lock, unsigned int rank, bool nested)
{
	struct held_spinlocks *held;
	unsigned long flags;

	if (rank == RANK_NONE || oops_in_progress)
		return;
	if (is_sleeping_rank(rank)) {
		sleeping_lock_acquired(lock, rank, nested);
		return;
	}
	local_irq_save(flags);
	check_spin_order(lock, rank, nested);
	held = this_cpu_ptr(&held_spinlocks);
	if (held->nr < MAX_HELD)
		held->lock[held->nr++] = (struct held_spinlock){
			.lock = lock, .rank = rank, .irq_depth = this_cpu_read(hardirq_depth)};
	local_irq_restore(flags);
}

void lock_released(const void *lock, unsigned int rank)
{
	struct held_spinlocks *held;
	unsigned long flags;
	int i;

	if (rank == RANK_NONE || oops_in_progress)
		return;
	if (is_sleeping_rank(rank)) {
		sleeping_lock_released(lock);
		return;
	}
	local_irq_save(flags);
	held = this_cpu_ptr(&held_spinlocks);
	for (i = (int)held->nr - 1; i >= 0; i--) {
		if (held->lock[i].lock != lock)
			continue;
		for (; i < (int)held->nr - 1; i++)
			held->lock[i] = held->lock[i + 1];
		held->nr--;
		break;
	}
	local_irq_restore(flags);
}

bool spinlocks_held(void)
{
	return this_cpu_ptr(&held_spinlocks)->nr != 0;
}

void __might_sleep(const char *file, int line)
{
	if (oops_in_progress)
		return;
	if (spinlocks_held() || in_interrupt())
		panic("%s:%d may sleep, but a spinlock is held or this is an interrupt", file,
		      line);
}

void spin_deadlock(const spinlock_t *lock)
{
	panic("spinlock %pS is never released", lock);
}

#endif
