// SPDX-License-Identifier: MIT
/*
 * fs/binfmt_elf_tables.c - the top of a new program's stack.
 *
 *	sp ->	argc
 *		argv[0] ... argv[argc - 1], NULL
 *		envp[0] ... NULL
 *		auxv: pairs of type and value, the last one AT_NULL
 *		(padding to 16 bytes)
 *		16 random bytes (AT_RANDOM), "x86_64" or "i686" (AT_PLATFORM)
 *		(a random gap: the stack pointer of two runs differs)
 *		argument strings, environment strings, file name	fs/exec_args.c
 *
 * Words have 4 bytes in 32-bit programs. System V ABI, AMD64 supplement, section 3.4.1. The address space is current's own by now: plain
 * user accesses, which fault like the program's.
 */
#include <pagoda/binfmts.h>
#include <pagoda/cred.h>
#include <pagoda/errno.h>
#include <pagoda/hrtimer.h>
#include <pagoda/mm.h>
#include <pagoda/mman.h>
#include <pagoda/random.h>
#include <pagoda/sched.h>
#include <pagoda/string.h>
#include <uapi/auxvec.h>
#include <uapi/elf.h>
#include <uapi/personality.h>
#include <asm/elf.h>
#include <asm/uaccess.h>

/* Moves the stack pointer by less than two pages, at random, and aligns it. */
static unsigned long align_stack(unsigned long sp)
{
	if (randomize_va_space && !(current->personality & ADDR_NO_RANDOMIZE))
		sp -= get_random_u32() % 8192;
	return sp & ~0xfUL;
}

/* Puts len bytes below *sp. 0 or -EFAULT. */
static int push_bytes(unsigned long *sp, const void *bytes, size_t len)
{
	*sp = (*sp - len) & ~0xfUL;
	return copy_to_user((void __user *)*sp, bytes, len) ? -EFAULT : 0;
}

/* Fills mm->saved_auxv, which /proc/PID/auxv shows; returns the bytes in use. */
static int fill_auxv(struct linux_binprm *bprm, const struct elf_info *info, unsigned long platform,
		     unsigned long random)
{
	const struct cred *cred = current_cred();
	unsigned long *aux = current->mm->saved_auxv;
	const unsigned long values[][2] = {
		{AT_SYSINFO_EHDR, current->mm->vdso},
		{AT_MINSIGSTKSZ, get_sigframe_size()},
		{AT_HWCAP, ELF_HWCAP},
		{AT_PAGESZ, PAGE_SIZE},
		{AT_CLKTCK, USER_HZ},
		{AT_PHDR, info->phdr_addr},
		{AT_PHENT, info->compat ? sizeof(struct elf32_phdr) : sizeof(struct elf64_phdr)},
		{AT_PHNUM, info->phnum},
		{AT_BASE, info->interp_base},
		{AT_FLAGS, 0},
		{AT_ENTRY, info->entry},
		{AT_UID, cred->uid},
		{AT_EUID, cred->euid},
		{AT_GID, cred->gid},
		{AT_EGID, cred->egid},
		{AT_SECURE, bprm->secureexec},
		{AT_RANDOM, random},
		{AT_HWCAP2, ELF_HWCAP2},
		{AT_EXECFN, bprm->exec},
		{AT_PLATFORM, platform},
		{AT_NULL, 0},
	};

	const size_t first = current->mm->vdso ? 0 : 1, count = ARRAY_SIZE(values) - first;

	_Static_assert(sizeof(values) <= AT_VECTOR_SIZE * sizeof(*aux), "saved_auxv is too small");
	memset(aux, 0, AT_VECTOR_SIZE * sizeof(*aux));
	if (!info->compat) {
		memcpy(aux, values[first], count * sizeof(*values));
		return (int)(count * sizeof(*values));
	}
	for (size_t i = 0; i < 2 * count; i++)
		((u32 *)aux)[i] = values[first + i / 2][i % 2];
	return (int)(2 * count * sizeof(u32));
}

/* Stores a word of the program's width at *slot, which moves on. 0 or -EFAULT. */
static int put_word(unsigned long *slot, unsigned long word, bool compat)
{
	unsigned long at = *slot;

	*slot += compat ? sizeof(u32) : sizeof(u64);
	if (compat)
		return put_user((u32)word, (u32 __user *)at);
	return put_user(word, (unsigned long __user *)at);
}

/* Stores pointers to `count` strings that begin at *str, and NULL, at *slot; moves both along. */
static int put_pointers(unsigned long *slot, int count, unsigned long *str, bool compat)
{
	while (count-- > 0) {
		long len;

		if (put_word(slot, *str, compat))
			return -EFAULT;
		len = strnlen_user((const char __user *)*str, MAX_ARG_STRLEN);
		if (!len || len > MAX_ARG_STRLEN)
			return -EINVAL;
		*str += len;
	}
	return put_word(slot, 0, compat);
}

static int push_platform(unsigned long *sp, bool compat)
{
	if (compat)
		return push_bytes(sp, COMPAT_ELF_PLATFORM, sizeof(COMPAT_ELF_PLATFORM));
	return push_bytes(sp, ELF_PLATFORM, sizeof(ELF_PLATFORM));
}

int create_elf_tables(struct linux_binprm *bprm, const struct elf_info *info)
{
	unsigned long sp = align_stack(bprm->p), str, platform, slot;
	size_t word = info->compat ? sizeof(u32) : sizeof(u64);
	struct mm_struct *mm = current->mm;
	u8 random[16];
	int auxv, err;

	err = push_platform(&sp, info->compat);
	if (err)
		return err;
	platform = sp;
	get_random_bytes(random, sizeof(random));
	err = push_bytes(&sp, random, sizeof(random));
	if (err)
		return err;
	auxv = fill_auxv(bprm, info, platform, sp);

	sp -= (1 + bprm->argc + 1 + bprm->envc + 1) * word + auxv;
	bprm->p = slot = sp & ~0xfUL;
	if (put_word(&slot, bprm->argc, info->compat))
		return -EFAULT;
	str = mm->arg_start;
	err = put_pointers(&slot, bprm->argc, &str, info->compat);
	if (err)
		return err;
	mm->arg_end = mm->env_start = str;
	err = put_pointers(&slot, bprm->envc, &str, info->compat);
	if (err)
		return err;
	mm->env_end = str;
	return copy_to_user((void __user *)slot, mm->saved_auxv, auxv) ? -EFAULT : 0;
}
