// SPDX-License-Identifier: MIT
/*
 * tests/kernel/test_fork.c - fork from inside: what shares an address space and what does not, and
 * that each allocation may fail (docs/contract/fork.md, sections 3, 4, 8 and 13).
 */
#include <pagoda/completion.h>
#include <pagoda/err.h>
#include <pagoda/sched_task.h>
#include <pagoda/slab.h>
#include <pagoda/smp.h>
#include <uapi/sched.h>
#include <uapi/wait.h>
#include <asm/uaccess.h>
#include <syscalls.h>
#include "mm_harness.h"

/* What a child found; it ends at once. */
static struct {
	struct mm_struct *mm, *active_mm;
	unsigned long word, flags;
} seen;

static unsigned long watched; /* an address that the child reads */

static int look(void *unused)
{
	seen.mm = current->mm;
	seen.active_mm = current->active_mm;
	seen.flags = current->flags;
	seen.word = current->mm ? peek(current->mm, watched) : 0;
	do_exit(0);
}

static long clone_child(unsigned long flags, bool kthread)
{
	struct kernel_clone_args args = {.flags = flags, .fn = look, .kthread = kthread};

	return kernel_clone(&args);
}

static void reap(long pid)
{
	KTEST_EXPECT_EQ(sys_wait4((pid_t)pid, NULL, __WALL, NULL), pid);
}

/*
 * The test and its children stay on one CPU: an idle CPU that they had run on would borrow the last
 * address space and keep it past the end of the test (KTH-2), which then looks like a leak.
 */
static struct cpumask allowed;

static void pin(void)
{
	allowed = current->cpus_mask;
	cpumask_clear(&current->cpus_mask);
	cpumask_set_cpu(smp_processor_id(), &current->cpus_mask);
}

static void end(struct test_mm *t)
{
	test_mm_end(t);
	current->cpus_mask = allowed;
}

/* An address space with an area, and a table, of its own in each of 5 places; 3 pages written. */
static bool start(struct test_mm *t, unsigned long addr[5])
{
	if (!test_mm_start(t))
		return false;
	pin();
	for (int i = 0; i < 5; i++) {
		addr[i] = (16UL + i) << PMD_SHIFT;
		map_anon(addr[i], 3, PROT_RW, MAP_PRIVATE | MAP_FIXED);
		for (int j = 0; j < 3; j++)
			KTEST_EXPECT(poke(t->mm, addr[i] + j * PAGE_SIZE, addr[i] + j));
	}
	watched = addr[2];
	return true;
}

/* CMM-5, DMM-1, DMM-3: a copy has users, areas and tables of its own. */
KTEST(fork_copies_the_address_space)
{
	unsigned long addr[5];
	struct test_mm t;
	long pid;

	KTEST_ASSERT(start(&t, addr));
	pid = clone_child(0, false);
	KTEST_EXPECT(pid > 0);
	reap(pid);
	KTEST_EXPECT(seen.mm && seen.mm != t.mm);
	KTEST_EXPECT(seen.mm == seen.active_mm);
	KTEST_EXPECT_EQ(seen.word, addr[2]);
	KTEST_EXPECT_EQ(atomic_read(&t.mm->mm_users), 1);
	end(&t);
}

/* CMM-3, SHR-2: a sharer is one more user until it ends. */
KTEST(fork_shares_the_address_space)
{
	unsigned long addr[5];
	struct test_mm t;
	long pid;

	KTEST_ASSERT(start(&t, addr));
	pid = clone_child(CLONE_VM, false);
	KTEST_EXPECT(pid > 0);
	reap(pid);
	KTEST_EXPECT(seen.mm == t.mm && seen.active_mm == t.mm);
	KTEST_EXPECT_EQ(seen.word, addr[2]);
	KTEST_EXPECT_EQ(atomic_read(&t.mm->mm_users), 1);
	KTEST_EXPECT_EQ(t.mm->map_count, 5);
	end(&t);
}

/* CMM-2: who has no mm makes children without one, whatever the flags say. */
KTEST(fork_without_an_address_space)
{
	long pid = clone_child(0, true);

	KTEST_EXPECT(!current->mm);
	KTEST_EXPECT(pid > 0);
	reap(pid);
	KTEST_EXPECT(!seen.mm);
	KTEST_EXPECT(seen.active_mm);
	KTEST_EXPECT(seen.flags & PF_KTHREAD);
}

/* CMM-1: what is counted for a task starts at 0. */
KTEST(fork_starts_counters_at_zero)
{
	struct kernel_clone_args args = {.fn = look, .kthread = true};
	struct task_struct *task;
	unsigned long faults = current->min_flt;
	pid_t pid;

	current->min_flt = 1000;
	task = copy_process(&args);
	current->min_flt = faults;
	KTEST_ASSERT(!IS_ERR(task));
	KTEST_EXPECT_EQ(task->min_flt, 0);
	KTEST_EXPECT_EQ(task->maj_flt, 0);
	KTEST_EXPECT_EQ(task->nvcsw + task->nivcsw, 0);
	KTEST_EXPECT(!task->mm && !task->active_mm);
	pid = task->pid;
	wake_up_new_task(task);
	reap(pid);
}

/* KTH-2, KTH-3: a borrowed address space loses all but its root when its last user goes. */
KTEST(fork_borrower_keeps_the_root_only)
{
	unsigned long addr[5], counters[NR_MM_COUNTERS], pages;
	struct test_mm t;

	KTEST_ASSERT(start(&t, addr));
	mmgrab(t.mm);
	task_lock(current);
	current->mm = NULL; /* from here on a kernel thread that runs on t.mm */
	task_unlock(current);
	drain_memory_caches();
	pages = nr_free_pages();
	mmput(t.mm);
	drain_memory_caches();
	KTEST_EXPECT(nr_free_pages() >= pages + 15 + 5); /* pages and tables */
	KTEST_EXPECT(current->active_mm == t.mm);
	KTEST_EXPECT_EQ(atomic_read(&t.mm->mm_users), 0);
	KTEST_EXPECT_EQ(atomic_read(&t.mm->mm_count), 1);
	KTEST_EXPECT_EQ(t.mm->map_count, 0);
	KTEST_EXPECT_EQ(mm_pgtables_bytes(t.mm), 0);
	get_mm_counters(t.mm, counters);
	KTEST_EXPECT_EQ(counters[MM_ANONPAGES], 0);
	KTEST_EXPECT(pte_none(pt_peek(t.mm, addr[0])));
	test_mm_switch(NULL, t.borrowed);
	mmdrop(t.mm);
	current->cpus_mask = allowed;
}

/* UNW-1 to UNW-4, UNW-7: whichever allocation fails, nothing is left and the parent is whole. */
static void fail_each_allocation(unsigned long flags)
{
	unsigned long addr[5], pages, commit, objects;
	struct test_mm t;
	long pid = -ENOMEM;
	int nth, i;

	KTEST_ASSERT(start(&t, addr));
	for (nth = 1; nth < 200; nth++) {
		drain_memory_caches();
		pages = nr_free_pages();
		objects = slab_active_objects();
		commit = vm_memory_committed();
		fail_alloc_set(nth);
		pid = clone_child(flags, false);
		if (fail_alloc_set(0) > 0)
			break;
		if (pid > 0) { /* done without what was refused */
			reap(pid);
			continue;
		}
		KTEST_EXPECT_EQ(pid, -ENOMEM);
		KTEST_EXPECT_EQ(sys_wait4(-1, NULL, __WALL | WNOHANG, NULL) > 0, 0);
		drain_memory_caches();
		KTEST_EXPECT_EQ(nr_free_pages(), pages);
		KTEST_EXPECT_EQ(slab_active_objects(), objects);
		KTEST_EXPECT_EQ(vm_memory_committed(), commit);
		KTEST_EXPECT_EQ(atomic_read(&t.mm->mm_users), 1);
		KTEST_EXPECT_EQ(mm_verify(t.mm), 0);
	}
	KTEST_EXPECT(pid > 0 && nth > 5);
	if (pid > 0)
		reap(pid);
	for (i = 0; i < 5; i++)
		KTEST_EXPECT(peek(t.mm, addr[i] + PAGE_SIZE) == addr[i] + 1);
	end(&t);
}

/* UNW-5: when entries of the parent have become read-only, its TLB is flushed, fork or no fork. */
KTEST(fork_flushes_the_parent_though_it_fails)
{
	unsigned long addr[5];
	struct mm_struct *copy;
	struct test_mm t;
	bool protected = false;
	int nth;

	KTEST_ASSERT(start(&t, addr));
	for (nth = 1; nth < 100; nth++) {
		u64 before = atomic64_read(&t.mm->tlb_gen);

		KTEST_EXPECT(poke(t.mm, addr[0], 1));
		fail_alloc_set(nth);
		copy = fork_mm(t.mm);
		if (fail_alloc_set(0) > 0)
			break;
		KTEST_EXPECT(!copy);
		if (!pte_write(pt_peek(t.mm, addr[0]))) {
			KTEST_EXPECT(atomic64_read(&t.mm->tlb_gen) > before);
			protected = true;
		}
	}
	KTEST_EXPECT(protected);
	if (copy)
		mmput(copy);
	end(&t);
}

/* COW-10: a page that is pinned for writing stays the parent's; the child has a copy from the start. */
KTEST(fork_copies_pinned_pages)
{
	unsigned long addr[5], pfn;
	struct page *page;
	struct test_mm t;
	long pid;

	KTEST_ASSERT(start(&t, addr));
	mmap_read_lock(t.mm);
	KTEST_EXPECT_EQ(get_user_page(t.mm, watched, FOLL_WRITE, &page, NULL), 0);
	mmap_read_unlock(t.mm);
	pid = clone_child(0, false);
	KTEST_EXPECT(pid > 0);
	pfn = pte_pfn(pt_peek(t.mm, watched));
	*(unsigned long *)page_address(page) = 0x12345;
	reap(pid);
	KTEST_EXPECT_EQ(seen.word, addr[2]);
	KTEST_EXPECT_EQ(pfn, page_to_pfn(page));
	KTEST_EXPECT(pte_write(pt_peek(t.mm, watched)));
	KTEST_EXPECT_EQ(peek(t.mm, watched), 0x12345);
	put_page(page);
	end(&t);
}

/* The same, and an allocation fails. */
KTEST(fork_unwinds_copies_of_pinned_pages)
{
	unsigned long addr[5];
	struct mm_struct *copy = NULL;
	struct page *page;
	struct test_mm t;
	int nth;

	KTEST_ASSERT(start(&t, addr));
	mmap_read_lock(t.mm);
	KTEST_EXPECT_EQ(get_user_page(t.mm, addr[0] + PAGE_SIZE, FOLL_WRITE, &page, NULL), 0);
	mmap_read_unlock(t.mm);
	for (nth = 1; nth < 100 && !copy; nth++) {
		fail_alloc_set(nth);
		copy = fork_mm(t.mm);
		fail_alloc_set(0);
		KTEST_EXPECT_EQ(page_count(page), 2);
	}
	KTEST_ASSERT(copy);
	KTEST_EXPECT_EQ(mm_verify(copy), 0);
	KTEST_EXPECT_EQ(peek(copy, addr[0] + PAGE_SIZE), addr[0] + 1);
	mmput(copy);
	put_page(page);
	end(&t);
}

/* FLG-5: init has no siblings. */
KTEST(fork_beside_init_is_refused)
{
	unsigned int flags = current->signal->flags;

	current->signal->flags |= SIGNAL_UNKILLABLE;
	KTEST_EXPECT_EQ(clone_child(CLONE_PARENT, true), -EINVAL);
	current->signal->flags = flags;
}

/* KTH-5: a kernel thread has no user memory: a copy that may fault does, all else is a bug. */
KTEST(kernel_thread_copies_from_nowhere)
{
	unsigned long word = 5;

	KTEST_ASSERT(!current->mm);
	KTEST_EXPECT_EQ(copy_from_user(&word, (void __user *)0x10000000, sizeof(word)), 8);
	KTEST_EXPECT_EQ(copy_to_user((void __user *)0x7ffffffde000, &word, sizeof(word)), 8);
	KTEST_EXPECT_EQ(get_user(word, (unsigned long __user *)0x10000000), -EFAULT);
}

KTEST(fork_unwinds_each_allocation)
{
	fail_each_allocation(0);
}

KTEST(fork_unwinds_each_allocation_of_a_sharer)
{
	fail_each_allocation(CLONE_VM);
}

KTEST(fork_unwinds_each_allocation_with_shared_parts)
{
	fail_each_allocation(CLONE_FS | CLONE_FILES);
}
