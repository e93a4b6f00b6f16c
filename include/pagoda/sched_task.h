/* SPDX-License-Identifier: MIT */
/*
 * sched_task.h - making and ending tasks.
 */
#ifndef PAGODA_SCHED_TASK_H
#define PAGODA_SCHED_TASK_H

#include <pagoda/types.h>
#include <pagoda/sched.h>

struct sysinfo;
struct tms;
struct pt_regs;
struct rusage;

/* What clone, clone3, fork, vfork and the kernel's own threads all come down to. */
struct kernel_clone_args {
	u64 flags; /* CLONE_* */
	int __user *pidfd;
	int __user *child_tid;
	int __user *parent_tid;
	int exit_signal;
	unsigned long stack; /* the child's stack pointer; 0: that of the caller */
	unsigned long tls;
	pid_t set_tid;	      /* wanted pid, or 0 */
	int cgroup;	      /* of CLONE_INTO_CGROUP */
	int (*fn)(void *arg); /* kernel thread or idle: what it runs; NULL: returns to user mode */
	void *fn_arg;
	bool kthread; /* never goes to user mode (fn without it: init before its exec) */
	bool idle;    /* pid 0, never on the task list */
};

/* kernel/fork.c */
void fork_init(void); /* slabs and limits; after the slab allocator, before the first fork */
/* A new task, not yet running (TASK_NEW). ERR_PTR on failure, with nothing left behind. */
struct task_struct *copy_process(struct kernel_clone_args *args);
/* copy_process(), start it, wait for a vfork child. Returns the new thread id or -errno. */
pid_t kernel_clone(struct kernel_clone_args *args);
/* A kernel task that runs fn(arg) and exits with its value. flags: CLONE_FS | CLONE_FILES or 0. */
pid_t kernel_thread(int (*fn)(void *), void *arg, unsigned long flags);
/* The first user process: a task that runs fn in the kernel and returns to user mode after it. */
pid_t user_mode_thread(int (*fn)(void *), void *arg, unsigned long flags);
struct task_struct *fork_idle(int cpu);
/* The kernel stack of a task that has left the CPU for the last time. */
void put_task_stack(struct task_struct *tsk);
/* First steps of a new user task in its own context: CLONE_CHILD_SETTID. schedule_tail() calls it.
 */
void schedule_tail_user(void);
void mm_release(struct task_struct *tsk, struct mm_struct *mm, bool exec);
extern int max_threads, nr_threads; /* nr_threads: tasklist_lock */
extern unsigned long total_forks;
void free_signal_struct(struct signal_struct *sig);   /* drops one reference */
void cleanup_sighand(struct sighand_struct *sighand); /* drops one reference */
extern struct kmem_cache *sighand_cachep;

/* kernel/exit.c */
void do_exit(long code) __noreturn; /* code: as wait() shows it, (status << 8) or signal */
void do_group_exit(int exit_code) __noreturn; /* the same for all threads */
void release_task(struct task_struct *p);
bool is_current_pgrp_orphaned(void);
/* Called by a session leader that exits; the tty layer sets it. */
extern void (*disassociate_ctty_hook)(int on_exit);

/* kernel/wait.c */
void getrusage_of(struct task_struct *p, int who, struct rusage *ru);
void get_tms(struct tms *tms);		/* times(2) of current */
void get_sysinfo(struct sysinfo *info); /* kernel/sys.c: sysinfo(2) */
/* Parent's wait queue: some child changed state. */
void __wake_up_parent(struct task_struct *p, struct task_struct *parent);

/* kernel/rlimit.c */
int do_prlimit(struct task_struct *tsk, unsigned int resource, struct rlimit *new,
	       struct rlimit *old);
extern const struct rlimit init_rlimits[RLIM_NLIMITS];

/* kernel/strace.c: called by the system call entry when current->strace is set */
void strace_setup(const char *arg);	     /* "strace" or "strace=PID|NAME" of the command line */
void strace_new_task(struct task_struct *p); /* after fork and after exec: traced or not */
void strace_syscall_enter(struct pt_regs *regs);
void strace_syscall_exit(struct pt_regs *regs, long ret);

#endif
