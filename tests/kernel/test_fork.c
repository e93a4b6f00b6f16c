// SPDX-License-Identifier: MIT
/*
 * tests/kernel/test_fork.c - fork fails at each of its allocations in turn and leaves nothing behind
 * (UNW-1, UNW-2, UNW-7, UNW-8).
 *
 * The children are kernel functions with copied memory; the parent reaps them by wait4().
 */
#include <pagoda/cred.h>
#include <pagoda/err.h>
#include <pagoda/pid.h>
#include <pagoda/sched_task.h>
#include <pagoda/signal.h>
#include <pagoda/slab.h>
#include <uapi/sched.h>
#include <uapi/wait.h>
#include <syscalls.h>
#include "mm_harness.h"

#define AREAS 4

static int child_fn(void *arg)
{
	return 0;
}

static pid_t make_child(u64 flags)
{
	struct kernel_clone_args args = {
		.flags = flags,
		.exit_signal = flags & CLONE_THREAD ? 0 : SIGCHLD,
		.fn = child_fn,
	};

	return kernel_clone(&args);
}

struct counts {
	unsigned long pages, commit;
	int users, threads, pids, creds, files;
};

static void take_counts(struct counts *c, struct mm_struct *mm)
{
	drain_memory_caches();
	c->pages = nr_free_pages();
	c->commit = vm_memory_committed();
	c->users = atomic_read(&mm->mm_users);
	c->threads = nr_threads;
	c->pids = nr_pids_in_use();
	c->creds = refcount_read(&current_cred()->usage);
	c->files = refcount_read(&current->sighand->count);
}

static void expect_counts(const struct counts *before, struct mm_struct *mm)
{
	struct counts now;
	int tries = 0;

	/* A reaped child may still be leaving its CPU, and its stack goes after that. */
	do {
		take_counts(&now, mm);
	} while (now.pages != before->pages && ++tries < 50 &&
		 !schedule_timeout_uninterruptible(NSEC_PER_MSEC));
	KTEST_EXPECT_EQ(now.pages, before->pages);
	KTEST_EXPECT_EQ(now.commit, before->commit);
	KTEST_EXPECT_EQ(now.users, before->users);
	KTEST_EXPECT_EQ(now.threads, before->threads);
	KTEST_EXPECT_EQ(now.pids, before->pids);
	KTEST_EXPECT_EQ(now.creds, before->creds);
	KTEST_EXPECT_EQ(now.files, before->files);
}

/* Returns how many allocations a successful clone with these flags makes. */
static int fail_each(struct mm_struct *mm, u64 flags)
{
	struct counts before;
	pid_t pid = -1;
	int nth;

	take_counts(&before, mm);
	for (nth = 1; nth < 200; nth++) {
		fail_alloc_set(nth);
		pid = make_child(flags);
		if (fail_alloc_set(0) > 0)
			break;
		KTEST_EXPECT_EQ(pid, -ENOMEM);
		if (pid >= 0)
			break;
		expect_counts(&before, mm);
	}
	KTEST_EXPECT(pid > 0);
	if (pid > 0)
		KTEST_EXPECT_EQ(sys_wait4(pid, NULL, __WALL, NULL), pid);
	expect_counts(&before, mm);
	return nth;
}

KTEST(fork_fails_cleanly)
{
	unsigned long addr[AREAS];
	struct test_mm t;
	int i;

	/* An idle CPU goes on borrowing the mm of a child that ran there last (KTH-2): one page. */
	set_cpus_allowed(current, cpumask_of(0));
	KTEST_ASSERT(test_mm_start(&t));
	for (i = 0; i < AREAS; i++) {
		addr[i] = (16UL + i) << PMD_SHIFT;
		map_anon(addr[i], 2, PROT_RW, MAP_PRIVATE | MAP_FIXED);
		poke(t.mm, addr[i], addr[i]);
	}
	/* warms caches that keep what they have: the pid table, a kernel stack per CPU */
	KTEST_EXPECT(fail_each(t.mm, 0) > 10);
	KTEST_EXPECT(fail_each(t.mm, CLONE_VM) > 3);
	KTEST_EXPECT(fail_each(t.mm, CLONE_FS | CLONE_FILES) > 10);
	KTEST_EXPECT_EQ(mm_verify(t.mm), 0);
	for (i = 0; i < AREAS; i++) {
		KTEST_EXPECT_EQ(peek(t.mm, addr[i]), addr[i]);
		KTEST_EXPECT(poke(t.mm, addr[i], 1));
	}
	test_mm_end(&t);
	set_cpus_allowed(current, &CPU_MASK_ALL);
}

KTEST(fork_pid_numbers)
{
	struct pid *a, *b;

	a = alloc_pid(500);
	KTEST_ASSERT(!IS_ERR(a));
	KTEST_EXPECT_EQ(a->nr, 500);
	KTEST_EXPECT_EQ(PTR_ERR(alloc_pid(500)), -EEXIST);
	KTEST_EXPECT_EQ(PTR_ERR(alloc_pid(-1)), -EINVAL);
	KTEST_EXPECT_EQ(PTR_ERR(alloc_pid(PID_MAX)), -EINVAL);
	b = find_get_pid(500);
	KTEST_EXPECT(b == a);
	free_pid(a);
	KTEST_EXPECT(!find_get_pid(500));
	KTEST_EXPECT_EQ(b->nr, 500); /* the number outlives its use */
	put_pid(b);
}
