// SPDX-License-Identifier: MIT
/*
 * kernel/init_task.c - task 0, which runs start_kernel() and then idles on the boot CPU.
 *
 * It is the only task that nobody forked; all others descend from it. Its structures are static,
 * since it exists before there is an allocator.
 */
#include <pagoda/cred.h>
#include <pagoda/fdtable.h>
#include <pagoda/fs_struct.h>
#include <pagoda/mm_types.h>
#include <pagoda/pid.h>
#include <pagoda/sched.h>
#include <pagoda/sched_task.h>
#include <pagoda/signal.h>

extern char init_stack[]; /* boot/head.S; THREAD_SIZE bytes */

DEFINE_RWLOCK(tasklist_lock);

static struct sighand_struct init_sighand = {
	.count = REFCOUNT_INIT(1),
	.siglock = __SPIN_LOCK_UNLOCKED_RANK(RANK_SIGHAND),
};

static struct signal_struct init_signals = {
	.sigcnt = REFCOUNT_INIT(1),
	.live = ATOMIC_INIT(1),
	.nr_threads = 1,
	.thread_head = {&init_task.thread_node, &init_task.thread_node},
	.wait_chldexit = __WAIT_QUEUE_HEAD_INITIALIZER(init_signals.wait_chldexit),
	.shared_pending = {.list = LIST_HEAD_INIT(init_signals.shared_pending.list)},
	.pids = {&init_struct_pid, &init_struct_pid, &init_struct_pid, &init_struct_pid},
	.cred_guard_mutex = __MUTEX_INITIALIZER(init_signals.cred_guard_mutex),
};

struct task_struct init_task = {
	.__state = TASK_RUNNING,
	.stack = init_stack,
	.usage = REFCOUNT_INIT(2),
	.flags = PF_KTHREAD,
	.pi_lock = __SPIN_LOCK_UNLOCKED_RANK(RANK_PI),
	.thread_pid = &init_struct_pid,
	.real_parent = &init_task,
	.parent = &init_task,
	.children = LIST_HEAD_INIT(init_task.children),
	.sibling = LIST_HEAD_INIT(init_task.sibling),
	.group_leader = &init_task,
	.thread_node = LIST_HEAD_INIT(init_signals.thread_head),
	.tasks = LIST_HEAD_INIT(init_task.tasks),
	.alloc_lock = __SPIN_LOCK_UNLOCKED_RANK(RANK_TASK),
	.cred = &init_cred,
	.comm = "swapper",
	.fs = &init_fs,
	.files = &init_files,
	.signal = &init_signals,
	.sighand = &init_sighand,
	.pending = {.list = LIST_HEAD_INIT(init_task.pending.list)},
	.restart_block = {.fn = do_no_restart_syscall},
	.timer_slack_ns = 50000,
	.default_timer_slack_ns = 50000,
	.thread = INIT_THREAD,
};
