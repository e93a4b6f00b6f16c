// SPDX-License-Identifier: MIT
/*
 * kernel/compat_signal.c - the calls about signals as i386 programs make them.
 *
 * A set of signals has the same bytes in either width, so that most calls need nothing here. What
 * differs is struct sigaction; struct siginfo, whose members depend on the signal and its si_code;
 * and the first generation of calls, which knew 32 signals.
 *
 * An action that is set by a 32-bit call carries SA_IA32_ABI: its handler gets i386's frame and runs
 * as 32-bit code, whatever was interrupted.
 */
#include <pagoda/compat.h>
#include <pagoda/errno.h>
#include <pagoda/sched.h>
#include <pagoda/signal.h>
#include <pagoda/string.h>
#include <asm/uaccess.h>
#include <syscalls.h>

/* ---- actions --------------------------------------------------------------------------------- */

static struct sigaction make_action(u32 handler, u32 flags, u32 restorer, sigset_t mask)
{
	return (struct sigaction){
		.sa_handler = (__force __sighandler_t)compat_ptr(handler),
		.sa_flags = (flags & SA_UAPI_FLAGS) | SA_IA32_ABI,
		.sa_restorer = (__force void (*)(void))compat_ptr(restorer),
		.sa_mask = mask,
	};
}

long compat_sys_rt_sigaction(int sig, const struct compat_sigaction __user *act,
			     struct compat_sigaction __user *oact, size_t sigsetsize)
{
	struct sigaction new, old;
	struct compat_sigaction c;
	int err;

	if (sigsetsize != sizeof(sigset_t))
		return -EINVAL;
	if (act) {
		if (copy_from_user(&c, act, sizeof(c)))
			return -EFAULT;
		new = make_action(c.sa_handler, c.sa_flags, c.sa_restorer, c.sa_mask);
	}
	err = kernel_sigaction(sig, act ? &new : NULL, &old);
	if (err || !oact)
		return err;
	c = (struct compat_sigaction){
		.sa_handler = (u32)(unsigned long)old.sa_handler,
		.sa_flags = old.sa_flags & SA_UAPI_FLAGS,
		.sa_restorer = (u32)(unsigned long)old.sa_restorer,
		.sa_mask = old.sa_mask,
	};
	return copy_to_user(oact, &c, sizeof(c)) ? -EFAULT : 0;
}

long compat_sys_sigaction(int sig, const struct compat_old_sigaction __user *act,
			  struct compat_old_sigaction __user *oact)
{
	struct compat_old_sigaction c;
	struct sigaction new, old;
	int err;

	if (act) {
		if (copy_from_user(&c, act, sizeof(c)))
			return -EFAULT;
		new = make_action(c.sa_handler, c.sa_flags, c.sa_restorer, (sigset_t){{c.sa_mask}});
	}
	err = kernel_sigaction(sig, act ? &new : NULL, &old);
	if (err || !oact)
		return err;
	c = (struct compat_old_sigaction){
		.sa_handler = (u32)(unsigned long)old.sa_handler,
		.sa_mask = old.sa_mask.sig[0],
		.sa_flags = old.sa_flags & SA_UAPI_FLAGS,
		.sa_restorer = (u32)(unsigned long)old.sa_restorer,
	};
	return copy_to_user(oact, &c, sizeof(c)) ? -EFAULT : 0;
}

/* System V's: the handler is gone when it runs, and the signal is not blocked meanwhile. */
long sys_signal(int sig, unsigned long handler)
{
	struct sigaction new = make_action(handler, SA_RESETHAND | SA_NODEFER, 0, (sigset_t){{0}});
	struct sigaction old;
	int err = kernel_sigaction(sig, &new, &old);

	return err ? err : (long)(u32)(unsigned long)old.sa_handler;
}

/* ---- masks of 32 signals --------------------------------------------------------------------- */

static void set_low_mask(u32 low)
{
	sigset_t set = {{(current->blocked.sig[0] & ~(u64)U32_MAX) | low}};

	set_current_blocked(&set);
}

long sys_sgetmask(void)
{
	return (u32)current->blocked.sig[0];
}

/* All of it: the signals from 33 on are unblocked. */
long sys_ssetmask(int newmask)
{
	u32 old = current->blocked.sig[0];
	sigset_t set = {{(u32)newmask}};

	set_current_blocked(&set);
	return old;
}

long compat_sys_sigprocmask(int how, u32 __user *nset, u32 __user *oset)
{
	u32 old = current->blocked.sig[0], new;

	if (nset) {
		if (get_user(new, nset))
			return -EFAULT;
		if (how == SIG_BLOCK)
			new |= old;
		else if (how == SIG_UNBLOCK)
			new = old & ~new;
		else if (how != SIG_SETMASK)
			return -EINVAL;
		set_low_mask(new);
	}
	return oset ? put_user(old, oset) : 0;
}

long compat_sys_sigpending(u32 __user *set)
{
	return sys_rt_sigpending((sigset_t __user *)set, sizeof(*set));
}

long sys_sigsuspend(int unused1, int unused2, u32 mask)
{
	return sigsuspend((sigset_t){{mask}});
}

/* ---- siginfo --------------------------------------------------------------------------------- */

enum siginfo_layout { SIL_KILL, SIL_TIMER, SIL_POLL, SIL_FAULT, SIL_CHLD, SIL_RT, SIL_SYS };

/* What the members of a siginfo are. */
static enum siginfo_layout siginfo_layout(int sig, int code)
{
	if (code == SI_TIMER)
		return SIL_TIMER;
	if (code == SI_SIGIO)
		return SIL_POLL;
	if (code < 0)
		return SIL_RT;
	if (code == SI_USER || code >= SI_KERNEL)
		return SIL_KILL;
	switch (sig) {
	case SIGILL:
	case SIGTRAP:
	case SIGBUS:
	case SIGFPE:
	case SIGSEGV:
		return SIL_FAULT;
	case SIGCHLD:
		return SIL_CHLD;
	case SIGSYS:
		return SIL_SYS;
	}
	return code <= POLL_HUP ? SIL_POLL : SIL_KILL;
}

static void fault_to_32(struct compat_siginfo *to, const kernel_siginfo_t *from)
{
	to->_sigfault._addr = (u32)(unsigned long)from->si_addr;
	if (from->si_signo == SIGBUS && from->si_code >= BUS_MCEERR_AR)
		to->_sigfault._addr_lsb = from->_sigfault._addr_lsb;
	if (from->si_signo == SIGSEGV && from->si_code == SEGV_PKUERR)
		to->_sigfault._addr_pkey._pkey = from->si_pkey;
}

int copy_siginfo_to_user32(struct compat_siginfo __user *uto, const kernel_siginfo_t *from)
{
	struct compat_siginfo to;

	memset(&to, 0, sizeof(to));
	to.si_signo = from->si_signo;
	to.si_errno = from->si_errno;
	to.si_code = from->si_code;
	switch (siginfo_layout(from->si_signo, from->si_code)) {
	case SIL_KILL:
		to._kill._pid = from->si_pid;
		to._kill._uid = from->si_uid;
		break;
	case SIL_TIMER:
		to._timer._tid = from->si_tid;
		to._timer._overrun = from->si_overrun;
		to._timer._sigval = (u32)(unsigned long)from->_timer._sigval.sival_ptr;
		break;
	case SIL_POLL:
		to._sigpoll._band = from->si_band;
		to._sigpoll._fd = from->si_fd;
		break;
	case SIL_FAULT:
		fault_to_32(&to, from);
		break;
	case SIL_CHLD:
		to._sigchld._pid = from->si_pid;
		to._sigchld._uid = from->si_uid;
		to._sigchld._status = from->si_status;
		to._sigchld._utime = from->si_utime;
		to._sigchld._stime = from->si_stime;
		break;
	case SIL_RT:
		to._rt._pid = from->si_pid;
		to._rt._uid = from->si_uid;
		to._rt._sigval = (u32)(unsigned long)from->si_ptr;
		break;
	case SIL_SYS:
		to._sigsys._call_addr = (u32)(unsigned long)from->_sigsys._call_addr;
		to._sigsys._syscall = from->_sigsys._syscall;
		to._sigsys._arch = from->_sigsys._arch;
		break;
	}
	return copy_to_user(uto, &to, sizeof(to)) ? -EFAULT : 0;
}

/* Faults are the kernel's to tell: of a program's own siginfo the address alone is kept. */
int copy_siginfo_from_user32(kernel_siginfo_t *to, const struct compat_siginfo __user *ufrom,
			     int sig)
{
	struct compat_siginfo from;

	if (copy_from_user(&from, ufrom, sizeof(from)))
		return -EFAULT;
	clear_siginfo(to);
	to->si_signo = sig ?: from.si_signo;
	to->si_errno = from.si_errno;
	to->si_code = from.si_code;
	switch (siginfo_layout(to->si_signo, from.si_code)) {
	case SIL_TIMER:
		to->si_tid = from._timer._tid;
		to->si_overrun = from._timer._overrun;
		to->_timer._sigval.sival_ptr = (__force void *)compat_ptr(from._timer._sigval);
		break;
	case SIL_POLL:
		to->si_band = from._sigpoll._band;
		to->si_fd = from._sigpoll._fd;
		break;
	case SIL_FAULT:
		to->si_addr = (__force void *)compat_ptr(from._sigfault._addr);
		break;
	case SIL_CHLD:
		to->si_status = from._sigchld._status;
		to->si_utime = from._sigchld._utime;
		to->si_stime = from._sigchld._stime;
		fallthrough;
	case SIL_KILL:
		to->si_pid = from._kill._pid;
		to->si_uid = from._kill._uid;
		break;
	case SIL_RT:
		to->si_pid = from._rt._pid;
		to->si_uid = from._rt._uid;
		to->si_ptr = (__force void *)compat_ptr(from._rt._sigval);
		break;
	case SIL_SYS:
		to->_sigsys._call_addr = (__force void *)compat_ptr(from._sigsys._call_addr);
		to->_sigsys._syscall = from._sigsys._syscall;
		to->_sigsys._arch = from._sigsys._arch;
		break;
	}
	return 0;
}
