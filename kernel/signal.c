// SPDX-License-Identifier: MIT
/*
 * kernel/signal.c - queueing a signal on a task or process, and choosing who takes it.
 *
 *	send_signal_locked -> prepare_signal	stop and continue undo each other; is it ignored?
 *			   -> queue		the bit, and the data if there is memory for it
 *			   -> complete_signal	wake a thread that can take it; a fatal signal
 *						takes the whole process down at once
 *
 * Delivery is kernel/signal_deliver.c; system calls are kernel/signal_calls.c; the many ways to
 * name a receiver are kernel/signal_send.c.
 *
 * Locks: sighand->siglock for everything here; irq-safe, as timers send signals.
 */
#include <pagoda/signal.h>
#include <pagoda/bug.h>
#include <pagoda/cred.h>
#include <pagoda/gfp.h>
#include <pagoda/pid.h>
#include <pagoda/posix-timers.h>
#include <pagoda/slab.h>
#include <pagoda/string.h>

static struct kmem_cache *sigqueue_cachep;

void signals_init(void)
{
	sigqueue_cachep = KMEM_CACHE(sigqueue, SLAB_PANIC);
	signalfd_init();
}

/* ---- queue entries ----------------------------------------------------------------------- */

/* Room for one more signal with data; over RLIMIT_SIGPENDING only if the kernel insists. */
static struct sigqueue *sigqueue_get(struct task_struct *t, bool override_rlimit)
{
	struct signal_struct *sig = t->signal;
	struct sigqueue *q;
	long n = atomic_inc_return(&sig->nr_sigqueued);

	if (override_rlimit ||
	    (unsigned long)n <= READ_ONCE(sig->rlim[RLIMIT_SIGPENDING].rlim_cur)) {
		q = kmem_cache_alloc(sigqueue_cachep, GFP_ATOMIC);
		if (q) {
			INIT_LIST_HEAD(&q->list);
			q->flags = 0;
			q->charged = sig;
			return q;
		}
	}
	atomic_dec(&sig->nr_sigqueued);
	return NULL;
}

static void sigqueue_put(struct sigqueue *q)
{
	if (q->flags & SIGQUEUE_PREALLOC)
		return;
	atomic_dec(&q->charged->nr_sigqueued);
	kmem_cache_free(sigqueue_cachep, q);
}

struct sigqueue *sigqueue_alloc(void)
{
	struct sigqueue *q = sigqueue_get(current, false);

	if (q)
		q->flags = SIGQUEUE_PREALLOC;
	return q;
}

/* The caller makes sure nobody sends it any more; siglock must not be held. */
void sigqueue_free(struct sigqueue *q)
{
	unsigned long flags;
	struct sighand_struct *sighand = current->sighand;

	spin_lock_irqsave(&sighand->siglock, flags);
	q->flags = 0; /* while on a queue: freed by whoever takes it off */
	if (list_empty(&q->list))
		sigqueue_put(q);
	spin_unlock_irqrestore(&sighand->siglock, flags);
}

void flush_sigqueue(struct sigpending *queue)
{
	struct sigqueue *q, *next;

	sigemptyset(&queue->signal);
	list_for_each_entry_safe (q, next, &queue->list, list) {
		list_del_init(&q->list);
		sigqueue_put(q);
	}
}

/* Forget every pending signal in mask. */
static void flush_sigqueue_mask(unsigned long mask, struct sigpending *pending)
{
	struct sigqueue *q, *next;

	if (!(pending->signal.sig[0] & mask))
		return;
	pending->signal.sig[0] &= ~mask;
	list_for_each_entry_safe (q, next, &pending->list, list) {
		if (mask & sigmask(q->info.si_signo)) {
			list_del_init(&q->list);
			sigqueue_put(q);
		}
	}
}

/* Of all threads and of the process. */
static void flush_everywhere(struct task_struct *p, unsigned long mask)
{
	struct task_struct *t;

	flush_sigqueue_mask(mask, &p->signal->shared_pending);
	for_each_thread (p, t)
		flush_sigqueue_mask(mask, &t->pending);
}

void discard_pending(struct task_struct *p, int sig)
{
	flush_everywhere(p, sigmask(sig));
}

void flush_signals(struct task_struct *t)
{
	unsigned long flags;

	spin_lock_irqsave(&t->sighand->siglock, flags);
	clear_tsk_thread_flag(t, TIF_SIGPENDING);
	flush_sigqueue(&t->pending);
	flush_sigqueue(&t->signal->shared_pending);
	spin_unlock_irqrestore(&t->sighand->siglock, flags);
}

/* ---- taking signals off the queues ------------------------------------------------------- */

/* Faults first, as their handler must see the state that caused them; then by number. */
#define SYNCHRONOUS_MASK                                                                           \
	(sigmask(SIGSEGV) | sigmask(SIGBUS) | sigmask(SIGILL) | sigmask(SIGTRAP) |                 \
	 sigmask(SIGFPE) | sigmask(SIGSYS))

int next_signal(const struct sigpending *pending, const sigset_t *mask)
{
	unsigned long x = pending->signal.sig[0] & ~mask->sig[0];

	if (!x)
		return 0;
	if (x & SYNCHRONOUS_MASK)
		x &= SYNCHRONOUS_MASK;
	return __builtin_ctzl(x) + 1;
}

/* The data of sig, if any was queued; its bit goes when no second one waits. */
static void collect_signal(int sig, struct sigpending *list, kernel_siginfo_t *info)
{
	struct sigqueue *q, *first = NULL;
	bool more = false;

	list_for_each_entry (q, &list->list, list) {
		if (q->info.si_signo != sig)
			continue;
		if (first) {
			more = true;
			break;
		}
		first = q;
	}
	if (!more)
		sigdelset(&list->signal, sig);
	if (first) {
		list_del_init(&first->list);
		if (first->flags & SIGQUEUE_PREALLOC)
			posixtimer_rearm(first);
		*info = first->info;
		sigqueue_put(first);
		return;
	}
	clear_siginfo(info);
	info->si_signo = sig;
	info->si_code = SI_USER;
}

int dequeue_signal(const sigset_t *mask, kernel_siginfo_t *info)
{
	struct sigpending *pending = &current->pending;
	int sig = next_signal(pending, mask);

	if (!sig) {
		pending = &current->signal->shared_pending;
		sig = next_signal(pending, mask);
	}
	if (sig)
		collect_signal(sig, pending, info);
	recalc_sigpending();
	if (sig && sig_in(sig, SIG_KERNEL_STOP_MASK))
		current->jobctl |= JOBCTL_STOP_DEQUEUED;
	return sig;
}

/* ---- TIF_SIGPENDING ---------------------------------------------------------------------- */

static bool has_pending(struct task_struct *t)
{
	unsigned long pending = t->pending.signal.sig[0] | t->signal->shared_pending.signal.sig[0];

	return (t->jobctl & JOBCTL_STOP_PENDING) || (pending & ~t->blocked.sig[0]) ||
	       (t->signal->flags & SIGNAL_CLD_MASK && t == current);
}

void recalc_sigpending(void)
{
	if (has_pending(current))
		set_thread_flag(TIF_SIGPENDING);
	else
		clear_thread_flag(TIF_SIGPENDING);
}

void recalc_sigpending_and_wake(struct task_struct *t)
{
	if (has_pending(t))
		signal_wake_up_state(t, 0);
}

/* Make t look at its signals: wake it from interruptible sleep, and from `state` too. */
void signal_wake_up_state(struct task_struct *t, unsigned int state)
{
	set_tsk_thread_flag(t, TIF_SIGPENDING);
	if (t == current && READ_ONCE(t->__state) == TASK_RUNNING)
		return; /* it looks on its way back to user mode */
	if (!wake_up_state(t, state | TASK_INTERRUPTIBLE))
		kick_process(t);
}

static void signal_wake_up(struct task_struct *t, bool fatal)
{
	signal_wake_up_state(t, fatal ? TASK_WAKEKILL : 0);
}

/* ---- who wants it ------------------------------------------------------------------------ */

static __sighandler_t handler_of(struct task_struct *t, int sig)
{
	return t->sighand->action[sig - 1].sa.sa_handler;
}

static bool sig_task_ignored(struct task_struct *t, int sig, bool force)
{
	__sighandler_t handler = handler_of(t, sig);

	/* init is immune to what it has no handler for; the kernel can still kill it */
	if ((t->signal->flags & SIGNAL_UNKILLABLE) && handler == SIG_DFL &&
	    !(force && sig_in(sig, SIG_KERNEL_ONLY_MASK)))
		return true;
	if ((t->flags & PF_KTHREAD) && handler == SIG_DFL && !force)
		return true;
	return handler == SIG_IGN || (handler == SIG_DFL && sig_in(sig, SIG_KERNEL_IGNORE_MASK));
}

/* A blocked signal is never ignored: its handler may be set before it is unblocked. */
static bool sig_ignored(struct task_struct *t, int sig, bool force)
{
	if (sigismember(&t->blocked, sig) || sigismember(&t->real_blocked, sig))
		return false;
	return sig_task_ignored(t, sig, force);
}

bool task_clear_jobctl_stop(struct task_struct *t)
{
	bool pending = t->jobctl & JOBCTL_STOP_PENDING;

	t->jobctl &= ~(JOBCTL_STOP_PENDING | JOBCTL_STOP_CONSUME | JOBCTL_STOP_DEQUEUED);
	return pending;
}

/* A SIGCONT, even one that will be ignored, makes stopped threads run and forgets pending stops. */
static void continue_process(struct task_struct *p)
{
	struct signal_struct *signal = p->signal;
	struct task_struct *t;
	unsigned int why = 0;

	flush_everywhere(p, SIG_KERNEL_STOP_MASK);
	for_each_thread (p, t) {
		task_clear_jobctl_stop(t);
		wake_up_state(t, __TASK_STOPPED);
	}
	if (signal->flags & SIGNAL_STOP_STOPPED)
		why = SIGNAL_CLD_CONTINUED;
	else if (signal->group_stop_count)
		why = SIGNAL_CLD_STOPPED;
	if (why) {
		/* The parent is told by the first thread that runs again (get_signal). */
		signal->flags &= ~(SIGNAL_STOP_STOPPED | SIGNAL_STOP_CONTINUED | SIGNAL_CLD_MASK);
		signal->flags |= why | SIGNAL_STOP_CONTINUED;
		signal->group_stop_count = 0;
		signal->group_exit_code = 0;
		for_each_thread (p, t)
			set_tsk_thread_flag(t, TIF_SIGPENDING);
	}
}

/* Side effects of sending; false if the signal need not be queued. */
static bool prepare_signal(int sig, struct task_struct *p, bool force)
{
	if (p->signal->flags & SIGNAL_GROUP_EXIT)
		return sig == SIGKILL;
	if (sig_in(sig, SIG_KERNEL_STOP_MASK))
		flush_everywhere(p, sigmask(SIGCONT));
	else if (sig == SIGCONT)
		continue_process(p);
	return !sig_ignored(p, sig, force);
}

/* ---- choosing a thread ------------------------------------------------------------------- */

static bool wants_signal(int sig, struct task_struct *t)
{
	if (sigismember(&t->blocked, sig) || (t->flags & PF_EXITING))
		return false;
	if (sig == SIGKILL)
		return true;
	if (task_is_stopped(t))
		return false;
	return task_curr(t) || !signal_pending(t);
}

static struct task_struct *choose_thread(int sig, struct task_struct *p, enum pid_type type)
{
	struct task_struct *t;

	if (wants_signal(sig, p))
		return p;
	if (type == PIDTYPE_PID)
		return NULL;
	for_each_thread (p, t) {
		if (wants_signal(sig, t))
			return t;
	}
	return NULL;
}

static bool sig_fatal(struct task_struct *t, int sig)
{
	return handler_of(t, sig) == SIG_DFL &&
	       !sig_in(sig, SIG_KERNEL_IGNORE_MASK | SIG_KERNEL_STOP_MASK);
}

/* SIGKILL for every thread: the process dies of `sig`. */
static void start_group_exit(struct task_struct *p, int sig)
{
	struct task_struct *t;

	p->signal->flags = SIGNAL_GROUP_EXIT | (p->signal->flags & SIGNAL_UNKILLABLE);
	p->signal->group_exit_code = sig;
	p->signal->group_stop_count = 0;
	for_each_thread (p, t) {
		task_clear_jobctl_stop(t);
		sigaddset(&t->pending.signal, SIGKILL);
		signal_wake_up(t, true);
	}
}

/* The signal is queued: wake somebody for it, or leave it until a thread unblocks it. */
static void complete_signal(int sig, struct task_struct *p, enum pid_type type)
{
	struct task_struct *t = choose_thread(sig, p, type);

	signalfd_notify(p);
	if (!t)
		return;
	if (sig_fatal(p, sig) && !(p->signal->flags & (SIGNAL_GROUP_EXIT | SIGNAL_UNKILLABLE)) &&
	    !sigismember(&t->real_blocked, sig)) {
		start_group_exit(p, sig);
		return;
	}
	signal_wake_up(t, sig == SIGKILL);
}

/* ---- sending ----------------------------------------------------------------------------- */

static bool is_si_special(const kernel_siginfo_t *info)
{
	return info <= SEND_SIG_PRIV;
}

static void fill_info(kernel_siginfo_t *to, int sig, const kernel_siginfo_t *info)
{
	if (!is_si_special(info)) {
		*to = *info;
		return;
	}
	clear_siginfo(to);
	to->si_signo = sig;
	if (info == SEND_SIG_NOINFO) {
		to->si_code = SI_USER;
		to->si_pid = task_tgid_nr(current);
		to->si_uid = current_uid();
	} else {
		to->si_code = SI_KERNEL;
	}
}

int send_signal_locked(int sig, kernel_siginfo_t *info, struct task_struct *t, enum pid_type type)
{
	bool from_kernel = info == SEND_SIG_PRIV || (!is_si_special(info) && info->si_code > 0);
	struct sigpending *pending;
	struct sigqueue *q;

	assert_spin_locked(&t->sighand->siglock);
	if (!prepare_signal(sig, t, from_kernel))
		return 0;
	pending = type == PIDTYPE_PID ? &t->pending : &t->signal->shared_pending;
	/* An ordinary signal is pending at most once. */
	if (sig < SIGRTMIN && sigismember(&pending->signal, sig))
		return 0;

	if (sig != SIGKILL && !(t->flags & PF_KTHREAD)) {
		bool override = sig < SIGRTMIN && (is_si_special(info) || info->si_code >= 0);

		q = sigqueue_get(t, override);
		if (q) {
			fill_info(&q->info, sig, info);
			list_add_tail(&q->list, &pending->list);
		} else if (sig >= SIGRTMIN && !is_si_special(info) && info->si_code != SI_USER) {
			return -EAGAIN;
		}
	}
	sigaddset(&pending->signal, sig);
	complete_signal(sig, t, type);
	return 0;
}

bool send_sigqueue(struct sigqueue *q, struct task_struct *t, enum pid_type type)
{
	struct sigpending *pending;
	unsigned long flags;
	int sig = q->info.si_signo;
	bool queued = true;

	spin_lock_irqsave(&t->sighand->siglock, flags);
	if (!list_empty(&q->list)) {
		q->info.si_overrun++; /* set anew and expired before its signal was taken */
	} else if (prepare_signal(sig, t, false)) {
		q->info.si_overrun = 0;
		pending = type == PIDTYPE_PID ? &t->pending : &t->signal->shared_pending;
		list_add_tail(&q->list, &pending->list);
		sigaddset(&pending->signal, sig);
		complete_signal(sig, t, type);
	} else {
		queued = false;
	}
	if (queued)
		q->flags |= SIGQUEUE_REARM;
	spin_unlock_irqrestore(&t->sighand->siglock, flags);
	return queued;
}

/* For exec and exit_group: the other threads of p get SIGKILL. */
void zap_other_threads(struct task_struct *p)
{
	struct task_struct *t;

	p->signal->group_stop_count = 0;
	for_each_thread (p, t) {
		if (t == p || t->exit_state)
			continue;
		task_clear_jobctl_stop(t);
		sigaddset(&t->pending.signal, SIGKILL);
		signal_wake_up(t, true);
	}
}
