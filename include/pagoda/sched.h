/* SPDX-License-Identifier: MIT */
/*
 * sched.h - the task, what threads of a process share, and the scheduler's interface.
 *
 * task_struct is one thread. Threads of one process share signal_struct (process-wide state)
 * and sighand_struct (handlers), and usually mm, files and fs. Life: copy_process() makes it,
 * wake_up_new_task() starts it, do_exit() ends it, release_task() unlinks it when the parent has
 * waited, put_task_struct() frees it with the last reference.
 */
#ifndef PAGODA_SCHED_H
#define PAGODA_SCHED_H

#include <pagoda/types.h>
#include <pagoda/list.h>
#include <pagoda/rbtree.h>
#include <pagoda/atomic.h>
#include <pagoda/spinlock.h>
#include <pagoda/mutex.h>
#include <pagoda/errno.h>
#include <pagoda/cpumask.h>
#include <pagoda/hrtimer.h>
#include <pagoda/signal_types.h>
#include <uapi/resource.h>
#include <asm/thread_info.h>
#include <asm/processor.h>
#include <asm/current.h>

struct cred;
struct files_struct;
struct fs_struct;
struct mm_struct;
struct pid;
struct tty_struct;
struct robust_list_head;
struct compat_robust_list_head;
struct kernel_clone_args;

/* ---- states ------------------------------------------------------------------------------ */

#define TASK_RUNNING	     0x0000
#define TASK_INTERRUPTIBLE   0x0001
#define TASK_UNINTERRUPTIBLE 0x0002
#define __TASK_STOPPED	     0x0004
#define __TASK_TRACED	     0x0008
#define EXIT_DEAD	     0x0010 /* in exit_state only */
#define EXIT_ZOMBIE	     0x0020
#define TASK_DEAD	     0x0080 /* scheduled for the last time */
#define TASK_WAKEKILL	     0x0100
#define TASK_NEW	     0x0800
#define TASK_KILLABLE	     (TASK_WAKEKILL | TASK_UNINTERRUPTIBLE)
#define TASK_STOPPED	     (TASK_WAKEKILL | __TASK_STOPPED)
#define TASK_NORMAL	     (TASK_INTERRUPTIBLE | TASK_UNINTERRUPTIBLE)

/* task_struct.flags */
#define PF_EXITING    0x00000004
#define PF_IDLE	      0x00000002
#define PF_FORKNOEXEC 0x00000040
#define PF_SUPERPRIV  0x00000100
#define PF_SIGNALED   0x00000400
#define PF_MEMALLOC   0x00000800 /* may use the reserves */
#define PF_KTHREAD    0x00200000
#define PF_RANDOMIZE  0x00400000

#define TASK_COMM_LEN 16
#define THREAD_SIZE   (16 * 1024)

enum pid_type { PIDTYPE_PID, PIDTYPE_TGID, PIDTYPE_PGID, PIDTYPE_SID, PIDTYPE_MAX };

/* ---- what the threads of a process share ------------------------------------------------- */

struct sighand_struct {
	refcount_t count;
	spinlock_t
		siglock; /* irq-safe; guards handlers, pending signals, masks, job control state */
	struct k_sigaction action[_NSIG];
};

struct posix_timers; /* kernel/posix-timers.c */

struct signal_struct {
	refcount_t sigcnt;
	atomic_t live;	/* threads not yet exiting */
	int nr_threads; /* tasklist_lock */
	struct list_head thread_head;

	struct wait_queue_head wait_chldexit; /* parent sleeps here in wait4() */
	struct task_struct *curr_target;
	struct sigpending shared_pending; /* siglock */
	atomic_t nr_sigqueued; /* struct sigqueue of all threads, against RLIMIT_SIGPENDING */

	int group_exit_code;
	struct task_struct *group_exec_task;
	int notify_count;
	int group_stop_count;
	unsigned int flags; /* SIGNAL_* */
	unsigned int is_child_subreaper : 1;

	struct pid *pids[PIDTYPE_MAX]; /* of the group leader; tasklist_lock */
	int leader;		       /* is a session leader */
	struct tty_struct *tty;	       /* controlling terminal; siglock */

	struct hrtimer real_timer; /* ITIMER_REAL */
	ktime_t it_real_incr;
	struct {
		ktime_t expires, incr;
	} it[2]; /* ITIMER_VIRTUAL, ITIMER_PROF; in ns of CPU time */
	struct posix_timers *posix_timers;

	/* sums over threads that have exited, and over waited-for children (c*) */
	u64 utime, stime, cutime, cstime;
	unsigned long nvcsw, nivcsw, cnvcsw, cnivcsw;
	unsigned long min_flt, maj_flt, cmin_flt, cmaj_flt;
	unsigned long maxrss, cmaxrss;

	struct rlimit rlim[RLIM_NLIMITS]; /* task_lock of the group leader */
	short oom_score_adj;
	short oom_score_adj_min; /* lowest that it may give itself */
	struct mutex cred_guard_mutex;
};

#define SIGNAL_STOP_STOPPED   0x00000001
#define SIGNAL_STOP_CONTINUED 0x00000002
#define SIGNAL_GROUP_EXIT     0x00000004
#define SIGNAL_CLD_STOPPED    0x00000010
#define SIGNAL_CLD_CONTINUED  0x00000020
#define SIGNAL_UNKILLABLE     0x00000040
#define SIGNAL_CLD_MASK	      (SIGNAL_CLD_STOPPED | SIGNAL_CLD_CONTINUED)

/* ---- the task ---------------------------------------------------------------------------- */

/* Where a task stands in the fair queue of its CPU. Guarded by the rq lock. */
struct sched_entity {
	struct rb_node run_node;
	u64 vruntime;	/* ns, weighted by nice */
	u64 exec_start; /* when it last started to run or was accounted, ns */
	u64 sum_exec_runtime;
	u64 prev_sum_exec_runtime;
	u32 weight;
	bool on_rq;
};

struct restart_block {
	long (*fn)(struct restart_block *block);
	union {
		struct {
			u32 __user *uaddr;
			u32 val, flags, bitset;
			u64 time;
		} futex;
		struct {
			clockid_t clockid;
			void __user *rmtp;
			bool time32; /* what rmtp points to */
			u64 expires;
		} nanosleep;
		struct {
			void __user *ufds;
			int nfds;
			int has_timeout;
			ktime_t expires;
		} poll;
	};
};

struct task_struct {
	struct thread_info thread_info; /* first: entry.S reads its flags */
	unsigned int __state; /* TASK_*; changed by the task itself or under its pi_lock */
	void *stack;	      /* lowest byte of the kernel stack */
	refcount_t usage;
	unsigned int flags; /* PF_*; written by the task itself */

	/* -- scheduler -- */
	spinlock_t pi_lock; /* serialises wake-ups; irq-safe, outside rq->lock */
	int on_cpu;	    /* is running (or being switched away from) somewhere */
	int cpu;	    /* CPU it runs on, or last ran on */
	int static_nice;
	struct sched_entity se;
	cpumask_t cpus_mask; /* sched_setaffinity */
	unsigned long nvcsw, nivcsw;
	u64 utime, stime;	    /* ns, as ticks count them */
	u64 prev_utime, prev_stime; /* as last told: task_cputime() */
	u64 start_time;		    /* CLOCK_MONOTONIC ns, also start_boottime */
	unsigned int policy, rt_priority;

	/* -- memory -- */
	struct mm_struct *mm;	     /* NULL for a kernel thread; task_lock for others to read */
	struct mm_struct *active_mm; /* whose page tables are loaded */
	struct vm_area_struct
		*vmacache_vma; /* last VMA found; valid while vmacache_mm_seq matches */
	u64 vmacache_seqnum;
	unsigned long min_flt, maj_flt;

	/* -- family; tasklist_lock -- */
	pid_t pid;  /* thread id */
	pid_t tgid; /* process id */
	struct pid *thread_pid;
	struct hlist_node pid_links[PIDTYPE_MAX];
	struct task_struct *real_parent;
	struct task_struct *parent;
	struct list_head children; /* my children, through their sibling */
	struct list_head sibling;
	struct task_struct *group_leader;
	struct list_head thread_node; /* in signal->thread_head */
	struct list_head tasks;	      /* all group leaders, from init_task */
	struct list_head dead_node;   /* exit_notify(): to be released */
	int exit_state;
	int exit_code, exit_signal;
	int pdeath_signal;
	unsigned long personality;
	unsigned did_exec : 1;
	unsigned in_execve : 1;
	unsigned no_new_privs : 1;
	unsigned sched_reset_on_fork : 1;
	struct completion *vfork_done;
	int __user *set_child_tid;
	int __user *clear_child_tid;
	struct robust_list_head __user *robust_list;
	struct compat_robust_list_head __user *compat_robust_list; /* of a 32-bit call */

	/* -- identity and resources; alloc_lock (task_lock) -- */
	spinlock_t alloc_lock;
	const struct cred *cred;
	char comm[TASK_COMM_LEN];
	struct fs_struct *fs;
	struct files_struct *files;

	/* -- signals; sighand->siglock -- */
	struct signal_struct *signal;
	struct sighand_struct *sighand;
	sigset_t blocked;
	sigset_t real_blocked;
	sigset_t saved_sigmask; /* for sigsuspend, ppoll, ...: see TIF_RESTORE_SIGMASK */
	struct sigpending pending;
	unsigned long sas_ss_sp;
	size_t sas_ss_size;
	unsigned int sas_ss_flags;
	unsigned int jobctl; /* JOBCTL_* */
	struct restart_block restart_block;

	unsigned long timer_slack_ns, default_timer_slack_ns; /* prctl(2) */
	unsigned int strace; /* trace system calls of this task to the kernel log */
#ifdef CONFIG_CHECKED
	struct {
		const void *lock;
		unsigned int rank;
	} held_locks[16]; /* sleeping locks, for the order checker */
	int nr_held_locks;
#endif

	struct thread_struct thread; /* machine state; last */
};

#define JOBCTL_STOP_SIGMASK  0xffff
#define JOBCTL_STOP_DEQUEUED (1u << 16)
#define JOBCTL_STOP_PENDING  (1u << 17)
#define JOBCTL_STOP_CONSUME  (1u << 18)

extern struct task_struct init_task;
extern rwlock_t tasklist_lock; /* not taken from interrupts, except for read by send_sig paths */

/* ---- lists of tasks: hold tasklist_lock -------------------------------------------------- */

#define next_task(p)	      list_entry((p)->tasks.next, struct task_struct, tasks)
#define for_each_process(p)   for (p = next_task(&init_task); p != &init_task; p = next_task(p))
#define for_each_thread(p, t) list_for_each_entry (t, &(p)->signal->thread_head, thread_node)
#define for_each_process_thread(p, t)                                                              \
	for_each_process (p)                                                                       \
		for_each_thread (p, t)

static inline bool thread_group_leader(const struct task_struct *p)
{
	return p->exit_signal >= 0;
}

static inline bool thread_group_empty(struct task_struct *p)
{
	return p->signal->nr_threads <= 1;
}

static inline bool same_thread_group(const struct task_struct *a, const struct task_struct *b)
{
	return a->signal == b->signal;
}

static inline pid_t task_pid_nr(const struct task_struct *p)
{
	return p->pid;
}

static inline pid_t task_tgid_nr(const struct task_struct *p)
{
	return p->tgid;
}

/* ---- references -------------------------------------------------------------------------- */

/* kernel/fork.c */
void __put_task_struct(struct task_struct *tsk);

static inline struct task_struct *get_task_struct(struct task_struct *t)
{
	refcount_inc(&t->usage);
	return t;
}

static inline void put_task_struct(struct task_struct *t)
{
	if (refcount_dec_and_test(&t->usage))
		__put_task_struct(t);
}

static inline void task_lock(struct task_struct *p)
{
	spin_lock(&p->alloc_lock);
}

static inline void task_unlock(struct task_struct *p)
{
	spin_unlock(&p->alloc_lock);
}

/* ---- running, sleeping, waking ----------------------------------------------------------- */

#define __set_current_state(s) WRITE_ONCE(current->__state, (s))
/* The store is ordered before the caller's test of its condition. */
#define set_current_state(s) __atomic_store_n(&current->__state, (s), __ATOMIC_SEQ_CST)

#define task_is_stopped(t) ((READ_ONCE((t)->__state) & __TASK_STOPPED) != 0)
#define task_is_running(t) (READ_ONCE((t)->__state) == TASK_RUNNING)

#define MAX_SCHEDULE_TIMEOUT ((ktime_t)0x7fffffffffffffffLL)

/* kernel/sched.c, kernel/sched_fair.c, kernel/idle.c */
void sched_init(void);
void schedule(void);
void preempt_user(void);		      /* return to user mode found TIF_NEED_RESCHED */
void schedule_tail(struct task_struct *prev); /* first step of a new task; ret_from_fork calls it */
int wake_up_process(struct task_struct *p);
int wake_up_state(struct task_struct *p, unsigned int state);
int try_to_wake_up(struct task_struct *p, unsigned int state, int wake_flags);
void wake_up_new_task(struct task_struct *p);
void sched_fork(struct task_struct *p);
void __noreturn do_task_dead(void);
void kick_process(struct task_struct *p); /* make it enter the kernel soon */
void resched_curr_cpu(int cpu);
void scheduler_tick(void);
void set_user_nice(struct task_struct *p, long nice);
int set_cpus_allowed(struct task_struct *p, const cpumask_t *mask);
void init_idle(struct task_struct *idle, int cpu);
bool task_curr(const struct task_struct *p);   /* on a CPU at this moment */
u64 task_sched_runtime(struct task_struct *p); /* ns */
unsigned int nr_running(void);
unsigned long long nr_context_switches(void);
void get_avenrun(unsigned long loads[3]); /* 1, 5, 15 minutes; 11 fraction bits */
void cpu_startup_entry(void) __noreturn;  /* idle loop */
/* cputime of one CPU since boot, ns: user, system, idle */
void get_cpu_times(int cpu, u64 *user, u64 *system, u64 *idle);
/* accounting at kernel entry and exit is by tick: account_process_tick() from the timer */
void account_process_tick(bool user, u64 ns);
void task_cputime(struct task_struct *t, u64 *utime, u64 *stime);
void thread_group_cputime(struct task_struct *p, u64 *utime, u64 *stime);

/*
 * Sleep until woken or the time (ns from now; MAX_SCHEDULE_TIMEOUT = for ever) has passed. The
 * caller has set its state. Returns the ns that are left, 0 if the time passed.
 */
ktime_t schedule_timeout(ktime_t timeout);
ktime_t schedule_timeout_interruptible(ktime_t timeout);
ktime_t schedule_timeout_uninterruptible(ktime_t timeout);

static inline bool need_resched(void)
{
	return test_thread_flag(TIF_NEED_RESCHED);
}

static inline void cond_resched(void)
{
	if (unlikely(need_resched()))
		schedule();
}

#ifdef CONFIG_CHECKED
void __might_sleep(const char *file, int line);
#define might_sleep() __might_sleep(__FILE__, __LINE__)
#else
#define might_sleep()                                                                              \
	do {                                                                                       \
	} while (0)
#endif

/* ---- signals pending --------------------------------------------------------------------- */

static inline bool signal_pending(struct task_struct *p)
{
	return unlikely(test_tsk_thread_flag(p, TIF_SIGPENDING));
}

static inline bool __fatal_signal_pending(struct task_struct *p)
{
	return sigismember(&p->pending.signal, SIGKILL);
}

static inline bool fatal_signal_pending(struct task_struct *p)
{
	return signal_pending(p) && __fatal_signal_pending(p);
}

static inline bool signal_pending_state(unsigned int state, struct task_struct *p)
{
	if (!(state & (TASK_INTERRUPTIBLE | TASK_WAKEKILL)))
		return false;
	if (!signal_pending(p))
		return false;
	return (state & TASK_INTERRUPTIBLE) || __fatal_signal_pending(p);
}

/* ---- limits ------------------------------------------------------------------------------ */

static inline unsigned long rlimit(unsigned int limit)
{
	return READ_ONCE(current->signal->rlim[limit].rlim_cur);
}

#endif
