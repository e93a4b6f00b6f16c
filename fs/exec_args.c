// SPDX-License-Identifier: MIT
/*
 * fs/exec_args.c - arguments and environment, from the caller to the stack of the new program.
 *
 *	stack top ->  8 zero bytes
 *		      file name		bprm->exec
 *		      environment strings
 *	bprm->p ->    argument strings
 *
 * The new address space is not in use yet: its stack pages are reached through get_user_page()
 * and written by their kernel addresses. Strings are copied from the last to the first, and each
 * from its end, so that the stack grows page by page.
 */
#include <pagoda/binfmts.h>
#include <pagoda/compat.h>
#include <pagoda/errno.h>
#include <pagoda/gfp.h>
#include <pagoda/kernel.h>
#include <pagoda/mm.h>
#include <pagoda/mman.h>
#include <pagoda/pagemap.h>
#include <pagoda/random.h>
#include <pagoda/sched.h>
#include <pagoda/string.h>
#include <uapi/personality.h>
#include <asm/elf.h>
#include <asm/uaccess.h>

#define ARG_MAX	     131072UL	 /* always allowed */
#define ARG_ROOM_MAX (6UL << 20) /* never more: 3/4 of the default stack limit */

int randomize_va_space = 2;

/* Random pages below the end of user memory, unless randomisation is off. */
unsigned long randomize_stack_top(unsigned long top, unsigned long mask)
{
	if (randomize_va_space && !(current->personality & ADDR_NO_RANDOMIZE))
		top -= (get_random_u64() & mask) << PAGE_SHIFT;
	return PAGE_ALIGN_DOWN(top);
}

/* A private, growing, writable VMA of one page that ends at @top: the stack of @mm. 0 or -ENOMEM. */
static int insert_stack_vma(struct mm_struct *mm, unsigned long top, struct vm_area_struct **pvma)
{
	const vm_flags_t flags = VM_STACK | VM_READ | VM_WRITE | VM_MAYREAD | VM_MAYWRITE |
				 VM_MAYEXEC | VM_ACCOUNT | VM_SOFTDIRTY;
	unsigned long start = top - PAGE_SIZE;
	struct vm_area_struct *vma = vm_area_alloc(mm, start, top, flags, start >> PAGE_SHIFT);

	if (!vma)
		return -ENOMEM;
	if (security_vm_enough_memory_mm(mm, 1)) {
		vm_area_free(vma);
		return -ENOMEM;
	}
	mmap_write_lock(mm); /* nobody else has it yet */
	vma_link(NULL, vma);
	vm_stat_account(mm, flags, 1);
	mmap_write_unlock(mm);
	*pvma = vma;
	return 0;
}

int bprm_mm_init(struct linux_binprm *bprm)
{
	int err;

	bprm->mm = mm_alloc();
	if (!bprm->mm)
		return -ENOMEM;
	task_lock(current->group_leader);
	bprm->rlim_stack = current->signal->rlim[RLIMIT_STACK];
	task_unlock(current->group_leader);
	err = insert_stack_vma(bprm->mm, randomize_stack_top(STACK_TOP_MAX, STACK_RND_MASK),
			       &bprm->vma);
	if (err)
		return err;
	bprm->p = bprm->vma->vm_end - sizeof(void *);
	return 0;
}

/* Strings and pointers to them may take a quarter of the stack limit (execve(2), "Limits"). */
int bprm_stack_limits(struct linux_binprm *bprm)
{
	unsigned long limit = bprm->rlim_stack.rlim_cur / 4, pointers;

	limit = clamp(limit, ARG_MAX, ARG_ROOM_MAX);
	pointers = (max(bprm->argc, 1) + (unsigned long)bprm->envc) * sizeof(void *);
	if (limit <= pointers)
		return -E2BIG;
	bprm->argmin = bprm->p - (limit - pointers);
	return 0;
}

/* The nr-th string of a program's array, whose pointers are of the call's width. 0 or -EFAULT. */
static int get_user_arg(const char __user **str, const char __user *const __user *argv, int nr)
{
	u32 ptr;
	int err;

	if (!in_compat_syscall())
		return get_user(*str, argv + nr);
	err = get_user(ptr, (const u32 __user *)argv + nr);
	*str = compat_ptr(ptr);
	return err;
}

/* Strings before the NULL, or -EFAULT, -E2BIG. A NULL array is empty, as on Linux. */
int count_user_strings(const char __user *const __user *argv)
{
	const char __user *p;
	int n;

	if (!argv)
		return 0;
	for (n = 0;; n++) {
		if (get_user_arg(&p, argv, n))
			return -EFAULT;
		if (!p)
			return n;
		if (n == MAX_ARG_STRINGS)
			return -E2BIG;
		if (fatal_signal_pending(current))
			return -ERESTARTNOHAND;
		cond_resched();
	}
}

void bprm_put_arg_page(struct linux_binprm *bprm)
{
	if (bprm->arg_page)
		put_page(bprm->arg_page);
	bprm->arg_page = NULL;
}

/* The kernel's address of byte pos of the new stack, or NULL: no memory, or no room. */
static char *arg_ptr(struct linux_binprm *bprm, unsigned long pos)
{
	unsigned long addr = pos & PAGE_MASK;
	int err;

	if (!bprm->arg_page || bprm->arg_page_addr != addr) {
		bprm_put_arg_page(bprm);
		mmap_write_lock(bprm->mm);
		err = expand_stack(bprm->vma, addr);
		mmap_write_downgrade(bprm->mm);
		if (!err)
			err = get_user_page(bprm->mm, addr, FOLL_WRITE, &bprm->arg_page, NULL);
		mmap_read_unlock(bprm->mm);
		if (err) {
			bprm->arg_page = NULL;
			return NULL;
		}
		bprm->arg_page_addr = addr;
	}
	return (char *)page_address(bprm->arg_page) + (pos - addr);
}

/*
 * Copy len bytes with the terminating NUL below bprm->p; kernel tells whose memory str is in. From
 * the end to the beginning, in pieces that do not cross a page of the stack.
 */
static int copy_string(const char *str, unsigned long len, bool kernel, struct linux_binprm *bprm)
{
	unsigned long pos = bprm->p;

	if (len > pos - bprm->argmin)
		return -E2BIG;
	bprm->p -= len;
	while (len > 0) {
		unsigned long part = pos & ~PAGE_MASK;
		char *to;

		part = min(part ? part : PAGE_SIZE, len);
		pos -= part;
		len -= part;
		to = arg_ptr(bprm, pos);
		if (!to)
			return -E2BIG;
		if (kernel)
			memcpy(to, str + len, part);
		else if (copy_from_user(to, (__force const char __user *)str + len, part))
			return -EFAULT;
		if (fatal_signal_pending(current))
			return -ERESTARTNOHAND;
	}
	return 0;
}

int copy_user_strings(int argc, const char __user *const __user *argv, struct linux_binprm *bprm)
{
	while (argc-- > 0) {
		const char __user *str;
		long len;
		int err;

		if (get_user_arg(&str, argv, argc))
			return -EFAULT;
		len = strnlen_user(str, MAX_ARG_STRLEN);
		if (!len)
			return -EFAULT;
		if (len > MAX_ARG_STRLEN)
			return -E2BIG;
		err = copy_string((__force const char *)str, len, false, bprm);
		if (err)
			return err;
		cond_resched();
	}
	return 0;
}

int copy_string_kernel(const char *arg, struct linux_binprm *bprm)
{
	size_t len = strlen(arg) + 1;

	return len > MAX_ARG_STRLEN ? -E2BIG : copy_string(arg, len, true, bprm);
}

/* Takes argv[0] off the stack again; the name of a script comes in its place. */
int remove_arg_zero(struct linux_binprm *bprm)
{
	char *c;

	if (!bprm->argc)
		return 0;
	do {
		c = arg_ptr(bprm, bprm->p);
		if (!c)
			return -EFAULT;
		bprm->p++;
	} while (*c);
	bprm->argc--;
	return 0;
}
