/* SPDX-License-Identifier: MIT */
/*
 * asm/futex.h - atomic operations on user words, as futex(2) needs them.
 *
 * A caller that holds a futex bucket lock disables page faults around them: -EFAULT then means to
 * drop the locks, fault the page in for writing and try again.
 */
#ifndef _ASM_FUTEX_H
#define _ASM_FUTEX_H

#include <pagoda/types.h>
#include <pagoda/compiler.h>

/* FUTEX_WAKE_OP operations (include/uapi/futex.h has the same numbers). */
#define ARCH_FUTEX_OP_SET  0
#define ARCH_FUTEX_OP_ADD  1
#define ARCH_FUTEX_OP_OR   2
#define ARCH_FUTEX_OP_ANDN 3
#define ARCH_FUTEX_OP_XOR  4

/* arch/x86_64/uaccess.c */

/* *oval = *uaddr; *uaddr = op(*uaddr, oparg), in one step. 0, -EFAULT, -ENOSYS for an unknown op.
 */
int arch_futex_atomic_op_inuser(int op, int oparg, int *oval, u32 __user *uaddr);
/* If *uaddr == oldval then *uaddr = newval; *uval = what was found. 0 or -EFAULT. */
int futex_atomic_cmpxchg_inatomic(u32 *uval, u32 __user *uaddr, u32 oldval, u32 newval);

#endif
