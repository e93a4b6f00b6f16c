/* SPDX-License-Identifier: MIT */
/*
 * asm/uaccess.h - the only way to user memory.
 *
 * Every access checks the range against TASK_SIZE_MAX and runs between STAC and CLAC; a fault
 * that cannot be resolved ends in the exception table, never in a signal or an oops
 * (FLT-13). The functions sleep (they fault like user code does), so no lock that the fault
 * path takes may be held; the *_nofault forms do not resolve faults and may be used anywhere.
 */
#ifndef _ASM_UACCESS_H
#define _ASM_UACCESS_H

#include <pagoda/types.h>
#include <pagoda/compiler.h>
#include <uapi/errno.h>
#include <asm/asm.h>
#include <asm/page.h>
#include <asm/percpu.h>

/* True when [addr, addr + size) lies below TASK_SIZE_MAX; says nothing of what is mapped. */
static inline bool __access_ok(unsigned long addr, unsigned long size)
{
	return size <= TASK_SIZE_MAX && addr <= TASK_SIZE_MAX - size;
}

#define access_ok(addr, size) __access_ok((__force unsigned long)(addr), (size))

/*
 * While positive, user faults of this CPU go straight to the exception table. The section
 * must not sleep, so a per-CPU count is enough.
 */
DECLARE_PER_CPU(int, pagefault_disabled_depth);

static inline void pagefault_disable(void)
{
	this_cpu_inc(pagefault_disabled_depth);
	barrier();
}

static inline void pagefault_enable(void)
{
	barrier();
	this_cpu_dec(pagefault_disabled_depth);
}

static inline bool pagefault_disabled(void)
{
	return this_cpu_read(pagefault_disabled_depth) != 0;
}

/* ---- arch/x86_64/uaccess_asm.S and uaccess.c ----------------------------------------- */

/* Bytes not copied; no range check. */
unsigned long copy_user_generic(void *to, const void *from, unsigned long n);
unsigned long __clear_user(void __user *to, unsigned long n);

/* Zeroes the last @left of @n bytes, which could not be copied. */
void copy_from_user_failed(void *to, unsigned long n, unsigned long left);
/* Bytes NOT zeroed. */
unsigned long clear_user(void __user *to, unsigned long n);
/*
 * Copies a string with its NUL, at most @count bytes. Returns its length without the NUL, @count
 * when there was no NUL within, -EFAULT.
 */
long strncpy_from_user(char *dst, const char __user *src, long count);
/* Length with the NUL; @count + 1 or more when it is longer; 0 on a fault. */
long strnlen_user(const char __user *str, long count);

/* 0 or -EFAULT, without resolving faults. */
long copy_from_user_nofault(void *dst, const void __user *src, size_t size);
/* The same between kernel addresses that may not be mapped. */
long copy_from_kernel_nofault(void *dst, const void *src, size_t size);

/*
 * Touches the pages of a user range, so that a following access with faults disabled has a
 * chance. Returns the bytes not reached.
 */
size_t fault_in_readable(const char __user *uaddr, size_t size);
size_t fault_in_writeable(char __user *uaddr, size_t size);

/* Turns the collected no-ops into STAC and CLAC where the CPU has SMAP; text is writable still. */
void apply_smap_patches(void);

static inline unsigned long raw_copy_from_user(void *to, const void __user *from, unsigned long n)
{
	return copy_user_generic(to, (__force const void *)from, n);
}

static inline unsigned long raw_copy_to_user(void __user *to, const void *from, unsigned long n)
{
	return copy_user_generic((__force void *)to, from, n);
}

/* ---- Single values ------------------------------------------------------------------- */

/*
 * The faulting instruction's way out lies in .text.fixup: result -EFAULT, value 0. The caller
 * brackets these with STAC and CLAC.
 */
#define __get_user_asm(insn, reg, err, val, ptr)                                                   \
	asm volatile("1: " insn " %2, %" reg "1\n"                                                 \
		     "3:\n"                                                                        \
		     ".pushsection .text.fixup, \"ax\"\n"                                          \
		     "2: mov %3, %0\n"                                                             \
		     "xor %k1, %k1\n"                                                              \
		     "jmp 3b\n"                                                                    \
		     ".popsection\n" _ASM_EXTABLE("1b", "2b")                                      \
		     : "+r"(err), "=&r"(val)                                                       \
		     : "m"(*(ptr)), "i"(-EFAULT))

#define __put_user_asm(insn, reg, err, val, ptr)                                                   \
	asm volatile("1: " insn " %" reg "1, %2\n"                                                 \
		     "3:\n"                                                                        \
		     ".pushsection .text.fixup, \"ax\"\n"                                          \
		     "2: mov %3, %0\n"                                                             \
		     "jmp 3b\n"                                                                    \
		     ".popsection\n" _ASM_EXTABLE("1b", "2b")                                      \
		     : "+r"(err)                                                                   \
		     : "r"(val), "m"(*(ptr)), "i"(-EFAULT)                                         \
		     : "memory")

void __bad_user_size(void); /* defined nowhere: a link error for odd sizes */

#define __get_user_size(err, val, ptr)                                                             \
	do {                                                                                       \
		switch (sizeof(*(ptr))) {                                                          \
		case 1:                                                                            \
			__get_user_asm("movzbl", "k", err, val, (__force const u8 *)(ptr));        \
			break;                                                                     \
		case 2:                                                                            \
			__get_user_asm("movzwl", "k", err, val, (__force const u16 *)(ptr));       \
			break;                                                                     \
		case 4:                                                                            \
			__get_user_asm("movl", "k", err, val, (__force const u32 *)(ptr));         \
			break;                                                                     \
		case 8:                                                                            \
			__get_user_asm("movq", "q", err, val, (__force const u64 *)(ptr));         \
			break;                                                                     \
		default:                                                                           \
			__bad_user_size();                                                         \
		}                                                                                  \
	} while (0)

#define __put_user_size(err, val, ptr)                                                             \
	do {                                                                                       \
		switch (sizeof(*(ptr))) {                                                          \
		case 1:                                                                            \
			__put_user_asm("movb", "b", err, val, (__force u8 *)(ptr));                \
			break;                                                                     \
		case 2:                                                                            \
			__put_user_asm("movw", "w", err, val, (__force u16 *)(ptr));               \
			break;                                                                     \
		case 4:                                                                            \
			__put_user_asm("movl", "k", err, val, (__force u32 *)(ptr));               \
			break;                                                                     \
		case 8:                                                                            \
			__put_user_asm("movq", "q", err, val, (__force u64 *)(ptr));               \
			break;                                                                     \
		default:                                                                           \
			__bad_user_size();                                                         \
		}                                                                                  \
	} while (0)

/* Reads *ptr into x: 0, or -EFAULT with x = 0. Sizes 1, 2, 4 and 8. */
#define get_user(x, ptr)                                                                           \
	({                                                                                         \
		const __typeof__(*(ptr)) __user *__gu_ptr = (ptr);                                 \
		long __gu_err = 0;                                                                 \
		unsigned long __gu_val = 0;                                                        \
		if (likely(access_ok(__gu_ptr, sizeof(*__gu_ptr)))) {                              \
			stac();                                                                    \
			__get_user_size(__gu_err, __gu_val, __gu_ptr);                             \
			clac();                                                                    \
		} else {                                                                           \
			__gu_err = -EFAULT;                                                        \
		}                                                                                  \
		(x) = (__force __typeof__(*(ptr)))__gu_val;                                        \
		(int)__gu_err;                                                                     \
	})

/* Writes x to *ptr: 0 or -EFAULT. */
#define put_user(x, ptr)                                                                           \
	({                                                                                         \
		__typeof__(*(ptr)) __user *__pu_ptr = (ptr);                                       \
		const __typeof__(*(ptr)) __pu_x = (x);                                             \
		unsigned long __pu_val = (unsigned long)__pu_x;                                    \
		long __pu_err = 0;                                                                 \
		if (likely(access_ok(__pu_ptr, sizeof(*__pu_ptr)))) {                              \
			stac();                                                                    \
			__put_user_size(__pu_err, __pu_val, __pu_ptr);                             \
			clac();                                                                    \
		} else {                                                                           \
			__pu_err = -EFAULT;                                                        \
		}                                                                                  \
		(int)__pu_err;                                                                     \
	})

/*
 * Several accesses under one check and one STAC:
 *	if (!user_access_begin(p, size)) return -EFAULT;
 *	unsafe_put_user(v, &p->a, out_fault); ...
 *	user_access_end();
 * A fault goes to the label, where user_access_end() is due as well. Nothing in between may
 * sleep or call functions, apart from the faults themselves.
 */
static inline bool __must_check user_access_begin(const void __user *ptr, size_t size)
{
	if (unlikely(!access_ok(ptr, size)))
		return false;
	stac();
	return true;
}

#define user_access_end() clac()

#define __unsafe_put_insn(insn, reg, val, ptr, label)                                              \
	asm goto("1: " insn " %" reg "0, %1\n" _ASM_EXTABLE("1b", "%l2")                           \
		 :                                                                                 \
		 : "r"(val), "m"(*(ptr))                                                           \
		 : "memory"                                                                        \
		 : label)

#define unsafe_put_user(x, ptr, label)                                                             \
	do {                                                                                       \
		const __typeof__(*(ptr)) __up_x = (x);                                             \
		unsigned long __up_val = (unsigned long)__up_x;                                    \
		switch (sizeof(*(ptr))) {                                                          \
		case 1:                                                                            \
			__unsafe_put_insn("movb", "b", __up_val, (__force u8 *)(ptr), label);      \
			break;                                                                     \
		case 2:                                                                            \
			__unsafe_put_insn("movw", "w", __up_val, (__force u16 *)(ptr), label);     \
			break;                                                                     \
		case 4:                                                                            \
			__unsafe_put_insn("movl", "k", __up_val, (__force u32 *)(ptr), label);     \
			break;                                                                     \
		case 8:                                                                            \
			__unsafe_put_insn("movq", "q", __up_val, (__force u64 *)(ptr), label);     \
			break;                                                                     \
		default:                                                                           \
			__bad_user_size();                                                         \
		}                                                                                  \
	} while (0)

/* Many loads with one test at the end: a fault makes x 0 and sets err, a long, to -EFAULT. */
#define unsafe_get_user_err(x, ptr, err)                                                           \
	do {                                                                                       \
		unsigned long __ug_val;                                                            \
		__get_user_size(err, __ug_val, ptr);                                               \
		(x) = (__force __typeof__(*(ptr)))__ug_val;                                        \
	} while (0)

#define unsafe_get_user(x, ptr, label)                                                             \
	do {                                                                                       \
		unsigned long __ug_val;                                                            \
		long __ug_err = 0;                                                                 \
		__get_user_size(__ug_err, __ug_val, ptr);                                          \
		(x) = (__force __typeof__(*(ptr)))__ug_val;                                        \
		if (unlikely(__ug_err))                                                            \
			goto label;                                                                \
	} while (0)

/* ---- Structures ---------------------------------------------------------------------- */

/*
 * A copy of a few words, their number known when it is compiled, is made in place: no call, no REP.
 * One that fails counts as not made at all.
 */
#define USER_WORDS_MAX 5

#define is_user_words(n) (__builtin_constant_p(n) && (n) % 8 == 0 && (n) <= 8 * USER_WORDS_MAX)

static __always_inline unsigned long get_user_words(void *to, const void __user *from,
						    unsigned long n)
{
	const u64 __user *src = from;
	u64 *dst = to;
	long err = 0;

	switch (n / 8) {
	case 5:
		unsafe_get_user_err(dst[4], src + 4, err);
		fallthrough;
	case 4:
		unsafe_get_user_err(dst[3], src + 3, err);
		fallthrough;
	case 3:
		unsafe_get_user_err(dst[2], src + 2, err);
		fallthrough;
	case 2:
		unsafe_get_user_err(dst[1], src + 1, err);
		fallthrough;
	case 1:
		unsafe_get_user_err(dst[0], src, err);
	}
	user_access_end();
	return err ? n : 0;
}

static __always_inline unsigned long put_user_words(void __user *to, const void *from,
						    unsigned long n)
{
	const u64 *src = from;
	u64 __user *dst = to;

	switch (n / 8) {
	case 5:
		unsafe_put_user(src[4], dst + 4, fault);
		fallthrough;
	case 4:
		unsafe_put_user(src[3], dst + 3, fault);
		fallthrough;
	case 3:
		unsafe_put_user(src[2], dst + 2, fault);
		fallthrough;
	case 2:
		unsafe_put_user(src[1], dst + 1, fault);
		fallthrough;
	case 1:
		unsafe_put_user(src[0], dst, fault);
	}
	n = 0;
fault:
	user_access_end();
	return n;
}

/* Returns the bytes NOT copied, whose place in @to is zeroed. */
static __always_inline unsigned long __must_check copy_from_user(void *to, const void __user *from,
								 unsigned long n)
{
	unsigned long left = n;

	if (likely(access_ok(from, n))) {
		if (is_user_words(n)) {
			stac();
			left = get_user_words(to, from, n);
		} else {
			left = raw_copy_from_user(to, from, n);
		}
	}
	if (unlikely(left))
		copy_from_user_failed(to, n, left);
	return left;
}

static __always_inline unsigned long __must_check copy_to_user(void __user *to, const void *from,
							       unsigned long n)
{
	if (!access_ok(to, n))
		return n;
	if (is_user_words(n)) {
		stac();
		return put_user_words(to, from, n);
	}
	return raw_copy_to_user(to, from, n);
}

#endif
