/* SPDX-License-Identifier: MIT */
/*
 * dumpable.h - whether others may look into a process: two bits of mm->flags.
 */
#ifndef PAGODA_DUMPABLE_H
#define PAGODA_DUMPABLE_H

#include <pagoda/atomic.h>
#include <pagoda/mm_types.h>

#define SUID_DUMP_DISABLE 0 /* nobody but CAP_SYS_PTRACE */
#define SUID_DUMP_USER	  1 /* the owner */
#define SUID_DUMP_ROOT	  2

static inline int get_dumpable(const struct mm_struct *mm)
{
	return READ_ONCE(mm->flags) & MMF_DUMPABLE_MASK;
}

static inline void set_dumpable(struct mm_struct *mm, unsigned long value)
{
	unsigned long old = READ_ONCE(mm->flags);

	while (!try_cmpxchg(&mm->flags, &old, (old & ~MMF_DUMPABLE_MASK) | value))
		;
}

#endif
