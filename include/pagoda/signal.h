/* SPDX-License-Identifier: MIT */
/*
 * signal.h - sending, queueing, delivering signals.
 *
 * sighand->siglock guards the handlers, both pending sets, the blocked masks and the job-control
 * state. A signal with data or a real-time one is a struct sigqueue on a list; an ordinary one may
 * be only its bit in the set. TIF_SIGPENDING of a task tells that it should look.
 */
#ifndef PAGODA_SIGNAL_H
#define PAGODA_SIGNAL_H

#include <pagoda/sched.h>
#include <pagoda/signal_types.h>

struct pid;

#define SEND_SIG_NOINFO                                                                            \
	((kernel_siginfo_t *)0) /* from a program: SI_USER, the caller's pid and uid */
#define SEND_SIG_PRIV ((kernel_siginfo_t *)1) /* from the kernel: SI_KERNEL */

/* Sets of signals by default action (kernel/signal.c, kernel/signal_deliver.c). */
#define SIG_KERNEL_ONLY_MASK (sigmask(SIGKILL) | sigmask(SIGSTOP))
#define SIG_KERNEL_STOP_MASK                                                                       \
	(sigmask(SIGSTOP) | sigmask(SIGTSTP) | sigmask(SIGTTIN) | sigmask(SIGTTOU))
#define SIG_KERNEL_IGNORE_MASK                                                                     \
	(sigmask(SIGCONT) | sigmask(SIGCHLD) | sigmask(SIGWINCH) | sigmask(SIGURG))
#define sig_in(sig, mask) ((sig) < SIGRTMIN && (sigmask(sig) & (mask)))

/* ---- kernel/signal.c, kernel/signal_send.c: sending ------------------------------------------ */

void signals_init(void);
/* siglock held: to one thread (PIDTYPE_PID) or to its process (PIDTYPE_TGID). 0, -EAGAIN. */
int send_signal_locked(int sig, kernel_siginfo_t *info, struct task_struct *t, enum pid_type type);
/* takes siglock; tasklist_lock held, or p cannot be released. -ESRCH if it is gone already */
int do_send_sig_info(int sig, kernel_siginfo_t *info, struct task_struct *p, enum pid_type type);
int group_send_sig_info(int sig, kernel_siginfo_t *info, struct task_struct *p, enum pid_type type);
int send_sig(int sig, struct task_struct *p, int priv); /* to a thread */
int send_sig_info(int sig, kernel_siginfo_t *info, struct task_struct *p);
int kill_pid_info(int sig, kernel_siginfo_t *info, struct pid *pid);
int kill_pgrp(struct pid *pid, int sig, int priv);
int __kill_pgrp_info(int sig, kernel_siginfo_t *info, struct pid *pgrp); /* tasklist_lock held */
/* A signal the current task caused: if it is blocked or ignored, the task dies of it. */
int force_sig_info(kernel_siginfo_t *info);
void force_sig(int sig);       /* SI_KERNEL */
void force_fatal_sig(int sig); /* default action, whatever the handler */
void force_sig_fault(int sig, int code, void __user *addr);
void force_sigsegv(int sig);
void force_sig_pkuerr(void __user *addr, u32 pkey);

/* ---- state ------------------------------------------------------------------------------- */

void recalc_sigpending(void);					      /* siglock held; current */
void recalc_sigpending_and_wake(struct task_struct *t);		      /* siglock held */
void signal_wake_up_state(struct task_struct *t, unsigned int state); /* siglock held */
void set_current_blocked(sigset_t *newset); /* SIGKILL and SIGSTOP are taken out */
void __set_current_blocked(const sigset_t *newset);
int set_user_sigmask(const sigset_t __user *umask,
		     size_t sigsetsize); /* ppoll & co.; saved_sigmask */
void restore_saved_sigmask(void);
void restore_saved_sigmask_unless(bool interrupted);
void flush_signals(struct task_struct *t);
void flush_signal_handlers(struct task_struct *t, bool force_default); /* exec; clone3 */
void flush_sigqueue(struct sigpending *queue);
void discard_pending(struct task_struct *p, int sig); /* siglock held: of all threads */
void ignore_signals(struct task_struct *t);
/* The shared pending set of a new process starts empty; sighand/signal are copied by fork.c. */
static inline void init_sigpending(struct sigpending *sig)
{
	INIT_LIST_HEAD(&sig->list);
	sigemptyset(&sig->signal);
}
/* siglock held: take the next signal of current that is not in mask; 0 if none. */
int dequeue_signal(const sigset_t *mask, kernel_siginfo_t *info);
int next_signal(const struct sigpending *pending, const sigset_t *mask);
bool task_clear_jobctl_stop(struct task_struct *t);
/* A queue entry that a timer keeps for its signal; NULL without memory or over the limit. */
struct sigqueue *sigqueue_alloc(void);
void sigqueue_free(struct sigqueue *q);
/* Queue it for a thread or its process; false if the signal is ignored. */
bool send_sigqueue(struct sigqueue *q, struct task_struct *t, enum pid_type type);
void exit_signals(struct task_struct *tsk);    /* do_exit: nothing more is delivered to it */
void zap_other_threads(struct task_struct *p); /* siglock held: SIGKILL to the other threads */
/* exit.c: tell the parent of a death; true if the child shall be reaped at once. tasklist_lock. */
bool do_notify_parent(struct task_struct *tsk, int sig);
void do_notify_parent_cldstop(struct task_struct *tsk, bool for_ptracer, int why);
void signal_clear_altstack(struct task_struct *t);

/* ---- delivery ---------------------------------------------------------------------------- */

/*
 * The next signal that needs a handler, or false. Default actions (ignore, stop, kill) are carried
 * out inside; may not return.
 */
bool get_signal(struct ksignal *ksig);
/* After the frame is built: block sa_mask, SA_NODEFER, SA_RESETHAND; failed: SIGSEGV. */
void signal_setup_done(int failed, struct ksignal *ksig, int stepping);
/* Where the frame goes: the altstack if the handler wants it and we are not on it. */
unsigned long sigsp(unsigned long sp, struct ksignal *ksig);
int on_sig_stack(unsigned long sp);
int sas_ss_flags(unsigned long sp);
int restore_altstack(const stack_t __user *uss);
int copy_siginfo_to_user(siginfo_t __user *to, const kernel_siginfo_t *from);
/* @sig: what it will be sent as; 0: as it says. -EFAULT, -E2BIG: there is more, of unknown kind. */
int copy_siginfo_from_user(kernel_siginfo_t *to, const siginfo_t __user *from, int sig);
/* The same in the structure of the present call, which may be a 32-bit one. */
int copy_siginfo_to_user_any(siginfo_t __user *to, const kernel_siginfo_t *from);
int copy_siginfo_from_user_any(kernel_siginfo_t *to, const siginfo_t __user *from, int sig);
static inline void clear_siginfo(kernel_siginfo_t *info)
{
	__builtin_memset(info, 0, sizeof(*info));
}

/* The mask to come back to when no handler runs (TIF_RESTORE_SIGMASK). */
static inline sigset_t *sigmask_to_save(void)
{
	return test_thread_flag(TIF_RESTORE_SIGMASK) ? &current->saved_sigmask : &current->blocked;
}

/* ---- fs/signalfd.c ----------------------------------------------------------------------- */

void signalfd_init(void);
/* siglock held: a signal of the task's became pending; wakes who reads them from a file. */
void signalfd_notify(const struct task_struct *task);

/* ---- kernel/signal_calls.c, for their 32-bit relatives --------------------------------------- */

/* The action so far goes to *old; *new, if not NULL, takes its place. 0 or -EINVAL. */
int kernel_sigaction(int sig, const struct sigaction *new, struct sigaction *old);
long sigsuspend(sigset_t set);
long sys_restart_syscall(void);
long do_no_restart_syscall(struct restart_block *param); /* -EINTR */

#endif
