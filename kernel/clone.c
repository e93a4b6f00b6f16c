// SPDX-License-Identifier: MIT
/*
 * kernel/clone.c - the calls that make tasks, and the kernel's own ways.
 *
 * All fill in kernel_clone_args; kernel_clone() has the task made by copy_process(), starts it and
 * waits if it is a vfork child. mm_release() is the other end of that wait.
 */
#include <pagoda/err.h>
#include <pagoda/futex.h>
#include <pagoda/kernel.h>
#include <pagoda/mm.h>
#include <pagoda/pid.h>
#include <pagoda/sched.h>
#include <pagoda/sched_task.h>
#include <pagoda/signal.h>
#include <pagoda/string.h>
#include <uapi/sched.h>
#include <asm/uaccess.h>
#include <syscalls.h>

#define CLONE_LEGACY_FLAGS 0xffffffffULL
#define MAX_PID_NS_LEVEL   32 /* Linux's limit of set_tid_size */

/* ---- vfork, and giving up an mm ------------------------------------------------------------ */

/* The parent goes on; called when the child has no use for the shared memory any more. */
static void complete_vfork_done(struct task_struct *tsk)
{
	struct completion *vfork;

	task_lock(tsk);
	vfork = tsk->vfork_done;
	if (vfork) {
		tsk->vfork_done = NULL;
		complete(vfork);
	}
	task_unlock(tsk);
}

/* Only a fatal signal ends the wait early; the child lives on and must not touch our stack. */
static void wait_for_vfork_done(struct task_struct *child, struct completion *vfork)
{
	if (wait_for_completion_killable(vfork)) {
		task_lock(child);
		child->vfork_done = NULL;
		task_unlock(child);
	}
	put_task_struct(child);
}

/*
 * tsk = current gives up mm, by exit or by exec, and is still in it: robust futexes, then the word
 * of CLONE_CHILD_CLEARTID, if anyone else could see it (TID-3), then the vfork parent (TID-8).
 */
void mm_release(struct task_struct *tsk, struct mm_struct *mm, bool exec)
{
	exit_robust_list(tsk);
	if (tsk->clear_child_tid) {
		if (atomic_read(&mm->mm_users) > 1 && !put_user(0, tsk->clear_child_tid))
			futex_wake((u32 __user *)tsk->clear_child_tid, true, 1, ~0u);
		tsk->clear_child_tid = NULL;
	}
	if (tsk->vfork_done)
		complete_vfork_done(tsk);
}

pid_t kernel_clone(struct kernel_clone_args *args)
{
	struct completion vfork;
	struct task_struct *p;
	pid_t nr;

	/* (FLG-1) one word cannot take two answers */
	if ((args->flags & CLONE_PIDFD) && (args->flags & CLONE_PARENT_SETTID) &&
	    args->pidfd == args->parent_tid)
		return -EINVAL;
	p = copy_process(args); /* stop: fork-3 */
	if (IS_ERR(p))
		return PTR_ERR(p);
	nr = p->pid;
	if (args->flags & CLONE_PARENT_SETTID)
		(void)put_user(nr, args->parent_tid); /* (TID-1) failure is ignored */
	if (args->flags & CLONE_VFORK) {
		init_completion(&vfork);
		p->vfork_done = &vfork;
		get_task_struct(p);
	}
	wake_up_new_task(p);
	if (args->flags & CLONE_VFORK)
		wait_for_vfork_done(p, &vfork);
	return nr;
}

void schedule_tail_user(void)
{
	if (current->set_child_tid)
		(void)put_user(current->pid, current->set_child_tid); /* (TID-2) */
}

/* ---- fork, vfork, clone ------------------------------------------------------------------ */

long sys_fork(void)
{
	struct kernel_clone_args args = {.exit_signal = SIGCHLD};

	return kernel_clone(&args); /* stop: fork-2 */
}

long sys_vfork(void)
{
	struct kernel_clone_args args = {
		.flags = CLONE_VFORK | CLONE_VM,
		.exit_signal = SIGCHLD,
	};

	return kernel_clone(&args); /* stop: fork-2 */
}

/* (CLN-1, CLN-4, CLN-5) The low byte is the signal, bits 32-63 are ignored. */
long sys_clone(unsigned long flags, unsigned long newsp, int __user *parent_tid,
	       int __user *child_tid, unsigned long tls)
{
	struct kernel_clone_args args = {
		.flags = (u32)flags & ~CSIGNAL,
		.pidfd = parent_tid,
		.child_tid = child_tid,
		.parent_tid = parent_tid,
		.exit_signal = flags & CSIGNAL,
		.stack = newsp,
		.tls = tls,
	};

	return kernel_clone(&args); /* stop: fork-2 */
}

/* ---- clone3 -------------------------------------------------------------------------------- */

/* A structure of any version (CLN-6): missing fields are 0, fields beyond ours must be 0. */
static int copy_clone_args(struct clone_args *args, struct clone_args __user *uargs, size_t size)
{
	size_t known = size < sizeof(*args) ? size : sizeof(*args), i;

	if (size > PAGE_SIZE)
		return -E2BIG;
	if (size < CLONE_ARGS_SIZE_VER0)
		return -EINVAL;
	for (i = known; i < size; i++) {
		u8 byte;

		if (get_user(byte, (u8 __user *)uargs + i))
			return -EFAULT;
		if (byte)
			return -E2BIG;
	}
	memset(args, 0, sizeof(*args));
	return copy_from_user(args, uargs, known) ? -EFAULT : 0;
}

/* (CLN-7, CLN-8) in the order of Linux. */
static int check_clone_values(const struct clone_args *args, size_t size)
{
	if (args->set_tid_size > MAX_PID_NS_LEVEL)
		return -EINVAL;
	if (!args->set_tid != !args->set_tid_size)
		return -EINVAL;
	if ((args->exit_signal & ~(u64)CSIGNAL) || args->exit_signal > _NSIG)
		return -EINVAL;
	if ((args->flags & CLONE_INTO_CGROUP) &&
	    (args->cgroup > INT_MAX || size < CLONE_ARGS_SIZE_VER2))
		return -EINVAL;
	return 0;
}

/* (CLN-9, CLN-10, CLN-11) */
static int check_clone3_flags(const struct clone_args *args)
{
	u64 flags = args->flags;

	if (flags & ~(CLONE_LEGACY_FLAGS | CLONE_CLEAR_SIGHAND | CLONE_INTO_CGROUP))
		return -EINVAL;
	if (flags & (CLONE_DETACHED | (CSIGNAL & ~CLONE_NEWTIME)))
		return -EINVAL;
	if ((flags & CLONE_SIGHAND) && (flags & CLONE_CLEAR_SIGHAND))
		return -EINVAL;
	if ((flags & (CLONE_THREAD | CLONE_PARENT)) && args->exit_signal)
		return -EINVAL;
	if (!args->stack != !args->stack_size)
		return -EINVAL;
	if (args->stack && !access_ok((void __user *)args->stack, args->stack_size))
		return -EINVAL;
	return 0;
}

long sys_clone3(struct clone_args __user *uargs, size_t size)
{
	struct kernel_clone_args kargs;
	struct clone_args args;
	pid_t set_tid = 0;
	int err;

	err = copy_clone_args(&args, uargs, size);
	if (!err)
		err = check_clone_values(&args, size);
	if (err)
		return err;
	if (args.set_tid_size &&
	    copy_from_user(&set_tid, (const void __user *)args.set_tid, sizeof(set_tid)))
		return -EFAULT;
	err = check_clone3_flags(&args);
	if (err)
		return err;
	/* One level of pids: no more than one number can be asked for, and 0 is none. */
	if (args.set_tid_size > 1 || (args.set_tid_size && set_tid <= 0))
		return -EINVAL;
	kargs = (struct kernel_clone_args){
		.flags = args.flags,
		.pidfd = (int __user *)args.pidfd,
		.child_tid = (int __user *)args.child_tid,
		.parent_tid = (int __user *)args.parent_tid,
		.exit_signal = args.exit_signal,
		.stack = args.stack + args.stack_size,
		.tls = args.tls,
		.set_tid = set_tid,
		.cgroup = args.cgroup,
	};
	return kernel_clone(&kargs); /* stop: fork-2 */
}

long sys_set_tid_address(int __user *tidptr)
{
	current->clear_child_tid = tidptr;
	return current->pid;
}

/* ---- the kernel's own ---------------------------------------------------------------------- */

pid_t kernel_thread(int (*fn)(void *), void *arg, unsigned long flags)
{
	struct kernel_clone_args args = {
		.flags = ((u32)flags | CLONE_VM | CLONE_UNTRACED) & ~CSIGNAL,
		.exit_signal = flags & CSIGNAL,
		.fn = fn,
		.fn_arg = arg,
		.kthread = true,
	};

	return kernel_clone(&args);
}

pid_t user_mode_thread(int (*fn)(void *), void *arg, unsigned long flags)
{
	struct kernel_clone_args args = {
		.flags = ((u32)flags | CLONE_VM | CLONE_UNTRACED) & ~CSIGNAL,
		.exit_signal = flags & CSIGNAL,
		.fn = fn,
		.fn_arg = arg,
	};

	return kernel_clone(&args);
}

static int idle_dummy(void *unused)
{
	return 0;
}

/* The idle task of a CPU that is about to be started; it runs cpu_startup_entry() there. */
struct task_struct *fork_idle(int cpu)
{
	struct kernel_clone_args args = {
		.flags = CLONE_VM,
		.fn = idle_dummy,
		.kthread = true,
		.idle = true,
	};
	struct task_struct *task = copy_process(&args);

	if (!IS_ERR(task))
		init_idle(task, cpu);
	return task;
}
