/* SPDX-License-Identifier: MIT */
/*
 * asm/uaccess.h of the model - user copies go through the software MMU (tests/model/mmu.c), which
 * faults like the processor's and leaves what cannot be had to the caller.
 */
#ifndef _ASM_UACCESS_H
#define _ASM_UACCESS_H

#include <pagoda/types.h>
#include <pagoda/compiler.h>
#include <uapi/errno.h>
#include <asm/page.h>

static inline bool __access_ok(unsigned long addr, unsigned long size)
{
	return size <= TASK_SIZE_MAX && addr <= TASK_SIZE_MAX - size;
}

#define access_ok(addr, size) __access_ok((unsigned long)(addr), (size))

/* tests/model/mmu.c. Bytes NOT copied, cleared or reached. */
unsigned long copy_from_user(void *to, const void __user *from, unsigned long n);
unsigned long copy_to_user(void __user *to, const void *from, unsigned long n);
unsigned long clear_user(void __user *to, unsigned long n);
/* 0 or -EFAULT, without resolving faults. */
long copy_from_user_nofault(void *dst, const void __user *src, size_t size);
size_t fault_in_readable(const char __user *uaddr, size_t size);
size_t fault_in_writeable(char __user *uaddr, size_t size);
/* The string's length without the NUL, @count when there was none within, or -EFAULT. */
long strncpy_from_user(char *dst, const char __user *src, long count);
/* Length with the NUL; @count + 1 when it is longer; 0 on a fault. */
long strnlen_user(const char __user *str, long count);
/* User copies between the two do not resolve faults. */
void pagefault_disable(void);
void pagefault_enable(void);
bool pagefault_disabled(void);

/* Reads *ptr into x: 0, or -EFAULT with x = 0. */
#define get_user(x, ptr)                                                                           \
	({                                                                                         \
		__typeof__(*(ptr)) __gu_val = 0;                                                   \
		int __gu_err = copy_from_user(&__gu_val, (ptr), sizeof(__gu_val)) ? -EFAULT : 0;   \
		(x) = __gu_val;                                                                    \
		__gu_err;                                                                          \
	})

/* Writes x to *ptr: 0 or -EFAULT. */
#define put_user(x, ptr)                                                                           \
	({                                                                                         \
		__typeof__(*(ptr)) __pu_val = (x);                                                 \
		copy_to_user((ptr), &__pu_val, sizeof(__pu_val)) ? -EFAULT : 0;                    \
	})

#endif
