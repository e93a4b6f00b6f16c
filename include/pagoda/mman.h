/* SPDX-License-Identifier: MIT */
/*
 * mman.h - from the PROT_ and MAP_ words of a program to VM_ flags; limits and commit accounting.
 */
#ifndef PAGODA_MMAN_H
#define PAGODA_MMAN_H

#include <pagoda/mm_types.h>
#include <uapi/mman.h>

/* What MAP_SHARED_VALIDATE accepts (MMAP-15). */
#define LEGACY_MAP_MASK                                                                            \
	(MAP_SHARED | MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS | MAP_DENYWRITE | MAP_EXECUTABLE |   \
	 MAP_UNINITIALIZED | MAP_GROWSDOWN | MAP_LOCKED | MAP_NORESERVE | MAP_POPULATE |           \
	 MAP_NONBLOCK | MAP_STACK | MAP_HUGETLB | MAP_32BIT | MAP_HUGE_2MB | MAP_HUGE_1GB)

_Static_assert(PROT_READ == VM_READ && PROT_WRITE == VM_WRITE && PROT_EXEC == VM_EXEC,
	       "calc_vm_prot_bits() is a mask");

static inline vm_flags_t calc_vm_prot_bits(unsigned long prot, int pkey)
{
	return (prot & (PROT_READ | PROT_WRITE | PROT_EXEC)) | (vm_flags_t)pkey << VM_PKEY_SHIFT;
}

static inline vm_flags_t calc_vm_flag_bits(unsigned long flags)
{
	return ((flags & MAP_GROWSDOWN) ? VM_GROWSDOWN : 0) |
	       ((flags & MAP_LOCKED) ? VM_LOCKED : 0) | ((flags & MAP_SYNC) ? VM_SYNC : 0);
}

/* ---- mm/accounting.c: limits, commit accounting, knobs -------------------------------------- */

extern int sysctl_max_map_count;
extern int sysctl_overcommit_memory; /* OVERCOMMIT_* */
extern int sysctl_overcommit_ratio;  /* percent */
extern unsigned long sysctl_overcommit_kbytes;
extern unsigned long sysctl_admin_reserve_kbytes;
extern unsigned long sysctl_user_reserve_kbytes;
extern unsigned long mmap_min_addr;
extern unsigned long stack_guard_gap; /* bytes */
extern int sysctl_legacy_va_layout;

extern atomic64_t vm_committed_as; /* pages promised to somebody */

unsigned long vm_commit_limit(void); /* pages; the limit of mode 2 */
unsigned long vm_memory_committed(void);

/*
 * Promise @pages more to @mm (NULL: to nobody in particular, a shared object). 0 or -ENOMEM.
 * vm_unacct_memory() takes a promise back.
 */
int security_vm_enough_memory_mm(struct mm_struct *mm, long pages);

static inline void vm_acct_memory(long pages)
{
	atomic64_add(pages, &vm_committed_as);
}

static inline void vm_unacct_memory(long pages)
{
	vm_acct_memory(-pages);
}

/* RLIMIT_AS and RLIMIT_DATA allow @npages more with these flags (LIM-1, LIM-2). */
bool may_expand_vm(struct mm_struct *mm, vm_flags_t flags, unsigned long npages);
/* Adds @npages (may be negative) to total_vm, to the category of @flags (ACC-2), to locked_vm. */
void vm_stat_account(struct mm_struct *mm, vm_flags_t flags, long npages);
/* The task may lock memory at all; 0 or -EPERM (MLK-2). */
bool can_do_mlock(void);
/* RLIMIT_MEMLOCK allows @bytes more locked memory; 0 or -EAGAIN. */
int mlock_future_check(struct mm_struct *mm, vm_flags_t flags, unsigned long bytes);

#endif
