// SPDX-License-Identifier: MIT
/*
 * tests/kernel/test_alloc_stress.c - the allocators under random use, from several threads at once.
 *
 * Each piece of memory carries its owner's mark in its first and last word, so that memory given out
 * twice shows up. Threads exchange pieces through a table, so that much is freed elsewhere than it
 * was allocated.
 */
#include <pagoda/kernel.h>
#include <pagoda/gfp.h>
#include <pagoda/kthread.h>
#include <pagoda/sched.h>
#include <pagoda/slab.h>
#include <pagoda/vmalloc.h>
#include "ktest.h"

#define PIECES	64
#define THREADS 4

struct piece {
	unsigned long *mem;
	size_t size;	    /* bytes */
	unsigned int order; /* of pages; -1: kmalloc, -2: kvmalloc */
};

static struct piece *exchange[PIECES]; /* pieces between two threads */
static atomic_t running;
static atomic_t faults;

static u32 next_random(u64 *state)
{
	*state = *state * 6364136223846793005ULL + 1442695040888963407ULL;
	return *state >> 33;
}

static void mark(struct piece *p)
{
	p->mem[0] = p->mem[p->size / sizeof(long) - 1] = (unsigned long)p;
}

static struct piece *new_piece(u64 *random)
{
	struct piece *p = kmalloc(sizeof(*p), GFP_KERNEL);
	unsigned int kind;

	if (!p)
		return NULL;
	kind = next_random(random) % 16;
	if (kind < 6) {
		p->order = kind < 3 ? 0 : next_random(random) % 4;
		p->size = PAGE_SIZE << p->order;
		p->mem = (void *)__get_free_pages(GFP_KERNEL | __GFP_NOWARN, p->order);
	} else if (kind < 15) {
		p->order = -1;
		p->size = 8 + next_random(random) % (kind < 12 ? 500 : 9000) / 8 * 8;
		p->mem = kmalloc(p->size, GFP_KERNEL);
	} else {
		p->order = -2;
		p->size = PAGE_SIZE + next_random(random) % 100000 / 8 * 8;
		p->mem = kvmalloc(p->size, GFP_KERNEL);
	}
	if (!p->mem) {
		kfree(p);
		return NULL;
	}
	mark(p);
	return p;
}

static void free_piece(struct piece *p)
{
	if (p->mem[0] != (unsigned long)p || p->mem[p->size / sizeof(long) - 1] != (unsigned long)p)
		atomic_inc(&faults);
	if (p->order == -1u)
		kfree(p->mem);
	else if (p->order == -2u)
		kvfree(p->mem);
	else
		free_pages((unsigned long)p->mem, p->order);
	kfree(p);
}

static int random_user(void *seed)
{
	u64 random = (unsigned long)seed;
	unsigned int i;

	for (i = 0; i < 20000; i++) {
		struct piece *mine = next_random(&random) % 3 ? new_piece(&random) : NULL;
		struct piece *other = xchg(&exchange[next_random(&random) % PIECES], mine);

		if (other)
			free_piece(other);
		if (i % 64 == 0)
			cond_resched();
	}
	atomic_dec(&running);
	return 0;
}

KTEST(alloc_stress_random)
{
	unsigned int i;

	atomic_set(&faults, 0);
	atomic_set(&running, THREADS);
	for (i = 0; i < THREADS; i++) {
		if (IS_ERR(kthread_run(random_user, (void *)(1UL + i), "ktest")))
			atomic_dec(&running);
	}
	while (atomic_read(&running))
		schedule_timeout_uninterruptible(NSEC_PER_MSEC);
	for (i = 0; i < PIECES; i++) {
		if (exchange[i])
			free_piece(exchange[i]);
		exchange[i] = NULL;
	}
	KTEST_EXPECT_EQ(atomic_read(&faults), 0);
	KTEST_EXPECT_EQ(buddy_verify(), 0);
	KTEST_EXPECT_EQ(slab_verify(), 0);
}

static int stack_user(void *seed)
{
	u64 random = (unsigned long)seed;
	void *stacks[8] = {NULL};
	unsigned int i;

	for (i = 0; i < 2000; i++) {
		void **slot = &stacks[next_random(&random) % ARRAY_SIZE(stacks)];

		if (*slot) {
			if (*(u64 *)(*slot + THREAD_SIZE - 8) != (unsigned long)slot)
				atomic_inc(&faults);
			free_thread_stack(*slot);
			*slot = NULL;
		} else {
			*slot = alloc_thread_stack();
			if (*slot)
				*(u64 *)(*slot + THREAD_SIZE - 8) = (unsigned long)slot;
		}
		if (i % 256 == 0)
			drain_memory_caches();
	}
	for (i = 0; i < ARRAY_SIZE(stacks); i++) {
		if (stacks[i])
			free_thread_stack(stacks[i]);
	}
	atomic_dec(&running);
	return 0;
}

KTEST(alloc_stress_stacks)
{
	unsigned int i;

	atomic_set(&faults, 0);
	atomic_set(&running, THREADS);
	for (i = 0; i < THREADS; i++) {
		if (IS_ERR(kthread_run(stack_user, (void *)(7UL + i), "ktest")))
			atomic_dec(&running);
	}
	while (atomic_read(&running))
		schedule_timeout_uninterruptible(NSEC_PER_MSEC);
	KTEST_EXPECT_EQ(atomic_read(&faults), 0);
}
