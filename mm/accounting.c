// SPDX-License-Identifier: MIT
/*
 * mm/accounting.c - how much an address space may have, and how much has been promised.
 *
 * Committed memory (/proc/meminfo's Committed_AS) is what could be written to: private writable
 * mappings and shared anonymous objects. Mode 0 refuses only a single request above all of memory,
 * mode 1 nothing, mode 2 everything beyond a fixed limit (LIM-6, LIM-7).
 */
#include <pagoda/cred.h>
#include <pagoda/errno.h>
#include <pagoda/gfp.h>
#include <pagoda/sched.h>
#include "vm_internal.h"

int sysctl_max_map_count = 65530;
int sysctl_overcommit_memory = OVERCOMMIT_GUESS;
int sysctl_overcommit_ratio = 50;
unsigned long sysctl_overcommit_kbytes;
unsigned long sysctl_admin_reserve_kbytes = 8192;
unsigned long sysctl_user_reserve_kbytes = 131072;
unsigned long mmap_min_addr = 65536;
unsigned long stack_guard_gap = 256UL << PAGE_SHIFT; /* stack_guard_gap= changes it (STK-10) */
int sysctl_legacy_va_layout;

atomic64_t vm_committed_as;

#define KB_TO_PAGES(kb) ((kb) >> (PAGE_SHIFT - 10))

unsigned long vm_commit_limit(void)
{
	if (sysctl_overcommit_kbytes)
		return KB_TO_PAGES(sysctl_overcommit_kbytes);
	return nr_managed_pages() * sysctl_overcommit_ratio / 100;
}

unsigned long vm_memory_committed(void)
{
	long pages = atomic64_read(&vm_committed_as);

	return pages > 0 ? pages : 0;
}

/* The limit of mode 2 for this caller: root keeps a reserve from others, and so does each user. */
static long commit_allowed(struct mm_struct *mm)
{
	unsigned long free_part = nr_managed_pages() / 32;
	long allowed = vm_commit_limit();

	if (!capable(CAP_SYS_ADMIN))
		allowed -= min(KB_TO_PAGES(sysctl_admin_reserve_kbytes), free_part);
	if (mm)
		allowed -= min(mm->total_vm / 32,
			       min(KB_TO_PAGES(sysctl_user_reserve_kbytes), free_part));
	return allowed;
}

int security_vm_enough_memory_mm(struct mm_struct *mm, long pages)
{
	vm_acct_memory(pages);
	if (likely(sysctl_overcommit_memory == OVERCOMMIT_GUESS)) {
		if (likely(pages <= (long)nr_managed_pages()))
			return 0;
	} else if (sysctl_overcommit_memory == OVERCOMMIT_ALWAYS) {
		return 0;
	} else if (atomic64_read(&vm_committed_as) < commit_allowed(mm)) {
		return 0;
	}
	vm_unacct_memory(pages);
	return -ENOMEM;
}

/* ---- an address space's own counters --------------------------------------------------------- */

static bool is_data_mapping(vm_flags_t flags)
{
	return (flags & (VM_WRITE | VM_SHARED | VM_GROWSDOWN)) == VM_WRITE;
}

void vm_stat_account(struct mm_struct *mm, vm_flags_t flags, long npages)
{
	mm->total_vm += npages;
	if (flags & VM_GROWSDOWN)
		mm->stack_vm += npages;
	else if ((flags & (VM_EXEC | VM_WRITE)) == VM_EXEC)
		mm->exec_vm += npages;
	else if (is_data_mapping(flags))
		mm->data_vm += npages;
	if (flags & VM_LOCKED)
		mm->locked_vm += npages;
}

bool may_expand_vm(struct mm_struct *mm, vm_flags_t flags, unsigned long npages)
{
	const struct rlimit *data = &current->signal->rlim[RLIMIT_DATA];
	unsigned long limit;

	if (mm->total_vm + npages > rlimit(RLIMIT_AS) >> PAGE_SHIFT)
		return false;
	if (!is_data_mapping(flags))
		return true;
	limit = READ_ONCE(data->rlim_cur);
	if (!limit) /* LIM-2: programs set 0 to mean "no brk", not "no memory" */
		limit = READ_ONCE(data->rlim_max);
	return mm->data_vm + npages <= limit >> PAGE_SHIFT;
}

bool can_do_mlock(void)
{
	return rlimit(RLIMIT_MEMLOCK) != 0 || capable(CAP_IPC_LOCK);
}

int mlock_future_check(struct mm_struct *mm, vm_flags_t flags, unsigned long bytes)
{
	unsigned long locked;

	if (!(flags & VM_LOCKED))
		return 0;
	locked = mm->locked_vm + (bytes >> PAGE_SHIFT);
	if (locked > rlimit(RLIMIT_MEMLOCK) >> PAGE_SHIFT && !capable(CAP_IPC_LOCK))
		return -EAGAIN;
	return 0;
}
