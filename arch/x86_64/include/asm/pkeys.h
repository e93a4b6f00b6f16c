/* SPDX-License-Identifier: MIT */
/*
 * asm/pkeys.h - protection keys for user pages (SDM 3A, 4.6.2).
 *
 * Each page-table entry of a user page names one of 16 keys (bits 59 to 62, from the VMA's flags).
 * PKRU, a register of the running program, has two bits for each key: bit 2k forbids all data
 * accesses to its pages, bit 2k + 1 writes. Fetches of instructions are not asked. The rules hold
 * for the kernel's accesses to user addresses too, so copies from and to user memory obey them.
 */
#ifndef _ASM_PKEYS_H
#define _ASM_PKEYS_H

#include <pagoda/compiler.h>
#include <pagoda/mm_types.h>
#include <asm/cpufeature.h>

#define PKEY_DISABLE_ACCESS 0x1
#define PKEY_DISABLE_WRITE  0x2

/* What programs and signal handlers start with (PKEY-5): key 0 allows all, the others nothing. */
#define INIT_PKRU 0x55555554U

/* Keys that this machine has. */
static inline int arch_max_pkey(void)
{
	return boot_cpu_has(X86_FEATURE_OSPKE) ? 16 : 0;
}

/* current's PKRU; 0 where there is none. */
static inline u32 read_pkru(void)
{
	u32 pkru, edx;

	if (!boot_cpu_has(X86_FEATURE_OSPKE))
		return 0;
	asm volatile("rdpkru" : "=a"(pkru), "=d"(edx) : "c"(0));
	return pkru;
}

/* Loads PKRU if it differs. */
static inline void write_pkru(u32 pkru)
{
	if (boot_cpu_has(X86_FEATURE_OSPKE) && read_pkru() != pkru)
		asm volatile("wrpkru" : : "a"(pkru), "c"(0), "d"(0) : "memory");
}

static inline int vma_pkey(const struct vm_area_struct *vma)
{
	return (int)((vma->vm_flags & VM_PKEY_MASK) >> VM_PKEY_SHIFT);
}

/* Whether current's PKRU allows this access to pages of @vma, which is in its own mm. */
static inline bool arch_vma_access_permitted(const struct vm_area_struct *vma, bool write,
					     bool execute)
{
	u32 forbids = PKEY_DISABLE_ACCESS | (write ? PKEY_DISABLE_WRITE : 0);

	return execute || !(read_pkru() >> 2 * vma_pkey(vma) & forbids);
}

/* ---- arch/x86_64/pkeys.c; mmap_lock of current's mm is held for writing ---------------------- */

/* True when the program owns @pkey and may name it. */
bool mm_pkey_is_allocated(const struct mm_struct *mm, int pkey);
/* The key for memory that can only be executed, with PKRU set so; 0 when there is none (PKEY-4). */
int execute_only_pkey(struct mm_struct *mm);
/* The key that mprotect gives @vma; @pkey: the one asked for, or -1. */
int arch_override_mprotect_pkey(struct vm_area_struct *vma, unsigned long prot, int pkey);

#endif
