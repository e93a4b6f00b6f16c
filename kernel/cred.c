// SPDX-License-Identifier: MIT
/*
 * kernel/cred.c - the life of credentials, and the tests of capabilities.
 *
 * Credentials are copied on write: prepare_creds() makes a copy that the caller alone has, and
 * commit_creds() makes it the caller's own. Locks: task->cred changes under cred_lock, which may be
 * taken under any other lock and in interrupts, so that another task can take a reference
 * (get_task_cred) wherever it is; the task itself reads it without.
 */
#include <pagoda/cred.h>
#include <pagoda/dumpable.h>
#include <pagoda/err.h>
#include <pagoda/mm.h>
#include <pagoda/pid.h>
#include <pagoda/sched.h>
#include <pagoda/sched_task.h>
#include <pagoda/slab.h>
#include <pagoda/string.h>
#include <uapi/prctl.h>
#include <uapi/sched.h>

static struct kmem_cache *cred_jar;
static DEFINE_SPINLOCK_RANK(cred_lock, RANK_LEAF);

struct group_info init_groups = {.usage = REFCOUNT_INIT(2)};

struct cred init_cred = {
	.usage = REFCOUNT_INIT(2),
	.cap_permitted = CAP_FULL_SET,
	.cap_effective = CAP_FULL_SET,
	.cap_bset = CAP_FULL_SET,
	.group_info = &init_groups,
};

void cred_init(void)
{
	cred_jar = kmem_cache_create("cred_jar", sizeof(struct cred), 0,
				     SLAB_HWCACHE_ALIGN | SLAB_PANIC, NULL);
}

void __put_cred(struct cred *cred)
{
	put_group_info(cred->group_info);
	kmem_cache_free(cred_jar, cred);
}

struct cred *prepare_creds(void)
{
	struct cred *new = kmem_cache_alloc(cred_jar, GFP_KERNEL);

	if (!new)
		return NULL;
	memcpy(new, current->cred, sizeof(*new));
	refcount_set(&new->usage, 1);
	refcount_inc(&new->group_info->usage);
	return new;
}

void abort_creds(struct cred *new)
{
	put_cred(new);
}

static void replace_creds(const struct cred *new)
{
	spin_lock_irq(&cred_lock);
	current->cred = new;
	spin_unlock_irq(&cred_lock);
}

/*
 * A change of identity makes the process undumpable: what it holds in memory may not be meant for
 * its new owner's eyes. It also cancels the signal that was wanted at the parent's death.
 */
int commit_creds(struct cred *new)
{
	const struct cred *old = current->cred;

	if (old->euid != new->euid || old->egid != new->egid || old->fsuid != new->fsuid ||
	    old->fsgid != new->fsgid || (new->cap_permitted & ~old->cap_permitted)) {
		if (current->mm)
			set_dumpable(current->mm, SUID_DUMP_DISABLE);
		current->pdeath_signal = 0;
	}
	replace_creds(new);
	put_cred(old);
	return 0;
}

const struct cred *override_creds(const struct cred *new)
{
	const struct cred *old = current->cred;

	replace_creds(get_cred(new));
	return old;
}

void revert_creds(const struct cred *old)
{
	const struct cred *override = current->cred;

	replace_creds(old);
	put_cred(override);
}

/* Credentials never change in place, so parent and child simply share them. */
void copy_creds(struct task_struct *p)
{
	p->cred = get_cred(current->cred);
}

void exit_creds(struct task_struct *p)
{
	put_cred(p->cred);
	p->cred = NULL;
}

const struct cred *get_task_cred(struct task_struct *task)
{
	const struct cred *cred;
	unsigned long flags;

	spin_lock_irqsave(&cred_lock, flags);
	cred = get_cred(task->cred);
	spin_unlock_irqrestore(&cred_lock, flags);
	return cred;
}

/* ---- capabilities -------------------------------------------------------------------------- */

bool cap_capable(const struct cred *cred, int cap)
{
	return cred->cap_effective & CAP_TO_MASK(cap);
}

bool capable(int cap)
{
	if (!cap_capable(current_cred(), cap))
		return false;
	current->flags |= PF_SUPERPRIV;
	return true;
}

/*
 * The rule of Linux for looking at another process (/proc/PID/maps, process_vm_readv): all of its
 * user and group ids are the caller's file-system ids, or the caller has CAP_SYS_PTRACE; and a
 * process that is not dumpable needs the capability in any case.
 */
bool ptrace_may_access(struct task_struct *t)
{
	const struct cred *me = current_cred(), *cred;
	bool same, subset;

	if (same_thread_group(t, current))
		return true;
	cred = get_task_cred(t);
	same = me->fsuid == cred->uid && me->fsuid == cred->euid && me->fsuid == cred->suid &&
	       me->fsgid == cred->gid && me->fsgid == cred->egid && me->fsgid == cred->sgid;
	subset = !(cred->cap_permitted & ~me->cap_permitted);
	put_cred(cred);
	if (capable(CAP_SYS_PTRACE))
		return true;
	if (same && subset) {
		task_lock(t);
		same = !t->mm || get_dumpable(t->mm) == SUID_DUMP_USER;
		task_unlock(t);
	}
	return same && subset;
}

/* The answer of ptrace_may_access() is of the memory that @t has by then: that must be this one. */
struct mm_struct *mm_access(struct task_struct *t)
{
	struct mm_struct *mm = get_task_mm(t);

	if (!mm || mm == current->mm || (ptrace_may_access(t) && READ_ONCE(t->mm) == mm))
		return mm;
	mmput(mm);
	return ERR_PTR(-EACCES);
}

/* What capabilities(7) says happens when user ids change to and from 0. */
void cap_emulate_setxuid(struct cred *new, const struct cred *old)
{
	bool had_root = old->uid == 0 || old->euid == 0 || old->suid == 0;
	bool has_root = new->uid == 0 || new->euid == 0 || new->suid == 0;

	if (new->securebits & SECURE_NO_SETUID_FIXUP)
		return;
	if (had_root && !has_root) {
		if (!(new->securebits &SECURE_KEEP_CAPS)) {
			new->cap_permitted = 0;
			new->cap_effective = 0;
		}
		new->cap_ambient = 0;
	}
	if (old->euid == 0 && new->euid != 0)
		new->cap_effective = 0;
	if (old->euid != 0 && new->euid == 0)
		new->cap_effective = new->cap_permitted;
}

/* Threads that belong to uid, for RLIMIT_NPROC. */
unsigned int count_user_processes(uid_t uid)
{
	struct task_struct *p, *t;
	unsigned int n = 0;

	read_lock(&tasklist_lock);
	for_each_process_thread(p, t) if (task_uid(t) == uid) n++;
	read_unlock(&tasklist_lock);
	return n;
}
