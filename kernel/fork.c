// SPDX-License-Identifier: MIT
/*
 * kernel/fork.c - making a task: a copy of the caller, part by part.
 *
 *	sys_fork, sys_vfork, sys_clone, sys_clone3, kernel_thread	kernel/clone.c
 *	  kernel_clone		makes it, starts it, waits for a vfork child	kernel/clone.c
 *	    copy_process	builds it: each part copied, or shared as the flags say
 *	      copy_creds, copy_files, copy_fs, copy_sighand, copy_signal,
 *	      copy_mm, copy_namespaces, copy_thread, alloc_pid, link_task
 *
 * A failure at any step undoes the steps before it, in reverse, so that nothing of the child is
 * left and the parent has not changed. Nobody sees the child before link_task() has put it on the
 * lists, under tasklist_lock; from then on it cannot fail.
 *
 * References to a task: one for the parent (dropped by release_task()), one for the scheduler
 * (dropped when the task has left the CPU for the last time).
 */
#include <pagoda/cred.h>
#include <pagoda/err.h>
#include <pagoda/fdtable.h>
#include <pagoda/file.h>
#include <pagoda/fs_struct.h>
#include <pagoda/gfp.h>
#include <pagoda/mm.h>
#include <pagoda/pid.h>
#include <pagoda/posix-timers.h>
#include <pagoda/sched.h>
#include <pagoda/sched_task.h>
#include <pagoda/signal.h>
#include <pagoda/slab.h>
#include <pagoda/string.h>
#include <pagoda/userfaultfd_k.h>
#include <pagoda/vmalloc.h>
#include <uapi/sched.h>
#include <asm/uaccess.h>

#define CLONE_NEW_NAMESPACES                                                                       \
	(CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWPID |              \
	 CLONE_NEWNET | CLONE_NEWTIME)

int max_threads;
int nr_threads;
unsigned long total_forks;

static struct kmem_cache *task_struct_cachep;
static struct kmem_cache *signal_cachep;
struct kmem_cache *sighand_cachep;

/* Kernel stacks may take an eighth of memory; half of the threads may belong to one user. */
void fork_init(void)
{
	unsigned long threads = nr_managed_pages() * PAGE_SIZE / (8 * THREAD_SIZE);
	struct rlimit *rlim = init_task.signal->rlim;

	task_struct_cachep = KMEM_CACHE(task_struct, SLAB_HWCACHE_ALIGN | SLAB_PANIC);
	signal_cachep = KMEM_CACHE(signal_struct, SLAB_HWCACHE_ALIGN | SLAB_PANIC);
	sighand_cachep = KMEM_CACHE(sighand_struct, SLAB_HWCACHE_ALIGN | SLAB_PANIC);

	max_threads = threads < 20 ? 20 : threads > PID_MAX - 1 ? PID_MAX - 1 : threads;
	memcpy(rlim, init_rlimits, sizeof(init_rlimits));
	rlim[RLIMIT_NPROC].rlim_cur = rlim[RLIMIT_NPROC].rlim_max = max_threads / 2;
	rlim[RLIMIT_SIGPENDING] = rlim[RLIMIT_NPROC];
}

/* ---- the task_struct itself ---------------------------------------------------------------- */

void put_task_stack(struct task_struct *tsk)
{
	void *stack = tsk->stack;

	tsk->stack = NULL;
	if (stack)
		free_thread_stack(stack);
}

static void free_task(struct task_struct *tsk)
{
	put_task_stack(tsk);
	kmem_cache_free(task_struct_cachep, tsk);
}

void __put_task_struct(struct task_struct *tsk)
{
	exit_creds(tsk);
	free_signal_struct(tsk->signal);
	free_task(tsk);
}

/* A copy of the caller's task_struct with a stack of its own and nothing else yet. */
static struct task_struct *dup_task_struct(struct task_struct *orig)
{
	struct task_struct *tsk = kmem_cache_alloc(task_struct_cachep, GFP_KERNEL);
	void *stack;

	if (!tsk)
		return NULL;
	stack = alloc_thread_stack();
	if (!stack || arch_dup_task_struct(tsk, orig)) {
		if (stack)
			free_thread_stack(stack);
		kmem_cache_free(task_struct_cachep, tsk);
		return NULL;
	}
	tsk->stack = stack;
	tsk->thread_info.flags &= 1UL << TIF_ADDR32;
	tsk->thread_info.status = 0;
	refcount_set(&tsk->usage, 2);
	return tsk;
}

/* What a new task does not inherit. */
static void init_task_fields(struct task_struct *p, const struct kernel_clone_args *args)
{
	int type;

	p->flags &= ~(PF_SUPERPRIV | PF_KTHREAD | PF_IDLE | PF_EXITING | PF_SIGNALED | PF_MEMALLOC);
	p->flags |= PF_FORKNOEXEC;
	if (args->kthread)
		p->flags |= PF_KTHREAD;
	if (current->flags & PF_IDLE)
		cpumask_setall(&p->cpus_mask); /* that of an idle task is its own CPU */
	INIT_LIST_HEAD(&p->children);
	INIT_LIST_HEAD(&p->sibling);
	INIT_LIST_HEAD(&p->tasks);
	INIT_LIST_HEAD(&p->thread_node);
	for (type = 0; type < PIDTYPE_MAX; type++)
		INIT_HLIST_NODE(&p->pid_links[type]);
	spin_lock_init_rank(&p->alloc_lock, RANK_TASK);
	init_sigpending(&p->pending);
	p->vfork_done = NULL;
	p->set_child_tid = (args->flags & CLONE_CHILD_SETTID) ? args->child_tid : NULL;
	p->clear_child_tid = (args->flags & CLONE_CHILD_CLEARTID) ? args->child_tid : NULL;
	p->robust_list = NULL;
	p->compat_robust_list = NULL;
	p->restart_block.fn = do_no_restart_syscall;
	p->start_time = ktime_get_ns();
	p->exit_state = 0;
	p->exit_code = 0;
	p->pdeath_signal = 0;
	p->jobctl = 0;
	p->did_exec = 0;
	p->in_execve = 0;
	/* (SHR-8) a thread or a task that shares memory would use the same stack as its creator */
	if ((args->flags & (CLONE_VM | CLONE_VFORK)) == CLONE_VM)
		signal_clear_altstack(p);
	strace_new_task(p);
}

/* ---- the parts ----------------------------------------------------------------------------- */

static int copy_files(unsigned long clone_flags, struct task_struct *tsk)
{
	int error = 0;

	if (!tsk->files)
		return 0;
	if (clone_flags & CLONE_FILES) {
		atomic_inc(&tsk->files->count);
		return 0;
	}
	tsk->files = dup_fd(current->files, &error);
	return tsk->files ? 0 : error;
}

static int copy_fs(unsigned long clone_flags, struct task_struct *tsk)
{
	struct fs_struct *fs = current->fs;

	if (clone_flags & CLONE_FS) {
		spin_lock(&fs->lock);
		fs->users++;
		spin_unlock(&fs->lock);
		return 0;
	}
	tsk->fs = copy_fs_struct(fs);
	return tsk->fs ? 0 : -ENOMEM;
}

static int copy_sighand(unsigned long clone_flags, struct task_struct *tsk)
{
	struct sighand_struct *sig;

	if (clone_flags & CLONE_SIGHAND) {
		refcount_inc(&current->sighand->count);
		return 0;
	}
	sig = kmem_cache_alloc(sighand_cachep, GFP_KERNEL);
	if (!sig)
		return -ENOMEM;
	refcount_set(&sig->count, 1);
	spin_lock_init_rank(&sig->siglock, RANK_SIGHAND);
	spin_lock_irq(&current->sighand->siglock);
	memcpy(sig->action, current->sighand->action, sizeof(sig->action));
	spin_unlock_irq(&current->sighand->siglock);
	tsk->sighand = sig;
	if (clone_flags & CLONE_CLEAR_SIGHAND)
		flush_signal_handlers(tsk, false);
	return 0;
}

void cleanup_sighand(struct sighand_struct *sighand)
{
	if (refcount_dec_and_test(&sighand->count))
		kmem_cache_free(sighand_cachep, sighand);
}

static int copy_signal(unsigned long clone_flags, struct task_struct *tsk)
{
	struct signal_struct *sig;

	if (clone_flags & CLONE_THREAD)
		return 0;
	sig = kmem_cache_zalloc(signal_cachep, GFP_KERNEL);
	tsk->signal = sig;
	if (!sig)
		return -ENOMEM;
	sig->nr_threads = 1;
	atomic_set(&sig->live, 1);
	refcount_set(&sig->sigcnt, 1);
	INIT_LIST_HEAD(&sig->thread_head);
	list_add_tail(&tsk->thread_node, &sig->thread_head);
	init_waitqueue_head(&sig->wait_chldexit);
	sig->curr_target = tsk;
	init_sigpending(&sig->shared_pending);
	signal_init_timers(sig);
	task_lock(current->group_leader);
	memcpy(sig->rlim, current->signal->rlim, sizeof(sig->rlim));
	task_unlock(current->group_leader);
	sig->oom_score_adj = current->signal->oom_score_adj;
	sig->oom_score_adj_min = current->signal->oom_score_adj_min;
	mutex_init_rank(&sig->cred_guard_mutex, RANK_CRED_GUARD);
	return 0;
}

void free_signal_struct(struct signal_struct *sig)
{
	if (refcount_dec_and_test(&sig->sigcnt))
		kmem_cache_free(signal_cachep, sig);
}

/* There are no namespaces: asking for a new one is EINVAL, as from a Linux without them (FLG-11).
 */
static int copy_namespaces(unsigned long clone_flags)
{
	if (!(clone_flags & CLONE_NEW_NAMESPACES))
		return 0;
	return capable(CAP_SYS_ADMIN) ? -EINVAL : -EPERM;
}

static struct pid *copy_pid(const struct kernel_clone_args *args)
{
	if (args->idle)
		return &init_struct_pid;
	if (args->set_tid && !capable(CAP_CHECKPOINT_RESTORE) && !capable(CAP_SYS_ADMIN))
		return ERR_PTR(-EPERM);
	return alloc_pid(args->set_tid);
}

/* ---- checks -------------------------------------------------------------------------------- */

/* Combinations that make no sense (fork.md section 2). 0 or -EINVAL. */
static int check_clone_flags(u64 flags)
{
	if ((flags & (CLONE_NEWNS | CLONE_FS)) == (CLONE_NEWNS | CLONE_FS))
		return -EINVAL;
	if ((flags & (CLONE_NEWUSER | CLONE_FS)) == (CLONE_NEWUSER | CLONE_FS))
		return -EINVAL;
	if ((flags & CLONE_THREAD) && !(flags & CLONE_SIGHAND))
		return -EINVAL;
	if ((flags & CLONE_SIGHAND) && !(flags & CLONE_VM))
		return -EINVAL;
	/* A sibling of init would have no parent that reaps it. */
	if ((flags & CLONE_PARENT) && (current->signal->flags & SIGNAL_UNKILLABLE))
		return -EINVAL;
	if ((flags & CLONE_PIDFD) && (flags & (CLONE_DETACHED | CLONE_THREAD)))
		return -EINVAL;
	return 0;
}

/* May the caller have one more task? 0 or -EAGAIN. */
static int check_task_limits(void)
{
	const struct cred *cred = current_cred();

	if (READ_ONCE(nr_threads) >= max_threads)
		return -EAGAIN;
	if (cred->uid != 0 && rlimit(RLIMIT_NPROC) != RLIM_INFINITY &&
	    count_user_processes(cred->uid) >= rlimit(RLIMIT_NPROC) && !capable(CAP_SYS_RESOURCE) &&
	    !capable(CAP_SYS_ADMIN))
		return -EAGAIN;
	return 0;
}

/*
 * A signal for the whole process group or a stop may have come while the child was built and was
 * not on the lists: then start again, so that the child does not miss it. Timers that fire faster
 * than a fork must not keep it from ever succeeding. siglock held.
 */
static int check_signals_since(void)
{
	const unsigned long group_signals = sigmask(SIGHUP) | sigmask(SIGINT) | sigmask(SIGQUIT) |
					    sigmask(SIGTERM) | sigmask(SIGTSTP) | sigmask(SIGSTOP) |
					    sigmask(SIGTTIN) | sigmask(SIGTTOU);
	unsigned long pending;

	recalc_sigpending();
	if (fatal_signal_pending(current))
		return -EINTR;
	if (!signal_pending(current))
		return 0;
	pending = current->pending.signal.sig[0] | current->signal->shared_pending.signal.sig[0];
	if (pending & ~current->blocked.sig[0] & group_signals)
		return -ERESTARTNOINTR;
	if ((current->jobctl & JOBCTL_STOP_PENDING) || current->signal->group_stop_count)
		return -ERESTARTNOINTR;
	return 0;
}

/* ---- on to the lists ----------------------------------------------------------------------- */

static void link_process(struct task_struct *p, struct pid *pid)
{
	struct signal_struct *sig = p->signal;

	sig->pids[PIDTYPE_TGID] = pid;
	sig->pids[PIDTYPE_PGID] = task_pgrp(current);
	sig->pids[PIDTYPE_SID] = task_session(current);
	if (pid->nr == 1)
		sig->flags |= SIGNAL_UNKILLABLE;
	sig->tty = current->signal->tty;
	list_add_tail(&p->sibling, &p->real_parent->children);
	list_add_tail(&p->tasks, &init_task.tasks);
	attach_pid(p, PIDTYPE_TGID);
	attach_pid(p, PIDTYPE_PGID);
	attach_pid(p, PIDTYPE_SID);
}

static void link_thread(struct task_struct *p)
{
	p->signal->nr_threads++;
	atomic_inc(&p->signal->live);
	refcount_inc(&p->signal->sigcnt);
	list_add_tail(&p->thread_node, &p->signal->thread_head);
}

/* The last step: family and lists. 0, or -EINTR or -ERESTARTNOINTR and nothing was changed. */
static int link_task(struct task_struct *p, struct pid *pid, const struct kernel_clone_args *args)
{
	u64 flags = args->flags;
	int err = 0;

	write_lock_irq(&tasklist_lock);
	spin_lock(&current->sighand->siglock);
	if (!args->idle)
		err = check_signals_since();
	if (err)
		goto out;
	if (flags & CLONE_THREAD) {
		p->exit_signal = -1;
		p->group_leader = current->group_leader;
		p->tgid = current->tgid;
	} else {
		p->exit_signal = (flags & CLONE_PARENT) ? current->group_leader->exit_signal
							: args->exit_signal;
		p->group_leader = p;
		p->tgid = p->pid;
	}
	p->real_parent = (flags & (CLONE_PARENT | CLONE_THREAD)) ? current->real_parent : current;
	p->parent = p->real_parent;
	p->thread_pid = pid;
	if (args->idle) {
		p->signal->pids[PIDTYPE_TGID] = pid;
		p->signal->pids[PIDTYPE_PGID] = pid;
		p->signal->pids[PIDTYPE_SID] = pid;
		goto out;
	}
	if (flags & CLONE_THREAD)
		link_thread(p);
	else
		link_process(p, pid);
	attach_pid(p, PIDTYPE_PID);
	nr_threads++;
	total_forks++;
out:
	spin_unlock(&current->sighand->siglock);
	write_unlock_irq(&tasklist_lock);
	return err;
}

/* Nothing has been made yet: may it be? */
static int check_clone(const struct kernel_clone_args *args)
{
	int err = check_clone_flags(args->flags);

	if (err)
		return err;
	/* (FLG-8) handle signals first; the call starts again after that */
	if (!args->idle && signal_pending(current))
		return -ERESTARTNOINTR;
	if (args->flags & CLONE_NEWUSER)
		return -EINVAL;
	err = check_task_limits();
	if (!err)
		err = copy_namespaces(args->flags);
	if (!err && args->flags & CLONE_INTO_CGROUP) /* no descriptor can be one */
		err = -EBADF;
	return err;
}

/*
 * The child gets its number, and with CLONE_PIDFD the parent a descriptor of it. Nothing can be short
 * now: the monitors on @uf are told, and may resolve the fault when the descriptor's number is written.
 * After that the child goes on the lists, unless a signal is to be handled first.
 */
static int add_task(struct task_struct *p, const struct kernel_clone_args *args,
		    struct list_head *uf)
{
	struct file *pidfile = NULL;
	struct pid *pid = copy_pid(args);
	int err, pidfd = -1;

	if (IS_ERR(pid))
		return PTR_ERR(pid);
	p->pid = pid_nr(pid);
	if (args->flags & CLONE_PIDFD) {
		err = pidfd = pidfd_prepare(pid, 0, &pidfile);
		if (err < 0)
			goto out_pid;
	}
	dup_userfaultfd_complete(uf);
	err = pidfile && put_user(pidfd, args->pidfd) ? -EFAULT : link_task(p, pid, args);
	if (err)
		goto out_pidfd;
	if (pidfile)
		fd_install(pidfd, pidfile);
	return 0;

out_pidfd:
	if (pidfile) {
		put_unused_fd(pidfd);
		fput(pidfile);
	}
out_pid:
	if (!args->idle)
		free_pid(pid);
	return err;
}

struct task_struct *copy_process(struct kernel_clone_args *args)
{
	u64 flags = args->flags;
	struct task_struct *p;
	LIST_HEAD(uf);
	int err = check_clone(args);

	if (err)
		return ERR_PTR(err);
	p = dup_task_struct(current);
	if (!p)
		return ERR_PTR(-ENOMEM);
	init_task_fields(p, args);
	copy_creds(p);
	sched_fork(p); /* stop: fork-4 */
	err = copy_files(flags, p);
	if (err)
		goto out_creds;
	err = copy_fs(flags, p);
	if (err)
		goto out_files;
	err = copy_sighand(flags, p);
	if (err)
		goto out_fs;
	err = copy_signal(flags, p);
	if (err)
		goto out_sighand;
	err = copy_mm(flags, p, &uf);
	if (err)
		goto out_mm;
	err = copy_thread(p, args);
	if (err)
		goto out_mm;
	err = add_task(p, args, &uf);
	if (!err)
		return p;

	exit_thread(p);
out_mm:
	dup_userfaultfd_fail(&uf);
	if (p->mm)
		mmput(p->mm);
	if (!(flags & CLONE_THREAD))
		free_signal_struct(p->signal);
out_sighand:
	cleanup_sighand(p->sighand);
out_fs:
	exit_fs(p);
out_files:
	exit_files(p);
out_creds:
	exit_creds(p);
	free_task(p);
	return ERR_PTR(err);
}
