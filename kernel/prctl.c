// SPDX-License-Identifier: MIT
/*
 * kernel/prctl.c - prctl(2): settings of the calling thread or its process.
 *
 * An option that is not handled is EINVAL, as on a Linux that does not know it.
 */
#include <pagoda/compat.h>
#include <pagoda/cred.h>
#include <pagoda/binfmts.h>
#include <pagoda/dumpable.h>
#include <pagoda/errno.h>
#include <pagoda/mm.h>
#include <pagoda/sched.h>
#include <pagoda/string.h>
#include <uapi/prctl.h>
#include <asm/uaccess.h>
#include <syscalls.h>

#define ANON_VMA_NAME_MAX_LEN 80 /* with the NUL */

static long set_name(const char __user *name)
{
	char comm[TASK_COMM_LEN];

	comm[TASK_COMM_LEN - 1] = '\0';
	if (strncpy_from_user(comm, name, TASK_COMM_LEN - 1) < 0)
		return -EFAULT;
	set_task_comm(current, comm);
	return 0;
}

static long get_name(char __user *name)
{
	char comm[TASK_COMM_LEN] = {};

	get_task_comm(comm, current);
	return copy_to_user(name, comm, sizeof(comm)) ? -EFAULT : 0;
}

/* Commit a copy of the caller's credentials with one field changed by fn. */
static long change_creds(void (*fn)(struct cred *, unsigned long), unsigned long arg)
{
	struct cred *new = prepare_creds();

	if (!new)
		return -ENOMEM;
	fn(new, arg);
	return commit_creds(new);
}

static void do_set_keepcaps(struct cred *new, unsigned long on)
{
	new->securebits =
		on ? new->securebits | SECURE_KEEP_CAPS : new->securebits & ~SECURE_KEEP_CAPS;
}

static void do_set_securebits(struct cred *new, unsigned long bits)
{
	new->securebits = bits;
}

static void do_drop_bounding(struct cred *new, unsigned long cap)
{
	new->cap_bset &= ~CAP_TO_MASK(cap);
}

static void do_set_ambient(struct cred *new, unsigned long set)
{
	new->cap_ambient = set;
}

static long set_keepcaps(unsigned long on)
{
	if (on > 1)
		return -EINVAL;
	if (current_cred()->securebits & SECURE_KEEP_CAPS_LOCKED)
		return -EPERM;
	return change_creds(do_set_keepcaps, on);
}

/* capabilities(7), "The securebits flags": a locked bit stays, and so does its lock. */
static long set_securebits(unsigned long bits)
{
	unsigned int old = current_cred()->securebits;

	if (((old & SECURE_ALL_LOCKS) >> 1) & (old ^ bits))
		return -EPERM;
	if ((old & SECURE_ALL_LOCKS) & ~bits)
		return -EPERM;
	if (bits & ~(unsigned long)(SECURE_ALL_LOCKS | SECURE_ALL_BITS))
		return -EPERM;
	if (!capable(CAP_SETPCAP))
		return -EPERM;
	return change_creds(do_set_securebits, bits);
}

static long ambient(unsigned long op, unsigned long cap)
{
	const struct cred *cred = current_cred();
	u64 mask;

	if (op == PR_CAP_AMBIENT_CLEAR_ALL)
		return cap ? -EINVAL : change_creds(do_set_ambient, 0);
	if (cap > CAP_LAST_CAP)
		return -EINVAL;
	mask = CAP_TO_MASK(cap);
	switch (op) {
	case PR_CAP_AMBIENT_IS_SET:
		return !!(cred->cap_ambient & mask);
	case PR_CAP_AMBIENT_RAISE:
		if (!(cred->cap_permitted & cred->cap_inheritable & mask) ||
		    (cred->securebits & SECURE_NO_CAP_AMBIENT_RAISE))
			return -EPERM;
		return change_creds(do_set_ambient, cred->cap_ambient | mask);
	case PR_CAP_AMBIENT_LOWER:
		return change_creds(do_set_ambient, cred->cap_ambient & ~mask);
	}
	return -EINVAL;
}

static long set_thp_disable(unsigned long on)
{
	struct mm_struct *mm = current->mm;

	if (mmap_write_lock_killable(mm))
		return -EINTR;
	if (on)
		__atomic_fetch_or(&mm->flags, MMF_DISABLE_THP, __ATOMIC_RELAXED);
	else
		__atomic_fetch_and(&mm->flags, ~MMF_DISABLE_THP, __ATOMIC_RELAXED);
	mmap_write_unlock(mm);
	return 0;
}

static bool anon_name_valid(const char *name)
{
	for (; *name; name++)
		if (*name < ' ' || *name > '~' || strchr("\\`$[]", *name))
			return false;
	return true;
}

static long prctl_set_vma(unsigned long opt, unsigned long addr, unsigned long size,
			  unsigned long arg)
{
	char name[ANON_VMA_NAME_MAX_LEN];
	long len;

	if (opt != PR_SET_VMA_ANON_NAME)
		return -EINVAL;
	if (!arg)
		return madvise_set_anon_name(current->mm, addr, size, NULL);
	len = strncpy_from_user(name, (const char __user *)arg, sizeof(name));
	if (len < 0)
		return len;
	if (len == sizeof(name) || !anon_name_valid(name))
		return -EINVAL;
	return madvise_set_anon_name(current->mm, addr, size, name);
}

/* Options about identity and privilege; -ENOSYS: not one of them. */
static long prctl_cred(int option, unsigned long arg2, unsigned long arg3, unsigned long arg4,
		       unsigned long arg5)
{
	const struct cred *cred = current_cred();

	switch (option) {
	case PR_GET_KEEPCAPS:
		return !!(cred->securebits & SECURE_KEEP_CAPS);
	case PR_SET_KEEPCAPS:
		return set_keepcaps(arg2);
	case PR_CAPBSET_READ:
		return arg2 > CAP_LAST_CAP ? -EINVAL : !!(cred->cap_bset & CAP_TO_MASK(arg2));
	case PR_CAPBSET_DROP:
		if (!capable(CAP_SETPCAP))
			return -EPERM;
		return arg2 > CAP_LAST_CAP ? -EINVAL : change_creds(do_drop_bounding, arg2);
	case PR_GET_SECUREBITS:
		return cred->securebits;
	case PR_SET_SECUREBITS:
		return set_securebits(arg2);
	case PR_CAP_AMBIENT:
		return arg4 || arg5 ? -EINVAL : ambient(arg2, arg3);
	case PR_SET_NO_NEW_PRIVS:
		if (arg2 != 1 || arg3 || arg4 || arg5)
			return -EINVAL;
		current->no_new_privs = 1;
		return 0;
	case PR_GET_NO_NEW_PRIVS:
		return arg2 || arg3 || arg4 || arg5 ? -EINVAL : current->no_new_privs;
	}
	return -ENOSYS;
}

/* Options about the thread and its process. */
static long prctl_task(int option, unsigned long arg2, unsigned long arg3, unsigned long arg4,
		       unsigned long arg5)
{
	struct task_struct *me = current;

	switch (option) {
	case PR_SET_PDEATHSIG:
		if (arg2 > _NSIG)
			return -EINVAL;
		me->pdeath_signal = arg2;
		return 0;
	case PR_GET_PDEATHSIG:
		return put_user(me->pdeath_signal, (int __user *)arg2);
	case PR_GET_DUMPABLE:
		return get_dumpable(me->mm);
	case PR_SET_DUMPABLE:
		if (arg2 > SUID_DUMP_USER)
			return -EINVAL;
		set_dumpable(me->mm, arg2);
		return 0;
	case PR_GET_TIMING:
		return PR_TIMING_STATISTICAL;
	case PR_SET_TIMING:
		return arg2 == PR_TIMING_STATISTICAL ? 0 : -EINVAL;
	case PR_SET_NAME:
		return set_name((const char __user *)arg2);
	case PR_GET_NAME:
		return get_name((char __user *)arg2);
	case PR_GET_TSC:
		return put_user(PR_TSC_ENABLE, (int __user *)arg2);
	case PR_SET_TIMERSLACK:
		me->timer_slack_ns = (long)arg2 > 0 ? arg2 : (long)me->default_timer_slack_ns;
		return 0;
	case PR_GET_TIMERSLACK:
		return me->timer_slack_ns;
	case PR_SET_CHILD_SUBREAPER:
		me->signal->is_child_subreaper = !!arg2;
		return 0;
	case PR_GET_CHILD_SUBREAPER:
		return put_user((int)me->signal->is_child_subreaper, (int __user *)arg2);
	case PR_GET_TID_ADDRESS:
		if (in_compat_syscall())
			return put_user(ptr_to_compat(me->clear_child_tid), (u32 __user *)arg2);
		return put_user(me->clear_child_tid, (int __user *__user *)arg2);
	case PR_SET_THP_DISABLE:
		return arg3 || arg4 || arg5 ? -EINVAL : set_thp_disable(arg2);
	case PR_GET_THP_DISABLE:
		if (arg2 || arg3 || arg4 || arg5)
			return -EINVAL;
		return !!(me->mm->flags & MMF_DISABLE_THP);
	case PR_SET_VMA:
		return prctl_set_vma(arg2, arg3, arg4, arg5);
	}
	return -EINVAL;
}

long sys_prctl(int option, unsigned long arg2, unsigned long arg3, unsigned long arg4,
	       unsigned long arg5)
{
	long ret = prctl_cred(option, arg2, arg3, arg4, arg5);

	return ret == -ENOSYS ? prctl_task(option, arg2, arg3, arg4, arg5) : ret;
}
