// SPDX-License-Identifier: MIT
/*
 * fs/exec_image.c - the point of no return: the caller gives up what it was.
 *
 * begin_new_exec(), in this order (EXT-6): the other threads die, shared files and handlers become
 * private, the old memory is released (CLEARTID, vfork parent) and replaced, close-on-exec files
 * are closed, handlers are reset, the new credentials are taken. An error in here kills the caller.
 */
#include <pagoda/binfmts.h>
#include <pagoda/cred.h>
#include <pagoda/dumpable.h>
#include <pagoda/errno.h>
#include <pagoda/fdtable.h>
#include <pagoda/fs.h>
#include <pagoda/mm.h>
#include <pagoda/namei.h>
#include <pagoda/pid.h>
#include <pagoda/posix-timers.h>
#include <pagoda/sched.h>
#include <pagoda/sched_task.h>
#include <pagoda/signal.h>
#include <pagoda/slab.h>
#include <pagoda/string.h>
#include <uapi/personality.h>
#include <asm/elf.h>
#include <asm/mmu_context.h>

#define SECURE_STACK_LIMIT (8UL << 20)
#define STACK_ROOM	   (128UL << 10) /* bytes mapped below the arguments, limits permitting */

void set_task_comm(struct task_struct *tsk, const char *name)
{
	task_lock(tsk);
	strscpy(tsk->comm, name, sizeof(tsk->comm));
	task_unlock(tsk);
}

void get_task_comm(char buf[TASK_COMM_LEN], struct task_struct *tsk)
{
	task_lock(tsk);
	strscpy(buf, tsk->comm, TASK_COMM_LEN);
	task_unlock(tsk);
}

/* ---- alone in the process -------------------------------------------------------------------- */

/* Wait until the other threads are gone, except a leader, which stays as a zombie. */
static int wait_for_threads(struct task_struct *tsk)
{
	struct signal_struct *sig = tsk->signal;
	spinlock_t *lock = &tsk->sighand->siglock;

	spin_lock_irq(lock);
	if ((sig->flags & SIGNAL_GROUP_EXIT) || sig->group_exec_task) {
		spin_unlock_irq(lock);
		return -EAGAIN;
	}
	sig->group_exec_task = tsk;
	sig->notify_count = sig->nr_threads - 1;
	zap_other_threads(tsk);
	if (!thread_group_leader(tsk))
		sig->notify_count--;
	while (sig->notify_count) {
		__set_current_state(TASK_KILLABLE);
		spin_unlock_irq(lock);
		schedule();
		if (__fatal_signal_pending(tsk))
			return -EAGAIN;
		spin_lock_irq(lock);
	}
	spin_unlock_irq(lock);
	return 0;
}

/* The dead leader's ids and places in the lists become tsk's. tasklist_lock held for writing. */
static void take_over_leader(struct task_struct *tsk, struct task_struct *leader)
{
	tsk->start_time = leader->start_time;
	exchange_tids(tsk, leader);
	transfer_pid(leader, tsk, PIDTYPE_TGID);
	transfer_pid(leader, tsk, PIDTYPE_PGID);
	transfer_pid(leader, tsk, PIDTYPE_SID);
	list_replace_init(&leader->tasks, &tsk->tasks);
	list_replace_init(&leader->sibling, &tsk->sibling);
	tsk->group_leader = tsk;
	leader->group_leader = tsk;
	tsk->exit_signal = SIGCHLD;
	leader->exit_signal = -1;
	leader->exit_state = EXIT_DEAD;
}

static int replace_leader(struct task_struct *tsk)
{
	struct task_struct *leader = tsk->group_leader;

	for (;;) {
		write_lock_irq(&tasklist_lock);
		tsk->signal->notify_count = -1; /* exit_notify() of the leader wakes us */
		if (leader->exit_state)
			break;
		__set_current_state(TASK_KILLABLE);
		write_unlock_irq(&tasklist_lock);
		schedule();
		if (__fatal_signal_pending(tsk))
			return -EAGAIN;
	}
	take_over_leader(tsk, leader);
	write_unlock_irq(&tasklist_lock);
	release_task(leader);
	return 0;
}

/* After it the caller is the only thread, and the leader. 0, or -EAGAIN: it is being killed. */
static int de_thread(struct task_struct *tsk)
{
	struct signal_struct *sig = tsk->signal;
	int err = 0;

	if (!thread_group_empty(tsk)) {
		err = wait_for_threads(tsk);
		if (!err && !thread_group_leader(tsk))
			err = replace_leader(tsk);
		write_lock_irq(&tasklist_lock);
		if (sig->group_exec_task == tsk) {
			sig->group_exec_task = NULL;
			sig->notify_count = 0;
		}
		write_unlock_irq(&tasklist_lock);
	}
	if (!err)
		tsk->exit_signal = SIGCHLD;
	return err;
}

/* Handlers that another process shares (CLONE_SIGHAND without CLONE_THREAD) are copied. */
static int unshare_sighand(struct task_struct *me)
{
	struct sighand_struct *old = me->sighand, *new;

	if (refcount_read(&old->count) == 1)
		return 0;
	new = kmem_cache_alloc(sighand_cachep, GFP_KERNEL);
	if (!new)
		return -ENOMEM;
	refcount_set(&new->count, 1);
	spin_lock_init_rank(&new->siglock, RANK_SIGHAND);
	write_lock_irq(&tasklist_lock);
	spin_lock(&old->siglock);
	memcpy(new->action, old->action, sizeof(new->action));
	me->sighand = new;
	spin_unlock(&old->siglock);
	write_unlock_irq(&tasklist_lock);
	cleanup_sighand(old);
	return 0;
}

/* ---- the new memory -------------------------------------------------------------------------- */

/* The caller leaves its address space for mm, whose user reference it takes over. */
static void exec_mmap(struct mm_struct *mm)
{
	struct task_struct *tsk = current;
	struct mm_struct *old_mm = tsk->mm, *active_mm;
	struct signal_struct *sig = tsk->signal;
	unsigned long rss;

	if (old_mm)
		mm_release(tsk, old_mm, true);
	task_lock(tsk);
	local_irq_disable();
	active_mm = tsk->active_mm;
	tsk->active_mm = mm;
	tsk->mm = mm;
	switch_mm_irqs_off(active_mm, mm, tsk);
	vmacache_flush(tsk);
	local_irq_enable();
	task_unlock(tsk);
	if (!old_mm) {
		mmdrop(active_mm);
		return;
	}
	rss = get_mm_hiwater_rss(old_mm);
	if (sig->maxrss < rss)
		sig->maxrss = rss;
	mmput(old_mm);
}

/* A program that its user may not read, or that acts for others, does not show its memory. */
static void choose_dumpable(struct linux_binprm *bprm)
{
	const struct cred *cred = bprm->cred;
	bool own = cred->uid == cred->euid && cred->gid == cred->egid;

	if (own && !inode_permission(file_inode(bprm->file), MAY_READ))
		set_dumpable(current->mm, SUID_DUMP_USER);
	else
		set_dumpable(current->mm, SUID_DUMP_DISABLE);
}

static void install_creds(struct linux_binprm *bprm)
{
	struct cred *cred = bprm->cred;

	bprm->cred = NULL;
	commit_creds(cred);
	mutex_unlock(&current->signal->cred_guard_mutex);
}

int begin_new_exec(struct linux_binprm *bprm)
{
	struct task_struct *me = current;
	int err;

	bprm_creds_from_file(bprm);
	bprm_put_arg_page(bprm);
	bprm->point_of_no_return = 1;
	err = de_thread(me);
	if (err)
		return err;
	err = unshare_files();
	if (err)
		return err;
	set_mm_exe_file(bprm->mm, bprm->file);
	exec_mmap(bprm->mm);
	bprm->mm = NULL;
	exit_itimers(me);
	err = unshare_sighand(me);
	if (err)
		return err;

	me->flags &= ~(PF_RANDOMIZE | PF_FORKNOEXEC | PF_KTHREAD);
	flush_thread();
	me->personality &= ~bprm->per_clear;
	do_close_on_exec(me->files);
	if (bprm->secureexec) {
		me->pdeath_signal = 0;
		if (bprm->rlim_stack.rlim_cur > SECURE_STACK_LIMIT)
			bprm->rlim_stack.rlim_cur = SECURE_STACK_LIMIT;
	}
	signal_clear_altstack(me);
	choose_dumpable(bprm);
	set_task_comm(me, kbasename(bprm->filename));
	flush_signal_handlers(me, false);
	install_creds(bprm);
	strace_new_task(me);
	return 0;
}

/*
 * The arguments were stored at the end of the largest address space there is. A 32-bit program's
 * stack is moved to where its own ends; and that of a set-user-ID program to a random place, if who
 * started it had asked for a fixed one.
 */
static int move_stack_below(struct linux_binprm *bprm, unsigned long end)
{
	bool compat = end < STACK_TOP_MAX;
	unsigned long shift;
	int err;

	if (bprm->vma->vm_end <= end && bprm->vma->vm_end != STACK_TOP_MAX)
		return 0;
	end = randomize_stack_top(end, compat ? STACK_RND_COMPAT_MASK : STACK_RND_MASK);
	shift = bprm->vma->vm_end - end;
	if (shift < bprm->vma->vm_end - bprm->vma->vm_start)
		return 0; /* 0 most often: it shall be there */
	err = shift_arg_pages(&bprm->vma, shift);
	if (err)
		return err;
	bprm->p -= shift;
	bprm->exec -= shift;
	return 0;
}

/* The stack gets its final rights, and room below so that the first pushes need no growth. */
static int finish_stack_vma(struct vm_area_struct *vma, bool executable, unsigned long rlim_stack)
{
	struct mm_struct *mm = vma->vm_mm;
	vm_flags_t flags = (vma->vm_flags & ~VM_EXEC) | (executable ? VM_EXEC : 0);
	int err;

	if (mmap_write_lock_killable(mm))
		return -EINTR;
	err = mprotect_fixup(vma, vma->vm_start, vma->vm_end, flags);
	if (!err && vma->vm_end - vma->vm_start + STACK_ROOM <= (rlim_stack & PAGE_MASK))
		err = expand_stack(vma, vma->vm_start - STACK_ROOM);
	mmap_write_unlock(mm);
	return err ? -EFAULT : 0;
}

/* The layout of the rest of the address space, and the stack as the program will have it. */
int setup_arg_pages(struct linux_binprm *bprm, int executable_stack)
{
	bool executable = executable_stack == EXSTACK_ENABLE_X;
	struct mm_struct *mm = current->mm;
	int err;

	if (executable_stack == EXSTACK_DEFAULT && current->personality & READ_IMPLIES_EXEC)
		executable = true;
	err = move_stack_below(bprm, TASK_SIZE);
	if (err)
		return err;
	arch_pick_mmap_layout(mm, bprm->rlim_stack.rlim_cur);
	mm->arg_start = bprm->p;
	mm->start_stack = bprm->p;
	return finish_stack_vma(bprm->vma, executable, bprm->rlim_stack.rlim_cur);
}

/* The stack limit that the layout was made for is the one that holds from now on. */
void finalize_exec(struct linux_binprm *bprm)
{
	task_lock(current->group_leader);
	current->signal->rlim[RLIMIT_STACK] = bprm->rlim_stack;
	task_unlock(current->group_leader);
}
