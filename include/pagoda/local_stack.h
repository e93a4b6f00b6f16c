/* SPDX-License-Identifier: MIT */
/*
 * local_stack.h - a stack of free objects for one CPU, safe against its interrupts.
 *
 * Kernel code is not preempted, so only an interrupt handler can come between the steps of a push
 * or pop. One word holds everything, and one compare-and-exchange without a lock prefix
 * changes it; if an interrupt changed it meanwhile, the operation starts again:
 *
 *	63                    19 18        8 7       0
 *	+-----------------------+-----------+---------+
 *	| address of the first  |  number   |  count  |
 *	| node, bits 47 to 3    |  of pops  |         |
 *	+-----------------------+-----------+---------+
 *
 * The number of pops tells a stack whose first node was popped and pushed again, with another
 * successor, from one that has not changed.
 *
 * Nodes are 8-byte aligned; their first word is the link. A stack is used by its CPU only.
 */
#ifndef PAGODA_LOCAL_STACK_H
#define PAGODA_LOCAL_STACK_H

#include <pagoda/compiler.h>
#include <asm/cmpxchg.h>

#define LOCAL_STACK_MAX	 255 /* nodes */
#define LOCAL_STACK_LOW	 0x7ffffUL
#define LOCAL_STACK_POPS 0x100UL

struct local_stack {
	unsigned long head;
};

static inline unsigned int local_stack_count(const struct local_stack *stack)
{
	return READ_ONCE(stack->head) & 0xff;
}

/* Returns the node last pushed, or NULL. */
static __always_inline void *local_stack_pop(struct local_stack *stack)
{
	unsigned long head = READ_ONCE(stack->head);

	for (;;) {
		void **node = (void **)(((long)head >> 16) & ~7L);
		unsigned long rest;

		if (!node)
			return NULL;
		/* One pop more, one node less. */
		rest = (head + LOCAL_STACK_POPS - 1) & LOCAL_STACK_LOW;
		if (likely(try_cmpxchg_local(&stack->head, &head,
					     (unsigned long)READ_ONCE(*node) << 16 | rest)))
			return node;
	}
}

/* Pushes node; false if there are limit (at most LOCAL_STACK_MAX) nodes already. */
static __always_inline bool local_stack_push(struct local_stack *stack, void *node,
					     unsigned int limit)
{
	unsigned long head = READ_ONCE(stack->head);

	for (;;) {
		if (unlikely((head & 0xff) >= limit))
			return false;
		WRITE_ONCE(*(void **)node, (void *)(((long)head >> 16) & ~7L));
		if (likely(try_cmpxchg_local(&stack->head, &head,
					     (unsigned long)node << 16 |
						     ((head & LOCAL_STACK_LOW) + 1))))
			return true;
	}
}

/*
 * With interrupts off, many nodes at once. local_stack_first() is the node that a pop would return;
 * each node's first word is the next one's address. Who has taken nodes off, or put some before
 * the first, tells with local_stack_set() which node is the first now and how many there are.
 */
static inline void *local_stack_first(const struct local_stack *stack)
{
	return (void *)(((long)stack->head >> 16) & ~7L);
}

static inline void local_stack_set(struct local_stack *stack, void *first, unsigned int count)
{
	stack->head = (unsigned long)first << 16 |
		      ((stack->head + LOCAL_STACK_POPS) & LOCAL_STACK_LOW & ~0xffUL) | count;
}

#endif
