// SPDX-License-Identifier: MIT
/*
 * kernel/robust_list.c - mutexes whose owner may die: set_robust_list(2), and the walk at the end.
 *
 * A thread keeps a list of the mutexes that it holds in its own memory, and tells the kernel once
 * where it begins. When the thread gives up its memory, each word on the list that it owns is
 * marked and one waiter woken. The list may hold anything: it is walked with care, and no further
 * than ROBUST_LIST_LIMIT. A list set by a 32-bit call has words of 32 bits.
 */
#include <pagoda/compat.h>
#include <pagoda/cred.h>
#include <pagoda/errno.h>
#include <pagoda/futex.h>
#include <pagoda/pid.h>
#include <pagoda/sched.h>
#include <uapi/futex.h>
#include <asm/futex.h>
#include <asm/uaccess.h>
#include <syscalls.h>

/* The word of a mutex that its dead owner held: mark it, wake one waiter. -1 to stop the walk. */
static int handle_futex_death(u32 __user *uaddr, struct task_struct *curr)
{
	u32 uval, nval, mval;

	if ((unsigned long)uaddr % sizeof(*uaddr) || get_user(uval, uaddr))
		return -1;
	while ((uval & FUTEX_TID_MASK) == (u32)task_pid_nr(curr)) {
		mval = (uval & FUTEX_WAITERS) | FUTEX_OWNER_DIED;
		if (futex_atomic_cmpxchg_inatomic(&nval, uaddr, uval, mval)) {
			if (fault_in_user_writeable(uaddr))
				return -1;
			continue;
		}
		if (nval == uval) {
			if (uval & FUTEX_WAITERS)
				futex_wake(uaddr, true, 1, FUTEX_BITSET_MATCH_ANY);
			break;
		}
		uval = nval;
	}
	return 0;
}

/* A word of the program's, or an address in it: 4 bytes or 8. */
static int fetch(unsigned long *value, unsigned long addr, bool compat)
{
	u32 word;
	int err;

	if (!compat)
		return get_user(*value, (unsigned long __user *)addr);
	err = get_user(word, (u32 __user *)addr);
	*value = word;
	return err;
}

/* Bit 0 of an entry marks a priority-inheriting mutex; we have none, but must skip the bit. */
static int fetch_entry(unsigned long *entry, unsigned long addr, bool compat)
{
	int err = fetch(entry, addr, compat);

	*entry &= ~1UL;
	return err;
}

/* The head: the first entry, the distance from an entry to its word, the entry being changed. */
static void walk_robust_list(struct task_struct *curr, unsigned long head, bool compat)
{
	unsigned long size = compat ? sizeof(u32) : sizeof(long), entry, next, pending, offset;
	unsigned int limit = ROBUST_LIST_LIMIT;

	if (fetch_entry(&entry, head, compat) || fetch(&offset, head + size, compat) ||
	    fetch_entry(&pending, head + 2 * size, compat))
		return;
	if (compat)
		offset = (s32)offset;
	while (entry != head) {
		int err = fetch_entry(&next, entry, compat);

		if (entry != pending && handle_futex_death((u32 __user *)(entry + offset), curr))
			return;
		if (err || !--limit)
			break;
		entry = next;
		cond_resched();
	}
	if (pending)
		handle_futex_death((u32 __user *)(pending + offset), curr);
}

void exit_robust_list(struct task_struct *curr)
{
	if (curr->robust_list)
		walk_robust_list(curr, (unsigned long)curr->robust_list, false);
	if (unlikely(curr->compat_robust_list))
		walk_robust_list(curr, (unsigned long)curr->compat_robust_list, true);
	curr->robust_list = NULL;
	curr->compat_robust_list = NULL;
}

/* ---- the calls ------------------------------------------------------------------------------- */

long sys_set_robust_list(struct robust_list_head __user *head, size_t len)
{
	if (len != sizeof(*head))
		return -EINVAL;
	current->robust_list = head;
	return 0;
}

long compat_sys_set_robust_list(struct compat_robust_list_head __user *head, size_t len)
{
	if (len != sizeof(*head))
		return -EINVAL;
	current->compat_robust_list = head;
	return 0;
}

/* The head that @pid has set by calls of this kind. 0, -ESRCH, -EPERM. */
static int get_head(int pid, bool compat, void __user **head)
{
	struct task_struct *p = pid ? find_get_task_by_vpid(pid) : get_task_struct(current);
	bool allowed;

	if (!p)
		return -ESRCH;
	allowed = ptrace_may_access(p);
	*head = compat ? (void __user *)p->compat_robust_list : (void __user *)p->robust_list;
	put_task_struct(p);
	return allowed ? 0 : -EPERM;
}

long sys_get_robust_list(int pid, struct robust_list_head __user *__user *head_ptr,
			 size_t __user *len_ptr)
{
	void __user *head;
	int err = get_head(pid, false, &head);

	if (err)
		return err;
	if (put_user(sizeof(struct robust_list_head), len_ptr))
		return -EFAULT;
	return put_user((struct robust_list_head __user *)head, head_ptr);
}

long compat_sys_get_robust_list(int pid, u32 __user *head_ptr, u32 __user *len_ptr)
{
	void __user *head;
	int err = get_head(pid, true, &head);

	if (err)
		return err;
	if (put_user((u32)sizeof(struct compat_robust_list_head), len_ptr))
		return -EFAULT;
	return put_user(ptr_to_compat(head), head_ptr);
}
