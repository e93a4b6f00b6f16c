// SPDX-License-Identifier: MIT
/*
 * kernel/sigaltstack.c - the stack that handlers with SA_ONSTACK run on: sigaltstack(2).
 *
 * A handler's frame holds the setting from before it ran (SS_AUTODISARM has taken it away since),
 * and sigreturn puts it back. The setting is the thread's own: no locks.
 */
#include <pagoda/compat.h>
#include <pagoda/errno.h>
#include <pagoda/sched.h>
#include <pagoda/signal.h>
#include <pagoda/string.h>
#include <asm/ptrace.h>
#include <asm/uaccess.h>
#include <syscalls.h>

static int set_altstack(const stack_t *ss, unsigned long sp, size_t min_size)
{
	unsigned int flags = (unsigned int)ss->ss_flags;
	unsigned int mode = flags & ~SS_AUTODISARM;

	if (on_sig_stack(sp))
		return -EPERM;
	if (mode != SS_DISABLE && mode != SS_ONSTACK && mode != 0)
		return -EINVAL;
	if (mode == SS_DISABLE) {
		current->sas_ss_sp = 0;
		current->sas_ss_size = 0;
	} else {
		if (ss->ss_size < min_size)
			return -ENOMEM;
		current->sas_ss_sp = (unsigned long)ss->ss_sp;
		current->sas_ss_size = ss->ss_size;
	}
	current->sas_ss_flags = flags;
	return 0;
}

/* *old: the setting so far; new: the one to come, or NULL. */
static int do_sigaltstack(const stack_t *new, stack_t *old)
{
	unsigned long sp = current_pt_regs()->sp;

	memset(old, 0, sizeof(*old));
	old->ss_sp = (void *)current->sas_ss_sp;
	old->ss_size = current->sas_ss_size;
	old->ss_flags = sas_ss_flags(sp) | (int)(current->sas_ss_flags & SS_AUTODISARM);
	return new ? set_altstack(new, sp, MINSIGSTKSZ) : 0;
}

long sys_sigaltstack(const stack_t __user *uss, stack_t __user *uoss)
{
	stack_t new, old;
	int err;

	if (uss && copy_from_user(&new, uss, sizeof(new)))
		return -EFAULT;
	err = do_sigaltstack(uss ? &new : NULL, &old);
	if (!err && uoss && copy_to_user(uoss, &old, sizeof(old)))
		err = -EFAULT;
	return err;
}

/* From sigreturn: errors other than a bad pointer are ignored, as the handler may have moved on. */
int restore_altstack(const stack_t __user *uss)
{
	stack_t ss;

	if (copy_from_user(&ss, uss, sizeof(ss)))
		return -EFAULT;
	(void)set_altstack(&ss, current_pt_regs()->sp, MINSIGSTKSZ);
	return 0;
}

/* ---- 32-bit calls and frames ----------------------------------------------------------------- */

static int get_compat_stack(stack_t *ss, const struct compat_sigaltstack __user *from)
{
	struct compat_sigaltstack c;

	if (copy_from_user(&c, from, sizeof(c)))
		return -EFAULT;
	ss->ss_sp = (__force void *)compat_ptr(c.ss_sp);
	ss->ss_flags = c.ss_flags;
	ss->ss_size = c.ss_size;
	return 0;
}

static int put_compat_stack(struct compat_sigaltstack __user *to, const stack_t *ss)
{
	struct compat_sigaltstack c = {
		.ss_sp = (u32)(unsigned long)ss->ss_sp,
		.ss_flags = ss->ss_flags,
		.ss_size = ss->ss_size,
	};

	return copy_to_user(to, &c, sizeof(c)) ? -EFAULT : 0;
}

long compat_sys_sigaltstack(const struct compat_sigaltstack __user *uss,
			    struct compat_sigaltstack __user *uoss)
{
	stack_t new, old;
	int err;

	if (uss && get_compat_stack(&new, uss))
		return -EFAULT;
	err = do_sigaltstack(uss ? &new : NULL, &old);
	return !err && uoss ? put_compat_stack(uoss, &old) : err;
}

int compat_save_altstack(struct compat_sigaltstack __user *uss, unsigned long sp)
{
	const stack_t ss = {
		.ss_sp = (void *)current->sas_ss_sp,
		.ss_flags = (int)current->sas_ss_flags,
		.ss_size = current->sas_ss_size,
	};

	return put_compat_stack(uss, &ss);
}

int compat_restore_altstack(const struct compat_sigaltstack __user *uss)
{
	stack_t ss;

	if (get_compat_stack(&ss, uss))
		return -EFAULT;
	(void)set_altstack(&ss, current_pt_regs()->sp, MINSIGSTKSZ);
	return 0;
}
