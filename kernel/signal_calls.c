// SPDX-License-Identifier: MIT
/*
 * kernel/signal_calls.c - the system calls about signals.
 */
#include <pagoda/signal.h>
#include <pagoda/compat.h>
#include <pagoda/cred.h>
#include <pagoda/hrtimer.h>
#include <pagoda/pid.h>
#include <pagoda/string.h>
#include <pagoda/time64.h>
#include <asm/elf.h>
#include <asm/ptrace.h>
#include <asm/uaccess.h>
#include <syscalls.h>

/* ---- masks ------------------------------------------------------------------------------- */

/* siglock held. A signal that only this thread could take may have to go to a sibling. */
static void change_blocked(const sigset_t *newset)
{
	sigset_t old = current->blocked;
	struct task_struct *t;

	current->blocked = *newset;
	if (current->signal->nr_threads > 1 && signal_pending(current)) {
		unsigned long newly = newset->sig[0] & ~old.sig[0] &
				      current->signal->shared_pending.signal.sig[0];

		for_each_thread (current, t) {
			if (t != current && (newly & ~t->blocked.sig[0]))
				recalc_sigpending_and_wake(t);
		}
	}
	recalc_sigpending();
}

void __set_current_blocked(const sigset_t *newset)
{
	if (current->blocked.sig[0] == newset->sig[0])
		return;
	spin_lock_irq(&current->sighand->siglock);
	change_blocked(newset);
	spin_unlock_irq(&current->sighand->siglock);
}

void set_current_blocked(sigset_t *newset)
{
	newset->sig[0] &= ~SIG_KERNEL_ONLY_MASK;
	__set_current_blocked(newset);
}

void restore_saved_sigmask(void)
{
	if (test_and_clear_thread_flag(TIF_RESTORE_SIGMASK))
		__set_current_blocked(&current->saved_sigmask);
}

/* After a wait with a temporary mask: a handler that will run restores it through its frame. */
void restore_saved_sigmask_unless(bool interrupted)
{
	if (!interrupted)
		restore_saved_sigmask();
}

int set_user_sigmask(const sigset_t __user *umask, size_t sigsetsize)
{
	sigset_t mask;

	if (!umask)
		return 0;
	if (sigsetsize != sizeof(sigset_t))
		return -EINVAL;
	if (copy_from_user(&mask, umask, sizeof(mask)))
		return -EFAULT;
	current->saved_sigmask = current->blocked;
	set_thread_flag(TIF_RESTORE_SIGMASK);
	set_current_blocked(&mask);
	return 0;
}

long sys_rt_sigprocmask(int how, const sigset_t __user *nset, sigset_t __user *oset,
			size_t sigsetsize)
{
	sigset_t old = current->blocked, set;

	if (sigsetsize != sizeof(sigset_t))
		return -EINVAL;
	if (nset) {
		if (copy_from_user(&set, nset, sizeof(set)))
			return -EFAULT;
		if (how == SIG_BLOCK)
			set.sig[0] |= old.sig[0];
		else if (how == SIG_UNBLOCK)
			set.sig[0] = old.sig[0] & ~set.sig[0];
		else if (how != SIG_SETMASK)
			return -EINVAL;
		set_current_blocked(&set);
	}
	if (oset && copy_to_user(oset, &old, sizeof(old)))
		return -EFAULT;
	return 0;
}

long sys_rt_sigpending(sigset_t __user *uset, size_t sigsetsize)
{
	sigset_t set;

	if (sigsetsize > sizeof(sigset_t))
		return -EINVAL;
	spin_lock_irq(&current->sighand->siglock);
	set.sig[0] =
		(current->pending.signal.sig[0] | current->signal->shared_pending.signal.sig[0]) &
		current->blocked.sig[0];
	spin_unlock_irq(&current->sighand->siglock);
	return copy_to_user(uset, &set, sigsetsize) ? -EFAULT : 0;
}

/* ---- actions ----------------------------------------------------------------------------- */

/* Exec keeps ignored signals ignored; clone3(CLONE_CLEAR_SIGHAND) resets those with a handler too.
 */
void flush_signal_handlers(struct task_struct *t, bool force_default)
{
	int i;

	for (i = 0; i < _NSIG; i++) {
		struct k_sigaction *ka = &t->sighand->action[i];

		if (force_default || ka->sa.sa_handler != SIG_IGN)
			ka->sa.sa_handler = SIG_DFL;
		ka->sa.sa_flags = 0;
		ka->sa.sa_restorer = NULL;
		sigemptyset(&ka->sa.sa_mask);
	}
}

void ignore_signals(struct task_struct *t)
{
	int i;

	for (i = 0; i < _NSIG; i++)
		t->sighand->action[i].sa.sa_handler = SIG_IGN;
	flush_signals(t);
}

/* The action so far goes to *old; @new, if @set, takes its place. By value: it stays in registers.
 */
static inline int do_sigaction(int sig, bool set, struct sigaction new, struct sigaction *old)
{
	struct sighand_struct *sighand = current->sighand;
	struct sigaction *sa;

	if (sig < 1 || sig > _NSIG || (set && (sig == SIGKILL || sig == SIGSTOP)))
		return -EINVAL;
	sa = &sighand->action[sig - 1].sa;
	spin_lock_irq(&sighand->siglock);
	*old = *sa;
	if (set) {
		new.sa_mask.sig[0] &= ~SIG_KERNEL_ONLY_MASK;
		*sa = new;
		/* POSIX: ignoring a signal discards what is pending of it, blocked or not. */
		if (new.sa_handler == SIG_IGN ||
		    (new.sa_handler == SIG_DFL &&sig_in(sig, SIG_KERNEL_IGNORE_MASK)))
			discard_pending(current, sig);
	}
	spin_unlock_irq(&sighand->siglock);
	return 0;
}

int kernel_sigaction(int sig, const struct sigaction *new, struct sigaction *old)
{
	return do_sigaction(sig, new, new ? *new : (struct sigaction){}, old);
}

/* Word by word: several times cheaper than a call of copy_from_user() for so little. */
static int get_sigaction(struct sigaction *sa, const struct sigaction __user *from)
{
	long err = 0;

	if (!user_access_begin(from, sizeof(*from)))
		return -EFAULT;
	unsafe_get_user_err(sa->sa_handler, &from->sa_handler, err);
	unsafe_get_user_err(sa->sa_flags, &from->sa_flags, err);
	unsafe_get_user_err(sa->sa_restorer, &from->sa_restorer, err);
	unsafe_get_user_err(sa->sa_mask.sig[0], &from->sa_mask.sig[0], err);
	user_access_end();
	sa->sa_flags &= SA_UAPI_FLAGS;
	return err;
}

static int put_sigaction(struct sigaction __user *to, const struct sigaction *sa)
{
	if (!user_access_begin(to, sizeof(*to)))
		return -EFAULT;
	unsafe_put_user(sa->sa_handler, &to->sa_handler, fault);
	unsafe_put_user(sa->sa_flags & SA_UAPI_FLAGS, &to->sa_flags, fault);
	unsafe_put_user(sa->sa_restorer, &to->sa_restorer, fault);
	unsafe_put_user(sa->sa_mask.sig[0], &to->sa_mask.sig[0], fault);
	user_access_end();
	return 0;
fault:
	user_access_end();
	return -EFAULT;
}

long sys_rt_sigaction(int sig, const struct sigaction __user *act, struct sigaction __user *oact,
		      size_t sigsetsize)
{
	struct sigaction new = {}, old;
	int err;

	if (sigsetsize != sizeof(sigset_t))
		return -EINVAL;
	if (act && get_sigaction(&new, act))
		return -EFAULT;
	err = do_sigaction(sig, act, new, &old);
	if (!err && oact)
		err = put_sigaction(oact, &old);
	return err;
}

/* ---- siginfo ----------------------------------------------------------------------------- */

#define SI_EXPANSION_SIZE (sizeof(siginfo_t) - sizeof(kernel_siginfo_t))

static void __user *si_expansion(const siginfo_t __user *info)
{
	return (char __user *)info + sizeof(kernel_siginfo_t);
}

int copy_siginfo_to_user(siginfo_t __user *to, const kernel_siginfo_t *from)
{
	if (copy_to_user(to, from, sizeof(*from)) ||
	    clear_user(si_expansion(to), SI_EXPANSION_SIZE))
		return -EFAULT;
	return 0;
}

/* Whether it is known what these siginfos hold, and so that they end before the expansion. */
static bool known_siginfo_layout(int sig, int code)
{
	static const u8 highest[SIGRTMIN] = {
		[SIGILL] = 11, [SIGFPE] = 15, [SIGSEGV] = 9, [SIGBUS] = 5,
		[SIGTRAP] = 6, [SIGCHLD] = 6, [SIGPOLL] = 6, [SIGSYS] = 2,
	};

	if (code <= SI_USER)
		return code >= SI_DETHREAD || code == SI_ASYNCNL;
	if (code == SI_KERNEL)
		return true;
	return code <= (sig > 0 && sig < SIGRTMIN && highest[sig] ? highest[sig] : POLL_HUP);
}

int copy_siginfo_from_user(kernel_siginfo_t *to, const siginfo_t __user *from, int sig)
{
	char expansion[SI_EXPANSION_SIZE];

	if (copy_from_user(to, from, sizeof(*to)))
		return -EFAULT;
	if (sig)
		to->si_signo = sig;
	if (known_siginfo_layout(to->si_signo, to->si_code))
		return 0;
	if (copy_from_user(expansion, si_expansion(from), sizeof(expansion)))
		return -EFAULT;
	return memchr_inv(expansion, 0, sizeof(expansion)) ? -E2BIG : 0;
}

/* In the structure of the call that is being made. */
int copy_siginfo_to_user_any(siginfo_t __user *to, const kernel_siginfo_t *from)
{
	if (in_compat_syscall())
		return copy_siginfo_to_user32((struct compat_siginfo __user *)to, from);
	return copy_siginfo_to_user(to, from);
}

int copy_siginfo_from_user_any(kernel_siginfo_t *to, const siginfo_t __user *from, int sig)
{
	if (in_compat_syscall())
		return copy_siginfo_from_user32(to, (const struct compat_siginfo __user *)from,
						sig);
	return copy_siginfo_from_user(to, from, sig);
}

/* ---- sending ----------------------------------------------------------------------------- */

static void user_info(kernel_siginfo_t *info, int sig, int code)
{
	clear_siginfo(info);
	info->si_signo = sig;
	info->si_code = code;
	info->si_pid = task_tgid_nr(current);
	info->si_uid = current_uid();
}

/* kill(-1): everybody but init and the caller. */
static long kill_everybody(int sig, kernel_siginfo_t *info)
{
	struct task_struct *p;
	bool any = false;
	long ret = 0;

	for_each_process (p) {
		int err;

		if (task_pid_nr(p) <= 1 || same_thread_group(p, current))
			continue;
		err = group_send_sig_info(sig, info, p, PIDTYPE_MAX);
		any = true;
		if (err != -EPERM)
			ret = err;
	}
	return any ? ret : -ESRCH;
}

long sys_kill(pid_t pid, int sig)
{
	kernel_siginfo_t info;
	struct pid *target;
	long ret;

	user_info(&info, sig, SI_USER);
	if (pid == (pid_t)0x80000000)
		return -ESRCH;
	read_lock(&tasklist_lock);
	if (pid == -1) {
		ret = kill_everybody(sig, &info);
	} else if (pid <= 0) {
		target = pid ? find_vpid(-pid) : task_pgrp(current);
		ret = target ? __kill_pgrp_info(sig, &info, target) : -ESRCH;
	} else {
		struct task_struct *p = find_task_by_vpid(pid);

		ret = p ? group_send_sig_info(sig, &info, p, PIDTYPE_TGID) : -ESRCH;
	}
	read_unlock(&tasklist_lock);
	return ret;
}

/* To one thread; tgid <= 0 means any process. */
static long do_send_specific(pid_t tgid, pid_t pid, int sig, kernel_siginfo_t *info)
{
	struct task_struct *p;
	long ret = -ESRCH;

	read_lock(&tasklist_lock);
	p = find_task_by_vpid(pid);
	if (p && (tgid <= 0 || task_tgid_nr(p) == tgid))
		ret = group_send_sig_info(sig, info, p, PIDTYPE_PID);
	read_unlock(&tasklist_lock);
	return ret;
}

long sys_tgkill(pid_t tgid, pid_t pid, int sig)
{
	kernel_siginfo_t info;

	if (pid <= 0 || tgid <= 0)
		return -EINVAL;
	user_info(&info, sig, SI_TKILL);
	return do_send_specific(tgid, pid, sig, &info);
}

long sys_tkill(pid_t pid, int sig)
{
	kernel_siginfo_t info;

	if (pid <= 0)
		return -EINVAL;
	user_info(&info, sig, SI_TKILL);
	return do_send_specific(0, pid, sig, &info);
}

/* A program may not pretend to be the kernel or tgkill() towards others. */
static long queue_info(pid_t tgid, pid_t pid, int sig, siginfo_t __user *uinfo, bool thread)
{
	kernel_siginfo_t info;
	struct task_struct *p;
	long ret = copy_siginfo_from_user_any(&info, uinfo, sig);

	if (ret)
		return ret;
	if ((info.si_code >= 0 || info.si_code == SI_TKILL) && task_pid_nr(current) != pid)
		return -EPERM;
	if (thread)
		return do_send_specific(tgid, pid, sig, &info);
	ret = -ESRCH;
	read_lock(&tasklist_lock);
	p = find_task_by_vpid(pid);
	if (p)
		ret = group_send_sig_info(sig, &info, p, PIDTYPE_TGID);
	read_unlock(&tasklist_lock);
	return ret;
}

long sys_rt_sigqueueinfo(pid_t pid, int sig, siginfo_t __user *uinfo)
{
	return queue_info(0, pid, sig, uinfo, false);
}

long sys_rt_tgsigqueueinfo(pid_t tgid, pid_t pid, int sig, siginfo_t __user *uinfo)
{
	if (pid <= 0 || tgid <= 0)
		return -EINVAL;
	return queue_info(tgid, pid, sig, uinfo, true);
}

/* ---- waiting ----------------------------------------------------------------------------- */

long sys_pause(void)
{
	while (!signal_pending(current)) {
		set_current_state(TASK_INTERRUPTIBLE);
		schedule();
	}
	return -ERESTARTNOHAND;
}

long sigsuspend(sigset_t set)
{
	current->saved_sigmask = current->blocked;
	set_current_blocked(&set);
	while (!signal_pending(current)) {
		set_current_state(TASK_INTERRUPTIBLE);
		schedule();
	}
	set_thread_flag(TIF_RESTORE_SIGMASK);
	return -ERESTARTNOHAND;
}

long sys_rt_sigsuspend(const sigset_t __user *unewset, size_t sigsetsize)
{
	sigset_t set;

	if (sigsetsize != sizeof(sigset_t))
		return -EINVAL;
	if (copy_from_user(&set, unewset, sizeof(set)))
		return -EFAULT;
	return sigsuspend(set);
}

/*
 * Wait for one of `which`, at most timeout ns (MAX_SCHEDULE_TIMEOUT: for ever). While asleep the
 * signals are unblocked, so that senders pick this thread; real_blocked tells them that they are
 * wanted and not to be acted on.
 */
static int do_sigtimedwait(const sigset_t *which, kernel_siginfo_t *info, ktime_t timeout)
{
	sigset_t mask = {{~which->sig[0] | SIG_KERNEL_ONLY_MASK}};
	ktime_t left = timeout;
	int sig;

	spin_lock_irq(&current->sighand->siglock);
	sig = dequeue_signal(&mask, info);
	if (!sig && timeout) {
		current->real_blocked = current->blocked;
		current->blocked.sig[0] &= mask.sig[0];
		recalc_sigpending();
		spin_unlock_irq(&current->sighand->siglock);

		left = schedule_timeout_interruptible(timeout);

		spin_lock_irq(&current->sighand->siglock);
		current->blocked = current->real_blocked;
		sigemptyset(&current->real_blocked);
		sig = dequeue_signal(&mask, info);
	}
	spin_unlock_irq(&current->sighand->siglock);
	if (sig)
		return sig;
	return left ? -EINTR : -EAGAIN;
}

static long sigtimedwait(const sigset_t __user *uthese, siginfo_t __user *uinfo,
			 const void __user *uts, bool time32, size_t sigsetsize)
{
	ktime_t timeout = MAX_SCHEDULE_TIMEOUT;
	kernel_siginfo_t info;
	struct timespec64 ts;
	sigset_t these;
	int sig;

	if (sigsetsize != sizeof(sigset_t))
		return -EINVAL;
	if (copy_from_user(&these, uthese, sizeof(these)))
		return -EFAULT;
	if (uts) {
		if (get_user_timespec(&ts, uts, time32))
			return -EFAULT;
		if (!timespec64_valid(&ts))
			return -EINVAL;
		timeout = timespec64_to_ktime(ts);
	}
	sig = do_sigtimedwait(&these, &info, timeout);
	if (sig > 0 && uinfo && copy_siginfo_to_user_any(uinfo, &info))
		return -EFAULT;
	return sig;
}

long sys_rt_sigtimedwait(const sigset_t __user *uthese, siginfo_t __user *uinfo,
			 const struct timespec64 __user *uts, size_t sigsetsize)
{
	return sigtimedwait(uthese, uinfo, uts, false, sigsetsize);
}

long sys_rt_sigtimedwait_time32(const sigset_t __user *uthese, siginfo_t __user *uinfo,
				const struct old_timespec32 __user *uts, size_t sigsetsize)
{
	return sigtimedwait(uthese, uinfo, uts, true, sigsetsize);
}

/* ---- restart ------------------------------------------------------------------------------ */

long sys_restart_syscall(void)
{
	struct restart_block *restart = &current->restart_block;

	return restart->fn(restart);
}

long do_no_restart_syscall(struct restart_block *param)
{
	return -EINTR;
}
