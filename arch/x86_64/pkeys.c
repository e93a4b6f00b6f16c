// SPDX-License-Identifier: MIT
/*
 * arch/x86_64/pkeys.c - which protection keys an address space uses, and what its threads may do.
 *
 * Key 0 is that of all memory to begin with. One more is taken when memory is first mapped or
 * protected with PROT_EXEC alone: PKRU then forbids to read it. See asm/pkeys.h.
 *
 * Locks: mmap_lock held for writing guards the map of keys.
 */
#include <pagoda/errno.h>
#include <pagoda/mm.h>
#include <pagoda/sched.h>
#include <uapi/mman.h>
#include <asm/pkeys.h>
#include <syscalls.h>

bool mm_pkey_is_allocated(const struct mm_struct *mm, int pkey)
{
	return pkey >= 0 && pkey < arch_max_pkey() && pkey != mm->execute_only_pkey &&
	       mm->pkey_allocation_map >> pkey & 1;
}

/* The lowest free key, taken; -1: none. */
static int mm_pkey_alloc(struct mm_struct *mm)
{
	for (int pkey = 0; pkey < arch_max_pkey(); pkey++) {
		if (mm->pkey_allocation_map >> pkey & 1)
			continue;
		mm->pkey_allocation_map |= 1U << pkey;
		return pkey;
	}
	return -1;
}

static void set_user_pkey_access(int pkey, u32 rights)
{
	write_pkru((read_pkru() & ~(3U << 2 * pkey)) | rights << 2 * pkey);
}

int execute_only_pkey(struct mm_struct *mm)
{
	if (mm->execute_only_pkey < 0)
		mm->execute_only_pkey = (s16)mm_pkey_alloc(mm);
	if (mm->execute_only_pkey < 0)
		return 0;
	/* A thread that may not read it needs nothing more. */
	if (!(read_pkru() >> 2 * mm->execute_only_pkey & PKEY_DISABLE_ACCESS))
		set_user_pkey_access(mm->execute_only_pkey, PKEY_DISABLE_ACCESS);
	return mm->execute_only_pkey;
}

int arch_override_mprotect_pkey(struct vm_area_struct *vma, unsigned long prot, int pkey)
{
	struct mm_struct *mm = vma->vm_mm;

	if (pkey != -1)
		return pkey;
	if (prot == PROT_EXEC) {
		pkey = execute_only_pkey(mm);
		if (pkey > 0)
			return pkey;
	} else if ((vma->vm_flags & VM_ACCESS_FLAGS) == VM_EXEC &&
		   vma_pkey(vma) == mm->execute_only_pkey) {
		return 0;
	}
	return vma_pkey(vma);
}

long sys_pkey_alloc(unsigned long flags, unsigned long init_val)
{
	struct mm_struct *mm = current->mm;
	int pkey;

	if (flags || init_val & ~(unsigned long)(PKEY_DISABLE_ACCESS | PKEY_DISABLE_WRITE))
		return -EINVAL;
	mmap_write_lock(mm);
	pkey = mm_pkey_alloc(mm);
	if (pkey >= 0)
		set_user_pkey_access(pkey, (u32)init_val);
	mmap_write_unlock(mm);
	return pkey < 0 ? -ENOSPC : pkey;
}

/* Memory that has the key keeps it (PKEY-3). */
long sys_pkey_free(int pkey)
{
	struct mm_struct *mm = current->mm;
	long ret = -EINVAL;

	mmap_write_lock(mm);
	if (mm_pkey_is_allocated(mm, pkey)) {
		mm->pkey_allocation_map &= ~(1U << pkey);
		ret = 0;
	}
	mmap_write_unlock(mm);
	return ret;
}
