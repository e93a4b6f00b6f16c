// SPDX-License-Identifier: MIT
/*
 * kernel/itimer.c - setitimer(2), alarm(2), and limits on processor time.
 *
 * ITIMER_REAL is an hrtimer of the process. ITIMER_VIRTUAL and ITIMER_PROF count the process's
 * processor time and are looked at by each tick that hits it, like RLIMIT_CPU.
 *
 * Locks: siglock for the processor timers. The real timer is cancelled and started without it, as
 * its function takes siglock.
 */
#include <pagoda/posix-timers.h>
#include <pagoda/compat.h>
#include <pagoda/hrtimer.h>
#include <pagoda/pid.h>
#include <pagoda/sched.h>
#include <pagoda/signal.h>
#include <pagoda/time64.h>
#include <asm/uaccess.h>
#include <syscalls.h>

/* ---- ITIMER_REAL ------------------------------------------------------------------------- */

static enum hrtimer_restart it_real_fn(struct hrtimer *timer)
{
	struct signal_struct *sig = container_of(timer, struct signal_struct, real_timer);
	ktime_t incr = READ_ONCE(sig->it_real_incr);

	kill_pid_info(SIGALRM, SEND_SIG_PRIV, sig->pids[PIDTYPE_TGID]);
	if (!incr)
		return HRTIMER_NORESTART;
	hrtimer_forward(timer, ktime_get(), incr);
	return HRTIMER_RESTART;
}

void signal_init_timers(struct signal_struct *sig)
{
	hrtimer_init(&sig->real_timer, it_real_fn);
	sig->it_real_incr = 0;
	sig->it[0].expires = sig->it[0].incr = 0;
	sig->it[1].expires = sig->it[1].incr = 0;
	sig->posix_timers = NULL;
}

static void get_real(struct signal_struct *sig, ktime_t *value, ktime_t *interval)
{
	ktime_t left = 0;

	if (hrtimer_active(&sig->real_timer)) {
		left = hrtimer_get_remaining(&sig->real_timer);
		if (left <= 0)
			left = NSEC_PER_USEC; /* about to fire: never "disarmed" */
	}
	*value = left;
	*interval = sig->it_real_incr;
}

static void set_real(struct signal_struct *sig, ktime_t value, ktime_t interval)
{
	hrtimer_cancel(&sig->real_timer);
	sig->it_real_incr = interval;
	if (value)
		hrtimer_start(&sig->real_timer, ktime_add_safe(ktime_get(), value));
}

/* ---- timers on processor time ------------------------------------------------------------ */

/* As the ticks count it: cheap, and what the tick compares with. ns. */
static u64 group_ticks(struct task_struct *p, bool with_system)
{
	u64 ns = p->signal->utime + (with_system ? p->signal->stime : 0);
	struct task_struct *t;

	for_each_thread (p, t)
		ns += READ_ONCE(t->utime) + (with_system ? READ_ONCE(t->stime) : 0);
	return ns;
}

static void check_cpu_itimer(struct task_struct *p, int which, int sig)
{
	u64 now = group_ticks(p, which == ITIMER_PROF);
	ktime_t *expires = &p->signal->it[which - 1].expires;
	ktime_t incr = p->signal->it[which - 1].incr;

	if (!*expires || (ktime_t)now < *expires)
		return;
	*expires = incr ? ktime_add_safe(*expires, incr) : 0;
	send_signal_locked(sig, SEND_SIG_PRIV, p, PIDTYPE_TGID);
}

/* RLIMIT_CPU: SIGXCPU each second from the soft limit on, SIGKILL at the hard one. */
static void check_cpu_limit(struct task_struct *p)
{
	struct rlimit *limit = &p->signal->rlim[RLIMIT_CPU];
	u64 seconds;

	if (limit->rlim_cur == RLIM_INFINITY)
		return;
	seconds = group_ticks(p, true) / NSEC_PER_SEC;
	if (seconds >= limit->rlim_max) {
		send_signal_locked(SIGKILL, SEND_SIG_PRIV, p, PIDTYPE_TGID);
	} else if (seconds >= limit->rlim_cur) {
		send_signal_locked(SIGXCPU, SEND_SIG_PRIV, p, PIDTYPE_TGID);
		limit->rlim_cur = seconds + 1;
	}
}

void run_posix_cpu_timers(struct task_struct *p)
{
	struct signal_struct *sig = p->signal;

	if ((p->flags & (PF_EXITING | PF_KTHREAD)) || p->exit_state)
		return;
	if (!sig->it[0].expires && !sig->it[1].expires &&
	    sig->rlim[RLIMIT_CPU].rlim_cur == RLIM_INFINITY)
		return;
	spin_lock(&p->sighand->siglock);
	check_cpu_itimer(p, ITIMER_VIRTUAL, SIGVTALRM);
	check_cpu_itimer(p, ITIMER_PROF, SIGPROF);
	check_cpu_limit(p);
	spin_unlock(&p->sighand->siglock);
}

static void get_cpu_itimer(int which, ktime_t *value, ktime_t *interval)
{
	ktime_t expires = current->signal->it[which - 1].expires;

	*interval = current->signal->it[which - 1].incr;
	*value = 0;
	if (expires) {
		*value = expires - (ktime_t)group_ticks(current, which == ITIMER_PROF);
		if (*value <= 0)
			*value = TICK_NSEC;
	}
}

static void set_cpu_itimer(int which, ktime_t value, ktime_t interval)
{
	ktime_t now = (ktime_t)group_ticks(current, which == ITIMER_PROF);

	current->signal->it[which - 1].expires = value ? ktime_add_safe(now, value) : 0;
	current->signal->it[which - 1].incr = interval;
}

/* ---- system calls ------------------------------------------------------------------------ */

static void do_getitimer(int which, ktime_t *value, ktime_t *interval)
{
	if (which == ITIMER_REAL) {
		get_real(current->signal, value, interval);
		return;
	}
	spin_lock_irq(&current->sighand->siglock);
	get_cpu_itimer(which, value, interval);
	spin_unlock_irq(&current->sighand->siglock);
}

static void do_setitimer(int which, ktime_t value, ktime_t interval)
{
	if (which == ITIMER_REAL) {
		set_real(current->signal, value, interval);
		return;
	}
	spin_lock_irq(&current->sighand->siglock);
	set_cpu_itimer(which, value, interval);
	spin_unlock_irq(&current->sighand->siglock);
}

static struct timeval ktime_to_timeval(ktime_t t)
{
	struct timespec64 ts = ns_to_timespec64(t);

	return (struct timeval){ts.tv_sec, ts.tv_nsec / 1000};
}

static bool timeval_valid(const struct timeval *tv)
{
	return tv->tv_sec >= 0 && (unsigned long)tv->tv_usec < 1000000;
}

static ktime_t timeval_to_ktime(const struct timeval *tv)
{
	return timespec64_to_ktime((struct timespec64){tv->tv_sec, tv->tv_usec * 1000});
}

/* The interval stands first, in the structures of either width. */
static void __user *second_timeval(void __user *user, bool time32)
{
	return user + (time32 ? sizeof(struct old_timeval32) : sizeof(struct timeval));
}

static int get_itimerval(struct itimerval *it, const void __user *user, bool time32)
{
	return get_user_timeval(&it->it_interval, user, time32)
		       ?: get_user_timeval(&it->it_value,
					   second_timeval((void __user *)user, time32), time32);
}

static int put_itimerval(void __user *user, ktime_t value, ktime_t interval, bool time32)
{
	struct itimerval it = {ktime_to_timeval(interval), ktime_to_timeval(value)};

	return put_user_timeval(&it.it_interval, user, time32)
		       ?: put_user_timeval(&it.it_value, second_timeval(user, time32), time32);
}

static long getitimer(int which, void __user *value, bool time32)
{
	ktime_t left, interval;

	if (which < ITIMER_REAL || which > ITIMER_PROF)
		return -EINVAL;
	do_getitimer(which, &left, &interval);
	return put_itimerval(value, left, interval, time32);
}

long sys_getitimer(int which, struct itimerval __user *value)
{
	return getitimer(which, value, false);
}

long compat_sys_getitimer(int which, struct old_itimerval32 __user *value)
{
	return getitimer(which, value, true);
}

static long setitimer(int which, const void __user *value, void __user *ovalue, bool time32)
{
	struct itimerval it = {{0, 0}, {0, 0}};
	ktime_t left, interval;

	if (value && get_itimerval(&it, value, time32))
		return -EFAULT;
	if (!timeval_valid(&it.it_value) || !timeval_valid(&it.it_interval))
		return -EINVAL;
	if (which < ITIMER_REAL || which > ITIMER_PROF)
		return -EINVAL;
	do_getitimer(which, &left, &interval);
	do_setitimer(which, timeval_to_ktime(&it.it_value), timeval_to_ktime(&it.it_interval));
	return ovalue ? put_itimerval(ovalue, left, interval, time32) : 0;
}

long sys_setitimer(int which, const struct itimerval __user *value, struct itimerval __user *ovalue)
{
	return setitimer(which, value, ovalue, false);
}

long compat_sys_setitimer(int which, const struct old_itimerval32 __user *value,
			  struct old_itimerval32 __user *ovalue)
{
	return setitimer(which, value, ovalue, true);
}

/* Returns the seconds that were left of the previous alarm, rounded, at least 1 if it was armed. */
long sys_alarm(unsigned int seconds)
{
	ktime_t left, interval;
	long secs;

	get_real(current->signal, &left, &interval);
	set_real(current->signal, (ktime_t)seconds * NSEC_PER_SEC, 0);
	if (!left)
		return 0;
	secs = left / NSEC_PER_SEC + (left % NSEC_PER_SEC >= NSEC_PER_SEC / 2);
	return secs ? secs : 1;
}
