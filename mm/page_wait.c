// SPDX-License-Identifier: MIT
/*
 * mm/page_wait.c - sleeping until a page is unlocked.
 *
 * Pages have no wait queue of their own: they share a table of queues, by hash. PG_waiters says
 * that someone may sleep, so that unlocking a page nobody waits for is one atomic instruction.
 *
 *	sleeper					waker
 *	join the queue				clear PG_locked, which tells PG_waiters
 *	set PG_waiters				if set: clear PG_waiters,
 *	look at PG_locked again			wake all that sleep for this page
 *
 * Woken sleepers look again and set PG_waiters again. Locks: the queue's own.
 */
#include <pagoda/kernel.h>
#include <pagoda/page.h>
#include <pagoda/pagemap.h>
#include <pagoda/sched.h>
#include <pagoda/wait.h>

#define PAGE_WAIT_BITS 6
#define PAGE_WAIT_SIZE (1u << PAGE_WAIT_BITS)

static struct wait_queue_head page_wait_table[PAGE_WAIT_SIZE];

struct wait_page_entry {
	struct wait_queue_entry wait;
	struct page *page;
};

static struct wait_queue_head *page_waitqueue(const struct page *page)
{
	u64 hash = page_to_pfn(page) * 0x9e3779b97f4a7c15ULL;

	return &page_wait_table[hash >> (64 - PAGE_WAIT_BITS)];
}

void pagecache_init(void)
{
	unsigned int i;

	for (i = 0; i < PAGE_WAIT_SIZE; i++)
		init_waitqueue_head(&page_wait_table[i]);
}

/* Only who waits for the page that is the key wakes up. */
static int wake_page_function(struct wait_queue_entry *wait, unsigned int mode, int flags,
			      void *key)
{
	struct wait_page_entry *entry = container_of(wait, struct wait_page_entry, wait);

	return entry->page == key ? autoremove_wake_function(wait, mode, flags, key) : 0;
}

static void wake_up_page(struct page *page)
{
	ClearPageWaiters(page);
	__wake_up(page_waitqueue(page), TASK_NORMAL, 0, page);
}

/* The caller has a reference to the page. */
void __lock_page(struct page *page)
{
	struct wait_queue_head *wq = page_waitqueue(page);
	struct wait_page_entry entry = {
		.wait = {.private = current, .func = wake_page_function},
		.page = page,
	};

	might_sleep();
	INIT_LIST_HEAD(&entry.wait.entry);
	for (;;) {
		prepare_to_wait(wq, &entry.wait, TASK_UNINTERRUPTIBLE);
		SetPageWaiters(page);
		smp_mb__after_atomic();
		if (trylock_page(page))
			break;
		schedule();
	}
	finish_wait(wq, &entry.wait);
}

void unlock_page(struct page *page)
{
	unsigned long old;

	VM_BUG_ON(!PageLocked(page));
	old = __atomic_fetch_and(&page->flags, ~(1UL << PG_locked), __ATOMIC_SEQ_CST);
	if (unlikely(old & (1UL << PG_waiters)))
		wake_up_page(page);
}
