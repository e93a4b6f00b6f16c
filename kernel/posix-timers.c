// SPDX-License-Identifier: MIT
/*
 * kernel/posix-timers.c - timer_create(2) and its family.
 *
 * A process keeps its timers in an array; the index is the id. Each timer has an
 * hrtimer and a queue entry for its signal, so that expiry never allocates. Timers on processor
 * time are not built (EOPNOTSUPP).
 *
 * A timer with an interval stands still from its expiry until its signal is taken; then the
 * intervals that have passed are counted as its overrun, and it is started again. So a short
 * interval costs nothing while nobody looks. SIGQUEUE_REARM says that it stands.
 *
 * Locks: posix_timers.lock guards the array and serialises settings; siglock guards interval,
 * overrun and the flags of the queue entry. The timer's function takes only tasklist_lock and
 * siglock, so that a timer may be cancelled with posix_timers.lock held.
 */
#include <pagoda/posix-timers.h>
#include <pagoda/compat.h>
#include <pagoda/hrtimer.h>
#include <pagoda/mutex.h>
#include <pagoda/pid.h>
#include <pagoda/sched.h>
#include <pagoda/signal.h>
#include <pagoda/slab.h>
#include <pagoda/string.h>
#include <pagoda/time64.h>
#include <asm/uaccess.h>
#include <syscalls.h>

#define MAX_TIMERS 1024

struct k_itimer {
	struct hrtimer timer;
	clockid_t clock;
	int notify;	 /* SIGEV_* */
	struct pid *pid; /* thread or process to signal; holds a reference */
	enum pid_type pid_type;
	struct sigqueue *sigq;
	ktime_t interval;
	s64 overrun;	  /* expiries since the last signal, less one: starts at -1 */
	s64 overrun_last; /* what the last signal told */
};

struct posix_timers {
	struct mutex lock;
	struct k_itimer *timer[MAX_TIMERS];
};

/* False when nobody can get the signal, or it is ignored. */
static bool send_timer_signal(struct k_itimer *t)
{
	struct task_struct *p;
	bool sent;

	read_lock(&tasklist_lock);
	p = pid_task(t->pid, t->pid_type);
	sent = p && p->sighand && send_sigqueue(t->sigq, p, t->pid_type);
	read_unlock(&tasklist_lock);
	return sent;
}

/* In the timer interrupt. A tick passes at least before a signal that is ignored is tried again. */
static enum hrtimer_restart posix_timer_fn(struct hrtimer *hr)
{
	struct k_itimer *t = container_of(hr, struct k_itimer, timer);
	ktime_t interval;

	if (send_timer_signal(t))
		return HRTIMER_NORESTART;
	interval = READ_ONCE(t->interval); /* once: stop_timer() clears it at any time */
	if (!interval)
		return HRTIMER_NORESTART;
	t->overrun += hrtimer_forward(hr, ktime_get() + TICK_NSEC, interval);
	return HRTIMER_RESTART;
}

/* siglock held: the signal of a timer was taken off its queue, and is told what it missed. */
void posixtimer_rearm(struct sigqueue *q)
{
	struct k_itimer *t = q->timer;

	if (!(q->flags & SIGQUEUE_REARM) || !t->interval)
		return;
	q->flags &= ~SIGQUEUE_REARM;
	t->overrun += hrtimer_forward(&t->timer, ktime_get(), t->interval);
	hrtimer_start(&t->timer, t->timer.expires);
	t->overrun_last = t->overrun;
	t->overrun = -1;
	q->info.si_overrun = min(t->overrun_last + q->info.si_overrun, (s64)INT_MAX);
}

/*
 * After this neither its function nor the taker of its signal starts it again. The function may have
 * queued the signal until it is cancelled: whoever takes that one must not start the next setting.
 */
static void stop_timer(struct k_itimer *t)
{
	spin_lock_irq(&current->sighand->siglock);
	WRITE_ONCE(t->interval, 0);
	spin_unlock_irq(&current->sighand->siglock);
	hrtimer_cancel(&t->timer);
	spin_lock_irq(&current->sighand->siglock);
	t->sigq->flags &= ~SIGQUEUE_REARM;
	spin_unlock_irq(&current->sighand->siglock);
}

/* The timers of the process, made on first use; NULL without memory. */
static struct posix_timers *get_timers(void)
{
	struct posix_timers *timers = READ_ONCE(current->signal->posix_timers);

	if (timers)
		return timers;
	timers = kzalloc(sizeof(*timers), GFP_KERNEL);
	if (!timers)
		return NULL;
	mutex_init(&timers->lock);
	spin_lock_irq(&current->sighand->siglock);
	if (!current->signal->posix_timers)
		current->signal->posix_timers = timers;
	else
		swap(timers, current->signal->posix_timers);
	spin_unlock_irq(&current->sighand->siglock);
	if (timers != current->signal->posix_timers)
		kfree(timers);
	return current->signal->posix_timers;
}

/* The timer with this id, with the lock held; NULL without it. */
static struct k_itimer *lock_timer(int id)
{
	struct posix_timers *timers = current->signal->posix_timers;

	if (!timers || id < 0 || id >= MAX_TIMERS)
		return NULL;
	mutex_lock(&timers->lock);
	if (timers->timer[id])
		return timers->timer[id];
	mutex_unlock(&timers->lock);
	return NULL;
}

static void unlock_timer(void)
{
	mutex_unlock(&current->signal->posix_timers->lock);
}

static void free_timer(struct k_itimer *t)
{
	stop_timer(t);
	sigqueue_free(t->sigq);
	put_pid(t->pid);
	kfree(t);
}

/* ---- creating ---------------------------------------------------------------------------- */

/* Whom the event goes to. A reference, or NULL if the event is not valid. */
static struct pid *good_sigevent(const sigevent_t *event)
{
	struct task_struct *p;
	struct pid *pid = NULL;

	if ((event->sigev_notify & ~SIGEV_THREAD_ID) != SIGEV_NONE &&
	    (event->sigev_signo <= 0 || event->sigev_signo > _NSIG))
		return NULL;
	switch (event->sigev_notify) {
	case SIGEV_SIGNAL | SIGEV_THREAD_ID:
		read_lock(&tasklist_lock);
		p = find_task_by_vpid(event->_sigev_un._tid);
		if (p && same_thread_group(p, current) && event->sigev_signo > 0 &&
		    event->sigev_signo <= _NSIG)
			pid = get_pid(task_pid(p));
		read_unlock(&tasklist_lock);
		return pid;
	case SIGEV_SIGNAL:
	case SIGEV_THREAD:
	case SIGEV_NONE:
		return get_pid(task_tgid(current));
	default:
		return NULL;
	}
}

static struct k_itimer *alloc_timer(clockid_t clock, const sigevent_t *event, struct pid *pid)
{
	struct k_itimer *t = kzalloc(sizeof(*t), GFP_KERNEL);

	if (!t)
		return NULL;
	t->sigq = sigqueue_alloc();
	if (!t->sigq) {
		kfree(t);
		return NULL;
	}
	t->sigq->timer = t;
	t->overrun = -1;
	hrtimer_init(&t->timer, posix_timer_fn);
	t->clock = clock;
	t->notify = event->sigev_notify;
	t->pid = pid;
	t->pid_type = event->sigev_notify & SIGEV_THREAD_ID ? PIDTYPE_PID : PIDTYPE_TGID;
	clear_siginfo(&t->sigq->info);
	t->sigq->info.si_signo = event->sigev_signo;
	t->sigq->info.si_code = SI_TIMER;
	t->sigq->info._timer._sigval = event->sigev_value;
	return t;
}

/* Lowest free id, or -EAGAIN. */
static int install_timer(struct posix_timers *timers, struct k_itimer *t)
{
	int id;

	mutex_lock(&timers->lock);
	for (id = 0; id < MAX_TIMERS && timers->timer[id]; id++)
		;
	if (id < MAX_TIMERS) {
		t->sigq->info.si_tid = id;
		timers->timer[id] = t;
	}
	mutex_unlock(&timers->lock);
	return id < MAX_TIMERS ? id : -EAGAIN;
}

/* given: the program says what shall happen; else the signal's value is the id. */
static long do_timer_create(clockid_t which_clock, const sigevent_t *event, bool given,
			    int __user *created_timer_id)
{
	struct posix_timers *timers;
	struct k_itimer *t;
	struct pid *pid;
	int id;

	if (!clock_can_wait(which_clock))
		return clock_is_known(which_clock) ? -EOPNOTSUPP : -EINVAL;
	pid = good_sigevent(event);
	if (!pid)
		return -EINVAL;
	timers = get_timers();
	t = timers ? alloc_timer(which_clock, event, pid) : NULL;
	if (!t) {
		put_pid(pid);
		return -EAGAIN;
	}
	id = install_timer(timers, t);
	if (id < 0) {
		free_timer(t);
		return id;
	}
	if (!given)
		t->sigq->info._timer._sigval.sival_int = id;
	if (put_user(id, created_timer_id)) {
		sys_timer_delete(id);
		return -EFAULT;
	}
	return 0;
}

long sys_timer_create(clockid_t which_clock, struct sigevent __user *timer_event_spec,
		      int __user *created_timer_id)
{
	sigevent_t event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGALRM};

	if (timer_event_spec && copy_from_user(&event, timer_event_spec, sizeof(event)))
		return -EFAULT;
	return do_timer_create(which_clock, &event, timer_event_spec, created_timer_id);
}

long compat_sys_timer_create(clockid_t which_clock, struct compat_sigevent __user *spec,
			     int __user *created_timer_id)
{
	sigevent_t event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGALRM};
	struct compat_sigevent e;

	if (spec) {
		if (copy_from_user(&e, spec, sizeof(e)))
			return -EFAULT;
		event.sigev_value.sival_ptr = (__force void *)compat_ptr(e.sigev_value);
		event.sigev_signo = e.sigev_signo;
		event.sigev_notify = e.sigev_notify;
		event._sigev_un._tid = e.sigev_tid;
	}
	return do_timer_create(which_clock, &event, spec, created_timer_id);
}

long sys_timer_delete(int timer_id)
{
	struct k_itimer *t = lock_timer(timer_id);

	if (!t)
		return -EINVAL;
	current->signal->posix_timers->timer[timer_id] = NULL;
	unlock_timer();
	free_timer(t);
	return 0;
}

/* ---- arming ------------------------------------------------------------------------------ */

static void read_setting(struct k_itimer *t, struct itimerspec *setting)
{
	ktime_t left = 0;
	bool stands;

	spin_lock_irq(&current->sighand->siglock);
	stands = t->sigq->flags & SIGQUEUE_REARM;
	if (stands && t->interval)
		t->overrun += hrtimer_forward(&t->timer, ktime_get(), t->interval);
	if ((stands && t->interval) || hrtimer_active(&t->timer))
		left = max(hrtimer_get_remaining(&t->timer), (ktime_t)1);
	else if (stands && t->notify == SIGEV_NONE)
		left = max(hrtimer_get_remaining(&t->timer), (ktime_t)0);
	setting->it_interval = ns_to_timespec64(t->interval);
	spin_unlock_irq(&current->sighand->siglock);
	setting->it_value = ns_to_timespec64(left);
}

static long do_timer_gettime(int timer_id, void __user *setting, bool time32)
{
	struct k_itimer *t = lock_timer(timer_id);
	struct itimerspec spec;

	if (!t)
		return -EINVAL;
	read_setting(t, &spec);
	unlock_timer();
	return put_user_itimerspec(&spec, setting, time32);
}

long sys_timer_gettime(int timer_id, struct itimerspec __user *setting)
{
	return do_timer_gettime(timer_id, setting, false);
}

long sys_timer_gettime32(int timer_id, struct old_itimerspec32 __user *setting)
{
	return do_timer_gettime(timer_id, setting, true);
}

/* One that nobody is told of never runs: who asks gets what would be left. */
static void start_timer(struct k_itimer *t, ktime_t expires)
{
	if (t->notify != SIGEV_NONE) {
		hrtimer_start(&t->timer, expires);
		return;
	}
	t->timer.expires = expires;
	t->sigq->flags |= SIGQUEUE_REARM;
}

static long do_timer_settime(int timer_id, int flags, const void __user *new_setting,
			     void __user *old_setting, bool time32)
{
	struct itimerspec new, old;
	struct k_itimer *t;
	ktime_t value;

	if (!new_setting)
		return -EINVAL;
	if (get_user_itimerspec(&new, new_setting, time32))
		return -EFAULT;
	if (!timespec64_valid(&new.it_interval) || !timespec64_valid(&new.it_value))
		return -EINVAL;
	t = lock_timer(timer_id);
	if (!t)
		return -EINVAL;
	read_setting(t, &old);
	stop_timer(t);
	t->interval = timespec64_to_ktime(new.it_interval);
	t->overrun = -1;
	t->overrun_last = 0;
	value = timespec64_to_ktime(new.it_value);
	if (value)
		start_timer(t, clock_to_monotonic(t->clock, value, flags & TIMER_ABSTIME));
	unlock_timer();
	return old_setting ? put_user_itimerspec(&old, old_setting, time32) : 0;
}

long sys_timer_settime(int timer_id, int flags, const struct itimerspec __user *new_setting,
		       struct itimerspec __user *old_setting)
{
	return do_timer_settime(timer_id, flags, new_setting, old_setting, false);
}

long sys_timer_settime32(int timer_id, int flags, const struct old_itimerspec32 __user *new_setting,
			 struct old_itimerspec32 __user *old_setting)
{
	return do_timer_settime(timer_id, flags, new_setting, old_setting, true);
}

/* How often it had expired again when its last signal was taken. */
long sys_timer_getoverrun(int timer_id)
{
	struct k_itimer *t = lock_timer(timer_id);
	int overrun;

	if (!t)
		return -EINVAL;
	overrun = (int)min(READ_ONCE(t->overrun_last), (s64)INT_MAX);
	unlock_timer();
	return overrun;
}

/* ---- end of the process ------------------------------------------------------------------ */

/* The last thread exits, or exec: no timer fires after this. No lock held; may sleep. */
void exit_itimers(struct task_struct *tsk)
{
	struct posix_timers *timers = tsk->signal->posix_timers;
	int id;

	if (!timers)
		return;
	tsk->signal->posix_timers = NULL;
	for (id = 0; id < MAX_TIMERS; id++) {
		if (timers->timer[id])
			free_timer(timers->timer[id]);
	}
	kfree(timers);
}
